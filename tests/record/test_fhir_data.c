/*
 * The importer over whole folders of synthetic patients: Synthea bundles beside the checkout
 * (skipped when they are not there) and the fixtures that come with npm's cql-exec-fhir. Every
 * record that comes out must be valid, hash, give a release, and survive export and import.
 */
#include "record_test.h"

#include <dirent.h>

struct totals {
    size_t files, failed, records, leaves, entries, releases;
};

static const struct record_fhir_options options = {
    .patient_address = PATIENT, .hospital_name = "Test hospital", .hospital_address = HOSPITAL};

static void check_round_trip(json_object *record, const char *encounter)
{
    RECORD_JSON_AUTO bundle = NULL;
    RECORD_FHIR_RESULT_AUTO again = {0};
    assert_ok(record_fhir_export(&bundle, record, info));
    const char *text = json_object_to_json_string_ext(bundle, JSON_C_TO_STRING_NOSLASHESCAPE);
    assert_ok(record_fhir_import(&again, text, strlen(text), &options, info));
    assert_int_equal(again.item_count, 1);
    assert_int_equal(again.skip_count, 0);
    if (!json_object_equal(record, again.items[0].record))
        fail_msg("encounter %s differs after export and import:\n%s\n%s", encounter,
                 json_object_to_json_string(record),
                 json_object_to_json_string(again.items[0].record));
}

static void check_item(struct totals *totals, const struct record_fhir_item *item)
{
    uint8_t seed[RECORD_SEED_BYTES] = {7};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_TREE_AUTO release_tree = NULL;
    RECORD_JSON_AUTO content = NULL;
    assert_ok(record_validate(item->record, info));
    assert_ok(record_tree_new(&tree, item->record, seed, info));
    assert_int_equal(record_tree_leaf_count(tree), item->leaf_count);
    assert_ok(record_release_content(&content, item->record, info));
    assert_ok(record_tree_new_padded(&release_tree, content, seed, info));
    check_round_trip(item->record, item->encounter);
    totals->leaves += item->leaf_count;
    static const char *const lists[] = {"diagnosis", "treatment", "medications", "lab_results"};
    for (int i = 0; i < 4; i++) {
        char pointer[40];
        snprintf(pointer, sizeof pointer, "/medical_data/%s", lists[i]);
        json_object *list = at(item->record, pointer);
        totals->entries += list == NULL ? 0 : json_object_array_length(list);
    }
    totals->records++;
    totals->releases++;
}

static void import_file(struct totals *totals, const char *path, bool per_patient)
{
    BASE_BUF_AUTO data = {0};
    RECORD_FHIR_RESULT_AUTO result = {0};
    struct record_fhir_options how = options;
    struct galen_errinfo error = {0};
    how.per_patient = per_patient;
    assert_ok(base_file_read(&data, path, RECORD_FHIR_MAX_BYTES, info));
    totals->files++;
    if (record_fhir_import(&result, data.data, data.len, &how, &error) != GALEN_OK) {
        assert_int_equal(error.code, GALEN_ERR_PARSE);
        assert_non_null(strstr(error.what, "no Patient"));
        assert_true(error.hint[0] != '\0');
        totals->failed++;
        return;
    }
    for (size_t i = 0; i < result.item_count; i++) {
        if (per_patient)
            assert_ok(record_validate(result.items[i].record, info));
        else
            check_item(totals, &result.items[i]);
    }
    if (per_patient)
        assert_int_equal(result.item_count, 1);
    RECORD_JSON_AUTO report = NULL;
    assert_ok(record_fhir_report(&report, path, &result, NULL, info));
    assert_int_equal(json_object_array_length(at(report, "/records")), result.item_count);
    if (getenv("GALEN_TEST_VERBOSE") != NULL)
        print_message("%s\n", json_object_to_json_string_ext(report, JSON_C_TO_STRING_PRETTY));
}

/* Every nth file; GALEN_TEST_ALL takes all of a large folder. */
static struct totals import_folder(const char *folder, const char *ending, size_t nth)
{
    struct totals totals = {0};
    size_t seen = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return totals;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        size_t len = strlen(entry->d_name);
        if (len < strlen(ending) || strcmp(entry->d_name + len - strlen(ending), ending) != 0)
            continue;
        if (seen++ % nth != 0 && getenv("GALEN_TEST_ALL") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        import_file(&totals, path, false);
        import_file(&totals, path, true);
    }
    closedir(dir);
    totals.files /= 2;
    totals.failed /= 2;
    print_message("# %s: %zu files, %zu without a Patient, %zu records, %zu leaves, %zu entries\n",
                  folder, totals.files, totals.failed, totals.records, totals.leaves,
                  totals.entries);
    return totals;
}

static void test_synthea_folder(void **state)
{
    char folder[1024];
    (void)state;
    snprintf(folder, sizeof folder, "%s/../shared/data/fhir-r4", getenv("GALEN_SOURCE_ROOT"));
    struct totals totals = import_folder(folder, ".json.gz", 5);
    if (totals.files == 0)
        skip();
    assert_true(totals.failed < totals.files / 10);
    assert_true(totals.records > totals.files);
    assert_true(totals.entries > totals.records);
}

static void test_npm_fixtures(void **state)
{
    char folder[1024];
    (void)state;
    snprintf(folder, sizeof folder, "%s/node_modules/cql-exec-fhir/test/fixtures/r4",
             getenv("GALEN_SOURCE_ROOT"));
    struct totals totals = import_folder(folder, ".json", 1);
    if (totals.files == 0)
        skip();
    assert_int_equal(totals.files, 3);
    assert_int_equal(totals.failed, 1); /* a Condition alone */
    assert_int_equal(totals.records, 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_npm_fixtures),
        cmocka_unit_test(test_synthea_folder),
    };
    if (base_init(NULL) != GALEN_OK)
        return 1;
    return cmocka_run_group_tests_name("record/fhir-data", tests, NULL, NULL);
}
