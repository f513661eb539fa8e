/* The single rules of Safe Harbor that texts are held against; safeharbor.c has the tables. */
#ifndef GALEN_RECORD_SAFEHARBOR_H
#define GALEN_RECORD_SAFEHARBOR_H

#include "record/internal.h"

#define RECORD_AGE_BAND_TEXT 8

/* One row of safeharbor.json's fields. "*" in a path stands for any one part. All static. */
enum record_action { RECORD_DROP, RECORD_KEEP, RECORD_GENERALISE };
struct record_field_rule {
    const char *path; /* in a record */
    enum record_action action;
    const char *to, *or_to; /* where in a release it may come; or_to NULL: there alone */
    const char *rule;
    const char *identifier; /* which of Safe Harbor's kinds, by its letter; NULL: none */
    const char *reason;
    const char *otherwise; /* why a value that may pass did not; NULL: it always does */
};
const struct record_field_rule *record_field_rules(size_t *n);
/* The rule of a leaf of a record; NULL: there is none. */
const struct record_field_rule *record_field_rule_of(const char *path);
bool record_path_fits(const char *pattern, const char *path);

/*
 * Where each leaf of a release comes from (deidentify.c). Begin marks the leaves of a record's copy
 * that is then worked on; a value made anew gets its source's mark, and projection carries it
 * along. End takes the marks off the content, and holds every leaf of it against the rule of the
 * field that it comes from: INTERNAL when one has none, or not that. report (may be NULL) receives
 * a row for each leaf of the record.
 */
struct record_origins;
void record_origins_free(struct record_origins **origins);
#define RECORD_ORIGINS_AUTO GALEN_CLEANUP(record_origins_free) struct record_origins *
enum galen_err record_origins_begin(struct record_origins **out, json_object *copy,
                                    struct galen_errinfo *info);
enum galen_err record_origins_end(struct record_origins *origins, json_object *content,
                                  json_object **report, struct galen_errinfo *info);
/* object[key] = value, made of source, a marked leaf. */
enum galen_err record_set_from(json_object *object, const char *key, json_object *value,
                               json_object *source, struct galen_errinfo *info);

/* "40-44" … "85-89", "90+". */
void record_age_band(char out[RECORD_AGE_BAND_TEXT], int64_t age);

/* A code of a public code system, formed as that system's codes are, that identifies nobody. */
bool record_code_public(const char *system, const char *code);
bool record_is_loinc_identifying(const char *code);

/* ISO 3166-1 alpha-2 of a code or one of the United States' usual names; NULL when unknown. The
 * result is static or code itself. */
const char *record_country_code(const char *country);
/* USPS code of a state or territory, by code or name; NULL when unknown. Static. */
const char *record_state_code(const char *state);

/* UCUM unit without annotations ({…}, which carry free text and no meaning); false when it does not
 * fit or holds anything a UCUM unit does not. */
bool record_unit_strip(char *out, size_t out_size, const char *unit);

#endif
