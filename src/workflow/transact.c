/*
 * Transactions, write-ahead: signed and stored, then sent, then followed until mined
 * (transact_follow.c). After a crash what was stored is sent again, byte for byte, never made anew;
 * so nothing is sent twice. The table is also the log that the gas reports come from
 * (transact_log.c).
 */
#include "workflow/transact_internal.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPT_TIMEOUT_MS 120000
#define RECEIPT_SLICE_MS   1000

/* The contract's name for it stands in the text; what it means, in the hint. */
enum galen_err transact_refused(enum galen_err err, const struct workflow_call *call,
                                struct galen_errinfo *info)
{
    if (info != NULL && err == GALEN_ERR_REVERTED && info->hint[0] == '\0') {
        const char *words = workflow_refusal(info->what);
        if (words != NULL)
            (void)base_hint(info, "%s", words);
    }
    return base_wrap(info, err, "%s", call->operation);
}

enum galen_err transact_frame(struct workflow *wf, struct chain_rpc *rpc,
                              struct transact_plan *plan, const struct workflow_call *call,
                              struct galen_errinfo *info)
{
    struct transact_plan made = {0};
    made.tx.chain_id = wf->domain.chain_id;
    if (!wf->has_contract)
        GALEN_TRY(chain_rpc_chain_id(rpc, &made.tx.chain_id, info));
    made.tx.is_create = call->is_create;
    if (!call->is_create)
        made.tx.to = call->to != NULL ? *call->to : wf->domain.contract;
    if (call->value != NULL)
        made.tx.value = *call->value;
    if (call->data != NULL)
        made.tx.data = (struct base_view){call->data->data, call->data->len};
    *plan = made;
    return GALEN_OK;
}

enum galen_err transact_plan(struct workflow *wf, struct chain_rpc *rpc, struct transact_plan *plan,
                             const struct workflow_call *call, struct galen_errinfo *info)
{
    struct transact_plan made = {0};
    GALEN_TRY(transact_frame(wf, rpc, &made, call, info));
    const struct chain_call question = {
        .from = call->from,
        .to = call->is_create ? NULL : &made.tx.to,
        .value = &made.tx.value,
        .data = made.tx.data,
    };
    enum galen_err err = chain_rpc_estimate_gas(rpc, &made.estimate, &question, info);
    if (err == GALEN_ERR_REVERTED || err == GALEN_ERR_FUNDS)
        return transact_refused(err, call, info);
    GALEN_TRY(err);
    struct chain_fees fees;
    GALEN_TRY(chain_rpc_fees(rpc, &fees, info));
    made.tx.fee = fees.speed[CHAIN_AVERAGE];
    made.tx.gas_limit = chain_gas_with_margin(made.estimate);
    GALEN_TRY(chain_tx_max_cost(&made.max_cost, &made.tx));
    struct chain_u256 balance;
    GALEN_TRY(chain_rpc_balance(rpc, &balance, call->from, info));
    if (chain_u256_compare(&balance, &made.max_cost) < 0) {
        char have[CHAIN_AMOUNT_TEXT];
        char need[CHAIN_AMOUNT_TEXT];
        char who[CHAIN_ADDRESS_TEXT];
        chain_amount_format(have, &balance, CHAIN_DECIMALS_ETHER);
        chain_amount_format(need, &made.max_cost, CHAIN_DECIMALS_ETHER);
        chain_address_format(who, call->from);
        base_fail(info, GALEN_ERR_FUNDS, "%s: the account cannot pay", call->operation);
        (void)base_hint(info, "%s has %s ETH and needs up to %s ETH, gas included", who, have,
                        need);
        return GALEN_ERR_FUNDS;
    }
    *plan = made;
    return GALEN_OK;
}

static enum galen_err dry_run_result(const struct transact_plan *plan,
                                     const struct workflow_call *call, struct json_object **out,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_bool(row, "dryRun", true, info));
    GALEN_TRY(workflow_set_text(row, "operation", call->operation, info));
    GALEN_TRY(workflow_set_int(row, "gasEstimate", (int64_t)plan->estimate, info));
    GALEN_TRY(workflow_set_wei(row, "maxCostWei", &plan->max_cost, info));
    workflow_give(out, &row);
    return GALEN_OK;
}

/* Allots the nonce, signs and stores in one database transaction, so that two processes on one home
 * cannot take the same nonce. */
