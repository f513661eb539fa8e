/* What the files of transactions share. */
#ifndef GALEN_WORKFLOW_TRANSACT_INTERNAL_H
#define GALEN_WORKFLOW_TRANSACT_INTERNAL_H

#include "workflow/internal.h"

/* transact_follow.c */

/* Gives a stored transaction's raw bytes to the chain, and notes what it said. A refusal for good
 * (REVERTED, FUNDS) drops the transaction and frees its nonce, unless a former form of it may still
 * be mined. NETWORK, or STATE for a fee that is too low, leaves it to be followed up: it is signed,
 * so the caller must not take it for undone. STATE too when another transaction took its nonce. */
GALEN_MUST_CHECK enum galen_err transact_send(struct workflow *wf, struct chain_rpc *rpc,
                                              const uint8_t hash32[32], struct base_view raw,
                                              struct galen_errinfo *info);
/* Notes that it was mined, and how. */
GALEN_MUST_CHECK enum galen_err transact_record(struct workflow *wf, struct chain_rpc *rpc,
                                                const struct chain_receipt *receipt,
                                                struct galen_errinfo *info);

/* transact_log.c: one transaction as the API shows it. */
GALEN_MUST_CHECK enum galen_err transact_row(struct workflow *wf, const uint8_t hash32[32],
                                             struct json_object **out, struct galen_errinfo *info);

#endif
