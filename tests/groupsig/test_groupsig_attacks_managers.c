/*
 * Attacks by whoever holds one manager's secret: tracing, opening and revealing alone, naming or
 * framing another doctor, shares for other purposes. Every test has a control: the same steps with
 * the right values succeed.
 */
#include "forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f, other;

/* ---- what an attacker calls -------------------------------------------------------------------- */

static bool opening_share_is_valid(const uint8_t share[GROUPSIG_OPENING_SHARE_BYTES],
                                   const struct groupsig_verified *signature,
                                   struct groupsig_opening_share *checked)
{
    bool valid = false;
    return groupsig_opening_share_check(&f.key, &valid, checked, share,
                                        GROUPSIG_OPENING_SHARE_BYTES, signature) == GROUPSIG_OK &&
           valid;
}

static bool reveal_share_is_valid(const uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                                  const struct groupsig_join_request *request,
                                  struct groupsig_reveal_share *checked)
{
    bool valid = false;
    return groupsig_reveal_share_check(&f.key, &valid, checked, share, GROUPSIG_REVEAL_SHARE_BYTES,
                                       request) == GROUPSIG_OK &&
           valid;
}

static bool names_a_member(const blst_p1_affine *C)
{
    return blst_p1_affine_is_equal(C, &f.members[0].request.C) ||
           blst_p1_affine_is_equal(C, &f.members[1].request.C);
}

static bool traces(const blst_p2_affine *candidate, const struct groupsig_verified *signature)
{
    static struct groupsig_token token;
    uint8_t bytes[GROUPSIG_TOKEN_BYTES];
    blst_p2_affine_compress(bytes, candidate);
    return groupsig_token_parse(&token, bytes, sizeof bytes) == GROUPSIG_OK &&
           groupsig_trace(signature, &token);
}

static bool is_token_of(const blst_p2_affine *candidate, const struct fixture_member *member)
{
    static struct groupsig_token token;
    uint8_t bytes[GROUPSIG_TOKEN_BYTES];
    bool valid = false;
    blst_p2_affine_compress(bytes, candidate);
    return groupsig_token_parse(&token, bytes, sizeof bytes) == GROUPSIG_OK &&
           groupsig_token_verify(&valid, &token, member->commitment) == GROUPSIG_OK && valid;
}

/* ---- tracing alone -------------------------------------------------------------------------------- */

#define CANDIDATES 40
struct candidates {
    size_t count;
    blst_p2_affine point[CANDIDATES];
};

static void add_candidate(struct candidates *list, blst_p2_affine point)
{
    assert_true(list->count < CANDIDATES);
    list->point[list->count++] = point;
}

/* Points that a manager with eta (and gamma, the issuer) can compute from the joins. */
static void fill_candidates(struct candidates *list, const blst_scalar *eta,
                            const blst_scalar *gamma)
{
    const blst_scalar two = forge_number(2), twice_eta = forge_mul(eta, &two);
    const blst_p2_affine public_points[] = {f.key.R, f.key.Y_G, f.key.Y_R, f.key.Y, *GS_H};
    list->count = 0;
    for (size_t i = 0; i < sizeof public_points / sizeof public_points[0]; i++)
        add_candidate(list, public_points[i]);
    for (size_t m = 0; m < 2; m++) {
        const struct groupsig_join_request *request = &f.members[m].request;
        const blst_p2_affine *F1 = &request->F1, *F2 = &request->F2;
        const blst_p2_affine V = forge_g2(F1, eta), twice_V = forge_g2(F1, &twice_eta);
        const blst_scalar inverse_c = forge_inverse(&request->c);
        const blst_scalar x_over_c = forge_mul(&request->zx, &inverse_c);
        add_candidate(list, *F1);
        add_candidate(list, *F2);
        add_candidate(list, V);
        add_candidate(list, forge_g2_sub(F2, &V)); /* its half taken off */
        add_candidate(list, forge_g2_add(F2, &V));
        add_candidate(list, forge_g2_sub(F2, &twice_V)); /* the half taken off twice */
        add_candidate(list, forge_g2_sub(F2, F1));
        add_candidate(list, forge_g2_sub(&V, F2));
        add_candidate(list, forge_g2(GS_H, &request->zx)); /* the proof's answer for x */
        add_candidate(list, forge_g2(GS_H, &x_over_c));
        if (gamma) { /* what issuing knows: (gamma + t)^-1 takes C to A */
            blst_scalar t;
            assert_true(gs_scalar_parse(&t, f.members[m].membership + 50));
            const blst_scalar sum = forge_add(gamma, &t), inverse = forge_inverse(&sum);
            const blst_p2_affine half = forge_g2_sub(F2, &V);
            add_candidate(list, forge_g2(GS_H, &t));
            add_candidate(list, forge_g2(F2, &inverse));
            add_candidate(list, forge_g2(&half, &inverse));
            add_candidate(list, forge_g2(&half, gamma));
        }
    }
}

