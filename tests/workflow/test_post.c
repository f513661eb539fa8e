/* Messages between homes by HTTP: what is taken in, and how what waits is delivered. */
#include "fixture.h"
#include "post_server.h"
#include "workflow/post.h"

#include <stdlib.h>
#include <string.h>

#define TYP "galen.message/1"

struct stage {
    struct fixture *fx;
    struct post_server *server;
    char seen[4096]; /* the kinds of requests, in order */
    bool lose_answer;
};

/* ---- messages ---------------------------------------------------------------------------------- */

/* Sealed to an identity, each time another one. */
static void seal_to(struct fixture *fx, const struct chain_address *to, struct base_buf *sealed)
{
    static int n = 0;
    struct workflow_contact contact;
    char text[64];
    OK(workflow_contact_get(fx->home[BUYER], &contact, to, INFO));
    snprintf(text, sizeof text, "{\"n\":%d}", n++);
    base_buf_clear(sealed);
    OK(seal_message(sealed, TYP, &contact.encryption,
                    (struct base_view){(const uint8_t *)text, strlen(text)}, INFO));
}

static enum galen_err accept(struct workflow *wf, const struct chain_address *to,
                             const struct base_buf *sealed, bool *known, int64_t *wait)
{
    char address[CHAIN_ADDRESS_TEXT];
    chain_address_format(address, to);
    *INFO = (struct galen_errinfo){0};
    return post_accept(wf, address, (struct base_view){sealed->data, sealed->len}, known, wait,
                       NULL, INFO);
}

static int64_t inbox_count(struct workflow *wf)
{
    return fixture_count(wf, "SELECT count(*) FROM inbox");
}

static void empty_inbox(struct workflow *wf)
{
    OK(db_run(wf->db, INFO, "DELETE FROM inbox"));
    post_config_init(&wf->post);
}

/* ---- taking in --------------------------------------------------------------------------------- */

