/* Files and folders. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[256];

static int make_dir(void **state)
{
    test_dir_make(dir);
    return 0;
}

static int remove_dir(void **state)
{
    test_dir_remove(dir);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void writes_and_reads(void **state)
{
    struct galen_errinfo info = {0};
    const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
    static uint8_t data[200000];
    base_random(data, sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        BASE_BUF_AUTO got = {0};
        assert_done(base_file_write(in_dir("f"), data, sizes[i], 0600, &info));
        assert_done(base_file_read(&got, in_dir("f"), sizes[i], &info));
        assert_int_equal(got.len, sizes[i]);
        assert_memory_equal(got.data, data, sizes[i]);
        assert_int_equal(got.data[got.len], 0);
        assert_int_equal(test_dir_count(dir), 1); /* no temporary file stays */
    }
}

static void size_cap(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO got = {0};
    assert_done(base_buf_append_text(&got, "before"));
    assert_done(base_file_write(in_dir("f"), "12345", 5, 0600, &info));
    assert_fails(GALEN_ERR_LIMIT, base_file_read(&got, in_dir("f"), 4, &info));
    assert_fails(GALEN_ERR_LIMIT, base_file_read(&got, "/dev/zero", 100000, &info));
    assert_string_equal((char *)got.data, "before");
    assert_done(base_file_read(&got, in_dir("f"), 5, &info));
    assert_string_equal((char *)got.data, "12345");
}

static void modes(void **state)
{
    struct galen_errinfo info = {0};
    mode_t before = umask(0077); /* the mode asked for holds whatever the umask */
    assert_done(base_file_write(in_dir("f"), "x", 1, 0644, &info));
    assert_int_equal(test_mode(in_dir("f")), 0644);
    assert_done(base_file_write(in_dir("f"), "y", 1, 0600, &info));
    assert_int_equal(test_mode(in_dir("f")), 0600);
    umask(before);
}

static void locks_a_byte(void **state)
{
    struct galen_errinfo info = {0};
    BASE_FD_AUTO first = -1;
    BASE_FD_AUTO second = -1;
    bool has = true;
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 1, &info));
    assert_false(has); /* nor is the file made */
    assert_int_equal(test_dir_count(dir), 0);
    assert_done(base_file_lock_at(&first, in_dir("f"), 1, &info));
    assert_int_equal(test_mode(in_dir("f")), 0600);
    assert_done(base_file_lock_at(&second, in_dir("f"), 2, &info)); /* another byte */
    base_fd_close(&second);                                         /* which ends no other's lock */
    second = -1;
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 1, &info));
    assert_true(has);
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 2, &info));
    assert_false(has);
    assert_fails(GALEN_ERR_STATE, base_file_lock_at(&second, in_dir("f"), 1, &info));
    base_fd_close(&first);
    first = -1;
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 1, &info));
    assert_false(has);

    /* Its process is killed. */
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        _exit(base_file_lock_at(&fd, in_dir("f"), 3, NULL) == GALEN_OK &&
                      write(ready[1], "1", 1) == 1 && pause() != 0
                  ? 0
                  : 1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 3, &info));
    assert_true(has);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_done(base_file_has_lock_at(&has, in_dir("f"), 3, &info));
    assert_false(has);
    close(ready[0]);
    close(ready[1]);
    assert_fails(GALEN_ERR_NOT_FOUND, base_file_lock_at(&first, in_dir("none/f"), 1, &info));
}

static void creates_and_never_overwrites(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO got = {0};
    assert_done(base_file_create(in_dir("f"), "first", 5, 0600, &info));
    assert_int_equal(test_mode(in_dir("f")), 0600);
    assert_fails(GALEN_ERR_EXISTS, base_file_create(in_dir("f"), "second", 6, 0600, &info));
    assert_done(base_file_read(&got, in_dir("f"), 10, &info));
    assert_string_equal((char *)got.data, "first");
    assert_int_equal(symlink("nowhere", in_dir("g")), 0); /* is there, too */
    assert_fails(GALEN_ERR_EXISTS, base_file_create(in_dir("g"), "x", 1, 0600, &info));
    assert_int_equal(test_dir_count(dir), 2);
    assert_fails(GALEN_ERR_IO, base_file_create(in_dir("no/ne"), "x", 1, 0600, &info));
}