static void test_one_manager_does_not_trace(void **state)
{
    (void)state;
    struct candidates list;
    struct groupsig_verified signatures[2];
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES];
    for (size_t m = 0; m < 2; m++)
        assert_true(fixture_sign(&f, m, f.msg32, bytes, &signatures[m]));
    for (size_t manager = 0; manager < 2; manager++) {
        if (manager == 0)
            fill_candidates(&list, &f.gm.eta, &f.gm.gamma);
        else
            fill_candidates(&list, &f.rm.eta, NULL);
        assert_true(list.count >= 25);
        for (size_t i = 0; i < list.count; i++)
            for (size_t m = 0; m < 2; m++) {
                if (traces(&list.point[i], &signatures[m]))
                    fail_msg("manager %zu traces member %zu with candidate %zu", manager, m, i);
                assert_false(is_token_of(&list.point[i], &f.members[m]));
            }
    }
    /* Control: with both halves taken off, the same steps trace. */
    for (size_t m = 0; m < 2; m++) {
        const struct groupsig_join_request *request = &f.members[m].request;
        const blst_scalar eta = forge_add(&f.gm.eta, &f.rm.eta);
        const blst_p2_affine V = forge_g2(&request->F1, &eta);
        const blst_p2_affine token = forge_g2_sub(&request->F2, &V);
        assert_true(traces(&token, &signatures[m]));
        assert_false(traces(&token, &signatures[1 - m]));
        assert_true(is_token_of(&token, &f.members[m]));
    }
}

/* ---- opening alone --------------------------------------------------------------------------------- */

static void test_one_manager_does_not_open(void **state)
{
    (void)state;
    const blst_scalar *xi[] = {&f.gm.xi, &f.rm.xi};
    const enum groupsig_role roles[] = {GROUPSIG_ROLE_GM, GROUPSIG_ROLE_RM};
    struct groupsig_opening_share checked[2];
    uint8_t share[2][GROUPSIG_OPENING_SHARE_BYTES], forged[GROUPSIG_OPENING_SHARE_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], untouched[GROUPSIG_COMMITMENT_BYTES];
    memset(commitment, 0x5a, sizeof commitment);
    memcpy(untouched, commitment, sizeof commitment);
    for (size_t i = 0; i < 2; i++) {
        blst_p1_affine P = forge_g1(&f.signature.E1, xi[i]), C;
        forge_opening_share(share[i], &f.key, roles[i], &f.signature, &P, xi[i], &f.state);
        assert_true(opening_share_is_valid(share[i], &f.signature, &checked[i])); /* control */

        /* The share twice. */
        assert_int_equal(
            groupsig_open_combine(&f.key, commitment, &checked[i], &checked[i], &f.signature),
            GROUPSIG_ERR_MISMATCH);
        /* With the other's role written over its own; and with a proof for that role. */
        memcpy(forged, share[i], sizeof forged);
        forged[2] = (uint8_t)roles[1 - i];
        assert_false(opening_share_is_valid(forged, &f.signature, NULL));
        forge_opening_share(forged, &f.key, roles[1 - i], &f.signature, &P, xi[i], &f.state);
        assert_false(opening_share_is_valid(forged, &f.signature, NULL));
        /* A secret of its own making in the other's place. */
        const blst_scalar made = forge_scalar(&f.state);
        const blst_p1_affine P_made = forge_g1(&f.signature.E1, &made);
        forge_opening_share(forged, &f.key, roles[1 - i], &f.signature, &P_made, &made, &f.state);
        assert_false(opening_share_is_valid(forged, &f.signature, NULL));
        /* What is left when its own part is taken off, once or twice, names nobody. */
        C = forge_g1_sub(&f.signature.E2, &P);
        assert_false(names_a_member(&C));
        C = forge_g1_sub(&C, &P);
        assert_false(names_a_member(&C));
    }
    assert_false(names_a_member(&f.signature.E2));
    /* A share of another group's managers. */
    assert_int_equal(
        groupsig_opening_share_by_rm(&other.key, forged, &other.rm, &other.signature, &f.rng),
        GROUPSIG_OK);
    assert_false(opening_share_is_valid(forged, &f.signature, NULL));
    memcpy(forged + 3, f.signature.hash, 32);
    assert_false(opening_share_is_valid(forged, &f.signature, NULL));
    assert_memory_equal(commitment, untouched, sizeof commitment);
    /* Control: both together. */
    assert_int_equal(
        groupsig_open_combine(&f.key, commitment, &checked[0], &checked[1], &f.signature),
        GROUPSIG_OK);
    assert_memory_equal(commitment, f.members[0].commitment, sizeof commitment);
}

