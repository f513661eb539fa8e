/*
 * chain: everything that speaks Ethereum — Keccak-256, addresses, 256-bit amounts, wallet keys,
 * RLP, ABI, keystore V3, EIP-1559 transactions, EIP-712 messages, the JSON-RPC client, fees,
 * receipts, logs and decoded reverts. Built on libsecp256k1, nettle, libcurl, json-c, OpenSSL.
 * The bindings of DataHub (datahub_abi.h) are generated from its compiled ABI and stand on this.
 *
 * Conventions: base/base.h's. Hashes and digests are uint8_t[32]. Amounts are wei. A function
 * without an errinfo argument returns the bare code. Everything is thread-safe except a
 * struct chain_rpc, which one thread uses at a time.
 */
#ifndef GALEN_CHAIN_H
#define GALEN_CHAIN_H

#include "base/base.h"

/* ---- hashing ------------------------------------------------------------------------------- */

/* Ethereum's Keccak-256 (padding 0x01, not SHA3-256). len may be 0. */
void chain_keccak256(uint8_t out32[32], const void *data, size_t len);

/* ---- 256-bit unsigned integers and money ----------------------------------------------------- */

struct chain_u256 {
    uint8_t be[32]; /* big-endian; {0} is zero */
};

struct chain_u256 chain_u256_from_u64(uint64_t value);
/* LIMIT when it does not fit; out untouched. */
GALEN_MUST_CHECK enum galen_err chain_u256_to_u64(uint64_t *out, const struct chain_u256 *value);
int chain_u256_compare(const struct chain_u256 *a, const struct chain_u256 *b); /* <0, 0, >0 */
bool chain_u256_is_zero(const struct chain_u256 *value);
/* LIMIT on overflow (or a negative difference), out untouched; out may be a or b. */
GALEN_MUST_CHECK enum galen_err chain_u256_add(struct chain_u256 *out, const struct chain_u256 *a,
                                               const struct chain_u256 *b);
GALEN_MUST_CHECK enum galen_err chain_u256_sub(struct chain_u256 *out, const struct chain_u256 *a,
                                               const struct chain_u256 *b);
GALEN_MUST_CHECK enum galen_err chain_u256_mul_u64(struct chain_u256 *out,
                                                   const struct chain_u256 *a, uint64_t b);
/* Quotient into out, remainder returned. divisor 0 is the caller's bug. */
uint64_t chain_u256_div_u64(struct chain_u256 *out, const struct chain_u256 *a, uint64_t divisor);

#define CHAIN_U256_DECIMAL 79 /* 78 digits and NUL */
void chain_u256_format(char out[CHAIN_U256_DECIMAL], const struct chain_u256 *value);
/* Decimal digits only, no sign, no leading zeros except "0"; PARSE, LIMIT. */
GALEN_MUST_CHECK enum galen_err chain_u256_parse(struct chain_u256 *out, const char *text,
                                                 struct galen_errinfo *info);

/* Exact decimal text of an amount in a unit of 10^decimals wei: "1.5", "0", "0.000000001". */
#define CHAIN_DECIMALS_WEI   0
#define CHAIN_DECIMALS_GWEI  9
#define CHAIN_DECIMALS_ETHER 18
#define CHAIN_AMOUNT_TEXT    (CHAIN_U256_DECIMAL + 2)
void chain_amount_format(char out[CHAIN_AMOUNT_TEXT], const struct chain_u256 *wei,
                         unsigned decimals);
/* Digits, optionally a point and 1 to `decimals` digits; at least one digit before the point; no
 * sign, exponent or blanks. USAGE when malformed or finer than a wei, LIMIT when too large. */
GALEN_MUST_CHECK enum galen_err chain_amount_parse(struct chain_u256 *wei, const char *text,
                                                   unsigned decimals, struct galen_errinfo *info);

/* ---- addresses ------------------------------------------------------------------------------- */

struct chain_address {
    uint8_t bytes[20];
};

#define CHAIN_ADDRESS_TEXT 43 /* "0x", 40 digits, NUL */
/* With the EIP-55 checksum. */
void chain_address_format(char out[CHAIN_ADDRESS_TEXT], const struct chain_address *address);
/* "0x" and 40 hex digits, all lower case, all upper case, or with a correct EIP-55 checksum.
 * USAGE otherwise; a wrong checksum is named as such. */
