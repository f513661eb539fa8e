/*
 * The managers' part in a complaint. GM opens the outer layer of the record's eId and gives RM what
 * was in it; RM opens that, for a complaint that came to it from the complainant itself, once the
 * patient can be told; and gives GM the key. Each takes only what opens the record's own envelope:
 * both layers are bound to IDrec and patient, so those of another record fail.
 */
#include <string.h>

#include "workflow/complaint_internal.h"

#define LAYER_TYPE "galen.record-complaint-layer/1"
#define KEY_TYPE   "galen.record-complaint-key/1"
#define LAYER_MAX  8192 /* bytes */

/* ---- the envelope ------------------------------------------------------------------------------------ */

static enum galen_err get_envelope(struct workflow *wf, struct base_buf *envelope,
                                   struct base_buf *eid, const struct complaint *complaint,
                                   struct galen_errinfo *info)
{
    const struct storing_row *record = &complaint->record;
    BASE_BUF_AUTO cert = {0};
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    enum galen_err err = workflow_block_from(wf, envelope, record->cid, &record->owner,
                                             &complaint->complainant, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return STEPS_FAIL(
            info, err,
            "the patient and the complainant have it: let one of them complain from a "
            "home that holds the block",
            "the record's envelope is not at hand");
    GALEN_TRY(err);
    GALEN_TRY(storing_check_cert(record, steps_view(envelope), &cert, info));
    return eid != NULL ? seal_cert_parse(sig, eid, steps_view(&cert), info) : GALEN_OK;
}

/* The record as the patient has it, with the complaint's key: IDrec is computed again. */
static enum galen_err read_record(struct workflow *wf, struct storing_opened *out,
                                  const struct complaint *complaint, const uint8_t key32[32],
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO envelope = {0};
    STORING_OPENED_AUTO opened = {0};
    GALEN_TRY(get_envelope(wf, &envelope, NULL, complaint, info));
    GALEN_TRY(
        storing_decrypt_with_key(&complaint->record, steps_view(&envelope), key32, &opened, info));
    GALEN_TRY(storing_check_root(&opened, info));
    *out = opened;
    opened = (struct storing_opened){0};
    return GALEN_OK;
}

static enum galen_err check_key(struct workflow *wf, const struct complaint *complaint,
                                const uint8_t key32[32], struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    return read_record(wf, &opened, complaint, key32, info);
}

/* ---- GM: the outer layer ----------------------------------------------------------------------------- */

static enum galen_err peel(struct workflow *wf, const struct complaint *complaint,
                           struct base_buf *layer, struct galen_errinfo *info)
{
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_SECRET_AUTO jwk = {0};
    char patient[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(get_envelope(wf, &envelope, &eid, complaint, info));
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &complaint->holder, info));
    chain_address_format(patient, &complaint->record.owner);
    return seal_open_eid_outer(&hospital, layer, steps_view(&eid), &jwk, complaint->record.root,
                               patient, info);
}

static enum galen_err send_layer(struct workflow *wf, struct complaint *complaint,
                                 const struct chain_address *rm, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    BASE_BUF_AUTO layer = {0};
    uint8_t id32[32];
    GALEN_TRY(peel(wf, complaint, &layer, info));
    GALEN_TRY(complaint_set_layer(wf, complaint, steps_view(&layer), info));
    GALEN_TRY(complaint_set_state(wf, complaint, "asked", info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", LAYER_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", complaint->id, 32, info));
    GALEN_TRY(record_json_set_hex(body, "layer", layer.data, layer.len, info));
    GALEN_TRY(record_json_hash(id32, body, info));
    return message_send(wf, &complaint->holder, rm, MESSAGE_COMPLAINT_LAYER, id32, body, info);
}

/* ---- RM: the inner one ------------------------------------------------------------------------------- */

enum galen_err complaint_on_layer(struct workflow *wf, const struct message *message,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "layer", NULL};
    static const char where[] = "complaint layer";
    struct complaint complaint;
    BASE_BUF_AUTO layer = {0};
    const char *hex = NULL;
    uint8_t id32[32];
    bool known = false;
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, LAYER_TYPE, info));
    GALEN_TRY(
        record_json_get_hex(id32, 32, message->body, "id", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_text(&hex, message->body, "layer", RECORD_JSON_REQUIRED,
                                   2 * LAYER_MAX + 2, where, info));
    GALEN_TRY(base_hex_decode_buf(&layer, LAYER_MAX, hex, where, info));
    GALEN_TRY(complaint_read(wf, &known, &complaint, &message->recipient, id32, info));
    if (!known || strcmp(complaint.role, "rm") != 0) {
        char subject[65];
        base_hex_encode(subject, id32, 32);
        GALEN_TRY(workflow_notify(wf, &message->recipient, "complaint-not-logged", subject, info));
        return base_fail(info, GALEN_ERR_CHECK, "%s: no complainant has sent such a complaint here",
                         where);
    }
    if (strcmp(complaint.state, "opened") == 0)
        return GALEN_OK;
    GALEN_TRY(complaint_set_layer(wf, &complaint, steps_view(&layer), info));
    if (strcmp(complaint.state, "logged") == 0)
        GALEN_TRY(complaint_set_state(wf, &complaint, "asked", info));
    return complaint_notify(wf, &complaint, "complaint-asked", info);
}

