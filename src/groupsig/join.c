/*
 * Join: the applicant's request and the Group Manager's certificate.
 *   request     06 03, C 48, F1 96, F2 96, c 24, zx 32, zk 32
 *   membership  06 04, A 48, t 32
 * C = xG; F1 = kH, F2 = xH + kY encrypt the tracing token under both managers' key;
 * A = (gamma + t)^-1 (Q + C).
 */
#include "groupsig/comb.h"
#include "groupsig/internal.h"

#include <string.h>

enum {
    REQ_C = 2,
    REQ_F1 = REQ_C + 48,
    REQ_F2 = REQ_F1 + 96,
    REQ_CHAL = REQ_F2 + 96,
    REQ_ZX = REQ_CHAL + GS_CHALLENGE_BYTES,
    REQ_ZK = REQ_ZX + 32,
    MEM_A = 2,
    MEM_T = MEM_A + 48,
};
_Static_assert(REQ_ZK + 32 == GROUPSIG_JOIN_REQUEST_BYTES, "join request");
_Static_assert(MEM_T + 32 == GROUPSIG_MEMBERSHIP_BYTES, "membership");

/* c = chal(JOIN, fp, nonce32, ctx32, C, F1, F2, bx G, bk H, bx H + bk Y) */
static void join_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                           const struct groupsig_group_key *key, const uint8_t nonce32[32],
                           const uint8_t ctx32[32], const blst_p1_affine *C,
                           const blst_p2_affine *F1, const blst_p2_affine *F2,
                           const blst_p1_affine *K1, const blst_p2_affine *K2,
                           const blst_p2_affine *K3)
{
    uint8_t storage[4 * 32 + 2 * 128 + 4 * 256];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "JOIN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, nonce32, 32);
    gs_transcript_put(&transcript, ctx32, 32);
    gs_transcript_put_g1(&transcript, C);
    gs_transcript_put_g2(&transcript, F1);
    gs_transcript_put_g2(&transcript, F2);
    gs_transcript_put_g1(&transcript, K1);
    gs_transcript_put_g2(&transcript, K2);
    gs_transcript_put_g2(&transcript, K3);
    gs_transcript_challenge(&transcript, c, bytes);
}

void gs_join_request_with_nonces(const struct groupsig_group_key *key,
                                 struct groupsig_join_secret *secret,
                                 uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES],
                                 const uint8_t nonce32[32], const uint8_t ctx32[32],
                                 const struct gs_join_nonces *nonces)
{
    blst_p2_affine xH, kY, F1, F2, K2, K3, bxH, bkY;
    blst_p1_affine K1;
    blst_scalar c, zx, zk;
    memcpy(secret->fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
    gs_g1_mul_comb_ct(&secret->C, &GS_G_COMB, &secret->x);
    gs_g2_mul_ct(&F1, GS_H, &nonces->k);
    gs_g2_mul_ct(&xH, GS_H, &secret->x);
    gs_g2_mul_ct(&kY, &key->Y, &nonces->k);
    gs_g2_add(&F2, &xH, &kY);

    gs_g1_mul_comb_ct(&K1, &GS_G_COMB, &nonces->bx);
    gs_g2_mul_ct(&K2, GS_H, &nonces->bk);
    gs_g2_mul_ct(&bxH, GS_H, &nonces->bx);
    gs_g2_mul_ct(&bkY, &key->Y, &nonces->bk);
    gs_g2_add(&K3, &bxH, &bkY);
    gs_public(&secret->C, sizeof secret->C);
    gs_public(&F1, sizeof F1);
    gs_public(&F2, sizeof F2);
    gs_public(&K1, sizeof K1);
    gs_public(&K2, sizeof K2);
    gs_public(&K3, sizeof K3);
    join_challenge(&c, request + REQ_CHAL, key, nonce32, ctx32, &secret->C, &F1, &F2, &K1, &K2,
                   &K3);
    gs_response(&zx, &nonces->bx, &c, &secret->x);
    gs_response(&zk, &nonces->bk, &c, &nonces->k);

    gs_header_put(request, GS_TYPE_JOIN_REQUEST);
    blst_p1_affine_compress(request + REQ_C, &secret->C);
    blst_p2_affine_compress(request + REQ_F1, &F1);
    blst_p2_affine_compress(request + REQ_F2, &F2);
    gs_scalar_encode(request + REQ_ZX, &zx);
    gs_scalar_encode(request + REQ_ZK, &zk);
    gs_wipe(&xH, sizeof xH); /* the tracing token */
    gs_wipe(&kY, sizeof kY);
    gs_wipe(&bxH, sizeof bxH);
    gs_wipe(&bkY, sizeof bkY);
}

enum groupsig_status groupsig_join_request_make(const struct groupsig_group_key *key,
                                                struct groupsig_join_secret *secret,
                                                uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES],
                                                const uint8_t nonce32[32], const uint8_t ctx32[32],
                                                const struct groupsig_rng *rng)
{
    uint8_t storage[4 * 32], context[32];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "NONCE-JOIN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, nonce32, 32);
    gs_transcript_put(&transcript, ctx32, 32);
    gs_transcript_hash(&transcript, context);

    blst_scalar x, drawn[3];
    bool ok = gs_nonces_draw(&x, 1, "JOIN-KEY", NULL, context, rng) &&
              gs_nonces_draw(drawn, 3, "JOIN", &x, context, rng);
    if (ok) {
        struct gs_join_nonces nonces = {.k = drawn[0], .bx = drawn[1], .bk = drawn[2]};
        secret->x = x;
        gs_join_request_with_nonces(key, secret, request, nonce32, ctx32, &nonces);
        gs_wipe(&nonces, sizeof nonces);
    }
    gs_wipe(&x, sizeof x);
    gs_wipe(drawn, sizeof drawn);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_RNG;
}

