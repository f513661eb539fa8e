/* Closed schemas as tables: the record's and the release's. */
#ifndef GALEN_RECORD_SHAPE_H
#define GALEN_RECORD_SHAPE_H

#include "record/internal.h"

struct record_shape;

enum record_kind {
    RECORD_KIND_NONE, /* ends a table */
    RECORD_KIND_TEXT,
    RECORD_KIND_INT,
    RECORD_KIND_OBJECT,
    RECORD_KIND_LIST, /* of objects of one shape */
};

struct record_member {
    const char *key;
    enum record_kind kind;
    bool required;
    int64_t min, max;                /* TEXT: max bytes; INT: the value; LIST: max elements */
    bool (*check)(const char *text); /* TEXT: may be NULL */
    const char *expected;            /* TEXT: what check asks for, for the error */
    const struct record_shape *shape;
};

/* Rows of such a table; names ending in _ keep clear of the members'. */
#define TEXT(name, required_, max_) FORM(name, required_, max_, NULL, NULL)
#define FORM(name, required_, max_, check_, expected_)                                             \
    {                                                                                              \
        name, RECORD_KIND_TEXT, required_, 0, max_, check_, expected_, NULL                        \
    }
#define INTEGER(name, required_, min_, max_)                                                       \
    {                                                                                              \
        name, RECORD_KIND_INT, required_, min_, max_, NULL, NULL, NULL                             \
    }
#define OBJECT(name, required_, shape_)                                                            \
    {                                                                                              \
        name, RECORD_KIND_OBJECT, required_, 0, 0, NULL, NULL, shape_                              \
    }
#define LIST(name, max_, shape_)                                                                   \
    {                                                                                              \
        name, RECORD_KIND_LIST, false, 0, max_, NULL, NULL, shape_                                 \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, RECORD_KIND_NONE, false, 0, 0, NULL, NULL, NULL                                      \
    }

struct record_shape {
    const struct record_member *members; /* ends with RECORD_KIND_NONE */
    const char *(*rule)(json_object *);  /* across members: NULL or what is wrong; may be NULL */
};

/* value is exactly of this shape. PARSE names the place. path is value's place, restored on
 * success. */
enum galen_err record_shape_check(const struct record_shape *shape, json_object *value,
                                  struct record_path *path, struct galen_errinfo *info);

/* A copy of what in value fits the shape; everything else is left out. Leaves keep their
 * json_object_set_userdata. *out = NULL when nothing is
 * left, a required member is missing or the rule does not hold. */
enum galen_err record_shape_project(json_object **out, const struct record_shape *shape,
                                    json_object *value, struct galen_errinfo *info);

extern const struct record_shape record_release_shape; /* safeharbor.c */
extern const struct record_shape record_shape_whole;   /* a record's: schema.c */

#endif
