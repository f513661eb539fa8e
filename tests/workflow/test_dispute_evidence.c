/* Evidence: whose counts, in what form, what a manager sees with it, where it lies, and that it
 * goes. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000003"
#define REASON  "canary-of-the-reason: impossible values"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- a body, as the honest buyer makes it ------------------------------------------------------------- */

static void buyer_key(struct market *market, uint64_t id, struct base_secret *key)
{
    struct purchasing_row row;
    OK(purchasing_read_row(market->fx->home[BUYER], &row, id, INFO));
    OK(dispute_load_key(market->fx->home[BUYER], key, row.template_hash, INFO));
}

static struct json_object *make_row(struct market *market, uint64_t id, uint64_t index)
{
    struct workflow *wf = market->fx->home[BUYER];
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    struct purchasing_row row;
    struct json_object *made = NULL;
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_manifest(wf, &manifest, row.id, row.manifest_cid, INFO));
    OK(workflow_object(&made, INFO));
    OK(workflow_set_int(made, "index", (int64_t)index, INFO));
    OK(workflow_set_cid(made, "bundleCid", manifest.rows[index].bundle_cid, INFO));
    OK(workflow_set_text(made, "ek", manifest.rows[index].ek, INFO));
    return made;
}

static struct json_object *make_body(struct market *market, uint64_t id, uint64_t index)
{
    BASE_SECRET_AUTO key = {0};
    RECORD_JSON_AUTO jwk = NULL;
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO row = NULL;
    struct json_object *body = NULL;
    buyer_key(market, id, &key);
    row = make_row(market, id, index);
    OK(workflow_object(&body, INFO));
    OK(workflow_array(&list, INFO));
    OK(workflow_push(list, &row, INFO));
    OK(record_json_parse(&jwk, (const char *)key.data, key.len, key.len, INFO));
    OK(workflow_set_text(body, "type", DISPUTE_EVIDENCE_TYPE, INFO));
    OK(workflow_set_int(body, "requestId", (int64_t)id, INFO));
    OK(workflow_set_object(body, "buyerKey", &jwk, INFO));
    OK(workflow_set_text(body, "reason", REASON, INFO));
    OK(workflow_set_object(body, "entries", &list, INFO));
    return body;
}

static void send(struct fixture *fx, enum fixture_home from, enum fixture_home to,
                 struct json_object *body)
{
    uint8_t id[32];
    OK(record_json_hash(id, body, INFO));
    OK(message_send(fx->home[from], &fx->who[from], &fx->who[to], MESSAGE_DISPUTE_EVIDENCE, id,
                    body, INFO));
    fixture_carry(fx, fx->home[from]);
}

/* The one message that a home has got is refused, and why. */
static void is_refused(struct fixture *fx, enum fixture_home at, const char *words)
{
    RECORD_JSON_AUTO summary = fixture_sync(fx->home[at]);
    assert_int_equal(fixture_number(summary, "refused"), 1);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, fx->home[at]->db, INFO,
                "SELECT reason FROM inbox WHERE state = 'refused' ORDER BY rowid DESC LIMIT 1"));
    OK(db_next(&rows, &found, INFO));
    if (strstr(db_text(&rows, 0), words) == NULL)
        fail_msg("refused for '%s', not '%s'", db_text(&rows, 0), words);
}

static void dispute(struct market *market, uint64_t id, const uint64_t *indices, size_t n)
{
    OK(dispute_open(market->fx->home[BUYER], &market->fx->who[BUYER], id, indices, n, REASON, NULL,
                    INFO));
}

/* ---- whose counts ----------------------------------------------------------------------------------------- */

