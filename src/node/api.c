/* Reading a call's parameters. */
#include "node/api.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX     4096
#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

enum galen_err api_members(const struct api_call *call, const char *const *required,
                           const char *const *optional, struct galen_errinfo *info)
{
    static const char *const none[] = {NULL};
    return record_json_check_keys(call->body, required != NULL ? required : none, optional, "body",
                                  info);
}

enum galen_err api_text(const struct api_call *call, const char *name, const char **out,
                        struct galen_errinfo *info)
{
    *out = NULL;
    return record_json_get_text(out, call->body, name, RECORD_JSON_OPTIONAL, TEXT_MAX, "body",
                                info);
}

enum galen_err api_bool(const struct api_call *call, const char *name, bool *out,
                        struct galen_errinfo *info)
{
    return record_json_get_bool(out, call->body, name, RECORD_JSON_OPTIONAL, "body", info);
}

enum galen_err api_int(const struct api_call *call, const char *name, int64_t min, int64_t max,
                       int64_t *out, struct galen_errinfo *info)
{
    return record_json_get_int(out, call->body, name, RECORD_JSON_OPTIONAL, min, max, "body", info);
}

enum galen_err api_object(const struct api_call *call, const char *name, struct json_object **out,
                          struct galen_errinfo *info)
{
    return record_json_get_object(out, call->body, name, RECORD_JSON_REQUIRED, "body", info);
}

enum galen_err api_time(const struct api_call *call, const char *name, int64_t *out,
                        struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(api_text(call, name, &text, info));
    if (text == NULL)
        return GALEN_OK;
    if (base_time_parse(out, text, info) != GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "body/%s is a time such as 2026-12-31T00:00:00Z",
                         name);
    return GALEN_OK;
}

enum galen_err api_hex(const struct api_call *call, const char *name, uint8_t *out, size_t len,
                       struct galen_errinfo *info)
{
    return record_json_get_hex(out, len, call->body, name, RECORD_JSON_REQUIRED, "body", info);
}

enum galen_err api_contact(const struct api_call *call, const char *name, struct chain_address *out,
                           struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(
        record_json_get_text(&text, call->body, name, RECORD_JSON_REQUIRED, 256, "body", info));
    return workflow_contact_find(call->wf, out, text, info);
}

static enum galen_err parse_number(const char *text, const char *what, int64_t min, int64_t max,
                                   int64_t *out, struct galen_errinfo *info)
{
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || strlen(text) > 18 || value < min ||
        value > max)
        return base_fail(info, GALEN_ERR_USAGE, "%s is a number from %lld to %lld", what,
                         (long long)min, (long long)max);
    *out = value;
    return GALEN_OK;
}

enum galen_err api_query_int(const struct api_call *call, const char *name, int64_t min,
                             int64_t max, int64_t *out, struct galen_errinfo *info)
{
    const char *text = node_query(call->request, name);
    return text == NULL ? GALEN_OK : parse_number(text, name, min, max, out, info);
}

enum galen_err api_page(const struct api_call *call, struct workflow_page *page,
                        struct galen_errinfo *info)
{
    *page = (struct workflow_page){.limit = PAGE_DEFAULT};
    GALEN_TRY(api_query_int(call, "limit", 1, PAGE_MAX, &page->limit, info));
    return api_query_int(call, "offset", 0, INT64_MAX / 2, &page->offset, info);
}

enum galen_err api_request_id(const struct api_call *call, uint64_t *out,
                              struct galen_errinfo *info)
{
    int64_t id = 0;
    GALEN_TRY(parse_number(call->params[0], "a request id", 1, INT64_MAX, &id, info));
    *out = (uint64_t)id;
    return GALEN_OK;
}

enum galen_err api_entry_index(const struct api_call *call, uint64_t *out,
                               struct galen_errinfo *info)
{
    int64_t index = 0;
    GALEN_TRY(parse_number(call->params[1], "an entry", 0, UINT32_MAX, &index, info));
    *out = (uint64_t)index;
    return GALEN_OK;
}

enum galen_err api_entries(const struct api_call *call, uint64_t **out, size_t *n,
                           struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    GALEN_TRY(record_json_get_array(&list, call->body, "entries", RECORD_JSON_OPTIONAL, 1, 65535,
                                    "body", info));
    *out = NULL;
    *n = 0;
    if (list == NULL)
        return GALEN_OK;
    size_t len = json_object_array_length(list);
    uint64_t *indices = calloc(len, sizeof *indices);
    if (indices == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < len; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        int64_t value = json_object_is_type(item, json_type_int) ? json_object_get_int64(item) : -1;
        if (value < 0 || value > 65534) {
            free(indices);
            return base_fail(info, GALEN_ERR_USAGE, "body/entries holds numbers from 0 to 65534");
        }
        indices[i] = (uint64_t)value;
    }
    *out = indices;
    *n = len;
    return GALEN_OK;
}

enum galen_err api_object_new(struct json_object **result, struct galen_errinfo *info)
{
    *result = json_object_new_object();
    return *result != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

enum galen_err api_give_verdict(struct json_object *result, bool passed, struct galen_errinfo *info)
{
    if (result == NULL || json_object_object_get_ex(result, "passed", NULL))
        return GALEN_OK;
    return record_json_set(result, "passed", json_object_new_boolean(passed), info);
}
