/*
 * Following up what was signed, until it is mined. It is sent again as it is; a fee that is too
 * low, or that nobody took within STUCK_S seconds, is raised: the same transaction, same nonce,
 * signed anew and stored before it is sent. Of all its forms at most one can be mined; that one
 * counts.
 */
#include "workflow/transact_internal.h"

#include <string.h>

#define STUCK_S 180

enum galen_err transact_record(struct workflow *wf, struct chain_rpc *rpc,
                               const struct chain_receipt *receipt, struct galen_errinfo *info)
{
    struct chain_block block = {0};
    char base_fee[CHAIN_U256_DECIMAL];
    char price[CHAIN_U256_DECIMAL];
    char l1_fee[CHAIN_U256_DECIMAL];
    char total[CHAIN_U256_DECIMAL];
    struct galen_errinfo why = {0};
    GALEN_TRY(chain_rpc_block(rpc, &block, receipt->block_number, info));
    if (!receipt->succeeded)
        (void)!chain_rpc_explain(rpc, receipt->tx_hash, &why);
    chain_u256_format(base_fee, &block.base_fee);
    chain_u256_format(price, &receipt->effective_gas_price);
    chain_u256_format(l1_fee, &receipt->l1_fee);
    chain_u256_format(total, &receipt->total_fee);
    if (memcmp(block.hash, receipt->block_hash, 32) != 0)
        return base_fail(info, GALEN_ERR_NETWORK,
                         "the block of a mined transaction was just replaced; try again");
    return db_run(wf->db, info,
                  "UPDATE tx SET status = ?, reason = ?, block_number = ?, block_hash = ?,"
                  " block_time = ?,"
                  " gas_used = ?, base_fee_wei = ?, effective_gas_price_wei = ?, l1_fee_wei = ?,"
                  " total_wei = ? WHERE hash = ?",
                  DB_TEXT(receipt->succeeded ? "succeeded" : "reverted"),
                  DB_TEXT(receipt->succeeded ? NULL : why.what), DB_INT(receipt->block_number),
                  DB_BLOB(receipt->block_hash, 32), DB_INT(block.time_s), DB_INT(receipt->gas_used),
                  DB_TEXT(base_fee), DB_TEXT(price),
                  DB_TEXT(chain_u256_is_zero(&receipt->l1_fee) ? NULL : l1_fee), DB_TEXT(total),
                  DB_BLOB(receipt->tx_hash, 32));
}

enum galen_err transact_set_status(struct workflow *wf, const uint8_t hash32[32],
                                   const char *status, const char *reason,
                                   struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE tx SET status = ?, reason = ? WHERE hash = ?",
                  DB_TEXT(status), DB_TEXT(reason), DB_BLOB(hash32, 32));
}

/* ---- forms of one transaction ------------------------------------------------------------------ */

/* The number of former forms of a stored transaction. */
static enum galen_err count_former(struct workflow *wf, int64_t *out, const uint8_t hash32[32],
                                   struct galen_errinfo *info)
{
    return db_get_int(wf->db, out, 0, info,
                      "SELECT count(*) FROM tx_replaced r JOIN tx USING (sender, nonce)"
                      " WHERE tx.hash = ?",
                      DB_BLOB(hash32, 32));
}

enum galen_err transact_keep_form(struct workflow *wf, const uint8_t hash32[32],
                                  struct galen_errinfo *info)
{
    return db_run(
        wf->db, info,
        "INSERT INTO tx_replaced (hash, sender, nonce, raw, max_fee_wei,"
        " max_priority_fee_wei, replaced_at) SELECT hash, sender, nonce, raw, max_fee_wei,"
        " max_priority_fee_wei, ? FROM tx WHERE hash = ?",
        DB_INT(base_time_s()), DB_BLOB(hash32, 32));
}

/* The former form that was mined becomes the present one. */
static enum galen_err take_former(struct workflow *wf, const uint8_t hash32[32],
                                  const uint8_t former32[32], struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO transaction = {0};
    GALEN_TRY(db_begin(&transaction, wf->db, info));
    GALEN_TRY(transact_keep_form(wf, hash32, info));
    GALEN_TRY(
        db_run(wf->db, info,
               "UPDATE tx SET (hash, raw, max_fee_wei, max_priority_fee_wei) = (SELECT hash, raw,"
               " max_fee_wei, max_priority_fee_wei FROM tx_replaced WHERE hash = ?)"
               " WHERE hash = ?",
               DB_BLOB(former32, 32), DB_BLOB(hash32, 32)));
    GALEN_TRY(
        db_run(wf->db, info, "DELETE FROM tx_replaced WHERE hash = ?", DB_BLOB(former32, 32)));
    return db_commit(&transaction, info);
}

