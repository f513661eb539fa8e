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

#endif
