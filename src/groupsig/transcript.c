/* What goes under a challenge: fixed-length parts, points in the form of EIP-2537. */
#include "groupsig/internal.h"

#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "GALEN-CPY06-G1-V1-";

void gs_transcript_init(struct gs_transcript *transcript, uint8_t *storage, size_t cap,
                        const char *name)
{
    uint8_t tag[64], hash[32];
    size_t prefix_len = sizeof PREFIX - 1, name_len = strlen(name);
    if (prefix_len + name_len > sizeof tag)
        abort();
    memcpy(tag, PREFIX, prefix_len);
    memcpy(tag + prefix_len, name, name_len);
    blst_sha256(hash, tag, prefix_len + name_len);
    *transcript = (struct gs_transcript){.bytes = storage, .cap = cap};
    gs_transcript_put(transcript, hash, sizeof hash);
}

void gs_transcript_put(struct gs_transcript *transcript, const void *bytes, size_t len)
{
    if (len > transcript->cap - transcript->len)
        abort();
    memcpy(transcript->bytes + transcript->len, bytes, len);
    transcript->len += len;
}

void gs_transcript_put_g1(struct gs_transcript *transcript, const blst_p1_affine *point)
{
    uint8_t plain[96] = {0}, padded[128] = {0};
    if (!blst_p1_affine_is_inf(point))
        blst_p1_affine_serialize(plain, point);
    memcpy(padded + 16, plain, 48);
    memcpy(padded + 64 + 16, plain + 48, 48);
    gs_transcript_put(transcript, padded, sizeof padded);
}

void gs_transcript_put_g2(struct gs_transcript *transcript, const blst_p2_affine *point)
{
    /* blst has x.c1, x.c0, y.c1, y.c0; EIP-2537 has c0 first. */
    static const size_t block_of[4] = {1, 0, 3, 2};
    uint8_t plain[192] = {0}, padded[256] = {0};
    if (!blst_p2_affine_is_inf(point))
        blst_p2_affine_serialize(plain, point);
    for (size_t i = 0; i < 4; i++)
        memcpy(padded + 64 * i + 16, plain + 48 * block_of[i], 48);
    gs_transcript_put(transcript, padded, sizeof padded);
}

void gs_transcript_hash(const struct gs_transcript *transcript, uint8_t hash[32])
{
    blst_sha256(hash, transcript->bytes, transcript->len);
}

void gs_transcript_challenge(const struct gs_transcript *transcript, blst_scalar *c,
                             uint8_t bytes[GS_CHALLENGE_BYTES])
{
    uint8_t hash[32];
    gs_transcript_hash(transcript, hash);
    memcpy(bytes, hash, GS_CHALLENGE_BYTES);
    gs_challenge_parse(c, bytes);
}
