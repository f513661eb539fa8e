/*
 * node: a home that is always on — the HTTP API, the chain watcher, the delivery of messages, and
 * what supervises them. Stands on libmicrohttpd and workflow.
 *
 * Threads. libmicrohttpd's own (epoll) takes requests in; workers answer them, each with its own
 * handles on the home; the watcher synchronises; the delivery sends messages to other nodes.
 * Nothing but the handles' database, the key store's files and the small structures in internal.h,
 * each behind its lock, is shared. A request goes: server.c (bytes) → guard.c (may it come in) →
 * jobs.c (a worker) → session.c (who is it) → route.c (which function) → api_*.c → workflow.
 */
#ifndef GALEN_NODE_H
#define GALEN_NODE_H

#include "base/base.h"
#include "workflow/workflow.h"

#define NODE_DEFAULT_LISTEN "127.0.0.1:8440"

struct node_options {
    const struct workflow_options *home; /* with its password */
    const char *listen;                  /* ADDRESS:PORT, [ADDRESS6]:PORT; port 0: a free one */
    const char *tls_certificate;         /* PEM files; both or neither */
    const char *tls_key;
    const char *const *names; /* host names, beside the address, that requests may come to */
    size_t n_names;
    bool embedded_chain; /* a chain of its own, for a home that has none: embedded_chain.h */
    unsigned poll_ms;    /* between two looks at the chain; 0: 1,000 */
    /* Called once when requests are taken; url is borrowed. NULL: nobody. */
    void (*ready)(void *user, const char *url);
    void *user;
};

/* Runs until SIGINT or SIGTERM, which it takes (and blocks in the threads it makes); then lets what
 * runs finish. STATE: another node has this home. USAGE: an option is off. Writes the files
 * node.url and node.token (0600) into the home while it runs: the address, and the bearer token of
 * who may read the home's files. */
GALEN_MUST_CHECK enum galen_err node_run(const struct node_options *options,
                                         struct galen_errinfo *info);

#endif
