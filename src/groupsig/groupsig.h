/*
 * groupsig: traceable group signatures, profile CPY06-G1 (Choi, Park, Yung 2006, with every proof
 * statement in G1 of BLS12-381). Two managers hold the opening key and every tracing token
 * two-of-two: the Group Manager (GM), who issues memberships, and the Revocation Manager (RM).
 *
 * Stands on blst alone (and POSIX threads, in batches on request). No malloc, clock, input, output
 * or hidden randomness: the caller brings the storage and the random number generator. Every
 * function is thread-safe as long as no two threads write the same object. Up to 150 KiB of stack.
 * docs/groupsig.md has the scheme, the proofs and the byte formats.
 *
 * Conventions
 *   - Argument order: group key (the context), outputs, inputs; a length follows its array.
 *   - Pointers are never NULL unless the comment allows it.
 *   - On failure outputs are untouched. A verdict (`bool *valid`) is an output, apart from the
 *     status: GROUPSIG_OK with *valid == false says that a well-formed object is not valid.
 *   - Untrusted bytes, parsed objects and verified objects are different types. Scalars are 32
 *     bytes big-endian, points compressed (48 and 96 bytes).
 *   - The members of the structures are private. They are complete types only so that the caller
 *     can choose where they live. Structures with a `_clear` function hold secrets: clear them.
 */
#ifndef GROUPSIG_H
#define GROUPSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <blst.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GROUPSIG_MUST_CHECK __attribute__((warn_unused_result))

enum groupsig_status {
    GROUPSIG_OK = 0,
    GROUPSIG_ERR_PARSE,    /* bytes are not a canonical object: length, header, point, scalar */
    GROUPSIG_ERR_INVALID,  /* a signature, proof, share or certificate that must hold does not */
    GROUPSIG_ERR_MISMATCH, /* objects that do not belong together: another group key, another
                              signature, another commitment, the wrong manager */
    GROUPSIG_ERR_NOT_OWN,  /* the signature was not made with this member key */
    GROUPSIG_ERR_LIMIT,    /* more or fewer objects than allowed, or one of them twice */
    GROUPSIG_ERR_RNG,      /* the caller's random number generator failed */
};
/* Short lower-case name such as "parse"; never NULL. */
const char *groupsig_status_name(enum groupsig_status status);

/* Sizes in bytes of what goes over the wire. */
#define GROUPSIG_GM_SHARE_BYTES      360
#define GROUPSIG_RM_SHARE_BYTES      232
#define GROUPSIG_GROUP_KEY_BYTES     594
#define GROUPSIG_FINGERPRINT_BYTES   32
#define GROUPSIG_JOIN_REQUEST_BYTES  330
#define GROUPSIG_MEMBERSHIP_BYTES    82
#define GROUPSIG_SIGNATURE_BYTES     362
#define GROUPSIG_OPENING_SHARE_BYTES 139
#define GROUPSIG_REVEAL_SHARE_BYTES  203
#define GROUPSIG_COMMITMENT_BYTES    48 /* a member's C = xG: what an opening ends in */
#define GROUPSIG_TOKEN_BYTES         96 /* a member's tracing token xH */
#define GROUPSIG_CLAIM_BYTES         58
#define GROUPSIG_LINK_BYTES          58

/* Sizes in bytes of the encoded secrets. Plain secrets: the caller encrypts them at rest. */
#define GROUPSIG_GM_SECRET_BYTES     98  /* 06 81, gamma, xi, eta */
#define GROUPSIG_RM_SECRET_BYTES     66  /* 06 82, xi, eta */
#define GROUPSIG_JOIN_SECRET_BYTES   66  /* 06 83, group key fingerprint, x */
#define GROUPSIG_MEMBER_SECRET_BYTES 146 /* 06 84, group key fingerprint, x, A, t */

#define GROUPSIG_LINK_MAX 128 /* signatures that one link proof may cover; the least is 2 */

/* Randomness. fill writes len unpredictable bytes to out and returns 0, or another value when it
 * cannot; it must be safe to call from the thread that calls the library. */
struct groupsig_rng {
    int (*fill)(void *ctx, uint8_t *out, size_t len);
    void *ctx;
};

/* ---- types --------------------------------------------------------------------------------- */

