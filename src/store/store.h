/*
 * store: content-addressed blocks. What is put is named by its SHA-256; what is read back is
 * hashed and compared, whoever served it.
 *
 * Stands on OpenSSL (SHA-256), the file system and http. A block lies in DIR/XY/CID, XY being the
 * two characters before the CID's last, and is written whole or not at all.
 *
 * Local blocks come first, always: a put is done when the block is on disk. With a Kubo (IPFS) node
 * the block is given to it too and pinned there; what it could not take, since it was down, waits
 * for store_sync. Reading asks the local blocks, then Kubo, the nodes that the caller names, then
 * the gateways, and keeps what came. Empty files DIR/kubo-HASH/pushed/XY/CID mark what that Kubo
 * node has or need not get, those in
 * .../removed/ what it is still to let go; HASH is made from its address.
 *
 * CID: version 1, codec raw (0x55), multihash SHA-256, multibase base32: "bafkrei…", 59
 * characters. Digest ↔ CID is exact both ways.
 */
#ifndef GALEN_STORE_H
#define GALEN_STORE_H

#include "http/http.h"

#define STORE_BLOCK_MAX (1024 * 1024)
#define STORE_CID_TEXT  60 /* with its NUL */
#define STORE_PEER_TEXT 80 /* a Kubo node's id, or what it calls itself, with its NUL */

void store_digest(uint8_t digest32[32], const void *data, size_t len); /* SHA-256 */

void store_cid_encode(char out[STORE_CID_TEXT], const uint8_t digest32[32]);
/* PARSE unless text is exactly such a CID in its one canonical form; says so of CIDs of other
 * versions, codecs and hashes. */
GALEN_MUST_CHECK enum galen_err store_cid_parse(uint8_t digest32[32], const char *text,
                                                struct galen_errinfo *info);

/* Blocks. One folder may be used by several processes at once, a struct store by one thread. */
struct store;

struct store_config {
    const char *dir;             /* the local blocks; made (0700) when it is not there */
    const char *kubo;            /* address of a Kubo node's RPC API; NULL: none */
    const char *const *gateways; /* addresses that serve GET /ipfs/CID?format=raw */
    size_t n_gateways;
    const struct http_guard *guard; /* for nodes that are asked; borrowed. NULL: none is */
};
/* IO when dir cannot be made or used; USAGE when an address is none. Asks nobody yet. *out is owned
 * by the caller. */
GALEN_MUST_CHECK enum galen_err store_open(struct store **out, const struct store_config *config,
                                           struct galen_errinfo *info);
void store_free(struct store **store); /* NULL inside is fine */
/* From now on a put or a removal does not wait for Kubo: all that is left to store_sync, which
 * somebody else calls. */
void store_kubo_later(struct store *store);
bool store_has_kubo(const struct store *store);
#define STORE_AUTO GALEN_CLEANUP(store_free) struct store *

/* Keeps a block of at most STORE_BLOCK_MAX bytes (LIMIT beyond); digest32 (may be NULL) receives
 * its name. A good block that is there is left alone, an altered one is put right. That Kubo does
 * not take it is no failure: it waits for store_sync. */
GALEN_MUST_CHECK enum galen_err store_put(uint8_t digest32[32], struct store *store,
                                          const void *data, size_t len, struct galen_errinfo *info);
/* Replaces out. NOT_FOUND when neither the local blocks nor Kubo nor a gateway have it, or none can
 * be reached (the hint says so); CHECK when the local block's bytes were altered and nobody has
 * good ones (they are not given out). Bytes that are not the block's count as none, whoever sent
 * them. A block that nobody had is not asked for again within a minute,
 * of whom had it not. */
GALEN_MUST_CHECK enum galen_err store_get(struct base_buf *out, struct store *store,
                                          const uint8_t digest32[32], struct galen_errinfo *info);
/* The same, which also asks these nodes (addresses from outside, behind the guard: GET
 * NODE/ipfs/CID?format=raw). One that does not answer is left alone for half a minute. */
GALEN_MUST_CHECK enum galen_err store_get_from(struct base_buf *out, struct store *store,
                                               const uint8_t digest32[32], const char *const *nodes,
                                               size_t n_nodes, struct galen_errinfo *info);
/* The local block alone: NOT_FOUND, CHECK. */
GALEN_MUST_CHECK enum galen_err store_get_local(struct base_buf *out, struct store *store,
                                                const uint8_t digest32[32],
                                                struct galen_errinfo *info);
/* Whether such a block is among the local ones; its bytes are hashed only by store_get. */
GALEN_MUST_CHECK enum galen_err store_has(bool *there, struct store *store,
                                          const uint8_t digest32[32], struct galen_errinfo *info);
/* Removes the local block (NOT_FOUND when it is not there) and has Kubo unpin and remove its own,
 * at once or by store_sync. What others copied stays with them. */
GALEN_MUST_CHECK enum galen_err store_remove(struct store *store, const uint8_t digest32[32],
                                             struct galen_errinfo *info);
/* Calls each once a local block, in no order; an error from it ends the walk and is returned. Names
 * are read, bytes are not. Blocks put or removed meanwhile may or may not appear. */
GALEN_MUST_CHECK enum galen_err
store_each(struct store *store, enum galen_err (*each)(void *user, const uint8_t digest32[32]),
           void *user, struct galen_errinfo *info);

/* ---- Kubo ---- */

struct store_status {
    uint64_t blocks; /* local ones */
    bool has_kubo;
    bool is_reachable;
    char kubo[STORE_PEER_TEXT * 4]; /* its origin */
    char peer[STORE_PEER_TEXT];     /* its peer id and its name, when it is reachable */
    char agent[STORE_PEER_TEXT];
    char why[256];      /* when it is not */
    uint64_t unpushed;  /* blocks that it is still to get */
    uint64_t unremoved; /* blocks that it is still to let go */
};
GALEN_MUST_CHECK enum galen_err store_status(struct store_status *out, struct store *store,
                                             struct galen_errinfo *info);

struct store_synced {
    uint64_t pushed, removed;
    uint64_t left; /* what could not be done; why holds the last reason */
    char why[256];
};
/* Gives Kubo every block that it is to get, and has it let go what was removed. all: also what was
 * given before and is pinned there no longer. Done without Kubo too, with nothing to do. What fails
 * is counted, the rest is done; a Kubo that does not answer ends it. */
GALEN_MUST_CHECK enum galen_err store_sync(struct store_synced *out, struct store *store, bool all,
                                           struct galen_errinfo *info);
/* Is Kubo there, and honest? It is asked who it is, and for one of the blocks that were given to
 * it, by chance. NETWORK when it does not answer, CHECK when it sends other bytes. Done without
 * Kubo. */
GALEN_MUST_CHECK enum galen_err store_probe(struct store *store, struct galen_errinfo *info);

#endif
