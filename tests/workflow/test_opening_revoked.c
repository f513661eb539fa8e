/* From an opening to the revocation list: reveal, both signatures, and what a listed doctor's
 * records and releases are worth afterwards; what a doctor can claim. */
#include "market.h"
#include "opening_stage.h"

#include <string.h>

#include "workflow/verify.h"

#define RECORDS 10
#define PRICE   "1000000000000000000"

static char root[65]; /* a record of the doctor's, from before */
static char id[65];
static uint64_t delivered, consented; /* requests: done before, and only consented to */

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- reveal --------------------------------------------------------------------------------------- */

static struct json_object *reveal_body(const struct opening *opening, const uint8_t *commitment,
                                       const uint8_t *share)
{
    struct json_object *body = NULL;
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.reveal/1", INFO));
    OK(record_json_set_hex(body, "id", opening->id, 32, INFO));
    OK(record_json_set_hex(body, "commitment", commitment, 48, INFO));
    OK(record_json_set_hex(body, "share", share, GROUPSIG_REVEAL_SHARE_BYTES, INFO));
    return body;
}

/* GM's share over the join request of any member it likes. */
static void gm_share(struct fixture *fx, const struct group_member *member, uint8_t *share)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_gm_secret secret;
    struct groupsig_join_request request;
    OK(workflow_group_key(fx->home[GM], 1, &key, INFO));
    OK(opening_gm_secret(fx->home[GM], &secret, &fx->who[GM], INFO));
    assert_int_equal(groupsig_join_request_parse(&request, member->evidence.request,
                                                 sizeof member->evidence.request),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_by_gm(
                         key, share, &secret, &request, member->evidence.nonce,
                         member->evidence.statement_hash, member->commitment, &workflow_rng),
                     GROUPSIG_OK);
    groupsig_gm_secret_clear(&secret);
}

static void tokens_only_of_opened_doctors(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    GROUP_MEMBER_AUTO doctor = {0};
    GROUP_MEMBER_AUTO other = {0};
    struct opening opening;
    uint8_t salt[32];
    uint8_t own[GROUPSIG_REVEAL_SHARE_BYTES], others[GROUPSIG_REVEAL_SHARE_BYTES];
    stage_commit_registry(fx);
    fixture_store(fx, &market->patients[0], 70, root);
    stage_open(fx, root, id);
    OK(opening_find(fx->home[RM], &opening, id, &fx->who[RM], INFO));
    stage_member(fx, &fx->who[DOCTOR], &doctor, salt);
    stage_member(fx, &fx->doctor2, &other, salt);
    gm_share(fx, &doctor, own);
    gm_share(fx, &other, others);
    FAILS(GALEN_ERR_STATE, opening_reveal_approve(fx->home[RM], &fx->who[RM], id, NULL, INFO));
    FAILS(GALEN_ERR_STATE, group_trace(fx->home[GM], id, false, NULL, INFO));
    { /* another member's commitment, with that member's request */
        RECORD_JSON_AUTO body = reveal_body(&opening, other.commitment, others);
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_REVEAL, body), 1);
    }
    { /* the opened commitment, with another member's F1 under the share */
        RECORD_JSON_AUTO body = reveal_body(&opening, opening.commitment, others);
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_REVEAL, body), 1);
    }
    { /* an opening that never was */
        struct opening none = opening;
        none.id[0] ^= 1;
        RECORD_JSON_AUTO body = reveal_body(&none, opening.commitment, own);
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_REVEAL, body), 1);
    }
    FAILS(GALEN_ERR_STATE, opening_reveal_approve(fx->home[RM], &fx->who[RM], id, NULL, INFO));
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM reveal"), 0);

    stage_reveal(fx, id);
    RECORD_JSON_AUTO at_gm = stage_show(fx->home[GM], id);
    RECORD_JSON_AUTO at_rm = stage_show(fx->home[RM], id);
    assert_string_equal(fixture_text(at_gm, "token"), fixture_text(at_rm, "token"));
    struct groupsig_token token;
    uint8_t bytes[96];
    bool valid = false;
    OK(base_hex_decode(bytes, 96, fixture_text(at_gm, "token"), "token", INFO));
    assert_int_equal(groupsig_token_parse(&token, bytes, 96), GROUPSIG_OK);
    assert_int_equal(groupsig_token_verify(&valid, &token, doctor.commitment), GROUPSIG_OK);
    assert_true(valid);
    stage_reveal(fx, id); /* again: the same */

    RECORD_JSON_AUTO here = NULL;
    RECORD_JSON_AUTO chain = NULL;
    OK(group_trace(fx->home[GM], id, false, &here, INFO));
    OK(group_trace(fx->home[RM], id, true, &chain, INFO));
    assert_int_equal(json_object_array_length(fixture_member(here, "linked")), 0);
    assert_int_equal(json_object_array_length(fixture_member(chain, "linked")), RECORDS + 1);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

