/* EIP-1559 transactions (type 2): 0x02 ‖ rlp([chainId, nonce, maxPriorityFee, maxFee, gasLimit, to,
 * value, data, accessList, yParity, r, s]); signed is the hash of the same without the last three.
 */
#include <string.h>

#include "chain/chain.h"

enum { TYPE = 0x02 };

/* The nine unsigned fields. */
static enum galen_err append_fields(struct base_buf *out, const struct chain_tx *tx)
{
    GALEN_TRY(chain_rlp_append_u64(out, tx->chain_id));
    GALEN_TRY(chain_rlp_append_u64(out, tx->nonce));
    GALEN_TRY(chain_rlp_append_u256(out, &tx->fee.priority_fee));
    GALEN_TRY(chain_rlp_append_u256(out, &tx->fee.max_fee));
    GALEN_TRY(chain_rlp_append_u64(out, tx->gas_limit));
    GALEN_TRY(chain_rlp_append_bytes(out, tx->to.bytes, tx->is_create ? 0 : sizeof tx->to.bytes));
    GALEN_TRY(chain_rlp_append_u256(out, &tx->value));
    GALEN_TRY(chain_rlp_append_bytes(out, tx->data.data, tx->data.len));
    return chain_rlp_append_list(out, NULL, 0);
}

/* Replaces out by the type byte and the list of fields. */
static enum galen_err envelope(struct base_buf *out, const struct base_buf *fields)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(base_buf_append(&bytes, &(uint8_t){TYPE}, 1));
    GALEN_TRY(chain_rlp_append_list(&bytes, fields->data, fields->len));
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

/* fields holds the nine. */
static enum galen_err signing_hash(uint8_t hash32[32], const struct base_buf *fields)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(envelope(&bytes, fields));
    chain_keccak256(hash32, bytes.data, bytes.len);
    return GALEN_OK;
}

static enum galen_err check(const struct chain_tx *tx, struct galen_errinfo *info)
{
    if (tx->data.len > CHAIN_TX_DATA_MAX)
        return base_fail(info, GALEN_ERR_LIMIT,
                         "the transaction carries %zu bytes, nodes take at most %d", tx->data.len,
                         CHAIN_TX_DATA_MAX);
    if (chain_u256_compare(&tx->fee.priority_fee, &tx->fee.max_fee) > 0)
        return base_fail(info, GALEN_ERR_USAGE, "the priority fee is above the maximum fee");
    return GALEN_OK;
}

enum galen_err chain_tx_sign(struct base_buf *raw, uint8_t hash32[32], const struct chain_tx *tx,
                             const struct chain_key *key, struct galen_errinfo *info)
{
    BASE_BUF_AUTO fields = {0};
    BASE_BUF_AUTO signed_tx = {0};
    uint8_t digest[32], sig[CHAIN_SIGNATURE_BYTES];
    struct chain_u256 r, s;
    GALEN_TRY(check(tx, info));
    GALEN_TRY(append_fields(&fields, tx));
    GALEN_TRY(signing_hash(digest, &fields));
    GALEN_TRY(chain_key_sign(key, digest, sig, info));
    memcpy(r.be, sig, sizeof r.be);
    memcpy(s.be, sig + 32, sizeof s.be);
    GALEN_TRY(chain_rlp_append_u64(&fields, (uint64_t)(sig[64] - 27)));
    GALEN_TRY(chain_rlp_append_u256(&fields, &r));
    GALEN_TRY(chain_rlp_append_u256(&fields, &s));
    GALEN_TRY(envelope(&signed_tx, &fields));
    chain_keccak256(hash32, signed_tx.data, signed_tx.len);
    base_buf_move(raw, &signed_tx);
    return GALEN_OK;
}

static enum galen_err next_to(struct chain_tx *tx, struct base_view *rest,
                              struct galen_errinfo *info)
{
    struct chain_rlp_item item;
    GALEN_TRY(chain_rlp_next(&item, rest, info));
    if (item.is_list || (item.payload.len != 0 && item.payload.len != sizeof tx->to.bytes))
        return base_fail(info, GALEN_ERR_PARSE, "the transaction's recipient is no address");
    tx->is_create = item.payload.len == 0;
    if (!tx->is_create)
        memcpy(tx->to.bytes, item.payload.data, sizeof tx->to.bytes);
    return GALEN_OK;
}

