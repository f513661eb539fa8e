/* Questions about the chain's state: ids, blocks, balances, nonces, code, calls, gas estimates. */
#include <inttypes.h>
#include <string.h>

#include "chain/internal.h"

enum galen_err chain_rpc_append_block(struct base_buf *out, uint64_t block)
{
    switch (block) {
    case CHAIN_BLOCK_LATEST:
        return base_buf_append_text(out, "\"latest\"");
    case CHAIN_BLOCK_PENDING:
        return base_buf_append_text(out, "\"pending\"");
    case CHAIN_BLOCK_SAFE:
        return base_buf_append_text(out, "\"safe\"");
    case CHAIN_BLOCK_FINALIZED:
        return base_buf_append_text(out, "\"finalized\"");
    default:
        return base_buf_printf(out, "\"0x%" PRIx64 "\"", block);
    }
}

static enum galen_err append_address(struct base_buf *out, const char *before,
                                     const struct chain_address *address)
{
    GALEN_TRY(base_buf_append_text(out, before));
    GALEN_TRY(base_hex_append(out, address->bytes, sizeof address->bytes));
    return base_buf_append_text(out, "\"");
}

/* ["0x<account>", <block>] */
static enum galen_err account_params(struct base_buf *out, const struct chain_address *account,
                                     uint64_t block)
{
    GALEN_TRY(append_address(out, "[\"", account));
    GALEN_TRY(base_buf_append_text(out, ","));
    GALEN_TRY(chain_rpc_append_block(out, block));
    return base_buf_append_text(out, "]");
}

static enum galen_err ask_u64(struct chain_rpc *rpc, uint64_t *out, const char *method,
                              const char *params, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO result = NULL;
    GALEN_TRY(chain_rpc_query(rpc, &result, method, params, info));
    return chain_json_u64(out, result, method, info);
}

enum galen_err chain_rpc_chain_id(struct chain_rpc *rpc, uint64_t *out, struct galen_errinfo *info)
{
    return ask_u64(rpc, out, "eth_chainId", "[]", info);
}

enum galen_err chain_rpc_block_number(struct chain_rpc *rpc, uint64_t *out,
                                      struct galen_errinfo *info)
{
    return ask_u64(rpc, out, "eth_blockNumber", "[]", info);
}

enum galen_err chain_rpc_balance(struct chain_rpc *rpc, struct chain_u256 *out,
                                 const struct chain_address *account, struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    GALEN_TRY(account_params(&params, account, CHAIN_BLOCK_LATEST));
    GALEN_TRY(chain_rpc_query(rpc, &result, "eth_getBalance", (const char *)params.data, info));
    return chain_json_u256(out, result, "eth_getBalance", info);
}

enum galen_err chain_rpc_nonce(struct chain_rpc *rpc, uint64_t *out,
                               const struct chain_address *account, uint64_t block,
                               struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    GALEN_TRY(account_params(&params, account, block));
    return ask_u64(rpc, out, "eth_getTransactionCount", (const char *)params.data, info);
}

