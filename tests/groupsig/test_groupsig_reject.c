/*
 * What every parser and verifier must refuse: each truncation and one byte more of each object, O,
 * points of small order and others outside the groups in each position, scalars and coordinates
 * that are not reduced. test_groupsig_flips.c has the single bits.
 */
#include "groupsig/internal.h"
#include "objects.h"
#include "off_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static blst_p1_affine off1[OFF_GROUP_G1];
static blst_p2_affine off2[OFF_GROUP_G2];

static size_t at(size_t offset)
{
    return offset == OBJECT_AT_0 ? 0 : offset;
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

/* A point outside the group, and it added to the right one: with a pairing, that ends in a power
 * which takes small orders away, only the test of the subgroup tells that from the right one. */
static void outside_the_group(const struct object *o, size_t group, size_t offset)
{
    uint8_t bytes[OBJECT_MAX_BYTES];
    memcpy(bytes, o->bytes, o->len);
    for (size_t i = 0; i < (group == 1 ? OFF_GROUP_G1 : OFF_GROUP_G2); i++)
        for (size_t added = 0; added < 2; added++) {
            if (group == 1) {
                blst_p1_affine point = off1[i], right;
                assert_int_equal(blst_p1_uncompress(&right, o->bytes + offset), BLST_SUCCESS);
                if (added)
                    gs_g1_add(&point, &point, &right);
                blst_p1_affine_compress(bytes + offset, &point);
            } else {
                blst_p2_affine point = off2[i], right;
                assert_int_equal(blst_p2_uncompress(&right, o->bytes + offset), BLST_SUCCESS);
                if (added)
                    gs_g2_add(&point, &point, &right);
                blst_p2_affine_compress(bytes + offset, &point);
            }
            refuses(o, bytes, o->len, added ? "with a point outside" : "outside the group", offset);
        }
}

static void test_points(void **state)
{
    (void)state;
    uint8_t bytes[OBJECT_MAX_BYTES];
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
                outside_the_group(o, group, offset);
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
    uint8_t bytes[OBJECT_MAX_BYTES];
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
            uint8_t bytes[OBJECT_MAX_BYTES];
            if (!objects[i].has_header || type == objects[i].bytes[1])
                continue;
            memcpy(bytes, objects[i].bytes, objects[i].len);
            bytes[1] = (uint8_t)type;
            refuses(&objects[i], bytes, objects[i].len, "type", type);
        }
}

static int make_all(void **state)
{
    (void)state;
    return !objects_make() || !off_group_g1(off1) || !off_group_g2(off2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_as_made),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_objects_are_not_each_other),
    };
    return cmocka_run_group_tests(tests, make_all, NULL);
}
