/* Keys that patients keep until they have seen the delivery: who gets them, when, and what becomes
 * of them when somebody cheats. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000003"
#define KEEPER  1 /* the patient that keeps its key */

static const struct purchasing_terms short_terms = {
    .max_records = 5,
    .reply_window_s = 3600,
    .deliver_window_s = 8000,
    .verify_window_s = 7200,
    .rule_window_s = 7200,
};

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- a sale in which one patient keeps its key --------------------------------------------------- */

static uint64_t consented(struct market *market)
{
    struct fixture *fx = market->fx;
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(fx->home[PATIENT], &market->patients[i], id,
                              i == KEEPER ? PURCHASING_ACCEPT_KEEP_KEY : PURCHASING_ACCEPT, NULL,
                              INFO));
    assert_int_equal(fixture_settle(fx), 0);
    return id;
}

static uint64_t delivered_unseen(struct market *market)
{
    struct fixture *fx = market->fx;
    uint64_t id = consented(market);
    OK(purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    json_object_put(fixture_sync(fx->home[BUYER]));
    return id;
}

/* Where the keeper's entry is, by the hospital's events. */
static uint64_t place_of(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO answer = market_answer(market, id, KEEPER, 0);
    uint8_t root[32];
    int64_t place = -1;
    OK(record_json_get_hex(root, 32, answer, "releaseRoot", RECORD_JSON_REQUIRED, "", INFO));
    OK(db_get_int(market->fx->home[HOSPITAL]->db, &place, -1, INFO,
                  "SELECT position FROM entry WHERE request_id = ? AND release_root = ?",
                  DB_INT(id), DB_BLOB(root, 32)));
    assert_true(place >= 0);
    return (uint64_t)place;
}

/* What the keeper's list says of the key; json_object_put. */
static struct json_object *key_of(struct market *market, uint64_t id, const char *state)
{
    RECORD_JSON_AUTO list = NULL;
    struct json_object *key = NULL;
    OK(purchasing_consents(market->fx->home[PATIENT], &market->patients[KEEPER], NULL, &list,
                           INFO));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        if (fixture_number(row, "requestId") == (int64_t)id)
            OK(record_json_copy(&key, fixture_member(row, "key"), INFO));
    }
    assert_non_null(key);
    assert_string_equal(fixture_text(key, "state"), state);
    return key;
}

static void expect_key(struct market *market, uint64_t id, const char *state)
{
    json_object_put(key_of(market, id, state));
}

/* {kept, awaited, by} as the buyer sees it; json_object_put. */
static struct json_object *buyers_keys(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO shown = NULL;
    struct json_object *keys = NULL;
    OK(purchasing_show(market->fx->home[BUYER], id, &shown, INFO));
    OK(record_json_copy(&keys, fixture_member(shown, "keys"), INFO));
    return keys;
}

static int64_t awaited(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO keys = buyers_keys(market, id);
    assert_int_equal(fixture_number(keys, "kept"), 1);
    return fixture_number(keys, "awaited");
}

static int64_t count_of(struct workflow *wf, const char *sql, uint64_t id)
{
    int64_t count = -1;
    OK(db_get_int(wf->db, &count, -1, INFO, sql, DB_INT(id)));
    return count;
}
static const char keys_here[] = "SELECT count(*) FROM late_key WHERE request_id = ?";

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

/* The buyer's verification fails in this entry alone, for want of its key. */
static void expect_key_missing(struct market *market, uint64_t id, uint64_t place)
{
    bool passed = true;
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_false(market_row(verified, (int)place, "key"));
    assert_int_equal(market_failed(verified, (int)place), 1);
    assert_int_equal(fixture_number(verified, "failed"), 1);
    assert_string_equal(fixture_text(entry_at(verified, place), "remedy"), "dispute");
}

/* ---- the happy path, and crashes on it ------------------------------------------------------------ */

