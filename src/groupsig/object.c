/* What every object shares: its header, and the group key it belongs to. */
#include "groupsig/internal.h"

#include <string.h>

bool gs_header_check(const uint8_t *bytes, size_t len, enum gs_type type, size_t expected_len)
{
    return len == expected_len && bytes[0] == GS_SCHEME && bytes[1] == type;
}

void gs_header_put(uint8_t *bytes, enum gs_type type)
{
    bytes[0] = GS_SCHEME;
    bytes[1] = (uint8_t)type;
}

bool gs_same_group(const struct groupsig_group_key *key, const uint8_t fingerprint[32])
{
    return memcmp(key->fingerprint, fingerprint, GROUPSIG_FINGERPRINT_BYTES) == 0;
}
