/* The countersigned registry, and openings by both managers: the way through, and every attack. */
#include "opening_stage.h"

#include <string.h>

static char root[65], root2[65]; /* records of the first doctor */
static char id[65];

/* ---- the registry ------------------------------------------------------------------------------- */

/* A registry message of these rows, headed as GM would. */
struct forgery {
    struct json_object *rows;
    uint8_t head[32];
    int64_t from, n;
};

static void forge_row(struct forgery *forgery, const struct group_member *member,
                      const uint8_t salt[32])
{
    RECORD_JSON_AUTO item = NULL;
    RECORD_JSON_AUTO row = NULL;
    uint8_t row32[32];
    OK(group_member_encode(&row, member, INFO));
    OK(group_row_hash(row32, salt, row, INFO));
    OK(group_head_next(forgery->head, row32, INFO));
    OK(workflow_object(&item, INFO));
    OK(record_json_set_hex(item, "salt", salt, 32, INFO));
    OK(workflow_set_object(item, "row", &row, INFO));
    OK(workflow_push(forgery->rows, &item, INFO));
    forgery->n++;
}

/* Sends it, head signed by `signer`; true when RM refuses. */
static bool forgery_refused(struct fixture *fx, struct forgery *forgery, enum fixture_home signer)
{
    struct group_head head = {.key_version = 1, .size = (uint64_t)(forgery->from + forgery->n)};
    RECORD_JSON_AUTO body = NULL;
    memcpy(head.hash, forgery->head, 32);
    OK(group_fingerprint_of(fx->home[GM], head.fingerprint, 1, INFO));
    OK(group_head_sign(fx->home[signer], head.gm65, &fx->who[signer], &head, INFO));
    OK(group_head_result(&body, &head, INFO));
    OK(workflow_set_text(body, "type", REGISTRY_TYPE, INFO));
    OK(record_json_set_hex(body, "fingerprint", head.fingerprint, 32, INFO));
    OK(workflow_set_int(body, "from", forgery->from, INFO));
    OK(workflow_set_object(body, "rows", &forgery->rows, INFO));
    OK(record_json_set_hex(body, "signature", head.gm65, sizeof head.gm65, INFO));
    return stage_send(fx, GM, RM, MESSAGE_REGISTRY, body) == 1;
}

static void registry_is_countersigned_and_committed(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO sent = NULL;
    RECORD_JSON_AUTO shown = NULL;
    RECORD_JSON_AUTO committed = NULL;
    RECORD_JSON_AUTO done = NULL;
    RECORD_JSON_AUTO overview = NULL;
    FAILS(GALEN_ERR_STATE, group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, &sent, INFO));
    assert_int_equal(fixture_number(sent, "size"), 2);
    assert_int_equal(fixture_settle(fx), 0);
    /* not signed yet: nothing goes on-chain */
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(
        fixture_count(fx->home[GM], "SELECT count(*) FROM tx WHERE operation = 'commitMembers'"),
        0);
    workflow_dry_run(fx->home[RM], true);
    OK(group_countersign(fx->home[RM], &fx->who[RM], &shown, INFO));
    workflow_dry_run(fx->home[RM], false);
    struct json_object *members = fixture_member(shown, "members");
    assert_int_equal(json_object_array_length(members), 2);
    assert_string_equal(fixture_text(json_object_array_get_idx(members, 0), "licence"), "DE-12345");
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM registry_head"
                                                 " WHERE rm_signature IS NOT NULL"),
                     0);
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    fixture_restart(fx, GM);
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, &committed, INFO));
    assert_string_equal(fixture_text(committed, "head"), fixture_text(sent, "head"));
    fixture_member(committed, "tx");
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, &done, INFO));
    assert_true(json_object_get_boolean(fixture_member(done, "done")));
    OK(group_registry(fx->home[RM], &overview, INFO));
    struct json_object *row = json_object_array_get_idx(overview, 0);
    assert_string_equal(fixture_text(row, "role"), "rm");
    assert_int_equal(fixture_number(row, "rows"), 2);
    assert_int_equal(fixture_number(row, "countersigned"), 2);
    assert_int_equal(fixture_number(row, "committed"), 2);
    assert_string_equal(fixture_text(row, "head"), fixture_text(sent, "head"));
}

