/*
 * The contract's events, each given to the handler of its workflow. Most of them concern nobody
 * here, which their topics tell: those cost a look at an index. A handler notes what the event says
 * and no more: it asks nobody, and what takes work or other people's blocks waits for the round's
 * retries. It may see an event again.
 */
#include "workflow/steps.h"
#include "workflow/watch_internal.h"

#include <stdlib.h>
#include <string.h>

typedef enum galen_err handle_event(struct workflow *wf, const struct workflow_event *event,
                                    const void *args, struct galen_errinfo *info);
/* Whether the event can change anything here. */
typedef enum galen_err concerns_event(struct workflow *wf, bool *concerns,
                                      const struct chain_log *log, struct galen_errinfo *info);

struct watch_handler {
    const char *event;
    handle_event *handle;
    concerns_event *concerns; /* NULL: always */
    bool needs_time;
};

static enum galen_err on_profile_set(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_profile_set_event *args,
                                     struct galen_errinfo *info)
{
    return workflow_profile_seen(wf, event, &args->owner, args->profile_cid, args->nonce, info);
}

/* ---- whom it concerns ------------------------------------------------------------------------- */

static enum galen_err topic_is_own(struct workflow *wf, bool *own, const struct chain_log *log,
                                   size_t topic, struct galen_errinfo *info)
{
    struct chain_address address;
    *own = false;
    if (log->n_topics <= topic)
        return GALEN_OK;
    memcpy(address.bytes, log->topics[topic] + 12, sizeof address.bytes);
    return workflow_is_own(wf, own, NULL, &address, info);
}

/* DataStored(root, …, owner): a patient's of this home, or a record that it made or relays. */
static enum galen_err record_concerns(struct workflow *wf, bool *concerns,
                                      const struct chain_log *log, struct galen_errinfo *info)
{
    int64_t known = 0;
    GALEN_TRY(topic_is_own(wf, concerns, log, 2, info));
    if (*concerns || log->n_topics < 2)
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &known, 0, info, "SELECT 1 FROM record WHERE merkle_root = ?",
                         DB_BLOB(log->topics[1], 32)));
    *concerns = known != 0;
    return GALEN_OK;
}

/* SharePosted(patient, doctor, …): to a doctor of this home. */
static enum galen_err share_concerns(struct workflow *wf, bool *concerns,
                                     const struct chain_log *log, struct galen_errinfo *info)
{
    return topic_is_own(wf, concerns, log, 2, info);
}

/* ---- handlers ----------------------------------------------------------------------------------- */

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
EVENT_SHIM(group_on_hospital_set, datahub_hospital_set_event)
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

static const struct watch_handler handlers[] = {
    {"DataStored", shim_storing_on_data_stored, record_concerns, true},
    {"SharePosted", shim_sharing_on_share_posted, share_concerns, false},
    {"ProfileSet", shim_on_profile_set, NULL, false},
    {"GroupKeyProposed", shim_group_on_key_proposed, NULL, false},
    {"GroupKeyConfirmed", shim_group_on_key_confirmed, NULL, false},
    {"GroupKeyRetired", shim_group_on_key_retired, NULL, true},
    {"GroupManagerChanged", shim_group_on_gm_changed, NULL, false},
    {"RevocationManagerChanged", shim_group_on_rm_changed, NULL, false},
    {"HospitalSet", shim_group_on_hospital_set, NULL, true},
    {"MembersCommitted", shim_group_on_members_committed, NULL, false},
    {"RevocationListSet", shim_revocation_on_list_set, NULL, true},
    {"RequestOpen", shim_purchasing_on_request_open, NULL, true},
    {"ReplySubmitted", shim_purchasing_on_reply, NULL, false},
    {"EntryDelivered", shim_purchasing_on_entry, NULL, false},
    {"Delivered", shim_purchasing_on_delivered, NULL, true},
    {"RequestFinalized", shim_purchasing_on_finalized, NULL, false},
    {"RequestRefunded", shim_purchasing_on_refunded, NULL, false},
    {"Disputed", shim_dispute_on_disputed, NULL, false},
    {"VerdictGiven", shim_dispute_on_verdict, NULL, false},
    {"Ruled", shim_dispute_on_ruled, NULL, false},
    {"EntryInvalid", shim_dispute_on_invalid, NULL, false},
    {"OpeningRequested", shim_opening_on_requested, NULL, false},
    {"GroupManagerApproved", shim_opening_on_gm_approved, NULL, false},
    {"RevocationManagerApproved", shim_opening_on_rm_approved, NULL, false},
};

static const struct watch_handler *find_handler(const char *name)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (strcmp(handlers[i].event, name) == 0)
            return &handlers[i];
    return NULL;
}

enum galen_err watch_item_make(struct workflow *wf, struct watch_item *item, bool *concerns,
                               const struct chain_log *log, struct galen_errinfo *info)
{
    const struct chain_abi_event *event = chain_log_find_event(&datahub_abi, log);
    const struct watch_handler *handler = event != NULL ? find_handler(event->name) : NULL;
    *concerns = handler != NULL;
    if (handler == NULL)
        return GALEN_OK;
    *item = (struct watch_item){log, event, handler, log->time_s};
    return handler->concerns != NULL ? handler->concerns(wf, concerns, log, info) : GALEN_OK;
}

bool watch_item_needs_time(const struct watch_item *item)
{
    return item->handler->needs_time && item->time_s == 0;
}

/* ---- applying ----------------------------------------------------------------------------------- */

static void free_pointer(void *pointer)
{
    free(*(void **)pointer);
}

static enum galen_err apply(struct workflow *wf, const struct watch_item *item,
                            struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_pointer) void *args = calloc(1, item->event->c_size);
    if (args == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    CHAIN_MEM_AUTO mem = {0};
    DB_TRANSACTION_AUTO tx = {0}; /* all that the event says, or nothing of it */
    const struct workflow_event event = {.log = item->log, .time_s = item->time_s};
    GALEN_TRY(chain_log_decode(args, &mem, item->event, item->log, info));
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(item->handler->handle(wf, &event, args, info));
    return db_commit(&tx, info);
}

enum galen_err watch_item_apply(struct workflow *wf, const struct watch_item *item,
                                struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    enum galen_err err = apply(wf, item, &why);
    if (err == GALEN_OK)
        return GALEN_OK;
    if (steps_is_fatal(err))
        return base_raise(info, err, &why);
    base_log(BASE_LOG_INFO, "event %s in block %llu left aside: %s", item->event->name,
             (unsigned long long)item->log->block_number, galen_err_name(err));
    return GALEN_OK;
}

enum galen_err workflow_take_receipt(struct workflow *wf, const struct chain_receipt *receipt,
                                     struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct chain_block block = {0};
    WATCH_FACTS_AUTO facts = {0};
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block(rpc, &block, receipt->block_number, info));
    GALEN_TRY(watch_facts_begin(&facts, wf, WATCH_FACTS_AHEAD, receipt->block_number, info));
    for (size_t i = 0; i < receipt->logs.len; i++) {
        struct watch_item item;
        bool concerns = false;
        if (!chain_address_equal(&receipt->logs.items[i].address, &wf->domain.contract))
            continue;
        GALEN_TRY(watch_item_make(wf, &item, &concerns, &receipt->logs.items[i], info));
        item.time_s = block.time_s;
        if (concerns)
            GALEN_TRY(watch_item_apply(wf, &item, info));
    }
    return watch_facts_commit(&facts, info);
}
