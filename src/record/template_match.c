/* Templates against releases: what fits, what is disclosed, and whether a disclosure is complete.
 */
#include "record/internal.h"

#include <string.h>

struct wish {
    const char *key;
    const char *path;
    bool wanted;
};

static void get_demographic_wishes(struct wish out[4], const struct record_template *request)
{
    out[0] = (struct wish){"age", "/demographics/age", request->age};
    out[1] = (struct wish){"gender", "/demographics/gender", request->gender};
    out[2] = (struct wish){"location", "/demographics/location", request->location};
    out[3] = (struct wish){"ethnicity", "/demographics/ethnicity", request->ethnicity};
}

/* In the order of enum record_list. */
static void get_list_wishes(struct wish out[RECORD_LISTS], const struct record_template *request)
{
    out[0] = (struct wish){"diagnosis", "/medical_data/diagnosis", request->diagnosis};
    out[1] = (struct wish){"treatment", "/medical_data/treatment", request->treatment};
    out[2] = (struct wish){"medications", "/medical_data/medications", request->medications};
    out[3] = (struct wish){"lab_results", "/medical_data/lab_results", request->lab_results};
}

size_t record_template_paths(const char *paths[RECORD_TEMPLATE_MAX_PATHS],
                             const struct record_template *request)
{
    static const char *const counts[RECORD_LISTS] = {"/count/diagnosis", "/count/treatment",
                                                     "/count/medications", "/count/lab_results"};
    static const char *const leaves[RECORD_LISTS] = {"/leaves/diagnosis", "/leaves/treatment",
                                                     "/leaves/medications", "/leaves/lab_results"};
    struct wish wishes[4];
    struct wish lists[RECORD_LISTS];
    size_t n = 0;
    get_demographic_wishes(wishes, request);
    get_list_wishes(lists, request);
    paths[n++] = "/category";
    paths[n++] = "/year";
    for (int i = 0; i < 4; i++) {
        if (wishes[i].wanted)
            paths[n++] = wishes[i].path;
    }
    for (int i = 0; i < RECORD_LISTS; i++) {
        if (!lists[i].wanted)
            continue;
        paths[n++] = lists[i].path;
        paths[n++] = counts[i];
        paths[n++] = leaves[i];
    }
    GALEN_ASSERT(n <= RECORD_TEMPLATE_MAX_PATHS);
    return n;
}

/* ---- matching -------------------------------------------------------------------------------- */

static bool has_prefix(json_object *coding, const char *prefix)
{
    const char *code = record_json_text(coding, "code");
    return code != NULL && strncmp(code, prefix, strlen(prefix)) == 0;
}

/* One of the entries' codes, or of their further codings, begins with prefix. */
static bool list_has_prefix(json_object *list, const char *prefix)
{
    if (!json_object_is_type(list, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        if (has_prefix(entry, prefix) || list_has_prefix(record_json_member(entry, "also"), prefix))
            return true;
    }
    return false;
}

static bool fits_filters(const struct record_template *request, json_object *medical)
{
    struct wish lists[RECORD_LISTS];
    get_list_wishes(lists, request);
    for (size_t f = 0; f < request->filter_count; f++) {
        for (int i = 0; i < RECORD_LISTS; i++) {
            if (lists[i].wanted &&
                list_has_prefix(record_json_member(medical, lists[i].key), request->filters[f]))
                return true;
        }
    }
    return request->filter_count == 0;
}

/* NULL when the content fits, else why not; *what is then the field, or "". */
static const char *find_mismatch(const char **what, const struct record_template *request,
                                 json_object *content, int request_year)
{
    *what = "";
    const char *category = record_json_text(content, "category");
    if (category == NULL || strcmp(category, request->category) != 0)
        return "another category";
    json_object *year = record_json_member(content, "year");
    if (!json_object_is_type(year, json_type_int) ||
        json_object_get_int64(year) < (int64_t)request_year - (int64_t)request->years)
        return "older than the time period";

    struct wish wishes[4 + RECORD_LISTS];
    get_demographic_wishes(wishes, request);
    get_list_wishes(wishes + 4, request);
    json_object *groups[2] = {record_json_member(content, "demographics"),
                              record_json_member(content, "medical_data")};
    for (int i = 0; i < 4 + RECORD_LISTS; i++) {
        if (!wishes[i].wanted)
            continue;
        json_object *value = record_json_member(groups[i / 4], wishes[i].key);
        *what = wishes[i].path;
        if (value == NULL)
            return "no value for a field that is asked for";
        if (i >= 4 && !json_object_is_type(value, json_type_array))
            return "no list";
    }
    *what = "";
    return fits_filters(request, groups[1]) ? NULL : "no code that the filters ask for";
}

enum galen_err record_template_matches(bool *matches, const struct record_template *request,
                                       json_object *content, int request_year,
                                       struct galen_errinfo *info)
{
    const char *what;
    const char *why = find_mismatch(&what, request, content, request_year);
    if (why != NULL)
        (void)base_fail(info, GALEN_ERR_CHECK, "does not fit the template: %s %s", why, what);
    *matches = why == NULL;
    return GALEN_OK;
}

/* ---- completeness ---------------------------------------------------------------------------- */

static bool integer_is(json_object *object, const char *key, size_t expected)
{
    json_object *member = record_json_member(object, key);
    return json_object_is_type(member, json_type_int) &&
           json_object_get_int64(member) == (int64_t)expected;
}

/* Elements close up where entries are missing, so their number says enough only together with the
 * highest index: entry n - 1 is there and there are n. */
static bool entry_present(const struct record_disclosure *disclosure, const char *list,
                          size_t index)
{
    struct record_path path = {0};
    if (record_path_push(&path, "medical_data", NULL) != GALEN_OK ||
        record_path_push(&path, list, NULL) != GALEN_OK ||
        record_path_push_index(&path, index, NULL) != GALEN_OK)
        return false;
    for (size_t i = 0; i < disclosure->field_count; i++) {
        if (record_pointer_covers(path.text, disclosure->fields[i].path))
            return true;
    }
    return false;
}

static bool list_complete(const struct record_disclosure *disclosure, json_object *content,
                          const char *list)
{
    json_object *entries = record_json_member(record_json_member(content, "medical_data"), list);
    size_t count = json_object_array_length(entries);
    return integer_is(record_json_member(content, "count"), list, count) &&
           integer_is(record_json_member(content, "leaves"), list, record_count_leaves(entries)) &&
           entry_present(disclosure, list, count - 1);
}

enum galen_err record_template_check(bool *complete, const struct record_template *request,
                                     const struct record_disclosure *disclosure, int request_year,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO content = NULL;
    struct wish lists[RECORD_LISTS];
    bool matches = false;
    enum galen_err err = record_disclosure_content(&content, disclosure, info);
    if (err == GALEN_OK)
        err = record_template_matches(&matches, request, content, request_year, info);
    if (err != GALEN_OK && err != GALEN_ERR_CHECK)
        return err;
    get_list_wishes(lists, request);
    for (int i = 0; matches && i < RECORD_LISTS; i++) {
        if (!lists[i].wanted || list_complete(disclosure, content, lists[i].key))
            continue;
        (void)base_fail(info, GALEN_ERR_CHECK, "%s: not everything there is was disclosed",
                        lists[i].path);
        matches = false;
    }
    *complete = matches;
    return GALEN_OK;
}
