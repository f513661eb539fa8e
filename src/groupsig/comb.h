/*
 * Inside src/groupsig: multiples of fixed bases by secret scalars. Not installed.
 *
 * A comb holds the multiples 1..16 of 2^(20 i) P for i = 0..12. A scalar is written in 52 signed
 * digits of base 32, each -16..16; digit 4 i + pass meets row i. Four passes with five doublings
 * between them, 52 additions, every digit read by scanning its whole row: no branch and no address
 * depends on the scalar.
 */
#ifndef GROUPSIG_COMB_H
#define GROUPSIG_COMB_H

#include "groupsig/groupsig.h"

/* point is not O. */
void gs_comb_build(struct groupsig_comb *comb, const blst_p1_affine *point);
/* out = k P in constant time. The coordinates of out still depend on k: normalise or wipe. */
void gs_comb_mul(blst_p1 *out, const struct groupsig_comb *comb, const blst_scalar *k);

#endif
