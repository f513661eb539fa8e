/*
 * Open: each manager's share P = xi E1 with a proof; C = E2 - P_G - P_R.
 *   share  06 06, role 1, SHA-256(signature) 32, P 48, c 24, z 32
 */
#include "groupsig/internal.h"

#include <string.h>

enum {
    SHARE_ROLE = 2,
    SHARE_HASH = SHARE_ROLE + 1,
    SHARE_P = SHARE_HASH + 32,
    SHARE_C = SHARE_P + 48,
    SHARE_Z = SHARE_C + GS_CHALLENGE_BYTES,
};
_Static_assert(SHARE_Z + 32 == GROUPSIG_OPENING_SHARE_BYTES, "opening share");

static const blst_p1_affine *role_X(const struct groupsig_group_key *key, enum groupsig_role role)
{
    return role == GROUPSIG_ROLE_GM ? &key->X_G : &key->X_R;
}

/* c = chal(OPEN, fp, role, SHA-256(sig), Xi, E1, P, kU, kE1) */
static void open_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                           const struct groupsig_group_key *key, enum groupsig_role role,
                           const struct groupsig_verified *signature, const blst_p1_affine *P,
                           const blst_p1_affine *kU, const blst_p1_affine *kE1)
{
    uint8_t storage[3 * 32 + 1 + 5 * 128];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "OPEN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, (uint8_t[]){(uint8_t)role}, 1);
    gs_transcript_put(&transcript, signature->hash, 32);
    gs_transcript_put_g1(&transcript, role_X(key, role));
    gs_transcript_put_g1(&transcript, &signature->E1);
    gs_transcript_put_g1(&transcript, P);
    gs_transcript_put_g1(&transcript, kU);
    gs_transcript_put_g1(&transcript, kE1);
    gs_transcript_challenge(&transcript, c, bytes);
}

void gs_opening_share_with_nonce(const struct groupsig_group_key *key,
                                 uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                 enum groupsig_role role, const blst_scalar *xi,
                                 const struct groupsig_verified *signature, const blst_scalar *k)
{
    blst_p1_affine P, kU, kE1;
    blst_scalar c, z;
    gs_g1_mul_ct(&P, &signature->E1, xi);
    gs_g1_mul_comb_ct(&kU, &GS_U_COMB, k);
    gs_g1_mul_ct(&kE1, &signature->E1, k);
    gs_public(&P, sizeof P);
    gs_public(&kU, sizeof kU);
    gs_public(&kE1, sizeof kE1);
    open_challenge(&c, share + SHARE_C, key, role, signature, &P, &kU, &kE1);
    gs_response(&z, k, &c, xi);
    gs_header_put(share, GS_TYPE_OPENING_SHARE);
    share[SHARE_ROLE] = (uint8_t)role;
    memcpy(share + SHARE_HASH, signature->hash, 32);
    blst_p1_affine_compress(share + SHARE_P, &P);
    gs_scalar_encode(share + SHARE_Z, &z);
}

static enum groupsig_status share_make(const struct groupsig_group_key *key,
                                       uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                       enum groupsig_role role, const blst_scalar *xi,
                                       const struct groupsig_verified *signature,
                                       const struct groupsig_rng *rng)
{
    blst_scalar k;
    if (!gs_same_group(key, signature->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    if (!gs_nonces_draw(&k, 1, "OPEN", xi, signature->hash, rng))
        return GROUPSIG_ERR_RNG;
    gs_opening_share_with_nonce(key, share, role, xi, signature, &k);
    gs_wipe(&k, sizeof k);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_opening_share_by_gm(const struct groupsig_group_key *key,
                                                  uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                                  const struct groupsig_gm_secret *gm,
                                                  const struct groupsig_verified *signature,
                                                  const struct groupsig_rng *rng)
{
    if (!groupsig_gm_secret_matches(key, gm))
        return GROUPSIG_ERR_MISMATCH;
    return share_make(key, share, GROUPSIG_ROLE_GM, &gm->xi, signature, rng);
}

enum groupsig_status groupsig_opening_share_by_rm(const struct groupsig_group_key *key,
                                                  uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                                  const struct groupsig_rm_secret *rm,
                                                  const struct groupsig_verified *signature,
                                                  const struct groupsig_rng *rng)
{
    if (!groupsig_rm_secret_matches(key, rm))
        return GROUPSIG_ERR_MISMATCH;
    return share_make(key, share, GROUPSIG_ROLE_RM, &rm->xi, signature, rng);
}

enum groupsig_status groupsig_opening_share_check(const struct groupsig_group_key *key, bool *valid,
                                                  struct groupsig_opening_share *share,
                                                  const uint8_t *bytes, size_t len,
                                                  const struct groupsig_verified *signature)
{
    blst_p1_affine P, kU, kE1;
    blst_scalar c, z, expected;
    if (!gs_header_check(bytes, len, GS_TYPE_OPENING_SHARE, GROUPSIG_OPENING_SHARE_BYTES) ||
        (bytes[SHARE_ROLE] != GROUPSIG_ROLE_GM && bytes[SHARE_ROLE] != GROUPSIG_ROLE_RM) ||
        !gs_scalar_parse(&z, bytes + SHARE_Z) || !gs_g1_parse(&P, bytes + SHARE_P))
        return GROUPSIG_ERR_PARSE;
    if (!gs_same_group(key, signature->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    enum groupsig_role role = (enum groupsig_role)bytes[SHARE_ROLE];
    gs_challenge_parse(&c, bytes + SHARE_C);

    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g1_commitment_vt(&kU, &z, &GS_U, &c, role_X(key, role));
    gs_g1_commitment_vt(&kE1, &z, &signature->E1, &c, &P);
    open_challenge(&expected, challenge, key, role, signature, &P, &kU, &kE1);
    *valid = memcmp(bytes + SHARE_HASH, signature->hash, 32) == 0 &&
             memcmp(challenge, bytes + SHARE_C, GS_CHALLENGE_BYTES) == 0;
    if (*valid && share) {
        share->role = role;
        memcpy(share->signature_hash, signature->hash, 32);
        share->P = P;
    }
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_open_combine(const struct groupsig_group_key *key,
                                           uint8_t commitment[GROUPSIG_COMMITMENT_BYTES],
                                           const struct groupsig_opening_share *gm_share,
                                           const struct groupsig_opening_share *rm_share,
                                           const struct groupsig_verified *signature)
{
    if (!gs_same_group(key, signature->fingerprint) || gm_share->role != GROUPSIG_ROLE_GM ||
        rm_share->role != GROUPSIG_ROLE_RM ||
        memcmp(gm_share->signature_hash, signature->hash, 32) != 0 ||
        memcmp(rm_share->signature_hash, signature->hash, 32) != 0)
        return GROUPSIG_ERR_MISMATCH;
    blst_p1_affine C;
    gs_g1_sub(&C, &signature->E2, &gm_share->P);
    gs_g1_sub(&C, &C, &rm_share->P);
    blst_p1_affine_compress(commitment, &C);
    return GROUPSIG_OK;
}
