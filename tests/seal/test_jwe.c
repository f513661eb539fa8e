/* Wrapped keys, objects under a key, messages to a person. */
#include "seal_test.h"

#include "seal/internal.h"

#include <ctype.h>

#define CONTEXT "{\"owner\":\"0x00\",\"root\":\"0x01\",\"type\":\"galen.share/1\"}"
#define OTHER   "{\"owner\":\"0x00\",\"root\":\"0x02\",\"type\":\"galen.share/1\"}"

static uint8_t key32[32];

static int init(void **state)
{
    base_random(key32, sizeof key32);
    return seal_test_init(state);
}

/* ---- wrapped keys -------------------------------------------------------------------------- */

static void wraps(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    PERSON_AUTO other;
    person_make(&reader);
    person_make(&other);
    BASE_BUF_AUTO ek = {0};
    BASE_BUF_AUTO again = {0};
    BASE_SECRET_AUTO got = {0};
    assert_done(seal_wrap_key(&ek, &reader.pub, key32, CONTEXT, &info));
    assert_done(seal_wrap_key(&again, &reader.pub, key32, CONTEXT, &info));
    assert_int_equal(ek.len, again.len);
    assert_memory_not_equal(ek.data, again.data, ek.len);
    assert_true(500 * (ek.len + 128) < SEAL_OBJECT_MAX); /* a manifest part's worth of them */
    assert_done(seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, CONTEXT, &info));
    assert_int_equal(got.len, 32);
    assert_memory_equal(got.data, key32, 32);
    assert_done(seal_unwrap_key(&got, buf_view(&again), &reader.jwk, CONTEXT, &info));

    BASE_SECRET_AUTO none = {0};
    assert_fails(GALEN_ERR_CHECK,
                 seal_unwrap_key(&none, buf_view(&ek), &other.jwk, CONTEXT, &info));
    assert_fails(GALEN_ERR_CHECK, seal_unwrap_key(&none, buf_view(&ek), &reader.jwk, OTHER, &info));
    assert_fails(GALEN_ERR_CHECK, seal_unwrap_key(&none, buf_view(&ek), &reader.jwk, "{}", &info));
    assert_null(none.data);
}

static void context_must_be_canonical(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    person_make(&reader);
    static const char *const bad[] = {"",
                                      "x",
                                      "[]",
                                      "{\"a\": 1}",
                                      "{\"b\":1,\"a\":2}",
                                      "{\"a\":1} ",
                                      "\"\"",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":\"\\u0041\"}",
                                      "{},\"k\":{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BASE_BUF_AUTO ek = {0};
        assert_fails(GALEN_ERR_USAGE, seal_wrap_key(&ek, &reader.pub, key32, bad[i], &info));
        assert_null(ek.data);
    }
    char text[SEAL_CONTEXT_MAX + 2];
    BASE_BUF_AUTO ek = {0};
    BASE_SECRET_AUTO got = {0};
    snprintf(text, sizeof text, "{\"a\":\"%0*d\"}", SEAL_CONTEXT_MAX - 8, 0);
    assert_done(seal_wrap_key(&ek, &reader.pub, key32, text, &info));
    assert_done(seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, text, &info));
    snprintf(text, sizeof text, "{\"a\":\"%0*d\"}", SEAL_CONTEXT_MAX - 7, 0);
    assert_fails(GALEN_ERR_USAGE, seal_wrap_key(&ek, &reader.pub, key32, text, &info));
}

