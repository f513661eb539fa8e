/*
 * post: how nodes bring each other messages and blocks. The HTTP server above only carries bytes:
 * what may be taken in and given out is decided here. docs/messages-between-nodes.md has it all.
 *
 * Every function may run on its own handle of the same home at once, in threads or processes.
 * None needs the home's keys; none is for a handle that workflow_narrow narrowed.
 */
#ifndef GALEN_WORKFLOW_POST_H
#define GALEN_WORKFLOW_POST_H

#include "seal/seal.h"
#include "workflow/workflow.h"

#define POST_MEDIA_TYPE  "application/jose"
#define POST_MESSAGE_MAX SEAL_OBJECT_MAX

/* ---- taking in (post_accept.c) ---------------------------------------------------------------- */

/*
 * A sealed message (compact JWE) for the identity whose address (EIP-55 text) ends the path, from
 * anyone: POST /api/v1/inbox/ADDRESS. Nothing is decrypted; workflow_sync reads it. Waiting
 * messages and what one hour may bring are bounded (config.json's inbox_…), per identity and in
 * all; what is there is never displaced.
 *
 *   OK         *is_known false: HTTP 202, it is on disk; true: HTTP 200, it is or was here before.
 *              result: {digest, known}, the answer's body: the sender believes no other.
 *   NOT_FOUND  404: no such identity here
 *   LIMIT      *retry_after_s > 0: 429 with Retry-After; 0: 413, longer than POST_MESSAGE_MAX
 *   PARSE      400: not a sealed message
 *   else       503
 * retry_after_s is set with every error (0 but for the one).
 */
GALEN_MUST_CHECK enum galen_err post_accept(struct workflow *wf, const char *recipient,
                                            struct base_view sealed, bool *is_known,
                                            int64_t *retry_after_s, struct json_object **result,
                                            struct galen_errinfo *info);
/* What can be said before the body is read: NOT_FOUND, LIMIT as above. len: the Content-Length, 0
 * when it is not known. One that is known here may be refused too, and is known when it comes
 * again. */
GALEN_MUST_CHECK enum galen_err post_may_accept(struct workflow *wf, const char *recipient,
                                                size_t len, int64_t *retry_after_s,
                                                struct galen_errinfo *info);

/* ---- delivering (post_deliver.c) --------------------------------------------------------------- */

struct post_round {
    const struct chain_address *recipient; /* NULL: all */
    bool now;                              /* also what is not due yet */
    int64_t max_ms;                        /* no new request after this; 0: 60 s */
    unsigned request_ms;                   /* what one request may take; 0: 30 s */
};
/*
 * One round: posts what is due to its recipients' inboxes (POST INBOX/ADDRESS, INBOX from the
 * recipient's profile or card), several at once, each recipient's in order. A message counts as
 * delivered when the answer names its digest. What fails is tried again later and later, up to an
 * hour apart, until it expires; then its sender is told (notification 'undelivered').
 *
 * *due_in_s: seconds until there is something to do, 0: at once, -1: nothing waits.
 * result: {delivered, failed, expired, waiting, withoutInbox, dueIn?, recipients: [{recipient,
 * inbox, delivered, waiting, problem?, nextTry?}]}. Either may be NULL.
 */
GALEN_MUST_CHECK enum galen_err post_deliver(struct workflow *wf, const struct post_round *round,
                                             int64_t *due_in_s, struct json_object **result,
                                             struct galen_errinfo *info);

/* ---- blocks (post_blocks.c) --------------------------------------------------------------------- */

/* GET /ipfs/CID?format=raw (application/vnd.ipld.raw), to anyone: what this home publishes and has
 * here. Envelopes that its patients own or its hospitals relay, shares until they are revoked or
 * expire, own profiles, templates, offers, bundles, group keys, revocation lists, opening shares;
 * a manifest once its request is Delivered. Never anything else that lies in the store. Replaces
 * out. PARSE (400): no CID; NOT_FOUND (404): one answer for all that is not served. */
GALEN_MUST_CHECK enum galen_err block_serve(struct workflow *wf, const char *cid,
                                            struct base_buf *out, struct galen_errinfo *info);

#endif
