/*
 * The one JWE core: allow-list check, padding; encryption by libjose. What comes in is opened with
 * OpenSSL's primitives: there are only two forms of it, libjose decrypts byte by byte, and it would
 * follow a header wherever it leads (zip, PBES2 with any count, other recipients).
 */
#include "seal/internal.h"

#include <jose/cfg.h>
#include <jose/io.h>
#include <jose/jwe.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define HEADER_TEXT_MAX 1024
#define TYP_MAX         64
#define IV_BYTES        12
#define TAG_BYTES       16
#define WRAPPED_BYTES   40 /* RFC 3394: 32 + 8 */

/* Without a configuration of its own libjose prints its errors. */
static void keep_quiet(void *misc, const char *file, int line, uint64_t err, const char *format,
                       va_list args)
{
}

static jose_cfg_t *quiet_config(void)
{
    jose_cfg_t *config = jose_cfg();
    if (config != NULL)
        jose_cfg_set_err_func(config, keep_quiet, NULL);
    return config;
}

/* ---- the allow-list ------------------------------------------------------------------------ */

/* The allow-list; ephemeral (only of what is to a person) receives epk. */
static enum galen_err check_header(struct seal_public_key *ephemeral, struct base_view text,
                                   enum seal_kind kind, const char *typ, struct galen_errinfo *info)
{
    uint8_t bytes[HEADER_TEXT_MAX];
    size_t len = text.len * 3 / 4;
    if (text.len > HEADER_TEXT_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "JWE header is longer than %d characters",
                         HEADER_TEXT_MAX);
    if (!seal_b64_decode(bytes, len, text))
        return base_fail(info, GALEN_ERR_PARSE, "JWE header is not base64url");
    json_auto_t *header = seal_json_parse((struct base_view){bytes, len});
    if (header == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "JWE header is not a JSON object");
    if (!seal_view_is(seal_json_text(header, "alg"),
                      kind == SEAL_TO_PERSON ? "ECDH-ES+A256KW" : "dir") ||
        !seal_view_is(seal_json_text(header, "enc"), "A256GCM"))
        return base_fail(info, GALEN_ERR_PARSE, "JWE header's alg and enc are not %s and A256GCM",
                         kind == SEAL_TO_PERSON ? "ECDH-ES+A256KW" : "dir");
    if (json_object_size(header) != (kind == SEAL_TO_PERSON ? 4u : 3u) ||
        seal_json_text(header, "typ").data == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "JWE header has other members than alg, enc, typ%s",
                         kind == SEAL_TO_PERSON ? ", epk" : "");
    if (kind == SEAL_TO_PERSON) {
        enum galen_err err = seal_public_from_json(ephemeral, json_object_get(header, "epk"), info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "JWE header's epk");
    }
    if (!seal_view_is(seal_json_text(header, "typ"), typ))
        return base_fail(info, GALEN_ERR_CHECK, "JWE is of another type than %s", typ);
    return GALEN_OK;
}

static bool is_bytes(struct base_view text, size_t len)
{
    size_t bytes = 0;
    return seal_b64_check(&bytes, text) && bytes == len;
}

enum galen_err seal_parts_check(struct seal_parts *parts, enum seal_kind kind, const char *typ,
                                size_t pad, struct galen_errinfo *info)
{
    GALEN_TRY(check_header(&parts->ephemeral, parts->header, kind, typ, info));
    if (!is_bytes(parts->encrypted_key, kind == SEAL_TO_PERSON ? WRAPPED_BYTES : 0))
        return base_fail(info, GALEN_ERR_PARSE, "JWE encrypted key is malformed");
    if (!is_bytes(parts->iv, IV_BYTES) || !is_bytes(parts->tag, TAG_BYTES))
        return base_fail(info, GALEN_ERR_PARSE, "JWE iv or tag is malformed");
    size_t bytes = 0;
    if (!seal_b64_check(&bytes, parts->ciphertext) || bytes == 0 || bytes % pad != 0)
        return base_fail(info, GALEN_ERR_PARSE,
                         "JWE ciphertext is malformed or not padded to %zu bytes", pad);
    return GALEN_OK;
}

enum galen_err seal_parts_split(struct seal_parts *parts, struct base_view compact, size_t max,
                                struct galen_errinfo *info)
{
    if (compact.len > max)
        return base_fail(info, GALEN_ERR_LIMIT, "JWE is longer than %zu bytes", max);
    if (compact.len == 0)
        return base_fail(info, GALEN_ERR_PARSE, "JWE is empty");
    struct base_view *const order[] = {&parts->header, &parts->encrypted_key, &parts->iv,
                                       &parts->ciphertext, &parts->tag};
    const uint8_t *at = compact.data;
    const uint8_t *end = compact.data + compact.len;
    for (size_t i = 0; i < 5; i++) {
        const uint8_t *dot = memchr(at, '.', (size_t)(end - at));
        if ((dot == NULL) != (i == 4))
            return base_fail(info, GALEN_ERR_PARSE, "JWE has not five parts");
        if (dot == NULL)
            dot = end;
        *order[i] = (struct base_view){at, (size_t)(dot - at)};
        at = dot + 1;
    }
    return GALEN_OK;
}

