/*
 * Identities whose wallet is in somebody's browser. Their other keys are here: for encryption, for
 * sales, and a NodeKey that signs their messages once the wallet has allowed it. What only the
 * wallet can sign is asked for by an intent.
 */
#include "workflow/intent.h"
#include "workflow/steps.h"

#include <string.h>

#define NODE_KEY_S       ((int64_t)90 * 24 * 3600)
#define NODE_KEY_LEAST_S ((int64_t)24 * 3600) /* with less left, messages wait for the next one */
#define NODE_KEY_RENEW_S ((int64_t)WORKFLOW_MESSAGE_DAYS * 24 * 3600)

/* An account that delegates to code (EIP-7702) still has its key: 0xef0100 | address. */
static bool is_delegating(const struct base_buf *code)
{
    static const uint8_t prefix[] = {0xef, 0x01, 0x00};
    return code->len == sizeof prefix + 20 && memcmp(code->data, prefix, sizeof prefix) == 0;
}

/* What a contract says of a signature nobody could check later, without the chain. */
static enum galen_err need_key_account(struct workflow *wf, const struct chain_address *address,
                                       struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    BASE_BUF_AUTO code = {0};
    enum galen_err err = workflow_rpc(wf, &rpc, info);
    if (err == GALEN_ERR_CONFIG) /* no chain yet: a contract could not answer either */
        return GALEN_OK;
    GALEN_TRY(err);
    GALEN_TRY(chain_rpc_code(rpc, &code, address, CHAIN_BLOCK_LATEST, info));
    if (code.len == 0 || is_delegating(&code))
        return GALEN_OK;
    return STEPS_FAIL(info, GALEN_ERR_UNSUPPORTED, "use an account with a key of its own",
                      "that account is a contract, whose signatures (ERC-1271) are not taken");
}

/* What config.json leaves open to strangers. */
static enum galen_err check_self_made(struct workflow *wf, const char *role,
                                      struct galen_errinfo *info)
{
    int64_t all = 0, of_late = 0;
    if (wf->wallet_accounts == 0)
        return STEPS_FAIL(info, GALEN_ERR_UNSUPPORTED, "ask the node's operator to add the account",
                          "this node does not let wallets register themselves");
    if (strcmp(role, "gm") == 0 || strcmp(role, "rm") == 0)
        return base_fail(info, GALEN_ERR_USAGE, "a manager is added by the node's operator");
    GALEN_TRY(
        db_get_int(wf->db, &all, 0, info, "SELECT count(*) FROM identity WHERE is_self_made"));
    GALEN_TRY(db_get_int(wf->db, &of_late, 0, info,
                         "SELECT count(*) FROM identity WHERE is_self_made AND created_at > ?",
                         DB_INT(base_time_s() - 3600)));
    if (all >= wf->wallet_accounts)
        return STEPS_FAIL(info, GALEN_ERR_LIMIT, "ask the node's operator to add the account",
                          "this node takes no more accounts");
    if (of_late >= wf->wallet_accounts_hourly)
        return STEPS_FAIL(info, GALEN_ERR_LIMIT, "try again in an hour",
                          "too many accounts were registered of late");
    return GALEN_OK;
}

/* Keys first, row last, as for any identity. */
enum galen_err workflow_identity_browser(struct workflow *wf, const struct chain_address *address,
                                         const char *name, const char *role, bool is_self_made,
                                         struct galen_errinfo *info)
{
    BASE_SECRET_AUTO jwk = {0};
    CHAIN_KEY_AUTO sale = {0};
    CHAIN_KEY_AUTO node = {0};
    GALEN_TRY(workflow_identity_check_new(wf, address, name, role, info));
    if (chain_address_is_zero(address))
        return base_fail(info, GALEN_ERR_USAGE, "the zero address is nobody's account");
    if (is_self_made)
        GALEN_TRY(check_self_made(wf, role, info));
    GALEN_TRY(need_key_account(wf, address, info));
    GALEN_TRY(seal_key_generate(&jwk, NULL, info));
    GALEN_TRY(chain_key_generate(&sale, info));
    GALEN_TRY(chain_key_generate(&node, info));
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_JWK, address, jwk.data, jwk.len, info));
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_SALE, address, sale.secret.data, 32, info));
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_NODE, address, node.secret.data, 32, info));
    return workflow_identity_add_row(wf, address, name, role, true, is_self_made, info);
}

enum galen_err workflow_is_browser(struct workflow *wf, bool *is_browser,
                                   const struct chain_address *identity, struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT count(*) FROM identity WHERE address = ? AND wallet = 'browser'",
                         DB_BLOB(identity->bytes, 20)));
    *is_browser = n > 0;
    return GALEN_OK;
}

bool workflow_may_register(const struct workflow *wf)
{
    return wf->wallet_accounts > 0;
}

/* ---- signatures -------------------------------------------------------------------------------- */

