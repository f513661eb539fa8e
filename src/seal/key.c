/*
 * Encryption keys: P-256 JWKs. JSON by jansson, the curve by OpenSSL, generation by libjose.
 */
#include "seal/internal.h"

#include <jose/jwk.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define JWK_MAX 1024

/* Made once: that takes longer than most of what is done with it. Read alone from then on. NULL:
 * out of memory. */
static EC_GROUP *the_curve;

static void make_curve(void)
{
    the_curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

static const EC_GROUP *curve(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    GALEN_ASSERT(pthread_once(&once, make_curve) == 0);
    return the_curve;
}

static void free_point(EC_POINT **point)
{
    EC_POINT_clear_free(*point);
}

static void free_number(BIGNUM **number)
{
    BN_clear_free(*number);
}

static void free_scratch(BN_CTX **scratch)
{
    BN_CTX_free(*scratch);
}

/* Refuses coordinates that are not reduced, points off the curve, and d outside [1, n-1] or not
 * the point's. d32 may be NULL. *good is the verdict. */
static enum galen_err check_point(bool *good, const struct seal_public_key *pub, const uint8_t *d32,
                                  struct galen_errinfo *info)
{
    const EC_GROUP *group = curve();
    GALEN_CLEANUP(free_point) EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    GALEN_CLEANUP(free_scratch) BN_CTX *scratch = BN_CTX_secure_new();
    if (point == NULL || scratch == NULL)
        return seal_nomem(info);
    uint8_t octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(octets + 1, pub->x32, 32);
    memcpy(octets + 33, pub->y32, 32);
    *good = EC_POINT_oct2point(group, point, octets, sizeof octets, scratch) == 1;
    if (!*good || d32 == NULL)
        return GALEN_OK;
    GALEN_CLEANUP(free_number) BIGNUM *d = BN_secure_new();
    GALEN_CLEANUP(free_point) EC_POINT *again = EC_POINT_new(group);
    if (d == NULL || again == NULL || BN_bin2bn(d32, 32, d) == NULL)
        return seal_nomem(info);
    BN_set_flags(d, BN_FLG_CONSTTIME);
    if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0) {
        *good = false;
        return GALEN_OK;
    }
    if (EC_POINT_mul(group, again, d, NULL, NULL, scratch) != 1)
        return base_fail(info, GALEN_ERR_INTERNAL, "P-256 multiplication failed");
    *good = EC_POINT_cmp(group, point, again, scratch) == 0;
    return GALEN_OK;
}

/* Public with d32 NULL, private otherwise: exactly those members. */
static enum galen_err read_jwk(struct seal_public_key *pub, uint8_t *d32, const json_t *jwk,
                               struct galen_errinfo *info)
{
    const char *what = d32 != NULL ? "private encryption key" : "public encryption key";
    if (!json_is_object(jwk))
        return base_fail(info, GALEN_ERR_PARSE, "%s is not a JSON object", what);
    if (d32 == NULL && json_object_get(jwk, "d") != NULL)
        return base_fail(info, GALEN_ERR_PARSE, "a private key stands where a public one belongs");
    if (!seal_view_is(seal_json_text(jwk, "kty"), "EC") ||
        !seal_view_is(seal_json_text(jwk, "crv"), "P-256"))
        return base_fail(info, GALEN_ERR_PARSE, "%s is not of kty EC, crv P-256", what);
    struct seal_public_key read;
    if (json_object_size(jwk) != (d32 != NULL ? 5u : 4u) ||
        !seal_b64_decode(read.x32, 32, seal_json_text(jwk, "x")) ||
        !seal_b64_decode(read.y32, 32, seal_json_text(jwk, "y")) ||
        (d32 != NULL && !seal_b64_decode(d32, 32, seal_json_text(jwk, "d"))))
        return base_fail(info, GALEN_ERR_PARSE,
                         "%s needs crv, kty, x, y%s, 32 bytes each in base64url, and nothing else",
                         what, d32 != NULL ? ", d" : "");
    bool good = false;
    GALEN_TRY(check_point(&good, &read, d32, info));
    if (!good)
        return base_fail(info, GALEN_ERR_PARSE, "%s is not a valid P-256 key", what);
    *pub = read;
    return GALEN_OK;
}

enum galen_err seal_public_from_json(struct seal_public_key *pub, const json_t *jwk,
                                     struct galen_errinfo *info)
{
    return read_jwk(pub, NULL, jwk, info);
}

enum galen_err seal_public_parse(struct seal_public_key *pub, struct base_view jwk,
                                 struct galen_errinfo *info)
{
    if (jwk.len > JWK_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "encryption key is longer than %d bytes", JWK_MAX);
    json_auto_t *value = seal_json_parse(jwk);
    return seal_public_from_json(pub, value, info);
}

/* d32: secret. */
static enum galen_err parse_private(struct seal_public_key *pub, uint8_t d32[32],
                                    const struct base_secret *private_jwk,
                                    struct galen_errinfo *info)
{
    if (private_jwk->len > JWK_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "encryption key is longer than %d bytes", JWK_MAX);
    json_auto_t *value = seal_json_parse((struct base_view){private_jwk->data, private_jwk->len});
    return read_jwk(pub, d32, value, info);
}

