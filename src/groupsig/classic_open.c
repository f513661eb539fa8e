/* Open, reveal, trace and claim in the classic profile. A = T3 - xi1 T1 - xi2 T2; e(x g1, T4) = T5.
 */
#include "groupsig/classic_internal.h"

#include <string.h>

/* What a share is bound to: the group key and the whole of T1 to T5. */
static enum groupsig_status share_context(uint8_t context[32],
                                          const struct groupsig_classic_group_key *key,
                                          const struct groupsig_classic_verified *signature)
{
    crypto_hash_sha256_state hash;
    if (memcmp(key->fingerprint, signature->fingerprint, sizeof key->fingerprint) != 0)
        return GROUPSIG_ERR_MISMATCH;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, key->fingerprint, sizeof key->fingerprint);
    gs_classic_hash_g1(&hash, &signature->T1);
    gs_classic_hash_g1(&hash, &signature->T2);
    gs_classic_hash_g1(&hash, &signature->T3);
    gs_classic_hash_g2(&hash, &signature->T4);
    gs_classic_hash_gt(&hash, &signature->T5);
    crypto_hash_sha256_final(&hash, context);
    return GROUPSIG_OK;
}

/* K = k1 X, k1 T1, k2 Y, k2 T2. */
static void share_challenge(blst_scalar *c, const struct groupsig_classic_opening_share *share,
                            const blst_p1_affine K[4])
{
    static const char name[] = "GALEN-CPY06-CLASSIC-OPEN";
    const blst_p1_affine *const points[4] = {&share->D1, &share->D2, &share->P1, &share->P2};
    uint8_t tag[32];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256(tag, (const uint8_t *)name, sizeof name - 1);
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, tag, sizeof tag);
    crypto_hash_sha256_update(&hash, share->context, sizeof share->context);
    for (int i = 0; i < 4; i++)
        gs_classic_hash_g1(&hash, points[i]);
    for (int i = 0; i < 4; i++)
        gs_classic_hash_g1(&hash, &K[i]);
    gs_classic_hash_challenge(c, &hash);
}

enum groupsig_status
groupsig_classic_opening_share_make(const struct groupsig_classic_group_key *key,
                                    uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES],
                                    const struct groupsig_classic_manager_key *manager,
                                    const struct groupsig_classic_verified *signature,
                                    const struct groupsig_rng *rng)
{
    struct groupsig_classic_opening_share share;
    blst_scalar k[2], c, z[2];
    blst_p1_affine K[4];
    enum groupsig_status status = share_context(share.context, key, signature);
    if (status != GROUPSIG_OK)
        return status;
    if (!gs_nonces_draw(k, 2, "CLASSIC-OPEN", &manager->xi1, share.context, rng))
        return GROUPSIG_ERR_RNG;
    gs_g1_mul_ct(&share.D1, &signature->T1, &manager->xi1);
    gs_g1_mul_ct(&share.D2, &signature->T2, &manager->xi2);
    gs_g1_mul_ct(&share.P1, &key->X, &manager->xi1);
    gs_g1_mul_ct(&share.P2, &key->Y, &manager->xi2);
    gs_g1_mul_ct(&K[0], &key->X, &k[0]);
    gs_g1_mul_ct(&K[1], &signature->T1, &k[0]);
    gs_g1_mul_ct(&K[2], &key->Y, &k[1]);
    gs_g1_mul_ct(&K[3], &signature->T2, &k[1]);
    gs_public(&share, sizeof share);
    gs_public(K, sizeof K);
    share_challenge(&c, &share, K);
    gs_response(&z[0], &k[0], &c, &manager->xi1);
    gs_response(&z[1], &k[1], &c, &manager->xi2);
    gs_mcl_g1_encode(bytes, &share.D1);
    gs_mcl_g1_encode(bytes + MCL_G1, &share.D2);
    gs_mcl_g1_encode(bytes + 2 * MCL_G1, &share.P1);
    gs_mcl_g1_encode(bytes + 3 * MCL_G1, &share.P2);
    gs_mcl_fr_encode(bytes + 4 * MCL_G1, &c);
    gs_mcl_fr_encode(bytes + 4 * MCL_G1 + MCL_FR, &z[0]);
    gs_mcl_fr_encode(bytes + 4 * MCL_G1 + 2 * MCL_FR, &z[1]);
    gs_wipe(k, sizeof k);
    return GROUPSIG_OK;
}

