/* Inside of the salted Merkle tree, for tree.c and disclosure.c. */
#ifndef GALEN_RECORD_TREE_H
#define GALEN_RECORD_TREE_H

#include "record/hash.h"

struct record_leaf {
    char *path;         /* owned; NULL for padding */
    json_object *value; /* borrowed from the tree's content */
    uint8_t salt[RECORD_SALT_BYTES];
    uint8_t hash[RECORD_HASH_BYTES];
};

struct record_tree {
    json_object *content; /* owned copy */
    struct record_leaf *leaves;
    uint32_t leaf_count;  /* with padding */
    uint32_t field_count; /* without */
    uint8_t root[RECORD_HASH_BYTES];
};

/* The hash of the subtree over n >= 1 leaves from the one numbered from. */
void record_tree_hash_range(struct record_hasher *hasher, uint8_t out32[RECORD_HASH_BYTES],
                            const struct record_tree *tree, uint32_t from, uint32_t n);

#endif
