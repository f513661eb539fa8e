/* Results for people. One renderer for every command: what the JSON's shape says decides. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COLUMNS 24
#define MAX_CELL    66

/* DEL, or a control character of U+0080 to U+009F: JSON lets them stand as they are. */
static bool is_late_control(const char *text)
{
    unsigned char next = (unsigned char)text[1];
    return *text == 0x7f || ((unsigned char)*text == 0xc2 && next >= 0x80 && next < 0xa0);
}

void cli_print_json(FILE *out, struct json_object *value)
{
    const char *text = json_object_to_json_string_ext(
        value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    for (; text != NULL && *text != '\0'; text++) {
        if (!is_late_control(text)) {
            fputc(*text, out);
            continue;
        }
        fprintf(out, "\\u%04x", *text == 0x7f ? 0x7fu : (unsigned)(unsigned char)*++text);
    }
    fputc('\n', out);
}

const char *cli_color(FILE *out, const char *name)
{
    const char *no_color = getenv("NO_COLOR");
    if (!isatty(fileno(out)) || (no_color != NULL && no_color[0] != '\0'))
        return "";
    if (strcmp(name, "red") == 0)
        return "\033[31m";
    if (strcmp(name, "green") == 0)
        return "\033[32m";
    if (strcmp(name, "bold") == 0)
        return "\033[1m";
    return "\033[0m";
}

/* Texts come from others' records and names. */
void cli_print_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20 || is_late_control(text))
            fputc('?', out);
        else
            fputc(c, out);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* A scalar as text: amounts of wei also in ETH. */
static void scalar_text(char *out, size_t size, const char *key, struct json_object *value)
{
    if (value == NULL) {
        snprintf(out, size, "-");
        return;
    }
    const char *text = json_object_get_string(value);
    struct chain_u256 wei;
    if (key != NULL && ends_with(key, "Wei") && !ends_with(key, "FeeWei") &&
        !ends_with(key, "PriceWei") && json_object_is_type(value, json_type_string) &&
        chain_u256_parse(&wei, text, NULL) == GALEN_OK) {
        char ether[CHAIN_AMOUNT_TEXT];
        chain_amount_format(ether, &wei, CHAIN_DECIMALS_ETHER);
        snprintf(out, size, "%s ETH", ether);
        return;
    }
    snprintf(out, size, "%s", text);
}

static bool is_scalar(struct json_object *value)
{
    return !json_object_is_type(value, json_type_object) &&
           !json_object_is_type(value, json_type_array);
}

/* ---- tables ------------------------------------------------------------------------------------- */

static void cell_text(char out[MAX_CELL + 4], struct json_object *row, const char *column)
{
    struct json_object *value = NULL;
    char text[512] = "";
    if (json_object_object_get_ex(row, column, &value))
        scalar_text(text, sizeof text, column, value);
    if (strlen(text) > MAX_CELL)
        snprintf(out, MAX_CELL + 4, "%.*s...", MAX_CELL, text);
    else
        snprintf(out, MAX_CELL + 4, "%s", text);
}

/* The scalar members that any row has, in the order first met. */
static size_t find_columns(struct json_object *rows, const char *columns[MAX_COLUMNS])
{
    size_t n = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i);
        json_object_object_foreach(row, key, value)
        {
            size_t at = 0;
            while (at < n && strcmp(columns[at], key) != 0)
                at++;
            if (at == n && n < MAX_COLUMNS && is_scalar(value))
                columns[n++] = key;
        }
    }
    return n;
}

static void print_table(FILE *out, struct json_object *rows, int indent)
{
    const char *columns[MAX_COLUMNS];
    int widths[MAX_COLUMNS];
    char cell[MAX_CELL + 4];
    size_t n = find_columns(rows, columns);
    size_t n_rows = json_object_array_length(rows);
    for (size_t c = 0; c < n; c++) {
        widths[c] = (int)strlen(columns[c]);
        for (size_t r = 0; r < n_rows; r++) {
            cell_text(cell, json_object_array_get_idx(rows, r), columns[c]);
            if ((int)strlen(cell) > widths[c])
                widths[c] = (int)strlen(cell);
        }
    }
    fprintf(out, "%*s%s", indent, "", cli_color(out, "bold"));
    for (size_t c = 0; c < n; c++) {
        cli_print_text(out, columns[c]);
        if (c + 1 < n)
            fprintf(out, "%*s  ", widths[c] - (int)strlen(columns[c]), "");
    }
    fprintf(out, "%s\n", cli_color(out, "plain"));
    for (size_t r = 0; r < n_rows; r++) {
        fprintf(out, "%*s", indent, "");
        for (size_t c = 0; c < n; c++) {
            cell_text(cell, json_object_array_get_idx(rows, r), columns[c]);
            cli_print_text(out, cell);
            if (c + 1 < n)
                fprintf(out, "%*s  ", widths[c] - (int)strlen(cell), "");
        }
        fputc('\n', out);
    }
}

