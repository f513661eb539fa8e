/* The home's key store. */
#include "seal_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[256];
static char home[300];

static int make_dir(void **state)
{
    test_dir_make(dir);
    snprintf(home, sizeof home, "%s/home/keys", dir);
    return 0;
}

static int remove_dir(void **state)
{
    test_dir_remove(dir);
    return 0;
}

static const char *in_home(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static struct seal_keystore *create(void)
{
    struct galen_errinfo info = {0};
    struct seal_keystore *made = NULL;
    assert_done(seal_keystore_create(&made, home, text_view("pass word"), SEAL_KDF_MINIMAL, &info));
    return made;
}

static void keeps_secrets(void **state)
{
    struct galen_errinfo info = {0};
    BASE_SECRET_AUTO got = {0};
    static uint8_t big[SEAL_SECRET_MAX + 1];
    base_random(big, sizeof big);
    {
        SEAL_KEYSTORE_AUTO keys = create();
        assert_done(seal_keystore_put(keys, "wallet.alice", "secret one", 10, &info));
        assert_done(seal_keystore_put(keys, "big", big, SEAL_SECRET_MAX, &info));
        assert_done(seal_keystore_put(keys, "empty", NULL, 0, &info));
        assert_fails(GALEN_ERR_LIMIT,
                     seal_keystore_put(keys, "big", big, SEAL_SECRET_MAX + 1, &info));
    }
    SEAL_KEYSTORE_AUTO keys = NULL;
    assert_done(seal_keystore_open(&keys, home, text_view("pass word"), &info));
    assert_done(seal_keystore_get(&got, keys, "wallet.alice", &info));
    assert_int_equal(got.len, 10);
    assert_memory_equal(got.data, "secret one", 10);
    assert_done(seal_keystore_get(&got, keys, "big", &info));
    assert_int_equal(got.len, SEAL_SECRET_MAX);
    assert_memory_equal(got.data, big, SEAL_SECRET_MAX);
    assert_done(seal_keystore_get(&got, keys, "empty", &info));
    assert_int_equal(got.len, 0);
    assert_done(seal_keystore_put(keys, "empty", "x", 1, &info));
    assert_done(seal_keystore_get(&got, keys, "empty", &info));
    assert_int_equal(got.len, 1);
}

static void passwords(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    assert_non_null(keys);
    SEAL_KEYSTORE_AUTO second = NULL;
    static const char *const wrong[] = {"", "pass wor", "pass wordx", "Pass word"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_fails(GALEN_ERR_PASSWORD,
                     seal_keystore_open(&second, home, text_view(wrong[i]), &info));
        assert_null(second);
    }
    char longest[SEAL_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[SEAL_PASSWORD_MAX + 1] = '\0';
    assert_fails(GALEN_ERR_PASSWORD, seal_keystore_open(&second, home, text_view(longest), &info));
    assert_fails(GALEN_ERR_USAGE,
                 seal_keystore_change_password(keys, text_view(longest), SEAL_KDF_MINIMAL, &info));
    assert_fails(GALEN_ERR_USAGE,
                 seal_keystore_change_password(keys, text_view(""), SEAL_KDF_MINIMAL, &info));
    longest[SEAL_PASSWORD_MAX] = '\0';
    assert_done(seal_keystore_change_password(keys, text_view(longest), SEAL_KDF_MINIMAL, &info));
    assert_done(seal_keystore_open(&second, home, text_view(longest), &info));
}

static void files_are_private(void **state)
{
    struct galen_errinfo info = {0};
    mode_t before = umask(0);
    assert_done(base_dir_make(home, 0777, &info));
    SEAL_KEYSTORE_AUTO keys = create();
    assert_done(seal_keystore_put(keys, "a", "known secret", 12, &info));
    umask(before);
    assert_int_equal(test_mode(home), 0700);
    assert_int_equal(test_mode(in_home("master.json")), 0600);
    assert_int_equal(test_mode(in_home("a.sealed")), 0600);
    assert_int_equal(test_dir_count(home), 2);
    BASE_BUF_AUTO file = {0};
    assert_done(base_file_read(&file, in_home("a.sealed"), 1000, &info));
    assert_int_equal(file.len, 1 + 24 + 12 + 16);
    assert_null(memmem(file.data, file.len, "known", 5));
}

static void create_overwrites_nothing(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    assert_non_null(keys);
    SEAL_KEYSTORE_AUTO second = NULL;
    assert_fails(GALEN_ERR_EXISTS,
                 seal_keystore_create(&second, home, text_view("x"), SEAL_KDF_MINIMAL, &info));
    assert_null(second);
    assert_done(seal_keystore_open(&second, home, text_view("pass word"), &info));
    SEAL_KEYSTORE_AUTO none = NULL;
    assert_fails(GALEN_ERR_NOT_FOUND, seal_keystore_open(&none, dir, text_view("x"), &info));
    const struct seal_kdf_cost bad[] = {{0, 8}, {17, 8}, {1, 7}, {1, 1024 * 1024 + 1}};
    char fresh[300];
    snprintf(fresh, sizeof fresh, "%s/fresh", dir);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(GALEN_ERR_USAGE,
                     seal_keystore_create(&none, fresh, text_view("x"), bad[i], &info));
    assert_int_equal(access(fresh, F_OK), -1);
}

/* Several processes create at once: one wins, and its password is the one that opens. */
static void one_creator_wins(void **state)
{
    pid_t children[4];
    int winner = -1;
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            char password[2] = {(char)('a' + i), '\0'};
            struct seal_keystore *keys = NULL;
            enum galen_err err = seal_keystore_create(&keys, home, text_view(password),
                                                      SEAL_KDF_MINIMAL, NULL);
            seal_keystore_free(&keys);
            _exit(err == GALEN_OK ? 0 : err == GALEN_ERR_EXISTS ? 1 : 2);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        if (WEXITSTATUS(status) == 0) {
            assert_int_equal(winner, -1);
            winner = i;
        }
    }
    assert_true(winner >= 0);
    SEAL_KEYSTORE_AUTO keys = NULL;
    char password[2] = {(char)('a' + winner), '\0'};
    assert_int_equal(seal_keystore_open(&keys, home, text_view(password), NULL), GALEN_OK);
}

static void names(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    char longest[102];
    memset(longest, 'n', 101);
    longest[101] = '\0';
    const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "../x", "a b", "ä", "a\n", longest};
    BASE_SECRET_AUTO got = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(GALEN_ERR_USAGE, seal_keystore_put(keys, bad[i], "x", 1, &info));
        assert_fails(GALEN_ERR_USAGE, seal_keystore_get(&got, keys, bad[i], &info));
        assert_fails(GALEN_ERR_USAGE, seal_keystore_remove(keys, bad[i], &info));
    }
    longest[100] = '\0';
    assert_done(seal_keystore_put(keys, longest, "x", 1, &info));
    assert_done(seal_keystore_put(keys, "A-z_0.9", "x", 1, &info));
    assert_fails(GALEN_ERR_NOT_FOUND, seal_keystore_get(&got, keys, "none", &info));
    assert_fails(GALEN_ERR_NOT_FOUND, seal_keystore_remove(keys, "none", &info));
}

