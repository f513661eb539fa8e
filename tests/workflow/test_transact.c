/* Signed transactions that wait, dry runs, and a chain that is not what it was. */
#include "faulty_rpc.h"

#include <stdlib.h>
#include <string.h>

/* A payment of the buyer's as an interrupted run leaves it: signed and stored, not sent. */
static void leave_signed(struct fixture *fx, const struct chain_address *to, uint64_t max_fee_wei)
{
    struct workflow *wf = fx->home[BUYER];
    struct chain_tx tx = {.chain_id = wf->domain.chain_id,
                          .gas_limit = 21000,
                          .to = *to,
                          .value = chain_u256_from_u64(5),
                          .fee = {.max_fee = chain_u256_from_u64(max_fee_wei),
                                  .priority_fee = chain_u256_from_u64(1)}};
    CHAIN_KEY_AUTO wallet = {0};
    BASE_BUF_AUTO raw = {0};
    uint8_t hash[32];
    OK(chain_rpc_nonce(fx->rpc, &tx.nonce, &fx->who[BUYER], CHAIN_BLOCK_LATEST, INFO));
    OK(workflow_wallet(wf, &wallet, &fx->who[BUYER], INFO));
    OK(chain_tx_sign(&raw, hash, &tx, &wallet, INFO));
    OK(db_run(wf->db, INFO,
              "INSERT INTO tx (hash, sender, recipient, role, workflow, operation, nonce, raw,"
              " value_wei, gas_estimate, gas_limit, max_fee_wei, max_priority_fee_wei, status,"
              " created_at) VALUES (?, ?, ?, 'buyer', 'other', 'pay', ?, ?, '5', 21000, 21000,"
              " '1', '1', 'signed', 1)",
              DB_BLOB(hash, 32), DB_BLOB(fx->who[BUYER].bytes, 20), DB_BLOB(to->bytes, 20),
              DB_INT(tx.nonce), DB_BLOB(raw.data, raw.len)));
}

static void ask(struct fixture *fx, const char *method, const char *params, struct base_buf *answer)
{
    base_buf_clear(answer);
    OK(chain_rpc_request(fx->rpc, answer, method, params, INFO));
}

static bool has_money(struct fixture *fx, const struct chain_address *account)
{
    struct chain_u256 balance = {0};
    OK(chain_rpc_balance(fx->rpc, &balance, account, INFO));
    return !chain_u256_is_zero(&balance);
}

static void dry_run_sends_nothing(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    const struct chain_address poor = {{0x11}};
    struct chain_u256 wei = chain_u256_from_u64(1);
    RECORD_JSON_AUTO dry = NULL;
    leave_signed(fx, &poor, 100000000000);
    workflow_dry_run(wf, true);
    OK(workflow_pay(wf, &fx->who[BUYER], &fx->who[GM], &wei, &dry, INFO));
    json_object_put(fixture_sync(wf));
    workflow_dry_run(wf, false);
    assert_true(json_object_get_boolean(fixture_member(dry, "dryRun")));
    assert_false(has_money(fx, &poor));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx WHERE status = 'signed'"), 1);
    fixture_sync_until_mined(wf);
    assert_true(has_money(fx, &poor));
}

/* A fee below the block's is raised, with the keys at hand: same nonce, signed anew. */
static void low_fee_is_raised(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    const struct chain_address poor = {{0x12}};
    leave_signed(fx, &poor, 1);
    fixture_sync_until_mined(wf);
    assert_true(has_money(fx, &poor));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx_replaced"), 1);
    assert_int_equal(
        fixture_count(wf, "SELECT count(*) FROM tx JOIN tx_replaced r USING (sender, nonce)"
                          " WHERE tx.hash <> r.hash AND tx.status = 'succeeded'"
                          " AND length(tx.max_fee_wei) > length(r.max_fee_wei)"
                          " AND tx.recipient = x'1200000000000000000000000000000000000000'"),
        1);
}

/* Without the keys it is kept, and nothing else is held up by it. */
static void low_fee_is_kept_without_keys(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    struct seal_keystore *keys = wf->keys;
    const struct chain_address poor = {{0x13}};
    leave_signed(fx, &poor, 1);
    wf->keys = NULL;
    OK(workflow_transact_resume(wf, INFO));
    wf->keys = keys;
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx WHERE status = 'signed'"), 1);
    assert_false(has_money(fx, &poor));
    fixture_sync_until_mined(wf);
}

/* What the chain holds and nobody mines is replaced for more, once it has waited; before that it is
 * left alone. */
