/* The watcher: synchronises the home, in rounds. After each, what is new goes to the event streams,
 * and a hospital's relay anchors what its doctors handed over. */
#include "node/internal.h"

#include <string.h>

#define PAUSE_MAX_MS 30000 /* between tries while the chain cannot be reached */

static int64_t number(struct json_object *object, const char *key)
{
    int64_t value = 0;
    (void)!record_json_get_int(&value, object, key, RECORD_JSON_OPTIONAL, 0, INT64_MAX, "sync",
                               NULL);
    return value;
}

/* Newest first in the summary; told in their order. */
static void publish_news(struct node *node, struct json_object *summary)
{
    struct json_object *news = NULL;
    if (!json_object_object_get_ex(summary, "notifications", &news))
        return;
    for (size_t i = json_object_array_length(news); i-- > 0;) {
        struct json_object *row = json_object_array_get_idx(news, i);
        const char *text = NULL;
        struct chain_address who;
        if (record_json_get_address(&text, row, "identity", RECORD_JSON_REQUIRED, "news", NULL) ==
                GALEN_OK &&
            chain_address_parse(&who, text, NULL) == GALEN_OK)
            feed_publish(node, &who, "notification", (uint64_t)number(row, "id"), row);
    }
}

/* That something changed, for who shows lists. */
static void publish_round(struct node *node, struct json_object *summary)
{
    RECORD_JSON_AUTO hint = json_object_new_object();
    if (hint != NULL &&
        json_object_object_add(hint, "block", json_object_new_int64(number(summary, "block"))) == 0)
        feed_publish(node, NULL, "sync", 0, hint);
}

/* Whose fault an error is: this machine's, or what is asked over the network. */
static bool is_own(enum galen_err err)
{
    return err == GALEN_ERR_IO || err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM ||
           err == GALEN_ERR_INTERNAL;
}

static void note_problem(char text[static 256], bool *is_good, enum galen_err err,
                         const struct galen_errinfo *why)
{
    *is_good = err == GALEN_OK;
    snprintf(text, 256, "%s", err == GALEN_OK ? "" : why->what);
}

static void note_begin(struct node *node)
{
    pthread_mutex_lock(&node->health.lock);
    node->health.round_since_ms = base_monotonic_ms();
    pthread_mutex_unlock(&node->health.lock);
}

static void note_round(struct node *node, struct json_object *summary, enum galen_err err,
                       const struct galen_errinfo *why)
{
    struct node_health *health = &node->health;
    pthread_mutex_lock(&health->lock);
    health->round_since_ms = 0;
    note_problem(health->home_problem, &health->home_is_good, is_own(err) ? err : GALEN_OK, why);
    if (!is_own(err))
        note_problem(health->chain_problem, &health->chain_is_good, err, why);
    if (err == GALEN_OK) {
        health->has_synced = true;
        health->synced_at_s = base_time_s();
        health->block = number(summary, "block");
        health->events += number(summary, "events");
        health->messages += number(summary, "messages");
    }
    pthread_mutex_unlock(&health->lock);
}

/* Each hospital of this home; what fails is in the log, and tried again. */
static void relay(struct workflow *wf)
{
    RECORD_JSON_AUTO identities = NULL;
    if (workflow_identities(wf, "hospital", &identities, NULL) != GALEN_OK)
        return;
    for (size_t i = 0; i < json_object_array_length(identities); i++) {
        struct json_object *row = json_object_array_get_idx(identities, i);
        const char *text = NULL;
        struct chain_address hospital;
        struct galen_errinfo why = {0};
        if (record_json_get_address(&text, row, "address", RECORD_JSON_REQUIRED, "identity",
                                    NULL) != GALEN_OK ||
            chain_address_parse(&hospital, text, NULL) != GALEN_OK)
            continue;
        enum galen_err err = storing_relay(wf, &hospital, NULL, &why);
        if (err != GALEN_OK) /* STATE: the group is not set up yet */
            base_log(err == GALEN_ERR_STATE || err == GALEN_ERR_WALLET ? BASE_LOG_DEBUG
                                                                       : BASE_LOG_WARN,
                     "relay: %s", why.what);
    }
}

static bool run_round(struct node *node, struct workflow *wf)
{
    RECORD_JSON_AUTO summary = NULL;
    struct galen_errinfo why = {0};
    enum galen_err err = workflow_lock(wf, &why);
    note_begin(node);
    if (err == GALEN_OK)
        err = workflow_sync(wf, &summary, &why);
    if (err == GALEN_OK)
        relay(wf);
    workflow_unlock(wf);
    note_round(node, summary, err, &why);
    if (err != GALEN_OK) {
        base_log(err == GALEN_ERR_NETWORK || err == GALEN_ERR_CONFIG ? BASE_LOG_INFO
                                                                     : BASE_LOG_WARN,
                 "sync: %s", why.what);
        return false;
    }
    publish_news(node, summary);
    thread_wake(&node->delivery);
    if (number(summary, "events") > 0 || number(summary, "messages") > 0) {
        thread_wake(&node->pusher);
        publish_round(node, summary);
    }
    return true;
}

static void *run_watcher(void *user)
{
    struct node *node = user;
    struct workflow *wf = NULL;
    struct galen_errinfo why = {0};
    unsigned pause = node->poll_ms;
    if (workflow_open_again(&wf, node->wf, &why) != GALEN_OK) {
        base_log(BASE_LOG_BROKEN, "watcher: %s", why.what);
        return NULL;
    }
    workflow_stop_when(wf, &node->is_stopping);
    workflow_store_later(wf);
    do {
        bool good = run_round(node, wf);
        pause = good ? node->poll_ms : 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    } while (thread_pause(&node->watcher, pause));
    workflow_close(&wf);
    return NULL;
}

enum galen_err watcher_start(struct node *node, struct galen_errinfo *info)
{
    return thread_start(&node->watcher, run_watcher, node, info);
}
