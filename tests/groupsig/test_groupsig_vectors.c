/*
 * CPY06-G1 against vectors of an independent implementation: set-up, join, sign, open, reveal,
 * trace, claim, link with given nonces, byte for byte, and everything that must be rejected.
 * Takes another file of the same form as its argument.
 */
#include "groupsig/internal.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MAX_OBJECT 1024

static json_object *vectors;
static struct groupsig_group_key group_key;
static struct groupsig_gm_secret gm;
static struct groupsig_rm_secret rm;

static void get_scalar(json_object *object, const char *name, blst_scalar *out)
{
    uint8_t bytes[32];
    vectors_get_hex(object, name, bytes, sizeof bytes);
    assert_true(gs_scalar_parse(out, bytes));
}

/* ---- members and signatures --------------------------------------------------------------------
 */

static json_object *member_at(size_t index)
{
    json_object *members = vectors_get_array(vectors, "members");
    assert_true(index < json_object_array_length(members));
    return json_object_array_get_idx(members, index);
}

static void load_member(size_t index, struct groupsig_member_secret *out)
{
    json_object *entry = member_at(index);
    struct groupsig_join_secret secret;
    uint8_t encoded[GROUPSIG_JOIN_SECRET_BYTES] = {GS_SCHEME, GS_TYPE_JOIN_SECRET};
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    groupsig_group_key_fingerprint(&group_key, encoded + 2);
    vectors_get_hex(entry, "x", encoded + 34, 32);
    vectors_get_hex(entry, "membership", membership, sizeof membership);
    assert_int_equal(groupsig_join_secret_parse(&secret, encoded, sizeof encoded), GROUPSIG_OK);
    assert_int_equal(groupsig_join_finish(&group_key, out, &secret, membership, sizeof membership),
                     GROUPSIG_OK);
}

static void load_member_of(json_object *entry, struct groupsig_member_secret *out)
{
    load_member((size_t)json_object_get_int64(vectors_get(entry, "member")), out);
}

