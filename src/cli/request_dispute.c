/* galen request: what the buyer does about bad entries, and the managers' rulings. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

static enum galen_err request_id(const struct cli *cli, uint64_t *id, struct galen_errinfo *info)
{
    return cli_number(cli->args[0], "a request id", 1, INT64_MAX, id, info);
}

/* The entries named by --entry, several times or as a range. */
struct entries {
    uint64_t items[65535];
    size_t n;
};

static enum galen_err add_range(struct entries *out, const char *text, struct galen_errinfo *info)
{
    char first_text[24];
    uint64_t first = 0;
    uint64_t last = 0;
    const char *dash = strchr(text, '-');
    size_t len = dash != NULL ? (size_t)(dash - text) : strlen(text);
    if (len >= sizeof first_text)
        len = sizeof first_text - 1;
    memcpy(first_text, text, len);
    first_text[len] = '\0';
    GALEN_TRY(cli_number(first_text, "--entry", 0, 65534, &first, info));
    last = first;
    if (dash != NULL)
        GALEN_TRY(cli_number(dash + 1, "--entry FIRST-LAST", first, 65534, &last, info));
    for (uint64_t i = first; i <= last; i++) {
        if (out->n == sizeof out->items / sizeof *out->items)
            return base_fail(info, GALEN_ERR_USAGE, "too many entries");
        out->items[out->n++] = i;
    }
    return GALEN_OK;
}

/* need: either --entry, or --all (then n is 0). */
static enum galen_err read_entries(const struct cli *cli, bool need, struct entries *out,
                                   struct galen_errinfo *info)
{
    const char *texts[CLI_MAX_REPEATS];
    size_t n = cli_options(cli, "entry", texts);
    bool all = cli_option(cli, "all") != NULL;
    out->n = 0;
    if (all && n > 0)
        return base_fail(info, GALEN_ERR_USAGE, "give --entry or --all, not both");
    if (need && !all && n == 0)
        return base_fail(info, GALEN_ERR_USAGE,
                         "which entries? --entry N (again for more, or FIRST-LAST), or --all");
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(add_range(out, texts[i], info));
    return GALEN_OK;
}

static struct entries chosen;

enum galen_err cli_request_prove_invalid(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address prover;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(read_entries(cli, false, &chosen, info));
    GALEN_TRY(cli_identity(cli, NULL, &prover, info));
    return dispute_prove_invalid(cli->wf, &prover, id, chosen.items, chosen.n, result, info);
}

enum galen_err cli_request_dispute(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address buyer;
    const char *reason = NULL;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(read_entries(cli, true, &chosen, info));
    GALEN_TRY(cli_need(cli, "reason", &reason, info));
    GALEN_TRY(cli_identity(cli, "buyer", &buyer, info));
    return dispute_open(cli->wf, &buyer, id, chosen.items, chosen.n, reason, result, info);
}

enum galen_err cli_request_disputes(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    uint64_t id = 0;
    if (cli->n_args == 0)
        return dispute_list(cli->wf, result, info);
    GALEN_TRY(request_id(cli, &id, info));
    return dispute_show(cli->wf, id, result, info);
}

/* --as, or the manager of this home when it has one only. */
static enum galen_err find_manager(const struct cli *cli, struct chain_address *out,
                                   struct galen_errinfo *info)
{
    struct chain_address rm;
    if (cli_option(cli, "as") != NULL)
        return cli_identity(cli, NULL, out, info);
    enum galen_err as_gm = workflow_identity_find(cli->wf, out, NULL, "gm", info);
    enum galen_err as_rm = workflow_identity_find(cli->wf, &rm, NULL, "rm", info);
    if (as_gm == GALEN_OK && as_rm == GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "this home has both managers: say --as which");
    if (as_rm == GALEN_OK)
        *out = rm;
    return as_gm == GALEN_OK ? GALEN_OK : as_rm;
}

enum galen_err cli_request_rule(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address manager;
    const char *text = NULL;
    enum dispute_verdict verdict = DISPUTE_NONE;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(read_entries(cli, true, &chosen, info));
    GALEN_TRY(cli_need(cli, "verdict", &text, info));
    GALEN_TRY(dispute_verdict_parse(&verdict, text, info));
    if (verdict == DISPUTE_FRAUD && !cli->yes && !cli->dry_run && isatty(STDIN_FILENO)) {
        base_fail(info, GALEN_ERR_USAGE, "a ruling of fraud is to be meant");
        (void)base_hint(info,
                        "it lets the buyer have the signing doctor's identity opened: "
                        "'galen request disputes %llu' shows why; then add --yes",
                        (unsigned long long)id);
        return GALEN_ERR_USAGE;
    }
    GALEN_TRY(find_manager(cli, &manager, info));
    return dispute_rule(cli->wf, &manager, id, chosen.items, chosen.n, verdict, result, info);
}

enum galen_err cli_request_forget_evidence(struct cli *cli, struct json_object **result,
                                           bool *passed, struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(request_id(cli, &id, info));
    return dispute_forget(cli->wf, id, result, info);
}
