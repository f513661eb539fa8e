/* Points of G1 and G2 over blst. */
#include "groupsig/internal.h"

#include <stdlib.h>
#include <string.h>

bool gs_g1_parse(blst_p1_affine *out, const uint8_t bytes[48])
{
    blst_p1_affine point;
    /* blst_p1_uncompress checks the encoding and the curve, not the subgroup, and takes O. */
    if (blst_p1_uncompress(&point, bytes) != BLST_SUCCESS || blst_p1_affine_is_inf(&point) ||
        !blst_p1_affine_in_g1(&point))
        return false;
    *out = point;
    return true;
}

bool gs_g2_parse(blst_p2_affine *out, const uint8_t bytes[96])
{
    blst_p2_affine point;
    if (blst_p2_uncompress(&point, bytes) != BLST_SUCCESS || blst_p2_affine_is_inf(&point) ||
        !blst_p2_affine_in_g2(&point))
        return false;
    *out = point;
    return true;
}

/* blst's signing functions are its multiplications for secret scalars: no branch on the scalar, and
 * the result has Z = 1, so that nothing about it is left in the coordinates. */
void gs_g1_mul_ct(blst_p1_affine *out, const blst_p1_affine *point, const blst_scalar *k)
{
    blst_p1 base, product;
    blst_p1_from_affine(&base, point);
    blst_sign_pk_in_g2(&product, &base, k);
    *out = (blst_p1_affine){product.x, product.y};
}

void gs_g2_mul_ct(blst_p2_affine *out, const blst_p2_affine *point, const blst_scalar *k)
{
    blst_p2 base, product;
    blst_p2_from_affine(&base, point);
    blst_sign_pk_in_g1(&product, &base, k);
    *out = (blst_p2_affine){product.x, product.y};
}

static void g1_combine(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b,
                       bool negate_b)
{
    blst_p1 sum;
    blst_p1_from_affine(&sum, b);
    blst_p1_cneg(&sum, negate_b);
    blst_p1_add_or_double_affine(&sum, &sum, a);
    blst_p1_to_affine(out, &sum);
}

void gs_g1_add(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b)
{
    g1_combine(out, a, b, false);
}

void gs_g1_sub(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b)
{
    g1_combine(out, a, b, true);
}

static void g2_combine(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b,
                       bool negate_b)
{
    blst_p2 sum;
    blst_p2_from_affine(&sum, b);
    blst_p2_cneg(&sum, negate_b);
    blst_p2_add_or_double_affine(&sum, &sum, a);
    blst_p2_to_affine(out, &sum);
}

void gs_g2_add(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b)
{
    g2_combine(out, a, b, false);
}

void gs_g2_sub(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b)
{
    g2_combine(out, a, b, true);
}

void gs_g1_sum_vt(blst_p1 *out, const struct gs_term *terms, size_t count)
{
    blst_p1 sum = {0}, point;
    for (size_t i = 0; i < count; i++) {
        blst_p1_from_affine(&point, terms[i].point);
        blst_p1_mult(&point, &point, terms[i].k->b, 255);
        blst_p1_cneg(&point, terms[i].negate);
        blst_p1_add_or_double(&sum, &sum, &point);
    }
    *out = sum;
}

void gs_g1_normalise(blst_p1_affine *out, const blst_p1 *points, size_t count)
{
    for (size_t i = 0; i < count; i++)
        blst_p1_to_affine(&out[i], &points[i]);
}

void gs_g1_commitment_vt(blst_p1_affine *out, const blst_scalar *z, const blst_p1_affine *base,
                         const blst_scalar *c, const blst_p1_affine *point)
{
    blst_p1 sum;
    gs_g1_sum_vt(&sum, (struct gs_term[]){{base, z, false}, {point, c, true}}, 2);
    blst_p1_to_affine(out, &sum);
}

static void g2_term_add(blst_p2 *sum, const blst_scalar *k, const blst_p2_affine *point,
                        bool negate)
{
    blst_p2 product;
    blst_p2_from_affine(&product, point);
    blst_p2_mult(&product, &product, k->b, 255);
    blst_p2_cneg(&product, negate);
    blst_p2_add_or_double(sum, sum, &product);
}

void gs_g2_commitment_vt(blst_p2_affine *out, const blst_scalar *z, const blst_p2_affine *base,
                         const blst_scalar *c, const blst_p2_affine *point)
{
    blst_p2 sum = {0};
    g2_term_add(&sum, z, base, false);
    g2_term_add(&sum, c, point, true);
    blst_p2_to_affine(out, &sum);
}

void gs_g2_commitment2_vt(blst_p2_affine *out, const blst_scalar *z1, const blst_p2_affine *base1,
                          const blst_scalar *z2, const blst_p2_affine *base2, const blst_scalar *c,
                          const blst_p2_affine *point)
{
    blst_p2 sum = {0};
    g2_term_add(&sum, z1, base1, false);
    g2_term_add(&sum, z2, base2, false);
    g2_term_add(&sum, c, point, true);
    blst_p2_to_affine(out, &sum);
}
