/*
 * Strict JSON in, canonical JSON (RFC 8785) out, and the few helpers that build JSON values.
 */
#include "record/internal.h"
#include "record/json_gate.h"

#include <json-c/json_tokener.h>
#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER ((INT64_C(1) << 53) - 1)

enum galen_err record_nomem(struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

enum galen_err record_buf_put(struct base_buf *buf, const void *data, size_t len,
                              struct galen_errinfo *info)
{
    return base_buf_append(buf, data, len) == GALEN_OK ? GALEN_OK : record_nomem(info);
}

static void free_tokener(struct json_tokener **tokener)
{
    if (*tokener != NULL)
        json_tokener_free(*tokener);
}

/* Levels of containers. json-c's own bound counts an empty container and a full one differently. */
static int count_levels(json_object *value)
{
    int below = 0;
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            int levels = count_levels(member);
            below = levels > below ? levels : below;
        }
        return below + 1;
    }
    if (!json_object_is_type(value, json_type_array))
        return 0;
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        int levels = count_levels(json_object_array_get_idx(value, i));
        below = levels > below ? levels : below;
    }
    return below + 1;
}

/* Both parsers make some hundred bytes of a two-byte container, so small texts could take
 * gigabytes. Brackets and commas inside texts count too, which a bound may do. */
static bool too_many(const char *text, size_t len)
{
    size_t containers = 0;
    size_t commas = 0;
    for (size_t i = 0; i < len; i++) {
        containers += text[i] == '{' || text[i] == '[';
        commas += text[i] == ',';
    }
    return containers > RECORD_MAX_JSON_CONTAINERS || commas > RECORD_MAX_JSON_VALUES;
}

enum galen_err record_json_parse(json_object **out, const char *text, size_t len, size_t max_bytes,
                                 struct galen_errinfo *info)
{
    if (len > max_bytes || len > INT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "JSON of %zu bytes; at most %zu are taken", len,
                         max_bytes);
    if (too_many(text, len))
        return base_fail(info, GALEN_ERR_LIMIT, "JSON of too many values");
    GALEN_TRY(record_json_gate(text, len, info));
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;

    GALEN_CLEANUP(free_tokener)
    struct json_tokener *tokener = json_tokener_new_ex(RECORD_MAX_JSON_DEPTH + 1);
    if (tokener == NULL)
        return record_nomem(info);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    RECORD_JSON_AUTO value = json_tokener_parse_ex(tokener, text, (int)len);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error == json_tokener_error_depth ||
        (value != NULL && count_levels(value) > RECORD_MAX_JSON_DEPTH))
        return base_fail(info, GALEN_ERR_LIMIT, "JSON nested deeper than %d levels",
                         RECORD_MAX_JSON_DEPTH);
    if (error != json_tokener_success || value == NULL ||
        json_tokener_get_parse_end(tokener) != len)
        return base_fail(info, GALEN_ERR_PARSE, "not valid JSON");
    *out = value;
    value = NULL;
    return GALEN_OK;
}

/* ---- canonical bytes ------------------------------------------------------------------------- */

/* One code point at *at; false when it is malformed UTF-8, a surrogate or U+0000. */
static bool next_code_point(unsigned long *point, const char **at, const char *end)
{
    int used = UTF8_getc((const unsigned char *)*at, (int)(end - *at), point);
    if (used <= 0 || *point == 0 || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
        return false;
    *at += used;
    return true;
}

bool record_utf8_ok(const char *text, size_t len)
{
    const char *end = text + len;
    unsigned long point;
    if (len > INT_MAX)
        return false;
    while (text < end) {
        if ((unsigned char)*text - 1u < 0x7f)
            text++;
        else if (!next_code_point(&point, &text, end))
            return false;
    }
    return true;
}

/* The first UTF-16 unit. */
static unsigned long lead_unit(unsigned long point)
{
    return point < 0x10000 ? point : 0xd800 + ((point - 0x10000) >> 10);
}

/* RFC 8785 section 3.2.3: keys are ordered as arrays of UTF-16 units, which differs from byte order
 * where a supplementary character meets one of U+E000 to U+FFFF. Keys are checked UTF-8. */
static int compare_keys(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    const char *left_end = left + strlen(left);
    const char *right_end = right + strlen(right);
    unsigned long x = 0;
    unsigned long y = 0;
    while (left < left_end && right < right_end) {
        if (!next_code_point(&x, &left, left_end) || !next_code_point(&y, &right, right_end))
            break;
        if (x == y)
            continue;
        if (lead_unit(x) != lead_unit(y))
            return lead_unit(x) < lead_unit(y) ? -1 : 1;
        return x < y ? -1 : 1;
    }
    return (left < left_end) - (right < right_end);
}

static enum galen_err put_string(struct base_buf *out, const char *text, size_t len,
                                 struct galen_errinfo *info)
{
    if (!record_utf8_ok(text, len))
        return base_fail(info, GALEN_ERR_PARSE, "a text is not UTF-8 or holds U+0000");
    GALEN_TRY(record_buf_put(out, "\"", 1, info));
    size_t from = 0;
    for (size_t i = 0; i <= len; i++) {
        unsigned char c = i < len ? (unsigned char)text[i] : 0;
        if (i < len && c >= 0x20 && c != '"' && c != '\\')
            continue;
        GALEN_TRY(record_buf_put(out, text + from, i - from, info));
        from = i + 1;
        if (i == len)
            break;
        static const char shorts[] = "\"\"\\\\\bb\tt\nn\ff\rr";
        char escape[8];
        int n = 0;
        for (const char *s = shorts; *s != '\0' && n == 0; s += 2) {
            if ((unsigned char)s[0] == c)
                n = snprintf(escape, sizeof escape, "\\%c", s[1]);
        }
        if (n == 0)
            n = snprintf(escape, sizeof escape, "\\u%04x", c);
        GALEN_TRY(record_buf_put(out, escape, (size_t)n, info));
    }
    return record_buf_put(out, "\"", 1, info);
}

static enum galen_err put_value(struct base_buf *out, json_object *value, int depth,
                                struct galen_errinfo *info);

static void free_keys(const char ***keys)
{
    free(*keys);
}

static enum galen_err put_object(struct base_buf *out, json_object *object, int depth,
                                 struct galen_errinfo *info)
{
    size_t count = (size_t)json_object_object_length(object);
    GALEN_CLEANUP(free_keys) const char **keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL)
        return record_nomem(info);
    size_t n = 0;
    json_object_object_foreach(object, key, member)
    {
        (void)member;
        if (!record_utf8_ok(key, strlen(key)))
            return base_fail(info, GALEN_ERR_PARSE, "a key is not UTF-8");
        keys[n++] = key;
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    GALEN_TRY(record_buf_put(out, "{", 1, info));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            GALEN_TRY(record_buf_put(out, ",", 1, info));
        GALEN_TRY(put_string(out, keys[i], strlen(keys[i]), info));
        GALEN_TRY(record_buf_put(out, ":", 1, info));
        GALEN_TRY(put_value(out, json_object_object_get(object, keys[i]), depth, info));
    }
    return record_buf_put(out, "}", 1, info);
}

