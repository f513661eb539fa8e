/* The log: levels, both forms, and texts that would like to be more than text. */
#include "test.h"

#include <json-c/json.h>
#include <pthread.h>

/* What fn writes to stderr; freed by the caller's BASE_BUF_AUTO. */
static void capture(struct base_buf *out, void (*fn)(void))
{
    char path[] = "/tmp/galen-test-log-XXXXXX";
    int fd = mkstemp(path);
    int kept = dup(STDERR_FILENO);
    assert_true(fd >= 0 && kept >= 0);
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    fn();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(fd);
    assert_int_equal(base_file_read(out, path, 1 << 20, NULL), GALEN_OK);
    unlink(path);
}

/* The line without its time, which is checked. */
static const char *after_time(const struct base_buf *text, const char *before)
{
    const char *line = (const char *)text->data;
    char time[BASE_TIME_TEXT] = "";
    int64_t at = 0;
    size_t len = strlen(before);
    assert_int_equal(strncmp(line, before, len), 0);
    memcpy(time, line + len, sizeof time - 1);
    assert_int_equal(base_time_parse(&at, time, NULL), GALEN_OK);
    assert_in_range(at, base_time_s() - 60, base_time_s());
    return line + len + sizeof time - 1;
}

static void write_levels(void)
{
    base_log_set_level(BASE_LOG_WARN);
    base_log(BASE_LOG_INFO, "not %d", 1);
    base_log_fields(BASE_LOG_INFO, "not 2", "a", "b", NULL);
    base_log(BASE_LOG_BROKEN, "seen");
    base_log_set_level(BASE_LOG_DEBUG);
    base_log(BASE_LOG_DEBUG, "seen %d", 3);
}

static void levels_are_kept(void **state)
{
    BASE_BUF_AUTO text = {0};
    capture(&text, write_levels);
    assert_null(strstr((char *)text.data, "not"));
    assert_non_null(strstr((char *)text.data, " level=broken msg=seen\n"));
    assert_non_null(strstr((char *)text.data, " level=debug msg=\"seen 3\"\n"));
}

static const char hostile[] =
    "a \"b\"\\\n\x1b[31m\x07\x7f \xc2\x9b \xe2\x80\xae \xc3\xa9 \xff \xed\xa0\x80";

static void write_hostile(void)
{
    base_log_fields(BASE_LOG_WARN, hostile, "bare", "http://127.0.0.1:8440/x", "empty", "",
                    "equals", "a=b", "hostile", hostile, NULL);
}

#define ESCAPED                                                                                    \
    "\"a \\\"b\\\"\\\\\\n\\u001b[31m\\u0007\\u007f \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \xc3\xa9 " \
    "\\ufffd \\ufffd\\ufffd\\ufffd\""

static void hostile_texts_stay_texts(void **state)
{
    BASE_BUF_AUTO text = {0};
    capture(&text, write_hostile);
    assert_string_equal(after_time(&text, "ts="),
                        " level=warn msg=" ESCAPED " bare=http://127.0.0.1:8440/x empty=\"\""
                        " equals=\"a=b\" hostile=" ESCAPED "\n");
}

static void json_lines(void **state)
{
    BASE_BUF_AUTO text = {0};
    base_log_set_format(BASE_LOG_JSON);
    capture(&text, write_hostile);
    base_log_set_format(BASE_LOG_LOGFMT);
    assert_string_equal(after_time(&text, "{\"ts\":\""),
                        "\",\"level\":\"warn\",\"msg\":" ESCAPED
                        ",\"bare\":\"http://127.0.0.1:8440/x\",\"empty\":\"\","
                        "\"equals\":\"a=b\",\"hostile\":" ESCAPED "}\n");
}

static char long_text[20000];

static void write_long(void)
{
    base_log(BASE_LOG_WARN, "%s", long_text);
    base_log_fields(BASE_LOG_WARN, long_text, "key", long_text, "last", "x", NULL);
    base_log_fields(BASE_LOG_WARN, "m", "key", long_text, "last", "x", NULL);
}

/* Whatever is too long is cut, and every line is still one, closed line. */
static void long_texts_are_cut(void **state)
{
    static const char *const units[] = {"x", "\"", "\x1b", "\xc3\xa9", "\xff"};
    for (size_t u = 0; u < 2 * sizeof units / sizeof *units; u++) {
        BASE_BUF_AUTO text = {0};
        const char *unit = units[u / 2];
        size_t len = strlen(unit);
        for (size_t i = 0; i + len < sizeof long_text; i++)
            long_text[i] = unit[i % len];
        base_log_set_format(u % 2 == 0 ? BASE_LOG_LOGFMT : BASE_LOG_JSON);
        capture(&text, write_long);
        base_log_set_format(BASE_LOG_LOGFMT);
        const char *line = (const char *)text.data;
        for (int n = 0; n < 3; n++) {
            const char *end = strchr(line, '\n');
            assert_non_null(end);
            assert_true(end - line < 4096);
            struct json_tokener *tokener = json_tokener_new();
            struct json_object *value =
                u % 2 == 1 ? json_tokener_parse_ex(tokener, line, (int)(end - line)) : NULL;
            assert_int_equal(value != NULL, u % 2);
            json_object_put(value);
            json_tokener_free(tokener);
            line = end + 1;
        }
        assert_int_equal(*line, '\0');
    }
}

static void *many_lines(void *user)
{
    for (int i = 0; i < 500; i++)
        base_log_fields(BASE_LOG_WARN, "from a thread", "who", user, NULL);
    return NULL;
}

static void write_from_threads(void)
{
    pthread_t threads[4];
    static char names[4][32] = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb",
                                "cccccccccccccccccccc", "dddddddddddddddddddd"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many_lines, names[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void threads_do_not_mix_lines(void **state)
{
    BASE_BUF_AUTO text = {0};
    capture(&text, write_from_threads);
    int lines = 0;
    for (const char *line = (const char *)text.data; *line != '\0'; lines++) {
        const char *end = strchr(line, '\n');
        const char *who = strstr(line, " level=warn msg=\"from a thread\" who=");
        assert_true(end != NULL && who != NULL && who < end);
        who += strlen(" level=warn msg=\"from a thread\" who=");
        assert_int_equal(end - who, 20);
        for (int i = 1; i < 20; i++)
            assert_int_equal(who[i], who[0]);
        line = end + 1;
    }
    assert_int_equal(lines, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_kept),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(threads_do_not_mix_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
