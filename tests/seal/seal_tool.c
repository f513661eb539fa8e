/* seal on the command line, for jose.test.mjs alone: a test tool, its arguments hold test keys.
 * Input comes on stdin where one is needed, the result goes to stdout. */
#include "seal/seal.h"

#include <stdlib.h>
#include <string.h>

static struct galen_errinfo info;

static struct base_view view(const char *text)
{
    return (struct base_view){(const uint8_t *)text, strlen(text)};
}

static struct base_view all(const struct base_buf *buf)
{
    return (struct base_view){buf->data, buf->len};
}

static const char *or_null(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

static enum galen_err print(const void *data, size_t len)
{
    return fwrite(data, 1, len, stdout) == len ? GALEN_OK : GALEN_ERR_IO;
}

static enum galen_err print_hex(const struct base_secret *secret)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(base_hex_append(&text, secret->data, secret->len));
    return print(text.data, text.len);
}

static enum galen_err read_private(struct base_secret *jwk, const char *text)
{
    return base_secret_copy(jwk, text, strlen(text));
}

static enum galen_err keygen(char **argv, struct base_view in)
{
    BASE_SECRET_AUTO jwk = {0};
    GALEN_TRY(seal_key_generate(&jwk, NULL, &info));
    return print(jwk.data, jwk.len);
}

static enum galen_err thumbprint(char **argv, struct base_view in)
{
    struct seal_public_key pub;
    BASE_SECRET_AUTO digest = {0};
    GALEN_TRY(base_secret_alloc(&digest, 32));
    GALEN_TRY(seal_public_parse(&pub, view(argv[0]), &info));
    seal_public_thumbprint(digest.data, &pub);
    return print_hex(&digest);
}

/* count texts, one a line */
static enum galen_err wrap(char **argv, struct base_view in)
{
    struct seal_public_key pub;
    uint8_t key32[32];
    GALEN_TRY(seal_public_parse(&pub, view(argv[0]), &info));
    GALEN_TRY(base_hex_decode(key32, 32, argv[1], "key", &info));
    for (int i = atoi(argv[3]); i > 0; i--) {
        BASE_BUF_AUTO out = {0};
        GALEN_TRY(seal_wrap_key(&out, &pub, key32, argv[2], &info));
        GALEN_TRY(base_buf_append_text(&out, "\n"));
        GALEN_TRY(print(out.data, out.len));
    }
    return GALEN_OK;
}

/* each line of stdin; prints the keys, one a line */
static enum galen_err unwrap(char **argv, struct base_view in)
{
    BASE_SECRET_AUTO jwk = {0};
    GALEN_TRY(read_private(&jwk, argv[0]));
    while (in.len > 0) {
        const uint8_t *end = memchr(in.data, '\n', in.len);
        size_t len = end != NULL ? (size_t)(end - in.data) : in.len;
        BASE_SECRET_AUTO key = {0};
        GALEN_TRY(seal_unwrap_key(&key, (struct base_view){in.data, len}, &jwk, argv[1], &info));
        GALEN_TRY(print_hex(&key));
        GALEN_TRY(print("\n", 1));
        len += end != NULL;
        in = (struct base_view){in.data + len, in.len - len};
    }
    return GALEN_OK;
}

static enum galen_err object(char **argv, struct base_view in)
{
    uint8_t key32[32];
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(base_hex_decode(key32, 32, argv[0], "key", &info));
    GALEN_TRY(seal_object(&out, key32, in, &info));
    return print(out.data, out.len);
}

static enum galen_err open_object(char **argv, struct base_view in)
{
    uint8_t key32[32];
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(base_hex_decode(key32, 32, argv[0], "key", &info));
    GALEN_TRY(seal_open_object(&out, in, key32, or_null(argv[1]), &info));
    return print(out.data, out.len);
}

static enum galen_err message(char **argv, struct base_view in)
{
    struct seal_public_key pub;
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(seal_public_parse(&pub, view(argv[1]), &info));
    GALEN_TRY(seal_message(&out, argv[0], &pub, in, &info));
    return print(out.data, out.len);
}

static enum galen_err open_message(char **argv, struct base_view in)
{
    BASE_SECRET_AUTO jwk = {0};
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(read_private(&jwk, argv[1]));
    GALEN_TRY(seal_open_message(&out, in, argv[0], &jwk, or_null(argv[2]), &info));
    return print(out.data, out.len);
}

static enum galen_err envelope(char **argv, struct base_view in)
{
    struct seal_public_key pub;
    uint8_t key32[32];
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(seal_public_parse(&pub, view(argv[0]), &info));
    GALEN_TRY(base_hex_decode(key32, 32, argv[1], "key", &info));
    GALEN_TRY(seal_envelope(&out, &pub, key32, view(argv[2]), in, &info));
    return print(out.data, out.len);
}

