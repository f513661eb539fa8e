/* Small things that the steps of group and storing have in common. */
#include "workflow/steps.h"

#include <string.h>

bool steps_is_fatal(enum galen_err err)
{
    switch (err) {
    case GALEN_ERR_CONFIG:
    case GALEN_ERR_PASSWORD:
    case GALEN_ERR_NETWORK:
    case GALEN_ERR_IO:
    case GALEN_ERR_DB:
    case GALEN_ERR_NOMEM:
        return true;
    default:
        return false;
    }
}

enum galen_err steps_need_role(struct workflow *wf, const struct chain_address *identity,
                               const char *role, struct galen_errinfo *info)
{
    bool own = false;
    const char *has = NULL;
    char text[CHAIN_ADDRESS_TEXT];
    chain_address_format(text, identity);
    GALEN_TRY(workflow_is_own(wf, &own, &has, identity, info));
    if (!own)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "'galen account list' shows the identities",
                          "%s is not an identity of this home", text);
    if (has == NULL || strcmp(has, role) != 0)
        return base_fail(info, GALEN_ERR_USAGE, "%s is a %s, and this is for a %s", text,
                         has != NULL ? has : "stranger", role);
    return GALEN_OK;
}

enum galen_err steps_dry_run(struct workflow *wf, bool *dry, struct json_object **result,
                             struct galen_errinfo *info)
{
    if (wf->dry_run) {
        RECORD_JSON_AUTO made = NULL;
        GALEN_TRY(workflow_object(&made, info));
        GALEN_TRY(workflow_set_bool(made, "dryRun", true, info));
        workflow_give(result, &made);
    }
    *dry = wf->dry_run;
    return GALEN_OK;
}

enum galen_err steps_transact(struct workflow *wf, const struct workflow_call *call, bool *sent,
                              struct chain_receipt *receipt, struct json_object *made,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO tx = NULL;
    GALEN_TRY(workflow_transact(wf, call, sent, receipt, &tx, info));
    return workflow_set_object(made, "tx", &tx, info);
}
