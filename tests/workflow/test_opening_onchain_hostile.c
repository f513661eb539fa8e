/* Openings asked for on-chain when somebody does not play by the rules: a manager who names
 * something else than its share, reports that tell lies, requests that nobody made, and managers
 * who are replaced half-way. */
#include "fraud_stage.h"

#include <string.h>

#define PRICE "1000000000000000000"

static uint64_t request;

static int set_up(void **state)
{
    if (market_set_up(state, 2 * MARKET_PATIENTS) != 0)
        return -1;
    struct market *market = *state;
    stage_commit_registry(market->fx);
    assert_int_equal(fixture_settle(market->fx), 0);
    request = market_delivered(market, 2, PRICE, NULL);
    return 0;
}

/* ---- shares that are none ------------------------------------------------------------------------------ */

/* A share's block, made by hand; context and share as the attacker likes. */
static void make_block(struct market *market, uint8_t cid[32], const struct chain_address *reader,
                       uint64_t entry, const uint8_t id32[32],
                       const uint8_t share[GROUPSIG_OPENING_SHARE_BYTES])
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO context = NULL;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO sealed = {0};
    struct workflow_contact contact;
    OK(workflow_contact_get(fx->home[GM], &contact, reader, INFO));
    OK(workflow_object(&context, INFO));
    OK(workflow_set_text(context, "type", "galen.opening-share/1", INFO));
    OK(workflow_set_int(context, "requestId", (int64_t)request, INFO));
    OK(workflow_set_int(context, "entry", (int64_t)entry, INFO));
    OK(record_json_set_hex(context, "id", id32, 32, INFO));
    OK(workflow_object(&json, INFO));
    OK(workflow_set_object(json, "context", &context, INFO));
    OK(record_json_set_hex(json, "share", share, GROUPSIG_OPENING_SHARE_BYTES, INFO));
    OK(record_json_jcs(&text, json, INFO));
    OK(seal_message(&sealed, "galen.opening-share/1", &contact.encryption,
                    (struct base_view){text.data, text.len}, INFO));
    OK(store_put(cid, fx->home[GM]->store, sealed.data, sealed.len, INFO));
}

static void assert_unusable(struct market *market, enum fixture_home home, const char *id,
                            const char *why)
{
    RECORD_JSON_AUTO shown = stage_show(market->fx->home[home], id);
    assert_string_equal(fixture_text(shown, "state"), "asked");
    assert_non_null(strstr(fixture_text(shown, "outcome"), "cannot be used"));
    if (strstr(fixture_text(shown, "outcome"), why) == NULL)
        fail_msg("%s", fixture_text(shown, "outcome"));
    assert_false(json_object_object_get_ex(shown, "commitment", NULL));
}

/* GM agrees with a share of another signature; by mail it then gives the right one. */
static void a_share_of_another_signature(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct opening innocent, wanted;
    char id[65], other[65];
    uint8_t cid[32];
    fraud_rule(market, request, 0);
    fraud_rule(market, request, 1);
    fraud_ask(market, request, 0, id);
    fraud_ask(market, request, 1, other);
    fraud_agree(market, GM, other); /* makes a share, of the other one */
    fraud_read(market, GM, other, &innocent);
    fraud_read(market, GM, id, &wanted);
    make_block(market, cid, &fx->who[RM], 0, wanted.id, innocent.gm_share);
    fraud_name_share(market, GM, request, 0, cid);
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_unusable(market, RM, id, "not the Group Manager's for this signature");
    assert_string_equal(fraud_state(market, BUYER, id), "asked");
    fraud_agree(market, GM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, RM, id), "opened");
    assert_string_equal(fraud_state(market, GM, id), "opened");
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
    /* and RM with the very block that GM named, or one that answers for another entry */
    make_block(market, cid, &fx->who[GM], 0, wanted.id, innocent.gm_share);
    fraud_name_share(market, RM, request, 1, cid);
    assert_int_equal(fixture_settle(fx), 0);
    assert_unusable(market, GM, other, "");
    assert_string_equal(fraud_state(market, BUYER, other), "asked");
    fraud_agree(market, RM, other);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, other), "opened");
}

