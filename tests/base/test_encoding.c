/* Hex and base32 (vectors: RFC 4648, section 10, lower case without padding). */
#include "test.h"

static void hex_both_ways(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *text;
        const char *bytes;
        size_t len;
        const char *again;
    } good[] = {
        {"", "", 0, ""},
        {"0x", "", 0, ""},
        {"00", "\0", 1, "00"},
        {"0x00ff", "\0\xff", 2, "00ff"},
        {"0XAbCd", "\xab\xcd", 2, "abcd"},
        {"0123456789abcdefABCDEF", "\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef", 11,
         "0123456789abcdefabcdef"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint8_t bytes[16];
        char text[33];
        assert_done(base_hex_decode(bytes, good[i].len, good[i].text, "it", &info));
        assert_memory_equal(bytes, good[i].bytes, good[i].len);
        base_hex_encode(text, bytes, good[i].len);
        assert_string_equal(text, good[i].again);
        BASE_BUF_AUTO buf = {0};
        assert_done(base_hex_decode_buf(&buf, 16, good[i].text, "it", &info));
        assert_int_equal(buf.len, good[i].len);
        assert_memory_equal(buf.data, good[i].bytes, good[i].len);
    }
}

static void hex_refused(void **state)
{
    struct galen_errinfo info = {0};
    static const char *const bad[] = {"",      "0x",  "0",   "000",  "0x0",
                                      "0g",    "g0",  " 00", "00 ",  "0x0x00",
                                      "0x000", "x00", "-1",  "0000", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t byte = 0x5a;
        assert_fails(GALEN_ERR_PARSE, base_hex_decode(&byte, 1, bad[i], "it", &info));
        assert_int_equal(byte, 0x5a);
    }
    /* The last digit is bad: nothing before it is given out either. */
    uint8_t bytes[4] = {1, 2, 3, 4};
    assert_fails(GALEN_ERR_PARSE, base_hex_decode(bytes, 4, "aabbccdx", "it", &info));
    assert_memory_equal(bytes, "\1\2\3\4", 4);
}

static void hex_into_buffer(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO buf = {0};
    assert_done(base_hex_decode_buf(&buf, 2, "0x0102", "it", &info));
    assert_done(base_hex_decode_buf(&buf, 2, "03", "it", &info));
    assert_int_equal(buf.len, 3);
    assert_fails(GALEN_ERR_LIMIT, base_hex_decode_buf(&buf, 2, "010203", "it", &info));
    assert_fails(GALEN_ERR_PARSE, base_hex_decode_buf(&buf, 2, "010", "it", &info));
    assert_fails(GALEN_ERR_PARSE, base_hex_decode_buf(&buf, 2, "01zz", "it", &info));
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "\1\2\3", 4);
}

static void base32_vectors(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *bytes;
        const char *text;
    } vectors[] = {
        {"", ""},
        {"f", "my"},
        {"fo", "mzxq"},
        {"foo", "mzxw6"},
        {"foob", "mzxw6yq"},
        {"fooba", "mzxw6ytb"},
        {"foobar", "mzxw6ytboi"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t len = strlen(vectors[i].bytes);
        char text[16];
        uint8_t bytes[8];
        base_base32_encode(text, (const uint8_t *)vectors[i].bytes, len);
        assert_string_equal(text, vectors[i].text);
        assert_done(base_base32_decode(bytes, len, text, strlen(text), &info));
        assert_memory_equal(bytes, vectors[i].bytes, len);
    }
}

static void base32_every_length(void **state)
{
    struct galen_errinfo info = {0};
    for (size_t len = 0; len <= 64; len++) {
        uint8_t bytes[64];
        uint8_t again[64];
        char text[128];
        base_random(bytes, sizeof bytes);
        base_base32_encode(text, bytes, len);
        assert_int_equal(strlen(text), (8 * len + 4) / 5);
        assert_done(base_base32_decode(again, len, text, strlen(text), &info));
        assert_memory_equal(again, bytes, len);
        /* Of all last characters, only those with zero spare bits are taken. */
        if (len == 0 || len % 5 == 0)
            continue;
        int taken = 0;
        for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c != '\0'; c++) {
            text[strlen(text) - 1] = *c;
            taken += base_base32_decode(again, len, text, strlen(text), NULL) == GALEN_OK;
        }
        size_t spare = 5 * strlen(text) - 8 * len;
        assert_int_equal(taken, 32 >> spare);
    }
}

static void base32_refused(void **state)
{
    struct galen_errinfo info = {0};
    /* One byte is "my"; 'y' carries three data bits (110) and two that must be zero. */
    static const char *const bad[] = {"m",  "mya", "mz",  "m0", "m1", "m8",
                                      "MY", "mY",  "my=", "m=", "m ", "m-"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t byte = 0x5a;
        assert_fails(GALEN_ERR_PARSE, base_base32_decode(&byte, 1, bad[i], strlen(bad[i]), &info));
        assert_int_equal(byte, 0x5a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),       cmocka_unit_test(hex_refused),
        cmocka_unit_test(hex_into_buffer),     cmocka_unit_test(base32_vectors),
        cmocka_unit_test(base32_every_length), cmocka_unit_test(base32_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
