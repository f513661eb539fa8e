/* Merkle trees as one draws them: a record's, a release's, what a buyer got of one. */
#include <string.h>

#include "workflow/purchasing_view.h"
#include "workflow/storing_internal.h"

/* The record's release with that root. */
static enum galen_err find_release(const struct storing_opened *opened,
                                   const uint8_t root32[RECORD_HASH_BYTES],
                                   struct record_tree **out, struct galen_errinfo *info)
{
    for (size_t i = 0; i < json_object_array_length(opened->releases); i++) {
        RECORD_RELEASE_AUTO release = {0};
        RECORD_TREE_AUTO tree = NULL;
        uint8_t root[RECORD_HASH_BYTES];
        GALEN_TRY(
            record_release_parse(&release, json_object_array_get_idx(opened->releases, i), info));
        GALEN_TRY(record_release_tree(&tree, &release, info));
        record_tree_root(root, tree);
        if (memcmp(root, root32, sizeof root) != 0)
            continue;
        *out = tree;
        tree = NULL;
        return GALEN_OK;
    }
    return base_fail(info, GALEN_ERR_NOT_FOUND, "the record has no such release");
}

/* What a request asks for, of the tree. */
static enum galen_err disclose_to(struct workflow *wf, struct record_disclosure *out,
                                  const struct record_tree *tree, uint64_t request_id,
                                  struct galen_errinfo *info)
{
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    const char *paths[RECORD_TEMPLATE_MAX_PATHS];
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    GALEN_TRY(purchasing_read_template(wf, &wanted, NULL, &row, &chain, info));
    return record_disclosure_make_present(out, tree, paths, record_template_paths(paths, &wanted),
                                          info);
}

enum galen_err storing_tree(struct workflow *wf, const char *reference,
                            const struct storing_tree_view *view, struct json_object **result,
                            struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO shown = {0};
    GALEN_TRY(storing_open_record(wf, reference, &opened, info));
    if (view->release_root != NULL)
        GALEN_TRY(find_release(&opened, view->release_root, &tree, info));
    else
        GALEN_TRY(record_tree_new(&tree, opened.record, opened.seed, info));
    if (view->request_id != 0)
        GALEN_TRY(disclose_to(wf, &shown, tree, view->request_id, info));
    else if (view->n_fields > 0)
        GALEN_TRY(record_disclosure_make(&shown, tree, view->fields, view->n_fields, info));
    return record_tree_picture(result, tree, shown.field_count > 0 ? &shown : NULL, info);
}

enum galen_err purchasing_tree(struct workflow *wf, uint64_t request_id, uint64_t index,
                               struct json_object **result, struct galen_errinfo *info)
{
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    PURCHASING_CHECKED_AUTO checked = {0};
    RECORD_JSON_AUTO whole_checks = NULL;
    bool whole = true;
    GALEN_TRY(workflow_array(&whole_checks, info));
    GALEN_TRY(purchasing_buyer_view_new(wf, &view, request_id, whole_checks, &whole, info));
    if (index >= purchasing_view_count(view))
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the request has no such entry");
    view->wants_tree = true;
    GALEN_TRY(purchasing_check_entry(wf, view, index, &checked, info));
    if (checked.tree == NULL) {
        base_fail(info, GALEN_ERR_CHECK, "the entry's proof does not hold, or cannot be read");
        (void)base_hint(info, "'galen request verify' shows why");
        return GALEN_ERR_CHECK;
    }
    workflow_give(result, &checked.tree);
    return GALEN_OK;
}
