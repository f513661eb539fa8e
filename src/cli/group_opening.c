/* galen group: the registry's countersignature, openings, reveals, revocation, claims. */
#include "cli/cli.h"

#include <string.h>

#include "record/record.h"

/* ---- the registry --------------------------------------------------------------------------------- */

enum galen_err cli_group_commit(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address gm;
    uint64_t version = 0;
    const char *text = cli_option(cli, "key-version");
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    if (text != NULL)
        GALEN_TRY(cli_number(text, "--key-version", 1, UINT32_MAX, &version, info));
    return group_commit(cli->wf, &gm, (uint32_t)version, result, info);
}

enum galen_err cli_group_registry(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    return group_registry(cli->wf, result, info);
}

enum galen_err cli_group_audit(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    return group_audit(cli->wf, passed, result, info);
}

enum galen_err cli_group_countersign(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    struct chain_address rm;
    GALEN_TRY(cli_identity(cli, "rm", &rm, info));
    return group_countersign(cli->wf, &rm, result, info);
}

/* ---- openings ----------------------------------------------------------------------------------------- */

/* RECORD, or --message, --signature and --key-version. */
static enum galen_err read_target(const struct cli *cli, struct opening_target *target,
                                  struct galen_errinfo *info)
{
    const char *message = NULL;
    const char *signature = NULL;
    const char *version = NULL;
    uint64_t number = 0;
    *target = (struct opening_target){0};
    if (cli->n_args > 0) {
        if (cli_option(cli, "message") != NULL || cli_option(cli, "signature") != NULL ||
            cli_option(cli, "key-version") != NULL)
            return base_fail(info, GALEN_ERR_USAGE,
                             "name a record, or give --message, --signature and --key-version");
        target->record = cli->args[0];
        return GALEN_OK;
    }
    GALEN_TRY(cli_need(cli, "message", &message, info));
    GALEN_TRY(cli_need(cli, "signature", &signature, info));
    GALEN_TRY(cli_need(cli, "key-version", &version, info));
    if (base_hex_decode(target->msg32, 32, message, "--message", info) != GALEN_OK)
        return base_wrap(info, GALEN_ERR_USAGE, "32 bytes in hex");
    if (base_hex_decode(target->sig362, sizeof target->sig362, signature, "--signature", info) !=
        GALEN_OK)
        return base_wrap(info, GALEN_ERR_USAGE, "362 bytes in hex");
    GALEN_TRY(cli_number(version, "--key-version", 1, UINT32_MAX, &number, info));
    target->key_version = (uint32_t)number;
    return GALEN_OK;
}

enum galen_err cli_group_open(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    struct chain_address gm;
    struct opening_target target;
    const char *reason = NULL;
    GALEN_TRY(cli_need(cli, "reason", &reason, info));
    GALEN_TRY(read_target(cli, &target, info));
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    return opening_request(cli->wf, &gm, &target, reason, result, info);
}

enum galen_err cli_group_open_approve(struct cli *cli, struct json_object **result, bool *passed,
                                      struct galen_errinfo *info)
{
    struct chain_address manager;
    const char *as = cli_option(cli, "as");
    /* Without --as this home's RM; where there is none, its GM. */
    enum galen_err err = cli_identity(cli, as != NULL ? NULL : "rm", &manager, info);
    if (err == GALEN_ERR_NOT_FOUND && as == NULL)
        err = cli_identity(cli, "gm", &manager, info);
    GALEN_TRY(err);
    return opening_approve(cli->wf, &manager, cli->args[0], cli_option(cli, "decline") == NULL,
                           result, info);
}

enum galen_err cli_group_openings(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    if (cli->n_args == 0)
        return opening_list(cli->wf, result, info);
    return opening_show(cli->wf, cli->args[0], result, info);
}

enum galen_err cli_group_reveal(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address gm;
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    return opening_reveal(cli->wf, &gm, cli->args[0], result, info);
}

