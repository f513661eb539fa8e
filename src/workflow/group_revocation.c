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

/* The token's place among the first n entries; n when it is not there. */
static enum galen_err find_entry(size_t *at, struct json_object *entries, size_t n,
                                 const uint8_t token[GROUPSIG_TOKEN_BYTES],
                                 struct galen_errinfo *info)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t other[GROUPSIG_TOKEN_BYTES];
        GALEN_TRY(entry_token(other, entries, i, info));
        if (memcmp(other, token, sizeof other) == 0) {
            *at = i;
            return GALEN_OK;
        }
    }
    *at = n;
    return GALEN_OK;
}

/* Whom the entries from n_before on are about: {opening, reason, effectiveFrom}, the opening being
 * the holder's own. Tokens say nothing to people, and a list is not to be signed unseen. */
static enum galen_err show_new(struct workflow *wf, struct json_object *made,
                               const struct revocation_block *block, size_t n_before,
                               const struct chain_address *holder, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = n_before; i < count(block); i++) {
        RECORD_JSON_AUTO shown = NULL;
        uint8_t token[GROUPSIG_TOKEN_BYTES], id32[32];
        bool known = false;
        GALEN_TRY(record_json_copy(&shown, json_object_array_get_idx(block->entries, i), info));
        GALEN_TRY(entry_token(token, block->entries, i, info));
        GALEN_TRY(opening_of_token(wf, &known, id32, holder, token, info));
        json_object_object_del(shown, "token");
        if (known)
            GALEN_TRY(record_json_set_hex(shown, "opening", id32, 32, info));
        GALEN_TRY(workflow_push(list, &shown, info));
    }
    return workflow_set_object(made, "added", &list, info);
}

/* ---- proposals, at either manager ------------------------------------------------------------------- */

static enum galen_err keep_proposal(struct workflow *wf, const struct chain_address *holder,
                                    const struct revocation_block *block,
                                    const uint8_t gm65[CHAIN_SIGNATURE_BYTES],
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(workflow_home_seal(wf, &sealed, block->json, info));
    return db_run(wf->db, info, "INSERT OR REPLACE INTO revocation_proposal VALUES (?, ?, ?, ?, ?)",
                  DB_BLOB(holder->bytes, 20), DB_INT(block->version),
                  DB_BLOB(sealed.data, sealed.len), DB_BLOB(gm65, CHAIN_SIGNATURE_BYTES),
                  DB_INT(base_time_s()));
}

