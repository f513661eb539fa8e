/* More releases of a record: asked for when all are sold, recognised by its doctor alone, taken
 * only from a doctor, for this record, this patient, this request, once. */
#include "market.h"
#include "opening_stage.h"
#include "post_server.h"
#include "workflow/storing_internal.h"

#include <string.h>

#define RECORDS 10
#define PRICE   "1000000000000000000"
#define DAY_S   86400

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* Sells out the releases of a patient's nth record: as sales would have, by number. */
static int64_t sell_out(struct market *market, int patient, int nth, uint8_t root32[32])
{
    struct workflow *wf = market->fx->home[PATIENT];
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, wf->db, INFO,
                "SELECT id, merkle_root FROM record WHERE side = 'patient' AND holder = ?"
                " ORDER BY id LIMIT 1 OFFSET ?",
                DB_BLOB(market->patients[patient].bytes, 20), DB_INT(nth)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    int64_t id = db_int(&rows, 0);
    OK(db_bytes(&rows, 1, root32, 32, INFO));
    db_rows_end(&rows);
    OK(db_run(wf->db, INFO,
              "UPDATE release SET request_id = 900 WHERE record_id = ? AND request_id IS NULL",
              DB_INT(id)));
    return id;
}

static int64_t stock(struct market *market, int64_t record_id)
{
    int64_t left = 0;
    OK(db_get_int(market->fx->home[PATIENT]->db, &left, 0, INFO,
                  "SELECT count(*) FROM release WHERE record_id = ? AND request_id IS NULL",
                  DB_INT(record_id)));
    return left;
}

static struct json_object *hospital_list(struct market *market)
{
    struct json_object *list = NULL;
    OK(topup_list(market->fx->home[HOSPITAL], &market->fx->who[HOSPITAL], &list, INFO));
    return list;
}

/* ---- the way through -------------------------------------------------------------------------------- */

static void sold_out_is_topped_up(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *patient = fx->home[PATIENT];
    uint8_t root[32];
    int64_t found = 0;
    char hex[65];
    int64_t id = sell_out(market, 0, 0, root);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM topup WHERE side = 'patient'"),
                     1);

    /* The list names nobody. */
    RECORD_JSON_AUTO list = hospital_list(market);
    assert_int_equal(json_object_array_length(fixture_member(list, "tags")), 1);
    char address[CHAIN_ADDRESS_TEXT];
    base_hex_encode(hex, root, 32);
    chain_address_format(address, &market->patients[0]);
    assert_null(strstr(json_object_to_json_string(list), hex));
    assert_null(strstr(json_object_to_json_string(list), address));
    FAILS(GALEN_ERR_NOT_FOUND, topup_list(fx->home[DOCTOR], &fx->who[HOSPITAL], NULL, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, topup_list(patient, &market->patients[0], NULL, INFO));

    /* Its doctor recognises it, once; who has another record, or the hospital, does not. */
    OK(topup_match(fx->home[HOSPITAL], list, &found, INFO));
    assert_int_equal(found, 0);
    OK(topup_match(fx->home[DOCTOR], list, &found, INFO));
    assert_int_equal(found, 1);
    OK(topup_match(fx->home[DOCTOR], list, &found, INFO));
    assert_int_equal(found, 0);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(stock(market, id), STORING_RELEASES);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM notification"
                                            " WHERE kind = 'topup'"),
                     1);
    /* asked again on the same day: it was answered */
    FAILS(GALEN_ERR_STATE, topup_ask(patient, hex, NULL, INFO));
    assert_non_null(strstr(INFO->hint, "once a day"));

    /* shown, verified, sold */
    RECORD_JSON_AUTO shown = NULL;
    bool passed = false;
    OK(storing_show(patient, hex, &shown, INFO));
    assert_int_equal(fixture_number(shown, "releasesLeft"), STORING_RELEASES);
    assert_int_equal(json_object_array_length(fixture_member(shown, "releases")), 6);
    OK(storing_verify(patient, hex, &passed, NULL, INFO));
    assert_true(passed);
    uint64_t request = market_delivered(market, RECORDS, PRICE, NULL);
    assert_int_equal(stock(market, id), STORING_RELEASES - 1);
    int64_t sold = 0;
    OK(db_get_int(patient->db, &sold, 0, INFO,
                  "SELECT count(*) FROM release WHERE request_id = ? AND sealed IS NOT NULL",
                  DB_INT(request)));
    assert_int_equal(sold, 1);
    /* and after a restart */
    fixture_restart(fx, PATIENT);
    OK(storing_show(fx->home[PATIENT], hex, NULL, INFO));
}

