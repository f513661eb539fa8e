/*
 * The revocation list as everyone reads it: named by the contract, fetched by its hash, signed by
 * both managers, and a continuation of every list before it, so that nobody once listed is dropped.
 */
#include "workflow/verify.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/steps.h"

#define MAX_LISTS 4096 /* that one chain of lists may have */

static const uint8_t none[32] = {0};

/* ---- blocks ------------------------------------------------------------------------------------ */

void revocation_block_clear(struct revocation_block *block)
{
    record_json_put(&block->json);
    *block = (struct revocation_block){0};
}

static enum galen_err check_entries(struct json_object *entries, struct galen_errinfo *info)
{
    static const char *const keys[] = {"token", "effectiveFrom", "reason", NULL};
    static const char where[] = "list/entries";
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        struct json_object *entry = json_object_array_get_idx(entries, i);
        uint8_t token[GROUPSIG_TOKEN_BYTES];
        const char *text = NULL;
        int64_t when = 0;
        GALEN_TRY(record_json_check_keys(entry, keys, NULL, where, info));
        GALEN_TRY(record_json_get_hex(token, sizeof token, entry, "token", RECORD_JSON_REQUIRED,
                                      where, info));
        GALEN_TRY(record_json_get_text(&text, entry, "effectiveFrom", RECORD_JSON_REQUIRED,
                                       BASE_TIME_TEXT, where, info));
        GALEN_TRY(base_time_parse(&when, text, info));
        GALEN_TRY(record_json_get_text(&text, entry, "reason", RECORD_JSON_REQUIRED,
                                       REVOCATION_REASON_TEXT - 1, where, info));
    }
    return GALEN_OK;
}

enum galen_err revocation_block_parse(struct revocation_block *out, struct json_object *signed_part,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "version", "prev", "nextUpdate", "entries", NULL};
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    REVOCATION_BLOCK_AUTO read = {0};
    const char *next_update = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_copy(&read.json, signed_part, info));
    GALEN_TRY(record_json_check_keys(read.json, keys, NULL, "list", info));
    GALEN_TRY(record_json_check_type(read.json, REVOCATION_LIST_TYPE, info));
    GALEN_TRY(
        record_json_get_int(&version, read.json, "version", need, 1, INT64_MAX, "list", info));
    GALEN_TRY(record_json_get_hex(read.prev, 32, read.json, "prev", need, "list", info));
    GALEN_TRY(record_json_get_text(&next_update, read.json, "nextUpdate", need, BASE_TIME_TEXT,
                                   "list", info));
    GALEN_TRY(base_time_parse(&read.next_update, next_update, info));
    GALEN_TRY(record_json_get_array(&read.entries, read.json, "entries", need, 0,
                                    REVOCATION_MAX_ENTRIES, "list", info));
    GALEN_TRY(check_entries(read.entries, info));
    GALEN_TRY(record_json_hash(read.digest, read.json, info));
    read.version = (uint64_t)version;
    *out = read;
    read = (struct revocation_block){0};
    return GALEN_OK;
}

