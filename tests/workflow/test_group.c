/* The group from its set-up to memberships: the way through, interruptions, and every refusal. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

/* ---- set-up ------------------------------------------------------------------------------------- */

static void setup_runs_in_order_and_repeats(void **state)
{
    struct fixture *fx = *state;
    struct workflow *gm = fx->home[GM];
    struct workflow *rm = fx->home[RM];
    RECORD_JSON_AUTO first = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO proposal = NULL;
    RECORD_JSON_AUTO repeated = NULL;
    RECORD_JSON_AUTO confirmation = NULL;
    RECORD_JSON_AUTO half = NULL;

    /* out of order: nothing happens */
    FAILS(GALEN_ERR_STATE, group_setup_rm(rm, &fx->who[RM], NULL, INFO));
    FAILS(GALEN_ERR_STATE, group_propose(gm, &fx->who[GM], NULL, INFO));
    FAILS(GALEN_ERR_STATE, group_confirm(rm, &fx->who[RM], NULL, INFO));
    FAILS(GALEN_ERR_STATE, group_invite(gm, &fx->who[GM], &fx->who[DOCTOR], NULL, INFO));
    FAILS(GALEN_ERR_USAGE, group_setup_gm(gm, &fx->who[GM], &fx->who[GM], NULL, INFO));
    FAILS(GALEN_ERR_USAGE, group_setup_gm(fx->home[RM], &fx->who[RM], &fx->who[GM], NULL, INFO));

    OK(group_setup_gm(gm, &fx->who[GM], &fx->who[RM], &first, INFO));
    fixture_restart(fx, GM);
    gm = fx->home[GM];
    OK(group_setup_gm(gm, &fx->who[GM], &fx->who[RM], &again, INFO));
    assert_string_equal(fixture_text(first, "shareDigest"), fixture_text(again, "shareDigest"));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, group_propose(gm, &fx->who[GM], NULL, INFO));

    OK(group_setup_rm(rm, &fx->who[RM], &half, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    /* delivered, and sent again: the same half, so the same key */
    fixture_restart(fx, RM);
    rm = fx->home[RM];
    OK(group_setup_rm(rm, &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);

    workflow_dry_run(gm, true);
    OK(group_propose(gm, &fx->who[GM], NULL, INFO));
    workflow_dry_run(gm, false);
    assert_int_equal(fixture_count(gm, "SELECT count(*) FROM tx WHERE operation = 'setGroupKey'"),
                     0);
    OK(group_propose(gm, &fx->who[GM], &proposal, INFO));
    assert_int_equal(fixture_number(proposal, "version"), 1);
    assert_string_equal(fixture_text(proposal, "fingerprint"), fixture_text(half, "fingerprint"));
    OK(group_propose(gm, &fx->who[GM], &repeated, INFO));
    assert_true(json_object_get_boolean(fixture_member(repeated, "done")));
    assert_int_equal(fixture_count(gm, "SELECT count(*) FROM tx WHERE operation = 'setGroupKey'"),
                     1);

    /* proposed, not confirmed: no key is in force */
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, group_invite(gm, &fx->who[GM], &fx->who[DOCTOR], NULL, INFO));
    FAILS(GALEN_ERR_USAGE, group_confirm(gm, &fx->who[GM], NULL, INFO));

    OK(group_confirm(rm, &fx->who[RM], &confirmation, INFO));
    json_object_put(confirmation);
    confirmation = NULL;
    OK(group_confirm(rm, &fx->who[RM], &confirmation, INFO));
    assert_true(json_object_get_boolean(fixture_member(confirmation, "done")));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < FIXTURE_HOMES; i++)
        assert_int_equal(fixture_count(fx->home[i], "SELECT count(*) FROM group_key WHERE version"
                                                    " = 1 AND confirmed AND bytes IS NOT NULL"),
                         1);
}