/* A proposal signed by `signer`, with these entries after `keep` of the newest list's. True when RM
 * refuses it. */
static bool proposal_refused(struct fixture *fx, uint64_t version, const uint8_t prev[32],
                             const uint8_t *token, enum fixture_home signer)
{
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO entries = NULL;
    RECORD_JSON_AUTO body = NULL;
    REVOCATION_BLOCK_AUTO block = {0};
    CHAIN_KEY_AUTO wallet = {0};
    uint8_t digest32[32], sig65[65];
    OK(workflow_array(&entries, INFO));
    if (token != NULL) {
        RECORD_JSON_AUTO entry = NULL;
        OK(workflow_object(&entry, INFO));
        OK(record_json_set_hex(entry, "token", token, 96, INFO));
        OK(workflow_set_time(entry, "effectiveFrom", base_time_s(), INFO));
        OK(workflow_set_text(entry, "reason", "fraud", INFO));
        OK(workflow_push(entries, &entry, INFO));
    }
    OK(workflow_object(&list, INFO));
    OK(workflow_set_text(list, "type", REVOCATION_LIST_TYPE, INFO));
    OK(workflow_set_int(list, "version", (int64_t)version, INFO));
    OK(record_json_set_hex(list, "prev", prev, 32, INFO));
    OK(workflow_set_time(list, "nextUpdate", base_time_s() + 86400, INFO));
    OK(workflow_set_object(list, "entries", &entries, INFO));
    OK(revocation_block_parse(&block, list, INFO));
    revocation_block_digest(fx->home[GM], digest32, &block);
    OK(workflow_wallet(fx->home[signer], &wallet, &fx->who[signer], INFO));
    OK(chain_key_sign(&wallet, digest32, sig65, INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.revocation-proposal/1", INFO));
    OK(workflow_set_object(body, "list", &list, INFO));
    OK(record_json_set_hex(body, "signature", sig65, sizeof sig65, INFO));
    return stage_send(fx, GM, RM, MESSAGE_REVOCATION, body) == 1;
}

static void own_token(struct fixture *fx, uint8_t token[96])
{
    RECORD_JSON_AUTO shown = stage_show(fx->home[GM], id);
    OK(base_hex_decode(token, 96, fixture_text(shown, "token"), "token", INFO));
}

/* The row "revocation list" of a record's verification. */
static bool record_row(struct workflow *wf, const char *record, const char *words)
{
    RECORD_JSON_AUTO verified = NULL;
    bool passed = false;
    OK(storing_verify(wf, record, &passed, &verified, INFO));
    struct json_object *checks = fixture_member(verified, "checks");
    size_t last = json_object_array_length(checks) - 1;
    struct json_object *row = json_object_array_get_idx(checks, last);
    assert_string_equal(fixture_text(row, "check"), "revocation list");
    if (strstr(fixture_text(row, "detail"), words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fixture_text(row, "detail"), words);
    assert_int_equal(passed, json_object_get_boolean(fixture_member(row, "passed")));
    return passed;
}

static void the_list_has_two_signatures(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const uint8_t zeros[32] = {0};
    static const uint8_t junk[32] = {9};
    const struct revocation_options bad_reason = {.opening_id = id, .reason = "Dr. Who did it"};
    const struct revocation_options late = {
        .opening_id = id, .reason = "fraud", .next_update = base_time_s() - 5};
    const struct revocation_options revoke = {.opening_id = id, .reason = "fraud"};
    uint8_t token[96], foreign[96];
    own_token(fx, token);
    delivered = market_delivered(market, 8, PRICE, NULL);
    consented = market_request(market, 8, PRICE, NULL);
    market_reply_and_ask(market, consented);
    market_consent_all(market, consented);

    FAILS(GALEN_ERR_STATE, revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    FAILS(GALEN_ERR_USAGE, revocation_propose(fx->home[GM], &fx->who[GM], &bad_reason, NULL, INFO));
    FAILS(GALEN_ERR_USAGE, revocation_propose(fx->home[GM], &fx->who[GM], &late, NULL, INFO));
    assert_true(proposal_refused(fx, 1, zeros, token, HOSPITAL)); /* not GM's signature */
    assert_true(proposal_refused(fx, 2, zeros, token, GM));       /* not the next version */
    assert_true(proposal_refused(fx, 1, junk, token, GM));        /* builds on nothing known */
    memcpy(foreign, token, 96);
    foreign[95] ^= 1;
    assert_true(proposal_refused(fx, 1, zeros, foreign, GM)); /* a token RM did not reveal */

    /* what is anchored and sold before takes effect before: the chain's clock goes on */
    fixture_pass_time(fx, 5);
    const struct revocation_options ahead = {
        .opening_id = id, .reason = "fraud", .effective_from = base_time_s() + 600};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &ahead, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO before = NULL;
    OK(revocation_show(fx->home[BUYER], &before, INFO));
    assert_false(json_object_get_boolean(fixture_member(before, "published")));
    workflow_dry_run(fx->home[RM], true);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    workflow_dry_run(fx->home[RM], false);
    fixture_restart(fx, RM);
    RECORD_JSON_AUTO published = NULL;
    RECORD_JSON_AUTO again = NULL;
    OK(revocation_publish(fx->home[RM], &fx->who[RM], &published, INFO));
    fixture_member(published, "tx");
    OK(revocation_publish(fx->home[RM], &fx->who[RM], &again, INFO));
    assert_true(json_object_get_boolean(fixture_member(again, "done")));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO shown = NULL;
    OK(revocation_show(fx->home[BUYER], &shown, INFO));
    assert_string_equal(fixture_text(shown, "cid"), fixture_text(published, "cid"));
    assert_int_equal(json_object_array_length(fixture_member(shown, "entries")), 1);
    FAILS(GALEN_ERR_EXISTS, revocation_propose(fx->home[GM], &fx->who[GM], &revoke, NULL, INFO));

    uint8_t cid[32];
    OK(store_cid_parse(cid, fixture_text(published, "cid"), INFO));
    assert_true(proposal_refused(fx, 2, cid, NULL, GM));    /* drops the entry */
    assert_true(proposal_refused(fx, 2, zeros, token, GM)); /* skips the list before */
    const struct revocation_options renew = {0};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &renew, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    /* nothing about who it is stands on the chain: the list's block is the token alone */
    BASE_BUF_AUTO block = {0};
    OK(store_get(&block, fx->home[BUYER]->store, cid, INFO));
    assert_null(strstr((const char *)block.data, "DE-12345"));
}

static void store_from_wallet(struct fixture *fx, const struct chain_address *patient, int variant,
                              char root_hex[65])
{
    RECORD_JSON_AUTO record = fixture_record(fx, patient, variant);
    RECORD_JSON_AUTO result = NULL;
    const struct storing_options options = {.releases = -1, .from_wallet = true};
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, &options, &result, INFO));
    snprintf(root_hex, 65, "%s", fixture_text(result, "merkleRoot") + 2);
    assert_int_equal(fixture_settle(fx), 0);
}

static void what_a_listed_doctor_signed(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO old_share = NULL;
    RECORD_JSON_AUTO new_share = NULL;
    RECORD_JSON_AUTO linked = NULL;
    char later[65];
    bool passed = false;
    assert_true(record_row(fx->home[PATIENT], root, "signed before revocation"));

    /* anchored after the revocation took effect, past the relay, which would refuse it */
    fixture_pass_time(fx, 1200);
    store_from_wallet(fx, &market->patients[0], 71, later);
    assert_false(record_row(fx->home[PATIENT], later, "membership is revoked"));
    OK(sharing_grant(fx->home[PATIENT], root, &fx->doctor2, NULL, &old_share, INFO));
    OK(sharing_grant(fx->home[PATIENT], later, &fx->doctor2, NULL, &new_share, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(sharing_open(fx->home[DOCTOR], fixture_text(old_share, "cidShare"), &passed, NULL, INFO));
    assert_true(passed);
    OK(sharing_open(fx->home[DOCTOR], fixture_text(new_share, "cidShare"), &passed, NULL, INFO));
    assert_false(passed);

    /* a release is refused whenever it was signed; a finished delivery stays what it was */
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], consented, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "revocation list"));
    json_object_put(market_verify(market, delivered, &passed));
    assert_true(passed);

    OK(group_trace(fx->home[BUYER], NULL, false, &linked, INFO));
    assert_int_equal(fixture_number(linked, "examined"),
                     (int64_t)json_object_array_length(fixture_member(linked, "linked")));
    assert_true(fixture_number(linked, "examined") >= 8);
    struct json_object *row = json_object_array_get_idx(fixture_member(linked, "linked"), 0);
    assert_string_equal(fixture_text(row, "kind"), "release");
}

/* ---- nobody is let off ----------------------------------------------------------------------------- */

/* What RM would publish now: the one entry's opening, or NULL for none. */
static bool would_add(struct fixture *fx, const char *opening_id)
{
    RECORD_JSON_AUTO shown = NULL;
    workflow_dry_run(fx->home[RM], true);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], &shown, INFO));
    workflow_dry_run(fx->home[RM], false);
    struct json_object *added = fixture_member(shown, "added");
    if (opening_id == NULL)
        return json_object_array_length(added) == 0;
    if (json_object_array_length(added) != 1)
        return false;
    struct json_object *entry = json_object_array_get_idx(added, 0);
    assert_string_equal(fixture_text(entry, "reason"), "licence-withdrawn");
    assert_string_equal(fixture_text(entry, "effectiveFrom"), "2026-01-02T03:04:05Z");
    assert_false(json_object_object_get_ex(entry, "token", NULL));
    return strcmp(fixture_text(entry, "opening") + 2, opening_id) == 0;
}