static enum galen_err collect(void *user, const char *name)
{
    return base_buf_printf(user, "%s,", name);
}

static enum galen_err stop_at_b(void *user, const char *name)
{
    return strcmp(name, "b") == 0 ? GALEN_ERR_STATE : collect(user, name);
}

static void lists_and_removes(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    BASE_BUF_AUTO none = {0};
    assert_done(seal_keystore_list(keys, collect, &none, &info));
    assert_int_equal(none.len, 0);
    static const char *const put[] = {"b", "c", "a", "B", "a.sealed", "a-b"};
    for (size_t i = 0; i < sizeof put / sizeof *put; i++)
        assert_done(seal_keystore_put(keys, put[i], "x", 1, &info));
    /* what a cut-off write leaves, and what is not ours */
    assert_done(base_file_write(in_home("a.sealed.Xy12Zz"), "x", 1, 0600, &info));
    assert_done(base_file_write(in_home(".sealed"), "x", 1, 0600, &info));
    assert_done(base_file_write(in_home("b c.sealed"), "x", 1, 0600, &info));
    BASE_BUF_AUTO all = {0};
    assert_done(seal_keystore_list(keys, collect, &all, &info));
    assert_string_equal((char *)all.data, "B,a,a-b,a.sealed,b,c,");
    BASE_BUF_AUTO some = {0};
    assert_int_equal(seal_keystore_list(keys, stop_at_b, &some, &info), GALEN_ERR_STATE);
    assert_string_equal((char *)some.data, "B,a,a-b,a.sealed,");
    assert_done(seal_keystore_remove(keys, "a", &info));
    BASE_SECRET_AUTO got = {0};
    assert_fails(GALEN_ERR_NOT_FOUND, seal_keystore_get(&got, keys, "a", &info));
    assert_done(seal_keystore_get(&got, keys, "a.sealed", &info));
}

