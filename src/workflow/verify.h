/* Checks that a share's reader and a buyer have in common: the group signature, and the revocation
 * list in force. Each adds its row to a list of checks. */
#ifndef GALEN_WORKFLOW_VERIFY_H
#define GALEN_WORKFLOW_VERIFY_H

#include "workflow/internal.h"

#define REVOCATION_LIST_TYPE   "galen.revocation-list/1"
#define REVOCATION_MAX_ENTRIES 512
#define REVOCATION_REASON_TEXT 24

/*
 * A list's block: JCS {type, version, prev, nextUpdate, entries: [{token, effectiveFrom, reason}],
 * signatures: {gm, rm}}; both managers sign RevocationList{version, SHA-256(JCS of the rest)}.
 * prev is the SHA-256 of the block it builds on (32 zero bytes at first); entries begin with all of
 * that one's. version is the number that the contract gave; numbers under which no signed list was
 * published are passed over. Signatures are those of the managers in office when the contract named
 * the list: a manager who was replaced can neither undo a list nor make one.
 */
struct revocation_block {               /* {0} is empty */
    struct json_object *json, *entries; /* owned; borrowed from json */
    uint64_t version;
    uint8_t prev[32], digest[32]; /* digest: what both sign */
    int64_t next_update;
    uint8_t gm65[CHAIN_SIGNATURE_BYTES], rm65[CHAIN_SIGNATURE_BYTES];
};
void revocation_block_clear(struct revocation_block *block);
#define REVOCATION_BLOCK_AUTO GALEN_CLEANUP(revocation_block_clear) struct revocation_block
/* Strict. Signatures are not judged. */
GALEN_MUST_CHECK enum galen_err revocation_block_get(struct workflow *wf,
                                                     struct revocation_block *out,
                                                     const uint8_t cid[32],
                                                     struct galen_errinfo *info);
/* signed_part: the object without its signatures, read strictly into *out (json is a copy). */
GALEN_MUST_CHECK enum galen_err revocation_block_parse(struct revocation_block *out,
                                                       struct json_object *signed_part,
                                                       struct galen_errinfo *info);
/* CHECK unless later begins with all entries of earlier (a list it builds on). */
GALEN_MUST_CHECK enum galen_err revocation_block_extends(const struct revocation_block *later,
                                                         const struct revocation_block *earlier,
                                                         struct galen_errinfo *info);
/* EIP-712 RevocationList. */
void revocation_block_digest(const struct workflow *wf, uint8_t digest32[32],
                             const struct revocation_block *block);
/* By both who were in office when the block with that CID was named on-chain. */
GALEN_MUST_CHECK enum galen_err revocation_block_signed(struct workflow *wf, bool *valid,
                                                        const struct revocation_block *block,
                                                        const uint8_t cid[32],
                                                        struct galen_errinfo *info);
/* The managers when that list was set (managers.c); today's while its event has not come. */
GALEN_MUST_CHECK enum galen_err
revocation_managers_of(struct workflow *wf, struct chain_address *gm, struct chain_address *rm,
                       const uint8_t cid[32], uint64_t version, struct galen_errinfo *info);

/*
 * The list in force on the chain. {0} is empty. A list that cannot be had or does not hold is kept
 * as a problem: every check against it then fails, since nobody can say that a member is not on it.
 */
struct revocation_list {
    bool is_published; /* false: the contract names none */
    char problem[384]; /* empty: the list was read, both signed it, and nothing was dropped */
    uint64_t version;  /* that its entries are of */
    uint8_t cid[32];   /* the block of the newest */
    int64_t next_update;
    struct groupsig_token *tokens; /* owned */
    int64_t *effective_from;       /* owned; Unix seconds */
    size_t n_tokens;
    struct revocation_block newest; /* owned */
};
void revocation_list_clear(struct revocation_list *list);
#define REVOCATION_LIST_AUTO GALEN_CLEANUP(revocation_list_clear) struct revocation_list

/* at: as it was in force at that Unix time, by the events this home has seen; 0: now. Only DB, IO
 * and NOMEM fail; whatever else is wrong becomes list->problem. */
GALEN_MUST_CHECK enum galen_err revocation_list_load(struct workflow *wf,
                                                     struct revocation_list *list, int64_t at,
                                                     struct galen_errinfo *info);
/* The contract's version, and the newest list that both managers signed and this home can have; an
 * empty block when there is none. cid: of that block, zeros without one. */
GALEN_MUST_CHECK enum galen_err revocation_list_newest(struct workflow *wf, uint64_t *version,
                                                       struct revocation_block *out,
                                                       uint8_t cid[32], struct galen_errinfo *info);
/* Row "revocation list". signature NULL: there is no valid one to trace, the row fails.
 * anchored_at: of a record, Unix seconds; one anchored before its doctor's revocation took effect
 * passes and is called 'signed before revocation'. 0: a release, or a record that is not anchored.
 */
GALEN_MUST_CHECK enum galen_err revocation_list_check(const struct revocation_list *list,
                                                      struct json_object *checks, bool *all,
                                                      const struct groupsig_verified *signature,
                                                      int64_t anchored_at,
                                                      struct galen_errinfo *info);

/* A version of the group key as the row "group signature" needs it. */
struct workflow_signature_key {
    uint32_t version;
    const struct groupsig_group_key
        *key; /* borrowed from wf; NULL: not to be had, or not confirmed */
    bool is_compromised;
    char problem[sizeof((struct galen_errinfo *)0)->what]; /* without a key: why */
};
GALEN_MUST_CHECK enum galen_err workflow_signature_key_load(struct workflow *wf,
                                                            struct workflow_signature_key *out,
                                                            uint32_t version,
                                                            struct galen_errinfo *info);
/* Is a signature that holds under that key worth anything? */
bool workflow_signature_counts(const struct workflow_signature_key *key, bool holds);
/* Row "group signature"; on any thread. */
GALEN_MUST_CHECK enum galen_err workflow_signature_row(const struct workflow_signature_key *key,
                                                       bool holds, struct json_object *checks,
                                                       bool *all, struct galen_errinfo *info);
/* Row "group signature": valid over msg32 under a confirmed, uncompromised version. */
GALEN_MUST_CHECK enum galen_err
workflow_check_signature(struct workflow *wf, struct json_object *checks, bool *all, bool *valid,
                         struct groupsig_verified *verified, uint32_t key_version,
                         const uint8_t sig362[362], const uint8_t msg32[32],
                         struct galen_errinfo *info);

#endif
