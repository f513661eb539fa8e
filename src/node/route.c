/* Which function answers: the path's route, who may use it, the body, the handle. */
#include <stdlib.h>
#include <string.h>

#include "node/api.h"

#define API_PREFIX "/api/v1"
#define ALLOW_MAX  sizeof(((struct node_response *)NULL)->allow)

/* ---- paths -------------------------------------------------------------------------------------- */

/* Does the path fit the pattern, segment by segment? "{}" takes one segment, copied to params (NULL
 * while only asking). */
static bool path_fits(const char *pattern, const char *path, char *params[2])
{
    size_t n = 0;
    for (;;) {
        size_t want = strcspn(pattern, "/");
        size_t have = strcspn(path, "/");
        bool is_param = want == 2 && strncmp(pattern, "{}", 2) == 0;
        if (is_param ? have == 0 || have > 256 : want != have || strncmp(pattern, path, want) != 0)
            return false;
        if (is_param && params != NULL && (params[n++] = strndup(path, have)) == NULL)
            return false;
        pattern += want;
        path += have;
        if (*pattern == '\0' || *path == '\0')
            return *pattern == *path;
        pattern++;
        path++;
    }
}

/* Only what is published under the root has no prefix. */
static const char *below_prefix(const char *path)
{
    size_t len = strlen(API_PREFIX);
    if (strncmp(path, API_PREFIX "/", len + 1) == 0)
        return path + len;
    return strcmp(path, "/metrics") == 0 || strncmp(path, "/ipfs/", 6) == 0 ? path : NULL;
}

static bool is_method(const struct api_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* A path that stands in the table as it is, is no route with a parameter: /records/relay. */
static bool is_literal(const char *path)
{
    for (size_t i = 0; i < api_n_routes; i++)
        if (strcmp(api_routes[i].pattern, path) == 0)
            return true;
    return false;
}

bool route_find(struct node_request *request)
{
    const char *path = below_prefix(request->path);
    const bool literal = path != NULL && is_literal(path);
    char *allow = request->response.allow;
    size_t len = 0;
    for (size_t i = 0; path != NULL && i < api_n_routes; i++) {
        const struct api_route *route = &api_routes[i];
        if (literal ? strcmp(route->pattern, path) != 0 : !path_fits(route->pattern, path, NULL))
            continue;
        if (is_method(route, request->method)) {
            request->route = route;
            allow[0] = '\0';
            return true;
        }
        if (len < ALLOW_MAX)
            len += (size_t)snprintf(allow + len, ALLOW_MAX - len, "%s%s%s", len > 0 ? ", " : "",
                                    route->method,
                                    strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
    }
    if (len == 0)
        return true;
    response_status(&request->response, MHD_HTTP_METHOD_NOT_ALLOWED,
                    "there is another method for this", NULL);
    return false;
}

bool route_is_quick(const struct node_request *request)
{
    const struct api_route *route = request->route;
    return route == NULL || (strcmp(route->method, "GET") == 0 && (route->flags & API_SLOW) == 0);
}

/* Is name one of the words of list? */
static bool is_among(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        const size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, name, len) == 0)
            return true;
        at += word;
    }
    return false;
}

/* ---- who may ------------------------------------------------------------------------------------ */

static bool may_use(const struct api_route *route, struct node_request *request)
{
    struct node_response *response = &request->response;
    bool needs_who = (route->flags & (API_ANYONE | API_OPERATOR)) == 0;
    if ((route->flags & API_ANYONE) != 0)
        return true;
    if (request->access == NODE_NOBODY)
        response_status(response, MHD_HTTP_UNAUTHORIZED, "nobody is signed in",
                        "sign in with POST " API_PREFIX "/session");
    else if ((route->flags & API_OPERATOR) != 0 && request->access != NODE_OPERATOR)
        response_status(response, MHD_HTTP_FORBIDDEN, "this is for the node's operator",
                        "use the bearer token in the file node.token of the home");
    else if (needs_who && !request->has_who)
        response_status(response, MHD_HTTP_BAD_REQUEST, "for which identity?",
                        "name it in the header Galen-Identity");
    else if (route->role != NULL && !is_among(route->role, request->role))
        response_status(response, MHD_HTTP_FORBIDDEN, "this is not for that role", route->role);
    else
        return true;
    return false;
}

/* ---- the call ------------------------------------------------------------------------------------ */

static enum galen_err parse_body(struct api_call *call, unsigned flags, struct galen_errinfo *info)
{
    struct base_buf *body = &call->request->body;
    if ((flags & API_BYTES) != 0)
        return GALEN_OK;
    if (body->len == 0)
        return api_object_new(&call->body, info);
    GALEN_TRY(
        record_json_parse(&call->body, (const char *)body->data, body->len, NODE_BODY_MAX, info));
    if (!json_object_is_type(call->body, json_type_object))
        return base_fail(info, GALEN_ERR_PARSE, "the body is not a JSON object");
    return GALEN_OK;
}

