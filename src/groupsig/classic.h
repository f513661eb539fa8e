/*
 * groupsig, profile CPY06-classic: what the pure-Python library pygroupsig (scheme "cpy06", over
 * mcl's BLS12-381) makes and reads, so that existing groups, keys and signatures keep working.
 * A library of its own beside groupsig: on top of it, json-c (JSON) and libsodium (base64,
 * SHA-256).
 *
 * Not for new groups: whoever ran the joins of such a group can trace every member alone, because
 * the transcript of a join holds the tracing token x g1.
 *
 * Stricter than pygroupsig: T4 = O, T5 = 0, T5 = 1, T5 outside the group, points outside the
 * subgroups, non-canonical bytes, unknown or repeated members are refused, the pairings of a group
 * key are computed and never trusted, and no function hands out a manager's xi.
 *
 * Conventions are those of groupsig/groupsig.h. A text is base64 of JSON of base64 of JSON of
 * base64 of an element, as pygroupsig has it; `text` goes with its length and needs no NUL. Encoded
 * texts have a fixed length and end with a NUL.
 */
#ifndef GROUPSIG_CLASSIC_H
#define GROUPSIG_CLASSIC_H

#include "groupsig/groupsig.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lengths of the texts, without the NUL. */
#define GROUPSIG_CLASSIC_GROUP_KEY_TEXT  7988
#define GROUPSIG_CLASSIC_GM_KEY_TEXT     364
#define GROUPSIG_CLASSIC_RM_KEY_TEXT     264
#define GROUPSIG_CLASSIC_MEMBER_KEY_TEXT 384
#define GROUPSIG_CLASSIC_SIGNATURE_TEXT  2752
#define GROUPSIG_CLASSIC_CLAIM_TEXT      144
/* The longest text that is looked at; a longer one is PARSE. */
#define GROUPSIG_CLASSIC_MAX_TEXT 16384

#define GROUPSIG_CLASSIC_G1_BYTES            48 /* a point of G1 in mcl's form */
#define GROUPSIG_CLASSIC_OPENING_SHARE_BYTES 96

/* A group key: checked points, and what verification precomputes. */
struct groupsig_classic_group_key {
    uint8_t fingerprint[32]; /* SHA-256 of the six points in mcl's form */
    blst_p1_affine Q, X, Y, Z;
    blst_p2_affine R, W;
    blst_fp12 e[5]; /* e(g1,W), e(Z,g2), e(Z,R), e(g1,g2), e(Q,g2) */
};

/* Secret: a manager's part. The Revocation Manager's has no gamma. */
struct groupsig_classic_manager_key {
    blst_scalar xi1, xi2, gamma;
    bool has_gamma;
};

/* Secret: a member's signing key. */
struct groupsig_classic_member_key {
    blst_scalar x, t;
    blst_p1_affine A;
};

/* Parsed, not verified. */
struct groupsig_classic_signature {
    blst_p1_affine T1, T2, T3;
    blst_p2_affine T4;
    blst_fp12 T5;
    blst_scalar c, sr1, sr2, sd1, sd2, sx, st;
};

/* A signature that groupsig_classic_verify found valid. */
struct groupsig_classic_verified {
    uint8_t fingerprint[32]; /* of the group key */
    blst_p1_affine T1, T2, T3;
    blst_p2_affine T4;
    blst_fp12 T5;
};

/* One manager's part of an opening: xi1 T1 and xi2 T2. The classic profile has no public key of one
 * manager, so a share carries no proof; that the result is a member's A shows that all were right.
 */
struct groupsig_classic_opening_share {
    blst_p1_affine D1, D2;
};

/* ---- keys ------------------------------------------------------------------------------------ */

