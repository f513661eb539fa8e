/* Answers and bundles that no honest client makes: every check that a hospital and a buyer make. */
#include "market.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"
#include "workflow/storing_internal.h"

#define RECORDS 10 /* two of each patient */
#define PRICE   "1000000000000000000"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- answers that no honest client gives -------------------------------------------------------- */

/* Everybody's client answers, and the mail of patient `forger` is held back. */
static void consent_but(struct market *market, uint64_t id, int forger)
{
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[PATIENT];
    for (int i = 0; i < MARKET_PATIENTS; i++)
        if (i != forger)
            OK(purchasing_consent(wf, &market->patients[i], id, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_consent(wf, &market->patients[forger], id, true, NULL, INFO));
    OK(db_run(wf->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));
}

static void send_forged(struct market *market, int patient, struct json_object *answer)
{
    struct fixture *fx = market->fx;
    uint8_t id[32];
    OK(record_json_hash(id, answer, INFO));
    OK(message_send(fx->home[PATIENT], &market->patients[patient], &fx->who[HOSPITAL],
                    MESSAGE_CONSENT_GIVEN, id, answer, INFO));
}

/* The release which the answer names. */
static void find_release(struct market *market, struct json_object *answer,
                         struct record_release *out)
{
    STORING_OPENED_AUTO record = {0};
    OK(storing_open_record(market->fx->home[PATIENT], fixture_text(answer, "recordId"), &record,
                           INFO));
    for (size_t i = 0; i < json_object_array_length(record.releases); i++) {
        RECORD_RELEASE_AUTO release = {0};
        OK(record_release_parse(&release, json_object_array_get_idx(record.releases, i), INFO));
        if (strcmp(release.release_address, fixture_text(answer, "releaseAddr")) == 0) {
            *out = release;
            release = (struct record_release){0};
            return;
        }
    }
    fail_msg("no such release");
}

/* The key that signs for it. */
static void release_key(struct market *market, int patient, struct json_object *answer,
                        struct chain_key *key)
{
    struct workflow *wf = market->fx->home[PATIENT];
    RECORD_RELEASE_AUTO release = {0};
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    find_release(market, answer, &release);
    OK(workflow_secret_get(wf, &secret, WORKFLOW_KEY_SALE, &market->patients[patient], INFO));
    OK(chain_key_from_bytes(&sale, secret.data, INFO));
    OK(chain_release_key(key, &sale, release.seed, INFO));
}

/* Signs the answer anew, for this request and as it now stands. */
static void sign_again(struct market *market, int patient, uint64_t id, struct json_object *answer)
{
    struct workflow *wf = market->fx->home[PATIENT];
    struct purchasing_offer offer = {0};
    struct chain_share_consent message = {.request_id = purchasing_u256(id)};
    CHAIN_KEY_AUTO key = {0};
    uint64_t named = 0;
    uint8_t digest[32];
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    OK(purchasing_parse_given(&offer, answer, &named, NULL, INFO));
    OK(purchasing_bundle_digest(offer.entry.bundle_digest, offer.bundle_cid, offer.ek, INFO));
    OK(record_json_set_hex(answer, "bundleDigest", offer.entry.bundle_digest, 32, INFO));
    memcpy(message.release_root, offer.entry.release_root, 32);
    memcpy(message.bundle_digest, offer.entry.bundle_digest, 32);
    message.payout = offer.entry.payout;
    message.min_payout = offer.entry.min_payout;
    release_key(market, patient, answer, &key);
    chain_digest_share_consent(digest, &wf->domain, &message);
    OK(chain_key_sign(&key, digest, sig65, INFO));
    OK(record_json_set_hex(answer, "consent", sig65, sizeof sig65, INFO));
    purchasing_offer_clear(&offer);
}

static bool was_refused_for(struct json_object *delivered, const char *words)
{
    struct json_object *refused = fixture_member(delivered, "refused");
    for (size_t i = 0; i < json_object_array_length(refused); i++)
        if (strstr(fixture_text(json_object_array_get_idx(refused, i), "reason"), words) != NULL)
            return true;
    return false;
}

/* ---- what the hospital refuses --------------------------------------------------------------------- */

static void the_hospital_checks_answers(void **state)
{
    struct market *market = *state;
    static const char *const reasons[] = {"consent is not", "bundle and key", "group signature",
                                          "at hand"};
    enum { PAYOUT, EK, SIG, BUNDLE, CASES };
    for (int c = 0; c < CASES; c++) {
        market_forget_sales(market);
        uint64_t id = market_request(market, 8, PRICE, NULL);
        market_reply_and_ask(market, id);
        consent_but(market, id, 0);
        RECORD_JSON_AUTO good = market_answer(market, id, 0, 0);
        RECORD_JSON_AUTO bad = market_answer(market, id, 0, 1);
        RECORD_JSON_AUTO other = market_answer(market, id, 1, 0);
        if (c == PAYOUT) { /* the money to someone else than was signed for */
            OK(workflow_set_address(bad, "payout", &market->fx->who[HOSPITAL], INFO));
        } else if (c == EK) {
            OK(workflow_set_text(bad, "ek", fixture_text(other, "ek"), INFO));
        } else if (c == SIG) {
            OK(workflow_set_text(bad, "sig", fixture_text(other, "sig"), INFO));
        } else {
            uint8_t nowhere[32] = {1};
            OK(workflow_set_cid(bad, "bundleCid", nowhere, INFO));
            sign_again(market, 0, id, bad);
        }
        send_forged(market, 0, good);
        send_forged(market, 0, bad);
        assert_int_equal(fixture_settle(market->fx), 0);
        RECORD_JSON_AUTO delivered = market_deliver(market, id);
        assert_int_equal(fixture_number(delivered, "entries"), RECORDS - 1);
        assert_true(was_refused_for(delivered, reasons[c]));
    }
}

/* A release serves one sale. The patient's client sees to it; so do hospital and buyer. */
static void a_release_is_sold_once(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    bool passed = true;
    market_forget_sales(market);
    uint64_t first = market_delivered(market, 10, PRICE, NULL);
    uint64_t second = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, second);
    consent_but(market, second, 0);

    /* Patient 0 gives the release of the first sale again, all else right. */
    RECORD_JSON_AUTO honest = market_answer(market, second, 0, 0);
    RECORD_JSON_AUTO other = market_answer(market, second, 0, 1);
    RECORD_JSON_AUTO sold = market_answer(market, first, 0, 0);
    static const char *const taken[] = {"releaseRoot", "releaseAddr", "sig"};
    RECORD_JSON_AUTO forged = NULL;
    OK(record_json_copy(&forged, honest, INFO));
    for (size_t i = 0; i < 3; i++)
        OK(workflow_set_text(forged, taken[i], fixture_text(sold, taken[i]), INFO));
    sign_again(market, 0, second, forged);
    send_forged(market, 0, forged);
    send_forged(market, 0, other);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO delivered = market_deliver(market, second);
    assert_true(was_refused_for(delivered, "another request"));
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS - 1);

    /* A hospital that does not look: the buyer does. Its view of the first sale is forgotten. */
    uint64_t third = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, third);
    consent_but(market, third, 0);
    RECORD_JSON_AUTO again = market_answer(market, third, 0, 0);
    RECORD_JSON_AUTO rest = market_answer(market, third, 0, 1);
    for (size_t i = 0; i < 3; i++)
        OK(workflow_set_text(again, taken[i], fixture_text(sold, taken[i]), INFO));
    sign_again(market, 0, third, again);
    send_forged(market, 0, again);
    send_forged(market, 0, rest);
    assert_int_equal(fixture_settle(fx), 0);
    OK(db_run(fx->home[HOSPITAL]->db, INFO, "DELETE FROM entry WHERE request_id = ?",
              DB_INT(first)));
    RECORD_JSON_AUTO unnoticed = market_deliver(market, third);
    assert_int_equal(fixture_number(unnoticed, "entries"), RECORDS);
    RECORD_JSON_AUTO verified = market_verify(market, third, &passed);
    assert_false(passed);
    int stale = 0;
    for (int i = 0; i < RECORDS; i++)
        stale += !market_row(verified, i, "freshness");
    assert_int_equal(stale, 1);
    FAILS(GALEN_ERR_STATE,
          purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], third, true, NULL, INFO));

    /* three sales have used up all releases */
    uint64_t fourth = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, fourth);
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_consent(fx->home[PATIENT], &market->patients[1], fourth, true, NULL, INFO));
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], fourth, NULL, INFO));
}

