/* Purchasing, step 3, the patient's side: a hospital's question comes in, and is shown with the
 * very values that would leave. */
#include <json-c/json_pointer.h>
#include <string.h>

#include "workflow/purchasing_internal.h"
#include "workflow/storing_internal.h"

/* ---- the question ------------------------------------------------------------------------------- */

enum galen_err purchasing_parse_wanted(struct purchasing_question *out, uint8_t template_hash32[32],
                                       struct json_object *body, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "requestId",    "templateHash", "recordId",
                                       "k",    "plannedCount", "respondBy",    NULL};
    static const char where[] = "consent-wanted";
    struct purchasing_question read = *out;
    int64_t id = 0;
    int64_t k = 0;
    int64_t planned = 0;
    const char *respond_by = NULL;
    uint8_t hash[32];
    GALEN_TRY(record_json_check_keys(body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(body, PURCHASING_WANTED_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, body, "requestId", RECORD_JSON_REQUIRED, 1, INT64_MAX, where,
                                  info));
    GALEN_TRY(
        record_json_get_hex(hash, 32, body, "templateHash", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_hex(read.record_root, 32, body, "recordId", RECORD_JSON_REQUIRED,
                                  where, info));
    GALEN_TRY(record_json_get_int(&k, body, "k", RECORD_JSON_REQUIRED, 1, UINT32_MAX, where, info));
    GALEN_TRY(record_json_get_int(&planned, body, "plannedCount", RECORD_JSON_REQUIRED, 1,
                                  PURCHASING_MAX_ENTRIES, where, info));
    GALEN_TRY(record_json_get_text(&respond_by, body, "respondBy", RECORD_JSON_REQUIRED,
                                   BASE_TIME_TEXT, where, info));
    GALEN_TRY(base_time_parse(&read.respond_by, respond_by, info));
    read.request_id = (uint64_t)id;
    read.k = (uint32_t)k;
    read.planned_count = (uint32_t)planned;
    memcpy(template_hash32, hash, 32);
    *out = read;
    return GALEN_OK;
}

/* Is it the request's own hospital that asks, about this request, while consent is of use? */
static enum galen_err check_question(struct workflow *wf,
                                     const struct purchasing_question *question,
                                     const uint8_t template_hash32[32], struct galen_errinfo *info)
{
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    enum galen_err err = purchasing_read_chain(wf, &chain, question->request_id, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_wrap(info, GALEN_ERR_CHECK, "consent wanted");
    GALEN_TRY(err);
    err = purchasing_read_row(wf, &row, question->request_id, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "the request's event has not come yet");
    GALEN_TRY(err);
    if (chain.state != PURCHASING_REPLIED ||
        !chain_address_equal(&chain.hospital, &question->hospital))
        return base_fail(info, GALEN_ERR_CHECK,
                         "the asking hospital is not the one that has taken the request");
    if (memcmp(row.template_hash, template_hash32, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the question names another template");
    if (question->respond_by > chain.deadline)
        return base_fail(info, GALEN_ERR_CHECK, "the question gives more time than the chain");
    err = purchasing_read_template(wf, &wanted, NULL, &row, &chain, info);
    /* A template that is not at hand yet is looked at again before anything is given. */
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : err;
}

enum galen_err purchasing_on_consent_wanted(struct workflow *wf, const struct message *message,
                                            struct galen_errinfo *info)
{
    struct purchasing_question question = {.patient = message->recipient,
                                           .hospital = message->sender};
    uint8_t template_hash[32];
    int64_t owned = 0;
    GALEN_TRY(purchasing_parse_wanted(&question, template_hash, message->body, info));
    GALEN_TRY(check_question(wf, &question, template_hash, info));
    GALEN_TRY(db_get_int(wf->db, &owned, 0, info,
                         "SELECT count(*) FROM record WHERE holder = ? AND side = 'patient'"
                         " AND merkle_root = ?",
                         DB_BLOB(question.patient.bytes, 20), DB_BLOB(question.record_root, 32)));
    if (owned == 0)
        return base_fail(info, GALEN_ERR_CHECK, "the question is about a record that is not here");
    BASE_BUF_AUTO sealed = {0};
    char subject[24];
    GALEN_TRY(workflow_home_seal(wf, &sealed, message->body, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO consent (request_id, hospital, patient, record_root, side, state,"
                     " sealed, respond_by) VALUES (?, ?, ?, ?, 'patient', 'wanted', ?, ?)"
                     " ON CONFLICT DO NOTHING",
                     DB_INT(question.request_id), DB_BLOB(question.hospital.bytes, 20),
                     DB_BLOB(question.patient.bytes, 20), DB_BLOB(question.record_root, 32),
                     DB_BLOB(sealed.data, sealed.len), DB_INT(question.respond_by)));
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)question.request_id);
    return workflow_notify(wf, &question.patient, "consent-wanted", subject, info);
}

/* ---- releases -------------------------------------------------------------------------------------- */

/* The row of the patient's record, an anchored one first. */
static enum galen_err find_record(struct workflow *wf, const struct purchasing_question *question,
                                  int64_t *record_id, struct galen_errinfo *info)
{
    GALEN_TRY(db_get_int(wf->db, record_id, 0, info,
                         "SELECT id FROM record WHERE holder = ? AND side = 'patient'"
                         " AND merkle_root = ? ORDER BY state = 'anchored' DESC, id LIMIT 1",
                         DB_BLOB(question->patient.bytes, 20), DB_BLOB(question->record_root, 32)));
    if (*record_id == 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the record is no longer here");
    return GALEN_OK;
}

/* Which release: its place in the envelope and its root, as the database has them. */
static enum galen_err choose_release(struct workflow *wf,
                                     const struct purchasing_question *question, int64_t record_id,
                                     int64_t *position, uint8_t root32[32],
                                     struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT r.position, r.root FROM release r LEFT JOIN consent c"
                       " ON c.side = 'patient' AND c.request_id = ?1 AND c.record_root = ?2"
                       " AND c.patient = ?3 WHERE r.record_id = ?4"
                       " AND (r.request_id IS NULL AND c.release_root IS NULL"
                       "      OR r.root = c.release_root)"
                       " ORDER BY r.position LIMIT 1",
                       DB_INT(question->request_id), DB_BLOB(question->record_root, 32),
                       DB_BLOB(question->patient.bytes, 20), DB_INT(record_id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "every release of this record has been used");
        (void)base_hint(info, "each is good for one sale; the doctor's client can make more");
        return GALEN_ERR_NOT_FOUND;
    }
    *position = db_int(&rows, 0);
    return db_bytes(&rows, 1, root32, 32, info);
}

/* Record and release side by side are for the record's own hospital alone: roots and owners stand
 * on the chain, so any accredited one could ask. */
static enum galen_err check_asker(const struct storing_opened *record,
                                  const struct purchasing_question *question,
                                  struct galen_errinfo *info)
{
    struct chain_address address;
    GALEN_TRY(storing_hospital_of(&address, record->record, info));
    if (!chain_address_equal(&address, &question->hospital))
        return base_fail(info, GALEN_ERR_CHECK, "the asking hospital is not the record's own");
    return GALEN_OK;
}

enum galen_err purchasing_pick_release(struct workflow *wf, struct record_release *out,
                                       uint8_t release_root32[32], int64_t *record_id,
                                       const struct purchasing_question *question,
                                       const struct record_template *wanted, int request_year,
                                       struct galen_errinfo *info)
{
    STORING_OPENED_AUTO record = {0};
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    uint8_t root[32];
    uint8_t computed[32];
    int64_t id = 0;
    int64_t position = 0;
    bool matches = false;
    GALEN_TRY(find_record(wf, question, &id, info));
    GALEN_TRY(choose_release(wf, question, id, &position, root, info));
    GALEN_TRY(storing_open_row(wf, id, &record, info));
    GALEN_TRY(check_asker(&record, question, info));
    if (position < 0 || (size_t)position >= json_object_array_length(record.releases))
        return base_fail(info, GALEN_ERR_CHECK, "the record's envelope lacks a release");
    GALEN_TRY(record_release_parse(
        &release, json_object_array_get_idx(record.releases, (size_t)position), info));
    GALEN_TRY(record_release_tree(&tree, &release, info));
    record_tree_root(computed, tree);
    if (memcmp(computed, root, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "a release is not the one that was handed over");
    struct galen_errinfo why = {0};
    GALEN_TRY(record_template_matches(&matches, wanted, release.content, request_year, &why));
    if (!matches)
        return base_fail(info, GALEN_ERR_CHECK, "the record does not fit the request: %s",
                         why.what);
    memcpy(release_root32, root, 32);
    *record_id = id;
    *out = release;
    release = (struct record_release){0};
    return GALEN_OK;
}

enum galen_err purchasing_disclose(struct record_disclosure *out,
                                   const struct record_release *release,
                                   const struct record_template *wanted, struct galen_errinfo *info)
{
    RECORD_TREE_AUTO tree = NULL;
    const char *paths[RECORD_TEMPLATE_MAX_PATHS];
    GALEN_TRY(record_release_tree(&tree, release, info));
    size_t n = record_template_paths(paths, wanted);
    return record_disclosure_make_present(out, tree, paths, n, info);
}

/* ---- what is asked, with the values ---------------------------------------------------------------- */

/* Beside each value that would leave, for the patient's eyes, what the record says where it comes
 * from. Without it where today's rules would not let the record pass. */
static enum galen_err add_originals(struct workflow *wf, struct json_object *fields,
                                    int64_t record_id, struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO report = NULL;
    struct galen_errinfo why = {0};
    GALEN_TRY(storing_open_row(wf, record_id, &opened, info));
    enum galen_err err = record_release_report(&content, &report, opened.record, &why);
    if (err != GALEN_OK)
        return steps_is_fatal(err) ? base_raise(info, err, &why) : GALEN_OK;
    for (size_t r = 0; r < json_object_array_length(report); r++) {
        struct json_object *row = json_object_array_get_idx(report, r);
        const char *to = workflow_text_of(row, "to");
        struct json_object *original = NULL;
        if (to == NULL ||
            json_pointer_get(opened.record, workflow_text_of(row, "path"), &original) != 0)
            continue;
        for (size_t f = 0; f < json_object_array_length(fields); f++) {
            struct json_object *field = json_object_array_get_idx(fields, f);
            RECORD_JSON_AUTO copy = NULL;
            if (strcmp(workflow_text_of(field, "path"), to) != 0)
                continue;
            GALEN_TRY(record_json_copy(&copy, original, info));
            GALEN_TRY(workflow_set_object(field, "original", &copy, info));
        }
    }
    return GALEN_OK;
}

static enum galen_err add_values(struct workflow *wf, struct json_object *out,
                                 const struct purchasing_question *question,
                                 const struct purchasing_row *row,
                                 const struct record_template *wanted, struct galen_errinfo *info)
{
    RECORD_RELEASE_AUTO release = {0};
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO fields = NULL;
    RECORD_JSON_AUTO content = NULL;
    uint8_t root[32];
    int64_t record_id = 0;
    GALEN_TRY(purchasing_pick_release(wf, &release, root, &record_id, question, wanted,
                                      purchasing_request_year(row), info));
    GALEN_TRY(purchasing_disclose(&disclosure, &release, wanted, info));
    GALEN_TRY(record_disclosure_content(&content, &disclosure, info));
    GALEN_TRY(workflow_array(&fields, info));
    for (size_t i = 0; i < disclosure.field_count; i++) {
        RECORD_JSON_AUTO field = NULL;
        RECORD_JSON_AUTO value = NULL;
        GALEN_TRY(workflow_object(&field, info));
        GALEN_TRY(workflow_set_text(field, "path", disclosure.fields[i].path, info));
        GALEN_TRY(record_json_copy(&value, disclosure.fields[i].value, info));
        GALEN_TRY(workflow_set_object(field, "value", &value, info));
        GALEN_TRY(workflow_push(fields, &field, info));
    }
    GALEN_TRY(add_originals(wf, fields, record_id, info));
    GALEN_TRY(record_json_set_hex(out, "releaseRoot", root, 32, info));
    GALEN_TRY(workflow_set_object(out, "fields", &fields, info));
    return workflow_set_object(out, "content", &content, info);
}

/* The name of whom this home has a card of, as that card says. */
static enum galen_err add_name(struct workflow *wf, struct json_object *out, const char *key,
                               const struct chain_address *address, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT name FROM contact WHERE address = ?",
                       DB_BLOB(address->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    return found ? workflow_set_text(out, key, db_text(&rows, 0), info) : GALEN_OK;
}

/* How often the record can still be sold. */
static enum galen_err add_stock(struct workflow *wf, struct json_object *out,
                                const struct purchasing_question *question,
                                struct galen_errinfo *info)
{
    int64_t record_id = 0;
    int64_t left = 0;
    GALEN_TRY(find_record(wf, question, &record_id, info));
    GALEN_TRY(storing_releases_left(wf, record_id, &left, info));
    return workflow_set_int(out, "releasesLeft", left, info);
}

static enum galen_err add_request(struct workflow *wf, struct json_object *out,
                                  const struct purchasing_question *question,
                                  struct galen_errinfo *info)
{
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    GALEN_TRY(purchasing_read_row(wf, &row, question->request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, question->request_id, info));
    GALEN_TRY(workflow_set_address(out, "buyer", &chain.buyer, info));
    GALEN_TRY(add_name(wf, out, "buyerName", &chain.buyer, info));
    GALEN_TRY(add_name(wf, out, "hospitalName", &question->hospital, info));
    GALEN_TRY(add_stock(wf, out, question, info));
    struct chain_u256 likely = purchasing_part(&chain.escrow, question->planned_count);
    struct chain_u256 least = purchasing_part(&chain.escrow, chain.terms.max_records);
    GALEN_TRY(workflow_set_wei(out, "payoutWei", &likely, info));
    GALEN_TRY(workflow_set_wei(out, "minPayoutWei", &least, info));
    GALEN_TRY(purchasing_read_template(wf, &wanted, NULL, &row, &chain, info));
    GALEN_TRY(workflow_set_text(out, "category", wanted.category, info));
    return add_values(wf, out, question, &row, &wanted, info);
}

/* How a question stands. */
struct standing {
    char state[16];
    char key_state[16]; /* empty: the key goes with the answer */
    int64_t key_at;     /* 0: never */
    char key_reason[160];
};

/* What became of a key that was kept. */
static enum galen_err add_key(struct json_object *out, const struct standing *standing,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO key = NULL;
    if (standing->key_state[0] == '\0')
        return GALEN_OK;
    GALEN_TRY(workflow_object(&key, info));
    GALEN_TRY(workflow_set_text(key, "state", standing->key_state, info));
    if (standing->key_at > 0)
        GALEN_TRY(workflow_set_time(key, "at", standing->key_at, info));
    if (standing->key_reason[0] != '\0')
        GALEN_TRY(workflow_set_text(key, "reason", standing->key_reason, info));
    return workflow_set_object(out, "key", &key, info);
}

static enum galen_err question_json(struct workflow *wf, struct json_object **out,
                                    const struct purchasing_question *question,
                                    const struct standing *standing, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    struct galen_errinfo why = {0};
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)question->request_id, info));
    GALEN_TRY(workflow_set_address(made, "patient", &question->patient, info));
    GALEN_TRY(workflow_set_address(made, "hospital", &question->hospital, info));
    GALEN_TRY(record_json_set_hex(made, "record", question->record_root, 32, info));
    GALEN_TRY(workflow_set_int(made, "k", question->k, info));
    GALEN_TRY(workflow_set_int(made, "plannedCount", question->planned_count, info));
    GALEN_TRY(workflow_set_time(made, "respondBy", question->respond_by, info));
    GALEN_TRY(workflow_set_text(made, "state", standing->state, info));
    GALEN_TRY(add_key(made, standing, info));
    /* What is wrong with one question must not hide the others. */
    enum galen_err err = add_request(wf, made, question, &why);
    if (err == GALEN_ERR_NOMEM || err == GALEN_ERR_DB || err == GALEN_ERR_PASSWORD)
        return base_raise(info, err, &why);
    if (err != GALEN_OK)
        GALEN_TRY(workflow_set_text(made, "problem", why.what, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

/* The n-th question, newest request first. */
static enum galen_err nth_question(struct workflow *wf, const struct chain_address *patient,
                                   int64_t at, struct purchasing_question *question,
                                   struct standing *standing, bool *found,
                                   struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO body = NULL;
    uint8_t template_hash[32];
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT patient, hospital, sealed, state, key_state, key_at, key_reason"
                       " FROM consent"
                       " WHERE side = 'patient' AND (?1 IS NULL OR patient = ?1)"
                       " ORDER BY request_id DESC, record_root LIMIT 1 OFFSET ?2",
                       DB_BLOB(patient != NULL ? patient->bytes : NULL, 20), DB_INT(at)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(db_bytes(&rows, 0, question->patient.bytes, 20, info));
    GALEN_TRY(db_bytes(&rows, 1, question->hospital.bytes, 20, info));
    snprintf(standing->state, sizeof standing->state, "%s", db_text(&rows, 3));
    if (!db_is_null(&rows, 4))
        snprintf(standing->key_state, sizeof standing->key_state, "%s", db_text(&rows, 4));
    if (!db_is_null(&rows, 5))
        standing->key_at = db_int(&rows, 5);
    if (!db_is_null(&rows, 6))
        snprintf(standing->key_reason, sizeof standing->key_reason, "%s", db_text(&rows, 6));
    GALEN_TRY(workflow_home_open(wf, &body, db_blob(&rows, 2), info));
    struct json_object *asked = NULL;
    if (!json_object_object_get_ex(body, "wanted", &asked))
        asked = body;
    return purchasing_parse_wanted(question, template_hash, asked, info);
}

enum galen_err purchasing_consents(struct workflow *wf, const struct chain_address *patient,
                                   const struct workflow_page *page, struct json_object **result,
                                   struct galen_errinfo *info)
{
    const bool is_paged = page != NULL && page->limit > 0;
    const int64_t from = is_paged ? page->offset : 0;
    const int64_t most = is_paged ? page->limit : INT64_MAX;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (int64_t n = 0; n < most; n++) {
        RECORD_JSON_AUTO made = NULL;
        struct purchasing_question question = {0};
        struct standing standing = {0};
        bool found = false;
        GALEN_TRY(nth_question(wf, patient, from + n, &question, &standing, &found, info));
        if (!found)
            break;
        GALEN_TRY(question_json(wf, &made, &question, &standing, info));
        GALEN_TRY(workflow_push(list, &made, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