/* Precomputed multiples of a point: for secret scalars (20 KiB), and for public ones (9 KiB). */
#define GROUPSIG_COMB_PASSES   4
#define GROUPSIG_COMB_ROWS     13
#define GROUPSIG_COMB_ENTRIES  16
#define GROUPSIG_MULTIPLES_ODD 64
struct groupsig_comb {
    blst_p1_affine row[GROUPSIG_COMB_ROWS][GROUPSIG_COMB_ENTRIES];
};
struct groupsig_multiples {
    blst_p1_affine odd[GROUPSIG_MULTIPLES_ODD];
    blst_fp beta_x[GROUPSIG_MULTIPLES_ODD];
};

/* A group key whose proofs have been checked, with what signing and verifying need
 * precomputed. About 50 KiB and some milliseconds to make: reuse it. */
struct groupsig_group_key {
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES];
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    blst_p2_affine R, Y_G, Y_R, Y;
    blst_p1_affine X_G, X_R, X;
    blst_fp6 R_lines[68];
    struct groupsig_comb X_comb;
    struct groupsig_multiples X_multiples;
};

/* Secret. */
struct groupsig_gm_secret {
    blst_scalar gamma, xi, eta;
    blst_p2_affine R, Y_G; /* public, to notice a group key that is not this manager's */
    blst_p1_affine X_G;
};

/* Secret. */
struct groupsig_rm_secret {
    blst_scalar xi, eta;
    blst_p2_affine Y_R;
    blst_p1_affine X_R;
};

/* Secret: an applicant's, from the request until the membership arrives. */
struct groupsig_join_secret {
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    blst_scalar x;
    blst_p1_affine C;
};

/* Secret: a member's signing key. About 20 KiB. */
struct groupsig_member_secret {
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    blst_scalar x, t;
    blst_p1_affine A, C;
    struct groupsig_comb A_comb;
};

/* A join request with canonical points and scalars. Parsed, not verified. */
struct groupsig_join_request {
    uint8_t bytes[GROUPSIG_JOIN_REQUEST_BYTES];
    blst_p1_affine C;
    blst_p2_affine F1, F2;
    blst_scalar c, zx, zk;
};

/* A signature with canonical points and scalars. Parsed, not verified. */
struct groupsig_signature {
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES];
    blst_p1_affine A, Abar, E1, E2, T;
    blst_scalar c, zt, zr, zu;
};

/* What every operation on a signature asks for: one that groupsig_verify found valid. */
struct groupsig_verified {
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES]; /* the group key */
    uint8_t hash[32];                                /* SHA-256 of the signature */
    blst_p1_affine A, E1, E2, T;
};

enum groupsig_role { GROUPSIG_ROLE_GM = 1, GROUPSIG_ROLE_RM = 2 };

/* One manager's part of an opening, found valid by groupsig_opening_share_check. */
struct groupsig_opening_share {
    enum groupsig_role role;
    uint8_t signature_hash[32];
    blst_p1_affine P;
};

/* One manager's part of a reveal, found valid by groupsig_reveal_share_check. */
struct groupsig_reveal_share {
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    enum groupsig_role role;
    uint8_t request_hash[32];
    blst_p2_affine V;
};

/* A tracing token, with the lines of its Miller loop precomputed. About 20 KiB. */
struct groupsig_token {
    blst_p2_affine point;
    blst_fp6 lines[68];
};

/* ---- set-up -------------------------------------------------------------------------------- */

/* The Group Manager's half: a secret and the public share that goes to the RM. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_gm_setup(struct groupsig_gm_secret *secret, uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                  const struct groupsig_rng *rng);

/* The Revocation Manager's half, made after the GM's (untrusted) share and bound to it.
 * PARSE or INVALID: the GM's share is malformed or its proof does not hold. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_rm_setup(struct groupsig_rm_secret *secret, uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES],
                  const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], const struct groupsig_rng *rng);

/* Both (untrusted) shares into one group key; checks both proofs and that no point is O.
 * PARSE: malformed. INVALID: a proof does not hold, or X or Y is O. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_group_key_combine(struct groupsig_group_key *key,
                           const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                           const uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES]);
/* The same from the 594 bytes of an encoded group key. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_group_key_parse(struct groupsig_group_key *key,
                                                                  const uint8_t *bytes, size_t len);
void groupsig_group_key_encode(const struct groupsig_group_key *key,
                               uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES]);
/* SHA-256 of the 594 bytes. That the RM's share is really the RM's cannot be seen in the key: the
 * RM confirms this fingerprint over a channel of its own before the key is used. */