static void taken_once(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *patient = fx->home[PATIENT];
    BASE_BUF_AUTO sealed = {0};
    RECORD_JSON_AUTO result = NULL;
    char address[CHAIN_ADDRESS_TEXT];
    char digest_hex[67] = "0x";
    uint8_t digest[32];
    bool known = true;
    int64_t wait = 7;
    seal_to(fx, &fx->who[PATIENT], &sealed);
    chain_address_format(address, &fx->who[PATIENT]);
    OK(post_accept(patient, address, (struct base_view){sealed.data, sealed.len}, &known, &wait,
                   &result, INFO));
    assert_false(known);
    assert_int_equal(wait, 0);
    store_digest(digest, sealed.data, sealed.len);
    base_hex_encode(digest_hex + 2, digest, 32);
    assert_string_equal(fixture_text(result, "digest"), digest_hex);
    OK(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
    assert_true(known);
    /* also once it was read, and refused as what it is: no message */
    RECORD_JSON_AUTO summary = fixture_sync(patient);
    assert_int_equal(fixture_number(summary, "refused"), 1);
    OK(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
    assert_true(known);
    assert_int_equal(inbox_count(patient), 1);
    /* a home without its keys at hand takes messages in too */
    struct seal_keystore *keys = patient->keys;
    patient->keys = NULL;
    seal_to(fx, &fx->patient2, &sealed);
    OK(accept(patient, &fx->patient2, &sealed, &known, &wait));
    assert_false(known);
    patient->keys = keys;
    empty_inbox(patient);
}

static void refused_at_the_door(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *patient = fx->home[PATIENT];
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO bad = {0};
    char good[CHAIN_ADDRESS_TEXT];
    char lower[CHAIN_ADDRESS_TEXT];
    bool known = false;
    int64_t wait = 0;
    seal_to(fx, &fx->who[PATIENT], &sealed);
    FAILS(GALEN_ERR_NOT_FOUND, accept(patient, &fx->who[BUYER], &sealed, &known, &wait));
    chain_address_format(good, &fx->who[PATIENT]);
    for (size_t i = 0; i <= strlen(good); i++) {
        lower[i] = good[i];
        if (good[i] >= 'A' && good[i] <= 'F')
            lower[i] = (char)(good[i] + 32);
    }
    const char *const names[] = {"", "0x", "patient", good + 2, lower, "../", "0x00"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        FAILS(GALEN_ERR_NOT_FOUND,
              post_accept(patient, names[i], (struct base_view){sealed.data, sealed.len}, &known,
                          &wait, NULL, INFO));
    /* every prefix, one byte more, other separators */
    for (size_t len = 0; len < sealed.len; len += len < 600 ? 1 : 97) {
        const struct base_buf cut = {.data = sealed.data, .len = len};
        FAILS(GALEN_ERR_PARSE, accept(patient, &fx->who[PATIENT], &cut, &known, &wait));
    }
    OK(base_buf_append(&bad, sealed.data, sealed.len));
    OK(base_buf_append(&bad, "\n", 1));
    FAILS(GALEN_ERR_PARSE, accept(patient, &fx->who[PATIENT], &bad, &known, &wait));
    bad.data[bad.len - 1] = '\0';
    FAILS(GALEN_ERR_PARSE, accept(patient, &fx->who[PATIENT], &bad, &known, &wait));
    base_buf_clear(&bad);
    OK(base_buf_append_text(&bad, "{\"protected\":\"\"}"));
    FAILS(GALEN_ERR_PARSE, accept(patient, &fx->who[PATIENT], &bad, &known, &wait));
    assert_int_equal(wait, 0);
    base_buf_clear(&bad);
    OK(base_buf_reserve(&bad, POST_MESSAGE_MAX + 1));
    memset(bad.data, 'A', POST_MESSAGE_MAX + 1);
    bad.len = POST_MESSAGE_MAX + 1;
    FAILS(GALEN_ERR_LIMIT, accept(patient, &fx->who[PATIENT], &bad, &known, &wait));
    assert_int_equal(wait, 0);
    FAILS(GALEN_ERR_LIMIT, post_may_accept(patient, good, POST_MESSAGE_MAX + 1, &wait, INFO));
    FAILS(GALEN_ERR_NOT_FOUND, post_may_accept(patient, lower, 10, &wait, INFO));
    OK(post_may_accept(patient, good, POST_MESSAGE_MAX, &wait, INFO));
    assert_int_equal(inbox_count(patient), 0);
}

/* A flood meets each bound; what is there stays, and who is not flooded is served. */
static void bounded(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *patient = fx->home[PATIENT];
    BASE_BUF_AUTO first = {0};
    BASE_BUF_AUTO sealed = {0};
    bool known = false;
    int64_t wait = 0;
    seal_to(fx, &fx->who[PATIENT], &first);
    const int64_t size = (int64_t)first.len;
    const struct {
        enum post_limit limit;
        int64_t value;
        int taken;
        bool others_too, reading_helps;
    } cases[] = {
        {POST_RECIPIENT_MESSAGES, 3, 3, false, true},
        {POST_MESSAGES, 3, 3, true, true},
        {POST_RECIPIENT_BYTES, 3 * size + 50, 3, false, true},
        {POST_BYTES, 3 * size + 50, 3, true, true},
        {POST_RECIPIENT_HOURLY, 3, 3, false, false},
        {POST_HOURLY, 3, 3, true, false},
        {POST_RECIPIENT_HOURLY, 0, 0, true, false},
        {POST_HOURLY, 0, 0, true, false},
        {POST_RECIPIENT_MESSAGES, 0, 0, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        patient->post.limits[cases[i].limit] = cases[i].value;
        for (int n = 0; n < cases[i].taken; n++) {
            if (n > 0)
                seal_to(fx, &fx->who[PATIENT], &sealed);
            OK(accept(patient, &fx->who[PATIENT], n == 0 ? &first : &sealed, &known, &wait));
            assert_false(known);
        }
        for (int n = 0; n < 2; n++) {
            seal_to(fx, &fx->who[PATIENT], &sealed);
            FAILS(GALEN_ERR_LIMIT, accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
            assert_in_range(wait, 1, 3600);
            assert_int_equal(inbox_count(patient), cases[i].taken);
        }
        /* what is known is known */
        if (cases[i].taken > 0) {
            OK(accept(patient, &fx->who[PATIENT], &first, &known, &wait));
            assert_true(known);
        }
        seal_to(fx, &fx->patient2, &sealed);
        assert_int_equal(accept(patient, &fx->patient2, &sealed, &known, &wait),
                         cases[i].others_too ? GALEN_ERR_LIMIT : GALEN_OK);
        json_object_put(fixture_sync(patient));
        seal_to(fx, &fx->who[PATIENT], &sealed);
        assert_int_equal(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait),
                         cases[i].reading_helps ? GALEN_OK : GALEN_ERR_LIMIT);
        /* an hour later there is room again */
        if (cases[i].value > 0 && !cases[i].reading_helps) {
            OK(db_run(patient->db, INFO, "UPDATE inbox SET received_at = received_at - 3600"));
            OK(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
        }
        empty_inbox(patient);
    }
}

/* What is brought by files, or comes from within, does not use up the room of what is posted. */
static void only_posted_ones_count(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *patient = fx->home[PATIENT];
    BASE_BUF_AUTO sealed = {0};
    bool known = false;
    int64_t wait = 0;
    patient->post.limits[POST_MESSAGES] = 1;
    patient->post.limits[POST_HOURLY] = 1;
    for (int i = 0; i < 5; i++) {
        seal_to(fx, &fx->who[PATIENT], &sealed);
        OK(message_inbox_add(patient, &fx->who[PATIENT],
                             (struct base_view){sealed.data, sealed.len}, false, INFO));
    }
    /* one that is here by file is known */
    OK(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
    assert_true(known);
    seal_to(fx, &fx->who[PATIENT], &sealed);
    OK(accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
    assert_false(known);
    seal_to(fx, &fx->who[PATIENT], &sealed);
    FAILS(GALEN_ERR_LIMIT, accept(patient, &fx->who[PATIENT], &sealed, &known, &wait));
    empty_inbox(patient);
}

static void old_digests_go(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *patient = fx->home[PATIENT];
    static const struct {
        const char *state;
        int days;
        bool stays;
    } cases[] = {
        {"new", 40, true},   {"done", 1, true},    {"done", 31, true},
        {"done", 33, false}, {"refused", 1, true}, {"refused", 3, false},
    };
    const struct post_round round = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t digest[32] = {1};
        OK(db_run(patient->db, INFO, "DELETE FROM setting WHERE name = 'inbox.pruned_at'"));
        OK(db_run(patient->db, INFO,
                  "INSERT INTO inbox (digest, recipient, sealed, state, received_at)"
                  " VALUES (?, ?, x'', ?, ?)",
                  DB_BLOB(digest, 32), DB_BLOB(fx->who[PATIENT].bytes, 20), DB_TEXT(cases[i].state),
                  DB_INT(base_time_s() - cases[i].days * 86400)));
        OK(post_deliver(patient, &round, NULL, NULL, INFO));
        assert_int_equal(inbox_count(patient), cases[i].stays ? 1 : 0);
        empty_inbox(patient);
    }
}

/* What was delivered or given up is forgotten in time; what waits is not. */
static void old_deliveries_go(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    struct workflow *buyer = fx->home[BUYER];
    static const struct {
        const char *delivered, *expired; /* days ago; NULL: not */
        bool stays;
    } cases[] = {
        {NULL, NULL, true},  {"1", NULL, true},  {"89", NULL, true},
        {"91", NULL, false}, {NULL, "89", true}, {NULL, "91", false},
    };
    const struct post_round round = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t digest[32] = {1};
        OK(db_run(buyer->db, INFO, "DELETE FROM outbox"));
        OK(db_run(buyer->db, INFO, "DELETE FROM setting WHERE name = 'inbox.pruned_at'"));
        OK(db_run(buyer->db, INFO,
                  "INSERT INTO outbox (digest, recipient, kind, message_id, sealed, created_at,"
                  " delivered_at, expired_at) VALUES (?1, ?2, 'share', ?1, x'', ?3,"
                  " ?3 - 86400 * ?4, ?3 - 86400 * ?5)",
                  DB_BLOB(digest, 32), DB_BLOB(fx->who[PATIENT].bytes, 20), DB_INT(base_time_s()),
                  DB_TEXT(cases[i].delivered), DB_TEXT(cases[i].expired)));
        OK(post_deliver(buyer, &round, NULL, NULL, INFO));
        assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM outbox"),
                         cases[i].stays ? 1 : 0);
    }
    OK(db_run(buyer->db, INFO, "DELETE FROM outbox"));
}

/* ---- delivering -------------------------------------------------------------------------------- */

static void accept_for_real(struct stage *stage, const struct post_server_request *request,
                            struct post_server_answer *answer)
{
    static const enum fixture_home homes[] = {PATIENT, HOSPITAL, DOCTOR};
    const char *address = strrchr(request->path, '/') + 1;
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->type, POST_MEDIA_TYPE);
    answer->status = 404;
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        RECORD_JSON_AUTO result = NULL;
        bool known = false;
        int64_t wait = 0;
        enum galen_err err = post_accept(stage->fx->home[homes[i]], address, request->body, &known,
                                         &wait, &result, NULL);
        if (err == GALEN_ERR_NOT_FOUND)
            continue;
        answer->status = err != GALEN_OK ? 429 : known ? 200 : 202;
        if (err == GALEN_OK)
            OK(base_buf_append_text(&answer->body, json_object_to_json_string(result)));
    }
}

/* The path's first part says how the server behaves. */
static void serve(void *user, const struct post_server_request *request,
                  struct post_server_answer *answer)
{
    struct stage *stage = user;
    char kind[16] = "";
    static const struct {
        const char *kind;
        int status;
        const char *headers, *body;
    } plain[] = {
        {"hang", -1, NULL, ""},
        {"cut", 0, NULL, ""},
        {"html", 200, NULL, "<html>hello</html>"},
        {"json", 200, NULL, "{\"digest\":\"0x00\",\"known\":false}"},
        {"other", 202, NULL,
         "{\"digest\":\"0x0101010101010101010101010101010101010101010101010101010101010101\"}"},
        {"none", 204, NULL, ""},
        {"moved", 307, "Location: http://127.0.0.1:1/\r\n", ""},
        {"unknown", 404, NULL, "{}"},
        {"gone", 410, NULL, ""},
        {"broken", 500, NULL, "{}"},
        {"busy", 503, "Retry-After: 7200\r\n", ""},
        {"slower", 429, "Retry-After: 99999999\r\n", ""},
        {"never", 429, "Retry-After: soon\r\n", ""},
        {"large", 413, NULL, ""},
    };
    (void)!sscanf(request->path, "/%15[a-z]/", kind);
    strncat(stage->seen, kind, sizeof stage->seen - strlen(stage->seen) - 2);
    strcat(stage->seen, " ");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(kind, plain[i].kind) == 0) {
            answer->status = plain[i].status;
            answer->headers = plain[i].headers;
            OK(base_buf_append_text(&answer->body, plain[i].body));
        }
    if (strcmp(kind, "huge") == 0) {
        OK(base_buf_reserve(&answer->body, 1 << 20));
        memset(answer->body.data, ' ', 1 << 20);
        answer->body.len = 1 << 20;
        answer->status = 202;
    }
    if (strcmp(kind, "real") == 0 || strcmp(kind, "lossy") == 0 ||
        (strcmp(kind, "small") == 0 && request->body.len < 20000))
        accept_for_real(stage, request, answer);
    else if (strcmp(kind, "small") == 0)
        answer->status = 413;
    if (strcmp(kind, "lossy") == 0 && stage->lose_answer)
        answer->status = 0;
}

/* Where the identity's node is, as its card says it. */
static void live_at(struct stage *stage, struct workflow *home, const struct chain_address *who,
                    const char *kind)
{
    RECORD_JSON_AUTO card = NULL;
    struct chain_address owner;
    char inbox[128] = "";
    if (kind[0] != '\0')
        snprintf(inbox, sizeof inbox, "http://127.0.0.1:%u/%s/api/v1/inbox",
                 post_server_port(stage->server), kind);
    OK(workflow_card_make(home, who, inbox, &card, INFO));
    OK(workflow_card_add(stage->fx->home[BUYER], card, &owner, INFO));
}

static void send_to(struct fixture *fx, const struct chain_address *to, int n, size_t size)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id[32] = {(uint8_t)n, (uint8_t)(n >> 8), 9};
    char *filler = calloc(1, size + 1);
    assert_non_null(filler);
    memset(filler, 'x', size);
    OK(workflow_object(&body, INFO));
    OK(workflow_set_text(body, "filler", filler, INFO));
    OK(workflow_set_int(body, "n", n, INFO));
    OK(message_send(fx->home[BUYER], &fx->who[BUYER], to, "unheard-of", id, body, INFO));
    free(filler);
}

