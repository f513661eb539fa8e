/* Transactions at an endpoint: sending, receipts, and why one failed. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "chain/internal.h"

enum { POLL_MIN_MS = 50, POLL_MAX_MS = 2000 };

/* ---- sending ------------------------------------------------------------------------------------
 */

/* The words of geth, Erigon, Nethermind, Besu, Reth and Anvil. */
static bool outcome_of(enum chain_send_outcome *outcome, const struct chain_rpc_error *error)
{
    static const struct {
        const char *phrase;
        enum chain_send_outcome outcome;
    } rows[] = {
        {"already known", CHAIN_SEND_KNOWN},
        {"already imported", CHAIN_SEND_KNOWN},
        {"alreadyknown", CHAIN_SEND_KNOWN},
        {"known transaction", CHAIN_SEND_KNOWN},
        {"nonce too low", CHAIN_SEND_NONCE_TOO_LOW},
        {"nonce is too low", CHAIN_SEND_NONCE_TOO_LOW},
        {"oldnonce", CHAIN_SEND_NONCE_TOO_LOW},
        {"nonce below", CHAIN_SEND_NONCE_TOO_LOW},
        {"underpriced", CHAIN_SEND_UNDERPRICED},
        {"less than block base fee", CHAIN_SEND_UNDERPRICED},
        {"fee too low", CHAIN_SEND_UNDERPRICED},
        {"gas price too low", CHAIN_SEND_UNDERPRICED},
        {"gas price below", CHAIN_SEND_UNDERPRICED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (chain_rpc_error_says(error, rows[i].phrase)) {
            *outcome = rows[i].outcome;
            return true;
        }
    return false;
}

/* Refusals that say nothing about the transaction: the endpoint is busy, or broken. */
static bool is_passing(const struct chain_rpc_error *error)
{
    static const char *const phrases[] = {"pool is full", "poolfull",  "limit",       "too many",
                                          "timeout",      "timed out", "unavailable", "internal"};
    if (error->code == -32005 || error->code == -32601 || error->code == -32700)
        return true;
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (chain_rpc_error_says(error, phrases[i]) && !chain_rpc_error_says(error, "gas limit"))
            return true;
    return false;
}

static enum galen_err refused(struct chain_rpc *rpc, enum galen_err err,
                              enum chain_send_outcome *outcome, const uint8_t *raw, size_t len,
                              struct galen_errinfo *info)
{
    const struct chain_rpc_error *error = chain_rpc_last_error(rpc);
    if (error->message[0] == '\0') /* the transport failed: nobody knows what became of it */
        return err;
    if (err != GALEN_ERR_FUNDS && outcome_of(outcome, error)) {
        if (info != NULL)
            *info = (struct galen_errinfo){0};
        return GALEN_OK;
    }
    if (err == GALEN_ERR_FUNDS) {
        struct chain_tx tx;
        struct chain_address sender;
        struct chain_u256 need = {0};
        if (chain_tx_parse(&tx, &sender, NULL, raw, len, NULL) == GALEN_OK &&
            chain_tx_max_cost(&need, &tx) == GALEN_OK)
            chain_rpc_hint_funds(rpc, &sender, &need, info);
        return err;
    }
    if (err == GALEN_ERR_NETWORK && !is_passing(error))
        return base_fail(info, GALEN_ERR_REVERTED, "the chain refuses the transaction: %s",
                         error->message);
    return err;
}

enum galen_err chain_rpc_send(struct chain_rpc *rpc, enum chain_send_outcome *outcome,
                              const uint8_t *raw, size_t len, struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    uint8_t expected[32], answered[32];
    GALEN_TRY(base_buf_append_text(&params, "[\""));
    GALEN_TRY(base_hex_append(&params, raw, len));
    GALEN_TRY(base_buf_append_text(&params, "\"]"));
    enum galen_err err = chain_rpc_query(rpc, &result, "eth_sendRawTransaction",
                                         (const char *)params.data, info);
    if (err != GALEN_OK)
        return refused(rpc, err, outcome, raw, len, info);
    GALEN_TRY(chain_json_bytes(answered, 32, result, "eth_sendRawTransaction", info));
    chain_keccak256(expected, raw, len);
    if (memcmp(answered, expected, 32) != 0)
        return base_fail(info, GALEN_ERR_NETWORK,
                         "the endpoint answers with another transaction's hash");
    *outcome = CHAIN_SEND_ACCEPTED;
    return GALEN_OK;
}

/* ---- receipts
 * ------------------------------------------------------------------------------------- */

void chain_receipt_clear(struct chain_receipt *receipt)
{
    if (receipt == NULL)
        return;
    chain_logs_clear(&receipt->logs);
    *receipt = (struct chain_receipt){0};
}

static enum galen_err hash_params(struct base_buf *out, const uint8_t hash32[32])
{
    GALEN_TRY(base_buf_append_text(out, "[\""));
    GALEN_TRY(base_hex_append(out, hash32, 32));
    return base_buf_append_text(out, "\"]");
}

/* An address that may be null or absent: zero then. */
static enum galen_err read_optional_address(struct chain_address *out, json_object *json,
                                            const char *name, struct galen_errinfo *info)
{
    json_object *value = chain_json_member(json, name);
    if (value == NULL)
        return GALEN_OK;
    return chain_json_bytes(out->bytes, sizeof out->bytes, value, name, info);
}

static enum galen_err read_place(struct chain_receipt *out, json_object *json,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(chain_json_bytes(out->tx_hash, 32, chain_json_member(json, "transactionHash"),
                               "transactionHash", info));
    GALEN_TRY(chain_json_bytes(out->block_hash, 32, chain_json_member(json, "blockHash"),
                               "blockHash", info));
    GALEN_TRY(chain_json_u64(&out->block_number, chain_json_member(json, "blockNumber"),
                             "blockNumber", info));
    GALEN_TRY(chain_json_u64(&out->tx_index, chain_json_member(json, "transactionIndex"),
                             "transactionIndex", info));
    GALEN_TRY(chain_json_bytes(out->from.bytes, sizeof out->from.bytes,
                               chain_json_member(json, "from"), "from", info));
    GALEN_TRY(read_optional_address(&out->to, json, "to", info));
    return read_optional_address(&out->contract, json, "contractAddress", info);
}

static enum galen_err read_costs(struct chain_receipt *out, json_object *json,
                                 struct galen_errinfo *info)
{
    uint64_t status = 0;
    json_object *l1_fee = chain_json_member(json, "l1Fee");
    GALEN_TRY(chain_json_u64(&status, chain_json_member(json, "status"), "status", info));
    GALEN_TRY(chain_json_u64(&out->gas_used, chain_json_member(json, "gasUsed"), "gasUsed", info));
    GALEN_TRY(chain_json_u256(&out->effective_gas_price,
                              chain_json_member(json, "effectiveGasPrice"), "effectiveGasPrice",
                              info));
    if (l1_fee != NULL)
        GALEN_TRY(chain_json_u256(&out->l1_fee, l1_fee, "l1Fee", info));
    out->succeeded = status == 1;
    if (status > 1 ||
        chain_u256_mul_u64(&out->total_fee, &out->effective_gas_price, out->gas_used) != GALEN_OK ||
        chain_u256_add(&out->total_fee, &out->total_fee, &out->l1_fee) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's receipt is malformed");
    return GALEN_OK;
}

enum galen_err chain_rpc_receipt(struct chain_rpc *rpc, struct chain_receipt *out,
                                 const uint8_t tx_hash32[32], struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    CHAIN_RECEIPT_AUTO made = {0};
    GALEN_TRY(hash_params(&params, tx_hash32));
    GALEN_TRY(chain_rpc_query(rpc, &result, "eth_getTransactionReceipt", (const char *)params.data,
                              info));
    if (result == NULL)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the transaction is not mined yet");
    GALEN_TRY(read_place(&made, result, info));
    GALEN_TRY(read_costs(&made, result, info));
    GALEN_TRY(chain_logs_from_json(&made.logs, chain_json_member(result, "logs"), info));
    if (memcmp(made.tx_hash, tx_hash32, 32) != 0)
        return base_fail(info, GALEN_ERR_NETWORK,
                         "the endpoint answers with another transaction's receipt");
    chain_receipt_clear(out);
    *out = made;
    made = (struct chain_receipt){0};
    return GALEN_OK;
}

enum galen_err chain_rpc_wait_receipt(struct chain_rpc *rpc, struct chain_receipt *out,
                                      const uint8_t tx_hash32[32], unsigned timeout_ms,
                                      struct galen_errinfo *info)
{
    int64_t end = base_monotonic_ms() + timeout_ms;
    int64_t pause = POLL_MIN_MS;
    for (;;) {
        enum galen_err err = chain_rpc_receipt(rpc, out, tx_hash32, info);
        if (err == GALEN_OK && info != NULL)
            *info = (struct galen_errinfo){0};
        if (err != GALEN_ERR_NOT_FOUND)
            return err;
        int64_t left = end - base_monotonic_ms();
        if (left <= 0)
            break;
        pause = pause < left ? pause : left;
        struct timespec nap = {pause / 1000, pause % 1000 * 1000000};
        (void)nanosleep(&nap, NULL);
        pause = pause * 3 / 2 < POLL_MAX_MS ? pause * 3 / 2 : POLL_MAX_MS;
    }
    (void)base_fail(info, GALEN_ERR_NOT_FOUND, "the transaction was not mined within %u ms",
                    timeout_ms);
    (void)base_hint(info, "it may still be mined; its fee may be too low for now");
    return GALEN_ERR_NOT_FOUND;
}

/* ---- transactions that are there
 * --------------------------------------------------------------------- */

void chain_tx_info_clear(struct chain_tx_info *tx)
{
    if (tx == NULL)
        return;
    base_buf_clear(&tx->input);
    *tx = (struct chain_tx_info){0};
}

/* A member that may be absent: as it was then. */
static enum galen_err read_optional_u256(struct chain_u256 *out, json_object *json,
                                         const char *name, struct galen_errinfo *info)
{
    json_object *value = chain_json_member(json, name);
    return value != NULL ? chain_json_u256(out, value, name, info) : GALEN_OK;
}

static enum galen_err read_tx(struct chain_tx_info *out, json_object *json,
                              struct galen_errinfo *info)
{
    json_object *block = chain_json_member(json, "blockNumber");
    GALEN_TRY(chain_json_bytes(out->from.bytes, sizeof out->from.bytes,
                               chain_json_member(json, "from"), "from", info));
    GALEN_TRY(read_optional_address(&out->to, json, "to", info));
    GALEN_TRY(chain_json_u64(&out->nonce, chain_json_member(json, "nonce"), "nonce", info));
    GALEN_TRY(chain_json_u64(&out->gas_limit, chain_json_member(json, "gas"), "gas", info));
    GALEN_TRY(chain_json_u256(&out->value, chain_json_member(json, "value"), "value", info));
    GALEN_TRY(chain_json_data(&out->input, chain_json_member(json, "input"), "input", info));
    GALEN_TRY(read_optional_u256(&out->fee.max_fee, json, "gasPrice", info));
    out->fee.priority_fee = out->fee.max_fee;
    GALEN_TRY(read_optional_u256(&out->fee.max_fee, json, "maxFeePerGas", info));
    GALEN_TRY(read_optional_u256(&out->fee.priority_fee, json, "maxPriorityFeePerGas", info));
    out->is_create = chain_json_member(json, "to") == NULL;
    out->is_mined = block != NULL;
    if (out->is_mined)
        GALEN_TRY(chain_json_u64(&out->block_number, block, "blockNumber", info));
    return GALEN_OK;
}

enum galen_err chain_rpc_transaction(struct chain_rpc *rpc, struct chain_tx_info *out,
                                     const uint8_t tx_hash32[32], struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    struct chain_tx_info made = {0};
    GALEN_TRY(hash_params(&params, tx_hash32));
    GALEN_TRY(
        chain_rpc_query(rpc, &result, "eth_getTransactionByHash", (const char *)params.data, info));
    if (result == NULL)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the chain does not know the transaction");
    enum galen_err err = read_tx(&made, result, info);
    if (err != GALEN_OK) {
        chain_tx_info_clear(&made);
        return err;
    }
    chain_tx_info_clear(out);
    *out = made;
    return GALEN_OK;
}

/* Runs it again before its block; OK when it now goes through. */
static enum galen_err replay(struct chain_rpc *rpc, const struct chain_tx_info *tx,
                             struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    struct chain_call call = {
        .from = &tx->from,
        .to = tx->is_create ? NULL : &tx->to,
        .value = &tx->value,
        .data = {tx->input.data, tx->input.len},
    };
    GALEN_TRY(base_buf_append_text(&params, "["));
    GALEN_TRY(chain_rpc_append_call(&params, &call, tx->gas_limit));
    GALEN_TRY(base_buf_append_text(&params, ","));
    GALEN_TRY(chain_rpc_append_block(&params, tx->block_number == 0 ? 0 : tx->block_number - 1));
    GALEN_TRY(base_buf_append_text(&params, "]"));
    return chain_rpc_query(rpc, &result, "eth_call", (const char *)params.data, info);
}

enum galen_err chain_rpc_explain(struct chain_rpc *rpc, const uint8_t tx_hash32[32],
                                 struct galen_errinfo *info)
{
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    GALEN_TRY(chain_rpc_receipt(rpc, &receipt, tx_hash32, info));
    GALEN_TRY(chain_rpc_transaction(rpc, &tx, tx_hash32, info));
    if (receipt.succeeded)
        return base_fail(info, GALEN_ERR_STATE, "the transaction did not fail");
    enum galen_err err = replay(rpc, &tx, info);
    if (err == GALEN_ERR_REVERTED)
        return err;
    /* An inner call keeps one 64th of the gas back, so that all is never quite used up. */
    if (receipt.gas_used >= tx.gas_limit - tx.gas_limit / 64) {
        (void)base_fail(info, GALEN_ERR_REVERTED, "out of gas: %" PRIu64 " of %" PRIu64 " used",
                        receipt.gas_used, tx.gas_limit);
        (void)base_hint(info, "send it again with a higher gas limit");
        return GALEN_ERR_REVERTED;
    }
    if (err != GALEN_OK)
        return base_wrap(info, err, "the transaction reverted; its reason cannot be had");
    return base_fail(info, GALEN_ERR_REVERTED,
                     "the transaction reverted, on what another one in its block changed");
}
