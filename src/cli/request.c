/* galen request. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "record/record.h"

/* The request that the first argument names. */
static enum galen_err request_id(const struct cli *cli, uint64_t *id, struct galen_errinfo *info)
{
    return cli_number(cli->args[0], "a request id", 1, INT64_MAX, id, info);
}

static enum galen_err window(const struct cli *cli, const char *name, uint32_t *seconds,
                             struct galen_errinfo *info)
{
    const char *text = cli_option(cli, name);
    uint64_t value = 0;
    if (text == NULL)
        return GALEN_OK;
    GALEN_TRY(cli_number(text, name, 3600, 90 * 24 * 3600, &value, info));
    *seconds = (uint32_t)value;
    return GALEN_OK;
}

enum galen_err cli_request_create(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    struct chain_address buyer;
    struct purchasing_terms terms = {0};
    RECORD_JSON_AUTO template_ = NULL;
    const char *most = cli_option(cli, "max-records");
    uint64_t max_records = 0;
    if (most != NULL)
        GALEN_TRY(cli_number(most, "--max-records", 1, 65535, &max_records, info));
    terms.max_records = (uint16_t)max_records;
    GALEN_TRY(window(cli, "reply-window", &terms.reply_window_s, info));
    GALEN_TRY(window(cli, "deliver-window", &terms.deliver_window_s, info));
    GALEN_TRY(window(cli, "verify-window", &terms.verify_window_s, info));
    GALEN_TRY(window(cli, "rule-window", &terms.rule_window_s, info));
    GALEN_TRY(cli_identity(cli, "buyer", &buyer, info));
    GALEN_TRY(cli_read_json(cli->args[0], &template_, info));
    return purchasing_request(cli->wf, &buyer, template_, &terms, result, info);
}

enum galen_err cli_request_list(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return purchasing_list(cli->wf, NULL, result, info);
}

enum galen_err cli_request_show(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(request_id(cli, &id, info));
    return purchasing_show(cli->wf, id, result, info);
}

/* The steps that one actor does on one request, alike but for the function. */
typedef enum galen_err request_step(struct workflow *wf, const struct chain_address *actor,
                                    uint64_t request_id, struct json_object **result,
                                    struct galen_errinfo *info);
static enum galen_err do_step(struct cli *cli, const char *role, request_step *step,
                              struct json_object **result, struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address actor;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_identity(cli, role, &actor, info));
    return step(cli->wf, &actor, id, result, info);
}

enum galen_err cli_request_reply(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    uint64_t id = 0;
    uint64_t k = 0;
    struct chain_address hospital;
    const char *least = cli_option(cli, "k");
    GALEN_TRY(request_id(cli, &id, info));
    if (least != NULL)
        GALEN_TRY(cli_number(least, "--k", 2, 10000, &k, info));
    GALEN_TRY(cli_identity(cli, "hospital", &hospital, info));
    return purchasing_reply_with_k(cli->wf, &hospital, id, (uint32_t)k, result, info);
}

enum galen_err cli_request_ask(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    return do_step(cli, "hospital", purchasing_ask_consent, result, info);
}

enum galen_err cli_request_deliver(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    return do_step(cli, "hospital", purchasing_deliver, result, info);
}

enum galen_err cli_request_expire(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    return do_step(cli, NULL, purchasing_expire, result, info);
}

enum galen_err cli_request_consents(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    struct chain_address patient;
    bool one = cli_option(cli, "as") != NULL;
    if (one)
        GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    return purchasing_consents(cli->wf, one ? &patient : NULL, NULL, result, info);
}

enum galen_err cli_request_consent(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address patient;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    bool declines = cli_option(cli, "decline") != NULL;
    bool keeps = cli_option(cli, "keep-key") != NULL;
    if (declines && keeps)
        return base_fail(info, GALEN_ERR_USAGE, "--keep-key is for a consent, not with --decline");
    const char *named = cli_option(cli, "payout");
    struct chain_address payout;
    if (named != NULL)
        GALEN_TRY(chain_address_parse(&payout, named, info));
    return purchasing_consent_paid_to(cli->wf, &patient, id,
                                      declines ? PURCHASING_DECLINE
                                      : keeps  ? PURCHASING_ACCEPT_KEEP_KEY
                                               : PURCHASING_ACCEPT,
                                      named != NULL ? &payout : NULL, result, info);
}