enum groupsig_status
groupsig_classic_opening_share_check(const struct groupsig_classic_group_key *key, bool *valid,
                                     struct groupsig_classic_opening_share *share,
                                     const uint8_t *bytes, size_t len,
                                     const struct groupsig_classic_verified *signature)
{
    struct groupsig_classic_opening_share parsed;
    blst_scalar c, z[2], expected;
    blst_p1_affine K[4];
    if (len != GROUPSIG_CLASSIC_OPENING_SHARE_BYTES || !gs_mcl_g1_parse(&parsed.D1, bytes) ||
        !gs_mcl_g1_parse(&parsed.D2, bytes + MCL_G1) ||
        !gs_mcl_g1_parse(&parsed.P1, bytes + 2 * MCL_G1) ||
        !gs_mcl_g1_parse(&parsed.P2, bytes + 3 * MCL_G1) ||
        !gs_mcl_fr_parse(&c, bytes + 4 * MCL_G1) ||
        !gs_mcl_fr_parse(&z[0], bytes + 4 * MCL_G1 + MCL_FR) ||
        !gs_mcl_fr_parse(&z[1], bytes + 4 * MCL_G1 + 2 * MCL_FR))
        return GROUPSIG_ERR_PARSE;
    enum groupsig_status status = share_context(parsed.context, key, signature);
    if (status != GROUPSIG_OK)
        return status;
    gs_g1_commitment_vt(&K[0], &z[0], &key->X, &c, &parsed.P1);
    gs_g1_commitment_vt(&K[1], &z[0], &signature->T1, &c, &parsed.D1);
    gs_g1_commitment_vt(&K[2], &z[1], &key->Y, &c, &parsed.P2);
    gs_g1_commitment_vt(&K[3], &z[1], &signature->T2, &c, &parsed.D2);
    share_challenge(&expected, &parsed, K);
    *valid = memcmp(&c, &expected, sizeof c) == 0;
    if (*valid && share != NULL)
        *share = parsed;
    return GROUPSIG_OK;
}

/* Two managers' xi add up to the group's exactly when their xi X add up to Z. */
static bool adds_up(const blst_p1_affine *Z, const blst_p1_affine *P_gm, const blst_p1_affine *P_rm)
{
    blst_p1_affine sum;
    gs_g1_add(&sum, P_gm, P_rm);
    return blst_p1_affine_is_equal(&sum, Z);
}

enum groupsig_status
groupsig_classic_open_combine(const struct groupsig_classic_group_key *key,
                              uint8_t A[GROUPSIG_CLASSIC_G1_BYTES],
                              const struct groupsig_classic_opening_share *gm_share,
                              const struct groupsig_classic_opening_share *rm_share,
                              const struct groupsig_classic_verified *signature)
{
    uint8_t context[32];
    blst_p1_affine point = signature->T3;
    enum groupsig_status status = share_context(context, key, signature);
    if (status != GROUPSIG_OK)
        return status;
    if (memcmp(gm_share->context, context, sizeof context) != 0 ||
        memcmp(rm_share->context, context, sizeof context) != 0 ||
        !adds_up(&key->Z, &gm_share->P1, &rm_share->P1) ||
        !adds_up(&key->Z, &gm_share->P2, &rm_share->P2))
        return GROUPSIG_ERR_MISMATCH;
    gs_g1_sub(&point, &point, &gm_share->D1);
    gs_g1_sub(&point, &point, &gm_share->D2);
    gs_g1_sub(&point, &point, &rm_share->D1);
    gs_g1_sub(&point, &point, &rm_share->D2);
    gs_mcl_g1_encode(A, &point);
    return GROUPSIG_OK;
}

static bool tag_matches(const struct groupsig_classic_verified *signature,
                        const blst_p1_affine *token)
{
    blst_fp12 tag;
    gs_classic_pairing(&tag, token, &signature->T4);
    return blst_fp12_is_equal(&tag, &signature->T5);
}

