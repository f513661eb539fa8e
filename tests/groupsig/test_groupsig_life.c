/* The whole life of a signature with random keys, and who may do what with whose objects. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f, other;

static void open_signature(const struct groupsig_verified *signature,
                           uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    uint8_t gm_bytes[GROUPSIG_OPENING_SHARE_BYTES], rm_bytes[GROUPSIG_OPENING_SHARE_BYTES];
    struct groupsig_opening_share gm_share, rm_share;
    bool valid = false;
    assert_int_equal(groupsig_opening_share_by_gm(&f.key, gm_bytes, &f.gm, signature, &f.rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, rm_bytes, &f.rm, signature, &f.rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_opening_share_check(&f.key, &valid, &gm_share, gm_bytes,
                                                  sizeof gm_bytes, signature),
                     GROUPSIG_OK);
    assert_true(valid);
    valid = false;
    assert_int_equal(groupsig_opening_share_check(&f.key, &valid, &rm_share, rm_bytes,
                                                  sizeof rm_bytes, signature),
                     GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_open_combine(&f.key, commitment, &gm_share, &rm_share, signature),
                     GROUPSIG_OK);
    /* Two shares of one manager do not open. */
    assert_int_equal(groupsig_open_combine(&f.key, commitment, &gm_share, &gm_share, signature),
                     GROUPSIG_ERR_MISMATCH);
}

static void reveal_token(const struct fixture_member *member, uint8_t token[GROUPSIG_TOKEN_BYTES])
{
    uint8_t gm_bytes[GROUPSIG_REVEAL_SHARE_BYTES], rm_bytes[GROUPSIG_REVEAL_SHARE_BYTES];
    struct groupsig_reveal_share gm_share, rm_share;
    bool valid = false;
    assert_int_equal(groupsig_reveal_share_by_gm(&f.key, gm_bytes, &f.gm, &member->request,
                                                 member->nonce32, member->ctx32, member->commitment,
                                                 &f.rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_by_rm(&f.key, rm_bytes, &f.rm, &member->request,
                                                 member->nonce32, member->ctx32, member->commitment,
                                                 &f.rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_check(&f.key, &valid, &gm_share, gm_bytes,
                                                 sizeof gm_bytes, &member->request),
                     GROUPSIG_OK);
    assert_true(valid);
    valid = false;
    assert_int_equal(groupsig_reveal_share_check(&f.key, &valid, &rm_share, rm_bytes,
                                                 sizeof rm_bytes, &member->request),
                     GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_reveal_combine(&f.key, token, &gm_share, &rm_share, &member->request),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_combine(&f.key, token, &rm_share, &gm_share, &member->request),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(
        groupsig_reveal_combine(&other.key, token, &gm_share, &rm_share, &member->request),
        GROUPSIG_ERR_MISMATCH);
}

static void test_open_names_the_signer(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], commitment[GROUPSIG_COMMITMENT_BYTES];
        struct groupsig_verified signature;
        assert_true(fixture_sign(&f, i, f.msg32, bytes, &signature));
        open_signature(&signature, commitment);
        assert_memory_equal(commitment, f.members[i].commitment, sizeof commitment);
    }
}

static void test_token_traces_its_member_only(void **state)
{
    (void)state;
    static struct groupsig_token token;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[GROUPSIG_TOKEN_BYTES];
        bool valid = false;
        reveal_token(&f.members[i], bytes);
        assert_int_equal(groupsig_token_parse(&token, bytes, sizeof bytes), GROUPSIG_OK);
        for (size_t j = 0; j < 2; j++) {
            uint8_t signature_bytes[GROUPSIG_SIGNATURE_BYTES];
            struct groupsig_verified signature;
            assert_true(fixture_sign(&f, j, f.msg32, signature_bytes, &signature));
            assert_int_equal(groupsig_trace(&signature, &token), i == j);
            assert_int_equal(groupsig_token_verify(&valid, &token, f.members[j].commitment),
                             GROUPSIG_OK);
            assert_int_equal(valid, i == j);
        }
    }
}

