/*
 * CPY06-classic: O, points of small order and others outside the groups in every position of every
 * object, elements of the field that are not in GT in the place of T5, and nothing to be had from a
 * signature that does not verify. Every position has a control: its own element is taken.
 */
#include "fixture.h"
#include "groupsig/classic.h"
#include "groupsig/classic_internal.h"
#include "off_group.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture_rng rng_state;
static const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &rng_state};
static struct groupsig_classic_group_key key;
static struct groupsig_classic_member_key member;
static struct groupsig_classic_signature signature;
static struct groupsig_classic_verified verified;
static const uint8_t MESSAGE[] = {'m'};

static blst_p1_affine off1[OFF_GROUP_G1];
static blst_p2_affine off2[OFF_GROUP_G2];

/* ---- what is tried in a position ----------------------------------------------------------------- */

enum { TRIES_G1 = 1 + 2 * OFF_GROUP_G1, TRIES_G2 = 1 + 2 * OFF_GROUP_G2 };

/* O, the points outside, and those added to the right one. */
static blst_p1_affine try_g1(const blst_p1_affine *right, size_t i)
{
    blst_p1_affine out = {0};
    if (i > OFF_GROUP_G1)
        gs_g1_add(&out, right, &off1[i - 1 - OFF_GROUP_G1]);
    else if (i > 0)
        out = off1[i - 1];
    return out;
}

static blst_p2_affine try_g2(const blst_p2_affine *right, size_t i)
{
    blst_p2_affine out = {0};
    if (i > OFF_GROUP_G2)
        gs_g2_add(&out, right, &off2[i - 1 - OFF_GROUP_G2]);
    else if (i > 0)
        out = off2[i - 1];
    return out;
}

/* ---- signatures ------------------------------------------------------------------------------------- */

static enum groupsig_status parse_again(const struct groupsig_classic_signature *changed)
{
    static char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    struct groupsig_classic_signature parsed;
    groupsig_classic_signature_encode(changed, text);
    return groupsig_classic_signature_parse(&parsed, text, sizeof text - 1);
}

static void test_points_of_a_signature(void **state)
{
    (void)state;
    struct groupsig_classic_signature s = signature;
    blst_p1_affine *g1[] = {&s.T1, &s.T2, &s.T3};
    for (size_t i = 0; i < 3; i++) {
        const blst_p1_affine right = *g1[i];
        for (size_t j = 0; j < TRIES_G1; j++) {
            *g1[i] = try_g1(&right, j);
            if (parse_again(&s) != GROUPSIG_ERR_PARSE)
                fail_msg("T%zu, kind %zu", i + 1, j);
        }
        *g1[i] = right;
        assert_int_equal(parse_again(&s), GROUPSIG_OK); /* control */
    }
    for (size_t j = 0; j < TRIES_G2; j++) {
        s.T4 = try_g2(&signature.T4, j);
        if (parse_again(&s) != GROUPSIG_ERR_PARSE)
            fail_msg("T4, kind %zu", j);
    }
    s.T4 = signature.T4;
    assert_int_equal(parse_again(&s), GROUPSIG_OK);
}

/* T5 = 0 evades tracing and T5 = 1 goes with T4 = O; the group of order r is a small part of the
 * field, also of the part where pairings lie (the cyclotomic subgroup). */
static void test_T5_outside_the_group(void **state)
{
    (void)state;
    const blst_fp12 zero = {0};
    blst_fp12 minus_one = *blst_fp12_one(), any, cyclotomic, power;
    struct groupsig_classic_signature s = signature;
    for (size_t i = 0; i < 2; i++)
        blst_fp_cneg(&minus_one.fp6[0].fp2[0].fp[i], &minus_one.fp6[0].fp2[0].fp[i], true);
    blst_miller_loop(&any, GS_H, GS_G); /* without the final exponentiation */
    /* The easy part alone, ^(p^6 - 1)(p^2 + 1). */
    blst_fp12_inverse(&power, &any);
    cyclotomic = any;
    blst_fp12_conjugate(&cyclotomic);
    blst_fp12_mul(&cyclotomic, &cyclotomic, &power);
    blst_fp12_frobenius_map(&power, &cyclotomic, 2);
    blst_fp12_mul(&cyclotomic, &cyclotomic, &power);
    blst_fp12 shifted;
    blst_fp12_mul(&shifted, &signature.T5, &cyclotomic);
    const blst_fp12 *tries[] = {&zero, blst_fp12_one(), &minus_one, &any, &cyclotomic, &shifted};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        s.T5 = *tries[i];
        if (parse_again(&s) != GROUPSIG_ERR_PARSE)
            fail_msg("T5, kind %zu", i);
    }
    /* Control: an element of the group parses, but the signature does not verify. */
    blst_final_exp(&s.T5, &any);
    assert_int_equal(parse_again(&s), GROUPSIG_OK);
    assert_false(groupsig_classic_verify(&key, NULL, &s, MESSAGE, sizeof MESSAGE));
}

/* ---- keys and tokens ---------------------------------------------------------------------------------- */

static enum groupsig_status parse_key_again(const struct groupsig_classic_group_key *changed)
{
    static char text[GROUPSIG_CLASSIC_GROUP_KEY_TEXT + 1];
    static struct groupsig_classic_group_key parsed;
    groupsig_classic_group_key_encode(changed, text);
    return groupsig_classic_group_key_parse(&parsed, text, sizeof text - 1);
}

