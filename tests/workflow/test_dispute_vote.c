/* Managers' nodes that vote by themselves: on what, when, and on what a buyer cannot make them. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000003"

enum { VERIFY_S = 3600, RULE_S = 7200 };
static const struct purchasing_terms terms = {
    .max_records = 5,
    .reply_window_s = 3600,
    .deliver_window_s = 8000,
    .verify_window_s = VERIFY_S,
    .rule_window_s = RULE_S,
};

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static void vote_by_themselves(struct market *market, bool they_do)
{
    market->fx->home[GM]->votes_by_itself = they_do;
    market->fx->home[RM]->votes_by_itself = they_do;
}

static uint64_t delivered(struct market *market)
{
    vote_by_themselves(market, true);
    market_forget_sales(market);
    return market_delivered(market, 3, PRICE, &terms);
}

/* The buyer says that its checks of this entry failed. */
static void claim_fault(struct market *market, uint64_t id, uint64_t index)
{
    OK(db_run(market->fx->home[BUYER]->db, INFO,
              "INSERT OR REPLACE INTO entry_fault VALUES (?, ?, 'dispute')", DB_INT(id),
              DB_INT(index)));
}

static void dispute(struct market *market, uint64_t id, uint64_t index)
{
    struct fixture *fx = market->fx;
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &index, 1, "no good", NULL, INFO));
}

/* Disputed, and the buyer's evidence kept back. */
static void dispute_in_silence(struct market *market, uint64_t id, uint64_t index)
{
    dispute(market, id, index);
    OK(db_run(market->fx->home[BUYER]->db, INFO,
              "DELETE FROM outbox WHERE kind = 'dispute-evidence'"));
}

static struct dispute_entry entry_of(struct market *market, uint64_t id, uint64_t index)
{
    struct dispute_entry entry;
    OK(dispute_read_entry(market->fx->home[BUYER], &entry, id, index, INFO));
    return entry;
}

static void stands(struct market *market, uint64_t id, uint64_t index, enum dispute_status status,
                   enum dispute_verdict gm, enum dispute_verdict rm)
{
    struct dispute_entry entry = entry_of(market, id, index);
    if (entry.status != status || entry.gm_vote != gm || entry.rm_vote != rm)
        fail_msg("entry %llu is %s, votes %s and %s", (unsigned long long)index,
                 dispute_status_name(entry.status), dispute_verdict_name(entry.gm_vote),
                 dispute_verdict_name(entry.rm_vote));
}

static void undecided(struct market *market, uint64_t id, uint64_t index)
{
    stands(market, id, index, DISPUTE_DISPUTED, DISPUTE_NONE, DISPUTE_NONE);
}

static void settle(struct market *market)
{
    assert_int_equal(fixture_settle(market->fx), 0);
}

static void pass(struct market *market, int64_t seconds)
{
    fixture_pass_time(market->fx, seconds);
    settle(market);
}

static int64_t told(struct market *market, enum fixture_home home, const char *kind, uint64_t id)
{
    int64_t n = 0;
    char subject[24];
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)id);
    OK(db_get_int(market->fx->home[home]->db, &n, 0, INFO,
                  "SELECT count(*) FROM notification WHERE kind = ? AND subject = ?", DB_TEXT(kind),
                  DB_TEXT(subject)));
    return n;
}

/* What a manager's home has written down about an entry: {verdict, why, checks, at}. */
static struct json_object *log_of(struct market *market, enum fixture_home home, uint64_t id,
                                  uint64_t index)
{
    RECORD_JSON_AUTO shown = NULL;
    struct json_object *copy = NULL;
    OK(dispute_show(market->fx->home[home], id, &shown, INFO));
    struct json_object *entries = fixture_member(shown, "entries");
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        struct json_object *row = json_object_array_get_idx(entries, i);
        if (fixture_number(row, "index") == (int64_t)index)
            OK(record_json_copy(&copy, fixture_member(row, "automatic"), INFO));
    }
    assert_non_null(copy);
    return copy;
}

static void log_says(struct market *market, enum fixture_home home, uint64_t id, uint64_t index,
                     const char *verdict, const char *words)
{
    RECORD_JSON_AUTO log = log_of(market, home, id, index);
    assert_string_equal(fixture_text(log, "verdict"), verdict);
    if (strstr(fixture_text(log, "why"), words) == NULL)
        fail_msg("'%s' is not in '%s'", words, fixture_text(log, "why"));
    assert_true(json_object_array_length(fixture_member(log, "checks")) > 5);
}

/* ---- the verdicts ------------------------------------------------------------------------------------- */

