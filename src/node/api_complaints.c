/* The API's complaints about records. */
#include "node/api.h"
#include "workflow/complaint.h"

enum galen_err api_complaint_list(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    return complaint_list(call->wf, result, info);
}

enum galen_err api_complaint_make(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    static const char *const needed[] = {"record", "reason", NULL};
    const char *record = NULL;
    const char *reason = NULL;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_text(call, "record", &record, info));
    GALEN_TRY(api_text(call, "reason", &reason, info));
    return complaint_make(call->wf, &call->request->who, record, reason, result, info);
}

enum galen_err api_complaint_show(struct api_call *call, struct json_object **result,
                                  struct galen_errinfo *info)
{
    return complaint_show(call->wf, call->params[0], result, info);
}

enum galen_err api_complaint_decide(struct api_call *call, struct json_object **result,
                                    struct galen_errinfo *info)
{
    static const char *const needed[] = {"agree", NULL};
    bool agree = false;
    GALEN_TRY(api_members(call, needed, NULL, info));
    GALEN_TRY(api_bool(call, "agree", &agree, info));
    return complaint_decide(call->wf, &call->request->who, call->params[0], agree, result, info);
}