static void test_points_of_a_group_key(void **state)
{
    (void)state;
    static struct groupsig_classic_group_key k;
    k = key;
    blst_p1_affine *g1[] = {&k.Q, &k.X, &k.Y, &k.Z};
    blst_p2_affine *g2[] = {&k.R, &k.W};
    for (size_t i = 0; i < 4; i++) {
        const blst_p1_affine right = *g1[i];
        for (size_t j = 0; j < TRIES_G1; j++) {
            *g1[i] = try_g1(&right, j);
            if (parse_key_again(&k) != GROUPSIG_ERR_PARSE)
                fail_msg("point %zu of G1, kind %zu", i, j);
        }
        *g1[i] = right;
    }
    for (size_t i = 0; i < 2; i++) {
        const blst_p2_affine right = *g2[i];
        for (size_t j = 0; j < TRIES_G2; j++) {
            *g2[i] = try_g2(&right, j);
            if (parse_key_again(&k) != GROUPSIG_ERR_PARSE)
                fail_msg("point %zu of G2, kind %zu", i, j);
        }
        *g2[i] = right;
    }
    assert_int_equal(parse_key_again(&k), GROUPSIG_OK); /* control */
}

static enum groupsig_status parse_member_again(const struct groupsig_classic_member_key *changed)
{
    char text[GROUPSIG_CLASSIC_MEMBER_KEY_TEXT + 1];
    struct groupsig_classic_member_key parsed;
    groupsig_classic_member_key_encode(changed, text);
    return groupsig_classic_member_key_parse(&key, &parsed, text, sizeof text - 1);
}

static void test_points_of_a_member_key(void **state)
{
    (void)state;
    struct groupsig_classic_member_key m = member;
    for (size_t j = 0; j < TRIES_G1; j++) {
        m.A = try_g1(&member.A, j);
        if (parse_member_again(&m) != GROUPSIG_ERR_PARSE)
            fail_msg("A, kind %zu", j);
    }
    m.A = key.Q; /* a point of the group, but no certificate */
    assert_int_equal(parse_member_again(&m), GROUPSIG_ERR_INVALID);
    assert_int_equal(parse_member_again(&member), GROUPSIG_OK); /* control */
}

static void test_tokens(void **state)
{
    (void)state;
    uint8_t token[GROUPSIG_CLASSIC_G1_BYTES], bytes[GROUPSIG_CLASSIC_G1_BYTES];
    blst_p1_affine right;
    bool traced = false;
    groupsig_classic_member_token(&member, token);
    assert_true(gs_mcl_g1_parse(&right, token));
    for (size_t j = 0; j < TRIES_G1; j++) {
        const blst_p1_affine point = try_g1(&right, j);
        gs_mcl_g1_encode(bytes, &point);
        if (groupsig_classic_trace(&traced, &verified, bytes) != GROUPSIG_ERR_PARSE)
            fail_msg("token, kind %zu", j);
        assert_false(traced);
    }
    assert_int_equal(groupsig_classic_trace(&traced, &verified, token), GROUPSIG_OK);
    assert_true(traced); /* control */
}

/* ---- no verdict ------------------------------------------------------------------------------------------ */

static void test_nothing_without_a_verdict(void **state)
{
    (void)state;
    struct groupsig_classic_verified out, untouched;
    struct groupsig_classic_signature s = signature;
    memset(&untouched, 0x5a, sizeof untouched);
    memcpy(&out, &untouched, sizeof out);
    s.sx.b[0] ^= 1;
    assert_false(groupsig_classic_verify(&key, &out, &s, MESSAGE, sizeof MESSAGE));
    assert_false(groupsig_classic_verify(&key, &out, &signature, NULL, 0));
    assert_memory_equal(&out, &untouched, sizeof out);
    assert_true(groupsig_classic_verify(&key, &out, &signature, MESSAGE, sizeof MESSAGE));
}

static json_object *vectors;

static int load(void **state)
{
    (void)state;
    size_t len;
    json_object *group = json_object_array_get_idx(vectors_get(vectors, "groups"), 0);
    const char *text = vectors_get_text(group, "group_key_b64", &len);
    if (groupsig_classic_group_key_parse(&key, text, len) != GROUPSIG_OK)
        return 1;
    text = vectors_get_text(json_object_array_get_idx(vectors_get(group, "members"), 0),
                            "member_key_b64", &len);
    return groupsig_classic_member_key_parse(&key, &member, text, len) != GROUPSIG_OK ||
           groupsig_classic_sign(&key, &signature, &member, MESSAGE, sizeof MESSAGE, &rng) !=
               GROUPSIG_OK ||
           !groupsig_classic_verify(&key, &verified, &signature, MESSAGE, sizeof MESSAGE) ||
           !off_group_g1(off1) || !off_group_g2(off2);
}

int main(int argc, char **argv)
{
    vectors = vectors_load(argc, argv, "pygroupsig-cpy06.json");
    if (!vectors)
        return 2;
    fixture_seed(&rng_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_of_a_signature),
        cmocka_unit_test(test_T5_outside_the_group),
        cmocka_unit_test(test_points_of_a_group_key),
        cmocka_unit_test(test_points_of_a_member_key),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_nothing_without_a_verdict),
    };
    int failed = cmocka_run_group_tests(tests, load, NULL);
    json_object_put(vectors);
    return failed;
}
