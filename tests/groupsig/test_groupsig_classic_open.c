/*
 * CPY06-classic, opening and revealing by both managers: a share holds for one signature of one
 * group, nothing but both managers' shares opens, and a list that lies reveals nobody. Every
 * refusal stands beside the honest case, which is taken.
 */
#include "fixture.h"
#include "groupsig/classic.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SHARE = GROUPSIG_CLASSIC_OPENING_SHARE_BYTES, MEMBERS = 3, OTHER_GROUP = 1 };

static struct fixture_rng rng_state;
static const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &rng_state};
static json_object *vectors;

static struct side {
    struct groupsig_classic_group_key key;
    struct groupsig_classic_manager_key gm, rm;
    struct groupsig_classic_list_row rows[MEMBERS];
    struct groupsig_classic_verified signature, second; /* both by member 0 */
} groups[2];

static void sign(const struct side *side, struct groupsig_classic_verified *verified,
                 const struct groupsig_classic_member_key *member, const char *message)
{
    struct groupsig_classic_signature signature;
    const uint8_t *bytes = (const uint8_t *)message;
    assert_int_equal(
        groupsig_classic_sign(&side->key, &signature, member, bytes, strlen(message), &rng),
        GROUPSIG_OK);
    assert_true(groupsig_classic_verify(&side->key, verified, &signature, bytes, strlen(message)));
}

static int load(void **state)
{
    (void)state;
    for (size_t g = 0; g < 2; g++) {
        struct side *side = &groups[g];
        json_object *group = json_object_array_get_idx(vectors_get_array(vectors, "groups"), g);
        json_object *members = vectors_get_array(group, "members");
        struct groupsig_classic_member_key member;
        size_t len;
        const char *text = vectors_get_text(group, "group_key_b64", &len);
        assert_int_equal(groupsig_classic_group_key_parse(&side->key, text, len), GROUPSIG_OK);
        text = vectors_get_text(group, "manager_key_b64", &len);
        assert_int_equal(groupsig_classic_manager_key_parse(&side->gm, text, len), GROUPSIG_OK);
        text = vectors_get_text(group, "revocation_manager_key_b64", &len);
        assert_int_equal(groupsig_classic_manager_key_parse(&side->rm, text, len), GROUPSIG_OK);
        assert_int_equal(json_object_array_length(members), MEMBERS);
        for (size_t i = 0; i < MEMBERS; i++) {
            json_object *entry = json_object_array_get_idx(members, i);
            vectors_get_base64(entry, "A_b64", side->rows[i].A, sizeof side->rows[i].A);
            vectors_get_base64(entry, "pi_b64", side->rows[i].pi, sizeof side->rows[i].pi);
        }
        text = vectors_get_text(json_object_array_get_idx(members, 0), "member_key_b64", &len);
        assert_int_equal(groupsig_classic_member_key_parse(&side->key, &member, text, len),
                         GROUPSIG_OK);
        sign(side, &side->signature, &member, "first");
        sign(side, &side->second, &member, "second");
    }
    return 0;
}

static void make(uint8_t bytes[SHARE], const struct groupsig_classic_manager_key *manager)
{
    assert_int_equal(groupsig_classic_opening_share_make(&groups[0].key, bytes, manager,
                                                         &groups[0].signature, &rng),
                     GROUPSIG_OK);
}

/* PARSE counts as not valid. */
static bool is_valid(const uint8_t *bytes, size_t len, struct groupsig_classic_opening_share *share)
{
    bool valid = false;
    enum groupsig_status status = groupsig_classic_opening_share_check(
        &groups[0].key, &valid, share, bytes, len, &groups[0].signature);
    assert_true(status == GROUPSIG_OK || status == GROUPSIG_ERR_PARSE);
    return status == GROUPSIG_OK && valid;
}

static void share_of(struct groupsig_classic_opening_share *share,
                     const struct groupsig_classic_manager_key *manager)
{
    uint8_t bytes[SHARE];
    make(bytes, manager);
    assert_true(is_valid(bytes, sizeof bytes, share));
}

/* ---- one share ------------------------------------------------------------------------------------ */

static void test_every_bit_and_length(void **state)
{
    (void)state;
    const struct groupsig_classic_manager_key *managers[2] = {&groups[0].gm, &groups[0].rm};
    for (int m = 0; m < 2; m++) {
        uint8_t bytes[SHARE + 1] = {0};
        make(bytes, managers[m]);
        for (size_t bit = 0; bit < 8 * SHARE; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (is_valid(bytes, SHARE, NULL))
                fail_msg("manager %d, bit %zu", m, bit);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t len = 0; len <= SHARE + 1; len++)
            assert_int_equal(is_valid(bytes, len, NULL), len == SHARE);
        for (size_t i = 0; i < 4; i++) { /* O */
            uint8_t changed[SHARE];
            memcpy(changed, bytes, SHARE);
            memset(changed + i * GROUPSIG_CLASSIC_G1_BYTES, 0, GROUPSIG_CLASSIC_G1_BYTES);
            assert_false(is_valid(changed, SHARE, NULL));
        }
    }
}

