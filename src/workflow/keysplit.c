/* An identity's secrets among custodians. */
#include "workflow/keysplit.h"

#include <libgfshare.h>
#include <stdlib.h>
#include <string.h>

#include "workflow/internal.h"

#define TYPE_FILE    "galen.key-share/1"
#define TYPE_HEADER  "galen.key-split/1"
#define TYPE_SECRETS "galen.key-split-secrets/1"

static void fill_random(unsigned char *out, unsigned int len)
{
    base_random(out, len);
}

/* ---- JSON --------------------------------------------------------------------------------------- */

static void share_hash(uint8_t out[32], const uint8_t id[32], unsigned number,
                       const uint8_t share[SEAL_KEY_BYTES])
{
    uint8_t input[32 + 1 + SEAL_KEY_BYTES];
    memcpy(input, id, 32);
    input[32] = (uint8_t)number;
    memcpy(input + 33, share, SEAL_KEY_BYTES);
    store_digest(out, input, sizeof input);
    base_wipe(input, sizeof input);
}

/* {header, number, type}: what a share is sealed for, JCS. */
static enum galen_err share_context(struct json_object **out, struct json_object *header,
                                    unsigned number, struct galen_errinfo *info)
{
    uint8_t digest[32];
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(record_json_hash(digest, header, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "header", digest, 32, info));
    GALEN_TRY(workflow_set_int(made, "number", number, info));
    GALEN_TRY(workflow_set_text(made, "type", TYPE_FILE, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

static enum galen_err make_file(struct json_object **out, struct json_object *header,
                                const char *payload, unsigned number, const uint8_t *share,
                                const struct seal_public_key *reader, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO context = NULL;
    struct json_object *header_copy = NULL;
    BASE_BUF_AUTO plain = {0};
    BASE_BUF_AUTO context_text = {0};
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(share_context(&context, header, number, info));
    GALEN_TRY(record_json_jcs(&context_text, context, info));
    if (base_buf_printf(&plain, "{\"context\":%s,\"share\":\"", (char *)context_text.data) !=
            GALEN_OK ||
        base_hex_append(&plain, share, SEAL_KEY_BYTES) != GALEN_OK ||
        base_buf_append_text(&plain, "\"}") != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(
        seal_message(&sealed, TYPE_FILE, reader, (struct base_view){plain.data, plain.len}, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "type", TYPE_FILE, info));
    GALEN_TRY(record_json_copy(&header_copy, header, info));
    GALEN_TRY(record_json_set(made, "header", header_copy, info));
    GALEN_TRY(workflow_set_int(made, "number", number, info));
    GALEN_TRY(workflow_set_text(made, "payload", payload, info));
    GALEN_TRY(workflow_set_text(made, "share", (char *)sealed.data, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

/* A file's parts, borrowed from it, its form checked. */
struct part {
    struct json_object *header;
    const char *payload, *share;
    unsigned number;
    int64_t threshold, n;
    uint8_t id[32], hash[32];
    struct chain_address address;
};

static enum galen_err read_file(struct part *part, struct json_object *file,
                                struct galen_errinfo *info)
{
    static const char *const members[] = {"type", "header", "number", "payload", "share", NULL};
    static const char *const header_members[] = {"type",    "id",        "address",    "name",
                                                 "role",    "threshold", "custodians", "shares",
                                                 "payload", NULL};
    static const char *const none[] = {NULL};
    struct json_object *shares = NULL;
    struct json_object *custodians = NULL;
    int64_t number = 0;
    uint8_t expected[32];
    uint8_t digest[32];
    GALEN_TRY(record_json_check_keys(file, members, none, "", info));
    GALEN_TRY(record_json_check_type(file, TYPE_FILE, info));
    GALEN_TRY(
        record_json_get_object(&part->header, file, "header", RECORD_JSON_REQUIRED, "", info));
    GALEN_TRY(record_json_check_keys(part->header, header_members, none, "/header", info));
    GALEN_TRY(record_json_check_type(part->header, TYPE_HEADER, info));
    GALEN_TRY(record_json_get_hex(part->id, 32, part->header, "id", RECORD_JSON_REQUIRED, "/header",
                                  info));
    GALEN_TRY(record_json_get_hex(expected, 32, part->header, "payload", RECORD_JSON_REQUIRED,
                                  "/header", info));
    GALEN_TRY(workflow_get_address(&part->address, part->header, "address", "/header", info));
    GALEN_TRY(record_json_get_array(&custodians, part->header, "custodians", RECORD_JSON_REQUIRED,
                                    2, KEYSPLIT_CUSTODIANS_MAX, "/header", info));
    part->n = (int64_t)json_object_array_length(custodians);
    GALEN_TRY(record_json_get_array(&shares, part->header, "shares", RECORD_JSON_REQUIRED,
                                    (size_t)part->n, (size_t)part->n, "/header", info));
    GALEN_TRY(record_json_get_int(&part->threshold, part->header, "threshold", RECORD_JSON_REQUIRED,
                                  2, part->n, "/header", info));
    GALEN_TRY(
        record_json_get_int(&number, file, "number", RECORD_JSON_REQUIRED, 1, part->n, "", info));
    part->number = (unsigned)number;
    GALEN_TRY(record_json_get_text(&part->payload, file, "payload", RECORD_JSON_REQUIRED,
                                   SEAL_OBJECT_MAX, "", info));
    GALEN_TRY(record_json_get_text(&part->share, file, "share", RECORD_JSON_REQUIRED,
                                   SEAL_OBJECT_MAX, "", info));
    struct json_object *hash = json_object_array_get_idx(shares, (size_t)number - 1);
    if (!json_object_is_type(hash, json_type_string))
        return base_fail(info, GALEN_ERR_PARSE, "/header/shares: no text");
    GALEN_TRY(
        base_hex_decode(part->hash, 32, json_object_get_string(hash), "a share's hash", info));
    store_digest(digest, part->payload, strlen(part->payload));
    if (memcmp(digest, expected, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "its payload was altered");
    return GALEN_OK;
}

/* CHECK when it is not sealed to that key, for another header or number, or not the header's share.
 */
static enum galen_err open_share(uint8_t share[SEAL_KEY_BYTES], const struct part *part,
                                 const struct base_secret *jwk, struct galen_errinfo *info)
{
    BASE_BUF_AUTO plain = {0};
    BASE_BUF_AUTO context_text = {0};
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO json = NULL;
    uint8_t digest[32];
    const struct base_view sealed = {(const uint8_t *)part->share, strlen(part->share)};
    GALEN_TRY(share_context(&context, part->header, part->number, info));
    GALEN_TRY(record_json_jcs(&context_text, context, info));
    GALEN_TRY(seal_open_message(&plain, sealed, TYPE_FILE, jwk, (char *)context_text.data, info));
    GALEN_TRY(record_json_parse(&json, (char *)plain.data, plain.len, SEAL_OBJECT_MAX, info));
    uint8_t read[SEAL_KEY_BYTES];
    GALEN_TRY(
        record_json_get_hex(read, sizeof read, json, "share", RECORD_JSON_REQUIRED, "", info));
    share_hash(digest, part->id, part->number, read);
    bool good = base_equal_ct(digest, part->hash, 32);
    if (good)
        memcpy(share, read, sizeof read);
    base_wipe(read, sizeof read);
    return good ? GALEN_OK : base_fail(info, GALEN_ERR_CHECK, "its share was altered");
}

/* ---- splitting ---------------------------------------------------------------------------------- */

struct collect {
    struct workflow *wf;
    const struct chain_address *identity;
    struct base_buf *out; /* "name":"hex", … */
    struct galen_errinfo *info;
};

/* Names are letters, digits, _ - . alone: they stand in JSON as they are. */
static enum galen_err collect_secret(void *user, const char *name)
{
    struct collect *collect = user;
    BASE_SECRET_AUTO secret = {0};
    bool own = false;
    GALEN_TRY(workflow_secret_belongs(collect->wf, &own, name, collect->identity, collect->info));
    if (!own)
        return GALEN_OK;
    GALEN_TRY(seal_keystore_get(&secret, collect->wf->keys, name, collect->info));
    if (base_buf_printf(collect->out, "%s\"%s\":\"", collect->out->len > 0 ? "," : "", name) !=
            GALEN_OK ||
        base_hex_append(collect->out, secret.data, secret.len) != GALEN_OK ||
        base_buf_append_text(collect->out, "\"") != GALEN_OK)
        return base_fail(collect->info, GALEN_ERR_NOMEM, "out of memory");
    return GALEN_OK;
}

static enum galen_err make_header(struct workflow *wf, struct json_object **out,
                                  const struct chain_address *identity, const uint8_t id[32],
                                  size_t threshold, const struct chain_address *custodians,
                                  size_t n, const uint8_t shares[][SEAL_KEY_BYTES],
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO who = NULL;
    RECORD_JSON_AUTO hashes = NULL;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_array(&who, info));
    GALEN_TRY(workflow_array(&hashes, info));
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT name, role FROM identity WHERE address = ?",
                       DB_BLOB(identity->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such identity here");
    for (size_t i = 0; i < n; i++) {
        char text[CHAIN_ADDRESS_TEXT];
        char hex[67] = "0x";
        uint8_t hash[32];
        chain_address_format(text, &custodians[i]);
        GALEN_TRY(record_json_push(who, json_object_new_string(text), info));
        share_hash(hash, id, (unsigned)i + 1, shares[i]);
        base_hex_encode(hex + 2, hash, 32);
        GALEN_TRY(record_json_push(hashes, json_object_new_string(hex), info));
    }
    GALEN_TRY(workflow_set_text(made, "type", TYPE_HEADER, info));
    GALEN_TRY(record_json_set_hex(made, "id", id, 32, info));
    GALEN_TRY(workflow_set_address(made, "address", identity, info));
    GALEN_TRY(workflow_set_text(made, "name", db_text(&rows, 0), info));
    GALEN_TRY(workflow_set_text(made, "role", db_text(&rows, 1), info));
    GALEN_TRY(workflow_set_int(made, "threshold", (int64_t)threshold, info));
    GALEN_TRY(workflow_set_object(made, "custodians", &who, info));
    GALEN_TRY(workflow_set_object(made, "shares", &hashes, info));
    *out = made;
    made = NULL;
    return GALEN_OK;
}

/* Seals the secrets and completes the header with the payload's hash. Inside stands the header
 * before that: who opens the payload knows that the rest of the header is the splitter's. */
static enum galen_err seal_secrets(struct workflow *wf, struct base_buf *payload,
                                   struct json_object *header, const struct chain_address *identity,
                                   const uint8_t key[SEAL_KEY_BYTES], struct galen_errinfo *info)
{
    BASE_BUF_AUTO secrets = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO plain = {0};
    uint8_t digest[32];
    struct collect collect = {.wf = wf, .identity = identity, .out = &secrets, .info = info};
    GALEN_TRY(seal_keystore_list(wf->keys, collect_secret, &collect, info));
    GALEN_TRY(record_json_jcs(&context, header, info));
    if (base_buf_printf(&plain, "{\"context\":%s,\"secrets\":{", (char *)context.data) !=
            GALEN_OK ||
        base_buf_append(&plain, secrets.data, secrets.len) != GALEN_OK ||
        base_buf_append_text(&plain, "},\"type\":\"" TYPE_SECRETS "\"}") != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(seal_object(payload, key, (struct base_view){plain.data, plain.len}, info));
    store_digest(digest, payload->data, payload->len);
    return record_json_set_hex(header, "payload", digest, 32, info);
}

static enum galen_err check_terms(size_t threshold, const struct chain_address *custodians,
                                  size_t n, struct galen_errinfo *info)
{
    if (n < 2 || n > KEYSPLIT_CUSTODIANS_MAX || threshold < 2 || threshold > n)
        return base_fail(
            info, GALEN_ERR_USAGE,
            "a split has 2 to %d custodians, of whom 2 or more, at most all, are needed",
            KEYSPLIT_CUSTODIANS_MAX);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (chain_address_equal(&custodians[i], &custodians[j]))
                return base_fail(info, GALEN_ERR_USAGE, "one custodian is named twice");
    return GALEN_OK;
}

enum galen_err workflow_keysplit(struct workflow *wf, const struct chain_address *identity,
                                 size_t threshold, const struct chain_address *custodians, size_t n,
                                 struct json_object **files, struct galen_errinfo *info)
{
    GALEN_TRY(check_terms(threshold, custodians, n, info));
    BASE_SECRET_AUTO own = {0};
    GALEN_TRY(workflow_secret_get(wf, &own, WORKFLOW_KEY_JWK, identity, info)); /* keys are open */
    BASE_SECRET_AUTO key = {0};
    BASE_SECRET_AUTO held = {0}; /* the shares */
    uint8_t id[32];
    unsigned char numbers[KEYSPLIT_CUSTODIANS_MAX];
    if (base_secret_alloc(&key, SEAL_KEY_BYTES) != GALEN_OK ||
        base_secret_alloc(&held, n * SEAL_KEY_BYTES) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    uint8_t(*shares)[SEAL_KEY_BYTES] = (void *)held.data;
    base_random(key.data, key.len);
    base_random(id, sizeof id);
    for (size_t i = 0; i < n; i++)
        numbers[i] = (unsigned char)(i + 1); /* 0 would be the key itself */
    gfshare_fill_rand = fill_random;
    gfshare_ctx *split = gfshare_ctx_init_enc(numbers, (unsigned)n, (unsigned char)threshold,
                                              SEAL_KEY_BYTES);
    if (split == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    gfshare_ctx_enc_setsecret(split, key.data);
    for (size_t i = 0; i < n; i++)
        gfshare_ctx_enc_getshare(split, (unsigned char)i, shares[i]);
    gfshare_ctx_free(split);

    RECORD_JSON_AUTO header = NULL;
    RECORD_JSON_AUTO made = NULL;
    BASE_BUF_AUTO payload = {0};
    GALEN_TRY(make_header(wf, &header, identity, id, threshold, custodians, n,
                          (const uint8_t(*)[SEAL_KEY_BYTES])shares, info));
    GALEN_TRY(seal_secrets(wf, &payload, header, identity, key.data, info));
    GALEN_TRY(workflow_array(&made, info));
    for (size_t i = 0; i < n; i++) {
        struct workflow_contact contact;
        RECORD_JSON_AUTO file = NULL;
        GALEN_TRY(workflow_contact_get(wf, &contact, &custodians[i], info));
        GALEN_TRY(make_file(&file, header, (char *)payload.data, (unsigned)i + 1, shares[i],
                            &contact.encryption, info));
        GALEN_TRY(workflow_push(made, &file, info));
    }
    *files = made;
    made = NULL;
    return GALEN_OK;
}

/* ---- handing over ------------------------------------------------------------------------------- */

enum galen_err workflow_keysplit_open(struct workflow *wf, struct json_object *file,
                                      const struct chain_address *reader,
                                      struct json_object **handed_over, struct galen_errinfo *info)
{
    struct part part = {0};
    struct chain_address custodian;
    struct workflow_contact contact;
    struct json_object *custodians = NULL;
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO share = {0};
    bool own = false;
    GALEN_TRY(read_file(&part, file, info));
    GALEN_TRY(record_json_get_array(&custodians, part.header, "custodians", RECORD_JSON_REQUIRED, 2,
                                    KEYSPLIT_CUSTODIANS_MAX, "/header", info));
    const char *text =
        json_object_get_string(json_object_array_get_idx(custodians, part.number - 1));
    GALEN_TRY(chain_address_parse(&custodian, text != NULL ? text : "", info));
    GALEN_TRY(workflow_is_own(wf, &own, NULL, &custodian, info));
    if (!own)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "this share is for %s, who is not of this home",
                         text);
    GALEN_TRY(workflow_contact_get(wf, &contact, reader, info));
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &custodian, info));
    if (base_secret_alloc(&share, SEAL_KEY_BYTES) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(open_share(share.data, &part, &jwk, info));
    return make_file(handed_over, part.header, part.payload, part.number, share.data,
                     &contact.encryption, info);
}

/* ---- combining ---------------------------------------------------------------------------------- */

/* PREFIX-ADDRESS or PREFIX-HASH; nothing that this home has is replaced: whoever makes a split
 * names what is in it. */
static enum galen_err check_secret(struct workflow *wf, const char *name,
                                   const struct base_buf *bytes, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO held = {0};
    size_t prefix = strspn(name, "abcdefghijklmnopqrstuvwxyz");
    size_t digits = name[prefix] == '-' ? strspn(name + prefix + 1, "0123456789abcdef") : 0;
    if (prefix == 0 || (digits != 40 && digits != 64) || name[prefix + 1 + digits] != '\0')
        return base_fail(info, GALEN_ERR_PARSE, "/secrets: not a secret's name");
    enum galen_err err = seal_keystore_get(&held, wf->keys, name, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_OK;
    GALEN_TRY(err);
    /* The same one: of a restoring that was cut off. */
    return held.len == bytes->len && base_equal_ct(held.data, bytes->data, held.len)
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_EXISTS, "this home has another secret of that name");
}

/* All of them twice: first looked at, then put. */
static enum galen_err put_secrets(struct workflow *wf, struct json_object *secrets,
                                  struct galen_errinfo *info)
{
    for (int puts = 0; puts < 2; puts++) {
        json_object_object_foreach(secrets, name, value)
        {
            BASE_BUF_AUTO bytes = {0};
            if (!json_object_is_type(value, json_type_string))
                return base_fail(info, GALEN_ERR_PARSE, "/secrets: no text");
            GALEN_TRY(base_hex_decode_buf(&bytes, SEAL_SECRET_MAX, json_object_get_string(value),
                                          "a secret", info));
            GALEN_TRY(puts ? seal_keystore_put(wf->keys, name, bytes.data, bytes.len, info)
                           : check_secret(wf, name, &bytes, info));
        }
    }
    return GALEN_OK;
}

/* CHECK unless the wallet is the account's; *is_browser: there is none, but the key that signs
 * messages for one that is in a browser. */
static enum galen_err check_wallet(struct json_object *secrets, const struct chain_address *address,
                                   bool *is_browser, struct galen_errinfo *info)
{
    char hex[41];
    char wallet_name[64];
    char node_name[64];
    const char *text = NULL;
    BASE_SECRET_AUTO bytes = {0};
    CHAIN_KEY_AUTO wallet = {0};
    base_hex_encode(hex, address->bytes, 20);
    snprintf(wallet_name, sizeof wallet_name, WORKFLOW_KEY_WALLET "-%s", hex);
    snprintf(node_name, sizeof node_name, WORKFLOW_KEY_NODE "-%s", hex);
    *is_browser = json_object_object_get_ex(secrets, node_name, NULL) &&
                  !json_object_object_get_ex(secrets, wallet_name, NULL);
    if (*is_browser)
        return GALEN_OK;
    GALEN_TRY(record_json_get_text(&text, secrets, wallet_name, RECORD_JSON_REQUIRED, 66,
                                   "/secrets", info));
    if (base_secret_alloc(&bytes, 32) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(base_hex_decode(bytes.data, 32, text, "the wallet", info));
    GALEN_TRY(chain_key_from_bytes(&wallet, bytes.data, info));
    if (!chain_address_equal(&wallet.address, address))
        return base_fail(info, GALEN_ERR_CHECK, "the wallet is not that account's");
    return GALEN_OK;
}

/* Keys first, row last: what is cut off leaves unused keys, never an identity without them. */
static enum galen_err put_identity(struct workflow *wf, struct json_object *secrets,
                                   const struct chain_address *address, const char *name,
                                   const char *role, struct galen_errinfo *info)
{
    bool is_browser = false;
    GALEN_TRY(workflow_identity_check_new(wf, address, name, role, info));
    GALEN_TRY(check_wallet(secrets, address, &is_browser, info));
    GALEN_TRY(put_secrets(wf, secrets, info));
    return workflow_identity_add_row(wf, address, name, role, is_browser, false, info);
}

/* The payload under the combined key; its context must be the header without the payload's hash. */
static enum galen_err open_payload(struct workflow *wf, const struct part *part,
                                   const uint8_t key[SEAL_KEY_BYTES], struct json_object **result,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO context = {0};
    RECORD_JSON_AUTO header = NULL;
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO made = NULL;
    struct json_object *secrets = NULL;
    const char *name = NULL;
    const char *role = NULL;
    GALEN_TRY(record_json_copy(&header, part->header, info));
    json_object_object_del(header, "payload");
    GALEN_TRY(record_json_jcs(&context, header, info));
    const struct base_view sealed = {(const uint8_t *)part->payload, strlen(part->payload)};
    GALEN_TRY(seal_open_object(&text, sealed, key, (char *)context.data, info));
    GALEN_TRY(record_json_parse(&json, (char *)text.data, text.len, SEAL_OBJECT_MAX, info));
    GALEN_TRY(record_json_check_type(json, TYPE_SECRETS, info));
    GALEN_TRY(record_json_get_object(&secrets, json, "secrets", RECORD_JSON_REQUIRED, "", info));
    GALEN_TRY(
        record_json_get_text(&name, header, "name", RECORD_JSON_REQUIRED, 64, "/header", info));
    GALEN_TRY(
        record_json_get_text(&role, header, "role", RECORD_JSON_REQUIRED, 16, "/header", info));
    GALEN_TRY(put_identity(wf, secrets, &part->address, name, role, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "address", &part->address, info));
    GALEN_TRY(workflow_set_text(made, "name", name, info));
    GALEN_TRY(workflow_set_text(made, "role", role, info));
    GALEN_TRY(workflow_set_int(made, "secrets", json_object_object_length(secrets), info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* Shares of one split, no two alike. */
static enum galen_err check_together(const struct part *parts, const char *const *names, size_t n,
                                     struct galen_errinfo *info)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            if (!json_object_equal(parts[i].header, parts[j].header))
                return base_fail(info, GALEN_ERR_CHECK,
                                 "%s and %s are of different splits, or one was altered", names[j],
                                 names[i]);
            if (parts[i].number == parts[j].number)
                return base_fail(info, GALEN_ERR_USAGE, "%s and %s hold the same share", names[j],
                                 names[i]);
        }
    if (n < (size_t)parts[0].threshold) {
        base_fail(info, GALEN_ERR_STATE, "these are %zu of the %lld shares that are needed", n,
                  (long long)parts[0].threshold);
        (void)base_hint(info, "ask more custodians to hand their shares over");
        return GALEN_ERR_STATE;
    }
    return GALEN_OK;
}

enum galen_err workflow_keysplit_combine(struct workflow *wf, const struct chain_address *reader,
                                         struct json_object *const *files, const char *const *names,
                                         size_t n, struct json_object **result,
                                         struct galen_errinfo *info)
{
    struct part parts[KEYSPLIT_CUSTODIANS_MAX] = {0};
    unsigned char numbers[KEYSPLIT_CUSTODIANS_MAX];
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO shares = {0};
    BASE_SECRET_AUTO key = {0};
    if (n == 0 || n > KEYSPLIT_CUSTODIANS_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "1 to %d files", KEYSPLIT_CUSTODIANS_MAX);
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, reader, info));
    if (base_secret_alloc(&shares, n * SEAL_KEY_BYTES) != GALEN_OK ||
        base_secret_alloc(&key, SEAL_KEY_BYTES) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        enum galen_err err = read_file(&parts[i], files[i], info);
        if (err == GALEN_OK)
            err = open_share(shares.data + i * SEAL_KEY_BYTES, &parts[i], &jwk, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s", names[i]);
        numbers[i] = (unsigned char)parts[i].number;
    }
    GALEN_TRY(check_together(parts, names, n, info));
    gfshare_fill_rand = fill_random; /* wipes what it frees with it */
    unsigned used = (unsigned)parts[0].threshold;
    gfshare_ctx *join = gfshare_ctx_init_dec(numbers, used, SEAL_KEY_BYTES);
    if (join == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (unsigned i = 0; i < used; i++)
        gfshare_ctx_dec_giveshare(join, (unsigned char)i, shares.data + i * SEAL_KEY_BYTES);
    gfshare_ctx_dec_extract(join, key.data);
    gfshare_ctx_free(join);
    return open_payload(wf, &parts[0], key.data, result, info);
}
