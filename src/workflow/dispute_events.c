/* The contract's events about disputes. Each handler can see the same event again. */
#include <string.h>

#include "workflow/dispute_internal.h"

static enum galen_err entry_number(int64_t *out, const struct chain_u256 *index,
                                   struct galen_errinfo *info)
{
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, index) != GALEN_OK || number >= PURCHASING_MAX_ENTRIES)
        return base_fail(info, GALEN_ERR_PARSE, "an event names an impossible entry");
    *out = (int64_t)number;
    return GALEN_OK;
}

/* Runs sql for every entry: its arguments are value, block, request, entry. All or nothing. */
static enum galen_err for_each_entry(struct workflow *wf, const struct workflow_event *event,
                                     const char *sql, int64_t value, int64_t id,
                                     const struct datahub_uint256_array *indices,
                                     struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    for (size_t i = 0; i < indices->len; i++) {
        int64_t index = 0;
        GALEN_TRY(entry_number(&index, &indices->items[i], info));
        GALEN_TRY(db_run(wf->db, info, sql, DB_INT(value), DB_INT(event->log->block_number),
                         DB_INT(id), DB_INT(index)));
    }
    return db_commit(&tx, info);
}

static const char set_status[] =
    "UPDATE entry SET status = ?, status_block = ? WHERE request_id = ? AND position = ?";

/* The patients of this home whose entries these are, each by its own entry. */
static enum galen_err tell_owners(struct workflow *wf, const char *kind, int64_t id,
                                  const struct datahub_uint256_array *indices,
                                  struct galen_errinfo *info)
{
    for (size_t i = 0; i < indices->len; i++) {
        struct chain_address owner;
        char subject[48];
        int64_t index = 0;
        GALEN_TRY(entry_number(&index, &indices->items[i], info));
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT c.patient FROM consent c JOIN entry e"
                               " ON e.request_id = c.request_id AND e.release_root = c.release_root"
                               " WHERE c.side = 'patient' AND e.request_id = ? AND e.position = ?",
                               DB_INT(id), DB_INT(index)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                continue;
            GALEN_TRY(db_bytes(&rows, 0, owner.bytes, 20, info));
        }
        snprintf(subject, sizeof subject, "%lld/%lld", (long long)id, (long long)index);
        GALEN_TRY(purchasing_tell(wf, &owner, kind, subject, info));
    }
    return GALEN_OK;
}

static const char its_buyer[] = "SELECT buyer FROM request WHERE id = ? LIMIT 1 OFFSET ?";
static const char its_hospital[] =
    "SELECT hospital FROM request WHERE id = ? AND hospital IS NOT NULL LIMIT 1 OFFSET ?";
static const char managers_here[] = "SELECT address FROM identity WHERE role IN ('gm', 'rm')"
                                    " AND ?1 > 0 ORDER BY address LIMIT 1 OFFSET ?2";

enum galen_err dispute_on_disputed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_disputed_event *args,
                                   struct galen_errinfo *info)
{
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    GALEN_TRY(for_each_entry(wf, event,
                             "UPDATE entry SET status = ?, status_block = ?, gm_vote = 0,"
                             " rm_vote = 0 WHERE request_id = ? AND position = ?",
                             DISPUTE_DISPUTED, id, &args->indices, info));
    GALEN_TRY(purchasing_tell_each(wf, managers_here, "request-disputed", id, info));
    GALEN_TRY(purchasing_tell_each(wf, its_hospital, "request-disputed", id, info));
    return tell_owners(wf, "entry-disputed", id, &args->indices, info);
}

enum galen_err dispute_on_verdict(struct workflow *wf, const struct workflow_event *event,
                                  const struct datahub_verdict_given_event *args,
                                  struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0};
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    if (args->verdict < DISPUTE_PAY || args->verdict > DISPUTE_FRAUD)
        return base_fail(info, GALEN_ERR_PARSE, "an event has an impossible verdict");
    /* By the office that the voter held then: it may have changed hands since. */
    GALEN_TRY(managers_before(wf, &gm, &rm, event->log, info));
    bool is_gm = chain_address_equal(&args->manager, &gm);
    if (!is_gm && !chain_address_equal(&args->manager, &rm))
        return base_fail(info, GALEN_ERR_CHECK, "a verdict of somebody who was no manager");
    /* What was ruled or settled in the meantime is named too and passed over. */
    GALEN_TRY(for_each_entry(wf, event,
                             is_gm ? "UPDATE entry SET gm_vote = ?, status_block = ?"
                                     " WHERE request_id = ? AND position = ? AND status = 2"
                                   : "UPDATE entry SET rm_vote = ?, status_block = ?"
                                     " WHERE request_id = ? AND position = ? AND status = 2",
                             args->verdict, id, &args->indices, info));
    char subject[24];
    snprintf(subject, sizeof subject, "%lld", (long long)id);
    return purchasing_tell(wf, is_gm ? &rm : &gm, "verdict-given", subject, info);
}

enum galen_err dispute_on_ruled(struct workflow *wf, const struct workflow_event *event,
                                const struct datahub_ruled_event *args, struct galen_errinfo *info)
{
    static const enum dispute_status outcomes[] = {DISPUTE_UNSETTLED, DISPUTE_RULED_PAY,
                                                   DISPUTE_REFUNDED, DISPUTE_FRAUDULENT};
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    if (args->verdict < DISPUTE_PAY || args->verdict > DISPUTE_FRAUD)
        return base_fail(info, GALEN_ERR_PARSE, "an event has an impossible verdict");
    GALEN_TRY(
        for_each_entry(wf, event, set_status, outcomes[args->verdict], id, &args->indices, info));
    GALEN_TRY(purchasing_tell_each(wf, its_buyer, "request-ruled", id, info));
    GALEN_TRY(purchasing_tell_each(wf, its_hospital, "request-ruled", id, info));
    return tell_owners(wf, "entry-ruled", id, &args->indices, info);
}

enum galen_err dispute_on_invalid(struct workflow *wf, const struct workflow_event *event,
                                  const struct datahub_entry_invalid_event *args,
                                  struct galen_errinfo *info)
{
    struct chain_u256 index = args->index;
    const struct datahub_uint256_array one = {&index, 1};
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    GALEN_TRY(for_each_entry(wf, event, set_status, DISPUTE_INVALID, id, &one, info));
    GALEN_TRY(purchasing_tell_each(wf, its_buyer, "entry-invalid", id, info));
    GALEN_TRY(purchasing_tell_each(wf, its_hospital, "entry-invalid", id, info));
    return tell_owners(wf, "entry-invalid", id, &one, info);
}
