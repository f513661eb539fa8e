/* Purchasing, step 4: what is needed to check a delivery, by the buyer and, in a dispute, by the
 * managers. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"
#include "workflow/purchasing_view.h"

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
    GALEN_TRY(workflow_check_step(checks, all, "manifest digest", err, &why,
                                  "SHA-256 is that of the event", info));
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
    struct purchasing_view_row *row = &view->rows[index];
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
    *row = (struct purchasing_view_row){.is_known = true, .ek = copy};
    memcpy(row->bundle_cid, bundle_cid32, 32);
    return GALEN_OK;
}

bool purchasing_view_awaits(const struct purchasing_buyer_view *view, size_t index)
{
    GALEN_ASSERT(index < view->entries.n);
    return view->rows[index].is_known && view->rows[index].ek == NULL &&
           view->chain.now < purchasing_keys_due(&view->chain);
}

enum galen_err purchasing_view_missing(struct workflow *wf,
                                       const struct purchasing_buyer_view *view, size_t index,
                                       struct purchasing_missing *out, struct galen_errinfo *info)
{
    const struct purchasing_view_row *row = &view->rows[index];
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