static void missing(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO got = {0};
    assert_fails(GALEN_ERR_NOT_FOUND, base_file_read(&got, in_dir("none"), 10, &info));
    assert_fails(GALEN_ERR_NOT_FOUND, base_file_read(&got, in_dir("no/ne"), 10, &info));
    assert_fails(GALEN_ERR_IO, base_file_read(&got, dir, 10, &info));
    assert_fails(GALEN_ERR_IO, base_file_write(in_dir("no/ne"), "x", 1, 0600, &info));
    assert_null(got.data);
}

static void a_failed_write_leaves_nothing(void **state)
{
    struct galen_errinfo info = {0};
    /* rename cannot put a file over a folder that is not empty */
    assert_done(base_dir_make(in_dir("f/sub"), 0700, &info));
    assert_fails(GALEN_ERR_IO, base_file_write(in_dir("f"), "x", 1, 0600, &info));
    assert_int_equal(test_dir_count(dir), 1);
    char path[5000];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_fails(GALEN_ERR_USAGE, base_file_write(path, "x", 1, 0600, &info));
    assert_fails(GALEN_ERR_USAGE, base_dir_make(path, 0700, &info));
    assert_fails(GALEN_ERR_USAGE, base_dir_make("", 0700, &info));
}

static void disk_full_keeps_the_old_file(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO got = {0};
    /* A file size limit stands for the full disk. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    struct rlimit was;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &before), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    assert_done(base_file_write(in_dir("f"), "old", 3, 0600, &info));
    struct rlimit small = {.rlim_cur = 1000, .rlim_max = was.rlim_max};
    static const uint8_t big[5000];
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum galen_err err = base_file_write(in_dir("f"), big, sizeof big, 0600, &info);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(sigaction(SIGXFSZ, &before, NULL), 0);
    assert_int_equal(err, GALEN_ERR_IO);
    assert_done(base_file_read(&got, in_dir("f"), 10, &info));
    assert_string_equal((char *)got.data, "old");
    assert_int_equal(test_dir_count(dir), 1);
}

static void folders(void **state)
{
    struct galen_errinfo info = {0};
    static const char *const paths[] = {"a", "a/b/c", "a/b/c/", "a//b", "./x/y"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_done(base_dir_make(in_dir(paths[i]), 0700, &info));
        assert_done(base_dir_make(in_dir(paths[i]), 0700, &info));
        assert_int_equal(test_mode(in_dir(paths[i])), 0700);
    }
    assert_int_equal(test_mode(in_dir("a/b")), 0700);
    assert_done(base_dir_make("/", 0700, &info));
    assert_done(base_file_write(in_dir("file"), "x", 1, 0600, &info));
    assert_fails(GALEN_ERR_IO, base_dir_make(in_dir("file"), 0700, &info));
    assert_fails(GALEN_ERR_IO, base_dir_make(in_dir("file/sub"), 0700, &info));
}

static void removes(void **state)
{
    struct galen_errinfo info = {0};
    assert_done(base_file_write(in_dir("f"), "x", 1, 0600, &info));
    assert_done(base_file_remove(in_dir("f"), &info));
    assert_int_equal(test_dir_count(dir), 0);
    assert_fails(GALEN_ERR_NOT_FOUND, base_file_remove(in_dir("f"), &info));
    assert_done(base_dir_make(in_dir("d"), 0700, &info));
    assert_fails(GALEN_ERR_IO, base_file_remove(in_dir("d"), &info));
}

static void reads_standard_input(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO got = {0};
    assert_done(base_file_write(in_dir("f"), "piped", 5, 0600, &info));
    int kept = dup(STDIN_FILENO);
    int fd = open(in_dir("f"), O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    enum galen_err err = base_file_read(&got, "-", 100, &info);
    if (kept >= 0)
        dup2(kept, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    close(kept);
    close(fd);
    assert_int_equal(err, GALEN_OK);
    assert_string_equal((char *)got.data, "piped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(size_cap, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(modes, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(locks_a_byte, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(creates_and_never_overwrites, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(missing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(disk_full_keeps_the_old_file, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(folders, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(removes, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(reads_standard_input, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
