/* Purchasing, step 5: payment, and the exits that time opens to anyone. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

/* Sends one settling call that pays parts to patients, or refunds. note may be NULL. */
static enum galen_err settle(struct workflow *wf, const struct chain_address *payer,
                             const struct purchasing_onchain *before, const char *operation,
                             const struct base_buf *data, const char *note,
                             struct json_object **result, struct galen_errinfo *info)
{
    const struct purchasing_call call = {
        .payer = payer,
        .before = before,
        .kind = PURCHASING_PUSH_OR_CLAIM,
        .operation = operation,
        .data = data,
        .note = note,
    };
    return purchasing_settle(wf, &call, result, info);
}

static bool can_push(const struct purchasing_onchain *chain)
{
    return chain->parts == 1 && chain->count <= PURCHASING_PUSH_MAX;
}

/* All recipients and body hashes in index order: everybody is paid in the same call. */
static enum galen_err encode_push(struct workflow *wf, struct base_buf *data,
                                  const struct purchasing_onchain *chain,
                                  struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    struct chain_address recipients[PURCHASING_PUSH_MAX];
    uint8_t hashes[PURCHASING_PUSH_MAX][32];
    GALEN_TRY(purchasing_load_entries(wf, &entries, chain, info));
    for (size_t i = 0; i < entries.n; i++) {
        recipients[i] = entries.items[i].payout;
        purchasing_body_hash(hashes[i], &entries.items[i]);
    }
    return datahub_encode_finalize_with_body_hashes(data, purchasing_u256(chain->id), true,
                                                    recipients, entries.n,
                                                    (const uint8_t(*)[32])hashes, entries.n, info);
}

/* ---- finalize ------------------------------------------------------------------------------------------ */

/* Entries that failed the buyer's checks and that nothing has been done about. */
struct open_faults {
    uint64_t provable[PURCHASING_MAX_ENTRIES], disputable[PURCHASING_MAX_ENTRIES];
    size_t n_provable, n_disputable;
    bool whole; /* the delivery itself did not pass */
};
static void free_faults(struct open_faults **faults)
{
    free(*faults);
}

static enum galen_err find_open_faults(struct workflow *wf, struct open_faults *out,
                                       const struct purchasing_onchain *chain,
                                       struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT position, remedy = 'prove-invalid' FROM entry_fault"
                       " WHERE request_id = ? AND position < ? ORDER BY position",
                       DB_INT(chain->id), DB_INT(chain->count)));
    for (;;) {
        struct dispute_entry entry;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        if (db_int(&rows, 0) < 0) {
            out->whole = true;
            continue;
        }
        GALEN_TRY(dispute_read_entry(wf, &entry, chain->id, (uint64_t)db_int(&rows, 0), info));
        if (entry.status != DISPUTE_UNSETTLED)
            continue;
        if (db_int(&rows, 1) != 0)
            out->provable[out->n_provable++] = entry.index;
        else
            out->disputable[out->n_disputable++] = entry.index;
    }
}

/* How many entries are still to be paid without more ado. */
static enum galen_err count_payable(struct workflow *wf, uint32_t *count,
                                    const struct purchasing_onchain *chain,
                                    struct galen_errinfo *info)
{
    DISPUTE_ENTRIES_AUTO known = {0};
    uint32_t held = 0;
    GALEN_TRY(dispute_read_entries(wf, &known, chain, NULL, 0, info));
    for (size_t i = 0; i < known.n; i++)
        held += known.items[i].status == DISPUTE_DISPUTED ||
                known.items[i].status == DISPUTE_RULED_PAY;
    *count = chain->count - chain->settled - held;
    return GALEN_OK;
}

