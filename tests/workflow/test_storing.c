/* The storing workflow end to end: doctor, relay, chain, patient; and what must not leave. */
#include "fixture.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *find_check(struct json_object *result, const char *name)
{
    struct json_object *checks = fixture_member(result, "checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(fixture_text(row, "check"), name) == 0)
            return row;
    }
    fail_msg("no check \"%s\" in %s", name, json_object_to_json_string(result));
    return NULL;
}

static bool check_passed(struct json_object *result, const char *name)
{
    return json_object_get_boolean(fixture_member(find_check(result, name), "passed"));
}

/* ---- the way through ---------------------------------------------------------------------------- */

static void record_reaches_its_patient(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 1);
    RECORD_JSON_AUTO stored = NULL;
    RECORD_JSON_AUTO relayed = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO shown = NULL;
    RECORD_JSON_AUTO verified = NULL;
    RECORD_JSON_AUTO bundle = NULL;
    bool passed = false;
    struct workflow *patient = fx->home[PATIENT];

    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, &stored, INFO));
    const char *root = fixture_text(stored, "merkleRoot");
    const char *cid = fixture_text(stored, "cid");
    assert_int_equal(fixture_number(stored, "releases"), 3);
    assert_int_equal(strlen(fixture_text(stored, "sig")), 2 + 2 * 362);
    assert_int_equal(fixture_settle(fx), 0);

    /* handed over: the patient knows of it, and it is not a record yet */
    OK(storing_list(patient, &fx->who[PATIENT], NULL, &list, INFO));
    assert_int_equal(json_object_array_length(list), 1);
    assert_string_equal(fixture_text(json_object_array_get_idx(list, 0), "state"), "handed-over");
    json_object_put(list);
    list = NULL;

    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &relayed, INFO));
    assert_int_equal(json_object_array_length(fixture_member(relayed, "anchored")), 1);
    assert_int_equal(json_object_array_length(fixture_member(relayed, "txs")), 1);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &again, INFO));
    assert_int_equal(json_object_array_length(fixture_member(again, "txs")), 0);
    assert_int_equal(fixture_settle(fx), 0);

    OK(storing_list(patient, &fx->who[PATIENT], NULL, &list, INFO));
    assert_int_equal(json_object_array_length(list), 1);
    struct json_object *row = json_object_array_get_idx(list, 0);
    assert_string_equal(fixture_text(row, "state"), "anchored");
    assert_string_equal(fixture_text(row, "category"), "Cardiology");
    assert_string_equal(fixture_text(row, "hospital"), "General Hospital");
    assert_int_equal(fixture_number(row, "releasesLeft"), 3);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM notification"
                                            " WHERE kind = 'record'"),
                     1);

    OK(storing_show(patient, cid, &shown, INFO));
    RECORD_JSON_AUTO expected = fixture_record(fx, &fx->who[PATIENT], 1);
    assert_true(json_object_equal(fixture_member(shown, "record"), expected));
    assert_string_equal(fixture_text(fixture_member(shown, "cert"), "sig"),
                        fixture_text(stored, "sig"));
    assert_int_equal(json_object_array_length(fixture_member(shown, "releases")), 3);

    OK(storing_verify(patient, root, &passed, &verified, INFO));
    assert_true(passed);
    static const char *const checks[] = {"block",       "CERT",     "decryption",
                                         "Merkle root", "releases", "group signature",
                                         "group key",   "anchor"};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        assert_true(check_passed(verified, checks[i]));
    /* doctor and hospital verify what they can see, and show no content */
    for (int i = 0; i < 2; i++) {
        struct workflow *wf = fx->home[i == 0 ? DOCTOR : HOSPITAL];
        RECORD_JSON_AUTO seen = NULL;
        passed = false;
        OK(storing_verify(wf, root, &passed, NULL, INFO));
        assert_true(passed);
        OK(storing_show(wf, root, &seen, INFO));
        assert_string_equal(fixture_text(seen, "state"), "anchored");
        assert_false(json_object_object_get_ex(seen, "record", NULL));
        FAILS(GALEN_ERR_NOT_FOUND, storing_export_fhir(wf, root, &bundle, INFO));
    }
    OK(storing_export_fhir(patient, root, &bundle, INFO));
    assert_string_equal(fixture_text(bundle, "resourceType"), "Bundle");

    /* found by the beginning of its root, too */
    char prefix[11];
    snprintf(prefix, sizeof prefix, "%.10s", root);
    OK(storing_show(patient, prefix, NULL, INFO));
    FAILS(GALEN_ERR_USAGE, storing_show(patient, "0x12", NULL, INFO));
    FAILS(GALEN_ERR_USAGE, storing_show(patient, "bafynonsense", NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, storing_show(patient, "0x0000000000", NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, storing_show(patient, "baf0000000", NULL, INFO)); /* no CID: hex */
}

/* The hospital's index card: what matching needs, sealed, and it fits a template. */
static void hospital_gets_an_index_card(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO card = NULL;
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[HOSPITAL]->db, INFO, "SELECT sealed FROM index_card"));
        OK(db_next(&rows, &found, INFO));
        assert_true(found);
        assert_null(memmem(db_blob(&rows, 0).data, db_blob(&rows, 0).len, "Cardiology", 10));
        OK(workflow_home_open(fx->home[HOSPITAL], &card, db_blob(&rows, 0), INFO));
        OK(db_next(&rows, &found, INFO));
        assert_false(found);
    }
    assert_string_equal(fixture_text(card, "type"), "galen.index/1");
    assert_string_equal(fixture_text(card, "category"), "Cardiology");
    assert_int_equal(fixture_number(card, "year"), 2026);
    assert_string_equal(fixture_text(fixture_member(card, "demographics"), "age"), "60-64");
    struct json_object *diagnosis = fixture_member(fixture_member(card, "medical_data"),
                                                   "diagnosis");
    assert_string_equal(fixture_text(json_object_array_get_idx(diagnosis, 0), "code"), "53741008");
    const char *text = json_object_to_json_string(card);
    assert_null(strstr(text, "canary"));
    assert_null(strstr(text, "201.50")); /* no values */
    assert_null(strstr(text, "Boston"));

    RECORD_TEMPLATE_AUTO wanted = {.category = "Cardiology",
                                   .age = true,
                                   .diagnosis = true,
                                   .years = 1,
                                   .min_records = 1,
                                   .filter_count = 1};
    bool matches = false;
    wanted.filters[0] = strdup("5374");
    OK(record_template_matches(&matches, &wanted, card, 2026, INFO));
    assert_true(matches);
}

