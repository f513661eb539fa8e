/*
 * Attacks by members, alone and together: signatures that would open to, or trace to, somebody else
 * or nobody, signatures without a certificate, altered signatures of others. The challenge is
 * always computed anew over what is tried. Every test has a control: the right values are accepted.
 */
#include "forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f, other;

struct verdict {
    bool parses, challenge, pairing, valid;
};

/* Verification and its two halves; the halves are looked at also where the parser refuses O. */
static struct verdict judge(const struct forged_signature *choice)
{
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES];
    struct groupsig_signature parsed;
    struct verdict v = {0};
    forge_signature(bytes, &f.key, choice, f.msg32, &f.state);
    v.pairing = gs_pairing_equal(&choice->point[GS_A], f.key.R_lines, &choice->point[GS_ABAR]);
    v.parses = groupsig_signature_parse(&parsed, bytes, sizeof bytes) == GROUPSIG_OK;
    if (!v.parses)
        return v;
    v.challenge = gs_challenge_matches_vt(&f.key, &parsed, f.msg32);
    v.valid = groupsig_verify(&f.key, NULL, &parsed, f.msg32);
    assert_int_equal(v.valid, v.challenge && v.pairing);
    return v;
}

static struct forged_signature honest(size_t member, const blst_scalar *r)
{
    const struct groupsig_member_secret *secret = &f.members[member].secret;
    struct forged_signature out;
    forge_honest(&out, &f.key, &secret->A, &secret->t, &secret->x, r);
    return out;
}

static const blst_scalar *x_of(size_t member)
{
    return &f.members[member].secret.x;
}

/* -t A' + r Q + r x G */
static blst_p1_affine make_Abar(const blst_p1_affine *A, const blst_scalar *t, const blst_scalar *r,
                                const blst_scalar *x)
{
    const blst_p1_affine tA = forge_g1(A, t), xG = forge_g1(GS_G, x);
    blst_p1_affine sum = forge_g1_add(&GS_Q, &xG);
    sum = forge_g1(&sum, r);
    return forge_g1_sub(&sum, &tA);
}

/* xG + (1/r) X */
static blst_p1_affine make_E2(const blst_scalar *x, const blst_scalar *r)
{
    const blst_scalar s = forge_inverse(r);
    const blst_p1_affine xG = forge_g1(GS_G, x), sX = forge_g1(&f.key.X, &s);
    return forge_g1_add(&xG, &sX);
}

/* ---- somebody else's x ------------------------------------------------------------------------------ */

/* Two members share everything. Each of the certificate's equation, the ciphertext, the tag and the
 * witness may have the one's x or the other's: only all the same, and the certificate's, is valid.
 */
static void test_x_of_another_member(void **state)
{
    (void)state;
    size_t valid = 0, only_pairing_missing = 0;
    for (size_t m = 0; m < 2; m++)
        for (unsigned mix = 0; mix < 16; mix++) {
            const blst_scalar r = forge_scalar(&f.state);
            struct forged_signature s = honest(m, &r);
            const blst_scalar *x[4];
            for (size_t i = 0; i < 4; i++)
                x[i] = x_of(mix >> i & 1);
            s.point[GS_ABAR] = make_Abar(&s.point[GS_A], &s.t, &r, x[0]);
            s.point[GS_E2] = make_E2(x[1], &r);
            s.point[GS_T] = forge_g1(&s.point[GS_A], x[2]);
            s.u = forge_mul(&r, x[3]);
            const struct verdict v = judge(&s);
            const bool expected = mix == (m == 0 ? 0 : 15);
            if (v.valid != expected)
                fail_msg("certificate of %zu, mixture %u: %d", m, mix, v.valid);
            valid += v.valid;
            only_pairing_missing += v.challenge && !v.pairing;
        }
    assert_int_equal(valid, 2);
    assert_int_equal(only_pairing_missing, 2); /* all of the other's: the certificate is missing */
}

