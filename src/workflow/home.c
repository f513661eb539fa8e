/* A home: its folder, config.json, key store, database, blocks, and the connection to the chain
 * that config.json pins. */
#include "workflow/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_MAX_BYTES 16384

/* config.json as read: text members are owned. */
struct config {
    char *rpc;
    char *store;
    bool has_contract;
    struct chain_domain domain;
    uint8_t code_hash[32];
};

static void config_clear(struct config *config)
{
    free(config->rpc);
    free(config->store);
    *config = (struct config){0};
}
#define CONFIG_AUTO GALEN_CLEANUP(config_clear) struct config

static enum galen_err home_path(char out[PATH_MAX], const char *home, const char *name,
                                struct galen_errinfo *info)
{
    if ((size_t)snprintf(out, PATH_MAX, "%s/%s", home, name) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "the home's path is too long");
    return GALEN_OK;
}

static enum galen_err copy_text(char **out, const char *text, struct galen_errinfo *info)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    free(*out);
    *out = copy;
    return GALEN_OK;
}

static enum galen_err config_from_json(struct config *config, struct json_object *json,
                                       struct galen_errinfo *info)
{
    static const char *const required[] = {"type", NULL};
    static const char *const optional[] = {"rpc",      "store",     "contract",
                                           "chain_id", "code_hash", NULL};
    GALEN_TRY(record_json_check_keys(json, required, optional, "", info));
    GALEN_TRY(record_json_check_type(json, "galen.config/1", info));
    const char *text = NULL;
    GALEN_TRY(record_json_get_text(&text, json, "rpc", RECORD_JSON_OPTIONAL, 2048, "", info));
    if (text != NULL)
        GALEN_TRY(copy_text(&config->rpc, text, info));
    text = NULL;
    GALEN_TRY(
        record_json_get_text(&text, json, "store", RECORD_JSON_OPTIONAL, PATH_MAX - 1, "", info));
    if (text != NULL)
        GALEN_TRY(copy_text(&config->store, text, info));
    if (!json_object_object_get_ex(json, "contract", NULL))
        return GALEN_OK;
    int64_t chain_id = 0;
    GALEN_TRY(workflow_get_address(&config->domain.contract, json, "contract", "", info));
    GALEN_TRY(record_json_get_int(&chain_id, json, "chain_id", RECORD_JSON_REQUIRED, 1, INT64_MAX,
                                  "", info));
    GALEN_TRY(record_json_get_hex(config->code_hash, 32, json, "code_hash", RECORD_JSON_REQUIRED,
                                  "", info));
    config->domain.chain_id = (uint64_t)chain_id;
    config->has_contract = true;
    return GALEN_OK;
}

static enum galen_err config_read(struct config *config, const char *home,
                                  struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(home_path(path, home, "config.json", info));
    BASE_BUF_AUTO text = {0};
    enum galen_err err = base_file_read(&text, path, CONFIG_MAX_BYTES, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_CONFIG, "%s is not a Galen home", home);
        (void)base_hint(info, "make one with 'galen init', or name another with GALEN_HOME");
        return GALEN_ERR_CONFIG;
    }
    GALEN_TRY(err);
    RECORD_JSON_AUTO json = NULL;
    CONFIG_AUTO read = {0};
    err = record_json_parse(&json, (char *)text.data, text.len, CONFIG_MAX_BYTES, info);
    if (err == GALEN_OK)
        err = config_from_json(&read, json, info);
    if (err != GALEN_OK)
        return base_wrap(info, GALEN_ERR_CONFIG, "%s", path);
    *config = read;
    read = (struct config){0};
    return GALEN_OK;
}

static enum galen_err config_write(const struct config *config, const char *home,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_text(json, "type", "galen.config/1", info));
    if (config->rpc != NULL)
        GALEN_TRY(workflow_set_text(json, "rpc", config->rpc, info));
    if (config->store != NULL)
        GALEN_TRY(workflow_set_text(json, "store", config->store, info));
    if (config->has_contract) {
        GALEN_TRY(workflow_set_address(json, "contract", &config->domain.contract, info));
        GALEN_TRY(workflow_set_int(json, "chain_id", (int64_t)config->domain.chain_id, info));
        GALEN_TRY(record_json_set_hex(json, "code_hash", config->code_hash, 32, info));
    }
    const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    char path[PATH_MAX];
    GALEN_TRY(home_path(path, home, "config.json", info));
    return base_file_write(path, text, strlen(text), 0600, info);
}

