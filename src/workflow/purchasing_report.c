/*
 * What is kept of a buyer's verification, in table verification: how far it is, so that whoever
 * asked for it can leave and come back, and the report of the last that came to a verdict.
 */
#include <string.h>

#include "workflow/purchasing_internal.h"

#define TELL_EVERY_MS 1000
#define SILENT_S      120 /* one that gave no sign for so long was interrupted */

/* ---- while it runs -------------------------------------------------------------------------------- */

enum galen_err purchasing_run_begin(struct purchasing_run *run, struct workflow *wf,
                                    uint64_t request_id, size_t total, struct galen_errinfo *info)
{
    *run = (struct purchasing_run){.wf = wf,
                                   .request_id = request_id,
                                   .total = total,
                                   .started_at = base_time_s(),
                                   .told_ms = base_monotonic_ms()};
    base_random(run->id, sizeof run->id);
    return db_run(wf->db, info,
                  "INSERT INTO verification (request_id, run, state, started_at, updated_at, done,"
                  " total) VALUES (?1, ?2, 'running', ?3, ?3, 0, ?4)"
                  " ON CONFLICT (request_id) DO UPDATE SET run = excluded.run, state = 'running',"
                  " started_at = excluded.started_at, updated_at = excluded.updated_at, done = 0,"
                  " total = excluded.total, problem = NULL",
                  DB_INT(request_id), DB_BLOB(run->id, sizeof run->id), DB_INT(run->started_at),
                  DB_INT(total));
}

enum galen_err purchasing_run_tell(struct purchasing_run *run, size_t done,
                                   struct galen_errinfo *info)
{
    struct workflow *wf = run->wf;
    int64_t now = base_monotonic_ms();
    if (wf->stop != NULL && atomic_load(wf->stop))
        return base_fail(info, GALEN_ERR_NETWORK, "the node stops: verify again when it is back");
    if (wf->progress != NULL)
        wf->progress(wf->progress_user, done, run->total);
    if (now - run->told_ms < TELL_EVERY_MS)
        return GALEN_OK;
    run->told_ms = now;
    return db_run(wf->db, info,
                  "UPDATE verification SET done = ?, updated_at = ? WHERE request_id = ?"
                  " AND run = ?",
                  DB_INT(done), DB_INT(base_time_s()), DB_INT(run->request_id),
                  DB_BLOB(run->id, sizeof run->id));
}

void purchasing_run_fail(struct purchasing_run *run, const struct galen_errinfo *why)
{
    if (db_run(run->wf->db, NULL,
               "UPDATE verification SET state = 'failed', problem = ?, updated_at = ?"
               " WHERE request_id = ? AND run = ?",
               DB_TEXT(why != NULL && why->what[0] != '\0' ? why->what : "it could not go on"),
               DB_INT(base_time_s()), DB_INT(run->request_id),
               DB_BLOB(run->id, sizeof run->id)) != GALEN_OK)
        base_log(BASE_LOG_WARN, "that a verification failed could not be written");
}

/* ---- the report ------------------------------------------------------------------------------------ */

enum galen_err purchasing_run_describe(const struct purchasing_run *run,
                                       const struct purchasing_row *row, uint32_t k,
                                       struct json_object *made, struct galen_errinfo *info)
{
    const struct workflow *wf = run->wf;
    GALEN_TRY(workflow_set_text(made, "type", PURCHASING_VERIFICATION_TYPE, info));
    GALEN_TRY(workflow_set_text(made, "software", "galen " GALEN_VERSION, info));
    GALEN_TRY(workflow_set_int(made, "chainId", (int64_t)wf->domain.chain_id, info));
    GALEN_TRY(workflow_set_address(made, "contract", &wf->domain.contract, info));
    GALEN_TRY(record_json_set_hex(made, "templateHash", row->template_hash, 32, info));
    GALEN_TRY(workflow_set_cid(made, "manifestCid", row->manifest_cid, info));
    if (k > 0)
        GALEN_TRY(workflow_set_int(made, "k", k, info));
    GALEN_TRY(workflow_set_int(made, "entryCount", (int64_t)run->total, info));
    GALEN_TRY(workflow_set_time(made, "startedAt", run->started_at, info));
    return workflow_set_time(made, "finishedAt", base_time_s(), info);
}

