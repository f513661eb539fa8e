/* The record's closed schema: one good record, and everything that may not be in one. */
#include "record_test.h"

static void test_sample_is_valid(void **state)
{
    json_object *record = NULL;
    (void)state;
    assert_ok(record_parse(&record, sample_record, sizeof sample_record - 1, info));
    json_object_put(record);
    static const char least[] =
        "{\"type\":\"galen.record/1\",\"patient\":\"" PATIENT "\",\"issued\":"
        "\"2024-03-05T09:30:00Z\",\"hospital\":{\"name\":\"H\",\"address\":\"" HOSPITAL
        "\"},\"category\":\"X\"}";
    assert_ok(record_parse(&record, least, sizeof least - 1, info));
    json_object_put(record);
}

/* Each case sets one place of the sample to a JSON text (or removes it), and names the complaint.
 */
static void test_refused(void **state)
{
    static const struct {
        const char *parent, *key;
        const char *json; /* NULL: remove */
        const char *says;
    } cases[] = {
        {"", "type", NULL, "/type: missing"},
        {"", "type", "[\"galen.record/2\"]", "/type"},
        {"", "patient", "[\"0x12\"]", "/patient"},
        {"", "patient", "[5]", "/patient: not a string"},
        {"", "issued", "[\"2024-03-05\"]", "/issued"},
        {"", "issued", "[\"2024-03-05T09:30:00+01:00\"]", "/issued"},
        {"", "issued", "[\"2024-02-30T09:30:00Z\"]", "/issued"},
        {"", "hospital", "[{\"name\":\"a\"}]", "/hospital/address: missing"},
        {"", "hospital", "[{}]", "/hospital/name: missing"},
        {"", "category", "[\"\"]", "/category"},
        {"", "category", "[null]", "null"},
        {"", "doctor", "[\"Dr X\"]", "/doctor: no such member"},
        {"", "notes", "[\"\"]", "/notes"},
        {"", "medical_data", "[{}]", "/medical_data: empty"},
        {"", "demographics", "[{}]", "/demographics: empty"},
        {"/demographics", "age", "[44.5]", "/demographics/age"},
        {"/demographics", "age", "[\"44\"]", "/demographics/age"},
        {"/demographics", "age", "[151]", "/demographics/age"},
        {"/demographics", "age", "[-1]", "/demographics/age"},
        {"/demographics", "gender", "[\"f\"]", "/demographics/gender"},
        {"/demographics", "name", "[\"x\"]", "/demographics/name"},
        {"/demographics", "location", "[{}]", "/demographics/location: empty"},
        {"/demographics", "ethnicity", "[[]]", "/demographics/ethnicity: empty"},
        {"/medical_data", "diagnosis", "[[]]", "/medical_data/diagnosis: empty"},
        {"/medical_data", "diagnosis", "[[null]]", "/medical_data/diagnosis/0"},
        {"/medical_data", "diagnosis", "[[{}]]", "/medical_data/diagnosis/0: empty"},
        {"/medical_data", "diagnosis", "[{}]", "/medical_data/diagnosis: not an array"},
        {"/medical_data/diagnosis/0", "code", NULL, "a system without a code"},
        {"/medical_data/diagnosis/1", "display", NULL, "/medical_data/diagnosis/1: empty"},
        {"/medical_data/diagnosis/1", "date", "[\"2024-13\"]", "/medical_data/diagnosis/1/date"},
        {"/medical_data/diagnosis/1", "date", "[\"24\"]", "/medical_data/diagnosis/1/date"},
        {"/medical_data/diagnosis/1", "dosage", "[\"x\"]", "/medical_data/diagnosis/1/dosage"},
        {"/medical_data/diagnosis/1", "also", "[[{\"code\":\"1\"}]]", "without a first one"},
        {"/medical_data/diagnosis/0/also/0", "code", NULL, "/also/0/code: missing"},
        {"/medical_data/lab_results/0", "value", "[1.10]", "/lab_results/0/value: not a string"},
        {"/medical_data/lab_results/0", "value", "[\"1.\"]", "not a decimal"},
        {"/medical_data/lab_results/0", "value", "[\"01\"]", "not a decimal"},
        {"/medical_data/lab_results/0", "value", "[\"1e999\"]", "not a decimal"},
        {"/medical_data/lab_results/0", "value", "[\"1,5\"]", "not a decimal"},
        {"/medical_data/lab_results/0", "value", NULL, "a result without a value"},
        {"/medical_data/lab_results/0", "comparator", "[\"=\"]", "comparator"},
        {"/medical_data/lab_results/0", "unit_text", "[\"x\"]", "both unit and unit_text"},
        {"/medical_data/lab_results/0", "value_text", "[\"x\"]", "more than one value"},
        {"/medical_data/lab_results/1/components/0", "date", "[\"2024\"]", "/components/0/date"},
        {"/medical_data/lab_results/3", "unit", "[\"mg\"]", "unit or comparator without"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO record = parse_text(sample_record);
        json_object *parent = at(record, cases[i].parent);
        struct galen_errinfo e = {0};
        assert_non_null(parent);
        if (cases[i].json == NULL) {
            json_object_object_del(parent, cases[i].key);
        } else {
            RECORD_JSON_AUTO wrapped = parse_text(cases[i].json);
            json_object *copy = NULL;
            assert_ok(record_json_copy(&copy, json_object_array_get_idx(wrapped, 0), info));
            json_object_object_add(parent, cases[i].key, copy);
        }
        enum galen_err err = record_validate(record, &e);
        if (err != GALEN_ERR_PARSE || strstr(e.what, cases[i].says) == NULL)
            fail_msg("%s/%s: %s: %s", cases[i].parent, cases[i].key, galen_err_name(err), e.what);
    }
}

static void test_limits(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    json_object *list = at(record, "/medical_data/diagnosis");
    (void)state;
    while (json_object_array_length(list) < RECORD_MAX_LIST) {
        json_object *entry = json_object_new_object();
        json_object_object_add(entry, "display", json_object_new_string("x"));
        json_object_array_add(list, entry);
    }
    assert_ok(record_validate(record, info));
    json_object *entry = json_object_new_object();
    json_object_object_add(entry, "display", json_object_new_string("x"));
    json_object_array_add(list, entry);
    assert_int_equal(record_validate(record, NULL), GALEN_ERR_LIMIT);

    char *text = malloc(RECORD_MAX_NOTES_BYTES + 2);
    memset(text, 'n', RECORD_MAX_NOTES_BYTES + 1);
    text[RECORD_MAX_NOTES_BYTES + 1] = '\0';
    RECORD_JSON_AUTO other = parse_text(sample_record);
    json_object_object_add(other, "notes", json_object_new_string(text + 1));
    assert_ok(record_validate(other, info));
    json_object_object_add(other, "notes", json_object_new_string(text));
    assert_int_equal(record_validate(other, NULL), GALEN_ERR_PARSE);
    free(text);
}

static void test_categories(void **state)
{
    const char *const *names = record_categories();
    (void)state;
    for (size_t i = 0; names[i] != NULL; i++) {
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        assert_ptr_equal(record_find_category(names[i]), names[i]);
    }
    assert_string_equal(record_find_category("cARDIOLOGY"), "Cardiology");
    assert_null(record_find_category("Ward 7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_is_valid),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_categories),
    };
    return cmocka_run_group_tests_name("record/schema", tests, NULL, NULL);
}
