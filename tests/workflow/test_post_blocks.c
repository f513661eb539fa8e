/* Blocks between homes that share no store: every home has its own, and asks the others' nodes. */
#include "market.h"
#include "post_server.h"
#include "workflow/post.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"
#include "workflow/storing_internal.h"

#define RECORDS 5
#define PRICE   "1000000000000000000"

enum behaviour { HONEST, LYING, SILENT };

struct stage {
    struct market *market;
    struct post_server *server;
    enum behaviour behaviour;
    int asked, served;
};
static struct stage stage;
static uint64_t request_id;

/* ---- one server for all homes: /HOME/ipfs/CID and /HOME/api/v1/inbox/ADDRESS ------------------- */

static void serve(void *user, const struct post_server_request *request,
                  struct post_server_answer *answer)
{
    unsigned home = 0;
    char rest[256] = "";
    struct workflow *wf;
    assert_int_equal(sscanf(request->path, "/%u/%255s", &home, rest), 2);
    assert_in_range(home, 0, FIXTURE_HOMES - 1);
    wf = stage.market->fx->home[home];
    answer->status = 404;
    if (strcmp(request->method, "POST") == 0) {
        RECORD_JSON_AUTO result = NULL;
        bool known = false;
        int64_t wait = 0;
        if (post_accept(wf, strrchr(rest, '/') + 1, request->body, &known, &wait, &result, NULL) !=
            GALEN_OK)
            return;
        answer->status = known ? 200 : 202;
        OK(base_buf_append_text(&answer->body, json_object_to_json_string(result)));
        return;
    }
    stage.asked++;
    char *query = strstr(rest, "?format=raw");
    assert_non_null(query);
    *query = '\0';
    if (stage.behaviour == SILENT) {
        answer->status = 0;
    } else if (stage.behaviour == LYING) {
        answer->status = 200;
        OK(base_buf_append_text(&answer->body, "other bytes"));
    } else if (block_serve(wf, rest + strlen("ipfs/"), &answer->body, NULL) == GALEN_OK) {
        stage.served++;
        answer->status = 200;
    }
}

static void live_here(enum fixture_home home, const struct chain_address *who)
{
    struct fixture *fx = stage.market->fx;
    RECORD_JSON_AUTO card = NULL;
    struct chain_address owner;
    char inbox[128];
    snprintf(inbox, sizeof inbox, "http://127.0.0.1:%u/%u/api/v1/inbox",
             post_server_port(stage.server), (unsigned)home);
    OK(workflow_card_make(fx->home[home], who, inbox, &card, INFO));
    for (int to = 0; to < FIXTURE_HOMES; to++)
        if (to != (int)home)
            OK(workflow_card_add(fx->home[to], card, &owner, INFO));
}

/* A store of its own for each home, with what lies in the common one. */
static enum galen_err copy_block(void *user, const uint8_t digest32[32])
{
    BASE_BUF_AUTO block = {0};
    struct store **stores = user;
    OK(store_get_local(&block, stores[0], digest32, INFO));
    return store_put(NULL, stores[1], block.data, block.len, INFO);
}

static void own_store(enum fixture_home home, bool with_blocks)
{
    struct fixture *fx = stage.market->fx;
    struct workflow *wf = fx->home[home];
    char dir[128];
    struct store *stores[2] = {wf->store, NULL};
    snprintf(dir, sizeof dir, "%s/own-blocks-%d-%d", fx->dir, (int)home, rand());
    const struct store_config config = {.dir = dir, .guard = &wf->guard};
    OK(store_open(&stores[1], &config, INFO));
    if (with_blocks)
        OK(store_each(wf->store, copy_block, stores, INFO));
    store_free(&wf->store);
    wf->store = stores[1];
}

static int set_up(void **state)
{
    void *market = NULL;
    if (market_set_up(&market, RECORDS) != 0)
        return -1;
    stage = (struct stage){.market = market, .server = post_server_start(serve, NULL)};
    *state = &stage;
    struct fixture *fx = stage.market->fx;
    for (enum fixture_home home = GM; home < FIXTURE_HOMES; home++) {
        OK(http_network_parse(&fx->home[home]->post.networks[0], "127.0.0.0/8", INFO));
        fx->home[home]->post.n_networks = fx->home[home]->guard.n_networks = 1;
        own_store(home, home != BUYER);
        live_here(home, &fx->who[home]);
    }
    for (int i = 1; i < MARKET_PATIENTS; i++)
        live_here(PATIENT, &stage.market->patients[i]);
    return 0;
}

