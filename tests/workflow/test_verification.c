/* A verification while it runs and afterwards: progress, the report, what an interrupted or refused
 * one leaves, and who may read it. */
#include "market.h"

#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 5
#define PRICE   "1000000000000000003"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* What another handle, a client's, sees while the work goes on. */
struct seen {
    struct workflow *other;
    uint64_t id;
    size_t calls, last, total;
    bool was_running;
};

static void see(void *user, size_t done, size_t total)
{
    struct seen *seen = user;
    RECORD_JSON_AUTO shown = NULL;
    seen->calls++;
    seen->last = done;
    seen->total = total;
    OK(purchasing_verification(seen->other, seen->id, &shown, INFO));
    seen->was_running = strcmp(fixture_text(shown, "state"), "running") == 0;
    OK(workflow_lock(seen->other, INFO)); /* would wait for ever if it were held */
    workflow_unlock(seen->other);
}

static void assert_state(struct workflow *wf, uint64_t id, const char *state, bool has_result)
{
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_verification(wf, id, &shown, INFO));
    assert_string_equal(fixture_text(shown, "state"), state);
    assert_int_equal(json_object_object_get_ex(shown, "result", NULL), has_result);
}

static void assert_report_is(struct workflow *wf, uint64_t id, struct json_object *result)
{
    BASE_BUF_AUTO kept = {0};
    BASE_BUF_AUTO expected = {0};
    OK(purchasing_verification_report(wf, id, &kept, INFO));
    OK(record_json_jcs(&expected, result, INFO));
    assert_string_equal((char *)kept.data, (char *)expected.data);
}

static void is_kept(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[BUYER];
    struct workflow *other = NULL;
    RECORD_JSON_AUTO verified = NULL;
    RECORD_JSON_AUTO again = NULL;
    BASE_BUF_AUTO none = {0};
    const atomic_bool stop = true;
    bool passed = false;
    uint64_t id = market_request(market, 2, PRICE, NULL);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_verification(wf, id, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_verification_report(wf, id, &none, INFO));

    OK(workflow_open_again(&other, wf, INFO));
    struct seen seen = {.other = other, .id = id};
    workflow_tell_progress(wf, see, &seen);
    OK(workflow_lock(wf, INFO));
    OK(purchasing_verify(wf, id, &passed, &verified, INFO));
    assert_true(wf->lock_fd >= 0); /* given back as it was */
    workflow_unlock(wf);
    workflow_tell_progress(wf, NULL, NULL);
    assert_true(passed);
    assert_true(seen.was_running);
    assert_int_equal(seen.calls, RECORDS);
    assert_int_equal(seen.last, RECORDS);
    assert_int_equal(seen.total, RECORDS);
    assert_string_equal(fixture_text(verified, "type"), PURCHASING_VERIFICATION_TYPE);
    assert_int_equal(fixture_number(verified, "entryCount"), RECORDS);
    assert_state(other, id, "done", true);
    assert_report_is(other, id, verified);

    /* One that the node's end cuts off leaves no verdict, and the last report as it was. */
    workflow_stop_when(wf, &stop);
    FAILS(GALEN_ERR_NETWORK, purchasing_verify(wf, id, &passed, NULL, INFO));
    workflow_stop_when(wf, NULL);
    assert_state(other, id, "failed", true);
    assert_report_is(other, id, verified);
    assert_string_equal(market_state(wf, id), "verified");

    /* One whose process died gives no sign any more. */
    OK(db_run(wf->db, INFO, "UPDATE verification SET state = 'running'"));
    assert_state(other, id, "running", true);
    OK(db_run(wf->db, INFO, "UPDATE verification SET updated_at = updated_at - 121"));
    assert_state(other, id, "interrupted", true);

    /* What a later run took over, an earlier one leaves alone. */
    struct purchasing_run first;
    struct purchasing_run second;
    OK(purchasing_run_begin(&first, wf, id, 7, INFO));
    OK(purchasing_run_begin(&second, wf, id, 8, INFO));
    purchasing_run_fail(&first, NULL);
    assert_state(other, id, "running", true);
    purchasing_run_fail(&second, NULL);
    assert_state(other, id, "failed", true);
    OK(purchasing_verify(wf, id, &passed, &again, INFO));
    assert_report_is(other, id, again);

    /* For the buyer alone. */
    OK(workflow_narrow(other, INFO));
    OK(workflow_act_as(other, &market->fx->who[BUYER], INFO));
    assert_state(other, id, "done", true);
    OK(workflow_act_as(other, &market->fx->who[HOSPITAL], INFO));
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_verification(other, id, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_verification_report(other, id, &none, INFO));
    workflow_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_kept)};
    return cmocka_run_group_tests(tests, set_up, market_tear_down);
}