static enum galen_err put_array(struct base_buf *out, json_object *array, int depth,
                                struct galen_errinfo *info)
{
    GALEN_TRY(record_buf_put(out, "[", 1, info));
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        if (i > 0)
            GALEN_TRY(record_buf_put(out, ",", 1, info));
        GALEN_TRY(put_value(out, json_object_array_get_idx(array, i), depth, info));
    }
    return record_buf_put(out, "]", 1, info);
}

static enum galen_err put_integer(struct base_buf *out, json_object *value,
                                  struct galen_errinfo *info)
{
    int64_t number = json_object_get_int64(value); /* saturates beyond 64 bits */
    if (number > SAFE_INTEGER || number < -SAFE_INTEGER)
        return base_fail(info, GALEN_ERR_PARSE, "an integer beyond 2^53-1");
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
    return record_buf_put(out, digits, (size_t)n, info);
}

static enum galen_err put_value(struct base_buf *out, json_object *value, int depth,
                                struct galen_errinfo *info)
{
    enum json_type type = json_object_get_type(value);
    if (depth == 0 && (type == json_type_object || type == json_type_array))
        return base_fail(info, GALEN_ERR_LIMIT, "JSON nested deeper than %d levels",
                         RECORD_MAX_JSON_DEPTH);
    switch (type) {
    case json_type_null:
        return record_buf_put(out, "null", 4, info);
    case json_type_boolean:
        return json_object_get_boolean(value) ? record_buf_put(out, "true", 4, info)
                                              : record_buf_put(out, "false", 5, info);
    case json_type_int:
        return put_integer(out, value, info);
    case json_type_string:
        return put_string(out, json_object_get_string(value),
                          (size_t)json_object_get_string_len(value), info);
    case json_type_array:
        return put_array(out, value, depth - 1, info);
    case json_type_object:
        return put_object(out, value, depth - 1, info);
    case json_type_double:
        break;
    }
    return base_fail(info, GALEN_ERR_PARSE, "a number that is no integer");
}

enum galen_err record_json_jcs(struct base_buf *out, json_object *value, struct galen_errinfo *info)
{
    size_t before = out->len;
    enum galen_err err = put_value(out, value, RECORD_MAX_JSON_DEPTH, info);
    if (err != GALEN_OK && out->data != NULL) {
        base_wipe(out->data + before, out->len - before);
        out->len = before;
        out->data[before] = '\0';
    }
    return err;
}

enum galen_err record_json_hash(uint8_t hash32[RECORD_HASH_BYTES], json_object *value,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(record_json_jcs(&bytes, value, info));
    unsigned n = 0;
    if (EVP_Digest(bytes.data, bytes.len, hash32, &n, EVP_sha256(), NULL) != 1)
        return base_fail(info, GALEN_ERR_INTERNAL, "SHA-256 failed");
    return GALEN_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

enum galen_err record_json_copy(json_object **out, json_object *value, struct galen_errinfo *info)
{
    json_object *copy = NULL;
    if (value != NULL && json_object_deep_copy(value, &copy, NULL) != 0) {
        json_object_put(copy);
        return record_nomem(info);
    }
    *out = copy;
    return GALEN_OK;
}

enum galen_err record_json_set(json_object *object, const char *key, json_object *value,
                               struct galen_errinfo *info)
{
    GALEN_ASSERT(object == NULL || json_object_is_type(object, json_type_object));
    if (object == NULL || value == NULL || json_object_object_add(object, key, value) != 0) {
        json_object_put(value);
        return record_nomem(info);
    }
    return GALEN_OK;
}

enum galen_err record_json_push(json_object *array, json_object *value, struct galen_errinfo *info)
{
    GALEN_ASSERT(array == NULL || json_object_is_type(array, json_type_array));
    if (array == NULL || value == NULL || json_object_array_add(array, value) != 0) {
        json_object_put(value);
        return record_nomem(info);
    }
    return GALEN_OK;
}

enum galen_err record_json_set_hex(json_object *object, const char *key, const uint8_t *data,
                                   size_t len, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    if (base_hex_append(&text, data, len) != GALEN_OK)
        return record_nomem(info);
    return record_json_set(object, key, json_object_new_string((const char *)text.data), info);
}

void record_json_put(json_object **value)
{
    json_object_put(*value);
    *value = NULL;
}
