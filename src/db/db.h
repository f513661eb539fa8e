/*
 * db: the home's SQLite database — schema, migrations, and a thin typed layer for statements.
 * Built on SQLite. The SQL itself stands beside the workflow step that needs it.
 *
 * What is in it: addresses, hashes, content identifiers, states, transactions, sealed messages.
 * What is never in it: record content, keys, or names of patients' conditions. Content lives
 * encrypted in the block store; what must be kept in plain sight of this home alone (index cards)
 * is sealed under the home's master key first.
 *
 * Nothing else may open the file while a process has it open: POSIX drops all of a process's locks
 * on a file when any descriptor of it is closed, and another process would then corrupt it.
 */
#ifndef GALEN_DB_H
#define GALEN_DB_H

#include "base/base.h"

struct db; /* one connection; not for use by two threads at once */

/* Opens (mode 0600) or makes the database file and brings its schema up to date, all or nothing.
 * A database made by a newer version is refused. Waits up to 5 s for another process.
 * DB on failure. *db is owned: db_close. */
GALEN_MUST_CHECK enum galen_err db_open(struct db **db, const char *path,
                                        struct galen_errinfo *info);
void db_close(struct db **db); /* NULL-safe; sets *db to NULL */
/* A copy of the whole database as of now into a new file (mode 0600), while others go on using it.
 */
GALEN_MUST_CHECK enum galen_err db_copy(struct db *db, const char *path,
                                        struct galen_errinfo *info);
/* Is the file a sound database, of this version or an earlier one? CHECK otherwise. Never changes
 * it. */
GALEN_MUST_CHECK enum galen_err db_check(const char *path, struct galen_errinfo *info);

/* One bound argument, borrowed for the call: DB_INT(7), DB_TEXT(name) (NULL binds NULL),
 * DB_BLOB(bytes, len), DB_NULL. */
struct db_value {
    enum { DB_VALUE_END, DB_VALUE_INT, DB_VALUE_TEXT, DB_VALUE_BLOB } type;
    int64_t number;
    const void *data;
    size_t len;
};
#define DB_INT(n)        ((struct db_value){.type = DB_VALUE_INT, .number = (int64_t)(n)})
#define DB_TEXT(text)    ((struct db_value){.type = DB_VALUE_TEXT, .data = (text)})
#define DB_BLOB(p, len_) ((struct db_value){.type = DB_VALUE_BLOB, .data = (p), .len = (len_)})
#define DB_NULL          DB_TEXT(NULL)
#define DB_VALUES(...)                                                                             \
    (const struct db_value[])                                                                      \
    {                                                                                              \
        __VA_ARGS__ __VA_OPT__(, )                                                                 \
        {                                                                                          \
            .type = DB_VALUE_END                                                                   \
        }                                                                                          \
    }

/* Runs one statement: db_run(db, info, "DELETE FROM share WHERE id = ?", DB_INT(id)).
 * EXISTS on a UNIQUE violation, else DB. The number of arguments must match (asserted). */
#define db_run(db, info, sql, ...) db_run_values(db, info, sql, DB_VALUES(__VA_ARGS__))
GALEN_MUST_CHECK enum galen_err db_run_values(struct db *db, struct galen_errinfo *info,
                                              const char *sql, const struct db_value *values);
/* Rows that the last db_run changed; the row id that it inserted. */
int64_t db_changes(struct db *db);
int64_t db_last_id(struct db *db);

/* A running query. GALEN_CLEANUP(db_rows_end) struct db_rows rows = {0}; */
struct db_rows {
    struct db *db;
    void *stmt;
    void *kept; /* where the statement waits for its next use; NULL: nowhere */
};
#define db_query(rows, db, info, sql, ...)                                                         \
    db_query_values(rows, db, info, sql, DB_VALUES(__VA_ARGS__))
GALEN_MUST_CHECK enum galen_err db_query_values(struct db_rows *rows, struct db *db,
                                                struct galen_errinfo *info, const char *sql,
                                                const struct db_value *values);
/* *has_row tells whether a row stands ready; false at the end. */
GALEN_MUST_CHECK enum galen_err db_next(struct db_rows *rows, bool *has_row,
                                        struct galen_errinfo *info);
void db_rows_end(struct db_rows *rows);
#define DB_ROWS_AUTO GALEN_CLEANUP(db_rows_end) struct db_rows

/* Columns of the row that stands ready; borrowed until the next db_next. Text is "" for NULL. */
int64_t db_int(const struct db_rows *rows, int column);
const char *db_text(const struct db_rows *rows, int column);
struct base_view db_blob(const struct db_rows *rows, int column);
bool db_is_null(const struct db_rows *rows, int column);
/* Copies a blob of exactly len bytes; DB when the column holds another length. */
GALEN_MUST_CHECK enum galen_err db_bytes(const struct db_rows *rows, int column, void *out,
                                         size_t len, struct galen_errinfo *info);

/* One integer: the first column of the first row, or `otherwise` where there is no row. */
#define db_get_int(db, out, otherwise, info, sql, ...)                                             \
    db_get_int_values(db, out, otherwise, info, sql, DB_VALUES(__VA_ARGS__))
GALEN_MUST_CHECK enum galen_err db_get_int_values(struct db *db, int64_t *out, int64_t otherwise,
                                                  struct galen_errinfo *info, const char *sql,
                                                  const struct db_value *values);

/* A transaction (BEGIN IMMEDIATE) that rolls back when it leaves its scope uncommitted. Inside
 * another one it is a part of that (a savepoint): its rollback leaves the rest, and nothing lasts
 * before the outer one commits. GALEN_CLEANUP(db_rollback) struct db_transaction tx = {0}; */
struct db_transaction {
    struct db *db;
    bool is_inner;
};
GALEN_MUST_CHECK enum galen_err db_begin(struct db_transaction *tx, struct db *db,
                                         struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err db_commit(struct db_transaction *tx, struct galen_errinfo *info);
void db_rollback(struct db_transaction *tx); /* nothing when committed or never begun */
#define DB_TRANSACTION_AUTO GALEN_CLEANUP(db_rollback) struct db_transaction

/*
 * Recording (db_record.c): what is done to some tables from begin to end, in a form that can be
 * taken back later, row by row and column by column: a column that was not changed while recording
 * keeps what it was given since. One recorder at a time, inside a transaction.
 */
struct db_recorder {
    void *session;
};
#define DB_RECORDER_AUTO GALEN_CLEANUP(db_record_end) struct db_recorder
/* tables: names, the last one NULL. */
GALEN_MUST_CHECK enum galen_err db_record_begin(struct db_recorder *recorder, struct db *db,
                                                const char *const *tables,
                                                struct galen_errinfo *info);
/* What is done while paused is not recorded. */
void db_record_pause(struct db_recorder *recorder, bool paused);
/* Replaces changes; empty when there are none. */
GALEN_MUST_CHECK enum galen_err
db_record_take(struct db_recorder *recorder, struct base_buf *changes, struct galen_errinfo *info);
void db_record_end(struct db_recorder *recorder); /* nothing when never begun */

/* Takes recorded changes back, inside a transaction. A row that is gone is passed over. Where a
 * changed column was changed again since, it gets back what it had before recording; in the tables
 * of `newer_stays` (names, the last one NULL) such rows are left as they are. */
GALEN_MUST_CHECK enum galen_err db_undo(struct db *db, struct base_view changes,
                                        const char *const *newer_stays, struct galen_errinfo *info);

#endif
