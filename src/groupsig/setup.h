/* Inside src/groupsig: the checked halves of a group key. Not installed. */
#ifndef GROUPSIG_SETUP_H
#define GROUPSIG_SETUP_H

#include "groupsig/groupsig.h"

struct gs_gm_public {
    blst_p2_affine R, Y;
    blst_p1_affine X;
};
struct gs_rm_public {
    blst_p2_affine Y;
    blst_p1_affine X;
};

enum groupsig_status gs_gm_share_check(struct gs_gm_public *out,
                                       const uint8_t share[GROUPSIG_GM_SHARE_BYTES]);
enum groupsig_status gs_rm_share_check(struct gs_rm_public *out, const struct gs_gm_public *gm,
                                       const uint8_t share[GROUPSIG_RM_SHARE_BYTES]);
/* The public half from the scalars. */
void gs_gm_secret_complete(struct groupsig_gm_secret *secret);
void gs_rm_secret_complete(struct groupsig_rm_secret *secret);

#endif
