/* The API's home: health, sessions, identities and contacts, notifications, the contract,
 * the store. */
#include "node/api.h"

#include <string.h>

#include "seal/seal.h"

/* ---- health ------------------------------------------------------------------------------------- */

enum galen_err api_health(struct api_call *call, struct json_object **result,
                          struct galen_errinfo *info)
{
    bool good = false;
    RECORD_JSON_AUTO health = NULL;
    GALEN_TRY(health_show(call->worker->node, &health, &good, info));
    response_json(call->response, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, health);
    return GALEN_OK;
}

enum galen_err api_metrics(struct api_call *call, struct json_object **result,
                           struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(metrics_text(call->worker->node, call->wf, &text, info));
    call->response->status = MHD_HTTP_OK;
    call->response->type = "text/plain; version=0.0.4; charset=utf-8";
    base_buf_move(&call->response->body, &text);
    return GALEN_OK;
}

/* ---- sessions ------------------------------------------------------------------------------------ */

static enum galen_err set_identity(struct json_object *object, const struct chain_address *who,
                                   const char *role, struct galen_errinfo *info)
{
    char text[CHAIN_ADDRESS_TEXT];
    chain_address_format(text, who);
    GALEN_TRY(record_json_set(object, "identity", json_object_new_string(text), info));
    return record_json_set(object, "role", json_object_new_string(role), info);
}

/* Whom one may sign in as is told where nobody but this machine can ask. */
enum galen_err api_session_show(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    const struct node_request *request = call->request;
    const struct node *node = call->worker->node;
    GALEN_TRY(api_object_new(result, info));
    GALEN_TRY(record_json_set(*result, "signedIn",
                              json_object_new_boolean(request->access != NODE_NOBODY), info));
    GALEN_TRY(
        record_json_set(*result, "chainId", json_object_new_int64((int64_t)node->chain_id), info));
    GALEN_TRY(workflow_act_as(call->wf, NULL, info));
    if (request->has_who) {
        bool is_browser = false;
        GALEN_TRY(set_identity(*result, &request->who, request->role, info));
        GALEN_TRY(workflow_is_browser(call->wf, &is_browser, &request->who, info));
        GALEN_TRY(record_json_set(*result, "wallet",
                                  json_object_new_string(is_browser ? "browser" : "home"), info));
    }
    if (workflow_may_register(call->wf))
        GALEN_TRY(record_json_set(*result, "registration", json_object_new_boolean(true), info));
    const char *explorer = workflow_explorer_url(call->wf);
    if (explorer != NULL)
        GALEN_TRY(record_json_set(*result, "explorerUrl", json_object_new_string(explorer), info));
    if (!node->is_loopback)
        return GALEN_OK;
    struct json_object *list = NULL;
    GALEN_TRY(workflow_identities(call->wf, NULL, &list, info));
    return record_json_set(*result, "identities", list, info);
}

enum galen_err api_give_identity(const struct chain_address *who, const char *role,
                                 struct json_object **result, struct galen_errinfo *info)
{
    GALEN_TRY(api_object_new(result, info));
    return set_identity(*result, who, role, info);
}

enum galen_err api_session_begin(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    static const char *const needed[] = {"identity", "password", NULL};
    const char *identity = NULL;
    const char *password = NULL;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_text(call, "identity", &identity, info));
    GALEN_TRY(api_text(call, "password", &password, info));
    GALEN_TRY(workflow_act_as(call->wf, NULL, info));
    GALEN_TRY(session_sign_in(call->worker, call->request, identity, password, info));
    return api_give_identity(&call->request->who, call->request->role, result, info);
}

enum galen_err api_session_end(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    if (call->request->access == NODE_IDENTITY)
        session_end(call->worker->node, call->request);
    return GALEN_OK;
}

enum galen_err api_session_nonce(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    char nonce[24];
    GALEN_TRY(api_members(call, NULL, NULL, info));
    session_nonce(call->worker->node, nonce);
    GALEN_TRY(api_object_new(result, info));
    return record_json_set(*result, "nonce", json_object_new_string(nonce), info);
}

enum galen_err api_events(struct api_call *call, struct json_object **result,
                          struct galen_errinfo *info)
{
    call->response->status = MHD_HTTP_OK;
    call->response->type = "text/event-stream";
    call->response->is_stream = true;
    return GALEN_OK;
}

/* ---- the home ------------------------------------------------------------------------------------- */

enum galen_err api_status(struct api_call *call, struct json_object **result,
                          struct galen_errinfo *info)
{
    return workflow_status(call->wf, result, info);
}

enum galen_err api_sync(struct api_call *call, struct json_object **result,
                        struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return GALEN_OK; /* the route wakes the watcher */
}

enum galen_err api_notifications(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    struct workflow_page page;
    int64_t after = 0;
    GALEN_TRY(api_page(call, &page, info));
    GALEN_TRY(api_query_int(call, "after", 0, INT64_MAX / 2, &after, info));
    return workflow_notifications(call->wf, &call->request->who, after, &page, result, info);
}

enum galen_err api_notifications_seen(struct api_call *call, struct json_object **result,
                                      struct galen_errinfo *info)
{
    static const char *const needed[] = {"upTo", NULL};
    int64_t up_to = 0;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_int(call, "upTo", 0, INT64_MAX, &up_to, info));
    return workflow_notifications_seen(call->wf, &call->request->who, up_to, info);
}