static struct json_object *deliver(struct stage *stage, bool now)
{
    struct json_object *result = NULL;
    const struct post_round round = {.now = now, .request_ms = 1500};
    stage->seen[0] = '\0';
    OK(post_deliver(stage->fx->home[BUYER], &round, NULL, &result, INFO));
    return result;
}

static int64_t waits(struct stage *stage)
{
    return fixture_count(stage->fx->home[BUYER],
                         "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
                         " AND expired_at IS NULL");
}

static int clean(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    static const enum fixture_home homes[] = {PATIENT, HOSPITAL, DOCTOR};
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM outbox"));
    OK(db_run(fx->home[BUYER]->db, INFO, "DELETE FROM notification"));
    for (size_t i = 0; i < 3; i++) {
        empty_inbox(fx->home[homes[i]]);
        live_at(stage, fx->home[homes[i]], &fx->who[homes[i]], "real");
    }
    live_at(stage, fx->home[PATIENT], &fx->patient2, "real");
    stage->lose_answer = false;
    return 0;
}

static void delivered_in_order(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    struct workflow *patient = fx->home[PATIENT];
    for (int i = 0; i < 4; i++)
        send_to(fx, &fx->who[PATIENT], i, 0);
    send_to(fx, &fx->who[HOSPITAL], 9, 0);
    RECORD_JSON_AUTO result = deliver(stage, false);
    assert_int_equal(fixture_number(result, "delivered"), 5);
    assert_int_equal(fixture_number(result, "waiting"), 0);
    assert_false(json_object_object_get_ex(result, "dueIn", NULL));
    assert_int_equal(inbox_count(patient), 4);
    assert_int_equal(inbox_count(fx->home[HOSPITAL]), 1);
    /* in the order in which they were sent */
    DB_ROWS_AUTO rows = {0};
    OK(db_query(&rows, patient->db, INFO, "SELECT sealed FROM inbox ORDER BY rowid"));
    for (int i = 0; i < 4; i++) {
        bool found = false;
        MESSAGE_AUTO message = {0};
        OK(db_next(&rows, &found, INFO));
        OK(message_open(patient, &message, &fx->who[PATIENT], db_blob(&rows, 0), INFO));
        assert_int_equal(message.id[0], i);
    }
    RECORD_JSON_AUTO again = deliver(stage, true);
    assert_string_equal(stage->seen, "");
}