static int tear_down(void **state)
{
    void *market = stage.market;
    post_server_stop(&stage.server);
    return market_tear_down(&market);
}

static int honest(void **state)
{
    stage.behaviour = HONEST;
    stage.asked = stage.served = 0;
    return 0;
}

/* ---- tests ------------------------------------------------------------------------------------- */

/* Mail by HTTP, until nothing moves. */
static void settle(void)
{
    struct fixture *fx = stage.market->fx;
    int64_t moved = 1;
    while (moved > 0) {
        moved = 0;
        for (int home = 0; home < FIXTURE_HOMES; home++) {
            RECORD_JSON_AUTO result = NULL;
            const struct post_round round = {.now = true};
            OK(post_deliver(fx->home[home], &round, NULL, &result, INFO));
            if (fixture_number(result, "failed") > 0)
                fail_msg("%s", json_object_to_json_string(result));
            moved += fixture_number(result, "delivered");
        }
        for (int home = 0; home < FIXTURE_HOMES; home++) {
            RECORD_JSON_AUTO summary = fixture_sync(fx->home[home]);
            assert_int_equal(fixture_number(summary, "refused"), 0);
        }
    }
}

/* A purchase from the request to the verified delivery, with nothing but nodes between the homes.
 */
static void a_purchase_by_nodes_alone(void **state)
{
    struct market *market = stage.market;
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO wanted = market_template(RECORDS, PRICE);
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO result = NULL;
    bool passed = false;
    OK(purchasing_request(fx->home[BUYER], &fx->who[BUYER], wanted, NULL, &made, INFO));
    request_id = (uint64_t)fixture_number(made, "requestId");
    settle();
    OK(purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], request_id, NULL, INFO));
    settle();
    OK(purchasing_ask_consent(fx->home[HOSPITAL], &fx->who[HOSPITAL], request_id, NULL, INFO));
    settle();
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(fx->home[PATIENT], &market->patients[i], request_id, true, NULL,
                              INFO));
    settle();
    OK(purchasing_deliver(fx->home[HOSPITAL], &fx->who[HOSPITAL], request_id, NULL, INFO));
    settle();
    OK(purchasing_verify(fx->home[BUYER], request_id, &passed, &result, INFO));
    if (!passed)
        fail_msg("%s", json_object_to_json_string(result));
    /* template to hospital and patients, bundles to hospital and buyer, manifest and its part */
    assert_true(stage.served >= 2 + 2 * RECORDS + 2);
}

static bool is_served(struct workflow *wf, const uint8_t cid32[32])
{
    char cid[STORE_CID_TEXT];
    BASE_BUF_AUTO block = {0};
    uint8_t digest[32];
    store_cid_encode(cid, cid32);
    enum galen_err err = block_serve(wf, cid, &block, INFO);
    if (err == GALEN_OK) {
        store_digest(digest, block.data, block.len);
        assert_memory_equal(digest, cid32, 32);
    } else {
        assert_int_equal(err, GALEN_ERR_NOT_FOUND);
        assert_null(block.data);
    }
    return err == GALEN_OK;
}

/* The first blob that the query finds in the home's database. */
static void read_cid(struct workflow *wf, uint8_t cid32[32], const char *sql)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, wf->db, INFO, sql));
    OK(db_next(&rows, &found, INFO));
    if (!found)
        fail_msg("nothing: %s", sql);
    OK(db_bytes(&rows, 0, cid32, 32, INFO));
}

