/*
 * What every parser and verifier must refuse: each single-bit flip of a signature, each truncation
 * and one byte more of each object, O and points outside the subgroup in each position, scalars and
 * coordinates that are not reduced.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;

/* r and p, big-endian. */
static const uint8_t R_BYTES[32] = {
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01};
static const uint8_t P_BYTES[48] = {
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab};

/* ---- the objects -------------------------------------------------------------------------------- */

static bool accepts_signature(const uint8_t *bytes, size_t len)
{
    struct groupsig_signature signature;
    return groupsig_signature_parse(&signature, bytes, len) == GROUPSIG_OK &&
           groupsig_verify(&f.key, NULL, &signature, f.msg32);
}

static bool accepts_group_key(const uint8_t *bytes, size_t len)
{
    static struct groupsig_group_key key;
    return groupsig_group_key_parse(&key, bytes, len) == GROUPSIG_OK;
}

static bool accepts_join_request(const uint8_t *bytes, size_t len)
{
    struct groupsig_join_request request;
    return groupsig_join_request_parse(&request, bytes, len) == GROUPSIG_OK &&
           groupsig_join_request_verify(&f.key, &request, f.members[0].nonce32, f.members[0].ctx32);
}

static bool accepts_membership(const uint8_t *bytes, size_t len)
{
    struct groupsig_member_secret secret;
    bool valid = false;
    bool verifies = groupsig_membership_verify(&f.key, &valid, bytes, len,
                                               f.members[0].commitment) == GROUPSIG_OK &&
                    valid;
    bool finishes = groupsig_join_finish(&f.key, &secret, &f.members[0].join, bytes, len) ==
                    GROUPSIG_OK;
    assert_int_equal(verifies, finishes);
    return verifies;
}

static bool accepts_opening_share(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_opening_share_check(&f.key, &valid, NULL, bytes, len, &f.signature) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_reveal_share(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_reveal_share_check(&f.key, &valid, NULL, bytes, len, &f.members[0].request) ==
               GROUPSIG_OK &&
           valid;
}

static const uint8_t CONTEXT[32] = {3};
static struct groupsig_verified linked[2];

static bool accepts_claim(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_claim_verify(&f.key, &valid, bytes, len, &f.signature, CONTEXT) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_link(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_link_verify(&f.key, &valid, bytes, len, linked, 2, CONTEXT) == GROUPSIG_OK &&
           valid;
}

static bool accepts_token(const uint8_t *bytes, size_t len)
{
    static struct groupsig_token token;
    bool valid = false;
    return groupsig_token_parse(&token, bytes, len) == GROUPSIG_OK &&
           groupsig_token_verify(&valid, &token, f.members[0].commitment) == GROUPSIG_OK && valid;
}

/* A commitment has a fixed length where it is taken; the length is checked here. */
static bool accepts_commitment(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return len == GROUPSIG_COMMITMENT_BYTES &&
           groupsig_membership_verify(&f.key, &valid, f.members[0].membership,
                                      GROUPSIG_MEMBERSHIP_BYTES, bytes) == GROUPSIG_OK &&
           valid;
}

/* Secrets have no proof that a changed byte would break: only well-formed or not. */
static bool accepts_gm_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_gm_secret secret;
    return groupsig_gm_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_gm_secret_matches(&f.key, &secret);
}

static bool accepts_rm_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_rm_secret secret;
    return groupsig_rm_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_rm_secret_matches(&f.key, &secret);
}

static bool accepts_join_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_join_secret secret;
    struct groupsig_member_secret member;
    return groupsig_join_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_join_finish(&f.key, &member, &secret, f.members[0].membership,
                                GROUPSIG_MEMBERSHIP_BYTES) == GROUPSIG_OK;
}

static bool accepts_member_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_member_secret secret;
    uint8_t signature[GROUPSIG_SIGNATURE_BYTES];
    return groupsig_member_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_sign(&f.key, signature, &secret, f.msg32, &f.rng) == GROUPSIG_OK &&
           accepts_signature(signature, sizeof signature);
}

#define MAX_BYTES 600
struct object {
    const char *name;
    bool (*accepts)(const uint8_t *bytes, size_t len);
    size_t len;
    size_t g1[6], g2[6], scalars[8]; /* offsets; 0 ends, an offset of 0 is written as AT_0 */
    bool has_header;
    uint8_t bytes[MAX_BYTES];
};
#define AT_0 SIZE_MAX

