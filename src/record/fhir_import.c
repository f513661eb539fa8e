/*
 * FHIR R4 to records: which Patient, which Encounters, and what of the file belongs to which.
 */
#include "record/fhir.h"

#include <stdlib.h>
#include <string.h>

/* One record in the making. */
struct draft {
    json_object *encounter; /* borrowed; NULL for a per-patient record */
    const char *id;
    char start[40]; /* literal; its local date gives the age; "" when not known (yet) */
    int64_t start_s, end_s;
    json_object *medical; /* owned */
    int64_t stated_age;   /* from an Observation, where there is no birth date; or -1 */
};

struct import {
    const struct record_fhir_options *options;
    struct fhir_input input;
    struct record_fhir_result *result;
    size_t patient; /* number of the resource */
    struct draft *drafts;
    size_t draft_count;
    json_object *draft_of; /* owned: number of the Encounter's resource, as text -> draft */
    bool per_patient;
    bool dated_by_encounter; /* per patient: otherwise the latest date of any entry counts */
};

static void clear_import(struct import *import)
{
    for (size_t i = 0; i < import->draft_count; i++)
        json_object_put(import->drafts[i].medical);
    free(import->drafts);
    json_object_put(import->draft_of);
    fhir_input_clear(&import->input);
}

static const struct fhir_resource *resource_at(const struct import *import, size_t i)
{
    return &import->input.resources[i];
}

static bool is_type(const struct fhir_resource *resource, const char *type)
{
    return strcmp(resource->type, type) == 0;
}

/* ---- whose ----------------------------------------------------------------------------------- */

static enum galen_err find_patient(struct import *import, struct galen_errinfo *info)
{
    const char *wanted = import->options->patient_id;
    size_t count = 0;
    import->patient = FHIR_NONE;
    for (size_t i = 0; i < import->input.count; i++) {
        const struct fhir_resource *resource = resource_at(import, i);
        if (!is_type(resource, "Patient"))
            continue;
        count++;
        if (wanted == NULL || (resource->id != NULL && strcmp(resource->id, wanted) == 0))
            import->patient = i;
    }
    if (count == 0) {
        (void)base_fail(info, GALEN_ERR_PARSE, "the file holds no Patient");
        (void)base_hint(info, "export the bundle together with its Patient resource");
        return GALEN_ERR_PARSE;
    }
    if (wanted == NULL && count > 1) {
        (void)base_fail(info, GALEN_ERR_PARSE, "the file holds %zu Patients", count);
        (void)base_hint(info, "name one by its FHIR id: each patient has a wallet of their own");
        return GALEN_ERR_PARSE;
    }
    if (import->patient == FHIR_NONE)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the file holds no Patient of that id");
    return GALEN_OK;
}

/* NULL when the resource is the patient's, else why it is not used. */
static const char *check_subject(const struct import *import, json_object *value)
{
    static const char *const keys[] = {"subject", "patient"};
    for (int i = 0; i < 2; i++) {
        if (record_json_member(value, keys[i]) == NULL)
            continue;
        size_t subject = fhir_input_resolve(&import->input, value, keys[i]);
        return subject == import->patient ? NULL : "it is about somebody who is not this patient";
    }
    return "it does not say which patient it is about";
}

/* ---- encounters ------------------------------------------------------------------------------ */

static const char *check_encounter(struct draft *draft, json_object *value)
{
    static const char *const void_statuses[] = {"planned", "cancelled", "entered-in-error"};
    const char *status = record_json_text(value, "status");
    for (size_t i = 0; status != NULL && i < RECORD_COUNT_OF(void_statuses); i++) {
        if (strcmp(status, void_statuses[i]) == 0)
            return "it did not take place, or was entered in error";
    }
    json_object *period = record_json_member(value, "period");
    const char *start = record_json_text(period, "start");
    if (!fhir_time(&draft->start_s, start))
        return "it has no usable period.start";
    snprintf(draft->start, sizeof draft->start, "%s", start);
    const char *end = record_json_text(period, "end");
    if (!fhir_time(&draft->end_s, end) || draft->end_s < draft->start_s)
        draft->end_s = draft->start_s;
    return NULL;
}

