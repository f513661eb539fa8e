/* A group with two members, made from a seed that every test prints, and a signature of the first.
 */
#ifndef GROUPSIG_FIXTURE_H
#define GROUPSIG_FIXTURE_H

#include "groupsig/groupsig.h"

/* The modulus of the field and the order of the groups, big-endian. */
extern const uint8_t P_BYTES[48], R_BYTES[32];

/* A deterministic generator: SHA-256(seed, counter). Fails after `left` calls when left >= 0. */
struct fixture_rng {
    uint8_t seed[32];
    uint64_t counter;
    long left;
};
int fixture_fill(void *ctx, uint8_t *out, size_t len);
/* From the environment variable GROUPSIG_SEED (any text), else from the system; prints it. Every
 * call gives another generator. Not thread-safe. */
void fixture_seed(struct fixture_rng *rng);

struct fixture_member {
    uint8_t nonce32[32], ctx32[32];
    uint8_t request_bytes[GROUPSIG_JOIN_REQUEST_BYTES];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    struct groupsig_join_request request;
    struct groupsig_join_secret join;
    struct groupsig_member_secret secret;
};

struct fixture {
    struct fixture_rng state;
    struct groupsig_rng rng;
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    uint8_t key_bytes[GROUPSIG_GROUP_KEY_BYTES];
    struct groupsig_group_key key;
    struct fixture_member members[2];
    uint8_t msg32[32];
    uint8_t signature_bytes[GROUPSIG_SIGNATURE_BYTES];
    struct groupsig_verified signature;
};

/* False when any step of the scheme fails. */
bool fixture_make(struct fixture *fixture);
bool fixture_sign(struct fixture *fixture, size_t member, const uint8_t msg32[32],
                  uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], struct groupsig_verified *verified);

#endif
