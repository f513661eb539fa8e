/* Status codes and the details for people. */
#include "base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [GALEN_OK] = "done",
    [GALEN_ERR_USAGE] = "usage",
    [GALEN_ERR_CONFIG] = "config",
    [GALEN_ERR_PARSE] = "malformed",
    [GALEN_ERR_LIMIT] = "too-large",
    [GALEN_ERR_CHECK] = "check-failed",
    [GALEN_ERR_PASSWORD] = "wrong-password",
    [GALEN_ERR_NOT_FOUND] = "not-found",
    [GALEN_ERR_EXISTS] = "exists",
    [GALEN_ERR_STATE] = "wrong-state",
    [GALEN_ERR_WALLET] = "wallet",
    [GALEN_ERR_UNSUPPORTED] = "unsupported",
    [GALEN_ERR_NETWORK] = "network",
    [GALEN_ERR_REVERTED] = "reverted",
    [GALEN_ERR_FUNDS] = "insufficient-funds",
    [GALEN_ERR_IO] = "io",
    [GALEN_ERR_DB] = "database",
    [GALEN_ERR_NOMEM] = "out-of-memory",
    [GALEN_ERR_INTERNAL] = "internal",
};

const char *galen_err_name(enum galen_err code)
{
    if ((size_t)code >= sizeof names / sizeof *names)
        return "unknown";
    return names[code];
}

enum galen_err base_fail(struct galen_errinfo *info, enum galen_err code, const char *format, ...)
{
    GALEN_ASSERT(code != GALEN_OK);
    if (info == NULL)
        return code;
    /* The arguments may point into info itself, so the text is built aside. */
    char what[sizeof info->what];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    info->code = code;
    info->hint[0] = '\0';
    memcpy(info->what, what, sizeof what);
    return code;
}

enum galen_err base_hint(struct galen_errinfo *info, const char *format, ...)
{
    if (info == NULL)
        return GALEN_ERR_INTERNAL;
    va_list args;
    va_start(args, format);
    vsnprintf(info->hint, sizeof info->hint, format, args);
    va_end(args);
    return info->code;
}

enum galen_err base_raise(struct galen_errinfo *info, enum galen_err err,
                          const struct galen_errinfo *why)
{
    if (info != NULL)
        *info = *why;
    return err;
}

enum galen_err base_wrap(struct galen_errinfo *info, enum galen_err code, const char *format, ...)
{
    if (info == NULL)
        return code;
    char context[sizeof info->what];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    size_t used = strlen(context);
    /* A long context keeps the front of what the lower layer said. */
    snprintf(context + used, sizeof context - used, ": %s",
             info->what[0] != '\0' ? info->what : galen_err_name(code));
    memcpy(info->what, context, sizeof context);
    info->code = code;
    return code;
}

_Noreturn void base_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "galen: bug: %s does not hold at %s:%d\n", condition, file, line);
    abort();
}
