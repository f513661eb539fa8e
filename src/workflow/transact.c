/*
 * Transactions, write-ahead: signed and stored, then sent, then followed until mined. After a crash
 * what was stored is sent again, byte for byte, never made anew; so nothing is sent twice. The
 * table is also the log that the gas reports come from.
 */
#include "workflow/internal.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPT_TIMEOUT_MS 120000

static const char tx_columns[] =
    "SELECT hash, sender, recipient, role, workflow, operation, nonce, value_wei, gas_estimate,"
    " gas_limit, max_fee_wei, max_priority_fee_wei, status, reason, block_number, block_time,"
    " gas_used, base_fee_wei, effective_gas_price_wei, total_wei, request_id, created_at FROM tx ";

static enum galen_err set_optional_text(struct json_object *object, const char *key,
                                        const struct db_rows *rows, int column,
                                        struct galen_errinfo *info)
{
    return db_is_null(rows, column) ? GALEN_OK
                                    : workflow_set_text(object, key, db_text(rows, column), info);
}

static enum galen_err set_optional_int(struct json_object *object, const char *key,
                                       const struct db_rows *rows, int column,
                                       struct galen_errinfo *info)
{
    return db_is_null(rows, column) ? GALEN_OK
                                    : workflow_set_int(object, key, db_int(rows, column), info);
}

