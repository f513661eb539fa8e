/* RLP (Ethereum yellow paper, appendix B): byte strings and lists; decoding takes only the shortest
 * form. */
#include <string.h>

#include "chain/chain.h"

/* Prefixes: below 0x80 the byte itself, then short and long strings, short and long lists. */
#define STRING    0x80u
#define LIST      0xc0u
#define SHORT_MAX 55u

static enum galen_err append_header(struct base_buf *out, uint8_t kind, size_t len)
{
    uint8_t header[9];
    if (len <= SHORT_MAX) {
        header[0] = (uint8_t)(kind + len);
        return base_buf_append(out, header, 1);
    }
    uint8_t be[8];
    size_t digits = 8;
    base_put_u64be(be, len);
    while (be[8 - digits] == 0)
        digits--;
    header[0] = (uint8_t)(kind + SHORT_MAX + digits);
    memcpy(header + 1, be + 8 - digits, digits);
    return base_buf_append(out, header, 1 + digits);
}

static enum galen_err append(struct base_buf *out, uint8_t kind, const void *data, size_t len)
{
    /* Room for all of it first, so that out is untouched on failure. */
    GALEN_TRY(base_buf_reserve(out, len + 9));
    GALEN_TRY(append_header(out, kind, len));
    return base_buf_append(out, data, len);
}

enum galen_err chain_rlp_append_bytes(struct base_buf *out, const void *data, size_t len)
{
    if (len == 1 && *(const uint8_t *)data < STRING)
        return base_buf_append(out, data, 1);
    return append(out, STRING, data, len);
}

static enum galen_err append_integer(struct base_buf *out, const uint8_t *be, size_t len)
{
    while (len > 0 && *be == 0) {
        be++;
        len--;
    }
    return chain_rlp_append_bytes(out, be, len);
}

enum galen_err chain_rlp_append_u64(struct base_buf *out, uint64_t value)
{
    uint8_t be[8];
    base_put_u64be(be, value);
    return append_integer(out, be, sizeof be);
}

enum galen_err chain_rlp_append_u256(struct base_buf *out, const struct chain_u256 *value)
{
    return append_integer(out, value->be, sizeof value->be);
}

enum galen_err chain_rlp_append_list(struct base_buf *out, const void *payload, size_t len)
{
    return append(out, LIST, payload, len);
}

enum galen_err chain_rlp_next(struct chain_rlp_item *item, struct base_view *rest,
                              struct galen_errinfo *info)
{
    if (rest->len == 0)
        return base_fail(info, GALEN_ERR_PARSE, "RLP: an item is missing");
    uint8_t first = rest->data[0];
    if (first < STRING) {
        *item = (struct chain_rlp_item){false, {rest->data, 1}};
        *rest = (struct base_view){rest->data + 1, rest->len - 1};
        return GALEN_OK;
    }

    bool is_list = first >= LIST;
    size_t len = (size_t)first - (is_list ? LIST : STRING), header = 1;
    if (len > SHORT_MAX) {
        size_t digits = len - SHORT_MAX;
        if (digits > rest->len - 1)
            return base_fail(info, GALEN_ERR_PARSE, "RLP: truncated length");
        uint64_t wide = 0;
        for (size_t i = 1; i <= digits; i++)
            wide = wide << 8 | rest->data[i];
        if (rest->data[1] == 0 || wide <= SHORT_MAX)
            return base_fail(info, GALEN_ERR_PARSE, "RLP: length not in its shortest form");
        header += digits;
        len = wide;
    }
    if (len > rest->len - header)
        return base_fail(info, GALEN_ERR_PARSE, "RLP: truncated item");
    const uint8_t *payload = rest->data + header;
    if (!is_list && len == 1 && payload[0] < STRING)
        return base_fail(info, GALEN_ERR_PARSE, "RLP: byte not in its shortest form");
    *item = (struct chain_rlp_item){is_list, {payload, len}};
    *rest = (struct base_view){payload + len, rest->len - header - len};
    return GALEN_OK;
}

enum galen_err chain_rlp_next_u256(struct chain_u256 *out, struct base_view *rest,
                                   struct galen_errinfo *info)
{
    struct base_view after = *rest;
    struct chain_rlp_item item;
    GALEN_TRY(chain_rlp_next(&item, &after, info));
    if (item.is_list || item.payload.len > 32 ||
        (item.payload.len > 0 && item.payload.data[0] == 0))
        return base_fail(info, GALEN_ERR_PARSE, "RLP: not an integer of at most 256 bits");
    struct chain_u256 value = {0};
    memcpy(value.be + 32 - item.payload.len, item.payload.data, item.payload.len);
    *out = value;
    *rest = after;
    return GALEN_OK;
}

enum galen_err chain_rlp_next_u64(uint64_t *out, struct base_view *rest, struct galen_errinfo *info)
{
    struct base_view after = *rest;
    struct chain_u256 wide;
    GALEN_TRY(chain_rlp_next_u256(&wide, &after, info));
    if (chain_u256_to_u64(out, &wide) != GALEN_OK)
        return base_fail(info, GALEN_ERR_PARSE, "RLP: the integer is larger than 64 bits");
    *rest = after;
    return GALEN_OK;
}
