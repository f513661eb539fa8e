/* config.json, read strictly: an unknown key is an error. */
#include "workflow/config.h"

#include <stdlib.h>
#include <string.h>

#include "record/record.h"
#include "workflow/internal.h"

#define CONFIG_CONFIRMATIONS_MAX 1000 /* fewer than the watcher can take back */
#define CONFIG_WALLET_HOURLY     20
#define CONFIG_WALLET_MAX        1000000
#define CONFIG_MAX_BYTES         16384
#define CONFIG_KEYS_MAX          32

void config_clear(struct config *config)
{
    free(config->rpc);
    for (size_t i = 0; i < config->n_rpc_more; i++)
        free(config->rpc_more[i]);
    free(config->store);
    free(config->ipfs);
    free(config->explorer_url);
    for (size_t i = 0; i < config->n_gateways; i++)
        free(config->gateways[i]);
    post_config_clear(&config->post);
    *config = (struct config){0};
}

enum galen_err config_path(char out[PATH_MAX], const char *home, const char *name,
                           struct galen_errinfo *info)
{
    if ((size_t)snprintf(out, PATH_MAX, "%s/%s", home, name) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "the home's path is too long");
    return GALEN_OK;
}

enum galen_err config_copy_text(char **out, const char *text, struct galen_errinfo *info)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (copy == NULL && text != NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    free(*out);
    *out = copy;
    return GALEN_OK;
}

enum galen_err config_set_rpc(struct config *config, const char *url, struct galen_errinfo *info)
{
    if (config->rpc != NULL && strcmp(config->rpc, url) == 0)
        return GALEN_OK;
    GALEN_TRY(config_copy_text(&config->rpc, url, info));
    for (size_t i = 0; i < config->n_rpc_more; i++)
        free(config->rpc_more[i]);
    config->n_rpc_more = 0;
    return GALEN_OK;
}

