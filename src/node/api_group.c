/* The API's group: set-up, memberships, registry, openings, revocation, claims. */
#include "node/api.h"

#include <string.h>

/* ---- set-up and memberships ------------------------------------------------------------------------ */

enum galen_err api_group_setup(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    static const char *const allowed[] = {"rm", NULL};
    const char *rm_name = NULL;
    struct chain_address rm;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_text(call, "rm", &rm_name, info));
    const bool is_rm = strcmp(call->request->role, "rm") == 0;
    if (is_rm && rm_name != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "body/rm is for the Group Manager to say");
    if (is_rm)
        return group_setup_rm(call->wf, &call->request->who, result, info);
    if (rm_name == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "name the Revocation Manager in body/rm");
    GALEN_TRY(workflow_contact_find(call->wf, &rm, rm_name, info));
    return group_setup_gm(call->wf, &call->request->who, &rm, result, info);
}

/* Steps of one manager that take nothing more. */
enum galen_err api_group_step(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    static const struct {
        const char *name;
        enum galen_err (*step)(struct workflow *wf, const struct chain_address *actor,
                               struct json_object **result, struct galen_errinfo *info);
    } steps[] = {
        {"propose", group_propose},
        {"confirm", group_confirm},
        {"countersign", group_countersign},
    };
    const char *name = strrchr(call->request->route->pattern, '/') + 1;
    GALEN_TRY(api_members(call, NULL, NULL, info));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, name) == 0)
            return steps[i].step(call->wf, &call->request->who, result, info);
    return base_fail(info, GALEN_ERR_INTERNAL, "no such step");
}

enum galen_err api_group_hospital(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    static const char *const needed[] = {"hospital", "accredited", NULL};
    struct chain_address hospital;
    bool accredited = false;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_contact(call, "hospital", &hospital, info));
    GALEN_TRY(api_bool(call, "accredited", &accredited, info));
    return group_set_hospital(call->wf, &call->request->who, &hospital, accredited, result, info);
}

static enum galen_err read_doctor(const struct api_call *call, struct chain_address *doctor,
                                  struct galen_errinfo *info)
{
    static const char *const needed[] = {"doctor", NULL};
    GALEN_TRY(api_members(call, needed, NULL, info));
    return api_contact(call, "doctor", doctor, info);
}

enum galen_err api_group_invite(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct chain_address doctor;
    GALEN_TRY(read_doctor(call, &doctor, info));
    return group_invite(call->wf, &call->request->who, &doctor, result, info);
}

enum galen_err api_group_approve(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    struct chain_address doctor;
    GALEN_TRY(read_doctor(call, &doctor, info));
    return group_approve(call->wf, &call->request->who, &doctor, result, info);
}

enum galen_err api_group_join(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    static const char *const needed[] = {"licence", NULL};
    const char *licence = NULL;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_text(call, "licence", &licence, info));
    return group_join(call->wf, &call->request->who, licence, result, info);
}

enum galen_err api_group_membership(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    return group_membership(call->wf, &call->request->who, result, info);
}

enum galen_err api_group_members(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return group_members(call->wf, &page, result, info);
}

enum galen_err api_group_applicants(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    return group_applicants(call->wf, result, info);
}

enum galen_err api_group_hospitals(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return group_hospitals(call->wf, &page, result, info);
}

enum galen_err api_group_keys(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    return group_keys(call->wf, result, info);
}

enum galen_err api_group_commit(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    static const char *const allowed[] = {"keyVersion", NULL};
    int64_t version = 0;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_int(call, "keyVersion", 1, UINT32_MAX, &version, info));
    return group_commit(call->wf, &call->request->who, (uint32_t)version, result, info);
}

enum galen_err api_group_audit(struct api_call *call, struct json_object **result,
                               struct galen_errinfo *info)
{
    bool passed = false;
    return group_audit(call->wf, &passed, result, info);
}

enum galen_err api_group_registry(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    return group_registry(call->wf, result, info);
}

/* ---- openings ----------------------------------------------------------------------------------------- */

/* `record`, or `message`, `signature` and `keyVersion`. */
static enum galen_err read_target(const struct api_call *call, struct opening_target *target,
                                  struct galen_errinfo *info)
{
    int64_t version = 0;
    *target = (struct opening_target){0};
    GALEN_TRY(api_text(call, "record", &target->record, info));
    const bool has_message = json_object_object_get_ex(call->body, "message", NULL);
    if ((target->record != NULL) == has_message)
        return base_fail(info, GALEN_ERR_USAGE,
                         "give a record, or message, signature and keyVersion");
    if (!has_message)
        return GALEN_OK;
    GALEN_TRY(api_hex(call, "message", target->msg32, 32, info));
    GALEN_TRY(api_hex(call, "signature", target->sig362, sizeof target->sig362, info));
    GALEN_TRY(record_json_get_int(&version, call->body, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                  UINT32_MAX, "body", info));
    target->key_version = (uint32_t)version;
    return GALEN_OK;
}