static void lost_acknowledgement(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "lossy");
    stage->lose_answer = true;
    send_to(fx, &fx->who[PATIENT], 1, 0);
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO result = deliver(stage, true);
        assert_int_equal(fixture_number(result, "delivered"), 0);
        assert_int_equal(waits(stage), 1);
    }
    stage->lose_answer = false;
    RECORD_JSON_AUTO result = deliver(stage, true);
    assert_int_equal(fixture_number(result, "delivered"), 1);
    assert_int_equal(waits(stage), 0);
    assert_int_equal(inbox_count(fx->home[PATIENT]), 1);
}

/* Whatever the other side does, the message stays until it is named in an answer, and the others
 * get theirs. */
static void hostile_nodes(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    static const struct {
        const char *kind, *problem;
        int64_t at_least_s;
    } cases[] = {
        {"hang", "did not answer in time", 15},
        {"cut", "cannot be asked", 15},
        {"html", "not a Galen node", 15},
        {"json", "not a Galen node", 15},
        {"other", "not a Galen node", 15},
        {"none", "HTTP status 204", 15},
        {"moved", "redirect", 15},
        {"unknown", "does not know", 15},
        {"gone", "does not know", 15},
        {"broken", "HTTP status 500", 15},
        {"huge", "larger than", 15},
        {"busy", "no messages now", 7200},
        {"slower", "no messages now", 6 * 3600},
        {"never", "no messages now", 15},
        {"large", "does not take this message", 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clean(state);
        live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], cases[i].kind);
        send_to(fx, &fx->who[PATIENT], 1, 0);
        send_to(fx, &fx->who[HOSPITAL], 1, 0);
        int64_t began = base_monotonic_ms();
        int64_t now = base_time_s();
        RECORD_JSON_AUTO result = deliver(stage, false);
        assert_true(base_monotonic_ms() - began < 15000);
        if (fixture_number(result, "delivered") != 1 || fixture_number(result, "failed") != 1)
            fail_msg("%s: %s", cases[i].kind, json_object_to_json_string(result));
        assert_int_equal(inbox_count(fx->home[HOSPITAL]), 1);
        assert_int_equal(waits(stage), 1);
        int64_t next = fixture_count(fx->home[BUYER], "SELECT max(next_try) FROM outbox");
        if (next < now + cases[i].at_least_s || next > base_time_s() + 6 * 3600)
            fail_msg("%s: tried again in %lld s", cases[i].kind, (long long)(next - now));
        assert_in_range(fixture_number(result, "dueIn"), 1, 3600);
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, fx->home[BUYER]->db, INFO,
                    "SELECT problem, attempts FROM outbox WHERE delivered_at IS NULL"));
        OK(db_next(&rows, &found, INFO));
        if (strstr(db_text(&rows, 0), cases[i].problem) == NULL)
            fail_msg("%s: %s", cases[i].kind, db_text(&rows, 0));
        assert_int_equal(db_int(&rows, 1), 1);
        db_rows_end(&rows);
        /* not before its time */
        RECORD_JSON_AUTO again = deliver(stage, false);
        assert_string_equal(stage->seen, "");
    }
}