static void every_altered_character_is_noticed(void **state)
{
    PERSON_AUTO reader;
    person_make(&reader);
    BASE_BUF_AUTO ek = {0};
    assert_int_equal(seal_wrap_key(&ek, &reader.pub, key32, CONTEXT, NULL), GALEN_OK);
    static const char swaps[] = "AZaz09-_.=+/ \n";
    for (size_t i = 0; i < ek.len; i++) {
        uint8_t was = ek.data[i];
        /* the next letter differs in the lowest bits, which a lenient decoder would drop */
        uint8_t next = was == 'z' || was == 'Z' || was == '9' || was == '-' || was == '_' ||
                               was == '.'
                           ? 'B'
                           : (uint8_t)(was + 1);
        ek.data[i] = next;
        BASE_SECRET_AUTO got = {0};
        enum galen_err err = seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, CONTEXT, NULL);
        if (err != GALEN_ERR_CHECK && err != GALEN_ERR_PARSE)
            fail_msg("position %zu, %c for %c: %s", i, next, was, galen_err_name(err));
        assert_null(got.data);
        uint8_t swap = (uint8_t)swaps[i % (sizeof swaps - 1)];
        ek.data[i] = swap;
        err = seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, CONTEXT, NULL);
        if (swap != was && err != GALEN_ERR_CHECK && err != GALEN_ERR_PARSE)
            fail_msg("position %zu: %s", i, galen_err_name(err));
        ek.data[i] = was;
    }
}

static void every_truncation_is_noticed(void **state)
{
    PERSON_AUTO reader;
    person_make(&reader);
    BASE_BUF_AUTO ek = {0};
    assert_int_equal(seal_wrap_key(&ek, &reader.pub, key32, CONTEXT, NULL), GALEN_OK);
    for (size_t len = 0; len < ek.len; len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1);
        memcpy(copy, ek.data, len);
        BASE_SECRET_AUTO got = {0};
        enum galen_err err = seal_unwrap_key(&got, (struct base_view){copy, len}, &reader.jwk,
                                             CONTEXT, NULL);
        free(copy);
        if (err != GALEN_ERR_CHECK && err != GALEN_ERR_PARSE)
            fail_msg("length %zu: %s", len, galen_err_name(err));
    }
    assert_int_equal(base_buf_append(&ek, "A", 1), GALEN_OK);
    BASE_SECRET_AUTO got = {0};
    assert_int_equal(seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, CONTEXT, NULL),
                     GALEN_ERR_PARSE);
}

/* PARSE, not CHECK: the header is refused before any cryptography. */
static void headers_off_the_allow_list(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    person_make(&reader);
    BASE_BUF_AUTO ek = {0};
    assert_done(seal_wrap_key(&ek, &reader.pub, key32, CONTEXT, &info));
    char epk[SEAL_PUBLIC_JWK_TEXT];
    seal_public_encode(epk, &reader.pub);
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ecdh-es+a256kw\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\\u0000\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":[\"ECDH-ES+A256KW\"],\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"none\",\"enc\":\"A256GCM\",\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"PBES2-HS512+A256KW\",\"enc\":\"A256GCM\",\"p2c\":2147483647,\"p2s\":"
        "\"AAAAAAAAAAA\",\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A128GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256CBC-HS512\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"epk\":@,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/"
        "1\",\"zip\":\"DEF\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"crit\":[\"exp\"],\"enc\":\"A256GCM\",\"epk\":@,\"typ\":"
        "\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"p2c\":2147483647,\"typ\":"
        "\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"kid\":\"me\",\"typ\":\"galen."
        "key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"apu\":\"AAAA\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":"
        "\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"apv\":\"AAAA\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":"
        "\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"jku\":\"http://"
        "x\",\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"dir\",\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen."
        "key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":@,\"typ\":\"galen.key/1\"}{}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{},\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":null,\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-256\",\"kty\":\"EC\","
        "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},\"typ\":\"galen.key/1\"}",
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"X25519\",\"kty\":"
        "\"OKP\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},\"typ\":\"galen.key/1\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BASE_BUF_AUTO header = {0};
        const char *at = strchr(bad[i], '@');
        if (at == NULL)
            assert_done(base_buf_append_text(&header, bad[i]));
        else
            assert_done(
                base_buf_printf(&header, "%.*s%s%s", (int)(at - bad[i]), bad[i], epk, at + 1));
        if (header.data == NULL)
            assert_done(base_buf_append_text(&header, ""));
        BASE_BUF_AUTO forged = {0};
        BASE_SECRET_AUTO got = {0};
        with_header(&forged, &ek, (char *)header.data);
        enum galen_err err = seal_unwrap_key(&got, buf_view(&forged), &reader.jwk, CONTEXT, &info);
        if (err != GALEN_ERR_PARSE)
            fail_msg("%s: %s", galen_err_name(err), (char *)header.data);
    }
    /* Well-formed, another epk or typ: CHECK. */
    BASE_BUF_AUTO header = {0};
    BASE_BUF_AUTO forged = {0};
    BASE_SECRET_AUTO got = {0};
    assert_done(base_buf_printf(
        &header,
        "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"epk\":%s,\"typ\":\"galen.key/1\"}",
        epk));
    with_header(&forged, &ek, (char *)header.data);
    assert_fails(GALEN_ERR_CHECK,
                 seal_unwrap_key(&got, buf_view(&forged), &reader.jwk, CONTEXT, &info));
    char *type = strstr((char *)header.data, "galen.key");
    memcpy(type, "galen.eid", 9);
    forged.len = 0;
    with_header(&forged, &ek, (char *)header.data);
    assert_fails(GALEN_ERR_CHECK,
                 seal_unwrap_key(&got, buf_view(&forged), &reader.jwk, CONTEXT, &info));
    /* A header longer than any good one. */
    char big[1200];
    snprintf(big, sizeof big, "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"%0900d\"}", 0);
    forged.len = 0;
    with_header(&forged, &ek, big);
    assert_fails(GALEN_ERR_LIMIT,
                 seal_unwrap_key(&got, buf_view(&forged), &reader.jwk, CONTEXT, &info));
}

