/*
 * One round of delivery. Each recipient is a lane, its messages one after another; lanes run side
 * by side, so that one that is slow or dead costs the others nothing but a place for the length of
 * a time-out. An inbox that could not be reached is not tried again in the same round for the
 * others who share it.
 */
#include "workflow/post_internal.h"

#include <stdlib.h>
#include <string.h>

#define LANES              16
#define ROUND_MS           60000
#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS         30000
#define ANSWER_MAX         4096
#define IDLE_S             3600 /* a recipient's first inbox, or a message's end, comes unannounced */
#define PROBLEM_TEXT       400
#define UNREACHABLE_MOST   256

struct lane {
    struct chain_address recipient;
    char target[CHAIN_ADDRESS_TEXT + 1]; /* "/0x…" */
    struct workflow_contact contact;
    struct http_client *client; /* owned */
    struct post_message message;
    int64_t delivered, failed, next_try_s;
    char problem[PROBLEM_TEXT];
};

struct unreachable {
    char inbox[sizeof((struct workflow_contact *)NULL)->inbox];
    char problem[PROBLEM_TEXT];
    int64_t next_try_s;
};

struct round {
    struct workflow *wf;
    struct http_pool *pool;      /* owned, as what follows */
    struct chain_address *queue; /* who is still to come */
    size_t n_queue, next;
    struct lane *lanes[LANES];
    size_t n_lanes;
    struct unreachable *unreachable;
    size_t n_unreachable;
    struct json_object *recipients;
    unsigned request_ms;
    int64_t due_s, until_ms; /* what is due before that is delivered; nothing begins after this */
    int64_t delivered, failed;
};

static void lane_free(struct lane **lane)
{
    if (*lane == NULL)
        return;
    http_client_free(&(*lane)->client);
    base_buf_clear(&(*lane)->message.sealed);
    free(*lane);
    *lane = NULL;
}

static void round_clear(struct round *round)
{
    http_pool_free(&round->pool);
    for (size_t i = 0; i < round->n_lanes; i++)
        lane_free(&round->lanes[i]);
    free(round->queue);
    free(round->unreachable);
    record_json_put(&round->recipients);
}

/* ---- lanes ------------------------------------------------------------------------------------- */

/* Takes the lane, and notes what became of it. */
static enum galen_err lane_end(struct round *round, struct lane **lane, struct galen_errinfo *info)
{
    const struct lane *ended = *lane;
    RECORD_JSON_AUTO row = NULL;
    enum galen_err err = workflow_object(&row, info);
    if (err == GALEN_OK)
        err = workflow_set_address(row, "recipient", &ended->recipient, info);
    if (err == GALEN_OK)
        err = workflow_set_text(row, "inbox", ended->contact.inbox, info);
    if (err == GALEN_OK)
        err = workflow_set_int(row, "delivered", ended->delivered, info);
    if (err == GALEN_OK)
        err = workflow_set_int(row, "failed", ended->failed, info);
    if (err == GALEN_OK && ended->problem[0] != '\0')
        err = workflow_set_text(row, "problem", ended->problem, info);
    if (err == GALEN_OK && ended->next_try_s > 0)
        err = workflow_set_time(row, "nextTry", ended->next_try_s, info);
    if (err == GALEN_OK)
        err = workflow_push(round->recipients, &row, info);
    round->delivered += ended->delivered;
    round->failed += ended->failed;
    lane_free(lane);
    return err;
}

static void note_unreachable(struct round *round, const struct lane *lane)
{
    struct unreachable *at = &round->unreachable[round->n_unreachable];
    if (round->n_unreachable == UNREACHABLE_MOST)
        return;
    memcpy(at->inbox, lane->contact.inbox, sizeof at->inbox);
    memcpy(at->problem, lane->problem, sizeof at->problem);
    at->next_try_s = lane->next_try_s;
    round->n_unreachable++;
}

static const struct unreachable *find_unreachable(const struct round *round, const char *inbox)
{
    for (size_t i = 0; i < round->n_unreachable; i++)
        if (strcmp(round->unreachable[i].inbox, inbox) == 0)
            return &round->unreachable[i];
    return NULL;
}