void groupsig_group_key_fingerprint(const struct groupsig_group_key *key,
                                    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES]);

/* The managers' secrets to bytes and back. PARSE: length, header, or a scalar that is 0 or >= r.
 * Parsing recomputes the public half; an operation with another group's key is a MISMATCH. */
void groupsig_gm_secret_encode(const struct groupsig_gm_secret *secret,
                               uint8_t bytes[GROUPSIG_GM_SECRET_BYTES]);
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_gm_secret_parse(struct groupsig_gm_secret *secret,
                                                                  const uint8_t *bytes, size_t len);
void groupsig_gm_secret_clear(struct groupsig_gm_secret *secret); /* NULL is fine */
/* Does the secret belong to this group key? */
bool groupsig_gm_secret_matches(const struct groupsig_group_key *key,
                                const struct groupsig_gm_secret *secret);

void groupsig_rm_secret_encode(const struct groupsig_rm_secret *secret,
                               uint8_t bytes[GROUPSIG_RM_SECRET_BYTES]);
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_rm_secret_parse(struct groupsig_rm_secret *secret,
                                                                  const uint8_t *bytes, size_t len);
void groupsig_rm_secret_clear(struct groupsig_rm_secret *secret); /* NULL is fine */
bool groupsig_rm_secret_matches(const struct groupsig_group_key *key,
                                const struct groupsig_rm_secret *secret);

/* ---- join ---------------------------------------------------------------------------------- */

/* The applicant's request. nonce32: from the GM, used once, expires. ctx32: SHA-256 of the
 * applicant's statement. The token xH travels in it encrypted under both managers' key. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_join_request_make(const struct groupsig_group_key *key,
                           struct groupsig_join_secret *secret,
                           uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES], const uint8_t nonce32[32],
                           const uint8_t ctx32[32], const struct groupsig_rng *rng);

GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_join_request_parse(struct groupsig_join_request *request, const uint8_t *bytes,
                            size_t len);
/* Does the request's proof hold for this key, nonce and statement? */
GROUPSIG_MUST_CHECK bool groupsig_join_request_verify(const struct groupsig_group_key *key,
                                                      const struct groupsig_join_request *request,
                                                      const uint8_t nonce32[32],
                                                      const uint8_t ctx32[32]);
/* C, by which the registry knows a member. */
void groupsig_join_request_commitment(const struct groupsig_join_request *request,
                                      uint8_t commitment[GROUPSIG_COMMITMENT_BYTES]);

/* Verifies the request, then issues a membership with a fresh random t.
 * The caller's registry, in one transaction and BEFORE the membership leaves: C and t (the last 32
 * bytes of the membership) are unique among all ever issued under this key (two certificates with
 * one t are a forgery kit), and a retry of an identical request gets the stored answer.
 * INVALID: the request's proof. MISMATCH: not this manager's group key. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_join_issue(
    const struct groupsig_group_key *key, uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
    const struct groupsig_gm_secret *gm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32], const struct groupsig_rng *rng);
/* The same with a t that the caller drew at random after it saw the request, and reserved in its
 * registry. PARSE: t >= r. INVALID also when gamma + t = 0. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_join_issue_with_t(
    const struct groupsig_group_key *key, uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
    const struct groupsig_gm_secret *gm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32], const uint8_t t32[32]);

/* Is the (untrusted) membership a certificate over commitment? PARSE: either is malformed. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_membership_verify(const struct groupsig_group_key *key, bool *valid,
                           const uint8_t *membership, size_t len,
                           const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES]);

/* The applicant checks the membership and gets the signing key. PARSE; INVALID: not a certificate
 * for this applicant; MISMATCH: the request was made under another group key. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_join_finish(const struct groupsig_group_key *key, struct groupsig_member_secret *member,
                     const struct groupsig_join_secret *secret, const uint8_t *membership,
                     size_t len);

void groupsig_join_secret_encode(const struct groupsig_join_secret *secret,
                                 uint8_t bytes[GROUPSIG_JOIN_SECRET_BYTES]);
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_join_secret_parse(struct groupsig_join_secret *secret, const uint8_t *bytes, size_t len);
void groupsig_join_secret_clear(struct groupsig_join_secret *secret); /* NULL is fine */

void groupsig_member_secret_encode(const struct groupsig_member_secret *member,
                                   uint8_t bytes[GROUPSIG_MEMBER_SECRET_BYTES]);
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_member_secret_parse(struct groupsig_member_secret *member, const uint8_t *bytes,
                             size_t len);