/* Blocks that cannot be had, or hold anything. */
static void a_block_that_is_none(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const char junk[] = "no share at all";
    uint8_t cid[32];
    char id[65];
    fraud_rule(market, request, 2);
    fraud_ask(market, request, 2, id);
    memset(cid, 0x5a, 32);
    fraud_name_share(market, GM, request, 2, cid);
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_unusable(market, RM, id, "");
    fraud_agree(market, GM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "opened");

    fraud_rule(market, request, 3);
    fraud_ask(market, request, 3, id);
    OK(store_put(cid, fx->home[GM]->store, junk, sizeof junk, INFO));
    fraud_name_share(market, GM, request, 3, cid);
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_unusable(market, RM, id, "");
    assert_string_equal(fraud_state(market, GM, id), "asked"); /* its home has not agreed */
    RECORD_JSON_AUTO told = NULL;
    OK(workflow_notifications(fx->home[RM], NULL, 0, NULL, &told, INFO));
    assert_non_null(strstr(json_object_to_json_string(told), "opening-share-unusable"));
    fraud_agree(market, GM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
}

/* ---- reports ------------------------------------------------------------------------------------------ */

static struct json_object *report(const struct opening *opening, uint64_t entry)
{
    struct json_object *body = NULL;
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.opening-report/1", INFO));
    OK(workflow_set_int(body, "requestId", (int64_t)request, INFO));
    OK(workflow_set_int(body, "entry", (int64_t)entry, INFO));
    OK(record_json_set_hex(body, "gmShare", opening->gm_share, sizeof opening->gm_share, INFO));
    OK(record_json_set_hex(body, "rmShare", opening->rm_share, sizeof opening->rm_share, INFO));
    return body;
}

/* With a member's row, and the way to the registry of another row when that is given. */
static struct json_object *report_of(struct market *market, const struct opening *opening,
                                     uint64_t entry, const struct group_member *member,
                                     const uint8_t salt[32], const uint8_t *proven32)
{
    struct json_object *body = report(opening, entry);
    RECORD_JSON_AUTO evidence = NULL;
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO proof = NULL;
    uint8_t row32[32];
    OK(group_member_encode(&row, member, INFO));
    OK(group_row_hash(row32, salt, row, INFO));
    OK(group_prove_row(market->fx->home[GM], &proof, &market->fx->who[GM], true, 1,
                       proven32 != NULL ? proven32 : row32, INFO));
    assert_non_null(proof);
    OK(workflow_object(&evidence, INFO));
    OK(record_json_set_hex(evidence, "salt", salt, 32, INFO));
    OK(workflow_set_object(evidence, "row", &row, INFO));
    OK(workflow_set_object(evidence, "registry", &proof, INFO));
    OK(workflow_set_object(body, "evidence", &evidence, INFO));
    return body;
}

static void reports_are_believed_by_nobody(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    GROUP_MEMBER_AUTO doctor = {0};
    GROUP_MEMBER_AUTO other = {0};
    struct opening done, before;
    uint8_t salt[32], other_salt[32], other32[32];
    char id[65];
    fraud_rule(market, request, 4);
    fraud_ask(market, request, 4, id);
    stage_member(fx, &fx->who[DOCTOR], &doctor, salt);
    stage_member(fx, &fx->doctor2, &other, other_salt);
    fraud_read(market, GM, id, &before);
    { /* shares made past the chain: the managers have not both agreed there */
        fraud_agree(market, GM, id);
        fraud_read(market, GM, id, &before);
        struct opening rm = before;
        rm.holder = fx->who[RM];
        rm.is_gm = false;
        OK(opening_make_share(fx->home[RM], &rm, INFO));
        RECORD_JSON_AUTO body = report_of(market, &rm, 4, &doctor, salt, NULL);
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    /* the managers' own reports are held up, so that the forged ones come first */
    fraud_agree(market, RM, id);
    for (int i = GM; i <= RM; i++)
        json_object_put(fixture_sync(fx->home[i]));
    for (int i = GM; i <= RM; i++)
        OK(db_run(fx->home[i]->db, INFO, "DELETE FROM outbox WHERE kind = 'opening-report'"));
    fraud_read(market, GM, id, &done);
    assert_string_equal(done.state, "opened");
    assert_string_equal(fraud_state(market, BUYER, id), "asked");
    { /* from somebody who is no manager */
        RECORD_JSON_AUTO body = report_of(market, &done, 4, &doctor, salt, NULL);
        assert_int_equal(stage_send(fx, HOSPITAL, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    { /* to somebody who did not ask */
        RECORD_JSON_AUTO body = report_of(market, &done, 4, &doctor, salt, NULL);
        assert_int_equal(stage_send(fx, GM, HOSPITAL, MESSAGE_OPENING_REPORT, body), 1);
    }
    { /* blaming another doctor */
        RECORD_JSON_AUTO body = report_of(market, &done, 4, &other, other_salt, NULL);
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    { /* a name that the doctor did not sign */
        RECORD_JSON_AUTO row = NULL;
        OK(group_member_encode(&row, &doctor, INFO));
        OK(record_json_set(fixture_member(row, "statement"), "name",
                           json_object_new_string("doctor-2"), INFO));
        RECORD_JSON_AUTO body = report_of(market, &done, 4, &doctor, salt, NULL);
        struct json_object *evidence = fixture_member(body, "evidence");
        OK(workflow_set_object(evidence, "row", &row, INFO));
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    { /* a row that the registry on the chain has not, by the way of one that it has */
        RECORD_JSON_AUTO row = NULL;
        uint8_t fresh[32];
        OK(group_member_encode(&row, &other, INFO));
        OK(group_row_hash(other32, other_salt, row, INFO));
        base_random(fresh, 32);
        RECORD_JSON_AUTO body = report_of(market, &done, 4, &doctor, fresh, other32);
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    { /* shares of another signature, both of them true */
        struct opening swapped;
        OK(opening_find(fx->home[GM], &swapped, id, &fx->who[GM], INFO));
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[GM]->db, INFO,
                    "SELECT gm_share, rm_share FROM opening WHERE state = 'opened' AND id <> ?",
                    DB_BLOB(done.id, 32)));
        OK(db_next(&rows, &found, INFO));
        assert_true(found);
        OK(db_bytes(&rows, 0, swapped.gm_share, sizeof swapped.gm_share, INFO));
        OK(db_bytes(&rows, 1, swapped.rm_share, sizeof swapped.rm_share, INFO));
        RECORD_JSON_AUTO body = report_of(market, &swapped, 4, &doctor, salt, NULL);
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
        RECORD_JSON_AUTO half = report(&done, 4);
        OK(record_json_set_hex(half, "rmShare", done.gm_share, sizeof done.gm_share, INFO));
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, half), 1);
    }
    { /* of an entry that nobody asked about: it waits for events that never come */
        RECORD_JSON_AUTO body = report_of(market, &done, 9, &doctor, salt, NULL);
        assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, body), 1);
    }
    assert_string_equal(fraud_state(market, BUYER, id), "asked");

    /* GM hides the doctor; RM's word with the evidence outdoes it, and not the other way round */
    RECORD_JSON_AUTO hiding = report(&done, 4);
    assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, hiding), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "fault");
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
    assert_int_equal(stage_send(fx, GM, BUYER, MESSAGE_OPENING_REPORT, hiding), 0);
    RECORD_JSON_AUTO shown = stage_show(fx->home[BUYER], id);
    assert_string_equal(fixture_text(shown, "state"), "opened");
    assert_string_equal(fixture_text(fixture_member(shown, "doctor"), "licence"), "DE-12345");
    fixture_member(shown, "faultAt");
}

