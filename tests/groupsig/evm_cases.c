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
#include "forge.h"
#include "off_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 2, POINTS = 5, EXTRA_BYTES = 40 };

/* p and r, big-endian. */
static const uint8_t P_BYTES[48] = {
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab};
static const uint8_t R_BYTES[32] = {
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01};

struct sample {
    size_t key;
    uint8_t msg32[32];
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES + EXTRA_BYTES];
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES + EXTRA_BYTES];
    size_t sig_len, ys_len;
};

static struct fixture groups[KEYS];
static struct groupsig_member_secret t0_member; /* of group 0, with t = 0 */
static blst_p1_affine off1[OFF_GROUP_G1];
static struct fixture_rng *rng = &groups[0].state;

/* ---- small things -------------------------------------------------------------------------------- */

static size_t below(size_t n)
{
    uint32_t word;
    fixture_fill(rng, (uint8_t *)&word, sizeof word);
    return word % n;
}

static void flip_bit(uint8_t *bytes, size_t len)
{
    size_t bit = below(8 * len);
    bytes[bit / 8] ^= (uint8_t)(0x80 >> (bit % 8));
}

/* a += b, a -= b; big-endian, what overflows is lost. */
static void add_bytes(uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned carry = 0;
    while (len-- > 0) {
        carry += (unsigned)a[len] + b[len];
        a[len] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void sub_bytes(uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;
    while (len-- > 0) {
        unsigned difference = 256u + a[len] - b[len] - borrow;
        a[len] = (uint8_t)difference;
        borrow = difference < 256;
    }
}

/* y = p - y */
static void negate_y(uint8_t y[48])
{
    uint8_t negative[48];
    memcpy(negative, P_BYTES, sizeof negative);
    sub_bytes(negative, y, sizeof negative);
    memcpy(y, negative, sizeof negative);
}

static bool is_upper(const uint8_t y[48])
{
    uint8_t twice[48]; /* y < 2^383 */
    memcpy(twice, y, sizeof twice);
    add_bytes(twice, y, sizeof twice);
    return memcmp(twice, P_BYTES, sizeof twice) > 0;
}

static uint8_t *point_at(struct sample *s, size_t i)
{
    return s->sig + SIG_POINTS + 48 * i;
}

static uint8_t *y_at(struct sample *s, size_t i)
{
    return s->ys + 48 * i;
}

static uint8_t *any_scalar(struct sample *s)
{
    return s->sig + SIG_ZT + 32 * below(3);
}

static struct groupsig_member_secret *any_member(const struct sample *s)
{
    return &groups[s->key].members[below(2)].secret;
}

static blst_p1_affine any_point(void)
{
    const blst_scalar k = forge_scalar(rng);
    return forge_g1(GS_G, &k);
}

/* The ys of the points as they now are; what is no point keeps its y, with the sign it asks for. */
static void refresh_ys(struct sample *s)
{
    for (size_t i = 0; i < POINTS; i++) {
        uint8_t xy[96];
        blst_p1_affine point;
        bool upper = point_at(s, i)[0] & 0x20;
        if (blst_p1_uncompress(&point, point_at(s, i)) == BLST_SUCCESS &&
            !blst_p1_affine_is_inf(&point)) {
            blst_p1_affine_serialize(xy, &point);
            memcpy(y_at(s, i), xy + 48, 48);
        } else if (is_upper(y_at(s, i)) != upper) {
            negate_y(y_at(s, i));
        }
    }
}

static void set_point(struct sample *s, size_t i, const blst_p1_affine *point)
{
    blst_p1_affine_compress(point_at(s, i), point);
    refresh_ys(s);
}

static bool sign(struct sample *s)
{
    struct fixture *group = &groups[s->key];
    fixture_fill(rng, s->msg32, sizeof s->msg32);
    s->sig_len = GROUPSIG_SIGNATURE_BYTES;
    s->ys_len = GROUPSIG_SIGNATURE_YS_BYTES;
    if (groupsig_sign(&group->key, s->sig, any_member(s), s->msg32, &group->rng) != GROUPSIG_OK)
        return false;
    refresh_ys(s);
    return true;
}

static struct forged_signature honest_choice(const struct sample *s)
{
    const struct groupsig_member_secret *member = any_member(s);
    const blst_scalar r = forge_scalar(rng);
    struct forged_signature choice;
    forge_honest(&choice, &groups[s->key].key, &member->A, &member->t, &member->x, &r);
    return choice;
}

static void forge(struct sample *s, const struct forged_signature *choice)
{
    forge_signature(s->sig, &groups[s->key].key, choice, s->msg32, rng);
    refresh_ys(s);
}

/* ---- faults, and what looks like one. All start from a signature as made. ---------------------- */

static void as_made(struct sample *s)
{
    (void)s;
}

static void bit_of_a_field(struct sample *s)
{
    static const size_t from[] = {0,
                                  SIG_POINTS,
                                  SIG_POINTS + 48,
                                  SIG_POINTS + 96,
                                  SIG_POINTS + 144,
                                  SIG_POINTS + 192,
                                  SIG_C,
                                  SIG_ZT,
                                  SIG_ZR,
                                  SIG_ZU,
                                  GROUPSIG_SIGNATURE_BYTES};
    size_t field = below(sizeof from / sizeof *from - 1);
    flip_bit(s->sig + from[field], from[field + 1] - from[field]);
    refresh_ys(s);
}

static void bit_of_a_point_only(struct sample *s)
{
    flip_bit(point_at(s, below(POINTS)), 48);
}

static void bit_of_message(struct sample *s)
{
    flip_bit(s->msg32, sizeof s->msg32);
}

static void other_key(struct sample *s)
{
    s->key = (s->key + 1) % KEYS;
}

static void another_point(struct sample *s)
{
    const blst_p1_affine point = any_point();
    set_point(s, below(POINTS), &point);
}

static void points_swapped(struct sample *s)
{
    uint8_t point[48];
    size_t i = below(POINTS), j = (i + 1 + below(POINTS - 1)) % POINTS;
    memcpy(point, point_at(s, i), sizeof point);
    memcpy(point_at(s, i), point_at(s, j), sizeof point);
    memcpy(point_at(s, j), point, sizeof point);
    if (below(2))
        refresh_ys(s);
}

static void point_negated(struct sample *s)
{
    size_t i = below(POINTS);
    point_at(s, i)[0] ^= 0x20;
    if (below(2))
        negate_y(y_at(s, i));
}

static void off_group(struct sample *s)
{
    set_point(s, below(POINTS), &off1[below(OFF_GROUP_G1)]);
}

static void off_group_part(struct sample *s)
{
    size_t i = below(POINTS);
    blst_p1_affine point;
    if (blst_p1_uncompress(&point, point_at(s, i)) != BLST_SUCCESS)
        abort();
    point = forge_g1_add(&point, &off1[below(OFF_GROUP_G1)]);
    set_point(s, i, &point);
}

/* With the right challenge and answers: in a third of these all equations hold for order 3. */
static void off_group_forged(struct sample *s)
{
    struct forged_signature choice = honest_choice(s);
    blst_p1_affine *point = &choice.point[below(POINTS)];
    *point = forge_g1_add(point, &off1[below(2) ? 0 : below(OFF_GROUP_G1)]);
    forge(s, &choice);
}

static void no_certificate(struct sample *s)
{
    const blst_p1_affine A = any_point();
    const blst_scalar t = forge_scalar(rng), x = forge_scalar(rng), r = forge_scalar(rng);
    struct forged_signature choice;
    forge_honest(&choice, &groups[s->key].key, &A, &t, &x, &r);
    forge(s, &choice);
}

/* A point or a secret that is not the others', under a challenge over it all. */
static void wrong_witness(struct sample *s)
{
    struct forged_signature choice = honest_choice(s);
    blst_scalar *const secrets[] = {&choice.t, &choice.r, &choice.u};
    size_t i = below(POINTS + 3);
    if (i < POINTS)
        choice.point[i] = any_point();
    else
        *secrets[i - POINTS] = forge_scalar(rng);
    forge(s, &choice);
}

/* Certificates that the group manager could issue, with 0, 1, -1, 2 as t, x, r: points that
 * coincide, in the one signature or with the generators. */
static void small_secrets(struct sample *s)
{
    const blst_scalar zero = {{0}}, one = forge_number(1);
    const blst_scalar values[] = {one, forge_sub(&zero, &one), forge_number(2), forge_scalar(rng)};
    const blst_scalar x = values[below(4)], r = values[below(4)];
    const blst_scalar t = below(2) ? zero : values[below(4)];
    const blst_scalar sum = forge_add(&groups[s->key].gm.gamma, &t);
    const blst_scalar inverse = forge_inverse(&sum);
    const blst_p1_affine C = forge_g1(GS_G, &x);
    blst_p1_affine A = forge_g1_add(&GS_Q, &C);
    struct forged_signature choice;
    A = forge_g1(&A, &inverse);
    forge_honest(&choice, &groups[s->key].key, &A, &t, &x, &r);
    forge(s, &choice);
}

/* Valid, with commitments that are O or have fewer terms; with t = 0 and bt = 0 zt is 0, too. */
static void nonces_of_zero(struct sample *s)
{
    struct gs_sign_nonces nonces = {forge_scalar(rng), forge_scalar(rng), forge_scalar(rng),
                                    forge_scalar(rng)};
    size_t choice = below(8);
    const struct groupsig_member_secret *member = any_member(s);
    if (s->key == 0 && below(2))
        member = &t0_member;
    if (choice & 1)
        nonces.bt = (blst_scalar){{0}};
    if (choice & 2)
        nonces.br = (blst_scalar){{0}};
    if (choice & 4)
        nonces.bu = (blst_scalar){{0}};
    gs_sign_with_nonces(&groups[s->key].key, s->sig, member, s->msg32, &nonces);
    refresh_ys(s);
}

static void scalar_changed(struct sample *s)
{
    uint8_t *z = any_scalar(s), negative[32];
    switch (below(6)) {
    case 0: /* the same number, not reduced */
        add_bytes(z, R_BYTES, 32);
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
        sub_bytes(negative, z, 32);
        memcpy(z, negative, 32);
        break;
    default:
        fixture_fill(rng, z, 32);
    }
}

static void challenge_changed(struct sample *s)
{
    if (below(4) == 0)
        memset(s->sig + SIG_C, 0, GS_CHALLENGE_BYTES);
    else
        fixture_fill(rng, s->sig + SIG_C, GS_CHALLENGE_BYTES);
}

static void flags_changed(struct sample *s)
{
    uint8_t *point = point_at(s, below(POINTS));
    point[0] = (uint8_t)((point[0] & 0x1f) | below(8) << 5);
}

/* O in every guise: x = 0 with any flags, y = 0 or not. */
static void infinity(struct sample *s)
{
    size_t i = below(POINTS);
    memset(point_at(s, i), 0, 48);
    point_at(s, i)[0] = (uint8_t)(below(8) << 5);
    if (below(2))
        memset(y_at(s, i), 0, 48);
    else
        refresh_ys(s);
}

/* x + p where that fits, else some x >= p. */
static void x_not_reduced(struct sample *s)
{
    uint8_t *point = point_at(s, below(POINTS)), flags = point[0] & 0xe0, sum[48];
    point[0] &= 0x1f;
    memcpy(sum, P_BYTES, sizeof sum);
    add_bytes(sum, point, sizeof sum);
    if (sum[0] > 0x1f) {
        memcpy(sum, P_BYTES, sizeof sum);
        sum[47] = (uint8_t)(sum[47] + below(16));
    }
    sum[0] |= flags;
    memcpy(point, sum, sizeof sum);
}

static void header_changed(struct sample *s)
{
    fixture_fill(rng, s->sig + below(2), 1);
}

static void length_changed(struct sample *s)
{
    s->sig_len = below(4) ? below(sizeof s->sig + 1) : GROUPSIG_SIGNATURE_BYTES - 1 + below(3);
}

/* ---- faults of the ys alone ---------------------------------------------------------------------- */

static void y_bit(struct sample *s)
{
    flip_bit(s->ys, GROUPSIG_SIGNATURE_YS_BYTES);
}

static void y_negated(struct sample *s)
{
    negate_y(y_at(s, below(POINTS)));
}

static void y_not_reduced(struct sample *s)
{
    add_bytes(y_at(s, below(POINTS)), P_BYTES, 48);
}

static void y_zero(struct sample *s)
{
    memset(y_at(s, below(POINTS)), 0, 48);
}

static void y_of_another(struct sample *s)
{
    memmove(y_at(s, below(POINTS)), y_at(s, below(POINTS)), 48);
}

static void ys_length(struct sample *s)
{
    s->ys_len = below(4) ? below(sizeof s->ys + 1) : GROUPSIG_SIGNATURE_YS_BYTES - 1 + below(3);
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

/* ---- output ------------------------------------------------------------------------------------------ */

static void print_hex(const uint8_t *bytes, size_t len)
{
    fputs(" 0x", stdout);
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

static void print_sample(const struct sample *s, const char *what)
{
    const struct groupsig_group_key *key = &groups[s->key].key;
    struct groupsig_signature parsed;
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES];
    bool valid = false, own_ys = false;
    if (groupsig_signature_parse(&parsed, s->sig, s->sig_len) == GROUPSIG_OK) {
        groupsig_signature_ys(&parsed, ys);
        valid = groupsig_verify(key, NULL, &parsed, s->msg32);
        own_ys = s->ys_len == sizeof ys && memcmp(s->ys, ys, sizeof ys) == 0;
    }
    printf("case %zu %d %d", s->key, valid, own_ys);
    print_hex(s->msg32, sizeof s->msg32);
    print_hex(s->sig, s->sig_len);
    print_hex(s->ys, s->ys_len);
    printf(" %s\n", what);
}

static bool make_groups(const char *seed)
{
    for (size_t i = 0; i < KEYS; i++) {
        char text[128];
        uint8_t points[GROUPSIG_GROUP_KEY_POINTS_BYTES];
        snprintf(text, sizeof text, "%s/%zu", seed, i);
        if (setenv("GROUPSIG_SEED", text, 1) != 0 || !fixture_make(&groups[i]))
            return false;
        groupsig_group_key_points(&groups[i].key, points);
        printf("key %zu", i);
        print_hex(groups[i].key_bytes, sizeof groups[i].key_bytes);
        print_hex(points, sizeof points);
        putchar('\n');
    }
    const uint8_t t32[32] = {0};
    struct fixture_member *m = &groups[0].members[0];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    return groupsig_join_issue_with_t(&groups[0].key, membership, &groups[0].gm, &m->request,
                                      m->nonce32, m->ctx32, t32) == GROUPSIG_OK &&
           groupsig_join_finish(&groups[0].key, &t0_member, &m->join, membership,
                                sizeof membership) == GROUPSIG_OK;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    errno = 0;
    unsigned long count = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    if (argc != 3 || errno != 0 || *end != '\0') {
        fprintf(stderr, "usage: %s SEED COUNT\n", argv[0]);
        return 2;
    }
    if (!make_groups(argv[1]) || !off_group_g1(off1)) {
        fprintf(stderr, "%s: a step of the scheme failed\n", argv[0]);
        return 1;
    }
    for (unsigned long i = 0; i < count; i++) {
        struct sample s = {.key = below(KEYS)};
        size_t kind = i % (sizeof kinds / sizeof *kinds);
        if (!sign(&s))
            return 1;
        kinds[kind].apply(&s);
        print_sample(&s, kinds[kind].name);
    }
    return ferror(stdout) || fflush(stdout) != 0;
}
