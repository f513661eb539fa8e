/*
 * http: one HTTP client for everything that Galen asks over the network. Bounded in time and size,
 * no redirects, http and https only, nothing of the URL but scheme, host and port in error texts.
 *
 * Stands on libcurl. What an answer's status or body means is the caller's.
 */
#ifndef GALEN_HTTP_H
#define GALEN_HTTP_H

#include "base/base.h"

#define HTTP_ORIGIN_TEXT 300

struct http_client;

struct http_options {
    const char *peer; /* what is asked, for error texts: "the chain"; borrowed, a constant */
    unsigned connect_timeout_ms; /* 0: 5,000 */
    unsigned timeout_ms;         /* for a whole request; 0: 20,000 */
    size_t max_response_bytes;   /* 0: 16 MiB */
};

/* One connection, kept open between requests; for one thread at a time. url is the address that
 * requests' targets are appended to; it may carry a user and a password (Basic). USAGE when it is
 * no http:// or https:// address. *out is owned by the caller. */
GALEN_MUST_CHECK enum galen_err http_client_new(struct http_client **out, const char *url,
                                                const struct http_options *options,
                                                struct galen_errinfo *info);
void http_client_free(struct http_client **client); /* NULL inside is fine */
#define HTTP_CLIENT_AUTO GALEN_CLEANUP(http_client_free) struct http_client *

/* scheme://host:port, which may be shown. */
const char *http_client_origin(const struct http_client *client);

struct http_request {
    const char *target;     /* appended to the client's URL, encoded already; NULL: nothing */
    const char *accept;     /* NULL: anything */
    bool is_post;           /* else GET, without a body */
    const char *type;       /* the body's media type; NULL with a form */
    const char *form_field; /* not NULL: the body is sent as this file of a multipart form */
    struct base_view body;
};

/* Sends and waits. *status is the HTTP status, body (replaced) what came with it. NETWORK: no
 * answer in time, or none at all; LIMIT: a longer answer than max_response_bytes. On failure the
 * outputs are untouched. */
GALEN_MUST_CHECK enum galen_err http_perform(struct http_client *client, long *status,
                                             struct base_buf *body,
                                             const struct http_request *request,
                                             struct galen_errinfo *info);

/* NETWORK, with what a status other than the expected usually means. */
GALEN_MUST_CHECK enum galen_err http_status_fail(const struct http_client *client, long status,
                                                 struct galen_errinfo *info);

#endif
