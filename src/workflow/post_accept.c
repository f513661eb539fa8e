/*
 * What others bring by HTTP. Anyone can, so each refusal is a few index reads, and what is taken
 * in is bounded by bytes and messages that wait, and by an hour's number of them: a flood may make
 * senders wait, but finds no room to fill and nothing to push out.
 */
#include "workflow/post_internal.h"

#include <string.h>

#define HOUR_S       3600
#define FULL_RETRY_S 300 /* room comes when the home reads its messages */

static enum galen_err find_recipient(struct workflow *wf, struct chain_address *out,
                                     const char *text, struct galen_errinfo *info)
{
    char canonical[CHAIN_ADDRESS_TEXT];
    bool own = false;
    if (chain_address_parse(out, text, NULL) == GALEN_OK) {
        chain_address_format(canonical, out);
        if (strcmp(canonical, text) == 0)
            GALEN_TRY(workflow_is_own(wf, &own, NULL, out, info));
    }
    if (!own)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "nobody here has that address");
    return GALEN_OK;
}

static enum galen_err full(int64_t *retry_after_s, int64_t wait_s, struct galen_errinfo *info)
{
    *retry_after_s = wait_s;
    (void)base_fail(info, GALEN_ERR_LIMIT, "this inbox takes no more messages now");
    (void)base_hint(info, "try again in %lld seconds", (long long)wait_s);
    return GALEN_ERR_LIMIT;
}

/* The nth last message of an hour decides: when it is an hour old there is room for one more. */
static enum galen_err check_rate(struct workflow *wf, const struct chain_address *recipient,
                                 int64_t hourly, int64_t *retry_after_s, struct galen_errinfo *info)
{
    int64_t now = base_time_s();
    int64_t nth = 0;
    if (hourly == 0)
        return full(retry_after_s, HOUR_S, info);
    if (recipient != NULL)
        GALEN_TRY(db_get_int(wf->db, &nth, 0, info,
                             "SELECT received_at FROM inbox WHERE posted_bytes IS NOT NULL"
                             " AND recipient = ? AND received_at > ?"
                             " ORDER BY received_at DESC LIMIT 1 OFFSET ?",
                             DB_BLOB(recipient->bytes, 20), DB_INT(now - HOUR_S),
                             DB_INT(hourly - 1)));
    else
        GALEN_TRY(db_get_int(wf->db, &nth, 0, info,
                             "SELECT received_at FROM inbox WHERE posted_bytes IS NOT NULL"
                             " AND received_at > ? ORDER BY received_at DESC LIMIT 1 OFFSET ?",
                             DB_INT(now - HOUR_S), DB_INT(hourly - 1)));
    if (nth == 0)
        return GALEN_OK;
    int64_t wait_s = nth + HOUR_S - now;
    return full(retry_after_s, wait_s < 1 ? 1 : wait_s > HOUR_S ? HOUR_S : wait_s, info);
}

static enum galen_err check_room(struct workflow *wf, const struct chain_address *recipient,
                                 size_t len, int64_t *retry_after_s, struct galen_errinfo *info)
{
    const int64_t *limits = wf->post.limits;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT count(*), coalesce(sum(posted_bytes), 0),"
                       " count(*) FILTER (WHERE recipient = ?1),"
                       " coalesce(sum(posted_bytes) FILTER (WHERE recipient = ?1), 0)"
                       " FROM inbox WHERE posted_bytes IS NOT NULL AND state = 'new'",
                       DB_BLOB(recipient->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    int64_t bytes = (int64_t)len;
    if (db_int(&rows, 0) >= limits[POST_MESSAGES] ||
        db_int(&rows, 1) + bytes > limits[POST_BYTES] ||
        db_int(&rows, 2) >= limits[POST_RECIPIENT_MESSAGES] ||
        db_int(&rows, 3) + bytes > limits[POST_RECIPIENT_BYTES])
        return full(retry_after_s, FULL_RETRY_S, info);
    db_rows_end(&rows);
    GALEN_TRY(check_rate(wf, recipient, limits[POST_RECIPIENT_HOURLY], retry_after_s, info));
    return check_rate(wf, NULL, limits[POST_HOURLY], retry_after_s, info);
}

static enum galen_err check_length(size_t len, struct galen_errinfo *info)
{
    if (len <= POST_MESSAGE_MAX)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_LIMIT, "a message has at most %d bytes", POST_MESSAGE_MAX);
}

enum galen_err post_may_accept(struct workflow *wf, const char *recipient_text, size_t len,
                               int64_t *retry_after_s, struct galen_errinfo *info)
{
    struct chain_address recipient;
    *retry_after_s = 0;
    GALEN_TRY(find_recipient(wf, &recipient, recipient_text, info));
    GALEN_TRY(check_length(len, info));
    return check_room(wf, &recipient, len, retry_after_s, info);
}

static enum galen_err is_here(struct workflow *wf, bool *known, const uint8_t digest32[32],
                              struct galen_errinfo *info)
{
    int64_t count = 0;
    GALEN_TRY(db_get_int(wf->db, &count, 0, info, "SELECT count(*) FROM inbox WHERE digest = ?",
                         DB_BLOB(digest32, 32)));
    *known = count > 0;
    return GALEN_OK;
}

static enum galen_err take_in(struct workflow *wf, const struct chain_address *recipient,
                              const uint8_t digest32[32], struct base_view sealed, bool *known,
                              int64_t *retry_after_s, struct galen_errinfo *info)
{
    GALEN_TRY(is_here(wf, known, digest32, info));
    if (*known)
        return GALEN_OK;
    GALEN_TRY(check_room(wf, recipient, sealed.len, retry_after_s, info));
    GALEN_TRY(seal_check_message(sealed, MESSAGE_TYP, info));
    /* Again, where no other handle can come between. */
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(check_room(wf, recipient, sealed.len, retry_after_s, info));
    GALEN_TRY(message_inbox_add(wf, recipient, sealed, true, info));
    *known = db_changes(wf->db) == 0;
    return db_commit(&tx, info);
}

enum galen_err post_accept(struct workflow *wf, const char *recipient_text, struct base_view sealed,
                           bool *is_known, int64_t *retry_after_s, struct json_object **result,
                           struct galen_errinfo *info)
{
    struct chain_address recipient;
    uint8_t digest32[32];
    bool known = false;
    RECORD_JSON_AUTO made = NULL;
    *retry_after_s = 0;
    GALEN_TRY(find_recipient(wf, &recipient, recipient_text, info));
    GALEN_TRY(check_length(sealed.len, info));
    GALEN_TRY(message_inbox_digest(digest32, &recipient, sealed, info));
    GALEN_TRY(take_in(wf, &recipient, digest32, sealed, &known, retry_after_s, info));
    store_digest(digest32, sealed.data, sealed.len);
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "digest", digest32, 32, info));
    GALEN_TRY(workflow_set_bool(made, "known", known, info));
    *is_known = known;
    workflow_give(result, &made);
    return GALEN_OK;
}