/* ---- padding ------------------------------------------------------------------------------- */

static enum galen_err pad_plaintext(struct base_buf *out, struct base_view plaintext, size_t pad,
                                    struct galen_errinfo *info)
{
    if (plaintext.len < 2 || plaintext.data[0] != '{' || plaintext.data[plaintext.len - 1] != '}')
        return base_fail(info, GALEN_ERR_USAGE, "what is sealed must be a JSON object");
    size_t padded = (plaintext.len + pad - 1) / pad * pad;
    if (base_buf_reserve(out, padded) != GALEN_OK)
        return seal_nomem(info);
    memcpy(out->data, plaintext.data, plaintext.len);
    memset(out->data + plaintext.len, ' ', padded - plaintext.len);
    out->len = padded;
    out->data[padded] = 0;
    return GALEN_OK;
}

/* n bytes, padded to the least power of two that there is for them (seal_object_evenly)? */
static bool is_even(size_t n, size_t padded)
{
    return padded >= SEAL_PAD_EVEN && (padded & (padded - 1)) == 0 &&
           (padded == SEAL_PAD_EVEN || n > padded / 2);
}

/* The tag holds by now; a wrong form is the writer's fault. Further blocks of spaces but for an
 * even size would be another padding of the same plaintext, so they are refused. */
static enum galen_err strip_padding(size_t *len, const uint8_t *data, size_t padded, size_t pad,
                                    struct galen_errinfo *info)
{
    size_t n = padded;
    while (n > 0 && data[n - 1] == ' ')
        n--;
    if (n < 2 || data[0] != '{' || data[n - 1] != '}' ||
        (padded - n >= pad && (pad != SEAL_PAD_OBJECT || !is_even(n, padded))))
        return base_fail(info, GALEN_ERR_PARSE, "what was sealed is not a padded JSON object");
    *len = n;
    return GALEN_OK;
}

/* ---- encryption ---------------------------------------------------------------------------- */

/* All of the input; the output goes where io was told to. jose_jwe_enc_cek and _dec_cek would grow
 * it byte by byte and leave unwiped copies behind. */
static bool pump(jose_io_t *io, const uint8_t *in, size_t len)
{
    return io->feed(io, in, len) && io->done(io);
}

static json_t *content_key(const uint8_t key32[SEAL_KEY_BYTES])
{
    BASE_BUF_AUTO text = {0};
    if (seal_b64_append(&text, key32, SEAL_KEY_BYTES) != GALEN_OK)
        return NULL;
    return json_pack("{s:s,s:s,s:s}", "kty", "oct", "alg", "A256GCM", "k", (char *)text.data);
}

static bool typ_is_good(const char *typ)
{
    size_t len = strnlen(typ, TYP_MAX + 1);
    return len > 0 && len <= TYP_MAX &&
           strspn(typ, "abcdefghijklmnopqrstuvwxyz0123456789./-") == len;
}

/* The recipient's part. libjose leaves epk in the recipient's own header; it goes into the
 * protected one, where the tag covers it and compact form has room for it. */
static enum galen_err wrap_to(jose_cfg_t *config, json_t *jwe, json_t *protected,
                              const struct seal_public_key *reader, json_t *cek,
                              struct galen_errinfo *info)
{
    char text[SEAL_PUBLIC_JWK_TEXT];
    seal_public_encode(text, reader);
    json_auto_t *jwk = seal_json_parse((struct base_view){(uint8_t *)text, strlen(text)});
    if (jwk == NULL)
        return seal_nomem(info);
    struct seal_public_key ephemeral;
    if (!jose_jwe_enc_jwk(config, jwe, NULL, jwk, cek))
        return base_fail(info, GALEN_ERR_INTERNAL, "libjose could not wrap a key");
    const json_t *epk = json_object_get(json_object_get(jwe, "header"), "epk");
    enum galen_err err = seal_public_from_json(&ephemeral, epk, info);
    if (err != GALEN_OK)
        return base_wrap(info, GALEN_ERR_INTERNAL, "libjose's epk");
    json_auto_t *copy = json_deep_copy(epk);
    if (copy == NULL || json_object_set(protected, "epk", copy) != 0 ||
        json_object_del(jwe, "header") != 0)
        return seal_nomem(info);
    return GALEN_OK;
}

