/* What the files of src/chain share with one another and with its tests; not for other modules. */
#ifndef GALEN_CHAIN_INTERNAL_H
#define GALEN_CHAIN_INTERNAL_H

#include <json-c/json.h>

#include "chain/chain.h"

/* ---- ABI ------------------------------------------------------------------------------------ */

/* Zeroed memory that lives as long as mem; NULL when there is none. count · size may not be 0. */
void *chain_mem_alloc(struct chain_mem *mem, size_t count, size_t size);

bool chain_abi_is_dynamic(const struct chain_abi_type *type);
/* Bytes that a value takes in the head of what holds it: 32 when dynamic. */
size_t chain_abi_head_size(const struct chain_abi_type *type);
/* How many components a tuple or an array of either sort has, and where the i-th lies. */
size_t chain_abi_count(const struct chain_abi_type *type, const void *value);
const void *chain_abi_component(const struct chain_abi_type *type, const void *value, size_t i,
                                const struct chain_abi_type **component_type);
/* The one 32-byte word of a uint, address, bool or bytesN. USAGE when the number is too wide. */
enum galen_err chain_abi_encode_word(uint8_t word32[32], const struct chain_abi_type *type,
                                     const void *value, struct galen_errinfo *info);
/* "name: value, …" for people, cut off at size - 1 characters; out is always terminated. */
void chain_abi_format(char *out, size_t size, const struct chain_abi_type *tuple,
                      const void *value);

/* Copies text for people: printable ASCII stays, all else becomes '?'; cut off at size - 1. */
void chain_text_sanitise(char *out, size_t size, const char *text, size_t len);

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Strict JSON text of exactly len bytes, nesting at most 32. *out is owned (NULL for `null`). */
enum galen_err chain_json_parse(json_object **out, const char *text, size_t len);
void chain_json_auto_put(json_object **object);
#define CHAIN_JSON_AUTO GALEN_CLEANUP(chain_json_auto_put) json_object *

/* Members of an answer; NETWORK naming the key when absent or malformed. Quantities are hex with
 * 0x, data is 0x and an even number of digits. object NULL or of another type is an error, too. */
enum galen_err chain_json_u64(uint64_t *out, json_object *value, const char *name,
                              struct galen_errinfo *info);
enum galen_err chain_json_u256(struct chain_u256 *out, json_object *value, const char *name,
                               struct galen_errinfo *info);
enum galen_err chain_json_bytes(uint8_t *out, size_t len, json_object *value, const char *name,
                                struct galen_errinfo *info);
enum galen_err chain_json_data(struct base_buf *out, json_object *value, const char *name,
                               struct galen_errinfo *info);
/* object's member, or NULL when absent, null, or object is no object. */
json_object *chain_json_member(json_object *object, const char *key);

/* ---- JSON-RPC ----------------------------------------------------------------------------------
 */

enum {
    CHAIN_RPC_MESSAGE = 200,
};

/* What the endpoint's error object said; message "" when the last request had none. */
struct chain_rpc_error {
    int64_t code;
    char message[CHAIN_RPC_MESSAGE];
};
const struct chain_rpc_error *chain_rpc_last_error(const struct chain_rpc *rpc);

/* One request. *result is owned; NULL stands for JSON null. Errors as the public header lists. */
/* The same without a copy: result is a part of whole, which the caller puts. */
enum galen_err chain_rpc_query_whole(struct chain_rpc *rpc, json_object **whole,
                                     json_object **result, const char *method, const char *params,
                                     struct galen_errinfo *info);
enum galen_err chain_rpc_query(struct chain_rpc *rpc, json_object **result, const char *method,
                               const char *params, struct galen_errinfo *info);
const struct chain_abi *chain_rpc_abi(const struct chain_rpc *rpc);

/* Whether the endpoint's words say this; case is ignored. */
bool chain_rpc_error_says(const struct chain_rpc_error *error, const char *phrase);

/* Appends a JSON string with a block number or tag. */
enum galen_err chain_rpc_append_block(struct base_buf *out, uint64_t block);
/* Appends the object that eth_call takes; gas 0 leaves it out. */
enum galen_err chain_rpc_append_call(struct base_buf *out, const struct chain_call *call,
                                     uint64_t gas);
/* After FUNDS: sets the hint from the account's balance. need NULL: unknown. */
void chain_rpc_hint_funds(struct chain_rpc *rpc, const struct chain_address *account,
                          const struct chain_u256 *need, struct galen_errinfo *info);

/* A log object of an answer; data lives in mem. */
enum galen_err chain_log_from_json(struct chain_log *out, struct chain_mem *mem, json_object *json,
                                   struct galen_errinfo *info);
/* An array of them. Replaces out. */
enum galen_err chain_logs_from_json(struct chain_logs *out, json_object *json,
                                    struct galen_errinfo *info);

/* ---- fees
 * ---------------------------------------------------------------------------------------- */

#define CHAIN_FEE_BLOCKS 20
struct chain_fee_history {
    struct chain_u256 next_base_fee;
    size_t n_blocks;
    bool is_empty[CHAIN_FEE_BLOCKS];
    struct chain_u256 reward[CHAIN_FEE_BLOCKS][CHAIN_SPEEDS];
};
/* fallback: the priority fee when every block was empty. LIMIT on overflow. */
enum galen_err chain_fees_from_history(struct chain_fees *out,
                                       const struct chain_fee_history *history,
                                       const struct chain_u256 *fallback);

#endif
