/* Growable buffers. */
#include "test.h"

static void grows_and_terminates(void **state)
{
    BASE_BUF_AUTO buf = {0};
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_int_equal(base_buf_append(&buf, &byte, 1), GALEN_OK);
        assert_int_equal(buf.len, i + 1);
        assert_true(buf.cap > buf.len);
        assert_int_equal(buf.data[buf.len], 0);
    }
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(buf.data[i], (uint8_t)i);
}

static void appends_nothing(void **state)
{
    BASE_BUF_AUTO buf = {0};
    assert_int_equal(base_buf_append(&buf, NULL, 0), GALEN_OK);
    assert_int_equal(buf.len, 0);
    assert_string_equal((char *)buf.data, "");
}

static void appends_of_every_kind(void **state)
{
    BASE_BUF_AUTO buf = {0};
    assert_int_equal(base_buf_append_text(&buf, "ab"), GALEN_OK);
    assert_int_equal(base_buf_printf(&buf, "-%d-%s", 42, "xyz"), GALEN_OK);
    assert_int_equal(base_hex_append(&buf, (const uint8_t *)"\x01\xfe", 2), GALEN_OK);
    assert_string_equal((char *)buf.data, "ab-42-xyz0x01fe");
    assert_int_equal(buf.len, strlen("ab-42-xyz0x01fe"));
    BASE_BUF_AUTO number = {0};
    assert_int_equal(base_buf_append_u32be(&number, 0x01020304), GALEN_OK);
    assert_memory_equal(number.data, "\x01\x02\x03\x04", 4);
}

static void printf_longer_than_any_guess(void **state)
{
    BASE_BUF_AUTO buf = {0};
    assert_int_equal(base_buf_printf(&buf, "%5000d", 7), GALEN_OK);
    assert_int_equal(buf.len, 5000);
    assert_int_equal(buf.data[4999], '7');
    assert_int_equal(buf.data[5000], 0);
}

static void absurd_sizes_are_no_memory(void **state)
{
    BASE_BUF_AUTO buf = {0};
    assert_int_equal(base_buf_append_text(&buf, "kept"), GALEN_OK);
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 - 4};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(base_buf_reserve(&buf, sizes[i]), GALEN_ERR_NOMEM);
    assert_string_equal((char *)buf.data, "kept");
}

static void moves(void **state)
{
    BASE_BUF_AUTO from = {0};
    BASE_BUF_AUTO to = {0};
    assert_int_equal(base_buf_append_text(&from, "new"), GALEN_OK);
    assert_int_equal(base_buf_append_text(&to, "old"), GALEN_OK);
    base_buf_move(&to, &from);
    assert_string_equal((char *)to.data, "new");
    assert_null(from.data);
    assert_int_equal(from.len, 0);
    base_buf_clear(&to);
    assert_null(to.data);
    base_buf_clear(&to);
    base_buf_clear(NULL);
}

static void big_endian(void **state)
{
    uint8_t bytes[8];
    base_put_u32be(bytes, 0xfffefdfc);
    assert_memory_equal(bytes, "\xff\xfe\xfd\xfc", 4);
    base_put_u64be(bytes, UINT64_C(0x0102030405060708));
    assert_memory_equal(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    base_put_u64be(bytes, UINT64_MAX);
    assert_memory_equal(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void text_frees_itself(void **state)
{
    char *text = strdup("x");
    base_text_free(&text);
    assert_null(text);
    base_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_terminates),
        cmocka_unit_test(appends_nothing),
        cmocka_unit_test(appends_of_every_kind),
        cmocka_unit_test(printf_longer_than_any_guess),
        cmocka_unit_test(absurd_sizes_are_no_memory),
        cmocka_unit_test(moves),
        cmocka_unit_test(big_endian),
        cmocka_unit_test(text_frees_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
