/*
 * Messages between homes. A message is a JWE to its recipient, typ galen.message/1, of
 *     {type, recipient, kind, id, expiry, body [, sender, signature [, delegation]]}
 * where signature is the sender's EIP-712 InboxMessage{recipient, kind, id, expiry, SHA-256(JCS(
 * body))}. For a sender whose wallet is in a browser its home's NodeKey signs, and delegation {key,
 * expiry, signature} is the wallet's word for that key, which lasts at least as long as the
 * message. Hand-overs of records carry no sender: the group signature in them is their proof, so
 * that nobody gets evidence of who the doctor is.
 */
#include "workflow/internal.h"

#include <string.h>

#define MAIL_TYPE         "galen.mail/1"
#define MAIL_MAX_MESSAGES 100000
#define KIND_MAX_BYTES    64

static const struct chain_address nobody = {0};

/* What the sender signs, hashed. */
static enum galen_err message_digest(const struct workflow *wf, uint8_t digest32[32],
                                     const struct message *message, int64_t expiry,
                                     struct galen_errinfo *info)
{
    struct chain_inbox_message typed = {
        .recipient = message->recipient,
        .kind = {(const uint8_t *)message->kind, strlen(message->kind)},
        .expiry = (uint64_t)expiry,
    };
    memcpy(typed.id, message->id, 32);
    GALEN_TRY(record_json_hash(typed.body_hash, message->body, info));
    chain_digest_inbox_message(digest32, &wf->domain, &typed);
    return GALEN_OK;
}

static enum galen_err set_delegation(struct json_object *json,
                                     const struct workflow_delegation *delegation,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "key", &delegation->key, info));
    GALEN_TRY(workflow_set_int(made, "expiry", delegation->expiry, info));
    GALEN_TRY(record_json_set_hex(made, "signature", delegation->signature,
                                  sizeof delegation->signature, info));
    return workflow_set_object(json, "delegation", &made, info);
}

/* The message as it is sealed; key NULL: nobody signs it. */
static enum galen_err make_message(const struct workflow *wf, struct json_object **out,
                                   const struct message *message, const struct chain_key *key,
                                   const struct workflow_delegation *delegation,
                                   struct galen_errinfo *info)
{
    int64_t expiry = base_time_s() + (int64_t)WORKFLOW_MESSAGE_DAYS * 24 * 3600;
    RECORD_JSON_AUTO json = NULL;
    struct json_object *body = NULL;
    if (delegation != NULL && delegation->expiry < expiry)
        expiry = delegation->expiry;
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_text(json, "type", MESSAGE_TYP, info));
    GALEN_TRY(workflow_set_address(json, "recipient", &message->recipient, info));
    GALEN_TRY(workflow_set_text(json, "kind", message->kind, info));
    GALEN_TRY(record_json_set_hex(json, "id", message->id, 32, info));
    GALEN_TRY(workflow_set_int(json, "expiry", expiry, info));
    GALEN_TRY(record_json_copy(&body, message->body, info));
    GALEN_TRY(record_json_set(json, "body", body, info));
    if (key != NULL) {
        uint8_t digest32[32];
        uint8_t sig65[CHAIN_SIGNATURE_BYTES];
        GALEN_TRY(message_digest(wf, digest32, message, expiry, info));
        GALEN_TRY(chain_key_sign(key, digest32, sig65, info));
        GALEN_TRY(workflow_set_address(json, "sender", &message->sender, info));
        GALEN_TRY(record_json_set_hex(json, "signature", sig65, sizeof sig65, info));
    }
    if (delegation != NULL)
        GALEN_TRY(set_delegation(json, delegation, info));
    workflow_give(out, &json);
    return GALEN_OK;
}

enum galen_err message_sign(struct workflow *wf, struct json_object **out,
                            const struct chain_key *key, const struct chain_address *recipient,
                            const char *kind, const uint8_t id32[32], struct json_object *body,
                            struct galen_errinfo *info)
{
    struct message message = {
        .recipient = *recipient, .sender = key->address, .kind = kind, .body = body};
    memcpy(message.id, id32, 32);
    GALEN_TRY(workflow_need_contract(wf, info));
    return make_message(wf, out, &message, key, NULL, info);
}

