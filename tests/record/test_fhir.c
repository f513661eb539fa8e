/* FHIR in and out, on small bundles made here: what is read, what is left out and why, what is
 * fatal. */
#include "record_test.h"

#include <zlib.h>

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
static char *bundle(const char *type, const char *const *resources)
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

static void import_text(struct record_fhir_result *out, const char *text,
                        const struct record_fhir_options *how)
{
    assert_ok(record_fhir_import(out, text, strlen(text), how == NULL ? &options : how, info));
    for (size_t i = 0; i < out->item_count; i++)
        assert_ok(record_validate(out->items[i].record, info));
}

static void import_all(struct record_fhir_result *out, const char *const *resources,
                       const struct record_fhir_options *how)
{
    BASE_TEXT_AUTO text = bundle("collection", resources);
    import_text(out, text, how);
}

static size_t skipped(const struct record_fhir_result *result, const char *type, const char *reason)
{
    size_t count = 0;
    for (size_t i = 0; i < result->skip_count; i++) {
        if (strcmp(result->skips[i].resource_type, type) == 0 &&
            strstr(result->skips[i].reason, reason) != NULL)
            count += result->skips[i].count;
    }
    return count;
}

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

static void expect_error(const char *text, size_t len, const struct record_fhir_options *how,
                         enum galen_err expected, const char *says)
{
    struct record_fhir_result result = {0};
    struct galen_errinfo e = {0};
    enum galen_err err = record_fhir_import(&result, text, len, how, &e);
    if (err != expected || strstr(e.what, says) == NULL)
        fail_msg("%s: %s, not %s", galen_err_name(err), e.what, says);
    if (expected == GALEN_ERR_PARSE && strstr(says, "gzip") == NULL)
        assert_true(e.hint[0] != '\0');
    assert_null(result.items);
    RECORD_JSON_AUTO report = NULL;
    assert_ok(record_fhir_report(&report, "f.json", NULL, &e, info));
    assert_string_equal(text_at(report, "/error/message"), e.what);
}

static void test_fatal(void **state)
{
    static const char other[] = "{\"resourceType\":\"Patient\",\"id\":\"q\"}";
    BASE_TEXT_AUTO none = bundle("collection", (const char *[]){ENC1, NULL});
    BASE_TEXT_AUTO two = bundle("collection", (const char *[]){PAT, other, ENC1, NULL});
    BASE_TEXT_AUTO history = bundle("history", (const char *[]){PAT, ENC1, NULL});
    struct record_fhir_options how = options;
    (void)state;
    expect_error(none, strlen(none), &options, GALEN_ERR_PARSE, "no Patient");
    expect_error(two, strlen(two), &options, GALEN_ERR_PARSE, "2 Patients");
    expect_error(history, strlen(history), &options, GALEN_ERR_PARSE, "type that is not read");
    expect_error("", 0, &options, GALEN_ERR_PARSE, "not valid JSON");
    expect_error("<Bundle/>", 9, &options, GALEN_ERR_PARSE, "not valid JSON");
    expect_error("{\n\"a\": [\n{}\n", 12, &options, GALEN_ERR_PARSE, "not valid JSON");
    expect_error("[]", 2, &options, GALEN_ERR_PARSE, "no Patient");
    expect_error("\x1f\x8b\x08", 3, &options, GALEN_ERR_PARSE, "gzip");
    how.patient_id = "zz";
    expect_error(two, strlen(two), &how, GALEN_ERR_NOT_FOUND, "that id");
    how.patient_id = "p";
    RECORD_FHIR_RESULT_AUTO result = {0};
    import_text(&result, two, &how);
    assert_int_equal(result.item_count, 1);
    assert_int_equal(skipped(&result, "Patient", "another patient"), 1);
    how = options;
    how.patient_address = "0x00";
    expect_error(two, strlen(two), &how, GALEN_ERR_USAGE, "address");
    how = options;
    how.hospital_name = "";
    expect_error(two, strlen(two), &how, GALEN_ERR_USAGE, "name");
}

static void test_ndjson(void **state)
{
    RECORD_FHIR_RESULT_AUTO result = {0};
    (void)state;
    import_text(&result,
                "\xef\xbb\xbf" PAT "\r\n\n" ENC1 "\n{broken\n" COND(
                    "," ENCR) "\n{\"resourceType\":\"Bundle\",\"type\":\"history\"}\n"
                              "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{"
                              "\"resource\":" COND("," ENCR) "},7]}",
                NULL);
    assert_int_equal(result.item_count, 1);
    assert_int_equal(
        json_object_array_length(at(result.items[0].record, "/medical_data/diagnosis")), 2);
    assert_int_equal(skipped(&result, "?", "not valid JSON"), 1);
    assert_int_equal(skipped(&result, "Bundle", "transaction, batch"), 1);
    assert_int_equal(skipped(&result, "?", "not a FHIR resource"), 1);
}

