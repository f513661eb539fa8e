/* galen groupsig: sign, verify, trace, claim and link. */
#include "cli/groupsig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum galen_err cli_groupsig_sign(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    CLI_GS_MEMBER_AUTO member = {0};
    uint8_t msg32[32], signature[GROUPSIG_SIGNATURE_BYTES];
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_sign(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_message_hash(cli, msg32, info));
    GALEN_TRY(cli_gs_member_read(cli, &member, info));
    GALEN_TRY(cli_gs_fail(groupsig_sign(&key, signature, &member, msg32, &cli_gs_rng),
                          "the member's key", info));
    return cli_gs_give(cli, result, "signature", signature, sizeof signature, info);
}

enum galen_err cli_groupsig_verify(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    struct groupsig_signature signature;
    uint8_t msg32[32];
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_verify(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_message_hash(cli, msg32, info));
    GALEN_TRY(cli_gs_option(cli, "signature", GROUPSIG_SIGNATURE_BYTES, &bytes, info));
    enum groupsig_status status = groupsig_signature_parse(&signature, bytes.data, bytes.len);
    bool valid = status == GROUPSIG_OK && groupsig_verify(&key, NULL, &signature, msg32);
    return cli_gs_verdict(result, passed, valid, status, info);
}

/* ---- many ------------------------------------------------------------------------------------------ */

static void free_items(struct groupsig_batch_item **items)
{
    free(*items);
}

static void free_verified(struct groupsig_verified **verified)
{
    free(*verified);
}

/* Every pair verified; *verified (freed by the caller) only with keep. */
static enum galen_err verify_pairs(const struct cli *cli, const struct groupsig_group_key *key,
                                   const struct cli_gs_pairs *pairs,
                                   struct groupsig_batch_item **items,
                                   struct groupsig_verified **verified, struct galen_errinfo *info)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = cores < 1 ? 1 : (uint64_t)cores;
    const char *given = cli_option(cli, "threads");
    if (given != NULL)
        GALEN_TRY(cli_number(given, "--threads", 1, GROUPSIG_BATCH_MAX_THREADS, &threads, info));
    if (threads > GROUPSIG_BATCH_MAX_THREADS)
        threads = GROUPSIG_BATCH_MAX_THREADS;
    *items = calloc(pairs->n, sizeof **items);
    if (verified != NULL)
        *verified = calloc(pairs->n, sizeof **verified);
    if (*items == NULL || (verified != NULL && *verified == NULL))
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < pairs->n; i++)
        (*items)[i] = (struct groupsig_batch_item){
            .bytes = pairs->item[i].signature.data,
            .len = pairs->item[i].signature.len,
            .msg32 = pairs->item[i].msg32,
            .verified = verified != NULL ? &(*verified)[i] : NULL,
        };
    return cli_gs_fail(groupsig_verify_batch(key, *items, pairs->n, (unsigned)threads, &cli_gs_rng),
                       "batch", info);
}

enum galen_err cli_groupsig_batch_verify(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    GALEN_CLEANUP(cli_gs_pairs_clear) struct cli_gs_pairs pairs = {0};
    GALEN_CLEANUP(free_items) struct groupsig_batch_item *items = NULL;
    RECORD_JSON_AUTO invalid = json_object_new_array();
    size_t good = 0;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_pairs_read(cli, &pairs, info));
    GALEN_TRY(verify_pairs(cli, &key, &pairs, &items, NULL, info));
    RECORD_JSON_AUTO report = json_object_new_object();
    struct json_object *failed = NULL;
    if (report == NULL || invalid == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < pairs.n; i++) {
        good += items[i].valid;
        if (!items[i].valid)
            GALEN_TRY(record_json_push(invalid, json_object_new_int64((int64_t)i + 1), info));
    }
    GALEN_TRY(record_json_set(report, "count", json_object_new_int64((int64_t)pairs.n), info));
    GALEN_TRY(record_json_set(report, "valid", json_object_new_int64((int64_t)good), info));
    GALEN_TRY(record_json_copy(&failed, invalid, info));
    GALEN_TRY(record_json_set(report, "invalid", failed, info));
    *passed = good == pairs.n;
    *result = report;
    report = NULL;
    return GALEN_OK;
}

/* ---- trace ------------------------------------------------------------------------------------------ */

enum { TRACE_CHUNK = 64 };

/* Tokens are looked at in chunks, so that a long list needs no memory. */
struct tracer {
    const struct groupsig_verified *signature;
    struct groupsig_token *token;
    size_t pending, done; /* in the chunk; before it */
    bool traced;
    size_t index;
};

static void trace_chunk(struct tracer *tracer)
{
    size_t at = 0;
    if (!tracer->traced && tracer->pending > 0 &&
        groupsig_trace_list(&at, tracer->signature, tracer->token, tracer->pending)) {
        tracer->traced = true;
        tracer->index = tracer->done + at;
    }
    tracer->done += tracer->pending;
    tracer->pending = 0;
}

static enum galen_err add_token(void *user, char *line, struct galen_errinfo *info)
{
    struct tracer *tracer = user;
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_object(&bytes, line, GROUPSIG_TOKEN_BYTES, "token", info));
    /* Exit 1 would be read as 'not traced'. */
    if (groupsig_token_parse(&tracer->token[tracer->pending], bytes.data, bytes.len) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_USAGE, "token: malformed");
    if (++tracer->pending == TRACE_CHUNK)
        trace_chunk(tracer);
    return GALEN_OK;
}

