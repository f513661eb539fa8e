/* Making a release from a record, and its JSON. What may pass is told by safeharbor.c's tables;
 * this file only brings a record's members into the forms that they ask for. */
#include "record/safeharbor.h"
#include "record/shape.h"

#include <stdlib.h>
#include <string.h>

/* ---- bringing a copy of the record into form
 * -------------------------------------------------------- */

static bool coding_public(json_object *coding)
{
    const char *system = record_json_text(coding, "system");
    const char *code = record_json_text(coding, "code");
    return system != NULL && code != NULL && record_code_public(system, code);
}

/* An entry whose own coding may not pass, but one of `also` may, goes under that one. */
static enum galen_err promote_coding(json_object *entry, struct galen_errinfo *info)
{
    json_object *also = record_json_member(entry, "also");
    if (also == NULL || coding_public(entry))
        return GALEN_OK;
    for (size_t i = 0; i < json_object_array_length(also); i++) {
        json_object *coding = json_object_array_get_idx(also, i);
        if (!coding_public(coding))
            continue;
        static const char *const keys[] = {"system", "code"};
        for (int k = 0; k < 2; k++)
            GALEN_TRY(record_set_from(entry, keys[k],
                                      json_object_new_string(record_json_text(coding, keys[k])),
                                      record_json_member(coding, keys[k]), info));
        json_object_array_del_idx(also, i, 1);
        return GALEN_OK;
    }
    return GALEN_OK;
}

/* A number whose unit may not pass means nothing, or something else, and goes too. */
static enum galen_err clean_value(json_object *entry, struct galen_errinfo *info)
{
    char unit[65];
    const char *source = record_json_text(entry, "unit");
    if (source != NULL && record_unit_strip(unit, sizeof unit, source))
        return record_set_from(entry, "unit", json_object_new_string(unit),
                               record_json_member(entry, "unit"), info);
    if (source == NULL && record_json_member(entry, "unit_text") == NULL)
        return GALEN_OK;
    json_object_object_del(entry, "value");
    json_object_object_del(entry, "comparator");
    json_object_object_del(entry, "unit");
    return GALEN_OK;
}

static enum galen_err clean_entries(json_object *list, struct galen_errinfo *info)
{
    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        GALEN_TRY(promote_coding(entry, info));
        GALEN_TRY(clean_value(entry, info));
        GALEN_TRY(clean_entries(record_json_member(entry, "components"), info));
    }
    return GALEN_OK;
}

static enum galen_err clean_demographics(json_object *demographics, struct galen_errinfo *info)
{
    if (demographics == NULL)
        return GALEN_OK;
    json_object *age = record_json_member(demographics, "age");
    if (age != NULL) {
        char band[RECORD_AGE_BAND_TEXT];
        record_age_band(band, json_object_get_int64(age));
        GALEN_TRY(record_set_from(demographics, "age", json_object_new_string(band), age, info));
    }
    json_object *location = record_json_member(demographics, "location");
    const char *country = record_json_text(location, "country");
    const char *state = record_json_text(location, "state");
    const char *country_code = country == NULL ? NULL : record_country_code(country);
    const char *state_code = state == NULL ? NULL : record_state_code(state);
    if (country_code == NULL) {
        json_object_object_del(demographics, "location");
        return GALEN_OK;
    }
    RECORD_JSON_AUTO place = json_object_new_object();
    GALEN_TRY(record_set_from(place, "country", json_object_new_string(country_code),
                              record_json_member(location, "country"), info));
    if (state_code != NULL && strcmp(country_code, "US") == 0)
        GALEN_TRY(record_set_from(place, "state", json_object_new_string(state_code),
                                  record_json_member(location, "state"), info));
    json_object *taken = place;
    place = NULL;
    return record_json_set(demographics, "location", taken, info);
}