static void strangers_are_refused(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const uint64_t both[] = {0, 1};
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 3, PRICE, NULL);
    dispute(market, id, both, 2);
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox WHERE kind = 'dispute-evidence'"));
    assert_int_equal(fixture_settle(fx), 0);

    RECORD_JSON_AUTO good = make_body(market, id, 0);
    send(fx, HOSPITAL, GM, good);
    is_refused(fx, GM, "not from the request's buyer");
    send(fx, BUYER, HOSPITAL, good);
    is_refused(fx, HOSPITAL, "for the managers");

    /* the key of another request, whose it is alone */
    uint64_t other = market_delivered(market, 3, PRICE, NULL);
    RECORD_JSON_AUTO others = make_body(market, other, 0);
    OK(workflow_set_int(others, "requestId", (int64_t)id, INFO));
    send(fx, BUYER, GM, others);
    is_refused(fx, GM, "not the private half");

    RECORD_JSON_AUTO beyond = make_body(market, id, 0);
    struct json_object *row = json_object_array_get_idx(fixture_member(beyond, "entries"), 0);
    OK(workflow_set_int(row, "index", RECORDS, INFO));
    send(fx, BUYER, GM, beyond);
    is_refused(fx, GM, "an entry that is none");
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM dispute_evidence"), 0);

    /* an entry that is not in dispute: it waits until it is */
    RECORD_JSON_AUTO early = make_body(market, id, 2);
    const uint64_t later = 2;
    send(fx, BUYER, GM, early);
    RECORD_JSON_AUTO waits = fixture_sync(fx->home[GM]);
    assert_int_equal(fixture_number(waits, "waiting"), 1);
    dispute(market, id, &later, 1);
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox WHERE kind = 'dispute-evidence'"));
    RECORD_JSON_AUTO taken = fixture_sync(fx->home[GM]);
    assert_int_equal(fixture_number(taken, "messages"), 1);
    assert_int_equal(fixture_count(fx->home[GM], "SELECT count(*) FROM dispute_evidence"), 1);

    /* the same bytes again, to the same and to the other manager */
    OK(message_send(fx->home[BUYER], &fx->who[BUYER], &fx->who[GM], MESSAGE_DISPUTE_EVIDENCE,
                    (const uint8_t[32]){7}, good, INFO));
    RECORD_JSON_AUTO mail = NULL;
    int64_t count = 0;
    OK(workflow_mail_export(fx->home[BUYER], &fx->who[GM], &mail, INFO));
    OK(workflow_mail_import(fx->home[GM], mail, &count, INFO));
    assert_int_equal(count, 1);
    json_object_put(fixture_sync(fx->home[GM]));
    OK(workflow_mail_import(fx->home[GM], mail, &count, INFO));
    assert_int_equal(count, 0);
    struct json_object *sealed = json_object_array_get_idx(fixture_member(mail, "messages"), 0);
    OK(workflow_set_address(sealed, "recipient", &fx->who[RM], INFO));
    OK(workflow_mail_import(fx->home[RM], mail, &count, INFO));
    assert_int_equal(count, 1);
    RECORD_JSON_AUTO refused = fixture_sync(fx->home[RM]);
    assert_int_equal(fixture_number(refused, "refused"), 1);
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- its form ------------------------------------------------------------------------------------------------ */

static void fails_to_parse(struct json_object *body, const char *what)
{
    DISPUTE_MESSAGE_AUTO read = {0};
    struct galen_errinfo *info = fixture_info();
    enum galen_err err = dispute_parse_evidence(&read, body, info);
    if (err != GALEN_ERR_PARSE && err != GALEN_ERR_LIMIT && err != GALEN_ERR_CHECK)
        fail_msg("%s: %s", what, galen_err_name(err));
    assert_null(read.buyer_key.data);
}

static struct json_object *text_json(const char *text)
{
    char array[160];
    RECORD_JSON_AUTO json = NULL;
    struct json_object *copy = NULL;
    snprintf(array, sizeof array, "[%s]", text);
    OK(record_json_parse(&json, array, strlen(array), strlen(array), INFO));
    OK(record_json_copy(&copy, json_object_array_get_idx(json, 0), INFO));
    return copy;
}