static void only_where_it_is_wanted(void **state)
{
    struct market *market = *state;
    uint64_t id = delivered(market);
    vote_by_themselves(market, false);
    claim_fault(market, id, 0);
    dispute(market, id, 0);
    settle(market);
    undecided(market, id, 0);
    assert_int_equal(fixture_count(market->fx->home[GM], "SELECT count(*) FROM dispute_vote"), 0);
}

static void good_entries_are_paid(void **state)
{
    struct market *market = *state;
    uint64_t id = delivered(market);
    claim_fault(market, id, 1);
    dispute(market, id, 1);
    settle(market);
    stands(market, id, 1, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);
    log_says(market, GM, id, 1, "pay", "every check passes");
    log_says(market, RM, id, 1, "pay", "every check passes");
    assert_int_equal(told(market, GM, "dispute-voted", id), 1);
}

/* Whether values are true no machine can tell, and never says fraud. */
static void values_are_a_persons(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const uint64_t two = 2;
    uint64_t id = delivered(market);
    dispute(market, id, 2);
    settle(market);
    pass(market, VERIFY_S + RULE_S / 2 + RULE_S / 4);
    undecided(market, id, 2);
    log_says(market, GM, id, 2, "none", "a person's");
    assert_int_equal(told(market, GM, "dispute-yours", id), 1);
    assert_int_equal(told(market, RM, "dispute-yours", id), 1);
    /* the person's word stands, whatever the node might think */
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, &two, 1, DISPUTE_FRAUD, NULL, INFO));
    settle(market);
    stands(market, id, 2, DISPUTE_DISPUTED, DISPUTE_FRAUD, DISPUTE_NONE);
}

/* A person who was first, with another verdict than the node's would have been. */
static void a_persons_vote_is_left_alone(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const uint64_t one = 1;
    uint64_t id = delivered(market);
    vote_by_themselves(market, false);
    claim_fault(market, id, 1);
    dispute(market, id, 1);
    settle(market);
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, &one, 1, DISPUTE_REFUND, NULL, INFO));
    vote_by_themselves(market, true);
    settle(market);
    stands(market, id, 1, DISPUTE_DISPUTED, DISPUTE_REFUND, DISPUTE_PAY);
    /* and may still be changed by hand */
    OK(dispute_rule(fx->home[RM], &fx->who[RM], id, &one, 1, DISPUTE_REFUND, NULL, INFO));
    settle(market);
    stands(market, id, 1, DISPUTE_REFUNDED, DISPUTE_REFUND, DISPUTE_REFUND);
}

enum { LEFT_OUT, WRONG_EK };    /* by patient */
static uint64_t place[RECORDS]; /* where each patient's entry is */

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

/* One bundle lacks what was asked for, of another the manifest has a key that is not its own. */
static void a_seller_at_fault_loses(void **state)
{
    struct market *market = *state;
    bool passed = true;
    vote_by_themselves(market, true);
    market_forget_sales(market);
    uint64_t id = market_request(market, 3, PRICE, &terms);
    market_reply_and_ask(market, id);
    forge_consent_but(market, id, LEFT_OUT);
    RECORD_JSON_AUTO answer = market_answer(market, id, LEFT_OUT, 0);
    RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
    forge_leave_unit_out(market, answer, bundle);
    forge_bundle(market, id, bundle, answer);
    forge_sign(market, LEFT_OUT, id, answer);
    forge_send(market, LEFT_OUT, answer);
    settle(market);
    forge_deliver(market, id, swap_ek);
    json_object_put(market_verify(market, id, &passed));
    assert_false(passed);
    dispute(market, id, place[LEFT_OUT]);
    dispute(market, id, place[WRONG_EK]);
    settle(market);

    stands(market, id, place[LEFT_OUT], DISPUTE_REFUNDED, DISPUTE_REFUND, DISPUTE_REFUND);
    log_says(market, RM, id, place[LEFT_OUT], "refund", "template");
    /* its key may still come, until half the ruling window */
    undecided(market, id, place[WRONG_EK]);
    log_says(market, GM, id, place[WRONG_EK], "none", "bundle digest");
    assert_int_equal(told(market, GM, "dispute-missing", id), 1);
    pass(market, VERIFY_S + RULE_S / 2 - 300);
    undecided(market, id, place[WRONG_EK]);
    pass(market, 360);
    stands(market, id, place[WRONG_EK], DISPUTE_REFUNDED, DISPUTE_REFUND, DISPUTE_REFUND);
    log_says(market, GM, id, place[WRONG_EK], "refund", "not to be had");
}

/* ---- what a buyer may try ----------------------------------------------------------------------------- */

