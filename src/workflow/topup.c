/*
 * More releases of a record, the patient's side and the hospital's. The patient does not know its
 * record's doctor, so it asks the record's hospital, which lists the requests of all its patients:
 *
 *   topup-wanted  to the hospital, signed by the patient: {type galen.topup-wanted/1, recordId,
 * tag} the list      GET /api/v1/topups/HOSPITAL, to anyone: {type galen.topups/1, hospital, tags}
 *   topup         to the patient, by the group signature alone: {type galen.topup/1, context
 * {patient, recordId, tag}, releases, keyVersion, sig}, sig over topup_msg32
 *
 * A tag is a MAC under a key that the record's doctor and patient have (record_topup_tag): on the
 * list nobody else can tell which record has sold out, nor the hospital who looked for which. The
 * patient takes what answers a request of its own, once, and holds exactly its record's content.
 */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"
#include "workflow/verify.h"

#include <string.h>

#define DAY_S         86400
#define ASK_AGAIN_S   (7 * DAY_S) /* when nothing came */
#define HOSPITAL_KEEP (2 * TOPUP_DAYS * DAY_S)

enum galen_err topup_msg32(const struct workflow *wf, uint8_t msg32[32],
                           const struct chain_address *patient, const uint8_t root32[32],
                           const uint8_t tag32[32], struct json_object *releases,
                           struct galen_errinfo *info)
{
    uint8_t hash32[32];
    GALEN_TRY(record_json_hash(hash32, releases, info));
    const struct base_view parts[] = {
        {patient->bytes, 20}, {root32, 32}, {tag32, 32}, {hash32, 32}};
    return storing_bound_digest(wf, msg32, "galen/topup/1", parts, 4, info);
}

/* ---- the patient asks ---------------------------------------------------------------------------- */

static enum galen_err send_wanted(struct workflow *wf, const struct storing_opened *record,
                                  const struct chain_address *hospital, const uint8_t tag32[32],
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", TOPUP_WANTED_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "recordId", record->idrec, 32, info));
    GALEN_TRY(record_json_set_hex(body, "tag", tag32, 32, info));
    return message_send(wf, &record->owner, hospital, MESSAGE_TOPUP_WANTED, tag32, body, info);
}

