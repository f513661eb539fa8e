/* The revocation list in force: read strictly, and whoever stands on it is found. */
#include "opening_stage.h"

#include <string.h>

#include "workflow/verify.h"

/* The tracing token of a doctor, as both managers reveal it together. */
static void reveal_token(struct fixture *fx, const struct chain_address *doctor, uint8_t token[96])
{
    struct workflow *gm = fx->home[GM];
    const struct groupsig_group_key *key = NULL;
    struct groupsig_gm_secret gm_secret;
    struct groupsig_rm_secret rm_secret;
    struct groupsig_join_request request;
    struct groupsig_reveal_share shares[2];
    BASE_SECRET_AUTO gm_bytes = {0};
    BASE_SECRET_AUTO rm_bytes = {0};
    uint8_t commitment[48];
    uint8_t nonce[32];
    uint8_t ctx32[32];
    uint8_t bytes[330];
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES];
    uint32_t version = 0;
    bool found = false;
    bool valid = false;
    DB_ROWS_AUTO rows = {0};
    OK(workflow_current_key(gm, &version, &key, INFO));
    OK(db_query(&rows, gm->db, INFO,
                "SELECT commitment, nonce, statement, request FROM member WHERE wallet = ?",
                DB_BLOB(doctor->bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(db_bytes(&rows, 0, commitment, 48, INFO));
    OK(db_bytes(&rows, 1, nonce, 32, INFO));
    store_digest(ctx32, db_text(&rows, 2), strlen(db_text(&rows, 2)));
    OK(db_bytes(&rows, 3, bytes, sizeof bytes, INFO));
    OK(workflow_secret_get(gm, &gm_bytes, WORKFLOW_KEY_GM, &fx->who[GM], INFO));
    OK(workflow_secret_get(fx->home[RM], &rm_bytes, WORKFLOW_KEY_RM, &fx->who[RM], INFO));
    assert_int_equal(groupsig_gm_secret_parse(&gm_secret, gm_bytes.data, GROUPSIG_GM_SECRET_BYTES),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_rm_secret_parse(&rm_secret, rm_bytes.data, GROUPSIG_RM_SECRET_BYTES),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_join_request_parse(&request, bytes, sizeof bytes), GROUPSIG_OK);
    assert_int_equal(groupsig_reveal_share_by_gm(key, share, &gm_secret, &request, nonce, ctx32,
                                                 commitment, &workflow_rng),
                     GROUPSIG_OK);
    assert_int_equal(
        groupsig_reveal_share_check(key, &valid, &shares[0], share, sizeof share, &request),
        GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_reveal_share_by_rm(key, share, &rm_secret, &request, nonce, ctx32,
                                                 commitment, &workflow_rng),
                     GROUPSIG_OK);
    assert_int_equal(
        groupsig_reveal_share_check(key, &valid, &shares[1], share, sizeof share, &request),
        GROUPSIG_OK);
    assert_true(valid);
    assert_int_equal(groupsig_reveal_combine(key, token, &shares[0], &shares[1], &request),
                     GROUPSIG_OK);
    groupsig_gm_secret_clear(&gm_secret);
    groupsig_rm_secret_clear(&rm_secret);
}

/* Names a block as the list in force. */
static void set_list(struct fixture *fx, const uint8_t cid32[32])
{
    BASE_BUF_AUTO data = {0};
    OK(datahub_encode_set_revocation_list(&data, cid32, INFO));
    const struct workflow_call call = {.from = &fx->who[RM],
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "setRevocationList",
                                       .request_id = -1};
    OK(workflow_transact(fx->home[RM], &call, NULL, NULL, NULL, INFO));
}

static void sign_list(struct fixture *fx, struct json_object *signatures, const char *name,
                      struct workflow *wf, const struct chain_address *who,
                      const uint8_t digest32[32])
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    (void)fx;
    OK(workflow_wallet(wf, &key, who, INFO));
    OK(chain_key_sign(&key, digest32, sig65, INFO));
    OK(record_json_set_hex(signatures, name, sig65, sizeof sig65, INFO));
}

/* A list to publish; what is not set is as it should be. */
struct listing {
    uint64_t version;
    const uint8_t *tokens[2];           /* in this order; NULL: none */
    const uint8_t *prev;                /* NULL: none before */
    const char *effective_from;         /* NULL: 2020 */
    int64_t next_update_s;              /* from now; 0: a day */
    enum fixture_home second;           /* whose second signature it has; 0: RM's */
    const struct chain_address *former; /* another identity of RM's home that signs; NULL: none */
};

static void publish(struct fixture *fx, const struct listing *listing, uint8_t cid[32])
{
    static const uint8_t none[32] = {0};
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO entries = NULL;
    RECORD_JSON_AUTO signatures = NULL;
    BASE_BUF_AUTO text = {0};
    uint8_t digest[32];
    enum fixture_home second = listing->second != 0 ? listing->second : RM;
    struct chain_revocation_list message = {.version = listing->version};
    OK(workflow_array(&entries, INFO));
    for (int i = 0; i < 2 && listing->tokens[i] != NULL; i++) {
        RECORD_JSON_AUTO entry = NULL;
        OK(workflow_object(&entry, INFO));
        OK(record_json_set_hex(entry, "token", listing->tokens[i], 96, INFO));
        OK(workflow_set_text(entry, "effectiveFrom",
                             listing->effective_from != NULL ? listing->effective_from
                                                             : "2020-01-01T00:00:00Z",
                             INFO));
        OK(workflow_set_text(entry, "reason", "fraud", INFO));
        OK(workflow_push(entries, &entry, INFO));
    }
    OK(workflow_object(&list, INFO));
    OK(workflow_set_text(list, "type", REVOCATION_LIST_TYPE, INFO));
    OK(workflow_set_int(list, "version", (int64_t)listing->version, INFO));
    OK(record_json_set_hex(list, "prev", listing->prev != NULL ? listing->prev : none, 32, INFO));
    OK(workflow_set_time(
        list, "nextUpdate",
        base_time_s() + (listing->next_update_s != 0 ? listing->next_update_s : 86400), INFO));
    OK(workflow_set_object(list, "entries", &entries, INFO));
    OK(record_json_hash(message.digest, list, INFO));
    chain_digest_revocation_list(digest, &fx->home[GM]->domain, &message);
    OK(workflow_object(&signatures, INFO));
    sign_list(fx, signatures, "gm", fx->home[GM], &fx->who[GM], digest);
    sign_list(fx, signatures, "rm", fx->home[second],
              listing->former != NULL ? listing->former : &fx->who[second], digest);
    OK(workflow_set_object(list, "signatures", &signatures, INFO));
    OK(record_json_jcs(&text, list, INFO));
    OK(store_put(cid, fx->home[RM]->store, text.data, text.len, INFO));
    set_list(fx, cid);
    assert_int_equal(fixture_settle(fx), 0); /* everyone sees the event */
}

/* Opens the share: everything but the list holds; true when the list does, too. */
static bool list_passes(struct fixture *fx, const char *cid_share, const char *words)
{
    RECORD_JSON_AUTO opened = NULL;
    bool passed = false;
    OK(sharing_open(fx->home[DOCTOR], cid_share, &passed, &opened, INFO));
    struct json_object *checks = fixture_member(opened, "checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(fixture_text(row, "check"), "revocation list") != 0) {
            assert_true(json_object_get_boolean(fixture_member(row, "passed")));
            continue;
        }
        assert_int_equal(passed, json_object_get_boolean(fixture_member(row, "passed")));
        if (strstr(fixture_text(row, "detail"), words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", fixture_text(row, "detail"), words);
    }
    return passed;
}

/* That the list is past its nextUpdate; a newer one puts an end to it. */
static void everybody_is_told_once(struct workflow *wf, bool overdue)
{
    for (int i = 0; i < 2; i++) {
        json_object_put(fixture_sync(wf));
        assert_int_equal(fixture_count(wf, "SELECT count(*) FROM notification WHERE"
                                           " kind = 'revocation-list-overdue' AND subject = '6'"),
                         fixture_count(wf, "SELECT count(*) FROM identity"));
    }
    RECORD_JSON_AUTO status = NULL;
    OK(workflow_status(wf, &status, INFO));
    struct json_object *list = fixture_member(status, "revocationList");
    assert_int_equal(fixture_number(list, "version"), overdue ? 6 : 7);
    assert_int_equal(json_object_get_boolean(fixture_member(list, "overdue")), overdue);
}

static void the_list_is_read_strictly(void **state)
{
    struct fixture *fx = *state;
    static const uint8_t nowhere[32] = {8};
    static const char junk[] = "{\"type\":\"galen.revocation-list/1\",\"version\":2}";
    char root[65];
    uint8_t cid[32];
    uint8_t token[96];
    uint8_t token2[96];
    RECORD_JSON_AUTO share = NULL;
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    OK(sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], NULL, &share, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    const char *cid_share = fixture_text(share, "cidShare");
    reveal_token(fx, &fx->who[DOCTOR], token);
    reveal_token(fx, &fx->doctor2, token2);

    assert_true(list_passes(fx, cid_share, "none published"));
    set_list(fx, nowhere); /* version 1 */
    assert_false(list_passes(fx, cid_share, "cannot be used"));
    OK(store_put(cid, fx->home[RM]->store, junk, sizeof junk - 1, INFO));
    set_list(fx, cid); /* 2 */
    assert_false(list_passes(fx, cid_share, "cannot be used"));
    uint8_t last[32], listed[32], other[32];
    publish(fx, &(struct listing){.version = 3}, last);
    assert_true(list_passes(fx, cid_share, "not on list version 3"));
    publish(fx, &(struct listing){.version = 4, .prev = last, .second = HOSPITAL}, other);
    assert_false(list_passes(fx, cid_share, "both managers")); /* one signature is missing */
    publish(fx, &(struct listing){.version = 4, .prev = last}, other); /* the fifth */
    assert_false(list_passes(fx, cid_share, "another version"));
    publish(fx,
            &(struct listing){.version = 6, .prev = last, .tokens = {token2}, .next_update_s = -60},
            last); /* a colleague, and it is time for the next */
    assert_true(list_passes(fx, cid_share, "not on list version 6; a newer list is overdue"));
    everybody_is_told_once(fx->home[PATIENT], true);
    publish(fx, &(struct listing){.version = 7, .prev = last, .tokens = {token2, token}}, listed);
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));
    everybody_is_told_once(fx->home[PATIENT], false);

    /* nobody comes off the list again */
    publish(fx, &(struct listing){.version = 8, .prev = listed, .tokens = {token2}}, other);
    assert_false(list_passes(fx, cid_share, "drops entries"));
    publish(fx, &(struct listing){.version = 9, .prev = last, .tokens = {token2}}, other);
    assert_false(list_passes(fx, cid_share, "does not keep the entries of version 7"));
    publish(fx, &(struct listing){.version = 10, .tokens = {token2}}, other);
    assert_false(list_passes(fx, cid_share, "does not keep the entries of version 7"));
    publish(fx,
            &(struct listing){.version = 11,
                              .prev = listed,
                              .tokens = {token2, token},
                              .effective_from = "2999-01-01T00:00:00Z"},
            other);
    assert_false(list_passes(fx, cid_share, "does not keep"));
}

