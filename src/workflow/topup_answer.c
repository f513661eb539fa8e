/*
 * More releases of a record, the doctor's side. With a record the doctor's home keeps, sealed, the
 * content of its releases; the tags on the hospital's list that are its own records' are answered.
 * The list is always read whole and what is found in it is asked of nobody, so that the hospital
 * does not learn which doctor has which record. Each request is answered once.
 */
#include "workflow/post_internal.h"
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

enum galen_err topup_keep_source(struct workflow *wf, int64_t record_id,
                                 const struct chain_address *hospital,
                                 const uint8_t seed32[RECORD_SEED_BYTES],
                                 struct json_object *content, struct galen_errinfo *info)
{
    uint8_t key32[32];
    BASE_BUF_AUTO sealed = {0};
    if (wf->post.no_topup_answer)
        return GALEN_OK;
    GALEN_TRY(record_topup_key(key32, seed32, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, content, info));
    return db_run(wf->db, info, "INSERT INTO topup_source VALUES (?, ?, ?, ?)", DB_INT(record_id),
                  DB_BLOB(hospital->bytes, 20), DB_BLOB(key32, 32),
                  DB_BLOB(sealed.data, sealed.len));
}

/* ---- recognising ---------------------------------------------------------------------------------- */

struct tags { /* sorted */
    uint8_t (*list)[32];
    size_t n;
};
static void tags_clear(struct tags *tags)
{
    free(tags->list);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static enum galen_err parse_list(struct tags *out, struct chain_address *hospital,
                                 struct json_object *list, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "hospital", "tags", NULL};
    static const char where[] = "list of top-up requests";
    struct json_object *tags = NULL;
    GALEN_TRY(record_json_check_keys(list, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(list, TOPUP_LIST_TYPE, info));
    GALEN_TRY(workflow_get_address(hospital, list, "hospital", where, info));
    GALEN_TRY(record_json_get_array(&tags, list, "tags", RECORD_JSON_REQUIRED, 0, TOPUP_LIST_MAX,
                                    where, info));
    const size_t n = json_object_array_length(tags);
    if ((out->list = calloc(n + 1, 32)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (; out->n < n; out->n++) {
        struct json_object *tag = json_object_array_get_idx(tags, out->n);
        if (!json_object_is_type(tag, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "%s: a tag is no text", where);
        GALEN_TRY(
            base_hex_decode(out->list[out->n], 32, json_object_get_string(tag), "a tag", info));
    }
    qsort(out->list, n, 32, compare_tags);
    return GALEN_OK;
}

static enum galen_err note_request(struct workflow *wf, int64_t record_id, const uint8_t tag32[32],
                                   int64_t *found, struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO topup SELECT holder, 'doctor', merkle_root, owner, ?, 'open',"
                     " NULL, ? FROM record WHERE id = ? ON CONFLICT DO NOTHING",
                     DB_BLOB(tag32, 32), DB_INT(base_time_s()), DB_INT(record_id)));
    *found += db_changes(wf->db);
    return GALEN_OK;
}

/* Of one record: the tags of every day on which it may have been asked about. */
static enum galen_err match_record(struct workflow *wf, const struct tags *tags, int64_t record_id,
                                   const uint8_t key32[32], int64_t *found,
                                   struct galen_errinfo *info)
{
    const int64_t today = base_time_s() / DAY_S;
    for (int64_t day = today - TOPUP_DAYS; day <= today + 1; day++) {
        uint8_t tag[32];
        GALEN_TRY(record_topup_tag(tag, key32, day, info));
        if (bsearch(tag, tags->list, tags->n, 32, compare_tags) != NULL)
            GALEN_TRY(note_request(wf, record_id, tag, found, info));
    }
    return GALEN_OK;
}

enum galen_err topup_match(struct workflow *wf, struct json_object *list, int64_t *found,
                           struct galen_errinfo *info)
{
    GALEN_CLEANUP(tags_clear) struct tags tags = {0};
    struct chain_address hospital;
    *found = 0;
    GALEN_TRY(parse_list(&tags, &hospital, list, info));
    if (tags.n == 0 || wf->post.no_topup_answer)
        return GALEN_OK;
    for (int64_t after = 0;;) {
        uint8_t key[32];
        DB_ROWS_AUTO rows = {0};
        bool more = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT record_id, topup_key FROM topup_source s WHERE hospital = ?1"
                           " AND record_id > ?2 AND (?3 IS NULL OR EXISTS (SELECT 1 FROM record r"
                           " WHERE r.id = s.record_id AND r.holder = ?3))"
                           " ORDER BY record_id LIMIT 1",
                           DB_BLOB(hospital.bytes, 20), DB_INT(after),
                           DB_BLOB(wf->has_actor ? wf->actor.bytes : NULL, 20)));
        GALEN_TRY(db_next(&rows, &more, info));
        if (!more)
            return GALEN_OK;
        after = db_int(&rows, 0);
        GALEN_TRY(db_bytes(&rows, 1, key, 32, info));
        db_rows_end(&rows);
        GALEN_TRY(match_record(wf, &tags, after, key, found, info));
    }
}