static enum galen_err connect_lane(struct round *round, struct lane *lane,
                                   struct galen_errinfo *info)
{
    const struct http_options options = {
        .peer = "the recipient's node",
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = round->request_ms,
        .max_response_bytes = ANSWER_MAX,
        .guard = &round->wf->guard,
    };
    BASE_BUF_AUTO url = {0};
    size_t len = strlen(lane->contact.inbox);
    while (len > 0 && lane->contact.inbox[len - 1] == '/')
        len--;
    GALEN_TRY(base_buf_printf(&url, "%.*s", (int)len, lane->contact.inbox));
    lane->target[0] = '/';
    chain_address_format(lane->target + 1, &lane->recipient);
    return http_client_new(&lane->client, (const char *)url.data, &options, info);
}

static enum galen_err lane_fail(struct round *round, struct lane *lane, bool aside, int64_t asked_s,
                                const char *problem, struct galen_errinfo *info)
{
    snprintf(lane->problem, sizeof lane->problem, "%s", problem);
    lane->failed++;
    return post_set_failed(round->wf, &lane->message, aside, asked_s, problem, &lane->next_try_s,
                           info);
}

/* Begins the next recipient's lane, unless nothing can be sent to it now. */
static enum galen_err lane_begin(struct round *round, const struct chain_address *recipient,
                                 struct galen_errinfo *info)
{
    struct workflow *wf = round->wf;
    struct galen_errinfo why = {0};
    bool found = false;
    GALEN_CLEANUP(lane_free) struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    lane->recipient = *recipient;
    GALEN_TRY(workflow_contact_get(wf, &lane->contact, recipient, info));
    GALEN_TRY(post_next_message(wf, &lane->message, &found, recipient, round->due_s, info));
    if (!found || lane->contact.inbox[0] == '\0') /* another handle was faster */
        return GALEN_OK;
    const struct unreachable *known = find_unreachable(round, lane->contact.inbox);
    if (known != NULL) {
        memcpy(lane->problem, known->problem, sizeof lane->problem);
        lane->next_try_s = known->next_try_s;
        GALEN_TRY(post_put_off(wf, &lane->message, lane->problem, lane->next_try_s, info));
        return lane_end(round, &lane, info);
    }
    if (connect_lane(round, lane, &why) != GALEN_OK) {
        GALEN_TRY(lane_fail(round, lane, false, 0, why.what, info));
        return lane_end(round, &lane, info);
    }
    round->lanes[round->n_lanes++] = lane;
    lane = NULL;
    return GALEN_OK;
}

/* ---- answers ----------------------------------------------------------------------------------- */

/* Only who took the message in can name it: a web server that answers 200 to everything has not. */
static bool names_message(const struct base_buf *body, const uint8_t digest32[32])
{
    RECORD_JSON_AUTO json = NULL;
    uint8_t named[32];
    return body->len > 0 &&
           record_json_parse(&json, (const char *)body->data, body->len, ANSWER_MAX, NULL) ==
               GALEN_OK &&
           record_json_get_hex(named, 32, json, "digest", RECORD_JSON_REQUIRED, "answer", NULL) ==
               GALEN_OK &&
           memcmp(named, digest32, 32) == 0;
}

/* *goes_on: the lane's next message may be sent. */
static enum galen_err take_answer(struct round *round, struct lane *lane,
                                  const struct http_exchange *answer, bool *goes_on,
                                  struct galen_errinfo *info)
{
    char text[PROBLEM_TEXT];
    const char *origin = http_client_origin(lane->client);
    int64_t asked_s = http_client_retry_after_s(lane->client);
    long status = answer->status;
    *goes_on = false;
    if (answer->err != GALEN_OK) {
        snprintf(text, sizeof text, "%s%s%s", answer->why.what,
                 answer->why.hint[0] != '\0' ? ": " : "", answer->why.hint);
        GALEN_TRY(lane_fail(round, lane, false, 0, text, info));
        note_unreachable(round, lane);
        return GALEN_OK;
    }
    if ((status == 200 || status == 202) && names_message(&answer->body, lane->message.digest32)) {
        GALEN_TRY(post_set_delivered(round->wf, lane->message.digest32, info));
        lane->delivered++;
        *goes_on = true;
        return GALEN_OK;
    }
    switch (status) {
    case 200:
    case 202:
        snprintf(text, sizeof text, "what answers at %s is not a Galen node's inbox", origin);
        break;
    case 404:
    case 410:
        snprintf(text, sizeof text, "the node at %s does not know the recipient", origin);
        break;
    case 429:
    case 503:
        snprintf(text, sizeof text, "the node at %s takes no messages now", origin);
        break;
    case 400:
    case 413:
    case 415:
    case 422:
        snprintf(text, sizeof text, "the node at %s does not take this message (HTTP status %ld)",
                 origin, status);
        *goes_on = true;
        break;
    default:
        snprintf(text, sizeof text,
                 status >= 300 && status < 400
                     ? "%s answers with a redirect (HTTP status %ld), and "
                       "redirects are not followed"
                     : "%s answers with HTTP status %ld",
                 origin, status);
    }
    return lane_fail(round, lane, *goes_on, asked_s, text, info);
}