static void the_form_is_strict(void **state)
{
    struct market *market = *state;
    uint64_t id = (uint64_t)fixture_count(market->fx->home[BUYER],
                                          "SELECT max(request_id) FROM dispute");
    RECORD_JSON_AUTO good = make_body(market, id, 0);
    static const char *const keys[] = {"type", "requestId", "buyerKey", "reason", "entries"};
    static const char *const wrong[] = {"\"galen.other/1\"", "0", "{}", "\"\"", "[]"};
    static const char *const rows[] = {
        "{}",
        "{\"index\":-1}",
        "{\"index\":65535}",
        "{\"index\":\"1\"}",
        "{\"index\":1,\"more\":1}",
        "{\"index\":1,\"ek\":\"aa\"}",
        "{\"index\":1,\"failed\":1}",
        "{\"index\":1,\"bundleCid\":\"bafkqaaa\"}",
        "1",
    };
    DISPUTE_MESSAGE_AUTO read = {0};
    OK(dispute_parse_evidence(&read, good, INFO));
    assert_int_equal(read.request_id, id);
    assert_string_equal(read.reason, REASON);
    for (size_t i = 0; i < 5; i++) {
        RECORD_JSON_AUTO without = NULL;
        RECORD_JSON_AUTO with = NULL;
        OK(record_json_copy(&without, good, INFO));
        OK(record_json_copy(&with, good, INFO));
        json_object_object_del(without, keys[i]);
        fails_to_parse(without, keys[i]);
        OK(record_json_set(with, keys[i], text_json(wrong[i]), INFO));
        fails_to_parse(with, wrong[i]);
        OK(record_json_set(with, keys[i], text_json("[1]"), INFO));
        fails_to_parse(with, keys[i]);
    }
    RECORD_JSON_AUTO more = NULL;
    OK(record_json_copy(&more, good, INFO));
    OK(workflow_set_text(more, "more", "than there should be", INFO));
    fails_to_parse(more, "one member more");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD_JSON_AUTO body = NULL;
        char text[128];
        snprintf(text, sizeof text, "[%s]", rows[i]);
        OK(record_json_copy(&body, good, INFO));
        OK(record_json_set(body, "entries", text_json(text), INFO));
        fails_to_parse(body, rows[i]);
    }
    static const char *const lists[] = {"[{\"index\":1},{\"index\":1}]",
                                        "[{\"index\":2},{\"index\":1}]"};
    for (size_t i = 0; i < 2; i++) {
        RECORD_JSON_AUTO body = NULL;
        OK(record_json_copy(&body, good, INFO));
        OK(record_json_set(body, "entries", text_json(lists[i]), INFO));
        fails_to_parse(body, lists[i]);
    }
    /* one more than the most, of entries, of a reason, of a key */
    for (int over = 0; over < 2; over++) {
        RECORD_JSON_AUTO body = NULL;
        RECORD_JSON_AUTO list = NULL;
        char text[PURCHASING_EK_MAX + 2];
        OK(record_json_copy(&body, good, INFO));
        OK(workflow_array(&list, INFO));
        for (int i = 0; i < DISPUTE_EVIDENCE_PART + over; i++) {
            RECORD_JSON_AUTO row = NULL;
            OK(workflow_object(&row, INFO));
            OK(workflow_set_int(row, "index", i, INFO));
            OK(workflow_push(list, &row, INFO));
        }
        memset(text, 'r', sizeof text);
        text[DISPUTE_REASON_MAX + over] = '\0';
        OK(workflow_set_object(body, "entries", &list, INFO));
        RECORD_JSON_AUTO long_reason = NULL;
        RECORD_JSON_AUTO long_ek = NULL;
        OK(record_json_copy(&long_reason, good, INFO));
        OK(workflow_set_text(long_reason, "reason", text, INFO));
        OK(record_json_copy(&long_ek, good, INFO));
        memset(text, 'e', sizeof text);
        text[PURCHASING_EK_MAX + over] = '\0';
        OK(workflow_set_text(json_object_array_get_idx(fixture_member(long_ek, "entries"), 0), "ek",
                             text, INFO));
        struct json_object *const bodies[] = {body, long_reason, long_ek};
        for (int i = 0; i < 3; i++) {
            DISPUTE_MESSAGE_AUTO most = {0};
            if (over == 0)
                OK(dispute_parse_evidence(&most, bodies[i], INFO));
            else
                fails_to_parse(bodies[i], "beyond the maximum");
        }
    }
    /* a key that is no private key, or another's half */
    static const char *const members[] = {"d", "x", "kty"};
    for (size_t i = 0; i < 3; i++) {
        RECORD_JSON_AUTO body = NULL;
        OK(record_json_copy(&body, good, INFO));
        struct json_object *jwk = fixture_member(body, "buyerKey");
        if (i == 0)
            json_object_object_del(jwk, "d");
        else
            OK(workflow_set_text(jwk, members[i], fixture_text(jwk, "y"), INFO));
        fails_to_parse(body, members[i]);
    }
}