/* ---- what the buyer notices --------------------------------------------------------------------------- */

static void seal_for_buyer(struct market *market, uint64_t id, const uint8_t bundle_cid32[32],
                           const uint8_t key32[32], struct json_object *answer)
{
    struct workflow *wf = market->fx->home[HOSPITAL];
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    BASE_BUF_AUTO jwk = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO ek = {0};
    struct seal_public_key buyer;
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_read_template(wf, &wanted, NULL, &row, &chain, INFO));
    OK(record_json_jcs(&jwk, wanted.buyer_key, INFO));
    OK(seal_public_parse(&buyer, (struct base_view){jwk.data, jwk.len}, INFO));
    OK(purchasing_key_context(&context, id, bundle_cid32, INFO));
    OK(seal_wrap_key(&ek, &buyer, key32, (const char *)context.data, INFO));
    OK(workflow_set_cid(answer, "bundleCid", bundle_cid32, INFO));
    OK(workflow_set_text(answer, "ek", (const char *)ek.data, INFO));
}

/* A bundle with this text as its plaintext, sealed rightly. */
static void make_bundle(struct market *market, uint64_t id, struct json_object *plaintext,
                        struct json_object *answer)
{
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO block = {0};
    uint8_t key[32];
    uint8_t cid[32];
    base_random(key, sizeof key);
    OK(record_json_jcs(&text, plaintext, INFO));
    OK(seal_object(&block, key, (struct base_view){text.data, text.len}, INFO));
    OK(store_put(cid, market->fx->home[PATIENT]->store, block.data, block.len, INFO));
    seal_for_buyer(market, id, cid, key, answer);
}

