/* Kubo's RPC API (IPFS Cluster's proxy speaks it too): POST /api/v0/COMMAND?arg=…, failures as
 * HTTP 500 with JSON {Message}. */
#include <ctype.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define CONNECT_TIMEOUT_MS 3000
#define TIMEOUT_MS         20000
#define SEARCH_TIMEOUT     "10s" /* how long it may look for a block among its peers */
#define ANSWER_MAX         (STORE_BLOCK_MAX + 65536)
#define TARGET_MAX         256

struct kubo {
    struct http_client *http;
};

static void put_json(struct json_object **json)
{
    json_object_put(*json);
}
#define JSON_AUTO GALEN_CLEANUP(put_json) struct json_object *

enum galen_err kubo_new(struct kubo **out, const char *url, struct galen_errinfo *info)
{
    BASE_BUF_AUTO base = {0};
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    GALEN_TRY(base_buf_printf(&base, "%.*s", (int)len, url));
    const struct http_options options = {.peer = "Kubo",
                                         .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                         .timeout_ms = TIMEOUT_MS,
                                         .max_response_bytes = ANSWER_MAX};
    GALEN_CLEANUP(kubo_free) struct kubo *kubo = calloc(1, sizeof *kubo);
    if (kubo == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(http_client_new(&kubo->http, (const char *)base.data, &options, info));
    *out = kubo;
    kubo = NULL;
    return GALEN_OK;
}

void kubo_free(struct kubo **kubo)
{
    if (kubo == NULL || *kubo == NULL)
        return;
    http_client_free(&(*kubo)->http);
    free(*kubo);
    *kubo = NULL;
}

const char *kubo_origin(const struct kubo *kubo)
{
    return http_client_origin(kubo->http);
}

static enum galen_err not_kubo(const struct kubo *kubo, struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_NETWORK, "what answers at %s is not Kubo's RPC API",
                    kubo_origin(kubo));
    (void)base_hint(info, "give the address of its API, by default http://127.0.0.1:5001");
    return GALEN_ERR_NETWORK;
}

/* The text of a member, printable characters only; false when there is none. */
static bool member_text(char *out, size_t size, struct json_object *json, const char *name)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(json, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return false;
    snprintf(out, size, "%s", json_object_get_string(value));
    for (char *at = out; *at != '\0'; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
    return true;
}

/* What came as JSON; NULL when it is none. */
static struct json_object *parse(const struct base_buf *body)
{
    return body->len > 0 ? json_tokener_parse((const char *)body->data) : NULL;
}

struct answer {
    struct base_buf body;
    bool refused; /* with Kubo's own error: */
    char message[200];
};

static void answer_clear(struct answer *answer)
{
    base_buf_clear(&answer->body);
}
#define ANSWER_AUTO GALEN_CLEANUP(answer_clear) struct answer

static enum galen_err ask(struct kubo *kubo, struct answer *answer, const char *target,
                          const struct base_view *file, struct galen_errinfo *info)
{
    char path[TARGET_MAX];
    struct http_request request = {.target = path, .is_post = true};
    snprintf(path, sizeof path, "/api/v0/%s", target);
    if (file != NULL) {
        request.form_field = "data";
        request.body = *file;
    }
    long status = 0;
    GALEN_TRY(http_perform(kubo->http, &status, &answer->body, &request, info));
    if (status == 200)
        return GALEN_OK;
    if (status != 500)
        return http_status_fail(kubo->http, status, info);
    JSON_AUTO json = parse(&answer->body);
    if (!member_text(answer->message, sizeof answer->message, json, "Message"))
        return http_status_fail(kubo->http, status, info);
    answer->refused = true;
    return GALEN_OK;
}

static enum galen_err refusal(const struct kubo *kubo, const struct answer *answer,
                              struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_NETWORK, "Kubo at %s refuses: %s", kubo_origin(kubo),
                     answer->message);
}

/* COMMAND?OPTIONS&arg=CID */
static enum galen_err ask_about(struct kubo *kubo, struct answer *answer, const char *command,
                                const uint8_t digest32[32], struct galen_errinfo *info)
{
    char target[TARGET_MAX];
    char cid[STORE_CID_TEXT];
    store_cid_encode(cid, digest32);
    snprintf(target, sizeof target, "%s&arg=%s", command, cid);
    return ask(kubo, answer, target, NULL, info);
}

enum galen_err kubo_id(struct kubo *kubo, char peer[STORE_PEER_TEXT], char agent[STORE_PEER_TEXT],
                       struct galen_errinfo *info)
{
    ANSWER_AUTO answer = {0};
    GALEN_TRY(ask(kubo, &answer, "id", NULL, info));
    if (answer.refused)
        return refusal(kubo, &answer, info);
    JSON_AUTO json = parse(&answer.body);
    if (!member_text(peer, STORE_PEER_TEXT, json, "ID") ||
        !member_text(agent, STORE_PEER_TEXT, json, "AgentVersion"))
        return not_kubo(kubo, info);
    return GALEN_OK;
}

enum galen_err kubo_put(struct kubo *kubo, const uint8_t digest32[32], const void *data, size_t len,
                        struct galen_errinfo *info)
{
    ANSWER_AUTO answer = {0};
    char expected[STORE_CID_TEXT];
    char named[2 * STORE_CID_TEXT];
    const struct base_view file = {data, len};
    store_cid_encode(expected, digest32);
    GALEN_TRY(ask(kubo, &answer, "block/put?cid-codec=raw&mhtype=sha2-256&pin=true", &file, info));
    if (answer.refused)
        return refusal(kubo, &answer, info);
    JSON_AUTO json = parse(&answer.body);
    if (!member_text(named, sizeof named, json, "Key"))
        return not_kubo(kubo, info);
    if (strcmp(named, expected) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "Kubo at %s calls block %s %s", kubo_origin(kubo),
                         expected, named);
    return GALEN_OK;
}

enum galen_err kubo_get(struct kubo *kubo, struct base_buf *out, const uint8_t digest32[32],
                        bool is_own, struct galen_errinfo *info)
{
    ANSWER_AUTO answer = {0};
    GALEN_TRY(ask_about(kubo, &answer,
                        is_own ? "block/get?offline=true" : "block/get?timeout=" SEARCH_TIMEOUT,
                        digest32, info));
    if (answer.refused)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "Kubo at %s does not find the block: %s",
                         kubo_origin(kubo), answer.message);
    base_buf_move(out, &answer.body);
    return GALEN_OK;
}

enum galen_err kubo_has(struct kubo *kubo, bool *pinned, const uint8_t digest32[32],
                        struct galen_errinfo *info)
{
    ANSWER_AUTO answer = {0};
    GALEN_TRY(ask_about(kubo, &answer, "pin/ls?type=recursive", digest32, info));
    if (answer.refused && strstr(answer.message, "is not pinned") == NULL)
        return refusal(kubo, &answer, info);
    *pinned = !answer.refused;
    return GALEN_OK;
}

enum galen_err kubo_remove(struct kubo *kubo, const uint8_t digest32[32],
                           struct galen_errinfo *info)
{
    ANSWER_AUTO unpinned = {0};
    ANSWER_AUTO removed = {0};
    GALEN_TRY(ask_about(kubo, &unpinned, "pin/rm?recursive=true", digest32, info));
    if (unpinned.refused && strstr(unpinned.message, "not pinned") == NULL)
        return refusal(kubo, &unpinned, info);
    GALEN_TRY(ask_about(kubo, &removed, "block/rm?force=true", digest32, info));
    return removed.refused ? refusal(kubo, &removed, info) : GALEN_OK;
}
