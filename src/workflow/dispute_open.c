/* The buyer disputes entries for what they contain: a bond each, and the evidence to both managers.
 * The reason is written down before the transaction leaves, so that an interrupted run's evidence
 * still goes out. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

/* Which entries get a transaction, and which are in dispute already. */
struct choice {
    uint64_t *fresh, *again; /* owned */
    size_t n_fresh, n_again;
    bool whole; /* fresh is every entry there is */
};
static void choice_clear(struct choice *choice)
{
    free(choice->fresh);
    free(choice->again);
}
#define CHOICE_AUTO GALEN_CLEANUP(choice_clear) struct choice

static enum galen_err choose(struct choice *out, const struct purchasing_onchain *chain,
                             const struct dispute_entry *entry, bool is_named,
                             struct galen_errinfo *info)
{
    if (entry->status == DISPUTE_UNSETTLED) {
        out->fresh[out->n_fresh++] = entry->index;
        return GALEN_OK;
    }
    if (entry->status == DISPUTE_DISPUTED) {
        out->again[out->n_again++] = entry->index;
        return GALEN_OK;
    }
    if (!is_named)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_STATE,
                     "entry %llu of request %llu cannot be disputed: it is %s",
                     (unsigned long long)entry->index, (unsigned long long)chain->id,
                     dispute_status_name(entry->status));
}

static enum galen_err choose_all(struct workflow *wf, struct choice *out,
                                 const struct purchasing_onchain *chain, const uint64_t *indices,
                                 size_t n, struct galen_errinfo *info)
{
    DISPUTE_ENTRIES_AUTO known = {0};
    CHOICE_AUTO made = {.fresh = calloc((size_t)chain->count + 1, sizeof *made.fresh),
                        .again = calloc((size_t)chain->count + 1, sizeof *made.again)};
    if (made.fresh == NULL || made.again == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(dispute_read_entries(wf, &known, chain, indices, n, info));
    if (n > 0) {
        for (size_t i = 0; i < known.n; i++)
            GALEN_TRY(choose(&made, chain, &known.items[i], true, info));
    } else {
        size_t at = 0;
        for (uint64_t i = 0; i < chain->count; i++) {
            const struct dispute_entry untouched = {.index = i};
            bool is_known = at < known.n && known.items[at].index == i;
            GALEN_TRY(choose(&made, chain, is_known ? &known.items[at] : &untouched, false, info));
            at += is_known;
        }
    }
    made.whole = n == 0 && made.n_fresh == chain->count && chain->count <= DISPUTE_MAX;
    *out = made;
    made = (struct choice){0};
    return GALEN_OK;
}

static enum galen_err may_dispute(const struct purchasing_onchain *chain,
                                  const struct chain_address *buyer, const struct choice *choice,
                                  struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    char when[BASE_TIME_TEXT];
    if (!chain_address_equal(buyer, &chain->buyer))
        return base_fail(info, GALEN_ERR_STATE, "request %llu is another buyer's", id);
    if (choice->n_fresh + choice->n_again == 0)
        return base_fail(info, GALEN_ERR_STATE, "no entry of request %llu is left to dispute", id);
    if (choice->n_fresh == 0)
        return GALEN_OK;
    if (chain->state == PURCHASING_FINALIZED)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "an invalid signature or consent can still be proven: 'galen request "
                          "prove-invalid'",
                          "request %llu is finalized: what was not disputed before is paid", id);
    base_time_format(when, chain->deadline);
    if (chain->now >= chain->deadline)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "an invalid signature or consent can still be proven: 'galen request "
                          "prove-invalid'",
                          "entries of request %llu could be disputed until %s", id, when);
    return GALEN_OK;
}

/* ---- what the buyer should know before ------------------------------------------------------------ */

