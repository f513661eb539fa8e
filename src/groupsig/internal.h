/*
 * Inside src/groupsig: scalars, points, transcripts and nonces over blst, and the operations with
 * given nonces, which exist for test vectors only. Not installed.
 *
 * Names: *_ct runs in constant time and may take secrets; *_vt is for public data only.
 */
#ifndef GROUPSIG_INTERNAL_H
#define GROUPSIG_INTERNAL_H

#include "groupsig/groupsig.h"

/* Object types: the second byte of every object; the first is GS_SCHEME. */
#define GS_SCHEME 0x06
enum gs_type {
    GS_TYPE_SIGNATURE = 0x01,
    GS_TYPE_GROUP_KEY = 0x02,
    GS_TYPE_JOIN_REQUEST = 0x03,
    GS_TYPE_MEMBERSHIP = 0x04,
    GS_TYPE_OPENING_SHARE = 0x06,
    GS_TYPE_REVEAL_SHARE = 0x07,
    GS_TYPE_CLAIM = 0x08,
    GS_TYPE_LINK = 0x09,
    GS_TYPE_GM_SECRET = 0x81,
    GS_TYPE_RM_SECRET = 0x82,
    GS_TYPE_JOIN_SECRET = 0x83,
    GS_TYPE_MEMBER_SECRET = 0x84,
};

#define GS_CHALLENGE_BYTES 24

/* ---- scalars (scalar.c) --------------------------------------------------------------------- */

bool gs_scalar_parse(blst_scalar *out, const uint8_t bytes[32]); /* big-endian, < r */
void gs_scalar_encode(uint8_t bytes[32], const blst_scalar *scalar);
bool gs_scalar_is_zero(const blst_scalar *scalar);
void gs_challenge_parse(blst_scalar *out, const uint8_t bytes[GS_CHALLENGE_BYTES]);
/* z = k + c * secret mod r. */
void gs_response(blst_scalar *z, const blst_scalar *k, const blst_scalar *c,
                 const blst_scalar *secret);
void gs_wipe(void *data, size_t len);

/* Marks what was computed from secrets as public from here on. It does nothing, but in the build
 * that the constant-time test runs under valgrind. */
#ifdef GROUPSIG_CTIME
#include <valgrind/memcheck.h>
#define gs_public(data, len) ((void)VALGRIND_MAKE_MEM_DEFINED((data), (len)))
#else
#define gs_public(data, len) ((void)(data), (void)(len))
#endif

/* ---- points (point.c) ------------------------------------------------------------------------ */

/* Compressed, canonical, in the subgroup, not O. out is written in any case. */
bool gs_g1_parse(blst_p1_affine *out, const uint8_t bytes[48]);
bool gs_g2_parse(blst_p2_affine *out, const uint8_t bytes[96]);
void gs_g1_mul_ct(blst_p1_affine *out, const blst_p1_affine *point, const blst_scalar *k);
/* k times the base of a comb: less than half the time of gs_g1_mul_ct. */
void gs_g1_mul_comb_ct(blst_p1_affine *out, const struct groupsig_comb *comb, const blst_scalar *k);
void gs_g2_mul_ct(blst_p2_affine *out, const blst_p2_affine *point, const blst_scalar *k);
void gs_g1_add(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b);
void gs_g1_sub(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b);
void gs_g2_add(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b);
void gs_g2_sub(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b);
/* z * base - c * point: what every proof's verifier computes. Public data. */
void gs_g1_commitment_vt(blst_p1_affine *out, const blst_scalar *z, const blst_p1_affine *base,
                         const blst_scalar *c, const blst_p1_affine *point);
void gs_g2_commitment_vt(blst_p2_affine *out, const blst_scalar *z, const blst_p2_affine *base,
                         const blst_scalar *c, const blst_p2_affine *point);
/* z1 * base1 + z2 * base2 - c * point. */
void gs_g2_commitment2_vt(blst_p2_affine *out, const blst_scalar *z1, const blst_p2_affine *base1,
                          const blst_scalar *z2, const blst_p2_affine *base2, const blst_scalar *c,
                          const blst_p2_affine *point);

/* Several points at once, any of which may be O (that it is, is public). At most 16. */
void gs_g1_normalise(blst_p1_affine *out, const blst_p1 *points, size_t count);

/* The constants of the scheme, made at build time: the generators Q and U, multiples of the
 * generators, the lines of H, and the beta of z^2 (x, y) = (beta x, -y). */
extern const blst_p1_affine GS_Q, GS_U;
extern const struct groupsig_comb GS_G_COMB, GS_Q_COMB, GS_U_COMB;
extern const struct groupsig_multiples GS_G_MULTIPLES, GS_Q_MULTIPLES, GS_U_MULTIPLES;
extern const blst_fp6 GS_H_LINES[68];
extern const blst_fp GS_BETA;
#define GS_G (&BLS12_381_G1)
#define GS_H (&BLS12_381_G2)