static void load_request(json_object *value, struct groupsig_join_request *out)
{
    uint8_t bytes[GROUPSIG_JOIN_REQUEST_BYTES];
    assert_int_equal(vectors_decode_hex(value, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(groupsig_join_request_parse(out, bytes, sizeof bytes), GROUPSIG_OK);
}

static bool verify_bytes(struct groupsig_verified *verified, const uint8_t *bytes, size_t len,
                         const uint8_t msg32[32])
{
    struct groupsig_signature signature;
    enum groupsig_status status = groupsig_signature_parse(&signature, bytes, len);
    assert_true(status == GROUPSIG_OK || status == GROUPSIG_ERR_PARSE);
    return status == GROUPSIG_OK && groupsig_verify(&group_key, verified, &signature, msg32);
}

static void load_signature_of(json_object *entry, struct groupsig_verified *out)
{
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], msg32[32];
    vectors_get_hex(entry, "signature", bytes, sizeof bytes);
    vectors_get_hex(entry, "msg32", msg32, sizeof msg32);
    assert_true(verify_bytes(out, bytes, sizeof bytes, msg32));
}

/* A signature that is named without its message is one of "signatures" or "edge_valid". */
static void find_signature(json_object *value, struct groupsig_verified *out)
{
    const char *lists[] = {"signatures", "edge_valid"};
    for (size_t l = 0; l < 2; l++) {
        json_object *list = vectors_get_array(vectors, lists[l]);
        for (size_t i = 0; i < json_object_array_length(list); i++) {
            json_object *entry = json_object_array_get_idx(list, i);
            if (json_object_equal(vectors_get(entry, "signature"), value)) {
                load_signature_of(entry, out);
                return;
            }
        }
    }
    fail_msg("an object names a signature that is not in the vectors");
}

static size_t find_signatures(json_object *list, struct groupsig_verified *out, size_t cap)
{
    size_t count = json_object_array_length(list);
    assert_true(count <= cap);
    for (size_t i = 0; i < count; i++)
        find_signature(json_object_array_get_idx(list, i), &out[i]);
    return count;
}

/* ---- tests
 * --------------------------------------------------------------------------------------- */

static void test_kinds(void **state)
{
    (void)state;
    vectors_check_members(vectors, (const char *[]){"profile", "source", "generators", "setup",
                                                    "members", "signatures", "link", "edge_valid",
                                                    "rejected", "rejected_objects", NULL});
    assert_string_equal(json_object_get_string(vectors_get(vectors, "profile")), "CPY06-G1 v1");
}

static void test_generators(void **state)
{
    (void)state;
    json_object *generators = vectors_get(vectors, "generators");
    uint8_t point[48];
    vectors_check_members(generators, (const char *[]){"Q", "U", NULL});
    blst_p1_affine_compress(point, &GS_Q);
    vectors_assert_hex(generators, "Q", point, sizeof point);
    blst_p1_affine_compress(point, &GS_U);
    vectors_assert_hex(generators, "U", point, sizeof point);
}

static void test_setup(void **state)
{
    (void)state;
    json_object *setup = vectors_get(vectors, "setup"), *part = vectors_get(setup, "gm");
    vectors_check_members(setup, (const char *[]){"gm", "rm", "gm_share", "rm_share", "group_key",
                                                  "fingerprint", NULL});
    vectors_check_members(part, (const char *[]){"gamma", "xi", "eta", "kg", "kx", "ke", NULL});
    struct groupsig_gm_secret made_gm;
    struct groupsig_rm_secret made_rm;
    struct gs_gm_nonces gm_nonces;
    struct gs_rm_nonces rm_nonces;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    get_scalar(part, "gamma", &made_gm.gamma);
    get_scalar(part, "xi", &made_gm.xi);
    get_scalar(part, "eta", &made_gm.eta);
    get_scalar(part, "kg", &gm_nonces.gamma);
    get_scalar(part, "kx", &gm_nonces.xi);
    get_scalar(part, "ke", &gm_nonces.eta);
    gs_gm_setup_with_nonces(&made_gm, gm_share, &gm_nonces);
    vectors_assert_hex(setup, "gm_share", gm_share, sizeof gm_share);

    part = vectors_get(setup, "rm");
    vectors_check_members(part, (const char *[]){"xi", "eta", "kx", "ke", NULL});
    get_scalar(part, "xi", &made_rm.xi);
    get_scalar(part, "eta", &made_rm.eta);
    get_scalar(part, "kx", &rm_nonces.xi);
    get_scalar(part, "ke", &rm_nonces.eta);
    assert_int_equal(gs_rm_setup_with_nonces(&made_rm, rm_share, gm_share, &rm_nonces),
                     GROUPSIG_OK);
    vectors_assert_hex(setup, "rm_share", rm_share, sizeof rm_share);

    struct groupsig_group_key key;
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES], fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    assert_int_equal(groupsig_group_key_combine(&key, gm_share, rm_share), GROUPSIG_OK);
    groupsig_group_key_encode(&key, bytes);
    vectors_assert_hex(setup, "group_key", bytes, sizeof bytes);
    groupsig_group_key_fingerprint(&key, fingerprint);
    vectors_assert_hex(setup, "fingerprint", fingerprint, sizeof fingerprint);
    assert_true(groupsig_gm_secret_matches(&key, &made_gm));
    assert_true(groupsig_rm_secret_matches(&key, &made_rm));
}

