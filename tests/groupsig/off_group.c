/* See off_group.h. */
#include "off_group.h"

#include <stdint.h>
#include <string.h>

/*
 * The curves have h r points, with the cofactors h1 = 3 11^2 10177^2 859267^2 52437899^2 and
 * h2 = 13^2 23^2 2713 11953 262069 (and a prime of 136 bits). h r / l^e times a point, l^e being
 * all of l in h, has an order that divides l^e.
 */
struct multiplier {
    unsigned order;  /* l */
    const char *hex; /* h r / l^e */
};
static const struct multiplier g1_multipliers[] = {
    {3, "08ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaad955"
        "555555558e39"},
    {11, "3704612471307385e8f4b11c0f6f71e98ebcebf11641bde11e05f8de12635b461258dc05b269c8ff0a94"
         "1963702343"},
    {10177, "04365bf803428bdeec60fd2e926108ec4349c3ed6101355fc141ebb62934a3754bcaa7f4893a24a99528"
            "dca02b"},
};
static const struct multiplier g2_multipliers[] = {
    {13, "04005449cda731a7136c440a0c65b728ba1c1fa6b6708356f3b9bdc84396cab33907d71557a7d33677f5"
         "d45f7cedb8cfdac10ff1fc5b48d6461e907737d78e96568f2d18c750b4b3ca5c33c3fd8ff8a706298882"
         "81914529f4e3380941cfdd"},
    {23, "01473e413236dd889cb5381880d0a576821c578a6e8c7952f26668aaed6d2623f6a2afa96b5e43f5d126"
         "da598b99dbb518655c33a8b236b990d5fbd2d9b42b21fe9e0346d3c23104b06fb96e09de2555c861790a"
         "3cc012b5540aa5804bb595"},
    {2713, "3fcee61e74c25c987842842a1a26de4d74f74f14543213da8777344b8bfcf67fd34a2a90a45b3170df91"
           "252e784da8bcaa5cfea7bc15ce204c72df226dc50975962d2d53a875b1ef426ad51a2cbb2185cf414efe"
           "8a6ae0d520ee8ae8bc2d"},
};
_Static_assert(sizeof g1_multipliers / sizeof g1_multipliers[0] == OFF_GROUP_G1 - 1, "G1");
_Static_assert(sizeof g2_multipliers / sizeof g2_multipliers[0] == OFF_GROUP_G2 - 1, "G2");

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* blst multiplies only by scalars, of points of the group: double and add. */
static void g1_multiply(blst_p1 *point, const char *hex)
{
    const blst_p1 base = *point;
    memset(point, 0, sizeof *point);
    for (; *hex; hex++)
        for (unsigned bit = 4; bit-- > 0;) {
            blst_p1_double(point, point);
            if (nibble(*hex) >> bit & 1)
                blst_p1_add_or_double(point, point, &base);
        }
}

static void g2_multiply(blst_p2 *point, const char *hex)
{
    const blst_p2 base = *point;
    memset(point, 0, sizeof *point);
    for (; *hex; hex++)
        for (unsigned bit = 4; bit-- > 0;) {
            blst_p2_double(point, point);
            if (nibble(*hex) >> bit & 1)
                blst_p2_add_or_double(point, point, &base);
        }
}

static blst_p1 g1_times(const blst_p1 *point, unsigned k)
{
    blst_p1 sum = {0};
    while (k-- > 0)
        blst_p1_add_or_double(&sum, &sum, point);
    return sum;
}

static blst_p2 g2_times(const blst_p2 *point, unsigned k)
{
    blst_p2 sum = {0};
    while (k-- > 0)
        blst_p2_add_or_double(&sum, &sum, point);
    return sum;
}

/* The next point of the curve, by x; it is not in the group. */
static bool next_g1(blst_p1 *out, uint8_t *x)
{
    blst_p1_affine point;
    uint8_t bytes[48] = {0x80};
    while (++*x != 0) {
        bytes[47] = *x;
        if (blst_p1_uncompress(&point, bytes) == BLST_SUCCESS && !blst_p1_affine_in_g1(&point)) {
            blst_p1_from_affine(out, &point);
            return true;
        }
    }
    return false;
}

static bool next_g2(blst_p2 *out, uint8_t *x)
{
    blst_p2_affine point;
    uint8_t bytes[96] = {0x80};
    while (++*x != 0) {
        bytes[95] = *x;
        if (blst_p2_uncompress(&point, bytes) == BLST_SUCCESS && !blst_p2_affine_in_g2(&point)) {
            blst_p2_from_affine(out, &point);
            return true;
        }
    }
    return false;
}

bool off_group_g1(blst_p1_affine out[OFF_GROUP_G1])
{
    uint8_t x = 0;
    blst_p1 point, next;
    for (size_t i = 0; i < OFF_GROUP_G1 - 1; i++) {
        const unsigned order = g1_multipliers[i].order;
        do {
            if (!next_g1(&point, &x))
                return false;
            g1_multiply(&point, g1_multipliers[i].hex);
        } while (blst_p1_is_inf(&point));
        for (next = g1_times(&point, order); !blst_p1_is_inf(&next); next = g1_times(&point, order))
            point = next; /* the order was l^2 */
        blst_p1_to_affine(&out[i], &point);
        if (!blst_p1_affine_on_curve(&out[i]) || blst_p1_affine_in_g1(&out[i]))
            return false;
    }
    if (!next_g1(&point, &x))
        return false;
    blst_p1_to_affine(&out[OFF_GROUP_G1 - 1], &point);
    return true;
}

bool off_group_g2(blst_p2_affine out[OFF_GROUP_G2])
{
    uint8_t x = 0;
    blst_p2 point, next;
    for (size_t i = 0; i < OFF_GROUP_G2 - 1; i++) {
        const unsigned order = g2_multipliers[i].order;
        do {
            if (!next_g2(&point, &x))
                return false;
            g2_multiply(&point, g2_multipliers[i].hex);
        } while (blst_p2_is_inf(&point));
        for (next = g2_times(&point, order); !blst_p2_is_inf(&next); next = g2_times(&point, order))
            point = next;
        blst_p2_to_affine(&out[i], &point);
        if (!blst_p2_affine_on_curve(&out[i]) || blst_p2_affine_in_g2(&out[i]))
            return false;
    }
    if (!next_g2(&point, &x))
        return false;
    blst_p2_to_affine(&out[OFF_GROUP_G2 - 1], &point);
    return true;
}
