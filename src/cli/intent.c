/* galen intent: what wallets in browsers are asked for, for who has a wallet but no page. */
#include "cli/cli.h"

enum galen_err cli_intent_list(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address identity;
    const bool of_one = cli_option(cli, "as") != NULL;
    if (of_one)
        GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    return workflow_intents(cli->wf, of_one ? &identity : NULL, cli_option(cli, "state"), NULL,
                            result, info);
}

enum galen_err cli_intent_show(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    uint8_t id[WORKFLOW_INTENT_ID];
    GALEN_TRY(workflow_intent_id(id, cli->args[0], info));
    return workflow_intent_show(cli->wf, id, result, info);
}

enum galen_err cli_intent_answer(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    const char *hash = cli_option(cli, "hash");
    const char *signature = cli_option(cli, "signature");
    uint8_t id[WORKFLOW_INTENT_ID], hash32[32], sig65[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(workflow_intent_id(id, cli->args[0], info));
    if ((hash != NULL) == (signature != NULL))
        return base_fail(info, GALEN_ERR_USAGE,
                         "give the transaction's --hash, or the --signature");
    if (hash != NULL) {
        GALEN_TRY(base_hex_decode(hash32, sizeof hash32, hash, "--hash", info));
        return workflow_intent_sent(cli->wf, id, hash32, result, info);
    }
    GALEN_TRY(base_hex_decode(sig65, sizeof sig65, signature, "--signature", info));
    return workflow_intent_signed(cli->wf, id, sig65, result, info);
}

enum galen_err cli_intent_cancel(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    uint8_t id[WORKFLOW_INTENT_ID];
    GALEN_TRY(workflow_intent_id(id, cli->args[0], info));
    return workflow_intent_cancel(cli->wf, id, result, info);
}
