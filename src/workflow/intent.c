/*
 * Intents: what this home wants of a wallet that is in somebody's browser. An intent is written
 * before anybody is asked; the wallet's answer, a transaction's hash or a signature, goes into it
 * (intent_answer.c); and the step that wanted it, called again, finds it and goes on. Its state is
 * not stored but follows from what is: a transaction's from its row in table tx.
 */
#include "workflow/intent.h"

#include <string.h>

#define LIFE_S      (24 * 3600)
#define KEPT_S      (30 * 24 * 3600)
#define WAITING_MAX 200 /* of one identity */

/* ?1 is now. */
#define STATE                                                                                      \
    "CASE WHEN t.status IN ('signed', 'sent') THEN 'sent'"                                         \
    " WHEN t.status = 'succeeded' OR i.signature IS NOT NULL THEN 'done'"                          \
    " WHEN t.status IN ('reverted', 'dropped') THEN 'failed'"                                      \
    " WHEN i.told_hash IS NOT NULL THEN 'sent'"                                                    \
    " WHEN i.cancelled_at IS NOT NULL THEN 'cancelled'"                                            \
    " WHEN i.expires_at <= ?1 THEN 'expired' ELSE 'open' END"
#define FROM " FROM intent i LEFT JOIN tx t ON t.intent = i.id"

static const char *const state_names[] = {
    [INTENT_OPEN] = "open",     [INTENT_SENT] = "sent",           [INTENT_DONE] = "done",
    [INTENT_FAILED] = "failed", [INTENT_CANCELLED] = "cancelled", [INTENT_EXPIRED] = "expired",
};

