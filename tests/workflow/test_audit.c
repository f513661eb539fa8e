/* An audit by anyone: it passes where all is well, and every single thing that is not is a row. */
#include "forge.h"
#include "fraud_stage.h"

#include <string.h>

#define PRICE "1000000000000000000"

static uint64_t request; /* delivered; entry 0 ruled fraud and opened, 1 refund, 2 pay */

static void rule(struct market *market, uint64_t index, uint8_t verdict)
{
    fraud_dispute(market, request, index);
    fraud_vote(market, GM, request, index, verdict);
    fraud_vote(market, RM, request, index, verdict);
}

static void open_first(struct market *market)
{
    struct fixture *fx = market->fx;
    char id[65];
    fraud_ask(market, request, 0, id);
    for (int i = 0; i < 2; i++) {
        fraud_agree(market, i == 0 ? GM : RM, id);
        assert_int_equal(fixture_settle(fx), 0);
    }
    assert_string_equal(fraud_state(market, BUYER, id), "opened");
    stage_reveal(fx, id);
    const struct revocation_options options = {.opening_id = id, .reason = "fraud"};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &options, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
}

static int set_up(void **state)
{
    const struct purchasing_terms terms = {.rule_window_s = 30 * MARKET_DAY_S};
    if (market_set_up(state, MARKET_PATIENTS) != 0)
        return -1;
    struct market *market = *state;
    stage_commit_registry(market->fx);
    request = market_delivered(market, 2, PRICE, &terms);
    rule(market, 0, DISPUTE_FRAUD);
    rule(market, 1, DISPUTE_REFUND);
    rule(market, 2, DISPUTE_PAY);
    open_first(market);
    return fixture_settle(market->fx) == 0 ? 0 : -1;
}

/* ---- rows ------------------------------------------------------------------------------------------- */

/* The row whose name begins so; NULL: none. */
static struct json_object *find_row(struct json_object *audit, const char *name)
{
    struct json_object *checks = fixture_member(audit, "checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strncmp(fixture_text(row, "check"), name, strlen(name)) == 0)
            return row;
    }
    return NULL;
}

static struct json_object *audit(struct workflow *wf, bool *passed)
{
    struct json_object *made = NULL;
    OK(group_audit(wf, passed, &made, INFO));
    assert_int_equal(json_object_get_boolean(fixture_member(made, "passed")), *passed);
    return made;
}

/* Everything passes. json_object_put. */
static struct json_object *all_well(struct workflow *wf)
{
    bool passed = false;
    struct json_object *made = audit(wf, &passed);
    if (!passed)
        fail_msg("%s", json_object_to_json_string(made));
    return made;
}

/* This row alone fails, with these words. */
static void only_fails(struct workflow *wf, const char *name, const char *words)
{
    bool passed = true;
    RECORD_JSON_AUTO made = audit(wf, &passed);
    struct json_object *checks = fixture_member(made, "checks");
    assert_false(passed);
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        bool is_it = strcmp(fixture_text(row, "check"), name) == 0;
        if (json_object_get_boolean(fixture_member(row, "passed")) == is_it)
            fail_msg("%s: %s", name, json_object_to_json_string(row));
        if (is_it && strstr(fixture_text(row, "detail"), words) == NULL)
            fail_msg("'%s' is not in '%s'", words, fixture_text(row, "detail"));
    }
}

/* One change to a home's database, that audit must see, and back. */
static void sees(struct workflow *wf, const char *change, const char *back, const char *name,
                 const char *words)
{
    OK(db_run(wf->db, INFO, change));
    if (db_changes(wf->db) == 0)
        fail_msg("nothing changed: %s", change);
    only_fails(wf, name, words);
    OK(db_run(wf->db, INFO, back));
    json_object_put(all_well(wf));
}

/* ---- all is well -------------------------------------------------------------------------------------- */

static void anyone_may_look(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    static const char *const rows[] = {"contract",          "events",
                                       "managers",          "group key 1",
                                       "registry of key 1", "revocation list 1",
                                       "list in force",     "rulings of request",
                                       "opening "};
    for (int home = 0; home < FIXTURE_HOMES; home++) {
        RECORD_JSON_AUTO made = all_well(fx->home[home]);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (find_row(made, rows[i]) == NULL)
                fail_msg("home %d has no row '%s'", home, rows[i]);
        assert_int_equal(find_row(made, "members of key 1") != NULL, home == GM || home == RM);
    }
    /* and needs none of the home's keys */
    static const enum fixture_home locked[] = {HOSPITAL, BUYER, RM};
    for (int i = 0; i < 3; i++) {
        struct workflow *wf = fx->home[locked[i]];
        struct seal_keystore *keys = wf->keys;
        wf->keys = NULL;
        json_object_put(all_well(wf));
        wf->keys = keys;
    }
    /* names nobody */
    RECORD_JSON_AUTO named = all_well(fx->home[GM]);
    assert_null(strstr(json_object_to_json_string(named), "licence"));
}

/* ---- what a home was told that is not so --------------------------------------------------------------- */