static enum galen_err open_envelope(char **argv, struct base_view in)
{
    BASE_SECRET_AUTO jwk = {0};
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(read_private(&jwk, argv[0]));
    GALEN_TRY(seal_open_envelope(&out, NULL, in, &jwk, or_null(argv[1]), &info));
    return print(out.data, out.len);
}

static enum galen_err open_envelope_with_key(char **argv, struct base_view in)
{
    uint8_t key32[32];
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(base_hex_decode(key32, 32, argv[0], "key", &info));
    GALEN_TRY(seal_open_envelope_with_key(&out, in, key32, or_null(argv[1]), &info));
    return print(out.data, out.len);
}

/* IDREC PATIENT KEY GM RM HOSPITAL; prints a CERT */
static enum galen_err cert(char **argv, struct base_view in)
{
    uint8_t idrec32[32];
    uint8_t key32[32];
    uint8_t sig362[SEAL_SIGNATURE_BYTES];
    struct seal_public_key gm;
    struct seal_public_key rm;
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO out = {0};
    base_random(sig362, sizeof sig362);
    GALEN_TRY(base_hex_decode(idrec32, 32, argv[0], "idrec", &info));
    GALEN_TRY(base_hex_decode(key32, 32, argv[2], "key", &info));
    GALEN_TRY(seal_public_parse(&gm, view(argv[3]), &info));
    GALEN_TRY(seal_public_parse(&rm, view(argv[4]), &info));
    GALEN_TRY(seal_make_eid(&eid, idrec32, argv[1], argv[5], key32, &gm, &rm, &info));
    GALEN_TRY(seal_cert_encode(&out, sig362, all(&eid), &info));
    return print(out.data, out.len);
}

/* IDREC PATIENT GM_PRIVATE, eId on stdin; prints the inner layer */
static enum galen_err open_outer(char **argv, struct base_view in)
{
    uint8_t idrec32[32];
    BASE_SECRET_AUTO jwk = {0};
    BASE_BUF_AUTO hospital = {0};
    BASE_BUF_AUTO inner = {0};
    GALEN_TRY(base_hex_decode(idrec32, 32, argv[0], "idrec", &info));
    GALEN_TRY(read_private(&jwk, argv[2]));
    GALEN_TRY(seal_open_eid_outer(&hospital, &inner, in, &jwk, idrec32, argv[1], &info));
    return print(inner.data, inner.len);
}

/* IDREC PATIENT RM_PRIVATE, inner on stdin; prints K_patient */
static enum galen_err open_inner(char **argv, struct base_view in)
{
    uint8_t idrec32[32];
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO key = {0};
    GALEN_TRY(base_hex_decode(idrec32, 32, argv[0], "idrec", &info));
    GALEN_TRY(read_private(&jwk, argv[2]));
    GALEN_TRY(seal_open_eid_inner(&key, in, &jwk, idrec32, argv[1], &info));
    return print_hex(&key);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        bool reads;
        enum galen_err (*run)(char **argv, struct base_view in);
    } commands[] = {
        {"keygen", 0, false, keygen},
        {"thumbprint", 1, false, thumbprint},
        {"wrap", 4, false, wrap},
        {"unwrap", 2, true, unwrap},
        {"object", 1, true, object},
        {"open-object", 2, true, open_object},
        {"message", 2, true, message},
        {"open-message", 3, true, open_message},
        {"envelope", 3, true, envelope},
        {"open-envelope", 2, true, open_envelope},
        {"open-envelope-with-key", 2, true, open_envelope_with_key},
        {"cert", 6, false, cert},
        {"open-outer", 3, true, open_outer},
        {"open-inner", 3, true, open_inner},
    };
    enum galen_err err = base_init(&info);
    for (size_t i = 0; err == GALEN_OK && i < sizeof commands / sizeof *commands; i++) {
        if (argc != 2 + commands[i].args || strcmp(argv[1], commands[i].name) != 0)
            continue;
        BASE_BUF_AUTO in = {0};
        if (commands[i].reads)
            err = base_file_read(&in, "-", 4 * SEAL_OBJECT_MAX, &info);
        if (err == GALEN_OK)
            err = commands[i].run(argv + 2, all(&in));
        if (err != GALEN_OK)
            fprintf(stderr, "%s: %s\n", galen_err_name(err), info.what);
        return err == GALEN_OK ? 0 : 1;
    }
    fprintf(stderr, "usage: see seal_tool.c\n");
    return 2;
}