/* ---- what leaves -------------------------------------------------------------------------------- */

/* Known text of the record is in no database and no block; the doctor's name and address are in no
 * block, no other home's database beyond contacts, and in no transaction. */
static void nothing_leaks(void **state)
{
    struct fixture *fx = *state;
    static const char *const planted[] = {"canary-of-the-notes", "Coronary arteriosclerosis",
                                          "53741008"};
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++)
        assert_false(fixture_folder_holds(fx->dir, planted[i], strlen(planted[i])));
    /* a control: the search finds what is there */
    assert_true(fixture_folder_holds(fx->dir, "galen.profile/1", 15));

    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM tx"), 0);
    for (int i = HOSPITAL; i <= PATIENT; i += PATIENT - HOSPITAL) {
        struct workflow *wf = fx->home[i];
        BASE_BUF_AUTO sql = {0};
        char doctor[41];
        base_hex_encode(doctor, fx->who[DOCTOR].bytes, 20);
        static const char *const columns[][2] = {
            {"record", "hex(holder) || hex(owner) || hex(coalesce(unsent, ''))"},
            {"index_card", "hex(patient)"},
            {"inbox", "hex(recipient) || hex(sealed) || coalesce(reason, '')"},
            {"tx", "hex(sender) || hex(raw)"},
            {"notification", "subject"}};
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            sql.len = 0;
            OK(base_buf_printf(&sql, "SELECT count(*) FROM %s WHERE instr(lower(%s), '%s')",
                               columns[c][0], columns[c][1], doctor));
            assert_int_equal(fixture_count(wf, (const char *)sql.data), 0);
        }
    }
    /* mail on its way shows recipients and ciphertext alone */
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->patient2, 7);
    RECORD_JSON_AUTO mail = NULL;
    char address[CHAIN_ADDRESS_TEXT];
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, NULL, INFO));
    OK(workflow_mail_export(fx->home[DOCTOR], NULL, &mail, INFO));
    assert_int_equal(json_object_array_length(fixture_member(mail, "messages")), 3);
    const char *text = json_object_to_json_string(mail);
    chain_address_format(address, &fx->who[DOCTOR]);
    assert_null(strstr(text, address));
    assert_null(strstr(text, "canary"));
    /* a profile's block may name its owner; an envelope's does not */
    {
        DB_ROWS_AUTO rows = {0};
        bool found = true;
        OK(db_query(&rows, fx->home[DOCTOR]->db, INFO, "SELECT cid FROM record"));
        for (;;) {
            BASE_BUF_AUTO block = {0};
            uint8_t cid[32];
            OK(db_next(&rows, &found, INFO));
            if (!found)
                break;
            OK(db_bytes(&rows, 0, cid, 32, INFO));
            OK(store_get(&block, fx->home[DOCTOR]->store, cid, INFO));
            assert_null(memmem(block.data, block.len, address + 2, 40));
        }
    }
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- relay -------------------------------------------------------------------------------------- */