/* What the patient's home keeps: the EK, which is nowhere else. */
static struct json_object *kept_answer(struct market *market, uint64_t id)
{
    struct workflow *wf = market->fx->home[PATIENT];
    DB_ROWS_AUTO rows = {0};
    struct json_object *both = NULL;
    bool found = false;
    OK(db_query(&rows, wf->db, INFO,
                "SELECT sealed FROM consent WHERE side = 'patient' AND request_id = ?"
                " AND patient = ?",
                DB_INT(id), DB_BLOB(market->patients[KEEPER].bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(workflow_home_open(wf, &both, db_blob(&rows, 0), INFO));
    return both;
}

static void hospital_has_no_key(struct market *market, uint64_t id)
{
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[HOSPITAL];
    PURCHASING_OFFERS_AUTO offers = {0};
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_read_template(wf, &wanted, NULL, &row, &chain, INFO));
    OK(purchasing_load_offers(wf, &offers, &fx->who[HOSPITAL], id, &wanted, INFO));
    assert_int_equal(offers.n, RECORDS);
    for (size_t i = 0; i < offers.n; i++)
        assert_int_equal(offers.items[i].ek == NULL,
                         chain_address_equal(&offers.items[i].patient, &market->patients[KEEPER]));
}

static void one_keeps_one_leaves(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    bool passed = false;
    market_forget_sales(market);
    uint64_t id = delivered_unseen(market);
    uint64_t place = place_of(market, id);
    hospital_has_no_key(market, id);
    expect_key(market, id, "kept");
    /* once accepted so, it stays so; and a key that went cannot be kept */
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[KEEPER], id, true, NULL, INFO));
    expect_key(market, id, "kept");
    FAILS(GALEN_ERR_STATE, purchasing_consent(fx->home[PATIENT], &market->patients[0], id,
                                              PURCHASING_ACCEPT_KEEP_KEY, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "cannot be taken back"));

    expect_key_missing(market, id, place);
    assert_int_equal(awaited(market, id), 1);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));

    /* the patient's node sees the delivery: the key is on its way by itself */
    assert_int_equal(fixture_settle(fx), 0);
    expect_key(market, id, "sent");
    assert_int_equal(awaited(market, id), 0);
    assert_int_equal(count_of(buyer, keys_here, id), 1);
    assert_int_equal(
        count_of(buyer, "SELECT count(*) FROM request WHERE id = ? AND verified IS NULL", id), 1);
    assert_int_equal(count_of(buyer, "SELECT count(*) FROM entry_fault WHERE request_id = ?", id),
                     0);
    assert_int_equal(fixture_count(fx->home[PATIENT],
                                   "SELECT count(*) FROM notification WHERE kind = 'key-sent'"),
                     1);
    assert_int_equal(
        fixture_count(buyer, "SELECT count(*) FROM notification WHERE kind = 'key-received'"), 1);
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_true(passed);
    assert_true(market_row(verified, (int)place, "bundle digest"));
    assert_true(market_row(verified, (int)place, "decryption"));

    /* a crash between message and row: it is made again, and counts once */
    int64_t passed_on = fixture_count(fx->home[HOSPITAL],
                                      "SELECT count(*) FROM outbox WHERE kind = 'late-ek'");
    OK(db_run(fx->home[PATIENT]->db, INFO,
              "UPDATE consent SET key_state = 'kept' WHERE key_state = 'sent'"));
    assert_int_equal(fixture_settle(fx), 0);
    expect_key(market, id, "sent");
    assert_int_equal(count_of(buyer, keys_here, id), 1);
    assert_int_equal(
        fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM outbox WHERE kind = 'late-ek'"),
        passed_on);
    /* a restart in between changes nothing either */
    fixture_restart(fx, PATIENT);
    fixture_restart(fx, HOSPITAL);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(count_of(buyer, keys_here, id), 1);

    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, &finalized, INFO));
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), RECORDS + 1);
    assert_int_equal(fixture_number(finalized, "unclaimed"), 0);
}

/* ---- a hospital that cheats ------------------------------------------------------------------------ */

static void other_payout(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    for (size_t i = 0; i < offers->n; i++)
        if (chain_address_equal(&offers->items[i].patient, &market->patients[KEEPER]))
            offers->items[i].entry.payout = market->fx->who[HOSPITAL];
}

/* Nothing that the patient signed, and yet the contract would take the payment back. */
static void other_ys(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    for (size_t i = 0; i < offers->n; i++)
        if (chain_address_equal(&offers->items[i].patient, &market->patients[KEEPER]))
            offers->items[i].entry.ys[40] ^= 1;
}

