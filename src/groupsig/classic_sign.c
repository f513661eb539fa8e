/*
 * Sign and verify in the classic profile.
 *   T1 = r1 X, T2 = r2 Y, T3 = A + (r1 + r2) Z, T4 = r3 W, T5 = e(g1, W)^(r3 x); d1 = t r1, d2 = t
 * r2 B1 = br1 X, B2 = br2 Y, B3 = bt T1 - bd1 X, B4 = bt T2 - bd2 Y, B5 = e(g1, T4)^bx B6 = e(T3,
 * g2)^bt e(Z, g2)^(-bd1 - bd2) e(Z, R)^(-br1 - br2) e(g1, g2)^-bx c = H(M, T1..T5, B1..B6); each
 * response is its nonce + c times its secret. Powers of pairings by secrets are taken as multiples
 * in G1, where blst is constant-time.
 */
#include "groupsig/classic_internal.h"
#include "groupsig/multiples.h"

#include <string.h>

/* ---- hashes ----------------------------------------------------------------------------------- */

void gs_classic_hash_g1(crypto_hash_sha256_state *hash, const blst_p1_affine *point)
{
    uint8_t bytes[MCL_G1];
    gs_mcl_g1_encode(bytes, point);
    crypto_hash_sha256_update(hash, bytes, sizeof bytes);
}

void gs_classic_hash_g2(crypto_hash_sha256_state *hash, const blst_p2_affine *point)
{
    uint8_t bytes[MCL_G2];
    gs_mcl_g2_encode(bytes, point);
    crypto_hash_sha256_update(hash, bytes, sizeof bytes);
}

void gs_classic_hash_gt(crypto_hash_sha256_state *hash, const blst_fp12 *value)
{
    uint8_t bytes[MCL_GT];
    gs_mcl_gt_encode(bytes, value);
    crypto_hash_sha256_update(hash, bytes, sizeof bytes);
}

void gs_classic_hash_challenge(blst_scalar *c, crypto_hash_sha256_state *hash)
{
    uint8_t digest[32], again[32];
    crypto_hash_sha256_final(hash, digest);
    crypto_hash_sha256(again, digest, sizeof digest);
    again[31] &= 0x7f;
    blst_scalar_from_lendian(c, again);
    if (!blst_scalar_fr_check(c)) {
        again[31] &= 0x3f;
        blst_scalar_from_lendian(c, again);
    }
}

/* ---- pairings ----------------------------------------------------------------------------------- */

void gs_classic_pairing(blst_fp12 *out, const blst_p1_affine *P, const blst_p2_affine *Q)
{
    blst_miller_loop(out, Q, P); /* one pair: O gives 1 */
    blst_final_exp(out, out);
}

void gs_classic_pairing_2(blst_fp12 *out, const blst_p1_affine *P1, const blst_p2_affine *Q1,
                          const blst_p1_affine *P2, const blst_p2_affine *Q2)
{
    blst_fp12 second;
    blst_miller_loop(out, Q1, P1);
    blst_miller_loop(&second, Q2, P2);
    blst_fp12_mul(out, out, &second);
    blst_final_exp(out, out);
}

void gs_classic_tag_commitment_vt(blst_fp12 *out, const blst_scalar *s, const blst_p2_affine *T4,
                                  const blst_scalar *c, const blst_fp12 *T5)
{
    blst_p1_affine sg1;
    blst_fp12 power = *blst_fp12_one(), pairing;
    for (size_t bit = 255; bit-- > 0;) {
        blst_fp12_cyclotomic_sqr(&power, &power);
        if (c->b[bit / 8] >> bit % 8 & 1)
            blst_fp12_mul(&power, &power, T5);
    }
    blst_fp12_conjugate(&power); /* the inverse, in this group */
    gs_g1_mul_comb_ct(&sg1, &GS_G_COMB, s);
    gs_classic_pairing(&pairing, &sg1, T4);
    blst_fp12_mul(out, &pairing, &power);
}

/* ---- sign ------------------------------------------------------------------------------------------ */

struct commitments {
    blst_p1_affine B1, B2, B3, B4;
    blst_fp12 B5, B6;
};

