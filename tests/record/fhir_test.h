/* Small FHIR resources and bundles for the tests of the importer. */
#ifndef GALEN_RECORD_FHIR_TEST_H
#define GALEN_RECORD_FHIR_TEST_H

#include "record_test.h"

static const struct record_fhir_options options = {
    .patient_address = PATIENT, .hospital_name = "Test hospital", .hospital_address = HOSPITAL};

#define PAT                                                                                        \
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"male\",\"birthDate\":\"1980-06-15\"," \
    "\"name\":[{\"family\":\"Canaryname\"}],\"address\":[{\"use\":\"old\",\"city\":\"X\"},{"       \
    "\"use\":"                                                                                     \
    "\"home\",\"city\":\"Boston\",\"state\":\"MA\",\"postalCode\":\"02115\",\"country\":\"US\"}]," \
    "\"extension\":[{\"url\":\"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race\","    \
    "\"extension\":[{\"url\":\"ombCategory\",\"valueCoding\":{\"system\":"                         \
    "\"urn:oid:2.16.840.1.113883.6.238\",\"code\":\"2106-3\",\"display\":\"White\"}},{\"url\":"    \
    "\"text\",\"valueString\":\"White\"}]},{\"url\":"                                              \
    "\"http://hl7.org/fhir/us/core/StructureDefinition/"                                           \
    "us-core-ethnicity\",\"extension\":[{\"url\":"                                                 \
    "\"text\",\"valueString\":\"Not told\"}]}]}"
#define SUBJ "\"subject\":{\"reference\":\"Patient/p\"}"
#define ENCR "\"encounter\":{\"reference\":\"Encounter/e\"}"
#define ENC(id, start, end, more)                                                                  \
    "{\"resourceType\":\"Encounter\",\"id\":\"" id                                                 \
    "\",\"status\":\"finished\",\"class\":{\"code\":"                                              \
    "\"AMB\"}," SUBJ ",\"period\":{\"start\":\"" start "\",\"end\":\"" end "\"}" more "}"
#define ENC1               ENC("e", "2020-06-14T23:30:00-05:00", "2020-06-15T01:00:00-05:00", "")
#define CODE(system, code) "{\"coding\":[{\"system\":\"" system "\",\"code\":\"" code "\"}]}"
#define COND(more)                                                                                 \
    "{\"resourceType\":\"Condition\"," SUBJ                                                        \
    ",\"code\":" CODE("http://snomed.info/sct", "44054006") more "}"
#define LAB(category, value)                                                                       \
    "{\"resourceType\":\"Observation\",\"status\":\"final\"," SUBJ "," ENCR ",\"category\":[{"     \
    "\"coding\":[{\"code\":\"" category "\"}]}],\"code\":" CODE("http://loinc.org", "2345-7")      \
        value "}"

/* A Bundle of the resources; the list ends in NULL. */
static inline char *bundle(const char *type, const char *const *resources)
{
    BASE_BUF_AUTO out = {0};
    assert_int_equal(
        base_buf_printf(&out, "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":[", type),
        GALEN_OK);
    for (size_t i = 0; resources[i] != NULL; i++)
        assert_int_equal(
            base_buf_printf(&out, "%s{\"resource\":%s}", i > 0 ? "," : "", resources[i]), GALEN_OK);
    assert_int_equal(base_buf_append_text(&out, "]}"), GALEN_OK);
    return strdup((const char *)out.data);
}

static inline void import_text(struct record_fhir_result *out, const char *text,
                               const struct record_fhir_options *how)
{
    assert_ok(record_fhir_import(out, text, strlen(text), how == NULL ? &options : how, info));
    for (size_t i = 0; i < out->item_count; i++)
        assert_ok(record_validate(out->items[i].record, info));
}

static inline void import_all(struct record_fhir_result *out, const char *const *resources,
                              const struct record_fhir_options *how)
{
    BASE_TEXT_AUTO text = bundle("collection", resources);
    import_text(out, text, how);
}

static inline size_t skipped(const struct record_fhir_result *result, const char *type,
                             const char *reason)
{
    size_t count = 0;
    for (size_t i = 0; i < result->skip_count; i++) {
        if (strcmp(result->skips[i].resource_type, type) == 0 &&
            strstr(result->skips[i].reason, reason) != NULL)
            count += result->skips[i].count;
    }
    return count;
}

#endif
