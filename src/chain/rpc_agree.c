/* What two endpoints tell alike: one that lies, or is wrong, cannot make this home trust a key or
 * pay for nothing. */
#include <string.h>
#include <time.h>

#include "chain/internal.h"

#define LAG_BLOCKS 32 /* an endpoint further behind than this is out of step */
#define ATTEMPTS   3  /* the chain may be reorganised between two questions */

struct answer {
    enum galen_err err;
    uint64_t head;
    struct base_buf bytes;
    char reason[sizeof(((struct chain_revert *)0)->reason)];
    struct galen_errinfo why;
};
struct poll {
    struct answer answers[CHAIN_RPC_ENDPOINTS];
    size_t n;
};
static void poll_clear(struct poll *poll)
{
    for (size_t i = 0; i < CHAIN_RPC_ENDPOINTS; i++)
        base_buf_clear(&poll->answers[i].bytes);
}

static bool has_answered(const struct answer *answer)
{
    return answer->err == GALEN_OK || answer->err == GALEN_ERR_REVERTED;
}

/* How far everybody is, and the last block that all in step have. */
static uint64_t ask_heads(struct chain_rpc *rpc, struct poll *poll)
{
    uint64_t highest = 0, common = UINT64_MAX;
    for (size_t i = 0; i < poll->n; i++) {
        struct answer *answer = &poll->answers[i];
        answer->err = chain_rpc_bind(rpc, i, &answer->why);
        if (answer->err == GALEN_OK)
            answer->err = chain_rpc_block_number(rpc, &answer->head, &answer->why);
        if (answer->err == GALEN_OK && answer->head > highest)
            highest = answer->head;
    }
    for (size_t i = 0; i < poll->n; i++) {
        struct answer *answer = &poll->answers[i];
        if (answer->err == GALEN_OK && highest - answer->head > LAG_BLOCKS)
            answer->err = base_fail(&answer->why, GALEN_ERR_NETWORK,
                                    "an endpoint is %llu blocks behind another",
                                    (unsigned long long)(highest - answer->head));
        else if (answer->err == GALEN_OK && answer->head < common)
            common = answer->head;
    }
    return common;
}

static void ask_state(struct chain_rpc *rpc, struct poll *poll, const struct chain_call *call,
                      uint64_t block)
{
    for (size_t i = 0; i < poll->n; i++) {
        struct answer *answer = &poll->answers[i];
        if (answer->err != GALEN_OK)
            continue;
        answer->err = chain_rpc_bind(rpc, i, &answer->why);
        if (answer->err == GALEN_OK)
            answer->err = chain_rpc_call(rpc, &answer->bytes, call, block, &answer->why);
        if (answer->err == GALEN_ERR_REVERTED)
            snprintf(answer->reason, sizeof answer->reason, "%s",
                     chain_rpc_last_revert(rpc)->reason);
    }
}

static bool agree(const struct answer *a, const struct answer *b)
{
    return a->err == b->err && a->bytes.len == b->bytes.len && strcmp(a->reason, b->reason) == 0 &&
           (a->bytes.len == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.len) == 0);
}

/* An answer that another one equals; NULL: there is none. */
static struct answer *find_agreed(struct poll *poll)
{
    for (size_t i = 0; i < poll->n; i++)
        for (size_t j = i + 1; j < poll->n; j++)
            if (has_answered(&poll->answers[i]) && has_answered(&poll->answers[j]) &&
                agree(&poll->answers[i], &poll->answers[j]))
                return &poll->answers[i];
    return NULL;
}

static enum galen_err no_two(const struct poll *poll, struct galen_errinfo *info)
{
    const struct answer *silent = NULL;
    size_t answered = 0;
    for (size_t i = 0; i < poll->n; i++) {
        if (has_answered(&poll->answers[i]))
            answered++;
        else
            silent = &poll->answers[i];
    }
    if (answered < 2) {
        base_fail(info, GALEN_ERR_NETWORK,
                  "%zu of %zu endpoints can be asked, and two must agree where money or keys "
                  "depend on it: %s",
                  answered, poll->n, silent != NULL ? silent->why.what : "");
        (void)base_hint(info, "try again later, or name another endpoint in config.json's rpc");
        return GALEN_ERR_NETWORK;
    }
    base_fail(info, GALEN_ERR_CHECK,
              "the endpoints tell different things about the contract, and two must agree where "
              "money or keys depend on it");
    (void)base_hint(info, "one of config.json's rpc is wrong or lies: find out which, and replace "
                          "it");
    return GALEN_ERR_CHECK;
}

enum galen_err chain_rpc_call_agreed(struct chain_rpc *rpc, struct base_buf *out,
                                     const struct chain_call *call, struct galen_errinfo *info)
{
    if (chain_rpc_count(rpc) == 1)
        return chain_rpc_call(rpc, out, call, CHAIN_BLOCK_LATEST, info);
    for (int attempt = 1;; attempt++) {
        GALEN_CLEANUP(poll_clear) struct poll poll = {.n = chain_rpc_count(rpc)};
        uint64_t block = ask_heads(rpc, &poll);
        ask_state(rpc, &poll, call, block);
        chain_rpc_unbind(rpc);
        struct answer *agreed = find_agreed(&poll);
        if (agreed == NULL && attempt < ATTEMPTS) {
            const struct timespec pause = {.tv_nsec = 200000000};
            nanosleep(&pause, NULL);
            continue;
        }
        if (agreed == NULL)
            return no_two(&poll, info);
        if (agreed->err != GALEN_OK && info != NULL)
            *info = agreed->why;
        if (agreed->err == GALEN_OK)
            base_buf_move(out, &agreed->bytes);
        return agreed->err;
    }
}
