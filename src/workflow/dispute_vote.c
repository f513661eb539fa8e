/*
 * A manager's node votes by itself where config.json's dispute_votes says so, on what needs no
 * person: it repeats the buyer's checks with the evidence it was given.
 *
 *   a check fails by the seller's fault                          Refund, at once
 *   manifest, bundle or the EK of bundleDigest cannot be had     Refund, once half the ruling
 * window is over and it was looked for in vain for a while every check passes, and the buyer said
 * that one had failed   Pay anything else                                                a
 * person's: nothing is said
 *
 * Fraud is never among them. What the buyer gives decides nothing by itself: its key is the
 * template's or was refused, an EK that is not bundleDigest's counts as none, and without its key
 * nobody loses. What this node cannot check, it blames nobody for.
 *
 * A verdict is written down before it leaves and is then the only one: after a crash, or a block
 * that was dropped, the same is sent again. An office that has voted, by whomever, is left alone.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"
#include "workflow/purchasing_view.h"

#define LOOK_EVERY_S 60 /* of chain time, while nothing new has come */
/* For what part of the ruling window something must have been missed: a node, or its store, that
 * was away for longer has not looked for it. */
#define MISSED_PART 16

/* ---- what is found of one entry ------------------------------------------------------------------- */

struct finding {
    bool is_fault, is_missing, is_unclear;
    char why[256]; /* the failed checks, by name */
};

static void add_name(struct finding *finding, const char *check)
{
    size_t len = strlen(finding->why);
    snprintf(finding->why + len, sizeof finding->why - len, "%s%s", len > 0 ? ", " : "", check);
}

static bool has_failed(struct json_object *checks, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        struct json_object *passed = NULL;
        if (strcmp(workflow_text_of(row, "check"), name) == 0 &&
            json_object_object_get_ex(row, "passed", &passed) && !json_object_get_boolean(passed))
            return true;
    }
    return false;
}

/* Its blocks are what their hashes say, so whatever is in them is the hospital's. */
static void find_in_manifest(struct finding *finding, struct json_object *checks)
{
    static const char *const content[] = {"request", "template", "count"};
    if (has_failed(checks, "manifest digest")) {
        finding->is_missing = true;
        add_name(finding, "manifest digest");
    }
    for (size_t i = 0; i < sizeof content / sizeof *content; i++)
        if (has_failed(checks, content[i])) {
            finding->is_fault = true;
            add_name(finding, content[i]);
        }
}

/* The bundle is the seller's word only as the entry's bundleDigest has it, and is read with the
 * template's key. */
static void find_in_bundle(struct finding *finding, struct json_object *checks,
                           const struct purchasing_missing *missing, bool has_key)
{
    static const char *const content[] = {"decryption", "bundle", "disclosure", "template"};
    bool is_missing = missing->bundle || missing->ek || has_failed(checks, "bundle digest");
    if (is_missing) {
        finding->is_missing = true;
        add_name(finding, missing->bundle ? "bundle" : missing->ek ? "key" : "bundle digest");
        return;
    }
    for (size_t i = 0; has_key && i < sizeof content / sizeof *content; i++)
        if (has_failed(checks, content[i])) {
            finding->is_fault = true;
            add_name(finding, content[i]);
        }
}

/* A key or list that this node has not, and a key version compromised since, blame no seller. */
static enum galen_err find_in_signature(struct workflow *wf, struct finding *finding,
                                        const struct purchasing_buyer_view *view, size_t index,
                                        struct json_object *checks, struct galen_errinfo *info)
{
    const char *fault = NULL;
    struct galen_errinfo why = {0};
    bool is_unsigned = has_failed(checks, "group signature");
    if (!is_unsigned && !has_failed(checks, "revocation list"))
        return GALEN_OK;
    enum galen_err err = is_unsigned ? dispute_find_fault(wf, &fault, view->row.id,
                                                          &view->entries.items[index], &why)
                                     : GALEN_OK;
    if (steps_is_fatal(err))
        return base_raise(info, err, &why);
    if (is_unsigned ? fault != NULL : view->revocations.problem[0] == '\0')
        finding->is_fault = true;
    else
        finding->is_unclear = true;
    add_name(finding, is_unsigned ? "group signature" : "revocation list");
    return GALEN_OK;
}

static enum galen_err find(struct workflow *wf, struct finding *out,
                           const struct purchasing_buyer_view *view, size_t index,
                           struct json_object *manifest_checks,
                           const struct purchasing_checked *checked, struct galen_errinfo *info)
{
    static const char *const on_chain[] = {"consent", "freshness", "payout"};
    struct finding found = {0};
    struct purchasing_missing missing;
    find_in_manifest(&found, manifest_checks);
    GALEN_TRY(purchasing_view_missing(wf, view, index, &missing, info));
    find_in_bundle(&found, checked->checks, &missing, purchasing_view_has_key(view));
    GALEN_TRY(find_in_signature(wf, &found, view, index, checked->checks, info));
    for (size_t i = 0; i < sizeof on_chain / sizeof *on_chain; i++)
        if (has_failed(checked->checks, on_chain[i])) {
            found.is_fault = true;
            add_name(&found, on_chain[i]);
        }
    *out = found;
    return GALEN_OK;
}

