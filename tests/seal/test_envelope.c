/* The record envelope, CERT and eId. */
#include "seal_test.h"

#define PATIENT "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define HOSPITAL                                                                                   \
    "{\"address\":\"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359\",\"name\":\"Święty Łukasz\"}"
#define CONTEXT "{\"owner\":\"" PATIENT "\",\"type\":\"galen.envelope/1\"}"
#define RECORD  "{\"context\":" CONTEXT ",\"record\":{\"notes\":\"known text\"}}"

static uint8_t idrec32[32];
static uint8_t k32[32];
static uint8_t sig362[SEAL_SIGNATURE_BYTES];
static struct person patient, gm, rm, other;

static int init(void **state)
{
    base_random(idrec32, sizeof idrec32);
    base_random(k32, sizeof k32);
    base_random(sig362, sizeof sig362);
    int err = seal_test_init(state);
    person_make(&patient);
    person_make(&gm);
    person_make(&rm);
    person_make(&other);
    return err;
}

static int end(void **state)
{
    person_clear(&patient);
    person_clear(&gm);
    person_clear(&rm);
    person_clear(&other);
    return 0;
}

static void make_cert(struct base_buf *cert, struct base_buf *eid)
{
    struct galen_errinfo info = {0};
    assert_done(seal_make_eid(eid, idrec32, PATIENT, HOSPITAL, k32, &gm.pub, &rm.pub, &info));
    assert_done(seal_cert_encode(cert, sig362, buf_view(eid), &info));
}

/* ---- eId and CERT -------------------------------------------------------------------------- */

static void two_managers_peel(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_BUF_AUTO inner = {0};
    BASE_SECRET_AUTO k = {0};
    assert_done(seal_make_eid(&eid, idrec32, PATIENT, HOSPITAL, k32, &gm.pub, &rm.pub, &info));
    assert_done(
        seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &gm.jwk, idrec32, PATIENT, &info));
    assert_string_equal((char *)hospital.data, HOSPITAL);
    assert_done(seal_open_eid_inner(&k, buf_view(&inner), &rm.jwk, idrec32, PATIENT, &info));
    assert_int_equal(k.len, 32);
    assert_memory_equal(k.data, k32, 32);
}

