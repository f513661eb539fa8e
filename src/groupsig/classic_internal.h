/* Inside src/groupsig: elements and texts of the classic profile. Not installed. */
#ifndef GROUPSIG_CLASSIC_INTERNAL_H
#define GROUPSIG_CLASSIC_INTERNAL_H

#include "groupsig/classic.h"
#include "groupsig/internal.h"

#include <sodium.h>

/* ---- mcl's element bytes (classic_elements.c) --------------------------------------------------- */

enum { MCL_FR = 32, MCL_G1 = 48, MCL_G2 = 96, MCL_GT = 576 };

/* Canonical, in the subgroup. O is refused by the two that parse points, 0 and 1 by the third. */
bool gs_mcl_g1_parse(blst_p1_affine *out, const uint8_t bytes[MCL_G1]);
bool gs_mcl_g2_parse(blst_p2_affine *out, const uint8_t bytes[MCL_G2]);
bool gs_mcl_gt_parse(blst_fp12 *out, const uint8_t bytes[MCL_GT]);
bool gs_mcl_fr_parse(blst_scalar *out, const uint8_t bytes[MCL_FR]);
void gs_mcl_g1_encode(uint8_t bytes[MCL_G1], const blst_p1_affine *point);
void gs_mcl_g2_encode(uint8_t bytes[MCL_G2], const blst_p2_affine *point);
void gs_mcl_gt_encode(uint8_t bytes[MCL_GT], const blst_fp12 *value);
void gs_mcl_fr_encode(uint8_t bytes[MCL_FR], const blst_scalar *scalar);

/* ---- texts (classic_text.c) ------------------------------------------------------------------------ */

/* One element of an object: its name in the JSON, its size, its bytes. */
struct gs_classic_field {
    const char *name;
    size_t size;
    uint8_t *bytes;
};

/* base64({"scheme": "cpy06", "type": type, "key": base64(fields)}), or, with type NULL,
 * base64({"scheme": "cpy06", "signature": base64(fields)}). */
bool gs_classic_text_parse(const char *type, const struct gs_classic_field *fields, size_t count,
                           const char *text, size_t len);
void gs_classic_text_encode(char *text, size_t text_len, const char *type,
                            const struct gs_classic_field *fields, size_t count);
/* base64(fields): a proof. */
bool gs_classic_proof_parse(const struct gs_classic_field *fields, size_t count, const char *text,
                            size_t len);
void gs_classic_proof_encode(char *text, size_t text_len, const struct gs_classic_field *fields,
                             size_t count);

/* ---- hashes and pairings (classic_sign.c) ------------------------------------------------------------ */

void gs_classic_hash_g1(crypto_hash_sha256_state *hash, const blst_p1_affine *point);
void gs_classic_hash_g2(crypto_hash_sha256_state *hash, const blst_p2_affine *point);
void gs_classic_hash_gt(crypto_hash_sha256_state *hash, const blst_fp12 *value);
/* mcl's setHashOf of the digest. */
void gs_classic_hash_challenge(blst_scalar *c, crypto_hash_sha256_state *hash);
/* e(P, Q), either of which may be O. */
void gs_classic_pairing(blst_fp12 *out, const blst_p1_affine *P, const blst_p2_affine *Q);
/* e(P1, Q1) e(P2, Q2) */
void gs_classic_pairing_2(blst_fp12 *out, const blst_p1_affine *P1, const blst_p2_affine *Q1,
                          const blst_p1_affine *P2, const blst_p2_affine *Q2);
/* e(s g1, T4) T5^-c. Public data. */
void gs_classic_tag_commitment_vt(blst_fp12 *out, const blst_scalar *s, const blst_p2_affine *T4,
                                  const blst_scalar *c, const blst_fp12 *T5);

#endif
