/* Encryption keys. Good keys: RFC 7517 A.1, RFC 7518 appendix C, Wycheproof (ecdh_webcrypto). */
#include "seal_test.h"

#define ALICE_X "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
#define ALICE_Y "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
#define ALICE_D "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"
#define BOB_X   "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ"
#define BOB_Y   "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"
#define BOB_D   "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"

#define PUBLIC(x, y) "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define PRIVATE(x, y, d)                                                                           \
    "{\"crv\":\"P-256\",\"d\":\"" d "\",\"kty\":\"EC\",\"x\":\"" x "\",\"y\":\"" y "\"}"

static void public_keys(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *jwk;
        const char *again;
    } good[] = {
        {PUBLIC(ALICE_X, ALICE_Y), PUBLIC(ALICE_X, ALICE_Y)},
        {PUBLIC(BOB_X, BOB_Y), PUBLIC(BOB_X, BOB_Y)},
        /* RFC 7517 A.1 without use and kid, in another order, with spaces */
        {" { \"kty\" : \"EC\", "
         "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\",\"crv\":\"P-256\",\"x\":"
         "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"}\n",
         PUBLIC("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")},
        {PUBLIC("YtW9M3Kvdf6FoEBxXQ9QJCjgcEaGiwv9-mHXMa_kTyY",
                "rDM6k6nnCoHNWpW1v40TmQ63QcjDiHK0oH0nWgFOMM8"),
         PUBLIC("YtW9M3Kvdf6FoEBxXQ9QJCjgcEaGiwv9-mHXMa_kTyY",
                "rDM6k6nnCoHNWpW1v40TmQ63QcjDiHK0oH0nWgFOMM8")},
        /* x begins with a zero byte */
        {PUBLIC("AMfe_rGhYjZzjpoRI7piG8jpo_JIWz-P_ef5zpj1qKE",
                "yzOMORKxeS9gwrBuxSMeLYSw5Zbpt21BnOEF7ON5Hbw"),
         PUBLIC("AMfe_rGhYjZzjpoRI7piG8jpo_JIWz-P_ef5zpj1qKE",
                "yzOMORKxeS9gwrBuxSMeLYSw5Zbpt21BnOEF7ON5Hbw")},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct seal_public_key pub;
        char text[SEAL_PUBLIC_JWK_TEXT];
        assert_done(seal_public_parse(&pub, text_view(good[i].jwk), &info));
        seal_public_encode(text, &pub);
        assert_string_equal(text, good[i].again);
    }
}

static void public_keys_refused(void **state)
{
    struct galen_errinfo info = {0};
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "\"x\"",
        "{}",
        PUBLIC(ALICE_X, ALICE_Y) "x",
        PUBLIC(ALICE_X, ALICE_Y) PUBLIC(ALICE_X, ALICE_Y),
        /* a private key where a public one belongs */
        PRIVATE(ALICE_X, ALICE_Y, ALICE_D),
        /* other members, duplicates */
        "{\"crv\":\"P-256\",\"kid\":\"1\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y
        "\"}",
        "{\"crv\":\"P-256\",\"use\":\"enc\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y
        "\"}",
        "{\"crv\":\"P-256\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y
        "\"}",
        /* one missing */
        "{\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\"}",
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"z\":\"" ALICE_Y "\"}",
        /* other types and curves */
        "{\"crv\":\"P-256\",\"kty\":\"OKP\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"kty\":\"ec\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"secp256k1\",\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":1,\"y\":\"" ALICE_Y "\"}",
        "{\"crv\":\"P-256\",\"kty\":[\"EC\"],\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\"}",
        /* off the curve: coordinates swapped, one bit, another key's, zero, infinity's stand-in */
        PUBLIC(ALICE_Y, ALICE_X),
        PUBLIC(ALICE_X, BOB_Y),
        PUBLIC("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV4", ALICE_Y),
        PUBLIC("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        /* x = p, and x not below p at all */
        PUBLIC("_____wAAAAEAAAAAAAAAAAAAAAD_______________8", ALICE_Y),
        PUBLIC("__________________________________________8", ALICE_Y),
        /* x = 5 + p with the y of x = 5: on the curve once reduced */
        PUBLIC("_____wAAAAEAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAQ",
               "RZJDuapYGAb-kTvOmYF63hHKUDxk2aPFM0FcCDJI-8w"),
        /* not canonical: padding, spare bits, base64 alphabet, too long, too short */
        PUBLIC(ALICE_X "=", ALICE_Y),
        PUBLIC("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV1", ALICE_Y),
        PUBLIC(ALICE_X, "SLW/xSffzlPWrHEVI30DHM/4egVwt3NQqeUD7nMFpps"),
        PUBLIC("AA" ALICE_X, ALICE_Y),
        PUBLIC("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV", ALICE_Y),
        PUBLIC("", ALICE_Y),
        PUBLIC(" " ALICE_X, ALICE_Y),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct seal_public_key pub;
        memset(&pub, 0x5a, sizeof pub);
        info = (struct galen_errinfo){0};
        if (seal_public_parse(&pub, text_view(bad[i]), &info) != GALEN_ERR_PARSE)
            fail_msg("not refused: %s", bad[i]);
        assert_true(info.what[0] != '\0');
        assert_int_equal(pub.x32[0], 0x5a);
        assert_int_equal(pub.y32[31], 0x5a);
    }
    char text[1100];
    struct seal_public_key pub;
    snprintf(text, sizeof text, "%*s", 1024, PUBLIC(ALICE_X, ALICE_Y));
    assert_done(seal_public_parse(&pub, text_view(text), &info));
    snprintf(text, sizeof text, "%*s", 1025, PUBLIC(ALICE_X, ALICE_Y));
    assert_fails(GALEN_ERR_LIMIT, seal_public_parse(&pub, text_view(text), &info));
}

