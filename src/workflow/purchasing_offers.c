/* What patients answered to a hospital: taken in, read again, and checked before delivery. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

#define SALE_PERIOD_S ((int64_t)730 * 24 * 3600) /* the contract's KEY_SALE_PERIOD */

void purchasing_offer_clear(struct purchasing_offer *offer)
{
    free(offer->ek);
    free(offer->class_text);
    *offer = (struct purchasing_offer){0};
}

void purchasing_offers_clear(struct purchasing_offers *offers)
{
    for (size_t i = 0; i < offers->n; i++)
        purchasing_offer_clear(&offers->items[i]);
    free(offers->items);
    *offers = (struct purchasing_offers){0};
}

/* ---- the message ------------------------------------------------------------------------------- */

static enum galen_err parse_entry(struct purchasing_entry *entry, struct json_object *body,
                                  struct galen_errinfo *info)
{
    static const char where[] = "consent-given";
    const char *min_payout = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_get_hex(entry->release_root, 32, body, "releaseRoot",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(workflow_get_address(&entry->release_addr, body, "releaseAddr", where, info));
    GALEN_TRY(workflow_get_address(&entry->payout, body, "payout", where, info));
    GALEN_TRY(record_json_get_hex(entry->bundle_digest, 32, body, "bundleDigest",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_text(&min_payout, body, "minPayoutWei", RECORD_JSON_REQUIRED,
                                   CHAIN_U256_DECIMAL, where, info));
    GALEN_TRY(chain_u256_parse(&entry->min_payout, min_payout, info));
    GALEN_TRY(record_json_get_int(&version, body, "keyVersion", RECORD_JSON_REQUIRED, 1, UINT32_MAX,
                                  where, info));
    entry->key_version = (uint32_t)version;
    GALEN_TRY(record_json_get_hex(entry->sig, sizeof entry->sig, body, "sig", RECORD_JSON_REQUIRED,
                                  where, info));
    return record_json_get_hex(entry->consent, sizeof entry->consent, body, "consent",
                               RECORD_JSON_REQUIRED, where, info);
}

/* quasiIdentifiers, bounded; and, when the template is at hand, the class they make the patient's.
 */
static enum galen_err parse_class(char **class_text, struct json_object *body,
                                  const struct record_template *wanted, struct galen_errinfo *info)
{
    static const char *const optional[] = {"age", "gender", "location", "ethnicity", NULL};
    static const char *const none[] = {NULL};
    struct json_object *alike = NULL;
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO copy = NULL;
    BASE_BUF_AUTO whole = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(record_json_get_object(&alike, body, "quasiIdentifiers", RECORD_JSON_REQUIRED,
                                     "consent-given", info));
    GALEN_TRY(
        record_json_check_keys(alike, none, optional, "consent-given/quasiIdentifiers", info));
    GALEN_TRY(record_json_jcs(&whole, alike, info));
    if (whole.len > SEAL_CONTEXT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the quasi-identifiers are too long");
    if (wanted == NULL)
        return GALEN_OK;
    GALEN_TRY(record_json_copy(&copy, alike, info));
    GALEN_TRY(workflow_object(&content, info));
    GALEN_TRY(workflow_set_object(content, "demographics", &copy, info));
    GALEN_TRY(purchasing_class_text(&text, wanted, content, info));
    *class_text = strdup((const char *)text.data);
    return *class_text != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

enum galen_err purchasing_get_ek(const char **ek, struct json_object *body, const char *where,
                                 struct galen_errinfo *info)
{
    /* Nothing that a manifest would have to escape: the size of its blocks is reckoned with. */
    static const char compact_jwe[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *text = NULL;
    GALEN_TRY(record_json_get_text(&text, body, "ek", RECORD_JSON_REQUIRED, PURCHASING_EK_MAX,
                                   where, info));
    if (strspn(text, compact_jwe) != strlen(text))
        return base_fail(info, GALEN_ERR_PARSE, "%s/ek: not a compact JWE", where);
    *ek = text;
    return GALEN_OK;
}

enum galen_err purchasing_parse_given(struct purchasing_offer *out, struct json_object *body,
                                      uint64_t *request_id, const struct record_template *wanted,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {
        "type",        "requestId",   "recordId", "bundleCid",        "ek",
        "releaseRoot", "releaseAddr", "payout",   "bundleDigest",     "minPayoutWei",
        "keyVersion",  "sig",         "consent",  "quasiIdentifiers", NULL};
    static const char where[] = "consent-given";
    GALEN_CLEANUP(purchasing_offer_clear) struct purchasing_offer read = {0};
    const char *cid = NULL;
    struct json_object *ek_json = NULL;
    const char *ek = NULL;
    int64_t id = 0;
    GALEN_TRY(record_json_check_keys(body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(body, PURCHASING_GIVEN_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, body, "requestId", RECORD_JSON_REQUIRED, 1, INT64_MAX, where,
                                  info));
    GALEN_TRY(record_json_get_hex(read.record_root, 32, body, "recordId", RECORD_JSON_REQUIRED,
                                  where, info));
    GALEN_TRY(record_json_get_text(&cid, body, "bundleCid", RECORD_JSON_REQUIRED, STORE_CID_TEXT,
                                   where, info));
    GALEN_TRY(store_cid_parse(read.bundle_cid, cid, info));
    /* null: the patient keeps it until it has seen the delivery. */
    if (json_object_object_get_ex(body, "ek", &ek_json) && ek_json != NULL)
        GALEN_TRY(purchasing_get_ek(&ek, body, where, info));
    GALEN_TRY(parse_entry(&read.entry, body, info));
    GALEN_TRY(parse_class(&read.class_text, body, wanted, info));
    if (ek != NULL && (read.ek = strdup(ek)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *request_id = (uint64_t)id;
    *out = read;
    read = (struct purchasing_offer){0};
    return GALEN_OK;
}

/* ---- it comes in --------------------------------------------------------------------------------- */

/* The row in which this hospital asked this patient, as it stands. */
static enum galen_err asked_state(struct workflow *wf, const struct message *message,
                                  uint64_t request_id, const uint8_t record_root32[32],
                                  char state[16], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT state FROM consent WHERE side = 'hospital' AND request_id = ?"
                       " AND record_root = ? AND patient = ? AND hospital = ?",
                       DB_INT(request_id), DB_BLOB(record_root32, 32),
                       DB_BLOB(message->sender.bytes, 20), DB_BLOB(message->recipient.bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_CHECK, "this patient was not asked about that record");
    snprintf(state, 16, "%s", db_text(&rows, 0));
    return GALEN_OK;
}

static enum galen_err take_declined(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "requestId", "recordId", NULL};
    uint8_t root[32];
    int64_t id = 0;
    char state[16];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "consent-declined", info));
    GALEN_TRY(record_json_get_int(&id, message->body, "requestId", RECORD_JSON_REQUIRED, 1,
                                  INT64_MAX, "consent-declined", info));
    GALEN_TRY(record_json_get_hex(root, 32, message->body, "recordId", RECORD_JSON_REQUIRED,
                                  "consent-declined", info));
    GALEN_TRY(asked_state(wf, message, (uint64_t)id, root, state, info));
    return db_run(wf->db, info,
                  "UPDATE consent SET state = 'declined' WHERE side = 'hospital'"
                  " AND request_id = ? AND record_root = ? AND patient = ? AND state = 'wanted'",
                  DB_INT(id), DB_BLOB(root, 32), DB_BLOB(message->sender.bytes, 20));
}

enum galen_err purchasing_on_consent_given(struct workflow *wf, const struct message *message,
                                           struct galen_errinfo *info)
{
    if (record_json_check_type(message->body, PURCHASING_DECLINED_TYPE, NULL) == GALEN_OK)
        return take_declined(wf, message, info);
    GALEN_CLEANUP(purchasing_offer_clear) struct purchasing_offer offer = {0};
    BASE_BUF_AUTO sealed = {0};
    uint64_t id = 0;
    char state[16];
    char subject[24];
    GALEN_TRY(purchasing_parse_given(&offer, message->body, &id, NULL, info));
    GALEN_TRY(asked_state(wf, message, id, offer.record_root, state, info));
    if (strcmp(state, "wanted") != 0)
        return GALEN_OK; /* the first answer counts; a repeat is none */
    GALEN_TRY(workflow_home_seal(wf, &sealed, message->body, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE consent SET state = 'given', release_root = ?, sealed = ?"
                     " WHERE side = 'hospital' AND request_id = ? AND record_root = ?"
                     " AND patient = ? AND state = 'wanted'",
                     DB_BLOB(offer.entry.release_root, 32), DB_BLOB(sealed.data, sealed.len),
                     DB_INT(id), DB_BLOB(offer.record_root, 32),
                     DB_BLOB(message->sender.bytes, 20)));
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)id);
    return workflow_notify(wf, &message->recipient, "consent-given", subject, info);
}

/* ---- all of a request ----------------------------------------------------------------------------- */

static enum galen_err add_offer(struct workflow *wf, struct purchasing_offers *offers,
                                const struct db_rows *rows, const struct record_template *wanted,
                                struct galen_errinfo *info)
{
    GALEN_CLEANUP(purchasing_offer_clear) struct purchasing_offer offer = {0};
    RECORD_JSON_AUTO body = NULL;
    uint64_t id = 0;
    GALEN_TRY(workflow_home_open(wf, &body, db_blob(rows, 1), info));
    GALEN_TRY(purchasing_parse_given(&offer, body, &id, wanted, info));
    GALEN_TRY(db_bytes(rows, 0, offer.patient.bytes, 20, info));
    struct purchasing_offer *items = realloc(offers->items,
                                             (offers->n + 1) * sizeof *offers->items);
    if (items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    offers->items = items;
    items[offers->n++] = offer;
    offer = (struct purchasing_offer){0};
    return GALEN_OK;
}

enum galen_err purchasing_load_offers(struct workflow *wf, struct purchasing_offers *out,
                                      const struct chain_address *hospital, uint64_t request_id,
                                      const struct record_template *wanted,
                                      struct galen_errinfo *info)
{
    PURCHASING_OFFERS_AUTO read = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT patient, sealed FROM consent WHERE side = 'hospital'"
                       " AND hospital = ? AND request_id = ? AND state IN ('given', 'delivered')"
                       " ORDER BY release_root, record_root",
                       DB_BLOB(hospital->bytes, 20), DB_INT(request_id)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(add_offer(wf, &read, &rows, wanted, info));
    }
    *out = read;
    read = (struct purchasing_offers){0};
    return GALEN_OK;
}

/* ---- before delivery --------------------------------------------------------------------------------- */

static enum galen_err check_key_version(struct workflow *wf, uint32_t version,
                                        struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT compromised, retired_at FROM group_key WHERE version = ?"
                       " AND confirmed = 1",
                       DB_INT(version)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_CHECK, "group key version %u is not confirmed", version);
    if (db_int(&rows, 0) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "group key version %u was compromised", version);
    if (!db_is_null(&rows, 1) && db_int(&rows, 1) + SALE_PERIOD_S <= base_time_s())
        return base_fail(info, GALEN_ERR_CHECK, "group key version %u is retired for too long",
                         version);
    return GALEN_OK;
}

static enum galen_err check_signature(struct workflow *wf, struct purchasing_entry *entry,
                                      const struct revocation_list *list,
                                      struct galen_errinfo *info)
{
    struct groupsig_signature parsed;
    struct groupsig_verified verified;
    RECORD_JSON_AUTO checks = NULL;
    uint8_t msg32[32];
    bool valid = false;
    bool unrevoked = true;
    GALEN_TRY(check_key_version(wf, entry->key_version, info));
    GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                                   entry->release_root, entry->release_addr.bytes, info));
    GALEN_TRY(workflow_verify_signature(wf, &valid, &verified, entry->key_version, entry->sig,
                                        msg32, info));
    if (!valid || groupsig_signature_parse(&parsed, entry->sig, sizeof entry->sig) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "the release's group signature is not valid");
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(revocation_list_check(list, checks, &unrevoked, &verified, 0, info));
    if (!unrevoked)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the release does not pass the revocation list in force");
    groupsig_signature_ys(&parsed, entry->ys);
    return GALEN_OK;
}

