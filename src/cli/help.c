/* galen --help and the manual page, both from the table of commands. */
#include "cli/cli.h"

#include <string.h>

#include "config.h"

#define MANUAL_DATE "November 23, 2026" /* of this text's last change */

static const char *const exits[] = {
    "done",
    "a check failed, or it could not be done",
    "usage, configuration or environment",
    "chain or store unreachable",
    "the chain refused",
};

/* "name=WHAT" cut in two; what is NULL for a flag. */
static size_t cut(const char *option, const char **what)
{
    const char *equals = strchr(option, '=');
    *what = equals != NULL ? equals + 1 : NULL;
    return equals != NULL ? (size_t)(equals - option) : strlen(option);
}

/* ---- --help -------------------------------------------------------------------------------------- */

static void print_command(const struct cli_command *command)
{
    printf("galen %s%s%s%s%s", command->noun, command->verb != NULL ? " " : "",
           command->verb != NULL ? command->verb : "", command->arguments[0] != '\0' ? " " : "",
           command->arguments);
    for (size_t i = 0; i < CLI_MAX_OPTIONS && command->options[i] != NULL; i++) {
        const char *what = NULL;
        int len = (int)cut(command->options[i], &what);
        printf(what != NULL ? " [--%.*s %s]" : " [--%.*s]", len, command->options[i], what);
    }
    printf("\n    %s\n", command->summary);
}

bool cli_print_help(const char *noun)
{
    bool found = noun == NULL;
    for (size_t i = 0; i < cli_n_commands; i++)
        found = found || strcmp(cli_commands[i].noun, noun) == 0;
    if (!found) {
        fprintf(stderr, "galen: unknown command %s; 'galen --help' lists all\n", noun);
        return false;
    }
    printf("usage: galen [options] NOUN [VERB] [arguments]\n\n");
    for (size_t i = 0; i < cli_n_commands; i++)
        if (noun == NULL || strcmp(cli_commands[i].noun, noun) == 0)
            print_command(&cli_commands[i]);
    printf("\noptions of every command\n");
    for (size_t i = 0; i < cli_n_globals; i++) {
        const char *what = NULL;
        char option[64];
        int len = (int)cut(cli_globals[i].option, &what);
        snprintf(option, sizeof option, "--%.*s %s", len, cli_globals[i].option,
                 what != NULL ? what : "");
        printf("    %-21s %s\n", option, cli_globals[i].summary);
    }
    printf("    --version, --help\n\nexit status:");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        printf("%s %zu %s", i > 0 ? "," : "", i, exits[i]);
    printf("\n");
    return true;
}

/* ---- the manual page (mdoc) ---------------------------------------------------------------------- */

/* As text: roff's own characters mean themselves. */
static void print_roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '~')
            fputs("\\(ti", stdout);
        else
            fputc(*text, stdout);
    }
}

static void print_option(const char *option, const char *macro)
{
    const char *what = NULL;
    int len = (int)cut(option, &what);
    printf("%s Fl -%.*s", macro, len, option);
    if (what != NULL) {
        printf(" Ar ");
        print_roff(what);
    }
    printf("\n");
}

/* "RECORD DOCTOR", "[ID]", "FILE..." */
static void print_arguments(const char *arguments)
{
    while (*arguments != '\0') {
        size_t len = strcspn(arguments, " ");
        bool optional = arguments[0] == '[';
        printf(optional ? ".Op Ar %.*s\n" : ".Ar %.*s\n", (int)(optional ? len - 2 : len),
               arguments + optional);
        arguments += len;
        arguments += strspn(arguments, " ");
    }
}

static void print_entry(const struct cli_command *command)
{
    printf(".It Xo\n.Cm %s", command->noun);
    if (command->verb != NULL)
        printf(" %s", command->verb);
    printf("\n");
    print_arguments(command->arguments);
    for (size_t i = 0; i < CLI_MAX_OPTIONS && command->options[i] != NULL; i++)
        print_option(command->options[i], ".Op");
    printf(".Xc\n");
    print_roff(command->summary);
    printf("\n");
}

static void print_commands(void)
{
    const char *noun = "";
    printf(".Sh COMMANDS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        /* A noun's verbs under its name; single words together. */
        const char *section = command->verb != NULL ? command->noun : "";
        if (strcmp(section, noun) != 0)
            printf(".El\n.Ss %s%s\n.Bl -tag -width Ds\n", section[0] != '\0' ? "galen " : "Others",
                   section);
        noun = section;
        print_entry(command);
    }
    printf(".El\n");
}

enum galen_err cli_man(struct cli *cli, struct json_object **result, bool *passed,
                       struct galen_errinfo *info)
{
    printf(
        ".Dd " MANUAL_DATE "\n.Dt GALEN 1\n.Os\n.Sh NAME\n.Nm galen\n"
        ".Nd decentralized sharing of health data\n"
        ".Sh SYNOPSIS\n.Nm\n.Op Ar options\n.Ar noun\n.Op Ar verb\n.Op Ar arguments\n"
        ".Sh DESCRIPTION\n"
        "Doctors write records and sign them as members of a group, without a name.\n"
        "Patients hold the keys, share with the doctors they choose, and may sell de-identified\n"
        "fields.\nBuyers pay into an escrow and check every value.\n"
        "A home is a folder with one or more identities, their keys, a database and blocks.\n"
        "Data goes to standard output, prose and errors to standard error.\n"
        "This is version " GALEN_VERSION ".\n"
        ".Pp\nOptions of every command:\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < cli_n_globals; i++) {
        print_option(cli_globals[i].option, ".It");
        print_roff(cli_globals[i].summary);
        printf("\n");
    }
    printf(".It Fl -version\nthe version\n"
           ".It Fl -help\nall commands; after a noun, those of that noun\n.El\n");
    print_commands();
    printf(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < cli_n_variables; i++) {
        printf(".It Ev %s\n", cli_variables[i].name);
        print_roff(cli_variables[i].summary);
        printf("\n");
    }
    printf(".El\n.Pp\nAn unknown variable whose name begins with GALEN_ is refused.\n"
           ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        printf(".It %zu\n%s\n", i, exits[i]);
    printf(".El\n.Sh EXAMPLES\nThe three workflows, end to end, on a chain of their own:\n"
           ".Pp\n.Dl galen demo\n");
    return GALEN_OK;
}