enum galen_err revocation_block_get(struct workflow *wf, struct revocation_block *out,
                                    const uint8_t cid[32], struct galen_errinfo *info)
{
    static const char *const keys[] = {"gm", "rm", NULL};
    static const char where[] = "list/signatures";
    BASE_BUF_AUTO block = {0};
    RECORD_JSON_AUTO json = NULL;
    REVOCATION_BLOCK_AUTO read = {0};
    struct json_object *signatures = NULL;
    uint8_t gm65[CHAIN_SIGNATURE_BYTES], rm65[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(workflow_block_of_managers(wf, &block, cid, info));
    GALEN_TRY(record_json_parse(&json, (char *)block.data, block.len, STORE_BLOCK_MAX, info));
    GALEN_TRY(record_json_get_object(&signatures, json, "signatures", RECORD_JSON_REQUIRED, "list",
                                     info));
    GALEN_TRY(record_json_check_keys(signatures, keys, NULL, where, info));
    GALEN_TRY(record_json_get_hex(gm65, sizeof gm65, signatures, "gm", RECORD_JSON_REQUIRED, where,
                                  info));
    GALEN_TRY(record_json_get_hex(rm65, sizeof rm65, signatures, "rm", RECORD_JSON_REQUIRED, where,
                                  info));
    json_object_object_del(json, "signatures");
    GALEN_TRY(revocation_block_parse(&read, json, info));
    memcpy(read.gm65, gm65, sizeof gm65);
    memcpy(read.rm65, rm65, sizeof rm65);
    *out = read;
    read = (struct revocation_block){0};
    return GALEN_OK;
}

enum galen_err revocation_block_extends(const struct revocation_block *later,
                                        const struct revocation_block *earlier,
                                        struct galen_errinfo *info)
{
    size_t n = earlier->entries != NULL ? json_object_array_length(earlier->entries) : 0;
    if (n > json_object_array_length(later->entries))
        return base_fail(info, GALEN_ERR_CHECK, "list version %llu drops entries of version %llu",
                         (unsigned long long)later->version, (unsigned long long)earlier->version);
    for (size_t i = 0; i < n; i++)
        if (json_object_equal(json_object_array_get_idx(later->entries, i),
                              json_object_array_get_idx(earlier->entries, i)) == 0)
            return base_fail(info, GALEN_ERR_CHECK,
                             "list version %llu does not keep the entries of version %llu",
                             (unsigned long long)later->version,
                             (unsigned long long)earlier->version);
    return GALEN_OK;
}

void revocation_block_digest(const struct workflow *wf, uint8_t digest32[32],
                             const struct revocation_block *block)
{
    struct chain_revocation_list message = {.version = block->version};
    memcpy(message.digest, block->digest, 32);
    chain_digest_revocation_list(digest32, &wf->domain, &message);
}

enum galen_err revocation_block_signed(struct workflow *wf, bool *valid,
                                       const struct revocation_block *block, const uint8_t cid[32],
                                       struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0};
    uint8_t digest32[32];
    bool by_gm = false, by_rm = false;
    GALEN_TRY(revocation_managers_of(wf, &gm, &rm, cid, block->version, info));
    revocation_block_digest(wf, digest32, block);
    chain_verify(&by_gm, &gm, digest32, block->gm65);
    chain_verify(&by_rm, &rm, digest32, block->rm65);
    *valid = by_gm && by_rm;
    return GALEN_OK;
}

/* ---- events ------------------------------------------------------------------------------------- */

enum galen_err revocation_on_list_set(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_revocation_list_set_event *args,
                                      struct galen_errinfo *info)
{
    return db_run(wf->db, info, "INSERT OR REPLACE INTO revocation_list VALUES (?, ?, ?, ?, ?)",
                  DB_INT(args->version), DB_BLOB(args->cid, 32), DB_INT(event->time_s),
                  DB_INT(event->log->block_number), DB_INT(event->log->log_index));
}

/* The newest list known from events below a version; *version 0 when there is none. */
static enum galen_err event_below(struct workflow *wf, uint64_t *version, uint8_t cid[32],
                                  uint64_t below, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    *version = 0;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT version, cid FROM revocation_list WHERE version < ?"
                       " ORDER BY version DESC LIMIT 1",
                       DB_INT(below)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    *version = (uint64_t)db_int(&rows, 0);
    return db_bytes(&rows, 1, cid, 32, info);
}

/* ---- the list in force --------------------------------------------------------------------------- */

static enum galen_err read_anchor(struct workflow *wf, uint8_t cid[32], uint64_t *version,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(datahub_encode_revocation_list_cid(&call, info));
    GALEN_TRY(workflow_read_agreed(wf, &out, &call, info));
    GALEN_TRY(datahub_decode_revocation_list_cid(cid, out.data, out.len, info));
    base_buf_clear(&call);
    GALEN_TRY(datahub_encode_revocation_list_version(&call, info));
    GALEN_TRY(workflow_read_agreed(wf, &out, &call, info));
    return datahub_decode_revocation_list_version(version, out.data, out.len, info);
}

/* A list that could be had, has the version it was named under, and both signatures. */
static enum galen_err try_signed(struct workflow *wf, bool *good, struct revocation_block *out,
                                 const uint8_t cid[32], uint64_t version,
                                 struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO block = {0};
    struct galen_errinfo why = {0};
    *good = false;
    enum galen_err err = revocation_block_get(wf, &block, cid, &why);
    if (err == GALEN_OK && block.version == version)
        err = revocation_block_signed(wf, good, &block, cid, &why);
    if (err != GALEN_OK && steps_is_fatal(err))
        return base_raise(info, err, &why);
    if (*good) {
        revocation_block_clear(out);
        *out = block;
        block = (struct revocation_block){0};
    }
    return GALEN_OK;
}

enum galen_err revocation_list_newest(struct workflow *wf, uint64_t *version,
                                      struct revocation_block *out, uint8_t cid[32],
                                      struct galen_errinfo *info)
{
    uint64_t at = 0;
    bool good = false;
    revocation_block_clear(out);
    GALEN_TRY(read_anchor(wf, cid, &at, info));
    *version = at;
    while (at > 0) {
        GALEN_TRY(try_signed(wf, &good, out, cid, at, info));
        if (good)
            return GALEN_OK;
        GALEN_TRY(event_below(wf, &at, cid, at, info));
    }
    memset(cid, 0, 32);
    return GALEN_OK;
}

