/* The contract's purchasing events, as they come by sync or out of this home's own receipts. Each
 * handler can see the same event again. */
#include <string.h>

#include "workflow/purchasing_internal.h"

/* Request numbers count up from 1; what does not fit the database is nonsense. */
enum galen_err purchasing_event_request(int64_t *out, const struct chain_u256 *id,
                                        struct galen_errinfo *info)
{
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, id) != GALEN_OK || number == 0 || number > INT64_MAX)
        return base_fail(info, GALEN_ERR_PARSE, "an event names an impossible request");
    *out = (int64_t)number;
    return GALEN_OK;
}

enum galen_err purchasing_tell(struct workflow *wf, const struct chain_address *who,
                               const char *kind, const char *subject, struct galen_errinfo *info)
{
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, who, info));
    return own ? workflow_notify(wf, who, kind, subject, info) : GALEN_OK;
}

/* Everybody whom the query names, its first column being addresses. */
enum galen_err purchasing_tell_each(struct workflow *wf, const char *sql, const char *kind,
                                    int64_t id, struct galen_errinfo *info)
{
    char subject[24];
    snprintf(subject, sizeof subject, "%lld", (long long)id);
    for (int64_t at = 0;; at++) {
        struct chain_address who = {0};
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_INT(id), DB_INT(at)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            GALEN_TRY(db_bytes(&rows, 0, who.bytes, 20, info));
        }
        GALEN_TRY(purchasing_tell(wf, &who, kind, subject, info));
    }
}

enum galen_err purchasing_on_request_open(struct workflow *wf, const struct workflow_event *event,
                                          const struct datahub_request_open_event *args,
                                          struct galen_errinfo *info)
{
    int64_t id = 0;
    char amount[CHAIN_U256_DECIMAL];
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    chain_u256_format(amount, &args->amount);
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO request (id, template_hash, buyer, amount_wei, block_number,"
                     " opened_at, state) VALUES (?, ?, ?, ?, ?, ?, 'pending')"
                     " ON CONFLICT (id) DO UPDATE SET template_hash = excluded.template_hash,"
                     " buyer = excluded.buyer, amount_wei = excluded.amount_wei,"
                     " block_number = excluded.block_number, opened_at = excluded.opened_at",
                     DB_INT(id), DB_BLOB(args->template_hash, 32), DB_BLOB(args->buyer.bytes, 20),
                     DB_TEXT(amount), DB_INT(event->log->block_number), DB_INT(event->time_s)));
    return purchasing_tell_each(wf,
                                "SELECT address FROM identity WHERE role = 'hospital' AND ?1 > 0"
                                " ORDER BY address LIMIT 1 OFFSET ?2",
                                "request-open", id, info);
}

enum galen_err purchasing_on_reply(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_reply_submitted_event *args,
                                   struct galen_errinfo *info)
{
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE request SET hospital = ?, offer_cid = ?,"
                     " state = iif(state = 'pending', 'replied', state) WHERE id = ?",
                     DB_BLOB(args->hospital.bytes, 20), DB_BLOB(args->template_cid, 32),
                     DB_INT(id)));
    return purchasing_tell_each(wf, "SELECT buyer FROM request WHERE id = ? LIMIT 1 OFFSET ?",
                                "request-replied", id, info);
}

enum galen_err purchasing_on_entry(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_entry_delivered_event *args,
                                   struct galen_errinfo *info)
{
    int64_t id = 0;
    uint64_t index = 0;
    char min_payout[CHAIN_U256_DECIMAL];
    const struct datahub_entry *entry = &args->entry;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    if (chain_u256_to_u64(&index, &args->index) != GALEN_OK || index >= PURCHASING_MAX_ENTRIES ||
        entry->sig.len != GROUPSIG_SIGNATURE_BYTES ||
        entry->ys.len != GROUPSIG_SIGNATURE_YS_BYTES ||
        entry->consent.len != CHAIN_SIGNATURE_BYTES ||
        memcmp(entry->release_root, args->release_root, 32) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "a delivered entry is malformed");
    chain_u256_format(min_payout, &entry->min_payout);
    /* The event does not say which part: that is asked of the contract when it is needed. */
    return db_run(
        wf->db, info,
        "INSERT INTO entry (request_id, position, part, release_root,"
        " release_addr, payout, bundle_digest, min_payout_wei, key_version, signature,"
        " ys, consent, block_number) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET release_root = excluded.release_root,"
        " release_addr = excluded.release_addr, payout = excluded.payout,"
        " bundle_digest = excluded.bundle_digest, min_payout_wei = excluded.min_payout_wei,"
        " key_version = excluded.key_version, signature = excluded.signature,"
        " ys = excluded.ys, consent = excluded.consent, block_number = excluded.block_number",
        DB_INT(id), DB_INT(index), DB_BLOB(entry->release_root, 32),
        DB_BLOB(entry->release_addr.bytes, 20), DB_BLOB(entry->payout.bytes, 20),
        DB_BLOB(entry->bundle_digest, 32), DB_TEXT(min_payout), DB_INT(entry->key_version),
        DB_BLOB(entry->sig.data, entry->sig.len), DB_BLOB(entry->ys.data, entry->ys.len),
        DB_BLOB(entry->consent.data, entry->consent.len), DB_INT(event->log->block_number));
}

