/* galen contract, store. */
#include "cli/cli.h"

#include <string.h>

#include "record/record.h"
#include "store/store.h"

/* An address of this home or its contacts: --NAME, else the only identity with the role. */
static enum galen_err manager(const struct cli *cli, const char *option, struct chain_address *out,
                              struct galen_errinfo *info)
{
    const char *text = cli_option(cli, option);
    return text != NULL ? workflow_contact_find(cli->wf, out, text, info)
                        : workflow_identity_find(cli->wf, out, NULL, option, info);
}

enum galen_err cli_contract_deploy(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct chain_address payer;
    struct chain_address gm;
    struct chain_address rm;
    GALEN_TRY(manager(cli, "gm", &gm, info));
    GALEN_TRY(manager(cli, "rm", &rm, info));
    if (cli_option(cli, "as") != NULL)
        GALEN_TRY(cli_identity(cli, NULL, &payer, info));
    else
        GALEN_TRY(workflow_identity_find(cli->wf, &payer, NULL, "gm", info));
    return workflow_deploy(cli->wf, &payer, &gm, &rm, result, info);
}

enum galen_err cli_contract_use(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address contract;
    GALEN_TRY(chain_address_parse(&contract, cli->args[0], info));
    GALEN_TRY(workflow_connect(cli->wf, cli->rpc, &contract, info));
    return workflow_status(cli->wf, result, info);
}

enum galen_err cli_contract_info(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    uint64_t id = 0;
    if (cli->n_args == 0)
        return contract_info(cli->wf, result, info);
    GALEN_TRY(cli_number(cli->args[0], "a request id", 1, INT64_MAX, &id, info));
    return contract_request_info(cli->wf, id, result, info);
}

/* ---- blocks ------------------------------------------------------------------------------------- */

enum galen_err cli_store_put(struct cli *cli, struct json_object **result, bool *passed,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(base_file_read(&data, cli->args[0], STORE_BLOCK_MAX, info));
    return workflow_block_put(cli->wf, data.data, data.len, result, info);
}

enum galen_err cli_store_get(struct cli *cli, struct json_object **result, bool *passed,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(workflow_block_get(cli->wf, cli->args[0], &data, info));
    return cli_write_output(cli, data.data, data.len, info);
}

enum galen_err cli_store_remove(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return workflow_block_remove(cli->wf, cli->args[0], info);
}

enum galen_err cli_store_use(struct cli *cli, struct json_object **result, bool *passed,
                             struct galen_errinfo *info)
{
    const char *gateways[CLI_MAX_REPEATS];
    size_t n = cli_options(cli, "gateway", gateways);
    return workflow_store_use(cli->wf, cli->ipfs, gateways, n, result, info);
}

enum galen_err cli_store_status(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return workflow_store_status(cli->wf, result, info);
}

enum galen_err cli_store_sync(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return workflow_store_sync(cli->wf, cli_option(cli, "all") != NULL, result, info);
}