/* Kept under recipient and bytes: what somebody brought for the wrong identity of this home must
 * not take the place of what comes for the right one. */
enum galen_err message_inbox_digest(uint8_t digest32[32], const struct chain_address *recipient,
                                    struct base_view sealed, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    if (base_buf_append(&bytes, recipient->bytes, 20) != GALEN_OK ||
        base_buf_append(&bytes, sealed.data, sealed.len) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(digest32, bytes.data, bytes.len);
    return GALEN_OK;
}

enum galen_err message_inbox_add(struct workflow *wf, const struct chain_address *recipient,
                                 struct base_view sealed, bool posted, struct galen_errinfo *info)
{
    uint8_t digest32[32];
    GALEN_TRY(message_inbox_digest(digest32, recipient, sealed, info));
    return db_run(wf->db, info,
                  "INSERT INTO inbox (digest, recipient, sealed, state, received_at, posted_bytes)"
                  " VALUES (?, ?, ?, 'new', ?, ?) ON CONFLICT DO NOTHING",
                  DB_BLOB(digest32, 32), DB_BLOB(recipient->bytes, 20),
                  DB_BLOB(sealed.data, sealed.len), DB_INT(base_time_s()),
                  posted ? DB_INT(sealed.len) : DB_NULL);
}

/* Is there a message like that in the outbox that waits? */
static enum galen_err is_waiting(struct workflow *wf, bool *waits,
                                 const struct chain_address *recipient, const char *kind,
                                 const uint8_t id32[32], struct galen_errinfo *info)
{
    int64_t waiting = 0;
    GALEN_TRY(db_get_int(wf->db, &waiting, 0, info,
                         "SELECT count(*) FROM outbox WHERE recipient = ? AND kind = ?"
                         " AND message_id = ? AND delivered_at IS NULL AND expired_at IS NULL",
                         DB_BLOB(recipient->bytes, 20), DB_TEXT(kind), DB_BLOB(id32, 32)));
    *waits = waiting > 0;
    return GALEN_OK;
}

/* Seals it to its recipient, into the outbox, or the inbox of an identity here. */
static enum galen_err put_out(struct workflow *wf, const struct chain_address *from,
                              const struct workflow_contact *contact, const char *kind,
                              const uint8_t id32[32], struct json_object *message,
                              struct galen_errinfo *info)
{
    const struct chain_address *recipient = &contact->address;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO sealed = {0};
    uint8_t digest32[32];
    GALEN_TRY(record_json_jcs(&text, message, info));
    GALEN_TRY(seal_message(&sealed, MESSAGE_TYP, &contact->encryption,
                           (struct base_view){text.data, text.len}, info));
    store_digest(digest32, sealed.data, sealed.len);

    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, recipient, info));
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    int64_t now = base_time_s();
    const struct base_view kept = own ? (struct base_view){(const uint8_t *)"", 0}
                                      : (struct base_view){sealed.data, sealed.len};
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT OR REPLACE INTO outbox (digest, recipient, kind, message_id, sealed,"
                     " created_at, delivered_at, sender) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     DB_BLOB(digest32, 32), DB_BLOB(recipient->bytes, 20), DB_TEXT(kind),
                     DB_BLOB(id32, 32), DB_BLOB(kept.data, kept.len), DB_INT(now),
                     own ? DB_INT(now) : DB_NULL, DB_BLOB(from->bytes, 20)));
    if (own)
        GALEN_TRY(message_inbox_add(wf, recipient, (struct base_view){sealed.data, sealed.len},
                                    false, info));
    return db_commit(&tx, info);
}