static enum galen_err ask(struct workflow *wf, const struct storing_opened *record,
                          struct json_object **result, struct galen_errinfo *info)
{
    uint8_t key32[32], tag32[32];
    struct chain_address hospital;
    RECORD_JSON_AUTO made = NULL;
    int64_t answered = 0;
    if (strcmp(record->state, "anchored") != 0)
        return base_fail(info, GALEN_ERR_STATE, "the record is %s, not anchored", record->state);
    GALEN_TRY(storing_hospital_of(&hospital, record->record, info));
    GALEN_TRY(record_topup_key(key32, record->seed, info));
    GALEN_TRY(record_topup_tag(tag32, key32, base_time_s() / DAY_S, info));
    base_wipe(key32, sizeof key32);
    GALEN_TRY(db_get_int(wf->db, &answered, 0, info,
                         "SELECT count(*) FROM topup WHERE holder = ? AND side = 'patient'"
                         " AND tag = ? AND state <> 'open'",
                         DB_BLOB(record->owner.bytes, 20), DB_BLOB(tag32, 32)));
    if (answered > 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "a record can be topped up once a day",
                          "today's request for this record was answered");
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "merkleRoot", record->idrec, 32, info));
    GALEN_TRY(workflow_set_address(made, "hospital", &hospital, info));
    if (!wf->dry_run) {
        GALEN_TRY(workflow_can_send(wf, &record->owner, info)); /* before it: an intent must stay */
        DB_TRANSACTION_AUTO both = {0};
        GALEN_TRY(db_begin(&both, wf->db, info));
        GALEN_TRY(db_run(wf->db, info,
                         "INSERT INTO topup VALUES (?1, 'patient', ?2, ?1, ?3, 'open', NULL, ?4)"
                         " ON CONFLICT DO NOTHING",
                         DB_BLOB(record->owner.bytes, 20), DB_BLOB(record->idrec, 32),
                         DB_BLOB(tag32, 32), DB_INT(base_time_s())));
        GALEN_TRY(send_wanted(wf, record, &hospital, tag32, info));
        GALEN_TRY(db_commit(&both, info));
    } else {
        GALEN_TRY(workflow_set_bool(made, "dryRun", true, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err topup_ask(struct workflow *wf, const char *reference, struct json_object **result,
                         struct galen_errinfo *info)
{
    STORING_OPENED_AUTO record = {0};
    GALEN_TRY(storing_open_record(wf, reference, &record, info));
    GALEN_TRY(workflow_check_actor(wf, &record.owner, info));
    return ask(wf, &record, result, info);
}

/* Records that were sold out, and were not asked about of late. */
static enum galen_err ask_for_sold_out(struct workflow *wf, struct galen_errinfo *info)
{
    const int64_t now = base_time_s();
    for (int64_t after = 0;;) {
        STORING_OPENED_AUTO record = {0};
        struct galen_errinfo why = {0};
        GALEN_TRY(db_get_int(
            wf->db, &after, 0, info,
            "SELECT r.id FROM record r WHERE r.id > ?1 AND r.side = 'patient'"
            " AND r.state = 'anchored'"
            " AND r.id IN (SELECT record_id FROM release WHERE request_id IS NOT NULL)"
            " AND NOT EXISTS (SELECT 1 FROM release l WHERE l.record_id = r.id"
            " AND l.request_id IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM topup t WHERE t.holder = r.holder"
            " AND t.side = 'patient' AND t.record_root = r.merkle_root AND (t.created_at >= ?2"
            " OR (t.state = 'open' AND t.created_at > ?3))) ORDER BY r.id LIMIT 1",
            DB_INT(after), DB_INT(now / DAY_S * DAY_S), DB_INT(now - ASK_AGAIN_S)));
        if (after == 0)
            return GALEN_OK;
        enum galen_err err = storing_open_row(wf, after, &record, &why);
        if (err == GALEN_OK)
            err = ask(wf, &record, NULL, &why);
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
    }
}

enum galen_err topup_retry(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->keys == NULL || wf->dry_run)
        return GALEN_OK;
    GALEN_TRY(ask_for_sold_out(wf, info));
    return topup_answer_open(wf, info);
}

/* ---- the hospital lists -------------------------------------------------------------------------- */

enum galen_err topup_on_wanted(struct workflow *wf, const struct message *message,
                               struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "recordId", "tag", NULL};
    static const char where[] = "topup-wanted";
    uint8_t root[32], tag[32];
    int64_t known = 0, listed = 0;
    const int64_t now = base_time_s();
    GALEN_TRY(steps_need_role(wf, &message->recipient, "hospital", info));
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, TOPUP_WANTED_TYPE, info));
    GALEN_TRY(record_json_get_hex(root, 32, message->body, "recordId", RECORD_JSON_REQUIRED, where,
                                  info));
    GALEN_TRY(
        record_json_get_hex(tag, 32, message->body, "tag", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(db_get_int(wf->db, &known, 0, info,
                         "SELECT count(*) FROM index_card WHERE hospital = ? AND record_root = ?"
                         " AND patient = ?",
                         DB_BLOB(message->recipient.bytes, 20), DB_BLOB(root, 32),
                         DB_BLOB(message->sender.bytes, 20)));
    if (known == 0)
        return base_fail(info, GALEN_ERR_CHECK, "the sender has no such record of this hospital's");
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    /* The newest one stands for the record. */
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE topup SET state = 'done' WHERE holder = ? AND side = 'hospital'"
                     " AND record_root = ? AND patient = ? AND tag <> ? AND state = 'open'",
                     DB_BLOB(message->recipient.bytes, 20), DB_BLOB(root, 32),
                     DB_BLOB(message->sender.bytes, 20), DB_BLOB(tag, 32)));
    GALEN_TRY(db_run(wf->db, info,
                     "DELETE FROM topup WHERE holder = ? AND side = 'hospital' AND created_at < ?",
                     DB_BLOB(message->recipient.bytes, 20), DB_INT(now - HOSPITAL_KEEP)));
    GALEN_TRY(db_get_int(wf->db, &listed, 0, info,
                         "SELECT count(*) FROM topup WHERE side = 'hospital' AND holder = ?"
                         " AND state = 'open' AND created_at > ?",
                         DB_BLOB(message->recipient.bytes, 20),
                         DB_INT(now - (int64_t)TOPUP_DAYS * DAY_S)));
    if (listed >= TOPUP_LIST_MAX)
        return base_fail(info, GALEN_ERR_STATE, "the list of top-up requests is full");
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO topup VALUES (?, 'hospital', ?, ?, ?, 'open', NULL, ?)"
                     " ON CONFLICT DO NOTHING",
                     DB_BLOB(message->recipient.bytes, 20), DB_BLOB(root, 32),
                     DB_BLOB(message->sender.bytes, 20), DB_BLOB(tag, 32), DB_INT(now)));
    return db_commit(&tx, info);
}