static void ask_chain(struct fixture *fx, const char *method, const char *params, char *answer,
                      size_t size)
{
    BASE_BUF_AUTO text = {0};
    OK(chain_rpc_request(fx->rpc, &text, method, params, INFO));
    snprintf(answer, size, "%.*s", (int)text.len, (const char *)text.data);
}

/* A list stands on the signatures of those who held the offices when it was set. */
static void managers_come_and_go(void **state)
{
    struct fixture *fx = *state;
    struct chain_address rm2, gm2;
    const struct chain_address former = fx->who[RM];
    char root[65], snapshot[64], params[80];
    uint8_t first[32], other[32], good[32], token[96];
    RECORD_JSON_AUTO share = NULL;
    stage_successor(fx, RM, &rm2);
    stage_successor(fx, GM, &gm2);
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    OK(sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], NULL, &share, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    const char *cid_share = fixture_text(share, "cidShare");
    reveal_token(fx, &fx->who[DOCTOR], token);

    /* a hand-over that the chain took back never was */
    ask_chain(fx, "evm_snapshot", "[]", snapshot, sizeof snapshot);
    stage_hand_over(fx, RM, &rm2);
    fx->who[RM] = former;
    snprintf(params, sizeof params, "[%s]", snapshot);
    ask_chain(fx, "evm_revert", params, snapshot, sizeof snapshot);
    OK(db_run(fx->home[RM]->db, INFO, "DELETE FROM tx WHERE operation LIKE '%Manager'"));
    for (int i = 0; i < 3; i++) /* other blocks in the place of those */
        fixture_pass_time(fx, 1);
    assert_int_equal(fixture_settle(fx), 0);
    publish(fx, &(struct listing){.version = 1, .tokens = {token}}, first);
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));

    /* the list outlives its managers, for those who watched and for those who come later */
    stage_hand_over(fx, RM, &rm2);
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));
    stage_hand_over(fx, GM, &gm2);
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM setting WHERE name LIKE 'sync.%'"));
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM manager_term"));
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM revocation_list"));
    json_object_put(fixture_sync(fx->home[DOCTOR]));
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));

    /* new managers let nobody off, and the former one signs nothing any more */
    publish(fx, &(struct listing){.version = 2}, other);
    assert_false(list_passes(fx, cid_share, "does not keep the entries of version 1"));
    publish(fx,
            &(struct listing){.version = 3, .prev = first, .tokens = {token}, .former = &former},
            other);
    assert_false(list_passes(fx, cid_share, "not signed by both managers of its time"));
    publish(fx, &(struct listing){.version = 4, .prev = other, .tokens = {token}}, other);
    assert_false(list_passes(fx, cid_share, "version 3 is not signed by both managers"));
    publish(fx, &(struct listing){.version = 5, .prev = first, .tokens = {token}}, good);
    assert_false(list_passes(fx, cid_share, "membership is revoked from 2020"));
    { /* what the managers build on next */
        REVOCATION_BLOCK_AUTO newest = {0};
        uint64_t version = 0;
        OK(revocation_list_newest(fx->home[GM], &version, &newest, other, INFO));
        assert_int_equal(newest.version, 5);
        assert_memory_equal(other, good, 32);
    }
}

