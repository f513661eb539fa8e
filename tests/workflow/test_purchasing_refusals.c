/* Purchases that must not go through: every check that a hospital and a buyer make, against someone
 * who gets past the honest clients. */
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

/* Every release is as good as new: what former tests sold is forgotten everywhere. */
static void forget_sales(struct market *market)
{
    OK(db_run(market->fx->home[PATIENT]->db, INFO, "UPDATE release SET request_id = NULL"));
    for (int i = 0; i < FIXTURE_HOMES; i++)
        OK(db_run(market->fx->home[i]->db, INFO, "DELETE FROM entry"));
}

/* ---- answers that no honest client gives -------------------------------------------------------- */

/* Patient i's answer about its n-th record, as kept; json_object_put. */
static struct json_object *kept_answer(struct market *market, uint64_t id, int patient, int n)
{
    struct workflow *wf = market->fx->home[PATIENT];
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO both = NULL;
    struct json_object *answer = NULL;
    bool found = false;
    OK(db_query(&rows, wf->db, INFO,
                "SELECT sealed FROM consent WHERE side = 'patient' AND request_id = ?"
                " AND patient = ? AND state = 'given' ORDER BY record_root LIMIT 1 OFFSET ?",
                DB_INT(id), DB_BLOB(market->patients[patient].bytes, 20), DB_INT(n)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(workflow_home_open(wf, &both, db_blob(&rows, 0), INFO));
    OK(record_json_copy(&answer, fixture_member(both, "given"), INFO));
    return answer;
}

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

/* The key that signs for the release which the answer names. */
static void release_key(struct market *market, int patient, struct json_object *answer,
                        struct chain_key *key)
{
    struct workflow *wf = market->fx->home[PATIENT];
    STORING_OPENED_AUTO record = {0};
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    OK(storing_open_record(wf, fixture_text(answer, "recordId"), &record, INFO));
    OK(workflow_secret_get(wf, &secret, WORKFLOW_KEY_SALE, &market->patients[patient], INFO));
    OK(chain_key_from_bytes(&sale, secret.data, INFO));
    for (size_t i = 0; i < json_object_array_length(record.releases); i++) {
        RECORD_RELEASE_AUTO release = {0};
        OK(record_release_parse(&release, json_object_array_get_idx(record.releases, i), INFO));
        if (strcmp(release.release_address, fixture_text(answer, "releaseAddr")) == 0) {
            OK(chain_release_key(key, &sale, release.seed, INFO));
            return;
        }
    }
    fail_msg("no such release");
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
        forget_sales(market);
        uint64_t id = market_request(market, 8, PRICE, NULL);
        market_reply_and_ask(market, id);
        consent_but(market, id, 0);
        RECORD_JSON_AUTO good = kept_answer(market, id, 0, 0);
        RECORD_JSON_AUTO bad = kept_answer(market, id, 0, 1);
        RECORD_JSON_AUTO other = kept_answer(market, id, 1, 0);
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
    forget_sales(market);
    uint64_t first = market_delivered(market, 10, PRICE, NULL);
    uint64_t second = market_request(market, 9, PRICE, NULL);
    market_reply_and_ask(market, second);
    consent_but(market, second, 0);

    /* Patient 0 gives the release of the first sale again, all else right. */
    RECORD_JSON_AUTO honest = kept_answer(market, second, 0, 0);
    RECORD_JSON_AUTO other = kept_answer(market, second, 0, 1);
    RECORD_JSON_AUTO sold = kept_answer(market, first, 0, 0);
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
    RECORD_JSON_AUTO again = kept_answer(market, third, 0, 0);
    RECORD_JSON_AUTO rest = kept_answer(market, third, 0, 1);
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

/* Leaves the last disclosed field out of the list, its proof included. */
static void drop_field(struct json_object *bundle)
{
    struct json_object *fields = fixture_member(fixture_member(bundle, "disclosure"), "fields");
    OK(json_object_array_del_idx(fields, json_object_array_length(fields) - 1, 1) == 0
           ? GALEN_OK
           : GALEN_ERR_INTERNAL);
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
    forget_sales(market);
    enum { WRONG_KEY, CHANGED_VALUE, LEFT_OUT, OTHER_BUNDLE, JUNK, ALTERED_BLOCK, CASES };
    static const char *const failing[] = {"decryption", "disclosure", "disclosure",
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
        RECORD_JSON_AUTO answer = kept_answer(market, id, patient, c / MARKET_PATIENTS);
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
            drop_field(bundle);
            make_bundle(market, id, bundle, answer);
        } else if (c == OTHER_BUNDLE) { /* another's values under one's own name */
            RECORD_JSON_AUTO other = kept_answer(market, id, 0, 1);
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
        RECORD_JSON_AUTO honest = kept_answer(market, id, i, 1);
        send_forged(market, i, honest);
    }
    assert_int_equal(fixture_settle(fx), 0);
    json_object_put(market_deliver(market, id));

    RECORD_JSON_AUTO altered = kept_answer(market, id, ALTERED_BLOCK % MARKET_PATIENTS, 1);
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

/* ---- requests that are none ---------------------------------------------------------------------------- */

static uint64_t newest_request(struct workflow *wf)
{
    return (uint64_t)fixture_count(wf, "SELECT max(id) FROM request");
}

static void the_template_must_be_what_the_chain_says(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    uint64_t honest = market_request(market, 8, PRICE, NULL);
    struct purchasing_row row;
    OK(purchasing_read_row(fx->home[BUYER], &row, honest, INFO));
    const struct datahub_terms good = {
        8, 400, 3 * MARKET_DAY_S, 14 * MARKET_DAY_S, 7 * MARKET_DAY_S, 14 * MARKET_DAY_S};
    struct datahub_terms fewer = good;
    fewer.min_records = 7;
    const struct {
        const struct datahub_terms *terms;
        const char *value;
        const char *words;
    } cases[] = {
        {&good, "999999999999999999", "price_wei"},
        {&fewer, PRICE, "min_records"},
    };
    for (size_t i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        struct chain_u256 value;
        OK(chain_u256_parse(&value, cases[i].value, INFO));
        OK(datahub_encode_request_with_terms(&data, row.template_hash, cases[i].terms, INFO));
        market_call(fx->home[BUYER], &fx->who[BUYER], "requestWithTerms", &data, &value);
        assert_int_equal(fixture_settle(fx), 0);
        FAILS(GALEN_ERR_CHECK, purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL],
                                                newest_request(fx->home[HOSPITAL]), NULL, INFO));
        assert_non_null(strstr(fixture_last_info()->what, cases[i].words));
    }
    /* a template that is nowhere, and one that is no template */
    uint8_t digest[32];
    static const char junk[] = "{\"type\":\"galen.template/1\"}";
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        struct chain_u256 value;
        OK(chain_u256_parse(&value, PRICE, INFO));
        if (i == 0)
            memset(digest, 3, 32);
        else
            OK(store_put(digest, fx->home[BUYER]->store, junk, sizeof junk - 1, INFO));
        OK(datahub_encode_request(&data, digest, INFO));
        market_call(fx->home[BUYER], &fx->who[BUYER], "request", &data, &value);
        assert_int_equal(fixture_settle(fx), 0);
        FAILS(i == 0 ? GALEN_ERR_NOT_FOUND : GALEN_ERR_PARSE,
              purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL],
                               newest_request(fx->home[HOSPITAL]), NULL, INFO));
    }
    RECORD_JSON_AUTO list = NULL;
    OK(purchasing_list(fx->home[HOSPITAL], &list, INFO));
    assert_true(json_object_array_length(list) >= 5);
}

