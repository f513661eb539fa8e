/* Making a disclosure, and the verdict on one: a multi-proof over chosen leaves. */
#include "record/tree.h"

#include <stdlib.h>
#include <string.h>

void record_disclosure_clear(struct record_disclosure *disclosure)
{
    if (disclosure == NULL)
        return;
    for (size_t i = 0; i < disclosure->field_count; i++) {
        free(disclosure->fields[i].path);
        json_object_put(disclosure->fields[i].value);
    }
    if (disclosure->fields != NULL)
        base_wipe(disclosure->fields, disclosure->field_count * sizeof *disclosure->fields);
    free(disclosure->fields);
    free(disclosure->siblings);
    *disclosure = (struct record_disclosure){0};
}

/* ---- making ---------------------------------------------------------------------------------- */

struct prover {
    const struct record_tree *tree;
    struct record_hasher *hasher;
    struct record_disclosure *out;
    size_t sibling_room;
    size_t next; /* the first field not yet passed */
    bool out_of_memory;
};

static void add_sibling(struct prover *prover, uint32_t from, uint32_t n)
{
    struct record_disclosure *out = prover->out;
    if (out->sibling_count == prover->sibling_room) {
        size_t room = prover->sibling_room * 2 + 32;
        void *grown = reallocarray(out->siblings, room, sizeof *out->siblings);
        if (grown == NULL) {
            prover->out_of_memory = true;
            return;
        }
        out->siblings = grown;
        prover->sibling_room = room;
    }
    record_tree_hash_range(prover->hasher, out->siblings[out->sibling_count++], prover->tree, from,
                           n);
}

/* Depth first, left to right: a subtree without a disclosed leaf is one sibling. */
static void prove(struct prover *prover, uint32_t from, uint32_t n)
{
    const struct record_disclosure *out = prover->out;
    if (prover->out_of_memory)
        return;
    if (prover->next == out->field_count || out->fields[prover->next].index >= from + n) {
        add_sibling(prover, from, n);
    } else if (n == 1) {
        prover->next++;
    } else {
        uint32_t split = record_hash_split(n);
        prove(prover, from, split);
        prove(prover, from + split, n - split);
    }
}

static enum galen_err choose(bool *chosen, size_t *count, const struct record_tree *tree,
                             const char *const *paths, size_t path_count, bool skip_absent,
                             struct galen_errinfo *info)
{
    for (size_t p = 0; p < path_count; p++) {
        bool any = false;
        for (uint32_t i = 0; i < tree->leaf_count; i++) {
            const char *path = tree->leaves[i].path;
            if (path == NULL || !record_pointer_covers(paths[p], path))
                continue;
            any = true;
            *count += !chosen[i];
            chosen[i] = true;
        }
        if (!any && !skip_absent)
            return base_fail(info, GALEN_ERR_NOT_FOUND, "no field %.*s", RECORD_MAX_PATH_BYTES,
                             paths[p]);
    }
    if (*count == 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "none of the fields is there");
    return GALEN_OK;
}

static void free_flags(bool **flags)
{
    free(*flags);
}

static enum galen_err disclose(struct record_disclosure *out, const struct record_tree *tree,
                               const char *const *paths, size_t path_count, bool skip_absent,
                               struct galen_errinfo *info)
{
    GALEN_ASSERT(out->fields == NULL && out->siblings == NULL);
    if (path_count == 0)
        return base_fail(info, GALEN_ERR_USAGE, "no field is named");
    GALEN_CLEANUP(free_flags) bool *chosen = calloc(tree->leaf_count, sizeof *chosen);
    if (chosen == NULL)
        return record_nomem(info);
    size_t count = 0;
    GALEN_TRY(choose(chosen, &count, tree, paths, path_count, skip_absent, info));

    RECORD_DISCLOSURE_AUTO made = {.leaf_count = tree->leaf_count};
    memcpy(made.root, tree->root, sizeof made.root);
    made.fields = calloc(count, sizeof *made.fields);
    if (made.fields == NULL)
        return record_nomem(info);
    for (uint32_t i = 0; i < tree->leaf_count; i++) {
        if (!chosen[i])
            continue;
        struct record_field *field = &made.fields[made.field_count++];
        const struct record_leaf *leaf = &tree->leaves[i];
        field->index = i;
        memcpy(field->salt, leaf->salt, sizeof field->salt);
        field->path = strdup(leaf->path);
        if (field->path == NULL)
            return record_nomem(info);
        GALEN_TRY(record_json_copy(&field->value, leaf->value, info));
    }

    GALEN_CLEANUP(record_hasher_clear) struct record_hasher hasher = {0};
    GALEN_TRY(record_hasher_init(&hasher, info));
    struct prover prover = {.tree = tree, .hasher = &hasher, .out = &made};
    prove(&prover, 0, tree->leaf_count);
    if (prover.out_of_memory)
        return record_nomem(info);
    GALEN_TRY(record_hasher_check(&hasher, info));
    *out = made;
    made = (struct record_disclosure){0};
    return GALEN_OK;
}

enum galen_err record_disclosure_make(struct record_disclosure *out, const struct record_tree *tree,
                                      const char *const *paths, size_t path_count,
                                      struct galen_errinfo *info)
{
    return disclose(out, tree, paths, path_count, false, info);
}

