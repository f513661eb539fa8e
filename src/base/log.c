/* One line a message on stderr. No payload, no keys: whoever writes a message sees to it. */
#include "base.h"

#include <stdarg.h>

static enum base_log_level threshold = BASE_LOG_WARN;

void base_log_set_level(enum base_log_level level)
{
    threshold = level;
}

void base_log(enum base_log_level level, const char *format, ...)
{
    static const char *const names[] = {"broken", "warn", "info", "debug"};
    if (level > threshold)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    char now[BASE_TIME_TEXT];
    base_time_format(now, base_time_s());
    fprintf(stderr, "%s %s %s\n", now, names[level], line);
}