/* A membership that GM makes for itself, in the name of a doctor who never asked for it. */
static void make_false_member(struct fixture *fx, struct group_member *member,
                              const struct chain_address *victim)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_join_secret secret;
    struct groupsig_join_request request;
    struct groupsig_gm_secret gm;
    RECORD_JSON_AUTO statement = NULL;
    CHAIN_KEY_AUTO wallet = {0};
    uint8_t digest32[32];
    struct group_evidence *evidence = &member->evidence;
    OK(workflow_group_key(fx->home[GM], 1, &key, INFO));
    evidence->wallet = *victim;
    base_random(evidence->nonce, 32);
    groupsig_group_key_fingerprint(key, evidence->fingerprint);
    OK(workflow_object(&statement, INFO));
    OK(workflow_set_text(statement, "type", JOIN_STATEMENT_TYPE, INFO));
    OK(workflow_set_address(statement, "wallet", victim, INFO));
    OK(workflow_set_text(statement, "name", "doctor", INFO));
    OK(workflow_set_text(statement, "licence", "DE-12345", INFO));
    OK(record_json_hash(evidence->statement_hash, statement, INFO));
    OK(record_json_jcs(&evidence->statement, statement, INFO));
    assert_int_equal(groupsig_join_request_make(key, &secret, evidence->request, evidence->nonce,
                                                evidence->statement_hash, &workflow_rng),
                     GROUPSIG_OK);
    groupsig_join_secret_clear(&secret);
    assert_int_equal(
        groupsig_join_request_parse(&request, evidence->request, sizeof evidence->request),
        GROUPSIG_OK);
    OK(opening_gm_secret(fx->home[GM], &gm, &fx->who[GM], INFO));
    assert_int_equal(groupsig_join_issue(key, member->membership, &gm, &request, evidence->nonce,
                                         evidence->statement_hash, &workflow_rng),
                     GROUPSIG_OK);
    groupsig_gm_secret_clear(&gm);
    groupsig_join_request_commitment(&request, member->commitment);
    member->joined_at = base_time_s();
    /* the best that GM can do: its own signature */
    group_join_digest(fx->home[GM], digest32, evidence);
    OK(workflow_wallet(fx->home[GM], &wallet, &fx->who[GM], INFO));
    OK(chain_key_sign(&wallet, digest32, evidence->signature, INFO));
}

static void registry_forgeries_are_refused(void **state)
{
    struct fixture *fx = *state;
    GROUP_MEMBER_AUTO first = {0};
    GROUP_MEMBER_AUTO second = {0};
    GROUP_MEMBER_AUTO made_up = {0};
    uint8_t salt1[32], salt2[32], salt3[32] = {3};
    stage_member(fx, &fx->who[DOCTOR], &first, salt1);
    stage_member(fx, &fx->doctor2, &second, salt2);
    make_false_member(fx, &made_up, &fx->who[DOCTOR]);
    {
        struct forgery wallet = {.rows = json_object_new_array()};
        forge_row(&wallet, &first, salt1);
        forge_row(&wallet, &second, salt2);
        forge_row(&wallet, &made_up, salt3);
        assert_true(forgery_refused(fx, &wallet, GM));
    }
    {
        struct forgery fork = {.rows = json_object_new_array()};
        forge_row(&fork, &first, salt1);
        forge_row(&fork, &second, salt3); /* the salt that makes it another row */
        assert_true(forgery_refused(fx, &fork, GM));
    }
    {
        struct forgery shrunk = {.rows = json_object_new_array()};
        forge_row(&shrunk, &first, salt1);
        assert_true(forgery_refused(fx, &shrunk, GM));
    }
    {
        struct forgery twice = {.rows = json_object_new_array()};
        forge_row(&twice, &first, salt1);
        forge_row(&twice, &second, salt2);
        forge_row(&twice, &second, salt3);
        assert_true(forgery_refused(fx, &twice, GM));
    }
    {
        struct forgery unsigned_ = {.rows = json_object_new_array()};
        forge_row(&unsigned_, &first, salt1);
        forge_row(&unsigned_, &second, salt2);
        assert_true(forgery_refused(fx, &unsigned_, HOSPITAL));
    }
    {
        struct forgery gap = {.rows = json_object_new_array(), .from = 5};
        forge_row(&gap, &first, salt1);
        assert_true(forgery_refused(fx, &gap, GM));
    }
    {
        struct forgery other_head = {.rows = json_object_new_array()};
        forge_row(&other_head, &first, salt1);
        forge_row(&other_head, &second, salt2);
        other_head.head[0] ^= 1;
        assert_true(forgery_refused(fx, &other_head, GM));
    }
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM registry_row"), 2);
    assert_true(fixture_count(fx->home[RM], "SELECT count(*) FROM notification"
                                            " WHERE kind = 'registry-refused'") >= 5);
    { /* the honest one again changes nothing */
        struct forgery honest = {.rows = json_object_new_array()};
        forge_row(&honest, &first, salt1);
        forge_row(&honest, &second, salt2);
        assert_false(forgery_refused(fx, &honest, GM));
    }
}

