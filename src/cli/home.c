/* galen init, status, sync, notifications. */
#include "cli/cli.h"
#include "record/record.h"

enum galen_err cli_init(struct cli *cli, struct json_object **result, bool *passed,
                        struct galen_errinfo *info)
{
    BASE_BUF_AUTO password = {0};
    GALEN_TRY(cli_password(cli->password_file, "Password for the new home", true, &password, info));
    const struct workflow_options options = {.home = cli->home,
                                             .password = (const char *)password.data,
                                             .rpc = cli->rpc,
                                             .ipfs = cli->ipfs};
    GALEN_TRY(workflow_home_create(&options, cli_option(cli, "store"), info));
    GALEN_TRY(workflow_open(&cli->wf, &options, info));
    return workflow_status(cli->wf, result, info);
}

enum galen_err cli_status(struct cli *cli, struct json_object **result, bool *passed,
                          struct galen_errinfo *info)
{
    return workflow_status(cli->wf, result, info);
}

enum galen_err cli_sync(struct cli *cli, struct json_object **result, bool *passed,
                        struct galen_errinfo *info)
{
    return workflow_sync(cli->wf, result, info);
}

enum galen_err cli_notifications(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address identity;
    bool one = cli_option(cli, "as") != NULL;
    if (one)
        GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    return workflow_notifications(cli->wf, one ? &identity : NULL, 0, NULL, result, info);
}
