/* What the C tests of src/chain share. */
#ifndef GALEN_TESTS_CHAIN_CHECK_H
#define GALEN_TESTS_CHAIN_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chain/internal.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline void from_hex(uint8_t *out, size_t len, const char *hex)
{
    assert_int_equal(base_hex_decode(out, len, hex, "test data", NULL), GALEN_OK);
}

static inline void append_hex(struct base_buf *out, const char *hex)
{
    assert_int_equal(base_hex_decode_buf(out, 1 << 20, hex, "test data", NULL), GALEN_OK);
}

static inline void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
    BASE_BUF_AUTO text = {0};
    assert_int_equal(base_hex_append(&text, data, len), GALEN_OK);
    assert_string_equal((const char *)text.data, expected);
}

static inline int start_base(void **state)
{
    return base_init(NULL) == GALEN_OK ? 0 : -1;
}

#endif
