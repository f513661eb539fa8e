/*
 * Purchasing, step 4: every check of delivered entries, on all cores. What database and store are
 * asked for is asked on the caller's thread, some entries ahead; group signatures are verified as
 * one batch; the rest of an entry (keys, decryption, proofs, template, list, consent) is a piece of
 * work for any thread.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"
#include "workflow/purchasing_view.h"

/* What is fetched at once: few enough to hold, also when somebody delivers the largest blocks. */
#define AHEAD       128
#define AHEAD_BYTES ((size_t)16 << 20)

void purchasing_checked_clear(struct purchasing_checked *checked)
{
    record_json_put(&checked->checks);
    record_json_put(&checked->content);
    record_json_put(&checked->tree);
    base_buf_clear(&checked->class_text);
}

/* An entry's group signature. */
struct signature {
    const struct workflow_signature_key *key; /* borrowed from the run */
    uint8_t msg32[32];
    struct groupsig_verified verified;
    bool holds;
};

/* What has been fetched for an entry, and what came of it. */
struct piece {
    size_t index;
    struct base_buf block; /* owned */
    enum galen_err fetched;
    struct galen_errinfo why;
    int64_t sold_in; /* the request that sold this release before; 0: none */
    struct purchasing_checked out;
    enum galen_err err;
    struct galen_errinfo info;
};

struct run {
    struct workflow *wf; /* pieces read its domain only */
    const struct purchasing_buyer_view *view;
    size_t first, n;
    struct workflow_signature_key *keys; /* owned; one for each version among the entries */
    size_t n_keys;
    struct signature *signatures; /* owned; n */
    struct piece *pieces;         /* owned; AHEAD */
};
static void run_clear(struct run *run)
{
    for (size_t i = 0; run->pieces != NULL && i < AHEAD; i++) {
        base_buf_clear(&run->pieces[i].block);
        purchasing_checked_clear(&run->pieces[i].out);
    }
    free(run->pieces);
    free(run->signatures);
    free(run->keys);
}
#define RUN_AUTO GALEN_CLEANUP(run_clear) struct run

/* ---- group signatures --------------------------------------------------------------------------- */

/* The version's key, looked up once. keys has room for all. */
static enum galen_err find_key(struct run *run, const struct workflow_signature_key **out,
                               uint32_t version, struct galen_errinfo *info)
{
    size_t i = 0;
    while (i < run->n_keys && run->keys[i].version != version)
        i++;
    if (i == run->n_keys) {
        GALEN_TRY(workflow_signature_key_load(run->wf, &run->keys[i], version, info));
        run->n_keys++;
    }
    *out = &run->keys[i];
    return GALEN_OK;
}

/* All that were made under one key. */
static enum galen_err verify_under(struct run *run, const struct workflow_signature_key *key,
                                   struct groupsig_batch_item *items, struct galen_errinfo *info)
{
    size_t n = 0;
    for (size_t i = 0; i < run->n; i++)
        if (run->signatures[i].key == key)
            items[n++] = (struct groupsig_batch_item){
                .bytes = run->view->entries.items[run->first + i].sig,
                .len = GROUPSIG_SIGNATURE_BYTES,
                .msg32 = run->signatures[i].msg32,
                .verified = &run->signatures[i].verified,
            };
    enum groupsig_status status = groupsig_verify_batch(key->key, items, n, base_cores(),
                                                        &workflow_rng);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "group signatures", info);
    n = 0;
    for (size_t i = 0; i < run->n; i++)
        if (run->signatures[i].key == key)
            run->signatures[i].holds = items[n++].valid;
    return GALEN_OK;
}

