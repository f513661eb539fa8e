/* CIDs and local blocks. */
#include "test.h"

#include "store/store.h"

#include <fcntl.h>

/* What IPFS names the raw blocks "" and "hello world". */
#define EMPTY_CID "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
#define HELLO_CID "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

static char dir[256];
static char blocks[300];

static int make_dir(void **state)
{
    test_dir_make(dir);
    snprintf(blocks, sizeof blocks, "%s/home/blocks", dir);
    return 0;
}

static int remove_dir(void **state)
{
    test_dir_remove(dir);
    return 0;
}

static struct store *open_store(void)
{
    struct galen_errinfo info = {0};
    struct store *made = NULL;
    const struct store_config config = {.dir = blocks};
    assert_done(store_open(&made, &config, &info));
    return made;
}

static const char *path_of(const uint8_t digest32[32])
{
    static char path[512];
    char cid[STORE_CID_TEXT];
    store_cid_encode(cid, digest32);
    snprintf(path, sizeof path, "%s/%.2s/%s", blocks, cid + 56, cid);
    return path;
}

/* ---- CIDs ---------------------------------------------------------------------------------- */

static void cids_both_ways(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *data;
        const char *cid;
    } known[] = {{"", EMPTY_CID}, {"hello world", HELLO_CID}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t digest[32];
        uint8_t again[32];
        char cid[STORE_CID_TEXT];
        store_digest(digest, known[i].data, strlen(known[i].data));
        store_cid_encode(cid, digest);
        assert_string_equal(cid, known[i].cid);
        assert_done(store_cid_parse(again, cid, &info));
        assert_memory_equal(again, digest, 32);
    }
    for (int i = 0; i < 100; i++) {
        uint8_t digest[32];
        uint8_t again[32];
        char cid[STORE_CID_TEXT];
        base_random(digest, sizeof digest);
        store_cid_encode(cid, digest);
        assert_int_equal(strlen(cid), 59);
        assert_memory_equal(cid, "bafkrei", 7);
        assert_done(store_cid_parse(again, cid, &info));
        assert_memory_equal(again, digest, 32);
    }
}

static void cids_refused(void **state)
{
    struct galen_errinfo info = {0};
    static const char *const bad[] = {
        "",
        "b",
        HELLO_CID "a",
        " " HELLO_CID,
        HELLO_CID "\n",
        "Bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        "BAFKREIFZJUT3TE7NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E",
        "zafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", /* other multibase */
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5f", /* spare bits */
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5=",
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n1e",   /* no base32 digit */
        "bafybeifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",   /* dag-pb */
        "bagaaierasords4njcts6vs7qvdjfcvgnume4hqohf65zsfguprqphs3icwea", /* dag-json */
        "QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4",                /* version 0 */
        "/ipfs/" HELLO_CID,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t digest[32];
        memset(digest, 0x5a, sizeof digest);
        info = (struct galen_errinfo){0};
        if (store_cid_parse(digest, bad[i], &info) != GALEN_ERR_PARSE)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(digest[0], 0x5a);
        assert_int_equal(digest[31], 0x5a);
    }
    for (size_t len = 0; len < strlen(HELLO_CID); len++) {
        char text[64];
        uint8_t digest[32];
        snprintf(text, sizeof text, "%.*s", (int)len, HELLO_CID);
        assert_fails(GALEN_ERR_PARSE, store_cid_parse(digest, text, &info));
    }
}

/* ---- blocks -------------------------------------------------------------------------------- */

static void puts_and_gets(void **state)
{
    struct galen_errinfo info = {0};
    STORE_AUTO store = open_store();
    static uint8_t data[STORE_BLOCK_MAX + 1];
    base_random(data, sizeof data);
    const size_t sizes[] = {0, 1, 4096, 100000, STORE_BLOCK_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t digest[32];
        uint8_t expected[32];
        bool there = true;
        BASE_BUF_AUTO got = {0};
        store_digest(expected, data, sizes[i]);
        assert_done(store_has(&there, store, expected, &info));
        assert_false(there);
        assert_fails(GALEN_ERR_NOT_FOUND, store_get(&got, store, expected, &info));
        assert_done(store_put(digest, store, data, sizes[i], &info));
        assert_memory_equal(digest, expected, 32);
        assert_done(store_has(&there, store, digest, &info));
        assert_true(there);
        assert_done(store_get(&got, store, digest, &info));
        assert_int_equal(got.len, sizes[i]);
        assert_memory_equal(got.data, data, sizes[i]);
        assert_int_equal(test_mode(path_of(digest)), 0600);
    }
    assert_fails(GALEN_ERR_LIMIT, store_put(NULL, store, data, STORE_BLOCK_MAX + 1, &info));
    assert_int_equal(test_mode(blocks), 0700);
    /* another handle finds what the first has put */
    STORE_AUTO second = open_store();
    BASE_BUF_AUTO got = {0};
    uint8_t digest[32];
    store_digest(digest, data, 4096);
    assert_done(store_get(&got, second, digest, &info));
}

