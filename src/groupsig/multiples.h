/*
 * Inside src/groupsig: sums of multiples of points of G1 in variable time, for PUBLIC data only.
 * Not installed.
 *
 * Interleaved wNAF over the endomorphism of G1 (Gallant, Lambert, Vanstone): with z^2 the square of
 * the curve's parameter, z^2 P = (beta x, -y), so a scalar k = k1 z^2 + k0 costs 128 doublings
 * instead of 255, and those are shared by all points of one sum. Point arithmetic is blst's.
 */
#ifndef GROUPSIG_MULTIPLES_H
#define GROUPSIG_MULTIPLES_H

#include "groupsig/groupsig.h"

/* Widths of the signed digits: a table has 2^(width - 2) odd multiples. */
#define GS_WIDTH_POINT 5 /* of a point that comes with a signature or proof */
#define GS_WIDTH_FIXED 8 /* of the generators and of X */
#define GS_ODD_POINT   (1 << (GS_WIDTH_POINT - 2))
_Static_assert(GROUPSIG_MULTIPLES_ODD == 1 << (GS_WIDTH_FIXED - 2), "table of a fixed point");

/* The multiples 1, 3, 5... of points, with the x of their images under the endomorphism. */
struct gs_point_multiples {
    blst_p1_affine odd[GS_ODD_POINT];
    blst_fp beta_x[GS_ODD_POINT];
};

/* A scalar in signed digits, both halves. */
#define GS_DIGITS 129
struct gs_recoded {
    unsigned width;
    int8_t half[2][GS_DIGITS];
};

struct gs_multiple {
    const blst_p1_affine *odd;
    const blst_fp *beta_x;
    const struct gs_recoded *k; /* recoded with the width of the table */
    bool negate;
};

void gs_recode_vt(struct gs_recoded *out, const blst_scalar *k, unsigned width);

/* Tables of count points, none of them O, with one field inversion for all. */
#define GS_MAX_POINTS 5
void gs_point_multiples_build_vt(struct gs_point_multiples *out,
                                 const blst_p1_affine *const *points, size_t count,
                                 const blst_fp *beta);
void gs_fixed_multiples_build_vt(struct groupsig_multiples *out, const blst_p1_affine *point,
                                 const blst_fp *beta);

/* out = the sum of all terms; any of them, and the sum, may be O. */
void gs_multiples_sum_vt(blst_p1 *out, const struct gs_multiple *terms, size_t count);

#endif