/* K_patient, of a new opening or of the one that was. */
static enum galen_err find_key(struct workflow *wf, const struct complaint *complaint,
                               uint8_t key32[32], struct galen_errinfo *info)
{
    BASE_BUF_AUTO layer = {0};
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO key = {0};
    char patient[CHAIN_ADDRESS_TEXT];
    bool found = false;
    GALEN_TRY(complaint_get_key(wf, &found, key32, complaint, info));
    if (found)
        return GALEN_OK;
    GALEN_TRY(complaint_get_layer(wf, &found, &layer, complaint, info));
    if (!found && strcmp(complaint->state, "opened") == 0)
        return base_fail(info, GALEN_ERR_STATE,
                         "the record was opened, and its key removed %d days later",
                         COMPLAINT_KEY_DAYS);
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "it comes when the Group Manager agrees; then run 'galen sync'",
                          "the Group Manager's layer of this record is not here yet");
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &complaint->holder, info));
    chain_address_format(patient, &complaint->record.owner);
    GALEN_TRY(
        seal_open_eid_inner(&key, steps_view(&layer), &jwk, complaint->record.root, patient, info));
    memcpy(key32, key.data, 32);
    return check_key(wf, complaint, key32, info);
}

static enum galen_err send_key(struct workflow *wf, const struct complaint *complaint,
                               const struct chain_address *gm, const uint8_t *key32,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id32[32];
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", KEY_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", complaint->id, 32, info));
    GALEN_TRY(workflow_set_bool(body, "declined", key32 == NULL, info));
    GALEN_TRY(record_json_hash(id32, body, info)); /* of what it says, not of the key */
    if (key32 != NULL)
        GALEN_TRY(record_json_set_hex(body, "key", key32, 32, info));
    return message_send(wf, &complaint->holder, gm, MESSAGE_COMPLAINT_KEY, id32, body, info);
}

/* The patient is told before the key is kept, or leaves. */
static enum galen_err open_it(struct workflow *wf, struct complaint *complaint,
                              const struct chain_address *gm, struct galen_errinfo *info)
{
    uint8_t key32[32];
    struct workflow_contact patient;
    enum galen_err err = workflow_contact_get(wf, &patient, &complaint->record.owner, info);
    if (err != GALEN_OK)
        return base_wrap(info, err, "the patient, who must be told");
    err = find_key(wf, complaint, key32, info);
    if (err == GALEN_OK)
        err = complaint_tell(wf, complaint, "opened", info);
    if (err == GALEN_OK)
        err = complaint_set_key(wf, complaint, key32, info);
    if (err == GALEN_OK)
        err = complaint_set_state(wf, complaint, "opened", info);
    if (err == GALEN_OK)
        err = send_key(wf, complaint, gm, key32, info);
    base_wipe(key32, sizeof key32);
    return err;
}

/* ---- GM: the key ------------------------------------------------------------------------------------- */

static enum galen_err take_key(struct workflow *wf, struct complaint *complaint,
                               struct json_object *body, struct galen_errinfo *info)
{
    uint8_t key32[32];
    GALEN_TRY(
        record_json_get_hex(key32, 32, body, "key", RECORD_JSON_REQUIRED, "complaint key", info));
    enum galen_err err = check_key(wf, complaint, key32, info);
    if (err == GALEN_OK)
        err = complaint_set_key(wf, complaint, key32, info);
    if (err == GALEN_OK)
        err = complaint_set_state(wf, complaint, "opened", info);
    base_wipe(key32, sizeof key32);
    return err == GALEN_ERR_NOT_FOUND ? GALEN_ERR_STATE : err; /* its envelope may still come */
}

