/* Complaints about a record: by its patient and by a reader, to the record in both managers' hands;
 * and everybody who may not. */
#include "fixture.h"
#include "workflow/access.h"
#include "workflow/complaint_internal.h"

#include <string.h>

static char root[65];  /* of the patient's record 1 */
static char other[65]; /* of the second patient's record */

static int set_up(void **state)
{
    if (fixture_grouped(state) != 0)
        return -1;
    struct fixture *fx = *state;
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    fixture_store(fx, &fx->patient2, 2, other);
    return 0;
}

static void settle(struct fixture *fx)
{
    assert_int_equal(fixture_settle(fx), 0);
}

static void complain(struct fixture *fx, enum fixture_home home, const char *reference, char id[65])
{
    RECORD_JSON_AUTO made = NULL;
    OK(complaint_make(fx->home[home], &fx->who[home], reference, "canary: dosage cannot be", &made,
                      INFO));
    assert_string_equal(fixture_text(made, "state"), "logged");
    snprintf(id, 65, "%s", fixture_text(made, "id") + 2);
}

static enum galen_err decide(struct fixture *fx, enum fixture_home home, const char *id, bool agree)
{
    return complaint_decide(fx->home[home], &fx->who[home], id, agree, NULL, INFO);
}

static struct json_object *show(struct fixture *fx, enum fixture_home home, const char *id)
{
    struct json_object *shown = NULL;
    OK(complaint_show(fx->home[home], id, &shown, INFO));
    return shown;
}

static void state_is(struct fixture *fx, enum fixture_home home, const char *id, const char *state)
{
    RECORD_JSON_AUTO shown = show(fx, home, id);
    if (strcmp(fixture_text(shown, "state"), state) != 0)
        fail_msg("home %d: %s, not %s", home, fixture_text(shown, "state"), state);
    assert_int_equal(json_object_object_get_ex(shown, "record", NULL),
                     strcmp(state, "opened") == 0 && (home == GM || home == RM));
}

static int64_t told(struct fixture *fx, enum fixture_home home, const char *kind)
{
    int64_t n = 0;
    OK(db_get_int(fx->home[home]->db, &n, 0, INFO,
                  "SELECT count(*) FROM notification WHERE kind = ?", DB_TEXT(kind)));
    return n;
}

/* How often the patient's access log has an event. */
static int logged(struct fixture *fx, const char *event)
{
    RECORD_JSON_AUTO list = NULL;
    int n = 0;
    OK(access_log(fx->home[PATIENT], &fx->who[PATIENT], NULL, &list, INFO));
    for (size_t i = 0; i < json_object_array_length(list); i++)
        n += strcmp(fixture_text(json_object_array_get_idx(list, i), "event"), event) == 0;
    return n;
}

/* Nobody has any key that a complaint gave. */
static void nobody_has_a_key(struct fixture *fx, const char *id)
{
    for (int i = 0; i < 2; i++) {
        struct complaint complaint;
        uint8_t key32[32];
        bool found = true;
        const enum fixture_home home = i == 0 ? GM : RM;
        OK(complaint_find(fx->home[home], &complaint, id, NULL, INFO));
        OK(complaint_get_key(fx->home[home], &found, key32, &complaint, INFO));
        assert_false(found);
    }
}

/* ---- the way through ------------------------------------------------------------------------------- */