enum galen_err transact_find_receipt(struct workflow *wf, struct chain_rpc *rpc,
                                     struct chain_receipt *receipt, const uint8_t hash32[32],
                                     struct galen_errinfo *info)
{
    enum galen_err err = chain_rpc_receipt(rpc, receipt, hash32, info);
    int64_t former = 0;
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(count_former(wf, &former, hash32, info));
    for (int64_t i = 0; i < former; i++) {
        uint8_t former32[32];
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT r.hash FROM tx_replaced r JOIN tx USING (sender, nonce)"
                               " WHERE tx.hash = ? ORDER BY r.hash LIMIT 1 OFFSET ?",
                               DB_BLOB(hash32, 32), DB_INT(i)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                break;
            GALEN_TRY(db_bytes(&rows, 0, former32, 32, info));
        }
        err = chain_rpc_receipt(rpc, receipt, former32, info);
        if (err == GALEN_OK)
            return take_former(wf, hash32, former32, info);
        if (err != GALEN_ERR_NOT_FOUND)
            return err;
    }
    return base_fail(info, GALEN_ERR_NOT_FOUND, "the transaction is not mined");
}

/* ---- sending ----------------------------------------------------------------------------------- */

static enum galen_err refused(struct workflow *wf, const uint8_t hash32[32], enum galen_err why,
                              struct galen_errinfo *info)
{
    int64_t former = 0;
    GALEN_TRY(count_former(wf, &former, hash32, NULL));
    if (former == 0)
        GALEN_TRY(
            transact_set_status(wf, hash32, "dropped", info != NULL ? info->what : NULL, NULL));
    return why;
}

enum galen_err transact_send(struct workflow *wf, struct chain_rpc *rpc, const uint8_t hash32[32],
                             struct base_view raw, struct galen_errinfo *info)
{
    enum chain_send_outcome outcome = CHAIN_SEND_ACCEPTED;
    enum galen_err err = chain_rpc_send(rpc, &outcome, raw.data, raw.len, info);
    if (err == GALEN_ERR_REVERTED || err == GALEN_ERR_FUNDS)
        return refused(wf, hash32, err, info);
    if (err == GALEN_ERR_NETWORK) {
        (void)base_hint(info, "the signed transaction is kept; 'galen sync' sends it again");
        return err;
    }
    GALEN_TRY(err);
    if (outcome == CHAIN_SEND_UNDERPRICED) {
        base_fail(info, GALEN_ERR_STATE, "the chain wants a higher fee at the moment");
        (void)base_hint(info, "the signed transaction is kept; 'galen sync' raises its fee");
        return GALEN_ERR_STATE;
    }
    if (outcome == CHAIN_SEND_NONCE_TOO_LOW) {
        /* Mined already: this very transaction in one of its forms, or another with its nonce. */
        CHAIN_RECEIPT_AUTO receipt = {0};
        err = transact_find_receipt(wf, rpc, &receipt, hash32, info);
        if (err == GALEN_ERR_NOT_FOUND) {
            GALEN_TRY(transact_set_status(wf, hash32, "dropped",
                                          "another transaction took its nonce", info));
            base_fail(info, GALEN_ERR_STATE, "another transaction took this one's nonce");
            (void)base_hint(info, "the account is used elsewhere too; run the command again");
            return GALEN_ERR_STATE;
        }
        GALEN_TRY(err);
        return transact_set_status(wf, receipt.tx_hash, "sent", NULL, info);
    }
    return transact_set_status(wf, hash32, "sent", NULL, info);
}

/* ---- raising the fee ---------------------------------------------------------------------------- */

/* Signs the transaction anew for more, or leaves it when the account cannot pay that; *done tells.
 */
static enum galen_err sign_for_more(struct workflow *wf, struct chain_rpc *rpc, bool *done,
                                    struct base_buf *raw, uint8_t new32[32],
                                    const uint8_t hash32[32], struct base_view old_raw,
                                    struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO wallet = {0};
    struct chain_tx tx;
    struct chain_address sender;
    struct chain_fees now;
    struct chain_u256 cost, balance;
    char max_fee[CHAIN_U256_DECIMAL];
    char priority[CHAIN_U256_DECIMAL];
    DB_TRANSACTION_AUTO transaction = {0};
    GALEN_TRY(chain_tx_parse(&tx, &sender, NULL, old_raw.data, old_raw.len, info));
    GALEN_TRY(chain_rpc_fees(rpc, &now, info));
    GALEN_TRY(chain_fee_raise(&tx.fee, &tx.fee, &now.speed[CHAIN_AVERAGE]));
    GALEN_TRY(chain_tx_max_cost(&cost, &tx));
    GALEN_TRY(chain_rpc_balance(rpc, &balance, &sender, info));
    if (chain_u256_compare(&balance, &cost) < 0)
        return GALEN_OK;
    GALEN_TRY(workflow_wallet(wf, &wallet, &sender, info));
    GALEN_TRY(chain_tx_sign(raw, new32, &tx, &wallet, info));
    chain_u256_format(max_fee, &tx.fee.max_fee);
    chain_u256_format(priority, &tx.fee.priority_fee);
    GALEN_TRY(db_begin(&transaction, wf->db, info));
    GALEN_TRY(transact_keep_form(wf, hash32, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE tx SET hash = ?, raw = ?, max_fee_wei = ?, max_priority_fee_wei = ?,"
                     " status = 'signed' WHERE hash = ?",
                     DB_BLOB(new32, 32), DB_BLOB(raw->data, raw->len), DB_TEXT(max_fee),
                     DB_TEXT(priority), DB_BLOB(hash32, 32)));
    GALEN_TRY(db_commit(&transaction, info));
    *done = true;
    return GALEN_OK;
}

