/* A made-up patient as an HL7 FHIR R4 transaction Bundle. */
#include "cohort/cohort.h"

#include "cohort/person.h"
#include "record/record.h"

#include <string.h>

#define SNOMED      "http://snomed.info/sct"
#define ICD10       "http://hl7.org/fhir/sid/icd-10-cm"
#define RXNORM      "http://www.nlm.nih.gov/research/umls/rxnorm"
#define LOINC       "http://loinc.org"
#define UCUM        "http://unitsofmeasure.org"
#define RACE        "urn:oid:2.16.840.1.113883.6.238"
#define TERMINOLOGY "http://terminology.hl7.org/CodeSystem/"
#define US_CORE     "http://hl7.org/fhir/us/core/StructureDefinition/"

#define EARLIEST_S INT64_C(946684800)  /* 2000-01-01 */
#define LATEST_S   INT64_C(7258118400) /* 2200-01-01, the first second beyond */

#define URN_TEXT (sizeof "urn:uuid:" - 1 + DRAW_UUID_TEXT)

/* What the functions below add resources to. */
struct writer {
    json_object *entries; /* borrowed */
    struct draw *draw;    /* for the ids */
    char patient_urn[URN_TEXT];
    char encounter_urn[URN_TEXT]; /* of the visit at hand */
    char time[BASE_TIME_TEXT];    /* its start */
    struct galen_errinfo *info;
};

/* What it points to is handed over: for record_json_set and record_json_push. */
static json_object *hand_over(json_object **value)
{
    json_object *taken = *value;
    *value = NULL;
    return taken;
}

static enum galen_err set_text(json_object *object, const char *key, const char *text,
                               struct galen_errinfo *info)
{
    return record_json_set(object, key, json_object_new_string(text), info);
}

static enum galen_err make_coding(json_object **out, const char *system, struct person_code code,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO coding = json_object_new_object();
    GALEN_TRY(set_text(coding, "system", system, info));
    GALEN_TRY(set_text(coding, "code", code.code, info));
    GALEN_TRY(set_text(coding, "display", code.display, info));
    *out = hand_over(&coding);
    return GALEN_OK;
}

static enum galen_err push_coding(json_object *array, const char *system, struct person_code code,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO coding = NULL;
    GALEN_TRY(make_coding(&coding, system, code, info));
    return record_json_push(array, hand_over(&coding), info);
}

/* object[key] = a CodeableConcept of one coding, or of two when second_system is given. */
static enum galen_err set_concept(json_object *object, const char *key, const char *system,
                                  struct person_code code, const char *second_system,
                                  struct person_code second, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO codings = json_object_new_array();
    GALEN_TRY(push_coding(codings, system, code, info));
    if (second_system != NULL)
        GALEN_TRY(push_coding(codings, second_system, second, info));
    RECORD_JSON_AUTO concept = json_object_new_object();
    GALEN_TRY(record_json_set(concept, "coding", hand_over(&codings), info));
    GALEN_TRY(set_text(concept, "text", code.display, info));
    return record_json_set(object, key, hand_over(&concept), info);
}

static enum galen_err set_code(json_object *object, const char *key, const char *system,
                               const char *code, const char *display, struct galen_errinfo *info)
{
    return set_concept(object, key, system, (struct person_code){code, display}, NULL,
                       (struct person_code){NULL, NULL}, info);
}

/* object[key] = [the one value]; value is taken over. */
static enum galen_err set_list_of_one(json_object *object, const char *key, json_object *value,
                                      struct galen_errinfo *info)
{
    RECORD_JSON_AUTO owned = value;
    RECORD_JSON_AUTO list = json_object_new_array();
    GALEN_TRY(record_json_push(list, hand_over(&owned), info));
    return record_json_set(object, key, hand_over(&list), info);
}

static enum galen_err set_reference(json_object *object, const char *key, const char *urn,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO reference = json_object_new_object();
    GALEN_TRY(set_text(reference, "reference", urn, info));
    return record_json_set(object, key, hand_over(&reference), info);
}

