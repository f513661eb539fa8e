/* Wallet keys on libsecp256k1: generating, signing, recovering, and the addresses of releases. */
#include <pthread.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <string.h>

#include "chain/chain.h"

/* One context for the process: const after its blinding, hence shared by all threads. */
static secp256k1_context *shared_context;

static void make_context(void)
{
    uint8_t seed[32];
    shared_context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    base_random(seed, sizeof seed);
    int randomized = secp256k1_context_randomize(shared_context, seed);
    base_wipe(seed, sizeof seed);
    GALEN_ASSERT(randomized == 1);
}

static const secp256k1_context *context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    GALEN_ASSERT(pthread_once(&once, make_context) == 0);
    return shared_context;
}

static void address_of_point(struct chain_address *out, const secp256k1_pubkey *point)
{
    uint8_t bytes[65], hash[32];
    size_t len = sizeof bytes;
    secp256k1_ec_pubkey_serialize(context(), bytes, &len, point, SECP256K1_EC_UNCOMPRESSED);
    chain_keccak256(hash, bytes + 1, 64);
    memcpy(out->bytes, hash + 12, sizeof out->bytes);
}

void chain_key_clear(struct chain_key *key)
{
    if (key == NULL)
        return;
    base_secret_clear(&key->secret);
    key->address = (struct chain_address){0};
}

enum galen_err chain_key_from_bytes(struct chain_key *key, const uint8_t secret32[32],
                                    struct galen_errinfo *info)
{
    secp256k1_pubkey point;
    struct chain_key made = {0};
    if (!secp256k1_ec_pubkey_create(context(), &point, secret32))
        return base_fail(info, GALEN_ERR_PARSE, "not a secp256k1 secret key");
    if (base_secret_copy(&made.secret, secret32, 32) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "no guarded memory for a key");
    address_of_point(&made.address, &point);
    chain_key_clear(key);
    *key = made;
    return GALEN_OK;
}

enum galen_err chain_key_generate(struct chain_key *key, struct galen_errinfo *info)
{
    uint8_t secret[32];
    do
        base_random(secret, sizeof secret);
    while (!secp256k1_ec_seckey_verify(context(), secret));
    enum galen_err err = chain_key_from_bytes(key, secret, info);
    base_wipe(secret, sizeof secret);
    return err;
}

enum galen_err chain_key_copy(struct chain_key *key, const struct chain_key *from,
                              struct galen_errinfo *info)
{
    GALEN_ASSERT(from->secret.len == 32);
    return key == from ? GALEN_OK : chain_key_from_bytes(key, from->secret.data, info);
}

enum galen_err chain_key_public(const struct chain_key *key, uint8_t out33[CHAIN_PUBLIC_KEY_BYTES],
                                struct galen_errinfo *info)
{
    GALEN_ASSERT(key->secret.len == 32);
    secp256k1_pubkey point;
    size_t len = CHAIN_PUBLIC_KEY_BYTES;
    if (!secp256k1_ec_pubkey_create(context(), &point, key->secret.data))
        return base_fail(info, GALEN_ERR_INTERNAL, "libsecp256k1 refuses its own key");
    secp256k1_ec_pubkey_serialize(context(), out33, &len, &point, SECP256K1_EC_COMPRESSED);
    return GALEN_OK;
}

static enum galen_err parse_point(secp256k1_pubkey *point, const uint8_t public33[33],
                                  struct galen_errinfo *info)
{
    if (!secp256k1_ec_pubkey_parse(context(), point, public33, CHAIN_PUBLIC_KEY_BYTES))
        return base_fail(info, GALEN_ERR_PARSE, "not a compressed secp256k1 public key");
    return GALEN_OK;
}

enum galen_err chain_address_of_public_key(struct chain_address *out,
                                           const uint8_t public33[CHAIN_PUBLIC_KEY_BYTES],
                                           struct galen_errinfo *info)
{
    secp256k1_pubkey point;
    GALEN_TRY(parse_point(&point, public33, info));
    address_of_point(out, &point);
    return GALEN_OK;
}

