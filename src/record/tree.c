/*
 * The salted Merkle tree: a record's leaves ordered by path, a release's by leaf hash and padded.
 * Wire format of the hashes: record.h.
 */
#include "record/tree.h"

#include <stdlib.h>
#include <string.h>

#define MIN_PADDED_LEAVES 64u

/* Scalars below value become leaves; path is value's place. The leaves have been allocated. */
static enum galen_err collect(struct record_tree *tree, json_object *value,
                              struct record_path *path, struct galen_errinfo *info)
{
    enum json_type type = json_object_get_type(value);
    size_t here = path->len;
    size_t count = 0;
    if (type == json_type_object) {
        json_object_object_foreach(value, key, member)
        {
            GALEN_TRY(record_path_push(path, key, info));
            GALEN_TRY(collect(tree, member, path, info));
            record_path_cut(path, here);
            count++;
        }
    } else if (type == json_type_array) {
        for (; count < json_object_array_length(value); count++) {
            GALEN_TRY(record_path_push_index(path, count, info));
            GALEN_TRY(collect(tree, json_object_array_get_idx(value, count), path, info));
            record_path_cut(path, here);
        }
    } else if (type == json_type_null) {
        return base_fail(info, GALEN_ERR_PARSE, "%s: null is not allowed", path->text);
    } else {
        struct record_leaf *leaf = &tree->leaves[tree->field_count];
        leaf->path = strdup(path->text);
        if (leaf->path == NULL)
            return record_nomem(info);
        leaf->value = value;
        tree->field_count++;
        return GALEN_OK;
    }
    if (count == 0)
        return base_fail(info, GALEN_ERR_PARSE, "%s: empty", path->text);
    return GALEN_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct record_leaf *)a)->path, ((const struct record_leaf *)b)->path);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct record_leaf *)a)->hash, ((const struct record_leaf *)b)->hash,
                  RECORD_HASH_BYTES);
}