/* Whether the present form has waited long enough. */
static enum galen_err is_stuck(struct workflow *wf, bool *out, const uint8_t hash32[32],
                               struct galen_errinfo *info)
{
    int64_t since = 0;
    GALEN_TRY(
        db_get_int(wf->db, &since, 0, info,
                   "SELECT max(created_at, coalesce((SELECT max(replaced_at) FROM tx_replaced r"
                   " WHERE r.sender = tx.sender AND r.nonce = tx.nonce), 0))"
                   " FROM tx WHERE hash = ?",
                   DB_BLOB(hash32, 32)));
    *out = base_time_s() - since >= STUCK_S;
    return GALEN_OK;
}

/* ---- following up ------------------------------------------------------------------------------- */

/* NETWORK, DB, NOMEM: nothing more can be done now. What else goes wrong with one transaction does
 * not stop the others. */
static bool ends_all(enum galen_err err)
{
    return err == GALEN_ERR_NETWORK || err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM;
}

/* Records one stored transaction when it is mined, else sends it again, for more if need be. */
static enum galen_err follow_up(struct workflow *wf, struct chain_rpc *rpc,
                                const uint8_t hash32[32], struct base_view raw,
                                struct galen_errinfo *info)
{
    CHAIN_RECEIPT_AUTO receipt = {0};
    BASE_BUF_AUTO new_raw = {0};
    uint8_t new32[32];
    const uint8_t *present32 = hash32;
    bool is_raised = false;
    bool stuck = false;
    enum galen_err err = transact_find_receipt(wf, rpc, &receipt, hash32, info);
    if (err == GALEN_OK)
        return transact_record(wf, rpc, &receipt, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(is_stuck(wf, &stuck, hash32, info));
    err = transact_send(wf, rpc, hash32, raw, info);
    if (ends_all(err))
        return err;
    bool is_low = err == GALEN_ERR_STATE || (err == GALEN_OK && stuck);
    err = transact_find_receipt(wf, rpc, &receipt, hash32, info);
    if (err == GALEN_ERR_NOT_FOUND && is_low && wf->keys != NULL) {
        err = sign_for_more(wf, rpc, &is_raised, &new_raw, new32, hash32, raw, info);
        if (err == GALEN_OK && is_raised) {
            present32 = new32;
            err = transact_send(wf, rpc, new32, (struct base_view){new_raw.data, new_raw.len},
                                info);
        }
        if (ends_all(err))
            return err;
        err = transact_find_receipt(wf, rpc, &receipt, present32, info);
    }
    return err == GALEN_OK ? transact_record(wf, rpc, &receipt, info) : GALEN_OK;
}

enum galen_err workflow_transact_resume(struct workflow *wf, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    int64_t last = 0;
    if (wf->dry_run) /* which sends nothing, not even what is signed */
        return GALEN_OK;
    GALEN_TRY(transact_look_for_told(wf, info));
    for (;;) {
        uint8_t hash32[32];
        BASE_BUF_AUTO raw = {0};
        bool by_wallet = false;
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(
                &rows, wf->db, info,
                "SELECT rowid, hash, raw, intent FROM tx WHERE status IN ('signed', 'sent')"
                " AND rowid > ? ORDER BY rowid LIMIT 1",
                DB_INT(last)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            last = db_int(&rows, 0);
            by_wallet = !db_is_null(&rows, 3);
            GALEN_TRY(db_bytes(&rows, 1, hash32, 32, info));
            struct base_view bytes = db_blob(&rows, 2);
            GALEN_TRY(base_buf_append(&raw, bytes.data, bytes.len));
        }
        if (rpc == NULL)
            GALEN_TRY(workflow_rpc(wf, &rpc, info));
        GALEN_TRY(by_wallet
                      ? transact_follow_wallet(wf, rpc, hash32, info)
                      : follow_up(wf, rpc, hash32, (struct base_view){raw.data, raw.len}, info));
    }
}