enum galen_err workflow_home_create(const struct workflow_options *options, const char *store,
                                    struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(home_path(path, options->home, "config.json", info));
    struct stat st;
    if (stat(path, &st) == 0)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is a Galen home already", options->home);
    if (options->password == NULL || options->password[0] == '\0') {
        base_fail(info, GALEN_ERR_PASSWORD, "a home needs a password");
        return base_hint(info, "give it with --password-file FILE, or at the prompt");
    }
    GALEN_TRY(base_dir_make(options->home, 0700, info));
    CONFIG_AUTO config = {0};
    if (store != NULL) {
        /* Absolute, since commands run from any folder. */
        GALEN_TRY(base_dir_make(store, 0700, info));
        char *absolute = realpath(store, NULL);
        if (absolute == NULL)
            return base_fail(info, GALEN_ERR_IO, "cannot use %s: %s", store, strerror(errno));
        config.store = absolute;
    }
    if (options->rpc != NULL)
        GALEN_TRY(copy_text(&config.rpc, options->rpc, info));
    GALEN_TRY(home_path(path, options->home, "keys", info));
    SEAL_KEYSTORE_AUTO keys = NULL;
    const struct base_view password = {(const uint8_t *)options->password,
                                       strlen(options->password)};
    enum galen_err err = seal_keystore_create(
        &keys, path, password, options->quick_kdf ? SEAL_KDF_MINIMAL : SEAL_KDF_DEFAULT, info);
    if (err == GALEN_ERR_EXISTS) /* of a creation that was cut off */
        err = seal_keystore_open(&keys, path, password, info);
    GALEN_TRY(err);
    GALEN_TRY(workflow_home_key_make(keys, info));
    GALEN_TRY(home_path(path, options->home, "galen.db", info));
    GALEN_CLEANUP(db_close) struct db *db = NULL;
    GALEN_TRY(db_open(&db, path, info));
    /* Last: a home without config.json is none, and creation can be run again. */
    return config_write(&config, options->home, info);
}

enum galen_err workflow_open(struct workflow **out, const struct workflow_options *options,
                             struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    GALEN_TRY(config_read(&config, options->home, info));
    GALEN_CLEANUP(workflow_close) struct workflow *wf = calloc(1, sizeof *wf);
    if (wf == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(copy_text(&wf->home, options->home, info));
    const char *rpc = options->rpc != NULL ? options->rpc : config.rpc;
    if (rpc != NULL)
        GALEN_TRY(copy_text(&wf->rpc_url, rpc, info));
    wf->has_contract = config.has_contract;
    wf->domain = config.domain;
    memcpy(wf->code_hash, config.code_hash, 32);

    char path[PATH_MAX];
    if (options->password != NULL) {
        const struct base_view password = {(const uint8_t *)options->password,
                                           strlen(options->password)};
        GALEN_TRY(home_path(path, options->home, "keys", info));
        GALEN_TRY(seal_keystore_open(&wf->keys, path, password, info));
    }
    GALEN_TRY(home_path(path, options->home, "galen.db", info));
    GALEN_TRY(db_open(&wf->db, path, info));
    GALEN_TRY(home_path(path, options->home, "blocks", info));
    const struct store_config store = {.dir = config.store != NULL ? config.store : path};
    GALEN_TRY(store_open(&wf->store, &store, info));
    *out = wf;
    wf = NULL;
    return GALEN_OK;
}

void workflow_close(struct workflow **wf)
{
    if (*wf == NULL)
        return;
    for (size_t i = 0; i < WORKFLOW_KEY_VERSIONS; i++)
        free((*wf)->group_keys[i].key);
    chain_rpc_free((*wf)->rpc);
    store_free(&(*wf)->store);
    db_close(&(*wf)->db);
    seal_keystore_free(&(*wf)->keys);
    free((*wf)->rpc_url);
    free((*wf)->home);
    free(*wf);
    *wf = NULL;
}

void workflow_dry_run(struct workflow *wf, bool on)
{
    wf->dry_run = on;
}

/* ---- the chain ---------------------------------------------------------------------------------- */

static enum galen_err endpoint(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->rpc != NULL)
        return GALEN_OK;
    if (wf->rpc_url == NULL) {
        base_fail(info, GALEN_ERR_CONFIG, "this home knows no chain endpoint");
        (void)base_hint(info, "give one with --rpc URL, or 'galen contract use ADDRESS --rpc URL'");
        return GALEN_ERR_CONFIG;
    }
    const struct chain_rpc_options options = {.abi = &datahub_abi};
    return chain_rpc_new(&wf->rpc, wf->rpc_url, &options, info);
}

