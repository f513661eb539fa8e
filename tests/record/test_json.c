/* Strict parsing, canonical bytes (RFC 8785), and reading members. */
#include "record_test.h"

static void test_parse_accepts(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        " {\"a\":1}\n",
        "{\"a\":[1,2,{\"b\":null}]}",
        "[1.10,1e3,-0,-1.5E-7]",
        "[\"\\ud83d\\ude00\\u20ac\\/\\n\"]",
        "[9223372036854775807,-9223372036854775808]",
        "[\"\x7f\"]",
        "{\"\":0}",
        "[true,false,null]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        json_object_put(parse_text(good[i]));
}

static void test_parse_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "ends too early"},
        {"   ", "ends too early"},
        {"1", NULL},
        {"\"a\"", NULL},
        {"null", NULL},
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"a\":{\"b\":1,\"\\u0062\":2}}", "twice"},
        {"[\"\\u0000\"]", "U+0000"},
        {"{\"a\\u0000\":1}", NULL},
        {"[\"\\ud800\"]", NULL},
        {"[\"\\udc00\\ud800\"]", NULL},
        {"[\"\xff\"]", "UTF-8"},
        {"[\"\xc0\x80\"]", "UTF-8"},
        {"[\"\xed\xa0\x80\"]", "UTF-8"},
        {"[\"\xf4\x90\x80\x80\"]", "UTF-8"},
        {"\xef\xbb\xbf{}", NULL},
        {"{} {}", "after the end"},
        {"{}x", NULL},
        {"[1,]", NULL},
        {"{\"a\":1,}", NULL},
        {"[01]", NULL},
        {"[+1]", NULL},
        {"[.5]", NULL},
        {"[1.]", NULL},
        {"[0x10]", NULL},
        {"[NaN]", NULL},
        {"[Infinity]", NULL},
        {"[1e999]", "range"},
        {"[9223372036854775808]", NULL},
        {"[18446744073709551616]", NULL},
        {"['a']", NULL},
        {"{a:1}", NULL},
        {"[/* c */1]", NULL},
        {"[\"a\nb\"]", NULL},
        {"[\"\\x41\"]", NULL},
        {"[tRUE]", NULL},
        {"{\"a\"}", NULL},
        {"[1 2]", NULL},
        {"[", NULL},
        {"[\"a", NULL},
        {"{\"a\":", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_object *value = (json_object *)&value;
        struct galen_errinfo info = {0};
        enum galen_err err = record_json_parse(&value, bad[i].text, strlen(bad[i].text), 1000,
                                               &info);
        if (err != GALEN_ERR_PARSE)
            fail_msg("%s: %s", bad[i].text, galen_err_name(err));
        assert_ptr_equal(value, &value); /* untouched */
        if (bad[i].says != NULL && strstr(info.what, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].text, info.what);
    }
}

static void test_parse_limits(void **state)
{
    char nested[1000];
    json_object *value = NULL;
    (void)state;
    assert_int_equal(record_json_parse(&value, "[1]", 3, 2, NULL), GALEN_ERR_LIMIT);
    assert_int_equal(record_json_parse(&value, "{}\0", 3, 10, NULL), GALEN_ERR_PARSE);
    size_t many = 3 * RECORD_MAX_JSON_CONTAINERS + 2;
    char *text = malloc(many); /* [[],[],… with one bracket too many */
    memset(text, '[', many);
    for (size_t i = 0; i + 3 <= many - 2; i += 3)
        memcpy(text + 1 + i, "[],", 3);
    text[many - 2] = ' ';
    text[many - 1] = ']';
    assert_int_equal(record_json_parse(&value, text, many, many, NULL), GALEN_ERR_LIMIT);
    free(text);
    for (int depth = 1; depth <= 400; depth++) {
        memset(nested, '[', (size_t)depth);
        memset(nested + depth, ']', (size_t)depth);
        enum galen_err err = record_json_parse(&value, nested, 2 * (size_t)depth, 1000, NULL);
        assert_int_equal(err, depth <= RECORD_MAX_JSON_DEPTH ? GALEN_OK : GALEN_ERR_LIMIT);
        if (err == GALEN_OK) { /* what can be read can be hashed */
            BASE_BUF_AUTO jcs = {0};
            assert_ok(record_json_jcs(&jcs, value, info));
            json_object_put(value);
            value = NULL;
        }
    }
}

/* Each truncation of a record is refused. */
static void test_parse_truncated(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof sample_record - 1; len++) {
        json_object *value = NULL;
        assert_int_equal(record_json_parse(&value, sample_record, len, 1 << 20, NULL),
                         GALEN_ERR_PARSE);
    }
}

