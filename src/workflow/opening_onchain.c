/*
 * Openings that a buyer asked for on-chain, of an entry that both managers ruled Fraud. The events
 * (opening_events.c) say who asked and who agreed; what has to be done follows from them and the
 * log, and is tried at every sync until it is done.
 *
 * A manager that agrees puts a block into the store and names it on-chain: a JWE to the other
 * manager, typ galen.opening-share/1, of {context {type, requestId, entry, id}, share}. Neither
 * opens the other's before both have agreed on-chain. Then each computes C and looks it up as in
 * any opening (opening.c), and both report to the requester (opening_report.c).
 */
#include "workflow/opening_internal.h"
#include "workflow/purchasing_internal.h"

#include <string.h>

#define SHARE_TYPE "galen.opening-share/1"
#define SHARE_MAX  8192 /* bytes of the sealed block */

/* ---- shares as blocks -------------------------------------------------------------------------------- */

static enum galen_err share_context(struct base_buf *text, struct json_object **json,
                                    const struct opening_onchain *asked, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO context = NULL;
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_text(context, "type", SHARE_TYPE, info));
    GALEN_TRY(workflow_set_int(context, "requestId", (int64_t)asked->request_id, info));
    GALEN_TRY(workflow_set_int(context, "entry", (int64_t)asked->position, info));
    GALEN_TRY(record_json_set_hex(context, "id", asked->id, 32, info));
    if (text != NULL)
        GALEN_TRY(record_json_jcs(text, context, info));
    workflow_give(json, &context);
    return GALEN_OK;
}

/* The holder's own share, sealed to the other manager. */
static enum galen_err seal_share(struct workflow *wf, struct base_buf *sealed,
                                 const struct opening *opening, const struct opening_onchain *asked,
                                 const struct chain_address *other, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO context = NULL;
    BASE_BUF_AUTO text = {0};
    struct workflow_contact contact;
    const uint8_t *share = opening->is_gm ? opening->gm_share : opening->rm_share;
    GALEN_TRY(workflow_contact_get(wf, &contact, other, info));
    GALEN_TRY(share_context(NULL, &context, asked, info));
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_object(json, "context", &context, info));
    GALEN_TRY(record_json_set_hex(json, "share", share, GROUPSIG_OPENING_SHARE_BYTES, info));
    GALEN_TRY(record_json_jcs(&text, json, info));
    return seal_message(sealed, SHARE_TYPE, &contact.encryption, steps_view(&text), info);
}

/* The other manager's share out of its block, checked against this very signature. */
static enum galen_err open_share(struct workflow *wf, struct opening *opening,
                                 const struct opening_onchain *asked, struct galen_errinfo *info)
{
    static const char *const keys[] = {"context", "share", NULL};
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO context = {0};
    BASE_SECRET_AUTO jwk = {0};
    RECORD_JSON_AUTO json = NULL;
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    struct groupsig_opening_share checked;
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    bool from_gm = !opening->is_gm;
    GALEN_TRY(
        workflow_block_of_managers(wf, &sealed, from_gm ? asked->gm_cid : asked->rm_cid, info));
    if (sealed.len > SHARE_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "its block is too large for a share");
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &opening->holder, info));
    GALEN_TRY(share_context(&context, NULL, asked, info));
    GALEN_TRY(seal_open_message(&text, steps_view(&sealed), SHARE_TYPE, &jwk,
                                (const char *)context.data, info));
    GALEN_TRY(record_json_parse(&json, (const char *)text.data, text.len, SHARE_MAX, info));
    GALEN_TRY(record_json_check_keys(json, keys, NULL, "share", info));
    GALEN_TRY(record_json_get_hex(share, sizeof share, json, "share", RECORD_JSON_REQUIRED, "share",
                                  info));
    GALEN_TRY(opening_verify(wf, opening, &key, &verified, info));
    GALEN_TRY(opening_check_share(key, &checked, from_gm ? GROUPSIG_ROLE_GM : GROUPSIG_ROLE_RM,
                                  share, &verified, info));
    memcpy(from_gm ? opening->gm_share : opening->rm_share, share, sizeof share);
    *(from_gm ? &opening->has_gm_share : &opening->has_rm_share) = true;
    return opening_update(wf, opening, NULL, "", info);
}