/* ---- one --------------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "SELECT i.id, i.identity, i.kind, " STATE                                                      \
    ", i.used_at, i.digest, t.hash, i.told_hash, i.signature" FROM

static enum galen_err read_row(struct intent *out, const struct db_rows *rows,
                               struct galen_errinfo *info)
{
    struct intent read = {
        .is_signature = strcmp(db_text(rows, 2), "signature") == 0,
        .is_used = !db_is_null(rows, 4),
        .has_tx = !db_is_null(rows, 6),
        .is_told = !db_is_null(rows, 7),
        .has_signature = !db_is_null(rows, 8),
    };
    while (strcmp(state_names[read.state], db_text(rows, 3)) != 0)
        read.state++;
    GALEN_TRY(db_bytes(rows, 0, read.id, sizeof read.id, info));
    GALEN_TRY(db_bytes(rows, 1, read.identity.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 5, read.digest, 32, info));
    if (read.has_tx)
        GALEN_TRY(db_bytes(rows, 6, read.tx_hash, 32, info));
    if (read.is_told)
        GALEN_TRY(db_bytes(rows, 7, read.told_hash, 32, info));
    if (read.has_signature)
        GALEN_TRY(db_bytes(rows, 8, read.signature, sizeof read.signature, info));
    *out = read;
    return GALEN_OK;
}

enum galen_err intent_read(struct workflow *wf, struct intent *out,
                           const uint8_t id16[INTENT_ID_BYTES], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    struct intent read = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, COLUMNS " WHERE i.id = ?2", DB_INT(base_time_s()),
                       DB_BLOB(id16, INTENT_ID_BYTES)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found)
        GALEN_TRY(read_row(&read, &rows, info));
    if (!found || workflow_check_actor(wf, &read.identity, NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such intent of this identity");
    *out = read;
    return GALEN_OK;
}

enum galen_err intent_find(struct workflow *wf, bool *found, struct intent *out,
                           const struct chain_address *identity, const uint8_t digest32[32],
                           struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(
        &rows, wf->db, info,
        COLUMNS " WHERE i.identity = ?2 AND i.digest = ?3 AND (i.kind = 'signature' OR"
                " (i.used_at IS NULL AND (t.hash IS NULL OR (i.created_at > ?1 - ?4 AND NOT EXISTS"
                "  (SELECT 1 FROM tx l WHERE l.sender = t.sender AND l.operation = t.operation"
                "   AND l.nonce > t.nonce AND l.status <> 'dropped')))))"
                " AND " STATE " IN ('open', 'sent', 'done', 'failed')"
                " ORDER BY i.created_at DESC, i.rowid DESC LIMIT 1",
        DB_INT(base_time_s()), DB_BLOB(identity->bytes, 20), DB_BLOB(digest32, 32),
        DB_INT(LIFE_S)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(out, &rows, info) : GALEN_OK;
}

int64_t intent_expiry(void)
{
    return base_time_s() + LIFE_S;
}

enum galen_err intent_make_room(struct workflow *wf, const struct chain_address *identity,
                                struct galen_errinfo *info)
{
    int64_t waiting = 0;
    GALEN_TRY(db_run(wf->db, info,
                     "DELETE FROM intent WHERE created_at < ?"
                     " AND NOT EXISTS (SELECT 1 FROM tx WHERE tx.intent = intent.id)",
                     DB_INT(base_time_s() - KEPT_S)));
    GALEN_TRY(db_get_int(wf->db, &waiting, 0, info,
                         "SELECT count(*)" FROM " WHERE i.identity = ?2 AND " STATE " = 'open'",
                         DB_INT(base_time_s()), DB_BLOB(identity->bytes, 20)));
    if (waiting < WAITING_MAX)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_LIMIT, "%d intents wait for this wallet", WAITING_MAX);
    return base_hint(info, "answer or cancel some");
}

enum galen_err intent_used(struct workflow *wf, const struct intent *intent,
                           struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE intent SET used_at = ? WHERE id = ?", DB_INT(base_time_s()),
                  DB_BLOB(intent->id, INTENT_ID_BYTES));
}

enum galen_err intent_set_problem(struct workflow *wf, const struct intent *intent,
                                  const char *problem, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE intent SET problem = ? WHERE id = ?", DB_TEXT(problem),
                  DB_BLOB(intent->id, INTENT_ID_BYTES));
}

enum galen_err workflow_notify_wanted(struct workflow *wf, const struct chain_address *identity,
                                      struct galen_errinfo *info)
{
    char id[2 * INTENT_ID_BYTES + 1];
    base_hex_encode(id, wf->wanted16, INTENT_ID_BYTES);
    return workflow_notify(wf, identity, "wallet", id, info);
}

enum galen_err workflow_wallet_did(struct workflow *wf, bool *did,
                                   const struct chain_address *identity, const char *operation,
                                   int64_t request_id, bool uses, struct galen_errinfo *info)
{
    struct intent intent;
    {
        DB_ROWS_AUTO rows = {0};
        GALEN_TRY(db_query(&rows, wf->db, info,
                           COLUMNS " WHERE i.identity = ?2 AND i.kind = 'transaction'"
                                   " AND i.operation = ?3 AND i.request_id IS ?4"
                                   " AND i.used_at IS NULL AND " STATE " = 'done'"
                                   " ORDER BY i.created_at DESC, i.rowid DESC LIMIT 1",
                           DB_INT(base_time_s()), DB_BLOB(identity->bytes, 20), DB_TEXT(operation),
                           request_id >= 0 ? DB_INT(request_id) : DB_NULL));
        GALEN_TRY(db_next(&rows, did, info));
        if (*did)
            GALEN_TRY(read_row(&intent, &rows, info));
    }
    return *did && uses ? intent_used(wf, &intent, info) : GALEN_OK;
}

enum galen_err workflow_asked_call(struct workflow *wf, struct base_buf *data,
                                   const struct chain_address *identity, const char *operation,
                                   int64_t request_id, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT i.data" FROM " WHERE i.identity = ?2 AND i.kind = 'transaction'"
                       " AND i.operation = ?3 AND i.request_id IS ?4 AND i.used_at IS NULL"
                       " AND " STATE " IN ('open', 'sent', 'done')"
                       " ORDER BY i.created_at DESC, i.rowid DESC LIMIT 1",
                       DB_INT(base_time_s()), DB_BLOB(identity->bytes, 20), DB_TEXT(operation),
                       request_id >= 0 ? DB_INT(request_id) : DB_NULL));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    const struct base_view asked = db_blob(&rows, 0);
    return base_buf_append(data, asked.data, asked.len) == GALEN_OK
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

enum galen_err workflow_none_asked(struct workflow *wf, const struct chain_address *identity,
                                   const char *flow, struct galen_errinfo *info)
{
    struct intent intent;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           COLUMNS " WHERE i.identity = ?2 AND i.kind = 'transaction'"
                                   " AND i.workflow = ?3 AND " STATE " IN ('open', 'sent')"
                                   " ORDER BY i.created_at LIMIT 1",
                           DB_INT(base_time_s()), DB_BLOB(identity->bytes, 20), DB_TEXT(flow)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(read_row(&intent, &rows, info));
    }
    return intent_want(wf, &intent, info);
}

enum galen_err workflow_none_on_way(struct workflow *wf, uint64_t request_id,
                                    struct galen_errinfo *info)
{
    struct intent intent;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           COLUMNS " WHERE i.request_id = ?2 AND i.workflow = 'purchasing'"
                                   " AND t.status = 'sent' AND (?3 IS NULL OR i.identity = ?3)"
                                   " LIMIT 1",
                           DB_INT(base_time_s()), DB_INT(request_id),
                           DB_BLOB(wf->has_actor ? wf->actor.bytes : NULL, 20)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(read_row(&intent, &rows, info));
    }
    return intent_want(wf, &intent, info);
}

enum galen_err intent_want(struct workflow *wf, const struct intent *intent,
                           struct galen_errinfo *info)
{
    char id[2 * INTENT_ID_BYTES + 1];
    struct intent now;
    base_hex_encode(id, intent->id, INTENT_ID_BYTES);
    GALEN_TRY(intent_read(wf, &now, intent->id, info));
    memcpy(wf->wanted16, intent->id, INTENT_ID_BYTES);
    wf->has_wanted = true;
    if (wf->is_syncing) /* nobody is there to be asked */
        GALEN_TRY(workflow_notify_wanted(wf, &intent->identity, info));
    if (now.state == INTENT_SENT) {
        base_fail(info, GALEN_ERR_WALLET, "the wallet's transaction is not mined yet");
        (void)base_hint(info, "wait, then do this again; intent %s follows it", id);
    } else {
        base_fail(info, GALEN_ERR_WALLET, "this waits for the wallet, which is not on this node");
        (void)base_hint(info, "answer intent %s, then do this again", id);
    }
    return GALEN_ERR_WALLET;
}

