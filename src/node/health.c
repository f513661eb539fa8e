/* /health: what works, from what the threads last saw; nobody is asked. */
#include "node/internal.h"

#include "config.h"

/* What is empty is left out. */
static enum galen_err add_text(struct json_object *object, const char *key, const char *text,
                               struct galen_errinfo *info)
{
    return text[0] == '\0' ? GALEN_OK
                           : record_json_set(object, key, json_object_new_string(text), info);
}

static enum galen_err add_number(struct json_object *object, const char *key, int64_t number,
                                 struct galen_errinfo *info)
{
    return record_json_set(object, key, json_object_new_int64(number), info);
}

static enum galen_err add_time(struct json_object *object, const char *key, int64_t unix_s,
                               struct galen_errinfo *info)
{
    char text[BASE_TIME_TEXT];
    base_time_format(text, unix_s);
    return add_text(object, key, text, info);
}

static enum galen_err describe_chain(const struct node *node, struct json_object *chain,
                                     struct galen_errinfo *info)
{
    const struct node_health *health = &node->health;
    GALEN_TRY(
        record_json_set(chain, "reachable", json_object_new_boolean(health->chain_is_good), info));
    GALEN_TRY(add_number(chain, "chainId", (int64_t)node->chain_id, info));
    if (health->has_synced) {
        GALEN_TRY(add_number(chain, "block", health->block, info));
        GALEN_TRY(add_time(chain, "synced", health->synced_at_s, info));
    }
    GALEN_TRY(add_text(chain, "problem", health->chain_problem, info));
    if (node->chain != NULL)
        GALEN_TRY(add_number(chain, "restarts", node_chain_restarts(node->chain), info));
    return GALEN_OK;
}

/* Under the lock. */
static enum galen_err describe(const struct node *node, struct json_object *all, bool good,
                               struct galen_errinfo *info)
{
    const struct node_health *health = &node->health;
    struct json_object *chain = json_object_new_object();
    struct json_object *store = json_object_new_object();
    const char *status = good ? "ok" : health->has_synced ? "degraded" : "starting";
    /* Both have an owner before anything can fail; record_json_set takes NULL for want of memory.
     */
    enum galen_err has_chain = record_json_set(all, "chain", chain, info);
    GALEN_TRY(record_json_set(all, "store", store, info));
    GALEN_TRY(has_chain);
    GALEN_TRY(add_text(all, "status", status, info));
    GALEN_TRY(add_text(all, "version", GALEN_VERSION, info));
    GALEN_TRY(add_time(all, "started", node->started_s, info));
    GALEN_TRY(describe_chain(node, chain, info));
    GALEN_TRY(add_number(store, "waiting", health->unpushed, info));
    return add_text(store, "problem", health->store_problem, info);
}

enum galen_err health_show(struct node *node, struct json_object **result, bool *good,
                           struct galen_errinfo *info)
{
    struct node_health *health = &node->health;
    RECORD_JSON_AUTO all = json_object_new_object();
    pthread_mutex_lock(&health->lock);
    *good = health->has_synced && health->chain_is_good && health->store_is_good;
    enum galen_err err = describe(node, all, *good, info);
    pthread_mutex_unlock(&health->lock);
    GALEN_TRY(err);
    *result = all;
    all = NULL;
    return GALEN_OK;
}