/* ---- checks ------------------------------------------------------------------------------------- */

static void print_checks(FILE *out, struct json_object *checks, int indent)
{
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        struct json_object *name = NULL;
        struct json_object *passed = NULL;
        struct json_object *detail = NULL;
        json_object_object_get_ex(row, "check", &name);
        json_object_object_get_ex(row, "passed", &passed);
        json_object_object_get_ex(row, "detail", &detail);
        bool good = json_object_get_boolean(passed);
        fprintf(out, "%*s%s%s%s %s", indent, "", cli_color(out, good ? "green" : "red"),
                good ? "ok  " : "FAIL", cli_color(out, "plain"), json_object_get_string(name));
        if (detail != NULL) {
            fputs(": ", out);
            cli_print_text(out, json_object_get_string(detail));
        }
        fputc('\n', out);
    }
}

/* ---- anything ----------------------------------------------------------------------------------- */

static bool all_objects(struct json_object *array, bool with_scalars_only)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *row = json_object_array_get_idx(array, i);
        if (!json_object_is_type(row, json_type_object))
            return false;
        if (!with_scalars_only)
            continue;
        json_object_object_foreach(row, key, value)
        {
            (void)key;
            if (!is_scalar(value))
                return false;
        }
    }
    return true;
}

static void print_value(FILE *out, struct json_object *value, int indent);

static void print_array(FILE *out, struct json_object *array, int indent)
{
    size_t n = json_object_array_length(array);
    if (n == 0) {
        fprintf(out, "%*s(none)\n", indent, "");
        return;
    }
    if (json_object_is_type(json_object_array_get_idx(array, 0), json_type_object) &&
        json_object_object_get_ex(json_object_array_get_idx(array, 0), "check", NULL)) {
        print_checks(out, array, indent);
        return;
    }
    if (all_objects(array, true)) {
        print_table(out, array, indent);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        if (is_scalar(item)) {
            fprintf(out, "%*s", indent, "");
            cli_print_text(out, json_object_get_string(item));
            fputc('\n', out);
        } else {
            if (i > 0)
                fputc('\n', out);
            print_value(out, item, indent);
        }
    }
}

static void print_value(FILE *out, struct json_object *value, int indent)
{
    if (json_object_is_type(value, json_type_array)) {
        print_array(out, value, indent);
        return;
    }
    if (!json_object_is_type(value, json_type_object)) {
        fprintf(out, "%*s", indent, "");
        cli_print_text(out, value != NULL ? json_object_get_string(value) : "-");
        fputc('\n', out);
        return;
    }
    json_object_object_foreach(value, key, member)
    {
        fprintf(out, "%*s", indent, "");
        cli_print_text(out, key);
        if (is_scalar(member)) {
            static char text[70000];
            scalar_text(text, sizeof text, key, member);
            fputs(": ", out);
            cli_print_text(out, text);
            fputc('\n', out);
        } else {
            fputs(":\n", out);
            print_value(out, member, indent + 2);
        }
    }
}

void cli_print(FILE *out, struct json_object *value)
{
    print_value(out, value, 0);
}

/* ---- progress ------------------------------------------------------------------------------------ */

/* Over and over in one line, which is cleared at the end. */
static void show_progress(void *user, size_t done, size_t total)
{
    struct cli_progress *progress = user;
    int64_t now = base_monotonic_ms();
    if (done == total)
        fputs("\r\033[K", stderr);
    else if (now - progress->shown_ms >= 200) {
        fprintf(stderr, "\r%s%zu of %zu %s", progress->before, done, total, progress->what);
        progress->shown_ms = now;
    }
}

void cli_progress_begin(struct cli *cli, struct cli_progress *progress)
{
    progress->shown_ms = base_monotonic_ms();
    if (cli->wf != NULL && isatty(STDERR_FILENO))
        workflow_tell_progress(cli->wf, show_progress, progress);
}

void cli_progress_end(struct cli *cli)
{
    if (cli->wf != NULL)
        workflow_tell_progress(cli->wf, NULL, NULL);
}
