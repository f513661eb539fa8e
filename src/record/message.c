/* The 32 bytes that a doctor's group signature covers; by what a request for more is known. */
#include "record/internal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static enum galen_err message(uint8_t msg32[32], const char *domain, uint64_t chain_id,
                              const uint8_t datahub20[RECORD_ADDRESS_BYTES],
                              const uint8_t root32[RECORD_HASH_BYTES],
                              const uint8_t owner20[RECORD_ADDRESS_BYTES],
                              struct galen_errinfo *info)
{
    uint8_t bytes[32 + 32 + 2 * RECORD_ADDRESS_BYTES + RECORD_HASH_BYTES] = {0};
    size_t at = strlen(domain);
    memcpy(bytes, domain, at);
    base_put_u64be(bytes + at + 24, chain_id);
    at += 32;
    memcpy(bytes + at, datahub20, RECORD_ADDRESS_BYTES);
    at += RECORD_ADDRESS_BYTES;
    memcpy(bytes + at, root32, RECORD_HASH_BYTES);
    at += RECORD_HASH_BYTES;
    memcpy(bytes + at, owner20, RECORD_ADDRESS_BYTES);
    at += RECORD_ADDRESS_BYTES;

    uint8_t digest[32];
    unsigned n = 0;
    if (EVP_Digest(bytes, at, digest, &n, EVP_sha256(), NULL) != 1)
        return base_fail(info, GALEN_ERR_INTERNAL, "SHA-256 failed");
    memcpy(msg32, digest, sizeof digest);
    return GALEN_OK;
}

enum galen_err record_msg32(uint8_t msg32[32], uint64_t chain_id,
                            const uint8_t datahub20[RECORD_ADDRESS_BYTES],
                            const uint8_t idrec32[RECORD_HASH_BYTES],
                            const uint8_t patient20[RECORD_ADDRESS_BYTES],
                            struct galen_errinfo *info)
{
    return message(msg32, "galen/record/1", chain_id, datahub20, idrec32, patient20, info);
}

enum galen_err record_release_msg32(uint8_t msg32[32], uint64_t chain_id,
                                    const uint8_t datahub20[RECORD_ADDRESS_BYTES],
                                    const uint8_t root32[RECORD_HASH_BYTES],
                                    const uint8_t release20[RECORD_ADDRESS_BYTES],
                                    struct galen_errinfo *info)
{
    return message(msg32, "galen/release/1", chain_id, datahub20, root32, release20, info);
}

enum galen_err record_mac(uint8_t out32[32], const uint8_t key32[32], const void *data, size_t len,
                          struct galen_errinfo *info)
{
    uint8_t digest[32];
    unsigned n = 0;
    if (HMAC(EVP_sha256(), key32, 32, data, len, digest, &n) == NULL)
        return base_fail(info, GALEN_ERR_INTERNAL, "HMAC-SHA-256 failed");
    memcpy(out32, digest, sizeof digest);
    return GALEN_OK;
}

enum galen_err record_topup_key(uint8_t key32[32], const uint8_t seed[RECORD_SEED_BYTES],
                                struct galen_errinfo *info)
{
    static const char tag[] = "galen/topup/1"; /* no path: those begin with '/' */
    return record_mac(key32, seed, tag, sizeof tag - 1, info);
}

enum galen_err record_topup_tag(uint8_t tag32[32], const uint8_t key32[32], int64_t day,
                                struct galen_errinfo *info)
{
    uint8_t bytes[8];
    base_put_u64be(bytes, (uint64_t)day);
    return record_mac(tag32, key32, bytes, sizeof bytes, info);
}
