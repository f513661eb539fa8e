/*
 * CPY06-classic against what pygroupsig made: keys, signatures, claims, openings, tracing, and the
 * signatures that must be refused. Takes another file of the same form as its argument.
 */
#include "fixture.h"
#include "groupsig/classic.h"
#include "groupsig/classic_internal.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX_MEMBERS 16

static json_object *vectors;
static struct fixture_rng rng_state;
static const struct groupsig_rng rng = {.fill = fixture_fill, .ctx = &rng_state};

/* ---- one group of the vectors ------------------------------------------------------------------- */

struct group {
    struct groupsig_classic_group_key key;
    struct groupsig_classic_manager_key gm, rm;
    struct groupsig_classic_member_key members[MAX_MEMBERS];
    size_t member_count;
    json_object *entry;
};

static void load_group(struct group *group, json_object *entry)
{
    size_t len;
    const char *text = vectors_get_text(entry, "group_key_b64", &len);
    group->entry = entry;
    assert_int_equal(groupsig_classic_group_key_parse(&group->key, text, len), GROUPSIG_OK);
    text = vectors_get_text(entry, "manager_key_b64", &len);
    assert_int_equal(groupsig_classic_manager_key_parse(&group->gm, text, len), GROUPSIG_OK);
    text = vectors_get_text(entry, "revocation_manager_key_b64", &len);
    assert_int_equal(groupsig_classic_manager_key_parse(&group->rm, text, len), GROUPSIG_OK);
    json_object *members = vectors_get(entry, "members");
    group->member_count = json_object_array_length(members);
    assert_true(group->member_count <= MAX_MEMBERS);
    for (size_t i = 0; i < group->member_count; i++) {
        text = vectors_get_text(json_object_array_get_idx(members, i), "member_key_b64", &len);
        assert_int_equal(
            groupsig_classic_member_key_parse(&group->key, &group->members[i], text, len),
            GROUPSIG_OK);
    }
}

static void for_each_group(void (*check)(struct group *group))
{
    json_object *groups = vectors_get(vectors, "groups");
    assert_true(json_object_array_length(groups) > 0);
    for (size_t i = 0; i < json_object_array_length(groups); i++) {
        static struct group group;
        load_group(&group, json_object_array_get_idx(groups, i));
        check(&group);
    }
}

