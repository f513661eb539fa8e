/*
 * Speed of groupsig on one core: median and spread (first and third quartile) of each operation,
 * and its ratio to one blst pairing (Miller loop and final exponentiation) measured in the same
 * run. With the argument --check it exits with 1 when a target is missed. With --once NAME it does
 * one operation once, for a profiler (docs/performance.md has the command).
 */
#include "fixture.h"
#include "groupsig/comb.h"
#include "groupsig/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS 41

static struct fixture f;
static int missed;

static double now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static blst_fp12 gt;

static void op_pairing(void)
{
    blst_miller_loop(&gt, &BLS12_381_G2, &BLS12_381_G1);
    blst_final_exp(&gt, &gt);
}

static double time_of(void (*operation)(void), size_t calls, clockid_t clock)
{
    double start = now_us(clock);
    for (size_t i = 0; i < calls; i++)
        operation();
    return (now_us(clock) - start) / (double)calls;
}

struct benchmark {
    const char *name;
    void (*operation)(void);
    size_t calls;    /* in one run */
    size_t per_call; /* things done by one call */
    double target;   /* in pairings; 0 for none */
    clockid_t clock; /* the processor's for the thread or for all threads, or the one on the wall */
};

/* A pairing is measured beside every run, so that what else the machine does falls on both. */
static void bench(const struct benchmark *b)
{
    double us[RUNS], ratio[RUNS];
    size_t runs = b->per_call > 100 ? 5 : RUNS;
    b->operation();
    for (size_t run = 0; run < runs; run++) {
        double pairing = time_of(op_pairing, 6, b->clock);
        us[run] = time_of(b->operation, b->calls, b->clock) / (double)b->per_call;
        ratio[run] = us[run] / pairing;
    }
    qsort(us, runs, sizeof us[0], compare);
    qsort(ratio, runs, sizeof ratio[0], compare);
    printf("%-34s %8.1f us  [%8.1f, %8.1f]  %6.2f pairings", b->name, us[runs / 2], us[runs / 4],
           us[3 * runs / 4], ratio[runs / 2]);
    if (b->target > 0) {
        bool met = ratio[runs / 2] <= b->target;
        printf("  target %.2f %s", b->target, met ? "met" : "MISSED");
        missed |= !met;
    }
    printf("\n");
}

static void check(bool ok)
{
    if (!ok) {
        fprintf(stderr, "an operation failed\n");
        exit(2);
    }
}

/* ---- operations ---------------------------------------------------------------------------------- */

static struct groupsig_group_key other_key;
static struct groupsig_signature parsed;
static struct groupsig_token token;
static uint8_t member_bytes[GROUPSIG_MEMBER_SECRET_BYTES];

static void op_sign(void)
{
    uint8_t signature[GROUPSIG_SIGNATURE_BYTES];
    check(groupsig_sign(&f.key, signature, &f.members[0].secret, f.msg32, &f.rng) == GROUPSIG_OK);
}

static void op_parse(void)
{
    check(groupsig_signature_parse(&parsed, f.signature_bytes, GROUPSIG_SIGNATURE_BYTES) ==
          GROUPSIG_OK);
}

static void op_verify(void)
{
    op_parse();
    check(groupsig_verify(&f.key, NULL, &parsed, f.msg32));
}

static void op_trace(void)
{
    check(groupsig_trace(&f.signature, &token));
}

#define TOKENS 20
static struct groupsig_token list[TOKENS];

/* A list without the signer. */
static void op_trace_list(void)
{
    check(!groupsig_trace_list(NULL, &f.signature, list, TOKENS));
}

#define BATCH 1000
static struct groupsig_batch_item items[BATCH];
static uint8_t batch_bytes[BATCH][GROUPSIG_SIGNATURE_BYTES];

static void batch(unsigned threads)
{
    check(groupsig_verify_batch(&f.key, items, BATCH, threads, &f.rng) == GROUPSIG_OK);
    for (size_t i = 0; i < BATCH; i++)
        check(items[i].valid);
}

static void op_batch_1(void)
{
    batch(1);
}

static void op_batch_all(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    batch(cores > 0 ? (unsigned)cores : 1);
}

static void op_open_share(void)
{
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    struct groupsig_opening_share checked;
    bool valid = false;
    check(groupsig_opening_share_by_gm(&f.key, share, &f.gm, &f.signature, &f.rng) == GROUPSIG_OK &&
          groupsig_opening_share_check(&f.key, &valid, &checked, share, sizeof share,
                                       &f.signature) == GROUPSIG_OK &&
          valid);
}

/* What a manager does with a signature that comes in: verify, make a share; then check it. */
static void op_open_whole(void)
{
    op_verify();
    op_open_share();
}

static void op_request(void)
{
    struct groupsig_join_secret secret;
    uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES];
    check(groupsig_join_request_make(&f.key, &secret, request, f.msg32, f.msg32, &f.rng) ==
          GROUPSIG_OK);
}