static void a_request_needs_money_and_sense(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    RECORD_JSON_AUTO dear = market_template(8, "500000000000000000000");
    RECORD_JSON_AUTO cheap = market_template(8, "400"); /* not more wei than records */
    int64_t settings = fixture_count(buyer, "SELECT count(*) FROM setting");
    FAILS(GALEN_ERR_FUNDS, purchasing_request(buyer, &fx->who[BUYER], dear, NULL, NULL, INFO));
    FAILS(GALEN_ERR_REVERTED, purchasing_request(buyer, &fx->who[BUYER], cheap, NULL, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "BadEscrow"));
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM setting"), settings);

    RECORD_JSON_AUTO typed = market_template(8, PRICE);
    OK(workflow_set_text(typed, "type", "galen.template/1", INFO));
    FAILS(GALEN_ERR_USAGE, purchasing_request(buyer, &fx->who[BUYER], typed, NULL, NULL, INFO));
    RECORD_JSON_AUTO odd = market_template(8, PRICE);
    OK(workflow_set_text(odd, "category", "Astrology", INFO));
    FAILS(GALEN_ERR_PARSE, purchasing_request(buyer, &fx->who[BUYER], odd, NULL, NULL, INFO));
    RECORD_JSON_AUTO fine = market_template(8, PRICE);
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_request(buyer, &fx->who[HOSPITAL], fine, NULL, NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          purchasing_request(fx->home[HOSPITAL], &fx->who[HOSPITAL], fine, NULL, NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND,
          purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], 9999, NULL, INFO));
}

