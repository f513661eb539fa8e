/* galen gas: what transactions cost, and will. */
#include "cli/cli.h"
#include "record/record.h"

enum galen_err cli_gas_report(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return workflow_gas_report(cli->wf, result, info);
}

enum galen_err cli_gas_prices(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return workflow_gas_prices(cli->wf, result, info);
}

enum galen_err cli_gas_export(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    const struct workflow_tx_filter filter = {.role = cli_option(cli, "role"),
                                              .workflow = cli_option(cli, "workflow")};
    RECORD_JSON_AUTO list = NULL;
    BASE_BUF_AUTO text = {0};
    if (cli_option(cli, "csv") != NULL) {
        GALEN_TRY(workflow_transactions_csv(cli->wf, &filter, &text, info));
        return cli_write_output(cli, text.data, text.len, info);
    }
    GALEN_TRY(workflow_transactions(cli->wf, &filter, &list, info));
    if (cli_option(cli, "output") != NULL)
        return cli_write_json(cli, list, info);
    *result = list;
    list = NULL;
    return GALEN_OK;
}

enum galen_err cli_gas_history(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    const char *by = cli_option(cli, "by");
    return workflow_gas_history(cli->wf, by != NULL ? by : "day", result, info);
}

enum galen_err cli_gas_measured(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return workflow_gas_measured(result, info);
}

/* Left as it is when it is not given. */
static enum galen_err number(const struct cli *cli, const char *name, uint64_t min, uint64_t max,
                             uint64_t *out, struct galen_errinfo *info)
{
    const char *text = cli_option(cli, name);
    return text == NULL ? GALEN_OK : cli_number(text, name, min, max, out, info);
}

enum galen_err cli_gas_cost(struct cli *cli, struct json_object **result, bool *passed,
                            struct galen_errinfo *info)
{
    uint64_t count = 1;
    GALEN_TRY(number(cli, "count", 1, WORKFLOW_GAS_COUNT_MAX, &count, info));
    return workflow_gas_cost(cli->wf, cli->args[0], count, result, info);
}

enum galen_err cli_gas_project(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct workflow_gas_month month = {.batch = 1, .entries = 1};
    const bool is_given = cli_option(cli, "records") != NULL || cli_option(cli, "sales") != NULL ||
                          cli_option(cli, "batch") != NULL || cli_option(cli, "entries") != NULL;
    GALEN_TRY(number(cli, "records", 0, WORKFLOW_GAS_COUNT_MAX, &month.records, info));
    GALEN_TRY(number(cli, "batch", 1, WORKFLOW_GAS_ENTRIES_MAX, &month.batch, info));
    GALEN_TRY(number(cli, "sales", 0, WORKFLOW_GAS_SALES_MAX, &month.sales, info));
    GALEN_TRY(number(cli, "entries", 1, WORKFLOW_GAS_ENTRIES_MAX, &month.entries, info));
    return workflow_gas_project(cli->wf, is_given ? &month : NULL, result, info);
}
