/* FHIR in, on small bundles made here: what is read, what is left out and why. */
#include "fhir_test.h"

static void test_patient_and_encounter(void **state)
{
    const char *const resources[] = {PAT, ENC1, NULL};
    RECORD_FHIR_RESULT_AUTO result = {0};
    (void)state;
    import_all(&result, resources, NULL);
    assert_int_equal(result.item_count, 1);
    assert_int_equal(result.skip_count, 0);
    json_object *record = result.items[0].record;
    assert_string_equal(text_at(record, "/issued"), "2020-06-15T04:30:00Z");
    assert_string_equal(text_at(record, "/category"), "General practice");
    assert_string_equal(text_at(record, "/patient"), PATIENT);
    assert_string_equal(text_at(record, "/hospital/name"), "Test hospital");
    /* the day before the birthday where it happened, though not in UTC */
    assert_int_equal(json_object_get_int(at(record, "/demographics/age")), 39);
    assert_string_equal(text_at(record, "/demographics/gender"), "male");
    assert_string_equal(text_at(record, "/demographics/location/city"), "Boston");
    assert_string_equal(text_at(record, "/demographics/ethnicity/0/code"), "2106-3");
    assert_string_equal(text_at(record, "/demographics/ethnicity/1/display"), "Not told");
    assert_null(strstr(json_object_to_json_string(record), "Canaryname"));
    assert_string_equal(result.items[0].encounter, "e");
}

