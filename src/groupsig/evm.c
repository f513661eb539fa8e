/* Coordinates that a contract cannot compute itself: the EVM has no square root in the field. */
#include "groupsig/internal.h"

#include <string.h>

void groupsig_group_key_points(const struct groupsig_group_key *key,
                               uint8_t points[GROUPSIG_GROUP_KEY_POINTS_BYTES])
{
    struct gs_transcript out = {.bytes = points, .cap = GROUPSIG_GROUP_KEY_POINTS_BYTES};
    gs_transcript_put_g1(&out, &key->X_G);
    gs_transcript_put_g1(&out, &key->X_R);
    gs_transcript_put_g2(&out, &key->R);
}

void groupsig_signature_ys(const struct groupsig_signature *signature,
                           uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES])
{
    const blst_p1_affine *const points[] = {&signature->A, &signature->Abar, &signature->E1,
                                            &signature->E2, &signature->T};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t xy[96];
        blst_p1_affine_serialize(xy, points[i]);
        memcpy(ys + 48 * i, xy + 48, 48);
    }
}