static void without_it(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    size_t kept = 0;
    for (size_t i = 0; i < offers->n; i++) {
        if (chain_address_equal(&offers->items[i].patient, &market->patients[KEEPER]))
            purchasing_offer_clear(&offers->items[i]);
        else
            offers->items[kept++] = offers->items[i];
    }
    offers->n = kept;
}

static void an_altered_entry_gets_no_key(void **state)
{
    static const struct {
        forge_alter *alter;
        const char *field, *check;
    } cases[] = {{other_payout, "payout", "consent"}, {other_ys, "ys", "key"}};
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool passed = true;
        uint64_t id = consented(market);
        forge_deliver(market, id, cases[i].alter);
        uint64_t place = place_of(market, id);
        RECORD_JSON_AUTO key = key_of(market, id, "refused");
        assert_non_null(strstr(fixture_text(key, "reason"), cases[i].field));
        assert_int_equal(fixture_count(fx->home[PATIENT],
                                       "SELECT count(*) FROM notification WHERE kind ="
                                       " 'key-refused'"),
                         i + 1);
        assert_int_equal(count_of(fx->home[BUYER], keys_here, id), 0);
        RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
        assert_false(passed);
        assert_false(market_row(verified, (int)place, cases[i].check));
        assert_string_equal(fixture_text(entry_at(verified, place), "remedy"), "prove-invalid");
        OK(dispute_prove_invalid(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, NULL, INFO));
        /* also in every later round */
        assert_int_equal(fixture_settle(fx), 0);
        expect_key(market, id, "refused");
    }
    uint64_t id = consented(market);
    forge_deliver(market, id, without_it);
    expect_key(market, id, "unused");
}

/* The relay takes the key and keeps it: in a dispute the managers have it from the patient. */
static void a_relay_that_withholds(void **state)
{
    static const enum fixture_home managers[] = {GM, RM};
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = delivered_unseen(market);
    uint64_t place = place_of(market, id);
    json_object_put(fixture_sync(fx->home[PATIENT]));
    expect_key(market, id, "sent");
    fixture_carry(fx, fx->home[PATIENT]);
    OK(db_run(fx->home[HOSPITAL]->db, INFO, "DELETE FROM inbox WHERE state = 'new'"));
    assert_int_equal(fixture_settle(fx), 0);
    expect_key_missing(market, id, place);
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, "no key", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < 2; i++) {
        struct workflow *wf = fx->home[managers[i]];
        RECORD_JSON_AUTO shown = NULL;
        assert_int_equal(count_of(wf, keys_here, id), 1);
        OK(dispute_show(wf, id, &shown, INFO));
        struct json_object *entry = entry_at(shown, place);
        assert_true(json_object_get_boolean(fixture_member(entry, "passed")));
        assert_false(json_object_object_get_ex(entry, "missing", NULL));
        assert_non_null(fixture_member(entry, "values"));
    }
    /* told once, whatever is synced later */
    int64_t told = fixture_count(fx->home[PATIENT],
                                 "SELECT count(*) FROM outbox WHERE kind = 'late-ek'");
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(
        fixture_count(fx->home[PATIENT], "SELECT count(*) FROM outbox WHERE kind = 'late-ek'"),
        told);
    for (int i = 0; i < 2; i++) {
        enum fixture_home who = managers[i];
        OK(dispute_rule(fx->home[who], &fx->who[who], id, &place, 1, DISPUTE_PAY, NULL, INFO));
        assert_int_equal(fixture_settle(fx), 0);
    }
    OK(dispute_forget(fx->home[GM], id, NULL, INFO));
    assert_int_equal(count_of(fx->home[GM], keys_here, id), 0);
    assert_int_equal(count_of(fx->home[RM], keys_here, id), 1);
}

/* ---- a patient that does not send ------------------------------------------------------------------ */

