/*
 * CERT {eId, sig} and eId, the two managers' way to K_patient.
 *
 * eId = bytes of JWE_GM({"context":C,"hospital":H,"inner":JWE_RM({"context":C,"k":…,…}),
 * "type":"galen.eid/1"}), C = {"idrec":"0x…","patient":"0x…","type":"galen.eid/1"}.
 */
#include "seal/internal.h"

#include <string.h>

#define CERT_MAX (2 * (SEAL_EID_MAX + SEAL_SIGNATURE_BYTES) + 64)

/* ---- eId ----------------------------------------------------------------------------------- */

static enum galen_err eid_context(struct base_buf *out, const uint8_t idrec32[32],
                                  const char *patient, struct galen_errinfo *info)
{
    uint8_t address20[20];
    if (strnlen(patient, 43) != 42 || patient[0] != '0' || patient[1] != 'x' ||
        base_hex_decode(address20, sizeof address20, patient + 2, "patient", NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "patient is not an address (0x and 40 digits)");
    char idrec[65];
    base_hex_encode(idrec, idrec32, 32);
    if (base_buf_printf(out,
                        "{\"idrec\":\"0x%s\",\"patient\":\"%s\",\"type\":\"" SEAL_TYP_EID "\"}",
                        idrec, patient) != GALEN_OK)
        return seal_nomem(info);
    return GALEN_OK;
}

enum galen_err seal_make_eid(struct base_buf *out, const uint8_t idrec32[32], const char *patient,
                             const char *hospital, const uint8_t k_patient32[SEAL_KEY_BYTES],
                             const struct seal_public_key *gm, const struct seal_public_key *rm,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO inner = {0};
    BASE_BUF_AUTO outer = {0};
    BASE_BUF_AUTO sealed = {0};
    json_auto_t *jwe = NULL;
    GALEN_TRY(eid_context(&context, idrec32, patient, info));
    GALEN_TRY(seal_json_check_canonical(hospital, SEAL_HOSPITAL_MAX, "hospital", info));
    GALEN_TRY(seal_wrap_key(&inner, rm, k_patient32, (char *)context.data, info));
    if (base_buf_printf(&outer,
                        "{\"context\":%s,\"hospital\":%s,\"inner\":\"%s\",\"type\":\"" SEAL_TYP_EID
                        "\"}",
                        (char *)context.data, hospital, (char *)inner.data) != GALEN_OK)
        return seal_nomem(info);
    GALEN_TRY(seal_jwe_encrypt(&jwe, SEAL_TYP_EID, gm, NULL,
                               (struct base_view){outer.data, outer.len}, SEAL_PAD_OBJECT, info));
    GALEN_TRY(seal_jwe_append_compact(&sealed, jwe, SEAL_EID_MAX, info));
    base_buf_move(out, &sealed);
    return GALEN_OK;
}

enum galen_err seal_open_eid_outer(struct base_buf *hospital, struct base_buf *inner,
                                   struct base_view eid, const struct base_secret *gm_private_jwk,
                                   const uint8_t idrec32[32], const char *patient,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO outer = {0};
    GALEN_TRY(eid_context(&context, idrec32, patient, info));
    GALEN_TRY(seal_jwe_open(&outer, eid, SEAL_EID_MAX, SEAL_TYP_EID, SEAL_PAD_OBJECT,
                            gm_private_jwk, info));
    const struct base_view plaintext = {outer.data, outer.len};
    GALEN_TRY(seal_check_context(plaintext, (char *)context.data, info));
    json_auto_t *value = seal_json_parse(plaintext);
    const json_t *named = json_object_get(value, "hospital");
    struct base_view layer = seal_json_text(value, "inner");
    if (json_object_size(value) != 4 || !json_is_object(named) || layer.data == NULL ||
        !seal_view_is(seal_json_text(value, "type"), SEAL_TYP_EID))
        return base_fail(info, GALEN_ERR_PARSE, "eId's outer layer is malformed");
    BASE_BUF_AUTO hospital_text = {0};
    BASE_BUF_AUTO inner_text = {0};
    if (seal_json_append(&hospital_text, named) != GALEN_OK ||
        base_buf_append(&inner_text, layer.data, layer.len) != GALEN_OK)
        return seal_nomem(info);
    base_buf_move(hospital, &hospital_text);
    base_buf_move(inner, &inner_text);
    return GALEN_OK;
}

enum galen_err seal_open_eid_inner(struct base_secret *k_patient, struct base_view inner,
                                   const struct base_secret *rm_private_jwk,
                                   const uint8_t idrec32[32], const char *patient,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO context = {0};
    GALEN_TRY(eid_context(&context, idrec32, patient, info));
    return seal_unwrap_key(k_patient, inner, rm_private_jwk, (char *)context.data, info);
}

/* ---- CERT ---------------------------------------------------------------------------------- */

enum galen_err seal_cert_encode(struct base_buf *out, const uint8_t sig362[SEAL_SIGNATURE_BYTES],
                                struct base_view eid, struct galen_errinfo *info)
{
    if (eid.len == 0 || eid.len > SEAL_EID_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "eId is not 1 to %d bytes", SEAL_EID_MAX);
    BASE_BUF_AUTO text = {0};
    if (base_buf_append_text(&text, "{\"eId\":\"") != GALEN_OK ||
        base_hex_append(&text, eid.data, eid.len) != GALEN_OK ||
        base_buf_append_text(&text, "\",\"sig\":\"") != GALEN_OK ||
        base_hex_append(&text, sig362, SEAL_SIGNATURE_BYTES) != GALEN_OK ||
        base_buf_append_text(&text, "\"}") != GALEN_OK)
        return seal_nomem(info);
    base_buf_move(out, &text);
    return GALEN_OK;
}

/* "0x" and lower-case digits, appended as bytes. */
static enum galen_err read_hex(struct base_buf *out, struct base_view text, size_t max,
                               const char *what, struct galen_errinfo *info)
{
    if (text.len < 4 || memcmp(text.data, "0x", 2) != 0 ||
        strspn((const char *)text.data + 2, "0123456789abcdef") != text.len - 2)
        return base_fail(info, GALEN_ERR_PARSE, "%s is not 0x and lower-case hex", what);
    return base_hex_decode_buf(out, max, (const char *)text.data, what, info);
}

enum galen_err seal_cert_parse(uint8_t sig362[SEAL_SIGNATURE_BYTES], struct base_buf *eid,
                               struct base_view cert, struct galen_errinfo *info)
{
    if (cert.len > CERT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "CERT is longer than %d bytes", CERT_MAX);
    json_auto_t *value = seal_json_parse(cert);
    if (value == NULL || json_object_size(value) != 2)
        return base_fail(info, GALEN_ERR_PARSE, "CERT is not an object of eId and sig");
    BASE_BUF_AUTO sig = {0};
    BASE_BUF_AUTO id = {0};
    GALEN_TRY(
        read_hex(&sig, seal_json_text(value, "sig"), SEAL_SIGNATURE_BYTES, "CERT's sig", info));
    GALEN_TRY(read_hex(&id, seal_json_text(value, "eId"), SEAL_EID_MAX, "CERT's eId", info));
    if (sig.len != SEAL_SIGNATURE_BYTES)
        return base_fail(info, GALEN_ERR_PARSE, "CERT's sig is not %d bytes", SEAL_SIGNATURE_BYTES);
    memcpy(sig362, sig.data, SEAL_SIGNATURE_BYTES);
    base_buf_move(eid, &id);
    return GALEN_OK;
}
