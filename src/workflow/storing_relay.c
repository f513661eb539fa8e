/*
 * Storing, step 5, on the other side: hand-overs that come in, and the hospital's relay, which
 * anchors its doctors' records so that no doctor's wallet is seen.
 */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"
#include "workflow/verify.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S        86400
#define UNPROVEN_MAX 200
#define RELAY_CHUNK  100 /* records of one storeBatch: some 4.3 million gas, 64 KiB */

/* ---- hand-overs --------------------------------------------------------------------------------- */

struct hand_over {
    struct storing_row row; /* holder, owner, side, root, cid, sig, key_version */
    const char *envelope;   /* borrowed from the message; NULL: by its CID */
};

static enum galen_err parse_hand_over(struct hand_over *out, const struct message *message,
                                      struct galen_errinfo *info)
{
    static const char *const required[] = {"type", "owner",      "idrec", "cid",
                                           "sig",  "keyVersion", NULL};
    static const char *const optional[] = {"envelope", NULL};
    struct json_object *body = message->body;
    const char *cid = NULL;
    int64_t key_version = 0;
    struct storing_row *row = &out->row;
    GALEN_TRY(record_json_check_keys(body, required, optional, "hand-over", info));
    GALEN_TRY(record_json_check_type(body, HAND_OVER_TYPE, info));
    GALEN_TRY(workflow_get_address(&row->owner, body, "owner", "hand-over", info));
    GALEN_TRY(
        record_json_get_hex(row->root, 32, body, "idrec", RECORD_JSON_REQUIRED, "hand-over", info));
    GALEN_TRY(record_json_get_text(&cid, body, "cid", RECORD_JSON_REQUIRED, STORE_CID_TEXT,
                                   "hand-over", info));
    GALEN_TRY(store_cid_parse(row->cid, cid, info));
    GALEN_TRY(record_json_get_hex(row->sig, sizeof row->sig, body, "sig", RECORD_JSON_REQUIRED,
                                  "hand-over", info));
    GALEN_TRY(record_json_get_int(&key_version, body, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                  UINT32_MAX, "hand-over", info));
    GALEN_TRY(record_json_get_text(&out->envelope, body, "envelope", RECORD_JSON_OPTIONAL,
                                   STORE_BLOCK_MAX, "hand-over", info));
    row->key_version = (uint32_t)key_version;
    row->holder = message->recipient;
    row->side = chain_address_equal(&row->owner, &row->holder) ? "patient" : "relay";
    return GALEN_OK;
}

/* What the contract refuses would take every other record of its batch with it. */
static enum galen_err check_storable(const struct storing_row *row, struct galen_errinfo *info)
{
    static const uint8_t none[32] = {0};
    if (chain_address_is_zero(&row->owner) || memcmp(row->root, none, 32) == 0)
        return base_fail(info, GALEN_ERR_CHECK, "hand-over: no owner, or no Merkle root");
    return GALEN_OK;
}

/* The block's bytes are the CID's, and its CERT holds the handed signature. */
static enum galen_err check_envelope(const struct storing_row *row, struct base_view envelope,
                                     struct galen_errinfo *info)
{
    uint8_t digest32[32];
    store_digest(digest32, envelope.data, envelope.len);
    if (memcmp(digest32, row->cid, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "hand-over: the block is not the CID's");
    return storing_check_cert(row, envelope, NULL, info);
}

enum galen_err storing_unknown_version(struct workflow *wf, uint32_t key_version,
                                       struct galen_errinfo *info)
{
    int64_t newest = 0;
    GALEN_TRY(
        db_get_int(wf->db, &newest, 0, info, "SELECT coalesce(max(version), 0) FROM group_key"));
    if ((int64_t)key_version > newest + 1)
        return base_fail(info, GALEN_ERR_CHECK, "signed under a group key that does not exist");
    /* Anyone can say so of anything. */
    if (++wf->unproven > UNPROVEN_MAX)
        return base_fail(info, GALEN_ERR_CHECK, "too many wait for a group key that is not here");
    return base_fail(info, GALEN_ERR_STATE, "its group key is not here yet");
}

/* ---- the quota: doctors sign anonymously, so one who floods the relay is not to be told from the
 * others; what goes beyond the day's number waits.
 * -------------------------------------------------- */

static enum galen_err over_quota(const struct workflow *wf, struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_STATE, "the relay's quota of %lld records a day is used up",
                    (long long)wf->post.limits[POST_RELAY_QUOTA]);
    (void)base_hint(info, "it goes on by itself; config.json's relay_quota sets the number");
    return GALEN_ERR_STATE;
}

