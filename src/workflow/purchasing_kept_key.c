/*
 * Purchasing, step 3, the patient's side of a key that it kept: once the sealed delivery's events
 * are here, the entry on the chain is held against what was consented to, field by field. Only when
 * it is that and nothing else, and there is time left, the key goes to the buyer; so nobody has had
 * the data by then but under an entry that pays for it.
 *
 *   kept ─▶ sent      on its way, by the hospital
 *        ─▶ refused   the entry is not the one agreed to, or settled
 *        ─▶ late      half the verify window was over: it would have been given for a refund
 *        ─▶ unused    the delivery is without this record
 *
 * The message leaves before the row says 'sent': after a crash it is made again and its like in the
 * outbox, or at the hospital, counts once.
 */
#include <string.h>

#include "workflow/dispute_internal.h"

#define BUNDLE_MAX (512 * 1024) /* what of it a message to the managers takes */

struct kept {
    int64_t row;
    struct purchasing_question question;
    struct purchasing_offer answer; /* what was consented to; its ek is the kept one */
};
static void kept_clear(struct kept *kept)
{
    purchasing_offer_clear(&kept->answer);
}
#define KEPT_AUTO GALEN_CLEANUP(kept_clear) struct kept

/* ---- read ---------------------------------------------------------------------------------------- */

/* The first row after kept->row that the query names, its columns being rowid, patient, hospital,
 * sealed. */
static enum galen_err next_kept(struct workflow *wf, struct kept *kept, const char *sql,
                                bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO sealed = NULL;
    struct json_object *given = NULL;
    struct json_object *wanted = NULL;
    const char *ek = NULL;
    uint64_t id = 0;
    uint8_t template_hash[32];
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_INT(kept->row)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    kept->row = db_int(&rows, 0);
    GALEN_TRY(db_bytes(&rows, 1, kept->question.patient.bytes, 20, info));
    GALEN_TRY(db_bytes(&rows, 2, kept->question.hospital.bytes, 20, info));
    GALEN_TRY(workflow_home_open(wf, &sealed, db_blob(&rows, 3), info));
    GALEN_TRY(
        record_json_get_object(&wanted, sealed, "wanted", RECORD_JSON_REQUIRED, "consent", info));
    GALEN_TRY(
        record_json_get_object(&given, sealed, "given", RECORD_JSON_REQUIRED, "consent", info));
    GALEN_TRY(purchasing_get_ek(&ek, sealed, "consent", info));
    GALEN_TRY(purchasing_parse_wanted(&kept->question, template_hash, wanted, info));
    GALEN_TRY(purchasing_parse_given(&kept->answer, given, &id, NULL, info));
    kept->answer.ek = strdup(ek);
    return kept->answer.ek != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

static enum galen_err set_state(struct workflow *wf, const struct kept *kept, const char *state,
                                const char *reason, struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE consent SET key_state = ?, key_at = ?, key_reason = ? WHERE rowid = ?"
                  " AND key_state = 'kept'",
                  DB_TEXT(state), DB_INT(base_time_s()), DB_TEXT(reason), DB_INT(kept->row));
}

/* The patient is told about its record of this request. */
static enum galen_err tell(struct workflow *wf, const struct kept *kept, const char *kind,
                           const char *what, struct galen_errinfo *info)
{
    char subject[256];
    char root[65];
    base_hex_encode(root, kept->question.record_root, 32);
    snprintf(subject, sizeof subject, "%llu 0x%s%s%s",
             (unsigned long long)kept->question.request_id, root, what != NULL ? " " : "",
             what != NULL ? what : "");
    return workflow_notify(wf, &kept->question.patient, kind, subject, info);
}

/* ---- compared ------------------------------------------------------------------------------------ */

/* The first field in which the chain's entry is not the one agreed to; NULL: none. */
static const char *find_difference(const struct purchasing_entry *mine,
                                   const struct purchasing_entry *theirs)
{
    struct groupsig_signature parsed;
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES];
    if (!chain_address_equal(&mine->release_addr, &theirs->release_addr))
        return "releaseAddr";
    if (!chain_address_equal(&mine->payout, &theirs->payout))
        return "payout";
    if (memcmp(mine->bundle_digest, theirs->bundle_digest, 32) != 0)
        return "bundleDigest";
    if (chain_u256_compare(&mine->min_payout, &theirs->min_payout) != 0)
        return "minPayout";
    if (mine->key_version != theirs->key_version)
        return "keyVersion";
    if (memcmp(mine->sig, theirs->sig, sizeof mine->sig) != 0)
        return "sig";
    if (memcmp(mine->consent, theirs->consent, sizeof mine->consent) != 0)
        return "consent";
    /* The hospital computes these, and with wrong ones the contract gives the buyer its money back.
     */
    if (groupsig_signature_parse(&parsed, mine->sig, sizeof mine->sig) != GROUPSIG_OK)
        return "sig";
    groupsig_signature_ys(&parsed, ys);
    return memcmp(ys, theirs->ys, sizeof ys) != 0 ? "ys" : NULL;
}

