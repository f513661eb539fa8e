/*
 * One round of the watcher: from where the last one stopped to the last block that is deep enough,
 * in ranges. A range is one database transaction: its events, the hashes that tell whether it is
 * still on the chain, and the position behind it; a crash or a failing endpoint loses at most one
 * range's work. An endpoint may change its mind between two questions, so a range counts only when
 * the block before it and its last block are the same before and after its events were read.
 */
#include "workflow/watch_internal.h"

#include <stdlib.h>
#include <string.h>

#define UNSTEADY_MAX 10 /* ranges in a row whose answers do not fit together */

struct round {
    struct workflow *wf;
    struct chain_rpc *rpc;
    uint64_t head;
    int64_t start, next;
    struct watch_range range;
    int64_t events;
    unsigned unsteady;
    bool is_checked; /* what was read is on the chain */
    bool is_undone;  /* something was taken back */
};

/* One range's events, before they are applied. */
struct batch {
    uint64_t first, last;
    struct chain_block end;
    struct chain_logs logs;
    struct watch_item *items; /* those that concern this home */
    size_t n_items;
};
static void batch_clear(struct batch *batch)
{
    free(batch->items);
    chain_logs_clear(&batch->logs);
}
#define BATCH_AUTO GALEN_CLEANUP(batch_clear) struct batch

/* ---- reading -------------------------------------------------------------------------------------- */

/* Do the logs belong to one chain that ends with the range's last block? */
static bool fits_together(const struct batch *batch)
{
    for (size_t i = 0; i < batch->logs.len; i++) {
        const struct chain_log *log = &batch->logs.items[i];
        const struct chain_log *before = i > 0 ? log - 1 : log;
        if (log->block_number == before->block_number &&
            memcmp(log->block_hash, before->block_hash, 32) != 0)
            return false;
        if (log->block_number == batch->last && memcmp(log->block_hash, batch->end.hash, 32) != 0)
            return false;
    }
    return true;
}

/* *steady becomes false when the endpoint does not have what it has just told of. */
static enum galen_err ask_block(struct round *round, struct chain_block *block, uint64_t number,
                                bool *steady, struct galen_errinfo *info)
{
    enum galen_err err = chain_rpc_block(round->rpc, block, number, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    *steady = false;
    return GALEN_OK;
}

/* Their events, when they fit; *steady is false when the chain changed meanwhile. */
static enum galen_err read_batch(struct round *round, struct batch *batch, bool *steady,
                                 struct galen_errinfo *info)
{
    const struct chain_log_filter filter = {.contract = round->wf->domain.contract,
                                            .from_block = batch->first,
                                            .to_block = batch->last};
    struct chain_block again = {0};
    *steady = true;
    GALEN_TRY(ask_block(round, &batch->end, batch->last, steady, info));
    if (!*steady)
        return GALEN_OK;
    GALEN_TRY(chain_rpc_logs(round->rpc, &batch->logs, &filter, info));
    GALEN_TRY(ask_block(round, &again, batch->last, steady, info));
    *steady = *steady && fits_together(batch) && memcmp(again.hash, batch->end.hash, 32) == 0;
    return GALEN_OK;
}

/* Those that concern this home, and the times that their handlers need. */
static enum galen_err pick_items(struct round *round, struct batch *batch, bool *steady,
                                 struct galen_errinfo *info)
{
    struct chain_block block = {0};
    batch->items = calloc(batch->logs.len + 1, sizeof *batch->items);
    if (batch->items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < batch->logs.len; i++) {
        struct watch_item *item = &batch->items[batch->n_items];
        const struct chain_log *log = &batch->logs.items[i];
        bool concerns = false;
        GALEN_TRY(watch_item_make(round->wf, item, &concerns, log, info));
        if (!concerns)
            continue;
        batch->n_items++;
        if (!watch_item_needs_time(item))
            continue;
        if (block.time_s == 0 || block.number != log->block_number)
            GALEN_TRY(ask_block(round, &block, log->block_number, steady, info));
        if (memcmp(block.hash, log->block_hash, 32) != 0)
            *steady = false;
        item->time_s = block.time_s;
    }
    return GALEN_OK;
}

/* ---- this home's own transactions ------------------------------------------------------------------- */

/* The hash of a block of the batch, as far as its logs or its end tell it. */
static const uint8_t *known_hash(const struct batch *batch, uint64_t number)
{
    if (number == batch->last)
        return batch->end.hash;
    for (size_t i = 0; i < batch->logs.len; i++)
        if (batch->logs.items[i].block_number == number)
            return batch->logs.items[i].block_hash;
    return NULL;
}

/* Receipts were noted at once, perhaps in a block that was dropped before it was read: each is held
 * against the chain when the watcher passes it. *dropped: the first block that is gone, or -1. */
static enum galen_err check_receipts(struct round *round, const struct batch *batch,
                                     int64_t *dropped, bool *steady, struct galen_errinfo *info)
{
    *dropped = -1;
    for (int64_t at = (int64_t)batch->first;; at++) {
        struct chain_block block = {0};
        uint8_t noted[32];
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, round->wf->db, info,
                               "SELECT block_number, block_hash FROM tx WHERE block_number >= ?"
                               " AND block_number <= ? AND status IN ('succeeded', 'reverted')"
                               " ORDER BY block_number LIMIT 1",
                               DB_INT(at), DB_INT(batch->last)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            at = db_int(&rows, 0);
            GALEN_TRY(db_bytes(&rows, 1, noted, 32, info));
        }
        const uint8_t *hash = known_hash(batch, (uint64_t)at);
        if (hash == NULL) {
            GALEN_TRY(ask_block(round, &block, (uint64_t)at, steady, info));
            hash = block.hash;
        }
        if (!*steady)
            return GALEN_OK;
        if (memcmp(hash, noted, 32) != 0) {
            *dropped = at;
            return GALEN_OK;
        }
    }
}

