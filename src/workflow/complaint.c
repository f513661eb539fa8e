/* A complaint as it is made, as a manager's home takes it in, and who is told of it. */
#include <string.h>

#include "workflow/complaint_internal.h"
#include "workflow/dispute_internal.h"

#define COMPLAINT_TYPE "galen.record-complaint/1"
#define NOTICE_TYPE    "galen.record-complaint-notice/1"
#define ID_DOMAIN      "galen/record-complaint/1"
#define ENVELOPE_MAX   (512 * 1024) /* what of it a message takes */

static enum galen_err make_id(const struct workflow *wf, struct complaint *complaint,
                              struct galen_errinfo *info)
{
    const struct base_view parts[] = {
        {complaint->record.root, 32},
        {complaint->record.owner.bytes, 20},
        {complaint->record.cid, 32},
        {complaint->complainant.bytes, 20},
    };
    return storing_bound_digest(wf, complaint->id, ID_DOMAIN, parts, 4, info);
}

/* ---- who is told ------------------------------------------------------------------------------------ */

enum galen_err complaint_notify(struct workflow *wf, const struct complaint *complaint,
                                const char *kind, struct galen_errinfo *info)
{
    char subject[65];
    base_hex_encode(subject, complaint->id, 32);
    return workflow_notify(wf, &complaint->holder, kind, subject, info);
}

enum galen_err complaint_tell(struct workflow *wf, const struct complaint *complaint,
                              const char *state, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    struct galen_errinfo why = {0};
    uint8_t id32[32];
    const struct chain_address *owner = &complaint->record.owner;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", NOTICE_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", complaint->id, 32, info));
    GALEN_TRY(record_json_set_hex(body, "merkleRoot", complaint->record.root, 32, info));
    GALEN_TRY(workflow_set_address(body, "complainant", &complaint->complainant, info));
    GALEN_TRY(workflow_set_text(body, "state", state, info));
    GALEN_TRY(record_json_hash(id32, body, info));
    GALEN_TRY(
        message_send(wf, &complaint->holder, owner, MESSAGE_COMPLAINT_NOTICE, id32, body, info));
    if (chain_address_equal(owner, &complaint->complainant))
        return GALEN_OK;
    enum galen_err err = message_send(wf, &complaint->holder, &complaint->complainant,
                                      MESSAGE_COMPLAINT_NOTICE, id32, body, &why);
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : base_raise(info, err, &why);
}

/* ---- made ------------------------------------------------------------------------------------------------ */

/* *proof stays NULL for the patient's own record. */
static enum galen_err find_record(struct workflow *wf, struct complaint *out, const char *reference,
                                  struct json_object **proof, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    enum galen_err err = storing_find_row(wf, &out->record, reference, "patient", &why);
    if (err == GALEN_OK && chain_address_equal(&out->record.holder, &out->holder))
        return GALEN_OK;
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return base_raise(info, err, &why);
    uint8_t cid[32];
    if (store_cid_parse(cid, reference, NULL) != GALEN_OK)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "patients name a record, who has read one names the share's CID: 'galen "
                          "record list', 'galen share list'",
                          "no such record or share of the complainant's is here");
    out->record = (struct storing_row){0};
    return sharing_prove(wf, &out->holder, cid, &out->record, proof, info);
}

/* As far as it is at hand: the managers look for it too. */
static enum galen_err add_envelope(struct workflow *wf, struct json_object *body,
                                   const struct complaint *complaint, struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    struct galen_errinfo why = {0};
    enum galen_err err = store_get_local(&block, wf->store, complaint->record.cid, &why);
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK ||
        (err == GALEN_OK && block.len > ENVELOPE_MAX))
        return GALEN_OK;
    if (err != GALEN_OK)
        return base_raise(info, err, &why);
    return workflow_set_text(body, "envelope", (const char *)block.data, info);
}