static struct object objects[] = {
    {"signature",
     accepts_signature,
     GROUPSIG_SIGNATURE_BYTES,
     {2, 50, 98, 146, 194},
     {0},
     {266, 298, 330},
     true,
     {0}},
    {"group key",
     accepts_group_key,
     GROUPSIG_GROUP_KEY_BYTES,
     {98, 362},
     {2, 146, 410},
     {266, 298, 330, 530, 562},
     true,
     {0}},
    {"join request",
     accepts_join_request,
     GROUPSIG_JOIN_REQUEST_BYTES,
     {2},
     {50, 146},
     {266, 298},
     true,
     {0}},
    {"membership", accepts_membership, GROUPSIG_MEMBERSHIP_BYTES, {2}, {0}, {50}, true, {0}},
    {"opening share of GM",
     accepts_opening_share,
     GROUPSIG_OPENING_SHARE_BYTES,
     {35},
     {0},
     {107},
     true,
     {0}},
    {"opening share of RM",
     accepts_opening_share,
     GROUPSIG_OPENING_SHARE_BYTES,
     {35},
     {0},
     {107},
     true,
     {0}},
    {"reveal share of GM",
     accepts_reveal_share,
     GROUPSIG_REVEAL_SHARE_BYTES,
     {3},
     {51},
     {171},
     true,
     {0}},
    {"reveal share of RM",
     accepts_reveal_share,
     GROUPSIG_REVEAL_SHARE_BYTES,
     {3},
     {51},
     {171},
     true,
     {0}},
    {"claim", accepts_claim, GROUPSIG_CLAIM_BYTES, {0}, {0}, {26}, true, {0}},
    {"link", accepts_link, GROUPSIG_LINK_BYTES, {0}, {0}, {26}, true, {0}},
    {"token", accepts_token, GROUPSIG_TOKEN_BYTES, {0}, {AT_0}, {0}, false, {0}},
    {"commitment", accepts_commitment, GROUPSIG_COMMITMENT_BYTES, {AT_0}, {0}, {0}, false, {0}},
    {"GM secret", accepts_gm_secret, GROUPSIG_GM_SECRET_BYTES, {0}, {0}, {2, 34, 66}, true, {0}},
    {"RM secret", accepts_rm_secret, GROUPSIG_RM_SECRET_BYTES, {0}, {0}, {2, 34}, true, {0}},
    {"join secret", accepts_join_secret, GROUPSIG_JOIN_SECRET_BYTES, {0}, {0}, {34}, true, {0}},
    {"member secret",
     accepts_member_secret,
     GROUPSIG_MEMBER_SECRET_BYTES,
     {66},
     {0},
     {34, 114},
     true,
     {0}},
};
#define OBJECTS (sizeof objects / sizeof objects[0])

static size_t at(size_t offset)
{
    return offset == AT_0 ? 0 : offset;
}

