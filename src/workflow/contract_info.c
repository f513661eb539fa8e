/* The contract itself, as it is now: is its code the one that this build was made with, who manages
 * it, which group key and revocation list are in force, and what about that is not as it should
 * be. */
#include <stdarg.h>
#include <string.h>

#include "chain/verifier_abi.h"
#include "workflow/steps.h"
#include "workflow/verify.h"

#define KEY_YEAR_S ((int64_t)365 * 86400) /* after which a group gets a new key */

struct view {
    struct chain_address gm, rm, next_gm, next_rm, verifier;
    uint32_t current, count; /* versions of the group key */
    struct datahub_group_key_info key;
    struct datahub_get_members_result members;
    uint64_t list_version;
    struct chain_u256 requests;
    struct chain_block block;
    bool code_matches, verifier_matches;
};

/* One call without arguments or with one, and its decoded answer. */
#define ASK(wf, name, out, ...)                                                                    \
    do {                                                                                           \
        BASE_BUF_AUTO ask_call_ = {0};                                                             \
        BASE_BUF_AUTO ask_answer_ = {0};                                                           \
        GALEN_TRY(datahub_encode_##name(&ask_call_ __VA_OPT__(, ) __VA_ARGS__, info));             \
        GALEN_TRY(workflow_read_contract(wf, &ask_answer_, &ask_call_, info));                     \
        GALEN_TRY(datahub_decode_##name(out, ask_answer_.data, ask_answer_.len, info));            \
    } while (0)

static enum galen_err code_matches(struct chain_rpc *rpc, bool *matches,
                                   const struct chain_code *expected,
                                   const struct chain_address *at, struct galen_errinfo *info)
{
    BASE_BUF_AUTO code = {0};
    GALEN_TRY(chain_rpc_code(rpc, &code, at, CHAIN_BLOCK_LATEST, info));
    *matches = chain_code_matches(expected, code.data, code.len);
    return GALEN_OK;
}

static enum galen_err read_view(struct workflow *wf, struct view *view, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block(rpc, &view->block, CHAIN_BLOCK_LATEST, info));
    ASK(wf, group_manager, &view->gm);
    ASK(wf, revocation_manager, &view->rm);
    ASK(wf, pending_group_manager, &view->next_gm);
    ASK(wf, pending_revocation_manager, &view->next_rm);
    ASK(wf, current_key_version, &view->current);
    ASK(wf, group_key_count, &view->count);
    ASK(wf, revocation_list_version, &view->list_version);
    ASK(wf, request_count, &view->requests);
    ASK(wf, signature_verifier, &view->verifier);
    GALEN_TRY(code_matches(rpc, &view->code_matches, &datahub_code, &wf->domain.contract, info));
    GALEN_TRY(code_matches(rpc, &view->verifier_matches, &verifier_code, &view->verifier, info));
    /* the one in force; when there is none, the newest tells why */
    uint32_t shown = view->current != 0 ? view->current : view->count;
    if (shown != 0) {
        ASK(wf, get_group_key, &view->key, shown);
        ASK(wf, get_members, &view->members, shown);
    }
    return GALEN_OK;
}

/* ---- what is off --------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static enum galen_err
warn(struct json_object *warnings, struct galen_errinfo *info, const char *format, ...)
{
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return record_json_push(warnings, json_object_new_string(text), info);
}

static enum galen_err warn_of_key(struct json_object *warnings, const struct view *view,
                                  int64_t confirmed_at, struct galen_errinfo *info)
{
    if (view->count == 0)
        return warn(warnings, info, "there is no group key yet: nobody can sign a record");
    if (view->current == 0 && confirmed_at == 0)
        GALEN_TRY(warn(warnings, info,
                       "no group key is in force: version %u waits for the "
                       "Revocation Manager, 'galen group confirm'",
                       view->count));
    else if (view->current == 0)
        GALEN_TRY(warn(warnings, info,
                       "no group key is in force: version %u is retired%s, no record can be stored "
                       "until the managers set up a new one",
                       view->count, view->key.compromised ? " as compromised" : ""));
    else if (view->current != view->count)
        GALEN_TRY(warn(warnings, info,
                       "group key version %u is proposed and waits for the Revocation Manager",
                       view->count));
    if (view->current != 0 && view->block.time_s - confirmed_at > KEY_YEAR_S)
        GALEN_TRY(warn(warnings, info,
                       "the group key is older than a year: memberships end with it, the managers "
                       "set up a new one"));
    return GALEN_OK;
}

static enum galen_err find_warnings(struct json_object *warnings, const struct view *view,
                                    const struct revocation_list *list, int64_t confirmed_at,
                                    struct galen_errinfo *info)
{
    if (!view->code_matches)
        GALEN_TRY(warn(warnings, info,
                       "the contract's code is not the one of this build: another version, or "
                       "somebody else's; trust it only when you know which"));
    if (!view->verifier_matches)
        GALEN_TRY(warn(warnings, info,
                       "the code that verifies group signatures on-chain is not the one of this "
                       "build: it may call a valid entry invalid"));
    if (!chain_address_is_zero(&view->next_gm))
        GALEN_TRY(warn(warnings, info, "another Group Manager is proposed and has not accepted"));
    if (!chain_address_is_zero(&view->next_rm))
        GALEN_TRY(
            warn(warnings, info, "another Revocation Manager is proposed and has not accepted"));
    GALEN_TRY(warn_of_key(warnings, view, confirmed_at, info));
    if (list->problem[0] != '\0')
        return warn(warnings, info, "the revocation list cannot be used: %.220s", list->problem);
    if (list->is_published && list->next_update < view->block.time_s)
        return warn(warnings, info, "a newer revocation list is overdue");
    return GALEN_OK;
}

/* ---- showing ------------------------------------------------------------------------------------------- */

static enum galen_err add_managers(struct json_object *made, const struct view *view,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO out = NULL;
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_address(out, "groupManager", &view->gm, info));
    GALEN_TRY(workflow_set_address(out, "revocationManager", &view->rm, info));
    if (!chain_address_is_zero(&view->next_gm))
        GALEN_TRY(workflow_set_address(out, "pendingGroupManager", &view->next_gm, info));
    if (!chain_address_is_zero(&view->next_rm))
        GALEN_TRY(workflow_set_address(out, "pendingRevocationManager", &view->next_rm, info));
    return workflow_set_object(made, "managers", &out, info);
}

