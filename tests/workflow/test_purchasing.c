/* A purchase from template to payment: every step, every state, and every wei. */
#include "market.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 22
#define PRICE   "2000000000000000007" /* leaves a rest at the division */

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* left + right, or left - right when minus. */
static struct chain_u256 sum(struct chain_u256 left, struct chain_u256 right, bool minus)
{
    struct chain_u256 out;
    assert_int_equal(minus ? chain_u256_sub(&out, &left, &right)
                           : chain_u256_add(&out, &left, &right),
                     GALEN_OK);
    return out;
}

static struct chain_u256 wei(const char *text)
{
    struct chain_u256 out;
    OK(chain_u256_parse(&out, text, INFO));
    return out;
}

static void expect_next(struct workflow *wf, uint64_t id, const char *state, const char *who)
{
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(wf, id, &shown, INFO));
    assert_string_equal(fixture_text(shown, "state"), state);
    struct json_object *next = fixture_member(shown, "next");
    if (who != NULL)
        assert_string_equal(fixture_text(next, "who"), who);
    else
        assert_false(json_object_object_get_ex(next, "who", NULL));
}

/* ---- the whole way --------------------------------------------------------------------------------- */

/* Beside what leaves, the patient sees what its record says: the age, where the buyer sees a band.
 */
static void look_at_originals(struct json_object *fields)
{
    size_t ages = 0, alike = 0;
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        const char *path = fixture_text(field, "path");
        struct json_object *value = fixture_member(field, "value");
        struct json_object *original = NULL;
        bool is_there = json_object_object_get_ex(field, "original", &original);
        if (strncmp(path, "/count/", 7) == 0 || strncmp(path, "/leaves/", 8) == 0) {
            assert_false(is_there); /* no field of the record */
        } else if (strcmp(path, "/demographics/age") == 0) {
            assert_string_equal(json_object_get_string(value), "60-64");
            assert_in_range(json_object_get_int64(original), 62, 64);
            ages++;
        } else if (strcmp(path, "/year") == 0) {
            assert_int_equal(json_object_get_int64(value), 2026);
            assert_memory_equal(json_object_get_string(original), "2026-03-0", 9);
        } else {
            assert_true(is_there);
            alike += json_object_equal(value, original) != 0;
        }
    }
    assert_int_equal(ages, 1);
    assert_true(alike > 4);
}

/* What a patient sees before it agrees is what the buyer gets, and nothing that names anyone. */
static void look_at_questions(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO asked = NULL;
    OK(purchasing_consents(market->fx->home[PATIENT], NULL, NULL, &asked, INFO));
    assert_int_equal(json_object_array_length(asked), RECORDS);
    struct chain_u256 likely = purchasing_part(&(struct chain_u256){0}, RECORDS);
    struct chain_u256 escrow = wei(PRICE);
    likely = purchasing_part(&escrow, RECORDS);
    for (size_t i = 0; i < RECORDS; i++) {
        struct json_object *row = json_object_array_get_idx(asked, i);
        struct json_object *content = fixture_member(row, "content");
        assert_int_equal(fixture_number(row, "requestId"), id);
        assert_string_equal(fixture_text(row, "state"), "wanted");
        assert_int_equal(fixture_number(row, "k"), MARKET_PATIENTS);
        assert_int_equal(fixture_number(row, "plannedCount"), RECORDS);
        market_same_wei(wei(fixture_text(row, "payoutWei")), likely);
        assert_string_equal(fixture_text(fixture_member(content, "demographics"), "age"), "60-64");
        look_at_originals(fixture_member(row, "fields"));
        const char *text = json_object_to_json_string(content);
        assert_null(strstr(text, "Boston"));
        assert_null(strstr(text, "2186-5")); /* ethnicity was not asked for */
        assert_null(strstr(text, "canary"));
    }
}

static void look_at_data(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO data = NULL;
    OK(purchasing_data(market->fx->home[BUYER], id, &data, INFO));
    assert_int_equal(json_object_array_length(data), RECORDS);
    int seen[10] = {0};
    for (size_t i = 0; i < RECORDS; i++) {
        struct json_object *row = json_object_array_get_idx(data, i);
        struct json_object *fields = fixture_member(row, "fields");
        struct json_object *labs = fixture_member(fixture_member(fields, "medical_data"),
                                                  "lab_results");
        assert_int_equal(fixture_number(row, "index"), i);
        assert_int_equal(fixture_number(fields, "year"), 2026);
        int value = atoi(fixture_text(json_object_array_get_idx(labs, 0), "value"));
        assert_in_range(value, 200, 209);
        seen[value - 200]++;
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(seen[i], i < 2 ? 3 : 2);
    /* nobody else can read it */
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_data(market->fx->home[HOSPITAL], id, &data, INFO));
}

