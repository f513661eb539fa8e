/*
 * pygroupsig's texts. JSON is read by json-c in its strict mode; what is written is Python's
 * json.dumps of names and base64 only, which needs no escapes. Buffers hold secrets when a key goes
 * through them: they are wiped. Nothing is logged or repeated in errors.
 */
#include "groupsig/classic_internal.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define CAP    GROUPSIG_CLASSIC_MAX_TEXT

/* Exactly size bytes from a base64 text without anything around it. */
static bool base64_exact(uint8_t *out, size_t size, const char *text, size_t len)
{
    size_t got;
    return sodium_base642bin(out, size, text, len, NULL, &got, NULL, BASE64) == 0 && got == size;
}

/* An object of exactly count members, all strings. Names and values of this format hold neither
 * quotes nor escapes, so four quotes a member show that none is there twice. */
static json_object *object_parse(const char *text, size_t len, size_t count)
{
    size_t quotes = 0;
    for (size_t i = 0; i < len; i++) {
        quotes += text[i] == '"';
        if (text[i] == '\\' || text[i] == '\0')
            return NULL;
    }
    if (quotes != 4 * count || len > CAP)
        return NULL;
    json_tokener *tokener = json_tokener_new_ex(2);
    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *object = json_tokener_parse_ex(tokener, text, (int)len);
    bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                 json_tokener_get_parse_end(tokener) == len;
    json_tokener_free(tokener);
    if (whole && json_object_is_type(object, json_type_object) &&
        json_object_object_length(object) == (int)count)
        return object;
    json_object_put(object);
    return NULL;
}

/* json-c frees its strings without wiping them; what its tokener held, it frees as it is. */
static void object_free(json_object *object)
{
    json_object_object_foreach(object, name, value)
    {
        (void)name;
        if (json_object_is_type(value, json_type_string))
            gs_wipe((char *)(uintptr_t)json_object_get_string(value),
                    (size_t)json_object_get_string_len(value));
    }
    json_object_put(object);
}

/* NULL: no such member, or not a string. */
static const char *member(json_object *object, const char *name, size_t *len)
{
    json_object *value;
    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    *len = (size_t)json_object_get_string_len(value);
    return json_object_get_string(value);
}

static bool member_is(json_object *object, const char *name, const char *expected)
{
    size_t len;
    const char *text = member(object, name, &len);
    return text && len == strlen(expected) && memcmp(text, expected, len) == 0;
}

bool gs_classic_proof_parse(const struct gs_classic_field *fields, size_t count, const char *text,
                            size_t len)
{
    char json[CAP];
    size_t json_len;
    if (len > CAP || sodium_base642bin((uint8_t *)json, sizeof json, text, len, NULL, &json_len,
                                       NULL, BASE64) != 0)
        return false;
    json_object *object = object_parse(json, json_len, count);
    gs_wipe(json, sizeof json);
    if (!object)
        return false;
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        size_t value_len;
        const char *value = member(object, fields[i].name, &value_len);
        ok = value && base64_exact(fields[i].bytes, fields[i].size, value, value_len);
    }
    object_free(object);
    return ok;
}

bool gs_classic_text_parse(const char *type, const struct gs_classic_field *fields, size_t count,
                           const char *text, size_t len)
{
    char json[CAP];
    size_t json_len, inner_len;
    if (len > CAP || sodium_base642bin((uint8_t *)json, sizeof json, text, len, NULL, &json_len,
                                       NULL, BASE64) != 0)
        return false;
    json_object *object = object_parse(json, json_len, type ? 3 : 2);
    gs_wipe(json, sizeof json);
    if (!object)
        return false;
    const char *inner = member(object, type ? "key" : "signature", &inner_len);
    bool ok = inner && member_is(object, "scheme", "cpy06") &&
              (!type || member_is(object, "type", type)) &&
              gs_classic_proof_parse(fields, count, inner, inner_len);
    object_free(object);
    return ok;
}

/* Appends to a text of fixed size; running over it is a bug here. */
struct writer {
    char *text;
    size_t len, cap;
};

static void put(struct writer *writer, const char *text)
{
    size_t len = strlen(text);
    if (len >= writer->cap - writer->len)
        abort();
    memcpy(writer->text + writer->len, text, len + 1);
    writer->len += len;
}

static void put_base64(struct writer *writer, const void *bytes, size_t len)
{
    size_t needed = sodium_base64_encoded_len(len, BASE64);
    if (needed > writer->cap - writer->len)
        abort();
    sodium_bin2base64(writer->text + writer->len, needed, bytes, len, BASE64);
    writer->len += needed - 1;
}

/* {"name": "base64", ...} */
static void put_fields(struct writer *writer, const struct gs_classic_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(writer, i == 0 ? "{\"" : ", \"");
        put(writer, fields[i].name);
        put(writer, "\": \"");
        put_base64(writer, fields[i].bytes, fields[i].size);
        put(writer, "\"");
    }
    put(writer, "}");
}

static void finish(char *text, size_t text_len, const struct writer *json)
{
    struct writer out = {.text = text, .cap = text_len + 1};
    put_base64(&out, json->text, json->len);
    if (out.len != text_len)
        abort();
}

void gs_classic_proof_encode(char *text, size_t text_len, const struct gs_classic_field *fields,
                             size_t count)
{
    char json[CAP];
    struct writer writer = {.text = json, .cap = sizeof json};
    put_fields(&writer, fields, count);
    finish(text, text_len, &writer);
    gs_wipe(json, sizeof json);
}

void gs_classic_text_encode(char *text, size_t text_len, const char *type,
                            const struct gs_classic_field *fields, size_t count)
{
    char inner[CAP], json[CAP];
    struct writer inner_writer = {.text = inner, .cap = sizeof inner};
    struct writer writer = {.text = json, .cap = sizeof json};
    put_fields(&inner_writer, fields, count);
    put(&writer, "{\"scheme\": \"cpy06\", ");
    if (type) {
        put(&writer, "\"type\": \"");
        put(&writer, type);
        put(&writer, "\", \"key\": \"");
    } else {
        put(&writer, "\"signature\": \"");
    }
    put_base64(&writer, inner, inner_writer.len);
    put(&writer, "\"}");
    finish(text, text_len, &writer);
    gs_wipe(inner, sizeof inner);
    gs_wipe(json, sizeof json);
}
