/* JSON-RPC 2.0 over HTTP: one request at a time, to the first of the endpoints that answers, and
 * what an endpoint's refusal means in the project's errors. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chain/internal.h"
#include "http/http.h"

struct endpoint {
    struct http_client *http;
    const char *origin; /* all of the URL that error texts show */
    bool is_admitted;   /* options.admit let it in, or there is none */
};

struct chain_rpc {
    struct endpoint endpoints[CHAIN_RPC_ENDPOINTS];
    size_t n_endpoints;
    size_t active; /* who answered last */
    bool is_bound; /* to the active one: nobody else is asked */
    struct chain_rpc_options options;
    uint64_t last_id;
    struct base_buf body; /* the answer */
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

enum galen_err chain_rpc_new(struct chain_rpc **out, const char *url,
                             const struct chain_rpc_options *options, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (options != NULL)
        rpc->options = *options;
    GALEN_TRY(chain_rpc_add(rpc, url, info));
    *out = rpc;
    rpc = NULL;
    return GALEN_OK;
}

enum galen_err chain_rpc_add(struct chain_rpc *rpc, const char *url, struct galen_errinfo *info)
{
    const struct http_options http = {
        .peer = "the chain",
        .connect_timeout_ms = rpc->options.connect_timeout_ms,
        .timeout_ms = rpc->options.timeout_ms,
        .max_response_bytes = rpc->options.max_response_bytes,
    };
    if (rpc->n_endpoints == CHAIN_RPC_ENDPOINTS)
        return base_fail(info, GALEN_ERR_LIMIT, "more than %d endpoints", CHAIN_RPC_ENDPOINTS);
    struct endpoint *endpoint = &rpc->endpoints[rpc->n_endpoints];
    GALEN_TRY(http_client_new(&endpoint->http, url, &http, info));
    endpoint->origin = http_client_origin(endpoint->http);
    endpoint->is_admitted = rpc->options.admit == NULL;
    rpc->n_endpoints++;
    return GALEN_OK;
}

size_t chain_rpc_count(const struct chain_rpc *rpc)
{
    return rpc->n_endpoints;
}

void chain_rpc_free(struct chain_rpc *rpc)
{
    if (rpc == NULL)
        return;
    for (size_t i = 0; i < rpc->n_endpoints; i++)
        http_client_free(&rpc->endpoints[i].http);
    base_buf_clear(&rpc->body);
    free(rpc);
}

void chain_rpc_auto_free(struct chain_rpc **rpc)
{
    chain_rpc_free(*rpc);
    *rpc = NULL;
}

/* ---- what refusals mean -------------------------------------------------------------------- */

bool chain_rpc_error_says(const struct chain_rpc_error *error, const char *phrase)
{
    return strcasestr(error->message, phrase) != NULL;
}

static const char *origin_of(const struct chain_rpc *rpc)
{
    return rpc->endpoints[rpc->active].origin;
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
                         origin_of(rpc), method);
    return base_fail(info, GALEN_ERR_NETWORK,
                     "the chain at %s answers %s with error %" PRId64 ": %s", origin_of(rpc),
                     method, rpc->error.code, rpc->error.message);
}

/* An HTTP status that refuses: what was asked for is too large, or anything else. */
static enum galen_err refused_by_status(const struct chain_rpc *rpc, long status,
                                        struct galen_errinfo *info)
{
    if (status == 413)
        return base_fail(info, GALEN_ERR_LIMIT, "the chain at %s finds that too large",
                         origin_of(rpc));
    return http_status_fail(rpc->endpoints[rpc->active].http, status, info);
}

static enum galen_err not_json_rpc(const struct chain_rpc *rpc, struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_NETWORK, "what answers at %s does not speak JSON-RPC",
                    origin_of(rpc));
    (void)base_hint(info, "give the address of an Ethereum node's JSON-RPC interface");
    return GALEN_ERR_NETWORK;
}

/* Finds the result in the answer in rpc->body. With a status other than 200 only a proper error
 * counts: some endpoints send their JSON-RPC errors so. *is_useless: it was no answer at all. */
