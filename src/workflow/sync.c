/*
 * What happens by itself: the contract's new events, then the messages that came in, each given to
 * the handler of its workflow. Events are read in ranges that shrink where the endpoint wants
 * smaller ones; where reading stopped is kept, with that block's hash: when it is another, the
 * chain was reorganised and what came before is read again. Every handler may see an event again.
 */
#include "workflow/internal.h"

#include <stdlib.h>
#include <string.h>

#define RANGE_BLOCKS 10000
#define REORG_BLOCKS 64 /* read again when the last block read is no longer on the chain */

/* The home itself cannot go on; anything else is about one event or one message. */
static bool is_fatal(enum galen_err err)
{
    switch (err) {
    case GALEN_ERR_DB:
    case GALEN_ERR_IO:
    case GALEN_ERR_NOMEM:
    case GALEN_ERR_NETWORK:
    case GALEN_ERR_PASSWORD:
    case GALEN_ERR_CONFIG:
        return true;
    default:
        return false;
    }
}

/* ---- events --------------------------------------------------------------------------------------- */

static enum galen_err on_profile_set(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_profile_set_event *args,
                                     struct galen_errinfo *info)
{
    return workflow_profile_seen(wf, &args->owner, args->profile_cid, args->nonce, info);
}

typedef enum galen_err event_handler(struct workflow *wf, const struct workflow_event *event,
                                     const void *args, struct galen_errinfo *info);

/* Handlers take the event's own struct; these give them one shape. */
#define EVENT_SHIM(handler, type)                                                                  \
    static enum galen_err shim_##handler(struct workflow *wf, const struct workflow_event *event,  \
                                         const void *args, struct galen_errinfo *info)             \
    {                                                                                              \
        return handler(wf, event, (const struct type *)args, info);                                \
    }
EVENT_SHIM(on_profile_set, datahub_profile_set_event)
EVENT_SHIM(group_on_key_proposed, datahub_group_key_proposed_event)
EVENT_SHIM(group_on_key_confirmed, datahub_group_key_confirmed_event)
EVENT_SHIM(group_on_key_retired, datahub_group_key_retired_event)
EVENT_SHIM(group_on_gm_changed, datahub_group_manager_changed_event)
EVENT_SHIM(group_on_rm_changed, datahub_revocation_manager_changed_event)
EVENT_SHIM(group_on_members_committed, datahub_members_committed_event)
EVENT_SHIM(revocation_on_list_set, datahub_revocation_list_set_event)
EVENT_SHIM(storing_on_data_stored, datahub_data_stored_event)
EVENT_SHIM(sharing_on_share_posted, datahub_share_posted_event)
EVENT_SHIM(purchasing_on_request_open, datahub_request_open_event)
EVENT_SHIM(purchasing_on_reply, datahub_reply_submitted_event)
EVENT_SHIM(purchasing_on_entry, datahub_entry_delivered_event)
EVENT_SHIM(purchasing_on_delivered, datahub_delivered_event)
EVENT_SHIM(purchasing_on_finalized, datahub_request_finalized_event)
EVENT_SHIM(purchasing_on_refunded, datahub_request_refunded_event)
EVENT_SHIM(dispute_on_disputed, datahub_disputed_event)
EVENT_SHIM(dispute_on_verdict, datahub_verdict_given_event)
EVENT_SHIM(dispute_on_ruled, datahub_ruled_event)
EVENT_SHIM(dispute_on_invalid, datahub_entry_invalid_event)
EVENT_SHIM(opening_on_requested, datahub_opening_requested_event)
EVENT_SHIM(opening_on_gm_approved, datahub_group_manager_approved_event)
EVENT_SHIM(opening_on_rm_approved, datahub_revocation_manager_approved_event)

static const struct {
    const char *event;
    event_handler *handle;
} event_handlers[] = {
    {"ProfileSet", shim_on_profile_set},
    {"GroupKeyProposed", shim_group_on_key_proposed},
    {"GroupKeyConfirmed", shim_group_on_key_confirmed},
    {"GroupKeyRetired", shim_group_on_key_retired},
    {"GroupManagerChanged", shim_group_on_gm_changed},
    {"RevocationManagerChanged", shim_group_on_rm_changed},
    {"MembersCommitted", shim_group_on_members_committed},
    {"RevocationListSet", shim_revocation_on_list_set},
    {"DataStored", shim_storing_on_data_stored},
    {"SharePosted", shim_sharing_on_share_posted},
    {"RequestOpen", shim_purchasing_on_request_open},
    {"ReplySubmitted", shim_purchasing_on_reply},
    {"EntryDelivered", shim_purchasing_on_entry},
    {"Delivered", shim_purchasing_on_delivered},
    {"RequestFinalized", shim_purchasing_on_finalized},
    {"RequestRefunded", shim_purchasing_on_refunded},
    {"Disputed", shim_dispute_on_disputed},
    {"VerdictGiven", shim_dispute_on_verdict},
    {"Ruled", shim_dispute_on_ruled},
    {"EntryInvalid", shim_dispute_on_invalid},
    {"OpeningRequested", shim_opening_on_requested},
    {"GroupManagerApproved", shim_opening_on_gm_approved},
    {"RevocationManagerApproved", shim_opening_on_rm_approved},
};

