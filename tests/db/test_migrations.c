/*
 * Databases of every earlier version, with rows in every table, brought up to date: what was in
 * them is still there, they are sound, and whatever goes wrong on the way leaves the old version
 * whole.
 */
#include "test.h"

#include <ctype.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "db/db.h"
#include "schema.h" /* generated: the migrations, in order */

#define NEWEST ((int)(sizeof db_migrations / sizeof *db_migrations))
#define ROWS   3

/* Tables whose rows a migration gives up on purpose; it says why. */
static const struct {
    int version;
    const char *table;
} given_up[] = {{4, "revocation_proposal"}};

struct fixture {
    char dir[256];
    char path[300];
};

static int set_up(void **state)
{
    static struct fixture fx;
    test_dir_make(fx.dir);
    snprintf(fx.path, sizeof fx.path, "%s/galen.db", fx.dir);
    *state = &fx;
    return 0;
}

static int tear_down(void **state)
{
    test_dir_remove(((struct fixture *)*state)->dir);
    return 0;
}

static void remove_database(const struct fixture *fx)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[320];
        snprintf(path, sizeof path, "%s%s", fx->path, suffixes[i]);
        unlink(path);
    }
}

static void run(sqlite3 *sql, const char *text)
{
    char *problem = NULL;
    if (sqlite3_exec(sql, text, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s\n%s", problem, text);
}

static sqlite3 *open_plain(const struct fixture *fx)
{
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(fx->path, &sql), SQLITE_OK);
    return sql;
}

/* The rows that a query gives, one line each, in the order of the lines' text. */
static void append_rows(sqlite3 *sql, const char *query, struct base_buf *out)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(sql, query, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s\n%s", sqlite3_errmsg(sql), query);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        assert_int_equal(base_buf_printf(out, "%s\n", (const char *)sqlite3_column_text(stmt, 0)),
                         GALEN_OK);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static int version_of(sqlite3 *sql)
{
    BASE_BUF_AUTO text = {0};
    append_rows(sql, "PRAGMA user_version", &text);
    return atoi((const char *)text.data);
}

/* ---- rows for any table ------------------------------------------------------------------------- */

/* The number in `length(COLUMN) = N` of the table's text, or 0. */
static int checked_length(const char *table_sql, const char *column)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "length(%s) = ", column);
    const char *found = strstr(table_sql, wanted);
    return found != NULL ? atoi(found + strlen(wanted)) : 0;
}

/* The n-th word of `COLUMN IN ('a', 'b', …)`, over and over; false when there is no such check. */
static bool checked_word(const char *table_sql, const char *column, int n, char word[64])
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "(%s IN (", column);
    const char *at = strstr(table_sql, wanted);
    if (at == NULL)
        return false;
    const char *first = at += strlen(wanted);
    for (;; n--) {
        int len = 0;
        assert_int_equal(sscanf(at, "'%63[^']'%n", word, &len), 1);
        if (n == 0)
            return true;
        at += len;
        at = *at == ')' ? first : at + strspn(at, ", ");
    }
}

/* Row n has n in every column in the column's way, so that references between tables fit; the last
 * row has NULL wherever it may. */
static void append_value(struct base_buf *out, const char *table_sql, const char *column,
                         const char *type, bool may_be_null, int n)
{
    char word[64];
    enum galen_err done = GALEN_OK;
    if (may_be_null && n == ROWS - 1) {
        done = base_buf_append_text(out, "NULL");
    } else if (strcmp(type, "INTEGER") == 0) {
        done = base_buf_printf(out, "%d", n + 1);
    } else if (strcmp(type, "TEXT") == 0) {
        if (!checked_word(table_sql, column, n, word))
            snprintf(word, sizeof word, "%.50s-%d", column, n);
        done = base_buf_printf(out, "'%s'", word);
    } else {
        int len = checked_length(table_sql, column);
        assert_string_equal(type, "BLOB");
        done = base_buf_printf(out, "CAST(printf('%%0%dd', %d) AS BLOB)", len > 0 ? len : 20, n);
    }
    assert_int_equal(done, GALEN_OK);
}