enum galen_err complaint_on_key(struct workflow *wf, const struct message *message,
                                struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "declined", NULL};
    static const char *const optional[] = {"key", NULL};
    static const char where[] = "complaint key";
    struct complaint complaint;
    uint8_t id32[32];
    BASE_BUF_AUTO layer = {0};
    bool known = false, declined = false, agreed = false;
    GALEN_TRY(group_check_rm_to_gm(wf, message, info));
    GALEN_TRY(record_json_check_keys(message->body, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(message->body, KEY_TYPE, info));
    GALEN_TRY(
        record_json_get_hex(id32, 32, message->body, "id", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_bool(&declined, message->body, "declined", RECORD_JSON_REQUIRED,
                                   where, info));
    GALEN_TRY(complaint_read(wf, &known, &complaint, &message->recipient, id32, info));
    if (!known || strcmp(complaint.role, "gm") != 0)
        return base_fail(info, GALEN_ERR_CHECK, "%s: no such complaint is logged here", where);
    if (strcmp(complaint.state, "opened") == 0)
        return GALEN_OK;
    if (declined) {
        GALEN_TRY(complaint_set_state(wf, &complaint, "declined", info));
        return complaint_notify(wf, &complaint, "complaint-declined", info);
    }
    /* RM may have declined first; what this home agreed to it has the layer of. */
    GALEN_TRY(complaint_get_layer(wf, &agreed, &layer, &complaint, info));
    if (!agreed)
        return base_fail(info, GALEN_ERR_CHECK, "%s: this was not agreed to here", where);
    GALEN_TRY(take_key(wf, &complaint, message->body, info));
    return complaint_notify(wf, &complaint, "complaint-opened", info);
}

/* ---- a person decides ----------------------------------------------------------------------------------- */

enum galen_err complaint_decide(struct workflow *wf, const struct chain_address *manager,
                                const char *id, bool agree, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct chain_address other = {0};
    struct complaint complaint;
    RECORD_JSON_AUTO row = NULL;
    const char *role = NULL;
    bool own = false, dry = false;
    GALEN_TRY(workflow_is_own(wf, &own, &role, manager, info));
    bool is_gm = own && role != NULL && strcmp(role, "gm") == 0;
    GALEN_TRY(group_need_office(wf, manager, is_gm ? "gm" : "rm", &other, info));
    GALEN_TRY(complaint_find(wf, &complaint, id, manager, info));
    if (!agree && strcmp(complaint.state, "opened") == 0)
        return base_fail(info, GALEN_ERR_STATE, "this complaint was agreed to already");
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    if (!agree) {
        GALEN_TRY(complaint_set_state(wf, &complaint, "declined", info));
        if (is_gm)
            GALEN_TRY(complaint_set_layer(wf, &complaint, (struct base_view){0}, info));
        else
            GALEN_TRY(send_key(wf, &complaint, &other, NULL, info));
        enum galen_err err = complaint_tell(wf, &complaint, "declined", info);
        if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
            return err;
    } else if (!is_gm) {
        GALEN_TRY(open_it(wf, &complaint, &other, info));
    } else if (strcmp(complaint.state, "opened") != 0) {
        GALEN_TRY(send_layer(wf, &complaint, &other, info));
    }
    GALEN_TRY(complaint_row(&row, &complaint, info));
    workflow_give(result, &row);
    return GALEN_OK;
}

/* ---- read ------------------------------------------------------------------------------------------------ */

static enum galen_err show_record(struct workflow *wf, struct json_object *row,
                                  const struct complaint *complaint, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO checks = NULL;
    STORING_OPENED_AUTO opened = {0};
    struct galen_errinfo why = {0};
    const struct storing_row *record = &complaint->record;
    uint8_t key32[32];
    bool found = false;
    bool passed = true;
    GALEN_TRY(complaint_get_key(wf, &found, key32, complaint, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(workflow_array(&checks, info));
    enum galen_err err = read_record(wf, &opened, complaint, key32, &why);
    base_wipe(key32, sizeof key32);
    GALEN_TRY(workflow_check_step(checks, &passed, "record", err, &why,
                                  "opened by both managers; IDrec computed again", info));
    why = (struct galen_errinfo){0};
    err = storing_check_signature(wf, NULL, record->key_version, record->sig, record->root,
                                  &record->owner, &why);
    GALEN_TRY(workflow_check_step(checks, &passed, "group signature", err, &why,
                                  "by an accredited doctor, for this record and patient", info));
    GALEN_TRY(workflow_set_bool(row, "passed", passed, info));
    GALEN_TRY(workflow_set_object(row, "checks", &checks, info));
    return opened.record != NULL ? workflow_set_object(row, "record", &opened.record, info)
                                 : GALEN_OK;
}

enum galen_err complaint_show(struct workflow *wf, const char *id, struct json_object **result,
                              struct galen_errinfo *info)
{
    struct complaint complaint;
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(complaint_find(wf, &complaint, id, NULL, info));
    GALEN_TRY(complaint_row(&row, &complaint, info));
    if (strcmp(complaint.role, "complainant") != 0)
        GALEN_TRY(show_record(wf, row, &complaint, info));
    workflow_give(result, &row);
    return GALEN_OK;
}