static void challenge(blst_scalar *c, const uint8_t *message, size_t len,
                      const struct groupsig_classic_signature *sig, const struct commitments *b)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    if (len > 0)
        crypto_hash_sha256_update(&hash, message, len);
    gs_classic_hash_g1(&hash, &sig->T1);
    gs_classic_hash_g1(&hash, &sig->T2);
    gs_classic_hash_g1(&hash, &sig->T3);
    gs_classic_hash_g2(&hash, &sig->T4);
    gs_classic_hash_gt(&hash, &sig->T5);
    gs_classic_hash_g1(&hash, &b->B1);
    gs_classic_hash_g1(&hash, &b->B2);
    gs_classic_hash_g1(&hash, &b->B3);
    gs_classic_hash_g1(&hash, &b->B4);
    gs_classic_hash_gt(&hash, &b->B5);
    gs_classic_hash_gt(&hash, &b->B6);
    gs_classic_hash_challenge(c, &hash);
}

enum { R1, R2, R3, BR1, BR2, BD1, BD2, BT, BX, NONCES };

static void scalar_add(blst_scalar *out, const blst_scalar *a, const blst_scalar *b)
{
    blst_fr x, y;
    blst_fr_from_scalar(&x, a);
    blst_fr_from_scalar(&y, b);
    blst_fr_add(&x, &x, &y);
    blst_scalar_from_fr(out, &x);
    gs_wipe(&x, sizeof x);
    gs_wipe(&y, sizeof y);
}

static void scalar_mul(blst_scalar *out, const blst_scalar *a, const blst_scalar *b)
{
    const blst_scalar zero = {{0}};
    gs_response(out, &zero, a, b);
}

/* out = k P - l Q in constant time */
static void difference(blst_p1_affine *out, const blst_scalar *k, const blst_p1_affine *P,
                       const blst_scalar *l, const blst_p1_affine *Q)
{
    blst_p1_affine first, second;
    gs_g1_mul_ct(&first, P, k);
    gs_g1_mul_ct(&second, Q, l);
    gs_g1_sub(out, &first, &second);
    gs_wipe(&first, sizeof first);
    gs_wipe(&second, sizeof second);
}

/* What is secret beside the nonces. */
struct scratch {
    blst_scalar sum, d1, d2, r3x;
    blst_p1_affine point, other;
};

static void sign_with_nonces(const struct groupsig_classic_group_key *key,
                             struct groupsig_classic_signature *sig,
                             const struct groupsig_classic_member_key *member,
                             const uint8_t *message, size_t len, const blst_scalar n[NONCES])
{
    struct scratch s;
    struct commitments b;
    scalar_mul(&s.d1, &member->t, &n[R1]);
    scalar_mul(&s.d2, &member->t, &n[R2]);
    scalar_mul(&s.r3x, &n[R3], &member->x);
    gs_g1_mul_ct(&sig->T1, &key->X, &n[R1]);
    gs_g1_mul_ct(&sig->T2, &key->Y, &n[R2]);
    scalar_add(&s.sum, &n[R1], &n[R2]);
    gs_g1_mul_ct(&s.point, &key->Z, &s.sum);
    gs_g1_add(&sig->T3, &member->A, &s.point);
    gs_g2_mul_ct(&sig->T4, &key->W, &n[R3]);
    gs_g1_mul_comb_ct(&s.point, &GS_G_COMB, &s.r3x);
    gs_classic_pairing(&sig->T5, &s.point, &key->W);
    gs_public(&sig->T1, sizeof sig->T1);
    gs_public(&sig->T2, sizeof sig->T2);
    gs_public(&sig->T3, sizeof sig->T3);
    gs_public(&sig->T4, sizeof sig->T4);
    gs_public(&sig->T5, sizeof sig->T5);

    gs_g1_mul_ct(&b.B1, &key->X, &n[BR1]);
    gs_g1_mul_ct(&b.B2, &key->Y, &n[BR2]);
    difference(&b.B3, &n[BT], &sig->T1, &n[BD1], &key->X);
    difference(&b.B4, &n[BT], &sig->T2, &n[BD2], &key->Y);
    gs_g1_mul_comb_ct(&s.other, &GS_G_COMB, &n[BX]);
    gs_classic_pairing(&b.B5, &s.other, &sig->T4);
    /* B6 = e(bt T3 - (bd1 + bd2) Z - bx g1, g2) e(-(br1 + br2) Z, R) */
    scalar_add(&s.sum, &n[BD1], &n[BD2]);
    difference(&s.point, &n[BT], &sig->T3, &s.sum, &key->Z);
    gs_g1_sub(&s.point, &s.point, &s.other);
    scalar_add(&s.sum, &n[BR1], &n[BR2]);
    gs_g1_mul_ct(&s.other, &key->Z, &s.sum);
    blst_fp_cneg(&s.other.y, &s.other.y, true);
    gs_classic_pairing_2(&b.B6, &s.point, GS_H, &s.other, &key->R);

    gs_public(&b, sizeof b);
    challenge(&sig->c, message, len, sig, &b);
    gs_response(&sig->sr1, &n[BR1], &sig->c, &n[R1]);
    gs_response(&sig->sr2, &n[BR2], &sig->c, &n[R2]);
    gs_response(&sig->sd1, &n[BD1], &sig->c, &s.d1);
    gs_response(&sig->sd2, &n[BD2], &sig->c, &s.d2);
    gs_response(&sig->sx, &n[BX], &sig->c, &member->x);
    gs_response(&sig->st, &n[BT], &sig->c, &member->t);
    gs_wipe(&s, sizeof s);
}