enum galen_err api_account_list(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return workflow_identity_list(call->wf, result, info);
}

enum galen_err api_account_new(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const char *const needed[] = {"name", "role", NULL};
    static const char *const allowed[] = {"password", "wallet", NULL};
    const char *name = NULL;
    const char *role = NULL;
    const char *password = NULL;
    const char *wallet = NULL;
    struct chain_address address;
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "wallet", &wallet, info));
    if (wallet != NULL)
        GALEN_TRY(chain_address_parse(&address, wallet, info));
    GALEN_TRY(api_text(call, "name", &name, info));
    GALEN_TRY(api_text(call, "role", &role, info));
    GALEN_TRY(api_text(call, "password", &password, info));
    /* Before there is an identity that would not have the password asked for. */
    if (password != NULL)
        GALEN_TRY(seal_password_check(
            (struct base_view){(const uint8_t *)password, strlen(password)}, info));
    GALEN_TRY(workflow_act_as(call->wf, NULL, info));
    GALEN_TRY(wallet != NULL
                  ? workflow_identity_browser(call->wf, &address, name, role, false, info)
                  : workflow_identity_new(call->wf, &address, name, role, info));
    if (password != NULL)
        GALEN_TRY(workflow_identity_password(call->wf, &address, password, info));
    return api_give_identity(&address, role, result, info);
}

enum galen_err api_account_pay(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const char *const needed[] = {"to", "wei", NULL};
    const char *text = NULL;
    struct chain_address to;
    struct chain_u256 wei;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_contact(call, "to", &to, info));
    GALEN_TRY(api_text(call, "wei", &text, info));
    GALEN_TRY(chain_u256_parse(&wei, text, info));
    return workflow_pay(call->wf, &call->request->who, &to, &wei, result, info);
}

/* ---- what the contract owes, what sales paid ----------------------------------------------------- */

enum galen_err api_credit(struct api_call *call, struct json_object **result,
                          struct galen_errinfo *info)
{
    return workflow_credit(call->wf, &call->request->who, result, info);
}

enum galen_err api_withdraw(struct api_call *call, struct json_object **result,
                            struct galen_errinfo *info)
{
    static const char *const allowed[] = {"account", NULL};
    const char *text = NULL;
    struct chain_address account = call->request->who;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_text(call, "account", &text, info));
    if (text != NULL)
        GALEN_TRY(workflow_contact_find(call->wf, &account, text, info));
    return workflow_withdraw(call->wf, &call->request->who, &account, result, info);
}

enum galen_err api_payouts(struct api_call *call, struct json_object **result,
                           struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return workflow_payouts(call->wf, &call->request->who, &page, result, info);
}

enum galen_err api_collect(struct api_call *call, struct json_object **result,
                           struct galen_errinfo *info)
{
    static const char *const needed[] = {"payout", "to", NULL};
    static const char *const allowed[] = {"wei", NULL};
    const char *text = NULL;
    struct chain_address payout, to;
    struct chain_u256 wei;
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "payout", &text, info));
    GALEN_TRY(chain_address_parse(&payout, text, info));
    GALEN_TRY(api_contact(call, "to", &to, info));
    GALEN_TRY(api_text(call, "wei", &text, info));
    if (text != NULL)
        GALEN_TRY(chain_u256_parse(&wei, text, info));
    return workflow_payout_collect(call->wf, &call->request->who, &payout, &to,
                                   text != NULL ? &wei : NULL, result, info);
}

/* ---- profiles and contacts ------------------------------------------------------------------------- */

static enum galen_err make_card(struct api_call *call, struct json_object **card,
                                struct galen_errinfo *info)
{
    static const char *const allowed[] = {"inbox", NULL};
    const char *inbox = NULL;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_text(call, "inbox", &inbox, info));
    return workflow_card_make(call->wf, &call->request->who, inbox, card, info);
}

enum galen_err api_card(struct api_call *call, struct json_object **result,
                        struct galen_errinfo *info)
{
    return make_card(call, result, info);
}

enum galen_err api_profile_set(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    GALEN_TRY(make_card(call, NULL, info));
    return workflow_profile_publish(call->wf, &call->request->who, result, info);
}

enum galen_err api_contact_add(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    struct chain_address owner;
    char text[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(workflow_card_add(call->wf, call->body, &owner, info));
    chain_address_format(text, &owner);
    GALEN_TRY(api_object_new(result, info));
    return record_json_set(*result, "address", json_object_new_string(text), info);
}

enum galen_err api_contact_show(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return workflow_contact_show(call->wf, call->params[0], result, info);
}

/* ---- the contract ----------------------------------------------------------------------------------- */

enum galen_err api_contract(struct api_call *call, struct json_object **result,
                            struct galen_errinfo *info)
{
    return contract_info(call->wf, result, info);
}

enum galen_err api_contract_request(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    return contract_request_info(call->wf, id, result, info);
}

/* ---- the store -------------------------------------------------------------------------------------- */

enum galen_err api_store_show(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    return workflow_store_status(call->wf, result, info);
}

enum galen_err api_store_sync(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    static const char *const allowed[] = {"all", NULL};
    bool all = false;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_bool(call, "all", &all, info));
    return workflow_store_sync(call->wf, all, result, info);
}
