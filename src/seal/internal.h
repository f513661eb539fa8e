/* What the files of seal share: JSON (jansson, which stays in this folder), base64url, the JWE. */
#ifndef GALEN_SEAL_INTERNAL_H
#define GALEN_SEAL_INTERNAL_H

#include "seal/seal.h"

#include <jansson.h>

/* json-c exports a json_object_get, too, and the link order decides which one a program calls. What
 * comes out is borrowed; NULL when there is no such member, or no object. */
static inline json_t *seal_json_member(const json_t *object, const char *name)
{
    json_t *value = NULL;
    (void)!json_unpack((json_t *)object, "{s?o}", name, &value);
    return value;
}
#define json_object_get seal_json_member

/* ---- json.c -------------------------------------------------------------------------------- */

/* Before any use of jansson or libjose: makes jansson wipe what it frees. Any number of times. */
void seal_json_ready(void);
enum galen_err seal_nomem(struct galen_errinfo *info);
/* Strict: one object, no duplicate member, nothing after it, no U+0000. NULL when it is not that.
 */
json_t *seal_json_parse(struct base_view text);
/* Sorted and without spaces; JCS for what this module reads (ASCII names, no fractions). */
enum galen_err seal_json_append(struct base_buf *out, const json_t *value);
/* The member as text without NUL; {NULL, 0} when it is missing or no string. */
struct base_view seal_json_text(const json_t *object, const char *name);
/* USAGE unless text is a JSON object's canonical text of at most max bytes. */
enum galen_err seal_json_check_canonical(const char *text, size_t max, const char *what,
                                         struct galen_errinfo *info);

bool seal_view_is(struct base_view view, const char *text);

/* Unpadded base64url. */
#define SEAL_B64_TEXT(bytes) (((bytes)*4 + 2) / 3)
enum galen_err seal_b64_append(struct base_buf *out, const void *data, size_t len);
/* Exactly len bytes in their one canonical text; false otherwise, and out is then unspecified. */
bool seal_b64_decode(uint8_t *out, size_t len, struct base_view text);
/* The same, faster, of what is no secret: its time tells what the characters are. */
bool seal_b64_decode_public(uint8_t *out, size_t len, struct base_view text);
/* Whether text is canonical; *bytes receives what it decodes to. */
bool seal_b64_check(size_t *bytes, struct base_view text);

/* ---- key.c --------------------------------------------------------------------------------- */

/* PARSE unless it is exactly a public P-256 JWK. */
enum galen_err seal_public_from_json(struct seal_public_key *pub, const json_t *jwk,
                                     struct galen_errinfo *info);
/* ECDH: z32, secret, is the shared point's x. */
enum galen_err seal_key_agree(uint8_t z32[32], const struct base_secret *private_jwk,
                              const struct seal_public_key *other, struct galen_errinfo *info);

/* ---- jwe.c --------------------------------------------------------------------------------- */

#define SEAL_PAD_OBJECT 4096
#define SEAL_PAD_KEY    512
#define SEAL_PAD_EVEN   16384     /* the least size of what is padded to a power of two */
#define SEAL_EVEN_MAX   (1 << 19) /* what is longer would not fit then */

enum seal_kind { SEAL_TO_PERSON, SEAL_UNDER_KEY };

/* A JWE's five parts, base64url text, borrowed; epk out of the header, when it is to a person. */
struct seal_parts {
    struct base_view header;
    struct base_view encrypted_key;
    struct base_view iv;
    struct base_view ciphertext;
    struct base_view tag;
    struct seal_public_key ephemeral;
};

/* The allow-list, before anything is decrypted: header members, lengths, canonical text. Fills in
 * ephemeral. */
enum galen_err seal_parts_check(struct seal_parts *parts, enum seal_kind kind, const char *typ,
                                size_t pad, struct galen_errinfo *info);
/* Takes compact text apart; the parts are still to be checked. */
enum galen_err seal_parts_split(struct seal_parts *parts, struct base_view compact, size_t max,
                                struct galen_errinfo *info);

/* Encrypts padded JSON under key32 (NULL: a fresh one); *jwe receives protected, iv, ciphertext,
 * tag, and to a reader (NULL for none) encrypted_key. The caller decrefs it. */
enum galen_err seal_jwe_encrypt(json_t **jwe, const char *typ, const struct seal_public_key *reader,
                                const uint8_t key32[SEAL_KEY_BYTES], struct base_view plaintext,
                                size_t pad, struct galen_errinfo *info);
enum galen_err seal_jwe_append_compact(struct base_buf *out, const json_t *jwe, size_t max,
                                       struct galen_errinfo *info);
/* The content key of checked parts; the caller wipes it, after a failure too. */
enum galen_err seal_jwe_unwrap(uint8_t key32[SEAL_KEY_BYTES], const struct seal_parts *parts,
                               const struct base_secret *private_jwk, struct galen_errinfo *info);
/* Checked parts to plaintext without its padding, which replaces out. */
enum galen_err seal_jwe_decrypt(struct base_buf *out, const struct seal_parts *parts,
                                const uint8_t key32[SEAL_KEY_BYTES], size_t pad,
                                struct galen_errinfo *info);
/* All of it, of a compact JWE to a person. */
enum galen_err seal_jwe_open(struct base_buf *out, struct base_view compact, size_t max,
                             const char *typ, size_t pad, const struct base_secret *private_jwk,
                             struct galen_errinfo *info);
/* CHECK unless the plaintext's member "context" is context; NULL is no question. */
enum galen_err seal_check_context(struct base_view plaintext, const char *context,
                                  struct galen_errinfo *info);

/* ---- keystore.c ---------------------------------------------------------------------------- */

#define SEAL_NONCE_BYTES 24
#define SEAL_MAC_BYTES   16
#define SEAL_SALT_BYTES  16

/* master.json */
struct seal_master {
    struct seal_kdf_cost cost; /* within its bounds */
    uint8_t salt[SEAL_SALT_BYTES];
    uint8_t nonce[SEAL_NONCE_BYTES];
    uint8_t sealed[SEAL_KEY_BYTES + SEAL_MAC_BYTES];
};
enum galen_err seal_master_parse(struct seal_master *master, struct base_view text,
                                 struct galen_errinfo *info);

/* keystore.c: within the bounds of seal_kdf_cost; USAGE when it or the password is not. */
bool seal_cost_is_good(struct seal_kdf_cost cost);
enum galen_err seal_check_new_password(struct base_view password, struct seal_kdf_cost cost,
                                       struct galen_errinfo *info);

#endif
