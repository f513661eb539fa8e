/*
 * Reveal: each manager's share V = eta F1 with a proof; token xH = F2 - V_G - V_R.
 *   share  06 07, role 1, C 48, V 96, c 24, z 32
 */
#include "groupsig/internal.h"

#include <string.h>

enum {
    SHARE_ROLE = 2,
    SHARE_COMMITMENT = SHARE_ROLE + 1,
    SHARE_V = SHARE_COMMITMENT + 48,
    SHARE_C = SHARE_V + 96,
    SHARE_Z = SHARE_C + GS_CHALLENGE_BYTES,
    REQUEST_COMMITMENT = 2,
};
_Static_assert(SHARE_Z + 32 == GROUPSIG_REVEAL_SHARE_BYTES, "reveal share");

static const blst_p2_affine *role_Y(const struct groupsig_group_key *key, enum groupsig_role role)
{
    return role == GROUPSIG_ROLE_GM ? &key->Y_G : &key->Y_R;
}

/* c = chal(REVEAL, fp, role, SHA-256(join request), C, Yi, F1, V, kH, kF1) */
static void reveal_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                             const struct groupsig_group_key *key, enum groupsig_role role,
                             const struct groupsig_join_request *request, const blst_p2_affine *V,
                             const blst_p2_affine *kH, const blst_p2_affine *kF1)
{
    uint8_t storage[3 * 32 + 1 + 128 + 5 * 256], hash[32];
    struct gs_transcript transcript;
    blst_sha256(hash, request->bytes, sizeof request->bytes);
    gs_transcript_init(&transcript, storage, sizeof storage, "REVEAL");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, (uint8_t[]){(uint8_t)role}, 1);
    gs_transcript_put(&transcript, hash, 32);
    gs_transcript_put_g1(&transcript, &request->C);
    gs_transcript_put_g2(&transcript, role_Y(key, role));
    gs_transcript_put_g2(&transcript, &request->F1);
    gs_transcript_put_g2(&transcript, V);
    gs_transcript_put_g2(&transcript, kH);
    gs_transcript_put_g2(&transcript, kF1);
    gs_transcript_challenge(&transcript, c, bytes);
}

void gs_reveal_share_with_nonce(const struct groupsig_group_key *key,
                                uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES], enum groupsig_role role,
                                const blst_scalar *eta, const struct groupsig_join_request *request,
                                const blst_scalar *k)
{
    blst_p2_affine V, kH, kF1;
    blst_scalar c, z;
    gs_g2_mul_ct(&V, &request->F1, eta);
    gs_g2_mul_ct(&kH, GS_H, k);
    gs_g2_mul_ct(&kF1, &request->F1, k);
    gs_public(&V, sizeof V);
    gs_public(&kH, sizeof kH);
    gs_public(&kF1, sizeof kF1);
    reveal_challenge(&c, share + SHARE_C, key, role, request, &V, &kH, &kF1);
    gs_response(&z, k, &c, eta);
    gs_header_put(share, GS_TYPE_REVEAL_SHARE);
    share[SHARE_ROLE] = (uint8_t)role;
    memcpy(share + SHARE_COMMITMENT, request->bytes + REQUEST_COMMITMENT, 48);
    blst_p2_affine_compress(share + SHARE_V, &V);
    gs_scalar_encode(share + SHARE_Z, &z);
}

static enum groupsig_status share_make(const struct groupsig_group_key *key,
                                       uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                                       enum groupsig_role role, const blst_scalar *eta,
                                       const struct groupsig_join_request *request,
                                       const uint8_t nonce32[32], const uint8_t ctx32[32],
                                       const uint8_t opened_commitment[GROUPSIG_COMMITMENT_BYTES],
                                       const struct groupsig_rng *rng)
{
    if (memcmp(request->bytes + REQUEST_COMMITMENT, opened_commitment, GROUPSIG_COMMITMENT_BYTES) !=
        0)
        return GROUPSIG_ERR_MISMATCH;
    if (!groupsig_join_request_verify(key, request, nonce32, ctx32))
        return GROUPSIG_ERR_INVALID;
    uint8_t context[32];
    blst_scalar k;
    blst_sha256(context, request->bytes, sizeof request->bytes);
    if (!gs_nonces_draw(&k, 1, "REVEAL", eta, context, rng))
        return GROUPSIG_ERR_RNG;
    gs_reveal_share_with_nonce(key, share, role, eta, request, &k);
    gs_wipe(&k, sizeof k);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_reveal_share_by_gm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
    const struct groupsig_gm_secret *gm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32],
    const uint8_t opened_commitment[GROUPSIG_COMMITMENT_BYTES], const struct groupsig_rng *rng)
{
    if (!groupsig_gm_secret_matches(key, gm))
        return GROUPSIG_ERR_MISMATCH;
    return share_make(key, share, GROUPSIG_ROLE_GM, &gm->eta, request, nonce32, ctx32,
                      opened_commitment, rng);
}

