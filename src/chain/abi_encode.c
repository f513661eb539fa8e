/*
 * Contract ABI encoding, driven by type descriptors. A tuple or array is its components' heads,
 * then the tails of the dynamic ones in order; a dynamic component's head is its tail's offset from
 * the first head. (Solidity documentation, "Contract ABI Specification".)
 */
#include <string.h>

#include "chain/internal.h"

enum { WORD = 32 };

bool chain_abi_is_dynamic(const struct chain_abi_type *type)
{
    switch (type->kind) {
    case CHAIN_ABI_BYTES:
    case CHAIN_ABI_STRING:
    case CHAIN_ABI_ARRAY:
        return true;
    case CHAIN_ABI_FIXED_ARRAY:
        return chain_abi_is_dynamic(type->element);
    case CHAIN_ABI_TUPLE:
        for (size_t i = 0; i < type->size; i++)
            if (chain_abi_is_dynamic(type->fields[i].type))
                return true;
        return false;
    default:
        return false;
    }
}

size_t chain_abi_head_size(const struct chain_abi_type *type)
{
    if (chain_abi_is_dynamic(type))
        return WORD;
    if (type->kind == CHAIN_ABI_FIXED_ARRAY)
        return type->size * chain_abi_head_size(type->element);
    if (type->kind != CHAIN_ABI_TUPLE)
        return WORD;
    size_t size = 0;
    for (size_t i = 0; i < type->size; i++)
        size += chain_abi_head_size(type->fields[i].type);
    return size;
}

size_t chain_abi_count(const struct chain_abi_type *type, const void *value)
{
    if (type->kind != CHAIN_ABI_ARRAY)
        return type->size;
    struct chain_abi_array array;
    memcpy(&array, value, sizeof array);
    return array.len;
}

const void *chain_abi_component(const struct chain_abi_type *type, const void *value, size_t i,
                                const struct chain_abi_type **component_type)
{
    if (type->kind == CHAIN_ABI_TUPLE) {
        *component_type = type->fields[i].type;
        return (const uint8_t *)value + type->fields[i].offset;
    }
    *component_type = type->element;
    if (type->kind == CHAIN_ABI_ARRAY) {
        struct chain_abi_array array;
        memcpy(&array, value, sizeof array);
        value = array.items;
    }
    return (const uint8_t *)value + i * type->element->c_size;
}

/* A uint's C value as a word, whatever its C type is. */
static void load_uint(uint8_t word[WORD], const struct chain_abi_type *type, const void *value)
{
    uint64_t number = 0;
    memset(word, 0, WORD);
    if (type->size <= 8) {
        number = *(const uint8_t *)value;
    } else if (type->size <= 16) {
        uint16_t narrow;
        memcpy(&narrow, value, sizeof narrow);
        number = narrow;
    } else if (type->size <= 32) {
        uint32_t narrow;
        memcpy(&narrow, value, sizeof narrow);
        number = narrow;
    } else if (type->size <= 64) {
        memcpy(&number, value, sizeof number);
    } else {
        memcpy(word, ((const struct chain_u256 *)value)->be, WORD);
        return;
    }
    base_put_u64be(word + WORD - 8, number);
}

enum galen_err chain_abi_encode_word(uint8_t word[WORD], const struct chain_abi_type *type,
                                     const void *value, struct galen_errinfo *info)
{
    switch (type->kind) {
    case CHAIN_ABI_UINT:
        load_uint(word, type, value);
        for (size_t i = 0; i < WORD - type->size / 8; i++)
            if (word[i] != 0)
                return base_fail(info, GALEN_ERR_USAGE, "the number does not fit into uint%zu",
                                 type->size);
        return GALEN_OK;
    case CHAIN_ABI_ADDRESS:
        memset(word, 0, WORD);
        memcpy(word + 12, ((const struct chain_address *)value)->bytes, 20);
        return GALEN_OK;
    case CHAIN_ABI_BOOL:
        memset(word, 0, WORD);
        word[WORD - 1] = *(const bool *)value ? 1 : 0;
        return GALEN_OK;
    default:
        GALEN_ASSERT(type->kind == CHAIN_ABI_FIXED_BYTES);
        memset(word, 0, WORD);
        memcpy(word, value, type->size);
        return GALEN_OK;
    }
}

