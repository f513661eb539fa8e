/* Which field of a record each leaf of its release comes from: what safeharbor.json's rules are
 * enforced by, and what the report tells. A leaf is marked by json_object_set_userdata. */
#include "record/safeharbor.h"

#include <stdlib.h>
#include <string.h>

struct origin {
    char *path; /* owned; in the record */
    const struct record_field_rule *rule;
    json_object *result; /* borrowed from the content; NULL: dropped */
    char *to;            /* owned; where it is there */
    bool changed;        /* the value is not the record's */
};

struct record_origins {
    struct origin *list; /* owned; in the record's order */
    size_t count, room;
};

void record_origins_free(struct record_origins **origins)
{
    if (*origins == NULL)
        return;
    for (size_t i = 0; i < (*origins)->count; i++) {
        free((*origins)->list[i].path);
        free((*origins)->list[i].to);
    }
    free((*origins)->list);
    free(*origins);
    *origins = NULL;
}

/* ---- walking ------------------------------------------------------------------------------------ */

typedef enum galen_err visit(struct record_origins *origins, json_object *leaf, const char *path,
                             struct galen_errinfo *info);

static enum galen_err walk(struct record_origins *origins, json_object *value,
                           struct record_path *path, visit *each, struct galen_errinfo *info)
{
    const size_t here = path->len;
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            GALEN_TRY(record_path_push(path, key, info));
            GALEN_TRY(walk(origins, member, path, each, info));
            record_path_cut(path, here);
        }
        return GALEN_OK;
    }
    if (!json_object_is_type(value, json_type_array))
        return each(origins, value, path->text, info);
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        GALEN_TRY(record_path_push_index(path, i, info));
        GALEN_TRY(walk(origins, json_object_array_get_idx(value, i), path, each, info));
        record_path_cut(path, here);
    }
    return GALEN_OK;
}

static enum galen_err mark(struct record_origins *origins, json_object *leaf, const char *path,
                           struct galen_errinfo *info)
{
    GALEN_ASSERT(origins->count < origins->room);
    struct origin *origin = &origins->list[origins->count];
    origin->rule = record_field_rule_of(path);
    if (origin->rule == NULL)
        return base_fail(info, GALEN_ERR_INTERNAL, "%s: no rule says whether it may be sold", path);
    if ((origin->path = strdup(path)) == NULL)
        return record_nomem(info);
    origins->count++;
    json_object_set_userdata(leaf, origin, NULL);
    return GALEN_OK;
}

enum galen_err record_origins_begin(struct record_origins **out, json_object *copy,
                                    struct galen_errinfo *info)
{
    struct record_path path = {0};
    RECORD_ORIGINS_AUTO made = calloc(1, sizeof *made);
    if (made == NULL)
        return record_nomem(info);
    made->room = record_count_leaves(copy);
    if ((made->list = calloc(made->room + 1, sizeof *made->list)) == NULL)
        return record_nomem(info);
    GALEN_TRY(walk(made, copy, &path, mark, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err record_set_from(json_object *object, const char *key, json_object *value,
                               json_object *source, struct galen_errinfo *info)
{
    struct origin *origin = source != NULL ? json_object_get_userdata(source) : NULL;
    if (origin != NULL && value != NULL) {
        origin->changed = origin->changed || !json_object_equal(value, source);
        json_object_set_userdata(value, origin, NULL);
    }
    return record_json_set(object, key, value, info);
}

/* ---- holding the content against the rules ------------------------------------------------------- */

/* How many entries there are says nothing of a field's value. */
static bool is_tally(const char *path)
{
    return record_path_fits("/count/*", path) || record_path_fits("/leaves/*", path);
}

static enum galen_err take(struct record_origins *origins, json_object *leaf, const char *path,
                           struct galen_errinfo *info)
{
    struct origin *origin = json_object_get_userdata(leaf);
    json_object_set_userdata(leaf, NULL, NULL);
    if (origin == NULL)
        return is_tally(path) ? GALEN_OK
                              : base_fail(info, GALEN_ERR_INTERNAL,
                                          "%s of a release comes from nowhere", path);
    const struct record_field_rule *rule = origin->rule;
    const bool may_pass = rule->action != RECORD_DROP &&
                          (rule->action == RECORD_GENERALISE || !origin->changed) &&
                          (record_path_fits(rule->to, path) ||
                           (rule->or_to != NULL && record_path_fits(rule->or_to, path)));
    if (!may_pass || origin->result != NULL)
        return base_fail(info, GALEN_ERR_INTERNAL,
                         "%s would come into a release as %s, which its rule \"%s\" forbids",
                         origin->path, path, rule->rule);
    origin->result = leaf;
    return (origin->to = strdup(path)) != NULL ? GALEN_OK : record_nomem(info);
}

static enum galen_err set_text(json_object *row, const char *key, const char *text,
                               struct galen_errinfo *info)
{
    return text == NULL ? GALEN_OK : record_json_set(row, key, json_object_new_string(text), info);
}

static enum galen_err add_row(json_object *report, const struct origin *origin,
                              struct galen_errinfo *info)
{
    const struct record_field_rule *rule = origin->rule;
    const bool dropped = origin->result == NULL;
    RECORD_JSON_AUTO row = json_object_new_object();
    json_object *result = NULL;
    GALEN_TRY(set_text(row, "path", origin->path, info));
    GALEN_TRY(set_text(row, "action",
                       dropped                             ? "dropped"
                       : rule->action == RECORD_GENERALISE ? "generalised"
                                                           : "kept",
                       info));
    GALEN_TRY(set_text(row, "to", origin->to, info));
    if (!dropped) {
        GALEN_TRY(record_json_copy(&result, origin->result, info));
        GALEN_TRY(record_json_set(row, "result", result, info));
    }
    GALEN_TRY(set_text(row, "rule", rule->rule, info));
    GALEN_TRY(set_text(row, "identifier", rule->identifier, info));
    GALEN_TRY(set_text(row, "reason",
                       dropped && rule->otherwise != NULL ? rule->otherwise : rule->reason, info));
    json_object *given = row;
    row = NULL;
    return record_json_push(report, given, info);
}

enum galen_err record_origins_end(struct record_origins *origins, json_object *content,
                                  json_object **report, struct galen_errinfo *info)
{
    struct record_path path = {0};
    GALEN_TRY(walk(origins, content, &path, take, info));
    if (report == NULL)
        return GALEN_OK;
    RECORD_JSON_AUTO rows = json_object_new_array();
    for (size_t i = 0; i < origins->count; i++)
        GALEN_TRY(add_row(rows, &origins->list[i], info));
    *report = rows;
    rows = NULL;
    return GALEN_OK;
}
