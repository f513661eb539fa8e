/* Combs, wNAF sums, pairings over lines: each against blst's own plain function. */
#include "fixture.h"
#include "groupsig/comb.h"
#include "groupsig/internal.h"
#include "groupsig/multiples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture_rng rng;

static void random_scalar(blst_scalar *out)
{
    uint8_t ikm[32];
    fixture_fill(&rng, ikm, sizeof ikm);
    blst_keygen(out, ikm, sizeof ikm, NULL, 0);
}

static void random_point(blst_p1_affine *out)
{
    blst_scalar k;
    blst_p1 point;
    random_scalar(&k);
    blst_sk_to_pk_in_g1(&point, &k);
    blst_p1_to_affine(out, &point);
}

#define SCALARS 900
static blst_scalar scalars[SCALARS];

/* 0..40, r-1..r-40, 2^i, 2^i - 1, r - 2^i, digits all alike, random ones. */
static void fill_scalars(void)
{
    size_t n = 0;
    blst_scalar one = {{1}}, zero = {{0}};
    for (; n <= 40; n++)
        scalars[n].b[0] = (uint8_t)n;
    for (uint8_t i = 1; i <= 40; i++)
        blst_sk_sub_n_check(&scalars[n++], &zero, &(blst_scalar){{i}});
    for (size_t bit = 0; bit < 255; bit++) {
        blst_scalar power = {{0}};
        power.b[bit / 8] = (uint8_t)(1 << bit % 8);
        if (!blst_scalar_fr_check(&power))
            continue;
        scalars[n++] = power;
        blst_sk_sub_n_check(&scalars[n++], &power, &one);
        blst_sk_sub_n_check(&scalars[n++], &zero, &power);
    }
    for (size_t digit = 1; digit < 32; digit++) {
        for (size_t bit = 0; bit < 250; bit++)
            if (digit >> bit % 5 & 1)
                scalars[n].b[bit / 8] |= (uint8_t)(1 << bit % 8);
        n++;
    }
    while (n < SCALARS)
        random_scalar(&scalars[n++]);
}

static void plain_mul(blst_p1 *out, const blst_p1_affine *point, const blst_scalar *k)
{
    blst_p1 base;
    blst_p1_from_affine(&base, point);
    blst_p1_mult(out, &base, k->b, 255);
}

static void test_comb(void **state)
{
    (void)state;
    struct groupsig_comb comb;
    blst_p1_affine point;
    random_point(&point);
    gs_comb_build(&comb, &point);
    for (size_t i = 0; i < SCALARS; i++) {
        blst_p1 got, expected;
        gs_comb_mul(&got, &comb, &scalars[i]);
        plain_mul(&expected, &point, &scalars[i]);
        if (!blst_p1_is_equal(&got, &expected))
            fail_msg("scalar %zu", i);
        blst_p1_affine affine, expected_affine;
        gs_g1_mul_comb_ct(&affine, &comb, &scalars[i]);
        blst_p1_to_affine(&expected_affine, &expected);
        assert_true(blst_p1_affine_is_equal(&affine, &expected_affine));
    }
}

static void test_constants(void **state)
{
    (void)state;
    const struct {
        const blst_p1_affine *point;
        const struct groupsig_comb *comb;
        const struct groupsig_multiples *multiples;
    } bases[] = {{GS_G, &GS_G_COMB, &GS_G_MULTIPLES},
                 {&GS_Q, &GS_Q_COMB, &GS_Q_MULTIPLES},
                 {&GS_U, &GS_U_COMB, &GS_U_MULTIPLES}};
    static struct groupsig_comb comb;
    static struct groupsig_multiples multiples;
    static blst_fp6 lines[68];
    for (size_t i = 0; i < 3; i++) {
        gs_comb_build(&comb, bases[i].point);
        assert_memory_equal(&comb, bases[i].comb, sizeof comb);
        gs_fixed_multiples_build_vt(&multiples, bases[i].point, &GS_BETA);
        assert_memory_equal(&multiples, bases[i].multiples, sizeof multiples);
    }
    blst_precompute_lines(lines, GS_H);
    assert_memory_equal(lines, GS_H_LINES, sizeof lines);
}

static void test_multiples(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCALARS; i++) {
        blst_p1_affine points[5];
        const blst_p1_affine *pointers[5];
        struct gs_point_multiples tables[5];
        static struct groupsig_multiples fixed;
        struct gs_recoded recoded[6];
        struct gs_multiple terms[6];
        blst_p1 got, expected = {0}, product;
        for (size_t j = 0; j < 5; j++) {
            random_point(&points[j]);
            pointers[j] = &points[j];
        }
        gs_point_multiples_build_vt(tables, pointers, 5, &GS_BETA);
        gs_fixed_multiples_build_vt(&fixed, &points[0], &GS_BETA);
        size_t count = i % 7;
        for (size_t j = 0; j < count; j++) {
            const blst_scalar *k = &scalars[(i + j * j * 131) % SCALARS];
            bool negate = (i + j) % 3 == 0;
            gs_recode_vt(&recoded[j], k, j < 5 ? GS_WIDTH_POINT : GS_WIDTH_FIXED);
            terms[j] = (struct gs_multiple){j < 5 ? tables[j].odd : fixed.odd,
                                            j < 5 ? tables[j].beta_x : fixed.beta_x, &recoded[j],
                                            negate};
            plain_mul(&product, &points[j % 5], k);
            blst_p1_cneg(&product, negate);
            blst_p1_add_or_double(&expected, &expected, &product);
        }
        gs_multiples_sum_vt(&got, terms, count);
        if (!blst_p1_is_equal(&got, &expected))
            fail_msg("sum %zu", i);
    }
}

