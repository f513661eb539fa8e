/* What is told to the identities of the home, once each. One that an event's block told is
 * withdrawn with that block (watch_undo.c), and comes back as the same one. */
#include "workflow/watch_internal.h"

#define NEWEST_NOTIFICATION                                                                        \
    "(SELECT max(coalesce((SELECT max(id) FROM notification), 0),"                                 \
    " coalesce((SELECT max(id) FROM notification_withdrawn), 0)))"

enum galen_err workflow_newest_notification(struct workflow *wf, int64_t *id,
                                            struct galen_errinfo *info)
{
    return db_get_int(wf->db, id, 0, info, "SELECT " NEWEST_NOTIFICATION);
}

enum galen_err workflow_notify(struct workflow *wf, const struct chain_address *identity,
                               const char *kind, const char *subject, struct galen_errinfo *info)
{
    return workflow_notify_of(wf, wf->facts != NULL ? wf->facts->block : -1, identity, kind,
                              subject, info);
}

enum galen_err workflow_notify_of(struct workflow *wf, int64_t block,
                                  const struct chain_address *identity, const char *kind,
                                  const char *subject, struct galen_errinfo *info)
{
    const struct db_value where = block >= 0 ? DB_INT(block) : DB_NULL;
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO notification (id, identity, kind, subject, created_at, seen,"
                     " block) SELECT id, identity, kind, subject, created_at, seen, ?"
                     " FROM notification_withdrawn WHERE identity = ? AND kind = ?"
                     " AND subject = ? ON CONFLICT DO NOTHING",
                     where, DB_BLOB(identity->bytes, 20), DB_TEXT(kind), DB_TEXT(subject)));
    if (db_changes(wf->db) > 0)
        GALEN_TRY(db_run(wf->db, info,
                         "DELETE FROM notification_withdrawn WHERE identity = ? AND kind = ?"
                         " AND subject = ?",
                         DB_BLOB(identity->bytes, 20), DB_TEXT(kind), DB_TEXT(subject)));
    /* Also the withdrawn ones' numbers are taken: who has seen up to a number misses nothing. */
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO notification (id, identity, kind, subject, created_at, block)"
                     " VALUES (" NEWEST_NOTIFICATION " + 1, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                     DB_BLOB(identity->bytes, 20), DB_TEXT(kind), DB_TEXT(subject),
                     DB_INT(base_time_s()), where));
    return db_commit(&tx, info);
}

static enum galen_err notification_row(struct json_object **out, const struct db_rows *rows,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address who = {0};
    GALEN_TRY(db_bytes(rows, 0, who.bytes, 20, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "id", db_int(rows, 4), info));
    GALEN_TRY(workflow_set_address(row, "identity", &who, info));
    GALEN_TRY(workflow_set_text(row, "kind", db_text(rows, 1), info));
    GALEN_TRY(workflow_set_text(row, "subject", db_text(rows, 2), info));
    GALEN_TRY(workflow_set_time(row, "time", db_int(rows, 3), info));
    GALEN_TRY(workflow_set_bool(row, "seen", db_int(rows, 5) != 0, info));
    workflow_give(out, &row);
    return GALEN_OK;
}

enum galen_err workflow_notifications(struct workflow *wf, const struct chain_address *identity,
                                      int64_t after_id, const struct workflow_page *page,
                                      struct json_object **result, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT identity, kind, subject, created_at, id, seen FROM notification"
                       " WHERE id > ?1 AND (?2 IS NULL OR identity = ?2) ORDER BY id DESC"
                       " LIMIT ?3 OFFSET ?4",
                       DB_INT(after_id), DB_BLOB(identity != NULL ? identity->bytes : NULL, 20),
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, notification_row, info);
}

enum galen_err workflow_notifications_seen(struct workflow *wf,
                                           const struct chain_address *identity, int64_t up_to_id,
                                           struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE notification SET seen = 1 WHERE identity = ? AND id <= ? AND seen = 0",
                  DB_BLOB(identity->bytes, 20), DB_INT(up_to_id));
}
