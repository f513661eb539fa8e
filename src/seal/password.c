/* Passwords that only let somebody in: libsodium's crypto_pwhash_str. */
#include "seal/internal.h"

#include <sodium.h>
#include <string.h>

#define PASSWORD_MIN 8

enum galen_err seal_password_check(struct base_view password, struct galen_errinfo *info)
{
    if (password.len < PASSWORD_MIN || password.len > SEAL_PASSWORD_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "a password has %d to %d bytes", PASSWORD_MIN,
                         SEAL_PASSWORD_MAX);
    return GALEN_OK;
}

enum galen_err seal_password_hash(char out[SEAL_PASSWORD_HASH], struct base_view password,
                                  struct galen_errinfo *info)
{
    char made[crypto_pwhash_STRBYTES];
    _Static_assert(sizeof made <= SEAL_PASSWORD_HASH, "the hash fits");
    GALEN_TRY(seal_password_check(password, info));
    if (crypto_pwhash_str(made, (const char *)password.data, password.len,
                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return seal_nomem(info);
    memcpy(out, made, sizeof made);
    return GALEN_OK;
}

void seal_password_verify(bool *matches, const char *hash, struct base_view password)
{
    *matches = password.len <= SEAL_PASSWORD_MAX &&
               crypto_pwhash_str_verify(hash, (const char *)password.data, password.len) == 0;
}
