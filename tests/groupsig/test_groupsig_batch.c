/* Batch verification says of every signature what verifying it alone says. */
#include "fixture.h"
#include "groupsig/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MAX_ITEMS 300
static struct fixture f;
static uint8_t bytes[MAX_ITEMS][GROUPSIG_SIGNATURE_BYTES];
static uint8_t messages[MAX_ITEMS][32];
static struct groupsig_batch_item items[MAX_ITEMS];
static struct groupsig_verified verified[MAX_ITEMS];
static struct groupsig_member_secret impostor;

/* How a signature can be bad: as bytes, in its challenge, in its pairing alone. */
enum fault { NONE, TRUNCATED, OUTSIDE, CHALLENGE, MESSAGE, CERTIFICATE, FAULTS };

static void make_item(size_t i, enum fault fault)
{
    memset(messages[i], (int)i, 32);
    const struct groupsig_member_secret *member = fault == CERTIFICATE ? &impostor
                                                                       : &f.members[i % 2].secret;
    assert_int_equal(groupsig_sign(&f.key, bytes[i], member, messages[i], &f.rng), GROUPSIG_OK);
    if (fault == OUTSIDE)
        memset(bytes[i] + 2, 0, 48);
    if (fault == CHALLENGE)
        bytes[i][250] ^= 1;
    if (fault == MESSAGE)
        messages[i][0] ^= 0x80;
    memset(&verified[i], 0x5a, sizeof verified[i]);
    items[i] = (struct groupsig_batch_item){
        .bytes = bytes[i],
        .len = fault == TRUNCATED ? GROUPSIG_SIGNATURE_BYTES - 1 : GROUPSIG_SIGNATURE_BYTES,
        .msg32 = messages[i],
        .verified = i % 3 == 2 ? NULL : &verified[i],
        .valid = fault != NONE,
    };
}

static void check_item(size_t i, enum fault fault)
{
    struct groupsig_signature signature;
    struct groupsig_verified alone, untouched;
    assert_int_equal(items[i].valid, fault == NONE);
    if (fault == NONE && i % 8 != 1)
        return; /* alone, too, only some of the good ones: they take long */
    bool valid = groupsig_signature_parse(&signature, items[i].bytes, items[i].len) ==
                     GROUPSIG_OK &&
                 groupsig_verify(&f.key, &alone, &signature, items[i].msg32);
    assert_int_equal(items[i].valid, valid);
    memset(&untouched, 0x5a, sizeof untouched);
    if (valid && items[i].verified) {
        assert_memory_equal(verified[i].hash, alone.hash, sizeof alone.hash);
        assert_memory_equal(verified[i].fingerprint, alone.fingerprint, 32);
        assert_true(blst_p1_affine_is_equal(&verified[i].T, &alone.T));
        assert_true(blst_p1_affine_is_equal(&verified[i].E2, &alone.E2));
    } else {
        assert_memory_equal(&verified[i], &untouched, sizeof untouched);
    }
}

/* count signatures of which those at the given places are bad. */
static void run(size_t count, const size_t *places, size_t bad, enum fault fault, unsigned threads)
{
    static enum fault faults[MAX_ITEMS];
    memset(faults, 0, sizeof faults);
    for (size_t i = 0; i < bad; i++)
        faults[places[i]] = fault;
    for (size_t i = 0; i < count; i++)
        make_item(i, faults[i]);
    assert_int_equal(groupsig_verify_batch(&f.key, items, count, threads, &f.rng), GROUPSIG_OK);
    for (size_t i = 0; i < count; i++)
        check_item(i, faults[i]);
}

static void test_all_good(void **state)
{
    (void)state;
    const size_t counts[] = {0, 1, 2, 3, 31, 127, 128, 129};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        run(counts[i], NULL, 0, NONE, 1);
}

static void test_every_fault_is_named(void **state)
{
    (void)state;
    const size_t places[] = {0, 5, 6, 19};
    for (int fault = TRUNCATED; fault < FAULTS; fault++)
        for (size_t bad = 1; bad <= 4; bad++)
            run(20, places, bad, (enum fault)fault, 1);
}

