/* Hex and RFC 4648 base32. */
#include "base.h"

#include <string.h>

void base_hex_encode(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static const char *skip_0x(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? text + 2 : text;
}

static enum galen_err hex_digits(uint8_t *out, size_t len, const char *digits, const char *what,
                                 struct galen_errinfo *info)
{
    /* Twice over, so that a bad digit leaves out untouched. */
    for (size_t i = 0; i < 2 * len; i++)
        if (hex_value(digits[i]) < 0)
            return base_fail(info, GALEN_ERR_PARSE, "%s is not hex: bad digit at position %zu",
                             what, i + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(hex_value(digits[2 * i]) << 4 | hex_value(digits[2 * i + 1]));
    return GALEN_OK;
}

enum galen_err base_hex_decode(uint8_t *out, size_t len, const char *text, const char *what,
                               struct galen_errinfo *info)
{
    const char *digits = skip_0x(text);
    size_t have = strlen(digits);
    if (have != 2 * len)
        return base_fail(info, GALEN_ERR_PARSE,
                         "%s needs %zu bytes (%zu hex digits), has %zu digits", what, len, 2 * len,
                         have);
    return hex_digits(out, len, digits, what, info);
}

enum galen_err base_hex_decode_buf(struct base_buf *out, size_t max_bytes, const char *text,
                                   const char *what, struct galen_errinfo *info)
{
    const char *digits = skip_0x(text);
    size_t have = strlen(digits);
    if (have % 2 != 0)
        return base_fail(info, GALEN_ERR_PARSE, "%s has an odd number of hex digits", what);
    if (have / 2 > max_bytes)
        return base_fail(info, GALEN_ERR_LIMIT, "%s has %zu bytes, the maximum is %zu", what,
                         have / 2, max_bytes);
    if (base_buf_reserve(out, have / 2) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(hex_digits(out->data + out->len, have / 2, digits, what, info));
    out->len += have / 2;
    out->data[out->len] = 0;
    return GALEN_OK;
}

enum galen_err base_hex_append(struct base_buf *out, const uint8_t *data, size_t len)
{
    GALEN_TRY(base_buf_reserve(out, 2 + 2 * len));
    out->data[out->len] = '0';
    out->data[out->len + 1] = 'x';
    base_hex_encode((char *)out->data + out->len + 2, data, len);
    out->len += 2 + 2 * len;
    return GALEN_OK;
}

void base_base32_encode(char *out, const uint8_t *data, size_t len)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | data[i];
        have += 8;
        while (have >= 5) {
            have -= 5;
            *out++ = alphabet[bits >> have & 31];
        }
    }
    if (have > 0)
        *out++ = alphabet[bits << (5 - have) & 31];
    *out = '\0';
}

enum galen_err base_base32_decode(uint8_t *out, size_t len, const char *text, size_t text_len,
                                  struct galen_errinfo *info)
{
    if (text_len != (8 * len + 4) / 5)
        return base_fail(info, GALEN_ERR_PARSE, "base32 text has the wrong length");
    uint32_t bits = 0;
    for (size_t i = 0; i < text_len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')))
            return base_fail(info, GALEN_ERR_PARSE, "base32 text has a bad character");
        bits = bits << 5 | (uint32_t)(c >= 'a' ? c - 'a' : c - '2' + 26);
    }
    size_t spare = 5 * text_len - 8 * len;
    if ((bits & ((1u << spare) - 1)) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "base32 text is not canonical");
    uint32_t acc = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text_len; i++) {
        char c = text[i];
        acc = acc << 5 | (uint32_t)(c >= 'a' ? c - 'a' : c - '2' + 26);
        have += 5;
        if (have >= 8) {
            have -= 8;
            *out++ = (uint8_t)(acc >> have);
        }
    }
    return GALEN_OK;
}
