/* cohort through record's FHIR import: nothing is skipped, every cardiology visit can be sold. */
#include "cohort/cohort.h"
#include "record/record.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1780272000) /* 2026-06-01T00:00:00Z */

static const struct record_fhir_options options = {
    .patient_address = "0x00000000000000000000000000000000000000A1",
    .hospital_name = "Test hospital",
    .hospital_address = "0x00000000000000000000000000000000000000B2",
};

/* What the buyer of the demo asks for: everything of cardiology within a year. */
static const struct record_template wanted = {
    .category = "Cardiology",
    .age = true,
    .gender = true,
    .location = true,
    .ethnicity = true,
    .diagnosis = true,
    .treatment = true,
    .medications = true,
    .lab_results = true,
    .years = 1,
    .min_records = 20,
    .price_wei = "1",
};

static void import(struct record_fhir_result *result, const struct cohort *cohort, uint32_t index)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO text = {0};
    assert_int_equal(cohort_write_bundle(&text, cohort, index, &info), GALEN_OK);
    if (record_fhir_import(result, text.data, text.len, &options, &info) != GALEN_OK)
        fail_msg("patient %u: %s", index, info.what);
}

static void test_nothing_is_skipped(void **state)
{
    (void)state;
    const struct cohort cohort = {.seed = 9, .count = 60, .now_s = NOW};
    for (uint32_t i = 0; i < cohort.count; i++) {
        RECORD_FHIR_RESULT_AUTO result = {0};
        import(&result, &cohort, i);
        for (size_t k = 0; k < result.skip_count; k++)
            fail_msg("patient %u: %s skipped: %s", i, result.skips[k].resource_type,
                     result.skips[k].reason);
        assert_in_range(result.item_count, 1, 3);
        for (size_t k = 0; k < result.item_count; k++) {
            assert_int_equal(record_validate(result.items[k].record, NULL), GALEN_OK);
            const char *category;
            assert_int_equal(record_json_get_text(&category, result.items[k].record, "category",
                                                  RECORD_JSON_REQUIRED, 64, "", NULL),
                             GALEN_OK);
            bool last = k + 1 == result.item_count;
            assert_string_equal(category, last ? "Cardiology" : "General practice");
        }
    }
}

/* Of 24 patients all 24 fit the template, each with at least COHORT_CLASS_PATIENTS - 1 others of
 * the same year and demographics. */
static void test_a_purchase_finds_its_records(void **state)
{
    (void)state;
    static const int64_t times[] = {NOW, INT64_C(1769904000) /* 2026-02-01 */};
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
        const struct cohort cohort = {.seed = 1, .count = 24, .now_s = times[t]};
        char *known[24] = {0};
        for (uint32_t i = 0; i < cohort.count; i++) {
            RECORD_FHIR_RESULT_AUTO result = {0};
            import(&result, &cohort, i);
            RECORD_JSON_AUTO content = NULL;
            struct galen_errinfo info = {0};
            json_object *record = result.items[result.item_count - 1].record;
            assert_int_equal(record_release_content(&content, record, &info), GALEN_OK);
            bool matches = false;
            assert_int_equal(record_template_matches(&matches, &wanted, content, 2026, &info),
                             GALEN_OK);
            if (!matches)
                fail_msg("patient %u: %s", i, info.what);
            json_object *year, *demographics;
            assert_true(json_object_object_get_ex(content, "year", &year));
            assert_true(json_object_object_get_ex(content, "demographics", &demographics));
            BASE_BUF_AUTO text = {0};
            assert_int_equal(base_buf_printf(&text, "%s %s", json_object_to_json_string(year),
                                             json_object_to_json_string(demographics)),
                             GALEN_OK);
            known[i] = strdup((const char *)text.data);
            assert_non_null(known[i]);
        }
        for (uint32_t i = 0; i < cohort.count; i++) {
            uint32_t alike = 0;
            for (uint32_t k = 0; k < cohort.count; k++)
                alike += strcmp(known[i], known[k]) == 0;
            assert_true(alike >= COHORT_CLASS_PATIENTS);
        }
        for (uint32_t i = 0; i < cohort.count; i++)
            free(known[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_skipped),
        cmocka_unit_test(test_a_purchase_finds_its_records),
    };
    return cmocka_run_group_tests_name("cohort import", tests, NULL, NULL);
}
