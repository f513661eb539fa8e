/* A thread that works in rounds, with pauses from which it can be woken or ended. */
#include "node/internal.h"

void thread_init(struct node_thread *thread)
{
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->changed, NULL);
}

enum galen_err thread_start(struct node_thread *thread, void *(*run)(void *), struct node *node,
                            struct galen_errinfo *info)
{
    thread->is_running = true;
    if (pthread_create(&thread->id, NULL, run, node) == 0)
        return GALEN_OK;
    thread->is_running = false;
    return base_fail(info, GALEN_ERR_NOMEM, "cannot start a thread");
}

bool thread_pause(struct node_thread *thread, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&thread->lock);
    while (!thread->is_woken && thread->is_running &&
           pthread_cond_timedwait(&thread->changed, &thread->lock, &until) == 0)
        ;
    thread->is_woken = false;
    bool goes_on = thread->is_running;
    pthread_mutex_unlock(&thread->lock);
    return goes_on;
}

void thread_wake(struct node_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->is_woken = true;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

void thread_stop(struct node_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    bool was_running = thread->is_running;
    thread->is_running = false;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    if (was_running)
        pthread_join(thread->id, NULL);
}
