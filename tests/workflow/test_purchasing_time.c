/* What time does to a purchase: refunds, late answers, silence that pays, and the lists and keys
 * that change while it runs. */
#include "market.h"

#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 5
#define PRICE   "1000000000000000003"

static const struct purchasing_terms short_terms = {
    .max_records = 5,
    .reply_window_s = 3600,
    .deliver_window_s = 8000,
    .verify_window_s = 3600,
    .rule_window_s = 3600,
};

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* What the buyer has, and what it has spent on gas. */
static struct chain_u256 buyers_money(struct market *market)
{
    struct fixture *fx = market->fx;
    struct chain_u256 money = market_balance(market, &fx->who[BUYER]);
    struct chain_u256 fees = market_fees(fx->home[BUYER], &fx->who[BUYER]);
    assert_int_equal(chain_u256_add(&money, &money, &fees), GALEN_OK);
    return money;
}

static void nobody_replied(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    struct chain_u256 before = buyers_money(market);
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, false, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "can be refunded from"));
    FAILS(GALEN_ERR_STATE, purchasing_expire(buyer, &fx->who[BUYER], id, NULL, INFO));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    fixture_pass_time(fx, 3601);
    FAILS(GALEN_ERR_STATE,
          purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    RECORD_JSON_AUTO refunded = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, false, &refunded, INFO));
    struct json_object *paid = fixture_member(refunded, "paid");
    assert_int_equal(json_object_array_length(paid), 1);
    assert_string_equal(fixture_text(json_object_array_get_idx(paid, 0), "wei"), PRICE);
    market_same_wei(buyers_money(market), before);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(market_state(fx->home[HOSPITAL], id), "refunded");
    RECORD_JSON_AUTO again = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, false, &again, INFO));
    assert_false(json_object_object_get_ex(again, "tx", NULL));
}

/* The hospital that took it and delivered nothing pays with its bond. */
static void nobody_delivered(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct chain_u256 before = buyers_money(market);
    struct purchasing_onchain chain;
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));

    /* a question has its own time, and then the answer is too late */
    RECORD_JSON_AUTO asked = NULL;
    int64_t used = fixture_count(fx->home[PATIENT],
                                 "SELECT count(*) FROM release WHERE request_id IS NOT NULL");
    OK(purchasing_consents(fx->home[PATIENT], &market->patients[0], NULL, &asked, INFO));
    fixture_pass_time(fx, 6100);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[0], id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "time to answer"));
    assert_int_equal(fixture_count(fx->home[PATIENT],
                                   "SELECT count(*) FROM release WHERE request_id IS NOT NULL"),
                     used);
    fixture_pass_time(fx, 2000);
    FAILS(GALEN_ERR_STATE,
          purchasing_ask_consent(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    /* anyone may take the exit; the money goes to the buyer */
    RECORD_JSON_AUTO expired = NULL;
    OK(purchasing_expire(fx->home[PATIENT], &fx->who[PATIENT], id, &expired, INFO));
    assert_string_equal(fixture_text(expired, "state"), "refunded");
    struct chain_u256 expected;
    assert_int_equal(chain_u256_add(&expected, &before, &chain.bond), GALEN_OK);
    market_same_wei(buyers_money(market), expected);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[1], id, true, NULL, INFO));
}

/* A buyer who says nothing pays; whoever finalizes it, the money goes where it belongs. */
static void silence_pays(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *hospital = fx->home[HOSPITAL];
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    json_object_put(market_deliver(market, id));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(hospital, &fx->who[HOSPITAL], id, true, NULL, INFO));
    FAILS(GALEN_ERR_STATE, purchasing_claim(hospital, &fx->who[HOSPITAL], id, 0, NULL, INFO));
    fixture_pass_time(fx, 3601);
    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(hospital, &fx->who[HOSPITAL], id, true, &finalized, INFO));
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), RECORDS + 1);
    assert_int_equal(fixture_number(finalized, "unclaimed"), 0);
    market_same_wei(market_balance(market, &hospital->domain.contract), (struct chain_u256){0});
}

/* Each entry can be claimed by anyone, for its own account; what is left is then pushed. */
static void paid_by_claim(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *patient = fx->home[PATIENT];
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    json_object_put(market_deliver(market, id));
    fixture_pass_time(fx, 3601);
    /* a claim past the deadline finalizes by itself */
    RECORD_JSON_AUTO claimed = NULL;
    OK(purchasing_claim(patient, &fx->who[PATIENT], id, 2, &claimed, INFO));
    assert_string_equal(fixture_text(claimed, "state"), "finalized");
    OK(purchasing_read_chain(patient, &chain, id, INFO));
    OK(purchasing_load_entries(patient, &entries, &chain, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, RECORDS);
    market_same_wei(market_balance(market, &entries.items[2].payout), part);
    FAILS(GALEN_ERR_STATE, purchasing_claim(patient, &fx->who[PATIENT], id, 2, NULL, INFO));
    RECORD_JSON_AUTO rest = NULL;
    OK(purchasing_finalize(patient, &fx->who[PATIENT], id, true, &rest, INFO));
    assert_int_equal(json_object_array_length(fixture_member(rest, "paid")), RECORDS);
    for (size_t i = 0; i < entries.n; i++)
        market_same_wei(market_balance(market, &entries.items[i].payout), part);
    market_same_wei(market_balance(market, &patient->domain.contract), (struct chain_u256){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_replied),
        cmocka_unit_test(nobody_delivered),
        cmocka_unit_test(silence_pays),
        cmocka_unit_test(paid_by_claim),
    };
    return cmocka_run_group_tests_name("purchasing in time", tests, set_up, market_tear_down);
}
