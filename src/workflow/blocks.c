/* Blocks by hand, and the Kubo node and the gateways that the home's store works with. */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "workflow/config.h"
#include "workflow/internal.h"

enum galen_err workflow_block_put(struct workflow *wf, const void *data, size_t len,
                                  struct json_object **result, struct galen_errinfo *info)
{
    uint8_t digest32[32];
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(store_put(digest32, wf->store, data, len, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_cid(made, "cid", digest32, info));
    GALEN_TRY(workflow_set_int(made, "bytes", (int64_t)len, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err workflow_block_get(struct workflow *wf, const char *cid, struct base_buf *out,
                                  struct galen_errinfo *info)
{
    uint8_t digest32[32];
    GALEN_TRY(store_cid_parse(digest32, cid, info));
    return store_get(out, wf->store, digest32, info);
}

enum galen_err workflow_block_remove(struct workflow *wf, const char *cid,
                                     struct galen_errinfo *info)
{
    uint8_t digest32[32];
    GALEN_TRY(store_cid_parse(digest32, cid, info));
    return store_remove(wf->store, digest32, info);
}

enum galen_err workflow_store_status(struct workflow *wf, struct json_object **result,
                                     struct galen_errinfo *info)
{
    struct store_status status;
    RECORD_JSON_AUTO out = NULL;
    GALEN_TRY(store_status(&status, wf->store, info));
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_int(out, "blocks", (int64_t)status.blocks, info));
    if (status.has_kubo) {
        GALEN_TRY(workflow_set_text(out, "ipfs", status.kubo, info));
        GALEN_TRY(workflow_set_bool(out, "reachable", status.is_reachable, info));
        if (status.is_reachable) {
            GALEN_TRY(workflow_set_text(out, "peer", status.peer, info));
            GALEN_TRY(workflow_set_text(out, "agent", status.agent, info));
        } else {
            GALEN_TRY(workflow_set_text(out, "reason", status.why, info));
        }
        GALEN_TRY(workflow_set_int(out, "unpushed", (int64_t)status.unpushed, info));
        GALEN_TRY(workflow_set_int(out, "unremoved", (int64_t)status.unremoved, info));
    }
    workflow_give(result, &out);
    return GALEN_OK;
}

/* {pushed, removed, left, reason?} */
static enum galen_err synced_object(struct json_object **out, const struct store_synced *synced,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "pushed", (int64_t)synced->pushed, info));
    GALEN_TRY(workflow_set_int(made, "removed", (int64_t)synced->removed, info));
    GALEN_TRY(workflow_set_int(made, "left", (int64_t)synced->left, info));
    if (synced->left > 0)
        GALEN_TRY(workflow_set_text(made, "reason", synced->why, info));
    workflow_give(out, &made);
    return GALEN_OK;
}

enum galen_err workflow_store_sync(struct workflow *wf, bool all, struct json_object **result,
                                   struct galen_errinfo *info)
{
    struct store_synced synced;
    GALEN_TRY(store_sync(&synced, wf->store, all, info));
    return synced_object(result, &synced, info);
}

enum galen_err workflow_store_probe(struct workflow *wf, struct galen_errinfo *info)
{
    return store_probe(wf->store, info);
}

bool workflow_has_kubo(const struct workflow *wf)
{
    return store_has_kubo(wf->store);
}

void workflow_store_later(struct workflow *wf)
{
    wf->is_store_later = true;
    store_kubo_later(wf->store);
}

enum galen_err workflow_store_use(struct workflow *wf, const char *ipfs,
                                  const char *const *gateways, size_t n_gateways,
                                  struct json_object **result, struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    char path[PATH_MAX];
    STORE_AUTO store = NULL;
    if (n_gateways > CONFIG_GATEWAYS_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "%zu gateways are more than %d", n_gateways,
                         CONFIG_GATEWAYS_MAX);
    GALEN_TRY(config_read(&config, wf->home, info));
    GALEN_TRY(config_copy_text(&config.ipfs, ipfs, info));
    for (size_t i = 0; i < config.n_gateways; i++)
        GALEN_TRY(config_copy_text(&config.gateways[i], NULL, info));
    for (config.n_gateways = 0; config.n_gateways < n_gateways; config.n_gateways++)
        GALEN_TRY(config_copy_text(&config.gateways[config.n_gateways], gateways[config.n_gateways],
                                   info));
    GALEN_TRY(config_path(path, wf->home, "blocks", info));
    const struct store_config options = {
        .dir = config.store != NULL ? config.store : path,
        .kubo = config.ipfs,
        .gateways = gateways,
        .n_gateways = n_gateways,
        .guard = &wf->guard,
    };
    GALEN_TRY(store_open(&store, &options, info));
    GALEN_TRY(config_write(&config, wf->home, info));
    store_free(&wf->store);
    wf->store = store;
    store = NULL;
    if (wf->is_store_later)
        store_kubo_later(wf->store);
    return workflow_store_status(wf, result, info);
}
