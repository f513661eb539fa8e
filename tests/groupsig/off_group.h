/* Points of the curves that are not in the groups: of small order, and of no particular order. */
#ifndef GROUPSIG_OFF_GROUP_H
#define GROUPSIG_OFF_GROUP_H

#include <blst.h>

#include <stdbool.h>

enum { OFF_GROUP_G1 = 4, OFF_GROUP_G2 = 4 };
/* Of order 3, 11, 10177 in G1, of order 13, 23, 2713 in G2; the last of no small order. False when
 * a point is not what it should be: on the curve, O when multiplied by its order, not in the group.
 */
bool off_group_g1(blst_p1_affine out[OFF_GROUP_G1]);
bool off_group_g2(blst_p2_affine out[OFF_GROUP_G2]);

#endif
