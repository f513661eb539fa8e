/*
 * Storing, steps 6 and 7: DataStored events, and the patient's list. Anyone can have the contract
 * emit anything about anyone, so a record is listed only after every part of it was checked.
 */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#include <string.h>

/* A group key that is not here yet makes a record wait; whatever else is wrong refuses it. */
static bool is_waiting(enum galen_err err)
{
    return err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_STATE;
}

/* Everything of an anchored record that can be checked; opened and roots for listing it. */
static enum galen_err examine(struct workflow *wf, const struct storing_row *row,
                              uint8_t roots[STORING_MAX_RELEASES][32], size_t *n_roots,
                              struct galen_errinfo *info)
{
    BASE_BUF_AUTO envelope = {0};
    STORING_OPENED_AUTO opened = {0};
    int64_t listed = 0;
    /* First what needs no block, so that nobody can make this home wait for nothing. */
    GALEN_TRY(storing_check_signature(wf, NULL, row->key_version, row->sig, row->root, &row->owner,
                                      info));
    GALEN_TRY(db_get_int(wf->db, &listed, 0, info,
                         "SELECT count(*) FROM record WHERE side = 'patient' AND holder = ?"
                         " AND merkle_root = ? AND state = 'anchored' AND id <> ?",
                         DB_BLOB(row->holder.bytes, 20), DB_BLOB(row->root, 32), DB_INT(row->id)));
    if (listed > 0)
        return base_fail(info, GALEN_ERR_CHECK, "a copy of a record that is listed already");
    /* An altered copy here is not the record's fault: a good one may still come. */
    enum galen_err err = storing_get_envelope(wf, &envelope, row, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "its block is not at hand");
    if (err == GALEN_ERR_CHECK)
        return base_fail(info, GALEN_ERR_STATE, "its block was altered here");
    GALEN_TRY(err);
    GALEN_TRY(storing_check_cert(row, steps_view(&envelope), NULL, info));
    GALEN_TRY(storing_decrypt(wf, row, steps_view(&envelope), &opened, info));
    GALEN_TRY(storing_check_root(&opened, info));
    return storing_check_releases(wf, &opened, &row->owner, roots, n_roots, info);
}

/* One transaction: the state and the releases. A release that another record has is no release. */
static enum galen_err list_record(struct workflow *wf, const struct storing_row *row,
                                  uint8_t (*roots)[32], size_t n_roots, struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    char subject[65];
    int64_t block = -1;
    GALEN_TRY(db_begin(&tx, wf->db, info));
    for (size_t i = 0; i < n_roots; i++) {
        /* Its own may be there, from before a reorganisation. */
        GALEN_TRY(db_run(wf->db, info,
                         "INSERT INTO release (root, record_id, position) VALUES (?, ?, ?)"
                         " ON CONFLICT (root) DO UPDATE SET position = excluded.position"
                         " WHERE record_id = excluded.record_id",
                         DB_BLOB(roots[i], 32), DB_INT(row->id), DB_INT(i)));
        if (db_changes(wf->db) == 0)
            return base_fail(info, GALEN_ERR_CHECK, "its releases belong to another record");
    }
    GALEN_TRY(storing_set_state(wf, row->id, "anchored", NULL, info));
    base_hex_encode(subject, row->root, 32);
    GALEN_TRY(db_get_int(wf->db, &block, -1, info,
                         "SELECT coalesce(anchored_block, -1) FROM record WHERE id = ?",
                         DB_INT(row->id)));
    GALEN_TRY(workflow_notify_of(wf, block, &row->holder, "record", subject, info));
    return db_commit(&tx, info);
}

/* Moves a patient's row to anchored, waiting or refused. */
static enum galen_err settle(struct workflow *wf, int64_t id, struct galen_errinfo *info)
{
    struct storing_row row;
    uint8_t roots[STORING_MAX_RELEASES][32];
    size_t n_roots = 0;
    struct galen_errinfo why = {0};
    GALEN_TRY(storing_get_row(wf, &row, id, info));
    if (wf->keys == NULL)
        return storing_set_state(wf, id, "waiting", "the home was opened without its keys", info);
    enum galen_err err = examine(wf, &row, roots, &n_roots, &why);
    if (err == GALEN_OK)
        err = list_record(wf, &row, roots, n_roots, &why);
    if (err == GALEN_OK)
        return GALEN_OK;
    if (steps_is_fatal(err))
        return base_raise(info, err, &why);
    return storing_set_state(wf, id, is_waiting(err) ? "waiting" : "refused", why.what, info);
}

/* The patient's row stays when the block is dropped, since releases may hang on it: it is made as
 * one that was handed over, and only what makes it an anchored one is taken back. */
static enum galen_err make_row(struct workflow *wf, const struct datahub_data_stored_event *args,
                               struct galen_errinfo *info)
{
    workflow_facts_pause(wf, true);
    enum galen_err err = db_run(
        wf->db, info,
        "INSERT INTO record (holder, side, merkle_root, cid, owner, key_version,"
        " signature, state, created_at)"
        " VALUES (?1, 'patient', ?2, ?3, ?1, ?4, ?5, 'handed-over', ?6)"
        " ON CONFLICT DO NOTHING",
        DB_BLOB(args->owner.bytes, 20), DB_BLOB(args->merkle_root, 32), DB_BLOB(args->cid, 32),
        DB_INT(args->key_version), DB_BLOB(args->sig.data, args->sig.len), DB_INT(base_time_s()));
    workflow_facts_pause(wf, false);
    return err;
}

enum galen_err storing_on_data_stored(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_data_stored_event *args,
                                      struct galen_errinfo *info)
{
    bool own = false;
    if (args->sig.len != GROUPSIG_SIGNATURE_BYTES)
        return GALEN_OK;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, &args->owner, info));
    if (own)
        GALEN_TRY(make_row(wf, args, info));
    /* All rows of this very record. The patient's is listed once it was checked, which needs its
     * blocks: storing_retry_waiting. */
    return db_run(wf->db, info,
                  "UPDATE record SET tx_hash = ?, anchored_at = ?, anchored_block = ?,"
                  " reason = iif(side = 'patient', reason, NULL),"
                  " state = CASE WHEN side <> 'patient' THEN 'anchored'"
                  " WHEN state = 'handed-over' THEN 'waiting' ELSE state END"
                  " WHERE merkle_root = ? AND owner = ? AND cid = ? AND signature = ?"
                  " AND key_version = ?",
                  DB_BLOB(event->log->tx_hash, 32), DB_INT(event->time_s),
                  DB_INT(event->log->block_number), DB_BLOB(args->merkle_root, 32),
                  DB_BLOB(args->owner.bytes, 20), DB_BLOB(args->cid, 32),
                  DB_BLOB(args->sig.data, args->sig.len), DB_INT(args->key_version));
}

enum galen_err storing_retry_waiting(struct workflow *wf, struct galen_errinfo *info)
{
    GALEN_TRY(group_retry_waiting(wf, info));
    GALEN_TRY(storing_retry_unsent(wf, info));
    for (int64_t after = 0;;) {
        GALEN_TRY(db_get_int(wf->db, &after, 0, info,
                             "SELECT id FROM record WHERE side = 'patient' AND state = 'waiting'"
                             " AND id > ? ORDER BY id LIMIT 1",
                             DB_INT(after)));
        if (after == 0)
            return GALEN_OK;
        GALEN_TRY(settle(wf, after, info));
    }
}
