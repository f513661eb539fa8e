/* Identities of the home: their addresses and roles in the database, their keys in the key store.
 */
#include "workflow/steps.h"

#include <string.h>

#define NAME_MAX_BYTES 64

static const char *const roles[] = {"doctor", "patient", "hospital", "buyer", "gm", "rm", NULL};

/* The static spelling of a role, or NULL. */
static const char *find_role(const char *text)
{
    for (size_t i = 0; roles[i] != NULL; i++)
        if (strcmp(text, roles[i]) == 0)
            return roles[i];
    return NULL;
}

/* ---- keys --------------------------------------------------------------------------------------- */

static enum galen_err need_keys(struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->keys != NULL)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_PASSWORD, "this needs the home's keys");
    (void)base_hint(info, "give the password with --password-file FILE, or at the prompt");
    return GALEN_ERR_PASSWORD;
}

static void secret_name(char out[64], const char *prefix, const struct chain_address *address)
{
    char hex[41];
    base_hex_encode(hex, address->bytes, sizeof address->bytes);
    snprintf(out, 64, "%s-%s", prefix, hex);
}

enum galen_err workflow_secret_get(struct workflow *wf, struct base_secret *out, const char *prefix,
                                   const struct chain_address *address, struct galen_errinfo *info)
{
    GALEN_TRY(need_keys(wf, info));
    GALEN_TRY(workflow_check_actor(wf, address, info));
    char name[64];
    secret_name(name, prefix, address);
    return seal_keystore_get(out, wf->keys, name, info);
}

enum galen_err workflow_secret_put(struct workflow *wf, const char *prefix,
                                   const struct chain_address *address, const void *data,
                                   size_t len, struct galen_errinfo *info)
{
    GALEN_TRY(need_keys(wf, info));
    GALEN_TRY(workflow_check_actor(wf, address, info));
    char name[64];
    secret_name(name, prefix, address);
    return seal_keystore_put(wf->keys, name, data, len, info);
}

enum galen_err workflow_secret_remove(struct workflow *wf, const char *prefix,
                                      const struct chain_address *address,
                                      struct galen_errinfo *info)
{
    GALEN_TRY(need_keys(wf, info));
    GALEN_TRY(workflow_check_actor(wf, address, info));
    char name[64];
    secret_name(name, prefix, address);
    return seal_keystore_remove(wf->keys, name, info);
}

enum galen_err workflow_secret_belongs(struct workflow *wf, bool *own, const char *name,
                                       const struct chain_address *identity,
                                       struct galen_errinfo *info)
{
    static const struct {
        const char *prefix;
        size_t len;
        const char *sql;
    } kinds[] = {
        {WORKFLOW_KEY_BUYER "-", 32,
         "SELECT count(*) FROM request WHERE template_hash = ?1 AND buyer = ?2"},
        {WORKFLOW_KEY_JUDGE "-", 32,
         "SELECT count(*) FROM request r JOIN dispute_evidence e ON e.request_id = r.id"
         " WHERE r.template_hash = ?1 AND e.holder = ?2"},
        {"", 20,
         "SELECT (?1 = ?2) + (SELECT count(*) FROM payout_account WHERE address = ?1 AND"
         " owner = ?2)"},
    };
    const char *dash = strchr(name, '-');
    uint8_t value[32];
    int64_t n = 0;
    size_t kind = 0;
    while (strncmp(name, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
        kind++;
    const size_t len = kinds[kind].len;
    *own = false;
    if (dash == NULL || strlen(dash + 1) != 2 * len ||
        strspn(dash + 1, "0123456789abcdef") != 2 * len)
        return GALEN_OK;
    GALEN_TRY(base_hex_decode(value, len, dash + 1, "name", info));
    GALEN_TRY(db_get_int(wf->db, &n, 0, info, kinds[kind].sql, DB_BLOB(value, len),
                         DB_BLOB(identity->bytes, 20)));
    *own = n > 0;
    return GALEN_OK;
}

enum galen_err workflow_wallet(struct workflow *wf, struct chain_key *key,
                               const struct chain_address *address, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO secret = {0};
    enum galen_err err = workflow_secret_get(wf, &secret, WORKFLOW_KEY_WALLET, address, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        char text[CHAIN_ADDRESS_TEXT];
        bool is_browser = false;
        chain_address_format(text, address);
        GALEN_TRY(workflow_is_browser(wf, &is_browser, address, info));
        if (is_browser)
            return STEPS_FAIL(info, GALEN_ERR_UNSUPPORTED, "it is in its owner's browser",
                              "the wallet key of %s is not in this home", text);
        base_fail(info, GALEN_ERR_NOT_FOUND, "this home has no key of %s", text);
        (void)base_hint(info, "'galen account list' shows the accounts it has");
        return GALEN_ERR_NOT_FOUND;
    }
    GALEN_TRY(err);
    if (secret.len != 32)
        return base_fail(info, GALEN_ERR_CHECK, "a wallet key in the key store is damaged");
    return chain_key_from_bytes(key, secret.data, info);
}

/* ---- identities --------------------------------------------------------------------------------- */

static enum galen_err check_words(const char *name, const char *role, struct galen_errinfo *info)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_BYTES || strncmp(name, "0x", 2) == 0)
        return base_fail(info, GALEN_ERR_USAGE,
                         "a name has 1 to %d bytes and does not begin with 0x", NAME_MAX_BYTES);
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return base_fail(info, GALEN_ERR_USAGE, "a name has no control characters");
    if (find_role(role) == NULL)
        return base_fail(info, GALEN_ERR_USAGE,
                         "a role is one of doctor, patient, hospital, buyer, gm, rm");
    return GALEN_OK;
}

