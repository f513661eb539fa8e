/* Pictures of trees: every node's hash is its children's, and what is shown is just what was
 * disclosed. */
#include "naive.h"

static json_object *member(json_object *object, const char *name)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value))
        fail_msg("no %s", name);
    return value;
}

static int64_t number(json_object *object, const char *name)
{
    return json_object_get_int64(member(object, name));
}

static const char *text(json_object *object, const char *name)
{
    return json_object_get_string(member(object, name));
}

/* The subtree of n leaves from `from`; NULL when the picture has none. */
static json_object *find(json_object *picture, int64_t from, int64_t n)
{
    json_object *nodes = member(picture, "nodes");
    json_object *found = NULL;
    for (size_t i = 0; i < json_object_array_length(nodes); i++) {
        json_object *node = json_object_array_get_idx(nodes, i);
        if (number(node, "from") == from && number(node, "count") == n) {
            assert_null(found);
            found = node;
        }
    }
    return found;
}

static int64_t split_of(int64_t n)
{
    int64_t split = 1;
    while (2 * split < n)
        split *= 2;
    return split;
}

/* RFC 6962's node, where both children are known; shown exactly when one of them is. */
static size_t check_below(json_object *picture, int64_t from, int64_t n)
{
    uint8_t bytes[65] = {1};
    uint8_t hash[32], expected[32];
    json_object *node = find(picture, from, n);
    if (node == NULL)
        return 0;
    const int64_t split = split_of(n);
    json_object *left = n > 1 ? find(picture, from, split) : NULL;
    json_object *right = n > 1 ? find(picture, from + split, n - split) : NULL;
    assert_true((left == NULL) == (right == NULL));
    if (left == NULL)
        return 1;
    assert_ok(base_hex_decode(bytes + 1, 32, text(left, "hash"), "left", info));
    assert_ok(base_hex_decode(bytes + 33, 32, text(right, "hash"), "right", info));
    assert_ok(base_hex_decode(hash, 32, text(node, "hash"), "node", info));
    SHA256(bytes, sizeof bytes, expected);
    assert_memory_equal(hash, expected, 32);
    bool below = strcmp(text(left, "state"), "shown") == 0 ||
                 strcmp(text(right, "state"), "shown") == 0;
    assert_int_equal(strcmp(text(node, "state"), "shown") == 0, below);
    return 1 + check_below(picture, from, split) + check_below(picture, from + split, n - split);
}

static size_t count_state(json_object *picture, const char *state)
{
    json_object *nodes = member(picture, "nodes");
    size_t n = 0;
    for (size_t i = 0; i < json_object_array_length(nodes); i++)
        n += strcmp(text(json_object_array_get_idx(nodes, i), "state"), state) == 0;
    return n;
}

/* Every subset of small trees, as the owner sees it and as who was shown it does. */
static void test_all_subsets(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 7; n++) {
        RECORD_JSON_AUTO content = numbered(n);
        RECORD_TREE_AUTO tree = NULL;
        assert_ok(record_tree_new(&tree, content, test_seed(), info));
        for (unsigned set = 1; set < 1u << n; set++) {
            char texts[7][8];
            const char *paths[7];
            size_t count = 0;
            for (unsigned i = 0; i < n; i++)
                if ((set >> i & 1) != 0) {
                    snprintf(texts[count], sizeof texts[count], "/f%u", i + 1);
                    paths[count] = texts[count];
                    count++;
                }
            RECORD_DISCLOSURE_AUTO shown = {0};
            RECORD_JSON_AUTO owner = NULL;
            RECORD_JSON_AUTO reader = NULL;
            assert_ok(record_disclosure_make(&shown, tree, paths, count, info));
            assert_ok(record_tree_picture(&owner, tree, &shown, info));
            assert_ok(record_disclosure_picture(&reader, &shown, info));
            assert_int_equal(check_below(owner, 0, n), 2 * n - 1);
            assert_int_equal(check_below(reader, 0, n),
                             json_object_array_length(member(reader, "nodes")));
            assert_string_equal(text(find(reader, 0, n), "hash"), text(find(owner, 0, n), "hash"));
            assert_string_equal(text(reader, "root"), text(owner, "root"));
            assert_int_equal(number(owner, "shown"), count);
            /* the reader has the siblings, and of the hidden nothing: neither hash nor path */
            assert_int_equal(count_state(owner, "proof"), shown.sibling_count);
            assert_int_equal(count_state(reader, "proof"), shown.sibling_count);
            assert_int_equal(count_state(reader, "hidden"), 0);
            assert_int_equal(json_object_array_length(member(reader, "leaves")), count);
            assert_int_equal(json_object_array_length(member(owner, "leaves")), n);
        }
        RECORD_JSON_AUTO bare = NULL;
        assert_ok(record_tree_picture(&bare, tree, NULL, info));
        assert_int_equal(count_state(bare, "hidden"), 2 * n - 1);
    }
}

/* A padded release: its pads have no path. */
static void test_padded(void **state)
{
    RECORD_JSON_AUTO content = numbered(5);
    RECORD_JSON_AUTO picture = NULL;
    RECORD_TREE_AUTO tree = NULL;
    (void)state;
    assert_ok(record_tree_new_padded(&tree, content, test_seed(), info));
    assert_ok(record_tree_picture(&picture, tree, NULL, info));
    assert_int_equal(number(picture, "leafCount"), 64);
    assert_int_equal(check_below(picture, 0, 64), 127);
    assert_int_equal(json_object_array_length(member(picture, "leaves")), 5);
}

static void test_refused(void **state)
{
    RECORD_JSON_AUTO content = numbered(4);
    RECORD_JSON_AUTO picture = NULL;
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO shown = {0};
    struct galen_errinfo info = {0};
    (void)state;
    assert_int_equal(record_tree_new(&tree, content, test_seed(), &info), GALEN_OK);
    assert_int_equal(record_disclosure_make(&shown, tree, (const char *[]){"/f1"}, 1, &info),
                     GALEN_OK);
    const uint32_t leaves = shown.leaf_count;
    shown.leaf_count = 4097;
    assert_int_equal(record_disclosure_picture(&picture, &shown, &info), GALEN_ERR_LIMIT);
    shown.leaf_count = leaves;
    shown.sibling_count--;
    assert_int_equal(record_disclosure_picture(&picture, &shown, &info), GALEN_ERR_CHECK);
    shown.sibling_count++;
    assert_null(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_subsets),
        cmocka_unit_test(test_padded),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
