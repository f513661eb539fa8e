/*
 * Reorganisations: the chain forgets blocks, and goes on otherwise. What those blocks told is taken
 * back in every home, transactions that went out are sent again as they were, and what happens
 * again is there again, told to nobody twice.
 */
#include "fixture.h"
#include "workflow/watch_internal.h"

#include <stdlib.h>
#include <string.h>

static void ask(struct fixture *fx, const char *method, const char *params, struct base_buf *answer)
{
    base_buf_clear(answer);
    OK(chain_rpc_request(fx->rpc, answer, method, params, INFO));
}

static void remember(struct fixture *fx, char snapshot[64])
{
    BASE_BUF_AUTO answer = {0};
    ask(fx, "evm_snapshot", "[]", &answer);
    snprintf(snapshot, 64, "[%s]", (const char *)answer.data);
}

static uint64_t height(struct fixture *fx)
{
    uint64_t head = 0;
    OK(chain_rpc_block_number(fx->rpc, &head, INFO));
    return head;
}

/* Back to the snapshot, and on with other blocks until the chain is this much longer than it was.
 */
static void reorganise(struct fixture *fx, const char *snapshot, unsigned longer)
{
    char params[64];
    BASE_BUF_AUTO answer = {0};
    uint64_t before = height(fx);
    ask(fx, "evm_revert", snapshot, &answer);
    assert_string_equal((const char *)answer.data, "true");
    ask(fx, "evm_increaseTime", "[13]", &answer);
    snprintf(params, sizeof params, "[\"0x%llx\"]",
             (unsigned long long)(before - height(fx) + longer));
    ask(fx, "anvil_mine", params, &answer);
    assert_int_equal(height(fx), before + longer);
}

/* A transaction that no home's outbox knows: nobody sends it again. Empties data. */
static void send_unknown(struct fixture *fx, const struct chain_address *from,
                         struct base_buf *data)
{
    char who[CHAIN_ADDRESS_TEXT], to[CHAIN_ADDRESS_TEXT];
    BASE_BUF_AUTO params = {0};
    BASE_BUF_AUTO answer = {0};
    chain_address_format(who, from);
    chain_address_format(to, &fx->home[GM]->domain.contract);
    OK(base_buf_printf(&params, "[\"%s\"]", who));
    ask(fx, "anvil_impersonateAccount", (const char *)params.data, &answer);
    base_buf_clear(&params);
    OK(base_buf_printf(&params, "[{\"from\":\"%s\",\"to\":\"%s\",\"data\":\"", who, to));
    OK(base_hex_append(&params, data->data, data->len));
    OK(base_buf_append_text(&params, "\"}]"));
    base_buf_clear(data);
    uint64_t before = height(fx);
    ask(fx, "eth_sendTransaction", (const char *)params.data, &answer);
    int64_t give_up = base_monotonic_ms() + 10000;
    while (height(fx) == before)
        assert_true(base_monotonic_ms() < give_up);
}

static int64_t count_text(struct workflow *wf, const char *sql, const char *text)
{
    int64_t count = -1;
    OK(db_get_int(wf->db, &count, -1, INFO, sql, DB_TEXT(text)));
    return count;
}

static int64_t notices(struct workflow *wf, const char *kind)
{
    return count_text(wf, "SELECT count(*) FROM notification WHERE kind = ?", kind);
}

/* What the table holds, in one number that any change of it changes. */
static int64_t state_of(struct workflow *wf, const char *columns, const char *table)
{
    char sql[256];
    uint8_t digest[32];
    int64_t state = 0;
    BASE_BUF_AUTO all = {0};
    DB_ROWS_AUTO rows = {0};
    snprintf(sql, sizeof sql, "SELECT quote(%s) FROM %s ORDER BY 1", columns, table);
    OK(db_query(&rows, wf->db, INFO, sql));
    for (bool found = true;;) {
        OK(db_next(&rows, &found, INFO));
        if (!found)
            break;
        OK(base_buf_append_text(&all, db_text(&rows, 0)));
    }
    store_digest(digest, all.data, all.len);
    memcpy(&state, digest, sizeof state);
    return state;
}

