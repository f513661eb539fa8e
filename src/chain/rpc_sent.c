/* Which transaction of an account was mined under a nonce: a wallet may have sent it again under
 * another hash, which nobody told. */
#include <string.h>

#include "chain/internal.h"

/* Had the account used the nonce by then? */
static enum galen_err was_used(struct chain_rpc *rpc, bool *used,
                               const struct chain_address *sender, uint64_t nonce, uint64_t block,
                               struct galen_errinfo *info)
{
    uint64_t count = 0;
    GALEN_TRY(chain_rpc_nonce(rpc, &count, sender, block, info));
    *used = count > nonce;
    return GALEN_OK;
}

/* The first block after which it was used: back in growing steps, then by halves. */
static enum galen_err find_block(struct chain_rpc *rpc, uint64_t *out,
                                 const struct chain_address *sender, uint64_t nonce,
                                 struct galen_errinfo *info)
{
    uint64_t high = 0, low = 0;
    bool used = false;
    GALEN_TRY(chain_rpc_block_number(rpc, &high, info));
    GALEN_TRY(was_used(rpc, &used, sender, nonce, high, info));
    if (!used)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no transaction with that nonce is mined");
    for (uint64_t step = 1; used && high > 0; step *= 2) {
        low = high > step ? high - step : 0;
        GALEN_TRY(was_used(rpc, &used, sender, nonce, low, info));
        if (used)
            high = low;
    }
    while (!used && high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        bool by_then = false;
        GALEN_TRY(was_used(rpc, &by_then, sender, nonce, middle, info));
        if (by_then)
            high = middle;
        else
            low = middle;
    }
    *out = high;
    return GALEN_OK;
}

enum galen_err chain_rpc_find_sent(struct chain_rpc *rpc, uint8_t hash32[32],
                                   const struct chain_address *sender, uint64_t nonce,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO result = NULL;
    uint64_t block = 0;
    GALEN_TRY(find_block(rpc, &block, sender, nonce, info));
    GALEN_TRY(base_buf_append_text(&params, "["));
    GALEN_TRY(chain_rpc_append_block(&params, block));
    GALEN_TRY(base_buf_append_text(&params, ",true]"));
    GALEN_TRY(
        chain_rpc_query(rpc, &result, "eth_getBlockByNumber", (const char *)params.data, info));
    json_object *list = chain_json_member(result, "transactions");
    if (!json_object_is_type(list, json_type_array))
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's block has no transactions");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        struct chain_address from;
        uint64_t of_it = 0;
        GALEN_TRY(chain_json_bytes(from.bytes, sizeof from.bytes, chain_json_member(one, "from"),
                                   "from", info));
        GALEN_TRY(chain_json_u64(&of_it, chain_json_member(one, "nonce"), "nonce", info));
        if (chain_address_equal(&from, sender) && of_it == nonce)
            return chain_json_bytes(hash32, 32, chain_json_member(one, "hash"), "hash", info);
    }
    return base_fail(info, GALEN_ERR_NETWORK,
                     "the endpoint's block lacks the transaction that its count tells of");
}
