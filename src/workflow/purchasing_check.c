/* Purchasing, step 4: what is needed to check a delivery, by the buyer and, in a dispute, by the
 * managers; and every check of one entry. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

/* Where an entry's values are; ek NULL: nobody has given its key. */
struct view_row {
    bool is_known;
    uint8_t bundle_cid[32];
    char *ek; /* owned */
};

struct purchasing_buyer_view {
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    struct base_secret private_jwk; /* empty: this home has it not */
    struct purchasing_entries entries;
    struct view_row *rows; /* owned; as many as entries */
    uint32_t k;            /* that the manifest claims */
    struct revocation_list revocations;
    bool is_readable; /* manifest rows and entries go together */
};

void purchasing_buyer_view_free(struct purchasing_buyer_view **view)
{
    if (*view == NULL)
        return;
    record_template_clear(&(*view)->wanted);
    base_secret_clear(&(*view)->private_jwk);
    for (size_t i = 0; (*view)->rows != NULL && i < (*view)->entries.n; i++)
        free((*view)->rows[i].ek);
    free((*view)->rows);
    purchasing_entries_clear(&(*view)->entries);
    revocation_list_clear(&(*view)->revocations);
    free(*view);
    *view = NULL;
}

bool purchasing_view_readable(const struct purchasing_buyer_view *view)
{
    return view->is_readable;
}

size_t purchasing_view_count(const struct purchasing_buyer_view *view)
{
    return view->entries.n;
}

uint32_t purchasing_view_k(const struct purchasing_buyer_view *view)
{
    return view->k;
}

const struct purchasing_onchain *purchasing_view_chain(const struct purchasing_buyer_view *view)
{
    return &view->chain;
}

const struct purchasing_entry *purchasing_view_entry(const struct purchasing_buyer_view *view,
                                                     size_t index)
{
    GALEN_ASSERT(index < view->entries.n);
    return &view->entries.items[index];
}

bool purchasing_view_has_key(const struct purchasing_buyer_view *view)
{
    return view->private_jwk.len > 0;
}

const struct record_template *purchasing_view_template(const struct purchasing_buyer_view *view)
{
    return &view->wanted;
}

/* Trouble of this machine is an error, whatever came from outside is a failed check. */
static bool is_local_trouble(enum galen_err err)
{
    return err == GALEN_ERR_DB || err == GALEN_ERR_IO || err == GALEN_ERR_NOMEM ||
           err == GALEN_ERR_PASSWORD;
}

/* A row for a step: passed with `detail`, or failed with the step's own words. */
static enum galen_err step_row(struct json_object *checks, bool *all, const char *check,
                               enum galen_err err, const struct galen_errinfo *why,
                               const char *detail, struct galen_errinfo *info)
{
    if (is_local_trouble(err))
        return base_raise(info, err, why);
    return workflow_check(checks, all, err == GALEN_OK, check, info, "%s",
                          err == GALEN_OK ? detail : why->what);
}

/* ---- the delivery as a whole -------------------------------------------------------------------- */

static enum galen_err read_buyer_key(struct workflow *wf, struct purchasing_buyer_view *view,
                                     struct galen_errinfo *info)
{
    char name[80];
    char hex[65];
    if (wf->keys == NULL)
        return base_fail(info, GALEN_ERR_PASSWORD, "reading a delivery needs the home's keys");
    GALEN_TRY(workflow_check_actor(wf, &view->row.buyer, info));
    base_hex_encode(hex, view->row.template_hash, 32);
    snprintf(name, sizeof name, WORKFLOW_KEY_BUYER "-%s", hex);
    enum galen_err err = seal_keystore_get(&view->private_jwk, wf->keys, name, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_NOT_FOUND,
                         "this home has no key of request %llu: it is another buyer's",
                         (unsigned long long)view->row.id);
    return err;
}