static void relay_anchors_in_batches(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO relayed = NULL;
    RECORD_JSON_AUTO dry = NULL;
    for (int i = 0; i < 5; i++) {
        RECORD_JSON_AUTO record = fixture_record(fx, i % 2 == 0 ? &fx->who[PATIENT] : &fx->patient2,
                                                 20 + i);
        OK(storing_store(fx->home[DOCTOR], i % 2 == 0 ? &fx->who[DOCTOR] : &fx->doctor2, record,
                         NULL, NULL, INFO));
    }
    assert_int_equal(fixture_settle(fx), 0);
    int64_t waiting = fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM record"
                                                        " WHERE state = 'handed-over'");
    workflow_dry_run(fx->home[HOSPITAL], true);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &dry, INFO));
    workflow_dry_run(fx->home[HOSPITAL], false);
    struct json_object *plan = json_object_array_get_idx(fixture_member(dry, "txs"), 0);
    assert_true(fixture_number(plan, "gasEstimate") > 40000);
    assert_int_equal(fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM record"
                                                       " WHERE state = 'handed-over'"),
                     waiting);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &relayed, INFO));
    assert_int_equal(json_object_array_length(fixture_member(relayed, "txs")), 1);
    struct json_object *tx = json_object_array_get_idx(fixture_member(relayed, "txs"), 0);
    assert_string_equal(fixture_text(tx, "operation"), "storeBatch");
    assert_int_equal(json_object_array_length(fixture_member(relayed, "anchored")), waiting);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record WHERE side ="
                                                      " 'patient' AND state <> 'anchored'"),
                     0);
    /* the doctor's own rows tell the state, too */
    assert_int_equal(
        fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM record WHERE state <> 'anchored'"),
        0);
}

/* The seed's way: the doctor's own wallet sends the transaction. */
static void wallet_may_send_it_itself(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 40);
    RECORD_JSON_AUTO dry = NULL;
    RECORD_JSON_AUTO stored = NULL;
    const struct storing_options options = {.releases = 0, .from_wallet = true};
    int64_t before = fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM record");
    workflow_dry_run(fx->home[DOCTOR], true);
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, &options, &dry, INFO));
    workflow_dry_run(fx->home[DOCTOR], false);
    assert_true(json_object_get_boolean(fixture_member(fixture_member(dry, "tx"), "dryRun")));
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM record"), before);
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM outbox"
                                                     " WHERE delivered_at IS NULL"),
                     0);

    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, &options, &stored, INFO));
    assert_string_equal(fixture_text(fixture_member(stored, "tx"), "operation"), "storeDataFor");
    assert_non_null(strstr(fixture_text(stored, "warning"), "wallet"));
    assert_int_equal(fixture_settle(fx), 0);
    bool passed = false;
    OK(storing_verify(fx->home[PATIENT], fixture_text(stored, "cid"), &passed, NULL, INFO));
    assert_true(passed);
}

/* ---- FHIR ---------------------------------------------------------------------------------------- */

/* Every encounter of some bundles, where the data set is at hand: stored, relayed, listed. */
static void fhir_encounters_are_stored(void **state)
{
    static const size_t max_files = 4, max_records = 30;
    struct fixture *fx = *state;
    char dir[512];
    char patient[CHAIN_ADDRESS_TEXT];
    char hospital[CHAIN_ADDRESS_TEXT];
    const char *root = getenv("GALEN_SOURCE_ROOT");
    snprintf(dir, sizeof dir, "%s/../shared/data/fhir-r4", root != NULL ? root : ".");
    DIR *folder = opendir(dir);
    if (folder == NULL)
        skip();
    chain_address_format(patient, &fx->patient2);
    chain_address_format(hospital, &fx->who[HOSPITAL]);
    const struct record_fhir_options options = {.patient_address = patient,
                                                .hospital_name = "General Hospital",
                                                .hospital_address = hospital};
    int64_t before = fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record"
                                                      " WHERE state = 'anchored'");
    size_t files = 0, records = 0;
    for (struct dirent *entry; files < max_files && (entry = readdir(folder)) != NULL;) {
        char path[800];
        BASE_BUF_AUTO bytes = {0};
        RECORD_FHIR_RESULT_AUTO imported = {0};
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (strstr(entry->d_name, ".json") == NULL ||
            base_file_read(&bytes, path, RECORD_FHIR_MAX_BYTES, NULL) != GALEN_OK ||
            record_fhir_import(&imported, bytes.data, bytes.len, &options, NULL) != GALEN_OK)
            continue;
        files++;
        for (size_t i = 0; i < imported.item_count && records < max_records; i++, records++)
            OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], imported.items[i].record, NULL,
                             NULL, INFO));
    }
    closedir(folder);
    assert_true(records > 0);
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(
        fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record WHERE state = 'anchored'"),
        before + (int64_t)records);
}

