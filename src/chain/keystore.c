/*
 * Web3 Secret Storage, version 3: a wallet key under a password, as geth, MetaMask and ethers read
 * and write it. scrypt or PBKDF2 gives 32 bytes: the first half is the AES-128-CTR key, the second
 * half goes into the MAC, keccak256(second half ‖ ciphertext).
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "chain/internal.h"

enum {
    DERIVED = 32,
    HALF = 16,
    IV = 16,
    SALT = 32,
    SALT_MAX = 64,
    MAC = 32,
    ROUNDS_MAX = 4000000,
};
#define SCRYPT_MEMORY_MAX ((uint64_t)512 << 20)
#define SCRYPT_WORK_MAX   ((uint64_t)1 << 22)

enum kdf { KDF_SCRYPT, KDF_PBKDF2 };

/* What a keystore holds beside its address. */
struct keystore {
    enum kdf kdf;
    struct chain_keystore_cost scrypt;
    uint32_t rounds;
    uint8_t salt[SALT_MAX];
    size_t salt_len;
    uint8_t iv[IV], ciphertext[32], mac[MAC];
};

static enum galen_err check_cost(const struct chain_keystore_cost *cost, struct galen_errinfo *info)
{
    uint64_t n = cost->n, r = cost->r, p = cost->p;
    if (n < 2 || (n & (n - 1)) != 0 || r == 0 || p == 0)
        return base_fail(info, GALEN_ERR_LIMIT,
                         "scrypt's N must be a power of two, r and p at least 1");
    /* r and p first, so that the products cannot wrap. */
    if (n > 1 << 20 || r > SCRYPT_WORK_MAX || p > SCRYPT_WORK_MAX / r ||
        128 * n * r > SCRYPT_MEMORY_MAX || n * r * p > SCRYPT_WORK_MAX)
        return base_fail(info, GALEN_ERR_LIMIT,
                         "the keystore asks for more work or memory than is allowed (N %u, r %u, "
                         "p %u)",
                         cost->n, cost->r, cost->p);
    return GALEN_OK;
}

/* 32 secret bytes into derived. */
static enum galen_err derive(struct base_secret *derived, const struct keystore *keystore,
                             const void *password, size_t password_len, struct galen_errinfo *info)
{
    GALEN_TRY(base_secret_alloc(derived, DERIVED));
    if (password_len > INT32_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the password is too long");
    const char *text = password_len == 0 ? "" : password;
    bool done;
    if (keystore->kdf == KDF_SCRYPT) {
        const struct chain_keystore_cost *cost = &keystore->scrypt;
        /* libsodium's, since OpenSSL refuses N ≥ 2^(16·r), which the definition's own vector has.
         */
        done = crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)text, password_len,
                                                     keystore->salt, keystore->salt_len, cost->n,
                                                     cost->r, cost->p, derived->data, DERIVED) == 0;
    } else {
        done = PKCS5_PBKDF2_HMAC(text, (int)password_len, keystore->salt, (int)keystore->salt_len,
                                 (int)keystore->rounds, EVP_sha256(), DERIVED, derived->data) == 1;
    }
    if (!done)
        return base_fail(info, GALEN_ERR_INTERNAL,
                         "the keystore's key could not be derived: not enough memory?");
    return GALEN_OK;
}