/* What the manifest says of each entry is taken over when it fits the delivery. */
static void take_rows(struct purchasing_buyer_view *view, struct purchasing_manifest_read *manifest)
{
    view->k = manifest->k;
    view->is_readable = manifest->n == view->entries.n;
    for (size_t i = 0; view->is_readable && i < manifest->n; i++) {
        view->rows[i].is_known = true;
        memcpy(view->rows[i].bundle_cid, manifest->rows[i].bundle_cid, 32);
        view->rows[i].ek = manifest->rows[i].ek;
        manifest->rows[i].ek = NULL;
    }
}

/* NOT_FOUND while its blocks are not at hand, without a row. */
static enum galen_err check_manifest(struct workflow *wf, struct purchasing_buyer_view *view,
                                     struct json_object *checks, bool *all,
                                     struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    enum galen_err err = purchasing_read_manifest(wf, &manifest, view->row.id,
                                                  view->row.manifest_cid, &why);
    if (err == GALEN_ERR_NOT_FOUND) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, view->chain.deadline);
        base_fail(info, GALEN_ERR_NOT_FOUND, "the manifest of request %llu is not at hand",
                  (unsigned long long)view->row.id);
        (void)base_hint(info,
                        "ask the hospital to run 'galen request deliver' again; if it does not, "
                        "'galen request dispute %llu --all' before %s, when silence pays",
                        (unsigned long long)view->row.id, when);
        return GALEN_ERR_NOT_FOUND;
    }
    GALEN_TRY(
        step_row(checks, all, "manifest digest", err, &why, "SHA-256 is that of the event", info));
    if (err != GALEN_OK)
        return GALEN_OK;
    bool same_request = manifest.request_id == view->row.id;
    bool same_template = memcmp(manifest.template_hash, view->row.template_hash, 32) == 0;
    bool same_count = manifest.n == view->entries.n;
    GALEN_TRY(workflow_check(checks, all, same_request, "request", info, "manifest of request %llu",
                             (unsigned long long)manifest.request_id));
    GALEN_TRY(workflow_check(checks, all, same_template, "template", info,
                             same_template ? "templateHash is the one asked for"
                                           : "the manifest names another template"));
    GALEN_TRY(workflow_check(checks, all, same_count, "count", info,
                             "%zu in the manifest, %zu delivered", manifest.n, view->entries.n));
    take_rows(view, &manifest);
    return GALEN_OK;
}

/* Keys that came from the patients themselves. */
static enum galen_err take_late_keys(struct workflow *wf, struct purchasing_buyer_view *view,
                                     struct galen_errinfo *info)
{
    for (uint64_t from = 0;; from++) {
        PURCHASING_LATE_KEY_AUTO key = {.index = from};
        bool found = false;
        GALEN_TRY(purchasing_next_late_key(wf, &key, &found, view->row.id, info));
        if (!found || key.index >= view->entries.n)
            return GALEN_OK;
        GALEN_TRY(purchasing_view_offer(view, key.index, key.bundle_cid, key.ek, info));
        from = key.index;
    }
}

