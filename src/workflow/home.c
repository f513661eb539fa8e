/* A home: its folder, config.json, key store, database, blocks, and the connection to the chain
 * that config.json pins. */
#include "workflow/config.h"
#include "workflow/internal.h"
#include "workflow/storing_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum galen_err workflow_home_create(const struct workflow_options *options, const char *store,
                                    struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(config_path(path, options->home, "config.json", info));
    struct stat st;
    if (stat(path, &st) == 0)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is a Galen home already", options->home);
    if (options->password == NULL || options->password[0] == '\0') {
        base_fail(info, GALEN_ERR_PASSWORD, "a home needs a password");
        return base_hint(info, "give it with --password-file FILE, or at the prompt");
    }
    GALEN_TRY(base_dir_make(options->home, 0700, info));
    CONFIG_AUTO config = {.start_block = -1};
    if (store != NULL) {
        /* Absolute, since commands run from any folder. */
        GALEN_TRY(base_dir_make(store, 0700, info));
        char *absolute = realpath(store, NULL);
        if (absolute == NULL)
            return base_fail(info, GALEN_ERR_IO, "cannot use %s: %s", store, strerror(errno));
        config.store = absolute;
    }
    if (options->rpc != NULL)
        GALEN_TRY(config_copy_text(&config.rpc, options->rpc, info));
    GALEN_TRY(config_copy_text(&config.ipfs, options->ipfs, info));
    GALEN_TRY(config_path(path, options->home, "keys", info));
    SEAL_KEYSTORE_AUTO keys = NULL;
    const struct base_view password = {(const uint8_t *)options->password,
                                       strlen(options->password)};
    enum galen_err err = seal_keystore_create(
        &keys, path, password, options->quick_kdf ? SEAL_KDF_MINIMAL : SEAL_KDF_DEFAULT, info);
    if (err == GALEN_ERR_EXISTS) /* of a creation that was cut off */
        err = seal_keystore_open(&keys, path, password, info);
    GALEN_TRY(err);
    GALEN_TRY(workflow_home_key_make(keys, info));
    GALEN_TRY(config_path(path, options->home, "galen.db", info));
    GALEN_CLEANUP(db_close) struct db *db = NULL;
    GALEN_TRY(db_open(&db, path, info));
    /* Last: a home without config.json is none, and creation can be run again. */
    return config_write(&config, options->home, info);
}

enum galen_err workflow_home_check(const char *home, struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    return config_read(&config, home, info);
}