/* from: who of this home sends it; is_signed: with its wallet's signature, so that it says so. */
static enum galen_err send_message(struct workflow *wf, const struct chain_address *from,
                                   bool is_signed, const struct chain_address *recipient,
                                   const char *kind, const uint8_t id32[32],
                                   struct json_object *body, struct galen_errinfo *info)
{
    bool waits = false;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(is_waiting(wf, &waits, recipient, kind, id32, info));
    if (waits)
        return GALEN_OK;
    struct workflow_contact contact;
    GALEN_TRY(workflow_contact_get(wf, &contact, recipient, info));
    struct message message = {
        .recipient = *recipient,
        .sender = is_signed ? *from : nobody,
        .kind = kind,
        .body = body,
    };
    memcpy(message.id, id32, 32);
    CHAIN_KEY_AUTO key = {0};
    struct workflow_delegation delegation = {0};
    bool delegated = false;
    RECORD_JSON_AUTO json = NULL;
    if (is_signed)
        GALEN_TRY(workflow_message_key(wf, &key, &delegated, &delegation, from, info));
    GALEN_TRY(make_message(wf, &json, &message, is_signed ? &key : NULL,
                           delegated ? &delegation : NULL, info));
    return put_out(wf, from, &contact, kind, id32, json, info);
}

enum galen_err message_send(struct workflow *wf, const struct chain_address *sender,
                            const struct chain_address *recipient, const char *kind,
                            const uint8_t id32[32], struct json_object *body,
                            struct galen_errinfo *info)
{
    return send_message(wf, sender, true, recipient, kind, id32, body, info);
}

enum galen_err message_send_unsigned(struct workflow *wf, const struct chain_address *from,
                                     const struct chain_address *recipient, const char *kind,
                                     const uint8_t id32[32], struct json_object *body,
                                     struct galen_errinfo *info)
{
    return send_message(wf, from, false, recipient, kind, id32, body, info);
}

enum galen_err message_pass_on(struct workflow *wf, const struct chain_address *from,
                               const struct message *message, struct json_object *json,
                               struct galen_errinfo *info)
{
    struct workflow_contact contact;
    bool waits = false;
    GALEN_TRY(is_waiting(wf, &waits, &message->recipient, message->kind, message->id, info));
    if (waits)
        return GALEN_OK;
    GALEN_TRY(workflow_contact_get(wf, &contact, &message->recipient, info));
    return put_out(wf, from, &contact, message->kind, message->id, json, info);
}

/* ---- opening ------------------------------------------------------------------------------------ */

void message_clear(struct message *message)
{
    record_json_put(&message->whole);
}

/* Who signed the message: its sender, or the key that the sender's wallet allowed to. */
static enum galen_err parse_signer(struct workflow *wf, struct chain_address *signer,
                                   struct json_object *json, const struct chain_address *sender,
                                   int64_t message_expiry, struct galen_errinfo *info)
{
    static const char *const keys[] = {"key", "expiry", "signature", NULL};
    static const char where[] = "message/delegation";
    struct workflow_delegation delegation = {0};
    struct json_object *object = NULL;
    uint8_t digest32[32];
    bool valid = false;
    *signer = *sender;
    GALEN_TRY(
        record_json_get_object(&object, json, "delegation", RECORD_JSON_OPTIONAL, "message", info));
    if (object == NULL)
        return GALEN_OK;
    GALEN_TRY(record_json_check_keys(object, keys, NULL, where, info));
    GALEN_TRY(workflow_get_address(&delegation.key, object, "key", where, info));
    GALEN_TRY(record_json_get_int(&delegation.expiry, object, "expiry", RECORD_JSON_REQUIRED, 0,
                                  INT64_MAX, where, info));
    GALEN_TRY(record_json_get_hex(delegation.signature, sizeof delegation.signature, object,
                                  "signature", RECORD_JSON_REQUIRED, where, info));
    if (delegation.expiry < message_expiry)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the message lasts longer than its sender's word for the key that signed "
                         "it");
    workflow_delegation_digest(wf, digest32, &delegation);
    chain_verify(&valid, sender, digest32, delegation.signature);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the sender's wallet has not allowed the key that signed the message");
    *signer = delegation.key;
    return GALEN_OK;
}

