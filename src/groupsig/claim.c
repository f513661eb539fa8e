/*
 * Claim and link: proofs of the x in T = xA', for one signature or several of one signer.
 *   claim  06 08, c 24, z 32
 *   link   06 09, c 24, z 32
 */
#include "groupsig/internal.h"

#include <string.h>

enum { PROOF_C = 2, PROOF_Z = PROOF_C + GS_CHALLENGE_BYTES };
_Static_assert(PROOF_Z + 32 == GROUPSIG_CLAIM_BYTES, "claim");
_Static_assert(GROUPSIG_LINK_BYTES == GROUPSIG_CLAIM_BYTES, "link");

/* Constant time: is T = xA'? */
static bool is_own(const struct groupsig_verified *signature, const blst_scalar *x)
{
    blst_p1_affine T;
    gs_g1_mul_ct(&T, &signature->A, x);
    bool equal = blst_p1_affine_is_equal(&T, &signature->T);
    gs_public(&equal, sizeof equal);
    return equal;
}

/* c = chal(CLAIM, fp, SHA-256(sig), ctx32, A', T, kA') */
static void claim_challenge(blst_scalar *c, uint8_t bytes[GS_CHALLENGE_BYTES],
                            const struct groupsig_group_key *key,
                            const struct groupsig_verified *signature, const uint8_t ctx32[32],
                            const blst_p1_affine *kA)
{
    uint8_t storage[4 * 32 + 3 * 128];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "CLAIM");
    gs_transcript_put(&transcript, key->fingerprint, 32);
    gs_transcript_put(&transcript, signature->hash, 32);
    gs_transcript_put(&transcript, ctx32, 32);
    gs_transcript_put_g1(&transcript, &signature->A);
    gs_transcript_put_g1(&transcript, &signature->T);
    gs_transcript_put_g1(&transcript, kA);
    gs_transcript_challenge(&transcript, c, bytes);
}

/* c = chal(LINK, fp, n as 4 bytes, ctx32, SHA-256(sig_1..n), then A'_i, T_i, kA'_i for each i) */
#define LINK_CAP (3 * 32 + 4 + GROUPSIG_LINK_MAX * (32 + 3 * 128))

static void link_start(struct gs_transcript *transcript, uint8_t storage[LINK_CAP],
                       const struct groupsig_group_key *key,
                       const struct groupsig_verified *signatures, size_t count,
                       const uint8_t ctx32[32])
{
    const uint8_t count4[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16),
                               (uint8_t)(count >> 8), (uint8_t)count};
    gs_transcript_init(transcript, storage, LINK_CAP, "LINK");
    gs_transcript_put(transcript, key->fingerprint, 32);
    gs_transcript_put(transcript, count4, sizeof count4);
    gs_transcript_put(transcript, ctx32, 32);
    for (size_t i = 0; i < count; i++)
        gs_transcript_put(transcript, signatures[i].hash, 32);
}

static void link_put(struct gs_transcript *transcript, const struct groupsig_verified *signature,
                     const blst_p1_affine *kA)
{
    gs_transcript_put_g1(transcript, &signature->A);
    gs_transcript_put_g1(transcript, &signature->T);
    gs_transcript_put_g1(transcript, kA);
}

static void proof_put(uint8_t proof[GROUPSIG_CLAIM_BYTES], enum gs_type type, const blst_scalar *k,
                      const blst_scalar *c, const blst_scalar *x)
{
    blst_scalar z;
    gs_response(&z, k, c, x);
    gs_header_put(proof, type);
    gs_scalar_encode(proof + PROOF_Z, &z);
}

void gs_claim_with_nonce(const struct groupsig_group_key *key, uint8_t claim[GROUPSIG_CLAIM_BYTES],
                         const blst_scalar *x, const struct groupsig_verified *signature,
                         const uint8_t ctx32[32], const blst_scalar *k)
{
    blst_p1_affine kA;
    blst_scalar c;
    gs_g1_mul_ct(&kA, &signature->A, k);
    gs_public(&kA, sizeof kA);
    claim_challenge(&c, claim + PROOF_C, key, signature, ctx32, &kA);
    proof_put(claim, GS_TYPE_CLAIM, k, &c, x);
}

void gs_link_with_nonce(const struct groupsig_group_key *key, uint8_t link[GROUPSIG_LINK_BYTES],
                        const blst_scalar *x, const struct groupsig_verified *signatures,
                        size_t count, const uint8_t ctx32[32], const blst_scalar *k)
{
    uint8_t storage[LINK_CAP];
    struct gs_transcript transcript;
    blst_scalar c;
    link_start(&transcript, storage, key, signatures, count, ctx32);
    for (size_t i = 0; i < count; i++) {
        blst_p1_affine kA;
        gs_g1_mul_ct(&kA, &signatures[i].A, k);
        gs_public(&kA, sizeof kA);
        link_put(&transcript, &signatures[i], &kA);
    }
    gs_transcript_challenge(&transcript, &c, link + PROOF_C);
    proof_put(link, GS_TYPE_LINK, k, &c, x);
}

