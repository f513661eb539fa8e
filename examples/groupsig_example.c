/*
 * The life of one signature with libgalen-groupsig alone: two managers found a group, a member
 * joins and signs, anyone verifies, both managers together open the signature, reveal the member's
 * token and trace by it, and the member claims it.
 *
 *   cc groupsig_example.c $(pkg-config --cflags --libs galen-groupsig) -o groupsig_example
 *
 * A real programme sends requests, shares and memberships between people, encrypts secrets at rest,
 * and keeps a registry of memberships (see groupsig_join_issue).
 */
#include <groupsig/groupsig.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The library has no randomness of its own. */
static int fill_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0)
            return -1;
        out += got;
        len -= (size_t)got;
    }
    return 0;
}
static const struct groupsig_rng rng = {fill_random, NULL};

static void check(enum groupsig_status status, const char *what)
{
    printf("%-4s %s\n", status == GROUPSIG_OK ? "ok" : "FAIL", what);
    if (status != GROUPSIG_OK)
        exit(1);
}

static void expect(bool holds, const char *what)
{
    check(holds ? GROUPSIG_OK : GROUPSIG_ERR_INVALID, what);
}

/* Everybody checks a group key once, when it is loaded. */
static struct groupsig_group_key key;
static struct groupsig_gm_secret gm;
static struct groupsig_rm_secret rm;
static struct groupsig_member_secret member;
static struct groupsig_join_request request;
static uint8_t nonce[32], context[32];

static void found_group(void)
{
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    check(groupsig_gm_setup(&gm, gm_share, &rng), "the Group Manager makes one half");
    check(groupsig_rm_setup(&rm, rm_share, gm_share, &rng), "the Revocation Manager the other");
    check(groupsig_group_key_combine(&key, gm_share, rm_share), "together they are the group key");
}

static void join(void)
{
    struct groupsig_join_secret secret;
    uint8_t bytes[GROUPSIG_JOIN_REQUEST_BYTES], membership[GROUPSIG_MEMBERSHIP_BYTES];
    fill_random(NULL, nonce, sizeof nonce); /* the Group Manager's, used once */
    memset(context, 'a', sizeof context);   /* SHA-256 of the applicant's statement */
    check(groupsig_join_request_make(&key, &secret, bytes, nonce, context, &rng),
          "an applicant asks for a membership");
    check(groupsig_join_request_parse(&request, bytes, sizeof bytes), "the request is well-formed");
    check(groupsig_join_issue(&key, membership, &gm, &request, nonce, context, &rng),
          "the Group Manager issues one");
    check(groupsig_join_finish(&key, &member, &secret, membership, sizeof membership),
          "the applicant checks it and has a key");
    groupsig_join_secret_clear(&secret);
}

static void sign_and_verify(struct groupsig_verified *verified, const uint8_t msg32[32])
{
    struct groupsig_signature signature;
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES];
    check(groupsig_sign(&key, bytes, &member, msg32, &rng), "the member signs");
    check(groupsig_signature_parse(&signature, bytes, sizeof bytes),
          "the signature is well-formed");
    expect(groupsig_verify(&key, verified, &signature, msg32), "it is valid");
    uint8_t other[32] = {0};
    expect(!groupsig_verify(&key, NULL, &signature, other), "for another message it is not");
}

static void open_signature(const struct groupsig_verified *verified,
                           uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    uint8_t from_gm[GROUPSIG_OPENING_SHARE_BYTES], from_rm[GROUPSIG_OPENING_SHARE_BYTES];
    struct groupsig_opening_share gm_share, rm_share;
    uint8_t own[GROUPSIG_COMMITMENT_BYTES];
    bool gm_good = false, rm_good = false;
    check(groupsig_opening_share_by_gm(&key, from_gm, &gm, verified, &rng), "GM's opening share");
    check(groupsig_opening_share_by_rm(&key, from_rm, &rm, verified, &rng), "RM's opening share");
    check(
        groupsig_opening_share_check(&key, &gm_good, &gm_share, from_gm, sizeof from_gm, verified),
        "GM's share is read");
    check(
        groupsig_opening_share_check(&key, &rm_good, &rm_share, from_rm, sizeof from_rm, verified),
        "RM's share is read");
    expect(gm_good && rm_good, "their proofs hold");
    check(groupsig_open_combine(&key, commitment, &gm_share, &rm_share, verified),
          "the signature is opened");
    groupsig_member_commitment(&member, own);
    expect(memcmp(commitment, own, sizeof own) == 0, "it names the member");
}

static void reveal_and_trace(const struct groupsig_verified *verified,
                             const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    uint8_t from_gm[GROUPSIG_REVEAL_SHARE_BYTES], from_rm[GROUPSIG_REVEAL_SHARE_BYTES];
    struct groupsig_reveal_share gm_share, rm_share;
    uint8_t bytes[GROUPSIG_TOKEN_BYTES];
    static struct groupsig_token token;
    bool gm_good = false, rm_good = false;
    check(
        groupsig_reveal_share_by_gm(&key, from_gm, &gm, &request, nonce, context, commitment, &rng),
        "GM's reveal share");
    check(
        groupsig_reveal_share_by_rm(&key, from_rm, &rm, &request, nonce, context, commitment, &rng),
        "RM's reveal share");
    check(groupsig_reveal_share_check(&key, &gm_good, &gm_share, from_gm, sizeof from_gm, &request),
          "GM's share is read");
    check(groupsig_reveal_share_check(&key, &rm_good, &rm_share, from_rm, sizeof from_rm, &request),
          "RM's share is read");
    expect(gm_good && rm_good, "their proofs hold");
    check(groupsig_reveal_combine(&key, bytes, &gm_share, &rm_share, &request),
          "the tracing token is revealed");
    check(groupsig_token_parse(&token, bytes, sizeof bytes), "the token is well-formed");
    expect(groupsig_trace(verified, &token), "it traces the signature");
}

int main(void)
{
    static const uint8_t msg32[32] = "a hash of what is signed, really";
    struct groupsig_verified verified;
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], claim[GROUPSIG_CLAIM_BYTES];
    bool valid = false;
    found_group();
    join();
    sign_and_verify(&verified, msg32);
    open_signature(&verified, commitment);
    reveal_and_trace(&verified, commitment);
    check(groupsig_claim_make(&key, claim, &member, &verified, context, &rng),
          "the member claims the signature");
    check(groupsig_claim_verify(&key, &valid, claim, sizeof claim, &verified, context),
          "the claim is read");
    expect(valid, "the claim holds");
    groupsig_member_secret_clear(&member);
    groupsig_gm_secret_clear(&gm);
    groupsig_rm_secret_clear(&rm);
    return 0;
}
