/* What a revert returned, in words: Error(string), Panic(uint256), or a contract's custom error. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"

static const struct chain_abi_type string_type = {CHAIN_ABI_STRING, 0, sizeof(struct base_view)};
static const struct chain_abi_type uint_type = {CHAIN_ABI_UINT, 256, sizeof(struct chain_u256)};
static const struct chain_abi_field error_fields[] = {{"", &string_type, 0}};
static const struct chain_abi_field panic_fields[] = {{"", &uint_type, 0}};
static const struct chain_abi_type error_type = {CHAIN_ABI_TUPLE, 1, sizeof(struct base_view), NULL,
                                                 error_fields};
static const struct chain_abi_type panic_type = {CHAIN_ABI_TUPLE, 1, sizeof(struct chain_u256),
                                                 NULL, panic_fields};

static const uint8_t error_selector[4] = {0x08, 0xc3, 0x79, 0xa0};
static const uint8_t panic_selector[4] = {0x4e, 0x48, 0x7b, 0x71};

/* Solidity documentation, "Panic via assert and Error via require". */
static const char *panic_meaning(uint64_t code)
{
    switch (code) {
    case 0x01:
        return "an assertion failed";
    case 0x11:
        return "arithmetic overflow";
    case 0x12:
        return "division by zero";
    case 0x21:
        return "no such enum value";
    case 0x22:
        return "storage byte array is malformed";
    case 0x31:
        return "pop from an empty array";
    case 0x32:
        return "array index out of range";
    case 0x41:
        return "too much memory";
    case 0x51:
        return "call of an uninitialised function";
    default:
        return "unknown";
    }
}

static bool decode_error_string(struct chain_revert *out, struct chain_mem *mem,
                                const uint8_t *data, size_t len)
{
    struct base_view view;
    char text[sizeof out->reason - 8];
    if (chain_abi_decode(&view, mem, &error_type, data, len, NULL) != GALEN_OK)
        return false;
    chain_text_sanitise(text, sizeof text, (const char *)view.data, view.len);
    snprintf(out->name, sizeof out->name, "Error");
    snprintf(out->reason, sizeof out->reason, "Error: %s", text);
    return true;
}

static bool decode_panic(struct chain_revert *out, struct chain_mem *mem, const uint8_t *data,
                         size_t len)
{
    struct chain_u256 wide;
    uint64_t code = 0;
    if (chain_abi_decode(&wide, mem, &panic_type, data, len, NULL) != GALEN_OK ||
        chain_u256_to_u64(&code, &wide) != GALEN_OK)
        return false;
    snprintf(out->name, sizeof out->name, "Panic");
    snprintf(out->reason, sizeof out->reason, "Panic 0x%02" PRIx64 ": %s", code,
             panic_meaning(code));
    return true;
}

static bool decode_custom(struct chain_revert *out, struct chain_mem *mem,
                          const struct chain_abi_error *error, const uint8_t *data, size_t len)
{
    char arguments[sizeof out->reason];
    void *value = calloc(1, error->inputs->c_size + 1);
    bool done = value != NULL &&
                chain_abi_decode(value, mem, error->inputs, data, len, NULL) == GALEN_OK;
    if (done) {
        chain_abi_format(arguments, sizeof arguments, error->inputs, value);
        snprintf(out->name, sizeof out->name, "%s", error->name);
        snprintf(out->reason, sizeof out->reason, "%s(%s)", error->name, arguments);
    }
    free(value);
    return done;
}

void chain_revert_decode(struct chain_revert *out, const struct chain_abi *abi, const uint8_t *data,
                         size_t len)
{
    CHAIN_MEM_AUTO mem = {0};
    *out = (struct chain_revert){0};
    if (len == 0) {
        snprintf(out->reason, sizeof out->reason, "no reason given");
        return;
    }
    if (len < 4) {
        snprintf(out->reason, sizeof out->reason, "malformed reason");
        return;
    }
    const uint8_t *body = data + 4;
    if (memcmp(data, error_selector, 4) == 0 && decode_error_string(out, &mem, body, len - 4))
        return;
    if (memcmp(data, panic_selector, 4) == 0 && decode_panic(out, &mem, body, len - 4))
        return;
    for (size_t i = 0; abi != NULL && i < abi->n_errors; i++)
        if (memcmp(data, abi->errors[i].selector, 4) == 0 &&
            decode_custom(out, &mem, &abi->errors[i], body, len - 4))
            return;
    snprintf(out->reason, sizeof out->reason, "unknown error 0x%02x%02x%02x%02x", data[0], data[1],
             data[2], data[3]);
}
