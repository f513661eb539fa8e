/* Answers and bundles that no honest client makes: every check that a hospital and a buyer make. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 10 /* two of each patient */
#define PRICE   "1000000000000000000"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static bool was_refused_for(struct json_object *delivered, const char *words)
{
    struct json_object *refused = fixture_member(delivered, "refused");
    for (size_t i = 0; i < json_object_array_length(refused); i++)
        if (strstr(fixture_text(json_object_array_get_idx(refused, i), "reason"), words) != NULL)
            return true;
    return false;
}

/* ---- what the hospital refuses --------------------------------------------------------------------- */

static void the_hospital_checks_answers(void **state)
{
    struct market *market = *state;
    static const char *const reasons[] = {"consent is not", "bundle and key", "group signature",
                                          "at hand"};
    enum { PAYOUT, EK, SIG, BUNDLE, CASES };
    for (int c = 0; c < CASES; c++) {
        market_forget_sales(market);
        uint64_t id = market_request(market, 8, PRICE, NULL);
        market_reply_and_ask(market, id);
        forge_consent_but(market, id, 0);
        RECORD_JSON_AUTO good = market_answer(market, id, 0, 0);
        RECORD_JSON_AUTO bad = market_answer(market, id, 0, 1);
        RECORD_JSON_AUTO other = market_answer(market, id, 1, 0);
        if (c == PAYOUT) { /* the money to someone else than was signed for */
            OK(workflow_set_address(bad, "payout", &market->fx->who[HOSPITAL], INFO));
        } else if (c == EK) {
            OK(workflow_set_text(bad, "ek", fixture_text(other, "ek"), INFO));
        } else if (c == SIG) {
            OK(workflow_set_text(bad, "sig", fixture_text(other, "sig"), INFO));
        } else {
            uint8_t nowhere[32] = {1};
            OK(workflow_set_cid(bad, "bundleCid", nowhere, INFO));
            forge_sign(market, 0, id, bad);
        }
        forge_send(market, 0, good);
        forge_send(market, 0, bad);
        assert_int_equal(fixture_settle(market->fx), 0);
        RECORD_JSON_AUTO delivered = market_deliver(market, id);
        assert_int_equal(fixture_number(delivered, "entries"), RECORDS - 1);
        assert_true(was_refused_for(delivered, reasons[c]));
    }
}

/* A release serves one sale. The patient's client sees to it; so do hospital and buyer. */
static void a_release_is_sold_once(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    bool passed = true;
    market_forget_sales(market);
    uint64_t first = market_delivered(market, 10, PRICE, NULL);
    uint64_t second = market_request(market, 7, PRICE, NULL);
    market_reply_and_ask(market, second);
    forge_consent_but(market, second, 0);

    /* Patient 0 gives the release of the first sale again, all else right. */
    RECORD_JSON_AUTO honest = market_answer(market, second, 0, 0);
    RECORD_JSON_AUTO other = market_answer(market, second, 0, 1);
    RECORD_JSON_AUTO sold = market_answer(market, first, 0, 0);
    static const char *const taken[] = {"releaseRoot", "releaseAddr", "sig"};
    RECORD_JSON_AUTO forged = NULL;
    OK(record_json_copy(&forged, honest, INFO));
    for (size_t i = 0; i < 3; i++)
        OK(workflow_set_text(forged, taken[i], fixture_text(sold, taken[i]), INFO));
    forge_sign(market, 0, second, forged);
    forge_send(market, 0, forged);
    forge_send(market, 0, other);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO delivered = market_deliver(market, second);
    assert_true(was_refused_for(delivered, "another request"));
    /* Without it one patient alone would be missing beside the first sale: another's two go too. */
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS - 3);
    assert_int_equal(fixture_number(delivered, "suppressed"), 2);

    /* A hospital that does not look: the buyer does. Its view of the first sale is forgotten. */
    uint64_t third = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, third);
    forge_consent_but(market, third, 0);
    RECORD_JSON_AUTO again = market_answer(market, third, 0, 0);
    RECORD_JSON_AUTO rest = market_answer(market, third, 0, 1);
    for (size_t i = 0; i < 3; i++)
        OK(workflow_set_text(again, taken[i], fixture_text(sold, taken[i]), INFO));
    forge_sign(market, 0, third, again);
    forge_send(market, 0, again);
    forge_send(market, 0, rest);
    assert_int_equal(fixture_settle(fx), 0);
    OK(db_run(fx->home[HOSPITAL]->db, INFO, "DELETE FROM entry WHERE request_id = ?",
              DB_INT(first)));
    RECORD_JSON_AUTO unnoticed = market_deliver(market, third);
    assert_int_equal(fixture_number(unnoticed, "entries"), RECORDS);
    RECORD_JSON_AUTO verified = market_verify(market, third, &passed);
    assert_false(passed);
    int stale = 0;
    for (int i = 0; i < RECORDS; i++)
        stale += !market_row(verified, i, "freshness");
    assert_int_equal(stale, 1);
    FAILS(GALEN_ERR_STATE,
          purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], third, true, NULL, INFO));

    /* three sales have used up all releases */
    uint64_t fourth = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, fourth);
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_consent(fx->home[PATIENT], &market->patients[1], fourth, true, NULL, INFO));
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], fourth, NULL, INFO));
}