static void altered_files(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    BASE_BUF_AUTO file = {0};
    BASE_SECRET_AUTO got = {0};
    assert_done(seal_keystore_put(keys, "a", "secret", 6, &info));
    assert_done(base_file_read(&file, in_home("a.sealed"), 1000, &info));
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 0x10;
        assert_done(base_file_write(in_home("a.sealed"), file.data, file.len, 0600, &info));
        assert_fails(GALEN_ERR_CHECK, seal_keystore_get(&got, keys, "a", &info));
        file.data[i] ^= 0x10;
    }
    for (size_t len = 0; len < file.len; len++) {
        assert_done(base_file_write(in_home("a.sealed"), file.data, len, 0600, &info));
        assert_fails(GALEN_ERR_CHECK, seal_keystore_get(&got, keys, "a", &info));
    }
    /* under another name */
    assert_done(base_file_write(in_home("b.sealed"), file.data, file.len, 0600, &info));
    assert_fails(GALEN_ERR_CHECK, seal_keystore_get(&got, keys, "b", &info));
    static uint8_t huge[SEAL_SECRET_MAX + 100] = {1};
    assert_done(base_file_write(in_home("b.sealed"), huge, sizeof huge, 0600, &info));
    assert_fails(GALEN_ERR_CHECK, seal_keystore_get(&got, keys, "b", &info));
    assert_null(got.data);
    assert_done(base_file_write(in_home("a.sealed"), file.data, file.len, 0600, &info));
    assert_done(seal_keystore_get(&got, keys, "a", &info));
}

static void another_stores_secret(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    assert_done(seal_keystore_put(keys, "a", "secret", 6, &info));
    BASE_BUF_AUTO file = {0};
    assert_done(base_file_read(&file, in_home("a.sealed"), 1000, &info));
    snprintf(home, sizeof home, "%s/second", dir);
    SEAL_KEYSTORE_AUTO second = create();
    BASE_SECRET_AUTO got = {0};
    assert_done(base_file_write(in_home("a.sealed"), file.data, file.len, 0600, &info));
    assert_fails(GALEN_ERR_CHECK, seal_keystore_get(&got, second, "a", &info));
}

static void changes_password(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    SEAL_KEYSTORE_AUTO again = NULL;
    SEAL_KEYSTORE_AUTO none = NULL;
    BASE_SECRET_AUTO got = {0};
    assert_done(seal_keystore_put(keys, "a", "secret", 6, &info));
    struct seal_kdf_cost cost = {.ops = 2, .memory_kib = 16};
    assert_done(seal_keystore_change_password(keys, text_view("new"), cost, &info));
    assert_fails(GALEN_ERR_PASSWORD,
                 seal_keystore_open(&none, home, text_view("pass word"), &info));
    assert_done(seal_keystore_open(&again, home, text_view("new"), &info));
    assert_done(seal_keystore_get(&got, again, "a", &info));
    assert_memory_equal(got.data, "secret", 6);
    /* the handle that changed it goes on */
    assert_done(seal_keystore_put(keys, "b", "x", 1, &info));
    assert_done(seal_keystore_get(&got, again, "b", &info));
    assert_int_equal(test_mode(in_home("master.json")), 0600);
}

