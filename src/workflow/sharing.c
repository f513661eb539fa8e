/*
 * Sharing, the patient's side: grant, list, revoke; and how a share reaches the doctor's list.
 *
 * The shared object is a block of its own under a fresh key K_temp:
 *     {context {type, owner, reader, root [, expires]}, cid, owner, sig, keyVersion,
 *      record + seed, or disclosure}
 * never releases: they are for selling. EK_temp is K_temp wrapped to the doctor with the context
 * {type, owner, reader, cid}, so that it opens this block, for this reader, and nothing else.
 */
#include "workflow/sharing_internal.h"

#include <string.h>

#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#define MESSAGE_TYPE "galen.share-notice/1"

enum galen_err sharing_key_context(struct base_buf *out, const struct chain_address *owner,
                                   const struct chain_address *reader, const uint8_t cid32[32],
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO context = NULL;
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_text(context, "type", SHARING_TYPE, info));
    GALEN_TRY(workflow_set_address(context, "owner", owner, info));
    GALEN_TRY(workflow_set_address(context, "reader", reader, info));
    GALEN_TRY(workflow_set_cid(context, "cid", cid32, info));
    return record_json_jcs(out, context, info);
}

/* ---- grant ------------------------------------------------------------------------------------- */

static enum galen_err need_shareable(struct workflow *wf, const struct storing_opened *record,
                                     struct galen_errinfo *info)
{
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, &record->owner, info));
    if (!own)
        return base_fail(info, GALEN_ERR_STATE, "only the patient can share a record");
    if (strcmp(record->state, "anchored") == 0)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_STATE, "the record is not on the chain yet (it is '%s')",
              record->state);
    (void)base_hint(info, "run 'galen sync' after the hospital has relayed it");
    return GALEN_ERR_STATE;
}

/* The record whole with its seed, or the chosen fields with their proof. */
static enum galen_err add_content(struct json_object *plaintext,
                                  const struct storing_opened *record,
                                  const struct sharing_options *options, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO content = NULL;
    if (options->paths == NULL) {
        GALEN_TRY(record_json_copy(&content, record->record, info));
        GALEN_TRY(record_json_set_hex(plaintext, "seed", record->seed, RECORD_SEED_BYTES, info));
        return workflow_set_object(plaintext, "record", &content, info);
    }
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    GALEN_TRY(record_tree_new(&tree, record->record, record->seed, info));
    GALEN_TRY(record_disclosure_make(&disclosure, tree, options->paths, options->n_paths, info));
    GALEN_TRY(record_disclosure_encode(&content, &disclosure, info));
    return workflow_set_object(plaintext, "disclosure", &content, info);
}

static enum galen_err make_plaintext(struct base_buf *out, const struct storing_opened *record,
                                     const struct chain_address *doctor,
                                     const struct sharing_options *options,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO plaintext = NULL;
    RECORD_JSON_AUTO context = NULL;
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_text(context, "type", SHARING_TYPE, info));
    GALEN_TRY(workflow_set_address(context, "owner", &record->owner, info));
    GALEN_TRY(workflow_set_address(context, "reader", doctor, info));
    GALEN_TRY(record_json_set_hex(context, "root", record->idrec, 32, info));
    if (options->expires_at != 0)
        GALEN_TRY(workflow_set_time(context, "expires", options->expires_at, info));
    GALEN_TRY(workflow_object(&plaintext, info));
    GALEN_TRY(workflow_set_object(plaintext, "context", &context, info));
    GALEN_TRY(workflow_set_cid(plaintext, "cid", record->cid, info));
    GALEN_TRY(workflow_set_address(plaintext, "owner", &record->owner, info));
    GALEN_TRY(record_json_set_hex(plaintext, "sig", record->sig, sizeof record->sig, info));
    GALEN_TRY(workflow_set_int(plaintext, "keyVersion", record->key_version, info));
    GALEN_TRY(add_content(plaintext, record, options, info));
    return record_json_jcs(out, plaintext, info);
}

/* What goes to the doctor. */
struct share {
    struct base_buf block;
    struct base_buf wrapped_key;
    uint8_t cid[32];
};
static void share_clear(struct share *share)
{
    base_buf_clear(&share->block);
    base_buf_clear(&share->wrapped_key);
}

