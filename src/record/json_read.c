/* Reading members of JSON objects from outside, with errors that name the place. */
#include "record/internal.h"

#include <ctype.h>
#include <string.h>

json_object *record_json_member(json_object *object, const char *key)
{
    json_object *member = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &member))
        return NULL;
    return member;
}

const char *record_json_text(json_object *object, const char *key)
{
    json_object *member = record_json_member(object, key);
    return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

/* *member stays NULL when the key is absent and may be. */
static enum galen_err find(json_object **member, json_object *object, const char *key,
                           enum record_json_need need, enum json_type type, const char *where,
                           struct galen_errinfo *info)
{
    *member = NULL;
    if (!json_object_is_type(object, json_type_object))
        return base_fail(info, GALEN_ERR_PARSE, "%s: not a JSON object", where);
    if (!json_object_object_get_ex(object, key, member)) {
        if (need == RECORD_JSON_OPTIONAL)
            return GALEN_OK;
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: missing", where, key);
    }
    if (*member == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: null is not allowed", where, key);
    if (!json_object_is_type(*member, type))
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not %s", where, key,
                         type == json_type_string    ? "a string"
                         : type == json_type_int     ? "an integer"
                         : type == json_type_boolean ? "true or false"
                         : type == json_type_array   ? "an array"
                                                     : "an object");
    return GALEN_OK;
}

enum galen_err record_json_get_text(const char **out, json_object *object, const char *key,
                                    enum record_json_need need, size_t max_bytes, const char *where,
                                    struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_string, where, info));
    if (member == NULL)
        return GALEN_OK;
    const char *text = json_object_get_string(member);
    size_t len = (size_t)json_object_get_string_len(member);
    if (len == 0 || len > max_bytes)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not 1 to %zu bytes of text", where, key,
                         max_bytes);
    if (!record_utf8_ok(text, len))
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not UTF-8, or holds U+0000", where, key);
    *out = text;
    return GALEN_OK;
}

enum galen_err record_json_get_int(int64_t *out, json_object *object, const char *key,
                                   enum record_json_need need, int64_t min, int64_t max,
                                   const char *where, struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_int, where, info));
    if (member == NULL)
        return GALEN_OK;
    int64_t number = json_object_get_int64(member);
    if (number < min || number > max)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not within %lld to %lld", where, key,
                         (long long)min, (long long)max);
    *out = number;
    return GALEN_OK;
}

enum galen_err record_json_get_bool(bool *out, json_object *object, const char *key,
                                    enum record_json_need need, const char *where,
                                    struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_boolean, where, info));
    if (member != NULL)
        *out = json_object_get_boolean(member);
    return GALEN_OK;
}

enum galen_err record_json_get_array(json_object **out, json_object *object, const char *key,
                                     enum record_json_need need, size_t min, size_t max,
                                     const char *where, struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_array, where, info));
    if (member == NULL)
        return GALEN_OK;
    size_t count = json_object_array_length(member);
    if (count < min || count > max)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not %zu to %zu elements", where, key, min,
                         max);
    *out = member;
    return GALEN_OK;
}

enum galen_err record_json_get_object(json_object **out, json_object *object, const char *key,
                                      enum record_json_need need, const char *where,
                                      struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_object, where, info));
    if (member != NULL)
        *out = member;
    return GALEN_OK;
}

enum galen_err record_json_get_hex(uint8_t *out, size_t len, json_object *object, const char *key,
                                   enum record_json_need need, const char *where,
                                   struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_string, where, info));
    if (member == NULL)
        return GALEN_OK;
    const char *text = json_object_get_string(member);
    /* One spelling only: what is hashed or compared as text must not have a second one. */
    bool good = (size_t)json_object_get_string_len(member) == 2 + 2 * len &&
                strncmp(text, "0x", 2) == 0 && strspn(text + 2, "0123456789abcdef") == 2 * len;
    if (!good)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not 0x and %zu lower-case hex digits",
                         where, key, 2 * len);
    return base_hex_decode(out, len, text, key, info);
}

enum galen_err record_json_get_address(const char **out, json_object *object, const char *key,
                                       enum record_json_need need, const char *where,
                                       struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, key, need, json_type_string, where, info));
    if (member == NULL)
        return GALEN_OK;
    const char *text = json_object_get_string(member);
    if (json_object_get_string_len(member) != RECORD_ADDRESS_TEXT - 1 || !record_is_address(text))
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not an address (0x and 40 hex digits)",
                         where, key);
    *out = text;
    return GALEN_OK;
}

static bool listed(const char *key, const char *const *keys)
{
    for (; keys != NULL && *keys != NULL; keys++) {
        if (strcmp(key, *keys) == 0)
            return true;
    }
    return false;
}

enum galen_err record_json_check_keys(json_object *object, const char *const *required,
                                      const char *const *optional, const char *where,
                                      struct galen_errinfo *info)
{
    if (!json_object_is_type(object, json_type_object))
        return base_fail(info, GALEN_ERR_PARSE, "%s: not a JSON object", where);
    json_object_object_foreach(object, key, member)
    {
        (void)member;
        if (listed(key, required) || listed(key, optional))
            continue;
        char shown[49]; /* the key is a stranger's text and may end up on a terminal */
        snprintf(shown, sizeof shown, "%s", key);
        for (char *c = shown; *c != '\0'; c++) {
            if (!isgraph((unsigned char)*c))
                *c = '?';
        }
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: no such member is known", where, shown);
    }
    for (; required != NULL && *required != NULL; required++) {
        if (!json_object_object_get_ex(object, *required, NULL))
            return base_fail(info, GALEN_ERR_PARSE, "%s/%s: missing", where, *required);
    }
    return GALEN_OK;
}

enum galen_err record_json_check_type(json_object *object, const char *type,
                                      struct galen_errinfo *info)
{
    json_object *member;
    GALEN_TRY(find(&member, object, "type", RECORD_JSON_REQUIRED, json_type_string, "", info));
    if (strcmp(json_object_get_string(member), type) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "/type: not %s", type);
    return GALEN_OK;
}