static event_handler *find_event_handler(const char *name)
{
    for (size_t i = 0; i < sizeof event_handlers / sizeof *event_handlers; i++)
        if (strcmp(event_handlers[i].event, name) == 0)
            return event_handlers[i].handle;
    return NULL;
}

static void free_pointer(void *pointer)
{
    free(*(void **)pointer);
}

enum galen_err workflow_event_apply(struct workflow *wf, const struct workflow_event *seen,
                                    struct galen_errinfo *info)
{
    const struct chain_abi_event *event = chain_log_find_event(&datahub_abi, seen->log);
    event_handler *handle = event != NULL ? find_event_handler(event->name) : NULL;
    if (handle == NULL)
        return GALEN_OK;
    GALEN_CLEANUP(free_pointer) void *args = calloc(1, event->c_size);
    if (args == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    CHAIN_MEM_AUTO mem = {0};
    GALEN_TRY(chain_log_decode(args, &mem, event, seen->log, info));
    return handle(wf, seen, args, info);
}

static enum galen_err handle_log(struct workflow *wf, struct chain_rpc *rpc,
                                 const struct chain_log *log, struct chain_block *block,
                                 struct galen_errinfo *info)
{
    const struct chain_abi_event *event = chain_log_find_event(&datahub_abi, log);
    if (event == NULL || find_event_handler(event->name) == NULL)
        return GALEN_OK;
    if (block->number != log->block_number || block->time_s == 0)
        GALEN_TRY(chain_rpc_block(rpc, block, log->block_number, info));
    const struct workflow_event seen = {.log = log, .time_s = block->time_s};
    enum galen_err err = workflow_event_apply(wf, &seen, info);
    if (err == GALEN_OK || is_fatal(err))
        return err;
    /* Anyone can make the contract emit things about anyone: it must not stop the rest. */
    base_log(BASE_LOG_INFO, "event %s in block %llu left aside: %s", event->name,
             (unsigned long long)log->block_number, galen_err_name(err));
    return GALEN_OK;
}

static enum galen_err get_setting(struct workflow *wf, const char *name, int64_t *out,
                                  struct galen_errinfo *info)
{
    return db_get_int(wf->db, out, 0, info,
                      "SELECT CAST(value AS INTEGER) FROM setting"
                      " WHERE name = ?",
                      DB_TEXT(name));
}

static enum galen_err set_setting(struct workflow *wf, const char *name, int64_t value,
                                  struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO setting VALUES (?, CAST(? AS TEXT))"
                  " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                  DB_TEXT(name), DB_INT(value));
}

static enum galen_err get_last_hash(struct workflow *wf, uint8_t hash32[32], bool *found,
                                    struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(
        db_query(&rows, wf->db, info, "SELECT value FROM setting WHERE name = 'sync.last_hash'"));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? base_hex_decode(hash32, 32, db_text(&rows, 0), "block hash", info) : GALEN_OK;
}

/* Both or neither, or the hash would be taken for another block's. */
static enum galen_err set_position(struct workflow *wf, int64_t next, const uint8_t hash32[32],
                                   struct galen_errinfo *info)
{
    char hex[65];
    DB_TRANSACTION_AUTO tx = {0};
    base_hex_encode(hex, hash32, 32);
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(set_setting(wf, "sync.next_block", next, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO setting VALUES ('sync.last_hash', ?)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                     DB_TEXT(hex)));
    return db_commit(&tx, info);
}

/* What is told by an event's place alone is not overwritten when the event is elsewhere now. */
static enum galen_err rewind_to(struct workflow *wf, int64_t next, struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM manager_term WHERE block >= ?", DB_INT(next)));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM revocation_list WHERE block >= ?", DB_INT(next)));
    GALEN_TRY(set_setting(wf, "sync.next_block", next, info));
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM setting WHERE name = 'sync.last_hash'"));
    return db_commit(&tx, info);
}