/* ---- what follows from it --------------------------------------------------------------------------- */

struct decision {
    enum dispute_verdict verdict; /* none: a person's, or not yet */
    int64_t missing_since;        /* 0: nothing is missing */
    bool is_a_persons;
    char why[400];
};

static void decide(struct decision *out, const struct finding *finding,
                   const struct purchasing_buyer_view *view, int64_t missing_since, bool has_failed,
                   bool passed)
{
    const struct purchasing_onchain *chain = &view->chain;
    const int64_t window = chain->rule_by - chain->deadline;
    *out = (struct decision){.verdict = DISPUTE_NONE};
    if (finding->is_fault) {
        out->verdict = DISPUTE_REFUND;
        snprintf(out->why, sizeof out->why, "the seller's fault: %s", finding->why);
    } else if (finding->is_missing) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, dispute_evidence_by(chain));
        out->missing_since = missing_since != 0 ? missing_since : chain->now;
        if (chain->now >= dispute_evidence_by(chain) &&
            chain->now - out->missing_since >= window / MISSED_PART)
            out->verdict = DISPUTE_REFUND;
        snprintf(out->why, sizeof out->why,
                 out->verdict == DISPUTE_REFUND
                     ? "not to be had by half the ruling window, %s: %s"
                     : "looked for until half the ruling window is over, %s: %s",
                 when, finding->why);
    } else if (finding->is_unclear) {
        out->is_a_persons = true;
        snprintf(out->why, sizeof out->why, "a person's: this home cannot judge %s", finding->why);
    } else if (!purchasing_view_has_key(view)) {
        out->is_a_persons = true;
        snprintf(out->why, sizeof out->why,
                 "a person's: the buyer has not given the key to what it disputes");
    } else if (!passed || !has_failed) {
        out->is_a_persons = true;
        snprintf(out->why, sizeof out->why,
                 "a person's: every check passes, and whether the values are true none can tell");
    } else {
        out->verdict = DISPUTE_PAY;
        snprintf(out->why, sizeof out->why, "every check passes");
    }
}

/* ---- the log ----------------------------------------------------------------------------------------- */

struct logged {
    bool found;
    enum dispute_verdict verdict;
    int64_t missing_since, looked_at, decided_at;
};

/* Of the entry with this bundleDigest: after a reorganisation it may be another. */
static enum galen_err read_logged(struct workflow *wf, struct logged *out,
                                  const struct chain_address *holder, uint64_t request_id,
                                  const struct purchasing_entry *entry, uint64_t index,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    *out = (struct logged){0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT verdict, coalesce(missing_since, 0), looked_at, decided_at"
                       " FROM dispute_vote WHERE holder = ? AND request_id = ? AND position = ?"
                       " AND bundle_digest = ?",
                       DB_BLOB(holder->bytes, 20), DB_INT(request_id), DB_INT(index),
                       DB_BLOB(entry->bundle_digest, 32)));
    GALEN_TRY(db_next(&rows, &out->found, info));
    if (!out->found)
        return GALEN_OK;
    out->verdict = (enum dispute_verdict)db_int(&rows, 0);
    out->missing_since = db_int(&rows, 1);
    out->looked_at = db_int(&rows, 2);
    out->decided_at = db_int(&rows, 3);
    return GALEN_OK;
}

