/* The API's records and shares. */
#include "node/api.h"

#include <stdlib.h>
#include <string.h>

#include "record/fhir.h"
#include "workflow/access.h"

#define PATHS_MAX 256

/* ---- records ------------------------------------------------------------------------------------ */

enum galen_err api_record_list(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return storing_list(call->wf, &call->request->who, &page, result, info);
}

static enum galen_err read_options(const struct api_call *call, struct storing_options *options,
                                   struct galen_errinfo *info)
{
    int64_t releases = -1;
    GALEN_TRY(api_int(call, "releases", 0, 16, &releases, info));
    options->releases = (int)releases;
    return api_bool(call, "fromWallet", &options->from_wallet, info);
}

enum galen_err api_record_store(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    static const char *const needed[] = {"record", NULL};
    static const char *const allowed[] = {"releases", "fromWallet", NULL};
    struct storing_options options = {0};
    struct json_object *record = NULL;
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(read_options(call, &options, info));
    GALEN_TRY(api_object(call, "record", &record, info));
    return storing_store(call->wf, &call->request->who, record, &options, result, info);
}

/* The body is an HL7 FHIR R4 Bundle (JSON, NDJSON, either gzipped); for whom and where treated
 * stands in the query. A dry run only reads it. */
enum galen_err api_record_import(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    const char *patient_name = node_query(call->request, "patient");
    const char *hospital_name = node_query(call->request, "hospital");
    const char *with_report = node_query(call->request, "report");
    struct chain_address patient, hospital;
    char patient_text[CHAIN_ADDRESS_TEXT], hospital_text[CHAIN_ADDRESS_TEXT];
    if (with_report != NULL && strcmp(with_report, "true") != 0 &&
        strcmp(with_report, "false") != 0)
        return base_fail(info, GALEN_ERR_USAGE, "report is true or false");
    if (patient_name == NULL || hospital_name == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "say ?patient= and &hospital=, by name or address");
    GALEN_TRY(workflow_contact_find(call->wf, &patient, patient_name, info));
    GALEN_TRY(workflow_contact_find(call->wf, &hospital, hospital_name, info));
    chain_address_format(patient_text, &patient);
    chain_address_format(hospital_text, &hospital);
    const struct record_fhir_options fhir = {
        .patient_address = patient_text,
        .hospital_address = hospital_text,
        .hospital_name = hospital_name,
        .patient_id = node_query(call->request, "patientId"),
    };
    RECORD_FHIR_RESULT_AUTO records = {0};
    const struct base_buf *body = &call->request->body;
    GALEN_TRY(record_fhir_import(&records, body->data, body->len, &fhir, info));
    GALEN_TRY(record_fhir_report(result, "body", &records, NULL, info));
    if (with_report != NULL && strcmp(with_report, "true") == 0)
        GALEN_TRY(record_fhir_report_releases(*result, &records, info));
    const struct import_file file = {
        .records = &records, .patient = patient, .hospital = hospital, .releases = -1};
    return import_store(call->wf, &call->request->who, &file, *result, info);
}

enum galen_err api_import_list(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return import_list(call->wf, &call->request->who, &page, result, info);
}

enum galen_err api_record_show(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    return storing_show(call->wf, call->params[0], result, info);
}

/* ?fields=, JSON Pointers with commas between. */
static enum galen_err split_fields(char *text, const char **fields, size_t max, size_t *n,
                                   struct galen_errinfo *info)
{
    for (char *rest = text, *one; (one = strsep(&rest, ",")) != NULL;) {
        if (*n == max)
            return base_fail(info, GALEN_ERR_LIMIT, "fields: %zu at most", max);
        fields[(*n)++] = one;
    }
    return GALEN_OK;
}

enum galen_err api_record_tree(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    enum { FIELDS_MAX = 64 };
    const char *fields[FIELDS_MAX];
    const char *given = node_query(call->request, "fields");
    const char *release = node_query(call->request, "release");
    struct storing_tree_view view = {.fields = fields};
    uint8_t root[RECORD_HASH_BYTES];
    int64_t request_id = 0;
    BASE_TEXT_AUTO text = given != NULL ? strdup(given) : NULL;
    GALEN_TRY(api_query_int(call, "request", 1, INT64_MAX, &request_id, info));
    view.request_id = (uint64_t)request_id;
    if (given != NULL && request_id != 0)
        return base_fail(info, GALEN_ERR_USAGE, "fields or request, not both");
    if (given != NULL && text == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (text != NULL)
        GALEN_TRY(split_fields(text, fields, FIELDS_MAX, &view.n_fields, info));
    if (release != NULL) {
        GALEN_TRY(base_hex_decode(root, sizeof root, release, "release", info));
        view.release_root = root;
    }
    return storing_tree(call->wf, call->params[0], &view, result, info);
}

enum galen_err api_record_verify(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    bool passed = true;
    GALEN_TRY(api_members(call, NULL, NULL, info));
    GALEN_TRY(storing_verify(call->wf, call->params[0], &passed, result, info));
    return api_give_verdict(*result, passed, info);
}

enum galen_err api_record_fhir(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    GALEN_TRY(storing_export_fhir(call->wf, call->params[0], result, info));
    response_json(call->response, MHD_HTTP_OK, *result);
    response_file(call->response, "application/fhir+json", "record.json");
    return GALEN_OK;
}

/* ---- de-identification ---------------------------------------------------------------------------- */

enum galen_err api_record_deidentified(struct api_call *call, struct json_object **result,
                                       struct galen_errinfo *info)
{
    return storing_deidentify(call->wf, call->params[0], result, info);
}

enum galen_err api_record_deidentify(struct api_call *call, struct json_object **result,
                                     struct galen_errinfo *info)
{
    static const char *const needed[] = {"record", NULL};
    struct json_object *record = NULL;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_object(call, "record", &record, info));
    return record_release_describe(result, record, info);
}

