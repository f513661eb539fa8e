/* galen init, status, sync, notifications. */
#include "cli/cli.h"

#include <string.h>

#include "record/record.h"
#include "workflow/access.h"

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

enum galen_err cli_access_log(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    struct chain_address patient;
    RECORD_JSON_AUTO bundle = NULL;
    const char *format = cli_option(cli, "format");
    GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    if (format == NULL || strcmp(format, "json") == 0)
        return access_log(cli->wf, &patient, NULL, result, info);
    if (strcmp(format, "fhir") == 0)
        GALEN_TRY(access_log_fhir(cli->wf, &patient, &bundle, info));
    else if (strcmp(format, "fhir-consent") == 0)
        GALEN_TRY(access_consents_fhir(cli->wf, &patient, &bundle, info));
    else
        return base_fail(info, GALEN_ERR_USAGE, "--format is json, fhir or fhir-consent");
    return cli_write_json(cli, bundle, info);
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
