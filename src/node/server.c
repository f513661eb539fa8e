/*
 * Requests in, answers out: libmicrohttpd in one thread. A request whose body has come is put into
 * the workers' queue and its connection suspended until the answer is there. A timer thread cuts
 * connections that take too long to say what they want.
 */
#include "node/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX    1024
#define CONNECTIONS_PER_IP 128 /* unless only this machine can connect */
#define HEADERS_MAX        (24 * 1024)
#define IDLE_TIMEOUT_S     60
#define READ_PAST_MAX      (2 * NODE_BODY_MAX)
#define REQUEST_MAX_MS     30000 /* for all of a request to come, from the connection's last one */
#define TICK_MS            1000
#define STREAM_TICK_TICKS  15

struct node_connection {
    struct node_connection *before, *after;
    int fd;
    int64_t since_ms; /* waits for a request, or the rest of one, since then; 0: it does not */
};
struct node_connections {
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool is_stopping;
    pthread_t timer;
    struct node_connection list; /* a ring; this is its head */
};

/* ---- connections ------------------------------------------------------------------------------ */

static void connection_waits(struct node *node, struct MHD_Connection *connection, bool waits)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == NULL || info->socket_context == NULL)
        return;
    struct node_connection *seen = info->socket_context;
    pthread_mutex_lock(&node->connections->lock);
    seen->since_ms = waits ? base_monotonic_ms() : 0;
    pthread_mutex_unlock(&node->connections->lock);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct node_connections *all = ((struct node *)user)->connections;
    struct node_connection *one = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info == NULL || (one = calloc(1, sizeof *one)) == NULL)
            return;
        one->fd = info->connect_fd;
        one->since_ms = base_monotonic_ms();
        pthread_mutex_lock(&all->lock);
        one->after = all->list.after;
        one->before = &all->list;
        all->list.after->before = one;
        all->list.after = one;
        pthread_mutex_unlock(&all->lock);
        *context = one;
    } else if (one != NULL) {
        pthread_mutex_lock(&all->lock);
        one->before->after = one->after;
        one->after->before = one->before;
        pthread_mutex_unlock(&all->lock);
        free(one);
        *context = NULL;
    }
}