enum galen_err topup_list(struct workflow *wf, const struct chain_address *hospital,
                          struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO tags = NULL;
    DB_ROWS_AUTO rows = {0};
    bool own = false;
    const char *role = NULL;
    GALEN_TRY(workflow_is_own(wf, &own, &role, hospital, info));
    if (!own || role == NULL || strcmp(role, "hospital") != 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "there is no such hospital here");
    GALEN_TRY(workflow_array(&tags, info));
    /* In the order of the tags, which is none. */
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT tag FROM topup WHERE side = 'hospital' AND holder = ?"
                       " AND state = 'open' AND created_at > ? ORDER BY tag LIMIT ?",
                       DB_BLOB(hospital->bytes, 20),
                       DB_INT(base_time_s() - (int64_t)TOPUP_DAYS * DAY_S),
                       DB_INT(TOPUP_LIST_MAX)));
    for (;;) {
        uint8_t tag[32];
        char text[2 + 64 + 1] = "0x";
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(db_bytes(&rows, 0, tag, 32, info));
        base_hex_encode(text + 2, tag, 32);
        GALEN_TRY(record_json_push(tags, json_object_new_string(text), info));
    }
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "type", TOPUP_LIST_TYPE, info));
    GALEN_TRY(workflow_set_address(made, "hospital", hospital, info));
    GALEN_TRY(workflow_set_object(made, "tags", &tags, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- the answer comes in -------------------------------------------------------------------------- */

struct answer {
    uint8_t root[32], tag[32], sig[GROUPSIG_SIGNATURE_BYTES];
    uint32_t key_version;
    struct json_object *releases; /* borrowed */
};

static enum galen_err parse_answer(struct answer *out, const struct message *message,
                                   struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "context", "releases", "keyVersion", "sig", NULL};
    static const char *const context_keys[] = {"patient", "recordId", "tag", NULL};
    static const char where[] = "topup";
    struct json_object *context = NULL;
    struct chain_address patient;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, TOPUP_TYPE, info));
    GALEN_TRY(record_json_get_object(&context, message->body, "context", RECORD_JSON_REQUIRED,
                                     where, info));
    GALEN_TRY(record_json_check_keys(context, context_keys, NULL, where, info));
    GALEN_TRY(workflow_get_address(&patient, context, "patient", where, info));
    GALEN_TRY(
        record_json_get_hex(out->root, 32, context, "recordId", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_hex(out->tag, 32, context, "tag", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_array(&out->releases, message->body, "releases", RECORD_JSON_REQUIRED,
                                    1, STORING_MAX_RELEASES, where, info));
    GALEN_TRY(record_json_get_int(&version, message->body, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                  UINT32_MAX, where, info));
    GALEN_TRY(record_json_get_hex(out->sig, sizeof out->sig, message->body, "sig",
                                  RECORD_JSON_REQUIRED, where, info));
    out->key_version = (uint32_t)version;
    if (!chain_address_equal(&patient, &message->recipient))
        return base_fail(info, GALEN_ERR_CHECK, "top-up: it was made for another patient");
    return GALEN_OK;
}

/* An answer to a request of this patient's that is still open; the record's row. */
static enum galen_err find_request(struct workflow *wf, const struct answer *answer,
                                   const struct chain_address *patient, int64_t *record_id,
                                   struct galen_errinfo *info)
{
    int64_t open = -1;
    GALEN_TRY(db_get_int(wf->db, &open, -1, info,
                         "SELECT state = 'open' AND created_at > ? FROM topup WHERE holder = ?"
                         " AND side = 'patient' AND record_root = ? AND tag = ?",
                         DB_INT(base_time_s() - (int64_t)TOPUP_DAYS * DAY_S),
                         DB_BLOB(patient->bytes, 20), DB_BLOB(answer->root, 32),
                         DB_BLOB(answer->tag, 32)));
    if (open < 0)
        return base_fail(info, GALEN_ERR_CHECK, "top-up: nobody here asked for it");
    if (open == 0)
        return base_fail(info, GALEN_ERR_CHECK, "top-up: the request was answered, or is too old");
    GALEN_TRY(db_get_int(wf->db, record_id, 0, info,
                         "SELECT id FROM record WHERE holder = ? AND side = 'patient'"
                         " AND merkle_root = ? AND state = 'anchored'",
                         DB_BLOB(patient->bytes, 20), DB_BLOB(answer->root, 32)));
    if (*record_id == 0)
        return base_fail(info, GALEN_ERR_STATE, "top-up: its record is not anchored");
    return GALEN_OK;
}

static enum galen_err check_signature(struct workflow *wf, const struct revocation_list *list,
                                      uint32_t key_version, const uint8_t sig362[362],
                                      const uint8_t msg32[32], struct galen_errinfo *info)
{
    struct groupsig_verified verified;
    bool valid = false;
    GALEN_TRY(workflow_verify_signature(wf, &valid, &verified, key_version, sig362, msg32, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK, "top-up: a group signature is not valid");
    return storing_check_unrevoked(list, base_time_s(), &verified, info);
}

/* By an accredited doctor, under the key in force, as a whole. */
static enum galen_err check_doctor(struct workflow *wf, const struct answer *answer,
                                   const struct chain_address *patient,
                                   const struct revocation_list *list, struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    uint32_t current = 0;
    uint8_t msg32[32];
    GALEN_TRY(workflow_current_key(wf, &current, &key, info));
    if (answer->key_version > current)
        return storing_unknown_version(wf, answer->key_version, info);
    if (answer->key_version != current)
        return base_fail(info, GALEN_ERR_CHECK,
                         "top-up: signed under group key version %u, and %u is in force",
                         answer->key_version, current);
    GALEN_TRY(topup_msg32(wf, msg32, patient, answer->root, answer->tag, answer->releases, info));
    return check_signature(wf, list, answer->key_version, answer->sig, msg32, info);
}

/* Each is this record's release, for this patient's sale key, by a doctor whose signature buyers
 * will take. */
static enum galen_err check_releases(struct workflow *wf, const struct answer *answer,
                                     const struct storing_opened *record,
                                     const struct revocation_list *list,
                                     uint8_t roots[STORING_MAX_RELEASES][32], size_t *n,
                                     struct galen_errinfo *info)
{
    const struct storing_opened given = {.key_version = answer->key_version,
                                         .releases = answer->releases};
    RECORD_JSON_AUTO content = NULL;
    GALEN_TRY(record_release_content(&content, record->record, info));
    GALEN_TRY(storing_check_releases(wf, &given, &record->owner, roots, n, info));
    for (size_t i = 0; i < *n; i++) {
        RECORD_RELEASE_AUTO release = {0};
        struct chain_address address;
        uint8_t msg32[32];
        GALEN_TRY(
            record_release_parse(&release, json_object_array_get_idx(answer->releases, i), info));
        if (!json_object_equal(release.content, content))
            return base_fail(info, GALEN_ERR_CHECK,
                             "top-up: a release does not hold what this record gives");
        GALEN_TRY(chain_address_parse(&address, release.release_address, info));
        GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                                       roots[i], address.bytes, info));
        GALEN_TRY(check_signature(wf, list, release.key_version, release.sig, msg32, info));
    }
    return GALEN_OK;
}