enum groupsig_status groupsig_reveal_share_by_rm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
    const struct groupsig_rm_secret *rm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32],
    const uint8_t opened_commitment[GROUPSIG_COMMITMENT_BYTES], const struct groupsig_rng *rng)
{
    if (!groupsig_rm_secret_matches(key, rm))
        return GROUPSIG_ERR_MISMATCH;
    return share_make(key, share, GROUPSIG_ROLE_RM, &rm->eta, request, nonce32, ctx32,
                      opened_commitment, rng);
}

enum groupsig_status groupsig_reveal_share_check(const struct groupsig_group_key *key, bool *valid,
                                                 struct groupsig_reveal_share *share,
                                                 const uint8_t *bytes, size_t len,
                                                 const struct groupsig_join_request *request)
{
    blst_p1_affine commitment;
    blst_p2_affine V, kH, kF1;
    blst_scalar c, z, expected;
    if (!gs_header_check(bytes, len, GS_TYPE_REVEAL_SHARE, GROUPSIG_REVEAL_SHARE_BYTES) ||
        (bytes[SHARE_ROLE] != GROUPSIG_ROLE_GM && bytes[SHARE_ROLE] != GROUPSIG_ROLE_RM) ||
        !gs_scalar_parse(&z, bytes + SHARE_Z) ||
        !gs_g1_parse(&commitment, bytes + SHARE_COMMITMENT) || !gs_g2_parse(&V, bytes + SHARE_V))
        return GROUPSIG_ERR_PARSE;
    enum groupsig_role role = (enum groupsig_role)bytes[SHARE_ROLE];
    gs_challenge_parse(&c, bytes + SHARE_C);

    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g2_commitment_vt(&kH, &z, GS_H, &c, role_Y(key, role));
    gs_g2_commitment_vt(&kF1, &z, &request->F1, &c, &V);
    reveal_challenge(&expected, challenge, key, role, request, &V, &kH, &kF1);
    *valid = memcmp(bytes + SHARE_COMMITMENT, request->bytes + REQUEST_COMMITMENT, 48) == 0 &&
             memcmp(challenge, bytes + SHARE_C, GS_CHALLENGE_BYTES) == 0;
    if (*valid && share) {
        memcpy(share->fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
        share->role = role;
        blst_sha256(share->request_hash, request->bytes, sizeof request->bytes);
        share->V = V;
    }
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_reveal_combine(const struct groupsig_group_key *key,
                                             uint8_t token[GROUPSIG_TOKEN_BYTES],
                                             const struct groupsig_reveal_share *gm_share,
                                             const struct groupsig_reveal_share *rm_share,
                                             const struct groupsig_join_request *request)
{
    uint8_t hash[32];
    blst_sha256(hash, request->bytes, sizeof request->bytes);
    if (!gs_same_group(key, gm_share->fingerprint) || !gs_same_group(key, rm_share->fingerprint) ||
        gm_share->role != GROUPSIG_ROLE_GM || rm_share->role != GROUPSIG_ROLE_RM ||
        memcmp(gm_share->request_hash, hash, 32) != 0 ||
        memcmp(rm_share->request_hash, hash, 32) != 0)
        return GROUPSIG_ERR_MISMATCH;
    blst_p2_affine point;
    gs_g2_sub(&point, &request->F2, &gm_share->V);
    gs_g2_sub(&point, &point, &rm_share->V);
    if (!gs_token_matches(&point, &request->C))
        return GROUPSIG_ERR_INVALID;
    blst_p2_affine_compress(token, &point);
    return GROUPSIG_OK;
}