static enum galen_err add_draft(struct import *import, const struct draft *draft, size_t resource,
                                struct galen_errinfo *info)
{
    char name[24];
    import->drafts[import->draft_count] = *draft;
    import->drafts[import->draft_count].medical = json_object_new_object();
    if (import->drafts[import->draft_count].medical == NULL)
        return record_nomem(info);
    import->draft_count++;
    snprintf(name, sizeof name, "%zu", resource);
    return record_json_set(import->draft_of, name,
                           json_object_new_int64((int64_t)import->draft_count - 1), info);
}

static int by_start(const void *a, const void *b)
{
    const struct draft *left = a;
    const struct draft *right = b;
    if (left->start_s != right->start_s)
        return left->start_s < right->start_s ? -1 : 1;
    return strcmp(left->id, right->id);
}

/* A draft for each Encounter, or one for all of them together. */
static enum galen_err find_encounters(struct import *import, struct galen_errinfo *info)
{
    size_t count = 0;
    for (size_t i = 0; i < import->input.count; i++)
        count += is_type(resource_at(import, i), "Encounter");
    import->per_patient = import->options->per_patient || count == 0;
    import->drafts = calloc(count + 1, sizeof *import->drafts);
    import->draft_of = json_object_new_object();
    if (import->drafts == NULL || import->draft_of == NULL)
        return record_nomem(info);

    struct draft whole = {.id = "", .stated_age = -1};
    for (size_t i = 0; i < import->input.count; i++) {
        const struct fhir_resource *resource = resource_at(import, i);
        if (!is_type(resource, "Encounter"))
            continue;
        struct draft draft = {.encounter = resource->value, .id = "", .stated_age = -1};
        if (resource->id != NULL)
            draft.id = resource->id;
        const char *why = check_subject(import, resource->value);
        if (why == NULL)
            why = check_encounter(&draft, resource->value);
        if (why != NULL) {
            GALEN_TRY(fhir_skip(import->result, "Encounter", why, info));
            continue;
        }
        if (!import->per_patient) {
            GALEN_TRY(add_draft(import, &draft, i, info));
        } else if (whole.start[0] == '\0' || draft.start_s > whole.start_s) { /* the latest */
            memcpy(whole.start, draft.start, sizeof whole.start);
            whole.start_s = draft.start_s;
        }
    }
    if (!import->per_patient)
        return GALEN_OK;
    import->dated_by_encounter = whole.start[0] != '\0';
    return add_draft(import, &whole, FHIR_NONE, info);
}

/* ---- what belongs where ---------------------------------------------------------------------- */

static const char *entry_date(json_object *entries)
{
    if (json_object_array_length(entries) == 0)
        return NULL;
    return record_json_text(json_object_array_get_idx(entries, 0), "date");
}

/* By the encounter it names; else, when it names none, by its date. NULL when neither helps. */
static struct draft *find_draft(struct import *import, json_object *value, const char *date)
{
    if (import->per_patient)
        return &import->drafts[0];
    bool named = record_json_member(value, "encounter") != NULL;
    const char *key = named ? "encounter" : "context";
    size_t encounter = fhir_input_resolve(&import->input, value, key);
    if (encounter != FHIR_NONE) {
        char name[24];
        json_object *number = NULL;
        snprintf(name, sizeof name, "%zu", encounter);
        if (!json_object_object_get_ex(import->draft_of, name, &number))
            return NULL;
        return &import->drafts[json_object_get_int64(number)];
    }
    int64_t time;
    if (!fhir_time(&time, date))
        return NULL;
    for (size_t i = 0; i < import->draft_count; i++) {
        struct draft *draft = &import->drafts[i];
        bool same_day = strlen(date) == 10 && strncmp(draft->start, date, 10) == 0;
        if (same_day || (strlen(date) > 10 && time >= draft->start_s && time <= draft->end_s))
            return draft;
    }
    return NULL;
}

static enum galen_err append(json_object *medical, enum record_list list, json_object *entries,
                             size_t *left_out, struct galen_errinfo *info)
{
    json_object *known = record_json_member(medical, record_list_names[list]);
    if (known == NULL) {
        known = json_object_new_array();
        GALEN_TRY(record_json_set(medical, record_list_names[list], known, info));
    }
    *left_out = 0;
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *copy = NULL;
        if (json_object_array_length(known) == RECORD_MAX_LIST) {
            ++*left_out;
            continue;
        }
        GALEN_TRY(record_json_copy(&copy, json_object_array_get_idx(entries, i), info));
        GALEN_TRY(record_json_push(known, copy, info));
    }
    return GALEN_OK;
}

