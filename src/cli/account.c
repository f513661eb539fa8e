/* galen account, profile, inbox. */
#include "cli/cli.h"
#include "workflow/post.h"

#include <string.h>

#include "record/record.h"

#define KEYSTORE_PROMPT "Password of the keystore"

/* {address, name} of an identity just made. */
static enum galen_err account_result(const struct chain_address *address, const char *name,
                                     struct json_object **result, struct galen_errinfo *info)
{
    char text[CHAIN_ADDRESS_TEXT];
    chain_address_format(text, address);
    RECORD_JSON_AUTO made = json_object_new_object();
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(made, "address", json_object_new_string(text), info));
    GALEN_TRY(record_json_set(made, "name", json_object_new_string(name), info));
    *result = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err cli_account_new(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    const char *role = NULL;
    struct chain_address address;
    const char *wallet = cli_option(cli, "wallet");
    GALEN_TRY(cli_need(cli, "role", &role, info));
    if (wallet != NULL) {
        GALEN_TRY(chain_address_parse(&address, wallet, info));
        GALEN_TRY(workflow_identity_browser(cli->wf, &address, cli->args[0], role, false, info));
        return account_result(&address, cli->args[0], result, info);
    }
    GALEN_TRY(workflow_identity_new(cli->wf, &address, cli->args[0], role, info));
    return account_result(&address, cli->args[0], result, info);
}

enum galen_err cli_account_list(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return workflow_identity_list(cli->wf, result, info);
}

enum galen_err cli_account_import(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    const char *name = NULL;
    const char *role = NULL;
    struct chain_address address;
    BASE_BUF_AUTO keystore = {0};
    BASE_BUF_AUTO password = {0};
    GALEN_TRY(cli_need(cli, "name", &name, info));
    GALEN_TRY(cli_need(cli, "role", &role, info));
    GALEN_TRY(base_file_read(&keystore, cli->args[0], CHAIN_KEYSTORE_MAX, info));
    GALEN_TRY(cli_password(cli_option(cli, "keystore-password-file"), KEYSTORE_PROMPT, false,
                           &password, info));
    GALEN_TRY(workflow_identity_import(cli->wf, &address, name, role, (char *)keystore.data,
                                       keystore.len, (char *)password.data, info));
    return account_result(&address, name, result, info);
}

enum galen_err cli_account_export(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    struct chain_address identity;
    BASE_BUF_AUTO keystore = {0};
    BASE_BUF_AUTO password = {0};
    GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    GALEN_TRY(cli_password(cli_option(cli, "keystore-password-file"), KEYSTORE_PROMPT, true,
                           &password, info));
    GALEN_TRY(workflow_identity_export(cli->wf, &identity, (char *)password.data, &keystore, info));
    GALEN_TRY(base_buf_append_text(&keystore, "\n"));
    return cli_write_output(cli, keystore.data, keystore.len, info);
}

enum galen_err cli_account_password(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    struct chain_address identity;
    BASE_BUF_AUTO password = {0};
    GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    if (cli_option(cli, "remove") != NULL)
        return workflow_identity_password(cli->wf, &identity, NULL, info);
    GALEN_TRY(cli_password(cli_option(cli, "new-password-file"), "Password of the identity", true,
                           &password, info));
    return workflow_identity_password(cli->wf, &identity, (const char *)password.data, info);
}

enum galen_err cli_account_pay(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address from;
    struct chain_address to;
    struct chain_u256 wei;
    GALEN_TRY(cli_identity(cli, NULL, &from, info));
    GALEN_TRY(workflow_contact_find(cli->wf, &to, cli->args[0], info));
    GALEN_TRY(chain_amount_parse(&wei, cli->args[1], CHAIN_DECIMALS_ETHER, info));
    return workflow_pay(cli->wf, &from, &to, &wei, result, info);
}