static void free_tracer(struct tracer *tracer)
{
    free(tracer->token);
}

enum galen_err cli_groupsig_trace(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    struct groupsig_verified signature;
    GALEN_CLEANUP(free_tracer) struct tracer tracer = {.signature = &signature};
    static const char *tokens[CLI_MAX_REPEATS];
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_trace(cli, result, passed, info);
    size_t n = cli_options(cli, "token", tokens);
    const char *file = cli_option(cli, "tokens");
    if (n == 0 && file == NULL)
        return base_fail(info, GALEN_ERR_USAGE, "--token is needed");
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_verified(cli, &key, &signature, info));
    tracer.token = calloc(TRACE_CHUNK, sizeof *tracer.token);
    if (tracer.token == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(add_token(&tracer, (char *)tokens[i], info));
    if (file != NULL)
        GALEN_TRY(cli_gs_each_line(file, add_token, &tracer, info));
    trace_chunk(&tracer);
    *result = json_object_new_object();
    if (*result == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(*result, "traced", json_object_new_boolean(tracer.traced), info));
    if (tracer.traced)
        GALEN_TRY(record_json_set(*result, "token",
                                  json_object_new_int64((int64_t)tracer.index + 1), info));
    *passed = tracer.traced;
    return GALEN_OK;
}

/* ---- claim ------------------------------------------------------------------------------------------ */

enum galen_err cli_groupsig_claim(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    struct groupsig_verified signature;
    CLI_GS_MEMBER_AUTO member = {0};
    uint8_t ctx32[32], claim[GROUPSIG_CLAIM_BYTES];
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_claim(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_context(cli, ctx32, info));
    GALEN_TRY(cli_gs_verified(cli, &key, &signature, info));
    GALEN_TRY(cli_gs_member_read(cli, &member, info));
    GALEN_TRY(cli_gs_fail(groupsig_claim_make(&key, claim, &member, &signature, ctx32, &cli_gs_rng),
                          "claim", info));
    return cli_gs_give(cli, result, "claim", claim, sizeof claim, info);
}

enum galen_err cli_groupsig_claim_verify(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    bool classic = false;
    bool valid = false;
    struct groupsig_group_key key;
    struct groupsig_verified signature;
    uint8_t ctx32[32];
    BASE_BUF_AUTO claim = {0};
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_claim_verify(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_context(cli, ctx32, info));
    GALEN_TRY(cli_gs_option(cli, "claim", GROUPSIG_CLAIM_BYTES, &claim, info));
    GALEN_TRY(cli_gs_verified(cli, &key, &signature, info));
    enum groupsig_status status = groupsig_claim_verify(&key, &valid, claim.data, claim.len,
                                                        &signature, ctx32);
    return cli_gs_verdict(result, passed, valid, status, info);
}

/* ---- link ------------------------------------------------------------------------------------------- */

/* The signatures to link, each of them valid. */
static enum galen_err read_linked(const struct cli *cli, const struct groupsig_group_key *key,
                                  struct groupsig_verified **verified, size_t *n,
                                  struct galen_errinfo *info)
{
    GALEN_CLEANUP(cli_gs_pairs_clear) struct cli_gs_pairs pairs = {0};
    GALEN_CLEANUP(free_items) struct groupsig_batch_item *items = NULL;
    GALEN_TRY(cli_gs_pairs_read(cli, &pairs, info));
    GALEN_TRY(verify_pairs(cli, key, &pairs, &items, verified, info));
    for (size_t i = 0; i < pairs.n; i++)
        if (!items[i].valid)
            return base_fail(info, GALEN_ERR_CHECK, "signature %zu: does not hold", i + 1);
    *n = pairs.n;
    return GALEN_OK;
}

enum galen_err cli_groupsig_link(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    GALEN_CLEANUP(free_verified) struct groupsig_verified *signatures = NULL;
    CLI_GS_MEMBER_AUTO member = {0};
    uint8_t ctx32[32], proof[GROUPSIG_LINK_BYTES];
    size_t n = 0;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_context(cli, ctx32, info));
    GALEN_TRY(read_linked(cli, &key, &signatures, &n, info));
    GALEN_TRY(cli_gs_member_read(cli, &member, info));
    GALEN_TRY(cli_gs_fail(
        groupsig_link_make(&key, proof, &member, signatures, n, ctx32, &cli_gs_rng), "link", info));
    return cli_gs_give(cli, result, "link", proof, sizeof proof, info);
}

enum galen_err cli_groupsig_link_verify(struct cli *cli, struct json_object **result, bool *passed,
                                        struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    GALEN_CLEANUP(free_verified) struct groupsig_verified *signatures = NULL;
    BASE_BUF_AUTO proof = {0};
    uint8_t ctx32[32];
    size_t n = 0;
    bool valid = false;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_context(cli, ctx32, info));
    GALEN_TRY(cli_gs_option(cli, "link", GROUPSIG_LINK_BYTES, &proof, info));
    GALEN_TRY(read_linked(cli, &key, &signatures, &n, info));
    enum groupsig_status status = groupsig_link_verify(&key, &valid, proof.data, proof.len,
                                                       signatures, n, ctx32);
    return cli_gs_verdict(result, passed, valid, status, info);
}