static void fill_table(sqlite3 *sql, const char *table, const char *table_sql)
{
    /* Only the rows that are made here. */
    assert_int_equal(sqlite3_db_config(sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
    for (int n = 0; n < ROWS; n++) {
        char query[128];
        BASE_BUF_AUTO insert = {0};
        sqlite3_stmt *columns = NULL;
        snprintf(query, sizeof query, "PRAGMA table_info(%s)", table);
        assert_int_equal(sqlite3_prepare_v2(sql, query, -1, &columns, NULL), SQLITE_OK);
        assert_int_equal(base_buf_printf(&insert, "INSERT INTO %s VALUES (", table), GALEN_OK);
        for (int i = 0; sqlite3_step(columns) == SQLITE_ROW; i++) {
            if (i > 0)
                assert_int_equal(base_buf_append_text(&insert, ", "), GALEN_OK);
            append_value(&insert, table_sql, (const char *)sqlite3_column_text(columns, 1),
                         (const char *)sqlite3_column_text(columns, 2),
                         sqlite3_column_int(columns, 3) == 0 && sqlite3_column_int(columns, 5) == 0,
                         n);
        }
        sqlite3_finalize(columns);
        assert_int_equal(base_buf_append_text(&insert, ")"), GALEN_OK);
        run(sql, (const char *)insert.data);
    }
}

#define TABLES                                                                                     \
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"        \
    " ORDER BY rowid"

static void make_old(const struct fixture *fx, int version)
{
    char set_version[64];
    sqlite3_stmt *tables = NULL;
    remove_database(fx);
    sqlite3 *sql = open_plain(fx);
    run(sql, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON");
    for (int v = 0; v < version; v++)
        run(sql, db_migrations[v]);
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", version);
    run(sql, set_version);
    assert_int_equal(sqlite3_prepare_v2(sql, TABLES, -1, &tables, NULL), SQLITE_OK);
    int n = 0;
    for (; sqlite3_step(tables) == SQLITE_ROW; n++)
        fill_table(sql, (const char *)sqlite3_column_text(tables, 0),
                   (const char *)sqlite3_column_text(tables, 1));
    sqlite3_finalize(tables);
    assert_true(n >= 20);
    sqlite3_close(sql);
}

/* ---- what is in a database ---------------------------------------------------------------------- */

static bool is_given_up(const char *table, int version)
{
    for (size_t i = 0; i < sizeof given_up / sizeof *given_up; i++)
        if (version < given_up[i].version && strcmp(given_up[i].table, table) == 0)
            return true;
    return false;
}

/* One query a table that gives its rows with the columns of that version. */
static void queries_of(const struct fixture *fx, int version, struct base_buf *out)
{
    sqlite3 *sql = open_plain(fx);
    BASE_BUF_AUTO tables = {0};
    append_rows(sql, "SELECT name FROM (" TABLES ")", &tables);
    for (char *table = strtok((char *)tables.data, "\n"); table != NULL;
         table = strtok(NULL, "\n")) {
        char query[512];
        if (is_given_up(table, version))
            continue;
        snprintf(query, sizeof query,
                 "SELECT 'SELECT ''%s '' || ' || group_concat('quote(' || name || ')', "
                 "' || '','' || ') || ' FROM %s ORDER BY 1' FROM pragma_table_info('%s')",
                 table, table, table);
        append_rows(sql, query, out);
    }
    sqlite3_close(sql);
}

static void content_by(const struct fixture *fx, const struct base_buf *queries,
                       struct base_buf *out)
{
    sqlite3 *sql = open_plain(fx);
    BASE_TEXT_AUTO copy = strdup((const char *)queries->data);
    char *next = NULL;
    for (char *query = strtok_r(copy, "\n", &next); query != NULL;
         query = strtok_r(NULL, "\n", &next))
        append_rows(sql, query, out);
    sqlite3_close(sql);
}

static void assert_sound(const struct fixture *fx, int version)
{
    BASE_BUF_AUTO integrity = {0};
    BASE_BUF_AUTO foreign = {0};
    sqlite3 *sql = open_plain(fx);
    append_rows(sql, "PRAGMA integrity_check", &integrity);
    append_rows(sql, "PRAGMA foreign_key_check", &foreign);
    assert_string_equal((const char *)integrity.data, "ok\n");
    assert_int_equal(foreign.len, 0);
    assert_int_equal(version_of(sql), version);
    sqlite3_close(sql);
}

/* The schema's text, without what a migration leaves of white space. */
static void schema_of(const struct fixture *fx, struct base_buf *out)
{
    sqlite3 *sql = open_plain(fx);
    append_rows(sql,
                "SELECT m.type || ' ' || m.name || ': ' || coalesce((SELECT group_concat(c.name ||"
                " ' ' || c.type || ' ' || c.\"notnull\" || ' ' || coalesce(c.dflt_value, '-') ||"
                " ' ' || c.pk) FROM pragma_table_info(m.name) c), '')"
                " FROM sqlite_master m ORDER BY 1",
                out);
    sqlite3_close(sql);
}

static enum galen_err open_and_close(const struct fixture *fx, struct galen_errinfo *info)
{
    GALEN_CLEANUP(db_close) struct db *db = NULL;
    return db_open(&db, fx->path, info);
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void every_version_is_brought_up_to_date(void **state)
{
    struct fixture *fx = *state;
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO fresh = {0};
    assert_done(open_and_close(fx, &info));
    schema_of(fx, &fresh);
    for (int version = 1; version <= NEWEST; version++) {
        BASE_BUF_AUTO queries = {0};
        BASE_BUF_AUTO before = {0};
        BASE_BUF_AUTO after = {0};
        BASE_BUF_AUTO schema = {0};
        make_old(fx, version);
        assert_sound(fx, version);
        queries_of(fx, version, &queries);
        content_by(fx, &queries, &before);
        assert_done(open_and_close(fx, &info));
        assert_sound(fx, NEWEST);
        content_by(fx, &queries, &after);
        assert_true(before.len > 1000);
        assert_string_equal((const char *)after.data, (const char *)before.data);
        schema_of(fx, &schema);
        assert_string_equal((const char *)schema.data, (const char *)fresh.data);
    }
}

/* What stops the last statement that makes a table or a column after this version, and takes itself
 * away again. A view: CREATE TABLE finds it in its way, and DROP TABLE does not take it. */
static void obstacle_for(int version, char set[160], char clear[160])
{
    char name[64];
    char table[64];
    set[0] = '\0';
    for (int v = version; v < NEWEST; v++)
        for (const char *at = db_migrations[v]; at != NULL; at = strchr(at + 1, '\n')) {
            at += *at == '\n';
            if (sscanf(at, "CREATE TABLE %63[a-z_0-9]", name) == 1) {
                snprintf(set, 160, "CREATE VIEW %s AS SELECT 1", name);
                snprintf(clear, 160, "DROP VIEW %s", name);
            } else if (sscanf(at, "ALTER TABLE %63[a-z_0-9] ADD COLUMN %63[a-z_0-9]", table,
                              name) == 2) {
                snprintf(set, 160, "ALTER TABLE %s ADD COLUMN %s TEXT", table, name);
                snprintf(clear, 160, "ALTER TABLE %s DROP COLUMN %s", table, name);
            }
            if (*at == '\0')
                break;
        }
    assert_true(set[0] != '\0');
}

static void a_failed_migration_leaves_the_old_version(void **state)
{
    struct fixture *fx = *state;
    for (int version = 1; version < NEWEST; version++) {
        char set[160];
        char clear[160];
        struct galen_errinfo info = {0};
        BASE_BUF_AUTO queries = {0};
        BASE_BUF_AUTO before = {0};
        BASE_BUF_AUTO after = {0};
        BASE_BUF_AUTO schema_before = {0};
        BASE_BUF_AUTO schema_after = {0};
        make_old(fx, version);
        queries_of(fx, NEWEST, &queries);
        obstacle_for(version, set, clear);
        sqlite3 *sql = open_plain(fx);
        run(sql, set);
        sqlite3_close(sql);
        schema_of(fx, &schema_before);
        content_by(fx, &queries, &before);
        assert_fails(GALEN_ERR_DB, open_and_close(fx, &info));
        assert_sound(fx, version);
        schema_of(fx, &schema_after);
        content_by(fx, &queries, &after);
        assert_string_equal((const char *)schema_after.data, (const char *)schema_before.data);
        assert_string_equal((const char *)after.data, (const char *)before.data);

        sql = open_plain(fx);
        run(sql, clear);
        sqlite3_close(sql);
        assert_done(open_and_close(fx, &info));
        assert_sound(fx, NEWEST);
    }
}

/* Killed at ever later moments: each time it is either the old version or the new one. */
static void a_killed_migration_leaves_one_version(void **state)
{
    struct fixture *fx = *state;
    BASE_BUF_AUTO queries = {0};
    BASE_BUF_AUTO before = {0};
    make_old(fx, 1);
    queries_of(fx, 1, &queries);
    content_by(fx, &queries, &before);
    int old = 0;
    int new = 0;
    for (long us = 0; new < 3 && us < 2000000; us += us / 4 + 150) {
        make_old(fx, 1);
        pid_t child = fork();
        if (child == 0)
            _exit(open_and_close(fx, NULL) == GALEN_OK ? 0 : 1);
        assert_true(child > 0);
        const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        sqlite3 *sql = open_plain(fx);
        int version = version_of(sql);
        sqlite3_close(sql);
        assert_true(version == 1 || version == NEWEST);
        *(version == 1 ? &old : &new) += 1;
        assert_sound(fx, version);
        BASE_BUF_AUTO after = {0};
        content_by(fx, &queries, &after);
        assert_string_equal((const char *)after.data, (const char *)before.data);
    }
    assert_true(old > 0 && new > 0);
}

static void a_newer_version_is_left_alone(void **state)
{
    struct fixture *fx = *state;
    struct galen_errinfo info = {0};
    char text[64];
    BASE_BUF_AUTO before = {0};
    BASE_BUF_AUTO after = {0};
    make_old(fx, NEWEST);
    sqlite3 *sql = open_plain(fx);
    snprintf(text, sizeof text, "PRAGMA user_version = %d", NEWEST + 1);
    run(sql, text);
    sqlite3_close(sql);
    assert_done(base_file_read(&before, fx->path, 1 << 24, &info));
    assert_fails(GALEN_ERR_DB, open_and_close(fx, &info));
    snprintf(text, sizeof text, "schema %d", NEWEST + 1);
    assert_non_null(strstr(info.what, text));
    assert_done(base_file_read(&after, fx->path, 1 << 24, &info));
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_version_is_brought_up_to_date),
        TEST(a_failed_migration_leaves_the_old_version),
        TEST(a_killed_migration_leaves_one_version),
        TEST(a_newer_version_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
