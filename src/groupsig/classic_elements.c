/*
 * mcl's bytes of field and group elements.
 *   Fr  32 bytes little-endian
 *   G1  48 bytes: x little-endian, bit 7 of the last byte = parity of y; all zero = O
 *   G2  96 bytes: x.c0, x.c1 little-endian, bit 7 of the last byte = parity of y.c0
 *   GT 576 bytes: twelve coefficients little-endian
 * blst's compressed form is the same x big-endian, so the bytes are reversed, and the sign of y,
 * which blst takes from its order, is set by parity.
 */
#include "groupsig/classic_internal.h"

#include <string.h>

enum { PARITY = 0x80, SPARE_BITS = 0x60, BLST_COMPRESSED = 0x80, BLST_FLAGS = 0xe0 };

static void reverse(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = in[len - 1 - i];
}

static bool is_odd(const blst_fp *value)
{
    uint8_t bytes[48];
    blst_lendian_from_fp(bytes, value);
    return bytes[0] & 1;
}

bool gs_mcl_g1_parse(blst_p1_affine *out, const uint8_t bytes[MCL_G1])
{
    uint8_t compressed[MCL_G1];
    if (bytes[MCL_G1 - 1] & SPARE_BITS)
        return false;
    reverse(compressed, bytes, MCL_G1);
    compressed[0] = (uint8_t)((compressed[0] & ~PARITY) | BLST_COMPRESSED);
    if (!gs_g1_parse(out, compressed))
        return false;
    bool odd = bytes[MCL_G1 - 1] & PARITY;
    blst_fp_cneg(&out->y, &out->y, is_odd(&out->y) != odd);
    return true;
}

bool gs_mcl_g2_parse(blst_p2_affine *out, const uint8_t bytes[MCL_G2])
{
    uint8_t compressed[MCL_G2];
    if (bytes[MCL_G2 - 1] & SPARE_BITS)
        return false;
    reverse(compressed, bytes, MCL_G2);
    compressed[0] = (uint8_t)((compressed[0] & ~PARITY) | BLST_COMPRESSED);
    if (!gs_g2_parse(out, compressed))
        return false;
    bool odd = bytes[MCL_G2 - 1] & PARITY;
    blst_fp2_cneg(&out->y, &out->y, is_odd(&out->y.fp[0]) != odd);
    return true;
}

void gs_mcl_g1_encode(uint8_t bytes[MCL_G1], const blst_p1_affine *point)
{
    uint8_t compressed[MCL_G1];
    memset(bytes, 0, MCL_G1);
    if (blst_p1_affine_is_inf(point))
        return;
    blst_p1_affine_compress(compressed, point);
    compressed[0] &= (uint8_t)~BLST_FLAGS;
    reverse(bytes, compressed, MCL_G1);
    bytes[MCL_G1 - 1] |= is_odd(&point->y) ? PARITY : 0;
}

void gs_mcl_g2_encode(uint8_t bytes[MCL_G2], const blst_p2_affine *point)
{
    uint8_t compressed[MCL_G2];
    memset(bytes, 0, MCL_G2);
    if (blst_p2_affine_is_inf(point))
        return;
    blst_p2_affine_compress(compressed, point);
    compressed[0] &= (uint8_t)~BLST_FLAGS;
    reverse(bytes, compressed, MCL_G2);
    bytes[MCL_G2 - 1] |= is_odd(&point->y.fp[0]) ? PARITY : 0;
}

void gs_mcl_gt_encode(uint8_t bytes[MCL_GT], const blst_fp12 *value)
{
    for (size_t i = 0; i < 12; i++)
        blst_lendian_from_fp(bytes + 48 * i, &value->fp6[i / 6].fp2[i / 2 % 3].fp[i % 2]);
}

bool gs_mcl_gt_parse(blst_fp12 *out, const uint8_t bytes[MCL_GT])
{
    uint8_t again[MCL_GT];
    if (sodium_is_zero(bytes, MCL_GT)) /* 0 passes blst's test of the group */
        return false;
    for (size_t i = 0; i < 12; i++)
        blst_fp_from_lendian(&out->fp6[i / 6].fp2[i / 2 % 3].fp[i % 2], bytes + 48 * i);
    gs_mcl_gt_encode(again, out); /* reduced: other bytes than came in were not canonical */
    return memcmp(again, bytes, MCL_GT) == 0 && !blst_fp12_is_one(out) && blst_fp12_in_group(out);
}

bool gs_mcl_fr_parse(blst_scalar *out, const uint8_t bytes[MCL_FR])
{
    blst_scalar_from_lendian(out, bytes);
    bool ok = blst_scalar_fr_check(out);
    gs_public(&ok, sizeof ok);
    return ok;
}

void gs_mcl_fr_encode(uint8_t bytes[MCL_FR], const blst_scalar *scalar)
{
    blst_lendian_from_scalar(bytes, scalar);
}