enum groupsig_status groupsig_claim_make(const struct groupsig_group_key *key,
                                         uint8_t claim[GROUPSIG_CLAIM_BYTES],
                                         const struct groupsig_member_secret *member,
                                         const struct groupsig_verified *signature,
                                         const uint8_t ctx32[32], const struct groupsig_rng *rng)
{
    if (!gs_same_group(key, member->fingerprint) || !gs_same_group(key, signature->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    if (!is_own(signature, &member->x))
        return GROUPSIG_ERR_NOT_OWN;
    uint8_t storage[3 * 32], context[32];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "NONCE-CLAIM");
    gs_transcript_put(&transcript, signature->hash, 32);
    gs_transcript_put(&transcript, ctx32, 32);
    gs_transcript_hash(&transcript, context);
    blst_scalar k;
    if (!gs_nonces_draw(&k, 1, "CLAIM", &member->x, context, rng))
        return GROUPSIG_ERR_RNG;
    gs_claim_with_nonce(key, claim, &member->x, signature, ctx32, &k);
    gs_wipe(&k, sizeof k);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_claim_verify(const struct groupsig_group_key *key, bool *valid,
                                           const uint8_t *claim, size_t len,
                                           const struct groupsig_verified *signature,
                                           const uint8_t ctx32[32])
{
    blst_scalar c, z, expected;
    blst_p1_affine kA;
    uint8_t challenge[GS_CHALLENGE_BYTES];
    if (!gs_header_check(claim, len, GS_TYPE_CLAIM, GROUPSIG_CLAIM_BYTES) ||
        !gs_scalar_parse(&z, claim + PROOF_Z))
        return GROUPSIG_ERR_PARSE;
    if (!gs_same_group(key, signature->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    gs_challenge_parse(&c, claim + PROOF_C);
    gs_g1_commitment_vt(&kA, &z, &signature->A, &c, &signature->T);
    claim_challenge(&expected, challenge, key, signature, ctx32, &kA);
    *valid = memcmp(challenge, claim + PROOF_C, GS_CHALLENGE_BYTES) == 0;
    return GROUPSIG_OK;
}

/* Between 2 and the maximum, all of this group, no two alike. */
static enum groupsig_status link_check(const struct groupsig_group_key *key,
                                       const struct groupsig_verified *signatures, size_t count)
{
    if (count < 2 || count > GROUPSIG_LINK_MAX)
        return GROUPSIG_ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        if (!gs_same_group(key, signatures[i].fingerprint))
            return GROUPSIG_ERR_MISMATCH;
        for (size_t j = 0; j < i; j++)
            if (memcmp(signatures[i].hash, signatures[j].hash, 32) == 0)
                return GROUPSIG_ERR_LIMIT;
    }
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_link_make(const struct groupsig_group_key *key,
                                        uint8_t link[GROUPSIG_LINK_BYTES],
                                        const struct groupsig_member_secret *member,
                                        const struct groupsig_verified *signatures, size_t count,
                                        const uint8_t ctx32[32], const struct groupsig_rng *rng)
{
    enum groupsig_status status = link_check(key, signatures, count);
    if (status != GROUPSIG_OK)
        return status;
    if (!gs_same_group(key, member->fingerprint))
        return GROUPSIG_ERR_MISMATCH;
    for (size_t i = 0; i < count; i++)
        if (!is_own(&signatures[i], &member->x))
            return GROUPSIG_ERR_NOT_OWN;
    uint8_t storage[2 * 32 + 32 * GROUPSIG_LINK_MAX], context[32];
    struct gs_transcript transcript;
    gs_transcript_init(&transcript, storage, sizeof storage, "NONCE-LINK");
    gs_transcript_put(&transcript, ctx32, 32);
    for (size_t i = 0; i < count; i++)
        gs_transcript_put(&transcript, signatures[i].hash, 32);
    gs_transcript_hash(&transcript, context);
    blst_scalar k;
    if (!gs_nonces_draw(&k, 1, "LINK", &member->x, context, rng))
        return GROUPSIG_ERR_RNG;
    gs_link_with_nonce(key, link, &member->x, signatures, count, ctx32, &k);
    gs_wipe(&k, sizeof k);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_link_verify(const struct groupsig_group_key *key, bool *valid,
                                          const uint8_t *link, size_t len,
                                          const struct groupsig_verified *signatures, size_t count,
                                          const uint8_t ctx32[32])
{
    blst_scalar c, z, expected;
    if (!gs_header_check(link, len, GS_TYPE_LINK, GROUPSIG_LINK_BYTES) ||
        !gs_scalar_parse(&z, link + PROOF_Z))
        return GROUPSIG_ERR_PARSE;
    enum groupsig_status status = link_check(key, signatures, count);
    if (status != GROUPSIG_OK)
        return status;
    gs_challenge_parse(&c, link + PROOF_C);
    uint8_t storage[LINK_CAP], challenge[GS_CHALLENGE_BYTES];
    struct gs_transcript transcript;
    link_start(&transcript, storage, key, signatures, count, ctx32);
    for (size_t i = 0; i < count; i++) {
        blst_p1_affine kA;
        gs_g1_commitment_vt(&kA, &z, &signatures[i].A, &c, &signatures[i].T);
        link_put(&transcript, &signatures[i], &kA);
    }
    gs_transcript_challenge(&transcript, &expected, challenge);
    *valid = memcmp(challenge, link + PROOF_C, GS_CHALLENGE_BYTES) == 0;
    return GROUPSIG_OK;
}