/* Once a group key is compromised, anyone may have signed. */
static void a_compromised_key_proves_nothing(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    RECORD_JSON_AUTO share = NULL;
    RECORD_JSON_AUTO opened = NULL;
    BASE_BUF_AUTO data = {0};
    uint8_t cid[32];
    bool passed = true;
    publish(fx, &(struct listing){.version = 1}, cid);
    fixture_store(fx, &fx->who[PATIENT], 2, root);
    OK(sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], NULL, &share, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    const char *cid_share = fixture_text(share, "cidShare");
    assert_true(list_passes(fx, cid_share, "not on list version 1"));
    OK(datahub_encode_retire_group_key(&data, 1, true, INFO));
    const struct workflow_call call = {.from = &fx->who[RM],
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "retireGroupKey",
                                       .request_id = -1};
    OK(workflow_transact(fx->home[RM], &call, NULL, NULL, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(sharing_open(fx->home[DOCTOR], cid_share, &passed, &opened, INFO));
    assert_false(passed);
    assert_non_null(strstr(json_object_to_json_string(opened), "was compromised"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_list_is_read_strictly, fixture_grouped,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(managers_come_and_go, fixture_grouped, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_compromised_key_proves_nothing, fixture_grouped,
                                        fixture_tear_down),
    };
    return cmocka_run_group_tests_name("revocation list", tests, NULL, NULL);
}
