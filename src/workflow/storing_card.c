/*
 * Index cards: what matching needs of a record, for the record's own hospital alone. The message is
 * proved by a group signature of its own:
 *
 *   index-card  {type galen.index-card/1, card, sig, keyVersion}, sig over storing_card_msg32
 */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#include <string.h>

static const char *const lists[] = {"diagnosis", "treatment", "medications", "lab_results", NULL};

/* ---- making one --------------------------------------------------------------------------------- */

/* {system, code} of every entry, each once. */
static enum galen_err collect_codes(struct json_object **out, struct json_object *list,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO codes = NULL;
    GALEN_TRY(workflow_array(&codes, info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);
        RECORD_JSON_AUTO code = NULL;
        const char *text = NULL;
        GALEN_TRY(workflow_object(&code, info));
        GALEN_TRY(record_json_get_text(&text, entry, "system", RECORD_JSON_REQUIRED,
                                       RECORD_MAX_TEXT_BYTES, "release", info));
        GALEN_TRY(workflow_set_text(code, "system", text, info));
        GALEN_TRY(record_json_get_text(&text, entry, "code", RECORD_JSON_REQUIRED,
                                       RECORD_MAX_TEXT_BYTES, "release", info));
        GALEN_TRY(workflow_set_text(code, "code", text, info));
        bool there = false;
        for (size_t k = 0; k < json_object_array_length(codes) && !there; k++)
            there = json_object_equal(json_object_array_get_idx(codes, k), code) != 0;
        if (!there)
            GALEN_TRY(workflow_push(codes, &code, info));
    }
    *out = codes;
    codes = NULL;
    return GALEN_OK;
}

enum galen_err storing_make_index_card(struct json_object **card, const uint8_t root32[32],
                                       const struct chain_address *patient,
                                       struct json_object *release_content,
                                       struct galen_errinfo *info)
{
    static const char *const copied[] = {"category", "year", "demographics"};
    RECORD_JSON_AUTO made = NULL;
    struct json_object *medical = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "type", INDEX_CARD_TYPE, info));
    GALEN_TRY(record_json_set_hex(made, "recordId", root32, 32, info));
    GALEN_TRY(workflow_set_address(made, "patient", patient, info));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        struct json_object *value = NULL;
        struct json_object *copy = NULL;
        if (!json_object_object_get_ex(release_content, copied[i], &value))
            continue;
        GALEN_TRY(record_json_copy(&copy, value, info));
        GALEN_TRY(record_json_set(made, copied[i], copy, info));
    }
    RECORD_JSON_AUTO codes = NULL;
    GALEN_TRY(workflow_object(&codes, info));
    if (json_object_object_get_ex(release_content, "medical_data", &medical))
        for (size_t i = 0; lists[i] != NULL; i++) {
            struct json_object *list = NULL;
            RECORD_JSON_AUTO of_list = NULL;
            if (!json_object_object_get_ex(medical, lists[i], &list))
                continue;
            GALEN_TRY(collect_codes(&of_list, list, info));
            GALEN_TRY(workflow_set_object(codes, lists[i], &of_list, info));
        }
    GALEN_TRY(workflow_set_object(made, "medical_data", &codes, info));
    *card = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err storing_card_msg32(const struct workflow *wf, uint8_t msg32[32],
                                  const struct chain_address *hospital, struct json_object *card,
                                  struct galen_errinfo *info)
{
    uint8_t hash32[32];
    GALEN_TRY(record_json_hash(hash32, card, info));
    const struct base_view parts[] = {{hospital->bytes, 20}, {hash32, 32}};
    return storing_bound_digest(wf, msg32, "galen/index/1", parts, 2, info);
}

/* ---- taking one in ------------------------------------------------------------------------------ */

static enum galen_err check_codings(struct json_object *list, size_t n, struct galen_errinfo *info)
{
    static const char *const keys[] = {"system", "code", NULL};
    for (size_t i = 0; i < n; i++) {
        struct json_object *coding = json_object_array_get_idx(list, i);
        const char *text = NULL;
        GALEN_TRY(record_json_check_keys(coding, keys, NULL, "index card", info));
        for (int k = 0; k < 2; k++)
            GALEN_TRY(record_json_get_text(&text, coding, keys[k], RECORD_JSON_REQUIRED,
                                           RECORD_MAX_TEXT_BYTES, "index card", info));
    }
    return GALEN_OK;
}

/* An optional list of codings. */
static enum galen_err check_list(struct json_object *object, const char *key, size_t max,
                                 struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    GALEN_TRY(record_json_get_array(&list, object, key, RECORD_JSON_OPTIONAL, 1, max, "index card",
                                    info));
    return list == NULL ? GALEN_OK : check_codings(list, json_object_array_length(list), info);
}

