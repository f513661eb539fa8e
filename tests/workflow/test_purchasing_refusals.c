/* Requests that are none, answers that are too few, messages of strangers. */
#include "market.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 10 /* two of each patient */
#define PRICE   "1000000000000000000"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- requests that are none ---------------------------------------------------------------------------- */

static uint64_t newest_request(struct workflow *wf)
{
    return (uint64_t)fixture_count(wf, "SELECT max(id) FROM request");
}

static void the_template_must_be_what_the_chain_says(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    uint64_t honest = market_request(market, 8, PRICE, NULL);
    struct purchasing_row row;
    OK(purchasing_read_row(fx->home[BUYER], &row, honest, INFO));
    const struct datahub_terms good = {
        8, 400, 3 * MARKET_DAY_S, 14 * MARKET_DAY_S, 7 * MARKET_DAY_S, 14 * MARKET_DAY_S};
    struct datahub_terms fewer = good;
    fewer.min_records = 7;
    const struct {
        const struct datahub_terms *terms;
        const char *value;
        const char *words;
    } cases[] = {
        {&good, "999999999999999999", "price_wei"},
        {&fewer, PRICE, "min_records"},
    };
    for (size_t i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        struct chain_u256 value;
        OK(chain_u256_parse(&value, cases[i].value, INFO));
        OK(datahub_encode_request_with_terms(&data, row.template_hash, cases[i].terms, INFO));
        market_call(fx->home[BUYER], &fx->who[BUYER], "requestWithTerms", &data, &value);
        assert_int_equal(fixture_settle(fx), 0);
        FAILS(GALEN_ERR_CHECK, purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL],
                                                newest_request(fx->home[HOSPITAL]), NULL, INFO));
        assert_non_null(strstr(fixture_last_info()->what, cases[i].words));
    }
    /* a template that is nowhere, and one that is no template */
    uint8_t digest[32];
    static const char junk[] = "{\"type\":\"galen.template/1\"}";
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        struct chain_u256 value;
        OK(chain_u256_parse(&value, PRICE, INFO));
        if (i == 0)
            memset(digest, 3, 32);
        else
            OK(store_put(digest, fx->home[BUYER]->store, junk, sizeof junk - 1, INFO));
        OK(datahub_encode_request(&data, digest, INFO));
        market_call(fx->home[BUYER], &fx->who[BUYER], "request", &data, &value);
        assert_int_equal(fixture_settle(fx), 0);
        FAILS(i == 0 ? GALEN_ERR_NOT_FOUND : GALEN_ERR_PARSE,
              purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL],
                               newest_request(fx->home[HOSPITAL]), NULL, INFO));
    }
    /* a buyer's key that nothing can be sealed to: whoever took it could never deliver */
    static const char *const broken[] = {"y", "kid"};
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        BASE_BUF_AUTO bytes = {0};
        RECORD_JSON_AUTO json = NULL;
        RECORD_TEMPLATE_AUTO parsed = {0};
        struct chain_u256 value;
        OK(chain_u256_parse(&value, PRICE, INFO));
        OK(store_get(&bytes, fx->home[BUYER]->store, row.template_hash, INFO));
        OK(record_json_parse(&json, (char *)bytes.data, bytes.len, STORE_BLOCK_MAX, INFO));
        OK(workflow_set_text(fixture_member(json, "buyer_key"), broken[i],
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", INFO));
        OK(record_template_parse(&parsed, json, INFO));
        base_buf_clear(&bytes);
        OK(record_json_jcs(&bytes, json, INFO));
        OK(store_put(digest, fx->home[BUYER]->store, bytes.data, bytes.len, INFO));
        OK(datahub_encode_request_with_terms(&data, digest, &good, INFO));
        market_call(fx->home[BUYER], &fx->who[BUYER], "requestWithTerms", &data, &value);
        assert_int_equal(fixture_settle(fx), 0);
        FAILS(GALEN_ERR_PARSE, purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL],
                                                newest_request(fx->home[HOSPITAL]), NULL, INFO));
        assert_non_null(strstr(fixture_last_info()->what, "buyer_key"));
    }
    RECORD_JSON_AUTO list = NULL;
    OK(purchasing_list(fx->home[HOSPITAL], NULL, &list, INFO));
    assert_true(json_object_array_length(list) >= 5);
}