/* Compact JWEs of RFC 7516 A.1 to A.3 (headers and shape) are not of our two kinds. */
static void other_peoples_vectors(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    person_make(&reader);
    static const char *const jwes[] = {
        /* A.3: A128KW, A128CBC-HS256 */
        "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0."
        "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ."
        "AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY."
        "U0m_YmjN04DJvceFICbCVQ",
        /* Wycheproof json_web_encryption tcId 33: ECDH-ES+A128KW */
        "eyJhbGciOiJFQ0RILUVTK0ExMjhLVyIsImVuYyI6IkExMjhDQkMtSFMyNTYiLCJlcGsiOnsia3R5IjoiRUMiLCJ4"
        "Ijoib0JHZzlCeHhJYWlmaHktSHdEcUFPM3luZGlLTzFSbjhvcTZ2MlRLSjZKRSIsInkiOiJCMm9aZVVsc0tXYXhf"
        "Xzl4ZURDY0owYXRVYVZuTzZzYjhObmZ1dmxyNGNnIiwiY3J2IjoiUC0yNTYifX0."
        "EMryDi1xUlchLZUZLT85xvMBBYMwDBRHFtF50_txDpQVpQPHsYgUIA.orxQswpocXaaLOTTxOKgnQ."
        "O0YdzsAyykfgsLRAFoGazA.ZWQPNGDlM-RYlv5cFOxTbQ",
    };
    for (size_t i = 0; i < sizeof jwes / sizeof *jwes; i++) {
        BASE_SECRET_AUTO key = {0};
        BASE_BUF_AUTO out = {0};
        assert_fails(GALEN_ERR_PARSE,
                     seal_unwrap_key(&key, text_view(jwes[i]), &reader.jwk, "{}", &info));
        assert_fails(GALEN_ERR_PARSE,
                     seal_open_object(&out, text_view(jwes[i]), key32, NULL, &info));
        assert_fails(GALEN_ERR_PARSE, seal_open_message(&out, text_view(jwes[i]), "galen.topup/1",
                                                        &reader.jwk, NULL, &info));
    }
}

/* ---- objects and messages ------------------------------------------------------------------ */

/* {"context":CONTEXT,"x":"0…0"} of len bytes. */
static void make_plaintext(struct base_buf *out, size_t len)
{
    const char *head = "{\"context\":" CONTEXT ",\"x\":\"";
    int zeros = (int)(len - strlen(head) - 2);
    assert_int_equal(base_buf_printf(out, "%s%0*d\"}", head, zeros, 0), GALEN_OK);
    assert_int_equal(out->len, len);
}

