/* What the files of transactions share. */
#ifndef GALEN_WORKFLOW_TRANSACT_INTERNAL_H
#define GALEN_WORKFLOW_TRANSACT_INTERNAL_H

#include "workflow/internal.h"

/* transact.c */

struct transact_plan {
    struct chain_tx tx; /* without a nonce */
    uint64_t estimate;
    struct chain_u256 max_cost;
};
/* The call alone, without gas and fees. */
GALEN_MUST_CHECK enum galen_err transact_frame(struct workflow *wf, struct chain_rpc *rpc,
                                               struct transact_plan *plan,
                                               const struct workflow_call *call,
                                               struct galen_errinfo *info);
/* What the call would be now: REVERTED or FUNDS with what to do, if it cannot be. */
GALEN_MUST_CHECK enum galen_err transact_plan(struct workflow *wf, struct chain_rpc *rpc,
                                              struct transact_plan *plan,
                                              const struct workflow_call *call,
                                              struct galen_errinfo *info);
/* The contract's refusal, with what it means. */
GALEN_MUST_CHECK enum galen_err
transact_refused(enum galen_err err, const struct workflow_call *call, struct galen_errinfo *info);
/* Waits until it is mined, NOT_FOUND: it was not within timeout_ms. Others may hold the lock
 * meanwhile. */
GALEN_MUST_CHECK enum galen_err transact_wait(struct workflow *wf, struct chain_rpc *rpc,
                                              struct chain_receipt *mined, const uint8_t hash32[32],
                                              int64_t timeout_ms, struct galen_errinfo *info);

/* transact_wallet.c */

/* workflow_transact's second half for an identity with a browser wallet. */
GALEN_MUST_CHECK enum galen_err transact_by_wallet(struct workflow *wf, struct chain_rpc *rpc,
                                                   const struct workflow_call *call,
                                                   struct chain_receipt *receipt,
                                                   struct json_object **tx,
                                                   struct galen_errinfo *info);
/* Looks for what pages told of and the chain had not shown. */
GALEN_MUST_CHECK enum galen_err transact_look_for_told(struct workflow *wf,
                                                       struct galen_errinfo *info);
/* Records a wallet's transaction once it is mined, or gives it up once another took its nonce. */
GALEN_MUST_CHECK enum galen_err transact_follow_wallet(struct workflow *wf, struct chain_rpc *rpc,
                                                       const uint8_t hash32[32],
                                                       struct galen_errinfo *info);

/* transact_follow.c */

/* The receipt of whichever form was mined, which is then the present one. NOT_FOUND: none was. */
GALEN_MUST_CHECK enum galen_err transact_find_receipt(struct workflow *wf, struct chain_rpc *rpc,
                                                      struct chain_receipt *receipt,
                                                      const uint8_t hash32[32],
                                                      struct galen_errinfo *info);
/* Keeps the present form as a former one. */
GALEN_MUST_CHECK enum galen_err transact_keep_form(struct workflow *wf, const uint8_t hash32[32],
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err transact_set_status(struct workflow *wf, const uint8_t hash32[32],
                                                    const char *status, const char *reason,
                                                    struct galen_errinfo *info);

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