/* A home that has no block takes the key from the transaction that proposed it. */
static void key_comes_from_the_transaction(void **state)
{
    struct fixture *fx = *state;
    struct chain_address who;
    uint8_t fingerprint[32];
    const struct groupsig_group_key *key = NULL;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[GM]->db, INFO, "SELECT fingerprint FROM group_key"));
        OK(db_next(&rows, &found, INFO));
        OK(db_bytes(&rows, 0, fingerprint, 32, INFO));
    }
    OK(store_remove(fx->home[GM]->store, fingerprint, INFO));
    struct workflow *late = fixture_extra_home(fx, "late", "patient", &who);
    json_object_put(fixture_sync(late));
    OK(workflow_group_key(late, 1, &key, INFO));
    bool there = false;
    OK(store_has(&there, late->store, fingerprint, INFO));
    assert_true(there);

    /* waiting for a key that cannot be had: said, and taken up later */
    OK(db_run(late->db, INFO,
              "INSERT INTO group_key (version, fingerprint, confirmed)"
              " VALUES (2, zeroblob(32), 1)"));
    json_object_put(fixture_sync(late));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_group_key(late, 2, &key, INFO));
    workflow_close(&late);
}

static void confirm_refuses_a_foreign_key(void **state)
{
    /* GM proposes a key whose RM half it made up itself. */
    struct fixture *fx = *state;
    struct groupsig_gm_secret gm_secret;
    struct groupsig_rm_secret rm_secret;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES], points[GROUPSIG_GROUP_KEY_POINTS_BYTES];
    uint8_t fingerprint[32];
    struct groupsig_group_key key;
    BASE_BUF_AUTO data = {0};
    assert_int_equal(groupsig_gm_setup(&gm_secret, gm_share, &workflow_rng), GROUPSIG_OK);
    assert_int_equal(groupsig_rm_setup(&rm_secret, rm_share, gm_share, &workflow_rng), GROUPSIG_OK);
    assert_int_equal(groupsig_group_key_combine(&key, gm_share, rm_share), GROUPSIG_OK);
    groupsig_group_key_encode(&key, bytes);
    groupsig_group_key_points(&key, points);
    OK(store_put(fingerprint, fx->home[RM]->store, bytes, sizeof bytes, INFO));
    OK(datahub_encode_set_group_key(&data, fingerprint, (struct base_view){bytes, sizeof bytes},
                                    (struct base_view){points, sizeof points}, INFO));
    const struct workflow_call call = {.from = &fx->who[GM],
                                       .data = &data,
                                       .role = "gm",
                                       .flow = "group",
                                       .operation = "setGroupKey",
                                       .request_id = -1};
    OK(workflow_transact(fx->home[GM], &call, NULL, NULL, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_CHECK, group_confirm(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(
        fixture_count(fx->home[RM], "SELECT count(*) FROM tx WHERE operation = 'confirmGroupKey'"),
        1);
}

static void setup_share_of_a_stranger_is_refused(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO body = NULL;
    uint8_t share[GROUPSIG_GM_SHARE_BYTES] = {6};
    uint8_t id32[32] = {7};
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.setup-share/1", INFO));
    OK(workflow_set_text(body, "role", "gm", INFO));
    OK(record_json_set_hex(body, "share", share, sizeof share, INFO));
    OK(message_send(fx->home[BUYER], &fx->who[BUYER], &fx->who[RM], MESSAGE_SETUP_SHARE, id32, body,
                    INFO));
    assert_int_equal(fixture_settle(fx), 1);
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM setup_share"), 1);
}

static void hospitals_are_set_once(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO again = NULL;
    const struct chain_address *gm = &fx->who[GM];
    OK(group_set_hospital(fx->home[GM], gm, &fx->who[HOSPITAL], true, NULL, INFO));
    OK(group_set_hospital(fx->home[GM], gm, &fx->who[HOSPITAL], true, &again, INFO));
    assert_true(json_object_get_boolean(fixture_member(again, "done")));
    OK(group_set_hospital(fx->home[GM], gm, &fx->who[HOSPITAL], false, NULL, INFO));
    assert_int_equal(
        fixture_count(fx->home[GM], "SELECT count(*) FROM tx WHERE operation = 'setHospital'"), 2);
}

/* ---- joining ------------------------------------------------------------------------------------ */

/* What the doctor's home says of joining: 'm'ember, 'i'nvited, 'a'nswered, or '-'. */
static char membership_of(struct fixture *fx)
{
    RECORD_JSON_AUTO shown = NULL;
    struct json_object *invitation = NULL;
    OK(group_membership(fx->home[DOCTOR], &fx->who[DOCTOR], &shown, INFO));
    if (json_object_object_get_ex(shown, "invitation", &invitation))
        return json_object_get_boolean(fixture_member(invitation, "answered")) ? 'a' : 'i';
    if (!json_object_get_boolean(fixture_member(shown, "isMember")))
        return '-';
    assert_true(json_object_get_boolean(fixture_member(shown, "isCurrent")));
    return 'm';
}

static void join_and_interruptions(void **state)
{
    struct fixture *fx = *state;
    const struct chain_address *gm = &fx->who[GM];
    const struct chain_address *doctor = &fx->who[DOCTOR];
    RECORD_JSON_AUTO first = NULL;
    RECORD_JSON_AUTO second = NULL;
    BASE_SECRET_AUTO member = {0};

    FAILS(GALEN_ERR_STATE, group_join(fx->home[DOCTOR], doctor, "DE-1", NULL, INFO));
    assert_int_equal(membership_of(fx), '-');
    FAILS(GALEN_ERR_USAGE, group_membership(fx->home[GM], gm, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, group_approve(fx->home[GM], gm, doctor, NULL, INFO));
    OK(group_invite(fx->home[GM], gm, doctor, NULL, INFO));
    OK(group_invite(fx->home[GM], gm, doctor, NULL, INFO)); /* the same nonce again */
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM join_nonce"), 1);
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_USAGE, group_join(fx->home[DOCTOR], doctor, "", NULL, INFO));
    assert_int_equal(membership_of(fx), 'i');

    /* the doctor's home dies after the answer was stored and before it left */
    OK(group_join(fx->home[DOCTOR], doctor, "DE-1", NULL, INFO));
    assert_int_equal(membership_of(fx), 'a');
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));
    int64_t answer = fixture_count(fx->home[DOCTOR], "SELECT length(body) FROM join_invitation");
    fixture_restart(fx, DOCTOR);
    OK(group_join(fx->home[DOCTOR], doctor, "DE-1", NULL, INFO));
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT length(body) FROM join_invitation"),
                     answer);
    assert_int_equal(fixture_settle(fx), 0);

    /* the Group Manager's home restarts with the request waiting */
    fixture_restart(fx, GM);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM join_request"), 1);
    /* it dies after the registry row was written and before the membership left */
    OK(group_approve(fx->home[GM], gm, doctor, &first, INFO));
    OK(db_run(fx->home[GM]->db, INFO, "DELETE FROM outbox"));
    fixture_restart(fx, GM);
    OK(group_approve(fx->home[GM], gm, doctor, &second, INFO));
    assert_string_equal(fixture_text(first, "commitment"), fixture_text(second, "commitment"));
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM member"), 1);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM join_request"), 0);

    /* the identical request again: the stored answer, no second row */
    OK(group_join(fx->home[DOCTOR], doctor, "DE-1", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM member"), 1);
    OK(workflow_secret_get(fx->home[DOCTOR], &member, WORKFLOW_KEY_MEMBER, doctor, INFO));
    assert_int_equal(member.len, GROUPSIG_MEMBER_SECRET_BYTES);
    FAILS(GALEN_ERR_NOT_FOUND,
          workflow_secret_get(fx->home[DOCTOR], &member, WORKFLOW_KEY_JOIN, doctor, INFO));
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM notification"
                                                     " WHERE kind = 'membership'"),
                     1);

    RECORD_JSON_AUTO members = NULL;
    OK(group_members(fx->home[GM], NULL, &members, INFO));
    assert_int_equal(json_object_array_length(members), 1);
    struct json_object *row = json_object_array_get_idx(members, 0);
    assert_string_equal(fixture_text(row, "name"), "doctor");
    assert_string_equal(fixture_text(row, "licence"), "DE-1");
    assert_string_equal(fixture_text(row, "commitment"), fixture_text(first, "commitment"));
}

