/*
 * Publishing a revocation list: the Group Manager writes and signs the next one, the Revocation
 * Manager holds it against the one in force and its own reveals, adds its signature and names it
 * on-chain. The list's form: verify.h.
 *
 *   revocation-list  GM → RM  {type galen.revocation-proposal/1, list, signature}
 *
 * list is what both sign; signature is the Group Manager's EIP-712 RevocationList.
 */
#include "workflow/opening_internal.h"
#include "workflow/verify.h"

#include <string.h>

#define PROPOSAL_TYPE     "galen.revocation-proposal/1"
#define NEXT_UPDATE_S     ((int64_t)30 * 24 * 3600)
#define NEXT_UPDATE_MAX_S ((int64_t)366 * 24 * 3600)
#define EFFECTIVE_AHEAD_S ((int64_t)366 * 24 * 3600)

static bool is_reason(const char *text)
{
    /* The list is public: free text would invite what identifies somebody. */
    static const char *const reasons[] = {"fraud", "key-compromise", "licence-withdrawn", "other"};
    for (size_t i = 0; text != NULL && i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i], text) == 0)
            return true;
    return false;
}

static size_t count(const struct revocation_block *block)
{
    return block->entries != NULL ? json_object_array_length(block->entries) : 0;
}

static enum galen_err entry_token(uint8_t token[GROUPSIG_TOKEN_BYTES], struct json_object *entries,
                                  size_t i, struct galen_errinfo *info)
{
    return record_json_get_hex(token, GROUPSIG_TOKEN_BYTES, json_object_array_get_idx(entries, i),
                               "token", RECORD_JSON_REQUIRED, "list/entries", info);
}

/* Is the token among the first n entries? */
static enum galen_err is_listed(bool *listed, struct json_object *entries, size_t n,
                                const uint8_t token[GROUPSIG_TOKEN_BYTES],
                                struct galen_errinfo *info)
{
    *listed = false;
    for (size_t i = 0; i < n; i++) {
        uint8_t other[GROUPSIG_TOKEN_BYTES];
        GALEN_TRY(entry_token(other, entries, i, info));
        if (memcmp(other, token, sizeof other) == 0)
            *listed = true;
    }
    return GALEN_OK;
}

/* ---- GM: the next list ------------------------------------------------------------------------------ */

static enum galen_err add_entry(struct workflow *wf, struct json_object *entries,
                                const struct chain_address *gm,
                                const struct revocation_options *options,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO entry = NULL;
    struct opening opening;
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    bool revealed = false, listed = false;
    if (!is_reason(options->reason))
        return base_fail(info, GALEN_ERR_USAGE,
                         "a revocation's reason is fraud, key-compromise, licence-withdrawn or "
                         "other");
    GALEN_TRY(opening_find(wf, &opening, options->opening_id, gm, info));
    GALEN_TRY(opening_token(wf, &revealed, token, &opening, info));
    if (!revealed)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen group reveal' asks for it",
                          "the doctor's tracing token has not been revealed");
    size_t n = json_object_array_length(entries);
    GALEN_TRY(is_listed(&listed, entries, n, token, info));
    if (listed)
        return base_fail(info, GALEN_ERR_EXISTS, "that doctor stands on the list in force");
    if (n == REVOCATION_MAX_ENTRIES)
        return base_fail(info, GALEN_ERR_LIMIT, "a list has at most %d entries",
                         REVOCATION_MAX_ENTRIES);
    int64_t from = options->effective_from != 0 ? options->effective_from : base_time_s();
    GALEN_TRY(workflow_object(&entry, info));
    GALEN_TRY(record_json_set_hex(entry, "token", token, sizeof token, info));
    GALEN_TRY(workflow_set_time(entry, "effectiveFrom", from, info));
    GALEN_TRY(workflow_set_text(entry, "reason", options->reason, info));
    return workflow_push(entries, &entry, info);
}