/* Where to go on reading: the next block, or some before it after a reorganisation. */
static enum galen_err find_position(struct workflow *wf, struct chain_rpc *rpc, int64_t *next,
                                    struct galen_errinfo *info)
{
    uint8_t hash[32];
    bool found = false;
    struct chain_block block = {0};
    GALEN_TRY(get_setting(wf, "sync.next_block", next, info));
    GALEN_TRY(get_last_hash(wf, hash, &found, info));
    if (!found || *next == 0)
        return GALEN_OK;
    enum galen_err err = chain_rpc_block(rpc, &block, (uint64_t)*next - 1, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    if (err == GALEN_ERR_NOT_FOUND || memcmp(block.hash, hash, 32) != 0) {
        base_log(BASE_LOG_INFO, "the chain was reorganised: reading %d blocks again", REORG_BLOCKS);
        *next = *next > REORG_BLOCKS ? *next - REORG_BLOCKS : 0;
        GALEN_TRY(dispute_on_reorganised(wf, *next, info));
        return rewind_to(wf, *next, info);
    }
    return GALEN_OK;
}

static enum galen_err read_events(struct workflow *wf, struct json_object *summary,
                                  struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    uint64_t head = 0;
    int64_t next = 0;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block_number(rpc, &head, info));
    GALEN_TRY(find_position(wf, rpc, &next, info));
    uint64_t range = RANGE_BLOCKS;
    int64_t events = 0;
    while ((uint64_t)next <= head) {
        uint64_t last = head - (uint64_t)next < range ? head : (uint64_t)next + range - 1;
        const struct chain_log_filter filter = {
            .contract = wf->domain.contract, .from_block = (uint64_t)next, .to_block = last};
        CHAIN_LOGS_AUTO logs = {0};
        struct chain_block end = {0};
        GALEN_TRY(chain_rpc_block(rpc, &end, last, info));
        enum galen_err err = chain_rpc_logs(rpc, &logs, &filter, info);
        if (err == GALEN_ERR_LIMIT && range > 1) {
            range /= 2;
            continue;
        }
        GALEN_TRY(err);
        struct chain_block block = {0};
        for (size_t i = 0; i < logs.len; i++)
            GALEN_TRY(handle_log(wf, rpc, &logs.items[i], &block, info));
        events += (int64_t)logs.len;
        next = (int64_t)last + 1;
        GALEN_TRY(set_position(wf, next, end.hash, info));
    }
    GALEN_TRY(workflow_set_int(summary, "block", (int64_t)head, info));
    return workflow_set_int(summary, "events", events, info);
}

/* ---- messages --------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    message_handler *handle;
    bool by_group_signature; /* carries no wallet signature; all others must */
} message_handlers[] = {
    {MESSAGE_SETUP_SHARE, group_on_setup_share, false},
    {MESSAGE_JOIN_NONCE, group_on_join_nonce, false},
    {MESSAGE_JOIN_REQUEST, group_on_join_request, false},
    {MESSAGE_MEMBERSHIP, group_on_membership, false},
    {MESSAGE_REGISTRY, group_on_registry, false},
    {MESSAGE_COUNTERSIGNED, group_on_countersigned, false},
    {MESSAGE_OPENING, opening_on_request, false},
    {MESSAGE_OPENING_ANSWER, opening_on_answer, false},
    {MESSAGE_OPENING_RESULT, opening_on_result, false},
    {MESSAGE_OPENING_REPORT, opening_on_report, false},
    {MESSAGE_REVEAL, opening_on_reveal, false},
    {MESSAGE_REVEAL_ANSWER, opening_on_reveal_answer, false},
    {MESSAGE_REVOCATION, revocation_on_proposal, false},
    {MESSAGE_HAND_OVER, storing_on_hand_over, true},
    {MESSAGE_INDEX_CARD, storing_on_index_card, true},
    {MESSAGE_SHARE, sharing_on_share, false},
    {MESSAGE_CONSENT_WANTED, purchasing_on_consent_wanted, false},
    {MESSAGE_CONSENT_GIVEN, purchasing_on_consent_given, false},
    {MESSAGE_MANIFEST, purchasing_on_manifest, false},
    {MESSAGE_DISPUTE_EVIDENCE, dispute_on_evidence, false},
};