enum groupsig_status groupsig_classic_reveal(const struct groupsig_classic_group_key *key,
                                             uint8_t token[GROUPSIG_CLASSIC_G1_BYTES],
                                             const struct groupsig_classic_opening_share *gm_share,
                                             const struct groupsig_classic_opening_share *rm_share,
                                             const struct groupsig_classic_verified *signature,
                                             const struct groupsig_classic_list_row *rows,
                                             size_t count)
{
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES];
    blst_p1_affine point;
    enum groupsig_status status = groupsig_classic_open_combine(key, A, gm_share, rm_share,
                                                                signature);
    if (status != GROUPSIG_OK)
        return status;
    size_t at = 0;
    while (at < count && memcmp(rows[at].A, A, sizeof A) != 0)
        at++;
    if (at == count)
        return GROUPSIG_ERR_MISMATCH;
    if (!gs_mcl_g1_parse(&point, rows[at].pi) || !tag_matches(signature, &point))
        return GROUPSIG_ERR_INVALID;
    memcpy(token, rows[at].pi, sizeof rows[at].pi);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_classic_trace(bool *traced,
                                            const struct groupsig_classic_verified *signature,
                                            const uint8_t token[GROUPSIG_CLASSIC_G1_BYTES])
{
    blst_p1_affine point;
    if (!gs_mcl_g1_parse(&point, token))
        return GROUPSIG_ERR_PARSE;
    *traced = tag_matches(signature, &point);
    return GROUPSIG_OK;
}

/* c = H(e(g1, T4)^k, e(g1, T4), T5) */
static void claim_challenge(blst_scalar *c, const blst_fp12 *commitment,
                            const struct groupsig_classic_verified *signature)
{
    blst_fp12 base;
    crypto_hash_sha256_state hash;
    gs_classic_pairing(&base, GS_G, &signature->T4);
    crypto_hash_sha256_init(&hash);
    gs_classic_hash_gt(&hash, commitment);
    gs_classic_hash_gt(&hash, &base);
    gs_classic_hash_gt(&hash, &signature->T5);
    gs_classic_hash_challenge(c, &hash);
}

enum groupsig_status groupsig_classic_claim_make(char text[GROUPSIG_CLASSIC_CLAIM_TEXT + 1],
                                                 const struct groupsig_classic_member_key *member,
                                                 const struct groupsig_classic_verified *signature,
                                                 const struct groupsig_rng *rng)
{
    blst_p1_affine point;
    gs_g1_mul_comb_ct(&point, &GS_G_COMB, &member->x);
    bool own = tag_matches(signature, &point);
    gs_public(&own, sizeof own);
    gs_wipe(&point, sizeof point); /* the tracing token */
    if (!own)
        return GROUPSIG_ERR_NOT_OWN;
    uint8_t context[32], bytes[2][MCL_FR], tag[MCL_GT];
    gs_mcl_gt_encode(tag, &signature->T5);
    crypto_hash_sha256(context, tag, sizeof tag);
    blst_scalar k, c, s;
    blst_fp12 commitment;
    if (!gs_nonces_draw(&k, 1, "CLASSIC-CLAIM", &member->x, context, rng))
        return GROUPSIG_ERR_RNG;
    gs_g1_mul_comb_ct(&point, &GS_G_COMB, &k);
    gs_classic_pairing(&commitment, &point, &signature->T4);
    gs_public(&commitment, sizeof commitment);
    claim_challenge(&c, &commitment, signature);
    gs_response(&s, &k, &c, &member->x);
    gs_mcl_fr_encode(bytes[0], &c);
    gs_mcl_fr_encode(bytes[1], &s);
    const struct gs_classic_field fields[2] = {{"c", MCL_FR, bytes[0]}, {"s", MCL_FR, bytes[1]}};
    gs_classic_proof_encode(text, GROUPSIG_CLASSIC_CLAIM_TEXT, fields, 2);
    gs_wipe(&k, sizeof k);
    gs_wipe(&point, sizeof point);
    return GROUPSIG_OK;
}

enum groupsig_status
groupsig_classic_claim_verify(bool *valid, const char *text, size_t len,
                              const struct groupsig_classic_verified *signature)
{
    uint8_t bytes[2][MCL_FR];
    const struct gs_classic_field fields[2] = {{"c", MCL_FR, bytes[0]}, {"s", MCL_FR, bytes[1]}};
    blst_scalar c, s, expected;
    blst_fp12 commitment;
    if (!gs_classic_proof_parse(fields, 2, text, len) || !gs_mcl_fr_parse(&c, bytes[0]) ||
        !gs_mcl_fr_parse(&s, bytes[1]))
        return GROUPSIG_ERR_PARSE;
    gs_classic_tag_commitment_vt(&commitment, &s, &signature->T4, &c, &signature->T5);
    claim_challenge(&expected, &commitment, signature);
    *valid = memcmp(&c, &expected, sizeof c) == 0;
    return GROUPSIG_OK;
}
