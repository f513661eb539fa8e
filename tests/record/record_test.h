/* What the tests of this module share. */
#ifndef GALEN_RECORD_TEST_H
#define GALEN_RECORD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/record.h"

#include <json-c/linkhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fails with the error's own text. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct galen_errinfo ok_info_ = {0};                                                       \
        struct galen_errinfo *info = &ok_info_;                                                    \
        enum galen_err ok_err_ = (call);                                                           \
        if (ok_err_ != GALEN_OK)                                                                   \
            fail_msg("%s: %s (%s)", #call, galen_err_name(ok_err_), ok_info_.what);                \
    } while (0)

#define PATIENT  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define HOSPITAL "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"

static const char sample_record[] =
    "{\"type\":\"galen.record/1\",\"patient\":\"" PATIENT "\",\"issued\":\"2024-03-05T09:30:00Z\","
    "\"hospital\":{\"name\":\"St. Mary's\",\"address\":\"" HOSPITAL "\"},"
    "\"category\":\"Cardiology\","
    "\"demographics\":{\"age\":44,\"gender\":\"female\","
    "\"location\":{\"city\":\"Boston\",\"state\":\"Massachusetts\",\"postal_code\":\"02115\","
    "\"country\":\"US\"},"
    "\"ethnicity\":[{\"system\":\"urn:oid:2.16.840.1.113883.6.238\",\"code\":\"2028-9\","
    "\"display\":\"Asian\"},{\"system\":\"urn:oid:2.16.840.1.113883.6.238\",\"code\":\"2186-5\","
    "\"display\":\"Not Hispanic or Latino\"}]},"
    "\"medical_data\":{"
    "\"diagnosis\":[{\"system\":\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"I21.4\",\"display\":"
    "\"Non-ST elevation myocardial infarction\",\"also\":[{\"system\":\"http://snomed.info/sct\","
    "\"code\":\"401314000\",\"display\":\"Acute NSTEMI\"}],\"status\":\"active\","
    "\"date\":\"2024-03-04\"},{\"display\":\"Chest pain, \\u00e9l\\u00e9gant\"}],"
    "\"treatment\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"415070008\",\"display\":"
    "\"Percutaneous coronary intervention\",\"status\":\"completed\",\"date\":"
    "\"2024-03-04T10:00:00+01:00\",\"end\":\"2024-03-04T11:00:00+01:00\"}],"
    "\"medications\":[{\"system\":\"http://www.nlm.nih.gov/research/umls/"
    "rxnorm\",\"code\":\"243670\","
    "\"display\":\"aspirin 81 MG\",\"status\":\"active\",\"date\":\"2024-03\",\"dosage\":"
    "\"once daily\"},{\"system\":\"http://local.example/drugs\",\"code\":\"A7\",\"date\":\"2023\","
    "\"end\":\"2024\"}],"
    "\"lab_results\":[{\"system\":\"http://loinc.org\",\"code\":\"6598-7\",\"display\":\"Troponin "
    "T\","
    "\"value\":\"1.10\",\"comparator\":\">\",\"unit\":\"ug/L\",\"status\":\"final\",\"date\":"
    "\"2024-03-04T09:00:00Z\"},{\"system\":\"http://loinc.org\",\"code\":\"85354-9\",\"display\":"
    "\"Blood pressure\",\"components\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\","
    "\"value\":\"139\",\"unit\":\"mm[Hg]\"},{\"system\":\"http://loinc.org\",\"code\":\"8462-4\","
    "\"value\":\"87.50\",\"unit_text\":\"millimetres\"}]},{\"system\":\"http://"
    "loinc.org\",\"code\":"
    "\"72166-2\",\"value_coded\":{\"system\":\"http://snomed.info/sct\",\"code\":\"266919005\","
    "\"display\":\"Never smoker\"}},{\"system\":\"http://loinc.org\",\"code\":\"5767-9\","
    "\"value_text\":\"clear\"}]},"
    "\"notes\":\"Seen by the <night> team & sent home.\"}";

static inline json_object *parse_text(const char *text)
{
    json_object *value = NULL;
    assert_ok(record_json_parse(&value, text, strlen(text), RECORD_MAX_JSON_BYTES, info));
    return value;
}

/* The value at a JSON Pointer without escapes; NULL when there is none. */
static inline json_object *at(json_object *value, const char *pointer)
{
    char part[128];
    while (*pointer == '/' && value != NULL) {
        size_t len = strcspn(pointer + 1, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, pointer + 1);
        pointer += 1 + len;
        if (json_object_is_type(value, json_type_array))
            value = strtoul(part, NULL, 10) < json_object_array_length(value)
                        ? json_object_array_get_idx(value, strtoul(part, NULL, 10))
                        : NULL;
        else
            value = json_object_object_get(value, part);
    }
    return value;
}

static inline const char *text_at(json_object *value, const char *pointer)
{
    json_object *found = at(value, pointer);
    return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "(none)";
}

#endif
