/* Open, trace and claim in the classic profile. A = T3 - xi1 T1 - xi2 T2; e(x g1, T4) = T5. */
#include "groupsig/classic_internal.h"

#include <string.h>

void groupsig_classic_opening_share(struct groupsig_classic_opening_share *share,
                                    const struct groupsig_classic_manager_key *manager,
                                    const struct groupsig_classic_verified *signature)
{
    gs_g1_mul_ct(&share->D1, &signature->T1, &manager->xi1);
    gs_g1_mul_ct(&share->D2, &signature->T2, &manager->xi2);
}

void groupsig_classic_opening_share_encode(const struct groupsig_classic_opening_share *share,
                                           uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES])
{
    gs_mcl_g1_encode(bytes, &share->D1);
    gs_mcl_g1_encode(bytes + MCL_G1, &share->D2);
}

enum groupsig_status
groupsig_classic_opening_share_parse(struct groupsig_classic_opening_share *share,
                                     const uint8_t *bytes, size_t len)
{
    struct groupsig_classic_opening_share parsed;
    if (len != GROUPSIG_CLASSIC_OPENING_SHARE_BYTES || !gs_mcl_g1_parse(&parsed.D1, bytes) ||
        !gs_mcl_g1_parse(&parsed.D2, bytes + MCL_G1))
        return GROUPSIG_ERR_PARSE;
    *share = parsed;
    return GROUPSIG_OK;
}

void groupsig_classic_open_combine(uint8_t A[GROUPSIG_CLASSIC_G1_BYTES],
                                   const struct groupsig_classic_opening_share *gm_share,
                                   const struct groupsig_classic_opening_share *rm_share,
                                   const struct groupsig_classic_verified *signature)
{
    blst_p1_affine point = signature->T3;
    gs_g1_sub(&point, &point, &gm_share->D1);
    gs_g1_sub(&point, &point, &gm_share->D2);
    gs_g1_sub(&point, &point, &rm_share->D1);
    gs_g1_sub(&point, &point, &rm_share->D2);
    gs_mcl_g1_encode(A, &point);
}

static bool tag_matches(const struct groupsig_classic_verified *signature,
                        const blst_p1_affine *token)
{
    blst_fp12 tag;
    gs_classic_pairing(&tag, token, &signature->T4);
    return blst_fp12_is_equal(&tag, &signature->T5);
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
