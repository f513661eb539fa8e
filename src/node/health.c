/* /health: what works, from what the threads last saw; nobody is asked. */
#include "node/internal.h"

#include "config.h"

static bool add(struct json_object *object, const char *key, struct json_object *value)
{
    if (value != NULL && json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

static bool add_text(struct json_object *object, const char *key, const char *text)
{
    return text[0] == '\0' || add(object, key, json_object_new_string(text));
}

static bool add_time(struct json_object *object, const char *key, int64_t unix_s)
{
    char text[BASE_TIME_TEXT];
    base_time_format(text, unix_s);
    return add_text(object, key, text);
}

enum galen_err health_show(struct node *node, struct json_object **result, bool *good,
                           struct galen_errinfo *info)
{
    struct node_health *health = &node->health;
    RECORD_JSON_AUTO all = json_object_new_object();
    RECORD_JSON_AUTO chain = json_object_new_object();
    RECORD_JSON_AUTO store = json_object_new_object();
    bool made = all != NULL && chain != NULL && store != NULL;
    pthread_mutex_lock(&health->lock);
    *good = health->has_synced && health->chain_is_good && health->store_is_good;
    const char *status = *good ? "ok" : health->has_synced ? "degraded" : "starting";
    made = made && add_text(all, "status", status) && add_text(all, "version", GALEN_VERSION) &&
           add_time(all, "started", node->started_s) &&
           add(chain, "reachable", json_object_new_boolean(health->chain_is_good)) &&
           add(chain, "chainId", json_object_new_int64((int64_t)node->chain_id)) &&
           (!health->has_synced || (add(chain, "block", json_object_new_int64(health->block)) &&
                                    add_time(chain, "synced", health->synced_at_s))) &&
           add_text(chain, "problem", health->chain_problem) &&
           (node->chain == NULL ||
            add(chain, "restarts",
                json_object_new_int64((int64_t)node_chain_restarts(node->chain)))) &&
           add(store, "waiting", json_object_new_int64(health->unpushed)) &&
           add_text(store, "problem", health->store_problem);
    pthread_mutex_unlock(&health->lock);
    if (made) {
        made = add(all, "chain", chain);
        chain = NULL;
    }
    if (made) {
        made = add(all, "store", store);
        store = NULL;
    }
    if (!made)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *result = all;
    all = NULL;
    return GALEN_OK;
}
