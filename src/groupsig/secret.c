/*
 * Secrets to bytes and back. Ours to design; always encrypted at rest by the caller.
 *   GM      06 81, gamma 32, xi 32, eta 32
 *   RM      06 82, xi 32, eta 32
 *   join    06 83, group key fingerprint 32, x 32
 *   member  06 84, group key fingerprint 32, x 32, A 48, t 32
 */
#include "groupsig/comb.h"
#include "groupsig/internal.h"
#include "groupsig/setup.h"

#include <string.h>

/* Secret scalars are never 0; t, which comes from outside, may be. */
static bool nonzero_parse(blst_scalar *out, const uint8_t bytes[32])
{
    return gs_scalar_parse(out, bytes) && !gs_scalar_is_zero(out);
}

void groupsig_gm_secret_encode(const struct groupsig_gm_secret *secret,
                               uint8_t bytes[GROUPSIG_GM_SECRET_BYTES])
{
    gs_header_put(bytes, GS_TYPE_GM_SECRET);
    gs_scalar_encode(bytes + 2, &secret->gamma);
    gs_scalar_encode(bytes + 34, &secret->xi);
    gs_scalar_encode(bytes + 66, &secret->eta);
}

enum groupsig_status groupsig_gm_secret_parse(struct groupsig_gm_secret *secret,
                                              const uint8_t *bytes, size_t len)
{
    struct groupsig_gm_secret parsed;
    bool ok = gs_header_check(bytes, len, GS_TYPE_GM_SECRET, GROUPSIG_GM_SECRET_BYTES) &&
              nonzero_parse(&parsed.gamma, bytes + 2) && nonzero_parse(&parsed.xi, bytes + 34) &&
              nonzero_parse(&parsed.eta, bytes + 66);
    if (ok) {
        gs_gm_secret_complete(&parsed);
        *secret = parsed;
    }
    gs_wipe(&parsed, sizeof parsed);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_PARSE;
}

void groupsig_gm_secret_clear(struct groupsig_gm_secret *secret)
{
    if (secret)
        gs_wipe(secret, sizeof *secret);
}

void groupsig_rm_secret_encode(const struct groupsig_rm_secret *secret,
                               uint8_t bytes[GROUPSIG_RM_SECRET_BYTES])
{
    gs_header_put(bytes, GS_TYPE_RM_SECRET);
    gs_scalar_encode(bytes + 2, &secret->xi);
    gs_scalar_encode(bytes + 34, &secret->eta);
}

enum groupsig_status groupsig_rm_secret_parse(struct groupsig_rm_secret *secret,
                                              const uint8_t *bytes, size_t len)
{
    struct groupsig_rm_secret parsed;
    bool ok = gs_header_check(bytes, len, GS_TYPE_RM_SECRET, GROUPSIG_RM_SECRET_BYTES) &&
              nonzero_parse(&parsed.xi, bytes + 2) && nonzero_parse(&parsed.eta, bytes + 34);
    if (ok) {
        gs_rm_secret_complete(&parsed);
        *secret = parsed;
    }
    gs_wipe(&parsed, sizeof parsed);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_PARSE;
}

void groupsig_rm_secret_clear(struct groupsig_rm_secret *secret)
{
    if (secret)
        gs_wipe(secret, sizeof *secret);
}

void groupsig_join_secret_encode(const struct groupsig_join_secret *secret,
                                 uint8_t bytes[GROUPSIG_JOIN_SECRET_BYTES])
{
    gs_header_put(bytes, GS_TYPE_JOIN_SECRET);
    memcpy(bytes + 2, secret->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
    gs_scalar_encode(bytes + 34, &secret->x);
}

enum groupsig_status groupsig_join_secret_parse(struct groupsig_join_secret *secret,
                                                const uint8_t *bytes, size_t len)
{
    struct groupsig_join_secret parsed;
    bool ok = gs_header_check(bytes, len, GS_TYPE_JOIN_SECRET, GROUPSIG_JOIN_SECRET_BYTES) &&
              nonzero_parse(&parsed.x, bytes + 34);
    if (ok) {
        memcpy(parsed.fingerprint, bytes + 2, GROUPSIG_FINGERPRINT_BYTES);
        gs_g1_mul_comb_ct(&parsed.C, &GS_G_COMB, &parsed.x);
        gs_public(&parsed.C, sizeof parsed.C);
        *secret = parsed;
    }
    gs_wipe(&parsed, sizeof parsed);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_PARSE;
}

void groupsig_join_secret_clear(struct groupsig_join_secret *secret)
{
    if (secret)
        gs_wipe(secret, sizeof *secret);
}

void groupsig_member_secret_encode(const struct groupsig_member_secret *member,
                                   uint8_t bytes[GROUPSIG_MEMBER_SECRET_BYTES])
{
    gs_header_put(bytes, GS_TYPE_MEMBER_SECRET);
    memcpy(bytes + 2, member->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
    gs_scalar_encode(bytes + 34, &member->x);
    blst_p1_affine_compress(bytes + 66, &member->A);
    gs_scalar_encode(bytes + 114, &member->t);
}

enum groupsig_status groupsig_member_secret_parse(struct groupsig_member_secret *member,
                                                  const uint8_t *bytes, size_t len)
{
    struct groupsig_member_secret parsed;
    bool ok = gs_header_check(bytes, len, GS_TYPE_MEMBER_SECRET, GROUPSIG_MEMBER_SECRET_BYTES) &&
              nonzero_parse(&parsed.x, bytes + 34) && gs_g1_parse(&parsed.A, bytes + 66) &&
              gs_scalar_parse(&parsed.t, bytes + 114);
    if (ok) {
        memcpy(parsed.fingerprint, bytes + 2, GROUPSIG_FINGERPRINT_BYTES);
        gs_g1_mul_comb_ct(&parsed.C, &GS_G_COMB, &parsed.x);
        gs_public(&parsed.C, sizeof parsed.C);
        gs_comb_build(&parsed.A_comb, &parsed.A);
        *member = parsed;
    }
    gs_wipe(&parsed, sizeof parsed);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_PARSE;
}

void groupsig_member_secret_clear(struct groupsig_member_secret *member)
{
    if (member)
        gs_wipe(member, sizeof *member);
}

void groupsig_member_commitment(const struct groupsig_member_secret *member,
                                uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    blst_p1_affine_compress(commitment, &member->C);
}
