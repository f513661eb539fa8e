/* SQLite behind a few typed calls. */
#include "db/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema.h" /* generated: the migrations, in order */

static const int64_t newest_version = sizeof db_migrations / sizeof *db_migrations;

enum galen_err db_fail(struct db *db, struct galen_errinfo *info, const char *doing)
{
    int code = sqlite3_extended_errcode(db->handle);
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return base_fail(info, GALEN_ERR_EXISTS, "already in the database");
    base_fail(info, GALEN_ERR_DB, "database: cannot %s: %s", doing, sqlite3_errmsg(db->handle));
    switch (code & 0xff) {
    case SQLITE_FULL:
        return base_hint(info, "the disk is full; make room and run the command again");
    case SQLITE_BUSY:
        return base_hint(info, "another galen process holds this home; try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return base_hint(info, "the database file is damaged; restore the home from a backup");
    default:
        return GALEN_ERR_DB;
    }
}

static enum galen_err run_script(struct db *db, const char *sql, struct galen_errinfo *info)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, info, "run a script");
    return GALEN_OK;
}

static enum galen_err read_version(struct db *db, int64_t *version, struct galen_errinfo *info)
{
    GALEN_TRY(db_get_int(db, version, 0, info, "PRAGMA user_version"));
    if (*version <= newest_version)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_DB, "the database has schema %lld, this galen knows up to %lld",
              (long long)*version, (long long)newest_version);
    return base_hint(info, "use the galen version that made this home, or a newer one");
}

/* A database that is up to date is not written to. */
static enum galen_err migrate(struct db *db, struct galen_errinfo *info)
{
    int64_t version = 0;
    GALEN_TRY(read_version(db, &version, info));
    if (version == newest_version)
        return GALEN_OK;
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, db, info));
    /* Again: another process may have been faster. */
    GALEN_TRY(read_version(db, &version, info));
    for (; version < newest_version; version++)
        GALEN_TRY(run_script(db, db_migrations[version], info));
    char set_version[64];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %lld",
             (long long)newest_version);
    GALEN_TRY(run_script(db, set_version, info));
    return db_commit(&tx, info);
}

enum galen_err db_open(struct db **out, const char *path, struct galen_errinfo *info)
{
    /* SQLite would make the file with the umask's mode. One that is there is not touched: closing
     * any descriptor of it would drop the locks of this process's other connections. */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return base_fail(info, GALEN_ERR_DB, "cannot open %s", path);
    if (fd >= 0)
        close(fd);
    GALEN_CLEANUP(db_close) struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return db_fail(db, info, "open the file");
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, 5000);
    GALEN_TRY(run_script(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                         "PRAGMA secure_delete = ON;",
                         info));
    GALEN_TRY(migrate(db, info));
    *out = db;
    db = NULL;
    return GALEN_OK;
}

void db_close(struct db **db)
{
    if (*db == NULL)
        return;
    for (size_t i = 0; i < DB_KEPT_STATEMENTS; i++)
        sqlite3_finalize((*db)->kept[i].stmt);
    sqlite3_close_v2((*db)->handle);
    free(*db);
    *db = NULL;
}

enum galen_err db_copy(struct db *db, const char *path, struct galen_errinfo *info)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s", path);
    close(fd);
    return db_run(db, info, "VACUUM INTO ?", DB_TEXT(path));
}

static enum galen_err check_rows(struct db *db, const char *pragma, const char *expected,
                                 struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool has_row = false;
    GALEN_TRY(db_query(&rows, db, info, pragma));
    GALEN_TRY(db_next(&rows, &has_row, info));
    if (has_row != (expected != NULL) || (has_row && strcmp(db_text(&rows, 0), expected) != 0))
        return base_fail(info, GALEN_ERR_CHECK, "the database is damaged");
    return GALEN_OK;
}

enum galen_err db_check(const char *path, struct galen_errinfo *info)
{
    GALEN_CLEANUP(db_close) struct db *db = calloc(1, sizeof *db);
    int64_t version = 0;
    if (db == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return db_fail(db, info, "open the file");
    GALEN_TRY(check_rows(db, "PRAGMA integrity_check", "ok", info));
    GALEN_TRY(check_rows(db, "PRAGMA foreign_key_check", NULL, info));
    GALEN_TRY(read_version(db, &version, info));
    return version > 0 ? GALEN_OK : base_fail(info, GALEN_ERR_CHECK, "the database has no schema");
}

static enum galen_err bind_all(struct db *db, sqlite3_stmt *stmt, const struct db_value *values,
                               struct galen_errinfo *info)
{
    int i = 0;
    for (; values[i].type != DB_VALUE_END; i++) {
        const struct db_value *value = &values[i];
        int rc = SQLITE_OK;
        if (value->type == DB_VALUE_INT)
            rc = sqlite3_bind_int64(stmt, i + 1, value->number);
        else if (value->data == NULL)
            rc = sqlite3_bind_null(stmt, i + 1);
        else if (value->type == DB_VALUE_TEXT)
            rc = sqlite3_bind_text(stmt, i + 1, value->data, -1, SQLITE_TRANSIENT);
        else
            rc = sqlite3_bind_blob64(stmt, i + 1, value->data, value->len, SQLITE_TRANSIENT);
        GALEN_ASSERT(rc != SQLITE_RANGE && rc != SQLITE_MISUSE);
        if (rc != SQLITE_OK)
            return db_fail(db, info, "bind an argument");
    }
    GALEN_ASSERT(i == sqlite3_bind_parameter_count(stmt));
    return GALEN_OK;
}

/* ---- statements ------------------------------------------------------------------------------- */

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
    return hash;
}