static enum galen_err check_demographics(struct json_object *demographics,
                                         struct galen_errinfo *info)
{
    static const char *const keys[] = {"age", "gender", "location", "ethnicity", NULL};
    static const char *const none[] = {NULL};
    static const char *const place[] = {"country", "state", NULL};
    struct json_object *location = NULL;
    const char *text = NULL;
    GALEN_TRY(record_json_check_keys(demographics, none, keys, "index card", info));
    for (int i = 0; i < 2; i++)
        GALEN_TRY(record_json_get_text(&text, demographics, keys[i], RECORD_JSON_OPTIONAL, 16,
                                       "index card", info));
    GALEN_TRY(record_json_get_object(&location, demographics, "location", RECORD_JSON_OPTIONAL,
                                     "index card", info));
    if (location != NULL) {
        GALEN_TRY(record_json_check_keys(location, none, place, "index card", info));
        for (int i = 0; i < 2; i++)
            GALEN_TRY(record_json_get_text(&text, location, place[i], RECORD_JSON_OPTIONAL, 2,
                                           "index card", info));
    }
    return check_list(demographics, "ethnicity", 64, info);
}

/* The whole form, closed. */
static enum galen_err check_card(struct json_object *card, struct chain_address *patient,
                                 uint8_t root32[32], struct galen_errinfo *info)
{
    static const char *const required[] = {"type", "recordId",     "patient", "category",
                                           "year", "medical_data", NULL};
    static const char *const optional[] = {"demographics", NULL};
    static const char *const none[] = {NULL};
    struct json_object *demographics = NULL;
    struct json_object *medical = NULL;
    const char *category = NULL;
    int64_t year = 0;
    GALEN_TRY(record_json_check_keys(card, required, optional, "index card", info));
    GALEN_TRY(record_json_check_type(card, INDEX_CARD_TYPE, info));
    GALEN_TRY(record_json_get_hex(root32, 32, card, "recordId", RECORD_JSON_REQUIRED, "index card",
                                  info));
    GALEN_TRY(workflow_get_address(patient, card, "patient", "index card", info));
    GALEN_TRY(record_json_get_text(&category, card, "category", RECORD_JSON_REQUIRED,
                                   RECORD_MAX_TEXT_BYTES, "index card", info));
    GALEN_TRY(record_json_get_int(&year, card, "year", RECORD_JSON_REQUIRED, 0, 9999, "index card",
                                  info));
    GALEN_TRY(record_json_get_object(&demographics, card, "demographics", RECORD_JSON_OPTIONAL,
                                     "index card", info));
    if (demographics != NULL)
        GALEN_TRY(check_demographics(demographics, info));
    GALEN_TRY(record_json_get_object(&medical, card, "medical_data", RECORD_JSON_REQUIRED,
                                     "index card", info));
    GALEN_TRY(record_json_check_keys(medical, none, lists, "index card", info));
    for (size_t i = 0; lists[i] != NULL; i++)
        GALEN_TRY(check_list(medical, lists[i], RECORD_MAX_LIST, info));
    return GALEN_OK;
}

enum galen_err storing_on_index_card(struct workflow *wf, const struct message *message,
                                     struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "card", "sig", "keyVersion", NULL};
    struct json_object *card = NULL;
    struct chain_address patient;
    uint8_t root[32], msg32[32], sig[GROUPSIG_SIGNATURE_BYTES];
    int64_t key_version = 0;
    bool valid = false;
    GALEN_TRY(steps_need_role(wf, &message->recipient, "hospital", info));
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "index card", info));
    GALEN_TRY(record_json_check_type(message->body, INDEX_MESSAGE_TYPE, info));
    GALEN_TRY(record_json_get_object(&card, message->body, "card", RECORD_JSON_REQUIRED,
                                     "index card", info));
    GALEN_TRY(record_json_get_hex(sig, sizeof sig, message->body, "sig", RECORD_JSON_REQUIRED,
                                  "index card", info));
    GALEN_TRY(record_json_get_int(&key_version, message->body, "keyVersion", RECORD_JSON_REQUIRED,
                                  1, UINT32_MAX, "index card", info));
    GALEN_TRY(check_card(card, &patient, root, info));
    GALEN_TRY(storing_card_msg32(wf, msg32, &message->recipient, card, info));
    enum galen_err err = workflow_verify_signature(wf, &valid, NULL, (uint32_t)key_version, sig,
                                                   msg32, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return storing_unknown_version(wf, (uint32_t)key_version, info);
    GALEN_TRY(err);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK, "index card: its group signature is not valid");
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(workflow_home_seal(wf, &sealed, card, info));
    /* The first card of a record counts: no later one of another doctor replaces it. */
    return db_run(wf->db, info,
                  "INSERT INTO index_card (record_root, hospital, patient, sealed)"
                  " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                  DB_BLOB(root, 32), DB_BLOB(message->recipient.bytes, 20),
                  DB_BLOB(patient.bytes, 20), DB_BLOB(sealed.data, sealed.len));
}