enum groupsig_status groupsig_join_request_parse(struct groupsig_join_request *request,
                                                 const uint8_t *bytes, size_t len)
{
    struct groupsig_join_request parsed;
    if (!gs_header_check(bytes, len, GS_TYPE_JOIN_REQUEST, GROUPSIG_JOIN_REQUEST_BYTES) ||
        !gs_g1_parse(&parsed.C, bytes + REQ_C) || !gs_g2_parse(&parsed.F1, bytes + REQ_F1) ||
        !gs_g2_parse(&parsed.F2, bytes + REQ_F2) || !gs_scalar_parse(&parsed.zx, bytes + REQ_ZX) ||
        !gs_scalar_parse(&parsed.zk, bytes + REQ_ZK))
        return GROUPSIG_ERR_PARSE;
    gs_challenge_parse(&parsed.c, bytes + REQ_CHAL);
    memcpy(parsed.bytes, bytes, GROUPSIG_JOIN_REQUEST_BYTES);
    *request = parsed;
    return GROUPSIG_OK;
}

bool groupsig_join_request_verify(const struct groupsig_group_key *key,
                                  const struct groupsig_join_request *request,
                                  const uint8_t nonce32[32], const uint8_t ctx32[32])
{
    blst_p1_affine K1;
    blst_p2_affine K2, K3;
    blst_scalar c;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    gs_g1_commitment_vt(&K1, &request->zx, GS_G, &request->c, &request->C);
    gs_g2_commitment_vt(&K2, &request->zk, GS_H, &request->c, &request->F1);
    gs_g2_commitment2_vt(&K3, &request->zx, GS_H, &request->zk, &key->Y, &request->c, &request->F2);
    join_challenge(&c, challenge, key, nonce32, ctx32, &request->C, &request->F1, &request->F2, &K1,
                   &K2, &K3);
    return memcmp(challenge, request->bytes + REQ_CHAL, GS_CHALLENGE_BYTES) == 0;
}

void groupsig_join_request_commitment(const struct groupsig_join_request *request,
                                      uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    memcpy(commitment, request->bytes + REQ_C, GROUPSIG_COMMITMENT_BYTES);
}

/* A = (gamma + t)^-1 (Q + C); the request has been verified. */
static enum groupsig_status issue(uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
                                  const struct groupsig_gm_secret *gm, const blst_p1_affine *C,
                                  const blst_scalar *t)
{
    blst_p1_affine sum, A;
    blst_scalar inverse;
    gs_g1_add(&sum, &GS_Q, C);
    bool ok = blst_sk_add_n_check(&inverse, &gm->gamma, t);
    gs_public(&ok, sizeof ok); /* gamma + t = 0: the caller learns that */
    ok = ok && !blst_p1_affine_is_inf(&sum);
    if (ok) {
        blst_sk_inverse(&inverse, &inverse);
        gs_g1_mul_ct(&A, &sum, &inverse);
        gs_public(&A, sizeof A);
        gs_header_put(membership, GS_TYPE_MEMBERSHIP);
        blst_p1_affine_compress(membership + MEM_A, &A);
        gs_scalar_encode(membership + MEM_T, t);
    }
    gs_wipe(&inverse, sizeof inverse);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_INVALID;
}

