/*
 * Completion for shells, from the table of commands. Each script carries two lists: what may follow
 * the words so far, and what kind of value an option takes. Files and folders are the shell's own;
 * roles and the like are listed here.
 */
#include "cli/cli.h"

#include <string.h>

/* Values of options and arguments that are words of a fixed list. */
static const struct {
    const char *what, *words;
} lists[] = {
    {"ROLE", "doctor patient hospital buyer gm rm"},
    {"VERDICT", "pay refund fraud"},
    {"PROFILE", "cpy06-g1 cpy06-classic"},
    {"REASON", "fraud key-compromise licence-withdrawn other"},
    {"SHELL", "bash zsh fish"},
};

static bool is_path(const char *what)
{
    return strncmp(what, "FILE", 4) == 0 || strcmp(what, "@FILE") == 0 ||
           strcmp(what, "DIR") == 0 || strcmp(what, "TEMPLATE") == 0;
}

static const char *list_of(const char *what)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].what, what) == 0)
            return lists[i].words;
    return "";
}

/* Each noun once, in the table's order. */
static bool is_first_of_noun(size_t at)
{
    return at == 0 || strcmp(cli_commands[at].noun, cli_commands[at - 1].noun) != 0;
}

static void print_names(const char *const *options, const char *separator)
{
    for (size_t i = 0; i < CLI_MAX_OPTIONS && options[i] != NULL; i++)
        printf("%s--%.*s", separator, (int)strcspn(options[i], "="), options[i]);
}

static void print_global_names(const char *separator)
{
    for (size_t i = 0; i < cli_n_globals; i++)
        printf("%s--%.*s", separator, (int)strcspn(cli_globals[i].option, "="),
               cli_globals[i].option);
    printf("%s--version%s--help", separator, separator);
}

/* ---- bash and zsh: one function with the tables as cases ----------------------------------------- */

/* "account new --role", a pattern of a case, for every option that takes a value. */
static void print_value_cases(const char *prefix, const char *option)
{
    const char *what = strchr(option, '=');
    if (what == NULL)
        return;
    printf("    %s--%.*s') ", prefix, (int)(what - option), option);
    what++;
    if (is_path(what))
        printf("_galen_kind=path ;;\n");
    else
        printf("_galen_kind='%s' ;;\n", list_of(what)[0] != '\0' ? list_of(what) : "none");
}

/* _galen_words COMMAND: what may follow. _galen_value COMMAND OPTION: kind of its value. */
static void print_tables(void)
{
    printf("_galen_nouns='");
    for (size_t i = 0; i < cli_n_commands; i++)
        if (is_first_of_noun(i))
            printf("%s%s", i > 0 ? " " : "", cli_commands[i].noun);
    printf("'\n_galen_globals='");
    print_global_names(" ");
    printf("'\n_galen_verbs() {\n  case $1 in\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (!is_first_of_noun(i) || cli_commands[i].verb == NULL)
            continue;
        printf("    %s) _galen_found='", cli_commands[i].noun);
        for (size_t v = i;
             v < cli_n_commands && strcmp(cli_commands[v].noun, cli_commands[i].noun) == 0; v++)
            printf("%s%s", v > i ? " " : "", cli_commands[v].verb);
        printf("' ;;\n");
    }
    printf("    *) _galen_found='' ;;\n  esac\n}\n_galen_options() {\n  case $1 in\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        if (command->options[0] == NULL)
            continue;
        printf("    '%s%s%s') _galen_found='", command->noun, command->verb != NULL ? " " : "",
               command->verb != NULL ? command->verb : "");
        print_names(command->options, " ");
        printf("' ;;\n");
    }
    printf("    *) _galen_found='' ;;\n  esac\n}\n_galen_value() {\n  case $1 in\n");
    for (size_t i = 0; i < cli_n_globals; i++)
        print_value_cases("*' ", cli_globals[i].option);
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        char prefix[64];
        snprintf(prefix, sizeof prefix, "'%s%s%s ", command->noun, command->verb != NULL ? " " : "",
                 command->verb != NULL ? command->verb : "");
        for (size_t o = 0; o < CLI_MAX_OPTIONS && command->options[o] != NULL; o++)
            print_value_cases(prefix, command->options[o]);
    }
    printf("    *) _galen_kind='' ;;\n  esac\n}\n_galen_arguments() {\n  case $1 in\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        const char *kind = is_path(command->arguments) ? "path" : list_of(command->arguments);
        if (kind[0] != '\0')
            printf("    '%s%s%s') _galen_kind='%s' ;;\n", command->noun,
                   command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
                   kind);
    }
    printf("    *) _galen_kind=none ;;\n  esac\n}\n");
}

/* The words before the one at hand: noun and verb, and what is to come now. In $1 the number of
 * words, then the words. Sets _galen_found (words to offer) or _galen_kind (of a value). */
