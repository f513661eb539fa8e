/*
 * De-identification: the rules are the schemas', every one of them; a report tells the truth; and
 * over made-up cohorts and the Synthea bundles beside the checkout (skipped where there are none)
 * nothing that names a person comes into a release.
 */
#include "../record/record_test.h"

#include "cohort/cohort.h"
#include "record/fhir.h"
#include "record/safeharbor.h"
#include "record/shape.h"

#include <dirent.h>
#include <zlib.h>

static const struct record_fhir_options options = {
    .patient_address = PATIENT, .hospital_name = "Saint Canary's", .hospital_address = HOSPITAL};

/* ---- the rules and the schemas ------------------------------------------------------------------- */

typedef void each_leaf(const char *path);

/* Every leaf that the shape has, list elements as "*". */
static void walk_shape(const struct record_shape *shape, const char *at, each_leaf *each)
{
    for (const struct record_member *m = shape->members; m->kind != RECORD_KIND_NONE; m++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s%s", at, m->key, m->kind == RECORD_KIND_LIST ? "/*" : "");
        if (m->shape != NULL)
            walk_shape(m->shape, path, each);
        else
            each(path);
    }
}

static bool wanted_found;
static const char *wanted_pattern;
static void find_leaf(const char *path)
{
    wanted_found = wanted_found || record_path_fits(wanted_pattern, path);
}

/* Does the release's shape have a leaf that fits the pattern? */
static bool in_release(const char *pattern)
{
    wanted_found = false;
    wanted_pattern = pattern;
    walk_shape(&record_release_shape, "", find_leaf);
    return wanted_found;
}

static void one_rule(const char *path)
{
    size_t n = 0;
    size_t count = 0;
    const struct record_field_rule *rules = record_field_rules(&n);
    for (size_t i = 0; i < n; i++)
        count += record_path_fits(rules[i].path, path);
    if (count != 1)
        fail_msg("%s has %zu rules", path, count);
    const struct record_field_rule *rule = record_field_rule_of(path);
    if (in_release(rule->action == RECORD_DROP ? path : rule->to) !=
            (rule->action != RECORD_DROP) ||
        (rule->or_to != NULL && !in_release(rule->or_to)))
        fail_msg("%s: the rule and the release's shape differ", path);
}

static void has_source(const char *path)
{
    size_t n = 0;
    const struct record_field_rule *rules = record_field_rules(&n);
    if (record_path_fits("/count/*", path) || record_path_fits("/leaves/*", path))
        return;
    for (size_t i = 0; i < n; i++)
        if (rules[i].action != RECORD_DROP &&
            (record_path_fits(rules[i].to, path) ||
             (rules[i].or_to != NULL && record_path_fits(rules[i].or_to, path))))
            return;
    fail_msg("%s of a release comes from no field", path);
}

static void test_rules_are_the_schemas(void **state)
{
    size_t n = 0;
    const struct record_field_rule *rules = record_field_rules(&n);
    (void)state;
    walk_shape(&record_shape_whole, "", one_rule);
    walk_shape(&record_release_shape, "", has_source);
    for (size_t i = 0; i < n; i++) {
        wanted_found = false;
        wanted_pattern = rules[i].path;
        walk_shape(&record_shape_whole, "", find_leaf);
        if (!wanted_found)
            fail_msg("%s is no field of a record", rules[i].path);
        /* what only sometimes passes says why it did not */
        assert_true(rules[i].reason[0] != '\0');
    }
    RECORD_JSON_AUTO file = NULL;
    assert_ok(record_release_rules(&file, info));
    assert_string_equal(text_at(file, "/type"), "galen.safe-harbor/1");
    assert_int_equal(json_object_array_length(at(file, "/fields")), n);
}

/* ---- the report ---------------------------------------------------------------------------------- */

static json_object *row_of(json_object *report, const char *path)
{
    for (size_t i = 0; i < json_object_array_length(report); i++) {
        json_object *row = json_object_array_get_idx(report, i);
        if (strcmp(text_at(row, "/path"), path) == 0)
            return row;
    }
    fail_msg("no row for %s", path);
    return NULL;
}

static void test_report(void **state)
{
    static const struct {
        const char *path, *action, *to, *rule;
    } cases[] = {
        {"/patient", "dropped", "(none)", "identifier"},
        {"/issued", "generalised", "/year", "year"},
        {"/category", "generalised", "/category", "category"},
        {"/notes", "dropped", "(none)", "text"},
        {"/demographics/age", "generalised", "/demographics/age", "age"},
        {"/demographics/gender", "kept", "/demographics/gender", "gender"},
        {"/demographics/location/postal_code", "dropped", "(none)", "place"},
        {"/demographics/location/state", "generalised", "/demographics/location/state", "state"},
        {"/medical_data/diagnosis/0/code", "kept", "/medical_data/diagnosis/0/code", "code"},
        {"/medical_data/diagnosis/0/date", "dropped", "(none)", "date"},
        {"/medical_data/diagnosis/1/display", "dropped", "(none)", "text"},
        {"/medical_data/medications/1/code", "dropped", "(none)", "code"},
        {"/medical_data/lab_results/0/value", "kept", "/medical_data/lab_results/0/value",
         "number"},
        {"/medical_data/lab_results/1/components/1/value", "dropped", "(none)", "number"},
        {"/medical_data/lab_results/1/components/1/unit_text", "dropped", "(none)", "text"},
    };
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO report = NULL;
    (void)state;
    /* a local code in front of a public one: the public one takes its place */
    json_object_object_add(at(record, "/medical_data"), "diagnosis",
                           parse_text("[{\"display\":\"x\"},{\"system\":\"http://h/1\",\"code\":"
                                      "\"X1\",\"display\":\"y\",\"also\":[{\"system\":"
                                      "\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"E11\"}]}]"));
    assert_ok(record_release_report(&content, &report, record, info));
    assert_string_equal(text_at(row_of(report, "/medical_data/diagnosis/1/code"), "/action"),
                        "dropped");
    json_object *promoted = row_of(report, "/medical_data/diagnosis/1/also/0/code");
    assert_string_equal(text_at(promoted, "/to"), "/medical_data/diagnosis/0/code");
    assert_string_equal(text_at(promoted, "/result"), "E11");
    json_object_put(record);
    json_object_put(content);
    json_object_put(report);
    content = report = NULL;

    record = parse_text(sample_record);
    assert_ok(record_release_report(&content, &report, record, info));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_object *row = row_of(report, cases[i].path);
        assert_string_equal(text_at(row, "/action"), cases[i].action);
        assert_string_equal(text_at(row, "/to"), cases[i].to);
        assert_string_equal(text_at(row, "/rule"), cases[i].rule);
        assert_true(strlen(text_at(row, "/reason")) > 8);
        if (strcmp(cases[i].to, "(none)") != 0)
            assert_true(json_object_equal(at(row, "/result"), at(content, cases[i].to)));
    }
    /* the marks are gone: the content can be copied */
    RECORD_JSON_AUTO copy = NULL;
    assert_ok(record_json_copy(&copy, content, info));
    assert_true(json_object_equal(copy, content));
}

/* A release that the code would make against the rules is not made. */
static void test_rules_are_enforced(void **state)
{
    static const struct {
        const char *from, *to;           /* member of the record, member of the release */
    } cases[] = {{"notes", "notes"},     /* dropped */
                 {"issued", "issued"},   /* only to /year */
                 {"issued", "category"}, /* somewhere else */
                 {NULL, "year"}};        /* from nowhere */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO copy = parse_text(sample_record);
        RECORD_JSON_AUTO content = json_object_new_object();
        RECORD_ORIGINS_AUTO origins = NULL;
        assert_ok(record_origins_begin(&origins, copy, info));
        json_object *source = cases[i].from == NULL ? NULL
                                                    : json_object_object_get(copy, cases[i].from);
        assert_ok(record_set_from(content, cases[i].to, json_object_new_string("x"), source, info));
        assert_int_equal(record_origins_end(origins, content, NULL, NULL), GALEN_ERR_INTERNAL);
    }
}