static enum galen_err view_read(struct workflow *wf, struct purchasing_buyer_view *view,
                                uint64_t request_id, struct galen_errinfo *info)
{
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(purchasing_read_row(wf, &view->row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &view->chain, request_id, info));
    if (view->chain.state != PURCHASING_DELIVERED && view->chain.state != PURCHASING_FINALIZED) {
        base_fail(info, GALEN_ERR_STATE, "request %llu is %s: there is nothing to read yet",
                  (unsigned long long)request_id, purchasing_state_name(view->chain.state, -1));
        return GALEN_ERR_STATE;
    }
    GALEN_TRY(purchasing_load_entries(wf, &view->entries, &view->chain, info));
    if (!view->row.is_sealed) {
        GALEN_TRY(workflow_sync(wf, NULL, info));
        GALEN_TRY(purchasing_read_row(wf, &view->row, request_id, info));
    }
    if (!view->row.is_sealed)
        return base_fail(info, GALEN_ERR_STATE, "the sealed delivery's event has not come yet");
    view->rows = calloc(view->entries.n + 1, sizeof *view->rows);
    if (view->rows == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(purchasing_read_template(wf, &view->wanted, NULL, &view->row, &view->chain, info));
    /* What counts is the list at Delivered: who is revoked later does not undo a sale. */
    int64_t delivered_at = 0;
    GALEN_TRY(db_get_int(wf->db, &delivered_at, 0, info,
                         "SELECT coalesce(delivered_at, 0) FROM request WHERE id = ?",
                         DB_INT(request_id)));
    return revocation_list_load(wf, &view->revocations, delivered_at, info);
}

enum galen_err purchasing_buyer_view_new(struct workflow *wf, struct purchasing_buyer_view **out,
                                         uint64_t request_id, struct json_object *checks, bool *all,
                                         struct galen_errinfo *info)
{
    PURCHASING_BUYER_VIEW_AUTO view = calloc(1, sizeof *view);
    if (view == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(view_read(wf, view, request_id, info));
    GALEN_TRY(read_buyer_key(wf, view, info));
    GALEN_TRY(check_manifest(wf, view, checks, all, info));
    GALEN_TRY(take_late_keys(wf, view, info));
    *out = view;
    view = NULL;
    return GALEN_OK;
}

enum galen_err purchasing_judge_view_new(struct workflow *wf, struct purchasing_buyer_view **out,
                                         uint64_t request_id, struct json_object *checks, bool *all,
                                         struct galen_errinfo *info)
{
    PURCHASING_BUYER_VIEW_AUTO view = calloc(1, sizeof *view);
    struct galen_errinfo why = {0};
    if (view == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(view_read(wf, view, request_id, info));
    enum galen_err err = dispute_load_key(wf, &view->private_jwk, view->row.template_hash, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    err = check_manifest(wf, view, checks, all, &why);
    if (err == GALEN_ERR_NOT_FOUND)
        GALEN_TRY(workflow_check(checks, all, false, "manifest digest", info, "%s", why.what));
    else if (err != GALEN_OK)
        return base_raise(info, err, &why);
    GALEN_TRY(take_late_keys(wf, view, info));
    *out = view;
    view = NULL;
    return GALEN_OK;
}

/* The one of two that the entry's bundleDigest names; the manifest's when neither or both. */
enum galen_err purchasing_view_offer(struct purchasing_buyer_view *view, size_t index,
                                     const uint8_t bundle_cid32[32], const char *ek,
                                     struct galen_errinfo *info)
{
    struct view_row *row = &view->rows[index];
    uint8_t digest[32];
    GALEN_ASSERT(index < view->entries.n);
    if (row->is_known) {
        if (ek == NULL)
            return GALEN_OK;
        GALEN_TRY(purchasing_bundle_digest(digest, bundle_cid32, ek, info));
        if (memcmp(digest, view->entries.items[index].bundle_digest, 32) != 0)
            return GALEN_OK;
    }
    char *copy = ek != NULL ? strdup(ek) : NULL;
    if (ek != NULL && copy == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    free(row->ek);
    *row = (struct view_row){.is_known = true, .ek = copy};
    memcpy(row->bundle_cid, bundle_cid32, 32);
    return GALEN_OK;
}

enum galen_err purchasing_view_missing(struct workflow *wf,
                                       const struct purchasing_buyer_view *view, size_t index,
                                       struct purchasing_missing *out, struct galen_errinfo *info)
{
    const struct view_row *row = &view->rows[index];
    bool there = false;
    GALEN_ASSERT(index < view->entries.n);
    if (row->is_known)
        GALEN_TRY(store_has(&there, wf->store, row->bundle_cid, info));
    *out = (struct purchasing_missing){
        .manifest = !view->is_readable,
        .bundle = !there,
        .ek = row->ek == NULL,
    };
    return GALEN_OK;
}

/* ---- one entry: the bundle ---------------------------------------------------------------------------- */

static enum galen_err open_bundle(struct workflow *wf, const struct purchasing_buyer_view *view,
                                  const struct view_row *row, struct json_object **bundle,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO key_context = {0};
    BASE_BUF_AUTO text = {0};
    BASE_SECRET_AUTO key = {0};
    if (view->private_jwk.len == 0)
        return base_fail(info, GALEN_ERR_UNSUPPORTED, "the template's private key is not here");
    GALEN_TRY(workflow_block_of_request(wf, &block, row->bundle_cid, view->row.id, info));
    GALEN_TRY(purchasing_key_context(&key_context, view->row.id, row->bundle_cid, info));
    GALEN_TRY(seal_unwrap_key(&key, (struct base_view){(const uint8_t *)row->ek, strlen(row->ek)},
                              &view->private_jwk, (const char *)key_context.data, info));
    GALEN_TRY(purchasing_bundle_context(&context, view->row.id, view->row.template_hash, info));
    GALEN_TRY(seal_open_object(&text, (struct base_view){block.data, block.len}, key.data,
                               (const char *)context.data, info));
    return record_json_parse(bundle, (char *)text.data, text.len, SEAL_OBJECT_MAX, info);
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
                                   struct json_object *checks, bool *all,
                                   struct json_object **content, struct base_buf *class_text,
                                   struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    RECORD_JSON_AUTO values = NULL;
    bool valid = false;
    bool complete = false;
    enum galen_err err = record_disclosure_verify(&valid, disclosure, RECORD_ORDER_HASH, &why);
    if (err == GALEN_OK && !valid)
        err = GALEN_ERR_CHECK;
    GALEN_TRY(
        step_row(checks, all, "disclosure", err, &why, "every value belongs to releaseRoot", info));
    why = (struct galen_errinfo){0};
    err = record_disclosure_content(&values, disclosure, &why);
    if (err == GALEN_OK)
        err = record_template_check(&complete, &view->wanted, disclosure,
                                    purchasing_request_year(&view->row), &why);
    if (err == GALEN_OK && !complete)
        err = GALEN_ERR_CHECK;
    GALEN_TRY(step_row(checks, all, "template", err, &why,
                       "fits the template, and nothing asked for is left out", info));
    if (values == NULL)
        return GALEN_OK;
    if (class_text != NULL && valid && complete) /* what is made up makes nobody's class smaller */
        GALEN_TRY(purchasing_class_text(class_text, &view->wanted, values, info));
    if (content != NULL) {
        record_json_put(content);
        *content = values;
        values = NULL;
    }
    return GALEN_OK;
}

static enum galen_err check_bundle(struct workflow *wf, const struct purchasing_buyer_view *view,
                                   size_t index, struct json_object *checks, bool *all,
                                   struct json_object **content, struct base_buf *class_text,
                                   struct galen_errinfo *info)
{
    const struct purchasing_entry *entry = &view->entries.items[index];
    const struct view_row *row = &view->rows[index];
    RECORD_JSON_AUTO bundle = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    struct galen_errinfo why = {0};
    uint8_t digest[32];
    if (!row->is_known)
        return workflow_check(checks, all, false, "bundle", info,
                              "no manifest says where it is or gives its key");
    if (row->ek != NULL) {
        GALEN_TRY(purchasing_bundle_digest(digest, row->bundle_cid, row->ek, info));
        bool same = memcmp(digest, entry->bundle_digest, 32) == 0;
        GALEN_TRY(workflow_check(checks, all, same, "bundle digest", info,
                                 same ? "ciphertext and key are those of the entry"
                                      : "ciphertext or key is not the one of the entry"));
    }
    if (row->ek == NULL) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, purchasing_keys_due(&view->chain));
        return workflow_check(checks, all, false, "key", info,
                              "the patient keeps it until it has seen the delivery, and must send "
                              "it by %s: it has not come",
                              when);
    }
    enum galen_err err = open_bundle(wf, view, row, &bundle, &why);
    GALEN_TRY(step_row(checks, all, "decryption", err, &why, "authentic, and made for this request",
                       info));
    if (err != GALEN_OK)
        return GALEN_OK;
    err = read_bundle(view, entry, bundle, &disclosure, &why);
    GALEN_TRY(step_row(checks, all, "bundle", err, &why, "of this request and this release", info));
    if (err != GALEN_OK)
        return GALEN_OK;
    return check_values(view, &disclosure, checks, all, content, class_text, info);
}

/* ---- one entry: what is on the chain ---------------------------------------------------------------- */

static enum galen_err check_signature(struct workflow *wf, const struct purchasing_buyer_view *view,
                                      const struct purchasing_entry *entry,
                                      struct json_object *checks, bool *all,
                                      struct galen_errinfo *info)
{
    struct groupsig_verified verified;
    uint8_t msg32[32];
    bool valid = false;
    GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                                   entry->release_root, entry->release_addr.bytes, info));
    GALEN_TRY(workflow_check_signature(wf, checks, all, &valid, &verified, entry->key_version,
                                       entry->sig, msg32, info));
    return revocation_list_check(&view->revocations, checks, all, valid ? &verified : NULL, 0,
                                 info);
}

/* Earlier deliveries of this release count only with its owner's own consent: anybody could have
 * copied the rest into a request of theirs. */
static enum galen_err check_freshness(struct workflow *wf, const struct purchasing_buyer_view *view,
                                      const struct purchasing_entry *entry,
                                      struct json_object *checks, bool *all,
                                      struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    int64_t sold_in = 0;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT request_id, release_addr, payout, bundle_digest, min_payout_wei,"
                       " consent FROM entry WHERE release_root = ? AND request_id <> ?"
                       " AND block_number <= ? ORDER BY request_id",
                       DB_BLOB(entry->release_root, 32), DB_INT(view->row.id),
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
        purchasing_consent_valid(wf, &valid, (uint64_t)db_int(&rows, 0), &earlier);
        if (valid)
            sold_in = db_int(&rows, 0);
    }
    if (sold_in == 0)
        return workflow_check(checks, all, true, "freshness", info,
                              "this release was in no earlier delivery");
    return workflow_check(checks, all, false, "freshness", info,
                          "this release was sold before, in request %lld", (long long)sold_in);
}

