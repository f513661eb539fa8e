/* ABI: Solidity's own examples, the generated bindings, and every truncation and lie. */
#include "chain/datahub_abi.h"
#include "check.h"
#include "probe_abi.h"

static struct base_view view_of(const char *text)
{
    return (struct base_view){(const uint8_t *)text, strlen(text)};
}

/* Solidity documentation, "Contract ABI Specification": f(uint256,uint32[],bytes10,bytes). */
static void test_solidity_example(void **state)
{
    static const struct chain_abi_type uint256_type = {CHAIN_ABI_UINT, 256,
                                                       sizeof(struct chain_u256)};
    static const struct chain_abi_type uint32_type = {CHAIN_ABI_UINT, 32, sizeof(uint32_t)};
    static const struct chain_abi_type list_type = {CHAIN_ABI_ARRAY, 0,
                                                    sizeof(struct chain_abi_array), &uint32_type};
    static const struct chain_abi_type bytes10_type = {CHAIN_ABI_FIXED_BYTES, 10, 10};
    static const struct chain_abi_type bytes_type = {CHAIN_ABI_BYTES, 0, sizeof(struct base_view)};
    struct args {
        struct chain_u256 a;
        struct chain_abi_array b;
        uint8_t c[10];
        struct base_view d;
    };
    static const struct chain_abi_field fields[] = {{"a", &uint256_type, offsetof(struct args, a)},
                                                    {"b", &list_type, offsetof(struct args, b)},
                                                    {"c", &bytes10_type, offsetof(struct args, c)},
                                                    {"d", &bytes_type, offsetof(struct args, d)}};
    static const struct chain_abi_type tuple = {CHAIN_ABI_TUPLE, 4, sizeof(struct args), NULL,
                                                fields};
    static const uint32_t numbers[] = {0x456, 0x789};
    struct args args = {
        chain_u256_from_u64(0x123), {numbers, 2}, "1234567890", view_of("Hello, world!")};
    BASE_BUF_AUTO out = {0};
    static const uint8_t selector[4] = {0x8b, 0xe6, 0x52, 0x46};
    assert_int_equal(chain_abi_encode_call(&out, selector, &tuple, &args, NULL), GALEN_OK);
    assert_hex(out.data, out.len,
               "0x8be65246"
               "0000000000000000000000000000000000000000000000000000000000000123"
               "0000000000000000000000000000000000000000000000000000000000000080"
               "3132333435363738393000000000000000000000000000000000000000000000"
               "00000000000000000000000000000000000000000000000000000000000000e0"
               "0000000000000000000000000000000000000000000000000000000000000002"
               "0000000000000000000000000000000000000000000000000000000000000456"
               "0000000000000000000000000000000000000000000000000000000000000789"
               "000000000000000000000000000000000000000000000000000000000000000d"
               "48656c6c6f2c20776f726c642100000000000000000000000000000000000000");
}

static void encode_echo(struct base_buf *out, uint32_t odd)
{
    static const uint8_t roots[2][32] = {{1}, {2}};
    const struct probe_inner inners[2] = {{{{0}}, view_of("first"), {1}},
                                          {{{0}}, view_of(""), {0}}};
    const struct chain_u256 numbers[2] = {{{1}}, {{2}}};
    const struct probe_uint256_array grid[2] = {{numbers, 2}, {NULL, 0}};
    const struct base_view pair[2] = {view_of("left"), view_of("right")};
    const struct probe_outer outer = {.odd = odd,
                                      .inners = {inners, 2},
                                      .roots = {roots, 2},
                                      .one = {.name = view_of("one")},
                                      .yes = true};
    enum galen_err err = probe_encode_echo(out, &outer, grid, 2, pair, view_of("raw"), NULL);
    assert_int_equal(err, odd > 0xffffff ? GALEN_ERR_USAGE : GALEN_OK);
}

static void test_truncations(void **state)
{
    BASE_BUF_AUTO call = {0};
    CHAIN_MEM_AUTO mem = {0};
    struct probe_echo_result result;
    encode_echo(&call, 5);
    const uint8_t *data = call.data + 4; /* echo returns what it is given */
    size_t len = call.len - 4;
    memset(&result, 0x5a, sizeof result);
    struct probe_echo_result before = result;
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(probe_decode_echo(&result, &mem, data, n, NULL), GALEN_ERR_PARSE);
        assert_memory_equal(&result, &before, sizeof result);
    }
    assert_int_equal(probe_decode_echo(&result, &mem, data, len, NULL), GALEN_OK);
    assert_int_equal(result.value0.inners.len, 2);
    assert_int_equal(base_buf_append(&call, (uint8_t[32]){0}, 32), GALEN_OK);
    for (size_t more = 1; more <= 32; more++)
        assert_int_equal(probe_decode_echo(&result, &mem, call.data + 4, len + more, NULL),
                         GALEN_ERR_PARSE);
}

/* Each word in turn replaced by a length or offset that is a lie: never accepted as another value
 * of the same words, never a crash. */