/* ---- every record: complete, true, and blind to what must not pass --------------------------------- */

struct found {
    size_t records, dropped, kept, searched;
};

/* The value with every field that is dropped replaced by something else of its form. */
static void replace_dropped(json_object *record, json_object *report)
{
    for (size_t i = 0; i < json_object_array_length(report); i++) {
        json_object *row = json_object_array_get_idx(report, i);
        const char *path = text_at(row, "/path");
        if (record_field_rule_of(path)->action != RECORD_DROP || strcmp(path, "/type") == 0)
            continue;
        char parent[RECORD_MAX_PATH_BYTES + 1];
        snprintf(parent, sizeof parent, "%s", path);
        char *key = strrchr(parent, '/');
        *key++ = '\0';
        const char *other = strcmp(key, "patient") == 0 || strcmp(key, "address") == 0
                                ? "0x00000000000000000000000000000000000000c3"
                            : strcmp(key, "date") == 0 || strcmp(key, "end") == 0 ? "1901-02-03"
                            : strcmp(key, "postal_code") == 0                     ? "Zyx"
                                                                                  : "Zyx Canary";
        json_object_object_add(parent[0] == '\0' ? record : at(record, parent), key,
                               json_object_new_string(other));
    }
}

/* Leaves of the release have their rows, with their values, and no others have one. */
static void check_report(json_object *content, json_object *report, struct found *found)
{
    size_t passed = 0;
    for (size_t i = 0; i < json_object_array_length(report); i++) {
        json_object *row = json_object_array_get_idx(report, i);
        if (strcmp(text_at(row, "/action"), "dropped") == 0) {
            assert_null(at(row, "/to"));
            assert_null(at(row, "/result"));
            found->dropped++;
            continue;
        }
        assert_true(json_object_equal(at(row, "/result"), at(content, text_at(row, "/to"))));
        passed++;
    }
    assert_int_equal(passed + 8, record_count_leaves(content));
    found->kept += passed;
}

