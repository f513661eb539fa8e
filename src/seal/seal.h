/*
 * seal: encryption to people and under keys (JOSE), and the home's key store.
 *
 * Stands on libjose (JWE), OpenSSL (P-256, SHA-256) and libsodium (base64url, Argon2id,
 * XChaCha20-Poly1305). Every JWE is one of two kinds, and nothing else is accepted:
 *   to a person   alg ECDH-ES+A256KW, enc A256GCM, epk on P-256; protected header {alg,enc,epk,typ}
 *   under a key   alg dir, enc A256GCM;                          protected header {alg,enc,typ}
 * No kid, aad, zip, crit, apu, apv, nor more than one recipient. base64url is canonical: one set of
 * bytes has one text. A JWE is compact, but for the record envelope, which is flattened JSON.
 *
 * Plaintexts are JSON objects followed by spaces up to a multiple of 4096 bytes (512 for a wrapped
 * key), so that sizes tell little and any JOSE library's user can parse what comes out. The
 * padding is taken off exactly: a plaintext ends in '}', so the spaces after it are the padding.
 *
 * A context is a JSON object that says what a ciphertext is for (type, ids, owner, reader). It is
 * inside the plaintext, and who opens names the one expected. Context arguments are JCS text,
 * NUL-terminated, at most SEAL_CONTEXT_MAX bytes; text that is no canonical object is USAGE.
 *
 * Errors common to all: PARSE bytes from outside are not the object expected; LIMIT beyond a
 * maximum; CHECK tag or key wrap does not hold (altered, or the wrong key) or another context;
 * NOMEM; INTERNAL. On failure outputs are untouched, and no byte of a plaintext whose tag has not
 * been checked is released. Call base_init first. Functions without a keystore argument may run in
 * any thread.
 */
#ifndef GALEN_SEAL_H
#define GALEN_SEAL_H

#include "base/base.h"

#define SEAL_KEY_BYTES       32
#define SEAL_CONTEXT_MAX     4096
#define SEAL_OBJECT_MAX      (1024 * 1024) /* any JWE, as stored: one block */
#define SEAL_WRAPPED_MAX     8192          /* a wrapped key's text */
#define SEAL_HOSPITAL_MAX    8192
#define SEAL_EID_MAX         32768
#define SEAL_SIGNATURE_BYTES 362

/* What stands in the protected header as typ. */
#define SEAL_TYP_KEY      "galen.key/1"
#define SEAL_TYP_OBJECT   "galen.object/1" /* shares, bundles, … alike: storage is not to tell */
#define SEAL_TYP_ENVELOPE "galen.envelope/1"
#define SEAL_TYP_EID      "galen.eid/1"

/* ---- encryption keys ----------------------------------------------------------------------- */

/* A P-256 point that was found to be on the curve: comes only from the functions below. */
struct seal_public_key {
    uint8_t x32[32];
    uint8_t y32[32];
};

/* {"crv":"P-256","kty":"EC","x":"…","y":"…"} and NUL: JCS, and RFC 7638's thumbprint input. */
#define SEAL_PUBLIC_JWK_TEXT 128

/* Makes a key pair. private_jwk receives the private JWK (JCS text, without a NUL), pub (may be
 * NULL) the public half. What private_jwk held is wiped and freed. */
GALEN_MUST_CHECK enum galen_err seal_key_generate(struct base_secret *private_jwk,
                                                  struct seal_public_key *pub,
                                                  struct galen_errinfo *info);
/* The public half of a private JWK from outside. PARSE unless it has exactly the members crv, d,
 * kty, x, y, is of P-256, and d belongs to (x, y). */
GALEN_MUST_CHECK enum galen_err seal_key_public(struct seal_public_key *pub,
                                                const struct base_secret *private_jwk,
                                                struct galen_errinfo *info);
/* A public JWK from outside, at most 1 KiB. PARSE unless it has exactly the members crv, kty, x, y
 * (so a private key is refused), is of P-256, and lies on the curve. */
GALEN_MUST_CHECK enum galen_err seal_public_parse(struct seal_public_key *pub, struct base_view jwk,
                                                  struct galen_errinfo *info);
void seal_public_encode(char out[SEAL_PUBLIC_JWK_TEXT], const struct seal_public_key *pub);
/* RFC 7638, SHA-256. */
void seal_public_thumbprint(uint8_t out32[32], const struct seal_public_key *pub);

