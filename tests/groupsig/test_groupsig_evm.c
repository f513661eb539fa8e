/* The coordinates for the contract, put together again by blst from x and y and compressed, are the
 * points of the group key and the signature. */
#include "groupsig/groupsig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A fixed stream: the test is about encodings. */
static int fill(void *ctx, uint8_t *out, size_t len)
{
    uint32_t *state = ctx;
    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525u + 1013904223u;
        out[i] = (uint8_t)(*state >> 24);
    }
    return 0;
}

static uint32_t seed = 20260131;
static const struct groupsig_rng rng = {fill, &seed};
static struct groupsig_group_key key;
static struct groupsig_member_secret member;

static int set_up(void **state)
{
    (void)state;
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    uint8_t request_bytes[GROUPSIG_JOIN_REQUEST_BYTES], membership[GROUPSIG_MEMBERSHIP_BYTES];
    const uint8_t nonce[32] = {1}, ctx[32] = {2};
    struct groupsig_join_secret join;
    struct groupsig_join_request request;
    if (groupsig_gm_setup(&gm, gm_share, &rng) != GROUPSIG_OK ||
        groupsig_rm_setup(&rm, rm_share, gm_share, &rng) != GROUPSIG_OK ||
        groupsig_group_key_combine(&key, gm_share, rm_share) != GROUPSIG_OK ||
        groupsig_join_request_make(&key, &join, request_bytes, nonce, ctx, &rng) != GROUPSIG_OK ||
        groupsig_join_request_parse(&request, request_bytes, sizeof request_bytes) != GROUPSIG_OK ||
        groupsig_join_issue(&key, membership, &gm, &request, nonce, ctx, &rng) != GROUPSIG_OK)
        return -1;
    return groupsig_join_finish(&key, &member, &join, membership, sizeof membership) == GROUPSIG_OK
               ? 0
               : -1;
}

static void assert_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], 0);
}

static void assert_g1(const uint8_t padded[128], const uint8_t compressed[48])
{
    uint8_t xy[96], again[48];
    blst_p1_affine point;
    assert_zero(padded, 16);
    assert_zero(padded + 64, 16);
    memcpy(xy, padded + 16, 48);
    memcpy(xy + 48, padded + 80, 48);
    assert_int_equal(blst_p1_deserialize(&point, xy), BLST_SUCCESS);
    blst_p1_affine_compress(again, &point);
    assert_memory_equal(again, compressed, sizeof again);
}

static void group_key_points(void **state)
{
    (void)state;
    uint8_t points[GROUPSIG_GROUP_KEY_POINTS_BYTES], bytes[GROUPSIG_GROUP_KEY_BYTES];
    groupsig_group_key_points(&key, points);
    groupsig_group_key_encode(&key, bytes);
    /* group key: header 2, R 96, X_G 48, …; X_R starts the RM share at 362 */
    assert_g1(points, bytes + 98);
    assert_g1(points + 128, bytes + 362);

    const uint8_t *r = points + 256; /* x.c0, x.c1, y.c0, y.c1 */
    uint8_t xy[192], again[96];
    blst_p2_affine point;
    for (size_t i = 0; i < 4; i++)
        assert_zero(r + 64 * i, 16);
    memcpy(xy, r + 64 + 16, 48);
    memcpy(xy + 48, r + 16, 48);
    memcpy(xy + 96, r + 192 + 16, 48);
    memcpy(xy + 144, r + 128 + 16, 48);
    assert_int_equal(blst_p2_deserialize(&point, xy), BLST_SUCCESS);
    blst_p2_affine_compress(again, &point);
    assert_memory_equal(again, bytes + 2, sizeof again);
}

static void signature_ys(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 8; i++) {
        uint8_t msg[32] = {i}, sig[GROUPSIG_SIGNATURE_BYTES], ys[GROUPSIG_SIGNATURE_YS_BYTES];
        struct groupsig_signature parsed;
        assert_int_equal(groupsig_sign(&key, sig, &member, msg, &rng), GROUPSIG_OK);
        assert_int_equal(groupsig_signature_parse(&parsed, sig, sizeof sig), GROUPSIG_OK);
        groupsig_signature_ys(&parsed, ys);
        for (size_t p = 0; p < 5; p++) {
            uint8_t padded[128] = {0};
            memcpy(padded + 16, sig + 2 + 48 * p, 48);
            padded[16] &= 0x1f; /* without the flags */
            memcpy(padded + 80, ys + 48 * p, 48);
            assert_g1(padded, sig + 2 + 48 * p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_key_points),
        cmocka_unit_test(signature_ys),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
