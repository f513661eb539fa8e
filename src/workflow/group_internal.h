/*
 * Joining the group, as applicant (group_join.c) and Group Manager (group_registry.c) see it.
 *
 *   join-nonce    GM → applicant   {type galen.join-nonce/1, fingerprint, nonce, expires}
 *   join-request  applicant → GM   {type galen.join-request/1, fingerprint, nonce, statement,
 *                                   request, signature}: statement = {type galen.statement/1,
 *                                   wallet, name, licence}; signature = EIP-712 Join of the wallet
 *   membership    GM → applicant   {type galen.membership/1, fingerprint, commitment, membership}
 *
 * fingerprint is the group key's; the request's ctx32 is SHA-256(JCS(statement)).
 */
#ifndef GALEN_WORKFLOW_GROUP_INTERNAL_H
#define GALEN_WORKFLOW_GROUP_INTERNAL_H

#include "workflow/steps.h"

#define JOIN_NONCE_TYPE        "galen.join-nonce/1"
#define JOIN_REQUEST_TYPE      "galen.join-request/1"
#define JOIN_STATEMENT_TYPE    "galen.statement/1"
#define JOIN_MEMBERSHIP_TYPE   "galen.membership/1"
#define JOIN_NAME_MAX_BYTES    256
#define JOIN_LICENCE_MAX_BYTES 256

/* What an applicant answers. {0} is empty. */
struct group_evidence {
    struct chain_address wallet;
    uint8_t fingerprint[32], nonce[32], statement_hash[32];
    uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES];
    uint8_t signature[CHAIN_SIGNATURE_BYTES];
    struct base_buf statement; /* JCS */
};
void group_evidence_clear(struct group_evidence *evidence);
#define GROUP_EVIDENCE_AUTO GALEN_CLEANUP(group_evidence_clear) struct group_evidence

/* The EIP-712 Join digest that the wallet signs. */
void group_join_digest(const struct workflow *wf, uint8_t digest32[32],
                       const struct group_evidence *evidence);
/* The confirmed key with that fingerprint; NOT_FOUND when this home has not seen it. */
GALEN_MUST_CHECK enum galen_err group_key_by_fingerprint(struct workflow *wf,
                                                         const struct groupsig_group_key **key,
                                                         const uint8_t fingerprint[32],
                                                         struct galen_errinfo *info);

/* ---- registry rows (group_evidence.c) ------------------------------------------------------- */

/*
 * galen.member/1: {type, fingerprint, wallet, commitment, nonce, statement, request, signature,
 * membership, joinedAt}: a membership with the whole evidence that its doctor asked for it.
 * Row = SHA-256(salt 32 ‖ JCS(row)); head' = SHA-256("galen/registry/1" ‖ head ‖ row), from 32 zero
 * bytes on, one chain for each group key.
 */
#define GROUP_MEMBER_TYPE "galen.member/1"
struct group_member {
    struct group_evidence evidence; /* its statement is owned */
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    char name[JOIN_NAME_MAX_BYTES + 1], licence[JOIN_LICENCE_MAX_BYTES + 1];
    int64_t joined_at;
};
void group_member_clear(struct group_member *member);
#define GROUP_MEMBER_AUTO GALEN_CLEANUP(group_member_clear) struct group_member

/* The row's JSON; name and licence come from the statement. */
GALEN_MUST_CHECK enum galen_err group_member_encode(struct json_object **row,
                                                    const struct group_member *member,
                                                    struct galen_errinfo *info);
/* Strict; says nothing about signature, proof and certificate. *out must be {0}. */
GALEN_MUST_CHECK enum galen_err
group_member_parse(struct group_member *out, struct json_object *row, struct galen_errinfo *info);
/* The whole evidence: the commitment is the request's, the wallet signed Join, the request's proof
 * holds for nonce and statement, the certificate is one over that commitment. *request (may be
 * NULL) receives the request. CHECK; NOT_FOUND: the group key is not known here. */
