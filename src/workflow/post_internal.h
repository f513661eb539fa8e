/* What the files of post share. */
#ifndef GALEN_WORKFLOW_POST_INTERNAL_H
#define GALEN_WORKFLOW_POST_INTERNAL_H

#include "workflow/internal.h"
#include "workflow/post.h"

/* ---- post_outbox.c: what waits to be delivered -------------------------------------------------- */

struct post_message { /* {0} is none */
    uint8_t digest32[32];
    struct base_buf sealed; /* owned */
    int64_t created_at, row, attempts;
};

/* Those with something due that have an inbox: their number, and (owned: free) who they are, the
 * longest due first. now: BASE_TIME_MAX for what is not due either. */
GALEN_MUST_CHECK enum galen_err post_due_recipients(struct workflow *wf,
                                                    struct chain_address **list, size_t *n,
                                                    const struct chain_address *only, int64_t now,
                                                    struct galen_errinfo *info);
/* The next message to the recipient after the one in *message ({0}: from the first): none overtakes
 * one that is not due, but for those set aside. */
GALEN_MUST_CHECK enum galen_err post_next_message(struct workflow *wf, struct post_message *message,
                                                  bool *found,
                                                  const struct chain_address *recipient,
                                                  int64_t now, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err post_set_delivered(struct workflow *wf, const uint8_t digest32[32],
                                                   struct galen_errinfo *info);
/* attempts and next_try after a failure; *next_try_s tells when. asked_s: what the other side
 * wants; 0: nothing. */
GALEN_MUST_CHECK enum galen_err post_set_failed(struct workflow *wf,
                                                const struct post_message *message, bool aside,
                                                int64_t asked_s, const char *problem,
                                                int64_t *next_try_s, struct galen_errinfo *info);
/* The first message due to the recipient waits until next_try_s without having been tried. */
GALEN_MUST_CHECK enum galen_err post_put_off(struct workflow *wf,
                                             const struct post_message *message,
                                             const char *problem, int64_t next_try_s,
                                             struct galen_errinfo *info);
/* What is too old to be taken by anyone is given up, and its sender told; digests of the inbox that
 * no replay can use go. */
GALEN_MUST_CHECK enum galen_err post_expire(struct workflow *wf, int64_t *expired,
                                            struct galen_errinfo *info);
/* Waiting messages: in all, and those whose recipient has no inbox; when the next is due (-1:
 * never). */
GALEN_MUST_CHECK enum galen_err post_waiting(struct workflow *wf, int64_t *waiting,
                                             int64_t *without_inbox, int64_t *next_try_s,
                                             struct galen_errinfo *info);

#endif
