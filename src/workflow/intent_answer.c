/* What a wallet's page answers an intent with: a transaction's hash, a signature, or nothing. */
#include "workflow/intent.h"
#include "workflow/steps.h"
#include "workflow/transact_internal.h"

#include <string.h>

/* ---- transactions ------------------------------------------------------------------------------- */

/* A transaction answers one intent. */
static enum galen_err check_unclaimed(struct workflow *wf, const struct intent *intent,
                                      const uint8_t hash32[32], struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT (SELECT count(*) FROM tx WHERE hash = ?1 AND intent IS NOT ?2)"
                         " + (SELECT count(*) FROM tx_replaced r LEFT JOIN tx USING (sender, nonce)"
                         "    WHERE r.hash = ?1 AND tx.intent IS NOT ?2)"
                         " + (SELECT count(*) FROM intent WHERE told_hash = ?1 AND id <> ?2)",
                         DB_BLOB(hash32, 32), DB_BLOB(intent->id, INTENT_ID_BYTES)));
    return n == 0 ? GALEN_OK
                  : base_fail(info, GALEN_ERR_CHECK, "that transaction is another intent's");
}

static enum galen_err is_former(struct workflow *wf, bool *out, const struct intent *intent,
                                const uint8_t hash32[32], struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT count(*) FROM tx_replaced r JOIN tx USING (sender, nonce)"
                         " WHERE r.hash = ? AND tx.intent = ?",
                         DB_BLOB(hash32, 32), DB_BLOB(intent->id, INTENT_ID_BYTES)));
    *out = n > 0;
    return GALEN_OK;
}

/* An intent that was given up and made anew has two ids and one transaction. */
static enum galen_err check_newest(struct workflow *wf, const struct intent *intent,
                                   struct galen_errinfo *info)
{
    struct intent live;
    char id[2 * INTENT_ID_BYTES + 1];
    bool found = false;
    if (intent->state != INTENT_CANCELLED && intent->state != INTENT_EXPIRED)
        return GALEN_OK;
    GALEN_TRY(intent_find(wf, &found, &live, &intent->identity, intent->digest, info));
    if (!found || live.state == INTENT_FAILED || live.state == INTENT_DONE)
        return GALEN_OK;
    base_hex_encode(id, live.id, INTENT_ID_BYTES);
    base_fail(info, GALEN_ERR_STATE, "this intent was made anew");
    (void)base_hint(info, "answer intent %s", id);
    return GALEN_ERR_STATE;
}

static enum galen_err tell(struct workflow *wf, const struct intent *intent,
                           const uint8_t hash32[32], struct galen_errinfo *info)
{
    struct intent told;
    bool known = false;
    GALEN_TRY(check_newest(wf, intent, info));
    /* Before the chain is asked: from here on the node looks for it by itself. */
    GALEN_TRY(db_run(wf->db, info, "UPDATE intent SET told_hash = ?, problem = NULL WHERE id = ?",
                     DB_BLOB(hash32, 32), DB_BLOB(intent->id, INTENT_ID_BYTES)));
    GALEN_TRY(intent_read(wf, &told, intent->id, info));
    enum galen_err err = intent_look(wf, &known, &told, info);
    if (err == GALEN_ERR_NETWORK)
        return intent_set_problem(wf, &told, "the chain could not be asked yet", info);
    return err;
}

enum galen_err workflow_intent_sent(struct workflow *wf, const uint8_t id16[WORKFLOW_INTENT_ID],
                                    const uint8_t hash32[32], struct json_object **result,
                                    struct galen_errinfo *info)
{
    struct intent intent;
    bool former = false;
    GALEN_TRY(intent_read(wf, &intent, id16, info));
    if (intent.is_signature)
        return base_fail(info, GALEN_ERR_USAGE, "this intent asks for a signature");
    GALEN_TRY(check_unclaimed(wf, &intent, hash32, info));
    GALEN_TRY(is_former(wf, &former, &intent, hash32, info));
    if (!intent.has_tx)
        GALEN_TRY(tell(wf, &intent, hash32, info));
    else if (memcmp(intent.tx_hash, hash32, 32) != 0 && !former)
        GALEN_TRY(intent_replace(wf, &intent, hash32, info));
    return workflow_intent_show(wf, id16, result, info);
}