static void later_and_later(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "broken");
    send_to(fx, &fx->who[PATIENT], 1, 0);
    for (int i = 0; i < 12; i++) {
        int64_t now = base_time_s();
        json_object_put(deliver(stage, true));
        int64_t wait = fixture_count(fx->home[BUYER], "SELECT next_try FROM outbox") - now;
        int64_t full = i < 7 ? 30 << i : 3600;
        full = full > 3600 ? 3600 : full;
        if (wait < full / 2 || wait > full + 10)
            fail_msg("attempt %d: %lld s instead of %lld", i, (long long)wait, (long long)full);
    }
    assert_int_equal(fixture_count(fx->home[BUYER], "SELECT attempts FROM outbox"), 12);
    /* back on its feet */
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "real");
    json_object_put(deliver(stage, true));
    assert_int_equal(waits(stage), 0);
}

/* A message that fails holds back those behind it; one that is not wanted does not. */
static void order_and_exception(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "broken");
    send_to(fx, &fx->who[PATIENT], 1, 0);
    send_to(fx, &fx->who[PATIENT], 2, 0);
    json_object_put(deliver(stage, false));
    assert_string_equal(stage->seen, "broken ");
    send_to(fx, &fx->who[PATIENT], 3, 0);
    json_object_put(deliver(stage, false));
    assert_string_equal(stage->seen, "");

    clean(state);
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "small");
    send_to(fx, &fx->who[PATIENT], 1, 100000);
    send_to(fx, &fx->who[PATIENT], 2, 0);
    send_to(fx, &fx->who[PATIENT], 3, 0);
    RECORD_JSON_AUTO result = deliver(stage, false);
    assert_int_equal(fixture_number(result, "delivered"), 2);
    assert_int_equal(fixture_number(result, "failed"), 1);
    send_to(fx, &fx->who[PATIENT], 4, 0);
    RECORD_JSON_AUTO more = deliver(stage, false);
    assert_int_equal(fixture_number(more, "delivered"), 1);
    assert_int_equal(waits(stage), 1);
}

