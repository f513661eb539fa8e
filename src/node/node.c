/* A node's life: one home, its threads, until a signal ends it. */
#include "node/internal.h"

#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "store/store.h"

#define DEFAULT_POLL_MS 1000
#define TOKEN_FILE      "node.token"
#define URL_FILE        "node.url"
#define LOCK_FILE       "node.lock"
#define DESCRIPTORS     4096

static enum galen_err path_in(char out[PATH_MAX], const char *home, const char *name,
                              struct galen_errinfo *info)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", home, name);
    return len > 0 && len < PATH_MAX
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_USAGE, "the home's path is too long");
}

/* Held by the process until it ends, however it ends. */
static enum galen_err lock_home(int *fd, const char *home, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(path_in(path, home, LOCK_FILE, info));
    GALEN_TRY(workflow_home_check(home, info));
    enum galen_err err = base_file_lock(fd, path, false, info);
    if (err == GALEN_ERR_STATE) {
        base_fail(info, GALEN_ERR_STATE, "another node has this home");
        (void)base_hint(info, "stop it first; the command line works beside it");
    }
    return err;
}

static enum galen_err write_files(struct node *node, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    uint8_t token[NODE_TOKEN_BYTES];
    char text[2 * NODE_TOKEN_BYTES + 1];
    base_random(token, sizeof token);
    store_digest(node->sessions.operator32, token, sizeof token);
    base_hex_encode(text, token, sizeof token);
    GALEN_TRY(path_in(path, node->home, TOKEN_FILE, info));
    enum galen_err err = base_file_write(path, text, strlen(text), 0600, info);
    base_wipe(token, sizeof token);
    base_wipe(text, sizeof text);
    GALEN_TRY(err);
    GALEN_TRY(path_in(path, node->home, URL_FILE, info));
    return base_file_write(path, node->url, strlen(node->url), 0600, info);
}

static void remove_files(const struct node *node)
{
    static const char *const names[] = {TOKEN_FILE, URL_FILE};
    char path[PATH_MAX];
    for (size_t i = 0; i < 2; i++)
        if (path_in(path, node->home, names[i], NULL) == GALEN_OK)
            (void)!base_file_remove(path, NULL);
}

/* A connection needs a descriptor, and none may be missing where a block or the database is to be
 * written: the server takes no more than leaves enough. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void init_locks(struct node *node)
{
    struct node_queue *queues[] = {&node->reads, &node->acts};
    for (size_t i = 0; i < 2; i++) {
        pthread_mutex_init(&queues[i]->lock, NULL);
        pthread_cond_init(&queues[i]->filled, NULL);
    }
    pthread_mutex_init(&node->sessions.lock, NULL);
    pthread_mutex_init(&node->sessions.password, NULL);
    pthread_mutex_init(&node->feed.lock, NULL);
    pthread_mutex_init(&node->health.lock, NULL);
    thread_init(&node->watcher);
    thread_init(&node->pusher);
    thread_init(&node->delivery);
}

/* What acts is let finish, then what watches, then the connections. */
static void stop_all(struct node *node)
{
    atomic_store(&node->is_stopping, true);
    thread_stop(&node->watcher);
    thread_stop(&node->pusher);
    thread_stop(&node->delivery);
    jobs_stop(node);
    feed_close(node);
    server_stop(node);
    remove_files(node);
}

static enum galen_err start_all(struct node *node, const struct node_options *options,
                                struct galen_errinfo *info)
{
    GALEN_TRY(jobs_start(node, info));
    GALEN_TRY(server_start(node, options, info));
    GALEN_TRY(write_files(node, info));
    GALEN_TRY(watcher_start(node, info));
    GALEN_TRY(pusher_start(node, info));
    GALEN_TRY(delivery_start(node, info));
    if (options->ready != NULL)
        options->ready(options->user, node->url);
    return GALEN_OK;
}

/* This thread started the embedded chain, and looks after it. */
static void wait_for_end(struct node *node, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    while (sigtimedwait(signals, NULL, &second) < 0)
        if (node->chain != NULL)
            (void)node_chain_step(node->chain);
}

static enum galen_err serve(struct node *node, const struct node_options *options,
                            struct galen_errinfo *info)
{
    sigset_t signals;
    sigset_t before;
    node->home = strdup(options->home->home);
    if (node->home == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    /* The chain first: it says where it is in config.json, which workflow_open reads. */
    if (options->embedded_chain)
        GALEN_TRY(node_chain_start_home(&node->chain, node->home, info));
    GALEN_TRY(workflow_open(&node->wf, options->home, info));
    node->chain_id = workflow_chain_id(node->wf);
    /* Before the threads, which inherit it: only this one takes signals. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    signal(SIGPIPE, SIG_IGN);
    enum galen_err err = start_all(node, options, info);
    if (err == GALEN_OK) {
        wait_for_end(node, &signals);
        base_log(BASE_LOG_INFO, "node: stopping");
    }
    stop_all(node);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

enum galen_err node_run(const struct node_options *options, struct galen_errinfo *info)
{
    BASE_FD_AUTO lock = -1;
    GALEN_TRY(lock_home(&lock, options->home->home, info));
    struct node *node = calloc(1, sizeof *node);
    enum galen_err err = GALEN_OK;
    if (node == NULL) {
        err = base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    } else {
        /* The threads' heaps would each keep what they once needed. */
        mallopt(M_ARENA_MAX, 2);
        node->listen_fd = -1;
        node->names = options->names;
        node->n_names = options->n_names;
        node->poll_ms = options->poll_ms != 0 ? options->poll_ms : DEFAULT_POLL_MS;
        node->started_s = base_time_s();
        init_locks(node);
        raise_descriptors();
        err = serve(node, options, info);
        workflow_close(&node->wf);
        node_chain_stop(&node->chain);
        free(node->home);
        free(node);
    }
    return err;
}