/* Nobody pays by mistake for what failed the checks. */
static enum galen_err need_no_fault(struct workflow *wf, const struct purchasing_onchain *chain,
                                    struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    GALEN_CLEANUP(free_faults) struct open_faults *faults = calloc(1, sizeof *faults);
    char provable[48];
    char disputable[48];
    uint32_t payable = 0;
    if (faults == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(find_open_faults(wf, faults, chain, info));
    GALEN_TRY(count_payable(wf, &payable, chain, info));
    dispute_index_text(provable, sizeof provable, faults->provable, faults->n_provable);
    dispute_index_text(disputable, sizeof disputable, faults->disputable, faults->n_disputable);
    if (faults->n_provable == 0 && faults->n_disputable == 0 && (!faults->whole || payable == 0))
        return GALEN_OK;
    if (faults->n_provable + faults->n_disputable == 0) {
        base_fail(info, GALEN_ERR_STATE, "the delivery of request %llu did not pass its checks",
                  id);
        (void)base_hint(info,
                        "'galen request verify %llu' shows which; 'galen request dispute %llu"
                        " --all --reason TEXT' disputes every entry, --anyway pays",
                        id, id);
        return GALEN_ERR_STATE;
    }
    base_fail(info, GALEN_ERR_STATE,
              "the delivery of request %llu did not pass its checks:%s%s%s%s", id,
              faults->n_provable > 0 ? " provably invalid: " : "", provable,
              faults->n_disputable == 0 ? ""
              : faults->n_provable > 0  ? "; to be disputed: "
                                        : " to be disputed: ",
              disputable);
    if (faults->n_disputable == 0)
        (void)base_hint(info,
                        "run 'galen request prove-invalid %llu' first; --anyway pays for them", id);
    else
        (void)base_hint(info,
                        "run %s%s'galen request dispute %llu --entry N --reason TEXT' first;"
                        " --anyway pays for them",
                        faults->n_provable > 0 ? "'galen request prove-invalid ID' and " : "", "",
                        id);
    return GALEN_ERR_STATE;
}

static enum galen_err may_pay(struct workflow *wf, const struct chain_address *payer,
                              const struct purchasing_onchain *chain, bool anyway,
                              struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    char when[BASE_TIME_TEXT];
    struct purchasing_row row;
    if (chain->state != PURCHASING_DELIVERED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s: there is nothing to pay", id,
                         purchasing_state_name(chain->state, -1));
    if (chain->now >= chain->deadline)
        return GALEN_OK;
    base_time_format(when, chain->deadline);
    if (!chain_address_equal(payer, &chain->buyer)) {
        base_fail(info, GALEN_ERR_STATE, "until %s only the buyer can finalize request %llu", when,
                  id);
        (void)base_hint(info, "from then on anyone can");
        return GALEN_ERR_STATE;
    }
    GALEN_TRY(purchasing_read_row(wf, &row, chain->id, info));
    if (row.verified == 1 || anyway)
        return GALEN_OK;
    if (row.verified == 0)
        return need_no_fault(wf, chain, info);
    base_fail(info, GALEN_ERR_STATE, "the delivery of request %llu has not been verified", id);
    (void)base_hint(info, "run 'galen request verify %llu' first", id);
    return GALEN_ERR_STATE;
}

static enum galen_err nothing_left(struct workflow *wf, const struct purchasing_onchain *chain,
                                   struct json_object **result, struct galen_errinfo *info)
{
    const char *state = NULL;
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO paid = NULL;
    RECORD_JSON_AUTO credited = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_array(&paid, info));
    GALEN_TRY(workflow_array(&credited, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)chain->id, info));
    GALEN_TRY(purchasing_derive_state(wf, &state, chain, -1, info));
    GALEN_TRY(workflow_set_text(made, "state", state, info));
    GALEN_TRY(workflow_set_object(made, "paid", &paid, info));
    GALEN_TRY(workflow_set_object(made, "credited", &credited, info));
    GALEN_TRY(workflow_set_int(made, "unclaimed", chain->count - chain->settled, info));
    GALEN_TRY(
        workflow_set_text(made, "note",
                          chain->settled < chain->count
                              ? "this was done before; what is left is claimed, each entry by "
                                "'galen request claim'"
                              : "this was done before",
                          info));
    workflow_give(result, &made);
    return GALEN_OK;
}

