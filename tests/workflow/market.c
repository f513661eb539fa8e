/* A market on the fixture's stage. */
#include "market.h"

#include <stdlib.h>
#include <string.h>

int market_set_up(void **state, int records)
{
    void *stage = NULL;
    if (fixture_grouped(&stage) != 0)
        return -1;
    struct market *market = calloc(1, sizeof *market);
    if (market == NULL)
        return -1;
    *state = market;
    market->fx = stage;
    struct fixture *fx = stage;
    market->patients[0] = fx->who[PATIENT];
    market->patients[1] = fx->patient2;
    for (int i = 2; i < MARKET_PATIENTS; i++) {
        char name[24];
        snprintf(name, sizeof name, "patient-%d", i + 1);
        OK(workflow_identity_new(fx->home[PATIENT], &market->patients[i], name, "patient", INFO));
        fixture_give_card(fx->home[PATIENT], &market->patients[i], fx->home[DOCTOR]);
        fixture_give_card(fx->home[PATIENT], &market->patients[i], fx->home[HOSPITAL]);
        fixture_give_card(fx->home[PATIENT], &market->patients[i], fx->home[PATIENT]);
    }
    for (int i = 0; i < records; i++) {
        RECORD_JSON_AUTO record = fixture_record(fx, &market->patients[i % MARKET_PATIENTS], i);
        OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, NULL, INFO));
    }
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    market->records = records;
    return 0;
}

int market_tear_down(void **state)
{
    struct market *market = *state;
    if (market == NULL)
        return 0;
    void *stage = market->fx;
    free(market);
    *state = NULL;
    return fixture_tear_down(&stage);
}

/* ---- the steps ---------------------------------------------------------------------------------- */

struct json_object *market_template(int min_records, const char *price_wei)
{
    char text[512];
    struct json_object *json = NULL;
    int len =
        snprintf(text, sizeof text,
                 "{\"category\":\"Cardiology\",\"demographics\":{\"age\":true,\"gender\":true,"
                 "\"location\":false,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
                 "\"treatment\":false,\"medications\":false,\"lab_results\":true},"
                 "\"time_period\":\"1 year\",\"min_records\":%d,\"price_wei\":\"%s\"}",
                 min_records, price_wei);
    assert_true(len > 0 && (size_t)len < sizeof text);
    OK(record_json_parse(&json, text, (size_t)len, sizeof text, INFO));
    return json;
}

