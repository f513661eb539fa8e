/* Work that is cut into numbered pieces, on several threads. */
#include "base.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct pieces {
    base_piece *work;
    void *user;
    size_t n;
    atomic_size_t next;
};

unsigned base_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > BASE_MAX_THREADS ? BASE_MAX_THREADS : (unsigned)n;
}

static void *take_pieces(void *argument)
{
    struct pieces *pieces = argument;
    for (;;) {
        size_t i = atomic_fetch_add(&pieces->next, 1);
        if (i >= pieces->n)
            return NULL;
        pieces->work(pieces->user, i);
    }
}

void base_parallel(unsigned threads, size_t n, base_piece *work, void *user)
{
    struct pieces pieces = {.work = work, .user = user, .n = n};
    pthread_t helpers[BASE_MAX_THREADS];
    size_t started = 0;
    while (started + 1 < threads && started + 1 < n && started < BASE_MAX_THREADS &&
           pthread_create(&helpers[started], NULL, take_pieces, &pieces) == 0)
        started++;
    (void)take_pieces(&pieces);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(helpers[i], NULL);
}
