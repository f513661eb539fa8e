/* Keys that patients keep until they have seen the delivery: who gets them, when, and what becomes
 * of them when somebody cheats. */
#include "late_stage.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    return market_set_up(state, LATE_RECORDS);
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

/* ---- the happy path, and crashes on it ------------------------------------------------------------ */

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
    assert_int_equal(offers.n, LATE_RECORDS);
    for (size_t i = 0; i < offers.n; i++)
        assert_int_equal(
            offers.items[i].ek == NULL,
            chain_address_equal(&offers.items[i].patient, &market->patients[LATE_KEEPER]));
}

static void one_keeps_one_leaves(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    bool passed = false;
    market_forget_sales(market);
    uint64_t id = late_delivered(market);
    uint64_t place = late_place(market, id);
    hospital_has_no_key(market, id);
    late_expect(market, id, "kept");
    /* once accepted so, it stays so; and a key that went cannot be kept */
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[LATE_KEEPER], id, true, NULL, INFO));
    late_expect(market, id, "kept");
    FAILS(GALEN_ERR_STATE, purchasing_consent(fx->home[PATIENT], &market->patients[0], id,
                                              PURCHASING_ACCEPT_KEEP_KEY, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "cannot be taken back"));

    late_expect_missing(market, id, place, true);
    assert_int_equal(late_awaited(market, id), 1);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));

    /* the patient's node sees the delivery: the key is on its way by itself */
    assert_int_equal(fixture_settle(fx), 0);
    late_expect(market, id, "sent");
    assert_int_equal(late_awaited(market, id), 0);
    assert_int_equal(late_count(buyer, LATE_KEYS, id), 1);
    assert_int_equal(
        late_count(buyer, "SELECT count(*) FROM request WHERE id = ? AND verified IS NULL", id), 1);
    assert_int_equal(late_count(buyer, "SELECT count(*) FROM entry_fault WHERE request_id = ?", id),
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
    int64_t came = fixture_count(buyer, "SELECT count(*) FROM inbox WHERE kind = 'late-ek'");
    OK(db_run(fx->home[PATIENT]->db, INFO,
              "UPDATE consent SET key_state = 'kept' WHERE key_state = 'sent'"));
    assert_int_equal(fixture_settle(fx), 0);
    late_expect(market, id, "sent");
    assert_int_equal(late_count(buyer, LATE_KEYS, id), 1);
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM inbox WHERE kind = 'late-ek'"),
                     came);
    /* a restart in between changes nothing either */
    fixture_restart(fx, PATIENT);
    fixture_restart(fx, HOSPITAL);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(late_count(buyer, LATE_KEYS, id), 1);

    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, &finalized, INFO));
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), LATE_RECORDS + 1);
    assert_int_equal(fixture_number(finalized, "unclaimed"), 0);
}

/* ---- a hospital that cheats ------------------------------------------------------------------------ */

static void other_payout(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    for (size_t i = 0; i < offers->n; i++)
        if (chain_address_equal(&offers->items[i].patient, &market->patients[LATE_KEEPER]))
            offers->items[i].entry.payout = market->fx->who[HOSPITAL];
}

/* Nothing that the patient signed, and yet the contract would take the payment back. */
static void other_ys(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    for (size_t i = 0; i < offers->n; i++)
        if (chain_address_equal(&offers->items[i].patient, &market->patients[LATE_KEEPER]))
            offers->items[i].entry.ys[40] ^= 1;
}