/* A manager who sees the other's share could bend its own so that the opening ends in any C. */
static void test_a_manager_names_another_doctor(void **state)
{
    (void)state;
    const blst_scalar *xi[] = {&f.gm.xi, &f.rm.xi};
    const enum groupsig_role roles[] = {GROUPSIG_ROLE_GM, GROUPSIG_ROLE_RM};
    const blst_p1_affine *victim = &f.members[1].request.C;
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    for (size_t i = 0; i < 2; i++) {
        const blst_p1_affine P_other = forge_g1(&f.signature.E1, xi[1 - i]);
        blst_p1_affine P = forge_g1_sub(&f.signature.E2, &P_other), C;
        P = forge_g1_sub(&P, victim);
        C = forge_g1_sub(&f.signature.E2, &P_other);
        C = forge_g1_sub(&C, &P);
        assert_true(blst_p1_affine_is_equal(&C, victim)); /* it would work */
        forge_opening_share(share, &f.key, roles[i], &f.signature, &P, xi[i], &f.state);
        assert_false(opening_share_is_valid(share, &f.signature, NULL));
        /* Its honest share with the point alone exchanged. */
        const blst_p1_affine honest = forge_g1(&f.signature.E1, xi[i]);
        forge_opening_share(share, &f.key, roles[i], &f.signature, &honest, xi[i], &f.state);
        assert_true(opening_share_is_valid(share, &f.signature, NULL)); /* control */
        blst_p1_affine_compress(share + 35, &P);
        assert_false(opening_share_is_valid(share, &f.signature, NULL));
    }
}

/* ---- revealing alone -------------------------------------------------------------------------------- */

static void test_one_manager_does_not_reveal(void **state)
{
    (void)state;
    const struct groupsig_join_request *request = &f.members[0].request;
    const blst_scalar *eta[] = {&f.gm.eta, &f.rm.eta};
    const enum groupsig_role roles[] = {GROUPSIG_ROLE_GM, GROUPSIG_ROLE_RM};
    struct groupsig_reveal_share checked[2];
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES], token[GROUPSIG_TOKEN_BYTES];
    for (size_t i = 0; i < 2; i++) {
        const blst_p2_affine V = forge_g2(&request->F1, eta[i]);
        forge_reveal_share(share, &f.key, roles[i], request, &V, eta[i], &f.state);
        assert_true(reveal_share_is_valid(share, request, &checked[i])); /* control */
        assert_int_equal(groupsig_reveal_combine(&f.key, token, &checked[i], &checked[i], request),
                         GROUPSIG_ERR_MISMATCH);
        share[2] = (uint8_t)roles[1 - i];
        assert_false(reveal_share_is_valid(share, request, NULL));
        forge_reveal_share(share, &f.key, roles[1 - i], request, &V, eta[i], &f.state);
        assert_false(reveal_share_is_valid(share, request, NULL));
        /* A half that makes the token somebody else's. */
        const blst_p2_affine V_other = forge_g2(&request->F1, eta[1 - i]);
        const blst_p2_affine token_other = forge_g2(GS_H, &f.members[1].secret.x);
        blst_p2_affine bent = forge_g2_sub(&request->F2, &V_other);
        bent = forge_g2_sub(&bent, &token_other);
        forge_reveal_share(share, &f.key, roles[i], request, &bent, eta[i], &f.state);
        assert_false(reveal_share_is_valid(share, request, NULL));
    }
    /* Were it not for the proofs, the token itself is still checked against C. */
    struct groupsig_reveal_share bent = checked[1];
    bent.V = forge_g2_add(&bent.V, GS_H);
    assert_int_equal(groupsig_reveal_combine(&f.key, token, &checked[0], &bent, request),
                     GROUPSIG_ERR_INVALID);
    /* Control */
    assert_int_equal(groupsig_reveal_combine(&f.key, token, &checked[0], &checked[1], request),
                     GROUPSIG_OK);
}

