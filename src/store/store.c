/* Local blocks first, then Kubo, then gateways. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define MISS_MS      60000
#define NODE_REST_MS 30000 /* after it did not answer */

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

static void node_clear(struct store_node *node)
{
    http_client_free(&node->client);
    free(node->url);
    *node = (struct store_node){0};
}

bool store_has_kubo(const struct store *store)
{
    return store->kubo != NULL;
}

void store_kubo_later(struct store *store)
{
    store->is_kubo_later = true;
}

void store_free(struct store **store)
{
    if (store == NULL || *store == NULL)
        return;
    for (size_t i = 0; i < (*store)->n_gateways; i++)
        http_client_free(&(*store)->gateways[i]);
    free((*store)->gateways);
    for (size_t i = 0; i < STORE_NODES; i++)
        node_clear(&(*store)->nodes[i]);
    kubo_free(&(*store)->kubo);
    free((*store)->dir);
    free(*store);
    *store = NULL;
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
        if (!is_pushed && sync_may_ask(store) && !store->is_kubo_later)
            GALEN_TRY(sync_push(store, digest, data, len, info));
    }
    if (digest32 != NULL)
        memcpy(digest32, digest, sizeof digest);
    return GALEN_OK;
}

enum galen_err store_remove(struct store *store, const uint8_t digest32[32],
                            struct galen_errinfo *info)
{
    if (store->kubo == NULL)
        return local_remove(store->dir, digest32, info);
    /* The intent first: after a crash the next synchronisation finishes it. It stands for a block
     * that Kubo has not got, too: another thread may be giving it just now. */
    bool is_there = false, is_pushed = false;
    GALEN_TRY(local_has(&is_there, store->dir, digest32, info));
    GALEN_TRY(local_has(&is_pushed, store->pushed, digest32, info));
    if (is_there || is_pushed)
        GALEN_TRY(local_mark(store->removed, digest32, true, info));
    GALEN_TRY(local_remove(store->dir, digest32, info));
    GALEN_TRY(local_mark(store->pushed, digest32, false, info));
    return sync_may_ask(store) && !store->is_kubo_later ? sync_remove(store, digest32, info)
                                                        : GALEN_OK;
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
    for (size_t i = 0; i < STORE_MISSES; i++)
        if (now < store->misses[i].until_ms && memcmp(store->misses[i].source, source, 8) == 0 &&
            (memcmp(store->misses[i].digest, digest32, 32) == 0 ||
             memcmp(store->misses[i].digest, any_block, 32) == 0))
            return true;
    return false;
}

static void note_miss(struct store *store, const uint8_t digest32[32], const uint8_t source[8],
                      int64_t for_ms)
{
    struct store_miss *miss = &store->misses[store->next_miss++ % STORE_MISSES];
    memcpy(miss->digest, digest32, 32);
    memcpy(miss->source, source, 8);
    miss->until_ms = base_monotonic_ms() + for_ms;
}

/* Whether these are the block's bytes; what else came is dropped. */
bool store_is_block(struct base_buf *bytes, const uint8_t digest32[32])
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
        if (store_is_block(out, digest32))
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
    if (!sync_may_ask(store))
        return false;
    const char *name = kubo_origin(store->kubo);
    source_of(source, "kubo", name);
    if (was_missed(store, digest32, source))
        return false;
    enum galen_err err = sync_note(store, kubo_get(store->kubo, out, digest32, false, why), why);
    if (take(store, out, digest32, source, err, name, why))
        return true;
    snprintf(store->kubo_why, sizeof store->kubo_why, "%s", why->what);
    return false;
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
    for (size_t i = 0; i < STORE_NODES; i++)
        if (store->nodes[i].url != NULL && strcmp(store->nodes[i].url, url) == 0) {
            *client = store->nodes[i].client;
            return GALEN_OK;
        }
    struct store_node made = {.url = strdup(url)};
    enum galen_err err = made.url != NULL ? gateway_new(&made.client, url, store->guard, info)
                                          : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (err != GALEN_OK) {
        node_clear(&made);
        return err;
    }
    struct store_node *node = &store->nodes[store->next_node++ % STORE_NODES];
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