/* The doctor's home keeps neither the record nor its seed in sight, and no message names the
 * doctor. */
static void nothing_names_the_doctor(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    uint8_t root[32];
    int64_t found = 0;
    RECORD_JSON_AUTO mail = NULL;
    (void)sell_out(market, 1, 0, root);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO list = hospital_list(market);
    OK(topup_match(fx->home[DOCTOR], list, &found, INFO));
    assert_int_equal(found, 1);
    json_object_put(fixture_sync(fx->home[DOCTOR]));
    OK(workflow_mail_export(fx->home[DOCTOR], NULL, &mail, INFO));
    struct json_object *messages = fixture_member(mail, "messages");
    assert_int_equal(json_object_array_length(messages), 1);
    const char *text = fixture_text(json_object_array_get_idx(messages, 0), "sealed");
    MESSAGE_AUTO message = {0};
    OK(message_open(fx->home[PATIENT], &message, &market->patients[1],
                    (struct base_view){(const uint8_t *)text, strlen(text)}, INFO));
    assert_string_equal(message.kind, MESSAGE_TOPUP);
    assert_true(chain_address_is_zero(&message.sender));
    char doctor[CHAIN_ADDRESS_TEXT];
    chain_address_format(doctor, &fx->who[DOCTOR]);
    assert_null(strcasestr(json_object_to_json_string(message.whole), doctor + 2));
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM topup_source"
                                                     " WHERE instr(sealed, 'Cardiology')"),
                     0);
    assert_int_equal(fixture_settle(fx), 0);
}

