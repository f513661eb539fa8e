/*
 * What is kept of an import, in table record_import: how far it is, so that whoever asked for it
 * can leave and come back, and how it ended. Which encounters failed is health data: that is sealed
 * to this home.
 */
#include "workflow/import_internal.h"

#include <limits.h>
#include <string.h>

#include "workflow/config.h"

#define TELL_EVERY_MS 1000
#define FAILURES_KEPT 100
#define ALIVE_FILE    "imports.lock" /* a byte for each import that runs */
#define AGAIN         "choose the same file again: it goes on where it stopped"

/* ---- while it runs -------------------------------------------------------------------------------- */

void import_run_clear(struct import_run *run)
{
    base_fd_close(&run->alive_fd);
    record_json_put(&run->failures);
}

enum galen_err import_run_begin(struct import_run *run, struct workflow *wf,
                                const struct chain_address *doctor, const struct import_file *file,
                                struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    char path[PATH_MAX];
    GALEN_TRY(config_path(path, wf->home, ALIVE_FILE, info));
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO record_import (holder, patient, hospital, state, started_at,"
                     " updated_at, records, stored, already, failed)"
                     " VALUES (?1, ?2, ?3, 'running', ?4, ?4, ?5, 0, 0, 0)",
                     DB_BLOB(doctor->bytes, 20), DB_BLOB(file->patient.bytes, 20),
                     DB_BLOB(file->hospital.bytes, 20), DB_INT(base_time_s()),
                     DB_INT(file->records->item_count)));
    run->wf = wf;
    run->id = db_last_id(wf->db);
    run->records = file->records->item_count;
    run->told_ms = base_monotonic_ms();
    GALEN_TRY(workflow_array(&run->failures, info));
    GALEN_TRY(base_file_lock_at(&run->alive_fd, path, run->id, info)); /* before anyone sees it */
    return db_commit(&tx, info);
}

static enum galen_err write_counts(struct import_run *run, const char *state,
                                   const struct galen_errinfo *why, struct galen_errinfo *info)
{
    const char *hint = why != NULL && why->hint[0] != '\0' ? why->hint : AGAIN;
    run->told_ms = base_monotonic_ms();
    return db_run(run->wf->db, info,
                  "UPDATE record_import SET state = ?, already = ?, failed = ?, updated_at = ?,"
                  " problem = ?, hint = ? WHERE id = ?",
                  DB_TEXT(state), DB_INT(run->already), DB_INT(run->failed), DB_INT(base_time_s()),
                  DB_TEXT(why != NULL ? why->what : NULL), DB_TEXT(why != NULL ? hint : NULL),
                  DB_INT(run->id));
}

static bool is_stopping(const struct import_run *run)
{
    return run->wf->stop != NULL && atomic_load(run->wf->stop);
}

enum galen_err import_run_tell(struct import_run *run, struct galen_errinfo *info)
{
    struct workflow *wf = run->wf;
    if (wf->progress != NULL)
        wf->progress(wf->progress_user, run->stored + run->already + run->failed, run->records);
    if (is_stopping(run))
        return STEPS_FAIL(info, GALEN_ERR_NETWORK, AGAIN, "the node stops, and the import with it");
    if (base_monotonic_ms() - run->told_ms < TELL_EVERY_MS)
        return GALEN_OK;
    return write_counts(run, "running", NULL, info);
}

enum galen_err import_run_miss(struct import_run *run, const char *encounter,
                               const struct galen_errinfo *why, struct galen_errinfo *info)
{
    BASE_BUF_AUTO sealed = {0};
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO whole = NULL;
    RECORD_JSON_AUTO list = NULL;
    run->failed++;
    if (json_object_array_length(run->failures) == FAILURES_KEPT)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "encounter", encounter, info));
    GALEN_TRY(workflow_set_text(row, "problem", why->what, info));
    if (why->hint[0] != '\0')
        GALEN_TRY(workflow_set_text(row, "hint", why->hint, info));
    GALEN_TRY(workflow_push(run->failures, &row, info));
    GALEN_TRY(record_json_copy(&list, run->failures, info));
    GALEN_TRY(workflow_object(&whole, info));
    GALEN_TRY(workflow_set_object(whole, "failures", &list, info));
    GALEN_TRY(workflow_home_seal(run->wf, &sealed, whole, info));
    return db_run(run->wf->db, info,
                  "UPDATE record_import SET failed = ?, failures = ? WHERE id = ?",
                  DB_INT(run->failed), DB_BLOB(sealed.data, sealed.len), DB_INT(run->id));
}

enum galen_err import_run_end(struct import_run *run, struct galen_errinfo *info)
{
    return write_counts(run, "done", NULL, info);
}

/* One that the node's end cuts off stays as it is: without its lock it was interrupted. */
void import_run_fail(struct import_run *run, const struct galen_errinfo *why)
{
    static const struct galen_errinfo unknown = {.what = "it could not go on"};
    const bool is_cut = is_stopping(run);
    if (run->id != 0 && write_counts(run, is_cut ? "running" : "failed",
                                     is_cut        ? NULL
                                     : why != NULL ? why
                                                   : &unknown,
                                     NULL) != GALEN_OK)
        base_log(BASE_LOG_WARN, "that an import failed could not be written");
}

/* ---- marks --------------------------------------------------------------------------------------- */

enum galen_err import_has(struct workflow *wf, bool *has, const struct chain_address *doctor,
                          const uint8_t mark32[32], struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT 1 FROM record_imported WHERE holder = ? AND mark = ?",
                         DB_BLOB(doctor->bytes, 20), DB_BLOB(mark32, 32)));
    *has = n > 0;
    return GALEN_OK;
}

