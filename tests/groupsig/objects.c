/* See objects.h. */
#include "objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;

static bool accepts_signature(const uint8_t *bytes, size_t len)
{
    struct groupsig_signature signature;
    return groupsig_signature_parse(&signature, bytes, len) == GROUPSIG_OK &&
           groupsig_verify(&f.key, NULL, &signature, f.msg32);
}

static bool accepts_group_key(const uint8_t *bytes, size_t len)
{
    static struct groupsig_group_key key;
    return groupsig_group_key_parse(&key, bytes, len) == GROUPSIG_OK;
}

static bool accepts_join_request(const uint8_t *bytes, size_t len)
{
    struct groupsig_join_request request;
    return groupsig_join_request_parse(&request, bytes, len) == GROUPSIG_OK &&
           groupsig_join_request_verify(&f.key, &request, f.members[0].nonce32, f.members[0].ctx32);
}

static bool accepts_membership(const uint8_t *bytes, size_t len)
{
    struct groupsig_member_secret secret;
    bool valid = false;
    bool verifies = groupsig_membership_verify(&f.key, &valid, bytes, len,
                                               f.members[0].commitment) == GROUPSIG_OK &&
                    valid;
    bool finishes = groupsig_join_finish(&f.key, &secret, &f.members[0].join, bytes, len) ==
                    GROUPSIG_OK;
    assert_int_equal(verifies, finishes);
    return verifies;
}

static bool accepts_opening_share(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_opening_share_check(&f.key, &valid, NULL, bytes, len, &f.signature) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_reveal_share(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_reveal_share_check(&f.key, &valid, NULL, bytes, len, &f.members[0].request) ==
               GROUPSIG_OK &&
           valid;
}

static const uint8_t CONTEXT[32] = {3};
static struct groupsig_verified linked[2];

static bool accepts_claim(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_claim_verify(&f.key, &valid, bytes, len, &f.signature, CONTEXT) ==
               GROUPSIG_OK &&
           valid;
}

static bool accepts_link(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return groupsig_link_verify(&f.key, &valid, bytes, len, linked, 2, CONTEXT) == GROUPSIG_OK &&
           valid;
}

static bool accepts_token(const uint8_t *bytes, size_t len)
{
    static struct groupsig_token token;
    bool valid = false;
    return groupsig_token_parse(&token, bytes, len) == GROUPSIG_OK &&
           groupsig_token_verify(&valid, &token, f.members[0].commitment) == GROUPSIG_OK && valid;
}

/* A commitment has a fixed length where it is taken; the length is checked here. */
static bool accepts_commitment(const uint8_t *bytes, size_t len)
{
    bool valid = false;
    return len == GROUPSIG_COMMITMENT_BYTES &&
           groupsig_membership_verify(&f.key, &valid, f.members[0].membership,
                                      GROUPSIG_MEMBERSHIP_BYTES, bytes) == GROUPSIG_OK &&
           valid;
}

/* Secrets have no proof that a changed byte would break: only well-formed or not. */
static bool accepts_gm_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_gm_secret secret;
    return groupsig_gm_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_gm_secret_matches(&f.key, &secret);
}

static bool accepts_rm_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_rm_secret secret;
    return groupsig_rm_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_rm_secret_matches(&f.key, &secret);
}

static bool accepts_join_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_join_secret secret;
    struct groupsig_member_secret member;
    return groupsig_join_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_join_finish(&f.key, &member, &secret, f.members[0].membership,
                                GROUPSIG_MEMBERSHIP_BYTES) == GROUPSIG_OK;
}

static bool accepts_member_secret(const uint8_t *bytes, size_t len)
{
    struct groupsig_member_secret secret;
    uint8_t signature[GROUPSIG_SIGNATURE_BYTES];
    return groupsig_member_secret_parse(&secret, bytes, len) == GROUPSIG_OK &&
           groupsig_sign(&f.key, signature, &secret, f.msg32, &f.rng) == GROUPSIG_OK &&
           accepts_signature(signature, sizeof signature);
}

