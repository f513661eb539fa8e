/* Messages and names from strangers; a home whose making was cut off. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- messages -------------------------------------------------------------------------------------- */

/* Sealed to the patient by hand, with an expiry of the sender's choice. */
static struct json_object *mail_with_expiry(struct fixture *fx, int64_t expiry)
{
    RECORD_JSON_AUTO message = NULL;
    struct json_object *body = NULL;
    uint8_t id[32] = {1};
    OK(workflow_object(&message, INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(message, "type", "galen.message/1", INFO));
    OK(workflow_set_address(message, "recipient", &fx->who[PATIENT], INFO));
    OK(workflow_set_text(message, "kind", "record-hand-over", INFO));
    OK(record_json_set_hex(message, "id", id, 32, INFO));
    OK(workflow_set_int(message, "expiry", expiry, INFO));
    OK(workflow_set_object(message, "body", &body, INFO));
    return fixture_mail(fx->home[BUYER], &fx->who[PATIENT], message);
}

static void expiry_has_bounds(void **state)
{
    struct fixture *fx = *state;
    const struct {
        int64_t from_now;
        const char *reason;
    } cases[] = {
        {-1, "expired"},
        {(int64_t)(WORKFLOW_MESSAGE_DAYS + 2) * 86400, "expires too late"},
        {86400, "missing"}, /* taken: it is the empty body that is wrong */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD_JSON_AUTO mail = mail_with_expiry(fx, base_time_s() + cases[i].from_now);
        OK(workflow_mail_import(fx->home[PATIENT], mail, NULL, INFO));
        RECORD_JSON_AUTO summary = fixture_sync(fx->home[PATIENT]);
        assert_int_equal(fixture_number(summary, "refused"), 1);
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[PATIENT]->db, INFO,
                    "SELECT reason FROM inbox ORDER BY rowid DESC LIMIT 1"));
        OK(db_next(&rows, &found, INFO));
        assert_true(found);
        assert_non_null(strstr(db_text(&rows, 0), cases[i].reason));
    }
}

/* Brought for the wrong identity first, a message still arrives at the right one. */
static void wrong_label_blocks_nothing(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO right = mail_with_expiry(fx, base_time_s() + 86400);
    RECORD_JSON_AUTO wrong = NULL;
    int64_t taken = 0;
    OK(record_json_copy(&wrong, right, INFO));
    OK(workflow_set_address(json_object_array_get_idx(fixture_member(wrong, "messages"), 0),
                            "recipient", &fx->patient2, INFO));
    OK(workflow_mail_import(fx->home[PATIENT], wrong, NULL, INFO));
    json_object_put(fixture_sync(fx->home[PATIENT]));
    OK(workflow_mail_import(fx->home[PATIENT], right, &taken, INFO));
    assert_int_equal(taken, 1);
    OK(workflow_mail_import(fx->home[PATIENT], right, &taken, INFO));
    assert_int_equal(taken, 0);
    json_object_put(fixture_sync(fx->home[PATIENT]));
}

/* ---- names ----------------------------------------------------------------------------------------- */

static void names_come_with_cards(void **state)
{
    struct fixture *fx = *state;
    struct chain_address impostor, found;
    struct workflow *home = fixture_extra_home(fx, "Dr. Known", "doctor", &impostor);
    OK(workflow_card_make(home, &impostor, NULL, NULL, INFO));
    OK(workflow_profile_publish(home, &impostor, NULL, INFO));
    json_object_put(fixture_sync(fx->home[PATIENT]));
    /* its keys are known, by its address alone */
    struct workflow_contact contact;
    OK(workflow_contact_get(fx->home[PATIENT], &contact, &impostor, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_contact_find(fx->home[PATIENT], &found, "Dr. Known", INFO));
    /* a card older than the profile on-chain still brings its name */
    OK(db_run(fx->home[PATIENT]->db, INFO,
              "UPDATE contact SET nonce = nonce + 100 WHERE address = ?",
              DB_BLOB(impostor.bytes, 20)));
    fixture_give_card(home, &impostor, fx->home[PATIENT]);
    OK(workflow_contact_find(fx->home[PATIENT], &found, "Dr. Known", INFO));
    assert_true(chain_address_equal(&found, &impostor));

    /* once known by a card, a later profile on-chain does not rename it */
    OK(db_run(home->db, INFO, "UPDATE identity SET name = 'Dr. Other'"));
    OK(db_run(home->db, INFO, "UPDATE contact SET nonce = nonce + 1"));
    OK(workflow_card_make(home, &impostor, NULL, NULL, INFO));
    OK(workflow_profile_publish(home, &impostor, NULL, INFO));
    OK(db_run(fx->home[PATIENT]->db, INFO, "UPDATE contact SET nonce = 1 WHERE address = ?",
              DB_BLOB(impostor.bytes, 20)));
    json_object_put(fixture_sync(fx->home[PATIENT]));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_contact_find(fx->home[PATIENT], &found, "Dr. Other", INFO));
    OK(workflow_contact_find(fx->home[PATIENT], &found, "Dr. Known", INFO));
    workflow_close(&home);
}

/* ---- homes ----------------------------------------------------------------------------------------- */

static void home_made_in_two_tries(void **state)
{
    struct fixture *fx = *state;
    char path[128];
    char config[160];
    snprintf(path, sizeof path, "%s/cut-off", fx->dir);
    snprintf(config, sizeof config, "%s/config.json", path);
    struct workflow_options options = {
        .home = path, .password = FIXTURE_PASSWORD, .quick_kdf = true};
    OK(workflow_home_create(&options, NULL, INFO));
    assert_int_equal(unlink(config), 0); /* it is written last */
    options.password = "another one";
    FAILS(GALEN_ERR_PASSWORD, workflow_home_create(&options, NULL, INFO));
    options.password = FIXTURE_PASSWORD;
    OK(workflow_home_create(&options, NULL, INFO));
    FAILS(GALEN_ERR_EXISTS, workflow_home_create(&options, NULL, INFO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiry_has_bounds),
        cmocka_unit_test(wrong_label_blocks_nothing),
        cmocka_unit_test(names_come_with_cards),
        cmocka_unit_test(home_made_in_two_tries),
    };
    return cmocka_run_group_tests_name("message", tests, fixture_connected, fixture_tear_down);
}