enum galen_err purchasing_check_offer(struct workflow *wf, struct purchasing_offer *offer,
                                      uint64_t request_id, const struct revocation_list *list,
                                      struct galen_errinfo *info)
{
    struct purchasing_entry *entry = &offer->entry;
    uint8_t digest[32];
    bool valid = false;
    BASE_BUF_AUTO bundle = {0};
    int64_t sold = 0;
    if (chain_address_is_zero(&entry->payout) ||
        chain_address_equal(&entry->payout, &wf->domain.contract))
        return base_fail(info, GALEN_ERR_CHECK, "the payout account cannot take money");
    /* Of a key that the patient keeps nobody here can say whether it is the one. */
    if (offer->ek != NULL) {
        GALEN_TRY(purchasing_bundle_digest(digest, offer->bundle_cid, offer->ek, info));
        if (memcmp(digest, entry->bundle_digest, 32) != 0)
            return base_fail(info, GALEN_ERR_CHECK,
                             "bundle and key are not those that were signed");
    }
    purchasing_consent_valid(wf, &valid, request_id, entry);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the consent is not releaseAddr's for exactly this entry");
    GALEN_TRY(db_get_int(wf->db, &sold, 0, info,
                         "SELECT count(*) FROM entry WHERE release_root = ? AND request_id <> ?",
                         DB_BLOB(entry->release_root, 32), DB_INT(request_id)));
    if (sold > 0)
        return base_fail(info, GALEN_ERR_CHECK, "the release was delivered in another request");
    /* The buyer will ask this hospital for it. */
    enum galen_err err = workflow_block_from(wf, &bundle, offer->bundle_cid, &offer->patient, NULL,
                                             info);
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the bundle's block is not at hand");
    GALEN_TRY(err);
    return check_signature(wf, entry, list, info);
}
