/* What an import made and what it left out, for people and scripts. */
#include "record/fhir.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SKIP_ROWS 200 /* of different types and reasons; the rest share one row */

void record_fhir_result_clear(struct record_fhir_result *result)
{
    if (result == NULL)
        return;
    for (size_t i = 0; i < result->item_count; i++)
        json_object_put(result->items[i].record);
    free(result->items);
    free(result->skips);
    *result = (struct record_fhir_result){0};
}

enum galen_err fhir_skip(struct record_fhir_result *result, const char *resource_type,
                         const char *reason, struct galen_errinfo *info)
{
    struct record_fhir_skip row = {.count = 1};
    bool full = result->skip_count >= MAX_SKIP_ROWS;
    snprintf(row.resource_type, sizeof row.resource_type, "%s", full ? "?" : resource_type);
    snprintf(row.reason, sizeof row.reason, "%s", full ? "various" : reason);
    for (char *c = row.resource_type; *c != '\0'; c++) { /* a stranger's text, shown on terminals */
        if (!isalnum((unsigned char)*c))
            *c = '?';
    }
    for (size_t i = 0; i < result->skip_count; i++) {
        struct record_fhir_skip *known = &result->skips[i];
        if (strcmp(known->resource_type, row.resource_type) == 0 &&
            strcmp(known->reason, row.reason) == 0) {
            known->count++;
            return GALEN_OK;
        }
    }
    void *grown = reallocarray(result->skips, result->skip_count + 1, sizeof *result->skips);
    if (grown == NULL)
        return record_nomem(info);
    result->skips = grown;
    result->skips[result->skip_count++] = row;
    return GALEN_OK;
}

static enum galen_err report_item(json_object *list, const struct record_fhir_item *item,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"category", "issued"};
    json_object *row = json_object_new_object();
    GALEN_TRY(record_json_push(list, row, info));
    GALEN_TRY(record_json_set(row, "encounter", json_object_new_string(item->encounter), info));
    for (int i = 0; i < 2; i++) {
        const char *text = record_json_text(item->record, keys[i]);
        GALEN_TRY(record_json_set(row, keys[i], json_object_new_string(text), info));
    }
    return record_json_set(row, "leaves", json_object_new_int64(item->leaf_count), info);
}

static enum galen_err report_skip(json_object *list, const struct record_fhir_skip *skip,
                                  struct galen_errinfo *info)
{
    json_object *row = json_object_new_object();
    GALEN_TRY(record_json_push(list, row, info));
    GALEN_TRY(
        record_json_set(row, "resourceType", json_object_new_string(skip->resource_type), info));
    GALEN_TRY(record_json_set(row, "count", json_object_new_int64((int64_t)skip->count), info));
    return record_json_set(row, "reason", json_object_new_string(skip->reason), info);
}

enum galen_err record_fhir_report_releases(json_object *report,
                                           const struct record_fhir_result *result,
                                           struct galen_errinfo *info)
{
    json_object *rows = record_json_member(report, "records");
    for (size_t i = 0; i < result->item_count; i++) {
        RECORD_JSON_AUTO made = NULL;
        GALEN_TRY(record_release_describe(&made, result->items[i].record, info));
        json_object *given = made;
        made = NULL;
        GALEN_TRY(record_json_set(json_object_array_get_idx(rows, i), "deidentified", given, info));
    }
    return GALEN_OK;
}

enum galen_err record_fhir_report(json_object **out, const char *file_name,
                                  const struct record_fhir_result *result,
                                  const struct galen_errinfo *error, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    GALEN_TRY(record_json_set(made, "file", json_object_new_string(file_name), info));
    json_object *records = json_object_new_array();
    GALEN_TRY(record_json_set(made, "records", records, info));
    for (size_t i = 0; result != NULL && i < result->item_count; i++)
        GALEN_TRY(report_item(records, &result->items[i], info));
    json_object *skipped = json_object_new_array();
    GALEN_TRY(record_json_set(made, "skipped", skipped, info));
    for (size_t i = 0; result != NULL && i < result->skip_count; i++)
        GALEN_TRY(report_skip(skipped, &result->skips[i], info));
    if (error != NULL) {
        json_object *shown = json_object_new_object();
        GALEN_TRY(record_json_set(made, "error", shown, info));
        GALEN_TRY(record_json_set(shown, "code",
                                  json_object_new_string(galen_err_name(error->code)), info));
        GALEN_TRY(record_json_set(shown, "message", json_object_new_string(error->what), info));
        if (error->hint[0] != '\0')
            GALEN_TRY(record_json_set(shown, "hint", json_object_new_string(error->hint), info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}