static bool parse_and_verify(const struct group *group, struct groupsig_classic_verified *verified,
                             const char *text, size_t len, const char *message, size_t message_len)
{
    struct groupsig_classic_signature signature;
    return groupsig_classic_signature_parse(&signature, text, len) == GROUPSIG_OK &&
           groupsig_classic_verify(&group->key, verified, &signature, (const uint8_t *)message,
                                   message_len);
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static void check_kinds(struct group *group)
{
    vectors_check_members(group->entry,
                          (const char *[]){"group_key_b64", "manager_key_b64",
                                           "revocation_manager_key_b64", "xi1_total_b64",
                                           "xi2_total_b64", "members", "cases", NULL});
    json_object *members = vectors_get(group->entry, "members"),
                *cases = vectors_get(group->entry, "cases");
    for (size_t i = 0; i < group->member_count; i++)
        vectors_check_members(json_object_array_get_idx(members, i),
                              (const char *[]){"id", "member_key_b64", "A_b64", "pi_b64", NULL});
    for (size_t i = 0; i < json_object_array_length(cases); i++)
        vectors_check_members(json_object_array_get_idx(cases, i),
                              (const char *[]){"message", "signature_b64", "valid", "signer", "why",
                                               "claim_proof_b64", "traced_when_revoked_member_1",
                                               NULL});
}

static void test_kinds(void **state)
{
    (void)state;
    vectors_check_members(vectors, (const char *[]){"source", "groups", NULL});
    for_each_group(check_kinds);
}

/* Every key again as the same text. */
static void check_keys(struct group *group)
{
    static char text[GROUPSIG_CLASSIC_GROUP_KEY_TEXT + 1];
    size_t len;
    groupsig_classic_group_key_encode(&group->key, text);
    assert_string_equal(text, vectors_get_text(group->entry, "group_key_b64", &len));
    groupsig_classic_manager_key_encode(&group->gm, text);
    assert_string_equal(text, vectors_get_text(group->entry, "manager_key_b64", &len));
    groupsig_classic_manager_key_encode(&group->rm, text);
    assert_string_equal(text, vectors_get_text(group->entry, "revocation_manager_key_b64", &len));
    assert_true(group->gm.has_gamma);
    assert_false(group->rm.has_gamma);

    /* R = gamma g2, X = Z / xi1, Y = Z / xi2 with the sums of both managers. */
    blst_p2_affine R;
    blst_p1_affine point;
    blst_scalar xi;
    uint8_t bytes[32];
    gs_g2_mul_ct(&R, GS_H, &group->gm.gamma);
    assert_true(blst_p2_affine_is_equal(&R, &group->key.R));
    assert_true(blst_sk_add_n_check(&xi, &group->gm.xi1, &group->rm.xi1));
    gs_mcl_fr_encode(bytes, &xi);
    uint8_t expected[32];
    vectors_get_base64(group->entry, "xi1_total_b64", expected, sizeof expected);
    assert_memory_equal(bytes, expected, 32);
    gs_g1_mul_ct(&point, &group->key.X, &xi);
    assert_true(blst_p1_affine_is_equal(&point, &group->key.Z));
    assert_true(blst_sk_add_n_check(&xi, &group->gm.xi2, &group->rm.xi2));
    gs_mcl_fr_encode(bytes, &xi);
    vectors_get_base64(group->entry, "xi2_total_b64", expected, sizeof expected);
    assert_memory_equal(bytes, expected, 32);
    gs_g1_mul_ct(&point, &group->key.Y, &xi);
    assert_true(blst_p1_affine_is_equal(&point, &group->key.Z));

    for (size_t i = 0; i < group->member_count; i++) {
        json_object *entry = json_object_array_get_idx(vectors_get(group->entry, "members"), i);
        uint8_t got[GROUPSIG_CLASSIC_G1_BYTES], want[GROUPSIG_CLASSIC_G1_BYTES];
        groupsig_classic_member_key_encode(&group->members[i], text);
        assert_string_equal(text, vectors_get_text(entry, "member_key_b64", &len));
        groupsig_classic_member_A(&group->members[i], got);
        vectors_get_base64(entry, "A_b64", want, sizeof want);
        assert_memory_equal(got, want, sizeof got);
        groupsig_classic_member_token(&group->members[i], got);
        vectors_get_base64(entry, "pi_b64", want, sizeof want);
        assert_memory_equal(got, want, sizeof got);
    }
}

static void test_keys(void **state)
{
    (void)state;
    for_each_group(check_keys);
}

/* Both managers' checked shares for a signature. */
static void make_shares(const struct group *group, struct groupsig_classic_opening_share *gm_share,
                        struct groupsig_classic_opening_share *rm_share,
                        const struct groupsig_classic_verified *verified)
{
    const struct groupsig_classic_manager_key *managers[2] = {&group->gm, &group->rm};
    struct groupsig_classic_opening_share *shares[2] = {gm_share, rm_share};
    for (int i = 0; i < 2; i++) {
        uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES];
        bool valid = false;
        assert_int_equal(
            groupsig_classic_opening_share_make(&group->key, bytes, managers[i], verified, &rng),
            GROUPSIG_OK);
        assert_int_equal(groupsig_classic_opening_share_check(&group->key, &valid, shares[i], bytes,
                                                              sizeof bytes, verified),
                         GROUPSIG_OK);
        assert_true(valid);
    }
}

