/* A disclosure as JSON, and the disclosed fields as the nested JSON they were taken from. */
#include "record/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- encode and parse ------------------------------------------------------------------------ */

static enum galen_err encode_field(json_object *fields, const struct record_field *field,
                                   struct galen_errinfo *info)
{
    json_object *value = NULL;
    json_object *item = json_object_new_object();
    GALEN_TRY(record_json_push(fields, item, info));
    GALEN_TRY(record_json_set(item, "path", json_object_new_string(field->path), info));
    GALEN_TRY(record_json_copy(&value, field->value, info));
    GALEN_TRY(record_json_set(item, "value", value, info));
    GALEN_TRY(record_json_set_hex(item, "salt", field->salt, sizeof field->salt, info));
    return record_json_set(item, "index", json_object_new_int64(field->index), info);
}

enum galen_err record_disclosure_encode(json_object **out,
                                        const struct record_disclosure *disclosure,
                                        struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    GALEN_TRY(record_json_set(made, "type", json_object_new_string(RECORD_DISCLOSURE_TYPE), info));
    GALEN_TRY(record_json_set_hex(made, "root", disclosure->root, sizeof disclosure->root, info));
    GALEN_TRY(record_json_set(made, "count", json_object_new_int64(disclosure->leaf_count), info));
    json_object *fields = json_object_new_array();
    GALEN_TRY(record_json_set(made, "fields", fields, info));
    for (size_t i = 0; i < disclosure->field_count; i++)
        GALEN_TRY(encode_field(fields, &disclosure->fields[i], info));
    json_object *siblings = json_object_new_array();
    GALEN_TRY(record_json_set(made, "siblings", siblings, info));
    for (size_t i = 0; i < disclosure->sibling_count; i++) {
        char text[2 + 2 * RECORD_HASH_BYTES + 1] = "0x";
        base_hex_encode(text + 2, disclosure->siblings[i], RECORD_HASH_BYTES);
        GALEN_TRY(record_json_push(siblings, json_object_new_string(text), info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}

static enum galen_err parse_field(struct record_field *field, json_object *item, int64_t min_index,
                                  int64_t leaf_count, const char *where, struct galen_errinfo *info)
{
    static const char *const keys[] = {"path", "value", "salt", "index", NULL};
    const char *path = NULL;
    int64_t index = 0;
    GALEN_TRY(record_json_check_keys(item, keys, NULL, where, info));
    GALEN_TRY(record_json_get_text(&path, item, "path", RECORD_JSON_REQUIRED, RECORD_MAX_PATH_BYTES,
                                   where, info));
    if (!record_pointer_ok(path))
        return base_fail(info, GALEN_ERR_PARSE, "%s/path: not a JSON Pointer", where);
    GALEN_TRY(record_json_get_hex(field->salt, sizeof field->salt, item, "salt",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_int(&index, item, "index", RECORD_JSON_REQUIRED, min_index,
                                  leaf_count - 1, where, info));
    field->index = (uint32_t)index;
    json_object *value = record_json_member(item, "value");
    enum json_type type = json_object_get_type(value);
    if (type != json_type_string && type != json_type_int && type != json_type_boolean)
        return base_fail(info, GALEN_ERR_PARSE, "%s/value: not a text, an integer or a truth value",
                         where);
    field->path = strdup(path);
    if (field->path == NULL)
        return record_nomem(info);
    return record_json_copy(&field->value, value, info);
}

static enum galen_err parse_sibling(uint8_t out32[RECORD_HASH_BYTES], json_object *item,
                                    size_t number, struct galen_errinfo *info)
{
    const char *text = json_object_is_type(item, json_type_string) ? json_object_get_string(item)
                                                                   : "";
    if (strncmp(text, "0x", 2) != 0 || strlen(text) != 2 + 2 * RECORD_HASH_BYTES ||
        strspn(text + 2, "0123456789abcdef") != 2 * RECORD_HASH_BYTES ||
        json_object_get_string_len(item) != 2 + 2 * RECORD_HASH_BYTES)
        return base_fail(info, GALEN_ERR_PARSE,
                         "/siblings/%zu: not 0x and 64 lower-case hex digits", number);
    return base_hex_decode(out32, RECORD_HASH_BYTES, text, "sibling", info);
}

enum galen_err record_disclosure_parse(struct record_disclosure *out, json_object *value,
                                       struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "root", "count", "fields", "siblings", NULL};
    GALEN_ASSERT(out->fields == NULL && out->siblings == NULL);
    RECORD_DISCLOSURE_AUTO made = {0};
    json_object *fields = NULL;
    json_object *siblings = NULL;
    int64_t count = 0;
    GALEN_TRY(record_json_check_keys(value, keys, NULL, "", info));
    GALEN_TRY(record_json_check_type(value, RECORD_DISCLOSURE_TYPE, info));
    GALEN_TRY(record_json_get_hex(made.root, sizeof made.root, value, "root", RECORD_JSON_REQUIRED,
                                  "", info));
    GALEN_TRY(record_json_get_int(&count, value, "count", RECORD_JSON_REQUIRED, 1,
                                  RECORD_MAX_LEAVES, "", info));
    made.leaf_count = (uint32_t)count;
    GALEN_TRY(record_json_get_array(&fields, value, "fields", RECORD_JSON_REQUIRED, 1,
                                    (size_t)count, "", info));
    GALEN_TRY(record_json_get_array(&siblings, value, "siblings", RECORD_JSON_REQUIRED, 0,
                                    (size_t)count - 1, "", info));
    size_t field_count = json_object_array_length(fields);
    size_t sibling_count = json_object_array_length(siblings);
    made.fields = calloc(field_count, sizeof *made.fields);
    made.siblings = calloc(sibling_count + 1, sizeof *made.siblings);
    if (made.fields == NULL || made.siblings == NULL)
        return record_nomem(info);
    for (size_t i = 0; i < field_count; i++) {
        char where[40];
        snprintf(where, sizeof where, "/fields/%zu", i);
        int64_t min_index = i == 0 ? 0 : (int64_t)made.fields[i - 1].index + 1;
        made.field_count = i + 1; /* what a failure has to clear */
        GALEN_TRY(parse_field(&made.fields[i], json_object_array_get_idx(fields, i), min_index,
                              count, where, info));
    }
    for (size_t i = 0; i < sibling_count; i++)
        GALEN_TRY(parse_sibling(made.siblings[i], json_object_array_get_idx(siblings, i), i, info));
    made.sibling_count = sibling_count;
    *out = made;
    made = (struct record_disclosure){0};
    return GALEN_OK;
}

/* ---- nested content -------------------------------------------------------------------------- */

/* Takes the first token off *path, unescaped, into token. */
static void next_token(char token[RECORD_MAX_PATH_BYTES + 1], const char **path)
{
    const char *at = *path + 1;
    size_t len = 0;
    for (; *at != '\0' && *at != '/'; at++) {
        if (*at == '~') {
            token[len++] = at[1] == '0' ? '~' : '/';
            at++;
        } else {
            token[len++] = *at;
        }
    }
    token[len] = '\0';
    *path = at;
}

/* Everything is first an object, whatever its keys. */
static enum galen_err insert(json_object *top, const struct record_field *field,
                             struct galen_errinfo *info)
{
    char token[RECORD_MAX_PATH_BYTES + 1];
    const char *rest = field->path;
    json_object *node = top;
    for (int depth = 0;; depth++) {
        if (depth == RECORD_MAX_JSON_DEPTH)
            return base_fail(info, GALEN_ERR_CHECK, "a path of more than %d parts",
                             RECORD_MAX_JSON_DEPTH);
        next_token(token, &rest);
        json_object *child = NULL;
        bool there = json_object_object_get_ex(node, token, &child);
        if (there && (*rest == '\0' || !json_object_is_type(child, json_type_object)))
            return base_fail(info, GALEN_ERR_CHECK, "a path is both a value and a container");
        if (*rest == '\0') {
            GALEN_TRY(record_json_copy(&child, field->value, info));
            return record_json_set(node, token, child, info);
        }
        if (!there) {
            child = json_object_new_object();
            GALEN_TRY(record_json_set(node, token, child, info));
        }
        node = child;
    }
}

struct element {
    unsigned long index;
    json_object *value;
};

static int by_index(const void *a, const void *b)
{
    unsigned long left = ((const struct element *)a)->index;
    unsigned long right = ((const struct element *)b)->index;
    return (left > right) - (left < right);
}

static void free_elements(struct element **elements)
{
    free(*elements);
}

static enum galen_err settle(json_object **out, json_object *value, struct galen_errinfo *info);

static enum galen_err settle_array(json_object **out, json_object *object,
                                   struct galen_errinfo *info)
{
    size_t count = (size_t)json_object_object_length(object);
    GALEN_CLEANUP(free_elements) struct element *elements = calloc(count, sizeof *elements);
    if (elements == NULL)
        return record_nomem(info);
    size_t n = 0;
    json_object_object_foreach(object, key, member)
    {
        elements[n].index = strtoul(key, NULL, 10);
        elements[n++].value = member;
    }
    qsort(elements, n, sizeof *elements, by_index);
    RECORD_JSON_AUTO array = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        json_object *element = NULL;
        GALEN_TRY(settle(&element, elements[i].value, info));
        GALEN_TRY(record_json_push(array, element, info));
    }
    *out = array;
    array = NULL;
    return GALEN_OK;
}

/* A copy of value in which objects whose keys are all indices have become arrays. */
static enum galen_err settle(json_object **out, json_object *value, struct galen_errinfo *info)
{
    if (!json_object_is_type(value, json_type_object))
        return record_json_copy(out, value, info);
    size_t indices = 0;
    json_object_object_foreach(value, name, ignored)
    {
        (void)ignored;
        indices += record_is_index(name);
    }
    if (indices == (size_t)json_object_object_length(value))
        return settle_array(out, value, info);
    if (indices != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the paths make one place both array and object");
    RECORD_JSON_AUTO made = json_object_new_object();
    json_object_object_foreach(value, key, member)
    {
        json_object *child = NULL;
        GALEN_TRY(settle(&child, member, info));
        GALEN_TRY(record_json_set(made, key, child, info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err record_disclosure_content(json_object **out,
                                         const struct record_disclosure *disclosure,
                                         struct galen_errinfo *info)
{
    RECORD_JSON_AUTO flat = json_object_new_object();
    if (flat == NULL)
        return record_nomem(info);
    if (disclosure->field_count == 0)
        return base_fail(info, GALEN_ERR_CHECK, "no field is disclosed");
    for (size_t i = 0; i < disclosure->field_count; i++) {
        if (!record_pointer_ok(disclosure->fields[i].path))
            return base_fail(info, GALEN_ERR_CHECK, "a path is no JSON Pointer");
        GALEN_TRY(insert(flat, &disclosure->fields[i], info));
    }
    return settle(out, flat, info);
}
