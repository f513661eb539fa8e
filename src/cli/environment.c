/* The environment: which variables there are, and that none of ours is misspelt. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct cli_variable cli_variables[] = {
    {"GALEN_HOME", "the home, when --home is not given (default ~/.galen)"},
    {"GALEN_LOG", "form of the log on standard error: logfmt (default) or json"},
    {"GALEN_ANVIL", "the program that runs the embedded chain (default: the one installed by make "
                    "setup, else anvil in PATH)"},
    {"HOME", "holds the default home, .galen"},
    {"TMPDIR", "where the demo keeps its homes (default /tmp)"},
    {"NO_COLOR", "no colours, when it is not empty"},
};
const size_t cli_n_variables = sizeof cli_variables / sizeof *cli_variables;

static bool is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < cli_n_variables; i++)
        if (strlen(cli_variables[i].name) == len && strncmp(cli_variables[i].name, name, len) == 0)
            return true;
    return false;
}

static enum galen_err refuse(const char *name, size_t len, struct galen_errinfo *info)
{
    char known[200] = "";
    for (size_t i = 0; i < cli_n_variables; i++)
        if (strncmp(cli_variables[i].name, "GALEN_", 6) == 0) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "",
                     cli_variables[i].name);
        }
    base_fail(info, GALEN_ERR_CONFIG, "unknown environment variable %.*s", len > 64 ? 64 : (int)len,
              name);
    return base_hint(info, "there are %s; unset this one", known);
}

enum galen_err cli_environment(struct galen_errinfo *info)
{
    /* The project's own tests have variables of theirs, and always this one. */
    bool strict = getenv("GALEN_SOURCE_ROOT") == NULL;
    for (char *const *at = environ; strict && *at != NULL; at++) {
        size_t len = strcspn(*at, "=");
        if (strncmp(*at, "GALEN_", 6) == 0 && !is_known(*at, len))
            return refuse(*at, len, info);
    }
    const char *log = getenv("GALEN_LOG");
    if (log == NULL || log[0] == '\0' || strcmp(log, "logfmt") == 0)
        base_log_set_format(BASE_LOG_LOGFMT);
    else if (strcmp(log, "json") == 0)
        base_log_set_format(BASE_LOG_JSON);
    else
        return base_fail(info, GALEN_ERR_CONFIG, "GALEN_LOG is logfmt or json");
    return GALEN_OK;
}
