/* Profiles and contact cards: how one finds another's encryption key and sale key. A card is a
 * profile with its owner's EIP-712 Profile signature, good before it is on-chain. */
#include "workflow/watch_internal.h"

#include <string.h>

#define CARD_LIFE_S     (366 * 24 * 3600)
#define CARD_MAX_NONCE  ((int64_t)1 << 52)
#define PROFILE_RETRY_S 60 /* until a block that could not be had is asked for again */

/* ---- galen.profile/1 ------------------------------------------------------------------------------ */

static enum galen_err profile_make(struct workflow *wf, const struct chain_address *owner,
                                   const char *inbox, struct json_object **out,
                                   struct galen_errinfo *info)
{
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO sale_secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    struct seal_public_key public_key;
    char public_text[SEAL_PUBLIC_JWK_TEXT];
    uint8_t sale33[CHAIN_PUBLIC_KEY_BYTES];
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, owner, info));
    GALEN_TRY(workflow_secret_get(wf, &sale_secret, WORKFLOW_KEY_SALE, owner, info));
    GALEN_TRY(seal_key_public(&public_key, &jwk, info));
    seal_public_encode(public_text, &public_key);
    GALEN_TRY(chain_key_from_bytes(&sale, sale_secret.data, info));
    GALEN_TRY(chain_key_public(&sale, sale33, info));

    RECORD_JSON_AUTO profile = NULL;
    RECORD_JSON_AUTO encryption = NULL;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT name FROM identity WHERE address = ?",
                       DB_BLOB(owner->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "that account is not an identity of this home");
    GALEN_TRY(record_json_parse(&encryption, public_text, strlen(public_text), 1024, info));
    GALEN_TRY(workflow_object(&profile, info));
    GALEN_TRY(workflow_set_text(profile, "type", "galen.profile/1", info));
    GALEN_TRY(workflow_set_address(profile, "address", owner, info));
    GALEN_TRY(workflow_set_text(profile, "name", db_text(&rows, 0), info));
    GALEN_TRY(record_json_set_hex(profile, "sale_key", sale33, sizeof sale33, info));
    if (inbox[0] != '\0')
        GALEN_TRY(workflow_set_text(profile, "inbox", inbox, info));
    GALEN_TRY(workflow_set_object(profile, "encryption", &encryption, info));
    *out = profile;
    profile = NULL;
    return GALEN_OK;
}

static enum galen_err profile_parse(struct workflow_contact *contact, struct json_object *profile,
                                    struct galen_errinfo *info)
{
    static const char *const required[] = {"type",       "address",  "name",
                                           "encryption", "sale_key", NULL};
    static const char *const optional[] = {"inbox", NULL};
    struct workflow_contact read = {0};
    const char *name = NULL;
    const char *inbox = NULL;
    struct json_object *encryption = NULL;
    BASE_BUF_AUTO jwk = {0};
    struct chain_address unused;
    GALEN_TRY(record_json_check_keys(profile, required, optional, "profile", info));
    GALEN_TRY(record_json_check_type(profile, "galen.profile/1", info));
    GALEN_TRY(workflow_get_address(&read.address, profile, "address", "profile", info));
    GALEN_TRY(record_json_get_text(&name, profile, "name", RECORD_JSON_REQUIRED,
                                   sizeof read.name - 1, "profile", info));
    GALEN_TRY(record_json_get_text(&inbox, profile, "inbox", RECORD_JSON_OPTIONAL,
                                   sizeof read.inbox - 1, "profile", info));
    GALEN_TRY(record_json_get_object(&encryption, profile, "encryption", RECORD_JSON_REQUIRED,
                                     "profile", info));
    GALEN_TRY(record_json_get_hex(read.sale_key, sizeof read.sale_key, profile, "sale_key",
                                  RECORD_JSON_REQUIRED, "profile", info));
    GALEN_TRY(chain_address_of_public_key(&unused, read.sale_key, info));
    GALEN_TRY(record_json_jcs(&jwk, encryption, info));
    GALEN_TRY(seal_public_parse(&read.encryption, (struct base_view){jwk.data, jwk.len}, info));
    snprintf(read.name, sizeof read.name, "%s", name);
    snprintf(read.inbox, sizeof read.inbox, "%s", inbox != NULL ? inbox : "");
    *contact = read;
    return GALEN_OK;
}