static enum galen_err make_body(struct workflow *wf, struct json_object **out,
                                const struct complaint *complaint, struct json_object **proof,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    const struct storing_row *record = &complaint->record;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", COMPLAINT_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "merkleRoot", record->root, 32, info));
    GALEN_TRY(workflow_set_cid(body, "cid", record->cid, info));
    GALEN_TRY(workflow_set_address(body, "patient", &record->owner, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", record->key_version, info));
    GALEN_TRY(record_json_set_hex(body, "signature", record->sig, sizeof record->sig, info));
    GALEN_TRY(workflow_set_text(body, "reason", complaint->reason, info));
    if (*proof != NULL)
        GALEN_TRY(workflow_set_object(body, "proof", proof, info));
    GALEN_TRY(add_envelope(wf, body, complaint, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

enum galen_err complaint_make(struct workflow *wf, const struct chain_address *complainant,
                              const char *reference, const char *reason,
                              struct json_object **result, struct galen_errinfo *info)
{
    struct complaint complaint = {
        .holder = *complainant, .complainant = *complainant, .role = "complainant"};
    struct chain_address managers[2];
    RECORD_JSON_AUTO proof = NULL;
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO row = NULL;
    bool own = false, dry = false, found = false;
    if (reason == NULL || reason[0] == '\0' || strlen(reason) > COMPLAINT_REASON_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "a complaint has a reason of 1 to %d bytes",
                         COMPLAINT_REASON_MAX);
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_is_own(wf, &own, NULL, complainant, info));
    if (!own)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "that is no identity of this home");
    GALEN_TRY(workflow_check_actor(wf, complainant, info));
    GALEN_TRY(find_record(wf, &complaint, reference, &proof, info));
    snprintf(complaint.reason, sizeof complaint.reason, "%s", reason);
    GALEN_TRY(make_id(wf, &complaint, info));
    GALEN_TRY(dispute_check_managers(wf, managers, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(make_body(wf, &body, &complaint, &proof, info));
    GALEN_TRY(complaint_insert(wf, &complaint, info));
    for (size_t i = 0; i < 2; i++)
        GALEN_TRY(message_send(wf, complainant, &managers[i], MESSAGE_COMPLAINT, complaint.id, body,
                               info));
    GALEN_TRY(complaint_read(wf, &found, &complaint, complainant, complaint.id, info));
    GALEN_TRY(complaint_row(&row, &complaint, info));
    workflow_give(result, &row);
    return GALEN_OK;
}

/* ---- taken in ---------------------------------------------------------------------------------------------- */

static enum galen_err parse(struct complaint *out, struct json_object *body,
                            struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",       "merkleRoot", "cid",    "patient",
                                       "keyVersion", "signature",  "reason", NULL};
    static const char *const optional[] = {"proof", "envelope", NULL};
    static const char where[] = "complaint";
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    struct storing_row *record = &out->record;
    const char *cid = NULL;
    const char *reason = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(body, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(body, COMPLAINT_TYPE, info));
    GALEN_TRY(record_json_get_hex(record->root, 32, body, "merkleRoot", need, where, info));
    GALEN_TRY(record_json_get_text(&cid, body, "cid", need, STORE_CID_TEXT, where, info));
    GALEN_TRY(store_cid_parse(record->cid, cid, info));
    GALEN_TRY(workflow_get_address(&record->owner, body, "patient", where, info));
    GALEN_TRY(record_json_get_int(&version, body, "keyVersion", need, 1, UINT32_MAX, where, info));
    GALEN_TRY(
        record_json_get_hex(record->sig, sizeof record->sig, body, "signature", need, where, info));
    GALEN_TRY(
        record_json_get_text(&reason, body, "reason", need, COMPLAINT_REASON_MAX, where, info));
    if (reason[0] == '\0')
        return base_fail(info, GALEN_ERR_PARSE, "complaint/reason: empty");
    record->key_version = (uint32_t)version;
    snprintf(out->reason, sizeof out->reason, "%s", reason);
    return GALEN_OK;
}

/* The patient, by its signature of the message; or who proves a field of this very record. */
static enum galen_err check_complainant(const struct complaint *complaint, struct json_object *body,
                                        struct galen_errinfo *info)
{
    RECORD_DISCLOSURE_AUTO proof = {0};
    struct json_object *json = NULL;
    bool valid = false;
    if (chain_address_equal(&complaint->complainant, &complaint->record.owner))
        return GALEN_OK;
    if (!json_object_object_get_ex(body, "proof", NULL))
        return base_fail(info, GALEN_ERR_CHECK,
                         "complaint: it is not the patient's, and nothing proves that its sender "
                         "was shown the record");
    GALEN_TRY(
        record_json_get_object(&json, body, "proof", RECORD_JSON_REQUIRED, "complaint", info));
    GALEN_TRY(record_disclosure_parse(&proof, json, info));
    GALEN_TRY(record_disclosure_verify(&valid, &proof, RECORD_ORDER_PATH, info));
    if (!valid || proof.field_count == 0 || memcmp(proof.root, complaint->record.root, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "complaint: its proof is not of this record");
    return GALEN_OK;
}

/* Signed by a doctor for this patient, and anchored as just this. */
static enum galen_err check_record(struct workflow *wf, const struct complaint *complaint,
                                   struct galen_errinfo *info)
{
    const struct storing_row *record = &complaint->record;
    int64_t anchored_at = 0;
    enum galen_err err = storing_check_signature(wf, NULL, record->key_version, record->sig,
                                                 record->root, &record->owner, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return storing_unknown_version(wf, record->key_version, info);
    GALEN_TRY(err);
    GALEN_TRY(storing_find_anchor(wf, &anchored_at, record->root, &record->owner, record->cid,
                                  record->sig, record->key_version, info));
    if (anchored_at == 0)
        return base_fail(info, GALEN_ERR_CHECK, "complaint: the contract knows no such record");
    return GALEN_OK;
}

static enum galen_err keep_envelope(struct workflow *wf, const struct complaint *complaint,
                                    struct json_object *body, struct galen_errinfo *info)
{
    const char *text = NULL;
    uint8_t digest[32];
    GALEN_TRY(record_json_get_text(&text, body, "envelope", RECORD_JSON_OPTIONAL, ENVELOPE_MAX,
                                   "complaint", info));
    if (text == NULL)
        return GALEN_OK;
    store_digest(digest, text, strlen(text));
    if (memcmp(digest, complaint->record.cid, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "complaint: its envelope is not the record's");
    return store_put(NULL, wf->store, text, strlen(text), info);
}

enum galen_err complaint_on_complaint(struct workflow *wf, const struct message *message,
                                      struct galen_errinfo *info)
{
    struct complaint complaint = {.holder = message->recipient, .complainant = message->sender};
    struct chain_address gm, rm;
    struct galen_errinfo why = {0};
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    complaint.role = chain_address_equal(&complaint.holder, &gm)   ? "gm"
                     : chain_address_equal(&complaint.holder, &rm) ? "rm"
                                                                   : NULL;
    if (complaint.role == NULL)
        return base_fail(info, GALEN_ERR_CHECK, "complaints are for the managers, not for others");
    GALEN_TRY(parse(&complaint, message->body, info));
    GALEN_TRY(check_complainant(&complaint, message->body, info));
    GALEN_TRY(check_record(wf, &complaint, info));
    GALEN_TRY(make_id(wf, &complaint, info));
    GALEN_TRY(keep_envelope(wf, &complaint, message->body, info));
    GALEN_TRY(complaint_insert(wf, &complaint, info));
    GALEN_TRY(complaint_notify(wf, &complaint, "record-complaint", info));
    /* Whoever opens it must be able to tell the patient; here it is only said early. */
    enum galen_err err = complaint_tell(wf, &complaint, "logged", &why);
    if (err == GALEN_ERR_NOT_FOUND)
        return complaint_notify(wf, &complaint, "complaint-patient-unknown", info);
    return err == GALEN_OK ? err : base_raise(info, err, &why);
}

/* ---- told -------------------------------------------------------------------------------------------------- */

static enum galen_err told_patient(struct workflow *wf, const struct message *message,
                                   const uint8_t id32[32], const uint8_t root32[32],
                                   const struct chain_address *complainant, const char *state,
                                   bool *is_patient, struct galen_errinfo *info)
{
    int64_t own = 0;
    GALEN_TRY(db_get_int(wf->db, &own, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'patient' AND holder = ?"
                         " AND merkle_root = ?",
                         DB_BLOB(message->recipient.bytes, 20), DB_BLOB(root32, 32)));
    *is_patient = own > 0;
    if (!*is_patient)
        return GALEN_OK;
    return db_run(wf->db, info,
                  "INSERT INTO complaint_notice VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                  DB_BLOB(message->recipient.bytes, 20), DB_BLOB(id32, 32), DB_TEXT(state),
                  DB_BLOB(complainant->bytes, 20), DB_BLOB(root32, 32), DB_INT(base_time_s()));
}

enum galen_err complaint_on_notice(struct workflow *wf, const struct message *message,
                                   struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "merkleRoot", "complainant", "state", NULL};
    static const char *const known[] = {"logged", "opened", "declined"};
    static const char where[] = "complaint notice";
    struct chain_address gm, rm, complainant;
    struct complaint sent;
    uint8_t id32[32], root32[32];
    const char *state = NULL;
    bool is_patient = false, is_sent = false;
    char kind[32] = "";
    char subject[67] = "0x";
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, NOTICE_TYPE, info));
    GALEN_TRY(
        record_json_get_hex(id32, 32, message->body, "id", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_hex(root32, 32, message->body, "merkleRoot", RECORD_JSON_REQUIRED,
                                  where, info));
    GALEN_TRY(workflow_get_address(&complainant, message->body, "complainant", where, info));
    GALEN_TRY(record_json_get_text(&state, message->body, "state", RECORD_JSON_REQUIRED, 16, where,
                                   info));
    for (size_t i = 0; i < 3; i++)
        if (strcmp(state, known[i]) == 0)
            snprintf(kind, sizeof kind, "complaint-%s", known[i]);
    if (kind[0] == '\0')
        return base_fail(info, GALEN_ERR_PARSE, "%s/state: unknown", where);
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(&message->sender, &gm) && !chain_address_equal(&message->sender, &rm))
        return base_fail(info, GALEN_ERR_CHECK, "%s: not from a manager", where);
    GALEN_TRY(told_patient(wf, message, id32, root32, &complainant, state, &is_patient, info));
    GALEN_TRY(complaint_read(wf, &is_sent, &sent, &message->recipient, id32, info));
    is_sent = is_sent && strcmp(sent.role, "complainant") == 0;
    /* It began as logged: the other manager's notice of that may come after a decision. */
    if (is_sent && strcmp(state, "logged") != 0)
        GALEN_TRY(complaint_set_state(wf, &sent, state, info));
    if (!is_sent && !is_patient)
        return base_fail(info, GALEN_ERR_CHECK, "%s: of no record or complaint known here", where);
    base_hex_encode(subject + 2, root32, 32);
    return workflow_notify(wf, &message->recipient, kind, subject, info);
}
