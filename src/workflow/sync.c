/*
 * One round of what happens by itself: transactions that wait, the contract's new events (watch.c),
 * what waited for them, the messages that came in (sync_messages.c), what waited for those, and
 * blocks that others are to have.
 */
#include "workflow/complaint.h"
#include "workflow/internal.h"

static enum galen_err run_round(struct workflow *wf, struct json_object **result,
                                struct galen_errinfo *info)
{
    int64_t last_notification = 0;
    RECORD_JSON_AUTO summary = NULL;
    RECORD_JSON_AUTO news = NULL;
    RECORD_JSON_AUTO blocks = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_newest_notification(wf, &last_notification, info));
    GALEN_TRY(workflow_object(&summary, info));
    GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(workflow_watch(wf, summary, info));
    /* Messages build on what the events brought. */
    GALEN_TRY(storing_retry_waiting(wf, info));
    GALEN_TRY(opening_retry_waiting(wf, info));
    GALEN_TRY(sync_read_messages(wf, summary, info));
    GALEN_TRY(storing_retry_waiting(wf, info));
    GALEN_TRY(purchasing_apply_policies(wf, info));
    GALEN_TRY(topup_retry(wf, info));
    GALEN_TRY(dispute_retry_evidence(wf, info));
    GALEN_TRY(dispute_vote(wf, info));
    GALEN_TRY(revocation_watch(wf, info));
    GALEN_TRY(complaint_forget_keys(wf, info));
    GALEN_TRY(purchasing_retry_manifests(wf, info));
    GALEN_TRY(purchasing_send_keys(wf, info));
    if (!wf->dry_run && !wf->is_store_later) {
        GALEN_TRY(workflow_store_sync(wf, false, &blocks, info));
        GALEN_TRY(workflow_set_object(summary, "blocks", &blocks, info));
    }
    GALEN_TRY(workflow_notifications(wf, NULL, last_notification, NULL, &news, info));
    GALEN_TRY(workflow_set_object(summary, "notifications", &news, info));
    workflow_give(result, &summary);
    return GALEN_OK;
}

enum galen_err workflow_sync(struct workflow *wf, struct json_object **result,
                             struct galen_errinfo *info)
{
    /* Steps synchronise when they miss something, and rounds take steps up again. A handle that
     * only reads one identity's rows leaves it to the node's other ones. */
    if (wf->is_syncing || wf->is_narrow)
        return GALEN_OK;
    wf->is_syncing = true;
    enum galen_err err = run_round(wf, result, info);
    wf->is_syncing = false;
    return err;
}