enum galen_err workflow_open(struct workflow **out, const struct workflow_options *options,
                             struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    GALEN_TRY(config_read(&config, options->home, info));
    GALEN_CLEANUP(workflow_close) struct workflow *wf = calloc(1, sizeof *wf);
    if (wf == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    wf->lock_fd = -1;
    GALEN_TRY(config_copy_text(&wf->home, options->home, info));
    if (options->rpc != NULL)
        GALEN_TRY(config_set_rpc(&config, options->rpc, info));
    GALEN_TRY(config_copy_text(&wf->rpc_url, config.rpc, info));
    for (; wf->n_rpc_more < config.n_rpc_more; wf->n_rpc_more++)
        GALEN_TRY(
            config_copy_text(&wf->rpc_more[wf->n_rpc_more], config.rpc_more[wf->n_rpc_more], info));
    wf->confirmations = (uint64_t)config.confirmations;
    wf->k_anonymity = (uint32_t)config.k_anonymity;
    wf->votes_by_itself = config.votes_by_itself;
    wf->start_block = config.start_block;
    GALEN_TRY(config_copy_text(&wf->explorer_url, config.explorer_url, info));
    wf->wallet_accounts = config.wallet_accounts;
    wf->wallet_accounts_hourly = config.wallet_accounts_hourly;
    if (options->ipfs != NULL)
        GALEN_TRY(config_copy_text(&wf->ipfs_url, options->ipfs, info));
    wf->has_contract = config.has_contract;
    wf->domain = config.domain;
    memcpy(wf->code_hash, config.code_hash, 32);
    wf->post = config.post;
    config.post = (struct post_config){0};
    wf->guard = (struct http_guard){
        .networks = wf->post.networks,
        .n_networks = wf->post.n_networks,
        .ca_file = wf->post.ca_file,
    };

    char path[PATH_MAX];
    if (options->password != NULL) {
        const struct base_view password = {(const uint8_t *)options->password,
                                           strlen(options->password)};
        GALEN_TRY(config_path(path, options->home, "keys", info));
        GALEN_TRY(seal_keystore_open(&wf->keys, path, password, info));
    }
    GALEN_TRY(config_path(path, options->home, "galen.db", info));
    GALEN_TRY(db_open(&wf->db, path, info));
    GALEN_TRY(config_path(path, options->home, "blocks", info));
    const struct store_config store = {
        .dir = config.store != NULL ? config.store : path,
        .kubo = options->ipfs != NULL ? options->ipfs : config.ipfs,
        .gateways = (const char *const *)config.gateways,
        .n_gateways = config.n_gateways,
        .guard = &wf->guard,
    };
    GALEN_TRY(store_open(&wf->store, &store, info));
    *out = wf;
    wf = NULL;
    return GALEN_OK;
}

enum galen_err workflow_open_again(struct workflow **out, const struct workflow *wf,
                                   struct galen_errinfo *info)
{
    /* What --rpc and --ipfs said once holds for every handle. */
    const struct workflow_options options = {
        .home = wf->home, .rpc = wf->rpc_url, .ipfs = wf->ipfs_url};
    GALEN_CLEANUP(workflow_close) struct workflow *made = NULL;
    GALEN_TRY(workflow_open(&made, &options, info));
    if (wf->keys != NULL)
        GALEN_TRY(seal_keystore_open_again(&made->keys, wf->keys, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

void workflow_close(struct workflow **wf)
{
    if (*wf == NULL)
        return;
    for (size_t i = 0; i < WORKFLOW_KEY_VERSIONS; i++)
        free((*wf)->group_keys[i].key);
    workflow_unlock(*wf);
    storing_summaries_free(*wf);
    chain_rpc_free((*wf)->rpc);
    store_free(&(*wf)->store);
    db_close(&(*wf)->db);
    seal_keystore_free(&(*wf)->keys);
    post_config_clear(&(*wf)->post);
    free((*wf)->rpc_url);
    free((*wf)->explorer_url);
    for (size_t i = 0; i < (*wf)->n_rpc_more; i++)
        free((*wf)->rpc_more[i]);
    free((*wf)->ipfs_url);
    free((*wf)->home);
    free(*wf);
    *wf = NULL;
}

enum galen_err workflow_lock(struct workflow *wf, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_ASSERT(wf->lock_fd < 0);
    GALEN_TRY(config_path(path, wf->home, "lock", info));
    return base_file_lock(&wf->lock_fd, path, true, info);
}

void workflow_unlock(struct workflow *wf)
{
    base_fd_close(&wf->lock_fd);
    wf->lock_fd = -1;
}

void workflow_stop_when(struct workflow *wf, const atomic_bool *stop)
{
    wf->stop = stop;
}

void workflow_tell_progress(struct workflow *wf, workflow_progress *tell, void *user)
{
    wf->progress = tell;
    wf->progress_user = user;
}

void workflow_dry_run(struct workflow *wf, bool on)
{
    wf->dry_run = on;
}

/* ---- the chain ---------------------------------------------------------------------------------- */

/* What stands at the address: its code's hash and the chain's id. CHECK when it answers unlike a
 * DataHub. */
static enum galen_err inspect_contract(struct chain_rpc *rpc, const struct chain_address *contract,
                                       uint64_t *chain_id, uint8_t code_hash[32],
                                       struct galen_errinfo *info)
{
    GALEN_TRY(chain_rpc_chain_id(rpc, chain_id, info));
    BASE_BUF_AUTO code = {0};
    GALEN_TRY(chain_rpc_code(rpc, &code, contract, CHAIN_BLOCK_LATEST, info));
    if (code.len == 0) {
        base_fail(info, GALEN_ERR_CHECK, "there is no contract at that address on chain %llu",
                  (unsigned long long)*chain_id);
        (void)base_hint(info, "check the address and the endpoint (--rpc)");
        return GALEN_ERR_CHECK;
    }
    chain_keccak256(code_hash, code.data, code.len);
    return GALEN_OK;
}

/* The pinned chain and the pinned code, or it is not asked. */
static enum galen_err admit_endpoint(struct chain_rpc *rpc, void *context,
                                     struct galen_errinfo *info)
{
    const struct workflow *wf = context;
    uint64_t chain_id = 0;
    uint8_t code_hash[32];
    GALEN_TRY(inspect_contract(rpc, &wf->domain.contract, &chain_id, code_hash, info));
    if (chain_id == wf->domain.chain_id && memcmp(code_hash, wf->code_hash, 32) == 0)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_CHECK,
              "the endpoint is on another chain, or the contract's code is not the one this home "
              "was connected to");
    (void)base_hint(info, "check --rpc; chain %llu is expected",
                    (unsigned long long)wf->domain.chain_id);
    return GALEN_ERR_CHECK;
}

/* is_pinned: to the contract that the home is connected to. */
static enum galen_err endpoint(struct workflow *wf, bool is_pinned, struct galen_errinfo *info)
{
    if (wf->rpc != NULL)
        return GALEN_OK;
    if (wf->rpc_url == NULL) {
        base_fail(info, GALEN_ERR_CONFIG, "this home knows no chain endpoint");
        (void)base_hint(info, "give one with --rpc URL, or 'galen contract use ADDRESS --rpc URL'");
        return GALEN_ERR_CONFIG;
    }
    const struct chain_rpc_options options = {
        .abi = &datahub_abi,
        .admit = is_pinned ? admit_endpoint : NULL,
        .admit_context = wf,
    };
    CHAIN_RPC_AUTO rpc = NULL;
    GALEN_TRY(chain_rpc_new(&rpc, wf->rpc_url, &options, info));
    for (size_t i = 0; i < wf->n_rpc_more; i++)
        GALEN_TRY(chain_rpc_add(rpc, wf->rpc_more[i], info));
    wf->rpc = rpc;
    rpc = NULL;
    return GALEN_OK;
}

enum galen_err workflow_need_contract(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->has_contract)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_CONFIG, "this home is not connected to a DataHub contract");
    (void)base_hint(info, "run 'galen contract deploy' or 'galen contract use ADDRESS'");
    return GALEN_ERR_CONFIG;
}

enum galen_err workflow_rpc(struct workflow *wf, struct chain_rpc **rpc, struct galen_errinfo *info)
{
    GALEN_TRY(endpoint(wf, wf->has_contract, info));
    *rpc = wf->rpc;
    return GALEN_OK;
}

enum galen_err workflow_read_contract(struct workflow *wf, struct base_buf *out,
                                      const struct base_buf *data, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    const struct chain_call call = {.to = &wf->domain.contract, .data = {data->data, data->len}};
    return chain_rpc_call(rpc, out, &call, CHAIN_BLOCK_LATEST, info);
}

enum galen_err workflow_read_agreed(struct workflow *wf, struct base_buf *out,
                                    const struct base_buf *data, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    const struct chain_call call = {.to = &wf->domain.contract, .data = {data->data, data->len}};
    return chain_rpc_call_agreed(rpc, out, &call, info);
}

/* What was read of another contract: nothing of it holds for the next one. STATE when this home has
 * done things there. */
static enum galen_err leave_contract(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t history = 0;
    GALEN_TRY(db_get_int(wf->db, &history, 0, info,
                         "SELECT (SELECT count(*) FROM record) + (SELECT count(*) FROM request)"
                         " + (SELECT count(*) FROM member)"
                         " + (SELECT count(*) FROM registry_row)"));
    if (history > 0) {
        base_fail(info, GALEN_ERR_STATE, "this home has a history with another contract");
        (void)base_hint(info, "make a new home for the other contract (GALEN_HOME)");
        return GALEN_ERR_STATE;
    }
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM setting WHERE name LIKE 'sync.%'"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM group_key"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM manager_term"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM registry_commit"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM revocation_list"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM profile_onchain"));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM watch_block"));
    return db_run(wf->db, info, "DELETE FROM watch_undo");
}

