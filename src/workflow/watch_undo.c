/*
 * Reorganisations: what the events of dropped blocks had done is taken back.
 *
 * One mechanism for every table. While the events of a recent block are applied, SQLite records
 * what they change (a session); the changeset is kept with the block as long as the block may be
 * dropped. A dropped block's changeset is inverted and applied, newest first: rows that an event
 * made go, columns that it changed get their former values, also where this home went on from there
 * by itself (a record that was checked and listed waits for its anchor again). What events did not
 * touch stays: a release that was promised to a sale stays promised. Then the blocks of the chain
 * as it is now are read like any others.
 *
 * Three things are kept beside it. A transaction of this home whose receipt is in a dropped block
 * is 'sent' again: the outbox follows it up, byte for byte the same. A notification is withdrawn,
 * and comes back as the same one when it is true again, so that nobody is told twice. Events of
 * this home's own receipts are applied as soon as they are mined, before blocks in between are
 * read: read_from says which, and they are read (again) once that is taken back.
 */
#include "workflow/watch_internal.h"

/* All that handlers of events write to. Rows of `record` are never deleted: see
 * storing_on_data_stored. */
static const char *const tables[] = {
    "contact",         "entry",           "group_key", "hospital",        "manager_term",
    "opening_onchain", "profile_onchain", "record",    "registry_commit", "request",
    "revocation_list", "share",           NULL,
};
/* A card that came since is no event's work. */
static const char *const newer_stays[] = {"contact", NULL};

enum galen_err watch_facts_begin(struct watch_facts *facts, struct workflow *wf,
                                 enum watch_facts_kind kind, uint64_t block,
                                 struct galen_errinfo *info)
{
    GALEN_ASSERT(wf->facts == NULL);
    if (block > INT64_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint names an impossible block");
    facts->block = (int64_t)block;
    facts->kind = kind;
    GALEN_TRY(db_begin(&facts->tx, wf->db, info));
    if (kind != WATCH_FACTS_FINAL)
        GALEN_TRY(db_record_begin(&facts->recorder, wf->db, tables, info));
    facts->wf = wf;
    wf->facts = facts;
    return GALEN_OK;
}

enum galen_err watch_facts_commit(struct watch_facts *facts, struct galen_errinfo *info)
{
    BASE_BUF_AUTO changes = {0};
    int64_t from = facts->block;
    if (facts->kind != WATCH_FACTS_FINAL)
        GALEN_TRY(db_record_take(&facts->recorder, &changes, info));
    if (facts->kind == WATCH_FACTS_AHEAD)
        GALEN_TRY(watch_position(facts->wf, &from, 0, info));
    if (changes.len > 0)
        GALEN_TRY(db_run(facts->wf->db, info,
                         "INSERT INTO watch_undo (block, read_from, changes)"
                         " VALUES (?1, min(?1, ?2), ?3)",
                         DB_INT(facts->block), DB_INT(from), DB_BLOB(changes.data, changes.len)));
    return db_commit(&facts->tx, info);
}

void watch_facts_end(struct watch_facts *facts)
{
    db_record_end(&facts->recorder);
    db_rollback(&facts->tx);
    if (facts->wf != NULL)
        facts->wf->facts = NULL;
    facts->wf = NULL;
}

void workflow_facts_pause(struct workflow *wf, bool paused)
{
    if (wf->facts != NULL && wf->facts->kind != WATCH_FACTS_FINAL)
        db_record_pause(&wf->facts->recorder, paused);
}

/* ---- taking back -------------------------------------------------------------------------------- */

static enum galen_err undo_rows(struct workflow *wf, int64_t block, int64_t *next,
                                struct galen_errinfo *info)
{
    for (;;) {
        BASE_BUF_AUTO changes = {0};
        int64_t id = 0;
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT id, read_from, changes FROM watch_undo WHERE block >= ?"
                               " ORDER BY id DESC LIMIT 1",
                               DB_INT(block)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            struct base_view bytes = db_blob(&rows, 2);
            id = db_int(&rows, 0);
            if (db_int(&rows, 1) < *next)
                *next = db_int(&rows, 1);
            GALEN_TRY(base_buf_append(&changes, bytes.data, bytes.len));
        }
        GALEN_TRY(
            db_undo(wf->db, (struct base_view){changes.data, changes.len}, newer_stays, info));
        GALEN_TRY(db_run(wf->db, info, "DELETE FROM watch_undo WHERE id = ?", DB_INT(id)));
    }
}

static enum galen_err undo_receipts(struct workflow *wf, int64_t block, struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE tx SET status = 'sent', reason = NULL, block_number = NULL,"
                  " block_hash = NULL, block_time = NULL, gas_used = NULL, base_fee_wei = NULL,"
                  " effective_gas_price_wei = NULL, l1_fee_wei = NULL, total_wei = NULL WHERE "
                  "block_number >= ?"
                  " AND status IN ('succeeded', 'reverted')",
                  DB_INT(block));
}

static enum galen_err undo_notifications(struct workflow *wf, int64_t block,
                                         struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT OR REPLACE INTO notification_withdrawn"
                     " SELECT id, identity, kind, subject, created_at, seen FROM notification"
                     " WHERE block >= ?",
                     DB_INT(block)));
    return db_run(wf->db, info, "DELETE FROM notification WHERE block >= ?", DB_INT(block));
}

enum galen_err watch_undo(struct workflow *wf, int64_t block, int64_t *next,
                          struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    int64_t from = block;
    int64_t position = 0;
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(watch_position(wf, &position, block, info));
    GALEN_TRY(undo_rows(wf, block, &from, info));
    GALEN_TRY(undo_receipts(wf, block, info));
    GALEN_TRY(undo_notifications(wf, block, info));
    if (position < from)
        from = position;
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM watch_block WHERE number >= ?", DB_INT(from)));
    GALEN_TRY(watch_position_set(wf, from, info));
    GALEN_TRY(db_commit(&tx, info));
    *next = from;
    return GALEN_OK;
}