GALEN_MUST_CHECK enum galen_err chain_address_parse(struct chain_address *out, const char *text,
                                                    struct galen_errinfo *info);
bool chain_address_equal(const struct chain_address *a, const struct chain_address *b);
bool chain_address_is_zero(const struct chain_address *address);
/* The address that a contract created by `from` with `nonce` gets. */
GALEN_MUST_CHECK enum galen_err chain_address_of_create(struct chain_address *out,
                                                        const struct chain_address *from,
                                                        uint64_t nonce);

/* ---- wallet keys ------------------------------------------------------------------------------
 */

/* A secp256k1 secret key in guarded memory, with its address. {0} is empty. Owned: clear it. */
struct chain_key {
    struct base_secret secret; /* 32 bytes */
    struct chain_address address;
};

#define CHAIN_PUBLIC_KEY_BYTES 33 /* compressed */
#define CHAIN_SIGNATURE_BYTES  65 /* r 32, s 32, v: 27 or 28 */

void chain_key_clear(struct chain_key *key); /* NULL and {0} are fine */
#define CHAIN_KEY_AUTO GALEN_CLEANUP(chain_key_clear) struct chain_key

/* Each fills an empty or used key (the old one is wiped). */
GALEN_MUST_CHECK enum galen_err chain_key_generate(struct chain_key *key,
                                                   struct galen_errinfo *info);