static enum galen_err append_number(struct base_buf *out, uint64_t value)
{
    struct chain_u256 word = chain_u256_from_u64(value);
    return base_buf_append(out, word.be, sizeof word.be);
}

static enum galen_err encode_static(struct base_buf *out, const struct chain_abi_type *type,
                                    const void *value, struct galen_errinfo *info)
{
    if (type->kind == CHAIN_ABI_TUPLE || type->kind == CHAIN_ABI_FIXED_ARRAY) {
        for (size_t i = 0; i < type->size; i++) {
            const struct chain_abi_type *part;
            const void *at = chain_abi_component(type, value, i, &part);
            GALEN_TRY(encode_static(out, part, at, info));
        }
        return GALEN_OK;
    }
    uint8_t word[WORD];
    GALEN_TRY(chain_abi_encode_word(word, type, value, info));
    return base_buf_append(out, word, sizeof word);
}

static enum galen_err encode_dynamic(struct base_buf *out, const struct chain_abi_type *type,
                                     const void *value, struct galen_errinfo *info);

/* Heads, then tails. */
static enum galen_err encode_sequence(struct base_buf *out, const struct chain_abi_type *type,
                                      const void *value, struct galen_errinfo *info)
{
    size_t start = out->len, n = chain_abi_count(type, value);
    BASE_BUF_AUTO tails = {0};
    size_t heads = 0;
    const struct chain_abi_type *part;
    for (size_t i = 0; i < n; i++) {
        (void)chain_abi_component(type, value, i, &part);
        heads += chain_abi_head_size(part);
    }
    for (size_t i = 0; i < n; i++) {
        const void *at = chain_abi_component(type, value, i, &part);
        if (!chain_abi_is_dynamic(part)) {
            GALEN_TRY(encode_static(out, part, at, info));
            continue;
        }
        GALEN_TRY(append_number(out, heads + tails.len));
        GALEN_TRY(encode_dynamic(&tails, part, at, info));
    }
    GALEN_ASSERT(out->len - start == heads);
    return base_buf_append(out, tails.data, tails.len);
}

static enum galen_err encode_dynamic(struct base_buf *out, const struct chain_abi_type *type,
                                     const void *value, struct galen_errinfo *info)
{
    if (type->kind == CHAIN_ABI_BYTES || type->kind == CHAIN_ABI_STRING) {
        static const uint8_t zeros[WORD];
        struct base_view view;
        memcpy(&view, value, sizeof view);
        GALEN_TRY(append_number(out, view.len));
        GALEN_TRY(base_buf_append(out, view.data, view.len));
        return base_buf_append(out, zeros, (WORD - view.len % WORD) % WORD);
    }
    if (type->kind == CHAIN_ABI_ARRAY)
        GALEN_TRY(append_number(out, chain_abi_count(type, value)));
    return encode_sequence(out, type, value, info);
}

enum galen_err chain_abi_encode(struct base_buf *out, const struct chain_abi_type *tuple,
                                const void *value, struct galen_errinfo *info)
{
    GALEN_ASSERT(tuple->kind == CHAIN_ABI_TUPLE);
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(encode_sequence(&bytes, tuple, value, info));
    return base_buf_append(out, bytes.data, bytes.len);
}

enum galen_err chain_abi_encode_call(struct base_buf *out, const uint8_t selector4[4],
                                     const struct chain_abi_type *tuple, const void *value,
                                     struct galen_errinfo *info)
{
    GALEN_ASSERT(tuple->kind == CHAIN_ABI_TUPLE);
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(base_buf_append(&bytes, selector4, 4));
    GALEN_TRY(encode_sequence(&bytes, tuple, value, info));
    return base_buf_append(out, bytes.data, bytes.len);
}