enum galen_err cli_request_policy(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    const char *categories[CLI_MAX_REPEATS];
    struct chain_address patient;
    const char *wei = cli_option(cli, "min-wei");
    bool never = cli_option(cli, "never") != NULL;
    bool none = cli_option(cli, "none") != NULL;
    bool keeps = cli_option(cli, "keep-key") != NULL;
    size_t n = cli_options(cli, "category", categories);
    GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    if (n == 0 && wei == NULL && !never && !none && !keeps)
        return purchasing_policy(cli->wf, &patient, result, info);
    if (none ? n > 0 || wei != NULL || never || keeps : n == 0 && !never)
        return base_fail(info, GALEN_ERR_USAGE,
                         "give --category (and --min-wei, --keep-key), or --never, or --none");
    return purchasing_set_policy(cli->wf, &patient, categories, n, wei != NULL ? wei : "0", never,
                                 keeps, result, info);
}

/* Before the work, that a file which is in the way is not found out after it. */
static enum galen_err need_no_file(const char *path, struct galen_errinfo *info)
{
    if (path == NULL || access(path, F_OK) != 0)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_EXISTS, "%s is there already: nothing was written", path);
}

static enum galen_err write_report(struct cli *cli, uint64_t id, const char *path,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    if (path == NULL)
        return GALEN_OK;
    GALEN_TRY(purchasing_verification_report(cli->wf, id, &text, info));
    return base_file_create(path, text.data, text.len, 0600, info);
}

enum galen_err cli_request_verify(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    const char *path = cli_option(cli, "report");
    struct cli_progress progress = {.what = "entries"};
    uint64_t id = 0;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(need_no_file(path, info));
    cli_progress_begin(cli, &progress);
    enum galen_err err = purchasing_verify(cli->wf, id, passed, result, info);
    cli_progress_end(cli);
    GALEN_TRY(err);
    return write_report(cli, id, path, info);
}

enum galen_err cli_request_verification(struct cli *cli, struct json_object **result, bool *passed,
                                        struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(write_report(cli, id, cli_option(cli, "report"), info));
    return purchasing_verification(cli->wf, id, result, info);
}

enum galen_err cli_request_tree(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    uint64_t id = 0, index = 0;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_number(cli->args[1], "an entry", 0, UINT32_MAX, &index, info));
    return purchasing_tree(cli->wf, id, index, result, info);
}

enum galen_err cli_request_data(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    const char *name = cli_option(cli, "format");
    const struct purchasing_format *format = NULL;
    BASE_BUF_AUTO text = {0};
    uint64_t id = 0;
    GALEN_TRY(request_id(cli, &id, info));
    if (name != NULL && strcmp(name, "json") != 0) {
        GALEN_TRY(purchasing_find_format(&format, name, info));
        GALEN_TRY(purchasing_export(cli->wf, id, format, &text, info));
        return cli_write_output(cli, text.data, text.len, info);
    }
    if (cli_option(cli, "output") == NULL)
        return purchasing_data(cli->wf, id, result, info);
    RECORD_JSON_AUTO rows = NULL;
    GALEN_TRY(purchasing_data(cli->wf, id, &rows, info));
    return cli_write_json(cli, rows, info);
}

enum galen_err cli_request_finalize(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    uint64_t id = 0;
    struct chain_address payer;
    bool refund = cli_option(cli, "refund") != NULL;
    bool anyway = cli_option(cli, "anyway") != NULL;
    if (refund && anyway)
        return base_fail(info, GALEN_ERR_USAGE, "give --refund or --anyway, not both");
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_identity(cli, NULL, &payer, info));
    if (anyway)
        return purchasing_finalize_anyway(cli->wf, &payer, id, result, info);
    return purchasing_finalize(cli->wf, &payer, id, !refund, result, info);
}

enum galen_err cli_request_claim(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    uint64_t id = 0;
    uint64_t index = 0;
    struct chain_address payer;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_number(cli->args[1], "an entry's index", 0, 65534, &index, info));
    GALEN_TRY(cli_identity(cli, NULL, &payer, info));
    return purchasing_claim(cli->wf, &payer, id, index, result, info);
}

enum galen_err cli_request_open(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    uint64_t index = 0;
    struct chain_address buyer;
    const char *entry = NULL;
    GALEN_TRY(request_id(cli, &id, info));
    GALEN_TRY(cli_need(cli, "entry", &entry, info));
    GALEN_TRY(cli_number(entry, "an entry's index", 0, 65534, &index, info));
    GALEN_TRY(cli_identity(cli, "buyer", &buyer, info));
    return opening_ask(cli->wf, &buyer, id, index, result, info);
}
