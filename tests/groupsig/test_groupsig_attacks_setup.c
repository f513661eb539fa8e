/*
 * Attacks on what a group is founded on: a manager's half of the key chosen after the other's, and
 * certificates with one t. Every test has a control: the same steps with the right values succeed.
 */
#include "forge.h"
#include "groupsig/setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f, other;

/* ---- a half of the key chosen after the other's ---------------------------------------------------- */

static enum groupsig_status combine(const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                                    const uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES])
{
    static struct groupsig_group_key key;
    return groupsig_group_key_combine(&key, gm_share, rm_share);
}

static void test_rogue_rm_share(void **state)
{
    (void)state;
    const blst_scalar zero = {{0}}, xi = forge_scalar(&f.state), eta = forge_scalar(&f.state);
    const blst_p1_affine xi_U = forge_g1(&GS_U, &xi);
    const blst_p2_affine eta_H = forge_g2(GS_H, &eta);
    /* X = xi U and Y = eta H, of which the RM alone would know the logarithms */
    const blst_p1_affine rogue_X = forge_g1_sub(&xi_U, &f.key.X_G);
    const blst_p2_affine rogue_Y = forge_g2_sub(&eta_H, &f.key.Y_G);
    uint8_t share[GROUPSIG_RM_SHARE_BYTES], mixed[GROUPSIG_RM_SHARE_BYTES];

    forge_rm_share(share, f.gm_share, &xi_U, &eta_H, &xi, &eta, &f.state);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_OK); /* control */
    /* The proof made with what is known; for one half, for the other, for both. */
    forge_rm_share(share, f.gm_share, &rogue_X, &eta_H, &xi, &eta, &f.state);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_ERR_INVALID);
    forge_rm_share(share, f.gm_share, &xi_U, &rogue_Y, &xi, &eta, &f.state);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_ERR_INVALID);
    forge_rm_share(share, f.gm_share, &rogue_X, &rogue_Y, &xi, &eta, &f.state);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_ERR_INVALID);
    /* An honest proof replayed before rogue points. */
    memcpy(mixed, f.rm_share, sizeof mixed);
    blst_p1_affine_compress(mixed, &rogue_X);
    assert_int_equal(combine(f.gm_share, mixed), GROUPSIG_ERR_INVALID);
    memcpy(mixed, f.rm_share, sizeof mixed);
    blst_p2_affine_compress(mixed + 48, &rogue_Y);
    assert_int_equal(combine(f.gm_share, mixed), GROUPSIG_ERR_INVALID);
    /* The GM's own half and the answers of its proof. */
    memcpy(mixed, f.gm_share + 96, 48 + 96 + 24);
    memcpy(mixed + 168, f.gm_share + 296, 64);
    assert_int_equal(combine(f.gm_share, mixed), GROUPSIG_ERR_INVALID);
    /* The right share of another group. */
    assert_int_equal(combine(f.gm_share, other.rm_share), GROUPSIG_ERR_INVALID);

    /* X or Y = O, which takes both managers' secrets; the proof then holds, the key does not. */
    const blst_scalar minus_xi = forge_sub(&zero, &f.gm.xi);
    const blst_scalar minus_eta = forge_sub(&zero, &f.gm.eta);
    const blst_p1_affine minus_X = forge_g1(&GS_U, &minus_xi);
    const blst_p2_affine minus_Y = forge_g2(GS_H, &minus_eta);
    struct gs_gm_public gm;
    struct gs_rm_public rm;
    assert_int_equal(gs_gm_share_check(&gm, f.gm_share), GROUPSIG_OK);
    forge_rm_share(share, f.gm_share, &minus_X, &eta_H, &minus_xi, &eta, &f.state);
    assert_int_equal(gs_rm_share_check(&rm, &gm, share), GROUPSIG_OK);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_ERR_INVALID);
    forge_rm_share(share, f.gm_share, &xi_U, &minus_Y, &xi, &minus_eta, &f.state);
    assert_int_equal(gs_rm_share_check(&rm, &gm, share), GROUPSIG_OK);
    assert_int_equal(combine(f.gm_share, share), GROUPSIG_ERR_INVALID);
}