static enum galen_err ask(struct workflow *wf, struct intent *out,
                          const struct chain_address *identity, enum chain_typed kind,
                          const void *message, const uint8_t digest32[32],
                          struct json_object *draft, struct galen_errinfo *info)
{
    BASE_BUF_AUTO typed = {0};
    BASE_BUF_AUTO sealed = {0};
    char name[CHAIN_TYPED_NAME];
    uint8_t id[INTENT_ID_BYTES];
    GALEN_TRY(intent_make_room(wf, identity, info));
    GALEN_TRY(chain_typed_message_json(&typed, &wf->domain, kind, message, info));
    if (draft != NULL)
        GALEN_TRY(workflow_home_seal(wf, &sealed, draft, info));
    chain_typed_name(name, kind);
    base_random(id, sizeof id);
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO intent (id, identity, kind, operation, digest, chain_id, typed,"
                     " draft, created_at, expires_at) VALUES (?, ?, 'signature', ?, ?, ?, ?, ?, ?,"
                     " ?)",
                     DB_BLOB(id, sizeof id), DB_BLOB(identity->bytes, 20), DB_TEXT(name),
                     DB_BLOB(digest32, 32), DB_INT(wf->domain.chain_id),
                     DB_TEXT((const char *)typed.data), DB_BLOB(sealed.data, sealed.len),
                     DB_INT(base_time_s()), DB_INT(intent_expiry())));
    return intent_read(wf, out, id, info);
}

enum galen_err workflow_wallet_sign(struct workflow *wf, uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                    const struct chain_address *identity, enum chain_typed kind,
                                    const void *message, struct json_object *draft,
                                    struct galen_errinfo *info)
{
    bool is_browser = false, found = false;
    struct intent intent;
    uint8_t digest[32];
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_is_browser(wf, &is_browser, identity, info));
    chain_typed_message_digest(digest, &wf->domain, kind, message);
    if (!is_browser) {
        CHAIN_KEY_AUTO wallet = {0};
        GALEN_TRY(workflow_wallet(wf, &wallet, identity, info));
        return chain_key_sign(&wallet, digest, sig65, info);
    }
    GALEN_TRY(workflow_check_actor(wf, identity, info));
    GALEN_TRY(intent_find(wf, &found, &intent, identity, digest, info));
    if (found && intent.state == INTENT_DONE) {
        memcpy(sig65, intent.signature, CHAIN_SIGNATURE_BYTES);
        return intent_used(wf, &intent, info);
    }
    if (!found)
        GALEN_TRY(ask(wf, &intent, identity, kind, message, digest, draft, info));
    return intent_want(wf, &intent, info);
}

enum galen_err workflow_wallet_asked(struct workflow *wf, struct json_object **message,
                                     struct json_object **draft,
                                     const struct chain_address *identity, enum chain_typed kind,
                                     const char *about, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO whole = NULL;
    RECORD_JSON_AUTO kept = NULL;
    struct json_object *inner = NULL;
    DB_ROWS_AUTO rows = {0};
    char name[CHAIN_TYPED_NAME];
    bool found = false;
    chain_typed_name(name, kind);
    *message = NULL;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT typed, draft FROM intent WHERE identity = ? AND operation = ?"
                       " AND kind = 'signature' AND (signature IS NOT NULL OR"
                       " (cancelled_at IS NULL AND expires_at > ?))"
                       " AND (?4 IS NULL OR instr(typed, ?4) > 0)"
                       " ORDER BY created_at DESC, rowid DESC LIMIT 1",
                       DB_BLOB(identity->bytes, 20), DB_TEXT(name), DB_INT(base_time_s()),
                       DB_TEXT(about)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    const char *typed = db_text(&rows, 0);
    GALEN_TRY(record_json_parse(&whole, typed, strlen(typed), 8192, info));
    GALEN_TRY(
        record_json_get_object(&inner, whole, "message", RECORD_JSON_REQUIRED, "intent", info));
    if (draft != NULL && !db_is_null(&rows, 1))
        GALEN_TRY(workflow_home_open(wf, &kept, db_blob(&rows, 1), info));
    GALEN_TRY(record_json_copy(message, inner, info));
    if (draft != NULL) {
        *draft = kept;
        kept = NULL;
    }
    return GALEN_OK;
}

/* ---- the key that signs messages ----------------------------------------------------------------- */

void workflow_delegation_digest(const struct workflow *wf, uint8_t digest32[32],
                                const struct workflow_delegation *delegation)
{
    const struct chain_node_key message = {.key = delegation->key,
                                           .expiry = (uint64_t)delegation->expiry};
    chain_digest_node_key(digest32, &wf->domain, &message);
}

static enum galen_err read_delegation(struct workflow *wf, bool *found,
                                      struct workflow_delegation *out,
                                      const struct chain_address *identity,
                                      struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    struct workflow_delegation read = {0};
    uint8_t digest[32];
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT key, expiry, signature FROM node_key WHERE identity = ?",
                       DB_BLOB(identity->bytes, 20)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(db_bytes(&rows, 0, read.key.bytes, 20, info));
    read.expiry = db_int(&rows, 1);
    GALEN_TRY(db_bytes(&rows, 2, read.signature, sizeof read.signature, info));
    /* It was for the contract of then: another one needs another word. */
    workflow_delegation_digest(wf, digest, &read);
    chain_verify(found, identity, digest, read.signature);
    *out = read;
    return GALEN_OK;
}