static void what_is_published_is_served(void **state)
{
    struct fixture *fx = stage.market->fx;
    static const struct {
        enum fixture_home home;
        bool served;
        const char *sql;
    } cases[] = {
        {PATIENT, true, "SELECT cid FROM record WHERE side = 'patient'"},
        {HOSPITAL, true, "SELECT cid FROM record WHERE side = 'relay'"},
        {DOCTOR, false, "SELECT cid FROM record WHERE side = 'doctor'"},
        {PATIENT, true,
         "SELECT profile_cid FROM contact WHERE address IN"
         " (SELECT address FROM identity)"},
        {PATIENT, false,
         "SELECT profile_cid FROM contact WHERE address NOT IN"
         " (SELECT address FROM identity)"},
        {GM, true, "SELECT fingerprint FROM group_key"},
        {BUYER, true, "SELECT template_hash FROM request"},
        {HOSPITAL, false, "SELECT template_hash FROM request"},
        {HOSPITAL, true, "SELECT offer_cid FROM request"},
        {HOSPITAL, true, "SELECT manifest_cid FROM request"},
        {BUYER, false, "SELECT manifest_cid FROM request"},
        {PATIENT, true, "SELECT cid FROM published WHERE kind = 'bundle'"},
        {HOSPITAL, true, "SELECT cid FROM published WHERE kind = 'bundle'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct workflow *wf = fx->home[cases[i].home];
        uint8_t cid[32];
        bool there = false;
        read_cid(wf, cid, cases[i].sql);
        OK(store_has(&there, wf->store, cid, INFO));
        if (is_served(wf, cid) != cases[i].served)
            fail_msg("%s (block %s)", cases[i].sql, there ? "is there" : "is not there");
        /* what is kept back is there: it is the rule that keeps it back */
        if (!there)
            fail_msg("not there: %s", cases[i].sql);
    }
    static const char *const bad[] = {"", "ipfs", "../galen.db", "bafkrei"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BASE_BUF_AUTO block = {0};
        FAILS(GALEN_ERR_PARSE, block_serve(fx->home[PATIENT], bad[i], &block, INFO));
    }
    uint8_t cid[32];
    OK(store_put(cid, fx->home[PATIENT]->store, "by hand", 7, INFO));
    assert_false(is_served(fx->home[PATIENT], cid));
    /* nobody makes this node fetch something */
    int asked = stage.asked;
    cid[0] ^= 1;
    assert_false(is_served(fx->home[PATIENT], cid));
    read_cid(fx->home[PATIENT], cid, "SELECT cid FROM record WHERE side = 'patient'");
    BASE_BUF_AUTO block = {0};
    OK(store_get_local(&block, fx->home[PATIENT]->store, cid, INFO));
    OK(store_remove(fx->home[PATIENT]->store, cid, INFO));
    assert_false(is_served(fx->home[PATIENT], cid));
    OK(store_put(NULL, fx->home[PATIENT]->store, block.data, block.len, INFO));
    assert_int_equal(stage.asked, asked);
}

static void a_manifest_waits_for_delivered(void **state)
{
    struct workflow *hospital = stage.market->fx->home[HOSPITAL];
    DB_ROWS_AUTO rows = {0};
    int blocks = 0;
    bool found = true;
    OK(db_run(hospital->db, INFO,
              "CREATE TEMP TABLE kept AS SELECT id, delivered_at FROM request"));
    for (int delivered = 0; delivered < 2; delivered++) {
        OK(db_run(hospital->db, INFO,
                  delivered ? "UPDATE request SET delivered_at = (SELECT delivered_at FROM kept"
                              " WHERE kept.id = request.id)"
                            : "UPDATE request SET delivered_at = NULL"));
        OK(db_query(&rows, hospital->db, INFO,
                    "SELECT cid FROM published WHERE kind = 'manifest'"));
        for (blocks = 0;; blocks++) {
            uint8_t cid[32];
            OK(db_next(&rows, &found, INFO));
            if (!found)
                break;
            OK(db_bytes(&rows, 0, cid, 32, INFO));
            assert_int_equal(is_served(hospital, cid), delivered);
        }
        db_rows_end(&rows);
        assert_int_equal(blocks, 2); /* head and part */
    }
}

static void shares_until_they_end(void **state)
{
    struct fixture *fx = stage.market->fx;
    struct workflow *patient = fx->home[PATIENT];
    RECORD_JSON_AUTO share = NULL;
    RECORD_JSON_AUTO opened = NULL;
    uint8_t root[32], cid[32];
    char root_hex[65];
    bool passed = false;
    read_cid(patient, root, "SELECT merkle_root FROM record WHERE side = 'patient'");
    base_hex_encode(root_hex, root, 32);
    const struct sharing_options options = {0};
    OK(sharing_grant(patient, root_hex, &fx->who[DOCTOR], &options, &share, INFO));
    OK(store_cid_parse(cid, fixture_text(share, "cidShare"), INFO));
    assert_true(is_served(patient, cid));
    settle();
    /* the doctor has it from the patient's node, and does not pass it on */
    OK(sharing_open(fx->home[DOCTOR], fixture_text(share, "cidShare"), &passed, &opened, INFO));
    assert_true(passed);
    assert_false(is_served(fx->home[DOCTOR], cid));
    OK(db_run(patient->db, INFO, "UPDATE share SET expires_at = ? WHERE cid = ?",
              DB_INT(base_time_s() - 1), DB_BLOB(cid, 32)));
    assert_false(is_served(patient, cid));
    OK(db_run(patient->db, INFO, "UPDATE share SET expires_at = NULL"));
    assert_true(is_served(patient, cid));
    BASE_BUF_AUTO block = {0};
    OK(store_get_local(&block, patient->store, cid, INFO));
    OK(sharing_revoke(patient, fixture_text(share, "cidShare"), NULL, INFO));
    /* even if the same bytes come back */
    OK(store_put(NULL, patient->store, block.data, block.len, INFO));
    assert_false(is_served(patient, cid));
}

/* A node that sends other bytes, or none: nothing is kept, it is left alone for a while, and the
 * next one is asked. */
static void bad_nodes(void **state)
{
    struct fixture *fx = stage.market->fx;
    struct workflow *buyer = fx->home[BUYER];
    uint8_t cid[32];
    bool there = true;
    read_cid(fx->home[HOSPITAL], cid, "SELECT cid FROM published WHERE kind = 'bundle'");
    for (enum behaviour how = LYING; how <= SILENT; how++) {
        BASE_BUF_AUTO block = {0};
        own_store(BUYER, false);
        stage.behaviour = how;
        stage.asked = 0;
        for (int i = 0; i < 3; i++) {
            FAILS(GALEN_ERR_NOT_FOUND,
                  workflow_block_from(buyer, &block, cid, &fx->who[HOSPITAL], NULL, INFO));
            assert_null(block.data);
            assert_int_equal(stage.asked, 1);
        }
        OK(store_has(&there, buyer->store, cid, INFO));
        assert_false(there);
        /* the patient's node is another source */
        stage.behaviour = HONEST;
        OK(workflow_block_from(buyer, &block, cid, &fx->who[HOSPITAL], &fx->who[PATIENT], INFO));
        assert_int_equal(stage.asked, 2);
        OK(store_has(&there, buyer->store, cid, INFO));
        assert_true(there);
    }
    /* one that does not answer is not asked for other blocks either; one that lacks a block is */
    own_store(BUYER, false);
    stage.behaviour = SILENT;
    stage.asked = 0;
    BASE_BUF_AUTO block = {0};
    for (int i = 0; i < 3; i++) {
        cid[i] ^= 0x55;
        FAILS(GALEN_ERR_NOT_FOUND,
              workflow_block_from(buyer, &block, cid, &fx->who[HOSPITAL], NULL, INFO));
    }
    assert_int_equal(stage.asked, 1);
    own_store(BUYER, false);
    stage.behaviour = HONEST;
    stage.asked = 0;
    for (int i = 0; i < 3; i++) {
        cid[i] ^= 0xaa;
        FAILS(GALEN_ERR_NOT_FOUND,
              workflow_block_from(buyer, &block, cid, &fx->who[HOSPITAL], NULL, INFO));
    }
    assert_int_equal(stage.asked, 3);
    /* behind the guard */
    own_store(BUYER, false);
    buyer->guard.n_networks = 0;
    stage.asked = 0;
    read_cid(fx->home[HOSPITAL], cid, "SELECT cid FROM published WHERE kind = 'bundle'");
    FAILS(GALEN_ERR_NOT_FOUND,
          workflow_block_from(buyer, &block, cid, &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(stage.asked, 0);
    buyer->guard.n_networks = 1;
}

/* An envelope that the patient lost comes back from the relay, which the chain names; a doctor's
 * node asks nobody. */
static void envelopes(void **state)
{
    struct fixture *fx = stage.market->fx;
    static const struct {
        enum fixture_home home;
        const char *side;
        int asked;
    } cases[] = {{PATIENT, "patient", 1}, {HOSPITAL, "relay", 1}, {DOCTOR, "doctor", 0}};
    for (size_t i = 0; i < 3; i++) {
        struct workflow *wf = fx->home[cases[i].home];
        struct storing_row row;
        BASE_BUF_AUTO lost = {0};
        BASE_BUF_AUTO again = {0};
        uint8_t cid[32];
        char sql[96], text[STORE_CID_TEXT];
        snprintf(sql, sizeof sql, "SELECT cid FROM record WHERE side = '%s'", cases[i].side);
        read_cid(wf, cid, sql);
        store_cid_encode(text, cid);
        OK(storing_find_row(wf, &row, text, cases[i].side, INFO));
        OK(store_get_local(&lost, wf->store, cid, INFO));
        OK(store_remove(wf->store, cid, INFO));
        stage.asked = 0;
        enum galen_err err = storing_get_envelope(wf, &again, &row, INFO);
        assert_int_equal(err, cases[i].asked > 0 ? GALEN_OK : GALEN_ERR_NOT_FOUND);
        assert_int_equal(stage.asked, cases[i].asked);
        OK(store_put(NULL, wf->store, lost.data, lost.len, INFO));
    }
}

/* ---- the relay --------------------------------------------------------------------------------- */

static void make_records(int first, int n)
{
    struct fixture *fx = stage.market->fx;
    for (int i = first; i < first + n; i++) {
        RECORD_JSON_AUTO record = fixture_record(fx, &stage.market->patients[0], i);
        OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, NULL, INFO));
    }
}

static size_t relayed(const char *list)
{
    struct fixture *fx = stage.market->fx;
    RECORD_JSON_AUTO result = NULL;
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &result, INFO));
    if (strcmp(list, "waiting") == 0 && json_object_array_length(fixture_member(result, list)) > 0)
        assert_non_null(strstr(
            fixture_text(json_object_array_get_idx(fixture_member(result, list), 0), "reason"),
            "quota"));
    return json_object_array_length(fixture_member(result, list));
}