/* The plaintext of an honest answer's bundle, as the buyer opens it; json_object_put. */
static struct json_object *bundle_of(struct market *market, uint64_t id, struct json_object *answer)
{
    struct workflow *wf = market->fx->home[BUYER];
    struct purchasing_row row;
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO key = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO text = {0};
    struct json_object *bundle = NULL;
    uint8_t cid[32];
    char name[80];
    char hex[65];
    const char *ek = fixture_text(answer, "ek");
    OK(purchasing_read_row(wf, &row, id, INFO));
    base_hex_encode(hex, row.template_hash, 32);
    snprintf(name, sizeof name, "buyer-%s", hex);
    OK(seal_keystore_get(&jwk, wf->keys, name, INFO));
    OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
    OK(store_get(&block, wf->store, cid, INFO));
    OK(purchasing_key_context(&context, id, cid, INFO));
    OK(seal_unwrap_key(&key, (struct base_view){(const uint8_t *)ek, strlen(ek)}, &jwk,
                       (const char *)context.data, INFO));
    OK(seal_open_object(&text, (struct base_view){block.data, block.len}, key.data, NULL, INFO));
    OK(record_json_parse(&bundle, (char *)text.data, text.len, text.len, INFO));
    return bundle;
}

/* A true proof that leaves the unit of a laboratory value out. */
static void leave_unit_out(struct market *market, struct json_object *answer,
                           struct json_object *bundle)
{
    static const char *const paths[] = {"/category",
                                        "/year",
                                        "/count",
                                        "/leaves",
                                        "/demographics",
                                        "/medical_data/diagnosis",
                                        "/medical_data/lab_results/0/system",
                                        "/medical_data/lab_results/0/code",
                                        "/medical_data/lab_results/0/value"};
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    find_release(market, answer, &release);
    OK(record_release_tree(&tree, &release, INFO));
    OK(record_disclosure_make(&disclosure, tree, paths, sizeof paths / sizeof *paths, INFO));
    OK(record_disclosure_encode(&proof, &disclosure, INFO));
    OK(workflow_set_object(bundle, "disclosure", &proof, INFO));
}