static void objects_of_every_size(void **state)
{
    struct galen_errinfo info = {0};
    const size_t sizes[] = {100, 4095, 4096, 4097, 8191, 8192, 8193, 500000, 191 * 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        BASE_BUF_AUTO plain = {0};
        BASE_BUF_AUTO sealed = {0};
        BASE_BUF_AUTO out = {0};
        make_plaintext(&plain, sizes[i]);
        assert_done(seal_object(&sealed, key32, buf_view(&plain), &info));
        size_t padded = (sizes[i] + 4095) / 4096 * 4096;
        assert_true(sealed.len > padded * 4 / 3 && sealed.len < padded * 4 / 3 + 200);
        assert_done(seal_open_object(&out, buf_view(&sealed), key32, CONTEXT, &info));
        assert_int_equal(out.len, plain.len);
        assert_memory_equal(out.data, plain.data, plain.len);
    }
    BASE_BUF_AUTO plain = {0};
    BASE_BUF_AUTO sealed = {0};
    make_plaintext(&plain, 191 * 4096 + 1);
    assert_fails(GALEN_ERR_LIMIT, seal_object(&sealed, key32, buf_view(&plain), &info));
    base_buf_clear(&plain);
    make_plaintext(&plain, 2 * SEAL_OBJECT_MAX);
    assert_fails(GALEN_ERR_LIMIT, seal_object(&sealed, key32, buf_view(&plain), &info));
    assert_null(sealed.data);
}

static void objects_of_even_sizes(void **state)
{
    static const struct {
        size_t len, padded;
    } cases[] = {{100, 16384},     {8193, 16384},    {16384, 16384},
                 {16385, 32768},   {32769, 65536},   {262145, 524288},
                 {524288, 524288}, {524289, 528384}, {191 * 4096, 191 * 4096}};
    struct galen_errinfo info = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BASE_BUF_AUTO plain = {0};
        BASE_BUF_AUTO sealed = {0};
        BASE_BUF_AUTO out = {0};
        make_plaintext(&plain, cases[i].len);
        assert_done(seal_object_evenly(&sealed, key32, buf_view(&plain), &info));
        assert_true(sealed.len > cases[i].padded * 4 / 3 &&
                    sealed.len < cases[i].padded * 4 / 3 + 200);
        assert_done(seal_open_object(&out, buf_view(&sealed), key32, CONTEXT, &info));
        assert_int_equal(out.len, plain.len);
        assert_memory_equal(out.data, plain.data, plain.len);
    }
}

/* Another padding than the two there are. */
static void other_paddings_are_refused(void **state)
{
    static const size_t pads[] = {8192, 32768, 49152};
    struct galen_errinfo info = {0};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        json_auto_t *jwe = NULL;
        BASE_BUF_AUTO plain = {0};
        BASE_BUF_AUTO sealed = {0};
        BASE_BUF_AUTO out = {0};
        make_plaintext(&plain, 100);
        assert_done(
            seal_jwe_encrypt(&jwe, SEAL_TYP_OBJECT, NULL, key32, buf_view(&plain), pads[i], &info));
        assert_done(seal_jwe_append_compact(&sealed, jwe, SEAL_OBJECT_MAX, &info));
        assert_fails(GALEN_ERR_PARSE,
                     seal_open_object(&out, buf_view(&sealed), key32, NULL, &info));
    }
}