/* ---- opening ------------------------------------------------------------------------------------- */

static void opening_names_the_doctor(void **state)
{
    struct fixture *fx = *state;
    char wallet[CHAIN_ADDRESS_TEXT];
    chain_address_format(wallet, &fx->who[DOCTOR]);
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    fixture_store(fx, &fx->who[PATIENT], 2, root2);

    const struct opening_target target = {.record = root};
    FAILS(GALEN_ERR_USAGE, opening_request(fx->home[GM], &fx->who[GM], &target, "", NULL, INFO));
    FAILS(GALEN_ERR_USAGE, opening_request(fx->home[RM], &fx->who[RM], &target, "x", NULL, INFO));
    stage_ask_opening(fx, root, id);
    /* asked, and nobody is named by that */
    RECORD_JSON_AUTO asked = stage_show(fx->home[RM], id);
    assert_string_equal(fixture_text(asked, "state"), "asked");
    assert_string_equal(fixture_text(asked, "reason"), "values nobody measured");
    assert_false(json_object_object_get_ex(asked, "doctor", NULL));
    FAILS(GALEN_ERR_CHECK, opening_reveal(fx->home[GM], &fx->who[GM], id, NULL, INFO));
    workflow_dry_run(fx->home[RM], true);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id, true, NULL, INFO));
    workflow_dry_run(fx->home[RM], false);
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM opening"
                                                 " WHERE rm_share IS NOT NULL"),
                     0);

    OK(opening_approve(fx->home[RM], &fx->who[RM], id, true, NULL, INFO));
    fixture_restart(fx, RM);
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = GM; i <= RM; i++) {
        RECORD_JSON_AUTO shown = stage_show(fx->home[i], id);
        assert_string_equal(fixture_text(shown, "state"), "opened");
        assert_string_equal(fixture_text(fixture_member(shown, "doctor"), "wallet"), wallet);
        assert_string_equal(fixture_text(fixture_member(shown, "doctor"), "licence"), "DE-12345");
        fixture_member(fixture_member(shown, "evidence"), "row");
        assert_false(json_object_object_get_ex(shown, "faultAt", NULL));
    }
    /* once is enough: the same log row, no other share */
    char again[65];
    int64_t share = fixture_count(fx->home[RM], "SELECT sum(unicode(hex(rm_share))) FROM opening");
    stage_open(fx, root, again);
    assert_string_equal(again, id);
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM opening"), 1);
    assert_int_equal(fixture_count(fx->home[RM], "SELECT sum(unicode(hex(rm_share))) FROM opening"),
                     share);
    RECORD_JSON_AUTO list = NULL;
    OK(opening_list(fx->home[GM], &list, INFO));
    assert_int_equal(json_object_array_length(list), 1);
    /* no one else got anything */
    for (int i = HOSPITAL; i < FIXTURE_HOMES; i++)
        assert_int_equal(fixture_count(fx->home[i], "SELECT count(*) FROM opening"), 0);
}

static void read_opening(struct fixture *fx, enum fixture_home home, const char *hex,
                         struct opening *out)
{
    OK(opening_find(fx->home[home], out, hex, &fx->who[home], INFO));
}

static struct json_object *request_body(const struct opening *opening)
{
    struct json_object *body = NULL;
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.opening/1", INFO));
    OK(workflow_set_int(body, "keyVersion", opening->key_version, INFO));
    OK(record_json_set_hex(body, "message", opening->msg32, 32, INFO));
    OK(record_json_set_hex(body, "signature", opening->sig362, 362, INFO));
    OK(workflow_set_text(body, "reason", "x", INFO));
    OK(record_json_set_hex(body, "share", opening->gm_share, sizeof opening->gm_share, INFO));
    return body;
}

static struct json_object *answer_body(const struct opening *opening, const uint8_t *share)
{
    struct json_object *body = NULL;
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.opening-answer/1", INFO));
    OK(record_json_set_hex(body, "id", opening->id, 32, INFO));
    OK(workflow_set_bool(body, "declined", false, INFO));
    OK(record_json_set_hex(body, "share", share, GROUPSIG_OPENING_SHARE_BYTES, INFO));
    return body;
}

