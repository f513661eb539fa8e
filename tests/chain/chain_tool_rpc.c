/* chain_tool: the operations on an endpoint. See chain_tool.h. */
#include <string.h>

#include "chain/datahub_abi.h"
#include "chain_tool.h"
#include "probe_abi.h"

/* The endpoint that the request names by its url, with the contract whose errors it may return. */
static enum galen_err open_rpc(struct chain_rpc **rpc, json_object *in, struct galen_errinfo *info)
{
    struct chain_rpc_options options = {.abi = &probe_abi, .timeout_ms = 5000};
    if (tool_has(in, "timeout"))
        options.timeout_ms = (unsigned)tool_u64(in, "timeout");
    if (tool_has(in, "max"))
        options.max_response_bytes = tool_u64(in, "max");
    return chain_rpc_new(rpc, tool_text(in, "url"), &options, info);
}

static enum galen_err op_chain_id(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    uint64_t value = 0;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_chain_id(rpc, &value, info));
    tool_add_u64(out, "value", value);
    return GALEN_OK;
}

static enum galen_err op_block_number(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    uint64_t value = 0;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_block_number(rpc, &value, info));
    tool_add_u64(out, "value", value);
    return GALEN_OK;
}

static enum galen_err op_account(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO code = {0};
    struct chain_address account = tool_address(in, "account");
    struct chain_u256 balance;
    uint64_t nonce = 0;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_balance(rpc, &balance, &account, info));
    GALEN_TRY(chain_rpc_nonce(rpc, &nonce, &account, CHAIN_BLOCK_PENDING, info));
    GALEN_TRY(chain_rpc_code(rpc, &code, &account, CHAIN_BLOCK_LATEST, info));
    tool_add_u256(out, "balance", &balance);
    tool_add_u64(out, "nonce", nonce);
    tool_add_hex(out, "code", code.data, code.len);
    tool_add_bool(out, "is_datahub", chain_code_matches(&datahub_code, code.data, code.len));
    tool_add_bool(out, "is_probe", chain_code_matches(&probe_code, code.data, code.len));
    return GALEN_OK;
}

static enum galen_err op_call(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO data = tool_data(in, "data");
    BASE_BUF_AUTO result = {0};
    struct chain_address from = {0}, to = tool_address(in, "to");
    struct chain_u256 value = {0};
    if (tool_has(in, "from"))
        from = tool_address(in, "from");
    if (tool_has(in, "value"))
        value = tool_u256(in, "value");
    struct chain_call call = {&from, &to, &value, {data.data, data.len}};
    GALEN_TRY(open_rpc(&rpc, in, info));
    if (tool_has(in, "estimate")) {
        uint64_t gas = 0;
        GALEN_TRY(chain_rpc_estimate_gas(rpc, &gas, &call, info));
        tool_add_u64(out, "gas", gas);
        return GALEN_OK;
    }
    enum galen_err err = chain_rpc_call(rpc, &result, &call, CHAIN_BLOCK_LATEST, info);
    if (err == GALEN_ERR_REVERTED) {
        tool_add_text(out, "revert_name", chain_rpc_last_revert(rpc)->name);
        tool_add_text(out, "revert_reason", chain_rpc_last_revert(rpc)->reason);
        return GALEN_OK;
    }
    GALEN_TRY(err);
    tool_add_hex(out, "result", result.data, result.len);
    return GALEN_OK;
}

static enum galen_err op_fees(json_object *in, json_object *out, struct galen_errinfo *info)
{
    static const char *const names[CHAIN_SPEEDS][2] = {
        {"slow_max", "slow_priority"},
        {"average_max", "average_priority"},
        {"fast_max", "fast_priority"},
    };
    CHAIN_RPC_AUTO rpc = NULL;
    struct chain_fees fees;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_fees(rpc, &fees, info));
    tool_add_u256(out, "base_fee", &fees.base_fee);
    for (size_t i = 0; i < CHAIN_SPEEDS; i++) {
        tool_add_u256(out, names[i][0], &fees.speed[i].max_fee);
        tool_add_u256(out, names[i][1], &fees.speed[i].priority_fee);
    }
    return GALEN_OK;
}

static enum galen_err op_send(json_object *in, json_object *out, struct galen_errinfo *info)
{
    static const char *const outcomes[] = {"accepted", "known", "nonce-too-low", "underpriced"};
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO raw = tool_data(in, "raw");
    enum chain_send_outcome outcome;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_send(rpc, &outcome, raw.data, raw.len, info));
    tool_add_text(out, "outcome", outcomes[outcome]);
    return GALEN_OK;
}

static void add_log(json_object *list, const struct chain_log *log)
{
    json_object *out = json_object_new_object(), *topics = json_object_new_object();
    tool_add_address(out, "address", &log->address);
    for (size_t i = 0; i < log->n_topics; i++) {
        char name[2] = {(char)('0' + i), '\0'};
        tool_add_hex(topics, name, log->topics[i], 32);
    }
    json_object_object_add(out, "topics", topics);
    tool_add_hex(out, "data", log->data.data, log->data.len);
    tool_add_u64(out, "block", log->block_number);
    tool_add_hex(out, "block_hash", log->block_hash, 32);
    tool_add_hex(out, "tx", log->tx_hash, 32);
    tool_add_u64(out, "index", log->log_index);
    json_object_array_add(list, out);
}