/* ---- contacts ------------------------------------------------------------------------------------- */

struct card {
    struct workflow_contact contact;
    struct base_buf profile_text; /* JCS: the bytes whose digest is the profile's CID */
    uint8_t cid32[32];
    int64_t nonce, expiry;
    uint8_t signature[CHAIN_SIGNATURE_BYTES];
    bool on_chain;
};
static void card_clear(struct card *card)
{
    base_buf_clear(&card->profile_text);
}
#define CARD_AUTO GALEN_CLEANUP(card_clear) struct card

/* An older nonce than the known one changes nothing. Only a card brings a signature, and with it
 * the name that the contact goes by here: anyone may call himself anything in a profile on-chain.
 */
static enum galen_err contact_save(struct workflow *wf, const struct card *card,
                                   struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO contact VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (address) DO"
                  " UPDATE SET name = iif(excluded.signature = zeroblob(65) AND"
                  " signature <> zeroblob(65), name, excluded.name),"
                  " profile = excluded.profile, profile_cid = excluded.profile_cid,"
                  " nonce = excluded.nonce, expiry = excluded.expiry,"
                  " signature = iif(excluded.signature = zeroblob(65), signature,"
                  " excluded.signature), on_chain = excluded.on_chain"
                  " WHERE excluded.nonce > nonce OR (excluded.nonce = nonce AND excluded.on_chain)",
                  DB_BLOB(card->contact.address.bytes, 20), DB_TEXT(card->contact.name),
                  DB_TEXT((const char *)card->profile_text.data), DB_BLOB(card->cid32, 32),
                  DB_INT(card->nonce), DB_INT(card->expiry),
                  DB_BLOB(card->signature, sizeof card->signature), DB_INT(card->on_chain));
}

/* The contact of an account, by the profile that the contract names: fetched when it is newer than
 * what is known and its block is at hand. */
static enum galen_err take_published(struct workflow *wf, const struct chain_address *owner,
                                     struct galen_errinfo *info)
{
    CARD_AUTO card = {.on_chain = true, .expiry = CARD_MAX_NONCE};
    WATCH_FACTS_AUTO facts = {0};
    RECORD_JSON_AUTO profile = NULL;
    int64_t block = 0;
    if (wf->is_narrow) /* which only reads */
        return GALEN_OK;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT p.profile_cid, p.nonce, p.block FROM profile_onchain p"
                           " LEFT JOIN contact c ON c.address = p.owner WHERE p.owner = ?"
                           " AND p.tried_at < ? AND (c.nonce IS NULL OR p.nonce > c.nonce"
                           "  OR (p.nonce = c.nonce AND NOT c.on_chain))",
                           DB_BLOB(owner->bytes, 20), DB_INT(base_time_s() - PROFILE_RETRY_S)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(db_bytes(&rows, 0, card.cid32, 32, info));
        card.nonce = db_int(&rows, 1);
        block = db_int(&rows, 2);
    }
    enum galen_err err = workflow_block_from(wf, &card.profile_text, card.cid32, owner, NULL, info);
    /* Not at hand, not a profile, or another's: a contact that cannot be used is none. */
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK)
        return db_run(wf->db, info, "UPDATE profile_onchain SET tried_at = ? WHERE owner = ?",
                      DB_INT(base_time_s()), DB_BLOB(owner->bytes, 20));
    GALEN_TRY(err);
    if (record_json_parse(&profile, (char *)card.profile_text.data, card.profile_text.len, 8192,
                          NULL) != GALEN_OK ||
        profile_parse(&card.contact, profile, NULL) != GALEN_OK ||
        !chain_address_equal(&card.contact.address, owner))
        return GALEN_OK;
    /* Taken back with the event's block. */
    GALEN_TRY(watch_facts_begin(&facts, wf, WATCH_FACTS_IN_ORDER, (uint64_t)block, info));
    GALEN_TRY(contact_save(wf, &card, info));
    return watch_facts_commit(&facts, info);
}

