/* cohort: reproducible, well-formed, consistent, and grouped so that k-anonymity can hold. */
#include "cohort/cohort.h"
#include "cohort/draw.h"
#include "record/record.h"

#include <json-c/linkhash.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1780272000) /* 2026-06-01T00:00:00Z */

static const struct cohort demo = {.seed = 1, .count = 24, .now_s = NOW};

static json_object *make(const struct cohort *cohort, uint32_t index)
{
    json_object *bundle = NULL;
    assert_int_equal(cohort_make_bundle(&bundle, cohort, index, NULL), GALEN_OK);
    return bundle;
}

static json_object *get(json_object *object, const char *key)
{
    json_object *value = NULL;
    assert_true(json_object_object_get_ex(object, key, &value));
    return value;
}

static const char *get_text(json_object *object, const char *key)
{
    return json_object_get_string(get(object, key));
}

static json_object *resource_at(json_object *bundle, size_t i)
{
    return get(json_object_array_get_idx(get(bundle, "entry"), i), "resource");
}

static size_t resource_count(json_object *bundle)
{
    return json_object_array_length(get(bundle, "entry"));
}

static void test_generator(void **state)
{
    (void)state;
    /* xoshiro256**'s reference output from the state 1, 2, 3, 4. */
    static const uint64_t expected[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                        UINT64_C(1215971899390074240)};
    struct draw draw = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(draw_u64(&draw) == expected[i]);

    draw_init(&draw, 7, 7);
    int64_t sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        int value = draw_normal(&draw, 100, 10, 0, 1000);
        sum += value;
        squares += (value - 100) * (value - 100);
        assert_in_range(draw_below(&draw, 6), 0, 5);
        assert_in_range(draw_normal(&draw, 0, 100, -3, 4) + 3, 0, 7);
    }
    assert_in_range(sum / 200, 9950, 10050); /* the mean, in hundredths */
    assert_in_range(squares / 20000, 92, 108);

    struct draw a, b;
    draw_init(&a, 1, 2);
    draw_init(&b, 2, 1);
    assert_true(draw_u64(&a) != draw_u64(&b));
}

static void test_deterministic(void **state)
{
    (void)state;
    BASE_BUF_AUTO all = {0};
    for (uint32_t i = 0; i < demo.count; i++) {
        BASE_BUF_AUTO once = {0};
        assert_int_equal(cohort_write_bundle(&once, &demo, i, NULL), GALEN_OK);
        BASE_BUF_AUTO twice = {0};
        assert_int_equal(cohort_write_bundle(&twice, &demo, i, NULL), GALEN_OK);
        assert_int_equal(once.len, twice.len);
        assert_memory_equal(once.data, twice.data, once.len);
        assert_int_equal(base_buf_append(&all, once.data, once.len), GALEN_OK);
    }
    /* The very bytes, on every machine: whoever changes the people changes this too. */
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, all.data, all.len);
    char hex[2 * sizeof digest + 1];
    base_hex_encode(hex, digest, sizeof digest);
    assert_string_equal(hex, "48d672f69804546ae17c165ff3b2001a0a5ee45c9de36a8e4a1e9a6ad7c39e09");

    struct cohort other = demo;
    other.seed = 2;
    BASE_BUF_AUTO text = {0};
    assert_int_equal(cohort_write_bundle(&text, &other, 0, NULL), GALEN_OK);
    assert_int_not_equal(memcmp(text.data, all.data, text.len < all.len ? text.len : all.len), 0);
}

static void test_strict_json(void **state)
{
    (void)state;
    BASE_BUF_AUTO text = {0};
    assert_int_equal(cohort_write_bundle(&text, &demo, 3, NULL), GALEN_OK);
    RECORD_JSON_AUTO parsed = NULL;
    assert_int_equal(record_json_parse(&parsed, (const char *)text.data, text.len, 1 << 20, NULL),
                     GALEN_OK);
    assert_string_equal(get_text(parsed, "resourceType"), "Bundle");
    assert_string_equal(get_text(parsed, "type"), "transaction");
}

