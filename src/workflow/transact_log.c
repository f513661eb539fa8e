/* The log of transactions. */
#include <stdlib.h>
#include <string.h>

#include "workflow/transact_internal.h"

static const char tx_columns[] =
    "SELECT hash, sender, recipient, role, workflow, operation, nonce, value_wei, gas_estimate,"
    " gas_limit, max_fee_wei, max_priority_fee_wei, status, reason, block_number, block_time,"
    " gas_used, base_fee_wei, effective_gas_price_wei, l1_fee_wei, total_wei, request_id,"
    " created_at FROM tx ";

static enum galen_err set_optional_text(struct json_object *object, const char *key,
                                        const struct db_rows *rows, int column,
                                        struct galen_errinfo *info)
{
    return db_is_null(rows, column) ? GALEN_OK
                                    : workflow_set_text(object, key, db_text(rows, column), info);
}

static enum galen_err set_optional_int(struct json_object *object, const char *key,
                                       const struct db_rows *rows, int column,
                                       struct galen_errinfo *info)
{
    return db_is_null(rows, column) ? GALEN_OK
                                    : workflow_set_int(object, key, db_int(rows, column), info);
}

/* The row of tx_columns that stands ready, as the API shows it. */
static enum galen_err tx_row(struct json_object **out, const struct db_rows *rows,
                             struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address address = {0};
    struct base_view hash = db_blob(rows, 0);
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "hash", hash.data, hash.len, info));
    GALEN_TRY(db_bytes(rows, 1, address.bytes, 20, info));
    GALEN_TRY(workflow_set_address(row, "from", &address, info));
    if (!db_is_null(rows, 2)) {
        GALEN_TRY(db_bytes(rows, 2, address.bytes, 20, info));
        GALEN_TRY(workflow_set_address(row, "to", &address, info));
    }
    static const char *const texts[] = {"role", "workflow", "operation"};
    for (int i = 0; i < 3; i++)
        GALEN_TRY(workflow_set_text(row, texts[i], db_text(rows, 3 + i), info));
    GALEN_TRY(workflow_set_int(row, "nonce", db_int(rows, 6), info));
    GALEN_TRY(workflow_set_text(row, "valueWei", db_text(rows, 7), info));
    GALEN_TRY(workflow_set_int(row, "gasEstimate", db_int(rows, 8), info));
    GALEN_TRY(workflow_set_int(row, "gasLimit", db_int(rows, 9), info));
    GALEN_TRY(workflow_set_text(row, "maxFeeWei", db_text(rows, 10), info));
    GALEN_TRY(workflow_set_text(row, "maxPriorityFeeWei", db_text(rows, 11), info));
    GALEN_TRY(workflow_set_text(row, "status", db_text(rows, 12), info));
    GALEN_TRY(set_optional_text(row, "reason", rows, 13, info));
    GALEN_TRY(set_optional_int(row, "block", rows, 14, info));
    if (!db_is_null(rows, 15))
        GALEN_TRY(workflow_set_time(row, "time", db_int(rows, 15), info));
    GALEN_TRY(set_optional_int(row, "gasUsed", rows, 16, info));
    GALEN_TRY(set_optional_text(row, "baseFeeWei", rows, 17, info));
    GALEN_TRY(set_optional_text(row, "effectiveGasPriceWei", rows, 18, info));
    GALEN_TRY(set_optional_text(row, "l1FeeWei", rows, 19, info));
    GALEN_TRY(set_optional_text(row, "totalWei", rows, 20, info));
    GALEN_TRY(set_optional_int(row, "requestId", rows, 21, info));
    GALEN_TRY(workflow_set_time(row, "created", db_int(rows, 22), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err transact_row(struct workflow *wf, const uint8_t hash32[32], struct json_object **out,
                            struct galen_errinfo *info)
{
    char sql[sizeof tx_columns + 32];
    snprintf(sql, sizeof sql, "%sWHERE hash = ?", tx_columns);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_BLOB(hash32, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such transaction in this home");
    return tx_row(out, &rows, info);
}

enum galen_err workflow_transactions(struct workflow *wf, const struct workflow_tx_filter *filter,
                                     struct json_object **result, struct galen_errinfo *info)
{
    static const struct workflow_tx_filter all = {0};
    if (filter == NULL)
        filter = &all;
    const bool is_paged = filter->page.limit > 0;
    char sql[sizeof tx_columns + 320];
    snprintf(sql, sizeof sql,
             "%sWHERE (?1 IS NULL OR role = ?1) AND (?2 IS NULL OR workflow = ?2)"
             " AND (?3 IS NULL OR operation = ?3) AND (?4 IS NULL OR status = ?4)"
             " ORDER BY created_at %s, rowid %s LIMIT ?5 OFFSET ?6",
             tx_columns, is_paged ? "DESC" : "", is_paged ? "DESC" : "");
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_TEXT(filter->role), DB_TEXT(filter->workflow),
                       DB_TEXT(filter->operation), DB_TEXT(filter->status),
                       DB_INT(workflow_page_limit(&filter->page)),
                       DB_INT(workflow_page_offset(&filter->page))));
    return workflow_list_rows(result, &rows, tx_row, info);
}

enum galen_err workflow_transactions_csv(struct workflow *wf,
                                         const struct workflow_tx_filter *filter,
                                         struct base_buf *out, struct galen_errinfo *info)
{
    static const char *const columns[] = {
        "hash",
        "time",
        "block",
        "role",
        "workflow",
        "operation",
        "from",
        "to",
        "nonce",
        "valueWei",
        "gasEstimate",
        "gasLimit",
        "gasUsed",
        "baseFeeWei",
        "maxPriorityFeeWei",
        "maxFeeWei",
        "effectiveGasPriceWei",
        "l1FeeWei",
        "totalWei",
        "status",
        "reason",
        "requestId",
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_transactions(wf, filter, &list, info));
    GALEN_TRY(workflow_csv_row(out, columns, COLUMNS, info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        const char *cells[COLUMNS] = {0};
        for (size_t c = 0; c < COLUMNS; c++) {
            struct json_object *value = NULL;
            if (json_object_object_get_ex(row, columns[c], &value))
                cells[c] = json_object_get_string(value);
        }
        GALEN_TRY(workflow_csv_row(out, cells, COLUMNS, info));
    }
    return GALEN_OK;
}
