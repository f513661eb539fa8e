/* Safe Harbor: what passes into a release, what never does, and the release as an object. */
#include "record_test.h"

static void release_of(json_object **content, json_object *record)
{
    assert_ok(record_release_content(content, record, info));
    assert_ok(record_release_validate(*content, info));
}

static void test_sample(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    (void)state;
    release_of(&content, record);
    assert_string_equal(text_at(content, "/category"), "Cardiology");
    assert_int_equal(json_object_get_int(at(content, "/year")), 2024);
    assert_string_equal(text_at(content, "/demographics/age"), "40-44");
    assert_string_equal(text_at(content, "/demographics/location/state"), "MA");
    assert_string_equal(text_at(content, "/demographics/location/country"), "US");
    assert_string_equal(text_at(content, "/medical_data/diagnosis/0/code"), "I21.4");
    assert_string_equal(text_at(content, "/medical_data/diagnosis/0/also/0/code"), "401314000");
    assert_string_equal(text_at(content, "/medical_data/lab_results/0/value"), "1.10");
    assert_string_equal(text_at(content, "/medical_data/lab_results/0/unit"), "ug/L");
    /* a number whose unit may not pass goes with it */
    assert_null(at(content, "/medical_data/lab_results/1/components/1/value"));
    assert_int_equal(json_object_get_int(at(content, "/count/lab_results")), 4);
    assert_int_equal(json_object_get_int(at(content, "/count/medications")), 1);
    assert_int_equal(json_object_get_int(at(content, "/leaves/medications")), 2);
}

