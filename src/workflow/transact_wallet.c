/*
 * Transactions of a wallet that is in a browser: the intent is stored, the page has the wallet send
 * it and tells its hash, and it is taken for the intent's once the chain shows that it is exactly
 * what was asked for. From then on it is followed as this home's own, but never sent from here. A
 * wallet may send it again for more, under another hash and the same nonce: that is told likewise.
 */
#include <string.h>

#include "workflow/intent.h"
#include "workflow/steps.h"
#include "workflow/transact_internal.h"

#define UNTOLD_MAX 16    /* transactions of the account that are looked at */
#define WAIT_MS    15000 /* for one that is on its way; its step is called again then */

static const char digest_label[] = "galen/intent/1";

struct fee_text {
    char max[CHAIN_U256_DECIMAL], priority[CHAIN_U256_DECIMAL];
};
static struct fee_text fee_text(const struct chain_fee *fee)
{
    struct fee_text text;
    chain_u256_format(text.max, &fee->max_fee);
    chain_u256_format(text.priority, &fee->priority_fee);
    return text;
}

/* Two calls with the same digest are the same call. */
static enum galen_err call_digest(uint8_t digest32[32], const struct transact_plan *plan,
                                  const struct workflow_call *call, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    uint8_t chain8[8], request8[8];
    base_put_u64be(chain8, plan->tx.chain_id);
    base_put_u64be(request8, (uint64_t)call->request_id);
    if (base_buf_append(&bytes, digest_label, sizeof digest_label) != GALEN_OK ||
        base_buf_append(&bytes, chain8, 8) != GALEN_OK ||
        base_buf_append(&bytes, request8, 8) != GALEN_OK ||
        base_buf_append(&bytes, plan->tx.is_create ? "\1" : "\0", 1) != GALEN_OK ||
        base_buf_append(&bytes, plan->tx.to.bytes, 20) != GALEN_OK ||
        base_buf_append(&bytes, plan->tx.value.be, 32) != GALEN_OK ||
        base_buf_append(&bytes, plan->tx.data.data, plan->tx.data.len) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(digest32, bytes.data, bytes.len);
    return GALEN_OK;
}

/* ---- asking --------------------------------------------------------------------------------------- */

static enum galen_err ask(struct workflow *wf, struct chain_rpc *rpc, struct intent *out,
                          const struct transact_plan *plan, const struct workflow_call *call,
                          const uint8_t digest32[32], struct galen_errinfo *info)
{
    char value[CHAIN_U256_DECIMAL];
    uint8_t id[INTENT_ID_BYTES];
    uint64_t nonce = 0;
    GALEN_TRY(intent_make_room(wf, call->from, info));
    GALEN_TRY(chain_rpc_nonce(rpc, &nonce, call->from, CHAIN_BLOCK_LATEST, info));
    chain_u256_format(value, &plan->tx.value);
    const struct fee_text fee = fee_text(&plan->tx.fee);
    base_random(id, sizeof id);
    GALEN_TRY(db_run(
        wf->db, info,
        "INSERT INTO intent (id, identity, kind, operation, digest, chain_id, role, workflow,"
        " request_id, recipient, value_wei, data, gas_estimate, gas_limit, max_fee_wei,"
        " max_priority_fee_wei, least_nonce, created_at, expires_at)"
        " VALUES (?, ?, 'transaction', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_BLOB(id, sizeof id), DB_BLOB(call->from->bytes, 20), DB_TEXT(call->operation),
        DB_BLOB(digest32, 32), DB_INT(plan->tx.chain_id), DB_TEXT(call->role), DB_TEXT(call->flow),
        call->request_id >= 0 ? DB_INT(call->request_id) : DB_NULL,
        DB_BLOB(plan->tx.is_create ? NULL : plan->tx.to.bytes, 20), DB_TEXT(value),
        DB_BLOB(plan->tx.data.len > 0 ? plan->tx.data.data : (const uint8_t *)"",
                plan->tx.data.len),
        DB_INT(plan->estimate), DB_INT(plan->tx.gas_limit), DB_TEXT(fee.max), DB_TEXT(fee.priority),
        DB_INT(nonce), DB_INT(base_time_s()), DB_INT(intent_expiry())));
    return intent_read(wf, out, id, info);
}

/* An open intent, as of now: gas and fees change. */
static enum galen_err ask_again(struct workflow *wf, const struct intent *intent,
                                const struct transact_plan *plan, struct galen_errinfo *info)
{
    const struct fee_text fee = fee_text(&plan->tx.fee);
    return db_run(wf->db, info,
                  "UPDATE intent SET gas_estimate = ?, gas_limit = ?, max_fee_wei = ?,"
                  " max_priority_fee_wei = ? WHERE id = ?",
                  DB_INT(plan->estimate), DB_INT(plan->tx.gas_limit), DB_TEXT(fee.max),
                  DB_TEXT(fee.priority), DB_BLOB(intent->id, INTENT_ID_BYTES));
}

/* ---- what the page told of -------------------------------------------------------------------------- */

/* What the intent asks for. */
struct wanted {
    struct chain_tx tx; /* data: in data */
    struct base_buf data;
    uint64_t least_nonce;
};
static void wanted_clear(struct wanted *wanted)
{
    base_buf_clear(&wanted->data);
}

static enum galen_err read_wanted(struct workflow *wf, struct wanted *out,
                                  const struct intent *intent, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT recipient, value_wei, data, least_nonce FROM intent WHERE id = ?",
                       DB_BLOB(intent->id, INTENT_ID_BYTES)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such intent of this identity");
    out->tx.is_create = db_is_null(&rows, 0);
    if (!out->tx.is_create)
        GALEN_TRY(db_bytes(&rows, 0, out->tx.to.bytes, 20, info));
    GALEN_TRY(chain_u256_parse(&out->tx.value, db_text(&rows, 1), info));
    const struct base_view data = db_blob(&rows, 2);
    GALEN_TRY(base_buf_append(&out->data, data.data, data.len));
    out->least_nonce = (uint64_t)db_int(&rows, 3);
    return GALEN_OK;
}

/* CHECK unless it is the very transaction that was asked for, and not one from before. */
static enum galen_err check_exact(struct workflow *wf, const struct intent *intent,
                                  const struct chain_tx_info *sent, struct galen_errinfo *info)
{
    GALEN_CLEANUP(wanted_clear) struct wanted wanted = {0};
    const char *wrong = NULL;
    GALEN_TRY(read_wanted(wf, &wanted, intent, info));
    if (!chain_address_equal(&sent->from, &intent->identity))
        wrong = "is another account's";
    else if (sent->is_create != wanted.tx.is_create ||
             (!sent->is_create && !chain_address_equal(&sent->to, &wanted.tx.to)))
        wrong = "has another recipient";
    else if (chain_u256_compare(&sent->value, &wanted.tx.value) != 0)
        wrong = "has another value";
    else if (sent->input.len != wanted.data.len ||
             (wanted.data.len > 0 &&
              memcmp(sent->input.data, wanted.data.data, wanted.data.len) != 0))
        wrong = "has other data";
    else if (sent->nonce < wanted.least_nonce)
        wrong = "is older than the intent";
    return wrong == NULL
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_CHECK,
                           "that is not the transaction that was asked for: it %s", wrong);
}

