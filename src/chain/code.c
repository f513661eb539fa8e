/* Whether the code at an address is the contract that this build was made with. */
#include <string.h>

#include "chain/chain.h"

bool chain_code_matches(const struct chain_code *expected, const uint8_t *code, size_t len)
{
    if (len != expected->len)
        return false;
    /* Gap by gap, in order: what lies before each, then what is behind the last. */
    size_t at = 0;
    for (size_t i = 0; i <= expected->n_gaps; i++) {
        size_t end = i < expected->n_gaps ? expected->gaps[i].start : len;
        GALEN_ASSERT(end >= at && end <= len);
        if (memcmp(code + at, expected->bytes + at, end - at) != 0)
            return false;
        at = i < expected->n_gaps ? end + expected->gaps[i].len : end;
    }
    return true;
}