/* How many more may be anchored now. */
static enum galen_err read_room(struct workflow *wf, int64_t *room, struct galen_errinfo *info)
{
    int64_t used = 0;
    GALEN_TRY(db_get_int(wf->db, &used, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'relay' AND anchored_at > ?"
                         " AND tx_hash IS NOT NULL",
                         DB_INT(base_time_s() - DAY_S)));
    *room = wf->post.limits[POST_RELAY_QUOTA] - used;
    return GALEN_OK;
}

/* STATE, and the hospital is told once a day, when no more may be taken in. */
static enum galen_err check_quota(struct workflow *wf, const struct storing_row *row,
                                  struct galen_errinfo *info)
{
    int64_t taken = 0, known = 0;
    char day[BASE_TIME_TEXT];
    GALEN_TRY(db_get_int(wf->db, &known, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'relay' AND holder = ?"
                         " AND merkle_root = ? AND cid = ?",
                         DB_BLOB(row->holder.bytes, 20), DB_BLOB(row->root, 32),
                         DB_BLOB(row->cid, 32)));
    GALEN_TRY(db_get_int(wf->db, &taken, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'relay' AND created_at > ?",
                         DB_INT(base_time_s() - DAY_S)));
    if (known > 0 || taken < wf->post.limits[POST_RELAY_QUOTA])
        return GALEN_OK;
    base_time_format(day, base_time_s());
    day[10] = '\0';
    GALEN_TRY(workflow_notify(wf, &row->holder, "relay-quota", day, info));
    return over_quota(wf, info);
}

enum galen_err storing_on_hand_over(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    struct hand_over handed = {0};
    const struct storing_row *row = &handed.row;
    GALEN_TRY(parse_hand_over(&handed, message, info));
    GALEN_TRY(check_storable(row, info));
    if (strcmp(row->side, "relay") == 0)
        GALEN_TRY(steps_need_role(wf, &row->holder, "hospital", info));
    enum galen_err err = storing_check_signature(wf, NULL, row->key_version, row->sig, row->root,
                                                 &row->owner, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return storing_unknown_version(wf, row->key_version, info);
    GALEN_TRY(err);
    if (strcmp(row->side, "relay") == 0)
        GALEN_TRY(check_quota(wf, row, info));
    if (handed.envelope != NULL) {
        struct base_view envelope = {(const uint8_t *)handed.envelope, strlen(handed.envelope)};
        GALEN_TRY(check_envelope(row, envelope, info));
        GALEN_TRY(store_put(NULL, wf->store, envelope.data, envelope.len, info));
    }
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO record (holder, side, merkle_root, cid, owner, key_version,"
                     " signature, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'handed-over', ?)"
                     " ON CONFLICT DO NOTHING",
                     DB_BLOB(row->holder.bytes, 20), DB_TEXT(row->side), DB_BLOB(row->root, 32),
                     DB_BLOB(row->cid, 32), DB_BLOB(row->owner.bytes, 20), DB_INT(row->key_version),
                     DB_BLOB(row->sig, sizeof row->sig), DB_INT(base_time_s())));
    char subject[65];
    base_hex_encode(subject, row->root, 32);
    return workflow_notify(wf, &row->holder,
                           strcmp(row->side, "relay") == 0 ? "relay" : "record-coming", subject,
                           info);
}

