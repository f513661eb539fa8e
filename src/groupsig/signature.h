/* Inside src/groupsig: the layout of a signature and its challenge. Not installed.
 *   06 01, A' 48, Abar 48, E1 48, E2 48, T 48, c 24, zt 32, zr 32, zu 32 */
#ifndef GROUPSIG_SIGNATURE_H
#define GROUPSIG_SIGNATURE_H

#include "groupsig/internal.h"

enum {
    SIG_POINTS = 2,
    SIG_C = SIG_POINTS + 5 * 48,
    SIG_ZT = SIG_C + GS_CHALLENGE_BYTES,
    SIG_ZR = SIG_ZT + 32,
    SIG_ZU = SIG_ZR + 32,
};
_Static_assert(SIG_ZU + 32 == GROUPSIG_SIGNATURE_BYTES, "signature");

/* The five points in the order of the signature, then the four commitments. */
enum { GS_A, GS_ABAR, GS_E1, GS_E2, GS_T, GS_K1, GS_K2, GS_K3, GS_K4, GS_SIGN_POINTS };

/* c = chal(SIGN, fp, msg32, A', Abar, E1, E2, T, K1, K2, K3, K4) */
void gs_sign_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                       const struct groupsig_group_key *key, const uint8_t msg32[32],
                       const blst_p1_affine points[GS_SIGN_POINTS]);

/* All of verification but the pairing. */
bool gs_challenge_matches_vt(const struct groupsig_group_key *key,
                             const struct groupsig_signature *sig, const uint8_t msg32[32]);
void gs_verified_set(struct groupsig_verified *verified, const struct groupsig_group_key *key,
                     const struct groupsig_signature *signature);

#endif
