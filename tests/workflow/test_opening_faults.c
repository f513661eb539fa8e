/* Openings and the registry when a home stops half-way, is an old copy, or runs twice, and when a
 * manager is replaced. */
#include "opening_stage.h"

#include <string.h>

static int set_up(void **state)
{
    if (fixture_grouped(state) != 0)
        return -1;
    stage_commit_registry(*state);
    return 0;
}

static void read_opening(struct fixture *fx, enum fixture_home home, const char *hex,
                         struct opening *out)
{
    OK(opening_find(fx->home[home], out, hex, &fx->who[home], INFO));
}

/* RM declines, changes its mind before the mail goes, and the Group Manager's home stops between
 * the log and the result. */
static void answers_and_interruptions(void **state)
{
    struct fixture *fx = *state;
    char root4[65], id4[65];
    fixture_store(fx, &fx->who[PATIENT], 4, root4);
    stage_ask_opening(fx, root4, id4);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id4, false, NULL, INFO));
    OK(opening_approve(fx->home[RM], &fx->who[RM], id4, true, NULL, INFO));
    FAILS(GALEN_ERR_STATE, opening_approve(fx->home[RM], &fx->who[RM], id4, false, NULL, INFO));
    fixture_carry(fx, fx->home[RM]);
    OK(db_run(fx->home[GM]->db, INFO,
              "CREATE TRIGGER stop BEFORE INSERT ON outbox WHEN NEW.kind = 'opening-result'"
              " BEGIN SELECT RAISE(ABORT, 'stopped'); END"));
    FAILS(GALEN_ERR_DB, workflow_sync(fx->home[GM], NULL, INFO));
    RECORD_JSON_AUTO opened = stage_show(fx->home[GM], id4);
    assert_string_equal(fixture_text(opened, "state"), "opened");
    OK(db_run(fx->home[GM]->db, INFO, "DROP TRIGGER stop"));
    assert_int_equal(fixture_settle(fx), 0);
    /* the result went out, and both were told */
    for (int i = GM; i <= RM; i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM notification WHERE kind = 'opening-result'"
                 " AND subject = '%s'",
                 id4);
        assert_int_equal(fixture_count(fx->home[i], sql), 1);
    }
}

/* What another process wrote since is not taken back. */
static void the_log_only_grows(void **state)
{
    struct fixture *fx = *state;
    struct opening stale, now;
    char root5[65], id5[65];
    fixture_store(fx, &fx->who[PATIENT], 5, root5);
    stage_ask_opening(fx, root5, id5);
    read_opening(fx, RM, id5, &stale);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id5, true, NULL, INFO));
    OK(opening_update(fx->home[RM], &stale, "declined", "late", INFO));
    read_opening(fx, RM, id5, &now);
    assert_string_equal(now.state, "opened");
    assert_true(now.has_rm_share && now.has_commitment);
    read_opening(fx, RM, id5, &stale);
    stale.has_rm_share = stale.has_commitment = false;
    OK(opening_update(fx->home[RM], &stale, "fault", "x", INFO));
    read_opening(fx, RM, id5, &now);
    assert_true(now.has_rm_share && now.has_commitment && now.fault_at != 0);
    assert_int_equal(fixture_settle(fx), 0);
}

/* A Revocation Manager's home that is an old copy must not blame the Group Manager. */
static void an_old_copy_blames_nobody(void **state)
{
    struct fixture *fx = *state;
    char root6[65], id6[65];
    fixture_store(fx, &fx->who[PATIENT], 6, root6);
    stage_ask_opening(fx, root6, id6);
    OK(db_run(fx->home[RM]->db, INFO, "CREATE TABLE saved AS SELECT * FROM registry_row"));
    OK(db_run(fx->home[RM]->db, INFO, "DELETE FROM registry_row"));
    FAILS(GALEN_ERR_STATE, opening_approve(fx->home[RM], &fx->who[RM], id6, true, NULL, INFO));
    RECORD_JSON_AUTO asked = stage_show(fx->home[RM], id6);
    assert_string_equal(fixture_text(asked, "state"), "asked");
    assert_false(json_object_object_get_ex(asked, "rmShare", NULL));
    OK(db_run(fx->home[RM]->db, INFO, "INSERT INTO registry_row SELECT * FROM saved"));
    OK(db_run(fx->home[RM]->db, INFO, "DROP TABLE saved"));
    OK(opening_approve(fx->home[RM], &fx->who[RM], id6, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = stage_show(fx->home[RM], id6);
    assert_string_equal(fixture_text(opened, "state"), "opened");
    assert_false(json_object_object_get_ex(opened, "faultAt", NULL));
}

/* What waits for a manager who is replaced meanwhile is not published in the successor's name. */
static void the_former_group_manager_proposes_nothing(void **state)
{
    struct fixture *fx = *state;
    struct chain_address gm2;
    const struct revocation_options renew = {0};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &renew, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_successor(fx, GM, &gm2);
    stage_hand_over(fx, GM, &gm2);
    FAILS(GALEN_ERR_CHECK, revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &renew, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
}

/* A countersignature of a former Revocation Manager commits nothing: its successor is asked. */
static void a_former_countersignature(void **state)
{
    struct fixture *fx = *state;
    struct chain_address rm2;
    RECORD_JSON_AUTO sent = NULL;
    RECORD_JSON_AUTO committed = NULL;
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_successor(fx, RM, &rm2);
    stage_hand_over(fx, RM, &rm2);
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, &sent, INFO));
    fixture_member(sent, "sentTo");
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, &committed, INFO));
    fixture_member(committed, "tx");
}

/* A doctor who says the key is lost and joins again has two memberships: who opens a signature of
 * the one is told of the other, which the token does not reach. */
static void a_doctor_who_joined_twice(void **state)
{
    struct fixture *fx = *state;
    const struct chain_address *doctor = &fx->who[DOCTOR];
    char root7[65], id7[65];
    fixture_store(fx, &fx->who[PATIENT], 7, root7);
    OK(group_invite(fx->home[GM], &fx->who[GM], doctor, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_join(fx->home[DOCTOR], doctor, "DE-12345", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_approve(fx->home[GM], &fx->who[GM], doctor, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    stage_commit_registry(fx);
    stage_open(fx, root7, id7);
    for (int i = GM; i <= RM; i++) {
        RECORD_JSON_AUTO shown = stage_show(fx->home[i], id7);
        struct json_object *others = fixture_member(shown, "otherMemberships");
        assert_int_equal(json_object_array_length(others), 1);
        struct json_object *other = json_object_array_get_idx(others, 0);
        assert_int_equal(fixture_number(other, "keyVersion"), 1);
        assert_string_not_equal(fixture_text(other, "commitment"),
                                fixture_text(shown, "commitment"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_interruptions),
        cmocka_unit_test(the_log_only_grows),
        cmocka_unit_test(an_old_copy_blames_nobody),
        cmocka_unit_test(a_doctor_who_joined_twice),
        cmocka_unit_test(the_former_group_manager_proposes_nothing),
        cmocka_unit_test_setup_teardown(a_former_countersignature, fixture_grouped,
                                        fixture_tear_down),
    };
    return cmocka_run_group_tests_name("opening, faults", tests, set_up, fixture_tear_down);
}