/* The largest number of disputed entries still fits its messages. */
static void the_largest_fits(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    uint64_t id = (uint64_t)fixture_count(fx->home[BUYER], "SELECT max(request_id) FROM dispute");
    RECORD_JSON_AUTO body = make_body(market, id, 0);
    RECORD_JSON_AUTO list = NULL;
    char ek[PURCHASING_EK_MAX + 1];
    uint8_t cid[32] = {1};
    memset(ek, 'e', sizeof ek - 1);
    ek[sizeof ek - 1] = '\0';
    OK(workflow_array(&list, INFO));
    for (int i = 0; i < DISPUTE_EVIDENCE_PART; i++) {
        RECORD_JSON_AUTO row = NULL;
        OK(workflow_object(&row, INFO));
        OK(workflow_set_int(row, "index", 65000 + i, INFO));
        OK(workflow_set_cid(row, "bundleCid", cid, INFO));
        OK(workflow_set_text(row, "ek", ek, INFO));
        OK(workflow_push(list, &row, INFO));
    }
    OK(workflow_set_object(body, "entries", &list, INFO));
    send(fx, BUYER, GM, body);
    is_refused(fx, GM, "an entry that is none"); /* it was read, that is */
}

/* ---- what a manager sees ----------------------------------------------------------------------------------- */

static struct json_object *first_entry(struct json_object *shown)
{
    return json_object_array_get_idx(fixture_member(shown, "entries"), 0);
}

static bool misses(struct json_object *entry, const char *what)
{
    struct json_object *list = NULL;
    if (!json_object_object_get_ex(entry, "missing", &list))
        return false;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), what) == 0)
            return true;
    return false;
}