/* ---- shown ------------------------------------------------------------------------------------- */

/* A quantity as eth_sendTransaction takes it: 0x hex without leading zeros. */
static enum galen_err set_quantity(struct json_object *object, const char *key,
                                   const struct chain_u256 *number, struct galen_errinfo *info)
{
    char hex[2 * 32 + 3] = "0x";
    base_hex_encode(hex + 2, number->be, 32);
    size_t zeros = strspn(hex + 2, "0");
    zeros = zeros == 64 ? 63 : zeros;
    memmove(hex + 2, hex + 2 + zeros, 64 - zeros + 1);
    return workflow_set_text(object, key, hex, info);
}

enum {
    SHOW_ID,
    SHOW_IDENTITY,
    SHOW_KIND,
    SHOW_STATE,
    SHOW_OPERATION,
    SHOW_CHAIN,
    SHOW_WORKFLOW,
    SHOW_REQUEST,
    SHOW_TO,
    SHOW_VALUE,
    SHOW_DATA,
    SHOW_ESTIMATE,
    SHOW_GAS,
    SHOW_FEE,
    SHOW_PRIORITY,
    SHOW_HASH,
    SHOW_TYPED,
    SHOW_PROBLEM,
    SHOW_CREATED,
    SHOW_EXPIRES,
    SHOW_USED,
};
#define SHOWN                                                                                      \
    "SELECT i.id, i.identity, i.kind, " STATE                                                      \
    ", i.operation, i.chain_id, i.workflow, i.request_id, i.recipient, i.value_wei, i.data,"       \
    " i.gas_estimate, i.gas_limit, i.max_fee_wei, i.max_priority_fee_wei,"                         \
    " coalesce(t.hash, i.told_hash), i.typed, coalesce(i.problem, t.reason), i.created_at,"        \
    " i.expires_at, i.used_at" FROM

/* eth_sendTransaction's parameter, and beside it what it may cost. */
static enum galen_err show_transaction(struct json_object *out, const struct db_rows *rows,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO tx = NULL;
    struct chain_address address;
    struct chain_u256 value, gas = chain_u256_from_u64((uint64_t)db_int(rows, SHOW_GAS));
    const struct base_view data = db_blob(rows, SHOW_DATA);
    GALEN_TRY(workflow_object(&tx, info));
    GALEN_TRY(db_bytes(rows, SHOW_IDENTITY, address.bytes, 20, info));
    GALEN_TRY(workflow_set_address(tx, "from", &address, info));
    if (!db_is_null(rows, SHOW_TO)) {
        GALEN_TRY(db_bytes(rows, SHOW_TO, address.bytes, 20, info));
        GALEN_TRY(workflow_set_address(tx, "to", &address, info));
    }
    GALEN_TRY(chain_u256_parse(&value, db_text(rows, SHOW_VALUE), info));
    GALEN_TRY(set_quantity(tx, "value", &value, info));
    GALEN_TRY(record_json_set_hex(tx, "data", data.data, data.len, info));
    GALEN_TRY(set_quantity(tx, "gas", &gas, info));
    GALEN_TRY(workflow_set_object(out, "transaction", &tx, info));
    GALEN_TRY(workflow_set_text(out, "valueWei", db_text(rows, SHOW_VALUE), info));
    GALEN_TRY(workflow_set_int(out, "gasEstimate", db_int(rows, SHOW_ESTIMATE), info));
    GALEN_TRY(workflow_set_text(out, "maxFeePerGasWei", db_text(rows, SHOW_FEE), info));
    GALEN_TRY(
        workflow_set_text(out, "maxPriorityFeePerGasWei", db_text(rows, SHOW_PRIORITY), info));
    GALEN_TRY(workflow_set_text(out, "workflow", db_text(rows, SHOW_WORKFLOW), info));
    if (!db_is_null(rows, SHOW_REQUEST))
        GALEN_TRY(workflow_set_int(out, "requestId", db_int(rows, SHOW_REQUEST), info));
    if (db_is_null(rows, SHOW_HASH))
        return GALEN_OK;
    const struct base_view hash = db_blob(rows, SHOW_HASH);
    return record_json_set_hex(out, "hash", hash.data, hash.len, info);
}

