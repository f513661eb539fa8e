/* What a browser wallet is asked for (intent.c, intent_answer.c, transact_wallet.c, wallet.c). */
#ifndef GALEN_WORKFLOW_INTENT_H
#define GALEN_WORKFLOW_INTENT_H

#include "workflow/internal.h"

#define INTENT_ID_BYTES 16

enum intent_state {
    INTENT_OPEN,      /* the wallet is to be asked */
    INTENT_SENT,      /* a transaction that is not mined yet, or that the chain has not shown yet */
    INTENT_DONE,      /* mined, or signed */
    INTENT_FAILED,    /* reverted, or another transaction took its nonce */
    INTENT_CANCELLED, /* may still be answered with a transaction: the wallet may have sent it */
    INTENT_EXPIRED,   /* likewise */
};

struct intent {
    uint8_t id[INTENT_ID_BYTES];
    struct chain_address identity;
    bool is_signature;
    enum intent_state state;
    bool is_used;
    uint8_t digest[32];
    bool has_tx; /* tx_hash: its row in table tx */
    uint8_t tx_hash[32];
    bool is_told; /* told_hash */
    uint8_t told_hash[32];
    bool has_signature;
    uint8_t signature[CHAIN_SIGNATURE_BYTES];
};

/* intent.c */

/* NOT_FOUND when this home, or the identity acted for, has none such. */
GALEN_MUST_CHECK enum galen_err intent_read(struct workflow *wf, struct intent *out,
                                            const uint8_t id16[INTENT_ID_BYTES],
                                            struct galen_errinfo *info);
/* The newest of an identity with that digest; among transactions, that no step has used, and not
 * one that a later transaction of the same operation made old. */
GALEN_MUST_CHECK enum galen_err intent_find(struct workflow *wf, bool *found, struct intent *out,
                                            const struct chain_address *identity,
                                            const uint8_t digest32[32], struct galen_errinfo *info);
/* LIMIT when too many wait; forgets old ones. */
GALEN_MUST_CHECK enum galen_err intent_make_room(struct workflow *wf,
                                                 const struct chain_address *identity,
                                                 struct galen_errinfo *info);
/* When one that is made now expires. */
int64_t intent_expiry(void);
/* Fails with WALLET: the intent is what workflow_wanted_intent shows. */
GALEN_MUST_CHECK enum galen_err intent_want(struct workflow *wf, const struct intent *intent,
                                            struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err intent_used(struct workflow *wf, const struct intent *intent,
                                            struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err intent_set_problem(struct workflow *wf, const struct intent *intent,
                                                   const char *problem, struct galen_errinfo *info);

/* transact_wallet.c */

/* Looks for the transaction that the page told of: *known false while the chain does not show it.
 * CHECK, and forgets it, when it is not the one that was asked for. */
GALEN_MUST_CHECK enum galen_err intent_look(struct workflow *wf, bool *known,
                                            const struct intent *intent,
                                            struct galen_errinfo *info);
/* The same transaction under another hash, sent for more. */
GALEN_MUST_CHECK enum galen_err intent_replace(struct workflow *wf, const struct intent *intent,
                                               const uint8_t hash32[32],
                                               struct galen_errinfo *info);

#endif