static enum galen_err next_data(struct chain_tx *tx, struct base_view *rest,
                                struct galen_errinfo *info)
{
    struct chain_rlp_item item;
    GALEN_TRY(chain_rlp_next(&item, rest, info));
    if (item.is_list)
        return base_fail(info, GALEN_ERR_PARSE, "the transaction's data is a list");
    tx->data = item.payload;
    GALEN_TRY(chain_rlp_next(&item, rest, info));
    if (!item.is_list)
        return base_fail(info, GALEN_ERR_PARSE, "the transaction's access list is no list");
    if (item.payload.len != 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the transaction has an access list");
    return GALEN_OK;
}

static enum galen_err parse_fields(struct chain_tx *tx, uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                   struct base_view *rest, struct galen_errinfo *info)
{
    uint64_t parity = 0;
    struct chain_u256 r, s;
    GALEN_TRY(chain_rlp_next_u64(&tx->chain_id, rest, info));
    GALEN_TRY(chain_rlp_next_u64(&tx->nonce, rest, info));
    GALEN_TRY(chain_rlp_next_u256(&tx->fee.priority_fee, rest, info));
    GALEN_TRY(chain_rlp_next_u256(&tx->fee.max_fee, rest, info));
    GALEN_TRY(chain_rlp_next_u64(&tx->gas_limit, rest, info));
    GALEN_TRY(next_to(tx, rest, info));
    GALEN_TRY(chain_rlp_next_u256(&tx->value, rest, info));
    GALEN_TRY(next_data(tx, rest, info));
    GALEN_TRY(chain_rlp_next_u64(&parity, rest, info));
    GALEN_TRY(chain_rlp_next_u256(&r, rest, info));
    GALEN_TRY(chain_rlp_next_u256(&s, rest, info));
    if (parity > 1)
        return base_fail(info, GALEN_ERR_PARSE, "the transaction's y parity is not 0 or 1");
    if (rest->len != 0)
        return base_fail(info, GALEN_ERR_PARSE, "the transaction has fields too many");
    memcpy(sig65, r.be, sizeof r.be);
    memcpy(sig65 + 32, s.be, sizeof s.be);
    sig65[64] = (uint8_t)(27 + parity);
    return check(tx, info);
}

enum galen_err chain_tx_parse(struct chain_tx *tx, struct chain_address *sender, uint8_t hash32[32],
                              const uint8_t *raw, size_t len, struct galen_errinfo *info)
{
    if (len == 0 || raw[0] != TYPE)
        return base_fail(info, GALEN_ERR_PARSE, "not an EIP-1559 transaction");
    struct base_view rest = {raw + 1, len - 1};
    struct chain_rlp_item list;
    GALEN_TRY(chain_rlp_next(&list, &rest, info));
    if (!list.is_list || rest.len != 0)
        return base_fail(info, GALEN_ERR_PARSE, "the transaction is not one list");

    struct chain_tx made = {0};
    struct chain_address from;
    uint8_t sig[CHAIN_SIGNATURE_BYTES], digest[32];
    BASE_BUF_AUTO fields = {0};
    GALEN_TRY(parse_fields(&made, sig, &list.payload, info));
    /* Decoding is strict, so encoding again gives the bytes that were signed. */
    GALEN_TRY(append_fields(&fields, &made));
    GALEN_TRY(signing_hash(digest, &fields));
    GALEN_TRY(chain_recover(&from, digest, sig, info));

    *tx = made;
    if (sender != NULL)
        *sender = from;
    if (hash32 != NULL)
        chain_keccak256(hash32, raw, len);
    return GALEN_OK;
}

enum galen_err chain_tx_max_cost(struct chain_u256 *out, const struct chain_tx *tx)
{
    struct chain_u256 gas;
    GALEN_TRY(chain_u256_mul_u64(&gas, &tx->fee.max_fee, tx->gas_limit));
    return chain_u256_add(out, &gas, &tx->value);
}

uint64_t chain_gas_with_margin(uint64_t estimate)
{
    return estimate > UINT64_MAX / 2 ? estimate : estimate + estimate / 5;
}