static void look_at_payments(struct market *market, uint64_t id, struct json_object *finalized,
                             struct chain_u256 buyer_before, struct chain_u256 hospital_before)
{
    struct fixture *fx = market->fx;
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));
    OK(purchasing_load_entries(fx->home[BUYER], &entries, &chain, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, RECORDS);
    struct chain_u256 patients;
    assert_int_equal(chain_u256_mul_u64(&patients, &part, RECORDS), GALEN_OK);
    struct chain_u256 hospital_part = sum(chain.escrow, patients, true);

    struct json_object *paid = fixture_member(finalized, "paid");
    assert_int_equal(json_object_array_length(paid), RECORDS + 1);
    struct chain_u256 all = {0};
    for (size_t i = 0; i < RECORDS; i++) {
        char payout[CHAIN_ADDRESS_TEXT];
        struct json_object *row = json_object_array_get_idx(paid, i);
        chain_address_format(payout, &entries.items[i].payout);
        assert_string_equal(fixture_text(row, "address"), payout);
        market_same_wei(wei(fixture_text(row, "wei")), part);
        market_same_wei(market_balance(market, &entries.items[i].payout), part);
        all = sum(all, part, false);
        for (size_t j = 0; j < i; j++) /* an account for each sale */
            assert_false(chain_address_equal(&entries.items[i].payout, &entries.items[j].payout));
    }
    struct json_object *last = json_object_array_get_idx(paid, RECORDS);
    assert_string_equal(fixture_text(last, "as"), "hospital");
    market_same_wei(wei(fixture_text(last, "wei")), sum(hospital_part, chain.bond, false));
    market_same_wei(sum(all, hospital_part, false), wei(PRICE));
    market_same_wei(market_balance(market, &fx->home[BUYER]->domain.contract),
                    (struct chain_u256){0});
    /* all but fees */
    market_same_wei(sum(market_balance(market, &fx->who[BUYER]),
                        market_fees(fx->home[BUYER], &fx->who[BUYER]), false),
                    sum(buyer_before, wei(PRICE), true));
    market_same_wei(sum(market_balance(market, &fx->who[HOSPITAL]),
                        market_fees(fx->home[HOSPITAL], &fx->who[HOSPITAL]), false),
                    sum(hospital_before, hospital_part, false));
}

static void template_to_payment(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    struct workflow *hospital = fx->home[HOSPITAL];
    bool passed = false;
    struct chain_u256 buyer_before = sum(market_balance(market, &fx->who[BUYER]),
                                         market_fees(buyer, &fx->who[BUYER]), false);
    struct chain_u256 hospital_before = sum(market_balance(market, &fx->who[HOSPITAL]),
                                            market_fees(hospital, &fx->who[HOSPITAL]), false);

    uint64_t id = market_request(market, 20, PRICE, NULL);
    expect_next(hospital, id, "pending", "an accredited hospital");
    RECORD_JSON_AUTO reply = NULL;
    OK(purchasing_reply(hospital, &fx->who[HOSPITAL], id, &reply, INFO));
    assert_int_equal(fixture_number(reply, "available"), RECORDS);
    assert_int_equal(fixture_number(reply, "k"), MARKET_PATIENTS);
    RECORD_JSON_AUTO again = NULL;
    OK(purchasing_reply(hospital, &fx->who[HOSPITAL], id, &again, INFO));
    assert_false(json_object_object_get_ex(again, "tx", NULL));
    assert_int_equal(fixture_settle(fx), 0);
    expect_next(buyer, id, "replied", "the hospital");

    RECORD_JSON_AUTO asked = NULL;
    OK(purchasing_ask_consent(hospital, &fx->who[HOSPITAL], id, &asked, INFO));
    assert_int_equal(fixture_number(asked, "asked"), RECORDS);
    assert_int_equal(fixture_settle(fx), 0);
    look_at_questions(market, id);
    market_consent_all(market, id);
    /* answered again: the same answers, no further release */
    market_consent_all(market, id);
    assert_int_equal(fixture_count(fx->home[PATIENT],
                                   "SELECT count(*) FROM release WHERE request_id IS NOT NULL"),
                     RECORDS);

    /* The manifest is nowhere before the seal is mined; an estimate does not change that. */
    FAILS(GALEN_ERR_STATE, purchasing_verify(buyer, id, &passed, NULL, INFO));
    RECORD_JSON_AUTO estimate = NULL;
    uint8_t manifest[32];
    bool there = true;
    workflow_dry_run(hospital, true);
    OK(purchasing_deliver(hospital, &fx->who[HOSPITAL], id, &estimate, INFO));
    workflow_dry_run(hospital, false);
    OK(store_cid_parse(manifest, fixture_text(estimate, "manifestCid"), INFO));
    OK(store_has(&there, hospital->store, manifest, INFO));
    assert_false(there);

    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS);
    assert_string_equal(fixture_text(delivered, "manifestCid"),
                        fixture_text(estimate, "manifestCid"));
    OK(store_has(&there, hospital->store, manifest, INFO));
    assert_true(there);
    expect_next(buyer, id, "filled", "the buyer");
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, &fx->who[BUYER], id, false, NULL, INFO));
    FAILS(GALEN_ERR_STATE, purchasing_finalize(hospital, &fx->who[HOSPITAL], id, true, NULL, INFO));

    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_true(passed);
    assert_int_equal(fixture_number(verified, "failed"), 0);
    assert_true(market_row(verified, -1, "k"));
    static const char *const rows[] = {
        "bundle digest",   "decryption",      "bundle",  "disclosure", "template",
        "group signature", "revocation list", "consent", "freshness",  "payout"};
    for (int i = 0; i < RECORDS; i++)
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++)
            assert_true(market_row(verified, i, rows[j]));
    expect_next(buyer, id, "verified", "the buyer");
    look_at_data(market, id);

    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, &finalized, INFO));
    look_at_payments(market, id, finalized, buyer_before, hospital_before);
    assert_int_equal(fixture_settle(fx), 0);
    expect_next(hospital, id, "finalized", NULL);
    RECORD_JSON_AUTO done = NULL;
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, &done, INFO));
    assert_false(json_object_object_get_ex(done, "tx", NULL));
    FAILS(GALEN_ERR_STATE, purchasing_claim(buyer, &fx->who[BUYER], id, 0, NULL, INFO));
}