static void every_truncation_is_refused(void **state)
{
    const char *whole = PUBLIC(ALICE_X, ALICE_Y);
    for (size_t len = 0; len < strlen(whole); len++) {
        /* a copy of its own, so that a sanitizer sees a read beyond it */
        uint8_t *copy = malloc(len > 0 ? len : 1);
        struct seal_public_key pub;
        memcpy(copy, whole, len);
        assert_int_equal(seal_public_parse(&pub, (struct base_view){copy, len}, NULL),
                         GALEN_ERR_PARSE);
        free(copy);
    }
}

static void private_keys(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        enum galen_err err;
        const char *jwk;
    } cases[] = {
        {GALEN_OK, PRIVATE(ALICE_X, ALICE_Y, ALICE_D)},
        {GALEN_OK, PRIVATE(BOB_X, BOB_Y, BOB_D)},
        {GALEN_OK, PRIVATE("tZzHZx3Wprg24s2Tlu9WGLL_PoGS3XydNsJ8tW_5FmE",
                           "SCbZ29WuZM3YV1Bou8nmPyMepX7QMkiETAkzG5U5IFM",
                           "BhJGXImgI6sXhVsKa86_0_67U674QThke1NS4CwQw0Y")},
        {GALEN_ERR_PARSE, PRIVATE(ALICE_X, ALICE_Y, BOB_D)},
        {GALEN_ERR_PARSE, PRIVATE(BOB_X, ALICE_Y, ALICE_D)},
        {GALEN_ERR_PARSE, PUBLIC(ALICE_X, ALICE_Y)},
        {GALEN_ERR_PARSE, PRIVATE(ALICE_X, ALICE_Y, "")},
        {GALEN_ERR_PARSE, PRIVATE(ALICE_X, ALICE_Y, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
        /* the order of the curve, and beyond it */
        {GALEN_ERR_PARSE, PRIVATE(ALICE_X, ALICE_Y, "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE")},
        {GALEN_ERR_PARSE, PRIVATE(ALICE_X, ALICE_Y, "__________________________________________8")},
        {GALEN_ERR_PARSE, "{\"d\":\"" ALICE_D "\"}"},
        {GALEN_ERR_PARSE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BASE_SECRET_AUTO jwk = {0};
        struct seal_public_key pub;
        assert_done(base_secret_copy(&jwk, cases[i].jwk, strlen(cases[i].jwk)));
        enum galen_err err = seal_key_public(&pub, &jwk, &info);
        if (err != cases[i].err)
            fail_msg("%s: %s", galen_err_name(err), cases[i].jwk);
    }
}

static void generated_keys(void **state)
{
    struct galen_errinfo info = {0};
    uint8_t before[32] = {0};
    for (int i = 0; i < 20; i++) {
        PERSON_AUTO person;
        person_make(&person);
        struct seal_public_key pub;
        struct seal_public_key parsed;
        char text[SEAL_PUBLIC_JWK_TEXT];
        assert_done(seal_key_public(&pub, &person.jwk, &info));
        assert_memory_equal(&pub, &person.pub, sizeof pub);
        seal_public_encode(text, &pub);
        assert_done(seal_public_parse(&parsed, text_view(text), &info));
        assert_memory_equal(&parsed, &pub, sizeof pub);
        assert_memory_not_equal(before, pub.x32, 32);
        memcpy(before, pub.x32, 32);
        /* The canonical text of a private key: its members in order, 43 characters each. */
        assert_int_equal(person.jwk.len, strlen(PRIVATE(ALICE_X, ALICE_Y, ALICE_D)));
        assert_memory_equal(person.jwk.data, "{\"crv\":\"P-256\",\"d\":\"", 20);
    }
    /* A key that is there is replaced. */
    PERSON_AUTO again;
    person_make(&again);
    assert_done(seal_key_generate(&again.jwk, NULL, &info));
    struct seal_public_key pub;
    assert_done(seal_key_public(&pub, &again.jwk, &info));
    assert_memory_not_equal(&pub, &again.pub, sizeof pub);
}

static void thumbprint(void **state)
{
    struct galen_errinfo info = {0};
    /* sha256sum of the text that RFC 7638 prescribes for RFC 7518's Alice */
    struct seal_public_key pub;
    uint8_t digest[32];
    uint8_t expected[32];
    assert_done(seal_public_parse(&pub, text_view(PUBLIC(ALICE_X, ALICE_Y)), &info));
    seal_public_thumbprint(digest, &pub);
    assert_done(base_hex_decode(expected, 32,
                                "fc62b4afa182a09b7dcdcb2c83d95acb8a1b231802ab4e67b624729911c00d25",
                                "it", &info));
    assert_memory_equal(digest, expected, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys),
        cmocka_unit_test(public_keys_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(private_keys),
        cmocka_unit_test(generated_keys),
        cmocka_unit_test(thumbprint),
    };
    return cmocka_run_group_tests(tests, seal_test_init, NULL);
}