static void op_issue(void)
{
    const struct fixture_member *member = &f.members[0];
    struct groupsig_join_request request;
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    check(groupsig_join_request_parse(&request, member->request_bytes,
                                      GROUPSIG_JOIN_REQUEST_BYTES) == GROUPSIG_OK &&
          groupsig_join_issue(&f.key, membership, &f.gm, &request, member->nonce32, member->ctx32,
                              &f.rng) == GROUPSIG_OK);
}

static void op_reveal_share(void)
{
    const struct fixture_member *member = &f.members[0];
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES];
    check(groupsig_reveal_share_by_gm(&f.key, share, &f.gm, &member->request, member->nonce32,
                                      member->ctx32, member->commitment, &f.rng) == GROUPSIG_OK);
}

static void op_claim(void)
{
    uint8_t claim[GROUPSIG_CLAIM_BYTES];
    check(groupsig_claim_make(&f.key, claim, &f.members[0].secret, &f.signature, f.msg32, &f.rng) ==
          GROUPSIG_OK);
}

static void op_group_key_parse(void)
{
    check(groupsig_group_key_parse(&other_key, f.key_bytes, GROUPSIG_GROUP_KEY_BYTES) ==
          GROUPSIG_OK);
}

static void op_member_parse(void)
{
    struct groupsig_member_secret secret;
    check(groupsig_member_secret_parse(&secret, member_bytes, sizeof member_bytes) == GROUPSIG_OK);
}

static void op_token_parse(void)
{
    static struct groupsig_token again;
    uint8_t bytes[GROUPSIG_TOKEN_BYTES];
    blst_p2_affine_compress(bytes, &token.point);
    check(groupsig_token_parse(&again, bytes, sizeof bytes) == GROUPSIG_OK);
}

static void make_token(void)
{
    const struct fixture_member *member = &f.members[0];
    struct groupsig_reveal_share shares[2];
    uint8_t gm[GROUPSIG_REVEAL_SHARE_BYTES], rm[GROUPSIG_REVEAL_SHARE_BYTES];
    uint8_t bytes[GROUPSIG_TOKEN_BYTES];
    bool valid[2] = {false, false};
    check(groupsig_reveal_share_by_gm(&f.key, gm, &f.gm, &member->request, member->nonce32,
                                      member->ctx32, member->commitment, &f.rng) == GROUPSIG_OK &&
          groupsig_reveal_share_by_rm(&f.key, rm, &f.rm, &member->request, member->nonce32,
                                      member->ctx32, member->commitment, &f.rng) == GROUPSIG_OK &&
          groupsig_reveal_share_check(&f.key, &valid[0], &shares[0], gm, sizeof gm,
                                      &member->request) == GROUPSIG_OK &&
          groupsig_reveal_share_check(&f.key, &valid[1], &shares[1], rm, sizeof rm,
                                      &member->request) == GROUPSIG_OK &&
          valid[0] && valid[1] &&
          groupsig_reveal_combine(&f.key, bytes, &shares[0], &shares[1], &member->request) ==
              GROUPSIG_OK &&
          groupsig_token_parse(&token, bytes, sizeof bytes) == GROUPSIG_OK);
}

static void make_lists(void)
{
    for (size_t i = 0; i < TOKENS; i++) /* R is a point of G2 like any other */
        check(groupsig_token_parse(&list[i], f.key_bytes + 2, GROUPSIG_TOKEN_BYTES) == GROUPSIG_OK);
    for (size_t i = 0; i < BATCH; i++) {
        check(groupsig_sign(&f.key, batch_bytes[i], &f.members[i % 2].secret, f.msg32, &f.rng) ==
              GROUPSIG_OK);
        items[i] = (struct groupsig_batch_item){
            .bytes = batch_bytes[i], .len = GROUPSIG_SIGNATURE_BYTES, .msg32 = f.msg32};
    }
}

/* ---- what the operations consist of ---------------------------------------------------------------- */

static blst_scalar scalar;
static blst_p1_affine g1;
static blst_p2_affine g2;

static void op_miller_loop(void)
{
    blst_miller_loop(&gt, &BLS12_381_G2, &BLS12_381_G1);
}

static void op_final_exp(void)
{
    blst_fp12 out;
    blst_final_exp(&out, &gt);
}

static void op_miller_lines(void)
{
    blst_miller_loop_lines(&gt, GS_H_LINES, &BLS12_381_G1);
}

static void op_pairing_equal(void)
{
    check(gs_pairing_equal(&f.signature.A, f.key.R_lines, &parsed.Abar));
}

static void op_challenge(void)
{
    check(gs_challenge_matches_vt(&f.key, &parsed, f.msg32));
}

static void op_g1_parse(void)
{
    check(gs_g1_parse(&g1, f.signature_bytes + SIG_POINTS));
}

static void op_g1_uncompress(void)
{
    check(blst_p1_uncompress(&g1, f.signature_bytes + SIG_POINTS) == BLST_SUCCESS);
}