static void stuck_is_replaced(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    const struct chain_address poor = {{0x14}};
    BASE_BUF_AUTO answer = {0};
    ask(fx, "evm_setAutomine", "[false]", &answer);
    leave_signed(fx, &poor, 100000000000);
    OK(db_run(wf->db, INFO, "UPDATE tx SET created_at = ? WHERE status = 'signed'",
              DB_INT(base_time_s())));
    int64_t before = fixture_count(wf, "SELECT count(*) FROM tx_replaced");
    OK(workflow_transact_resume(wf, INFO));
    OK(workflow_transact_resume(wf, INFO));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx_replaced"), before);
    OK(db_run(wf->db, INFO, "UPDATE tx SET created_at = created_at - 200 WHERE status = 'sent'"));
    OK(workflow_transact_resume(wf, INFO));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx_replaced"), before + 1);
    /* and the new form has its own time */
    OK(workflow_transact_resume(wf, INFO));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM tx_replaced"), before + 1);
    assert_false(has_money(fx, &poor));
    ask(fx, "evm_mine", "[]", &answer);
    ask(fx, "evm_setAutomine", "[true]", &answer);
    fixture_sync_until_mined(wf);
    struct chain_u256 five = chain_u256_from_u64(5);
    struct chain_u256 balance;
    OK(chain_rpc_balance(fx->rpc, &balance, &poor, INFO));
    assert_int_equal(chain_u256_compare(&balance, &five), 0);
}

/* The former form may be the one that is mined: it counts, and the log says so. */
static void former_form_is_mined(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    const struct chain_address poor = {{0x15}};
    BASE_BUF_AUTO answer = {0};
    BASE_BUF_AUTO raw = {0};
    BASE_BUF_AUTO params = {0};
    ask(fx, "evm_setAutomine", "[false]", &answer);
    leave_signed(fx, &poor, 100000000000);
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        OK(db_query(&rows, wf->db, INFO, "SELECT raw FROM tx WHERE status = 'signed'"));
        OK(db_next(&rows, &found, INFO));
        struct base_view bytes = db_blob(&rows, 0);
        OK(base_buf_append(&raw, bytes.data, bytes.len));
    }
    OK(workflow_transact_resume(wf, INFO)); /* sent, and replaced at once: it is from long ago */
    assert_int_equal(
        fixture_count(wf, "SELECT count(*) FROM tx_replaced r JOIN tx USING (sender, nonce)"
                          " WHERE tx.status = 'sent'"),
        1);
    /* the replacement gets lost, the former form is mined */
    ask(fx, "anvil_dropAllTransactions", "[]", &answer);
    ask(fx, "evm_setAutomine", "[true]", &answer);
    char *hex = calloc(2 * raw.len + 1, 1);
    base_hex_encode(hex, raw.data, raw.len);
    OK(base_buf_printf(&params, "[\"0x%s\"]", hex));
    free(hex);
    ask(fx, "eth_sendRawTransaction", (const char *)params.data, &answer);
    fixture_sync_until_mined(wf);
    assert_true(has_money(fx, &poor));
    assert_int_equal(fixture_count(wf,
                                   "SELECT count(*) FROM tx WHERE status = 'succeeded'"
                                   " AND max_fee_wei = '1'"
                                   " AND recipient = x'1500000000000000000000000000000000000000'"),
                     1);
}

/* What a rollup takes for its data is part of what a transaction cost, and told apart. */
static void rollup_fee_is_logged(void **state)
{
    struct fixture *fx = *state;
    struct faulty_rpc rollup;
    const struct faulty_rpc *const one[] = {&rollup};
    const struct chain_address payee = {{0x16}};
    const struct chain_u256 wei = chain_u256_from_u64(1);
    struct chain_u256 price, l1_fee, total;
    RECORD_JSON_AUTO tx = NULL;
    BASE_BUF_AUTO csv = {0};
    faulty_start(&rollup, fx, "rollup");
    faulty_reopen(fx, HOSPITAL, one, 1, 0, -1);
    faulty_be(&rollup, "rollup 123456789");
    OK(workflow_pay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &payee, &wei, &tx, INFO));
    assert_string_equal(fixture_text(tx, "l1FeeWei"), "123456789");
    OK(chain_u256_parse(&price, fixture_text(tx, "effectiveGasPriceWei"), INFO));
    OK(chain_u256_parse(&l1_fee, fixture_text(tx, "l1FeeWei"), INFO));
    OK(chain_u256_mul_u64(&total, &price, (uint64_t)fixture_number(tx, "gasUsed")));
    OK(chain_u256_add(&total, &total, &l1_fee));
    char expected[CHAIN_U256_DECIMAL];
    chain_u256_format(expected, &total);
    assert_string_equal(fixture_text(tx, "totalWei"), expected);
    OK(workflow_transactions_csv(fx->home[HOSPITAL], NULL, &csv, INFO));
    assert_non_null(strstr((const char *)csv.data, ",\"l1FeeWei\",\"totalWei\","));
    assert_non_null(strstr((const char *)csv.data, ",\"123456789\",\""));
    faulty_be(&rollup, "good");
    record_json_put(&tx);
    OK(workflow_pay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &payee, &wei, &tx, INFO));
    assert_false(json_object_object_get_ex(tx, "l1FeeWei", NULL));
    faulty_stop(&rollup);
}

