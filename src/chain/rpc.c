/* JSON-RPC 2.0 over HTTP on libcurl: one request at a time, bounded in time and size, and what an
 * endpoint's refusal means in the project's errors. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chain/internal.h"

#define DEFAULT_CONNECT_TIMEOUT_MS 5000
#define DEFAULT_TIMEOUT_MS         20000
#define DEFAULT_RESPONSE_MAX       ((size_t)16 << 20)

struct chain_rpc {
    CURL *curl;
    struct curl_slist *headers;
    char origin[CHAIN_RPC_ORIGIN]; /* scheme://host:port: all of the URL that error texts show */
    struct chain_rpc_options options;
    uint64_t last_id;
    struct base_buf body; /* the answer being received */
    bool is_too_large;
    struct chain_rpc_error error;
    struct chain_revert revert;
};

const struct chain_rpc_error *chain_rpc_last_error(const struct chain_rpc *rpc)
{
    return &rpc->error;
}

const struct chain_revert *chain_rpc_last_revert(const struct chain_rpc *rpc)
{
    return &rpc->revert;
}

const struct chain_abi *chain_rpc_abi(const struct chain_rpc *rpc)
{
    return rpc->options.abi;
}

/* ---- set-up ------------------------------------------------------------------------------------
 */

static size_t receive(char *data, size_t size, size_t count, void *user)
{
    struct chain_rpc *rpc = user;
    size_t len = size * count;
    if (len > rpc->options.max_response_bytes - rpc->body.len) {
        rpc->is_too_large = true;
        return 0;
    }
    return base_buf_append(&rpc->body, data, len) == GALEN_OK ? len : 0;
}

/* What may be shown of the URL; whether it is one at all, and one on this machine. */
static enum galen_err read_url(struct chain_rpc *rpc, const char *url, bool *is_loopback,
                               struct galen_errinfo *info)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool good = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (good) {
        int len = snprintf(rpc->origin, sizeof rpc->origin, "%s://%s:%s", scheme, host, port);
        good = len > 0 && (size_t)len < sizeof rpc->origin;
        *is_loopback = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                       strncmp(host, "127.", 4) == 0;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    if (!good)
        return base_fail(info, GALEN_ERR_USAGE,
                         "the chain's endpoint is not an http:// or https:// address");
    return GALEN_OK;
}

static enum galen_err set_up(struct chain_rpc *rpc, const char *url, bool is_loopback,
                             struct galen_errinfo *info)
{
    rpc->curl = curl_easy_init();
    rpc->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (rpc->curl == NULL || rpc->headers == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    CURL *curl = rpc->curl;
    bool set = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_HTTPHEADER, rpc->headers) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                                (long)rpc->options.connect_timeout_ms) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)rpc->options.timeout_ms) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEDATA, rpc) == CURLE_OK &&
               /* A proxy from the environment cannot reach this machine's own loopback. */
               (!is_loopback || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK);
    return set ? GALEN_OK : base_fail(info, GALEN_ERR_INTERNAL, "libcurl refuses its options");
}

enum galen_err chain_rpc_new(struct chain_rpc **out, const char *url,
                             const struct chain_rpc_options *options, struct galen_errinfo *info)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not start");
    CHAIN_RPC_AUTO rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL) {
        curl_global_cleanup();
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    if (options != NULL)
        rpc->options = *options;
    if (rpc->options.connect_timeout_ms == 0)
        rpc->options.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    if (rpc->options.timeout_ms == 0)
        rpc->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (rpc->options.max_response_bytes == 0)
        rpc->options.max_response_bytes = DEFAULT_RESPONSE_MAX;
    bool is_loopback = false;
    GALEN_TRY(read_url(rpc, url, &is_loopback, info));
    GALEN_TRY(set_up(rpc, url, is_loopback, info));
    *out = rpc;
    rpc = NULL;
    return GALEN_OK;
}

void chain_rpc_free(struct chain_rpc *rpc)
{
    if (rpc == NULL)
        return;
    curl_easy_cleanup(rpc->curl);
    curl_slist_free_all(rpc->headers);
    base_buf_clear(&rpc->body);
    free(rpc);
    curl_global_cleanup();
}