static void check_reveal(json_object *entry, const struct groupsig_join_request *request,
                         const struct groupsig_member_secret *member)
{
    json_object *reveal = vectors_get(entry, "reveal");
    vectors_check_members(
        reveal, (const char *[]){"k_gm", "k_rm", "partial_gm", "partial_rm", "token", NULL});
    uint8_t bytes[GROUPSIG_REVEAL_SHARE_BYTES], token[GROUPSIG_TOKEN_BYTES], commitment[48];
    struct groupsig_reveal_share gm_share, rm_share;
    blst_scalar k;
    bool valid = false;
    get_scalar(reveal, "k_gm", &k);
    gs_reveal_share_with_nonce(&group_key, bytes, GROUPSIG_ROLE_GM, &gm.eta, request, &k);
    vectors_assert_hex(reveal, "partial_gm", bytes, sizeof bytes);
    assert_int_equal(
        groupsig_reveal_share_check(&group_key, &valid, &gm_share, bytes, sizeof bytes, request),
        GROUPSIG_OK);
    assert_true(valid);
    get_scalar(reveal, "k_rm", &k);
    gs_reveal_share_with_nonce(&group_key, bytes, GROUPSIG_ROLE_RM, &rm.eta, request, &k);
    vectors_assert_hex(reveal, "partial_rm", bytes, sizeof bytes);
    valid = false;
    assert_int_equal(
        groupsig_reveal_share_check(&group_key, &valid, &rm_share, bytes, sizeof bytes, request),
        GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_reveal_combine(&group_key, token, &gm_share, &rm_share, request),
                     GROUPSIG_OK);
    vectors_assert_hex(reveal, "token", token, sizeof token);

    static struct groupsig_token parsed;
    groupsig_member_commitment(member, commitment);
    assert_int_equal(groupsig_token_parse(&parsed, token, sizeof token), GROUPSIG_OK);
    assert_int_equal(groupsig_token_verify(&valid, &parsed, commitment), GROUPSIG_OK);
    assert_true(valid);
}

static void test_members(void **state)
{
    (void)state;
    json_object *members = vectors_get_array(vectors, "members");
    for (size_t i = 0; i < json_object_array_length(members); i++) {
        json_object *entry = json_object_array_get_idx(members, i);
        vectors_check_members(entry, (const char *[]){"x", "k", "bx", "bk", "t", "nonce", "ctx",
                                                      "request", "membership", "reveal", NULL});
        struct groupsig_join_secret secret;
        struct groupsig_member_secret member;
        struct gs_join_nonces nonces;
        uint8_t nonce32[32], ctx32[32], t32[32], membership[GROUPSIG_MEMBERSHIP_BYTES];
        uint8_t bytes[GROUPSIG_JOIN_REQUEST_BYTES];
        get_scalar(entry, "x", &secret.x);
        get_scalar(entry, "k", &nonces.k);
        get_scalar(entry, "bx", &nonces.bx);
        get_scalar(entry, "bk", &nonces.bk);
        vectors_get_hex(entry, "nonce", nonce32, 32);
        vectors_get_hex(entry, "ctx", ctx32, 32);
        vectors_get_hex(entry, "t", t32, 32);
        gs_join_request_with_nonces(&group_key, &secret, bytes, nonce32, ctx32, &nonces);
        vectors_assert_hex(entry, "request", bytes, sizeof bytes);

        struct groupsig_join_request request;
        assert_int_equal(groupsig_join_request_parse(&request, bytes, sizeof bytes), GROUPSIG_OK);
        assert_true(groupsig_join_request_verify(&group_key, &request, nonce32, ctx32));
        assert_int_equal(
            groupsig_join_issue_with_t(&group_key, membership, &gm, &request, nonce32, ctx32, t32),
            GROUPSIG_OK);
        vectors_assert_hex(entry, "membership", membership, sizeof membership);
        assert_int_equal(
            groupsig_join_finish(&group_key, &member, &secret, membership, sizeof membership),
            GROUPSIG_OK);
        check_reveal(entry, &request, &member);
    }
}

static void check_sign(json_object *entry)
{
    struct groupsig_member_secret member;
    struct gs_sign_nonces nonces;
    uint8_t msg32[32], bytes[GROUPSIG_SIGNATURE_BYTES];
    load_member_of(entry, &member);
    get_scalar(entry, "r", &nonces.r);
    get_scalar(entry, "bt", &nonces.bt);
    get_scalar(entry, "br", &nonces.br);
    get_scalar(entry, "bu", &nonces.bu);
    vectors_get_hex(entry, "msg32", msg32, sizeof msg32);
    gs_sign_with_nonces(&group_key, bytes, &member, msg32, &nonces);
    vectors_assert_hex(entry, "signature", bytes, sizeof bytes);
    assert_true(verify_bytes(NULL, bytes, sizeof bytes, msg32));
}

