/* CIDs of raw blocks: text = 'b' ‖ base32(01 55 12 20 ‖ SHA-256). */
#include "store/store.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    CID_VERSION = 0x01,
    CODEC_RAW = 0x55,
    HASH_SHA256 = 0x12,
    CID_BYTES = 4 + 32,
};
static const uint8_t prefix[4] = {CID_VERSION, CODEC_RAW, HASH_SHA256, 32};

void store_digest(uint8_t digest32[32], const void *data, size_t len)
{
    GALEN_ASSERT(EVP_Digest(data, len, digest32, NULL, EVP_sha256(), NULL) == 1);
}

void store_cid_encode(char out[STORE_CID_TEXT], const uint8_t digest32[32])
{
    uint8_t bytes[CID_BYTES];
    memcpy(bytes, prefix, sizeof prefix);
    memcpy(bytes + sizeof prefix, digest32, 32);
    out[0] = 'b';
    base_base32_encode(out + 1, bytes, sizeof bytes);
}

enum galen_err store_cid_parse(uint8_t digest32[32], const char *text, struct galen_errinfo *info)
{
    size_t len = strnlen(text, STORE_CID_TEXT);
    uint8_t bytes[CID_BYTES];
    if (len != STORE_CID_TEXT - 1 || text[0] != 'b' ||
        base_base32_decode(bytes, sizeof bytes, text + 1, len - 1, NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_PARSE,
                         "not a CID of this store (bafkrei and 52 more characters)");
    if (memcmp(bytes, prefix, sizeof prefix) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "CID is not version 1 of a raw block by SHA-256");
    memcpy(digest32, bytes + sizeof prefix, 32);
    return GALEN_OK;
}