/* ---- wrapped keys -------------------------------------------------------------------------- */

/* EK: key32 to reader, as a compact JWE of JCS {"context":…,"k":…,"type":"galen.key/1"}, padded to
 * multiples of 512 bytes (500 of them fit into one manifest part). Appends to out. */
GALEN_MUST_CHECK enum galen_err seal_wrap_key(struct base_buf *out,
                                              const struct seal_public_key *reader,
                                              const uint8_t key32[SEAL_KEY_BYTES],
                                              const char *context, struct galen_errinfo *info);
/* key receives 32 bytes. CHECK when context is not the one it was wrapped with. */
GALEN_MUST_CHECK enum galen_err seal_unwrap_key(struct base_secret *key, struct base_view wrapped,
                                                const struct base_secret *private_jwk,
                                                const char *context, struct galen_errinfo *info);

/* ---- objects under a key, messages to a person --------------------------------------------- */

/* plaintext: a JSON object's text, first byte '{', last '}' (USAGE otherwise); not parsed here.
 * Appends the compact JWE to out; LIMIT when it would exceed SEAL_OBJECT_MAX.
 * Opening: a context other than NULL must equal the plaintext's member "context". With NULL the
 * caller checks it. out is replaced, and holds the plaintext without its padding. */
GALEN_MUST_CHECK enum galen_err seal_object(struct base_buf *out,
                                            const uint8_t key32[SEAL_KEY_BYTES],
                                            struct base_view plaintext, struct galen_errinfo *info);
/* The same, padded to a power of two of at least 16 KiB (up to 512 KiB; else to 4 KiB, as all): for
 * what storage must not tell apart by size. Opened as any. */