static const char walk[] =
    "_galen_walk() {\n"
    "  local current=$1 noun= verb= command= word= waits=\n"
    "  shift\n"
    "  _galen_found= _galen_kind=\n"
    "  for word in \"$@\"; do\n"
    "    if [[ -n $waits ]]; then waits=; continue; fi\n"
    "    if [[ $word == --*=* ]]; then continue; fi\n"
    "    if [[ $word == --* ]]; then\n"
    "      _galen_value \"$command $word\"\n"
    "      if [[ -n $_galen_kind ]]; then waits=$word; fi\n"
    "    elif [[ -z $noun ]]; then\n"
    "      noun=$word command=$word\n"
    "      _galen_verbs \"$noun\"\n"
    "    elif [[ -z $verb && -n $_galen_found ]]; then\n"
    "      verb=$word command=\"$noun $word\"\n"
    "    fi\n"
    "  done\n"
    "  _galen_kind=\n"
    "  if [[ -n $waits ]]; then _galen_value \"$command $waits\"; _galen_found=; return; fi\n"
    "  if [[ $current == -* ]]; then\n"
    "    _galen_options \"$command\"\n"
    "    _galen_found=\"$_galen_found $_galen_globals\"\n"
    "  elif [[ -z $noun ]]; then\n"
    "    _galen_found=$_galen_nouns\n"
    "  elif [[ -z $verb && -n $_galen_found ]]; then\n"
    "    :\n"
    "  else\n"
    "    _galen_found=\n"
    "    _galen_arguments \"$command\"\n"
    "  fi\n"
    "}\n";

static void print_bash(void)
{
    printf("# bash completion of galen; made by 'galen completion bash'.\n");
    print_tables();
    fputs(walk, stdout);
    fputs("_galen() {\n"
          "  local current=${COMP_WORDS[COMP_CWORD]}\n"
          "  _galen_walk \"$current\" \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
          "  COMPREPLY=()\n"
          "  case $_galen_kind in\n"
          "    path)\n"
          "      local IFS=$'\\n'\n"
          "      compopt -o filenames 2>/dev/null || :\n"
          "      COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
          "    none) ;;\n"
          "    *) COMPREPLY=($(compgen -W \"$_galen_found $_galen_kind\" -- \"$current\")) ;;\n"
          "  esac\n"
          "}\n"
          "complete -F _galen galen\n",
          stdout);
}

static void print_zsh(void)
{
    printf("#compdef galen\n# zsh completion of galen; made by 'galen completion zsh'.\n");
    print_tables();
    fputs(walk, stdout);
    fputs("_galen() {\n"
          "  _galen_walk \"$words[CURRENT]\" \"${(@)words[2,CURRENT-1]}\"\n"
          "  case $_galen_kind in\n"
          "    path) _files ;;\n"
          "    none) ;;\n"
          "    *) compadd -- ${=_galen_found} ${=_galen_kind} ;;\n"
          "  esac\n"
          "}\n"
          "if [ \"$funcstack[1]\" = _galen ]; then _galen \"$@\"; else compdef _galen galen; fi\n",
          stdout);
}

/* ---- fish: a rule a word ------------------------------------------------------------------------- */

/* In single quotes: fish knows \' and \\ there. */
static void print_fish_text(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void print_fish_option(const char *when, const char *option)
{
    const char *what = strchr(option, '=');
    printf("complete -c galen%s -l %.*s", when, (int)strcspn(option, "="), option);
    if (what == NULL)
        printf("\n");
    else if (is_path(what + 1))
        printf(" -r -F\n");
    else
        printf(" -x -a '%s'\n", list_of(what + 1));
}

static void print_fish(void)
{
    printf("# fish completion of galen; made by 'galen completion fish'.\n"
           "complete -c galen -f\n"
           "complete -c galen -l version\ncomplete -c galen -l help\n");
    for (size_t i = 0; i < cli_n_globals; i++)
        print_fish_option("", cli_globals[i].option);
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        char when[160];
        if (is_first_of_noun(i))
            printf("complete -c galen -n __fish_use_subcommand -a %s\n", command->noun);
        if (command->verb != NULL) {
            printf("complete -c galen -n '__fish_seen_subcommand_from %s; and test (count "
                   "(commandline -poc | string match -v -- \"--*\")) -eq 2' -a %s -d ",
                   command->noun, command->verb);
            print_fish_text(command->summary);
            printf("\n");
        }
        snprintf(when, sizeof when, " -n '__fish_seen_subcommand_from %s%s%s'", command->noun,
                 command->verb != NULL ? "; and __fish_seen_subcommand_from " : "",
                 command->verb != NULL ? command->verb : "");
        for (size_t o = 0; o < CLI_MAX_OPTIONS && command->options[o] != NULL; o++)
            print_fish_option(when, command->options[o]);
        if (is_path(command->arguments))
            printf("complete -c galen%s -F\n", when);
        else if (list_of(command->arguments)[0] != '\0')
            printf("complete -c galen%s -a '%s'\n", when, list_of(command->arguments));
    }
}

enum galen_err cli_completion(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    const char *shell = cli->args[0];
    if (strcmp(shell, "bash") == 0)
        print_bash();
    else if (strcmp(shell, "zsh") == 0)
        print_zsh();
    else if (strcmp(shell, "fish") == 0)
        print_fish();
    else
        return base_fail(info, GALEN_ERR_USAGE, "a shell is bash, zsh or fish");
    return GALEN_OK;
}
