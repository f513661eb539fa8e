/*
 * Purchasing, step 3, a key that a patient kept until it had seen the delivery (a late EK).
 *
 * The patient signs the message to the buyer with releaseAddr's key, which names nobody, and asks
 * the hospital to bring it: neither sees the other. The hospital passes on one such message an
 * entry, and only what the contract's entry itself proves. In a dispute the managers get the same
 * straight from the patient's node, with the bundle, so that nobody can keep either from them.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

#define UNPROVEN_MAX 200 /* messages of a round that carry no proof yet */

/* ---- the message ------------------------------------------------------------------------------- */

enum galen_err purchasing_late_body(struct json_object **out, uint8_t id32[32], uint64_t request_id,
                                    const uint8_t bundle_cid32[32], const char *ek,
                                    const struct base_buf *bundle, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PURCHASING_LATE_EK_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_cid(body, "bundleCid", bundle_cid32, info));
    GALEN_TRY(workflow_set_text(body, "ek", ek, info));
    if (bundle != NULL)
        GALEN_TRY(workflow_set_text(body, "bundle", (const char *)bundle->data, info));
    GALEN_TRY(record_json_hash(id32, body, info));
    workflow_give(out, &body);
    return GALEN_OK;
}

enum galen_err purchasing_parse_late(struct purchasing_late_message *out, struct json_object *body,
                                     struct galen_errinfo *info)
{
    static const char *const required[] = {"type", "requestId", "bundleCid", "ek", NULL};
    static const char *const optional[] = {"bundle", NULL};
    static const char where[] = "late-ek";
    struct purchasing_late_message read = {0};
    const char *cid = NULL;
    int64_t id = 0;
    GALEN_TRY(record_json_check_keys(body, required, optional, where, info));
    GALEN_TRY(record_json_check_type(body, PURCHASING_LATE_EK_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, body, "requestId", RECORD_JSON_REQUIRED, 1, INT64_MAX, where,
                                  info));
    GALEN_TRY(record_json_get_text(&cid, body, "bundleCid", RECORD_JSON_REQUIRED, STORE_CID_TEXT,
                                   where, info));
    GALEN_TRY(store_cid_parse(read.bundle_cid, cid, info));
    GALEN_TRY(purchasing_get_ek(&read.ek, body, where, info));
    GALEN_TRY(record_json_get_text(&read.bundle, body, "bundle", RECORD_JSON_OPTIONAL,
                                   STORE_BLOCK_MAX, where, info));
    read.request_id = (uint64_t)id;
    *out = read;
    return GALEN_OK;
}

/* ---- which entry it belongs to ------------------------------------------------------------------ */

int64_t purchasing_keys_due(const struct purchasing_onchain *chain)
{
    return chain->deadline - (int64_t)(chain->terms.verify_window / 2);
}

/* It cannot be told yet what it belongs to. Without a sender anyone could fill the inbox so. */
static enum galen_err not_yet(struct workflow *wf, const struct message *message, const char *why,
                              struct galen_errinfo *info)
{
    if (chain_address_is_zero(&message->sender) && ++wf->unproven > UNPROVEN_MAX)
        return base_fail(info, GALEN_ERR_CHECK, "too many keys wait for their delivery");
    return base_fail(info, GALEN_ERR_STATE, "%s", why);
}

/* The delivered entry whose releaseAddr signed and whose bundleDigest names bundle and key. STATE
 * while the delivery is not known here; else CHECK when there is none. */