/* One dead inbox that many share costs one attempt a round, and nobody else anything. */
static void dead_inbox(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    enum { PATIENTS = 20 };
    char dead[96];
    struct post_server *closed = post_server_start(serve, stage);
    snprintf(dead, sizeof dead, "http://127.0.0.1:%u/api/v1/inbox", post_server_port(closed));
    post_server_stop(&closed);
    for (int i = 0; i < PATIENTS; i++) {
        char name[32];
        struct chain_address who, owner;
        RECORD_JSON_AUTO card = NULL;
        snprintf(name, sizeof name, "crowd-%d", i);
        OK(workflow_identity_new(fx->home[PATIENT], &who, name, "patient", INFO));
        OK(workflow_card_make(fx->home[PATIENT], &who, dead, &card, INFO));
        OK(workflow_card_add(fx->home[BUYER], card, &owner, INFO));
        send_to(fx, &who, i, 0);
    }
    send_to(fx, &fx->who[HOSPITAL], 1, 0);
    RECORD_JSON_AUTO result = deliver(stage, false);
    assert_int_equal(fixture_number(result, "delivered"), 1);
    assert_in_range(fixture_number(result, "failed"), 1, 16);
    assert_int_equal(fixture_count(fx->home[BUYER], "SELECT count(*) FROM outbox WHERE"
                                                    " delivered_at IS NULL AND next_try > 0"),
                     PATIENTS);
    assert_true(fixture_number(result, "dueIn") > 0);
}

