/*
 * The outbox as delivery sees it. A message waits until it is delivered or expired; one that failed
 * waits for next_try, and so does every later one to the same recipient, unless it was set aside.
 */
#include "workflow/post_internal.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S         86400
#define RETRY_FIRST_S 30
#define RETRY_MOST_S  3600
#define RETRY_ASKED_S (6 * 3600) /* of what the other side may ask for */
#define REFUSED_DAYS  2
#define PRUNE_EVERY_S 3600
#define PROBLEM_MAX   300

#define WAITS "delivered_at IS NULL AND expired_at IS NULL"
/* Nothing to the same recipient must be delivered before message o. */
#define IS_NEXT                                                                                    \
    "NOT EXISTS (SELECT 1 FROM outbox p WHERE p.recipient = o.recipient AND p." WAITS              \
    " AND p.aside = 0 AND (p.created_at, p.rowid) < (o.created_at, o.rowid))"
#define HAS_INBOX                                                                                  \
    "EXISTS (SELECT 1 FROM contact c WHERE c.address = o.recipient"                                \
    " AND json_extract(c.profile, '$.inbox') IS NOT NULL)"

static void free_list(struct chain_address **list)
{
    free(*list);
}

enum galen_err post_due_recipients(struct workflow *wf, struct chain_address **out, size_t *n_out,
                                   const struct chain_address *only, int64_t now,
                                   struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_list) struct chain_address *list = NULL;
    size_t n = 0, room = 0;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT o.recipient FROM outbox o WHERE o." WAITS " AND next_try <= ?1"
                       " AND (?2 IS NULL OR o.recipient = ?2) AND " IS_NEXT " AND " HAS_INBOX
                       " GROUP BY o.recipient ORDER BY min(o.next_try), min(o.rowid)",
                       DB_INT(now), DB_BLOB(only != NULL ? only->bytes : NULL, 20)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        if (n == room) {
            room = 2 * room + 16;
            struct chain_address *longer = realloc(list, room * sizeof *list);
            if (longer == NULL)
                return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
            list = longer;
        }
        GALEN_TRY(db_bytes(&rows, 0, list[n++].bytes, 20, info));
    }
    *out = list;
    *n_out = n;
    list = NULL;
    return GALEN_OK;
}

enum galen_err post_next_message(struct workflow *wf, struct post_message *message, bool *found,
                                 const struct chain_address *recipient, int64_t now,
                                 struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT digest, sealed, created_at, rowid, attempts FROM outbox o"
                       " WHERE recipient = ?1 AND " WAITS " AND next_try <= ?2"
                       " AND (created_at, rowid) > (?3, ?4) AND NOT EXISTS (SELECT 1 FROM outbox p"
                       " WHERE p.recipient = ?1 AND p." WAITS " AND p.aside = 0"
                       " AND p.next_try > ?2"
                       " AND (p.created_at, p.rowid) < (o.created_at, o.rowid))"
                       " ORDER BY created_at, rowid LIMIT 1",
                       DB_BLOB(recipient->bytes, 20), DB_INT(now), DB_INT(message->created_at),
                       DB_INT(message->row)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    struct base_view sealed = db_blob(&rows, 1);
    GALEN_TRY(db_bytes(&rows, 0, message->digest32, 32, info));
    base_buf_clear(&message->sealed);
    if (base_buf_append(&message->sealed, sealed.data, sealed.len) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    message->created_at = db_int(&rows, 2);
    message->row = db_int(&rows, 3);
    message->attempts = db_int(&rows, 4);
    return GALEN_OK;
}

enum galen_err post_set_delivered(struct workflow *wf, const uint8_t digest32[32],
                                  struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE outbox SET delivered_at = ?, sealed = x'', problem = NULL"
                  " WHERE digest = ? AND delivered_at IS NULL",
                  DB_INT(base_time_s()), DB_BLOB(digest32, 32));
}

/* Doubled with each attempt; half of it by chance, so that what failed together comes back apart.
 */
static int64_t retry_delay(int64_t attempts, int64_t asked_s)
{
    int64_t delay = attempts < 7 ? (int64_t)RETRY_FIRST_S << attempts : RETRY_MOST_S;
    uint32_t chance = 0;
    base_random(&chance, sizeof chance);
    if (delay > RETRY_MOST_S)
        delay = RETRY_MOST_S;
    delay = delay / 2 + (int64_t)(chance % (uint32_t)(delay / 2 + 1));
    if (asked_s > RETRY_ASKED_S)
        asked_s = RETRY_ASKED_S;
    return delay > asked_s ? delay : asked_s;
}

