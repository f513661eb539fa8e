/* Templates: strict reading, matching against releases, and the completeness of what was disclosed.
 */
#include "record_test.h"

#define KEY                                                                                        \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","     \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}" /* RFC 7515, A.3.1 */

static const char sample_template[] =
    "{\"type\":\"galen.template/1\",\"category\":\"Cardiology\","
    "\"demographics\":{\"age\":true,\"gender\":true,\"location\":false,\"ethnicity\":false},"
    "\"medical_data\":{\"diagnosis\":true,\"treatment\":false,\"medications\":false,"
    "\"lab_results\":true},\"time_period\":\"1 year\",\"min_records\":20,"
    "\"price_wei\":\"100000000000000000\",\"buyer_key\":" KEY ",\"filters\":[\"I2\",\"E11\"]}";

static void set(json_object *object, const char *pointer, const char *key, const char *json)
{
    RECORD_JSON_AUTO wrapped = parse_text(json);
    json_object *copy = NULL;
    assert_ok(record_json_copy(&copy, json_object_array_get_idx(wrapped, 0), info));
    json_object_object_add(at(object, pointer), key, copy);
}

static void test_parse(void **state)
{
    RECORD_JSON_AUTO value = parse_text(sample_template);
    RECORD_JSON_AUTO again = NULL;
    RECORD_TEMPLATE_AUTO request = {0};
    (void)state;
    assert_ok(record_template_parse(&request, value, info));
    assert_string_equal(request.category, "Cardiology");
    assert_true(request.age && request.gender && request.diagnosis && request.lab_results);
    assert_false(request.location || request.ethnicity || request.treatment || request.medications);
    assert_int_equal(request.years, 1);
    assert_int_equal(request.min_records, 20);
    assert_string_equal(request.price_wei, "100000000000000000");
    assert_int_equal(request.filter_count, 2);
    assert_ok(record_template_encode(&again, &request, info));
    assert_true(json_object_equal(value, again));

    RECORD_TEMPLATE_AUTO bare = {0};
    RECORD_JSON_AUTO bare_again = NULL;
    json_object_object_del(value, "filters");
    set(value, "", "time_period", "[\"3 years\"]");
    assert_ok(record_template_parse(&bare, value, info));
    assert_int_equal(bare.filter_count, 0);
    assert_int_equal(bare.years, 3);
    assert_ok(record_template_encode(&bare_again, &bare, info));
    assert_true(json_object_equal(value, bare_again));
}

static void test_refused(void **state)
{
    static const struct {
        const char *pointer, *key, *json, *says; /* json NULL: remove */
    } cases[] = {
        {"", "type", "[\"galen.offer/1\"]", "/type"},
        {"", "category", "[\"Ward 7\"]", "/category"},
        {"", "category", NULL, "/category"},
        {"", "demographics", "[{}]", "/demographics"},
        {"/demographics", "age", "[1]", "/demographics/age"},
        {"/demographics", "name", "[true]", "/demographics/name"},
        {"/medical_data", "diagnosis", NULL, "/medical_data/diagnosis"},
        {"", "time_period", "[\"0 years\"]", "/time_period"},
        {"", "time_period", "[\"151 years\"]", "/time_period"},
        {"", "time_period", "[\"1 month\"]", "/time_period"},
        {"", "time_period", "[\" 1 year\"]", "/time_period"},
        {"", "time_period", "[\"-1 year\"]", "/time_period"},
        {"", "time_period", "[\"99999999999 y\"]", "/time_period"},
        {"", "min_records", "[0]", "/min_records"},
        {"", "min_records", "[65536]", "/min_records"},
        {"", "price_wei", "[1]", "/price_wei"},
        {"", "price_wei", "[\"01\"]", "/price_wei"},
        {"", "price_wei", "[\"-1\"]", "/price_wei"},
        {"", "price_wei", "[\"1.5\"]", "/price_wei"},
        {"", "price_wei",
         "[\"115792089237316195423570985008687907853269984665640564039457584007913129639936\"]",
         "/price_wei"},
        {"", "buyer_key", "[{}]", "/buyer_key"},
        {"/buyer_key", "d", "[\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"]", "private"},
        {"/buyer_key", "crv", "[\"P-384\"]", "/buyer_key"},
        {"/buyer_key", "x", "[\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\"]", "/buyer_key"},
        {"/buyer_key", "y", "[\"short\"]", "/buyer_key"},
        {"/buyer_key", "extra", "[\"x\"]", "/buyer_key/extra"},
        {"", "filters", "[[\"\"]]", "/filters/0"},
        {"", "filters", "[[\"I2*\"]]", "/filters/0"},
        {"", "filters", "[[5]]", "/filters/0"},
        {"", "filters", "[{}]", "/filters"},
        {"", "medical_data",
         "[{\"diagnosis\":false,\"treatment\":false,\"medications\":false,\"lab_results\":false}]",
         "/filters"},
        {"", "extra", "[1]", "/extra"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO value = parse_text(sample_template);
        struct record_template request = {0};
        struct galen_errinfo e = {0};
        if (cases[i].json == NULL)
            json_object_object_del(at(value, cases[i].pointer), cases[i].key);
        else
            set(value, cases[i].pointer, cases[i].key, cases[i].json);
        enum galen_err err = record_template_parse(&request, value, &e);
        if (err != GALEN_ERR_PARSE || strstr(e.what, cases[i].says) == NULL)
            fail_msg("%s/%s: %s: %s", cases[i].pointer, cases[i].key, galen_err_name(err), e.what);
        assert_null(request.buyer_key);
    }
}

static void sample_content(json_object **content)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    assert_ok(record_release_content(content, record, info));
}