static enum galen_err keep(struct workflow *wf, const struct chain_address *holder,
                           const struct purchasing_buyer_view *view, uint64_t index,
                           const struct decision *decision, struct json_object *manifest_checks,
                           struct json_object *checks, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    RECORD_JSON_AUTO all = NULL;
    BASE_BUF_AUTO sealed = {0};
    struct json_object *const lists[] = {manifest_checks, checks};
    GALEN_TRY(workflow_array(&all, info));
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < json_object_array_length(lists[i]); j++) {
            struct json_object *copy = NULL;
            GALEN_TRY(record_json_copy(&copy, json_object_array_get_idx(lists[i], j), info));
            GALEN_TRY(record_json_push(all, copy, info));
        }
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(workflow_set_text(kept, "why", decision->why, info));
    GALEN_TRY(workflow_set_object(kept, "checks", &all, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    return db_run(wf->db, info,
                  "INSERT OR REPLACE INTO dispute_vote VALUES (?, ?, ?, ?, ?, ?, nullif(?, 0), ?, "
                  "?)",
                  DB_BLOB(holder->bytes, 20), DB_INT(view->row.id), DB_INT(index),
                  DB_BLOB(view->entries.items[index].bundle_digest, 32), DB_INT(decision->verdict),
                  DB_BLOB(sealed.data, sealed.len), DB_INT(decision->missing_since),
                  DB_INT(view->chain.now), DB_INT(base_time_s()));
}

/* Something that an entry is judged by has come since. */
static enum galen_err has_news(struct workflow *wf, bool *news, uint64_t request_id, uint64_t index,
                               int64_t since, struct galen_errinfo *info)
{
    int64_t came = 0;
    GALEN_TRY(db_get_int(wf->db, &came, 0, info,
                         "SELECT max(coalesce((SELECT max(received_at) FROM dispute_evidence"
                         " WHERE request_id = ?1 AND position = ?2), 0),"
                         " coalesce((SELECT max(received_at) FROM late_key"
                         " WHERE request_id = ?1 AND position = ?2), 0))",
                         DB_INT(request_id), DB_INT(index)));
    *news = came >= since;
    return GALEN_OK;
}

/* ---- one request -------------------------------------------------------------------------------------- */

struct office {
    struct chain_address holder;
    bool is_gm;
};
struct votes {
    uint64_t *pay, *refund; /* owned */
    size_t n_pay, n_refund;
};
static void votes_clear(struct votes *votes)
{
    free(votes->pay);
    free(votes->refund);
}
#define VOTES_AUTO GALEN_CLEANUP(votes_clear) struct votes

static enum galen_err tell(struct workflow *wf, const struct office *office, const char *kind,
                           uint64_t request_id, struct galen_errinfo *info)
{
    char subject[24];
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)request_id);
    return workflow_notify(wf, &office->holder, kind, subject, info);
}

/* Looks at one entry; *verdict is what has been written down for it. */
static enum galen_err judge(struct workflow *wf, const struct office *office,
                            struct purchasing_buyer_view *view, struct json_object *manifest_checks,
                            uint64_t index, const struct logged *before,
                            enum dispute_verdict *verdict, struct galen_errinfo *info)
{
    PURCHASING_CHECKED_AUTO checked = {0};
    DISPUTE_EVIDENCE_AUTO given = {0};
    struct finding finding = {0};
    struct decision decision;
    bool found = false;
    GALEN_TRY(dispute_load_evidence(wf, &given, &found, view->row.id, index, info));
    if (found && given.has_bundle)
        GALEN_TRY(purchasing_view_offer(view, (size_t)index, given.bundle_cid, given.ek, info));
    GALEN_TRY(purchasing_check_entry(wf, view, (size_t)index, &checked, info));
    GALEN_TRY(find(wf, &finding, view, (size_t)index, manifest_checks, &checked, info));
    decide(&decision, &finding, view, before->missing_since, given.has_failed, checked.passed);
    GALEN_TRY(
        keep(wf, &office->holder, view, index, &decision, manifest_checks, checked.checks, info));
    if (decision.is_a_persons)
        GALEN_TRY(tell(wf, office, "dispute-yours", view->row.id, info));
    else if (decision.verdict == DISPUTE_NONE)
        GALEN_TRY(tell(wf, office, "dispute-missing", view->row.id, info));
    *verdict = decision.verdict;
    return GALEN_OK;
}

/* What the contract has of the office's vote is the last word on whether it has one. */
static enum galen_err collect(struct workflow *wf, const struct office *office,
                              struct purchasing_buyer_view *view,
                              struct json_object *manifest_checks,
                              const struct dispute_entry *entry, struct votes *votes,
                              struct galen_errinfo *info)
{
    enum dispute_verdict verdict = DISPUTE_NONE;
    struct logged before;
    bool news = true;
    if (entry->status != DISPUTE_DISPUTED ||
        (office->is_gm ? entry->gm_vote : entry->rm_vote) != DISPUTE_NONE)
        return GALEN_OK;
    GALEN_TRY(read_logged(wf, &before, &office->holder, view->row.id,
                          &view->entries.items[entry->index], entry->index, info));
    verdict = before.verdict;
    if (before.found && verdict == DISPUTE_NONE)
        GALEN_TRY(has_news(wf, &news, view->row.id, entry->index, before.decided_at, info));
    if (verdict == DISPUTE_NONE && (news || view->chain.now >= before.looked_at + LOOK_EVERY_S))
        GALEN_TRY(judge(wf, office, view, manifest_checks, entry->index, &before, &verdict, info));
    if (verdict == DISPUTE_PAY)
        votes->pay[votes->n_pay++] = entry->index;
    else if (verdict == DISPUTE_REFUND)
        votes->refund[votes->n_refund++] = entry->index;
    return GALEN_OK;
}

