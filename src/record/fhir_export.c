/* A record as an R4 Bundle, in such a way that importing it again gives the same coded data; and
 * contents of releases, which say less. */
#include "record/fhir.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct export
{
    uint8_t id[RECORD_HASH_BYTES]; /* of the record's canonical bytes */
    uint32_t made;                 /* resources so far */
    json_object *entries;
    char patient[9 + RECORD_UUID_TEXT], encounter[9 + RECORD_UUID_TEXT]; /* urn:uuid:… */
};

void record_uuid(char out[RECORD_UUID_TEXT], const uint8_t digest32[32])
{
    uint8_t bytes[16];
    char hex[33];
    memcpy(bytes, digest32, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x80);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    base_hex_encode(hex, bytes, sizeof bytes);
    snprintf(out, RECORD_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

/* From the record's hash and a number, so that equal records look equal. */
static enum galen_err make_uuid(char out[RECORD_UUID_TEXT], const struct export *export,
                                uint32_t number, struct galen_errinfo *info)
{
    uint8_t bytes[RECORD_HASH_BYTES + 4];
    uint8_t digest[32];
    unsigned n = 0;
    memcpy(bytes, export->id, RECORD_HASH_BYTES);
    base_put_u32be(bytes + RECORD_HASH_BYTES, number);
    if (EVP_Digest(bytes, sizeof bytes, digest, &n, EVP_sha256(), NULL) != 1)
        return base_fail(info, GALEN_ERR_INTERNAL, "SHA-256 failed");
    record_uuid(out, digest);
    return GALEN_OK;
}

/* ---- small parts ----------------------------------------------------------------------------- */

static enum galen_err set_text(json_object *object, const char *key, const char *text,
                               struct galen_errinfo *info)
{
    return text == NULL ? GALEN_OK
                        : record_json_set(object, key, json_object_new_string(text), info);
}

static enum galen_err set_object(json_object **out, json_object *object, const char *key,
                                 struct galen_errinfo *info)
{
    json_object *made = json_object_new_object();
    GALEN_TRY(record_json_set(object, key, made, info));
    *out = made;
    return GALEN_OK;
}

static enum galen_err set_array(json_object **out, json_object *object, const char *key,
                                struct galen_errinfo *info)
{
    json_object *made = json_object_new_array();
    GALEN_TRY(record_json_set(object, key, made, info));
    *out = made;
    return GALEN_OK;
}

static enum galen_err push_object(json_object **out, json_object *array, struct galen_errinfo *info)
{
    json_object *made = json_object_new_object();
    GALEN_TRY(record_json_push(array, made, info));
    *out = made;
    return GALEN_OK;
}

static enum galen_err push_coding(json_object *codings, json_object *coded,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"system", "code", "display"};
    json_object *coding;
    GALEN_TRY(push_object(&coding, codings, info));
    for (int i = 0; i < 3; i++)
        GALEN_TRY(set_text(coding, keys[i], record_json_text(coded, keys[i]), info));
    return GALEN_OK;
}

/* object[key] = the CodeableConcept of a coded entry. */
static enum galen_err set_concept(json_object *object, const char *key, json_object *coded,
                                  struct galen_errinfo *info)
{
    json_object *concept;
    json_object *codings;
    GALEN_TRY(set_object(&concept, object, key, info));
    if (record_json_member(coded, "code") == NULL)
        return set_text(concept, "text", record_json_text(coded, "display"), info);
    GALEN_TRY(set_array(&codings, concept, "coding", info));
    GALEN_TRY(push_coding(codings, coded, info));
    json_object *also;
    for (size_t i = 0; (also = fhir_item(coded, "also", i)) != NULL; i++)
        GALEN_TRY(push_coding(codings, also, info));
    return GALEN_OK;
}

/* object[key] = a CodeableConcept of one code that this file knows. */
static enum galen_err set_code(json_object *object, const char *key, const char *system,
                               const char *code, struct galen_errinfo *info)
{
    json_object *concept;
    json_object *codings;
    json_object *coding;
    GALEN_TRY(set_object(&concept, object, key, info));
    GALEN_TRY(set_array(&codings, concept, "coding", info));
    GALEN_TRY(push_object(&coding, codings, info));
    GALEN_TRY(set_text(coding, "system", system, info));
    return set_text(coding, "code", code, info);
}

static enum galen_err set_reference(json_object *object, const char *key, const char *urn,
                                    struct galen_errinfo *info)
{
    json_object *reference;
    GALEN_TRY(set_object(&reference, object, key, info));
    return set_text(reference, "reference", urn, info);
}

/* name + "Period" when there is an end, else name + "DateTime". */
static enum galen_err set_when(json_object *object, const char *name, json_object *entry,
                               struct galen_errinfo *info)
{
    char key[32];
    const char *date = record_json_text(entry, "date");
    const char *end = record_json_text(entry, "end");
    json_object *period;
    snprintf(key, sizeof key, "%s%s", name, end == NULL ? "DateTime" : "Period");
    if (end == NULL)
        return set_text(object, key, date, info);
    GALEN_TRY(set_object(&period, object, key, info));
    GALEN_TRY(set_text(period, "start", date, info));
    return set_text(period, "end", end, info);
}

/* The entry's status where FHIR has it too; "unknown" where FHIR demands one. */
static enum galen_err set_status(json_object *object, json_object *entry,
                                 const char *const *statuses, struct galen_errinfo *info)
{
    const char *status = record_json_text(entry, "status");
    for (; status != NULL && *statuses != NULL; statuses++) {
        if (strcmp(status, *statuses) == 0)
            return set_text(object, "status", status, info);
    }
    return set_text(object, "status", "unknown", info);
}

/* ---- resources ------------------------------------------------------------------------------- */

/* A new resource of the bundle, linked to patient and encounter where that makes sense. */
static enum galen_err add_resource(json_object **out, struct export *export, const char *type,
                                   struct galen_errinfo *info)
{
    char uuid[RECORD_UUID_TEXT];
    char urn[9 + RECORD_UUID_TEXT];
    json_object *entry;
    GALEN_TRY(make_uuid(uuid, export, export->made, info));
    snprintf(urn, sizeof urn, "urn:uuid:%s", uuid);
    GALEN_TRY(push_object(&entry, export->entries, info));
    GALEN_TRY(set_text(entry, "fullUrl", urn, info));
    GALEN_TRY(set_object(out, entry, "resource", info));
    GALEN_TRY(set_text(*out, "resourceType", type, info));
    GALEN_TRY(set_text(*out, "id", uuid, info));
    if (export->made == 0)
        memcpy(export->patient, urn, sizeof urn);
    else
        GALEN_TRY(set_reference(*out, "subject", export->patient, info));
    if (export->made == 1)
        memcpy(export->encounter, urn, sizeof urn);
    else if (export->made > 1)
        GALEN_TRY(set_reference(*out,
                                strcmp(type, "MedicationStatement") == 0 ? "context" : "encounter",
                                export->encounter, info));
    export->made++;
    return GALEN_OK;
}

static bool is_ethnicity(json_object *coded)
{
    const char *system = record_json_text(coded, "system");
    const char *code = record_json_text(coded, "code");
    return system != NULL && code != NULL && strcmp(system, FHIR_CDC) == 0 &&
           (strcmp(code, "2135-2") == 0 || strcmp(code, "2186-5") == 0);
}

/* US Core's extensions. Neighbours of one kind share one; a text without a code has its own. */
static enum galen_err add_ethnicity(json_object *patient, json_object *list,
                                    struct galen_errinfo *info)
{
    json_object *extensions;
    json_object *parts = NULL;
    const char *last_url = NULL;
    GALEN_TRY(set_array(&extensions, patient, "extension", info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *coded = json_object_array_get_idx(list, i);
        json_object *part;
        const char *display = record_json_text(coded, "display");
        bool has_code = record_json_member(coded, "code") != NULL;
        const char *url = is_ethnicity(coded) ? FHIR_ETHNICITY : FHIR_RACE;
        if (last_url == NULL || strcmp(url, last_url) != 0 || !has_code) {
            json_object *extension;
            GALEN_TRY(push_object(&extension, extensions, info));
            GALEN_TRY(set_text(extension, "url", url, info));
            GALEN_TRY(set_array(&parts, extension, "extension", info));
            GALEN_TRY(push_object(&part, parts, info));
            GALEN_TRY(set_text(part, "url", "text", info));
            GALEN_TRY(set_text(part, "valueString",
                               display != NULL ? display : record_json_text(coded, "code"), info));
        }
        last_url = has_code ? url : NULL;
        if (!has_code)
            continue;
        json_object *coding;
        GALEN_TRY(push_object(&part, parts, info));
        GALEN_TRY(set_text(part, "url", "ombCategory", info));
        GALEN_TRY(set_object(&coding, part, "valueCoding", info));
        GALEN_TRY(set_text(coding, "system", record_json_text(coded, "system"), info));
        GALEN_TRY(set_text(coding, "code", record_json_text(coded, "code"), info));
        GALEN_TRY(set_text(coding, "display", display, info));
    }
    return GALEN_OK;
}

static enum galen_err add_patient(struct export *export, json_object *demographics,
                                  struct galen_errinfo *info)
{
    static const char *const parts[][2] = {{"city", "city"},
                                           {"state", "state"},
                                           {"postal_code", "postalCode"},
                                           {"country", "country"}};
    json_object *patient;
    GALEN_TRY(add_resource(&patient, export, "Patient", info));
    GALEN_TRY(set_text(patient, "gender", record_json_text(demographics, "gender"), info));
    json_object *location = record_json_member(demographics, "location");
    json_object *ethnicity = record_json_member(demographics, "ethnicity");
    if (ethnicity != NULL)
        GALEN_TRY(add_ethnicity(patient, ethnicity, info));
    if (location == NULL)
        return GALEN_OK;
    json_object *addresses;
    json_object *address;
    GALEN_TRY(set_array(&addresses, patient, "address", info));
    GALEN_TRY(push_object(&address, addresses, info));
    for (int i = 0; i < 4; i++)
        GALEN_TRY(set_text(address, parts[i][1], record_json_text(location, parts[i][0]), info));
    return GALEN_OK;
}

/* FHIR's Narrative is XHTML. */
static enum galen_err set_narrative(json_object *resource, const char *notes,
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO div = {0};
    static const char open[] = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";
    GALEN_TRY(record_buf_put(&div, open, sizeof open - 1, info));
    for (; *notes != '\0'; notes++) {
        const char *part = *notes == '<' ? "&lt;" : *notes == '>' ? "&gt;" : "&amp;";
        bool special = strchr("<>&", *notes) != NULL;
        GALEN_TRY(record_buf_put(&div, special ? part : notes, special ? strlen(part) : 1, info));
    }
    GALEN_TRY(record_buf_put(&div, "</div>", 6, info));
    json_object *text;
    GALEN_TRY(set_object(&text, resource, "text", info));
    GALEN_TRY(set_text(text, "status", "additional", info));
    return set_text(text, "div", (const char *)div.data, info);
}

static enum galen_err add_encounter(struct export *export, json_object *record,
                                    struct galen_errinfo *info)
{
    const char *category = record_json_text(record, "category");
    json_object *encounter;
    json_object *part;
    GALEN_TRY(add_resource(&encounter, export, "Encounter", info));
    GALEN_TRY(set_text(encounter, "status", "finished", info));
    GALEN_TRY(set_object(&part, encounter, "class", info));
    GALEN_TRY(set_text(part, "system", FHIR_ACT_CODE, info));
    GALEN_TRY(set_text(part, "code",
                       strcmp(category, "Emergency") == 0        ? "EMER"
                       : strcmp(category, "Inpatient care") == 0 ? "IMP"
                                                                 : "AMB",
                       info));
    GALEN_TRY(set_object(&part, encounter, "serviceType", info));
    GALEN_TRY(set_text(part, "text", category, info));
    GALEN_TRY(set_object(&part, encounter, "period", info));
    GALEN_TRY(set_text(part, "start", record_json_text(record, "issued"), info));
    json_object *hospital = record_json_member(record, "hospital");
    if (hospital != NULL) {
        GALEN_TRY(set_object(&part, encounter, "serviceProvider", info));
        GALEN_TRY(set_text(part, "display", record_json_text(hospital, "name"), info));
    }
    const char *notes = record_json_text(record, "notes");
    return notes == NULL ? GALEN_OK : set_narrative(encounter, notes, info);
}

static enum galen_err set_observation_category(json_object *observation, const char *code,
                                               struct galen_errinfo *info)
{
    json_object *categories;
    json_object *holder;
    GALEN_TRY(set_array(&categories, observation, "category", info));
    GALEN_TRY(push_object(&holder, categories, info));
    json_object *codings;
    json_object *coding;
    GALEN_TRY(set_array(&codings, holder, "coding", info));
    GALEN_TRY(push_object(&coding, codings, info));
    GALEN_TRY(set_text(coding, "system", FHIR_OBS_CATEGORY, info));
    return set_text(coding, "code", code, info);
}

static enum galen_err set_years(json_object *owner, const char *key, int64_t years,
                                struct galen_errinfo *info)
{
    json_object *quantity;
    GALEN_TRY(set_object(&quantity, owner, key, info));
    GALEN_TRY(record_json_set(quantity, "value", json_object_new_int64(years), info));
    GALEN_TRY(set_text(quantity, "unit", "a", info));
    GALEN_TRY(set_text(quantity, "system", FHIR_UCUM, info));
    return set_text(quantity, "code", "a", info);
}

/* A release's band, "40-44" or "90+". */
static enum galen_err set_band(json_object *observation, const char *band,
                               struct galen_errinfo *info)
{
    json_object *range;
    char *end;
    GALEN_TRY(set_object(&range, observation, "valueRange", info));
    GALEN_TRY(set_years(range, "low", strtol(band, &end, 10), info));
    return *end == '-' ? set_years(range, "high", strtol(end + 1, NULL, 10), info) : GALEN_OK;
}

/* The age goes out as what it is: a birth date is not known. */
static enum galen_err add_age(struct export *export, json_object *age, const char *issued,
                              struct galen_errinfo *info)
{
    json_object *observation;
    GALEN_TRY(add_resource(&observation, export, "Observation", info));
    GALEN_TRY(set_text(observation, "status", "final", info));
    GALEN_TRY(set_observation_category(observation, "social-history", info));
    GALEN_TRY(set_code(observation, "code", FHIR_LOINC, FHIR_LOINC_AGE, info));
    GALEN_TRY(set_text(observation, "effectiveDateTime", issued, info));
    return json_object_is_type(age, json_type_string)
               ? set_band(observation, json_object_get_string(age), info)
               : set_years(observation, "valueQuantity", json_object_get_int64(age), info);
}

static enum galen_err add_condition(struct export *export, json_object *entry,
                                    struct galen_errinfo *info)
{
    static const char *const statuses[] = {"active",   "recurrence", "relapse",
                                           "inactive", "remission",  "resolved"};
    json_object *condition;
    const char *status = record_json_text(entry, "status");
    GALEN_TRY(add_resource(&condition, export, "Condition", info));
    for (size_t i = 0; status != NULL && i < RECORD_COUNT_OF(statuses); i++) {
        if (strcmp(status, statuses[i]) == 0)
            GALEN_TRY(set_code(condition, "clinicalStatus", FHIR_CLINICAL, status, info));
    }
    GALEN_TRY(set_code(condition, "verificationStatus", FHIR_VERIFIED, "confirmed", info));
    GALEN_TRY(set_concept(condition, "code", entry, info));
    GALEN_TRY(set_text(condition, "onsetDateTime", record_json_text(entry, "date"), info));
    return set_text(condition, "abatementDateTime", record_json_text(entry, "end"), info);
}

static enum galen_err add_procedure(struct export *export, json_object *entry,
                                    struct galen_errinfo *info)
{
    static const char *const statuses[] = {"in-progress", "on-hold", "stopped", "completed", NULL};
    json_object *procedure;
    GALEN_TRY(add_resource(&procedure, export, "Procedure", info));
    GALEN_TRY(set_status(procedure, entry, statuses, info));
    GALEN_TRY(set_concept(procedure, "code", entry, info));
    return set_when(procedure, "performed", entry, info);
}

/* A MedicationRequest has no end, so what has one goes out as a MedicationStatement. */
static enum galen_err add_medication(struct export *export, json_object *entry,
                                     struct galen_errinfo *info)
{
    static const char *const statuses[] = {"active", "on-hold", "completed", "stopped", NULL};
    json_object *medication;
    bool statement = record_json_member(entry, "end") != NULL;
    GALEN_TRY(add_resource(&medication, export,
                           statement ? "MedicationStatement" : "MedicationRequest", info));
    GALEN_TRY(set_status(medication, entry, statuses, info));
    GALEN_TRY(set_concept(medication, "medicationCodeableConcept", entry, info));
    if (statement) {
        GALEN_TRY(set_when(medication, "effective", entry, info));
    } else {
        GALEN_TRY(set_text(medication, "intent", "order", info));
        GALEN_TRY(set_text(medication, "authoredOn", record_json_text(entry, "date"), info));
    }
    if (record_json_member(entry, "dosage") == NULL)
        return GALEN_OK;
    json_object *list;
    json_object *dosage;
    GALEN_TRY(set_array(&list, medication, statement ? "dosage" : "dosageInstruction", info));
    GALEN_TRY(push_object(&dosage, list, info));
    return set_text(dosage, "text", record_json_text(entry, "dosage"), info);
}

static enum galen_err set_value(json_object *object, json_object *entry, struct galen_errinfo *info)
{
    const char *literal = record_json_text(entry, "value");
    json_object *coded = record_json_member(entry, "value_coded");
    if (coded != NULL)
        return set_concept(object, "valueCodeableConcept", coded, info);
    if (literal == NULL)
        return set_text(object, "valueString", record_json_text(entry, "value_text"), info);
    json_object *quantity;
    GALEN_TRY(set_object(&quantity, object, "valueQuantity", info));
    GALEN_TRY(record_json_set(quantity, "value",
                              json_object_new_double_s(strtod(literal, NULL), literal), info));
    GALEN_TRY(set_text(quantity, "comparator", record_json_text(entry, "comparator"), info));
    const char *unit = record_json_text(entry, "unit");
    if (unit == NULL)
        return set_text(quantity, "unit", record_json_text(entry, "unit_text"), info);
    GALEN_TRY(set_text(quantity, "unit", unit, info));
    GALEN_TRY(set_text(quantity, "system", FHIR_UCUM, info));
    return set_text(quantity, "code", unit, info);
}

/* The vital signs profile's LOINC codes. */
static bool is_vital_sign(json_object *entry)
{
    static const char *const codes[] = {
        "85353-1", "9279-1",  "8867-4",  "2708-6", "59408-5", "8310-5", "8302-2", "9843-4",
        "29463-7", "39156-5", "85354-9", "8480-6", "8462-4",  "8478-0", "8289-1", "59576-9"};
    const char *code = record_json_text(entry, "code");
    for (size_t i = 0; code != NULL && i < RECORD_COUNT_OF(codes); i++) {
        if (strcmp(code, codes[i]) == 0)
            return true;
    }
    return false;
}

static enum galen_err add_observation(struct export *export, json_object *entry,
                                      struct galen_errinfo *info)
{
    static const char *const statuses[] = {"preliminary", "final", "amended", "corrected", NULL};
    json_object *observation;
    GALEN_TRY(add_resource(&observation, export, "Observation", info));
    GALEN_TRY(set_status(observation, entry, statuses, info));
    GALEN_TRY(set_observation_category(observation,
                                       is_vital_sign(entry) ? "vital-signs" : "laboratory", info));
    GALEN_TRY(set_concept(observation, "code", entry, info));
    GALEN_TRY(set_when(observation, "effective", entry, info));
    GALEN_TRY(set_value(observation, entry, info));
    json_object *components = record_json_member(entry, "components");
    if (components == NULL)
        return GALEN_OK;
    json_object *list;
    GALEN_TRY(set_array(&list, observation, "component", info));
    for (size_t i = 0; i < json_object_array_length(components); i++) {
        json_object *component;
        GALEN_TRY(push_object(&component, list, info));
        GALEN_TRY(set_concept(component, "code", json_object_array_get_idx(components, i), info));
        GALEN_TRY(set_value(component, json_object_array_get_idx(components, i), info));
    }
    return GALEN_OK;
}

static enum galen_err add_all(struct export *export, json_object *record,
                              struct galen_errinfo *info)
{
    static enum galen_err (*const adders[RECORD_LISTS])(
        struct export *, json_object *, struct galen_errinfo *) = {add_condition, add_procedure,
                                                                   add_medication, add_observation};
    json_object *demographics = record_json_member(record, "demographics");
    GALEN_TRY(add_patient(export, demographics, info));
    GALEN_TRY(add_encounter(export, record, info));
    json_object *age = record_json_member(demographics, "age");
    if (age != NULL)
        GALEN_TRY(add_age(export, age, record_json_text(record, "issued"), info));
    json_object *medical = record_json_member(record, "medical_data");
    for (size_t list = 0; list < RECORD_LISTS; list++) {
        json_object *entry;
        for (size_t i = 0; (entry = fhir_item(medical, record_list_names[list], i)) != NULL; i++)
            GALEN_TRY(adders[list](export, entry, info));
    }
    return GALEN_OK;
}

static enum galen_err new_bundle(json_object **bundle, json_object **entries,
                                 struct galen_errinfo *info)
{
    *bundle = json_object_new_object();
    GALEN_TRY(set_text(*bundle, "resourceType", "Bundle", info));
    GALEN_TRY(set_text(*bundle, "type", "collection", info));
    return set_array(entries, *bundle, "entry", info);
}

enum galen_err record_fhir_export(json_object **out, json_object *record,
                                  struct galen_errinfo *info)
{
    struct export export = {0};
    RECORD_JSON_AUTO bundle = NULL;
    GALEN_TRY(record_validate(record, info));
    GALEN_TRY(record_json_hash(export.id, record, info));
    GALEN_TRY(new_bundle(&bundle, &export.entries, info));
    GALEN_TRY(add_all(&export, record, info));
    *out = bundle;
    bundle = NULL;
    return GALEN_OK;
}

/* A release's content with its year as the time of issue. */
static enum galen_err add_release(json_object *entries, json_object *row,
                                  struct galen_errinfo *info)
{
    struct export export = {.entries = entries};
    RECORD_JSON_AUTO record = NULL;
    char year[8];
    json_object *content = record_json_member(row, "fields");
    GALEN_TRY(record_json_hash(export.id, row, info));
    GALEN_TRY(record_json_copy(&record, content, info));
    snprintf(year, sizeof year, "%04d", json_object_get_int(record_json_member(content, "year")));
    GALEN_TRY(set_text(record, "issued", year, info));
    return add_all(&export, record, info);
}

enum galen_err record_fhir_export_releases(json_object **out, json_object *rows,
                                           struct galen_errinfo *info)
{
    RECORD_JSON_AUTO bundle = NULL;
    json_object *entries = NULL;
    GALEN_TRY(new_bundle(&bundle, &entries, info));
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        GALEN_TRY(add_release(entries, json_object_array_get_idx(rows, i), info));
    *out = bundle;
    bundle = NULL;
    return GALEN_OK;
}
