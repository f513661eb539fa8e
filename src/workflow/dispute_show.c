/* What there is to decide, and everything a manager needs to decide it. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

int64_t dispute_evidence_by(const struct purchasing_onchain *chain)
{
    return chain->deadline + (chain->rule_by - chain->deadline) / 2;
}

/* ---- the list -------------------------------------------------------------------------------------- */

/* The offices that this home's identities hold. */
struct offices {
    bool gm, rm;
};

static enum galen_err find_offices(struct workflow *wf, struct offices *out,
                                   struct galen_errinfo *info)
{
    struct chain_address gm, rm;
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    GALEN_TRY(workflow_is_own(wf, &out->gm, NULL, &gm, info));
    return workflow_is_own(wf, &out->rm, NULL, &rm, info);
}

/* Entries in dispute, and on how many of them an office has not voted. */
static enum galen_err count_votes(struct workflow *wf, uint64_t request_id, int64_t *disputed,
                                  int64_t *gm_open, int64_t *rm_open, int64_t *with_evidence,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT count(*), coalesce(sum(gm_vote = 0), 0),"
                       " coalesce(sum(rm_vote = 0), 0), coalesce(sum(EXISTS (SELECT 1"
                       " FROM dispute_evidence d WHERE d.request_id = entry.request_id"
                       " AND d.position = entry.position)), 0)"
                       " FROM entry WHERE request_id = ? AND status = 2",
                       DB_INT(request_id)));
    GALEN_TRY(db_next(&rows, &found, info));
    *disputed = db_int(&rows, 0);
    *gm_open = db_int(&rows, 1);
    *rm_open = db_int(&rows, 2);
    *with_evidence = db_int(&rows, 3);
    return GALEN_OK;
}

static enum galen_err count_unclaimed(struct workflow *wf, const struct purchasing_onchain *chain,
                                      int64_t *count, struct galen_errinfo *info)
{
    DISPUTE_ENTRIES_AUTO known = {0};
    GALEN_TRY(dispute_read_entries(wf, &known, chain, NULL, 0, info));
    *count = 0;
    for (size_t i = 0; i < known.n; i++)
        *count += known.items[i].status == DISPUTE_DISPUTED;
    return GALEN_OK;
}