enum galen_err cli_group_reveal_approve(struct cli *cli, struct json_object **result, bool *passed,
                                        struct galen_errinfo *info)
{
    struct chain_address rm;
    GALEN_TRY(cli_identity(cli, "rm", &rm, info));
    return opening_reveal_approve(cli->wf, &rm, cli->args[0], result, info);
}

/* ---- revocation ----------------------------------------------------------------------------------------- */

static enum galen_err read_time(const struct cli *cli, const char *option, int64_t *out,
                                struct galen_errinfo *info)
{
    const char *text = cli_option(cli, option);
    if (text == NULL)
        return GALEN_OK;
    if (base_time_parse(out, text, info) != GALEN_OK)
        return base_fail(info, GALEN_ERR_USAGE, "--%s is a time such as 2026-12-31T00:00:00Z",
                         option);
    return GALEN_OK;
}

enum galen_err cli_group_revoke(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address gm;
    struct revocation_options options = {.opening_id = cli->n_args > 0 ? cli->args[0] : NULL};
    options.withdraw = cli_option(cli, "withdraw") != NULL;
    if (options.withdraw && options.opening_id == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "--withdraw needs the opening's ID");
    if (options.opening_id != NULL && !options.withdraw)
        GALEN_TRY(cli_need(cli, "reason", &options.reason, info));
    GALEN_TRY(read_time(cli, "effective", &options.effective_from, info));
    GALEN_TRY(read_time(cli, "next-update", &options.next_update, info));
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    return revocation_propose(cli->wf, &gm, &options, result, info);
}

enum galen_err cli_group_revoke_approve(struct cli *cli, struct json_object **result, bool *passed,
                                        struct galen_errinfo *info)
{
    struct chain_address rm;
    GALEN_TRY(cli_identity(cli, "rm", &rm, info));
    return revocation_publish(cli->wf, &rm, result, info);
}

enum galen_err cli_group_revocations(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(revocation_show(cli->wf, result, info));
    *passed = !json_object_object_get_ex(*result, "problem", NULL);
    return GALEN_OK;
}

/* ---- trace and claim -------------------------------------------------------------------------------------- */

enum galen_err cli_group_trace(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    return group_trace(cli->wf, cli->n_args > 0 ? cli->args[0] : NULL,
                       cli_option(cli, "on-chain") != NULL, result, info);
}

static enum galen_err read_nonce(const struct cli *cli, uint8_t nonce[32],
                                 struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(cli_need(cli, "nonce", &text, info));
    if (base_hex_decode(nonce, 32, text, "--nonce", info) != GALEN_OK)
        return base_wrap(info, GALEN_ERR_USAGE, "32 random bytes in hex, from the verifier");
    return GALEN_OK;
}

enum galen_err cli_group_claim(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address doctor;
    struct opening_target target;
    RECORD_JSON_AUTO claim = NULL;
    const char *purpose = NULL;
    uint8_t nonce[32];
    GALEN_TRY(cli_need(cli, "purpose", &purpose, info));
    GALEN_TRY(read_nonce(cli, nonce, info));
    GALEN_TRY(read_target(cli, &target, info));
    GALEN_TRY(cli_identity(cli, "doctor", &doctor, info));
    GALEN_TRY(claim_make(cli->wf, &doctor, &target, purpose, nonce, &claim, info));
    return cli_write_json(cli, claim, info);
}

enum galen_err cli_group_claim_verify(struct cli *cli, struct json_object **result, bool *passed,
                                      struct galen_errinfo *info)
{
    RECORD_JSON_AUTO claim = NULL;
    uint8_t nonce[32];
    GALEN_TRY(read_nonce(cli, nonce, info));
    GALEN_TRY(cli_read_json(cli->args[0], &claim, info));
    return claim_verify(cli->wf, claim, nonce, cli_option(cli, "record"), passed, result, info);
}