/* The write fails: the old password still opens. */
static void a_failed_change_changes_nothing(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    SEAL_KEYSTORE_AUTO again = NULL;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    struct rlimit was;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &before), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    struct rlimit small = {.rlim_cur = 50, .rlim_max = was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum galen_err err = seal_keystore_change_password(keys, text_view("new"), SEAL_KDF_MINIMAL,
                                                       NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(sigaction(SIGXFSZ, &before, NULL), 0);
    assert_int_equal(err, GALEN_ERR_IO);
    assert_int_equal(test_dir_count(home), 1);
    assert_done(seal_keystore_open(&again, home, text_view("pass word"), &info));
}

/* A process that is killed while it changes the password over and over leaves one that opens. */
static void killed_while_changing(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_KEYSTORE_AUTO keys = create();
    assert_done(seal_keystore_put(keys, "a", "secret", 6, &info));
    for (int round = 0; round < 10; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (int i = 0;; i++)
                if (seal_keystore_change_password(keys, text_view(i % 2 == 0 ? "one" : "two"),
                                                  SEAL_KDF_MINIMAL, NULL) != GALEN_OK)
                    _exit(1);
        }
        usleep(3000 + 700 * (unsigned)round);
        kill(child, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        int opened = 0;
        static const char *const any[] = {"pass word", "one", "two"};
        for (size_t i = 0; i < 3; i++) {
            SEAL_KEYSTORE_AUTO again = NULL;
            BASE_SECRET_AUTO got = {0};
            if (seal_keystore_open(&again, home, text_view(any[i]), &info) != GALEN_OK)
                continue;
            opened++;
            assert_done(seal_keystore_get(&got, again, "a", &info));
            assert_memory_equal(got.data, "secret", 6);
        }
        assert_int_equal(opened, 1);
    }
}

static void odd_master_files(void **state)
{
    struct galen_errinfo info = {0};
    {
        SEAL_KEYSTORE_AUTO keys = create();
        assert_non_null(keys);
    }
    BASE_BUF_AUTO good = {0};
    assert_done(base_file_read(&good, in_home("master.json"), 4096, &info));
    static const struct {
        const char *from;
        const char *to;
        enum galen_err err;
    } changes[] = {
        {"\"ops\":1", "\"ops\":0", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":17", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":-1", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":4294967297", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":99999999999999999999", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":1.0", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":\"1\"", GALEN_ERR_PARSE},
        {"\"ops\":1", "\"ops\":2", GALEN_ERR_PASSWORD},
        {"\"memory_kib\":8", "\"memory_kib\":1048577", GALEN_ERR_PARSE},
        {"\"memory_kib\":8", "\"memory_kib\":7", GALEN_ERR_PARSE},
        {"\"memory_kib\":8", "\"memory_kib\":9", GALEN_ERR_PASSWORD},
        {"argon2id13", "argon2i", GALEN_ERR_PARSE},
        {"galen.keystore/1", "galen.keystore/2", GALEN_ERR_PARSE},
        {"\"salt\":\"0x", "\"salt\":\"0x00", GALEN_ERR_PARSE},
        {"\"master\":\"0x", "\"master\":\"", GALEN_ERR_PARSE},
        {"\"nonce\":\"0x", "\"nonce\":\"0xzz", GALEN_ERR_PARSE},
        {"{\"kdf\"", "{\"x\":1,\"kdf\"", GALEN_ERR_PARSE},
        {"{\"alg\"", "{\"x\":1,\"alg\"", GALEN_ERR_PARSE},
        {"}\n", "}}", GALEN_ERR_PARSE},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        BASE_BUF_AUTO text = {0};
        SEAL_KEYSTORE_AUTO keys = NULL;
        const char *at = strstr((char *)good.data, changes[i].from);
        assert_non_null(at);
        assert_done(base_buf_printf(&text, "%.*s%s%s", (int)(at - (char *)good.data),
                                    (char *)good.data, changes[i].to,
                                    at + strlen(changes[i].from)));
        assert_done(base_file_write(in_home("master.json"), text.data, text.len, 0600, &info));
        enum galen_err err = seal_keystore_open(&keys, home, text_view("pass word"), &info);
        if (err != changes[i].err)
            fail_msg("%s for %s: %s", changes[i].to, changes[i].from, galen_err_name(err));
    }
    for (size_t len = 0; len + 1 < good.len; len++) {
        SEAL_KEYSTORE_AUTO keys = NULL;
        assert_done(base_file_write(in_home("master.json"), good.data, len, 0600, &info));
        assert_fails(GALEN_ERR_PARSE,
                     seal_keystore_open(&keys, home, text_view("pass word"), &info));
    }
    static const uint8_t big[5000];
    SEAL_KEYSTORE_AUTO keys = NULL;
    assert_done(base_file_write(in_home("master.json"), big, sizeof big, 0600, &info));
    assert_fails(GALEN_ERR_LIMIT, seal_keystore_open(&keys, home, text_view("pass word"), &info));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(keeps_secrets),
        WITH_DIR(passwords),
        WITH_DIR(files_are_private),
        WITH_DIR(create_overwrites_nothing),
        WITH_DIR(one_creator_wins),
        WITH_DIR(names),
        WITH_DIR(lists_and_removes),
        WITH_DIR(altered_files),
        WITH_DIR(another_stores_secret),
        WITH_DIR(changes_password),
        WITH_DIR(a_failed_change_changes_nothing),
        WITH_DIR(killed_while_changing),
        WITH_DIR(odd_master_files),
    };
    return cmocka_run_group_tests(tests, seal_test_init, NULL);
}