/* ---- interrupted -------------------------------------------------------------------------------------- */

/* A second part can be built on what an interrupted run has delivered; then everything is claimed.
 */
static void delivery_goes_on_after_a_crash(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *hospital = fx->home[HOSPITAL];
    RECORD_TEMPLATE_AUTO wanted = {0};
    PURCHASING_OFFERS_AUTO offers = {0};
    struct purchasing_row row;
    struct purchasing_onchain chain;
    uint64_t id = market_request(market, 20, PRICE, NULL);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);

    /* the first seven entries arrive, then the machine stops */
    enum { FIRST = 7 };
    REVOCATION_LIST_AUTO list = {0};
    struct datahub_entry first[FIRST] = {0};
    BASE_BUF_AUTO data = {0};
    static const uint8_t none[32] = {0};
    OK(purchasing_read_row(hospital, &row, id, INFO));
    OK(purchasing_read_chain(hospital, &chain, id, INFO));
    OK(purchasing_read_template(hospital, &wanted, NULL, &row, &chain, INFO));
    OK(purchasing_load_offers(hospital, &offers, &fx->who[HOSPITAL], id, &wanted, INFO));
    OK(revocation_list_load(hospital, &list, 0, INFO));
    for (size_t i = 0; i < FIRST; i++) {
        OK(purchasing_check_offer(hospital, &offers.items[i], id, &list, INFO));
        struct purchasing_entry *entry = &offers.items[i].entry;
        memcpy(first[i].release_root, entry->release_root, 32);
        memcpy(first[i].bundle_digest, entry->bundle_digest, 32);
        first[i].release_addr = entry->release_addr;
        first[i].payout = entry->payout;
        first[i].min_payout = entry->min_payout;
        first[i].key_version = entry->key_version;
        first[i].sig = (struct base_view){entry->sig, sizeof entry->sig};
        first[i].ys = (struct base_view){entry->ys, sizeof entry->ys};
        first[i].consent = (struct base_view){entry->consent, sizeof entry->consent};
    }
    OK(datahub_encode_deliver(&data, purchasing_u256(id), none, first, FIRST, false, INFO));
    market_call(hospital, &fx->who[HOSPITAL], "deliver", &data, NULL);

    fixture_restart(fx, HOSPITAL);
    hospital = fx->home[HOSPITAL];
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS);
    OK(purchasing_read_chain(hospital, &chain, id, INFO));
    assert_int_equal(chain.parts, 2);
    assert_int_equal(chain.count, RECORDS);

    /* the seal was mined and the machine stopped before it published: it is made good */
    uint8_t manifest[32];
    bool passed = false;
    OK(store_cid_parse(manifest, fixture_text(delivered, "manifestCid"), INFO));
    OK(store_remove(hospital->store, manifest, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_verify(fx->home[BUYER], id, &passed, NULL, INFO));
    OK(db_run(hospital->db, INFO,
              "UPDATE tx SET status = 'sent', gas_used = NULL"
              " WHERE operation = 'deliver'"));
    json_object_put(market_deliver(market, id));
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM tx WHERE operation = 'deliver'"
                                             " AND (status <> 'succeeded' OR gas_used IS NULL)"),
                     0);
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);

    /* two parts cannot be pushed: everybody is paid by claims, of either part */
    RECORD_JSON_AUTO finalized = NULL;
    OK(purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, &finalized, INFO));
    assert_int_equal(fixture_number(finalized, "unclaimed"), RECORDS);
    assert_int_equal(json_object_array_length(fixture_member(finalized, "paid")), 0);
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_load_entries(hospital, &entries, &chain, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, RECORDS);
    for (uint64_t i = 0; i < RECORDS; i++) {
        RECORD_JSON_AUTO claimed = NULL;
        assert_int_equal(entries.items[i].part, i < FIRST ? 0 : 1);
        OK(purchasing_claim(hospital, &fx->who[HOSPITAL], id, i, &claimed, INFO));
        assert_int_equal(json_object_array_length(fixture_member(claimed, "paid")),
                         i + 1 < RECORDS ? 1 : 2);
        market_same_wei(market_balance(market, &entries.items[i].payout), part);
    }
    FAILS(GALEN_ERR_STATE, purchasing_claim(hospital, &fx->who[HOSPITAL], id, 3, NULL, INFO));
    FAILS(GALEN_ERR_USAGE, purchasing_claim(hospital, &fx->who[HOSPITAL], id, RECORDS, NULL, INFO));
    market_same_wei(market_balance(market, &hospital->domain.contract), (struct chain_u256){0});
}

