/*
 * Constant time. Run under valgrind, with secrets and all that the random number generator gives
 * marked as undefined: a branch or an address that depends on them is then an error of memcheck.
 * The library is a build of its own, in which gs_public marks what may be known. The controls use
 * secrets in ways that memcheck must notice; if it does not, the test fails.
 * ctime.supp has the three branches of blst that are never taken, with reasons.
 */
#include "fixture.h"
#include "groupsig/classic.h"
#include "groupsig/internal.h"
#include "groupsig/multiples.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

static struct fixture f;

static void make_secret(void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

static void make_public(void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(data, len);
}

static int secret_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    fixture_fill(&f.state, out, len);
    make_secret(out, len);
    return 0;
}

static const struct groupsig_rng rng = {.fill = secret_fill};

static unsigned long errors_before;

static int start(void **state)
{
    (void)state;
    errors_before = VALGRIND_COUNT_ERRORS;
    return 0;
}

static void assert_quiet(void)
{
    if (!RUNNING_ON_VALGRIND)
        skip();
    assert_int_equal(VALGRIND_COUNT_ERRORS - errors_before, 0);
}

static void assert_noticed(void)
{
    if (!RUNNING_ON_VALGRIND)
        skip();
    assert_true(VALGRIND_COUNT_ERRORS > errors_before);
}

static void poison_member(struct groupsig_member_secret *member)
{
    make_secret(&member->x, sizeof member->x);
    make_secret(&member->t, sizeof member->t);
    make_secret(&member->A, sizeof member->A);
    make_secret(&member->A_comb, sizeof member->A_comb);
    make_secret(&member->C, sizeof member->C);
}

static void test_setup(void **state)
{
    (void)state;
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    enum groupsig_status status = groupsig_gm_setup(&gm, gm_share, &rng);
    make_public(gm_share, sizeof gm_share);
    assert_int_equal(status, GROUPSIG_OK);
    status = groupsig_rm_setup(&rm, rm_share, gm_share, &rng);
    assert_int_equal(status, GROUPSIG_OK);
    assert_quiet();
}