static enum galen_err set_test_data_tag(json_object *object, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO tags = json_object_new_array();
    GALEN_TRY(push_coding(tags, TERMINOLOGY "v3-ActReason",
                          (struct person_code){"HTEST", "test health data"}, info));
    RECORD_JSON_AUTO meta = json_object_new_object();
    GALEN_TRY(record_json_set(meta, "tag", hand_over(&tags), info));
    return record_json_set(object, "meta", hand_over(&meta), info);
}

/* Begins a resource that add_entry puts into the Bundle; its URN comes out. */
static enum galen_err begin_resource(json_object **out, char urn[URN_TEXT], const char *type,
                                     struct writer *w)
{
    char id[DRAW_UUID_TEXT];
    draw_uuid(id, w->draw);
    RECORD_JSON_AUTO resource = json_object_new_object();
    GALEN_TRY(set_text(resource, "resourceType", type, w->info));
    GALEN_TRY(set_text(resource, "id", id, w->info));
    GALEN_TRY(set_test_data_tag(resource, w->info));
    snprintf(urn, URN_TEXT, "urn:uuid:%s", id);
    *out = hand_over(&resource);
    return GALEN_OK;
}

/* resource is taken over. */
static enum galen_err add_entry(struct writer *w, json_object *resource, const char *urn,
                                const char *type)
{
    RECORD_JSON_AUTO owned = resource;
    RECORD_JSON_AUTO request = json_object_new_object();
    GALEN_TRY(set_text(request, "method", "POST", w->info));
    GALEN_TRY(set_text(request, "url", type, w->info));
    RECORD_JSON_AUTO entry = json_object_new_object();
    GALEN_TRY(set_text(entry, "fullUrl", urn, w->info));
    GALEN_TRY(record_json_set(entry, "resource", hand_over(&owned), w->info));
    GALEN_TRY(record_json_set(entry, "request", hand_over(&request), w->info));
    return record_json_push(w->entries, hand_over(&entry), w->info);
}

/* A clinical resource of the visit at hand: with subject and encounter. */
static enum galen_err begin_clinical(json_object **out, char urn[URN_TEXT], const char *type,
                                     struct writer *w)
{
    RECORD_JSON_AUTO resource = NULL;
    GALEN_TRY(begin_resource(&resource, urn, type, w));
    GALEN_TRY(set_reference(resource, "subject", w->patient_urn, w->info));
    GALEN_TRY(set_reference(resource, "encounter", w->encounter_urn, w->info));
    *out = hand_over(&resource);
    return GALEN_OK;
}

/* ---- Patient --------------------------------------------------------------------------------- */

static enum galen_err push_us_core(json_object *extensions, const char *url,
                                   struct person_code code, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO coding = NULL;
    GALEN_TRY(make_coding(&coding, RACE, code, info));
    RECORD_JSON_AUTO category = json_object_new_object();
    GALEN_TRY(set_text(category, "url", "ombCategory", info));
    GALEN_TRY(record_json_set(category, "valueCoding", hand_over(&coding), info));
    RECORD_JSON_AUTO text = json_object_new_object();
    GALEN_TRY(set_text(text, "url", "text", info));
    GALEN_TRY(set_text(text, "valueString", code.display, info));
    RECORD_JSON_AUTO inner = json_object_new_array();
    GALEN_TRY(record_json_push(inner, hand_over(&category), info));
    GALEN_TRY(record_json_push(inner, hand_over(&text), info));
    RECORD_JSON_AUTO extension = json_object_new_object();
    GALEN_TRY(set_text(extension, "url", url, info));
    GALEN_TRY(record_json_set(extension, "extension", hand_over(&inner), info));
    return record_json_push(extensions, hand_over(&extension), info);
}

static enum galen_err add_patient(struct writer *w, const struct person *person)
{
    struct galen_errinfo *info = w->info;
    RECORD_JSON_AUTO patient = NULL;
    GALEN_TRY(begin_resource(&patient, w->patient_urn, "Patient", w));

    RECORD_JSON_AUTO extensions = json_object_new_array();
    GALEN_TRY(push_us_core(extensions, US_CORE "us-core-race", person->race->race, info));
    GALEN_TRY(push_us_core(extensions, US_CORE "us-core-ethnicity", person->race->ethnicity, info));
    GALEN_TRY(record_json_set(patient, "extension", hand_over(&extensions), info));