/* ---- answering ------------------------------------------------------------------------------------ */

struct request {
    int64_t record_id;
    struct chain_address doctor, patient;
    uint8_t root[32], tag[32];
    struct json_object *content; /* owned */
};
static void request_clear(struct request *request)
{
    record_json_put(&request->content);
}

static enum galen_err next_request(struct workflow *wf, struct request *out, int64_t skip,
                                   bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT r.id, t.holder, t.patient, t.record_root, t.tag, s.sealed"
                       " FROM topup t JOIN record r ON r.side = 'doctor' AND r.holder = t.holder"
                       " AND r.merkle_root = t.record_root AND r.owner = t.patient"
                       " JOIN topup_source s ON s.record_id = r.id"
                       " WHERE t.side = 'doctor' AND t.state = 'open' ORDER BY t.rowid"
                       " LIMIT 1 OFFSET ?",
                       DB_INT(skip)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    out->record_id = db_int(&rows, 0);
    GALEN_TRY(db_bytes(&rows, 1, out->doctor.bytes, 20, info));
    GALEN_TRY(db_bytes(&rows, 2, out->patient.bytes, 20, info));
    GALEN_TRY(db_bytes(&rows, 3, out->root, 32, info));
    GALEN_TRY(db_bytes(&rows, 4, out->tag, 32, info));
    return workflow_home_open(wf, &out->content, db_blob(&rows, 5), info);
}