enum galen_err purchasing_on_delivered(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_delivered_event *args,
                                       struct galen_errinfo *info)
{
    int64_t id = 0;
    uint64_t count = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    if (chain_u256_to_u64(&count, &args->count) != GALEN_OK || count > PURCHASING_MAX_ENTRIES)
        return base_fail(info, GALEN_ERR_PARSE, "a delivery's count is impossible");
    /* What a reorganisation beyond what is recorded left behind. */
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM entry WHERE request_id = ? AND position >= ?",
                     DB_INT(id), DB_INT(count)));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE request SET manifest_cid = ?, delivered_at = ?,"
                     " state = iif(state IN ('pending', 'replied'), 'filled', state) WHERE id = ?",
                     DB_BLOB(args->manifest_cid, 32), DB_INT(event->time_s), DB_INT(id)));
    GALEN_TRY(purchasing_tell_each(wf, "SELECT buyer FROM request WHERE id = ? LIMIT 1 OFFSET ?",
                                   "request-delivered", id, info));
    /* Who agreed and is in none of its parts: that release is used up, and nothing is paid for it.
     */
    GALEN_TRY(purchasing_tell_each(wf,
                                   "SELECT DISTINCT r.holder FROM release l"
                                   " JOIN record r ON r.id = l.record_id"
                                   " JOIN consent c ON c.side = 'patient' AND c.state = 'given'"
                                   " AND c.request_id = l.request_id AND c.patient = r.holder"
                                   " AND c.record_root = r.merkle_root"
                                   " WHERE l.request_id = ? AND NOT EXISTS (SELECT 1 FROM entry e"
                                   " WHERE e.request_id = l.request_id"
                                   " AND e.release_root = l.root) ORDER BY 1 LIMIT 1 OFFSET ?",
                                   "release-left-out", id, info));
    return purchasing_tell_each(
        wf,
        "SELECT DISTINCT c.patient FROM consent c JOIN entry e"
        " ON e.request_id = c.request_id AND e.release_root = c.release_root"
        " WHERE c.side = 'patient' AND c.request_id = ?"
        " ORDER BY c.patient LIMIT 1 OFFSET ?",
        "release-delivered", id, info);
}

/* Buyer, hospital and the patients of this home. */
enum galen_err purchasing_tell_all(struct workflow *wf, const char *kind, int64_t id,
                                   struct galen_errinfo *info)
{
    GALEN_TRY(purchasing_tell_each(wf, "SELECT buyer FROM request WHERE id = ? LIMIT 1 OFFSET ?",
                                   kind, id, info));
    GALEN_TRY(
        purchasing_tell_each(wf,
                             "SELECT hospital FROM request WHERE id = ? AND hospital IS NOT NULL"
                             " LIMIT 1 OFFSET ?",
                             kind, id, info));
    return purchasing_tell_each(wf,
                                "SELECT DISTINCT patient FROM consent WHERE side = 'patient'"
                                " AND state = 'given' AND request_id = ?"
                                " ORDER BY patient LIMIT 1 OFFSET ?",
                                kind, id, info);
}

enum galen_err purchasing_on_finalized(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_request_finalized_event *args,
                                       struct galen_errinfo *info)
{
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    GALEN_TRY(
        db_run(wf->db, info, "UPDATE request SET state = 'finalized' WHERE id = ?", DB_INT(id)));
    return purchasing_tell_all(wf, "request-finalized", id, info);
}

enum galen_err purchasing_on_refunded(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_request_refunded_event *args,
                                      struct galen_errinfo *info)
{
    int64_t id = 0;
    GALEN_TRY(purchasing_event_request(&id, &args->id, info));
    GALEN_TRY(
        db_run(wf->db, info, "UPDATE request SET state = 'refunded' WHERE id = ?", DB_INT(id)));
    return purchasing_tell_all(wf, "request-refunded", id, info);
}