struct object objects[OBJECTS] = {
    {"signature",
     accepts_signature,
     GROUPSIG_SIGNATURE_BYTES,
     {2, 50, 98, 146, 194},
     {0},
     {266, 298, 330},
     true,
     {0}},
    {"group key",
     accepts_group_key,
     GROUPSIG_GROUP_KEY_BYTES,
     {98, 362},
     {2, 146, 410},
     {266, 298, 330, 530, 562},
     true,
     {0}},
    {"join request",
     accepts_join_request,
     GROUPSIG_JOIN_REQUEST_BYTES,
     {2},
     {50, 146},
     {266, 298},
     true,
     {0}},
    {"membership", accepts_membership, GROUPSIG_MEMBERSHIP_BYTES, {2}, {0}, {50}, true, {0}},
    {"opening share of GM",
     accepts_opening_share,
     GROUPSIG_OPENING_SHARE_BYTES,
     {35},
     {0},
     {107},
     true,
     {0}},
    {"opening share of RM",
     accepts_opening_share,
     GROUPSIG_OPENING_SHARE_BYTES,
     {35},
     {0},
     {107},
     true,
     {0}},
    {"reveal share of GM",
     accepts_reveal_share,
     GROUPSIG_REVEAL_SHARE_BYTES,
     {3},
     {51},
     {171},
     true,
     {0}},
    {"reveal share of RM",
     accepts_reveal_share,
     GROUPSIG_REVEAL_SHARE_BYTES,
     {3},
     {51},
     {171},
     true,
     {0}},
    {"claim", accepts_claim, GROUPSIG_CLAIM_BYTES, {0}, {0}, {26}, true, {0}},
    {"link", accepts_link, GROUPSIG_LINK_BYTES, {0}, {0}, {26}, true, {0}},
    {"token", accepts_token, GROUPSIG_TOKEN_BYTES, {0}, {OBJECT_AT_0}, {0}, false, {0}},
    {"commitment",
     accepts_commitment,
     GROUPSIG_COMMITMENT_BYTES,
     {OBJECT_AT_0},
     {0},
     {0},
     false,
     {0}},
    {"GM secret", accepts_gm_secret, GROUPSIG_GM_SECRET_BYTES, {0}, {0}, {2, 34, 66}, true, {0}},
    {"RM secret", accepts_rm_secret, GROUPSIG_RM_SECRET_BYTES, {0}, {0}, {2, 34}, true, {0}},
    {"join secret", accepts_join_secret, GROUPSIG_JOIN_SECRET_BYTES, {0}, {0}, {34}, true, {0}},
    {"member secret",
     accepts_member_secret,
     GROUPSIG_MEMBER_SECRET_BYTES,
     {66},
     {0},
     {34, 114},
     true,
     {0}},
};
const struct fixture *objects_group(void)
{
    return &f;
}

bool objects_make(void)
{
    if (!fixture_make(&f))
        return false;
    struct object *o = objects;
    struct fixture_member *m = &f.members[0];
    struct groupsig_reveal_share shares[2];
    uint8_t extra[GROUPSIG_SIGNATURE_BYTES];
    bool valid[2] = {false, false};
    linked[0] = f.signature;
    memcpy(o[0].bytes, f.signature_bytes, o[0].len);
    memcpy(o[1].bytes, f.key_bytes, o[1].len);
    memcpy(o[2].bytes, m->request_bytes, o[2].len);
    memcpy(o[3].bytes, m->membership, o[3].len);
    memcpy(o[11].bytes, m->commitment, o[11].len);
    groupsig_gm_secret_encode(&f.gm, o[12].bytes);
    groupsig_rm_secret_encode(&f.rm, o[13].bytes);
    groupsig_join_secret_encode(&m->join, o[14].bytes);
    groupsig_member_secret_encode(&m->secret, o[15].bytes);
    return fixture_sign(&f, 0, CONTEXT, extra, &linked[1]) &&
           groupsig_opening_share_by_gm(&f.key, o[4].bytes, &f.gm, &f.signature, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_opening_share_by_rm(&f.key, o[5].bytes, &f.rm, &f.signature, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_reveal_share_by_gm(&f.key, o[6].bytes, &f.gm, &m->request, m->nonce32, m->ctx32,
                                       m->commitment, &f.rng) == GROUPSIG_OK &&
           groupsig_reveal_share_by_rm(&f.key, o[7].bytes, &f.rm, &m->request, m->nonce32, m->ctx32,
                                       m->commitment, &f.rng) == GROUPSIG_OK &&
           groupsig_claim_make(&f.key, o[8].bytes, &m->secret, &f.signature, CONTEXT, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_link_make(&f.key, o[9].bytes, &m->secret, linked, 2, CONTEXT, &f.rng) ==
               GROUPSIG_OK &&
           groupsig_reveal_share_check(&f.key, &valid[0], &shares[0], o[6].bytes, o[6].len,
                                       &m->request) == GROUPSIG_OK &&
           groupsig_reveal_share_check(&f.key, &valid[1], &shares[1], o[7].bytes, o[7].len,
                                       &m->request) == GROUPSIG_OK &&
           valid[0] && valid[1] &&
           groupsig_reveal_combine(&f.key, o[10].bytes, &shares[0], &shares[1], &m->request) ==
               GROUPSIG_OK;
}
