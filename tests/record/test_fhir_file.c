/* FHIR files: what is fatal, NDJSON, gzip, the report; and records out and in again. */
#include "fhir_test.h"

#include <zlib.h>

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
        cmocka_unit_test(test_fatal),  cmocka_unit_test(test_ndjson),
        cmocka_unit_test(test_gzip),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests_name("record/fhir-file", tests, NULL, NULL);
}
