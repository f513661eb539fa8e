/* The API of transactions and gas. */
#include "node/api.h"

#include <string.h>

enum galen_err api_transactions(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct workflow_tx_filter filter = {
        .role = node_query(call->request, "role"),
        .workflow = node_query(call->request, "workflow"),
        .operation = node_query(call->request, "operation"),
        .status = node_query(call->request, "status"),
    };
    const char *format = node_query(call->request, "format");
    const bool is_csv = format != NULL && strcmp(format, "csv") == 0;
    const bool is_all = format != NULL && strcmp(format, "json-all") == 0;
    if (format != NULL && !is_csv && !is_all && strcmp(format, "json") != 0)
        return base_fail(info, GALEN_ERR_USAGE, "format is json, json-all or csv");
    GALEN_TRY(api_page(call, &filter.page, info));
    if (is_csv || is_all)
        filter.page = (struct workflow_page){0};
    if (!is_csv) {
        GALEN_TRY(workflow_transactions(call->wf, &filter, result, info));
        response_json(call->response, MHD_HTTP_OK, *result);
        return GALEN_OK;
    }
    BASE_BUF_AUTO csv = {0};
    GALEN_TRY(workflow_transactions_csv(call->wf, &filter, &csv, info));
    response_file(call->response, "text/csv; charset=utf-8; header=present", "transactions.csv");
    base_buf_move(&call->response->body, &csv);
    return GALEN_OK;
}

enum galen_err api_gas_report(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    return workflow_gas_report(call->wf, result, info);
}

enum galen_err api_gas_prices(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    return workflow_gas_prices(call->wf, result, info);
}

enum galen_err api_gas_history(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    const char *by = node_query(call->request, "by");
    return workflow_gas_history(call->wf, by != NULL ? by : "day", result, info);
}

enum galen_err api_gas_measured(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return workflow_gas_measured(result, info);
}

enum galen_err api_gas_cost(struct api_call *call, struct json_object **result,
                            struct galen_errinfo *info)
{
    const char *name = node_query(call->request, "call");
    int64_t count = 1;
    if (name == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "the query names no call");
    GALEN_TRY(api_query_int(call, "count", 1, WORKFLOW_GAS_COUNT_MAX, &count, info));
    return workflow_gas_cost(call->wf, name, (uint64_t)count, result, info);
}

enum galen_err api_gas_project(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const struct {
        const char *name;
        int64_t min, max;
    } numbers[] = {{"records", 0, WORKFLOW_GAS_COUNT_MAX},
                   {"batch", 1, WORKFLOW_GAS_ENTRIES_MAX},
                   {"sales", 0, WORKFLOW_GAS_SALES_MAX},
                   {"entries", 1, WORKFLOW_GAS_ENTRIES_MAX}};
    int64_t value[] = {0, 1, 0, 1};
    bool is_given = false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        is_given = is_given || node_query(call->request, numbers[i].name) != NULL;
        GALEN_TRY(
            api_query_int(call, numbers[i].name, numbers[i].min, numbers[i].max, &value[i], info));
    }
    const struct workflow_gas_month month = {.records = (uint64_t)value[0],
                                             .batch = (uint64_t)value[1],
                                             .sales = (uint64_t)value[2],
                                             .entries = (uint64_t)value[3]};
    return workflow_gas_project(call->wf, is_given ? &month : NULL, result, info);
}
