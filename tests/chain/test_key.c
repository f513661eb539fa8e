/* Wallet keys, signatures, EIP-712 digests. */
#include "check.h"

#define ORDER       "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define COW_ADDRESS "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"

static void make_cow(struct chain_key *key)
{
    uint8_t secret[32];
    chain_keccak256(secret, "cow", 3);
    assert_int_equal(chain_key_from_bytes(key, secret, NULL), GALEN_OK);
}

static void test_keys(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    CHAIN_KEY_AUTO copy = {0};
    char text[CHAIN_ADDRESS_TEXT];
    make_cow(&key);
    chain_address_format(text, &key.address);
    assert_string_equal(text, COW_ADDRESS); /* EIP-712's example */

    uint8_t public33[CHAIN_PUBLIC_KEY_BYTES];
    struct chain_address address = {0};
    assert_int_equal(chain_key_public(&key, public33, NULL), GALEN_OK);
    assert_int_equal(chain_address_of_public_key(&address, public33, NULL), GALEN_OK);
    assert_true(chain_address_equal(&address, &key.address));
    assert_int_equal(chain_key_copy(&copy, &key, NULL), GALEN_OK);
    assert_memory_equal(copy.secret.data, key.secret.data, 32);

    assert_int_equal(chain_key_generate(&copy, NULL), GALEN_OK);
    assert_false(chain_address_equal(&copy.address, &key.address));

    /* What is no key leaves the old one in place: 0, the order, all ones. */
    static const char *const bad[] = {
        "0x0000000000000000000000000000000000000000000000000000000000000000", ORDER,
        "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t secret[32];
        from_hex(secret, 32, bad[i]);
        assert_int_equal(chain_key_from_bytes(&key, secret, NULL), GALEN_ERR_PARSE);
        assert_true(chain_address_equal(&address, &key.address));
    }
    chain_key_clear(&key);
    chain_key_clear(&key);
    chain_key_clear(NULL);
}

static void test_public_keys(void **state)
{
    struct chain_address address = {{1}};
    const uint8_t seed[32] = {1};
    uint8_t bad[4][33] = {{0}, {2}, {4}, {2}};
    memset(bad[3] + 1, 0xff, 32); /* x beyond the field; row 1: x = 0 is on no point */
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chain_address_of_public_key(&address, bad[i], NULL), GALEN_ERR_PARSE);
        assert_int_equal(chain_release_address(&address, bad[i], seed, NULL), GALEN_ERR_PARSE);
    }
    assert_int_equal(address.bytes[0], 1);
}

static void test_bad_signatures(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t digest[32] = {1}, good[65], order[32];
    struct chain_address signer = {{7}};
    bool valid = false;
    make_cow(&key);
    from_hex(order, 32, ORDER);
    assert_int_equal(chain_key_sign(&key, digest, good, NULL), GALEN_OK);
    chain_verify(&valid, &key.address, digest, good);
    assert_true(valid);

    uint8_t bad[7][65];
    for (size_t i = 0; i < COUNT(bad); i++)
        memcpy(bad[i], good, 65);
    bad[0][64] = 26;
    bad[1][64] = 29;
    bad[2][64] = 0;
    memset(bad[3], 0, 32);         /* r = 0 */
    memset(bad[4] + 32, 0, 32);    /* s = 0 */
    memcpy(bad[5], order, 32);     /* r = n */
    memset(bad[6] + 32, 0xff, 32); /* s beyond n */
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(chain_recover(&signer, digest, bad[i], NULL), GALEN_ERR_CHECK);
        chain_verify(&valid, &key.address, digest, bad[i]);
        assert_false(valid);
    }
    assert_int_equal(signer.bytes[0], 7);
    digest[31] ^= 1;
    chain_verify(&valid, &key.address, digest, good);
    assert_false(valid);
}

/* EIP-712's example, with the nested structs hashed first. */
static void test_eip712_example(void **state)
{
    static const struct chain_abi_type string_type = {CHAIN_ABI_STRING, 0,
                                                      sizeof(struct base_view)};
    static const struct chain_abi_type address_type = {CHAIN_ABI_ADDRESS, 0,
                                                       sizeof(struct chain_address)};
    static const struct chain_abi_type hash_type = {CHAIN_ABI_FIXED_BYTES, 32, 32};
    struct person {
        struct base_view name;
        struct chain_address wallet;
    };
    struct mail {
        uint8_t from[32], to[32];
        struct base_view contents;
    };
    static const struct chain_abi_field person_fields[] = {
        {"name", &string_type, offsetof(struct person, name)},
        {"wallet", &address_type, offsetof(struct person, wallet)}};
    static const struct chain_abi_field mail_fields[] = {
        {"from", &hash_type, offsetof(struct mail, from)},
        {"to", &hash_type, offsetof(struct mail, to)},
        {"contents", &string_type, offsetof(struct mail, contents)}};
    static const struct chain_abi_type person_type = {CHAIN_ABI_TUPLE, 2, sizeof(struct person),
                                                      NULL, person_fields};
    static const struct chain_abi_type mail_type = {CHAIN_ABI_TUPLE, 3, sizeof(struct mail), NULL,
                                                    mail_fields};

    struct person cow = {{(const uint8_t *)"Cow", 3}}, bob = {{(const uint8_t *)"Bob", 3}};
    struct mail mail = {.contents = {(const uint8_t *)"Hello, Bob!", 11}};
    struct chain_address contract;
    uint8_t separator[32], hash[32], digest[32];
    from_hex(cow.wallet.bytes, 20, COW_ADDRESS);
    from_hex(bob.wallet.bytes, 20, "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB");
    from_hex(contract.bytes, 20, "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC");
    static const char person[] = "Person(string name,address wallet)";
    chain_typed_hash_struct(mail.from, person, &person_type, &cow);
    chain_typed_hash_struct(mail.to, person, &person_type, &bob);
    chain_typed_hash_struct(hash,
                            "Mail(Person from,Person to,string contents)"
                            "Person(string name,address wallet)",
                            &mail_type, &mail);
    chain_typed_domain_separator(separator, "Ether Mail", "1", 1, &contract);
    chain_typed_digest(digest, separator, hash);
    assert_hex(separator, 32, "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    assert_hex(hash, 32, "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
    assert_hex(digest, 32, "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
}

static void test_domains_differ(void **state)
{
    struct chain_domain domains[3] = {{1, {{1}}}, {2, {{1}}}, {1, {{2}}}};
    struct chain_node_key message = {{{5}}, 6};
    uint8_t digests[3][32];
    for (size_t i = 0; i < 3; i++)
        chain_digest_node_key(digests[i], &domains[i], &message);
    assert_memory_not_equal(digests[0], digests[1], 32);
    assert_memory_not_equal(digests[0], digests[2], 32);
    assert_memory_not_equal(digests[1], digests[2], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),           cmocka_unit_test(test_public_keys),
        cmocka_unit_test(test_bad_signatures), cmocka_unit_test(test_eip712_example),
        cmocka_unit_test(test_domains_differ),
    };
    return cmocka_run_group_tests_name("chain keys", tests, start_base, NULL);
}
