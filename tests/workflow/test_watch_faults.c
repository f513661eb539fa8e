/* Endpoints that are down, slow, out of their mind, capped, or that lie: the watcher catches up by
 * itself once it can, loses nothing, and does not believe one endpoint alone what costs money. */
#include "faulty_rpc.h"
#include "workflow/purchasing_internal.h"
#include "workflow/watch_internal.h"

#include <stdlib.h>
#include <string.h>

static struct faulty_rpc first, second;
static const struct faulty_rpc *const both[] = {&first, &second};

static void mine(struct fixture *fx, unsigned blocks)
{
    char params[32];
    BASE_BUF_AUTO answer = {0};
    snprintf(params, sizeof params, "[\"0x%x\"]", blocks);
    OK(chain_rpc_request(fx->rpc, &answer, "anvil_mine", params, INFO));
}

static void set_list(struct fixture *fx, uint8_t mark)
{
    const uint8_t cid[32] = {mark};
    BASE_BUF_AUTO data = {0};
    const struct workflow_call call = {.from = &fx->who[RM],
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "setRevocationList",
                                       .request_id = -1};
    OK(datahub_encode_set_revocation_list(&data, cid, INFO));
    OK(workflow_transact(fx->home[RM], &call, NULL, NULL, NULL, INFO));
}

static int64_t lists(struct workflow *wf)
{
    return fixture_count(wf, "SELECT count(*) FROM revocation_list");
}

static int64_t range(struct workflow *wf)
{
    return fixture_count(wf,
                         "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'sync.range'");
}

static void read_all_again(struct workflow *wf)
{
    OK(db_run(wf->db, INFO, "DELETE FROM revocation_list"));
    OK(db_run(wf->db, INFO, "DELETE FROM setting WHERE name LIKE 'sync.%'"));
}

static void what_cannot_be_read_is_read_later(void **state)
{
    static const char *const faults[] = {"down", "garbage", "html", "other-shape"};
    struct fixture *fx = *state;
    faulty_reopen(fx, PATIENT, both, 1, 0, -1);
    struct workflow *wf = fx->home[PATIENT];
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        json_object_put(fixture_sync(wf));
        int64_t before = lists(wf);
        faulty_be(&first, faults[i]);
        set_list(fx, (uint8_t)(1 + i));
        for (int round = 0; round < 3; round++) {
            FAILS(GALEN_ERR_NETWORK, workflow_sync(wf, NULL, INFO));
            assert_int_equal(lists(wf), before);
        }
        faulty_be(&first, "slow 100");
        json_object_put(fixture_sync(wf));
        assert_int_equal(lists(wf), before + 1);
        faulty_be(&first, "good");
    }
}

static void ranges_fit_the_endpoint(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[PATIENT];
    for (int i = 0; i < 4; i++) {
        mine(fx, 700);
        set_list(fx, (uint8_t)(0x20 + i));
    }
    json_object_put(fixture_sync(wf));
    int64_t all = lists(wf);
    faulty_be(&first, "cap 500");
    read_all_again(wf);
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), all);
    assert_in_range(range(wf), 250, 500);
    faulty_be(&first, "too-large 90");
    read_all_again(wf);
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), all);
    assert_in_range(range(wf), 45, 90);
    /* what was learnt holds over a restart, and is unlearnt by success */
    faulty_reopen(fx, PATIENT, both, 1, 0, -1);
    wf = fx->home[PATIENT];
    assert_in_range(range(wf), 45, 90);
    faulty_be(&first, "good");
    OK(db_run(wf->db, INFO, "UPDATE setting SET value = '0' WHERE name = 'sync.next_block'"));
    json_object_put(fixture_sync(wf));
    assert_true(range(wf) > 1000);
    /* one block alone is refused: that is said, and nothing is passed over */
    faulty_be(&first, "cap 0");
    set_list(fx, 0x30);
    FAILS(GALEN_ERR_LIMIT, workflow_sync(wf, NULL, INFO));
    faulty_be(&first, "good");
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), all + 1);
}

