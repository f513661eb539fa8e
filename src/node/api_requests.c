/* The API's purchase requests, consents and disputes. */
#include "node/api.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MIN_S 3600
#define WINDOW_MAX_S (90 * 24 * 3600)

static void free_indices(uint64_t **indices)
{
    free(*indices);
}
#define INDICES_AUTO GALEN_CLEANUP(free_indices) uint64_t *

/* ---- requests ------------------------------------------------------------------------------------ */

enum galen_err api_request_list(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return purchasing_list(call->wf, &page, result, info);
}

enum galen_err api_request_show(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    return purchasing_show(call->wf, id, result, info);
}

enum galen_err api_request_create(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    static const char *const needed[] = {"template", NULL};
    static const char *const allowed[] = {"maxRecords",   "replyWindow", "deliverWindow",
                                          "verifyWindow", "ruleWindow",  NULL};
    struct json_object *template_ = NULL;
    int64_t most = 0;
    int64_t windows[4] = {0};
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_object(call, "template", &template_, info));
    GALEN_TRY(api_int(call, allowed[0], 1, 65535, &most, info));
    for (size_t i = 0; i < 4; i++)
        GALEN_TRY(api_int(call, allowed[1 + i], WINDOW_MIN_S, WINDOW_MAX_S, &windows[i], info));
    const struct purchasing_terms terms = {
        .max_records = (uint16_t)most,
        .reply_window_s = (uint32_t)windows[0],
        .deliver_window_s = (uint32_t)windows[1],
        .verify_window_s = (uint32_t)windows[2],
        .rule_window_s = (uint32_t)windows[3],
    };
    return purchasing_request(call->wf, &call->request->who, template_, &terms, result, info);
}

/* Steps that one actor does on one request, alike but for the function. */
enum galen_err api_request_step(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    static const struct {
        const char *name;
        enum galen_err (*step)(struct workflow *wf, const struct chain_address *actor,
                               uint64_t request_id, struct json_object **result,
                               struct galen_errinfo *info);
    } steps[] = {
        {"ask", purchasing_ask_consent},
        {"deliver", purchasing_deliver},
        {"expire", purchasing_expire},
    };
    uint64_t id = 0;
    const char *name = strrchr(call->request->route->pattern, '/') + 1;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, NULL, NULL, info));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, name) == 0)
            return steps[i].step(call->wf, &call->request->who, id, result, info);
    return base_fail(info, GALEN_ERR_INTERNAL, "no such step");
}

enum galen_err api_request_reply(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    static const char *const allowed[] = {"k", NULL};
    uint64_t id = 0;
    int64_t k = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_int(call, "k", 2, 10000, &k, info));
    return purchasing_reply_with_k(call->wf, &call->request->who, id, (uint32_t)k, result, info);
}

enum galen_err api_request_consent(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    static const char *const needed[] = {"accept", NULL};
    static const char *const allowed[] = {"keepKey", "payout", NULL};
    struct chain_address payout;
    const char *named = NULL;
    uint64_t id = 0;
    bool accept = false;
    bool keeps = false;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_bool(call, "accept", &accept, info));
    GALEN_TRY(api_bool(call, "keepKey", &keeps, info));
    if (keeps && !accept)
        return base_fail(info, GALEN_ERR_USAGE, "/keepKey: only with accept");
    GALEN_TRY(api_text(call, "payout", &named, info));
    if (named != NULL)
        GALEN_TRY(chain_address_parse(&payout, named, info));
    return purchasing_consent_paid_to(call->wf, &call->request->who, id,
                                      !accept ? PURCHASING_DECLINE
                                      : keeps ? PURCHASING_ACCEPT_KEEP_KEY
                                              : PURCHASING_ACCEPT,
                                      named != NULL ? &payout : NULL, result, info);
}

enum galen_err api_request_verify(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    bool passed = true;
    uint64_t id = 0;
    GALEN_TRY(api_members(call, NULL, NULL, info));
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(purchasing_verify(call->wf, id, &passed, result, info));
    return api_give_verdict(*result, passed, info);
}

enum galen_err api_request_verification(struct api_call *call, struct json_object **result,
                                        struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    return purchasing_verification(call->wf, id, result, info);
}

enum galen_err api_request_report(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(purchasing_verification_report(call->wf, id, &text, info));
    response_file(call->response, "application/json", "verification.json");
    base_buf_move(&call->response->body, &text);
    return GALEN_OK;
}

enum galen_err api_request_tree(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    uint64_t id = 0, index = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_entry_index(call, &index, info));
    return purchasing_tree(call->wf, id, index, result, info);
}

enum galen_err api_request_data(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    const char *name = node_query(call->request, "format");
    const struct purchasing_format *format = NULL;
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    if (name == NULL || strcmp(name, "json") == 0) {
        GALEN_TRY(purchasing_data(call->wf, id, result, info));
        response_json(call->response, MHD_HTTP_OK, *result);
        return GALEN_OK;
    }
    GALEN_TRY(purchasing_find_format(&format, name, info));
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(purchasing_export(call->wf, id, format, &text, info));
    response_file(call->response, format->media_type, format->file);
    base_buf_move(&call->response->body, &text);
    return GALEN_OK;
}

