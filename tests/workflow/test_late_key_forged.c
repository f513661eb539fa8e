/* Messages about kept keys that no honest node sends, and those that come too early. */
#include "late_stage.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    return market_set_up(state, LATE_RECORDS);
}

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
    uint64_t before = late_delivered(market);
    RECORD_JSON_AUTO kept_before = late_answer(market, before);
    assert_int_equal(fixture_settle(fx), 0);
    uint64_t id = late_delivered(market);
    uint64_t place = late_place(market, id);
    RECORD_JSON_AUTO kept = late_answer(market, id);
    forge_key(market, LATE_KEEPER, fixture_member(kept, "given"), &key);
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
    assert_int_equal(late_count(fx->home[BUYER], LATE_KEYS, id), 0);
    late_expect_missing(market, id, place, true);
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
    assert_int_equal(late_count(fx->home[GM], LATE_KEYS, id), 0);
    /* and none of it was in the true one's way */
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(late_awaited(market, id), 0);
    bool passed = false;
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
}

/* A body of this text: is it taken? */
static bool parses(const char *text)
{
    RECORD_JSON_AUTO body = NULL;
    struct purchasing_late_message read;
    OK(record_json_parse(&body, text, strlen(text), SEAL_OBJECT_MAX, INFO));
    return purchasing_parse_late(&read, body, NULL) == GALEN_OK;
}

static void only_its_own_form(void **state)
{
#define TYPE "\"type\":\"galen.late-ek/1\""
#define CID  "\"bundleCid\":\"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\""
    char long_ek[PURCHASING_EK_MAX + 200];
    char ek[PURCHASING_EK_MAX + 2];
    assert_true(parses("{" TYPE "," CID ",\"requestId\":7,\"ek\":\"eyJ.a.b.c.d\"}"));
    assert_true(
        parses("{" TYPE "," CID ",\"requestId\":7,\"ek\":\"eyJ.a.b.c.d\",\"bundle\":\"eyJ\"}"));
    static const char *const bad[] = {
        "{" CID ",\"requestId\":7,\"ek\":\"eyJ\"}",
        "{\"type\":\"galen.late-ek/2\"," CID ",\"requestId\":7,\"ek\":\"eyJ\"}",
        "{" TYPE ",\"requestId\":7,\"ek\":\"eyJ\"}",
        "{" TYPE ",\"bundleCid\":\"bafk\",\"requestId\":7,\"ek\":\"eyJ\"}",
        "{" TYPE "," CID ",\"ek\":\"eyJ\"}",
        "{" TYPE "," CID ",\"requestId\":0,\"ek\":\"eyJ\"}",
        "{" TYPE "," CID ",\"requestId\":\"7\",\"ek\":\"eyJ\"}",
        "{" TYPE "," CID ",\"requestId\":7}",
        "{" TYPE "," CID ",\"requestId\":7,\"ek\":null}",
        "{" TYPE "," CID ",\"requestId\":7,\"ek\":\"\"}",
        "{" TYPE "," CID ",\"requestId\":7,\"ek\":\"a b\"}",
        "{" TYPE "," CID ",\"requestId\":7,\"ek\":\"eyJ\",\"bundle\":\"\"}",
        "{" TYPE "," CID ",\"requestId\":7,\"ek\":\"eyJ\",\"payout\":\"x\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parses(bad[i]))
            fail_msg("taken: %s", bad[i]);
    for (int more = 0; more < 2; more++) {
        size_t len = PURCHASING_EK_MAX + (size_t)more;
        memset(ek, 'a', len);
        ek[len] = '\0';
        snprintf(long_ek, sizeof long_ek, "{" TYPE "," CID ",\"requestId\":7,\"ek\":\"%s\"}", ek);
        assert_int_equal(parses(long_ek), !more);
    }
#undef TYPE
#undef CID
}

/* Before the delivery nothing leaves, and what comes then waits. */
static void a_key_before_the_delivery(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    CHAIN_KEY_AUTO key = {0};
    market_forget_sales(market);
    uint64_t id = late_consented(market);
    RECORD_JSON_AUTO kept = late_answer(market, id);
    forge_key(market, LATE_KEEPER, fixture_member(kept, "given"), &key);
    const struct forgery early = {id, fixture_text(kept, "ek"), &key, &fx->who[BUYER], NULL};
    late_expect(market, id, "kept");
    assert_int_equal(refused_at(market, BUYER, kept, &early), 0);
    assert_int_equal(refused_by_relay(market, kept, &early, false), 0);
    assert_int_equal(late_count(fx->home[BUYER], LATE_KEYS, id), 0);
    json_object_put(market_deliver(market, id));
    assert_int_equal(late_count(fx->home[BUYER], LATE_KEYS, id), 1);
    late_expect(market, id, "sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_the_key),
        cmocka_unit_test(a_key_before_the_delivery),
        cmocka_unit_test(only_its_own_form),
    };
    return cmocka_run_group_tests_name("late key, forged", tests, set_up, market_tear_down);
}
