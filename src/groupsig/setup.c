/*
 * Set-up: each manager's half with a proof of knowledge.
 *   GM share: R 96, X_G 48, Y_G 96, c 24, z_gamma 32, z_xi 32, z_eta 32
 *   RM share: X_R 48, Y_R 96, c 24, z_xi 32, z_eta 32
 */
#include "groupsig/setup.h"
#include "groupsig/internal.h"

#include <string.h>

enum {
    GM_R = 0,
    GM_X = GM_R + 96,
    GM_Y = GM_X + 48,
    GM_C = GM_Y + 96,
    GM_Z = GM_C + GS_CHALLENGE_BYTES,
    RM_X = 0,
    RM_Y = RM_X + 48,
    RM_C = RM_Y + 96,
    RM_Z = RM_C + GS_CHALLENGE_BYTES,
};
_Static_assert(GM_Z + 3 * 32 == GROUPSIG_GM_SHARE_BYTES, "GM share");
_Static_assert(RM_Z + 2 * 32 == GROUPSIG_RM_SHARE_BYTES, "RM share");

#define POP_CAP (32 + 1 + 7 * 256)

/* c = chal(POP, 01, R, X_G, Y_G, k_gamma H, k_xi U, k_eta H) */
static void gm_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                         const struct gs_gm_public *gm, const blst_p2_affine *kg_H,
                         const blst_p1_affine *kx_U, const blst_p2_affine *ke_H)
{
    uint8_t storage[POP_CAP];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "POP");
    gs_transcript_put(&transcript, (uint8_t[]){GROUPSIG_ROLE_GM}, 1);
    gs_transcript_put_g2(&transcript, &gm->R);
    gs_transcript_put_g1(&transcript, &gm->X);
    gs_transcript_put_g2(&transcript, &gm->Y);
    gs_transcript_put_g2(&transcript, kg_H);
    gs_transcript_put_g1(&transcript, kx_U);
    gs_transcript_put_g2(&transcript, ke_H);
    gs_transcript_challenge(&transcript, c, bytes);
}

/* c = chal(POP, 02, R, X_G, Y_G, X_R, Y_R, k_xi U, k_eta H) */
static void rm_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                         const struct gs_gm_public *gm, const struct gs_rm_public *rm,
                         const blst_p1_affine *kx_U, const blst_p2_affine *ke_H)
{
    uint8_t storage[POP_CAP];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "POP");
    gs_transcript_put(&transcript, (uint8_t[]){GROUPSIG_ROLE_RM}, 1);
    gs_transcript_put_g2(&transcript, &gm->R);
    gs_transcript_put_g1(&transcript, &gm->X);
    gs_transcript_put_g2(&transcript, &gm->Y);
    gs_transcript_put_g1(&transcript, &rm->X);
    gs_transcript_put_g2(&transcript, &rm->Y);
    gs_transcript_put_g1(&transcript, kx_U);
    gs_transcript_put_g2(&transcript, ke_H);
    gs_transcript_challenge(&transcript, c, bytes);
}

/* z = k + c * secret, encoded. */
static void put_response(uint8_t *out, const blst_scalar *k, const blst_scalar *c,
                         const blst_scalar *secret)
{
    blst_scalar z;
    gs_response(&z, k, c, secret);
    gs_scalar_encode(out, &z);
}