/* CHECK unless every entry of a list that was left out stands in the newest, unaltered. */
static enum galen_err check_kept(const struct revocation_block *newest,
                                 const struct revocation_block *skipped, struct galen_errinfo *info)
{
    size_t n = json_object_array_length(newest->entries);
    for (size_t i = 0; i < json_object_array_length(skipped->entries); i++) {
        struct json_object *entry = json_object_array_get_idx(skipped->entries, i);
        size_t at = 0;
        while (at < n && !json_object_equal(json_object_array_get_idx(newest->entries, at), entry))
            at++;
        if (at == n)
            return base_fail(info, GALEN_ERR_CHECK,
                             "list version %llu does not keep the entries of version %llu, which "
                             "both managers signed",
                             (unsigned long long)newest->version,
                             (unsigned long long)skipped->version);
    }
    return GALEN_OK;
}

/* The signed lists between two that follow each other: one whose block could not be had when the
 * next was made may be left out, what it lists may not. */
static enum galen_err check_gap(struct workflow *wf, const struct revocation_block *newest,
                                uint64_t later, uint64_t earlier, struct galen_errinfo *info)
{
    uint8_t cid[32];
    uint64_t version = later;
    for (;;) {
        REVOCATION_BLOCK_AUTO block = {0};
        bool good = false;
        GALEN_TRY(event_below(wf, &version, cid, version, info));
        if (version <= earlier)
            return GALEN_OK;
        GALEN_TRY(try_signed(wf, &good, &block, cid, version, info));
        if (good)
            GALEN_TRY(check_kept(newest, &block, info));
    }
}

