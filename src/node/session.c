/*
 * Who asks. A browser has a session: a random token in a cookie that scripts cannot read and other
 * sites cannot send, kept here only as its hash, ended by 30 minutes of silence or after 12 hours.
 * Who can read the home's files is its operator: the bearer token in the file node.token, and a
 * header Galen-Identity (name or address) that says for whom.
 */
#include "node/internal.h"

#include <string.h>

#include "store/store.h"

#define IDLE_MS       (30 * 60 * 1000)
#define LIFE_MS       ((int64_t)12 * 3600 * 1000)
#define NONCE_LIFE_MS (5 * 60 * 1000)
#define FAILURES_MAX  5
#define FAILURES_MS   (5 * 60 * 1000)
#define COOKIE        "galen_session"

/* ---- tokens ----------------------------------------------------------------------------------- */

static bool name_of(uint8_t name32[32], const char *token)
{
    uint8_t bytes[NODE_TOKEN_BYTES];
    if (token == NULL || strlen(token) != 2 * sizeof bytes ||
        base_hex_decode(bytes, sizeof bytes, token, "token", NULL) != GALEN_OK)
        return false;
    store_digest(name32, bytes, sizeof bytes);
    base_wipe(bytes, sizeof bytes);
    return true;
}

static bool is_alive(const struct node_session *session, int64_t now)
{
    return now - session->used_ms < IDLE_MS && now - session->begun_ms < LIFE_MS;
}

/* Under the lock. NULL when there is none, or it has ended. */
static struct node_session *find(struct node_sessions *all, const uint8_t name32[32], int64_t now)
{
    static const uint8_t free_name[32];
    for (size_t i = 0; i < NODE_SESSIONS_MAX; i++) {
        struct node_session *session = &all->list[i];
        if (memcmp(session->name32, free_name, 32) != 0 &&
            base_equal_ct(session->name32, name32, 32))
            return is_alive(session, now) ? session : NULL;
    }
    return NULL;
}

static bool refuse(struct node_request *request, const char *what, const char *hint)
{
    response_status(&request->response, MHD_HTTP_UNAUTHORIZED, what, hint);
    return false;
}

static bool identify_session(struct node *node, struct node_request *request, const char *token)
{
    uint8_t name32[32];
    int64_t now = base_monotonic_ms();
    bool found = false;
    if (!name_of(name32, token))
        return false;
    pthread_mutex_lock(&node->sessions.lock);
    struct node_session *session = find(&node->sessions, name32, now);
    if (session != NULL) {
        session->used_ms = now;
        request->access = NODE_IDENTITY;
        request->has_who = true;
        request->who = session->who;
        memcpy(request->role, session->role, sizeof request->role);
        memcpy(request->session32, name32, 32);
        found = true;
    }
    pthread_mutex_unlock(&node->sessions.lock);
    return found;
}

static bool identify_operator(struct node_worker *worker, struct node_request *request,
                              const char *authorization)
{
    static const char scheme[] = "Bearer ";
    uint8_t name32[32];
    if (strncmp(authorization, scheme, sizeof scheme - 1) != 0 ||
        !name_of(name32, authorization + sizeof scheme - 1) ||
        !base_equal_ct(name32, worker->node->sessions.operator32, 32))
        return refuse(request, "the bearer token is not this node's",
                      "it is in the file node.token of the home, and new at every start");
    request->access = NODE_OPERATOR;
    const char *identity = node_header(request, "Galen-Identity");
    if (identity == NULL)
        return true;
    struct galen_errinfo why = {0};
    const char *role = NULL;
    bool own = false;
    enum galen_err err = workflow_act_as(worker->wide, NULL, &why);
    if (err == GALEN_OK)
        err = workflow_identity_find(worker->wide, &request->who, identity, NULL, &why);
    if (err == GALEN_OK)
        err = workflow_is_own(worker->wide, &own, &role, &request->who, &why);
    if (err != GALEN_OK) {
        response_problem(&request->response, err, &why);
        return false;
    }
    request->has_who = own;
    snprintf(request->role, sizeof request->role, "%s", own ? role : "");
    return true;
}

bool session_identify(struct node_worker *worker, struct node_request *request)
{
    const char *authorization = node_header(request, "Authorization");
    if (authorization != NULL)
        return identify_operator(worker, request, authorization);
    const char *token = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, COOKIE);
    /* A session that has ended is none: what anyone may ask for goes on. */
    if (token != NULL)
        (void)identify_session(worker->node, request, token);
    return true;
}

/* ---- signing in -------------------------------------------------------------------------------- */

enum galen_err session_begin(struct node *node, struct node_request *request,
                             const struct chain_address *who, const char *role,
                             struct galen_errinfo *info)
{
    static const uint8_t free_name[32];
    uint8_t token[NODE_TOKEN_BYTES];
    char text[2 * NODE_TOKEN_BYTES + 1];
    int64_t now = base_monotonic_ms();
    struct node_session *place = NULL;
    base_random(token, sizeof token);
    base_hex_encode(text, token, sizeof token);
    pthread_mutex_lock(&node->sessions.lock);
    for (size_t i = 0; i < NODE_SESSIONS_MAX && place == NULL; i++) {
        struct node_session *session = &node->sessions.list[i];
        if (memcmp(session->name32, free_name, 32) == 0 || !is_alive(session, now))
            place = session;
    }
    if (place != NULL) {
        *place = (struct node_session){.who = *who, .begun_ms = now, .used_ms = now};
        snprintf(place->role, sizeof place->role, "%s", role);
        store_digest(place->name32, token, sizeof token);
    }
    pthread_mutex_unlock(&node->sessions.lock);
    if (place == NULL)
        return base_fail(info, GALEN_ERR_STATE, "too many sessions are open");
    request->who = *who;
    snprintf(request->role, sizeof request->role, "%s", role);
    snprintf(request->response.cookie, sizeof request->response.cookie,
             COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/%s", text,
             node->has_tls ? "; Secure" : "");
    base_wipe(text, sizeof text);
    base_wipe(token, sizeof token);
    return GALEN_OK;
}

