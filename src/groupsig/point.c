/* Points of G1 and G2 over blst. */
#include "groupsig/comb.h"
#include "groupsig/internal.h"
#include "groupsig/multiples.h"

#include <stdlib.h>
#include <string.h>

bool gs_g1_parse(blst_p1_affine *out, const uint8_t bytes[48])
{
    /* blst_p1_uncompress checks the encoding and the curve, not the subgroup, and takes O. */
    return blst_p1_uncompress(out, bytes) == BLST_SUCCESS && !blst_p1_affine_is_inf(out) &&
           blst_p1_affine_in_g1(out);
}

bool gs_g2_parse(blst_p2_affine *out, const uint8_t bytes[96])
{
    return blst_p2_uncompress(out, bytes) == BLST_SUCCESS && !blst_p2_affine_is_inf(out) &&
           blst_p2_affine_in_g2(out);
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

void gs_g1_mul_comb_ct(blst_p1_affine *out, const struct groupsig_comb *comb, const blst_scalar *k)
{
    blst_p1 product;
    gs_comb_mul(&product, comb, k);
    gs_g1_normalise(out, &product, 1);
    gs_wipe(&product, sizeof product);
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
    gs_g1_normalise(out, &sum, 1); /* unlike blst_p1_to_affine, without a branch on Z */
    gs_wipe(&sum, sizeof sum);
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
    bool is_inf = blst_p2_is_inf(&sum);
    gs_public(&is_inf, sizeof is_inf);
    if (is_inf)
        *out = (blst_p2_affine){0};
    else /* nor here */
        blst_p2s_to_affine(out, (const blst_p2 *[]){&sum}, 1);
    gs_wipe(&sum, sizeof sum);
}

void gs_g2_add(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b)
{
    g2_combine(out, a, b, false);
}

void gs_g2_sub(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b)
{
    g2_combine(out, a, b, true);
}

void gs_g1_normalise(blst_p1_affine *out, const blst_p1 *points, size_t count)
{
    const blst_p1 *pointers[16] = {NULL};
    bool is_inf[16];
    if (count > 16)
        abort();
    for (size_t i = 0; i < count; i++) {
        is_inf[i] = blst_p1_is_inf(&points[i]);
        gs_public(&is_inf[i], sizeof is_inf[i]);
        pointers[i] = is_inf[i] ? blst_p1_generator() : &points[i]; /* blst takes no O here */
    }
    blst_p1s_to_affine(out, pointers, count);
    for (size_t i = 0; i < count; i++)
        if (is_inf[i])
            out[i] = (blst_p1_affine){0};
}

void gs_g1_commitment_vt(blst_p1_affine *out, const blst_scalar *z, const blst_p1_affine *base,
                         const blst_scalar *c, const blst_p1_affine *point)
{
    struct gs_point_multiples tables[2];
    struct gs_recoded z_digits, c_digits;
    blst_p1 sum;
    gs_point_multiples_build_vt(tables, (const blst_p1_affine *[]){base, point}, 2, &GS_BETA);
    gs_recode_vt(&z_digits, z, GS_WIDTH_POINT);
    gs_recode_vt(&c_digits, c, GS_WIDTH_POINT);
    gs_multiples_sum_vt(&sum,
                        (struct gs_multiple[]){{tables[0].odd, tables[0].beta_x, &z_digits, false},
                                               {tables[1].odd, tables[1].beta_x, &c_digits, true}},
                        2);
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
