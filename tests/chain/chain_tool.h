/* chain_tool: src/chain by JSON lines, so that tests in Node.js can hold it against ethers and
 * Anvil. A line {"op": …} on standard input is answered by one line: {…} or {"error", "what",
 * "hint"}. */
#ifndef GALEN_CHAIN_TOOL_H
#define GALEN_CHAIN_TOOL_H

#include "chain/internal.h"

/* An operation: takes what it needs from in, adds what it finds to out. */
struct tool_op {
    const char *name;
    enum galen_err (*run)(json_object *in, json_object *out, struct galen_errinfo *info);
};
extern const struct tool_op tool_rpc_ops[];
extern const size_t tool_n_rpc_ops;

/* A member of a request; a missing or malformed one ends the program with a message. */
const char *tool_text(json_object *in, const char *name);
struct chain_u256 tool_u256(json_object *in, const char *name);
uint64_t tool_u64(json_object *in, const char *name);
struct chain_address tool_address(json_object *in, const char *name);
void tool_bytes(uint8_t *out, size_t len, json_object *in, const char *name);
struct base_buf tool_data(json_object *in, const char *name); /* owned */
bool tool_has(json_object *in, const char *name);

void tool_add_text(json_object *out, const char *name, const char *text);
void tool_add_hex(json_object *out, const char *name, const uint8_t *data, size_t len);
void tool_add_u256(json_object *out, const char *name, const struct chain_u256 *value);
void tool_add_u64(json_object *out, const char *name, uint64_t value);
void tool_add_bool(json_object *out, const char *name, bool value);
void tool_add_address(json_object *out, const char *name, const struct chain_address *address);
/* A decoded ABI value as JSON: numbers in decimal text, bytes in hex, tuples and arrays as arrays.
 */
json_object *tool_dump(const struct chain_abi_type *type, const void *value);

#endif