static bool has_url(json_object *bundle, const char *urn)
{
    for (size_t i = 0; i < resource_count(bundle); i++) {
        json_object *entry = json_object_array_get_idx(get(bundle, "entry"), i);
        if (strcmp(get_text(entry, "fullUrl"), urn) == 0)
            return true;
    }
    return false;
}

static void check_references(json_object *bundle, json_object *value, size_t *count)
{
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            check_references(bundle, json_object_array_get_idx(value, i), count);
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            if (strcmp(key, "reference") == 0) {
                assert_true(has_url(bundle, json_object_get_string(member)));
                (*count)++;
            }
            check_references(bundle, member, count);
        }
    }
}

static void test_references_and_tags(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < demo.count; i++) {
        RECORD_JSON_AUTO bundle = make(&demo, i);
        size_t references = 0;
        check_references(bundle, bundle, &references);
        assert_true(references >= resource_count(bundle) - 1); /* all but the Patient have some */
        for (size_t k = 0; k < resource_count(bundle); k++) {
            json_object *entry = json_object_array_get_idx(get(bundle, "entry"), k);
            json_object *resource = get(entry, "resource");
            assert_string_equal(get_text(entry, "fullUrl") + strlen("urn:uuid:"),
                                get_text(resource, "id"));
            assert_string_equal(get_text(get(entry, "request"), "url"),
                                get_text(resource, "resourceType"));
            json_object *tag = json_object_array_get_idx(get(get(resource, "meta"), "tag"), 0);
            assert_string_equal(get_text(tag, "code"), "HTEST");
        }
        json_object *name = json_object_array_get_idx(get(resource_at(bundle, 0), "name"), 0);
        assert_string_equal(get_text(name, "family"), "Synthetic");
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void test_ids_are_unique(void **state)
{
    (void)state;
    static const char *ids[200 * 64];
    static json_object *bundles[200];
    const struct cohort cohort = {.seed = 5, .count = 200, .now_s = NOW};
    size_t count = 0;
    for (uint32_t i = 0; i < cohort.count; i++) {
        bundles[i] = make(&cohort, i);
        for (size_t k = 0; k < resource_count(bundles[i]); k++) {
            ids[count] = get_text(resource_at(bundles[i], k), "id");
            assert_int_equal(strlen(ids[count]), 36);
            assert_int_equal(ids[count][14], '4');
            assert_non_null(strchr("89ab", ids[count][19]));
            count++;
        }
    }
    qsort(ids, count, sizeof *ids, compare_texts);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
    for (uint32_t i = 0; i < cohort.count; i++)
        json_object_put(bundles[i]);
}

static void test_counts_and_dates(void **state)
{
    (void)state;
    static const int64_t times[] = {
        INT64_C(946684800),  /* 2000-01-01 */
        INT64_C(1772236800), /* 2026-02-28: the visits lie in the year before */
        INT64_C(1772409600), /* 2026-03-02: in this one */
        INT64_C(1798761599), /* 2026-12-31T23:59:59Z */
        INT64_C(1835395200), /* 2028-02-29 */
        INT64_C(7258118399), /* 2199-12-31T23:59:59Z */
    };
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
        const struct cohort cohort = {.seed = t, .count = 40, .now_s = times[t]};
        char year[5] = "";
        for (uint32_t i = 0; i < cohort.count; i++) {
            RECORD_JSON_AUTO bundle = make(&cohort, i);
            size_t visits = 0, cardiology = 0;
            for (size_t k = 0; k < resource_count(bundle); k++) {
                json_object *resource = resource_at(bundle, k);
                if (strcmp(get_text(resource, "resourceType"), "Encounter") != 0)
                    continue;
                visits++;
                int64_t start_s, end_s;
                json_object *period = get(resource, "period");
                assert_int_equal(base_time_parse(&start_s, get_text(period, "start"), NULL),
                                 GALEN_OK);
                assert_int_equal(base_time_parse(&end_s, get_text(period, "end"), NULL), GALEN_OK);
                assert_true(start_s < end_s && end_s <= times[t]);
                if (strcmp(get_text(get(resource, "serviceType"), "text"), "Cardiology") != 0)
                    continue;
                cardiology++;
                assert_true(start_s >= times[t] - 366 * INT64_C(86400));
                if (year[0] == '\0')
                    memcpy(year, get_text(period, "start"), 4);
                assert_memory_equal(year, get_text(period, "start"), 4);
            }
            assert_in_range(visits, 1, 3);
            assert_int_equal(cardiology, 1);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        struct cohort cohort;
        uint32_t index;
        enum galen_err expected;
    } cases[] = {
        {{1, 1, NOW}, 0, GALEN_OK},
        {{UINT64_MAX, COHORT_MAX_PATIENTS, NOW}, COHORT_MAX_PATIENTS - 1, GALEN_OK},
        {{1, 0, NOW}, 0, GALEN_ERR_USAGE},
        {{1, COHORT_MAX_PATIENTS + 1, NOW}, 0, GALEN_ERR_USAGE},
        {{1, 5, NOW}, 5, GALEN_ERR_USAGE},
        {{1, 5, 946684799}, 0, GALEN_ERR_USAGE},
        {{1, 5, INT64_C(7258118400)}, 0, GALEN_ERR_USAGE},
        {{1, 5, INT64_MIN}, 0, GALEN_ERR_USAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_object *bundle = NULL;
        struct galen_errinfo info = {0};
        assert_int_equal(cohort_make_bundle(&bundle, &cases[i].cohort, cases[i].index, &info),
                         cases[i].expected);
        assert_int_equal(bundle != NULL, cases[i].expected == GALEN_OK);
        json_object_put(bundle);
    }
    BASE_BUF_AUTO text = {0};
    assert_int_equal(base_buf_append_text(&text, "kept"), GALEN_OK);
    assert_int_equal(cohort_write_bundle(&text, &demo, demo.count, NULL), GALEN_ERR_USAGE);
    assert_string_equal((const char *)text.data, "kept");
}

/* What anyone could know of a patient beforehand. */
static void describe(char out[256], json_object *bundle)
{
    json_object *patient = resource_at(bundle, 0);
    json_object *extensions = get(patient, "extension");
    json_object *address = json_object_array_get_idx(get(patient, "address"), 0);
    int visit_year = 0, visit_month = 0, visit_day = 0, year, month, day;
    for (size_t k = 0; k < resource_count(bundle); k++) {
        json_object *resource = resource_at(bundle, k);
        if (strcmp(get_text(resource, "resourceType"), "Encounter") == 0)
            assert_int_equal(sscanf(get_text(get(resource, "period"), "start"), "%d-%d-%d",
                                    &visit_year, &visit_month, &visit_day),
                             3);
    }
    assert_int_equal(sscanf(get_text(patient, "birthDate"), "%d-%d-%d", &year, &month, &day), 3);
    bool birthday_to_come = visit_month < month || (visit_month == month && visit_day < day);
    int age = visit_year - year - (birthday_to_come ? 1 : 0);
    assert_in_range(age, 45, 79);
    snprintf(out, 256, "%d %s %s %s %s", age / 5, get_text(patient, "gender"),
             get_text(address, "state"),
             json_object_to_json_string(json_object_array_get_idx(extensions, 0)),
             json_object_to_json_string(json_object_array_get_idx(extensions, 1)));
}

static void test_classes_are_large_enough(void **state)
{
    (void)state;
    static char texts[200][256];
    static const uint32_t counts[] = {6, 20, 24, 25, 29, 100, 200};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            const struct cohort cohort = {.seed = seed, .count = counts[c], .now_s = NOW};
            for (uint32_t i = 0; i < cohort.count; i++) {
                RECORD_JSON_AUTO bundle = make(&cohort, i);
                describe(texts[i], bundle);
            }
            for (uint32_t i = 0; i < cohort.count; i++) {
                uint32_t alike = 0;
                for (uint32_t k = 0; k < cohort.count; k++)
                    alike += strcmp(texts[i], texts[k]) == 0;
                assert_true(alike >= COHORT_CLASS_PATIENTS);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator),      cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_strict_json),    cmocka_unit_test(test_references_and_tags),
        cmocka_unit_test(test_ids_are_unique), cmocka_unit_test(test_counts_and_dates),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_classes_are_large_enough),
    };
    return cmocka_run_group_tests_name("cohort", tests, NULL, NULL);
}
