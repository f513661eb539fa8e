/* Disclosures: made, encoded, parsed, judged; every way of being wrong. */
#include "naive.h"

#include <time.h>

static bool verify(const struct record_disclosure *disclosure, enum record_order order)
{
    bool valid = false;
    assert_ok(record_disclosure_verify(&valid, disclosure, order, info));
    return valid;
}

static void check_wire(const struct record_disclosure *disclosure, enum record_order order)
{
    RECORD_JSON_AUTO wire = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_DISCLOSURE_AUTO parsed = {0};
    assert_ok(record_disclosure_encode(&wire, disclosure, info));
    assert_ok(record_disclosure_parse(&parsed, wire, info));
    assert_true(verify(&parsed, order));
    assert_ok(record_disclosure_encode(&again, &parsed, info));
    assert_true(json_object_equal(wire, again));
}

/* Every subset of trees of 1 to 9 leaves, and random subsets of a padded one. */
static void test_all_subsets(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 9; n++) {
        RECORD_JSON_AUTO content = numbered(n);
        RECORD_TREE_AUTO tree = NULL;
        assert_ok(record_tree_new(&tree, content, test_seed(), info));
        for (unsigned set = 1; set < 1u << n; set++) {
            char texts[9][8];
            const char *paths[9];
            size_t count = 0;
            for (unsigned i = 0; i < n; i++) {
                if ((set >> i & 1) == 0)
                    continue;
                snprintf(texts[count], sizeof texts[count], "/f%u", i + 1);
                paths[count] = texts[count];
                count++;
            }
            RECORD_DISCLOSURE_AUTO disclosure = {0};
            uint8_t root[32];
            assert_ok(record_disclosure_make(&disclosure, tree, paths, count, info));
            record_tree_root(root, tree);
            assert_memory_equal(disclosure.root, root, 32);
            assert_int_equal(disclosure.field_count, count);
            assert_true(disclosure.sibling_count <= n - count);
            assert_true(verify(&disclosure, RECORD_ORDER_PATH));
            check_wire(&disclosure, RECORD_ORDER_PATH);
        }
    }
}

static void test_padded_subsets(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    RECORD_JSON_AUTO content = numbered(100);
    RECORD_TREE_AUTO tree = NULL;
    (void)state;
    print_message("# seed %u\n", seed);
    assert_ok(record_tree_new_padded(&tree, content, test_seed(), info));
    for (int round = 0; round < 200; round++) {
        char texts[100][8];
        const char *paths[100];
        size_t count = 1 + (size_t)(rand_r(&seed) % 100);
        for (size_t i = 0; i < count; i++) { /* repeats are fine */
            snprintf(texts[i], sizeof texts[i], "/f%d", 1 + rand_r(&seed) % 100);
            paths[i] = texts[i];
        }
        RECORD_DISCLOSURE_AUTO disclosure = {0};
        assert_ok(record_disclosure_make(&disclosure, tree, paths, count, info));
        assert_true(verify(&disclosure, RECORD_ORDER_HASH));
        if (disclosure.field_count > 7) /* such paths are not in hash order by chance */
            assert_false(verify(&disclosure, RECORD_ORDER_PATH));
        check_wire(&disclosure, RECORD_ORDER_HASH);
    }
}

static void make_sample(struct record_disclosure *out, const char *const *paths, size_t count)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_TREE_AUTO tree = NULL;
    assert_ok(record_tree_new(&tree, record, test_seed(), info));
    assert_ok(record_disclosure_make(out, tree, paths, count, info));
}