static void test_of_another_signature_or_group(void **state)
{
    (void)state;
    const struct side *side = &groups[0], *other = &groups[OTHER_GROUP];
    uint8_t bytes[SHARE];
    bool valid = true;
    make(bytes, &side->gm);
    assert_int_equal(
        groupsig_classic_opening_share_check(&side->key, &valid, NULL, bytes, SHARE, &side->second),
        GROUPSIG_OK);
    assert_false(valid);
    assert_int_equal(
        groupsig_classic_opening_share_make(&side->key, bytes, &side->gm, &other->signature, &rng),
        GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_classic_opening_share_check(&side->key, &valid, NULL, bytes, SHARE,
                                                          &other->signature),
                     GROUPSIG_ERR_MISMATCH);
}

/* ---- both shares ---------------------------------------------------------------------------------- */

static enum groupsig_status open_with(const struct groupsig_classic_opening_share *gm_share,
                                      const struct groupsig_classic_opening_share *rm_share)
{
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES] = {0};
    enum groupsig_status status = groupsig_classic_open_combine(&groups[0].key, A, gm_share,
                                                                rm_share, &groups[0].signature);
    assert_int_equal(memcmp(A, groups[0].rows[0].A, sizeof A) == 0, status == GROUPSIG_OK);
    return status;
}

static void test_nobody_opens_alone(void **state)
{
    (void)state;
    const struct side *side = &groups[0];
    struct groupsig_classic_opening_share gm_share, rm_share, lie;
    share_of(&gm_share, &side->gm);
    share_of(&rm_share, &side->rm);
    assert_int_equal(open_with(&gm_share, &rm_share), GROUPSIG_OK);
    assert_int_equal(open_with(&gm_share, &gm_share), GROUPSIG_ERR_MISMATCH);
    assert_int_equal(open_with(&rm_share, &rm_share), GROUPSIG_ERR_MISMATCH);

    /* Shares whose proofs hold, of secrets that are not the group's: another manager's, and one's
     * own with either xi changed, which would name somebody else. */
    share_of(&lie, &groups[OTHER_GROUP].rm);
    assert_int_equal(open_with(&gm_share, &lie), GROUPSIG_ERR_MISMATCH);
    for (int which = 0; which < 2; which++) {
        struct groupsig_classic_manager_key bent = side->rm;
        (which == 0 ? &bent.xi1 : &bent.xi2)->b[0] ^= 1;
        share_of(&lie, &bent);
        assert_int_equal(open_with(&gm_share, &lie), GROUPSIG_ERR_MISMATCH);
        assert_int_equal(open_with(&lie, &rm_share), GROUPSIG_ERR_MISMATCH);
    }
}

static void test_shares_of_another_signature(void **state)
{
    (void)state;
    const struct side *side = &groups[0];
    struct groupsig_classic_opening_share gm_share, rm_share;
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES];
    share_of(&gm_share, &side->gm);
    share_of(&rm_share, &side->rm);
    assert_int_equal(
        groupsig_classic_open_combine(&side->key, A, &gm_share, &rm_share, &side->second),
        GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_classic_open_combine(&side->key, A, &gm_share, &rm_share,
                                                   &groups[OTHER_GROUP].signature),
                     GROUPSIG_ERR_MISMATCH);
}

/* ---- reveal --------------------------------------------------------------------------------------- */

static void test_reveal(void **state)
{
    (void)state;
    const struct side *side = &groups[0];
    struct groupsig_classic_opening_share gm_share, rm_share;
    struct groupsig_classic_list_row rows[MEMBERS];
    uint8_t token[GROUPSIG_CLASSIC_G1_BYTES] = {0};
    bool traced = false;
    share_of(&gm_share, &side->gm);
    share_of(&rm_share, &side->rm);
#define REVEAL(gm, rm, list, count)                                                                \
    groupsig_classic_reveal(&side->key, token, gm, rm, &side->signature, list, count)
    assert_int_equal(REVEAL(&gm_share, &rm_share, side->rows, MEMBERS), GROUPSIG_OK);
    assert_memory_equal(token, side->rows[0].pi, sizeof token);
    assert_int_equal(groupsig_classic_trace(&traced, &side->second, token), GROUPSIG_OK);
    assert_true(traced); /* the member's other signatures too */

    assert_int_equal(REVEAL(&gm_share, &gm_share, side->rows, MEMBERS), GROUPSIG_ERR_MISMATCH);
    assert_int_equal(REVEAL(&gm_share, &rm_share, side->rows, 0), GROUPSIG_ERR_MISMATCH);
    assert_int_equal(REVEAL(&gm_share, &rm_share, side->rows + 1, MEMBERS - 1),
                     GROUPSIG_ERR_MISMATCH);
    memcpy(rows, side->rows, sizeof rows);
    memcpy(rows[0].pi, side->rows[1].pi, sizeof rows[0].pi); /* would trace another member */
    assert_int_equal(REVEAL(&gm_share, &rm_share, rows, MEMBERS), GROUPSIG_ERR_INVALID);
    memset(rows[0].pi, 0, sizeof rows[0].pi);
    assert_int_equal(REVEAL(&gm_share, &rm_share, rows, MEMBERS), GROUPSIG_ERR_INVALID);
}

int main(int argc, char **argv)
{
    vectors = vectors_load(argc, argv, "pygroupsig-cpy06.json");
    if (vectors == NULL)
        return 2;
    fixture_seed(&rng_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit_and_length),
        cmocka_unit_test(test_of_another_signature_or_group),
        cmocka_unit_test(test_nobody_opens_alone),
        cmocka_unit_test(test_shares_of_another_signature),
        cmocka_unit_test(test_reveal),
    };
    int failed = cmocka_run_group_tests(tests, load, NULL);
    json_object_put(vectors);
    return failed;
}