static void a_key_that_comes_too_late(void **state)
{
    static const enum fixture_home managers[] = {GM, RM};
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = delivered_unseen(market);
    uint64_t place = place_of(market, id);
    fixture_pass_time(fx, 3700); /* more than half of the window */
    assert_int_equal(fixture_settle(fx), 0);
    expect_key(market, id, "late");
    expect_key_missing(market, id, place);
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, "no key", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < 2; i++) {
        enum fixture_home who = managers[i];
        RECORD_JSON_AUTO shown = NULL;
        OK(dispute_show(fx->home[who], id, &shown, INFO));
        struct json_object *missing = fixture_member(entry_at(shown, place), "missing");
        assert_string_equal(json_object_get_string(json_object_array_get_idx(missing, 0)), "EK");
        OK(dispute_rule(fx->home[who], &fx->who[who], id, &place, 1, DISPUTE_REFUND, NULL, INFO));
        assert_int_equal(fixture_settle(fx), 0);
    }
    struct dispute_entry entry;
    OK(dispute_read_entry(fx->home[BUYER], &entry, id, place, INFO));
    assert_int_equal(entry.status, DISPUTE_REFUNDED);
    /* the key has never left */
    assert_int_equal(
        count_of(fx->home[BUYER], keys_here, id) + count_of(fx->home[GM], keys_here, id), 0);
}

/* A buyer that has the key gives it to the managers with the rest. */
static void evidence_has_the_key(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    DISPUTE_EVIDENCE_AUTO given = {0};
    bool found = false;
    market_forget_sales(market);
    uint64_t id = delivered_unseen(market);
    uint64_t place = place_of(market, id);
    RECORD_JSON_AUTO kept = kept_answer(market, id);
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, "odd values", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_load_evidence(fx->home[RM], &given, &found, id, place, INFO));
    assert_true(found);
    assert_true(given.has_bundle);
    assert_string_equal(given.ek, fixture_text(kept, "ek"));
}

/* ---- messages that no honest node sends ------------------------------------------------------------- */

struct forgery {
    uint64_t request_id;
    const char *ek;
    const struct chain_key *key;
    const struct chain_address *recipient;
    const char *bundle; /* NULL: none */
};

static void make_body(struct json_object **body, uint8_t id32[32], struct json_object *kept,
                      const struct forgery *forged)
{
    uint8_t cid[32];
    BASE_BUF_AUTO bundle = {0};
    OK(store_cid_parse(cid, fixture_text(fixture_member(kept, "given"), "bundleCid"), INFO));
    if (forged->bundle != NULL)
        assert_int_equal(base_buf_append_text(&bundle, forged->bundle), GALEN_OK);
    OK(purchasing_late_body(body, id32, forged->request_id, cid, forged->ek,
                            forged->bundle != NULL ? &bundle : NULL, INFO));
}

/* Straight to its recipient; how many messages that home then refuses. */
static int64_t refused_at(struct market *market, enum fixture_home home, struct json_object *kept,
                          const struct forgery *forged)
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO json = NULL;
    uint8_t id[32];
    make_body(&body, id, kept, forged);
    OK(message_sign(fx->home[DOCTOR], &json, forged->key, forged->recipient, MESSAGE_LATE_EK, id,
                    body, INFO));
    RECORD_JSON_AUTO mail = fixture_mail(fx->home[DOCTOR], forged->recipient, json);
    OK(workflow_mail_import(fx->home[home], mail, NULL, INFO));
    RECORD_JSON_AUTO summary = fixture_sync(fx->home[home]);
    return fixture_number(summary, "refused");
}

/* To be passed on by the hospital; how many of them it refuses. */
static int64_t refused_by_relay(struct market *market, struct json_object *kept,
                                const struct forgery *forged, bool other_id)
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO json = NULL;
    RECORD_JSON_AUTO relay = NULL;
    uint8_t id[32];
    make_body(&body, id, kept, forged);
    id[0] ^= other_id;
    OK(message_sign(fx->home[DOCTOR], &json, forged->key, forged->recipient, MESSAGE_LATE_EK, id,
                    body, INFO));
    OK(workflow_object(&relay, INFO));
    OK(workflow_set_text(relay, "type", PURCHASING_LATE_EK_RELAY_TYPE, INFO));
    OK(workflow_set_object(relay, "message", &json, INFO));
    OK(message_send_unsigned(fx->home[DOCTOR], &fx->who[DOCTOR], &fx->who[HOSPITAL],
                             MESSAGE_LATE_EK_RELAY, id, relay, INFO));
    fixture_carry(fx, fx->home[DOCTOR]);
    RECORD_JSON_AUTO summary = fixture_sync(fx->home[HOSPITAL]);
    return fixture_number(summary, "refused");
}

