/* Holding JSON against a closed schema, and projecting it onto one. */
#include "record/shape.h"

#include <string.h>

static const struct record_member *find_member(const struct record_shape *shape, const char *key)
{
    const struct record_member *member = shape->members;
    while (member->kind != RECORD_KIND_NONE && strcmp(member->key, key) != 0)
        member++;
    return member->kind == RECORD_KIND_NONE ? NULL : member;
}

static enum galen_err check_list(const struct record_member *member, json_object *list,
                                 struct record_path *path, struct galen_errinfo *info)
{
    size_t count = json_object_array_length(list);
    size_t here = path->len;
    if (count > (size_t)member->max)
        return base_fail(info, GALEN_ERR_LIMIT, "%s: %zu elements; at most %lld are taken",
                         path->text, count, (long long)member->max);
    if (count == 0)
        return base_fail(info, GALEN_ERR_PARSE, "%s: empty", path->text);
    for (size_t i = 0; i < count; i++) {
        GALEN_TRY(record_path_push_index(path, i, info));
        GALEN_TRY(
            record_shape_check(member->shape, json_object_array_get_idx(list, i), path, info));
        record_path_cut(path, here);
    }
    return GALEN_OK;
}

/* object[member->key] is there; where is the object's place. */
static enum galen_err check_member(const struct record_member *member, json_object *object,
                                   struct record_path *path, struct galen_errinfo *info)
{
    const char *where = path->text;
    size_t here = path->len;
    const char *text = NULL;
    json_object *inner = NULL;
    int64_t number;
    switch (member->kind) {
    case RECORD_KIND_TEXT:
        GALEN_TRY(record_json_get_text(&text, object, member->key, RECORD_JSON_REQUIRED,
                                       (size_t)member->max, where, info));
        if (member->check != NULL && !member->check(text))
            return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not %s", where, member->key,
                             member->expected);
        return GALEN_OK;
    case RECORD_KIND_INT:
        return record_json_get_int(&number, object, member->key, RECORD_JSON_REQUIRED, member->min,
                                   member->max, where, info);
    case RECORD_KIND_OBJECT:
        GALEN_TRY(
            record_json_get_object(&inner, object, member->key, RECORD_JSON_REQUIRED, where, info));
        GALEN_TRY(record_path_push(path, member->key, info));
        GALEN_TRY(record_shape_check(member->shape, inner, path, info));
        break;
    case RECORD_KIND_LIST:
        GALEN_TRY(record_json_get_array(&inner, object, member->key, RECORD_JSON_REQUIRED, 0,
                                        SIZE_MAX, where, info));
        GALEN_TRY(record_path_push(path, member->key, info));
        GALEN_TRY(check_list(member, inner, path, info));
        break;
    case RECORD_KIND_NONE:
        break;
    }
    record_path_cut(path, here);
    return GALEN_OK;
}

enum galen_err record_shape_check(const struct record_shape *shape, json_object *value,
                                  struct record_path *path, struct galen_errinfo *info)
{
    enum { MAX_MEMBERS = 24 };
    const char *required[MAX_MEMBERS + 1] = {0};
    const char *optional[MAX_MEMBERS + 1] = {0};
    size_t required_count = 0;
    size_t optional_count = 0;
    for (const struct record_member *m = shape->members; m->kind != RECORD_KIND_NONE; m++) {
        GALEN_ASSERT(required_count + optional_count < MAX_MEMBERS);
        if (m->required)
            required[required_count++] = m->key;
        else
            optional[optional_count++] = m->key;
    }
    GALEN_TRY(record_json_check_keys(value, required, optional, path->text, info));
    if (json_object_object_length(value) == 0)
        return base_fail(info, GALEN_ERR_PARSE, "%s: empty", path->text);
    json_object_object_foreach(value, key, ignored)
    {
        (void)ignored;
        GALEN_TRY(check_member(find_member(shape, key), value, path, info));
    }
    const char *wrong = shape->rule == NULL ? NULL : shape->rule(value);
    if (wrong != NULL)
        return base_fail(info, GALEN_ERR_PARSE, "%s: %s", path->text, wrong);
    return GALEN_OK;
}

/* ---- projection ------------------------------------------------------------------------------ */

/* A leaf, with the mark of where it comes from, if it has one. */
static enum galen_err copy_leaf(json_object **out, json_object *leaf, struct galen_errinfo *info)
{
    json_object *made = json_object_is_type(leaf, json_type_int)
                            ? json_object_new_int64(json_object_get_int64(leaf))
                            : json_object_new_string_len(json_object_get_string(leaf),
                                                         json_object_get_string_len(leaf));
    if (made == NULL)
        return record_nomem(info);
    json_object_set_userdata(made, json_object_get_userdata(leaf), NULL);
    *out = made;
    return GALEN_OK;
}

static enum galen_err project_member(json_object **out, const struct record_member *member,
                                     json_object *object, struct galen_errinfo *info)
{
    struct record_path path = {0};
    json_object *value = record_json_member(object, member->key);
    if (value == NULL)
        return GALEN_OK;
    if (member->kind == RECORD_KIND_TEXT || member->kind == RECORD_KIND_INT) {
        if (check_member(member, object, &path, NULL) != GALEN_OK)
            return GALEN_OK;
        return copy_leaf(out, value, info);
    }
    if (member->kind == RECORD_KIND_OBJECT)
        return record_shape_project(out, member->shape, value, info);
    if (!json_object_is_type(value, json_type_array))
        return GALEN_OK;

    RECORD_JSON_AUTO list = json_object_new_array();
    if (list == NULL)
        return record_nomem(info);
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        json_object *element = NULL;
        GALEN_TRY(record_shape_project(&element, member->shape, json_object_array_get_idx(value, i),
                                       info));
        if (element != NULL)
            GALEN_TRY(record_json_push(list, element, info));
        if (json_object_array_length(list) == (size_t)member->max)
            break;
    }
    if (json_object_array_length(list) == 0)
        return GALEN_OK;
    *out = list;
    list = NULL;
    return GALEN_OK;
}

enum galen_err record_shape_project(json_object **out, const struct record_shape *shape,
                                    json_object *value, struct galen_errinfo *info)
{
    if (!json_object_is_type(value, json_type_object))
        return GALEN_OK;
    RECORD_JSON_AUTO made = json_object_new_object();
    if (made == NULL)
        return record_nomem(info);
    for (const struct record_member *m = shape->members; m->kind != RECORD_KIND_NONE; m++) {
        json_object *member = NULL;
        GALEN_TRY(project_member(&member, m, value, info));
        if (member != NULL)
            GALEN_TRY(record_json_set(made, m->key, member, info));
        else if (m->required)
            return GALEN_OK;
    }
    if (json_object_object_length(made) == 0 || (shape->rule != NULL && shape->rule(made) != NULL))
        return GALEN_OK;
    *out = made;
    made = NULL;
    return GALEN_OK;
}