static void a_range_is_kept_before_the_next_fails(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[PATIENT];
    struct watch_range small = {.blocks = 1000};
    bool smaller = false;
    int64_t next = 0, before = lists(wf);
    read_all_again(wf);
    OK(watch_range_refused(wf, &small, 600, &smaller, INFO));
    faulty_be(&first, "down-after 2");
    FAILS(GALEN_ERR_NETWORK, workflow_sync(wf, NULL, INFO));
    OK(watch_position(wf, &next, 0, INFO));
    assert_in_range(next, 300, 1500);
    assert_in_range(lists(wf), 1, before - 1);
    faulty_be(&first, "good");
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), before);
}

static void events_wait_for_confirmations(void **state)
{
    struct fixture *fx = *state;
    faulty_reopen(fx, PATIENT, both, 1, 3, -1);
    struct workflow *wf = fx->home[PATIENT];
    mine(fx, 3);
    json_object_put(fixture_sync(wf));
    int64_t before = lists(wf);
    set_list(fx, 0x40);
    for (int deep = 0; deep < 3; deep++) {
        json_object_put(fixture_sync(wf));
        assert_int_equal(lists(wf), before);
        mine(fx, 1);
    }
    RECORD_JSON_AUTO summary = fixture_sync(wf);
    assert_int_equal(lists(wf), before + 1);
    assert_int_equal(fixture_number(summary, "readTo") + 3, fixture_number(summary, "block"));
    faulty_reopen(fx, PATIENT, both, 1, 0, -1);
}

static int64_t start_of(struct workflow *wf)
{
    return fixture_count(
        wf, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'sync.start_block'");
}

static void reading_begins_where_it_is_told(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[PATIENT];
    uint64_t head = 0;
    int64_t all = lists(wf);
    /* an endpoint without the states of old: from the first block on */
    faulty_be(&first, "no-history");
    read_all_again(wf);
    json_object_put(fixture_sync(wf));
    assert_int_equal(start_of(wf), 0);
    assert_int_equal(lists(wf), all);
    /* one that takes them for empty is not believed, */
    faulty_be(&first, "history 7");
    read_all_again(wf);
    json_object_put(fixture_sync(wf));
    assert_int_equal(start_of(wf), 0);
    /* and with those of old the deployment is found: the chain's first transaction */
    faulty_be(&first, "history 1");
    read_all_again(wf);
    json_object_put(fixture_sync(wf));
    assert_int_equal(start_of(wf), 1);
    assert_int_equal(lists(wf), all);
    faulty_be(&first, "good");
    OK(chain_rpc_block_number(fx->rpc, &head, INFO));
    faulty_reopen(fx, PATIENT, both, 1, 0, (int64_t)head + 1);
    wf = fx->home[PATIENT];
    read_all_again(wf);
    set_list(fx, 0x50);
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), 1);
    faulty_reopen(fx, PATIENT, both, 1, 0, -1);
    read_all_again(fx->home[PATIENT]);
    json_object_put(fixture_sync(fx->home[PATIENT]));
    assert_int_equal(lists(fx->home[PATIENT]), all + 1);
}

/* However its answers change, a round ends. */
static void a_restless_endpoint_is_left(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[PATIENT];
    int64_t before = lists(wf);
    set_list(fx, 0x58);
    for (int n = 1; n <= 7; n++) {
        char how[16];
        snprintf(how, sizeof how, "restless %d", n);
        faulty_be(&first, how);
        FAILS(GALEN_ERR_NETWORK, workflow_sync(wf, NULL, INFO));
        assert_non_null(strstr(INFO->what, "do not fit together"));
    }
    faulty_be(&first, "good");
    json_object_put(fixture_sync(wf));
    assert_int_equal(lists(wf), before + 1);
}