/* ---- applying ----------------------------------------------------------------------------------------- */

static enum galen_err apply_items(struct round *round, const struct batch *batch, int64_t floor,
                                  struct galen_errinfo *info)
{
    size_t i = 0;
    while (i < batch->n_items) {
        WATCH_FACTS_AUTO facts = {0};
        uint64_t number = batch->items[i].log->block_number;
        GALEN_TRY(watch_facts_begin(
            &facts, round->wf, (int64_t)number < floor ? WATCH_FACTS_FINAL : WATCH_FACTS_IN_ORDER,
            number, info));
        for (; i < batch->n_items && batch->items[i].log->block_number == number; i++)
            GALEN_TRY(watch_item_apply(round->wf, &batch->items[i], info));
        GALEN_TRY(watch_facts_commit(&facts, info));
    }
    return GALEN_OK;
}

static enum galen_err keep_hashes(struct round *round, const struct batch *batch, int64_t floor,
                                  struct galen_errinfo *info)
{
    for (size_t i = 0; i < batch->logs.len; i++) {
        const struct chain_log *log = &batch->logs.items[i];
        if ((int64_t)log->block_number >= floor &&
            (i == 0 || log->block_number != log[-1].block_number))
            GALEN_TRY(watch_block_keep(round->wf, log->block_number, log->block_hash, info));
    }
    return watch_block_keep(round->wf, batch->last, batch->end.hash, info);
}

/* All of it or nothing; *steady is false when another process read it meanwhile. */
static enum galen_err apply_batch(struct round *round, const struct batch *batch, bool *steady,
                                  struct galen_errinfo *info)
{
    struct workflow *wf = round->wf;
    int64_t floor = (int64_t)round->head - WATCH_RING_BLOCKS;
    int64_t position = 0;
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(watch_position(wf, &position, round->start, info));
    *steady = position == (int64_t)batch->first;
    if (!*steady)
        return GALEN_OK;
    GALEN_TRY(apply_items(round, batch, floor, info));
    GALEN_TRY(keep_hashes(round, batch, floor, info));
    GALEN_TRY(watch_forget(wf, floor, info));
    GALEN_TRY(
        watch_range_done(wf, &round->range, batch->last - batch->first + 1, batch->logs.len, info));
    GALEN_TRY(watch_position_set(wf, (int64_t)batch->last + 1, info));
    GALEN_TRY(db_commit(&tx, info));
    round->events += (int64_t)batch->logs.len;
    return GALEN_OK;
}

/* ---- the round ------------------------------------------------------------------------------------------ */

static enum galen_err take_back(struct round *round, int64_t block, struct galen_errinfo *info)
{
    int64_t next = block;
    GALEN_TRY(watch_undo(round->wf, block, &next, info));
    round->is_undone = true;
    base_log(BASE_LOG_INFO, "the chain was reorganised from block %lld on; reading on at %lld",
             (long long)block, (long long)next);
    return GALEN_OK;
}

