/* Purchasing, step 1: the buyer's template and the request with its escrow; the notice that a
 * manifest is published. */
#include <string.h>

#include "workflow/purchasing_internal.h"

#define DEFAULT_MIN_RECORDS 20 /* the contract's default terms, see DataHub.request */
#define DEFAULT_MAX_RECORDS 400
#define DAY_S               86400u
#define NAME_TEXT           96

static const struct purchasing_terms default_windows = {
    .reply_window_s = 3 * DAY_S,
    .deliver_window_s = 14 * DAY_S,
    .verify_window_s = 7 * DAY_S,
    .rule_window_s = 14 * DAY_S,
};

/* ---- the template ---------------------------------------------------------------------------- */

struct draft {
    struct base_buf bytes; /* the template's JCS: its block */
    uint8_t hash[32];
    struct base_secret private_jwk; /* empty when the key is in the key store already */
    struct record_template parsed;
};
static void draft_clear(struct draft *draft)
{
    base_buf_clear(&draft->bytes);
    base_secret_clear(&draft->private_jwk);
    record_template_clear(&draft->parsed);
}
#define DRAFT_AUTO GALEN_CLEANUP(draft_clear) struct draft

static enum galen_err draft_new(struct draft *draft, struct json_object *given,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO key = NULL;
    RECORD_JSON_AUTO whole = NULL;
    struct seal_public_key public_key;
    char jwk[SEAL_PUBLIC_JWK_TEXT];
    if (json_object_object_get_ex(given, "type", NULL) ||
        json_object_object_get_ex(given, "buyer_key", NULL))
        return base_fail(info, GALEN_ERR_USAGE,
                         "a template's type and buyer_key are added by this step: leave them out");
    GALEN_TRY(seal_key_generate(&draft->private_jwk, &public_key, info));
    seal_public_encode(jwk, &public_key);
    GALEN_TRY(record_json_parse(&key, jwk, strlen(jwk), sizeof jwk, info));
    GALEN_TRY(record_json_copy(&json, given, info));
    GALEN_TRY(workflow_set_text(json, "type", RECORD_TEMPLATE_TYPE, info));
    GALEN_TRY(workflow_set_object(json, "buyer_key", &key, info));
    GALEN_TRY(record_template_parse(&draft->parsed, json, info));
    GALEN_TRY(record_template_encode(&whole, &draft->parsed, info));
    GALEN_TRY(record_json_jcs(&draft->bytes, whole, info));
    store_digest(draft->hash, draft->bytes.data, draft->bytes.len);
    return GALEN_OK;
}

enum galen_err purchasing_check_template(struct json_object *given, struct json_object **result,
                                         struct galen_errinfo *info)
{
    DRAFT_AUTO draft = {0};
    RECORD_JSON_AUTO whole = NULL;
    GALEN_TRY(draft_new(&draft, given, info));
    GALEN_TRY(record_template_encode(&whole, &draft.parsed, info));
    json_object_object_del(whole, "type");
    json_object_object_del(whole, "buyer_key");
    workflow_give(result, &whole);
    return GALEN_OK;
}

/* The draft of an interrupted run: its block is stored and its key is in the key store. */
static enum galen_err draft_again(struct workflow *wf, struct draft *draft,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    GALEN_TRY(store_get(&draft->bytes, wf->store, draft->hash, info));
    GALEN_TRY(record_json_parse(&json, (char *)draft->bytes.data, draft->bytes.len, STORE_BLOCK_MAX,
                                info));
    return record_template_parse(&draft->parsed, json, info);
}

static void key_name(char out[NAME_TEXT], const uint8_t template_hash32[32])
{
    char hex[65];
    base_hex_encode(hex, template_hash32, 32);
    snprintf(out, NAME_TEXT, WORKFLOW_KEY_BUYER "-%s", hex);
}

/* ---- an interrupted run is found again ---------------------------------------------------------- */