/* CHECK when the events name another block under that version. */
static enum galen_err check_published(struct workflow *wf, uint64_t version, const uint8_t cid[32],
                                      struct galen_errinfo *info)
{
    uint8_t published[32];
    uint64_t known = 0;
    GALEN_TRY(event_below(wf, &known, published, version + 1, info));
    if (known == version && memcmp(published, cid, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the lists build on a version %llu that was not the published one",
                         (unsigned long long)version);
    return GALEN_OK;
}

static enum galen_err check_signed(struct workflow *wf, const struct revocation_block *block,
                                   const uint8_t cid[32], struct galen_errinfo *info)
{
    bool valid = false;
    GALEN_TRY(revocation_block_signed(wf, &valid, block, cid, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "list version %llu is not signed by both managers of its time",
                         (unsigned long long)block->version);
    return GALEN_OK;
}

/* Back to the first list. *version and *n become those of the newest at or below `wanted`. */
static enum galen_err walk(struct workflow *wf, const struct revocation_block *newest,
                           uint64_t wanted, uint64_t *version, size_t *n,
                           struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO held = {0};
    const struct revocation_block *block = newest;
    bool found = false;
    for (int steps = 0;; steps++) {
        if (steps == MAX_LISTS)
            return base_fail(info, GALEN_ERR_LIMIT, "more than %d lists", MAX_LISTS);
        if (!found && block->version <= wanted) {
            found = true;
            *version = block->version;
            *n = json_object_array_length(block->entries);
        }
        if (memcmp(block->prev, none, 32) == 0)
            break;
        REVOCATION_BLOCK_AUTO before = {0};
        enum galen_err err = revocation_block_get(wf, &before, block->prev, info);
        if (err != GALEN_OK && !steps_is_fatal(err))
            return base_wrap(info, GALEN_ERR_CHECK, "the list before version %llu",
                             (unsigned long long)block->version);
        GALEN_TRY(err);
        if (before.version >= block->version)
            return base_fail(info, GALEN_ERR_CHECK, "list versions do not grow");
        GALEN_TRY(revocation_block_extends(block, &before, info));
        GALEN_TRY(check_gap(wf, newest, block->version, before.version, info));
        GALEN_TRY(check_published(wf, before.version, block->prev, info));
        GALEN_TRY(check_signed(wf, &before, block->prev, info));
        revocation_block_clear(&held);
        held = before;
        before = (struct revocation_block){0};
        block = &held;
    }
    return check_gap(wf, newest, block->version, 0, info);
}

/* The first n entries, ready for tracing. */
static enum galen_err read_tokens(struct revocation_list *list, size_t n,
                                  struct galen_errinfo *info)
{
    if (n == 0)
        return GALEN_OK;
    list->tokens = calloc(n, sizeof *list->tokens);
    list->effective_from = calloc(n, sizeof *list->effective_from);
    if (list->tokens == NULL || list->effective_from == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(list->newest.entries, i);
        uint8_t token[GROUPSIG_TOKEN_BYTES];
        const char *when = NULL;
        GALEN_TRY(record_json_get_hex(token, sizeof token, entry, "token", RECORD_JSON_REQUIRED,
                                      "list/entries", info));
        GALEN_TRY(record_json_get_text(&when, entry, "effectiveFrom", RECORD_JSON_REQUIRED,
                                       BASE_TIME_TEXT, "list/entries", info));
        GALEN_TRY(base_time_parse(&list->effective_from[i], when, info));
        if (groupsig_token_parse(&list->tokens[i], token, sizeof token) != GROUPSIG_OK)
            return base_fail(info, GALEN_ERR_PARSE, "list/entries: a token is malformed");
        list->n_tokens = i + 1;
    }
    return GALEN_OK;
}

static enum galen_err read_list(struct workflow *wf, struct revocation_list *list,
                                uint64_t on_chain, uint64_t wanted, struct galen_errinfo *info)
{
    size_t n = 0;
    GALEN_TRY(revocation_block_get(wf, &list->newest, list->cid, info));
    if (list->newest.version != on_chain)
        return base_fail(info, GALEN_ERR_CHECK, "the list has another version than the chain says");
    GALEN_TRY(check_signed(wf, &list->newest, list->cid, info));
    GALEN_TRY(walk(wf, &list->newest, wanted, &list->version, &n, info));
    list->next_update = list->newest.next_update;
    list->is_published = list->version != 0;
    return read_tokens(list, n, info);
}

void revocation_list_clear(struct revocation_list *list)
{
    free(list->tokens);
    free(list->effective_from);
    revocation_block_clear(&list->newest);
    *list = (struct revocation_list){0};
}

static enum galen_err load(struct workflow *wf, struct revocation_list *list, int64_t at,
                           struct galen_errinfo *info)
{
    uint64_t on_chain = 0;
    int64_t wanted = INT64_MAX;
    GALEN_TRY(read_anchor(wf, list->cid, &on_chain, info));
    if (at != 0)
        GALEN_TRY(db_get_int(wf->db, &wanted, 0, info,
                             "SELECT coalesce(max(version), 0) FROM revocation_list"
                             " WHERE set_at <= ?",
                             DB_INT(at)));
    if (on_chain == 0 || wanted == 0)
        return GALEN_OK;
    list->is_published = true;
    return read_list(wf, list, on_chain, (uint64_t)wanted, info);
}

enum galen_err revocation_list_load(struct workflow *wf, struct revocation_list *list, int64_t at,
                                    struct galen_errinfo *info)
{
    REVOCATION_LIST_AUTO read = {0};
    struct galen_errinfo why = {0};
    enum galen_err err = load(wf, &read, at, &why);
    if (err == GALEN_ERR_NOMEM || err == GALEN_ERR_DB || err == GALEN_ERR_IO)
        return base_raise(info, err, &why);
    if (err != GALEN_OK) {
        read.is_published = true;
        snprintf(read.problem, sizeof read.problem, "%s", why.what);
    }
    revocation_list_clear(list);
    *list = read;
    read = (struct revocation_list){0};
    return GALEN_OK;
}

enum galen_err revocation_list_check(const struct revocation_list *list, struct json_object *checks,
                                     bool *all, const struct groupsig_verified *signature,
                                     int64_t anchored_at, struct galen_errinfo *info)
{
    static const char name[] = "revocation list";
    char when[BASE_TIME_TEXT];
    size_t index = 0;
    if (list->problem[0] != '\0')
        return workflow_check(checks, all, false, name, info, "the list cannot be used: %s",
                              list->problem);
    if (signature == NULL)
        return workflow_check(checks, all, false, name, info,
                              "there is no valid group signature to hold against it");
    if (!list->is_published)
        return workflow_check(checks, all, true, name, info, "none published");
    const char *late = list->next_update < base_time_s() ? "; a newer list is overdue" : "";
    if (!groupsig_trace_list(&index, signature, list->tokens, list->n_tokens))
        return workflow_check(checks, all, true, name, info, "not on list version %llu%s",
                              (unsigned long long)list->version, late);
    base_time_format(when, list->effective_from[index]);
    if (anchored_at != 0 && anchored_at < list->effective_from[index])
        return workflow_check(checks, all, true, name, info,
                              "signed before revocation: the doctor's membership is revoked from "
                              "%s on (list version %llu)%s",
                              when, (unsigned long long)list->version, late);
    return workflow_check(checks, all, false, name, info,
                          "the signing doctor's membership is revoked from %s on (list version "
                          "%llu)%s",
                          when, (unsigned long long)list->version, late);
}
