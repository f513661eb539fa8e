/* A small HTTP server on 127.0.0.1 for tests of what goes between nodes: one thread a connection,
 * one request each. */
#ifndef GALEN_TESTS_WORKFLOW_POST_SERVER_H
#define GALEN_TESTS_WORKFLOW_POST_SERVER_H

#include "base/base.h"

struct post_server;

struct post_server_request {
    const char *method, *path, *type; /* type: of the body; "" when not said */
    struct base_view body;
};
struct post_server_answer {
    int status;           /* 0: the connection is closed without an answer; -1: and only after the
                             server is stopped */
    const char *headers;  /* lines with \r\n; NULL: none */
    struct base_buf body; /* freed by the server */
};
/* Called by one thread at a time. */
typedef void post_server_handler(void *user, const struct post_server_request *request,
                                 struct post_server_answer *answer);

struct post_server *post_server_start(post_server_handler *handler, void *user);
void post_server_stop(struct post_server **server);
unsigned post_server_port(const struct post_server *server);

#endif
