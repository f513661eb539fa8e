/* Who signed an entry that both managers ruled Fraud: asked for by the buyer on-chain, agreed to by
 * each manager there, and told to the buyer with everything it needs to check it. */
#include "fraud_stage.h"

#include <string.h>

#define PRICE "1000000000000000000"

static uint64_t request; /* delivered; entries are ruled as the tests go on */
static char first[65];   /* the opening of its entry 0 */

static int set_up(void **state)
{
    const struct purchasing_terms terms = {.rule_window_s = 30 * MARKET_DAY_S};
    if (market_set_up(state, MARKET_PATIENTS) != 0)
        return -1;
    request = market_delivered(*state, 2, PRICE, &terms);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static void only_of_an_entry_ruled_fraud(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    struct chain_address stranger;
    RECORD_JSON_AUTO estimated = NULL;
    uint64_t open = market_request(market, 2, PRICE, NULL);
    OK(workflow_identity_new(buyer, &stranger, "another buyer", "buyer", INFO));
    fixture_fund(fx, &stranger, "1");
    FAILS(GALEN_ERR_STATE, opening_ask(buyer, &fx->who[BUYER], request, 0, NULL, INFO));
    assert_non_null(strstr(INFO->what, "unsettled"));
    FAILS(GALEN_ERR_STATE, opening_ask(buyer, &fx->who[BUYER], open, 0, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, opening_ask(buyer, &fx->who[BUYER], 99, 0, NULL, INFO));
    fraud_rule(market, request, 0);
    FAILS(GALEN_ERR_USAGE, opening_ask(buyer, &stranger, request, 0, NULL, INFO));
    FAILS(GALEN_ERR_USAGE, opening_ask(buyer, &fx->who[BUYER], request, 5, NULL, INFO));
    FAILS(GALEN_ERR_STATE, opening_ask(buyer, &fx->who[BUYER], request, 1, NULL, INFO));
    workflow_dry_run(buyer, true);
    OK(opening_ask(buyer, &fx->who[BUYER], request, 0, &estimated, INFO));
    workflow_dry_run(buyer, false);
    assert_false(json_object_object_get_ex(estimated, "state", NULL));
    assert_true(fixture_number(fixture_member(estimated, "tx"), "gasEstimate") > 21000);
    fraud_ask(market, request, 0, first);
    FAILS(GALEN_ERR_STATE, opening_ask(buyer, &fx->who[BUYER], request, 0, NULL, INFO));
    assert_non_null(strstr(INFO->what, "already"));
    for (int i = 0; i < 3; i++) {
        const enum fixture_home homes[] = {GM, RM, BUYER};
        RECORD_JSON_AUTO shown = stage_show(fx->home[homes[i]], first);
        assert_string_equal(fixture_text(shown, "state"), "asked");
        assert_int_equal(fixture_number(shown, "requestId"), (int64_t)request);
        assert_false(json_object_get_boolean(fixture_member(shown, "gmApproved")));
        assert_false(json_object_object_get_ex(shown, "doctor", NULL));
    }
    assert_int_equal(fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM opening"), 0);
}

/* ---- agreeing ---------------------------------------------------------------------------------------- */

/* Calldata, blocks and what homes say of it in clear name nobody. */
static void nobody_else_can_know(struct market *market, const struct chain_address *doctor)
{
    struct fixture *fx = market->fx;
    char command[256];
    int64_t told = 0;
    OK(db_get_int(fx->home[GM]->db, &told, -1, INFO,
                  "SELECT count(*) FROM tx WHERE operation LIKE 'approveOpening%'"
                  " AND instr(raw, ?) > 0",
                  DB_BLOB(doctor->bytes, 20)));
    assert_int_equal(told, 0);
    snprintf(command, sizeof command, "grep -rq DE-12345 %s/blocks", fx->dir);
    assert_int_not_equal(system(command), 0);
    OK(db_get_int(fx->home[BUYER]->db, &told, -1, INFO,
                  "SELECT count(*) FROM opening WHERE instr(evidence, ?) > 0",
                  DB_TEXT("DE-12345")));
    assert_int_equal(told, 0);
}

/* The registry is not committed: that is the Group Manager's fault, and what stands in the log. */
static void outside_the_committed_registry(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    fraud_agree(market, RM, first);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, RM, first), "asked");
    assert_string_equal(fraud_state(market, BUYER, first), "asked");
    fraud_agree(market, GM, first);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, RM, first), "fault");
    assert_string_equal(fraud_state(market, BUYER, first), "fault");
    RECORD_JSON_AUTO shown = stage_show(fx->home[BUYER], first);
    assert_non_null(strstr(fixture_text(shown, "outcome"), "Group Manager is at fault"));
    assert_false(json_object_object_get_ex(shown, "doctor", NULL));
    fixture_member(shown, "commitment"); /* computed here, from both shares */
}

/* Committed since, and asked to once more: now the doctor is named, and the fault stays. */
static void told_again_once_the_registry_has_it(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    stage_commit_registry(fx);
    assert_int_equal(fixture_settle(fx), 0);
    int64_t sent = fixture_count(fx->home[RM], "SELECT count(*) FROM tx");
    fraud_agree(market, RM, first);
    assert_int_equal(fixture_count(fx->home[RM], "SELECT count(*) FROM tx"), sent);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO shown = stage_show(fx->home[BUYER], first);
    assert_string_equal(fixture_text(shown, "state"), "opened");
    fixture_member(shown, "faultAt");
    char wallet[CHAIN_ADDRESS_TEXT];
    chain_address_format(wallet, &fx->who[DOCTOR]);
    assert_string_equal(fixture_text(fixture_member(shown, "doctor"), "wallet"), wallet);
    struct json_object *row = fixture_member(fixture_member(shown, "evidence"), "row");
    assert_string_equal(fixture_text(fixture_member(row, "statement"), "wallet"), wallet);
    nobody_else_can_know(market, &fx->who[DOCTOR]);
}

