/* The record envelope: a flattened JSON JWE (RFC 7516, 7.2.2) with CERT beside it. */
#include "seal/internal.h"

enum galen_err seal_envelope(struct base_buf *out, const struct seal_public_key *patient,
                             const uint8_t k_patient32[SEAL_KEY_BYTES], struct base_view cert,
                             struct base_view plaintext, struct galen_errinfo *info)
{
    uint8_t sig362[SEAL_SIGNATURE_BYTES];
    BASE_BUF_AUTO eid = {0};
    GALEN_TRY(seal_cert_parse(sig362, &eid, cert, info));
    json_auto_t *jwe = NULL;
    GALEN_TRY(seal_jwe_encrypt(&jwe, SEAL_TYP_ENVELOPE, patient, k_patient32, plaintext,
                               SEAL_PAD_OBJECT, info));
    json_t *outside = seal_json_parse(cert);
    BASE_BUF_AUTO text = {0};
    /* The pack takes outside over, in failure too. */
    json_t *unprotected = json_pack("{s:o}", "cert", outside);
    if (unprotected == NULL || json_object_set_new(jwe, "unprotected", unprotected) != 0 ||
        seal_json_append(&text, jwe) != GALEN_OK)
        return seal_nomem(info);
    if (text.len > SEAL_OBJECT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "the envelope takes %zu bytes, the maximum is %d",
                         text.len, SEAL_OBJECT_MAX);
    base_buf_move(out, &text);
    return GALEN_OK;
}

/* *jwe keeps what parts and cert borrow; the caller decrefs it. */
static enum galen_err open_outside(json_t **jwe, struct seal_parts *parts, struct base_buf *cert,
                                   struct base_view envelope, struct galen_errinfo *info)
{
    if (envelope.len > SEAL_OBJECT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "envelope is larger than %d bytes",
                         SEAL_OBJECT_MAX);
    json_auto_t *value = seal_json_parse(envelope);
    const json_t *unprotected = json_object_get(value, "unprotected");
    const json_t *outside = json_object_get(unprotected, "cert");
    *parts = (struct seal_parts){
        .header = seal_json_text(value, "protected"),
        .encrypted_key = seal_json_text(value, "encrypted_key"),
        .iv = seal_json_text(value, "iv"),
        .ciphertext = seal_json_text(value, "ciphertext"),
        .tag = seal_json_text(value, "tag"),
    };
    if (json_object_size(value) != 6 || json_object_size(unprotected) != 1 ||
        parts->header.data == NULL || parts->encrypted_key.data == NULL || parts->iv.data == NULL ||
        parts->ciphertext.data == NULL || parts->tag.data == NULL)
        return base_fail(info, GALEN_ERR_PARSE,
                         "envelope is not a flattened JWE with cert alone outside");
    BASE_BUF_AUTO text = {0};
    if (!json_is_object(outside))
        return base_fail(info, GALEN_ERR_PARSE, "envelope's cert is not an object");
    if (seal_json_append(&text, outside) != GALEN_OK)
        return seal_nomem(info);
    uint8_t sig362[SEAL_SIGNATURE_BYTES];
    BASE_BUF_AUTO eid = {0};
    GALEN_TRY(seal_cert_parse(sig362, &eid, (struct base_view){text.data, text.len}, info));
    GALEN_TRY(seal_parts_check(parts, SEAL_TO_PERSON, SEAL_TYP_ENVELOPE, SEAL_PAD_OBJECT, info));
    *jwe = json_incref(value);
    if (cert != NULL)
        base_buf_move(cert, &text);
    return GALEN_OK;
}

enum galen_err seal_envelope_cert(struct base_buf *cert, struct base_view envelope,
                                  struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    struct seal_parts parts;
    return open_outside(&jwe, &parts, cert, envelope, info);
}

enum galen_err seal_open_envelope(struct base_buf *plaintext, struct base_secret *k_patient,
                                  struct base_view envelope, const struct base_secret *private_jwk,
                                  const char *context, struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    struct seal_parts parts;
    GALEN_TRY(open_outside(&jwe, &parts, NULL, envelope, info));
    BASE_SECRET_AUTO key = {0};
    if (base_secret_alloc(&key, SEAL_KEY_BYTES) != GALEN_OK)
        return seal_nomem(info);
    GALEN_TRY(seal_jwe_unwrap(key.data, &parts, private_jwk, info));
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(seal_jwe_decrypt(&text, &parts, key.data, SEAL_PAD_OBJECT, info));
    GALEN_TRY(seal_check_context((struct base_view){text.data, text.len}, context, info));
    base_buf_move(plaintext, &text);
    if (k_patient != NULL) {
        base_secret_clear(k_patient);
        *k_patient = key;
        key = (struct base_secret){0};
    }
    return GALEN_OK;
}

enum galen_err seal_open_envelope_with_key(struct base_buf *plaintext, struct base_view envelope,
                                           const uint8_t k_patient32[SEAL_KEY_BYTES],
                                           const char *context, struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    struct seal_parts parts;
    GALEN_TRY(open_outside(&jwe, &parts, NULL, envelope, info));
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(seal_jwe_decrypt(&text, &parts, k_patient32, SEAL_PAD_OBJECT, info));
    GALEN_TRY(seal_check_context((struct base_view){text.data, text.len}, context, info));
    base_buf_move(plaintext, &text);
    return GALEN_OK;
}