static enum galen_err keep_sent(struct workflow *wf, const struct intent *intent,
                                const struct chain_tx_info *sent, struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO both = {0};
    const struct fee_text fee = fee_text(&sent->fee);
    GALEN_TRY(db_begin(&both, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO tx (hash, sender, recipient, role, workflow, operation, nonce,"
                     " raw, value_wei, gas_estimate, gas_limit, max_fee_wei, max_priority_fee_wei,"
                     " status, request_id, created_at, intent) SELECT told_hash, identity,"
                     " recipient, role, workflow, operation, ?, x'', value_wei, gas_estimate, ?, ?,"
                     " ?, 'sent', request_id, ?, id FROM intent WHERE id = ?",
                     DB_INT(sent->nonce), DB_INT(sent->gas_limit), DB_TEXT(fee.max),
                     DB_TEXT(fee.priority), DB_INT(base_time_s()),
                     DB_BLOB(intent->id, INTENT_ID_BYTES)));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE intent SET told_hash = NULL, problem = NULL WHERE id = ?",
                     DB_BLOB(intent->id, INTENT_ID_BYTES)));
    return db_commit(&both, info);
}

static enum galen_err is_known_nonce(struct workflow *wf, bool *known,
                                     const struct chain_address *sender, uint64_t nonce,
                                     struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT count(*) FROM tx WHERE sender = ? AND nonce = ?"
                         " AND status <> 'dropped'",
                         DB_BLOB(sender->bytes, 20), DB_INT(nonce)));
    *known = n > 0;
    return GALEN_OK;
}