uint64_t market_request(struct market *market, int min_records, const char *price_wei,
                        const struct purchasing_terms *terms)
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO wanted = market_template(min_records, price_wei);
    RECORD_JSON_AUTO made = NULL;
    OK(purchasing_request(fx->home[BUYER], &fx->who[BUYER], wanted, terms, &made, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    return (uint64_t)fixture_number(made, "requestId");
}

void market_reply_and_ask(struct market *market, uint64_t id)
{
    struct fixture *fx = market->fx;
    OK(purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_ask_consent(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

void market_consent(struct market *market, uint64_t id, int patient)
{
    OK(purchasing_consent(market->fx->home[PATIENT], &market->patients[patient], id, true, NULL,
                          INFO));
    assert_int_equal(fixture_settle(market->fx), 0);
}

void market_consent_all(struct market *market, uint64_t id)
{
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(market->fx->home[PATIENT], &market->patients[i], id, true, NULL,
                              INFO));
    assert_int_equal(fixture_settle(market->fx), 0);
}

struct json_object *market_deliver(struct market *market, uint64_t id)
{
    struct fixture *fx = market->fx;
    struct json_object *made = NULL;
    OK(purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, &made, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    return made;
}

struct json_object *market_verify(struct market *market, uint64_t id, bool *passed)
{
    struct json_object *made = NULL;
    OK(purchasing_verify(market->fx->home[BUYER], id, passed, &made, INFO));
    return made;
}

uint64_t market_delivered(struct market *market, int min_records, const char *price_wei,
                          const struct purchasing_terms *terms)
{
    bool passed = false;
    uint64_t id = market_request(market, min_records, price_wei, terms);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    json_object_put(market_deliver(market, id));
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    return id;
}

/* ---- looking ------------------------------------------------------------------------------------ */

struct chain_u256 market_balance(struct market *market, const struct chain_address *account)
{
    struct chain_u256 balance = {0};
    OK(chain_rpc_balance(market->fx->rpc, &balance, account, INFO));
    return balance;
}

struct chain_u256 market_fees(struct workflow *wf, const struct chain_address *account)
{
    struct chain_u256 sum = {0};
    DB_ROWS_AUTO rows = {0};
    OK(db_query(&rows, wf->db, INFO,
                "SELECT total_wei FROM tx WHERE sender = ? AND total_wei IS NOT NULL",
                DB_BLOB(account->bytes, 20)));
    for (;;) {
        bool found = false;
        struct chain_u256 fee;
        OK(db_next(&rows, &found, INFO));
        if (!found)
            return sum;
        OK(chain_u256_parse(&fee, db_text(&rows, 0), INFO));
        assert_int_equal(chain_u256_add(&sum, &sum, &fee), GALEN_OK);
    }
}

struct chain_u256 market_money(struct market *market, enum fixture_home who)
{
    struct fixture *fx = market->fx;
    return market_plus(market_balance(market, &fx->who[who]),
                       market_fees(fx->home[who], &fx->who[who]));
}

void market_same_wei(struct chain_u256 actual, struct chain_u256 expected)
{
    char a[CHAIN_U256_DECIMAL];
    char b[CHAIN_U256_DECIMAL];
    chain_u256_format(a, &actual);
    chain_u256_format(b, &expected);
    assert_string_equal(a, b);
}

struct chain_u256 market_plus(struct chain_u256 a, struct chain_u256 b)
{
    struct chain_u256 sum;
    assert_int_equal(chain_u256_add(&sum, &a, &b), GALEN_OK);
    return sum;
}

struct chain_u256 market_times(struct chain_u256 a, uint64_t n)
{
    struct chain_u256 product;
    assert_int_equal(chain_u256_mul_u64(&product, &a, n), GALEN_OK);
    return product;
}

const char *market_state(struct workflow *wf, uint64_t id)
{
    static char state[16];
    RECORD_JSON_AUTO shown = NULL;
    OK(purchasing_show(wf, id, &shown, INFO));
    snprintf(state, sizeof state, "%s", fixture_text(shown, "state"));
    return state;
}

static struct json_object *checks_of(struct json_object *verification, int index)
{
    if (index < 0)
        return fixture_member(verification, "checks");
    struct json_object *entries = fixture_member(verification, "entries");
    assert_true((size_t)index < json_object_array_length(entries));
    return fixture_member(json_object_array_get_idx(entries, (size_t)index), "checks");
}

bool market_row(struct json_object *verification, int index, const char *check)
{
    struct json_object *checks = checks_of(verification, index);
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(fixture_text(row, "check"), check) == 0)
            return json_object_get_boolean(fixture_member(row, "passed"));
    }
    fail_msg("no row \"%s\" in %s", check, json_object_to_json_string(checks));
    return false;
}

int market_failed(struct json_object *verification, int index)
{
    int failed = 0;
    struct json_object *checks = checks_of(verification, index);
    for (size_t i = 0; i < json_object_array_length(checks); i++)
        failed += !json_object_get_boolean(
            fixture_member(json_object_array_get_idx(checks, i), "passed"));
    return failed;
}

void market_alter_block(struct market *market, const uint8_t cid32[32])
{
    char cid[STORE_CID_TEXT];
    char path[192];
    store_cid_encode(cid, cid32);
    size_t len = strlen(cid);
    snprintf(path, sizeof path, "%s/blocks/%c%c/%s", market->fx->dir, cid[len - 3], cid[len - 2],
             cid);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 300, SEEK_SET), 0);
    int old = fgetc(file);
    assert_int_not_equal(old, EOF);
    assert_int_equal(fseek(file, 300, SEEK_SET), 0);
    assert_int_not_equal(fputc(old == 'A' ? 'B' : 'A', file), EOF);
    assert_int_equal(fclose(file), 0);
}

void market_call(struct workflow *wf, const struct chain_address *from, const char *operation,
                 const struct base_buf *data, const struct chain_u256 *value)
{
    const struct workflow_call call = {.from = from,
                                       .value = value,
                                       .data = data,
                                       .role = "other",
                                       .flow = "purchasing",
                                       .operation = operation,
                                       .request_id = -1};
    OK(workflow_transact(wf, &call, NULL, NULL, NULL, INFO));
}

/* ---- answers ------------------------------------------------------------------------------------ */

void market_forget_sales(struct market *market)
{
    OK(db_run(market->fx->home[PATIENT]->db, INFO, "UPDATE release SET request_id = NULL"));
    for (int i = 0; i < FIXTURE_HOMES; i++)
        OK(db_run(market->fx->home[i]->db, INFO, "DELETE FROM entry"));
}

struct json_object *market_answer(struct market *market, uint64_t id, int patient, int n)
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
