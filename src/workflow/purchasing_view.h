/* What the checks of one delivery's entries share. Read-only while they run, on any thread. */
#ifndef GALEN_WORKFLOW_PURCHASING_VIEW_H
#define GALEN_WORKFLOW_PURCHASING_VIEW_H

#include "workflow/purchasing_internal.h"

/* Where an entry's values are; ek NULL: nobody has given its key. */
struct purchasing_view_row {
    bool is_known;
    uint8_t bundle_cid[32];
    char *ek; /* owned */
};

struct purchasing_buyer_view {
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    struct base_secret private_jwk; /* empty: this home has it not */
    struct purchasing_entries entries;
    struct purchasing_view_row *rows; /* owned; as many as entries */
    uint32_t k;                       /* that the manifest claims */
    struct revocation_list revocations;
    bool is_readable; /* manifest rows and entries go together */
    bool wants_tree;  /* a check of an entry draws its tree, too */
};

#endif