static void a_buyer_that_gives_no_key_gains_nothing(void **state)
{
    struct market *market = *state;
    uint64_t id = delivered(market);
    claim_fault(market, id, 0);
    dispute_in_silence(market, id, 0);
    settle(market);
    pass(market, VERIFY_S + RULE_S / 2 + RULE_S / 4);
    undecided(market, id, 0);
    log_says(market, GM, id, 0, "none", "not given the key");
}

/* Evidence as no honest client makes it: another entry's EK for this one. */
static void give_false_ek(struct market *market, uint64_t id, uint64_t index, uint64_t other,
                          struct purchasing_row *row)
{
    struct fixture *fx = market->fx;
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    BASE_SECRET_AUTO key = {0};
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO jwk = NULL;
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO given = NULL;
    OK(purchasing_read_row(fx->home[BUYER], row, id, INFO));
    OK(purchasing_read_manifest(fx->home[BUYER], &manifest, id, row->manifest_cid, INFO));
    OK(dispute_load_key(fx->home[BUYER], &key, row->template_hash, INFO));
    OK(workflow_object(&given, INFO));
    OK(workflow_set_int(given, "index", (int64_t)index, INFO));
    OK(workflow_set_cid(given, "bundleCid", manifest.rows[index].bundle_cid, INFO));
    OK(workflow_set_text(given, "ek", manifest.rows[other].ek, INFO));
    OK(workflow_set_bool(given, "failed", true, INFO));
    OK(workflow_array(&list, INFO));
    OK(workflow_push(list, &given, INFO));
    OK(record_json_parse(&jwk, (const char *)key.data, key.len, key.len, INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", DISPUTE_EVIDENCE_TYPE, INFO));
    OK(workflow_set_int(body, "requestId", (int64_t)id, INFO));
    OK(workflow_set_object(body, "buyerKey", &jwk, INFO));
    OK(workflow_set_text(body, "reason", "cannot be read", INFO));
    OK(workflow_set_object(body, "entries", &list, INFO));
    for (int i = 0; i < 2; i++) {
        uint8_t message_id[32];
        OK(record_json_hash(message_id, body, INFO));
        OK(message_send(fx->home[BUYER], &fx->who[BUYER], &fx->who[i == 0 ? GM : RM],
                        MESSAGE_DISPUTE_EVIDENCE, message_id, body, INFO));
    }
}

static void a_false_ek_does_not_count(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct purchasing_row row;
    uint64_t id = delivered(market);
    dispute_in_silence(market, id, 0);
    give_false_ek(market, id, 0, 1, &row);
    settle(market);
    stands(market, id, 0, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);

    /* while the manifest, which has the right one, cannot be had: nothing, and then the truth */
    dispute_in_silence(market, id, 1);
    BASE_BUF_AUTO block = {0};
    give_false_ek(market, id, 1, 0, &row);
    OK(store_get(&block, fx->home[GM]->store, row.manifest_cid, INFO));
    OK(store_remove(fx->home[GM]->store, row.manifest_cid, INFO));
    settle(market);
    undecided(market, id, 1);
    OK(store_put(NULL, fx->home[GM]->store, block.data, block.len, INFO));
    pass(market, 120);
    stands(market, id, 1, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);
}

/* ---- what cannot be had -------------------------------------------------------------------------------- */

static void take_block(struct market *market, uint64_t id, uint64_t index, struct base_buf *block)
{
    struct workflow *gm = market->fx->home[GM];
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    struct purchasing_row row;
    OK(purchasing_read_row(gm, &row, id, INFO));
    OK(purchasing_read_manifest(gm, &manifest, id, row.manifest_cid, INFO));
    OK(store_get(block, gm->store, manifest.rows[index].bundle_cid, INFO));
    OK(store_remove(gm->store, manifest.rows[index].bundle_cid, INFO));
}

/* A store that is out refunds nobody before half the window, and nobody at once after it. */
static void an_outage_is_no_refund(void **state)
{
    struct market *market = *state;
    BASE_BUF_AUTO block = {0};
    uint64_t id = delivered(market);
    claim_fault(market, id, 0);
    claim_fault(market, id, 1);
    take_block(market, id, 0, &block);
    dispute(market, id, 0);
    settle(market);
    undecided(market, id, 0);
    pass(market, VERIFY_S / 2);
    undecided(market, id, 0);
    OK(store_put(NULL, market->fx->home[GM]->store, block.data, block.len, INFO));
    pass(market, 120);
    stands(market, id, 0, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);

    /* the nodes were away until half the window was over: they look for a while first */
    vote_by_themselves(market, false);
    block.len = 0;
    dispute(market, id, 1);
    settle(market);
    take_block(market, id, 1, &block);
    pass(market, VERIFY_S / 2 + RULE_S / 2 + 60);
    vote_by_themselves(market, true);
    settle(market);
    undecided(market, id, 1);
    log_says(market, GM, id, 1, "none", "looked for");
    pass(market, RULE_S / 16 / 2);
    undecided(market, id, 1);
    pass(market, RULE_S / 16);
    stands(market, id, 1, DISPUTE_REFUNDED, DISPUTE_REFUND, DISPUTE_REFUND);
    OK(store_put(NULL, market->fx->home[GM]->store, block.data, block.len, INFO));
}

/* Without the list nobody can say whether a doctor was on it: that is not the seller's fault. */
static void what_the_managers_owe_blames_no_seller(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const enum fixture_home homes[] = {GM, RM};
    uint64_t id = delivered(market);
    for (int i = 0; i < 2; i++)
        OK(db_run(fx->home[homes[i]]->db, INFO,
                  "UPDATE group_key SET compromised = 1 WHERE version = 1"));
    claim_fault(market, id, 3);
    dispute(market, id, 3);
    settle(market);
    undecided(market, id, 3);
    log_says(market, GM, id, 3, "none", "cannot judge group signature");
    assert_int_equal(told(market, GM, "dispute-yours", id), 1);
    for (int i = 0; i < 2; i++)
        OK(db_run(fx->home[homes[i]]->db, INFO, "UPDATE group_key SET compromised = 0"));
    pass(market, 120);
    stands(market, id, 3, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);
}

/* ---- after a crash --------------------------------------------------------------------------------------- */

/* Written down and not sent: what is sent afterwards is what was written, though a look would now
 * say something else; and it is sent once. */
static void what_was_decided_is_what_is_sent(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const char rules[] = "SELECT count(*) FROM tx WHERE operation = 'rule'";
    uint64_t id = delivered(market);
    vote_by_themselves(market, false);
    claim_fault(market, id, 4);
    dispute(market, id, 4);
    settle(market);
    fx->home[GM]->votes_by_itself = true;
    OK(db_run(fx->home[GM]->db, INFO,
              "INSERT INTO dispute_vote SELECT ?, request_id, position, bundle_digest, 2, x'00',"
              " NULL, 0, 0 FROM entry WHERE request_id = ? AND position = 4",
              DB_BLOB(fx->who[GM].bytes, 20), DB_INT(id)));
    int64_t before = fixture_count(fx->home[GM], rules);
    settle(market);
    stands(market, id, 4, DISPUTE_DISPUTED, DISPUTE_REFUND, DISPUTE_NONE);
    settle(market);
    fixture_restart(fx, GM);
    fx->home[GM]->votes_by_itself = true;
    pass(market, 120);
    assert_int_equal(fixture_count(fx->home[GM], rules), before + 1);

    /* of another entry under the same number, as after a reorganisation, it says nothing */
    vote_by_themselves(market, false);
    claim_fault(market, id, 3);
    dispute(market, id, 3);
    settle(market);
    OK(db_run(fx->home[GM]->db, INFO,
              "INSERT INTO dispute_vote SELECT ?, request_id, position, zeroblob(32), 2, x'00',"
              " NULL, 0, 0 FROM entry WHERE request_id = ? AND position = 3",
              DB_BLOB(fx->who[GM].bytes, 20), DB_INT(id)));
    vote_by_themselves(market, true);
    settle(market);
    stands(market, id, 3, DISPUTE_RULED_PAY, DISPUTE_PAY, DISPUTE_PAY);
}

/* From ruleBy on nothing is voted. */
static void time_is_up(void **state)
{
    struct market *market = *state;
    uint64_t id = delivered(market);
    vote_by_themselves(market, false);
    claim_fault(market, id, 0);
    dispute(market, id, 0);
    settle(market);
    fixture_pass_time(market->fx, VERIFY_S + RULE_S);
    vote_by_themselves(market, true);
    settle(market);
    undecided(market, id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_where_it_is_wanted),
        cmocka_unit_test(good_entries_are_paid),
        cmocka_unit_test(values_are_a_persons),
        cmocka_unit_test(a_persons_vote_is_left_alone),
        cmocka_unit_test(a_seller_at_fault_loses),
        cmocka_unit_test(a_buyer_that_gives_no_key_gains_nothing),
        cmocka_unit_test(a_false_ek_does_not_count),
        cmocka_unit_test(an_outage_is_no_refund),
        cmocka_unit_test(what_the_managers_owe_blames_no_seller),
        cmocka_unit_test(what_was_decided_is_what_is_sent),
        cmocka_unit_test(time_is_up),
    };
    return cmocka_run_group_tests_name("dispute votes", tests, set_up, market_tear_down);
}
