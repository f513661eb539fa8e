/* Purchasing, step 4: the buyer verifies a delivery, and reads what passed. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* What is learnt while going through the entries. */
struct tally {
    struct purchasing_member *members; /* owned, their texts too */
    size_t n_members;
    int64_t failed;
};
static void tally_clear(struct tally *tally)
{
    for (size_t i = 0; i < tally->n_members; i++)
        free((char *)tally->members[i].class_text);
    free(tally->members);
}
#define TALLY_AUTO GALEN_CLEANUP(tally_clear) struct tally

/* Each entry counts as a person of its own: that they are different people a buyer cannot see. */
static enum galen_err count_class(struct tally *tally, size_t index, const char *class_text,
                                  struct galen_errinfo *info)
{
    struct purchasing_member *member = &tally->members[tally->n_members];
    char *copy = strdup(class_text);
    if (copy == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *member = (struct purchasing_member){.class_text = copy};
    base_put_u64be(member->person.bytes, index);
    tally->n_members++;
    return GALEN_OK;
}

static enum galen_err verify_entry(struct workflow *wf, const struct purchasing_buyer_view *view,
                                   size_t index, struct tally *tally, struct json_object *list,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO checks = NULL;
    BASE_BUF_AUTO class_text = {0};
    bool passed = true;
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(purchasing_check_entry(wf, view, index, checks, &passed, NULL, &class_text, info));
    if (class_text.len > 0)
        GALEN_TRY(count_class(tally, index, (const char *)class_text.data, info));
    tally->failed += passed ? 0 : 1;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "index", (int64_t)index, info));
    GALEN_TRY(workflow_set_bool(row, "passed", passed, info));
    GALEN_TRY(workflow_set_object(row, "checks", &checks, info));
    return workflow_push(list, &row, info);
}

/* A hospital counts patients, a buyer can count entries only: its number is never the smaller. */
static enum galen_err check_k(const struct purchasing_buyer_view *view, struct tally *tally,
                              struct json_object *checks, bool *all, struct galen_errinfo *info)
{
    uint32_t claimed = purchasing_view_k(view);
    uint32_t k = purchasing_smallest_class(tally->members, tally->n_members);
    return workflow_check(checks, all, k >= claimed, "k", info,
                          "the smallest class has %u entries, the manifest says k = %u", k,
                          claimed);
}

static enum galen_err verify_all(struct workflow *wf, const struct purchasing_buyer_view *view,
                                 struct json_object *checks, bool *all, struct json_object *list,
                                 int64_t *failed, struct galen_errinfo *info)
{
    TALLY_AUTO tally = {0};
    size_t n = purchasing_view_count(view);
    tally.members = calloc(n + 1, sizeof *tally.members);
    if (tally.members == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(verify_entry(wf, view, i, &tally, list, info));
    GALEN_TRY(check_k(view, &tally, checks, all, info));
    *failed = tally.failed;
    if (tally.failed > 0)
        *all = false;
    return GALEN_OK;
}

enum galen_err purchasing_verify(struct workflow *wf, uint64_t request_id, bool *passed,
                                 struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    RECORD_JSON_AUTO list = NULL;
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    bool all = true;
    int64_t failed = 0;
    char summary[96];
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(purchasing_buyer_view_new(wf, &view, request_id, checks, &all, info));
    size_t n = purchasing_view_count(view);
    if (purchasing_view_readable(view)) {
        GALEN_TRY(verify_all(wf, view, checks, &all, list, &failed, info));
        snprintf(summary, sizeof summary, "%zu of %zu entries passed every check",
                 n - (size_t)failed, n);
    } else {
        failed = (int64_t)n;
        snprintf(summary, sizeof summary, "the manifest cannot be used: no entry can be read");
    }
    GALEN_TRY(db_run(wf->db, info, "UPDATE request SET verified = ? WHERE id = ?", DB_INT(all),
                     DB_INT(request_id)));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_bool(made, "passed", all, info));
    GALEN_TRY(workflow_set_object(made, "checks", &checks, info));
    GALEN_TRY(workflow_set_object(made, "entries", &list, info));
    GALEN_TRY(workflow_set_int(made, "failed", failed, info));
    GALEN_TRY(workflow_set_text(made, "summary", summary, info));
    *passed = all;
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err purchasing_data(struct workflow *wf, uint64_t request_id,
                               struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO whole_checks = NULL;
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    bool whole = true;
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(workflow_array(&whole_checks, info));
    GALEN_TRY(purchasing_buyer_view_new(wf, &view, request_id, whole_checks, &whole, info));
    if (!whole) {
        base_fail(info, GALEN_ERR_CHECK, "the delivery's manifest does not pass its checks");
        (void)base_hint(info, "'galen request verify' shows them");
        return GALEN_ERR_CHECK;
    }
    for (size_t i = 0; i < purchasing_view_count(view); i++) {
        RECORD_JSON_AUTO row = NULL;
        RECORD_JSON_AUTO checks = NULL;
        RECORD_JSON_AUTO content = NULL;
        bool passed = true;
        GALEN_TRY(workflow_array(&checks, info));
        GALEN_TRY(purchasing_check_entry(wf, view, i, checks, &passed, &content, NULL, info));
        if (!passed)
            continue;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_int(row, "index", (int64_t)i, info));
        GALEN_TRY(workflow_set_object(row, "fields", &content, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
