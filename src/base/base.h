/*
 * base: what every other module stands on — errors, byte buffers, secret memory, hex, base32,
 * time, randomness, files and the log. Built on libsodium; knows nothing of health care.
 *
 * Conventions of the whole project
 *   - Every fallible function returns `enum galen_err` (0 = done) and takes a
 *     `struct galen_errinfo *` (may be NULL) that receives the details for people.
 *   - On failure outputs are untouched. A verdict (valid / not valid) is an output, not a status.
 *   - Details never hold payload: no record content, keys, passwords.
 *   - Caller's bugs assert, in release too (GALEN_ASSERT); bad input never asserts.
 */
#ifndef GALEN_BASE_H
#define GALEN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- errors -------------------------------------------------------------------------------- */

/* The one status enumeration. The comment names the exit code that the command line gives it. */
enum galen_err {
    GALEN_OK = 0,
    GALEN_ERR_USAGE,       /* 2: the caller's words are off: an option, an address, an amount */
    GALEN_ERR_CONFIG,      /* 2: configuration or home is missing or malformed */
    GALEN_ERR_PARSE,       /* 1: bytes from outside are not what they claim to be */
    GALEN_ERR_LIMIT,       /* 1: larger or more than the documented maximum */
    GALEN_ERR_CHECK,       /* 1: a signature, proof, hash, tag or rule does not hold */
    GALEN_ERR_PASSWORD,    /* 1: wrong password, or none given */
    GALEN_ERR_NOT_FOUND,   /* 1: no such record, identity, block, request */
    GALEN_ERR_EXISTS,      /* 1: already there; nothing was overwritten */
    GALEN_ERR_STATE,       /* 1: not possible in the present state */
    GALEN_ERR_WALLET,      /* 1: a browser wallet is asked first, by an intent */
    GALEN_ERR_UNSUPPORTED, /* 1: understood, and not done by this version */
    GALEN_ERR_NETWORK,     /* 3: chain, store or peer unreachable, timed out, or talks nonsense */
    GALEN_ERR_REVERTED,    /* 4: the contract or the chain refused the transaction */
    GALEN_ERR_FUNDS,       /* 4: the account cannot pay for it */
    GALEN_ERR_IO,          /* 1: the file system failed */
    GALEN_ERR_DB,          /* 1: the database failed */
    GALEN_ERR_NOMEM,       /* 1: out of memory */
    GALEN_ERR_INTERNAL,    /* 1: a library failed in a way it should not */
};

/* Details for people: what failed and why, then what to do about it. Zero-initialise before use. */
struct galen_errinfo {
    enum galen_err code;
    char what[384];
    char hint[256];
};

#define GALEN_MUST_CHECK __attribute__((warn_unused_result))

/* Fills info (which may be NULL) with code and the formatted text, clears its hint; returns code,
 * so that a function can `return base_fail(info, GALEN_ERR_PARSE, "…")`. */