static void test_lying_words(void **state)
{
    static const char *const lies[] = {
        "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0x000000000000000000000000000000000000000000000000ffffffffffffffff",
        "0x0000000000000000000000000000000000000000000000007fffffffffffffe0",
        "0x0000000000000000000000000000000000000000000000000000000100000000",
        "0x0000000000000000000000000000000000000000000000000000000000000021",
        "0x0000000000000000000000000000000000000000000000000000000000000000",
    };
    BASE_BUF_AUTO call = {0};
    encode_echo(&call, 5);
    for (size_t at = 4; at < call.len; at += 32)
        for (size_t i = 0; i < COUNT(lies); i++) {
            CHAIN_MEM_AUTO mem = {0};
            BASE_BUF_AUTO again = {0};
            uint8_t saved[32];
            struct probe_echo_result result;
            memcpy(saved, call.data + at, 32);
            from_hex(call.data + at, 32, lies[i]);
            if (probe_decode_echo(&result, &mem, call.data + 4, call.len - 4, NULL) == GALEN_OK) {
                assert_int_equal(probe_encode_echo(&again, &result.value0, result.numbers.items,
                                                   result.numbers.len, result.value2, result.value3,
                                                   NULL),
                                 GALEN_OK);
                assert_int_equal(again.len, call.len);
                assert_memory_equal(again.data, call.data, call.len);
            }
            memcpy(call.data + at, saved, 32);
        }
}

static void test_range_on_encode(void **state)
{
    BASE_BUF_AUTO call = {0};
    encode_echo(&call, 0x1000000); /* uint24 */
    assert_int_equal(call.len, 0);
    encode_echo(&call, 0xffffff);
    assert_true(call.len > 4);
}

static void test_words(void **state)
{
    uint8_t word[32] = {0};
    struct chain_u256 number;
    struct chain_address address;
    bool yes = false;
    uint32_t version = 9;
    word[31] = 1;
    assert_int_equal(datahub_decode_is_hospital(&yes, word, 32, NULL), GALEN_OK);
    assert_true(yes);
    word[31] = 2;
    assert_int_equal(datahub_decode_is_hospital(&yes, word, 32, NULL), GALEN_ERR_PARSE);
    assert_int_equal(datahub_decode_current_key_version(&version, word, 32, NULL), GALEN_OK);
    assert_int_equal(version, 2);
    word[27] = 1;
    assert_int_equal(datahub_decode_current_key_version(&version, word, 32, NULL), GALEN_ERR_PARSE);
    word[11] = 1;
    assert_int_equal(datahub_decode_group_manager(&address, word, 32, NULL), GALEN_ERR_PARSE);
    assert_int_equal(datahub_decode_request_count(&number, word, 32, NULL), GALEN_OK);
    assert_int_equal(datahub_decode_request_count(&number, word, 31, NULL), GALEN_ERR_PARSE);
    assert_int_equal(datahub_decode_request_count(&number, NULL, 0, NULL), GALEN_ERR_PARSE);
}

/* An EntryDelivered as the contract emits it, cut off everywhere. */
static void test_event_truncations(void **state)
{
    static uint8_t sig[362], ys[240], consent[65];
    const struct chain_abi_event *event = &datahub_events[DATAHUB_EVENT_ENTRY_DELIVERED];
    struct datahub_entry_delivered_event sent = {.id = chain_u256_from_u64(1)}, got;
    sent.entry.sig = (struct base_view){sig, sizeof sig};
    sent.entry.ys = (struct base_view){ys, sizeof ys};
    sent.entry.consent = (struct base_view){consent, sizeof consent};
    BASE_BUF_AUTO data = {0};
    assert_int_equal(chain_abi_encode(&data, event->data, &sent, NULL), GALEN_OK);
    struct chain_log log = {.n_topics = 1 + event->indexed->size, .data = {data.data, data.len}};
    memcpy(log.topics[0], event->topic, 32);
    log.topics[1][31] = 1;
    assert_ptr_equal(chain_log_find_event(&datahub_abi, &log), event);
    assert_int_equal(datahub_decode_entry_delivered_event(&got, &log, NULL), GALEN_OK);
    assert_int_equal(got.entry.sig.len, 362);
    assert_int_equal(got.id.be[31], 1);
    memset(&got, 0x5a, sizeof got);
    for (log.data.len = 0; log.data.len < data.len; log.data.len++)
        assert_int_equal(datahub_decode_entry_delivered_event(&got, &log, NULL), GALEN_ERR_PARSE);
    for (log.n_topics = 0; log.n_topics <= 4; log.n_topics++)
        if (log.n_topics != 1 + event->indexed->size)
            assert_int_not_equal(datahub_decode_entry_delivered_event(&got, &log, NULL), GALEN_OK);
    assert_int_equal(got.id.be[0], 0x5a);
    log.n_topics = 0;
    assert_null(chain_log_find_event(&datahub_abi, &log));
}

static void test_code(void **state)
{
    static const uint8_t bytes[] = {1, 2, 0, 0, 5, 0, 7};
    static const struct chain_code_gap gaps[] = {{2, 2}, {5, 1}};
    const struct chain_code code = {bytes, sizeof bytes, gaps, 2};
    static const struct {
        uint8_t bytes[8];
        size_t len;
        bool matches;
    } rows[] = {
        {{1, 2, 0, 0, 5, 0, 7}, 7, true},  {{1, 2, 8, 9, 5, 3, 7}, 7, true},
        {{9, 2, 0, 0, 5, 0, 7}, 7, false}, {{1, 2, 0, 0, 6, 0, 7}, 7, false},
        {{1, 2, 0, 0, 5, 0, 8}, 7, false}, {{1, 2, 0, 0, 5, 0, 7}, 6, false},
        {{1, 2, 0, 0, 5, 0, 7}, 8, false}, {{0}, 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(chain_code_matches(&code, rows[i].bytes, rows[i].len), rows[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_solidity_example),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_lying_words),
        cmocka_unit_test(test_range_on_encode),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_event_truncations),
        cmocka_unit_test(test_code),
    };
    return cmocka_run_group_tests_name("chain ABI", tests, start_base, NULL);
}