static void test_token_lists(void **state)
{
    (void)state;
    static struct groupsig_token tokens[3];
    uint8_t bytes[2][GROUPSIG_TOKEN_BYTES];
    struct groupsig_verified signatures[2];
    for (size_t i = 0; i < 2; i++) {
        uint8_t signature_bytes[GROUPSIG_SIGNATURE_BYTES];
        reveal_token(&f.members[i], bytes[i]);
        assert_true(fixture_sign(&f, i, f.msg32, signature_bytes, &signatures[i]));
    }
    size_t index = 77;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(groupsig_token_parse(&tokens[i], bytes[i > 0], GROUPSIG_TOKEN_BYTES),
                         GROUPSIG_OK);
    assert_false(groupsig_trace_list(&index, &signatures[0], tokens, 0));
    assert_false(groupsig_trace_list(&index, &signatures[0], tokens + 1, 2));
    assert_false(groupsig_trace_list(&index, &signatures[1], tokens, 1));
    assert_int_equal(index, 77);
    assert_true(groupsig_trace_list(&index, &signatures[0], tokens, 3));
    assert_int_equal(index, 0);
    assert_true(groupsig_trace_list(&index, &signatures[1], tokens, 3));
    assert_int_equal(index, 1);
    assert_true(groupsig_trace_list(NULL, &signatures[1], tokens, 3));
}

static void test_reveal_is_no_decryption_oracle(void **state)
{
    (void)state;
    const struct fixture_member *member = &f.members[0];
    uint8_t bytes[GROUPSIG_REVEAL_SHARE_BYTES], untouched[GROUPSIG_REVEAL_SHARE_BYTES];
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(untouched, bytes, sizeof bytes);
    /* Another member's opened commitment. */
    assert_int_equal(groupsig_reveal_share_by_rm(&f.key, bytes, &f.rm, &member->request,
                                                 member->nonce32, member->ctx32,
                                                 f.members[1].commitment, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    /* The right commitment before another member's ciphertext. */
    uint8_t forged[GROUPSIG_JOIN_REQUEST_BYTES];
    struct groupsig_join_request request;
    memcpy(forged, member->request_bytes, sizeof forged);
    memcpy(forged + 50, f.members[1].request_bytes + 50, 192);
    assert_int_equal(groupsig_join_request_parse(&request, forged, sizeof forged), GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_by_rm(&f.key, bytes, &f.rm, &request, member->nonce32,
                                                 member->ctx32, member->commitment, &f.rng),
                     GROUPSIG_ERR_INVALID);
    /* Another statement. */
    assert_int_equal(groupsig_reveal_share_by_gm(&f.key, bytes, &f.gm, &member->request,
                                                 member->nonce32, f.members[1].ctx32,
                                                 member->commitment, &f.rng),
                     GROUPSIG_ERR_INVALID);
    assert_memory_equal(bytes, untouched, sizeof bytes);
}

static void test_claim(void **state)
{
    (void)state;
    uint8_t claim[GROUPSIG_CLAIM_BYTES], ctx32[32] = {1};
    bool valid = false;
    assert_int_equal(
        groupsig_claim_make(&f.key, claim, &f.members[0].secret, &f.signature, ctx32, &f.rng),
        GROUPSIG_OK);
    assert_int_equal(
        groupsig_claim_verify(&f.key, &valid, claim, sizeof claim, &f.signature, ctx32),
        GROUPSIG_OK);
    assert_true(valid);
    ctx32[0] = 2;
    assert_int_equal(
        groupsig_claim_verify(&f.key, &valid, claim, sizeof claim, &f.signature, ctx32),
        GROUPSIG_OK);
    assert_false(valid);
    assert_int_equal(
        groupsig_claim_make(&f.key, claim, &f.members[1].secret, &f.signature, ctx32, &f.rng),
        GROUPSIG_ERR_NOT_OWN);
}

static void test_link(void **state)
{
    (void)state;
    static struct groupsig_verified signatures[GROUPSIG_LINK_MAX + 1];
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], link[GROUPSIG_LINK_BYTES];
    const uint8_t ctx32[32] = {7};
    bool valid = false;
    for (size_t i = 0; i <= GROUPSIG_LINK_MAX; i++)
        assert_true(fixture_sign(&f, 0, f.msg32, bytes, &signatures[i]));
    const size_t counts[] = {2, 3, GROUPSIG_LINK_MAX};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(groupsig_link_make(&f.key, link, &f.members[0].secret, signatures,
                                            counts[i], ctx32, &f.rng),
                         GROUPSIG_OK);
        assert_int_equal(
            groupsig_link_verify(&f.key, &valid, link, sizeof link, signatures, counts[i], ctx32),
            GROUPSIG_OK);
        assert_true(valid);
        /* One fewer is another statement. */
        if (counts[i] > 2) {
            assert_int_equal(groupsig_link_verify(&f.key, &valid, link, sizeof link, signatures,
                                                  counts[i] - 1, ctx32),
                             GROUPSIG_OK);
            assert_false(valid);
        }
    }
    const size_t bad_counts[] = {0, 1, GROUPSIG_LINK_MAX + 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(groupsig_link_make(&f.key, link, &f.members[0].secret, signatures,
                                            bad_counts[i], ctx32, &f.rng),
                         GROUPSIG_ERR_LIMIT);
        assert_int_equal(groupsig_link_verify(&f.key, &valid, link, sizeof link, signatures,
                                              bad_counts[i], ctx32),
                         GROUPSIG_ERR_LIMIT);
    }
    /* One twice; one of somebody else. */
    signatures[2] = signatures[0];
    assert_int_equal(
        groupsig_link_make(&f.key, link, &f.members[0].secret, signatures, 3, ctx32, &f.rng),
        GROUPSIG_ERR_LIMIT);
    assert_true(fixture_sign(&f, 1, f.msg32, bytes, &signatures[2]));
    assert_int_equal(
        groupsig_link_make(&f.key, link, &f.members[0].secret, signatures, 3, ctx32, &f.rng),
        GROUPSIG_ERR_NOT_OWN);
}