static void test_literals_kept(void **state)
{
    static const char *const literals[] = {"1.10",  "0.0",
                                           "1e3",   "1E+2",
                                           "-0.50", "168.80253764416227",
                                           "7",     "123456789012345678.1234567890123456789"};
    (void)state;
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        char text[80];
        snprintf(text, sizeof text, "[%s]", literals[i]);
        RECORD_JSON_AUTO value = parse_text(text);
        RECORD_JSON_AUTO copy = NULL;
        assert_string_equal(json_object_get_string(json_object_array_get_idx(value, 0)),
                            literals[i]);
        assert_ok(record_json_copy(&copy, value, info));
        assert_string_equal(json_object_get_string(json_object_array_get_idx(copy, 0)),
                            literals[i]);
    }
}

static void test_jcs(void **state)
{
    /* RFC 8785, sections 3.2.2 (strings, literals), 3.2.3 (sorting); Unicode 15 for the rest. */
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{ \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\", "
         "\"literals\": [null, true, false] }",
         "{\"literals\":[null,true,false],\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/"
         "\"}"},
        {"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet "
         "With Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":"
         "\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
         "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin "
         "Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":"
         "\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}"},
        {"{\"b\":{\"z\":1,\"a\":2},\"a\":[3,[],{}]}", "{\"a\":[3,[],{}],\"b\":{\"a\":2,\"z\":1}}"},
        {"[\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"]", "[\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"]"},
        {"[9007199254740991,-9007199254740991,0]", "[9007199254740991,-9007199254740991,0]"},
        {"{\"a\":1,\"\":2,\"aa\":3,\"B\":4}", "{\"\":2,\"B\":4,\"a\":1,\"aa\":3}"},
        /* two supplementary characters whose first units agree */
        {"{\"\\ud83d\\ude01\":1,\"\\ud83d\\ude00\":2}",
         "{\"\xf0\x9f\x98\x80\":2,\"\xf0\x9f\x98\x81\":1}"},
        /* no normalisation: e with acute, and e followed by the accent */
        {"[\"\\u00e9\",\"e\\u0301\"]", "[\"\xc3\xa9\",\"e\xcc\x81\"]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BASE_BUF_AUTO out = {0};
        RECORD_JSON_AUTO value = parse_text(cases[i].in);
        assert_ok(record_json_jcs(&out, value, info));
        assert_string_equal((const char *)out.data, cases[i].out);
        assert_int_equal(out.len, strlen(cases[i].out));
    }
}

static void test_jcs_refuses(void **state)
{
    static const char *const bad[] = {"[9007199254740992]",
                                      "[-9007199254740992]",
                                      "[9223372036854775807]",
                                      "[1.0]",
                                      "[1e2]",
                                      "[0.5]",
                                      "{\"a\":{\"b\":[-0.0]}}"};
    BASE_BUF_AUTO out = {0};
    (void)state;
    assert_int_equal(base_buf_append_text(&out, "kept"), GALEN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RECORD_JSON_AUTO value = parse_text(bad[i]);
        assert_int_equal(record_json_jcs(&out, value, NULL), GALEN_ERR_PARSE);
        assert_string_equal((const char *)out.data, "kept");
    }
    static const char *const texts[] = {"\xff", "\xed\xa0\x80", "\xc1\xbf", "\xf0\x80\x80\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) { /* values that were never parsed */
        RECORD_JSON_AUTO value = json_object_new_string(texts[i]);
        assert_int_equal(record_json_jcs(&out, value, NULL), GALEN_ERR_PARSE);
        RECORD_JSON_AUTO object = json_object_new_object();
        json_object_object_add(object, texts[i], NULL);
        assert_int_equal(record_json_jcs(&out, object, NULL), GALEN_ERR_PARSE);
    }
    RECORD_JSON_AUTO nul = json_object_new_string_len("a\0b", 3);
    assert_int_equal(record_json_jcs(&out, nul, NULL), GALEN_ERR_PARSE);
    RECORD_JSON_AUTO huge = json_object_new_uint64(UINT64_MAX);
    assert_int_equal(record_json_jcs(&out, huge, NULL), GALEN_ERR_PARSE);
}