static enum groupsig_status check_before_issue(const struct groupsig_group_key *key,
                                               const struct groupsig_gm_secret *gm,
                                               const struct groupsig_join_request *request,
                                               const uint8_t nonce32[32], const uint8_t ctx32[32])
{
    if (!groupsig_gm_secret_matches(key, gm))
        return GROUPSIG_ERR_MISMATCH;
    return groupsig_join_request_verify(key, request, nonce32, ctx32) ? GROUPSIG_OK
                                                                      : GROUPSIG_ERR_INVALID;
}

enum groupsig_status groupsig_join_issue(const struct groupsig_group_key *key,
                                         uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
                                         const struct groupsig_gm_secret *gm,
                                         const struct groupsig_join_request *request,
                                         const uint8_t nonce32[32], const uint8_t ctx32[32],
                                         const struct groupsig_rng *rng)
{
    enum groupsig_status status = check_before_issue(key, gm, request, nonce32, ctx32);
    if (status != GROUPSIG_OK)
        return status;
    uint8_t context[32];
    blst_scalar t;
    blst_sha256(context, request->bytes, sizeof request->bytes);
    if (!gs_nonces_draw(&t, 1, "ISSUE", &gm->gamma, context, rng))
        return GROUPSIG_ERR_RNG;
    return issue(membership, gm, &request->C, &t);
}

enum groupsig_status groupsig_join_issue_with_t(const struct groupsig_group_key *key,
                                                uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
                                                const struct groupsig_gm_secret *gm,
                                                const struct groupsig_join_request *request,
                                                const uint8_t nonce32[32], const uint8_t ctx32[32],
                                                const uint8_t t32[32])
{
    blst_scalar t;
    if (!gs_scalar_parse(&t, t32))
        return GROUPSIG_ERR_PARSE;
    enum groupsig_status status = check_before_issue(key, gm, request, nonce32, ctx32);
    if (status != GROUPSIG_OK)
        return status;
    return issue(membership, gm, &request->C, &t);
}

static bool membership_parse(blst_p1_affine *A, blst_scalar *t, const uint8_t *bytes, size_t len)
{
    return gs_header_check(bytes, len, GS_TYPE_MEMBERSHIP, GROUPSIG_MEMBERSHIP_BYTES) &&
           gs_g1_parse(A, bytes + MEM_A) && gs_scalar_parse(t, bytes + MEM_T);
}

/* e(A, R + tH) = e(Q + C, H), as e(A, R) = e(Q + C - tA, H): no arithmetic in G2. */
static bool certificate_check(const struct groupsig_group_key *key, const blst_p1_affine *A,
                              const blst_scalar *t, const blst_p1_affine *C)
{
    blst_p1_affine right, tA;
    gs_g1_mul_ct(&tA, A, t);
    gs_g1_add(&right, &GS_Q, C);
    gs_g1_sub(&right, &right, &tA);
    return gs_pairing_equal(A, key->R_lines, &right);
}

enum groupsig_status groupsig_membership_verify(const struct groupsig_group_key *key, bool *valid,
                                                const uint8_t *membership, size_t len,
                                                const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    blst_p1_affine A, C;
    blst_scalar t;
    if (!membership_parse(&A, &t, membership, len) || !gs_g1_parse(&C, commitment))
        return GROUPSIG_ERR_PARSE;
    *valid = certificate_check(key, &A, &t, &C);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_join_finish(const struct groupsig_group_key *key,
                                          struct groupsig_member_secret *member,
                                          const struct groupsig_join_secret *secret,
                                          const uint8_t *membership, size_t len)
{
    blst_p1_affine A;
    blst_scalar t;
    if (!membership_parse(&A, &t, membership, len))
        return GROUPSIG_ERR_PARSE;
    if (!gs_same_group(key, secret->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    if (!certificate_check(key, &A, &t, &secret->C))
        return GROUPSIG_ERR_INVALID;
    memcpy(member->fingerprint, key->fingerprint, GROUPSIG_FINGERPRINT_BYTES);
    member->x = secret->x;
    member->t = t;
    member->A = A;
    member->C = secret->C;
    gs_comb_build(&member->A_comb, &A);
    return GROUPSIG_OK;
}
