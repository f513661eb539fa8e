/* Sharing: whole and in part, by inbox and by chain, and every way in which a share is none. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "workflow/sharing_internal.h"
#include "workflow/storing_internal.h"

static struct json_object *grant(struct fixture *fx, const char *root,
                                 const struct chain_address *doctor,
                                 const struct sharing_options *options)
{
    struct json_object *share = NULL;
    OK(sharing_grant(fx->home[PATIENT], root, doctor, options, &share, INFO));
    return share;
}

static struct json_object *open_share(struct workflow *doctor, const char *cid, bool *passed)
{
    struct json_object *result = NULL;
    OK(sharing_open(doctor, cid, passed, &result, INFO));
    return result;
}

static bool row_passed(struct json_object *result, const char *check)
{
    struct json_object *checks = fixture_member(result, "checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(fixture_text(row, "check"), check) == 0)
            return json_object_get_boolean(fixture_member(row, "passed"));
    }
    fail_msg("no row \"%s\" in %s", check, json_object_to_json_string(checks));
    return false;
}

static size_t row_count(struct json_object *result)
{
    return json_object_array_length(fixture_member(result, "checks"));
}

/* Where the common store keeps a block. */
static void block_path(struct fixture *fx, const char *cid, char path[256])
{
    size_t len = strlen(cid);
    snprintf(path, 256, "%s/blocks/%c%c/%s", fx->dir, cid[len - 3], cid[len - 2], cid);
}

/* ---- the way through ------------------------------------------------------------------------- */

static void whole_record_by_inbox(void **state)
{
    struct fixture *fx = *state;
    static const char *const rows[] = {
        "block hash",     "key", "decryption", "IDrec", "group signature", "on-chain anchor",
        "revocation list"};
    char root[65];
    bool passed = false;
    fixture_store(fx, &fx->who[PATIENT], 1, root);
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], NULL);
    const char *cid = fixture_text(share, "cidShare");
    FAILS(GALEN_ERR_NOT_FOUND, sharing_open(fx->home[DOCTOR], cid, &passed, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);

    RECORD_JSON_AUTO opened = open_share(fx->home[DOCTOR], cid, &passed);
    RECORD_JSON_AUTO original = fixture_record(fx, &fx->who[PATIENT], 1);
    assert_true(passed);
    assert_int_equal(row_count(opened), sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(row_passed(opened, rows[i]));
    assert_true(json_object_equal(fixture_member(opened, "record"), original));
    assert_null(strstr(json_object_to_json_string(opened), "seed"));

    /* both sides list it, and a second share of the same record is another object */
    RECORD_JSON_AUTO out = NULL;
    RECORD_JSON_AUTO in = NULL;
    RECORD_JSON_AUTO second = grant(fx, root, &fx->who[DOCTOR], NULL);
    assert_string_not_equal(fixture_text(second, "cidShare"), cid);
    OK(sharing_list(fx->home[PATIENT], NULL, &out, INFO));
    OK(sharing_list(fx->home[DOCTOR], NULL, &in, INFO));
    assert_int_equal(json_object_array_length(out), 2);
    assert_int_equal(json_object_array_length(in), 1);
    assert_string_equal(fixture_text(json_object_array_get_idx(in, 0), "direction"), "in");
}

static void chosen_fields_only(void **state)
{
    struct fixture *fx = *state;
    static const char *const paths[] = {"/medical_data/diagnosis", "/demographics/age"};
    static const char *const absent[] = {"/medical_data/treatment"};
    const struct sharing_options options = {.paths = paths, .n_paths = 2};
    const struct sharing_options bad = {.paths = absent, .n_paths = 1};
    char root[65];
    bool passed = false;
    fixture_store(fx, &fx->who[PATIENT], 2, root);
    FAILS(GALEN_ERR_NOT_FOUND,
          sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], &bad, NULL, INFO));
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], &options);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = open_share(fx->home[DOCTOR], fixture_text(share, "cidShare"),
                                         &passed);
    assert_true(passed);
    assert_true(row_passed(opened, "disclosure"));
    const char *text = json_object_to_json_string(opened);
    assert_non_null(strstr(text, "53741008"));
    assert_null(strstr(text, "canary-of-the-notes"));
    assert_null(strstr(text, "mg\\/dL"));
    assert_false(json_object_object_get_ex(opened, "record", NULL));
}

