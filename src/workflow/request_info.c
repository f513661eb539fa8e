/* A request as the contract has it: state, money, entries, openings, and who may act next. Nothing
 * of it comes from what this home remembers. */
#include <string.h>

#include "workflow/opening_internal.h"
#include "workflow/purchasing_moves.h"

/* ---- reading -------------------------------------------------------------------------------------------- */

static enum galen_err count_opening(struct workflow *wf, struct purchasing_tally *tally,
                                    uint64_t request_id, uint64_t index, struct galen_errinfo *info)
{
    struct datahub_opening_info opening;
    GALEN_TRY(opening_onchain_status(wf, &opening, request_id, index, info));
    if (!opening.requested) {
        tally->openable++;
        return GALEN_OK;
    }
    tally->gm_to_open += !opening.group_manager_approved;
    tally->rm_to_open += !opening.revocation_manager_approved;
    tally->opened += opening.group_manager_approved && opening.revocation_manager_approved;
    return GALEN_OK;
}

static enum galen_err count_entries(struct workflow *wf, struct purchasing_tally *tally,
                                    const struct purchasing_onchain *chain,
                                    struct galen_errinfo *info)
{
    if (chain->state != PURCHASING_DELIVERED && chain->state != PURCHASING_FINALIZED)
        return GALEN_OK;
    if (chain->settled == chain->count && chain->invalid == 0) { /* nothing to ask entry by entry */
        tally->by_status[DISPUTE_PAID] = chain->count;
        return GALEN_OK;
    }
    for (uint64_t i = 0; i < chain->count; i++) {
        struct dispute_entry entry;
        GALEN_TRY(dispute_read_entry(wf, &entry, chain->id, i, info));
        tally->by_status[entry.status]++;
        if (entry.status == DISPUTE_DISPUTED) {
            tally->gm_to_vote += entry.gm_vote == DISPUTE_NONE;
            tally->rm_to_vote += entry.rm_vote == DISPUTE_NONE;
        }
        if (entry.status == DISPUTE_FRAUDULENT)
            GALEN_TRY(count_opening(wf, tally, chain->id, i, info));
    }
    tally->open = tally->by_status[DISPUTE_UNSETTLED] + tally->by_status[DISPUTE_DISPUTED] +
                  tally->by_status[DISPUTE_RULED_PAY];
    return GALEN_OK;
}

/* ---- showing ---------------------------------------------------------------------------------------------- */

/* A time, and how far away it is by the chain's clock. */
static enum galen_err set_when(struct json_object *out, const char *key, int64_t at, int64_t now,
                               struct galen_errinfo *info)
{
    int64_t left = at - now;
    char text[48];
    if (left <= 0)
        snprintf(text, sizeof text, "past");
    else if (left >= 86400)
        snprintf(text, sizeof text, "%lld d %lld h", (long long)(left / 86400),
                 (long long)(left % 86400 / 3600));
    else if (left >= 3600)
        snprintf(text, sizeof text, "%lld h %lld min", (long long)(left / 3600),
                 (long long)(left % 3600 / 60));
    else
        snprintf(text, sizeof text, "%lld min %lld s", (long long)(left / 60),
                 (long long)(left % 60));
    GALEN_TRY(workflow_set_time(out, key, at, info));
    return workflow_set_text(out, "in", text, info);
}

static enum galen_err add_money(struct workflow *wf, struct json_object *made,
                                const struct purchasing_onchain *chain,
                                const struct purchasing_tally *tally, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO out = NULL;
    struct purchasing_money money;
    struct chain_u256 credit;
    bool is_replied = !chain_address_is_zero(&chain->hospital);
    GALEN_TRY(purchasing_find_money(&money, chain, tally, info));
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_wei(out, "escrowWei", &chain->escrow, info));
    GALEN_TRY(workflow_set_wei(out, "bondWei", &chain->bond, info));
    GALEN_TRY(workflow_set_wei(out, "heldWei", &money.held, info));
    if (chain->state == PURCHASING_DELIVERED || chain->state == PURCHASING_FINALIZED) {
        GALEN_TRY(workflow_set_wei(out, "entryWei", &money.part, info));
        GALEN_TRY(workflow_set_wei(out, "entryBondWei", &money.bond_part, info));
        GALEN_TRY(workflow_set_wei(out, "disputeBondWei", &money.dispute_bond, info));
        GALEN_TRY(workflow_set_wei(out, "hospitalWei", &money.hospital_part, info));
    }
    GALEN_TRY(workflow_credit_of(wf, &credit, &chain->buyer, info));
    GALEN_TRY(workflow_set_wei(out, "creditOfBuyerWei", &credit, info));
    if (is_replied) {
        GALEN_TRY(workflow_credit_of(wf, &credit, &chain->hospital, info));
        GALEN_TRY(workflow_set_wei(out, "creditOfHospitalWei", &credit, info));
    }
    return workflow_set_object(made, "money", &out, info);
}