static void test_one_bad_anywhere(void **state)
{
    (void)state;
    for (size_t place = 0; place < 17; place++)
        run(17, &place, 1, CERTIFICATE, 1);
}

static void test_all_bad(void **state)
{
    (void)state;
    size_t places[33];
    for (size_t i = 0; i < 33; i++)
        places[i] = i;
    run(33, places, 33, CERTIFICATE, 1);
    run(1, places, 1, CERTIFICATE, 1);
}

static void test_threads(void **state)
{
    (void)state;
    const size_t places[] = {3, 130, 131, 299};
    const unsigned threads[] = {0, 2, 1000};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        run(300, places, 4, CERTIFICATE, threads[i]);
}

/* Two signatures with false certificates A + G and A - G and one r: the errors cancel in a plain
 * sum of the equations. The weights must bring them out. */
static void test_cancelling_pair(void **state)
{
    (void)state;
    struct gs_sign_nonces nonces = {.r = {{7}}, .bt = {{1}}, .br = {{2}}, .bu = {{3}}};
    struct groupsig_signature signature[2];
    blst_p1_affine A, Abar;
    for (size_t i = 0; i < 2; i++) {
        uint8_t encoded[GROUPSIG_MEMBER_SECRET_BYTES];
        struct groupsig_member_secret member;
        blst_p1 shifted;
        blst_p1_from_affine(&shifted, GS_G);
        blst_p1_cneg(&shifted, i == 1);
        blst_p1_add_or_double_affine(&shifted, &shifted, &f.members[0].secret.A);
        groupsig_member_secret_encode(&f.members[0].secret, encoded);
        blst_p1_compress(encoded + 66, &shifted);
        assert_int_equal(groupsig_member_secret_parse(&member, encoded, sizeof encoded),
                         GROUPSIG_OK);
        make_item(i, NONE);
        gs_sign_with_nonces(&f.key, bytes[i], &member, messages[i], &nonces);
        assert_int_equal(groupsig_signature_parse(&signature[i], bytes[i], sizeof bytes[i]),
                         GROUPSIG_OK);
    }
    gs_g1_add(&A, &signature[0].A, &signature[1].A);
    gs_g1_add(&Abar, &signature[0].Abar, &signature[1].Abar);
    assert_true(gs_pairing_equal(&A, f.key.R_lines, &Abar));
    assert_int_equal(groupsig_verify_batch(&f.key, items, 2, 1, &f.rng), GROUPSIG_OK);
    assert_false(items[0].valid);
    assert_false(items[1].valid);
}

static void test_failing_rng(void **state)
{
    (void)state;
    struct fixture_rng failing = f.state;
    const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &failing};
    failing.left = 0;
    make_item(0, NONE);
    make_item(1, CHALLENGE);
    assert_int_equal(groupsig_verify_batch(&f.key, items, 2, 2, &rng), GROUPSIG_ERR_RNG);
    assert_false(items[0].valid);
    assert_true(items[1].valid);
}

static int make_group(void **state)
{
    (void)state;
    /* A member key whose certificate is another member's: signs, and fails in the pairing only. */
    uint8_t encoded[2][GROUPSIG_MEMBER_SECRET_BYTES];
    if (!fixture_make(&f))
        return 1;
    groupsig_member_secret_encode(&f.members[0].secret, encoded[0]);
    groupsig_member_secret_encode(&f.members[1].secret, encoded[1]);
    memcpy(encoded[0] + 66, encoded[1] + 66, 48);
    return groupsig_member_secret_parse(&impostor, encoded[0], sizeof encoded[0]) != GROUPSIG_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_good),         cmocka_unit_test(test_every_fault_is_named),
        cmocka_unit_test(test_one_bad_anywhere), cmocka_unit_test(test_all_bad),
        cmocka_unit_test(test_threads),          cmocka_unit_test(test_cancelling_pair),
        cmocka_unit_test(test_failing_rng),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