static enum galen_err find_entry(struct workflow *wf, const struct message *message,
                                 const struct purchasing_onchain *chain,
                                 const struct purchasing_late_message *late,
                                 const struct chain_address *signer, int64_t *index,
                                 struct galen_errinfo *info)
{
    uint8_t digest[32];
    int64_t seen = 0;
    if (chain->state == PURCHASING_REPLIED)
        return not_yet(wf, message, "the delivery is not on the chain yet", info);
    if (chain->state != PURCHASING_DELIVERED && chain->state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_CHECK, "the request is %s: no key is awaited",
                         purchasing_state_name(chain->state, -1));
    GALEN_TRY(purchasing_bundle_digest(digest, late->bundle_cid, late->ek, info));
    GALEN_TRY(db_get_int(wf->db, index, -1, info,
                         "SELECT position FROM entry WHERE request_id = ? AND release_addr = ?"
                         " AND bundle_digest = ?",
                         DB_INT(chain->id), DB_BLOB(signer->bytes, 20), DB_BLOB(digest, 32)));
    if (*index >= 0)
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &seen, 0, info, "SELECT count(*) FROM entry WHERE request_id = ?",
                         DB_INT(chain->id)));
    if (seen != chain->count)
        return not_yet(wf, message, "the delivery's events have not come yet", info);
    return base_fail(info, GALEN_ERR_CHECK,
                     "no delivered entry is of this signer, this bundle and this key");
}

static enum galen_err read_chain(struct workflow *wf, struct purchasing_onchain *chain,
                                 uint64_t request_id, struct galen_errinfo *info)
{
    enum galen_err err = purchasing_read_chain(wf, chain, request_id, info);
    return err == GALEN_ERR_NOT_FOUND ? base_wrap(info, GALEN_ERR_CHECK, "late key") : err;
}

/* ---- the hospital passes it on ------------------------------------------------------------------ */

/* What is in it, checked as its recipient will. */
static enum galen_err check_inner(struct workflow *wf, struct message *inner,
                                  const struct message *outer, struct json_object *json,
                                  struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    struct purchasing_late_message late = {0};
    struct json_object *body = NULL;
    uint8_t id[32];
    int64_t index = 0;
    GALEN_TRY(record_json_get_object(&body, json, "body", RECORD_JSON_REQUIRED, "message", info));
    GALEN_TRY(purchasing_parse_late(&late, body, info));
    GALEN_TRY(read_chain(wf, &chain, late.request_id, info));
    if (!chain_address_equal(&chain.hospital, &outer->recipient))
        return base_fail(info, GALEN_ERR_CHECK, "the request is not this hospital's");
    GALEN_TRY(message_check(wf, inner, &chain.buyer, json, info));
    GALEN_TRY(record_json_hash(id, body, info));
    if (strcmp(inner->kind, MESSAGE_LATE_EK) != 0 || chain_address_is_zero(&inner->sender) ||
        memcmp(inner->id, id, 32) != 0 || late.bundle != NULL)
        return base_fail(info, GALEN_ERR_CHECK, "not a key for the buyer");
    return find_entry(wf, outer, &chain, &late, &inner->sender, &index, info);
}

enum galen_err purchasing_on_late_ek_relay(struct workflow *wf, const struct message *message,
                                           struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "message", NULL};
    struct json_object *json = NULL;
    struct message inner = {0};
    int64_t passed_on = 0;
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "late-ek-relay", info));
    GALEN_TRY(record_json_check_type(message->body, PURCHASING_LATE_EK_RELAY_TYPE, info));
    GALEN_TRY(record_json_get_object(&json, message->body, "message", RECORD_JSON_REQUIRED,
                                     "late-ek-relay", info));
    GALEN_TRY(check_inner(wf, &inner, message, json, info));
    /* Once an entry: its id follows from what the entry binds. */
    GALEN_TRY(db_get_int(wf->db, &passed_on, 0, info,
                         "SELECT count(*) FROM outbox WHERE recipient = ? AND kind = ?"
                         " AND message_id = ? AND expired_at IS NULL",
                         DB_BLOB(inner.recipient.bytes, 20), DB_TEXT(MESSAGE_LATE_EK),
                         DB_BLOB(inner.id, 32)));
    if (passed_on > 0)
        return GALEN_OK;
    enum galen_err err = message_pass_on(wf, &message->recipient, &inner, json, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "no contact card of the buyer is known here");
    return err;
}

/* ---- the buyer, or a manager, takes it in -------------------------------------------------------- */

static enum galen_err check_recipient(struct workflow *wf, const struct message *message,
                                      const struct purchasing_onchain *chain, bool *is_buyer,
                                      struct galen_errinfo *info)
{
    struct chain_address gm, rm;
    *is_buyer = chain_address_equal(&message->recipient, &chain->buyer);
    if (*is_buyer)
        return GALEN_OK;
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(&message->recipient, &gm) &&
        !chain_address_equal(&message->recipient, &rm))
        return base_fail(info, GALEN_ERR_CHECK, "a key is for the buyer and the managers alone");
    return GALEN_OK;
}