void chain_rpc_auto_free(struct chain_rpc **rpc)
{
    chain_rpc_free(*rpc);
    *rpc = NULL;
}

/* ---- transport ---------------------------------------------------------------------------------
 */

static enum galen_err transport_error(const struct chain_rpc *rpc, CURLcode code,
                                      struct galen_errinfo *info)
{
    if (rpc->is_too_large)
        return base_fail(info, GALEN_ERR_LIMIT, "the answer of %s is larger than %zu bytes",
                         rpc->origin, rpc->options.max_response_bytes);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        (void)base_fail(info, GALEN_ERR_NETWORK, "cannot connect to the chain at %s", rpc->origin);
        (void)base_hint(info, "is the node running, and is the address right?");
        return GALEN_ERR_NETWORK;
    case CURLE_OPERATION_TIMEDOUT:
        (void)base_fail(info, GALEN_ERR_NETWORK, "the chain at %s did not answer in time",
                        rpc->origin);
        (void)base_hint(info, "try again, or another endpoint");
        return GALEN_ERR_NETWORK;
    default:
        return base_fail(info, GALEN_ERR_NETWORK, "the chain at %s cannot be asked: %s",
                         rpc->origin, curl_easy_strerror(code));
    }
}

static enum galen_err status_error(const struct chain_rpc *rpc, long status,
                                   struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_NETWORK, "the chain at %s answers with HTTP status %ld",
                    rpc->origin, status);
    if (status == 401 || status == 403)
        (void)base_hint(info, "the endpoint wants another key or address");
    else if (status == 429)
        (void)base_hint(info, "the endpoint limits requests: wait, or use another");
    else if (status >= 300 && status < 400)
        (void)base_hint(info, "redirects are not followed: give the final address");
    return GALEN_ERR_NETWORK;
}

/* Leaves the answer in rpc->body. */
static enum galen_err post(struct chain_rpc *rpc, const struct base_buf *request, long *status,
                           struct galen_errinfo *info)
{
    base_buf_clear(&rpc->body);
    rpc->is_too_large = false;
    if (curl_easy_setopt(rpc->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len) !=
            CURLE_OK ||
        curl_easy_setopt(rpc->curl, CURLOPT_POSTFIELDS, request->data) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl refuses the request");
    CURLcode code = curl_easy_perform(rpc->curl);
    if (code != CURLE_OK)
        return transport_error(rpc, code, info);
    if (curl_easy_getinfo(rpc->curl, CURLINFO_RESPONSE_CODE, status) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not tell the status");
    return GALEN_OK;
}

/* ---- what refusals mean
 * ---------------------------------------------------------------------------- */

bool chain_rpc_error_says(const struct chain_rpc_error *error, const char *phrase)
{
    return strcasestr(error->message, phrase) != NULL;
}

/* Revert data, which nodes put at error.data, or at error.data.data. */
static void find_revert_data(struct base_buf *out, json_object *error)
{
    json_object *data = chain_json_member(error, "data");
    if (json_object_is_type(data, json_type_object))
        data = chain_json_member(data, "data");
    struct base_buf found = {0};
    if (data != NULL && chain_json_data(&found, data, "data", NULL) == GALEN_OK)
        base_buf_move(out, &found);
    base_buf_clear(&found);
}

static enum galen_err explain_error(struct chain_rpc *rpc, const char *method, json_object *error,
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    json_object *message = chain_json_member(error, "message");
    json_object *code = chain_json_member(error, "code");
    if (json_object_is_type(message, json_type_string))
        chain_text_sanitise(rpc->error.message, sizeof rpc->error.message,
                            json_object_get_string(message),
                            (size_t)json_object_get_string_len(message));
    if (rpc->error.message[0] == '\0')
        snprintf(rpc->error.message, sizeof rpc->error.message, "no message");
    rpc->error.code = json_object_get_int64(code);
    find_revert_data(&data, error);

    /* geth: code 3 with data; others: -32000 or -32603 and the word. */
    if (rpc->error.code == 3 || data.len >= 4 || chain_rpc_error_says(&rpc->error, "revert")) {
        chain_revert_decode(&rpc->revert, rpc->options.abi, data.data, data.len);
        return base_fail(info, GALEN_ERR_REVERTED, "the contract refused: %s", rpc->revert.reason);
    }
    if (chain_rpc_error_says(&rpc->error, "insufficient funds") ||
        chain_rpc_error_says(&rpc->error, "insufficient balance"))
        return base_fail(info, GALEN_ERR_FUNDS, "the account cannot pay for this transaction");
    if (rpc->error.code == -32601)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the chain at %s does not offer %s",
                         rpc->origin, method);
    return base_fail(info, GALEN_ERR_NETWORK,
                     "the chain at %s answers %s with error %" PRId64 ": %s", rpc->origin, method,
                     rpc->error.code, rpc->error.message);
}

static enum galen_err not_json_rpc(const struct chain_rpc *rpc, struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_NETWORK, "what answers at %s does not speak JSON-RPC",
                    rpc->origin);
    (void)base_hint(info, "give the address of an Ethereum node's JSON-RPC interface");
    return GALEN_ERR_NETWORK;
}

