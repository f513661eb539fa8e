/* Small builders of the JSON that results are made of. */
#include "workflow/internal.h"

#include <stdarg.h>
#include <string.h>

void workflow_result_put(struct json_object **result)
{
    record_json_put(result);
}

enum galen_err workflow_array(struct json_object **array, struct galen_errinfo *info)
{
    struct json_object *made = json_object_new_array();
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *array = made;
    return GALEN_OK;
}

enum galen_err workflow_object(struct json_object **object, struct galen_errinfo *info)
{
    struct json_object *made = json_object_new_object();
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *object = made;
    return GALEN_OK;
}

enum galen_err workflow_list_rows(struct json_object **result, struct db_rows *rows,
                                  workflow_show_row *show, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (;;) {
        RECORD_JSON_AUTO row = NULL;
        bool found = false;
        GALEN_TRY(db_next(rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(show(&row, rows, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

int64_t workflow_page_limit(const struct workflow_page *page)
{
    return page != NULL && page->limit > 0 ? page->limit : -1;
}

int64_t workflow_page_offset(const struct workflow_page *page)
{
    return page != NULL && page->limit > 0 ? page->offset : 0;
}

const char *workflow_text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

void workflow_give(struct json_object **result, struct json_object **object)
{
    if (result == NULL) {
        record_json_put(object);
        return;
    }
    *result = *object;
    *object = NULL;
}

enum galen_err workflow_set_text(struct json_object *object, const char *key, const char *text,
                                 struct galen_errinfo *info)
{
    return record_json_set(object, key, json_object_new_string(text), info);
}

enum galen_err workflow_set_int(struct json_object *object, const char *key, int64_t number,
                                struct galen_errinfo *info)
{
    return record_json_set(object, key, json_object_new_int64(number), info);
}

enum galen_err workflow_set_bool(struct json_object *object, const char *key, bool value,
                                 struct galen_errinfo *info)
{
    return record_json_set(object, key, json_object_new_boolean(value), info);
}

enum galen_err workflow_set_object(struct json_object *object, const char *key,
                                   struct json_object **value, struct galen_errinfo *info)
{
    struct json_object *given = *value;
    *value = NULL;
    return record_json_set(object, key, given, info);
}

enum galen_err workflow_push(struct json_object *array, struct json_object **value,
                             struct galen_errinfo *info)
{
    struct json_object *given = *value;
    *value = NULL;
    return record_json_push(array, given, info);
}

enum galen_err workflow_set_address(struct json_object *object, const char *key,
                                    const struct chain_address *address, struct galen_errinfo *info)
{
    char text[CHAIN_ADDRESS_TEXT];
    chain_address_format(text, address);
    return workflow_set_text(object, key, text, info);
}

enum galen_err workflow_set_cid(struct json_object *object, const char *key,
                                const uint8_t digest32[32], struct galen_errinfo *info)
{
    char text[STORE_CID_TEXT];
    store_cid_encode(text, digest32);
    return workflow_set_text(object, key, text, info);
}

enum galen_err workflow_set_wei(struct json_object *object, const char *key,
                                const struct chain_u256 *wei, struct galen_errinfo *info)
{
    char text[CHAIN_U256_DECIMAL];
    chain_u256_format(text, wei);
    return workflow_set_text(object, key, text, info);
}

enum galen_err workflow_set_time(struct json_object *object, const char *key, int64_t unix_s,
                                 struct galen_errinfo *info)
{
    char text[BASE_TIME_TEXT];
    base_time_format(text, unix_s);
    return workflow_set_text(object, key, text, info);
}

enum galen_err workflow_check(struct json_object *checks, bool *all, bool passed, const char *check,
                              struct galen_errinfo *info, const char *detail, ...)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "check", check, info));
    GALEN_TRY(workflow_set_bool(row, "passed", passed, info));
    if (detail != NULL) {
        char text[512];
        va_list args;
        va_start(args, detail);
        vsnprintf(text, sizeof text, detail, args);
        va_end(args);
        GALEN_TRY(workflow_set_text(row, "detail", text, info));
    }
    GALEN_TRY(workflow_push(checks, &row, info));
    if (!passed)
        *all = false;
    return GALEN_OK;
}

enum galen_err workflow_check_step(struct json_object *checks, bool *all, const char *check,
                                   enum galen_err err, const struct galen_errinfo *why,
                                   const char *detail, struct galen_errinfo *info)
{
    if (err == GALEN_ERR_DB || err == GALEN_ERR_IO || err == GALEN_ERR_NOMEM ||
        err == GALEN_ERR_PASSWORD)
        return base_raise(info, err, why);
    return workflow_check(checks, all, err == GALEN_OK, check, info, "%s",
                          err == GALEN_OK ? detail : why->what);
}

enum galen_err workflow_get_address(struct chain_address *out, struct json_object *object,
                                    const char *key, const char *where, struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(record_json_get_address(&text, object, key, RECORD_JSON_REQUIRED, where, info));
    enum galen_err err = chain_address_parse(out, text, info);
    /* Words of a command line are USAGE there; here the bytes came from outside. */
    return err == GALEN_ERR_USAGE ? base_wrap(info, GALEN_ERR_PARSE, "%s/%s", where, key) : err;
}