static enum galen_err verify_signatures(struct run *run, struct galen_errinfo *info)
{
    const struct workflow *wf = run->wf;
    for (size_t i = 0; i < run->n; i++) {
        const struct purchasing_entry *entry = &run->view->entries.items[run->first + i];
        struct signature *signature = &run->signatures[i];
        GALEN_TRY(find_key(run, &signature->key, entry->key_version, info));
        GALEN_TRY(record_release_msg32(signature->msg32, wf->domain.chain_id,
                                       wf->domain.contract.bytes, entry->release_root,
                                       entry->release_addr.bytes, info));
    }
    struct groupsig_batch_item *items = calloc(run->n, sizeof *items);
    if (items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    enum galen_err err = GALEN_OK;
    for (size_t k = 0; err == GALEN_OK && k < run->n_keys; k++)
        if (run->keys[k].key != NULL)
            err = verify_under(run, &run->keys[k], items, info);
    free(items);
    return err;
}

/* ---- what is fetched ------------------------------------------------------------------------------- */

/* Earlier deliveries of this release count only with its owner's own consent: anybody could have
 * copied the rest into a request of theirs. */
static enum galen_err find_earlier_sale(const struct run *run, const struct purchasing_entry *entry,
                                        int64_t *sold_in, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    *sold_in = 0;
    GALEN_TRY(db_query(&rows, run->wf->db, info,
                       "SELECT request_id, release_addr, payout, bundle_digest, min_payout_wei,"
                       " consent FROM entry WHERE release_root = ? AND request_id <> ?"
                       " AND block_number <= ? ORDER BY request_id",
                       DB_BLOB(entry->release_root, 32), DB_INT(run->view->row.id),
                       DB_INT(entry->block_number)));
    for (;;) {
        bool found = false;
        bool valid = false;
        struct purchasing_entry earlier = {0};
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        memcpy(earlier.release_root, entry->release_root, 32);
        GALEN_TRY(db_bytes(&rows, 1, earlier.release_addr.bytes, 20, info));
        GALEN_TRY(db_bytes(&rows, 2, earlier.payout.bytes, 20, info));
        GALEN_TRY(db_bytes(&rows, 3, earlier.bundle_digest, 32, info));
        GALEN_TRY(chain_u256_parse(&earlier.min_payout, db_text(&rows, 4), info));
        GALEN_TRY(db_bytes(&rows, 5, earlier.consent, sizeof earlier.consent, info));
        /* An earlier sale is one that the same releaseAddr agreed to. */
        if (!chain_address_equal(&earlier.release_addr, &entry->release_addr))
            continue;
        purchasing_consent_valid(run->wf, &valid, (uint64_t)db_int(&rows, 0), &earlier);
        if (valid)
            *sold_in = db_int(&rows, 0);
    }
    return GALEN_OK;
}

static enum galen_err fetch(const struct run *run, struct piece *piece, struct galen_errinfo *info)
{
    const struct purchasing_buyer_view *view = run->view;
    const struct purchasing_view_row *row = &view->rows[piece->index];
    base_buf_clear(&piece->block);
    piece->why = (struct galen_errinfo){0};
    if (row->is_known && row->ek != NULL && view->private_jwk.len > 0)
        piece->fetched = workflow_block_of_request(run->wf, &piece->block, row->bundle_cid,
                                                   view->row.id, &piece->why);
    return find_earlier_sale(run, &view->entries.items[piece->index], &piece->sold_in, info);
}

/* ---- one entry: the bundle ------------------------------------------------------------------------ */

/* Its context is the one of this request. */
static enum galen_err check_context(const struct purchasing_buyer_view *view,
                                    struct json_object *bundle, struct galen_errinfo *info)
{
    BASE_BUF_AUTO wanted = {0};
    BASE_BUF_AUTO text = {0};
    struct json_object *context = NULL;
    GALEN_TRY(purchasing_bundle_context(&wanted, view->row.id, view->row.template_hash, info));
    if (json_object_object_get_ex(bundle, "context", &context) &&
        json_object_is_type(context, json_type_object))
        GALEN_TRY(record_json_jcs(&text, context, info));
    if (text.len == wanted.len && memcmp(text.data, wanted.data, wanted.len) == 0)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_CHECK, "it was sealed for another purpose or person");
}