enum galen_err seal_key_public(struct seal_public_key *pub, const struct base_secret *private_jwk,
                               struct galen_errinfo *info)
{
    uint8_t d32[32];
    enum galen_err err = parse_private(pub, d32, private_jwk, info);
    base_wipe(d32, sizeof d32);
    return err;
}

static enum galen_err agree(uint8_t z32[32], const uint8_t d32[32],
                            const struct seal_public_key *other, struct galen_errinfo *info)
{
    const EC_GROUP *group = curve();
    GALEN_CLEANUP(free_point) EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    GALEN_CLEANUP(free_point) EC_POINT *shared = group != NULL ? EC_POINT_new(group) : NULL;
    GALEN_CLEANUP(free_scratch) BN_CTX *scratch = BN_CTX_secure_new();
    GALEN_CLEANUP(free_number) BIGNUM *d = BN_secure_new();
    GALEN_CLEANUP(free_number) BIGNUM *x = BN_secure_new();
    if (point == NULL || shared == NULL || scratch == NULL || d == NULL || x == NULL ||
        BN_bin2bn(d32, 32, d) == NULL)
        return seal_nomem(info);
    BN_set_flags(d, BN_FLG_CONSTTIME);
    uint8_t octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(octets + 1, other->x32, 32);
    memcpy(octets + 33, other->y32, 32);
    /* The curve has prime order: a point on it has none but that. */
    if (EC_POINT_oct2point(group, point, octets, sizeof octets, scratch) != 1 ||
        EC_POINT_mul(group, shared, NULL, point, d, scratch) != 1 ||
        EC_POINT_is_at_infinity(group, shared) == 1 ||
        EC_POINT_get_affine_coordinates(group, shared, x, NULL, scratch) != 1 ||
        BN_bn2binpad(x, z32, 32) != 32)
        return base_fail(info, GALEN_ERR_CHECK, "the keys do not go together");
    return GALEN_OK;
}

enum galen_err seal_key_agree(uint8_t z32[32], const struct base_secret *private_jwk,
                              const struct seal_public_key *other, struct galen_errinfo *info)
{
    struct seal_public_key own;
    uint8_t d32[32];
    enum galen_err err = parse_private(&own, d32, private_jwk, info);
    if (err == GALEN_OK)
        err = agree(z32, d32, other, info);
    base_wipe(d32, sizeof d32);
    return err;
}

static void encode_coordinate(char out[SEAL_B64_TEXT(32) + 1], const uint8_t bytes32[32])
{
    sodium_bin2base64(out, SEAL_B64_TEXT(32) + 1, bytes32, 32,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void seal_public_encode(char out[SEAL_PUBLIC_JWK_TEXT], const struct seal_public_key *pub)
{
    char x[SEAL_B64_TEXT(32) + 1];
    char y[SEAL_B64_TEXT(32) + 1];
    encode_coordinate(x, pub->x32);
    encode_coordinate(y, pub->y32);
    int len = snprintf(out, SEAL_PUBLIC_JWK_TEXT,
                       "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    GALEN_ASSERT(len > 0 && len < SEAL_PUBLIC_JWK_TEXT);
}

void seal_public_thumbprint(uint8_t out32[32], const struct seal_public_key *pub)
{
    char text[SEAL_PUBLIC_JWK_TEXT];
    seal_public_encode(text, pub);
    crypto_hash_sha256(out32, (const uint8_t *)text, strlen(text));
}

enum galen_err seal_key_generate(struct base_secret *private_jwk, struct seal_public_key *pub,
                                 struct galen_errinfo *info)
{
    seal_json_ready();
    json_auto_t *jwk = json_pack("{s:s,s:s}", "kty", "EC", "crv", "P-256");
    if (jwk == NULL)
        return seal_nomem(info);
    if (!jose_jwk_gen(NULL, jwk))
        return base_fail(info, GALEN_ERR_INTERNAL, "libjose could not make a key");
    uint8_t d32[32];
    struct seal_public_key made;
    /* libjose may note uses in key_ops; what we keep has the five members alone. */
    json_auto_t *five = json_pack("{s:O,s:O,s:O,s:O,s:O}", "crv", json_object_get(jwk, "crv"), "d",
                                  json_object_get(jwk, "d"), "kty", json_object_get(jwk, "kty"),
                                  "x", json_object_get(jwk, "x"), "y", json_object_get(jwk, "y"));
    enum galen_err err = read_jwk(&made, d32, five, info);
    base_wipe(d32, sizeof d32);
    if (err != GALEN_OK)
        return base_wrap(info, GALEN_ERR_INTERNAL, "libjose made an odd key");
    BASE_BUF_AUTO text = {0};
    BASE_SECRET_AUTO kept = {0};
    if (seal_json_append(&text, five) != GALEN_OK ||
        base_secret_copy(&kept, text.data, text.len) != GALEN_OK)
        return seal_nomem(info);
    base_secret_clear(private_jwk);
    *private_jwk = kept;
    kept = (struct base_secret){0};
    if (pub != NULL)
        *pub = made;
    return GALEN_OK;
}
