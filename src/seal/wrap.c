/* Wrapped keys, objects under a key, messages to a person. */
#include "seal/internal.h"

#include <string.h>

/* JCS of {"context":…,"k":…,"type":"galen.key/1"} around the key. It is compared as bytes, which
 * no parser can read in two ways. */
#define KEY_MIDDLE ",\"k\":\""
#define KEY_END    "\",\"type\":\"" SEAL_TYP_KEY "\"}"

static enum galen_err key_head(struct base_buf *head, const char *context,
                               struct galen_errinfo *info)
{
    GALEN_TRY(seal_json_check_canonical(context, SEAL_CONTEXT_MAX, "context", info));
    if (base_buf_printf(head, "{\"context\":%s" KEY_MIDDLE, context) != GALEN_OK)
        return seal_nomem(info);
    return GALEN_OK;
}

enum galen_err seal_wrap_key(struct base_buf *out, const struct seal_public_key *reader,
                             const uint8_t key32[SEAL_KEY_BYTES], const char *context,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(key_head(&text, context, info));
    if (seal_b64_append(&text, key32, SEAL_KEY_BYTES) != GALEN_OK ||
        base_buf_append_text(&text, KEY_END) != GALEN_OK)
        return seal_nomem(info);
    json_auto_t *jwe = NULL;
    GALEN_TRY(seal_jwe_encrypt(&jwe, SEAL_TYP_KEY, reader, NULL,
                               (struct base_view){text.data, text.len}, SEAL_PAD_KEY, info));
    return seal_jwe_append_compact(out, jwe, SEAL_WRAPPED_MAX, info);
}

enum galen_err seal_unwrap_key(struct base_secret *key, struct base_view wrapped,
                               const struct base_secret *private_jwk, const char *context,
                               struct galen_errinfo *info)
{
    BASE_BUF_AUTO head = {0};
    GALEN_TRY(key_head(&head, context, info));
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(seal_jwe_open(&text, wrapped, SEAL_WRAPPED_MAX, SEAL_TYP_KEY, SEAL_PAD_KEY,
                            private_jwk, info));
    const size_t k_text = SEAL_B64_TEXT(SEAL_KEY_BYTES);
    const size_t tail = k_text + strlen(KEY_END);
    /* Whatever precedes the key is context: another one is another purpose. */
    if (text.len != head.len + tail || memcmp(text.data, head.data, head.len) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the key was wrapped for another purpose or person");
    BASE_SECRET_AUTO bytes = {0};
    if (base_secret_alloc(&bytes, SEAL_KEY_BYTES) != GALEN_OK)
        return seal_nomem(info);
    if (memcmp(text.data + head.len + k_text, KEY_END, strlen(KEY_END)) != 0 ||
        !seal_b64_decode(bytes.data, SEAL_KEY_BYTES,
                         (struct base_view){text.data + head.len, k_text}))
        return base_fail(info, GALEN_ERR_PARSE, "wrapped key is malformed");
    base_secret_clear(key);
    *key = bytes;
    bytes = (struct base_secret){0};
    return GALEN_OK;
}

enum galen_err seal_object(struct base_buf *out, const uint8_t key32[SEAL_KEY_BYTES],
                           struct base_view plaintext, struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    GALEN_TRY(
        seal_jwe_encrypt(&jwe, SEAL_TYP_OBJECT, NULL, key32, plaintext, SEAL_PAD_OBJECT, info));
    return seal_jwe_append_compact(out, jwe, SEAL_OBJECT_MAX, info);
}

enum galen_err seal_object_evenly(struct base_buf *out, const uint8_t key32[SEAL_KEY_BYTES],
                                  struct base_view plaintext, struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    size_t size = SEAL_PAD_EVEN;
    while (size < plaintext.len && size <= SEAL_EVEN_MAX)
        size *= 2;
    GALEN_TRY(seal_jwe_encrypt(&jwe, SEAL_TYP_OBJECT, NULL, key32, plaintext,
                               size <= SEAL_EVEN_MAX ? size : SEAL_PAD_OBJECT, info));
    return seal_jwe_append_compact(out, jwe, SEAL_OBJECT_MAX, info);
}

enum galen_err seal_open_object(struct base_buf *out, struct base_view sealed,
                                const uint8_t key32[SEAL_KEY_BYTES], const char *context,
                                struct galen_errinfo *info)
{
    struct seal_parts parts;
    GALEN_TRY(seal_parts_split(&parts, sealed, SEAL_OBJECT_MAX, info));
    GALEN_TRY(seal_parts_check(&parts, SEAL_UNDER_KEY, SEAL_TYP_OBJECT, SEAL_PAD_OBJECT, info));
    BASE_BUF_AUTO plaintext = {0};
    GALEN_TRY(seal_jwe_decrypt(&plaintext, &parts, key32, SEAL_PAD_OBJECT, info));
    GALEN_TRY(seal_check_context((struct base_view){plaintext.data, plaintext.len}, context, info));
    base_buf_move(out, &plaintext);
    return GALEN_OK;
}

enum galen_err seal_message(struct base_buf *out, const char *typ,
                            const struct seal_public_key *reader, struct base_view plaintext,
                            struct galen_errinfo *info)
{
    json_auto_t *jwe = NULL;
    GALEN_TRY(seal_jwe_encrypt(&jwe, typ, reader, NULL, plaintext, SEAL_PAD_OBJECT, info));
    return seal_jwe_append_compact(out, jwe, SEAL_OBJECT_MAX, info);
}

enum galen_err seal_open_message(struct base_buf *out, struct base_view sealed, const char *typ,
                                 const struct base_secret *private_jwk, const char *context,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO plaintext = {0};
    GALEN_TRY(seal_jwe_open(&plaintext, sealed, SEAL_OBJECT_MAX, typ, SEAL_PAD_OBJECT, private_jwk,
                            info));
    GALEN_TRY(seal_check_context((struct base_view){plaintext.data, plaintext.len}, context, info));
    base_buf_move(out, &plaintext);
    return GALEN_OK;
}

enum galen_err seal_check_message(struct base_view sealed, const char *typ,
                                  struct galen_errinfo *info)
{
    struct seal_parts parts;
    GALEN_TRY(seal_parts_split(&parts, sealed, SEAL_OBJECT_MAX, info));
    return seal_parts_check(&parts, SEAL_TO_PERSON, typ, SEAL_PAD_OBJECT, info);
}
