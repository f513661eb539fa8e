/* See forge.h. */
#include "forge.h"

#include <string.h>

/* ---- scalars and points ------------------------------------------------------------------------- */

blst_scalar forge_scalar(struct fixture_rng *rng)
{
    uint8_t bytes[48];
    blst_scalar k;
    fixture_fill(rng, bytes, sizeof bytes);
    blst_scalar_from_le_bytes(&k, bytes, sizeof bytes);
    return k;
}

blst_scalar forge_number(uint64_t value)
{
    const uint64_t words[4] = {value, 0, 0, 0};
    blst_scalar k;
    blst_scalar_from_uint64(&k, words);
    return k;
}

/* blst's answer says only whether the result is 0, which may be. */
blst_scalar forge_add(const blst_scalar *a, const blst_scalar *b)
{
    blst_scalar k;
    (void)blst_sk_add_n_check(&k, a, b);
    return k;
}

blst_scalar forge_sub(const blst_scalar *a, const blst_scalar *b)
{
    blst_scalar k;
    (void)blst_sk_sub_n_check(&k, a, b);
    return k;
}

blst_scalar forge_mul(const blst_scalar *a, const blst_scalar *b)
{
    blst_scalar k;
    (void)blst_sk_mul_n_check(&k, a, b);
    return k;
}

blst_scalar forge_inverse(const blst_scalar *a)
{
    blst_scalar k;
    blst_sk_inverse(&k, a);
    return k;
}

blst_p1_affine forge_g1(const blst_p1_affine *point, const blst_scalar *k)
{
    blst_p1 product;
    blst_p1_affine out;
    blst_p1_from_affine(&product, point);
    blst_p1_mult(&product, &product, k->b, 255);
    blst_p1_to_affine(&out, &product);
    return out;
}

blst_p2_affine forge_g2(const blst_p2_affine *point, const blst_scalar *k)
{
    blst_p2 product;
    blst_p2_affine out;
    blst_p2_from_affine(&product, point);
    blst_p2_mult(&product, &product, k->b, 255);
    blst_p2_to_affine(&out, &product);
    return out;
}

blst_p1_affine forge_g1_add(const blst_p1_affine *a, const blst_p1_affine *b)
{
    blst_p1_affine out;
    gs_g1_add(&out, a, b);
    return out;
}

blst_p1_affine forge_g1_sub(const blst_p1_affine *a, const blst_p1_affine *b)
{
    blst_p1_affine out;
    gs_g1_sub(&out, a, b);
    return out;
}

blst_p2_affine forge_g2_add(const blst_p2_affine *a, const blst_p2_affine *b)
{
    blst_p2_affine out;
    gs_g2_add(&out, a, b);
    return out;
}

blst_p2_affine forge_g2_sub(const blst_p2_affine *a, const blst_p2_affine *b)
{
    blst_p2_affine out;
    gs_g2_sub(&out, a, b);
    return out;
}

/* a A + b B */
static blst_p1_affine g1_sum(const blst_scalar *a, const blst_p1_affine *A, const blst_scalar *b,
                             const blst_p1_affine *B)
{
    const blst_p1_affine first = forge_g1(A, a), second = forge_g1(B, b);
    return forge_g1_add(&first, &second);
}

static void put_response(uint8_t *out, const blst_scalar *k, const blst_scalar *c,
                         const blst_scalar *secret)
{
    blst_scalar z;
    gs_response(&z, k, c, secret);
    gs_scalar_encode(out, &z);
}

/* ---- signatures ----------------------------------------------------------------------------------- */

void forge_honest(struct forged_signature *out, const struct groupsig_group_key *key,
                  const blst_p1_affine *A, const blst_scalar *t, const blst_scalar *x,
                  const blst_scalar *r)
{
    const blst_scalar s = forge_inverse(r), one = forge_number(1), zero = {{0}};
    const blst_scalar minus_t = forge_sub(&zero, t);
    out->t = *t;
    out->r = *r;
    out->u = forge_mul(r, x);
    out->point[GS_A] = forge_g1(A, r);
    out->point[GS_ABAR] = g1_sum(r, &GS_Q, &out->u, GS_G);
    out->point[GS_ABAR] = g1_sum(&minus_t, &out->point[GS_A], &one, &out->point[GS_ABAR]);
    out->point[GS_E1] = forge_g1(&GS_U, &s);
    out->point[GS_E2] = g1_sum(x, GS_G, &s, &key->X);
    out->point[GS_T] = forge_g1(&out->point[GS_A], x);
}