/* The row of tx_columns that stands ready, as the API shows it. */
static enum galen_err tx_row(struct json_object **out, const struct db_rows *rows,
                             struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address address = {0};
    struct base_view hash = db_blob(rows, 0);
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "hash", hash.data, hash.len, info));
    GALEN_TRY(db_bytes(rows, 1, address.bytes, 20, info));
    GALEN_TRY(workflow_set_address(row, "from", &address, info));
    if (!db_is_null(rows, 2)) {
        GALEN_TRY(db_bytes(rows, 2, address.bytes, 20, info));
        GALEN_TRY(workflow_set_address(row, "to", &address, info));
    }
    static const char *const texts[] = {"role", "workflow", "operation"};
    for (int i = 0; i < 3; i++)
        GALEN_TRY(workflow_set_text(row, texts[i], db_text(rows, 3 + i), info));
    GALEN_TRY(workflow_set_int(row, "nonce", db_int(rows, 6), info));
    GALEN_TRY(workflow_set_text(row, "valueWei", db_text(rows, 7), info));
    GALEN_TRY(workflow_set_int(row, "gasEstimate", db_int(rows, 8), info));
    GALEN_TRY(workflow_set_int(row, "gasLimit", db_int(rows, 9), info));
    GALEN_TRY(workflow_set_text(row, "maxFeeWei", db_text(rows, 10), info));
    GALEN_TRY(workflow_set_text(row, "maxPriorityFeeWei", db_text(rows, 11), info));
    GALEN_TRY(workflow_set_text(row, "status", db_text(rows, 12), info));
    GALEN_TRY(set_optional_text(row, "reason", rows, 13, info));
    GALEN_TRY(set_optional_int(row, "block", rows, 14, info));
    if (!db_is_null(rows, 15))
        GALEN_TRY(workflow_set_time(row, "time", db_int(rows, 15), info));
    GALEN_TRY(set_optional_int(row, "gasUsed", rows, 16, info));
    GALEN_TRY(set_optional_text(row, "baseFeeWei", rows, 17, info));
    GALEN_TRY(set_optional_text(row, "effectiveGasPriceWei", rows, 18, info));
    GALEN_TRY(set_optional_text(row, "totalWei", rows, 19, info));
    GALEN_TRY(set_optional_int(row, "requestId", rows, 20, info));
    GALEN_TRY(workflow_set_time(row, "created", db_int(rows, 21), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

static enum galen_err tx_by_hash(struct workflow *wf, const uint8_t hash32[32],
                                 struct json_object **out, struct galen_errinfo *info)
{
    char sql[sizeof tx_columns + 32];
    snprintf(sql, sizeof sql, "%sWHERE hash = ?", tx_columns);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_BLOB(hash32, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such transaction in this home");
    return tx_row(out, &rows, info);
}

/* ---- after sending ------------------------------------------------------------------------------- */

static enum galen_err record_receipt(struct workflow *wf, struct chain_rpc *rpc,
                                     const struct chain_receipt *receipt,
                                     struct galen_errinfo *info)
{
    struct chain_block block = {0};
    char base_fee[CHAIN_U256_DECIMAL];
    char price[CHAIN_U256_DECIMAL];
    char total[CHAIN_U256_DECIMAL];
    struct galen_errinfo why = {0};
    GALEN_TRY(chain_rpc_block(rpc, &block, receipt->block_number, info));
    if (!receipt->succeeded)
        (void)!chain_rpc_explain(rpc, receipt->tx_hash, &why);
    chain_u256_format(base_fee, &block.base_fee);
    chain_u256_format(price, &receipt->effective_gas_price);
    chain_u256_format(total, &receipt->total_fee);
    return db_run(wf->db, info,
                  "UPDATE tx SET status = ?, reason = ?, block_number = ?, block_time = ?,"
                  " gas_used = ?, base_fee_wei = ?, effective_gas_price_wei = ?, total_wei = ?"
                  " WHERE hash = ?",
                  DB_TEXT(receipt->succeeded ? "succeeded" : "reverted"),
                  DB_TEXT(receipt->succeeded ? NULL : why.what), DB_INT(receipt->block_number),
                  DB_INT(block.time_s), DB_INT(receipt->gas_used), DB_TEXT(base_fee),
                  DB_TEXT(price), DB_TEXT(total), DB_BLOB(receipt->tx_hash, 32));
}

static enum galen_err set_status(struct workflow *wf, const uint8_t hash32[32], const char *status,
                                 const char *reason, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE tx SET status = ?, reason = ? WHERE hash = ?",
                  DB_TEXT(status), DB_TEXT(reason), DB_BLOB(hash32, 32));
}

/* Gives the raw bytes to the chain. A refusal for good drops the transaction and frees its nonce;
 * a network failure, or a fee that is too low for now, leaves it to be sent again: it is signed, so
 * the caller must not take it for undone. */
static enum galen_err broadcast(struct workflow *wf, struct chain_rpc *rpc,
                                const uint8_t hash32[32], struct base_view raw,
                                struct galen_errinfo *info)
{
    enum chain_send_outcome outcome = CHAIN_SEND_ACCEPTED;
    enum galen_err err = chain_rpc_send(rpc, &outcome, raw.data, raw.len, info);
    if (err == GALEN_ERR_REVERTED || err == GALEN_ERR_FUNDS) {
        GALEN_TRY(set_status(wf, hash32, "dropped", info != NULL ? info->what : NULL, NULL));
        return err;
    }
    if (err == GALEN_ERR_NETWORK) {
        (void)base_hint(info, "the signed transaction is kept; 'galen sync' sends it again");
        return err;
    }
    GALEN_TRY(err);
    if (outcome == CHAIN_SEND_UNDERPRICED) {
        base_fail(info, GALEN_ERR_STATE, "the chain wants a higher fee at the moment");
        (void)base_hint(info, "the signed transaction is kept; 'galen sync' sends it again");
        return GALEN_ERR_STATE;
    }
    if (outcome == CHAIN_SEND_NONCE_TOO_LOW) {
        /* Mined already: this very transaction, or another that took its nonce. */
        CHAIN_RECEIPT_AUTO receipt = {0};
        err = chain_rpc_receipt(rpc, &receipt, hash32, info);
        if (err == GALEN_ERR_NOT_FOUND) {
            GALEN_TRY(
                set_status(wf, hash32, "dropped", "another transaction took its nonce", info));
            base_fail(info, GALEN_ERR_STATE, "another transaction took this one's nonce");
            (void)base_hint(info, "the account is used elsewhere too; run the command again");
            return GALEN_ERR_STATE;
        }
        GALEN_TRY(err);
    }
    return set_status(wf, hash32, "sent", NULL, info);
}

/* Follows up one stored transaction: records it when it is mined, else sends it again. */
static enum galen_err resume_one(struct workflow *wf, struct chain_rpc *rpc,
                                 const uint8_t hash32[32], struct base_view raw,
                                 struct galen_errinfo *info)
{
    CHAIN_RECEIPT_AUTO receipt = {0};
    enum galen_err err = chain_rpc_receipt(rpc, &receipt, hash32, info);
    if (err == GALEN_OK)
        return record_receipt(wf, rpc, &receipt, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    err = broadcast(wf, rpc, hash32, raw, info);
    if (err == GALEN_ERR_NETWORK || err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM)
        return err;
    err = chain_rpc_receipt(rpc, &receipt, hash32, info);
    return err == GALEN_OK ? record_receipt(wf, rpc, &receipt, info) : GALEN_OK;
}

enum galen_err workflow_transact_resume(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t open = 0;
    if (wf->dry_run) /* which sends nothing, not even what is signed */
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &open, 0, info,
                         "SELECT count(*) FROM tx WHERE status IN ('signed', 'sent')"));
    if (open == 0)
        return GALEN_OK;
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    int64_t still_open = 0;
    for (int64_t i = 0; i < open; i++) {
        uint8_t hash32[32];
        BASE_BUF_AUTO raw = {0};
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT hash, raw FROM tx WHERE status IN ('signed', 'sent')"
                               " ORDER BY created_at, nonce LIMIT 1 OFFSET ?",
                               DB_INT(still_open)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            GALEN_TRY(db_bytes(&rows, 0, hash32, 32, info));
            struct base_view bytes = db_blob(&rows, 1);
            GALEN_TRY(base_buf_append(&raw, bytes.data, bytes.len));
        }
        GALEN_TRY(resume_one(wf, rpc, hash32, (struct base_view){raw.data, raw.len}, info));
        int64_t left = 0;
        GALEN_TRY(db_get_int(wf->db, &left, 0, info,
                             "SELECT count(*) FROM tx WHERE hash = ?"
                             " AND status IN ('signed', 'sent')",
                             DB_BLOB(hash32, 32)));
        still_open += left;
    }
    return GALEN_OK;
}

