/*
 * Where the chain was read to, and whether it still is that chain. Of recent blocks that have
 * events, and of those where ranges ended, the hash is kept: a fork between two of them changes
 * nothing that was read. An endpoint that has not got as far as another was is not taken for a
 * reorganisation, unless it stays so.
 */
#include "workflow/watch_internal.h"

#include <string.h>

#define BEHIND_S 60 /* then a shorter chain is the chain */

enum galen_err watch_position(struct workflow *wf, int64_t *next, int64_t start,
                              struct galen_errinfo *info)
{
    return workflow_setting_get(wf, "sync.next_block", next, start, info);
}

enum galen_err watch_position_set(struct workflow *wf, int64_t next, struct galen_errinfo *info)
{
    return workflow_setting_set(wf, "sync.next_block", next, info);
}

enum galen_err watch_block_keep(struct workflow *wf, uint64_t number, const uint8_t hash32[32],
                                struct galen_errinfo *info)
{
    return db_run(wf->db, info, "INSERT OR REPLACE INTO watch_block VALUES (?, ?)", DB_INT(number),
                  DB_BLOB(hash32, 32));
}

enum galen_err watch_forget(struct workflow *wf, int64_t below, struct galen_errinfo *info)
{
    /* The last one stays, however deep. */
    GALEN_TRY(db_run(wf->db, info,
                     "DELETE FROM watch_block WHERE number < ?"
                     " AND number < (SELECT max(number) FROM watch_block)",
                     DB_INT(below)));
    return db_run(wf->db, info, "DELETE FROM watch_undo WHERE block < ?", DB_INT(below));
}

/* ---- comparing ---------------------------------------------------------------------------------- */

/* The kept block at place `at`, counted from the newest below `next`. */
static enum galen_err kept_block(struct workflow *wf, bool *found, struct chain_block *out,
                                 int64_t next, int64_t at, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT number, hash FROM watch_block WHERE number < ?"
                       " ORDER BY number DESC LIMIT 1 OFFSET ?",
                       DB_INT(next), DB_INT(at)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    out->number = (uint64_t)db_int(&rows, 0);
    return db_bytes(&rows, 1, out->hash, 32, info);
}

static enum galen_err is_on_chain(struct chain_rpc *rpc, bool *out, const struct chain_block *kept,
                                  struct galen_errinfo *info)
{
    struct chain_block now = {0};
    enum galen_err err = chain_rpc_block(rpc, &now, kept->number, info);
    if (err != GALEN_ERR_NOT_FOUND)
        GALEN_TRY(err);
    *out = err == GALEN_OK && memcmp(now.hash, kept->hash, 32) == 0;
    return GALEN_OK;
}

/* The newest kept block that is still on the chain, by bisection. */
static enum galen_err find_fork(struct workflow *wf, struct chain_rpc *rpc, int64_t *fork,
                                int64_t next, int64_t start, struct galen_errinfo *info)
{
    int64_t low = 0; /* places below are not on the chain */
    int64_t high = 0;
    GALEN_TRY(db_get_int(wf->db, &high, 0, info,
                         "SELECT count(*) FROM watch_block WHERE number < ?", DB_INT(next)));
    *fork = start;
    while (low < high) {
        struct chain_block kept = {0};
        int64_t middle = low + (high - low) / 2;
        bool found = false;
        bool same = false;
        GALEN_TRY(kept_block(wf, &found, &kept, next, middle, info));
        if (found)
            GALEN_TRY(is_on_chain(rpc, &same, &kept, info));
        if (same) {
            *fork = (int64_t)kept.number + 1;
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return GALEN_OK;
}

/* A shorter chain may be an endpoint that lags; *patient is false once it has lagged for long. */
static enum galen_err wait_for_it(struct workflow *wf, bool *patient, struct galen_errinfo *info)
{
    int64_t now = base_time_s();
    int64_t since = 0;
    GALEN_TRY(workflow_setting_get(wf, "sync.behind_since", &since, 0, info));
    if (since == 0)
        GALEN_TRY(workflow_setting_set(wf, "sync.behind_since", now, info));
    *patient = since == 0 || now - since < BEHIND_S;
    return GALEN_OK;
}

static enum galen_err it_came(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t since = 0;
    GALEN_TRY(workflow_setting_get(wf, "sync.behind_since", &since, 0, info));
    return since != 0 ? workflow_setting_set(wf, "sync.behind_since", 0, info) : GALEN_OK;
}

enum galen_err watch_compare(struct workflow *wf, struct chain_rpc *rpc, enum watch_chain *chain,
                             int64_t *fork, int64_t next, uint64_t head, int64_t start,
                             struct galen_errinfo *info)
{
    struct chain_block top = {0};
    bool found = false;
    bool same = true;
    *chain = WATCH_CHAIN_SAME;
    GALEN_TRY(kept_block(wf, &found, &top, next, 0, info));
    if (!found)
        return GALEN_OK;
    bool is_shorter = top.number > head;
    if (!is_shorter)
        GALEN_TRY(it_came(wf, info));
    if (is_shorter)
        GALEN_TRY(kept_block(wf, &found, &top, (int64_t)head + 1, 0, info));
    if (found)
        GALEN_TRY(is_on_chain(rpc, &same, &top, info));
    if (same && !is_shorter)
        return GALEN_OK;
    if (same) {
        bool patient = true;
        GALEN_TRY(wait_for_it(wf, &patient, info));
        if (patient) {
            *chain = WATCH_CHAIN_BEHIND;
            return GALEN_OK;
        }
        GALEN_TRY(it_came(wf, info));
    }
    *chain = WATCH_CHAIN_FORKED;
    return find_fork(wf, rpc, fork, next, start, info);
}
