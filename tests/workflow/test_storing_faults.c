/* Storing when things go wrong: missing and altered blocks, interruptions between the steps, a
 * group key that is retired. */
#include "storing_stage.h"

#include <string.h>

/* ---- blocks ------------------------------------------------------------------------------------- */

static void missing_block_is_waited_for(void **state)
{
    struct fixture *fx = *state;
    BASE_BUF_AUTO block = {0};
    struct storing_row row = storing_make(fx, 1);
    storing_hide_block(fx->home[DOCTOR], row.cid, &block);
    storing_anchor(fx, &row);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "waiting", "not at hand");
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "waiting", "not at hand");
    bool passed = true;
    char root[65];
    base_hex_encode(root, row.root, 32);
    OK(storing_verify(fx->home[PATIENT], root, &passed, NULL, INFO));
    assert_false(passed);
    RECORD_JSON_AUTO shown = NULL;
    OK(storing_show(fx->home[PATIENT], root, &shown, INFO));
    assert_string_equal(fixture_text(shown, "state"), "waiting");
    assert_false(json_object_object_get_ex(shown, "record", NULL));
    FAILS(GALEN_ERR_NOT_FOUND, storing_export_fhir(fx->home[PATIENT], root, &shown, INFO));

    OK(store_put(NULL, fx->home[PATIENT]->store, block.data, block.len, INFO));
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
    assert_int_equal(fixture_settle(fx), 0);
}

static void altered_block_is_not_taken(void **state)
{
    struct fixture *fx = *state;
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO altered = {0};
    char path[192];
    char cid[STORE_CID_TEXT];
    struct storing_row row = storing_make(fx, 2);
    OK(store_get(&block, fx->home[DOCTOR]->store, row.cid, INFO));
    OK(base_buf_append(&altered, block.data, block.len));
    altered.data[altered.len / 2] ^= 1;
    store_cid_encode(cid, row.cid);
    snprintf(path, sizeof path, "%s/blocks/%.2s/%s", fx->dir, cid + strlen(cid) - 3, cid);
    OK(base_file_write(path, altered.data, altered.len, 0600, INFO));
    FAILS(GALEN_ERR_CHECK, store_get(&altered, fx->home[PATIENT]->store, row.cid, INFO));
    storing_anchor(fx, &row);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "waiting", "altered");
    /* the hand-over brings a good copy */
    assert_int_equal(fixture_settle(fx), 0);
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
}

/* ---- interruptions ------------------------------------------------------------------------------- */

static void doctor_dies_after_step_4(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 40);
    STORING_DRAFT_AUTO draft = NULL;
    OK(storing_create_record(fx->home[DOCTOR], &draft, &fx->who[DOCTOR], record, NULL, INFO));
    OK(storing_sign_record(fx->home[DOCTOR], draft, INFO));
    OK(storing_encrypt_record(fx->home[DOCTOR], draft, INFO));
    OK(storing_upload_record(fx->home[DOCTOR], draft, INFO));
    storing_draft_free(&draft);
    fixture_restart(fx, DOCTOR);
    struct workflow *doctor = fx->home[DOCTOR];
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM record WHERE state = 'made'"), 1);
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM outbox"
                                           " WHERE delivered_at IS NULL"),
                     0);
    json_object_put(fixture_sync(doctor));
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM record WHERE state = 'made'"), 0);
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM outbox"
                                           " WHERE delivered_at IS NULL"),
                     3);
    json_object_put(fixture_sync(doctor));
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM outbox"
                                           " WHERE delivered_at IS NULL"),
                     3);
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record"
                                                      " WHERE state = 'handed-over'"),
                     0);
}

/* The relay's transaction was mined and its home died before it was noted: it is not sent again. */
static void relay_dies_after_sending(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    fixture_store(fx, &fx->who[PATIENT], 41, root);
    struct workflow *hospital = fx->home[HOSPITAL];
    int64_t sent = fixture_count(hospital, "SELECT count(*) FROM tx");
    OK(db_run(hospital->db, INFO,
              "UPDATE record SET state = 'handed-over', anchored_at = NULL, tx_hash = NULL"));
    fixture_restart(fx, HOSPITAL);
    hospital = fx->home[HOSPITAL];
    RECORD_JSON_AUTO relayed = NULL;
    OK(storing_relay(hospital, &fx->who[HOSPITAL], &relayed, INFO));
    assert_int_equal(json_object_array_length(fixture_member(relayed, "txs")), 0);
    assert_true(json_object_array_length(fixture_member(relayed, "anchored")) > 0);
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM tx"), sent);
    assert_int_equal(
        fixture_count(hospital, "SELECT count(*) FROM record WHERE state <> 'anchored'"), 0);
}