static size_t gzip(uint8_t *out, size_t room, const char *text, size_t len)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)len;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t made = room - stream.avail_out;
    deflateEnd(&stream);
    return made;
}

static void test_gzip(void **state)
{
    BASE_TEXT_AUTO text = bundle("searchset", (const char *[]){PAT, ENC1, NULL});
    uint8_t packed[8192];
    (void)state;
    size_t half = strlen(text) / 2;
    size_t len = gzip(packed, sizeof packed, text, strlen(text));
    RECORD_FHIR_RESULT_AUTO result = {0};
    assert_ok(record_fhir_import(&result, packed, len, &options, info));
    assert_int_equal(result.item_count, 1);
    for (size_t cut = 2; cut < len; cut++) /* every truncation */
        expect_error((const char *)packed, cut, &options, GALEN_ERR_PARSE, "gzip");
    packed[len] = 'x';
    expect_error((const char *)packed, len + 1, &options, GALEN_ERR_PARSE, "gzip");
    len = gzip(packed, sizeof packed, text, half); /* two members, as `cat a.gz b.gz` makes */
    len += gzip(packed + len, sizeof packed - len, text + half, strlen(text) - half);
    RECORD_FHIR_RESULT_AUTO joined = {0};
    assert_ok(record_fhir_import(&joined, packed, len, &options, info));
    assert_int_equal(joined.item_count, 1);

    /* A bomb: spaces beyond the limit, in a few hundred kilobytes. */
    size_t size = RECORD_FHIR_MAX_BYTES + 1;
    char *spaces = malloc(size);
    uint8_t *bomb = malloc(1 << 20);
    memset(spaces, ' ', size);
    len = gzip(bomb, 1 << 20, spaces, size);
    expect_error((const char *)bomb, len, &options, GALEN_ERR_LIMIT, "unpacks to more");
    expect_error(spaces, size, &options, GALEN_ERR_LIMIT, "bytes");
    free(spaces);
    free(bomb);
}

/* Everything a record can hold, out and in again; then the same bundle once more. */
static void test_round_trip(void **state)
{
    static const char *const parts[] = {"/medical_data", "/demographics", "/category", "/issued"};
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO out = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_FHIR_RESULT_AUTO result = {0};
    (void)state;
    assert_ok(record_fhir_export(&out, record, info));
    assert_ok(record_fhir_export(&again, record, info));
    const char *text = json_object_to_json_string(out);
    assert_string_equal(text, json_object_to_json_string(again));
    assert_null(strstr(text, &PATIENT[2]));
    assert_null(strstr(text, &HOSPITAL[2]));
    assert_non_null(strstr(text, "&lt;night&gt; team &amp; sent"));
    assert_non_null(strstr(text, "1.10"));
    import_text(&result, text, NULL);
    assert_int_equal(result.item_count, 1);
    assert_int_equal(result.skip_count, 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!json_object_equal(at(record, parts[i]), at(result.items[0].record, parts[i])))
            fail_msg("%s: %s", parts[i],
                     json_object_to_json_string(at(result.items[0].record, parts[i])));
    }
    json_object_object_del(record, "category");
    struct json_object *none = NULL;
    assert_int_equal(record_fhir_export(&none, record, NULL), GALEN_ERR_PARSE);
}

static void test_report(void **state)
{
    RECORD_FHIR_RESULT_AUTO result = {0};
    RECORD_JSON_AUTO report = NULL;
    (void)state;
    import_all(&result,
               (const char *[]){PAT, ENC1, "{\"resourceType\":\"Claim\"}",
                                "{\"resourceType\":\"Claim\"}", NULL},
               NULL);
    assert_ok(record_fhir_report(&report, "a.json", &result, NULL, info));
    assert_string_equal(text_at(report, "/file"), "a.json");
    assert_string_equal(text_at(report, "/records/0/encounter"), "e");
    assert_string_equal(text_at(report, "/records/0/category"), "General practice");
    assert_string_equal(text_at(report, "/records/0/issued"), "2020-06-15T04:30:00Z");
    assert_int_equal(json_object_get_int(at(report, "/records/0/leaves")),
                     result.items[0].leaf_count);
    assert_int_equal(json_object_get_int(at(report, "/skipped/0/count")), 2);
    assert_string_equal(text_at(report, "/skipped/0/resourceType"), "Claim");
    assert_null(at(report, "/error"));
    assert_null(strstr(json_object_to_json_string(report), "Boston"));
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
        cmocka_unit_test(test_fatal),
        cmocka_unit_test(test_ndjson),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests_name("record/fhir", tests, NULL, NULL);
}