/* *index < 0: the delivery, of which every entry is here, is without this record. */
static enum galen_err find_index(struct workflow *wf, const struct kept *kept,
                                 const struct purchasing_onchain *chain, int64_t *index,
                                 struct galen_errinfo *info)
{
    int64_t seen = 0;
    GALEN_TRY(db_get_int(wf->db, &seen, 0, info, "SELECT count(*) FROM entry WHERE request_id = ?",
                         DB_INT(chain->id)));
    if (seen != chain->count)
        return base_fail(info, GALEN_ERR_STATE, "not all of the delivery's events are here");
    return db_get_int(wf->db, index, -1, info,
                      "SELECT position FROM entry WHERE request_id = ? AND release_root = ?",
                      DB_INT(chain->id), DB_BLOB(kept->answer.entry.release_root, 32));
}

/* Why the key must not leave, in reason, which else stays empty. */
static enum galen_err find_refusal(struct workflow *wf, const struct kept *kept, int64_t index,
                                   const struct purchasing_onchain *chain, char reason[160],
                                   struct galen_errinfo *info)
{
    struct purchasing_entry entry = {0};
    struct dispute_entry standing;
    const char *what = NULL;
    bool found = false;
    if (!chain_address_equal(&chain->hospital, &kept->question.hospital)) {
        snprintf(reason, 160, "another hospital has delivered");
        return GALEN_OK;
    }
    GALEN_TRY(purchasing_load_entry(wf, &found, &entry, chain->id, (uint64_t)index, info));
    what = find_difference(&kept->answer.entry, &entry);
    if (what != NULL) {
        snprintf(reason, 160, "the entry's %s on the chain is not the one consented to", what);
        return GALEN_OK;
    }
    /* As strict as the contract. */
    GALEN_TRY(dispute_find_fault(wf, &what, chain->id, &entry, info));
    if (what != NULL) {
        snprintf(reason, 160, "the contract would find the entry invalid: %s", what);
        return GALEN_OK;
    }
    GALEN_TRY(dispute_read_entry(wf, &standing, chain->id, (uint64_t)index, info));
    if (dispute_is_settled(standing.status))
        snprintf(reason, 160, "the entry is %s already", dispute_status_name(standing.status));
    return GALEN_OK;
}

/* ---- sent ------------------------------------------------------------------------------------------ */

static enum galen_err load_release_key(struct workflow *wf, struct chain_key *key,
                                       const struct kept *kept,
                                       const struct purchasing_onchain *chain,
                                       struct galen_errinfo *info)
{
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TEMPLATE_AUTO wanted = {0};
    struct purchasing_row row;
    uint8_t root[32];
    int64_t record_id = 0;
    GALEN_TRY(purchasing_read_row(wf, &row, chain->id, info));
    GALEN_TRY(purchasing_read_template(wf, &wanted, NULL, &row, chain, info));
    GALEN_TRY(purchasing_pick_release(wf, &release, root, &record_id, &kept->question, &wanted,
                                      purchasing_request_year(&row), info));
    GALEN_TRY(purchasing_release_key(wf, key, &kept->question.patient, &release, info));
    if (!chain_address_equal(&key->address, &kept->answer.entry.release_addr))
        return base_fail(info, GALEN_ERR_CHECK, "the release is not the one that was sold");
    return GALEN_OK;
}

/* No wallet signs: releaseAddr's signature inside is the proof, and whose it is the hospital knows.
 */
static enum galen_err send_to_buyer(struct workflow *wf, const struct kept *kept,
                                    const struct purchasing_onchain *chain,
                                    const struct chain_key *key, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO message = NULL;
    RECORD_JSON_AUTO relay = NULL;
    uint8_t id[32];
    GALEN_TRY(purchasing_late_body(&body, id, chain->id, kept->answer.bundle_cid, kept->answer.ek,
                                   NULL, info));
    GALEN_TRY(message_sign(wf, &message, key, &chain->buyer, MESSAGE_LATE_EK, id, body, info));
    GALEN_TRY(workflow_object(&relay, info));
    GALEN_TRY(workflow_set_text(relay, "type", PURCHASING_LATE_EK_RELAY_TYPE, info));
    GALEN_TRY(workflow_set_object(relay, "message", &message, info));
    return message_send_unsigned(wf, &kept->question.patient, &kept->question.hospital,
                                 MESSAGE_LATE_EK_RELAY, id, relay, info);
}