static void a_good_block_is_left_alone(void **state)
{
    struct galen_errinfo info = {0};
    STORE_AUTO store = open_store();
    uint8_t digest[32];
    struct stat before;
    struct stat after;
    assert_done(store_put(digest, store, "hello world", 11, &info));
    assert_int_equal(stat(path_of(digest), &before), 0);
    assert_done(store_put(NULL, store, "hello world", 11, &info));
    assert_int_equal(stat(path_of(digest), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void altered_blocks(void **state)
{
    struct galen_errinfo info = {0};
    STORE_AUTO store = open_store();
    uint8_t digest[32];
    static uint8_t big[STORE_BLOCK_MAX + 1];
    assert_done(store_put(digest, store, "hello world", 11, &info));
    static const struct {
        const void *data;
        size_t len;
    } altered[] = {
        {"hello worle", 11}, {"hello worl", 10}, {"hello world ", 12}, {"", 0}, {big, sizeof big}};
    for (size_t i = 0; i < sizeof altered / sizeof *altered; i++) {
        BASE_BUF_AUTO got = {0};
        bool there = false;
        assert_done(base_file_write(path_of(digest), altered[i].data, altered[i].len, 0600, &info));
        assert_fails(GALEN_ERR_CHECK, store_get(&got, store, digest, &info));
        assert_true(info.hint[0] != '\0');
        assert_non_null(strstr(info.what, HELLO_CID));
        assert_null(got.data);
        assert_done(store_has(&there, store, digest, &info));
        assert_true(there);
        /* putting it again repairs it */
        assert_done(store_put(NULL, store, "hello world", 11, &info));
        assert_done(store_get(&got, store, digest, &info));
        assert_string_equal((char *)got.data, "hello world");
    }
}

static void removes(void **state)
{
    struct galen_errinfo info = {0};
    STORE_AUTO store = open_store();
    uint8_t digest[32];
    bool there = true;
    assert_done(store_put(digest, store, "hello world", 11, &info));
    assert_done(store_remove(store, digest, &info));
    assert_done(store_has(&there, store, digest, &info));
    assert_false(there);
    assert_fails(GALEN_ERR_NOT_FOUND, store_remove(store, digest, &info));
    assert_non_null(strstr(info.what, HELLO_CID));
    assert_done(store_put(digest, store, "hello world", 11, &info));
    assert_done(store_has(&there, store, digest, &info));
    assert_true(there);
}

struct seen {
    int count;
    unsigned sum; /* of first bytes: order does not matter */
    int stop_after;
};

static enum galen_err see(void *user, const uint8_t digest32[32])
{
    struct seen *seen = user;
    seen->count++;
    seen->sum += digest32[0];
    return seen->stop_after > 0 && seen->count == seen->stop_after ? GALEN_ERR_STATE : GALEN_OK;
}

static void walks(void **state)
{
    struct galen_errinfo info = {0};
    STORE_AUTO store = open_store();
    struct seen seen = {0};
    assert_done(store_each(store, see, &seen, &info));
    assert_int_equal(seen.count, 0);
    unsigned sum = 0;
    for (int i = 0; i < 60; i++) {
        uint8_t digest[32];
        assert_done(store_put(digest, store, &i, sizeof i, &info));
        sum += digest[0];
        if (i == 0) {
            /* what is no block is passed over */
            char path[600];
            snprintf(path, sizeof path, "%s.Ab12Cd", path_of(digest));
            assert_done(base_file_write(path, "x", 1, 0600, &info));
        }
    }
    char path[600];
    snprintf(path, sizeof path, "%s/notes.txt", blocks);
    assert_done(base_file_write(path, "x", 1, 0600, &info));
    assert_done(store_each(store, see, &seen, &info));
    assert_int_equal(seen.count, 60);
    assert_int_equal(seen.sum, sum);
    seen = (struct seen){.stop_after = 7};
    assert_int_equal(store_each(store, see, &seen, &info), GALEN_ERR_STATE);
    assert_int_equal(seen.count, 7);
}

static void bad_folders(void **state)
{
    struct galen_errinfo info = {0};
    struct store *none = NULL;
    char path[300];
    snprintf(path, sizeof path, "%s/file", dir);
    assert_done(base_file_write(path, "x", 1, 0600, &info));
    const struct store_config config = {.dir = path};
    assert_fails(GALEN_ERR_IO, store_open(&none, &config, &info));
    assert_null(none);
    /* a folder where a block belongs is no block */
    STORE_AUTO store = open_store();
    uint8_t digest[32];
    bool there = true;
    BASE_BUF_AUTO got = {0};
    store_digest(digest, "hello world", 11);
    assert_done(base_dir_make(path_of(digest), 0700, &info));
    assert_done(store_has(&there, store, digest, &info));
    assert_false(there);
    assert_fails(GALEN_ERR_IO, store_get(&got, store, digest, &info));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cids_both_ways),
        cmocka_unit_test(cids_refused),
        WITH_DIR(puts_and_gets),
        WITH_DIR(a_good_block_is_left_alone),
        WITH_DIR(altered_blocks),
        WITH_DIR(removes),
        WITH_DIR(walks),
        WITH_DIR(bad_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
