/* What the node's files share. */
#ifndef GALEN_NODE_INTERNAL_H
#define GALEN_NODE_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "node/embedded_chain.h"
#include "node/node.h"
#include "record/record.h"

#define NODE_BODY_MAX    ((size_t)16 << 20) /* of a request; sealed messages have their own */
#define NODE_READERS     2                  /* threads that answer GET */
#define NODE_ACTORS      3                  /* and those that do things, which may take long */
#define NODE_WORKERS     (NODE_READERS + NODE_ACTORS)
#define NODE_QUEUE_MAX   256 /* requests that wait for a worker */
#define NODE_STREAMS_MAX 256 /* event streams open at once */
#define NODE_TOKEN_BYTES 32

/* ---- one request (server.c) ----------------------------------------------------------------- */

struct node_response {
    unsigned status;
    const char *type; /* media type; static */
    struct base_buf body;
    char cookie[160];       /* Set-Cookie, when not empty */
    char download[80];      /* file name for Content-Disposition, when not empty */
    char allow[64];         /* Allow, when not empty */
    unsigned retry_after_s; /* 0: none */
    bool allow_cache;       /* blocks: named by their hash */
    bool is_stream;         /* the connection becomes an event stream */
};

enum node_access { NODE_NOBODY, NODE_IDENTITY, NODE_OPERATOR };

struct node_request {
    struct MHD_Connection *connection;
    struct node_request *next; /* in the queue */
    char method[8];
    char *path;
    struct base_buf body;
    struct node_response response;
    int64_t started_ms;
    /* session.c */
    enum node_access access;
    struct chain_address who; /* the identity acted for */
    bool has_who;
    char role[16];
    uint8_t session32[32];         /* the session's name; access NODE_IDENTITY */
    const struct api_route *route; /* guard.c; NULL: nothing is at that path */
    bool is_refused, is_too_large, is_queued;
    atomic_bool is_answered;
};
/* A header or a query parameter, borrowed; NULL when it is not there. */
const char *node_header(const struct node_request *request, const char *name);
const char *node_query(const struct node_request *request, const char *name);

struct node;
GALEN_MUST_CHECK enum galen_err server_start(struct node *node, const struct node_options *options,
                                             struct galen_errinfo *info);
void server_stop(struct node *node);
/* The worker is done with it. */
void server_answered(struct node_request *request);
/* A JSON answer; value is borrowed. */
void response_json(struct node_response *response, unsigned status, struct json_object *value);
/* A file to be kept, under that name; the body is set beside. type: static. */
void response_file(struct node_response *response, const char *type, const char *name);
/* RFC 9457 problem details for an error (problem.c). */
void response_problem(struct node_response *response, enum galen_err err,
                      const struct galen_errinfo *why);
/* The same for WALLET: with the intent that wf's last one is about. */
void response_wallet(struct node_response *response, struct workflow *wf,
                     const struct galen_errinfo *why);
/* The same with a status of HTTP's own: 401, 404, 405, 413, 429, 503, … */
void response_status(struct node_response *response, unsigned status, const char *what,
                     const char *hint);

/* ---- guard.c --------------------------------------------------------------------------------- */

/* What of a request is wrong before its body is read: Host, Origin, method, media type, size. False
 * when it is refused; the response is set. */
bool guard_admits(struct node *node, struct node_request *request);

/* ---- web.c ----------------------------------------------------------------------------------- */

struct node_file;
/* The web UI's file that is asked for; NULL: none is. */
const struct node_file *web_find(const struct node_request *request);
/* Its answer, with the policy for browsers; NULL: out of memory. */
struct MHD_Response *web_response(const struct node_file *file, const struct node_request *request,
                                  unsigned *status);

/* ---- jobs.c ---------------------------------------------------------------------------------- */

