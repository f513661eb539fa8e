/* Disputes and rulings, with the money they move; who may do what, and until when. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000003"

static const struct purchasing_terms short_terms = {
    .max_records = 5,
    .reply_window_s = 3600,
    .deliver_window_s = 8000,
    .verify_window_s = 3600,
    .rule_window_s = 7200,
};

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- money ------------------------------------------------------------------------------------------ */

/* What the buyer has, and what it has spent on gas. */
static struct chain_u256 buyers_money(struct market *market)
{
    struct fixture *fx = market->fx;
    return market_plus(market_balance(market, &fx->who[BUYER]),
                       market_fees(fx->home[BUYER], &fx->who[BUYER]));
}

struct sums {
    struct chain_u256 part, bond, refund; /* refund: of one bad entry, dispute bond apart */
};
static struct sums sums_of(struct market *market, uint64_t id)
{
    struct purchasing_onchain chain;
    struct sums sums;
    struct chain_u256 share;
    OK(purchasing_read_chain(market->fx->home[BUYER], &chain, id, INFO));
    sums.part = purchasing_part(&chain.escrow, chain.count);
    OK(purchasing_dispute_bond(&sums.bond, &chain));
    (void)chain_u256_div_u64(&share, &chain.bond, chain.count);
    sums.refund = market_plus(sums.part, share);
    return sums;
}

/* ---- a delivery with two bad entries ------------------------------------------------------------------ */

enum { LEFT_OUT, WRONG_EK };    /* by patient */
static uint64_t place[RECORDS]; /* where each patient's entry is */

/* The hospital gives another's key to the second patient's bundle. */
static void swap_ek(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    const char *other = NULL;
    for (size_t i = 0; i < offers->n; i++)
        for (uint64_t p = 0; p < MARKET_PATIENTS; p++)
            if (chain_address_equal(&offers->items[i].patient, &market->patients[p])) {
                place[p] = i;
                if (p > WRONG_EK)
                    other = offers->items[i].ek;
            }
    assert_non_null(other);
    free(offers->items[place[WRONG_EK]].ek);
    offers->items[place[WRONG_EK]].ek = strdup(other);
}

/* The first patient's bundle leaves out what was asked for. */
static uint64_t bad_delivery(struct market *market)
{
    market_forget_sales(market);
    uint64_t id = market_request(market, 3, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    forge_consent_but(market, id, LEFT_OUT);
    RECORD_JSON_AUTO answer = market_answer(market, id, LEFT_OUT, 0);
    RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
    forge_leave_unit_out(market, answer, bundle);
    forge_bundle(market, id, bundle, answer);
    forge_sign(market, LEFT_OUT, id, answer);
    forge_send(market, LEFT_OUT, answer);
    assert_int_equal(fixture_settle(market->fx), 0);
    forge_deliver(market, id, swap_ek);
    return id;
}

static struct json_object *entry_at(struct json_object *result, uint64_t index)
{
    struct json_object *entries = fixture_member(result, "entries");
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        struct json_object *row = json_object_array_get_idx(entries, i);
        if (fixture_number(row, "index") == (int64_t)index)
            return row;
    }
    fail_msg("no entry %llu", (unsigned long long)index);
    return NULL;
}

static bool row_passed(struct json_object *entry, const char *check)
{
    struct json_object *checks = fixture_member(entry, "checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(fixture_text(row, "check"), check) == 0)
            return json_object_get_boolean(fixture_member(row, "passed"));
    }
    fail_msg("no row %s in %s", check, json_object_to_json_string(checks));
    return false;
}