/* secret32 from 1 to the group order - 1, else PARSE. */
GALEN_MUST_CHECK enum galen_err
chain_key_from_bytes(struct chain_key *key, const uint8_t secret32[32], struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err chain_key_copy(struct chain_key *key, const struct chain_key *from,
                                               struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err chain_key_public(const struct chain_key *key,
                                                 uint8_t out33[CHAIN_PUBLIC_KEY_BYTES],
                                                 struct galen_errinfo *info);
/* A compressed point; PARSE when it is none. */
GALEN_MUST_CHECK enum galen_err
chain_address_of_public_key(struct chain_address *out,
                            const uint8_t public33[CHAIN_PUBLIC_KEY_BYTES],
                            struct galen_errinfo *info);

/* Deterministic (RFC 6979), low s. digest32 is signed as it is. */
GALEN_MUST_CHECK enum galen_err chain_key_sign(const struct chain_key *key,
                                               const uint8_t digest32[32],
                                               uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                               struct galen_errinfo *info);
/* The signer. CHECK when the signature is none: r or s out of range, high s, v not 27 or 28. */
GALEN_MUST_CHECK enum galen_err chain_recover(struct chain_address *signer,
                                              const uint8_t digest32[32],
                                              const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                              struct galen_errinfo *info);
/* *valid = sig65 is `signer`'s over digest32. A malformed signature is simply not valid. */
void chain_verify(bool *valid, const struct chain_address *signer, const uint8_t digest32[32],
                  const uint8_t sig65[CHAIN_SIGNATURE_BYTES]);

/* A release's address (design: records): of S + SHA-256("galen/release-addr/1" ‖ seed)·G, where S
 * is the patient's public sale key. PARSE when sale33 is no point. */
GALEN_MUST_CHECK enum galen_err chain_release_address(struct chain_address *out,
                                                      const uint8_t sale33[CHAIN_PUBLIC_KEY_BYTES],
                                                      const uint8_t release_seed32[32],
                                                      struct galen_errinfo *info);
/* The private half: only the holder of the sale key has it. */
GALEN_MUST_CHECK enum galen_err chain_release_key(struct chain_key *out,
                                                  const struct chain_key *sale_key,
                                                  const uint8_t release_seed32[32],
                                                  struct galen_errinfo *info);

/* ---- Web3 Secret Storage V3 ---------------------------------------------------------------------
 */

/* scrypt's cost. N a power of two from 2 to 2^20, r and p at least 1, 128·N·r ≤ 512 MiB and
 * N·r·p ≤ 2^22. */
struct chain_keystore_cost {
    uint32_t n, r, p;
};
#define CHAIN_KEYSTORE_STANDARD ((struct chain_keystore_cost){262144, 8, 1})
#define CHAIN_KEYSTORE_MAX      8192 /* bytes of JSON that import reads */

/* Replaces json by the keystore's text. The password is used as the bytes it is. LIMIT: cost. */
GALEN_MUST_CHECK enum galen_err chain_keystore_export(struct base_buf *json,
                                                      const struct chain_key *key,
                                                      const void *password, size_t password_len,
                                                      struct chain_keystore_cost cost,
                                                      struct galen_errinfo *info);
/* scrypt and PBKDF2-HMAC-SHA256 (up to 4,000,000 rounds). PARSE, UNSUPPORTED, LIMIT (cost beyond
 * the bounds above), PASSWORD (the MAC does not match), CHECK (its address is another). */
GALEN_MUST_CHECK enum galen_err chain_keystore_import(struct chain_key *key, const char *json,
                                                      size_t json_len, const void *password,
                                                      size_t password_len,
                                                      struct galen_errinfo *info);

/* ---- RLP
 * ----------------------------------------------------------------------------------------- */

GALEN_MUST_CHECK enum galen_err chain_rlp_append_bytes(struct base_buf *out, const void *data,
                                                       size_t len);
GALEN_MUST_CHECK enum galen_err chain_rlp_append_u64(struct base_buf *out, uint64_t value);
GALEN_MUST_CHECK enum galen_err chain_rlp_append_u256(struct base_buf *out,
                                                      const struct chain_u256 *value);
/* Wraps payload, the concatenated items, as one list. */
GALEN_MUST_CHECK enum galen_err chain_rlp_append_list(struct base_buf *out, const void *payload,
                                                      size_t len);

/* An item of a decoded sequence; payload borrows from the input. */
struct chain_rlp_item {
    bool is_list;
    struct base_view payload;
};
/* Takes the first item off *rest. PARSE: truncated, or not the shortest form. An empty *rest is
 * PARSE, too: ask rest->len first. */
GALEN_MUST_CHECK enum galen_err chain_rlp_next(struct chain_rlp_item *item, struct base_view *rest,
                                               struct galen_errinfo *info);
/* The next item as an integer without leading zeros; PARSE when it is a list, or longer. */
GALEN_MUST_CHECK enum galen_err chain_rlp_next_u64(uint64_t *out, struct base_view *rest,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err chain_rlp_next_u256(struct chain_u256 *out, struct base_view *rest,
                                                    struct galen_errinfo *info);

/* ---- ABI
 * ------------------------------------------------------------------------------------------ */

/* Memory that decoded values live in; {0} is empty. Cleared all at once, not wiped. */
struct chain_mem {
    struct chain_mem_block *blocks;
};
void chain_mem_clear(struct chain_mem *mem);
#define CHAIN_MEM_AUTO GALEN_CLEANUP(chain_mem_clear) struct chain_mem

/*
 * A type descriptor says how a Solidity type lies in ABI bytes and in C:
 *   uintN         uint8_t, uint16_t, uint32_t, uint64_t by N; struct chain_u256 above 64 bits
 *   address       struct chain_address          bool      bool
 *   bytesN        uint8_t[N]                    bytes, string   struct base_view
 *   T[]           struct { const T *items; size_t len; }
 *   T[N]          T[N]                          tuple     a struct
 * The generated bindings hold these; they are rarely written by hand.
 */
enum chain_abi_kind {
    CHAIN_ABI_UINT, /* size = bits */
    CHAIN_ABI_ADDRESS,
    CHAIN_ABI_BOOL,
    CHAIN_ABI_FIXED_BYTES, /* size = bytes, 1 to 32 */
    CHAIN_ABI_BYTES,
    CHAIN_ABI_STRING,
    CHAIN_ABI_ARRAY,       /* element */
    CHAIN_ABI_FIXED_ARRAY, /* element, size = how many */
    CHAIN_ABI_TUPLE,       /* fields, size = how many (may be 0) */
};

/* The C face of any T[]: the generated array structs have the same two members. */
struct chain_abi_array {
    const void *items;
    size_t len;
};

struct chain_abi_type;
struct chain_abi_field {
    const char *name;
    const struct chain_abi_type *type;
    size_t offset; /* in the C struct */
};
struct chain_abi_type {
    enum chain_abi_kind kind;
    size_t size;
    size_t c_size; /* sizeof the C representation */
    const struct chain_abi_type *element;
    const struct chain_abi_field *fields;
};

/* Appends the ABI encoding of a tuple (a function's arguments). */
GALEN_MUST_CHECK enum galen_err chain_abi_encode(struct base_buf *out,
                                                 const struct chain_abi_type *tuple,
                                                 const void *value, struct galen_errinfo *info);
/* Selector, then the arguments. */
GALEN_MUST_CHECK enum galen_err chain_abi_encode_call(struct base_buf *out,
                                                      const uint8_t selector4[4],
                                                      const struct chain_abi_type *tuple,
                                                      const void *value,
                                                      struct galen_errinfo *info);
/* Strict: canonical offsets, zero padding, integers in range, exactly len bytes. Byte strings
 * borrow from data, arrays live in mem. On failure value is untouched. PARSE, NOMEM. */
GALEN_MUST_CHECK enum galen_err chain_abi_decode(void *value, struct chain_mem *mem,
                                                 const struct chain_abi_type *tuple,
                                                 const uint8_t *data, size_t len,
                                                 struct galen_errinfo *info);

struct chain_abi_function {
    const char *name;      /* requestWithTerms */
    const char *signature; /* requestWithTerms(bytes32,(uint256,…)) */
    uint8_t selector[4];
    const struct chain_abi_type *inputs, *outputs;
};
struct chain_abi_error {
    const char *name;
    const char *signature;
    uint8_t selector[4];
    const struct chain_abi_type *inputs;
};
struct chain_abi_event {
    const char *name;
    const char *signature;
    uint8_t topic[32];
    /* Two halves of one C struct: from topics 1 to 3, and from the data. */
    const struct chain_abi_type *indexed, *data;
    size_t c_size;
};
/* A contract's tables, as generated (datahub_abi). */
struct chain_abi {
    const char *name;
    const struct chain_abi_function *functions;
    size_t n_functions;
    const struct chain_abi_event *events;
    size_t n_events;
    const struct chain_abi_error *errors;
    size_t n_errors;
};

/* A contract's deployed code as compiled. Immutables, written at deployment, are gaps in it. */
struct chain_code_gap {
    size_t start, len;
};
struct chain_code {
    const uint8_t *bytes;
    size_t len;
    const struct chain_code_gap *gaps;
    size_t n_gaps;
};
/* Whether on-chain code is `expected` but for its gaps. */
bool chain_code_matches(const struct chain_code *expected, const uint8_t *code, size_t len);

/* ---- blocks, logs, receipts
 * -------------------------------------------------------------------------- */

struct chain_log {
    struct chain_address address;
    uint8_t topics[4][32];
    size_t n_topics;
    struct base_view data; /* borrowed from the struct chain_logs */
    uint64_t block_number;
    uint8_t block_hash[32];
    uint8_t tx_hash[32];
    uint64_t tx_index, log_index;
    int64_t time_s; /* of its block; 0: the endpoint does not tell */
};
/* Owned; {0} is empty. */
struct chain_logs {
    struct chain_log *items;
    size_t len;
    struct chain_mem mem;
};
void chain_logs_clear(struct chain_logs *logs);
#define CHAIN_LOGS_AUTO GALEN_CLEANUP(chain_logs_clear) struct chain_logs

/* Decodes log as event into value (event->c_size bytes). NOT_FOUND when topic 0 is another event's;
 * PARSE when the rest is malformed. Byte strings borrow from log, arrays live in mem. */
GALEN_MUST_CHECK enum galen_err chain_log_decode(void *value, struct chain_mem *mem,
                                                 const struct chain_abi_event *event,
                                                 const struct chain_log *log,
                                                 struct galen_errinfo *info);
/* The event that the log's topic 0 names, or NULL. */
const struct chain_abi_event *chain_log_find_event(const struct chain_abi *abi,
                                                   const struct chain_log *log);

struct chain_receipt {
    uint8_t tx_hash[32];
    uint8_t block_hash[32];
    uint64_t block_number, tx_index;
    struct chain_address from;
    struct chain_address to;       /* zero when a contract was created */
    struct chain_address contract; /* the created contract, else zero */
    bool succeeded;                /* false: reverted, gas was spent */
    uint64_t gas_used;
    struct chain_u256 effective_gas_price;
    struct chain_u256 l1_fee;    /* on rollups; else zero */
    struct chain_u256 total_fee; /* gas_used · effective_gas_price + l1_fee */
    struct chain_logs logs;
};
void chain_receipt_clear(struct chain_receipt *receipt);
#define CHAIN_RECEIPT_AUTO GALEN_CLEANUP(chain_receipt_clear) struct chain_receipt

struct chain_block {
    uint64_t number;
    uint8_t hash[32];
    uint8_t parent_hash[32];
    int64_t time_s;
    struct chain_u256 base_fee; /* zero before EIP-1559 */
    uint64_t gas_limit, gas_used;
};

/* ---- EIP-1559 transactions
 * -------------------------------------------------------------------------------- */

struct chain_fee {
    struct chain_u256 max_fee;      /* per gas */
    struct chain_u256 priority_fee; /* per gas, at most max_fee */
};

struct chain_tx {
    uint64_t chain_id;
    uint64_t nonce;
    struct chain_fee fee;
    uint64_t gas_limit;
    bool is_create; /* then `to` is not used */
    struct chain_address to;
    struct chain_u256 value;
    struct base_view data; /* borrowed; at most CHAIN_TX_DATA_MAX */
};
#define CHAIN_TX_DATA_MAX 131072 /* what nodes take */

/* Replaces raw by the bytes for eth_sendRawTransaction; hash32 is the transaction's hash. */
GALEN_MUST_CHECK enum galen_err chain_tx_sign(struct base_buf *raw, uint8_t hash32[32],
                                              const struct chain_tx *tx,
                                              const struct chain_key *key,
                                              struct galen_errinfo *info);
/* The other way: fields (data borrows from raw), sender and hash of a signed type 2 transaction.
 * Any output but tx may be NULL. PARSE, CHECK (signature), UNSUPPORTED (access list). */
GALEN_MUST_CHECK enum galen_err chain_tx_parse(struct chain_tx *tx, struct chain_address *sender,
                                               uint8_t hash32[32], const uint8_t *raw, size_t len,
                                               struct galen_errinfo *info);
/* value + gas_limit · max_fee: what the sender must own. LIMIT on overflow. */
GALEN_MUST_CHECK enum galen_err chain_tx_max_cost(struct chain_u256 *out,
                                                  const struct chain_tx *tx);
/* estimate + 20 %, since state may change before it is mined. */
uint64_t chain_gas_with_margin(uint64_t estimate);

/* ---- EIP-712 messages (design: messages)
 * ----------------------------------------------------------------------- */

/* name "Galen", version "1". */
struct chain_domain {
    uint64_t chain_id;
    struct chain_address contract; /* DataHub */
};

struct chain_join {
    uint8_t fingerprint[32], nonce[32], statement_hash[32], request_hash[32];
};
struct chain_share_consent {
    struct chain_u256 request_id;
    uint8_t release_root[32], bundle_digest[32];
    struct chain_address payout;
    struct chain_u256 min_payout;
};
struct chain_registry_head {
    uint32_t key_version;
    uint64_t size;
    uint8_t head[32];
};
struct chain_revocation_list {
    uint64_t version;
    uint8_t digest[32];
};
struct chain_profile {
    struct chain_address owner;
    uint8_t profile_cid[32];
    uint64_t nonce, expiry; /* expiry: Unix seconds */
};
struct chain_inbox_message {
    struct chain_address recipient;
    struct base_view kind; /* UTF-8, borrowed */
    uint8_t id[32];
    uint64_t expiry;
    uint8_t body_hash[32];
};
struct chain_node_key {
    struct chain_address key;
    uint64_t expiry;
};

/* Digests to give to chain_key_sign, chain_recover, chain_verify. */
void chain_digest_join(uint8_t out32[32], const struct chain_domain *domain,
                       const struct chain_join *message);
void chain_digest_share_consent(uint8_t out32[32], const struct chain_domain *domain,
                                const struct chain_share_consent *message);
void chain_digest_registry_head(uint8_t out32[32], const struct chain_domain *domain,
                                const struct chain_registry_head *message);
void chain_digest_revocation_list(uint8_t out32[32], const struct chain_domain *domain,
                                  const struct chain_revocation_list *message);
void chain_digest_profile(uint8_t out32[32], const struct chain_domain *domain,
                          const struct chain_profile *message);
void chain_digest_inbox_message(uint8_t out32[32], const struct chain_domain *domain,
                                const struct chain_inbox_message *message);
void chain_digest_node_key(uint8_t out32[32], const struct chain_domain *domain,
                           const struct chain_node_key *message);
/* What a wallet that is elsewhere is asked to sign. message: the struct that goes with it. */
enum chain_typed {
    CHAIN_TYPED_JOIN,            /* struct chain_join */
    CHAIN_TYPED_REGISTRY_HEAD,   /* struct chain_registry_head */
    CHAIN_TYPED_REVOCATION_LIST, /* struct chain_revocation_list */
    CHAIN_TYPED_PROFILE,         /* struct chain_profile */
    CHAIN_TYPED_NODE_KEY,        /* struct chain_node_key */
};
void chain_typed_message_digest(uint8_t out32[32], const struct chain_domain *domain,
                                enum chain_typed kind, const void *message);
/* Its primary type: "Join". */
#define CHAIN_TYPED_NAME 32
void chain_typed_name(char out[CHAIN_TYPED_NAME], enum chain_typed kind);
/* Replaces out by the JSON that eth_signTypedData_v4 takes: types, primaryType, domain, message. */
GALEN_MUST_CHECK enum galen_err chain_typed_message_json(struct base_buf *out,
                                                         const struct chain_domain *domain,
                                                         enum chain_typed kind, const void *message,
                                                         struct galen_errinfo *info);
/* personal_sign (EIP-191), as browser wallets sign a sign-in message (EIP-4361). */
void chain_digest_personal(uint8_t out32[32], const void *message, size_t len);

/* Beneath them: hashStruct of a flat struct with members of value types, bytes or string, and the
 * digest of a struct under a domain separator. */
void chain_typed_hash_struct(uint8_t out32[32], const char *type,
                             const struct chain_abi_type *tuple, const void *value);
void chain_typed_domain_separator(uint8_t out32[32], const char *name, const char *version,
                                  uint64_t chain_id, const struct chain_address *contract);
void chain_typed_digest(uint8_t out32[32], const uint8_t domain_separator32[32],
                        const uint8_t struct_hash32[32]);

/* ---- JSON-RPC
 * ----------------------------------------------------------------------------------------------------
 */

struct chain_rpc; /* one chain, by one or several endpoints; one thread at a time */
#define CHAIN_RPC_ENDPOINTS 8

/* Zero fields take the default. */
struct chain_rpc_options {
    /* Looks at an endpoint that was not asked before, through rpc, which is bound to it; an error
     * passes it over. NULL: any will do. */
    enum galen_err (*admit)(struct chain_rpc *rpc, void *context, struct galen_errinfo *info);
    void *admit_context;
    unsigned connect_timeout_ms; /* 5,000 */
    unsigned timeout_ms;         /* 20,000, for one request */
    size_t max_response_bytes;   /* 16 MiB */
    const struct chain_abi *abi; /* names custom errors in reverts; borrowed; may be NULL */
};

/*
 * http or https only; redirects are not followed; credentials and the path (it may hold an API key)
 * never appear in error texts. options may be NULL. USAGE: the URL. Errors of all requests:
 *   NETWORK     refused, timed out, HTTP status, not JSON, wrong id or shape
 *   LIMIT       the answer is larger than max_response_bytes; for logs also: the endpoint wants a
 *               smaller range
 *   REVERTED    the contract reverted, or the chain refuses the transaction; text has the reason
 *   FUNDS       the account cannot pay; the hint has balance and need
 *   NOT_FOUND   no such transaction, receipt (yet), block
 *   UNSUPPORTED the endpoint does not know the method
 */
GALEN_MUST_CHECK enum galen_err chain_rpc_new(struct chain_rpc **out, const char *url,
                                              const struct chain_rpc_options *options,
                                              struct galen_errinfo *info);
void chain_rpc_free(struct chain_rpc *rpc); /* NULL is fine */
/* One more endpoint of the same chain, asked when those before it cannot be had or are not
 * admitted. LIMIT after CHAIN_RPC_ENDPOINTS. */
GALEN_MUST_CHECK enum galen_err chain_rpc_add(struct chain_rpc *rpc, const char *url,
                                              struct galen_errinfo *info);
size_t chain_rpc_count(const struct chain_rpc *rpc);
/* Until unbound only this endpoint is asked. Whatever refuses to admit it. */
GALEN_MUST_CHECK enum galen_err chain_rpc_bind(struct chain_rpc *rpc, size_t endpoint,
                                               struct galen_errinfo *info);
void chain_rpc_unbind(struct chain_rpc *rpc);
void chain_rpc_auto_free(struct chain_rpc **rpc);
#define CHAIN_RPC_AUTO GALEN_CLEANUP(chain_rpc_auto_free) struct chain_rpc *

/* Why the last request on this handle was REVERTED; empty strings otherwise. */
struct chain_revert {
    char name[64]; /* custom error's name, "Error", "Panic", or empty */
    /* "Error: too late", "Panic 0x11: arithmetic overflow", "NotBuyer(caller: 0x…)",
     * "TooEarly(deadline: 1735689600 (2025-01-01T00:00:00Z))" */
    char reason[256];
};
const struct chain_revert *chain_rpc_last_revert(const struct chain_rpc *rpc);
/* The same from bare bytes (what a revert returned). abi may be NULL. */
void chain_revert_decode(struct chain_revert *out, const struct chain_abi *abi, const uint8_t *data,
                         size_t len);

/* Any method: params is a JSON array's text; result is replaced by the JSON text of the result. */
GALEN_MUST_CHECK enum galen_err chain_rpc_request(struct chain_rpc *rpc, struct base_buf *result,
                                                  const char *method, const char *params,
                                                  struct galen_errinfo *info);

/* Block arguments: a number, or one of these. */
#define CHAIN_BLOCK_LATEST    UINT64_MAX
#define CHAIN_BLOCK_PENDING   (UINT64_MAX - 1)
#define CHAIN_BLOCK_SAFE      (UINT64_MAX - 2)
#define CHAIN_BLOCK_FINALIZED (UINT64_MAX - 3)

GALEN_MUST_CHECK enum galen_err chain_rpc_chain_id(struct chain_rpc *rpc, uint64_t *out,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err chain_rpc_block_number(struct chain_rpc *rpc, uint64_t *out,
                                                       struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err chain_rpc_balance(struct chain_rpc *rpc, struct chain_u256 *out,
                                                  const struct chain_address *account,
                                                  struct galen_errinfo *info);
/* How many transactions the account has sent by then; with CHAIN_BLOCK_PENDING the next nonce. */
GALEN_MUST_CHECK enum galen_err chain_rpc_nonce(struct chain_rpc *rpc, uint64_t *out,
                                                const struct chain_address *account, uint64_t block,
                                                struct galen_errinfo *info);
/* Replaces out; empty when there is no contract (yet, at that block). */
GALEN_MUST_CHECK enum galen_err chain_rpc_code(struct chain_rpc *rpc, struct base_buf *out,
                                               const struct chain_address *account, uint64_t block,
                                               struct galen_errinfo *info);

/* What eth_call and eth_estimateGas are asked. from NULL = nobody; to NULL = deployment;
 * value NULL = 0. */
struct chain_call {
    const struct chain_address *from;
    const struct chain_address *to;
    const struct chain_u256 *value;
    struct base_view data;
};
/* Replaces out by what was returned. */
GALEN_MUST_CHECK enum galen_err chain_rpc_call(struct chain_rpc *rpc, struct base_buf *out,
                                               const struct chain_call *call, uint64_t block,
                                               struct galen_errinfo *info);
/* The state after the last block that all endpoints have, as two of them tell it alike; with one
 * endpoint alone the same as chain_rpc_call. NETWORK: fewer than two answer; CHECK: no two agree.
 */
GALEN_MUST_CHECK enum galen_err chain_rpc_call_agreed(struct chain_rpc *rpc, struct base_buf *out,
                                                      const struct chain_call *call,
                                                      struct galen_errinfo *info);
/* Without margin. */
GALEN_MUST_CHECK enum galen_err chain_rpc_estimate_gas(struct chain_rpc *rpc, uint64_t *gas,
                                                       const struct chain_call *call,
                                                       struct galen_errinfo *info);

enum chain_speed { CHAIN_SLOW, CHAIN_AVERAGE, CHAIN_FAST, CHAIN_SPEEDS };
struct chain_fees {
    struct chain_u256 base_fee; /* of the next block, per gas */
    struct chain_fee speed[CHAIN_SPEEDS];
};
/* From the last 20 blocks by eth_feeHistory. Priority fee: the median over the blocks that were not
 * empty of the 10th, 50th, 90th percentile, at least 0.001 gwei, rising; without any such block the
 * endpoint's eth_maxPriorityFeePerGas, or 1 gwei. max_fee = base fee · 5/4, 3/2, 2 + priority. */
GALEN_MUST_CHECK enum galen_err chain_rpc_fees(struct chain_rpc *rpc, struct chain_fees *out,
                                               struct galen_errinfo *info);
/* For replacing a stuck transaction: in each part the larger of `now` and old + 1/8, rounded up
 * (nodes want 10 %). LIMIT on overflow. */
GALEN_MUST_CHECK enum galen_err chain_fee_raise(struct chain_fee *out, const struct chain_fee *old,
                                                const struct chain_fee *now);

/* What became of a raw transaction. Only ACCEPTED and KNOWN mean that the node has it. */
enum chain_send_outcome {
    CHAIN_SEND_ACCEPTED,
    CHAIN_SEND_KNOWN,         /* the node had it already */
    CHAIN_SEND_NONCE_TOO_LOW, /* a transaction with this nonce is mined: this one, or another */
    CHAIN_SEND_UNDERPRICED,   /* fee too low, or too little more than the one it replaces */
};
/* OK with one of the outcomes; FUNDS, REVERTED (refused for another reason), NETWORK: unknown. */
GALEN_MUST_CHECK enum galen_err chain_rpc_send(struct chain_rpc *rpc,
                                               enum chain_send_outcome *outcome, const uint8_t *raw,
                                               size_t len, struct galen_errinfo *info);
/* NOT_FOUND while it is not mined. A reverted transaction has a receipt: look at succeeded. */
GALEN_MUST_CHECK enum galen_err chain_rpc_receipt(struct chain_rpc *rpc, struct chain_receipt *out,
                                                  const uint8_t tx_hash32[32],
                                                  struct galen_errinfo *info);
/* Polls until it is mined; NOT_FOUND after timeout_ms. NETWORK failures end it at once. */
GALEN_MUST_CHECK enum galen_err chain_rpc_wait_receipt(struct chain_rpc *rpc,
                                                       struct chain_receipt *out,
                                                       const uint8_t tx_hash32[32],
                                                       unsigned timeout_ms,
                                                       struct galen_errinfo *info);
/* Replays a mined transaction that failed on the state before its block; always fails: REVERTED
 * with the reason as far as it can be had, or why the question could not be asked. */
GALEN_MUST_CHECK enum galen_err
chain_rpc_explain(struct chain_rpc *rpc, const uint8_t tx_hash32[32], struct galen_errinfo *info);

/* A transaction as the node knows it, mined or pending. */
struct chain_tx_info {
    struct chain_address from;
    struct chain_address to; /* zero when is_create */
    bool is_create;
    uint64_t nonce, gas_limit;
    struct chain_u256 value;
    struct chain_fee fee; /* both parts the gas price where it is not EIP-1559's */
    bool is_mined;
    uint64_t block_number; /* when mined */
    struct base_buf input; /* owned */
};
void chain_tx_info_clear(struct chain_tx_info *tx);
GALEN_MUST_CHECK enum galen_err chain_rpc_transaction(struct chain_rpc *rpc,
                                                      struct chain_tx_info *out,
                                                      const uint8_t tx_hash32[32],
                                                      struct galen_errinfo *info);

/* The hash of the account's mined transaction with that nonce. NOT_FOUND: none is mined; NETWORK
 * also when the endpoint keeps no state of the blocks that are looked at. */
GALEN_MUST_CHECK enum galen_err chain_rpc_find_sent(struct chain_rpc *rpc, uint8_t hash32[32],
                                                    const struct chain_address *sender,
                                                    uint64_t nonce, struct galen_errinfo *info);

GALEN_MUST_CHECK enum galen_err chain_rpc_block(struct chain_rpc *rpc, struct chain_block *out,
                                                uint64_t block, struct galen_errinfo *info);

/* Logs of one contract. topics[i]: any of these at place i; n = 0 leaves the place open. */
struct chain_log_filter {
    struct chain_address contract;
    uint64_t from_block, to_block; /* inclusive */
    struct {
        const uint8_t (*any)[32];
        size_t n;
    } topics[4];
};
/* In order of block and log index, all from the contract and in the range (checked). Replaces out.
 */
GALEN_MUST_CHECK enum galen_err chain_rpc_logs(struct chain_rpc *rpc, struct chain_logs *out,
                                               const struct chain_log_filter *filter,
                                               struct galen_errinfo *info);

#endif