static void expires(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    struct workflow *buyer = fx->home[BUYER];
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], ""); /* no inbox: waits for a file */
    send_to(fx, &fx->who[PATIENT], 1, 0);
    RECORD_JSON_AUTO result = deliver(stage, true);
    assert_int_equal(fixture_number(result, "withoutInbox"), 1);
    assert_int_equal(fixture_number(result, "dueIn"), 3600);
    OK(db_run(buyer->db, INFO, "UPDATE outbox SET created_at = created_at - 30 * 86400 + 100"));
    json_object_put(deliver(stage, true));
    assert_int_equal(waits(stage), 1);
    OK(db_run(buyer->db, INFO, "UPDATE outbox SET created_at = created_at - 100"));
    RECORD_JSON_AUTO late = deliver(stage, true);
    assert_int_equal(fixture_number(late, "expired"), 1);
    assert_int_equal(waits(stage), 0);
    assert_int_equal(fixture_count(buyer, "SELECT length(sealed) FROM outbox"), 0);
    RECORD_JSON_AUTO news = NULL;
    OK(workflow_notifications(buyer, &fx->who[BUYER], 0, NULL, &news, INFO));
    struct json_object *told = json_object_array_get_idx(news, 0);
    char address[CHAIN_ADDRESS_TEXT];
    chain_address_format(address, &fx->who[PATIENT]);
    assert_string_equal(fixture_text(told, "kind"), "undelivered");
    assert_non_null(strstr(fixture_text(told, "subject"), address));
    assert_non_null(strstr(fixture_text(told, "subject"), "unheard-of"));
    /* it can be sent again */
    live_at(stage, fx->home[PATIENT], &fx->who[PATIENT], "real");
    send_to(fx, &fx->who[PATIENT], 1, 0);
    assert_int_equal(waits(stage), 1);
    json_object_put(deliver(stage, false));
    assert_int_equal(inbox_count(fx->home[PATIENT]), 1);
}

/* Nobody's profile makes this home ask its own network. */
static void private_addresses(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    struct workflow *buyer = fx->home[BUYER];
    buyer->guard.n_networks = 0;
    send_to(fx, &fx->who[PATIENT], 1, 0);
    RECORD_JSON_AUTO result = deliver(stage, false);
    assert_string_equal(stage->seen, "");
    assert_int_equal(fixture_number(result, "failed"), 1);
    struct json_object *lane = json_object_array_get_idx(fixture_member(result, "recipients"), 0);
    assert_non_null(strstr(fixture_text(lane, "problem"), "inbox_allow_networks"));
    buyer->guard.n_networks = buyer->post.n_networks;
    json_object_put(deliver(stage, true));
    assert_int_equal(waits(stage), 0);
}

/* A card keeps its inbox until it is given another one, and none that nobody could ask. */
static void inbox_of_a_card(void **state)
{
    struct stage *stage = *state;
    struct fixture *fx = stage->fx;
    struct workflow *patient = fx->home[PATIENT];
    struct workflow_contact contact;
    FAILS(GALEN_ERR_USAGE, workflow_card_make(patient, &fx->who[PATIENT], "ftp://x/", NULL, INFO));
    FAILS(GALEN_ERR_USAGE,
          workflow_card_make(patient, &fx->who[PATIENT], "https://me:word@x/", NULL, INFO));
    OK(workflow_card_make(patient, &fx->who[PATIENT], "https://x.example/api/v1/inbox", NULL,
                          INFO));
    OK(workflow_card_make(patient, &fx->who[PATIENT], NULL, NULL, INFO));
    OK(workflow_contact_get(patient, &contact, &fx->who[PATIENT], INFO));
    assert_string_equal(contact.inbox, "https://x.example/api/v1/inbox");
    OK(workflow_card_make(patient, &fx->who[PATIENT], "", NULL, INFO));
    OK(workflow_contact_get(patient, &contact, &fx->who[PATIENT], INFO));
    assert_string_equal(contact.inbox, "");
}

