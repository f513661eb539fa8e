/* Pieces of work on several threads: each once, whatever the numbers. */
#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>

struct seen {
    size_t n;
    atomic_uint *times; /* how often each piece was worked on */
    atomic_bool is_wrong;
};

static void see(void *user, size_t i)
{
    struct seen *seen = user;
    if (i >= seen->n)
        atomic_store(&seen->is_wrong, true);
    else
        atomic_fetch_add(&seen->times[i], 1);
}

static void each_once(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 31, 1000, 100000};
    static const unsigned threads[] = {0, 1, 2, 3, BASE_MAX_THREADS, BASE_MAX_THREADS + 5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            struct seen seen = {.n = sizes[i]};
            seen.times = calloc(seen.n + 1, sizeof *seen.times);
            assert_non_null(seen.times);
            base_parallel(threads[t], seen.n, see, &seen);
            assert_false(atomic_load(&seen.is_wrong));
            for (size_t j = 0; j < seen.n; j++)
                assert_int_equal(atomic_load(&seen.times[j]), 1);
            free(seen.times);
        }
    }
}

/* What the threads wrote is there afterwards, without atomics. */
static void square(void *user, size_t i)
{
    size_t *numbers = user;
    numbers[i] = i * i;
}

static void results_are_seen(void **state)
{
    enum { N = 5000 };
    static size_t numbers[N];
    base_parallel(base_cores(), N, square, numbers);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(numbers[i], i * i);
}

static void cores_are_in_range(void **state)
{
    assert_in_range(base_cores(), 1, BASE_MAX_THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once),
        cmocka_unit_test(results_are_seen),
        cmocka_unit_test(cores_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