/* An age told by an Observation, as the export writes it where there is no birth date. */
static bool take_stated_age(struct import *import, json_object *value)
{
    if (!fhir_concept_has(record_json_member(value, "code"), FHIR_LOINC, FHIR_LOINC_AGE))
        return false;
    json_object *age = record_json_member(record_json_member(value, "valueQuantity"), "value");
    const char *unit = record_json_text(record_json_member(value, "valueQuantity"), "code");
    struct draft *draft = find_draft(import, value, record_json_text(value, "effectiveDateTime"));
    if (draft == NULL || !json_object_is_type(age, json_type_int) || unit == NULL ||
        strcmp(unit, "a") != 0 || json_object_get_int64(age) < 0 ||
        json_object_get_int64(age) > 150)
        return false;
    draft->stated_age = json_object_get_int64(age);
    return true;
}

static enum galen_err place_resource(struct import *import, const struct fhir_resource *resource,
                                     struct galen_errinfo *info)
{
    enum record_list list = RECORD_DIAGNOSIS;
    RECORD_JSON_AUTO entries = NULL;
    const char *reason = check_subject(import, resource->value);
    json_object *patient = resource_at(import, import->patient)->value;
    if (reason == NULL && is_type(resource, "Observation") &&
        record_json_member(patient, "birthDate") == NULL &&
        take_stated_age(import, resource->value))
        return GALEN_OK;
    if (reason == NULL)
        GALEN_TRY(fhir_read_entries(&entries, &list, &reason, &import->input, resource, info));
    if (reason != NULL)
        return fhir_skip(import->result, resource->type, reason, info);
    struct draft *draft = find_draft(import, resource->value, entry_date(entries));
    if (draft == NULL)
        return fhir_skip(import->result, resource->type,
                         "it belongs to no encounter that became a record", info);
    size_t left_out = 0;
    GALEN_TRY(append(draft->medical, list, entries, &left_out, info));
    if (left_out > 0)
        return fhir_skip(import->result, resource->type, "the record's list is full", info);
    int64_t time;
    const char *date = entry_date(entries);
    if (import->per_patient && !import->dated_by_encounter && fhir_time(&time, date) &&
        (draft->start[0] == '\0' || time > draft->start_s)) {
        draft->start_s = time;
        snprintf(draft->start, sizeof draft->start, "%s", date);
    }
    return GALEN_OK;
}

/* ---- records --------------------------------------------------------------------------------- */

/* One category for all encounters when they agree. */
static const char *common_category(const struct import *import, json_object *medical)
{
    const char *common = NULL;
    for (size_t i = 0; i < import->input.count; i++) {
        const struct fhir_resource *resource = resource_at(import, i);
        if (!is_type(resource, "Encounter") || check_subject(import, resource->value) != NULL)
            continue;
        const char *category = fhir_category(resource->value, NULL);
        if (common != NULL && strcmp(common, category) != 0)
            return "General practice";
        common = category;
    }
    return common != NULL ? common : fhir_category(NULL, medical);
}

static enum galen_err set_demographics(const struct import *import, const struct draft *draft,
                                       json_object *record, struct galen_errinfo *info)
{
    json_object *patient = resource_at(import, import->patient)->value;
    RECORD_JSON_AUTO demographics = NULL;
    GALEN_TRY(fhir_read_patient(&demographics, patient, info));
    int64_t age = fhir_age(record_json_text(patient, "birthDate"), draft->start);
    if (age < 0 && record_json_member(patient, "birthDate") == NULL)
        age = draft->stated_age;
    if (demographics == NULL && age < 0)
        return GALEN_OK;
    if (demographics == NULL)
        demographics = json_object_new_object();
    if (age >= 0)
        GALEN_TRY(record_json_set(demographics, "age", json_object_new_int64(age), info));
    json_object *taken = demographics;
    demographics = NULL;
    return record_json_set(record, "demographics", taken, info);
}