enum galen_err workflow_identity_check_new(struct workflow *wf, const struct chain_address *address,
                                           const char *name, const char *role,
                                           struct galen_errinfo *info)
{
    int64_t taken = 0;
    GALEN_TRY(check_words(name, role, info));
    GALEN_TRY(db_get_int(wf->db, &taken, 0, info,
                         "SELECT count(*) FROM identity WHERE name = ? OR address = ?",
                         DB_TEXT(name), DB_BLOB(address->bytes, 20)));
    return taken == 0
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_EXISTS, "this home has that name or account already");
}

enum galen_err workflow_identity_add_row(struct workflow *wf, const struct chain_address *address,
                                         const char *name, const char *role, bool is_browser,
                                         bool is_self_made, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?)",
                  DB_BLOB(address->bytes, 20), DB_TEXT(name), DB_TEXT(role), DB_INT(base_time_s()),
                  DB_TEXT(is_browser ? "browser" : "home"), DB_INT(is_self_made));
}

/* Keys first, row last: an interruption leaves unused keys, never an identity without keys. */
static enum galen_err identity_add(struct workflow *wf, const struct chain_key *wallet,
                                   const char *name, const char *role, struct galen_errinfo *info)
{
    GALEN_TRY(workflow_identity_check_new(wf, &wallet->address, name, role, info));
    BASE_SECRET_AUTO jwk = {0};
    CHAIN_KEY_AUTO sale = {0};
    GALEN_TRY(seal_key_generate(&jwk, NULL, info));
    GALEN_TRY(chain_key_generate(&sale, info));
    const struct chain_address *address = &wallet->address;
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_JWK, address, jwk.data, jwk.len, info));
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_SALE, address, sale.secret.data, 32, info));
    GALEN_TRY(workflow_secret_put(wf, WORKFLOW_KEY_WALLET, address, wallet->secret.data, 32, info));
    return workflow_identity_add_row(wf, address, name, role, false, false, info);
}

enum galen_err workflow_identity_new(struct workflow *wf, struct chain_address *address,
                                     const char *name, const char *role, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO wallet = {0};
    GALEN_TRY(chain_key_generate(&wallet, info));
    GALEN_TRY(identity_add(wf, &wallet, name, role, info));
    *address = wallet.address;
    return GALEN_OK;
}

enum galen_err workflow_identity_import(struct workflow *wf, struct chain_address *address,
                                        const char *name, const char *role, const char *keystore,
                                        size_t keystore_len, const char *keystore_password,
                                        struct galen_errinfo *info)
{
    GALEN_TRY(check_words(name, role, info));
    CHAIN_KEY_AUTO wallet = {0};
    GALEN_TRY(chain_keystore_import(&wallet, keystore, keystore_len, keystore_password,
                                    strlen(keystore_password), info));
    GALEN_TRY(identity_add(wf, &wallet, name, role, info));
    *address = wallet.address;
    return GALEN_OK;
}

enum galen_err workflow_identity_export(struct workflow *wf, const struct chain_address *address,
                                        const char *keystore_password, struct base_buf *keystore,
                                        struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO wallet = {0};
    GALEN_TRY(workflow_wallet(wf, &wallet, address, info));
    return chain_keystore_export(keystore, &wallet, keystore_password, strlen(keystore_password),
                                 CHAIN_KEYSTORE_STANDARD, info);
}

