/* galen backup, restore. */
#include "workflow/backup.h"
#include "cli/cli.h"

enum galen_err cli_backup(struct cli *cli, struct json_object **result, bool *passed,
                          struct galen_errinfo *info)
{
    const char *other = cli_option(cli, "backup-password-file");
    BASE_BUF_AUTO password = {0};
    BASE_BUF_AUTO backup_password = {0};
    GALEN_TRY(cli_home_password(cli, &password, info));
    if (other != NULL)
        GALEN_TRY(cli_password(other, "", false, &backup_password, info));
    /* Opening with the password proves that it is the home's: a backup under a mistyped one would
     * be lost. */
    const struct workflow_options options = {.home = cli->home,
                                             .password = (const char *)password.data};
    GALEN_TRY(workflow_open(&cli->wf, &options, info));
    return workflow_backup(cli->wf, cli->args[0],
                           (const char *)(other != NULL ? backup_password : password).data, false,
                           result, info);
}

enum galen_err cli_restore(struct cli *cli, struct json_object **result, bool *passed,
                           struct galen_errinfo *info)
{
    const char *other = cli_option(cli, "backup-password-file");
    BASE_BUF_AUTO password = {0};
    GALEN_TRY(cli_password(other != NULL ? other : cli->password_file, "Password of the backup",
                           false, &password, info));
    return workflow_restore(cli->home, cli->args[0], (const char *)password.data, result, info);
}
