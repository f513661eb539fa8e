/* See comb.h. */
#include "groupsig/comb.h"

#include <string.h>

enum { DIGIT_BITS = 5, ROW_STEP = DIGIT_BITS * GROUPSIG_COMB_PASSES };
_Static_assert(GROUPSIG_COMB_ENTRIES == 1 << (DIGIT_BITS - 1), "digits are -16..16");
_Static_assert(ROW_STEP *GROUPSIG_COMB_ROWS >= 256, "the rows cover a scalar and its carry");
/* The scan reads a point as words. */
_Static_assert(sizeof(blst_p1_affine) == 12 * sizeof(uint64_t), "an affine point is twelve words");

void gs_comb_build(struct groupsig_comb *comb, const blst_p1_affine *point)
{
    blst_p1 base, multiples[GROUPSIG_COMB_ENTRIES];
    const blst_p1 *pointers[GROUPSIG_COMB_ENTRIES];
    blst_p1_from_affine(&base, point);
    for (size_t i = 0; i < GROUPSIG_COMB_ENTRIES; i++)
        pointers[i] = &multiples[i];
    for (size_t row = 0; row < GROUPSIG_COMB_ROWS; row++) {
        multiples[0] = base;
        for (size_t i = 1; i < GROUPSIG_COMB_ENTRIES; i++)
            blst_p1_add_or_double(&multiples[i], &multiples[i - 1], &base);
        /* Multiples of a point of prime order by less than that order: none is O. */
        blst_p1s_to_affine(comb->row[row], pointers, GROUPSIG_COMB_ENTRIES);
        for (size_t i = 0; i < ROW_STEP; i++)
            blst_p1_double(&base, &base);
    }
    explicit_bzero(&base, sizeof base);
    explicit_bzero(multiples, sizeof multiples);
}

/* Keeps the compiler from seeing that a mask is all ones or all zeros and branching on it. */
static inline uint64_t opaque(uint64_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

/* out = digit * (the row's base), where window is six bits: the digit's five and the one below. */
static void select_entry(blst_p1_affine *out, const blst_p1_affine row[GROUPSIG_COMB_ENTRIES],
                         uint64_t window)
{
    uint64_t words[12] = {0};
    uint64_t negative = window >> DIGIT_BITS;
    uint64_t sign_mask = opaque(0 - negative);
    uint64_t value = (window + 1) >> 1;
    uint64_t index = ((value ^ sign_mask) - sign_mask) & 31; /* |digit|, 0..16 */
    for (uint64_t i = 0; i < GROUPSIG_COMB_ENTRIES; i++) {
        uint64_t entry[12], differs = index ^ (i + 1);
        uint64_t mask = opaque(0 - ((differs - 1) >> 63));
        memcpy(entry, &row[i], sizeof entry);
        for (size_t w = 0; w < 12; w++)
            words[w] |= entry[w] & mask;
    }
    memcpy(out, words, sizeof words);
    blst_fp_cneg(&out->y, &out->y, negative); /* of 0, for O, is 0 */
}

void gs_comb_mul(blst_p1 *out, const struct groupsig_comb *comb, const blst_scalar *k)
{
    uint8_t shifted[34] = {0}; /* 2 k, so that a window starts at the bit below its digit */
    blst_p1 sum = {0};
    blst_p1_affine entry;
    for (size_t i = 0; i < 32; i++) {
        shifted[i] = (uint8_t)(shifted[i] | k->b[i] << 1);
        shifted[i + 1] = k->b[i] >> 7;
    }
    for (size_t pass = GROUPSIG_COMB_PASSES; pass-- > 0;) {
        for (size_t i = 0; i < DIGIT_BITS && pass + 1 < GROUPSIG_COMB_PASSES; i++)
            blst_p1_double(&sum, &sum);
        for (size_t row = 0; row < GROUPSIG_COMB_ROWS; row++) {
            size_t bit = DIGIT_BITS * (GROUPSIG_COMB_PASSES * row + pass);
            uint64_t window = (uint64_t)(shifted[bit / 8] | shifted[bit / 8 + 1] << 8) >> bit % 8 &
                              63;
            select_entry(&entry, comb->row[row], window);
            /* Until the last pass the sum is too small to meet an entry modulo r. */
            if (pass > 0)
                blst_p1_add_affine(&sum, &sum, &entry);
            else
                blst_p1_add_or_double_affine(&sum, &sum, &entry);
        }
    }
    *out = sum;
    explicit_bzero(shifted, sizeof shifted);
    explicit_bzero(&sum, sizeof sum);
    explicit_bzero(&entry, sizeof entry);
}
