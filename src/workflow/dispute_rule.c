/* A manager's verdict on disputed entries. What both managers say alike counts at once. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

struct ruling {
    struct purchasing_onchain chain;
    bool by_gm;
    enum dispute_verdict verdict;
    struct dispute_entries entries; /* in dispute, as they stand before */
    uint64_t *to_send;              /* indices of those that lack this vote; owned */
    size_t n_to_send;
};
static void ruling_clear(struct ruling *ruling)
{
    dispute_entries_clear(&ruling->entries);
    free(ruling->to_send);
}
#define RULING_AUTO GALEN_CLEANUP(ruling_clear) struct ruling

static enum dispute_verdict other_vote(const struct ruling *ruling,
                                       const struct dispute_entry *entry)
{
    return ruling->by_gm ? entry->rm_vote : entry->gm_vote;
}

/* ---- may it? -------------------------------------------------------------------------------------- */

static enum galen_err need_manager(struct workflow *wf, struct ruling *ruling,
                                   const struct chain_address *manager, struct galen_errinfo *info)
{
    struct chain_address gm, rm;
    char text[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    ruling->by_gm = chain_address_equal(manager, &gm);
    if (ruling->by_gm || chain_address_equal(manager, &rm))
        return GALEN_OK;
    chain_address_format(text, manager);
    return base_fail(info, GALEN_ERR_STATE,
                     "%s is neither the group manager nor the revocation manager of the contract",
                     text);
}

static enum galen_err need_time(const struct purchasing_onchain *chain, struct galen_errinfo *info)
{
    char when[BASE_TIME_TEXT];
    if (chain->state != PURCHASING_DELIVERED && chain->state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s: there is nothing to rule",
                         (unsigned long long)chain->id, purchasing_state_name(chain->state, -1));
    if (chain->now < chain->rule_by)
        return GALEN_OK;
    base_time_format(when, chain->rule_by);
    return STEPS_FAIL(
        info, GALEN_ERR_STATE, "what was not ruled is paid: anyone may 'galen request claim' it",
        "disputes of request %llu could be ruled until %s", (unsigned long long)chain->id, when);
}

/* did: a wallet has just ruled, so that what is decided by this very vote belongs here too. */
static enum galen_err load_entries(struct workflow *wf, struct ruling *ruling,
                                   const uint64_t *indices, size_t n, bool did,
                                   struct galen_errinfo *info)
{
    size_t kept = 0;
    struct dispute_entries *entries = &ruling->entries;
    unsigned long long id = (unsigned long long)ruling->chain.id;
    GALEN_TRY(dispute_read_entries(wf, entries, &ruling->chain, indices, n, info));
    for (size_t i = 0; i < entries->n; i++) {
        const struct dispute_entry *entry = &entries->items[i];
        if (entry->status == DISPUTE_DISPUTED ||
            (did && entry->status != DISPUTE_UNSETTLED &&
             (ruling->by_gm ? entry->gm_vote : entry->rm_vote) == ruling->verdict))
            entries->items[kept++] = *entry;
        else if (n > 0 && entry->status == DISPUTE_UNSETTLED)
            return base_fail(info, GALEN_ERR_STATE, "entry %llu of request %llu is not in dispute",
                             (unsigned long long)entry->index, id);
        else if (n > 0)
            return base_fail(
                info, GALEN_ERR_STATE, "entry %llu of request %llu is decided already: %s",
                (unsigned long long)entry->index, id, dispute_status_name(entry->status));
    }
    entries->n = kept;
    if (kept == 0)
        return base_fail(info, GALEN_ERR_STATE, "no entry of request %llu is in dispute", id);
    return GALEN_OK;
}

/* A vote that the contract has already, of a run that was interrupted, is not given again. */
static enum galen_err choose_to_send(struct ruling *ruling, struct galen_errinfo *info)
{
    const struct dispute_entries *entries = &ruling->entries;
    ruling->to_send = calloc(entries->n, sizeof *ruling->to_send);
    if (ruling->to_send == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < entries->n; i++) {
        const struct dispute_entry *entry = &entries->items[i];
        if ((ruling->by_gm ? entry->gm_vote : entry->rm_vote) != ruling->verdict)
            ruling->to_send[ruling->n_to_send++] = entry->index;
    }
    return GALEN_OK;
}

/* ---- what is sent ----------------------------------------------------------------------------------- */

static enum galen_err send_part(struct workflow *wf, const struct chain_address *manager,
                                struct ruling *ruling, size_t first, size_t n,
                                struct json_object *txs, struct json_object *paid,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    RECORD_JSON_AUTO made = NULL;
    struct json_object *member = NULL;
    struct json_object *copy = NULL;
    struct chain_u256 words[DISPUTE_MAX];
    struct purchasing_onchain before;
    GALEN_TRY(purchasing_read_chain(wf, &before, ruling->chain.id, info));
    for (size_t i = 0; i < n; i++)
        words[i] = purchasing_u256(ruling->to_send[first + i]);
    GALEN_TRY(datahub_encode_rule(&data, purchasing_u256(before.id), words, n,
                                  (uint8_t)ruling->verdict, info));
    const struct purchasing_call call = {
        .payer = manager,
        .before = &before,
        .kind = PURCHASING_TAKE_BACK_BOND,
        .operation = "rule",
        .data = &data,
    };
    GALEN_TRY(purchasing_settle(wf, &call, &made, info));
    if (json_object_object_get_ex(made, "tx", &member)) {
        GALEN_TRY(record_json_copy(&copy, member, info));
        GALEN_TRY(record_json_push(txs, copy, info));
    }
    if (!json_object_object_get_ex(made, "paid", &member))
        return GALEN_OK;
    for (size_t i = 0; i < json_object_array_length(member); i++) {
        copy = NULL;
        GALEN_TRY(record_json_copy(&copy, json_object_array_get_idx(member, i), info));
        GALEN_TRY(record_json_push(paid, copy, info));
    }
    return GALEN_OK;
}

/* ---- the result --------------------------------------------------------------------------------------- */

static enum galen_err entry_row(struct json_object *list, const struct ruling *ruling,
                                const struct dispute_entry *before,
                                const struct dispute_entry *after, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    enum dispute_verdict other = other_vote(ruling, before);
    const char *who = ruling->by_gm ? "the revocation manager" : "the group manager";
    char text[96];
    GALEN_TRY(dispute_entry_json(&row, after, info));
    if (other == DISPUTE_NONE)
        snprintf(text, sizeof text, "waits for %s", who);
    else if (other == ruling->verdict)
        snprintf(text, sizeof text, "%s says the same: it counts", who);
    else
        snprintf(text, sizeof text, "%s says %s: undecided", who, dispute_verdict_name(other));
    GALEN_TRY(workflow_set_text(row, "outcome", text, info));
    return workflow_push(list, &row, info);
}

static enum galen_err add_entries(struct workflow *wf, struct json_object *made,
                                  const struct ruling *ruling, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    int64_t ruled = 0;
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < ruling->entries.n; i++) {
        const struct dispute_entry *before = &ruling->entries.items[i];
        struct dispute_entry after = *before;
        if (!wf->dry_run)
            GALEN_TRY(dispute_read_entry(wf, &after, ruling->chain.id, before->index, info));
        ruled += other_vote(ruling, before) == ruling->verdict;
        GALEN_TRY(entry_row(list, ruling, before, &after, info));
    }
    GALEN_TRY(workflow_set_object(made, "entries", &list, info));
    return workflow_set_int(made, "ruled", ruled, info);
}