/* AES-128-CTR, the same both ways. */
static enum galen_err crypt(uint8_t out[32], const uint8_t in[32], const uint8_t key[HALF],
                            const uint8_t iv[IV], struct galen_errinfo *info)
{
    int len = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool done = cipher != NULL &&
                EVP_EncryptInit_ex2(cipher, EVP_aes_128_ctr(), key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(cipher, out, &len, in, 32) == 1 && len == 32;
    EVP_CIPHER_CTX_free(cipher);
    return done ? GALEN_OK : base_fail(info, GALEN_ERR_INTERNAL, "OpenSSL's AES-128-CTR failed");
}

static void compute_mac(uint8_t mac[MAC], const struct base_secret *derived,
                        const uint8_t ciphertext[32])
{
    uint8_t bytes[HALF + 32];
    memcpy(bytes, derived->data + HALF, HALF);
    memcpy(bytes + HALF, ciphertext, 32);
    chain_keccak256(mac, bytes, sizeof bytes);
    base_wipe(bytes, sizeof bytes);
}

static void random_uuid(char out[37])
{
    uint8_t bytes[16];
    char hex[33];
    base_random(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* RFC 4122's variant */
    base_hex_encode(hex, bytes, sizeof bytes);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static enum galen_err print(struct base_buf *out, const struct keystore *keystore,
                            const struct chain_address *address)
{
    char owner[41], id[37], iv[2 * IV + 1], ciphertext[65], salt[2 * SALT + 1], mac[2 * MAC + 1];
    base_hex_encode(owner, address->bytes, sizeof address->bytes);
    random_uuid(id);
    base_hex_encode(iv, keystore->iv, IV);
    base_hex_encode(ciphertext, keystore->ciphertext, 32);
    base_hex_encode(salt, keystore->salt, SALT);
    base_hex_encode(mac, keystore->mac, MAC);
    return base_buf_printf(
        out,
        "{\"version\":3,\"id\":\"%s\",\"address\":\"%s\",\"crypto\":{\"cipher\":\"aes-128-ctr\","
        "\"cipherparams\":{\"iv\":\"%s\"},\"ciphertext\":\"%s\",\"kdf\":\"scrypt\",\"kdfparams\":{"
        "\"dklen\":32,\"n\":%u,\"r\":%u,\"p\":%u,\"salt\":\"%s\"},\"mac\":\"%s\"}}\n",
        id, owner, iv, ciphertext, keystore->scrypt.n, keystore->scrypt.r, keystore->scrypt.p, salt,
        mac);
}

enum galen_err chain_keystore_export(struct base_buf *json, const struct chain_key *key,
                                     const void *password, size_t password_len,
                                     struct chain_keystore_cost cost, struct galen_errinfo *info)
{
    GALEN_ASSERT(key->secret.len == 32);
    struct keystore keystore = {.kdf = KDF_SCRYPT, .scrypt = cost, .salt_len = SALT};
    BASE_SECRET_AUTO derived = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(check_cost(&cost, info));
    base_random(keystore.salt, SALT);
    base_random(keystore.iv, IV);
    GALEN_TRY(derive(&derived, &keystore, password, password_len, info));
    GALEN_TRY(crypt(keystore.ciphertext, key->secret.data, derived.data, keystore.iv, info));
    compute_mac(keystore.mac, &derived, keystore.ciphertext);
    GALEN_TRY(print(&text, &keystore, &key->address));
    base_buf_move(json, &text);
    return GALEN_OK;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static enum galen_err bad(struct galen_errinfo *info, const char *name)
{
    return base_fail(info, GALEN_ERR_PARSE, "the keystore has no proper '%s'", name);
}

/* A member's text, or NULL when it is no string. */
static const char *text_of(json_object *object, const char *name)
{
    json_object *value = chain_json_member(object, name);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static enum galen_err read_hex(uint8_t *out, size_t len, json_object *object, const char *name,
                               struct galen_errinfo *info)
{
    const char *text = text_of(object, name);
    if (text == NULL || base_hex_decode(out, len, text, name, NULL) != GALEN_OK)
        return bad(info, name);
    return GALEN_OK;
}

static enum galen_err read_number(uint32_t *out, json_object *object, const char *name,
                                  struct galen_errinfo *info)
{
    json_object *value = chain_json_member(object, name);
    if (!json_object_is_type(value, json_type_int))
        return bad(info, name);
    int64_t number = json_object_get_int64(value);
    if (number < 0 || number > UINT32_MAX)
        return bad(info, name);
    *out = (uint32_t)number;
    return GALEN_OK;
}

static enum galen_err read_salt(struct keystore *keystore, json_object *params,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO salt = {0};
    const char *text = text_of(params, "salt");
    if (text == NULL || base_hex_decode_buf(&salt, SALT_MAX, text, "salt", NULL) != GALEN_OK ||
        salt.len == 0)
        return bad(info, "salt");
    memcpy(keystore->salt, salt.data, salt.len);
    keystore->salt_len = salt.len;
    return GALEN_OK;
}

static enum galen_err read_kdf(struct keystore *keystore, json_object *crypto,
                               struct galen_errinfo *info)
{
    json_object *params = chain_json_member(crypto, "kdfparams");
    const char *kdf = text_of(crypto, "kdf");
    uint32_t derived_len = 0;
    if (kdf == NULL)
        return bad(info, "kdf");
    GALEN_TRY(read_number(&derived_len, params, "dklen", info));
    if (derived_len != DERIVED)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the keystore's dklen is not 32");
    GALEN_TRY(read_salt(keystore, params, info));

    if (strcmp(kdf, "scrypt") == 0) {
        keystore->kdf = KDF_SCRYPT;
        GALEN_TRY(read_number(&keystore->scrypt.n, params, "n", info));
        GALEN_TRY(read_number(&keystore->scrypt.r, params, "r", info));
        GALEN_TRY(read_number(&keystore->scrypt.p, params, "p", info));
        return check_cost(&keystore->scrypt, info);
    }
    if (strcmp(kdf, "pbkdf2") != 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED,
                         "the keystore's key derivation is neither scrypt nor pbkdf2");
    keystore->kdf = KDF_PBKDF2;
    GALEN_TRY(read_number(&keystore->rounds, params, "c", info));
    if (keystore->rounds == 0 || keystore->rounds > ROUNDS_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the keystore's rounds are not 1 to %d",
                         ROUNDS_MAX);
    const char *prf = text_of(params, "prf");
    if (prf == NULL || strcmp(prf, "hmac-sha256") != 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the keystore's prf is not hmac-sha256");
    return GALEN_OK;
}

static enum galen_err read_keystore(struct keystore *keystore, json_object *json,
                                    struct galen_errinfo *info)
{
    uint32_t version = 0;
    GALEN_TRY(read_number(&version, json, "version", info));
    if (version != 3)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the keystore's version is %u, not 3",
                         version);
    json_object *crypto = chain_json_member(json, "crypto");
    if (crypto == NULL)
        crypto = chain_json_member(json, "Crypto"); /* as older wallets wrote it */
    const char *cipher = text_of(crypto, "cipher");
    if (cipher == NULL)
        return bad(info, "cipher");
    if (strcmp(cipher, "aes-128-ctr") != 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the keystore's cipher is not aes-128-ctr");
    GALEN_TRY(read_hex(keystore->iv, IV, chain_json_member(crypto, "cipherparams"), "iv", info));
    GALEN_TRY(read_hex(keystore->ciphertext, 32, crypto, "ciphertext", info));
    GALEN_TRY(read_hex(keystore->mac, MAC, crypto, "mac", info));
    return read_kdf(keystore, crypto, info);
}

static enum galen_err open_keystore(struct chain_key *key, const struct keystore *keystore,
                                    const void *password, size_t password_len,
                                    struct galen_errinfo *info)
{
    BASE_SECRET_AUTO derived = {0};
    BASE_SECRET_AUTO secret = {0};
    uint8_t mac[MAC];
    GALEN_TRY(derive(&derived, keystore, password, password_len, info));
    compute_mac(mac, &derived, keystore->ciphertext);
    if (!base_equal_ct(mac, keystore->mac, sizeof mac))
        return base_fail(info, GALEN_ERR_PASSWORD,
                         "the password is wrong, or the keystore is damaged");
    GALEN_TRY(base_secret_alloc(&secret, 32));
    GALEN_TRY(crypt(secret.data, keystore->ciphertext, derived.data, keystore->iv, info));
    return chain_key_from_bytes(key, secret.data, info);
}

enum galen_err chain_keystore_import(struct chain_key *key, const char *json, size_t json_len,
                                     const void *password, size_t password_len,
                                     struct galen_errinfo *info)
{
    if (json_len > CHAIN_KEYSTORE_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the keystore is larger than %d bytes",
                         CHAIN_KEYSTORE_MAX);
    CHAIN_JSON_AUTO object = NULL;
    if (chain_json_parse(&object, json, json_len) != GALEN_OK ||
        !json_object_is_type(object, json_type_object))
        return base_fail(info, GALEN_ERR_PARSE, "the keystore is not a JSON object");

    struct keystore keystore = {0};
    CHAIN_KEY_AUTO made = {0};
    struct chain_address address;
    bool has_address = chain_json_member(object, "address") != NULL;
    GALEN_TRY(read_keystore(&keystore, object, info));
    if (has_address)
        GALEN_TRY(read_hex(address.bytes, sizeof address.bytes, object, "address", info));
    GALEN_TRY(open_keystore(&made, &keystore, password, password_len, info));
    if (has_address && !chain_address_equal(&address, &made.address))
        return base_fail(info, GALEN_ERR_CHECK,
                         "the key in the keystore is not that of the address it names");
    chain_key_clear(key);
    *key = made;
    made = (struct chain_key){0};
    return GALEN_OK;
}