static enum galen_err connect_to(struct workflow *wf, const struct chain_address *contract,
                                 struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    GALEN_TRY(endpoint(wf, false, info));
    GALEN_TRY(config_read(&config, wf->home, info));
    GALEN_TRY(config_set_rpc(&config, wf->rpc_url, info));
    GALEN_TRY(inspect_contract(wf->rpc, contract, &config.domain.chain_id, config.code_hash, info));
    config.domain.contract = *contract;
    config.has_contract = true;
    /* A fresh chain gives the same deployer the same address. */
    if (wf->has_contract && (!chain_address_equal(&wf->domain.contract, contract) ||
                             wf->domain.chain_id != config.domain.chain_id ||
                             memcmp(wf->code_hash, config.code_hash, 32) != 0))
        GALEN_TRY(leave_contract(wf, info));
    GALEN_TRY(config_write(&config, wf->home, info));
    wf->has_contract = true;
    wf->domain = config.domain;
    memcpy(wf->code_hash, config.code_hash, 32);
    return GALEN_OK;
}

enum galen_err workflow_connect(struct workflow *wf, const char *rpc,
                                const struct chain_address *contract, struct galen_errinfo *info)
{
    if (rpc != NULL && (wf->rpc_url == NULL || strcmp(wf->rpc_url, rpc) != 0)) {
        GALEN_TRY(config_copy_text(&wf->rpc_url, rpc, info));
        for (size_t i = 0; i < wf->n_rpc_more; i++)
            GALEN_TRY(config_copy_text(&wf->rpc_more[i], NULL, info));
        wf->n_rpc_more = 0;
    }
    chain_rpc_free(wf->rpc);
    wf->rpc = NULL;
    enum galen_err err = connect_to(wf, contract, info);
    /* The next use holds the endpoint against what is pinned then. */
    chain_rpc_free(wf->rpc);
    wf->rpc = NULL;
    return err;
}