static void what_events_did_not_say(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[HOSPITAL];
    char name[48];
    snprintf(name, sizeof name, "rulings of request %llu", (unsigned long long)request);
    sees(wf, "UPDATE entry SET status = 5 WHERE status = 4",
         "UPDATE entry SET status = 4 WHERE status = 5 AND position = 1", name,
         "was told to be fraud");
    /* a manager who never was */
    struct chain_address rm = market->fx->who[RM];
    OK(db_run(wf->db, INFO, "UPDATE manager_term SET manager = zeroblob(20) WHERE office = 'rm'"));
    bool passed = true;
    RECORD_JSON_AUTO made = audit(wf, &passed);
    assert_false(passed);
    struct json_object *row = find_row(made, "managers");
    assert_false(json_object_get_boolean(fixture_member(row, "passed")));
    /* and to whom the heads and lists of that time are no longer signed */
    row = find_row(made, "registry of key 1");
    assert_false(json_object_get_boolean(fixture_member(row, "passed")));
    row = find_row(made, "revocation list 1");
    assert_false(json_object_get_boolean(fixture_member(row, "passed")));
    OK(db_run(wf->db, INFO, "UPDATE manager_term SET manager = ? WHERE office = 'rm'",
              DB_BLOB(rm.bytes, 20)));
    json_object_put(all_well(wf));
}

static void an_opening_of_something_else(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[HOSPITAL];
    char name[48];
    snprintf(name, sizeof name, "opening %llu/1", (unsigned long long)request);
    sees(wf, "UPDATE opening_onchain SET position = 1", "UPDATE opening_onchain SET position = 0",
         name, "nobody has asked");
}

static void what_a_manager_keeps(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    sees(fx->home[GM], "UPDATE member SET joined_at = joined_at + 1",
         "UPDATE member SET joined_at = joined_at - 1", "members of key 1, the GM's copy",
         "is not that of these rows");
    sees(fx->home[RM],
         "UPDATE registry_row SET content = replace(content, 'DE-', 'XX-') WHERE position = 1",
         "UPDATE registry_row SET content = replace(content, 'XX-', 'DE-') WHERE position = 1",
         "members of key 1, the RM's copy", "row 1");
    /* a row that went, and came back */
    OK(db_run(fx->home[RM]->db, INFO, "CREATE TABLE kept AS SELECT * FROM registry_row"));
    sees(fx->home[RM],
         "DELETE FROM registry_row WHERE position = (SELECT max(position) FROM registry_row)",
         "INSERT OR IGNORE INTO registry_row SELECT * FROM kept", "members of key 1, the RM's copy",
         "are committed");
    OK(db_run(fx->home[RM]->db, INFO, "DROP TABLE kept"));
}

/* ---- what the managers did ------------------------------------------------------------------------------- */

static void set_list(struct market *market, const uint8_t cid[32])
{
    BASE_BUF_AUTO data = {0};
    OK(datahub_encode_set_revocation_list(&data, cid, INFO));
    market_call(market->fx->home[RM], &market->fx->who[RM], "setRevocationList", &data, NULL);
    assert_int_equal(fixture_settle(market->fx), 0);
}

/* The Revocation Manager alone names a block that the other has not signed. */
static void a_list_of_one_manager(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[HOSPITAL];
    RECORD_JSON_AUTO json = NULL;
    BASE_BUF_AUTO good = {0};
    BASE_BUF_AUTO text = {0};
    struct json_object *signatures = NULL;
    uint8_t first[32], cid[32];
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, wf->db, INFO, "SELECT cid FROM revocation_list WHERE version = 1"));
        OK(db_next(&rows, &found, INFO));
        OK(db_bytes(&rows, 0, first, 32, INFO));
    }
    /* the block of the list is gone: nobody can say who is on it */
    OK(store_get(&good, wf->store, first, INFO));
    OK(store_remove(wf->store, first, INFO));
    bool passed = true;
    RECORD_JSON_AUTO gone = audit(wf, &passed);
    assert_false(passed);
    assert_false(
        json_object_get_boolean(fixture_member(find_row(gone, "revocation list 1"), "passed")));
    assert_false(
        json_object_get_boolean(fixture_member(find_row(gone, "list in force"), "passed")));
    OK(store_put(NULL, wf->store, good.data, good.len, INFO));
    json_object_put(all_well(wf));

    /* a second one, which only RM wanted */
    OK(record_json_parse(&json, (const char *)good.data, good.len, STORE_BLOCK_MAX, INFO));
    OK(workflow_set_int(json, "version", 2, INFO));
    OK(record_json_set_hex(json, "prev", first, 32, INFO));
    assert_true(json_object_object_get_ex(json, "signatures", &signatures));
    OK(record_json_jcs(&text, json, INFO));
    OK(store_put(cid, wf->store, text.data, text.len, INFO));
    set_list(market, cid);
    RECORD_JSON_AUTO alone = audit(wf, &passed);
    assert_false(passed);
    struct json_object *row = find_row(alone, "revocation list 2");
    assert_false(json_object_get_boolean(fixture_member(row, "passed")));
    assert_non_null(strstr(fixture_text(row, "detail"), "both managers in office"));
    assert_true(
        json_object_get_boolean(fixture_member(find_row(alone, "revocation list 1"), "passed")));
}

/* A chain that cannot be asked is no audit that passed. */
static void without_a_chain(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[BUYER];
    bool passed = true;
    node_chain_stop(&market->fx->chain);
    struct json_object *made = NULL;
    enum galen_err err = group_audit(wf, &passed, &made, INFO);
    assert_true(err != GALEN_OK || !passed);
    json_object_put(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anyone_may_look),
        cmocka_unit_test(what_events_did_not_say),
        cmocka_unit_test(an_opening_of_something_else),
        cmocka_unit_test(what_a_manager_keeps),
        cmocka_unit_test(a_list_of_one_manager),
        cmocka_unit_test(without_a_chain),
    };
    return cmocka_run_group_tests_name("audit", tests, set_up, market_tear_down);
}
