/*
 * Disputes over delivered entries: the buyer proves an entry invalid or disputes it, both managers
 * rule. Conventions as in workflow.h, which includes this.
 *
 * indices: the entries' numbers over all parts, from 0, each once; n 0 means all that the step can
 * be done for. What was named and cannot be is STATE, with why; nothing is sent then.
 */
#ifndef GALEN_WORKFLOW_DISPUTE_H
#define GALEN_WORKFLOW_DISPUTE_H

#include "workflow/workflow.h"

#define DISPUTE_REASON_MAX 500 /* bytes of a buyer's reason */
#define DISPUTE_MAX        400 /* entries that the contract takes at once */

/* What a manager says of a disputed entry; as the contract counts them. */
enum dispute_verdict { DISPUTE_NONE, DISPUTE_PAY, DISPUTE_REFUND, DISPUTE_FRAUD };
/* none, pay, refund, fraud */
const char *dispute_verdict_name(enum dispute_verdict verdict);
/* USAGE unless pay, refund or fraud. */
GALEN_MUST_CHECK enum galen_err dispute_verdict_parse(enum dispute_verdict *out, const char *text,
                                                      struct galen_errinfo *info);

/* Anyone: proves to the contract that an entry's group signature or consent is invalid; its part
 * goes back to the buyer at once. CHECK for an entry that this home finds valid. result:
 * {requestId, entries: [{index, fault, tx, paid, …}]}. */
GALEN_MUST_CHECK enum galen_err dispute_prove_invalid(struct workflow *wf,
                                                      const struct chain_address *prover,
                                                      uint64_t request_id, const uint64_t *indices,
                                                      size_t n, struct json_object **result,
                                                      struct galen_errinfo *info);

/* Buyer, before verifyBy: disputes entries for what they contain, with a bond each, and sends both
 * managers the evidence: the template's private key, the entries' EKs, the reason (1 to
 * DISPUTE_REASON_MAX bytes). Entries that are in dispute already get no transaction, only the
 * evidence again. result: {requestId, entries, bondWei, evidence: [managers], txs, warnings}. */
GALEN_MUST_CHECK enum galen_err dispute_open(struct workflow *wf, const struct chain_address *buyer,
                                             uint64_t request_id, const uint64_t *indices, size_t n,
                                             const char *reason, struct json_object **result,
                                             struct galen_errinfo *info);

/* A manager, before ruleBy: its verdict; what both say alike counts. n 0: every entry in dispute.
 * result: {requestId, verdict, entries: [{index, status, groupManagerVote, revocationManagerVote}],
 * ruled, txs, paid}. */
GALEN_MUST_CHECK enum galen_err
dispute_rule(struct workflow *wf, const struct chain_address *manager, uint64_t request_id,
             const uint64_t *indices, size_t n, enum dispute_verdict verdict,
             struct json_object **result, struct galen_errinfo *info);

/* Requests with entries in dispute, the most urgent first: [{requestId, disputed, needs, ruleBy,
 * evidenceBy, …}]. needs: what waits for a manager of this home. */
GALEN_MUST_CHECK enum galen_err dispute_list(struct workflow *wf, struct json_object **result,
                                             struct galen_errinfo *info);
/* One request's disputed entries, with the reason, the decrypted values and one row a check, for
 * whom this home has the template's private key: its buyer, and managers who got the evidence. */
GALEN_MUST_CHECK enum galen_err dispute_show(struct workflow *wf, uint64_t request_id,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* A manager: deletes the evidence of a request, its key too. STATE while this home's verdict may
 * still be wanted. result: {requestId, deleted}. */
GALEN_MUST_CHECK enum galen_err dispute_forget(struct workflow *wf, uint64_t request_id,
                                               struct json_object **result,
                                               struct galen_errinfo *info);

#endif