static void test_ages(void **state)
{
    static const struct {
        const char *birth, *start;
        int age; /* -1: none */
    } cases[] = {
        {"1980-06-15", "2020-06-15T00:00:00Z", 40}, {"1980-06-15", "2020-06-14T23:59:59Z", 39},
        {"1980-06", "2020-06-01T00:00:00Z", 40},    {"1980-07", "2020-06-30T00:00:00Z", 39},
        {"1980", "2020-01-01T00:00:00Z", 40},       {"2020-06-15", "2020-06-15T00:00:00Z", 0},
        {"2020-06-16", "2020-06-15T00:00:00Z", -1}, {"1800-01-01", "2020-06-15T00:00:00Z", -1},
        {"1980-02-30", "2020-06-15T00:00:00Z", -1}, {"", "2020-06-15T00:00:00Z", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char patient[200], encounter[300];
        RECORD_FHIR_RESULT_AUTO result = {0};
        snprintf(patient, sizeof patient,
                 "{\"resourceType\":\"Patient\",\"id\":\"p\",\"birthDate\":\"%s\"}",
                 cases[i].birth);
        snprintf(encounter, sizeof encounter,
                 "{\"resourceType\":\"Encounter\",\"id\":\"e\"," SUBJ
                 ",\"period\":{\"start\":\"%s\"}}",
                 cases[i].start);
        import_all(&result, (const char *[]){patient, encounter, NULL}, NULL);
        assert_int_equal(result.item_count, 1);
        json_object *age = at(result.items[0].record, "/demographics/age");
        assert_int_equal(age == NULL ? -1 : json_object_get_int(age), cases[i].age);
    }
}

static void test_lists(void **state)
{
    static const char *const resources[] = {
        PAT,
        ENC1,
        "{\"resourceType\":\"Condition\",\"clinicalStatus\":" CODE(
            "x", "active") "," SUBJ "," ENCR ",\"code\":{\"coding\":[{\"system\":\"http://"
                           "snomed.info/sct\",\"code\":\"1\"},{\"system\":"
                           "\"http://hl7.org/fhir/sid/"
                           "icd-10\",\"code\":\"E11\",\"display\":\"DM\"}],\"text\":\"Diabetes\"},"
                           "\"onsetDateTime\":\"2019\",\"abatementDateTime\":\"2020-01\"}",
        "{\"resourceType\":\"Procedure\",\"status\":\"completed\"," SUBJ "," ENCR
        ",\"code\":{\"text\":\"Walk\"},\"performedPeriod\":{\"start\":\"2020-06-15\",\"end\":"
        "\"2020-06-16\"}}",
        "{\"resourceType\":\"CarePlan\",\"status\":\"active\"," SUBJ "," ENCR
        ",\"category\":[" CODE("http://snomed.info/sct", "53950000") "," CODE(
            "http://other",
            "assess-plan") "],\"activity\":[{\"detail\":{\"code\":" CODE("http://snomed.info/sct",
                                                                         "304510005") "}},{"
                                                                                      "\"detail\":{"
                                                                                      "}}],"
                                                                                      "\"period\":{"
                                                                                      "\"start\":"
                                                                                      "\"2020-06-"
                                                                                      "15\"}}",
        "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\"," SUBJ "," ENCR
        ",\"medicationCodeableConcept\":" CODE(
            "http://www.nlm.nih.gov/research/umls/rxnorm",
            "1") ",\"authoredOn\":\"2020-06-15\",\"dosageInstruction\":[{\"text\":\"daily\"}]}",
        "{\"resourceType\":\"Medication\",\"id\":\"m\",\"code\":{\"text\":\"Referenced\"}}",
        "{\"resourceType\":\"MedicationRequest\",\"status\":\"stopped\"," SUBJ "," ENCR
        ",\"medicationReference\":{\"reference\":\"Medication/m\"}}",
        "{\"resourceType\":\"MedicationStatement\",\"status\":\"intended\"," SUBJ ",\"context\":{"
        "\"reference\":\"Encounter/"
        "e\"},\"contained\":[{\"resourceType\":\"Medication\",\"id\":\"c\","
        "\"code\":{\"text\":\"Contained\"}}],\"medicationReference\":{\"reference\":\"#c\"},"
        "\"effectivePeriod\":{\"start\":\"2019\",\"end\":\"2020\"},\"dosage\":[{\"text\":"
        "\"weekly\"}]}",
        LAB("laboratory", ",\"valueQuantity\":{\"value\":1.10,\"comparator\":\"<\",\"unit\":\"mg\","
                          "\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/dL\"},"
                          "\"effectiveDateTime\":\"2020-06-15T05:00:00Z\""),
        LAB("vital-signs",
            ",\"component\":[{\"code\":{\"text\":\"sys\"},\"valueQuantity\":{\"value\":"
            "120,\"unit\":\"mm\"}},{\"code\":{\"text\":\"none\"}}]"),
        LAB("laboratory", ",\"valueCodeableConcept\":" CODE("http://snomed.info/sct", "9")),
        LAB("laboratory", ",\"valueBoolean\":true"),
        LAB("laboratory", ",\"valueInteger\":-7"),
        LAB("laboratory", ",\"valueTime\":\"12:00:00\""),
        NULL};
    static const struct {
        const char *pointer, *text;
    } expected[] = {
        {"diagnosis/0/code", "1"},
        {"diagnosis/0/display", "Diabetes"},
        {"diagnosis/0/also/0/code", "E11"},
        {"diagnosis/0/also/0/display", "DM"},
        {"diagnosis/0/status", "active"},
        {"diagnosis/0/date", "2019"},
        {"diagnosis/0/end", "2020-01"},
        {"treatment/0/display", "Walk"},
        {"treatment/0/end", "2020-06-16"},
        {"treatment/1/code", "53950000"},
        {"treatment/1/status", "in-progress"},
        {"treatment/2/code", "304510005"},
        {"medications/0/code", "1"},
        {"medications/0/dosage", "daily"},
        {"medications/0/date", "2020-06-15"},
        {"medications/1/display", "Referenced"},
        {"medications/2/display", "Contained"},
        {"medications/2/status", "(none)"},
        {"medications/2/dosage", "weekly"},
        {"medications/2/end", "2020"},
        {"lab_results/0/value", "1.10"},
        {"lab_results/0/comparator", "<"},
        {"lab_results/0/unit", "mg/dL"},
        {"lab_results/1/components/0/value", "120"},
        {"lab_results/1/components/0/unit_text", "mm"},
        {"lab_results/2/value_coded/code", "9"},
        {"lab_results/3/value_text", "true"},
        {"lab_results/4/value", "-7"},
        {"lab_results/5/value_text", "12:00:00"},
    };
    RECORD_FHIR_RESULT_AUTO result = {0};
    (void)state;
    import_all(&result, resources, NULL);
    assert_int_equal(result.item_count, 1);
    json_object *medical = at(result.items[0].record, "/medical_data");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char pointer[80];
        snprintf(pointer, sizeof pointer, "/%s", expected[i].pointer);
        if (strcmp(text_at(medical, pointer), expected[i].text) != 0)
            fail_msg("%s: %s", pointer, text_at(medical, pointer));
    }
    assert_int_equal(json_object_array_length(at(medical, "/treatment")), 3);
    assert_int_equal(json_object_array_length(at(medical, "/lab_results/1/components")), 1);
    assert_int_equal(skipped(&result, "Medication", "no part of a record"), 1);
    assert_int_equal(result.skip_count, 1);
}