/* ---- the chain changes ---------------------------------------------------------------------------- */

/* What a reorganised block says is read, though one of its number was read before. */
static void reorganised_blocks_are_read_again(void **state)
{
    struct fixture *fx = *state;
    BASE_BUF_AUTO answer = {0};
    char snapshot[64];
    struct chain_address newcomer;
    struct workflow_contact contact;
    struct workflow *home = fixture_extra_home(fx, "newcomer", "patient", &newcomer);
    json_object_put(fixture_sync(fx->home[RM]));
    ask(fx, "evm_snapshot", "[]", &answer);
    snprintf(snapshot, sizeof snapshot, "[%s]", (const char *)answer.data);
    for (int i = 0; i < 3; i++)
        ask(fx, "evm_mine", "[]", &answer);
    json_object_put(fixture_sync(fx->home[RM]));
    ask(fx, "evm_revert", snapshot, &answer);
    /* now that block's number is one with an event */
    OK(workflow_card_make(home, &newcomer, NULL, NULL, INFO));
    OK(workflow_profile_publish(home, &newcomer, NULL, INFO));
    for (int i = 0; i < 5; i++)
        ask(fx, "evm_mine", "[]", &answer);
    json_object_put(fixture_sync(fx->home[RM]));
    OK(workflow_contact_get(fx->home[RM], &contact, &newcomer, INFO));
    workflow_close(&home);
    /* and once is enough */
    RECORD_JSON_AUTO again = fixture_sync(fx->home[RM]);
    assert_int_equal(fixture_number(again, "events"), 0);
}

/* On a fresh chain the same deployer's contract has the same address. */
static void same_address_on_another_chain(void **state)
{
    struct fixture *fx = *state;
    struct workflow *wf = fx->home[BUYER];
    BASE_BUF_AUTO answer = {0};
    const struct chain_address contract = wf->domain.contract;
    uint64_t chain_id = wf->domain.chain_id;
    OK(db_run(wf->db, INFO,
              "INSERT INTO request (id, template_hash, buyer, amount_wei, block_number, opened_at,"
              " state) VALUES (77, zeroblob(32), zeroblob(20), '1', 1, 1, 'pending')"));
    ask(fx, "anvil_setChainId", "[4242]", &answer);
    FAILS(GALEN_ERR_STATE, workflow_connect(wf, node_chain_url(fx->chain), &contract, INFO));
    assert_int_equal(wf->domain.chain_id, chain_id);
    FAILS(GALEN_ERR_CHECK, workflow_sync(wf, NULL, INFO));
    /* without a history it may go there, and begins at the beginning */
    OK(db_run(wf->db, INFO, "DELETE FROM request"));
    OK(workflow_connect(wf, node_chain_url(fx->chain), &contract, INFO));
    assert_int_equal(wf->domain.chain_id, 4242);
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM setting WHERE name LIKE 'sync.%'"), 0);
}

/* What the contract refuses is told in words, whatever it is. */
static void every_refusal_has_words(void **state)
{
    struct fixture *fx = *state;
    BASE_BUF_AUTO data = {0};
    for (size_t i = 0; i < datahub_abi.n_errors; i++) {
        char text[128];
        snprintf(text, sizeof text, "call: the contract refused: %s(1, 2)",
                 datahub_abi.errors[i].name);
        if (workflow_refusal(text) == NULL)
            fail_msg("no words for %s", datahub_abi.errors[i].name);
    }
    assert_null(workflow_refusal("call: the contract refused: Panic 0x11: overflow"));
    assert_string_not_equal(workflow_refusal("x: NotManager(1)"),
                            workflow_refusal("x: NotGroupManager(1)"));
    const uint8_t cid[32] = {1};
    OK(datahub_encode_approve_opening_group_manager(&data, (struct chain_u256){0}, cid, INFO));
    const struct workflow_call call = {.from = &fx->who[BUYER],
                                       .data = &data,
                                       .role = "buyer",
                                       .flow = "group",
                                       .operation = "approveOpeningGroupManager",
                                       .request_id = -1};
    FAILS(GALEN_ERR_REVERTED, workflow_transact(fx->home[BUYER], &call, NULL, NULL, NULL, INFO));
    assert_non_null(strstr(INFO->what, "NotGroupManager"));
    assert_string_equal(INFO->hint, "only the contract's Group Manager can do that");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dry_run_sends_nothing),
        cmocka_unit_test(every_refusal_has_words),
        cmocka_unit_test(low_fee_is_raised),
        cmocka_unit_test(low_fee_is_kept_without_keys),
        cmocka_unit_test(stuck_is_replaced),
        cmocka_unit_test(former_form_is_mined),
        cmocka_unit_test(rollup_fee_is_logged),
        cmocka_unit_test(reorganised_blocks_are_read_again),
        cmocka_unit_test(same_address_on_another_chain),
    };
    return cmocka_run_group_tests_name("transact", tests, fixture_connected, fixture_tear_down);
}