enum galen_err workflow_is_own(struct workflow *wf, bool *own, const char **role,
                               const struct chain_address *address, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT role FROM identity WHERE address = ?",
                       DB_BLOB(address->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found && role != NULL)
        *role = find_role(db_text(&rows, 0));
    *own = found;
    return GALEN_OK;
}

enum galen_err workflow_identity_find(struct workflow *wf, struct chain_address *address,
                                      const char *text, const char *role,
                                      struct galen_errinfo *info)
{
    struct chain_address wanted = {0};
    bool by_address = text != NULL && strncmp(text, "0x", 2) == 0;
    if (by_address)
        GALEN_TRY(chain_address_parse(&wanted, text, info));
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT address, role FROM identity"
                       " WHERE (?1 IS NULL OR (?2 AND address = ?3) OR (NOT ?2 AND name = ?1))"
                       " AND (?1 IS NOT NULL OR ?4 IS NULL OR role = ?4)",
                       DB_TEXT(text), DB_INT(by_address), DB_BLOB(wanted.bytes, 20),
                       DB_TEXT(role)));
    bool found = false;
    GALEN_TRY(db_next(&rows, &found, info));
    const char *of_role = role != NULL ? role : "";
    if (!found) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "this home has no %s%sidentity%s%s", of_role,
                  role != NULL ? " " : "", text != NULL ? " " : "", text != NULL ? text : "");
        (void)base_hint(info, "'galen account list' shows them, 'galen account new' makes one");
        return GALEN_ERR_NOT_FOUND;
    }
    struct chain_address first = {0};
    GALEN_TRY(db_bytes(&rows, 0, first.bytes, 20, info));
    if (role != NULL && strcmp(db_text(&rows, 1), role) != 0)
        return base_fail(info, GALEN_ERR_USAGE, "%s is a %s, and this is for a %s", text,
                         db_text(&rows, 1), role);
    bool more = false;
    GALEN_TRY(db_next(&rows, &more, info));
    if (more) {
        base_fail(info, GALEN_ERR_USAGE, "this home has several %s%sidentities", of_role,
                  role != NULL ? " " : "");
        (void)base_hint(info, "say which one with --as NAME");
        return GALEN_ERR_USAGE;
    }
    *address = first;
    return GALEN_OK;
}

enum galen_err workflow_identities(struct workflow *wf, const char *role,
                                   struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT address, name, role, created_at, wallet FROM identity"
                       " WHERE ?1 IS NULL OR role = ?1 ORDER BY created_at, name",
                       DB_TEXT(role)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        struct chain_address address = {0};
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(db_bytes(&rows, 0, address.bytes, 20, info));
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_address(row, "address", &address, info));
        GALEN_TRY(workflow_set_text(row, "name", db_text(&rows, 1), info));
        GALEN_TRY(workflow_set_text(row, "role", db_text(&rows, 2), info));
        GALEN_TRY(workflow_set_text(row, "wallet", db_text(&rows, 4), info));
        GALEN_TRY(workflow_set_time(row, "created", db_int(&rows, 3), info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

enum galen_err workflow_identity_list(struct workflow *wf, struct json_object **result,
                                      struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_identities(wf, NULL, &list, info));
    bool online = workflow_rpc(wf, &rpc, NULL) == GALEN_OK;
    for (size_t i = 0; online && i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        struct chain_address address;
        struct chain_u256 balance = {0};
        GALEN_TRY(workflow_get_address(&address, row, "address", "identity", info));
        if (chain_rpc_balance(rpc, &balance, &address, NULL) == GALEN_OK)
            GALEN_TRY(workflow_set_wei(row, "balanceWei", &balance, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

enum galen_err workflow_payout_new(struct workflow *wf, struct chain_address *address,
                                   const struct chain_address *owner, uint64_t request_id,
                                   struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    GALEN_TRY(need_keys(wf, info));
    GALEN_TRY(workflow_check_actor(wf, owner, info));
    GALEN_TRY(chain_key_generate(&key, info));
    char name[64];
    secret_name(name, WORKFLOW_KEY_WALLET, &key.address);
    GALEN_TRY(seal_keystore_put(wf->keys, name, key.secret.data, 32, info));
    GALEN_TRY(db_run(wf->db, info, "INSERT INTO payout_account VALUES (?, ?, ?, ?)",
                     DB_BLOB(key.address.bytes, 20), DB_BLOB(owner->bytes, 20), DB_INT(request_id),
                     DB_INT(base_time_s())));
    *address = key.address;
    return GALEN_OK;
}