static void test_left_out(void **state)
{
    static const struct {
        const char *resource, *type, *reason;
    } cases[] = {
        {"{\"resourceType\":\"Claim\"}", "Claim", "no part of a record"},
        {"{\"resourceType\":\"Zyx<b>\\u001b[2J\"}", "Zyx?b???2J", "no part of a record"},
        {"{\"resourceType\":7}", "?", "not a FHIR resource"},
        {"{}", "?", "not a FHIR resource"},
        {"[]", "?", "not a FHIR resource"},
        {"7", "?", "not a FHIR resource"},
        {"{\"resourceType\":\"Condition\"}", "Condition", "which patient"},
        {"{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/q\"}}", "Condition",
         "not this patient"},
        {"{\"resourceType\":\"Condition\",\"subject\":[]}", "Condition", "not this patient"},
        {COND(""), "Condition", "belongs to no encounter"},
        {COND(",\"encounter\":{\"reference\":\"Encounter/x\"}"), "Condition",
         "belongs to no encounter"},
        {COND(",\"onsetDateTime\":\"2001-01-01\""), "Condition", "belongs to no encounter"},
        {COND("," ENCR ",\"verificationStatus\":" CODE("x", "entered-in-error")), "Condition",
         "in error"},
        {"{\"resourceType\":\"Condition\"," SUBJ "," ENCR ",\"code\":{}}", "Condition",
         "neither a code"},
        {"{\"resourceType\":\"Condition\"," SUBJ "," ENCR
         ",\"code\":{\"coding\":[7,{\"code\":8}]}}",
         "Condition", "neither a code"},
        {"{\"resourceType\":\"Procedure\",\"status\":\"not-done\"," SUBJ "," ENCR "}", "Procedure",
         "not done"},
        {"{\"resourceType\":\"CarePlan\",\"status\":\"draft\"," SUBJ "," ENCR "}", "CarePlan",
         "draft"},
        {"{\"resourceType\":\"CarePlan\"," SUBJ "," ENCR "}", "CarePlan", "neither a code"},
        {"{\"resourceType\":\"MedicationRequest\",\"doNotPerform\":true," SUBJ "," ENCR "}",
         "MedicationRequest", "not taken"},
        {"{\"resourceType\":\"MedicationRequest\"," SUBJ "," ENCR
         ",\"medicationReference\":{\"reference\":\"Medication/none\"}}",
         "MedicationRequest", "neither a code"},
        {LAB("survey", ",\"valueInteger\":1"), "Observation", "neither laboratory"},
        {LAB("laboratory", ""), "Observation", "no value"},
        {LAB("laboratory", ",\"valueQuantity\":{\"value\":\"5\"}"), "Observation", "no value"},
        {LAB("laboratory", ",\"valueRange\":{}"), "Observation", "of a kind"},
        {ENC("f", "yesterday", "", ""), "Encounter", "period.start"},
        {ENC("f", "2020-02-30", "", ""), "Encounter", "period.start"},
        {ENC("f", "0001-01-01T00:00:00+14:00", "", ""), "Encounter", "period.start"},
        {ENC("f", "9999-12-31T23:59:59-12:00", "", ""), "Encounter", "period.start"},
        {"{\"resourceType\":\"Encounter\",\"status\":\"cancelled\"," SUBJ "}", "Encounter",
         "take place"},
        {PAT, "Patient", "stands in the file before"},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\"}", "Bundle", "no part of a record"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_FHIR_RESULT_AUTO result = {0};
        import_all(&result, (const char *[]){PAT, ENC1, cases[i].resource, NULL}, NULL);
        assert_int_equal(result.item_count, 1);
        assert_null(at(result.items[0].record, "/medical_data"));
        if (result.skip_count != 1 || skipped(&result, cases[i].type, cases[i].reason) != 1)
            fail_msg("%s: %zu, %s, %s", cases[i].resource, result.skip_count,
                     result.skip_count > 0 ? result.skips[0].resource_type : "",
                     result.skip_count > 0 ? result.skips[0].reason : "");
    }
}