enum galen_err api_opening_list(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return opening_list(call->wf, result, info);
}

enum galen_err api_opening_show(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return opening_show(call->wf, call->params[0], result, info);
}

enum galen_err api_opening_request(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    static const char *const needed[] = {"reason", NULL};
    static const char *const allowed[] = {"record", "message", "signature", "keyVersion", NULL};
    struct opening_target target;
    const char *reason = NULL;
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "reason", &reason, info));
    GALEN_TRY(read_target(call, &target, info));
    return opening_request(call->wf, &call->request->who, &target, reason, result, info);
}

enum galen_err api_opening_approve(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    static const char *const needed[] = {"agree", NULL};
    bool agree = false;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_bool(call, "agree", &agree, info));
    return opening_approve(call->wf, &call->request->who, call->params[0], agree, result, info);
}

/* GM asks, RM agrees. */
enum galen_err api_opening_reveal(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return strcmp(call->request->role, "gm") == 0
               ? opening_reveal(call->wf, &call->request->who, call->params[0], result, info)
               : opening_reveal_approve(call->wf, &call->request->who, call->params[0], result,
                                        info);
}

enum galen_err api_trace(struct api_call *call, struct json_object **result,
                         struct galen_errinfo *info)
{
    static const char *const allowed[] = {"opening", "onChain", NULL};
    const char *opening = NULL;
    bool on_chain = false;
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_text(call, "opening", &opening, info));
    GALEN_TRY(api_bool(call, "onChain", &on_chain, info));
    return group_trace(call->wf, opening, on_chain, result, info);
}

/* ---- revocation ---------------------------------------------------------------------------------------- */

enum galen_err api_revocation_show(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    return revocation_show(call->wf, result, info);
}

enum galen_err api_revocation_propose(struct api_call *call, struct json_object **result,
                                      struct galen_errinfo *info)
{
    static const char *const allowed[] = {"opening",    "reason",   "effectiveFrom",
                                          "nextUpdate", "withdraw", NULL};
    struct revocation_options options = {0};
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_text(call, "opening", &options.opening_id, info));
    GALEN_TRY(api_text(call, "reason", &options.reason, info));
    GALEN_TRY(api_bool(call, "withdraw", &options.withdraw, info));
    if (options.opening_id == NULL && (options.withdraw || options.reason != NULL))
        return base_fail(info, GALEN_ERR_USAGE, "say of which opening");
    if (options.opening_id != NULL && !options.withdraw && options.reason == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "say the reason");
    GALEN_TRY(api_time(call, "effectiveFrom", &options.effective_from, info));
    GALEN_TRY(api_time(call, "nextUpdate", &options.next_update, info));
    return revocation_propose(call->wf, &call->request->who, &options, result, info);
}

enum galen_err api_revocation_publish(struct api_call *call, struct json_object **result,
                                      struct galen_errinfo *info)
{
    GALEN_TRY(api_members(call, NULL, NULL, info));
    return revocation_publish(call->wf, &call->request->who, result, info);
}

/* ---- claims ----------------------------------------------------------------------------------------------- */

enum galen_err api_claim_make(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    static const char *const needed[] = {"purpose", "nonce", NULL};
    static const char *const allowed[] = {"record", "message", "signature", "keyVersion", NULL};
    struct opening_target target;
    const char *purpose = NULL;
    uint8_t nonce[32];
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "purpose", &purpose, info));
    GALEN_TRY(api_hex(call, "nonce", nonce, sizeof nonce, info));
    GALEN_TRY(read_target(call, &target, info));
    return claim_make(call->wf, &call->request->who, &target, purpose, nonce, result, info);
}

enum galen_err api_claim_verify(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    bool passed = true;
    static const char *const needed[] = {"claim", "nonce", NULL};
    static const char *const allowed[] = {"record", NULL};
    struct json_object *claim = NULL;
    const char *record = NULL;
    uint8_t nonce[32];
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_object(call, "claim", &claim, info));
    GALEN_TRY(api_hex(call, "nonce", nonce, sizeof nonce, info));
    GALEN_TRY(api_text(call, "record", &record, info));
    GALEN_TRY(claim_verify(call->wf, claim, nonce, record, &passed, result, info));
    return api_give_verdict(*result, passed, info);
}