static enum galen_err next_list(struct workflow *wf, struct revocation_block *out,
                                const struct chain_address *gm,
                                const struct revocation_options *options,
                                struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO before = {0};
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO entries = NULL;
    uint8_t prev[32];
    uint64_t on_chain = 0;
    int64_t now = base_time_s();
    GALEN_TRY(revocation_list_newest(wf, &on_chain, &before, prev, info));
    if (before.entries != NULL)
        GALEN_TRY(record_json_copy(&entries, before.entries, info));
    else
        GALEN_TRY(workflow_array(&entries, info));
    if (options->opening_id != NULL)
        GALEN_TRY(add_entry(wf, entries, gm, options, info));
    GALEN_TRY(workflow_object(&list, info));
    GALEN_TRY(workflow_set_text(list, "type", REVOCATION_LIST_TYPE, info));
    GALEN_TRY(workflow_set_int(list, "version", (int64_t)on_chain + 1, info));
    GALEN_TRY(record_json_set_hex(list, "prev", prev, 32, info));
    GALEN_TRY(workflow_set_time(
        list, "nextUpdate", options->next_update != 0 ? options->next_update : now + NEXT_UPDATE_S,
        info));
    GALEN_TRY(workflow_set_object(list, "entries", &entries, info));
    return revocation_block_parse(out, list, info);
}

