/* EIP-712: the domain and the message types of Galen (design: messages), and EIP-191 texts. */
#include <string.h>

#include "chain/internal.h"

enum { FIELDS_MAX = 15 };

static void hash_text(uint8_t out32[32], const char *text)
{
    chain_keccak256(out32, text, strlen(text));
}

void chain_typed_hash_struct(uint8_t out32[32], const char *type,
                             const struct chain_abi_type *tuple, const void *value)
{
    uint8_t words[1 + FIELDS_MAX][32];
    GALEN_ASSERT(tuple->kind == CHAIN_ABI_TUPLE && tuple->size <= FIELDS_MAX);
    hash_text(words[0], type);
    for (size_t i = 0; i < tuple->size; i++) {
        const struct chain_abi_type *part;
        const void *at = chain_abi_component(tuple, value, i, &part);
        if (part->kind == CHAIN_ABI_BYTES || part->kind == CHAIN_ABI_STRING) {
            const struct base_view *view = at;
            chain_keccak256(words[1 + i], view->data, view->len);
        } else {
            enum galen_err err = chain_abi_encode_word(words[1 + i], part, at, NULL);
            GALEN_ASSERT(err == GALEN_OK);
        }
    }
    chain_keccak256(out32, words, 32 * (1 + tuple->size));
}

void chain_typed_domain_separator(uint8_t out32[32], const char *name, const char *version,
                                  uint64_t chain_id, const struct chain_address *contract)
{
    struct chain_u256 id = chain_u256_from_u64(chain_id);
    uint8_t words[5][32] = {0};
    hash_text(words[0], "EIP712Domain(string name,string version,uint256 chainId,"
                        "address verifyingContract)");
    hash_text(words[1], name);
    hash_text(words[2], version);
    memcpy(words[3], id.be, 32);
    memcpy(words[4] + 12, contract->bytes, sizeof contract->bytes);
    chain_keccak256(out32, words, sizeof words);
}

void chain_typed_digest(uint8_t out32[32], const uint8_t domain_separator32[32],
                        const uint8_t struct_hash32[32])
{
    uint8_t bytes[66] = {0x19, 0x01};
    memcpy(bytes + 2, domain_separator32, 32);
    memcpy(bytes + 34, struct_hash32, 32);
    chain_keccak256(out32, bytes, sizeof bytes);
}

/* A message's type, and how its members lie in its struct. */
struct typed {
    const char *type;
    const struct chain_abi_type *tuple;
};

static void digest(uint8_t out32[32], const struct chain_domain *domain, const struct typed *typed,
                   const void *message)
{
    uint8_t separator[32], hash[32];
    chain_typed_domain_separator(separator, "Galen", "1", domain->chain_id, &domain->contract);
    chain_typed_hash_struct(hash, typed->type, typed->tuple, message);
    chain_typed_digest(out32, separator, hash);
}

static const struct chain_abi_type uint32_type = {CHAIN_ABI_UINT, 32, sizeof(uint32_t)};
static const struct chain_abi_type uint64_type = {CHAIN_ABI_UINT, 64, sizeof(uint64_t)};
static const struct chain_abi_type uint256_type = {CHAIN_ABI_UINT, 256, sizeof(struct chain_u256)};
static const struct chain_abi_type address_type = {CHAIN_ABI_ADDRESS, 0,
                                                   sizeof(struct chain_address)};