/* Steps 2 and 3, in memory. */
static enum galen_err make_share(struct share *share, const struct storing_opened *record,
                                 const struct workflow_contact *doctor,
                                 const struct sharing_options *options, struct galen_errinfo *info)
{
    BASE_BUF_AUTO plaintext = {0};
    BASE_BUF_AUTO context = {0};
    BASE_SECRET_AUTO key = {0};
    GALEN_TRY(make_plaintext(&plaintext, record, &doctor->address, options, info));
    GALEN_TRY(base_secret_alloc(&key, SEAL_KEY_BYTES));
    base_random(key.data, key.len);
    GALEN_TRY(seal_object(&share->block, key.data,
                          (struct base_view){plaintext.data, plaintext.len}, info));
    store_digest(share->cid, share->block.data, share->block.len);
    GALEN_TRY(sharing_key_context(&context, &record->owner, &doctor->address, share->cid, info));
    return seal_wrap_key(&share->wrapped_key, &doctor->encryption, key.data,
                         (const char *)context.data, info);
}

static enum galen_err forget_share(struct workflow *wf, const struct share *share,
                                   struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM share WHERE direction = 'out' AND cid = ?",
                     DB_BLOB(share->cid, 32)));
    enum galen_err err = store_remove(wf->store, share->cid, info);
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : err;
}

static enum galen_err remember_share(struct workflow *wf, const struct share *share,
                                     const struct storing_opened *record,
                                     const struct chain_address *doctor, int64_t expires_at,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO share (direction, patient, doctor, cid, wrapped_key, record_root,"
                     " expires_at, state, created_at) VALUES ('out', ?, ?, ?, ?, ?, ?, 'open', ?)",
                     DB_BLOB(record->owner.bytes, 20), DB_BLOB(doctor->bytes, 20),
                     DB_BLOB(share->cid, 32), DB_TEXT((const char *)share->wrapped_key.data),
                     DB_BLOB(record->idrec, 32), expires_at != 0 ? DB_INT(expires_at) : DB_NULL,
                     DB_INT(base_time_s())));
    return store_put(NULL, wf->store, share->block.data, share->block.len, info);
}

/* Step 4 by the doctor's inbox. */
static enum galen_err send_share(struct workflow *wf, const struct share *share,
                                 const struct chain_address *owner,
                                 const struct chain_address *doctor, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", MESSAGE_TYPE, info));
    GALEN_TRY(workflow_set_cid(body, "cidShare", share->cid, info));
    GALEN_TRY(workflow_set_text(body, "wrappedKey", (const char *)share->wrapped_key.data, info));
    return message_send(wf, owner, doctor, MESSAGE_SHARE, share->cid, body, info);
}

/* Step 4 by the contract. */
static enum galen_err post_share(struct workflow *wf, const struct share *share,
                                 const struct chain_address *owner,
                                 const struct chain_address *doctor, struct json_object **tx,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_post_share(
        &data, doctor, share->cid,
        (struct base_view){share->wrapped_key.data, share->wrapped_key.len}, info));
    const struct workflow_call call = {
        .from = owner,
        .data = &data,
        .role = "patient",
        .flow = "sharing",
        .operation = "postShare",
        .request_id = -1,
    };
    bool sent = false;
    return workflow_transact(wf, &call, &sent, NULL, tx, info);
}

/* The row and the block stand before anything leaves. A share that the chain refused for good is
 * taken back; one whose transaction may still arrive is kept. */
static enum galen_err deliver_share(struct workflow *wf, const struct share *share,
                                    const struct storing_opened *record,
                                    const struct chain_address *doctor,
                                    const struct sharing_options *options, struct json_object **tx,
                                    struct galen_errinfo *info)
{
    if (wf->dry_run) {
        if (options->on_chain)
            return post_share(wf, share, &record->owner, doctor, tx, info);
        bool dry = false;
        return steps_dry_run(wf, &dry, tx, info);
    }
    if (!options->on_chain) {
        /* Both or neither: a share that is listed is on its way. */
        DB_TRANSACTION_AUTO both = {0};
        GALEN_TRY(db_begin(&both, wf->db, info));
        GALEN_TRY(remember_share(wf, share, record, doctor, options->expires_at, info));
        GALEN_TRY(send_share(wf, share, &record->owner, doctor, info));
        return db_commit(&both, info);
    }
    GALEN_TRY(remember_share(wf, share, record, doctor, options->expires_at, info));
    enum galen_err err = post_share(wf, share, &record->owner, doctor, tx, info);
    if (err == GALEN_ERR_FUNDS || err == GALEN_ERR_REVERTED)
        GALEN_TRY(forget_share(wf, share, NULL));
    return err;
}