/* ---- making one ----------------------------------------------------------------------------------- */

struct plan {
    struct chain_tx tx;
    uint64_t estimate;
    struct chain_u256 max_cost;
};

static enum galen_err make_plan(struct workflow *wf, struct chain_rpc *rpc, struct plan *plan,
                                const struct workflow_call *call, struct galen_errinfo *info)
{
    struct plan made = {0};
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
    const struct chain_call question = {
        .from = call->from,
        .to = call->is_create ? NULL : &made.tx.to,
        .value = &made.tx.value,
        .data = made.tx.data,
    };
    enum galen_err err = chain_rpc_estimate_gas(rpc, &made.estimate, &question, info);
    if (err == GALEN_ERR_REVERTED || err == GALEN_ERR_FUNDS)
        return base_wrap(info, err, "%s", call->operation);
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

static enum galen_err dry_run_result(const struct plan *plan, const struct workflow_call *call,
                                     struct json_object **out, struct galen_errinfo *info)
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
static enum galen_err sign_and_store(struct workflow *wf, struct chain_rpc *rpc, struct plan *plan,
                                     const struct workflow_call *call, struct base_buf *raw,
                                     uint8_t hash32[32], struct galen_errinfo *info)
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

enum galen_err workflow_transact(struct workflow *wf, const struct workflow_call *call, bool *sent,
                                 struct chain_receipt *receipt, struct json_object **tx,
                                 struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct plan plan;
    GALEN_ASSERT(sent != NULL || !wf->dry_run);
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    /* What an earlier run left must be out first: this one may build on it. */
    GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(make_plan(wf, rpc, &plan, call, info));
    if (sent != NULL)
        *sent = !wf->dry_run;
    if (wf->dry_run)
        return dry_run_result(&plan, call, tx, info);

    BASE_BUF_AUTO raw = {0};
    uint8_t hash32[32];
    CHAIN_RECEIPT_AUTO mined = {0};
    GALEN_TRY(sign_and_store(wf, rpc, &plan, call, &raw, hash32, info));
    GALEN_TRY(broadcast(wf, rpc, hash32, (struct base_view){raw.data, raw.len}, info));
    enum galen_err err = chain_rpc_wait_receipt(rpc, &mined, hash32, RECEIPT_TIMEOUT_MS, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_NETWORK, "%s was sent and is not mined yet", call->operation);
        (void)base_hint(info, "'galen sync' follows it up; do not send it again by other means");
        return GALEN_ERR_NETWORK;
    }
    GALEN_TRY(err);
    GALEN_TRY(record_receipt(wf, rpc, &mined, info));
    if (!mined.succeeded) {
        err = chain_rpc_explain(rpc, hash32, info);
        return base_wrap(info, GALEN_ERR_REVERTED, "%s", call->operation);
    }
    if (tx != NULL)
        GALEN_TRY(tx_by_hash(wf, hash32, tx, info));
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

/* ---- the log --------------------------------------------------------------------------------------- */

enum galen_err workflow_transactions(struct workflow *wf, const char *role, const char *flow,
                                     struct json_object **result, struct galen_errinfo *info)
{
    char sql[sizeof tx_columns + 128];
    snprintf(sql, sizeof sql,
             "%sWHERE (?1 IS NULL OR role = ?1) AND (?2 IS NULL OR workflow = ?2)"
             " ORDER BY created_at, rowid",
             tx_columns);
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_TEXT(role), DB_TEXT(flow)));
    for (;;) {
        bool found = false;
        struct json_object *row = NULL;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(tx_row(&row, &rows, info));
        GALEN_TRY(record_json_push(list, row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

enum galen_err workflow_gas_report(struct workflow *wf, struct json_object **result,
                                   struct galen_errinfo *info)
{
    /* The median is the row in the middle of each group (the lower one of two). */
    static const char sql[] =
        "WITH mined AS (SELECT workflow, operation, role, gas_used, total_wei,"
        " row_number() OVER (PARTITION BY workflow, operation, role ORDER BY gas_used) AS place,"
        " count(*) OVER (PARTITION BY workflow, operation, role) AS many"
        " FROM tx WHERE status = 'succeeded')"
        " SELECT workflow, operation, role, many, min(gas_used), max(gas_used), sum(gas_used),"
        " max(CASE WHEN place = (many + 1) / 2 THEN gas_used END)"
        " FROM mined GROUP BY workflow, operation, role ORDER BY workflow, operation, role";
    static const char *const texts[] = {"workflow", "operation", "role"};
    static const char *const numbers[] = {"count", "gasMin", "gasMax", "gasTotal", "gasMedian"};
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    DB_ROWS_AUTO groups = {0};
    GALEN_TRY(db_query(&groups, wf->db, info, sql));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&groups, &found, info));
        if (!found)
            break;
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        for (int i = 0; i < 3; i++)
            GALEN_TRY(workflow_set_text(row, texts[i], db_text(&groups, i), info));
        for (int i = 0; i < 5; i++)
            GALEN_TRY(workflow_set_int(row, numbers[i], db_int(&groups, 3 + i), info));
        struct chain_u256 total = {0};
        DB_ROWS_AUTO costs = {0};
        GALEN_TRY(db_query(&costs, wf->db, info,
                           "SELECT total_wei FROM tx WHERE status = 'succeeded'"
                           " AND workflow = ? AND operation = ? AND role = ?",
                           DB_TEXT(db_text(&groups, 0)), DB_TEXT(db_text(&groups, 1)),
                           DB_TEXT(db_text(&groups, 2))));
        for (;;) {
            struct chain_u256 cost;
            GALEN_TRY(db_next(&costs, &found, info));
            if (!found)
                break;
            GALEN_TRY(chain_u256_parse(&cost, db_text(&costs, 0), info));
            GALEN_TRY(chain_u256_add(&total, &total, &cost));
        }
        GALEN_TRY(workflow_set_wei(row, "totalWei", &total, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

enum galen_err workflow_gas_prices(struct workflow *wf, struct json_object **result,
                                   struct galen_errinfo *info)
{
    static const char *const names[CHAIN_SPEEDS] = {"slow", "average", "fast"};
    struct chain_rpc *rpc = NULL;
    struct chain_fees fees;
    RECORD_JSON_AUTO prices = NULL;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_fees(rpc, &fees, info));
    GALEN_TRY(workflow_object(&prices, info));
    GALEN_TRY(workflow_set_wei(prices, "baseFeeWei", &fees.base_fee, info));
    for (int i = 0; i < CHAIN_SPEEDS; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_wei(row, "maxFeeWei", &fees.speed[i].max_fee, info));
        GALEN_TRY(workflow_set_wei(row, "priorityFeeWei", &fees.speed[i].priority_fee, info));
        GALEN_TRY(workflow_set_object(prices, names[i], &row, info));
    }
    workflow_give(result, &prices);
    return GALEN_OK;
}
