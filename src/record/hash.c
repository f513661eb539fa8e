/* SHA-256 and HMAC-SHA-256 as the Merkle tree uses them. */
#include "record/hash.h"

#include <openssl/core_names.h>
#include <string.h>

enum galen_err record_hasher_init(struct record_hasher *hasher, struct galen_errinfo *info)
{
    struct record_hasher made = {.md = EVP_MD_fetch(NULL, "SHA256", NULL), .ctx = EVP_MD_CTX_new()};
    if (made.md == NULL || made.ctx == NULL) {
        record_hasher_clear(&made);
        return base_fail(info, GALEN_ERR_INTERNAL, "SHA-256 is not available");
    }
    *hasher = made;
    return GALEN_OK;
}

enum galen_err record_hasher_key(struct record_hasher *hasher,
                                 const uint8_t seed[RECORD_SEED_BYTES], struct galen_errinfo *info)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    GALEN_ASSERT(hasher->mac == NULL);
    hasher->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    hasher->mac_ctx = hasher->mac == NULL ? NULL : EVP_MAC_CTX_new(hasher->mac);
    if (hasher->mac_ctx == NULL ||
        EVP_MAC_init(hasher->mac_ctx, seed, RECORD_SEED_BYTES, params) != 1)
        return base_fail(info, GALEN_ERR_INTERNAL, "HMAC-SHA-256 is not available");
    return GALEN_OK;
}

void record_hasher_clear(struct record_hasher *hasher)
{
    EVP_MAC_CTX_free(hasher->mac_ctx);
    EVP_MAC_free(hasher->mac);
    EVP_MD_CTX_free(hasher->ctx);
    EVP_MD_free(hasher->md);
    *hasher = (struct record_hasher){0};
}

enum galen_err record_hasher_check(const struct record_hasher *hasher, struct galen_errinfo *info)
{
    return hasher->failed ? base_fail(info, GALEN_ERR_INTERNAL, "SHA-256 failed") : GALEN_OK;
}

static void begin(struct record_hasher *hasher, uint8_t tag)
{
    if (EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL) != 1 ||
        EVP_DigestUpdate(hasher->ctx, &tag, 1) != 1)
        hasher->failed = true;
}

static void add(struct record_hasher *hasher, const void *data, size_t len)
{
    if (EVP_DigestUpdate(hasher->ctx, data, len) != 1)
        hasher->failed = true;
}

static void finish(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES])
{
    unsigned n = 0;
    if (EVP_DigestFinal_ex(hasher->ctx, out32, &n) != 1)
        hasher->failed = true;
}

void record_hash_leaf(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                      const uint8_t salt[RECORD_SALT_BYTES], const char *path, const void *jcs,
                      size_t jcs_len)
{
    uint8_t path_len[4];
    base_put_u32be(path_len, (uint32_t)strlen(path));
    begin(hasher, 0);
    add(hasher, salt, RECORD_SALT_BYTES);
    add(hasher, path_len, sizeof path_len);
    add(hasher, path, strlen(path));
    add(hasher, jcs, jcs_len);
    finish(hasher, out32);
}

void record_hash_node(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                      const uint8_t left32[RECORD_HASH_BYTES],
                      const uint8_t right32[RECORD_HASH_BYTES])
{
    begin(hasher, 1);
    add(hasher, left32, RECORD_HASH_BYTES);
    add(hasher, right32, RECORD_HASH_BYTES);
    finish(hasher, out32);
}

void record_hash_root(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES], uint32_t n,
                      const uint8_t top32[RECORD_HASH_BYTES])
{
    uint8_t count[4];
    base_put_u32be(count, n);
    begin(hasher, 2);
    add(hasher, count, sizeof count);
    add(hasher, top32, RECORD_HASH_BYTES);
    finish(hasher, out32);
}

void record_hash_mac(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                     const void *data, size_t len)
{
    size_t n = 0;
    GALEN_ASSERT(hasher->mac_ctx != NULL);
    if (EVP_MAC_init(hasher->mac_ctx, NULL, 0, NULL) != 1 || /* starts anew under the same key */
        EVP_MAC_update(hasher->mac_ctx, data, len) != 1 ||
        EVP_MAC_final(hasher->mac_ctx, out32, &n, RECORD_HASH_BYTES) != 1 || n != RECORD_HASH_BYTES)
        hasher->failed = true;
}

uint32_t record_hash_split(uint32_t n)
{
    uint32_t left = 1;
    while (left < n - left)
        left *= 2;
    return left;
}