static void propose(struct fixture *fx, const struct revocation_options *options)
{
    OK(revocation_propose(fx->home[GM], &fx->who[GM], options, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

static void publish(struct fixture *fx, uint8_t cid[32])
{
    RECORD_JSON_AUTO published = NULL;
    OK(revocation_publish(fx->home[RM], &fx->who[RM], &published, INFO));
    OK(store_cid_parse(cid, fixture_text(published, "cid"), INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

static size_t listed(struct fixture *fx)
{
    RECORD_JSON_AUTO shown = NULL;
    OK(revocation_show(fx->home[BUYER], &shown, INFO));
    if (json_object_object_get_ex(shown, "problem", NULL))
        fail_msg("%s", fixture_text(shown, "problem"));
    return json_object_array_length(fixture_member(shown, "entries"));
}

/* A token is the managers' secret until its list is published: neither database shows it. */
static bool database_holds(struct fixture *fx, enum fixture_home home, const char *words)
{
    static const char *const ends[] = {"", "-wal"};
    bool held = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[256];
        BASE_BUF_AUTO bytes = {0};
        snprintf(path, sizeof path, "%s/galen.db%s", fx->home[home]->home, ends[i]);
        if (base_file_read(&bytes, path, (size_t)64 << 20, NULL) == GALEN_OK &&
            memmem(bytes.data, bytes.len, words, strlen(words)) != NULL)
            held = true;
    }
    return held;
}

static void tokens_stay_sealed(struct fixture *fx, const char *opening_id)
{
    uint8_t token[96];
    for (enum fixture_home home = GM; home <= RM; home++) {
        RECORD_JSON_AUTO shown = stage_show(fx->home[home], opening_id);
        char raw_hex[193];
        OK(base_hex_decode(token, 96, fixture_text(shown, "token"), "token", INFO));
        base_hex_encode(raw_hex, token, 96);
        assert_false(database_holds(fx, home, raw_hex));
        assert_true(database_holds(fx, home, "revealed")); /* the search finds what is there */
    }
}

static void proposals_are_carried_on(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO record = fixture_record(fx, &market->patients[0], 80);
    RECORD_JSON_AUTO stored = NULL;
    char id2[65];
    uint8_t cid[32], last[32];
    OK(storing_store(fx->home[DOCTOR], &fx->doctor2, record, NULL, &stored, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_open(fx, fixture_text(stored, "merkleRoot"), id2);
    stage_reveal(fx, id2);

    const struct revocation_options renew = {0};
    const struct revocation_options mistaken = {.opening_id = id2, .reason = "fraud"};
    const struct revocation_options revoke = {
        .opening_id = id2, .reason = "licence-withdrawn", .effective_from = 1767323045};
    const struct revocation_options withdraw = {.opening_id = id2, .withdraw = true};
    const struct revocation_options withdraw_listed = {.opening_id = id, .withdraw = true};
    propose(fx, &mistaken);
    propose(fx, &withdraw);
    assert_true(would_add(fx, NULL));
    FAILS(GALEN_ERR_NOT_FOUND,
          revocation_propose(fx->home[GM], &fx->who[GM], &withdraw, NULL, INFO));
    FAILS(GALEN_ERR_EXISTS,
          revocation_propose(fx->home[GM], &fx->who[GM], &withdraw_listed, NULL, INFO));
    propose(fx, &mistaken);
    propose(fx, &revoke); /* corrected before RM has signed */
    assert_true(would_add(fx, id2));
    tokens_stay_sealed(fx, id2);
    propose(fx, &renew); /* does not take the place of what waits */
    assert_true(would_add(fx, id2));

    /* RM's home stops after signing the transaction: it is sent once, whatever comes first */
    BASE_BUF_AUTO answer = {0};
    BASE_BUF_AUTO reverted = {0};
    char params[80];
    OK(chain_rpc_request(fx->rpc, &answer, "evm_snapshot", "[]", INFO));
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    snprintf(params, sizeof params, "[%.*s]", (int)answer.len, (const char *)answer.data);
    OK(chain_rpc_request(fx->rpc, &reverted, "evm_revert", params, INFO));
    OK(db_run(fx->home[RM]->db, INFO,
              "UPDATE tx SET status = 'signed', block_number = NULL, block_hash = NULL"
              " WHERE rowid = (SELECT max(rowid) FROM tx)"));
    fixture_sync_until_mined(fx->home[RM]);
    publish(fx, cid);
    assert_int_equal(listed(fx), 2);

    /* a list that RM publishes and keeps from the others binds GM all the same */
    BASE_BUF_AUTO block = {0};
    propose(fx, &renew);
    publish(fx, last);
    OK(store_get(&block, fx->home[RM]->store, last, INFO));
    OK(store_remove(fx->home[RM]->store, last, INFO));
    propose(fx, &renew);
    publish(fx, cid);
    assert_int_equal(listed(fx), 2);
    OK(store_put(NULL, fx->home[RM]->store, block.data, block.len, INFO));
    assert_int_equal(listed(fx), 2);
}

/* The same with an entry in the list that is kept back, and in a proposal that is passed over. */
static void a_list_kept_back_lets_nobody_off(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct chain_address doctor3;
    RECORD_JSON_AUTO record = fixture_record(fx, &market->patients[0], 81);
    RECORD_JSON_AUTO stored = NULL;
    BASE_BUF_AUTO block = {0};
    char id3[65];
    uint8_t cid[32];
    OK(workflow_identity_new(fx->home[DOCTOR], &doctor3, "doctor-3", "doctor", INFO));
    fixture_give_card(fx->home[DOCTOR], &doctor3, fx->home[GM]);
    OK(group_invite(fx->home[GM], &fx->who[GM], &doctor3, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_join(fx->home[DOCTOR], &doctor3, "DE-3", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_approve(fx->home[GM], &fx->who[GM], &doctor3, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_commit_registry(fx);
    OK(storing_store(fx->home[DOCTOR], &doctor3, record, NULL, &stored, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_open(fx, fixture_text(stored, "merkleRoot"), id3);
    stage_reveal(fx, id3);
    const struct revocation_options revoke = {.opening_id = id3, .reason = "fraud"};
    const struct revocation_options renew = {0};
    /* published is an earlier proposal of that version than the one with the doctor */
    propose(fx, &renew);
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &revoke, NULL, INFO));
    OK(db_run(fx->home[GM]->db, INFO,
              "DELETE FROM outbox WHERE kind = 'revocation-list' AND delivered_at IS NULL"));
    publish(fx, cid);
    assert_int_equal(listed(fx), 2);
    propose(fx, &renew);
    publish(fx, cid);
    OK(store_get(&block, fx->home[RM]->store, cid, INFO));
    OK(store_remove(fx->home[RM]->store, cid, INFO));
    FAILS(GALEN_ERR_EXISTS, revocation_propose(fx->home[GM], &fx->who[GM], &revoke, NULL, INFO));
    propose(fx, &renew);
    publish(fx, cid);
    assert_int_equal(listed(fx), 3);
    OK(store_put(NULL, fx->home[RM]->store, block.data, block.len, INFO));
    assert_int_equal(listed(fx), 3);
}

/* ---- claim ----------------------------------------------------------------------------------------- */

static void a_doctor_claims_its_own_signature(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const uint8_t nonce[32] = {7};
    static const uint8_t other_nonce[32] = {8};
    const struct opening_target target = {.record = root};
    RECORD_JSON_AUTO claim = NULL;
    RECORD_JSON_AUTO checked = NULL;
    char root2[65];
    bool passed = false;
    fixture_store(fx, &market->patients[0], 72, root2);
    OK(claim_make(fx->home[DOCTOR], &fx->who[DOCTOR], &target, "audit", nonce, &claim, INFO));
    FAILS(GALEN_ERR_CHECK,
          claim_make(fx->home[DOCTOR], &fx->doctor2, &target, "audit", nonce, NULL, INFO));
    OK(claim_verify(fx->home[BUYER], claim, nonce, NULL, &passed, &checked, INFO));
    assert_true(passed);
    OK(claim_verify(fx->home[PATIENT], claim, nonce, root, &passed, NULL, INFO));
    assert_true(passed);
    OK(claim_verify(fx->home[PATIENT], claim, nonce, root2, &passed, NULL, INFO));
    assert_false(passed);
    OK(claim_verify(fx->home[BUYER], claim, other_nonce, NULL, &passed, NULL, INFO));
    assert_false(passed);
    char address[CHAIN_ADDRESS_TEXT];
    chain_address_format(address, &fx->doctor2);
    const struct {
        const char *key, *value;
    } altered[] = {{"claimant", address}, {"purpose", "another purpose"}};
    for (size_t i = 0; i < 2; i++) {
        RECORD_JSON_AUTO copy = NULL;
        OK(record_json_copy(&copy, claim, INFO));
        OK(workflow_set_text(copy, altered[i].key, altered[i].value, INFO));
        OK(claim_verify(fx->home[BUYER], copy, nonce, NULL, &passed, NULL, INFO));
        assert_false(passed);
    }
    json_object_object_del(claim, "nonce");
    FAILS(GALEN_ERR_PARSE, claim_verify(fx->home[BUYER], claim, nonce, NULL, &passed, NULL, INFO));
}

/* How many of the hospital's records came into this list, the reason of the first with these words.
 */
static size_t relayed(struct fixture *fx, const char *list, const char *reason)
{
    RECORD_JSON_AUTO result = NULL;
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &result, INFO));
    struct json_object *rows = fixture_member(result, list);
    size_t n = json_object_array_length(rows);
    if (n > 0 && reason != NULL)
        assert_non_null(strstr(fixture_text(json_object_array_get_idx(rows, 0), "reason"), reason));
    return n;
}

/* Nothing of a listed doctor's is anchored; without the list, nothing of anybody's is. */
static void the_relay_looks_at_the_list(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    BASE_BUF_AUTO block = {0};
    uint8_t cid[32];
    uint64_t version = 0;
    REVOCATION_BLOCK_AUTO newest = {0};
    RECORD_JSON_AUTO record = fixture_record(fx, &market->patients[0], 90);
    OK(storing_store(fx->home[DOCTOR], &fx->doctor2, record, NULL, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_list_newest(fx->home[HOSPITAL], &version, &newest, cid, INFO));
    OK(store_get(&block, fx->home[HOSPITAL]->store, cid, INFO));
    OK(store_remove(fx->home[HOSPITAL]->store, cid, INFO));
    assert_int_equal(relayed(fx, "waiting", "revocation list cannot be used"), 1);
    OK(store_put(NULL, fx->home[HOSPITAL]->store, block.data, block.len, INFO));
    assert_int_equal(relayed(fx, "refused", "membership is revoked"), 1);
    assert_int_equal(relayed(fx, "anchored", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_only_of_opened_doctors),
        cmocka_unit_test(the_list_has_two_signatures),
        cmocka_unit_test(what_a_listed_doctor_signed),
        cmocka_unit_test(proposals_are_carried_on),
        cmocka_unit_test(a_list_kept_back_lets_nobody_off),
        cmocka_unit_test(the_relay_looks_at_the_list),
        cmocka_unit_test(a_doctor_claims_its_own_signature),
    };
    return cmocka_run_group_tests_name("opening, revoked", tests, set_up, market_tear_down);
}
