/* The command line's words. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "record/record.h"

enum cli_exit cli_exit_of(enum galen_err err)
{
    switch (err) {
    case GALEN_OK:
        return CLI_DONE;
    case GALEN_ERR_USAGE:
    case GALEN_ERR_CONFIG:
        return CLI_USAGE;
    case GALEN_ERR_NETWORK:
        return CLI_NETWORK;
    case GALEN_ERR_REVERTED:
    case GALEN_ERR_FUNDS:
        return CLI_REVERTED;
    default:
        return CLI_FAILED;
    }
}

const char *cli_option(const struct cli *cli, const char *name)
{
    for (size_t i = cli->n_given; i > 0; i--)
        if (strcmp(cli->given[i - 1].name, name) == 0)
            return cli->given[i - 1].value;
    return NULL;
}

size_t cli_options(const struct cli *cli, const char *name, const char *values[CLI_MAX_REPEATS])
{
    size_t n = 0;
    for (size_t i = 0; i < cli->n_given; i++)
        if (strcmp(cli->given[i].name, name) == 0)
            values[n++] = cli->given[i].value;
    return n;
}

enum galen_err cli_need(const struct cli *cli, const char *name, const char **value,
                        struct galen_errinfo *info)
{
    *value = cli_option(cli, name);
    if (*value == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "--%s is needed", name);
    return GALEN_OK;
}

enum galen_err cli_number(const char *text, const char *what, uint64_t min, uint64_t max,
                          uint64_t *out, struct galen_errinfo *info)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min || value > max)
        return base_fail(info, GALEN_ERR_USAGE, "%s is a number from %llu to %llu", what,
                         (unsigned long long)min, (unsigned long long)max);
    *out = value;
    return GALEN_OK;
}

enum galen_err cli_identity(const struct cli *cli, const char *role, struct chain_address *out,
                            struct galen_errinfo *info)
{
    return workflow_identity_find(cli->wf, out, cli_option(cli, "as"), role, info);
}

enum galen_err cli_read_json(const char *path, struct json_object **out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(base_file_read(&text, path, RECORD_MAX_JSON_BYTES, info));
    enum galen_err err = record_json_parse(out, (const char *)text.data, text.len,
                                           RECORD_MAX_JSON_BYTES, info);
    return err == GALEN_OK ? GALEN_OK : base_wrap(info, err, "%s", path);
}

enum galen_err cli_write_output(const struct cli *cli, const void *data, size_t len,
                                struct galen_errinfo *info)
{
    const char *path = cli_option(cli, "output");
    if (path != NULL)
        return base_file_write(path, data, len, 0600, info);
    if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write to standard output: %s",
                         strerror(errno));
    return GALEN_OK;
}

enum galen_err cli_write_json(const struct cli *cli, struct json_object *value,
                              struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    const char *pretty = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE);
    if (pretty == NULL || base_buf_append_text(&text, pretty) != GALEN_OK ||
        base_buf_append_text(&text, "\n") != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return cli_write_output(cli, text.data, text.len, info);
}

/* ---- passwords ---------------------------------------------------------------------------------- */

#define PASSWORD_MAX_BYTES 1024

static enum galen_err prompt_once(const char *prompt, struct base_buf *out,
                                  struct galen_errinfo *info)
{
    struct termios was;
    if (tcgetattr(STDIN_FILENO, &was) != 0)
        return base_fail(info, GALEN_ERR_PASSWORD, "cannot ask for the password here");
    struct termios quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", prompt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    char line[PASSWORD_MAX_BYTES + 2];
    /* Unbuffered reading, so that stdio keeps no copy. */
    size_t len = 0;
    while (len < sizeof line && read(STDIN_FILENO, line + len, 1) == 1 && line[len] != '\n')
        len++;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    enum galen_err err = GALEN_OK;
    if (len == 0 || len > PASSWORD_MAX_BYTES)
        err = base_fail(info, GALEN_ERR_PASSWORD, "no password, or one that is too long");
    else if (base_buf_append(out, line, len) != GALEN_OK)
        err = base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    base_wipe(line, sizeof line);
    return err;
}

enum galen_err cli_password(const char *file, const char *prompt, bool twice, struct base_buf *out,
                            struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    if (file != NULL) {
        GALEN_TRY(base_file_read(&text, file, PASSWORD_MAX_BYTES + 1, info));
        while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
            text.data[--text.len] = 0;
        if (text.len == 0 || memchr(text.data, '\n', text.len) != NULL ||
            memchr(text.data, '\0', text.len) != NULL)
            return base_fail(info, GALEN_ERR_PASSWORD, "%s does not hold one line with a password",
                             file);
    } else {
        if (!isatty(STDIN_FILENO)) {
            base_fail(info, GALEN_ERR_PASSWORD, "this needs a password");
            (void)base_hint(info, "put it in a file that only you can read: --password-file FILE");
            return GALEN_ERR_PASSWORD;
        }
        GALEN_TRY(prompt_once(prompt, &text, info));
        BASE_BUF_AUTO again = {0};
        if (twice)
            GALEN_TRY(prompt_once("The same again", &again, info));
        if (twice && (again.len != text.len || memcmp(again.data, text.data, text.len) != 0))
            return base_fail(info, GALEN_ERR_PASSWORD, "the two are not the same");
    }
    base_buf_move(out, &text);
    return GALEN_OK;
}

enum galen_err cli_home_password(const struct cli *cli, struct base_buf *out,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(workflow_home_check(cli->home, info));
    return cli_password(cli->password_file, "Password of the home", false, out, info);
}