enum galen_err cli_account_withdraw(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    struct chain_address payer;
    GALEN_TRY(cli_identity(cli, NULL, &payer, info));
    struct chain_address account = payer;
    if (cli->n_args > 0)
        GALEN_TRY(workflow_contact_find(cli->wf, &account, cli->args[0], info));
    return workflow_withdraw(cli->wf, &payer, &account, result, info);
}

enum galen_err cli_account_payouts(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct chain_address patient;
    GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    return workflow_payouts(cli->wf, &patient, NULL, result, info);
}

enum galen_err cli_account_collect(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct chain_address patient, payout, to;
    struct chain_u256 wei;
    const bool is_part = cli->n_args > 2;
    GALEN_TRY(cli_identity(cli, "patient", &patient, info));
    GALEN_TRY(chain_address_parse(&payout, cli->args[0], info));
    GALEN_TRY(workflow_contact_find(cli->wf, &to, cli->args[1], info));
    if (is_part)
        GALEN_TRY(chain_amount_parse(&wei, cli->args[2], CHAIN_DECIMALS_ETHER, info));
    return workflow_payout_collect(cli->wf, &patient, &payout, &to, is_part ? &wei : NULL, result,
                                   info);
}

/* ---- profiles ----------------------------------------------------------------------------------- */

enum galen_err cli_profile_set(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address identity;
    GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    GALEN_TRY(workflow_card_make(cli->wf, &identity, cli_option(cli, "inbox"), NULL, info));
    return workflow_profile_publish(cli->wf, &identity, result, info);
}

enum galen_err cli_profile_export(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    struct chain_address identity;
    RECORD_JSON_AUTO card = NULL;
    GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    GALEN_TRY(workflow_card_make(cli->wf, &identity, cli_option(cli, "inbox"), &card, info));
    return cli_write_json(cli, card, info);
}

enum galen_err cli_profile_import(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = json_object_new_array();
    for (size_t i = 0; i < cli->n_args; i++) {
        RECORD_JSON_AUTO card = NULL;
        struct chain_address owner;
        char text[CHAIN_ADDRESS_TEXT];
        GALEN_TRY(cli_read_json(cli->args[i], &card, info));
        enum galen_err err = workflow_card_add(cli->wf, card, &owner, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s", cli->args[i]);
        chain_address_format(text, &owner);
        GALEN_TRY(record_json_push(list, json_object_new_string(text), info));
    }
    *result = list;
    list = NULL;
    return GALEN_OK;
}

/* ---- inbox -------------------------------------------------------------------------------------- */

enum galen_err cli_inbox_export(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address recipient;
    const char *to = cli_option(cli, "to");
    RECORD_JSON_AUTO mail = NULL;
    if (to != NULL)
        GALEN_TRY(workflow_contact_find(cli->wf, &recipient, to, info));
    GALEN_TRY(workflow_mail_export(cli->wf, to != NULL ? &recipient : NULL, &mail, info));
    GALEN_TRY(cli_write_json(cli, mail, info));
    if (cli_option(cli, "delivered") != NULL)
        GALEN_TRY(workflow_mail_delivered(cli->wf, mail, info));
    return GALEN_OK;
}

enum galen_err cli_inbox_import(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    int64_t taken = 0;
    for (size_t i = 0; i < cli->n_args; i++) {
        RECORD_JSON_AUTO mail = NULL;
        int64_t now = 0;
        GALEN_TRY(cli_read_json(cli->args[i], &mail, info));
        enum galen_err err = workflow_mail_import(cli->wf, mail, &now, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s", cli->args[i]);
        taken += now;
    }
    GALEN_TRY(workflow_sync(cli->wf, result, info));
    return record_json_set(*result, "taken", json_object_new_int64(taken), info);
}

enum galen_err cli_inbox_deliver(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address recipient;
    const char *to = cli_option(cli, "to");
    struct post_round round = {.now = cli_option(cli, "now") != NULL};
    if (to != NULL) {
        GALEN_TRY(workflow_contact_find(cli->wf, &recipient, to, info));
        round.recipient = &recipient;
    }
    return post_deliver(cli->wf, &round, NULL, result, info);
}
