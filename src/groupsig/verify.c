/* Parse and verify a signature. Public data throughout: variable time. */
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

/* All of verification but the pairing:
 *   K1 = -zt A' + zr Q + zu G - c Abar      K3 = zr E2 - zu G - c X
 *   K2 = zr E1 - c U                        K4 = zr T - zu A'         */
static bool challenge_matches(const struct groupsig_group_key *key,
                              const struct groupsig_signature *sig, const uint8_t msg32[32])
{
    blst_p1 K[4];
    gs_g1_sum_vt(&K[0],
                 (struct gs_term[]){{&sig->A, &sig->zt, true},
                                    {&GS_Q, &sig->zr, false},
                                    {GS_G, &sig->zu, false},
                                    {&sig->Abar, &sig->c, true}},
                 4);
    gs_g1_sum_vt(&K[1], (struct gs_term[]){{&sig->E1, &sig->zr, false}, {&GS_U, &sig->c, true}}, 2);
    gs_g1_sum_vt(&K[2],
                 (struct gs_term[]){
                     {&sig->E2, &sig->zr, false}, {GS_G, &sig->zu, true}, {&key->X, &sig->c, true}},
                 3);
    gs_g1_sum_vt(&K[3], (struct gs_term[]){{&sig->T, &sig->zr, false}, {&sig->A, &sig->zu, true}},
                 2);

    blst_p1_affine points[GS_SIGN_POINTS] = {sig->A, sig->Abar, sig->E1, sig->E2, sig->T};
    gs_g1_normalise(points + GS_K1, K, 4);
    blst_scalar c;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_sign_challenge(&c, challenge, key, msg32, points);
    return memcmp(challenge, sig->bytes + SIG_C, GS_CHALLENGE_BYTES) == 0;
}

bool groupsig_verify(const struct groupsig_group_key *key, struct groupsig_verified *verified,
                     const struct groupsig_signature *signature, const uint8_t msg32[32])
{
    /* e(A', R) = e(Abar, H) */
    if (!challenge_matches(key, signature, msg32) ||
        !gs_pairing_equal(&signature->A, key->R_lines, &signature->Abar))
        return false;
    if (verified) {
        memcpy(verified->fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
        blst_sha256(verified->hash, signature->bytes, GROUPSIG_SIGNATURE_BYTES);
        verified->A = signature->A;
        verified->E1 = signature->E1;
        verified->E2 = signature->E2;
        verified->T = signature->T;
    }
    return true;
}