    char given[32];
    snprintf(given, sizeof given, "Patient %u", person->number + 1);
    RECORD_JSON_AUTO name = json_object_new_object();
    GALEN_TRY(set_text(name, "family", "Synthetic", info));
    GALEN_TRY(set_list_of_one(name, "given", json_object_new_string(given), info));
    GALEN_TRY(set_list_of_one(patient, "name", hand_over(&name), info));

    GALEN_TRY(set_text(patient, "gender", person->female ? "female" : "male", info));
    char birth[BASE_TIME_TEXT];
    base_time_format(birth, person->birth_s);
    GALEN_TRY(record_json_set(patient, "birthDate", json_object_new_string_len(birth, 10), info));

    RECORD_JSON_AUTO address = json_object_new_object();
    GALEN_TRY(set_text(address, "state", person->place->state, info));
    GALEN_TRY(set_text(address, "postalCode", person->place->postal_code, info));
    GALEN_TRY(set_text(address, "country", "US", info));
    GALEN_TRY(set_list_of_one(patient, "address", hand_over(&address), info));
    return add_entry(w, hand_over(&patient), w->patient_urn, "Patient");
}

/* ---- a visit ------------------------------------------------------------------------------------ */

static enum galen_err add_encounter(struct writer *w, const struct person_visit *visit)
{
    struct galen_errinfo *info = w->info;
    RECORD_JSON_AUTO encounter = NULL;
    GALEN_TRY(begin_resource(&encounter, w->encounter_urn, "Encounter", w));
    GALEN_TRY(set_text(encounter, "status", "finished", info));
    RECORD_JSON_AUTO class = NULL;
    GALEN_TRY(make_coding(&class, TERMINOLOGY "v3-ActCode",
                          (struct person_code){"AMB", "ambulatory"}, info));
    GALEN_TRY(record_json_set(encounter, "class", hand_over(&class), info));
    GALEN_TRY(
        visit->cardiology
            ? set_code(encounter, "serviceType", SNOMED, "394579002", "Cardiology", info)
            : set_code(encounter, "serviceType", SNOMED, "394814009", "General practice", info));
    GALEN_TRY(set_reference(encounter, "subject", w->patient_urn, info));
    char end[BASE_TIME_TEXT];
    base_time_format(end, visit->start_s + visit->minutes * 60);
    RECORD_JSON_AUTO period = json_object_new_object();
    GALEN_TRY(set_text(period, "start", w->time, info));
    GALEN_TRY(set_text(period, "end", end, info));
    GALEN_TRY(record_json_set(encounter, "period", hand_over(&period), info));
    return add_entry(w, hand_over(&encounter), w->encounter_urn, "Encounter");
}

static enum galen_err add_condition(struct writer *w, const struct person_diagnosis *diagnosis)
{
    struct galen_errinfo *info = w->info;
    char urn[URN_TEXT];
    RECORD_JSON_AUTO condition = NULL;
    GALEN_TRY(begin_clinical(&condition, urn, "Condition", w));
    GALEN_TRY(set_code(condition, "clinicalStatus", TERMINOLOGY "condition-clinical", "active",
                       "Active", info));
    GALEN_TRY(set_code(condition, "verificationStatus", TERMINOLOGY "condition-ver-status",
                       "confirmed", "Confirmed", info));
    GALEN_TRY(
        set_concept(condition, "code", SNOMED, diagnosis->snomed, ICD10, diagnosis->icd10, info));
    GALEN_TRY(set_text(condition, "onsetDateTime", w->time, info));
    GALEN_TRY(set_text(condition, "recordedDate", w->time, info));
    return add_entry(w, hand_over(&condition), urn, "Condition");
}