static void test_join_request(void **state)
{
    (void)state;
    struct groupsig_join_secret secret;
    uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES];
    assert_int_equal(groupsig_join_request_make(&f.key, &secret, request, f.msg32, f.msg32, &rng),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_join_issue(void **state)
{
    (void)state;
    const struct fixture_member *member = &f.members[0];
    struct groupsig_gm_secret gm = f.gm;
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    make_secret(&gm.gamma, sizeof gm.gamma);
    assert_int_equal(groupsig_join_issue(&f.key, membership, &gm, &member->request, member->nonce32,
                                         member->ctx32, &rng),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_join_finish(void **state)
{
    (void)state;
    struct groupsig_join_secret secret = f.members[0].join;
    struct groupsig_member_secret member;
    make_secret(&secret.x, sizeof secret.x);
    assert_int_equal(groupsig_join_finish(&f.key, &member, &secret, f.members[0].membership,
                                          GROUPSIG_MEMBERSHIP_BYTES),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_sign(void **state)
{
    (void)state;
    static struct groupsig_member_secret member;
    uint8_t signature[GROUPSIG_SIGNATURE_BYTES];
    struct groupsig_signature parsed;
    member = f.members[0].secret;
    poison_member(&member);
    assert_int_equal(groupsig_sign(&f.key, signature, &member, f.msg32, &rng), GROUPSIG_OK);
    assert_quiet();
    make_public(signature, sizeof signature);
    assert_int_equal(groupsig_signature_parse(&parsed, signature, sizeof signature), GROUPSIG_OK);
    assert_true(groupsig_verify(&f.key, NULL, &parsed, f.msg32));
}

static void test_open(void **state)
{
    (void)state;
    struct groupsig_gm_secret gm = f.gm;
    struct groupsig_rm_secret rm = f.rm;
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    make_secret(&gm.xi, sizeof gm.xi);
    make_secret(&rm.xi, sizeof rm.xi);
    assert_int_equal(groupsig_opening_share_by_gm(&f.key, share, &gm, &f.signature, &rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, share, &rm, &f.signature, &rng),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_reveal(void **state)
{
    (void)state;
    const struct fixture_member *member = &f.members[0];
    struct groupsig_gm_secret gm = f.gm;
    struct groupsig_rm_secret rm = f.rm;
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES];
    make_secret(&gm.eta, sizeof gm.eta);
    make_secret(&rm.eta, sizeof rm.eta);
    assert_int_equal(groupsig_reveal_share_by_gm(&f.key, share, &gm, &member->request,
                                                 member->nonce32, member->ctx32, member->commitment,
                                                 &rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_by_rm(&f.key, share, &rm, &member->request,
                                                 member->nonce32, member->ctx32, member->commitment,
                                                 &rng),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_claim_and_link(void **state)
{
    (void)state;
    static struct groupsig_member_secret member;
    struct groupsig_verified signatures[2] = {f.signature};
    uint8_t proof[GROUPSIG_CLAIM_BYTES], bytes[GROUPSIG_SIGNATURE_BYTES];
    assert_true(fixture_sign(&f, 0, f.members[0].nonce32, bytes, &signatures[1]));
    member = f.members[0].secret;
    poison_member(&member);
    assert_int_equal(groupsig_claim_make(&f.key, proof, &member, &f.signature, f.msg32, &rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_link_make(&f.key, proof, &member, signatures, 2, f.msg32, &rng),
                     GROUPSIG_OK);
    assert_quiet();
}

static void test_secrets_to_bytes_and_back(void **state)
{
    (void)state;
    uint8_t gm_bytes[GROUPSIG_GM_SECRET_BYTES], rm_bytes[GROUPSIG_RM_SECRET_BYTES];
    uint8_t join_bytes[GROUPSIG_JOIN_SECRET_BYTES], member_bytes[GROUPSIG_MEMBER_SECRET_BYTES];
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    struct groupsig_join_secret join;
    struct groupsig_member_secret member;
    groupsig_gm_secret_encode(&f.gm, gm_bytes);
    groupsig_rm_secret_encode(&f.rm, rm_bytes);
    groupsig_join_secret_encode(&f.members[0].join, join_bytes);
    groupsig_member_secret_encode(&f.members[0].secret, member_bytes);
    make_secret(gm_bytes + 2, 96);
    make_secret(rm_bytes + 2, 64);
    make_secret(join_bytes + 34, 32);
    make_secret(member_bytes + 34, 32);
    make_secret(member_bytes + 114, 32);
    assert_int_equal(groupsig_gm_secret_parse(&gm, gm_bytes, sizeof gm_bytes), GROUPSIG_OK);
    assert_int_equal(groupsig_rm_secret_parse(&rm, rm_bytes, sizeof rm_bytes), GROUPSIG_OK);
    assert_int_equal(groupsig_join_secret_parse(&join, join_bytes, sizeof join_bytes), GROUPSIG_OK);
    assert_int_equal(groupsig_member_secret_parse(&member, member_bytes, sizeof member_bytes),
                     GROUPSIG_OK);
    groupsig_member_secret_encode(&member, member_bytes);
    assert_quiet();
}

/* The classic profile: sign, open, claim with the keys of pygroupsig's vectors. */
static void test_classic(void **state)
{
    (void)state;
    char *argv[] = {NULL};
    static struct groupsig_classic_group_key key;
    struct groupsig_classic_manager_key manager;
    struct groupsig_classic_member_key member;
    struct groupsig_classic_signature signature;
    struct groupsig_classic_verified verified;
    uint8_t share[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES];
    char claim[GROUPSIG_CLASSIC_CLAIM_TEXT + 1];
    const uint8_t message[] = {1, 2, 3};
    json_object *vectors = vectors_load(1, argv, "pygroupsig-cpy06.json");
    assert_non_null(vectors);
    json_object *group = json_object_array_get_idx(vectors_get_array(vectors, "groups"), 0);
    json_object *entry = json_object_array_get_idx(vectors_get_array(group, "members"), 0);
    size_t len;
    const char *text = vectors_get_text(group, "group_key_b64", &len);
    assert_int_equal(groupsig_classic_group_key_parse(&key, text, len), GROUPSIG_OK);
    text = vectors_get_text(group, "manager_key_b64", &len);
    assert_int_equal(groupsig_classic_manager_key_parse(&manager, text, len), GROUPSIG_OK);
    text = vectors_get_text(entry, "member_key_b64", &len);
    assert_int_equal(groupsig_classic_member_key_parse(&key, &member, text, len), GROUPSIG_OK);
    json_object_put(vectors);
    make_secret(&manager.xi1, sizeof manager.xi1);
    make_secret(&manager.xi2, sizeof manager.xi2);
    make_secret(&member, sizeof member);
    assert_int_equal(
        groupsig_classic_sign(&key, &signature, &member, message, sizeof message, &rng),
        GROUPSIG_OK);
    make_public(&signature, sizeof signature);
    assert_true(groupsig_classic_verify(&key, &verified, &signature, message, sizeof message));
    assert_int_equal(groupsig_classic_opening_share_make(&key, share, &manager, &verified, &rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_classic_claim_make(claim, &member, &verified, &rng), GROUPSIG_OK);
    assert_quiet();
}

/* A branch on a bit of a secret. */
static void test_control_branch(void **state)
{
    (void)state;
    volatile int taken = 0;
    blst_scalar x = f.members[0].secret.x;
    make_secret(&x, sizeof x);
    if (x.b[7] & 1)
        taken = 1;
    (void)taken;
    assert_noticed();
}

/* The library's own variable-time multiplication, given a secret. */
static void test_control_variable_time(void **state)
{
    (void)state;
    blst_p1_affine out;
    blst_scalar x = f.members[0].secret.x;
    make_secret(&x, sizeof x);
    gs_g1_commitment_vt(&out, &x, GS_G, &f.members[0].secret.t, &GS_U);
    assert_noticed();
}

/* A secret picks the entry of a table. */
static void test_control_lookup(void **state)
{
    (void)state;
    blst_scalar r = f.members[0].secret.x;
    make_secret(&r, sizeof r);
    volatile uint64_t word = GS_Q_COMB.row[0][r.b[0] & 15].x.l[0];
    (void)word;
    assert_noticed();
}

static int make_group(void **state)
{
    (void)state;
    if (!RUNNING_ON_VALGRIND)
        printf("# not under valgrind: every test is skipped\n");
    return !fixture_make(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_setup, start),
        cmocka_unit_test_setup(test_join_request, start),
        cmocka_unit_test_setup(test_join_issue, start),
        cmocka_unit_test_setup(test_join_finish, start),
        cmocka_unit_test_setup(test_sign, start),
        cmocka_unit_test_setup(test_open, start),
        cmocka_unit_test_setup(test_reveal, start),
        cmocka_unit_test_setup(test_claim_and_link, start),
        cmocka_unit_test_setup(test_secrets_to_bytes_and_back, start),
        cmocka_unit_test_setup(test_classic, start),
        cmocka_unit_test_setup(test_control_branch, start),
        cmocka_unit_test_setup(test_control_variable_time, start),
        cmocka_unit_test_setup(test_control_lookup, start),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