static bool make_objects(void)
{
    struct object *o = objects;
    struct fixture_member *m = &f.members[0];
    struct groupsig_reveal_share shares[2];
    uint8_t extra[GROUPSIG_SIGNATURE_BYTES];
    bool valid[2] = {false, false};
    linked[0] = f.signature;
    memcpy(o[0].bytes, f.signature_bytes, o[0].len);
    memcpy(o[1].bytes, f.key_bytes, o[1].len);
    memcpy(o[2].bytes, m->request_bytes, o[2].len);
    memcpy(o[3].bytes, m->membership, o[3].len);
    memcpy(o[11].bytes, m->commitment, o[11].len);
    groupsig_gm_secret_encode(&f.gm, o[12].bytes);
    groupsig_rm_secret_encode(&f.rm, o[13].bytes);
    groupsig_join_secret_encode(&m->join, o[14].bytes);
    groupsig_member_secret_encode(&m->secret, o[15].bytes);
    return fixture_sign(&f, 0, CONTEXT, extra, &linked[1]) &&
           groupsig_opening_share_by_gm(&f.key, o[4].bytes, &f.gm, &f.signature, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_opening_share_by_rm(&f.key, o[5].bytes, &f.rm, &f.signature, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_reveal_share_by_gm(&f.key, o[6].bytes, &f.gm, &m->request, m->nonce32, m->ctx32,
                                       m->commitment, &f.rng) == GROUPSIG_OK &&
           groupsig_reveal_share_by_rm(&f.key, o[7].bytes, &f.rm, &m->request, m->nonce32, m->ctx32,
                                       m->commitment, &f.rng) == GROUPSIG_OK &&
           groupsig_claim_make(&f.key, o[8].bytes, &m->secret, &f.signature, CONTEXT, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_link_make(&f.key, o[9].bytes, &m->secret, linked, 2, CONTEXT, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_reveal_share_check(&f.key, &valid[0], &shares[0], o[6].bytes, o[6].len,
                                       &m->request) == GROUPSIG_OK &&
           groupsig_reveal_share_check(&f.key, &valid[1], &shares[1], o[7].bytes, o[7].len,
                                       &m->request) == GROUPSIG_OK &&
           valid[0] && valid[1] &&
           groupsig_reveal_combine(&f.key, o[10].bytes, &shares[0], &shares[1], &m->request) ==
               GROUPSIG_OK;
}

/* Compressed points of the curves that lie outside the subgroups. */
static void find_g1_outside(uint8_t out[48])
{
    blst_p1_affine point;
    for (uint8_t x = 1; x != 0; x++) {
        memset(out, 0, 48);
        out[0] = 0x80;
        out[47] = x;
        if (blst_p1_uncompress(&point, out) == BLST_SUCCESS && !blst_p1_affine_in_g1(&point))
            return;
    }
    fail();
}

static void find_g2_outside(uint8_t out[96])
{
    blst_p2_affine point;
    for (uint8_t x = 1; x != 0; x++) {
        memset(out, 0, 96);
        out[0] = 0x80;
        out[95] = x;
        if (blst_p2_uncompress(&point, out) == BLST_SUCCESS && !blst_p2_affine_in_g2(&point))
            return;
    }
    fail();
}

/* out += addend, big-endian; false when it does not fit into limit bits of the first byte. */
static bool add_be(uint8_t *out, const uint8_t *addend, size_t len, uint8_t first_max)
{
    unsigned carry = 0;
    for (size_t i = len; i-- > 0;) {
        carry += (unsigned)out[i] + addend[i];
        out[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0 && out[0] <= first_max;
}

static void refuses(const struct object *object, const uint8_t *bytes, size_t len, const char *why,
                    size_t offset)
{
    if (object->accepts(bytes, len))
        fail_msg("%s accepted: %s at %zu", object->name, why, offset);
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static void test_valid_as_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECTS; i++)
        if (!objects[i].accepts(objects[i].bytes, objects[i].len))
            fail_msg("%s refused", objects[i].name);
}

static void test_every_bit_of_a_signature(void **state)
{
    (void)state;
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES];
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        memcpy(bytes, objects[0].bytes, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refuses(&objects[0], bytes, sizeof bytes, "bit flipped", bit);
    }
}

/* One bit of every byte of the other objects. */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 1; i < OBJECTS; i++)
        for (size_t offset = 0; offset < objects[i].len; offset++) {
            uint8_t bytes[MAX_BYTES];
            memcpy(bytes, objects[i].bytes, objects[i].len);
            bytes[offset] ^= (uint8_t)(1 << offset % 8);
            refuses(&objects[i], bytes, objects[i].len, "bit flipped in byte", offset);
        }
}

/* In storage of exactly that length, so that a sanitizer sees a read beyond it. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECTS; i++)
        for (size_t len = 0; len <= objects[i].len + 1; len++) {
            if (len == objects[i].len)
                continue;
            uint8_t *bytes = test_malloc(len > 0 ? len : 1);
            size_t copied = len < objects[i].len ? len : objects[i].len;
            memcpy(bytes, objects[i].bytes, copied);
            memset(bytes + copied, 0, len - copied);
            refuses(&objects[i], bytes, len, "length", len);
            test_free(bytes);
        }
}

static void test_points(void **state)
{
    (void)state;
    uint8_t outside1[48], outside2[96], bytes[MAX_BYTES];
    find_g1_outside(outside1);
    find_g2_outside(outside2);
    for (size_t i = 0; i < OBJECTS; i++) {
        const struct object *o = &objects[i];
        for (size_t group = 1; group <= 2; group++)
            for (size_t j = 0; j < 6; j++) {
                size_t size = group == 1 ? 48 : 96;
                size_t offset = group == 1 ? o->g1[j] : o->g2[j];
                if (offset == 0)
                    break;
                offset = at(offset);
                memcpy(bytes, o->bytes, o->len);
                memset(bytes + offset, 0, size);
                bytes[offset] = 0xc0;
                refuses(o, bytes, o->len, "O", offset);
                bytes[offset] = 0xe0;
                refuses(o, bytes, o->len, "O with a sign", offset);
                memset(bytes + offset, 0, size);
                refuses(o, bytes, o->len, "zeros", offset);
                memcpy(bytes + offset, group == 1 ? outside1 : outside2, size);
                refuses(o, bytes, o->len, "outside the subgroup", offset);
                memcpy(bytes + offset, o->bytes + offset, size);
                bytes[offset] &= 0x7f;
                refuses(o, bytes, o->len, "no compression flag", offset);
                memcpy(bytes + offset, o->bytes + offset, size);
                bytes[offset] ^= 0x20;
                refuses(o, bytes, o->len, "the other sign", offset);
                /* x + p, where it fits beside the flags */
                memcpy(bytes + offset, o->bytes + offset, size);
                uint8_t flags = bytes[offset] & 0xe0;
                bytes[offset] &= 0x1f;
                bool fits = add_be(bytes + offset, P_BYTES, 48, 0x1f);
                bytes[offset] |= flags;
                if (fits)
                    refuses(o, bytes, o->len, "coordinate not reduced", offset);
                if (size == 96) {
                    memcpy(bytes + offset, o->bytes + offset, size);
                    if (add_be(bytes + offset + 48, P_BYTES, 48, 0xff))
                        refuses(o, bytes, o->len, "c0 not reduced", offset);
                }
            }
    }
}

