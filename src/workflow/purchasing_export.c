/* What a buyer bought, in the forms that statistics programs and FHIR tools read. */
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- CSV ------------------------------------------------------------------------------------- */

/* A FHIR search token, SYSTEM|CODE. */
static enum galen_err append_token(struct base_buf *out, struct json_object *coded)
{
    return base_buf_printf(out, "%s|%s", workflow_text_of(coded, "system"),
                           workflow_text_of(coded, "code"));
}

/* An entry of a list, and its components after it: tokens with a comma between; a measured value
 * is FHIR's composite TOKEN$[COMPARATOR]VALUE|SYSTEM|UNIT, a coded one TOKEN$TOKEN. */
static enum galen_err append_entry(struct base_buf *out, struct json_object *entry)
{
    const char *value = workflow_text_of(entry, "value");
    const char *comparator = workflow_text_of(entry, "comparator");
    const char *unit = workflow_text_of(entry, "unit");
    struct json_object *more = NULL;
    if (out->len > 0)
        GALEN_TRY(base_buf_append_text(out, ","));
    GALEN_TRY(append_token(out, entry));
    if (value != NULL)
        GALEN_TRY(base_buf_printf(out, "$%s%s", comparator != NULL ? comparator : "", value));
    if (value != NULL && unit != NULL)
        GALEN_TRY(base_buf_printf(out, "|http://unitsofmeasure.org|%s", unit));
    if (json_object_object_get_ex(entry, "value_coded", &more)) {
        GALEN_TRY(base_buf_append_text(out, "$"));
        GALEN_TRY(append_token(out, more));
    }
    if (!json_object_object_get_ex(entry, "components", &more))
        return GALEN_OK;
    for (size_t i = 0; i < json_object_array_length(more); i++)
        GALEN_TRY(append_entry(out, json_object_array_get_idx(more, i)));
    return GALEN_OK;
}

static enum galen_err append_list(struct base_buf *out, struct json_object *owner, const char *key)
{
    struct json_object *list = NULL;
    if (!json_object_object_get_ex(owner, key, &list))
        return GALEN_OK;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        GALEN_TRY(append_entry(out, json_object_array_get_idx(list, i)));
    return GALEN_OK;
}

enum {
    INDEX,
    CATEGORY,
    YEAR,
    AGE,
    GENDER,
    COUNTRY,
    STATE,
    ETHNICITY,
    DIAGNOSIS,
    TREATMENT,
    MEDICATIONS,
    LAB_RESULTS,
    COLUMNS
};
static const char *const columns[COLUMNS] = {
    "index", "category",  "year",      "age",       "gender",      "country",
    "state", "ethnicity", "diagnosis", "treatment", "medications", "lab_results"};

static enum galen_err csv_row(struct base_buf *out, struct json_object *row,
                              struct galen_errinfo *info)
{
    struct base_buf lists[COLUMNS] = {0};
    const char *cells[COLUMNS] = {0};
    struct json_object *content = NULL, *demographics = NULL, *location = NULL;
    struct json_object *medical = NULL;
    enum galen_err err = GALEN_OK;
    cells[INDEX] = workflow_text_of(row, "index");
    (void)json_object_object_get_ex(row, "fields", &content);
    cells[CATEGORY] = workflow_text_of(content, "category");
    cells[YEAR] = workflow_text_of(content, "year");
    if (json_object_object_get_ex(content, "demographics", &demographics)) {
        cells[AGE] = workflow_text_of(demographics, "age");
        cells[GENDER] = workflow_text_of(demographics, "gender");
        (void)json_object_object_get_ex(demographics, "location", &location);
        err = append_list(&lists[ETHNICITY], demographics, "ethnicity");
    }
    if (location != NULL) {
        cells[COUNTRY] = workflow_text_of(location, "country");
        cells[STATE] = workflow_text_of(location, "state");
    }
    (void)json_object_object_get_ex(content, "medical_data", &medical);
    for (int i = DIAGNOSIS; medical != NULL && err == GALEN_OK && i <= LAB_RESULTS; i++)
        err = append_list(&lists[i], medical, columns[i]);
    for (int i = ETHNICITY; i < COLUMNS; i++)
        if (lists[i].len > 0)
            cells[i] = (const char *)lists[i].data;
    if (err == GALEN_OK)
        err = workflow_csv_row(out, cells, COLUMNS, info);
    else
        base_fail(info, err, "out of memory");
    for (int i = 0; i < COLUMNS; i++)
        base_buf_clear(&lists[i]);
    return err;
}

static enum galen_err write_csv(struct base_buf *out, struct json_object *rows,
                                struct galen_errinfo *info)
{
    GALEN_TRY(workflow_csv_row(out, columns, COLUMNS, info));
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        GALEN_TRY(csv_row(out, json_object_array_get_idx(rows, i), info));
    return GALEN_OK;
}

/* ---- JSON and FHIR --------------------------------------------------------------------------- */

static enum galen_err write_ndjson(struct base_buf *out, struct json_object *rows,
                                   struct galen_errinfo *info)
{
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        GALEN_TRY(record_json_jcs(out, json_object_array_get_idx(rows, i), info));
        if (base_buf_append_text(out, "\n") != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    return GALEN_OK;
}

static enum galen_err write_fhir(struct base_buf *out, struct json_object *rows,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO bundle = NULL;
    GALEN_TRY(record_fhir_export_releases(&bundle, rows, info));
    const char *text = json_object_to_json_string_ext(bundle, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    return text != NULL && base_buf_append_text(out, text) == GALEN_OK
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

static const struct purchasing_format formats[] = {
    {"csv", "text/csv; charset=utf-8; header=present", "data.csv", write_csv},
    {"ndjson", "application/x-ndjson", "data.ndjson", write_ndjson},
    {"fhir", "application/fhir+json", "data.fhir.json", write_fhir},
    {0},
};

enum galen_err purchasing_find_format(const struct purchasing_format **out, const char *name,
                                      struct galen_errinfo *info)
{
    for (*out = formats; (*out)->name != NULL; (*out)++)
        if (strcmp((*out)->name, name) == 0)
            return GALEN_OK;
    return base_fail(info, GALEN_ERR_USAGE, "format is json, csv, ndjson or fhir");
}

enum galen_err purchasing_export(struct workflow *wf, uint64_t request_id,
                                 const struct purchasing_format *format, struct base_buf *out,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO rows = NULL;
    GALEN_TRY(purchasing_data(wf, request_id, &rows, info));
    return format->write(out, rows, info);
}