static void add_logs(json_object *out, const struct chain_logs *logs)
{
    json_object *list = json_object_new_array();
    json_object_object_add(out, "logs", list);
    for (size_t i = 0; i < logs->len; i++)
        add_log(list, &logs->items[i]);
}

static enum galen_err op_receipt(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    CHAIN_RECEIPT_AUTO receipt = {0};
    uint8_t hash[32];
    tool_bytes(hash, 32, in, "hash");
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_wait_receipt(rpc, &receipt, hash, (unsigned)tool_u64(in, "wait"), info));
    tool_add_address(out, "from", &receipt.from);
    tool_add_address(out, "to", &receipt.to);
    tool_add_address(out, "contract", &receipt.contract);
    tool_add_bool(out, "succeeded", receipt.succeeded);
    tool_add_u64(out, "block", receipt.block_number);
    tool_add_hex(out, "block_hash", receipt.block_hash, 32);
    tool_add_u64(out, "gas_used", receipt.gas_used);
    tool_add_u256(out, "price", &receipt.effective_gas_price);
    tool_add_u256(out, "l1_fee", &receipt.l1_fee);
    tool_add_u256(out, "total_fee", &receipt.total_fee);
    add_logs(out, &receipt.logs);
    return GALEN_OK;
}

static enum galen_err op_explain(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    uint8_t hash[32];
    tool_bytes(hash, 32, in, "hash");
    GALEN_TRY(open_rpc(&rpc, in, info));
    return chain_rpc_explain(rpc, hash, info);
}

static enum galen_err op_transaction(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
    uint8_t hash[32];
    tool_bytes(hash, 32, in, "hash");
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_transaction(rpc, &tx, hash, info));
    tool_add_address(out, "from", &tx.from);
    tool_add_address(out, "to", &tx.to);
    tool_add_bool(out, "is_create", tx.is_create);
    tool_add_bool(out, "is_mined", tx.is_mined);
    tool_add_u64(out, "nonce", tx.nonce);
    tool_add_u64(out, "gas_limit", tx.gas_limit);
    tool_add_u256(out, "value", &tx.value);
    tool_add_hex(out, "input", tx.input.data, tx.input.len);
    return GALEN_OK;
}

static enum galen_err op_block(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    struct chain_block block;
    uint64_t number = tool_has(in, "number") ? tool_u64(in, "number") : CHAIN_BLOCK_LATEST;
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_block(rpc, &block, number, info));
    tool_add_u64(out, "number", block.number);
    tool_add_hex(out, "hash", block.hash, 32);
    tool_add_hex(out, "parent", block.parent_hash, 32);
    tool_add_u64(out, "time", (uint64_t)block.time_s);
    tool_add_u256(out, "base_fee", &block.base_fee);
    return GALEN_OK;
}

static enum galen_err op_logs(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    CHAIN_LOGS_AUTO logs = {0};
    uint8_t topics[4][4][32];
    struct chain_log_filter filter = {
        .contract = tool_address(in, "contract"),
        .from_block = tool_u64(in, "from"),
        .to_block = tool_has(in, "to") ? tool_u64(in, "to") : CHAIN_BLOCK_LATEST,
    };
    /* [["0x…", "0x…"], [], …] */
    json_object *places = chain_json_member(in, "topics");
    for (size_t i = 0; places != NULL && i < json_object_array_length(places); i++) {
        json_object *any = json_object_array_get_idx(places, i);
        filter.topics[i].any = topics[i];
        for (size_t j = 0; j < json_object_array_length(any); j++, filter.topics[i].n++)
            GALEN_TRY(chain_json_bytes(topics[i][j], 32, json_object_array_get_idx(any, j),
                                       "topics", info));
    }
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(chain_rpc_logs(rpc, &logs, &filter, info));
    add_logs(out, &logs);
    return GALEN_OK;
}

static enum galen_err op_request(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO result = {0};
    GALEN_TRY(open_rpc(&rpc, in, info));
    GALEN_TRY(
        chain_rpc_request(rpc, &result, tool_text(in, "method"), tool_text(in, "params"), info));
    tool_add_text(out, "result", (const char *)result.data);
    return GALEN_OK;
}

/* ---- the generated bindings with values of C's own ---------------------------------------------- */

static struct base_view view_of(const char *text)
{
    return (struct base_view){(const uint8_t *)text, strlen(text)};
}