static enum galen_err hash_leaves(struct record_tree *tree, struct record_hasher *hasher,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO jcs = {0};
    for (uint32_t i = 0; i < tree->field_count; i++) {
        struct record_leaf *leaf = &tree->leaves[i];
        uint8_t mac[RECORD_HASH_BYTES];
        jcs.len = 0;
        enum galen_err err = record_json_jcs(&jcs, leaf->value, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s", leaf->path);
        record_hash_mac(hasher, mac, leaf->path, strlen(leaf->path));
        memcpy(leaf->salt, mac, sizeof leaf->salt);
        base_wipe(mac, sizeof mac);
        record_hash_leaf(hasher, leaf->hash, leaf->salt, leaf->path, jcs.data, jcs.len);
    }
    return record_hasher_check(hasher, info);
}

static enum galen_err pad(struct record_tree *tree, struct record_hasher *hasher,
                          struct galen_errinfo *info)
{
    for (uint32_t j = 0; tree->field_count + j < tree->leaf_count; j++) {
        uint8_t data[7] = {'p', 'a', 'd'};
        base_put_u32be(data + 3, j);
        record_hash_mac(hasher, tree->leaves[tree->field_count + j].hash, data, sizeof data);
    }
    GALEN_TRY(record_hasher_check(hasher, info));
    qsort(tree->leaves, tree->leaf_count, sizeof *tree->leaves, by_hash);
    return GALEN_OK;
}

static void hash_range(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                       const struct record_leaf *leaves, uint32_t n)
{
    if (n == 1) {
        memcpy(out32, leaves->hash, RECORD_HASH_BYTES);
        return;
    }
    uint8_t left[RECORD_HASH_BYTES];
    uint8_t right[RECORD_HASH_BYTES];
    uint32_t split = record_hash_split(n);
    hash_range(hasher, left, leaves, split);
    hash_range(hasher, right, leaves + split, n - split);
    record_hash_node(hasher, out32, left, right);
}

void record_tree_hash_range(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                            const struct record_tree *tree, uint32_t from, uint32_t n)
{
    hash_range(hasher, out32, tree->leaves + from, n);
}

static enum galen_err build(struct record_tree *tree, struct record_hasher *hasher,
                            json_object *content, const uint8_t seed[RECORD_SEED_BYTES],
                            bool padded, struct galen_errinfo *info)
{
    if (!json_object_is_type(content, json_type_object))
        return base_fail(info, GALEN_ERR_PARSE, "not a JSON object");
    size_t count = record_count_leaves(content);
    if (count > RECORD_MAX_LEAVES)
        return base_fail(info, GALEN_ERR_LIMIT, "%zu fields; at most %u fit into one tree", count,
                         RECORD_MAX_LEAVES);
    tree->leaf_count = (uint32_t)count;
    if (padded) {
        tree->leaf_count = MIN_PADDED_LEAVES;
        while (tree->leaf_count < count)
            tree->leaf_count *= 2;
    }
    tree->leaves = calloc(tree->leaf_count + 1u, sizeof *tree->leaves);
    if (tree->leaves == NULL)
        return record_nomem(info);

    GALEN_TRY(record_json_copy(&tree->content, content, info));
    struct record_path path = {0};
    GALEN_TRY(collect(tree, tree->content, &path, info));
    qsort(tree->leaves, tree->field_count, sizeof *tree->leaves, by_path);
    for (uint32_t i = 1; i < tree->field_count; i++) {
        if (by_path(&tree->leaves[i - 1], &tree->leaves[i]) == 0)
            return base_fail(info, GALEN_ERR_PARSE, "%s: stands twice", tree->leaves[i].path);
    }

    GALEN_TRY(record_hasher_init(hasher, info));
    GALEN_TRY(record_hasher_key(hasher, seed, info));
    GALEN_TRY(hash_leaves(tree, hasher, info));
    if (padded)
        GALEN_TRY(pad(tree, hasher, info));
    uint8_t top[RECORD_HASH_BYTES];
    hash_range(hasher, top, tree->leaves, tree->leaf_count);
    record_hash_root(hasher, tree->root, tree->leaf_count, top);
    return record_hasher_check(hasher, info);
}

static enum galen_err make(struct record_tree **out, json_object *content,
                           const uint8_t seed[RECORD_SEED_BYTES], bool padded,
                           struct galen_errinfo *info)
{
    RECORD_TREE_AUTO tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return record_nomem(info);
    GALEN_CLEANUP(record_hasher_clear) struct record_hasher hasher = {0};
    GALEN_TRY(build(tree, &hasher, content, seed, padded, info));
    *out = tree;
    tree = NULL;
    return GALEN_OK;
}

enum galen_err record_tree_new(struct record_tree **out, json_object *content,
                               const uint8_t seed[RECORD_SEED_BYTES], struct galen_errinfo *info)
{
    return make(out, content, seed, false, info);
}

enum galen_err record_tree_new_padded(struct record_tree **out, json_object *content,
                                      const uint8_t seed[RECORD_SEED_BYTES],
                                      struct galen_errinfo *info)
{
    return make(out, content, seed, true, info);
}

void record_tree_free(struct record_tree **tree)
{
    if (*tree == NULL)
        return;
    for (uint32_t i = 0; (*tree)->leaves != NULL && i < (*tree)->leaf_count; i++)
        free((*tree)->leaves[i].path);
    if ((*tree)->leaves != NULL)
        base_wipe((*tree)->leaves, (*tree)->leaf_count * sizeof *(*tree)->leaves);
    free((*tree)->leaves);
    json_object_put((*tree)->content);
    free(*tree);
    *tree = NULL;
}

void record_tree_root(uint8_t root32[RECORD_HASH_BYTES], const struct record_tree *tree)
{
    memcpy(root32, tree->root, RECORD_HASH_BYTES);
}

uint32_t record_tree_leaf_count(const struct record_tree *tree)
{
    return tree->leaf_count;
}

uint32_t record_tree_field_count(const struct record_tree *tree)
{
    return tree->field_count;
}

enum galen_err record_id(uint8_t idrec32[RECORD_HASH_BYTES], json_object *record,
                         const uint8_t seed[RECORD_SEED_BYTES], struct galen_errinfo *info)
{
    RECORD_TREE_AUTO tree = NULL;
    GALEN_TRY(record_validate(record, info));
    GALEN_TRY(record_tree_new(&tree, record, seed, info));
    record_tree_root(idrec32, tree);
    return GALEN_OK;
}