static void rule(struct market *market, enum fixture_home who, uint64_t id, uint64_t index,
                 enum dispute_verdict verdict)
{
    struct fixture *fx = market->fx;
    OK(dispute_rule(fx->home[who], &fx->who[who], id, &index, 1, verdict, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- from the fault to the refund ---------------------------------------------------------------------- */

static void refuses_to_open(struct market *market, uint64_t id)
{
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    const uint64_t twice[] = {1, 1};
    const uint64_t beyond = RECORDS;
    char long_reason[DISPUTE_REASON_MAX + 2];
    memset(long_reason, 'x', sizeof long_reason - 1);
    long_reason[sizeof long_reason - 1] = '\0';
    FAILS(GALEN_ERR_USAGE, dispute_open(buyer, lab, id, twice, 2, "why", NULL, INFO));
    FAILS(GALEN_ERR_USAGE, dispute_open(buyer, lab, id, &beyond, 1, "why", NULL, INFO));
    FAILS(GALEN_ERR_USAGE, dispute_open(buyer, lab, id, twice, 1, "", NULL, INFO));
    FAILS(GALEN_ERR_USAGE, dispute_open(buyer, lab, id, twice, 1, long_reason, NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          dispute_open(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, twice, 1, "why", NULL, INFO));
}

static void managers_see_everything(struct market *market, uint64_t id)
{
    struct fixture *fx = market->fx;
    static const enum fixture_home homes[] = {GM, RM};
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO list = NULL;
        RECORD_JSON_AUTO shown = NULL;
        OK(dispute_list(fx->home[homes[i]], &list, INFO));
        assert_int_equal(json_object_array_length(list), 1);
        struct json_object *row = json_object_array_get_idx(list, 0);
        assert_int_equal(fixture_number(row, "requestId"), id);
        assert_string_equal(fixture_text(row, "needs"), "your verdict on 2");
        assert_int_equal(fixture_number(row, "withEvidence"), 2);

        OK(dispute_show(fx->home[homes[i]], id, &shown, INFO));
        assert_int_equal(json_object_array_length(fixture_member(shown, "entries")), 2);
        struct json_object *left_out = entry_at(shown, place[LEFT_OUT]);
        struct json_object *wrong_ek = entry_at(shown, place[WRONG_EK]);
        assert_string_equal(fixture_text(left_out, "reason"), "no unit, no key");
        assert_true(row_passed(left_out, "bundle digest"));
        assert_true(row_passed(left_out, "disclosure"));
        assert_false(row_passed(left_out, "template"));
        assert_true(row_passed(left_out, "group signature"));
        assert_non_null(fixture_member(fixture_member(left_out, "values"), "demographics"));
        assert_false(row_passed(wrong_ek, "bundle digest"));
        assert_false(row_passed(wrong_ek, "decryption"));
        assert_true(row_passed(wrong_ek, "consent"));
    }
    /* others see that there is a dispute, and nothing of what was sold */
    RECORD_JSON_AUTO others = NULL;
    OK(dispute_show(fx->home[HOSPITAL], id, &others, INFO));
    assert_false(json_object_object_get_ex(entry_at(others, place[LEFT_OUT]), "values", NULL));
}

static void a_seller_loses(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    bool passed = true;
    struct chain_u256 start = buyers_money(market);
    uint64_t id = bad_delivery(market);
    const uint64_t bad[] = {place[LEFT_OUT], place[WRONG_EK]};
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_int_equal(fixture_number(verified, "failed"), 2);
    for (int i = 0; i < 2; i++)
        assert_string_equal(fixture_text(entry_at(verified, bad[i]), "remedy"), "dispute");
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, lab, id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "to be disputed: "));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, lab, id, false, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->hint, "dispute"));
    refuses_to_open(market, id);

    /* what it costs is shown before */
    struct sums sums = sums_of(market, id);
    char bonds[CHAIN_U256_DECIMAL];
    struct chain_u256 two_bonds = market_times(sums.bond, 2);
    chain_u256_format(bonds, &two_bonds);
    RECORD_JSON_AUTO dry = NULL;
    workflow_dry_run(buyer, true);
    OK(dispute_open(buyer, lab, id, bad, 2, "no unit, no key", &dry, INFO));
    workflow_dry_run(buyer, false);
    assert_string_equal(fixture_text(dry, "bondWei"), bonds);
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM dispute"), 0);
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM outbox"
                                          " WHERE kind = 'dispute-evidence'"),
                     0);

    struct chain_u256 before = buyers_money(market);
    RECORD_JSON_AUTO opened = NULL;
    OK(dispute_open(buyer, lab, id, bad, 2, "no unit, no key", &opened, INFO));
    assert_false(json_object_object_get_ex(opened, "warnings", NULL));
    market_same_wei(market_plus(buyers_money(market), two_bonds), before);
    assert_string_equal(market_state(buyer, id), "disputed");
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < FIXTURE_HOMES; i++)
        assert_string_equal(market_state(fx->home[i], id), "disputed");
    managers_see_everything(market, id);

    /* who may rule what */
    uint64_t undisputed = place[MARKET_PATIENTS - 1];
    FAILS(GALEN_ERR_STATE, dispute_rule(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, bad, 2,
                                        DISPUTE_PAY, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "neither the group manager"));
    FAILS(GALEN_ERR_STATE,
          dispute_rule(fx->home[GM], &fx->who[GM], id, &undisputed, 1, DISPUTE_REFUND, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "not in dispute"));

    /* they differ, one changes its mind, and then it counts at once */
    RECORD_JSON_AUTO first = NULL;
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, NULL, 0, DISPUTE_PAY, &first, INFO));
    assert_int_equal(fixture_number(first, "ruled"), 0);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO differ = NULL;
    workflow_dry_run(fx->home[RM], true);
    OK(dispute_rule(fx->home[RM], &fx->who[RM], id, bad, 2, DISPUTE_REFUND, &differ, INFO));
    workflow_dry_run(fx->home[RM], false);
    assert_string_equal(fixture_text(entry_at(differ, bad[0]), "outcome"),
                        "the group manager says pay: undecided");
    OK(dispute_rule(fx->home[RM], &fx->who[RM], id, bad, 2, DISPUTE_REFUND, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(buyer, id, &shown, INFO));
    struct json_object *vote = json_object_array_get_idx(fixture_member(shown, "disputes"), 0);
    assert_string_equal(fixture_text(vote, "groupManagerVote"), "pay");
    assert_string_equal(fixture_text(vote, "revocationManagerVote"), "refund");
    before = buyers_money(market);
    RECORD_JSON_AUTO agreed = NULL;
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, bad, 2, DISPUTE_REFUND, &agreed, INFO));
    assert_int_equal(fixture_number(agreed, "ruled"), 2);
    market_same_wei(buyers_money(market),
                    market_plus(before, market_times(market_plus(sums.refund, sums.bond), 2)));
    char back[CHAIN_U256_DECIMAL];
    struct chain_u256 sum = market_times(market_plus(sums.refund, sums.bond), 2);
    chain_u256_format(back, &sum);
    struct json_object *paid = json_object_array_get_idx(fixture_member(agreed, "paid"), 0);
    assert_string_equal(fixture_text(paid, "wei"), back);
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE,
          dispute_rule(fx->home[GM], &fx->who[GM], id, bad, 1, DISPUTE_PAY, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "decided already: refunded"));
    FAILS(GALEN_ERR_STATE, dispute_open(buyer, lab, id, bad, 1, "again", NULL, INFO));

    /* nothing is left against finalizing: the three good ones are paid, the hospital too */
    OK(purchasing_finalize(buyer, lab, id, true, NULL, INFO));
    market_same_wei(market_balance(market, &buyer->domain.contract), (struct chain_u256){0});
    struct chain_u256 price;
    OK(chain_u256_parse(&price, PRICE, INFO));
    market_same_wei(market_plus(buyers_money(market), price),
                    market_plus(start, market_times(sums.refund, 2)));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < FIXTURE_HOMES; i++)
        assert_string_equal(market_state(fx->home[i], id), "finalized");
}

