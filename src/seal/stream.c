/*
 * A stream under a password: for what is too large for one JWE.
 *
 * head: "galen.stream/1\n" ‖ ops u32be ‖ memory KiB u32be ‖ salt 16 ‖ secretstream's header 24
 * then chunks of libsodium's secretstream (XChaCha20-Poly1305) under the key that Argon2id makes of
 * the password, each with the head as associated data: 65,536 bytes of plaintext each, the last one
 * fewer or as many, tagged final. A stream without its final chunk, or with anything after it, is
 * refused.
 */
#include "seal/internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "galen.stream/1\n"

enum {
    MAGIC_BYTES = sizeof MAGIC - 1,
    SALT_AT = MAGIC_BYTES + 8,
    HEADER_AT = SALT_AT + SEAL_SALT_BYTES,
    HEAD_BYTES = HEADER_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    CHUNK_BYTES = 65536,
    SEALED_BYTES = CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES,
};

struct seal_stream {
    int fd;
    bool first, ended;
    uint8_t head[HEAD_BYTES];
    crypto_secretstream_xchacha20poly1305_state state;
    size_t len; /* of plain */
    uint8_t plain[CHUNK_BYTES];
    uint8_t sealed[SEALED_BYTES];
};

static enum galen_err new_stream(struct seal_stream **out, int fd, struct galen_errinfo *info)
{
    struct seal_stream *stream = sodium_malloc(sizeof *stream);
    if (stream == NULL)
        return seal_nomem(info);
    memset(stream, 0, sizeof *stream);
    stream->fd = fd;
    stream->first = true;
    *out = stream;
    return GALEN_OK;
}

void seal_stream_free(struct seal_stream **stream)
{
    if (stream == NULL)
        return;
    sodium_free(*stream);
    *stream = NULL;
}

