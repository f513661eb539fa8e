/* Error details, secret memory, the log. */
#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void fail_fills_and_returns(void **state)
{
    struct galen_errinfo info = {0};
    assert_int_equal(base_fail(&info, GALEN_ERR_CHECK, "no %s at %d", "luck", 7), GALEN_ERR_CHECK);
    assert_int_equal(info.code, GALEN_ERR_CHECK);
    assert_string_equal(info.what, "no luck at 7");
    assert_int_equal(base_hint(&info, "try %d", 8), GALEN_ERR_CHECK);
    assert_string_equal(info.hint, "try 8");
    /* another failure takes its hint away, and may quote the first */
    assert_int_equal(base_fail(&info, GALEN_ERR_IO, "again: %s", info.what), GALEN_ERR_IO);
    assert_string_equal(info.what, "again: no luck at 7");
    assert_string_equal(info.hint, "");
}

static void wrap_puts_context_before(void **state)
{
    struct galen_errinfo info = {0};
    base_fail(&info, GALEN_ERR_PARSE, "bad digit");
    base_hint(&info, "look again");
    assert_int_equal(base_wrap(&info, GALEN_ERR_CHECK, "record %d", 3), GALEN_ERR_CHECK);
    assert_int_equal(info.code, GALEN_ERR_CHECK);
    assert_string_equal(info.what, "record 3: bad digit");
    assert_string_equal(info.hint, "look again");
    struct galen_errinfo empty = {0};
    base_wrap(&empty, GALEN_ERR_NOT_FOUND, "block");
    assert_string_equal(empty.what, "block: not-found");
}

static void no_info_is_fine(void **state)
{
    assert_int_equal(base_fail(NULL, GALEN_ERR_IO, "x"), GALEN_ERR_IO);
    assert_int_equal(base_wrap(NULL, GALEN_ERR_IO, "x"), GALEN_ERR_IO);
    assert_int_equal(base_hint(NULL, "x"), GALEN_ERR_INTERNAL);
}

static void long_texts_are_cut(void **state)
{
    struct galen_errinfo info = {0};
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    base_fail(&info, GALEN_ERR_IO, "%s", text);
    assert_int_equal(strlen(info.what), sizeof info.what - 1);
    base_hint(&info, "%s", text);
    assert_int_equal(strlen(info.hint), sizeof info.hint - 1);
    base_wrap(&info, GALEN_ERR_IO, "context");
    assert_int_equal(strlen(info.what), sizeof info.what - 1);
    assert_memory_equal(info.what, "context: xxx", 12);
    base_wrap(&info, GALEN_ERR_IO, "%s", text);
    assert_int_equal(strlen(info.what), sizeof info.what - 1);
}

static void every_code_has_its_own_name(void **state)
{
    for (int i = 0; i <= GALEN_ERR_INTERNAL; i++) {
        const char *name = galen_err_name((enum galen_err)i);
        assert_non_null(name);
        assert_true(name[0] != '\0');
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, galen_err_name((enum galen_err)j));
    }
    assert_string_equal(galen_err_name((enum galen_err)9999), "unknown");
}

static enum galen_err try_twice(int *reached)
{
    GALEN_TRY(GALEN_OK);
    *reached = 1;
    GALEN_TRY(GALEN_ERR_FUNDS);
    *reached = 2;
    return GALEN_OK;
}

static void try_returns_the_error(void **state)
{
    int reached = 0;
    assert_int_equal(try_twice(&reached), GALEN_ERR_FUNDS);
    assert_int_equal(reached, 1);
}

static void a_bug_aborts(void **state)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fclose(stderr);
        GALEN_ASSERT(child != 0);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void secrets(void **state)
{
    struct galen_errinfo info = {0};
    BASE_SECRET_AUTO a = {0};
    BASE_SECRET_AUTO b = {0};
    BASE_SECRET_AUTO none = {0};
    assert_done(base_secret_alloc(&a, 32));
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(a.data[i], 0);
    assert_done(base_secret_copy(&b, "0123456789abcdef0123456789abcdef", 32));
    assert_false(base_equal_ct(a.data, b.data, 32));
    memcpy(a.data, b.data, 32);
    assert_true(base_equal_ct(a.data, b.data, 32));
    base_wipe(a.data, 31);
    assert_int_equal(a.data[30], 0);
    assert_int_equal(a.data[31], 'f');
    assert_done(base_secret_copy(&none, NULL, 0));
    assert_int_equal(none.len, 0);
    base_secret_clear(&a);
    assert_null(a.data);
    base_secret_clear(&a);
    base_secret_clear(NULL);
}

static void randomness_differs(void **state)
{
    uint8_t a[32];
    uint8_t b[32];
    base_random(a, sizeof a);
    base_random(b, sizeof b);
    assert_memory_not_equal(a, b, 32);
}

static void init_turns_core_dumps_off(void **state)
{
    struct galen_errinfo info = {0};
    struct rlimit core = {1, 1};
    assert_done(base_init(&info));
    assert_done(base_init(&info));
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_and_returns),
        cmocka_unit_test(wrap_puts_context_before),
        cmocka_unit_test(no_info_is_fine),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(try_returns_the_error),
        cmocka_unit_test(a_bug_aborts),
        cmocka_unit_test(init_turns_core_dumps_off),
        cmocka_unit_test(secrets),
        cmocka_unit_test(randomness_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
