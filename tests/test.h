/* cmocka's headers in the order it wants, and what many tests need. */
#ifndef GALEN_TEST_H
#define GALEN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The call must succeed; `info` is the test's. */
#define assert_done(call)                                                                          \
    do {                                                                                           \
        enum galen_err test_err_ = (call);                                                         \
        if (test_err_ != GALEN_OK)                                                                 \
            fail_msg("%s: %s", galen_err_name(test_err_), info.what);                              \
    } while (0)

/* The call must fail so, and say so in `info`. */
#define assert_fails(code_, call)                                                                  \
    do {                                                                                           \
        info = (struct galen_errinfo){0};                                                          \
        enum galen_err test_err_ = (call);                                                         \
        if (test_err_ != (code_))                                                                  \
            fail_msg("%s instead of %s: %s", galen_err_name(test_err_), galen_err_name(code_),     \
                     info.what);                                                                   \
        assert_int_equal(info.code, (code_));                                                      \
        assert_true(info.what[0] != '\0');                                                         \
    } while (0)

/* A fresh folder under TMPDIR; test_dir_remove removes it with all that is in it. */
static inline void test_dir_make(char path[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%s/galen-test-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline void test_dir_remove(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inside[1024];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        assert_int_equal(lstat(inside, &st), 0);
        if (S_ISDIR(st.st_mode))
            test_dir_remove(inside);
        else
            assert_int_equal(unlink(inside), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

/* Entries of a folder, without . and .. */
static inline int test_dir_count(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int n = -2;
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

static inline unsigned test_mode(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

#endif