/* Whoever gets V = eta F1 for an F1 of its choice decrypts the token of the member whose F1 it is.
 */
static void test_reveal_share_for_another_members_ciphertext(void **state)
{
    (void)state;
    const struct fixture_member *attacker = &f.members[0], *victim = &f.members[1];
    const struct groupsig_join_request *own = &attacker->request;
    const blst_scalar x = attacker->secret.x, k = forge_scalar(&f.state);
    const blst_p2_affine xH = forge_g2(GS_H, &x), kH = forge_g2(GS_H, &k);
    const blst_p2_affine kY = forge_g2(&f.key.Y, &k), F2 = forge_g2_add(&xH, &kY);
    /* The victim's F1 and that with k H added, so that it does not look the same. */
    const blst_p2_affine disguised = forge_g2_add(&victim->request.F1, &kH);
    const blst_p2_affine disguised_F2 = forge_g2_add(&victim->request.F2, &kY);
    const struct {
        const blst_p2_affine *F1, *F2;
        bool is_control;
    } cases[] = {
        {&victim->request.F1, &F2, false}, {&victim->request.F1, &victim->request.F2, false},
        {&disguised, &F2, false},          {&disguised, &disguised_F2, false},
        {&kH, &victim->request.F2, false}, {&kH, &F2, true},
    };
    uint8_t bytes[GROUPSIG_JOIN_REQUEST_BYTES], share[GROUPSIG_REVEAL_SHARE_BYTES];
    uint8_t untouched[GROUPSIG_REVEAL_SHARE_BYTES], membership[GROUPSIG_MEMBERSHIP_BYTES];
    struct groupsig_join_request request;
    memset(share, 0x5a, sizeof share);
    memcpy(untouched, share, sizeof share);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forge_join_request(bytes, &f.key, attacker->nonce32, attacker->ctx32, &own->C, cases[i].F1,
                           cases[i].F2, &x, &k, &f.state);
        assert_int_equal(groupsig_join_request_parse(&request, bytes, sizeof bytes), GROUPSIG_OK);
        const enum groupsig_status expected = cases[i].is_control ? GROUPSIG_OK
                                                                  : GROUPSIG_ERR_INVALID;
        /* Neither a member with such a request comes to be, nor is there a share for it. */
        assert_int_equal(groupsig_join_issue(&f.key, membership, &f.gm, &request, attacker->nonce32,
                                             attacker->ctx32, &f.rng),
                         expected);
        if (!cases[i].is_control)
            assert_memory_equal(share, untouched, sizeof share);
        assert_int_equal(groupsig_reveal_share_by_gm(&f.key, share, &f.gm, &request,
                                                     attacker->nonce32, attacker->ctx32,
                                                     attacker->commitment, &f.rng),
                         expected);
        assert_int_equal(groupsig_reveal_share_by_rm(&f.key, share, &f.rm, &request,
                                                     attacker->nonce32, attacker->ctx32,
                                                     attacker->commitment, &f.rng),
                         expected);
    }
    /* The victim's whole request under the opening of the attacker's signature. */
    assert_int_equal(groupsig_reveal_share_by_gm(&f.key, share, &f.gm, &victim->request,
                                                 victim->nonce32, victim->ctx32,
                                                 attacker->commitment, &f.rng),
                     GROUPSIG_ERR_MISMATCH);
    /* A share for one request is none for another, even of one and the same C. */
    assert_true(reveal_share_is_valid(share, &request, NULL)); /* control: the last of the table */
    assert_false(reveal_share_is_valid(share, own, NULL));
    assert_false(reveal_share_is_valid(share, &victim->request, NULL));
    memcpy(share + 3, victim->commitment, GROUPSIG_COMMITMENT_BYTES);
    assert_false(reveal_share_is_valid(share, &victim->request, NULL));
}

