/*
 * Storing, step 5, on the doctor's side: what leaves the doctor's home, from the row that step 4
 * wrote, so that an interruption loses nothing. The messages carry no wallet signature: the group
 * signature in them is their proof.
 *
 *   record-hand-over  to the patient and the hospital: {type galen.hand-over/1, owner, idrec, cid,
 *                     sig, keyVersion, envelope (the block's text; left out when it is too large
 * for a message, and then fetched by its CID)} index-card        to the record's own hospital:
 * {type galen.index-card/1, card, sig, keyVersion}
 */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#include <string.h>

#define ENVELOPE_IN_MESSAGE_MAX (640 * 1024) /* of 1 MiB, base64 and the rest taken off */

/* ---- the row's unsent part ---------------------------------------------------------------------- */

struct unsent {
    struct json_object *whole; /* owned; card is borrowed from it */
    struct json_object *card;
    struct chain_address hospital;
    uint8_t card_sig[GROUPSIG_SIGNATURE_BYTES];
    bool from_wallet;
};
static void unsent_clear(struct unsent *unsent)
{
    record_json_put(&unsent->whole);
}

/* whole stays NULL when nothing is left to send. */
static enum galen_err read_unsent(struct workflow *wf, struct unsent *out, int64_t id,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT unsent FROM record WHERE id = ? AND side = 'doctor'", DB_INT(id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such record in this home");
    if (db_is_null(&rows, 0))
        return GALEN_OK;
    RECORD_JSON_AUTO whole = NULL;
    struct json_object *card = NULL;
    GALEN_TRY(workflow_home_open(wf, &whole, db_blob(&rows, 0), info));
    GALEN_TRY(record_json_check_type(whole, UNSENT_TYPE, info));
    GALEN_TRY(workflow_get_address(&out->hospital, whole, "hospital", "unsent", info));
    GALEN_TRY(record_json_get_object(&card, whole, "card", RECORD_JSON_REQUIRED, "unsent", info));
    GALEN_TRY(record_json_get_hex(out->card_sig, sizeof out->card_sig, whole, "cardSig",
                                  RECORD_JSON_REQUIRED, "unsent", info));
    GALEN_TRY(record_json_get_bool(&out->from_wallet, whole, "fromWallet", RECORD_JSON_REQUIRED,
                                   "unsent", info));
    out->card = card;
    out->whole = whole;
    whole = NULL;
    return GALEN_OK;
}

/* ---- messages ----------------------------------------------------------------------------------- */

static enum galen_err hand_over_body(struct json_object **out, const struct storing_row *row,
                                     const struct base_buf *envelope, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", HAND_OVER_TYPE, info));
    GALEN_TRY(workflow_set_address(body, "owner", &row->owner, info));
    GALEN_TRY(record_json_set_hex(body, "idrec", row->root, 32, info));
    GALEN_TRY(workflow_set_cid(body, "cid", row->cid, info));
    GALEN_TRY(record_json_set_hex(body, "sig", row->sig, sizeof row->sig, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", row->key_version, info));
    if (envelope->len <= ENVELOPE_IN_MESSAGE_MAX)
        GALEN_TRY(workflow_set_text(body, "envelope", (const char *)envelope->data, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

static enum galen_err send_card(struct workflow *wf, const struct storing_row *row,
                                const struct unsent *unsent, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO card = NULL;
    uint8_t id32[32];
    GALEN_TRY(record_json_copy(&card, unsent->card, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", INDEX_MESSAGE_TYPE, info));
    GALEN_TRY(workflow_set_object(body, "card", &card, info));
    GALEN_TRY(record_json_set_hex(body, "sig", unsent->card_sig, sizeof unsent->card_sig, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", row->key_version, info));
    store_digest(id32, unsent->card_sig, sizeof unsent->card_sig);
    return message_send_unsigned(wf, &row->holder, &unsent->hospital, MESSAGE_INDEX_CARD, id32,
                                 body, info);
}

enum galen_err storing_send_from_wallet(struct workflow *wf, const struct storing_row *row,
                                        struct json_object **tx, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_store_data_for(&data, row->cid, row->root,
                                            (struct base_view){row->sig, sizeof row->sig},
                                            &row->owner, row->key_version, info));
    const struct workflow_call call = {.from = &row->holder,
                                       .data = &data,
                                       .role = "doctor",
                                       .flow = "storing",
                                       .operation = "storeDataFor",
                                       .request_id = -1};
    bool sent = false;
    return workflow_transact(wf, &call, &sent, NULL, tx, info);
}

enum galen_err storing_send_row(struct workflow *wf, int64_t id, struct json_object **tx,
                                struct galen_errinfo *info)
{
    struct storing_row row;
    GALEN_CLEANUP(unsent_clear) struct unsent unsent = {0};
    BASE_BUF_AUTO envelope = {0};
    RECORD_JSON_AUTO body = NULL;
    uint8_t id32[32];
    GALEN_TRY(storing_get_row(wf, &row, id, info));
    GALEN_TRY(read_unsent(wf, &unsent, id, info));
    if (unsent.whole == NULL)
        return GALEN_OK;
    GALEN_TRY(store_get(&envelope, wf->store, row.cid, info));
    GALEN_TRY(hand_over_body(&body, &row, &envelope, info));
    store_digest(id32, row.sig, sizeof row.sig);
    GALEN_TRY(
        message_send_unsigned(wf, &row.holder, &row.owner, MESSAGE_HAND_OVER, id32, body, info));
    GALEN_TRY(send_card(wf, &row, &unsent, info));
    if (unsent.from_wallet) {
        int64_t anchored_at = 0;
        GALEN_TRY(workflow_transact_resume(wf, info));
        GALEN_TRY(storing_find_anchor(wf, &anchored_at, row.root, &row.owner, row.cid, row.sig,
                                      row.key_version, info));
        if (anchored_at == 0)
            GALEN_TRY(storing_send_from_wallet(wf, &row, tx, info));
    } else {
        GALEN_TRY(message_send_unsigned(wf, &row.holder, &unsent.hospital, MESSAGE_HAND_OVER, id32,
                                        body, info));
    }
    return db_run(wf->db, info,
                  "UPDATE record SET unsent = NULL,"
                  " state = CASE state WHEN 'made' THEN 'handed-over' ELSE state END WHERE id = ?",
                  DB_INT(id));
}

enum galen_err storing_retry_unsent(struct workflow *wf, struct galen_errinfo *info)
{
    for (int64_t after = 0; wf->keys != NULL && !wf->dry_run;) {
        struct galen_errinfo why = {0};
        GALEN_TRY(db_get_int(wf->db, &after, 0, info,
                             "SELECT id FROM record WHERE unsent IS NOT NULL AND id > ?"
                             " ORDER BY id LIMIT 1",
                             DB_INT(after)));
        if (after == 0)
            return GALEN_OK;
        enum galen_err err = storing_send_row(wf, after, NULL, &why);
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        if (err != GALEN_OK) /* such as no money for gas: said, and tried again */
            GALEN_TRY(db_run(wf->db, info, "UPDATE record SET reason = ? WHERE id = ?",
                             DB_TEXT(why.what), DB_INT(after)));
    }
    return GALEN_OK;
}