static enum galen_err add_procedure(struct writer *w, const struct person_code *code)
{
    char urn[URN_TEXT];
    RECORD_JSON_AUTO procedure = NULL;
    GALEN_TRY(begin_clinical(&procedure, urn, "Procedure", w));
    GALEN_TRY(set_text(procedure, "status", "completed", w->info));
    GALEN_TRY(set_code(procedure, "code", SNOMED, code->code, code->display, w->info));
    GALEN_TRY(set_text(procedure, "performedDateTime", w->time, w->info));
    return add_entry(w, hand_over(&procedure), urn, "Procedure");
}

static enum galen_err add_medication(struct writer *w, const struct person_medication *medication)
{
    struct galen_errinfo *info = w->info;
    char urn[URN_TEXT];
    RECORD_JSON_AUTO request = NULL;
    GALEN_TRY(begin_clinical(&request, urn, "MedicationRequest", w));
    GALEN_TRY(set_text(request, "status", "active", info));
    GALEN_TRY(set_text(request, "intent", "order", info));
    GALEN_TRY(set_code(request, "medicationCodeableConcept", RXNORM, medication->rxnorm.code,
                       medication->rxnorm.display, info));
    GALEN_TRY(set_text(request, "authoredOn", w->time, info));
    RECORD_JSON_AUTO dosage = json_object_new_object();
    GALEN_TRY(set_text(dosage, "text", medication->dosage, info));
    GALEN_TRY(set_list_of_one(request, "dosageInstruction", hand_over(&dosage), info));
    return add_entry(w, hand_over(&request), urn, "MedicationRequest");
}

/* A measured quantity: tenths / 10 when tenths are meant, else a whole number. */
static enum galen_err set_quantity(json_object *object, int value, bool tenths, const char *unit,
                                   struct galen_errinfo *info)
{
    char literal[16];
    snprintf(literal, sizeof literal, "%d.%d", value / 10, value % 10);
    RECORD_JSON_AUTO quantity = json_object_new_object();
    GALEN_TRY(record_json_set(quantity, "value",
                              tenths ? json_object_new_double_s(value / 10.0, literal)
                                     : json_object_new_int(value),
                              info));
    GALEN_TRY(set_text(quantity, "unit", unit, info));
    GALEN_TRY(set_text(quantity, "system", UCUM, info));
    GALEN_TRY(set_text(quantity, "code", unit, info));
    return record_json_set(object, "valueQuantity", hand_over(&quantity), info);
}

static enum galen_err begin_observation(json_object **out, char urn[URN_TEXT], struct writer *w,
                                        bool laboratory, const char *code, const char *display)
{
    RECORD_JSON_AUTO observation = NULL;
    GALEN_TRY(begin_clinical(&observation, urn, "Observation", w));
    GALEN_TRY(set_text(observation, "status", "final", w->info));
    RECORD_JSON_AUTO category = json_object_new_object();
    RECORD_JSON_AUTO codings = json_object_new_array();
    GALEN_TRY(push_coding(codings, TERMINOLOGY "observation-category",
                          laboratory ? (struct person_code){"laboratory", "Laboratory"}
                                     : (struct person_code){"vital-signs", "Vital Signs"},
                          w->info));
    GALEN_TRY(record_json_set(category, "coding", hand_over(&codings), w->info));
    GALEN_TRY(set_list_of_one(observation, "category", hand_over(&category), w->info));
    GALEN_TRY(set_code(observation, "code", LOINC, code, display, w->info));
    GALEN_TRY(set_text(observation, "effectiveDateTime", w->time, w->info));
    *out = hand_over(&observation);
    return GALEN_OK;
}

static enum galen_err push_pressure(json_object *components, const char *code, const char *display,
                                    int mmhg, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO component = json_object_new_object();
    GALEN_TRY(set_code(component, "code", LOINC, code, display, info));
    GALEN_TRY(set_quantity(component, mmhg, false, "mm[Hg]", info));
    return record_json_push(components, hand_over(&component), info);
}

