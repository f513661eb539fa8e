/*
 * What somebody may try who keeps to nothing: every object of the scheme with points and witness
 * of the caller's choice, and a challenge and answers that are computed as the rules say. With
 * the right witness each of them makes a valid object, so that a refusal is one of the choice.
 */
#ifndef GROUPSIG_FORGE_H
#define GROUPSIG_FORGE_H

#include "fixture.h"
#include "groupsig/signature.h"

/* ---- scalars and points. Any of them may be 0 or O. ------------------------------------------- */

blst_scalar forge_scalar(struct fixture_rng *rng);
blst_scalar forge_number(uint64_t value);
blst_scalar forge_add(const blst_scalar *a, const blst_scalar *b);
blst_scalar forge_sub(const blst_scalar *a, const blst_scalar *b);
blst_scalar forge_mul(const blst_scalar *a, const blst_scalar *b);
blst_scalar forge_inverse(const blst_scalar *a);

blst_p1_affine forge_g1(const blst_p1_affine *point, const blst_scalar *k);
blst_p2_affine forge_g2(const blst_p2_affine *point, const blst_scalar *k);
blst_p1_affine forge_g1_add(const blst_p1_affine *a, const blst_p1_affine *b);
blst_p1_affine forge_g1_sub(const blst_p1_affine *a, const blst_p1_affine *b);
blst_p2_affine forge_g2_add(const blst_p2_affine *a, const blst_p2_affine *b);
blst_p2_affine forge_g2_sub(const blst_p2_affine *a, const blst_p2_affine *b);

/* ---- objects ----------------------------------------------------------------------------------- */

/* A', Abar, E1, E2, T in the order of GS_A to GS_T, and the witness of the answers. */
struct forged_signature {
    blst_p1_affine point[5];
    blst_scalar t, r, u;
};
/* What the rules make of a certificate (A, t) on x, with r. */
void forge_honest(struct forged_signature *out, const struct groupsig_group_key *key,
                  const blst_p1_affine *A, const blst_scalar *t, const blst_scalar *x,
                  const blst_scalar *r);
void forge_signature(uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], const struct groupsig_group_key *key,
                     const struct forged_signature *choice, const uint8_t msg32[32],
                     struct fixture_rng *rng);

void forge_gm_share(uint8_t share[GROUPSIG_GM_SHARE_BYTES], const blst_p2_affine *R,
                    const blst_p1_affine *X, const blst_p2_affine *Y, const blst_scalar *gamma,
                    const blst_scalar *xi, const blst_scalar *eta, struct fixture_rng *rng);
void forge_rm_share(uint8_t share[GROUPSIG_RM_SHARE_BYTES],
                    const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], const blst_p1_affine *X,
                    const blst_p2_affine *Y, const blst_scalar *xi, const blst_scalar *eta,
                    struct fixture_rng *rng);

void forge_join_request(uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES],
                        const struct groupsig_group_key *key, const uint8_t nonce32[32],
                        const uint8_t ctx32[32], const blst_p1_affine *C, const blst_p2_affine *F1,
                        const blst_p2_affine *F2, const blst_scalar *x, const blst_scalar *k,
                        struct fixture_rng *rng);

void forge_opening_share(uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                         const struct groupsig_group_key *key, enum groupsig_role role,
                         const struct groupsig_verified *signature, const blst_p1_affine *P,
                         const blst_scalar *xi, struct fixture_rng *rng);
void forge_reveal_share(uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                        const struct groupsig_group_key *key, enum groupsig_role role,
                        const struct groupsig_join_request *request, const blst_p2_affine *V,
                        const blst_scalar *eta, struct fixture_rng *rng);

#endif
