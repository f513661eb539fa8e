/* A reorganisation takes a whole sale with it, from the request to the sealed delivery: every home
 * sends its part again, and ends where it was, with nobody told or paid twice. */
#include "market.h"
#include "workflow/purchasing_internal.h"

#include <stdlib.h>
#include <string.h>

static void ask(struct fixture *fx, const char *method, const char *params, struct base_buf *answer)
{
    base_buf_clear(answer);
    OK(chain_rpc_request(fx->rpc, answer, method, params, INFO));
}

/* Every notification and transaction of all homes, told once each. */
static int64_t count_all(struct fixture *fx, const char *sql)
{
    int64_t sum = 0;
    for (int i = 0; i < FIXTURE_HOMES; i++)
        sum += fixture_count(fx->home[i], sql);
    return sum;
}

static const char notices[] = "SELECT count(*) FROM notification";
static const char sent[] = "SELECT count(*) FROM tx";

static void a_sale_goes_and_comes_again(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    char snapshot[64];
    BASE_BUF_AUTO answer = {0};
    bool passed = false;
    assert_int_equal(fixture_settle(fx), 0);
    int64_t told_before = count_all(fx, notices);
    ask(fx, "evm_snapshot", "[]", &answer);
    snprintf(snapshot, sizeof snapshot, "[%s]", (const char *)answer.data);
    uint64_t id = market_delivered(market, MARKET_PATIENTS, "100000", NULL);
    int64_t told = count_all(fx, notices);
    int64_t transactions = count_all(fx, sent);
    assert_true(told > told_before);

    ask(fx, "evm_revert", snapshot, &answer);
    ask(fx, "evm_increaseTime", "[17]", &answer);
    ask(fx, "anvil_mine", "[\"0x40\"]", &answer); /* more than the sale took */

    /* the patients' home sent nothing: for it the sale is gone */
    json_object_put(fixture_sync(fx->home[PATIENT]));
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM request"), 0);
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM entry"), 0);
    assert_int_equal(
        fixture_count(fx->home[PATIENT],
                      "SELECT count(*) FROM notification WHERE kind = 'release-delivered'"),
        0);
    /* but what it promised to the sale stays promised */
    assert_int_equal(fixture_count(fx->home[PATIENT],
                                   "SELECT count(*) FROM release WHERE request_id IS NOT NULL"),
                     MARKET_PATIENTS);

    /* request, reply, delivery: each needs the one before it on the chain again */
    for (int round = 0; round < 3; round++) {
        fixture_sync_until_mined(fx->home[BUYER]);
        fixture_sync_until_mined(fx->home[HOSPITAL]);
    }
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(count_all(fx, "SELECT count(*) FROM tx WHERE status <> 'succeeded'"), 0);
    assert_int_equal(count_all(fx, sent), transactions);
    for (int i = 0; i < FIXTURE_HOMES; i++) {
        assert_int_equal(fixture_count(fx->home[i], "SELECT count(*) FROM request"), 1);
        assert_int_equal(fixture_count(fx->home[i], "SELECT count(*) FROM entry"), MARKET_PATIENTS);
    }
    assert_int_equal(count_all(fx, notices), told);
    assert_int_equal(count_all(fx, "SELECT count(*) FROM notification_withdrawn"), 0);

    /* and the sale goes on to its end */
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    OK(purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(market_state(fx->home[HOSPITAL], id), "finalized");
    struct chain_u256 left = market_balance(market, &fx->home[BUYER]->domain.contract);
    assert_true(chain_u256_is_zero(&left));
}

static int set_up(void **state)
{
    return market_set_up(state, MARKET_PATIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sale_goes_and_comes_again),
    };
    return cmocka_run_group_tests_name("watch sale", tests, set_up, market_tear_down);
}