/* What both managers hold any new list to. */
static enum galen_err check_next(struct workflow *wf, const struct revocation_block *block,
                                 const struct chain_address *holder, size_t *n_before,
                                 struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO before = {0};
    uint8_t prev[32];
    uint64_t on_chain = 0;
    int64_t now = base_time_s();
    GALEN_TRY(revocation_list_newest(wf, &on_chain, &before, prev, info));
    if (block->version != on_chain + 1)
        return base_fail(info, GALEN_ERR_CHECK,
                         "revocation list: version %llu, but the next one is %llu",
                         (unsigned long long)block->version, (unsigned long long)on_chain + 1);
    if (memcmp(block->prev, prev, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "revocation list: it does not build on the newest signed one");
    GALEN_TRY(revocation_block_extends(block, &before, info));
    if (block->next_update <= now || block->next_update > now + NEXT_UPDATE_MAX_S)
        return base_fail(info, GALEN_ERR_CHECK,
                         "revocation list: nextUpdate is not within the next 366 days");
    *n_before = count(&before);
    for (size_t i = *n_before; i < count(block); i++) {
        struct json_object *entry = json_object_array_get_idx(block->entries, i);
        uint8_t token[GROUPSIG_TOKEN_BYTES];
        const char *text = NULL;
        int64_t from = 0;
        bool known = false, listed = false;
        GALEN_TRY(entry_token(token, block->entries, i, info));
        GALEN_TRY(is_listed(&listed, block->entries, i, token, info));
        GALEN_TRY(opening_knows_token(wf, &known, holder, token, info));
        if (!known || listed)
            return base_fail(info, GALEN_ERR_CHECK, "revocation list: a new entry is %s",
                             listed ? "there twice" : "no token that was revealed here");
        GALEN_TRY(record_json_get_text(&text, entry, "reason", RECORD_JSON_REQUIRED,
                                       REVOCATION_REASON_TEXT - 1, "list/entries", info));
        if (!is_reason(text))
            return base_fail(info, GALEN_ERR_CHECK, "revocation list: no such reason");
        GALEN_TRY(record_json_get_text(&text, entry, "effectiveFrom", RECORD_JSON_REQUIRED,
                                       BASE_TIME_TEXT, "list/entries", info));
        GALEN_TRY(base_time_parse(&from, text, info));
        if (from > now + EFFECTIVE_AHEAD_S)
            return base_fail(info, GALEN_ERR_CHECK,
                             "revocation list: an entry takes effect more than a year ahead");
    }
    return GALEN_OK;
}

static enum galen_err sign_list(struct workflow *wf, uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                const struct chain_address *signer,
                                const struct revocation_block *block, struct galen_errinfo *info)
{
    CHAIN_KEY_AUTO wallet = {0};
    uint8_t digest32[32];
    GALEN_TRY(workflow_wallet(wf, &wallet, signer, info));
    revocation_block_digest(wf, digest32, block);
    return chain_key_sign(&wallet, digest32, sig65, info);
}

enum galen_err revocation_propose(struct workflow *wf, const struct chain_address *gm,
                                  const struct revocation_options *options,
                                  struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address rm = {0};
    REVOCATION_BLOCK_AUTO block = {0};
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO made = NULL;
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    size_t n_before = 0;
    bool dry = false;
    GALEN_TRY(group_need_office(wf, gm, "gm", &rm, info));
    GALEN_TRY(next_list(wf, &block, gm, options, info));
    enum galen_err err = check_next(wf, &block, gm, &n_before, info);
    if (err != GALEN_OK) /* what is wrong is what was asked for */
        return err == GALEN_ERR_CHECK ? base_wrap(info, GALEN_ERR_USAGE, "not to be proposed")
                                      : err;
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(sign_list(wf, sig65, gm, &block, info));
    GALEN_TRY(record_json_copy(&list, block.json, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PROPOSAL_TYPE, info));
    GALEN_TRY(workflow_set_object(body, "list", &list, info));
    GALEN_TRY(record_json_set_hex(body, "signature", sig65, sizeof sig65, info));
    GALEN_TRY(message_send(wf, gm, &rm, MESSAGE_REVOCATION, block.digest, body, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "version", (int64_t)block.version, info));
    GALEN_TRY(workflow_set_int(made, "entries", (int64_t)count(&block), info));
    GALEN_TRY(workflow_set_int(made, "added", (int64_t)(count(&block) - n_before), info));
    GALEN_TRY(workflow_set_time(made, "nextUpdate", block.next_update, info));
    GALEN_TRY(workflow_set_address(made, "sentTo", &rm, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- RM: the second signature ------------------------------------------------------------------------- */

enum galen_err revocation_on_proposal(struct workflow *wf, const struct message *message,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "list", "signature", NULL};
    REVOCATION_BLOCK_AUTO block = {0};
    BASE_BUF_AUTO text = {0};
    struct json_object *list = NULL;
    uint8_t sig65[CHAIN_SIGNATURE_BYTES], digest32[32];
    size_t n_before = 0;
    bool valid = false;
    char subject[65];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "revocation list", info));
    GALEN_TRY(record_json_check_type(message->body, PROPOSAL_TYPE, info));
    GALEN_TRY(record_json_get_object(&list, message->body, "list", RECORD_JSON_REQUIRED,
                                     "revocation list", info));
    GALEN_TRY(record_json_get_hex(sig65, sizeof sig65, message->body, "signature",
                                  RECORD_JSON_REQUIRED, "revocation list", info));
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(revocation_block_parse(&block, list, info));
    revocation_block_digest(wf, digest32, &block);
    chain_verify(&valid, &message->sender, digest32, sig65);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "revocation list: the Group Manager has not signed it");
    GALEN_TRY(check_next(wf, &block, &message->recipient, &n_before, info));
    GALEN_TRY(record_json_jcs(&text, block.json, info));
    GALEN_TRY(db_run(
        wf->db, info, "INSERT OR REPLACE INTO revocation_proposal VALUES (?, ?, ?, ?, ?)",
        DB_BLOB(message->recipient.bytes, 20), DB_INT(block.version),
        DB_TEXT((const char *)text.data), DB_BLOB(sig65, sizeof sig65), DB_INT(base_time_s())));
    base_hex_encode(subject, block.digest, 32);
    return workflow_notify(wf, &message->recipient, "revocation-list", subject, info);
}

static enum galen_err read_proposal(struct workflow *wf, struct revocation_block *out,
                                    const struct chain_address *rm, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO list = NULL;
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT list, gm_signature FROM revocation_proposal WHERE holder = ?"
                       " ORDER BY version DESC LIMIT 1",
                       DB_BLOB(rm->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "the Group Manager sends one by 'galen group revoke', then run 'galen "
                          "sync'",
                          "no revocation list waits for the second signature");
    const char *text = db_text(&rows, 0);
    GALEN_TRY(record_json_parse(&list, text, strlen(text), SEAL_OBJECT_MAX, info));
    GALEN_TRY(revocation_block_parse(out, list, info));
    return db_bytes(&rows, 1, out->gm65, sizeof out->gm65, info);
}

