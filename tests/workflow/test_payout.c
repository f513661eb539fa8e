/* A patient who names the account that is paid: what is taken, what it gives no right to, and that
 * the money and the news of the sale arrive all the same. */
#include "market.h"

#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 5
#define PRICE   "1000000000000000003"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static enum galen_err accept(struct market *market, uint64_t id, int patient,
                             const struct chain_address *payout, struct json_object **result,
                             struct galen_errinfo *info)
{
    return purchasing_consent_paid_to(market->fx->home[PATIENT], &market->patients[patient], id,
                                      PURCHASING_ACCEPT, payout, result, info);
}

static int64_t told(struct workflow *wf, const struct chain_address *who, const char *kind)
{
    int64_t n = 0;
    OK(db_get_int(wf->db, &n, 0, INFO,
                  "SELECT count(*) FROM notification WHERE identity = ? AND kind = ?",
                  DB_BLOB(who->bytes, 20), DB_TEXT(kind)));
    return n;
}

static void is_paid_to_the_named_account(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[PATIENT];
    const struct chain_address zero = {0};
    struct chain_address named;
    struct chain_address other;
    struct purchasing_onchain chain;
    char text[CHAIN_ADDRESS_TEXT];
    RECORD_JSON_AUTO given = NULL;
    RECORD_JSON_AUTO finalized = NULL;
    bool passed = false;
    base_random(named.bytes, 20);
    base_random(other.bytes, 20);
    uint64_t id = market_request(market, 2, PRICE, NULL);
    market_reply_and_ask(market, id);

    FAILS(GALEN_ERR_USAGE, accept(market, id, 0, &zero, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "zero"));
    FAILS(GALEN_ERR_USAGE, accept(market, id, 0, &wf->domain.contract, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "contract"));
    FAILS(GALEN_ERR_USAGE, purchasing_consent_paid_to(wf, &market->patients[0], id,
                                                      PURCHASING_DECLINE, &named, NULL, INFO));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM consent WHERE state <> 'wanted'"), 0);

    OK(accept(market, id, 0, &named, &given, INFO));
    chain_address_format(text, &named);
    assert_string_equal(
        fixture_text(json_object_array_get_idx(fixture_member(given, "given"), 0), "payout"), text);
    assert_non_null(strstr(fixture_text(given, "warning"), "of one person"));
    OK(accept(market, id, 0, &named, NULL, INFO)); /* the same again */
    OK(accept(market, id, 0, NULL, NULL, INFO));
    FAILS(GALEN_ERR_STATE, accept(market, id, 0, &other, NULL, INFO));
    /* A fresh account for who names none, and no warning. */
    json_object_put(given);
    given = NULL;
    OK(accept(market, id, 1, NULL, &given, INFO));
    assert_false(json_object_object_get_ex(given, "warning", NULL));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM payout_account"), 1);

    /* Naming somebody's account gives no right to its key. */
    OK(accept(market, id, 2, &market->patients[3], NULL, INFO));
    OK(workflow_act_as(wf, &market->patients[2], INFO));
    FAILS(GALEN_ERR_NOT_FOUND, workflow_check_actor(wf, &market->patients[3], INFO));
    OK(workflow_act_as(wf, NULL, INFO));

    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(told(wf, &market->patients[0], "release-delivered"), 1);
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    OK(purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, &finalized, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, chain.count);
    struct chain_u256 has = market_balance(market, &named);
    assert_int_equal(chain_u256_compare(&has, &part), 0);
    assert_int_equal(told(wf, &market->patients[0], "request-finalized"), 1);
    assert_int_equal(told(wf, &market->patients[4], "request-finalized"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_paid_to_the_named_account)};
    return cmocka_run_group_tests(tests, set_up, market_tear_down);
}