static void a_request_needs_money_and_sense(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    RECORD_JSON_AUTO dear = market_template(8, "500000000000000000000");
    RECORD_JSON_AUTO cheap = market_template(8, "400"); /* not more wei than records */
    int64_t settings = fixture_count(buyer, "SELECT count(*) FROM setting");
    FAILS(GALEN_ERR_FUNDS, purchasing_request(buyer, &fx->who[BUYER], dear, NULL, NULL, INFO));
    FAILS(GALEN_ERR_REVERTED, purchasing_request(buyer, &fx->who[BUYER], cheap, NULL, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "BadEscrow"));
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM setting"), settings);

    RECORD_JSON_AUTO typed = market_template(8, PRICE);
    OK(workflow_set_text(typed, "type", "galen.template/1", INFO));
    FAILS(GALEN_ERR_USAGE, purchasing_request(buyer, &fx->who[BUYER], typed, NULL, NULL, INFO));
    RECORD_JSON_AUTO odd = market_template(8, PRICE);
    OK(workflow_set_text(odd, "category", "Astrology", INFO));
    FAILS(GALEN_ERR_PARSE, purchasing_request(buyer, &fx->who[BUYER], odd, NULL, NULL, INFO));
    RECORD_JSON_AUTO fine = market_template(8, PRICE);
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_request(buyer, &fx->who[HOSPITAL], fine, NULL, NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          purchasing_request(fx->home[HOSPITAL], &fx->who[HOSPITAL], fine, NULL, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], 9999, NULL, INFO));
}

static void too_few_records(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = market_request(market, RECORDS + 1, PRICE, NULL);
    FAILS(GALEN_ERR_STATE,
          purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "10 matching records"));

    /* enough records, too few who agree */
    uint64_t wanted = market_request(market, 8, PRICE, NULL);
    market_reply_and_ask(market, wanted);
    RECORD_JSON_AUTO declined = NULL;
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[4], wanted, false, &declined, INFO));
    assert_int_equal(json_object_array_length(fixture_member(declined, "declined")), 2);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[4], wanted, true, NULL, INFO));
    for (int i = 0; i < 3; i++)
        market_consent(market, wanted, i);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[0], wanted, false, NULL, INFO));
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], wanted, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "6 consents"));
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(fx->home[HOSPITAL], wanted, &shown, INFO));
    assert_int_equal(fixture_number(fixture_member(shown, "consents"), "declined"), 2);
    market_consent(market, wanted, 3);
    RECORD_JSON_AUTO delivered = market_deliver(market, wanted);
    assert_int_equal(fixture_number(delivered, "entries"), 8);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static int64_t send_and_count_refused(struct market *market, struct workflow *from,
                                      const struct chain_address *sender,
                                      const struct chain_address *recipient, const char *kind,
                                      struct json_object *body)
{
    uint8_t id[32];
    base_random(id, sizeof id);
    OK(message_send(from, sender, recipient, kind, id, body, INFO));
    return fixture_settle(market->fx);
}

static void strangers_messages_are_refused(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = market_request(market, 8, PRICE, NULL);
    market_reply_and_ask(market, id);
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[0], id, true, NULL, INFO));
    RECORD_JSON_AUTO answer = market_answer(market, id, 0, 0);

    /* another patient's answer under one's own name */
    assert_int_equal(send_and_count_refused(market, fx->home[PATIENT], &market->patients[1],
                                            &fx->who[HOSPITAL], MESSAGE_CONSENT_GIVEN, answer),
                     1);
    /* keys that would make the manifest too large to be published, or escape in it */
    static char long_ek[PURCHASING_EK_MAX + 2];
    memset(long_ek, 'A', PURCHASING_EK_MAX + 1);
    const char *const bad_eks[] = {long_ek, "a\"b"};
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO odd = NULL;
        OK(record_json_copy(&odd, answer, INFO));
        OK(workflow_set_text(odd, "ek", bad_eks[i], INFO));
        assert_int_equal(send_and_count_refused(market, fx->home[PATIENT], &market->patients[0],
                                                &fx->who[HOSPITAL], MESSAGE_CONSENT_GIVEN, odd),
                         1);
    }
    /* a question that does not come from the request's hospital, and one about nothing */
    RECORD_JSON_AUTO question = NULL;
    OK(workflow_object(&question, INFO));
    struct purchasing_row row;
    OK(purchasing_read_row(fx->home[BUYER], &row, id, INFO));
    OK(workflow_set_text(question, "type", "galen.consent-wanted/1", INFO));
    OK(workflow_set_int(question, "requestId", (int64_t)id, INFO));
    OK(record_json_set_hex(question, "templateHash", row.template_hash, 32, INFO));
    OK(workflow_set_text(question, "recordId", fixture_text(answer, "recordId"), INFO));
    OK(workflow_set_int(question, "k", 5, INFO));
    OK(workflow_set_int(question, "plannedCount", 10, INFO));
    OK(workflow_set_time(question, "respondBy", base_time_s() + 3600, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[BUYER], &fx->who[BUYER],
                                            &market->patients[0], MESSAGE_CONSENT_WANTED, question),
                     1);
    OK(workflow_set_int(question, "requestId", 4000000, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[HOSPITAL], &fx->who[HOSPITAL],
                                            &market->patients[0], MESSAGE_CONSENT_WANTED, question),
                     1);
    /* a manifest's notice from somebody else */
    RECORD_JSON_AUTO notice = NULL;
    static const uint8_t cid[32] = {4};
    OK(workflow_object(&notice, INFO));
    OK(workflow_set_text(notice, "type", "galen.manifest-notice/1", INFO));
    OK(workflow_set_int(notice, "requestId", (int64_t)id, INFO));
    OK(workflow_set_cid(notice, "manifestCid", cid, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[PATIENT], &market->patients[0],
                                            &fx->who[BUYER], MESSAGE_MANIFEST, notice),
                     1);
    /* none of them stands in the way of the rest */
    for (int i = 1; i < MARKET_PATIENTS; i++)
        market_consent(market, id, i);
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS);
}