/* ---- what there is to do ----------------------------------------------------------------------------- */

/* Whoever answers for a share that cannot be used must be told; it may be mended by mail. */
static enum galen_err note_share(struct workflow *wf, struct opening *opening,
                                 const struct galen_errinfo *why, struct galen_errinfo *info)
{
    char text[sizeof opening->outcome];
    const char *who = opening->is_gm ? "Revocation" : "Group";
    snprintf(text, sizeof text, "the %s Manager's share on the chain cannot be used: %.150s", who,
             why->what);
    if (strcmp(text, opening->outcome) == 0)
        return GALEN_OK;
    GALEN_TRY(opening_update(wf, opening, NULL, text, info));
    return opening_notify(wf, opening, "opening-share-unusable", info);
}

/* To the requester, once; at the next sync when its keys are not known here. */
static enum galen_err report(struct workflow *wf, const struct opening *opening,
                             const struct opening_onchain *asked, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    enum galen_err err = opening_report_send(wf, opening, asked, &why);
    if (err == GALEN_ERR_NOT_FOUND)
        return opening_notify(wf, opening, "opening-requester-unknown", info);
    if (err != GALEN_OK)
        return base_raise(info, err, &why);
    return db_run(wf->db, info,
                  opening->is_gm ? "UPDATE opening_onchain SET gm_reported = 1 WHERE request_id = ?"
                                   " AND position = ?"
                                 : "UPDATE opening_onchain SET rm_reported = 1 WHERE request_id = ?"
                                   " AND position = ?",
                  DB_INT(asked->request_id), DB_INT(asked->position));
}

/* One manager's part: the other's share, the result, the report. */
static enum galen_err advance(struct workflow *wf, struct opening *opening,
                              const struct opening_onchain *asked, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    bool has_own = opening->is_gm ? opening->has_gm_share : opening->has_rm_share;
    bool reported = opening->is_gm ? asked->gm_reported : asked->rm_reported;
    if (!has_own || !asked->has_gm_cid || !asked->has_rm_cid || reported)
        return GALEN_OK;
    if (!opening->has_gm_share || !opening->has_rm_share) {
        enum galen_err err = open_share(wf, opening, asked, &why);
        if (err != GALEN_OK && !steps_is_fatal(err))
            return note_share(wf, opening, &why, info);
        if (err != GALEN_OK)
            return base_raise(info, err, &why);
    }
    if (!opening->has_commitment) {
        GALEN_TRY(opening_combine(wf, opening, info));
        GALEN_TRY(opening_conclude(wf, opening, info));
        GALEN_TRY(opening_notify(wf, opening, "opening-result", info));
    }
    return report(wf, opening, asked, info);
}

/* The same; what does not stop this home is told in the log, and tried again. */
static enum galen_err try_advance(struct workflow *wf, struct opening *opening,
                                  const struct opening_onchain *asked, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    enum galen_err err = advance(wf, opening, asked, &why);
    if (err == GALEN_OK || steps_is_fatal(err)) {
        if (err != GALEN_OK && info != NULL)
            *info = why;
        return err;
    }
    char text[sizeof opening->outcome];
    snprintf(text, sizeof text, "%.250s", why.what);
    return opening_update(wf, opening, NULL, text, info);
}

/* Puts it into the holder's log, once. */
static enum galen_err take_up(struct workflow *wf, struct opening *opening, bool *is_there,
                              const struct chain_address *holder,
                              const struct opening_onchain *asked,
                              const struct purchasing_entry *entry, struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    struct galen_errinfo why = {0};
    GALEN_TRY(opening_read(wf, is_there, opening, holder, asked->id, info));
    if (*is_there)
        return GALEN_OK;
    struct opening made = {.holder = *holder,
                           .key_version = entry->key_version,
                           .state = "asked",
                           .asked_at = base_time_s()};
    memcpy(made.id, asked->id, 32);
    memcpy(made.sig362, entry->sig, sizeof made.sig362);
    snprintf(made.reason, sizeof made.reason, "request %llu, entry %llu: ruled fraud",
             (unsigned long long)asked->request_id, (unsigned long long)asked->position);
    GALEN_TRY(record_release_msg32(made.msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                                   entry->release_root, entry->release_addr.bytes, info));
    enum galen_err err = opening_verify(wf, &made, &key, &verified, &why);
    if (err == GALEN_ERR_CHECK) {
        snprintf(made.state, sizeof made.state, "refused");
        snprintf(made.outcome, sizeof made.outcome, "%.200s", why.what);
    } else if (err != GALEN_OK) {
        return base_raise(info, err, &why);
    }
    GALEN_TRY(opening_insert(wf, &made, info));
    GALEN_TRY(opening_read(wf, is_there, opening, holder, asked->id, info));
    return opening_notify(wf, opening,
                          opening->is_gm || opening->is_rm ? "opening" : "opening-asked", info);
}