/* ---- the relay ---------------------------------------------------------------------------------- */

struct relay {
    struct json_object *anchored, *refused, *waiting, *txs; /* owned */
    struct storing_row *rows;                               /* owned; those to send */
    size_t n_rows;
    int64_t room; /* of today's quota */
    int64_t now;  /* what a block of now has as its time, or later */
    struct revocation_list revocations;
};
static void relay_clear(struct relay *relay)
{
    record_json_put(&relay->anchored);
    record_json_put(&relay->refused);
    record_json_put(&relay->waiting);
    record_json_put(&relay->txs);
    free(relay->rows);
    revocation_list_clear(&relay->revocations);
}

static enum galen_err report_row(struct json_object *list, const struct storing_row *row,
                                 const char *reason, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO object = NULL;
    GALEN_TRY(workflow_object(&object, info));
    GALEN_TRY(record_json_set_hex(object, "merkleRoot", row->root, 32, info));
    GALEN_TRY(workflow_set_cid(object, "cid", row->cid, info));
    if (reason != NULL)
        GALEN_TRY(workflow_set_text(object, "reason", reason, info));
    return workflow_push(list, &object, info);
}

/* What would be anchored now, by a doctor whose revocation has taken effect, every reader would
 * refuse. Without a list that holds nobody can say: it waits. */
enum galen_err storing_check_unrevoked(const struct revocation_list *list, int64_t now,
                                       const struct groupsig_verified *verified,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO checks = NULL;
    bool passed = true;
    if (list->problem[0] != '\0')
        return base_fail(info, GALEN_ERR_STATE, "the revocation list cannot be used: %s",
                         list->problem);
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(revocation_list_check(list, checks, &passed, verified, now, info));
    if (!passed)
        return base_fail(info, GALEN_ERR_CHECK, "its doctor's membership is revoked");
    return GALEN_OK;
}

/* Everything the relay answers for: the version in force, the signature, that its doctor is not
 * revoked, the block and its CERT. */
static enum galen_err check_row(struct workflow *wf, const struct storing_row *row,
                                uint32_t current, const struct revocation_list *list, int64_t now,
                                struct galen_errinfo *info)
{
    struct groupsig_verified verified;
    BASE_BUF_AUTO envelope = {0};
    if (row->key_version != current)
        return base_fail(info, GALEN_ERR_CHECK,
                         "signed under group key version %u, and %u is in force", row->key_version,
                         current);
    GALEN_TRY(storing_check_signature(wf, &verified, row->key_version, row->sig, row->root,
                                      &row->owner, info));
    GALEN_TRY(storing_check_unrevoked(list, now, &verified, info));
    enum galen_err err = storing_get_envelope(wf, &envelope, row, info);
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK)
        return base_fail(info, GALEN_ERR_STATE, "its block is not at hand");
    GALEN_TRY(err);
    return check_envelope(row, steps_view(&envelope), info);
}

/* Sorts one row: sent before, to be sent, to wait, or refused for good. */
static enum galen_err sort_row(struct workflow *wf, struct relay *relay,
                               const struct storing_row *row, uint32_t current,
                               struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    int64_t anchored_at = 0;
    GALEN_TRY(storing_find_anchor(wf, &anchored_at, row->root, &row->owner, row->cid, row->sig,
                                  row->key_version, info));
    if (anchored_at > 0) {
        if (!wf->dry_run)
            GALEN_TRY(db_run(wf->db, info,
                             "UPDATE record SET state = 'anchored', reason = NULL,"
                             " anchored_at = ? WHERE id = ?",
                             DB_INT(anchored_at), DB_INT(row->id)));
        return report_row(relay->anchored, row, NULL, info);
    }
    enum galen_err err = check_row(wf, row, current, &relay->revocations, relay->now, &why);
    if (err == GALEN_OK && (int64_t)relay->n_rows >= relay->room)
        err = over_quota(wf, &why);
    if (err == GALEN_OK) {
        relay->rows[relay->n_rows++] = *row;
        return GALEN_OK;
    }
    if (steps_is_fatal(err))
        return base_raise(info, err, &why);
    if (err == GALEN_ERR_STATE)
        return report_row(relay->waiting, row, why.what, info);
    if (!wf->dry_run)
        GALEN_TRY(storing_set_state(wf, row->id, "refused", why.what, info));
    return report_row(relay->refused, row, why.what, info);
}