/* What stands at the address: its code's hash and the chain's id. CHECK when it answers unlike a
 * DataHub. */
static enum galen_err inspect_contract(struct workflow *wf, const struct chain_address *contract,
                                       uint64_t *chain_id, uint8_t code_hash[32],
                                       struct galen_errinfo *info)
{
    GALEN_TRY(chain_rpc_chain_id(wf->rpc, chain_id, info));
    BASE_BUF_AUTO code = {0};
    GALEN_TRY(chain_rpc_code(wf->rpc, &code, contract, info));
    if (code.len == 0) {
        base_fail(info, GALEN_ERR_CHECK, "there is no contract at that address on chain %llu",
                  (unsigned long long)*chain_id);
        (void)base_hint(info, "check the address and the endpoint (--rpc)");
        return GALEN_ERR_CHECK;
    }
    chain_keccak256(code_hash, code.data, code.len);
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
    bool fresh = wf->rpc == NULL;
    GALEN_TRY(endpoint(wf, info));
    if (fresh && wf->has_contract) {
        uint64_t chain_id = 0;
        uint8_t code_hash[32];
        enum galen_err err = inspect_contract(wf, &wf->domain.contract, &chain_id, code_hash, info);
        if (err == GALEN_OK && (chain_id != wf->domain.chain_id ||
                                memcmp(code_hash, wf->code_hash, sizeof code_hash) != 0)) {
            err = base_fail(info, GALEN_ERR_CHECK,
                            "the endpoint is on another chain, or the contract's code is not the "
                            "one this home was connected to");
            (void)base_hint(info, "check --rpc; chain %llu is expected",
                            (unsigned long long)wf->domain.chain_id);
        }
        if (err != GALEN_OK) {
            chain_rpc_free(wf->rpc);
            wf->rpc = NULL;
            return err;
        }
    }
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
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM revocation_list"));
    for (size_t i = 0; i < WORKFLOW_KEY_VERSIONS; i++) {
        free(wf->group_keys[i].key);
        wf->group_keys[i].key = NULL;
        wf->group_keys[i].version = 0;
    }
    return GALEN_OK;
}

static enum galen_err connect_to(struct workflow *wf, const struct chain_address *contract,
                                 struct galen_errinfo *info)
{
    CONFIG_AUTO config = {0};
    GALEN_TRY(endpoint(wf, info));
    GALEN_TRY(config_read(&config, wf->home, info));
    GALEN_TRY(copy_text(&config.rpc, wf->rpc_url, info));
    GALEN_TRY(inspect_contract(wf, contract, &config.domain.chain_id, config.code_hash, info));
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
    if (rpc != NULL) {
        GALEN_TRY(copy_text(&wf->rpc_url, rpc, info));
        chain_rpc_free(wf->rpc);
        wf->rpc = NULL;
    }
    enum galen_err err = connect_to(wf, contract, info);
    if (err != GALEN_OK) {
        /* Nothing was pinned: the next use looks at the endpoint again. */
        chain_rpc_free(wf->rpc);
        wf->rpc = NULL;
    }
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

enum galen_err workflow_status(struct workflow *wf, struct json_object **result,
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
        {"messagesOut", "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"},
        {"messagesIn", "SELECT count(*) FROM inbox WHERE state = 'new'"},
        {"unseenNotifications", "SELECT count(*) FROM notification WHERE seen = 0"},
    };
    RECORD_JSON_AUTO status = NULL;
    GALEN_TRY(workflow_object(&status, info));
    GALEN_TRY(workflow_set_text(status, "home", wf->home, info));
    GALEN_TRY(workflow_set_bool(status, "unlocked", wf->keys != NULL, info));
    GALEN_TRY(chain_status(wf, status, info));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t count = 0;
        GALEN_TRY(db_get_int(wf->db, &count, 0, info, counts[i].sql));
        GALEN_TRY(workflow_set_int(status, counts[i].name, count, info));
    }
    workflow_give(result, &status);
    return GALEN_OK;
}

/* ---- blocks by hand ------------------------------------------------------------------------------ */

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