static void what_may_be_sealed(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO out = {0};
    static const char *const bad[] = {"", "{", "}", "[]", "{} ", " {}", "\"x\"", "{}\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(GALEN_ERR_USAGE, seal_object(&sealed, key32, text_view(bad[i]), &info));
    assert_done(seal_object(&sealed, key32, text_view("{}"), &info));
    assert_done(seal_open_object(&out, buf_view(&sealed), key32, NULL, &info));
    assert_string_equal((char *)out.data, "{}");
}

static void object_contexts(void **state)
{
    struct galen_errinfo info = {0};
    static const struct {
        const char *plaintext;
        enum galen_err err;
    } cases[] = {
        {"{\"context\":" CONTEXT "}", GALEN_OK},
        {"{ \"context\" : {\"type\":\"galen.share/1\", \"root\":\"0x01\", \"owner\":\"0x00\"} }",
         GALEN_OK},
        {"{\"context\":" OTHER "}", GALEN_ERR_CHECK},
        {"{\"x\":{\"context\":" CONTEXT "}}", GALEN_ERR_CHECK},
        {"{\"context\":null}", GALEN_ERR_CHECK},
        {"{}", GALEN_ERR_CHECK},
        {"{\"context\":" OTHER ",\"context\":" CONTEXT "}", GALEN_ERR_PARSE},
        {"{\"context\":}", GALEN_ERR_PARSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BASE_BUF_AUTO sealed = {0};
        BASE_BUF_AUTO out = {0};
        assert_done(seal_object(&sealed, key32, text_view(cases[i].plaintext), &info));
        enum galen_err err = seal_open_object(&out, buf_view(&sealed), key32, CONTEXT, &info);
        if (err != cases[i].err)
            fail_msg("%s: %s", galen_err_name(err), cases[i].plaintext);
        assert_int_equal(out.data != NULL, err == GALEN_OK);
        assert_done(seal_open_object(&out, buf_view(&sealed), key32, NULL, &info));
        assert_string_equal((char *)out.data, cases[i].plaintext);
    }
}

static void altered_objects(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO out = {0};
    uint8_t other[32];
    memcpy(other, key32, 32);
    other[31] ^= 1;
    assert_done(seal_object(&sealed, key32, text_view("{\"a\":1}"), &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_object(&out, buf_view(&sealed), other, NULL, &info));
    for (size_t i = 0; i < sealed.len; i += i < 200 || i + 40 > sealed.len ? 1 : 13) {
        uint8_t was = sealed.data[i];
        sealed.data[i] = was == 'A' ? 'B' : 'A';
        enum galen_err err = seal_open_object(&out, buf_view(&sealed), key32, NULL, NULL);
        if (err != GALEN_ERR_CHECK && err != GALEN_ERR_PARSE)
            fail_msg("position %zu: %s", i, galen_err_name(err));
        sealed.data[i] = was;
    }
    assert_null(out.data);
    /* an encrypted key where there is none, a sixth part, too much of it */
    BASE_BUF_AUTO forged = {0};
    const char *dots = strstr((char *)sealed.data, "..");
    assert_done(base_buf_printf(&forged, "%.*s.AAAA%s", (int)(dots - (char *)sealed.data),
                                (char *)sealed.data, dots + 1));
    assert_fails(GALEN_ERR_PARSE, seal_open_object(&out, buf_view(&forged), key32, NULL, &info));
    assert_done(base_buf_append_text(&sealed, "."));
    assert_fails(GALEN_ERR_PARSE, seal_open_object(&out, buf_view(&sealed), key32, NULL, &info));
    BASE_BUF_AUTO big = {0};
    assert_done(base_buf_printf(&big, "%0*d", SEAL_OBJECT_MAX + 1, 0));
    assert_fails(GALEN_ERR_LIMIT, seal_open_object(&out, buf_view(&big), key32, NULL, &info));
    assert_fails(GALEN_ERR_PARSE,
                 seal_open_object(&out, (struct base_view){NULL, 0}, key32, NULL, &info));
}

static void messages(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    PERSON_AUTO other;
    person_make(&reader);
    person_make(&other);
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO out = {0};
    const char *plain = "{\"context\":" CONTEXT ",\"n\":1}";
    assert_done(seal_message(&sealed, "galen.topup/1", &reader.pub, text_view(plain), &info));
    assert_done(
        seal_open_message(&out, buf_view(&sealed), "galen.topup/1", &reader.jwk, CONTEXT, &info));
    assert_string_equal((char *)out.data, plain);
    base_buf_clear(&out);
    assert_fails(GALEN_ERR_CHECK, seal_open_message(&out, buf_view(&sealed), "galen.topup/2",
                                                    &reader.jwk, NULL, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_message(&out, buf_view(&sealed), "galen.topup/1",
                                                    &other.jwk, NULL, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_message(&out, buf_view(&sealed), "galen.topup/1",
                                                    &reader.jwk, OTHER, &info));
    assert_null(out.data);
    /* a message is no object, an object no message, a message no wrapped key */
    BASE_SECRET_AUTO key = {0};
    assert_fails(GALEN_ERR_PARSE, seal_open_object(&out, buf_view(&sealed), key32, NULL, &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_unwrap_key(&key, buf_view(&sealed), &reader.jwk, CONTEXT, &info));

    static const char *const types[] = {
        "",    "A", "a b", "a\"",
        "a\\", "ä", "a_b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_fails(GALEN_ERR_USAGE,
                     seal_message(&out, types[i], &reader.pub, text_view("{}"), &info));
    const char *longest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    base_buf_clear(&sealed);
    assert_done(seal_message(&sealed, longest, &reader.pub, text_view("{}"), &info));
    assert_done(seal_open_message(&out, buf_view(&sealed), longest, &reader.jwk, NULL, &info));
}

static void a_bad_private_key_is_refused(void **state)
{
    struct galen_errinfo info = {0};
    PERSON_AUTO reader;
    person_make(&reader);
    BASE_BUF_AUTO ek = {0};
    BASE_SECRET_AUTO got = {0};
    assert_done(seal_wrap_key(&ek, &reader.pub, key32, CONTEXT, &info));
    reader.jwk.data[30] = reader.jwk.data[30] == 'A' ? 'B' : 'A'; /* within d */
    assert_fails(GALEN_ERR_PARSE,
                 seal_unwrap_key(&got, buf_view(&ek), &reader.jwk, CONTEXT, &info));
    assert_null(strstr(info.what, "\"d\""));
}

/* Both take exactly the alphabet (libsodium's own takes bytes above 0x7f too), and the same texts.
 */
static void both_decoders_agree(void **state)
{
    uint8_t bytes[50], slow[50], fast[50];
    base_random(bytes, sizeof bytes);
    for (size_t len = 1; len < sizeof bytes; len++) {
        BASE_BUF_AUTO text = {0};
        size_t checked = 0;
        assert_int_equal(seal_b64_append(&text, bytes, len), GALEN_OK);
        const struct base_view view = buf_view(&text);
        assert_true(seal_b64_decode_public(fast, len, view));
        assert_memory_equal(fast, bytes, len);
        assert_true(seal_b64_check(&checked, view));
        assert_int_equal(checked, len);
        assert_false(seal_b64_decode_public(fast, len + 1, view));
        for (size_t at = 0; at < text.len; at++) {
            uint8_t was = text.data[at];
            for (unsigned c = 0; c < 256; c++) {
                text.data[at] = (uint8_t)c;
                bool good = seal_b64_decode(slow, len, view);
                assert_int_equal(seal_b64_decode_public(fast, len, view), good);
                assert_int_equal(seal_b64_check(&checked, view), good);
                if (good)
                    assert_memory_equal(fast, slow, len);
                if (good && !isalnum((int)c) && c != '-' && c != '_')
                    fail_msg("byte %u was taken", c);
            }
            text.data[at] = was;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_decoders_agree),
        cmocka_unit_test(wraps),
        cmocka_unit_test(context_must_be_canonical),
        cmocka_unit_test(every_altered_character_is_noticed),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(headers_off_the_allow_list),
        cmocka_unit_test(other_peoples_vectors),
        cmocka_unit_test(objects_of_every_size),
        cmocka_unit_test(objects_of_even_sizes),
        cmocka_unit_test(other_paddings_are_refused),
        cmocka_unit_test(what_may_be_sealed),
        cmocka_unit_test(object_contexts),
        cmocka_unit_test(altered_objects),
        cmocka_unit_test(messages),
        cmocka_unit_test(a_bad_private_key_is_refused),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