static struct chain_profile card_message(const struct card *card)
{
    struct chain_profile message = {
        .owner = card->contact.address,
        .nonce = (uint64_t)card->nonce,
        .expiry = (uint64_t)card->expiry,
    };
    memcpy(message.profile_cid, card->cid32, 32);
    return message;
}

static void card_digest(const struct workflow *wf, uint8_t digest32[32], const struct card *card)
{
    const struct chain_profile message = card_message(card);
    chain_digest_profile(digest32, &wf->domain, &message);
}

static enum galen_err card_encode(const struct card *card, struct json_object **out,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO profile = NULL;
    GALEN_TRY(record_json_parse(&profile, (char *)card->profile_text.data, card->profile_text.len,
                                8192, info));
    GALEN_TRY(workflow_object(&json, info));
    GALEN_TRY(workflow_set_text(json, "type", "galen.card/1", info));
    GALEN_TRY(workflow_set_object(json, "profile", &profile, info));
    GALEN_TRY(workflow_set_int(json, "nonce", card->nonce, info));
    GALEN_TRY(workflow_set_int(json, "expiry", card->expiry, info));
    GALEN_TRY(
        record_json_set_hex(json, "signature", card->signature, sizeof card->signature, info));
    *out = json;
    json = NULL;
    return GALEN_OK;
}

/* An address that others may be given: one that they would ask. */
static enum galen_err check_inbox(const struct workflow *wf, const char *inbox,
                                  struct galen_errinfo *info)
{
    const struct http_options options = {.peer = "the inbox", .guard = &wf->guard};
    HTTP_CLIENT_AUTO client = NULL;
    return inbox[0] == '\0' ? GALEN_OK : http_client_new(&client, inbox, &options, info);
}

/* The inbox that the identity's last card names. */
static enum galen_err last_inbox(struct workflow *wf, const struct chain_address *identity,
                                 struct base_buf *inbox, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT json_extract(profile, '$.inbox') FROM contact WHERE address = ?",
                       DB_BLOB(identity->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    return base_buf_append_text(inbox, found ? db_text(&rows, 0) : "");
}

/* A wallet in a browser is not asked twice for one profile: the card that it signed stays good for
 * half its life. */
static enum galen_err take_made(struct workflow *wf, bool *is_made, struct card *card,
                                struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    uint8_t digest32[32];
    GALEN_TRY(workflow_is_browser(wf, is_made, &card->contact.address, info));
    if (!*is_made)
        return GALEN_OK;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT nonce, expiry, signature FROM contact WHERE address = ?"
                       " AND profile_cid = ? AND expiry > ?",
                       DB_BLOB(card->contact.address.bytes, 20), DB_BLOB(card->cid32, 32),
                       DB_INT(base_time_s() + CARD_LIFE_S / 2)));
    GALEN_TRY(db_next(&rows, is_made, info));
    if (!*is_made)
        return GALEN_OK;
    card->nonce = db_int(&rows, 0);
    card->expiry = db_int(&rows, 1);
    GALEN_TRY(db_bytes(&rows, 2, card->signature, sizeof card->signature, info));
    card_digest(wf, digest32, card); /* for this contract, and not of a profile on-chain */
    chain_verify(is_made, &card->contact.address, digest32, card->signature);
    return GALEN_OK;
}

/* Nonce and expiry: those that the wallet was asked to sign this profile with, or new ones. Time is
 * a nonce that grows over restarts and restored backups alike. */
static enum galen_err card_moment(struct workflow *wf, struct card *card,
                                  struct galen_errinfo *info)
{
    const struct chain_address *identity = &card->contact.address;
    RECORD_JSON_AUTO asked = NULL;
    char cid[2 * 32 + 1];
    int64_t now = base_time_s();
    GALEN_TRY(db_get_int(wf->db, &card->nonce, 0, info,
                         "SELECT nonce FROM contact WHERE address = ?",
                         DB_BLOB(identity->bytes, 20)));
    base_hex_encode(cid, card->cid32, 32);
    GALEN_TRY(workflow_wallet_asked(wf, &asked, NULL, identity, CHAIN_TYPED_PROFILE, cid, info));
    if (asked != NULL) {
        int64_t nonce = 0, expiry = 0;
        GALEN_TRY(workflow_asked_number(&nonce, asked, "nonce", info));
        GALEN_TRY(workflow_asked_number(&expiry, asked, "expiry", info));
        if (nonce > card->nonce && expiry > now) {
            card->nonce = nonce;
            card->expiry = expiry;
            return GALEN_OK;
        }
    }
    card->nonce = card->nonce >= now ? card->nonce + 1 : now;
    card->expiry = now + CARD_LIFE_S;
    return GALEN_OK;
}