enum groupsig_status gs_gm_share_check(struct gs_gm_public *out,
                                       const uint8_t share[GROUPSIG_GM_SHARE_BYTES])
{
    struct gs_gm_public gm;
    blst_scalar c, zg, zx, ze, expected;
    if (!gs_g2_parse(&gm.R, share + GM_R) || !gs_g1_parse(&gm.X, share + GM_X) ||
        !gs_g2_parse(&gm.Y, share + GM_Y) || !gs_scalar_parse(&zg, share + GM_Z) ||
        !gs_scalar_parse(&zx, share + GM_Z + 32) || !gs_scalar_parse(&ze, share + GM_Z + 64))
        return GROUPSIG_ERR_PARSE;
    gs_challenge_parse(&c, share + GM_C);

    blst_p2_affine kg_H, ke_H;
    blst_p1_affine kx_U;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g2_commitment_vt(&kg_H, &zg, GS_H, &c, &gm.R);
    gs_g1_commitment_vt(&kx_U, &zx, &GS_U, &c, &gm.X);
    gs_g2_commitment_vt(&ke_H, &ze, GS_H, &c, &gm.Y);
    gm_challenge(&expected, challenge, &gm, &kg_H, &kx_U, &ke_H);
    if (memcmp(challenge, share + GM_C, GS_CHALLENGE_BYTES) != 0)
        return GROUPSIG_ERR_INVALID;
    *out = gm;
    return GROUPSIG_OK;
}

enum groupsig_status gs_rm_share_check(struct gs_rm_public *out, const struct gs_gm_public *gm,
                                       const uint8_t share[GROUPSIG_RM_SHARE_BYTES])
{
    struct gs_rm_public rm;
    blst_scalar c, zx, ze, expected;
    if (!gs_g1_parse(&rm.X, share + RM_X) || !gs_g2_parse(&rm.Y, share + RM_Y) ||
        !gs_scalar_parse(&zx, share + RM_Z) || !gs_scalar_parse(&ze, share + RM_Z + 32))
        return GROUPSIG_ERR_PARSE;
    gs_challenge_parse(&c, share + RM_C);

    blst_p2_affine ke_H;
    blst_p1_affine kx_U;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g1_commitment_vt(&kx_U, &zx, &GS_U, &c, &rm.X);
    gs_g2_commitment_vt(&ke_H, &ze, GS_H, &c, &rm.Y);
    rm_challenge(&expected, challenge, gm, &rm, &kx_U, &ke_H);
    if (memcmp(challenge, share + RM_C, GS_CHALLENGE_BYTES) != 0)
        return GROUPSIG_ERR_INVALID;
    *out = rm;
    return GROUPSIG_OK;
}

void gs_gm_secret_complete(struct groupsig_gm_secret *secret)
{
    gs_g2_mul_ct(&secret->R, GS_H, &secret->gamma);
    gs_g1_mul_comb_ct(&secret->X_G, &GS_U_COMB, &secret->xi);
    gs_g2_mul_ct(&secret->Y_G, GS_H, &secret->eta);
    gs_public(&secret->R, sizeof secret->R);
    gs_public(&secret->X_G, sizeof secret->X_G);
    gs_public(&secret->Y_G, sizeof secret->Y_G);
}

void gs_rm_secret_complete(struct groupsig_rm_secret *secret)
{
    gs_g1_mul_comb_ct(&secret->X_R, &GS_U_COMB, &secret->xi);
    gs_g2_mul_ct(&secret->Y_R, GS_H, &secret->eta);
    gs_public(&secret->X_R, sizeof secret->X_R);
    gs_public(&secret->Y_R, sizeof secret->Y_R);
}

void gs_gm_setup_with_nonces(struct groupsig_gm_secret *secret,
                             uint8_t share[GROUPSIG_GM_SHARE_BYTES],
                             const struct gs_gm_nonces *nonces)
{
    blst_p2_affine kg_H, ke_H;
    blst_p1_affine kx_U;
    blst_scalar c;
    gs_gm_secret_complete(secret);
    gs_g2_mul_ct(&kg_H, GS_H, &nonces->gamma);
    gs_g1_mul_comb_ct(&kx_U, &GS_U_COMB, &nonces->xi);
    gs_g2_mul_ct(&ke_H, GS_H, &nonces->eta);
    gs_public(&kg_H, sizeof kg_H);
    gs_public(&kx_U, sizeof kx_U);
    gs_public(&ke_H, sizeof ke_H);
    const struct gs_gm_public gm = {.R = secret->R, .X = secret->X_G, .Y = secret->Y_G};
    gm_challenge(&c, share + GM_C, &gm, &kg_H, &kx_U, &ke_H);
    blst_p2_affine_compress(share + GM_R, &gm.R);
    blst_p1_affine_compress(share + GM_X, &gm.X);
    blst_p2_affine_compress(share + GM_Y, &gm.Y);
    put_response(share + GM_Z, &nonces->gamma, &c, &secret->gamma);
    put_response(share + GM_Z + 32, &nonces->xi, &c, &secret->xi);
    put_response(share + GM_Z + 64, &nonces->eta, &c, &secret->eta);
}