/* The wallet may have sent it, and its page was gone before it told: what the account has mined
 * since is looked at before it is asked again. */
static enum galen_err find_untold(struct workflow *wf, struct chain_rpc *rpc, struct intent *intent,
                                  struct galen_errinfo *info)
{
    int64_t least = 0;
    uint64_t count = 0;
    GALEN_TRY(db_get_int(wf->db, &least, 0, info, "SELECT least_nonce FROM intent WHERE id = ?",
                         DB_BLOB(intent->id, INTENT_ID_BYTES)));
    GALEN_TRY(chain_rpc_nonce(rpc, &count, &intent->identity, CHAIN_BLOCK_LATEST, info));
    for (uint64_t nonce = (uint64_t)least; nonce < count; nonce++) {
        GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info sent = {0};
        uint8_t hash32[32];
        bool known = false;
        GALEN_TRY(is_known_nonce(wf, &known, &intent->identity, nonce, info));
        if (known)
            continue;
        if (count - nonce > UNTOLD_MAX ||
            chain_rpc_find_sent(rpc, hash32, &intent->identity, nonce, NULL) != GALEN_OK ||
            chain_rpc_transaction(rpc, &sent, hash32, NULL) != GALEN_OK)
            continue; /* an account that is much used elsewhere, an endpoint that keeps little */
        if (check_exact(wf, intent, &sent, NULL) != GALEN_OK)
            continue;
        GALEN_TRY(db_run(wf->db, info, "UPDATE intent SET told_hash = ? WHERE id = ?",
                         DB_BLOB(hash32, 32), DB_BLOB(intent->id, INTENT_ID_BYTES)));
        GALEN_TRY(keep_sent(wf, intent, &sent, info));
        GALEN_TRY(transact_follow_wallet(wf, rpc, hash32, info));
        break;
    }
    return intent_read(wf, intent, intent->id, info);
}

enum galen_err intent_look(struct workflow *wf, bool *known, const struct intent *intent,
                           struct galen_errinfo *info)
{
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info sent = {0};
    struct chain_rpc *rpc = NULL;
    *known = false;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    enum galen_err err = chain_rpc_transaction(rpc, &sent, intent->told_hash, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return intent_set_problem(wf, intent, "the chain does not show the transaction yet", info);
    GALEN_TRY(err);
    err = check_exact(wf, intent, &sent, info);
    if (err == GALEN_OK) {
        GALEN_TRY(keep_sent(wf, intent, &sent, info));
        *known = true;
        return transact_follow_wallet(wf, rpc, intent->told_hash, info);
    }
    if (err == GALEN_ERR_CHECK)
        GALEN_TRY(db_run(wf->db, NULL, "UPDATE intent SET told_hash = NULL WHERE id = ?",
                         DB_BLOB(intent->id, INTENT_ID_BYTES)));
    return err;
}

/* The transaction's present form is another: the same for more. */
static enum galen_err take_form(struct workflow *wf, const uint8_t old32[32],
                                const uint8_t hash32[32], const struct chain_tx_info *sent,
                                struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO both = {0};
    const struct fee_text fee = fee_text(&sent->fee);
    GALEN_TRY(db_begin(&both, wf->db, info));
    GALEN_TRY(transact_keep_form(wf, old32, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE tx SET hash = ?, gas_limit = ?, max_fee_wei = ?,"
                     " max_priority_fee_wei = ? WHERE hash = ?",
                     DB_BLOB(hash32, 32), DB_INT(sent->gas_limit), DB_TEXT(fee.max),
                     DB_TEXT(fee.priority), DB_BLOB(old32, 32)));
    return db_commit(&both, info);
}

enum galen_err intent_replace(struct workflow *wf, const struct intent *intent,
                              const uint8_t hash32[32], struct galen_errinfo *info)
{
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info sent = {0};
    struct chain_rpc *rpc = NULL;
    int64_t nonce = 0;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(db_get_int(wf->db, &nonce, -1, info, "SELECT nonce FROM tx WHERE hash = ?",
                         DB_BLOB(intent->tx_hash, 32)));
    if (intent->state != INTENT_SENT)
        return base_fail(info, GALEN_ERR_STATE, "the intent's transaction is settled");
    enum galen_err err = chain_rpc_transaction(rpc, &sent, hash32, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "tell of it again once the chain shows it",
                          "the chain does not show that transaction yet");
    GALEN_TRY(err);
    GALEN_TRY(check_exact(wf, intent, &sent, info));
    if (sent.nonce != (uint64_t)nonce)
        return base_fail(info, GALEN_ERR_STATE,
                         "another transaction, with nonce %lld, is this intent's already",
                         (long long)nonce);
    GALEN_TRY(take_form(wf, intent->tx_hash, hash32, &sent, info));
    return transact_follow_wallet(wf, rpc, hash32, info);
}

enum galen_err transact_look_for_told(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t last = 0;
    for (;;) {
        struct galen_errinfo why = {0};
        struct intent intent;
        uint8_t id[INTENT_ID_BYTES];
        bool known = false;
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT rowid, id FROM intent WHERE told_hash IS NOT NULL"
                               " AND rowid > ? ORDER BY rowid LIMIT 1",
                               DB_INT(last)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            last = db_int(&rows, 0);
            GALEN_TRY(db_bytes(&rows, 1, id, sizeof id, info));
        }
        /* Another identity's, while this handle acts for one, waits for its own turn. */
        if (intent_read(wf, &intent, id, NULL) != GALEN_OK)
            continue;
        enum galen_err err = intent_look(wf, &known, &intent, &why);
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        if (err != GALEN_OK)
            GALEN_TRY(intent_set_problem(wf, &intent, why.what, info));
    }
}