enum galen_err purchasing_run_end(struct purchasing_run *run, struct json_object *report,
                                  const struct base_buf *text, struct galen_errinfo *info)
{
    struct json_object *passed = NULL;
    struct json_object *failed = NULL;
    bool whole = json_object_object_get_ex(report, "passed", &passed) &&
                 json_object_object_get_ex(report, "failed", &failed);
    GALEN_ASSERT(whole);
    return db_run(run->wf->db, info,
                  "UPDATE verification SET state = 'done', done = total, updated_at = ?1,"
                  " finished_at = ?1, passed = ?2, failed = ?3, summary = ?4, report = ?5"
                  " WHERE request_id = ?6 AND run = ?7",
                  DB_INT(base_time_s()), DB_INT(json_object_get_boolean(passed)),
                  DB_INT(json_object_get_int64(failed)),
                  DB_TEXT(workflow_text_of(report, "summary")), DB_TEXT((const char *)text->data),
                  DB_INT(run->request_id), DB_BLOB(run->id, sizeof run->id));
}

/* ---- read --------------------------------------------------------------------------------------------- */

static enum galen_err not_verified(uint64_t request_id, struct galen_errinfo *info)
{
    return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "'galen request verify' does it, as the buyer",
                      "this home has not verified request %llu", (unsigned long long)request_id);
}

static enum galen_err add_result(struct json_object *made, struct db_rows *rows,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO result = NULL;
    if (db_is_null(rows, 6))
        return GALEN_OK;
    GALEN_TRY(workflow_object(&result, info));
    GALEN_TRY(workflow_set_time(result, "finishedAt", db_int(rows, 6), info));
    GALEN_TRY(workflow_set_bool(result, "passed", db_int(rows, 7) != 0, info));
    GALEN_TRY(workflow_set_int(result, "failed", db_int(rows, 8), info));
    GALEN_TRY(workflow_set_text(result, "summary", db_text(rows, 9), info));
    return workflow_set_object(made, "result", &result, info);
}

enum galen_err purchasing_verification(struct workflow *wf, uint64_t request_id,
                                       struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT state, started_at, updated_at, done, total, problem, finished_at,"
                       " passed, failed, summary FROM verification WHERE request_id = ?",
                       DB_INT(request_id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return not_verified(request_id, info);
    bool is_silent = strcmp(db_text(&rows, 0), "running") == 0 &&
                     base_time_s() - db_int(&rows, 2) > SILENT_S;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(
        workflow_set_text(made, "state", is_silent ? "interrupted" : db_text(&rows, 0), info));
    GALEN_TRY(workflow_set_int(made, "done", db_int(&rows, 3), info));
    GALEN_TRY(workflow_set_int(made, "total", db_int(&rows, 4), info));
    GALEN_TRY(workflow_set_time(made, "startedAt", db_int(&rows, 1), info));
    GALEN_TRY(workflow_set_time(made, "updatedAt", db_int(&rows, 2), info));
    if (!db_is_null(&rows, 5))
        GALEN_TRY(workflow_set_text(made, "problem", db_text(&rows, 5), info));
    GALEN_TRY(add_result(made, &rows, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err purchasing_verification_report(struct workflow *wf, uint64_t request_id,
                                              struct base_buf *out, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT report FROM verification WHERE request_id = ?"
                       " AND report IS NOT NULL",
                       DB_INT(request_id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return not_verified(request_id, info);
    return base_buf_append_text(out, db_text(&rows, 0)) == GALEN_OK
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}
