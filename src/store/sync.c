/* What Kubo is to get and to let go, and whether it has what it took. */
#include <string.h>

#include "store/internal.h"

#define KUBO_REST_MS 30000 /* after it did not answer */

bool sync_may_ask(const struct store *store)
{
    return store->kubo != NULL && base_monotonic_ms() >= store->kubo_rests_until_ms;
}

enum galen_err sync_note(struct store *store, enum galen_err err, const struct galen_errinfo *why)
{
    if (err != GALEN_OK)
        snprintf(store->kubo_why, sizeof store->kubo_why, "%s", why->what);
    if (err == GALEN_ERR_NETWORK)
        store->kubo_rests_until_ms = base_monotonic_ms() + KUBO_REST_MS;
    return err;
}

/* What fails here, not at Kubo, ends it: *done tells the two apart. */
static enum galen_err push(struct store *store, const uint8_t digest32[32], const void *data,
                           size_t len, enum galen_err *done, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    bool is_there = false;
    *done = sync_note(store, kubo_put(store->kubo, digest32, data, len, &why), &why);
    if (*done != GALEN_OK)
        return GALEN_OK;
    GALEN_TRY(local_mark(store->pushed, digest32, true, info));
    /* Removed while it was on its way: Kubo is to let it go. */
    GALEN_TRY(local_has(&is_there, store->dir, digest32, info));
    if (is_there)
        return GALEN_OK;
    GALEN_TRY(local_mark(store->removed, digest32, true, info));
    return local_mark(store->pushed, digest32, false, info);
}

static enum galen_err let_go(struct store *store, const uint8_t digest32[32], enum galen_err *done,
                             struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    bool is_there = false;
    *done = sync_note(store, kubo_remove(store->kubo, digest32, &why), &why);
    if (*done != GALEN_OK)
        return GALEN_OK;
    GALEN_TRY(local_mark(store->removed, digest32, false, info));
    /* Put again meanwhile: Kubo is to get it again. */
    GALEN_TRY(local_has(&is_there, store->dir, digest32, info));
    return is_there ? local_mark(store->pushed, digest32, false, info) : GALEN_OK;
}

enum galen_err sync_push(struct store *store, const uint8_t digest32[32], const void *data,
                         size_t len, struct galen_errinfo *info)
{
    enum galen_err done;
    return push(store, digest32, data, len, &done, info);
}

enum galen_err sync_remove(struct store *store, const uint8_t digest32[32],
                           struct galen_errinfo *info)
{
    enum galen_err done;
    return let_go(store, digest32, &done, info);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

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
        GALEN_TRY(sync_note(store, kubo_has(store->kubo, &is_there, digest32, &why), &why));
    if (is_there)
        return GALEN_OK;
    enum galen_err err = local_get(&bytes, store->dir, digest32, &why);
    if (err == GALEN_OK)
        GALEN_TRY(push(store, digest32, bytes.data, bytes.len, &err, walk->info));
    else
        snprintf(store->kubo_why, sizeof store->kubo_why, "%s", why.what);
    return note_synced(walk, err, &walk->synced->pushed);
}

static enum galen_err remove_block(void *user, const uint8_t digest32[32])
{
    struct walk *walk = user;
    enum galen_err err = GALEN_OK;
    GALEN_TRY(let_go(walk->store, digest32, &err, walk->info));
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

/* ---- is it there, and honest? ---------------------------------------------------------------------- */

struct sample {
    uint64_t seen;
    uint8_t digest[32];
};

/* Each with the same chance, whichever comes last. */
static enum galen_err take_sample(void *user, const uint8_t digest32[32])
{
    struct sample *sample = user;
    uint64_t chance;
    base_random(&chance, sizeof chance);
    if (chance % ++sample->seen == 0)
        memcpy(sample->digest, digest32, 32);
    return GALEN_OK;
}

enum galen_err store_probe(struct store *store, struct galen_errinfo *info)
{
    char peer[STORE_PEER_TEXT], agent[STORE_PEER_TEXT];
    struct sample sample = {0};
    BASE_BUF_AUTO bytes = {0};
    if (store->kubo == NULL)
        return GALEN_OK;
    GALEN_TRY(kubo_id(store->kubo, peer, agent, info));
    GALEN_TRY(local_each(store->pushed, take_sample, &sample, info));
    if (sample.seen == 0)
        return GALEN_OK;
    /* What came from elsewhere it need not have. */
    enum galen_err err = kubo_get(store->kubo, &bytes, sample.digest, true, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_OK;
    if (err == GALEN_OK && !store_is_block(&bytes, sample.digest))
        err = base_fail(info, GALEN_ERR_CHECK, "Kubo at %s sends other bytes for a block",
                        kubo_origin(store->kubo));
    return err;
}