static enum galen_err check_payout(const struct workflow *wf,
                                   const struct purchasing_buyer_view *view, size_t index,
                                   struct json_object *checks, bool *all,
                                   struct galen_errinfo *info)
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
    return workflow_check(checks, all, is_account && is_enough, "payout", info,
                          is_enough ? "%s wei to %s" : "%s wei to %s, less than was agreed to",
                          part_text, payout_text);
}

enum galen_err purchasing_check_entry(struct workflow *wf, const struct purchasing_buyer_view *view,
                                      size_t index, struct json_object *checks, bool *all,
                                      struct json_object **content, struct base_buf *class_text,
                                      struct galen_errinfo *info)
{
    GALEN_ASSERT(index < view->entries.n);
    const struct purchasing_entry *entry = &view->entries.items[index];
    bool consented = false;
    GALEN_TRY(check_bundle(wf, view, index, checks, all, content, class_text, info));
    GALEN_TRY(check_signature(wf, view, entry, checks, all, info));
    purchasing_consent_valid(wf, &consented, view->row.id, entry);
    GALEN_TRY(workflow_check(checks, all, consented, "consent", info,
                             consented ? "signed by releaseAddr for exactly this entry"
                                       : "not releaseAddr's signature for this entry"));
    GALEN_TRY(check_freshness(wf, view, entry, checks, all, info));
    return check_payout(wf, view, index, checks, all, info);
}
