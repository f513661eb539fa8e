/* http: what its files share. */
#ifndef GALEN_HTTP_INTERNAL_H
#define GALEN_HTTP_INTERNAL_H

#include "http/http.h"

#include <curl/curl.h>

struct http_client {
    CURL *curl;
    char *url;
    char origin[HTTP_ORIGIN_TEXT];
    bool is_loopback;
    bool has_tls;
    struct http_options options;
    struct curl_slist *headers; /* of the request under way, */
    curl_mime *form;            /* as this */
    struct base_buf body;       /* the answer being received */
    bool is_too_large;
    bool is_refused; /* by the guard, for one address at least */
    int64_t retry_after_s;
};

/* Makes the handle ready; request's body is borrowed until the end. After a failure: http_release.
 */
GALEN_MUST_CHECK enum galen_err http_begin(struct http_client *client,
                                           const struct http_request *request,
                                           struct galen_errinfo *info);
/* What became of it, as http_perform says it. */
GALEN_MUST_CHECK enum galen_err http_end(struct http_client *client, CURLcode code, long *status,
                                         struct base_buf *body, struct galen_errinfo *info);
void http_release(struct http_client *client); /* what a request held */

#endif