void groupsig_member_secret_clear(struct groupsig_member_secret *member); /* NULL is fine */
/* The member's own C. */
void groupsig_member_commitment(const struct groupsig_member_secret *member,
                                uint8_t commitment[GROUPSIG_COMMITMENT_BYTES]);

/* ---- sign and verify ----------------------------------------------------------------------- */

/* Signs a 32-byte message (a hash). Nonces are hedged: drawn from the secret, the message and 32
 * fresh bytes. MISMATCH: the member key is another group's. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_sign(const struct groupsig_group_key *key,
                                                       uint8_t signature[GROUPSIG_SIGNATURE_BYTES],
                                                       const struct groupsig_member_secret *member,
                                                       const uint8_t msg32[32],
                                                       const struct groupsig_rng *rng);

/* All canonical, subgroup and identity checks. PARSE is the only error. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_signature_parse(struct groupsig_signature *signature, const uint8_t *bytes, size_t len);

/* The verdict on a parsed signature. verified may be NULL; otherwise it is written when (and only
 * when) the verdict is true. */
GROUPSIG_MUST_CHECK bool groupsig_verify(const struct groupsig_group_key *key,
                                         struct groupsig_verified *verified,
                                         const struct groupsig_signature *signature,
                                         const uint8_t msg32[32]);

/* One of many signatures to verify under one group key. */
struct groupsig_batch_item {
    const uint8_t *bytes; /* in: the signature as it came */
    size_t len;
    const uint8_t *msg32;               /* in: the 32-byte message */
    struct groupsig_verified *verified; /* in: NULL, or where to write it when valid */
    bool valid;                         /* out */
};
#define GROUPSIG_BATCH_MAX_THREADS 64
/* Parses and verifies count signatures; each item's verdict is what groupsig_signature_parse and
 * groupsig_verify would say, but for a chance below 2^-127 that an invalid one passes. The pairings
 * of many are checked as one randomised sum, which is halved when it fails, so that every bad
 * signature is named. threads: how many to use, this one included, at most 64 (0 counts as 1);
 * where the system gives fewer, fewer are used. RNG: no verdict has been written. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_verify_batch(const struct groupsig_group_key *key,
                                                               struct groupsig_batch_item *items,
                                                               size_t count, unsigned threads,
                                                               const struct groupsig_rng *rng);

/* ---- open: both managers together find the signer's commitment ------------------------------ */

/* A manager's share for one signature and no other. MISMATCH: signature or secret belong to
 * another group key. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_opening_share_by_gm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
    const struct groupsig_gm_secret *gm, const struct groupsig_verified *signature,
    const struct groupsig_rng *rng);
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_opening_share_by_rm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
    const struct groupsig_rm_secret *rm, const struct groupsig_verified *signature,
    const struct groupsig_rng *rng);

/* Parses and checks a share for this signature. share may be NULL when only the verdict is wanted;
 * it is written only when valid. PARSE; MISMATCH: the signature is another group key's. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_opening_share_check(const struct groupsig_group_key *key, bool *valid,
                             struct groupsig_opening_share *share, const uint8_t *bytes, size_t len,
                             const struct groupsig_verified *signature);

/* The signer's C from both checked shares. MISMATCH: not one share of each manager for this
 * signature. A C that the registry does not hold is the Group Manager's fault. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_open_combine(
    const struct groupsig_group_key *key, uint8_t commitment[GROUPSIG_COMMITMENT_BYTES],
    const struct groupsig_opening_share *gm_share, const struct groupsig_opening_share *rm_share,
    const struct groupsig_verified *signature);

/* ---- reveal: both managers together decrypt a member's tracing token ------------------------- */