/* ---- transcripts (transcript.c) ---------------------------------------------------------------
 */

/* The bytes under a challenge, in the caller's storage. Running over it aborts: sizes are fixed. */
struct gs_transcript {
    uint8_t *bytes;
    size_t len, cap;
};
/* Starts with SHA-256("GALEN-CPY06-G1-V1-" name). */
void gs_transcript_init(struct gs_transcript *transcript, uint8_t *storage, size_t cap,
                        const char *name);
void gs_transcript_put(struct gs_transcript *transcript, const void *bytes, size_t len);
void gs_transcript_put_g1(struct gs_transcript *transcript, const blst_p1_affine *point);
void gs_transcript_put_g2(struct gs_transcript *transcript, const blst_p2_affine *point);
void gs_transcript_hash(const struct gs_transcript *transcript, uint8_t hash[32]);
void gs_transcript_challenge(const struct gs_transcript *transcript, blst_scalar *c,
                             uint8_t bytes[GS_CHALLENGE_BYTES]);

/* ---- nonces (nonce.c) --------------------------------------------------------------------------
 */

/* count scalars, none of them 0, from the secret (NULL for fresh keys), the context and 32 fresh
 * bytes. False: the generator failed. */
bool gs_nonces_draw(blst_scalar *out, size_t count, const char *name, const blst_scalar *secret,
                    const uint8_t context32[32], const struct groupsig_rng *rng);

/* ---- pairings (pairing.c) ----------------------------------------------------------------------
 */

/* e(a, P) == e(b, H), with P given by its lines; a and b may be O. */
bool gs_pairing_equal(const blst_p1_affine *a, const blst_fp6 lines[68], const blst_p1_affine *b);

/* e(C, H) == e(G, token). */
bool gs_token_matches(const blst_p2_affine *token, const blst_p1_affine *C);

/* ---- objects ------------------------------------------------------------------------------------
 */

/* Two header bytes and the exact length. */
bool gs_header_check(const uint8_t *bytes, size_t len, enum gs_type type, size_t expected_len);
void gs_header_put(uint8_t *bytes, enum gs_type type);
bool gs_same_group(const struct groupsig_group_key *key, const uint8_t fingerprint[32]);

/* ---- operations with given nonces ---------------------------------------------------------------
 */

struct gs_gm_nonces {
    blst_scalar gamma, xi, eta;
};
struct gs_rm_nonces {
    blst_scalar xi, eta;
};
struct gs_join_nonces {
    blst_scalar k, bx, bk;
};
struct gs_sign_nonces {
    blst_scalar r, bt, br, bu;
};

/* secret holds gamma, xi, eta; the rest of it is filled in. */
void gs_gm_setup_with_nonces(struct groupsig_gm_secret *secret,
                             uint8_t share[GROUPSIG_GM_SHARE_BYTES],
                             const struct gs_gm_nonces *nonces);
enum groupsig_status gs_rm_setup_with_nonces(struct groupsig_rm_secret *secret,
                                             uint8_t share[GROUPSIG_RM_SHARE_BYTES],
                                             const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                             const struct gs_rm_nonces *nonces);
/* secret holds x; the rest of it is filled in. */
void gs_join_request_with_nonces(const struct groupsig_group_key *key,
                                 struct groupsig_join_secret *secret,
                                 uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES],
                                 const uint8_t nonce32[32], const uint8_t ctx32[32],
                                 const struct gs_join_nonces *nonces);
void gs_sign_with_nonces(const struct groupsig_group_key *key,
                         uint8_t signature[GROUPSIG_SIGNATURE_BYTES],
                         const struct groupsig_member_secret *member, const uint8_t msg32[32],
                         const struct gs_sign_nonces *nonces);
void gs_opening_share_with_nonce(const struct groupsig_group_key *key,
                                 uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                 enum groupsig_role role, const blst_scalar *xi,
                                 const struct groupsig_verified *signature, const blst_scalar *k);
void gs_reveal_share_with_nonce(const struct groupsig_group_key *key,
                                uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES], enum groupsig_role role,
                                const blst_scalar *eta, const struct groupsig_join_request *request,
                                const blst_scalar *k);
void gs_claim_with_nonce(const struct groupsig_group_key *key, uint8_t claim[GROUPSIG_CLAIM_BYTES],
                         const blst_scalar *x, const struct groupsig_verified *signature,
                         const uint8_t ctx32[32], const blst_scalar *k);
void gs_link_with_nonce(const struct groupsig_group_key *key, uint8_t link[GROUPSIG_LINK_BYTES],
                        const blst_scalar *x, const struct groupsig_verified *signatures,
                        size_t count, const uint8_t ctx32[32], const blst_scalar *k);

#endif