/* ---- following ---------------------------------------------------------------------------------------- */

/* The nonce is used, and not by a form that is known here: by the same transaction sent again,
 * which nobody told, or by another one. */
static enum galen_err follow_nonce(struct workflow *wf, struct chain_rpc *rpc,
                                   const uint8_t hash32[32], const struct chain_address *sender,
                                   uint64_t nonce, struct galen_errinfo *info)
{
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info sent = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    struct intent intent;
    uint8_t id[INTENT_ID_BYTES], found32[32];
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info, "SELECT intent FROM tx WHERE hash = ?",
                           DB_BLOB(hash32, 32)));
        GALEN_TRY(db_next(&rows, &found, info));
        GALEN_ASSERT(found);
        GALEN_TRY(db_bytes(&rows, 0, id, sizeof id, info));
    }
    if (intent_read(wf, &intent, id, NULL) != GALEN_OK)
        return GALEN_OK; /* another identity's, while this handle acts for one */
    enum galen_err err = chain_rpc_find_sent(rpc, found32, sender, nonce, info);
    if (err == GALEN_OK)
        err = chain_rpc_transaction(rpc, &sent, found32, info);
    if (err != GALEN_OK) /* not given up on a guess: the wallet would be asked to pay again */
        return intent_set_problem(wf, &intent,
                                  "its nonce is used, and the chain does not show by what: tell "
                                  "the hash that the wallet shows, or cancel",
                                  info);
    if (check_exact(wf, &intent, &sent, NULL) != GALEN_OK)
        return transact_set_status(wf, hash32, "dropped", "another transaction took its nonce",
                                   info);
    GALEN_TRY(take_form(wf, hash32, found32, &sent, info));
    GALEN_TRY(intent_set_problem(wf, &intent, NULL, info));
    GALEN_TRY(chain_rpc_receipt(rpc, &receipt, found32, info));
    return transact_record(wf, rpc, &receipt, info);
}