enum galen_err workflow_deploy(struct workflow *wf, const struct chain_address *payer,
                               const struct chain_address *group_manager,
                               const struct chain_address *revocation_manager,
                               struct json_object **result, struct galen_errinfo *info)
{
    if (wf->has_contract)
        return base_fail(info, GALEN_ERR_STATE, "this home is connected to a contract already");
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_deploy(&data, group_manager, revocation_manager, info));
    const struct workflow_call call = {
        .from = payer,
        .is_create = true,
        .data = &data,
        .role = "gm",
        .flow = "group",
        .operation = "deploy",
        .request_id = -1,
    };
    bool sent = false;
    CHAIN_RECEIPT_AUTO receipt = {0};
    RECORD_JSON_AUTO tx = NULL;
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    if (sent) {
        GALEN_TRY(workflow_connect(wf, NULL, &receipt.contract, info));
        GALEN_TRY(workflow_set_address(made, "contract", &receipt.contract, info));
    }
    GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

static enum galen_err chain_status(struct workflow *wf, struct json_object *status,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO chain = NULL;
    GALEN_TRY(workflow_object(&chain, info));
    if (wf->has_contract) {
        GALEN_TRY(workflow_set_address(chain, "contract", &wf->domain.contract, info));
        GALEN_TRY(workflow_set_int(chain, "chainId", (int64_t)wf->domain.chain_id, info));
    }
    struct galen_errinfo why = {0};
    struct chain_rpc *rpc = NULL;
    uint64_t block = 0;
    enum galen_err err = workflow_rpc(wf, &rpc, &why);
    if (err == GALEN_OK)
        err = chain_rpc_block_number(rpc, &block, &why);
    GALEN_TRY(workflow_set_bool(chain, "reachable", err == GALEN_OK, info));
    if (err == GALEN_OK)
        GALEN_TRY(workflow_set_int(chain, "block", (int64_t)block, info));
    else
        GALEN_TRY(workflow_set_text(chain, "problem", why.what, info));
    return workflow_set_object(status, "chain", &chain, info);
}

enum galen_err workflow_counts(struct workflow *wf, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const struct {
        const char *name;
        const char *sql;
    } counts[] = {
        {"identities", "SELECT count(*) FROM identity"},
        {"contacts", "SELECT count(*) FROM contact"},
        {"records", "SELECT count(*) FROM record"},
        {"requests", "SELECT count(*) FROM request"},
        {"transactions", "SELECT count(*) FROM tx"},
        {"messagesOut", "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
                        " AND expired_at IS NULL"},
        {"messagesIn", "SELECT count(*) FROM inbox WHERE state = 'new'"},
        {"unseenNotifications", "SELECT count(*) FROM notification WHERE seen = 0"},
    };
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t count = 0;
        GALEN_TRY(db_get_int(wf->db, &count, 0, info, counts[i].sql));
        GALEN_TRY(workflow_set_int(made, counts[i].name, count, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}

uint64_t workflow_chain_id(const struct workflow *wf)
{
    return wf->has_contract ? wf->domain.chain_id : 0;
}

enum galen_err workflow_status(struct workflow *wf, struct json_object **result,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO status = NULL;
    RECORD_JSON_AUTO counts = NULL;
    GALEN_TRY(workflow_object(&status, info));
    GALEN_TRY(workflow_set_text(status, "home", wf->home, info));
    GALEN_TRY(workflow_set_bool(status, "unlocked", wf->keys != NULL, info));
    GALEN_TRY(chain_status(wf, status, info));
    GALEN_TRY(revocation_watch_status(wf, status, info));
    GALEN_TRY(workflow_counts(wf, &counts, info));
    json_object_object_foreach(counts, name, count)
    {
        GALEN_TRY(workflow_set_int(status, name, json_object_get_int64(count), info));
    }
    workflow_give(result, &status);
    return GALEN_OK;
}

const char *workflow_explorer_url(const struct workflow *wf)
{
    return wf->explorer_url;
}