/* ---- config.json ------------------------------------------------------------------------------- */

static void configuration(void **state)
{
    struct fixture *fx = ((struct stage *)*state)->fx;
    static const struct {
        const char *members;
        bool good;
    } cases[] = {
        {"", true},
        {",\"inbox_allow_networks\":[]", true},
        {",\"inbox_allow_networks\":[\"10.0.0.0/8\",\"fd00::/8\"]", true},
        {",\"inbox_ca\":\"/etc/ssl/hospital.pem\",\"relay_quota\":0", true},
        {",\"inbox_messages\":1,\"inbox_hourly\":1000000000000", true},
        {",\"inbox_allow_networks\":\"10.0.0.0/8\"", false},
        {",\"inbox_allow_networks\":[7]", false},
        {",\"inbox_allow_networks\":[\"10.0.0.1/8\"]", false},
        {",\"inbox_messages\":-1", false},
        {",\"inbox_messages\":\"1\"", false},
        {",\"inbox_messages\":1.5", false},
        {",\"inbox_hourly\":1000000000001", false},
        {",\"inbox_message\":1", false},
        {",\"inbox_ca\":1", false},
    };
    char home[96], path[128];
    snprintf(home, sizeof home, "%s/config-home", fx->dir);
    snprintf(path, sizeof path, "%s/config.json", home);
    struct workflow_options options = {
        .home = home, .password = FIXTURE_PASSWORD, .quick_kdf = true};
    OK(workflow_home_create(&options, NULL, INFO));
    options.password = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct workflow *wf = NULL;
        snprintf(text, sizeof text, "{\"type\":\"galen.config/1\"%s}", cases[i].members);
        OK(base_file_write(path, text, strlen(text), 0600, INFO));
        enum galen_err err = workflow_open(&wf, &options, INFO);
        if (err != (cases[i].good ? GALEN_OK : GALEN_ERR_CONFIG))
            fail_msg("%s: %s", text, galen_err_name(err));
        if (err != GALEN_OK)
            continue;
        /* what the operator wrote survives what Galen writes */
        OK(workflow_store_use(wf, NULL, NULL, 0, NULL, INFO));
        workflow_close(&wf);
        BASE_BUF_AUTO after = {0};
        OK(base_file_read(&after, path, 4096, INFO));
        RECORD_JSON_AUTO before_json = json_tokener_parse(text);
        RECORD_JSON_AUTO after_json = json_tokener_parse((char *)after.data);
        if (i != 1) /* an empty list is none */
            assert_true(json_object_equal(before_json, after_json));
    }
}

/* ---- the stage --------------------------------------------------------------------------------- */

static int tear_down(void **state)
{
    struct stage *stage = *state;
    post_server_stop(&stage->server);
    void *fx = stage->fx;
    free(stage);
    *state = NULL;
    return fixture_tear_down(&fx);
}

static int set_up(void **state)
{
    void *fx = NULL;
    if (fixture_connected(&fx) != 0)
        return -1;
    struct stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        return -1;
    *state = stage;
    stage->fx = fx;
    stage->server = post_server_start(serve, stage);
    struct workflow *buyer = stage->fx->home[BUYER];
    OK(http_network_parse(&buyer->post.networks[0], "127.0.0.0/8", INFO));
    buyer->post.n_networks = buyer->guard.n_networks = 1;
    return 0;
}

#define CLEAN(test) cmocka_unit_test_setup(test, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(taken_once),
        CLEAN(refused_at_the_door),
        CLEAN(bounded),
        CLEAN(only_posted_ones_count),
        CLEAN(old_digests_go),
        CLEAN(old_deliveries_go),
        CLEAN(delivered_in_order),
        CLEAN(lost_acknowledgement),
        CLEAN(hostile_nodes),
        CLEAN(later_and_later),
        CLEAN(order_and_exception),
        CLEAN(dead_inbox),
        CLEAN(expires),
        CLEAN(private_addresses),
        CLEAN(inbox_of_a_card),
        CLEAN(configuration),
    };
    return cmocka_run_group_tests_name("post", tests, set_up, tear_down);
}