/* The opening must name the member with the id of the case, and the reveal give its pi. */
static void check_signer(const struct group *group, json_object *entry,
                         const struct groupsig_classic_verified *verified)
{
    struct groupsig_classic_opening_share gm_share, rm_share;
    struct groupsig_classic_list_row rows[8];
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES], token[GROUPSIG_CLASSIC_G1_BYTES];
    json_object *members = vectors_get(group->entry, "members");
    make_shares(group, &gm_share, &rm_share, verified);
    assert_int_equal(groupsig_classic_open_combine(&group->key, A, &gm_share, &rm_share, verified),
                     GROUPSIG_OK);
    assert_true(group->member_count <= sizeof rows / sizeof *rows);
    for (size_t i = 0; i < group->member_count; i++) {
        json_object *member = json_object_array_get_idx(members, i);
        vectors_get_base64(member, "A_b64", rows[i].A, sizeof rows[i].A);
        vectors_get_base64(member, "pi_b64", rows[i].pi, sizeof rows[i].pi);
    }
    uint8_t revealed[GROUPSIG_CLASSIC_G1_BYTES];
    assert_int_equal(groupsig_classic_reveal(&group->key, revealed, &gm_share, &rm_share, verified,
                                             rows, group->member_count),
                     GROUPSIG_OK);
    size_t named = 0;
    for (size_t i = 0; i < group->member_count; i++) {
        json_object *member = json_object_array_get_idx(members, i);
        uint8_t member_A[GROUPSIG_CLASSIC_G1_BYTES];
        bool traced = false;
        bool is_signer = json_object_equal(vectors_get(member, "id"), vectors_get(entry, "signer"));
        vectors_get_base64(member, "A_b64", member_A, sizeof member_A);
        vectors_get_base64(member, "pi_b64", token, sizeof token);
        assert_int_equal(memcmp(A, member_A, sizeof A) == 0, is_signer);
        assert_int_equal(memcmp(revealed, token, sizeof token) == 0, is_signer);
        assert_int_equal(groupsig_classic_trace(&traced, verified, token), GROUPSIG_OK);
        assert_int_equal(traced, is_signer);
        if (i == 1)
            assert_int_equal(traced, json_object_get_boolean(
                                         vectors_get(entry, "traced_when_revoked_member_1")));
        named += is_signer;
    }
    assert_int_equal(named, 1);
}