static void test_read_members(void **state)
{
    RECORD_JSON_AUTO value = parse_text(
        "{\"t\":\"ab\",\"e\":\"\",\"i\":7,\"d\":1.5,\"b\":true,"
        "\"l\":[1],\"o\":{},\"n\":null,\"h\":\"0x00ff\",\"H\":\"0x00FF\","
        "\"a\":\"" PATIENT "\"}");
    struct galen_errinfo e = {0};
    const char *text = "preset";
    int64_t number = -1;
    bool flag = false;
    json_object *inner = NULL;
    uint8_t bytes[2] = {9, 9};
    (void)state;
    enum record_json_need must = RECORD_JSON_REQUIRED;
    enum record_json_need may = RECORD_JSON_OPTIONAL;

    assert_ok(record_json_get_text(&text, value, "absent", may, 9, "", info));
    assert_string_equal(text, "preset");
    assert_ok(record_json_get_text(&text, value, "t", must, 2, "", info));
    assert_string_equal(text, "ab");
    assert_int_equal(record_json_get_text(&text, value, "t", must, 1, "/x", &e), GALEN_ERR_PARSE);
    assert_non_null(strstr(e.what, "/x/t"));
    assert_int_equal(record_json_get_text(&text, value, "e", may, 9, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_text(&text, value, "n", may, 9, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_text(&text, value, "i", may, 9, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_text(&text, value, "zz", must, 9, "/q", &e), GALEN_ERR_PARSE);
    assert_string_equal(e.what, "/q/zz: missing");
    assert_int_equal(record_json_get_text(&text, NULL, "t", must, 9, "", &e), GALEN_ERR_PARSE);

    assert_ok(record_json_get_int(&number, value, "i", must, 7, 7, "", info));
    assert_int_equal(number, 7);
    assert_int_equal(record_json_get_int(&number, value, "i", must, 8, 9, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_int(&number, value, "i", must, 0, 6, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_int(&number, value, "d", must, 0, 9, "", &e), GALEN_ERR_PARSE);
    assert_ok(record_json_get_bool(&flag, value, "b", must, "", info));
    assert_true(flag);
    assert_int_equal(record_json_get_bool(&flag, value, "i", must, "", &e), GALEN_ERR_PARSE);
    assert_ok(record_json_get_array(&inner, value, "l", must, 1, 1, "", info));
    assert_int_equal(record_json_get_array(&inner, value, "l", must, 2, 3, "", &e),
                     GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_array(&inner, value, "l", must, 0, 0, "", &e),
                     GALEN_ERR_PARSE);
    assert_ok(record_json_get_object(&inner, value, "o", must, "", info));
    assert_int_equal(record_json_get_object(&inner, value, "l", must, "", &e), GALEN_ERR_PARSE);

    assert_ok(record_json_get_hex(bytes, 2, value, "h", must, "", info));
    assert_int_equal(bytes[0] * 256 + bytes[1], 255);
    assert_int_equal(record_json_get_hex(bytes, 2, value, "H", must, "", &e), GALEN_ERR_PARSE);
    assert_int_equal(record_json_get_hex(bytes, 1, value, "h", must, "", &e), GALEN_ERR_PARSE);
    assert_ok(record_json_get_address(&text, value, "a", must, "", info));
    assert_int_equal(record_json_get_address(&text, value, "h", must, "", &e), GALEN_ERR_PARSE);
}

static void test_check_keys(void **state)
{
    static const char *const required[] = {"a", "b", NULL};
    static const char *const optional[] = {"c", NULL};
    static const struct {
        const char *text;
        const char *says; /* NULL: fine */
    } cases[] = {
        {"{\"a\":1,\"b\":2}", NULL},
        {"{\"a\":1,\"b\":2,\"c\":null}", NULL},
        {"{\"a\":1}", "/w/b: missing"},
        {"{\"a\":1,\"b\":2,\"x\":3}", "/w/x: no such member"},
        {"{\"a\":1,\"b\":2,\"\\u001b[2J\":3}", "/w/?[2J: no such member"},
        {"[]", "/w: not a JSON object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO value = parse_text(cases[i].text);
        struct galen_errinfo info = {0};
        enum galen_err err = record_json_check_keys(value, required, optional, "/w", &info);
        assert_int_equal(err, cases[i].says == NULL ? GALEN_OK : GALEN_ERR_PARSE);
        if (cases[i].says != NULL)
            assert_non_null(strstr(info.what, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_accepts), cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_limits),  cmocka_unit_test(test_parse_truncated),
        cmocka_unit_test(test_literals_kept), cmocka_unit_test(test_jcs),
        cmocka_unit_test(test_jcs_refuses),   cmocka_unit_test(test_read_members),
        cmocka_unit_test(test_check_keys),
    };
    return cmocka_run_group_tests_name("record/json", tests, NULL, NULL);
}