/* ---- paid, fraud, undecided ------------------------------------------------------------------------------ */

static void every_verdict(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    const uint64_t disputed[] = {0, 1, 2};
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 3, PRICE, &short_terms);
    struct sums sums = sums_of(market, id);
    OK(purchasing_read_chain(buyer, &chain, id, INFO));
    OK(purchasing_load_entries(buyer, &entries, &chain, INFO));

    RECORD_JSON_AUTO opened = NULL;
    OK(dispute_open(buyer, lab, id, disputed, 3, "too good to be true", &opened, INFO));
    const char *warning =
        json_object_get_string(json_object_array_get_idx(fixture_member(opened, "warnings"), 0));
    assert_non_null(strstr(warning, "entries 0 to 2 passed every check here"));
    assert_int_equal(fixture_settle(fx), 0);
    rule(market, GM, id, 0, DISPUTE_PAY);
    rule(market, RM, id, 0, DISPUTE_PAY);
    rule(market, RM, id, 1, DISPUTE_FRAUD);
    rule(market, GM, id, 2, DISPUTE_REFUND);
    rule(market, RM, id, 2, DISPUTE_FRAUD);
    struct chain_u256 before = buyers_money(market);
    rule(market, GM, id, 1, DISPUTE_FRAUD);
    market_same_wei(buyers_money(market), market_plus(before, market_plus(sums.refund, sums.bond)));

    /* the others are paid in time, whatever is in dispute */
    FAILS(GALEN_ERR_STATE, purchasing_claim(buyer, lab, id, 0, NULL, INFO));
    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(buyer, lab, id, true, &finalized, INFO));
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), 2);
    assert_string_equal(fixture_text(finalized, "state"), "disputed");
    market_same_wei(market_balance(market, &entries.items[3].payout), sums.part);
    RECORD_JSON_AUTO again = NULL;
    OK(purchasing_finalize(buyer, lab, id, true, &again, INFO));
    assert_false(json_object_object_get_ex(again, "tx", NULL));

    /* ruled to be paid: with the buyer's bond, by anyone */
    RECORD_JSON_AUTO claimed = NULL;
    OK(purchasing_claim(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, 0, &claimed, INFO));
    assert_non_null(strstr(fixture_text(claimed, "note"), "dispute bond goes with it"));
    market_same_wei(market_balance(market, &entries.items[0].payout),
                    market_plus(sums.part, sums.bond));
    FAILS(GALEN_ERR_STATE, purchasing_claim(buyer, lab, id, 1, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "settled: fraud"));
    FAILS(GALEN_ERR_STATE, purchasing_claim(buyer, lab, id, 2, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->hint, "without a ruling"));
    FAILS(GALEN_ERR_STATE, dispute_forget(fx->home[GM], id, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);

    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(fx->home[PATIENT], id, &shown, INFO));
    struct json_object *counts = fixture_member(shown, "entries");
    assert_int_equal(fixture_number(counts, "paid"), 3);
    assert_int_equal(fixture_number(counts, "fraud"), 1);
    assert_int_equal(fixture_number(counts, "disputed"), 1);

    /* they never agreed: from ruleBy on it is paid, and the bond comes back */
    fixture_pass_time(fx, 3600 + 7200 + 10);
    assert_string_equal(market_state(buyer, id), "finalized");
    FAILS(GALEN_ERR_STATE,
          dispute_rule(fx->home[GM], &fx->who[GM], id, &disputed[2], 1, DISPUTE_FRAUD, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "could be ruled until"));
    RECORD_JSON_AUTO over = NULL;
    OK(dispute_list(fx->home[GM], &over, INFO));
    assert_string_equal(fixture_text(json_object_array_get_idx(over, 0), "needs"),
                        "not ruled in time: anyone may claim");
    before = buyers_money(market);
    RECORD_JSON_AUTO unruled = NULL;
    OK(purchasing_claim(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, 2, &unruled, INFO));
    struct json_object *paid = fixture_member(unruled, "paid");
    assert_int_equal(json_object_array_length(paid), 3); /* patient, buyer's bond, hospital */
    assert_string_equal(fixture_text(json_object_array_get_idx(paid, 1), "as"), "buyer");
    assert_string_equal(fixture_text(json_object_array_get_idx(paid, 2), "as"), "hospital");
    market_same_wei(market_balance(market, &entries.items[2].payout), sums.part);
    market_same_wei(buyers_money(market), market_plus(before, sums.bond));
    market_same_wei(market_balance(market, &buyer->domain.contract), (struct chain_u256){0});
    RECORD_JSON_AUTO list = NULL;
    OK(dispute_list(fx->home[GM], &list, INFO));
    assert_int_equal(json_object_array_length(list), 0);
}

