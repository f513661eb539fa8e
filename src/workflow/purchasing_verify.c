/* Purchasing, step 4: the buyer verifies a delivery, and reads what passed. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"
#include "workflow/purchasing_view.h"

/* What is learnt while going through the entries. */
struct tally {
    struct purchasing_member *members; /* owned, their texts too */
    size_t n_members;
    /* owned: the entries that failed, by what is to be done; awaited: once their keys have come */
    uint64_t *provable, *disputable, *awaited;
    size_t n_provable, n_disputable, n_awaited;
};
static void tally_clear(struct tally *tally)
{
    free(tally->provable);
    free(tally->disputable);
    free(tally->awaited);
    for (size_t i = 0; i < tally->n_members; i++)
        free((char *)tally->members[i].class_text);
    free(tally->members);
}

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

/* Which way is right for an entry that failed: what the contract finds invalid by itself is proven,
 * anything else is for the managers, a key that is awaited once its time is over. */
static enum galen_err find_remedy(struct workflow *wf, const struct purchasing_buyer_view *view,
                                  size_t index, struct tally *tally, struct json_object *row,
                                  struct galen_errinfo *info)
{
    const char *fault = NULL;
    enum galen_err err = dispute_find_fault(wf, &fault, purchasing_view_chain(view)->id,
                                            purchasing_view_entry(view, index), info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND) /* its group key may not be at hand */
        return err;
    if (fault == NULL) {
        if (purchasing_view_awaits(view, index))
            tally->awaited[tally->n_awaited++] = index;
        else
            tally->disputable[tally->n_disputable++] = index;
        return workflow_set_text(row, "remedy", "dispute", info);
    }
    tally->provable[tally->n_provable++] = index;
    return workflow_set_text(row, "remedy", "prove-invalid", info);
}

/* Going through a delivery. */
struct going {
    struct workflow *wf;
    const struct purchasing_buyer_view *view;
    struct purchasing_run run;
    struct tally tally;
    struct json_object *list; /* borrowed */
};
static void going_clear(struct going *going)
{
    tally_clear(&going->tally);
}
#define GOING_AUTO GALEN_CLEANUP(going_clear) struct going

static enum galen_err see_entry(void *user, size_t index, struct purchasing_checked *checked,
                                struct galen_errinfo *info)
{
    struct going *going = user;
    RECORD_JSON_AUTO row = NULL;
    if (checked->class_text.len > 0)
        GALEN_TRY(count_class(&going->tally, index, (const char *)checked->class_text.data, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "index", (int64_t)index, info));
    GALEN_TRY(workflow_set_bool(row, "passed", checked->passed, info));
    if (!checked->passed)
        GALEN_TRY(find_remedy(going->wf, going->view, index, &going->tally, row, info));
    GALEN_TRY(workflow_set_object(row, "checks", &checked->checks, info));
    GALEN_TRY(workflow_push(going->list, &row, info));
    return purchasing_run_tell(&going->run, index + 1, info);
}

/* A hospital counts patients, a buyer can count entries only: its number is never the smaller. What
 * could not be read, or is not true, may be of any class. */
static enum galen_err check_k(const struct purchasing_buyer_view *view, struct tally *tally,
                              struct json_object *checks, bool *all, struct galen_errinfo *info)
{
    uint32_t claimed = purchasing_view_k(view);
    uint32_t k = purchasing_smallest_class(tally->members, tally->n_members);
    size_t unread = purchasing_view_count(view) - tally->n_members;
    char besides[48] = "";
    if (unread > 0)
        snprintf(besides, sizeof besides, " (%zu cannot be counted)", unread);
    return workflow_check(checks, all, k + unread >= claimed, "k", info,
                          "the smallest class has %u entries%s, the manifest says k = %u", k,
                          besides, claimed);
}

/* ---- what is to be done about it -------------------------------------------------------------- */