/* The GM, who is first, cannot choose again when it has seen the RM's half. */
static void test_rogue_gm_share(void **state)
{
    (void)state;
    const blst_scalar xi = forge_scalar(&f.state), eta = forge_scalar(&f.state);
    const blst_p1_affine xi_U = forge_g1(&GS_U, &xi);
    const blst_p2_affine eta_H = forge_g2(GS_H, &eta);
    const blst_p1_affine rogue_X = forge_g1_sub(&xi_U, &f.key.X_R);
    const blst_p2_affine rogue_Y = forge_g2_sub(&eta_H, &f.key.Y_R);
    uint8_t share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    struct groupsig_rm_secret rm;
    struct gs_gm_public gm;

    forge_gm_share(share, &f.key.R, &rogue_X, &f.key.Y_G, &f.gm.gamma, &xi, &f.gm.eta, &f.state);
    assert_int_equal(combine(share, f.rm_share), GROUPSIG_ERR_INVALID);
    assert_int_equal(groupsig_rm_setup(&rm, rm_share, share, &f.rng), GROUPSIG_ERR_INVALID);
    forge_gm_share(share, &f.key.R, &f.key.X_G, &rogue_Y, &f.gm.gamma, &f.gm.xi, &eta, &f.state);
    assert_int_equal(combine(share, f.rm_share), GROUPSIG_ERR_INVALID);
    assert_int_equal(groupsig_rm_setup(&rm, rm_share, share, &f.rng), GROUPSIG_ERR_INVALID);
    /* An R of which it does not know gamma: another group's issuer. */
    forge_gm_share(share, &other.key.R, &f.key.X_G, &f.key.Y_G, &f.gm.gamma, &f.gm.xi, &f.gm.eta,
                   &f.state);
    assert_int_equal(groupsig_rm_setup(&rm, rm_share, share, &f.rng), GROUPSIG_ERR_INVALID);
    /* An honest new half fits no RM's share that was made for the first. */
    forge_gm_share(share, &f.key.R, &xi_U, &eta_H, &f.gm.gamma, &xi, &eta, &f.state);
    assert_int_equal(gs_gm_share_check(&gm, share), GROUPSIG_OK);
    assert_int_equal(combine(share, f.rm_share), GROUPSIG_ERR_INVALID);
    /* Control: it fits one that is made for it. */
    assert_int_equal(groupsig_rm_setup(&rm, rm_share, share, &f.rng), GROUPSIG_OK);
    assert_int_equal(combine(share, rm_share), GROUPSIG_OK);
    groupsig_rm_secret_clear(&rm);
}

/* ---- two certificates with one t ------------------------------------------------------------------- */

static const size_t T_AT = 2 + 48; /* in a membership */

/* a (A1, x1) + (1 - a) (A2, x2): what two members who tell each other everything can compute. */
static void mix(uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES], struct groupsig_join_secret *join,
                const uint8_t first[GROUPSIG_MEMBERSHIP_BYTES],
                const uint8_t second[GROUPSIG_MEMBERSHIP_BYTES], const blst_scalar *a)
{
    const blst_scalar one = forge_number(1), b = forge_sub(&one, a);
    const blst_scalar ax = forge_mul(a, &f.members[0].join.x);
    const blst_scalar bx = forge_mul(&b, &f.members[1].join.x);
    blst_p1_affine A[2];
    assert_true(gs_g1_parse(&A[0], first + 2) && gs_g1_parse(&A[1], second + 2));
    A[0] = forge_g1(&A[0], a);
    A[1] = forge_g1(&A[1], &b);
    A[0] = forge_g1_add(&A[0], &A[1]);
    memcpy(membership, first, GROUPSIG_MEMBERSHIP_BYTES);
    blst_p1_affine_compress(membership + 2, &A[0]);
    memcpy(join->fingerprint, f.key.fingerprint, sizeof join->fingerprint);
    join->x = forge_add(&ax, &bx);
    join->C = forge_g1(GS_G, &join->x);
}

static void issue_with_t(uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
                         const struct fixture_member *member, const uint8_t t32[32])
{
    assert_int_equal(groupsig_join_issue_with_t(&f.key, membership, &f.gm, &member->request,
                                                member->nonce32, member->ctx32, t32),
                     GROUPSIG_OK);
}

/* Why t must never come twice: a registry that has forgotten the first of two certificates with one
 * t has let in a third member, whom an opening shows and whom nobody has ever seen. */