static enum galen_err add_key(struct json_object *made, const struct view *view,
                              int64_t confirmed_at, int64_t retired_at, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO out = NULL;
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_int(out, "current", view->current, info));
    GALEN_TRY(workflow_set_int(out, "versions", view->count, info));
    if (view->count > 0) {
        GALEN_TRY(
            workflow_set_int(out, "shown", view->current != 0 ? view->current : view->count, info));
        GALEN_TRY(record_json_set_hex(out, "fingerprint", view->key.fingerprint, 32, info));
    }
    if (confirmed_at != 0) {
        GALEN_TRY(workflow_set_time(out, "confirmedAt", confirmed_at, info));
        GALEN_TRY(
            workflow_set_int(out, "ageDays", (view->block.time_s - confirmed_at) / 86400, info));
    }
    if (retired_at != 0) {
        GALEN_TRY(workflow_set_time(out, "retiredAt", retired_at, info));
        GALEN_TRY(workflow_set_bool(out, "compromised", view->key.compromised, info));
    }
    GALEN_TRY(workflow_set_int(out, "membersCommitted", (int64_t)view->members.size, info));
    return workflow_set_object(made, "groupKey", &out, info);
}

static enum galen_err add_list(struct json_object *made, const struct view *view,
                               const struct revocation_list *list, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO out = NULL;
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_int(out, "version", (int64_t)view->list_version, info));
    if (list->is_published && list->problem[0] == '\0') {
        GALEN_TRY(workflow_set_cid(out, "cid", list->cid, info));
        GALEN_TRY(workflow_set_int(out, "entries", (int64_t)list->n_tokens, info));
        GALEN_TRY(workflow_set_time(out, "nextUpdate", list->next_update, info));
    }
    return workflow_set_object(made, "revocationList", &out, info);
}

static enum galen_err small_time(int64_t *out, const struct chain_u256 *value,
                                 struct galen_errinfo *info)
{
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, value) != GALEN_OK || number > (uint64_t)BASE_TIME_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer about the key is off");
    *out = (int64_t)number;
    return GALEN_OK;
}

enum galen_err contract_info(struct workflow *wf, struct json_object **result,
                             struct galen_errinfo *info)
{
    struct view view = {0};
    REVOCATION_LIST_AUTO list = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO warnings = NULL;
    int64_t confirmed_at = 0, retired_at = 0;
    uint64_t requests = 0;
    GALEN_TRY(read_view(wf, &view, info));
    if (chain_u256_to_u64(&requests, &view.requests) != GALEN_OK || requests > INT64_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer about requests is off");
    GALEN_TRY(small_time(&confirmed_at, &view.key.confirmed_at, info));
    GALEN_TRY(small_time(&retired_at, &view.key.retired_at, info));
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_array(&warnings, info));
    GALEN_TRY(workflow_set_address(made, "contract", &wf->domain.contract, info));
    GALEN_TRY(workflow_set_int(made, "chainId", (int64_t)wf->domain.chain_id, info));
    GALEN_TRY(workflow_set_int(made, "block", (int64_t)view.block.number, info));
    GALEN_TRY(workflow_set_time(made, "now", view.block.time_s, info));
    GALEN_TRY(record_json_set_hex(made, "codeHash", wf->code_hash, 32, info));
    GALEN_TRY(workflow_set_bool(made, "codeOfThisBuild", view.code_matches, info));
    GALEN_TRY(workflow_set_address(made, "signatureVerifier", &view.verifier, info));
    GALEN_TRY(workflow_set_bool(made, "verifierOfThisBuild", view.verifier_matches, info));
    GALEN_TRY(workflow_set_int(made, "requests", (int64_t)requests, info));
    GALEN_TRY(add_managers(made, &view, info));
    GALEN_TRY(add_key(made, &view, confirmed_at, retired_at, info));
    GALEN_TRY(add_list(made, &view, &list, info));
    GALEN_TRY(find_warnings(warnings, &view, &list, confirmed_at, info));
    GALEN_TRY(workflow_set_object(made, "warnings", &warnings, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
