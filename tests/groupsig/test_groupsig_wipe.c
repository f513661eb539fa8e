/*
 * Nothing secret stays behind: each operation runs on a stack of its own, which is searched
 * afterwards for every eight bytes of its secret scalars (little- and big-endian, and in blst's
 * Montgomery form), of its nonces, and of the token. A control leaves a secret and must be found.
 */
#include "fixture.h"
#include "groupsig/internal.h"

#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STACK_BYTES (1024 * 1024)
#define FILL        0x5a

static struct fixture f;
static uint8_t *stack;
static enum groupsig_status status;

/* Results and copies of secrets live here, not on the searched stack. */
static struct groupsig_gm_secret gm;
static struct groupsig_rm_secret rm;
static struct groupsig_join_secret join;
static struct groupsig_member_secret member;
static uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES];
static const uint8_t CONTEXT[32] = {9};

/* ---- what to look for ------------------------------------------------------------------------------ */

#define MAX_WANTED 128
static struct {
    uint8_t bytes[96];
    size_t len;
    const char *name;
} wanted[MAX_WANTED];
static size_t wanted_count;

static void want(const char *name, const void *data, size_t len)
{
    assert_true(wanted_count < MAX_WANTED && len <= sizeof wanted[0].bytes);
    memcpy(wanted[wanted_count].bytes, data, len);
    wanted[wanted_count].len = len;
    wanted[wanted_count++].name = name;
}

static void want_scalar(const char *name, const blst_scalar *scalar)
{
    blst_fr montgomery;
    uint8_t big_endian[32];
    blst_fr_from_scalar(&montgomery, scalar);
    gs_scalar_encode(big_endian, scalar);
    want(name, scalar->b, 32);
    want(name, big_endian, 32);
    want(name, &montgomery, 32);
}

static const char *find_secret(void)
{
    for (size_t at = 0; at + 8 <= STACK_BYTES; at++) {
        if (stack[at] == FILL && stack[at + 7] == FILL)
            continue;
        for (size_t i = 0; i < wanted_count; i++)
            for (size_t part = 0; part + 8 <= wanted[i].len; part += 8)
                if (memcmp(stack + at, wanted[i].bytes + part, 8) == 0)
                    return wanted[i].name;
    }
    return NULL;
}

/* ---- running on a stack of our own ----------------------------------------------------------------- */

/* Puts the operation below a gap, out of reach of what the end of the thread writes. */
static void *below_gap(void *operation)
{
    uint8_t *gap = alloca(32 * 1024);
    __asm__ volatile("" : : "r"(gap) : "memory");
    void *result = (*(void *(**)(void *))operation)(NULL);
    __asm__ volatile("" : : "r"(gap) : "memory"); /* no tail call */
    return result;
}

static void run(void *(*operation)(void *))
{
    pthread_t thread;
    pthread_attr_t attributes;
    memset(stack, FILL, STACK_BYTES);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, below_gap, &operation), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void check(void *(*operation)(void *))
{
    run(operation);
    assert_int_equal(status, GROUPSIG_OK);
    const char *found = find_secret();
    if (found)
        fail_msg("%s was left on the stack", found);
}

static int forget(void **state)
{
    (void)state;
    wanted_count = 0;
    gm = f.gm;
    rm = f.rm;
    join = f.members[0].join;
    member = f.members[0].secret;
    return 0;
}

/* The nonces that the next operation will draw, from the same generator in the same state. */
static void want_nonces(const char *name, size_t count, const blst_scalar *secret,
                        const uint8_t context32[32])
{
    struct fixture_rng again = f.state;
    const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &again};
    blst_scalar drawn[4];
    assert_true(gs_nonces_draw(drawn, count, name, secret, context32, &rng));
    for (size_t i = 0; i < count; i++)
        want_scalar("a nonce", &drawn[i]);
}

/* ---- operations --------------------------------------------------------------------------------------- */

static void *do_leak(void *unused)
{
    (void)unused;
    volatile uint8_t copy[32];
    for (size_t i = 0; i < 32; i++)
        copy[i] = member.x.b[i];
    status = copy[0] == member.x.b[0] ? GROUPSIG_OK : GROUPSIG_ERR_INVALID;
    return NULL;
}

static void *do_sign(void *unused)
{
    (void)unused;
    status = groupsig_sign(&f.key, bytes, &member, f.msg32, &f.rng);
    return NULL;
}

static void *do_gm_setup(void *unused)
{
    (void)unused;
    status = groupsig_gm_setup(&gm, bytes, &f.rng);
    return NULL;
}

static void *do_rm_setup(void *unused)
{
    (void)unused;
    status = groupsig_rm_setup(&rm, bytes, f.gm_share, &f.rng);
    return NULL;
}

static void *do_join_request(void *unused)
{
    (void)unused;
    status = groupsig_join_request_make(&f.key, &join, bytes, CONTEXT, CONTEXT, &f.rng);
    return NULL;
}

static void *do_join_issue(void *unused)
{
    (void)unused;
    const struct fixture_member *m = &f.members[0];
    status = groupsig_join_issue(&f.key, bytes, &gm, &m->request, m->nonce32, m->ctx32, &f.rng);
    return NULL;
}

static void *do_join_finish(void *unused)
{
    (void)unused;
    status = groupsig_join_finish(&f.key, &member, &join, f.members[0].membership,
                                  GROUPSIG_MEMBERSHIP_BYTES);
    return NULL;
}