/* The same buyer asking for the same on the same terms has one intent at a time. */
static enum galen_err intent_name(char out[NAME_TEXT], const struct chain_address *buyer,
                                  struct json_object *given, const struct datahub_terms *terms,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    uint8_t digest[32];
    char hex[65];
    GALEN_TRY(record_json_jcs(&bytes, given, info));
    const uint32_t numbers[] = {terms->max_records, terms->reply_window, terms->deliver_window,
                                terms->verify_window, terms->rule_window};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (base_buf_append_u32be(&bytes, numbers[i]) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (base_buf_append(&bytes, buyer->bytes, 20) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(digest, bytes.data, bytes.len);
    base_hex_encode(hex, digest, 32);
    snprintf(out, NAME_TEXT, "purchase.%s", hex);
    return GALEN_OK;
}

static enum galen_err intent_read(struct workflow *wf, const char *name, uint8_t hash32[32],
                                  bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(
        db_query(&rows, wf->db, info, "SELECT value FROM setting WHERE name = ?", DB_TEXT(name)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? base_hex_decode(hash32, 32, db_text(&rows, 0), "template hash", info)
                  : GALEN_OK;
}

static enum galen_err intent_forget(struct workflow *wf, const char *name,
                                    struct galen_errinfo *info)
{
    return db_run(wf->db, info, "DELETE FROM setting WHERE name = ?", DB_TEXT(name));
}

/* Key, block and intent stand before the transaction leaves. */
static enum galen_err draft_keep(struct workflow *wf, const struct draft *draft, const char *intent,
                                 struct galen_errinfo *info)
{
    char name[NAME_TEXT];
    char hex[65];
    key_name(name, draft->hash);
    base_hex_encode(hex, draft->hash, 32);
    GALEN_TRY(
        seal_keystore_put(wf->keys, name, draft->private_jwk.data, draft->private_jwk.len, info));
    GALEN_TRY(workflow_publish(wf, NULL, "template", 0, draft->bytes.data, draft->bytes.len, info));
    return db_run(wf->db, info,
                  "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value ="
                  " excluded.value",
                  DB_TEXT(intent), DB_TEXT(hex));
}

/* Refused for good: nothing was asked for, nothing is kept. */
static void draft_drop(struct workflow *wf, const struct draft *draft, const char *intent)
{
    char name[NAME_TEXT];
    key_name(name, draft->hash);
    if (intent_forget(wf, intent, NULL) != GALEN_OK ||
        seal_keystore_remove(wf->keys, name, NULL) != GALEN_OK ||
        store_remove(wf->store, draft->hash, NULL) != GALEN_OK)
        base_log(BASE_LOG_WARN, "leftovers of a refused purchase request could not be removed");
}

/* What became of the interrupted run's transaction: *id > 0 when the request is there. */
static enum galen_err find_request(struct workflow *wf, const struct chain_address *buyer,
                                   const uint8_t hash32[32], int64_t *id,
                                   struct galen_errinfo *info)
{
    int64_t open = 0;
    GALEN_TRY(workflow_sync(wf, NULL, info));
    GALEN_TRY(db_get_int(wf->db, id, 0, info,
                         "SELECT id FROM request WHERE template_hash = ? AND buyer = ?",
                         DB_BLOB(hash32, 32), DB_BLOB(buyer->bytes, 20)));
    if (*id > 0)
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &open, 0, info,
                         "SELECT count(*) FROM tx WHERE sender = ? AND instr(raw, ?) > 0"
                         " AND status IN ('signed', 'sent')",
                         DB_BLOB(buyer->bytes, 20), DB_BLOB(hash32, 32)));
    if (open == 0)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_STATE, "this request was sent before and is not mined yet");
    (void)base_hint(info, "run 'galen sync' until it is");
    return GALEN_ERR_STATE;
}

/* ---- step 1 ------------------------------------------------------------------------------------ */

static uint32_t or_default(uint32_t given, uint32_t otherwise)
{
    return given != 0 ? given : otherwise;
}

static struct datahub_terms make_terms(const struct purchasing_terms *given, uint32_t min_records)
{
    const struct purchasing_terms none = {0};
    const struct purchasing_terms *terms = given != NULL ? given : &none;
    uint32_t most = min_records > DEFAULT_MAX_RECORDS ? min_records : DEFAULT_MAX_RECORDS;
    return (struct datahub_terms){
        .min_records = (uint16_t)min_records,
        .max_records = terms->max_records != 0 ? terms->max_records : (uint16_t)most,
        .reply_window = or_default(terms->reply_window_s, default_windows.reply_window_s),
        .deliver_window = or_default(terms->deliver_window_s, default_windows.deliver_window_s),
        .verify_window = or_default(terms->verify_window_s, default_windows.verify_window_s),
        .rule_window = or_default(terms->rule_window_s, default_windows.rule_window_s),
    };
}

static enum galen_err encode_request(struct base_buf *data, const char **operation,
                                     const struct draft *draft, const struct datahub_terms *terms,
                                     struct galen_errinfo *info)
{
    const struct datahub_terms usual = make_terms(NULL, DEFAULT_MIN_RECORDS);
    if (terms->min_records == usual.min_records && terms->max_records == usual.max_records &&
        terms->reply_window == usual.reply_window &&
        terms->deliver_window == usual.deliver_window &&
        terms->verify_window == usual.verify_window && terms->rule_window == usual.rule_window) {
        *operation = "request";
        return datahub_encode_request(data, draft->hash, info);
    }
    *operation = "requestWithTerms";
    return datahub_encode_request_with_terms(data, draft->hash, terms, info);
}

static enum galen_err request_of_receipt(const struct workflow *wf,
                                         const struct chain_receipt *receipt, int64_t *id,
                                         struct galen_errinfo *info)
{
    for (size_t i = 0; i < receipt->logs.len; i++) {
        struct datahub_request_open_event open;
        uint64_t number = 0;
        const struct chain_log *log = &receipt->logs.items[i];
        if (chain_address_equal(&log->address, &wf->domain.contract) &&
            datahub_decode_request_open_event(&open, log, NULL) == GALEN_OK &&
            chain_u256_to_u64(&number, &open.id) == GALEN_OK && number <= INT64_MAX) {
            *id = (int64_t)number;
            return GALEN_OK;
        }
    }
    return base_fail(info, GALEN_ERR_NETWORK, "the request's receipt holds no RequestOpen event");
}

static enum galen_err request_result(struct json_object **result, const struct draft *draft,
                                     int64_t id, struct json_object **tx,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    if (id > 0)
        GALEN_TRY(workflow_set_int(made, "requestId", id, info));
    GALEN_TRY(record_json_set_hex(made, "templateHash", draft->hash, 32, info));
    GALEN_TRY(workflow_set_cid(made, "cid", draft->hash, info));
    if (*tx != NULL)
        GALEN_TRY(workflow_set_object(made, "tx", tx, info));
    else
        GALEN_TRY(workflow_set_text(made, "note", "made by an earlier, interrupted run", info));
    workflow_give(result, &made);
    return GALEN_OK;
}

static enum galen_err send_request(struct workflow *wf, const struct chain_address *buyer,
                                   const struct draft *draft, const struct datahub_terms *terms,
                                   const char *intent, int64_t *id, struct json_object **tx,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    struct chain_u256 price;
    bool sent = false;
    struct workflow_call call = {
        .from = buyer,
        .value = &price,
        .data = &data,
        .role = "buyer",
        .flow = "purchasing",
        .request_id = -1,
    };
    GALEN_TRY(chain_u256_parse(&price, draft->parsed.price_wei, info));
    GALEN_TRY(encode_request(&data, &call.operation, draft, terms, info));
    enum galen_err err = workflow_transact(wf, &call, &sent, &receipt, tx, info);
    if (!wf->dry_run && (err == GALEN_ERR_FUNDS || err == GALEN_ERR_REVERTED))
        draft_drop(wf, draft, intent);
    GALEN_TRY(err);
    if (!sent)
        return GALEN_OK;
    GALEN_TRY(request_of_receipt(wf, &receipt, id, info));
    GALEN_TRY(workflow_take_receipt(wf, &receipt, info));
    return db_run(wf->db, info, "UPDATE tx SET request_id = ? WHERE hash = ?", DB_INT(*id),
                  DB_BLOB(receipt.tx_hash, 32));
}

enum galen_err purchasing_request(struct workflow *wf, const struct chain_address *buyer,
                                  struct json_object *template_,
                                  const struct purchasing_terms *terms, struct json_object **result,
                                  struct galen_errinfo *info)
{
    DRAFT_AUTO draft = {0};
    DRAFT_AUTO fresh = {0};
    RECORD_JSON_AUTO tx = NULL;
    char intent[NAME_TEXT];
    bool again = false;
    int64_t id = 0;
    GALEN_TRY(steps_need_role(wf, buyer, "buyer", info));
    GALEN_TRY(workflow_need_contract(wf, info));
    if (wf->keys == NULL)
        return base_fail(info, GALEN_ERR_PASSWORD, "a request needs the home's keys");
    GALEN_TRY(draft_new(&fresh, template_, info));
    const struct datahub_terms asked = make_terms(terms, fresh.parsed.min_records);
    GALEN_TRY(intent_name(intent, buyer, template_, &asked, info));
    GALEN_TRY(intent_read(wf, intent, draft.hash, &again, info));
    if (again && !wf->dry_run) {
        GALEN_TRY(find_request(wf, buyer, draft.hash, &id, info));
        enum galen_err err = draft_again(wf, &draft, info);
        again = err != GALEN_ERR_NOT_FOUND || id > 0; /* interrupted before anything was kept */
        if (again)
            GALEN_TRY(err);
    }
    if (!again || wf->dry_run) {
        draft = fresh;
        fresh = (struct draft){0};
        if (!wf->dry_run)
            GALEN_TRY(draft_keep(wf, &draft, intent, info));
    }
    if (id == 0)
        GALEN_TRY(send_request(wf, buyer, &draft, &asked, intent, &id, &tx, info));
    if (!wf->dry_run)
        GALEN_TRY(intent_forget(wf, intent, info));
    return request_result(result, &draft, id, &tx, info);
}

/* ---- the manifest's notice ------------------------------------------------------------------------ */

enum galen_err purchasing_on_manifest(struct workflow *wf, const struct message *message,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "requestId", "manifestCid", NULL};
    struct purchasing_onchain chain;
    const char *cid_text = NULL;
    uint8_t cid[32];
    int64_t id = 0;
    char subject[24];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "manifest", info));
    GALEN_TRY(record_json_check_type(message->body, "galen.manifest-notice/1", info));
    GALEN_TRY(record_json_get_int(&id, message->body, "requestId", RECORD_JSON_REQUIRED, 1,
                                  INT64_MAX, "manifest", info));
    GALEN_TRY(record_json_get_text(&cid_text, message->body, "manifestCid", RECORD_JSON_REQUIRED,
                                   STORE_CID_TEXT, "manifest", info));
    GALEN_TRY(store_cid_parse(cid, cid_text, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, (uint64_t)id, info));
    if (!chain_address_equal(&chain.buyer, &message->recipient) ||
        !chain_address_equal(&chain.hospital, &message->sender))
        return base_fail(info, GALEN_ERR_CHECK,
                         "the notice is not from the request's hospital to its buyer");
    /* Which manifest counts is what the Delivered event says; this only tells that it can be had.
     */
    snprintf(subject, sizeof subject, "%lld", (long long)id);
    return workflow_notify(wf, &message->recipient, "manifest-published", subject, info);
}