static enum galen_err warn(struct json_object *list, const char *before, const uint64_t *indices,
                           size_t n, const char *after, struct galen_errinfo *info)
{
    char text[512];
    char which[96];
    if (n == 0)
        return GALEN_OK;
    dispute_index_text(which, sizeof which, indices, n);
    snprintf(text, sizeof text, "%s %s %s", before, which, after);
    return record_json_push(list, json_object_new_string(text), info);
}

static enum galen_err passed_checks(struct workflow *wf, bool *passed,
                                    const struct purchasing_row *row, uint64_t index,
                                    struct galen_errinfo *info)
{
    int64_t faults = 0;
    GALEN_TRY(db_get_int(wf->db, &faults, 0, info,
                         "SELECT count(*) FROM entry_fault WHERE request_id = ?"
                         " AND position IN (?, -1)",
                         DB_INT(row->id), DB_INT(index)));
    *passed = row->verified >= 0 && faults == 0;
    return GALEN_OK;
}

static enum galen_err add_warnings(struct workflow *wf, struct json_object *made,
                                   const struct purchasing_onchain *chain,
                                   const struct choice *choice, struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO delivered = {0};
    RECORD_JSON_AUTO list = NULL;
    struct purchasing_row row;
    CHOICE_AUTO sorted = {.fresh = calloc(choice->n_fresh + 1, sizeof *sorted.fresh),
                          .again = calloc(choice->n_fresh + 1, sizeof *sorted.again)};
    if (sorted.fresh == NULL || sorted.again == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(purchasing_read_row(wf, &row, chain->id, info));
    GALEN_TRY(purchasing_load_entries(wf, &delivered, chain, info));
    for (size_t i = 0; i < choice->n_fresh; i++) {
        const char *fault = NULL;
        bool passed = false;
        uint64_t index = choice->fresh[i];
        enum galen_err err = dispute_find_fault(wf, &fault, chain->id, &delivered.items[index],
                                                info);
        if (steps_is_fatal(err))
            return err;
        GALEN_TRY(passed_checks(wf, &passed, &row, index, info));
        if (fault != NULL)
            sorted.fresh[sorted.n_fresh++] = index;
        else if (passed)
            sorted.again[sorted.n_again++] = index;
    }
    if (sorted.n_fresh + sorted.n_again == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(warn(
        list, "entries", sorted.fresh, sorted.n_fresh,
        "are provably invalid: 'galen request prove-invalid' needs no bond and no ruling", info));
    GALEN_TRY(warn(list, "entries", sorted.again, sorted.n_again,
                   "passed every check here: the managers will see the same", info));
    return workflow_set_object(made, "warnings", &list, info);
}

/* ---- sending -------------------------------------------------------------------------------------- */

static enum galen_err keep_reasons(struct workflow *wf, uint64_t request_id,
                                   const uint64_t *indices, size_t n, const char *reason,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(workflow_set_text(kept, "reason", reason, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    GALEN_TRY(db_begin(&tx, wf->db, info));
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(db_run(wf->db, info, "INSERT OR REPLACE INTO dispute VALUES (?, ?, ?, NULL)",
                         DB_INT(request_id), DB_INT(indices[i]), DB_BLOB(sealed.data, sealed.len)));
    return db_commit(&tx, info);
}

static enum galen_err mark_told(struct workflow *wf, uint64_t request_id, const uint64_t *indices,
                                size_t n, struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(db_run(wf->db, info,
                         "UPDATE dispute SET told_at = ? WHERE request_id = ? AND position = ?",
                         DB_INT(base_time_s()), DB_INT(request_id), DB_INT(indices[i])));
    return db_commit(&tx, info);
}

/* One transaction for at most DISPUTE_MAX entries. */
static enum galen_err send_dispute(struct workflow *wf, const struct chain_address *buyer,
                                   const struct purchasing_onchain *chain, const uint64_t *indices,
                                   size_t n, bool whole, struct json_object *txs,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    RECORD_JSON_AUTO tx = NULL;
    struct chain_u256 words[DISPUTE_MAX];
    struct chain_u256 bond;
    struct chain_u256 value;
    bool sent = false;
    for (size_t i = 0; i < n; i++)
        words[i] = purchasing_u256(indices[i]);
    if (purchasing_dispute_bond(&bond, chain) != GALEN_OK ||
        chain_u256_mul_u64(&value, &bond, n) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    if (whole)
        GALEN_TRY(datahub_encode_finalize(&data, purchasing_u256(chain->id), false, NULL, 0, info));
    else
        GALEN_TRY(datahub_encode_dispute(&data, purchasing_u256(chain->id), words, n, info));
    const struct workflow_call call = {
        .from = buyer,
        .value = &value,
        .data = &data,
        .role = "buyer",
        .flow = "purchasing",
        .operation = whole ? "finalize" : "dispute",
        .request_id = (int64_t)chain->id,
    };
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    GALEN_TRY(workflow_push(txs, &tx, info));
    return sent ? workflow_take_receipt(wf, &receipt, info) : GALEN_OK;
}

static enum galen_err send_all(struct workflow *wf, const struct chain_address *buyer,
                               const struct purchasing_onchain *chain, const struct choice *choice,
                               struct json_object *made, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO txs = NULL;
    GALEN_TRY(workflow_array(&txs, info));
    for (size_t first = 0; first < choice->n_fresh; first += DISPUTE_MAX) {
        size_t left = choice->n_fresh - first;
        GALEN_TRY(send_dispute(wf, buyer, chain, choice->fresh + first,
                               left < DISPUTE_MAX ? left : DISPUTE_MAX, choice->whole, txs, info));
    }
    return workflow_set_object(made, "txs", &txs, info);
}

/* ---- the result ----------------------------------------------------------------------------------- */

static enum galen_err add_indices(struct json_object *made, const char *key,
                                  const uint64_t *indices, size_t n, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(record_json_push(list, json_object_new_int64((int64_t)indices[i]), info));
    return workflow_set_object(made, key, &list, info);
}

static enum galen_err add_terms(struct json_object *made, const struct purchasing_onchain *chain,
                                const struct choice *choice, const struct chain_address managers[2],
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    struct chain_u256 bond;
    struct chain_u256 all;
    if (purchasing_dispute_bond(&bond, chain) != GALEN_OK ||
        chain_u256_mul_u64(&all, &bond, choice->n_fresh) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)chain->id, info));
    GALEN_TRY(add_indices(made, "entries", choice->fresh, choice->n_fresh, info));
    if (choice->n_again > 0)
        GALEN_TRY(add_indices(made, "disputedBefore", choice->again, choice->n_again, info));
    GALEN_TRY(workflow_set_wei(made, "bondEachWei", &bond, info));
    GALEN_TRY(workflow_set_wei(made, "bondWei", &all, info));
    GALEN_TRY(workflow_set_text(made, "bond",
                                "goes to the patient if both managers rule that the entry is paid; "
                                "else it comes back",
                                info));
    GALEN_TRY(workflow_set_time(made, "ruleBy", chain->rule_by, info));
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < 2; i++) {
        char text[CHAIN_ADDRESS_TEXT];
        chain_address_format(text, &managers[i]);
        GALEN_TRY(record_json_push(list, json_object_new_string(text), info));
    }
    return workflow_set_object(made, "evidenceTo", &list, info);
}

static enum galen_err check_reason(const char *reason, struct galen_errinfo *info)
{
    size_t len = reason != NULL ? strlen(reason) : 0;
    if (len == 0 || len > DISPUTE_REASON_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "a dispute has a reason of 1 to %d bytes",
                         DISPUTE_REASON_MAX);
    return GALEN_OK;
}

static enum galen_err tell_managers(struct workflow *wf, const struct chain_address *buyer,
                                    uint64_t request_id, const uint64_t *indices, size_t n,
                                    const char *reason, struct galen_errinfo *info)
{
    if (n == 0)
        return GALEN_OK;
    GALEN_TRY(dispute_send_evidence(wf, buyer, request_id, indices, n, reason, info));
    return mark_told(wf, request_id, indices, n, info);
}

enum galen_err dispute_open(struct workflow *wf, const struct chain_address *buyer,
                            uint64_t request_id, const uint64_t *indices, size_t n,
                            const char *reason, struct json_object **result,
                            struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    struct purchasing_row row;
    struct chain_address managers[2];
    CHOICE_AUTO choice = {0};
    BASE_SECRET_AUTO key = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(check_reason(reason, info));
    GALEN_TRY(steps_need_role(wf, buyer, "buyer", info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    if (chain.state != PURCHASING_DELIVERED && chain.state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s: there is nothing to dispute",
                         (unsigned long long)request_id, purchasing_state_name(chain.state, -1));
    GALEN_TRY(choose_all(wf, &choice, &chain, indices, n, info));
    GALEN_TRY(may_dispute(&chain, buyer, &choice, info));
    /* Without evidence a dispute is lost: that it can be sent stands before the bond is laid down.
     */
    GALEN_TRY(dispute_check_managers(wf, managers, info));
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(dispute_load_key(wf, &key, row.template_hash, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(add_terms(made, &chain, &choice, managers, info));
    GALEN_TRY(add_warnings(wf, made, &chain, &choice, info));
    if (!wf->dry_run) {
        GALEN_TRY(keep_reasons(wf, request_id, choice.fresh, choice.n_fresh, reason, info));
        GALEN_TRY(keep_reasons(wf, request_id, choice.again, choice.n_again, reason, info));
    }
    GALEN_TRY(send_all(wf, buyer, &chain, &choice, made, info));
    if (!wf->dry_run) {
        GALEN_TRY(tell_managers(wf, buyer, request_id, choice.fresh, choice.n_fresh, reason, info));
        GALEN_TRY(tell_managers(wf, buyer, request_id, choice.again, choice.n_again, reason, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- after an interruption -------------------------------------------------------------------------- */

/* The next entry in dispute whose evidence has not been sent. */
static enum galen_err next_untold(struct workflow *wf, int64_t *id, int64_t *index,
                                  struct chain_address *buyer, bool *found,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT d.request_id, d.position, r.buyer FROM dispute d"
                       " JOIN entry e ON e.request_id = d.request_id AND e.position = d.position"
                       " JOIN request r ON r.id = d.request_id"
                       " WHERE d.told_at IS NULL AND e.status = 2"
                       " AND (d.request_id, d.position) > (?, ?)"
                       " ORDER BY d.request_id, d.position LIMIT 1",
                       DB_INT(*id), DB_INT(*index)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    *id = db_int(&rows, 0);
    *index = db_int(&rows, 1);
    return db_bytes(&rows, 2, buyer->bytes, 20, info);
}

enum galen_err dispute_retry_evidence(struct workflow *wf, struct galen_errinfo *info)
{
    int64_t id = 0;
    int64_t index = -1;
    if (wf->keys == NULL || wf->dry_run)
        return GALEN_OK;
    for (;;) {
        DISPUTE_EVIDENCE_AUTO kept = {0};
        struct chain_address buyer;
        uint64_t one = 0;
        bool found = false;
        GALEN_TRY(next_untold(wf, &id, &index, &buyer, &found, info));
        if (!found)
            return GALEN_OK;
        one = (uint64_t)index;
        enum galen_err err = dispute_load_evidence(wf, &kept, &found, (uint64_t)id, one, info);
        if (err == GALEN_OK && found)
            err = tell_managers(wf, &buyer, (uint64_t)id, &one, 1, kept.reason, info);
        if (steps_is_fatal(err))
            return err;
        if (err != GALEN_OK)
            base_log(BASE_LOG_WARN, "the evidence for an entry of request %lld waits: %s",
                     (long long)id, galen_err_name(err));
    }
}
