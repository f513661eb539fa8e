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

#define GROUPSIG_CLASSIC_G1_BYTES            48  /* a point of G1 in mcl's form */
#define GROUPSIG_CLASSIC_OPENING_SHARE_BYTES 288 /* D1, D2, P1, P2, c, z1, z2 */

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

/* One manager's part of an opening, found valid by groupsig_classic_opening_share_check: D1 = xi1
 * T1 and D2 = xi2 T2. The classic profile has no public key of one manager, so the share brings its
 * own, P1 = xi1 X and P2 = xi2 Y: the proof ties D to P, and both managers' P must add up to Z. */
struct groupsig_classic_opening_share {
    uint8_t context[32]; /* the group key and the signature */
    blst_p1_affine D1, D2, P1, P2;
};

/* A row of the group manager's list, points in mcl's form: a member's A, and pi = x g1 from the
 * transcript of its join, which is its tracing token. */
struct groupsig_classic_list_row {
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES];
    uint8_t pi[GROUPSIG_CLASSIC_G1_BYTES];
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

/* ---- open, reveal, trace, claim ------------------------------------------------------------------ */

/* A manager's share for one signature and no other: 4 points in mcl's form, then
 *   c = H(SHA-256("GALEN-CPY06-CLASSIC-OPEN"), SHA-256(group key, T1..T5), D1, D2, P1, P2,
 *         k1 X, k1 T1, k2 Y, k2 T2),   z1 = k1 + c xi1, z2 = k2 + c xi2
 * with mcl's setHashOf as H. A share is secret from all but whoever opens: both together name the
 * signer. MISMATCH: the signature is another group key's. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_opening_share_make(const struct groupsig_classic_group_key *key,
                                    uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES],
                                    const struct groupsig_classic_manager_key *manager,
                                    const struct groupsig_classic_verified *signature,
                                    const struct groupsig_rng *rng);
/* Parses and checks a share for this signature. share may be NULL when only the verdict is wanted;
 * it is written only when valid. PARSE; MISMATCH: the signature is another group key's. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_opening_share_check(const struct groupsig_classic_group_key *key, bool *valid,
                                     struct groupsig_classic_opening_share *share,
                                     const uint8_t *bytes, size_t len,
                                     const struct groupsig_classic_verified *signature);
/* The signer's A, in mcl's form, from both managers' checked shares. MISMATCH: they are not one
 * share of each manager of this group for this signature (their P do not add up to Z). */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_open_combine(const struct groupsig_classic_group_key *key,
                              uint8_t A[GROUPSIG_CLASSIC_G1_BYTES],
                              const struct groupsig_classic_opening_share *gm_share,
                              const struct groupsig_classic_opening_share *rm_share,
                              const struct groupsig_classic_verified *signature);

/* The tracing token of an opened signature's member, out of the group manager's list: the pi beside
 * A. Opens first, and checks that the token traces this very signature, so that a list that lies
 * reveals nobody. Errors of open_combine; MISMATCH also: A is not in the list; INVALID: the pi
 * beside it is not the signer's. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_classic_reveal(const struct groupsig_classic_group_key *key,
                        uint8_t token[GROUPSIG_CLASSIC_G1_BYTES],
                        const struct groupsig_classic_opening_share *gm_share,
                        const struct groupsig_classic_opening_share *rm_share,
                        const struct groupsig_classic_verified *signature,
                        const struct groupsig_classic_list_row *rows, size_t count);

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
