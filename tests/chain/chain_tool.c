/* chain_tool: the operations that need no chain, and the loop. See chain_tool.h. */
#include "chain_tool.h"

#include <stdlib.h>
#include <string.h>

#include "chain/datahub_abi.h"
#include "probe_abi.h"

/* ---- requests and answers ------------------------------------------------------------------------ */

static void give_up(const char *what, const char *name)
{
    fprintf(stderr, "chain_tool: %s '%s'\n", what, name);
    exit(2);
}

bool tool_has(json_object *in, const char *name)
{
    return chain_json_member(in, name) != NULL;
}

const char *tool_text(json_object *in, const char *name)
{
    json_object *value = chain_json_member(in, name);
    if (!json_object_is_type(value, json_type_string))
        give_up("no text", name);
    return json_object_get_string(value);
}

struct chain_u256 tool_u256(json_object *in, const char *name)
{
    struct chain_u256 value;
    if (chain_u256_parse(&value, tool_text(in, name), NULL) != GALEN_OK)
        give_up("no number", name);
    return value;
}

uint64_t tool_u64(json_object *in, const char *name)
{
    struct chain_u256 wide = tool_u256(in, name);
    uint64_t value = 0;
    if (chain_u256_to_u64(&value, &wide) != GALEN_OK)
        give_up("too large", name);
    return value;
}

struct chain_address tool_address(json_object *in, const char *name)
{
    struct chain_address address;
    tool_bytes(address.bytes, sizeof address.bytes, in, name);
    return address;
}

void tool_bytes(uint8_t *out, size_t len, json_object *in, const char *name)
{
    if (base_hex_decode(out, len, tool_text(in, name), name, NULL) != GALEN_OK)
        give_up("not hex of that size", name);
}

struct base_buf tool_data(json_object *in, const char *name)
{
    struct base_buf data = {0};
    if (base_hex_decode_buf(&data, 1 << 24, tool_text(in, name), name, NULL) != GALEN_OK)
        give_up("not hex", name);
    return data;
}

static json_object *hex_json(const uint8_t *data, size_t len)
{
    BASE_BUF_AUTO text = {0};
    if (base_hex_append(&text, data, len) != GALEN_OK)
        exit(3);
    return json_object_new_string_len((const char *)text.data, (int)text.len);
}

void tool_add_text(json_object *out, const char *name, const char *text)
{
    json_object_object_add(out, name, json_object_new_string(text));
}

void tool_add_hex(json_object *out, const char *name, const uint8_t *data, size_t len)
{
    json_object_object_add(out, name, hex_json(data, len));
}

void tool_add_u256(json_object *out, const char *name, const struct chain_u256 *value)
{
    char text[CHAIN_U256_DECIMAL];
    chain_u256_format(text, value);
    tool_add_text(out, name, text);
}

void tool_add_u64(json_object *out, const char *name, uint64_t value)
{
    struct chain_u256 wide = chain_u256_from_u64(value);
    tool_add_u256(out, name, &wide);
}

void tool_add_bool(json_object *out, const char *name, bool value)
{
    json_object_object_add(out, name, json_object_new_boolean(value));
}

void tool_add_address(json_object *out, const char *name, const struct chain_address *address)
{
    char text[CHAIN_ADDRESS_TEXT];
    chain_address_format(text, address);
    tool_add_text(out, name, text);
}

json_object *tool_dump(const struct chain_abi_type *type, const void *value)
{
    char text[CHAIN_U256_DECIMAL];
    struct chain_u256 number;
    const struct base_view *view = value;
    switch (type->kind) {
    case CHAIN_ABI_UINT:
        if (chain_abi_encode_word(number.be, type, value, NULL) != GALEN_OK)
            give_up("uint too wide", "");
        chain_u256_format(text, &number);
        return json_object_new_string(text);
    case CHAIN_ABI_ADDRESS:
        chain_address_format(text, value);
        return json_object_new_string(text);
    case CHAIN_ABI_BOOL:
        return json_object_new_boolean(*(const bool *)value);
    case CHAIN_ABI_FIXED_BYTES:
        return hex_json(value, type->size);
    case CHAIN_ABI_BYTES:
        return hex_json(view->data, view->len);
    case CHAIN_ABI_STRING:
        return json_object_new_string_len((const char *)view->data, (int)view->len);
    default: {
        json_object *list = json_object_new_array();
        for (size_t i = 0; i < chain_abi_count(type, value); i++) {
            const struct chain_abi_type *part;
            const void *at = chain_abi_component(type, value, i, &part);
            json_object_array_add(list, tool_dump(part, at));
        }
        return list;
    }
    }
}