enum galen_err chain_key_sign(const struct chain_key *key, const uint8_t digest32[32],
                              uint8_t sig65[CHAIN_SIGNATURE_BYTES], struct galen_errinfo *info)
{
    GALEN_ASSERT(key->secret.len == 32);
    secp256k1_ecdsa_recoverable_signature signature;
    int recovery_id = 0;
    /* libsecp256k1 signs with a low s. */
    if (!secp256k1_ecdsa_sign_recoverable(context(), &signature, digest32, key->secret.data, NULL,
                                          NULL))
        return base_fail(info, GALEN_ERR_INTERNAL, "libsecp256k1 could not sign");
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), sig65, &recovery_id,
                                                            &signature);
    sig65[64] = (uint8_t)(27 + recovery_id);
    return GALEN_OK;
}

enum galen_err chain_recover(struct chain_address *signer, const uint8_t digest32[32],
                             const uint8_t sig65[CHAIN_SIGNATURE_BYTES], struct galen_errinfo *info)
{
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey point;
    if (sig65[64] != 27 && sig65[64] != 28)
        return base_fail(info, GALEN_ERR_CHECK, "the signature's last byte is not 27 or 28");
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &recoverable, sig65,
                                                             sig65[64] - 27))
        return base_fail(info, GALEN_ERR_CHECK, "the signature's r or s is out of range");
    secp256k1_ecdsa_recoverable_signature_convert(context(), &plain, &recoverable);
    if (secp256k1_ecdsa_signature_normalize(context(), NULL, &plain))
        return base_fail(info, GALEN_ERR_CHECK, "the signature's s is in the upper half");
    if (!secp256k1_ecdsa_recover(context(), &point, &recoverable, digest32))
        return base_fail(info, GALEN_ERR_CHECK, "the signature belongs to no key");
    address_of_point(signer, &point);
    return GALEN_OK;
}

void chain_verify(bool *valid, const struct chain_address *signer, const uint8_t digest32[32],
                  const uint8_t sig65[CHAIN_SIGNATURE_BYTES])
{
    struct chain_address recovered;
    *valid = chain_recover(&recovered, digest32, sig65, NULL) == GALEN_OK &&
             chain_address_equal(&recovered, signer);
}

static void release_tweak(uint8_t tweak32[32], const uint8_t release_seed32[32])
{
    static const char label[] = "galen/release-addr/1";
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_hash_sha256_update(&state, release_seed32, 32);
    crypto_hash_sha256_final(&state, tweak32);
    base_wipe(&state, sizeof state);
}

enum galen_err chain_release_address(struct chain_address *out,
                                     const uint8_t sale33[CHAIN_PUBLIC_KEY_BYTES],
                                     const uint8_t release_seed32[32], struct galen_errinfo *info)
{
    secp256k1_pubkey point;
    uint8_t tweak[32];
    GALEN_TRY(parse_point(&point, sale33, info));
    release_tweak(tweak, release_seed32);
    int added = secp256k1_ec_pubkey_tweak_add(context(), &point, tweak);
    base_wipe(tweak, sizeof tweak);
    if (!added)
        return base_fail(info, GALEN_ERR_CHECK, "this release seed does not go with the sale key");
    address_of_point(out, &point);
    return GALEN_OK;
}

enum galen_err chain_release_key(struct chain_key *out, const struct chain_key *sale_key,
                                 const uint8_t release_seed32[32], struct galen_errinfo *info)
{
    GALEN_ASSERT(sale_key->secret.len == 32);
    uint8_t tweak[32], secret[32];
    release_tweak(tweak, release_seed32);
    memcpy(secret, sale_key->secret.data, sizeof secret);
    enum galen_err err;
    if (secp256k1_ec_seckey_tweak_add(context(), secret, tweak))
        err = chain_key_from_bytes(out, secret, info);
    else
        err = base_fail(info, GALEN_ERR_CHECK, "this release seed does not go with the sale key");
    base_wipe(tweak, sizeof tweak);
    base_wipe(secret, sizeof secret);
    return err;
}