static void *do_open(void *unused)
{
    (void)unused;
    status = groupsig_opening_share_by_gm(&f.key, bytes, &gm, &f.signature, &f.rng);
    return NULL;
}

static void *do_reveal(void *unused)
{
    (void)unused;
    const struct fixture_member *m = &f.members[0];
    status = groupsig_reveal_share_by_rm(&f.key, bytes, &rm, &m->request, m->nonce32, m->ctx32,
                                         m->commitment, &f.rng);
    return NULL;
}

static void *do_claim(void *unused)
{
    (void)unused;
    status = groupsig_claim_make(&f.key, bytes, &member, &f.signature, CONTEXT, &f.rng);
    return NULL;
}

static void *do_parse(void *unused)
{
    (void)unused;
    status = groupsig_member_secret_parse(&member, bytes, GROUPSIG_MEMBER_SECRET_BYTES);
    return NULL;
}

/* ---- tests ----------------------------------------------------------------------------------------------- */

static void test_control(void **state)
{
    (void)state;
    want_scalar("x", &member.x);
    run(do_leak);
    assert_int_equal(status, GROUPSIG_OK);
    assert_non_null(find_secret());
}

static void test_sign(void **state)
{
    (void)state;
    uint8_t storage[96], context[32];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "NONCE-SIGN");
    gs_transcript_put(&transcript, f.key.fingerprint, 32);
    gs_transcript_put(&transcript, f.msg32, 32);
    gs_transcript_hash(&transcript, context);
    want_scalar("x", &member.x);
    want_scalar("t", &member.t);
    want_nonces("SIGN", 4, &member.x, context);
    check(do_sign);
}

static void test_setup(void **state)
{
    (void)state;
    run(do_gm_setup);
    want_scalar("gamma", &gm.gamma);
    want_scalar("xi", &gm.xi);
    want_scalar("eta", &gm.eta);
    assert_null(find_secret());
    wanted_count = 0;
    run(do_rm_setup);
    want_scalar("xi", &rm.xi);
    want_scalar("eta", &rm.eta);
    assert_null(find_secret());
}

static void test_join_request(void **state)
{
    (void)state;
    blst_p2_affine token;
    run(do_join_request);
    assert_int_equal(status, GROUPSIG_OK);
    gs_g2_mul_ct(&token, GS_H, &join.x);
    want_scalar("x", &join.x);
    want("the token's x", &token.x, 96);
    want("the token's y", &token.y, 96);
    const char *found = find_secret();
    if (found)
        fail_msg("%s was left on the stack", found);
}

static void test_join_issue(void **state)
{
    (void)state;
    want_scalar("gamma", &gm.gamma);
    check(do_join_issue);
}

static void test_join_finish(void **state)
{
    (void)state;
    want_scalar("x", &join.x);
    check(do_join_finish);
}

static void test_open(void **state)
{
    (void)state;
    want_scalar("xi", &gm.xi);
    want_nonces("OPEN", 1, &gm.xi, f.signature.hash);
    check(do_open);
}

static void test_reveal(void **state)
{
    (void)state;
    uint8_t context[32];
    blst_sha256(context, f.members[0].request.bytes, GROUPSIG_JOIN_REQUEST_BYTES);
    want_scalar("eta", &rm.eta);
    want_nonces("REVEAL", 1, &rm.eta, context);
    check(do_reveal);
}

static void test_claim(void **state)
{
    (void)state;
    want_scalar("x", &member.x);
    check(do_claim);
}

static void test_parse(void **state)
{
    (void)state;
    groupsig_member_secret_encode(&f.members[0].secret, bytes);
    want_scalar("x", &member.x);
    check(do_parse);
}

static void test_clear(void **state)
{
    (void)state;
    static const struct groupsig_gm_secret no_gm;
    static const struct groupsig_rm_secret no_rm;
    static const struct groupsig_join_secret no_join;
    static const struct groupsig_member_secret no_member;
    groupsig_gm_secret_clear(&gm);
    groupsig_rm_secret_clear(&rm);
    groupsig_join_secret_clear(&join);
    groupsig_member_secret_clear(&member);
    assert_memory_equal(&gm, &no_gm, sizeof gm);
    assert_memory_equal(&rm, &no_rm, sizeof rm);
    assert_memory_equal(&join, &no_join, sizeof join);
    assert_memory_equal(&member, &no_member, sizeof member);
    groupsig_gm_secret_clear(NULL);
    groupsig_rm_secret_clear(NULL);
    groupsig_join_secret_clear(NULL);
    groupsig_member_secret_clear(NULL);
}

static int make_group(void **state)
{
    (void)state;
    stack = aligned_alloc(4096, STACK_BYTES);
    return !stack || !fixture_make(&f);
}

static int free_stack(void **state)
{
    (void)state;
    free(stack);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_control, forget),
        cmocka_unit_test_setup(test_sign, forget),
        cmocka_unit_test_setup(test_setup, forget),
        cmocka_unit_test_setup(test_join_request, forget),
        cmocka_unit_test_setup(test_join_issue, forget),
        cmocka_unit_test_setup(test_join_finish, forget),
        cmocka_unit_test_setup(test_open, forget),
        cmocka_unit_test_setup(test_reveal, forget),
        cmocka_unit_test_setup(test_claim, forget),
        cmocka_unit_test_setup(test_parse, forget),
        cmocka_unit_test_setup(test_clear, forget),
    };
    return cmocka_run_group_tests(tests, make_group, free_stack);
}
