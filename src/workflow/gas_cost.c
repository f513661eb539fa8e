/* What DataHub's calls will cost: the measured figures at what gas costs now. */
#include <string.h>

#include "workflow/gas.h"
#include "workflow/internal.h"

static const char *const speeds[CHAIN_SPEEDS] = {"slow", "average", "fast"};

static enum galen_err read_fees(struct workflow *wf, struct chain_fees *fees,
                                struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    return chain_rpc_fees(rpc, fees, info);
}

enum galen_err workflow_gas_prices(struct workflow *wf, struct json_object **result,
                                   struct galen_errinfo *info)
{
    struct chain_fees fees;
    RECORD_JSON_AUTO prices = NULL;
    GALEN_TRY(read_fees(wf, &fees, info));
    GALEN_TRY(workflow_object(&prices, info));
    GALEN_TRY(workflow_set_wei(prices, "baseFeeWei", &fees.base_fee, info));
    for (int i = 0; i < CHAIN_SPEEDS; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_wei(row, "maxFeeWei", &fees.speed[i].max_fee, info));
        GALEN_TRY(workflow_set_wei(row, "priorityFeeWei", &fees.speed[i].priority_fee, info));
        GALEN_TRY(workflow_set_object(prices, speeds[i], &row, info));
    }
    workflow_give(result, &prices);
    return GALEN_OK;
}

/* {slow, average, fast}: what the gas costs when the next block's base fee stays. */
static enum galen_err set_cost(struct json_object *object, const char *key, uint64_t gas,
                               const struct chain_fees *fees, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO cost = NULL;
    GALEN_TRY(workflow_object(&cost, info));
    for (int i = 0; i < CHAIN_SPEEDS; i++) {
        struct chain_u256 wei;
        GALEN_TRY(chain_u256_add(&wei, &fees->base_fee, &fees->speed[i].priority_fee));
        GALEN_TRY(chain_u256_mul_u64(&wei, &wei, gas));
        GALEN_TRY(workflow_set_wei(cost, speeds[i], &wei, info));
    }
    return workflow_set_object(object, key, &cost, info);
}

enum galen_err workflow_gas_measured(struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < gas_n_figures; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_text(row, "call", gas_figures[i].call, info));
        GALEN_TRY(workflow_set_int(row, "gas", (int64_t)gas_figures[i].gas, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

/* NULL when there is no such figure. */
static const struct gas_figure *find(const char *call)
{
    for (size_t i = 0; i < gas_n_figures; i++)
        if (strcmp(gas_figures[i].call, call) == 0)
            return &gas_figures[i];
    return NULL;
}

enum galen_err workflow_gas_cost(struct workflow *wf, const char *call, uint64_t count,
                                 struct json_object **result, struct galen_errinfo *info)
{
    const struct gas_figure *figure = find(call);
    struct chain_fees fees;
    RECORD_JSON_AUTO cost = NULL;
    if (figure == NULL) {
        (void)!base_fail(info, GALEN_ERR_NOT_FOUND, "nothing was measured for that call");
        return base_hint(info, "see galen gas measured, or GET /api/v1/gas/measured");
    }
    GALEN_TRY(read_fees(wf, &fees, info));
    GALEN_TRY(workflow_object(&cost, info));
    GALEN_TRY(workflow_set_text(cost, "call", figure->call, info));
    GALEN_TRY(workflow_set_int(cost, "count", (int64_t)count, info));
    GALEN_TRY(workflow_set_int(cost, "gas", (int64_t)(figure->gas * count), info));
    GALEN_TRY(set_cost(cost, "wei", figure->gas * count, &fees, info));
    workflow_give(result, &cost);
    return GALEN_OK;
}

/* ---- a month ------------------------------------------------------------------------------------ */

/* The largest batch, or delivery, that was measured and is not larger; a record or an entry of a
 * larger one costs less. */
static uint64_t not_above(uint64_t n, const uint64_t *sizes, size_t n_sizes)
{
    uint64_t found = sizes[0];
    for (size_t i = 0; i < n_sizes; i++)
        if (sizes[i] <= n)
            found = sizes[i];
    return found;
}

struct sums {
    uint64_t hospital, buyer;
};

static enum galen_err add_row(struct json_object *rows, struct sums *sums, const char *call,
                              bool is_buyer, uint64_t count, struct galen_errinfo *info)
{
    const struct gas_figure *figure = find(call);
    RECORD_JSON_AUTO row = NULL;
    if (figure == NULL)
        return base_fail(info, GALEN_ERR_INTERNAL, "docs/gas.md has no figure for %s", call);
    if (count == 0)
        return GALEN_OK;
    const uint64_t gas = figure->gas * count; /* bounded by workflow.h */
    *(is_buyer ? &sums->buyer : &sums->hospital) += gas;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "call", call, info));
    GALEN_TRY(workflow_set_text(row, "payer", is_buyer ? "buyer" : "hospital", info));
    GALEN_TRY(workflow_set_int(row, "count", (int64_t)count, info));
    GALEN_TRY(workflow_set_int(row, "gasEach", (int64_t)figure->gas, info));
    GALEN_TRY(workflow_set_int(row, "gas", (int64_t)gas, info));
    return workflow_push(rows, &row, info);
}

