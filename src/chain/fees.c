/* Fees by EIP-1559: what recent blocks paid, hence what slow, average and fast pay now. */
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"

#define PRIORITY_MIN_WEI     1000000    /* 0.001 gwei: below it, nodes drop transactions */
#define PRIORITY_DEFAULT_WEI 1000000000 /* 1 gwei: what a quiet chain is offered */

static int compare(const void *a, const void *b)
{
    return chain_u256_compare(a, b);
}

/* Median of one percentile over the blocks that held transactions; false without any. */
static bool median_reward(struct chain_u256 *out, const struct chain_fee_history *history,
                          enum chain_speed speed)
{
    struct chain_u256 rewards[CHAIN_FEE_BLOCKS];
    size_t n = 0;
    for (size_t i = 0; i < history->n_blocks; i++)
        if (!history->is_empty[i])
            rewards[n++] = history->reward[i][speed];
    if (n == 0)
        return false;
    qsort(rewards, n, sizeof rewards[0], compare);
    *out = rewards[n / 2];
    return true;
}

enum galen_err chain_fees_from_history(struct chain_fees *out,
                                       const struct chain_fee_history *history,
                                       const struct chain_u256 *fallback)
{
    /* The base fee rises by at most an eighth a block: room for one, three, five full blocks. */
    static const uint64_t quarters[CHAIN_SPEEDS] = {5, 6, 8};
    struct chain_fees fees = {.base_fee = history->next_base_fee};
    struct chain_u256 floor = chain_u256_from_u64(PRIORITY_MIN_WEI);
    for (enum chain_speed speed = CHAIN_SLOW; speed < CHAIN_SPEEDS; speed++) {
        struct chain_fee *fee = &fees.speed[speed];
        if (!median_reward(&fee->priority_fee, history, speed))
            fee->priority_fee = *fallback;
        /* Medians of rising percentiles rise, unless the endpoint is confused. */
        if (chain_u256_compare(&fee->priority_fee, &floor) < 0)
            fee->priority_fee = floor;
        floor = fee->priority_fee;
        GALEN_TRY(chain_u256_mul_u64(&fee->max_fee, &fees.base_fee, quarters[speed]));
        (void)chain_u256_div_u64(&fee->max_fee, &fee->max_fee, 4);
        GALEN_TRY(chain_u256_add(&fee->max_fee, &fee->max_fee, &fee->priority_fee));
    }
    *out = fees;
    return GALEN_OK;
}

static enum galen_err odd_history(struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's fee history is malformed");
}

static enum galen_err read_block(struct chain_fee_history *history, size_t i, json_object *ratio,
                                 json_object *rewards, struct galen_errinfo *info)
{
    if (!json_object_is_type(ratio, json_type_double) && !json_object_is_type(ratio, json_type_int))
        return odd_history(info);
    if (!json_object_is_type(rewards, json_type_array) ||
        json_object_array_length(rewards) != CHAIN_SPEEDS)
        return odd_history(info);
    history->is_empty[i] = !(json_object_get_double(ratio) > 0);
    for (size_t speed = 0; speed < CHAIN_SPEEDS; speed++)
        GALEN_TRY(chain_json_u256(&history->reward[i][speed],
                                  json_object_array_get_idx(rewards, speed), "reward", info));
    return GALEN_OK;
}

static enum galen_err read_history(struct chain_fee_history *history, json_object *json,
                                   struct galen_errinfo *info)
{
    json_object *base_fees = chain_json_member(json, "baseFeePerGas");
    json_object *ratios = chain_json_member(json, "gasUsedRatio");
    json_object *rewards = chain_json_member(json, "reward");
    if (!json_object_is_type(base_fees, json_type_array) ||
        !json_object_is_type(ratios, json_type_array))
        return odd_history(info);
    size_t n = json_object_array_length(ratios);
    /* One base fee more than blocks: the next block's. A chain of one empty block has no rewards.
     */
    if (n > CHAIN_FEE_BLOCKS || json_object_array_length(base_fees) != n + 1)
        return odd_history(info);
    GALEN_TRY(chain_json_u256(&history->next_base_fee, json_object_array_get_idx(base_fees, n),
                              "baseFeePerGas", info));
    if (rewards == NULL)
        return GALEN_OK;
    if (!json_object_is_type(rewards, json_type_array) || json_object_array_length(rewards) != n)
        return odd_history(info);
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(read_block(history, i, json_object_array_get_idx(ratios, i),
                             json_object_array_get_idx(rewards, i), info));
    history->n_blocks = n;
    return GALEN_OK;
}

enum galen_err chain_rpc_fees(struct chain_rpc *rpc, struct chain_fees *out,
                              struct galen_errinfo *info)
{
    CHAIN_JSON_AUTO result = NULL;
    CHAIN_JSON_AUTO suggestion = NULL;
    struct chain_fee_history history = {0};
    struct chain_u256 fallback = chain_u256_from_u64(PRIORITY_DEFAULT_WEI);
    GALEN_TRY(
        chain_rpc_query(rpc, &result, "eth_feeHistory", "[\"0x14\",\"latest\",[10,50,90]]", info));
    GALEN_TRY(read_history(&history, result, info));

    bool is_quiet = true;
    for (size_t i = 0; i < history.n_blocks; i++)
        is_quiet = is_quiet && history.is_empty[i];
    /* Not every endpoint has this method; the default does as well. */
    if (is_quiet &&
        chain_rpc_query(rpc, &suggestion, "eth_maxPriorityFeePerGas", "[]", NULL) == GALEN_OK)
        (void)chain_json_u256(&fallback, suggestion, "eth_maxPriorityFeePerGas", NULL);
    if (chain_fees_from_history(out, &history, &fallback) != GALEN_OK)
        return odd_history(info);
    return GALEN_OK;
}

/* max(now, ⌈old · 9/8⌉) */
static enum galen_err raise(struct chain_u256 *out, const struct chain_u256 *old,
                            const struct chain_u256 *now)
{
    struct chain_u256 eighth, raised, one = chain_u256_from_u64(1);
    if (chain_u256_div_u64(&eighth, old, 8) != 0)
        GALEN_TRY(chain_u256_add(&eighth, &eighth, &one));
    GALEN_TRY(chain_u256_add(&raised, old, &eighth));
    *out = chain_u256_compare(&raised, now) > 0 ? raised : *now;
    return GALEN_OK;
}

enum galen_err chain_fee_raise(struct chain_fee *out, const struct chain_fee *old,
                               const struct chain_fee *now)
{
    struct chain_fee fee;
    GALEN_TRY(raise(&fee.max_fee, &old->max_fee, &now->max_fee));
    GALEN_TRY(raise(&fee.priority_fee, &old->priority_fee, &now->priority_fee));
    *out = fee;
    return GALEN_OK;
}