static void test_scalars(void **state)
{
    (void)state;
    uint8_t bytes[MAX_BYTES];
    for (size_t i = 0; i < OBJECTS; i++) {
        const struct object *o = &objects[i];
        for (size_t j = 0; j < 8 && o->scalars[j] != 0; j++) {
            size_t offset = o->scalars[j];
            memcpy(bytes, o->bytes, o->len);
            if (add_be(bytes + offset, R_BYTES, 32, 0xff))
                refuses(o, bytes, o->len, "scalar not reduced", offset);
            memcpy(bytes + offset, R_BYTES, 32);
            refuses(o, bytes, o->len, "scalar = r", offset);
            memset(bytes + offset, 0xff, 32);
            refuses(o, bytes, o->len, "scalar = 2^256 - 1", offset);
            memset(bytes + offset, 0, 32);
            refuses(o, bytes, o->len, "scalar = 0", offset);
        }
    }
}

/* Everything that an object is may be told from its header alone. */
static void test_objects_are_not_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECTS; i++)
        for (size_t type = 0; type < 256; type++) {
            uint8_t bytes[MAX_BYTES];
            if (!objects[i].has_header || type == objects[i].bytes[1])
                continue;
            memcpy(bytes, objects[i].bytes, objects[i].len);
            bytes[1] = (uint8_t)type;
            refuses(&objects[i], bytes, objects[i].len, "type", type);
        }
}

static void test_other_message(void **state)
{
    (void)state;
    struct groupsig_signature signature;
    struct groupsig_verified verified, untouched;
    uint8_t msg32[32];
    memset(&verified, 0x5a, sizeof verified);
    memcpy(&untouched, &verified, sizeof verified);
    assert_int_equal(groupsig_signature_parse(&signature, objects[0].bytes, objects[0].len),
                     GROUPSIG_OK);
    for (size_t bit = 0; bit < 256; bit++) {
        memcpy(msg32, f.msg32, 32);
        msg32[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(groupsig_verify(&f.key, &verified, &signature, msg32));
    }
    assert_memory_equal(&verified, &untouched, sizeof verified);
}

static int make_all(void **state)
{
    (void)state;
    return !fixture_make(&f) || !make_objects();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_as_made),
        cmocka_unit_test(test_every_bit_of_a_signature),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_objects_are_not_each_other),
        cmocka_unit_test(test_other_message),
    };
    return cmocka_run_group_tests(tests, make_all, NULL);
}