/* What a month's work is, call by call. */
static enum galen_err add_rows(struct json_object *rows, struct sums *sums,
                               const struct workflow_gas_month *month, struct galen_errinfo *info)
{
    static const uint64_t batches[] = {1, 100, 400}, deliveries[] = {1, 20, 64, 100, 400};
    const uint64_t batch = not_above(month->batch, batches, 3);
    const uint64_t delivery = not_above(month->entries, deliveries, 5);
    const uint64_t entries = month->sales * month->entries;
    char store[48], deliver[48];
    snprintf(store, sizeof store, batch == 1 ? "storeDataFor" : "storeBatch(%llu), a record",
             (unsigned long long)batch);
    snprintf(deliver, sizeof deliver, "deliver of %llu with the seal, an entry",
             (unsigned long long)delivery);
    GALEN_TRY(add_row(rows, sums, store, false, month->records, info));
    GALEN_TRY(add_row(rows, sums, "requestWithTerms", true, month->sales, info));
    GALEN_TRY(add_row(rows, sums, "reply", false, month->sales, info));
    GALEN_TRY(add_row(rows, sums, deliver, false, entries, info));
    GALEN_TRY(add_row(rows, sums, "finalize without recipients", true, month->sales, info));
    return add_row(rows, sums, "claim of 1 in 400, later", false, entries, info);
}

static enum galen_err project(struct json_object *list, const char *name,
                              const struct workflow_gas_month *month, const struct chain_fees *fees,
                              struct galen_errinfo *info)
{
    struct sums sums = {0};
    RECORD_JSON_AUTO one = NULL;
    RECORD_JSON_AUTO rows = NULL;
    GALEN_TRY(workflow_object(&one, info));
    GALEN_TRY(workflow_set_text(one, "name", name, info));
    GALEN_TRY(workflow_set_int(one, "records", (int64_t)month->records, info));
    GALEN_TRY(workflow_set_int(one, "batch", (int64_t)month->batch, info));
    GALEN_TRY(workflow_set_int(one, "sales", (int64_t)month->sales, info));
    GALEN_TRY(workflow_set_int(one, "entries", (int64_t)month->entries, info));
    GALEN_TRY(workflow_array(&rows, info));
    GALEN_TRY(add_rows(rows, &sums, month, info));
    GALEN_TRY(workflow_set_object(one, "calls", &rows, info));
    GALEN_TRY(workflow_set_int(one, "hospitalGas", (int64_t)sums.hospital, info));
    GALEN_TRY(workflow_set_int(one, "buyerGas", (int64_t)sums.buyer, info));
    GALEN_TRY(set_cost(one, "hospitalWei", sums.hospital, fees, info));
    GALEN_TRY(set_cost(one, "buyerWei", sums.buyer, fees, info));
    return workflow_push(list, &one, info);
}

enum galen_err workflow_gas_project(struct workflow *wf, const struct workflow_gas_month *month,
                                    struct json_object **result, struct galen_errinfo *info)
{
    /* What a month is in each is assumed, and shown beside what it costs. */
    static const struct {
        const char *name;
        struct workflow_gas_month month;
    } sizes[] = {
        {"small clinic", {.records = 500, .batch = 1, .sales = 1, .entries = 20}},
        {"medium hospital", {.records = 10000, .batch = 100, .sales = 5, .entries = 100}},
        {"large hospital", {.records = 100000, .batch = 400, .sales = 20, .entries = 400}},
    };
    struct chain_fees fees;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(read_fees(wf, &fees, info));
    GALEN_TRY(workflow_array(&list, info));
    if (month != NULL)
        GALEN_TRY(project(list, "as given", month, &fees, info));
    else
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            GALEN_TRY(project(list, sizes[i].name, &sizes[i].month, &fees, info));
    workflow_give(result, &list);
    return GALEN_OK;
}
