/* The messages that came in, oldest first, each given to the handler of its workflow. One that
 * waits for something is tried again in the next round. */
#include "workflow/steps.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *kind;
    message_handler *handle;
    bool is_unsigned; /* its proof is inside, no wallet's signature; all others must have one */
} message_handlers[] = {
    {MESSAGE_SETUP_SHARE, group_on_setup_share, false},
    {MESSAGE_JOIN_NONCE, group_on_join_nonce, false},
    {MESSAGE_JOIN_REQUEST, group_on_join_request, false},
    {MESSAGE_MEMBERSHIP, group_on_membership, false},
    {MESSAGE_REGISTRY, group_on_registry, false},
    {MESSAGE_COUNTERSIGNED, group_on_countersigned, false},
    {MESSAGE_OPENING, opening_on_request, false},
    {MESSAGE_OPENING_ANSWER, opening_on_answer, false},
    {MESSAGE_OPENING_RESULT, opening_on_result, false},
    {MESSAGE_OPENING_REPORT, opening_on_report, false},
    {MESSAGE_REVEAL, opening_on_reveal, false},
    {MESSAGE_REVEAL_ANSWER, opening_on_reveal_answer, false},
    {MESSAGE_REVOCATION, revocation_on_proposal, false},
    {MESSAGE_HAND_OVER, storing_on_hand_over, true},
    {MESSAGE_INDEX_CARD, storing_on_index_card, true},
    {MESSAGE_TOPUP_WANTED, topup_on_wanted, false},
    {MESSAGE_TOPUP, topup_on_answer, true},
    {MESSAGE_SHARE, sharing_on_share, false},
    {MESSAGE_CONSENT_WANTED, purchasing_on_consent_wanted, false},
    {MESSAGE_CONSENT_GIVEN, purchasing_on_consent_given, false},
    {MESSAGE_MANIFEST, purchasing_on_manifest, false},
    {MESSAGE_LATE_EK, purchasing_on_late_ek, false},
    {MESSAGE_LATE_EK_RELAY, purchasing_on_late_ek_relay, true},
    {MESSAGE_DISPUTE_EVIDENCE, dispute_on_evidence, false},
    {MESSAGE_COMPLAINT, complaint_on_complaint, false},
    {MESSAGE_COMPLAINT_LAYER, complaint_on_layer, false},
    {MESSAGE_COMPLAINT_KEY, complaint_on_key, false},
    {MESSAGE_COMPLAINT_NOTICE, complaint_on_notice, false},
};

static enum galen_err handle_message(struct workflow *wf, const struct message *message,
                                     struct galen_errinfo *info)
{
    bool has_sender = !chain_address_is_zero(&message->sender);
    for (size_t i = 0; i < sizeof message_handlers / sizeof *message_handlers; i++) {
        if (strcmp(message_handlers[i].kind, message->kind) != 0)
            continue;
        if (has_sender == message_handlers[i].is_unsigned)
            return base_fail(info, GALEN_ERR_CHECK, "a %s message %s a wallet signature",
                             message->kind, has_sender ? "must not carry" : "needs");
        return message_handlers[i].handle(wf, message, info);
    }
    return base_fail(info, GALEN_ERR_UNSUPPORTED, "unknown kind of message");
}

struct incoming {
    uint8_t digest32[32];
    struct chain_address recipient;
    struct base_buf sealed;
};
static void incoming_clear(struct incoming *incoming)
{
    base_buf_clear(&incoming->sealed);
}

/* The oldest new message after the first `skip`; those are waiting for something. */
static enum galen_err next_message(struct workflow *wf, struct incoming *out, int64_t skip,
                                   bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT digest, recipient, sealed FROM inbox WHERE state = 'new'"
                       " ORDER BY received_at, rowid LIMIT 1 OFFSET ?",
                       DB_INT(skip)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    struct base_view sealed = db_blob(&rows, 2);
    out->sealed.len = 0;
    GALEN_TRY(db_bytes(&rows, 0, out->digest32, 32, info));
    GALEN_TRY(db_bytes(&rows, 1, out->recipient.bytes, 20, info));
    return base_buf_append(&out->sealed, sealed.data, sealed.len);
}