/* A share is sealed anew each time, so that a wallet could not be asked for the same one again. */
static enum galen_err need_wallet_for(struct workflow *wf, const struct chain_address *owner,
                                      const struct sharing_options *options,
                                      struct galen_errinfo *info)
{
    bool is_browser = false;
    GALEN_TRY(workflow_is_browser(wf, &is_browser, owner, info));
    if (!is_browser)
        return GALEN_OK;
    if (options->on_chain)
        return STEPS_FAIL(info, GALEN_ERR_UNSUPPORTED, "share it by the doctor's inbox",
                          "a browser wallet cannot post a share on-chain");
    return wf->dry_run ? GALEN_OK : workflow_can_send(wf, owner, info);
}

enum galen_err sharing_grant(struct workflow *wf, const char *reference,
                             const struct chain_address *doctor,
                             const struct sharing_options *options, struct json_object **result,
                             struct galen_errinfo *info)
{
    static const struct sharing_options whole = {0};
    if (options == NULL)
        options = &whole;
    if (options->expires_at != 0 && options->expires_at <= base_time_s())
        return base_fail(info, GALEN_ERR_USAGE, "the share would have expired already");
    STORING_OPENED_AUTO record = {0};
    struct workflow_contact contact;
    GALEN_TRY(storing_open_record(wf, reference, &record, info));
    GALEN_TRY(need_shareable(wf, &record, info));
    GALEN_TRY(need_wallet_for(wf, &record.owner, options, info));
    GALEN_TRY(workflow_contact_get(wf, &contact, doctor, info));

    GALEN_CLEANUP(share_clear) struct share share = {0};
    RECORD_JSON_AUTO tx = NULL;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(make_share(&share, &record, &contact, options, info));
    GALEN_TRY(deliver_share(wf, &share, &record, doctor, options, &tx, info));

    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_cid(made, "cidShare", share.cid, info));
    GALEN_TRY(workflow_set_text(made, "wrappedKey", (const char *)share.wrapped_key.data, info));
    GALEN_TRY(record_json_set_hex(made, "merkleRoot", record.idrec, 32, info));
    GALEN_TRY(workflow_set_address(made, "doctor", doctor, info));
    if (options->expires_at != 0)
        GALEN_TRY(workflow_set_time(made, "expires", options->expires_at, info));
    if (tx != NULL)
        GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- list, revoke -------------------------------------------------------------------------------- */