static enum galen_err send(struct workflow *wf, const struct office *office, uint64_t request_id,
                           const uint64_t *indices, size_t n, enum dispute_verdict verdict,
                           struct galen_errinfo *info)
{
    if (n == 0)
        return GALEN_OK;
    GALEN_TRY(dispute_rule(wf, &office->holder, request_id, indices, n, verdict, NULL, info));
    return tell(wf, office, "dispute-voted", request_id, info);
}

static enum galen_err vote_on(struct workflow *wf, const struct office *office, uint64_t request_id,
                              struct galen_errinfo *info)
{
    PURCHASING_BUYER_VIEW_AUTO view = NULL;
    DISPUTE_ENTRIES_AUTO known = {0};
    RECORD_JSON_AUTO checks = NULL;
    VOTES_AUTO votes = {0};
    bool whole = true;
    GALEN_TRY(workflow_array(&checks, info));
    GALEN_TRY(purchasing_judge_view_new(wf, &view, request_id, checks, &whole, info));
    if (view->chain.now >= view->chain.rule_by)
        return GALEN_OK;
    GALEN_TRY(dispute_read_entries(wf, &known, &view->chain, NULL, 0, info));
    votes.pay = calloc(known.n + 1, sizeof *votes.pay);
    votes.refund = calloc(known.n + 1, sizeof *votes.refund);
    if (votes.pay == NULL || votes.refund == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < known.n; i++)
        GALEN_TRY(collect(wf, office, view, checks, &known.items[i], &votes, info));
    GALEN_TRY(send(wf, office, request_id, votes.pay, votes.n_pay, DISPUTE_PAY, info));
    return send(wf, office, request_id, votes.refund, votes.n_refund, DISPUTE_REFUND, info);
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

/* A person's wallet is asked for nothing that the person has not begun. */
static enum galen_err may_vote(struct workflow *wf, bool *may, const struct office *office,
                               struct galen_errinfo *info)
{
    bool is_own = false;
    bool is_browser = false;
    GALEN_TRY(workflow_is_own(wf, &is_own, NULL, &office->holder, info));
    if (is_own)
        GALEN_TRY(workflow_is_browser(wf, &is_browser, &office->holder, info));
    *may = is_own && !is_browser;
    return GALEN_OK;
}

static enum galen_err vote_as(struct workflow *wf, const struct office *office,
                              struct galen_errinfo *info)
{
    bool may = false;
    int64_t id = 0;
    GALEN_TRY(may_vote(wf, &may, office, info));
    while (may) {
        struct galen_errinfo why = {0};
        GALEN_TRY(db_get_int(wf->db, &id, 0, info,
                             office->is_gm ? "SELECT min(request_id) FROM entry WHERE status = 2"
                                             " AND gm_vote = 0 AND request_id > ?"
                                           : "SELECT min(request_id) FROM entry WHERE status = 2"
                                             " AND rm_vote = 0 AND request_id > ?",
                             DB_INT(id)));
        if (id == 0)
            break;
        enum galen_err err = vote_on(wf, office, (uint64_t)id, &why);
        if (steps_is_fatal(err))
            return base_raise(info, err, &why);
        if (err == GALEN_OK)
            continue;
        base_log(BASE_LOG_WARN, "no vote on request %lld: %s", (long long)id, why.what);
        if (err == GALEN_ERR_REVERTED)
            GALEN_TRY(tell(wf, office, "dispute-vote-failed", (uint64_t)id, info));
    }
    return GALEN_OK;
}

enum galen_err dispute_vote(struct workflow *wf, struct galen_errinfo *info)
{
    struct office gm = {.is_gm = true};
    struct office rm = {.is_gm = false};
    int64_t open = 0;
    if (!wf->votes_by_itself || wf->keys == NULL || wf->dry_run)
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &open, 0, info, "SELECT count(*) FROM entry WHERE status = 2"));
    if (open == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_managers(wf, &gm.holder, &rm.holder, info));
    GALEN_TRY(vote_as(wf, &gm, info));
    return vote_as(wf, &rm, info);
}

/* ---- shown --------------------------------------------------------------------------------------------- */

enum galen_err dispute_show_vote(struct workflow *wf, struct json_object *row, uint64_t request_id,
                                 uint64_t index, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO kept = NULL;
    bool found = false;
    if (wf->keys == NULL)
        return GALEN_OK;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT sealed, verdict, decided_at FROM dispute_vote"
                       " WHERE request_id = ? AND position = ? ORDER BY holder LIMIT 1",
                       DB_INT(request_id), DB_INT(index)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(workflow_home_open(wf, &kept, db_blob(&rows, 0), info));
    GALEN_TRY(workflow_set_text(
        kept, "verdict", dispute_verdict_name((enum dispute_verdict)db_int(&rows, 1)), info));
    GALEN_TRY(workflow_set_time(kept, "at", db_int(&rows, 2), info));
    return workflow_set_object(row, "automatic", &kept, info);
}