static void by_the_patient(void **state)
{
    struct fixture *fx = *state;
    char id[65];
    complain(fx, PATIENT, root, id);
    settle(fx);
    for (int i = 0; i < 2; i++) {
        const enum fixture_home home = i == 0 ? GM : RM;
        state_is(fx, home, id, "logged");
        assert_int_equal(told(fx, home, "record-complaint"), 1);
    }
    assert_int_equal(logged(fx, "complaint-logged"), 1);
    assert_int_equal(logged(fx, "complaint-opened"), 0);
    /* RM can do nothing before GM, and GM alone has nothing to read */
    FAILS(GALEN_ERR_STATE, decide(fx, RM, id, true));
    OK(decide(fx, GM, id, true));
    state_is(fx, GM, id, "asked");
    nobody_has_a_key(fx, id);
    settle(fx);
    state_is(fx, RM, id, "asked");
    nobody_has_a_key(fx, id);
    assert_int_equal(told(fx, RM, "complaint-asked"), 1);

    /* once it is opened both read what the patient has */
    OK(decide(fx, RM, id, true));
    settle(fx);
    RECORD_JSON_AUTO original = fixture_record(fx, &fx->who[PATIENT], 1);
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO shown = show(fx, i == 0 ? GM : RM, id);
        assert_true(json_object_get_boolean(fixture_member(shown, "passed")));
        assert_true(json_object_equal(fixture_member(shown, "record"), original));
    }
    state_is(fx, PATIENT, id, "opened");
    assert_int_equal(logged(fx, "complaint-opened"), 1);
    assert_int_equal(logged(fx, "complaint-logged"), 1);
    /* what was agreed to cannot be undone, and again is the same again */
    FAILS(GALEN_ERR_STATE, decide(fx, RM, id, false));
    OK(decide(fx, RM, id, true));
    OK(decide(fx, GM, id, true));
    settle(fx);
    assert_int_equal(logged(fx, "complaint-opened"), 1);
    /* sealed where it lies */
    assert_false(fixture_folder_holds(fx->dir, "canary: dosage", strlen("canary: dosage")));
}

static void grant(struct fixture *fx, const struct sharing_options *options, char cid[80])
{
    RECORD_JSON_AUTO share = NULL;
    OK(sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], options, &share, INFO));
    snprintf(cid, 80, "%s", fixture_text(share, "cidShare"));
    settle(fx);
}

static void by_readers(void **state)
{
    struct fixture *fx = *state;
    static const char *const fields[] = {"/category"};
    const struct sharing_options part = {.paths = fields, .n_paths = 1};
    char whole[80], some[80], id[65], again[65];
    grant(fx, NULL, whole);
    grant(fx, &part, some);
    complain(fx, DOCTOR, whole, id);
    settle(fx);
    state_is(fx, GM, id, "logged");
    /* the part is of the same record: the same complaint, proved by what it shows */
    complain(fx, DOCTOR, some, again);
    assert_string_equal(again, id);
    settle(fx);
    OK(db_run(fx->home[RM]->db, INFO, "DELETE FROM complaint WHERE hex(id) LIKE upper(?)",
              DB_TEXT(id)));
    complain(fx, DOCTOR, some, again);
    settle(fx);
    state_is(fx, RM, id, "logged");
    /* and the patient, whose complaint it is not, is told */
    assert_int_equal(logged(fx, "complaint-logged"), 2);

    /* declined: told to all, and may be agreed to after all */
    OK(decide(fx, GM, id, true));
    settle(fx);
    OK(decide(fx, RM, id, false));
    settle(fx);
    state_is(fx, GM, id, "declined");
    state_is(fx, DOCTOR, id, "declined");
    assert_int_equal(logged(fx, "complaint-declined"), 1);
    nobody_has_a_key(fx, id);
    OK(decide(fx, RM, id, true));
    settle(fx);
    state_is(fx, GM, id, "opened");
    state_is(fx, DOCTOR, id, "opened");
    assert_int_equal(logged(fx, "complaint-opened"), 2);
}

/* ---- who may not ----------------------------------------------------------------------------------- */

/* Refused at both managers, for this reason. */
static void refused(struct fixture *fx, struct json_object *body, enum fixture_home from,
                    const char *words)
{
    static uint8_t id[32];
    for (int i = 0; i < 2; i++) {
        const enum fixture_home to = i == 0 ? GM : RM;
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        int64_t before = fixture_count(fx->home[to], "SELECT count(*) FROM complaint");
        id[0]++;
        OK(message_send(fx->home[from], &fx->who[from], &fx->who[to], MESSAGE_COMPLAINT, id, body,
                        INFO));
        fixture_carry(fx, fx->home[from]);
        RECORD_JSON_AUTO summary = fixture_sync(fx->home[to]);
        assert_int_equal(fixture_number(summary, "refused"), 1);
        OK(db_query(
            &rows, fx->home[to]->db, INFO,
            "SELECT reason FROM inbox WHERE state = 'refused' ORDER BY rowid DESC LIMIT 1"));
        OK(db_next(&rows, &found, INFO));
        if (strstr(db_text(&rows, 0), words) == NULL)
            fail_msg("refused for '%s', not '%s'", db_text(&rows, 0), words);
        db_rows_end(&rows);
        assert_int_equal(fixture_count(fx->home[to], "SELECT count(*) FROM complaint"), before);
    }
}