GALEN_MUST_CHECK enum galen_err group_member_check(struct workflow *wf,
                                                   const struct group_member *member,
                                                   struct groupsig_join_request *request,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err group_row_hash(uint8_t hash32[32], const uint8_t salt[32],
                                               struct json_object *row, struct galen_errinfo *info);
/* head is replaced by head'. */
GALEN_MUST_CHECK enum galen_err group_head_next(uint8_t head[32], const uint8_t row32[32],
                                                struct galen_errinfo *info);
/* {wallet, name, licence, commitment, joinedAt}, for people. */
GALEN_MUST_CHECK enum galen_err group_member_show(struct json_object **out,
                                                  const struct group_member *member,
                                                  struct galen_errinfo *info);

/* ---- the registry, from either side (group_members.c, group_copy.c) ----------------------------- */

#define REGISTRY_TYPE      "galen.registry/1"
#define COUNTERSIGNED_TYPE "galen.registry-countersigned/1"

/* A head of one version's registry, and what is known of it. */
struct group_head {
    uint32_t key_version;
    uint8_t fingerprint[32], hash[32];
    uint64_t size;
    uint8_t gm65[CHAIN_SIGNATURE_BYTES], rm65[CHAIN_SIGNATURE_BYTES];
    bool countersigned;
};
/* EIP-712 RegistryHead. */
void group_head_digest(const struct workflow *wf, uint8_t digest32[32],
                       const struct group_head *head);
GALEN_MUST_CHECK enum galen_err group_head_sign(struct workflow *wf,
                                                uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                                const struct chain_address *signer,
                                                const struct group_head *head,
                                                struct galen_errinfo *info);
/* What the chain holds. */
GALEN_MUST_CHECK enum galen_err group_head_committed(struct workflow *wf,
                                                     struct datahub_get_members_result *out,
                                                     uint32_t key_version,
                                                     struct galen_errinfo *info);
/* holder's largest head of that fingerprint beyond `above` rows; with only_signed, of those that RM
 * signed. */
GALEN_MUST_CHECK enum galen_err group_head_newest(struct workflow *wf, bool *found,
                                                  struct group_head *head,
                                                  const struct chain_address *holder,
                                                  uint64_t above, bool only_signed,
                                                  struct galen_errinfo *info);
/* {keyVersion, size, head}. */
GALEN_MUST_CHECK enum galen_err group_head_result(struct json_object **out,
                                                  const struct group_head *head,
                                                  struct galen_errinfo *info);
/* The 32 bytes in the first row; zeros without one. */
GALEN_MUST_CHECK enum galen_err group_read_hash(struct db_rows *rows, uint8_t out[32],
                                                struct galen_errinfo *info);
/* A row of `member` as GROUP_MEMBER_COLUMNS selects it. *out must be {0}. */
#define GROUP_MEMBER_COLUMNS                                                                       \
    "SELECT fingerprint, wallet, commitment, nonce, statement, request, signature, membership,"    \
    " salt, joined_at FROM member "
GALEN_MUST_CHECK enum galen_err group_read_member(struct group_member *out, uint8_t salt[32],
                                                  const struct db_rows *rows,
                                                  struct galen_errinfo *info);

/* The member with this commitment in the Group Manager's registry, or (holder an RM) in the RM's
 * own copy of it; salt may be NULL. */
GALEN_MUST_CHECK enum galen_err
group_find_member(struct workflow *wf, bool *found, struct group_member *out, uint8_t salt[32],
                  const struct chain_address *holder, bool is_gm, const uint8_t fingerprint[32],
                  const uint8_t commitment[48], struct galen_errinfo *info);
/* RM: is the commitment among the rows that the chain's head of that version covers? STATE: its
 * copy is not what the head covers, so that nobody can be blamed from it. */
GALEN_MUST_CHECK enum galen_err
group_is_committed(struct workflow *wf, bool *committed, const struct chain_address *rm,
                   uint32_t key_version, const uint8_t commitment[48], struct galen_errinfo *info);
/* ---- a row in the registry on the chain, for who has no copy (group_proof.c) --------------------- */

/* *proof {before, after: [row hash]} from a manager's registry; NULL when no committed head has the
 * row. */
GALEN_MUST_CHECK enum galen_err group_prove_row(struct workflow *wf, struct json_object **proof,
                                                const struct chain_address *holder, bool is_gm,
                                                uint32_t key_version, const uint8_t row32[32],
                                                struct galen_errinfo *info);
/* CHECK unless it leads from the row to a head that was committed. */
GALEN_MUST_CHECK enum galen_err group_check_row(struct workflow *wf, struct json_object *proof,
                                                uint32_t key_version, const uint8_t row32[32],
                                                struct galen_errinfo *info);

/* CHECK unless every row of a manager's own copy has its evidence, each committed head that the
 * copy reaches is the head of its rows, and the copy reaches the last. *rows: how many it has. */
GALEN_MUST_CHECK enum galen_err group_check_copy(struct workflow *wf, uint64_t *rows,
                                                 const struct chain_address *holder, bool is_gm,
                                                 uint32_t key_version, struct galen_errinfo *info);

GALEN_MUST_CHECK enum galen_err group_fingerprint_of(struct workflow *wf, uint8_t fingerprint[32],
                                                     uint32_t key_version,
                                                     struct galen_errinfo *info);
/* Is the message from the contract's one manager to the other, an identity of this home? */
GALEN_MUST_CHECK enum galen_err group_check_gm_to_rm(struct workflow *wf,
                                                     const struct message *message,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err group_check_rm_to_gm(struct workflow *wf,
                                                     const struct message *message,
                                                     struct galen_errinfo *info);
/* The identity has the office in the contract as well as the role; other (may be NULL) receives the
 * other manager. */
GALEN_MUST_CHECK enum galen_err group_need_office(struct workflow *wf,
                                                  const struct chain_address *identity,
                                                  const char *role, struct chain_address *other,
                                                  struct galen_errinfo *info);

#endif
