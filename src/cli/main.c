/* galen: finds the command, opens the home, runs it, prints what it gave. */
#include "cli/cli.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "record/record.h"

/* ---- parsing ------------------------------------------------------------------------------------ */

/* The declared option that the word names, or NULL; *takes_value from its declaration. */
static const char *find_option(const struct cli_command *command, const char *name, size_t len,
                               bool *takes_value)
{
    for (size_t i = 0; i < CLI_MAX_OPTIONS; i++) {
        const char *option = command->options[i];
        if (option == NULL)
            return NULL;
        size_t own = strcspn(option, "=");
        if (own == len && strncmp(option, name, len) == 0) {
            *takes_value = option[own] == '=';
            return option;
        }
    }
    return NULL;
}

static enum galen_err take_option(struct cli *cli, const char *word, const char *next, int *used,
                                  struct galen_errinfo *info)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    bool takes_value = false;
    const struct cli_global *global = NULL;
    for (size_t i = 0; i < cli_n_globals; i++)
        if (strcspn(cli_globals[i].option, "=") == len &&
            strncmp(cli_globals[i].option, name, len) == 0)
            global = &cli_globals[i];
    if (global != NULL)
        takes_value = global->option[len] == '=';
    else if (cli->command == NULL || find_option(cli->command, name, len, &takes_value) == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "unknown option --%.*s", (int)len, name);
    if (!takes_value && value != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "--%.*s takes no value", (int)len, name);
    *used = 1;
    if (takes_value && value == NULL) {
        if (next == NULL)
            return base_fail(info, GALEN_ERR_USAGE, "--%.*s needs a value", (int)len, name);
        value = next;
        *used = 2;
    }
    if (global != NULL) {
        void *member = (char *)cli + global->at;
        if (takes_value)
            *(const char **)member = value;
        else
            *(bool *)member = true;
        return GALEN_OK;
    }
    if (cli->n_given == CLI_MAX_REPEATS)
        return base_fail(info, GALEN_ERR_USAGE, "too many options");
    /* Options are compared by name later: keep the declared spelling, cut at its '='. */
    static char names[CLI_MAX_REPEATS][32];
    snprintf(names[cli->n_given], sizeof names[0], "%.*s", (int)len, name);
    cli->given[cli->n_given] = (struct cli_given){names[cli->n_given], takes_value ? value : ""};
    cli->n_given++;
    return GALEN_OK;
}

/* The row that noun and verb name. *words tells how many words it took. */
static enum galen_err find_command(const struct cli_command **out, const char *noun,
                                   const char *verb, int *words, struct galen_errinfo *info)
{
    bool noun_known = false;
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *command = &cli_commands[i];
        if (strcmp(command->noun, noun) != 0)
            continue;
        noun_known = true;
        if (command->verb != NULL && (verb == NULL || strcmp(command->verb, verb) != 0))
            continue;
        *words = command->verb != NULL ? 2 : 1;
        *out = command;
        return GALEN_OK;
    }
    base_fail(info, GALEN_ERR_USAGE,
              noun_known ? "galen %s needs a verb%s%s" : "unknown command %s", noun,
              verb != NULL ? ", not " : "", verb != NULL ? verb : "");
    (void)base_hint(info, "'galen %s%s--help' lists what there is", noun_known ? noun : "",
                    noun_known ? " " : "");
    return GALEN_ERR_USAGE;
}

static enum galen_err parse(struct cli *cli, int argc, char **argv, struct galen_errinfo *info)
{
    const char *words[2] = {NULL, NULL};
    int places[2] = {0, 0};
    /* First the noun and the verb, wherever options stand. Global options with values are skipped
     * with them; a command's own come after its words. */
    for (int i = 1, n = 0; i < argc && n < 2; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            int used = 1;
            struct cli scratch = {0};
            if (take_option(&scratch, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, NULL) !=
                GALEN_OK)
                break;
            i += used - 1;
            continue;
        }
        words[n] = argv[i];
        places[n++] = i;
    }
    if (words[0] == NULL) {
        base_fail(info, GALEN_ERR_USAGE, "no command given");
        return base_hint(info, "'galen --help' lists what there is; 'galen demo' shows it at work");
    }
    int n_words = 0;
    GALEN_TRY(find_command(&cli->command, words[0], words[1], &n_words, info));
    bool only_args = false;
    for (int i = 1; i < argc; i++) {
        if (i == places[0] || (n_words == 2 && i == places[1]))
            continue;
        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
            int used = 1;
            GALEN_TRY(take_option(cli, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, info));
            i += used - 1;
        } else {
            if (cli->n_args == CLI_MAX_ARGS)
                return base_fail(info, GALEN_ERR_USAGE, "too many arguments");
            cli->args[cli->n_args++] = argv[i];
        }
    }
    if (cli->n_args < cli->command->min_args || cli->n_args > cli->command->max_args) {
        base_fail(info, GALEN_ERR_USAGE, "galen %s%s%s takes: %s", cli->command->noun,
                  n_words == 2 ? " " : "", n_words == 2 ? cli->command->verb : "",
                  cli->command->arguments[0] != '\0' ? cli->command->arguments : "no arguments");
        return GALEN_ERR_USAGE;
    }
    return GALEN_OK;
}

/* ---- running ------------------------------------------------------------------------------------ */