enum groupsig_status groupsig_classic_sign(const struct groupsig_classic_group_key *key,
                                           struct groupsig_classic_signature *signature,
                                           const struct groupsig_classic_member_key *member,
                                           const uint8_t *message, size_t len,
                                           const struct groupsig_rng *rng)
{
    uint8_t context[32];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, key->fingerprint, sizeof key->fingerprint);
    if (len > 0)
        crypto_hash_sha256_update(&hash, message, len);
    crypto_hash_sha256_final(&hash, context);

    blst_scalar nonces[NONCES];
    if (!gs_nonces_draw(nonces, NONCES, "CLASSIC-SIGN", &member->x, context, rng))
        return GROUPSIG_ERR_RNG;
    sign_with_nonces(key, signature, member, message, len, nonces);
    gs_wipe(nonces, sizeof nonces);
    return GROUPSIG_OK;
}

/* ---- verify ------------------------------------------------------------------------------------------ */

/* The sum of count terms k P or -k P. Public data. */
struct term {
    const blst_p1_affine *point;
    const blst_scalar *k;
    bool negate;
};

static void sum_vt(blst_p1_affine *out, const struct term *terms, size_t count)
{
    struct gs_point_multiples tables[GS_MAX_POINTS];
    struct gs_recoded recoded[GS_MAX_POINTS];
    struct gs_multiple multiples[GS_MAX_POINTS];
    const blst_p1_affine *points[GS_MAX_POINTS];
    blst_p1 sum;
    for (size_t i = 0; i < count; i++)
        points[i] = terms[i].point;
    gs_point_multiples_build_vt(tables, points, count, &GS_BETA);
    for (size_t i = 0; i < count; i++) {
        gs_recode_vt(&recoded[i], terms[i].k, GS_WIDTH_POINT);
        multiples[i] = (struct gs_multiple){tables[i].odd, tables[i].beta_x, &recoded[i],
                                            terms[i].negate};
    }
    gs_multiples_sum_vt(&sum, multiples, count);
    blst_p1_to_affine(out, &sum);
}

bool groupsig_classic_verify(const struct groupsig_classic_group_key *key,
                             struct groupsig_classic_verified *verified,
                             const struct groupsig_classic_signature *sig, const uint8_t *message,
                             size_t len)
{
    struct commitments b;
    blst_scalar sd, sr, c;
    blst_p1_affine left, right;
    scalar_add(&sd, &sig->sd1, &sig->sd2);
    scalar_add(&sr, &sig->sr1, &sig->sr2);
    gs_g1_commitment_vt(&b.B1, &sig->sr1, &key->X, &sig->c, &sig->T1);
    gs_g1_commitment_vt(&b.B2, &sig->sr2, &key->Y, &sig->c, &sig->T2);
    gs_g1_commitment_vt(&b.B3, &sig->st, &sig->T1, &sig->sd1, &key->X);
    gs_g1_commitment_vt(&b.B4, &sig->st, &sig->T2, &sig->sd2, &key->Y);
    gs_classic_tag_commitment_vt(&b.B5, &sig->sx, &sig->T4, &sig->c, &sig->T5);
    /* B6 = e(st T3 - (sd1 + sd2) Z - sx g1 - c Q, g2) e(c T3 - (sr1 + sr2) Z, R) */
    sum_vt(&left,
           (struct term[]){{&sig->T3, &sig->st, false},
                           {&key->Z, &sd, true},
                           {GS_G, &sig->sx, true},
                           {&key->Q, &sig->c, true}},
           4);
    gs_g1_commitment_vt(&right, &sig->c, &sig->T3, &sr, &key->Z);
    gs_classic_pairing_2(&b.B6, &left, GS_H, &right, &key->R);
    challenge(&c, message, len, sig, &b);
    if (memcmp(&c, &sig->c, sizeof c) != 0)
        return false;
    if (verified) {
        memcpy(verified->fingerprint, key->fingerprint, sizeof key->fingerprint);
        verified->T1 = sig->T1;
        verified->T2 = sig->T2;
        verified->T3 = sig->T3;
        verified->T4 = sig->T4;
        verified->T5 = sig->T5;
    }
    return true;
}

