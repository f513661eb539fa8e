/* Pairing checks: two Miller loops over precomputed lines, one final exponentiation. */
#include "groupsig/internal.h"

bool gs_pairing_equal(const blst_p1_affine *a, const blst_fp6 r_lines[68], const blst_p1_affine *b)
{
    blst_fp12 left, right;
    /* blst's loop over lines has no case for O, where the pairing is 1. */
    if (blst_p1_affine_is_inf(a) || blst_p1_affine_is_inf(b))
        return blst_p1_affine_is_inf(a) && blst_p1_affine_is_inf(b);
    blst_miller_loop_lines(&left, r_lines, a);
    blst_miller_loop(&right, GS_H, b);
    return blst_fp12_finalverify(&left, &right);
}