static void another_endpoint_takes_over(void **state)
{
    static const char *const faults[] = {"down", "garbage", "html", "other-chain"};
    struct fixture *fx = *state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        faulty_be(&first, faults[i]);
        faulty_reopen(fx, PATIENT, both, 2, 0, -1);
        struct workflow *wf = fx->home[PATIENT];
        int64_t before = lists(wf);
        set_list(fx, (uint8_t)(0x60 + i));
        json_object_put(fixture_sync(wf));
        assert_int_equal(lists(wf), before + 1);
        faulty_be(&first, "good");
    }
    faulty_be(&first, "other-chain");
    faulty_be(&second, "other-chain");
    faulty_reopen(fx, PATIENT, both, 2, 0, -1);
    FAILS(GALEN_ERR_CHECK, workflow_sync(fx->home[PATIENT], NULL, INFO));
    faulty_be(&first, "good");
    faulty_be(&second, "good");
    json_object_put(fixture_sync(fx->home[PATIENT]));
}

static void two_must_agree_on_money_and_keys(void **state)
{
    struct fixture *fx = *state;
    struct chain_address gm, rm;
    struct purchasing_onchain request;
    uint32_t version = 0;
    faulty_reopen(fx, PATIENT, both, 2, 0, -1);
    struct workflow *wf = fx->home[PATIENT];
    OK(workflow_managers(wf, &gm, &rm, INFO));
    assert_true(chain_address_equal(&gm, &fx->who[GM]));
    FAILS(GALEN_ERR_NOT_FOUND, purchasing_read_chain(wf, &request, 99, INFO)); /* both say so */
    for (int i = 0; i < 2; i++) {
        faulty_be(both[i], "liar");
        FAILS(GALEN_ERR_CHECK, workflow_managers(wf, &gm, &rm, INFO));
        assert_non_null(strstr(INFO->what, "agree"));
        FAILS(GALEN_ERR_CHECK, purchasing_read_chain(wf, &request, 99, INFO));
        faulty_reopen(fx, PATIENT, both, 2, 0, -1);
        wf = fx->home[PATIENT];
        FAILS(GALEN_ERR_CHECK, workflow_current_key(wf, &version, NULL, INFO));
        faulty_be(both[i], "down");
        FAILS(GALEN_ERR_NETWORK, workflow_managers(wf, &gm, &rm, INFO));
        assert_non_null(strstr(INFO->what, "1 of 2"));
        faulty_be(both[i], "good");
    }
    /* an event that one endpoint made up */
    OK(db_run(wf->db, INFO,
              "INSERT INTO group_key (version, fingerprint, bytes, confirmed)"
              " SELECT 2, fingerprint, bytes, 1 FROM group_key WHERE version = 1"));
    FAILS(GALEN_ERR_CHECK, workflow_current_key(wf, &version, NULL, INFO));
    OK(db_run(wf->db, INFO, "DELETE FROM group_key WHERE version = 2"));
    OK(workflow_current_key(wf, &version, NULL, INFO));
    assert_int_equal(version, 1);
}

static int set_up(void **state)
{
    if (fixture_grouped(state) != 0)
        return -1;
    faulty_start(&first, *state, "first");
    faulty_start(&second, *state, "second");
    return 0;
}

static int tear_down(void **state)
{
    faulty_stop(&first);
    faulty_stop(&second);
    return fixture_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_is_read_later),
        cmocka_unit_test(ranges_fit_the_endpoint),
        cmocka_unit_test(a_range_is_kept_before_the_next_fails),
        cmocka_unit_test(events_wait_for_confirmations),
        cmocka_unit_test(reading_begins_where_it_is_told),
        cmocka_unit_test(a_restless_endpoint_is_left),
        cmocka_unit_test(another_endpoint_takes_over),
        cmocka_unit_test(two_must_agree_on_money_and_keys),
    };
    return cmocka_run_group_tests_name("watch faults", tests, set_up, tear_down);
}