static enum galen_err keep_faults(struct workflow *wf, uint64_t request_id, const char *remedy,
                                  const uint64_t *indices, size_t n, struct galen_errinfo *info)
{
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(db_run(wf->db, info, "INSERT INTO entry_fault VALUES (?, ?, ?)",
                         DB_INT(request_id), DB_INT(indices[i]), DB_TEXT(remedy)));
    return GALEN_OK;
}

/* The verdict, which decides what finalizing may pay, and its report. */
static enum galen_err keep_verdict(struct going *going, bool whole, bool all,
                                   struct json_object *report, struct galen_errinfo *info)
{
    struct workflow *wf = going->wf;
    const struct tally *tally = &going->tally;
    uint64_t request_id = going->run.request_id;
    DB_TRANSACTION_AUTO tx = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(record_json_jcs(&text, report, info));
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info, "UPDATE request SET verified = ? WHERE id = ?", DB_INT(all),
                     DB_INT(request_id)));
    GALEN_TRY(
        db_run(wf->db, info, "DELETE FROM entry_fault WHERE request_id = ?", DB_INT(request_id)));
    if (!whole)
        GALEN_TRY(db_run(wf->db, info, "INSERT INTO entry_fault VALUES (?, -1, 'dispute')",
                         DB_INT(request_id)));
    GALEN_TRY(
        keep_faults(wf, request_id, "prove-invalid", tally->provable, tally->n_provable, info));
    GALEN_TRY(keep_faults(wf, request_id, "dispute", tally->disputable, tally->n_disputable, info));
    GALEN_TRY(keep_faults(wf, request_id, "dispute", tally->awaited, tally->n_awaited, info));
    GALEN_TRY(purchasing_run_end(&going->run, report, &text, info));
    return db_commit(&tx, info);
}