/* What anyone can read of the patient's record on the chain, as a complaint. */
static struct json_object *strangers_body(struct fixture *fx)
{
    struct storing_row row;
    struct json_object *body = NULL;
    OK(storing_find_row(fx->home[PATIENT], &row, root, "patient", INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.record-complaint/1", INFO));
    OK(record_json_set_hex(body, "merkleRoot", row.root, 32, INFO));
    OK(workflow_set_cid(body, "cid", row.cid, INFO));
    OK(workflow_set_address(body, "patient", &row.owner, INFO));
    OK(workflow_set_int(body, "keyVersion", row.key_version, INFO));
    OK(record_json_set_hex(body, "signature", row.sig, sizeof row.sig, INFO));
    OK(workflow_set_text(body, "reason", "curiosity", INFO));
    return body;
}

static struct json_object *proof_of(struct fixture *fx, const char *share_cid)
{
    struct storing_row row;
    struct json_object *proof = NULL;
    uint8_t cid[32];
    OK(store_cid_parse(cid, share_cid, INFO));
    OK(sharing_prove(fx->home[DOCTOR], &fx->who[DOCTOR], cid, &row, &proof, INFO));
    return proof;
}

static void strangers(void **state)
{
    struct fixture *fx = *state;
    struct json_object *field = NULL;
    RECORD_JSON_AUTO bare = strangers_body(fx);
    refused(fx, bare, BUYER, "nothing proves");
    refused(fx, bare, GM, "nothing proves"); /* a manager is a stranger too */
    FAILS(GALEN_ERR_NOT_FOUND,
          complaint_make(fx->home[BUYER], &fx->who[BUYER], root, "x", NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND,
          complaint_make(fx->home[PATIENT], &fx->patient2, root, "x", NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          complaint_make(fx->home[PATIENT], &fx->who[PATIENT], root, "", NULL, INFO));

    /* a proof of another record, and one with a made-up salt */
    char share[80];
    RECORD_JSON_AUTO granted = NULL;
    OK(sharing_grant(fx->home[PATIENT], other, &fx->who[DOCTOR], NULL, &granted, INFO));
    snprintf(share, sizeof share, "%s", fixture_text(granted, "cidShare"));
    settle(fx);
    RECORD_JSON_AUTO others = strangers_body(fx);
    RECORD_JSON_AUTO proof = proof_of(fx, share);
    OK(workflow_set_object(others, "proof", &proof, INFO));
    refused(fx, others, BUYER, "not of this record");
    char mine[80];
    grant(fx, NULL, mine);
    RECORD_JSON_AUTO salted = strangers_body(fx);
    RECORD_JSON_AUTO forged = proof_of(fx, mine);
    field = json_object_array_get_idx(fixture_member(forged, "fields"), 0);
    assert_string_equal(fixture_text(field, "path"), "/type");
    OK(workflow_set_text(field, "salt", "0x00000000000000000000000000000000", INFO));
    OK(workflow_set_object(salted, "proof", &forged, INFO));
    refused(fx, salted, BUYER, "not of this record");

    /* the patient's own, but of something that was never anchored, or another's envelope */
    struct storing_row second;
    OK(storing_find_row(fx->home[PATIENT], &second, other, "patient", INFO));
    RECORD_JSON_AUTO elsewhere = strangers_body(fx);
    OK(workflow_set_cid(elsewhere, "cid", second.cid, INFO));
    refused(fx, elsewhere, PATIENT, "knows no such record");
    RECORD_JSON_AUTO block = strangers_body(fx);
    OK(workflow_set_text(block, "envelope", "{}", INFO));
    refused(fx, block, PATIENT, "not the record's");
    RECORD_JSON_AUTO signature = strangers_body(fx);
    OK(record_json_set_hex(signature, "signature", second.sig, sizeof second.sig, INFO));
    refused(fx, signature, PATIENT, "signature");
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));
}

/* ---- what one manager may try ------------------------------------------------------------------------ */

static int64_t send_to(struct fixture *fx, enum fixture_home from, enum fixture_home to,
                       const char *kind, struct json_object *body)
{
    uint8_t id[32];
    OK(record_json_hash(id, body, INFO));
    OK(message_send(fx->home[from], &fx->who[from], &fx->who[to], kind, id, body, INFO));
    fixture_carry(fx, fx->home[from]);
    RECORD_JSON_AUTO summary = fixture_sync(fx->home[to]);
    return fixture_number(summary, "refused");
}

static struct json_object *layer_body(const uint8_t id32[32], const struct base_buf *layer)
{
    struct json_object *body = NULL;
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.record-complaint-layer/1", INFO));
    OK(record_json_set_hex(body, "id", id32, 32, INFO));
    OK(record_json_set_hex(body, "layer", layer->data, layer->len, INFO));
    return body;
}

/* GM's own work on any record it likes: the outer layer is its to open. */
static void peel(struct fixture *fx, const struct storing_row *row, struct base_buf *layer)
{
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_SECRET_AUTO jwk = {0};
    uint8_t sig[362];
    char patient[CHAIN_ADDRESS_TEXT];
    chain_address_format(patient, &row->owner);
    OK(store_get(&envelope, fx->home[GM]->store, row->cid, INFO));
    OK(storing_check_cert(row, (struct base_view){envelope.data, envelope.len}, &cert, INFO));
    OK(seal_cert_parse(sig, &eid, (struct base_view){cert.data, cert.len}, INFO));
    OK(workflow_secret_get(fx->home[GM], &jwk, WORKFLOW_KEY_JWK, &fx->who[GM], INFO));
    OK(seal_open_eid_outer(&hospital, layer, (struct base_view){eid.data, eid.len}, &jwk, row->root,
                           patient, INFO));
}

static void without_a_complaint(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row;
    BASE_BUF_AUTO layer = {0};
    const uint8_t made_up[32] = {9};
    OK(storing_find_row(fx->home[PATIENT], &row, other, "patient", INFO));
    peel(fx, &row, &layer);
    /* RM is asked with a layer alone: refused, told, and nothing is there to agree to */
    RECORD_JSON_AUTO body = layer_body(made_up, &layer);
    assert_int_equal(send_to(fx, GM, RM, MESSAGE_COMPLAINT_LAYER, body), 1);
    assert_int_equal(told(fx, RM, "complaint-not-logged"), 1);
    FAILS(GALEN_ERR_NOT_FOUND, decide(fx, RM, "0900000000", true));
    /* nor may anybody but GM bring one, or anybody but RM a key */
    assert_int_equal(send_to(fx, HOSPITAL, RM, MESSAGE_COMPLAINT_LAYER, body), 1);
    assert_int_equal(told(fx, RM, "complaint-not-logged"), 1);
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM complaint_notice"
                                                      " WHERE state = 'opened'"),
                     2);
}