enum galen_err api_deidentification_rules(struct api_call *call, struct json_object **result,
                                          struct galen_errinfo *info)
{
    return record_release_rules(result, info);
}

/* ---- more releases --------------------------------------------------------------------------------- */

enum galen_err api_topup(struct api_call *call, struct json_object **result,
                         struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return topup_ask(call->wf, call->params[0], result, info);
}

enum galen_err api_topup_list(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    struct chain_address hospital;
    if (chain_address_parse(&hospital, call->params[0], NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "there is no such hospital here");
    return topup_list(call->wf, &hospital, result, info);
}

enum galen_err api_topup_match(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    int64_t found = 0;
    GALEN_TRY(topup_match(call->wf, call->body, &found, info));
    GALEN_TRY(api_object_new(result, info));
    return record_json_set(*result, "recognised", json_object_new_int64(found), info);
}

enum galen_err api_relay(struct api_call *call, struct json_object **result,
                         struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return storing_relay(call->wf, &call->request->who, result, info);
}

/* ---- the access log ------------------------------------------------------------------------------- */

enum galen_err api_access_log(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    const struct chain_address *who = &call->request->who;
    const char *format = node_query(call->request, "format");
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    if (format == NULL || strcmp(format, "json") == 0) {
        GALEN_TRY(access_log(call->wf, who, &page, result, info));
        response_json(call->response, MHD_HTTP_OK, *result);
        return GALEN_OK;
    }
    const bool is_log = strcmp(format, "fhir") == 0;
    if (!is_log && strcmp(format, "fhir-consent") != 0)
        return base_fail(info, GALEN_ERR_USAGE, "format is json, fhir or fhir-consent");
    GALEN_TRY((is_log ? access_log_fhir : access_consents_fhir)(call->wf, who, result, info));
    response_json(call->response, MHD_HTTP_OK, *result);
    response_file(call->response, "application/fhir+json",
                  is_log ? "access-log.json" : "consents.json");
    return GALEN_OK;
}

/* ---- shares --------------------------------------------------------------------------------------- */

enum galen_err api_share_list(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return sharing_list(call->wf, &page, result, info);
}

enum galen_err api_share_grant(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const char *const needed[] = {"record", "doctor", NULL};
    static const char *const allowed[] = {"fields", "expires", "onChain", NULL};
    struct sharing_options options = {0};
    struct chain_address doctor;
    struct json_object *fields = NULL;
    const char *record = NULL;
    const char *paths[PATHS_MAX];
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "record", &record, info));
    GALEN_TRY(api_contact(call, "doctor", &doctor, info));
    GALEN_TRY(api_time(call, "expires", &options.expires_at, info));
    GALEN_TRY(api_bool(call, "onChain", &options.on_chain, info));
    GALEN_TRY(record_json_get_array(&fields, call->body, "fields", RECORD_JSON_OPTIONAL, 1,
                                    PATHS_MAX, "body", info));
    options.n_paths = fields != NULL ? json_object_array_length(fields) : 0;
    for (size_t i = 0; i < options.n_paths; i++) {
        struct json_object *item = json_object_array_get_idx(fields, i);
        if (!json_object_is_type(item, json_type_string))
            return base_fail(info, GALEN_ERR_USAGE, "body/fields holds JSON Pointers");
        paths[i] = json_object_get_string(item);
    }
    options.paths = options.n_paths > 0 ? paths : NULL;
    return sharing_grant(call->wf, record, &doctor, &options, result, info);
}

enum galen_err api_share_open(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    bool passed = true;
    GALEN_TRY(api_members(call, NULL, NULL, info));
    GALEN_TRY(sharing_open(call->wf, call->params[0], &passed, result, info));
    return api_give_verdict(*result, passed, info);
}

enum galen_err api_share_revoke(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return sharing_revoke(call->wf, call->params[0], result, info);
}