static void check_record(json_object *record, struct found *found)
{
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO report = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO other = NULL;
    assert_ok(record_release_report(&content, &report, record, info));
    assert_int_equal(json_object_array_length(report), record_count_leaves(record));
    check_report(content, report, found);
    assert_ok(record_json_copy(&other, record, info));
    replace_dropped(other, report);
    assert_false(json_object_equal(other, record));
    assert_ok(record_release_content(&again, other, info));
    if (!json_object_equal(again, content))
        fail_msg("what is dropped changes the release: %s", json_object_to_json_string(content));
    found->records++;
}

/* ---- the texts of a bundle that name someone --------------------------------------------------------- */

struct texts {
    char *list[100000];
    size_t n;
};
static struct texts names;

static bool is_named(const char *key, const char *text)
{
    static const char *const identifying[] = {"family",
                                              "given",
                                              "line",
                                              "city",
                                              "postalCode",
                                              "value",
                                              "birthDate",
                                              "id",
                                              "text",
                                              "display",
                                              "fullUrl",
                                              "reference",
                                              "start",
                                              "end",
                                              "recorded",
                                              "issued",
                                              "div",
                                              "prefix",
                                              "authoredOn",
                                              "onsetDateTime",
                                              "effectiveDateTime",
                                              "period",
                                              "name",
                                              "deceasedDateTime",
                                              "abatementDateTime",
                                              "recordedDate",
                                              "performedDateTime"};
    if (strlen(text) < 4)
        return false;
    for (size_t i = 0; i < sizeof identifying / sizeof *identifying; i++)
        if (strcmp(key, identifying[i]) == 0)
            return true;
    return false;
}

static void collect(json_object *value, const char *key)
{
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            collect(member, name);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            collect(json_object_array_get_idx(value, i), key);
    } else if (json_object_is_type(value, json_type_string) &&
               is_named(key, json_object_get_string(value)) &&
               names.n < sizeof names.list / sizeof *names.list) {
        names.list[names.n++] = strdup(json_object_get_string(value));
    }
}

static void forget_texts(void)
{
    while (names.n > 0)
        free(names.list[--names.n]);
}