/* Most statements run again and again, and compiling one takes longer than running it. */
static struct db_kept *find_kept(struct db *db, const char *sql, uint64_t hash)
{
    for (size_t i = 0; i < DB_KEPT_STATEMENTS; i++) {
        struct db_kept *kept = &db->kept[i];
        if (kept->stmt != NULL && !kept->is_running && kept->hash == hash &&
            strcmp(sqlite3_sql(kept->stmt), sql) == 0)
            return kept;
    }
    return NULL;
}

/* A place for one more: the one that was not used for longest, or NULL when all are running. */
static struct db_kept *make_room(struct db *db)
{
    struct db_kept *oldest = NULL;
    for (size_t i = 0; i < DB_KEPT_STATEMENTS; i++)
        if (!db->kept[i].is_running &&
            (oldest == NULL || db->kept[i].last_used < oldest->last_used))
            oldest = &db->kept[i];
    if (oldest != NULL) {
        sqlite3_finalize(oldest->stmt);
        *oldest = (struct db_kept){0};
    }
    return oldest;
}

static enum galen_err prepare(struct db_rows *rows, struct db *db, struct galen_errinfo *info,
                              const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    uint64_t hash = hash_text(sql);
    struct db_kept *kept = find_kept(db, sql, hash);
    if (kept == NULL) {
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
            SQLITE_OK)
            return db_fail(db, info, "prepare a statement");
        kept = make_room(db);
        if (kept != NULL)
            *kept = (struct db_kept){.stmt = stmt, .hash = hash};
    }
    if (kept != NULL) {
        stmt = kept->stmt;
        kept->is_running = true;
        kept->last_used = ++db->uses;
    }
    *rows = (struct db_rows){.db = db, .stmt = stmt, .kept = kept};
    return GALEN_OK;
}

enum galen_err db_query_values(struct db_rows *rows, struct db *db, struct galen_errinfo *info,
                               const char *sql, const struct db_value *values)
{
    db_rows_end(rows);
    GALEN_TRY(prepare(rows, db, info, sql));
    return bind_all(db, rows->stmt, values, info);
}

enum galen_err db_run_values(struct db *db, struct galen_errinfo *info, const char *sql,
                             const struct db_value *values)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query_values(&rows, db, info, sql, values));
    bool has_row = true;
    while (has_row)
        GALEN_TRY(db_next(&rows, &has_row, info));
    return GALEN_OK;
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

enum galen_err db_next(struct db_rows *rows, bool *has_row, struct galen_errinfo *info)
{
    int rc = sqlite3_step(rows->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return db_fail(rows->db, info, "run a statement");
    *has_row = rc == SQLITE_ROW;
    return GALEN_OK;
}

void db_rows_end(struct db_rows *rows)
{
    struct db_kept *kept = rows->kept;
    if (kept != NULL) {
        sqlite3_reset(kept->stmt);
        sqlite3_clear_bindings(kept->stmt);
        kept->is_running = false;
    } else {
        sqlite3_finalize(rows->stmt);
    }
    *rows = (struct db_rows){0};
}

int64_t db_int(const struct db_rows *rows, int column)
{
    return sqlite3_column_int64(rows->stmt, column);
}

const char *db_text(const struct db_rows *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows->stmt, column);
    return text != NULL ? (const char *)text : "";
}

struct base_view db_blob(const struct db_rows *rows, int column)
{
    const void *data = sqlite3_column_blob(rows->stmt, column);
    return (struct base_view){data, (size_t)sqlite3_column_bytes(rows->stmt, column)};
}

bool db_is_null(const struct db_rows *rows, int column)
{
    return sqlite3_column_type(rows->stmt, column) == SQLITE_NULL;
}

enum galen_err db_bytes(const struct db_rows *rows, int column, void *out, size_t len,
                        struct galen_errinfo *info)
{
    struct base_view blob = db_blob(rows, column);
    if (blob.len != len)
        return base_fail(info, GALEN_ERR_DB, "database: %s has %zu bytes instead of %zu",
                         sqlite3_column_name(rows->stmt, column), blob.len, len);
    memcpy(out, blob.data, len);
    return GALEN_OK;
}

enum galen_err db_get_int_values(struct db *db, int64_t *out, int64_t otherwise,
                                 struct galen_errinfo *info, const char *sql,
                                 const struct db_value *values)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query_values(&rows, db, info, sql, values));
    bool has_row = false;
    GALEN_TRY(db_next(&rows, &has_row, info));
    *out = has_row ? db_int(&rows, 0) : otherwise;
    return GALEN_OK;
}

/* ---- transactions ------------------------------------------------------------------------------ */

enum galen_err db_begin(struct db_transaction *tx, struct db *db, struct galen_errinfo *info)
{
    GALEN_ASSERT(tx->db == NULL);
    bool is_inner = sqlite3_get_autocommit(db->handle) == 0;
    GALEN_TRY(db_run(db, info, is_inner ? "SAVEPOINT inner_part" : "BEGIN IMMEDIATE"));
    *tx = (struct db_transaction){.db = db, .is_inner = is_inner};
    return GALEN_OK;
}

enum galen_err db_commit(struct db_transaction *tx, struct galen_errinfo *info)
{
    GALEN_ASSERT(tx->db != NULL);
    GALEN_TRY(db_run(tx->db, info, tx->is_inner ? "RELEASE inner_part" : "COMMIT"));
    tx->db = NULL;
    return GALEN_OK;
}

void db_rollback(struct db_transaction *tx)
{
    /* An error such as a full disk may have ended the whole transaction already. */
    if (tx->db != NULL && sqlite3_get_autocommit(tx->db->handle) == 0)
        sqlite3_exec(tx->db->handle,
                     tx->is_inner ? "ROLLBACK TO inner_part; RELEASE inner_part" : "ROLLBACK", NULL,
                     NULL, NULL);
    tx->db = NULL;
}