/* A complaint about one record, and the layer of another: bound to IDrec and patient. */
static void a_layer_of_another_record(void **state)
{
    struct fixture *fx = *state;
    struct storing_row second;
    struct complaint complaint;
    BASE_BUF_AUTO layer = {0};
    char third[65], id[65];
    fixture_store(fx, &fx->who[PATIENT], 3, third);
    complain(fx, PATIENT, third, id);
    settle(fx);
    OK(storing_find_row(fx->home[PATIENT], &second, other, "patient", INFO));
    OK(complaint_find(fx->home[RM], &complaint, id, NULL, INFO));
    peel(fx, &second, &layer);
    RECORD_JSON_AUTO body = layer_body(complaint.id, &layer);
    assert_int_equal(send_to(fx, GM, RM, MESSAGE_COMPLAINT_LAYER, body), 0);
    int opened = logged(fx, "complaint-opened");
    assert_true(decide(fx, RM, id, true) != GALEN_OK);
    nobody_has_a_key(fx, id);
    settle(fx);
    assert_int_equal(logged(fx, "complaint-opened"), opened);

    /* a key that is not the envelope's is not taken, nor one that was not asked for */
    RECORD_JSON_AUTO key = NULL;
    const uint8_t wrong[32] = {7};
    OK(workflow_object(&key, INFO));
    OK(workflow_set_text(key, "type", "galen.record-complaint-key/1", INFO));
    OK(record_json_set_hex(key, "id", complaint.id, 32, INFO));
    OK(workflow_set_bool(key, "declined", false, INFO));
    OK(record_json_set_hex(key, "key", wrong, 32, INFO));
    assert_int_equal(send_to(fx, RM, GM, MESSAGE_COMPLAINT_KEY, key), 1);
    OK(decide(fx, GM, id, true));
    OK(record_json_set_hex(key, "key", (const uint8_t[32]){8}, 32, INFO));
    assert_int_equal(send_to(fx, RM, GM, MESSAGE_COMPLAINT_KEY, key), 1);
    nobody_has_a_key(fx, id);
    /* the right layer puts it right */
    settle(fx);
    OK(decide(fx, RM, id, true));
    settle(fx);
    state_is(fx, GM, id, "opened");
}

