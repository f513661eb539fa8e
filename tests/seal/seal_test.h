/* What the tests of seal share. */
#ifndef GALEN_SEAL_TEST_H
#define GALEN_SEAL_TEST_H

#include "test.h"

#include "seal/seal.h"

static inline struct base_view text_view(const char *text)
{
    return (struct base_view){(const uint8_t *)text, strlen(text)};
}

static inline struct base_view buf_view(const struct base_buf *buf)
{
    return (struct base_view){buf->data, buf->len};
}

/* A person: a fresh key pair. */
struct person {
    struct base_secret jwk;
    struct seal_public_key pub;
};

static inline void person_make(struct person *person)
{
    struct galen_errinfo info = {0};
    *person = (struct person){0};
    assert_done(seal_key_generate(&person->jwk, &person->pub, &info));
}

static inline void person_clear(struct person *person)
{
    base_secret_clear(&person->jwk);
}
#define PERSON_AUTO GALEN_CLEANUP(person_clear) struct person

static inline int seal_test_init(void **state)
{
    return base_init(NULL) == GALEN_OK ? 0 : -1;
}

/* base64url of bytes, for headers made by hand. */
static inline void b64(struct base_buf *out, const void *data, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *bytes = data;
    unsigned bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        have += 8;
        for (; have >= 6; have -= 6)
            assert_int_equal(base_buf_append(out, &alphabet[bits >> (have - 6) & 63], 1), 0);
    }
    if (have > 0)
        assert_int_equal(base_buf_append(out, &alphabet[bits << (6 - have) & 63], 1), 0);
}

/* The compact JWE with its header put in place of its own. */
static inline void with_header(struct base_buf *out, const struct base_buf *jwe, const char *header)
{
    b64(out, header, strlen(header));
    const char *rest = strchr((const char *)jwe->data, '.');
    assert_non_null(rest);
    assert_int_equal(base_buf_append_text(out, rest), 0);
}

#endif