static enum galen_err add_blood_pressure(struct writer *w, const struct person_readings *readings)
{
    char urn[URN_TEXT];
    RECORD_JSON_AUTO observation = NULL;
    GALEN_TRY(begin_observation(&observation, urn, w, false, "85354-9",
                                "Blood pressure panel with all children optional"));
    RECORD_JSON_AUTO components = json_object_new_array();
    GALEN_TRY(push_pressure(components, "8480-6", "Systolic blood pressure",
                            readings->systolic_mmhg, w->info));
    GALEN_TRY(push_pressure(components, "8462-4", "Diastolic blood pressure",
                            readings->diastolic_mmhg, w->info));
    GALEN_TRY(record_json_set(observation, "component", hand_over(&components), w->info));
    return add_entry(w, hand_over(&observation), urn, "Observation");
}

static enum galen_err add_quantity(struct writer *w, bool laboratory, const char *code,
                                   const char *display, int value, bool tenths, const char *unit)
{
    if (value == 0)
        return GALEN_OK; /* not measured at this visit */
    char urn[URN_TEXT];
    RECORD_JSON_AUTO observation = NULL;
    GALEN_TRY(begin_observation(&observation, urn, w, laboratory, code, display));
    GALEN_TRY(set_quantity(observation, value, tenths, unit, w->info));
    return add_entry(w, hand_over(&observation), urn, "Observation");
}

static enum galen_err add_visit(struct writer *w, const struct person_visit *visit)
{
    base_time_format(w->time, visit->start_s);
    GALEN_TRY(add_encounter(w, visit));
    for (size_t i = 0; i < visit->diagnosis_count; i++)
        GALEN_TRY(add_condition(w, visit->diagnoses[i]));
    for (size_t i = 0; i < visit->procedure_count; i++)
        GALEN_TRY(add_procedure(w, visit->procedures[i]));
    for (size_t i = 0; i < visit->medication_count; i++)
        GALEN_TRY(add_medication(w, visit->medications[i]));
    const struct person_readings *readings = &visit->readings;
    GALEN_TRY(add_blood_pressure(w, readings));
    GALEN_TRY(
        add_quantity(w, false, "8867-4", "Heart rate", readings->heart_rate_bpm, false, "/min"));
    GALEN_TRY(add_quantity(w, true, "18262-6",
                           "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay",
                           readings->ldl_mg_dl, false, "mg/dL"));
    return add_quantity(w, true, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood",
                        readings->hba1c_tenths, true, "%");
}

/* ---- the Bundle -------------------------------------------------------------------------------- */

enum galen_err cohort_make_bundle(json_object **bundle, const struct cohort *cohort, uint32_t index,
                                  struct galen_errinfo *info)
{
    if (cohort->count < 1 || cohort->count > COHORT_MAX_PATIENTS)
        return base_fail(info, GALEN_ERR_USAGE, "a cohort has 1 to %u patients",
                         COHORT_MAX_PATIENTS);
    if (index >= cohort->count)
        return base_fail(info, GALEN_ERR_USAGE, "the cohort has no patient %u", index);
    if (cohort->now_s < EARLIEST_S || cohort->now_s >= LATEST_S)
        return base_fail(info, GALEN_ERR_USAGE, "a cohort's time lies within 2000 to 2199");

    struct draw draw;
    struct person person;
    person_make(&person, &draw, cohort, index);

    RECORD_JSON_AUTO entries = json_object_new_array();
    if (entries == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    struct writer w = {.entries = entries, .draw = &draw, .info = info};
    GALEN_TRY(add_patient(&w, &person));
    for (size_t i = 0; i < person.visit_count; i++)
        GALEN_TRY(add_visit(&w, &person.visits[i]));

    RECORD_JSON_AUTO result = json_object_new_object();
    GALEN_TRY(set_text(result, "resourceType", "Bundle", info));
    GALEN_TRY(set_test_data_tag(result, info));
    GALEN_TRY(set_text(result, "type", "transaction", info));
    GALEN_TRY(record_json_set(result, "entry", hand_over(&entries), info));
    *bundle = hand_over(&result);
    return GALEN_OK;
}

enum galen_err cohort_write_bundle(struct base_buf *text, const struct cohort *cohort,
                                   uint32_t index, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO bundle = NULL;
    GALEN_TRY(cohort_make_bundle(&bundle, cohort, index, info));
    const char *json = json_object_to_json_string_ext(bundle, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    if (json == NULL || base_buf_append_text(text, json) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return GALEN_OK;
}