/* Takes the result out of the answer in rpc->body. With a status other than 200 only a proper error
 * counts: some endpoints send their JSON-RPC errors so. */
static enum galen_err read_answer(struct chain_rpc *rpc, json_object **result, const char *method,
                                  long status, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO answer = NULL;
    json_object *id = NULL, *value = NULL;
    if (chain_json_parse(&answer, (const char *)rpc->body.data, rpc->body.len) != GALEN_OK ||
        !json_object_is_type(answer, json_type_object))
        return status == 200 ? not_json_rpc(rpc, info) : status_error(rpc, status, info);
    json_object *error = chain_json_member(answer, "error");
    bool has_result = json_object_object_get_ex(answer, "result", &value);
    bool is_about_access = status == 401 || status == 403 || status == 429;
    if (status != 200 && (!json_object_is_type(error, json_type_object) || is_about_access))
        return status_error(rpc, status, info);
    if (error == NULL && !has_result)
        return not_json_rpc(rpc, info);

    /* An error about the request as a whole may carry id null. */
    bool has_id = json_object_object_get_ex(answer, "id", &id);
    bool is_ours = json_object_is_type(id, json_type_int) &&
                   json_object_get_uint64(id) == rpc->last_id;
    if (!is_ours && !(error != NULL && has_id && id == NULL))
        return base_fail(info, GALEN_ERR_NETWORK, "the chain at %s answers another request's id",
                         rpc->origin);
    if (error != NULL)
        return explain_error(rpc, method, error, info);
    /* Not json_object_get: jansson exports that name too, and a program may link both. */
    json_object *copy = NULL;
    if (value != NULL && json_object_deep_copy(value, &copy, NULL) != 0)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *result = copy;
    return GALEN_OK;
}

enum galen_err chain_rpc_query(struct chain_rpc *rpc, json_object **result, const char *method,
                               const char *params, struct galen_errinfo *info)
{
    BASE_BUF_AUTO request = {0};
    rpc->error = (struct chain_rpc_error){0};
    rpc->revert = (struct chain_revert){0};
    rpc->last_id++;
    GALEN_TRY(base_buf_printf(
        &request, "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"%s\",\"params\":",
        rpc->last_id, method));
    GALEN_TRY(base_buf_append_text(&request, params));
    GALEN_TRY(base_buf_append_text(&request, "}"));
    long status = 0;
    enum galen_err err = post(rpc, &request, &status, info);
    if (err == GALEN_OK)
        err = read_answer(rpc, result, method, status, info);
    base_buf_clear(&rpc->body);
    return err;
}

enum galen_err chain_rpc_request(struct chain_rpc *rpc, struct base_buf *result, const char *method,
                                 const char *params, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO value = NULL;
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(chain_rpc_query(rpc, &value, method, params, info));
    GALEN_TRY(base_buf_append_text(
        &text, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE)));
    base_buf_move(result, &text);
    return GALEN_OK;
}
