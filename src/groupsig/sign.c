/*
 * Sign. With u = rx and s = 1/r every point is a fixed base times a secret scalar, or a sum of
 * such, so that signing needs no pairing and no variable base:
 *   A'   = r A                            K1 = -bt A' + br Q + bu G = -(bt r) A + br Q + bu G
 *   Abar = -t A' + r Q + u G              K2 = br E1                = (br s) U
 *        = -(t r) A + r Q + u G           K3 = br E2 - bu G         = (br x - bu) G + (br s) X
 *   E1   = s U                            K4 = br T - bu A'         = (br u - bu r) A
 *   E2   = xG + s X = C + s X
 *   T    = x A' = u A
 */
#include "groupsig/comb.h"
#include "groupsig/signature.h"

#include <string.h>

void gs_sign_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                       const struct groupsig_group_key *key, const uint8_t msg32[32],
                       const blst_p1_affine points[GS_SIGN_POINTS])
{
    uint8_t storage[3 * 32 + GS_SIGN_POINTS * 128];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "SIGN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, msg32, 32);
    for (size_t i = 0; i < GS_SIGN_POINTS; i++)
        gs_transcript_put_g1(&transcript, &points[i]);
    gs_transcript_challenge(&transcript, c, bytes);
}

/* Everything secret of one signature, so that one wipe takes it all. */
struct scratch {
    blst_fr r, s, t, u, x, bt, br, bu;
    blst_fr value;
    blst_scalar k;
    blst_p1 product, sum[GS_SIGN_POINTS];
};

/* sum[index] += value * base, in constant time. */
static void add_term(struct scratch *scratch, size_t index, const struct groupsig_comb *base,
                     const blst_fr *value)
{
    blst_scalar_from_fr(&scratch->k, value);
    gs_comb_mul(&scratch->product, base, &scratch->k);
    blst_p1_add_or_double(&scratch->sum[index], &scratch->sum[index], &scratch->product);
}

/* value = a b, -(a b), a - b; valid until the next. */
static const blst_fr *product(struct scratch *scratch, const blst_fr *a, const blst_fr *b)
{
    blst_fr_mul(&scratch->value, a, b);
    return &scratch->value;
}

static const blst_fr *minus_product(struct scratch *scratch, const blst_fr *a, const blst_fr *b)
{
    blst_fr_mul(&scratch->value, a, b);
    blst_fr_cneg(&scratch->value, &scratch->value, true);
    return &scratch->value;
}

static const blst_fr *minus(struct scratch *scratch, const blst_fr *a, const blst_fr *b)
{
    blst_fr_sub(&scratch->value, a, b);
    return &scratch->value;
}

void gs_sign_with_nonces(const struct groupsig_group_key *key,
                         uint8_t signature[GROUPSIG_SIGNATURE_BYTES],
                         const struct groupsig_member_secret *member, const uint8_t msg32[32],
                         const struct gs_sign_nonces *nonces)
{
    struct scratch s = {0};
    blst_fr left, right;
    blst_fr_from_scalar(&s.r, &nonces->r);
    blst_fr_from_scalar(&s.bt, &nonces->bt);
    blst_fr_from_scalar(&s.br, &nonces->br);
    blst_fr_from_scalar(&s.bu, &nonces->bu);
    blst_fr_from_scalar(&s.t, &member->t);
    blst_fr_from_scalar(&s.x, &member->x);
    blst_fr_mul(&s.u, &s.r, &s.x);
    blst_fr_inverse(&s.s, &s.r);

    add_term(&s, GS_A, &member->A_comb, &s.r);

    add_term(&s, GS_ABAR, &member->A_comb, minus_product(&s, &s.t, &s.r));
    add_term(&s, GS_ABAR, &GS_Q_COMB, &s.r);
    add_term(&s, GS_ABAR, &GS_G_COMB, &s.u);

    add_term(&s, GS_E1, &GS_U_COMB, &s.s);

    blst_p1_from_affine(&s.sum[GS_E2], &member->C);
    add_term(&s, GS_E2, &key->X_comb, &s.s);

    add_term(&s, GS_T, &member->A_comb, &s.u);

    add_term(&s, GS_K1, &member->A_comb, minus_product(&s, &s.bt, &s.r));
    add_term(&s, GS_K1, &GS_Q_COMB, &s.br);
    add_term(&s, GS_K1, &GS_G_COMB, &s.bu);

    add_term(&s, GS_K2, &GS_U_COMB, product(&s, &s.br, &s.s));

    blst_fr_mul(&left, &s.br, &s.x);
    add_term(&s, GS_K3, &GS_G_COMB, minus(&s, &left, &s.bu));
    add_term(&s, GS_K3, &key->X_comb, product(&s, &s.br, &s.s));

    blst_fr_mul(&left, &s.br, &s.u);
    blst_fr_mul(&right, &s.bu, &s.r);
    add_term(&s, GS_K4, &member->A_comb, minus(&s, &left, &right));

    blst_p1_affine points[GS_SIGN_POINTS];
    blst_scalar c, z, u;
    gs_g1_normalise(points, s.sum, GS_SIGN_POINTS);
    gs_public(points, sizeof points);
    gs_sign_challenge(&c, signature + SIG_C, key, msg32, points);
    gs_header_put(signature, GS_TYPE_SIGNATURE);
    for (size_t i = GS_A; i <= GS_T; i++)
        blst_p1_affine_compress(signature + SIG_POINTS + 48 * i, &points[i]);
    gs_response(&z, &nonces->bt, &c, &member->t);
    gs_scalar_encode(signature + SIG_ZT, &z);
    gs_response(&z, &nonces->br, &c, &nonces->r);
    gs_scalar_encode(signature + SIG_ZR, &z);
    blst_scalar_from_fr(&u, &s.u);
    gs_response(&z, &nonces->bu, &c, &u);
    gs_scalar_encode(signature + SIG_ZU, &z);
    gs_wipe(&s, sizeof s);
    gs_wipe(&left, sizeof left);
    gs_wipe(&right, sizeof right);
    gs_wipe(&u, sizeof u);
}

enum groupsig_status groupsig_sign(const struct groupsig_group_key *key,
                                   uint8_t signature[GROUPSIG_SIGNATURE_BYTES],
                                   const struct groupsig_member_secret *member,
                                   const uint8_t msg32[32], const struct groupsig_rng *rng)
{
    if (!gs_same_group(key, member->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    uint8_t storage[3 * 32], context[32];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "NONCE-SIGN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, msg32, 32);
    gs_transcript_hash(&transcript, context);

    blst_scalar drawn[4];
    bool ok = gs_nonces_draw(drawn, 4, "SIGN", &member->x, context, rng);
    if (ok) {
        struct gs_sign_nonces nonces = {
            .r = drawn[0], .bt = drawn[1], .br = drawn[2], .bu = drawn[3]};
        gs_sign_with_nonces(key, signature, member, msg32, &nonces);
        gs_wipe(&nonces, sizeof nonces);
    }
    gs_wipe(drawn, sizeof drawn);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_RNG;
}