static void test_matches(void **state)
{
    static const struct {
        const char *key, *json; /* of the template */
        int year;
        bool matches;
    } cases[] = {
        {NULL, NULL, 2024, true},
        {NULL, NULL, 2025, true},
        {NULL, NULL, 2026, false},
        {"time_period", "[\"2 years\"]", 2026, true},
        {"category", "[\"Neurology\"]", 2024, false},
        {"filters", "[[\"I21.4\"]]", 2024, true},
        {"filters", "[[\"4013\"]]", 2024, true},    /* a further coding */
        {"filters", "[[\"6598\"]]", 2024, true},    /* a lab result's code */
        {"filters", "[[\"243670\"]]", 2024, false}, /* a medication: not asked for */
        {"filters", "[[\"X\",\"Y\"]]", 2024, false},
        {"filters", "[[\"X\",\"I\"]]", 2024, true},
        {"filters", "[[]]", 2024, true},
    };
    RECORD_JSON_AUTO content = NULL;
    (void)state;
    sample_content(&content);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO value = parse_text(sample_template);
        RECORD_TEMPLATE_AUTO request = {0};
        bool matches = !cases[i].matches;
        if (cases[i].key != NULL)
            set(value, "", cases[i].key, cases[i].json);
        assert_ok(record_template_parse(&request, value, info));
        assert_ok(record_template_matches(&matches, &request, content, cases[i].year, info));
        if (matches != cases[i].matches)
            fail_msg("case %zu", i);
    }
    static const struct {
        const char *pointer, *key;
    } missing[] = {{"/demographics", "age"},
                   {"/demographics", "gender"},
                   {"", "demographics"},
                   {"/medical_data", "diagnosis"},
                   {"/medical_data", "lab_results"},
                   {"", "medical_data"},
                   {"", "category"},
                   {"", "year"}};
    RECORD_JSON_AUTO value = parse_text(sample_template);
    RECORD_TEMPLATE_AUTO request = {0};
    assert_ok(record_template_parse(&request, value, info));
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        RECORD_JSON_AUTO part = NULL;
        bool matches = true;
        assert_ok(record_json_copy(&part, content, info));
        json_object_object_del(at(part, missing[i].pointer), missing[i].key);
        assert_ok(record_template_matches(&matches, &request, part, 2024, info));
        assert_false(matches);
    }
    bool matches = true;
    assert_ok(record_template_matches(&matches, &request, NULL, 2024, info));
    assert_false(matches);
}

/* What a bundle discloses is complete; take any one leaf away and it is not. */
static void test_completeness(void **state)
{
    uint8_t seed[RECORD_SEED_BYTES] = {3};
    const char *paths[RECORD_TEMPLATE_MAX_PATHS];
    RECORD_JSON_AUTO value = parse_text(sample_template);
    RECORD_JSON_AUTO content = NULL;
    RECORD_TEMPLATE_AUTO request = {0};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO whole = {0};
    bool verdict = false;
    (void)state;
    sample_content(&content);
    assert_ok(record_template_parse(&request, value, info));
    size_t path_count = record_template_paths(paths, &request);
    assert_int_equal(path_count, 2 + 2 + 2 * 3);
    assert_ok(record_tree_new_padded(&tree, content, seed, info));
    assert_ok(record_disclosure_make(&whole, tree, paths, path_count, info));
    assert_ok(record_disclosure_verify(&verdict, &whole, RECORD_ORDER_HASH, info));
    assert_true(verdict);
    assert_ok(record_template_check(&verdict, &request, &whole, 2024, info));
    assert_true(verdict);
    assert_ok(record_template_check(&verdict, &request, &whole, 2030, info));
    assert_false(verdict);

    for (size_t left_out = 0; left_out < whole.field_count; left_out++) {
        const char *some[256];
        size_t n = 0;
        RECORD_DISCLOSURE_AUTO part = {0};
        for (size_t i = 0; i < whole.field_count; i++) {
            if (i != left_out)
                some[n++] = whole.fields[i].path;
        }
        assert_ok(record_disclosure_make(&part, tree, some, n, info));
        assert_ok(record_disclosure_verify(&verdict, &part, RECORD_ORDER_HASH, info));
        assert_true(verdict); /* a good proof of too little */
        assert_ok(record_template_check(&verdict, &request, &part, 2024, info));
        if (verdict)
            fail_msg("without %s it counts as complete", whole.fields[left_out].path);
    }
    for (size_t i = 0; i < whole.field_count; i++) { /* nothing that was not asked for */
        assert_null(strstr(whole.fields[i].path, "medications"));
        assert_null(strstr(whole.fields[i].path, "ethnicity"));
        assert_null(strstr(whole.fields[i].path, "location"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_completeness),
    };
    return cmocka_run_group_tests_name("record/template", tests, NULL, NULL);
}