void forge_signature(uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], const struct groupsig_group_key *key,
                     const struct forged_signature *choice, const uint8_t msg32[32],
                     struct fixture_rng *rng)
{
    blst_p1_affine points[GS_SIGN_POINTS];
    const blst_scalar bt = forge_scalar(rng), br = forge_scalar(rng), bu = forge_scalar(rng);
    const blst_scalar zero = {{0}}, one = forge_number(1);
    const blst_scalar minus_bt = forge_sub(&zero, &bt), minus_bu = forge_sub(&zero, &bu);
    blst_scalar c;
    memcpy(points, choice->point, sizeof choice->point);
    points[GS_K1] = g1_sum(&br, &GS_Q, &bu, GS_G);
    points[GS_K1] = g1_sum(&minus_bt, &points[GS_A], &one, &points[GS_K1]);
    points[GS_K2] = forge_g1(&points[GS_E1], &br);
    points[GS_K3] = g1_sum(&br, &points[GS_E2], &minus_bu, GS_G);
    points[GS_K4] = g1_sum(&br, &points[GS_T], &minus_bu, &points[GS_A]);
    gs_header_put(bytes, GS_TYPE_SIGNATURE);
    gs_sign_challenge(&c, bytes + SIG_C, key, msg32, points);
    for (size_t i = GS_A; i <= GS_T; i++)
        blst_p1_affine_compress(bytes + SIG_POINTS + 48 * i, &points[i]);
    put_response(bytes + SIG_ZT, &bt, &c, &choice->t);
    put_response(bytes + SIG_ZR, &br, &c, &choice->r);
    put_response(bytes + SIG_ZU, &bu, &c, &choice->u);
}

/* ---- set-up ------------------------------------------------------------------------------------------ */

void forge_gm_share(uint8_t share[GROUPSIG_GM_SHARE_BYTES], const blst_p2_affine *R,
                    const blst_p1_affine *X, const blst_p2_affine *Y, const blst_scalar *gamma,
                    const blst_scalar *xi, const blst_scalar *eta, struct fixture_rng *rng)
{
    const blst_scalar kg = forge_scalar(rng), kx = forge_scalar(rng), ke = forge_scalar(rng);
    const blst_p2_affine kg_H = forge_g2(GS_H, &kg), ke_H = forge_g2(GS_H, &ke);
    const blst_p1_affine kx_U = forge_g1(&GS_U, &kx);
    uint8_t storage[2048];
    struct gs_transcript transcript;
    blst_scalar c;
    blst_p2_affine_compress(share, R);
    blst_p1_affine_compress(share + 96, X);
    blst_p2_affine_compress(share + 144, Y);
    gs_transcript_init(&transcript, storage, sizeof storage, "POP");
    gs_transcript_put(&transcript, "\1", 1);
    gs_transcript_put_g2(&transcript, R);
    gs_transcript_put_g1(&transcript, X);
    gs_transcript_put_g2(&transcript, Y);
    gs_transcript_put_g2(&transcript, &kg_H);
    gs_transcript_put_g1(&transcript, &kx_U);
    gs_transcript_put_g2(&transcript, &ke_H);
    gs_transcript_challenge(&transcript, &c, share + 240);
    put_response(share + 264, &kg, &c, gamma);
    put_response(share + 296, &kx, &c, xi);
    put_response(share + 328, &ke, &c, eta);
}

void forge_rm_share(uint8_t share[GROUPSIG_RM_SHARE_BYTES],
                    const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], const blst_p1_affine *X,
                    const blst_p2_affine *Y, const blst_scalar *xi, const blst_scalar *eta,
                    struct fixture_rng *rng)
{
    const blst_scalar kx = forge_scalar(rng), ke = forge_scalar(rng);
    const blst_p1_affine kx_U = forge_g1(&GS_U, &kx);
    const blst_p2_affine ke_H = forge_g2(GS_H, &ke);
    blst_p2_affine R, Y_G;
    blst_p1_affine X_G;
    uint8_t storage[2048];
    struct gs_transcript transcript;
    blst_scalar c;
    blst_p2_uncompress(&R, gm_share);
    blst_p1_uncompress(&X_G, gm_share + 96);
    blst_p2_uncompress(&Y_G, gm_share + 144);
    blst_p1_affine_compress(share, X);
    blst_p2_affine_compress(share + 48, Y);
    gs_transcript_init(&transcript, storage, sizeof storage, "POP");
    gs_transcript_put(&transcript, "\2", 1);
    gs_transcript_put_g2(&transcript, &R);
    gs_transcript_put_g1(&transcript, &X_G);
    gs_transcript_put_g2(&transcript, &Y_G);
    gs_transcript_put_g1(&transcript, X);
    gs_transcript_put_g2(&transcript, Y);
    gs_transcript_put_g1(&transcript, &kx_U);
    gs_transcript_put_g2(&transcript, &ke_H);
    gs_transcript_challenge(&transcript, &c, share + 144);
    put_response(share + 168, &kx, &c, xi);
    put_response(share + 200, &ke, &c, eta);
}

/* ---- join -------------------------------------------------------------------------------------------- */