static enum galen_err open_bundle(const struct run *run, const struct piece *piece,
                                  struct json_object **bundle, struct galen_errinfo *info)
{
    const struct purchasing_buyer_view *view = run->view;
    const struct purchasing_view_row *row = &view->rows[piece->index];
    BASE_BUF_AUTO key_context = {0};
    BASE_BUF_AUTO text = {0};
    BASE_SECRET_AUTO key = {0};
    RECORD_JSON_AUTO read = NULL;
    if (view->private_jwk.len == 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the template's private key is not here");
    if (piece->fetched != GALEN_OK)
        return base_raise(info, piece->fetched, &piece->why);
    GALEN_TRY(purchasing_key_context(&key_context, view->row.id, row->bundle_cid, info));
    GALEN_TRY(seal_unwrap_key(&key, (struct base_view){(const uint8_t *)row->ek, strlen(row->ek)},
                              &view->private_jwk, (const char *)key_context.data, info));
    /* The context is looked at here: seal would parse all of it once more. */
    GALEN_TRY(seal_open_object(&text, (struct base_view){piece->block.data, piece->block.len},
                               key.data, NULL, info));
    GALEN_TRY(record_json_parse(&read, (char *)text.data, text.len, SEAL_OBJECT_MAX, info));
    GALEN_TRY(check_context(view, read, info));
    *bundle = read;
    read = NULL;
    return GALEN_OK;
}

/* requestId, the disclosure's root, and the signature: the same as on the chain. */
static enum galen_err read_bundle(const struct purchasing_buyer_view *view,
                                  const struct purchasing_entry *entry, struct json_object *bundle,
                                  struct record_disclosure *disclosure, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "context", "requestId", "disclosure", "sig", NULL};
    RECORD_DISCLOSURE_AUTO read = {0};
    struct json_object *proof = NULL;
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    int64_t id = 0;
    GALEN_TRY(record_json_check_keys(bundle, keys, NULL, "bundle", info));
    GALEN_TRY(record_json_check_type(bundle, PURCHASING_BUNDLE_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, bundle, "requestId", RECORD_JSON_REQUIRED, 1, INT64_MAX,
                                  "bundle", info));
    GALEN_TRY(
        record_json_get_object(&proof, bundle, "disclosure", RECORD_JSON_REQUIRED, "bundle", info));
    GALEN_TRY(
        record_json_get_hex(sig, sizeof sig, bundle, "sig", RECORD_JSON_REQUIRED, "bundle", info));
    GALEN_TRY(record_disclosure_parse(&read, proof, info));
    if ((uint64_t)id != view->row.id)
        return base_fail(info, GALEN_ERR_CHECK, "the bundle was made for another request");
    if (memcmp(read.root, entry->release_root, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the bundle is of another release");
    if (memcmp(sig, entry->sig, sizeof sig) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the bundle's signature is not the one delivered");
    *disclosure = read;
    read = (struct record_disclosure){0};
    return GALEN_OK;
}

/* Proof, template, completeness; the values come out whatever the verdict. */
static enum galen_err check_values(const struct purchasing_buyer_view *view,
                                   const struct record_disclosure *disclosure,
                                   struct purchasing_checked *out, struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    RECORD_JSON_AUTO values = NULL;
    bool valid = false;
    bool complete = false;
    enum galen_err err = record_disclosure_verify(&valid, disclosure, RECORD_ORDER_HASH, &why);
    if (err == GALEN_OK && !valid)
        err = GALEN_ERR_CHECK;
    GALEN_TRY(workflow_check_step(out->checks, &out->passed, "disclosure", err, &why,
                                  "every value belongs to releaseRoot", info));
    if (valid && view->wants_tree)
        GALEN_TRY(record_disclosure_picture(&out->tree, disclosure, info));
    why = (struct galen_errinfo){0};
    err = record_disclosure_content(&values, disclosure, &why);
    if (err == GALEN_OK)
        err = record_template_check(&complete, &view->wanted, disclosure,
                                    purchasing_request_year(&view->row), &why);
    if (err == GALEN_OK && !complete)
        err = GALEN_ERR_CHECK;
    GALEN_TRY(workflow_check_step(out->checks, &out->passed, "template", err, &why,
                                  "fits the template, and nothing asked for is left out", info));
    if (valid && complete) /* what is made up makes nobody's class smaller */
        GALEN_TRY(purchasing_class_text(&out->class_text, &view->wanted, values, info));
    out->content = values;
    values = NULL;
    return GALEN_OK;
}

static enum galen_err check_bundle(const struct run *run, struct piece *piece,
                                   struct galen_errinfo *info)
{
    const struct purchasing_buyer_view *view = run->view;
    const struct purchasing_entry *entry = &view->entries.items[piece->index];
    const struct purchasing_view_row *row = &view->rows[piece->index];
    struct purchasing_checked *out = &piece->out;
    RECORD_JSON_AUTO bundle = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    struct galen_errinfo why = {0};
    uint8_t digest[32];
    if (!row->is_known)
        return workflow_check(out->checks, &out->passed, false, "bundle", info,
                              "no manifest says where it is or gives its key");
    if (row->ek == NULL) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, purchasing_keys_due(&view->chain));
        return workflow_check(out->checks, &out->passed, false, "key", info,
                              "the patient keeps it until it has seen the delivery, and must send "
                              "it by %s: it has not come",
                              when);
    }
    GALEN_TRY(purchasing_bundle_digest(digest, row->bundle_cid, row->ek, info));
    bool same = memcmp(digest, entry->bundle_digest, 32) == 0;
    GALEN_TRY(workflow_check(out->checks, &out->passed, same, "bundle digest", info,
                             same ? "ciphertext and key are those of the entry"
                                  : "ciphertext or key is not the one of the entry"));
    enum galen_err err = open_bundle(run, piece, &bundle, &why);
    GALEN_TRY(workflow_check_step(out->checks, &out->passed, "decryption", err, &why,
                                  "authentic, and made for this request", info));
    if (err != GALEN_OK)
        return GALEN_OK;
    err = read_bundle(view, entry, bundle, &disclosure, &why);
    GALEN_TRY(workflow_check_step(out->checks, &out->passed, "bundle", err, &why,
                                  "of this request and this release", info));
    if (err != GALEN_OK)
        return GALEN_OK;
    return check_values(view, &disclosure, out, info);
}

/* ---- one entry: what is on the chain -------------------------------------------------------------- */

static enum galen_err check_signature(const struct run *run, struct piece *piece,
                                      struct galen_errinfo *info)
{
    const struct signature *signature = &run->signatures[piece->index - run->first];
    struct purchasing_checked *out = &piece->out;
    bool counts = workflow_signature_counts(signature->key, signature->holds);
    GALEN_TRY(
        workflow_signature_row(signature->key, signature->holds, out->checks, &out->passed, info));
    return revocation_list_check(&run->view->revocations, out->checks, &out->passed,
                                 counts ? &signature->verified : NULL, 0, info);
}

static enum galen_err check_freshness(struct piece *piece, struct galen_errinfo *info)
{
    struct purchasing_checked *out = &piece->out;
    if (piece->sold_in == 0)
        return workflow_check(out->checks, &out->passed, true, "freshness", info,
                              "this release was in no earlier delivery");
    return workflow_check(out->checks, &out->passed, false, "freshness", info,
                          "this release was sold before, in request %lld",
                          (long long)piece->sold_in);
}

static enum galen_err check_payout(const struct workflow *wf,
                                   const struct purchasing_buyer_view *view, size_t index,
                                   struct purchasing_checked *out, struct galen_errinfo *info)
{
    const struct purchasing_entry *entry = &view->entries.items[index];
    struct chain_u256 part = purchasing_part(&view->chain.escrow, view->chain.count);
    char part_text[CHAIN_U256_DECIMAL];
    char payout_text[CHAIN_ADDRESS_TEXT];
    bool is_account = !chain_address_is_zero(&entry->payout) &&
                      !chain_address_equal(&entry->payout, &wf->domain.contract);
    bool is_enough = chain_u256_compare(&part, &entry->min_payout) >= 0;
    chain_u256_format(part_text, &part);
    chain_address_format(payout_text, &entry->payout);
    return workflow_check(out->checks, &out->passed, is_account && is_enough, "payout", info,
                          is_enough ? "%s wei to %s" : "%s wei to %s, less than was agreed to",
                          part_text, payout_text);
}

static enum galen_err check_piece(const struct run *run, struct piece *piece,
                                  struct galen_errinfo *info)
{
    const struct purchasing_buyer_view *view = run->view;
    struct purchasing_checked *out = &piece->out;
    bool consented = false;
    GALEN_TRY(workflow_array(&out->checks, info));
    GALEN_TRY(check_bundle(run, piece, info));
    GALEN_TRY(check_signature(run, piece, info));
    purchasing_consent_valid(run->wf, &consented, view->row.id, &view->entries.items[piece->index]);
    GALEN_TRY(workflow_check(out->checks, &out->passed, consented, "consent", info,
                             consented ? "signed by releaseAddr for exactly this entry"
                                       : "not releaseAddr's signature for this entry"));
    GALEN_TRY(check_freshness(piece, info));
    return check_payout(run->wf, view, piece->index, out, info);
}

static void work(void *user, size_t i)
{
    struct run *run = user;
    struct piece *piece = &run->pieces[i];
    piece->err = check_piece(run, piece, &piece->info);
}

/* ---- all of them ----------------------------------------------------------------------------------- */

/* The next entries, up to AHEAD or AHEAD_BYTES; how many they were in *n. */
static enum galen_err check_some(struct run *run, size_t from, size_t *n, purchasing_seen *seen,
                                 void *user, struct galen_errinfo *info)
{
    size_t bytes = 0;
    size_t got = 0;
    for (; got < AHEAD && bytes < AHEAD_BYTES && from + got < run->first + run->n; got++) {
        struct piece *piece = &run->pieces[got];
        piece->index = from + got;
        piece->out = (struct purchasing_checked){.passed = true};
        GALEN_TRY(fetch(run, piece, info));
        bytes += piece->block.len;
    }
    base_parallel(base_cores(), got, work, run);
    for (size_t i = 0; i < got; i++) {
        struct piece *piece = &run->pieces[i];
        if (piece->err != GALEN_OK)
            return base_raise(info, piece->err, &piece->info);
        GALEN_TRY(seen(user, piece->index, &piece->out, info));
        purchasing_checked_clear(&piece->out);
    }
    *n = got;
    return GALEN_OK;
}

enum galen_err purchasing_check_entries(struct workflow *wf,
                                        const struct purchasing_buyer_view *view, size_t first,
                                        size_t n, purchasing_seen *seen, void *user,
                                        struct galen_errinfo *info)
{
    RUN_AUTO run = {.wf = wf, .view = view, .first = first, .n = n};
    GALEN_ASSERT(first <= view->entries.n && n <= view->entries.n - first);
    if (n == 0)
        return GALEN_OK;
    run.keys = calloc(n, sizeof *run.keys);
    run.signatures = calloc(n, sizeof *run.signatures);
    run.pieces = calloc(AHEAD, sizeof *run.pieces);
    if (run.keys == NULL || run.signatures == NULL || run.pieces == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(verify_signatures(&run, info));
    for (size_t done = 0, some = 0; done < n; done += some)
        GALEN_TRY(check_some(&run, first + done, &some, seen, user, info));
    return GALEN_OK;
}

/* The one entry's result is handed on whole. */
static enum galen_err take(void *user, size_t index, struct purchasing_checked *checked,
                           struct galen_errinfo *info)
{
    struct purchasing_checked *out = user;
    *out = *checked;
    *checked = (struct purchasing_checked){0};
    return GALEN_OK;
}

enum galen_err purchasing_check_entry(struct workflow *wf, const struct purchasing_buyer_view *view,
                                      size_t index, struct purchasing_checked *out,
                                      struct galen_errinfo *info)
{
    return purchasing_check_entries(wf, view, index, 1, take, out, info);
}
