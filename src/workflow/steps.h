/* Small things that the steps of group and storing have in common. */
#ifndef GALEN_WORKFLOW_STEPS_H
#define GALEN_WORKFLOW_STEPS_H

#include "workflow/internal.h"

/* base_fail and base_hint in one; gives code back whether info is NULL or not. */
#define STEPS_FAIL(info, code, hint, ...)                                                          \
    (base_fail((info), (code), __VA_ARGS__), (void)base_hint((info), "%s", (hint)), (code))

/* It is the home that cannot go on, not the thing at hand that is wrong. */
bool steps_is_fatal(enum galen_err err);
/* The identity is of this home and has the role; NOT_FOUND, USAGE. */
GALEN_MUST_CHECK enum galen_err steps_need_role(struct workflow *wf,
                                                const struct chain_address *identity,
                                                const char *role, struct galen_errinfo *info);
/* In a dry run of a step without a transaction: *dry is true and result says so. */
GALEN_MUST_CHECK enum galen_err steps_dry_run(struct workflow *wf, bool *dry,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* Calls DataHub from an identity; *sent is false in a dry run. The transaction becomes member tx of
 * made. receipt may be NULL. */
GALEN_MUST_CHECK enum galen_err
steps_transact(struct workflow *wf, const struct workflow_call *call, bool *sent,
               struct chain_receipt *receipt, struct json_object *made, struct galen_errinfo *info);
static inline struct base_view steps_view(const struct base_buf *buf)
{
    return (struct base_view){buf->data, buf->len};
}

#endif