/* ---- operations ------------------------------------------------------------------------------------- */

static enum galen_err op_keccak(json_object *in, json_object *out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = tool_data(in, "data");
    uint8_t hash[32];
    chain_keccak256(hash, data.data, data.len);
    tool_add_hex(out, "hash", hash, 32);
    return GALEN_OK;
}

static enum galen_err op_address(json_object *in, json_object *out, struct galen_errinfo *info)
{
    struct chain_address address, created;
    GALEN_TRY(chain_address_parse(&address, tool_text(in, "text"), info));
    tool_add_address(out, "address", &address);
    if (tool_has(in, "nonce")) {
        GALEN_TRY(chain_address_of_create(&created, &address, tool_u64(in, "nonce")));
        tool_add_address(out, "created", &created);
    }
    return GALEN_OK;
}

static enum galen_err op_amount(json_object *in, json_object *out, struct galen_errinfo *info)
{
    char text[CHAIN_AMOUNT_TEXT];
    struct chain_u256 wei;
    unsigned decimals = (unsigned)tool_u64(in, "decimals");
    GALEN_TRY(chain_amount_parse(&wei, tool_text(in, "text"), decimals, info));
    tool_add_u256(out, "wei", &wei);
    chain_amount_format(text, &wei, decimals);
    tool_add_text(out, "text", text);
    return GALEN_OK;
}

/* Both operands, and what each operation makes of them; what overflows is left out. */
static enum galen_err op_arithmetic(json_object *in, json_object *out, struct galen_errinfo *info)
{
    struct chain_u256 a = tool_u256(in, "a"), b = tool_u256(in, "b"), result;
    uint64_t small = tool_u64(in, "small");
    if (chain_u256_add(&result, &a, &b) == GALEN_OK)
        tool_add_u256(out, "sum", &result);
    if (chain_u256_sub(&result, &a, &b) == GALEN_OK)
        tool_add_u256(out, "difference", &result);
    if (chain_u256_mul_u64(&result, &a, small) == GALEN_OK)
        tool_add_u256(out, "product", &result);
    tool_add_u64(out, "remainder", chain_u256_div_u64(&result, &a, small));
    tool_add_u256(out, "quotient", &result);
    tool_add_bool(out, "less", chain_u256_compare(&a, &b) < 0);
    return GALEN_OK;
}

static enum galen_err read_key(struct chain_key *key, json_object *in, struct galen_errinfo *info)
{
    uint8_t secret[32];
    tool_bytes(secret, 32, in, "secret");
    return chain_key_from_bytes(key, secret, info);
}

static enum galen_err op_key(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t public33[CHAIN_PUBLIC_KEY_BYTES];
    GALEN_TRY(read_key(&key, in, info));
    GALEN_TRY(chain_key_public(&key, public33, info));
    tool_add_address(out, "address", &key.address);
    tool_add_hex(out, "public", public33, sizeof public33);
    return GALEN_OK;
}

