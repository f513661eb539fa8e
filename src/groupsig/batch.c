/*
 * Many signatures at once. Each challenge is checked on its own; the pairing equations of a chunk
 * are one: with secret random 128-bit rho_i, not 0,
 *     e(sum rho_i A'_i, R) = e(sum rho_i Abar_i, H)
 * holds for a chunk with a false equation with probability at most 2^-127 (the equations lie in a
 * group of prime order, because the subgroup of every point was checked). A chunk that fails is
 * halved until the bad signatures are found.
 */
#include "groupsig/signature.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, RHO_BYTES = 16 };
#define SCRATCH_BYTES (24 * 1024) /* blst wants less for CHUNK points; checked where it is used */

/* Those of a chunk whose challenge holds. About 130 KiB, on the stack of a thread. */
struct chunk {
    size_t count;
    struct groupsig_batch_item *item[CHUNK];
    struct groupsig_verified verified[CHUNK];
    blst_p1_affine A[CHUNK], Abar[CHUNK];
    uint8_t rho[CHUNK][RHO_BYTES];
    limb_t scratch[SCRATCH_BYTES / sizeof(limb_t)];
};

struct batch {
    const struct groupsig_group_key *key;
    struct groupsig_batch_item *items;
    size_t count;
    uint8_t seed[32];
    atomic_size_t next; /* the first item that no thread has taken */
};

/* rho_i from the fresh seed and a hash of all that is in the chunk: even with a seed that an
 * attacker foresees, the rho are fixed only after the signatures. */
static void draw_rho(struct chunk *chunk, const struct batch *batch)
{
    uint8_t hashes[CHUNK + 1][32], input[32 + 32 + 8], out[32];
    memcpy(hashes[0], batch->key->fingerprint, 32);
    for (size_t i = 0; i < chunk->count; i++)
        blst_sha256(hashes[i + 1], chunk->item[i]->bytes, GROUPSIG_SIGNATURE_BYTES);
    memcpy(input, batch->seed, 32);
    blst_sha256(input + 32, hashes[0], 32 * (chunk->count + 1));
    for (size_t i = 0; i < chunk->count; i++) {
        const uint64_t index = i;
        memcpy(input + 64, &index, 8);
        blst_sha256(out, input, sizeof input);
        memcpy(chunk->rho[i], out, RHO_BYTES);
        uint8_t any = 0;
        for (size_t j = 0; j < RHO_BYTES; j++)
            any |= out[j];
        chunk->rho[i][0] |= any == 0; /* never 0 */
    }
}

static void weighted_sum(blst_p1_affine *out, const blst_p1_affine *points, struct chunk *chunk,
                         size_t from, size_t count)
{
    const blst_p1_affine *all_points[2] = {points + from, NULL};
    const uint8_t *all_rho[2] = {chunk->rho[from], NULL};
    blst_p1 sum;
    blst_p1s_mult_pippenger(&sum, all_points, count, all_rho, 8 * RHO_BYTES, chunk->scratch);
    blst_p1_to_affine(out, &sum);
}

static bool range_holds(struct chunk *chunk, const struct batch *batch, size_t from, size_t count)
{
    blst_p1_affine A, Abar;
    if (count == 1)
        return gs_pairing_equal(&chunk->A[from], batch->key->R_lines, &chunk->Abar[from]);
    weighted_sum(&A, chunk->A, chunk, from, count);
    weighted_sum(&Abar, chunk->Abar, chunk, from, count);
    return gs_pairing_equal(&A, batch->key->R_lines, &Abar);
}

/* Sets the verdicts of a range; known_bad: that it does not hold is known already. */
static void judge_range(struct chunk *chunk, const struct batch *batch, size_t from, size_t count,
                        bool known_bad)
{
    if (!known_bad && range_holds(chunk, batch, from, count)) {
        for (size_t i = from; i < from + count; i++)
            chunk->item[i]->valid = true;
    } else if (count > 1) {
        size_t half = count / 2;
        judge_range(chunk, batch, from, half, false);
        bool first_half_good = true;
        for (size_t i = from; i < from + half; i++)
            first_half_good &= chunk->item[i]->valid;
        judge_range(chunk, batch, from + half, count - half, first_half_good);
    }
}

static void judge_chunk(const struct batch *batch, size_t from, size_t count)
{
    struct chunk chunk;
    struct groupsig_signature signature;
    chunk.count = 0;
    for (size_t i = from; i < from + count; i++) {
        struct groupsig_batch_item *item = &batch->items[i];
        item->valid = false;
        if (groupsig_signature_parse(&signature, item->bytes, item->len) != GROUPSIG_OK ||
            !gs_challenge_matches_vt(batch->key, &signature, item->msg32))
            continue;
        chunk.item[chunk.count] = item;
        chunk.A[chunk.count] = signature.A;
        chunk.Abar[chunk.count] = signature.Abar;
        gs_verified_set(&chunk.verified[chunk.count], batch->key, &signature);
        chunk.count++;
    }
    if (chunk.count == 0)
        return;
    draw_rho(&chunk, batch);
    judge_range(&chunk, batch, 0, chunk.count, false);
    for (size_t i = 0; i < chunk.count; i++)
        if (chunk.item[i]->valid && chunk.item[i]->verified)
            *chunk.item[i]->verified = chunk.verified[i];
}

static void *work(void *argument)
{
    struct batch *batch = argument;
    for (;;) {
        size_t from = atomic_fetch_add(&batch->next, CHUNK);
        if (from >= batch->count)
            return NULL;
        judge_chunk(batch, from, batch->count - from < CHUNK ? batch->count - from : CHUNK);
    }
}

enum groupsig_status groupsig_verify_batch(const struct groupsig_group_key *key,
                                           struct groupsig_batch_item *items, size_t count,
                                           unsigned threads, const struct groupsig_rng *rng)
{
    struct batch batch = {.key = key, .items = items, .count = count};
    pthread_t helper[GROUPSIG_BATCH_MAX_THREADS];
    size_t helpers = 0, chunks = count / CHUNK + (count % CHUNK != 0);
    if (blst_p1s_mult_pippenger_scratch_sizeof(CHUNK) > SCRATCH_BYTES)
        abort();
    if (rng->fill(rng->ctx, batch.seed, sizeof batch.seed) != 0)
        return GROUPSIG_ERR_RNG;
    if (threads > GROUPSIG_BATCH_MAX_THREADS)
        threads = GROUPSIG_BATCH_MAX_THREADS;
    while (helpers + 1 < threads && helpers + 1 < chunks &&
           pthread_create(&helper[helpers], NULL, work, &batch) == 0)
        helpers++;
    work(&batch);
    for (size_t i = 0; i < helpers; i++)
        pthread_join(helper[i], NULL);
    return GROUPSIG_OK;
}