/* In one transaction: the releases, and the request is answered. */
static enum galen_err keep(struct workflow *wf, const struct answer *answer,
                           const struct storing_opened *record,
                           uint8_t roots[STORING_MAX_RELEASES][32], size_t n,
                           struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    char subject[65];
    int64_t left = 0, next = 0;
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(storing_releases_left(wf, record->id, &left, info));
    if (left + (int64_t)n > STORING_MAX_RELEASES)
        return base_fail(info, GALEN_ERR_CHECK, "top-up: %zu more would be over %d releases", n,
                         STORING_MAX_RELEASES);
    GALEN_TRY(db_get_int(wf->db, &next, 0, info,
                         "SELECT coalesce(max(position) + 1, 0) FROM release WHERE record_id = ?",
                         DB_INT(record->id)));
    if (next < (int64_t)json_object_array_length(record->releases))
        next = (int64_t)json_object_array_length(record->releases);
    for (size_t i = 0; i < n; i++) {
        BASE_BUF_AUTO sealed = {0};
        GALEN_TRY(
            workflow_home_seal(wf, &sealed, json_object_array_get_idx(answer->releases, i), info));
        enum galen_err err = db_run(wf->db, info, "INSERT INTO release VALUES (?, ?, ?, NULL, ?)",
                                    DB_BLOB(roots[i], 32), DB_INT(record->id),
                                    DB_INT(next + (int64_t)i), DB_BLOB(sealed.data, sealed.len));
        if (err == GALEN_ERR_EXISTS)
            return base_fail(info, GALEN_ERR_CHECK, "top-up: one of its releases is here already");
        GALEN_TRY(err);
    }
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE topup SET state = 'done' WHERE holder = ? AND side = 'patient'"
                     " AND tag = ?",
                     DB_BLOB(record->owner.bytes, 20), DB_BLOB(answer->tag, 32)));
    base_hex_encode(subject, record->idrec, 32);
    GALEN_TRY(workflow_notify(wf, &record->owner, "topup", subject, info));
    return db_commit(&tx, info);
}