static void by_the_chain(void **state)
{
    struct fixture *fx = *state;
    const struct sharing_options options = {.on_chain = true};
    char root[65];
    bool passed = false;
    fixture_store(fx, &fx->who[PATIENT], 3, root);

    /* an estimate leaves nothing behind */
    int64_t before = fixture_count(fx->home[PATIENT], "SELECT count(*) FROM share");
    RECORD_JSON_AUTO estimate = NULL;
    workflow_dry_run(fx->home[PATIENT], true);
    OK(sharing_grant(fx->home[PATIENT], root, &fx->doctor2, &options, &estimate, INFO));
    workflow_dry_run(fx->home[PATIENT], false);
    assert_true(fixture_number(fixture_member(estimate, "tx"), "gasEstimate") > 21000);
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM share"), before);

    RECORD_JSON_AUTO share = grant(fx, root, &fx->doctor2, &options);
    assert_string_equal(fixture_text(fixture_member(share, "tx"), "operation"), "postShare");
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = open_share(fx->home[DOCTOR], fixture_text(share, "cidShare"),
                                         &passed);
    assert_true(passed);
    char doctor2[CHAIN_ADDRESS_TEXT];
    chain_address_format(doctor2, &fx->doctor2);
    assert_string_equal(fixture_text(opened, "doctor"), doctor2);

    /* without money: said so, and taken back */
    fixture_fund(fx, &fx->who[PATIENT], "0");
    FAILS(GALEN_ERR_FUNDS,
          sharing_grant(fx->home[PATIENT], root, &fx->doctor2, &options, NULL, INFO));
    fixture_fund(fx, &fx->who[PATIENT], "100");
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM share"), before + 1);
}

/* ---- what is no share ---------------------------------------------------------------------------- */

static void another_doctor_reads_nothing(void **state)
{
    struct fixture *fx = *state;
    struct chain_address stranger;
    char root[65];
    bool passed = true;
    struct workflow *wf = fixture_extra_home(fx, "stranger", "doctor", &stranger);
    fixture_give_card(wf, &stranger, fx->home[PATIENT]);
    fixture_store(fx, &fx->who[PATIENT], 4, root);
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], NULL);

    /* The stranger gets the very same message, and all blocks. */
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO mail = NULL;
    uint8_t id[32] = {1};
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.share-notice/1", INFO));
    OK(workflow_set_text(body, "cidShare", fixture_text(share, "cidShare"), INFO));
    OK(workflow_set_text(body, "wrappedKey", fixture_text(share, "wrappedKey"), INFO));
    OK(message_send(fx->home[PATIENT], &fx->who[PATIENT], &stranger, MESSAGE_SHARE, id, body,
                    INFO));
    OK(workflow_mail_export(fx->home[PATIENT], &stranger, &mail, INFO));
    OK(workflow_mail_import(wf, mail, NULL, INFO));
    RECORD_JSON_AUTO summary = fixture_sync(wf);
    assert_int_equal(fixture_number(summary, "refused"), 0);
    RECORD_JSON_AUTO opened = open_share(wf, fixture_text(share, "cidShare"), &passed);
    assert_false(passed);
    assert_true(row_passed(opened, "block hash"));
    assert_false(row_passed(opened, "key"));
    assert_int_equal(row_count(opened), 2);
    assert_false(json_object_object_get_ex(opened, "record", NULL));
    workflow_close(&wf);
}

static void an_expired_share_is_not_opened(void **state)
{
    struct fixture *fx = *state;
    const struct sharing_options past = {.expires_at = 1};
    const struct sharing_options soon = {.expires_at = base_time_s() + 4};
    char root[65];
    bool passed = false;
    fixture_store(fx, &fx->who[PATIENT], 5, root);
    FAILS(GALEN_ERR_USAGE,
          sharing_grant(fx->home[PATIENT], root, &fx->who[DOCTOR], &past, NULL, INFO));
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], &soon);
    assert_int_equal(fixture_settle(fx), 0);
    while (base_time_s() < soon.expires_at)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    FAILS(GALEN_ERR_STATE,
          sharing_open(fx->home[DOCTOR], fixture_text(share, "cidShare"), &passed, NULL, INFO));
    RECORD_JSON_AUTO list = NULL;
    OK(sharing_list(fx->home[DOCTOR], NULL, &list, INFO));
    assert_string_equal(fixture_text(json_object_array_get_idx(list, 0), "state"), "expired");
}