/* One URL, or a list of them. */
static enum galen_err read_rpc(struct config *config, struct json_object *json,
                               struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    const char *text = NULL;
    (void)json_object_object_get_ex(json, "rpc", &list);
    if (!json_object_is_type(list, json_type_array)) {
        GALEN_TRY(record_json_get_text(&text, json, "rpc", RECORD_JSON_OPTIONAL, 2048, "", info));
        return text != NULL ? config_copy_text(&config->rpc, text, info) : GALEN_OK;
    }
    GALEN_TRY(record_json_get_array(&list, json, "rpc", RECORD_JSON_OPTIONAL, 1,
                                    CHAIN_RPC_ENDPOINTS, "", info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *url = json_object_array_get_idx(list, i);
        if (!json_object_is_type(url, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "/rpc/%zu: no text", i);
        for (size_t j = 0; j < i; j++)
            if (json_object_equal(url, json_object_array_get_idx(list, j)))
                return base_fail(info, GALEN_ERR_PARSE, "/rpc/%zu: the same as another", i);
        text = json_object_get_string(url);
        GALEN_TRY(config_copy_text(i == 0 ? &config->rpc : &config->rpc_more[i - 1], text, info));
        config->n_rpc_more = i;
    }
    return GALEN_OK;
}

static enum galen_err read_watch(struct config *config, struct json_object *json,
                                 struct galen_errinfo *info)
{
    config->start_block = -1;
    GALEN_TRY(record_json_get_int(&config->confirmations, json, "confirmations",
                                  RECORD_JSON_OPTIONAL, 0, CONFIG_CONFIRMATIONS_MAX, "", info));
    return record_json_get_int(&config->start_block, json, "start_block", RECORD_JSON_OPTIONAL, 0,
                               INT64_MAX / 2, "", info);
}

static enum galen_err read_wallets(struct config *config, struct json_object *json,
                                   struct galen_errinfo *info)
{
    config->wallet_accounts_hourly = CONFIG_WALLET_HOURLY;
    GALEN_TRY(record_json_get_int(&config->wallet_accounts, json, "wallet_accounts",
                                  RECORD_JSON_OPTIONAL, 0, CONFIG_WALLET_MAX, "", info));
    return record_json_get_int(&config->wallet_accounts_hourly, json, "wallet_accounts_hourly",
                               RECORD_JSON_OPTIONAL, 0, CONFIG_WALLET_MAX, "", info);
}

static enum galen_err read_votes(struct config *config, struct json_object *json,
                                 struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(
        record_json_get_text(&text, json, "dispute_votes", RECORD_JSON_OPTIONAL, 16, "", info));
    config->votes_by_itself = text != NULL && strcmp(text, "automatic") == 0;
    if (text != NULL && !config->votes_by_itself && strcmp(text, "ask") != 0)
        return base_fail(info, GALEN_ERR_PARSE, "/dispute_votes: neither automatic nor ask");
    return GALEN_OK;
}

/* Browsers get links that begin so: nothing but a place, spelt plainly. */
static enum galen_err read_explorer(struct config *config, struct json_object *json,
                                    struct galen_errinfo *info)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~:/[]";
    const char *text = NULL;
    GALEN_TRY(
        record_json_get_text(&text, json, "explorer_url", RECORD_JSON_OPTIONAL, 256, "", info));
    if (text == NULL)
        return GALEN_OK;
    const size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                          : strncmp(text, "http://", 7) == 0 ? 7
                                                             : 0;
    size_t len = strlen(text);
    if (scheme == 0 || strchr("/:.", text[scheme]) != NULL || strspn(text, plain) != len)
        return base_fail(info, GALEN_ERR_PARSE,
                         "/explorer_url: not the address of a block explorer, such as "
                         "https://explorer.example");
    GALEN_TRY(config_copy_text(&config->explorer_url, text, info));
    while (config->explorer_url[len - 1] == '/')
        config->explorer_url[--len] = '\0';
    return GALEN_OK;
}

static enum galen_err read_gateways(struct config *config, struct json_object *json,
                                    struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    GALEN_TRY(record_json_get_array(&list, json, "gateways", RECORD_JSON_OPTIONAL, 1,
                                    CONFIG_GATEWAYS_MAX, "", info));
    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
        struct json_object *url = json_object_array_get_idx(list, i);
        if (!json_object_is_type(url, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "/gateways/%zu: no text", i);
        GALEN_TRY(config_copy_text(&config->gateways[config->n_gateways],
                                   json_object_get_string(url), info));
        config->n_gateways++;
    }
    return GALEN_OK;
}

static enum galen_err config_from_json(struct config *config, struct json_object *json,
                                       struct galen_errinfo *info)
{
    static const char *const required[] = {"type", NULL};
    static const char *const own[] = {"rpc",           "store",           "ipfs",
                                      "gateways",      "contract",        "chain_id",
                                      "code_hash",     "confirmations",   "start_block",
                                      "k_anonymity",   "wallet_accounts", "wallet_accounts_hourly",
                                      "dispute_votes", "explorer_url"};
    const char *optional[CONFIG_KEYS_MAX] = {NULL};
    size_t n = 0;
    for (; n < sizeof own / sizeof *own; n++)
        optional[n] = own[n];
    for (size_t i = 0; post_config_keys[i] != NULL; i++) {
        GALEN_ASSERT(n + 1 < CONFIG_KEYS_MAX);
        optional[n++] = post_config_keys[i];
    }
    GALEN_TRY(record_json_check_keys(json, required, optional, "", info));
    GALEN_TRY(record_json_check_type(json, "galen.config/1", info));
    const char *text = NULL;
    config->k_anonymity = CONFIG_K_DEFAULT;
    GALEN_TRY(record_json_get_int(&config->k_anonymity, json, "k_anonymity", RECORD_JSON_OPTIONAL,
                                  CONFIG_K_MIN, CONFIG_K_MAX, "", info));
    GALEN_TRY(read_votes(config, json, info));
    GALEN_TRY(read_explorer(config, json, info));
    GALEN_TRY(read_rpc(config, json, info));
    GALEN_TRY(read_watch(config, json, info));
    GALEN_TRY(read_wallets(config, json, info));
    GALEN_TRY(
        record_json_get_text(&text, json, "store", RECORD_JSON_OPTIONAL, PATH_MAX - 1, "", info));
    if (text != NULL)
        GALEN_TRY(config_copy_text(&config->store, text, info));
    text = NULL;
    GALEN_TRY(record_json_get_text(&text, json, "ipfs", RECORD_JSON_OPTIONAL, 2048, "", info));
    if (text != NULL)
        GALEN_TRY(config_copy_text(&config->ipfs, text, info));
    GALEN_TRY(read_gateways(config, json, info));
    GALEN_TRY(post_config_read(&config->post, json, info));
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

enum galen_err config_read(struct config *config, const char *home, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(config_path(path, home, "config.json", info));
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
    post_config_init(&read.post);
    err = record_json_parse(&json, (char *)text.data, text.len, CONFIG_MAX_BYTES, info);
    if (err == GALEN_OK)
        err = config_from_json(&read, json, info);
    if (err != GALEN_OK)
        return base_wrap(info, GALEN_ERR_CONFIG, "%s", path);
    *config = read;
    read = (struct config){0};
    return GALEN_OK;
}

static enum galen_err write_rpc(const struct config *config, struct json_object *json,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    if (config->rpc == NULL)
        return GALEN_OK;
    if (config->n_rpc_more == 0)
        return workflow_set_text(json, "rpc", config->rpc, info);
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i <= config->n_rpc_more; i++) {
        struct json_object *url = json_object_new_string(i == 0 ? config->rpc
                                                                : config->rpc_more[i - 1]);
        GALEN_TRY(workflow_push(list, &url, info));
    }
    return workflow_set_object(json, "rpc", &list, info);
}

enum galen_err config_write(const struct config *config, const char *home,
                            struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_text(json, "type", "galen.config/1", info));
    GALEN_TRY(write_rpc(config, json, info));
    if (config->confirmations > 0)
        GALEN_TRY(workflow_set_int(json, "confirmations", config->confirmations, info));
    if (config->k_anonymity > 0 && config->k_anonymity != CONFIG_K_DEFAULT)
        GALEN_TRY(workflow_set_int(json, "k_anonymity", config->k_anonymity, info));
    if (config->votes_by_itself)
        GALEN_TRY(workflow_set_text(json, "dispute_votes", "automatic", info));
    if (config->explorer_url != NULL)
        GALEN_TRY(workflow_set_text(json, "explorer_url", config->explorer_url, info));
    if (config->start_block >= 0)
        GALEN_TRY(workflow_set_int(json, "start_block", config->start_block, info));
    if (config->wallet_accounts > 0)
        GALEN_TRY(workflow_set_int(json, "wallet_accounts", config->wallet_accounts, info));
    if (config->wallet_accounts > 0)
        GALEN_TRY(
            workflow_set_int(json, "wallet_accounts_hourly", config->wallet_accounts_hourly, info));
    if (config->store != NULL)
        GALEN_TRY(workflow_set_text(json, "store", config->store, info));
    if (config->ipfs != NULL)
        GALEN_TRY(workflow_set_text(json, "ipfs", config->ipfs, info));
    if (config->n_gateways > 0) {
        RECORD_JSON_AUTO list = NULL;
        GALEN_TRY(workflow_array(&list, info));
        for (size_t i = 0; i < config->n_gateways; i++) {
            struct json_object *url = json_object_new_string(config->gateways[i]);
            GALEN_TRY(workflow_push(list, &url, info));
        }
        GALEN_TRY(workflow_set_object(json, "gateways", &list, info));
    }
    GALEN_TRY(post_config_write(&config->post, json, info));
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
    GALEN_TRY(config_path(path, home, "config.json", info));
    return base_file_write(path, text, strlen(text), 0600, info);
}
