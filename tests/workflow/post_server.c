/* See post_server.h. */
#include "post_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (2 << 20)

struct post_server {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open; /* connections */
    bool stopping;
    post_server_handler *handler;
    void *user;
};

struct connection {
    struct post_server *server;
    int fd;
};

static bool send_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

static const char *header_value(const char *head, const char *name, char out[128])
{
    out[0] = '\0';
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':')
            sscanf(line + 3 + strlen(name), " %127[^\r]", out);
    return out;
}

/* The head's end, or 0. */
static size_t read_request(int fd, struct base_buf *bytes)
{
    size_t need = 0, head = 0;
    while (head == 0 || bytes->len < need) {
        char part[65536];
        char value[128];
        ssize_t len = recv(fd, part, sizeof part, 0);
        if (len <= 0 || bytes->len > REQUEST_MAX ||
            base_buf_append(bytes, part, (size_t)len) != GALEN_OK)
            return 0;
        const char *end = strstr((const char *)bytes->data, "\r\n\r\n");
        if (head == 0 && end != NULL) {
            head = (size_t)(end - (const char *)bytes->data) + 4;
            need = head + strtoul(header_value((const char *)bytes->data, "Content-Length", value),
                                  NULL, 10);
            if (header_value((const char *)bytes->data, "Expect", value)[0] != '\0')
                (void)send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        }
    }
    return head;
}

static void answer_request(struct connection *connection, struct base_buf *bytes, size_t head)
{
    struct post_server *server = connection->server;
    char method[16] = "";
    char path[2048] = "";
    char type[128];
    struct post_server_answer answer = {.status = 500};
    (void)!sscanf((const char *)bytes->data, "%15s %2047s", method, path);
    header_value((const char *)bytes->data, "Content-Type", type);
    const struct post_server_request request = {
        method, path, type, {bytes->data + head, bytes->len - head}};
    pthread_mutex_lock(&server->lock);
    server->handler(server->user, &request, &answer);
    while (answer.status < 0 && !server->stopping)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    if (answer.status > 0) {
        char text[1024];
        snprintf(text, sizeof text,
                 "HTTP/1.1 %d x\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
                 answer.status, answer.body.len, answer.headers != NULL ? answer.headers : "");
        if (send_all(connection->fd, text, strlen(text)) && answer.body.len > 0)
            (void)send_all(connection->fd, answer.body.data, answer.body.len);
    }
    base_buf_clear(&answer.body);
}

static void *serve(void *user)
{
    struct connection *connection = user;
    struct post_server *server = connection->server;
    struct base_buf bytes = {0};
    size_t head = read_request(connection->fd, &bytes);
    if (head > 0)
        answer_request(connection, &bytes, head);
    base_buf_clear(&bytes);
    close(connection->fd);
    free(connection);
    pthread_mutex_lock(&server->lock);
    server->open--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void *run(void *user)
{
    struct post_server *server = user;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_t thread;
        struct connection *connection = calloc(1, sizeof *connection);
        GALEN_ASSERT(connection != NULL);
        *connection = (struct connection){server, fd};
        pthread_mutex_lock(&server->lock);
        server->open++;
        pthread_mutex_unlock(&server->lock);
        GALEN_ASSERT(pthread_create(&thread, NULL, serve, connection) == 0);
        pthread_detach(thread);
    }
}

struct post_server *post_server_start(post_server_handler *handler, void *user)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    struct post_server *server = calloc(1, sizeof *server);
    GALEN_ASSERT(server != NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->handler = handler;
    server->user = user;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    GALEN_ASSERT(server->listener >= 0 &&
                 bind(server->listener, (struct sockaddr *)&address, len) == 0 &&
                 listen(server->listener, 64) == 0 &&
                 getsockname(server->listener, (struct sockaddr *)&address, &len) == 0);
    server->port = ntohs(address.sin_port);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    GALEN_ASSERT(pthread_create(&server->thread, NULL, run, server) == 0);
    return server;
}

void post_server_stop(struct post_server **at)
{
    struct post_server *server = *at;
    if (server == NULL)
        return;
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->changed);
    while (server->open > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
    *at = NULL;
}

unsigned post_server_port(const struct post_server *server)
{
    return server->port;
}