/* A canary in every place of a record that takes free text, a finer date, or an identifier. */
static void test_nothing_else_passes(void **state)
{
    static const struct {
        const char *parent, *key;
    } places[] = {
        {"/hospital", "name"},
        {"", "notes"},
        {"", "category"},
        {"/demographics/location", "city"},
        {"/demographics/location", "state"},
        {"/demographics/location", "country"},
        {"/demographics/location", "postal_code"},
        {"/demographics/ethnicity/0", "display"},
        {"/demographics/ethnicity/0", "code"},
        {"/demographics/ethnicity/0", "system"},
        {"/medical_data/diagnosis/0", "display"},
        {"/medical_data/diagnosis/0", "code"},
        {"/medical_data/diagnosis/0", "system"},
        {"/medical_data/diagnosis/0", "status"},
        {"/medical_data/diagnosis/0/also/0", "display"},
        {"/medical_data/diagnosis/0/also/0", "code"},
        {"/medical_data/treatment/0", "display"},
        {"/medical_data/medications/0", "dosage"},
        {"/medical_data/medications/1", "code"},
        {"/medical_data/lab_results/0", "unit"},
        {"/medical_data/lab_results/1/components/0", "unit"},
        {"/medical_data/lab_results/1/components/1", "unit_text"},
        {"/medical_data/lab_results/2/value_coded", "display"},
        {"/medical_data/lab_results/2/value_coded", "code"},
        {"/medical_data/lab_results/3", "value_text"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        RECORD_JSON_AUTO record = parse_text(sample_record);
        RECORD_JSON_AUTO content = NULL;
        json_object *parent = at(record, places[i].parent);
        assert_non_null(parent);
        json_object_object_add(parent, places[i].key,
                               json_object_new_string(strcmp(places[i].key, "postal_code") == 0
                                                          ? "Zyx Canary"
                                                          : "Zyx Canary {Zyx}"));
        release_of(&content, record);
        const char *text = json_object_to_json_string(content);
        if (strstr(text, "Zyx") != NULL)
            fail_msg("%s/%s passed: %s", places[i].parent, places[i].key, text);
    }
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    release_of(&content, record);
    const char *text = json_object_to_json_string_ext(content, JSON_C_TO_STRING_NOSLASHESCAPE);
    static const char *const gone[] = {
        "5aAeb6",  "fB6916",        "Mary",        "02115",  "021",           "Boston",
        "2024-03", "T09",           "night",       "daily",  "Massachusetts", "aspirin",
        "clear",   "local.example", "millimetres", "status", "active"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        if (strstr(text, gone[i]) != NULL)
            fail_msg("%s passed", gone[i]);
    }
}

static void test_age_bands(void **state)
{
    static const struct {
        int age;
        const char *band;
    } cases[] = {{0, "0-4"},    {4, "0-4"},  {5, "5-9"},  {44, "40-44"}, {45, "45-49"},
                 {89, "85-89"}, {90, "90+"}, {91, "90+"}, {150, "90+"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO record = parse_text(sample_record);
        RECORD_JSON_AUTO content = NULL;
        json_object_object_add(at(record, "/demographics"), "age",
                               json_object_new_int(cases[i].age));
        release_of(&content, record);
        assert_string_equal(text_at(content, "/demographics/age"), cases[i].band);
    }
}

static void test_places(void **state)
{
    static const struct {
        const char *location;
        const char *country, *state_;
    } cases[] = {
        {"{\"country\":\"US\",\"state\":\"Massachusetts\"}", "US", "MA"},
        {"{\"country\":\"United States\",\"state\":\"ma\"}", "US", "(none)"},
        {"{\"country\":\"USA\",\"state\":\"TX\"}", "US", "TX"},
        {"{\"country\":\"US\",\"state\":\"Springfield\"}", "US", "(none)"},
        {"{\"country\":\"CA\",\"state\":\"California\"}", "CA", "(none)"},
        {"{\"country\":\"FR\",\"city\":\"Paris\"}", "FR", "(none)"},
        {"{\"country\":\"XX\"}", "(none)", "(none)"},
        {"{\"country\":\"fr\"}", "(none)", "(none)"},
        {"{\"country\":\"D \"}", "(none)", "(none)"},
        {"{\"state\":\"Massachusetts\"}", "(none)", "(none)"},
        {"{\"postal_code\":\"02115\"}", "(none)", "(none)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO record = parse_text(sample_record);
        RECORD_JSON_AUTO content = NULL;
        json_object_object_add(at(record, "/demographics"), "location",
                               parse_text(cases[i].location));
        release_of(&content, record);
        assert_string_equal(text_at(content, "/demographics/location/country"), cases[i].country);
        assert_string_equal(text_at(content, "/demographics/location/state"), cases[i].state_);
    }
}

static void set_list(json_object *record, const char *list, const char *json)
{
    json_object_object_add(at(record, "/medical_data"), list, parse_text(json));
}

static void test_entries(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    (void)state;
    /* a local code goes under its public one; an annotation goes from a unit; an age never passes
     */
    set_list(record, "diagnosis",
             "[{\"system\":\"http://h/1\",\"code\":\"X1\",\"also\":[{\"code\":\"5\"},{\"system\":"
             "\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"E11\"}]},{\"system\":\"http://h/1\","
             "\"code\":\"44054006\"},{\"code\":\"44054006\"}]");
    set_list(record, "lab_results",
             "[{\"system\":\"http://loinc.org\",\"code\":\"9269-2\",\"value\":\"15\",\"unit\":"
             "\"{score}\"},{\"system\":\"http://loinc.org\",\"code\":\"789-8\",\"value\":\"4.5\","
             "\"unit\":\"10*6{cells}/uL\"},{\"system\":\"http://loinc.org\",\"code\":\"30525-0\","
             "\"value\":\"93\",\"unit\":\"a\"},{\"system\":\"http://loinc.org\",\"code\":\"1-8\","
             "\"value\":\"3\"},{\"system\":\"http://loinc.org\",\"code\":\"2-6\",\"value\":\"3\","
             "\"unit\":\"see note\"}]");
    release_of(&content, record);
    assert_int_equal(json_object_array_length(at(content, "/medical_data/diagnosis")), 1);
    assert_string_equal(text_at(content, "/medical_data/diagnosis/0/code"), "E11");
    assert_null(at(content, "/medical_data/diagnosis/0/also"));
    assert_int_equal(json_object_get_int(at(content, "/count/diagnosis")), 1);
    assert_int_equal(json_object_array_length(at(content, "/medical_data/lab_results")), 4);
    assert_string_equal(text_at(content, "/medical_data/lab_results/0/unit"), "1");
    assert_string_equal(text_at(content, "/medical_data/lab_results/1/unit"), "10*6/uL");
    assert_string_equal(text_at(content, "/medical_data/lab_results/2/value"), "3");
    assert_null(at(content, "/medical_data/lab_results/3/value"));
    assert_null(at(content, "/medical_data/lab_results/3/unit"));
}

static void test_least_record(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    (void)state;
    json_object_object_del(record, "demographics");
    json_object_object_del(record, "medical_data");
    json_object_object_add(record, "category", json_object_new_string("Ward 7"));
    release_of(&content, record);
    assert_string_equal(text_at(content, "/category"), "Other");
    assert_int_equal(json_object_get_int(at(content, "/count/diagnosis")), 0);
    assert_int_equal(json_object_object_length(content), 4);
}

static void test_content_refused(void **state)
{
    static const struct {
        const char *parent, *key, *json; /* json NULL: remove */
    } cases[] = {
        {"", "notes", "[\"x\"]"},
        {"", "category", "[\"cardiology\"]"},
        {"", "category", "[\"Ward 7\"]"},
        {"", "year", "[\"2024\"]"},
        {"", "year", NULL},
        {"", "count", NULL},
        {"", "leaves", NULL},
        {"/count", "diagnosis", "[2]"},
        {"/count", "treatment", NULL},
        {"/leaves", "lab_results", "[1]"},
        {"/demographics", "age", "[\"44\"]"},
        {"/demographics", "age", "[\"41-45\"]"},
        {"/demographics", "age", "[44]"},
        {"/demographics/location", "city", "[\"Boston\"]"},
        {"/demographics/location", "state", "[\"Massachusetts\"]"},
        {"/demographics/location", "country", "[\"CA\"]"},
        {"/medical_data/diagnosis/0", "display", "[\"x\"]"},
        {"/medical_data/diagnosis/0", "date", "[\"2024\"]"},
        {"/medical_data/diagnosis/0", "code", "[\"patient 7\"]"},
        {"/medical_data/diagnosis/0", "system", "[\"http://local\"]"},
        {"/medical_data/lab_results/0", "unit", "[\"{x}\"]"},
        {"/medical_data/lab_results/0", "code", "[\"30525-0\"]"},
        {"/medical_data/lab_results/3", "value_text", "[\"x\"]"},
    };
    RECORD_JSON_AUTO record = parse_text(sample_record);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO content = NULL;
        release_of(&content, record);
        json_object *parent = at(content, cases[i].parent);
        if (cases[i].json == NULL) {
            json_object_object_del(parent, cases[i].key);
        } else {
            RECORD_JSON_AUTO wrapped = parse_text(cases[i].json);
            json_object *copy = NULL;
            assert_ok(record_json_copy(&copy, json_object_array_get_idx(wrapped, 0), info));
            json_object_object_add(parent, cases[i].key, copy);
        }
        if (record_release_validate(content, NULL) != GALEN_ERR_PARSE)
            fail_msg("%s/%s was taken", cases[i].parent, cases[i].key);
    }
}

static void test_object(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO wire = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_RELEASE_AUTO release = {.release_address = PATIENT, .key_version = UINT32_MAX};
    RECORD_RELEASE_AUTO parsed = {0};
    RECORD_TREE_AUTO tree = NULL;
    (void)state;
    memset(release.seed, 0x5e, sizeof release.seed);
    memset(release.sig, 0x51, sizeof release.sig);
    release_of(&release.content, record);
    assert_ok(record_release_tree(&tree, &release, info));
    assert_int_equal(record_tree_leaf_count(tree), 64);
    assert_ok(record_release_encode(&wire, &release, info));
    assert_ok(record_release_parse(&parsed, wire, info));
    assert_memory_equal(parsed.seed, release.seed, sizeof release.seed);
    assert_memory_equal(parsed.sig, release.sig, sizeof release.sig);
    assert_int_equal(parsed.key_version, UINT32_MAX);
    assert_ok(record_release_encode(&again, &parsed, info));
    assert_true(json_object_equal(wire, again));

    static const struct {
        const char *key, *json;
    } cases[] = {{"type", "[\"galen.record/1\"]"},
                 {"seed", "[\"0x00\"]"},
                 {"releaseAddr", "[\"0x00\"]"},
                 {"keyVersion", "[-1]"},
                 {"keyVersion", "[4294967296]"},
                 {"sig", "[\"0x\"]"},
                 {"content", "[{}]"},
                 {"content", "[null]"},
                 {"more", "[1]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO bad = NULL;
        RECORD_JSON_AUTO wrapped = parse_text(cases[i].json);
        json_object *copy = NULL;
        struct record_release none = {0};
        assert_ok(record_json_copy(&bad, wire, info));
        assert_ok(record_json_copy(&copy, json_object_array_get_idx(wrapped, 0), info));
        json_object_object_add(bad, cases[i].key, copy);
        assert_int_equal(record_release_parse(&none, bad, NULL), GALEN_ERR_PARSE);
        assert_null(none.content);
    }
}

/* Two releases of one record share no root, salt, leaf hash or position pattern. */
static void test_unlinkable(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    struct record_disclosure d[2] = {{{0}}, {{0}}};
    (void)state;
    release_of(&content, record);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t seed[RECORD_SEED_BYTES] = {i};
        RECORD_TREE_AUTO tree = NULL;
        assert_ok(record_tree_new_padded(&tree, content, seed, info));
        assert_ok(record_disclosure_make(&d[i], tree, (const char *[]){"/medical_data"}, 1, info));
    }
    assert_memory_not_equal(d[0].root, d[1].root, 32);
    assert_int_equal(d[0].leaf_count, d[1].leaf_count);
    for (size_t i = 0; i < d[0].field_count; i++) {
        for (size_t j = 0; j < d[1].field_count; j++)
            assert_memory_not_equal(d[0].fields[i].salt, d[1].fields[j].salt, 16);
    }
    for (size_t i = 0; i < d[0].sibling_count; i++) {
        for (size_t j = 0; j < d[1].sibling_count; j++)
            assert_memory_not_equal(d[0].siblings[i], d[1].siblings[j], 32);
    }
    record_disclosure_clear(&d[0]);
    record_disclosure_clear(&d[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),          cmocka_unit_test(test_nothing_else_passes),
        cmocka_unit_test(test_age_bands),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_entries),         cmocka_unit_test(test_least_record),
        cmocka_unit_test(test_content_refused), cmocka_unit_test(test_object),
        cmocka_unit_test(test_unlinkable),
    };
    return cmocka_run_group_tests_name("record/release", tests, NULL, NULL);
}