static enum galen_err add_next(struct json_object *made, const struct purchasing_onchain *chain,
                               bool whole, const struct tally *tally, struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    RECORD_JSON_AUTO next = NULL;
    char text[384];
    char which[160];
    GALEN_TRY(workflow_array(&next, info));
    if (tally->n_provable > 0) {
        dispute_index_text(which, sizeof which, tally->provable, tally->n_provable);
        snprintf(text, sizeof text,
                 "entries %s: galen request prove-invalid %llu (the contract itself sees it)",
                 which, id);
        GALEN_TRY(record_json_push(next, json_object_new_string(text), info));
    }
    if (tally->n_awaited > 0) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, purchasing_keys_due(chain));
        dispute_index_text(which, sizeof which, tally->awaited, tally->n_awaited);
        snprintf(text, sizeof text,
                 "entries %s: their keys may come until %s; then galen request verify %llu again, "
                 "and dispute what has not come",
                 which, when, id);
        GALEN_TRY(record_json_push(next, json_object_new_string(text), info));
    }
    if (tally->n_disputable > 0) {
        dispute_index_text(which, sizeof which, tally->disputable, tally->n_disputable);
        snprintf(text, sizeof text,
                 "entries %s: galen request dispute %llu --entry N... --reason TEXT (both managers "
                 "rule)",
                 which, id);
        GALEN_TRY(record_json_push(next, json_object_new_string(text), info));
    }
    if (!whole && tally->n_disputable + tally->n_awaited == 0) {
        snprintf(text, sizeof text,
                 "the delivery as a whole: galen request dispute %llu --all --reason TEXT", id);
        GALEN_TRY(record_json_push(next, json_object_new_string(text), info));
    }
    return workflow_set_object(made, "next", &next, info);
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static enum galen_err verify_all(struct going *going, struct json_object *checks, bool *whole,
                                 struct galen_errinfo *info)
{
    struct tally *tally = &going->tally;
    size_t n = purchasing_view_count(going->view);
    tally->members = calloc(n + 1, sizeof *tally->members);
    tally->provable = calloc(n + 1, sizeof *tally->provable);
    tally->disputable = calloc(n + 1, sizeof *tally->disputable);
    tally->awaited = calloc(n + 1, sizeof *tally->awaited);
    if (tally->members == NULL || tally->provable == NULL || tally->disputable == NULL ||
        tally->awaited == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(purchasing_check_entries(going->wf, going->view, 0, n, see_entry, going, info));
    if (!purchasing_view_readable(going->view))
        return GALEN_OK;
    return check_k(going->view, tally, checks, whole, info);
}

/* It takes long and only reads: others may go on meanwhile. */
static enum galen_err verify_unlocked(struct going *going, struct json_object *checks, bool *whole,
                                      struct galen_errinfo *info)
{
    struct workflow *wf = going->wf;
    const bool was_locked = wf->lock_fd >= 0;
    struct purchasing_row row;
    workflow_unlock(wf);
    enum galen_err err = verify_all(going, checks, whole, info);
    if (was_locked)
        GALEN_TRY(workflow_lock(wf, info));
    GALEN_TRY(err);
    GALEN_TRY(purchasing_read_row(wf, &row, going->run.request_id, info));
    if (!row.is_sealed || memcmp(row.manifest_cid, going->view->row.manifest_cid, 32) != 0)
        return base_fail(info, GALEN_ERR_STATE,
                         "the delivery changed on the chain while it was verified: verify again");
    return GALEN_OK;
}

static enum galen_err make_result(struct going *going, struct json_object **checks,
                                  struct json_object **list, bool whole, bool *all,
                                  struct json_object **result, struct galen_errinfo *info)
{
    const struct purchasing_buyer_view *view = going->view;
    const struct tally *tally = &going->tally;
    RECORD_JSON_AUTO made = NULL;
    char summary[96];
    size_t n = purchasing_view_count(view);
    size_t failed = tally->n_provable + tally->n_disputable + tally->n_awaited;
    *all = whole && failed == 0;
    if (purchasing_view_readable(view))
        snprintf(summary, sizeof summary, "%zu of %zu entries passed every check", n - failed, n);
    else
        snprintf(summary, sizeof summary, "the manifest cannot be used: no entry can be read");
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)view->row.id, info));
    GALEN_TRY(workflow_set_bool(made, "passed", *all, info));
    GALEN_TRY(workflow_set_object(made, "checks", checks, info));
    GALEN_TRY(workflow_set_object(made, "entries", list, info));
    GALEN_TRY(workflow_set_int(made, "failed", (int64_t)failed, info));
    GALEN_TRY(workflow_set_text(made, "summary", summary, info));
    if (!*all) {
        GALEN_TRY(add_next(made, &view->chain, whole, tally, info));
        GALEN_TRY(workflow_set_time(made, "by", view->chain.deadline, info));
    }
    GALEN_TRY(purchasing_run_describe(&going->run, &view->row, view->is_readable ? view->k : 0,
                                      made, info));
    *result = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err purchasing_verify(struct workflow *wf, uint64_t request_id, bool *passed,
                                 struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    RECORD_JSON_AUTO list = NULL;
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    GOING_AUTO going = {.wf = wf};
    bool whole = true;
    bool all = false;
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(purchasing_buyer_view_new(wf, &view, request_id, checks, &whole, info));
    going.view = view;
    going.list = list;
    GALEN_TRY(purchasing_run_begin(&going.run, wf, request_id, purchasing_view_count(view), info));
    enum galen_err err = verify_unlocked(&going, checks, &whole, info);
    if (err == GALEN_OK)
        err = make_result(&going, &checks, &list, whole, &all, &made, info);
    if (err == GALEN_OK)
        err = keep_verdict(&going, whole, all, made, info);
    if (err != GALEN_OK) {
        purchasing_run_fail(&going.run, info);
        return err;
    }
    *passed = all;
    workflow_give(result, &made);
    return GALEN_OK;
}

/* What passed, into the list. */
static enum galen_err see_values(void *user, size_t index, struct purchasing_checked *checked,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    if (!checked->passed)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "index", (int64_t)index, info));
    GALEN_TRY(workflow_set_object(row, "fields", &checked->content, info));
    return workflow_push(user, &row, info);
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
    GALEN_TRY(
        purchasing_check_entries(wf, view, 0, purchasing_view_count(view), see_values, list, info));
    workflow_give(result, &list);
    return GALEN_OK;
}