enum galen_err transact_follow_wallet(struct workflow *wf, struct chain_rpc *rpc,
                                      const uint8_t hash32[32], struct galen_errinfo *info)
{
    CHAIN_RECEIPT_AUTO receipt = {0};
    struct chain_address sender = {0};
    uint64_t mined = 0;
    int64_t nonce = 0;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info, "SELECT sender, nonce FROM tx WHERE hash = ?",
                           DB_BLOB(hash32, 32)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return base_fail(info, GALEN_ERR_NOT_FOUND, "no such transaction in this home");
        GALEN_TRY(db_bytes(&rows, 0, sender.bytes, 20, info));
        nonce = db_int(&rows, 1);
    }
    /* The count first: what is counted then has a receipt after it. */
    GALEN_TRY(chain_rpc_nonce(rpc, &mined, &sender, CHAIN_BLOCK_LATEST, info));
    enum galen_err err = transact_find_receipt(wf, rpc, &receipt, hash32, info);
    if (err == GALEN_OK)
        return transact_record(wf, rpc, &receipt, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    return mined > (uint64_t)nonce ? follow_nonce(wf, rpc, hash32, &sender, (uint64_t)nonce, info)
                                   : GALEN_OK;
}

/* ---- going on ------------------------------------------------------------------------------------- */

/* It is mined: the step has its receipt, as if it had been sent just now. */
static enum galen_err take(struct workflow *wf, struct chain_rpc *rpc, const struct intent *intent,
                           const struct workflow_call *call, struct chain_receipt *receipt,
                           struct json_object **tx, struct galen_errinfo *info)
{
    CHAIN_RECEIPT_AUTO mined = {0};
    GALEN_TRY(chain_rpc_receipt(rpc, &mined, intent->tx_hash, info));
    GALEN_TRY(intent_used(wf, intent, info));
    if (!mined.succeeded)
        return transact_refused(chain_rpc_explain(rpc, intent->tx_hash, info), call, info);
    if (tx != NULL)
        GALEN_TRY(transact_row(wf, intent->tx_hash, tx, info));
    if (receipt != NULL) {
        *receipt = mined;
        mined = (struct chain_receipt){0};
    }
    return GALEN_OK;
}

/* A while; intent is read anew. */
static enum galen_err wait(struct workflow *wf, struct chain_rpc *rpc, struct intent *intent,
                           struct galen_errinfo *info)
{
    CHAIN_RECEIPT_AUTO mined = {0};
    enum galen_err err = transact_wait(wf, rpc, &mined, intent->tx_hash, WAIT_MS, info);
    if (err == GALEN_OK)
        err = transact_follow_wallet(wf, rpc, intent->tx_hash, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    return intent_read(wf, intent, intent->id, info);
}

enum galen_err transact_by_wallet(struct workflow *wf, struct chain_rpc *rpc,
                                  const struct workflow_call *call, struct chain_receipt *receipt,
                                  struct json_object **tx, struct galen_errinfo *info)
{
    struct transact_plan plan = {0};
    struct intent intent;
    uint8_t digest[32];
    bool found = false;
    GALEN_TRY(workflow_check_actor(wf, call->from, info));
    GALEN_TRY(transact_frame(wf, rpc, &plan, call, info));
    GALEN_TRY(call_digest(digest, &plan, call, info));
    GALEN_TRY(intent_find(wf, &found, &intent, call->from, digest, info));
    if (found && intent.state == INTENT_OPEN)
        GALEN_TRY(find_untold(wf, rpc, &intent, info));
    if (found && intent.state == INTENT_SENT && intent.has_tx && !wf->is_syncing)
        GALEN_TRY(wait(wf, rpc, &intent, info));
    if (found && intent.state == INTENT_SENT)
        return intent_want(wf, &intent, info);
    if (found && intent.state == INTENT_DONE)
        return take(wf, rpc, &intent, call, receipt, tx, info);
    if (found && intent.state == INTENT_FAILED) {
        CHAIN_RECEIPT_AUTO mined = {0};
        enum galen_err err = chain_rpc_receipt(rpc, &mined, intent.tx_hash, info);
        if (err != GALEN_ERR_NOT_FOUND)
            return err == GALEN_OK ? take(wf, rpc, &intent, call, receipt, tx, info) : err;
        GALEN_TRY(intent_used(wf, &intent, info)); /* nothing of it is on the chain */
        found = false;
    }
    GALEN_TRY(transact_plan(wf, rpc, &plan, call, info));
    if (found)
        GALEN_TRY(ask_again(wf, &intent, &plan, info));
    else
        GALEN_TRY(ask(wf, rpc, &intent, &plan, call, digest, info));
    return intent_want(wf, &intent, info);
}