/* Points that are equal or opposite: additions that double or cancel. */
static void test_multiples_of_related_points(void **state)
{
    (void)state;
    blst_p1_affine point, minus;
    blst_p1 got, expected;
    random_point(&point);
    minus = point;
    blst_fp_cneg(&minus.y, &minus.y, true);
    for (size_t i = 0; i < SCALARS; i++) {
        struct gs_point_multiples tables[3];
        struct gs_recoded k;
        gs_point_multiples_build_vt(tables, (const blst_p1_affine *[]){&point, &point, &minus}, 3,
                                    &GS_BETA);
        gs_recode_vt(&k, &scalars[i], GS_WIDTH_POINT);
        const struct gs_multiple same[] = {{tables[0].odd, tables[0].beta_x, &k, false},
                                           {tables[1].odd, tables[1].beta_x, &k, false}};
        const struct gs_multiple opposite[] = {{tables[0].odd, tables[0].beta_x, &k, false},
                                               {tables[2].odd, tables[2].beta_x, &k, false}};
        gs_multiples_sum_vt(&got, same, 2);
        plain_mul(&expected, &point, &scalars[i]);
        blst_p1_double(&expected, &expected);
        assert_true(blst_p1_is_equal(&got, &expected));
        gs_multiples_sum_vt(&got, opposite, 2);
        assert_true(blst_p1_is_inf(&got));
    }
}

static void test_commitments(void **state)
{
    (void)state;
    for (size_t i = 0; i < 50; i++) {
        const blst_scalar *z = &scalars[i * 17], *c = &scalars[SCALARS - 1 - i];
        blst_p1_affine base, point, got, expected;
        blst_p1 a, b;
        random_point(&base);
        random_point(&point);
        gs_g1_commitment_vt(&got, z, &base, c, &point);
        plain_mul(&a, &base, z);
        plain_mul(&b, &point, c);
        blst_p1_cneg(&b, true);
        blst_p1_add_or_double(&a, &a, &b);
        blst_p1_to_affine(&expected, &a);
        assert_true(blst_p1_affine_is_equal(&got, &expected));
    }
}

static void test_normalise(void **state)
{
    (void)state;
    blst_p1 points[16];
    blst_p1_affine affine[16], expected;
    for (unsigned infinite = 0; infinite < 0x10000; infinite += 257) {
        for (size_t i = 0; i < 16; i++) {
            plain_mul(&points[i], GS_G, &scalars[100 + i]);
            blst_p1_double(&points[i], &points[i]);
            if (infinite >> i & 1)
                points[i] = (blst_p1){0};
        }
        gs_g1_normalise(affine, points, 16);
        for (size_t i = 0; i < 16; i++) {
            blst_p1_to_affine(&expected, &points[i]);
            assert_true(blst_p1_affine_is_equal(&affine[i], &expected));
            assert_int_equal(blst_p1_affine_is_inf(&affine[i]), infinite >> i & 1);
        }
    }
}

/* e(aG, bH) = e(abG, H), and not for another product; O on either side. */
static void test_pairing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        blst_scalar a, b, ab;
        blst_p1_affine aG, abG, O = {0};
        blst_p2_affine bH;
        blst_fp6 lines[68];
        random_scalar(&a);
        random_scalar(&b);
        assert_true(blst_sk_mul_n_check(&ab, &a, &b));
        gs_g1_mul_ct(&aG, GS_G, &a);
        gs_g1_mul_ct(&abG, GS_G, &ab);
        gs_g2_mul_ct(&bH, GS_H, &b);
        blst_precompute_lines(lines, &bH);
        assert_true(gs_pairing_equal(&aG, lines, &abG));
        assert_false(gs_pairing_equal(&abG, lines, &aG));
        assert_false(gs_pairing_equal(&O, lines, &abG));
        assert_false(gs_pairing_equal(&aG, lines, &O));
        assert_true(gs_pairing_equal(&O, lines, &O));
        /* e(C, H) = e(G, token) */
        blst_p1_affine bG;
        gs_g1_mul_ct(&bG, GS_G, &b);
        assert_true(gs_token_matches(&bH, &bG));
        assert_false(gs_token_matches(&bH, &aG));
        assert_false(gs_token_matches(&(blst_p2_affine){0}, &bG));
    }
}

static int prepare(void **state)
{
    (void)state;
    fixture_seed(&rng);
    fill_scalars();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comb),        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_multiples),   cmocka_unit_test(test_multiples_of_related_points),
        cmocka_unit_test(test_commitments), cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_pairing),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