static void check_open(json_object *entry, const struct groupsig_verified *signature)
{
    json_object *open = vectors_get(entry, "open");
    vectors_check_members(open, (const char *[]){"k_gm", "k_rm", "partial_gm", "partial_rm",
                                                 "member_commitment", NULL});
    uint8_t bytes[GROUPSIG_OPENING_SHARE_BYTES], commitment[GROUPSIG_COMMITMENT_BYTES];
    struct groupsig_opening_share gm_share, rm_share;
    blst_scalar k;
    bool valid = false;
    get_scalar(open, "k_gm", &k);
    gs_opening_share_with_nonce(&group_key, bytes, GROUPSIG_ROLE_GM, &gm.xi, signature, &k);
    vectors_assert_hex(open, "partial_gm", bytes, sizeof bytes);
    assert_int_equal(
        groupsig_opening_share_check(&group_key, &valid, &gm_share, bytes, sizeof bytes, signature),
        GROUPSIG_OK);
    assert_true(valid);
    get_scalar(open, "k_rm", &k);
    gs_opening_share_with_nonce(&group_key, bytes, GROUPSIG_ROLE_RM, &rm.xi, signature, &k);
    vectors_assert_hex(open, "partial_rm", bytes, sizeof bytes);
    valid = false;
    assert_int_equal(
        groupsig_opening_share_check(&group_key, &valid, &rm_share, bytes, sizeof bytes, signature),
        GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_open_combine(&group_key, commitment, &gm_share, &rm_share, signature),
                     GROUPSIG_OK);
    vectors_assert_hex(open, "member_commitment", commitment, sizeof commitment);
}

static void check_traced_by(json_object *entry, const struct groupsig_verified *signature)
{
    json_object *traced_by = vectors_get_array(entry, "traced_by");
    for (size_t i = 0; i < json_object_array_length(traced_by); i++) {
        static struct groupsig_token token;
        uint8_t bytes[GROUPSIG_TOKEN_BYTES];
        vectors_get_hex(vectors_get(member_at(i), "reveal"), "token", bytes, sizeof bytes);
        assert_int_equal(groupsig_token_parse(&token, bytes, sizeof bytes), GROUPSIG_OK);
        assert_int_equal(groupsig_trace(signature, &token),
                         json_object_get_boolean(json_object_array_get_idx(traced_by, i)));
    }
}

static void check_claim(json_object *entry, const struct groupsig_verified *signature)
{
    json_object *claim = vectors_get(entry, "claim");
    vectors_check_members(claim, (const char *[]){"ctx32", "k", "proof", NULL});
    struct groupsig_member_secret member;
    uint8_t ctx32[32], proof[GROUPSIG_CLAIM_BYTES];
    blst_scalar k;
    bool valid = false;
    load_member_of(entry, &member);
    vectors_get_hex(claim, "ctx32", ctx32, sizeof ctx32);
    get_scalar(claim, "k", &k);
    gs_claim_with_nonce(&group_key, proof, &member.x, signature, ctx32, &k);
    vectors_assert_hex(claim, "proof", proof, sizeof proof);
    assert_int_equal(
        groupsig_claim_verify(&group_key, &valid, proof, sizeof proof, signature, ctx32),
        GROUPSIG_OK);
    assert_true(valid);
}

static void test_signatures(void **state)
{
    (void)state;
    json_object *signatures = vectors_get_array(vectors, "signatures");
    for (size_t i = 0; i < json_object_array_length(signatures); i++) {
        json_object *entry = json_object_array_get_idx(signatures, i);
        struct groupsig_verified signature;
        vectors_check_members(entry,
                              (const char *[]){"member", "msg32", "r", "bt", "br", "bu",
                                               "signature", "open", "traced_by", "claim", NULL});
        check_sign(entry);
        load_signature_of(entry, &signature);
        check_open(entry, &signature);
        check_traced_by(entry, &signature);
        check_claim(entry, &signature);
    }
}