/* Accredited, and has taken the request; but the record is another hospital's. */
static void only_the_records_hospital_gets_a_release(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    struct chain_address curious;
    struct workflow *home = fixture_extra_home(fx, "curious", "hospital", &curious);
    OK(group_set_hospital(fx->home[GM], &fx->who[GM], &curious, true, NULL, INFO));
    uint64_t id = market_request(market, 8, PRICE, NULL);
    struct purchasing_onchain chain;
    BASE_BUF_AUTO data = {0};
    static const uint8_t offer[32] = {7};
    OK(purchasing_read_chain(home, &chain, id, INFO));
    OK(datahub_encode_reply(&data, purchasing_u256(id), offer, INFO));
    market_call(home, &curious, "reply", &data, &chain.bond);

    RECORD_JSON_AUTO question = NULL;
    struct purchasing_row row;
    uint8_t record_root[32];
    uint8_t message_id[32] = {0x77};
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[PATIENT]->db, INFO,
                    "SELECT merkle_root FROM record WHERE owner = ? AND state = 'anchored'",
                    DB_BLOB(market->patients[0].bytes, 20)));
        OK(db_next(&rows, &found, INFO));
        OK(db_bytes(&rows, 0, record_root, 32, INFO));
    }
    OK(purchasing_read_row(fx->home[BUYER], &row, id, INFO));
    OK(workflow_object(&question, INFO));
    OK(workflow_set_text(question, "type", "galen.consent-wanted/1", INFO));
    OK(workflow_set_int(question, "requestId", (int64_t)id, INFO));
    OK(record_json_set_hex(question, "templateHash", row.template_hash, 32, INFO));
    OK(record_json_set_hex(question, "recordId", record_root, 32, INFO));
    OK(workflow_set_int(question, "k", 5, INFO));
    OK(workflow_set_int(question, "plannedCount", 10, INFO));
    OK(workflow_set_time(question, "respondBy", chain.now + 3600, INFO));
    fixture_give_card(fx->home[PATIENT], &market->patients[0], home);
    OK(message_send(home, &curious, &market->patients[0], MESSAGE_CONSENT_WANTED, message_id,
                    question, INFO));
    fixture_carry(fx, home);
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_CHECK,
          purchasing_consent(fx->home[PATIENT], &market->patients[0], id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "not the record's own"));
    assert_int_equal(
        fixture_count(fx->home[PATIENT],
                      "SELECT count(*) FROM release WHERE request_id = (SELECT max(id) FROM"
                      " request)"),
        0);
    workflow_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_must_be_what_the_chain_says),
        cmocka_unit_test(a_request_needs_money_and_sense),
        cmocka_unit_test(too_few_records),
        cmocka_unit_test(strangers_messages_are_refused),
        cmocka_unit_test(only_the_records_hospital_gets_a_release),
    };
    return cmocka_run_group_tests_name("purchasing refusals", tests, set_up, market_tear_down);
}