static enum galen_err show_row(struct json_object **out, const struct db_rows *rows,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address identity;
    uint8_t id[INTENT_ID_BYTES];
    char hex[2 * INTENT_ID_BYTES + 1];
    const bool is_signature = strcmp(db_text(rows, SHOW_KIND), "signature") == 0;
    GALEN_TRY(db_bytes(rows, SHOW_ID, id, sizeof id, info));
    GALEN_TRY(db_bytes(rows, SHOW_IDENTITY, identity.bytes, 20, info));
    base_hex_encode(hex, id, sizeof id);
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "id", hex, info));
    GALEN_TRY(workflow_set_text(row, "kind", db_text(rows, SHOW_KIND), info));
    GALEN_TRY(workflow_set_text(row, "state", db_text(rows, SHOW_STATE), info));
    GALEN_TRY(workflow_set_text(row, "operation", db_text(rows, SHOW_OPERATION), info));
    GALEN_TRY(workflow_set_address(row, "identity", &identity, info));
    GALEN_TRY(workflow_set_int(row, "chainId", db_int(rows, SHOW_CHAIN), info));
    if (is_signature) {
        RECORD_JSON_AUTO typed = NULL;
        const char *text = db_text(rows, SHOW_TYPED);
        GALEN_TRY(record_json_parse(&typed, text, strlen(text), 8192, info));
        GALEN_TRY(workflow_set_object(row, "typedData", &typed, info));
    } else {
        GALEN_TRY(show_transaction(row, rows, info));
    }
    if (!db_is_null(rows, SHOW_PROBLEM))
        GALEN_TRY(workflow_set_text(row, "problem", db_text(rows, SHOW_PROBLEM), info));
    GALEN_TRY(workflow_set_time(row, "created", db_int(rows, SHOW_CREATED), info));
    GALEN_TRY(workflow_set_time(row, "expires", db_int(rows, SHOW_EXPIRES), info));
    GALEN_TRY(workflow_set_bool(row, "used", !db_is_null(rows, SHOW_USED), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err workflow_intents(struct workflow *wf, const struct chain_address *identity,
                                const char *state, const struct workflow_page *page,
                                struct json_object **result, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       SHOWN " WHERE (?2 IS NULL OR i.identity = ?2) AND (?3 IS NULL OR " STATE
                             " = ?3) ORDER BY i.created_at DESC, i.rowid DESC LIMIT ?4 OFFSET ?5",
                       DB_INT(base_time_s()),
                       DB_BLOB(identity != NULL ? identity->bytes : NULL, 20), DB_TEXT(state),
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, show_row, info);
}

static enum galen_err show(struct workflow *wf, const uint8_t id16[INTENT_ID_BYTES],
                           struct json_object **result, struct galen_errinfo *info)
{
    struct intent intent;
    RECORD_JSON_AUTO row = NULL;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(intent_read(wf, &intent, id16, info));
    GALEN_TRY(db_query(&rows, wf->db, info, SHOWN " WHERE i.id = ?2", DB_INT(base_time_s()),
                       DB_BLOB(id16, INTENT_ID_BYTES)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such intent of this identity");
    GALEN_TRY(show_row(&row, &rows, info));
    workflow_give(result, &row);
    return GALEN_OK;
}

enum galen_err workflow_intent_id(uint8_t id16[WORKFLOW_INTENT_ID], const char *text,
                                  struct galen_errinfo *info)
{
    if (strlen(text) != 2 * INTENT_ID_BYTES ||
        base_hex_decode(id16, INTENT_ID_BYTES, text, "intent", NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "an intent's id is 32 hexadecimal digits");
    return GALEN_OK;
}

enum galen_err workflow_intent_show(struct workflow *wf, const uint8_t id16[WORKFLOW_INTENT_ID],
                                    struct json_object **result, struct galen_errinfo *info)
{
    return show(wf, id16, result, info);
}

enum galen_err workflow_wanted_intent(struct workflow *wf, struct json_object **result,
                                      struct galen_errinfo *info)
{
    if (!wf->has_wanted)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "nothing waits for a wallet");
    return show(wf, wf->wanted16, result, info);
}
