/* What a patient's sales paid: each to a fresh account of its own, whose key is in the home. Money
 * that is moved from there shows whose it was; where to, and whether, is the patient's choice. */
#include "workflow/steps.h"

static enum galen_err payout_row(struct json_object **out, const struct db_rows *rows,
                                 struct galen_errinfo *info)
{
    struct chain_address address;
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(db_bytes(rows, 0, address.bytes, 20, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "address", &address, info));
    GALEN_TRY(workflow_set_int(row, "requestId", db_int(rows, 1), info));
    GALEN_TRY(workflow_set_time(row, "created", db_int(rows, 2), info));
    workflow_give(out, &row);
    return GALEN_OK;
}

enum galen_err workflow_payouts(struct workflow *wf, const struct chain_address *patient,
                                const struct workflow_page *page, struct json_object **result,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    struct chain_rpc *rpc = NULL;
    {
        DB_ROWS_AUTO rows = {0};
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT address, request_id, created_at FROM payout_account"
                           " WHERE owner = ?1 ORDER BY created_at DESC, rowid DESC"
                           " LIMIT ?2 OFFSET ?3",
                           DB_BLOB(patient->bytes, 20), DB_INT(workflow_page_limit(page)),
                           DB_INT(workflow_page_offset(page))));
        GALEN_TRY(workflow_list_rows(&list, &rows, payout_row, info));
    }
    bool online = workflow_rpc(wf, &rpc, NULL) == GALEN_OK;
    for (size_t i = 0; online && i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        struct chain_address address;
        struct chain_u256 balance = {0};
        GALEN_TRY(workflow_get_address(&address, row, "address", "payout account", info));
        online = chain_rpc_balance(rpc, &balance, &address, NULL) == GALEN_OK;
        if (online)
            GALEN_TRY(workflow_set_wei(row, "balanceWei", &balance, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

/* All that the account has but what the gas may cost at most, should fees rise meanwhile. */
static enum galen_err all_but_gas(struct workflow *wf, struct chain_u256 *wei,
                                  const struct chain_address *payout,
                                  const struct chain_address *to, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct chain_fees fees;
    struct chain_tx tx = {.to = *to};
    struct chain_u256 balance, gas;
    uint64_t estimate = 0;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_balance(rpc, &balance, payout, info));
    const struct chain_call question = {.from = payout, .to = to, .value = &tx.value};
    GALEN_TRY(chain_rpc_estimate_gas(rpc, &estimate, &question, info));
    GALEN_TRY(chain_rpc_fees(rpc, &fees, info));
    tx.gas_limit = chain_gas_with_margin(estimate);
    tx.fee = fees.speed[CHAIN_FAST];
    GALEN_TRY(chain_tx_max_cost(&gas, &tx));
    if (chain_u256_compare(&balance, &gas) <= 0) {
        char have[CHAIN_AMOUNT_TEXT];
        char need[CHAIN_AMOUNT_TEXT];
        chain_amount_format(have, &balance, CHAIN_DECIMALS_ETHER);
        chain_amount_format(need, &gas, CHAIN_DECIMALS_ETHER);
        base_fail(info, GALEN_ERR_FUNDS, "there is nothing to send on");
        (void)base_hint(info, "the account has %s ETH, and the gas alone may cost %s ETH", have,
                        need);
        return GALEN_ERR_FUNDS;
    }
    return chain_u256_sub(wei, &balance, &gas);
}

enum galen_err workflow_payout_collect(struct workflow *wf, const struct chain_address *patient,
                                       const struct chain_address *payout,
                                       const struct chain_address *to, const struct chain_u256 *wei,
                                       struct json_object **result, struct galen_errinfo *info)
{
    struct chain_u256 amount;
    int64_t request_id = -1;
    bool sent = false;
    GALEN_TRY(steps_need_role(wf, patient, "patient", info));
    GALEN_TRY(db_get_int(wf->db, &request_id, -1, info,
                         "SELECT request_id FROM payout_account WHERE address = ? AND owner = ?",
                         DB_BLOB(payout->bytes, 20), DB_BLOB(patient->bytes, 20)));
    if (request_id < 0)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "'galen account payouts' shows them",
                          "that is no payout account of this patient's");
    if (chain_address_equal(payout, to))
        return base_fail(info, GALEN_ERR_USAGE, "it would go to where it is");
    if (wei != NULL)
        amount = *wei;
    else
        GALEN_TRY(all_but_gas(wf, &amount, payout, to, info));
    const struct workflow_call call = {
        .from = payout,
        .to = to,
        .value = &amount,
        .role = "patient",
        .flow = "purchasing",
        .operation = "collect",
        .request_id = request_id,
    };
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "payout", payout, info));
    GALEN_TRY(workflow_set_address(made, "to", to, info));
    GALEN_TRY(workflow_set_wei(made, "amountWei", &amount, info));
    GALEN_TRY(workflow_set_text(made, "warning",
                                "the chain shows it to everybody: what is sent to one account from "
                                "several sales links them, and to an account that is known, to you",
                                info));
    GALEN_TRY(steps_transact(wf, &call, &sent, NULL, made, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