static enum galen_err share_row(struct json_object **out, const struct db_rows *rows,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct chain_address address = {0};
    uint8_t hash[32];
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "direction", db_text(rows, 0), info));
    GALEN_TRY(db_bytes(rows, 1, address.bytes, 20, info));
    GALEN_TRY(workflow_set_address(row, "patient", &address, info));
    GALEN_TRY(db_bytes(rows, 2, address.bytes, 20, info));
    GALEN_TRY(workflow_set_address(row, "doctor", &address, info));
    GALEN_TRY(db_bytes(rows, 3, hash, 32, info));
    GALEN_TRY(workflow_set_cid(row, "cidShare", hash, info));
    if (!db_is_null(rows, 4)) {
        GALEN_TRY(db_bytes(rows, 4, hash, 32, info));
        GALEN_TRY(record_json_set_hex(row, "merkleRoot", hash, 32, info));
    }
    bool expired = !db_is_null(rows, 5) && db_int(rows, 5) <= base_time_s();
    bool open = strcmp(db_text(rows, 6), "open") == 0;
    if (!db_is_null(rows, 5))
        GALEN_TRY(workflow_set_time(row, "expires", db_int(rows, 5), info));
    GALEN_TRY(
        workflow_set_text(row, "state", open && expired ? "expired" : db_text(rows, 6), info));
    GALEN_TRY(workflow_set_time(row, "created", db_int(rows, 7), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err sharing_list(struct workflow *wf, const struct workflow_page *page,
                            struct json_object **result, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT direction, patient, doctor, cid, record_root, expires_at, state,"
                       " created_at FROM share ORDER BY id DESC LIMIT ? OFFSET ?",
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, share_row, info);
}

enum galen_err sharing_revoke(struct workflow *wf, const char *cid_share,
                              struct json_object **result, struct galen_errinfo *info)
{
    uint8_t cid[32];
    int64_t mine = 0;
    GALEN_TRY(store_cid_parse(cid, cid_share, info));
    GALEN_TRY(db_get_int(wf->db, &mine, 0, info,
                         "SELECT count(*) FROM share WHERE direction = 'out' AND cid = ?1"
                         " AND (?2 IS NULL OR patient = ?2)",
                         DB_BLOB(cid, 32), DB_BLOB(wf->has_actor ? wf->actor.bytes : NULL, 20)));
    if (mine == 0) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "this home has granted no share %s", cid_share);
        (void)base_hint(info, "'galen share list' shows those it has granted");
        return GALEN_ERR_NOT_FOUND;
    }
    bool dry = false;
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    /* The row first: run again after a crash, this deletes what is left. */
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE share SET state = 'revoked' WHERE direction = 'out' AND cid = ?",
                     DB_BLOB(cid, 32)));
    enum galen_err err = store_remove(wf->store, cid, info);
    if (err != GALEN_ERR_NOT_FOUND)
        GALEN_TRY(err);
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_cid(made, "cidShare", cid, info));
    GALEN_TRY(workflow_set_text(made, "state", "revoked", info));
    GALEN_TRY(workflow_set_bool(made, "deleted", err == GALEN_OK, info));
    GALEN_TRY(workflow_set_text(made, "note",
                                "The shared object is deleted here. What the doctor has read, or "
                                "copied before, cannot be recalled.",
                                info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- shares that come in -------------------------------------------------------------------------- */

static enum galen_err note_share(struct workflow *wf, const struct chain_address *patient,
                                 const struct chain_address *doctor, const uint8_t cid32[32],
                                 const char *wrapped_key, struct galen_errinfo *info)
{
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO share (direction, patient, doctor, cid, wrapped_key, state,"
                     " created_at) VALUES ('in', ?, ?, ?, ?, 'open', ?) ON CONFLICT DO NOTHING",
                     DB_BLOB(patient->bytes, 20), DB_BLOB(doctor->bytes, 20), DB_BLOB(cid32, 32),
                     DB_TEXT(wrapped_key), DB_INT(base_time_s())));
    char cid_text[STORE_CID_TEXT];
    store_cid_encode(cid_text, cid32);
    return workflow_notify(wf, doctor, "share-received", cid_text, info);
}

enum galen_err sharing_on_share(struct workflow *wf, const struct message *message,
                                struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "cidShare", "wrappedKey", NULL};
    const char *cid_text = NULL;
    const char *wrapped_key = NULL;
    uint8_t cid[32];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "share", info));
    GALEN_TRY(record_json_check_type(message->body, MESSAGE_TYPE, info));
    GALEN_TRY(record_json_get_text(&cid_text, message->body, "cidShare", RECORD_JSON_REQUIRED,
                                   STORE_CID_TEXT, "share", info));
    GALEN_TRY(store_cid_parse(cid, cid_text, info));
    GALEN_TRY(record_json_get_text(&wrapped_key, message->body, "wrappedKey", RECORD_JSON_REQUIRED,
                                   SEAL_WRAPPED_MAX, "share", info));
    return note_share(wf, &message->sender, &message->recipient, cid, wrapped_key, info);
}

enum galen_err sharing_on_share_posted(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_share_posted_event *args,
                                       struct galen_errinfo *info)
{
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, &args->doctor, info));
    if (!own)
        return GALEN_OK;
    /* Anyone may post anything: what cannot be a wrapped key is no share. */
    const struct base_view key = args->encrypted_key;
    if (key.len == 0 || key.len > SEAL_WRAPPED_MAX)
        return GALEN_OK;
    for (size_t i = 0; i < key.len; i++)
        if (key.data[i] < 0x21 || key.data[i] > 0x7e)
            return GALEN_OK;
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(base_buf_append(&text, key.data, key.len));
    return note_share(wf, &args->patient, &args->doctor, args->cid_share, (const char *)text.data,
                      info);
}