enum galen_err workflow_card_make(struct workflow *wf, const struct chain_address *identity,
                                  const char *inbox, struct json_object **out,
                                  struct galen_errinfo *info)
{
    GALEN_TRY(workflow_need_contract(wf, info));
    RECORD_JSON_AUTO profile = NULL;
    CARD_AUTO card = {0};
    GALEN_TRY(take_published(wf, identity, info)); /* a newer nonce */
    BASE_BUF_AUTO last = {0};
    if (inbox == NULL) {
        GALEN_TRY(last_inbox(wf, identity, &last, info));
        inbox = last.data != NULL ? (const char *)last.data : "";
    }
    GALEN_TRY(check_inbox(wf, inbox, info));
    GALEN_TRY(profile_make(wf, identity, inbox, &profile, info));
    GALEN_TRY(profile_parse(&card.contact, profile, info));
    GALEN_TRY(record_json_jcs(&card.profile_text, profile, info));
    if (wf->dry_run) { /* it would be made */
        workflow_give(out, &profile);
        return GALEN_OK;
    }
    GALEN_TRY(workflow_publish(wf, card.cid32, "profile", 0, card.profile_text.data,
                               card.profile_text.len, info));
    bool is_made = false;
    RECORD_JSON_AUTO json = NULL;
    GALEN_TRY(take_made(wf, &is_made, &card, info));
    if (!is_made) {
        GALEN_TRY(card_moment(wf, &card, info));
        const struct chain_profile message = card_message(&card);
        GALEN_TRY(workflow_wallet_sign(wf, card.signature, identity, CHAIN_TYPED_PROFILE, &message,
                                       NULL, info));
    }
    GALEN_TRY(card_encode(&card, &json, info));
    if (!is_made)
        GALEN_TRY(contact_save(wf, &card, info));
    workflow_give(out, &json);
    return GALEN_OK;
}

enum galen_err workflow_card_add(struct workflow *wf, struct json_object *json,
                                 struct chain_address *owner, struct galen_errinfo *info)
{
    static const char *const required[] = {"type", "profile", "nonce", "expiry", "signature", NULL};
    GALEN_TRY(workflow_need_contract(wf, info));
    CARD_AUTO card = {0};
    struct json_object *profile = NULL;
    GALEN_TRY(record_json_check_keys(json, required, NULL, "card", info));
    GALEN_TRY(record_json_check_type(json, "galen.card/1", info));
    GALEN_TRY(
        record_json_get_object(&profile, json, "profile", RECORD_JSON_REQUIRED, "card", info));
    GALEN_TRY(profile_parse(&card.contact, profile, info));
    GALEN_TRY(record_json_get_int(&card.nonce, json, "nonce", RECORD_JSON_REQUIRED, 0,
                                  CARD_MAX_NONCE, "card", info));
    GALEN_TRY(record_json_get_int(&card.expiry, json, "expiry", RECORD_JSON_REQUIRED, 0,
                                  CARD_MAX_NONCE, "card", info));
    GALEN_TRY(record_json_get_hex(card.signature, sizeof card.signature, json, "signature",
                                  RECORD_JSON_REQUIRED, "card", info));
    GALEN_TRY(record_json_jcs(&card.profile_text, profile, info));
    store_digest(card.cid32, card.profile_text.data, card.profile_text.len);
    if (card.expiry <= base_time_s()) {
        base_fail(info, GALEN_ERR_CHECK, "the contact card has expired");
        (void)base_hint(info, "ask its owner for a fresh one ('galen profile export')");
        return GALEN_ERR_CHECK;
    }
    uint8_t digest32[32];
    bool valid = false;
    card_digest(wf, digest32, &card);
    chain_verify(&valid, &card.contact.address, digest32, card.signature);
    if (!valid) {
        base_fail(info, GALEN_ERR_CHECK, "the contact card is not signed by its owner's wallet");
        (void)base_hint(info, "it was altered, or made for another chain or contract");
        return GALEN_ERR_CHECK;
    }
    GALEN_TRY(store_put(NULL, wf->store, card.profile_text.data, card.profile_text.len, info));
    GALEN_TRY(contact_save(wf, &card, info));
    /* The profile on-chain may be newer; the name comes with the card all the same. */
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE contact SET name = ?, signature = ? WHERE address = ?"
                     " AND signature = zeroblob(65)",
                     DB_TEXT(card.contact.name), DB_BLOB(card.signature, sizeof card.signature),
                     DB_BLOB(card.contact.address.bytes, 20)));
    *owner = card.contact.address;
    return GALEN_OK;
}

