/*
 * The Merkle tree written a second time, naively, from the design's formulas: one-shot hashes, own
 * flattening, no code of the module.
 */
#ifndef GALEN_RECORD_NAIVE_H
#define GALEN_RECORD_NAIVE_H

#include "record_test.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>

#define MAX_NAIVE 4096

static inline const uint8_t *test_seed(void)
{
    static uint8_t seed[RECORD_SEED_BYTES];
    for (uint8_t i = 0; i < RECORD_SEED_BYTES; i++)
        seed[i] = i;
    return seed;
}

struct naive_leaf {
    char path[256];
    char jcs[512]; /* of texts without control characters, and integers */
    uint8_t hash[32];
};

static inline size_t naive_flatten(struct naive_leaf *leaves, size_t n, json_object *value,
                                   const char *path)
{
    char below[256];
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            snprintf(below, sizeof below, "%s/%s", path, key);
            n = naive_flatten(leaves, n, member, below);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            snprintf(below, sizeof below, "%s/%zu", path, i);
            n = naive_flatten(leaves, n, json_object_array_get_idx(value, i), below);
        }
    } else {
        assert_true(n < MAX_NAIVE);
        snprintf(leaves[n].path, sizeof leaves[n].path, "%s", path);
        snprintf(leaves[n].jcs, sizeof leaves[n].jcs,
                 json_object_is_type(value, json_type_string) ? "\"%s\"" : "%s",
                 json_object_get_string(value));
        n++;
    }
    return n;
}

static inline void naive_hash_leaf(struct naive_leaf *leaf, const uint8_t seed[32])
{
    uint8_t bytes[1024] = {0};
    uint8_t mac[32];
    unsigned mac_len = 32;
    size_t path_len = strlen(leaf->path);
    HMAC(EVP_sha256(), seed, 32, (const uint8_t *)leaf->path, path_len, mac, &mac_len);
    memcpy(bytes + 1, mac, 16);
    bytes[19] = (uint8_t)(path_len >> 8);
    bytes[20] = (uint8_t)path_len;
    memcpy(bytes + 21, leaf->path, path_len);
    memcpy(bytes + 21 + path_len, leaf->jcs, strlen(leaf->jcs));
    SHA256(bytes, 21 + path_len + strlen(leaf->jcs), leaf->hash);
}

/* RFC 6962, MTH. */
static inline void naive_mth(uint8_t out[32], struct naive_leaf *leaves, size_t n)
{
    uint8_t bytes[65] = {1};
    size_t k = 1;
    if (n == 1) {
        memcpy(out, leaves[0].hash, 32);
        return;
    }
    while (k * 2 < n)
        k *= 2;
    naive_mth(bytes + 1, leaves, k);
    naive_mth(bytes + 33, leaves + k, n - k);
    SHA256(bytes, 65, out);
}

static inline void naive_close(uint8_t out[32], struct naive_leaf *leaves, size_t n)
{
    uint8_t bytes[37] = {2, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    naive_mth(bytes + 5, leaves, n);
    SHA256(bytes, 37, out);
}

static inline int by_path(const void *a, const void *b)
{
    return strcmp(((const struct naive_leaf *)a)->path, ((const struct naive_leaf *)b)->path);
}

static inline int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct naive_leaf *)a)->hash, ((const struct naive_leaf *)b)->hash, 32);
}

static inline void naive_root(uint8_t out[32], json_object *content, const uint8_t seed[32],
                              bool padded)
{
    struct naive_leaf *leaves = calloc(MAX_NAIVE, sizeof *leaves);
    size_t n = naive_flatten(leaves, 0, content, "");
    for (size_t i = 0; i < n; i++)
        naive_hash_leaf(&leaves[i], seed);
    size_t total = padded ? 64 : n;
    while (total < n)
        total *= 2;
    for (size_t j = 0; n + j < total; j++) {
        uint8_t data[7] = {'p', 'a', 'd', 0, 0, (uint8_t)(j >> 8), (uint8_t)j};
        unsigned len = 32;
        HMAC(EVP_sha256(), seed, 32, data, 7, leaves[n + j].hash, &len);
    }
    qsort(leaves, total, sizeof *leaves, padded ? by_hash : by_path);
    naive_close(out, leaves, total);
    free(leaves);
}

/* {"f0": 0, …}: n fields whose path order differs from their order in the object. */
static inline json_object *numbered(size_t n)
{
    json_object *object = json_object_new_object();
    for (size_t i = 0; i < n; i++) {
        char key[24];
        snprintf(key, sizeof key, "f%zu", n - i);
        json_object_object_add(object, key, json_object_new_int64((int64_t)i));
    }
    return object;
}

#endif