static void neither_manager_opens_alone(void **state)
{
    struct fixture *fx = *state;
    struct opening done, asked;
    char id2[65];
    read_opening(fx, RM, id, &done);
    FAILS(GALEN_ERR_NOT_FOUND,
          opening_approve(fx->home[RM], &fx->who[RM], "0123456789abcdef", true, NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          opening_approve(fx->home[GM], &fx->who[GM], id, true, NULL, INFO)); /* not GM's to do */

    const struct opening_target target = {.record = root2};
    RECORD_JSON_AUTO made = NULL;
    OK(opening_request(fx->home[GM], &fx->who[GM], &target, "second", &made, INFO));
    snprintf(id2, sizeof id2, "%s", fixture_text(made, "id") + 2);
    OK(db_run(fx->home[GM]->db, INFO, "DELETE FROM outbox WHERE kind = 'opening'"));
    read_opening(fx, GM, id2, &asked);
    { /* a share of another signature, replayed in a request for this one */
        struct opening replay = asked;
        memcpy(replay.gm_share, done.gm_share, sizeof replay.gm_share);
        RECORD_JSON_AUTO body = request_body(&replay);
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING, body), 1);
    }
    { /* a signature that is not over that message */
        struct opening other = asked;
        other.msg32[0] ^= 1;
        RECORD_JSON_AUTO body = request_body(&other);
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING, body), 1);
    }
    { /* asked for by somebody who is not the Group Manager */
        RECORD_JSON_AUTO body = request_body(&asked);
        assert_int_equal(stage_send(fx, HOSPITAL, RM, MESSAGE_OPENING, body), 1);
    }
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM opening"), 1);
    /* RM's share of the first signature, and GM's own as RM's: neither completes the second */
    const uint8_t *shares[] = {done.rm_share, asked.gm_share};
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO body = answer_body(&asked, shares[i]);
        assert_int_equal(stage_send(fx, RM, GM, MESSAGE_OPENING_ANSWER, body), 1);
    }
    { /* nor does the right answer from a stranger */
        RECORD_JSON_AUTO body = answer_body(&asked, done.rm_share);
        assert_int_equal(stage_send(fx, HOSPITAL, GM, MESSAGE_OPENING_ANSWER, body), 1);
    }
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM opening"
                                                 " WHERE commitment IS NOT NULL"),
                     1);
    RECORD_JSON_AUTO shown = stage_show(fx->home[GM], id2);
    assert_string_equal(fixture_text(shown, "state"), "asked");
    assert_false(json_object_object_get_ex(shown, "doctor", NULL));

    /* declined, and agreed to on second thoughts */
    char same[65];
    stage_ask_opening(fx, root2, same);
    assert_string_equal(same, id2);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id2, false, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO declined = stage_show(fx->home[GM], id2);
    assert_string_equal(fixture_text(declined, "state"), "declined");
    OK(opening_approve(fx->home[RM], &fx->who[RM], id2, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = stage_show(fx->home[GM], id2);
    assert_string_equal(fixture_text(opened, "state"), "opened");
}

/* A result that names somebody else than the shares do is the Group Manager's fault. */
static void a_false_result_is_a_fault(void **state)
{
    struct fixture *fx = *state;
    GROUP_MEMBER_AUTO other = {0};
    RECORD_JSON_AUTO body = NULL;
    struct opening done;
    uint8_t salt[32];
    read_opening(fx, RM, id, &done);
    stage_member(fx, &fx->doctor2, &other, salt);
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.opening-result/1", INFO));
    OK(record_json_set_hex(body, "id", done.id, 32, INFO));
    OK(record_json_set_hex(body, "commitment", other.commitment, 48, INFO));
    assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING_RESULT, body), 0);
    RECORD_JSON_AUTO fault = stage_show(fx->home[RM], id);
    assert_string_equal(fixture_text(fault, "state"), "fault");
    assert_non_null(strstr(fixture_text(fault, "outcome"), "another signer"));
    /* the right one then counts; that there was a fault stays */
    const struct opening_target target = {.record = root};
    OK(opening_request(fx->home[GM], &fx->who[GM], &target, "again", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = stage_show(fx->home[RM], id);
    assert_string_equal(fixture_text(opened, "state"), "opened");
    fixture_member(opened, "faultAt");
}

/* A doctor who signs before the registry that both signed holds the membership. */
static void outside_the_committed_registry(void **state)
{
    struct fixture *fx = *state;
    struct chain_address doctor3;
    RECORD_JSON_AUTO record = NULL;
    RECORD_JSON_AUTO stored = NULL;
    char id3[65];
    OK(workflow_identity_new(fx->home[DOCTOR], &doctor3, "doctor-3", "doctor", INFO));
    fixture_give_card(fx->home[DOCTOR], &doctor3, fx->home[GM]);
    OK(group_invite(fx->home[GM], &fx->who[GM], &doctor3, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_join(fx->home[DOCTOR], &doctor3, "DE-3", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_approve(fx->home[GM], &fx->who[GM], &doctor3, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    record = fixture_record(fx, &fx->who[PATIENT], 3);
    OK(storing_store(fx->home[DOCTOR], &doctor3, record, NULL, &stored, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);

    stage_open(fx, fixture_text(stored, "merkleRoot"), id3);
    RECORD_JSON_AUTO fault = stage_show(fx->home[RM], id3);
    assert_string_equal(fixture_text(fault, "state"), "fault");
    assert_non_null(strstr(fixture_text(fault, "outcome"), "Group Manager is at fault"));
    assert_false(json_object_object_get_ex(fault, "doctor", NULL));
    FAILS(GALEN_ERR_STATE, opening_reveal_approve(fx->home[RM], &fx->who[RM], id3, NULL, INFO));

    stage_commit_registry(fx);
    const struct opening_target target = {.record = fixture_text(stored, "merkleRoot")};
    OK(opening_request(fx->home[GM], &fx->who[GM], &target, "again", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = stage_show(fx->home[RM], id3);
    assert_string_equal(fixture_text(opened, "state"), "opened");
    assert_string_equal(fixture_text(fixture_member(opened, "doctor"), "licence"), "DE-3");
    fixture_member(opened, "faultAt");
}

/* Every message between the managers: nothing missing, nothing unknown, no other type. */
static void messages_are_read_strictly(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        enum fixture_home from, to;
        const char *kind, *type;
    } cases[] = {
        {GM, RM, MESSAGE_REGISTRY, REGISTRY_TYPE},
        {RM, GM, MESSAGE_COUNTERSIGNED, COUNTERSIGNED_TYPE},
        {GM, RM, MESSAGE_OPENING, "galen.opening/1"},
        {RM, GM, MESSAGE_OPENING_ANSWER, "galen.opening-answer/1"},
        {GM, RM, MESSAGE_OPENING_RESULT, "galen.opening-result/1"},
        {GM, RM, MESSAGE_REVEAL, "galen.reveal/1"},
        {RM, GM, MESSAGE_REVEAL_ANSWER, "galen.reveal-answer/1"},
        {GM, RM, MESSAGE_REVOCATION, "galen.revocation-proposal/1"},
    };
    struct opening done;
    read_opening(fx, RM, id, &done);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO body = json_object_new_object();
        assert_int_equal(stage_send(fx, cases[i].from, cases[i].to, cases[i].kind, body), 1);
        OK(workflow_set_text(body, "type", cases[i].type, INFO));
        assert_int_equal(stage_send(fx, cases[i].from, cases[i].to, cases[i].kind, body), 1);
    }
    { /* a whole request with one member less, one more, or another type */
        RECORD_JSON_AUTO whole = request_body(&done);
        json_object_object_foreach(whole, key, value)
        {
            RECORD_JSON_AUTO body = NULL;
            (void)value;
            OK(record_json_copy(&body, whole, INFO));
            json_object_object_del(body, key);
            assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING, body), 1);
        }
        OK(workflow_set_text(whole, "more", "x", INFO));
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING, whole), 1);
        json_object_object_del(whole, "more");
        OK(workflow_set_text(whole, "type", "galen.opening/2", INFO));
        assert_int_equal(stage_send(fx, GM, RM, MESSAGE_OPENING, whole), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_is_countersigned_and_committed),
        cmocka_unit_test(registry_forgeries_are_refused),
        cmocka_unit_test(opening_names_the_doctor),
        cmocka_unit_test(neither_manager_opens_alone),
        cmocka_unit_test(a_false_result_is_a_fault),
        cmocka_unit_test(outside_the_committed_registry),
        cmocka_unit_test(messages_are_read_strictly),
    };
    return cmocka_run_group_tests_name("opening", tests, fixture_grouped, fixture_tear_down);
}
