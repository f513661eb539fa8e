/* libcurl's easy interface, one handle a client. */
#include "http/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONNECT_TIMEOUT_MS 5000
#define DEFAULT_TIMEOUT_MS         20000
#define DEFAULT_RESPONSE_MAX       ((size_t)16 << 20)

struct http_client {
    CURL *curl;
    char *url;
    char origin[HTTP_ORIGIN_TEXT];
    bool is_loopback;
    struct http_options options;
    struct base_buf body; /* the answer being received */
    bool is_too_large;
};

static size_t receive(char *data, size_t size, size_t count, void *user)
{
    struct http_client *client = user;
    size_t len = size * count;
    if (len > client->options.max_response_bytes - client->body.len) {
        client->is_too_large = true;
        return 0;
    }
    return base_buf_append(&client->body, data, len) == GALEN_OK ? len : 0;
}

/* ---- set-up -------------------------------------------------------------------------------- */

/* What may be shown of the URL; whether it is one at all, and one on this machine. */
static enum galen_err read_url(struct http_client *client, const char *url,
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
        int len = snprintf(client->origin, sizeof client->origin, "%s://%s:%s", scheme, host, port);
        good = len > 0 && (size_t)len < sizeof client->origin;
        client->is_loopback = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                              strncmp(host, "127.", 4) == 0;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    if (!good)
        return base_fail(info, GALEN_ERR_USAGE,
                         "%s's endpoint is not an http:// or https:// address",
                         client->options.peer);
    return GALEN_OK;
}

static enum galen_err set_up(struct http_client *client, struct galen_errinfo *info)
{
    CURL *curl = client->curl;
    bool set = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                                (long)client->options.connect_timeout_ms) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->options.timeout_ms) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK &&
               /* A proxy from the environment cannot reach this machine's own loopback. */
               (!client->is_loopback || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK);
    return set ? GALEN_OK : base_fail(info, GALEN_ERR_INTERNAL, "libcurl refuses its options");
}

enum galen_err http_client_new(struct http_client **out, const char *url,
                               const struct http_options *options, struct galen_errinfo *info)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not start");
    HTTP_CLIENT_AUTO client = calloc(1, sizeof *client);
    if (client == NULL) {
        curl_global_cleanup();
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    client->options = *options;
    if (client->options.connect_timeout_ms == 0)
        client->options.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    if (client->options.timeout_ms == 0)
        client->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (client->options.max_response_bytes == 0)
        client->options.max_response_bytes = DEFAULT_RESPONSE_MAX;
    client->curl = curl_easy_init();
    client->url = strdup(url);
    if (client->curl == NULL || client->url == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(read_url(client, url, info));
    GALEN_TRY(set_up(client, info));
    *out = client;
    client = NULL;
    return GALEN_OK;
}

void http_client_free(struct http_client **client)
{
    if (client == NULL || *client == NULL)
        return;
    curl_easy_cleanup((*client)->curl);
    base_buf_clear(&(*client)->body);
    free((*client)->url);
    free(*client);
    *client = NULL;
    curl_global_cleanup();
}

const char *http_client_origin(const struct http_client *client)
{
    return client->origin;
}

/* ---- a request ------------------------------------------------------------------------------- */

static enum galen_err transport_fail(const struct http_client *client, CURLcode code,
                                     struct galen_errinfo *info)
{
    const char *peer = client->options.peer;
    if (client->is_too_large)
        return base_fail(info, GALEN_ERR_LIMIT, "the answer of %s is larger than %zu bytes",
                         client->origin, client->options.max_response_bytes);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        (void)base_fail(info, GALEN_ERR_NETWORK, "cannot connect to %s at %s", peer,
                        client->origin);
        (void)base_hint(info, "is the node running, and is the address right?");
        return GALEN_ERR_NETWORK;
    case CURLE_OPERATION_TIMEDOUT:
        (void)base_fail(info, GALEN_ERR_NETWORK, "%s at %s did not answer in time", peer,
                        client->origin);
        (void)base_hint(info, "try again, or another endpoint");
        return GALEN_ERR_NETWORK;
    default:
        return base_fail(info, GALEN_ERR_NETWORK, "%s at %s cannot be asked: %s", peer,
                         client->origin, curl_easy_strerror(code));
    }
}

enum galen_err http_status_fail(const struct http_client *client, long status,
                                struct galen_errinfo *info)
{
    (void)base_fail(info, GALEN_ERR_NETWORK, "%s at %s answers with HTTP status %ld",
                    client->options.peer, client->origin, status);
    if (status == 401 || status == 403)
        (void)base_hint(info, "the endpoint wants another key or address");
    else if (status == 429)
        (void)base_hint(info, "the endpoint limits requests: wait, or use another");
    else if (status >= 300 && status < 400)
        (void)base_hint(info, "redirects are not followed: give the final address");
    return GALEN_ERR_NETWORK;
}

static void free_headers(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
}

static void free_form(curl_mime **form)
{
    curl_mime_free(*form);
}

static enum galen_err add_header(struct curl_slist **headers, const char *name, const char *value,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO line = {0};
    GALEN_TRY(base_buf_printf(&line, "%s: %s", name, value));
    struct curl_slist *longer = curl_slist_append(*headers, (const char *)line.data);
    if (longer == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *headers = longer;
    return GALEN_OK;
}

static bool set_body(CURL *curl, curl_mime **form, const struct http_request *request)
{
    const char *bytes = request->body.len > 0 ? (const char *)request->body.data : "";
    if (!request->is_post)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    if (request->form_field == NULL)
        return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes) == CURLE_OK;
    *form = curl_mime_init(curl);
    curl_mimepart *part = *form != NULL ? curl_mime_addpart(*form) : NULL;
    return part != NULL && curl_mime_name(part, request->form_field) == CURLE_OK &&
           curl_mime_filename(part, request->form_field) == CURLE_OK &&
           curl_mime_type(part, "application/octet-stream") == CURLE_OK &&
           curl_mime_data(part, bytes, request->body.len) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MIMEPOST, *form) == CURLE_OK;
}

enum galen_err http_perform(struct http_client *client, long *status, struct base_buf *body,
                            const struct http_request *request, struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_headers) struct curl_slist *headers = NULL;
    GALEN_CLEANUP(free_form) curl_mime *form = NULL;
    BASE_BUF_AUTO url = {0};
    CURL *curl = client->curl;
    base_buf_clear(&client->body);
    client->is_too_large = false;
    GALEN_TRY(
        base_buf_printf(&url, "%s%s", client->url, request->target != NULL ? request->target : ""));
    if (request->type != NULL)
        GALEN_TRY(add_header(&headers, "Content-Type", request->type, info));
    if (request->accept != NULL)
        GALEN_TRY(add_header(&headers, "Accept", request->accept, info));
    if (!set_body(curl, &form, request) ||
        curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl refuses the request");
    CURLcode code = curl_easy_perform(curl);
    long answered = 0;
    enum galen_err err = GALEN_OK;
    if (code != CURLE_OK)
        err = transport_fail(client, code, info);
    else if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answered) != CURLE_OK)
        err = base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not tell the status");
    /* The handle must not keep what ends with this call. */
    (void)!curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    (void)!curl_easy_setopt(curl, CURLOPT_MIMEPOST, NULL);
    if (err == GALEN_OK) {
        *status = answered;
        base_buf_move(body, &client->body);
    }
    base_buf_clear(&client->body);
    return err;
}
