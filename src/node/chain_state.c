/* The embedded chain's folder. */
#include "node/chain_state.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STATE_MAX_BYTES ((size_t)1 << 30)
#define STATE_MAX_DEPTH 64

struct node_state {
    int lock;
    char dir[PATH_MAX - 16];
    char path[PATH_MAX];
    char kept[PATH_MAX];
    char port[PATH_MAX];
};

enum galen_err node_state_open(struct node_state **out, const char *dir, int64_t patience_ms,
                               struct galen_errinfo *info)
{
    GALEN_CLEANUP(node_state_close) struct node_state *state = calloc(1, sizeof *state);
    char lock_path[PATH_MAX];
    if (state == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    state->lock = -1;
    if ((size_t)snprintf(state->dir, sizeof state->dir, "%s", dir) >= sizeof state->dir)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    snprintf(state->path, PATH_MAX, "%s/state.json", dir);
    snprintf(state->kept, PATH_MAX, "%s/kept.json", dir);
    snprintf(state->port, PATH_MAX, "%s/port", dir);
    snprintf(lock_path, PATH_MAX, "%s/lock", dir);
    GALEN_TRY(base_dir_make(dir, 0700, info));
    int64_t give_up = base_monotonic_ms() + patience_ms;
    const struct timespec pause = {.tv_nsec = 50 * 1000000};
    enum galen_err err;
    while ((err = base_file_lock(&state->lock, lock_path, false, info)) == GALEN_ERR_STATE) {
        if (base_monotonic_ms() > give_up) {
            base_fail(info, GALEN_ERR_STATE, "another process runs the embedded chain of %s", dir);
            (void)base_hint(info, "a home has one node at a time; stop the other one first");
            return GALEN_ERR_STATE;
        }
        nanosleep(&pause, NULL);
    }
    GALEN_TRY(err);
    *out = state;
    state = NULL;
    return GALEN_OK;
}

void node_state_close(struct node_state **state)
{
    if (*state == NULL)
        return;
    base_fd_close(&(*state)->lock);
    free(*state);
    *state = NULL;
}

int node_state_lock(const struct node_state *state)
{
    return state->lock;
}

const char *node_state_path(const struct node_state *state)
{
    return state->path;
}

/* ---- port --------------------------------------------------------------------------------------- */

static unsigned read_port(const char *path)
{
    BASE_BUF_AUTO text = {0};
    unsigned port = 0;
    char rest = 0;
    if (base_file_read(&text, path, 16, NULL) != GALEN_OK ||
        sscanf((const char *)text.data, "%5u%c", &port, &rest) != 2 || rest != '\n' || port > 65535)
        return 0;
    return port;
}

unsigned node_state_port(const struct node_state *state)
{
    return read_port(state->port);
}

enum galen_err node_state_set_port(const struct node_state *state, unsigned port,
                                   struct galen_errinfo *info)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u\n", port);
    return base_file_write(state->port, text, (size_t)len, 0600, info);
}

bool node_state_port_is_free(unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1; /* what just ended there is no hindrance; who listens there is */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool is_free = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_free;
}

bool node_state_is_of(const char *dir, const char *url)
{
    char path[PATH_MAX];
    char own[48];
    if ((size_t)snprintf(path, sizeof path, "%s/port", dir) >= sizeof path)
        return false;
    unsigned port = read_port(path);
    snprintf(own, sizeof own, "http://127.0.0.1:%u", port);
    return port != 0 && strcmp(url, own) == 0;
}

/* ---- state -------------------------------------------------------------------------------------- */

/* OK with the bytes when it is one JSON object to its end. */
static enum galen_err read_whole(struct base_buf *out, const char *path, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(base_file_read(&text, path, STATE_MAX_BYTES, info));
    struct json_tokener *tokener = json_tokener_new_ex(STATE_MAX_DEPTH);
    if (tokener == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *value =
        text.len <= INT_MAX ? json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.len)
                            : NULL;
    bool whole = value != NULL && json_object_is_type(value, json_type_object);
    json_object_put(value);
    json_tokener_free(tokener);
    if (!whole)
        return base_fail(info, GALEN_ERR_CHECK, "%s is not whole", path);
    base_buf_move(out, &text);
    return GALEN_OK;
}

enum galen_err node_state_repair(const struct node_state *state, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    enum galen_err err = read_whole(&text, state->path, info);
    if (err == GALEN_OK)
        return GALEN_OK;
    bool never_written = err == GALEN_ERR_NOT_FOUND;
    if (!never_written && err != GALEN_ERR_CHECK)
        return err;
    err = read_whole(&text, state->kept, info);
    if (err == GALEN_ERR_NOT_FOUND && never_written)
        return GALEN_OK;
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK) {
        base_fail(info, GALEN_ERR_CHECK, "the embedded chain's state in %s is damaged", state->dir);
        (void)base_hint(info, err == GALEN_ERR_CHECK
                                  ? "restore the home from a backup"
                                  : "it never lived for long; remove that folder to begin anew");
        return GALEN_ERR_CHECK;
    }
    GALEN_TRY(err);
    base_log(BASE_LOG_WARN,
             "the embedded chain's state was cut off; it goes on from the last copy");
    return base_file_write(state->path, text.data, text.len, 0600, info);
}

bool node_state_keep(const struct node_state *state)
{
    BASE_BUF_AUTO text = {0};
    return read_whole(&text, state->path, NULL) == GALEN_OK &&
           base_file_write(state->kept, text.data, text.len, 0600, NULL) == GALEN_OK;
}