static enum galen_err read_answer(struct chain_rpc *rpc, json_object **whole, json_object **result,
                                  bool *is_useless, const char *method, long status,
                                  struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO answer = NULL;
    *is_useless = true;
    json_object *id = NULL, *value = NULL;
    if (chain_json_parse(&answer, (const char *)rpc->body.data, rpc->body.len) != GALEN_OK ||
        !json_object_is_type(answer, json_type_object))
        return status == 200 ? not_json_rpc(rpc, info) : refused_by_status(rpc, status, info);
    json_object *error = chain_json_member(answer, "error");
    bool has_result = json_object_object_get_ex(answer, "result", &value);
    bool is_about_access = status == 401 || status == 403 || status == 429;
    if (status != 200 && (!json_object_is_type(error, json_type_object) || is_about_access))
        return refused_by_status(rpc, status, info);
    if (error == NULL && !has_result)
        return not_json_rpc(rpc, info);

    /* An error about the request as a whole may carry id null. */
    bool has_id = json_object_object_get_ex(answer, "id", &id);
    bool is_ours = json_object_is_type(id, json_type_int) &&
                   json_object_get_uint64(id) == rpc->last_id;
    if (!is_ours && !(error != NULL && has_id && id == NULL))
        return base_fail(info, GALEN_ERR_NETWORK, "the chain at %s answers another request's id",
                         origin_of(rpc));
    *is_useless = false;
    if (error != NULL)
        return explain_error(rpc, method, error, info);
    *result = value;
    *whole = answer;
    answer = NULL;
    return GALEN_OK;
}

/* Asks the active endpoint. */
static enum galen_err ask(struct chain_rpc *rpc, json_object **whole, json_object **result,
                          bool *is_useless, const char *method, const char *params,
                          struct galen_errinfo *info)
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
    const struct http_request post = {
        .is_post = true, .type = "application/json", .body = {request.data, request.len}};
    long status = 0;
    enum galen_err err = http_perform(rpc->endpoints[rpc->active].http, &status, &rpc->body, &post,
                                      info);
    *is_useless = err == GALEN_ERR_NETWORK;
    if (err == GALEN_OK)
        err = read_answer(rpc, whole, result, is_useless, method, status, info);
    *is_useless = *is_useless && err == GALEN_ERR_NETWORK;
    base_buf_clear(&rpc->body);
    return err;
}

/* ---- several endpoints ------------------------------------------------------------------------ */

enum galen_err chain_rpc_bind(struct chain_rpc *rpc, size_t endpoint, struct galen_errinfo *info)
{
    GALEN_ASSERT(endpoint < rpc->n_endpoints);
    rpc->active = endpoint;
    rpc->is_bound = true;
    if (rpc->endpoints[endpoint].is_admitted)
        return GALEN_OK;
    GALEN_TRY(rpc->options.admit(rpc, rpc->options.admit_context, info));
    rpc->endpoints[endpoint].is_admitted = true;
    return GALEN_OK;
}

void chain_rpc_unbind(struct chain_rpc *rpc)
{
    rpc->is_bound = false;
}

static enum galen_err ask_admitted(struct chain_rpc *rpc, json_object **whole, json_object **result,
                                   bool *is_useless, const char *method, const char *params,
                                   struct galen_errinfo *info)
{
    if (!rpc->endpoints[rpc->active].is_admitted) {
        enum galen_err err = chain_rpc_bind(rpc, rpc->active, info);
        chain_rpc_unbind(rpc);
        *is_useless = err != GALEN_ERR_NOMEM;
        GALEN_TRY(err);
    }
    return ask(rpc, whole, result, is_useless, method, params, info);
}

enum galen_err chain_rpc_query_whole(struct chain_rpc *rpc, json_object **whole,
                                     json_object **result, const char *method, const char *params,
                                     struct galen_errinfo *info)
{
    struct galen_errinfo first = {0};
    enum galen_err first_err = GALEN_OK;
    bool is_useless = false;
    if (rpc->is_bound)
        return ask(rpc, whole, result, &is_useless, method, params, info);
    for (size_t i = 0; i < rpc->n_endpoints; i++) {
        struct galen_errinfo why = {0};
        enum galen_err err = ask_admitted(rpc, whole, result, &is_useless, method, params, &why);
        if (err == GALEN_OK)
            return GALEN_OK;
        if (first_err == GALEN_OK || !is_useless) {
            first_err = err;
            first = why;
        }
        if (!is_useless)
            break;
        rpc->active = (rpc->active + 1) % rpc->n_endpoints;
    }
    return base_raise(info, first_err, &first);
}

enum galen_err chain_rpc_query(struct chain_rpc *rpc, json_object **result, const char *method,
                               const char *params, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO whole = NULL;
    json_object *value = NULL;
    json_object *copy = NULL;
    GALEN_TRY(chain_rpc_query_whole(rpc, &whole, &value, method, params, info));
    /* Not json_object_get: jansson exports that name too, and a program may link both. */
    if (value != NULL && json_object_deep_copy(value, &copy, NULL) != 0)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *result = copy;
    return GALEN_OK;
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