/* Shut down, not closed: the descriptor is libmicrohttpd's. */
static void *run_timer(void *user)
{
    struct node *node = user;
    struct node_connections *all = node->connections;
    unsigned ticks = 0;
    pthread_mutex_lock(&all->lock);
    while (!all->is_stopping) {
        int64_t now = base_monotonic_ms();
        for (struct node_connection *one = all->list.after; one != &all->list; one = one->after)
            if (one->since_ms != 0 && now - one->since_ms > REQUEST_MAX_MS)
                shutdown(one->fd, SHUT_RDWR);
        if (++ticks % STREAM_TICK_TICKS == 0) {
            pthread_mutex_unlock(&all->lock);
            feed_tick(node);
            pthread_mutex_lock(&all->lock);
            if (all->is_stopping)
                break;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += TICK_MS / 1000;
        pthread_cond_timedwait(&all->stop, &all->lock, &until);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- requests --------------------------------------------------------------------------------- */

const char *node_header(const struct node_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *node_query(const struct node_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void request_free(struct node_request *request)
{
    if (request == NULL)
        return;
    free(request->path);
    base_buf_clear(&request->body);
    base_buf_clear(&request->response.body);
    free(request);
}

static struct node_request *request_new(struct MHD_Connection *connection, const char *method,
                                        const char *path)
{
    struct node_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->connection = connection;
    request->started_ms = base_monotonic_ms();
    snprintf(request->method, sizeof request->method, "%s", method);
    request->path = strdup(path);
    if (request->path == NULL) {
        free(request);
        return NULL;
    }
    return request;
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_transport_header(const struct node *node, struct MHD_Response *response)
{
    return !node->has_tls || add_header(response, "Strict-Transport-Security", "max-age=31536000");
}

static enum MHD_Result send_file(const struct node *node, const struct node_file *file,
                                 const struct node_request *request)
{
    unsigned status = 0;
    struct MHD_Response *response = web_response(file, request, &status);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result sent = add_transport_header(node, response)
                               ? MHD_queue_response(request->connection, status, response)
                               : MHD_NO;
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result send_response(struct node *node, struct node_request *request)
{
    struct node_response *from = &request->response;
    struct MHD_Response *response = NULL;
    char retry[16];
    char download[128];
    if (from->is_stream) {
        response = feed_open(node, request);
        if (response == NULL)
            response_status(from, MHD_HTTP_SERVICE_UNAVAILABLE, "too many event streams are open",
                            "close one, or try again later");
    }
    if (response == NULL)
        response = MHD_create_response_from_buffer(from->body.len, from->body.data,
                                                   MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    snprintf(retry, sizeof retry, "%u", from->retry_after_s);
    snprintf(download, sizeof download, "attachment; filename=\"%s\"", from->download);
    bool good =
        add_header(response, "X-Content-Type-Options", "nosniff") &&
        add_header(response, "Referrer-Policy", "no-referrer") &&
        add_header(response, "Cache-Control",
                   from->allow_cache ? "public, max-age=31536000, immutable" : "no-store") &&
        (from->type == NULL || add_header(response, "Content-Type", from->type)) &&
        (from->allow[0] == '\0' || add_header(response, "Allow", from->allow)) &&
        (from->cookie[0] == '\0' || add_header(response, "Set-Cookie", from->cookie)) &&
        (from->download[0] == '\0' || add_header(response, "Content-Disposition", download)) &&
        (from->retry_after_s == 0 || add_header(response, "Retry-After", retry)) &&
        (from->status != MHD_HTTP_UNAUTHORIZED ||
         add_header(response, "WWW-Authenticate", "Bearer realm=\"galen\"")) &&
        add_transport_header(node, response);
    enum MHD_Result sent = good ? MHD_queue_response(request->connection, from->status, response)
                                : MHD_NO;
    MHD_destroy_response(response);
    return sent;
}

void server_answered(struct node_request *request)
{
    struct MHD_Connection *connection = request->connection;
    atomic_store(&request->is_answered, true);
    MHD_resume_connection(connection);
}

/* Whoever is still sending when the connection is closed may lose the answer: what is refused is
 * read past, up to a bound, unless the client waits for a word before it sends. */
static bool is_read_past(const struct node_request *request)
{
    const char *length = node_header(request, "Content-Length");
    return node_header(request, "Expect") == NULL &&
           (length == NULL || strtoull(length, NULL, 10) <= READ_PAST_MAX);
}

static enum MHD_Result take_body(struct node_request *request, const char *data, size_t *len)
{
    if (request->body.len + *len > NODE_BODY_MAX)
        request->is_too_large = true;
    if (request->is_refused || request->is_too_large) {
        request->body.len += *len;
        if (request->body.len > READ_PAST_MAX)
            return MHD_NO;
    } else if (base_buf_append(&request->body, data, *len) != GALEN_OK) {
        return MHD_NO;
    }
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct node *node = user;
    struct node_request *request = *state;
    if (request == NULL) {
        request = request_new(connection, method, path);
        if (request == NULL)
            return MHD_NO;
        *state = request;
        if (guard_admits(node, request))
            return MHD_YES;
        request->is_refused = true;
        atomic_fetch_add(&node->refused, 1);
        return is_read_past(request) ? MHD_YES : send_response(node, request);
    }
    if (*len > 0)
        return take_body(request, data, len);
    if (atomic_load(&request->is_answered)) {
        metrics_count(node, request);
        return send_response(node, request);
    }
    if (request->is_queued)
        return MHD_YES;
    if (request->is_refused)
        return send_response(node, request);
    if (request->is_too_large) {
        response_status(&request->response, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large",
                        "send less at once");
        return send_response(node, request);
    }
    const struct node_file *file = web_find(request);
    if (file != NULL)
        return send_file(node, file, request);
    connection_waits(node, connection, false);
    request->is_queued = true;
    MHD_suspend_connection(connection);
    if (!jobs_add(node, request)) {
        response_status(&request->response, MHD_HTTP_SERVICE_UNAVAILABLE, "the node is busy",
                        "try again in a moment");
        request->response.retry_after_s = 1;
        server_answered(request);
    }
    return MHD_YES;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    connection_waits(user, connection, true);
    request_free(*state);
    *state = NULL;
}

/* ---- start and stop ---------------------------------------------------------------------------- */

/* "127.0.0.1:8440", "[::1]:0". */
static enum galen_err parse_listen(struct addrinfo **out, const char *text,
                                   struct galen_errinfo *info)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    const char *from = text;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        from++;
        len -= 2;
    }
    const struct addrinfo wanted = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    if (colon != NULL && len > 0 && len < sizeof host) {
        memcpy(host, from, len);
        host[len] = '\0';
        if (colon[1] != '\0' && getaddrinfo(host, colon + 1, &wanted, out) == 0)
            return GALEN_OK;
    }
    base_fail(info, GALEN_ERR_USAGE, "%s is no address to listen on", text);
    return base_hint(info, "an IP address and a port, as in 127.0.0.1:8440 or [::1]:8440");
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static enum galen_err open_socket(struct node *node, const char *listen_on,
                                  struct galen_errinfo *info)
{
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    char host[64], port[8];
    GALEN_TRY(parse_listen(&found, listen_on, info));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0 &&
                getsockname(fd, (struct sockaddr *)&bound, &len) == 0 &&
                getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                            NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    int why = errno;
    node->is_loopback = good && is_loopback(found->ai_addr);
    bool is_v6 = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    if (!good) {
        if (fd >= 0)
            close(fd);
        base_fail(info, GALEN_ERR_NETWORK, "cannot listen on %s: %s", listen_on, strerror(why));
        return base_hint(info, "choose another address with --listen");
    }
    node->listen_fd = fd;
    node->port = (unsigned)strtoul(port, NULL, 10);
    snprintf(node->address, sizeof node->address, is_v6 ? "[%.46s]:%.5s" : "%.46s:%.5s", host,
             port);
    snprintf(node->url, sizeof node->url, "%s://%s", node->has_tls ? "https" : "http",
             node->address);
    return GALEN_OK;
}

/* Half of the descriptors that the process may have, at most. */
static unsigned connections_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < CONNECTIONS_MAX)
        return (unsigned)(limit.rlim_cur / 2);
    return CONNECTIONS_MAX;
}

static void free_connections(struct node *node)
{
    if (node->connections == NULL)
        return;
    pthread_mutex_destroy(&node->connections->lock);
    pthread_cond_destroy(&node->connections->stop);
    free(node->connections);
    node->connections = NULL;
}

enum galen_err server_start(struct node *node, const struct node_options *options,
                            struct galen_errinfo *info)
{
    BASE_BUF_AUTO certificate = {0};
    BASE_BUF_AUTO key = {0};
    node->has_tls = options->tls_certificate != NULL;
    if (node->has_tls != (options->tls_key != NULL))
        return base_fail(info, GALEN_ERR_USAGE, "TLS needs a certificate and its key");
    if (node->has_tls) {
        GALEN_TRY(base_file_read(&certificate, options->tls_certificate, 1 << 20, info));
        GALEN_TRY(base_file_read(&key, options->tls_key, 1 << 20, info));
    }
    node->connections = calloc(1, sizeof *node->connections);
    if (node->connections == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    struct node_connections *all = node->connections;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->stop, NULL);
    all->list.before = all->list.after = &all->list;
    enum galen_err err = open_socket(node, options->listen, info);
    if (err != GALEN_OK) {
        free_connections(node);
        return err;
    }
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, certificate.data},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, key.data},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    node->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            (node->has_tls ? MHD_USE_TLS : 0u),
        (uint16_t)node->port, NULL, NULL, on_request, node, MHD_OPTION_LISTEN_SOCKET,
        node->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, node,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, node, MHD_OPTION_CONNECTION_LIMIT,
        connections_max(), MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        node->is_loopback ? 0u : (unsigned)CONNECTIONS_PER_IP, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, node->has_tls ? tls : none,
        MHD_OPTION_END);
    if (node->daemon == NULL) {
        close(node->listen_fd);
        free_connections(node);
        base_fail(info, GALEN_ERR_CONFIG, "the HTTP server does not start");
        return node->has_tls ? base_hint(info, "check the certificate and key: PEM files, the key "
                                               "without a password")
                             : GALEN_ERR_CONFIG;
    }
    if (pthread_create(&all->timer, NULL, run_timer, node) != 0) {
        MHD_stop_daemon(node->daemon);
        node->daemon = NULL;
        free_connections(node);
        return base_fail(info, GALEN_ERR_NOMEM, "cannot start a thread");
    }
    return GALEN_OK;
}

/* Everything that was queued has been answered: jobs_stop and feed_close came before. */
void server_stop(struct node *node)
{
    if (node->daemon == NULL)
        return;
    pthread_mutex_lock(&node->connections->lock);
    node->connections->is_stopping = true;
    pthread_cond_signal(&node->connections->stop);
    pthread_mutex_unlock(&node->connections->lock);
    pthread_join(node->connections->timer, NULL);
    MHD_stop_daemon(node->daemon); /* closes the socket */
    node->daemon = NULL;
    free_connections(node);
}