/* RM alone, with the layer that GM gave it for another's complaint about the same record. */
static void a_key_that_gm_did_not_agree_to(void **state)
{
    struct fixture *fx = *state;
    struct complaint complaint;
    BASE_BUF_AUTO layer = {0};
    struct storing_row row;
    char fifth[65], id[65];
    for (int gm_declines = 0; gm_declines < 2; gm_declines++) {
        fixture_store(fx, &fx->who[PATIENT], 5 + (uint8_t)gm_declines, fifth);
        complain(fx, PATIENT, fifth, id);
        settle(fx);
        OK(storing_find_row(fx->home[PATIENT], &row, fifth, "patient", INFO));
        OK(complaint_find(fx->home[RM], &complaint, id, NULL, INFO));
        base_buf_clear(&layer);
        peel(fx, &row, &layer);
        if (gm_declines) {
            OK(decide(fx, GM, id, true));
            OK(decide(fx, GM, id, false));
        } else {
            OK(decide(fx, RM, id, false));
        }
        settle(fx);
        state_is(fx, GM, id, "declined");
        OK(complaint_set_layer(fx->home[RM], &complaint, (struct base_view){layer.data, layer.len},
                               INFO));
        OK(decide(fx, RM, id, true));
        assert_int_equal(fixture_settle(fx), 1); /* refused */
        bool found = true;
        uint8_t key32[32];
        OK(complaint_find(fx->home[GM], &complaint, id, NULL, INFO));
        OK(complaint_get_key(fx->home[GM], &found, key32, &complaint, INFO));
        assert_false(found);
        state_is(fx, GM, id, "declined");
    }
}

/* One manager's late word that it is logged takes nothing back. */
static void a_late_notice(void **state)
{
    struct fixture *fx = *state;
    struct complaint complaint;
    RECORD_JSON_AUTO body = NULL;
    char seventh[65], id[65];
    fixture_store(fx, &fx->who[PATIENT], 7, seventh);
    complain(fx, PATIENT, seventh, id);
    settle(fx);
    OK(decide(fx, RM, id, false));
    settle(fx);
    state_is(fx, PATIENT, id, "declined");
    OK(complaint_find(fx->home[GM], &complaint, id, NULL, INFO));
    OK(complaint_tell(fx->home[GM], &complaint, "logged", INFO));
    settle(fx);
    state_is(fx, PATIENT, id, "declined");
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.record-complaint-notice/1", INFO));
    OK(record_json_set_hex(body, "id", complaint.id, 32, INFO));
    OK(record_json_set_hex(body, "merkleRoot", complaint.record.root, 32, INFO));
    OK(workflow_set_address(body, "complainant", &complaint.complainant, INFO));
    OK(workflow_set_text(body, "state", "logged", INFO));
    assert_int_equal(send_to(fx, GM, PATIENT, MESSAGE_COMPLAINT_NOTICE, body), 0);
    state_is(fx, PATIENT, id, "declined");
}