/* The registry's head, computed again from its rows. */
static void registry_head_is_a_chain(void **state)
{
    struct fixture *fx = *state;
    uint8_t head[32] = {0};
    int64_t rows_seen = 0;
    DB_ROWS_AUTO rows = {0};
    OK(db_query(&rows, fx->home[GM]->db, INFO,
                "SELECT fingerprint, wallet, commitment, nonce, statement, request, signature,"
                " membership, salt, head, joined_at FROM member ORDER BY id"));
    for (;;) {
        bool found = false;
        OK(db_next(&rows, &found, INFO));
        if (!found)
            break;
        static const char *const keys[] = {"fingerprint", NULL,      "commitment", "nonce",
                                           NULL,          "request", "signature",  "membership"};
        RECORD_JSON_AUTO row = json_object_new_object();
        RECORD_JSON_AUTO statement = NULL;
        struct chain_address wallet;
        uint8_t row32[32], stored[32];
        BASE_BUF_AUTO bytes = {0};
        OK(workflow_set_text(row, "type", "galen.member/1", INFO));
        for (int i = 0; i < 8; i++)
            if (keys[i] != NULL)
                OK(record_json_set_hex(row, keys[i], db_blob(&rows, i).data, db_blob(&rows, i).len,
                                       INFO));
        OK(db_bytes(&rows, 1, wallet.bytes, 20, INFO));
        OK(workflow_set_address(row, "wallet", &wallet, INFO));
        const char *text = db_text(&rows, 4);
        OK(record_json_parse(&statement, text, strlen(text), 4096, INFO));
        OK(workflow_set_object(row, "statement", &statement, INFO));
        OK(workflow_set_time(row, "joinedAt", db_int(&rows, 10), INFO));
        OK(base_buf_append(&bytes, db_blob(&rows, 8).data, 32));
        OK(record_json_jcs(&bytes, row, INFO));
        store_digest(row32, bytes.data, bytes.len);
        base_buf_clear(&bytes);
        OK(base_buf_append_text(&bytes, "galen/registry/1"));
        OK(base_buf_append(&bytes, head, 32));
        OK(base_buf_append(&bytes, row32, 32));
        store_digest(head, bytes.data, bytes.len);
        OK(db_bytes(&rows, 9, stored, 32, INFO));
        assert_memory_equal(head, stored, 32);
        rows_seen++;
    }
    assert_int_equal(rows_seen, 2);
}

