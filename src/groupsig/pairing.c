/*
 * Pairing checks over precomputed lines: two Miller loops with shared squarings, one final
 * exponentiation. The lines, the field and the exponentiation are blst's; the loop is the one of
 * blst_miller_loop_lines with a second line in every step.
 */
#include "groupsig/internal.h"

/* A line of blst_precompute_lines at the point behind twice = (-2x, 2y). */
static void eval_line(blst_fp6 *out, const blst_fp6 *line, const blst_p1_affine *twice)
{
    out->fp2[0] = line->fp2[0];
    for (size_t i = 0; i < 2; i++) {
        blst_fp_mul(&out->fp2[1].fp[i], &line->fp2[1].fp[i], &twice->x);
        blst_fp_mul(&out->fp2[2].fp[i], &line->fp2[2].fp[i], &twice->y);
    }
}

/* f *= line a_lines[i] at a * line b_lines[i] at b */
static void mul_lines(blst_fp12 *f, size_t i, const blst_fp6 *a_lines, const blst_p1_affine *a,
                      const blst_fp6 *b_lines, const blst_p1_affine *b)
{
    blst_fp6 line;
    eval_line(&line, &a_lines[i], a);
    blst_fp12_mul_by_xy00z0(f, f, &line);
    eval_line(&line, &b_lines[i], b);
    blst_fp12_mul_by_xy00z0(f, f, &line);
}

static void twice_point(blst_p1_affine *out, const blst_p1_affine *point)
{
    blst_fp_add(&out->x, &point->x, &point->x);
    blst_fp_cneg(&out->x, &out->x, true);
    blst_fp_add(&out->y, &point->y, &point->y);
}

/* The product of both Miller loops; neither point is O. */
static void miller_loop_2(blst_fp12 *out, const blst_fp6 *a_lines, const blst_p1_affine *a,
                          const blst_fp6 *b_lines, const blst_p1_affine *b)
{
    /* The runs of doublings between the additions in |z| = 0xd201000000010000. */
    static const unsigned runs[] = {2, 3, 9, 32, 16};
    blst_p1_affine a2, b2;
    blst_fp12 f = *blst_fp12_one();
    size_t i = 0;
    twice_point(&a2, a);
    twice_point(&b2, b);
    mul_lines(&f, i++, a_lines, &a2, b_lines, &b2);
    for (size_t run = 0; run < sizeof runs / sizeof runs[0]; run++) {
        mul_lines(&f, i++, a_lines, &a2, b_lines, &b2);
        for (unsigned j = 0; j < runs[run]; j++) {
            blst_fp12_sqr(&f, &f);
            mul_lines(&f, i++, a_lines, &a2, b_lines, &b2);
        }
    }
    blst_fp12_conjugate(&f); /* z is negative */
    *out = f;
}

bool gs_pairing_equal(const blst_p1_affine *a, const blst_fp6 lines[68], const blst_p1_affine *b)
{
    /* A loop over lines has no case for O, where the pairing is 1. */
    if (blst_p1_affine_is_inf(a) || blst_p1_affine_is_inf(b))
        return blst_p1_affine_is_inf(a) && blst_p1_affine_is_inf(b);
    blst_p1_affine minus_b = *b;
    blst_fp12 f;
    blst_fp_cneg(&minus_b.y, &minus_b.y, true);
    miller_loop_2(&f, lines, a, GS_H_LINES, &minus_b);
    return blst_fp12_finalverify(&f, blst_fp12_one());
}
