/* Backups of homes in use: they come back whole and go on, or not at all. */
#include "fixture.h"

#include "workflow/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKUP_PASSWORD "another password"

static void path_of(char out[160], const struct fixture *fx, const char *name)
{
    snprintf(out, 160, "%s/%s", fx->dir, name);
}

static int entries(const char *dir)
{
    DIR *folder = opendir(dir);
    assert_non_null(folder);
    int n = 0;
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

static struct workflow *open_restored(const char *home)
{
    struct workflow *wf = NULL;
    const struct workflow_options options = {.home = home, .password = FIXTURE_PASSWORD};
    OK(workflow_open(&wf, &options, INFO));
    return wf;
}

static bool same_record(struct workflow *a, struct workflow *b, const char *root)
{
    RECORD_JSON_AUTO one = NULL;
    RECORD_JSON_AUTO other = NULL;
    OK(storing_show(a, root, &one, INFO));
    OK(storing_show(b, root, &other, INFO));
    return json_object_equal(one, other);
}

/* The patient's keys still open what they opened; the blocks lie in the folder that all share. */
static void old_records_open(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    char file[160];
    char home[160];
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO back = NULL;
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    path_of(file, fx, "patient.backup");
    path_of(home, fx, "patient-restored");
    OK(workflow_backup(fx->home[PATIENT], file, BACKUP_PASSWORD, true, &made, INFO));
    assert_non_null(strstr(fixture_text(made, "blocks"), fx->dir)); /* not in it */
    FAILS(GALEN_ERR_EXISTS,
          workflow_backup(fx->home[PATIENT], file, BACKUP_PASSWORD, true, NULL, INFO));

    /* nothing of the home is to be seen in it */
    BASE_BUF_AUTO bytes = {0};
    OK(base_file_read(&bytes, file, 1 << 26, INFO));
    assert_null(memmem(bytes.data, bytes.len, "SQLite format", 13));
    assert_null(memmem(bytes.data, bytes.len, "galen.config", 12));
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    OK(workflow_restore(home, file, BACKUP_PASSWORD, &back, INFO));
    assert_int_equal(fixture_number(back, "files"), fixture_number(made, "files"));
    assert_int_equal(stat(home, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    GALEN_CLEANUP(workflow_close) struct workflow *restored = open_restored(home);
    assert_true(same_record(fx->home[PATIENT], restored, root));
    FAILS(GALEN_ERR_EXISTS, workflow_restore(home, file, BACKUP_PASSWORD, NULL, INFO));
    json_object_put(fixture_sync(restored));
}

/* What was signed before the backup is sent as it is, once; what is new gets the next nonce. */
static void nothing_is_sent_twice(void **state)
{
    struct fixture *fx = *state;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address poor = {{0x21}};
    struct chain_tx tx = {.chain_id = buyer->domain.chain_id,
                          .gas_limit = 21000,
                          .to = poor,
                          .value = chain_u256_from_u64(5),
                          .fee = {.max_fee = chain_u256_from_u64(100000000000),
                                  .priority_fee = chain_u256_from_u64(1)}};
    CHAIN_KEY_AUTO wallet = {0};
    BASE_BUF_AUTO raw = {0};
    uint8_t hash[32];
    char file[160];
    char home[160];
    uint64_t nonce = 0;
    OK(chain_rpc_nonce(fx->rpc, &tx.nonce, &fx->who[BUYER], CHAIN_BLOCK_LATEST, INFO));
    OK(workflow_wallet(buyer, &wallet, &fx->who[BUYER], INFO));
    OK(chain_tx_sign(&raw, hash, &tx, &wallet, INFO));
    OK(db_run(buyer->db, INFO,
              "INSERT INTO tx (hash, sender, recipient, role, workflow, operation, nonce, raw,"
              " value_wei, gas_estimate, gas_limit, max_fee_wei, max_priority_fee_wei, status,"
              " created_at) VALUES (?, ?, ?, 'buyer', 'other', 'pay', ?, ?, '5', 21000, 21000,"
              " '100000000000', '1', 'signed', ?)",
              DB_BLOB(hash, 32), DB_BLOB(fx->who[BUYER].bytes, 20), DB_BLOB(poor.bytes, 20),
              DB_INT(tx.nonce), DB_BLOB(raw.data, raw.len), DB_INT(base_time_s())));
    path_of(file, fx, "buyer.backup");
    path_of(home, fx, "buyer-restored");
    OK(workflow_backup(buyer, file, BACKUP_PASSWORD, true, NULL, INFO));

    fixture_sync_until_mined(buyer); /* the old home goes on, and pays once more */
    struct chain_u256 wei = chain_u256_from_u64(7);
    OK(workflow_pay(buyer, &fx->who[BUYER], &poor, &wei, NULL, INFO));
    fixture_sync_until_mined(buyer);

    OK(workflow_restore(home, file, BACKUP_PASSWORD, NULL, INFO));
    GALEN_CLEANUP(workflow_close) struct workflow *restored = open_restored(home);
    fixture_sync_until_mined(restored);
    assert_int_equal(
        fixture_count(restored, "SELECT count(*) FROM tx WHERE status = 'succeeded' AND value_wei ="
                                " '5' AND recipient = x'2100000000000000000000000000000000000000'"),
        1);
    OK(workflow_pay(restored, &fx->who[BUYER], &poor, &wei, NULL, INFO));
    fixture_sync_until_mined(restored);
    OK(chain_rpc_nonce(fx->rpc, &nonce, &fx->who[BUYER], CHAIN_BLOCK_LATEST, INFO));
    assert_int_equal(nonce, tx.nonce + 3);
    struct chain_u256 balance = {0};
    OK(chain_rpc_balance(fx->rpc, &balance, &poor, INFO));
    const struct chain_u256 paid = chain_u256_from_u64(5 + 7 + 7);
    assert_memory_equal(balance.be, paid.be, sizeof paid.be);
}

/* ---- a home that is being written to ------------------------------------------------------------- */

static struct {
    char home[160];
    _Atomic bool stop;
    int made;
} writer;

static void *make_identities(void *user)
{
    struct workflow *wf = NULL;
    const struct workflow_options options = {.home = writer.home, .password = FIXTURE_PASSWORD};
    if (workflow_open(&wf, &options, NULL) != GALEN_OK)
        return NULL;
    while (!atomic_load(&writer.stop)) {
        struct chain_address address;
        char name[32];
        snprintf(name, sizeof name, "patient %d", writer.made);
        if (workflow_identity_new(wf, &address, name, "patient", NULL) == GALEN_OK)
            writer.made++;
    }
    workflow_close(&wf);
    return NULL;
}

static void a_backup_is_of_one_moment(void **state)
{
    struct fixture *fx = *state;
    pthread_t thread;
    struct workflow_options options = {
        .home = writer.home, .password = FIXTURE_PASSWORD, .quick_kdf = true};
    struct workflow *wf = NULL;
    path_of(writer.home, fx, "busy");
    OK(workflow_home_create(&options, NULL, INFO));
    OK(workflow_open(&wf, &options, INFO));
    static const uint8_t block[] = "an encrypted block";
    uint8_t digest[32];
    OK(store_put(digest, wf->store, block, sizeof block, INFO));
    assert_int_equal(pthread_create(&thread, NULL, make_identities, NULL), 0);
    for (int i = 0; i < 5; i++) {
        char file[160];
        char home[160];
        char name[32];
        snprintf(name, sizeof name, "busy-%d", i);
        path_of(home, fx, name);
        snprintf(name, sizeof name, "busy-%d.backup", i);
        path_of(file, fx, name);
        int64_t before = fixture_count(wf, "SELECT count(*) FROM identity");
        OK(workflow_backup(wf, file, BACKUP_PASSWORD, true, NULL, INFO));
        OK(workflow_restore(home, file, BACKUP_PASSWORD, NULL, INFO));
        GALEN_CLEANUP(workflow_close) struct workflow *restored = open_restored(home);
        assert_true(fixture_count(restored, "SELECT count(*) FROM identity") >= before);
        /* whoever is in the database has keys */
        DB_ROWS_AUTO rows = {0};
        bool has_row = true;
        OK(db_query(&rows, restored->db, INFO, "SELECT address FROM identity"));
        for (;;) {
            struct chain_address address;
            CHAIN_KEY_AUTO key = {0};
            OK(db_next(&rows, &has_row, INFO));
            if (!has_row)
                break;
            OK(db_bytes(&rows, 0, address.bytes, 20, INFO));
            OK(workflow_wallet(restored, &key, &address, INFO));
        }
        BASE_BUF_AUTO back = {0};
        OK(store_get(&back, restored->store, digest, INFO));
        assert_int_equal(back.len, sizeof block);
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    assert_true(writer.made > 0);
    workflow_close(&wf);
}

/* ---- files that are no good backup ---------------------------------------------------------------- */

static void write_bytes(const char *path, const void *data, size_t len)
{
    unlink(path);
    OK(base_file_write(path, data, len, 0600, INFO));
}

static void bad_files_leave_nothing(void **state)
{
    struct fixture *fx = *state;
    char file[160];
    char bad[160];
    char place[160];
    char home[180];
    BASE_BUF_AUTO good = {0};
    path_of(file, fx, "small.backup");
    path_of(bad, fx, "bad.backup");
    path_of(place, fx, "place");
    snprintf(home, sizeof home, "%s/home", place);
    assert_int_equal(mkdir(place, 0700), 0);
    OK(workflow_backup(fx->home[GM], file, BACKUP_PASSWORD, true, NULL, INFO));
    OK(base_file_read(&good, file, 1 << 26, INFO));

    FAILS(GALEN_ERR_PASSWORD, workflow_restore(home, file, FIXTURE_PASSWORD, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_restore(home, "/nonexistent", "x", NULL, INFO));
    assert_int_equal(entries(place), 2);
    /* Cut off: everywhere at the ends, then in steps. tests/seal does the same for each byte of a
     * stream. */
    for (size_t len = 0; len < good.len;
         len += len < 100 || len + 100 >= good.len ? 1 : (good.len - len - 100) / 20 + 1) {
        write_bytes(bad, good.data, len);
        if (workflow_restore(home, bad, BACKUP_PASSWORD, NULL, INFO) == GALEN_OK)
            fail_msg("restored from %zu of %zu bytes", len, good.len);
        assert_int_equal(entries(place), 2);
    }
    for (size_t i = 0; i < 40; i++) {
        size_t at = i < 20 ? i * 4 : (i - 19) * (good.len / 22);
        good.data[at] ^= 0x10;
        write_bytes(bad, good.data, good.len);
        good.data[at] ^= 0x10;
        assert_int_not_equal(workflow_restore(home, bad, BACKUP_PASSWORD, NULL, INFO), GALEN_OK);
        assert_int_equal(entries(place), 2);
    }
    /* and the good one still is */
    OK(workflow_restore(home, file, BACKUP_PASSWORD, NULL, INFO));
    assert_int_equal(entries(place), 3);
}

static la_ssize_t into_stream(struct archive *tar, void *user, const void *data, size_t len)
{
    struct seal_stream *stream = *(struct seal_stream **)user;
    return seal_stream_write(stream, data, len, NULL) == GALEN_OK ? (la_ssize_t)len : -1;
}

/* A backup that somebody made by hand: one entry of that name and type. */
static void forge(const char *path, const char *name, mode_t type, const char *target)
{
    SEAL_STREAM_AUTO stream = NULL;
    const struct base_view password = {(const uint8_t *)BACKUP_PASSWORD, strlen(BACKUP_PASSWORD)};
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    OK(seal_stream_begin(&stream, fd, password, SEAL_KDF_MINIMAL, INFO));
    struct archive *tar = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(archive_write_set_format_pax_restricted(tar), ARCHIVE_OK);
    assert_int_equal(archive_write_open(tar, &stream, NULL, into_stream, NULL), ARCHIVE_OK);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0777);
    archive_entry_set_size(entry, type == AE_IFREG ? 5 : 0);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(entry, target);
    for (int times = 0; times < 2; times++) {
        assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
        if (type == AE_IFREG)
            assert_int_equal(archive_write_data(tar, "hello", 5), 5);
    }
    archive_entry_free(entry);
    assert_int_equal(archive_write_free(tar), ARCHIVE_OK);
    OK(seal_stream_end(stream, INFO));
    close(fd);
}

static void hostile_archives_write_nowhere(void **state)
{
    struct fixture *fx = *state;
    char bad[160];
    char place[160];
    char home[180];
    static const struct {
        const char *name;
        mode_t type;
        const char *target;
    } cases[] = {
        {"../escaped", AE_IFREG, ""},
        {"/tmp/galen-test-escaped", AE_IFREG, ""},
        {"keys/../../escaped", AE_IFREG, ""},
        {"keys//x", AE_IFREG, ""},
        {"keys/", AE_IFREG, ""},
        {"keys/.hidden", AE_IFREG, ""},
        {"keys/a b", AE_IFREG, ""},
        {"blocks/a/b/c/d/e", AE_IFREG, ""},
        {"node.token", AE_IFREG, ""},
        {"keys/link", AE_IFLNK, "/etc/passwd"},
        {"keys", AE_IFDIR, ""},
        {"keys/fifo", AE_IFIFO, ""},
        {"keys/twice", AE_IFREG, ""},
    };
    path_of(bad, fx, "forged.backup");
    path_of(place, fx, "forged");
    snprintf(home, sizeof home, "%s/home", place);
    assert_int_equal(mkdir(place, 0700), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forge(bad, cases[i].name, cases[i].type, cases[i].target);
        enum galen_err err = workflow_restore(home, bad, BACKUP_PASSWORD, NULL, INFO);
        if (err != GALEN_ERR_PARSE)
            fail_msg("%s: %s", cases[i].name, galen_err_name(err));
        assert_int_equal(entries(place), 2);
    }
    assert_int_not_equal(access("/tmp/galen-test-escaped", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_records_open),
        cmocka_unit_test(nothing_is_sent_twice),
        cmocka_unit_test(a_backup_is_of_one_moment),
        cmocka_unit_test(bad_files_leave_nothing),
        cmocka_unit_test(hostile_archives_write_nowhere),
    };
    return cmocka_run_group_tests(tests, fixture_grouped, fixture_tear_down);
}
