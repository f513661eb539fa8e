/* JSON through jansson, base64url through libsodium. */
#include "seal/internal.h"

#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* libjose keeps private JWKs and content keys in jansson's strings, and jansson does not wipe. */
static void wiping_free(void *data)
{
    if (data == NULL)
        return;
    base_wipe(data, malloc_usable_size(data));
    free(data);
}

static void set_allocator(void)
{
    json_set_alloc_funcs(malloc, wiping_free);
}

void seal_json_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    GALEN_ASSERT(pthread_once(&once, set_allocator) == 0);
}

enum galen_err seal_nomem(struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

json_t *seal_json_parse(struct base_view text)
{
    seal_json_ready();
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static int append_chunk(const char *data, size_t len, void *user)
{
    return base_buf_append(user, data, len) == GALEN_OK ? 0 : -1;
}

enum galen_err seal_json_append(struct base_buf *out, const json_t *value)
{
    BASE_BUF_AUTO text = {0};
    if (json_dump_callback(value, append_chunk, &text, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        return GALEN_ERR_NOMEM;
    return base_buf_append(out, text.data, text.len);
}

struct base_view seal_json_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return (struct base_view){0};
    return (struct base_view){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

enum galen_err seal_json_check_canonical(const char *text, size_t max, const char *what,
                                         struct galen_errinfo *info)
{
    size_t len = strnlen(text, max + 1);
    if (len > max)
        return base_fail(info, GALEN_ERR_USAGE, "%s is longer than %zu bytes", what, max);
    json_auto_t *value = seal_json_parse((struct base_view){(const uint8_t *)text, len});
    BASE_BUF_AUTO again = {0};
    if (value != NULL && seal_json_append(&again, value) != GALEN_OK)
        return seal_nomem(info);
    if (value == NULL || !seal_view_is((struct base_view){again.data, again.len}, text))
        return base_fail(info, GALEN_ERR_USAGE, "%s is not a canonical JSON object", what);
    return GALEN_OK;
}

bool seal_view_is(struct base_view view, const char *text)
{
    return view.data != NULL && view.len == strlen(text) && memcmp(view.data, text, view.len) == 0;
}

enum galen_err seal_b64_append(struct base_buf *out, const void *data, size_t len)
{
    size_t text_len = SEAL_B64_TEXT(len);
    GALEN_TRY(base_buf_reserve(out, text_len));
    sodium_bin2base64((char *)out->data + out->len, text_len + 1, data, len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out->len += text_len;
    return GALEN_OK;
}

bool seal_b64_decode(uint8_t *out, size_t len, struct base_view text)
{
    size_t got = 0;
    const char *end = NULL;
    uint8_t seen = 0;
    if (text.data == NULL || text.len != SEAL_B64_TEXT(len))
        return false;
    /* libsodium 1.0.18 takes bytes above 0x7f for characters. */
    for (size_t i = 0; i < text.len; i++)
        seen |= text.data[i];
    return (seen & 0x80) == 0 &&
           sodium_base642bin(out, len, (const char *)text.data, text.len, NULL, &got, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           got == len && end == (const char *)text.data + text.len;
}

/* 0 to 63, or 64: not of the alphabet. */
static unsigned digit_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '-' ? 62 : c == '_' ? 63 : 64;
}

static uint8_t digits[256];

static void make_digits(void)
{
    for (unsigned c = 0; c < 256; c++)
        digits[c] = (uint8_t)digit_of((uint8_t)c);
}

bool seal_b64_decode_public(uint8_t *out, size_t len, struct base_view text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    GALEN_ASSERT(pthread_once(&once, make_digits) == 0);
    if (text.data == NULL || text.len != SEAL_B64_TEXT(len))
        return false;
    const uint8_t *at = text.data;
    unsigned seen = 0;
    size_t done = 0;
    for (; done + 3 <= len; done += 3, at += 4) {
        unsigned a = digits[at[0]], b = digits[at[1]], c = digits[at[2]], d = digits[at[3]];
        seen |= a | b | c | d;
        out[done] = (uint8_t)(a << 2 | b >> 4);
        out[done + 1] = (uint8_t)(b << 4 | c >> 2);
        out[done + 2] = (uint8_t)(c << 6 | d);
    }
    /* The last one or two bytes, whose unused bits must be 0. */
    return seen < 64 && seal_b64_decode(out + done, len - done,
                                        (struct base_view){at, SEAL_B64_TEXT(len - done)});
}

bool seal_b64_check(size_t *bytes, struct base_view text)
{
    if (text.data == NULL)
        return false;
    /* Piecewise, so that a megabyte of ciphertext needs no second megabyte. */
    uint8_t piece[768];
    size_t total = 0;
    for (size_t at = 0; at < text.len;) {
        size_t left = text.len - at;
        size_t take = left < 1024 ? left : 1024;
        size_t len = take * 3 / 4;
        if (!seal_b64_decode_public(piece, len, (struct base_view){text.data + at, take}))
            return false;
        total += len;
        at += take;
    }
    *bytes = total;
    return true;
}
