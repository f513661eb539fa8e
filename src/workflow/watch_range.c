/*
 * How many blocks to ask for at once, and where to begin. Endpoints bound the blocks of a question
 * or the events of an answer; answers with many events would also take much memory here.
 */
#include "workflow/watch_internal.h"

#define RANGE_MAX     10000
#define RANGE_EVENTS  4000 /* wanted in one answer at most: about 8 MiB of JSON */
#define RANGE_FORGETS 64   /* successes until a refusal is tried again */
#define START_UNKNOWN -1

enum galen_err watch_range_load(struct workflow *wf, struct watch_range *range,
                                struct galen_errinfo *info)
{
    int64_t blocks = 0;
    GALEN_TRY(workflow_setting_get(wf, "sync.range", &blocks, RANGE_MAX, info));
    *range = (struct watch_range){.blocks = blocks < 1 || blocks > RANGE_MAX ? RANGE_MAX
                                                                             : (uint64_t)blocks};
    return GALEN_OK;
}

static enum galen_err keep(struct workflow *wf, struct watch_range *range, uint64_t blocks,
                           struct galen_errinfo *info)
{
    if (blocks == range->blocks)
        return GALEN_OK;
    range->blocks = blocks;
    return workflow_setting_set(wf, "sync.range", (int64_t)blocks, info);
}

enum galen_err watch_range_refused(struct workflow *wf, struct watch_range *range, uint64_t blocks,
                                   bool *smaller, struct galen_errinfo *info)
{
    *smaller = blocks > 1;
    range->refused = blocks;
    range->successes = 0;
    return keep(wf, range, blocks > 1 ? blocks / 2 : 1, info);
}

/* Doubled, or half-way to what was refused. */
static uint64_t larger(const struct watch_range *range)
{
    uint64_t next = 2 * range->blocks;
    if (range->refused != 0 && next >= range->refused)
        next = range->blocks + (range->refused - range->blocks) / 2;
    return next < RANGE_MAX ? next : RANGE_MAX;
}

enum galen_err watch_range_done(struct workflow *wf, struct watch_range *range, uint64_t blocks,
                                size_t events, struct galen_errinfo *info)
{
    if (events > RANGE_EVENTS) {
        uint64_t fitting = blocks * (RANGE_EVENTS / 2) / events;
        return keep(wf, range, fitting > 0 ? fitting : 1, info);
    }
    /* What was shorter, since the chain ends, says nothing. */
    if (blocks < range->blocks || events > RANGE_EVENTS / 2)
        return GALEN_OK;
    if (++range->successes >= RANGE_FORGETS) {
        range->successes = 0;
        range->refused = 0;
    }
    return keep(wf, range, larger(range), info);
}

/* ---- the first block ------------------------------------------------------------------------------ */

static enum galen_err has_code(struct workflow *wf, struct chain_rpc *rpc, bool *out,
                               uint64_t block, struct galen_errinfo *info)
{
    BASE_BUF_AUTO code = {0};
    GALEN_TRY(chain_rpc_code(rpc, &code, &wf->domain.contract, block, info));
    *out = code.len > 0;
    return GALEN_OK;
}

/* The block from which on the code is there. Endpoints that keep no history refuse, or say that
 * there was none: so the constructor's events must be in it. *block stays 0 when they are not. */
static enum galen_err find_deployment(struct workflow *wf, struct chain_rpc *rpc, uint64_t *block,
                                      uint64_t head, struct galen_errinfo *info)
{
    uint64_t low = 0;
    uint64_t high = head;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        bool there = false;
        GALEN_TRY(has_code(wf, rpc, &there, middle, info));
        if (there)
            high = middle;
        else
            low = middle + 1;
    }
    CHAIN_LOGS_AUTO logs = {0};
    const struct chain_log_filter filter = {
        .contract = wf->domain.contract, .from_block = low, .to_block = low};
    GALEN_TRY(chain_rpc_logs(rpc, &logs, &filter, info));
    for (size_t i = 0; i < logs.len; i++) {
        const struct chain_abi_event *event = chain_log_find_event(&datahub_abi, &logs.items[i]);
        if (event == &datahub_abi.events[DATAHUB_EVENT_GROUP_MANAGER_CHANGED])
            *block = low;
    }
    return GALEN_OK;
}

enum galen_err watch_start(struct workflow *wf, struct chain_rpc *rpc, int64_t *start,
                           uint64_t head, struct galen_errinfo *info)
{
    uint64_t found = 0;
    *start = wf->start_block;
    if (*start >= 0)
        return GALEN_OK;
    GALEN_TRY(workflow_setting_get(wf, "sync.start_block", start, START_UNKNOWN, info));
    if (*start != START_UNKNOWN)
        return GALEN_OK;
    /* Without it everything is read from the first block on, which only takes longer. */
    enum galen_err err = find_deployment(wf, rpc, &found, head, NULL);
    if (err != GALEN_OK && err != GALEN_ERR_NETWORK && err != GALEN_ERR_LIMIT &&
        err != GALEN_ERR_UNSUPPORTED && err != GALEN_ERR_NOT_FOUND && err != GALEN_ERR_REVERTED)
        return base_fail(info, err, "the contract's first block cannot be looked for");
    *start = err == GALEN_OK ? (int64_t)found : 0;
    return workflow_setting_set(wf, "sync.start_block", *start, info);
}