/* The request was sent, and the run that sent it never learnt: it is found again, not paid twice.
 */
static void a_request_is_not_sent_twice(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    RECORD_JSON_AUTO wanted = market_template(21, PRICE);
    RECORD_JSON_AUTO first = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO another = NULL;
    RECORD_JSON_AUTO estimate = NULL;
    workflow_dry_run(buyer, true);
    OK(purchasing_request(buyer, &fx->who[BUYER], wanted, NULL, &estimate, INFO));
    workflow_dry_run(buyer, false);
    assert_false(json_object_object_get_ex(estimate, "requestId", NULL));
    OK(purchasing_request(buyer, &fx->who[BUYER], wanted, NULL, &first, INFO));
    int64_t sent = fixture_count(buyer, "SELECT count(*) FROM tx WHERE operation LIKE 'request%'");

    /* What the interruption leaves: the intent, and no row of the request. */
    OK(db_run(buyer->db, INFO, "DELETE FROM request WHERE id = ?",
              DB_INT(fixture_number(first, "requestId"))));
    OK(db_run(buyer->db, INFO, "UPDATE setting SET value = '0' WHERE name = 'sync.next_block'"));
    uint8_t digest[32];
    char hash[65];
    BASE_BUF_AUTO bytes = {0};
    OK(record_json_jcs(&bytes, wanted, INFO));
    static const uint32_t terms[] = {400, 3 * MARKET_DAY_S, 14 * MARKET_DAY_S, 7 * MARKET_DAY_S,
                                     14 * MARKET_DAY_S};
    for (size_t i = 0; i < 5; i++)
        OK(base_buf_append_u32be(&bytes, terms[i]));
    OK(base_buf_append(&bytes, fx->who[BUYER].bytes, 20));
    store_digest(digest, bytes.data, bytes.len);
    base_hex_encode(hash, digest, 32);
    char name[80];
    snprintf(name, sizeof name, "purchase.%s", hash);
    OK(db_run(buyer->db, INFO, "INSERT INTO setting VALUES (?, ?)", DB_TEXT(name),
              DB_TEXT(fixture_text(first, "templateHash"))));
    fixture_restart(fx, BUYER);
    buyer = fx->home[BUYER];

    OK(purchasing_request(buyer, &fx->who[BUYER], wanted, NULL, &again, INFO));
    assert_int_equal(fixture_number(again, "requestId"), fixture_number(first, "requestId"));
    assert_string_equal(fixture_text(again, "templateHash"), fixture_text(first, "templateHash"));
    assert_int_equal(
        fixture_count(buyer, "SELECT count(*) FROM tx WHERE operation LIKE 'request%'"), sent);
    /* asked for once more on purpose, it is another one */
    OK(purchasing_request(buyer, &fx->who[BUYER], wanted, NULL, &another, INFO));
    assert_int_not_equal(fixture_number(another, "requestId"), fixture_number(first, "requestId"));
    assert_string_not_equal(fixture_text(another, "templateHash"),
                            fixture_text(first, "templateHash"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_to_payment),
        cmocka_unit_test(delivery_goes_on_after_a_crash),
        cmocka_unit_test(a_request_is_not_sent_twice),
    };
    return cmocka_run_group_tests_name("purchasing", tests, set_up, market_tear_down);
}
