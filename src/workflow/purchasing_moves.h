/* What may be done about a request, and where its money is: pure functions of what the contract
 * says. */
#ifndef GALEN_WORKFLOW_PURCHASING_MOVES_H
#define GALEN_WORKFLOW_PURCHASING_MOVES_H

#include "workflow/dispute_internal.h"

#define PURCHASING_MOVES_MAX   12
#define PURCHASING_SILENCE_MAX 6

/* Where a delivered request's entries and openings stand. {0} before the delivery. */
struct purchasing_tally {
    uint32_t by_status[DISPUTE_INVALID + 1];
    uint32_t open;                   /* not settled: unsettled, disputed, or ruled to be paid */
    uint32_t gm_to_vote, rm_to_vote; /* disputed, without that manager's verdict */
    uint32_t openable;               /* ruled Fraud, and nobody has asked who signed */
    uint32_t gm_to_open, rm_to_open; /* asked, without that manager's approval */
    uint32_t opened;                 /* approved by both */
};

struct purchasing_move {
    const char *who, *call;
    int64_t by; /* 0: no deadline */
    char what[120];
};
struct purchasing_silence {
    int64_t at; /* 0: no time changes it */
    const char *what;
};
struct purchasing_moves {
    struct purchasing_move items[PURCHASING_MOVES_MAX];
    size_t n;
    struct purchasing_silence silence[PURCHASING_SILENCE_MAX];
    size_t n_silence;
};
void purchasing_find_moves(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                           const struct purchasing_tally *tally);

/* Zeros before the delivery, but held. */
struct purchasing_money {
    struct chain_u256 part, hospital_part, bond_part, dispute_bond; /* an entry's, or the whole */
    struct chain_u256 held; /* what the contract still has of this request, credits apart */
};
GALEN_MUST_CHECK enum galen_err purchasing_find_money(struct purchasing_money *out,
                                                      const struct purchasing_onchain *chain,
                                                      const struct purchasing_tally *tally,
                                                      struct galen_errinfo *info);

#endif
