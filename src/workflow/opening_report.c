/*
 * The result of an opening that was asked for on-chain, to who asked. Either manager sends it; what
 * it says is checked by the requester alone, against the chain: nobody has to be believed.
 *
 *   opening-report  GM or RM → requester  {type galen.opening-report/1, requestId, entry, gmShare,
 *                                          rmShare, evidence?: {salt, row, registry}}
 *
 * registry: group_proof.c. Without evidence the registry on the chain has no such member: the Group
 * Manager's fault. The other manager may know better, so evidence that holds outdoes that.
 */
#include "workflow/opening_internal.h"

#include <string.h>

#define REPORT_TYPE "galen.opening-report/1"

/* ---- a manager sends it ------------------------------------------------------------------------------ */

/* The row of an opened member, with its way to the registry on the chain; else nothing. */
static enum galen_err add_evidence(struct workflow *wf, struct json_object *body,
                                   const struct opening *opening, struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    RECORD_JSON_AUTO evidence = NULL;
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO proof = NULL;
    uint8_t salt[32], row32[32];
    bool found = false;
    if (strcmp(opening->state, "opened") != 0)
        return GALEN_OK;
    GALEN_TRY(opening_member(wf, &found, &member, salt, opening, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(group_member_encode(&row, &member, info));
    GALEN_TRY(group_row_hash(row32, salt, row, info));
    GALEN_TRY(group_prove_row(wf, &proof, &opening->holder, opening->is_gm, opening->key_version,
                              row32, info));
    if (proof == NULL)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&evidence, info));
    GALEN_TRY(record_json_set_hex(evidence, "salt", salt, 32, info));
    GALEN_TRY(workflow_set_object(evidence, "row", &row, info));
    GALEN_TRY(workflow_set_object(evidence, "registry", &proof, info));
    return workflow_set_object(body, "evidence", &evidence, info);
}

enum galen_err opening_report_send(struct workflow *wf, const struct opening *opening,
                                   const struct opening_onchain *asked, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id32[32];
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", REPORT_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)asked->request_id, info));
    GALEN_TRY(workflow_set_int(body, "entry", (int64_t)asked->position, info));
    GALEN_TRY(
        record_json_set_hex(body, "gmShare", opening->gm_share, sizeof opening->gm_share, info));
    GALEN_TRY(
        record_json_set_hex(body, "rmShare", opening->rm_share, sizeof opening->rm_share, info));
    GALEN_TRY(add_evidence(wf, body, opening, info));
    /* By its content: a report that waits must not stand for one that says more. */
    GALEN_TRY(record_json_hash(id32, body, info));
    return message_send(wf, &opening->holder, &asked->requester, MESSAGE_OPENING_REPORT, id32, body,
                        info);
}

/* ---- the requester checks it --------------------------------------------------------------------------- */