static enum galen_err message_parse(struct workflow *wf, struct message *message,
                                    struct json_object *json, struct galen_errinfo *info)
{
    static const char *const required[] = {"type",   "recipient", "kind", "id",
                                           "expiry", "body",      NULL};
    static const char *const optional[] = {"sender", "signature", "delegation", NULL};
    struct message read = {.sealed = message->sealed};
    const char *kind = NULL;
    int64_t expiry = 0;
    struct json_object *body = NULL;
    GALEN_TRY(record_json_check_keys(json, required, optional, "message", info));
    GALEN_TRY(record_json_check_type(json, MESSAGE_TYP, info));
    GALEN_TRY(workflow_get_address(&read.recipient, json, "recipient", "message", info));
    if (!chain_address_equal(&read.recipient, &message->recipient))
        return base_fail(info, GALEN_ERR_CHECK, "the message is for another recipient");
    GALEN_TRY(record_json_get_text(&kind, json, "kind", RECORD_JSON_REQUIRED, KIND_MAX_BYTES,
                                   "message", info));
    GALEN_TRY(record_json_get_hex(read.id, 32, json, "id", RECORD_JSON_REQUIRED, "message", info));
    GALEN_TRY(record_json_get_int(&expiry, json, "expiry", RECORD_JSON_REQUIRED, 0, INT64_MAX,
                                  "message", info));
    if (expiry <= base_time_s())
        return base_fail(info, GALEN_ERR_CHECK, "the message has expired");
    /* What has to wait is tried at every sync until it expires: that must come. A day is for clocks
     * that differ. */
    if (expiry - base_time_s() > (int64_t)(WORKFLOW_MESSAGE_DAYS + 1) * 24 * 3600)
        return base_fail(info, GALEN_ERR_CHECK, "the message expires too late");
    GALEN_TRY(record_json_get_object(&body, json, "body", RECORD_JSON_REQUIRED, "message", info));
    read.kind = kind;
    read.body = body;
    if (json_object_object_get_ex(json, "sender", NULL)) {
        uint8_t sig65[CHAIN_SIGNATURE_BYTES];
        uint8_t digest32[32];
        struct chain_address signer;
        bool valid = false;
        GALEN_TRY(workflow_get_address(&read.sender, json, "sender", "message", info));
        GALEN_TRY(record_json_get_hex(sig65, sizeof sig65, json, "signature", RECORD_JSON_REQUIRED,
                                      "message", info));
        GALEN_TRY(message_digest(wf, digest32, &read, expiry, info));
        GALEN_TRY(parse_signer(wf, &signer, json, &read.sender, expiry, info));
        chain_verify(&valid, &signer, digest32, sig65);
        if (!valid || chain_address_is_zero(&read.sender))
            return base_fail(info, GALEN_ERR_CHECK, "the message's wallet signature is not valid");
    } else if (json_object_object_get_ex(json, "delegation", NULL)) {
        return base_fail(info, GALEN_ERR_PARSE, "message: a delegation without a sender");
    }
    *message = read;
    return GALEN_OK;
}

enum galen_err message_check(struct workflow *wf, struct message *message,
                             const struct chain_address *recipient, struct json_object *json,
                             struct galen_errinfo *info)
{
    struct message read = {.recipient = *recipient};
    GALEN_TRY(message_parse(wf, &read, json, info));
    *message = read;
    return GALEN_OK;
}

enum galen_err message_open(struct workflow *wf, struct message *message,
                            const struct chain_address *recipient, struct base_view sealed,
                            struct galen_errinfo *info)
{
    BASE_SECRET_AUTO jwk = {0};
    BASE_BUF_AUTO text = {0};
    RECORD_JSON_AUTO json = NULL;
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, recipient, info));
    GALEN_TRY(seal_open_message(&text, sealed, MESSAGE_TYP, &jwk, NULL, info));
    GALEN_TRY(record_json_parse(&json, (char *)text.data, text.len, SEAL_OBJECT_MAX, info));
    struct message read = {.recipient = *recipient, .sealed = sealed};
    GALEN_TRY(message_parse(wf, &read, json, info));
    read.whole = json;
    json = NULL;
    *message = read;
    return GALEN_OK;
}

/* ---- mail --------------------------------------------------------------------------------------- */

