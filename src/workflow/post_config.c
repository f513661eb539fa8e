/* config.json's members on messages and blocks between nodes. */
#include "workflow/post_config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "workflow/internal.h"

#define LIMIT_MAX 1000000000000 /* 10^12 */

static const struct {
    const char *name;
    int64_t otherwise;
} limits[POST_LIMITS] = {
    [POST_RECIPIENT_MESSAGES] = {"inbox_recipient_messages", 2000},
    [POST_RECIPIENT_BYTES] = {"inbox_recipient_bytes", 128 << 20},
    [POST_MESSAGES] = {"inbox_messages", 10000},
    [POST_BYTES] = {"inbox_bytes", 512 << 20},
    [POST_RECIPIENT_HOURLY] = {"inbox_recipient_hourly", 1200},
    [POST_HOURLY] = {"inbox_hourly", 12000},
    [POST_OUTBOX_DAYS] = {"outbox_keep_days", 90},
    [POST_RELAY_QUOTA] = {"relay_quota", 10000},
};

const char *const post_config_keys[] = {
    "inbox_allow_networks", "inbox_ca",     "inbox_recipient_messages", "inbox_recipient_bytes",
    "inbox_messages",       "inbox_bytes",  "inbox_recipient_hourly",   "inbox_hourly",
    "relay_quota",          "topup_answer", "outbox_keep_days",         NULL,
};

void post_config_init(struct post_config *config)
{
    *config = (struct post_config){0};
    for (size_t i = 0; i < POST_LIMITS; i++)
        config->limits[i] = limits[i].otherwise;
}

void post_config_clear(struct post_config *config)
{
    free(config->ca_file);
    *config = (struct post_config){0};
}

static enum galen_err read_networks(struct post_config *config, struct json_object *json,
                                    struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    GALEN_TRY(record_json_get_array(&list, json, "inbox_allow_networks", RECORD_JSON_OPTIONAL, 0,
                                    POST_NETWORKS_MAX, "", info));
    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
        struct json_object *text = json_object_array_get_idx(list, i);
        if (!json_object_is_type(text, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "/inbox_allow_networks/%zu: no text", i);
        enum galen_err err = http_network_parse(&config->networks[i], json_object_get_string(text),
                                                info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "/inbox_allow_networks/%zu", i);
        config->n_networks++;
    }
    return GALEN_OK;
}

enum galen_err post_config_read(struct post_config *config, struct json_object *json,
                                struct galen_errinfo *info)
{
    const char *ca_file = NULL;
    GALEN_TRY(read_networks(config, json, info));
    GALEN_TRY(record_json_get_text(&ca_file, json, "inbox_ca", RECORD_JSON_OPTIONAL, PATH_MAX - 1,
                                   "", info));
    if (ca_file != NULL && (config->ca_file = strdup(ca_file)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    bool topup_answer = true;
    GALEN_TRY(
        record_json_get_bool(&topup_answer, json, "topup_answer", RECORD_JSON_OPTIONAL, "", info));
    config->no_topup_answer = !topup_answer;
    for (size_t i = 0; i < POST_LIMITS; i++) {
        config->is_set[i] = json_object_object_get_ex(json, limits[i].name, NULL);
        GALEN_TRY(record_json_get_int(&config->limits[i], json, limits[i].name,
                                      RECORD_JSON_OPTIONAL, 0, LIMIT_MAX, "", info));
    }
    return GALEN_OK;
}

enum galen_err post_config_write(const struct post_config *config, struct json_object *json,
                                 struct galen_errinfo *info)
{
    if (config->n_networks > 0) {
        RECORD_JSON_AUTO list = NULL;
        GALEN_TRY(workflow_array(&list, info));
        for (size_t i = 0; i < config->n_networks; i++) {
            char text[HTTP_NETWORK_TEXT];
            http_network_format(text, &config->networks[i]);
            struct json_object *item = json_object_new_string(text);
            GALEN_TRY(workflow_push(list, &item, info));
        }
        GALEN_TRY(workflow_set_object(json, "inbox_allow_networks", &list, info));
    }
    if (config->ca_file != NULL)
        GALEN_TRY(workflow_set_text(json, "inbox_ca", config->ca_file, info));
    if (config->no_topup_answer)
        GALEN_TRY(workflow_set_bool(json, "topup_answer", false, info));
    for (size_t i = 0; i < POST_LIMITS; i++)
        if (config->is_set[i])
            GALEN_TRY(workflow_set_int(json, limits[i].name, config->limits[i], info));
    return GALEN_OK;
}