/* ---- refusals before anything is made ----------------------------------------------------------- */

static void making_a_record_fails_clearly(void **state)
{
    struct fixture *fx = *state;
    struct workflow *doctor = fx->home[DOCTOR];
    struct chain_address stranger = {{0x11, 0x22}};
    int64_t rows = fixture_count(doctor, "SELECT count(*) FROM record");
    int64_t sent = fixture_count(doctor, "SELECT count(*) FROM outbox");

    { /* a patient without known keys */
        RECORD_JSON_AUTO record = fixture_record(fx, &stranger, 1);
        FAILS(GALEN_ERR_NOT_FOUND,
              storing_store(doctor, &fx->who[DOCTOR], record, NULL, NULL, INFO));
        assert_non_null(strstr(INFO->what, "patient"));
        assert_true(INFO->hint[0] != '\0');
    }
    static const enum fixture_home unknown[] = {GM, RM, HOSPITAL};
    static const char *const named[] = {"Group Manager", "Revocation Manager", "hospital"};
    for (int i = 0; i < 3; i++) {
        RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 2);
        OK(db_run(doctor->db, INFO, "DELETE FROM contact WHERE address = ?",
                  DB_BLOB(fx->who[unknown[i]].bytes, 20)));
        FAILS(GALEN_ERR_NOT_FOUND,
              storing_store(doctor, &fx->who[DOCTOR], record, NULL, NULL, INFO));
        assert_non_null(strstr(INFO->what, named[i]));
        fixture_give_card(fx->home[unknown[i]], &fx->who[unknown[i]], doctor);
    }
    { /* not a record */
        RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 3);
        json_object_object_del(record, "category");
        FAILS(GALEN_ERR_PARSE, storing_store(doctor, &fx->who[DOCTOR], record, NULL, NULL, INFO));
    }
    { /* not a doctor's identity, not a member, too many releases */
        RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 4);
        struct chain_address third;
        const struct storing_options many = {.releases = 17};
        FAILS(GALEN_ERR_NOT_FOUND,
              storing_store(doctor, &fx->who[PATIENT], record, NULL, NULL, INFO));
        FAILS(GALEN_ERR_USAGE,
              storing_store(fx->home[PATIENT], &fx->who[PATIENT], record, NULL, NULL, INFO));
        OK(workflow_identity_new(doctor, &third, "doctor-3", "doctor", INFO));
        FAILS(GALEN_ERR_STATE, storing_store(doctor, &third, record, NULL, NULL, INFO));
        FAILS(GALEN_ERR_USAGE, storing_store(doctor, &fx->who[DOCTOR], record, &many, NULL, INFO));
    }
    { /* steps out of order */
        RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 5);
        STORING_DRAFT_AUTO draft = NULL;
        OK(storing_create_record(doctor, &draft, &fx->who[DOCTOR], record, NULL, INFO));
        FAILS(GALEN_ERR_STATE, storing_encrypt_record(doctor, draft, INFO));
        FAILS(GALEN_ERR_STATE, storing_upload_record(doctor, draft, INFO));
        FAILS(GALEN_ERR_STATE, storing_hand_over(doctor, draft, NULL, INFO));
        OK(storing_sign_record(doctor, draft, INFO));
        FAILS(GALEN_ERR_STATE, storing_sign_record(doctor, draft, INFO));
    }
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM record"), rows);
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM outbox"), sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_reaches_its_patient),
        cmocka_unit_test(hospital_gets_an_index_card),
        cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(relay_anchors_in_batches),
        cmocka_unit_test(wallet_may_send_it_itself),
        cmocka_unit_test(fhir_encounters_are_stored),
        cmocka_unit_test(making_a_record_fails_clearly),
    };
    return cmocka_run_group_tests_name("storing", tests, fixture_grouped, fixture_tear_down);
}