static enum galen_err build_record(json_object **out, const struct import *import,
                                   struct draft *draft, struct galen_errinfo *info)
{
    const struct record_fhir_options *options = import->options;
    char issued[BASE_TIME_TEXT];
    base_time_format(issued, draft->start_s);
    const char *category = import->per_patient ? common_category(import, draft->medical)
                                               : fhir_category(draft->encounter, draft->medical);
    RECORD_JSON_AUTO record = json_object_new_object();
    json_object *hospital = json_object_new_object();
    GALEN_TRY(record_json_set(record, "hospital", hospital, info));
    GALEN_TRY(record_json_set(record, "type", json_object_new_string(RECORD_TYPE), info));
    GALEN_TRY(
        record_json_set(record, "patient", json_object_new_string(options->patient_address), info));
    GALEN_TRY(record_json_set(record, "issued", json_object_new_string(issued), info));
    GALEN_TRY(
        record_json_set(hospital, "name", json_object_new_string(options->hospital_name), info));
    GALEN_TRY(record_json_set(hospital, "address",
                              json_object_new_string(options->hospital_address), info));
    GALEN_TRY(record_json_set(record, "category", json_object_new_string(category), info));
    GALEN_TRY(set_demographics(import, draft, record, info));
    if (json_object_object_length(draft->medical) > 0) {
        json_object *medical = draft->medical;
        draft->medical = NULL;
        GALEN_TRY(record_json_set(record, "medical_data", medical, info));
    }
    GALEN_TRY(record_validate(record, info));
    *out = record;
    record = NULL;
    return GALEN_OK;
}

static enum galen_err build_records(struct import *import, struct galen_errinfo *info)
{
    struct record_fhir_result *result = import->result;
    result->items = calloc(import->draft_count + 1, sizeof *result->items);
    if (result->items == NULL)
        return record_nomem(info);
    qsort(import->drafts, import->draft_count, sizeof *import->drafts, by_start);
    for (size_t i = 0; i < import->draft_count; i++) {
        struct record_fhir_item *item = &result->items[result->item_count];
        if (import->drafts[i].start[0] == '\0') {
            GALEN_TRY(fhir_skip(result, "Patient", "nothing in the file tells a date", info));
            continue;
        }
        enum galen_err err = build_record(&item->record, import, &import->drafts[i], info);
        if (err == GALEN_ERR_LIMIT || err == GALEN_ERR_PARSE) { /* too large for one record */
            GALEN_TRY(fhir_skip(result, import->per_patient ? "Patient" : "Encounter",
                                "what belongs to it does not fit into one record", info));
            continue;
        }
        GALEN_TRY(err);
        snprintf(item->encounter, sizeof item->encounter, "%s", import->drafts[i].id);
        item->leaf_count = (uint32_t)record_count_leaves(item->record);
        result->item_count++;
    }
    return GALEN_OK;
}

static enum galen_err run(struct import *import, const void *data, size_t len,
                          struct galen_errinfo *info)
{
    GALEN_TRY(fhir_input_load(&import->input, import->result, data, len, info));
    GALEN_TRY(find_patient(import, info));
    GALEN_TRY(find_encounters(import, info));
    for (size_t i = 0; i < import->input.count; i++) {
        const struct fhir_resource *resource = resource_at(import, i);
        if (fhir_is_clinical(resource->type))
            GALEN_TRY(place_resource(import, resource, info));
        else if (is_type(resource, "Patient") && i != import->patient)
            GALEN_TRY(fhir_skip(import->result, "Patient", "another patient", info));
        else if (!is_type(resource, "Patient") && !is_type(resource, "Encounter"))
            GALEN_TRY(fhir_skip(import->result, resource->type,
                                "resources of this type are no part of a record", info));
    }
    return build_records(import, info);
}

static enum galen_err check_options(const struct record_fhir_options *options,
                                    struct galen_errinfo *info)
{
    if (!record_is_address(options->patient_address) ||
        !record_is_address(options->hospital_address))
        return base_fail(info, GALEN_ERR_USAGE,
                         "the patient's or the hospital's address is not 0x and 40 hex digits");
    size_t len = strlen(options->hospital_name);
    if (len == 0 || len > 256 || !record_utf8_ok(options->hospital_name, len))
        return base_fail(info, GALEN_ERR_USAGE,
                         "the hospital's name is not 1 to 256 bytes of text");
    return GALEN_OK;
}

enum galen_err record_fhir_import(struct record_fhir_result *out, const void *data, size_t len,
                                  const struct record_fhir_options *options,
                                  struct galen_errinfo *info)
{
    GALEN_ASSERT(out->items == NULL && out->skips == NULL);
    GALEN_TRY(check_options(options, info));
    RECORD_FHIR_RESULT_AUTO result = {0};
    GALEN_CLEANUP(clear_import)
    struct import import = {.options = options, .result = &result};
    GALEN_TRY(run(&import, data, len, info));
    *out = result;
    result = (struct record_fhir_result){0};
    return GALEN_OK;
}
