/* Checks that a share's reader and a buyer have in common: the group signature, and the revocation
 * list in force. Each adds its row to a list of checks. */
#ifndef GALEN_WORKFLOW_VERIFY_H
#define GALEN_WORKFLOW_VERIFY_H

#include "workflow/internal.h"

#define REVOCATION_LIST_TYPE   "galen.revocation-list/1"
#define REVOCATION_MAX_ENTRIES 512

/*
 * The list in force on the chain. {0} is empty. A list that cannot be had or does not hold is kept
 * as a problem: every check against it then fails, since nobody can say that a member is not on it.
 *
 * Block: JCS {type, version, prev, nextUpdate, entries: [{keyVersion, token}], signatures: {gm,
 * rm}}; both managers sign RevocationList{version, SHA-256(JCS of the rest)}.
 */
struct revocation_list {
    bool is_published; /* false: the contract names none */
    char problem[384]; /* empty: the list was read and both managers signed it */
    uint64_t version;
    int64_t next_update;
    struct groupsig_token *tokens; /* owned */
    uint32_t *key_versions;        /* owned; of the tokens */
    size_t n_tokens;
};
void revocation_list_clear(struct revocation_list *list);
#define REVOCATION_LIST_AUTO GALEN_CLEANUP(revocation_list_clear) struct revocation_list

/* Only DB, IO and NOMEM fail; whatever else is wrong becomes list->problem. */
GALEN_MUST_CHECK enum galen_err
revocation_list_load(struct workflow *wf, struct revocation_list *list, struct galen_errinfo *info);
/* Row "revocation list". signature NULL: there is no valid one to trace, the row fails. */
GALEN_MUST_CHECK enum galen_err revocation_list_check(const struct revocation_list *list,
                                                      struct json_object *checks, bool *all,
                                                      const struct groupsig_verified *signature,
                                                      uint32_t key_version,
                                                      struct galen_errinfo *info);

/* Row "group signature": valid over msg32 under a confirmed, uncompromised version. */
GALEN_MUST_CHECK enum galen_err
workflow_check_signature(struct workflow *wf, struct json_object *checks, bool *all, bool *valid,
                         struct groupsig_verified *verified, uint32_t key_version,
                         const uint8_t sig362[362], const uint8_t msg32[32],
                         struct galen_errinfo *info);

#endif
