/* galen share. */
#include "cli/cli.h"

#include <string.h>

enum galen_err cli_share_grant(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address doctor;
    const char *paths[CLI_MAX_REPEATS];
    struct sharing_options options = {.on_chain = cli_option(cli, "on-chain") != NULL};
    options.n_paths = cli_options(cli, "field", paths);
    options.paths = options.n_paths > 0 ? paths : NULL;
    const char *expires = cli_option(cli, "expires");
    if (expires != NULL) {
        enum galen_err err = base_time_parse(&options.expires_at, expires, info);
        if (err != GALEN_OK)
            return base_wrap(info, GALEN_ERR_USAGE, "--expires");
    }
    GALEN_TRY(workflow_contact_find(cli->wf, &doctor, cli->args[1], info));
    return sharing_grant(cli->wf, cli->args[0], &doctor, &options, result, info);
}

enum galen_err cli_share_list(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return sharing_list(cli->wf, NULL, result, info);
}

enum galen_err cli_share_open(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return sharing_open(cli->wf, cli->args[0], passed, result, info);
}

enum galen_err cli_share_revoke(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return sharing_revoke(cli->wf, cli->args[0], result, info);
}
