/* Scalars modulo r, over blst: bytes, responses, wiping. blst keeps them little-endian. */
#include "groupsig/internal.h"

#include <string.h>

bool gs_scalar_parse(blst_scalar *out, const uint8_t bytes[32])
{
    blst_scalar scalar;
    blst_scalar_from_bendian(&scalar, bytes);
    bool ok = blst_scalar_fr_check(&scalar); /* unlike blst_sk_check, takes 0 */
    gs_public(&ok, sizeof ok);
    if (ok)
        *out = scalar;
    gs_wipe(&scalar, sizeof scalar);
    return ok;
}

void gs_scalar_encode(uint8_t bytes[32], const blst_scalar *scalar)
{
    blst_bendian_from_scalar(bytes, scalar);
}

bool gs_scalar_is_zero(const blst_scalar *scalar)
{
    unsigned any = 0;
    for (size_t i = 0; i < sizeof scalar->b; i++)
        any |= scalar->b[i];
    bool is_zero = any == 0;
    gs_public(&is_zero, sizeof is_zero);
    return is_zero;
}

void gs_challenge_parse(blst_scalar *out, const uint8_t bytes[GS_CHALLENGE_BYTES])
{
    uint8_t wide[32] = {0};
    memcpy(wide + 32 - GS_CHALLENGE_BYTES, bytes, GS_CHALLENGE_BYTES);
    blst_scalar_from_bendian(out, wide);
}

void gs_response(blst_scalar *z, const blst_scalar *k, const blst_scalar *c,
                 const blst_scalar *secret)
{
    blst_fr fr_k, fr_c, product;
    blst_fr_from_scalar(&fr_k, k);
    blst_fr_from_scalar(&fr_c, c);
    blst_fr_from_scalar(&product, secret);
    blst_fr_mul(&product, &product, &fr_c);
    blst_fr_add(&product, &product, &fr_k);
    blst_scalar_from_fr(z, &product);
    gs_wipe(&fr_k, sizeof fr_k);
    gs_wipe(&product, sizeof product);
}

void gs_wipe(void *data, size_t len)
{
    explicit_bzero(data, len);
}