/* *out stays NULL when nothing is left in dispute. */
static enum galen_err list_row(struct workflow *wf, struct json_object **out,
                               const struct purchasing_onchain *chain,
                               const struct offices *offices, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    int64_t disputed = 0;
    int64_t gm_open = 0;
    int64_t rm_open = 0;
    int64_t with_evidence = 0;
    char needs[96] = "nothing from here";
    bool is_over = chain->now >= chain->rule_by;
    GALEN_TRY(count_votes(wf, chain->id, &disputed, &gm_open, &rm_open, &with_evidence, info));
    if (is_over) /* some may have been claimed, which no event says */
        GALEN_TRY(count_unclaimed(wf, chain, &disputed, info));
    if (disputed == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "requestId", (int64_t)chain->id, info));
    GALEN_TRY(workflow_set_int(row, "disputed", disputed, info));
    if (is_over)
        snprintf(needs, sizeof needs, "not ruled in time: anyone may claim");
    else if ((offices->gm && gm_open > 0) || (offices->rm && rm_open > 0))
        snprintf(needs, sizeof needs, "your verdict on %lld",
                 (long long)((offices->gm ? gm_open : 0) + (offices->rm ? rm_open : 0)));
    else if (offices->gm || offices->rm)
        snprintf(needs, sizeof needs,
                 "agreement: the managers' verdicts differ, or one is missing");
    GALEN_TRY(workflow_set_text(row, "needs", needs, info));
    if (offices->gm || offices->rm)
        GALEN_TRY(workflow_set_int(row, "withEvidence", with_evidence, info));
    GALEN_TRY(workflow_set_time(row, "evidenceBy", dispute_evidence_by(chain), info));
    GALEN_TRY(workflow_set_time(row, "ruleBy", chain->rule_by, info));
    GALEN_TRY(workflow_set_address(row, "buyer", &chain->buyer, info));
    GALEN_TRY(workflow_set_address(row, "hospital", &chain->hospital, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

static int by_deadline(const void *a, const void *b)
{
    const struct purchasing_onchain *x = a;
    const struct purchasing_onchain *y = b;
    return x->rule_by < y->rule_by ? -1 : x->rule_by > y->rule_by;
}

static void free_requests(struct purchasing_onchain **requests)
{
    free(*requests);
}

/* Every request with entries in dispute, by its deadline. */
static enum galen_err find_requests(struct workflow *wf, struct purchasing_onchain **out, size_t *n,
                                    struct galen_errinfo *info)
{
    int64_t many = 0;
    int64_t id = 0;
    GALEN_TRY(db_get_int(wf->db, &many, 0, info,
                         "SELECT count(DISTINCT request_id) FROM entry WHERE status = 2"));
    struct purchasing_onchain *found = calloc((size_t)many + 1, sizeof *found);
    if (found == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *out = found;
    for (int64_t i = 0; i < many; i++) {
        struct purchasing_onchain *next = &found[*n];
        GALEN_TRY(db_get_int(
            wf->db, &id, 0, info,
            "SELECT min(request_id) FROM entry WHERE status = 2 AND request_id > ?", DB_INT(id)));
        GALEN_TRY(purchasing_read_chain(wf, next, (uint64_t)id, info));
        *n += next->settled < next->count; /* else what was not ruled has been claimed */
    }
    qsort(found, *n, sizeof *found, by_deadline);
    return GALEN_OK;
}

enum galen_err dispute_list(struct workflow *wf, struct json_object **result,
                            struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_requests) struct purchasing_onchain *requests = NULL;
    RECORD_JSON_AUTO list = NULL;
    struct offices offices = {0};
    size_t n = 0;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(find_offices(wf, &offices, info));
    GALEN_TRY(find_requests(wf, &requests, &n, info));
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < n; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(list_row(wf, &row, &requests[i], &offices, info));
        if (row != NULL)
            GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

/* ---- one of them ------------------------------------------------------------------------------------- */

static enum galen_err add_missing(struct workflow *wf, struct json_object *row,
                                  const struct purchasing_buyer_view *view, size_t index,
                                  struct galen_errinfo *info)
{
    struct purchasing_missing missing;
    RECORD_JSON_AUTO list = NULL;
    char text[160];
    char when[BASE_TIME_TEXT];
    GALEN_TRY(purchasing_view_missing(wf, view, index, &missing, info));
    const struct {
        bool is_missing;
        const char *name;
    } all[] = {{missing.manifest, "manifest"},
               {missing.bundle, "bundle"},
               {missing.ek, "EK"},
               {!purchasing_view_has_key(view), "the buyer's evidence"}};
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_missing)
            GALEN_TRY(record_json_push(list, json_object_new_string(all[i].name), info));
    if (json_object_array_length(list) == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_set_object(row, "missing", &list, info));
    if (!missing.manifest && !missing.bundle && !missing.ek)
        return GALEN_OK; /* nothing that the seller owes */
    base_time_format(when, dispute_evidence_by(purchasing_view_chain(view)));
    snprintf(text, sizeof text,
             "ask the hospital and the patient for it; what cannot be had by %s, half the ruling "
             "window, is ruled Refund",
             when);
    return workflow_set_text(row, "ifMissing", text, info);
}

static enum galen_err show_entry(struct workflow *wf, struct purchasing_buyer_view *view,
                                 const struct dispute_entry *entry, struct json_object *list,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    PURCHASING_CHECKED_AUTO checked = {0};
    DISPUTE_EVIDENCE_AUTO given = {0};
    uint64_t request_id = purchasing_view_chain(view)->id;
    size_t index = (size_t)entry->index;
    const char *fault = NULL;
    bool found = false;
    GALEN_TRY(dispute_entry_json(&row, entry, info));
    GALEN_TRY(dispute_load_evidence(wf, &given, &found, request_id, entry->index, info));
    if (found)
        GALEN_TRY(workflow_set_text(row, "reason", given.reason, info));
    if (found && given.has_bundle)
        GALEN_TRY(purchasing_view_offer(view, index, given.bundle_cid, given.ek, info));
    GALEN_TRY(add_missing(wf, row, view, index, info));
    GALEN_TRY(purchasing_check_entry(wf, view, index, &checked, info));
    GALEN_TRY(workflow_set_bool(row, "passed", checked.passed, info));
    enum galen_err err = dispute_find_fault(wf, &fault, request_id,
                                            purchasing_view_entry(view, index), info);
    if (steps_is_fatal(err))
        return err;
    if (fault != NULL && !dispute_is_settled(entry->status))
        GALEN_TRY(workflow_set_text(row, "remedy",
                                    "provably invalid: anyone may 'galen request prove-invalid', "
                                    "without a ruling",
                                    info));
    GALEN_TRY(workflow_set_object(row, "checks", &checked.checks, info));
    GALEN_TRY(dispute_show_vote(wf, row, request_id, entry->index, info));
    if (checked.content != NULL)
        GALEN_TRY(workflow_set_object(row, "values", &checked.content, info));
    return workflow_push(list, &row, info);
}

enum galen_err dispute_show(struct workflow *wf, uint64_t request_id, struct json_object **result,
                            struct galen_errinfo *info)
{
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    DISPUTE_ENTRIES_AUTO known = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    RECORD_JSON_AUTO list = NULL;
    bool whole = true;
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(purchasing_judge_view_new(wf, &view, request_id, checks, &whole, info));
    const struct purchasing_onchain *chain = purchasing_view_chain(view);
    GALEN_TRY(dispute_read_entries(wf, &known, chain, NULL, 0, info));
    if (known.n == 0)
        return STEPS_FAIL(
            info, GALEN_ERR_STATE,
            "'galen sync' reads the chain's news, 'galen request disputes' lists them",
            "no entry of request %llu is known to be in dispute", (unsigned long long)request_id);
    for (size_t i = 0; i < known.n; i++)
        GALEN_TRY(show_entry(wf, view, &known.items[i], list, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_address(made, "buyer", &chain->buyer, info));
    GALEN_TRY(workflow_set_address(made, "hospital", &chain->hospital, info));
    GALEN_TRY(workflow_set_time(made, "evidenceBy", dispute_evidence_by(chain), info));
    GALEN_TRY(workflow_set_time(made, "ruleBy", chain->rule_by, info));
    GALEN_TRY(workflow_set_object(made, "checks", &checks, info));
    GALEN_TRY(workflow_set_object(made, "entries", &list, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