/* What a query may hold: a misspelt dryRun must not do what it was to try. */
struct query_check {
    const struct api_route *route;
    const char *seen[16];
    size_t n_seen;
    bool is_good;
};

static enum MHD_Result check_parameter(void *user, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    struct query_check *check = user;
    const bool takes_dry = (check->route->flags & API_DRY) != 0 && strcmp(name, "dryRun") == 0;
    check->is_good = value != NULL && (takes_dry || is_among(check->route->query, name)) &&
                     check->n_seen < sizeof check->seen / sizeof *check->seen;
    for (size_t i = 0; check->is_good && i < check->n_seen; i++)
        check->is_good = strcmp(check->seen[i], name) != 0;
    if (check->is_good)
        check->seen[check->n_seen++] = name;
    return check->is_good ? MHD_YES : MHD_NO;
}

static enum galen_err check_query(const struct api_route *route, const struct node_request *request,
                                  bool *is_dry, struct galen_errinfo *info)
{
    struct query_check check = {.route = route, .is_good = true};
    (void)MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, check_parameter,
                                    &check);
    if (!check.is_good) {
        base_fail(info, GALEN_ERR_USAGE, "the query holds what is not asked for here");
        return base_hint(info, "this takes, each once: %s%s",
                         route->query != NULL ? route->query : "",
                         (route->flags & API_DRY) != 0 ? " dryRun"
                         : route->query == NULL        ? "nothing"
                                                       : "");
    }
    const char *dry = node_query(request, "dryRun");
    *is_dry = dry != NULL && strcmp(dry, "true") == 0;
    if (dry != NULL && !*is_dry && strcmp(dry, "false") != 0)
        return base_fail(info, GALEN_ERR_USAGE, "dryRun is true or false");
    return GALEN_OK;
}

static enum galen_err run(struct api_call *call, const struct api_route *route,
                          struct json_object **result, struct galen_errinfo *info)
{
    struct node_request *request = call->request;
    bool is_dry = false;
    GALEN_TRY(check_query(route, request, &is_dry, info));
    GALEN_TRY(parse_body(call, route->flags, info));
    GALEN_TRY(workflow_act_as(call->wf, request->has_who ? &request->who : NULL, info));
    workflow_dry_run(call->wf, is_dry);
    enum galen_err err = GALEN_OK;
    if ((route->flags & (API_READ | API_ANYONE | API_OPERATOR)) == 0 && !is_dry)
        err = workflow_lock(call->wf, info);
    if (err == GALEN_OK)
        err = route->handle(call, result, info);
    workflow_unlock(call->wf);
    workflow_dry_run(call->wf, false);
    return err;
}

static void call_route(struct node_worker *worker, struct node_request *request)
{
    const struct api_route *route = request->route;
    const bool is_narrow = (route->flags & API_READ) != 0;
    struct api_call call = {
        .worker = worker,
        .request = request,
        .wf = is_narrow ? worker->narrow : worker->wide,
        .response = &request->response,
    };
    RECORD_JSON_AUTO result = NULL;
    struct galen_errinfo why = {0};
    enum galen_err err = GALEN_OK;
    if (!path_fits(route->pattern, below_prefix(request->path), call.params))
        err = base_fail(&why, GALEN_ERR_NOMEM, "out of memory");
    if (err == GALEN_OK)
        err = run(&call, route, &result, &why);
    if (err == GALEN_ERR_WALLET) {
        response_wallet(&request->response, call.wf, &why);
    } else if (err != GALEN_OK) {
        response_problem(&request->response, err, &why);
        if (err == GALEN_ERR_LIMIT && (route->flags & API_ANYONE) != 0)
            response_status(&request->response, MHD_HTTP_TOO_MANY_REQUESTS, why.what, why.hint);
        if (request->response.status >= 500 && err != GALEN_ERR_NETWORK)
            base_log(BASE_LOG_WARN, "%s %s: %s", route->method, route->pattern, why.what);
    } else if ((route->flags & API_RAW) == 0) {
        if (result == NULL)
            request->response.status = MHD_HTTP_NO_CONTENT;
        else
            response_json(&request->response, MHD_HTTP_OK, result);
    }
    if (err == GALEN_OK && (route->flags & API_WAKES) != 0) {
        thread_wake(&worker->node->watcher);
        thread_wake(&worker->node->pusher);
    }
    record_json_put(&call.body);
    free(call.params[0]);
    free(call.params[1]);
}

void route_answer(struct node_worker *worker, struct node_request *request)
{
    if (request->route == NULL)
        response_status(&request->response, MHD_HTTP_NOT_FOUND, "there is nothing here",
                        "docs/openapi.yaml lists what there is");
    else if (session_identify(worker, request) && may_use(request->route, request))
        call_route(worker, request);
}
