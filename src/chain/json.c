/* json-c, strictly: one bounded value, and the members that Ethereum's JSON-RPC has. */
#include <string.h>

#include "chain/internal.h"

enum { DEPTH_MAX = 32 };

void chain_json_auto_put(json_object **object)
{
    json_object_put(*object);
    *object = NULL;
}

enum galen_err chain_json_parse(json_object **out, const char *text, size_t len)
{
    if (len > INT32_MAX)
        return GALEN_ERR_LIMIT;
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
    if (tokener == NULL)
        return GALEN_ERR_NOMEM;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *object = json_tokener_parse_ex(tokener, text, (int)len);
    /* A number at the very end is complete only once the tokener sees that nothing follows. */
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        object = json_tokener_parse_ex(tokener, "", 1);
    bool whole = json_tokener_get_error(tokener) == json_tokener_success;
    json_tokener_free(tokener);
    if (!whole) {
        json_object_put(object);
        return GALEN_ERR_PARSE;
    }
    *out = object;
    return GALEN_OK;
}

json_object *chain_json_member(json_object *object, const char *key)
{
    json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object))
        return NULL;
    (void)json_object_object_get_ex(object, key, &value);
    return value;
}

static enum galen_err odd(const char *name, struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer has no proper '%s'", name);
}

/* The digits behind 0x, or NULL. */
static const char *hex_of(json_object *value, size_t *n_digits)
{
    if (!json_object_is_type(value, json_type_string))
        return NULL;
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);
    if (len < 2 || text[0] != '0' || text[1] != 'x' || strlen(text) != len)
        return NULL;
    *n_digits = len - 2;
    return text + 2;
}

enum galen_err chain_json_u256(struct chain_u256 *out, json_object *value, const char *name,
                               struct galen_errinfo *info)
{
    size_t n;
    const char *digits = hex_of(value, &n);
    if (digits == NULL || n == 0 || n > 64)
        return odd(name, info);
    char full[65];
    memset(full, '0', 64 - n);
    memcpy(full + 64 - n, digits, n + 1);
    if (base_hex_decode(out->be, 32, full, name, NULL) != GALEN_OK)
        return odd(name, info);
    return GALEN_OK;
}

enum galen_err chain_json_u64(uint64_t *out, json_object *value, const char *name,
                              struct galen_errinfo *info)
{
    struct chain_u256 wide;
    GALEN_TRY(chain_json_u256(&wide, value, name, info));
    return chain_u256_to_u64(out, &wide) == GALEN_OK ? GALEN_OK : odd(name, info);
}

enum galen_err chain_json_bytes(uint8_t *out, size_t len, json_object *value, const char *name,
                                struct galen_errinfo *info)
{
    size_t n;
    const char *digits = hex_of(value, &n);
    if (digits == NULL || n != 2 * len ||
        base_hex_decode(out, len, digits - 2, name, NULL) != GALEN_OK)
        return odd(name, info);
    return GALEN_OK;
}

enum galen_err chain_json_data(struct base_buf *out, json_object *value, const char *name,
                               struct galen_errinfo *info)
{
    size_t n;
    const char *digits = hex_of(value, &n);
    if (digits == NULL || base_hex_decode_buf(out, n / 2, digits - 2, name, NULL) != GALEN_OK)
        return odd(name, info);
    return GALEN_OK;
}