enum galen_err seal_jwe_encrypt(json_t **jwe, const char *typ, const struct seal_public_key *reader,
                                const uint8_t key32[SEAL_KEY_BYTES], struct base_view plaintext,
                                size_t pad, struct galen_errinfo *info)
{
    seal_json_ready();
    if (!typ_is_good(typ))
        return base_fail(info, GALEN_ERR_USAGE, "message type is not 1 to %d of a-z 0-9 . / -",
                         TYP_MAX);
    /* Ciphertext grows by a third; far too much is refused before any work. */
    if (plaintext.len > SEAL_OBJECT_MAX / 4 * 3)
        return base_fail(info, GALEN_ERR_LIMIT, "more to seal than fits into %d bytes",
                         SEAL_OBJECT_MAX);
    BASE_BUF_AUTO padded = {0};
    GALEN_TRY(pad_plaintext(&padded, plaintext, pad, info));
    GALEN_CLEANUP(jose_cfg_auto) jose_cfg_t *config = quiet_config();
    uint8_t fresh32[SEAL_KEY_BYTES];
    base_random(fresh32, sizeof fresh32);
    json_auto_t *cek = content_key(key32 != NULL ? key32 : fresh32);
    base_wipe(fresh32, sizeof fresh32);
    json_auto_t *made = json_pack("{s:{s:s,s:s,s:s}}", "protected", "alg",
                                  reader != NULL ? "ECDH-ES+A256KW" : "dir", "enc", "A256GCM",
                                  "typ", typ);
    if (config == NULL || cek == NULL || made == NULL)
        return seal_nomem(info);
    if (reader != NULL)
        GALEN_TRY(wrap_to(config, made, json_object_get(made, "protected"), reader, cek, info));
    BASE_BUF_AUTO bytes = {0};
    BASE_BUF_AUTO text = {0};
    if (base_buf_reserve(&bytes, padded.len) != GALEN_OK)
        return seal_nomem(info);
    bytes.len = padded.len;
    GALEN_CLEANUP(jose_io_auto) jose_io_t *out = jose_io_buffer(config, bytes.data, &bytes.len);
    GALEN_CLEANUP(jose_io_auto)
    jose_io_t *in = out != NULL ? jose_jwe_enc_cek_io(config, made, cek, out) : NULL;
    if (in == NULL || !pump(in, padded.data, padded.len) || bytes.len != padded.len)
        return base_fail(info, GALEN_ERR_INTERNAL, "libjose could not encrypt");
    if (seal_b64_append(&text, bytes.data, bytes.len) != GALEN_OK ||
        json_object_set_new(made, "ciphertext", json_string((char *)text.data)) != 0)
        return seal_nomem(info);
    *jwe = json_incref(made);
    return GALEN_OK;
}

