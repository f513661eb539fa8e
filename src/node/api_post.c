/* What other nodes ask for: to leave a message, to have a block. docs/messages-between-nodes.md */
#include <limits.h>

#include "node/api.h"
#include "workflow/post.h"

static void retry_after(struct node_response *response, int64_t seconds)
{
    response->retry_after_s = seconds < UINT_MAX ? (unsigned)seconds : UINT_MAX;
}

enum galen_err api_inbox(struct api_call *call, struct json_object **result,
                         struct galen_errinfo *info)
{
    const struct base_buf *body = &call->request->body;
    struct galen_errinfo why = {0};
    bool is_known = false;
    int64_t wait_s = 0;
    enum galen_err err = post_accept(call->wf, call->params[0],
                                     (struct base_view){body->data, body->len}, &is_known, &wait_s,
                                     result, &why);
    if (err == GALEN_OK)
        response_json(call->response, is_known ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, *result);
    else if (err == GALEN_ERR_LIMIT && wait_s > 0)
        response_status(call->response, MHD_HTTP_TOO_MANY_REQUESTS, why.what, why.hint);
    else if (err == GALEN_ERR_LIMIT || err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_PARSE)
        response_problem(call->response, err, &why);
    else
        response_status(call->response, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "the message cannot be taken in now", "try again later");
    retry_after(call->response, wait_s);
    if (err == GALEN_OK && !is_known)
        thread_wake(&call->worker->node->watcher);
    return GALEN_OK;
}

enum galen_err api_block(struct api_call *call, struct json_object **result,
                         struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    GALEN_TRY(block_serve(call->wf, call->params[0], &block, info));
    call->response->status = MHD_HTTP_OK;
    call->response->type = "application/vnd.ipld.raw";
    call->response->allow_cache = true;
    base_buf_move(&call->response->body, &block);
    return GALEN_OK;
}
