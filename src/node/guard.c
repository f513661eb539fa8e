/*
 * What is refused before anything is read or done. A page of another site must not be able to use
 * this node through its visitor's browser, and a name that another's DNS points here must not reach
 * it: Host must be one of the node's own, Origin, where a browser says it, too; and what changes
 * something must be JSON, which no plain form can send.
 */
#include "node/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "HOST[:PORT]" is this node's. Other nodes come by the name that the profile says. */
static bool is_own_host(const struct node *node, const char *host)
{
    char name[256];
    if (strcasecmp(host, node->address) == 0)
        return true;
    if (node->is_loopback) {
        snprintf(name, sizeof name, "localhost:%u", node->port);
        if (strcasecmp(host, name) == 0)
            return true;
    }
    for (size_t i = 0; i < node->n_names; i++) {
        snprintf(name, sizeof name, "%s:%u", node->names[i], node->port);
        if (strcasecmp(host, name) == 0 || strcasecmp(host, node->names[i]) == 0)
            return true;
    }
    return false;
}

static bool is_own_origin(const struct node *node, const char *origin)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], len) == 0)
            return is_own_host(node, origin + len);
    }
    return false;
}

static bool is_media_type(const char *value, const char *type)
{
    size_t len = strlen(type);
    return value != NULL && strncasecmp(value, type, len) == 0 &&
           (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

static size_t body_max(const struct api_route *route)
{
    return route != NULL && route->body_max != 0 ? route->body_max : NODE_BODY_MAX;
}

static bool refuse(struct node_request *request, unsigned status, const char *what,
                   const char *hint)
{
    response_status(&request->response, status, what, hint);
    return false;
}

bool guard_admits(struct node *node, struct node_request *request)
{
    const char *host = node_header(request, "Host");
    const char *origin = node_header(request, "Origin");
    const char *length = node_header(request, "Content-Length");
    const char *type = node_header(request, "Content-Type");
    bool is_read = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    bool has_body = (length != NULL && strcmp(length, "0") != 0) ||
                    node_header(request, "Transfer-Encoding") != NULL;
    if (host == NULL || !is_own_host(node, host))
        return refuse(request, MHD_HTTP_MISDIRECTED_REQUEST, "this is not the node's name",
                      "start it with --name NAME to let requests come by that name");
    if (origin != NULL && !is_own_origin(node, origin))
        return refuse(request, MHD_HTTP_FORBIDDEN, "requests from other sites are refused", NULL);
    if (!route_find(request))
        return false;
    if (length != NULL && strtoull(length, NULL, 10) > body_max(request->route))
        return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large",
                      "send less at once");
    if (has_body && is_read)
        return refuse(request, MHD_HTTP_BAD_REQUEST, "a GET request has no body", NULL);
    if (has_body && !is_media_type(type, "application/json") &&
        !is_media_type(type, "application/jose") && !is_media_type(type, "application/jose+json") &&
        !is_media_type(type, "application/fhir+json") &&
        !is_media_type(type, "application/octet-stream"))
        return refuse(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "the body's media type is not one that the node takes",
                      "send application/json");
    return true;
}
