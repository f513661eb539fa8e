/* What the FHIR files share. Everything read here is a stranger's: any member may be of any type.
 */
#ifndef GALEN_RECORD_FHIR_H
#define GALEN_RECORD_FHIR_H

#include "record/internal.h"

#define FHIR_MAX_RESOURCES 500000u

#define FHIR_UCUM         "http://unitsofmeasure.org"
#define FHIR_LOINC        "http://loinc.org"
#define FHIR_LOINC_AGE    "30525-0"
#define FHIR_RACE         "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
#define FHIR_ETHNICITY    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
#define FHIR_CDC          "urn:oid:2.16.840.1.113883.6.238"
#define FHIR_ACT_CODE     "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define FHIR_OBS_CATEGORY "http://terminology.hl7.org/CodeSystem/observation-category"
#define FHIR_CLINICAL     "http://terminology.hl7.org/CodeSystem/condition-clinical"
#define FHIR_VERIFIED     "http://terminology.hl7.org/CodeSystem/condition-ver-status"

/* ---- loading (fhir_load.c) ------------------------------------------------------------------- */

struct fhir_resource {
    json_object *value; /* borrowed from a document */
    const char *type;   /* borrowed; never NULL */
    const char *id;     /* borrowed; NULL when it has none */
};

struct fhir_input {
    json_object *documents; /* owned array */
    struct fhir_resource *resources;
    size_t count, room;
    json_object *index; /* owned: reference text -> number of the resource */
};

void fhir_input_clear(struct fhir_input *input);
/* Fills input (which is {0}) from a file's bytes; what is bad goes to skips of result. */
enum galen_err fhir_input_load(struct fhir_input *input, struct record_fhir_result *result,
                               const void *data, size_t len, struct galen_errinfo *info);
#define FHIR_NONE SIZE_MAX
/* The resource that owner[key].reference names, or FHIR_NONE. */
size_t fhir_input_resolve(const struct fhir_input *input, json_object *owner, const char *key);

/* ---- report (fhir_report.c) ------------------------------------------------------------------ */

/* One more resource that became no part of a record. */
enum galen_err fhir_skip(struct record_fhir_result *result, const char *resource_type,
                         const char *reason, struct galen_errinfo *info);

/* ---- reading data types (fhir_read.c) -------------------------------------------------------- */

/* array[index] of object[key]; NULL when there is none. */
json_object *fhir_item(json_object *object, const char *key, size_t index);
/* A text of 1 to max bytes, NULL for anything else. */
const char *fhir_text(json_object *object, const char *key, size_t max);
/* The code of the first coding of a CodeableConcept; NULL when there is none. */
const char *fhir_concept_code(json_object *concept);
/* One of a CodeableConcept's codings is this. */
bool fhir_concept_has(json_object *concept, const char *system, const char *code);

/* Appends what is in a CodeableConcept as {system, code, display, also} to entry. *any tells
 * whether there was a code or a text. */
enum galen_err fhir_read_concept(bool *any, json_object *entry, json_object *concept,
                                 struct galen_errinfo *info);
/* An Observation's (or component's) value[x] to entry. *reason is set when the value is of a kind
 * that records do not carry. *any: there was a value. */
enum galen_err fhir_read_value(bool *any, const char **reason, json_object *entry,
                               json_object *observation, struct galen_errinfo *info);
/* entry.date and .end from resource[name + "DateTime"], "Period" or "Instant". *any: a date. */
enum galen_err fhir_read_when(bool *any, json_object *entry, json_object *resource,
                              const char *name, struct galen_errinfo *info);
/* entry[key] = text when text is of 1 to max bytes, otherwise nothing. */
enum galen_err fhir_put_text(json_object *entry, const char *key, const char *text, size_t max,
                             struct galen_errinfo *info);

/* Unix time of a FHIR date (partial ones: their beginning); false when it is none or its year is
 * not 1000 to 9999. */
bool fhir_time(int64_t *unix_s, const char *date);
/* Full years from birth (a year, month or day) to date; -1 when it cannot be told. */
int64_t fhir_age(const char *birth, const char *date);

/* ---- resources to entries (fhir_entry.c) ----------------------------------------------------- */

/* demographics of a Patient without the age; *out = NULL when there are none. */
enum galen_err fhir_read_patient(json_object **out, json_object *patient,
                                 struct galen_errinfo *info);
/* The entries that a clinical resource becomes: an array for list. *reason (static) when it becomes
 * none. *out = NULL then. */
enum galen_err fhir_read_entries(json_object **out, enum record_list *list, const char **reason,
                                 const struct fhir_input *input,
                                 const struct fhir_resource *resource, struct galen_errinfo *info);
/* Is resources of this type ever read by fhir_read_entries? */
bool fhir_is_clinical(const char *type);

/* ---- category (fhir_category.c) -------------------------------------------------------------- */

/* A static name, or a text borrowed from encounter. medical: the record's medical_data, or NULL. */
const char *fhir_category(json_object *encounter, json_object *medical);

#endif
