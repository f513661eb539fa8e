/*
 * http: one HTTP client for everything that Galen asks over the network. Bounded in time and size,
 * no redirects, http and https only, nothing of the URL but scheme, host and port in error texts.
 *
 * Some addresses are the operator's own configuration and asked as they are. Others come from
 * anyone's profile: those are asked behind a guard, or this machine could be made to ask its own
 * network on a stranger's behalf.
 *
 * Stands on libcurl. What an answer's status or body means is the caller's.
 */
#ifndef GALEN_HTTP_H
#define GALEN_HTTP_H

#include "base/base.h"

#define HTTP_ORIGIN_TEXT 300

/* ---- addresses from outside (guard.c) ---- */

/* A block of addresses in CIDR notation. */
struct http_network {
    uint8_t address[16]; /* IPv4: the first four */
    size_t len;          /* 4 or 16 */
    unsigned bits;
};
/* "10.0.0.0/8", "fd00::/8". PARSE unless it is an address, a slash and a length in decimal, with
 * nothing else around and no bit set beyond the length; IPv4 in an IPv6 form is refused. */
GALEN_MUST_CHECK enum galen_err http_network_parse(struct http_network *out, const char *text,
                                                   struct galen_errinfo *info);

#define HTTP_NETWORK_TEXT 50
void http_network_format(char out[HTTP_NETWORK_TEXT], const struct http_network *network);

/* Borrowed; must outlive the clients that use it. */
struct http_guard {
    const struct http_network *networks; /* may be asked although not public, or without TLS */
    size_t n_networks;
    const char *ca_file; /* PEM: certificate authorities beside the system's; NULL: none */
};
/* May a connection go to this address of len 4 or 16 bytes? Public ones, with TLS; those in the
 * guard's networks, in any way. IPv4 within IPv6 (mapped, NAT64 64:ff9b::/96) counts as what it
 * leads to. */
bool http_guard_allows(const struct http_guard *guard, const uint8_t *address, size_t len,
                       bool has_tls);

/* ---- clients ---- */

struct http_client;

struct http_options {
    const char *peer; /* what is asked, for error texts: "the chain"; borrowed, a constant */
    unsigned connect_timeout_ms; /* 0: 5,000 */
    unsigned timeout_ms;         /* for a whole request; 0: 20,000 */
    size_t max_response_bytes;   /* 0: 16 MiB */
    /* NULL: the operator's own address. Else one from outside: http_guard_allows decides on the
     * very address that is connected to; no proxy, for it would connect on its own; the URL has no
     * user, password, query or fragment. */
    const struct http_guard *guard;
};

/* One connection, kept open between requests; for one thread at a time. url is the address that
 * requests' targets are appended to; it may carry a user and a password (Basic). USAGE when it is
 * no http:// or https:// address, or not one that the guard can take. *out is owned by the caller.
 */
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
 * answer in time, or none at all; LIMIT: a longer answer than max_response_bytes; CHECK: the guard
 * refuses where the name leads. On failure the outputs are untouched. */
GALEN_MUST_CHECK enum galen_err http_perform(struct http_client *client, long *status,
                                             struct base_buf *body,
                                             const struct http_request *request,
                                             struct galen_errinfo *info);

/* Seconds that the last answer asked to wait (Retry-After, a number or a date); 0: none. */
int64_t http_client_retry_after_s(const struct http_client *client);

/* Several at once, each with a client of its own. A pool keeps connections between calls; for one
 * thread at a time. Free it before its clients. */
struct http_pool;
GALEN_MUST_CHECK enum galen_err http_pool_new(struct http_pool **out, struct galen_errinfo *info);
void http_pool_free(struct http_pool **pool); /* NULL inside is fine */
#define HTTP_POOL_AUTO GALEN_CLEANUP(http_pool_free) struct http_pool *

struct http_exchange {
    struct http_client *client;
    struct http_request request;
    enum galen_err err; /* as http_perform's, with its details */
    struct galen_errinfo why;
    long status;
    struct base_buf body; /* owned: base_buf_clear */
};
/* Performs all, waits for all. Fails (INTERNAL, NOMEM) only when none could be started: what became
 * of each stands in it. */
GALEN_MUST_CHECK enum galen_err http_pool_perform(struct http_pool *pool,
                                                  struct http_exchange *exchanges, size_t n,
                                                  struct galen_errinfo *info);

/* NETWORK, with what a status other than the expected usually means. */
GALEN_MUST_CHECK enum galen_err http_status_fail(const struct http_client *client, long status,
                                                 struct galen_errinfo *info);

#endif
