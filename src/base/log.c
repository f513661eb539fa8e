/*
 * One line a message on stderr, as logfmt (ts=… level=… msg=… key=value) or as JSON. No payload, no
 * keys: whoever writes a message sees to it. Others' words cannot end a line or move a terminal:
 * what is not printable is escaped. A line is one write, so that threads do not mix theirs.
 */
#include "base.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define MSG_MAX_BYTES  1024

static enum base_log_level threshold = BASE_LOG_WARN;
static enum base_log_format form = BASE_LOG_LOGFMT;

void base_log_set_level(enum base_log_level level)
{
    threshold = level;
}

void base_log_set_format(enum base_log_format format)
{
    form = format;
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

/* All of it or nothing; room for the closing quote, brace and newline is always left. */
static void put(struct line *line, const char *text, size_t len)
{
    if (line->len + len > sizeof line->text - 4)
        return;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Bytes of the UTF-8 character there; 0 when there is none, or a control character. */
static size_t printable(const unsigned char *at)
{
    if (at[0] >= 0x20 && at[0] < 0x7f)
        return 1;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || (at[0] == 0xc2 && at[1] < 0xa0) ||
        (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f) ||
        (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9 || at[2] == 0xae)))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* The escapes are JSON's in both forms. */
static void put_quoted(struct line *line, const char *text)
{
    put(line, "\"", 1);
    while (*text != '\0') {
        size_t len = printable((const unsigned char *)text);
        char escape[8];
        if (*text == '"' || *text == '\\')
            snprintf(escape, sizeof escape, "\\%c", *text);
        else if (*text == '\n')
            snprintf(escape, sizeof escape, "\\n");
        else if (len == 0)
            snprintf(escape, sizeof escape, "\\u%04x",
                     (unsigned char)*text < 0x80 ? (unsigned)*text : 0xfffdu);
        else
            escape[0] = '\0';
        if (escape[0] != '\0')
            put_text(line, escape);
        else
            put(line, text, len);
        text += len > 0 ? len : 1;
    }
    line->text[line->len++] = '"';
}

/* key: letters, digits, _ of the program itself. Numbers and words stand bare in logfmt. */
static void put_field(struct line *line, const char *key, const char *value)
{
    static const char bare[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:/+@";
    bool json = form == BASE_LOG_JSON;
    size_t room = sizeof line->text - 16 - strlen(key);
    if (line->len > room) /* no half field */
        return;
    put_text(line, json ? (line->len > 0 ? ",\"" : "{\"") : line->len > 0 ? " " : "");
    put_text(line, key);
    put_text(line, json ? "\":" : "=");
    if (!json && value[0] != '\0' && value[strspn(value, bare)] == '\0')
        put_text(line, value);
    else
        put_quoted(line, value);
}

static void begin(struct line *line, enum base_log_level level, const char *message)
{
    static const char *const names[] = {"broken", "warn", "info", "debug"};
    char now[BASE_TIME_TEXT];
    base_time_format(now, base_time_s());
    put_field(line, "ts", now);
    put_field(line, "level", names[level]);
    put_field(line, "msg", message);
}

static void end(struct line *line)
{
    if (form == BASE_LOG_JSON)
        line->text[line->len++] = '}';
    line->text[line->len++] = '\n';
    /* A log that cannot be written has nowhere to say so. */
    (void)!write(STDERR_FILENO, line->text, line->len);
}

void base_log(enum base_log_level level, const char *format, ...)
{
    if (level > threshold)
        return;
    struct line line = {0};
    char message[MSG_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    begin(&line, level, message);
    end(&line);
}

void base_log_fields(enum base_log_level level, const char *message, ...)
{
    if (level > threshold)
        return;
    struct line line = {0};
    va_list args;
    begin(&line, level, message);
    va_start(args, message);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;)
        put_field(&line, key, va_arg(args, const char *));
    va_end(args);
    end(&line);
}