/* The holder's newest; an empty block when there is none. */
static enum galen_err read_proposal(struct workflow *wf, struct revocation_block *out,
                                    const struct chain_address *holder, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO list = NULL;
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT sealed, gm_signature FROM revocation_proposal WHERE holder = ?"
                       " ORDER BY version DESC LIMIT 1",
                       DB_BLOB(holder->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(workflow_home_open(wf, &list, db_blob(&rows, 0), info));
    GALEN_TRY(revocation_block_parse(out, list, info));
    return db_bytes(&rows, 1, out->gm65, sizeof out->gm65, info);
}

/* ---- GM: the next list ------------------------------------------------------------------------------ */

/* Adds the opening's doctor, or takes it out of what was only proposed: the first n_fixed entries
 * are published. */
static enum galen_err change_entry(struct workflow *wf, struct json_object *entries, size_t n_fixed,
                                   const struct chain_address *gm,
                                   const struct revocation_options *options,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO entry = NULL;
    struct opening opening;
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    bool revealed = false;
    size_t at = 0;
    if (!options->withdraw && !is_reason(options->reason))
        return base_fail(info, GALEN_ERR_USAGE,
                         "a revocation's reason is fraud, key-compromise, licence-withdrawn or "
                         "other");
    GALEN_TRY(opening_find(wf, &opening, options->opening_id, gm, info));
    GALEN_TRY(opening_token(wf, &revealed, token, &opening, info));
    if (!revealed)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen group reveal' asks for it",
                          "the doctor's tracing token has not been revealed");
    size_t n = json_object_array_length(entries);
    GALEN_TRY(find_entry(&at, entries, n, token, info));
    if (at < n_fixed)
        return base_fail(info, GALEN_ERR_EXISTS, "that doctor stands on a published list");
    if (options->withdraw && at == n)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no proposed revocation of that doctor waits");
    if (at < n) {
        json_object_array_del_idx(entries, at, 1);
        n--;
    }
    if (options->withdraw)
        return GALEN_OK;
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

/* What the next list begins with: the newest signed one's entries, then those this manager proposed
 * and that are not in it. RM may be about to publish them, may have and keep the block from
 * everyone, or has published an earlier proposal of that version: were they not carried on, each
 * would let somebody off. *n_fixed of them are, or
 * may be, published. */
static enum galen_err first_entries(struct workflow *wf, struct json_object **out, size_t *n_fixed,
                                    const struct chain_address *gm,
                                    const struct revocation_block *before, uint64_t on_chain,
                                    struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO proposed = {0};
    *n_fixed = count(before);
    GALEN_TRY(read_proposal(wf, &proposed, gm, info));
    if (proposed.json != NULL && proposed.version >= before->version &&
        revocation_block_extends(&proposed, before, NULL) == GALEN_OK) {
        if (proposed.version > before->version && proposed.version <= on_chain)
            *n_fixed = count(&proposed);
        return record_json_copy(out, proposed.entries, info);
    }
    return before->entries != NULL ? record_json_copy(out, before->entries, info)
                                   : workflow_array(out, info);
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
    size_t n_fixed = 0;
    int64_t now = base_time_s();
    GALEN_TRY(revocation_list_newest(wf, &on_chain, &before, prev, info));
    GALEN_TRY(first_entries(wf, &entries, &n_fixed, gm, &before, on_chain, info));
    if (options->opening_id != NULL)
        GALEN_TRY(change_entry(wf, entries, n_fixed, gm, options, info));
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
        uint8_t token[GROUPSIG_TOKEN_BYTES], id32[32];
        const char *text = NULL;
        int64_t from = 0;
        bool known = false;
        size_t at = 0;
        GALEN_TRY(entry_token(token, block->entries, i, info));
        GALEN_TRY(find_entry(&at, block->entries, i, token, info));
        GALEN_TRY(opening_of_token(wf, &known, id32, holder, token, info));
        if (!known || at < i)
            return base_fail(info, GALEN_ERR_CHECK, "revocation list: a new entry is %s",
                             at < i ? "there twice" : "no token that was revealed here");
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
    struct chain_revocation_list message = {.version = block->version};
    memcpy(message.digest, block->digest, 32);
    return workflow_wallet_sign(wf, sig65, signer, CHAIN_TYPED_REVOCATION_LIST, &message,
                                block->json, info);
}

/* The same list but for times that nobody named. */
static bool is_same_list(const struct revocation_block *a, const struct revocation_block *b,
                         const struct revocation_options *options)
{
    if (a->version != b->version || memcmp(a->prev, b->prev, 32) != 0 || count(a) != count(b) ||
        (options->next_update != 0 && a->next_update != b->next_update))
        return false;
    for (size_t i = 0; i < count(a); i++) {
        static const char *const members[] = {"token", "reason", "effectiveFrom"};
        for (size_t m = 0; m < (options->effective_from != 0 ? 3 : 2); m++) {
            struct json_object *of_a = NULL;
            struct json_object *of_b = NULL;
            (void)json_object_object_get_ex(json_object_array_get_idx(a->entries, i), members[m],
                                            &of_a);
            (void)json_object_object_get_ex(json_object_array_get_idx(b->entries, i), members[m],
                                            &of_b);
            if (!json_object_equal(of_a, of_b))
                return false;
        }
    }
    return true;
}

/* A wallet that was asked to sign this list goes on with it as it was then. */
static enum galen_err take_asked(struct workflow *wf, struct revocation_block *block,
                                 const struct chain_address *gm,
                                 const struct revocation_options *options,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO message = NULL;
    RECORD_JSON_AUTO draft = NULL;
    REVOCATION_BLOCK_AUTO asked = {0};
    GALEN_TRY(
        workflow_wallet_asked(wf, &message, &draft, gm, CHAIN_TYPED_REVOCATION_LIST, NULL, info));
    if (draft == NULL)
        return GALEN_OK;
    GALEN_TRY(revocation_block_parse(&asked, draft, info));
    if (is_same_list(&asked, block, options)) {
        revocation_block_clear(block);
        *block = asked;
        asked = (struct revocation_block){0};
    }
    return GALEN_OK;
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
    GALEN_TRY(take_asked(wf, &block, gm, options, info));
    enum galen_err err = check_next(wf, &block, gm, &n_before, info);
    if (err != GALEN_OK) /* what is wrong is what was asked for */
        return err == GALEN_ERR_CHECK ? base_wrap(info, GALEN_ERR_USAGE, "not to be proposed")
                                      : err;
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(sign_list(wf, sig65, gm, &block, info));
    /* Before it leaves: what is signed may be published. */
    GALEN_TRY(keep_proposal(wf, gm, &block, sig65, info));
    GALEN_TRY(record_json_copy(&list, block.json, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PROPOSAL_TYPE, info));
    GALEN_TRY(workflow_set_object(body, "list", &list, info));
    GALEN_TRY(record_json_set_hex(body, "signature", sig65, sizeof sig65, info));
    GALEN_TRY(message_send(wf, gm, &rm, MESSAGE_REVOCATION, block.digest, body, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "version", (int64_t)block.version, info));
    GALEN_TRY(workflow_set_int(made, "entries", (int64_t)count(&block), info));
    GALEN_TRY(show_new(wf, made, &block, n_before, gm, info));
    GALEN_TRY(workflow_set_time(made, "nextUpdate", block.next_update, info));
    GALEN_TRY(workflow_set_address(made, "sentTo", &rm, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- RM: the second signature ------------------------------------------------------------------------- */

static enum galen_err check_gm(struct workflow *wf, const struct chain_address *gm,
                               const struct revocation_block *block, struct galen_errinfo *info)
{
    uint8_t digest32[32];
    bool valid = false;
    revocation_block_digest(wf, digest32, block);
    chain_verify(&valid, gm, digest32, block->gm65);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "revocation list: the Group Manager has not signed it");
    return GALEN_OK;
}

enum galen_err revocation_on_proposal(struct workflow *wf, const struct message *message,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "list", "signature", NULL};
    REVOCATION_BLOCK_AUTO block = {0};
    struct json_object *list = NULL;
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    size_t n_before = 0;
    char subject[65];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "revocation list", info));
    GALEN_TRY(record_json_check_type(message->body, PROPOSAL_TYPE, info));
    GALEN_TRY(record_json_get_object(&list, message->body, "list", RECORD_JSON_REQUIRED,
                                     "revocation list", info));
    GALEN_TRY(record_json_get_hex(sig65, sizeof sig65, message->body, "signature",
                                  RECORD_JSON_REQUIRED, "revocation list", info));
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(revocation_block_parse(&block, list, info));
    memcpy(block.gm65, sig65, sizeof sig65);
    GALEN_TRY(check_gm(wf, &message->sender, &block, info));
    GALEN_TRY(check_next(wf, &block, &message->recipient, &n_before, info));
    GALEN_TRY(keep_proposal(wf, &message->recipient, &block, sig65, info));
    base_hex_encode(subject, block.digest, 32);
    return workflow_notify(wf, &message->recipient, "revocation-list", subject, info);
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

/* The contract numbers what it is given: naming one list twice would put it under a number that is
 * not its own, and every check would fail. */
static enum galen_err nothing_under_way(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t open = 0;
    GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(db_get_int(wf->db, &open, 0, info,
                         "SELECT count(*) FROM tx WHERE operation = 'setRevocationList'"
                         " AND status IN ('signed', 'sent')"));
    if (open > 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "wait until it is mined, then run 'galen sync'",
                          "the transaction that publishes a list is still under way");
    return GALEN_OK;
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
    struct chain_address gm = {0};
    GALEN_TRY(group_need_office(wf, rm, "rm", &gm, info));
    GALEN_TRY(nothing_under_way(wf, info));
    GALEN_TRY(read_proposal(wf, &block, rm, info));
    if (block.json == NULL)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "the Group Manager sends one by 'galen group revoke', then run 'galen "
                          "sync'",
                          "no revocation list waits for the second signature");
    GALEN_TRY(revocation_list_newest(wf, &on_chain, &newest, newest_cid, info));
    bool done = newest.version == block.version && memcmp(newest.digest, block.digest, 32) == 0;
    if (!done) {
        GALEN_TRY(check_next(wf, &block, rm, &n_before, info));
        GALEN_TRY(check_gm(wf, &gm, &block, info));
    }
    GALEN_TRY(sign_list(wf, block.rm65, rm, &block, info));
    GALEN_TRY(encode_block(&text, &block, info));
    store_digest(cid, text.data, text.len);
    if (!wf->dry_run)
        GALEN_TRY(workflow_publish(wf, NULL, "revocation-list", 0, text.data, text.len, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "version", (int64_t)block.version, info));
    GALEN_TRY(workflow_set_cid(made, "cid", done ? newest_cid : cid, info));
    GALEN_TRY(workflow_set_int(made, "entries", (int64_t)count(&block), info));
    GALEN_TRY(workflow_set_time(made, "nextUpdate", block.next_update, info));
    if (done) {
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
    } else {
        GALEN_TRY(show_new(wf, made, &block, n_before, rm, info));
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