/* A home that is told not to answers nothing and keeps nothing to answer with. */
static void answering_can_be_switched_off(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *doctor = fx->home[DOCTOR];
    char hex[65];
    uint8_t root[32];
    int64_t found = 0;
    const int64_t before = fixture_count(doctor, "SELECT count(*) FROM topup_source");
    (void)sell_out(market, 2, 0, root);
    assert_int_equal(fixture_settle(fx), 0);
    RECORD_JSON_AUTO list = hospital_list(market);
    doctor->post.no_topup_answer = true;
    OK(topup_match(doctor, list, &found, INFO));
    assert_int_equal(found, 0);
    fixture_store(fx, &market->patients[2], 33, hex);
    assert_int_equal(fixture_count(doctor, "SELECT count(*) FROM topup_source"), before);
    doctor->post.no_topup_answer = false;
    OK(topup_match(doctor, list, &found, INFO));
    assert_int_equal(found, 1);
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- the hospital's list --------------------------------------------------------------------------- */

static void strangers_are_not_listed(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO before = hospital_list(market);
    RECORD_JSON_AUTO body = NULL;
    uint8_t root[32], tag[32];
    base_random(tag, sizeof tag);
    (void)sell_out(market, 3, 0, root);
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", TOPUP_WANTED_TYPE, INFO));
    OK(record_json_set_hex(body, "recordId", root, 32, INFO));
    OK(record_json_set_hex(body, "tag", tag, 32, INFO));
    /* another patient's record; and a message without a wallet's signature */
    OK(message_send(fx->home[PATIENT], &market->patients[4], &fx->who[HOSPITAL],
                    MESSAGE_TOPUP_WANTED, tag, body, INFO));
    tag[0] ^= 1;
    OK(message_send_unsigned(fx->home[PATIENT], &market->patients[3], &fx->who[HOSPITAL],
                             MESSAGE_TOPUP_WANTED, tag, body, INFO));
    OK(db_run(fx->home[PATIENT]->db, INFO,
              "UPDATE release SET request_id = NULL"
              " WHERE request_id = 900"));
    assert_int_equal(fixture_settle(fx), 2);
    RECORD_JSON_AUTO after = hospital_list(market);
    assert_true(json_object_equal(before, after));
}

/* A full list makes patients wait; one patient's requests do not take all the room meanwhile. */
static void one_sender_gets_a_part_of_the_inbox(void **state)
{
    enum { SENT = 30, MOST = 20 };
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *hospital = fx->home[HOSPITAL];
    const int64_t limit = hospital->post.limits[POST_RECIPIENT_MESSAGES];
    uint8_t root[32];
    (void)sell_out(market, 3, 1, root);
    OK(db_run(fx->home[PATIENT]->db, INFO,
              "UPDATE release SET request_id = NULL"
              " WHERE request_id = 900"));
    hospital->post.limits[POST_RECIPIENT_MESSAGES] = 50;
    OK(db_run(hospital->db, INFO,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
              " INSERT INTO topup SELECT ?2, 'hospital', zeroblob(32), zeroblob(20),"
              " CAST(printf('%032d', i) AS BLOB), 'open', NULL, ?3 FROM n",
              DB_INT(TOPUP_LIST_MAX), DB_BLOB(fx->who[HOSPITAL].bytes, 20), DB_INT(base_time_s())));
    for (int i = 0; i < SENT; i++) {
        RECORD_JSON_AUTO body = NULL;
        uint8_t tag[32] = {(uint8_t)i};
        OK(workflow_object(&body, INFO));
        OK(workflow_set_text(body, "type", TOPUP_WANTED_TYPE, INFO));
        OK(record_json_set_hex(body, "recordId", root, 32, INFO));
        OK(record_json_set_hex(body, "tag", tag, 32, INFO));
        OK(message_send(fx->home[PATIENT], &market->patients[3], &fx->who[HOSPITAL],
                        MESSAGE_TOPUP_WANTED, tag, body, INFO));
    }
    assert_int_equal(fixture_settle(fx), SENT - MOST);
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM inbox WHERE state = 'new'"),
                     MOST);
    OK(db_run(hospital->db, INFO, "DELETE FROM topup WHERE record_root = zeroblob(32)"));
    assert_int_equal(fixture_settle(fx), 0); /* there is room again */
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM inbox WHERE state = 'new'"), 0);
    OK(db_run(hospital->db, INFO, "DELETE FROM topup WHERE record_root = ?", DB_BLOB(root, 32)));
    hospital->post.limits[POST_RECIPIENT_MESSAGES] = limit;
}

static void lists_that_are_none(void **state)
{
    struct market *market = *state;
    struct workflow *doctor = market->fx->home[DOCTOR];
    static const char *const bad[] = {
        "{}",
        "{\"type\":\"galen.topups/1\",\"hospital\":\"0x00\",\"tags\":[]}",
        "{\"type\":\"galen.topups/1\",\"hospital\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
        "\"tags\":[\"0x00\"]}",
        "{\"type\":\"galen.topups/1\",\"hospital\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
        "\"tags\":[7]}",
        "{\"type\":\"galen.topups/1\",\"hospital\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
        "\"tags\":[],\"more\":1}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RECORD_JSON_AUTO list = NULL;
        int64_t found = 0;
        OK(record_json_parse(&list, bad[i], strlen(bad[i]), 4096, INFO));
        FAILS(GALEN_ERR_PARSE, topup_match(doctor, list, &found, INFO));
    }
    /* a list of all tags that ever were, and more than there may be */
    RECORD_JSON_AUTO list = hospital_list(market);
    struct json_object *tags = fixture_member(list, "tags");
    int64_t found = 0;
    while (json_object_array_length(tags) <= TOPUP_LIST_MAX)
        json_object_array_add(tags, json_object_new_string("0x00"));
    assert_int_not_equal(topup_match(doctor, list, &found, INFO), GALEN_OK);
}