static enum galen_err op_sign(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t digest[32], sig[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(read_key(&key, in, info));
    tool_bytes(digest, 32, in, "digest");
    GALEN_TRY(chain_key_sign(&key, digest, sig, info));
    tool_add_hex(out, "signature", sig, sizeof sig);
    return GALEN_OK;
}

static enum galen_err op_recover(json_object *in, json_object *out, struct galen_errinfo *info)
{
    uint8_t digest[32], sig[CHAIN_SIGNATURE_BYTES];
    struct chain_address signer;
    tool_bytes(digest, 32, in, "digest");
    tool_bytes(sig, sizeof sig, in, "signature");
    GALEN_TRY(chain_recover(&signer, digest, sig, info));
    tool_add_address(out, "signer", &signer);
    return GALEN_OK;
}

static enum galen_err op_release(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO sale = {0};
    CHAIN_KEY_AUTO release = {0};
    uint8_t public33[CHAIN_PUBLIC_KEY_BYTES], seed[32];
    struct chain_address address;
    GALEN_TRY(read_key(&sale, in, info));
    tool_bytes(seed, 32, in, "seed");
    GALEN_TRY(chain_key_public(&sale, public33, info));
    GALEN_TRY(chain_release_address(&address, public33, seed, info));
    GALEN_TRY(chain_release_key(&release, &sale, seed, info));
    tool_add_address(out, "from_public", &address);
    tool_add_address(out, "from_secret", &release.address);
    return GALEN_OK;
}

static enum galen_err op_tx(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO data = tool_data(in, "data");
    BASE_BUF_AUTO raw = {0};
    uint8_t hash[32], parsed_hash[32];
    struct chain_address sender;
    struct chain_tx parsed, tx = {
                                .chain_id = tool_u64(in, "chainId"),
                                .nonce = tool_u64(in, "nonce"),
                                .fee = {tool_u256(in, "maxFee"), tool_u256(in, "priorityFee")},
                                .gas_limit = tool_u64(in, "gasLimit"),
                                .is_create = !tool_has(in, "to"),
                                .value = tool_u256(in, "value"),
                                .data = {data.data, data.len},
                            };
    if (!tx.is_create)
        tx.to = tool_address(in, "to");
    GALEN_TRY(read_key(&key, in, info));
    GALEN_TRY(chain_tx_sign(&raw, hash, &tx, &key, info));
    GALEN_TRY(chain_tx_parse(&parsed, &sender, parsed_hash, raw.data, raw.len, info));
    tool_add_hex(out, "raw", raw.data, raw.len);
    tool_add_hex(out, "hash", hash, 32);
    tool_add_address(out, "sender", &sender);
    bool same = memcmp(hash, parsed_hash, 32) == 0 && parsed.chain_id == tx.chain_id &&
                parsed.nonce == tx.nonce && memcmp(&parsed.fee, &tx.fee, sizeof tx.fee) == 0 &&
                parsed.gas_limit == tx.gas_limit && parsed.is_create == tx.is_create &&
                chain_address_equal(&parsed.to, &tx.to) &&
                chain_u256_compare(&parsed.value, &tx.value) == 0 &&
                parsed.data.len == tx.data.len &&
                (data.len == 0 || memcmp(parsed.data.data, data.data, data.len) == 0);
    tool_add_bool(out, "parsed_same", same);
    return GALEN_OK;
}

static enum galen_err op_parse_tx(json_object *in, json_object *out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO raw = tool_data(in, "raw");
    struct chain_tx tx;
    struct chain_address sender;
    GALEN_TRY(chain_tx_parse(&tx, &sender, NULL, raw.data, raw.len, info));
    tool_add_address(out, "sender", &sender);
    return GALEN_OK;
}

static void digest_of(uint8_t digest[32], const char *type, const struct chain_domain *domain,
                      json_object *m)
{
    if (strcmp(type, "Join") == 0) {
        struct chain_join message;
        tool_bytes(message.fingerprint, 32, m, "fingerprint");
        tool_bytes(message.nonce, 32, m, "nonce");
        tool_bytes(message.statement_hash, 32, m, "statementHash");
        tool_bytes(message.request_hash, 32, m, "requestHash");
        chain_digest_join(digest, domain, &message);
    } else if (strcmp(type, "ShareConsent") == 0) {
        struct chain_share_consent message = {.request_id = tool_u256(m, "requestId"),
                                              .payout = tool_address(m, "payout"),
                                              .min_payout = tool_u256(m, "minPayout")};
        tool_bytes(message.release_root, 32, m, "releaseRoot");
        tool_bytes(message.bundle_digest, 32, m, "bundleDigest");
        chain_digest_share_consent(digest, domain, &message);
    } else if (strcmp(type, "RegistryHead") == 0) {
        struct chain_registry_head message = {.key_version = (uint32_t)tool_u64(m, "keyVersion"),
                                              .size = tool_u64(m, "size")};
        tool_bytes(message.head, 32, m, "head");
        chain_digest_registry_head(digest, domain, &message);
    } else if (strcmp(type, "RevocationList") == 0) {
        struct chain_revocation_list message = {.version = tool_u64(m, "version")};
        tool_bytes(message.digest, 32, m, "digest");
        chain_digest_revocation_list(digest, domain, &message);
    } else if (strcmp(type, "Profile") == 0) {
        struct chain_profile message = {.owner = tool_address(m, "owner"),
                                        .nonce = tool_u64(m, "nonce"),
                                        .expiry = tool_u64(m, "expiry")};
        tool_bytes(message.profile_cid, 32, m, "profileCid");
        chain_digest_profile(digest, domain, &message);
    } else if (strcmp(type, "InboxMessage") == 0) {
        const char *kind = tool_text(m, "kind");
        struct chain_inbox_message message = {.recipient = tool_address(m, "recipient"),
                                              .kind = {(const uint8_t *)kind, strlen(kind)},
                                              .expiry = tool_u64(m, "expiry")};
        tool_bytes(message.id, 32, m, "id");
        tool_bytes(message.body_hash, 32, m, "bodyHash");
        chain_digest_inbox_message(digest, domain, &message);
    } else if (strcmp(type, "NodeKey") == 0) {
        struct chain_node_key message = {.key = tool_address(m, "key"),
                                         .expiry = tool_u64(m, "expiry")};
        chain_digest_node_key(digest, domain, &message);
    } else {
        give_up("no message type", type);
    }
}

static enum galen_err op_digest(json_object *in, json_object *out, struct galen_errinfo *info)
{
    uint8_t digest[32];
    struct chain_domain domain = {tool_u64(in, "chainId"), tool_address(in, "contract")};
    digest_of(digest, tool_text(in, "type"), &domain, chain_json_member(in, "message"));
    tool_add_hex(out, "digest", digest, 32);
    return GALEN_OK;
}

static enum galen_err op_personal(json_object *in, json_object *out, struct galen_errinfo *info)
{
    uint8_t digest[32];
    BASE_BUF_AUTO message = tool_data(in, "message");
    chain_digest_personal(digest, message.data, message.len);
    tool_add_hex(out, "digest", digest, 32);
    return GALEN_OK;
}

static enum galen_err op_export(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO json = {0};
    const char *password = tool_text(in, "password");
    struct chain_keystore_cost cost = {(uint32_t)tool_u64(in, "n"), (uint32_t)tool_u64(in, "r"),
                                       (uint32_t)tool_u64(in, "p")};
    GALEN_TRY(read_key(&key, in, info));
    GALEN_TRY(chain_keystore_export(&json, &key, password, strlen(password), cost, info));
    tool_add_text(out, "json", (const char *)json.data);
    return GALEN_OK;
}

static enum galen_err op_import(json_object *in, json_object *out, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO key = {0};
    const char *json = tool_text(in, "json"), *password = tool_text(in, "password");
    GALEN_TRY(chain_keystore_import(&key, json, strlen(json), password, strlen(password), info));
    tool_add_hex(out, "secret", key.secret.data, key.secret.len);
    return GALEN_OK;
}

/* Items as JSON, and again as bytes, so that both directions are seen. */
static enum galen_err walk_rlp(json_object *list, struct base_buf *again, struct base_view rest,
                               unsigned depth, struct galen_errinfo *info)
{
    while (rest.len > 0) {
        struct chain_rlp_item item;
        GALEN_TRY(chain_rlp_next(&item, &rest, info));
        if (!item.is_list) {
            json_object_array_add(list, hex_json(item.payload.data, item.payload.len));
            GALEN_TRY(chain_rlp_append_bytes(again, item.payload.data, item.payload.len));
            continue;
        }
        BASE_BUF_AUTO inner = {0};
        json_object *inner_list = json_object_new_array();
        json_object_array_add(list, inner_list);
        if (depth == 0)
            return base_fail(info, GALEN_ERR_LIMIT, "nested too deep");
        GALEN_TRY(walk_rlp(inner_list, &inner, item.payload, depth - 1, info));
        GALEN_TRY(chain_rlp_append_list(again, inner.data, inner.len));
    }
    return GALEN_OK;
}

static enum galen_err op_rlp(json_object *in, json_object *out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = tool_data(in, "data");
    BASE_BUF_AUTO again = {0};
    json_object *list = json_object_new_array();
    json_object_object_add(out, "items", list);
    GALEN_TRY(walk_rlp(list, &again, (struct base_view){data.data, data.len}, 32, info));
    tool_add_hex(out, "again", again.data, again.len);
    return GALEN_OK;
}

static const struct chain_abi *abi_named(const char *name)
{
    return strcmp(name, "datahub") == 0 ? &datahub_abi : &probe_abi;
}

/* Arguments or results of a function: as JSON, and encoded again. */
static enum galen_err op_abi(json_object *in, json_object *out, struct galen_errinfo *info)
{
    const struct chain_abi *abi = abi_named(tool_text(in, "contract"));
    const struct chain_abi_function *function = NULL;
    for (size_t i = 0; i < abi->n_functions; i++)
        if (strcmp(abi->functions[i].signature, tool_text(in, "signature")) == 0)
            function = &abi->functions[i];
    if (function == NULL)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such function");
    bool inputs = strcmp(tool_text(in, "side"), "inputs") == 0;
    const struct chain_abi_type *type = inputs ? function->inputs : function->outputs;
    BASE_BUF_AUTO data = tool_data(in, "data");
    BASE_BUF_AUTO again = {0};
    CHAIN_MEM_AUTO mem = {0};
    void *value = calloc(1, type->c_size + 1);
    enum galen_err err = chain_abi_decode(value, &mem, type, data.data, data.len, info);
    if (err == GALEN_OK) {
        json_object_object_add(out, "value", tool_dump(type, value));
        err = chain_abi_encode_call(&again, function->selector, type, value, info);
    }
    if (err == GALEN_OK)
        tool_add_hex(out, "call", again.data, again.len);
    free(value);
    return err;
}

static enum galen_err op_event(json_object *in, json_object *out, struct galen_errinfo *info)
{
    const struct chain_abi *abi = abi_named(tool_text(in, "contract"));
    CHAIN_MEM_AUTO mem = {0};
    BASE_BUF_AUTO data = tool_data(in, "data");
    json_object *topics = chain_json_member(in, "topics");
    struct chain_log log = {.data = {data.data, data.len}};
    for (; log.n_topics < json_object_array_length(topics); log.n_topics++)
        GALEN_TRY(chain_json_bytes(log.topics[log.n_topics], 32,
                                   json_object_array_get_idx(topics, log.n_topics), "topic", info));
    const struct chain_abi_event *event = chain_log_find_event(abi, &log);
    if (event == NULL)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such event");
    void *value = calloc(1, event->c_size);
    enum galen_err err = chain_log_decode(value, &mem, event, &log, info);
    if (err == GALEN_OK) {
        tool_add_text(out, "name", event->name);
        json_object_object_add(out, "indexed", tool_dump(event->indexed, value));
        json_object_object_add(out, "data", tool_dump(event->data, value));
    }
    free(value);
    return err;
}

static enum galen_err op_revert(json_object *in, json_object *out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = tool_data(in, "data");
    struct chain_revert revert;
    chain_revert_decode(&revert, abi_named(tool_text(in, "contract")), data.data, data.len);
    tool_add_text(out, "name", revert.name);
    tool_add_text(out, "reason", revert.reason);
    return GALEN_OK;
}

static const struct tool_op ops[] = {
    {"keccak", op_keccak},   {"address", op_address},
    {"amount", op_amount},   {"arithmetic", op_arithmetic},
    {"key", op_key},         {"sign", op_sign},
    {"recover", op_recover}, {"release", op_release},
    {"tx", op_tx},           {"parse_tx", op_parse_tx},
    {"digest", op_digest},   {"personal", op_personal},
    {"export", op_export},   {"import", op_import},
    {"rlp", op_rlp},         {"abi", op_abi},
    {"event", op_event},     {"revert", op_revert},
};

static const struct tool_op *find_op(const char *name)
{
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    for (size_t i = 0; i < tool_n_rpc_ops; i++)
        if (strcmp(tool_rpc_ops[i].name, name) == 0)
            return &tool_rpc_ops[i];
    give_up("no operation", name);
    return NULL;
}

static void answer(const char *line, size_t len)
{
    CHAIN_JSON_AUTO in = NULL;
    CHAIN_JSON_AUTO out = json_object_new_object();
    struct galen_errinfo info = {0};
    if (chain_json_parse(&in, line, len) != GALEN_OK)
        give_up("not JSON", line);
    enum galen_err err = find_op(tool_text(in, "op"))->run(in, out, &info);
    if (err != GALEN_OK) {
        json_object_put(out);
        out = json_object_new_object();
        tool_add_text(out, "error", galen_err_name(err));
        tool_add_text(out, "what", info.what);
        tool_add_text(out, "hint", info.hint);
    }
    puts(json_object_to_json_string_ext(out,
                                        JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    fflush(stdout);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    if (base_init(NULL) != GALEN_OK)
        return 3;
    while ((len = getline(&line, &cap, stdin)) > 0)
        answer(line, (size_t)len - 1);
    free(line);
    return 0;
}
