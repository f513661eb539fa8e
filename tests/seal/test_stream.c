/* Streams under a password: sizes around a chunk, every truncation, every flipped byte. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "seal/seal.h"

#define HEAD   63
#define CHUNK  65536
#define SEALED (CHUNK + 17)

static const struct base_view password = {(const uint8_t *)"a password", 10};

static int memory_file(void)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void put(struct base_buf *out, const uint8_t *plain, size_t len, size_t step)
{
    struct galen_errinfo info = {0};
    SEAL_STREAM_AUTO stream = NULL;
    int fd = memory_file();
    assert_done(seal_stream_begin(&stream, fd, password, SEAL_KDF_MINIMAL, &info));
    for (size_t at = 0; at < len; at += step)
        assert_done(
            seal_stream_write(stream, plain + at, len - at < step ? len - at : step, &info));
    assert_done(seal_stream_end(stream, &info));
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    assert_int_equal(base_buf_reserve(out, size), GALEN_OK);
    assert_int_equal(pread(fd, out->data, size, 0), size);
    out->len = size;
    close(fd);
}

/* All of it; what was read stays in out also on an error. */
static enum galen_err get(struct base_buf *out, const uint8_t *sealed, size_t len,
                          struct base_view key, struct galen_errinfo *info)
{
    SEAL_STREAM_AUTO stream = NULL;
    int fd = memory_file();
    assert_int_equal(write(fd, sealed, len), len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    enum galen_err err = seal_stream_open(&stream, fd, key, info);
    while (err == GALEN_OK && !seal_stream_has_ended(stream)) {
        struct base_view chunk;
        err = seal_stream_read(stream, &chunk, info);
        if (err == GALEN_OK)
            assert_int_equal(base_buf_append(out, chunk.data, chunk.len), GALEN_OK);
    }
    close(fd);
    return err;
}

static uint8_t text[3 * CHUNK + 10];

static int set_up(void **state)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31 + i / 256);
    return 0;
}

static void sizes_around_a_chunk(void **state)
{
    static const size_t sizes[] = {0,         1,         CHUNK - 1, CHUNK,
                                   CHUNK + 1, 2 * CHUNK, 3 * CHUNK, 3 * CHUNK + 10};
    static const size_t steps[] = {1000, CHUNK, sizeof text};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            struct galen_errinfo info = {0};
            BASE_BUF_AUTO sealed = {0};
            BASE_BUF_AUTO back = {0};
            put(&sealed, text, sizes[i], steps[s]);
            assert_done(get(&back, sealed.data, sealed.len, password, &info));
            assert_int_equal(back.len, sizes[i]);
            if (back.len > 0)
                assert_memory_equal(back.data, text, back.len);
        }
}

static void every_truncation_is_seen(void **state)
{
    BASE_BUF_AUTO sealed = {0};
    put(&sealed, text, CHUNK + 300, 777);
    for (size_t len = 0; len < sealed.len; len += len == HEAD + 400 ? SEALED - 800 : 1) {
        struct galen_errinfo info = {0};
        BASE_BUF_AUTO back = {0};
        enum galen_err expected = len < HEAD            ? GALEN_ERR_PARSE
                                  : len < HEAD + SEALED ? GALEN_ERR_PASSWORD
                                                        : GALEN_ERR_CHECK;
        assert_fails(expected, get(&back, sealed.data, len, password, &info));
        assert_true(back.len == 0 || (back.len == CHUNK && len >= HEAD + SEALED));
    }
}

static void every_changed_byte_is_seen(void **state)
{
    BASE_BUF_AUTO sealed = {0};
    put(&sealed, text, 100, 100);
    for (size_t i = 0; i < sealed.len; i++) {
        struct galen_errinfo info = {0};
        BASE_BUF_AUTO back = {0};
        sealed.data[i] ^= 1;
        assert_int_not_equal(get(&back, sealed.data, sealed.len, password, &info), GALEN_OK);
        assert_int_equal(back.len, 0);
        sealed.data[i] ^= 1;
    }
}

static void other_orders_are_seen(void **state)
{
    struct galen_errinfo info = {0};
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO other = {0};
    BASE_BUF_AUTO back = {0};
    put(&sealed, text, 2 * CHUNK + 5, CHUNK);
    /* something after the end */
    assert_int_equal(base_buf_append(&sealed, "x", 1), GALEN_OK);
    assert_fails(GALEN_ERR_CHECK, get(&back, sealed.data, sealed.len, password, &info));
    sealed.len--;
    /* a chunk left out, two changed over, the first one twice */
    assert_int_equal(base_buf_append(&other, sealed.data, HEAD), GALEN_OK);
    assert_int_equal(
        base_buf_append(&other, sealed.data + HEAD + SEALED, sealed.len - HEAD - SEALED), GALEN_OK);
    assert_fails(GALEN_ERR_PASSWORD, get(&back, other.data, other.len, password, &info));
    other.len = HEAD;
    for (int i = 0; i < 2; i++)
        assert_int_equal(base_buf_append(&other, sealed.data + HEAD, SEALED), GALEN_OK);
    assert_fails(GALEN_ERR_CHECK, get(&back, other.data, other.len, password, &info));
    /* the end of another stream under the same password */
    BASE_BUF_AUTO second = {0};
    put(&second, text, 2 * CHUNK + 5, CHUNK);
    memcpy(sealed.data + HEAD + 2 * SEALED, second.data + HEAD + 2 * SEALED, 22);
    assert_fails(GALEN_ERR_CHECK, get(&back, sealed.data, sealed.len, password, &info));
}

static void passwords(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_STREAM_AUTO stream = NULL;
    BASE_BUF_AUTO sealed = {0};
    BASE_BUF_AUTO back = {0};
    const struct base_view wrong = {(const uint8_t *)"a passwore", 10};
    const struct base_view none = {(const uint8_t *)"", 0};
    put(&sealed, text, 10, 10);
    assert_fails(GALEN_ERR_PASSWORD, get(&back, sealed.data, sealed.len, wrong, &info));
    assert_fails(GALEN_ERR_PASSWORD, get(&back, sealed.data, sealed.len, none, &info));
    assert_fails(GALEN_ERR_USAGE, seal_stream_begin(&stream, 1, none, SEAL_KDF_MINIMAL, &info));
    /* a cost that would take all memory is no stream of ours */
    memset(sealed.data + 19, 0xff, 4);
    assert_fails(GALEN_ERR_PARSE, get(&back, sealed.data, sealed.len, password, &info));
}

static void a_full_disk_is_told(void **state)
{
    struct galen_errinfo info = {0};
    SEAL_STREAM_AUTO stream = NULL;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_fails(GALEN_ERR_IO, seal_stream_begin(&stream, fd, password, SEAL_KDF_MINIMAL, &info));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_around_a_chunk),
        cmocka_unit_test(every_truncation_is_seen),
        cmocka_unit_test(every_changed_byte_is_seen),
        cmocka_unit_test(other_orders_are_seen),
        cmocka_unit_test(passwords),
        cmocka_unit_test(a_full_disk_is_told),
    };
    if (base_init(NULL) != GALEN_OK)
        return 1;
    return cmocka_run_group_tests(tests, set_up, NULL);
}