static void a_revoked_share_is_gone(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    bool passed = false;
    fixture_store(fx, &fx->who[PATIENT], 6, root);
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], NULL);
    const char *cid = fixture_text(share, "cidShare");
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO opened = open_share(fx->home[DOCTOR], cid, &passed);
    assert_true(passed);
    assert_true(json_object_object_get_ex(opened, "record", NULL));
    RECORD_JSON_AUTO revoked = NULL;
    RECORD_JSON_AUTO again = NULL;
    FAILS(GALEN_ERR_NOT_FOUND, sharing_revoke(fx->home[DOCTOR], cid, NULL, INFO));
    OK(sharing_revoke(fx->home[PATIENT], cid, &revoked, INFO));
    assert_true(json_object_get_boolean(fixture_member(revoked, "deleted")));
    assert_non_null(strstr(fixture_text(revoked, "note"), "cannot be recalled"));
    FAILS(GALEN_ERR_NOT_FOUND, sharing_open(fx->home[DOCTOR], cid, &passed, NULL, INFO));
    OK(sharing_revoke(fx->home[PATIENT], cid, &again, INFO));
    assert_string_equal(fixture_text(again, "state"), "revoked");
    FAILS(GALEN_ERR_PARSE, sharing_revoke(fx->home[PATIENT], "bafynonsense", NULL, INFO));
}

static void an_altered_block_is_noticed(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    char path[256];
    bool passed = true;
    fixture_store(fx, &fx->who[PATIENT], 7, root);
    RECORD_JSON_AUTO share = grant(fx, root, &fx->who[DOCTOR], NULL);
    assert_int_equal(fixture_settle(fx), 0);
    block_path(fx, fixture_text(share, "cidShare"), path);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 200, SEEK_SET), 0);
    assert_int_not_equal(fputc('!', file), EOF);
    assert_int_equal(fclose(file), 0);
    RECORD_JSON_AUTO opened = open_share(fx->home[DOCTOR], fixture_text(share, "cidShare"),
                                         &passed);
    assert_false(passed);
    assert_false(row_passed(opened, "block hash"));
    assert_false(json_object_object_get_ex(opened, "record", NULL));
}

/* A patient's client that seals what it likes: takes an honest share's content, changes one member
 * and sends it as its own. Returns the forged share, opened by the doctor. */