/* ---- a record's anchor ---------------------------------------------------------------------------- */

static void an_anchor_goes_and_comes_again(void **state)
{
    struct fixture *fx = *state;
    struct workflow *patient = fx->home[PATIENT];
    struct workflow *hospital = fx->home[HOSPITAL];
    char snapshot[64];
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 1);
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    remember(fx, snapshot);
    OK(storing_relay(hospital, &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    const char *anchored = "SELECT count(*) FROM record WHERE state = 'anchored'"
                           " AND anchored_at IS NOT NULL AND tx_hash IS NOT NULL";
    assert_int_equal(fixture_count(patient, anchored), 1);
    assert_int_equal(fixture_count(fx->home[DOCTOR], anchored), 1);
    assert_int_equal(fixture_count(hospital, anchored), 1);
    int64_t releases = fixture_count(patient, "SELECT count(*) FROM release");
    int64_t told = notices(patient, "record");
    int64_t sent = state_of(hospital, "raw", "tx");
    assert_true(releases > 0 && told == 1);
    /* one of its releases is promised to a sale, which no chain takes back */
    OK(db_run(patient->db, INFO, "UPDATE release SET request_id = 4711 WHERE position = 0"));

    reorganise(fx, snapshot, 5);
    json_object_put(fixture_sync(patient));
    json_object_put(fixture_sync(fx->home[DOCTOR]));
    assert_int_equal(fixture_count(patient, anchored), 0);
    assert_int_equal(fixture_count(fx->home[DOCTOR], anchored), 0);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM record WHERE"
                                            " state = 'handed-over' AND anchored_at IS NULL"),
                     1);
    assert_int_equal(notices(patient, "record"), 0);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM release"), releases);

    /* the relay's transaction went out with its block: it is sent again, the same bytes */
    fixture_sync_until_mined(hospital);
    assert_int_equal(state_of(hospital, "raw", "tx"), sent);
    json_object_put(fixture_sync(hospital));
    assert_int_equal(fixture_count(hospital, anchored), 1);
    RECORD_JSON_AUTO summary = fixture_sync(patient);
    assert_int_equal(fixture_count(patient, anchored), 1);
    assert_int_equal(notices(patient, "record"), told);
    assert_int_equal(json_object_array_length(fixture_member(summary, "notifications")), 0);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM notification_withdrawn"), 0);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM release"), releases);
    assert_int_equal(fixture_count(patient, "SELECT count(*) FROM release WHERE request_id = 4711"),
                     1);
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(fixture_count(fx->home[DOCTOR], anchored), 1);
}

/* ---- what does not come again --------------------------------------------------------------------- */

static const struct {
    const char *columns, *table;
} told_by_chain[] = {
    {"group_key.version || confirmed || coalesce(retired_at, 0) || compromised", "group_key"},
    {"block || office || hex(manager)", "manager_term"},
    {"version || hex(cid)", "revocation_list"},
    {"key_version || size || hex(head)", "registry_commit"},
    {"hex(owner) || hex(profile_cid) || nonce", "profile_onchain"},
    {"hex(address) || nonce || on_chain || profile", "contact"},
    {"hex(patient) || hex(doctor) || hex(cid)", "share"},
    {"id || hex(buyer) || state || coalesce(hex(hospital), '')", "request"},
    {"hex(merkle_root) || state || coalesce(anchored_at, 0) || coalesce(hex(tx_hash), '')",
     "record"},
    {"kind || subject", "notification"},
};
#define TOLD (sizeof told_by_chain / sizeof *told_by_chain)

static void look(struct workflow *wf, int64_t states[TOLD])
{
    for (size_t i = 0; i < TOLD; i++)
        states[i] = state_of(wf, told_by_chain[i].columns, told_by_chain[i].table);
}