/* ---- all at once, and too late ------------------------------------------------------------------------------ */

static void all_of_it(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    struct chain_address other;
    market_forget_sales(market);
    uint64_t id = market_request(market, 3, PRICE, &short_terms);
    FAILS(GALEN_ERR_STATE, dispute_open(buyer, lab, id, NULL, 0, "early", NULL, INFO));
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    json_object_put(market_deliver(market, id));
    FAILS(GALEN_ERR_STATE, dispute_show(fx->home[GM], id, NULL, INFO));
    struct sums sums = sums_of(market, id);
    struct chain_u256 before = buyers_money(market);

    struct workflow *stranger = fixture_extra_home(fx, "other-lab", "buyer", &other);
    json_object_put(fixture_sync(stranger));
    FAILS(GALEN_ERR_STATE, dispute_open(stranger, &other, id, NULL, 0, "not mine", NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "another buyer's"));
    workflow_close(&stranger);

    RECORD_JSON_AUTO opened = NULL;
    OK(dispute_open(buyer, lab, id, NULL, 0, "nothing can be used", &opened, INFO));
    struct json_object *txs = fixture_member(opened, "txs");
    assert_int_equal(json_object_array_length(txs), 1);
    assert_string_equal(fixture_text(json_object_array_get_idx(txs, 0), "operation"), "finalize");
    market_same_wei(market_plus(buyers_money(market), market_times(sums.bond, RECORDS)), before);
    assert_int_equal(fixture_settle(fx), 0);

    /* again: no transaction, only the evidence */
    int64_t messages = fixture_count(fx->home[GM], "SELECT count(*) FROM inbox");
    RECORD_JSON_AUTO again = NULL;
    OK(dispute_open(buyer, lab, id, NULL, 0, "nothing can be used, really", &again, INFO));
    assert_int_equal(json_object_array_length(fixture_member(again, "txs")), 0);
    assert_int_equal(json_object_array_length(fixture_member(again, "disputedBefore")), RECORDS);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM inbox"), messages + 1);
    RECORD_JSON_AUTO shown = NULL;
    OK(dispute_show(fx->home[GM], id, &shown, INFO));
    assert_string_equal(fixture_text(entry_at(shown, 4), "reason"), "nothing can be used, really");

    /* nothing can be pushed: finalizing only ends the verification */
    bool passed = false;
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(buyer, lab, id, true, &finalized, INFO));
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), 0);
    assert_int_equal(fixture_number(finalized, "unclaimed"), RECORDS);
    rule(market, GM, id, 3, DISPUTE_PAY);
    OK(dispute_rule(fx->home[RM], &fx->who[RM], id, NULL, 0, DISPUTE_PAY, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, NULL, 0, DISPUTE_PAY, NULL, INFO));
    for (uint64_t i = 0; i < RECORDS; i++)
        OK(purchasing_claim(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, i, NULL, INFO));
    market_same_wei(market_balance(market, &buyer->domain.contract), (struct chain_u256){0});
}