/* ---- text ----------------------------------------------------------------------------------------------- */

struct signature_bytes {
    uint8_t T1[MCL_G1], T2[MCL_G1], T3[MCL_G1], T4[MCL_G2], T5[MCL_GT], scalars[7][MCL_FR];
};
#define SIGNATURE_FIELDS 12

static void signature_fields(struct gs_classic_field fields[SIGNATURE_FIELDS],
                             struct signature_bytes *b)
{
    const struct gs_classic_field all[SIGNATURE_FIELDS] = {
        {"T1", MCL_G1, b->T1},          {"T2", MCL_G1, b->T2},
        {"T3", MCL_G1, b->T3},          {"T4", MCL_G2, b->T4},
        {"T5", MCL_GT, b->T5},          {"c", MCL_FR, b->scalars[0]},
        {"sr1", MCL_FR, b->scalars[1]}, {"sr2", MCL_FR, b->scalars[2]},
        {"sd1", MCL_FR, b->scalars[3]}, {"sd2", MCL_FR, b->scalars[4]},
        {"sx", MCL_FR, b->scalars[5]},  {"st", MCL_FR, b->scalars[6]}};
    memcpy(fields, all, sizeof all);
}

enum groupsig_status groupsig_classic_signature_parse(struct groupsig_classic_signature *signature,
                                                      const char *text, size_t len)
{
    struct groupsig_classic_signature s;
    struct signature_bytes bytes;
    struct gs_classic_field fields[SIGNATURE_FIELDS];
    blst_scalar *scalars[7] = {&s.c, &s.sr1, &s.sr2, &s.sd1, &s.sd2, &s.sx, &s.st};
    signature_fields(fields, &bytes);
    if (!gs_classic_text_parse(NULL, fields, SIGNATURE_FIELDS, text, len))
        return GROUPSIG_ERR_PARSE;
    for (size_t i = 0; i < 7; i++)
        if (!gs_mcl_fr_parse(scalars[i], bytes.scalars[i]))
            return GROUPSIG_ERR_PARSE;
    if (!gs_mcl_g1_parse(&s.T1, bytes.T1) || !gs_mcl_g1_parse(&s.T2, bytes.T2) ||
        !gs_mcl_g1_parse(&s.T3, bytes.T3) || !gs_mcl_g2_parse(&s.T4, bytes.T4) ||
        !gs_mcl_gt_parse(&s.T5, bytes.T5))
        return GROUPSIG_ERR_PARSE;
    *signature = s;
    return GROUPSIG_OK;
}

void groupsig_classic_signature_encode(const struct groupsig_classic_signature *signature,
                                       char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1])
{
    const struct groupsig_classic_signature *s = signature;
    const blst_scalar *scalars[7] = {&s->c, &s->sr1, &s->sr2, &s->sd1, &s->sd2, &s->sx, &s->st};
    struct signature_bytes bytes;
    struct gs_classic_field fields[SIGNATURE_FIELDS];
    signature_fields(fields, &bytes);
    gs_mcl_g1_encode(bytes.T1, &s->T1);
    gs_mcl_g1_encode(bytes.T2, &s->T2);
    gs_mcl_g1_encode(bytes.T3, &s->T3);
    gs_mcl_g2_encode(bytes.T4, &s->T4);
    gs_mcl_gt_encode(bytes.T5, &s->T5);
    for (size_t i = 0; i < 7; i++)
        gs_mcl_fr_encode(bytes.scalars[i], scalars[i]);
    gs_classic_text_encode(text, GROUPSIG_CLASSIC_SIGNATURE_TEXT, NULL, fields, SIGNATURE_FIELDS);
}
