/* RLP and EIP-1559 transactions: Ethereum's vectors, and every way to be malformed. */
#include "check.h"

static void test_rlp_encode(void **state)
{
    /* ethereum.org, "Recursive-length prefix serialization": examples. */
    static const char lorem[] = "Lorem ipsum dolor sit amet, consectetur adipisicing elit";
    BASE_BUF_AUTO out = {0};
    BASE_BUF_AUTO list = {0};
    assert_int_equal(chain_rlp_append_bytes(&out, "dog", 3), GALEN_OK);
    assert_int_equal(chain_rlp_append_bytes(&out, "", 0), GALEN_OK);
    assert_int_equal(chain_rlp_append_u64(&out, 0), GALEN_OK);
    assert_int_equal(chain_rlp_append_bytes(&out, "\0", 1), GALEN_OK);
    assert_int_equal(chain_rlp_append_u64(&out, 15), GALEN_OK);
    assert_int_equal(chain_rlp_append_u64(&out, 1024), GALEN_OK);
    assert_int_equal(chain_rlp_append_list(&out, NULL, 0), GALEN_OK);
    assert_hex(out.data, out.len, "0x83646f678080000f820400c0");
    assert_int_equal(chain_rlp_append_bytes(&list, "cat", 3), GALEN_OK);
    assert_int_equal(chain_rlp_append_bytes(&list, "dog", 3), GALEN_OK);
    base_buf_clear(&out);
    assert_int_equal(chain_rlp_append_list(&out, list.data, list.len), GALEN_OK);
    assert_hex(out.data, out.len, "0xc88363617483646f67");
    base_buf_clear(&out);
    assert_int_equal(chain_rlp_append_bytes(&out, lorem, sizeof lorem - 1), GALEN_OK);
    assert_memory_equal(out.data, "\xb8\x38Lorem ipsum", 13);
}

static void test_rlp_refused(void **state)
{
    /* As in Ethereum's invalidRLPTest.json: truncated, or not the shortest form. */
    static const char *const rows[] = {
        "",
        "0x8100",
        "0x817f",
        "0x81",
        "0x8261",
        "0xb800",
        "0xb837",
        "0xb80000",
        "0xb90038",
        "0xb8",
        "0xb9",
        "0xb900",
        "0xc1",
        "0xc283",
        "0xf800",
        "0xf837",
        "0xf8",
        "0xf90040",
        "0xbfffffffffffffffff",
        "0xffffffffffffffffff",
        "0xbf0f000000000000021111",
        "0xff0f000000000000021111",
        "0xb8376c6f7265",
        "0xbaffffff",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        BASE_BUF_AUTO data = {0};
        append_hex(&data, rows[i]);
        struct base_view rest = {data.data, data.len};
        struct chain_rlp_item item = {.payload = {NULL, 77}};
        enum galen_err err = chain_rlp_next(&item, &rest, NULL);
        assert_int_equal(err, GALEN_ERR_PARSE);
        assert_int_equal(item.payload.len, 77);
        assert_int_equal(rest.len, data.len);
    }
}

static void test_rlp_integers(void **state)
{
    static const char *const bad[] = {
        "0x00",
        "0x820001",
        "0xc0",
        "0xc101",
        "0x89010000000000000000",
        "0x8100",
        "0xa1010000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        BASE_BUF_AUTO data = {0};
        append_hex(&data, bad[i]);
        struct base_view rest = {data.data, data.len};
        uint64_t value = 9;
        assert_int_equal(chain_rlp_next_u64(&value, &rest, NULL), GALEN_ERR_PARSE);
        assert_int_equal(value, 9);
        assert_int_equal(rest.len, data.len);
    }
    BASE_BUF_AUTO data = {0};
    append_hex(&data, "0x80018188ffffffffffffffff");
    data.data[2] = 0x7f; /* 0, 1, 127 */
    data.data[3] = 0x88;
    struct base_view rest = {data.data, data.len};
    const uint64_t expected[] = {0, 1, 127, UINT64_MAX};
    for (size_t i = 0; i < COUNT(expected); i++) {
        uint64_t value = 9;
        assert_int_equal(chain_rlp_next_u64(&value, &rest, NULL), GALEN_OK);
        assert_true(value == expected[i]);
    }
    assert_int_equal(rest.len, 0);
}

static void make_tx(struct chain_tx *tx, struct chain_key *key, struct base_buf *raw,
                    uint8_t hash[32])
{
    static const uint8_t data[] = {1, 2, 3, 4};
    uint8_t secret[32] = {[31] = 1};
    *tx = (struct chain_tx){.chain_id = 31337,
                            .nonce = 7,
                            .gas_limit = 21000,
                            .to = {{0xaa}},
                            .fee = {chain_u256_from_u64(300), chain_u256_from_u64(200)},
                            .value = chain_u256_from_u64(5),
                            .data = {data, sizeof data}};
    assert_int_equal(chain_key_from_bytes(key, secret, NULL), GALEN_OK);
    assert_int_equal(chain_tx_sign(raw, hash, tx, key, NULL), GALEN_OK);
}