static void op_g2_parse(void)
{
    check(gs_g2_parse(&g2, f.key_bytes + 2));
}

static void op_comb(void)
{
    blst_p1 product;
    gs_comb_mul(&product, &GS_G_COMB, &scalar);
}

static void op_g1_mul_ct(void)
{
    gs_g1_mul_ct(&g1, &f.signature.A, &scalar);
}

static void op_g2_mul_ct(void)
{
    gs_g2_mul_ct(&g2, &f.key.R, &scalar);
}

static void op_g1_commitment(void)
{
    gs_g1_commitment_vt(&g1, &scalar, &f.signature.A, &parsed.c, &f.signature.T);
}

static void op_g2_commitment(void)
{
    gs_g2_commitment_vt(&g2, &scalar, GS_H, &parsed.c, &f.key.R);
}

static void op_opening_share(void)
{
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    check(groupsig_opening_share_by_gm(&f.key, share, &f.gm, &f.signature, &f.rng) == GROUPSIG_OK);
}

static void op_request_verify(void)
{
    const struct fixture_member *member = &f.members[0];
    check(groupsig_join_request_verify(&f.key, &member->request, member->nonce32, member->ctx32));
}

#define CPU CLOCK_THREAD_CPUTIME_ID
static const struct benchmark benchmarks[] = {
    {"blst pairing", op_pairing, 10, 1, 0, CPU},
    {"sign", op_sign, 10, 1, 0.9, CPU},
    {"parse a signature", op_parse, 10, 1, 0, CPU},
    {"parse and verify", op_verify, 5, 1, 2.4, CPU},
    {"batch of 1000 from bytes, each", op_batch_1, 1, BATCH, 1.3, CPU},
    {"the same on all cores, together", op_batch_all, 1, BATCH, 0, CLOCK_PROCESS_CPUTIME_ID},
    {"the same on all cores, elapsed", op_batch_all, 1, BATCH, 0, CLOCK_MONOTONIC},
    {"trace against one token", op_trace, 10, 1, 0, CPU},
    {"trace, a list of 20, each", op_trace_list, 2, TOKENS, 0.95, CPU},
    {"opening share, made and checked", op_open_share, 5, 1, 3.0, CPU},
    {"verify, then the opening share", op_open_whole, 5, 1, 3.0, CPU},
    {"join request", op_request, 5, 1, 0, CPU},
    {"join issue from bytes", op_issue, 5, 1, 3.5, CPU},
    {"reveal share", op_reveal_share, 5, 1, 0, CPU},
    {"claim", op_claim, 5, 1, 0, CPU},
    {"parse a group key", op_group_key_parse, 3, 1, 0, CPU},
    {"parse a member secret", op_member_parse, 3, 1, 0, CPU},
    {"parse a token", op_token_parse, 5, 1, 0, CPU},
    {"part: Miller loop", op_miller_loop, 10, 1, 0, CPU},
    {"part: Miller loop over lines", op_miller_lines, 10, 1, 0, CPU},
    {"part: final exponentiation", op_final_exp, 10, 1, 0, CPU},
    {"part: pairing check", op_pairing_equal, 10, 1, 0, CPU},
    {"part: challenge of a signature", op_challenge, 10, 1, 0, CPU},
    {"part: parse a point of G1", op_g1_parse, 20, 1, 0, CPU},
    {"part: uncompress a point of G1", op_g1_uncompress, 20, 1, 0, CPU},
    {"part: parse a point of G2", op_g2_parse, 20, 1, 0, CPU},
    {"part: comb", op_comb, 20, 1, 0, CPU},
    {"part: k P in G1, constant time", op_g1_mul_ct, 20, 1, 0, CPU},
    {"part: k P in G2, constant time", op_g2_mul_ct, 10, 1, 0, CPU},
    {"part: z B - c P in G1", op_g1_commitment, 20, 1, 0, CPU},
    {"part: z B - c P in G2", op_g2_commitment, 10, 1, 0, CPU},
    {"part: opening share, made", op_opening_share, 10, 1, 0, CPU},
    {"part: verify a join request", op_request_verify, 5, 1, 0, CPU},
};

static int once(const char *name)
{
    for (size_t i = 0; i < sizeof benchmarks / sizeof benchmarks[0]; i++)
        if (strcmp(benchmarks[i].name, name) == 0) {
            benchmarks[i].operation();
            return 0;
        }
    fprintf(stderr, "no such operation: %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    check(fixture_make(&f));
    make_token();
    make_lists();
    groupsig_member_secret_encode(&f.members[0].secret, member_bytes);
    op_parse();
    op_miller_loop();
    scalar = f.members[0].secret.x;
    if (argc == 3 && strcmp(argv[1], "--once") == 0)
        return once(argv[2]);
    for (size_t i = 0; i < sizeof benchmarks / sizeof benchmarks[0]; i++)
        bench(&benchmarks[i]);
    return argc == 2 && strcmp(argv[1], "--check") == 0 ? missed : 0;
}
