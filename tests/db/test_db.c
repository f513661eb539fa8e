/* The database layer: schema, typed statements, transactions, and what it says of bad files. */
#include "base/base.h"
#include "db/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    char path[96];
    struct db *db;
};

static int set_up(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);
    strcpy(fx->dir, "/tmp/galen-test-db-XXXXXX");
    if (fx == NULL || mkdtemp(fx->dir) == NULL)
        return -1;
    snprintf(fx->path, sizeof fx->path, "%s/galen.db", fx->dir);
    *state = fx;
    return db_open(&fx->db, fx->path, NULL) == GALEN_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fx = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    db_close(&fx->db);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", fx->path, suffixes[i]);
        unlink(path);
    }
    int left = rmdir(fx->dir);
    free(fx);
    return left;
}

static void file_is_private(void **state)
{
    struct fixture *fx = *state;
    struct stat st;
    assert_int_equal(stat(fx->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* The other process. */
static int write_beside(const char *path)
{
    struct db *other = NULL;
    bool good = db_open(&other, path, NULL) == GALEN_OK &&
                db_run(other, NULL, "INSERT INTO setting VALUES ('b', '2')") == GALEN_OK;
    db_close(&other);
    return good ? 0 : 1;
}

/* A second connection must not drop the first one's locks: another process that closes the file
 * would take itself for the last, and remove the log under this one. */
static void connections_keep_their_locks(void **state)
{
    struct fixture *fx = *state;
    struct db *second = NULL;
    char wal[128];
    int64_t rows = 0;
    int status = 0;
    snprintf(wal, sizeof wal, "%s-wal", fx->path);
    assert_int_equal(db_run(fx->db, NULL, "INSERT INTO setting VALUES ('a', '1')"), GALEN_OK);
    assert_int_equal(db_open(&second, fx->path, NULL), GALEN_OK);
    db_close(&second);
    pid_t child = fork();
    if (child == 0) {
        /* Anew: a fork alone would inherit what SQLite knows of this process's locks. */
        execl("/proc/self/exe", "test-db", fx->path, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(access(wal, F_OK), 0);
    assert_int_equal(db_get_int(fx->db, &rows, 0, NULL, "SELECT count(*) FROM setting"), GALEN_OK);
    assert_int_equal(rows, 2);
}

static void values_come_back(void **state)
{
    struct fixture *fx = *state;
    const uint8_t address[20] = {1, 2, 3};
    assert_int_equal(
        db_run(fx->db, NULL,
               "INSERT INTO identity (address, name, role, created_at) VALUES (?, ?, ?, ?)",
               DB_BLOB(address, sizeof address), DB_TEXT("ward"), DB_TEXT("doctor"),
               DB_INT(INT64_MAX)),
        GALEN_OK);
    assert_int_equal(db_changes(fx->db), 1);
    DB_ROWS_AUTO rows = {0};
    assert_int_equal(
        db_query(&rows, fx->db, NULL, "SELECT address, name, created_at, NULL FROM identity"),
        GALEN_OK);
    bool has_row = false;
    assert_int_equal(db_next(&rows, &has_row, NULL), GALEN_OK);
    assert_true(has_row);
    uint8_t back[20] = {0};
    assert_int_equal(db_bytes(&rows, 0, back, 20, NULL), GALEN_OK);
    assert_memory_equal(back, address, 20);
    assert_int_equal(db_bytes(&rows, 0, back, 19, NULL), GALEN_ERR_DB);
    assert_string_equal(db_text(&rows, 1), "ward");
    assert_true(db_int(&rows, 2) == INT64_MAX);
    assert_true(db_is_null(&rows, 3));
    assert_string_equal(db_text(&rows, 3), "");
    assert_int_equal(db_next(&rows, &has_row, NULL), GALEN_OK);
    assert_false(has_row);
}

static void constraints_hold(void **state)
{
    struct fixture *fx = *state;
    const uint8_t address[20] = {9};
    struct galen_errinfo info = {0};
    const char *insert = "INSERT INTO identity (address, name, role, created_at)"
                         " VALUES (?, ?, ?, 0)";
    assert_int_equal(
        db_run(fx->db, &info, insert, DB_BLOB(address, 20), DB_TEXT("a"), DB_TEXT("doctor")),
        GALEN_OK);
    assert_int_equal(
        db_run(fx->db, &info, insert, DB_BLOB(address, 20), DB_TEXT("b"), DB_TEXT("doctor")),
        GALEN_ERR_EXISTS);
    assert_int_equal(
        db_run(fx->db, &info, insert, DB_BLOB(address, 19), DB_TEXT("c"), DB_TEXT("doctor")),
        GALEN_ERR_DB);
    assert_int_equal(db_run(fx->db, &info, insert, DB_BLOB("01234567890123456789", 20),
                            DB_TEXT("d"), DB_TEXT("king")),
                     GALEN_ERR_DB);
    int64_t count = -1;
    assert_int_equal(db_get_int(fx->db, &count, 0, NULL, "SELECT count(*) FROM identity"),
                     GALEN_OK);
    assert_int_equal(count, 1);
    assert_int_equal(db_get_int(fx->db, &count, 77, NULL,
                                "SELECT created_at FROM identity WHERE name = ?", DB_TEXT("none")),
                     GALEN_OK);
    assert_int_equal(count, 77);
}

static void add_setting_and_forget(struct db *db, bool commit)
{
    DB_TRANSACTION_AUTO tx = {0};
    assert_int_equal(db_begin(&tx, db, NULL), GALEN_OK);
    assert_int_equal(db_run(db, NULL, "INSERT INTO setting VALUES ('k', 'v')"), GALEN_OK);
    if (commit)
        assert_int_equal(db_commit(&tx, NULL), GALEN_OK);
}

static void transactions_roll_back(void **state)
{
    struct fixture *fx = *state;
    const char *count = "SELECT count(*) FROM setting";
    int64_t rows = -1;
    add_setting_and_forget(fx->db, false);
    assert_int_equal(db_get_int(fx->db, &rows, 0, NULL, count), GALEN_OK);
    assert_int_equal(rows, 0);
    add_setting_and_forget(fx->db, true);
    db_close(&fx->db);
    assert_int_equal(db_open(&fx->db, fx->path, NULL), GALEN_OK);
    assert_int_equal(db_get_int(fx->db, &rows, 0, NULL, count), GALEN_OK);
    assert_int_equal(rows, 1);
}

static int64_t setting(struct db *db, const char *name)
{
    int64_t value = 0;
    assert_int_equal(db_get_int(db, &value, -1, NULL,
                                "SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?",
                                DB_TEXT(name)),
                     GALEN_OK);
    return value;
}

static void set(struct db *db, const char *name, int64_t value)
{
    assert_int_equal(db_run(db, NULL,
                            "INSERT INTO setting VALUES (?, CAST(? AS TEXT)) ON CONFLICT DO UPDATE"
                            " SET value = excluded.value",
                            DB_TEXT(name), DB_INT(value)),
                     GALEN_OK);
}

static void inner_part(struct db *db, const char *name, bool commit)
{
    DB_TRANSACTION_AUTO tx = {0};
    assert_int_equal(db_begin(&tx, db, NULL), GALEN_OK);
    set(db, name, 1);
    if (commit)
        assert_int_equal(db_commit(&tx, NULL), GALEN_OK);
}

static void transactions_have_parts(void **state)
{
    struct fixture *fx = *state;
    {
        DB_TRANSACTION_AUTO tx = {0};
        assert_int_equal(db_begin(&tx, fx->db, NULL), GALEN_OK);
        inner_part(fx->db, "stays", true);
        inner_part(fx->db, "goes", false);
        assert_int_equal(setting(fx->db, "goes"), -1);
        assert_int_equal(db_commit(&tx, NULL), GALEN_OK);
    }
    assert_int_equal(setting(fx->db, "stays"), 1);
    {
        DB_TRANSACTION_AUTO tx = {0};
        assert_int_equal(db_begin(&tx, fx->db, NULL), GALEN_OK);
        inner_part(fx->db, "not-for-long", true);
    }
    assert_int_equal(setting(fx->db, "not-for-long"), -1);
}

/* One statement text run inside itself, and more texts than are kept compiled. */
static void statements_are_kept_apart(void **state)
{
    struct fixture *fx = *state;
    int64_t sum = 0;
    for (int i = 0; i < 100; i++) {
        char name[16], sql[64];
        snprintf(name, sizeof name, "n%d", i);
        snprintf(sql, sizeof sql, "INSERT INTO setting VALUES (?, '%d')", i);
        assert_int_equal(db_run(fx->db, NULL, sql, DB_TEXT(name)), GALEN_OK);
    }
    DB_ROWS_AUTO outer = {0};
    const char *sql = "SELECT CAST(value AS INTEGER) FROM setting WHERE value < ? ORDER BY 1";
    assert_int_equal(db_query(&outer, fx->db, NULL, sql, DB_TEXT("3")), GALEN_OK);
    for (bool found = true; found;) {
        assert_int_equal(db_next(&outer, &found, NULL), GALEN_OK);
        if (!found)
            break;
        DB_ROWS_AUTO inner = {0};
        bool has_row = false;
        assert_int_equal(db_query(&inner, fx->db, NULL, sql, DB_TEXT("1")), GALEN_OK);
        assert_int_equal(db_next(&inner, &has_row, NULL), GALEN_OK);
        assert_true(has_row && db_int(&inner, 0) == 0);
        sum += db_int(&outer, 0);
    }
    assert_int_equal(sum, 0 + 1 + 2 + 145 + 245); /* texts: 0, 1, 10 … 19, 2, 20 … 29 */
}

/* Rows come and go, change, and change again beside the recording. */
static void recorded_changes_are_taken_back(void **state)
{
    struct fixture *fx = *state;
    static const char *const tables[] = {"setting", NULL};
    static const char *const nothing[] = {NULL};
    BASE_BUF_AUTO changes = {0};
    set(fx->db, "changed", 1);
    set(fx->db, "deleted", 1);
    set(fx->db, "beside", 1);
    {
        DB_TRANSACTION_AUTO tx = {0};
        DB_RECORDER_AUTO recorder = {0};
        assert_int_equal(db_begin(&tx, fx->db, NULL), GALEN_OK);
        assert_int_equal(db_record_begin(&recorder, fx->db, tables, NULL), GALEN_OK);
        set(fx->db, "changed", 2);
        set(fx->db, "made", 2);
        inner_part(fx->db, "rolled-back", false);
        db_record_pause(&recorder, true);
        set(fx->db, "unrecorded", 2);
        db_record_pause(&recorder, false);
        assert_int_equal(db_run(fx->db, NULL, "DELETE FROM setting WHERE name = 'deleted'"),
                         GALEN_OK);
        assert_int_equal(db_record_take(&recorder, &changes, NULL), GALEN_OK);
        assert_int_equal(db_commit(&tx, NULL), GALEN_OK);
    }
    set(fx->db, "changed", 3);
    set(fx->db, "beside", 3);
    BASE_BUF_AUTO copy = {0};
    assert_int_equal(base_buf_append(&copy, changes.data, changes.len), GALEN_OK);
    {
        DB_TRANSACTION_AUTO tx = {0};
        assert_int_equal(db_begin(&tx, fx->db, NULL), GALEN_OK);
        assert_int_equal(db_undo(fx->db, (struct base_view){copy.data, copy.len}, nothing, NULL),
                         GALEN_OK);
        assert_int_equal(db_commit(&tx, NULL), GALEN_OK);
    }
    assert_int_equal(setting(fx->db, "changed"), 1);
    assert_int_equal(setting(fx->db, "deleted"), 1);
    assert_int_equal(setting(fx->db, "made"), -1);
    assert_int_equal(setting(fx->db, "unrecorded"), 2);
    assert_int_equal(setting(fx->db, "beside"), 3);
    /* once more changes nothing, and a table whose newer rows stay keeps them */
    set(fx->db, "changed", 4);
    assert_int_equal(db_undo(fx->db, (struct base_view){copy.data, copy.len}, tables, NULL),
                     GALEN_OK);
    assert_int_equal(setting(fx->db, "changed"), 4);
    /* what is no recording is refused */
    copy.data[0] ^= 0x40;
    assert_int_equal(db_undo(fx->db, (struct base_view){copy.data, copy.len}, tables, NULL),
                     GALEN_ERR_DB);
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *fx = *state;
    assert_int_equal(db_run(fx->db, NULL, "PRAGMA user_version = 999"), GALEN_OK);
    db_close(&fx->db);
    struct galen_errinfo info = {0};
    assert_int_equal(db_open(&fx->db, fx->path, &info), GALEN_ERR_DB);
    assert_non_null(strstr(info.what, "999"));
    assert_non_null(strstr(info.hint, "version"));
    assert_null(fx->db);
}

static void damaged_file_is_refused(void **state)
{
    struct fixture *fx = *state;
    db_close(&fx->db);
    FILE *file = fopen(fx->path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 500; i++)
        fputs("not a database at all ", file);
    fclose(file);
    struct galen_errinfo info = {0};
    assert_int_equal(db_open(&fx->db, fx->path, &info), GALEN_ERR_DB);
    assert_non_null(strstr(info.hint, "backup"));
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return write_beside(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_is_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_keep_their_locks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constraints_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transactions_roll_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transactions_have_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statements_are_kept_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(recorded_changes_are_taken_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newer_schema_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_file_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
