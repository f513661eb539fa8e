/* Standing policies: who sells without being asked, who never does, and who is asked. */
#include "market.h"

#include "workflow/purchasing_internal.h"

#define RECORDS 5
#define PRICE   "1000000000000000003" /* a record is paid at least PRICE / 401 */

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static const char *state_of(struct market *market, int patient)
{
    RECORD_JSON_AUTO list = NULL;
    static char state[16];
    OK(purchasing_consents(market->fx->home[PATIENT], &market->patients[patient], NULL, &list,
                           INFO));
    snprintf(state, sizeof state, "%s", fixture_text(json_object_array_get_idx(list, 0), "state"));
    return state;
}

static void policies_answer(void **state)
{
    static const char *const heart[] = {"Cardiology", "Other"};
    static const char *const cancer[] = {"Oncology"};
    static const char *const unknown[] = {"cardiology"};
    struct market *market = *state;
    struct workflow *wf = market->fx->home[PATIENT];
    const struct chain_address *who = market->patients;
    RECORD_JSON_AUTO shown = NULL;
    FAILS(GALEN_ERR_USAGE,
          purchasing_set_policy(wf, &who[0], unknown, 1, "0", false, false, NULL, INFO));
    FAILS(GALEN_ERR_PARSE,
          purchasing_set_policy(wf, &who[0], heart, 2, "1e3", false, false, NULL, INFO));
    OK(purchasing_policy(wf, &who[0], &shown, INFO));
    assert_int_equal(json_object_array_length(fixture_member(shown, "categories")), 0);
    OK(purchasing_set_policy(wf, &who[0], heart, 2, "1000000000000000", false, false, NULL, INFO));
    OK(purchasing_set_policy(wf, &who[1], heart, 2, "10000000000000000", false, false, NULL, INFO));
    OK(purchasing_set_policy(wf, &who[2], cancer, 1, "0", false, false, NULL, INFO));
    OK(purchasing_set_policy(wf, &who[3], heart, 2, "0", true, false, NULL, INFO));
    uint64_t id = market_request(market, 2, PRICE, NULL);
    market_reply_and_ask(market, id);
    assert_string_equal(state_of(market, 0), "given");
    assert_string_equal(state_of(market, 1), "wanted"); /* too little */
    assert_string_equal(state_of(market, 2), "wanted"); /* another category */
    assert_string_equal(state_of(market, 3), "declined");
    assert_string_equal(state_of(market, 4), "wanted"); /* no policy */
    assert_int_equal(
        fixture_count(wf, "SELECT count(*) FROM notification WHERE kind = 'policy-accepted'"), 1);
    assert_int_equal(
        fixture_count(wf, "SELECT count(*) FROM notification WHERE kind = 'policy-declined'"), 1);
    /* A new policy looks at open questions again; the person may answer what is left. */
    OK(purchasing_set_policy(wf, &who[1], heart, 2, "0", false, true, NULL, INFO));
    assert_int_equal(fixture_settle(market->fx), 0);
    assert_string_equal(state_of(market, 1), "given");
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM consent WHERE key_state = 'kept'"), 1);
    market_consent(market, id, 2);
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(fixture_number(delivered, "entries"), 3);
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM consent WHERE key_state = 'sent'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(policies_answer)};
    return cmocka_run_group_tests_name("purchasing policy", tests, set_up, market_tear_down);
}
