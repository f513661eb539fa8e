/* What the transactions of the log cost: by operation, over time. Reverted ones cost, too. */
#include <string.h>

#include "workflow/internal.h"

#define MINED "FROM tx WHERE status IN ('succeeded', 'reverted')"

/* The fees of an operation's transactions. */
static enum galen_err add_costs(struct workflow *wf, struct json_object *row,
                                const struct db_rows *group, struct galen_errinfo *info)
{
    struct chain_u256 total = {0};
    DB_ROWS_AUTO costs = {0};
    GALEN_TRY(db_query(&costs, wf->db, info,
                       "SELECT total_wei " MINED " AND workflow = ? AND operation = ? AND role = ?",
                       DB_TEXT(db_text(group, 0)), DB_TEXT(db_text(group, 1)),
                       DB_TEXT(db_text(group, 2))));
    for (;;) {
        struct chain_u256 cost;
        bool found = false;
        GALEN_TRY(db_next(&costs, &found, info));
        if (!found)
            return workflow_set_wei(row, "totalWei", &total, info);
        GALEN_TRY(chain_u256_parse(&cost, db_text(&costs, 0), info));
        GALEN_TRY(chain_u256_add(&total, &total, &cost));
    }
}

enum galen_err workflow_gas_report(struct workflow *wf, struct json_object **result,
                                   struct galen_errinfo *info)
{
    /* The median is the row in the middle of each group (the lower one of two). */
    static const char sql[] =
        "WITH mined AS (SELECT workflow, operation, role, status, gas_used, gas_estimate,"
        " row_number() OVER (PARTITION BY workflow, operation, role ORDER BY gas_used) AS place,"
        " count(*) OVER (PARTITION BY workflow, operation, role) AS many " MINED ")"
        " SELECT workflow, operation, role, many, sum(status = 'reverted'), min(gas_used),"
        " max(gas_used), sum(gas_used), max(CASE WHEN place = (many + 1) / 2 THEN gas_used END),"
        " sum(gas_estimate)"
        " FROM mined GROUP BY workflow, operation, role ORDER BY workflow, operation, role";
    static const char *const texts[] = {"workflow", "operation", "role"};
    static const char *const numbers[] = {"count",    "reverted",  "gasMin",          "gasMax",
                                          "gasTotal", "gasMedian", "gasEstimateTotal"};
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    DB_ROWS_AUTO groups = {0};
    GALEN_TRY(db_query(&groups, wf->db, info, sql));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&groups, &found, info));
        if (!found)
            break;
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        for (int i = 0; i < 3; i++)
            GALEN_TRY(workflow_set_text(row, texts[i], db_text(&groups, i), info));
        for (int i = 0; i < 7; i++)
            GALEN_TRY(workflow_set_int(row, numbers[i], db_int(&groups, 3 + i), info));
        GALEN_TRY(add_costs(wf, row, &groups, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

/* ---- over time ---------------------------------------------------------------------------------- */

struct bucket {
    char start[BASE_TIME_TEXT];
    char workflow[32];
    int64_t count, gas, estimate;
    struct chain_u256 wei;
};

static enum galen_err push_bucket(struct json_object *list, const struct bucket *bucket,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    if (bucket->count == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "start", bucket->start, info));
    GALEN_TRY(workflow_set_text(row, "workflow", bucket->workflow, info));
    GALEN_TRY(workflow_set_int(row, "count", bucket->count, info));
    GALEN_TRY(workflow_set_int(row, "gasTotal", bucket->gas, info));
    GALEN_TRY(workflow_set_int(row, "gasEstimateTotal", bucket->estimate, info));
    GALEN_TRY(workflow_set_wei(row, "totalWei", &bucket->wei, info));
    return workflow_push(list, &row, info);
}

enum galen_err workflow_gas_history(struct workflow *wf, const char *by,
                                    struct json_object **result, struct galen_errinfo *info)
{
    static const struct {
        const char *name, *form;
    } periods[] = {{"hour", "%Y-%m-%dT%H:00:00Z"},
                   {"day", "%Y-%m-%dT00:00:00Z"},
                   {"month", "%Y-%m-01T00:00:00Z"}};
    const char *form = NULL;
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++)
        if (strcmp(periods[i].name, by) == 0)
            form = periods[i].form;
    if (form == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "by is hour, day or month");
    RECORD_JSON_AUTO list = NULL;
    struct bucket bucket = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT strftime(?, block_time, 'unixepoch') AS start, workflow, gas_used,"
                       " gas_estimate, total_wei " MINED " ORDER BY start, workflow",
                       DB_TEXT(form)));
    for (;;) {
        struct chain_u256 cost;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        const char *start = db_text(&rows, 0);
        const char *workflow = db_text(&rows, 1);
        if (strcmp(bucket.start, start) != 0 || strcmp(bucket.workflow, workflow) != 0) {
            GALEN_TRY(push_bucket(list, &bucket, info));
            bucket = (struct bucket){0};
            snprintf(bucket.start, sizeof bucket.start, "%s", start);
            snprintf(bucket.workflow, sizeof bucket.workflow, "%s", workflow);
        }
        bucket.count++;
        bucket.gas += db_int(&rows, 2);
        bucket.estimate += db_int(&rows, 3);
        GALEN_TRY(chain_u256_parse(&cost, db_text(&rows, 4), info));
        GALEN_TRY(chain_u256_add(&bucket.wei, &bucket.wei, &cost));
    }
    GALEN_TRY(push_bucket(list, &bucket, info));
    workflow_give(result, &list);
    return GALEN_OK;
}