enum galen_err workflow_mail_export(struct workflow *wf, const struct chain_address *recipient,
                                    struct json_object **mail, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO messages = NULL;
    GALEN_TRY(workflow_array(&messages, info));
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(
        &rows, wf->db, info,
        "SELECT recipient, sealed FROM outbox WHERE delivered_at IS NULL"
        " AND expired_at IS NULL AND (?1 IS NULL OR recipient = ?1) ORDER BY created_at, rowid",
        DB_BLOB(recipient != NULL ? recipient->bytes : NULL, 20)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        struct chain_address to = {0};
        RECORD_JSON_AUTO row = NULL;
        struct base_view sealed = db_blob(&rows, 1);
        GALEN_TRY(db_bytes(&rows, 0, to.bytes, 20, info));
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_address(row, "recipient", &to, info));
        GALEN_TRY(record_json_set(
            row, "sealed", json_object_new_string_len((const char *)sealed.data, (int)sealed.len),
            info));
        GALEN_TRY(workflow_push(messages, &row, info));
    }
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_text(json, "type", MAIL_TYPE, info));
    GALEN_TRY(workflow_set_object(json, "messages", &messages, info));
    workflow_give(mail, &json);
    return GALEN_OK;
}

/* Calls each for every message of a mail object, in one database transaction. */
static enum galen_err
mail_each(struct workflow *wf, struct json_object *mail,
          enum galen_err (*each)(struct workflow *wf, const struct chain_address *recipient,
                                 const uint8_t digest32[32], struct base_view sealed,
                                 int64_t *count, struct galen_errinfo *info),
          int64_t *count, struct galen_errinfo *info)
{
    static const char *const mail_keys[] = {"type", "messages", NULL};
    static const char *const keys[] = {"recipient", "sealed", NULL};
    struct json_object *messages = NULL;
    GALEN_TRY(record_json_check_keys(mail, mail_keys, NULL, "mail", info));
    GALEN_TRY(record_json_check_type(mail, MAIL_TYPE, info));
    GALEN_TRY(record_json_get_array(&messages, mail, "messages", RECORD_JSON_REQUIRED, 0,
                                    MAIL_MAX_MESSAGES, "mail", info));
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    int64_t counted = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *row = json_object_array_get_idx(messages, i);
        struct chain_address recipient;
        const char *text = NULL;
        char where[48];
        uint8_t digest32[32];
        snprintf(where, sizeof where, "mail/messages/%zu", i);
        GALEN_TRY(record_json_check_keys(row, keys, NULL, where, info));
        GALEN_TRY(workflow_get_address(&recipient, row, "recipient", where, info));
        GALEN_TRY(record_json_get_text(&text, row, "sealed", RECORD_JSON_REQUIRED, SEAL_OBJECT_MAX,
                                       where, info));
        struct base_view sealed = {(const uint8_t *)text, strlen(text)};
        store_digest(digest32, sealed.data, sealed.len);
        GALEN_TRY(each(wf, &recipient, digest32, sealed, &counted, info));
    }
    GALEN_TRY(db_commit(&tx, info));
    if (count != NULL)
        *count = counted;
    return GALEN_OK;
}

static enum galen_err mark_delivered(struct workflow *wf, const struct chain_address *recipient,
                                     const uint8_t digest32[32], struct base_view sealed,
                                     int64_t *count, struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE outbox SET delivered_at = ?, sealed = x'' WHERE digest = ?"
                  " AND delivered_at IS NULL",
                  DB_INT(base_time_s()), DB_BLOB(digest32, 32));
}

enum galen_err workflow_mail_delivered(struct workflow *wf, struct json_object *mail,
                                       struct galen_errinfo *info)
{
    return mail_each(wf, mail, mark_delivered, NULL, info);
}

static enum galen_err take_in(struct workflow *wf, const struct chain_address *recipient,
                              const uint8_t digest32[32], struct base_view sealed, int64_t *count,
                              struct galen_errinfo *info)
{
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, recipient, info));
    if (!own)
        return GALEN_OK;
    GALEN_TRY(message_inbox_add(wf, recipient, sealed, false, info));
    *count += db_changes(wf->db);
    return GALEN_OK;
}

enum galen_err workflow_mail_import(struct workflow *wf, struct json_object *mail, int64_t *taken,
                                    struct galen_errinfo *info)
{
    return mail_each(wf, mail, take_in, taken, info);
}