static void what_is_not_the_key(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const struct chain_address *buyer = &fx->who[BUYER];
    CHAIN_KEY_AUTO key = {0};
    CHAIN_KEY_AUTO other_key = {0};
    market_forget_sales(market);
    uint64_t before = delivered_unseen(market);
    RECORD_JSON_AUTO kept_before = kept_answer(market, before);
    assert_int_equal(fixture_settle(fx), 0);
    uint64_t id = delivered_unseen(market);
    uint64_t place = place_of(market, id);
    RECORD_JSON_AUTO kept = kept_answer(market, id);
    forge_key(market, KEEPER, fixture_member(kept, "given"), &key);
    RECORD_JSON_AUTO others = market_answer(market, id, 0, 0);
    forge_key(market, 0, others, &other_key);
    const char *ek = fixture_text(kept, "ek");
    const struct forgery good = {id, ek, &key, buyer, NULL};
    const struct forgery forged[] = {
        {id, fixture_text(kept_before, "ek"), &key, buyer, NULL}, /* of another request */
        {id, fixture_text(others, "ek"), &key, buyer, NULL},      /* of another entry */
        {before, ek, &key, buyer, NULL},                          /* for another request */
        {id, ek, &other_key, buyer, NULL},                        /* by another's key */
        {id + 1000, ek, &key, buyer, NULL},                       /* no such request */
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        assert_int_equal(refused_at(market, BUYER, kept, &forged[i]), 1);
        assert_int_equal(refused_by_relay(market, kept, &forged[i], false), 1);
    }
    assert_int_equal(count_of(fx->home[BUYER], keys_here, id), 0);
    expect_key_missing(market, id, place);
    /* the hospital passes on one message, to the buyer, of one form */
    const struct forgery to_manager = {id, ek, &key, &fx->who[GM], NULL};
    const struct forgery with_bundle = {id, ek, &key, buyer, "eyJ"};
    assert_int_equal(refused_by_relay(market, kept, &to_manager, false), 1);
    assert_int_equal(refused_by_relay(market, kept, &with_bundle, false), 1);
    assert_int_equal(refused_by_relay(market, kept, &good, true), 1);
    /* nobody else takes it, and a manager takes no other bundle */
    const struct forgery to_doctor = {id, ek, &key, &fx->who[DOCTOR], NULL};
    const struct forgery bad_bundle = {id, ek, &key, &fx->who[GM], "eyJ"};
    json_object_put(fixture_sync(fx->home[GM]));
    json_object_put(fixture_sync(fx->home[DOCTOR]));
    assert_int_equal(refused_at(market, DOCTOR, kept, &to_doctor), 1);
    assert_int_equal(refused_at(market, GM, kept, &bad_bundle), 1);
    assert_int_equal(count_of(fx->home[GM], keys_here, id), 0);
    /* and none of it was in the true one's way */
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(awaited(market, id), 0);
    bool passed = false;
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
}

/* Before the delivery nothing leaves, and what comes then waits. */
static void a_key_before_the_delivery(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    CHAIN_KEY_AUTO key = {0};
    market_forget_sales(market);
    uint64_t id = consented(market);
    RECORD_JSON_AUTO kept = kept_answer(market, id);
    forge_key(market, KEEPER, fixture_member(kept, "given"), &key);
    const struct forgery early = {id, fixture_text(kept, "ek"), &key, &fx->who[BUYER], NULL};
    expect_key(market, id, "kept");
    assert_int_equal(refused_at(market, BUYER, kept, &early), 0);
    assert_int_equal(refused_by_relay(market, kept, &early, false), 0);
    assert_int_equal(count_of(fx->home[BUYER], keys_here, id), 0);
    json_object_put(market_deliver(market, id));
    assert_int_equal(count_of(fx->home[BUYER], keys_here, id), 1);
    expect_key(market, id, "sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_keeps_one_leaves),      cmocka_unit_test(an_altered_entry_gets_no_key),
        cmocka_unit_test(a_relay_that_withholds),    cmocka_unit_test(a_key_that_comes_too_late),
        cmocka_unit_test(evidence_has_the_key),      cmocka_unit_test(what_is_not_the_key),
        cmocka_unit_test(a_key_before_the_delivery),
    };
    return cmocka_run_group_tests_name("late key", tests, set_up, market_tear_down);
}