/* ---- framing ----------------------------------------------------------------------------------------- */

static bool evidence_holds(const uint8_t *bytes, const struct fixture_member *of)
{
    struct groupsig_join_request request;
    return groupsig_join_request_parse(&request, bytes, GROUPSIG_JOIN_REQUEST_BYTES) ==
               GROUPSIG_OK &&
           groupsig_join_request_verify(&f.key, &request, of->nonce32, of->ctx32);
}

/*
 * The GM makes a membership for itself and signs with it. The signature is valid and opens to its
 * C; to blame the doctor it must show the doctor's request with that C. It has the doctor's
 * nonce and statement, so it can make a request for them that verifies: but then its bytes, and
 * with them the hash that the doctor's wallet has signed, are others. That an altered request or
 * wallet signature is no evidence, tests/workflow/test_group.c shows (join_refusals).
 */
static void test_framed_by_a_membership_of_the_gms_making(void **state)
{
    (void)state;
    static struct groupsig_member_secret member;
    const struct fixture_member *victim = &f.members[0];
    const blst_scalar x = forge_scalar(&f.state), k = forge_scalar(&f.state);
    const blst_p1_affine C = forge_g1(GS_G, &x);
    const blst_p2_affine F1 = forge_g2(GS_H, &k), kY = forge_g2(&f.key.Y, &k);
    const blst_p2_affine xH = forge_g2(GS_H, &x), F2 = forge_g2_add(&xH, &kY);
    struct groupsig_join_request request;
    struct groupsig_join_secret join = {.x = x, .C = C};
    struct groupsig_signature parsed;
    struct groupsig_verified signature;
    struct groupsig_opening_share checked[2];
    uint8_t made[GROUPSIG_JOIN_REQUEST_BYTES], altered[GROUPSIG_JOIN_REQUEST_BYTES];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES], bytes[GROUPSIG_SIGNATURE_BYTES];
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES], opened[GROUPSIG_COMMITMENT_BYTES];
    uint8_t compressed[GROUPSIG_COMMITMENT_BYTES], hash[2][32];
    memcpy(join.fingerprint, f.key.fingerprint, sizeof join.fingerprint);
    blst_p1_affine_compress(compressed, &C);

    forge_join_request(made, &f.key, victim->nonce32, victim->ctx32, &C, &F1, &F2, &x, &k,
                       &f.state);
    assert_int_equal(groupsig_join_request_parse(&request, made, sizeof made), GROUPSIG_OK);
    assert_int_equal(groupsig_join_issue(&f.key, membership, &f.gm, &request, victim->nonce32,
                                         victim->ctx32, &f.rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_join_finish(&f.key, &member, &join, membership, sizeof membership),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_sign(&f.key, bytes, &member, f.msg32, &f.rng), GROUPSIG_OK);
    assert_int_equal(groupsig_signature_parse(&parsed, bytes, sizeof bytes), GROUPSIG_OK);
    assert_true(groupsig_verify(&f.key, &signature, &parsed, f.msg32)); /* no wonder */
    assert_int_equal(groupsig_opening_share_by_gm(&f.key, share, &f.gm, &signature, &f.rng),
                     GROUPSIG_OK);
    assert_true(opening_share_is_valid(share, &signature, &checked[0]));
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, share, &f.rm, &signature, &f.rng),
                     GROUPSIG_OK);
    assert_true(opening_share_is_valid(share, &signature, &checked[1]));
    assert_int_equal(groupsig_open_combine(&f.key, opened, &checked[0], &checked[1], &signature),
                     GROUPSIG_OK);
    assert_memory_equal(opened, compressed, sizeof opened);
    assert_memory_not_equal(opened, victim->commitment, sizeof opened);

    /* The doctor's request is evidence for the doctor's C alone. */
    assert_true(evidence_holds(victim->request_bytes, victim)); /* control */
    memcpy(altered, victim->request_bytes, sizeof altered);
    memcpy(altered + 2, compressed, sizeof compressed);
    assert_false(evidence_holds(altered, victim));
    memcpy(altered, made, sizeof altered); /* the proof of the doctor's request before the C */
    memcpy(altered + 242, victim->request_bytes + 242, 24 + 64);
    assert_false(evidence_holds(altered, victim));
    assert_false(evidence_holds(victim->request_bytes, &f.members[1]));
    /* The request of the GM's making holds, but it is not what the wallet has signed. */
    assert_true(evidence_holds(made, victim));
    blst_sha256(hash[0], made, sizeof made);
    blst_sha256(hash[1], victim->request_bytes, sizeof made);
    assert_memory_not_equal(hash[0], hash[1], 32);

    /* Neither is the doctor's token any that traces the signature. */
    const blst_p2_affine token = forge_g2(GS_H, &victim->secret.x);
    assert_true(traces(&token, &f.signature)); /* control */
    assert_false(traces(&token, &signature));
    groupsig_member_secret_clear(&member);
}