/* Reads wait behind reads only: what acts may wait for the chain. */
struct node_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct node_request *head, *tail;
    unsigned n;
    bool is_stopping;
};
/* What a worker has: wide acts (bounded to one identity's keys), narrow reads. */
struct node_worker {
    struct node *node;
    struct node_queue *queue;
    pthread_t thread;
    struct workflow *wide, *narrow;
};
GALEN_MUST_CHECK enum galen_err jobs_start(struct node *node, struct galen_errinfo *info);
void jobs_stop(struct node *node);
/* False when the queue is full. */
bool jobs_add(struct node *node, struct node_request *request);

/* ---- session.c, siwe.c ------------------------------------------------------------------------ */

struct node_session {
    uint8_t name32[32]; /* SHA-256 of the token; all zero: free */
    struct chain_address who;
    char role[16];
    int64_t begun_ms, used_ms;
};
#define NODE_SESSIONS_MAX 512
#define NODE_NONCES_MAX   128
struct node_sessions {
    pthread_mutex_t lock;
    struct node_session list[NODE_SESSIONS_MAX];
    struct {
        char text[24];
        int64_t made_ms;
    } nonces[NODE_NONCES_MAX];
    struct {
        struct chain_address who;
        unsigned count;
        int64_t since_ms;
    } failures[64];
    pthread_mutex_t password; /* one Argon2id at a time */
    uint8_t operator32[32];   /* SHA-256 of the operator's token */
};
/* Who asks: the cookie's session, or the bearer token with a Galen-Identity header. Sets access,
 * who, role. False: credentials that do not hold; the response is set. */
bool session_identify(struct node_worker *worker, struct node_request *request);
/* Signs in by password: as session_begin. LIMIT after too many failures. */
GALEN_MUST_CHECK enum galen_err session_sign_in(struct node_worker *worker,
                                                struct node_request *request, const char *identity,
                                                const char *password, struct galen_errinfo *info);
/* Begins a session for an identity that has proven itself: sets the cookie, who and role. */
GALEN_MUST_CHECK enum galen_err session_begin(struct node *node, struct node_request *request,
                                              const struct chain_address *who, const char *role,
                                              struct galen_errinfo *info);
void session_end(struct node *node, struct node_request *request);
/* Does the session that a stream began with go on? */
bool session_goes_on(struct node *node, const uint8_t session32[32]);
/* A nonce for Sign-In with Ethereum, good once, for five minutes. */
void session_nonce(struct node *node, char out[24]);
bool session_nonce_take(struct node *node, const char *nonce);
/* EIP-4361: who signed this message for this node. CHECK with the reason. */
GALEN_MUST_CHECK enum galen_err siwe_verify(struct node *node, struct chain_address *who,
                                            const char *message, const uint8_t sig65[65],
                                            const char *host, int64_t now_s,
                                            struct galen_errinfo *info);

/* ---- feed.c: server-sent events ---------------------------------------------------------------- */

struct node_stream;
struct node_feed {
    pthread_mutex_t lock;
    struct node_stream *streams;
    unsigned n_streams;
    bool is_closing;
};
/* The response of a new stream; NULL: too many. */
struct MHD_Response *feed_open(struct node *node, struct node_request *request);
/* To the streams of one identity and of operators; who NULL: to all. id 0: none. */
void feed_publish(struct node *node, const struct chain_address *who, const char *event,
                  uint64_t id, struct json_object *data);
/* Comments that keep connections, and end those whose session ended. */
void feed_tick(struct node *node);
void feed_close(struct node *node);

/* ---- thread.c --------------------------------------------------------------------------------- */

struct node_thread {
    pthread_t id;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_running, is_woken;
};
void thread_init(struct node_thread *thread);
GALEN_MUST_CHECK enum galen_err thread_start(struct node_thread *thread, void *(*run)(void *),
                                             struct node *node, struct galen_errinfo *info);
/* Waits so long, or until it is woken. False: the thread is to end. */
bool thread_pause(struct node_thread *thread, unsigned ms);
void thread_wake(struct node_thread *thread);
/* Waits for its end; fine when it never ran. */
void thread_stop(struct node_thread *thread);

/* ---- watcher.c, pusher.c, delivery.c ----------------------------------------------------------- */