/* ---- requests that nobody made ---------------------------------------------------------------------- */

/* An endpoint can lie about events: what is not asked for, or not ruled, is not opened. */
static void an_innocent_entry(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    uint64_t fresh = market_delivered(market, 2, PRICE, NULL);
    struct purchasing_entry entry;
    uint8_t hash[32], id32[32];
    char id[65];
    bool found = false;
    OK(purchasing_load_entry(fx->home[GM], &found, &entry, fresh, 0, INFO));
    assert_true(found);
    chain_keccak256(hash, entry.sig, sizeof entry.sig);
    store_digest(id32, entry.sig, sizeof entry.sig);
    base_hex_encode(id, id32, 32);
    for (int i = GM; i <= RM; i++)
        OK(db_run(fx->home[i]->db, INFO,
                  "INSERT INTO opening_onchain (request_id, position, signature_hash, requester,"
                  " gm_cid, rm_cid) VALUES (?, 0, ?, ?, ?, ?)",
                  DB_INT(fresh), DB_BLOB(hash, 32), DB_BLOB(fx->who[BUYER].bytes, 20),
                  DB_BLOB(hash, 32), DB_BLOB(hash, 32)));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = GM; i <= RM; i++) {
        struct opening opening;
        FAILS(GALEN_ERR_CHECK, opening_approve(fx->home[i], &fx->who[i], id, true, NULL, INFO));
        assert_non_null(strstr(INFO->what, "asked on-chain"));
        fraud_read(market, (enum fixture_home)i, id, &opening);
        assert_false(opening.has_gm_share || opening.has_rm_share);
    }
    /* nor does the contract take it */
    BASE_BUF_AUTO data = {0};
    const struct chain_u256 index = {0};
    OK(datahub_encode_request_opening(&data, hash, purchasing_u256(fresh), index, index,
                                      &(struct datahub_entry){0}, NULL, 0, INFO));
    const struct workflow_call call = {.from = &fx->who[BUYER],
                                       .data = &data,
                                       .role = "buyer",
                                       .flow = "purchasing",
                                       .operation = "requestOpening",
                                       .request_id = -1};
    FAILS(GALEN_ERR_REVERTED, workflow_transact(fx->home[BUYER], &call, NULL, NULL, NULL, INFO));
    /* a hash that is not the entry's: the home does not even take it up */
    OK(db_run(fx->home[GM]->db, INFO,
              "UPDATE opening_onchain SET signature_hash = zeroblob(32), opening_id = NULL"
              " WHERE request_id = ?",
              DB_INT(fresh)));
    OK(db_run(fx->home[GM]->db, INFO, "DELETE FROM opening WHERE id = ?", DB_BLOB(id32, 32)));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_NOT_FOUND, opening_approve(fx->home[GM], &fx->who[GM], id, true, NULL, INFO));
    for (int i = GM; i <= RM; i++)
        OK(db_run(fx->home[i]->db, INFO, "DELETE FROM opening_onchain WHERE request_id = ?",
                  DB_INT(fresh)));
}

