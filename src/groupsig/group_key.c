/* The group key: 06 02, GM share 360, RM share 232. */
#include "groupsig/comb.h"
#include "groupsig/internal.h"
#include "groupsig/multiples.h"
#include "groupsig/setup.h"

#include <string.h>

_Static_assert(2 + GROUPSIG_GM_SHARE_BYTES + GROUPSIG_RM_SHARE_BYTES == GROUPSIG_GROUP_KEY_BYTES,
               "group key");

enum groupsig_status groupsig_group_key_combine(struct groupsig_group_key *key,
                                                const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                                const uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES])
{
    struct gs_gm_public gm;
    struct gs_rm_public rm;
    enum groupsig_status status = gs_gm_share_check(&gm, gm_share);
    if (status == GROUPSIG_OK)
        status = gs_rm_share_check(&rm, &gm, rm_share);
    if (status != GROUPSIG_OK)
        return status;
    blst_p1_affine X;
    blst_p2_affine Y;
    gs_g1_add(&X, &gm.X, &rm.X);
    gs_g2_add(&Y, &gm.Y, &rm.Y);
    if (blst_p1_affine_is_inf(&X) || blst_p2_affine_is_inf(&Y))
        return GROUPSIG_ERR_INVALID;

    gs_header_put(key->bytes, GS_TYPE_GROUP_KEY);
    memcpy(key->bytes + 2, gm_share, GROUPSIG_GM_SHARE_BYTES);
    memcpy(key->bytes + 2 + GROUPSIG_GM_SHARE_BYTES, rm_share, GROUPSIG_RM_SHARE_BYTES);
    blst_sha256(key->fingerprint, key->bytes, sizeof key->bytes);
    key->R = gm.R;
    key->X_G = gm.X;
    key->Y_G = gm.Y;
    key->X_R = rm.X;
    key->Y_R = rm.Y;
    key->X = X;
    key->Y = Y;
    blst_precompute_lines(key->R_lines, &key->R);
    gs_comb_build(&key->X_comb, &X);
    gs_fixed_multiples_build_vt(&key->X_multiples, &X, &GS_BETA);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_group_key_parse(struct groupsig_group_key *key, const uint8_t *bytes,
                                              size_t len)
{
    if (!gs_header_check(bytes, len, GS_TYPE_GROUP_KEY, GROUPSIG_GROUP_KEY_BYTES))
        return GROUPSIG_ERR_PARSE;
    return groupsig_group_key_combine(key, bytes + 2, bytes + 2 + GROUPSIG_GM_SHARE_BYTES);
}

void groupsig_group_key_encode(const struct groupsig_group_key *key,
                               uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES])
{
    memcpy(bytes, key->bytes, GROUPSIG_GROUP_KEY_BYTES);
}

void groupsig_group_key_fingerprint(const struct groupsig_group_key *key,
                                    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES])
{
    memcpy(fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
}

bool groupsig_gm_secret_matches(const struct groupsig_group_key *key,
                                const struct groupsig_gm_secret *secret)
{
    return blst_p2_affine_is_equal(&key->R, &secret->R) &&
           blst_p1_affine_is_equal(&key->X_G, &secret->X_G) &&
           blst_p2_affine_is_equal(&key->Y_G, &secret->Y_G);
}

bool groupsig_rm_secret_matches(const struct groupsig_group_key *key,
                                const struct groupsig_rm_secret *secret)
{
    return blst_p1_affine_is_equal(&key->X_R, &secret->X_R) &&
           blst_p2_affine_is_equal(&key->Y_R, &secret->Y_R);
}