enum galen_err workflow_profile_seen(struct workflow *wf, const struct workflow_event *event,
                                     const struct chain_address *owner, const uint8_t cid32[32],
                                     uint64_t nonce, struct galen_errinfo *info)
{
    if (nonce > (uint64_t)CARD_MAX_NONCE)
        return GALEN_OK;
    return db_run(wf->db, info,
                  "INSERT INTO profile_onchain VALUES (?, ?, ?, ?, 0)"
                  " ON CONFLICT DO UPDATE SET profile_cid = excluded.profile_cid,"
                  " nonce = excluded.nonce, block = excluded.block, tried_at = 0",
                  DB_BLOB(owner->bytes, 20), DB_BLOB(cid32, 32), DB_INT(nonce),
                  DB_INT(event->log->block_number));
}

static enum galen_err contact_missing(const char *text, struct galen_errinfo *info)
{
    base_fail(info, GALEN_ERR_NOT_FOUND, "no contact %s is known here", text);
    (void)base_hint(info, "add the contact card ('galen profile import FILE'), or run 'galen sync' "
                          "when the profile is on-chain");
    return GALEN_ERR_NOT_FOUND;
}

/* Also while the handle acts for another: cards and profiles are public. *profile: a browser
 * wallet's, which nobody has signed; NULL: makes the card. */
static enum galen_err for_owner(struct workflow *wf, const struct chain_address *address,
                                struct json_object **profile, struct galen_errinfo *info)
{
    const struct chain_address actor = wf->actor;
    const bool had_actor = wf->has_actor;
    const bool was_dry = wf->dry_run; /* an identity has a card as it has keys */
    GALEN_TRY(workflow_act_as(wf, NULL, info));
    wf->dry_run = false;
    enum galen_err err = profile != NULL ? profile_make(wf, address, "", profile, info)
                                         : workflow_card_make(wf, address, NULL, NULL, info);
    struct galen_errinfo why = {0};
    wf->dry_run = was_dry;
    enum galen_err back = workflow_act_as(wf, had_actor ? &actor : NULL, &why);
    if (err == GALEN_OK && back != GALEN_OK)
        return base_fail(info, back, "%s", why.what);
    return err;
}

enum galen_err workflow_contact_get(struct workflow *wf, struct workflow_contact *contact,
                                    const struct chain_address *address, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(take_published(wf, address, info));
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT profile FROM contact WHERE address = ?",
                       DB_BLOB(address->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found) {
        bool own = false;
        GALEN_TRY(workflow_is_own(wf, &own, NULL, address, info));
        bool is_browser = false;
        GALEN_TRY(workflow_is_browser(wf, &is_browser, address, info));
        if (is_browser) { /* whose keys are known here before its wallet has signed a card */
            RECORD_JSON_AUTO unsigned_profile = NULL;
            GALEN_TRY(for_owner(wf, address, &unsigned_profile, info));
            return profile_parse(contact, unsigned_profile, info);
        }
        if (own) {
            db_rows_end(&rows);
            GALEN_TRY(for_owner(wf, address, NULL, info));
            return workflow_contact_get(wf, contact, address, info);
        }
        char text[CHAIN_ADDRESS_TEXT];
        chain_address_format(text, address);
        return contact_missing(text, info);
    }
    RECORD_JSON_AUTO profile = NULL;
    const char *text = db_text(&rows, 0);
    GALEN_TRY(record_json_parse(&profile, text, strlen(text), 8192, info));
    return profile_parse(contact, profile, info);
}