enum galen_err seal_jwe_append_compact(struct base_buf *out, const json_t *jwe, size_t max,
                                       struct galen_errinfo *info)
{
    static const char *const order[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag"};
    BASE_BUF_AUTO text = {0};
    for (size_t i = 0; i < 5; i++) {
        struct base_view part = seal_json_text(jwe, order[i]);
        if (base_buf_append(&text, ".", i > 0 ? 1 : 0) != GALEN_OK ||
            base_buf_append(&text, part.data, part.len) != GALEN_OK)
            return seal_nomem(info);
    }
    if (text.len > max)
        return base_fail(info, GALEN_ERR_LIMIT, "sealed it takes %zu bytes, the maximum is %zu",
                         text.len, max);
    return base_buf_append(out, text.data, text.len) == GALEN_OK ? GALEN_OK : seal_nomem(info);
}

/* ---- decryption ---------------------------------------------------------------------------- */

static void free_cipher(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

/* RFC 7518, 4.6: the one round of the Concat KDF that 256 bits take; no PartyUInfo, no PartyVInfo.
 */
static void derive_kek(uint8_t kek32[SEAL_KEY_BYTES], const uint8_t z32[32])
{
    static const uint8_t counter[4] = {0, 0, 0, 1};
    static const uint8_t other[] = "\0\0\0\x0e"
                                   "ECDH-ES+A256KW"
                                   "\0\0\0\0"
                                   "\0\0\0\0"
                                   "\0\0\1";
    _Static_assert(sizeof other == 4 + 14 + 4 + 4 + 4, "the last NUL is the last of 256's bytes");
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, counter, sizeof counter);
    crypto_hash_sha256_update(&state, z32, 32);
    crypto_hash_sha256_update(&state, other, sizeof other);
    crypto_hash_sha256_final(&state, kek32);
    base_wipe(&state, sizeof state);
}

/* RFC 3394; its integrity check is the verdict. */
static bool unwrap(uint8_t key32[SEAL_KEY_BYTES], const uint8_t wrapped[WRAPPED_BYTES],
                   const uint8_t kek32[SEAL_KEY_BYTES])
{
    GALEN_CLEANUP(free_cipher) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int n = 0;
    if (cipher == NULL)
        return false;
    EVP_CIPHER_CTX_set_flags(cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    return EVP_DecryptInit_ex2(cipher, EVP_aes_256_wrap(), kek32, NULL, NULL) == 1 &&
           EVP_DecryptUpdate(cipher, key32, &n, wrapped, WRAPPED_BYTES) == 1 && n == SEAL_KEY_BYTES;
}

enum galen_err seal_jwe_unwrap(uint8_t key32[SEAL_KEY_BYTES], const struct seal_parts *parts,
                               const struct base_secret *private_jwk, struct galen_errinfo *info)
{
    uint8_t z32[32], kek32[SEAL_KEY_BYTES], wrapped[WRAPPED_BYTES];
    GALEN_TRY(seal_key_agree(z32, private_jwk, &parts->ephemeral, info));
    derive_kek(kek32, z32);
    base_wipe(z32, sizeof z32);
    bool good = seal_b64_decode(wrapped, sizeof wrapped, parts->encrypted_key) &&
                unwrap(key32, wrapped, kek32);
    base_wipe(kek32, sizeof kek32);
    return good ? GALEN_OK
                : base_fail(info, GALEN_ERR_CHECK, "JWE is not to this key, or was altered");
}

/* AES-256-GCM over the bytes in place; what is authenticated besides is the header's text. */
static bool decrypt(struct base_buf *bytes, const struct seal_parts *parts,
                    const uint8_t key32[SEAL_KEY_BYTES])
{
    GALEN_CLEANUP(free_cipher) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t iv[IV_BYTES], tag[TAG_BYTES];
    int n = 0;
    return cipher != NULL && seal_b64_decode(iv, sizeof iv, parts->iv) &&
           seal_b64_decode(tag, sizeof tag, parts->tag) &&
           EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key32, iv, NULL) == 1 &&
           EVP_DecryptUpdate(cipher, NULL, &n, parts->header.data, (int)parts->header.len) == 1 &&
           EVP_DecryptUpdate(cipher, bytes->data, &n, bytes->data, (int)bytes->len) == 1 &&
           (size_t)n == bytes->len &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
           EVP_DecryptFinal_ex(cipher, bytes->data + n, &n) == 1;
}

enum galen_err seal_jwe_decrypt(struct base_buf *out, const struct seal_parts *parts,
                                const uint8_t key32[SEAL_KEY_BYTES], size_t pad,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    size_t len = parts->ciphertext.len * 3 / 4;
    GALEN_ASSERT(parts->ciphertext.len <= SEAL_OBJECT_MAX);
    if (base_buf_reserve(&bytes, len) != GALEN_OK)
        return seal_nomem(info);
    bytes.len = len;
    /* The tag is checked last; until then plaintext stays in here. */
    if (!seal_b64_decode_public(bytes.data, len, parts->ciphertext) ||
        !decrypt(&bytes, parts, key32))
        return base_fail(info, GALEN_ERR_CHECK, "JWE does not open: altered, or another key");
    GALEN_TRY(strip_padding(&bytes.len, bytes.data, len, pad, info));
    bytes.data[bytes.len] = 0;
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err seal_jwe_open(struct base_buf *out, struct base_view compact, size_t max,
                             const char *typ, size_t pad, const struct base_secret *private_jwk,
                             struct galen_errinfo *info)
{
    struct seal_parts parts;
    GALEN_TRY(seal_parts_split(&parts, compact, max, info));
    GALEN_TRY(seal_parts_check(&parts, SEAL_TO_PERSON, typ, pad, info));
    uint8_t key32[SEAL_KEY_BYTES];
    enum galen_err err = seal_jwe_unwrap(key32, &parts, private_jwk, info);
    if (err == GALEN_OK)
        err = seal_jwe_decrypt(out, &parts, key32, pad, info);
    base_wipe(key32, sizeof key32);
    return err;
}

enum galen_err seal_check_context(struct base_view plaintext, const char *context,
                                  struct galen_errinfo *info)
{
    if (context == NULL)
        return GALEN_OK;
    GALEN_TRY(seal_json_check_canonical(context, SEAL_CONTEXT_MAX, "context", info));
    json_auto_t *value = seal_json_parse(plaintext);
    if (value == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "what was sealed is not a JSON object");
    const json_t *member = json_object_get(value, "context");
    BASE_BUF_AUTO text = {0};
    if (json_is_object(member) && seal_json_append(&text, member) != GALEN_OK)
        return seal_nomem(info);
    if (text.len == 0 || !seal_view_is((struct base_view){text.data, text.len}, context))
        return base_fail(info, GALEN_ERR_CHECK, "it was sealed for another purpose or person");
    return GALEN_OK;
}