static void test_link(void **state)
{
    (void)state;
    json_object *link = vectors_get(vectors, "link");
    vectors_check_members(link,
                          (const char *[]){"member", "signatures", "ctx32", "k", "proof", NULL});
    static struct groupsig_verified signatures[GROUPSIG_LINK_MAX];
    struct groupsig_member_secret member;
    uint8_t ctx32[32], proof[GROUPSIG_LINK_BYTES];
    blst_scalar k;
    bool valid = false;
    size_t count = find_signatures(vectors_get_array(link, "signatures"), signatures,
                                   GROUPSIG_LINK_MAX);
    load_member_of(link, &member);
    vectors_get_hex(link, "ctx32", ctx32, sizeof ctx32);
    get_scalar(link, "k", &k);
    gs_link_with_nonce(&group_key, proof, &member.x, signatures, count, ctx32, &k);
    vectors_assert_hex(link, "proof", proof, sizeof proof);
    assert_int_equal(
        groupsig_link_verify(&group_key, &valid, proof, sizeof proof, signatures, count, ctx32),
        GROUPSIG_OK);
    assert_true(valid);
}

static void test_edge_valid(void **state)
{
    (void)state;
    json_object *list = vectors_get_array(vectors, "edge_valid");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        vectors_check_members(entry, (const char *[]){"why", "member", "msg32", "r", "bt", "br",
                                                      "bu", "signature", NULL});
        check_sign(entry);
    }
}

static void test_rejected(void **state)
{
    (void)state;
    json_object *list = vectors_get_array(vectors, "rejected");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        uint8_t bytes[MAX_OBJECT], msg32[32];
        vectors_check_members(entry, (const char *[]){"why", "msg32", "signature", NULL});
        size_t len = vectors_decode_hex(vectors_get(entry, "signature"), bytes, sizeof bytes);
        vectors_get_hex(entry, "msg32", msg32, sizeof msg32);
        if (verify_bytes(NULL, bytes, len, msg32))
            fail_msg("accepted: %s", json_object_get_string(vectors_get(entry, "why")));
    }
}

static bool accepts_group_key(json_object *entry, const uint8_t *bytes, size_t len)
{
    static struct groupsig_group_key key;
    vectors_check_members(entry, (const char *[]){"type", "why", "object", NULL});
    return groupsig_group_key_parse(&key, bytes, len) == GROUPSIG_OK;
}

static bool accepts_join_request(json_object *entry, const uint8_t *bytes, size_t len)
{
    struct groupsig_join_request request;
    uint8_t nonce32[32], ctx32[32];
    vectors_check_members(entry, (const char *[]){"type", "why", "object", "nonce", "ctx", NULL});
    vectors_get_hex(entry, "nonce", nonce32, sizeof nonce32);
    vectors_get_hex(entry, "ctx", ctx32, sizeof ctx32);
    return groupsig_join_request_parse(&request, bytes, len) == GROUPSIG_OK &&
           groupsig_join_request_verify(&group_key, &request, nonce32, ctx32);
}

