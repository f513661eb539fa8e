/* See multiples.h. */
#include "groupsig/multiples.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

/* z^2, z = -0xd201000000010000; r = z^4 - z^2 + 1. */
static const u128 Z_SQUARED = (u128)0xac45a4010001a402 << 64 | 0x0000000100000000;

/* k = high * z^2 + low, both below 2^128, by schoolbook division. */
static void split_scalar(u128 *high, u128 *low, const blst_scalar *k)
{
    u128 quotient = 0, rest = 0;
    for (size_t bit = 256; bit-- > 0;) {
        bool carry = rest >> 127;
        rest = rest << 1 | (k->b[bit / 8] >> bit % 8 & 1);
        quotient <<= 1;
        if (carry || rest >= Z_SQUARED) {
            rest -= Z_SQUARED;
            quotient |= 1;
        }
    }
    *high = quotient;
    *low = rest;
}

/* Signed digits, odd or 0, least first. Both halves are below 2^127.5, so nothing overflows. */
static void recode_half(int8_t digits[GS_DIGITS], u128 k, unsigned width)
{
    const int modulus = 1 << width;
    memset(digits, 0, GS_DIGITS);
    for (size_t i = 0; k != 0; i++, k >>= 1) {
        if ((k & 1) == 0)
            continue;
        int digit = (int)((unsigned)k & (unsigned)(modulus - 1));
        if (digit >= modulus / 2)
            digit -= modulus;
        digits[i] = (int8_t)digit;
        k = digit > 0 ? k - (unsigned)digit : k + (unsigned)-digit;
    }
}

void gs_recode_vt(struct gs_recoded *out, const blst_scalar *k, unsigned width)
{
    u128 high, low;
    split_scalar(&high, &low, k);
    out->width = width;
    recode_half(out->half[0], low, width);
    recode_half(out->half[1], high, width);
}

/* 1, 3, 5... times the point, in Jacobian coordinates. */
static void odd_multiples(blst_p1 *out, size_t count, const blst_p1_affine *point)
{
    blst_p1 twice;
    blst_p1_from_affine(&out[0], point);
    blst_p1_double(&twice, &out[0]);
    for (size_t i = 1; i < count; i++)
        blst_p1_add_or_double(&out[i], &out[i - 1], &twice);
}

void gs_point_multiples_build_vt(struct gs_point_multiples *out,
                                 const blst_p1_affine *const *points, size_t count,
                                 const blst_fp *beta)
{
    blst_p1 multiples[GS_MAX_POINTS * GS_ODD_POINT];
    blst_p1_affine affine[GS_MAX_POINTS * GS_ODD_POINT];
    const blst_p1 *pointers[GS_MAX_POINTS * GS_ODD_POINT] = {NULL};
    if (count > GS_MAX_POINTS)
        abort();
    for (size_t i = 0; i < count; i++)
        odd_multiples(&multiples[i * GS_ODD_POINT], GS_ODD_POINT, points[i]);
    for (size_t i = 0; i < count * GS_ODD_POINT; i++)
        pointers[i] = &multiples[i];
    blst_p1s_to_affine(affine, pointers, count * GS_ODD_POINT);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < GS_ODD_POINT; j++) {
            out[i].odd[j] = affine[i * GS_ODD_POINT + j];
            blst_fp_mul(&out[i].beta_x[j], &out[i].odd[j].x, beta);
        }
}

void gs_fixed_multiples_build_vt(struct groupsig_multiples *out, const blst_p1_affine *point,
                                 const blst_fp *beta)
{
    blst_p1 multiples[GROUPSIG_MULTIPLES_ODD];
    const blst_p1 *pointers[GROUPSIG_MULTIPLES_ODD];
    odd_multiples(multiples, GROUPSIG_MULTIPLES_ODD, point);
    for (size_t i = 0; i < GROUPSIG_MULTIPLES_ODD; i++)
        pointers[i] = &multiples[i];
    blst_p1s_to_affine(out->odd, pointers, GROUPSIG_MULTIPLES_ODD);
    for (size_t i = 0; i < GROUPSIG_MULTIPLES_ODD; i++)
        blst_fp_mul(&out->beta_x[i], &out->odd[i].x, beta);
}

static void add_digit(blst_p1 *sum, const struct gs_multiple *term, size_t half, int digit)
{
    blst_p1_affine point = term->odd[(digit < 0 ? -digit : digit) / 2];
    if (half == 1)
        point.x = term->beta_x[(digit < 0 ? -digit : digit) / 2];
    /* z^2 (x, y) = (beta x, -y) */
    blst_fp_cneg(&point.y, &point.y, (digit < 0) ^ (half == 1) ^ term->negate);
    blst_p1_add_or_double_affine(sum, sum, &point);
}

void gs_multiples_sum_vt(blst_p1 *out, const struct gs_multiple *terms, size_t count)
{
    blst_p1 sum = {0};
    for (size_t i = GS_DIGITS; i-- > 0;) {
        if (!blst_p1_is_inf(&sum))
            blst_p1_double(&sum, &sum);
        for (size_t t = 0; t < count; t++)
            for (size_t half = 0; half < 2; half++) {
                int digit = terms[t].k->half[half][i];
                if (digit != 0)
                    add_digit(&sum, &terms[t], half, digit);
            }
    }
    *out = sum;
}