static enum galen_err read_now(struct workflow *wf, int64_t *now, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct chain_block newest = {0};
    uint64_t head = 0;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block_number(rpc, &head, info));
    GALEN_TRY(chain_rpc_block(rpc, &newest, head, info));
    *now = newest.time_s > base_time_s() ? newest.time_s : base_time_s();
    return GALEN_OK;
}

/* By Merkle root: in the order they came, neighbours on the chain would be one doctor's. */
static enum galen_err load_rows(struct workflow *wf, int64_t **ids, size_t *n_ids,
                                const struct chain_address *hospital, struct galen_errinfo *info)
{
    int64_t count = 0;
    GALEN_TRY(db_get_int(wf->db, &count, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'relay' AND holder = ?"
                         " AND state = 'handed-over'",
                         DB_BLOB(hospital->bytes, 20)));
    int64_t *list = calloc((size_t)count + 1, sizeof *list);
    if (list == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    size_t n = 0;
    DB_ROWS_AUTO rows = {0};
    bool found = true;
    enum galen_err err = db_query(&rows, wf->db, info,
                                  "SELECT id FROM record WHERE side = 'relay' AND holder = ?"
                                  " AND state = 'handed-over' ORDER BY merkle_root, id",
                                  DB_BLOB(hospital->bytes, 20));
    while (err == GALEN_OK && n < (size_t)count) {
        err = db_next(&rows, &found, info);
        if (err != GALEN_OK || !found)
            break;
        list[n++] = db_int(&rows, 0);
    }
    if (err != GALEN_OK) {
        free(list);
        return err;
    }
    *ids = list;
    *n_ids = n;
    return GALEN_OK;
}

static enum galen_err encode_store(struct base_buf *data, const struct storing_row *rows, size_t n,
                                   struct galen_errinfo *info)
{
    if (n == 1)
        return datahub_encode_store_data_for(data, rows->cid, rows->root,
                                             (struct base_view){rows->sig, sizeof rows->sig},
                                             &rows->owner, rows->key_version, info);
    struct datahub_item items[RELAY_CHUNK];
    for (size_t i = 0; i < n; i++) {
        memcpy(items[i].cid, rows[i].cid, 32);
        memcpy(items[i].merkle_root, rows[i].root, 32);
        items[i].sig = (struct base_view){rows[i].sig, sizeof rows[i].sig};
        items[i].owner = rows[i].owner;
        items[i].key_version = rows[i].key_version;
    }
    return datahub_encode_store_batch(data, items, n, info);
}

static enum galen_err send_chunk(struct workflow *wf, struct relay *relay,
                                 const struct chain_address *hospital,
                                 const struct storing_row *rows, size_t n,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    RECORD_JSON_AUTO tx = NULL;
    CHAIN_RECEIPT_AUTO receipt = {0};
    bool sent = false;
    GALEN_TRY(encode_store(&data, rows, n, info));
    const struct workflow_call call = {.from = hospital,
                                       .data = &data,
                                       .role = "hospital",
                                       .flow = "storing",
                                       .operation = n == 1 ? "storeDataFor" : "storeBatch",
                                       .request_id = -1};
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    GALEN_TRY(workflow_push(relay->txs, &tx, info));
    if (!sent)
        return GALEN_OK;
    GALEN_TRY(workflow_take_receipt(wf, &receipt, info));
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(report_row(relay->anchored, &rows[i], NULL, info));
    return GALEN_OK;
}

static void free_ids(int64_t **ids)
{
    free(*ids);
}

/* A transaction of an earlier run that is on its way may hold these very records. */
static enum galen_err check_none_open(struct workflow *wf, const struct chain_address *hospital,
                                      struct galen_errinfo *info)
{
    int64_t open = 0;
    GALEN_TRY(db_get_int(wf->db, &open, 0, info,
                         "SELECT count(*) FROM tx WHERE sender = ? AND workflow = 'storing'"
                         " AND status IN ('signed', 'sent')",
                         DB_BLOB(hospital->bytes, 20)));
    if (open > 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "wait until it is mined, then run this again",
                          "an earlier relay transaction is not mined yet");
    return GALEN_OK;
}

static enum galen_err relay_rows(struct workflow *wf, const struct chain_address *hospital,
                                 struct json_object **result, struct galen_errinfo *info)
{
    GALEN_CLEANUP(relay_clear) struct relay relay = {0};
    GALEN_CLEANUP(free_ids) int64_t *ids = NULL;
    size_t n_ids = 0;
    uint32_t current = 0;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(steps_need_role(wf, hospital, "hospital", info));
    GALEN_TRY(workflow_current_key(wf, &current, NULL, info));
    GALEN_TRY(workflow_transact_resume(wf, info));
    if (!wf->dry_run) /* records come while a wallet is asked: they wait for the next one */
        GALEN_TRY(workflow_none_asked(wf, hospital, "storing", info));
    GALEN_TRY(check_none_open(wf, hospital, info));
    GALEN_TRY(load_rows(wf, &ids, &n_ids, hospital, info));
    if (n_ids > 0) { /* a node asks every second: with nothing to relay, the chain is not */
        GALEN_TRY(read_room(wf, &relay.room, info));
        GALEN_TRY(read_now(wf, &relay.now, info));
        GALEN_TRY(revocation_list_load(wf, &relay.revocations, 0, info));
    }
    GALEN_TRY(workflow_array(&relay.anchored, info));
    GALEN_TRY(workflow_array(&relay.refused, info));
    GALEN_TRY(workflow_array(&relay.waiting, info));
    GALEN_TRY(workflow_array(&relay.txs, info));
    relay.rows = calloc(n_ids + 1, sizeof *relay.rows);
    if (relay.rows == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n_ids; i++) {
        struct storing_row row;
        GALEN_TRY(storing_get_row(wf, &row, ids[i], info));
        GALEN_TRY(sort_row(wf, &relay, &row, current, info));
    }
    for (size_t at = 0; at < relay.n_rows; at += RELAY_CHUNK) {
        size_t n = relay.n_rows - at < RELAY_CHUNK ? relay.n_rows - at : RELAY_CHUNK;
        GALEN_TRY(send_chunk(wf, &relay, hospital, relay.rows + at, n, info));
    }
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_object(made, "anchored", &relay.anchored, info));
    GALEN_TRY(workflow_set_object(made, "refused", &relay.refused, info));
    GALEN_TRY(workflow_set_object(made, "waiting", &relay.waiting, info));
    GALEN_TRY(workflow_set_object(made, "txs", &relay.txs, info));
    if (wf->dry_run)
        GALEN_TRY(workflow_set_bool(made, "dryRun", true, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* The watcher relays too, and then nobody is there to be asked. */
enum galen_err storing_relay(struct workflow *wf, const struct chain_address *hospital,
                             struct json_object **result, struct galen_errinfo *info)
{
    enum galen_err err = relay_rows(wf, hospital, result, info);
    if (err == GALEN_ERR_WALLET)
        GALEN_TRY(workflow_notify_wanted(wf, hospital, info));
    return err;
}