/* ---- who waits: it takes room in its recipient's inbox until it expires (post_accept.c), so that one
 * sender gets a part of that. What carries no sender is proved, or see storing_unknown_version.
 * ---- */

struct waiting {
    struct waiter {
        struct chain_address recipient, sender;
        int64_t n;
    } * list; /* owned */
    size_t len, room;
};
static void waiting_clear(struct waiting *waiting)
{
    free(waiting->list);
}

/* Counts one more that waits: STATE, unless it is one too many, which is LIMIT. */
static enum galen_err count_waiting(struct waiting *waiting, const struct workflow *wf,
                                    const struct message *message, struct galen_errinfo *info)
{
    enum { SHARE = 10, LEAST = 20 };
    const int64_t part = wf->post.limits[POST_RECIPIENT_MESSAGES] / SHARE;
    const int64_t most = part > LEAST ? part : LEAST;
    size_t i = 0;
    if (chain_address_is_zero(&message->sender))
        return GALEN_ERR_STATE;
    while (i < waiting->len &&
           (!chain_address_equal(&waiting->list[i].recipient, &message->recipient) ||
            !chain_address_equal(&waiting->list[i].sender, &message->sender)))
        i++;
    if (i == waiting->room) {
        const size_t room = 2 * waiting->room + 16;
        struct waiter *longer = realloc(waiting->list, room * sizeof *longer);
        if (longer == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        waiting->list = longer;
        waiting->room = room;
    }
    if (i == waiting->len)
        waiting->list[waiting->len++] = (struct waiter){.recipient = message->recipient,
                                                        .sender = message->sender};
    if (waiting->list[i].n >= most)
        return base_fail(info, GALEN_ERR_LIMIT, "%lld messages of its sender wait already",
                         (long long)most);
    waiting->list[i].n++;
    return GALEN_ERR_STATE;
}

/* What is done or refused needs no sealed bytes any more; its digest stays, against replays. */
static enum galen_err close_message(struct workflow *wf, const uint8_t digest32[32],
                                    const char *state, const char *kind, const char *reason,
                                    struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE inbox SET state = ?, kind = ?, reason = ?, sealed = x''"
                  " WHERE digest = ?",
                  DB_TEXT(state), DB_TEXT(kind), DB_TEXT(reason), DB_BLOB(digest32, 32));
}

enum galen_err sync_read_messages(struct workflow *wf, struct json_object *summary,
                                  struct galen_errinfo *info)
{
    int64_t done = 0;
    int64_t refused = 0;
    int64_t waiting = 0;
    GALEN_CLEANUP(incoming_clear) struct incoming incoming = {0};
    GALEN_CLEANUP(waiting_clear) struct waiting waiters = {0};
    wf->unproven = 0;
    while (wf->keys != NULL) {
        bool found = false;
        GALEN_TRY(next_message(wf, &incoming, waiting, &found, info));
        if (!found)
            break;
        MESSAGE_AUTO message = {0};
        struct galen_errinfo why = {0};
        enum galen_err err =
            message_open(wf, &message, &incoming.recipient,
                         (struct base_view){incoming.sealed.data, incoming.sealed.len}, &why);
        if (err == GALEN_OK)
            err = handle_message(wf, &message, &why);
        if (err == GALEN_ERR_STATE)
            err = count_waiting(&waiters, wf, &message, &why);
        if (err == GALEN_ERR_STATE || err == GALEN_ERR_WALLET) {
            waiting++;
            continue;
        }
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        GALEN_TRY(close_message(wf, incoming.digest32, err == GALEN_OK ? "done" : "refused",
                                message.kind, err == GALEN_OK ? NULL : why.what, info));
        *(err == GALEN_OK ? &done : &refused) += 1;
    }
    GALEN_TRY(workflow_set_int(summary, "messages", done, info));
    GALEN_TRY(workflow_set_int(summary, "refused", refused, info));
    return workflow_set_int(summary, "waiting", waiting, info);
}