static void test_references(void **state)
{
    static const char *const encounters[] = {
        "Encounter/e", "urn:uuid:e", "http://h.example/fhir/Encounter/e", "Encounter/e/_history/2",
        "http://h.example/fhir/Encounter/e/_history/1"};
    (void)state;
    for (size_t i = 0; i < sizeof encounters / sizeof *encounters; i++) {
        char condition[400];
        RECORD_FHIR_RESULT_AUTO result = {0};
        snprintf(condition, sizeof condition, COND(",\"encounter\":{\"reference\":\"%s\"}"),
                 encounters[i]);
        import_all(&result, (const char *[]){PAT, ENC1, condition, NULL}, NULL);
        if (result.skip_count != 0)
            fail_msg("%s: %s", encounters[i], result.skips[0].reason);
        assert_non_null(at(result.items[0].record, "/medical_data/diagnosis/0"));
    }
    /* by fullUrl only */
    RECORD_FHIR_RESULT_AUTO result = {0};
    import_text(
        &result,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"fullUrl\":"
        "\"urn:uuid:aa\",\"resource\":{\"resourceType\":\"Patient\"}},{\"fullUrl\":"
        "\"urn:uuid:bb\",\"resource\":{\"resourceType\":\"Encounter\",\"subject\":{\"reference\":"
        "\"urn:uuid:aa\"},\"period\":{\"start\":\"2020\"}}},{\"resource\":{\"resourceType\":"
        "\"Condition\",\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"urn:uuid:aa\"},"
        "\"encounter\":{\"reference\":\"urn:uuid:bb\"}}}]}",
        NULL);
    assert_int_equal(result.skip_count, 0);
    assert_string_equal(text_at(result.items[0].record, "/medical_data/diagnosis/0/display"), "x");
    assert_string_equal(text_at(result.items[0].record, "/issued"), "2020-01-01T00:00:00Z");
}