/* One record of a version that is not in force, one whose block is gone, one that is good. */
static void relay_sorts_what_it_gets(void **state)
{
    struct fixture *fx = *state;
    struct workflow *hospital = fx->home[HOSPITAL];
    struct storing_row old = storing_make(fx, 42);
    struct storing_row gone = storing_make(fx, 43);
    struct storing_row good = storing_make(fx, 44);
    BASE_BUF_AUTO block = {0};
    RECORD_JSON_AUTO relayed = NULL;
    RECORD_JSON_AUTO later = NULL;
    assert_int_equal(fixture_settle(fx), 0);
    OK(db_run(hospital->db, INFO, "UPDATE record SET key_version = 9 WHERE merkle_root = ?",
              DB_BLOB(old.root, 32)));
    storing_hide_block(hospital, gone.cid, &block);
    OK(storing_relay(hospital, &fx->who[HOSPITAL], &relayed, INFO));
    struct json_object *refused = fixture_member(relayed, "refused");
    struct json_object *waiting = fixture_member(relayed, "waiting");
    assert_int_equal(json_object_array_length(refused), 1);
    assert_non_null(
        strstr(fixture_text(json_object_array_get_idx(refused, 0), "reason"), "version 9"));
    assert_int_equal(json_object_array_length(waiting), 1);
    struct json_object *anchored = fixture_member(relayed, "anchored");
    assert_int_equal(json_object_array_length(anchored), 1);
    char root[65];
    base_hex_encode(root, good.root, 32);
    assert_string_equal(fixture_text(json_object_array_get_idx(anchored, 0), "merkleRoot") + 2,
                        root);
    OK(store_put(NULL, hospital->store, block.data, block.len, INFO));
    OK(storing_relay(hospital, &fx->who[HOSPITAL], &later, INFO));
    assert_int_equal(json_object_array_length(fixture_member(later, "anchored")), 1);
    assert_int_equal(json_object_array_length(fixture_member(later, "refused")), 0);
    assert_int_equal(fixture_settle(fx), 0);
}

/* Read again from the first block on, every event finds its row: nothing doubles. */
static void events_read_twice_change_nothing(void **state)
{
    struct fixture *fx = *state;
    static const char *const counted[] = {"SELECT count(*) FROM record",
                                          "SELECT count(*) FROM release",
                                          "SELECT count(*) FROM notification",
                                          "SELECT count(*) FROM record WHERE state = 'anchored'",
                                          "SELECT count(*) FROM record WHERE state = 'refused'",
                                          "SELECT count(*) FROM group_key"};
    int64_t before[6];
    for (int i = 0; i < 6; i++)
        before[i] = fixture_count(fx->home[PATIENT], counted[i]);
    assert_true(before[3] > 0);
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM setting WHERE name = 'sync.next_block'"));
    fixture_restart(fx, PATIENT);
    storing_sync_patient(fx);
    for (int i = 0; i < 6; i++)
        assert_int_equal(fixture_count(fx->home[PATIENT], counted[i]), before[i]);
}

/* A patient's home that was lost and comes back with its keys alone finds its records again. */
static void records_come_back_from_the_chain(void **state)
{
    struct fixture *fx = *state;
    struct workflow *patient = fx->home[PATIENT];
    int64_t anchored = fixture_count(
        patient, "SELECT count(*) FROM record WHERE side = 'patient' AND state = 'anchored'");
    OK(db_run(patient->db, INFO, "DELETE FROM release"));
    OK(db_run(patient->db, INFO, "DELETE FROM record"));
    OK(db_run(patient->db, INFO, "DELETE FROM group_key"));
    OK(db_run(patient->db, INFO, "DELETE FROM setting WHERE name = 'sync.next_block'"));
    fixture_restart(fx, PATIENT);
    storing_sync_patient(fx);
    assert_int_equal(
        fixture_count(fx->home[PATIENT],
                      "SELECT count(*) FROM record WHERE side = 'patient' AND state = 'anchored'"),
        anchored);
}

/* ---- a retired group key ------------------------------------------------------------------------- */

static void retired_key_signs_and_relays_nothing(void **state)
{
    struct fixture *fx = *state;
    (void)storing_make(fx, 50);
    assert_int_equal(fixture_settle(fx), 0);
    BASE_BUF_AUTO data = {0};
    OK(datahub_encode_retire_group_key(&data, 1, true, INFO));
    const struct workflow_call call = {.from = &fx->who[RM],
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "retireGroupKey",
                                       .request_id = -1};
    OK(workflow_transact(fx->home[RM], &call, NULL, NULL, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 51);
    FAILS(GALEN_ERR_STATE,
          storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, NULL, INFO));
    assert_int_equal(fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM record"
                                                       " WHERE state = 'handed-over'"),
                     1);
    /* records of that version are verified as what they are */
    bool passed = true;
    char root[65];
    RECORD_JSON_AUTO list = NULL;
    OK(storing_list(fx->home[PATIENT], &fx->who[PATIENT], NULL, &list, INFO));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *listed = json_object_array_get_idx(list, i);
        if (strcmp(fixture_text(listed, "state"), "anchored") == 0)
            snprintf(root, sizeof root, "%s", fixture_text(listed, "merkleRoot") + 2);
    }
    OK(storing_verify(fx->home[PATIENT], root, &passed, NULL, INFO));
    assert_false(passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_block_is_waited_for),
        cmocka_unit_test(altered_block_is_not_taken),
        cmocka_unit_test(doctor_dies_after_step_4),
        cmocka_unit_test(relay_dies_after_sending),
        cmocka_unit_test(relay_sorts_what_it_gets),
        cmocka_unit_test(events_read_twice_change_nothing),
        cmocka_unit_test(records_come_back_from_the_chain),
        cmocka_unit_test(retired_key_signs_and_relays_nothing),
    };
    return cmocka_run_group_tests_name("storing-faults", tests, fixture_grouped, fixture_tear_down);
}