static void test_tx_truncated(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO raw = {0};
    struct chain_tx tx, parsed = {.nonce = 99};
    uint8_t hash[32], again[32];
    struct chain_address sender;
    make_tx(&tx, &key, &raw, hash);
    for (size_t len = 0; len < raw.len; len++)
        assert_int_equal(chain_tx_parse(&parsed, NULL, NULL, raw.data, len, NULL), GALEN_ERR_PARSE);
    assert_int_equal(parsed.nonce, 99);
    assert_int_equal(chain_tx_parse(&parsed, &sender, again, raw.data, raw.len, NULL), GALEN_OK);
    assert_true(chain_address_equal(&sender, &key.address));
    assert_memory_equal(hash, again, 32);
    assert_int_equal(base_buf_append(&raw, "", 1), GALEN_OK);
    assert_int_equal(chain_tx_parse(&parsed, NULL, NULL, raw.data, raw.len, NULL), GALEN_ERR_PARSE);
}

static void test_tx_refused(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO raw = {0};
    struct chain_tx tx;
    uint8_t hash[32];
    struct chain_u256 cost;
    make_tx(&tx, &key, &raw, hash);
    assert_int_equal(chain_tx_max_cost(&cost, &tx), GALEN_OK);
    struct chain_u256 expected = chain_u256_from_u64(300 * 21000 + 5);
    assert_memory_equal(&cost, &expected, sizeof cost);
    memset(tx.fee.max_fee.be, 0xff, 32);
    assert_int_equal(chain_tx_max_cost(&cost, &tx), GALEN_ERR_LIMIT);

    size_t len = raw.len;
    tx.fee.max_fee = chain_u256_from_u64(199);
    assert_int_equal(chain_tx_sign(&raw, hash, &tx, &key, NULL), GALEN_ERR_USAGE);
    tx.fee.max_fee = chain_u256_from_u64(200);
    tx.data.len = CHAIN_TX_DATA_MAX + 1;
    assert_int_equal(chain_tx_sign(&raw, hash, &tx, &key, NULL), GALEN_ERR_LIMIT);
    assert_int_equal(raw.len, len);
}

/* The eleven fields in front of the signature's last, with one of them replaced. */
static void test_tx_fields(void **state)
{
    static const struct {
        size_t field;
        const char *rlp;
        enum galen_err expected;
    } rows[] = {
        {0, "0x820001", GALEN_ERR_PARSE},     /* leading zero */
        {1, "0xc0", GALEN_ERR_PARSE},         /* a list as nonce */
        {2, "0x820fff", GALEN_ERR_USAGE},     /* priority above maximum */
        {5, "0x8201ff", GALEN_ERR_PARSE},     /* a recipient of two bytes */
        {5, "0xc0", GALEN_ERR_PARSE},         /* a list as recipient */
        {7, "0xc0", GALEN_ERR_PARSE},         /* a list as data */
        {8, "0x80", GALEN_ERR_PARSE},         /* a string as access list */
        {8, "0xc180", GALEN_ERR_UNSUPPORTED}, /* an access list that is not empty */
        {9, "0x02", GALEN_ERR_PARSE},         /* y parity */
        {10, "0x80", GALEN_ERR_CHECK},        /* r = 0 */
    };
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO raw = {0};
    struct chain_tx tx;
    uint8_t hash[32];
    make_tx(&tx, &key, &raw, hash);
    for (size_t i = 0; i < COUNT(rows); i++) {
        BASE_BUF_AUTO fields = {0};
        BASE_BUF_AUTO changed = {0};
        struct base_view rest = {raw.data + 1, raw.len - 1};
        struct chain_rlp_item list, item;
        struct chain_tx parsed;
        assert_int_equal(chain_rlp_next(&list, &rest, NULL), GALEN_OK);
        for (size_t field = 0; list.payload.len > 0; field++) {
            const uint8_t *from = list.payload.data;
            assert_int_equal(chain_rlp_next(&item, &list.payload, NULL), GALEN_OK);
            if (field == rows[i].field)
                append_hex(&fields, rows[i].rlp);
            else
                assert_int_equal(base_buf_append(&fields, from, (size_t)(list.payload.data - from)),
                                 GALEN_OK);
        }
        assert_int_equal(base_buf_append(&changed, "\x02", 1), GALEN_OK);
        assert_int_equal(chain_rlp_append_list(&changed, fields.data, fields.len), GALEN_OK);
        assert_int_equal(chain_tx_parse(&parsed, NULL, NULL, changed.data, changed.len, NULL),
                         rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rlp_encode),   cmocka_unit_test(test_rlp_refused),
        cmocka_unit_test(test_rlp_integers), cmocka_unit_test(test_tx_truncated),
        cmocka_unit_test(test_tx_refused),   cmocka_unit_test(test_tx_fields),
    };
    return cmocka_run_group_tests_name("chain RLP", tests, start_base, NULL);
}