/* A join request's message as it left the doctor, for altering it. */
static struct json_object *answered_body(struct fixture *fx, const struct chain_address *doctor)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    struct json_object *body = NULL;
    OK(db_query(&rows, fx->home[DOCTOR]->db, INFO,
                "SELECT body FROM join_invitation WHERE doctor = ?", DB_BLOB(doctor->bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    const char *text = db_text(&rows, 0);
    OK(record_json_parse(&body, text, strlen(text), 65536, INFO));
    return body;
}

static void flip(struct json_object *body, const char *key)
{
    char *text = strdup(fixture_text(body, key));
    size_t last = strlen(text) - 1;
    text[last] = text[last] == '0' ? '1' : '0';
    json_object_object_add(body, key, json_object_new_string(text));
    free(text);
}

static int64_t send_request(struct fixture *fx, const struct chain_address *from, uint8_t id,
                            struct json_object *body)
{
    uint8_t id32[32] = {id, 0xee};
    OK(message_send(fx->home[DOCTOR], from, &fx->who[GM], MESSAGE_JOIN_REQUEST, id32, body, INFO));
    return fixture_settle(fx);
}

static void join_refusals(void **state)
{
    struct fixture *fx = *state;
    const struct chain_address *gm = &fx->who[GM];
    const struct chain_address *doctor = &fx->doctor2;
    OK(group_invite(fx->home[GM], gm, doctor, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_join(fx->home[DOCTOR], doctor, "DE-2", NULL, INFO));
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));

    static const char *const altered[] = {"request", "signature", "nonce", "fingerprint"};
    for (uint8_t i = 0; i < 4; i++) {
        RECORD_JSON_AUTO body = answered_body(fx, doctor);
        flip(body, altered[i]);
        assert_int_equal(send_request(fx, doctor, i, body), 1);
    }
    { /* another licence than was signed */
        RECORD_JSON_AUTO body = answered_body(fx, doctor);
        json_object_object_add(fixture_member(body, "statement"), "licence",
                               json_object_new_string("DE-3"));
        assert_int_equal(send_request(fx, doctor, 10, body), 1);
    }
    { /* another doctor sends it as its own */
        RECORD_JSON_AUTO body = answered_body(fx, doctor);
        assert_int_equal(send_request(fx, &fx->who[DOCTOR], 11, body), 1);
    }
    { /* the nonce has expired */
        RECORD_JSON_AUTO body = answered_body(fx, doctor);
        OK(db_run(fx->home[GM]->db, INFO,
                  "UPDATE join_nonce SET expires_at = expires_at - 700000"
                  " WHERE NOT used"));
        assert_int_equal(send_request(fx, doctor, 12, body), 1);
        OK(db_run(fx->home[GM]->db, INFO,
                  "UPDATE join_nonce SET expires_at = expires_at + 700000"
                  " WHERE NOT used"));
    }
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM join_request"), 0);
    FAILS(GALEN_ERR_NOT_FOUND, group_approve(fx->home[GM], gm, doctor, NULL, INFO));

    RECORD_JSON_AUTO body = answered_body(fx, doctor);
    assert_int_equal(send_request(fx, doctor, 13, body), 0);
    workflow_dry_run(fx->home[GM], true);
    OK(group_approve(fx->home[GM], gm, doctor, NULL, INFO));
    workflow_dry_run(fx->home[GM], false);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM member"), 1);
    OK(group_approve(fx->home[GM], gm, doctor, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM member"), 2);

    /* the used nonce with another request: a second membership is not to be had for it */
    struct json_object *replay = answered_body(fx, doctor);
    flip(replay, "request");
    assert_int_equal(send_request(fx, doctor, 14, replay), 1);
    json_object_put(replay);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM member"), 2);
}

/* A membership that was issued to one doctor is worth nothing to another, and one that comes again
 * changes nothing. */
static void membership_refusals(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO body = json_object_new_object();
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES], commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t fingerprint[32], id32[32] = {0xaa};
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[GM]->db, INFO,
                    "SELECT membership, commitment, fingerprint FROM member WHERE wallet = ?",
                    DB_BLOB(fx->who[DOCTOR].bytes, 20)));
        OK(db_next(&rows, &found, INFO));
        OK(db_bytes(&rows, 0, membership, sizeof membership, INFO));
        OK(db_bytes(&rows, 1, commitment, sizeof commitment, INFO));
        OK(db_bytes(&rows, 2, fingerprint, 32, INFO));
    }
    OK(workflow_set_text(body, "type", "galen.membership/1", INFO));
    OK(record_json_set_hex(body, "fingerprint", fingerprint, 32, INFO));
    OK(record_json_set_hex(body, "commitment", commitment, sizeof commitment, INFO));
    OK(record_json_set_hex(body, "membership", membership, sizeof membership, INFO));
    OK(message_send(fx->home[GM], &fx->who[GM], &fx->doctor2, MESSAGE_MEMBERSHIP, id32, body,
                    INFO));
    assert_int_equal(fixture_settle(fx), 1);
    id32[1] = 1;
    OK(message_send(fx->home[GM], &fx->who[GM], &fx->who[DOCTOR], MESSAGE_MEMBERSHIP, id32, body,
                    INFO));
    assert_int_equal(fixture_settle(fx), 0);
    id32[1] = 2; /* from someone who is not the Group Manager */
    OK(message_send(fx->home[BUYER], &fx->who[BUYER], &fx->who[DOCTOR], MESSAGE_MEMBERSHIP, id32,
                    body, INFO));
    assert_int_equal(fixture_settle(fx), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_runs_in_order_and_repeats),
        cmocka_unit_test(setup_share_of_a_stranger_is_refused),
        cmocka_unit_test(hospitals_are_set_once),
        cmocka_unit_test(key_comes_from_the_transaction),
        cmocka_unit_test(join_and_interruptions),
        cmocka_unit_test(join_refusals),
        cmocka_unit_test(registry_head_is_a_chain),
        cmocka_unit_test(membership_refusals),
        cmocka_unit_test(confirm_refuses_a_foreign_key),
    };
    return cmocka_run_group_tests_name("group", tests, fixture_connected, fixture_tear_down);
}
