/* What managers look through: who asks to join, the group keys there were, the hospitals. */
#include <string.h>

#include "workflow/group_internal.h"

/* ---- applicants --------------------------------------------------------------------------------- */

static enum galen_err applicant_row(struct json_object **out, const struct db_rows *rows,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address wallet = {0};
    GALEN_TRY(db_bytes(rows, 0, wallet.bytes, 20, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "wallet", &wallet, info));
    if (db_is_null(rows, 1)) {
        GALEN_TRY(workflow_set_text(row, "state", "invited", info));
        GALEN_TRY(workflow_set_time(row, "expires", db_int(rows, 2), info));
    } else {
        RECORD_JSON_AUTO statement = NULL;
        const char *text = db_text(rows, 1);
        const char *name = NULL;
        const char *licence = NULL;
        GALEN_TRY(record_json_parse(&statement, text, strlen(text), SEAL_OBJECT_MAX, info));
        GALEN_TRY(record_json_get_text(&name, statement, "name", RECORD_JSON_REQUIRED,
                                       JOIN_NAME_MAX_BYTES, "statement", info));
        GALEN_TRY(record_json_get_text(&licence, statement, "licence", RECORD_JSON_REQUIRED,
                                       JOIN_LICENCE_MAX_BYTES, "statement", info));
        GALEN_TRY(workflow_set_text(row, "state", "waiting", info));
        GALEN_TRY(workflow_set_text(row, "name", name, info));
        GALEN_TRY(workflow_set_text(row, "licence", licence, info));
        GALEN_TRY(workflow_set_time(row, "receivedAt", db_int(rows, 2), info));
    }
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err group_applicants(struct workflow *wf, struct json_object **result,
                                struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT * FROM (SELECT wallet, statement, received_at AS time"
                       " FROM join_request"
                       " UNION ALL SELECT wallet, NULL, max(expires_at) FROM join_nonce"
                       " WHERE NOT used AND expires_at > ?1"
                       " AND wallet NOT IN (SELECT wallet FROM join_request) GROUP BY wallet)"
                       " ORDER BY statement IS NULL, time",
                       DB_INT(base_time_s())));
    return workflow_list_rows(result, &rows, applicant_row, info);
}

/* ---- group keys --------------------------------------------------------------------------------- */

static enum galen_err key_row(struct json_object **out, const struct db_rows *rows,
                              struct galen_errinfo *info)
{
    enum { VERSION, FINGERPRINT, CONFIRMED, RETIRED_AT, COMPROMISED, REASON, IS_NEWEST };
    RECORD_JSON_AUTO row = NULL;
    struct base_view fingerprint = db_blob(rows, FINGERPRINT);
    const char *state = db_int(rows, COMPROMISED) ? "compromised"
                        : db_int(rows, IS_NEWEST) ? "current"
                        : db_int(rows, CONFIRMED) ? "retired"
                                                  : "proposed";
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "version", db_int(rows, VERSION), info));
    GALEN_TRY(record_json_set_hex(row, "fingerprint", fingerprint.data, fingerprint.len, info));
    GALEN_TRY(workflow_set_text(row, "state", state, info));
    if (!db_is_null(rows, RETIRED_AT))
        GALEN_TRY(workflow_set_time(row, "retiredAt", db_int(rows, RETIRED_AT), info));
    if (!db_is_null(rows, REASON))
        GALEN_TRY(workflow_set_text(row, "problem", db_text(rows, REASON), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err group_keys(struct workflow *wf, struct json_object **result,
                          struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT version, fingerprint, confirmed, retired_at, compromised, reason,"
                       " version = (SELECT max(version) FROM group_key"
                       "  WHERE confirmed AND retired_at IS NULL)"
                       " FROM group_key ORDER BY version DESC"));
    return workflow_list_rows(result, &rows, key_row, info);
}

/* ---- hospitals ---------------------------------------------------------------------------------- */

enum galen_err group_on_hospital_set(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_hospital_set_event *args,
                                     struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO hospital VALUES (?, ?, ?, ?, ?) ON CONFLICT (address) DO UPDATE"
                  " SET accredited = excluded.accredited, since = excluded.since,"
                  " block = excluded.block, log_index = excluded.log_index"
                  " WHERE (excluded.block, excluded.log_index) > (block, log_index)",
                  DB_BLOB(args->hospital.bytes, 20), DB_INT(args->registered),
                  DB_INT(event->time_s), DB_INT(event->log->block_number),
                  DB_INT(event->log->log_index));
}

static enum galen_err hospital_row(struct json_object **out, const struct db_rows *rows,
                                   struct galen_errinfo *info)
{
    struct chain_address address;
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(db_bytes(rows, 0, address.bytes, 20, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "address", &address, info));
    if (!db_is_null(rows, 1))
        GALEN_TRY(workflow_set_text(row, "name", db_text(rows, 1), info));
    GALEN_TRY(workflow_set_bool(row, "accredited", db_int(rows, 2) != 0, info));
    GALEN_TRY(workflow_set_time(row, "since", db_int(rows, 3), info));
    workflow_give(out, &row);
    return GALEN_OK;
}

enum galen_err group_hospitals(struct workflow *wf, const struct workflow_page *page,
                               struct json_object **result, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT h.address, coalesce(c.name, i.name), h.accredited, h.since"
                       " FROM hospital h LEFT JOIN contact c ON c.address = h.address"
                       " LEFT JOIN identity i ON i.address = h.address"
                       " ORDER BY h.accredited DESC, h.since DESC, h.address LIMIT ? OFFSET ?",
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, hospital_row, info);
}
