/* What the files of this module share and nobody else needs. */
#ifndef GALEN_RECORD_INTERNAL_H
#define GALEN_RECORD_INTERNAL_H

#include "record/record.h"

#include <json-c/linkhash.h> /* json_object_object_foreach */

#define RECORD_COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum galen_err record_nomem(struct galen_errinfo *info);

/* base_buf_append with the error text. */
enum galen_err record_buf_put(struct base_buf *buf, const void *data, size_t len,
                              struct galen_errinfo *info);

/* Well-formed UTF-8 without U+0000. */
bool record_utf8_ok(const char *text, size_t len);

/* The member, or NULL when absent, JSON null, or object is no object. */
json_object *record_json_member(json_object *object, const char *key);
/* The member's text, or NULL when it is no string. */
const char *record_json_text(json_object *object, const char *key);

/* A JSON Pointer that grows and shrinks as a walk goes down and up. */
struct record_path {
    char text[RECORD_MAX_PATH_BYTES + 1];
    size_t len;
};
/* Appends "/" and the token with RFC 6901's escapes; LIMIT when it gets too long. To go up again,
 * set len back and text[len] = '\0' (record_path_cut). */
enum galen_err record_path_push(struct record_path *path, const char *token,
                                struct galen_errinfo *info);
enum galen_err record_path_push_index(struct record_path *path, size_t index,
                                      struct galen_errinfo *info);
void record_path_cut(struct record_path *path, size_t len);
/* A JSON Pointer below the top, of at most RECORD_MAX_PATH_BYTES. */
bool record_pointer_ok(const char *path);
/* Is path the place prefix or below it? */
bool record_pointer_covers(const char *prefix, const char *path);

/* The lists of medical_data, in the order of the schema. */
enum record_list { RECORD_DIAGNOSIS, RECORD_TREATMENT, RECORD_MEDICATIONS, RECORD_LAB_RESULTS };
#define RECORD_LISTS 4
extern const char *const record_list_names[RECORD_LISTS + 1]; /* NULL at the end */

/* Shapes of single texts, shared by the schema, FHIR and Safe Harbor. */
bool record_is_decimal(const char *text); /* FHIR decimal: -?(0|[1-9]d*)(.d+)?([eE][+-]?d+)? */
bool record_is_date(const char *text);    /* FHIR dateTime: year, month, day or instant */
bool record_is_address(const char *text); /* 0x and 40 hex digits */
bool record_is_gender(const char *text);  /* FHIR administrative-gender */
bool record_is_comparator(const char *text);
bool record_is_index(const char *token); /* 0 or digits without a leading zero, below 2^31 */

/* Number of scalars below value. */
size_t record_count_leaves(json_object *value);

#endif