static void test_one_t_is_a_forgery_kit(void **state)
{
    (void)state;
    static struct groupsig_member_secret member;
    static struct groupsig_token token;
    const blst_scalar a = forge_scalar(&f.state);
    uint8_t first[GROUPSIG_MEMBERSHIP_BYTES], second[GROUPSIG_MEMBERSHIP_BYTES];
    uint8_t mixed[GROUPSIG_MEMBERSHIP_BYTES], bytes[GROUPSIG_SIGNATURE_BYTES], t32[32];
    struct groupsig_join_secret join;
    struct groupsig_signature parsed;
    struct groupsig_verified signature;

    issue_with_t(first, &f.members[0], f.members[0].membership + T_AT);
    issue_with_t(second, &f.members[1], f.members[0].membership + T_AT);
    mix(mixed, &join, first, second, &a);
    assert_int_equal(groupsig_join_finish(&f.key, &member, &join, mixed, sizeof mixed),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_sign(&f.key, bytes, &member, f.msg32, &f.rng), GROUPSIG_OK);
    assert_int_equal(groupsig_signature_parse(&parsed, bytes, sizeof bytes), GROUPSIG_OK);
    assert_true(groupsig_verify(&f.key, &signature, &parsed, f.msg32));
    const blst_scalar xi = forge_add(&f.gm.xi, &f.rm.xi);
    const blst_p1_affine P = forge_g1(&signature.E1, &xi);
    const blst_p1_affine opened = forge_g1_sub(&signature.E2, &P);
    assert_true(blst_p1_affine_is_equal(&opened, &join.C));
    for (size_t i = 0; i < 2; i++) {
        const blst_p2_affine xH = forge_g2(GS_H, &f.members[i].join.x);
        uint8_t token_bytes[GROUPSIG_TOKEN_BYTES];
        assert_false(blst_p1_affine_is_equal(&opened, &f.members[i].request.C));
        blst_p2_affine_compress(token_bytes, &xH);
        assert_int_equal(groupsig_token_parse(&token, token_bytes, sizeof token_bytes),
                         GROUPSIG_OK);
        assert_false(groupsig_trace(&signature, &token));
    }
    groupsig_member_secret_clear(&member);

    /* With different t, as the library draws them, the same mixture is no certificate with either,
     * nor with the mixture of both. */
    uint8_t *tries[3];
    uint8_t t_mixed[32];
    blst_scalar t[2];
    const blst_scalar one = forge_number(1), b = forge_sub(&one, &a);
    mix(mixed, &join, f.members[0].membership, f.members[1].membership, &a);
    assert_true(gs_scalar_parse(&t[0], f.members[0].membership + T_AT) &&
                gs_scalar_parse(&t[1], f.members[1].membership + T_AT));
    t[0] = forge_mul(&a, &t[0]);
    t[1] = forge_mul(&b, &t[1]);
    t[0] = forge_add(&t[0], &t[1]);
    gs_scalar_encode(t_mixed, &t[0]);
    tries[0] = f.members[0].membership + T_AT;
    tries[1] = f.members[1].membership + T_AT;
    tries[2] = t_mixed;
    for (size_t i = 0; i < 3; i++) {
        memcpy(mixed + T_AT, tries[i], 32);
        assert_int_equal(groupsig_join_finish(&f.key, &member, &join, mixed, sizeof mixed),
                         GROUPSIG_ERR_INVALID);
    }
    memcpy(t32, f.members[0].membership + T_AT, 32); /* control: a = 1 is the first's own */
    mix(mixed, &join, f.members[0].membership, f.members[1].membership, &one);
    memcpy(mixed + T_AT, t32, 32);
    assert_int_equal(groupsig_join_finish(&f.key, &member, &join, mixed, sizeof mixed),
                     GROUPSIG_OK);
    groupsig_member_secret_clear(&member);
}

static int stuck_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return 0;
}

static void issue_by(const struct groupsig_rng *rng, uint8_t out[GROUPSIG_MEMBERSHIP_BYTES],
                     const struct fixture_member *member)
{
    assert_int_equal(groupsig_join_issue(&f.key, out, &f.gm, &member->request, member->nonce32,
                                         member->ctx32, rng),
                     GROUPSIG_OK);
}

/*
 * A join that is tried again after a crash. Issuing draws a t that depends on the request and on
 * fresh bytes: a second attempt gets another t, and a generator that repeats itself gives two
 * requests two t, or one request the very same certificate. That a retry gets the stored answer and
 * that C and t are unique in the registry is the registry's: tests/workflow/test_group.c,
 * join_and_interruptions.
 */
static void test_a_join_tried_again(void **state)
{
    (void)state;
    const struct groupsig_rng stuck = {.fill = stuck_fill};
    uint8_t first[GROUPSIG_MEMBERSHIP_BYTES], second[GROUPSIG_MEMBERSHIP_BYTES];
    issue_by(&f.rng, first, &f.members[0]);
    issue_by(&f.rng, second, &f.members[0]);
    assert_memory_not_equal(first + T_AT, second + T_AT, 32);
    issue_by(&f.rng, second, &f.members[1]);
    assert_memory_not_equal(first + T_AT, second + T_AT, 32);
    issue_by(&stuck, first, &f.members[0]);
    issue_by(&stuck, second, &f.members[1]);
    assert_memory_not_equal(first + T_AT, second + T_AT, 32);
    issue_by(&stuck, second, &f.members[0]);
    assert_memory_equal(first, second, sizeof first);
    /* The process before the crash and the one after it, from the same saved state. */
    struct fixture_rng saved = f.state, again = f.state;
    const struct groupsig_rng before = {.fill = fixture_fill, .ctx = &saved};
    const struct groupsig_rng after = {.fill = fixture_fill, .ctx = &again};
    issue_by(&before, first, &f.members[0]);
    issue_by(&after, second, &f.members[1]);
    assert_memory_not_equal(first + T_AT, second + T_AT, 32);
}

static int make_groups(void **state)
{
    (void)state;
    return !fixture_make(&f) || !fixture_make(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rogue_rm_share),
        cmocka_unit_test(test_rogue_gm_share),
        cmocka_unit_test(test_one_t_is_a_forgery_kit),
        cmocka_unit_test(test_a_join_tried_again),
    };
    return cmocka_run_group_tests(tests, make_groups, NULL);
}