/* No leaf of the release holds a text of the bundle that names someone. A run of digits alone (a
 * postal code) may by chance stand within a longer code: there the whole leaf counts. */
static void search(json_object *value, struct found *found)
{
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            if (strcmp(name, "category") != 0) /* one of a list of names */
                search(member, found);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            search(json_object_array_get_idx(value, i), found);
    } else if (json_object_is_type(value, json_type_string)) {
        const char *leaf = json_object_get_string(value);
        for (size_t i = 0; i < names.n; i++) {
            const char *name = names.list[i];
            const bool digits = name[strspn(name, "0123456789")] == '\0';
            if (digits ? strcmp(leaf, name) == 0 : strstr(leaf, name) != NULL)
                fail_msg("\"%s\" in a release: %s", name, leaf);
            found->searched++;
        }
    }
}

static void check_bundle(json_object *bundle, const void *data, size_t len, struct found *found)
{
    RECORD_FHIR_RESULT_AUTO result = {0};
    struct galen_errinfo error = {0};
    if (record_fhir_import(&result, data, len, &options, &error) != GALEN_OK) {
        assert_non_null(strstr(error.what, "no Patient"));
        return;
    }
    collect(bundle, "");
    names.list[names.n++] = strdup(options.hospital_name);
    names.list[names.n++] = strdup(&PATIENT[2]);
    for (size_t i = 0; i < result.item_count; i++) {
        RECORD_JSON_AUTO content = NULL;
        check_record(result.items[i].record, found);
        assert_ok(record_release_content(&content, result.items[i].record, info));
        search(content, found);
    }
    forget_texts();
}

static void test_cohort(void **state)
{
    const struct cohort cohort = {.seed = 11, .count = 60, .now_s = INT64_C(1780272000)};
    struct found found = {0};
    (void)state;
    for (uint32_t i = 0; i < cohort.count; i++) {
        RECORD_JSON_AUTO bundle = NULL;
        BASE_BUF_AUTO text = {0};
        assert_ok(cohort_make_bundle(&bundle, &cohort, i, info));
        assert_ok(cohort_write_bundle(&text, &cohort, i, info));
        check_bundle(bundle, text.data, text.len, &found);
    }
    print_message("# %zu records, %zu fields dropped, %zu passed, %zu comparisons\n", found.records,
                  found.dropped, found.kept, found.searched);
    assert_true(found.records > cohort.count && found.kept > 1000 && found.searched > 10000);
}

static void read_packed(struct base_buf *out, const char *path)
{
    char part[65536];
    gzFile file = gzopen(path, "rb");
    assert_non_null(file);
    for (int n; (n = gzread(file, part, sizeof part)) > 0;)
        assert_int_equal(base_buf_append(out, part, (size_t)n), GALEN_OK);
    assert_int_equal(gzclose(file), Z_OK);
}

static void test_synthea(void **state)
{
    const char *root = getenv("GALEN_SOURCE_ROOT");
    char path[4096];
    struct found found = {0};
    size_t files = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/../shared/data/fhir-r4", root != NULL ? root : ".");
    DIR *dir = opendir(path);
    if (dir == NULL) {
        print_message("# no %s\n", path);
        skip();
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        /* every third: what is searched for grows with the square of a bundle */
        if (dot == NULL || strcmp(dot, ".gz") != 0 || files++ % 3 != 0)
            continue;
        char file[4400];
        BASE_BUF_AUTO text = {0};
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        read_packed(&text, file);
        RECORD_JSON_AUTO bundle = NULL;
        assert_ok(record_json_parse(&bundle, (const char *)text.data, text.len,
                                    RECORD_FHIR_MAX_BYTES, info));
        check_bundle(bundle, text.data, text.len, &found);
    }
    closedir(dir);
    print_message("# %zu records, %zu fields dropped, %zu passed, %zu comparisons\n", found.records,
                  found.dropped, found.kept, found.searched);
    assert_true(found.records > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_the_schemas),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_rules_are_enforced),
        cmocka_unit_test(test_cohort),
        cmocka_unit_test(test_synthea),
    };
    return cmocka_run_group_tests_name("deidentify", tests, NULL, NULL);
}