/* ---- what the buyer notices --------------------------------------------------------------------------- */

static void change_value(struct json_object *bundle)
{
    struct json_object *fields = fixture_member(fixture_member(bundle, "disclosure"), "fields");
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        if (strcmp(fixture_text(field, "path"), "/demographics/gender") == 0) {
            OK(workflow_set_text(field, "value", "male", INFO));
            return;
        }
    }
    fail_msg("no gender is disclosed");
}

static void the_buyer_checks_bundles(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    enum { WRONG_KEY, CHANGED_VALUE, LEFT_OUT, OTHER_BUNDLE, JUNK, ALTERED_BLOCK, CASES };
    static const char *const failing[] = {"decryption", "disclosure", "template",
                                          "bundle",     "bundle",     "decryption"};
    uint64_t id = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, id);
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(fx->home[PATIENT], &market->patients[i], id, true, NULL, INFO));
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));

    /* Five patients with two records each: the first record's answer is forged, one way each. */
    uint8_t roots[CASES][32];
    for (int c = 0; c < CASES; c++) {
        int patient = c % MARKET_PATIENTS;
        RECORD_JSON_AUTO answer = market_answer(market, id, patient, c / MARKET_PATIENTS);
        RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
        uint8_t cid[32];
        OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
        if (c == WRONG_KEY) {
            uint8_t key[32] = {5};
            forge_seal(market, id, cid, key, answer);
        } else if (c == CHANGED_VALUE) {
            change_value(bundle);
            forge_bundle(market, id, bundle, answer);
        } else if (c == LEFT_OUT) {
            forge_leave_unit_out(market, answer, bundle);
            forge_bundle(market, id, bundle, answer);
        } else if (c == OTHER_BUNDLE) { /* another's values under one's own name */
            RECORD_JSON_AUTO other = market_answer(market, id, 0, 1);
            RECORD_JSON_AUTO others = forge_open_bundle(market, id, other);
            forge_bundle(market, id, others, answer);
        } else if (c == JUNK) {
            OK(workflow_set_text(bundle, "more", "than there should be", INFO));
            forge_bundle(market, id, bundle, answer);
        }
        forge_sign(market, patient, id, answer);
        OK(record_json_get_hex(roots[c], 32, answer, "releaseRoot", RECORD_JSON_REQUIRED, "",
                               INFO));
        forge_send(market, patient, answer);
    }
    for (int i = 0; i < MARKET_PATIENTS; i++) {
        if (i == ALTERED_BLOCK % MARKET_PATIENTS)
            continue;
        RECORD_JSON_AUTO honest = market_answer(market, id, i, 1);
        forge_send(market, i, honest);
    }
    assert_int_equal(fixture_settle(fx), 0);
    json_object_put(market_deliver(market, id));

    RECORD_JSON_AUTO altered = market_answer(market, id, ALTERED_BLOCK % MARKET_PATIENTS, 1);
    uint8_t altered_cid[32];
    OK(store_cid_parse(altered_cid, fixture_text(altered, "bundleCid"), INFO));
    market_alter_block(market, altered_cid);

    bool passed = true;
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_int_equal(fixture_number(verified, "failed"), CASES);
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));
    OK(purchasing_load_entries(fx->home[BUYER], &entries, &chain, INFO));
    for (size_t i = 0; i < entries.n; i++) {
        int which = -1;
        for (int c = 0; c < CASES; c++)
            if (memcmp(entries.items[i].release_root, roots[c], 32) == 0)
                which = c;
        assert_int_equal(market_failed(verified, (int)i) > 0, which >= 0);
        if (which >= 0)
            assert_false(market_row(verified, (int)i, failing[which]));
    }

    /* What passed can be read, what did not cannot; and nothing is paid early. */
    RECORD_JSON_AUTO data = NULL;
    OK(purchasing_data(fx->home[BUYER], id, &data, INFO));
    assert_int_equal(json_object_array_length(data), RECORDS - CASES);
    FAILS(GALEN_ERR_STATE,
          purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, NULL, INFO));
    assert_string_equal(market_state(fx->home[BUYER], id), "filled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hospital_checks_answers),
        cmocka_unit_test(a_release_is_sold_once),
        cmocka_unit_test(the_buyer_checks_bundles),
    };
    return cmocka_run_group_tests_name("purchasing forged", tests, set_up, market_tear_down);
}
