/* store: what its files share. */
#ifndef GALEN_STORE_INTERNAL_H
#define GALEN_STORE_INTERNAL_H

#include <limits.h>

#include "http/http.h"
#include "store/store.h"

#define STORE_MISSES 256
#define STORE_NODES  8 /* connections to other nodes that are kept */

struct store_miss {
    uint8_t digest[32]; /* zeros: any block */
    uint8_t source[8];  /* who had it not */
    int64_t until_ms;
};

struct store {
    char *dir;
    struct kubo *kubo;
    char pushed[PATH_MAX];  /* marks: what Kubo has, or need not get */
    char removed[PATH_MAX]; /* marks: what it is to let go */
    bool is_kubo_later;     /* store_kubo_later */
    int64_t kubo_rests_until_ms;
    char kubo_why[256];
    struct http_client **gateways;
    size_t n_gateways;
    struct store_miss misses[STORE_MISSES]; /* a ring */
    size_t next_miss;
    const struct http_guard *guard; /* NULL: no nodes are asked */
    struct store_node {
        char *url; /* owned, as client */
        struct http_client *client;
    } nodes[STORE_NODES]; /* a ring */
    size_t next_node;
};

/* Whether these are the block's bytes; what else came is dropped. (store.c) */
bool store_is_block(struct base_buf *bytes, const uint8_t digest32[32]);

/* ---- sync.c: Kubo, as far as it answers ---------------------------------------------------------- */

/* One that did not answer is left alone for a while. */
bool sync_may_ask(const struct store *store);
/* What became of a question to Kubo: err again. */
enum galen_err sync_note(struct store *store, enum galen_err err, const struct galen_errinfo *why);
/* Gives Kubo the block, or has it let one go, now; what fails is left to store_sync. */
GALEN_MUST_CHECK enum galen_err sync_push(struct store *store, const uint8_t digest32[32],
                                          const void *data, size_t len, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err sync_remove(struct store *store, const uint8_t digest32[32],
                                            struct galen_errinfo *info);

/* ---- local.c: files named by CID, in DIR/XY/ --------------------------------------------------- */

GALEN_MUST_CHECK enum galen_err local_put(const char *dir, const uint8_t digest32[32],
                                          const void *data, size_t len, struct galen_errinfo *info);
/* NOT_FOUND; CHECK when it was altered. Replaces out. */
GALEN_MUST_CHECK enum galen_err local_get(struct base_buf *out, const char *dir,
                                          const uint8_t digest32[32], struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err local_has(bool *there, const char *dir, const uint8_t digest32[32],
                                          struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err local_remove(const char *dir, const uint8_t digest32[32],
                                             struct galen_errinfo *info);
/* A dir that is not there has no files. */
GALEN_MUST_CHECK enum galen_err
local_each(const char *dir, enum galen_err (*each)(void *user, const uint8_t digest32[32]),
           void *user, struct galen_errinfo *info);
/* An empty file under that name, as a mark; made or removed, whether or not it was there. */
GALEN_MUST_CHECK enum galen_err local_mark(const char *dir, const uint8_t digest32[32], bool on,
                                           struct galen_errinfo *info);

/* ---- kubo.c: an IPFS node's RPC API ------------------------------------------------------------ */

struct kubo;
GALEN_MUST_CHECK enum galen_err kubo_new(struct kubo **out, const char *url,
                                         struct galen_errinfo *info);
void kubo_free(struct kubo **kubo); /* NULL inside is fine */
const char *kubo_origin(const struct kubo *kubo);

/* All: NETWORK when it does not answer, or not as Kubo does. */
GALEN_MUST_CHECK enum galen_err kubo_id(struct kubo *kubo, char peer[STORE_PEER_TEXT],
                                        char agent[STORE_PEER_TEXT], struct galen_errinfo *info);
/* Stores and pins. CHECK when it names the block otherwise. */
GALEN_MUST_CHECK enum galen_err kubo_put(struct kubo *kubo, const uint8_t digest32[32],
                                         const void *data, size_t len, struct galen_errinfo *info);
/* NOT_FOUND when it does not find the block in time; is_own: among its own, its peers are not
 * asked. The bytes are as they came. */
GALEN_MUST_CHECK enum galen_err kubo_get(struct kubo *kubo, struct base_buf *out,
                                         const uint8_t digest32[32], bool is_own,
                                         struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err kubo_has(struct kubo *kubo, bool *pinned,
                                         const uint8_t digest32[32], struct galen_errinfo *info);
/* Unpins and removes; done also when it was not there. */
GALEN_MUST_CHECK enum galen_err kubo_remove(struct kubo *kubo, const uint8_t digest32[32],
                                            struct galen_errinfo *info);

/* ---- gateway.c --------------------------------------------------------------------------------- */

/* guard: for a node at an address from outside; NULL: the operator's own gateway. */
GALEN_MUST_CHECK enum galen_err gateway_new(struct http_client **out, const char *url,
                                            const struct http_guard *guard,
                                            struct galen_errinfo *info);
/* GET /ipfs/CID?format=raw. NOT_FOUND, NETWORK. The bytes are as they came. */
GALEN_MUST_CHECK enum galen_err gateway_get(struct http_client *gateway, struct base_buf *out,
                                            const uint8_t digest32[32], struct galen_errinfo *info);

#endif