/* ---- signatures ----------------------------------------------------------------------------------- */

static enum galen_err check_signature(const struct intent *intent,
                                      const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                      struct galen_errinfo *info)
{
    struct chain_address signer;
    char text[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(chain_recover(&signer, intent->digest, sig65, info));
    if (chain_address_equal(&signer, &intent->identity))
        return GALEN_OK;
    chain_address_format(text, &intent->identity);
    base_fail(info, GALEN_ERR_CHECK, "the signature is not %s's over what was asked for", text);
    (void)base_hint(info, "sign typedData, unaltered, with that account's own key; contract "
                          "wallets (ERC-1271) are not supported");
    return GALEN_ERR_CHECK;
}

static enum galen_err keep_signature(struct workflow *wf, const struct intent *intent,
                                     const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO typed = NULL;
    struct json_object *message = NULL;
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info, "UPDATE intent SET signature = ?, problem = NULL WHERE id = ?",
                     DB_BLOB(sig65, CHAIN_SIGNATURE_BYTES), DB_BLOB(intent->id, INTENT_ID_BYTES)));
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT typed FROM intent WHERE id = ? AND operation = 'NodeKey'",
                           DB_BLOB(intent->id, INTENT_ID_BYTES)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (found)
            GALEN_TRY(record_json_parse(&typed, db_text(&rows, 0), strlen(db_text(&rows, 0)), 8192,
                                        info));
    }
    if (typed != NULL) {
        GALEN_TRY(record_json_get_object(&message, typed, "message", RECORD_JSON_REQUIRED, "intent",
                                         info));
        GALEN_TRY(workflow_node_key_allowed(wf, &intent->identity, message, sig65, info));
    }
    return db_commit(&tx, info);
}

enum galen_err workflow_intent_signed(struct workflow *wf, const uint8_t id16[WORKFLOW_INTENT_ID],
                                      const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                      struct json_object **result, struct galen_errinfo *info)
{
    struct intent intent;
    uint8_t sig[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(intent_read(wf, &intent, id16, info));
    if (!intent.is_signature)
        return base_fail(info, GALEN_ERR_USAGE, "this intent asks for a transaction");
    memcpy(sig, sig65, sizeof sig);
    if (sig[64] < 2) /* some wallets give the bare parity */
        sig[64] = (uint8_t)(sig[64] + 27);
    if (intent.state != INTENT_OPEN && intent.state != INTENT_DONE)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "do the step again, which asks anew",
                          "this intent was cancelled, or has expired");
    GALEN_TRY(check_signature(&intent, sig, info));
    if (intent.state == INTENT_OPEN)
        GALEN_TRY(keep_signature(wf, &intent, sig, info));
    return workflow_intent_show(wf, id16, result, info);
}

/* ---- neither -------------------------------------------------------------------------------------- */

enum galen_err workflow_intent_cancel(struct workflow *wf, const uint8_t id16[WORKFLOW_INTENT_ID],
                                      struct json_object **result, struct galen_errinfo *info)
{
    struct intent intent;
    int64_t is_lost = 0;
    GALEN_TRY(intent_read(wf, &intent, id16, info));
    GALEN_TRY(db_get_int(wf->db, &is_lost, 0, info,
                         "SELECT count(*) FROM intent WHERE id = ? AND problem IS NOT NULL",
                         DB_BLOB(id16, INTENT_ID_BYTES)));
    if (intent.has_tx && intent.state == INTENT_SENT && is_lost != 0) {
        GALEN_TRY(transact_set_status(wf, intent.tx_hash, "dropped",
                                      "another transaction took its nonce", info));
        return workflow_intent_show(wf, id16, result, info);
    }
    if (intent.has_tx || intent.state == INTENT_DONE)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          intent.state == INTENT_SENT ? "what is on its way is cancelled in the "
                                                        "wallet, if at all"
                                                      : "it cannot be taken back here",
                          "the wallet has answered this intent");
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE intent SET cancelled_at = coalesce(cancelled_at, ?), told_hash = NULL"
                     " WHERE id = ?",
                     DB_INT(base_time_s()), DB_BLOB(id16, INTENT_ID_BYTES)));
    return workflow_intent_show(wf, id16, result, info);
}
