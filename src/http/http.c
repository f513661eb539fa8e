/* libcurl's easy interface, one handle a client. */
#include "http/internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONNECT_TIMEOUT_MS 5000
#define DEFAULT_TIMEOUT_MS         20000
#define DEFAULT_RESPONSE_MAX       ((size_t)16 << 20)

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

/* In place of socket(): the address that curl is about to connect to, however its name led there.
 */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_client *client = user;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    bool allowed = false;
    if (address->family == AF_INET && address->addrlen == sizeof ipv4) {
        memcpy(&ipv4, &address->addr, sizeof ipv4);
        allowed = http_guard_allows(client->options.guard, (const uint8_t *)&ipv4.sin_addr, 4,
                                    client->has_tls);
    } else if (address->family == AF_INET6 && address->addrlen == sizeof ipv6) {
        /* The room behind addr is a whole sockaddr_storage: curl_sockaddr's own comment. */
        memcpy(&ipv6, (const void *)&address->addr, sizeof ipv6);
        allowed = http_guard_allows(client->options.guard, (const uint8_t *)&ipv6.sin6_addr, 16,
                                    client->has_tls);
    }
    if (allowed)
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    client->is_refused = true;
    return CURL_SOCKET_BAD;
}

static bool has_part(CURLU *parts, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(parts, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

/* What only the operator may write into an address. */
static bool is_plain_address(CURLU *parts, const char *port)
{
    return !has_part(parts, CURLUPART_USER) && !has_part(parts, CURLUPART_PASSWORD) &&
           !has_part(parts, CURLUPART_QUERY) && !has_part(parts, CURLUPART_FRAGMENT) &&
           strcmp(port, "0") != 0;
}

/* What may be shown of the URL; whether it is one at all, and one on this machine. */
static enum galen_err read_url(struct http_client *client, const char *url,
                               struct galen_errinfo *info)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool is_plain = false;
    bool good = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (good) {
        int len = snprintf(client->origin, sizeof client->origin, "%s://%s:%s", scheme, host, port);
        good = len > 0 && (size_t)len < sizeof client->origin;
        client->has_tls = strcmp(scheme, "https") == 0;
        client->is_loopback = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                              strncmp(host, "127.", 4) == 0;
        is_plain = is_plain_address(parts, port);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    if (!good)
        return base_fail(info, GALEN_ERR_USAGE,
                         "%s's endpoint is not an http:// or https:// address",
                         client->options.peer);
    if (client->options.guard != NULL && !is_plain)
        return base_fail(info, GALEN_ERR_USAGE,
                         "%s's address has a user, a password, a query, a fragment or port 0",
                         client->options.peer);
    return GALEN_OK;
}

static bool set_guard(struct http_client *client)
{
    CURL *curl = client->curl;
    const char *ca_file = client->options.guard->ca_file;
    return curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, client) == CURLE_OK &&
           (ca_file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK);
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
               (!client->is_loopback || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK) &&
               (client->options.guard == NULL || set_guard(client));
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
    http_release(*client);
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
    if (client->is_refused && code == CURLE_COULDNT_CONNECT) {
        (void)base_fail(info, GALEN_ERR_CHECK,
                        client->has_tls ? "%s at %s is not at a public address"
                                        : "%s at %s is without TLS (https)",
                        peer, client->origin);
        (void)base_hint(info, "where that is meant, name its network in config.json's "
                              "inbox_allow_networks");
        return GALEN_ERR_CHECK;
    }
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        (void)base_fail(info, GALEN_ERR_NETWORK, "%s at %s cannot be trusted: %s", peer,
                        client->origin, curl_easy_strerror(code));
        (void)base_hint(info, "a private certificate authority is named in config.json's inbox_ca");
        return GALEN_ERR_NETWORK;
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

void http_release(struct http_client *client)
{
    curl_slist_free_all(client->headers);
    curl_mime_free(client->form);
    client->headers = NULL;
    client->form = NULL;
}

enum galen_err http_begin(struct http_client *client, const struct http_request *request,
                          struct galen_errinfo *info)
{
    BASE_BUF_AUTO url = {0};
    CURL *curl = client->curl;
    base_buf_clear(&client->body);
    client->is_too_large = false;
    client->is_refused = false;
    client->retry_after_s = 0;
    GALEN_TRY(
        base_buf_printf(&url, "%s%s", client->url, request->target != NULL ? request->target : ""));
    if (request->type != NULL)
        GALEN_TRY(add_header(&client->headers, "Content-Type", request->type, info));
    if (request->accept != NULL)
        GALEN_TRY(add_header(&client->headers, "Accept", request->accept, info));
    if (!set_body(curl, &client->form, request) ||
        curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl refuses the request");
    return GALEN_OK;
}

enum galen_err http_end(struct http_client *client, CURLcode code, long *status,
                        struct base_buf *body, struct galen_errinfo *info)
{
    CURL *curl = client->curl;
    long answered = 0;
    curl_off_t wait_s = 0;
    enum galen_err err = GALEN_OK;
    if (code != CURLE_OK)
        err = transport_fail(client, code, info);
    else if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answered) != CURLE_OK ||
             curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_s) != CURLE_OK)
        err = base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not tell the status");
    /* The handle must not keep what ends with this call. */
    (void)!curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    (void)!curl_easy_setopt(curl, CURLOPT_MIMEPOST, NULL);
    (void)!curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    http_release(client);
    if (err == GALEN_OK) {
        *status = answered;
        client->retry_after_s = wait_s > 0 ? (int64_t)wait_s : 0;
        base_buf_move(body, &client->body);
    }
    base_buf_clear(&client->body);
    return err;
}

enum galen_err http_perform(struct http_client *client, long *status, struct base_buf *body,
                            const struct http_request *request, struct galen_errinfo *info)
{
    enum galen_err err = http_begin(client, request, info);
    if (err != GALEN_OK) {
        http_release(client);
        return err;
    }
    return http_end(client, curl_easy_perform(client->curl), status, body, info);
}

int64_t http_client_retry_after_s(const struct http_client *client)
{
    return client->retry_after_s;
}
