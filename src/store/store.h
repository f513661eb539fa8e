/*
 * store: content-addressed blocks. What is put is named by its SHA-256; what is read back is
 * hashed and compared, whoever served it.
 *
 * Stands on OpenSSL (SHA-256) and the file system. A block lies in DIR/XY/CID, XY being the two
 * characters before the CID's last, and is written whole or not at all.
 *
 * CID: version 1, codec raw (0x55), multihash SHA-256, multibase base32: "bafkrei…", 59
 * characters. Digest ↔ CID is exact both ways.
 */
#ifndef GALEN_STORE_H
#define GALEN_STORE_H

#include "base/base.h"

#define STORE_BLOCK_MAX (1024 * 1024)
#define STORE_CID_TEXT  60 /* with its NUL */

void store_digest(uint8_t digest32[32], const void *data, size_t len); /* SHA-256 */

void store_cid_encode(char out[STORE_CID_TEXT], const uint8_t digest32[32]);
/* PARSE unless text is exactly such a CID in its one canonical form; says so of CIDs of other
 * versions, codecs and hashes. */
GALEN_MUST_CHECK enum galen_err store_cid_parse(uint8_t digest32[32], const char *text,
                                                struct galen_errinfo *info);

/* Blocks. May be used by several threads and processes at once. */
struct store;

struct store_config {
    const char *dir; /* the local blocks; made (0700) when it is not there */
};
/* IO when dir cannot be made or used. *out is owned by the caller. */
GALEN_MUST_CHECK enum galen_err store_open(struct store **out, const struct store_config *config,
                                           struct galen_errinfo *info);
void store_free(struct store **store); /* NULL inside is fine */
#define STORE_AUTO GALEN_CLEANUP(store_free) struct store *

/* Keeps a block of at most STORE_BLOCK_MAX bytes (LIMIT beyond); digest32 (may be NULL) receives
 * its name. A good block that is there is left alone, an altered one is put right. */
GALEN_MUST_CHECK enum galen_err store_put(uint8_t digest32[32], struct store *store,
                                          const void *data, size_t len, struct galen_errinfo *info);
/* Replaces out. NOT_FOUND; CHECK when the block's bytes were altered (they are not given out). */
GALEN_MUST_CHECK enum galen_err store_get(struct base_buf *out, struct store *store,
                                          const uint8_t digest32[32], struct galen_errinfo *info);
/* Whether such a block is there; its bytes are hashed only by store_get. */
GALEN_MUST_CHECK enum galen_err store_has(bool *there, struct store *store,
                                          const uint8_t digest32[32], struct galen_errinfo *info);
/* NOT_FOUND when it is not there. */
GALEN_MUST_CHECK enum galen_err store_remove(struct store *store, const uint8_t digest32[32],
                                             struct galen_errinfo *info);
/* Calls each once a block, in no order; an error from it ends the walk and is returned. Names are
 * read, bytes are not. Blocks put or removed meanwhile may or may not appear. */
GALEN_MUST_CHECK enum galen_err
store_each(struct store *store, enum galen_err (*each)(void *user, const uint8_t digest32[32]),
           void *user, struct galen_errinfo *info);

#endif