/* ---- shares for other purposes ---------------------------------------------------------------------- */

static void test_share_replayed_for_another_signature(void **state)
{
    (void)state;
    struct groupsig_verified second;
    struct groupsig_opening_share gm_share, rm_share, rm_second;
    uint8_t bytes[GROUPSIG_SIGNATURE_BYTES], share[GROUPSIG_OPENING_SHARE_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    assert_true(fixture_sign(&f, 0, f.msg32, bytes, &second)); /* the same signer and message */
    assert_int_equal(groupsig_opening_share_by_gm(&f.key, share, &f.gm, &f.signature, &f.rng),
                     GROUPSIG_OK);
    assert_true(opening_share_is_valid(share, &f.signature, &gm_share)); /* control */
    assert_false(opening_share_is_valid(share, &second, NULL));
    memcpy(share + 3, second.hash, 32);
    assert_false(opening_share_is_valid(share, &second, NULL));
    assert_false(opening_share_is_valid(share, &f.signature, NULL));
    /* A proof of the right form for the wrong P. */
    forge_opening_share(share, &f.key, GROUPSIG_ROLE_GM, &second, &gm_share.P, &f.gm.xi, &f.state);
    assert_false(opening_share_is_valid(share, &second, NULL));
    /* Nor do checked shares of two signatures combine. */
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, share, &f.rm, &second, &f.rng),
                     GROUPSIG_OK);
    assert_true(opening_share_is_valid(share, &second, &rm_second));
    assert_int_equal(groupsig_open_combine(&f.key, commitment, &gm_share, &rm_second, &f.signature),
                     GROUPSIG_ERR_MISMATCH);
    assert_int_equal(groupsig_open_combine(&f.key, commitment, &gm_share, &rm_second, &second),
                     GROUPSIG_ERR_MISMATCH);
    /* Control */
    assert_int_equal(groupsig_opening_share_by_rm(&f.key, share, &f.rm, &f.signature, &f.rng),
                     GROUPSIG_OK);
    assert_true(opening_share_is_valid(share, &f.signature, &rm_share));
    assert_int_equal(groupsig_open_combine(&f.key, commitment, &gm_share, &rm_share, &f.signature),
                     GROUPSIG_OK);
}

static int make_groups(void **state)
{
    (void)state;
    return !fixture_make(&f) || !fixture_make(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_manager_does_not_trace),
        cmocka_unit_test(test_one_manager_does_not_open),
        cmocka_unit_test(test_a_manager_names_another_doctor),
        cmocka_unit_test(test_one_manager_does_not_reveal),
        cmocka_unit_test(test_reveal_share_for_another_members_ciphertext),
        cmocka_unit_test(test_framed_by_a_membership_of_the_gms_making),
        cmocka_unit_test(test_share_replayed_for_another_signature),
    };
    return cmocka_run_group_tests(tests, make_groups, NULL);
}