static enum galen_err open_home(struct cli *cli, struct galen_errinfo *info)
{
    if ((cli->command->needs & (CLI_HOME | CLI_KEYS)) == 0)
        return GALEN_OK;
    /* A dry run of an import only reads the files. */
    if (cli->dry_run && cli->command->run == cli_record_import)
        return GALEN_OK;
    if (cli->command->run == cli_record_deidentify && cli_record_is_file(cli))
        return GALEN_OK;
    BASE_BUF_AUTO password = {0};
    struct workflow_options options = {.home = cli->home, .rpc = cli->rpc, .ipfs = cli->ipfs};
    if ((cli->command->needs & CLI_KEYS) != 0) {
        GALEN_TRY(cli_home_password(cli, &password, info));
        options.password = (const char *)password.data;
    }
    GALEN_TRY(workflow_open(&cli->wf, &options, info));
    workflow_dry_run(cli->wf, cli->dry_run);
    return GALEN_OK;
}

/* At a terminal: shows the estimate of what would be sent, and asks. */
static enum galen_err confirm(struct cli *cli, struct galen_errinfo *info)
{
    if ((cli->command->needs & CLI_SPENDS) == 0 || cli->dry_run || cli->yes || cli->json ||
        !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return GALEN_OK;
    RECORD_JSON_AUTO estimate = NULL;
    bool passed = true;
    workflow_dry_run(cli->wf, true);
    enum galen_err err = cli->command->run(cli, &estimate, &passed, info);
    workflow_dry_run(cli->wf, false);
    GALEN_TRY(err);
    if (estimate != NULL)
        cli_print(stderr, estimate);
    fprintf(stderr, "Go on? [y/N] ");
    char answer[8] = "";
    if (fgets(answer, sizeof answer, stdin) == NULL || (answer[0] != 'y' && answer[0] != 'Y'))
        return base_fail(info, GALEN_ERR_STATE, "not confirmed; nothing was sent");
    return GALEN_OK;
}

static void print_error(const struct cli *cli, const struct galen_errinfo *info, enum galen_err err)
{
    const char *what = info->what[0] != '\0' ? info->what : galen_err_name(err);
    fprintf(stderr, "%sgalen: ", cli_color(stderr, "red"));
    cli_print_text(stderr, what);
    fprintf(stderr, "%s\n", cli_color(stderr, "plain"));
    if (info->hint[0] != '\0') {
        fputs("  ", stderr);
        cli_print_text(stderr, info->hint);
        fputc('\n', stderr);
    }
    if (!cli->json)
        return;
    RECORD_JSON_AUTO problem = json_object_new_object();
    RECORD_JSON_AUTO outer = json_object_new_object();
    if (problem == NULL || outer == NULL)
        return;
    json_object_object_add(problem, "code", json_object_new_string(galen_err_name(err)));
    json_object_object_add(problem, "what", json_object_new_string(what));
    if (info->hint[0] != '\0')
        json_object_object_add(problem, "hint", json_object_new_string(info->hint));
    RECORD_JSON_AUTO intent = NULL;
    if (err == GALEN_ERR_WALLET && workflow_wanted_intent(cli->wf, &intent, NULL) == GALEN_OK) {
        json_object_object_add(problem, "intent", intent);
        intent = NULL;
    }
    json_object_object_add(outer, "error", problem);
    problem = NULL;
    cli_print_json(stdout, outer);
}

static enum galen_err run(struct cli *cli, struct json_object **result, bool *passed,
                          struct galen_errinfo *info)
{
    GALEN_TRY(open_home(cli, info));
    GALEN_TRY(confirm(cli, info));
    /* Not while a person thinks. */
    if (cli->wf != NULL && (cli->command->needs & CLI_KEYS) != 0 && !cli->dry_run)
        GALEN_TRY(workflow_lock(cli->wf, info));
    return cli->command->run(cli, result, passed, info);
}

/* GALEN_HOME, or .galen in the user's folder. */
static const char *default_home(char buffer[4096])
{
    const char *home = getenv("GALEN_HOME");
    if (home != NULL && home[0] != '\0')
        return home;
    const char *user = getenv("HOME");
    snprintf(buffer, 4096, "%s/.galen", user != NULL ? user : ".");
    return buffer;
}

int main(int argc, char **argv)
{
    static struct cli cli;
    struct galen_errinfo info = {0};
    char home[4096];
    if (base_init(&info) != GALEN_OK || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        print_error(&cli, &info, GALEN_ERR_INTERNAL);
        return CLI_FAILED;
    }
    if (cli_environment(&info) != GALEN_OK) {
        print_error(&cli, &info, info.code);
        return (int)cli_exit_of(info.code);
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            puts("galen " GALEN_VERSION);
            return CLI_DONE;
        }
        if (strcmp(argv[i], "--help") == 0 || (i == 1 && strcmp(argv[i], "help") == 0)) {
            return cli_print_help(i > 1 && argv[1][0] != '-' ? argv[1] : NULL) ? CLI_DONE
                                                                               : CLI_USAGE;
        }
    }
    RECORD_JSON_AUTO result = NULL;
    bool passed = true;
    cli.home = default_home(home);
    enum galen_err err = parse(&cli, argc, argv, &info);
    if (cli.verbose)
        base_log_set_level(BASE_LOG_DEBUG);
    if (err == GALEN_OK)
        err = run(&cli, &result, &passed, &info);
    if (result != NULL)
        (cli.json ? cli_print_json : cli_print)(stdout, result);
    if (err != GALEN_OK)
        print_error(&cli, &info, err);
    workflow_close(&cli.wf);
    curl_global_cleanup();
    if (err != GALEN_OK)
        return (int)cli_exit_of(err);
    return passed ? CLI_DONE : CLI_FAILED;
}
