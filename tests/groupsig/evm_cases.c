/*
 * Signatures, good ones and ones with every fault that we could think of, each with this library's
 * verdict: evm.test.mjs holds the contract's verifier against them.
 *
 *   evm-cases SEED COUNT
 *
 * prints lines of words:
 *   key N GROUP-KEY POINTS                        what DataHub's setGroupKey takes
 *   case N VALID OWN-YS MSG32 SIG YS WHAT         N: the key; OWN-YS: whether ys are those that
 *                                                 the library computes from the signature
 */
#include "evm_sample.h"
#include "off_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static blst_p1_affine off1[OFF_GROUP_G1];

static void flip_bit(uint8_t *bytes, size_t len)
{
    size_t bit = sample_below(8 * len);
    bytes[bit / 8] ^= (uint8_t)(0x80 >> (bit % 8));
}

static uint8_t *any_scalar(struct sample *s)
{
    return s->sig + SIG_ZT + 32 * sample_below(3);
}

static blst_p1_affine any_point(void)
{
    const blst_scalar k = forge_scalar(sample_rng);
    return forge_g1(GS_G, &k);
}

static void set_point(struct sample *s, size_t i, const blst_p1_affine *point)
{
    blst_p1_affine_compress(sample_point(s, i), point);
    sample_refresh_ys(s);
}

static struct forged_signature honest_choice(const struct sample *s)
{
    const struct groupsig_member_secret *member = sample_member(s);
    const blst_scalar r = forge_scalar(sample_rng);
    struct forged_signature choice;
    forge_honest(&choice, &sample_groups[s->key].key, &member->A, &member->t, &member->x, &r);
    return choice;
}

static void forge(struct sample *s, const struct forged_signature *choice)
{
    forge_signature(s->sig, &sample_groups[s->key].key, choice, s->msg32, sample_rng);
    sample_refresh_ys(s);
}

/* ---- faults, and what looks like one. All start from a signature as made. ---------------------- */

static void as_made(struct sample *s)
{
    (void)s;
}

static void bit_of_a_field(struct sample *s)
{
    enum { P = SIG_POINTS };
    static const size_t from[] = {0,     P,      P + 48, P + 96, P + 144,    P + 192,
                                  SIG_C, SIG_ZT, SIG_ZR, SIG_ZU, SIG_ZU + 32};
    size_t field = sample_below(sizeof from / sizeof *from - 1);
    flip_bit(s->sig + from[field], from[field + 1] - from[field]);
    sample_refresh_ys(s);
}

static void bit_of_a_point_only(struct sample *s)
{
    flip_bit(sample_point(s, sample_below(SAMPLE_POINTS)), 48);
}

static void bit_of_message(struct sample *s)
{
    flip_bit(s->msg32, sizeof s->msg32);
}

static void other_key(struct sample *s)
{
    s->key = (s->key + 1) % SAMPLE_KEYS;
}

static void another_point(struct sample *s)
{
    const blst_p1_affine point = any_point();
    set_point(s, sample_below(SAMPLE_POINTS), &point);
}

static void points_swapped(struct sample *s)
{
    uint8_t point[48];
    size_t i = sample_below(SAMPLE_POINTS),
           j = (i + 1 + sample_below(SAMPLE_POINTS - 1)) % SAMPLE_POINTS;
    memcpy(point, sample_point(s, i), sizeof point);
    memcpy(sample_point(s, i), sample_point(s, j), sizeof point);
    memcpy(sample_point(s, j), point, sizeof point);
    if (sample_below(2))
        sample_refresh_ys(s);
}

static void point_negated(struct sample *s)
{
    size_t i = sample_below(SAMPLE_POINTS);
    sample_point(s, i)[0] ^= 0x20;
    if (sample_below(2))
        sample_negate_y(sample_y(s, i));
}

static void off_group(struct sample *s)
{
    set_point(s, sample_below(SAMPLE_POINTS), &off1[sample_below(OFF_GROUP_G1)]);
}

static void off_group_part(struct sample *s)
{
    size_t i = sample_below(SAMPLE_POINTS);
    blst_p1_affine point;
    if (blst_p1_uncompress(&point, sample_point(s, i)) != BLST_SUCCESS)
        abort();
    point = forge_g1_add(&point, &off1[sample_below(OFF_GROUP_G1)]);
    set_point(s, i, &point);
}

/* With the right challenge and answers: in a third of these all equations hold for order 3. */
static void off_group_forged(struct sample *s)
{
    struct forged_signature choice = honest_choice(s);
    blst_p1_affine *point = &choice.point[sample_below(SAMPLE_POINTS)];
    *point = forge_g1_add(point, &off1[sample_below(2) ? 0 : sample_below(OFF_GROUP_G1)]);
    forge(s, &choice);
}