/* Calls Probe.echo with typed arguments; ok when all of them come back. */
static enum galen_err op_echo(json_object *in, json_object *out, struct galen_errinfo *info)
{
    static const uint8_t roots[2][32] = {{1, 2, 3}, {[31] = 9}};
    const struct probe_inner inners[2] = {
        {chain_u256_from_u64(UINT64_MAX), view_of("first"), {1, 2, 3, 4}},
        {chain_u256_from_u64(0), view_of(""), {0}},
    };
    const struct chain_u256 numbers[3] = {chain_u256_from_u64(1), chain_u256_from_u64(2), {{0xff}}};
    const struct probe_uint256_array grid[3] = {{numbers, 3}, {NULL, 0}, {numbers + 1, 1}};
    const struct base_view pair[2] = {view_of("left"), view_of("a text of more than 32 bytes, so "
                                                               "that it takes two words")};
    const struct probe_outer outer = {
        .small = 255,
        .odd = 0xffffff,
        .inners = {inners, 2},
        .roots = {roots, 2},
        .triple = {1, 2, 65535},
        .one = {chain_u256_from_u64(7), view_of("one"), {9}},
        .long_ = UINT64_MAX,
        .yes = true,
        .who = {{0xaa, [19] = 0xbb}},
    };
    struct chain_address to = tool_address(in, "to");
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO result = {0};
    BASE_BUF_AUTO again = {0};
    CHAIN_MEM_AUTO mem = {0};
    struct probe_echo_result back;
    GALEN_TRY(probe_encode_echo(&data, &outer, grid, 3, pair, view_of("raw"), info));
    GALEN_TRY(open_rpc(&rpc, in, info));
    struct chain_call call = {.to = &to, .data = {data.data, data.len}};
    GALEN_TRY(chain_rpc_call(rpc, &result, &call, CHAIN_BLOCK_LATEST, info));
    GALEN_TRY(probe_decode_echo(&back, &mem, result.data, result.len, info));
    GALEN_TRY(probe_encode_echo(&again, &back.value0, back.numbers.items, back.numbers.len,
                                back.value2, back.value3, info));
    bool fields = back.value0.small == 255 && back.value0.odd == 0xffffff &&
                  back.value0.inners.len == 2 &&
                  memcmp(back.value0.inners.items[0].name.data, "first", 5) == 0 &&
                  back.value0.inners.items[0].tag[3] == 4 && back.value0.roots.len == 2 &&
                  memcmp(back.value0.roots.items, roots, sizeof roots) == 0 &&
                  back.value0.triple[2] == 65535 && back.value0.long_ == UINT64_MAX &&
                  back.value0.yes && chain_address_equal(&back.value0.who, &outer.who) &&
                  back.numbers.len == 3 && back.numbers.items[0].len == 3 &&
                  memcmp(back.numbers.items[0].items, numbers, sizeof numbers) == 0 &&
                  back.value2[1].len == pair[1].len && back.value3.len == 3;
    tool_add_bool(out, "same_fields", fields);
    tool_add_bool(out, "same_bytes",
                  again.len == data.len && memcmp(again.data, data.data, data.len) == 0);
    return GALEN_OK;
}

/* Call data of functions that the tests send; for each of them typed arguments. */
static enum galen_err op_encode(json_object *in, json_object *out, struct galen_errinfo *info)
{
    const char *name = tool_text(in, "name");
    BASE_BUF_AUTO data = {0};
    struct chain_u256 number = {0};
    if (tool_has(in, "number"))
        number = tool_u256(in, "number");
    if (strcmp(name, "deploy") == 0) {
        GALEN_TRY(probe_encode_deploy(&data, number, info));
    } else if (strcmp(name, "add") == 0) {
        GALEN_TRY(probe_encode_add_with_times(&data, number, info));
    } else if (strcmp(name, "fail_custom") == 0) {
        GALEN_TRY(probe_encode_fail_custom(&data, number, info));
    } else if (strcmp(name, "fail_panic") == 0) {
        GALEN_TRY(probe_encode_fail_panic(&data, number, info));
    } else if (strcmp(name, "fail_text") == 0) {
        GALEN_TRY(probe_encode_fail_text(&data, info));
    } else if (strcmp(name, "fail_bare") == 0) {
        GALEN_TRY(probe_encode_fail_bare(&data, info));
    } else if (strcmp(name, "fail_structured") == 0) {
        GALEN_TRY(probe_encode_fail_structured(&data, info));
    } else if (strcmp(name, "burn") == 0) {
        GALEN_TRY(probe_encode_burn(&data, info));
    } else if (strcmp(name, "deploy_datahub") == 0) {
        struct chain_address gm = tool_address(in, "gm"), rm = tool_address(in, "rm");
        GALEN_TRY(datahub_encode_deploy(&data, &gm, &rm, info));
    } else {
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such function");
    }
    tool_add_hex(out, "data", data.data, data.len);
    return GALEN_OK;
}

const struct tool_op tool_rpc_ops[] = {
    {"chain_id", op_chain_id},
    {"block_number", op_block_number},
    {"account", op_account},
    {"call", op_call},
    {"fees", op_fees},
    {"send", op_send},
    {"receipt", op_receipt},
    {"explain", op_explain},
    {"transaction", op_transaction},
    {"block", op_block},
    {"logs", op_logs},
    {"request", op_request},
    {"echo", op_echo},
    {"encode", op_encode},
};
const size_t tool_n_rpc_ops = sizeof tool_rpc_ops / sizeof tool_rpc_ops[0];