/* One event of every kind that a single account can bring about, none of which comes again. */
static void what_does_not_come_again_is_gone(void **state)
{
    struct fixture *fx = *state;
    struct workflow *doctor = fx->home[DOCTOR];
    char snapshot[64];
    int64_t before[TOLD], during[TOLD], after[TOLD];
    uint8_t cid[32] = {0x5a}, digest[32] = {0xd1};
    struct chain_address next;
    struct workflow_contact contact;
    BASE_BUF_AUTO data = {0};
    assert_int_equal(fixture_settle(fx), 0);
    look(doctor, before);
    remember(fx, snapshot);
    uint64_t first = height(fx) + 1;

    struct workflow *hospital = fx->home[HOSPITAL];
    OK(workflow_identity_new(fx->home[GM], &next, "next-gm", "gm", INFO));
    fixture_fund(fx, &next, "1");
    /* the hospital's profile, by its own wallet but past its home */
    OK(workflow_card_make(hospital, &fx->who[HOSPITAL], "https://hospital.example/inbox", NULL,
                          INFO));
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, hospital->db, INFO, "SELECT profile_cid FROM contact WHERE address = ?",
                    DB_BLOB(fx->who[HOSPITAL].bytes, 20)));
        OK(db_next(&rows, &found, INFO));
        OK(db_bytes(&rows, 0, digest, 32, INFO));
    }
    OK(datahub_encode_set_profile(&data, digest, INFO));
    send_unknown(fx, &fx->who[HOSPITAL], &data);
    OK(datahub_encode_post_share(&data, &fx->who[DOCTOR], cid,
                                 (struct base_view){(const uint8_t *)"wrapped", 7}, INFO));
    send_unknown(fx, &fx->who[PATIENT], &data);
    OK(datahub_encode_propose_manager(&data, &next, INFO));
    send_unknown(fx, &fx->who[GM], &data);
    OK(datahub_encode_accept_group_manager(&data, INFO));
    send_unknown(fx, &next, &data);
    OK(datahub_encode_set_revocation_list(&data, cid, INFO));
    send_unknown(fx, &fx->who[RM], &data);
    OK(datahub_encode_retire_group_key(&data, 1, true, INFO));
    send_unknown(fx, &fx->who[RM], &data);

    json_object_put(fixture_sync(doctor));
    OK(workflow_contact_get(doctor, &contact, &fx->who[HOSPITAL], INFO));
    look(doctor, during);
    for (size_t i = 0; i < TOLD; i++) {
        const char *table = told_by_chain[i].table;
        bool is_changed = strcmp(table, "request") != 0 && strcmp(table, "record") != 0 &&
                          strcmp(table, "registry_commit") != 0;
        if ((during[i] != before[i]) != is_changed)
            fail_msg("table %s: %s", table, is_changed ? "no event came" : "something came");
    }

    reorganise(fx, snapshot, 1);
    json_object_put(fixture_sync(doctor));
    look(doctor, after);
    for (size_t i = 0; i < TOLD; i++)
        if (after[i] != before[i])
            fail_msg("table %s is not what it was", told_by_chain[i].table);
    assert_int_equal(
        fixture_count(doctor, "SELECT count(*) FROM watch_undo WHERE block >= 1000000000"), 0);
    int64_t left = -1;
    OK(db_get_int(doctor->db, &left, -1, INFO, "SELECT count(*) FROM watch_undo WHERE block >= ?",
                  DB_INT(first)));
    assert_int_equal(left, 0);
    /* and the group key signs again */
    OK(workflow_current_key(doctor, &(uint32_t){0}, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- this home's own receipts --------------------------------------------------------------------- */

/* The block with the receipt is dropped before the watcher came to it. */
static void a_receipt_that_was_never_read_goes_too(void **state)
{
    struct fixture *fx = *state;
    struct workflow *buyer = fx->home[BUYER];
    char snapshot[64];
    const struct chain_address payee = {{0x77}};
    const struct chain_u256 wei = chain_u256_from_u64(9);
    struct chain_u256 balance = {0};
    BASE_BUF_AUTO answer = {0};
    json_object_put(fixture_sync(buyer));
    remember(fx, snapshot);
    ask(fx, "anvil_mine", "[\"0x2\"]", &answer);
    OK(workflow_pay(buyer, &fx->who[BUYER], &payee, &wei, NULL, INFO));
    reorganise(fx, snapshot, 3);
    OK(chain_rpc_balance(fx->rpc, &balance, &payee, INFO));
    assert_true(chain_u256_is_zero(&balance));
    fixture_sync_until_mined(buyer);
    OK(chain_rpc_balance(fx->rpc, &balance, &payee, INFO));
    assert_int_equal(chain_u256_compare(&balance, &wei), 0);
    json_object_put(fixture_sync(buyer));
    assert_int_equal(fixture_count(buyer, "SELECT count(*) FROM tx WHERE operation = 'pay'"
                                          " AND status = 'succeeded'"),
                     1);
}

/* ---- endpoints behind, and very deep reorganisations ------------------------------------------------ */

static void a_shorter_chain_is_given_time(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[RM];
    char snapshot[64];
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO answer = {0};
    const char *lists = "SELECT count(*) FROM revocation_list";
    const uint8_t cid[32] = {0x11};
    int64_t before = fixture_count(wf, lists);
    json_object_put(fixture_sync(wf));
    remember(fx, snapshot);
    OK(datahub_encode_set_revocation_list(&data, cid, INFO));
    send_unknown(fx, &fx->who[RM], &data);
    json_object_put(fixture_sync(wf));
    assert_int_equal(fixture_count(wf, lists), before + 1);
    ask(fx, "evm_revert", snapshot, &answer);
    /* perhaps another endpoint, which has not got the last blocks yet */
    json_object_put(fixture_sync(wf));
    assert_int_equal(fixture_count(wf, lists), before + 1);
    /* but not for ever */
    OK(db_run(wf->db, INFO, "UPDATE setting SET value = '5' WHERE name = 'sync.behind_since'"));
    json_object_put(fixture_sync(wf));
    assert_int_equal(fixture_count(wf, lists), before);
}

static void beyond_what_is_kept_all_is_read_again(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[PATIENT];
    char snapshot[64], params[32];
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO answer = {0};
    const uint8_t cid[32] = {0x22};
    assert_int_equal(fixture_settle(fx), 0);
    remember(fx, snapshot);
    for (int i = 0; i < 2; i++) {
        snprintf(params, sizeof params, "[\"0x%x\"]", WATCH_RING_BLOCKS);
        ask(fx, "anvil_mine", params, &answer);
        json_object_put(fixture_sync(wf));
    }
    assert_true(fixture_count(wf, "SELECT count(*) FROM watch_block") <= 3);
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM watch_undo"), 0);
    int64_t anchored = fixture_count(wf, "SELECT count(*) FROM record WHERE state = 'anchored'");
    reorganise(fx, snapshot, 2);
    OK(datahub_encode_set_revocation_list(&data, cid, INFO));
    send_unknown(fx, &fx->who[RM], &data);
    RECORD_JSON_AUTO summary = fixture_sync(wf);
    assert_true(fixture_number(summary, "events") > 5); /* those of the whole chain */
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM revocation_list WHERE cid ="
                                       " x'2200000000000000000000000000000000000000000000000000"
                                       "000000000000'"),
                     1);
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM record WHERE state = 'anchored'"),
                     anchored);
    RECORD_JSON_AUTO again = fixture_sync(wf);
    assert_int_equal(fixture_number(again, "events"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_goes_and_comes_again),
        cmocka_unit_test(what_does_not_come_again_is_gone),
        cmocka_unit_test(a_receipt_that_was_never_read_goes_too),
        cmocka_unit_test(a_shorter_chain_is_given_time),
        cmocka_unit_test(beyond_what_is_kept_all_is_read_again),
    };
    return cmocka_run_group_tests_name("watch", tests, fixture_grouped, fixture_tear_down);
}
