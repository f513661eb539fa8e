/* What the contract owes accounts that did not take a payment, or whose bond came back. */
#include "workflow/steps.h"

enum galen_err workflow_credit_of(struct workflow *wf, struct chain_u256 *wei,
                                  const struct chain_address *account, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_credits(&call, account, info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    return datahub_decode_credits(wei, answer.data, answer.len, info);
}

enum galen_err workflow_withdraw(struct workflow *wf, const struct chain_address *payer,
                                 const struct chain_address *account, struct json_object **result,
                                 struct galen_errinfo *info)
{
    struct chain_u256 credit;
    const char *role = "other";
    char text[CHAIN_ADDRESS_TEXT];
    bool own = false;
    bool sent = false;
    bool did = false;
    BASE_BUF_AUTO data = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_is_own(wf, &own, &role, payer, info));
    GALEN_TRY(workflow_credit_of(wf, &credit, account, info));
    GALEN_TRY(workflow_wallet_did(wf, &did, payer, "withdraw", -1, false, info));
    if (chain_u256_is_zero(&credit) && !did) {
        chain_address_format(text, account);
        return base_fail(info, GALEN_ERR_STATE, "the contract owes nothing to %s", text);
    }
    GALEN_TRY(datahub_encode_withdraw(&data, account, info));
    const struct workflow_call call = {
        .from = payer,
        .data = &data,
        .role = role,
        .flow = "purchasing",
        .operation = "withdraw",
        .request_id = -1,
    };
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "account", account, info));
    GALEN_TRY(workflow_set_wei(made, "creditWei", &credit, info));
    GALEN_TRY(steps_transact(wf, &call, &sent, NULL, made, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err workflow_credit(struct workflow *wf, const struct chain_address *account,
                               struct json_object **result, struct galen_errinfo *info)
{
    struct chain_u256 credit;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_credit_of(wf, &credit, account, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "account", account, info));
    GALEN_TRY(workflow_set_wei(made, "creditWei", &credit, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
