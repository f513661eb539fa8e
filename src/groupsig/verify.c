/* Parse and verify a signature. Public data throughout: variable time. */
#include "groupsig/multiples.h"
#include "groupsig/signature.h"

#include <string.h>

enum groupsig_status groupsig_signature_parse(struct groupsig_signature *signature,
                                              const uint8_t *bytes, size_t len)
{
    struct groupsig_signature parsed;
    if (!gs_header_check(bytes, len, GS_TYPE_SIGNATURE, GROUPSIG_SIGNATURE_BYTES) ||
        !gs_scalar_parse(&parsed.zt, bytes + SIG_ZT) ||
        !gs_scalar_parse(&parsed.zr, bytes + SIG_ZR) ||
        !gs_scalar_parse(&parsed.zu, bytes + SIG_ZU) ||
        !gs_g1_parse(&parsed.A, bytes + SIG_POINTS) ||
        !gs_g1_parse(&parsed.Abar, bytes + SIG_POINTS + 48) ||
        !gs_g1_parse(&parsed.E1, bytes + SIG_POINTS + 2 * 48) ||
        !gs_g1_parse(&parsed.E2, bytes + SIG_POINTS + 3 * 48) ||
        !gs_g1_parse(&parsed.T, bytes + SIG_POINTS + 4 * 48))
        return GROUPSIG_ERR_PARSE;
    gs_challenge_parse(&parsed.c, bytes + SIG_C);
    memcpy(parsed.bytes, bytes, GROUPSIG_SIGNATURE_BYTES);
    *signature = parsed;
    return GROUPSIG_OK;
}

/* Terms of a sum: a point that came with the signature, and a fixed one. */
static struct gs_multiple of_point(const struct gs_point_multiples *table,
                                   const struct gs_recoded *k, bool negate)
{
    return (struct gs_multiple){table->odd, table->beta_x, k, negate};
}

static struct gs_multiple of_fixed(const struct groupsig_multiples *table,
                                   const struct gs_recoded *k, bool negate)
{
    return (struct gs_multiple){table->odd, table->beta_x, k, negate};
}

bool gs_challenge_matches_vt(const struct groupsig_group_key *key,
                             const struct groupsig_signature *sig, const uint8_t msg32[32])
{
    enum { A, ABAR, E1, E2, T, POINTS };
    const blst_p1_affine *sources[POINTS] = {&sig->A, &sig->Abar, &sig->E1, &sig->E2, &sig->T};
    struct gs_point_multiples table[POINTS];
    struct gs_recoded zt, zr, zu, c, zr_fixed, zu_fixed, c_fixed;
    gs_point_multiples_build_vt(table, sources, POINTS, &GS_BETA);
    gs_recode_vt(&zt, &sig->zt, GS_WIDTH_POINT);
    gs_recode_vt(&zr, &sig->zr, GS_WIDTH_POINT);
    gs_recode_vt(&zu, &sig->zu, GS_WIDTH_POINT);
    gs_recode_vt(&c, &sig->c, GS_WIDTH_POINT);
    gs_recode_vt(&zr_fixed, &sig->zr, GS_WIDTH_FIXED);
    gs_recode_vt(&zu_fixed, &sig->zu, GS_WIDTH_FIXED);
    gs_recode_vt(&c_fixed, &sig->c, GS_WIDTH_FIXED);

    /* K1 = -zt A' + zr Q + zu G - c Abar */
    const struct gs_multiple K1[] = {
        of_point(&table[A], &zt, true), of_fixed(&GS_Q_MULTIPLES, &zr_fixed, false),
        of_fixed(&GS_G_MULTIPLES, &zu_fixed, false), of_point(&table[ABAR], &c, true)};
    /* K2 = zr E1 - c U */
    const struct gs_multiple K2[] = {of_point(&table[E1], &zr, false),
                                     of_fixed(&GS_U_MULTIPLES, &c_fixed, true)};
    /* K3 = zr E2 - zu G - c X */
    const struct gs_multiple K3[] = {of_point(&table[E2], &zr, false),
                                     of_fixed(&GS_G_MULTIPLES, &zu_fixed, true),
                                     of_fixed(&key->X_multiples, &c_fixed, true)};
    /* K4 = zr T - zu A' */
    const struct gs_multiple K4[] = {of_point(&table[T], &zr, false),
                                     of_point(&table[A], &zu, true)};
    blst_p1 K[4];
    gs_multiples_sum_vt(&K[0], K1, 4);
    gs_multiples_sum_vt(&K[1], K2, 2);
    gs_multiples_sum_vt(&K[2], K3, 3);
    gs_multiples_sum_vt(&K[3], K4, 2);

    blst_p1_affine points[GS_SIGN_POINTS] = {sig->A, sig->Abar, sig->E1, sig->E2, sig->T};
    blst_scalar expected;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g1_normalise(points + GS_K1, K, 4);
    gs_sign_challenge(&expected, challenge, key, msg32, points);
    return memcmp(challenge, sig->bytes + SIG_C, GS_CHALLENGE_BYTES) == 0;
}

void gs_verified_set(struct groupsig_verified *verified, const struct groupsig_group_key *key,
                     const struct groupsig_signature *signature)
{
    memcpy(verified->fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
    blst_sha256(verified->hash, signature->bytes, GROUPSIG_SIGNATURE_BYTES);
    verified->A = signature->A;
    verified->E1 = signature->E1;
    verified->E2 = signature->E2;
    verified->T = signature->T;
}

bool groupsig_verify(const struct groupsig_group_key *key, struct groupsig_verified *verified,
                     const struct groupsig_signature *signature, const uint8_t msg32[32])
{
    /* e(A', R) = e(Abar, H) */
    if (!gs_challenge_matches_vt(key, signature, msg32) ||
        !gs_pairing_equal(&signature->A, key->R_lines, &signature->Abar))
        return false;
    if (verified)
        gs_verified_set(verified, key, signature);
    return true;
}
