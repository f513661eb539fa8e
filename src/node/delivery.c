/* The delivery: brings other nodes the messages that wait for them, in rounds. */
#include "node/internal.h"
#include "workflow/post.h"

#define PAUSE_MAX_S 60 /* what comes in between is waked for, but by the command line */

static void *run_delivery(void *user)
{
    struct node *node = user;
    struct workflow *wf = NULL;
    struct galen_errinfo why = {0};
    int64_t due_in_s = 0;
    if (workflow_open_again(&wf, node->wf, &why) != GALEN_OK) {
        base_log(BASE_LOG_BROKEN, "delivery: %s", why.what);
        return NULL;
    }
    workflow_stop_when(wf, &node->is_stopping);
    workflow_store_later(wf);
    do {
        const struct post_round round = {0};
        if (post_deliver(wf, &round, &due_in_s, NULL, &why) != GALEN_OK) {
            base_log(BASE_LOG_WARN, "delivery: %s", why.what);
            due_in_s = PAUSE_MAX_S;
        }
        if (topup_poll(wf, false, NULL, &why) != GALEN_OK)
            base_log(BASE_LOG_WARN, "top-up requests: %s", why.what);
        if (due_in_s < 0 || due_in_s > PAUSE_MAX_S)
            due_in_s = PAUSE_MAX_S;
    } while (thread_pause(&node->delivery, due_in_s > 0 ? (unsigned)due_in_s * 1000 : 100));
    workflow_close(&wf);
    return NULL;
}

enum galen_err delivery_start(struct node *node, struct galen_errinfo *info)
{
    return thread_start(&node->delivery, run_delivery, node, info);
}