static void no_certificate(struct sample *s)
{
    const blst_p1_affine A = any_point();
    const blst_scalar t = forge_scalar(sample_rng), x = forge_scalar(sample_rng),
                      r = forge_scalar(sample_rng);
    struct forged_signature choice;
    forge_honest(&choice, &sample_groups[s->key].key, &A, &t, &x, &r);
    forge(s, &choice);
}

/* A point or a secret that is not the others', under a challenge over it all. */
static void wrong_witness(struct sample *s)
{
    struct forged_signature choice = honest_choice(s);
    blst_scalar *const secrets[] = {&choice.t, &choice.r, &choice.u};
    size_t i = sample_below(SAMPLE_POINTS + 3);
    if (i < SAMPLE_POINTS)
        choice.point[i] = any_point();
    else
        *secrets[i - SAMPLE_POINTS] = forge_scalar(sample_rng);
    forge(s, &choice);
}

/* Certificates that the group manager could issue, with 0, 1, -1, 2 as t, x, r: points that
 * coincide, in the one signature or with the generators. */
static void small_secrets(struct sample *s)
{
    const blst_scalar zero = {{0}}, one = forge_number(1);
    const blst_scalar values[] = {one, forge_sub(&zero, &one), forge_number(2),
                                  forge_scalar(sample_rng)};
    const blst_scalar x = values[sample_below(4)], r = values[sample_below(4)];
    const blst_scalar t = sample_below(2) ? zero : values[sample_below(4)];
    const blst_scalar sum = forge_add(&sample_groups[s->key].gm.gamma, &t);
    const blst_scalar inverse = forge_inverse(&sum);
    const blst_p1_affine C = forge_g1(GS_G, &x);
    blst_p1_affine A = forge_g1_add(&GS_Q, &C);
    struct forged_signature choice;
    A = forge_g1(&A, &inverse);
    forge_honest(&choice, &sample_groups[s->key].key, &A, &t, &x, &r);
    forge(s, &choice);
}

/* All equations hold for x = 0, whose tag T is O; written as O or as (0, 0). */
static void tag_of_infinity(struct sample *s)
{
    enum { T = 4 };
    const blst_scalar inverse = forge_inverse(&sample_groups[s->key].gm.gamma);
    const blst_scalar zero = {{0}}, r = forge_scalar(sample_rng);
    const blst_p1_affine A = forge_g1(&GS_Q, &inverse);
    struct forged_signature choice;
    forge_honest(&choice, &sample_groups[s->key].key, &A, &zero, &zero, &r);
    forge(s, &choice);
    sample_point(s, T)[0] = (uint8_t)(sample_below(8) << 5);
    memset(sample_y(s, T), 0, 48);
}

/* Valid, with commitments that are O or have fewer terms; with t = 0 and bt = 0 zt is 0, too. */
static void nonces_of_zero(struct sample *s)
{
    struct gs_sign_nonces nonces = {forge_scalar(sample_rng), forge_scalar(sample_rng),
                                    forge_scalar(sample_rng), forge_scalar(sample_rng)};
    size_t choice = sample_below(8);
    const struct groupsig_member_secret *member = sample_member(s);
    if (s->key == 0 && sample_below(2))
        member = &sample_t0_member;
    if (choice & 1)
        nonces.bt = (blst_scalar){{0}};
    if (choice & 2)
        nonces.br = (blst_scalar){{0}};
    if (choice & 4)
        nonces.bu = (blst_scalar){{0}};
    gs_sign_with_nonces(&sample_groups[s->key].key, s->sig, member, s->msg32, &nonces);
    sample_refresh_ys(s);
}

static void scalar_changed(struct sample *s)
{
    uint8_t *z = any_scalar(s), negative[32];
    switch (sample_below(6)) {
    case 0: /* the same number, not reduced */
        sample_add(z, R_BYTES, 32);
        break;
    case 1:
        memcpy(z, R_BYTES, 32);
        break;
    case 2:
        memset(z, 0, 32);
        break;
    case 3:
        memset(z, 0xff, 32);
        break;
    case 4:
        memcpy(negative, R_BYTES, 32);
        sample_sub(negative, z, 32);
        memcpy(z, negative, 32);
        break;
    default:
        fixture_fill(sample_rng, z, 32);
    }
}

static void challenge_changed(struct sample *s)
{
    if (sample_below(4) == 0)
        memset(s->sig + SIG_C, 0, GS_CHALLENGE_BYTES);
    else
        fixture_fill(sample_rng, s->sig + SIG_C, GS_CHALLENGE_BYTES);
}

static void flags_changed(struct sample *s)
{
    uint8_t *point = sample_point(s, sample_below(SAMPLE_POINTS));
    point[0] = (uint8_t)((point[0] & 0x1f) | sample_below(8) << 5);
}