enum galen_err import_keep(struct workflow *wf, int64_t import_id,
                           const struct chain_address *doctor, const uint8_t mark32[32],
                           struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO record_imported (holder, mark, import_id) VALUES (?, ?, ?)",
                     DB_BLOB(doctor->bytes, 20), DB_BLOB(mark32, 32), DB_INT(import_id)));
    return db_run(wf->db, info,
                  "UPDATE record_import SET stored = stored + 1, updated_at = ? WHERE id = ?",
                  DB_INT(base_time_s()), DB_INT(import_id));
}

/* ---- read --------------------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "id, holder, patient, hospital, state, started_at, updated_at, records, stored, already,"      \
    " failed, failures, problem, hint"

static enum galen_err set_addresses(struct json_object *object, const struct db_rows *rows,
                                    struct galen_errinfo *info)
{
    static const char *const names[] = {"doctor", "patient", "hospital"};
    for (int i = 0; i < 3; i++) {
        struct chain_address address;
        GALEN_TRY(db_bytes(rows, i + 1, address.bytes, 20, info));
        GALEN_TRY(workflow_set_address(object, names[i], &address, info));
    }
    return GALEN_OK;
}

static enum galen_err set_counts(struct json_object *object, const struct db_rows *rows,
                                 struct galen_errinfo *info)
{
    static const char *const names[] = {"records", "stored", "already", "failed"};
    const long long stored = (long long)db_int(rows, 8);
    const long long already = (long long)db_int(rows, 9);
    const long long failed = (long long)db_int(rows, 10);
    char text[128];
    int len = snprintf(text, sizeof text, "%lld stored", stored);
    for (int i = 0; i < 4; i++)
        GALEN_TRY(workflow_set_int(object, names[i], db_int(rows, i + 7), info));
    if (already > 0)
        len += snprintf(text + len, sizeof text - (size_t)len, ", %lld %s already", already,
                        already == 1 ? "was" : "were");
    if (failed > 0)
        snprintf(text + len, sizeof text - (size_t)len, ", %lld could not be", failed);
    return workflow_set_text(object, "summary", text, info);
}

static enum galen_err set_failures(struct workflow *wf, struct json_object *object,
                                   const struct db_rows *rows, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO whole = NULL;
    RECORD_JSON_AUTO copy = NULL;
    struct json_object *list = NULL;
    if (db_is_null(rows, 11) || wf->keys == NULL)
        return GALEN_OK;
    GALEN_TRY(workflow_home_open(wf, &whole, db_blob(rows, 11), info));
    GALEN_TRY(record_json_get_array(&list, whole, "failures", RECORD_JSON_REQUIRED, 1,
                                    FAILURES_KEPT, "import", info));
    GALEN_TRY(record_json_copy(&copy, list, info));
    return workflow_set_object(object, "failures", &copy, info);
}

static enum galen_err set_end(struct workflow *wf, struct json_object *object,
                              const struct db_rows *rows, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    bool is_running = strcmp(db_text(rows, 4), "running") == 0;
    bool is_alive = false;
    if (is_running) {
        GALEN_TRY(config_path(path, wf->home, ALIVE_FILE, info));
        GALEN_TRY(base_file_has_lock_at(&is_alive, path, db_int(rows, 0), info));
    }
    const bool is_cut = is_running && !is_alive;
    GALEN_TRY(workflow_set_text(object, "state", is_cut ? "interrupted" : db_text(rows, 4), info));
    if (is_alive)
        return GALEN_OK;
    GALEN_TRY(workflow_set_time(object, "endedAt", db_int(rows, 6), info));
    if (is_cut) {
        GALEN_TRY(workflow_set_text(object, "problem", "the node or the command that ran it ended",
                                    info));
        return workflow_set_text(object, "hint", AGAIN, info);
    }
    if (db_is_null(rows, 12))
        return GALEN_OK;
    GALEN_TRY(workflow_set_text(object, "problem", db_text(rows, 12), info));
    return workflow_set_text(object, "hint", db_text(rows, 13), info);
}

static enum galen_err show(struct workflow *wf, struct json_object **out,
                           const struct db_rows *rows, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO object = NULL;
    GALEN_TRY(workflow_object(&object, info));
    GALEN_TRY(workflow_set_int(object, "id", db_int(rows, 0), info));
    GALEN_TRY(set_addresses(object, rows, info));
    GALEN_TRY(workflow_set_time(object, "startedAt", db_int(rows, 5), info));
    GALEN_TRY(set_end(wf, object, rows, info));
    GALEN_TRY(set_counts(object, rows, info));
    GALEN_TRY(set_failures(wf, object, rows, info));
    workflow_give(out, &object);
    return GALEN_OK;
}

enum galen_err import_run_show(struct import_run *run, struct json_object **out,
                               struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, run->wf->db, info,
                       "SELECT " COLUMNS " FROM record_import WHERE id = ?", DB_INT(run->id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "there is no such import");
    return show(run->wf, out, &rows, info);
}

enum galen_err import_list(struct workflow *wf, const struct chain_address *doctor,
                           const struct workflow_page *page, struct json_object **result,
                           struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT " COLUMNS " FROM record_import WHERE (?1 IS NULL OR holder = ?1)"
                       " ORDER BY id DESC LIMIT ?2 OFFSET ?3",
                       DB_BLOB(doctor != NULL ? doctor->bytes : NULL, 20),
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    for (;;) {
        RECORD_JSON_AUTO object = NULL;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(show(wf, &object, &rows, info));
        GALEN_TRY(workflow_push(list, &object, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