enum galen_err base_fail(struct galen_errinfo *info, enum galen_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds what to do next. Returns info->code, or GALEN_ERR_INTERNAL when info is NULL. */
enum galen_err base_hint(struct galen_errinfo *info, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the text that a lower layer left. Returns code unchanged. */
enum galen_err base_wrap(struct galen_errinfo *info, enum galen_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hands an error on that was caught in an info of its own: *why becomes *info (may be NULL).
 * Returns err. */
enum galen_err base_raise(struct galen_errinfo *info, enum galen_err err,
                          const struct galen_errinfo *why);
/* A short lower-case name such as "not-found"; never NULL. */
const char *galen_err_name(enum galen_err code);

/* A caller's bug: prints where and aborts. */
#define GALEN_ASSERT(condition)                                                                    \
    ((condition) ? (void)0 : base_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void base_assert_failed(const char *condition, const char *file, int line);

/* `GALEN_TRY(call)` returns the call's error from the function around it. */
#define GALEN_TRY(call)                                                                            \
    do {                                                                                           \
        enum galen_err galen_try_err_ = (call);                                                    \
        if (galen_try_err_ != GALEN_OK)                                                            \
            return galen_try_err_;                                                                 \
    } while (0)

/* Runs the destructor when the variable leaves its scope; fn takes a pointer to the variable.
 * `unused`: clang, unlike gcc, warns of a variable that is there for its clean-up alone. */
#define GALEN_CLEANUP(fn) __attribute__((cleanup(fn), unused))

/* ---- bytes --------------------------------------------------------------------------------- */

/* Growable bytes, owned. {0} is an empty buffer. data is NUL-terminated beyond len, so text may be
 * read as a C string. base_buf_clear wipes the bytes before it frees them. */
struct base_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

/* Borrowed bytes. */
struct base_view {
    const uint8_t *data;
    size_t len;
};

void base_buf_clear(struct base_buf *buf); /* NULL and {0} are fine; leaves {0} */
GALEN_MUST_CHECK enum galen_err base_buf_reserve(struct base_buf *buf, size_t more_bytes);
GALEN_MUST_CHECK enum galen_err base_buf_append(struct base_buf *buf, const void *data, size_t len);
GALEN_MUST_CHECK enum galen_err base_buf_append_text(struct base_buf *buf, const char *text);
GALEN_MUST_CHECK enum galen_err base_buf_printf(struct base_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Big-endian, fixed width. */
GALEN_MUST_CHECK enum galen_err base_buf_append_u32be(struct base_buf *buf, uint32_t value);
/* Moves src into dst (dst's old bytes are wiped), leaves src {0}. */
void base_buf_move(struct base_buf *dst, struct base_buf *src);
#define BASE_BUF_AUTO GALEN_CLEANUP(base_buf_clear) struct base_buf

/* A C string that frees itself: `BASE_TEXT_AUTO = strdup(x)`. */
void base_text_free(char **text);
#define BASE_TEXT_AUTO GALEN_CLEANUP(base_text_free) char *

void base_put_u32be(uint8_t out4[4], uint32_t value);
void base_put_u64be(uint8_t out8[8], uint64_t value);

/* ---- secrets ------------------------------------------------------------------------------- */

/* Bytes in guarded, locked memory (sodium_malloc), wiped when freed. {0} is empty. alloc (zeroed)
 * and copy are for an empty one: what it held would leak. */
struct base_secret {
    uint8_t *data;
    size_t len;
};
GALEN_MUST_CHECK enum galen_err base_secret_alloc(struct base_secret *secret, size_t len);
GALEN_MUST_CHECK enum galen_err base_secret_copy(struct base_secret *secret, const void *data,
                                                 size_t len);
void base_secret_clear(struct base_secret *secret);
#define BASE_SECRET_AUTO GALEN_CLEANUP(base_secret_clear) struct base_secret

void base_wipe(void *data, size_t len);                       /* never optimised away */
bool base_equal_ct(const void *a, const void *b, size_t len); /* constant time */

/* Starts libsodium, turns core dumps off. Call once, before anything else; safe to repeat. */
GALEN_MUST_CHECK enum galen_err base_init(struct galen_errinfo *info);

/* ---- text encodings ------------------------------------------------------------------------ */

/* Lower-case hex with a NUL: out needs 2 * len + 1 bytes. */
void base_hex_encode(char *out, const uint8_t *data, size_t len);
/* Exactly len bytes from hex digits of either case, with or without 0x; PARSE otherwise. `what`
 * names the thing in the error ("signature"); the text itself is not repeated. */
GALEN_MUST_CHECK enum galen_err base_hex_decode(uint8_t *out, size_t len, const char *text,
                                                const char *what, struct galen_errinfo *info);
/* Any even number of digits up to max_bytes; appends to out. */
GALEN_MUST_CHECK enum galen_err base_hex_decode_buf(struct base_buf *out, size_t max_bytes,
                                                    const char *text, const char *what,
                                                    struct galen_errinfo *info);
/* "0x" + hex, appended. */
GALEN_MUST_CHECK enum galen_err base_hex_append(struct base_buf *out, const uint8_t *data,
                                                size_t len);

/* RFC 4648 base32, lower case, no padding (as multibase `b` has it). out needs
 * (8 * len + 4) / 5 + 1 bytes. */
void base_base32_encode(char *out, const uint8_t *data, size_t len);
/* Exactly len bytes; non-canonical trailing bits, capitals and padding are PARSE. */
GALEN_MUST_CHECK enum galen_err base_base32_decode(uint8_t *out, size_t len, const char *text,
                                                   size_t text_len, struct galen_errinfo *info);

/* ---- time ---------------------------------------------------------------------------------- */

int64_t base_time_s(void); /* Unix time, seconds */
int64_t base_monotonic_ms(void);

#define BASE_TIME_TEXT 21                    /* "2026-01-31T23:59:59Z" and NUL */
#define BASE_TIME_MAX  INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
void base_time_format(char out[BASE_TIME_TEXT], int64_t unix_s); /* years 0 to 9999 (asserted) */
/* RFC 3339; any offset is taken, fractions of a second are dropped. Whatever it takes,
 * base_time_format takes too. */
GALEN_MUST_CHECK enum galen_err base_time_parse(int64_t *unix_s, const char *text,
                                                struct galen_errinfo *info);

/* ---- randomness ---------------------------------------------------------------------------- */

void base_random(void *out, size_t len); /* libsodium's generator; cannot fail after base_init */

/* ---- files --------------------------------------------------------------------------------- */

/* Whole file, at most max_bytes (LIMIT beyond). path "-" reads standard input. */
GALEN_MUST_CHECK enum galen_err base_file_read(struct base_buf *out, const char *path,
                                               size_t max_bytes, struct galen_errinfo *info);
/* All or nothing: temporary file beside path, fsync, rename. mode e.g. 0600. */
GALEN_MUST_CHECK enum galen_err base_file_write(const char *path, const void *data, size_t len,
                                                unsigned mode, struct galen_errinfo *info);
/* The same of a file that is not there yet: EXISTS, and nothing was overwritten. */
GALEN_MUST_CHECK enum galen_err base_file_create(const char *path, const void *data, size_t len,
                                                 unsigned mode, struct galen_errinfo *info);
/* Removes a file for good: its folder is synced too. NOT_FOUND when it is not there. */
GALEN_MUST_CHECK enum galen_err base_file_remove(const char *path, struct galen_errinfo *info);
/* Makes the folder and its parents, each with mode; one that is there is fine. */
GALEN_MUST_CHECK enum galen_err base_dir_make(const char *path, unsigned mode,
                                              struct galen_errinfo *info);

/* A descriptor that closes itself: `BASE_FD_AUTO fd = open(…)`; negative: none. */
void base_fd_close(int *fd);
#define BASE_FD_AUTO GALEN_CLEANUP(base_fd_close) int
/* All of it; IO. */
GALEN_MUST_CHECK enum galen_err base_fd_write(int fd, const void *data, size_t len,
                                              struct galen_errinfo *info);
/* After a rename: the folder that holds the name is put on the disk. IO. */
GALEN_MUST_CHECK enum galen_err base_dir_sync(const char *path, struct galen_errinfo *info);
/* Makes the file (0600) when it is not there and locks it (flock) until *fd is closed, however its
 * process ends. STATE when another has it and wait is false; IO, NOT_FOUND (no such folder). *fd is
 * set only when it is locked. */
GALEN_MUST_CHECK enum galen_err base_file_lock(int *fd, const char *path, bool wait,
                                               struct galen_errinfo *info);
/* A sign of life: the same for byte `at` of the file alone (an open file description's lock), which
 * others can look for without taking it. *has false: nobody has it, or there is no such file. */
GALEN_MUST_CHECK enum galen_err base_file_lock_at(int *fd, const char *path, int64_t at,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err base_file_has_lock_at(bool *has, const char *path, int64_t at,
                                                      struct galen_errinfo *info);

/* ---- several cores ------------------------------------------------------------------------- */

#define BASE_MAX_THREADS 64
/* Processors that this process may run on, 1 to BASE_MAX_THREADS. */
unsigned base_cores(void);
/* Calls work(user, i) once for each i below n, on so many threads, this one included (fewer where
 * the system gives fewer), and returns when all is done. What the pieces share is theirs to guard.
 */
typedef void base_piece(void *user, size_t i);
void base_parallel(unsigned threads, size_t n, base_piece *work, void *user);

/* ---- log (stderr; libraries below src/workflow do not log) ------------------------------------
 */

enum base_log_level { BASE_LOG_BROKEN, BASE_LOG_WARN, BASE_LOG_INFO, BASE_LOG_DEBUG };
enum base_log_format { BASE_LOG_LOGFMT, BASE_LOG_JSON };
/* Before there are threads. */
void base_log_set_level(enum base_log_level level);    /* default WARN */
void base_log_set_format(enum base_log_format format); /* default LOGFMT */
/* One line, at most 4 KiB: time, level, message. Nothing of what came from outside needs care. */
void base_log(enum base_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* With fields after the message: "key", "value", …, NULL; all const char *. */
void base_log_fields(enum base_log_level level, const char *message, ...) __attribute__((sentinel));

#endif