static const struct chain_abi_type bytes32_type = {CHAIN_ABI_FIXED_BYTES, 32, 32};
static const struct chain_abi_type string_type = {CHAIN_ABI_STRING, 0, sizeof(struct base_view)};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* `type`, whose members lie in struct chain_NOUN as the list of fields says. */
#define MESSAGE(noun, signature, ...)                                                              \
    static const struct typed *typed_##noun(void)                                                  \
    {                                                                                              \
        typedef struct chain_##noun message_type;                                                  \
        static const struct chain_abi_field fields[] = {__VA_ARGS__};                              \
        static const struct chain_abi_type tuple = {CHAIN_ABI_TUPLE, COUNT(fields),                \
                                                    sizeof(message_type), NULL, fields};           \
        static const struct typed typed = {signature, &tuple};                                     \
        return &typed;                                                                             \
    }                                                                                              \
    void chain_digest_##noun(uint8_t out32[32], const struct chain_domain *domain,                 \
                             const struct chain_##noun *message)                                   \
    {                                                                                              \
        digest(out32, domain, typed_##noun(), message);                                            \
    }
#define FIELD(abi, member)                                                                         \
    {                                                                                              \
#member, &abi##_type, offsetof(message_type, member)                                       \
    }

MESSAGE(join, "Join(bytes32 fingerprint,bytes32 nonce,bytes32 statementHash,bytes32 requestHash)",
        FIELD(bytes32, fingerprint), FIELD(bytes32, nonce), FIELD(bytes32, statement_hash),
        FIELD(bytes32, request_hash))

MESSAGE(share_consent,
        "ShareConsent(uint256 requestId,bytes32 releaseRoot,bytes32 bundleDigest,address payout,"
        "uint256 minPayout)",
        FIELD(uint256, request_id), FIELD(bytes32, release_root), FIELD(bytes32, bundle_digest),
        FIELD(address, payout), FIELD(uint256, min_payout))

MESSAGE(registry_head, "RegistryHead(uint32 keyVersion,uint64 size,bytes32 head)",
        FIELD(uint32, key_version), FIELD(uint64, size), FIELD(bytes32, head))

MESSAGE(revocation_list, "RevocationList(uint64 version,bytes32 digest)", FIELD(uint64, version),
        FIELD(bytes32, digest))

MESSAGE(profile, "Profile(address owner,bytes32 profileCid,uint64 nonce,uint64 expiry)",
        FIELD(address, owner), FIELD(bytes32, profile_cid), FIELD(uint64, nonce),
        FIELD(uint64, expiry))

MESSAGE(inbox_message,
        "InboxMessage(address recipient,string kind,bytes32 id,uint64 expiry,bytes32 bodyHash)",
        FIELD(address, recipient), FIELD(string, kind), FIELD(bytes32, id), FIELD(uint64, expiry),
        FIELD(bytes32, body_hash))

MESSAGE(node_key, "NodeKey(address key,uint64 expiry)", FIELD(address, key), FIELD(uint64, expiry))

/* ---- for a wallet ------------------------------------------------------------------------------- */

static const struct typed *typed_of(enum chain_typed kind)
{
    switch (kind) {
    case CHAIN_TYPED_JOIN:
        return typed_join();
    case CHAIN_TYPED_REGISTRY_HEAD:
        return typed_registry_head();
    case CHAIN_TYPED_REVOCATION_LIST:
        return typed_revocation_list();
    case CHAIN_TYPED_PROFILE:
        return typed_profile();
    case CHAIN_TYPED_NODE_KEY:
        return typed_node_key();
    }
    GALEN_ASSERT(false); /* a kind that is none */
    return NULL;
}

void chain_typed_message_digest(uint8_t out32[32], const struct chain_domain *domain,
                                enum chain_typed kind, const void *message)
{
    digest(out32, domain, typed_of(kind), message);
}

void chain_typed_name(char out[CHAIN_TYPED_NAME], enum chain_typed kind)
{
    const char *type = typed_of(kind)->type;
    snprintf(out, CHAIN_TYPED_NAME, "%.*s", (int)strcspn(type, "("), type);
}

/* The next "type name" of a signature's list; at moves on. */
static void next_member(const char **at, char type[16], char name[32])
{
    const size_t type_len = strcspn(*at, " ");
    const size_t name_len = strcspn(*at + type_len + 1, ",)");
    GALEN_ASSERT(type_len < 16 && name_len < 32);
    snprintf(type, 16, "%.*s", (int)type_len, *at);
    snprintf(name, 32, "%.*s", (int)name_len, *at + type_len + 1);
    *at += type_len + 1 + name_len + 1;
}

/* Numbers as decimal text: JavaScript has none of 64 bits. */
static enum galen_err append_value(struct base_buf *out, const struct chain_abi_type *type,
                                   const void *at)
{
    uint8_t word[32];
    if (type->kind == CHAIN_ABI_ADDRESS) {
        char text[CHAIN_ADDRESS_TEXT];
        chain_address_format(text, at);
        return base_buf_printf(out, "\"%s\"", text);
    }
    enum galen_err err = chain_abi_encode_word(word, type, at, NULL);
    GALEN_ASSERT(err == GALEN_OK);
    if (type->kind == CHAIN_ABI_FIXED_BYTES) {
        GALEN_TRY(base_buf_append_text(out, "\""));
        GALEN_TRY(base_hex_append(out, word, type->size));
        return base_buf_append_text(out, "\"");
    }
    GALEN_ASSERT(type->kind == CHAIN_ABI_UINT);
    struct chain_u256 number;
    char text[CHAIN_U256_DECIMAL];
    memcpy(number.be, word, sizeof number.be);
    chain_u256_format(text, &number);
    return base_buf_printf(out, "\"%s\"", text);
}

static enum galen_err append_typed(struct base_buf *out, const struct chain_domain *domain,
                                   enum chain_typed kind, const void *message)
{
    const struct typed *typed = typed_of(kind);
    char primary[CHAIN_TYPED_NAME], type[16], name[32], contract[CHAIN_ADDRESS_TEXT];
    const char *at = strchr(typed->type, '(') + 1;
    chain_typed_name(primary, kind);
    chain_address_format(contract, &domain->contract);
    GALEN_TRY(base_buf_printf(
        out,
        "{\"types\":{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},"
        "{\"name\":\"version\",\"type\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint256\"},"
        "{\"name\":\"verifyingContract\",\"type\":\"address\"}],\"%s\":[",
        primary));
    for (size_t i = 0; i < typed->tuple->size; i++) {
        next_member(&at, type, name);
        GALEN_TRY(base_buf_printf(out, "%s{\"name\":\"%s\",\"type\":\"%s\"}", i > 0 ? "," : "",
                                  name, type));
    }
    GALEN_TRY(base_buf_printf(out,
                              "]},\"primaryType\":\"%s\",\"domain\":{\"name\":\"Galen\","
                              "\"version\":\"1\",\"chainId\":%llu,\"verifyingContract\":\"%s\"},"
                              "\"message\":{",
                              primary, (unsigned long long)domain->chain_id, contract));
    at = strchr(typed->type, '(') + 1;
    for (size_t i = 0; i < typed->tuple->size; i++) {
        const struct chain_abi_type *part;
        const void *value = chain_abi_component(typed->tuple, message, i, &part);
        next_member(&at, type, name);
        GALEN_TRY(base_buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", name));
        GALEN_TRY(append_value(out, part, value));
    }
    return base_buf_append_text(out, "}}");
}

enum galen_err chain_typed_message_json(struct base_buf *out, const struct chain_domain *domain,
                                        enum chain_typed kind, const void *message,
                                        struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    if (append_typed(&text, domain, kind, message) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    base_buf_move(out, &text);
    return GALEN_OK;
}

void chain_digest_personal(uint8_t out32[32], const void *message, size_t len)
{
    /* Keccak has no streaming form here; hash prefix and message from one buffer. */
    BASE_BUF_AUTO bytes = {0};
    enum galen_err err = base_buf_printf(&bytes,
                                         "\x19"
                                         "Ethereum Signed Message:\n%zu",
                                         len);
    if (err == GALEN_OK)
        err = base_buf_append(&bytes, message, len);
    GALEN_ASSERT(err == GALEN_OK);
    chain_keccak256(out32, bytes.data, bytes.len);
}
