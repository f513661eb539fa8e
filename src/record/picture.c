/*
 * A tree as one draws it: every subtree whose hash is known, and which of them a disclosure's
 * values lead to.
 *
 *     {root, leafCount, shown, nodes: [{from, count, hash, state}], leaves: [{index, path}]}
 *
 * A node is the subtree of `count` leaves from the one numbered `from`. state: `shown`, a disclosed
 * value is below it; `proof`, none is, and its hash is handed on as a sibling; `hidden`, its hash
 * stays with the owner.
 */
#include "record/tree.h"

#include <stdlib.h>
#include <string.h>

#define LEAVES_MAX 4096u /* more is no picture any more */

struct painter {
    const struct record_tree *tree;     /* NULL: a disclosure is all there is */
    const struct record_disclosure *in; /* NULL: nothing is disclosed */
    struct record_hasher *hasher;
    json_object *nodes, *leaves;
    size_t next_field, next_sibling;
};

static enum galen_err push(json_object *array, json_object **value, struct galen_errinfo *info)
{
    if (json_object_array_add(array, *value) != 0)
        return record_nomem(info);
    *value = NULL;
    return GALEN_OK;
}

static enum galen_err add_node(struct painter *painter, uint32_t from, uint32_t n,
                               const uint8_t hash32[RECORD_HASH_BYTES], const char *state,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO node = json_object_new_object();
    if (node == NULL)
        return record_nomem(info);
    GALEN_TRY(record_json_set(node, "from", json_object_new_int64(from), info));
    GALEN_TRY(record_json_set(node, "count", json_object_new_int64(n), info));
    GALEN_TRY(record_json_set_hex(node, "hash", hash32, RECORD_HASH_BYTES, info));
    GALEN_TRY(record_json_set(node, "state", json_object_new_string(state), info));
    return push(painter->nodes, &node, info);
}

static enum galen_err add_leaf(struct painter *painter, uint32_t index, const char *path,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO leaf = json_object_new_object();
    if (leaf == NULL)
        return record_nomem(info);
    GALEN_TRY(record_json_set(leaf, "index", json_object_new_int64(index), info));
    GALEN_TRY(record_json_set(leaf, "path", json_object_new_string(path), info));
    return push(painter->leaves, &leaf, info);
}

static enum galen_err hash_field(struct painter *painter, uint8_t out32[RECORD_HASH_BYTES],
                                 const struct record_field *field, struct galen_errinfo *info)
{
    BASE_BUF_AUTO jcs = {0};
    GALEN_TRY(record_json_jcs(&jcs, field->value, info));
    record_hash_leaf(painter->hasher, out32, field->salt, field->path, jcs.data, jcs.len);
    return add_leaf(painter, field->index, field->path, info);
}

/* is_below: below a node whose hash is handed on. */
static enum galen_err paint(struct painter *painter, uint8_t out32[RECORD_HASH_BYTES],
                            uint32_t from, uint32_t n, bool is_below, struct galen_errinfo *info)
{
    const struct record_disclosure *in = painter->in;
    const bool is_shown = in != NULL && painter->next_field < in->field_count &&
                          in->fields[painter->next_field].index < from + n;
    const bool is_proof = in != NULL && !is_shown && !is_below;
    if (painter->tree == NULL && !is_shown) {
        if (painter->next_sibling == in->sibling_count)
            return base_fail(info, GALEN_ERR_CHECK, "the disclosure lacks siblings");
        memcpy(out32, in->siblings[painter->next_sibling++], RECORD_HASH_BYTES);
    } else if (n > 1) {
        uint8_t left[RECORD_HASH_BYTES], right[RECORD_HASH_BYTES];
        const uint32_t split = record_hash_split(n);
        const bool below = is_below || is_proof;
        GALEN_TRY(paint(painter, left, from, split, below, info));
        GALEN_TRY(paint(painter, right, from + split, n - split, below, info));
        record_hash_node(painter->hasher, out32, left, right);
    } else if (painter->tree != NULL) {
        const struct record_leaf *leaf = &painter->tree->leaves[from];
        memcpy(out32, leaf->hash, RECORD_HASH_BYTES);
        if (leaf->path != NULL)
            GALEN_TRY(add_leaf(painter, from, leaf->path, info));
        painter->next_field += is_shown;
    } else {
        GALEN_TRY(hash_field(painter, out32, &in->fields[painter->next_field++], info));
    }
    return add_node(painter, from, n, out32,
                    is_shown   ? "shown"
                    : is_proof ? "proof"
                               : "hidden",
                    info);
}

static enum galen_err picture(json_object **out, const uint8_t root32[RECORD_HASH_BYTES],
                              uint32_t leaf_count, struct painter *painter,
                              struct galen_errinfo *info)
{
    if (leaf_count > LEAVES_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "a tree of %u leaves is too large to draw",
                         leaf_count);
    GALEN_CLEANUP(record_hasher_clear) struct record_hasher hasher = {0};
    RECORD_JSON_AUTO made = json_object_new_object();
    RECORD_JSON_AUTO nodes = json_object_new_array();
    RECORD_JSON_AUTO leaves = json_object_new_array();
    uint8_t top[RECORD_HASH_BYTES];
    if (made == NULL || nodes == NULL || leaves == NULL)
        return record_nomem(info);
    GALEN_TRY(record_hasher_init(&hasher, info));
    painter->hasher = &hasher;
    painter->nodes = nodes;
    painter->leaves = leaves;
    GALEN_TRY(paint(painter, top, 0, leaf_count, false, info));
    GALEN_TRY(record_hasher_check(&hasher, info));
    GALEN_TRY(record_json_set_hex(made, "root", root32, RECORD_HASH_BYTES, info));
    GALEN_TRY(record_json_set(made, "leafCount", json_object_new_int64(leaf_count), info));
    const size_t shown = painter->in != NULL ? painter->in->field_count : 0;
    GALEN_TRY(record_json_set(made, "shown", json_object_new_int64((int64_t)shown), info));
    json_object *given = nodes;
    nodes = NULL;
    GALEN_TRY(record_json_set(made, "nodes", given, info));
    given = leaves;
    leaves = NULL;
    GALEN_TRY(record_json_set(made, "leaves", given, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err record_tree_picture(json_object **out, const struct record_tree *tree,
                                   const struct record_disclosure *shown,
                                   struct galen_errinfo *info)
{
    struct painter painter = {.tree = tree, .in = shown};
    return picture(out, tree->root, tree->leaf_count, &painter, info);
}

enum galen_err record_disclosure_picture(json_object **out,
                                         const struct record_disclosure *disclosure,
                                         struct galen_errinfo *info)
{
    struct painter painter = {.in = disclosure};
    return picture(out, disclosure->root, disclosure->leaf_count, &painter, info);
}