static void too_few_records(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    forget_sales(market);
    uint64_t id = market_request(market, RECORDS + 1, PRICE, NULL);
    FAILS(GALEN_ERR_STATE,
          purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "10 matching records"));

    /* enough records, too few who agree */
    uint64_t wanted = market_request(market, 8, PRICE, NULL);
    market_reply_and_ask(market, wanted);
    RECORD_JSON_AUTO declined = NULL;
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[4], wanted, false, &declined, INFO));
    assert_int_equal(json_object_array_length(fixture_member(declined, "declined")), 2);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[4], wanted, true, NULL, INFO));
    for (int i = 0; i < 3; i++)
        market_consent(market, wanted, i);
    FAILS(GALEN_ERR_STATE,
          purchasing_consent(fx->home[PATIENT], &market->patients[0], wanted, false, NULL, INFO));
    FAILS(GALEN_ERR_STATE,
          purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], wanted, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "6 consents"));
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(fx->home[HOSPITAL], wanted, &shown, INFO));
    assert_int_equal(fixture_number(fixture_member(shown, "consents"), "declined"), 2);
    market_consent(market, wanted, 3);
    RECORD_JSON_AUTO delivered = market_deliver(market, wanted);
    assert_int_equal(fixture_number(delivered, "entries"), 8);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static int64_t send_and_count_refused(struct market *market, struct workflow *from,
                                      const struct chain_address *sender,
                                      const struct chain_address *recipient, const char *kind,
                                      struct json_object *body)
{
    uint8_t id[32];
    base_random(id, sizeof id);
    OK(message_send(from, sender, recipient, kind, id, body, INFO));
    return fixture_settle(market->fx);
}

static void strangers_messages_are_refused(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    forget_sales(market);
    uint64_t id = market_request(market, 8, PRICE, NULL);
    market_reply_and_ask(market, id);
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[0], id, true, NULL, INFO));
    RECORD_JSON_AUTO answer = kept_answer(market, id, 0, 0);

    /* another patient's answer under one's own name */
    assert_int_equal(send_and_count_refused(market, fx->home[PATIENT], &market->patients[1],
                                            &fx->who[HOSPITAL], MESSAGE_CONSENT_GIVEN, answer),
                     1);
    /* a question that does not come from the request's hospital, and one about nothing */
    RECORD_JSON_AUTO question = NULL;
    OK(workflow_object(&question, INFO));
    struct purchasing_row row;
    OK(purchasing_read_row(fx->home[BUYER], &row, id, INFO));
    OK(workflow_set_text(question, "type", "galen.consent-wanted/1", INFO));
    OK(workflow_set_int(question, "requestId", (int64_t)id, INFO));
    OK(record_json_set_hex(question, "templateHash", row.template_hash, 32, INFO));
    OK(workflow_set_text(question, "recordId", fixture_text(answer, "recordId"), INFO));
    OK(workflow_set_int(question, "k", 5, INFO));
    OK(workflow_set_int(question, "plannedCount", 10, INFO));
    OK(workflow_set_time(question, "respondBy", base_time_s() + 3600, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[BUYER], &fx->who[BUYER],
                                            &market->patients[0], MESSAGE_CONSENT_WANTED, question),
                     1);
    OK(workflow_set_int(question, "requestId", 4000000, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[HOSPITAL], &fx->who[HOSPITAL],
                                            &market->patients[0], MESSAGE_CONSENT_WANTED, question),
                     1);
    /* a manifest's notice from somebody else */
    RECORD_JSON_AUTO notice = NULL;
    static const uint8_t cid[32] = {4};
    OK(workflow_object(&notice, INFO));
    OK(workflow_set_text(notice, "type", "galen.manifest-notice/1", INFO));
    OK(workflow_set_int(notice, "requestId", (int64_t)id, INFO));
    OK(workflow_set_cid(notice, "manifestCid", cid, INFO));
    assert_int_equal(send_and_count_refused(market, fx->home[PATIENT], &market->patients[0],
                                            &fx->who[BUYER], MESSAGE_MANIFEST, notice),
                     1);
    /* none of them stands in the way of the rest */
    for (int i = 1; i < MARKET_PATIENTS; i++)
        market_consent(market, id, i);
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    assert_int_equal(fixture_number(delivered, "entries"), RECORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hospital_checks_answers),
        cmocka_unit_test(a_release_is_sold_once),
        cmocka_unit_test(the_buyer_checks_bundles),
        cmocka_unit_test(the_template_must_be_what_the_chain_says),
        cmocka_unit_test(a_request_needs_money_and_sense),
        cmocka_unit_test(too_few_records),
        cmocka_unit_test(strangers_messages_are_refused),
    };
    return cmocka_run_group_tests_name("purchasing refusals", tests, set_up, market_tear_down);
}