/* Counts an attempt before it is made; false: too many failed of late. *slot to clear on success.
 */
static bool may_try(struct node *node, const struct chain_address *who, size_t *slot)
{
    struct node_sessions *all = &node->sessions;
    int64_t now = base_monotonic_ms();
    size_t oldest = 0;
    pthread_mutex_lock(&all->lock);
    *slot = sizeof all->failures / sizeof *all->failures;
    for (size_t i = 0; i < sizeof all->failures / sizeof *all->failures; i++) {
        if (all->failures[i].count > 0 && chain_address_equal(&all->failures[i].who, who))
            *slot = i;
        if (all->failures[i].since_ms < all->failures[oldest].since_ms)
            oldest = i;
    }
    if (*slot == sizeof all->failures / sizeof *all->failures) {
        *slot = oldest;
        all->failures[oldest].who = *who;
        all->failures[oldest].count = 0;
    }
    if (all->failures[*slot].count == 0 || now - all->failures[*slot].since_ms > FAILURES_MS) {
        all->failures[*slot].count = 0;
        all->failures[*slot].since_ms = now;
    }
    bool may = all->failures[*slot].count < FAILURES_MAX;
    if (may)
        all->failures[*slot].count++;
    pthread_mutex_unlock(&all->lock);
    return may;
}

static void succeeded(struct node *node, const struct chain_address *who, size_t slot)
{
    pthread_mutex_lock(&node->sessions.lock);
    if (chain_address_equal(&node->sessions.failures[slot].who, who))
        node->sessions.failures[slot].count = 0;
    pthread_mutex_unlock(&node->sessions.lock);
}

enum galen_err session_sign_in(struct node_worker *worker, struct node_request *request,
                               const char *identity, const char *password,
                               struct galen_errinfo *info)
{
    struct node *node = worker->node;
    struct chain_address who;
    const char *role = NULL;
    bool own = false;
    size_t slot = 0;
    struct galen_errinfo why = {0};
    /* Not told apart: there is no such identity, and the password is wrong. */
    bool is_known = workflow_identity_find(worker->wide, &who, identity, NULL, &why) == GALEN_OK &&
                    workflow_is_own(worker->wide, &own, &role, &who, &why) == GALEN_OK && own;
    if (!is_known)
        who = (struct chain_address){0};
    if (!may_try(node, &who, &slot)) {
        base_fail(info, GALEN_ERR_LIMIT, "too many attempts to sign in failed");
        return base_hint(info, "wait five minutes");
    }
    pthread_mutex_lock(&node->sessions.password);
    enum galen_err err = workflow_check_password(worker->wide, is_known ? &who : NULL, password,
                                                 &why);
    pthread_mutex_unlock(&node->sessions.password);
    if (!is_known)
        err = GALEN_ERR_PASSWORD;
    if (err != GALEN_OK) {
        if (err != GALEN_ERR_PASSWORD)
            return base_fail(info, err, "%s", why.what);
        base_fail(info, GALEN_ERR_PASSWORD, "no such identity, or another password");
        return base_hint(info, "it is the home's, unless 'galen account password' set another");
    }
    succeeded(node, &who, slot);
    return session_begin(node, request, &who, role, info);
}

void session_end(struct node *node, struct node_request *request)
{
    pthread_mutex_lock(&node->sessions.lock);
    struct node_session *session = find(&node->sessions, request->session32, base_monotonic_ms());
    if (session != NULL)
        *session = (struct node_session){0};
    pthread_mutex_unlock(&node->sessions.lock);
    snprintf(request->response.cookie, sizeof request->response.cookie,
             COOKIE "=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
}

bool session_goes_on(struct node *node, const uint8_t session32[32])
{
    pthread_mutex_lock(&node->sessions.lock);
    bool goes_on = find(&node->sessions, session32, base_monotonic_ms()) != NULL;
    pthread_mutex_unlock(&node->sessions.lock);
    return goes_on;
}

/* ---- nonces ------------------------------------------------------------------------------------- */

/* The oldest makes room: who floods this makes others ask again, no more. */
void session_nonce(struct node *node, char out[24])
{
    uint8_t bytes[11];
    size_t oldest = 0;
    base_random(bytes, sizeof bytes);
    memset(out, 0, 24);
    base_hex_encode(out, bytes, sizeof bytes);
    pthread_mutex_lock(&node->sessions.lock);
    for (size_t i = 1; i < NODE_NONCES_MAX; i++)
        if (node->sessions.nonces[i].made_ms < node->sessions.nonces[oldest].made_ms)
            oldest = i;
    memcpy(node->sessions.nonces[oldest].text, out, 24);
    node->sessions.nonces[oldest].made_ms = base_monotonic_ms();
    pthread_mutex_unlock(&node->sessions.lock);
}

bool session_nonce_take(struct node *node, const char *nonce)
{
    bool taken = false;
    int64_t now = base_monotonic_ms();
    pthread_mutex_lock(&node->sessions.lock);
    for (size_t i = 0; i < NODE_NONCES_MAX && !taken; i++) {
        if (node->sessions.nonces[i].text[0] == '\0' ||
            strcmp(node->sessions.nonces[i].text, nonce) != 0)
            continue;
        taken = now - node->sessions.nonces[i].made_ms < NONCE_LIFE_MS;
        node->sessions.nonces[i].text[0] = '\0';
    }
    pthread_mutex_unlock(&node->sessions.lock);
    return taken;
}