enum galen_err record_disclosure_make_present(struct record_disclosure *out,
                                              const struct record_tree *tree,
                                              const char *const *paths, size_t path_count,
                                              struct galen_errinfo *info)
{
    return disclose(out, tree, paths, path_count, true, info);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

struct verifier {
    const struct record_disclosure *in;
    const uint8_t (*leaves)[RECORD_HASH_BYTES]; /* of the fields */
    struct record_hasher *hasher;
    size_t next_field;
    size_t next_sibling;
    bool short_of_siblings;
};

static void climb(struct verifier *verifier, uint8_t out32[RECORD_HASH_BYTES], uint32_t from,
                  uint32_t n)
{
    const struct record_disclosure *in = verifier->in;
    if (verifier->next_field == in->field_count ||
        in->fields[verifier->next_field].index >= from + n) {
        if (verifier->next_sibling == in->sibling_count) {
            verifier->short_of_siblings = true;
            memset(out32, 0, RECORD_HASH_BYTES);
        } else {
            memcpy(out32, in->siblings[verifier->next_sibling++], RECORD_HASH_BYTES);
        }
        return;
    }
    if (n == 1) {
        memcpy(out32, verifier->leaves[verifier->next_field++], RECORD_HASH_BYTES);
        return;
    }
    uint8_t left[RECORD_HASH_BYTES];
    uint8_t right[RECORD_HASH_BYTES];
    uint32_t split = record_hash_split(n);
    climb(verifier, left, from, split);
    climb(verifier, right, from + split, n - split);
    record_hash_node(verifier->hasher, out32, left, right);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void free_paths(const char ***paths)
{
    free(*paths);
}

/* Whatever the order of the leaves, one place must not have two values. */
static enum galen_err check_unique(const char **why, const struct record_disclosure *in,
                                   struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_paths) const char **paths = calloc(in->field_count, sizeof *paths);
    if (paths == NULL)
        return record_nomem(info);
    for (size_t i = 0; i < in->field_count; i++)
        paths[i] = in->fields[i].path;
    qsort(paths, in->field_count, sizeof *paths, by_path);
    for (size_t i = 1; i < in->field_count; i++) {
        if (strcmp(paths[i - 1], paths[i]) == 0)
            *why = "a path stands twice";
    }
    return GALEN_OK;
}

/* What can be said before hashing; NULL when all is well. */
static const char *check_shape(const struct record_disclosure *in, enum record_order order)
{
    if (in->field_count == 0)
        return "no field is disclosed";
    if (in->leaf_count == 0 || in->leaf_count > RECORD_MAX_LEAVES)
        return "the number of leaves is out of range";
    if (order == RECORD_ORDER_HASH &&
        (in->leaf_count < 64 || (in->leaf_count & (in->leaf_count - 1)) != 0))
        return "the number of leaves is not a release's";
    for (size_t i = 0; i < in->field_count; i++) {
        const struct record_field *field = &in->fields[i];
        if (field->index >= in->leaf_count)
            return "an index is out of range";
        if (i > 0 && field->index <= in->fields[i - 1].index)
            return "the indices do not increase";
        if (field->path == NULL || !record_pointer_ok(field->path))
            return "a path is no JSON Pointer";
        if (order == RECORD_ORDER_PATH && i > 0 && strcmp(field->path, in->fields[i - 1].path) <= 0)
            return "the paths are not in order";
        enum json_type type = json_object_get_type(field->value);
        if (type != json_type_string && type != json_type_int && type != json_type_boolean)
            return "a value is no scalar";
    }
    return NULL;
}

static void free_hashes(uint8_t (**hashes)[RECORD_HASH_BYTES])
{
    free(*hashes);
}

static enum galen_err check_proof(const char **why, const struct record_disclosure *in,
                                  enum record_order order, struct galen_errinfo *info)
{
    GALEN_CLEANUP(record_hasher_clear) struct record_hasher hasher = {0};
    GALEN_TRY(record_hasher_init(&hasher, info));
    GALEN_CLEANUP(free_hashes)
    uint8_t(*leaves)[RECORD_HASH_BYTES] = calloc(in->field_count, sizeof *leaves);
    if (leaves == NULL)
        return record_nomem(info);
    BASE_BUF_AUTO jcs = {0};
    for (size_t i = 0; i < in->field_count; i++) {
        const struct record_field *field = &in->fields[i];
        jcs.len = 0;
        enum galen_err err = record_json_jcs(&jcs, field->value, info);
        if (err == GALEN_ERR_NOMEM)
            return err;
        if (err != GALEN_OK) {
            *why = "a value has no canonical form";
            return GALEN_OK;
        }
        record_hash_leaf(&hasher, leaves[i], field->salt, field->path, jcs.data, jcs.len);
        if (order == RECORD_ORDER_HASH && i > 0 &&
            memcmp(leaves[i - 1], leaves[i], RECORD_HASH_BYTES) >= 0)
            *why = "the leaves are not in order";
    }

    struct verifier verifier = {
        .in = in, .leaves = (const uint8_t(*)[RECORD_HASH_BYTES])leaves, .hasher = &hasher};
    uint8_t top[RECORD_HASH_BYTES];
    uint8_t root[RECORD_HASH_BYTES];
    climb(&verifier, top, 0, in->leaf_count);
    record_hash_root(&hasher, root, in->leaf_count, top);
    GALEN_TRY(record_hasher_check(&hasher, info));
    if (verifier.short_of_siblings || verifier.next_sibling != in->sibling_count)
        *why = "the number of siblings is wrong";
    else if (memcmp(root, in->root, sizeof root) != 0)
        *why = "the values do not lead to the root";
    return GALEN_OK;
}

enum galen_err record_disclosure_verify(bool *valid, const struct record_disclosure *disclosure,
                                        enum record_order order, struct galen_errinfo *info)
{
    const char *why = check_shape(disclosure, order);
    if (why == NULL)
        GALEN_TRY(check_unique(&why, disclosure, info));
    if (why == NULL)
        GALEN_TRY(check_proof(&why, disclosure, order, info));
    if (why != NULL)
        (void)base_fail(info, GALEN_ERR_CHECK, "the disclosure does not hold: %s", why);
    *valid = why == NULL;
    return GALEN_OK;
}