/* {"diagnosis": n, …}: entries of each list, or leaves below it. */
static enum galen_err tally(json_object **out, json_object *medical, bool leaves,
                            struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    for (size_t i = 0; i < RECORD_LISTS; i++) {
        json_object *list = record_json_member(medical, record_list_names[i]);
        size_t count = list == NULL ? 0
                       : leaves     ? record_count_leaves(list)
                                    : json_object_array_length(list);
        GALEN_TRY(record_json_set(made, record_list_names[i], json_object_new_int64((int64_t)count),
                                  info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}

static enum galen_err set_tallies(json_object *content, struct galen_errinfo *info)
{
    static const char *const keys[] = {"count", "leaves"};
    for (int i = 0; i < 2; i++) {
        json_object *counts = NULL;
        GALEN_TRY(tally(&counts, record_json_member(content, "medical_data"), i == 1, info));
        GALEN_TRY(record_json_set(content, keys[i], counts, info));
    }
    return GALEN_OK;
}

/* In place, of a record's copy. */
static enum galen_err clean(json_object *copy, struct galen_errinfo *info)
{
    json_object *issued = record_json_member(copy, "issued");
    json_object *named = record_json_member(copy, "category");
    const char *category = record_find_category(json_object_get_string(named));
    GALEN_TRY(record_set_from(copy, "category",
                              json_object_new_string(category == NULL ? "Other" : category), named,
                              info));
    int64_t year = strtol(json_object_get_string(issued), NULL, 10);
    GALEN_TRY(record_set_from(copy, "year", json_object_new_int64(year), issued, info));
    GALEN_TRY(clean_demographics(record_json_member(copy, "demographics"), info));
    json_object *medical = record_json_member(copy, "medical_data");
    for (size_t i = 0; i < RECORD_LISTS; i++)
        GALEN_TRY(clean_entries(record_json_member(medical, record_list_names[i]), info));
    return set_tallies(copy, info); /* so that the shape's required members are there */
}

enum galen_err record_release_report(json_object **out, json_object **report, json_object *record,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(record_validate(record, info));
    RECORD_ORIGINS_AUTO origins = NULL;
    RECORD_JSON_AUTO copy = NULL;
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO rows = NULL;
    GALEN_TRY(record_json_copy(&copy, record, info));
    GALEN_TRY(record_origins_begin(&origins, copy, info));
    GALEN_TRY(clean(copy, info));
    GALEN_TRY(record_shape_project(&content, &record_release_shape, copy, info));
    if (content == NULL)
        return base_fail(info, GALEN_ERR_INTERNAL, "a valid record has no release");
    GALEN_TRY(set_tallies(content, info)); /* of what has passed */
    GALEN_TRY(record_origins_end(origins, content, report != NULL ? &rows : NULL, info));
    GALEN_TRY(record_release_validate(content, info));
    *out = content;
    content = NULL;
    if (report != NULL) {
        *report = rows;
        rows = NULL;
    }
    return GALEN_OK;
}

enum galen_err record_release_describe(json_object **out, json_object *record,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    json_object *content = NULL;
    json_object *report = NULL;
    GALEN_TRY(record_release_report(&content, &report, record, info));
    enum galen_err err = record_json_set(made, "content", content, info);
    if (err != GALEN_OK) {
        json_object_put(report);
        return err;
    }
    GALEN_TRY(record_json_set(made, "report", report, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err record_release_content(json_object **out, json_object *record,
                                      struct galen_errinfo *info)
{
    return record_release_report(out, NULL, record, info);
}

enum galen_err record_release_validate(json_object *content, struct galen_errinfo *info)
{
    static const char *const keys[] = {"count", "leaves"};
    struct record_path path = {0};
    GALEN_TRY(record_shape_check(&record_release_shape, content, &path, info));
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO counts = NULL;
        GALEN_TRY(tally(&counts, record_json_member(content, "medical_data"), i == 1, info));
        if (!json_object_equal(counts, record_json_member(content, keys[i])))
            return base_fail(info, GALEN_ERR_PARSE, "/%s: not what is in /medical_data", keys[i]);
    }
    return GALEN_OK;
}

/* ---- the release as an object
 * ------------------------------------------------------------------------ */

void record_release_clear(struct record_release *release)
{
    if (release == NULL)
        return;
    json_object_put(release->content);
    base_wipe(release, sizeof *release);
}

enum galen_err record_release_tree(struct record_tree **out, const struct record_release *release,
                                   struct galen_errinfo *info)
{
    return record_tree_new_padded(out, release->content, release->seed, info);
}

enum galen_err record_release_encode(json_object **out, const struct record_release *release,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    json_object *content = NULL;
    GALEN_TRY(record_json_set(made, "type", json_object_new_string(RECORD_RELEASE_TYPE), info));
    GALEN_TRY(record_json_copy(&content, release->content, info));
    GALEN_TRY(record_json_set(made, "content", content, info));
    GALEN_TRY(record_json_set_hex(made, "seed", release->seed, sizeof release->seed, info));
    GALEN_TRY(record_json_set(made, "releaseAddr", json_object_new_string(release->release_address),
                              info));
    GALEN_TRY(
        record_json_set(made, "keyVersion", json_object_new_int64(release->key_version), info));
    GALEN_TRY(record_json_set_hex(made, "sig", release->sig, sizeof release->sig, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err record_release_parse(struct record_release *out, json_object *value,
                                    struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",       "content", "seed", "releaseAddr",
                                       "keyVersion", "sig",     NULL};
    GALEN_ASSERT(out->content == NULL);
    RECORD_RELEASE_AUTO made = {0};
    const char *address = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(value, keys, NULL, "", info));
    GALEN_TRY(record_json_check_type(value, RECORD_RELEASE_TYPE, info));
    GALEN_TRY(record_json_get_hex(made.seed, sizeof made.seed, value, "seed", RECORD_JSON_REQUIRED,
                                  "", info));
    GALEN_TRY(
        record_json_get_address(&address, value, "releaseAddr", RECORD_JSON_REQUIRED, "", info));
    memcpy(made.release_address, address, sizeof made.release_address);
    GALEN_TRY(record_json_get_int(&version, value, "keyVersion", RECORD_JSON_REQUIRED, 0,
                                  UINT32_MAX, "", info));
    made.key_version = (uint32_t)version;
    GALEN_TRY(record_json_get_hex(made.sig, sizeof made.sig, value, "sig", RECORD_JSON_REQUIRED, "",
                                  info));
    json_object *content = record_json_member(value, "content");
    enum galen_err err = record_release_validate(content, info);
    if (err != GALEN_OK)
        return base_wrap(info, err, "/content");
    GALEN_TRY(record_json_copy(&made.content, content, info));
    *out = made;
    made = (struct record_release){0};
    return GALEN_OK;
}