static void test_other_group(void **state)
{
    (void)state;
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES], untouched[GROUPSIG_GROUP_KEY_BYTES];
    const uint8_t ctx32[32] = {0};
    const struct fixture_member *member = &other.members[0];
    struct groupsig_member_secret secret;
    struct groupsig_signature parsed;
    bool valid = false;
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(untouched, bytes, sizeof bytes);

    assert_int_equal(
        groupsig_signature_parse(&parsed, other.signature_bytes, GROUPSIG_SIGNATURE_BYTES),
        GROUPSIG_OK);
    assert_false(groupsig_verify(&f.key, NULL, &parsed, other.msg32));
    assert_int_equal(groupsig_sign(&f.key, bytes, &member->secret, f.msg32, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_join_issue(&f.key, bytes, &other.gm, &f.members[0].request,
                                         f.members[0].nonce32, f.members[0].ctx32, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_join_issue(&f.key, bytes, &f.gm, &member->request, member->nonce32,
                                         member->ctx32, &f.rng),
                     GROUPSIG_ERR_INVALID);
    assert_int_equal(groupsig_join_finish(&f.key, &secret, &member->join, member->membership,
                                          GROUPSIG_MEMBERSHIP_BYTES),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_join_finish(&f.key, &secret, &f.members[0].join, member->membership,
                                          GROUPSIG_MEMBERSHIP_BYTES),
                     GROUPSIG_ERR_INVALID);
    assert_int_equal(groupsig_opening_share_by_gm(&f.key, bytes, &other.gm, &f.signature, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, bytes, &other.rm, &f.signature, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, bytes, &f.rm, &other.signature, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_reveal_share_by_rm(&f.key, bytes, &other.rm, &f.members[0].request,
                                                 f.members[0].nonce32, f.members[0].ctx32,
                                                 f.members[0].commitment, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(
        groupsig_claim_make(&f.key, bytes, &f.members[0].secret, &other.signature, ctx32, &f.rng),
        GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_membership_verify(&f.key, &valid, member->membership,
                                                GROUPSIG_MEMBERSHIP_BYTES, member->commitment),
                     GROUPSIG_OK);
    assert_false(valid);
    assert_int_equal(groupsig_membership_verify(&f.key, &valid, f.members[0].membership,
                                                GROUPSIG_MEMBERSHIP_BYTES, f.members[0].commitment),
                     GROUPSIG_OK);
    assert_true(valid);
    assert_memory_equal(bytes, untouched, sizeof bytes);

    /* The RM's share is bound to the GM's. */
    struct groupsig_group_key key;
    assert_int_equal(groupsig_group_key_combine(&key, f.gm_share, other.rm_share),
                     GROUPSIG_ERR_INVALID);
}

/* The generator fails at every call in turn: the status says so and nothing is written. */
static void test_failing_rng(void **state)
{
    (void)state;
    struct fixture_rng failing = f.state;
    const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &failing};
    const struct fixture_member *member = &f.members[0];
    const uint8_t ctx32[32] = {0};
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES], untouched[GROUPSIG_GROUP_KEY_BYTES];
    struct groupsig_gm_secret gm, gm_untouched;
    struct groupsig_rm_secret rm, rm_untouched;
    struct groupsig_join_secret join, join_untouched;
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(untouched, bytes, sizeof bytes);
    memset(&gm, 0x5a, sizeof gm);
    memcpy(&gm_untouched, &gm, sizeof gm);
    memset(&rm, 0x5a, sizeof rm);
    memcpy(&rm_untouched, &rm, sizeof rm);
    memset(&join, 0x5a, sizeof join);
    memcpy(&join_untouched, &join, sizeof join);
#define FAILS(after, call)                                                                         \
    do {                                                                                           \
        failing.left = (after);                                                                    \
        assert_int_equal((call), GROUPSIG_ERR_RNG);                                                \
        assert_memory_equal(bytes, untouched, sizeof bytes);                                       \
    } while (0)
    for (long after = 0; after < 4; after++)
        FAILS(after, groupsig_gm_setup(&gm, bytes, &rng));
    for (long after = 0; after < 3; after++)
        FAILS(after, groupsig_rm_setup(&rm, bytes, f.gm_share, &rng));
    for (long after = 0; after < 2; after++)
        FAILS(after, groupsig_join_request_make(&f.key, &join, bytes, ctx32, ctx32, &rng));
    FAILS(0, groupsig_join_issue(&f.key, bytes, &f.gm, &member->request, member->nonce32,
                                 member->ctx32, &rng));
    FAILS(0, groupsig_sign(&f.key, bytes, &member->secret, f.msg32, &rng));
    FAILS(0, groupsig_opening_share_by_gm(&f.key, bytes, &f.gm, &f.signature, &rng));
    FAILS(0, groupsig_opening_share_by_rm(&f.key, bytes, &f.rm, &f.signature, &rng));
    FAILS(0, groupsig_reveal_share_by_gm(&f.key, bytes, &f.gm, &member->request, member->nonce32,
                                         member->ctx32, member->commitment, &rng));
    FAILS(0, groupsig_claim_make(&f.key, bytes, &member->secret, &f.signature, ctx32, &rng));
#undef FAILS
    assert_memory_equal(&gm, &gm_untouched, sizeof gm);
    assert_memory_equal(&rm, &rm_untouched, sizeof rm);
    assert_memory_equal(&join, &join_untouched, sizeof join);
}

static int stuck_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return 0;
}

/* A generator stuck at zero still gives different nonces to different messages and different
 * members (else two signatures with one r give the key away), and one that works gives different
 * signatures of one message. */
static void test_hedged_nonces(void **state)
{
    (void)state;
    const struct groupsig_rng stuck = {.fill = stuck_fill};
    uint8_t a[GROUPSIG_SIGNATURE_BYTES], b[GROUPSIG_SIGNATURE_BYTES], msg32[32];
    const size_t E1 = 2 + 2 * 48; /* U / r */
    memcpy(msg32, f.msg32, 32);
    assert_int_equal(groupsig_sign(&f.key, a, &f.members[0].secret, msg32, &stuck), GROUPSIG_OK);
    msg32[31] ^= 1;
    assert_int_equal(groupsig_sign(&f.key, b, &f.members[0].secret, msg32, &stuck), GROUPSIG_OK);
    assert_memory_not_equal(a + E1, b + E1, 48);
    assert_int_equal(groupsig_sign(&f.key, a, &f.members[1].secret, msg32, &stuck), GROUPSIG_OK);
    assert_memory_not_equal(a + E1, b + E1, 48);
    assert_int_equal(groupsig_sign(&f.key, a, &f.members[0].secret, msg32, &f.rng), GROUPSIG_OK);
    assert_memory_not_equal(a + E1, b + E1, 48);
    assert_int_equal(groupsig_sign(&f.key, b, &f.members[0].secret, msg32, &f.rng), GROUPSIG_OK);
    assert_memory_not_equal(a + E1, b + E1, 48);
}

static void test_issue_with_given_t(void **state)
{
    (void)state;
    const struct fixture_member *member = &f.members[0];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    struct groupsig_member_secret secret;
    /* The t that the other path drew gives the same certificate. */
    assert_int_equal(groupsig_join_issue_with_t(&f.key, membership, &f.gm, &member->request,
                                                member->nonce32, member->ctx32,
                                                member->membership + 50),
                     GROUPSIG_OK);
    assert_memory_equal(membership, member->membership, sizeof membership);
    /* gamma + t = 0 has no certificate; t >= r is not a scalar. */
    uint8_t encoded[GROUPSIG_GM_SECRET_BYTES], t32[32];
    blst_scalar gamma, zero = {0}, minus;
    groupsig_gm_secret_encode(&f.gm, encoded);
    blst_scalar_from_bendian(&gamma, encoded + 2);
    blst_sk_sub_n_check(&minus, &zero, &gamma);
    blst_bendian_from_scalar(t32, &minus);
    assert_int_equal(groupsig_join_issue_with_t(&f.key, membership, &f.gm, &member->request,
                                                member->nonce32, member->ctx32, t32),
                     GROUPSIG_ERR_INVALID);
    memset(t32, 0xff, sizeof t32);
    assert_int_equal(groupsig_join_issue_with_t(&f.key, membership, &f.gm, &member->request,
                                                member->nonce32, member->ctx32, t32),
                     GROUPSIG_ERR_PARSE);
    /* t = 0 is a certificate like any other. */
    memset(t32, 0, sizeof t32);
    assert_int_equal(groupsig_join_issue_with_t(&f.key, membership, &f.gm, &member->request,
                                                member->nonce32, member->ctx32, t32),
                     GROUPSIG_OK);
    assert_int_equal(
        groupsig_join_finish(&f.key, &secret, &member->join, membership, sizeof membership),
        GROUPSIG_OK);
}

static void test_status_names(void **state)
{
    (void)state;
    for (int status = GROUPSIG_OK; status <= GROUPSIG_ERR_RNG; status++)
        assert_string_not_equal(groupsig_status_name((enum groupsig_status)status), "unknown");
    assert_string_equal(groupsig_status_name((enum groupsig_status)99), "unknown");
}

static int make_groups(void **state)
{
    (void)state;
    return !fixture_make(&f) || !fixture_make(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_names_the_signer),
        cmocka_unit_test(test_token_traces_its_member_only),
        cmocka_unit_test(test_token_lists),
        cmocka_unit_test(test_reveal_is_no_decryption_oracle),
        cmocka_unit_test(test_claim),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_other_group),
        cmocka_unit_test(test_failing_rng),
        cmocka_unit_test(test_hedged_nonces),
        cmocka_unit_test(test_issue_with_given_t),
        cmocka_unit_test(test_status_names),
    };
    return cmocka_run_group_tests(tests, make_groups, NULL);
}