static uint32_t get_u32be(const uint8_t in[4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static enum galen_err derive(const struct seal_stream *stream, struct base_secret *key,
                             struct base_view password, struct galen_errinfo *info)
{
    uint32_t ops = get_u32be(stream->head + MAGIC_BYTES);
    uint32_t memory_kib = get_u32be(stream->head + MAGIC_BYTES + 4);
    if (base_secret_alloc(key, crypto_secretstream_xchacha20poly1305_KEYBYTES) != GALEN_OK)
        return seal_nomem(info);
    if (crypto_pwhash_argon2id(key->data, key->len, (const char *)password.data, password.len,
                               stream->head + SALT_AT, ops, (size_t)memory_kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return base_fail(info, GALEN_ERR_NOMEM, "not enough memory for Argon2id (%u KiB)",
                         memory_kib);
    return GALEN_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

enum galen_err seal_stream_begin(struct seal_stream **out, int fd, struct base_view password,
                                 struct seal_kdf_cost cost, struct galen_errinfo *info)
{
    GALEN_TRY(seal_check_new_password(password, cost, info));
    SEAL_STREAM_AUTO stream = NULL;
    BASE_SECRET_AUTO key = {0};
    GALEN_TRY(new_stream(&stream, fd, info));
    memcpy(stream->head, MAGIC, MAGIC_BYTES);
    base_put_u32be(stream->head + MAGIC_BYTES, cost.ops);
    base_put_u32be(stream->head + MAGIC_BYTES + 4, cost.memory_kib);
    base_random(stream->head + SALT_AT, SEAL_SALT_BYTES);
    GALEN_TRY(derive(stream, &key, password, info));
    crypto_secretstream_xchacha20poly1305_init_push(&stream->state, stream->head + HEADER_AT,
                                                    key.data);
    GALEN_TRY(base_fd_write(fd, stream->head, HEAD_BYTES, info));
    *out = stream;
    stream = NULL;
    return GALEN_OK;
}

static enum galen_err push(struct seal_stream *stream, uint8_t tag, struct galen_errinfo *info)
{
    unsigned long long sealed = 0;
    crypto_secretstream_xchacha20poly1305_push(&stream->state, stream->sealed, &sealed,
                                               stream->plain, stream->len, stream->head, HEAD_BYTES,
                                               tag);
    stream->len = 0;
    return base_fd_write(stream->fd, stream->sealed, (size_t)sealed, info);
}

enum galen_err seal_stream_write(struct seal_stream *stream, const void *data, size_t len,
                                 struct galen_errinfo *info)
{
    const uint8_t *at = data;
    while (len > 0) {
        if (stream->len == CHUNK_BYTES)
            GALEN_TRY(push(stream, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, info));
        size_t now = CHUNK_BYTES - stream->len < len ? CHUNK_BYTES - stream->len : len;
        memcpy(stream->plain + stream->len, at, now);
        stream->len += now;
        at += now;
        len -= now;
    }
    return GALEN_OK;
}

enum galen_err seal_stream_end(struct seal_stream *stream, struct galen_errinfo *info)
{
    GALEN_ASSERT(!stream->ended);
    stream->ended = true;
    return push(stream, crypto_secretstream_xchacha20poly1305_TAG_FINAL, info);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* As many bytes as there are, up to max. */
static enum galen_err read_some(int fd, uint8_t *out, size_t max, size_t *len,
                                struct galen_errinfo *info)
{
    size_t have = 0;
    while (have < max) {
        ssize_t got = read(fd, out + have, max - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base_fail(info, GALEN_ERR_IO, "cannot read: %s", strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *len = have;
    return GALEN_OK;
}

enum galen_err seal_stream_open(struct seal_stream **out, int fd, struct base_view password,
                                struct galen_errinfo *info)
{
    SEAL_STREAM_AUTO stream = NULL;
    BASE_SECRET_AUTO key = {0};
    size_t len = 0;
    GALEN_TRY(new_stream(&stream, fd, info));
    GALEN_TRY(read_some(fd, stream->head, HEAD_BYTES, &len, info));
    const struct seal_kdf_cost cost = {.ops = get_u32be(stream->head + MAGIC_BYTES),
                                       .memory_kib = get_u32be(stream->head + MAGIC_BYTES + 4)};
    if (len != HEAD_BYTES || memcmp(stream->head, MAGIC, MAGIC_BYTES) != 0 ||
        !seal_cost_is_good(cost))
        return base_fail(info, GALEN_ERR_PARSE, "not a galen.stream/1");
    if (password.len == 0 || password.len > SEAL_PASSWORD_MAX)
        return base_fail(info, GALEN_ERR_PASSWORD, "wrong password");
    GALEN_TRY(derive(stream, &key, password, info));
    if (crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, stream->head + HEADER_AT,
                                                        key.data) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "not a galen.stream/1");
    *out = stream;
    stream = NULL;
    return GALEN_OK;
}

enum galen_err seal_stream_read(struct seal_stream *stream, struct base_view *chunk,
                                struct galen_errinfo *info)
{
    *chunk = (struct base_view){0};
    if (stream->ended)
        return GALEN_OK;
    size_t len = 0;
    unsigned char tag = 0;
    unsigned long long plain = 0;
    GALEN_TRY(read_some(stream->fd, stream->sealed, SEALED_BYTES, &len, info));
    if (crypto_secretstream_xchacha20poly1305_pull(&stream->state, stream->plain, &plain, &tag,
                                                   stream->sealed, len, stream->head,
                                                   HEAD_BYTES) != 0)
        return stream->first ? base_fail(info, GALEN_ERR_PASSWORD,
                                         "wrong password, or altered at its beginning")
                             : base_fail(info, GALEN_ERR_CHECK, "altered, or cut off");
    stream->first = false;
    bool is_final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    uint8_t more = 0;
    size_t after = 0;
    if (is_final)
        GALEN_TRY(read_some(stream->fd, &more, 1, &after, info));
    if (after != 0 || (!is_final && (plain != CHUNK_BYTES ||
                                     tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE)))
        return base_fail(info, GALEN_ERR_CHECK, "altered, or cut off");
    stream->ended = is_final;
    *chunk = (struct base_view){stream->plain, (size_t)plain};
    return GALEN_OK;
}

bool seal_stream_has_ended(const struct seal_stream *stream)
{
    return stream->ended;
}
