/* Local blocks first, then Kubo, then gateways; and what Kubo is still to get. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define KUBO_REST_MS 30000 /* after it did not answer */
#define MISS_MS      60000
#define MISSES       256
#define NODES        8     /* connections to other nodes that are kept */
#define NODE_REST_MS 30000 /* after it did not answer */

struct miss {
    uint8_t digest[32]; /* zeros: any block */
    uint8_t source[8];  /* who had it not */
    int64_t until_ms;
};

struct store {
    char *dir;
    struct kubo *kubo;
    char pushed[PATH_MAX];  /* marks: what Kubo has, or need not get */
    char removed[PATH_MAX]; /* marks: what it is to let go */
    int64_t kubo_rests_until_ms;
    char kubo_why[256];
    struct http_client **gateways;
    size_t n_gateways;
    struct miss misses[MISSES]; /* a ring */
    size_t next_miss;
    const struct http_guard *guard; /* NULL: no nodes are asked */
    struct node {
        char *url; /* owned, as client */
        struct http_client *client;
    } nodes[NODES]; /* a ring */
    size_t next_node;
};

/* ---- open and close ---------------------------------------------------------------------------- */

static enum galen_err open_kubo(struct store *store, const char *url, struct galen_errinfo *info)
{
    uint8_t digest[32];
    char hex[9];
    GALEN_TRY(kubo_new(&store->kubo, url, info));
    store_digest(digest, url, strlen(url));
    base_hex_encode(hex, digest, 4);
    if (snprintf(store->pushed, PATH_MAX, "%s/kubo-%s/pushed", store->dir, hex) >= PATH_MAX ||
        snprintf(store->removed, PATH_MAX, "%s/kubo-%s/removed", store->dir, hex) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    return GALEN_OK;
}

enum galen_err store_open(struct store **out, const struct store_config *config,
                          struct galen_errinfo *info)
{
    GALEN_TRY(base_dir_make(config->dir, 0700, info));
    STORE_AUTO made = calloc(1, sizeof *made);
    if (made == NULL || (made->dir = strdup(config->dir)) == NULL ||
        (made->gateways = calloc(config->n_gateways + 1, sizeof *made->gateways)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < config->n_gateways; i++) {
        GALEN_TRY(gateway_new(&made->gateways[i], config->gateways[i], NULL, info));
        made->n_gateways++;
    }
    made->guard = config->guard;
    if (config->kubo != NULL)
        GALEN_TRY(open_kubo(made, config->kubo, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

static void node_clear(struct node *node)
{
    http_client_free(&node->client);
    free(node->url);
    *node = (struct node){0};
}

void store_free(struct store **store)
{
    if (store == NULL || *store == NULL)
        return;
    for (size_t i = 0; i < (*store)->n_gateways; i++)
        http_client_free(&(*store)->gateways[i]);
    free((*store)->gateways);
    for (size_t i = 0; i < NODES; i++)
        node_clear(&(*store)->nodes[i]);
    kubo_free(&(*store)->kubo);
    free((*store)->dir);
    free(*store);
    *store = NULL;
}

/* ---- Kubo, as far as it answers ------------------------------------------------------------------ */

static bool may_ask_kubo(const struct store *store)
{
    return store->kubo != NULL && base_monotonic_ms() >= store->kubo_rests_until_ms;
}

/* What became of a question to Kubo; one that was not answered makes the next ones wait. */
static enum galen_err note_kubo(struct store *store, enum galen_err err,
                                const struct galen_errinfo *why)
{
    if (err != GALEN_OK)
        snprintf(store->kubo_why, sizeof store->kubo_why, "%s", why->what);
    if (err == GALEN_ERR_NETWORK)
        store->kubo_rests_until_ms = base_monotonic_ms() + KUBO_REST_MS;
    return err;
}

static enum galen_err push(struct store *store, const uint8_t digest32[32], const void *data,
                           size_t len)
{
    struct galen_errinfo why = {0};
    return note_kubo(store, kubo_put(store->kubo, digest32, data, len, &why), &why);
}

/* ---- put and remove ------------------------------------------------------------------------------ */

enum galen_err store_put(uint8_t digest32[32], struct store *store, const void *data, size_t len,
                         struct galen_errinfo *info)
{
    uint8_t digest[32];
    bool is_pushed = false;
    if (len > STORE_BLOCK_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "block has %zu bytes, the maximum is %d", len,
                         STORE_BLOCK_MAX);
    store_digest(digest, data, len);
    GALEN_TRY(local_put(store->dir, digest, data, len, info));
    if (store->kubo != NULL) {
        GALEN_TRY(local_mark(store->removed, digest, false, info));
        GALEN_TRY(local_has(&is_pushed, store->pushed, digest, info));
        if (!is_pushed && may_ask_kubo(store) && push(store, digest, data, len) == GALEN_OK)
            GALEN_TRY(local_mark(store->pushed, digest, true, info));
    }
    if (digest32 != NULL)
        memcpy(digest32, digest, sizeof digest);
    return GALEN_OK;
}

enum galen_err store_remove(struct store *store, const uint8_t digest32[32],
                            struct galen_errinfo *info)
{
    bool is_pushed = false;
    struct galen_errinfo why = {0};
    if (store->kubo == NULL)
        return local_remove(store->dir, digest32, info);
    /* The intent first: after a crash the next synchronisation finishes it. */
    GALEN_TRY(local_has(&is_pushed, store->pushed, digest32, info));
    if (is_pushed)
        GALEN_TRY(local_mark(store->removed, digest32, true, info));
    GALEN_TRY(local_remove(store->dir, digest32, info));
    GALEN_TRY(local_mark(store->pushed, digest32, false, info));
    if (is_pushed && may_ask_kubo(store) &&
        note_kubo(store, kubo_remove(store->kubo, digest32, &why), &why) == GALEN_OK)
        return local_mark(store->removed, digest32, false, info);
    return GALEN_OK;
}

/* ---- get ----------------------------------------------------------------------------------------- */

static const uint8_t any_block[32];

static void source_of(uint8_t source[8], const char *kind, const char *name)
{
    uint8_t digest[32];
    char text[HTTP_ORIGIN_TEXT + 2100];
    snprintf(text, sizeof text, "%s %s", kind, name);
    store_digest(digest, text, strlen(text));
    memcpy(source, digest, 8);
}

static bool was_missed(const struct store *store, const uint8_t digest32[32],
                       const uint8_t source[8])
{
    int64_t now = base_monotonic_ms();
    for (size_t i = 0; i < MISSES; i++)
        if (now < store->misses[i].until_ms && memcmp(store->misses[i].source, source, 8) == 0 &&
            (memcmp(store->misses[i].digest, digest32, 32) == 0 ||
             memcmp(store->misses[i].digest, any_block, 32) == 0))
            return true;
    return false;
}

static void note_miss(struct store *store, const uint8_t digest32[32], const uint8_t source[8],
                      int64_t for_ms)
{
    struct miss *miss = &store->misses[store->next_miss++ % MISSES];
    memcpy(miss->digest, digest32, 32);
    memcpy(miss->source, source, 8);
    miss->until_ms = base_monotonic_ms() + for_ms;
}

/* Whether these are the block's bytes; what else came is dropped. */
static bool is_block(struct base_buf *bytes, const uint8_t digest32[32])
{
    uint8_t found[32];
    store_digest(found, bytes->data, bytes->len);
    if (bytes->len <= STORE_BLOCK_MAX && memcmp(found, digest32, 32) == 0)
        return true;
    base_buf_clear(bytes);
    return false;
}

/* Takes what a source answered when it is the block, else notes the miss. */
static bool take(struct store *store, struct base_buf *out, const uint8_t digest32[32],
                 const uint8_t source[8], enum galen_err err, const char *name,
                 struct galen_errinfo *why)
{
    if (err == GALEN_OK) {
        if (is_block(out, digest32))
            return true;
        base_fail(why, GALEN_ERR_CHECK, "%s sent other bytes", name);
    }
    note_miss(store, digest32, source, MISS_MS);
    return false;
}

static bool fetch_from_kubo(struct store *store, struct base_buf *out, const uint8_t digest32[32],
                            struct galen_errinfo *why)
{
    uint8_t source[8];
    if (!may_ask_kubo(store))
        return false;
    const char *name = kubo_origin(store->kubo);
    source_of(source, "kubo", name);
    return !was_missed(store, digest32, source) &&
           take(store, out, digest32, source,
                note_kubo(store, kubo_get(store->kubo, out, digest32, why), why), name, why);
}

static bool fetch_from_gateway(struct store *store, struct http_client *gateway,
                               struct base_buf *out, const uint8_t digest32[32],
                               struct galen_errinfo *why)
{
    uint8_t source[8];
    const char *name = http_client_origin(gateway);
    source_of(source, "gateway", name);
    return !was_missed(store, digest32, source) &&
           take(store, out, digest32, source, gateway_get(gateway, out, digest32, why), name, why);
}

/* The connection to a node, kept from before or new. */
static enum galen_err connect_node(struct store *store, struct http_client **client,
                                   const char *url, struct galen_errinfo *info)
{
    for (size_t i = 0; i < NODES; i++)
        if (store->nodes[i].url != NULL && strcmp(store->nodes[i].url, url) == 0) {
            *client = store->nodes[i].client;
            return GALEN_OK;
        }
    struct node made = {.url = strdup(url)};
    enum galen_err err = made.url != NULL ? gateway_new(&made.client, url, store->guard, info)
                                          : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (err != GALEN_OK) {
        node_clear(&made);
        return err;
    }
    struct node *node = &store->nodes[store->next_node++ % NODES];
    node_clear(node);
    *node = made;
    *client = made.client;
    return GALEN_OK;
}

static bool fetch_from_node(struct store *store, const char *url, struct base_buf *out,
                            const uint8_t digest32[32], struct galen_errinfo *why)
{
    uint8_t source[8];
    struct http_client *client = NULL;
    source_of(source, "node", url);
    if (store->guard == NULL || was_missed(store, digest32, source))
        return false;
    enum galen_err err = connect_node(store, &client, url, why);
    if (err == GALEN_OK)
        err = gateway_get(client, out, digest32, why);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        note_miss(store, any_block, source, NODE_REST_MS);
    return take(store, out, digest32, source, err, url, why);
}

/* why receives the last reason of a failure. */
static bool fetch(struct store *store, struct base_buf *out, const uint8_t digest32[32],
                  const char *const *nodes, size_t n_nodes, struct galen_errinfo *why)
{
    bool found = fetch_from_kubo(store, out, digest32, why);
    for (size_t i = 0; i < n_nodes && !found; i++)
        found = fetch_from_node(store, nodes[i], out, digest32, why);
    for (size_t i = 0; i < store->n_gateways && !found; i++)
        found = fetch_from_gateway(store, store->gateways[i], out, digest32, why);
    return found;
}

/* Keeps a block that came from elsewhere; it need not be given to Kubo. */
static enum galen_err keep(struct store *store, const uint8_t digest32[32],
                           const struct base_buf *bytes, struct galen_errinfo *info)
{
    if (store->kubo != NULL)
        GALEN_TRY(local_mark(store->pushed, digest32, true, info));
    return local_put(store->dir, digest32, bytes->data, bytes->len, info);
}

enum galen_err store_get_from(struct base_buf *out, struct store *store, const uint8_t digest32[32],
                              const char *const *nodes, size_t n_nodes, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    struct galen_errinfo why = {0};
    enum galen_err err = local_get(out, store->dir, digest32, info);
    if ((err != GALEN_ERR_NOT_FOUND && err != GALEN_ERR_CHECK) ||
        (store->kubo == NULL && store->n_gateways == 0 && n_nodes == 0))
        return err;
    if (!fetch(store, &bytes, digest32, nodes, n_nodes, &why)) {
        const char *reason = why.what[0] != '\0' ? why.what : store->kubo_why;
        if (err == GALEN_ERR_NOT_FOUND && reason[0] != '\0')
            (void)base_hint(info, "nor elsewhere: %s", reason);
        return err;
    }
    GALEN_TRY(keep(store, digest32, &bytes, info));
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err store_get(struct base_buf *out, struct store *store, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    return store_get_from(out, store, digest32, NULL, 0, info);
}

enum galen_err store_get_local(struct base_buf *out, struct store *store,
                               const uint8_t digest32[32], struct galen_errinfo *info)
{
    return local_get(out, store->dir, digest32, info);
}

enum galen_err store_has(bool *there, struct store *store, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    return local_has(there, store->dir, digest32, info);
}

enum galen_err store_each(struct store *store,
                          enum galen_err (*each)(void *user, const uint8_t digest32[32]),
                          void *user, struct galen_errinfo *info)
{
    return local_each(store->dir, each, user, info);
}

/* ---- what Kubo is still to get --------------------------------------------------------------------- */

struct walk {
    struct store *store;
    struct store_status *status;
    struct store_synced *synced;
    bool all;
    struct galen_errinfo *info;
};

static enum galen_err count_block(void *user, const uint8_t digest32[32])
{
    struct walk *walk = user;
    bool is_pushed = true;
    if (walk->store->kubo != NULL)
        GALEN_TRY(local_has(&is_pushed, walk->store->pushed, digest32, walk->info));
    walk->status->blocks++;
    walk->status->unpushed += !is_pushed;
    return GALEN_OK;
}

static enum galen_err count_removed(void *user, const uint8_t digest32[32])
{
    struct walk *walk = user;
    walk->status->unremoved++;
    return GALEN_OK;
}

enum galen_err store_status(struct store_status *out, struct store *store,
                            struct galen_errinfo *info)
{
    struct store_status status = {.has_kubo = store->kubo != NULL};
    struct galen_errinfo why = {0};
    struct walk walk = {.store = store, .status = &status, .info = info};
    GALEN_TRY(local_each(store->dir, count_block, &walk, info));
    if (status.has_kubo) {
        GALEN_TRY(local_each(store->removed, count_removed, &walk, info));
        snprintf(status.kubo, sizeof status.kubo, "%s", kubo_origin(store->kubo));
        status.is_reachable = kubo_id(store->kubo, status.peer, status.agent, &why) == GALEN_OK;
        snprintf(status.why, sizeof status.why, "%s", status.is_reachable ? "" : why.what);
    }
    *out = status;
    return GALEN_OK;
}

/* Counts one as done or left; only a Kubo that does not answer ends the walk. */
static enum galen_err note_synced(struct walk *walk, enum galen_err err, uint64_t *done)
{
    if (err == GALEN_OK) {
        ++*done;
        return GALEN_OK;
    }
    walk->synced->left++;
    snprintf(walk->synced->why, sizeof walk->synced->why, "%s", walk->store->kubo_why);
    return err == GALEN_ERR_NETWORK ? err : GALEN_OK;
}

static enum galen_err push_block(void *user, const uint8_t digest32[32])
{
    struct walk *walk = user;
    struct store *store = walk->store;
    struct galen_errinfo why = {0};
    BASE_BUF_AUTO bytes = {0};
    bool is_there = false;
    GALEN_TRY(local_has(&is_there, store->pushed, digest32, walk->info));
    if (is_there && walk->all)
        GALEN_TRY(note_kubo(store, kubo_has(store->kubo, &is_there, digest32, &why), &why));
    if (is_there)
        return GALEN_OK;
    enum galen_err err = local_get(&bytes, store->dir, digest32, &why);
    if (err == GALEN_OK)
        err = push(store, digest32, bytes.data, bytes.len);
    else
        snprintf(store->kubo_why, sizeof store->kubo_why, "%s", why.what);
    if (err == GALEN_OK)
        GALEN_TRY(local_mark(store->pushed, digest32, true, walk->info));
    return note_synced(walk, err, &walk->synced->pushed);
}

static enum galen_err remove_block(void *user, const uint8_t digest32[32])
{
    struct walk *walk = user;
    struct store *store = walk->store;
    struct galen_errinfo why = {0};
    enum galen_err err = note_kubo(store, kubo_remove(store->kubo, digest32, &why), &why);
    if (err == GALEN_OK)
        GALEN_TRY(local_mark(store->removed, digest32, false, walk->info));
    return note_synced(walk, err, &walk->synced->removed);
}

enum galen_err store_sync(struct store_synced *out, struct store *store, bool all,
                          struct galen_errinfo *info)
{
    struct store_synced synced = {0};
    struct store_status status = {0};
    struct walk walk = {
        .store = store, .status = &status, .synced = &synced, .all = all, .info = info};
    enum galen_err err = GALEN_OK;
    if (store->kubo != NULL) {
        err = local_each(store->dir, push_block, &walk, info);
        if (err == GALEN_OK)
            err = local_each(store->removed, remove_block, &walk, info);
    }
    if (err == GALEN_ERR_NETWORK) {
        GALEN_TRY(local_each(store->dir, count_block, &walk, info));
        GALEN_TRY(local_each(store->removed, count_removed, &walk, info));
        synced.left = status.unpushed + status.unremoved;
        snprintf(synced.why, sizeof synced.why, "%s", store->kubo_why);
        err = GALEN_OK;
    }
    GALEN_TRY(err);
    *out = synced;
    return GALEN_OK;
}