static enum galen_err add_entries(struct json_object *made, const struct purchasing_onchain *chain,
                                  const struct purchasing_tally *tally, struct galen_errinfo *info)
{
    static const char *const names[] = {"unsettled", "paid",  "disputed", "ruledPay",
                                        "refunded",  "fraud", "invalid"};
    RECORD_JSON_AUTO out = NULL;
    GALEN_TRY(workflow_object(&out, info));
    GALEN_TRY(workflow_set_int(out, "count", chain->count, info));
    if (chain->state == PURCHASING_DELIVERED || chain->state == PURCHASING_FINALIZED) {
        GALEN_TRY(workflow_set_int(out, "settled", chain->settled, info));
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            GALEN_TRY(workflow_set_int(out, names[i], tally->by_status[i], info));
    }
    if (tally->by_status[DISPUTE_FRAUDULENT] > 0) {
        GALEN_TRY(workflow_set_int(out, "openingsNotAsked", tally->openable, info));
        GALEN_TRY(workflow_set_int(out, "openingsWaitForGm", tally->gm_to_open, info));
        GALEN_TRY(workflow_set_int(out, "openingsWaitForRm", tally->rm_to_open, info));
        GALEN_TRY(workflow_set_int(out, "openingsComplete", tally->opened, info));
    }
    return workflow_set_object(made, "entries", &out, info);
}

static enum galen_err add_moves(struct json_object *made, const struct purchasing_onchain *chain,
                                const struct purchasing_tally *tally, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO next = NULL;
    RECORD_JSON_AUTO silence = NULL;
    struct purchasing_moves moves;
    purchasing_find_moves(&moves, chain, tally);
    GALEN_TRY(workflow_array(&next, info));
    GALEN_TRY(workflow_array(&silence, info));
    for (size_t i = 0; i < moves.n; i++) {
        const struct purchasing_move *move = &moves.items[i];
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_text(row, "who", move->who, info));
        GALEN_TRY(workflow_set_text(row, "call", move->call, info));
        if (move->by != 0)
            GALEN_TRY(set_when(row, "by", move->by, chain->now, info));
        GALEN_TRY(workflow_set_text(row, "what", move->what, info));
        GALEN_TRY(workflow_push(next, &row, info));
    }
    for (size_t i = 0; i < moves.n_silence; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        if (moves.silence[i].at != 0)
            GALEN_TRY(set_when(row, "from", moves.silence[i].at, chain->now, info));
        GALEN_TRY(workflow_set_text(row, "what", moves.silence[i].what, info));
        GALEN_TRY(workflow_push(silence, &row, info));
    }
    GALEN_TRY(workflow_set_object(made, "next", &next, info));
    return workflow_set_object(made, "silence", &silence, info);
}

static enum galen_err add_times(struct json_object *made, const struct purchasing_onchain *chain,
                                struct galen_errinfo *info)
{
    static const char *const names[] = {NULL, "replyBy", "deliverBy", "verifyBy", "verifyBy", NULL};
    GALEN_TRY(workflow_set_time(made, "now", chain->now, info));
    if (names[chain->state] != NULL)
        GALEN_TRY(workflow_set_time(made, names[chain->state], chain->deadline, info));
    if (chain->rule_by == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_set_time(made, "ruleBy", chain->rule_by, info));
    return workflow_set_time(made, "openingsUntil", chain->rule_by + PURCHASING_OPENING_PERIOD_S,
                             info);
}

enum galen_err contract_request_info(struct workflow *wf, uint64_t request_id,
                                     struct json_object **result, struct galen_errinfo *info)
{
    static const char *const names[] = {"none",      "open",      "replied",
                                        "delivered", "finalized", "refunded"};
    struct purchasing_onchain chain;
    struct purchasing_tally tally = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    GALEN_TRY(count_entries(wf, &tally, &chain, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_text(made, "state", names[chain.state], info));
    GALEN_TRY(workflow_set_address(made, "buyer", &chain.buyer, info));
    if (!chain_address_is_zero(&chain.hospital))
        GALEN_TRY(workflow_set_address(made, "hospital", &chain.hospital, info));
    GALEN_TRY(workflow_set_int(made, "minRecords", chain.terms.min_records, info));
    GALEN_TRY(workflow_set_int(made, "maxRecords", chain.terms.max_records, info));
    GALEN_TRY(add_times(made, &chain, info));
    GALEN_TRY(add_money(wf, made, &chain, &tally, info));
    GALEN_TRY(add_entries(made, &chain, &tally, info));
    GALEN_TRY(add_moves(made, &chain, &tally, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