static void too_late(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    uint64_t one = 1;
    uint64_t id = bad_delivery(market);
    bool passed = true;
    json_object_put(market_verify(market, id, &passed));
    assert_false(passed);
    fixture_pass_time(fx, 3601);
    FAILS(GALEN_ERR_STATE, dispute_open(buyer, &fx->who[BUYER], id, &one, 1, "late", NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "could be disputed until"));
    OK(purchasing_expire(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    FAILS(GALEN_ERR_STATE, dispute_open(buyer, &fx->who[BUYER], id, &one, 1, "later", NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "is finalized"));
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    market_same_wei(market_balance(market, &buyer->domain.contract), (struct chain_u256){0});
}

/* It is the buyer's money: what failed can be paid for all the same. */
static void paid_anyway(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    bool passed = true;
    uint64_t id = bad_delivery(market);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "not been verified"));
    json_object_put(market_verify(market, id, &passed));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->hint, "--anyway"));
    FAILS(GALEN_ERR_STATE,
          purchasing_finalize_anyway(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    RECORD_JSON_AUTO paid = NULL;
    OK(purchasing_finalize_anyway(buyer, &fx->who[BUYER], id, &paid, INFO));
    assert_int_equal(json_object_array_length(fixture_member(paid, "paid")), RECORDS + 1);
    assert_int_equal(fixture_settle(fx), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seller_loses), cmocka_unit_test(every_verdict),
        cmocka_unit_test(all_of_it),      cmocka_unit_test(too_late),
        cmocka_unit_test(paid_anyway),
    };
    return cmocka_run_group_tests_name("dispute", tests, set_up, market_tear_down);
}
