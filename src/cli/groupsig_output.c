/* galen groupsig: how results leave. */
#include "cli/groupsig.h"

#include <string.h>

enum galen_err cli_gs_output(const struct cli *cli, struct json_object *result, const char *name,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO line = {0};
    const char *text = NULL;
    if (cli_option(cli, "output") == NULL)
        return GALEN_OK;
    GALEN_TRY(record_json_get_text(&text, result, name, RECORD_JSON_REQUIRED, CLI_GS_OBJECT_MAX, "",
                                   info));
    if (base_buf_printf(&line, "%s\n", text) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return cli_write_output(cli, line.data, line.len, info);
}

/* The result's object, made when there is none. */
static enum galen_err need_result(struct json_object **result, struct galen_errinfo *info)
{
    if (*result == NULL)
        *result = json_object_new_object();
    return *result != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

enum galen_err cli_gs_give(const struct cli *cli, struct json_object **result, const char *name,
                           const uint8_t *data, size_t len, struct galen_errinfo *info)
{
    GALEN_TRY(need_result(result, info));
    GALEN_TRY(record_json_set_hex(*result, name, data, len, info));
    return cli_gs_output(cli, *result, name, info);
}

enum galen_err cli_gs_give_text(const struct cli *cli, struct json_object **result,
                                const char *name, const char *text, struct galen_errinfo *info)
{
    GALEN_TRY(need_result(result, info));
    GALEN_TRY(record_json_set(*result, name, json_object_new_string(text), info));
    return cli_gs_output(cli, *result, name, info);
}

enum galen_err cli_gs_verdict(struct json_object **result, bool *passed, bool valid,
                              enum groupsig_status status, struct galen_errinfo *info)
{
    GALEN_TRY(need_result(result, info));
    GALEN_TRY(record_json_set(*result, "valid", json_object_new_boolean(valid), info));
    if (!valid)
        GALEN_TRY(record_json_set(*result, "reason",
                                  json_object_new_string(status == GROUPSIG_OK
                                                             ? "does not hold"
                                                             : groupsig_status_name(status)),
                                  info));
    *passed = valid;
    return GALEN_OK;
}
