/* Keccak-256, addresses, 256-bit numbers, amounts, fees. */
#include "check.h"

static void test_keccak(void **state)
{
    /* The Keccak team's vectors for r = 1088, c = 512, and Ethereum's well-known hashes. */
    static const char *const rows[][2] = {
        {"", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {"abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
        {"Transfer(address,address,uint256)",
         "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
        {"The quick brown fox jumps over the lazy dog",
         "0x4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t hash[32];
        chain_keccak256(hash, rows[i][0], strlen(rows[i][0]));
        assert_hex(hash, 32, rows[i][1]);
    }
}

static void test_address_good(void **state)
{
    /* EIP-55's own examples. */
    static const char *const rows[] = {
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x0000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct chain_address address;
        char text[CHAIN_ADDRESS_TEXT];
        assert_int_equal(chain_address_parse(&address, rows[i], NULL), GALEN_OK);
        chain_address_format(text, &address);
        assert_string_equal(text, rows[i]);
        assert_int_equal(chain_address_is_zero(&address), i == COUNT(rows) - 1);
    }
}

static void test_address_bad(void **state)
{
    static const char *const rows[] = {
        "",
        "0x",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA",
        "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", /* one letter's case */
        "0x5AAEB6053f3e94c9b9a09f33669435e7ef1beaed",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct chain_address address = {{7}};
        struct galen_errinfo info = {0};
        assert_int_equal(chain_address_parse(&address, rows[i], &info), GALEN_ERR_USAGE);
        assert_int_equal(address.bytes[0], 7);
        assert_int_equal(strstr(info.what, "checksum") != NULL, i >= COUNT(rows) - 2);
    }
}

#define U256_MAX "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static struct chain_u256 number(const char *text)
{
    struct chain_u256 value;
    assert_int_equal(chain_u256_parse(&value, text, NULL), GALEN_OK);
    return value;
}

static void test_u256_texts(void **state)
{
    static const char *const good[] = {
        "0", "1", "10", "18446744073709551615", "18446744073709551616", U256_MAX};
    static const char *const bad[] = {"", "00", "01", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1.0"};
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[CHAIN_U256_DECIMAL];
        struct chain_u256 value = number(good[i]);
        chain_u256_format(text, &value);
        assert_string_equal(text, good[i]);
    }
    struct chain_u256 value = {{9}};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(chain_u256_parse(&value, bad[i], NULL), GALEN_ERR_PARSE);
    assert_int_equal(
        chain_u256_parse(&value,
                         "1157920892373161954235709850086879078532699846656405640394575840079131296"
                         "39936",
                         NULL),
        GALEN_ERR_LIMIT);
    assert_int_equal(value.be[0], 9);
}

static void test_u256_bounds(void **state)
{
    struct chain_u256 most = number(U256_MAX), zero = {0}, one = chain_u256_from_u64(1),
                      out = {{5}};
    uint64_t small = 3;
    assert_int_equal(chain_u256_add(&out, &most, &one), GALEN_ERR_LIMIT);
    assert_int_equal(chain_u256_sub(&out, &zero, &one), GALEN_ERR_LIMIT);
    assert_int_equal(chain_u256_mul_u64(&out, &most, 2), GALEN_ERR_LIMIT);
    assert_int_equal(chain_u256_to_u64(&small, &most), GALEN_ERR_LIMIT);
    assert_int_equal(out.be[0], 5);
    assert_int_equal(small, 3);
    assert_int_equal(chain_u256_mul_u64(&out, &most, 1), GALEN_OK);
    assert_memory_equal(&out, &most, sizeof out);
    assert_int_equal(chain_u256_sub(&out, &most, &most), GALEN_OK);
    assert_true(chain_u256_is_zero(&out));
    assert_int_equal(chain_u256_div_u64(&out, &most, UINT64_MAX), 0);
    /* Both operands and the result may be one object. */
    out = number("7");
    assert_int_equal(chain_u256_add(&out, &out, &out), GALEN_OK);
    assert_int_equal(chain_u256_to_u64(&small, &out), GALEN_OK);
    assert_int_equal(small, 14);
}

static void test_amounts(void **state)
{
    static const struct {
        const char *text;
        unsigned decimals;
        const char *wei;  /* NULL: refused */
        const char *back; /* NULL: as text */
    } rows[] = {
        {"0", 18, "0", NULL},
        {"1", 18, "1000000000000000000", NULL},
        {"1.5", 18, "1500000000000000000", NULL},
        {"0.000000000000000001", 18, "1", NULL},
        {"12.000000000000000001", 18, "12000000000000000001", NULL},
        {"1.50", 18, "1500000000000000000", "1.5"},
        {"007", 18, "7000000000000000000", "7"},
        {"0.000000000000000000", 18, "0", "0"},
        {"2.5", 9, "2500000000", NULL},
        {"42", 0, "42", NULL},
        {"115792089237316195423570985008687907853269984665640564039457.584007913129639935", 18,
         U256_MAX, NULL},
        {"115792089237316195423570985008687907853269984665640564039457.584007913129639936", 18,
         NULL},
        {"0.0000000000000000001", 18, NULL},
        {"42.0", 0, NULL},
        {"", 18, NULL},
        {".5", 18, NULL},
        {"1.", 18, NULL},
        {"-1", 18, NULL},
        {"1,5", 18, NULL},
        {"1e18", 18, NULL},
        {"1 ETH", 18, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct chain_u256 wei = {{3}};
        char text[CHAIN_AMOUNT_TEXT];
        enum galen_err err = chain_amount_parse(&wei, rows[i].text, rows[i].decimals, NULL);
        if (rows[i].wei == NULL) {
            assert_int_not_equal(err, GALEN_OK);
            assert_int_equal(wei.be[0], 3);
            continue;
        }
        assert_int_equal(err, GALEN_OK);
        struct chain_u256 expected = number(rows[i].wei);
        assert_memory_equal(&wei, &expected, sizeof wei);
        chain_amount_format(text, &wei, rows[i].decimals);
        assert_string_equal(text, rows[i].back != NULL ? rows[i].back : rows[i].text);
    }
}

static uint64_t low(const struct chain_u256 *value)
{
    uint64_t out = 0;
    assert_int_equal(chain_u256_to_u64(&out, value), GALEN_OK);
    return out;
}

static void test_fee_policy(void **state)
{
    /* Three blocks, the empty one's rewards do not count; then all empty. */
    struct chain_fee_history history = {.next_base_fee = chain_u256_from_u64(1000000000),
                                        .n_blocks = 3,
                                        .is_empty = {false, true, false}};
    struct chain_u256 fallback = chain_u256_from_u64(2000000000);
    struct chain_fees fees;
    const uint64_t rewards[3][3] = {{10, 3000000, 9000000}, {7, 7, 7}, {2000000, 5000000, 8000000}};
    for (size_t i = 0; i < 3; i++)
        for (size_t speed = 0; speed < CHAIN_SPEEDS; speed++)
            history.reward[i][speed] = chain_u256_from_u64(rewards[i][speed]);
    assert_int_equal(chain_fees_from_history(&fees, &history, &fallback), GALEN_OK);
    assert_int_equal(low(&fees.speed[CHAIN_SLOW].priority_fee), 2000000);
    assert_int_equal(low(&fees.speed[CHAIN_AVERAGE].priority_fee), 5000000);
    assert_int_equal(low(&fees.speed[CHAIN_FAST].priority_fee), 9000000);
    assert_int_equal(low(&fees.speed[CHAIN_SLOW].max_fee), 1252000000);
    assert_int_equal(low(&fees.speed[CHAIN_AVERAGE].max_fee), 1505000000);
    assert_int_equal(low(&fees.speed[CHAIN_FAST].max_fee), 2009000000);

    memset(history.is_empty, true, sizeof history.is_empty);
    assert_int_equal(chain_fees_from_history(&fees, &history, &fallback), GALEN_OK);
    assert_int_equal(low(&fees.speed[CHAIN_FAST].priority_fee), 2000000000);
    fallback = chain_u256_from_u64(0);
    assert_int_equal(chain_fees_from_history(&fees, &history, &fallback), GALEN_OK);
    assert_int_equal(low(&fees.speed[CHAIN_SLOW].priority_fee), 1000000);
    history.next_base_fee = number(U256_MAX);
    assert_int_equal(chain_fees_from_history(&fees, &history, &fallback), GALEN_ERR_LIMIT);
}

static void test_fee_raise(void **state)
{
    struct chain_fee old = {chain_u256_from_u64(801), chain_u256_from_u64(8)};
    struct chain_fee now = {chain_u256_from_u64(100), chain_u256_from_u64(50)}, raised;
    assert_int_equal(chain_fee_raise(&raised, &old, &now), GALEN_OK);
    assert_int_equal(low(&raised.max_fee), 902); /* 801 + ⌈100.125⌉ */
    assert_int_equal(low(&raised.priority_fee), 50);
    old.max_fee = number(U256_MAX);
    assert_int_equal(chain_fee_raise(&raised, &old, &now), GALEN_ERR_LIMIT);
    assert_int_equal(chain_gas_with_margin(100000), 120000);
    assert_true(chain_gas_with_margin(UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keccak),      cmocka_unit_test(test_address_good),
        cmocka_unit_test(test_address_bad), cmocka_unit_test(test_u256_texts),
        cmocka_unit_test(test_u256_bounds), cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_fee_policy),  cmocka_unit_test(test_fee_raise),
    };
    return cmocka_run_group_tests_name("chain values", tests, start_base, NULL);
}
