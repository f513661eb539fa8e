/* Secret memory, wiping, constant-time comparison, randomness: libsodium's. */
#include "base.h"

#include <sodium.h>
#include <string.h>
#include <sys/resource.h>

enum galen_err base_init(struct galen_errinfo *info)
{
    if (sodium_init() < 0)
        return base_fail(info, GALEN_ERR_INTERNAL, "libsodium did not start");
    /* A core file would hold keys and records. */
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return base_fail(info, GALEN_ERR_INTERNAL, "could not turn core dumps off");
    return GALEN_OK;
}

enum galen_err base_secret_alloc(struct base_secret *secret, size_t len)
{
    uint8_t *data = sodium_malloc(len > 0 ? len : 1);
    if (data == NULL)
        return GALEN_ERR_NOMEM;
    memset(data, 0, len);
    secret->data = data;
    secret->len = len;
    return GALEN_OK;
}

enum galen_err base_secret_copy(struct base_secret *secret, const void *data, size_t len)
{
    GALEN_TRY(base_secret_alloc(secret, len));
    if (len > 0)
        memcpy(secret->data, data, len);
    return GALEN_OK;
}

void base_secret_clear(struct base_secret *secret)
{
    if (secret == NULL)
        return;
    sodium_free(secret->data);
    *secret = (struct base_secret){0};
}

void base_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}

bool base_equal_ct(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void base_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}