/* PARSE; INVALID: a pairing in the text is not the one of its points. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_group_key_parse(struct groupsig_classic_group_key *key, const char *text,
                                 size_t len);
void groupsig_classic_group_key_encode(const struct groupsig_classic_group_key *key,
                                       char text[GROUPSIG_CLASSIC_GROUP_KEY_TEXT + 1]);

GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_manager_key_parse(struct groupsig_classic_manager_key *manager, const char *text,
                                   size_t len);
/* GROUPSIG_CLASSIC_GM_KEY_TEXT long with gamma, GROUPSIG_CLASSIC_RM_KEY_TEXT without. */
void groupsig_classic_manager_key_encode(const struct groupsig_classic_manager_key *manager,
                                         char text[GROUPSIG_CLASSIC_GM_KEY_TEXT + 1]);
void groupsig_classic_manager_key_clear(struct groupsig_classic_manager_key *manager);

/* INVALID: not a certificate of this group: e(A, R + t g2) = e(x g1 + Q, g2) does not hold. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_member_key_parse(const struct groupsig_classic_group_key *key,
                                  struct groupsig_classic_member_key *member, const char *text,
                                  size_t len);
void groupsig_classic_member_key_encode(const struct groupsig_classic_member_key *member,
                                        char text[GROUPSIG_CLASSIC_MEMBER_KEY_TEXT + 1]);
void groupsig_classic_member_key_clear(struct groupsig_classic_member_key *member);
/* The member's A, by which an opening names it, and its tracing token x g1, in mcl's form. */
void groupsig_classic_member_A(const struct groupsig_classic_member_key *member,
                               uint8_t A[GROUPSIG_CLASSIC_G1_BYTES]);
void groupsig_classic_member_token(const struct groupsig_classic_member_key *member,
                                   uint8_t token[GROUPSIG_CLASSIC_G1_BYTES]);

/* ---- sign and verify --------------------------------------------------------------------------- */

/* message: any bytes (pygroupsig signs the UTF-8 of a text), NULL when len is 0. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_sign(const struct groupsig_classic_group_key *key,
                      struct groupsig_classic_signature *signature,
                      const struct groupsig_classic_member_key *member, const uint8_t *message,
                      size_t len, const struct groupsig_rng *rng);
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_signature_parse(struct groupsig_classic_signature *signature, const char *text,
                                 size_t len);
void groupsig_classic_signature_encode(const struct groupsig_classic_signature *signature,
                                       char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1]);
/* verified may be NULL; it is written only when the verdict is true. */
GROUPSIG_MUST_CHECK bool groupsig_classic_verify(const struct groupsig_classic_group_key *key,
                                                 struct groupsig_classic_verified *verified,
                                                 const struct groupsig_classic_signature *signature,
                                                 const uint8_t *message, size_t len);

/* ---- open, trace, claim -------------------------------------------------------------------------- */

void groupsig_classic_opening_share(struct groupsig_classic_opening_share *share,
                                    const struct groupsig_classic_manager_key *manager,
                                    const struct groupsig_classic_verified *signature);
/* D1 and D2 in mcl's form. A share is secret from all but whoever opens: both together name the
 * signer. */
void groupsig_classic_opening_share_encode(const struct groupsig_classic_opening_share *share,
                                           uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES]);
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_opening_share_parse(struct groupsig_classic_opening_share *share,
                                     const uint8_t *bytes, size_t len);
/* The signer's A, in mcl's form, from the shares of both managers. */
void groupsig_classic_open_combine(uint8_t A[GROUPSIG_CLASSIC_G1_BYTES],
                                   const struct groupsig_classic_opening_share *gm_share,
                                   const struct groupsig_classic_opening_share *rm_share,
                                   const struct groupsig_classic_verified *signature);

/* token: x g1 in mcl's form. PARSE. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_trace(bool *traced, const struct groupsig_classic_verified *signature,
                       const uint8_t token[GROUPSIG_CLASSIC_G1_BYTES]);

/* Proof by its signer that the signature is the signer's own. NOT_OWN; RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_classic_claim_make(
    char text[GROUPSIG_CLASSIC_CLAIM_TEXT + 1], const struct groupsig_classic_member_key *member,
    const struct groupsig_classic_verified *signature, const struct groupsig_rng *rng);
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_claim_verify(bool *valid, const char *text, size_t len,
                              const struct groupsig_classic_verified *signature);

#ifdef __cplusplus
}
#endif

#endif