static void what_is_missing_is_said(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *gm = fx->home[GM];
    const uint64_t one = 0;
    struct purchasing_row row;
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 3, PRICE, NULL);
    dispute(market, id, &one, 1);
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox WHERE kind = 'dispute-evidence'"));
    assert_int_equal(fixture_settle(fx), 0);

    /* no evidence: what the chain says is checked, nothing is decrypted */
    RECORD_JSON_AUTO bare = NULL;
    OK(dispute_show(gm, id, &bare, INFO));
    assert_true(misses(first_entry(bare), "the buyer's evidence"));
    assert_false(misses(first_entry(bare), "manifest"));
    assert_false(json_object_object_get_ex(first_entry(bare), "values", NULL));
    assert_false(json_object_object_get_ex(first_entry(bare), "ifMissing", NULL));

    /* evidence whose key is another entry's: the manifest's fits bundleDigest, and is used */
    RECORD_JSON_AUTO body = make_body(market, id, 0);
    RECORD_JSON_AUTO other = make_row(market, id, 1);
    struct json_object *given = json_object_array_get_idx(fixture_member(body, "entries"), 0);
    OK(workflow_set_text(given, "ek", fixture_text(other, "ek"), INFO));
    send(fx, BUYER, GM, body);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO both = NULL;
    OK(dispute_show(gm, id, &both, INFO));
    assert_true(json_object_object_get_ex(first_entry(both), "values", NULL));
    assert_true(json_object_get_boolean(fixture_member(first_entry(both), "passed")));

    /* without the manifest only the wrong key is left: it does not fit, and that is said */
    BASE_BUF_AUTO block = {0};
    OK(purchasing_read_row(gm, &row, id, INFO));
    OK(store_get(&block, gm->store, row.manifest_cid, INFO));
    OK(store_remove(gm->store, row.manifest_cid, INFO));
    RECORD_JSON_AUTO wrong = NULL;
    OK(dispute_show(gm, id, &wrong, INFO));
    assert_true(misses(first_entry(wrong), "manifest"));
    assert_non_null(strstr(fixture_text(first_entry(wrong), "ifMissing"), "ruled Refund"));
    assert_false(json_object_object_get_ex(first_entry(wrong), "values", NULL));

    /* the buyer's right evidence needs no manifest */
    RECORD_JSON_AUTO right = NULL;
    OK(store_put(NULL, gm->store, block.data, block.len, INFO));
    right = make_body(market, id, 0);
    OK(store_remove(gm->store, row.manifest_cid, INFO));
    send(fx, BUYER, GM, right);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO seen = NULL;
    OK(dispute_show(gm, id, &seen, INFO));
    assert_true(json_object_get_boolean(fixture_member(first_entry(seen), "passed")));

    /* and neither bundle nor key can be made up for */
    struct json_object *named = json_object_array_get_idx(fixture_member(right, "entries"), 0);
    uint8_t bundle[32];
    OK(store_cid_parse(bundle, fixture_text(named, "bundleCid"), INFO));
    OK(store_remove(gm->store, bundle, INFO));
    RECORD_JSON_AUTO gone = NULL;
    OK(dispute_show(gm, id, &gone, INFO));
    assert_true(misses(first_entry(gone), "bundle"));
    OK(store_put(NULL, gm->store, block.data, block.len, INFO));
}

/* ---- where it lies ----------------------------------------------------------------------------------------- */

/* Neither the key nor the reason is in plain sight, and both go when they are no longer needed. */
static void it_is_sealed_and_goes(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const uint64_t one = 3;
    struct purchasing_row row;
    BASE_SECRET_AUTO key = {0};
    BASE_SECRET_AUTO left = {0};
    RECORD_JSON_AUTO jwk = NULL;
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 3, PRICE, NULL);
    dispute(market, id, &one, 1);
    assert_int_equal(fixture_settle(fx), 0);
    buyer_key(market, id, &key);
    OK(record_json_parse(&jwk, (const char *)key.data, key.len, key.len, INFO));
    const char *secrets[] = {fixture_text(jwk, "d"), "canary-of-the-reason"};
    for (int i = 0; i < 2; i++)
        assert_false(fixture_folder_holds(fx->dir, secrets[i], strlen(secrets[i])));

    OK(purchasing_read_row(fx->home[GM], &row, id, INFO));
    OK(dispute_load_key(fx->home[GM], &left, row.template_hash, INFO));
    FAILS(GALEN_ERR_STATE, dispute_forget(fx->home[GM], id, NULL, INFO));
    for (int i = 0; i < 2; i++) {
        const enum fixture_home who = i == 0 ? GM : RM;
        OK(dispute_rule(fx->home[who], &fx->who[who], id, &one, 1, DISPUTE_PAY, NULL, INFO));
    }
    RECORD_JSON_AUTO forgotten = NULL;
    OK(dispute_forget(fx->home[GM], id, &forgotten, INFO));
    assert_int_equal(fixture_number(forgotten, "deleted"), 1);
    base_secret_clear(&left);
    FAILS(GALEN_ERR_NOT_FOUND, dispute_load_key(fx->home[GM], &left, row.template_hash, INFO));
    RECORD_JSON_AUTO shown = NULL;
    OK(dispute_show(fx->home[GM], id, &shown, INFO));
    assert_false(json_object_object_get_ex(first_entry(shown), "values", NULL));
    OK(dispute_forget(fx->home[GM], id, NULL, INFO));
}

