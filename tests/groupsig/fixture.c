/* See fixture.h. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const uint8_t P_BYTES[48] = {
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab};
const uint8_t R_BYTES[32] = {0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8,
                             0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe,
                             0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01};

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
    static uint64_t generators;
    static char drawn[33];
    const char *text = getenv("GROUPSIG_SEED");
    if (!text && drawn[0] == '\0') {
        uint8_t bytes[16];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            abort();
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf(drawn + 2 * i, 3, "%02x", bytes[i]);
    }
    if (!text)
        text = drawn;
    printf("# GROUPSIG_SEED=%s\n", text);
    blst_sha256(rng->seed, (const uint8_t *)text, strlen(text));
    rng->counter = generators++ << 32; /* several of one seed differ */
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