static void change_value(struct json_object *bundle)
{
    struct json_object *fields = fixture_member(fixture_member(bundle, "disclosure"), "fields");
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        if (strcmp(fixture_text(field, "path"), "/demographics/gender") == 0) {
            OK(workflow_set_text(field, "value", "male", INFO));
            return;
        }
    }
    fail_msg("no gender is disclosed");
}

static void the_buyer_checks_bundles(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    enum { WRONG_KEY, CHANGED_VALUE, LEFT_OUT, OTHER_BUNDLE, JUNK, ALTERED_BLOCK, CASES };
    static const char *const failing[] = {"decryption", "disclosure", "template",
                                          "bundle",     "bundle",     "decryption"};
    uint64_t id = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, id);
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(fx->home[PATIENT], &market->patients[i], id, true, NULL, INFO));
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));

    /* Five patients with two records each: the first record's answer is forged, one way each. */
    uint8_t roots[CASES][32];
    for (int c = 0; c < CASES; c++) {
        int patient = c % MARKET_PATIENTS;
        RECORD_JSON_AUTO answer = market_answer(market, id, patient, c / MARKET_PATIENTS);
        RECORD_JSON_AUTO bundle = bundle_of(market, id, answer);
        uint8_t cid[32];
        OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
        if (c == WRONG_KEY) {
            uint8_t key[32] = {5};
            seal_for_buyer(market, id, cid, key, answer);
        } else if (c == CHANGED_VALUE) {
            change_value(bundle);
            make_bundle(market, id, bundle, answer);
        } else if (c == LEFT_OUT) {
            leave_unit_out(market, answer, bundle);
            make_bundle(market, id, bundle, answer);
        } else if (c == OTHER_BUNDLE) { /* another's values under one's own name */
            RECORD_JSON_AUTO other = market_answer(market, id, 0, 1);
            RECORD_JSON_AUTO others = bundle_of(market, id, other);
            make_bundle(market, id, others, answer);
        } else if (c == JUNK) {
            OK(workflow_set_text(bundle, "more", "than there should be", INFO));
            make_bundle(market, id, bundle, answer);
        }
        sign_again(market, patient, id, answer);
        OK(record_json_get_hex(roots[c], 32, answer, "releaseRoot", RECORD_JSON_REQUIRED, "",
                               INFO));
        send_forged(market, patient, answer);
    }
    for (int i = 0; i < MARKET_PATIENTS; i++) {
        if (i == ALTERED_BLOCK % MARKET_PATIENTS)
            continue;
        RECORD_JSON_AUTO honest = market_answer(market, id, i, 1);
        send_forged(market, i, honest);
    }
    assert_int_equal(fixture_settle(fx), 0);
    json_object_put(market_deliver(market, id));

    RECORD_JSON_AUTO altered = market_answer(market, id, ALTERED_BLOCK % MARKET_PATIENTS, 1);
    uint8_t altered_cid[32];
    OK(store_cid_parse(altered_cid, fixture_text(altered, "bundleCid"), INFO));
    market_alter_block(market, altered_cid);

    bool passed = true;
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_int_equal(fixture_number(verified, "failed"), CASES);
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));
    OK(purchasing_load_entries(fx->home[BUYER], &entries, &chain, INFO));
    for (size_t i = 0; i < entries.n; i++) {
        int which = -1;
        for (int c = 0; c < CASES; c++)
            if (memcmp(entries.items[i].release_root, roots[c], 32) == 0)
                which = c;
        assert_int_equal(market_failed(verified, (int)i) > 0, which >= 0);
        if (which >= 0)
            assert_false(market_row(verified, (int)i, failing[which]));
    }

    /* What passed can be read, what did not cannot; and nothing is paid early. */
    RECORD_JSON_AUTO data = NULL;
    OK(purchasing_data(fx->home[BUYER], id, &data, INFO));
    assert_int_equal(json_object_array_length(data), RECORDS - CASES);
    FAILS(GALEN_ERR_STATE,
          purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, NULL, INFO));
    assert_string_equal(market_state(fx->home[BUYER], id), "filled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hospital_checks_answers),
        cmocka_unit_test(a_release_is_sold_once),
        cmocka_unit_test(the_buyer_checks_bundles),
    };
    return cmocka_run_group_tests_name("purchasing forged", tests, set_up, market_tear_down);
}