static void test_by_date(void **state)
{
    static const struct {
        const char *date;
        bool placed;
    } cases[] = {{"2020-06-15T05:00:00Z", true},
                 {"2020-06-14", true},
                 {"2020-06-15", false},
                 {"2020-06-15T07:00:00Z", false},
                 {"2020-06", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char condition[400];
        RECORD_FHIR_RESULT_AUTO result = {0};
        snprintf(condition, sizeof condition, COND(",\"recordedDate\":\"%s\""), cases[i].date);
        import_all(&result, (const char *[]){PAT, ENC1, condition, NULL}, NULL);
        assert_int_equal(result.skip_count, !cases[i].placed);
    }
}

static void test_categories(void **state)
{
    static const struct {
        const char *more, *category;
    } cases[] = {
        {",\"serviceType\":{\"text\":\"Cardiology\"}", "Cardiology"},
        {",\"serviceType\":{\"coding\":[{\"display\":\"Adult Cardiothoracic\"}]}", "Cardiology"},
        {",\"serviceType\":{\"text\":\"Ward 7\"}", "Ward 7"},
        {",\"type\":[{\"text\":\"Emergency room admission\"}]", "Emergency"},
        {",\"type\":[{\"coding\":[{\"display\":\"Encounter for "
         "'check-up'\"}]},{\"text\":\"Prenatal "
         "visit\"}]",
         "Obstetrics and gynecology"},
        {",\"reasonCode\":[{\"text\":\"Childhood asthma\"}]", "Pulmonology"},
        {",\"serviceType\":7,\"type\":{},\"reasonCode\":[null]", "General practice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char encounter[600];
        RECORD_FHIR_RESULT_AUTO result = {0};
        snprintf(encounter, sizeof encounter, ENC("e", "2020-01-01T00:00:00Z", "", "%s"),
                 cases[i].more);
        import_all(&result, (const char *[]){PAT, encounter, NULL}, NULL);
        assert_string_equal(text_at(result.items[0].record, "/category"), cases[i].category);
    }
    RECORD_FHIR_RESULT_AUTO result = {0}; /* what the record is about */
    import_all(&result,
               (const char *[]){PAT, ENC1,
                                "{\"resourceType\":\"Condition\"," SUBJ "," ENCR
                                ",\"code\":{\"text\":\"Hypertension\"}}",
                                NULL},
               NULL);
    assert_string_equal(text_at(result.items[0].record, "/category"), "Cardiology");
}

static void test_per_patient(void **state)
{
    struct record_fhir_options how = options;
    how.per_patient = true;
    const char *const resources[] = {PAT,
                                     ENC("f", "2021-01-01T00:00:00Z", "", ""),
                                     ENC1,
                                     COND("," ENCR),
                                     COND(",\"onsetDateTime\":\"2001\""),
                                     NULL};
    RECORD_FHIR_RESULT_AUTO result = {0};
    RECORD_FHIR_RESULT_AUTO split = {0};
    (void)state;
    import_all(&result, resources, &how);
    assert_int_equal(result.item_count, 1);
    assert_string_equal(result.items[0].encounter, "");
    assert_string_equal(text_at(result.items[0].record, "/issued"), "2021-01-01T00:00:00Z");
    assert_int_equal(
        json_object_array_length(at(result.items[0].record, "/medical_data/diagnosis")), 2);
    import_all(&split, resources, NULL); /* by time, whatever their order in the file */
    assert_int_equal(split.item_count, 2);
    assert_string_equal(split.items[0].encounter, "e");
    assert_string_equal(split.items[1].encounter, "f");

    RECORD_FHIR_RESULT_AUTO without = {0}; /* no encounter at all: the latest date */
    import_all(&without,
               (const char *[]){PAT, COND(",\"onsetDateTime\":\"2001\""),
                                COND(",\"onsetDateTime\":\"2003-02\""),
                                COND(",\"onsetDateTime\":\"2002\""), NULL},
               NULL);
    assert_int_equal(without.item_count, 1);
    assert_string_equal(text_at(without.items[0].record, "/issued"), "2003-02-01T00:00:00Z");
    assert_int_equal(json_object_get_int(at(without.items[0].record, "/demographics/age")), 22);
    RECORD_FHIR_RESULT_AUTO undated = {0};
    import_all(&undated, (const char *[]){PAT, COND(""), NULL}, NULL);
    assert_int_equal(undated.item_count, 0);
    assert_int_equal(skipped(&undated, "Patient", "tells a date"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patient_and_encounter),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_by_date),
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_per_patient),
    };
    return cmocka_run_group_tests_name("record/fhir", tests, NULL, NULL);
}
