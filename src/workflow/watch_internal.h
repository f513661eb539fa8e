/*
 * The watcher: the contract's events, read in order and applied once they are deep enough, and
 * taken back when their blocks are dropped.
 *
 *   watch.c         one round: ranges of blocks, each one database transaction
 *   watch_events.c  the handlers, and which events concern this home
 *   watch_undo.c    what events changed, recorded by block, and how it is taken back
 *   watch_fork.c    hashes of recent blocks, and where the chain became another one
 *   watch_range.c   how many blocks to ask for at once, and where to begin
 */
#ifndef GALEN_WORKFLOW_WATCH_INTERNAL_H
#define GALEN_WORKFLOW_WATCH_INTERNAL_H

#include "workflow/internal.h"

/* A reorganisation of up to so many blocks is followed exactly (over half an hour on chains with a
 * block every two seconds, hours on Ethereum, which is final after 13 minutes). */
#define WATCH_RING_BLOCKS 1024

/* ---- watch_events.c --------------------------------------------------------------------------- */

/* One event that this home has a handler for and that may concern it. */
struct watch_item {
    const struct chain_log *log; /* borrowed */
    const struct chain_abi_event *event;
    const struct watch_handler *handler;
    int64_t time_s; /* of its block; 0: not known, and perhaps not needed */
};
/* *concerns is false for what changes nothing here: decided by topics alone. */
GALEN_MUST_CHECK enum galen_err watch_item_make(struct workflow *wf, struct watch_item *item,
                                                bool *concerns, const struct chain_log *log,
                                                struct galen_errinfo *info);
bool watch_item_needs_time(const struct watch_item *item);
/* Inside the facts of its block. Only an error of the home itself comes out: anyone can make the
 * contract emit things about anyone, which must not stop the rest. */
GALEN_MUST_CHECK enum galen_err watch_item_apply(struct workflow *wf, const struct watch_item *item,
                                                 struct galen_errinfo *info);

/* ---- watch_undo.c ----------------------------------------------------------------------------- */

/*
 * What the chain tells, in one database transaction (or a part of one), recorded under the block
 * that tells it, so that it can be taken back. Handlers of events run inside one.
 */
enum watch_facts_kind {
    WATCH_FACTS_FINAL,    /* too deep to be dropped: nothing is recorded */
    WATCH_FACTS_IN_ORDER, /* all blocks before it were read */
    WATCH_FACTS_AHEAD,    /* of a receipt: blocks before it may not be read yet */
};
struct watch_facts {
    struct workflow *wf;
    struct db_transaction tx;
    struct db_recorder recorder;
    enum watch_facts_kind kind;
    int64_t block;
};
#define WATCH_FACTS_AUTO GALEN_CLEANUP(watch_facts_end) struct watch_facts
GALEN_MUST_CHECK enum galen_err watch_facts_begin(struct watch_facts *facts, struct workflow *wf,
                                                  enum watch_facts_kind kind, uint64_t block,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err watch_facts_commit(struct watch_facts *facts,
                                                   struct galen_errinfo *info);
void watch_facts_end(struct watch_facts *facts); /* takes back what was not committed */

/* Takes back all that blocks from `block` on told: rows, notifications, receipts of this home's own
 * transactions, which are sent again. *next becomes the block to go on reading at, at most
 * `block`; the position is set to it. In one transaction. */
GALEN_MUST_CHECK enum galen_err watch_undo(struct workflow *wf, int64_t block, int64_t *next,
                                           struct galen_errinfo *info);

/* ---- watch_fork.c ----------------------------------------------------------------------------- */

/* The next block to read; `start` when nothing was read yet. */
GALEN_MUST_CHECK enum galen_err watch_position(struct workflow *wf, int64_t *next, int64_t start,
                                               struct galen_errinfo *info);
/* Inside a transaction: the position, and hashes on the way to it. */
GALEN_MUST_CHECK enum galen_err watch_position_set(struct workflow *wf, int64_t next,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err watch_block_keep(struct workflow *wf, uint64_t number,
                                                 const uint8_t hash32[32],
                                                 struct galen_errinfo *info);
/* Forgets hashes and undo records below a block. */
GALEN_MUST_CHECK enum galen_err watch_forget(struct workflow *wf, int64_t below,
                                             struct galen_errinfo *info);
enum watch_chain {
    WATCH_CHAIN_SAME,
    WATCH_CHAIN_FORKED, /* *fork: the first block that may be another */
    WATCH_CHAIN_BEHIND, /* the endpoint has not got there (yet) */
};
/* Holds the hashes read before `next` against the endpoint's chain, whose last block is `head`.
 * `start` is the fork when none of them is left. */
GALEN_MUST_CHECK enum galen_err watch_compare(struct workflow *wf, struct chain_rpc *rpc,
                                              enum watch_chain *chain, int64_t *fork, int64_t next,
                                              uint64_t head, int64_t start,
                                              struct galen_errinfo *info);

/* ---- watch_range.c ---------------------------------------------------------------------------- */

/* How many blocks to ask for at once. Endpoints allow 500 or 1,000 or so many results, each in its
 * own words: half as many after a refusal, more after a success, and what worked is kept. */
struct watch_range {
    uint64_t blocks;
    uint64_t refused; /* fewest blocks that were refused lately; 0: none */
    unsigned successes;
};
GALEN_MUST_CHECK enum galen_err watch_range_load(struct workflow *wf, struct watch_range *range,
                                                 struct galen_errinfo *info);
/* *smaller is false when one block alone is refused. */
GALEN_MUST_CHECK enum galen_err watch_range_refused(struct workflow *wf, struct watch_range *range,
                                                    uint64_t blocks, bool *smaller,
                                                    struct galen_errinfo *info);
/* Inside the range's transaction. events: so many came with so many blocks. */
GALEN_MUST_CHECK enum galen_err watch_range_done(struct workflow *wf, struct watch_range *range,
                                                 uint64_t blocks, size_t events,
                                                 struct galen_errinfo *info);
/* The first block worth reading: of config.json, or the contract's deployment, found once. */
GALEN_MUST_CHECK enum galen_err watch_start(struct workflow *wf, struct chain_rpc *rpc,
                                            int64_t *start, uint64_t head,
                                            struct galen_errinfo *info);

#endif