static bool accepts_opening_share(json_object *entry, const uint8_t *bytes, size_t len)
{
    struct groupsig_verified signature;
    bool valid = false;
    vectors_check_members(entry, (const char *[]){"type", "why", "object", "signature", NULL});
    find_signature(vectors_get(entry, "signature"), &signature);
    return groupsig_opening_share_check(&group_key, &valid, NULL, bytes, len, &signature) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_reveal_share(json_object *entry, const uint8_t *bytes, size_t len)
{
    struct groupsig_join_request request;
    bool valid = false;
    vectors_check_members(entry, (const char *[]){"type", "why", "object", "request", NULL});
    load_request(vectors_get(entry, "request"), &request);
    return groupsig_reveal_share_check(&group_key, &valid, NULL, bytes, len, &request) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_claim(json_object *entry, const uint8_t *bytes, size_t len)
{
    struct groupsig_verified signature;
    uint8_t ctx32[32];
    bool valid = false;
    vectors_check_members(entry,
                          (const char *[]){"type", "why", "object", "signature", "ctx32", NULL});
    find_signature(vectors_get(entry, "signature"), &signature);
    vectors_get_hex(entry, "ctx32", ctx32, sizeof ctx32);
    return groupsig_claim_verify(&group_key, &valid, bytes, len, &signature, ctx32) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_link(json_object *entry, const uint8_t *bytes, size_t len)
{
    static struct groupsig_verified signatures[GROUPSIG_LINK_MAX];
    uint8_t ctx32[32];
    bool valid = false;
    vectors_check_members(entry,
                          (const char *[]){"type", "why", "object", "signatures", "ctx32", NULL});
    size_t count = find_signatures(vectors_get_array(entry, "signatures"), signatures,
                                   GROUPSIG_LINK_MAX);
    vectors_get_hex(entry, "ctx32", ctx32, sizeof ctx32);
    return groupsig_link_verify(&group_key, &valid, bytes, len, signatures, count, ctx32) ==
               GROUPSIG_OK &&
           valid;
}

static void test_rejected_objects(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool (*accepts)(json_object *entry, const uint8_t *bytes, size_t len);
    } kinds[] = {{"group key", accepts_group_key},
                 {"join request", accepts_join_request},
                 {"opening share", accepts_opening_share},
                 {"reveal share", accepts_reveal_share},
                 {"claim", accepts_claim},
                 {"link", accepts_link}};
    json_object *list = vectors_get_array(vectors, "rejected_objects");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *entry = json_object_array_get_idx(list, i);
        const char *type = json_object_get_string(vectors_get(entry, "type"));
        uint8_t bytes[MAX_OBJECT];
        size_t len = vectors_decode_hex(vectors_get(entry, "object"), bytes, sizeof bytes),
               kind = 0;
        while (kind < sizeof kinds / sizeof kinds[0] && strcmp(kinds[kind].type, type) != 0)
            kind++;
        if (kind == sizeof kinds / sizeof kinds[0])
            fail_msg("unknown type of object: %s", type);
        if (kinds[kind].accepts(entry, bytes, len))
            fail_msg("accepted %s: %s", type, json_object_get_string(vectors_get(entry, "why")));
    }
}

/* ---- start
 * ---------------------------------------------------------------------------------------- */

/* Everything but the set-up test stands on the key and the secrets as the vectors have them. */
static int load_setup(void **state)
{
    (void)state;
    json_object *setup = vectors_get(vectors, "setup");
    uint8_t key[GROUPSIG_GROUP_KEY_BYTES];
    uint8_t gm_bytes[GROUPSIG_GM_SECRET_BYTES] = {GS_SCHEME, GS_TYPE_GM_SECRET};
    uint8_t rm_bytes[GROUPSIG_RM_SECRET_BYTES] = {GS_SCHEME, GS_TYPE_RM_SECRET};
    vectors_get_hex(setup, "group_key", key, sizeof key);
    vectors_get_hex(vectors_get(setup, "gm"), "gamma", gm_bytes + 2, 32);
    vectors_get_hex(vectors_get(setup, "gm"), "xi", gm_bytes + 34, 32);
    vectors_get_hex(vectors_get(setup, "gm"), "eta", gm_bytes + 66, 32);
    vectors_get_hex(vectors_get(setup, "rm"), "xi", rm_bytes + 2, 32);
    vectors_get_hex(vectors_get(setup, "rm"), "eta", rm_bytes + 34, 32);
    return groupsig_group_key_parse(&group_key, key, sizeof key) != GROUPSIG_OK ||
           groupsig_gm_secret_parse(&gm, gm_bytes, sizeof gm_bytes) != GROUPSIG_OK ||
           groupsig_rm_secret_parse(&rm, rm_bytes, sizeof rm_bytes) != GROUPSIG_OK;
}

int main(int argc, char **argv)
{
    vectors = vectors_load(argc, argv, "cpy06-g1.json");
    if (!vectors)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_generators),
        cmocka_unit_test(test_setup),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_edge_valid),
        cmocka_unit_test(test_rejected),
        cmocka_unit_test(test_rejected_objects),
    };
    int failed = cmocka_run_group_tests(tests, load_setup, NULL);
    json_object_put(vectors);
    return failed;
}
