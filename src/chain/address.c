/* Addresses: EIP-55 texts, and where a created contract lands. */
#include <string.h>

#include "chain/chain.h"

void chain_address_format(char out[CHAIN_ADDRESS_TEXT], const struct chain_address *address)
{
    /* EIP-55: a letter is a capital where the nibble of the hash of the lower-case digits is ≥ 8.
     */
    uint8_t hash[32];
    memcpy(out, "0x", 2);
    base_hex_encode(out + 2, address->bytes, sizeof address->bytes);
    chain_keccak256(hash, out + 2, 40);
    for (size_t i = 0; i < 40; i++) {
        unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
        char *digit = out + 2 + i;
        if (*digit >= 'a' && nibble >= 8)
            *digit = (char)(*digit - 'a' + 'A');
    }
}

enum galen_err chain_address_parse(struct chain_address *out, const char *text,
                                   struct galen_errinfo *info)
{
    struct chain_address address;
    if (strlen(text) != CHAIN_ADDRESS_TEXT - 1 || text[0] != '0' || text[1] != 'x' ||
        base_hex_decode(address.bytes, sizeof address.bytes, text, "address", NULL) != GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "an address is 0x and 40 hexadecimal digits");

    bool has_lower = strpbrk(text + 2, "abcdef") != NULL;
    bool has_upper = strpbrk(text + 2, "ABCDEF") != NULL;
    char expected[CHAIN_ADDRESS_TEXT];
    chain_address_format(expected, &address);
    if (has_lower && has_upper && strcmp(text, expected) != 0) {
        (void)base_fail(info, GALEN_ERR_USAGE, "the address's checksum (EIP-55) is wrong");
        (void)base_hint(info, "one of its characters is mistyped; copy it again");
        return GALEN_ERR_USAGE;
    }
    *out = address;
    return GALEN_OK;
}

bool chain_address_equal(const struct chain_address *a, const struct chain_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool chain_address_is_zero(const struct chain_address *address)
{
    static const struct chain_address zero;
    return chain_address_equal(address, &zero);
}

enum galen_err chain_address_of_create(struct chain_address *out, const struct chain_address *from,
                                       uint64_t nonce)
{
    BASE_BUF_AUTO items = {0};
    BASE_BUF_AUTO list = {0};
    GALEN_TRY(chain_rlp_append_bytes(&items, from->bytes, sizeof from->bytes));
    GALEN_TRY(chain_rlp_append_u64(&items, nonce));
    GALEN_TRY(chain_rlp_append_list(&list, items.data, items.len));
    uint8_t hash[32];
    chain_keccak256(hash, list.data, list.len);
    memcpy(out->bytes, hash + 12, sizeof out->bytes);
    return GALEN_OK;
}