/* A run that ended between the transaction and the messages: the next sync sends them. */
static void an_interrupted_dispute_is_completed(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const uint64_t two[] = {1, 4};
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 3, PRICE, NULL);
    dispute(market, id, two, 2);
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox WHERE kind = 'dispute-evidence'"));
    OK(db_run(fx->home[BUYER]->db, INFO, "UPDATE dispute SET told_at = NULL WHERE request_id = ?",
              DB_INT(id)));
    fixture_restart(fx, BUYER);
    json_object_put(fixture_sync(fx->home[BUYER]));
    assert_int_equal(fixture_settle(fx), 0);
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO shown = NULL;
        OK(dispute_show(fx->home[i == 0 ? GM : RM], id, &shown, INFO));
        assert_string_equal(fixture_text(first_entry(shown), "reason"), REASON);
        assert_true(json_object_object_get_ex(first_entry(shown), "values", NULL));
    }
    assert_int_equal(
        fixture_count(fx->home[BUYER], "SELECT count(*) FROM dispute WHERE told_at IS NULL"), 0);
}

/* ---- events that are gone, and offices that changed hands -------------------------------------------------- */

static int64_t votes(struct workflow *wf, uint64_t id, const char *column)
{
    int64_t sum = -1;
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT sum(%s) FROM entry WHERE request_id = ?", column);
    OK(db_get_int(wf->db, &sum, -1, INFO, sql, DB_INT(id)));
    return sum;
}

static void the_contract_has_the_last_word(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *hospital = fx->home[HOSPITAL];
    const uint64_t one = 1;
    uint64_t id = (uint64_t)fixture_count(fx->home[BUYER], "SELECT max(request_id) FROM dispute");
    /* a vote by who was in office then counts for the office */
    struct chain_address next;
    BASE_BUF_AUTO propose = {0};
    BASE_BUF_AUTO accept = {0};
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, &one, 1, DISPUTE_FRAUD, NULL, INFO));
    OK(workflow_identity_new(fx->home[GM], &next, "next-gm", "gm", INFO));
    fixture_fund(fx, &next, "1");
    OK(datahub_encode_propose_manager(&propose, &next, INFO));
    market_call(fx->home[GM], &fx->who[GM], "proposeManager", &propose, NULL);
    OK(datahub_encode_accept_group_manager(&accept, INFO));
    market_call(fx->home[GM], &next, "acceptGroupManager", &accept, NULL);
    json_object_put(fixture_sync(hospital));
    assert_int_equal(votes(hospital, id, "gm_vote"), DISPUTE_FRAUD);
    FAILS(GALEN_ERR_STATE,
          dispute_rule(fx->home[GM], &fx->who[GM], id, &one, 1, DISPUTE_PAY, NULL, INFO));
    OK(dispute_rule(fx->home[GM], &next, id, &one, 1, DISPUTE_PAY, NULL, INFO));
    json_object_put(fixture_sync(hospital));
    assert_int_equal(votes(hospital, id, "gm_vote"), DISPUTE_PAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(the_form_is_strict),
        cmocka_unit_test(the_largest_fits),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(it_is_sealed_and_goes),
        cmocka_unit_test(an_interrupted_dispute_is_completed),
        cmocka_unit_test(the_contract_has_the_last_word),
    };
    return cmocka_run_group_tests_name("dispute evidence", tests, set_up, market_tear_down);
}