enum galen_err api_request_finalize(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    static const char *const allowed[] = {"refund", "anyway", NULL};
    const struct chain_address *who = &call->request->who;
    uint64_t id = 0;
    bool refund = false;
    bool anyway = false;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_bool(call, "refund", &refund, info));
    GALEN_TRY(api_bool(call, "anyway", &anyway, info));
    if (refund && anyway)
        return base_fail(info, GALEN_ERR_USAGE, "refund or anyway, not both");
    return anyway ? purchasing_finalize_anyway(call->wf, who, id, result, info)
                  : purchasing_finalize(call->wf, who, id, !refund, result, info);
}

static enum galen_err read_entry(struct api_call *call, uint64_t *id, int64_t *entry,
                                 struct galen_errinfo *info)
{
    static const char *const needed[] = {"entry", NULL};
    GALEN_TRY(api_request_id(call, id, info));
    GALEN_TRY(api_members(call, needed, NULL, info));
    return api_int(call, "entry", 0, 65534, entry, info);
}

enum galen_err api_request_claim(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    uint64_t id = 0;
    int64_t entry = 0;
    GALEN_TRY(read_entry(call, &id, &entry, info));
    return purchasing_claim(call->wf, &call->request->who, id, (uint64_t)entry, result, info);
}

enum galen_err api_request_open(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    int64_t entry = 0;
    GALEN_TRY(read_entry(call, &id, &entry, info));
    return opening_ask(call->wf, &call->request->who, id, (uint64_t)entry, result, info);
}

/* ---- consents and disputes ------------------------------------------------------------------------ */

enum galen_err api_consent_list(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct workflow_page page;
    GALEN_TRY(api_page(call, &page, info));
    return purchasing_consents(call->wf, &call->request->who, &page, result, info);
}

enum galen_err api_policy(struct api_call *call, struct json_object **result,
                          struct galen_errinfo *info)
{
    return purchasing_policy(call->wf, &call->request->who, result, info);
}

enum galen_err api_policy_set(struct api_call *call, struct json_object **result,
                              struct galen_errinfo *info)
{
    static const char *const needed[] = {"categories", "minPriceWei", "never", NULL};
    static const char *const allowed[] = {"keepKeys", NULL};
    const char *categories[64];
    struct json_object *list = NULL;
    const char *wei = NULL;
    bool never = false;
    bool keeps = false;
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "minPriceWei", &wei, info));
    GALEN_TRY(api_bool(call, "never", &never, info));
    GALEN_TRY(api_bool(call, "keepKeys", &keeps, info));
    GALEN_TRY(record_json_get_array(&list, call->body, "categories", RECORD_JSON_REQUIRED, 0, 64,
                                    "", info));
    size_t n = json_object_array_length(list);
    for (size_t i = 0; i < n; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        if (!json_object_is_type(item, json_type_string))
            return base_fail(info, GALEN_ERR_USAGE, "/categories/%zu: no text", i);
        categories[i] = json_object_get_string(item);
    }
    return purchasing_set_policy(call->wf, &call->request->who, categories, n, wei, never, keeps,
                                 result, info);
}

enum galen_err api_request_prove(struct api_call *call, struct json_object **result,
                                 struct galen_errinfo *info)
{
    static const char *const allowed[] = {"entries", NULL};
    INDICES_AUTO entries = NULL;
    uint64_t id = 0;
    size_t n = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, NULL, allowed, info));
    GALEN_TRY(api_entries(call, &entries, &n, info));
    return dispute_prove_invalid(call->wf, &call->request->who, id, entries, n, result, info);
}

enum galen_err api_request_dispute(struct api_call *call, struct json_object **result,
                                   struct galen_errinfo *info)
{
    static const char *const needed[] = {"reason", NULL};
    static const char *const allowed[] = {"entries", NULL};
    INDICES_AUTO entries = NULL;
    const char *reason = NULL;
    uint64_t id = 0;
    size_t n = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "reason", &reason, info));
    GALEN_TRY(api_entries(call, &entries, &n, info));
    return dispute_open(call->wf, &call->request->who, id, entries, n, reason, result, info);
}

enum galen_err api_request_rule(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    static const char *const needed[] = {"verdict", NULL};
    static const char *const allowed[] = {"entries", NULL};
    INDICES_AUTO entries = NULL;
    enum dispute_verdict verdict = DISPUTE_NONE;
    const char *text = NULL;
    uint64_t id = 0;
    size_t n = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    GALEN_TRY(api_members(call, needed, allowed, info));
    GALEN_TRY(api_text(call, "verdict", &text, info));
    GALEN_TRY(dispute_verdict_parse(&verdict, text, info));
    GALEN_TRY(api_entries(call, &entries, &n, info));
    return dispute_rule(call->wf, &call->request->who, id, entries, n, verdict, result, info);
}

enum galen_err api_dispute_list(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    return dispute_list(call->wf, result, info);
}

enum galen_err api_dispute_show(struct api_call *call, struct json_object **result,
                                struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(api_request_id(call, &id, info));
    return dispute_show(call->wf, id, result, info);
}

enum galen_err api_dispute_forget(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(api_members(call, NULL, NULL, info));
    GALEN_TRY(api_request_id(call, &id, info));
    return dispute_forget(call->wf, id, result, info);
}
