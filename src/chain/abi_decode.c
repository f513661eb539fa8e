/*
 * Contract ABI decoding of outside bytes. Only the canonical encoding is taken, the one that
 * Solidity makes: every tail where the one before ends, zero padding, numbers in range, nothing
 * left over. So no byte is read twice, and memory grows with the input only.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"

enum { WORD = 32 };

static enum galen_err malformed(struct galen_errinfo *info, const char *what)
{
    return base_fail(info, GALEN_ERR_PARSE, "ABI: %s", what);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

/* A length or offset. It may not fit into size_t only on lies: any such value is beyond the end. */
static size_t read_size(const uint8_t word[WORD])
{
    size_t value = 0;
    if (!is_zero(word, WORD - 8))
        return SIZE_MAX;
    for (size_t i = WORD - 8; i < WORD; i++)
        value = value << 8 | word[i];
    return value;
}

static void store_uint(void *out, const struct chain_abi_type *type, const uint8_t word[WORD])
{
    uint64_t number = read_size(word);
    if (type->size <= 8) {
        *(uint8_t *)out = (uint8_t)number;
    } else if (type->size <= 16) {
        uint16_t narrow = (uint16_t)number;
        memcpy(out, &narrow, sizeof narrow);
    } else if (type->size <= 32) {
        uint32_t narrow = (uint32_t)number;
        memcpy(out, &narrow, sizeof narrow);
    } else if (type->size <= 64) {
        memcpy(out, &number, sizeof number);
    } else {
        memcpy(out, word, WORD);
    }
}

static enum galen_err decode_word(void *out, const struct chain_abi_type *type,
                                  const uint8_t word[WORD], struct galen_errinfo *info)
{
    switch (type->kind) {
    case CHAIN_ABI_UINT:
        if (!is_zero(word, WORD - type->size / 8))
            return malformed(info, "a number is out of range");
        store_uint(out, type, word);
        return GALEN_OK;
    case CHAIN_ABI_ADDRESS:
        if (!is_zero(word, 12))
            return malformed(info, "an address is longer than 20 bytes");
        memcpy(out, word + 12, 20);
        return GALEN_OK;
    case CHAIN_ABI_BOOL: {
        if (!is_zero(word, WORD - 1) || word[WORD - 1] > 1)
            return malformed(info, "a bool is neither 0 nor 1");
        bool value = word[WORD - 1] == 1;
        memcpy(out, &value, sizeof value);
        return GALEN_OK;
    }
    default:
        GALEN_ASSERT(type->kind == CHAIN_ABI_FIXED_BYTES);
        if (!is_zero(word + type->size, WORD - type->size))
            return malformed(info, "padding is not zero");
        memcpy(out, word, type->size);
        return GALEN_OK;
    }
}

/* data holds at least the type's head. */
static enum galen_err decode_static(void *out, const struct chain_abi_type *type,
                                    const uint8_t *data, struct galen_errinfo *info)
{
    if (type->kind != CHAIN_ABI_TUPLE && type->kind != CHAIN_ABI_FIXED_ARRAY)
        return decode_word(out, type, data, info);
    for (size_t i = 0; i < type->size; i++) {
        const struct chain_abi_type *part;
        const uint8_t *at = chain_abi_component(type, out, i, &part);
        GALEN_TRY(decode_static((uint8_t *)out + (at - (uint8_t *)out), part, data, info));
        data += chain_abi_head_size(part);
    }
    return GALEN_OK;
}

/* A sequence being read: heads from the front, tails one behind the other. */
struct region {
    const uint8_t *data;
    size_t len;
    size_t head, tail; /* where the next of each begins */
};

static enum galen_err decode_dynamic(void *out, struct chain_mem *mem,
                                     const struct chain_abi_type *type, const uint8_t *data,
                                     size_t len, size_t *used, struct galen_errinfo *info);

static enum galen_err decode_component(void *out, struct chain_mem *mem,
                                       const struct chain_abi_type *type, struct region *region,
                                       struct galen_errinfo *info)
{
    const uint8_t *head = region->data + region->head;
    region->head += chain_abi_head_size(type);
    if (!chain_abi_is_dynamic(type))
        return decode_static(out, type, head, info);
    if (read_size(head) != region->tail)
        return malformed(info, "an offset is not where its data must be");
    size_t used = 0;
    GALEN_TRY(decode_dynamic(out, mem, type, region->data + region->tail,
                             region->len - region->tail, &used, info));
    region->tail += used;
    return GALEN_OK;
}