/* O in every guise: x = 0 with any flags, y = 0 or not. */
static void infinity(struct sample *s)
{
    size_t i = sample_below(SAMPLE_POINTS);
    memset(sample_point(s, i), 0, 48);
    sample_point(s, i)[0] = (uint8_t)(sample_below(8) << 5);
    if (sample_below(2))
        memset(sample_y(s, i), 0, 48);
    else
        sample_refresh_ys(s);
}

/* x + p where that fits, else some x >= p. */
static void x_not_reduced(struct sample *s)
{
    uint8_t *point = sample_point(s, sample_below(SAMPLE_POINTS)), flags = point[0] & 0xe0, sum[48];
    point[0] &= 0x1f;
    memcpy(sum, P_BYTES, sizeof sum);
    sample_add(sum, point, sizeof sum);
    if (sum[0] > 0x1f) {
        memcpy(sum, P_BYTES, sizeof sum);
        sum[47] = (uint8_t)(sum[47] + sample_below(16));
    }
    sum[0] |= flags;
    memcpy(point, sum, sizeof sum);
}

static void header_changed(struct sample *s)
{
    fixture_fill(sample_rng, s->sig + sample_below(2), 1);
}

static void length_changed(struct sample *s)
{
    s->sig_len = sample_below(4) ? sample_below(sizeof s->sig + 1)
                                 : GROUPSIG_SIGNATURE_BYTES - 1 + sample_below(3);
}

/* ---- faults of the ys alone ---------------------------------------------------------------------- */

static void y_bit(struct sample *s)
{
    flip_bit(s->ys, GROUPSIG_SIGNATURE_YS_BYTES);
}

static void y_negated(struct sample *s)
{
    sample_negate_y(sample_y(s, sample_below(SAMPLE_POINTS)));
}

static void y_not_reduced(struct sample *s)
{
    sample_add(sample_y(s, sample_below(SAMPLE_POINTS)), P_BYTES, 48);
}

static void y_zero(struct sample *s)
{
    memset(sample_y(s, sample_below(SAMPLE_POINTS)), 0, 48);
}

static void y_of_another(struct sample *s)
{
    memmove(sample_y(s, sample_below(SAMPLE_POINTS)), sample_y(s, sample_below(SAMPLE_POINTS)), 48);
}

static void ys_length(struct sample *s)
{
    s->ys_len = sample_below(4) ? sample_below(sizeof s->ys + 1)
                                : GROUPSIG_SIGNATURE_YS_BYTES - 1 + sample_below(3);
}

static const struct {
    const char *name;
    void (*apply)(struct sample *s);
} kinds[] = {
    {"as made", as_made},
    {"a bit of a field", bit_of_a_field},
    {"a bit of a point, not of its y", bit_of_a_point_only},
    {"a bit of the message", bit_of_message},
    {"the other key", other_key},
    {"another point", another_point},
    {"points swapped", points_swapped},
    {"a point negated", point_negated},
    {"a point outside the group", off_group},
    {"a point with a part outside the group", off_group_part},
    {"forged over a point outside the group", off_group_forged},
    {"forged without a certificate", no_certificate},
    {"forged with a wrong witness", wrong_witness},
    {"small secrets", small_secrets},
    {"a tag of infinity", tag_of_infinity},
    {"nonces of zero", nonces_of_zero},
    {"a scalar changed", scalar_changed},
    {"the challenge changed", challenge_changed},
    {"flags changed", flags_changed},
    {"infinity", infinity},
    {"x not reduced", x_not_reduced},
    {"the header changed", header_changed},
    {"another length", length_changed},
    {"a bit of the ys", y_bit},
    {"a y negated", y_negated},
    {"a y not reduced", y_not_reduced},
    {"a y of zero", y_zero},
    {"a y of another point", y_of_another},
    {"another length of the ys", ys_length},
};

int main(int argc, char **argv)
{
    char *end = NULL;
    errno = 0;
    unsigned long count = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    if (argc != 3 || errno != 0 || *end != '\0') {
        fprintf(stderr, "usage: %s SEED COUNT\n", argv[0]);
        return 2;
    }
    if (!sample_groups_make(argv[1]) || !off_group_g1(off1)) {
        fprintf(stderr, "%s: a step of the scheme failed\n", argv[0]);
        return 1;
    }
    for (unsigned long i = 0; i < count; i++) {
        struct sample s = {.key = sample_below(SAMPLE_KEYS)};
        size_t kind = i % (sizeof kinds / sizeof *kinds);
        if (!sample_sign(&s))
            return 1;
        kinds[kind].apply(&s);
        sample_print(&s, kinds[kind].name);
    }
    return ferror(stdout) || fflush(stdout) != 0;
}
