/* Whether the revocation list in force is past its nextUpdate: then doctors may have been revoked
 * whom nobody was told of. Looked at in every round, read once a version. */
#include "workflow/steps.h"
#include "workflow/verify.h"
#include "workflow/watch_internal.h"

#define RETRY_S 60 /* until a list that could not be had is asked for again */
#define KIND    "revocation-list-overdue"

/* Version and nextUpdate of the newest list that both managers signed and that can be had. known:
 * the newest that the chain names. */
static enum galen_err read_newest(struct workflow *wf, int64_t known, struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO block = {0};
    DB_TRANSACTION_AUTO tx = {0};
    struct galen_errinfo why = {0};
    uint64_t version = 0;
    uint8_t cid[32];
    int64_t tried = 0, tried_version = 0, now = base_time_s();
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_tried", &tried, 0, info));
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_tried_version", &tried_version, 0, info));
    if (tried_version == known && now - tried < RETRY_S)
        return GALEN_OK;
    enum galen_err err = revocation_list_newest(wf, &version, &block, cid, &why);
    if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM || err == GALEN_ERR_IO)
        return base_raise(info, err, &why);
    if (err != GALEN_OK)
        base_log(BASE_LOG_INFO, "revocation list version %lld: %s", (long long)known, why.what);
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(workflow_setting_set(wf, "sync.revocation_tried", now, info));
    GALEN_TRY(workflow_setting_set(wf, "sync.revocation_tried_version", known, info));
    if (err == GALEN_OK && block.json != NULL) {
        GALEN_TRY(
            workflow_setting_set(wf, "sync.revocation_version", (int64_t)block.version, info));
        GALEN_TRY(workflow_setting_set(wf, "sync.revocation_next_update", block.next_update, info));
    }
    return db_commit(&tx, info);
}

static enum galen_err tell_everyone(struct workflow *wf, int64_t version,
                                    struct galen_errinfo *info)
{
    char subject[24];
    snprintf(subject, sizeof subject, "%lld", (long long)version);
    for (;;) {
        struct chain_address who;
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT address FROM identity WHERE NOT EXISTS (SELECT 1 FROM"
                               " notification WHERE identity = address AND kind = '" KIND
                               "' AND subject = ?) LIMIT 1",
                               DB_TEXT(subject)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            GALEN_TRY(db_bytes(&rows, 0, who.bytes, 20, info));
        }
        GALEN_TRY(workflow_notify(wf, &who, KIND, subject, info));
    }
}

enum galen_err revocation_watch(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t newest = 0, read = 0, next_update = 0;
    GALEN_TRY(db_get_int(wf->db, &newest, 0, info,
                         "SELECT coalesce(max(version), 0) FROM revocation_list"));
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_version", &read, 0, info));
    if (newest != read && newest != 0)
        GALEN_TRY(read_newest(wf, newest, info));
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_version", &read, 0, info));
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_next_update", &next_update, 0, info));
    if (newest == 0 || read == 0 || next_update >= base_time_s())
        return GALEN_OK;
    return tell_everyone(wf, read, info);
}

enum galen_err revocation_watch_status(struct workflow *wf, struct json_object *status,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    int64_t version = 0, next_update = 0;
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_version", &version, 0, info));
    GALEN_TRY(workflow_setting_get(wf, "sync.revocation_next_update", &next_update, 0, info));
    if (version == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&list, info));
    GALEN_TRY(workflow_set_int(list, "version", version, info));
    GALEN_TRY(workflow_set_time(list, "nextUpdate", next_update, info));
    GALEN_TRY(workflow_set_bool(list, "overdue", next_update < base_time_s(), info));
    return workflow_set_object(status, "revocationList", &list, info);
}