static const char *meaning(enum dispute_verdict verdict)
{
    switch (verdict) {
    case DISPUTE_PAY:
        return "the patient is paid, with the buyer's dispute bond";
    case DISPUTE_REFUND:
        return "the buyer gets the part back: the seller's fault";
    case DISPUTE_FRAUD:
        return "the buyer gets the part back and may have the signing doctor's identity opened";
    case DISPUTE_NONE:
        break;
    }
    return "";
}

enum galen_err dispute_rule(struct workflow *wf, const struct chain_address *manager,
                            uint64_t request_id, const uint64_t *indices, size_t n,
                            enum dispute_verdict verdict, struct json_object **result,
                            struct galen_errinfo *info)
{
    RULING_AUTO ruling = {.verdict = verdict};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO txs = NULL;
    RECORD_JSON_AUTO paid = NULL;
    bool did = false;
    GALEN_ASSERT(verdict >= DISPUTE_PAY && verdict <= DISPUTE_FRAUD);
    GALEN_TRY(purchasing_need_own(wf, manager, info));
    GALEN_TRY(purchasing_read_to_act(wf, &ruling.chain, request_id, info));
    GALEN_TRY(need_manager(wf, &ruling, manager, info));
    GALEN_TRY(need_time(&ruling.chain, info));
    GALEN_TRY(
        workflow_wallet_did(wf, &did, manager, "rule", (int64_t)request_id, !wf->dry_run, info));
    GALEN_TRY(load_entries(wf, &ruling, indices, n, did, info));
    GALEN_TRY(choose_to_send(&ruling, info));
    GALEN_TRY(workflow_array(&txs, info));
    GALEN_TRY(workflow_array(&paid, info));
    for (size_t first = 0; first < ruling.n_to_send; first += DISPUTE_MAX) {
        size_t left = ruling.n_to_send - first;
        GALEN_TRY(send_part(wf, manager, &ruling, first, left < DISPUTE_MAX ? left : DISPUTE_MAX,
                            txs, paid, info));
    }
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_text(made, "verdict", dispute_verdict_name(verdict), info));
    GALEN_TRY(workflow_set_text(made, "meaning", meaning(verdict), info));
    GALEN_TRY(add_entries(wf, made, &ruling, info));
    GALEN_TRY(workflow_set_object(made, "txs", &txs, info));
    if (!wf->dry_run)
        GALEN_TRY(workflow_set_object(made, "paid", &paid, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