/* A manager's share. Verifies the request (with the nonce and statement of its evidence) and that
 * its C is opened_commitment, which this manager itself computed from an approved opening: without
 * that a share is a decryption oracle for other members' tokens. The wallet signature over the
 * request is the caller's to check first.
 * INVALID: the request's proof. MISMATCH: another C, or not this manager's group key. RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_reveal_share_by_gm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
    const struct groupsig_gm_secret *gm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32],
    const uint8_t opened_commitment[GROUPSIG_COMMITMENT_BYTES], const struct groupsig_rng *rng);
GROUPSIG_MUST_CHECK enum groupsig_status groupsig_reveal_share_by_rm(
    const struct groupsig_group_key *key, uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
    const struct groupsig_rm_secret *rm, const struct groupsig_join_request *request,
    const uint8_t nonce32[32], const uint8_t ctx32[32],
    const uint8_t opened_commitment[GROUPSIG_COMMITMENT_BYTES], const struct groupsig_rng *rng);

/* Parses and checks a share for this request. share may be NULL; it is written only when valid.
 * PARSE. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_reveal_share_check(const struct groupsig_group_key *key, bool *valid,
                            struct groupsig_reveal_share *share, const uint8_t *bytes, size_t len,
                            const struct groupsig_join_request *request);

/* The token from both checked shares, itself checked against C. MISMATCH: not one share of each
 * manager for this request under this group key. INVALID: what was encrypted is not the token of C.
 */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_reveal_combine(const struct groupsig_group_key *key, uint8_t token[GROUPSIG_TOKEN_BYTES],
                        const struct groupsig_reveal_share *gm_share,
                        const struct groupsig_reveal_share *rm_share,
                        const struct groupsig_join_request *request);

/* ---- trace --------------------------------------------------------------------------------- */

GROUPSIG_MUST_CHECK enum groupsig_status groupsig_token_parse(struct groupsig_token *token,
                                                              const uint8_t *bytes, size_t len);
/* Is the token the one of this (untrusted) commitment? PARSE: the commitment is malformed. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_token_verify(bool *valid, const struct groupsig_token *token,
                      const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES]);
/* Was the signature made by the token's member? */
GROUPSIG_MUST_CHECK bool groupsig_trace(const struct groupsig_verified *signature,
                                        const struct groupsig_token *token);
/* The same against count tokens, faster than one by one: true when one of them is the signer's, and
 * *index (NULL when it does not matter) is then the first such. */
GROUPSIG_MUST_CHECK bool groupsig_trace_list(size_t *index,
                                             const struct groupsig_verified *signature,
                                             const struct groupsig_token *tokens, size_t count);

/* ---- claim and link ------------------------------------------------------------------------ */

/* Proof by its signer that a signature is the signer's own, for the purpose, claimant and nonce in
 * ctx32 = SHA-256(SHA-256(purpose), claimant's address 20, verifier's nonce 32).
 * NOT_OWN; MISMATCH: another group key; RNG. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_claim_make(const struct groupsig_group_key *key, uint8_t claim[GROUPSIG_CLAIM_BYTES],
                    const struct groupsig_member_secret *member,
                    const struct groupsig_verified *signature, const uint8_t ctx32[32],
                    const struct groupsig_rng *rng);
/* PARSE; MISMATCH: the signature is another group key's. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_claim_verify(const struct groupsig_group_key *key, bool *valid, const uint8_t *claim,
                      size_t len, const struct groupsig_verified *signature,
                      const uint8_t ctx32[32]);

/* Proof that count signatures (2 to GROUPSIG_LINK_MAX, all different, one group key), in this
 * order, have one signer. LIMIT: count, or one of them twice. NOT_OWN, MISMATCH, RNG as above. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_link_make(const struct groupsig_group_key *key, uint8_t link[GROUPSIG_LINK_BYTES],
                   const struct groupsig_member_secret *member,
                   const struct groupsig_verified *signatures, size_t count,
                   const uint8_t ctx32[32], const struct groupsig_rng *rng);
/* PARSE, LIMIT, MISMATCH as above. */
GROUPSIG_MUST_CHECK enum groupsig_status
groupsig_link_verify(const struct groupsig_group_key *key, bool *valid, const uint8_t *link,
                     size_t len, const struct groupsig_verified *signatures, size_t count,
                     const uint8_t ctx32[32]);

/* ---- for a contract (EIP-2537), which cannot decompress points itself ------------------------ */

#define GROUPSIG_GROUP_KEY_POINTS_BYTES 512 /* X_G 128, X_R 128, R 256 */
#define GROUPSIG_SIGNATURE_YS_BYTES     240 /* 48 each of A', Abar, E1, E2, T */

/* The group key's points uncompressed, as EIP-2537 has them: every coordinate 16 zero bytes and 48
 * bytes big-endian, of R the coefficient c0 before c1. */
void groupsig_group_key_points(const struct groupsig_group_key *key,
                               uint8_t points[GROUPSIG_GROUP_KEY_POINTS_BYTES]);
/* The y coordinates of a signature's points, big-endian, in the signature's order. */
void groupsig_signature_ys(const struct groupsig_signature *signature,
                           uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