static enum galen_err ask_data(struct chain_rpc *rpc, struct base_buf *out, const char *method,
                               const struct base_buf *params, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO result = NULL;
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(chain_rpc_query(rpc, &result, method, (const char *)params->data, info));
    GALEN_TRY(chain_json_data(&bytes, result, method, info));
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err chain_rpc_code(struct chain_rpc *rpc, struct base_buf *out,
                              const struct chain_address *account, uint64_t block,
                              struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    GALEN_TRY(account_params(&params, account, block));
    return ask_data(rpc, out, "eth_getCode", &params, info);
}

/* A quantity has no leading zeros. */
static enum galen_err append_quantity(struct base_buf *out, const struct chain_u256 *value)
{
    char hex[65];
    base_hex_encode(hex, value->be, sizeof value->be);
    size_t zeros = strspn(hex, "0");
    return base_buf_printf(out, "\"0x%s\"", zeros == 64 ? "0" : hex + zeros);
}

enum galen_err chain_rpc_append_call(struct base_buf *out, const struct chain_call *call,
                                     uint64_t gas)
{
    GALEN_TRY(base_buf_append_text(out, "{\"data\":\""));
    GALEN_TRY(base_hex_append(out, call->data.data, call->data.len));
    GALEN_TRY(base_buf_append_text(out, "\""));
    if (call->from != NULL)
        GALEN_TRY(append_address(out, ",\"from\":\"", call->from));
    if (call->to != NULL)
        GALEN_TRY(append_address(out, ",\"to\":\"", call->to));
    if (call->value != NULL) {
        GALEN_TRY(base_buf_append_text(out, ",\"value\":"));
        GALEN_TRY(append_quantity(out, call->value));
    }
    if (gas != 0)
        GALEN_TRY(base_buf_printf(out, ",\"gas\":\"0x%" PRIx64 "\"", gas));
    return base_buf_append_text(out, "}");
}

void chain_rpc_hint_funds(struct chain_rpc *rpc, const struct chain_address *account,
                          const struct chain_u256 *need, struct galen_errinfo *info)
{
    struct chain_u256 balance;
    if (info == NULL || chain_rpc_balance(rpc, &balance, account, NULL) != GALEN_OK)
        return;
    char owner[CHAIN_ADDRESS_TEXT], have[CHAIN_AMOUNT_TEXT], want[CHAIN_AMOUNT_TEXT];
    chain_address_format(owner, account);
    chain_amount_format(have, &balance, CHAIN_DECIMALS_ETHER);
    if (need == NULL || chain_u256_is_zero(need)) {
        (void)base_hint(info, "%s has %s ETH", owner, have);
        return;
    }
    chain_amount_format(want, need, CHAIN_DECIMALS_ETHER);
    (void)base_hint(info, "%s has %s ETH and needs %s ETH%s", owner, have, want,
                    chain_u256_compare(&balance, need) >= 0 ? " and gas" : "");
}

/* eth_call and eth_estimateGas: what went wrong for lack of money gets its hint. */
static enum galen_err query_call(struct chain_rpc *rpc, json_object **result, const char *method,
                                 const struct chain_call *call, uint64_t block,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    GALEN_TRY(base_buf_append_text(&params, "["));
    GALEN_TRY(chain_rpc_append_call(&params, call, 0));
    GALEN_TRY(base_buf_append_text(&params, ","));
    GALEN_TRY(chain_rpc_append_block(&params, block));
    GALEN_TRY(base_buf_append_text(&params, "]"));
    enum galen_err err = chain_rpc_query(rpc, result, method, (const char *)params.data, info);
    if (err == GALEN_ERR_FUNDS && call->from != NULL)
        chain_rpc_hint_funds(rpc, call->from, call->value, info);
    return err;
}

enum galen_err chain_rpc_call(struct chain_rpc *rpc, struct base_buf *out,
                              const struct chain_call *call, uint64_t block,
                              struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO result = NULL;
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(query_call(rpc, &result, "eth_call", call, block, info));
    GALEN_TRY(chain_json_data(&bytes, result, "eth_call", info));
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err chain_rpc_estimate_gas(struct chain_rpc *rpc, uint64_t *gas,
                                      const struct chain_call *call, struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO result = NULL;
    GALEN_TRY(query_call(rpc, &result, "eth_estimateGas", call, CHAIN_BLOCK_LATEST, info));
    return chain_json_u64(gas, result, "eth_estimateGas", info);
}

enum galen_err chain_rpc_block(struct chain_rpc *rpc, struct chain_block *out, uint64_t block,
                               struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    struct chain_block made = {0};
    uint64_t time_s = 0;
    GALEN_TRY(base_buf_append_text(&params, "["));
    GALEN_TRY(chain_rpc_append_block(&params, block));
    GALEN_TRY(base_buf_append_text(&params, ",false]"));
    GALEN_TRY(
        chain_rpc_query(rpc, &result, "eth_getBlockByNumber", (const char *)params.data, info));
    if (result == NULL)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the chain has no such block");

    GALEN_TRY(chain_json_u64(&made.number, chain_json_member(result, "number"), "number", info));
    GALEN_TRY(chain_json_bytes(made.hash, 32, chain_json_member(result, "hash"), "hash", info));
    GALEN_TRY(chain_json_bytes(made.parent_hash, 32, chain_json_member(result, "parentHash"),
                               "parentHash", info));
    GALEN_TRY(chain_json_u64(&time_s, chain_json_member(result, "timestamp"), "timestamp", info));
    GALEN_TRY(
        chain_json_u64(&made.gas_limit, chain_json_member(result, "gasLimit"), "gasLimit", info));
    GALEN_TRY(
        chain_json_u64(&made.gas_used, chain_json_member(result, "gasUsed"), "gasUsed", info));
    json_object *base_fee = chain_json_member(result, "baseFeePerGas");
    if (base_fee != NULL)
        GALEN_TRY(chain_json_u256(&made.base_fee, base_fee, "baseFeePerGas", info));
    if (time_s > (uint64_t)BASE_TIME_MAX || (block < CHAIN_BLOCK_FINALIZED && made.number != block))
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint answers with another block");
    made.time_s = (int64_t)time_s;
    *out = made;
    return GALEN_OK;
}
