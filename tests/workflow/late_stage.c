/* A sale in which one patient keeps its key. */
#include "late_stage.h"

#include <string.h>

#define PRICE "1000000000000000003"

static const struct purchasing_terms short_terms = {
    .max_records = 5,
    .reply_window_s = 3600,
    .deliver_window_s = 8000,
    .verify_window_s = 7200,
    .rule_window_s = 7200,
};

uint64_t late_consented(struct market *market)
{
    struct fixture *fx = market->fx;
    uint64_t id = market_request(market, 4, PRICE, &short_terms);
    market_reply_and_ask(market, id);
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(fx->home[PATIENT], &market->patients[i], id,
                              i == LATE_KEEPER ? PURCHASING_ACCEPT_KEEP_KEY : PURCHASING_ACCEPT,
                              NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    return id;
}

uint64_t late_delivered(struct market *market)
{
    struct fixture *fx = market->fx;
    uint64_t id = late_consented(market);
    OK(purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    json_object_put(fixture_sync(fx->home[BUYER]));
    return id;
}

/* Where the keeper's entry is, by the hospital's events. */
uint64_t late_place(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO answer = market_answer(market, id, LATE_KEEPER, 0);
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
struct json_object *late_key(struct market *market, uint64_t id, const char *state)
{
    RECORD_JSON_AUTO list = NULL;
    struct json_object *key = NULL;
    OK(purchasing_consents(market->fx->home[PATIENT], &market->patients[LATE_KEEPER], NULL, &list,
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

void late_expect(struct market *market, uint64_t id, const char *state)
{
    json_object_put(late_key(market, id, state));
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

int64_t late_awaited(struct market *market, uint64_t id)
{
    RECORD_JSON_AUTO keys = buyers_keys(market, id);
    assert_int_equal(fixture_number(keys, "kept"), 1);
    return fixture_number(keys, "awaited");
}

int64_t late_count(struct workflow *wf, const char *sql, uint64_t id)
{
    int64_t count = -1;
    OK(db_get_int(wf->db, &count, -1, INFO, sql, DB_INT(id)));
    return count;
}

/* What the patient's home keeps: the EK, which is nowhere else. */
struct json_object *late_answer(struct market *market, uint64_t id)
{
    struct workflow *wf = market->fx->home[PATIENT];
    DB_ROWS_AUTO rows = {0};
    struct json_object *both = NULL;
    bool found = false;
    OK(db_query(&rows, wf->db, INFO,
                "SELECT sealed FROM consent WHERE side = 'patient' AND request_id = ?"
                " AND patient = ?",
                DB_INT(id), DB_BLOB(market->patients[LATE_KEEPER].bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(workflow_home_open(wf, &both, db_blob(&rows, 0), INFO));
    return both;
}

/* The buyer's verification fails in this entry alone, for want of its key. */
void late_expect_missing(struct market *market, uint64_t id, uint64_t place, bool in_time)
{
    bool passed = true;
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_false(market_row(verified, (int)place, "key"));
    assert_int_equal(market_failed(verified, (int)place), 1);
    assert_int_equal(fixture_number(verified, "failed"), 1);
    assert_string_equal(
        fixture_text(json_object_array_get_idx(fixture_member(verified, "entries"), place),
                     "remedy"),
        "dispute");
    struct json_object *next = fixture_member(verified, "next");
    assert_int_equal(json_object_array_length(next), 1);
    assert_non_null(strstr(json_object_get_string(json_object_array_get_idx(next, 0)),
                           in_time ? "may come until" : "galen request dispute"));
}
