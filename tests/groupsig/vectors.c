/* See vectors.h. */
#include "vectors.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_OBJECT 1024

json_object *vectors_load(int argc, char **argv, const char *name)
{
    char path[4096];
    const char *root = getenv("GALEN_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/vectors/%s", root ? root : ".", name);
    if (argc > 2) {
        fprintf(stderr, "usage: %s [vectors.json]\n", argv[0]);
        return NULL;
    }
    json_object *vectors = json_object_from_file(argc == 2 ? argv[1] : path);
    if (vectors && json_object_is_type(vectors, json_type_object))
        return vectors;
    fprintf(stderr, "cannot read %s\n", argc == 2 ? argv[1] : path);
    json_object_put(vectors);
    return NULL;
}

json_object *vectors_get(json_object *object, const char *name)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value))
        fail_msg("the vectors have no \"%s\" where one is expected", name);
    return value;
}

json_object *vectors_get_array(json_object *object, const char *name)
{
    json_object *value = vectors_get(object, name);
    assert_true(json_object_is_type(value, json_type_array));
    return value;
}

const char *vectors_get_text(json_object *object, const char *name, size_t *len)
{
    json_object *value = vectors_get(object, name);
    assert_true(json_object_is_type(value, json_type_string));
    *len = (size_t)json_object_get_string_len(value);
    return json_object_get_string(value);
}

void vectors_check_members(json_object *object, const char *const known[])
{
    json_object_object_foreach(object, name, value)
    {
        (void)value;
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0)
            i++;
        if (!known[i])
            fail_msg("unknown member \"%s\" in the vectors", name);
    }
}

static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    fail_msg("not a hex digit: %c", c);
    return 0;
}

size_t vectors_decode_hex(json_object *value, uint8_t *out, size_t cap)
{
    assert_true(json_object_is_type(value, json_type_string));
    const char *text = json_object_get_string(value);
    size_t len = strlen(text);
    assert_int_equal(len % 2, 0);
    assert_true(len / 2 <= cap);
    for (size_t i = 0; i < len / 2; i++)
        out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return len / 2;
}

void vectors_get_hex(json_object *object, const char *name, uint8_t *out, size_t len)
{
    if (vectors_decode_hex(vectors_get(object, name), out, len) != len)
        fail_msg("\"%s\" has another length than %zu bytes", name, len);
}

void vectors_assert_hex(json_object *object, const char *name, const uint8_t *got, size_t len)
{
    uint8_t expected[MAX_OBJECT];
    assert_true(len <= sizeof expected);
    vectors_get_hex(object, name, expected, len);
    if (memcmp(expected, got, len) != 0)
        fail_msg("\"%s\" differs from the vectors", name);
}

void vectors_get_base64(json_object *object, const char *name, uint8_t *out, size_t len)
{
    size_t text_len, got;
    const char *text = vectors_get_text(object, name, &text_len);
    assert_int_equal(sodium_base642bin(out, len, text, text_len, NULL, &got, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(got, len);
}