/* Kept with its entry; a verdict that the buyer came to without it is none. */
static enum galen_err keep_key(struct workflow *wf, const struct message *message,
                               const struct purchasing_late_message *late, int64_t index,
                               bool is_buyer, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    char subject[24];
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(workflow_set_cid(kept, "bundleCid", late->bundle_cid, info));
    GALEN_TRY(workflow_set_text(kept, "ek", late->ek, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    {
        DB_TRANSACTION_AUTO tx = {0};
        GALEN_TRY(db_begin(&tx, wf->db, info));
        GALEN_TRY(db_run(wf->db, info,
                         "INSERT INTO late_key VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         DB_BLOB(message->recipient.bytes, 20), DB_INT(late->request_id),
                         DB_INT(index), DB_BLOB(sealed.data, sealed.len), DB_INT(base_time_s())));
        if (is_buyer && db_changes(wf->db) == 1) {
            GALEN_TRY(db_run(wf->db, info,
                             "UPDATE request SET verified = NULL WHERE id = ? AND verified = 0",
                             DB_INT(late->request_id)));
            GALEN_TRY(db_run(wf->db, info, "DELETE FROM entry_fault WHERE request_id = ?",
                             DB_INT(late->request_id)));
        }
        GALEN_TRY(db_commit(&tx, info));
    }
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)late->request_id);
    return workflow_notify(wf, &message->recipient, "key-received", subject, info);
}

/* A manager's copy of the ciphertext, which the hospital may withhold. */
static enum galen_err keep_bundle(struct workflow *wf, const struct purchasing_late_message *late,
                                  struct galen_errinfo *info)
{
    const size_t len = strlen(late->bundle);
    uint8_t digest[32];
    store_digest(digest, (const uint8_t *)late->bundle, len);
    if (memcmp(digest, late->bundle_cid, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the bundle is not the one that it is said to be");
    return store_put(NULL, wf->store, late->bundle, len, info);
}

enum galen_err purchasing_on_late_ek(struct workflow *wf, const struct message *message,
                                     struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    struct purchasing_late_message late = {0};
    int64_t index = 0;
    bool is_buyer = false;
    GALEN_TRY(purchasing_parse_late(&late, message->body, info));
    GALEN_TRY(read_chain(wf, &chain, late.request_id, info));
    GALEN_TRY(check_recipient(wf, message, &chain, &is_buyer, info));
    GALEN_TRY(find_entry(wf, message, &chain, &late, &message->sender, &index, info));
    if (late.bundle != NULL && !is_buyer)
        GALEN_TRY(keep_bundle(wf, &late, info));
    return keep_key(wf, message, &late, index, is_buyer, info);
}

/* ---- kept ------------------------------------------------------------------------------------------ */

void purchasing_late_key_clear(struct purchasing_late_key *key)
{
    free(key->ek);
    *key = (struct purchasing_late_key){0};
}

enum galen_err purchasing_next_late_key(struct workflow *wf, struct purchasing_late_key *key,
                                        bool *found, uint64_t request_id,
                                        struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO kept = NULL;
    const char *cid = NULL;
    const char *ek = NULL;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT position, sealed FROM late_key WHERE request_id = ?"
                       " AND position >= ? ORDER BY position LIMIT 1",
                       DB_INT(request_id), DB_INT(key->index)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    key->index = (uint64_t)db_int(&rows, 0);
    GALEN_TRY(workflow_home_open(wf, &kept, db_blob(&rows, 1), info));
    GALEN_TRY(record_json_get_text(&cid, kept, "bundleCid", RECORD_JSON_REQUIRED, STORE_CID_TEXT,
                                   "late key", info));
    GALEN_TRY(store_cid_parse(key->bundle_cid, cid, info));
    GALEN_TRY(purchasing_get_ek(&ek, kept, "late key", info));
    key->ek = strdup(ek);
    return key->ek != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}