static enum galen_err find_entry(struct workflow *wf, struct purchasing_entry *entry,
                                 struct opening_onchain *asked, struct galen_errinfo *info)
{
    bool found = false;
    uint8_t hash[32];
    GALEN_TRY(purchasing_load_entry(wf, &found, entry, asked->request_id, asked->position, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the entry to open is not known here");
    chain_keccak256(hash, entry->sig, sizeof entry->sig);
    if (memcmp(hash, asked->signature_hash, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the entry to open has another signature");
    store_digest(asked->id, entry->sig, sizeof entry->sig);
    asked->has_id = true;
    return db_run(wf->db, info,
                  "UPDATE opening_onchain SET opening_id = ? WHERE request_id = ? AND position = ?",
                  DB_BLOB(asked->id, 32), DB_INT(asked->request_id), DB_INT(asked->position));
}

/* Everybody of this home whom it concerns: managers in office, and who asked. */
static enum galen_err work_on(struct workflow *wf, struct opening_onchain *asked,
                              struct galen_errinfo *info)
{
    struct chain_address holders[3] = {0};
    struct purchasing_entry entry;
    GALEN_TRY(workflow_managers(wf, &holders[0], &holders[1], info));
    holders[2] = asked->requester;
    GALEN_TRY(find_entry(wf, &entry, asked, info));
    for (size_t i = 0; i < 3; i++) {
        struct opening opening;
        bool own = false;
        bool is_there = false;
        GALEN_TRY(workflow_is_own(wf, &own, NULL, &holders[i], info));
        if (!own)
            continue;
        GALEN_TRY(take_up(wf, &opening, &is_there, &holders[i], asked, &entry, info));
        if (is_there && (opening.is_gm || opening.is_rm))
            GALEN_TRY(try_advance(wf, &opening, asked, info));
    }
    return GALEN_OK;
}

enum galen_err opening_retry_waiting(struct workflow *wf, struct galen_errinfo *info)
{
    struct opening_onchain asked = {0};
    while (wf->keys != NULL && !wf->dry_run) {
        struct galen_errinfo why = {0};
        bool found = false;
        GALEN_TRY(opening_onchain_next(wf, &found, &asked, info));
        if (!found)
            return GALEN_OK;
        enum galen_err err = work_on(wf, &asked, &why);
        if (err == GALEN_OK)
            continue;
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        base_log(BASE_LOG_INFO, "opening of entry %llu of request %llu waits: %s",
                 (unsigned long long)asked.position, (unsigned long long)asked.request_id,
                 why.what);
    }
    return GALEN_OK;
}

/* ---- a manager agrees --------------------------------------------------------------------------------- */

static enum galen_err approve_call(struct workflow *wf, const struct opening *opening,
                                   const struct opening_onchain *asked,
                                   const struct chain_address *other, struct json_object *made,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO data = {0};
    const struct chain_u256 id = opening_onchain_id(asked->request_id, asked->position);
    CHAIN_RECEIPT_AUTO receipt = {0};
    uint8_t cid[32];
    bool sent = false;
    const char *operation = opening->is_gm ? "approveOpeningGroupManager"
                                           : "approveOpeningRevocationManager";
    GALEN_TRY(workflow_asked_call(wf, &data, &opening->holder, operation,
                                  (int64_t)asked->request_id, info));
    /* What a wallet was asked for stays: a share is sealed otherwise each time. */
    if (data.len < 4 + 32 || memcmp(data.data + 4, id.be, 32) != 0) {
        base_buf_clear(&data);
        GALEN_TRY(seal_share(wf, &sealed, opening, asked, other, info));
        store_digest(cid, sealed.data, sealed.len);
        if (!wf->dry_run)
            GALEN_TRY(workflow_publish(wf, cid, "opening-share", 0, sealed.data, sealed.len, info));
        if (opening->is_gm)
            GALEN_TRY(datahub_encode_approve_opening_group_manager(&data, id, cid, info));
        else
            GALEN_TRY(datahub_encode_approve_opening_revocation_manager(&data, id, cid, info));
    }
    const struct workflow_call call = {
        .from = &opening->holder,
        .data = &data,
        .role = opening->is_gm ? "gm" : "rm",
        .flow = "group",
        .operation = operation,
        .request_id = (int64_t)asked->request_id,
    };
    GALEN_TRY(steps_transact(wf, &call, &sent, &receipt, made, info));
    return sent ? workflow_take_receipt(wf, &receipt, info) : GALEN_OK;
}

/* One request for this opening: the call, and what follows from it. *again: it was made before. */
static enum galen_err approve_one(struct workflow *wf, struct opening *opening,
                                  struct opening_onchain *asked, const struct chain_address *other,
                                  bool *again, struct json_object *made, struct galen_errinfo *info)
{
    struct datahub_opening_info status;
    bool found = false;
    GALEN_TRY(opening_onchain_status(wf, &status, asked->request_id, asked->position, info));
    *again = opening->is_gm ? status.group_manager_approved : status.revocation_manager_approved;
    if (!*again)
        GALEN_TRY(approve_call(wf, opening, asked, other, made, info));
    if (wf->dry_run)
        return GALEN_OK;
    GALEN_TRY(opening_onchain_read(wf, &found, asked, asked->request_id, asked->position, info));
    if (!found)
        return GALEN_OK;
    if (*again && opening->has_commitment) { /* the registry may have grown; the result once more */
        GALEN_TRY(opening_conclude(wf, opening, info));
        asked->gm_reported = asked->rm_reported = false;
    }
    return try_advance(wf, opening, asked, info);
}

static enum galen_err decline(struct workflow *wf, struct opening *opening, bool has_own,
                              struct json_object **result, struct galen_errinfo *info)
{
    if (has_own)
        return base_fail(info, GALEN_ERR_STATE, "this opening was agreed to already");
    if (!wf->dry_run)
        GALEN_TRY(opening_update(wf, opening, "declined",
                                 opening->is_gm ? "the Group Manager declined"
                                                : "the Revocation Manager declined",
                                 info));
    return opening_result(wf, result, opening, info);
}

enum galen_err opening_approve_onchain(struct workflow *wf, struct opening *opening,
                                       const struct chain_address *other, bool agree,
                                       struct json_object **result, struct galen_errinfo *info)
{
    struct opening_onchain asked;
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO calls = NULL;
    struct json_object *tx = NULL;
    bool found = false, again = false;
    bool has_own = opening->is_gm ? opening->has_gm_share : opening->has_rm_share;
    if (!agree)
        return decline(wf, opening, has_own, result, info);
    if (strcmp(opening->state, "refused") == 0)
        return base_fail(info, GALEN_ERR_CHECK, "%s", opening->outcome);
    GALEN_TRY(workflow_object(&calls, info));
    for (int64_t at = 0;; at++) {
        GALEN_TRY(opening_onchain_of(wf, &found, &asked, opening->id, at, info));
        if (!found)
            break;
        GALEN_TRY(opening_onchain_check(wf, &asked, opening, info));
        if (!has_own) { /* before a transaction leaves, so that a crash loses nothing */
            GALEN_TRY(opening_make_share(wf, opening, info));
            if (!wf->dry_run)
                GALEN_TRY(opening_update(wf, opening, "asked", "", info));
            has_own = true;
        }
        GALEN_TRY(approve_one(wf, opening, &asked, other, &again, calls, info));
    }
    /* Done before, and asked for again: the other has not got what the chain names. */
    if (again && !wf->dry_run)
        GALEN_TRY(opening_mail_share(wf, opening, other, info));
    GALEN_TRY(opening_result(wf, &made, opening, info));
    if (json_object_object_get_ex(calls, "tx", &tx)) {
        struct json_object *copy = NULL;
        GALEN_TRY(record_json_copy(&copy, tx, info));
        GALEN_TRY(record_json_set(made, "tx", copy, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}