static enum galen_err handle_message(struct workflow *wf, const struct message *message,
                                     struct galen_errinfo *info)
{
    bool has_sender = !chain_address_is_zero(&message->sender);
    for (size_t i = 0; i < sizeof message_handlers / sizeof *message_handlers; i++) {
        if (strcmp(message_handlers[i].kind, message->kind) != 0)
            continue;
        if (has_sender == message_handlers[i].by_group_signature)
            return base_fail(info, GALEN_ERR_CHECK, "a %s message %s a wallet signature",
                             message->kind, has_sender ? "must not carry" : "needs");
        return message_handlers[i].handle(wf, message, info);
    }
    return base_fail(info, GALEN_ERR_UNSUPPORTED, "unknown kind of message");
}

struct incoming {
    uint8_t digest32[32];
    struct chain_address recipient;
    struct base_buf sealed;
};
static void incoming_clear(struct incoming *incoming)
{
    base_buf_clear(&incoming->sealed);
}

/* The oldest new message after the first `skip`; those are waiting for something. */
static enum galen_err next_message(struct workflow *wf, struct incoming *out, int64_t skip,
                                   bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT digest, recipient, sealed FROM inbox WHERE state = 'new'"
                       " ORDER BY received_at, rowid LIMIT 1 OFFSET ?",
                       DB_INT(skip)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    struct base_view sealed = db_blob(&rows, 2);
    out->sealed.len = 0;
    GALEN_TRY(db_bytes(&rows, 0, out->digest32, 32, info));
    GALEN_TRY(db_bytes(&rows, 1, out->recipient.bytes, 20, info));
    return base_buf_append(&out->sealed, sealed.data, sealed.len);
}

/* What is done or refused needs no sealed bytes any more; its digest stays, against replays. */
static enum galen_err close_message(struct workflow *wf, const uint8_t digest32[32],
                                    const char *state, const char *kind, const char *reason,
                                    struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE inbox SET state = ?, kind = ?, reason = ?, sealed = x''"
                  " WHERE digest = ?",
                  DB_TEXT(state), DB_TEXT(kind), DB_TEXT(reason), DB_BLOB(digest32, 32));
}

static enum galen_err read_messages(struct workflow *wf, struct json_object *summary,
                                    struct galen_errinfo *info)
{
    int64_t done = 0;
    int64_t refused = 0;
    int64_t waiting = 0;
    GALEN_CLEANUP(incoming_clear) struct incoming incoming = {0};
    while (wf->keys != NULL) {
        bool found = false;
        GALEN_TRY(next_message(wf, &incoming, waiting, &found, info));
        if (!found)
            break;
        MESSAGE_AUTO message = {0};
        struct galen_errinfo why = {0};
        enum galen_err err =
            message_open(wf, &message, &incoming.recipient,
                         (struct base_view){incoming.sealed.data, incoming.sealed.len}, &why);
        if (err == GALEN_OK)
            err = handle_message(wf, &message, &why);
        if (err == GALEN_ERR_STATE) {
            waiting++;
            continue;
        }
        if (is_fatal(err)) {
            if (info != NULL)
                *info = why;
            return err;
        }
        GALEN_TRY(close_message(wf, incoming.digest32, err == GALEN_OK ? "done" : "refused",
                                message.kind, err == GALEN_OK ? NULL : why.what, info));
        *(err == GALEN_OK ? &done : &refused) += 1;
    }
    GALEN_TRY(workflow_set_int(summary, "messages", done, info));
    GALEN_TRY(workflow_set_int(summary, "refused", refused, info));
    return workflow_set_int(summary, "waiting", waiting, info);
}

/* ---- both -------------------------------------------------------------------------------------------- */

enum galen_err workflow_sync(struct workflow *wf, struct json_object **result,
                             struct galen_errinfo *info)
{
    int64_t last_notification = 0;
    RECORD_JSON_AUTO summary = NULL;
    RECORD_JSON_AUTO news = NULL;
    RECORD_JSON_AUTO blocks = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(db_get_int(wf->db, &last_notification, 0, info,
                         "SELECT coalesce(max(id), 0) FROM notification"));
    GALEN_TRY(workflow_object(&summary, info));
    GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(read_events(wf, summary, info));
    GALEN_TRY(opening_retry_waiting(wf, info));
    GALEN_TRY(read_messages(wf, summary, info));
    GALEN_TRY(storing_retry_waiting(wf, info));
    GALEN_TRY(dispute_retry_evidence(wf, info));
    if (!wf->dry_run) {
        GALEN_TRY(workflow_store_sync(wf, false, &blocks, info));
        GALEN_TRY(workflow_set_object(summary, "blocks", &blocks, info));
    }
    GALEN_TRY(workflow_notifications(wf, NULL, last_notification, NULL, &news, info));
    GALEN_TRY(workflow_set_object(summary, "notifications", &news, info));
    workflow_give(result, &summary);
    return GALEN_OK;
}
