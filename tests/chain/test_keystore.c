/* Keystore V3: the Web3 Secret Storage definition's own vectors, and what must be refused. */
#include <stdlib.h>

#include "check.h"

#define PASSWORD "testpassword"
#define SECRET   "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"

static const char pbkdf2_vector[] =
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":"
    "\"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46\",\"kdf\":\"pbkdf2\","
    "\"kdfparams\":{\"c\":262144,\"dklen\":32,\"prf\":\"hmac-sha256\",\"salt\":"
    "\"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},\"mac\":"
    "\"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2\"},\"id\":"
    "\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";

static const char scrypt_vector[] =
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"83dbcc02d8ccb40e466191a123791e0e\"},\"ciphertext\":"
    "\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\",\"kdf\":\"scrypt\","
    "\"kdfparams\":{\"dklen\":32,\"n\":262144,\"r\":1,\"p\":8,\"salt\":"
    "\"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19\"},\"mac\":"
    "\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"},\"id\":"
    "\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";

static enum galen_err import(struct chain_key *key, const char *json, const char *password)
{
    return chain_keystore_import(key, json, strlen(json), password, strlen(password), NULL);
}

static void test_vectors(void **state)
{
    static const char *const rows[] = {pbkdf2_vector, scrypt_vector};
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHAIN_KEY_AUTO key = {0};
        assert_int_equal(import(&key, rows[i], PASSWORD), GALEN_OK);
        assert_hex(key.secret.data, key.secret.len, SECRET);
    }
}

/* A cheap one to be spoilt. */
static void export_cheap(struct base_buf *json, struct chain_key *key)
{
    const struct chain_keystore_cost cost = {16, 1, 1};
    assert_int_equal(chain_key_generate(key, NULL), GALEN_OK);
    assert_int_equal(chain_keystore_export(json, key, PASSWORD, strlen(PASSWORD), cost, NULL),
                     GALEN_OK);
}

static void test_round_trip(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    CHAIN_KEY_AUTO back = {0};
    BASE_BUF_AUTO json = {0};
    BASE_BUF_AUTO again = {0};
    export_cheap(&json, &key);
    const char *text = (const char *)json.data;
    assert_int_equal(import(&back, text, PASSWORD), GALEN_OK);
    assert_memory_equal(back.secret.data, key.secret.data, 32);
    assert_int_equal(import(&back, text, "Testpassword"), GALEN_ERR_PASSWORD);
    assert_int_equal(import(&back, text, ""), GALEN_ERR_PASSWORD);
    assert_true(chain_address_equal(&back.address, &key.address));
    /* Salt and IV are fresh every time. */
    assert_int_equal(chain_keystore_export(&again, &key, PASSWORD, strlen(PASSWORD),
                                           (struct chain_keystore_cost){16, 1, 1}, NULL),
                     GALEN_OK);
    assert_string_not_equal((const char *)again.data, text);
}