/* Sealed: it names somebody. */
static enum galen_err keep_evidence(struct workflow *wf, const struct opening *opening,
                                    struct json_object *salt, struct json_object *row,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    struct json_object *copy = NULL;
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(record_json_copy(&copy, salt, info));
    GALEN_TRY(record_json_set(kept, "salt", copy, info));
    GALEN_TRY(record_json_copy(&copy, row, info));
    GALEN_TRY(record_json_set(kept, "row", copy, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    return db_run(wf->db, info, "UPDATE opening SET evidence = ? WHERE holder = ? AND id = ?",
                  DB_BLOB(sealed.data, sealed.len), DB_BLOB(opening->holder.bytes, 20),
                  DB_BLOB(opening->id, 32));
}

enum galen_err opening_evidence(struct workflow *wf, struct json_object **out,
                                const struct opening *opening, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    *out = NULL;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT evidence FROM opening WHERE holder = ? AND id = ?"
                       " AND evidence IS NOT NULL",
                       DB_BLOB(opening->holder.bytes, 20), DB_BLOB(opening->id, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    return found ? workflow_home_open(wf, out, db_blob(&rows, 0), info) : GALEN_OK;
}

/* The doctor's own evidence, and that both managers signed for it before. */
static enum galen_err check_evidence(struct workflow *wf, const struct opening *opening,
                                     struct json_object *evidence, struct galen_errinfo *info)
{
    static const char *const keys[] = {"salt", "row", "registry", NULL};
    static const char where[] = "evidence";
    struct json_object *row = NULL;
    struct json_object *proof = NULL;
    struct json_object *salt_text = NULL;
    uint8_t salt[32], row32[32];
    GALEN_TRY(record_json_check_keys(evidence, keys, NULL, where, info));
    GALEN_TRY(record_json_get_hex(salt, 32, evidence, "salt", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_object(&row, evidence, "row", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(
        record_json_get_object(&proof, evidence, "registry", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(opening_check_row(wf, opening, row, info));
    GALEN_TRY(group_row_hash(row32, salt, row, info));
    GALEN_TRY(group_check_row(wf, proof, opening->key_version, row32, info));
    json_object_object_get_ex(evidence, "salt", &salt_text);
    return keep_evidence(wf, opening, salt_text, row, info);
}

/* From a manager in office, to who asked for it on-chain, with both agreed there. */
static enum galen_err check_report(struct workflow *wf, struct opening *opening,
                                   const struct message *message, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "requestId", "entry", "gmShare", "rmShare", NULL};
    static const char *const optional[] = {"evidence", NULL};
    static const char where[] = "opening report";
    struct chain_address gm = {0}, rm = {0};
    struct opening_onchain asked;
    struct datahub_opening_info status;
    int64_t request_id = 0, position = 0;
    bool found = false;
    GALEN_TRY(record_json_check_keys(message->body, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(message->body, REPORT_TYPE, info));
    GALEN_TRY(record_json_get_int(&request_id, message->body, "requestId", RECORD_JSON_REQUIRED, 1,
                                  INT64_MAX, where, info));
    GALEN_TRY(record_json_get_int(&position, message->body, "entry", RECORD_JSON_REQUIRED, 0, 65535,
                                  where, info));
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(&message->sender, &gm) && !chain_address_equal(&message->sender, &rm))
        return base_fail(info, GALEN_ERR_CHECK, "%s: not from one of the contract's managers",
                         where);
    GALEN_TRY(opening_onchain_status(wf, &status, (uint64_t)request_id, (uint64_t)position, info));
    if (!status.group_manager_approved || !status.revocation_manager_approved)
        return base_fail(info, GALEN_ERR_CHECK, "%s: the managers have not both agreed on-chain",
                         where);
    GALEN_TRY(
        opening_onchain_read(wf, &found, &asked, (uint64_t)request_id, (uint64_t)position, info));
    if (found && !chain_address_equal(&asked.requester, &message->recipient))
        return base_fail(info, GALEN_ERR_CHECK, "%s: somebody else asked for it", where);
    if (found && asked.has_id)
        GALEN_TRY(opening_read(wf, &found, opening, &message->recipient, asked.id, info));
    if (!found || !asked.has_id)
        return base_fail(info, GALEN_ERR_STATE, "%s: its events have not come yet", where);
    return GALEN_OK;
}

enum galen_err opening_on_report(struct workflow *wf, const struct message *message,
                                 struct galen_errinfo *info)
{
    static const char where[] = "opening report";
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    struct opening opening;
    struct json_object *evidence = NULL;
    bool is_named = json_object_object_get_ex(message->body, "evidence", NULL);
    GALEN_TRY(check_report(wf, &opening, message, info));
    GALEN_TRY(record_json_get_hex(opening.gm_share, sizeof opening.gm_share, message->body,
                                  "gmShare", need, where, info));
    GALEN_TRY(record_json_get_hex(opening.rm_share, sizeof opening.rm_share, message->body,
                                  "rmShare", need, where, info));
    opening.has_gm_share = opening.has_rm_share = true;
    GALEN_TRY(opening_combine(wf, &opening, info));
    if (is_named) {
        GALEN_TRY(record_json_get_object(&evidence, message->body, "evidence", need, where, info));
        GALEN_TRY(check_evidence(wf, &opening, evidence, info));
        GALEN_TRY(opening_update(wf, &opening, "opened",
                                 "checked here: both shares, the doctor's signature, the registry "
                                 "on the chain",
                                 info));
    } else if (strcmp(opening.state, "opened") != 0) {
        GALEN_TRY(opening_update(wf, &opening, "fault",
                                 "the Group Manager is at fault: the managers find no such member "
                                 "in the registry on the chain",
                                 info));
    }
    return opening_notify(wf, &opening, "opening-result", info);
}
