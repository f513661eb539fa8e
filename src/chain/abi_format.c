/* Decoded ABI values as text for people: the arguments in a revert's reason. */
#include <stdarg.h>
#include <string.h>

#include "chain/internal.h"

/* Bounded text: what does not fit is cut off. */
struct text {
    char *at;
    size_t left; /* with the NUL */
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text->at, text->left, format, args);
    va_end(args);
    size_t used = len < 0 ? 0 : (size_t)len;
    if (used >= text->left)
        used = text->left - 1;
    text->at += used;
    text->left -= used;
}

void chain_text_sanitise(char *out, size_t size, const char *text, size_t len)
{
    size_t n = len < size - 1 ? len : size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[n] = '\0';
}

static void put_bytes(struct text *text, const uint8_t *bytes, size_t len)
{
    enum { SHOWN = 32 };
    char hex[2 * SHOWN + 1];
    base_hex_encode(hex, bytes, len < SHOWN ? len : SHOWN);
    if (len <= SHOWN)
        put(text, "0x%s", hex);
    else
        put(text, "0x%s… (%zu bytes)", hex, len);
}

static void put_fields(struct text *text, const struct chain_abi_type *tuple, const void *value);

static void put_value(struct text *text, const struct chain_abi_type *type, const void *value)
{
    char shown[CHAIN_U256_DECIMAL > 128 ? CHAIN_U256_DECIMAL : 128];
    struct base_view view;
    struct chain_u256 number;
    switch (type->kind) {
    case CHAIN_ABI_UINT:
        if (chain_abi_encode_word(number.be, type, value, NULL) == GALEN_OK) {
            chain_u256_format(shown, &number);
            put(text, "%s", shown);
        }
        break;
    case CHAIN_ABI_ADDRESS:
        chain_address_format(shown, value);
        put(text, "%s", shown);
        break;
    case CHAIN_ABI_BOOL:
        put(text, "%s", *(const bool *)value ? "true" : "false");
        break;
    case CHAIN_ABI_FIXED_BYTES:
        put_bytes(text, value, type->size);
        break;
    case CHAIN_ABI_BYTES:
        memcpy(&view, value, sizeof view);
        put_bytes(text, view.data, view.len);
        break;
    case CHAIN_ABI_STRING:
        memcpy(&view, value, sizeof view);
        chain_text_sanitise(shown, sizeof shown, (const char *)view.data, view.len);
        put(text, "\"%s\"", shown);
        break;
    case CHAIN_ABI_TUPLE:
        put(text, "{");
        put_fields(text, type, value);
        put(text, "}");
        break;
    case CHAIN_ABI_ARRAY:
    case CHAIN_ABI_FIXED_ARRAY:
        put(text, "[");
        /* An endless list is of no use, and each element costs at least two characters. */
        for (size_t i = 0; i < chain_abi_count(type, value) && text->left > 1; i++) {
            const struct chain_abi_type *part;
            const void *at = chain_abi_component(type, value, i, &part);
            put(text, "%s", i == 0 ? "" : ", ");
            put_value(text, part, at);
        }
        put(text, "]");
        break;
    }
}

/* A deadline is read as a time. */
static void put_time(struct text *text, const struct chain_abi_field *field, const void *value)
{
    struct chain_u256 number;
    uint64_t time_s = 0;
    char shown[BASE_TIME_TEXT];
    if ((strcmp(field->name, "deadline") != 0 && strcmp(field->name, "expiry") != 0) ||
        field->type->kind != CHAIN_ABI_UINT ||
        chain_abi_encode_word(number.be, field->type, value, NULL) != GALEN_OK ||
        chain_u256_to_u64(&time_s, &number) != GALEN_OK || time_s > (uint64_t)BASE_TIME_MAX)
        return;
    base_time_format(shown, (int64_t)time_s);
    put(text, " (%s)", shown);
}

static void put_fields(struct text *text, const struct chain_abi_type *tuple, const void *value)
{
    for (size_t i = 0; i < tuple->size; i++) {
        const struct chain_abi_field *field = &tuple->fields[i];
        put(text, "%s", i == 0 ? "" : ", ");
        if (field->name[0] != '\0')
            put(text, "%s: ", field->name);
        put_value(text, field->type, (const uint8_t *)value + field->offset);
        put_time(text, field, (const uint8_t *)value + field->offset);
    }
}

void chain_abi_format(char *out, size_t size, const struct chain_abi_type *tuple, const void *value)
{
    GALEN_ASSERT(size > 0 && tuple->kind == CHAIN_ABI_TUPLE);
    struct text text = {out, size};
    *out = '\0';
    put_fields(&text, tuple, value);
}