static void test_prefixes(void **state)
{
    RECORD_JSON_AUTO record = parse_text(sample_record);
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO all = {0};
    RECORD_JSON_AUTO content = NULL;
    (void)state;
    assert_ok(record_tree_new(&tree, record, test_seed(), info));
    assert_ok(record_disclosure_make(&all, tree, (const char *[]){""}, 1, info));
    assert_int_equal(all.field_count, record_tree_leaf_count(tree));
    assert_int_equal(all.sibling_count, 0);
    assert_true(verify(&all, RECORD_ORDER_PATH));
    assert_ok(record_disclosure_content(&content, &all, info));
    assert_true(json_object_equal(content, record)); /* nothing lost, nothing added */

    static const struct {
        const char *path;
        size_t fields;
    } cases[] = {{"/medical_data/diagnosis", 9},
                 {"/medical_data/diagnosis/1", 1},
                 {"/demographics", 12},
                 {"/issued", 1},
                 {"/hospital", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_DISCLOSURE_AUTO part = {0};
        assert_ok(record_disclosure_make(&part, tree, &cases[i].path, 1, info));
        assert_int_equal(part.field_count, cases[i].fields);
        assert_true(verify(&part, RECORD_ORDER_PATH));
    }
    struct record_disclosure none = {0};
    static const char *const absent[] = {"/issue", "/issued/0", "issued", "/",
                                         "/medical_data/diag"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(record_disclosure_make(&none, tree, &absent[i], 1, NULL),
                         GALEN_ERR_NOT_FOUND);
    assert_int_equal(record_disclosure_make(&none, tree, NULL, 0, NULL), GALEN_ERR_USAGE);
    RECORD_DISCLOSURE_AUTO present = {0};
    assert_ok(
        record_disclosure_make_present(&present, tree, (const char *[]){"/x", "/issued"}, 2, info));
    assert_int_equal(present.field_count, 1);
    assert_int_equal(record_disclosure_make_present(&none, tree, absent, 2, NULL),
                     GALEN_ERR_NOT_FOUND);
}

static void set_value(struct record_disclosure *disclosure, size_t i, json_object *value)
{
    json_object_put(disclosure->fields[i].value);
    disclosure->fields[i].value = value;
}

/* Every way of being wrong that the types allow. */
static void test_wrong_disclosures(void **state)
{
    static const char *const paths[] = {"/category", "/demographics/age", "/notes"};
    (void)state;
    for (int wrong = 0; wrong < 16; wrong++) {
        RECORD_DISCLOSURE_AUTO d = {0};
        make_sample(&d, paths, 3);
        assert_int_equal(d.field_count, 3);
        assert_true(d.sibling_count > 3);
        switch (wrong) {
        case 0:
            d.root[31] ^= 1;
            break;
        case 1:
            d.leaf_count++;
            break;
        case 2:
            d.leaf_count--;
            break;
        case 3:
            d.fields[0].index++;
            break;
        case 4:
            d.fields[2].index = d.leaf_count;
            break;
        case 5:
            d.fields[1].index = d.fields[0].index;
            break;
        case 6:
            d.fields[1].salt[0] ^= 0x80;
            break;
        case 7:
            set_value(&d, 1, json_object_new_string("44")); /* a text is not the number */
            break;
        case 8:
            set_value(&d, 1, json_object_new_int64(45));
            break;
        case 9:
            set_value(&d, 1, json_object_new_double(44.0));
            break;
        case 10:
            set_value(&d, 1, NULL);
            break;
        case 11:
            d.siblings[0][0] ^= 1;
            break;
        case 12:
            d.sibling_count--;
            break;
        case 13:
            d.siblings = realloc(d.siblings, (d.sibling_count + 1) * 32);
            memset(d.siblings[d.sibling_count++], 0, 32);
            break;
        case 14:
            d.fields[0].path[1] = 'C';
            break;
        case 15:
            d.leaf_count = UINT32_MAX;
            break;
        }
        bool valid = true;
        struct galen_errinfo info = {0};
        assert_int_equal(record_disclosure_verify(&valid, &d, RECORD_ORDER_PATH, &info), GALEN_OK);
        if (valid)
            fail_msg("case %d was taken", wrong);
        assert_int_equal(info.code, GALEN_ERR_CHECK);
        assert_null(strstr(info.what, "Cardiology"));
    }
    RECORD_DISCLOSURE_AUTO empty = {0};
    assert_false(verify(&empty, RECORD_ORDER_PATH));
}

/* A signer who puts one path twice into a hash-ordered tree gains nothing. */
static void test_repeated_path(void **state)
{
    struct naive_leaf leaves[64] = {{.path = "/year", .jcs = "2020"},
                                    {.path = "/year", .jcs = "2024"}};
    (void)state;
    for (int i = 0; i < 2; i++)
        naive_hash_leaf(&leaves[i], test_seed());
    for (uint8_t i = 2; i < 64; i++)
        memset(leaves[i].hash, i, 32);
    qsort(leaves, 64, sizeof *leaves, by_hash);
    RECORD_DISCLOSURE_AUTO d = {.leaf_count = 64};
    naive_close(d.root, leaves, 64);
    d.fields = calloc(64, sizeof *d.fields);
    /* The multi-proof, by a walk of its own: a range without a chosen leaf is one sibling. */
    struct range {
        size_t from, n;
    } stack[16] = {{0, 64}};
    size_t depth = 1;
    d.siblings = calloc(64, sizeof *d.siblings);
    while (depth > 0) {
        struct range range = stack[--depth];
        size_t inside = 0;
        for (size_t i = range.from; i < range.from + range.n; i++)
            inside += leaves[i].path[0] != '\0';
        if (inside == 0) {
            naive_mth(d.siblings[d.sibling_count++], leaves + range.from, range.n);
        } else if (range.n == 1) {
            struct record_field *field = &d.fields[d.field_count++];
            uint8_t mac[32];
            unsigned len = 32;
            HMAC(EVP_sha256(), test_seed(), 32, (const uint8_t *)"/year", 5, mac, &len);
            memcpy(field->salt, mac, 16);
            field->index = (uint32_t)range.from;
            field->path = strdup("/year");
            field->value = json_object_new_int64(atoi(leaves[range.from].jcs));
        } else {
            stack[depth++] = (struct range){range.from + range.n / 2, range.n / 2};
            stack[depth++] = (struct range){range.from, range.n / 2};
        }
    }
    assert_int_equal(d.field_count, 2);
    bool valid = true;
    struct galen_errinfo info = {0};
    assert_int_equal(record_disclosure_verify(&valid, &d, RECORD_ORDER_HASH, &info), GALEN_OK);
    assert_false(valid);
    assert_non_null(strstr(info.what, "a path stands twice")); /* and nothing else is wrong: */
    free(d.fields[1].path);
    d.fields[1].path = strdup("/yeas");
    assert_int_equal(record_disclosure_verify(&valid, &d, RECORD_ORDER_HASH, &info), GALEN_OK);
    assert_non_null(strstr(info.what, "root"));
}

/* ---- the wire form --------------------------------------------------------------------------- */

/* true when the bytes still say something that verifies under this root; *same when it is the same.
 */
static bool accepted(const char *text, size_t len, const uint8_t root[32], const char *canonical,
                     bool *same)
{
    RECORD_JSON_AUTO value = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_DISCLOSURE_AUTO d = {0};
    BASE_BUF_AUTO jcs = {0};
    if (record_json_parse(&value, text, len, 1 << 20, NULL) != GALEN_OK ||
        record_disclosure_parse(&d, value, NULL) != GALEN_OK || !verify(&d, RECORD_ORDER_PATH) ||
        memcmp(d.root, root, 32) != 0)
        return false;
    assert_ok(record_disclosure_encode(&again, &d, info));
    assert_ok(record_json_jcs(&jcs, again, info));
    *same = strcmp((const char *)jcs.data, canonical) == 0;
    return true;
}

static void test_mutations(void **state)
{
    static const char *const paths[] = {"/category", "/medical_data/diagnosis/1",
                                        "/demographics/age"};
    RECORD_DISCLOSURE_AUTO d = {0};
    RECORD_JSON_AUTO wire = NULL;
    BASE_BUF_AUTO jcs = {0};
    size_t tried = 0;
    size_t harmless = 0;
    (void)state;
    make_sample(&d, paths, 3);
    assert_ok(record_disclosure_encode(&wire, &d, info));
    assert_ok(record_json_jcs(&jcs, wire, info));
    const char *canonical = (const char *)jcs.data;
    char *text = malloc(jcs.len + 2);
    bool same = false;
    assert_true(accepted(canonical, jcs.len, d.root, canonical, &same) && same);
    for (size_t i = 0; i < jcs.len; i++) {
        for (int change = 0; change < 12; change++) {
            static const char inserted[] = {' ', '0', '"'};
            size_t len = jcs.len;
            memcpy(text, canonical, jcs.len);
            if (change < 8) { /* each bit */
                text[i] = (char)(text[i] ^ (1 << change));
            } else if (change == 8) { /* the byte left out */
                memmove(text + i, text + i + 1, jcs.len - i - 1);
                len--;
            } else { /* one more */
                memmove(text + i + 1, text + i, jcs.len - i);
                text[i] = inserted[change - 9];
                len++;
            }
            tried++;
            if (accepted(text, len, d.root, canonical, &same)) {
                harmless++;
                if (!same)
                    fail_msg("byte %zu, change %d: taken with another meaning", i, change);
            }
        }
    }
    for (size_t len = 0; len < jcs.len; len++)
        assert_false(accepted(canonical, len, d.root, canonical, &same));
    print_message("# %zu mutations of %zu bytes, %zu of them mean the same\n", tried, jcs.len,
                  harmless);
    free(text);
}

static void test_wire_refused(void **state)
{
    static const struct {
        const char *place, *key, *json;
    } cases[] = {
        {"", "type", "[\"galen.disclosure/2\"]"},
        {"", "root", "[\"0x00\"]"},
        {"", "count", "[0]"},
        {"", "count", "[65537]"},
        {"", "count", "[\"71\"]"},
        {"", "fields", "[[]]"},
        {"", "siblings", "[[\"0xAA\"]]"},
        {"", "siblings", "[[5]]"},
        {"", "extra", "[1]"},
        {"/fields/0", "index", "[71]"},
        {"/fields/1", "index", "[0]"},
        {"/fields/0", "index", "[-1]"},
        {"/fields/0", "value", "[null]"},
        {"/fields/0", "value", "[1.5]"},
        {"/fields/0", "value", "[[1]]"},
        {"/fields/0", "value", "[{}]"},
        {"/fields/0", "path", "[\"category\"]"},
        {"/fields/0", "path", "[\"/a~2\"]"},
        {"/fields/0", "path", "[\"/a~\"]"},
        {"/fields/0", "path", "[\"\"]"},
        {"/fields/0", "salt", "[\"0x00\"]"},
        {"/fields/0", "extra", "[1]"},
    };
    static const char *const paths[] = {"/category", "/notes"};
    RECORD_DISCLOSURE_AUTO d = {0};
    (void)state;
    make_sample(&d, paths, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO wire = NULL;
        RECORD_JSON_AUTO wrapped = parse_text(cases[i].json);
        struct record_disclosure parsed = {0};
        json_object *copy = NULL;
        assert_ok(record_disclosure_encode(&wire, &d, info));
        assert_ok(record_json_copy(&copy, json_object_array_get_idx(wrapped, 0), info));
        json_object_object_add(at(wire, cases[i].place), cases[i].key, copy);
        if (record_disclosure_parse(&parsed, wire, NULL) != GALEN_ERR_PARSE)
            fail_msg("%s/%s %s was taken", cases[i].place, cases[i].key, cases[i].json);
        assert_null(parsed.fields);
    }
}

static void add_field(struct record_disclosure *d, const char *path, int64_t value)
{
    d->fields = realloc(d->fields, (d->field_count + 1) * sizeof *d->fields);
    d->fields[d->field_count++] = (struct record_field){.path = strdup(path),
                                                        .value = json_object_new_int64(value)};
}

static void test_content(void **state)
{
    static const struct {
        const char *paths[5];
        const char *json; /* NULL: contradiction */
    } cases[] = {
        {{"/a/10/x", "/a/2/x", "/b"}, "{\"a\":[{\"x\":1},{\"x\":0}],\"b\":2}"},
        {{"/a~1b/c~0d", "/~01"}, "{\"a/b\":{\"c~d\":0},\"~1\":1}"},
        {{"/a", "/a/b"}, NULL},
        {{"/a/b", "/a"}, NULL},
        {{"/a/0", "/a/b"}, NULL},
        {{"/a", "/a"}, NULL},
        {{"/a/00"}, "{\"a\":{\"00\":0}}"},
        {{"no pointer"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_DISCLOSURE_AUTO d = {0};
        RECORD_JSON_AUTO content = NULL;
        for (int p = 0; cases[i].paths[p] != NULL; p++)
            add_field(&d, cases[i].paths[p], p);
        enum galen_err err = record_disclosure_content(&content, &d, NULL);
        if (cases[i].json == NULL) {
            assert_int_equal(err, GALEN_ERR_CHECK);
        } else {
            RECORD_JSON_AUTO expected = parse_text(cases[i].json);
            assert_int_equal(err, GALEN_OK);
            assert_true(json_object_equal(content, expected));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_subsets),   cmocka_unit_test(test_padded_subsets),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_wrong_disclosures),
        cmocka_unit_test(test_repeated_path), cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_wire_refused),  cmocka_unit_test(test_content),
    };
    return cmocka_run_group_tests_name("record/disclosure", tests, NULL, NULL);
}