/* A record that was looked into is not the managers' to read for ever. */
static void a_key_is_removed(void **state)
{
    struct fixture *fx = *state;
    char eighth[65], id[65];
    fixture_store(fx, &fx->who[PATIENT], 8, eighth);
    complain(fx, PATIENT, eighth, id);
    settle(fx);
    OK(decide(fx, GM, id, true));
    settle(fx);
    OK(decide(fx, RM, id, true));
    settle(fx);
    for (int days = COMPLAINT_KEY_DAYS - 1; days <= COMPLAINT_KEY_DAYS; days++)
        for (int i = 0; i < 2; i++) {
            const enum fixture_home home = i == 0 ? GM : RM;
            OK(db_run(fx->home[home]->db, INFO,
                      "UPDATE complaint SET decided_at = ? WHERE hex(id) LIKE upper(?)",
                      DB_INT(base_time_s() - (int64_t)days * 86400 - 60), DB_TEXT(id)));
            RECORD_JSON_AUTO summary = fixture_sync(fx->home[home]);
            RECORD_JSON_AUTO shown = show(fx, home, id);
            assert_string_equal(fixture_text(shown, "state"), "opened");
            assert_int_equal(json_object_object_get_ex(shown, "record", NULL),
                             days < COMPLAINT_KEY_DAYS);
        }
    nobody_has_a_key(fx, id);
    FAILS(GALEN_ERR_STATE, decide(fx, RM, id, true));
}

/* Nobody but the managers says what became of a complaint. */
static void a_made_up_notice(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row;
    RECORD_JSON_AUTO body = NULL;
    int opened = logged(fx, "complaint-opened");
    OK(storing_find_row(fx->home[PATIENT], &row, root, "patient", INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.record-complaint-notice/1", INFO));
    OK(record_json_set_hex(body, "id", (const uint8_t[32]){3}, 32, INFO));
    OK(record_json_set_hex(body, "merkleRoot", row.root, 32, INFO));
    OK(workflow_set_address(body, "complainant", &fx->who[BUYER], INFO));
    OK(workflow_set_text(body, "state", "opened", INFO));
    assert_int_equal(send_to(fx, HOSPITAL, PATIENT, MESSAGE_COMPLAINT_NOTICE, body), 1);
    assert_int_equal(logged(fx, "complaint-opened"), opened);
    OK(record_json_set_hex(body, "merkleRoot", (const uint8_t[32]){3}, 32, INFO));
    assert_int_equal(send_to(fx, GM, PATIENT, MESSAGE_COMPLAINT_NOTICE, body), 1);
}

/* RM opens nothing that the patient cannot be told of. */
static void a_patient_who_cannot_be_told(void **state)
{
    struct fixture *fx = *state;
    char fourth[65], id[65];
    fixture_store(fx, &fx->who[PATIENT], 4, fourth);
    complain(fx, PATIENT, fourth, id);
    settle(fx);
    OK(decide(fx, GM, id, true));
    settle(fx);
    OK(db_run(fx->home[RM]->db, INFO, "DELETE FROM contact WHERE address = ?",
              DB_BLOB(fx->who[PATIENT].bytes, 20)));
    FAILS(GALEN_ERR_NOT_FOUND, decide(fx, RM, id, true));
    nobody_has_a_key(fx, id);
    fixture_give_card(fx->home[PATIENT], &fx->who[PATIENT], fx->home[RM]);
    /* a manager's home that stops in between goes on where it was */
    fixture_restart(fx, RM);
    OK(decide(fx, RM, id, true));
    settle(fx);
    state_is(fx, GM, id, "opened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_patient),
        cmocka_unit_test(by_readers),
        cmocka_unit_test(without_a_complaint),
        cmocka_unit_test(strangers),
        cmocka_unit_test(a_layer_of_another_record),
        cmocka_unit_test(a_key_that_gm_did_not_agree_to),
        cmocka_unit_test(a_late_notice),
        cmocka_unit_test(a_key_is_removed),
        cmocka_unit_test(a_made_up_notice),
        cmocka_unit_test(a_patient_who_cannot_be_told),
    };
    return cmocka_run_group_tests_name("complaints", tests, set_up, fixture_tear_down);
}