enum groupsig_status gs_rm_setup_with_nonces(struct groupsig_rm_secret *secret,
                                             uint8_t share[GROUPSIG_RM_SHARE_BYTES],
                                             const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                             const struct gs_rm_nonces *nonces)
{
    struct gs_gm_public gm;
    enum groupsig_status status = gs_gm_share_check(&gm, gm_share);
    if (status != GROUPSIG_OK)
        return status;
    blst_p2_affine ke_H;
    blst_p1_affine kx_U;
    blst_scalar c;
    gs_rm_secret_complete(secret);
    gs_g1_mul_comb_ct(&kx_U, &GS_U_COMB, &nonces->xi);
    gs_g2_mul_ct(&ke_H, GS_H, &nonces->eta);
    gs_public(&kx_U, sizeof kx_U);
    gs_public(&ke_H, sizeof ke_H);
    const struct gs_rm_public rm = {.X = secret->X_R, .Y = secret->Y_R};
    rm_challenge(&c, share + RM_C, &gm, &rm, &kx_U, &ke_H);
    blst_p1_affine_compress(share + RM_X, &rm.X);
    blst_p2_affine_compress(share + RM_Y, &rm.Y);
    put_response(share + RM_Z, &nonces->xi, &c, &secret->xi);
    put_response(share + RM_Z + 32, &nonces->eta, &c, &secret->eta);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_gm_setup(struct groupsig_gm_secret *secret,
                                       uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                       const struct groupsig_rng *rng)
{
    static const uint8_t no_context[32];
    blst_scalar drawn[3];
    struct gs_gm_nonces nonces;
    bool ok = gs_nonces_draw(drawn, 3, "GM-KEY", NULL, no_context, rng);
    ok = ok && gs_nonces_draw(&nonces.gamma, 1, "POP-GAMMA", &drawn[0], no_context, rng) &&
         gs_nonces_draw(&nonces.xi, 1, "POP-XI", &drawn[1], no_context, rng) &&
         gs_nonces_draw(&nonces.eta, 1, "POP-ETA", &drawn[2], no_context, rng);
    if (ok) {
        secret->gamma = drawn[0];
        secret->xi = drawn[1];
        secret->eta = drawn[2];
        gs_gm_setup_with_nonces(secret, gm_share, &nonces);
    }
    gs_wipe(drawn, sizeof drawn);
    gs_wipe(&nonces, sizeof nonces);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_RNG;
}

enum groupsig_status groupsig_rm_setup(struct groupsig_rm_secret *secret,
                                       uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES],
                                       const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                       const struct groupsig_rng *rng)
{
    uint8_t context[32];
    blst_scalar drawn[2];
    struct gs_rm_nonces nonces;
    struct groupsig_rm_secret made;
    enum groupsig_status status = GROUPSIG_ERR_RNG;
    blst_sha256(context, gm_share, GROUPSIG_GM_SHARE_BYTES);
    if (gs_nonces_draw(drawn, 2, "RM-KEY", NULL, context, rng) &&
        gs_nonces_draw(&nonces.xi, 1, "POP-XI", &drawn[0], context, rng) &&
        gs_nonces_draw(&nonces.eta, 1, "POP-ETA", &drawn[1], context, rng)) {
        made.xi = drawn[0];
        made.eta = drawn[1];
        status = gs_rm_setup_with_nonces(&made, rm_share, gm_share, &nonces);
        if (status == GROUPSIG_OK)
            *secret = made;
    }
    gs_wipe(drawn, sizeof drawn);
    gs_wipe(&nonces, sizeof nonces);
    gs_wipe(&made, sizeof made);
    return status;
}
