/* Clinical resources to entries of medical_data, and Patient to demographics. */
#include "record/fhir.h"

#include <string.h>

static bool one_of(const char *text, const char *const *list)
{
    for (; text != NULL && *list != NULL; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

/* ---- Patient --------------------------------------------------------------------------------- */

static enum galen_err read_address(json_object *out, json_object *patient,
                                   struct galen_errinfo *info)
{
    static const struct {
        const char *from, *to;
        size_t max;
    } parts[] = {{"city", "city", 128},
                 {"state", "state", 128},
                 {"postalCode", "postal_code", 16},
                 {"country", "country", 64}};
    json_object *address = fhir_item(patient, "address", 0);
    json_object *other;
    for (size_t i = 0; (other = fhir_item(patient, "address", i)) != NULL; i++) {
        const char *use = record_json_text(other, "use");
        if (use != NULL && strcmp(use, "home") == 0) {
            address = other;
            break;
        }
    }
    RECORD_JSON_AUTO location = json_object_new_object();
    if (location == NULL)
        return record_nomem(info);
    for (size_t i = 0; i < RECORD_COUNT_OF(parts); i++)
        GALEN_TRY(fhir_put_text(location, parts[i].to, record_json_text(address, parts[i].from),
                                parts[i].max, info));
    if (json_object_object_length(location) == 0)
        return GALEN_OK;
    json_object *taken = location;
    location = NULL;
    return record_json_set(out, "location", taken, info);
}

static enum galen_err push_coded(json_object *list, const char *system, const char *code,
                                 const char *display, struct galen_errinfo *info)
{
    if ((code == NULL && display == NULL) || json_object_array_length(list) == 16)
        return GALEN_OK;
    json_object *coded = json_object_new_object();
    GALEN_TRY(record_json_push(list, coded, info));
    if (code != NULL)
        GALEN_TRY(fhir_put_text(coded, "system", system, 256, info));
    GALEN_TRY(fhir_put_text(coded, "code", code, 128, info));
    return fhir_put_text(coded, "display", display, RECORD_MAX_TEXT_BYTES, info);
}

/* US Core race and ethnicity: the OMB categories, and the text only where there is no code. */
static enum galen_err read_us_core(json_object *list, json_object *extension,
                                   struct galen_errinfo *info)
{
    const char *text = NULL;
    size_t before = json_object_array_length(list);
    json_object *part;
    for (size_t i = 0; (part = fhir_item(extension, "extension", i)) != NULL; i++) {
        const char *url = record_json_text(part, "url");
        json_object *coding = record_json_member(part, "valueCoding");
        if (url != NULL && strcmp(url, "text") == 0)
            text = fhir_text(part, "valueString", RECORD_MAX_TEXT_BYTES);
        else if (url != NULL && (strcmp(url, "ombCategory") == 0 || strcmp(url, "detailed") == 0))
            GALEN_TRY(push_coded(list, fhir_text(coding, "system", 256),
                                 fhir_text(coding, "code", 128),
                                 fhir_text(coding, "display", RECORD_MAX_TEXT_BYTES), info));
    }
    if (json_object_array_length(list) > before)
        return GALEN_OK;
    return push_coded(list, NULL, NULL, text, info);
}

static enum galen_err read_ethnicity(json_object *out, json_object *patient,
                                     struct galen_errinfo *info)
{
    static const char *const urls[] = {FHIR_RACE, FHIR_ETHNICITY, NULL};
    RECORD_JSON_AUTO list = json_object_new_array();
    if (list == NULL)
        return record_nomem(info);
    json_object *extension;
    for (size_t i = 0; (extension = fhir_item(patient, "extension", i)) != NULL; i++) {
        if (one_of(record_json_text(extension, "url"), urls))
            GALEN_TRY(read_us_core(list, extension, info));
    }
    if (json_object_array_length(list) == 0)
        return GALEN_OK;
    json_object *taken = list;
    list = NULL;
    return record_json_set(out, "ethnicity", taken, info);
}

enum galen_err fhir_read_patient(json_object **out, json_object *patient,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    if (made == NULL)
        return record_nomem(info);
    const char *gender = record_json_text(patient, "gender");
    if (gender != NULL && record_is_gender(gender))
        GALEN_TRY(fhir_put_text(made, "gender", gender, 8, info));
    GALEN_TRY(read_address(made, patient, info));
    GALEN_TRY(read_ethnicity(made, patient, info));
    if (json_object_object_length(made) == 0)
        return GALEN_OK;
    *out = made;
    made = NULL;
    return GALEN_OK;
}

/* ---- clinical resources ---------------------------------------------------------------------- */

/* What one kind of resource needs told apart. */
struct source {
    const struct fhir_input *input;
    json_object *value;
    json_object *entries; /* array to fill */
    const char **reason;
};

#define NO_CODE "it has neither a code nor a text"

/* FHIR demands a status; "unknown" says nothing and is left out. */
static enum galen_err put_status(json_object *entry, const char *status, struct galen_errinfo *info)
{
    if (status != NULL && strcmp(status, "unknown") == 0)
        return GALEN_OK;
    return fhir_put_text(entry, "status", status, 64, info);
}

/* A new entry at the end of the list, from a CodeableConcept; *entry = NULL when that is empty. */
static enum galen_err add_entry(json_object **entry, const struct source *source,
                                json_object *concept, struct galen_errinfo *info)
{
    bool any = false;
    RECORD_JSON_AUTO made = json_object_new_object();
    if (made == NULL)
        return record_nomem(info);
    GALEN_TRY(fhir_read_concept(&any, made, concept, info));
    *entry = NULL;
    if (!any)
        return GALEN_OK;
    json_object *taken = made;
    made = NULL;
    GALEN_TRY(record_json_push(source->entries, taken, info));
    *entry = taken;
    return GALEN_OK;
}

static enum galen_err read_condition(const struct source *source, struct galen_errinfo *info)
{
    static const char *const void_statuses[] = {"refuted", "entered-in-error", NULL};
    bool any = false;
    bool ended = false;
    json_object *entry;
    if (one_of(fhir_concept_code(record_json_member(source->value, "verificationStatus")),
               void_statuses)) {
        *source->reason = "refuted or entered in error";
        return GALEN_OK;
    }
    GALEN_TRY(add_entry(&entry, source, record_json_member(source->value, "code"), info));
    if (entry == NULL) {
        *source->reason = NO_CODE;
        return GALEN_OK;
    }
    GALEN_TRY(put_status(
        entry, fhir_concept_code(record_json_member(source->value, "clinicalStatus")), info));
    GALEN_TRY(fhir_read_when(&any, entry, source->value, "onset", info));
    const char *recorded = fhir_text(source->value, "recordedDate", 39);
    if (!any && recorded != NULL && record_is_date(recorded))
        GALEN_TRY(fhir_put_text(entry, "date", recorded, 39, info));
    const char *abated = fhir_text(source->value, "abatementDateTime", 39);
    ended = record_json_member(entry, "end") != NULL;
    if (!ended && abated != NULL && record_is_date(abated))
        GALEN_TRY(fhir_put_text(entry, "end", abated, 39, info));
    return GALEN_OK;
}

static enum galen_err read_procedure(const struct source *source, struct galen_errinfo *info)
{
    static const char *const void_statuses[] = {"entered-in-error", "not-done", "preparation",
                                                NULL};
    bool any = false;
    json_object *entry;
    const char *status = record_json_text(source->value, "status");
    if (one_of(status, void_statuses)) {
        *source->reason = "not done, or entered in error";
        return GALEN_OK;
    }
    GALEN_TRY(add_entry(&entry, source, record_json_member(source->value, "code"), info));
    if (entry == NULL) {
        *source->reason = NO_CODE;
        return GALEN_OK;
    }
    GALEN_TRY(put_status(entry, status, info));
    return fhir_read_when(&any, entry, source->value, "performed", info);
}

static enum galen_err finish_plan_entry(json_object *entry, const char *status, json_object *plan,
                                        struct galen_errinfo *info)
{
    bool any = false;
    GALEN_TRY(put_status(entry, status, info));
    return fhir_read_when(&any, entry, plan, "", info);
}

/* A care plan's SNOMED categories and its activities are treatments; its statuses become those of a
 * Procedure, as which they are exported. */
static enum galen_err read_care_plan(const struct source *source, struct galen_errinfo *info)
{
    static const char *const void_statuses[] = {"entered-in-error", "draft", NULL};
    const char *status = record_json_text(source->value, "status");
    json_object *entry;
    json_object *part;
    if (one_of(status, void_statuses)) {
        *source->reason = "a draft, or entered in error";
        return GALEN_OK;
    }
    if (status != NULL && strcmp(status, "active") == 0)
        status = "in-progress";
    else if (status != NULL && strcmp(status, "revoked") == 0)
        status = "stopped";
    for (size_t i = 0; (part = fhir_item(source->value, "category", i)) != NULL; i++) {
        const char *system = record_json_text(fhir_item(part, "coding", 0), "system");
        if (system == NULL || strcmp(system, "http://snomed.info/sct") != 0)
            continue;
        GALEN_TRY(add_entry(&entry, source, part, info));
        if (entry != NULL)
            GALEN_TRY(finish_plan_entry(entry, status, source->value, info));
    }
    for (size_t i = 0; (part = fhir_item(source->value, "activity", i)) != NULL; i++) {
        json_object *code = record_json_member(record_json_member(part, "detail"), "code");
        GALEN_TRY(add_entry(&entry, source, code, info));
        if (entry != NULL)
            GALEN_TRY(finish_plan_entry(entry, status, source->value, info));
    }
    if (json_object_array_length(source->entries) == 0)
        *source->reason = NO_CODE;
    return GALEN_OK;
}

/* medication[x]: a concept, or a reference to a Medication in the file or in the resource itself.
 */
static json_object *find_medication(const struct source *source)
{
    json_object *concept = record_json_member(source->value, "medicationCodeableConcept");
    if (concept != NULL)
    return concept;
    json_object *pointer = record_json_member(source->value, "medicationReference");
    const char *reference = fhir_text(pointer, "reference", 128);
    if (reference != NULL && reference[0] == '#') {
        json_object *inner;
        for (size_t i = 0; (inner = fhir_item(source->value, "contained", i)) != NULL; i++) {
            const char *id = record_json_text(inner, "id");
            if (id != NULL && strcmp(id, reference + 1) == 0)
                return record_json_member(inner, "code");
        }
        return NULL;
    }
    size_t found = fhir_input_resolve(source->input, source->value, "medicationReference");
    return found == FHIR_NONE ? NULL
                              : record_json_member(source->input->resources[found].value, "code");
}

static enum galen_err read_medication(const struct source *source, bool statement,
                                      struct galen_errinfo *info)
{
    static const char *const void_statuses[] = {"entered-in-error", "draft", "cancelled",
                                                "not-taken", NULL};
    bool any = false;
    json_object *entry;
    json_object *not_done = record_json_member(source->value, "doNotPerform");
    const char *status = record_json_text(source->value, "status");
    if (one_of(status, void_statuses) ||
        (json_object_is_type(not_done, json_type_boolean) && json_object_get_boolean(not_done))) {
        *source->reason = "not taken, cancelled, a draft, or entered in error";
        return GALEN_OK;
    }
    if (status != NULL && strcmp(status, "intended") == 0)
        status = NULL; /* no such status of a MedicationRequest, as which it is exported */
    GALEN_TRY(add_entry(&entry, source, find_medication(source), info));
    if (entry == NULL) {
        *source->reason = NO_CODE;
        return GALEN_OK;
    }
    GALEN_TRY(put_status(entry, status, info));
    if (statement) {
        GALEN_TRY(fhir_read_when(&any, entry, source->value, "effective", info));
    } else {
        const char *authored = fhir_text(source->value, "authoredOn", 39);
        if (authored != NULL && record_is_date(authored))
            GALEN_TRY(fhir_put_text(entry, "date", authored, 39, info));
    }
    json_object *dosage = fhir_item(source->value, statement ? "dosage" : "dosageInstruction", 0);
    return fhir_put_text(entry, "dosage", record_json_text(dosage, "text"), RECORD_MAX_TEXT_BYTES,
                         info);
}

static bool has_category(json_object *observation, const char *code)
{
    json_object *category;
    for (size_t i = 0; (category = fhir_item(observation, "category", i)) != NULL; i++) {
        if (fhir_concept_has(category, NULL, code))
            return true;
    }
    return false;
}

static enum galen_err read_components(size_t *count, const struct source *source,
                                      json_object *entry, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = json_object_new_array();
    if (list == NULL)
        return record_nomem(info);
    json_object *part;
    for (size_t i = 0; i < 256 && (part = fhir_item(source->value, "component", i)) != NULL; i++) {
        bool coded = false;
        bool valued = false;
        const char *reason;
        RECORD_JSON_AUTO made = json_object_new_object();
        if (made == NULL)
            return record_nomem(info);
        GALEN_TRY(fhir_read_concept(&coded, made, record_json_member(part, "code"), info));
        GALEN_TRY(fhir_read_value(&valued, &reason, made, part, info));
        if (!coded || !valued)
            continue;
        json_object *taken = made;
        made = NULL;
        GALEN_TRY(record_json_push(list, taken, info));
    }
    *count = json_object_array_length(list);
    if (*count == 0)
        return GALEN_OK;
    json_object *taken = list;
    list = NULL;
    return record_json_set(entry, "components", taken, info);
}

static enum galen_err read_observation(const struct source *source, struct galen_errinfo *info)
{
    static const char *const void_statuses[] = {"entered-in-error", "cancelled", "registered",
                                                NULL};
    const char *status = record_json_text(source->value, "status");
    if (!has_category(source->value, "laboratory") && !has_category(source->value, "vital-signs")) {
        *source->reason = "its category is neither laboratory nor vital-signs";
        return GALEN_OK;
    }
    if (one_of(status, void_statuses)) {
        *source->reason = "cancelled, not yet done, or entered in error";
        return GALEN_OK;
    }
    bool any = false;
    bool dated = false;
    const char *reason = NULL;
    size_t components = 0;
    json_object *entry;
    GALEN_TRY(add_entry(&entry, source, record_json_member(source->value, "code"), info));
    if (entry == NULL) {
        *source->reason = NO_CODE;
        return GALEN_OK;
    }
    GALEN_TRY(put_status(entry, status, info));
    GALEN_TRY(fhir_read_value(&any, &reason, entry, source->value, info));
    GALEN_TRY(read_components(&components, source, entry, info));
    if (reason != NULL || (!any && components == 0)) {
        *source->reason = reason != NULL ? reason : "it has no value";
        return GALEN_OK;
    }
    GALEN_TRY(fhir_read_when(&dated, entry, source->value, "effective", info));
    const char *issued = fhir_text(source->value, "issued", 39);
    if (!dated && issued != NULL && record_is_date(issued))
        GALEN_TRY(fhir_put_text(entry, "date", issued, 39, info));
    return GALEN_OK;
}

static const struct {
    const char *type;
    enum record_list list;
} clinical[] = {
    {"Condition", RECORD_DIAGNOSIS},
    {"Procedure", RECORD_TREATMENT},
    {"CarePlan", RECORD_TREATMENT},
    {"MedicationRequest", RECORD_MEDICATIONS},
    {"MedicationStatement", RECORD_MEDICATIONS},
    {"Observation", RECORD_LAB_RESULTS},
};

bool fhir_is_clinical(const char *type)
{
    for (size_t i = 0; i < RECORD_COUNT_OF(clinical); i++) {
        if (strcmp(type, clinical[i].type) == 0)
            return true;
    }
    return false;
}

enum galen_err fhir_read_entries(json_object **out, enum record_list *list, const char **reason,
                                 const struct fhir_input *input,
                                 const struct fhir_resource *resource, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO entries = json_object_new_array();
    if (entries == NULL)
        return record_nomem(info);
    struct source source = {input, resource->value, entries, reason};
    size_t kind = 0;
    while (strcmp(clinical[kind].type, resource->type) != 0) {
        kind++;
        GALEN_ASSERT(kind < RECORD_COUNT_OF(clinical));
    }
    *reason = NULL;
    switch (clinical[kind].list) {
    case RECORD_DIAGNOSIS:
        GALEN_TRY(read_condition(&source, info));
        break;
    case RECORD_TREATMENT:
        GALEN_TRY(strcmp(resource->type, "Procedure") == 0 ? read_procedure(&source, info)
                                                           : read_care_plan(&source, info));
        break;
    case RECORD_MEDICATIONS:
        GALEN_TRY(
            read_medication(&source, strcmp(resource->type, "MedicationStatement") == 0, info));
        break;
    case RECORD_LAB_RESULTS:
        GALEN_TRY(read_observation(&source, info));
        break;
    }
    *out = NULL;
    if (*reason != NULL)
        return GALEN_OK;
    *list = clinical[kind].list;
    *out = entries;
    entries = NULL;
    return GALEN_OK;
}
