/* store: what its files share. */
#ifndef GALEN_STORE_INTERNAL_H
#define GALEN_STORE_INTERNAL_H

#include "http/http.h"
#include "store/store.h"

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
/* NOT_FOUND when it does not find the block in time. The bytes are as they came. */
GALEN_MUST_CHECK enum galen_err kubo_get(struct kubo *kubo, struct base_buf *out,
                                         const uint8_t digest32[32], struct galen_errinfo *info);
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
