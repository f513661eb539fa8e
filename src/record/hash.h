/* The tree's hash functions over one set of OpenSSL contexts, which makes each hash cheap. */
#ifndef GALEN_RECORD_HASH_H
#define GALEN_RECORD_HASH_H

#include "record/internal.h"

#include <openssl/evp.h>

struct record_hasher {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    EVP_MAC *mac;
    EVP_MAC_CTX *mac_ctx;
    bool failed; /* sticky, so that a walk over the tree need not check every node */
};

enum galen_err record_hasher_init(struct record_hasher *hasher, struct galen_errinfo *info);
/* Adds HMAC-SHA-256 under seed. */
enum galen_err record_hasher_key(struct record_hasher *hasher,
                                 const uint8_t seed[RECORD_SEED_BYTES], struct galen_errinfo *info);
void record_hasher_clear(struct record_hasher *hasher);
/* INTERNAL when any hash failed. */
enum galen_err record_hasher_check(const struct record_hasher *hasher, struct galen_errinfo *info);

void record_hash_leaf(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                      const uint8_t salt[RECORD_SALT_BYTES], const char *path, const void *jcs,
                      size_t jcs_len);
void record_hash_node(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                      const uint8_t left32[RECORD_HASH_BYTES],
                      const uint8_t right32[RECORD_HASH_BYTES]);
void record_hash_root(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES], uint32_t n,
                      const uint8_t top32[RECORD_HASH_BYTES]);
void record_hash_mac(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                     const void *data, size_t len);

/* RFC 6962: the left subtree of n > 1 leaves holds the largest power of two below n. */
uint32_t record_hash_split(uint32_t n);

#endif