enum galen_err workflow_contact_find(struct workflow *wf, struct chain_address *address,
                                     const char *text, struct galen_errinfo *info)
{
    if (strncmp(text, "0x", 2) == 0)
        return chain_address_parse(address, text, info);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT address FROM (SELECT address FROM identity WHERE name = ?1 UNION"
                       " SELECT address FROM contact WHERE name = ?1"
                       " AND signature <> zeroblob(65)) WHERE address NOT IN"
                       " (SELECT address FROM main.identity WHERE is_self_made)",
                       DB_TEXT(text)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return contact_missing(text, info);
    struct chain_address first = {0};
    GALEN_TRY(db_bytes(&rows, 0, first.bytes, 20, info));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found) {
        base_fail(info, GALEN_ERR_USAGE, "several contacts are named %s", text);
        (void)base_hint(info, "give the address instead");
        return GALEN_ERR_USAGE;
    }
    *address = first;
    return GALEN_OK;
}

/* Of a profile that a dry run has not made: its digest now, for the estimate. */
static enum galen_err digest_unmade(struct workflow *wf, const struct chain_address *identity,
                                    uint8_t cid32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO profile = NULL;
    GALEN_TRY(for_owner(wf, identity, &profile, info));
    return record_json_hash(cid32, profile, info);
}

enum galen_err workflow_profile_publish(struct workflow *wf, const struct chain_address *identity,
                                        struct json_object **result, struct galen_errinfo *info)
{
    const char *role = NULL;
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, &role, identity, info));
    if (!own)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "that account is not an identity of this home");
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT profile_cid FROM contact WHERE address = ?",
                       DB_BLOB(identity->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found && !wf->dry_run) {
        base_fail(info, GALEN_ERR_STATE, "there is no profile to publish yet");
        (void)base_hint(info, "make it with 'galen profile set'");
        return GALEN_ERR_STATE;
    }
    uint8_t cid32[32];
    if (found)
        GALEN_TRY(db_bytes(&rows, 0, cid32, 32, info));
    db_rows_end(&rows);
    if (!found)
        GALEN_TRY(digest_unmade(wf, identity, cid32, info));
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_set_profile(&data, cid32, info));
    const struct workflow_call call = {
        .from = identity,
        .data = &data,
        .role = role,
        .flow = "other",
        .operation = "setProfile",
        .request_id = -1,
    };
    bool sent = false;
    RECORD_JSON_AUTO tx = NULL;
    GALEN_TRY(workflow_transact(wf, &call, &sent, NULL, &tx, info));
    if (sent)
        GALEN_TRY(db_run(wf->db, info, "UPDATE contact SET on_chain = 1 WHERE address = ?",
                         DB_BLOB(identity->bytes, 20)));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_cid(made, "profileCid", cid32, info));
    GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err workflow_contact_show(struct workflow *wf, const char *text,
                                     struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address address;
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO profile = NULL;
    const char *name = NULL;
    const char *inbox = NULL;
    bool found = false;
    GALEN_TRY(workflow_contact_find(wf, &address, text, info));
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT profile, on_chain, signature <> zeroblob(65) FROM contact"
                       " WHERE address = ?",
                       DB_BLOB(address.bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return contact_missing(text, info);
    const char *jcs = db_text(&rows, 0);
    GALEN_TRY(record_json_parse(&profile, jcs, strlen(jcs), 8192, info));
    GALEN_TRY(
        record_json_get_text(&name, profile, "name", RECORD_JSON_REQUIRED, 256, "profile", info));
    GALEN_TRY(record_json_get_text(&inbox, profile, "inbox", RECORD_JSON_OPTIONAL, 2048, "profile",
                                   info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "address", &address, info));
    GALEN_TRY(workflow_set_text(made, "name", name, info));
    GALEN_TRY(workflow_set_bool(made, "nameFromCard", db_int(&rows, 2) != 0, info));
    GALEN_TRY(workflow_set_bool(made, "onChain", db_int(&rows, 1) != 0, info));
    if (inbox != NULL)
        GALEN_TRY(workflow_set_text(made, "inbox", inbox, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
