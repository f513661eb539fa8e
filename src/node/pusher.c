/* The pusher: gives the Kubo node its blocks, in rounds, and looks whether it is there and honest.
 * It has a thread of its own, since nothing else is to wait for Kubo; a home without one has none.
 */
#include "node/internal.h"

#define RETRY_MAX_MS 5000 /* between tries while Kubo does not do as it should */
#define PAUSE_MAX_MS 30000
#define PROBE_MS     10000
#define SHARE        20 /* a round reads the names of all blocks: one part in so many of the time */

static void note_round(struct node *node, enum galen_err err, const struct galen_errinfo *why,
                       int64_t waiting)
{
    struct node_health *health = &node->health;
    pthread_mutex_lock(&health->lock);
    health->push_since_ms = 0;
    health->has_pushed = true;
    health->store_is_good = err == GALEN_OK;
    if (waiting >= 0)
        health->unpushed = waiting;
    snprintf(health->store_problem, sizeof health->store_problem, "%s",
             err == GALEN_OK ? "" : why->what);
    pthread_mutex_unlock(&health->lock);
}

/* What waits for Kubo, and its own reason when some is left. */
static enum galen_err push(struct workflow *wf, int64_t *waiting, struct galen_errinfo *why)
{
    RECORD_JSON_AUTO synced = NULL;
    const char *reason = NULL;
    GALEN_TRY(workflow_store_sync(wf, false, &synced, why));
    GALEN_TRY(record_json_get_int(waiting, synced, "left", RECORD_JSON_REQUIRED, 0, INT64_MAX,
                                  "synced", why));
    if (*waiting == 0)
        return GALEN_OK;
    GALEN_TRY(
        record_json_get_text(&reason, synced, "reason", RECORD_JSON_REQUIRED, 4096, "synced", why));
    return base_fail(why, GALEN_ERR_NETWORK, "%s", reason);
}

static bool run_round(struct node *node, struct workflow *wf, int64_t *probed_ms)
{
    struct node_health *health = &node->health;
    struct galen_errinfo why = {0};
    int64_t waiting = -1;
    const int64_t now = base_monotonic_ms();
    pthread_mutex_lock(&health->lock);
    const bool was_good = health->store_is_good, was_first = !health->has_pushed;
    health->push_since_ms = now;
    pthread_mutex_unlock(&health->lock);
    enum galen_err err = push(wf, &waiting, &why);
    if (err == GALEN_OK && (!was_good || now - *probed_ms >= PROBE_MS)) {
        err = workflow_store_probe(wf, &why);
        *probed_ms = now;
    }
    note_round(node, err, &why, waiting);
    if (err != GALEN_OK && (was_good || was_first))
        base_log(BASE_LOG_WARN, "store: %s", why.what);
    else if (err == GALEN_OK && !was_good && !was_first)
        base_log(BASE_LOG_INFO, "store: Kubo has all blocks again");
    return err == GALEN_OK;
}

static void *run_pusher(void *user)
{
    struct node *node = user;
    struct workflow *wf = NULL;
    struct galen_errinfo why = {0};
    int64_t probed_ms = -PROBE_MS;
    int64_t pause = node->poll_ms;
    if (workflow_open_again(&wf, node->wf, &why) != GALEN_OK) {
        base_log(BASE_LOG_BROKEN, "pusher: %s", why.what);
        return NULL;
    }
    do {
        const int64_t begun = base_monotonic_ms();
        const bool good = run_round(node, wf, &probed_ms);
        const int64_t share = SHARE * (base_monotonic_ms() - begun);
        const int64_t most = good ? PAUSE_MAX_MS : RETRY_MAX_MS;
        pause = !good ? 2 * pause : share > node->poll_ms ? share : node->poll_ms;
        pause = pause < most ? pause : most;
    } while (thread_pause(&node->pusher, (unsigned)pause));
    workflow_close(&wf);
    return NULL;
}

enum galen_err pusher_start(struct node *node, struct galen_errinfo *info)
{
    struct node_health *health = &node->health;
    const bool has_kubo = workflow_has_kubo(node->wf);
    pthread_mutex_lock(&health->lock);
    health->has_kubo = has_kubo;
    health->has_pushed = !has_kubo;
    health->store_is_good = !has_kubo;
    pthread_mutex_unlock(&health->lock);
    return has_kubo ? thread_start(&node->pusher, run_pusher, node, info) : GALEN_OK;
}