static enum galen_err send_one(struct workflow *wf, const struct kept *kept,
                               struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    struct purchasing_onchain chain;
    char reason[160] = "";
    int64_t index = 0;
    bool same = false;
    GALEN_TRY(purchasing_read_chain(wf, &chain, kept->question.request_id, info));
    if (chain.state == PURCHASING_REPLIED) /* a reorganisation took the delivery back */
        return base_fail(info, GALEN_ERR_STATE, "the request is not delivered");
    GALEN_TRY(find_index(wf, kept, &chain, &index, info));
    if (index < 0)
        return set_state(wf, kept, "unused", NULL, info);
    GALEN_TRY(find_refusal(wf, kept, index, &chain, reason, info));
    if (reason[0] != '\0') {
        GALEN_TRY(tell(wf, kept, "key-refused", reason, info));
        return set_state(wf, kept, "refused", reason, info);
    }
    if (chain.state != PURCHASING_DELIVERED || chain.now >= purchasing_keys_due(&chain)) {
        GALEN_TRY(tell(wf, kept, "key-late", NULL, info));
        return set_state(wf, kept, "late", NULL, info);
    }
    /* An endpoint may tell of an entry that the contract has not. */
    GALEN_TRY(purchasing_entry_anchored(wf, &same, &chain, (uint64_t)index, info));
    if (!same)
        return base_fail(info, GALEN_ERR_STATE,
                         "the events are not of the entries that the contract keeps");
    GALEN_TRY(load_release_key(wf, &key, kept, &chain, info));
    GALEN_TRY(send_to_buyer(wf, kept, &chain, &key, info));
    GALEN_TRY(tell(wf, kept, "key-sent", NULL, info));
    return set_state(wf, kept, "sent", NULL, info);
}

/* ---- in a dispute ------------------------------------------------------------------------------------ */

/* Both managers get key and bundle from here: what they cannot get is ruled Refund, so that neither
 * may be the hospital's to withhold. */
static enum galen_err tell_managers(struct workflow *wf, const struct kept *kept,
                                    struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    RECORD_JSON_AUTO body = NULL;
    BASE_BUF_AUTO bundle = {0};
    struct purchasing_onchain chain;
    struct chain_address managers[2];
    uint8_t id[32];
    GALEN_TRY(purchasing_read_chain(wf, &chain, kept->question.request_id, info));
    GALEN_TRY(dispute_check_managers(wf, managers, info));
    GALEN_TRY(load_release_key(wf, &key, kept, &chain, info));
    enum galen_err err = store_get_local(&bundle, wf->store, kept->answer.bundle_cid, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND && err != GALEN_ERR_CHECK)
        return err;
    const bool has_bundle = err == GALEN_OK && bundle.len <= BUNDLE_MAX;
    GALEN_TRY(purchasing_late_body(&body, id, chain.id, kept->answer.bundle_cid, kept->answer.ek,
                                   has_bundle ? &bundle : NULL, info));
    for (size_t i = 0; i < 2; i++) {
        RECORD_JSON_AUTO json = NULL;
        struct message message = {0};
        GALEN_TRY(message_sign(wf, &json, &key, &managers[i], MESSAGE_LATE_EK, id, body, info));
        GALEN_TRY(message_check(wf, &message, &managers[i], json, info));
        GALEN_TRY(message_pass_on(wf, &kept->question.patient, &message, json, info));
    }
    return db_run(wf->db, info, "UPDATE consent SET key_told = 1 WHERE rowid = ?",
                  DB_INT(kept->row));
}

/* ---- all of them -------------------------------------------------------------------------------------- */

static const char delivered_sql[] =
    "SELECT c.rowid, c.patient, c.hospital, c.sealed FROM consent c JOIN request r"
    " ON r.id = c.request_id WHERE c.rowid > ? AND c.side = 'patient' AND c.state = 'given'"
    " AND c.key_state = 'kept' AND r.delivered_at IS NOT NULL ORDER BY c.rowid LIMIT 1";
static const char disputed_sql[] =
    "SELECT c.rowid, c.patient, c.hospital, c.sealed FROM consent c JOIN entry e"
    " ON e.request_id = c.request_id AND e.release_root = c.release_root AND e.status = 2"
    " WHERE c.rowid > ? AND c.side = 'patient' AND c.key_state = 'sent' AND c.key_told = 0"
    " ORDER BY c.rowid LIMIT 1";

static enum galen_err each_kept(struct workflow *wf, const char *sql,
                                enum galen_err (*step)(struct workflow *wf, const struct kept *kept,
                                                       struct galen_errinfo *info),
                                struct galen_errinfo *info)
{
    for (int64_t row = 0;;) {
        KEPT_AUTO kept = {.row = row};
        struct galen_errinfo why = {0};
        bool found = false;
        GALEN_TRY(next_kept(wf, &kept, sql, &found, info));
        if (!found)
            return GALEN_OK;
        row = kept.row;
        enum galen_err err = step(wf, &kept, &why);
        if (err != GALEN_OK && err != GALEN_ERR_NETWORK && steps_is_fatal(err))
            return base_raise(info, err, &why);
        if (err != GALEN_OK)
            base_log(BASE_LOG_INFO, "a kept key of request %llu waits: %s",
                     (unsigned long long)kept.question.request_id, why.what);
    }
}

enum galen_err purchasing_send_keys(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->dry_run || wf->keys == NULL)
        return GALEN_OK;
    GALEN_TRY(each_kept(wf, delivered_sql, send_one, info));
    return each_kept(wf, disputed_sql, tell_managers, info);
}