/* ---- over HTTP ------------------------------------------------------------------------------------ */

enum behaviour { HONEST, OTHERS, GARBAGE, ENDLESS, GONE };

struct http_stage {
    struct market *market;
    enum behaviour behaviour;
    int asked;
};

static void serve(void *user, const struct post_server_request *request,
                  struct post_server_answer *answer)
{
    struct http_stage *stage = user;
    char address[CHAIN_ADDRESS_TEXT];
    char path[96];
    RECORD_JSON_AUTO list = hospital_list(stage->market);
    chain_address_format(address, &stage->market->fx->who[HOSPITAL]);
    snprintf(path, sizeof path, "/node/api/v1/topups/%s", address);
    assert_string_equal(request->path, path); /* of the whole list; nothing else is told */
    assert_string_equal(request->method, "GET");
    stage->asked++;
    answer->status = stage->behaviour == GONE ? 404 : 200;
    if (stage->behaviour == OTHERS)
        OK(workflow_set_address(list, "hospital", &stage->market->fx->who[BUYER], INFO));
    for (int i = 0; stage->behaviour == ENDLESS && i < TOPUP_LIST_MAX_BYTES / 16; i++)
        OK(base_buf_append_text(&answer->body, "                 "));
    OK(base_buf_append_text(&answer->body,
                            stage->behaviour == GARBAGE ? "{]" : json_object_to_json_string(list)));
}

/* The one row of a poll: how many were recognised, or what was wrong. */
static int64_t poll(struct fixture *fx, const char *problem)
{
    RECORD_JSON_AUTO rows = NULL;
    OK(topup_poll(fx->home[DOCTOR], true, &rows, INFO));
    assert_int_equal(json_object_array_length(rows), 1);
    struct json_object *row = json_object_array_get_idx(rows, 0);
    if (problem == NULL)
        assert_false(json_object_object_get_ex(row, "problem", NULL));
    else
        assert_non_null(strstr(fixture_text(row, "problem"), problem));
    return fixture_number(row, "recognised");
}