/* ---- the round --------------------------------------------------------------------------------- */

static bool has_time(const struct round *round)
{
    return base_monotonic_ms() < round->until_ms;
}

/* Sends every lane's message; lanes that go on have their next one then. */
static enum galen_err send_wave(struct round *round, struct galen_errinfo *info)
{
    struct http_exchange exchanges[LANES] = {0};
    size_t n = round->n_lanes;
    for (size_t i = 0; i < n; i++) {
        struct lane *lane = round->lanes[i];
        exchanges[i].client = lane->client;
        exchanges[i].request = (struct http_request){
            .target = lane->target,
            .accept = "application/json",
            .is_post = true,
            .type = POST_MEDIA_TYPE,
            .body = {lane->message.sealed.data, lane->message.sealed.len},
        };
    }
    enum galen_err err = http_pool_perform(round->pool, exchanges, n, info);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct lane *lane = round->lanes[i];
        bool goes_on = false;
        if (err == GALEN_OK)
            err = take_answer(round, lane, &exchanges[i], &goes_on, info);
        base_buf_clear(&exchanges[i].body);
        if (err == GALEN_OK && goes_on)
            goes_on = has_time(round);
        if (err == GALEN_OK && goes_on)
            err = post_next_message(round->wf, &lane->message, &goes_on, &lane->recipient,
                                    round->due_s, info);
        if (err == GALEN_OK && !goes_on)
            err = lane_end(round, &lane, info);
        if (lane != NULL)
            round->lanes[kept++] = lane;
    }
    round->n_lanes = kept;
    return err;
}

static enum galen_err run(struct round *round, struct galen_errinfo *info)
{
    for (;;) {
        while (round->n_lanes < LANES && round->next < round->n_queue && has_time(round))
            GALEN_TRY(lane_begin(round, &round->queue[round->next++], info));
        if (round->n_lanes == 0)
            return GALEN_OK;
        GALEN_TRY(send_wave(round, info));
    }
}

enum galen_err post_deliver(struct workflow *wf, const struct post_round *options,
                            int64_t *due_in_s, struct json_object **result,
                            struct galen_errinfo *info)
{
    GALEN_CLEANUP(round_clear)
    struct round round = {
        .wf = wf,
        .request_ms = options->request_ms > 0 ? options->request_ms : TIMEOUT_MS,
        .due_s = options->now ? BASE_TIME_MAX : base_time_s(),
        .until_ms = base_monotonic_ms() + (options->max_ms > 0 ? options->max_ms : ROUND_MS),
    };
    int64_t expired = 0, waiting = 0, without_inbox = 0, next_try_s = -1;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(post_expire(wf, &expired, info));
    GALEN_TRY(post_due_recipients(wf, &round.queue, &round.n_queue, options->recipient, round.due_s,
                                  info));
    round.unreachable = calloc(UNREACHABLE_MOST, sizeof *round.unreachable);
    if (round.unreachable == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(http_pool_new(&round.pool, info));
    GALEN_TRY(workflow_array(&round.recipients, info));
    GALEN_TRY(run(&round, info));

    GALEN_TRY(post_waiting(wf, &waiting, &without_inbox, &next_try_s, info));
    int64_t due_in = waiting == 0 ? -1 : next_try_s < 0 ? IDLE_S : next_try_s - base_time_s();
    if (waiting > 0)
        due_in = due_in < 0 ? 0 : due_in > IDLE_S ? IDLE_S : due_in;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "delivered", round.delivered, info));
    GALEN_TRY(workflow_set_int(made, "failed", round.failed, info));
    GALEN_TRY(workflow_set_int(made, "expired", expired, info));
    GALEN_TRY(workflow_set_int(made, "waiting", waiting, info));
    GALEN_TRY(workflow_set_int(made, "withoutInbox", without_inbox, info));
    if (due_in >= 0)
        GALEN_TRY(workflow_set_int(made, "dueIn", due_in, info));
    GALEN_TRY(workflow_set_object(made, "recipients", &round.recipients, info));
    if (due_in_s != NULL)
        *due_in_s = due_in;
    workflow_give(result, &made);
    return GALEN_OK;
}