GALEN_MUST_CHECK enum galen_err seal_object_evenly(struct base_buf *out,
                                                   const uint8_t key32[SEAL_KEY_BYTES],
                                                   struct base_view plaintext,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err seal_open_object(struct base_buf *out, struct base_view sealed,
                                                 const uint8_t key32[SEAL_KEY_BYTES],
                                                 const char *context, struct galen_errinfo *info);

/* typ: 1 to 64 of a-z 0-9 . / - (USAGE otherwise), e.g. "galen.topup/1"; stands in the protected
 * header, and must be the same on opening (CHECK). */
GALEN_MUST_CHECK enum galen_err seal_message(struct base_buf *out, const char *typ,
                                             const struct seal_public_key *reader,
                                             struct base_view plaintext,
                                             struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err seal_open_message(struct base_buf *out, struct base_view sealed,
                                                  const char *typ,
                                                  const struct base_secret *private_jwk,
                                                  const char *context, struct galen_errinfo *info);

/* Whether these bytes have the form of a message of typ, as far as anyone can tell without the key.
 * PARSE, LIMIT, CHECK as in opening it. */
GALEN_MUST_CHECK enum galen_err seal_check_message(struct base_view sealed, const char *typ,
                                                   struct galen_errinfo *info);

/* ---- CERT ---------------------------------------------------------------------------------- */

/* eId: a JWE to the Group Manager of {context, hospital, inner, type}, inner being K_patient
 * wrapped to the Revocation Manager; both contexts are {idrec, patient, type}. Neither manager
 * alone gets K_patient. patient: the address as text, 0x and 40 hex digits (EIP-55; compared as
 * text). hospital: a JSON object, JCS text. Replaces out with the JWE's bytes. */
GALEN_MUST_CHECK enum galen_err seal_make_eid(struct base_buf *out, const uint8_t idrec32[32],
                                              const char *patient, const char *hospital,
                                              const uint8_t k_patient32[SEAL_KEY_BYTES],
                                              const struct seal_public_key *gm,
                                              const struct seal_public_key *rm,
                                              struct galen_errinfo *info);
/* GM's step: hospital (JCS text) and inner, for RM. Each replaces what was there. */
GALEN_MUST_CHECK enum galen_err seal_open_eid_outer(struct base_buf *hospital,
                                                    struct base_buf *inner, struct base_view eid,
                                                    const struct base_secret *gm_private_jwk,
                                                    const uint8_t idrec32[32], const char *patient,
                                                    struct galen_errinfo *info);
/* RM's step. */
GALEN_MUST_CHECK enum galen_err seal_open_eid_inner(struct base_secret *k_patient,
                                                    struct base_view inner,
                                                    const struct base_secret *rm_private_jwk,
                                                    const uint8_t idrec32[32], const char *patient,
                                                    struct galen_errinfo *info);

/* {"eId":"0x…","sig":"0x…"}, JCS; replaces out. */
GALEN_MUST_CHECK enum galen_err seal_cert_encode(struct base_buf *out,
                                                 const uint8_t sig362[SEAL_SIGNATURE_BYTES],
                                                 struct base_view eid, struct galen_errinfo *info);
/* Strict: exactly eId and sig, lower-case hex. Neither signature nor eId is verified. */
GALEN_MUST_CHECK enum galen_err seal_cert_parse(uint8_t sig362[SEAL_SIGNATURE_BYTES],
                                                struct base_buf *eid, struct base_view cert,
                                                struct galen_errinfo *info);

/* ---- record envelope ----------------------------------------------------------------------- */

/* Flattened JSON JWE, JCS: content key k_patient32 (fresh for the record), one recipient, CERT
 * in the unprotected header. The tag does not cover cert: its signature is over IDrec, its eId is
 * bound to IDrec, and who opens the envelope verifies both. Replaces out. */
GALEN_MUST_CHECK enum galen_err seal_envelope(struct base_buf *out,
                                              const struct seal_public_key *patient,
                                              const uint8_t k_patient32[SEAL_KEY_BYTES],
                                              struct base_view cert, struct base_view plaintext,
                                              struct galen_errinfo *info);
/* What anyone may read of it: the CERT's JCS text. Checks the envelope's whole outer form. */
GALEN_MUST_CHECK enum galen_err seal_envelope_cert(struct base_buf *cert, struct base_view envelope,
                                                   struct galen_errinfo *info);
/* The patient. k_patient (may be NULL) receives the content key. context as in seal_open_object. */
GALEN_MUST_CHECK enum galen_err seal_open_envelope(struct base_buf *plaintext,
                                                   struct base_secret *k_patient,
                                                   struct base_view envelope,
                                                   const struct base_secret *private_jwk,
                                                   const char *context, struct galen_errinfo *info);
/* GM and RM on a record complaint, with K_patient from eId. */
GALEN_MUST_CHECK enum galen_err
seal_open_envelope_with_key(struct base_buf *plaintext, struct base_view envelope,
                            const uint8_t k_patient32[SEAL_KEY_BYTES], const char *context,
                            struct galen_errinfo *info);

/* ---- the home's key store ------------------------------------------------------------------ */

/* A folder (0700) with master.json (a random master key, sealed under the password by Argon2id)
 * and one file NAME.sealed (0600) a secret: 01 ‖ nonce 24 ‖ XChaCha20-Poly1305 under the master
 * key, the name bound as associated data. Files are written whole or not at all. One handle must
 * not be used by two threads at once; several processes may. */
struct seal_keystore;

#define SEAL_SECRET_MAX   (64 * 1024)
#define SEAL_PASSWORD_MAX 1024

/* Argon2id's cost (libsodium's opslimit and memory). Bounds, on writing and reading: ops 1 to 16,
 * memory 8 KiB to 1 GiB. */
struct seal_kdf_cost {
    uint32_t ops;
    uint32_t memory_kib;
};
#define SEAL_KDF_DEFAULT ((struct seal_kdf_cost){.ops = 5, .memory_kib = 128 * 1024})
#define SEAL_KDF_MINIMAL ((struct seal_kdf_cost){.ops = 1, .memory_kib = 8}) /* for tests alone */

/* password: 1 to SEAL_PASSWORD_MAX bytes, no NUL needed. EXISTS when dir has a master.json; USAGE
 * for an empty password or a cost out of bounds; IO. *out is owned by the caller. */
GALEN_MUST_CHECK enum galen_err seal_keystore_create(struct seal_keystore **out, const char *dir,
                                                     struct base_view password,
                                                     struct seal_kdf_cost cost,
                                                     struct galen_errinfo *info);
/* Pays Argon2id's cost once. NOT_FOUND without a master.json; PASSWORD for a wrong one; PARSE for
 * a master.json that is none. */
GALEN_MUST_CHECK enum galen_err seal_keystore_open(struct seal_keystore **out, const char *dir,
                                                   struct base_view password,
                                                   struct galen_errinfo *info);
/* A second handle with the same master key, for another thread; no password, no cost. */
GALEN_MUST_CHECK enum galen_err seal_keystore_open_again(struct seal_keystore **out,
                                                         const struct seal_keystore *keystore,
                                                         struct galen_errinfo *info);
/* PASSWORD unless it opens the key store. Pays Argon2id's cost. */
GALEN_MUST_CHECK enum galen_err seal_keystore_check_password(const struct seal_keystore *keystore,
                                                             struct base_view password,
                                                             struct galen_errinfo *info);
void seal_keystore_free(struct seal_keystore **keystore); /* NULL inside is fine; wipes the key */
#define SEAL_KEYSTORE_AUTO GALEN_CLEANUP(seal_keystore_free) struct seal_keystore *

/* name: 1 to 100 of A-Z a-z 0-9 _ - . and no leading dot (USAGE otherwise). put replaces what was
 * there; at most SEAL_SECRET_MAX bytes (LIMIT). */
GALEN_MUST_CHECK enum galen_err seal_keystore_put(struct seal_keystore *keystore, const char *name,
                                                  const void *data, size_t len,
                                                  struct galen_errinfo *info);
/* secret is replaced. NOT_FOUND; CHECK when the file was altered or is another name's. */
GALEN_MUST_CHECK enum galen_err seal_keystore_get(struct base_secret *secret,
                                                  struct seal_keystore *keystore, const char *name,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err seal_keystore_remove(struct seal_keystore *keystore,
                                                     const char *name, struct galen_errinfo *info);
/* Calls each once a name, in byte order; an error from it ends the walk and is returned. */
GALEN_MUST_CHECK enum galen_err seal_keystore_list(struct seal_keystore *keystore,
                                                   enum galen_err (*each)(void *user,
                                                                          const char *name),
                                                   void *user, struct galen_errinfo *info);
/* Rewrites master.json alone, at once: before it the old password opens, after it the new one. */
GALEN_MUST_CHECK enum galen_err seal_keystore_change_password(struct seal_keystore *keystore,
                                                              struct base_view new_password,
                                                              struct seal_kdf_cost cost,
                                                              struct galen_errinfo *info);

/* ---- passwords that seal nothing ------------------------------------------------------------ */

#define SEAL_PASSWORD_HASH 128 /* text with its NUL */

/* USAGE for fewer than 8 bytes or more than SEAL_PASSWORD_MAX. */
GALEN_MUST_CHECK enum galen_err seal_password_check(struct base_view password,
                                                    struct galen_errinfo *info);
/* Argon2id in PHC's form, libsodium's interactive cost (2 passes, 64 MiB). USAGE as above. */
GALEN_MUST_CHECK enum galen_err seal_password_hash(char out[SEAL_PASSWORD_HASH],
                                                   struct base_view password,
                                                   struct galen_errinfo *info);
/* *matches: the verdict. */
void seal_password_verify(bool *matches, const char *hash, struct base_view password);

/* ---- streams under a password -------------------------------------------------------------- */

/* For what is too large for one JWE, a backup. fd is borrowed and must outlive the stream. */
struct seal_stream;
void seal_stream_free(struct seal_stream **stream); /* NULL inside is fine; wipes */
#define SEAL_STREAM_AUTO GALEN_CLEANUP(seal_stream_free) struct seal_stream *

/* Writing: begin, any number of writes, end: without it the stream is not whole. USAGE: password or
 * cost; IO. */
GALEN_MUST_CHECK enum galen_err seal_stream_begin(struct seal_stream **out, int fd,
                                                  struct base_view password,
                                                  struct seal_kdf_cost cost,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err seal_stream_write(struct seal_stream *stream, const void *data,
                                                  size_t len, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err seal_stream_end(struct seal_stream *stream,
                                                struct galen_errinfo *info);
/* Reading. PARSE: no such stream. */
GALEN_MUST_CHECK enum galen_err seal_stream_open(struct seal_stream **out, int fd,
                                                 struct base_view password,
                                                 struct galen_errinfo *info);
/* The next bytes, at most 65,536, borrowed until the next call. What came before an error was
 * authentic, but only after the end is it known to be all: nothing is to be acted on before.
 * PASSWORD: the first ones do not open; CHECK: altered, cut off, or something after the end. */
GALEN_MUST_CHECK enum galen_err
seal_stream_read(struct seal_stream *stream, struct base_view *chunk, struct galen_errinfo *info);
bool seal_stream_has_ended(const struct seal_stream *stream);

#endif
