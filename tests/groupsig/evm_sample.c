/* See evm_sample.h. */
#include "evm_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture sample_groups[SAMPLE_KEYS];
struct groupsig_member_secret sample_t0_member;
struct fixture_rng *const sample_rng = &sample_groups[0].state;

size_t sample_below(size_t n)
{
    uint32_t word;
    fixture_fill(sample_rng, (uint8_t *)&word, sizeof word);
    return word % n;
}

void sample_add(uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned carry = 0;
    while (len-- > 0) {
        carry += (unsigned)a[len] + b[len];
        a[len] = (uint8_t)carry;
        carry >>= 8;
    }
}

void sample_sub(uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;
    while (len-- > 0) {
        unsigned difference = 256u + a[len] - b[len] - borrow;
        a[len] = (uint8_t)difference;
        borrow = difference < 256;
    }
}

void sample_negate_y(uint8_t y[48])
{
    uint8_t negative[48];
    memcpy(negative, P_BYTES, sizeof negative);
    sample_sub(negative, y, sizeof negative);
    memcpy(y, negative, sizeof negative);
}

static bool is_upper(const uint8_t y[48])
{
    uint8_t twice[48]; /* y < 2^383 */
    memcpy(twice, y, sizeof twice);
    sample_add(twice, y, sizeof twice);
    return memcmp(twice, P_BYTES, sizeof twice) > 0;
}

uint8_t *sample_point(struct sample *s, size_t i)
{
    return s->sig + SIG_POINTS + 48 * i;
}

uint8_t *sample_y(struct sample *s, size_t i)
{
    return s->ys + 48 * i;
}

void sample_refresh_ys(struct sample *s)
{
    for (size_t i = 0; i < SAMPLE_POINTS; i++) {
        uint8_t xy[96];
        blst_p1_affine point;
        bool upper = sample_point(s, i)[0] & 0x20;
        if (blst_p1_uncompress(&point, sample_point(s, i)) == BLST_SUCCESS &&
            !blst_p1_affine_is_inf(&point)) {
            blst_p1_affine_serialize(xy, &point);
            memcpy(sample_y(s, i), xy + 48, 48);
        } else if (is_upper(sample_y(s, i)) != upper) {
            sample_negate_y(sample_y(s, i));
        }
    }
}

const struct groupsig_member_secret *sample_member(const struct sample *s)
{
    return &sample_groups[s->key].members[sample_below(2)].secret;
}

bool sample_sign(struct sample *s)
{
    struct fixture *group = &sample_groups[s->key];
    fixture_fill(sample_rng, s->msg32, sizeof s->msg32);
    s->sig_len = GROUPSIG_SIGNATURE_BYTES;
    s->ys_len = GROUPSIG_SIGNATURE_YS_BYTES;
    if (groupsig_sign(&group->key, s->sig, sample_member(s), s->msg32, &group->rng) != GROUPSIG_OK)
        return false;
    sample_refresh_ys(s);
    return true;
}

static void print_hex(const uint8_t *bytes, size_t len)
{
    fputs(" 0x", stdout);
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
}

void sample_print(const struct sample *s, const char *what)
{
    const struct groupsig_group_key *key = &sample_groups[s->key].key;
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

bool sample_groups_make(const char *seed)
{
    if (setenv("GROUPSIG_SEED", seed, 1) != 0)
        return false;
    for (size_t i = 0; i < SAMPLE_KEYS; i++) {
        uint8_t points[GROUPSIG_GROUP_KEY_POINTS_BYTES];
        if (!fixture_make(&sample_groups[i]))
            return false;
        groupsig_group_key_points(&sample_groups[i].key, points);
        printf("key %zu", i);
        print_hex(sample_groups[i].key_bytes, sizeof sample_groups[i].key_bytes);
        print_hex(points, sizeof points);
        putchar('\n');
    }
    const uint8_t t32[32] = {0};
    struct fixture_member *m = &sample_groups[0].members[0];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    return groupsig_join_issue_with_t(&sample_groups[0].key, membership, &sample_groups[0].gm,
                                      &m->request, m->nonce32, m->ctx32, t32) == GROUPSIG_OK &&
           groupsig_join_finish(&sample_groups[0].key, &sample_t0_member, &m->join, membership,
                                sizeof membership) == GROUPSIG_OK;
}