/* What was read is still the chain, or is taken back. *go_on: there is a range to read. */
static enum galen_err follow_chain(struct round *round, bool *go_on, struct galen_errinfo *info)
{
    enum watch_chain chain = WATCH_CHAIN_SAME;
    uint64_t depth = round->wf->confirmations;
    int64_t fork = 0;
    GALEN_TRY(watch_position(round->wf, &round->next, round->start, info));
    if (!round->is_checked)
        GALEN_TRY(watch_compare(round->wf, round->rpc, &chain, &fork, round->next, round->head,
                                round->start, info));
    if (chain == WATCH_CHAIN_FORKED) {
        GALEN_TRY(take_back(round, fork, info));
        GALEN_TRY(watch_position(round->wf, &round->next, round->start, info));
    }
    *go_on = chain != WATCH_CHAIN_BEHIND && round->head >= depth &&
             (uint64_t)round->next <= round->head - depth;
    return GALEN_OK;
}

/* A refusal makes the next range smaller; so does an answer that does not come, when the endpoint
 * answers otherwise. *again: it is worth trying at once. */
static enum galen_err read_refused(struct round *round, const struct batch *batch,
                                   enum galen_err err, bool *again, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    bool smaller = false;
    *again = false;
    if (err != GALEN_ERR_LIMIT && err != GALEN_ERR_NETWORK)
        return err;
    enum galen_err noted = watch_range_refused(round->wf, &round->range,
                                               batch->last - batch->first + 1, &smaller, &why);
    if (noted != GALEN_OK)
        return noted;
    *again = smaller && err == GALEN_ERR_LIMIT;
    return *again ? GALEN_OK : err;
}

static enum galen_err next_range(struct round *round, struct galen_errinfo *info)
{
    uint64_t limit = round->head - round->wf->confirmations;
    BATCH_AUTO batch = {.first = (uint64_t)round->next};
    enum watch_chain chain = WATCH_CHAIN_SAME;
    bool steady = false;
    bool again = false;
    int64_t fork = 0;
    int64_t dropped = -1;
    batch.last = limit - batch.first < round->range.blocks ? limit
                                                           : batch.first + round->range.blocks - 1;
    round->is_checked = false;
    enum galen_err err = read_batch(round, &batch, &steady, info);
    if (err != GALEN_OK) {
        GALEN_TRY(read_refused(round, &batch, err, &again, info));
        return GALEN_OK;
    }
    if (steady)
        GALEN_TRY(pick_items(round, &batch, &steady, info));
    if (steady)
        GALEN_TRY(watch_compare(round->wf, round->rpc, &chain, &fork, round->next, round->head,
                                round->start, info));
    steady = steady && chain == WATCH_CHAIN_SAME; /* otherwise follow_chain sees to it */
    if (steady)
        GALEN_TRY(check_receipts(round, &batch, &dropped, &steady, info));
    if (dropped >= 0) {
        GALEN_TRY(take_back(round, dropped, info));
        steady = false;
    }
    if (steady)
        GALEN_TRY(apply_batch(round, &batch, &steady, info));
    round->is_checked = steady;
    round->unsteady = steady ? 0 : round->unsteady + 1;
    if (round->unsteady == UNSTEADY_MAX)
        return base_fail(info, GALEN_ERR_NETWORK,
                         "the endpoint's answers about blocks %llu to %llu do not fit together",
                         (unsigned long long)batch.first, (unsigned long long)batch.last);
    return GALEN_OK;
}

enum galen_err workflow_watch(struct workflow *wf, struct json_object *summary,
                              struct galen_errinfo *info)
{
    struct round round = {.wf = wf};
    bool go_on = true;
    GALEN_TRY(workflow_rpc(wf, &round.rpc, info));
    GALEN_TRY(chain_rpc_block_number(round.rpc, &round.head, info));
    GALEN_TRY(watch_start(wf, round.rpc, &round.start, round.head, info));
    GALEN_TRY(watch_range_load(wf, &round.range, info));
    for (;;) {
        GALEN_TRY(follow_chain(&round, &go_on, info));
        if (!go_on)
            break;
        GALEN_TRY(next_range(&round, info));
    }
    if (round.is_undone) /* what went out of the chain is sent again */
        GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(workflow_set_int(summary, "block", (int64_t)round.head, info));
    GALEN_TRY(workflow_set_int(summary, "readTo", round.next - 1, info));
    return workflow_set_int(summary, "events", round.events, info);
}