enum galen_err workflow_asked_number(int64_t *out, struct json_object *message, const char *key,
                                     struct galen_errinfo *info)
{
    const char *text = NULL;
    struct chain_u256 number;
    uint64_t value = 0;
    GALEN_TRY(record_json_get_text(&text, message, key, RECORD_JSON_REQUIRED, 32, "intent", info));
    GALEN_TRY(chain_u256_parse(&number, text, info));
    GALEN_TRY(chain_u256_to_u64(&value, &number));
    *out = (int64_t)value;
    return GALEN_OK;
}

static enum galen_err keep_delegation(struct workflow *wf, const struct chain_address *identity,
                                      const struct chain_address *key, int64_t expiry,
                                      const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                      struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO node_key VALUES (?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET"
                  " key = excluded.key, expiry = excluded.expiry, signature = excluded.signature",
                  DB_BLOB(identity->bytes, 20), DB_BLOB(key->bytes, 20), DB_INT(expiry),
                  DB_BLOB(sig65, CHAIN_SIGNATURE_BYTES));
}

/* Asks the wallet to allow the key from now on; the same question while it is open. */
static enum galen_err ask_node_key(struct workflow *wf, const struct chain_address *identity,
                                   const struct chain_address *key, struct galen_errinfo *info)
{
    struct chain_node_key message = {.key = *key, .expiry = (uint64_t)(base_time_s() + NODE_KEY_S)};
    RECORD_JSON_AUTO asked = NULL;
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(workflow_wallet_asked(wf, &asked, NULL, identity, CHAIN_TYPED_NODE_KEY, NULL, info));
    if (asked != NULL) {
        struct chain_address before;
        int64_t expiry = 0;
        GALEN_TRY(workflow_get_address(&before, asked, "key", "intent", info));
        GALEN_TRY(workflow_asked_number(&expiry, asked, "expiry", info));
        if (chain_address_equal(&before, key) && expiry - base_time_s() > NODE_KEY_RENEW_S)
            message.expiry = (uint64_t)expiry;
    }
    GALEN_TRY(
        workflow_wallet_sign(wf, sig65, identity, CHAIN_TYPED_NODE_KEY, &message, NULL, info));
    return keep_delegation(wf, identity, key, (int64_t)message.expiry, sig65, info);
}

static enum galen_err node_key(struct workflow *wf, struct chain_key *key, bool *allowed,
                               struct workflow_delegation *delegation,
                               const struct chain_address *identity, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO secret = {0};
    GALEN_TRY(workflow_secret_get(wf, &secret, WORKFLOW_KEY_NODE, identity, info));
    if (secret.len != 32)
        return base_fail(info, GALEN_ERR_CHECK, "a node key in the key store is damaged");
    GALEN_TRY(chain_key_from_bytes(key, secret.data, info));
    GALEN_TRY(read_delegation(wf, allowed, delegation, identity, info));
    const int64_t left = *allowed ? delegation->expiry - base_time_s() : 0;
    *allowed = *allowed && chain_address_equal(&delegation->key, &key->address) &&
               left >= NODE_KEY_LEAST_S;
    if (*allowed && left >= NODE_KEY_RENEW_S)
        return GALEN_OK;
    enum galen_err err = ask_node_key(wf, identity, &key->address, info);
    if (err == GALEN_ERR_WALLET && *allowed) /* asked in good time; the present word still holds */
        return GALEN_OK;
    GALEN_TRY(err);
    return read_delegation(wf, allowed, delegation, identity, info);
}

enum galen_err workflow_message_key(struct workflow *wf, struct chain_key *key, bool *delegated,
                                    struct workflow_delegation *delegation,
                                    const struct chain_address *identity,
                                    struct galen_errinfo *info)
{
    bool allowed = false;
    GALEN_TRY(workflow_is_browser(wf, delegated, identity, info));
    if (!*delegated)
        return workflow_wallet(wf, key, identity, info);
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(node_key(wf, key, &allowed, delegation, identity, info));
    return allowed ? GALEN_OK
                   : base_fail(info, GALEN_ERR_INTERNAL, "the node key's delegation is not kept");
}

enum galen_err workflow_can_send(struct workflow *wf, const struct chain_address *identity,
                                 struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    struct workflow_delegation delegation;
    bool delegated = false;
    return workflow_message_key(wf, &key, &delegated, &delegation, identity, info);
}

enum galen_err workflow_node_key_allowed(struct workflow *wf, const struct chain_address *identity,
                                         struct json_object *message,
                                         const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                         struct galen_errinfo *info)
{
    struct chain_address key;
    int64_t expiry = 0;
    GALEN_TRY(workflow_get_address(&key, message, "key", "intent", info));
    GALEN_TRY(workflow_asked_number(&expiry, message, "expiry", info));
    return keep_delegation(wf, identity, &key, expiry, sig65, info);
}