/* ---- another manager ----------------------------------------------------------------------------------- */

/* GM agrees and is replaced; RM, who agrees then, brings it to its end alone. */
static void a_manager_replaced_half_way(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct chain_address next;
    char before[65], after[65];
    BASE_BUF_AUTO propose = {0};
    BASE_BUF_AUTO accept = {0};
    uint64_t fresh = (uint64_t)fixture_count(fx->home[BUYER], "SELECT max(id) FROM request");
    fraud_rule(market, fresh, 0);
    fraud_rule(market, fresh, 1);
    fraud_ask(market, fresh, 0, before);
    fraud_ask(market, fresh, 1, after);
    fraud_agree(market, GM, before);

    struct workflow *home = fixture_extra_home(fx, "gm-2", "gm", &next);
    fixture_give_card(home, &next, fx->home[RM]);
    fixture_give_card(home, &next, fx->home[BUYER]);
    fixture_give_card(fx->home[RM], &fx->who[RM], home);
    OK(datahub_encode_propose_manager(&propose, &next, INFO));
    market_call(fx->home[GM], &fx->who[GM], "proposeManager", &propose, NULL);
    OK(datahub_encode_accept_group_manager(&accept, INFO));
    market_call(home, &next, "acceptGroupManager", &accept, NULL);

    FAILS(GALEN_ERR_USAGE, opening_approve(fx->home[GM], &fx->who[GM], after, true, NULL, INFO));
    fraud_agree(market, RM, before);
    fraud_agree(market, RM, after);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, RM, before), "opened");
    assert_string_equal(fraud_state(market, BUYER, before), "opened");
    /* the new one has no part of the old group key: it says so, and puts nothing on-chain */
    json_object_put(fixture_sync(home));
    FAILS(GALEN_ERR_NOT_FOUND, opening_approve(home, &next, after, true, NULL, INFO));
    assert_int_equal(fixture_count(home, "SELECT count(*) FROM tx WHERE operation LIKE 'approve%'"),
                     0);
    assert_string_equal(fraud_state(market, BUYER, after), "asked");
    workflow_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_of_another_signature),   cmocka_unit_test(a_block_that_is_none),
        cmocka_unit_test(reports_are_believed_by_nobody), cmocka_unit_test(an_innocent_entry),
        cmocka_unit_test(a_manager_replaced_half_way),
    };
    return cmocka_run_group_tests_name("opening-onchain-hostile", tests, set_up, market_tear_down);
}