static void neither_manager_alone(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_BUF_AUTO inner = {0};
    BASE_SECRET_AUTO k = {0};
    assert_done(seal_make_eid(&eid, idrec32, PATIENT, HOSPITAL, k32, &gm.pub, &rm.pub, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &rm.jwk,
                                                      idrec32, PATIENT, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_eid_outer(&hospital, &inner, buf_view(&eid),
                                                      &patient.jwk, idrec32, PATIENT, &info));
    assert_null(hospital.data);
    assert_done(
        seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &gm.jwk, idrec32, PATIENT, &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_eid_inner(&k, buf_view(&inner), &gm.jwk, idrec32, PATIENT, &info));
    assert_null(k.data);
}

static void bound_to_record_and_patient(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_BUF_AUTO inner = {0};
    BASE_SECRET_AUTO k = {0};
    uint8_t other32[32];
    const char *other_patient = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee";
    memcpy(other32, idrec32, 32);
    other32[0] ^= 1;
    assert_done(seal_make_eid(&eid, idrec32, PATIENT, HOSPITAL, k32, &gm.pub, &rm.pub, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &gm.jwk,
                                                      other32, PATIENT, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &gm.jwk,
                                                      idrec32, other_patient, &info));
    assert_null(hospital.data);
    assert_null(inner.data);
    assert_done(
        seal_open_eid_outer(&hospital, &inner, buf_view(&eid), &gm.jwk, idrec32, PATIENT, &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_eid_inner(&k, buf_view(&inner), &rm.jwk, other32, PATIENT, &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_eid_inner(&k, buf_view(&inner), &rm.jwk, idrec32, other_patient, &info));
    assert_null(k.data);
    static const char *const bad[] = {"",
                                      "0x",
                                      "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                                      PATIENT "0",
                                      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
                                      "0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA",
                                      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(GALEN_ERR_USAGE,
                     seal_make_eid(&eid, idrec32, bad[i], HOSPITAL, k32, &gm.pub, &rm.pub, &info));
    assert_fails(GALEN_ERR_USAGE,
                 seal_make_eid(&eid, idrec32, PATIENT, "{\"a\": 1}", k32, &gm.pub, &rm.pub, &info));
    assert_fails(GALEN_ERR_USAGE,
                 seal_make_eid(&eid, idrec32, PATIENT, "x", k32, &gm.pub, &rm.pub, &info));
}

static void certs(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO got = {0};
    uint8_t sig[SEAL_SIGNATURE_BYTES];
    make_cert(&cert, &eid);
    assert_done(seal_cert_parse(sig, &got, buf_view(&cert), &info));
    assert_memory_equal(sig, sig362, sizeof sig);
    assert_int_equal(got.len, eid.len);
    assert_memory_equal(got.data, eid.data, eid.len);

    char hex[2 * SEAL_SIGNATURE_BYTES + 1];
    base_hex_encode(hex, sig362, SEAL_SIGNATURE_BYTES);
    static const struct {
        const char *format; /* %s is the signature */
        enum galen_err err;
    } cases[] = {
        {"{\"eId\":\"0x01\",\"sig\":\"0x%s\"}", GALEN_OK},
        {" {\"sig\":\"0x%s\" , \"eId\":\"0x01\"} ", GALEN_OK},
        {"{\"eId\":\"0x01\",\"sig\":\"0x%s00\"}", GALEN_ERR_LIMIT},
        {"{\"eId\":\"0x01\",\"sig\":\"%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x01\",\"sig\":\"0X%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x01\",\"sig\":\"0x%s \"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x0\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x012\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0xAB\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":1,\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x01\",\"sig\":\"0x%s\",\"x\":1}", GALEN_ERR_PARSE},
        {"{\"eId\":\"0x01\",\"eId\":\"0x01\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"{\"eid\":\"0x01\",\"sig\":\"0x%s\"}", GALEN_ERR_PARSE},
        {"[\"0x%s\"]", GALEN_ERR_PARSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1000];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, cases[i].format, hex);
#pragma GCC diagnostic pop
        enum galen_err err = seal_cert_parse(sig, &got, text_view(text), &info);
        if (err != cases[i].err)
            fail_msg("%s: %s", galen_err_name(err), cases[i].format);
    }
    assert_fails(
        GALEN_ERR_PARSE,
        seal_cert_parse(sig, &got, text_view("{\"eId\":\"0x01\",\"sig\":\"0x01\"}"), &info));
    for (size_t len = 0; len < cert.len; len += len < 100 ? 1 : 97)
        assert_fails(GALEN_ERR_PARSE,
                     seal_cert_parse(sig, &got, (struct base_view){cert.data, len}, &info));
    BASE_BUF_AUTO big = {0};
    assert_done(
        base_buf_printf(&big, "{\"eId\":\"0x%0*d\",\"sig\":\"0x%s\"}", 2 * SEAL_EID_MAX, 0, hex));
    assert_done(seal_cert_parse(sig, &got, buf_view(&big), &info));
    base_buf_clear(&big);
    assert_done(base_buf_printf(&big, "{\"eId\":\"0x%0*d\",\"sig\":\"0x%s\"}", 2 * SEAL_EID_MAX + 2,
                                0, hex));
    assert_fails(GALEN_ERR_LIMIT, seal_cert_parse(sig, &got, buf_view(&big), &info));
    assert_fails(
        GALEN_ERR_LIMIT,
        seal_cert_encode(&got, sig362, (struct base_view){big.data, SEAL_EID_MAX + 1}, &info));
    assert_fails(GALEN_ERR_LIMIT,
                 seal_cert_encode(&got, sig362, (struct base_view){big.data, 0}, &info));
}

/* ---- envelope ------------------------------------------------------------------------------ */

static void make_envelope(struct base_buf *envelope, struct base_buf *cert)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO eid = {0};
    make_cert(cert, &eid);
    assert_done(
        seal_envelope(envelope, &patient.pub, k32, buf_view(cert), text_view(RECORD), &info));
}

static void envelope_both_ways(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO seen = {0};
    BASE_BUF_AUTO out = {0};
    BASE_SECRET_AUTO k = {0};
    make_envelope(&envelope, &cert);
    assert_done(seal_envelope_cert(&seen, buf_view(&envelope), &info));
    assert_string_equal((char *)seen.data, (char *)cert.data);
    assert_done(seal_open_envelope(&out, &k, buf_view(&envelope), &patient.jwk, CONTEXT, &info));
    assert_string_equal((char *)out.data, RECORD);
    assert_int_equal(k.len, 32);
    assert_memory_equal(k.data, k32, 32);
    base_buf_clear(&out);
    assert_done(seal_open_envelope(&out, NULL, buf_view(&envelope), &patient.jwk, NULL, &info));
    assert_string_equal((char *)out.data, RECORD);
    base_buf_clear(&out);
    assert_done(seal_open_envelope_with_key(&out, buf_view(&envelope), k32, CONTEXT, &info));
    assert_string_equal((char *)out.data, RECORD);
}

/* What stands outside: six members, and nothing of record or patient. */
static void envelope_shows_nothing(void **state)
{
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    make_envelope(&envelope, &cert);
    const char *text = (char *)envelope.data;
    assert_null(strstr(text, "\"kid\""));
    assert_null(strstr(text, "\"aad\""));
    assert_null(strstr(text, "\"header\""));
    assert_null(strstr(text, PATIENT));
    assert_null(strstr(text, "known text"));
    static const char *const members[] = {
        "{\"ciphertext\":\"", "\",\"encrypted_key\":\"",
        "\",\"iv\":\"",       "\",\"protected\":\"",
        "\",\"tag\":\"",      "\",\"unprotected\":{\"cert\":{\"eId\":\"0x"};
    const char *at = text;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        at = strstr(at, members[i]);
        assert_non_null(at);
    }
}

static void envelope_of_someone_else(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO out = {0};
    BASE_SECRET_AUTO k = {0};
    uint8_t wrong32[32];
    make_envelope(&envelope, &cert);
    memcpy(wrong32, k32, 32);
    wrong32[0] ^= 1;
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_envelope(&out, &k, buf_view(&envelope), &other.jwk, NULL, &info));
    assert_fails(GALEN_ERR_CHECK, seal_open_envelope(&out, &k, buf_view(&envelope), &patient.jwk,
                                                     "{\"owner\":\"else\"}", &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_envelope_with_key(&out, buf_view(&envelope), wrong32, NULL, &info));
    assert_fails(GALEN_ERR_CHECK,
                 seal_open_envelope_with_key(&out, buf_view(&envelope), k32, "{}", &info));
    assert_null(out.data);
    assert_null(k.data);
}

/* Every character of the five parts, ciphertext sampled. */
static void altered_envelopes(void **state)
{
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    make_envelope(&envelope, &cert);
    size_t end_of_parts =
        (size_t)(strstr((char *)envelope.data, ",\"unprotected\"") - (char *)envelope.data);
    size_t end_of_ciphertext =
        (size_t)(strstr((char *)envelope.data, "\",\"encrypted_key\"") - (char *)envelope.data);
    for (size_t i = 0; i<end_of_parts; i += i> 20 && i + 40 < end_of_ciphertext ? 31 : 1) {
        uint8_t was = envelope.data[i];
        envelope.data[i] = was == 'A' ? 'B' : 'A';
        BASE_BUF_AUTO out = {0};
        BASE_SECRET_AUTO k = {0};
        enum galen_err err = seal_open_envelope(&out, &k, buf_view(&envelope), &patient.jwk, NULL,
                                                NULL);
        if (err != GALEN_ERR_CHECK && err != GALEN_ERR_PARSE)
            fail_msg("position %zu: %s", i, galen_err_name(err));
        assert_null(out.data);
        assert_null(k.data);
        envelope.data[i] = was;
    }
    for (size_t len = 0; len < envelope.len; len += len < 50 ? 1 : 211) {
        BASE_BUF_AUTO out = {0};
        assert_int_equal(seal_envelope_cert(&out, (struct base_view){envelope.data, len}, NULL),
                         GALEN_ERR_PARSE);
    }
}

/* Puts to for the first from. */
static void replace(struct base_buf *out, const struct base_buf *in, const char *from,
                    const char *to)
{
    const char *at = strstr((char *)in->data, from);
    assert_non_null(at);
    assert_int_equal(base_buf_printf(out, "%.*s%s%s", (int)(at - (char *)in->data),
                                     (char *)in->data, to, at + strlen(from)),
                     GALEN_OK);
}

static void odd_envelopes(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO envelope = {0};
    BASE_BUF_AUTO cert = {0};
    make_envelope(&envelope, &cert);
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"{\"ciphertext\"", "{\"aad\":\"AAAA\",\"ciphertext\""},
        {"{\"ciphertext\"", "{\"header\":{\"kid\":\"me\"},\"ciphertext\""},
        {"{\"ciphertext\"", "{\"recipients\":[{}],\"ciphertext\""},
        {"{\"ciphertext\"", "{\"ciphertext\":\"AAAA\",\"ciphertext\""},
        {"\"encrypted_key\":", "\"recipients\":"},
        {"\"unprotected\":{", "\"unprotected\":{\"kid\":\"me\","},
        {"\"unprotected\":{", "\"unprotected\":{\"zip\":\"DEF\","},
        {"\"unprotected\":{\"cert\"", "\"unprotected\":{\"cerd\""},
        {"\"cert\":{", "\"cert\":{\"x\":1,"},
        {"\"eId\":\"0x", "\"eId\":\"0X"},
        {"\"tag\":\"", "\"tag\":\"A"},
        {"\"iv\":\"", "\"iv\":\"AAAA"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        BASE_BUF_AUTO forged = {0};
        BASE_BUF_AUTO out = {0};
        replace(&forged, &envelope, changes[i].from, changes[i].to);
        assert_fails(GALEN_ERR_PARSE, seal_envelope_cert(&out, buf_view(&forged), &info));
        assert_fails(GALEN_ERR_PARSE,
                     seal_open_envelope(&out, NULL, buf_view(&forged), &patient.jwk, NULL, &info));
        assert_fails(GALEN_ERR_PARSE,
                     seal_open_envelope_with_key(&out, buf_view(&forged), k32, NULL, &info));
        assert_null(out.data);
    }
    BASE_BUF_AUTO big = {0};
    BASE_BUF_AUTO out = {0};
    assert_done(base_buf_append(&big, envelope.data, envelope.len));
    while (big.len <= SEAL_OBJECT_MAX)
        assert_done(base_buf_append_text(&big, "                                "));
    assert_fails(GALEN_ERR_LIMIT, seal_envelope_cert(&out, buf_view(&big), &info));
    big.len = SEAL_OBJECT_MAX;
    assert_done(seal_envelope_cert(&out, buf_view(&big), &info));
}

static void what_may_be_enveloped(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO plain = {0};
    BASE_BUF_AUTO out = {0};
    make_cert(&cert, &eid);
    assert_fails(GALEN_ERR_PARSE,
                 seal_envelope(&out, &patient.pub, k32, text_view("{}"), text_view(RECORD), &info));
    assert_fails(GALEN_ERR_USAGE,
                 seal_envelope(&out, &patient.pub, k32, buf_view(&cert), text_view("x"), &info));
    /* As an object it would fit; with the CERT beside it it does not. */
    assert_done(base_buf_printf(&plain, "{\"x\":\"%0*d\"}", 191 * 4096 - 8, 0));
    assert_fails(GALEN_ERR_LIMIT,
                 seal_envelope(&out, &patient.pub, k32, buf_view(&cert), buf_view(&plain), &info));
    base_buf_clear(&plain);
    assert_done(base_buf_printf(&plain, "{\"x\":\"%0*d\"}", 188 * 4096 - 8, 0));
    assert_done(seal_envelope(&out, &patient.pub, k32, buf_view(&cert), buf_view(&plain), &info));
    BASE_BUF_AUTO again = {0};
    assert_done(seal_open_envelope(&again, NULL, buf_view(&out), &patient.jwk, NULL, &info));
    assert_int_equal(again.len, plain.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_managers_peel),
        cmocka_unit_test(neither_manager_alone),
        cmocka_unit_test(bound_to_record_and_patient),
        cmocka_unit_test(certs),
        cmocka_unit_test(envelope_both_ways),
        cmocka_unit_test(envelope_shows_nothing),
        cmocka_unit_test(envelope_of_someone_else),
        cmocka_unit_test(altered_envelopes),
        cmocka_unit_test(odd_envelopes),
        cmocka_unit_test(what_may_be_enveloped),
    };
    return cmocka_run_group_tests(tests, init, end);
}