enum galen_err post_set_failed(struct workflow *wf, const struct post_message *message, bool aside,
                               int64_t asked_s, const char *problem, int64_t *next_try_s,
                               struct galen_errinfo *info)
{
    char text[PROBLEM_MAX];
    *next_try_s = base_time_s() + retry_delay(message->attempts, asked_s);
    snprintf(text, sizeof text, "%s", problem);
    return db_run(wf->db, info,
                  "UPDATE outbox SET attempts = attempts + 1, next_try = ?, aside = ?, problem = ?"
                  " WHERE digest = ? AND " WAITS,
                  DB_INT(*next_try_s), DB_INT(aside), DB_TEXT(text),
                  DB_BLOB(message->digest32, 32));
}

enum galen_err post_put_off(struct workflow *wf, const struct post_message *message,
                            const char *problem, int64_t next_try_s, struct galen_errinfo *info)
{
    char text[PROBLEM_MAX];
    snprintf(text, sizeof text, "%s", problem);
    return db_run(wf->db, info,
                  "UPDATE outbox SET next_try = max(next_try, ?), problem = ? WHERE digest = ?"
                  " AND " WAITS,
                  DB_INT(next_try_s), DB_TEXT(text), DB_BLOB(message->digest32, 32));
}

/* ---- the end ----------------------------------------------------------------------------------- */

static enum galen_err expire_next(struct workflow *wf, bool *found, struct galen_errinfo *info)
{
    uint8_t digest32[32];
    struct chain_address sender, recipient;
    char address[CHAIN_ADDRESS_TEXT];
    char id[65];
    char subject[256];
    DB_TRANSACTION_AUTO tx = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT digest, sender, recipient, kind, message_id FROM outbox WHERE " WAITS
                       " AND created_at <= ? LIMIT 1",
                       DB_INT(base_time_s() - (int64_t)WORKFLOW_MESSAGE_DAYS * DAY_S)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    bool has_sender = !db_is_null(&rows, 1);
    GALEN_TRY(db_bytes(&rows, 0, digest32, 32, info));
    GALEN_TRY(db_bytes(&rows, 2, recipient.bytes, 20, info));
    if (has_sender)
        GALEN_TRY(db_bytes(&rows, 1, sender.bytes, 20, info));
    chain_address_format(address, &recipient);
    base_hex_encode(id, db_blob(&rows, 4).data, 32);
    snprintf(subject, sizeof subject, "%s %s %s", db_text(&rows, 3), address, id);
    db_rows_end(&rows);
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE outbox SET expired_at = ?, sealed = x'' WHERE digest = ?",
                     DB_INT(base_time_s()), DB_BLOB(digest32, 32)));
    if (has_sender)
        GALEN_TRY(workflow_notify(wf, &sender, "undelivered", subject, info));
    return db_commit(&tx, info);
}

/* Digests stand against replays for as long as a message can be valid: its life and a day for
 * clocks that differ (message.c), from the day it came. A refused one is refused again. */
static enum galen_err prune(struct workflow *wf, struct galen_errinfo *info)
{
    const int64_t kept_days = wf->post.limits[POST_OUTBOX_DAYS];
    int64_t now = base_time_s();
    int64_t last = 0;
    GALEN_TRY(workflow_setting_get(wf, "inbox.pruned_at", &last, 0, info));
    if (last <= now && now - last < PRUNE_EVERY_S)
        return GALEN_OK;
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM inbox WHERE state = 'done' AND received_at < ?",
                     DB_INT(now - (int64_t)(WORKFLOW_MESSAGE_DAYS + 2) * DAY_S)));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM inbox WHERE state = 'refused' AND received_at < ?",
                     DB_INT(now - (int64_t)REFUSED_DAYS * DAY_S)));
    /* What was delivered is not sent again by itself. */
    if (kept_days <= now / DAY_S)
        GALEN_TRY(db_run(wf->db, info,
                         "DELETE FROM outbox WHERE delivered_at < ?1"
                         " OR expired_at < ?1",
                         DB_INT(now - kept_days * DAY_S)));
    return workflow_setting_set(wf, "inbox.pruned_at", now, info);
}

enum galen_err post_expire(struct workflow *wf, int64_t *expired, struct galen_errinfo *info)
{
    *expired = 0;
    for (bool found = true; found; *expired += found)
        GALEN_TRY(expire_next(wf, &found, info));
    return prune(wf, info);
}

enum galen_err post_waiting(struct workflow *wf, int64_t *waiting, int64_t *without_inbox,
                            int64_t *next_try_s, struct galen_errinfo *info)
{
    GALEN_TRY(db_get_int(wf->db, waiting, 0, info, "SELECT count(*) FROM outbox WHERE " WAITS));
    GALEN_TRY(db_get_int(wf->db, without_inbox, 0, info,
                         "SELECT count(*) FROM outbox o WHERE o." WAITS " AND NOT " HAS_INBOX));
    return db_get_int(wf->db, next_try_s, -1, info,
                      "SELECT coalesce(min(o.next_try), -1) FROM outbox o WHERE o." WAITS
                      " AND " IS_NEXT " AND " HAS_INBOX);
}