static enum galen_err answer_body(struct workflow *wf, struct json_object **out,
                                  const struct storing_signer *signer,
                                  const struct request *request, const uint8_t sale_key33[33],
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO releases = NULL;
    uint8_t msg32[32], sig[GROUPSIG_SIGNATURE_BYTES];
    GALEN_TRY(storing_make_releases(wf, signer, sale_key33, request->content, STORING_RELEASES,
                                    &releases, info));
    GALEN_TRY(
        topup_msg32(wf, msg32, &request->patient, request->root, request->tag, releases, info));
    GALEN_TRY(storing_sign(signer, sig, msg32, info));
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_address(context, "patient", &request->patient, info));
    GALEN_TRY(record_json_set_hex(context, "recordId", request->root, 32, info));
    GALEN_TRY(record_json_set_hex(context, "tag", request->tag, 32, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", TOPUP_TYPE, info));
    GALEN_TRY(workflow_set_object(body, "context", &context, info));
    GALEN_TRY(workflow_set_object(body, "releases", &releases, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", signer->key_version, info));
    GALEN_TRY(record_json_set_hex(body, "sig", sig, sizeof sig, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

/* The answer is on its way, and the request is done, or neither. */
static enum galen_err answer(struct workflow *wf, const struct request *request,
                             struct galen_errinfo *info)
{
    STORING_SIGNER_AUTO signer = {0};
    struct workflow_contact patient;
    RECORD_JSON_AUTO body = NULL;
    DB_TRANSACTION_AUTO both = {0};
    GALEN_TRY(storing_signer_load(wf, &signer, &request->doctor, info));
    GALEN_TRY(workflow_contact_get(wf, &patient, &request->patient, info));
    GALEN_TRY(answer_body(wf, &body, &signer, request, patient.sale_key, info));
    GALEN_TRY(db_begin(&both, wf->db, info));
    GALEN_TRY(message_send_unsigned(wf, &request->doctor, &request->patient, MESSAGE_TOPUP,
                                    request->tag, body, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE topup SET state = 'done', reason = NULL WHERE holder = ?"
                     " AND side = 'doctor' AND tag = ?",
                     DB_BLOB(request->doctor.bytes, 20), DB_BLOB(request->tag, 32)));
    return db_commit(&both, info);
}

enum galen_err topup_answer_open(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->post.no_topup_answer)
        return GALEN_OK;
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE topup SET state = 'refused' WHERE side = 'doctor' AND state = 'open'"
                     " AND created_at < ?",
                     DB_INT(base_time_s() - (int64_t)TOPUP_DAYS * DAY_S)));
    for (int64_t waiting = 0;;) {
        GALEN_CLEANUP(request_clear) struct request request = {0};
        struct galen_errinfo why = {0};
        bool found = false;
        GALEN_TRY(next_request(wf, &request, waiting, &found, info));
        if (!found)
            return GALEN_OK;
        enum galen_err err = answer(wf, &request, &why);
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        waiting += err != GALEN_OK;
        if (err != GALEN_OK) /* such as a membership that is not there yet: tried again */
            GALEN_TRY(db_run(wf->db, info,
                             "UPDATE topup SET reason = ? WHERE holder = ? AND side = 'doctor'"
                             " AND tag = ?",
                             DB_TEXT(why.what), DB_BLOB(request.doctor.bytes, 20),
                             DB_BLOB(request.tag, 32)));
    }
}

/* ---- looking at the hospitals' lists --------------------------------------------------------------- */

#define POLL_EVERY_S 3600

static enum galen_err fetch_list(struct workflow *wf, const struct chain_address *hospital,
                                 struct json_object **list, struct galen_errinfo *info)
{
    static const struct http_options options = {.peer = "the hospital's node",
                                                .timeout_ms = 20000,
                                                .max_response_bytes = TOPUP_LIST_MAX_BYTES};
    struct http_options guarded = options;
    HTTP_CLIENT_AUTO client = NULL;
    BASE_BUF_AUTO url = {0};
    BASE_BUF_AUTO body = {0};
    RECORD_JSON_AUTO made = NULL;
    struct chain_address named;
    char address[CHAIN_ADDRESS_TEXT];
    char target[64];
    long status = 0;
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, hospital, info));
    if (own)
        return topup_list(wf, hospital, list, info);
    GALEN_TRY(workflow_node_of(wf, &url, hospital, info));
    if (url.len == 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the hospital has no node that is known");
    chain_address_format(address, hospital);
    snprintf(target, sizeof target, "/api/v1/topups/%s", address);
    guarded.guard = &wf->guard;
    GALEN_TRY(http_client_new(&client, (const char *)url.data, &guarded, info));
    const struct http_request request = {.target = target, .accept = "application/json"};
    GALEN_TRY(http_perform(client, &status, &body, &request, info));
    if (status != 200)
        return http_status_fail(client, status, info);
    GALEN_TRY(
        record_json_parse(&made, (const char *)body.data, body.len, TOPUP_LIST_MAX_BYTES, info));
    GALEN_TRY(workflow_get_address(&named, made, "hospital", "list of top-up requests", info));
    if (!chain_address_equal(&named, hospital))
        return base_fail(info, GALEN_ERR_CHECK, "the hospital's node gave another one's list");
    *list = made;
    made = NULL;
    return GALEN_OK;
}

static enum galen_err poll_one(struct workflow *wf, const struct chain_address *hospital,
                               struct json_object *report, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO row = NULL;
    struct galen_errinfo why = {0};
    int64_t found = 0;
    enum galen_err err = fetch_list(wf, hospital, &list, &why);
    if (err == GALEN_OK)
        err = topup_match(wf, list, &found, &why);
    if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM)
        return base_raise(info, err, &why);
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "hospital", hospital, info));
    GALEN_TRY(workflow_set_int(row, "recognised", found, info));
    if (err != GALEN_OK)
        GALEN_TRY(workflow_set_text(row, "problem", why.what, info));
    return workflow_push(report, &row, info);
}

enum galen_err topup_poll(struct workflow *wf, bool now, struct json_object **result,
                          struct galen_errinfo *info)
{
    RECORD_JSON_AUTO report = NULL;
    struct chain_address hospital = {0};
    int64_t last = 0;
    const int64_t time_s = base_time_s();
    GALEN_TRY(workflow_array(&report, info));
    GALEN_TRY(workflow_setting_get(wf, "topup.polled_at", &last, 0, info));
    if (!wf->post.no_topup_answer && (now || last > time_s || time_s - last >= POLL_EVERY_S)) {
        GALEN_TRY(workflow_setting_set(wf, "topup.polled_at", time_s, info));
        for (;;) {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT hospital FROM topup_source WHERE hospital > ?"
                               " ORDER BY hospital LIMIT 1",
                               DB_BLOB(hospital.bytes, 20)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                break;
            GALEN_TRY(db_bytes(&rows, 0, hospital.bytes, 20, info));
            db_rows_end(&rows);
            GALEN_TRY(poll_one(wf, &hospital, report, info));
        }
    }
    workflow_give(result, &report);
    return GALEN_OK;
}