static enum galen_err pay(struct workflow *wf, const struct chain_address *payer,
                          const struct purchasing_onchain *chain, bool anyway,
                          struct json_object **result, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    uint32_t payable = 0;
    if (chain->state != PURCHASING_FINALIZED)
        GALEN_TRY(may_pay(wf, payer, chain, anyway, info));
    GALEN_TRY(count_payable(wf, &payable, chain, info));
    if (chain->state == PURCHASING_FINALIZED && (payable == 0 || !can_push(chain)))
        return nothing_left(wf, chain, result, info);
    if (can_push(chain) && payable > 0) {
        GALEN_TRY(encode_push(wf, &data, chain, info));
        return settle(wf, payer, chain, "finalizeWithBodyHashes", &data, NULL, result, info);
    }
    GALEN_TRY(datahub_encode_finalize(&data, purchasing_u256(chain->id), true, NULL, 0, info));
    return settle(wf, payer, chain, "finalize", &data,
                  payable > 0 ? "too many entries to pay in one call: each is claimed"
                              : "what is in dispute is paid or taken back as it is ruled",
                  result, info);
}

/* Open or Replied, and past its deadline. */
static enum galen_err may_refund(const struct purchasing_onchain *chain, struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    char when[BASE_TIME_TEXT];
    base_time_format(when, chain->deadline);
    if (chain->state == PURCHASING_OPEN || chain->state == PURCHASING_REPLIED) {
        if (chain->now >= chain->deadline)
            return GALEN_OK;
        base_fail(info, GALEN_ERR_STATE, "request %llu is %s and can be refunded from %s on", id,
                  purchasing_state_name(chain->state, -1), when);
        (void)base_hint(info, "a request cannot be withdrawn earlier: a hospital may be at work");
        return GALEN_ERR_STATE;
    }
    if (chain->state == PURCHASING_DELIVERED) {
        base_fail(info, GALEN_ERR_STATE, "request %llu is delivered: it cannot be refunded", id);
        (void)base_hint(info,
                        "'galen request dispute %llu --all --reason TEXT' disputes every entry, "
                        "--entry N single ones; from %s on silence pays",
                        id, when);
        return GALEN_ERR_STATE;
    }
    return base_fail(info, GALEN_ERR_STATE, "request %llu is %s", id,
                     purchasing_state_name(chain->state, -1));
}