void forge_join_request(uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES],
                        const struct groupsig_group_key *key, const uint8_t nonce32[32],
                        const uint8_t ctx32[32], const blst_p1_affine *C, const blst_p2_affine *F1,
                        const blst_p2_affine *F2, const blst_scalar *x, const blst_scalar *k,
                        struct fixture_rng *rng)
{
    const blst_scalar bx = forge_scalar(rng), bk = forge_scalar(rng);
    const blst_p1_affine K1 = forge_g1(GS_G, &bx);
    const blst_p2_affine K2 = forge_g2(GS_H, &bk), bx_H = forge_g2(GS_H, &bx);
    const blst_p2_affine bk_Y = forge_g2(&key->Y, &bk), K3 = forge_g2_add(&bx_H, &bk_Y);
    uint8_t storage[2048];
    struct gs_transcript transcript;
    blst_scalar c;
    gs_header_put(request, GS_TYPE_JOIN_REQUEST);
    blst_p1_affine_compress(request + 2, C);
    blst_p2_affine_compress(request + 50, F1);
    blst_p2_affine_compress(request + 146, F2);
    gs_transcript_init(&transcript, storage, sizeof storage, "JOIN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, nonce32, 32);
    gs_transcript_put(&transcript, ctx32, 32);
    gs_transcript_put_g1(&transcript, C);
    gs_transcript_put_g2(&transcript, F1);
    gs_transcript_put_g2(&transcript, F2);
    gs_transcript_put_g1(&transcript, &K1);
    gs_transcript_put_g2(&transcript, &K2);
    gs_transcript_put_g2(&transcript, &K3);
    gs_transcript_challenge(&transcript, &c, request + 242);
    put_response(request + 266, &bx, &c, x);
    put_response(request + 298, &bk, &c, k);
}

/* ---- shares ------------------------------------------------------------------------------------------ */

void forge_opening_share(uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                         const struct groupsig_group_key *key, enum groupsig_role role,
                         const struct groupsig_verified *signature, const blst_p1_affine *P,
                         const blst_scalar *xi, struct fixture_rng *rng)
{
    const blst_scalar k = forge_scalar(rng);
    const blst_p1_affine kU = forge_g1(&GS_U, &k), kE1 = forge_g1(&signature->E1, &k);
    uint8_t storage[1024];
    struct gs_transcript transcript;
    blst_scalar c;
    gs_header_put(share, GS_TYPE_OPENING_SHARE);
    share[2] = (uint8_t)role;
    memcpy(share + 3, signature->hash, 32);
    blst_p1_affine_compress(share + 35, P);
    gs_transcript_init(&transcript, storage, sizeof storage, "OPEN");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, share + 2, 1);
    gs_transcript_put(&transcript, signature->hash, 32);
    gs_transcript_put_g1(&transcript, role == GROUPSIG_ROLE_GM ? &key->X_G : &key->X_R);
    gs_transcript_put_g1(&transcript, &signature->E1);
    gs_transcript_put_g1(&transcript, P);
    gs_transcript_put_g1(&transcript, &kU);
    gs_transcript_put_g1(&transcript, &kE1);
    gs_transcript_challenge(&transcript, &c, share + 83);
    put_response(share + 107, &k, &c, xi);
}

void forge_reveal_share(uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                        const struct groupsig_group_key *key, enum groupsig_role role,
                        const struct groupsig_join_request *request, const blst_p2_affine *V,
                        const blst_scalar *eta, struct fixture_rng *rng)
{
    const blst_scalar k = forge_scalar(rng);
    const blst_p2_affine kH = forge_g2(GS_H, &k), kF1 = forge_g2(&request->F1, &k);
    uint8_t storage[2048], hash[32];
    struct gs_transcript transcript;
    blst_scalar c;
    gs_header_put(share, GS_TYPE_REVEAL_SHARE);
    share[2] = (uint8_t)role;
    memcpy(share + 3, request->bytes + 2, 48);
    blst_p2_affine_compress(share + 51, V);
    blst_sha256(hash, request->bytes, sizeof request->bytes);
    gs_transcript_init(&transcript, storage, sizeof storage, "REVEAL");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, share + 2, 1);
    gs_transcript_put(&transcript, hash, 32);
    gs_transcript_put_g1(&transcript, &request->C);
    gs_transcript_put_g2(&transcript, role == GROUPSIG_ROLE_GM ? &key->Y_G : &key->Y_R);
    gs_transcript_put_g2(&transcript, &request->F1);
    gs_transcript_put_g2(&transcript, V);
    gs_transcript_put_g2(&transcript, &kH);
    gs_transcript_put_g2(&transcript, &kF1);
    gs_transcript_challenge(&transcript, &c, share + 147);
    put_response(share + 171, &k, &c, eta);
}