static void lists_are_read_from_the_hospitals_node(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct http_stage stage = {.market = market, .behaviour = GARBAGE};
    struct chain_address owner;
    RECORD_JSON_AUTO card = NULL;
    uint8_t root[32];
    char inbox[96];
    (void)sell_out(market, 4, 0, root);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(poll(fx, "no node that is known"), 0);

    struct post_server *server = post_server_start(serve, &stage);
    snprintf(inbox, sizeof inbox, "http://127.0.0.1:%u/node/api/v1/inbox",
             post_server_port(server));
    OK(workflow_card_make(fx->home[HOSPITAL], &fx->who[HOSPITAL], inbox, &card, INFO));
    OK(workflow_card_add(fx->home[DOCTOR], card, &owner, INFO));
    assert_int_equal(poll(fx, ""), 0); /* behind the guard: an address of one's own network */
    assert_int_equal(stage.asked, 0);
    struct workflow *doctor = fx->home[DOCTOR];
    OK(http_network_parse(&doctor->post.networks[0], "127.0.0.0/8", INFO));
    doctor->guard.n_networks = doctor->post.n_networks = 1;
    assert_int_equal(poll(fx, "not valid JSON"), 0);
    stage.behaviour = OTHERS;
    assert_int_equal(poll(fx, "another one's list"), 0);
    stage.behaviour = ENDLESS;
    assert_int_equal(poll(fx, ""), 0);
    stage.behaviour = GONE;
    assert_int_equal(poll(fx, "404"), 0);
    stage.behaviour = HONEST;
    const int asked = stage.asked;
    OK(topup_poll(doctor, false, NULL, INFO)); /* within the hour */
    assert_int_equal(stage.asked, asked);
    assert_int_equal(poll(fx, NULL), 1);
    assert_int_equal(poll(fx, NULL), 0);
    post_server_stop(&server);
    assert_int_equal(poll(fx, ""), 0);
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- hostile answers ------------------------------------------------------------------------------- */

/* What an answer is made of; each test alters one thing. */
struct forged {
    struct chain_address signer;  /* a doctor */
    struct chain_address patient; /* in the context */
    uint8_t root[32], tag[32];
    uint8_t sale_key[CHAIN_PUBLIC_KEY_BYTES];
    struct json_object *content; /* owned */
    size_t n;
    int64_t key_version;
    bool spoil;  /* the signature */
    bool repeat; /* one release twice */
};

static void forged_clear(struct forged *forged)
{
    record_json_put(&forged->content);
}
#define FORGED_AUTO GALEN_CLEANUP(forged_clear) struct forged

/* An honest answer to the open request of a patient's record. */
static void forge(struct market *market, struct forged *out, int patient, const uint8_t root32[32])
{
    struct fixture *fx = market->fx;
    struct workflow_contact contact;
    STORING_OPENED_AUTO record = {0};
    DB_ROWS_AUTO rows = {0};
    char hex[65];
    bool found = false;
    *out = (struct forged){.signer = fx->doctor2, .patient = market->patients[patient], .n = 2};
    memcpy(out->root, root32, 32);
    base_hex_encode(hex, root32, 32);
    OK(workflow_contact_get(fx->home[DOCTOR], &contact, &out->patient, INFO));
    memcpy(out->sale_key, contact.sale_key, sizeof out->sale_key);
    OK(storing_open_record(fx->home[PATIENT], hex, &record, INFO));
    OK(record_release_content(&out->content, record.record, INFO));
    OK(db_query(&rows, fx->home[PATIENT]->db, INFO,
                "SELECT tag FROM topup WHERE side = 'patient' AND record_root = ?"
                " ORDER BY created_at DESC, rowid DESC",
                DB_BLOB(root32, 32)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(db_bytes(&rows, 0, out->tag, 32, INFO));
}

static struct json_object *forged_body(struct market *market, const struct forged *forged)
{
    struct workflow *wf = market->fx->home[DOCTOR];
    STORING_SIGNER_AUTO signer = {0};
    RECORD_JSON_AUTO releases = NULL;
    RECORD_JSON_AUTO context = NULL;
    struct json_object *body = NULL;
    uint8_t msg32[32], sig[GROUPSIG_SIGNATURE_BYTES];
    OK(storing_signer_load(wf, &signer, &forged->signer, INFO));
    OK(storing_make_releases(wf, &signer, forged->sale_key, forged->content, forged->n, &releases,
                             INFO));
    if (forged->repeat) {
        struct json_object *copy = NULL;
        OK(record_json_copy(&copy, json_object_array_get_idx(releases, 0), INFO));
        json_object_array_put_idx(releases, 1, copy);
    }
    OK(topup_msg32(wf, msg32, &forged->patient, forged->root, forged->tag, releases, INFO));
    msg32[0] ^= forged->spoil;
    OK(storing_sign(&signer, sig, msg32, INFO));
    OK(workflow_object(&context, INFO));
    OK(workflow_set_address(context, "patient", &forged->patient, INFO));
    OK(record_json_set_hex(context, "recordId", forged->root, 32, INFO));
    OK(record_json_set_hex(context, "tag", forged->tag, 32, INFO));
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "type", TOPUP_TYPE, INFO));
    OK(workflow_set_object(body, "context", &context, INFO));
    OK(workflow_set_object(body, "releases", &releases, INFO));
    OK(workflow_set_int(body, "keyVersion",
                        forged->key_version != 0 ? forged->key_version : signer.key_version, INFO));
    OK(record_json_set_hex(body, "sig", sig, sizeof sig, INFO));
    return body;
}

/* Brings it to a patient; how it ends: "done", or why it was refused. Static. */
static const char *bring(struct market *market, int patient, struct json_object *body,
                         bool with_wallet)
{
    static char end[400];
    struct fixture *fx = market->fx;
    uint8_t id[32];
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    base_random(id, sizeof id);
    if (with_wallet)
        OK(message_send(fx->home[DOCTOR], &fx->doctor2, &market->patients[patient], MESSAGE_TOPUP,
                        id, body, INFO));
    else
        OK(message_send_unsigned(fx->home[DOCTOR], &fx->doctor2, &market->patients[patient],
                                 MESSAGE_TOPUP, id, body, INFO));
    fixture_carry(fx, fx->home[DOCTOR]);
    json_object_put(fixture_sync(fx->home[PATIENT]));
    OK(db_query(&rows, fx->home[PATIENT]->db, INFO,
                "SELECT state, coalesce(reason, '') FROM inbox ORDER BY rowid DESC LIMIT 1"));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    snprintf(end, sizeof end, "%s%s", db_text(&rows, 0), db_text(&rows, 1));
    return end;
}

static void refused(struct market *market, const struct forged *forged, const char *why)
{
    RECORD_JSON_AUTO body = forged_body(market, forged);
    const char *end = bring(market, 0, body, false);
    if (strncmp(end, "refused", 7) != 0 || strstr(end, why) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", end, why);
}

static void hostile_answers_are_refused(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *patient = fx->home[PATIENT];
    uint8_t root[32], other_root[32];
    FORGED_AUTO honest = {0};
    int64_t id = sell_out(market, 0, 1, root);
    json_object_put(fixture_sync(patient)); /* asks; the hospital's mail is not carried */
    const int64_t had = stock(market, id);
    assert_int_equal(had, 0);
    forge(market, &honest, 0, root);

    struct forged bad = honest; /* wrong record: one that nobody asked about */
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, patient->db, INFO,
                "SELECT merkle_root FROM record WHERE side = 'patient' AND holder = ?"
                " AND merkle_root <> ? ORDER BY id",
                DB_BLOB(market->patients[0].bytes, 20), DB_BLOB(root, 32)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    OK(db_bytes(&rows, 0, other_root, 32, INFO));
    db_rows_end(&rows);
    memcpy(bad.root, other_root, 32);
    refused(market, &bad, "nobody here asked");
    bad = honest; /* a request that was never made */
    bad.tag[5] ^= 1;
    refused(market, &bad, "nobody here asked");
    bad = honest; /* another patient, in the context; in the addresses */
    bad.patient = market->patients[1];
    refused(market, &bad, "another patient");
    bad = honest;
    struct workflow_contact other;
    OK(workflow_contact_get(fx->home[DOCTOR], &other, &market->patients[1], INFO));
    memcpy(bad.sale_key, other.sale_key, sizeof bad.sale_key);
    refused(market, &bad, "sale key");
    bad = honest; /* a signature over something else */
    bad.spoil = true;
    refused(market, &bad, "signature is not valid");
    bad = honest; /* too many at once, and one twice */
    bad.n = STORING_MAX_RELEASES + 1;
    refused(market, &bad, "releases");
    bad = honest;
    bad.repeat = true;
    refused(market, &bad, "are the same");
    bad = honest; /* under a version that does not exist */
    bad.key_version = 7;
    refused(market, &bad, "does not exist");
    { /* a doctor who invents: other values than the record's */
        RECORD_JSON_AUTO content = NULL;
        OK(record_json_copy(&content, honest.content, INFO));
        OK(workflow_set_int(content, "year", 2025, INFO));
        bad = honest;
        bad.content = content;
        refused(market, &bad, "does not hold what this record gives");
    }
    { /* altered after it was signed; a member more */
        RECORD_JSON_AUTO body = forged_body(market, &honest);
        struct json_object *releases = fixture_member(body, "releases");
        json_object_array_del_idx(releases, 1, 1);
        assert_non_null(strstr(bring(market, 0, body, false), "signature is not valid"));
        RECORD_JSON_AUTO more = forged_body(market, &honest);
        OK(workflow_set_int(more, "more", 1, INFO));
        assert_non_null(strstr(bring(market, 0, more, false), "more"));
    }
    RECORD_JSON_AUTO good = forged_body(market, &honest);
    assert_non_null(strstr(bring(market, 0, good, true), "must not carry"));
    assert_int_equal(stock(market, id), 0);

    /* Any doctor who has the record may answer; and then nobody, not with the same one either. */
    assert_string_equal(bring(market, 0, good, false), "done");
    assert_int_equal(stock(market, id), 2);
    assert_non_null(strstr(bring(market, 0, good, false), "was answered"));
    RECORD_JSON_AUTO second = forged_body(market, &honest);
    assert_non_null(strstr(bring(market, 0, second, false), "was answered"));
    assert_int_equal(stock(market, id), 2);

    /* The same releases to the next day's request: a tag of another day answers nothing, and what
     * is here already is no new stock. */
    OK(db_run(patient->db, INFO,
              "UPDATE topup SET state = 'open' WHERE side = 'patient'"
              " AND record_root = ?",
              DB_BLOB(root, 32)));
    assert_non_null(strstr(bring(market, 0, good, false), "here already"));
    bad = honest; /* more than a patient keeps */
    bad.n = STORING_MAX_RELEASES - 1;
    refused(market, &bad, "over 16");
    OK(db_run(patient->db, INFO,
              "UPDATE topup SET created_at = created_at - ? WHERE side = 'patient'"
              " AND record_root = ?",
              DB_INT((TOPUP_DAYS + 1) * DAY_S), DB_BLOB(root, 32)));
    refused(market, &honest, "too old");
    assert_int_equal(stock(market, id), 2);
    assert_int_equal(fixture_settle(fx), 0);
}

/* A doctor who was struck off makes no more. */
static void revoked_doctors_answers_are_refused(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    char hex[65], opening[65];
    uint8_t root[32];
    FORGED_AUTO honest = {0};
    int64_t id = sell_out(market, 0, 0, root);
    stage_commit_registry(fx);
    fixture_store(fx, &market->patients[4], 71, hex);
    stage_open(fx, hex, opening);
    stage_reveal(fx, opening);
    const struct revocation_options revoke = {.opening_id = opening, .reason = "fraud"};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &revoke, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);

    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM topup WHERE record_root = ?",
              DB_BLOB(root, 32)));
    json_object_put(fixture_sync(fx->home[PATIENT]));
    forge(market, &honest, 0, root);
    honest.signer = fx->who[DOCTOR];
    const int64_t had = stock(market, id);
    refused(market, &honest, "revoked");
    assert_int_equal(stock(market, id), had);
    honest.signer = fx->doctor2;
    RECORD_JSON_AUTO good = forged_body(market, &honest);
    assert_string_equal(bring(market, 0, good, false), "done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sold_out_is_topped_up),
        cmocka_unit_test(nothing_names_the_doctor),
        cmocka_unit_test(answering_can_be_switched_off),
        cmocka_unit_test(strangers_are_not_listed),
        cmocka_unit_test(one_sender_gets_a_part_of_the_inbox),
        cmocka_unit_test(lists_that_are_none),
        cmocka_unit_test(lists_are_read_from_the_hospitals_node),
        cmocka_unit_test(hostile_answers_are_refused),
        cmocka_unit_test(revoked_doctors_answers_are_refused),
    };
    if (base_init(NULL) != GALEN_OK)
        return 1;
    return cmocka_run_group_tests_name("workflow/topup", tests, set_up, market_tear_down);
}