/* The text with the first `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t len = strlen(text) + strlen(to) + 1;
    char *out = malloc(len);
    assert_non_null(out);
    snprintf(out, len, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static void test_refused(void **state)
{
    static const struct {
        const char *from, *to;
        enum galen_err expected;
    } rows[] = {
        {"\"version\":3", "\"version\":1", GALEN_ERR_UNSUPPORTED},
        {"\"version\":3", "\"version\":\"3\"", GALEN_ERR_PARSE},
        {"\"version\":3", "\"version\":-3", GALEN_ERR_PARSE},
        {"\"crypto\"", "\"crypt\"", GALEN_ERR_PARSE},
        {"aes-128-ctr", "aes-128-cbc", GALEN_ERR_UNSUPPORTED},
        {"\"iv\":\"", "\"iv\":\"00", GALEN_ERR_PARSE},
        {"\"iv\":\"", "\"iv\":7,\"x\":\"", GALEN_ERR_PARSE},
        {"\"ciphertext\":\"", "\"ciphertext\":\"00", GALEN_ERR_PARSE},
        {"\"kdf\":\"scrypt\"", "\"kdf\":\"argon2\"", GALEN_ERR_UNSUPPORTED},
        {"\"kdf\":\"scrypt\"", "\"kdf\":7", GALEN_ERR_PARSE},
        {"\"dklen\":32", "\"dklen\":64", GALEN_ERR_UNSUPPORTED},
        {"\"n\":16", "\"n\":0", GALEN_ERR_LIMIT},
        {"\"n\":16", "\"n\":1", GALEN_ERR_LIMIT},
        {"\"n\":16", "\"n\":17", GALEN_ERR_LIMIT},
        {"\"n\":16", "\"n\":2097152", GALEN_ERR_LIMIT},
        {"\"n\":16", "\"n\":4294967296", GALEN_ERR_PARSE},
        {"\"n\":16", "\"n\":16.0", GALEN_ERR_PARSE},
        {"\"r\":1", "\"r\":0", GALEN_ERR_LIMIT},
        {"\"r\":1", "\"r\":4294967295", GALEN_ERR_LIMIT},
        {"\"r\":1", "\"r\":262145", GALEN_ERR_LIMIT},
        {"\"p\":1", "\"p\":0", GALEN_ERR_LIMIT},
        {"\"p\":1", "\"p\":4294967295", GALEN_ERR_LIMIT},
        {"\"p\":1", "\"p\":262145", GALEN_ERR_LIMIT},
        {"\"salt\":\"", "\"salt\":\"zz", GALEN_ERR_PARSE},
        {"\"mac\":\"", "\"mac\":\"00", GALEN_ERR_PARSE},
        {"\"address\":\"", "\"address\":\"00", GALEN_ERR_PARSE},
        {"}}", "}", GALEN_ERR_PARSE},
        {"}}", "}}}", GALEN_ERR_PARSE},
        {"}}", "}}{}", GALEN_ERR_PARSE},
        {"{", "[{", GALEN_ERR_PARSE},
    };
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO json = {0};
    export_cheap(&json, &key);
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHAIN_KEY_AUTO out = {0};
        BASE_TEXT_AUTO text = replaced((const char *)json.data, rows[i].from, rows[i].to);
        assert_int_equal(import(&out, text, PASSWORD), rows[i].expected);
        assert_null(out.secret.data);
    }
    for (size_t len = 0; len < json.len - 2; len++) { /* the newline, then the last brace */
        CHAIN_KEY_AUTO out = {0};
        assert_int_equal(chain_keystore_import(&out, (const char *)json.data, len, PASSWORD,
                                               strlen(PASSWORD), NULL),
                         GALEN_ERR_PARSE);
    }
}

static void test_other_address(void **state)
{
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO json = {0};
    export_cheap(&json, &key);
    char *digit = strstr((char *)json.data, "\"address\":\"") + strlen("\"address\":\"");
    *digit = *digit == '0' ? '1' : '0';
    CHAIN_KEY_AUTO out = {0};
    assert_int_equal(import(&out, (const char *)json.data, PASSWORD), GALEN_ERR_CHECK);
    char *mac = strstr((char *)json.data, "\"mac\":\"") + strlen("\"mac\":\"");
    *mac = *mac == '0' ? '1' : '0';
    assert_int_equal(import(&out, (const char *)json.data, PASSWORD), GALEN_ERR_PASSWORD);
}

static void test_pbkdf2_refused(void **state)
{
    static const struct {
        const char *from, *to;
        enum galen_err expected;
    } rows[] = {
        {"262144", "0", GALEN_ERR_LIMIT},
        {"262144", "4000001", GALEN_ERR_LIMIT},
        {"hmac-sha256", "hmac-sha512", GALEN_ERR_UNSUPPORTED},
        {"\"prf\"", "\"prg\"", GALEN_ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHAIN_KEY_AUTO out = {0};
        BASE_TEXT_AUTO text = replaced(pbkdf2_vector, rows[i].from, rows[i].to);
        assert_int_equal(import(&out, text, PASSWORD), rows[i].expected);
    }
}

static void test_export_cost(void **state)
{
    static const struct chain_keystore_cost bad[] = {
        {0, 8, 1}, {3, 8, 1}, {1 << 21, 1, 1}, {1024, 0, 1}, {1024, 8, 0}, {1 << 20, 8, 1},
    };
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO json = {0};
    assert_int_equal(chain_key_generate(&key, NULL), GALEN_OK);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(chain_keystore_export(&json, &key, "p", 1, bad[i], NULL), GALEN_ERR_LIMIT);
    assert_int_equal(json.len, 0);
    assert_int_equal(chain_keystore_import(&key, "", CHAIN_KEYSTORE_MAX + 1, "p", 1, NULL),
                     GALEN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_other_address),
        cmocka_unit_test(test_pbkdf2_refused), cmocka_unit_test(test_export_cost),
    };
    return cmocka_run_group_tests_name("chain keystore", tests, start_base, NULL);
}