/* What /health and /metrics tell, written by the threads that know. */
struct node_health {
    pthread_mutex_t lock;
    /* The watcher's. */
    bool has_synced, chain_is_good, home_is_good;
    int64_t round_since_ms;   /* of the round that is under way; 0: none is */
    int64_t synced_at_s;      /* the last round that went through */
    int64_t block;            /* the chain's head then */
    int64_t events, messages; /* since the start */
    char chain_problem[256], home_problem[256];
    /* The pusher's. */
    bool has_kubo, has_pushed, store_is_good;
    int64_t push_since_ms;
    int64_t unpushed;
    char store_problem[256];
};
GALEN_MUST_CHECK enum galen_err watcher_start(struct node *node, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err pusher_start(struct node *node, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err delivery_start(struct node *node, struct galen_errinfo *info);

/* ---- metrics.c, health.c ----------------------------------------------------------------------- */

void metrics_count(struct node *node, const struct node_request *request);
GALEN_MUST_CHECK enum galen_err metrics_text(struct node *node, struct workflow *wf,
                                             struct base_buf *out, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err health_show(struct node *node, struct json_object **result,
                                            bool *good, struct galen_errinfo *info);

/* ---- route.c ------------------------------------------------------------------------------------ */

/* Sets the request's route, once. False: there are other methods for the path; the response is set,
 * with Allow. */
bool route_find(struct node_request *request);
/* Is it answered from the database alone? */
bool route_is_quick(const struct node_request *request);
/* Answers a request: holds its access against its route, calls it. */
void route_answer(struct node_worker *worker, struct node_request *request);

struct api_call {
    struct node_worker *worker;
    struct node_request *request;
    struct workflow *wf;      /* wide or narrow, as the route says */
    struct json_object *body; /* an object; {} when none came */
    char *params[2];          /* of the path, decoded */
    struct node_response *response;
};
typedef enum galen_err api_handler(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info);
enum {
    API_READ = 1,   /* the narrowed handle */
    API_ANYONE = 2, /* without a session */
    API_OPERATOR = 4,
    API_WAKES = 8,  /* the watcher looks at once: messages or transactions may have left */
    API_RAW = 16,   /* the handler sets the response itself */
    API_BYTES = 32, /* the body is not JSON */
    API_SLOW = 64,  /* a GET that may ask the chain or the store */
    API_DRY = 128,  /* takes ?dryRun=true: estimates, and sends and changes nothing */
};
struct api_route {
    const char *method, *pattern; /* "/records/{}" */
    unsigned flags;
    const char *role; /* who may; NULL: every identity */
    api_handler *handle;
    const char *query; /* the parameters that it takes; NULL: none */
    size_t body_max;   /* bytes; 0: NODE_BODY_MAX */
};
extern const struct api_route api_routes[];
extern const size_t api_n_routes;

/* ---- all of it ------------------------------------------------------------------------------------ */

#define NODE_METRIC_ROUTES 160
struct node {
    char *home;
    char url[128];
    char address[64]; /* as listened on, for Host: 127.0.0.1:8440 */
    unsigned port;
    bool has_tls, is_loopback;
    const char *const *names;
    size_t n_names;
    unsigned poll_ms;
    uint64_t chain_id;
    int64_t started_s;
    struct workflow *wf; /* of the thread that started the node; opened again for others */

    struct MHD_Daemon *daemon;
    int listen_fd;
    struct node_connections *connections;

    atomic_bool is_stopping; /* what waits for the chain gives up */
    struct node_queue reads, acts;
    struct node_worker workers[NODE_WORKERS];
    unsigned n_workers;

    struct node_chain *chain; /* embedded; NULL: none */
    struct node_sessions sessions;
    struct node_feed feed;
    struct node_health health;

    struct node_thread watcher, pusher, delivery;

    atomic_uint_fast64_t requests[NODE_METRIC_ROUTES][6]; /* by route and hundreds of the status */
    atomic_uint_fast64_t refused;
    atomic_uint_fast64_t seconds_us;
};

#endif
