/*
 * Secret scalars. Each is blst's KeyGen (draft-irtf-cfrg-bls-signature-05, 2.3): HKDF-SHA-256 to 48
 * bytes, reduced modulo r, zero rejected, with
 *     salt = "GALEN-CPY06-G1-V1-NONCE-" name,  IKM = secret (32 zero bytes when none) || 32 fresh
 *     random bytes,  info = context32 || index as one byte.
 * Hedged: with a broken generator the nonces are still a secret function of the message; with a
 * good one two signatures of one message have nothing in common.
 */
#include "groupsig/internal.h"

#include <stdlib.h>
#include <string.h>

static const char SALT[] = "GALEN-CPY06-G1-V1-NONCE-";

bool gs_nonces_draw(blst_scalar *out, size_t count, const char *name, const blst_scalar *secret,
                    const uint8_t context32[32], const struct groupsig_rng *rng)
{
    uint8_t salt[48], ikm[64] = {0}, info[33];
    size_t salt_len = sizeof SALT - 1, name_len = strlen(name);
    if (salt_len + name_len > sizeof salt || count > UINT8_MAX)
        abort();
    if (rng->fill(rng->ctx, ikm + 32, 32) != 0) {
        gs_wipe(ikm, sizeof ikm);
        return false;
    }
    memcpy(salt, SALT, salt_len);
    memcpy(salt + salt_len, name, name_len);
    if (secret)
        memcpy(ikm, secret->b, 32);
    memcpy(info, context32, 32);
    for (size_t i = 0; i < count; i++) {
        info[32] = (uint8_t)i;
        blst_keygen_v5(&out[i], ikm, sizeof ikm, salt, salt_len + name_len, info, sizeof info);
    }
    gs_wipe(ikm, sizeof ikm);
    return true;
}