/* The list with both signatures, as its block. */
static enum galen_err encode_block(struct base_buf *out, const struct revocation_block *block,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO whole = NULL;
    RECORD_JSON_AUTO signatures = NULL;
    GALEN_TRY(record_json_copy(&whole, block->json, info));
    GALEN_TRY(workflow_object(&signatures, info));
    GALEN_TRY(record_json_set_hex(signatures, "gm", block->gm65, sizeof block->gm65, info));
    GALEN_TRY(record_json_set_hex(signatures, "rm", block->rm65, sizeof block->rm65, info));
    GALEN_TRY(workflow_set_object(whole, "signatures", &signatures, info));
    return record_json_jcs(out, whole, info);
}

static enum galen_err name_on_chain(struct workflow *wf, const struct chain_address *rm,
                                    const uint8_t cid[32], struct json_object *made,
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    bool sent = false;
    GALEN_TRY(datahub_encode_set_revocation_list(&data, cid, info));
    const struct workflow_call call = {.from = rm,
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "setRevocationList",
                                       .request_id = -1};
    return steps_transact(wf, &call, &sent, NULL, made, info);
}

enum galen_err revocation_publish(struct workflow *wf, const struct chain_address *rm,
                                  struct json_object **result, struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO block = {0};
    REVOCATION_BLOCK_AUTO newest = {0};
    BASE_BUF_AUTO text = {0};
    RECORD_JSON_AUTO made = NULL;
    uint8_t cid[32], newest_cid[32];
    uint64_t on_chain = 0;
    size_t n_before = 0;
    GALEN_TRY(group_need_office(wf, rm, "rm", NULL, info));
    GALEN_TRY(read_proposal(wf, &block, rm, info));
    GALEN_TRY(revocation_list_newest(wf, &on_chain, &newest, newest_cid, info));
    bool done = newest.version == block.version && memcmp(newest.digest, block.digest, 32) == 0;
    if (!done)
        GALEN_TRY(check_next(wf, &block, rm, &n_before, info));
    GALEN_TRY(sign_list(wf, block.rm65, rm, &block, info));
    GALEN_TRY(encode_block(&text, &block, info));
    store_digest(cid, text.data, text.len);
    if (!wf->dry_run)
        GALEN_TRY(store_put(NULL, wf->store, text.data, text.len, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "version", (int64_t)block.version, info));
    GALEN_TRY(workflow_set_cid(made, "cid", done ? newest_cid : cid, info));
    GALEN_TRY(workflow_set_int(made, "entries", (int64_t)count(&block), info));
    GALEN_TRY(workflow_set_time(made, "nextUpdate", block.next_update, info));
    if (done) {
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
    } else {
        GALEN_TRY(workflow_set_int(made, "added", (int64_t)(count(&block) - n_before), info));
        GALEN_TRY(name_on_chain(wf, rm, cid, made, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- anyone --------------------------------------------------------------------------------------------- */

enum galen_err revocation_show(struct workflow *wf, struct json_object **result,
                               struct galen_errinfo *info)
{
    REVOCATION_LIST_AUTO list = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO entries = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_bool(made, "published", list.is_published, info));
    if (list.problem[0] != '\0') {
        GALEN_TRY(workflow_set_text(made, "problem", list.problem, info));
    } else if (list.is_published) {
        GALEN_TRY(workflow_set_int(made, "version", (int64_t)list.version, info));
        GALEN_TRY(workflow_set_cid(made, "cid", list.cid, info));
        GALEN_TRY(workflow_set_time(made, "nextUpdate", list.next_update, info));
        GALEN_TRY(workflow_set_bool(made, "overdue", list.next_update < base_time_s(), info));
        GALEN_TRY(record_json_copy(&entries, list.newest.entries, info));
        GALEN_TRY(workflow_set_object(made, "entries", &entries, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}