/* One r must be in A', in the certificate's equation, in E1, in E2 and in the witness. */
static void test_different_r(void **state)
{
    (void)state;
    size_t valid = 0;
    for (unsigned mix = 0; mix < 32; mix++) {
        const blst_scalar r[2] = {forge_scalar(&f.state), forge_scalar(&f.state)};
        const blst_scalar *in[5];
        for (size_t i = 0; i < 5; i++)
            in[i] = &r[mix >> i & 1];
        const blst_scalar s1 = forge_inverse(in[2]);
        struct forged_signature s = honest(0, in[0]);
        s.point[GS_ABAR] = make_Abar(&s.point[GS_A], &s.t, in[1], x_of(0));
        s.point[GS_E1] = forge_g1(&GS_U, &s1);
        s.point[GS_E2] = make_E2(x_of(0), in[3]);
        s.r = *in[4];
        s.u = forge_mul(in[4], x_of(0));
        const struct verdict v = judge(&s);
        if (v.valid != (mix == 0 || mix == 31))
            fail_msg("mixture %u: %d", mix, v.valid);
        valid += v.valid;
    }
    assert_int_equal(valid, 2);
}

/* ---- points without a witness ------------------------------------------------------------------------- */

static void test_points_of_any_kind(void **state)
{
    (void)state;
    static const char *const names[] = {"A'", "Abar", "E1", "E2", "T"};
    const blst_scalar r = forge_scalar(&f.state), r2 = forge_scalar(&f.state);
    const blst_scalar r3 = forge_scalar(&f.state), k = forge_scalar(&f.state), zero = {{0}};
    const struct forged_signature own = honest(0, &r), second = honest(0, &r2),
                                  theirs = honest(1, &r3);
    assert_true(judge(&own).valid); /* controls */
    assert_true(judge(&second).valid);
    assert_true(judge(&theirs).valid);
    for (size_t i = GS_A; i <= GS_T; i++) {
        const blst_p1_affine random = forge_g1(GS_G, &k);
        const blst_p1_affine tries[] = {random,
                                        *GS_G,
                                        GS_Q,
                                        GS_U,
                                        f.key.X,
                                        f.key.X_G,
                                        f.members[1].request.C,
                                        f.members[1].secret.A,
                                        second.point[i],
                                        theirs.point[i],
                                        own.point[(i + 1) % 5],
                                        forge_g1_add(&own.point[i], GS_G),
                                        forge_g1_add(&own.point[i], &own.point[i]),
                                        forge_g1(&own.point[i], &zero)};
        for (size_t j = 0; j < sizeof tries / sizeof tries[0]; j++) {
            struct forged_signature s = own;
            s.point[i] = tries[j];
            const struct verdict v = judge(&s);
            if (v.valid)
                fail_msg("accepted: %s, kind %zu", names[i], j);
            assert_int_equal(v.parses, !blst_p1_affine_is_inf(&tries[j]));
        }
        struct forged_signature s = own;
        blst_fp_cneg(&s.point[i].y, &s.point[i].y, true);
        assert_false(judge(&s).valid);
    }
    /* E1, E2 and T all at random: what opens to and traces to nobody. */
    struct forged_signature s = own;
    for (size_t i = GS_E1; i <= GS_T; i++) {
        const blst_scalar any = forge_scalar(&f.state);
        s.point[i] = forge_g1(GS_G, &any);
    }
    assert_false(judge(&s).valid);
    /* A witness of 0 fits no E1. */
    s = own;
    s.r = s.u = zero;
    assert_false(judge(&s).valid);
}

/* With x = 0 every equation holds, T is O and E2 an encryption of O: a signature that no token
 * traces. It takes the GM to make the certificate, and only the test for O refuses it. */
static void test_untraceable_with_x_0(void **state)
{
    (void)state;
    const blst_scalar zero = {{0}}, one = forge_number(1), r = forge_scalar(&f.state);
    const blst_scalar t = forge_scalar(&f.state), sum = forge_add(&f.gm.gamma, &t);
    const blst_scalar inverse = forge_inverse(&sum);
    const blst_p1_affine Q_and_G = forge_g1_add(&GS_Q, GS_G);
    const blst_p1_affine A0 = forge_g1(&GS_Q, &inverse), A1 = forge_g1(&Q_and_G, &inverse);
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES], O[GROUPSIG_COMMITMENT_BYTES] = {0xc0};
    struct forged_signature s;
    bool valid = false;
    forge_honest(&s, &f.key, &A0, &t, &zero, &r);
    assert_true(blst_p1_affine_is_inf(&s.point[GS_T]));
    const struct verdict v = judge(&s);
    assert_true(v.pairing);
    assert_false(v.parses);
    /* Nobody joins with it: C = O is no request, and no commitment of a membership. */
    gs_header_put(membership, GS_TYPE_MEMBERSHIP);
    blst_p1_affine_compress(membership + 2, &A0);
    gs_scalar_encode(membership + 50, &t);
    assert_int_equal(groupsig_membership_verify(&f.key, &valid, membership, sizeof membership, O),
                     GROUPSIG_ERR_PARSE);
    /* Control: x = 1. */
    forge_honest(&s, &f.key, &A1, &t, &one, &r);
    assert_true(judge(&s).valid);
}