static void without_it(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    size_t kept = 0;
    for (size_t i = 0; i < offers->n; i++) {
        if (chain_address_equal(&offers->items[i].patient, &market->patients[LATE_KEEPER]))
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
        uint64_t id = late_consented(market);
        forge_deliver(market, id, cases[i].alter);
        uint64_t place = late_place(market, id);
        RECORD_JSON_AUTO key = late_key(market, id, "refused");
        assert_non_null(strstr(fixture_text(key, "reason"), cases[i].field));
        assert_int_equal(fixture_count(fx->home[PATIENT],
                                       "SELECT count(*) FROM notification WHERE kind ="
                                       " 'key-refused'"),
                         i + 1);
        assert_int_equal(late_count(fx->home[BUYER], LATE_KEYS, id), 0);
        RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
        assert_false(passed);
        assert_false(market_row(verified, (int)place, cases[i].check));
        assert_string_equal(fixture_text(entry_at(verified, place), "remedy"), "prove-invalid");
        OK(dispute_prove_invalid(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, NULL, INFO));
        /* also in every later round */
        assert_int_equal(fixture_settle(fx), 0);
        late_expect(market, id, "refused");
    }
    /* An endpoint that tells the patient's home of an honest entry: the contract's root is not of
     * it. */
    {
        struct workflow *wf = fx->home[PATIENT];
        uint64_t id = late_consented(market);
        forge_deliver(market, id, other_payout);
        RECORD_JSON_AUTO answer = market_answer(market, id, LATE_KEEPER, 0);
        struct chain_address payout;
        OK(chain_address_parse(&payout, fixture_text(answer, "payout"), INFO));
        OK(db_run(wf->db, INFO, "UPDATE entry SET payout = ? WHERE request_id = ? AND position = ?",
                  DB_BLOB(payout.bytes, 20), DB_INT(id), DB_INT(late_place(market, id))));
        OK(db_run(wf->db, INFO,
                  "UPDATE consent SET key_state = 'kept', key_reason = NULL WHERE request_id = ?"
                  " AND key_state = 'refused'",
                  DB_INT(id)));
        assert_int_equal(fixture_settle(fx), 0);
        late_expect(market, id, "kept");
        assert_int_equal(late_count(fx->home[BUYER], LATE_KEYS, id), 0);
    }
    market_forget_sales(market);
    uint64_t id = late_consented(market);
    forge_deliver(market, id, without_it);
    late_expect(market, id, "unused");
}

/* The relay takes the key and keeps it: in a dispute the managers have it from the patient. */
static void a_relay_that_withholds(void **state)
{
    static const enum fixture_home managers[] = {GM, RM};
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = late_delivered(market);
    uint64_t place = late_place(market, id);
    json_object_put(fixture_sync(fx->home[PATIENT]));
    late_expect(market, id, "sent");
    fixture_carry(fx, fx->home[PATIENT]);
    OK(db_run(fx->home[HOSPITAL]->db, INFO, "DELETE FROM inbox WHERE state = 'new'"));
    assert_int_equal(fixture_settle(fx), 0);
    late_expect_missing(market, id, place, true);
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, "no key", NULL, INFO));
    /* with the bundle, which the hospital has not any more either */
    RECORD_JSON_AUTO answer = market_answer(market, id, LATE_KEEPER, 0);
    uint8_t bundle[32];
    bool there = true;
    OK(store_cid_parse(bundle, fixture_text(answer, "bundleCid"), INFO));
    json_object_put(fixture_sync(fx->home[PATIENT]));
    OK(store_remove(fx->home[HOSPITAL]->store, bundle, INFO));
    OK(store_has(&there, fx->home[GM]->store, bundle, INFO));
    assert_false(there);
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < 2; i++) {
        struct workflow *wf = fx->home[managers[i]];
        RECORD_JSON_AUTO shown = NULL;
        assert_int_equal(late_count(wf, LATE_KEYS, id), 1);
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
    assert_int_equal(late_count(fx->home[GM], LATE_KEYS, id), 0);
    assert_int_equal(late_count(fx->home[RM], LATE_KEYS, id), 1);
}

/* ---- a patient that does not send ------------------------------------------------------------------ */

static void a_key_that_comes_too_late(void **state)
{
    static const enum fixture_home managers[] = {GM, RM};
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = late_delivered(market);
    uint64_t place = late_place(market, id);
    fixture_pass_time(fx, 3700); /* more than half of the window */
    assert_int_equal(fixture_settle(fx), 0);
    late_expect(market, id, "late");
    late_expect_missing(market, id, place, false);
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
        late_count(fx->home[BUYER], LATE_KEYS, id) + late_count(fx->home[GM], LATE_KEYS, id), 0);
}

/* A buyer that has the key gives it to the managers with the rest. */
static void evidence_has_the_key(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    DISPUTE_EVIDENCE_AUTO given = {0};
    bool found = false;
    market_forget_sales(market);
    uint64_t id = late_delivered(market);
    uint64_t place = late_place(market, id);
    RECORD_JSON_AUTO kept = late_answer(market, id);
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_open(fx->home[BUYER], &fx->who[BUYER], id, &place, 1, "odd values", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_load_evidence(fx->home[RM], &given, &found, id, place, INFO));
    assert_true(found);
    assert_true(given.has_bundle);
    assert_string_equal(given.ek, fixture_text(kept, "ek"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_keeps_one_leaves),   cmocka_unit_test(an_altered_entry_gets_no_key),
        cmocka_unit_test(a_relay_that_withholds), cmocka_unit_test(a_key_that_comes_too_late),
        cmocka_unit_test(evidence_has_the_key),
    };
    return cmocka_run_group_tests_name("late key", tests, set_up, market_tear_down);
}