static struct json_object *forge(struct fixture *fx, const char *root, const char *member,
                                 struct json_object *value, bool *passed)
{
    struct workflow *wf = fx->home[PATIENT];
    STORING_OPENED_AUTO record = {0};
    struct workflow_contact doctor;
    RECORD_JSON_AUTO plaintext = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO body = NULL;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO wrap_context = {0};
    BASE_BUF_AUTO wrapped = {0};
    uint8_t key[32];
    uint8_t cid[32];
    char cid_text[STORE_CID_TEXT];
    base_random(key, sizeof key);
    OK(storing_open_record(wf, root, &record, INFO));
    OK(workflow_contact_get(wf, &doctor, &fx->who[DOCTOR], INFO));
    OK(workflow_object(&context, INFO));
    OK(workflow_set_text(context, "type", SHARING_TYPE, INFO));
    OK(workflow_set_address(context, "owner", &record.owner, INFO));
    OK(workflow_set_address(context, "reader", &fx->who[DOCTOR], INFO));
    OK(record_json_set_hex(context, "root", record.idrec, 32, INFO));
    OK(workflow_object(&plaintext, INFO));
    OK(workflow_set_object(plaintext, "context", &context, INFO));
    OK(workflow_set_cid(plaintext, "cid", record.cid, INFO));
    OK(workflow_set_address(plaintext, "owner", &record.owner, INFO));
    OK(record_json_set_hex(plaintext, "sig", record.sig, sizeof record.sig, INFO));
    OK(workflow_set_int(plaintext, "keyVersion", record.key_version, INFO));
    OK(record_json_set_hex(plaintext, "seed", record.seed, 32, INFO));
    OK(workflow_set_object(plaintext, "record", &record.record, INFO));
    if (member != NULL)
        OK(record_json_set(plaintext, member, value, INFO));
    OK(record_json_jcs(&text, plaintext, INFO));
    OK(seal_object(&block, key, (struct base_view){text.data, text.len}, INFO));
    OK(store_put(cid, wf->store, block.data, block.len, INFO));
    OK(sharing_key_context(&wrap_context, &record.owner, &fx->who[DOCTOR], cid, INFO));
    OK(seal_wrap_key(&wrapped, &doctor.encryption, key, (const char *)wrap_context.data, INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", "galen.share-notice/1", INFO));
    OK(workflow_set_cid(body, "cidShare", cid, INFO));
    OK(workflow_set_text(body, "wrappedKey", (const char *)wrapped.data, INFO));
    OK(message_send(wf, &record.owner, &fx->who[DOCTOR], MESSAGE_SHARE, cid, body, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    store_cid_encode(cid_text, cid);
    return open_share(fx->home[DOCTOR], cid_text, passed);
}

static void forged_shares_are_noticed(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    uint8_t sig[362] = {0};
    char cid_text[STORE_CID_TEXT];
    static const uint8_t other_cid[32] = {1};
    fixture_store(fx, &fx->who[PATIENT], 8, root);
    store_cid_encode(cid_text, other_cid);
    BASE_BUF_AUTO sig_text = {0};
    OK(base_hex_append(&sig_text, sig, sizeof sig));
    const struct {
        const char *member;
        struct json_object *value;
        const char *fails[4];
    } cases[] = {
        {NULL, NULL, {NULL}}, /* honest: the forger itself is sound */
        {"record", fixture_record(fx, &fx->who[PATIENT], 18), {"IDrec", NULL}},
        {"keyVersion",
         json_object_new_int(2),
         {"group signature", "on-chain anchor", "revocation list", NULL}},
        {"sig",
         json_object_new_string((const char *)sig_text.data),
         {"group signature", "on-chain anchor", "revocation list", NULL}},
        {"cid", json_object_new_string(cid_text), {"on-chain anchor", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool passed = cases[i].member != NULL;
        RECORD_JSON_AUTO opened = forge(fx, root, cases[i].member, cases[i].value, &passed);
        assert_int_equal(passed, cases[i].member == NULL);
        size_t failed = 0;
        struct json_object *checks = fixture_member(opened, "checks");
        for (size_t j = 0; j < json_object_array_length(checks); j++)
            failed += !json_object_get_boolean(
                fixture_member(json_object_array_get_idx(checks, j), "passed"));
        size_t expected = 0;
        for (; cases[i].fails[expected] != NULL; expected++)
            assert_false(row_passed(opened, cases[i].fails[expected]));
        assert_int_equal(failed, expected);
        /* what fails a check is shown all the same */
        assert_true(json_object_object_get_ex(opened, "record", NULL));
    }
}

static void only_ones_own_anchored_record(void **state)
{
    struct fixture *fx = *state;
    char root[65];
    fixture_store(fx, &fx->who[PATIENT], 9, root);
    FAILS(GALEN_ERR_NOT_FOUND,
          sharing_grant(fx->home[DOCTOR], root, &fx->doctor2, NULL, NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          sharing_grant(fx->home[PATIENT], "no reference", &fx->doctor2, NULL, NULL, INFO));
    struct chain_address nobody = {{9}};
    FAILS(GALEN_ERR_NOT_FOUND, sharing_grant(fx->home[PATIENT], root, &nobody, NULL, NULL, INFO));

    /* handed over, not relayed: not yet */
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 10);
    RECORD_JSON_AUTO stored = NULL;
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, &stored, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, sharing_grant(fx->home[PATIENT], fixture_text(stored, "merkleRoot"),
                                         &fx->who[DOCTOR], NULL, NULL, INFO));
}

/* What anyone can post about anyone stops nothing. */
static void hostile_postings_are_left_aside(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    static const uint8_t cid[32] = {7};
    static const uint8_t junk[] = {0xff, 0x00, 0x80};
    const struct base_view keys[] = {{junk, sizeof junk}, {NULL, 0}, {(const uint8_t *)"x", 1}};
    int64_t before = fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM share");
    for (size_t i = 0; i < 3; i++) {
        BASE_BUF_AUTO data = {0};
        OK(datahub_encode_post_share(&data, &fx->who[DOCTOR], cid, keys[i], INFO));
        const struct workflow_call call = {.from = &fx->who[BUYER],
                                           .data = &data,
                                           .role = "buyer",
                                           .flow = "sharing",
                                           .operation = "postShare",
                                           .request_id = -1};
        OK(workflow_transact(wf, &call, NULL, NULL, NULL, INFO));
    }
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM share"), before + 1);
    char text[STORE_CID_TEXT];
    bool passed = true;
    store_cid_encode(text, cid);
    FAILS(GALEN_ERR_NOT_FOUND, sharing_open(fx->home[DOCTOR], text, &passed, NULL, INFO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_record_by_inbox),
        cmocka_unit_test(chosen_fields_only),
        cmocka_unit_test(by_the_chain),
        cmocka_unit_test(another_doctor_reads_nothing),
        cmocka_unit_test(an_expired_share_is_not_opened),
        cmocka_unit_test(a_revoked_share_is_gone),
        cmocka_unit_test(an_altered_block_is_noticed),
        cmocka_unit_test(forged_shares_are_noticed),
        cmocka_unit_test(only_ones_own_anchored_record),
        cmocka_unit_test(hostile_postings_are_left_aside),
    };
    return cmocka_run_group_tests_name("sharing", tests, fixture_grouped, fixture_tear_down);
}
