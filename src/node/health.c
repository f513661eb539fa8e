/* /health: what works, from what the threads last saw; nobody is asked. */
#include "node/internal.h"

#include "config.h"

#define SLOW_MS 5000 /* a round that takes longer is told of */

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

/* What went wrong last; nothing did: that a round under way takes long. */
static enum galen_err add_problem(struct json_object *object, const char *problem, int64_t slow_ms,
                                  const char *what, struct galen_errinfo *info)
{
    char text[160];
    if (problem[0] != '\0' || slow_ms < SLOW_MS)
        return add_text(object, "problem", problem, info);
    snprintf(text, sizeof text, "%s slowly: what is being done has taken %lld s so far", what,
             (long long)(slow_ms / 1000));
    return add_text(object, "problem", text, info);
}

/* How long a round has been under way. */
static int64_t age_ms(int64_t since_ms)
{
    return since_ms == 0 ? 0 : base_monotonic_ms() - since_ms;
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
    GALEN_TRY(add_problem(chain, health->chain_problem, age_ms(health->round_since_ms),
                          "the chain, or who is asked for a block, answers", info));
    if (node->chain != NULL)
        GALEN_TRY(add_number(chain, "restarts", node_chain_restarts(node->chain), info));
    return GALEN_OK;
}

static enum galen_err describe_store(const struct node_health *health, struct json_object *store,
                                     struct galen_errinfo *info)
{
    if (health->has_kubo)
        GALEN_TRY(
            record_json_set(store, "good", json_object_new_boolean(health->store_is_good), info));
    GALEN_TRY(add_number(store, "waiting", health->unpushed, info));
    return add_problem(store, health->store_problem, age_ms(health->push_since_ms), "Kubo answers",
                       info);
}

static enum galen_err describe_database(const struct node_health *health,
                                        struct json_object *database, struct galen_errinfo *info)
{
    const bool is_good = health->home_problem[0] == '\0';
    GALEN_TRY(record_json_set(database, "good", json_object_new_boolean(is_good), info));
    return add_text(database, "problem", health->home_problem, info);
}

/* Under the lock. */
static bool is_good(const struct node_health *health)
{
    return health->has_synced && health->chain_is_good && health->home_is_good &&
           health->store_is_good && age_ms(health->round_since_ms) < SLOW_MS &&
           age_ms(health->push_since_ms) < SLOW_MS;
}

/* Under the lock. */
static enum galen_err describe(const struct node *node, struct json_object *all, bool good,
                               struct galen_errinfo *info)
{
    const struct node_health *health = &node->health;
    struct json_object *chain = json_object_new_object();
    struct json_object *store = json_object_new_object();
    struct json_object *database = json_object_new_object();
    const bool is_started = health->has_synced && health->has_pushed;
    /* All have an owner before anything can fail; record_json_set takes NULL for want of memory. */
    enum galen_err has_chain = record_json_set(all, "chain", chain, info);
    enum galen_err has_store = record_json_set(all, "store", store, info);
    GALEN_TRY(record_json_set(all, "database", database, info));
    GALEN_TRY(has_chain);
    GALEN_TRY(has_store);
    GALEN_TRY(add_text(all, "status", good ? "ok" : is_started ? "degraded" : "starting", info));
    GALEN_TRY(add_text(all, "version", GALEN_VERSION, info));
    GALEN_TRY(add_time(all, "started", node->started_s, info));
    GALEN_TRY(describe_chain(node, chain, info));
    GALEN_TRY(describe_store(health, store, info));
    return describe_database(health, database, info);
}

enum galen_err health_show(struct node *node, struct json_object **result, bool *good,
                           struct galen_errinfo *info)
{
    struct node_health *health = &node->health;
    RECORD_JSON_AUTO all = json_object_new_object();
    pthread_mutex_lock(&health->lock);
    *good = is_good(health);
    enum galen_err err = describe(node, all, *good, info);
    pthread_mutex_unlock(&health->lock);
    GALEN_TRY(err);
    *result = all;
    all = NULL;
    return GALEN_OK;
}