static void the_relays_quota(void **state)
{
    struct fixture *fx = stage.market->fx;
    struct workflow *hospital = fx->home[HOSPITAL];
    hospital->post.limits[POST_RELAY_QUOTA] = RECORDS + 2;
    make_records(50, 3);
    settle();
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM record WHERE side = 'relay'"),
                     RECORDS + 2);
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM inbox WHERE state = 'new'"), 1);
    assert_int_equal(
        fixture_count(hospital, "SELECT count(*) FROM notification WHERE kind = 'relay-quota'"), 1);
    /* what was taken in under a higher quota is anchored under the new one */
    hospital->post.limits[POST_RELAY_QUOTA] = RECORDS + 1;
    assert_int_equal(relayed("waiting"), 1);
    assert_int_equal(relayed("anchored"), 0);
    /* the next day there is room, and nothing was lost */
    OK(db_run(
        hospital->db, INFO,
        "UPDATE record SET created_at = created_at - 86400, anchored_at = anchored_at - 86400"));
    settle();
    assert_int_equal(fixture_count(hospital, "SELECT count(*) FROM inbox WHERE state = 'new'"), 0);
    assert_int_equal(relayed("anchored"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_purchase_by_nodes_alone, honest),
        cmocka_unit_test_setup(what_is_published_is_served, honest),
        cmocka_unit_test_setup(a_manifest_waits_for_delivered, honest),
        cmocka_unit_test_setup(shares_until_they_end, honest),
        cmocka_unit_test_setup(bad_nodes, honest),
        cmocka_unit_test_setup(envelopes, honest),
        cmocka_unit_test_setup(the_relays_quota, honest),
    };
    return cmocka_run_group_tests_name("blocks between nodes", tests, set_up, tear_down);
}