static void check_case(const struct group *group, json_object *entry)
{
    size_t len, message_len;
    const char *text = vectors_get_text(entry, "signature_b64", &len);
    const char *message = vectors_get_text(entry, "message", &message_len);
    struct groupsig_classic_verified verified;
    bool valid = parse_and_verify(group, &verified, text, len, message, message_len);
    if (valid != (bool)json_object_get_boolean(vectors_get(entry, "valid")))
        fail_msg("%s: %s", valid ? "accepted" : "refused", message);
    if (!valid)
        return;
    /* The same text again. */
    static char again[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    struct groupsig_classic_signature signature;
    assert_int_equal(groupsig_classic_signature_parse(&signature, text, len), GROUPSIG_OK);
    groupsig_classic_signature_encode(&signature, again);
    assert_string_equal(again, text);
    check_signer(group, entry, &verified);
    /* The signer's claim, here and for another signature. */
    text = vectors_get_text(entry, "claim_proof_b64", &len);
    assert_int_equal(groupsig_classic_claim_verify(&valid, text, len, &verified), GROUPSIG_OK);
    assert_true(valid);
    static struct groupsig_classic_verified previous;
    static bool has_previous;
    if (has_previous) {
        assert_int_equal(groupsig_classic_claim_verify(&valid, text, len, &previous), GROUPSIG_OK);
        assert_false(valid);
    }
    previous = verified;
    has_previous = true;
}

static void check_cases(struct group *group)
{
    json_object *cases = vectors_get(group->entry, "cases");
    for (size_t i = 0; i < json_object_array_length(cases); i++)
        check_case(group, json_object_array_get_idx(cases, i));
}

static void test_cases(void **state)
{
    (void)state;
    for_each_group(check_cases);
}

/* What is signed here verifies, opens, traces and is claimed as pygroupsig's own. */
static void check_own_signatures(struct group *group)
{
    static const char *const messages[] = {"", "a", "B\xe1\xba\xa3n ghi y t\xe1\xba\xbf"};
    static char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    for (size_t i = 0; i < 3; i++) {
        size_t signer = i % group->member_count, len = strlen(messages[i]);
        struct groupsig_classic_signature signature;
        struct groupsig_classic_verified verified;
        struct groupsig_classic_opening_share gm_share, rm_share;
        uint8_t A[GROUPSIG_CLASSIC_G1_BYTES], expected[GROUPSIG_CLASSIC_G1_BYTES];
        char claim[GROUPSIG_CLASSIC_CLAIM_TEXT + 1];
        bool result = false;
        assert_int_equal(groupsig_classic_sign(&group->key, &signature, &group->members[signer],
                                               (const uint8_t *)messages[i], len, &rng),
                         GROUPSIG_OK);
        groupsig_classic_signature_encode(&signature, text);
        assert_true(parse_and_verify(group, &verified, text, sizeof text - 1, messages[i], len));
        assert_false(parse_and_verify(group, NULL, text, sizeof text - 1, "other", 5));
        make_shares(group, &gm_share, &rm_share, &verified);
        assert_int_equal(
            groupsig_classic_open_combine(&group->key, A, &gm_share, &rm_share, &verified),
            GROUPSIG_OK);
        groupsig_classic_member_A(&group->members[signer], expected);
        assert_memory_equal(A, expected, sizeof A);
        groupsig_classic_member_token(&group->members[signer], expected);
        assert_int_equal(groupsig_classic_trace(&result, &verified, expected), GROUPSIG_OK);
        assert_true(result);
        assert_int_equal(
            groupsig_classic_claim_make(claim, &group->members[signer], &verified, &rng),
            GROUPSIG_OK);
        result = false;
        assert_int_equal(groupsig_classic_claim_verify(&result, claim, strlen(claim), &verified),
                         GROUPSIG_OK);
        assert_true(result);
        size_t other = (signer + 1) % group->member_count;
        assert_int_equal(
            groupsig_classic_claim_make(claim, &group->members[other], &verified, &rng),
            other == signer ? GROUPSIG_OK : GROUPSIG_ERR_NOT_OWN);
    }
}

static void test_own_signatures(void **state)
{
    (void)state;
    for_each_group(check_own_signatures);
}

/* ---- what must be refused ----------------------------------------------------------------------------- */

/* Elements of a valid signature exchanged for others, packed into a text again. */
struct parts {
    uint8_t T1[MCL_G1], T2[MCL_G1], T3[MCL_G1], T4[MCL_G2], T5[MCL_GT], scalars[7][MCL_FR];
};

static void part_fields(struct gs_classic_field fields[12], struct parts *p)
{
    static const char *const names[7] = {"c", "sr1", "sr2", "sd1", "sd2", "sx", "st"};
    fields[0] = (struct gs_classic_field){"T1", MCL_G1, p->T1};
    fields[1] = (struct gs_classic_field){"T2", MCL_G1, p->T2};
    fields[2] = (struct gs_classic_field){"T3", MCL_G1, p->T3};
    fields[3] = (struct gs_classic_field){"T4", MCL_G2, p->T4};
    fields[4] = (struct gs_classic_field){"T5", MCL_GT, p->T5};
    for (size_t i = 0; i < 7; i++)
        fields[5 + i] = (struct gs_classic_field){names[i], MCL_FR, p->scalars[i]};
}

static json_object *first_case(struct group *group)
{
    return json_object_array_get_idx(vectors_get(group->entry, "cases"), 0);
}

static void check_elements(struct group *group)
{
    size_t len, message_len;
    const char *valid_text = vectors_get_text(first_case(group), "signature_b64", &len);
    const char *message = vectors_get_text(first_case(group), "message", &message_len);
    static char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    struct parts valid, p;
    struct gs_classic_field fields[12];
    struct groupsig_classic_signature parsed;
    part_fields(fields, &valid);
    assert_true(gs_classic_text_parse(NULL, fields, 12, valid_text, len));
    part_fields(fields, &p);
    for (size_t i = 0; i < 12; i++) {
        /* one bit, zeros, ones, and what is not reduced */
        for (size_t kind = 0; kind < 4; kind++) {
            p = valid;
            if (kind == 0)
                fields[i].bytes[fields[i].size / 2] ^= 4;
            else
                memset(fields[i].bytes, kind == 1 ? 0 : 0xff, fields[i].size);
            if (kind == 3) { /* the largest x with clear flags: above p, above r */
                fields[i].bytes[fields[i].size - 1] = 0x1f;
                if (i >= 5)
                    fields[i].bytes[fields[i].size - 1] = 0x7f;
            }
            gs_classic_text_encode(text, sizeof text - 1, NULL, fields, 12);
            if (parse_and_verify(group, NULL, text, sizeof text - 1, message, message_len))
                fail_msg("accepted %s, kind %zu", fields[i].name, kind);
        }
    }
    /* T5 = 1, T5 outside the group, a coefficient + p */
    p = valid;
    memset(p.T5, 0, sizeof p.T5);
    p.T5[0] = 1;
    gs_classic_text_encode(text, sizeof text - 1, NULL, fields, 12);
    assert_int_equal(groupsig_classic_signature_parse(&parsed, text, sizeof text - 1),
                     GROUPSIG_ERR_PARSE);
    p.T5[0] = 2;
    gs_classic_text_encode(text, sizeof text - 1, NULL, fields, 12);
    assert_int_equal(groupsig_classic_signature_parse(&parsed, text, sizeof text - 1),
                     GROUPSIG_ERR_PARSE);
    p = valid;
    unsigned carry = 0;
    for (size_t i = 0; i < 48; i++) {
        carry += (unsigned)p.T5[i] + P_BYTES[47 - i];
        p.T5[i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    gs_classic_text_encode(text, sizeof text - 1, NULL, fields, 12);
    assert_int_equal(groupsig_classic_signature_parse(&parsed, text, sizeof text - 1),
                     GROUPSIG_ERR_PARSE);
    /* A point of the curve outside the subgroup. */
    blst_p1_affine outside;
    uint8_t compressed[48] = {0x80};
    do
        compressed[47]++;
    while (blst_p1_uncompress(&outside, compressed) != BLST_SUCCESS ||
           blst_p1_affine_in_g1(&outside));
    p = valid;
    gs_mcl_g1_encode(p.T1, &outside);
    gs_classic_text_encode(text, sizeof text - 1, NULL, fields, 12);
    assert_int_equal(groupsig_classic_signature_parse(&parsed, text, sizeof text - 1),
                     GROUPSIG_ERR_PARSE);
}

static void test_elements(void **state)
{
    (void)state;
    for_each_group(check_elements);
}

static void check_lengths(struct group *group)
{
    size_t len;
    const char *text = vectors_get_text(first_case(group), "signature_b64", &len);
    struct groupsig_classic_signature signature;
    static struct groupsig_classic_group_key key;
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = test_malloc(cut > 0 ? cut : 1);
        memcpy(copy, text, cut);
        assert_int_equal(groupsig_classic_signature_parse(&signature, copy, cut),
                         GROUPSIG_ERR_PARSE);
        test_free(copy);
    }
    /* What is valid for one kind is not for another. */
    assert_int_equal(groupsig_classic_group_key_parse(&key, text, len), GROUPSIG_ERR_PARSE);
    text = vectors_get_text(group->entry, "group_key_b64", &len);
    assert_int_equal(groupsig_classic_signature_parse(&signature, text, len), GROUPSIG_ERR_PARSE);
    for (size_t cut = 0; cut < len; cut += 97)
        assert_int_equal(groupsig_classic_group_key_parse(&key, text, cut), GROUPSIG_ERR_PARSE);
}

static void test_lengths(void **state)
{
    (void)state;
    for_each_group(check_lengths);
}

static void to_base64(char *out, size_t cap, const char *text)
{
    sodium_bin2base64(out, cap, (const uint8_t *)text, strlen(text),
                      sodium_base64_VARIANT_ORIGINAL);
}

/* JSON that is off: nothing but the two members of a proof, once each, as strings. */
static void test_json(void **state)
{
    (void)state;
    static const char C[] = "AiUKuVkPH5bL0UsHyJhZcFCLqTWkiroF30U304YAbmA=";
    static const struct {
        const char *format;
        bool ok;
    } cases[] = {
        {"{\"c\": \"%s\", \"s\": \"%s\"}", true},
        {"{\"s\":\"%s\",\"c\":\"%s\"}", true}, /* the order and the spaces do not matter */
        {"{\"c\": \"%s\", \"s\": \"%s\"", false},
        {"{\"c\": \"%s\", \"s\": \"%s\"}}", false},
        {"{\"c\": \"%s\", \"s\": \"%s\"} x", false},
        {"{\"c\": \"%s\", \"c\": \"%s\"}", false},
        {"{\"c\": \"%s\", \"s\": \"%s\", \"c\": \"\"}", false},
        {"{\"c\": \"%s\", \"s\": \"%s\", \"t\": 1}", false},
        {"{\"c\": \"%s\", \"t\": \"%s\"}", false},
        {"{\"c\": \"%s\", \"s\": [\"%s\"]}", false},
        {"{\"c\": \"%s\", \"s\": \" %s\"}", false},
        {"{\"c\": \"%s\", \"s\": \"%s=\"}", false},
        {"{\"c\": \"%s\", \"s\": \"\\u0041%s\"}", false},
        {"{'c': '%s', 's': '%s'}", false},
        {"[\"%s\", \"%s\"]", false},
        {"", false},
    };
    uint8_t bytes[2][MCL_FR];
    const struct gs_classic_field fields[2] = {{"c", MCL_FR, bytes[0]}, {"s", MCL_FR, bytes[1]}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[512], text[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(json, sizeof json, cases[i].format, C, C);
#pragma GCC diagnostic pop
        to_base64(text, sizeof text, json);
        if (gs_classic_proof_parse(fields, 2, text, strlen(text)) != cases[i].ok)
            fail_msg("%s", json);
    }
    /* base64 with stray bits, and too long a text */
    char text[1024];
    to_base64(text, sizeof text,
              "{\"c\": \"AiUKuVkPH5bL0UsHyJhZcFCLqTWkiroF30U304YAbmB=\", "
              "\"s\": \"AiUKuVkPH5bL0UsHyJhZcFCLqTWkiroF30U304YAbmA=\"}");
    assert_false(gs_classic_proof_parse(fields, 2, text, strlen(text)));
    size_t long_len = GROUPSIG_CLASSIC_MAX_TEXT + 4;
    char *long_text = test_malloc(long_len);
    memset(long_text, 'A', long_len);
    assert_false(gs_classic_proof_parse(fields, 2, long_text, long_len));
    assert_false(gs_classic_text_parse(NULL, fields, 2, long_text, long_len));
    test_free(long_text);
}

/* A group key whose pairing is not the one of its points. */
static void check_group_key(struct group *group)
{
    static char text[GROUPSIG_CLASSIC_GROUP_KEY_TEXT + 1];
    static struct groupsig_classic_group_key key, changed;
    for (size_t i = 0; i < 5; i++) {
        changed = group->key;
        blst_fp12_sqr(&changed.e[i], &changed.e[i]);
        groupsig_classic_group_key_encode(&changed, text);
        assert_int_equal(groupsig_classic_group_key_parse(&key, text, sizeof text - 1),
                         GROUPSIG_ERR_INVALID);
    }
    changed = group->key;
    memset(&changed.W, 0, sizeof changed.W);
    groupsig_classic_group_key_encode(&changed, text);
    assert_int_equal(groupsig_classic_group_key_parse(&key, text, sizeof text - 1),
                     GROUPSIG_ERR_PARSE);
    /* A member key with another member's certificate. */
    struct groupsig_classic_member_key member = group->members[0], parsed;
    char member_text[GROUPSIG_CLASSIC_MEMBER_KEY_TEXT + 1];
    member.A = group->key.Q;
    groupsig_classic_member_key_encode(&member, member_text);
    assert_int_equal(groupsig_classic_member_key_parse(&group->key, &parsed, member_text,
                                                       sizeof member_text - 1),
                     GROUPSIG_ERR_INVALID);
}

static void test_group_key(void **state)
{
    (void)state;
    for_each_group(check_group_key);
}

int main(int argc, char **argv)
{
    vectors = vectors_load(argc, argv, "pygroupsig-cpy06.json");
    if (!vectors)
        return 2;
    fixture_seed(&rng_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_keys),
        cmocka_unit_test(test_cases),    cmocka_unit_test(test_own_signatures),
        cmocka_unit_test(test_elements), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_json),     cmocka_unit_test(test_group_key),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_object_put(vectors);
    return failed;
}
