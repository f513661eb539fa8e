/*
 * The Merkle tree against the naive one of naive.h, and two roots computed with Python's hashlib;
 * what the doctor signs.
 */
#include "naive.h"

#include <time.h>

static void test_roots_agree(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 300; n += n < 70 ? 1 : 23) {
        RECORD_JSON_AUTO content = numbered(n);
        for (int padded = 0; padded < 2; padded++) {
            RECORD_TREE_AUTO tree = NULL;
            uint8_t root[32];
            uint8_t expected[32];
            if (padded)
                assert_ok(record_tree_new_padded(&tree, content, test_seed(), info));
            else
                assert_ok(record_tree_new(&tree, content, test_seed(), info));
            record_tree_root(root, tree);
            naive_root(expected, content, test_seed(), padded);
            assert_memory_equal(root, expected, 32);
            assert_int_equal(record_tree_field_count(tree), n);
            assert_int_equal(record_tree_leaf_count(tree), !padded    ? n
                                                           : n <= 64  ? 64
                                                           : n <= 128 ? 128
                                                           : n <= 256 ? 256
                                                                      : 512);
        }
    }
}

/* Computed from the same JSON with Python's json, hashlib and hmac; seed 00 01 … 1f. */
static void test_known_roots(void **state)
{
    uint8_t root[32];
    uint8_t expected[32];
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_JSON_AUTO content = NULL;
    RECORD_TREE_AUTO tree = NULL;
    (void)state;
    assert_ok(base_hex_decode(expected, 32,
                              "29cfe785415090de1128a6ba82bda393a7ccbdf6c4d3d8aa872bd8867e525166",
                              "root", info));
    assert_ok(record_id(root, record, test_seed(), info));
    assert_memory_equal(root, expected, 32);
    assert_ok(base_hex_decode(expected, 32,
                              "c6ef08dc49b05c47949176a11a08b2f99d82355cc06273107bd72af5d875dc14",
                              "root", info));
    assert_ok(record_release_content(&content, record, info));
    assert_ok(record_tree_new_padded(&tree, content, test_seed(), info));
    record_tree_root(root, tree);
    assert_memory_equal(root, expected, 32);
}

static void test_key_order_does_not_matter(void **state)
{
    RECORD_JSON_AUTO a = parse_text("{\"x\":1,\"y\":{\"b\":\"2\",\"a\":true}}");
    RECORD_JSON_AUTO b = parse_text("{\"y\":{\"a\":true,\"b\":\"2\"},\"x\":1}");
    uint8_t roots[2][32];
    json_object *both[] = {a, b};
    (void)state;
    for (int i = 0; i < 2; i++) {
        RECORD_TREE_AUTO tree = NULL;
        assert_ok(record_tree_new(&tree, both[i], test_seed(), info));
        record_tree_root(roots[i], tree);
    }
    assert_memory_equal(roots[0], roots[1], 32);
}

static void test_tree_refuses(void **state)
{
    static const struct {
        const char *text;
        enum galen_err err;
    } bad[] = {
        {"{}", GALEN_ERR_PARSE},
        {"[1]", GALEN_ERR_PARSE},
        {"{\"a\":null}", GALEN_ERR_PARSE},
        {"{\"a\":{}}", GALEN_ERR_PARSE},
        {"{\"a\":[]}", GALEN_ERR_PARSE},
        {"{\"a\":1.5}", GALEN_ERR_PARSE},
        {"{\"a\":[1,[]]}", GALEN_ERR_PARSE},
        {"{\"a\":9007199254740992}", GALEN_ERR_PARSE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RECORD_JSON_AUTO content = parse_text(bad[i].text);
        struct record_tree *tree = NULL;
        assert_int_equal(record_tree_new(&tree, content, test_seed(), NULL), bad[i].err);
        assert_int_equal(record_tree_new_padded(&tree, content, test_seed(), NULL), bad[i].err);
        assert_null(tree);
    }
    RECORD_JSON_AUTO most = numbered(RECORD_MAX_LEAVES);
    RECORD_JSON_AUTO more = numbered(RECORD_MAX_LEAVES + 1);
    RECORD_TREE_AUTO tree = NULL;
    struct record_tree *none = NULL;
    assert_ok(record_tree_new(&tree, most, test_seed(), info));
    assert_int_equal(record_tree_new(&none, more, test_seed(), NULL), GALEN_ERR_LIMIT);

    char key[RECORD_MAX_PATH_BYTES + 2];
    memset(key, '~', sizeof key); /* two bytes each in a pointer */
    key[RECORD_MAX_PATH_BYTES / 2] = '\0';
    RECORD_JSON_AUTO longest = json_object_new_object();
    json_object_object_add(longest, key, json_object_new_int64(1));
    assert_int_equal(record_tree_new(&none, longest, test_seed(), NULL), GALEN_ERR_LIMIT);
    key[RECORD_MAX_PATH_BYTES / 2 - 1] = '\0';
    RECORD_JSON_AUTO fits = json_object_new_object();
    json_object_object_add(fits, key, json_object_new_int64(1));
    assert_ok(record_tree_new(&none, fits, test_seed(), info));
    record_tree_free(&none);
}

/* SHA-256 over the fixed layouts, computed here from one buffer. */
static void test_messages(void **state)
{
    uint8_t bytes[128] = "galen/record/1";
    uint8_t datahub[20], owner[20], root[32], expected[32], got[32];
    (void)state;
    memset(datahub, 0xda, 20);
    memset(owner, 0x0e, 20);
    memset(root, 0x52, 32);
    for (int release = 0; release < 2; release++) {
        const char *domain = release ? "galen/release/1" : "galen/record/1";
        size_t at_ = strlen(domain);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, domain, at_);
        bytes[at_ + 30] = 0x7a; /* 31337 = 0x7a69 */
        bytes[at_ + 31] = 0x69;
        memcpy(bytes + at_ + 32, datahub, 20);
        memcpy(bytes + at_ + 52, root, 32);
        memcpy(bytes + at_ + 84, owner, 20);
        SHA256(bytes, at_ + 104, expected);
        if (release)
            assert_ok(record_release_msg32(got, 31337, datahub, root, owner, info));
        else
            assert_ok(record_msg32(got, 31337, datahub, root, owner, info));
        assert_memory_equal(got, expected, 32);
    }
}

/* Well under a millisecond is the aim; a slow machine under a sanitizer gets ten. */
static void test_speed(void **state)
{
    RECORD_JSON_AUTO content = numbered(100);
    struct timespec from, to;
    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 200; i++) {
        RECORD_TREE_AUTO tree = NULL;
        assert_ok(record_tree_new(&tree, content, test_seed(), info));
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double us = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
                200e3;
    print_message("# a tree of 100 fields takes %.0f us\n", us);
    assert_true(us < 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_agree),
        cmocka_unit_test(test_known_roots),
        cmocka_unit_test(test_key_order_does_not_matter),
        cmocka_unit_test(test_tree_refuses),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests_name("record/tree", tests, NULL, NULL);
}
