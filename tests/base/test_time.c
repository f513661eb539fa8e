/* RFC 3339 times. */
#include "test.h"

static void parses(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *text;
        int64_t unix_s;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:01z", 1},
        {"1969-12-31T23:59:59Z", -1},
        {"1985-04-12T23:20:50.52Z", 482196050}, /* RFC 3339, 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397},
        {"1990-12-31T23:59:60Z", 662688000}, /* a leap second is the next second */
        {"1990-12-31T15:59:60-08:00", 662688000},
        {"1937-01-01T12:00:27.87+00:20", -1041337173},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2024-02-29T12:00:00Z", 1709208000},
        {"2026-01-31T23:59:59Z", 1769903999},
        {"2026-01-31T23:59:59.999999999Z", 1769903999},
        {"2026-01-31T23:59:59+00:00", 1769903999},
        {"2026-01-31T23:59:59-00:00", 1769903999},
        {"2026-02-01T05:29:59+05:30", 1769903999},
        {"2026-01-31T00:00:59-23:59", 1769903999},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t got = -42;
        assert_done(base_time_parse(&got, good[i].text, &info));
        if (got != good[i].unix_s)
            fail_msg("%s: %lld", good[i].text, (long long)got);
        char text[BASE_TIME_TEXT];
        base_time_format(text, got);
        int64_t again = -42;
        assert_done(base_time_parse(&again, text, &info));
        assert_true(again == got);
    }
}

static void refuses(void **state)
{
    struct galen_errinfo info = {0};
    static const char *const bad[] = {
        "",
        "2026",
        "2026-01-31",
        "2026-01-31T23:59:59",
        "2026-01-31 23:59:59Z",
        "2026-01-31T23:59Z",
        "2026-1-31T23:59:59Z",
        "26-01-31T23:59:59Z",
        "2026-00-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T23:60:00Z",
        "2026-01-31T23:59:61Z",
        "2026-01-31T12:30:60Z",
        "1990-12-31T23:59:60-08:00",
        "2026-01-31T23:59:59.Z",
        "2026-01-31T23:59:59,5Z",
        "2026-01-31T23:59:59+24:00",
        "2026-01-31T23:59:59+00:60",
        "2026-01-31T23:59:59+0000",
        "2026-01-31T23:59:59+1",
        "2026-01-31T23:59:59+",
        "2026-01-31T23:59:59Zx",
        "2026-01-31T23:59:59Z ",
        " 2026-01-31T23:59:59Z",
        "-026-01-31T23:59:59Z",
        "+2026-01-31T23:59:59Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t got = -42;
        info = (struct galen_errinfo){0};
        if (base_time_parse(&got, bad[i], &info) != GALEN_ERR_PARSE || got != -42)
            fail_msg("taken: %s", bad[i]);
        assert_true(info.what[0] != '\0');
    }
}

static void every_truncation_is_refused(void **state)
{
    const char *whole = "2026-01-31T23:59:59.25+05:30";
    for (size_t len = 0; len < strlen(whole); len++) {
        char text[64];
        int64_t got = -42;
        snprintf(text, sizeof text, "%.*s", (int)len, whole);
        assert_int_equal(base_time_parse(&got, text, NULL), GALEN_ERR_PARSE);
    }
}

static void formats(void **state)
{
    static const struct {
        int64_t unix_s;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951868799, "2000-02-29T23:59:59Z"},
        {951868800, "2000-03-01T00:00:00Z"},
        {INT64_C(4107542400), "2100-03-01T00:00:00Z"},
        {INT64_C(253402300799), "9999-12-31T23:59:59Z"},
        {INT64_C(-62167219200), "0000-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[BASE_TIME_TEXT];
        base_time_format(text, cases[i].unix_s);
        assert_string_equal(text, cases[i].text);
    }
}

static void clocks_go_on(void **state)
{
    int64_t before = base_monotonic_ms();
    assert_true(base_time_s() > 1700000000);
    assert_true(base_monotonic_ms() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(formats),
        cmocka_unit_test(clocks_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