static enum galen_err sign_and_store(struct workflow *wf, struct chain_rpc *rpc,
                                     struct transact_plan *plan, const struct workflow_call *call,
                                     struct base_buf *raw, uint8_t hash32[32],
                                     struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO wallet = {0};
    GALEN_TRY(workflow_wallet(wf, &wallet, call->from, info));
    uint64_t chain_nonce = 0;
    GALEN_TRY(chain_rpc_nonce(rpc, &chain_nonce, call->from, CHAIN_BLOCK_PENDING, info));
    DB_TRANSACTION_AUTO transaction = {0};
    GALEN_TRY(db_begin(&transaction, wf->db, info));
    int64_t own_nonce = 0;
    GALEN_TRY(db_get_int(wf->db, &own_nonce, 0, info,
                         "SELECT max(nonce) + 1 FROM tx WHERE sender = ?"
                         " AND status IN ('signed', 'sent')",
                         DB_BLOB(call->from->bytes, 20)));
    plan->tx.nonce = own_nonce > (int64_t)chain_nonce ? (uint64_t)own_nonce : chain_nonce;
    GALEN_TRY(chain_tx_sign(raw, hash32, &plan->tx, &wallet, info));
    char value[CHAIN_U256_DECIMAL];
    char max_fee[CHAIN_U256_DECIMAL];
    char priority[CHAIN_U256_DECIMAL];
    chain_u256_format(value, &plan->tx.value);
    chain_u256_format(max_fee, &plan->tx.fee.max_fee);
    chain_u256_format(priority, &plan->tx.fee.priority_fee);
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO tx (hash, sender, recipient, role, workflow, operation, nonce,"
                     " raw, value_wei, gas_estimate, gas_limit, max_fee_wei, max_priority_fee_wei,"
                     " status, request_id, created_at)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'signed', ?, ?)",
                     DB_BLOB(hash32, 32), DB_BLOB(call->from->bytes, 20),
                     DB_BLOB(call->is_create ? NULL : plan->tx.to.bytes, 20), DB_TEXT(call->role),
                     DB_TEXT(call->flow), DB_TEXT(call->operation), DB_INT(plan->tx.nonce),
                     DB_BLOB(raw->data, raw->len), DB_TEXT(value), DB_INT(plan->estimate),
                     DB_INT(plan->tx.gas_limit), DB_TEXT(max_fee), DB_TEXT(priority),
                     call->request_id >= 0 ? DB_INT(call->request_id) : DB_NULL,
                     DB_INT(base_time_s())));
    return db_commit(&transaction, info);
}

/* In slices, so that a node that stops need not wait; and not with the lock, since what is waited
 * for is written: others find the home as they would after a crash here. */
enum galen_err transact_wait(struct workflow *wf, struct chain_rpc *rpc,
                             struct chain_receipt *mined, const uint8_t hash32[32],
                             int64_t timeout_ms, struct galen_errinfo *info)
{
    int64_t until = base_monotonic_ms() + timeout_ms;
    const bool was_locked = wf->lock_fd >= 0;
    workflow_unlock(wf);
    for (;;) {
        enum galen_err err = chain_rpc_wait_receipt(rpc, mined, hash32, RECEIPT_SLICE_MS, info);
        if (err != GALEN_ERR_NOT_FOUND || base_monotonic_ms() >= until ||
            (wf->stop != NULL && atomic_load(wf->stop))) {
            if (was_locked)
                GALEN_TRY(workflow_lock(wf, info));
            return err;
        }
    }
}

enum galen_err workflow_transact(struct workflow *wf, const struct workflow_call *call, bool *sent,
                                 struct chain_receipt *receipt, struct json_object **tx,
                                 struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct transact_plan plan;
    bool is_browser = false;
    GALEN_ASSERT(sent != NULL || !wf->dry_run);
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    /* What an earlier run left must be out first: this one may build on it. */
    GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(workflow_is_browser(wf, &is_browser, call->from, info));
    if (sent != NULL)
        *sent = !wf->dry_run;
    if (is_browser && !wf->dry_run)
        return transact_by_wallet(wf, rpc, call, receipt, tx, info);
    GALEN_TRY(transact_plan(wf, rpc, &plan, call, info));
    if (wf->dry_run)
        return dry_run_result(&plan, call, tx, info);

    BASE_BUF_AUTO raw = {0};
    uint8_t hash32[32];
    CHAIN_RECEIPT_AUTO mined = {0};
    GALEN_TRY(sign_and_store(wf, rpc, &plan, call, &raw, hash32, info));
    GALEN_TRY(transact_send(wf, rpc, hash32, (struct base_view){raw.data, raw.len}, info));
    enum galen_err err = transact_wait(wf, rpc, &mined, hash32, RECEIPT_TIMEOUT_MS, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_NETWORK, "%s was sent and is not mined yet", call->operation);
        (void)base_hint(info, "'galen sync' follows it up; do not send it again by other means");
        return GALEN_ERR_NETWORK;
    }
    GALEN_TRY(err);
    GALEN_TRY(transact_record(wf, rpc, &mined, info));
    if (!mined.succeeded) {
        err = chain_rpc_explain(rpc, hash32, info);
        return transact_refused(GALEN_ERR_REVERTED, call, info);
    }
    if (tx != NULL)
        GALEN_TRY(transact_row(wf, hash32, tx, info));
    if (receipt != NULL) {
        *receipt = mined;
        mined = (struct chain_receipt){0};
    }
    return GALEN_OK;
}

enum galen_err workflow_pay(struct workflow *wf, const struct chain_address *from,
                            const struct chain_address *to, const struct chain_u256 *wei,
                            struct json_object **result, struct galen_errinfo *info)
{
    const char *role = "other";
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, &role, from, info));
    const struct workflow_call call = {
        .from = from,
        .to = to,
        .value = wei,
        .role = role,
        .flow = "other",
        .operation = "pay",
        .request_id = -1,
    };
    bool sent = false;
    return workflow_transact(wf, &call, &sent, NULL, result, info);
}