/* GM first this time; homes stop at every turn. */
static void in_either_order_and_interrupted(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    char id[65];
    RECORD_JSON_AUTO shown = NULL;
    fraud_rule(market, request, 1);
    fraud_ask(market, request, 1, id);
    workflow_dry_run(fx->home[GM], true);
    OK(opening_approve(fx->home[GM], &fx->who[GM], id, true, &shown, INFO));
    workflow_dry_run(fx->home[GM], false);
    assert_true(fixture_number(fixture_member(shown, "tx"), "gasEstimate") > 21000);
    struct opening opening;
    fraud_read(market, GM, id, &opening);
    assert_false(opening.has_gm_share);
    /* the transaction is out, and the home stops before it can say so */
    OK(db_run(fx->home[GM]->db, INFO,
              "CREATE TRIGGER stop BEFORE UPDATE OF gm_cid ON opening_onchain"
              " BEGIN SELECT RAISE(ABORT, 'stopped'); END"));
    FAILS(GALEN_ERR_DB, opening_approve(fx->home[GM], &fx->who[GM], id, true, NULL, INFO));
    OK(db_run(fx->home[GM]->db, INFO, "DROP TRIGGER stop"));
    fixture_restart(fx, GM);
    fraud_agree(market, GM, id);
    assert_int_equal(fixture_count(fx->home[GM],
                                   "SELECT count(*) FROM tx WHERE status = 'succeeded'"
                                   " AND operation = 'approveOpeningGroupManager'"),
                     2); /* one for each of the two openings */
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, GM, id), "asked");
    fraud_agree(market, RM, id);
    fixture_restart(fx, RM);
    OK(db_run(fx->home[GM]->db, INFO,
              "CREATE TRIGGER stop BEFORE INSERT ON outbox WHEN NEW.kind = 'opening-report'"
              " BEGIN SELECT RAISE(ABORT, 'stopped'); END"));
    FAILS(GALEN_ERR_DB, workflow_sync(fx->home[GM], NULL, INFO));
    OK(db_run(fx->home[GM]->db, INFO, "DROP TRIGGER stop"));
    fixture_restart(fx, GM);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, GM, id), "opened");
    assert_string_equal(fraud_state(market, RM, id), "opened");
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
    assert_int_equal(
        fixture_count(fx->home[GM], "SELECT count(*) FROM opening_onchain WHERE gm_reported = 0"),
        0);
}

/* One manager alone brings nothing, and who declined may think again. */
static void neither_manager_alone(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    char id[65];
    fraud_rule(market, request, 2);
    fraud_ask(market, request, 2, id);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id, false, NULL, INFO));
    assert_string_equal(fraud_state(market, RM, id), "declined");
    fraud_agree(market, GM, id);
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, opening_approve(fx->home[GM], &fx->who[GM], id, false, NULL, INFO));
    for (int i = 0; i < 3; i++) {
        const enum fixture_home homes[] = {GM, RM, BUYER};
        struct opening opening;
        fraud_read(market, homes[i], id, &opening);
        assert_false(opening.has_commitment);
        assert_int_equal(opening.has_gm_share, homes[i] == GM);
        assert_false(opening.has_rm_share);
    }
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
}

/* Reveal, revocation and trace work on it as on any opening. */
static void what_follows(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO traced = NULL;
    const struct revocation_options options = {.opening_id = first, .reason = "fraud"};
    stage_reveal(fx, first);
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &options, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_trace(fx->home[GM], first, false, &traced, INFO));
    assert_int_equal(json_object_array_length(fixture_member(traced, "linked")), MARKET_PATIENTS);
    /* a buyer learns a name, and no token */
    FAILS(GALEN_ERR_USAGE, opening_reveal(fx->home[BUYER], &fx->who[BUYER], first, NULL, INFO));
    RECORD_JSON_AUTO shown = stage_show(fx->home[BUYER], first);
    assert_false(json_object_object_get_ex(shown, "token", NULL));
}

static void not_after_the_period(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct purchasing_onchain chain;
    fraud_rule(market, request, 3);
    fraud_rule(market, request, 4);
    OK(purchasing_read_chain(fx->home[BUYER], &chain, request, INFO));
    fixture_pass_time(fx, chain.rule_by + PURCHASING_OPENING_PERIOD_S - chain.now - 3600);
    char id[65];
    fraud_ask(market, request, 3, id);
    fixture_pass_time(fx, 7200);
    FAILS(GALEN_ERR_STATE, opening_ask(fx->home[BUYER], &fx->who[BUYER], request, 4, NULL, INFO));
    assert_non_null(strstr(INFO->what, "until"));
    /* what was asked for in time is answered in any time */
    fraud_agree(market, GM, id);
    fraud_agree(market, RM, id);
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_of_an_entry_ruled_fraud),
        cmocka_unit_test(outside_the_committed_registry),
        cmocka_unit_test(told_again_once_the_registry_has_it),
        cmocka_unit_test(in_either_order_and_interrupted),
        cmocka_unit_test(neither_manager_alone),
        cmocka_unit_test(what_follows),
        cmocka_unit_test(not_after_the_period),
    };
    return cmocka_run_group_tests_name("opening-onchain", tests, set_up, market_tear_down);
}