/* ---- no certificate ------------------------------------------------------------------------------------- */

static void test_without_a_certificate(void **state)
{
    (void)state;
    const blst_scalar r = forge_scalar(&f.state), x = forge_scalar(&f.state);
    const blst_scalar t = forge_scalar(&f.state), k = forge_scalar(&f.state), one = forge_number(1);
    const struct groupsig_member_secret *m[2] = {&f.members[0].secret, &f.members[1].secret};
    const struct groupsig_member_secret *stranger = &other.members[0].secret;
    const blst_p1_affine random = forge_g1(GS_G, &k);
    const blst_p1_affine sum = forge_g1_add(&m[0]->A, &m[1]->A);
    const blst_scalar x_sum = forge_add(&m[0]->x, &m[1]->x), x_more = forge_add(&m[0]->x, &one);
    const blst_scalar t_more = forge_add(&m[0]->t, &one);
    const struct {
        const blst_p1_affine *A;
        const blst_scalar *t, *x;
        bool valid;
    } cases[] = {
        {&m[0]->A, &m[0]->t, &m[0]->x, true},
        {&m[1]->A, &m[1]->t, &m[1]->x, true},
        {&random, &t, &x, false},
        {&stranger->A, &stranger->t, &stranger->x, false}, /* of another group */
        {&m[0]->A, &m[0]->t, &x_more, false},
        {&m[0]->A, &t_more, &m[0]->x, false},
        {&m[0]->A, &m[1]->t, &m[0]->x, false},
        {&m[0]->A, &m[0]->t, &m[1]->x, false},
        {&sum, &m[0]->t, &x_sum, false},
        {&sum, &m[1]->t, &m[1]->x, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forged_signature s;
        forge_honest(&s, &f.key, cases[i].A, cases[i].t, cases[i].x, &r);
        const struct verdict v = judge(&s);
        assert_true(v.challenge); /* the proof is right; what it proves is no certificate */
        if (v.valid != cases[i].valid)
            fail_msg("case %zu: %d", i, v.valid);
    }
    /* The pairing can be had without gamma, as gamma A1 = Q + C1 - t1 A1 and sums of such; but then
     * no one t fits. */
    const blst_scalar weights[] = {forge_number(1), forge_scalar(&f.state)};
    for (size_t w = 0; w < 2; w++) {
        const blst_scalar a = weights[w], b = forge_sub(&one, &a);
        const blst_scalar ar = forge_mul(&a, &r), br = forge_mul(&b, &r);
        const blst_p1_affine A1 = forge_g1(&m[0]->A, &ar), A2 = forge_g1(&m[1]->A, &br);
        const blst_p1_affine first = make_Abar(&A1, &m[0]->t, &ar, &m[0]->x);
        const blst_p1_affine second = make_Abar(&A2, &m[1]->t, &br, &m[1]->x);
        const blst_scalar ax = forge_mul(&a, &m[0]->x), bx = forge_mul(&b, &m[1]->x);
        const blst_scalar at = forge_mul(&a, &m[0]->t), bt = forge_mul(&b, &m[1]->t);
        const blst_scalar mixed_x = forge_add(&ax, &bx), mixed_t = forge_add(&at, &bt);
        const blst_scalar *ts[] = {&m[0]->t, &m[1]->t, &mixed_t};
        const blst_p1_affine A = forge_g1_add(&A1, &A2);
        for (size_t i = 0; i < 3; i++) {
            struct forged_signature s = honest(0, &r);
            s.point[GS_A] = A;
            s.point[GS_ABAR] = forge_g1_add(&first, &second);
            s.point[GS_E2] = make_E2(&mixed_x, &r);
            s.point[GS_T] = forge_g1(&A, &mixed_x);
            s.t = *ts[i];
            s.u = forge_mul(&r, &mixed_x);
            const struct verdict v = judge(&s);
            assert_true(v.pairing);
            assert_int_equal(v.valid, w == 0 && i != 1); /* control: a = 1, with its own t */
        }
    }
}

/* ---- a valid signature, altered ---------------------------------------------------------------------------- */

/* Verification of bytes with other points: with the old challenge, and with the challenge over what
 * the old answers make of the new points. */
static bool altered_is_valid(const uint8_t bytes[GROUPSIG_SIGNATURE_BYTES],
                             const blst_p1_affine points[5], const uint8_t msg32[32])
{
    uint8_t altered[GROUPSIG_SIGNATURE_BYTES];
    struct groupsig_signature parsed;
    memcpy(altered, bytes, sizeof altered);
    for (size_t i = GS_A; i <= GS_T; i++)
        blst_p1_affine_compress(altered + SIG_POINTS + 48 * i, &points[i]);
    assert_int_equal(groupsig_signature_parse(&parsed, altered, sizeof altered), GROUPSIG_OK);
    if (groupsig_verify(&f.key, NULL, &parsed, msg32))
        return true;
    blst_p1_affine all[GS_SIGN_POINTS], terms[3];
    memcpy(all, points, 5 * sizeof all[0]);
    gs_g1_commitment_vt(&terms[0], &parsed.zr, &GS_Q, &parsed.zt, &parsed.A);
    gs_g1_commitment_vt(&terms[1], &parsed.zu, GS_G, &parsed.c, &parsed.Abar);
    all[GS_K1] = forge_g1_add(&terms[0], &terms[1]);
    gs_g1_commitment_vt(&all[GS_K2], &parsed.zr, &parsed.E1, &parsed.c, &GS_U);
    gs_g1_commitment_vt(&terms[0], &parsed.zr, &parsed.E2, &parsed.zu, GS_G);
    terms[1] = forge_g1(&f.key.X, &parsed.c);
    all[GS_K3] = forge_g1_sub(&terms[0], &terms[1]);
    gs_g1_commitment_vt(&all[GS_K4], &parsed.zr, &parsed.T, &parsed.zu, &parsed.A);
    blst_scalar c;
    gs_sign_challenge(&c, altered + SIG_C, &f.key, msg32, all);
    assert_int_equal(groupsig_signature_parse(&parsed, altered, sizeof altered), GROUPSIG_OK);
    return groupsig_verify(&f.key, NULL, &parsed, msg32);
}

static void test_a_valid_signature_altered(void **state)
{
    (void)state;
    struct groupsig_signature s;
    const blst_scalar d = forge_scalar(&f.state);
    const blst_p1_affine dU = forge_g1(&GS_U, &d), dX = forge_g1(&f.key.X, &d);
    uint8_t msg32[32] = {1};
    assert_int_equal(groupsig_signature_parse(&s, f.signature_bytes, sizeof f.signature_bytes),
                     GROUPSIG_OK);
    const blst_p1_affine own[5] = {s.A, s.Abar, s.E1, s.E2, s.T};
    blst_p1_affine p[5];
    assert_true(altered_is_valid(f.signature_bytes, own, f.msg32)); /* control */
    assert_false(altered_is_valid(f.signature_bytes, own, msg32));
    /* the ciphertext with other randomness */
    memcpy(p, own, sizeof p);
    p[GS_E1] = forge_g1_add(&own[GS_E1], &dU);
    p[GS_E2] = forge_g1_add(&own[GS_E2], &dX);
    assert_false(altered_is_valid(f.signature_bytes, p, f.msg32));
    /* the ciphertext of another C: the difference of two members' added */
    memcpy(p, own, sizeof p);
    p[GS_E2] = forge_g1_add(&own[GS_E2], &f.members[1].request.C);
    p[GS_E2] = forge_g1_sub(&p[GS_E2], &f.members[0].request.C);
    assert_false(altered_is_valid(f.signature_bytes, p, f.msg32));
    /* certificate and tag with other randomness: the pairing and the tag still hold */
    memcpy(p, own, sizeof p);
    p[GS_A] = forge_g1(&own[GS_A], &d);
    p[GS_ABAR] = forge_g1(&own[GS_ABAR], &d);
    p[GS_T] = forge_g1(&own[GS_T], &d);
    assert_true(gs_pairing_equal(&p[GS_A], f.key.R_lines, &p[GS_ABAR]));
    assert_false(altered_is_valid(f.signature_bytes, p, f.msg32));
    /* all signs changed; the tag alone */
    for (size_t i = GS_A; i <= GS_T; i++)
        blst_fp_cneg(&p[i].y, &own[i].y, true), p[i].x = own[i].x;
    assert_false(altered_is_valid(f.signature_bytes, p, f.msg32));
    memcpy(p, own, sizeof p);
    p[GS_T] = forge_g1(&own[GS_A], x_of(1));
    assert_false(altered_is_valid(f.signature_bytes, p, f.msg32));
}

/* ---- nothing follows from a signature that does not verify ---------------------------------------------------- */

/* Opening, tracing, claiming and linking take a groupsig_verified, which only verification writes:
 * here it does not, neither alone nor in a batch; and one that was never written is refused. */
static void test_nothing_without_a_verdict(void **state)
{
    (void)state;
    const blst_scalar r = forge_scalar(&f.state);
    const uint8_t ctx32[32] = {9};
    struct groupsig_verified verified, untouched, zero;
    struct groupsig_signature parsed;
    uint8_t bytes[2][GROUPSIG_SIGNATURE_BYTES], out[GROUPSIG_REVEAL_SHARE_BYTES];
    uint8_t claim[GROUPSIG_CLAIM_BYTES];
    bool valid = false;
    struct forged_signature s = honest(0, &r);
    forge_signature(bytes[0], &f.key, &s, f.msg32, &f.state);
    s.point[GS_E2] = make_E2(x_of(1), &r); /* its tag and certificate are the member's own */
    forge_signature(bytes[1], &f.key, &s, f.msg32, &f.state);
    memset(&untouched, 0x5a, sizeof untouched);
    memset(&zero, 0, sizeof zero);

    memcpy(&verified, &untouched, sizeof verified);
    assert_int_equal(groupsig_signature_parse(&parsed, bytes[1], sizeof bytes[1]), GROUPSIG_OK);
    assert_false(groupsig_verify(&f.key, &verified, &parsed, f.msg32));
    assert_memory_equal(&verified, &untouched, sizeof verified);
    struct groupsig_verified of_batch[2] = {untouched, untouched};
    struct groupsig_batch_item items[2] = {
        {.bytes = bytes[0], .len = sizeof bytes[0], .msg32 = f.msg32, .verified = &of_batch[0]},
        {.bytes = bytes[1], .len = sizeof bytes[1], .msg32 = f.msg32, .verified = &of_batch[1]},
    };
    assert_int_equal(groupsig_verify_batch(&f.key, items, 2, 1, &f.rng), GROUPSIG_OK);
    assert_true(items[0].valid);
    assert_false(items[1].valid);
    assert_memory_equal(&of_batch[1], &untouched, sizeof untouched);

    /* Control: the valid one. A claim on it is none on another. */
    assert_int_equal(
        groupsig_claim_make(&f.key, claim, &f.members[0].secret, &of_batch[0], ctx32, &f.rng),
        GROUPSIG_OK);
    assert_int_equal(
        groupsig_claim_verify(&f.key, &valid, claim, sizeof claim, &of_batch[0], ctx32),
        GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(
        groupsig_claim_verify(&f.key, &valid, claim, sizeof claim, &f.signature, ctx32),
        GROUPSIG_OK);
    assert_false(valid);
    /* A caller who goes on regardless. */
    const struct groupsig_verified *never[] = {&verified, &zero};
    for (size_t i = 0; i < 2; i++) {
        const struct groupsig_verified two[2] = {*never[i], of_batch[0]};
        assert_int_equal(
            groupsig_claim_make(&f.key, out, &f.members[0].secret, never[i], ctx32, &f.rng),
            GROUPSIG_ERR_MISMATCH);
        assert_int_equal(
            groupsig_claim_verify(&f.key, &valid, claim, sizeof claim, never[i], ctx32),
            GROUPSIG_ERR_MISMATCH);
        assert_int_equal(
            groupsig_link_make(&f.key, out, &f.members[0].secret, two, 2, ctx32, &f.rng),
            GROUPSIG_ERR_MISMATCH);
        assert_int_equal(groupsig_opening_share_by_gm(&f.key, out, &f.gm, never[i], &f.rng),
                         GROUPSIG_ERR_MISMATCH);
        assert_int_equal(groupsig_opening_share_by_rm(&f.key, out, &f.rm, never[i], &f.rng),
                         GROUPSIG_ERR_MISMATCH);
    }
}

static int make_groups(void **state)
{
    (void)state;
    return !fixture_make(&f) || !fixture_make(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x_of_another_member),
        cmocka_unit_test(test_different_r),
        cmocka_unit_test(test_points_of_any_kind),
        cmocka_unit_test(test_untraceable_with_x_0),
        cmocka_unit_test(test_without_a_certificate),
        cmocka_unit_test(test_a_valid_signature_altered),
        cmocka_unit_test(test_nothing_without_a_verdict),
    };
    return cmocka_run_group_tests(tests, make_groups, NULL);
}