enum galen_err purchasing_finalize_anyway(struct workflow *wf, const struct chain_address *payer,
                                          uint64_t request_id, struct json_object **result,
                                          struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    GALEN_TRY(purchasing_need_own(wf, payer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    return pay(wf, payer, &chain, true, result, info);
}

enum galen_err purchasing_finalize(struct workflow *wf, const struct chain_address *payer,
                                   uint64_t request_id, bool ok, struct json_object **result,
                                   struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(purchasing_need_own(wf, payer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    if (ok)
        return pay(wf, payer, &chain, false, result, info);
    if (chain.state == PURCHASING_REFUNDED)
        return nothing_left(wf, &chain, result, info);
    GALEN_TRY(may_refund(&chain, info));
    GALEN_TRY(datahub_encode_finalize(&data, purchasing_u256(request_id), false, NULL, 0, info));
    return settle(wf, payer, &chain, "finalize", &data, NULL, result, info);
}

enum galen_err purchasing_expire(struct workflow *wf, const struct chain_address *payer,
                                 uint64_t request_id, struct json_object **result,
                                 struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(purchasing_need_own(wf, payer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    if (chain.state == PURCHASING_REFUNDED || chain.state == PURCHASING_FINALIZED)
        return nothing_left(wf, &chain, result, info);
    if (chain.now < chain.deadline) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, chain.deadline);
        return base_fail(info, GALEN_ERR_STATE, "request %llu can be expired from %s on",
                         (unsigned long long)request_id, when);
    }
    GALEN_TRY(datahub_encode_expire(&data, purchasing_u256(request_id), info));
    return settle(wf, payer, &chain, "expire", &data, NULL, result, info);
}

/* ---- claim ------------------------------------------------------------------------------------------------ */

static enum galen_err may_claim(struct workflow *wf, enum purchasing_settling *kind,
                                const char **note, const struct purchasing_onchain *chain,
                                uint64_t index, struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)chain->id;
    struct dispute_entry entry;
    char when[BASE_TIME_TEXT];
    if (chain->state != PURCHASING_FINALIZED &&
        (chain->state != PURCHASING_DELIVERED || chain->now < chain->deadline)) {
        base_time_format(when, chain->deadline);
        base_fail(info, GALEN_ERR_STATE, "request %llu is %s: nothing can be claimed yet", id,
                  purchasing_state_name(chain->state, -1));
        if (chain->state == PURCHASING_DELIVERED)
            (void)base_hint(info, "once the buyer has finalized it, or from %s on", when);
        return GALEN_ERR_STATE;
    }
    if (index >= chain->count)
        return base_fail(info, GALEN_ERR_USAGE, "request %llu has entries 0 to %u", id,
                         chain->count - 1);
    GALEN_TRY(dispute_read_entry(wf, &entry, chain->id, index, info));
    if (dispute_is_settled(entry.status))
        return base_fail(info, GALEN_ERR_STATE, "entry %llu of request %llu is settled: %s",
                         (unsigned long long)index, id, dispute_status_name(entry.status));
    if (entry.status == DISPUTE_RULED_PAY) {
        *kind = PURCHASING_CLAIM_RULED;
        *note = "both managers ruled that it is paid: the buyer's dispute bond goes with it";
    }
    if (entry.status == DISPUTE_DISPUTED) {
        base_time_format(when, chain->rule_by);
        if (chain->now < chain->rule_by) {
            base_fail(info, GALEN_ERR_STATE, "entry %llu of request %llu is in dispute",
                      (unsigned long long)index, id);
            (void)base_hint(info,
                            "it can be claimed once both managers rule that it is paid, or, "
                            "without a ruling, from %s on",
                            when);
            return GALEN_ERR_STATE;
        }
        *kind = PURCHASING_CLAIM_UNRULED;
        *note = "it was not ruled in time: it is paid, and the dispute bond goes back to the buyer";
    }
    return GALEN_OK;
}

static enum galen_err encode_claim(struct workflow *wf, struct base_buf *data,
                                   const struct purchasing_onchain *chain, size_t index,
                                   struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    uint8_t body_hash[32];
    GALEN_TRY(purchasing_load_proof(wf, &entries, &proof, chain, index, info));
    const struct purchasing_entry *entry = &entries.items[index];
    purchasing_body_hash(body_hash, entry);
    return datahub_encode_claim(data, purchasing_u256(chain->id), purchasing_u256(entry->part),
                                purchasing_u256(index), &entry->payout, body_hash,
                                (const uint8_t(*)[32])proof.data, proof.len / 32, info);
}

enum galen_err purchasing_claim(struct workflow *wf, const struct chain_address *payer,
                                uint64_t request_id, uint64_t index, struct json_object **result,
                                struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    BASE_BUF_AUTO data = {0};
    struct purchasing_call call = {
        .payer = payer, .before = &chain, .operation = "claim", .data = &data};
    bool did = false;
    GALEN_TRY(purchasing_need_own(wf, payer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    GALEN_TRY(
        workflow_wallet_did(wf, &did, payer, "claim", (int64_t)request_id, !wf->dry_run, info));
    if (did)
        return nothing_left(wf, &chain, result, info);
    GALEN_TRY(may_claim(wf, &call.kind, &call.note, &chain, index, info));
    GALEN_TRY(encode_claim(wf, &data, &chain, (size_t)index, info));
    return purchasing_settle(wf, &call, result, info);
}
