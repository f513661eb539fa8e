/* Recording changes and taking them back: SQLite's sessions. */
#include "db/internal.h"

#include <string.h>

enum galen_err db_record_begin(struct db_recorder *recorder, struct db *db,
                               const char *const *tables, struct galen_errinfo *info)
{
    sqlite3_session *session = NULL;
    GALEN_ASSERT(recorder->session == NULL);
    if (sqlite3session_create(db->handle, "main", &session) != SQLITE_OK)
        return db_fail(db, info, "record changes");
    recorder->session = session;
    for (; *tables != NULL; tables++)
        if (sqlite3session_attach(session, *tables) != SQLITE_OK)
            return db_fail(db, info, "record changes");
    return GALEN_OK;
}

void db_record_pause(struct db_recorder *recorder, bool paused)
{
    sqlite3session_enable(recorder->session, paused ? 0 : 1);
}

static void free_bytes(void *pointer)
{
    sqlite3_free(*(void **)pointer);
}

enum galen_err db_record_take(struct db_recorder *recorder, struct base_buf *changes,
                              struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_bytes) void *bytes = NULL;
    int len = 0;
    base_buf_clear(changes);
    int rc = sqlite3session_changeset(recorder->session, &len, &bytes);
    if (rc != SQLITE_OK)
        return base_fail(info, rc == SQLITE_NOMEM ? GALEN_ERR_NOMEM : GALEN_ERR_DB,
                         "database: cannot record changes: %s", sqlite3_errstr(rc));
    return len > 0 ? base_buf_append(changes, bytes, (size_t)len) : GALEN_OK;
}

void db_record_end(struct db_recorder *recorder)
{
    if (recorder->session != NULL)
        sqlite3session_delete(recorder->session);
    recorder->session = NULL;
}

static int on_conflict(void *context, int kind, sqlite3_changeset_iter *change)
{
    const char *const *newer_stays = context;
    const char *table = "";
    int columns = 0, operation = 0, indirect = 0;
    switch (kind) {
    case SQLITE_CHANGESET_NOTFOUND: /* the row is gone */
        return SQLITE_CHANGESET_OMIT;
    case SQLITE_CHANGESET_DATA: /* the row was changed since */
        if (sqlite3changeset_op(change, &table, &columns, &operation, &indirect) != SQLITE_OK)
            return SQLITE_CHANGESET_ABORT;
        for (; *newer_stays != NULL; newer_stays++)
            if (strcmp(*newer_stays, table) == 0)
                return SQLITE_CHANGESET_OMIT;
        return SQLITE_CHANGESET_REPLACE;
    case SQLITE_CHANGESET_CONFLICT: /* a deleted row is there again: that is what was wanted */
        return SQLITE_CHANGESET_OMIT;
    default: /* a constraint that the rows of former times break */
        return SQLITE_CHANGESET_ABORT;
    }
}

enum galen_err db_undo(struct db *db, struct base_view changes, const char *const *newer_stays,
                       struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_bytes) void *inverse = NULL;
    int len = 0;
    GALEN_ASSERT(changes.len <= INT32_MAX);
    /* SQLite's arguments are not const; it does not write to them. */
    int rc = sqlite3changeset_invert((int)changes.len, (void *)(uintptr_t)changes.data, &len,
                                     &inverse);
    if (rc == SQLITE_OK)
        rc = sqlite3changeset_apply(db->handle, len, inverse, NULL, on_conflict,
                                    (void *)(uintptr_t)newer_stays);
    if (rc == SQLITE_OK)
        return GALEN_OK;
    return base_fail(info, rc == SQLITE_NOMEM ? GALEN_ERR_NOMEM : GALEN_ERR_DB,
                     "database: cannot take changes back: %s", sqlite3_errstr(rc));
}
