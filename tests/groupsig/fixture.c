/* See fixture.h. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

int fixture_fill(void *ctx, uint8_t *out, size_t len)
{
    struct fixture_rng *rng = ctx;
    if (rng->left == 0)
        return -1;
    if (rng->left > 0)
        rng->left--;
    while (len > 0) {
        uint8_t input[40], block[32];
        size_t take = len < sizeof block ? len : sizeof block;
        memcpy(input, rng->seed, 32);
        memcpy(input + 32, &rng->counter, 8);
        rng->counter++;
        blst_sha256(block, input, sizeof input);
        memcpy(out, block, take);
        out += take;
        len -= take;
    }
    return 0;
}

void fixture_seed(struct fixture_rng *rng)
{
    char drawn[33];
    const char *text = getenv("GROUPSIG_SEED");
    if (!text) {
        uint8_t bytes[16];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            abort();
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf(drawn + 2 * i, 3, "%02x", bytes[i]);
        text = drawn;
    }
    printf("# GROUPSIG_SEED=%s\n", text);
    blst_sha256(rng->seed, (const uint8_t *)text, strlen(text));
    rng->counter = 0;
    rng->left = -1;
}

static bool make_member(struct fixture *f, struct fixture_member *member)
{
    fixture_fill(&f->state, member->nonce32, 32);
    fixture_fill(&f->state, member->ctx32, 32);
    if (groupsig_join_request_make(&f->key, &member->join, member->request_bytes, member->nonce32,
                                   member->ctx32, &f->rng) != GROUPSIG_OK ||
        groupsig_join_request_parse(&member->request, member->request_bytes,
                                    GROUPSIG_JOIN_REQUEST_BYTES) != GROUPSIG_OK ||
        groupsig_join_issue(&f->key, member->membership, &f->gm, &member->request, member->nonce32,
                            member->ctx32, &f->rng) != GROUPSIG_OK ||
        groupsig_join_finish(&f->key, &member->secret, &member->join, member->membership,
                             GROUPSIG_MEMBERSHIP_BYTES) != GROUPSIG_OK)
        return false;
    groupsig_join_request_commitment(&member->request, member->commitment);
    return true;
}

bool fixture_sign(struct fixture *f, size_t member, const uint8_t msg32[32],
                  uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], struct groupsig_verified *verified)
{
    struct groupsig_signature parsed;
    return groupsig_sign(&f->key, bytes, &f->members[member].secret, msg32, &f->rng) ==
               GROUPSIG_OK &&
           groupsig_signature_parse(&parsed, bytes, GROUPSIG_SIGNATURE_BYTES) == GROUPSIG_OK &&
           groupsig_verify(&f->key, verified, &parsed, msg32);
}

bool fixture_make(struct fixture *f)
{
    fixture_seed(&f->state);
    f->rng = (struct groupsig_rng){.fill = fixture_fill, .ctx = &f->state};
    if (groupsig_gm_setup(&f->gm, f->gm_share, &f->rng) != GROUPSIG_OK ||
        groupsig_rm_setup(&f->rm, f->rm_share, f->gm_share, &f->rng) != GROUPSIG_OK ||
        groupsig_group_key_combine(&f->key, f->gm_share, f->rm_share) != GROUPSIG_OK)
        return false;
    groupsig_group_key_encode(&f->key, f->key_bytes);
    fixture_fill(&f->state, f->msg32, 32);
    return make_member(f, &f->members[0]) && make_member(f, &f->members[1]) &&
           fixture_sign(f, 0, f->msg32, f->signature_bytes, &f->signature);
}