enum galen_err topup_on_answer(struct workflow *wf, const struct message *message,
                               struct galen_errinfo *info)
{
    struct answer answer = {0};
    STORING_OPENED_AUTO record = {0};
    REVOCATION_LIST_AUTO list = {0};
    uint8_t roots[STORING_MAX_RELEASES][32];
    size_t n = 0;
    int64_t id = 0;
    GALEN_TRY(steps_need_role(wf, &message->recipient, "patient", info));
    GALEN_TRY(parse_answer(&answer, message, info));
    GALEN_TRY(find_request(wf, &answer, &message->recipient, &id, info));
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    GALEN_TRY(check_doctor(wf, &answer, &message->recipient, &list, info));
    GALEN_TRY(storing_open_row(wf, id, &record, info));
    GALEN_TRY(check_releases(wf, &answer, &record, &list, roots, &n, info));
    return keep(wf, &answer, &record, roots, n, info);
}

enum galen_err topup_add_kept(struct workflow *wf, struct storing_opened *opened,
                              struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT position, sealed FROM release WHERE record_id = ?"
                       " AND sealed IS NOT NULL ORDER BY position",
                       DB_INT(opened->id)));
    for (;;) {
        RECORD_JSON_AUTO release = NULL;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        if (db_int(&rows, 0) != (int64_t)json_object_array_length(opened->releases))
            return base_fail(info, GALEN_ERR_CHECK, "a release of the record is out of its place");
        GALEN_TRY(workflow_home_open(wf, &release, db_blob(&rows, 1), info));
        GALEN_TRY(workflow_push(opened->releases, &release, info));
    }
}
