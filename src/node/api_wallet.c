/* The API of browser wallets: signing in with one, registering one, and what it is asked for. */
#include "node/api.h"

#include <string.h>

/* ---- signing in ----------------------------------------------------------------------------------- */

/* Whose wallet signed body/message (EIP-4361). */
static enum galen_err read_sign_in(struct api_call *call, struct chain_address *who,
                                   struct galen_errinfo *info)
{
    const char *message = NULL;
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(api_text(call, "message", &message, info));
    GALEN_TRY(api_hex(call, "signature", sig65, sizeof sig65, info));
    return siwe_verify(call->worker->node, who, message, sig65, node_header(call->request, "Host"),
                       base_time_s(), info);
}

enum galen_err api_session_wallet(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    static const char *const needed[] = {"message", "signature", NULL};
    const char *role = NULL;
    struct chain_address who;
    bool own = false;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(read_sign_in(call, &who, info));
    GALEN_TRY(workflow_act_as(call->wf, NULL, info));
    GALEN_TRY(workflow_is_own(call->wf, &own, &role, &who, info));
    if (!own)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "that account is no identity of this node");
    GALEN_TRY(session_begin(call->worker->node, call->request, &who, role, info));
    return api_give_identity(&who, role, result, info);
}

enum galen_err api_account_register(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    static const char *const needed[] = {"message", "signature", "name", "role", NULL};
    const char *name = NULL;
    const char *role = NULL;
    struct chain_address who;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_text(call, "name", &name, info));
    GALEN_TRY(api_text(call, "role", &role, info));
    GALEN_TRY(read_sign_in(call, &who, info));
    GALEN_TRY(workflow_act_as(call->wf, NULL, info));
    GALEN_TRY(workflow_lock(call->wf, info)); /* how many there are stays true */
    GALEN_TRY(workflow_identity_browser(call->wf, &who, name, role, true, info));
    GALEN_TRY(session_begin(call->worker->node, call->request, &who, role, info));
    return api_give_identity(&who, role, result, info);
}

/* ---- intents -------------------------------------------------------------------------------------- */

enum galen_err api_intent_list(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const char *const states[] = {"open", "sent", "done", "failed", "cancelled", "expired"};
    const char *state = node_query(call->request, "state");
    struct workflow_page page;
    bool known = state == NULL;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        known = known || strcmp(state, states[i]) == 0;
    if (!known)
        return base_fail(info, GALEN_ERR_USAGE,
                         "state is open, sent, done, failed, cancelled or expired");
    GALEN_TRY(api_page(call, &page, info));
    return workflow_intents(call->wf, &call->request->who, state, &page, result, info);
}

enum galen_err api_intent_show(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    uint8_t id[WORKFLOW_INTENT_ID];
    GALEN_TRY(workflow_intent_id(id, call->params[0], info));
    return workflow_intent_show(call->wf, id, result, info);
}

enum galen_err api_intent_answer(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    static const char *const sent[] = {"hash", NULL};
    static const char *const is_signed[] = {"signature", NULL};
    uint8_t id[WORKFLOW_INTENT_ID];
    GALEN_TRY(workflow_intent_id(id, call->params[0], info));
    if (json_object_object_get_ex(call->body, "signature", NULL)) {
        uint8_t sig65[CHAIN_SIGNATURE_BYTES];
        GALEN_TRY(api_members(call, is_signed, NULL, info));
        GALEN_TRY(api_hex(call, "signature", sig65, sizeof sig65, info));
        return workflow_intent_signed(call->wf, id, sig65, result, info);
    }
    uint8_t hash[32];
    GALEN_TRY(api_members(call, sent, NULL, info));
    GALEN_TRY(api_hex(call, "hash", hash, sizeof hash, info));
    return workflow_intent_sent(call->wf, id, hash, result, info);
}

enum galen_err api_intent_cancel(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    uint8_t id[WORKFLOW_INTENT_ID];
    GALEN_TRY(api_members(call, NULL, NULL, info));
    GALEN_TRY(workflow_intent_id(id, call->params[0], info));
    return workflow_intent_cancel(call->wf, id, result, info);
}