/* The components of a tuple, or n elements of an array of either sort, items at out. */
static enum galen_err decode_sequence(void *out, struct chain_mem *mem,
                                      const struct chain_abi_type *type, size_t n,
                                      const uint8_t *data, size_t len, size_t *used,
                                      struct galen_errinfo *info)
{
    bool is_tuple = type->kind == CHAIN_ABI_TUPLE;
    struct region region = {data, len, 0, 0};
    if (is_tuple) {
        for (size_t i = 0; i < n; i++)
            region.tail += chain_abi_head_size(type->fields[i].type);
        if (region.tail > len)
            return malformed(info, "truncated");
    } else {
        size_t head = chain_abi_head_size(type->element);
        if (n > len / head)
            return malformed(info, "truncated");
        region.tail = n * head;
    }
    for (size_t i = 0; i < n; i++) {
        const struct chain_abi_type *part = is_tuple ? type->fields[i].type : type->element;
        size_t offset = is_tuple ? type->fields[i].offset : i * part->c_size;
        GALEN_TRY(decode_component((uint8_t *)out + offset, mem, part, &region, info));
    }
    *used = region.tail;
    return GALEN_OK;
}

static enum galen_err decode_bytes(void *out, const uint8_t *data, size_t len, size_t *used,
                                   struct galen_errinfo *info)
{
    size_t n = read_size(data);
    if (n > len - WORD)
        return malformed(info, "truncated");
    size_t padding = (WORD - n % WORD) % WORD;
    if (padding > len - WORD - n)
        return malformed(info, "truncated");
    struct base_view view = {data + WORD, n};
    if (!is_zero(view.data + n, padding))
        return malformed(info, "padding is not zero");
    memcpy(out, &view, sizeof view);
    *used = WORD + n + padding;
    return GALEN_OK;
}

static enum galen_err decode_array(void *out, struct chain_mem *mem,
                                   const struct chain_abi_type *type, const uint8_t *data,
                                   size_t len, size_t *used, struct galen_errinfo *info)
{
    size_t n = read_size(data), size = 0;
    /* Every element takes at least its head, which bounds the allocation. */
    if (n > (len - WORD) / chain_abi_head_size(type->element))
        return malformed(info, "truncated");
    void *items = NULL;
    if (n > 0) {
        items = chain_mem_alloc(mem, n, type->element->c_size);
        if (items == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "no memory for an array of %zu", n);
        GALEN_TRY(decode_sequence(items, mem, type, n, data + WORD, len - WORD, &size, info));
    }
    struct chain_abi_array array = {items, n};
    memcpy(out, &array, sizeof array);
    *used = WORD + size;
    return GALEN_OK;
}

static enum galen_err decode_dynamic(void *out, struct chain_mem *mem,
                                     const struct chain_abi_type *type, const uint8_t *data,
                                     size_t len, size_t *used, struct galen_errinfo *info)
{
    if (type->kind == CHAIN_ABI_TUPLE || type->kind == CHAIN_ABI_FIXED_ARRAY)
        return decode_sequence(out, mem, type, type->size, data, len, used, info);
    if (len < WORD)
        return malformed(info, "truncated");
    if (type->kind == CHAIN_ABI_ARRAY)
        return decode_array(out, mem, type, data, len, used, info);
    return decode_bytes(out, data, len, used, info);
}

enum galen_err chain_abi_decode(void *value, struct chain_mem *mem,
                                const struct chain_abi_type *tuple, const uint8_t *data, size_t len,
                                struct galen_errinfo *info)
{
    GALEN_ASSERT(tuple->kind == CHAIN_ABI_TUPLE);
    size_t used = 0;
    /* Built aside, so that a failure leaves value as it was. */
    void *made = calloc(1, tuple->c_size + 1);
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "no memory for a decoded value");
    enum galen_err err = decode_sequence(made, mem, tuple, tuple->size, data, len, &used, info);
    if (err == GALEN_OK && used != len)
        err = malformed(info, "bytes are left over");
    if (err == GALEN_OK && tuple->c_size > 0)
        memcpy(value, made, tuple->c_size);
    free(made);
    return err;
}
