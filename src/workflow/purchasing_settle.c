/* Purchasing, step 5: payment, and the exits that time opens to anyone. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- who was paid --------------------------------------------------------------------------------- */

static enum galen_err paid_row(struct json_object *list, const struct chain_address *to,
                               const struct chain_u256 *wei, const char *as,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "address", to, info));
    GALEN_TRY(workflow_set_wei(row, "wei", wei, info));
    GALEN_TRY(workflow_set_text(row, "as", as, info));
    return workflow_push(list, &row, info);
}

/* What the last settlement leaves for the hospital, and for the buyer when too few were valid: the
 * contract's own formulas. */
static enum galen_err split_rest(struct chain_u256 *hospital, struct chain_u256 *buyer,
                                 const struct purchasing_onchain *chain, struct galen_errinfo *info)
{
    struct chain_u256 part = purchasing_part(&chain->escrow, chain->count);
    struct chain_u256 patients;
    struct chain_u256 bond_part = {0};
    struct chain_u256 bond_lost;
    struct chain_u256 hospital_part;
    struct chain_u256 bond_left;
    (void)chain_u256_div_u64(&bond_part, &chain->bond, chain->count);
    if (chain_u256_mul_u64(&patients, &part, chain->count) != GALEN_OK ||
        chain_u256_sub(&hospital_part, &chain->escrow, &patients) != GALEN_OK ||
        chain_u256_mul_u64(&bond_lost, &bond_part, chain->invalid) != GALEN_OK ||
        chain_u256_sub(&bond_left, &chain->bond, &bond_lost) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    *hospital = bond_left;
    *buyer = (struct chain_u256){0};
    if (chain->count - chain->invalid < chain->terms.min_records)
        *buyer = hospital_part;
    else if (chain_u256_add(hospital, &bond_left, &hospital_part) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    return GALEN_OK;
}

/* The recipients of one PaymentReleased: entries in index order, then hospital, then buyer. */
static enum galen_err paid_rows(struct json_object *list,
                                const struct datahub_payment_released_event *released,
                                const struct purchasing_onchain *before,
                                const struct purchasing_onchain *after, struct galen_errinfo *info)
{
    const struct chain_address *to = released->recipients.items;
    size_t n = released->recipients.len;
    if (after->state == PURCHASING_REFUNDED) {
        struct chain_u256 amount = before->escrow;
        if (before->state == PURCHASING_REPLIED &&
            chain_u256_add(&amount, &before->escrow, &before->bond) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
        return n == 0 ? GALEN_OK : paid_row(list, &to[0], &amount, "buyer", info);
    }
    size_t entries = after->settled - before->settled;
    size_t at = 0;
    struct chain_u256 part = purchasing_part(&after->escrow, after->count);
    for (; at < n && at < entries; at++)
        GALEN_TRY(paid_row(list, &to[at], &part, "patient", info));
    if (at == n)
        return GALEN_OK;
    struct chain_u256 amounts[2];
    GALEN_TRY(split_rest(&amounts[0], &amounts[1], after, info));
    static const char *const names[2] = {"hospital", "buyer"};
    for (size_t i = 0; i < 2 && at < n; i++) {
        if (chain_u256_is_zero(&amounts[i]))
            continue;
        GALEN_TRY(paid_row(list, &to[at], &amounts[i], names[i], info));
        at++;
    }
    return GALEN_OK;
}

static enum galen_err read_payments(const struct workflow *wf, const struct chain_receipt *receipt,
                                    const struct purchasing_onchain *before,
                                    const struct purchasing_onchain *after,
                                    struct json_object *paid, struct json_object *credited,
                                    struct galen_errinfo *info)
{
    for (size_t i = 0; i < receipt->logs.len; i++) {
        CHAIN_MEM_AUTO mem = {0};
        const struct chain_log *log = &receipt->logs.items[i];
        struct datahub_payment_released_event released;
        struct datahub_credited_event credit;
        if (!chain_address_equal(&log->address, &wf->domain.contract))
            continue;
        if (datahub_decode_payment_released_event(&released, &mem, log, NULL) == GALEN_OK)
            GALEN_TRY(paid_rows(paid, &released, before, after, info));
        else if (datahub_decode_credited_event(&credit, log, NULL) == GALEN_OK)
            GALEN_TRY(paid_row(credited, &credit.account, &credit.amount, "credit", info));
    }
    return GALEN_OK;
}

/* ---- one settling transaction ----------------------------------------------------------------------- */

/* Sends data, and says who got what. note may be NULL. */
static enum galen_err settle(struct workflow *wf, const struct chain_address *payer,
                             const struct purchasing_onchain *before, const char *operation,
                             const struct base_buf *data, const char *note,
                             struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO tx = NULL;
    RECORD_JSON_AUTO paid = NULL;
    RECORD_JSON_AUTO credited = NULL;
    CHAIN_RECEIPT_AUTO receipt = {0};
    const char *role = NULL;
    bool own = false;
    bool sent = false;
    GALEN_TRY(workflow_is_own(wf, &own, &role, payer, info));
    const struct workflow_call call = {
        .from = payer,
        .data = data,
        .role = role,
        .flow = "purchasing",
        .operation = operation,
        .request_id = (int64_t)before->id,
    };
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)before->id, info));
    GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    if (sent) {
        struct purchasing_onchain after;
        GALEN_TRY(workflow_array(&paid, info));
        GALEN_TRY(workflow_array(&credited, info));
        GALEN_TRY(purchasing_take_receipt(wf, &receipt, info));
        GALEN_TRY(purchasing_read_chain(wf, &after, before->id, info));
        GALEN_TRY(read_payments(wf, &receipt, before, &after, paid, credited, info));
        GALEN_TRY(workflow_set_text(made, "state", purchasing_state_name(after.state, -1), info));
        GALEN_TRY(workflow_set_object(made, "paid", &paid, info));
        GALEN_TRY(workflow_set_object(made, "credited", &credited, info));
        GALEN_TRY(workflow_set_int(made, "unclaimed", after.count - after.settled, info));
    }
    if (note != NULL)
        GALEN_TRY(workflow_set_text(made, "note", note, info));
    workflow_give(result, &made);
    return GALEN_OK;
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

static enum galen_err may_pay(struct workflow *wf, const struct chain_address *payer,
                              const struct purchasing_onchain *chain, struct galen_errinfo *info)
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
    if (row.verified == 1)
        return GALEN_OK;
    if (row.verified == 0) {
        base_fail(info, GALEN_ERR_STATE, "the delivery of request %llu did not pass its checks",
                  id);
        (void)base_hint(info, "'galen request verify' shows which; from %s on silence pays", when);
        return GALEN_ERR_STATE;
    }
    base_fail(info, GALEN_ERR_STATE, "the delivery of request %llu has not been verified", id);
    (void)base_hint(info, "run 'galen request verify %llu' first", id);
    return GALEN_ERR_STATE;
}

static enum galen_err nothing_left(const struct purchasing_onchain *chain,
                                   struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO paid = NULL;
    RECORD_JSON_AUTO credited = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_array(&paid, info));
    GALEN_TRY(workflow_array(&credited, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)chain->id, info));
    GALEN_TRY(workflow_set_text(made, "state", purchasing_state_name(chain->state, -1), info));
    GALEN_TRY(workflow_set_object(made, "paid", &paid, info));
    GALEN_TRY(workflow_set_object(made, "credited", &credited, info));
    GALEN_TRY(workflow_set_int(made, "unclaimed", chain->count - chain->settled, info));
    GALEN_TRY(workflow_set_text(made, "note", "this was done before", info));
    workflow_give(result, &made);
    return GALEN_OK;
}

static enum galen_err pay(struct workflow *wf, const struct chain_address *payer,
                          const struct purchasing_onchain *chain, struct json_object **result,
                          struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    if (chain->state == PURCHASING_FINALIZED &&
        (chain->settled == chain->count || !can_push(chain)))
        return nothing_left(chain, result, info);
    if (chain->state != PURCHASING_FINALIZED)
        GALEN_TRY(may_pay(wf, payer, chain, info));
    if (can_push(chain)) {
        GALEN_TRY(encode_push(wf, &data, chain, info));
        return settle(wf, payer, chain, "finalizeWithBodyHashes", &data, NULL, result, info);
    }
    GALEN_TRY(datahub_encode_finalize(&data, purchasing_u256(chain->id), true, NULL, 0, info));
    return settle(wf, payer, chain, "finalize", &data,
                  "too many entries to pay in one call: each is claimed", result, info);
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
                        "disputing single entries is not part of this version; from %s on "
                        "silence pays",
                        when);
        return GALEN_ERR_STATE;
    }
    return base_fail(info, GALEN_ERR_STATE, "request %llu is %s", id,
                     purchasing_state_name(chain->state, -1));
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
        return pay(wf, payer, &chain, result, info);
    if (chain.state == PURCHASING_REFUNDED)
        return nothing_left(&chain, result, info);
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
        return nothing_left(&chain, result, info);
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

static enum galen_err need_unsettled(struct workflow *wf, const struct purchasing_onchain *chain,
                                     uint64_t index, struct galen_errinfo *info)
{
    static const char *const names[] = {"unsettled", "paid",  "disputed", "ruled to be paid",
                                        "refunded",  "fraud", "invalid"};
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    struct datahub_get_entry_status_result entry = {0};
    if (chain->state != PURCHASING_FINALIZED &&
        (chain->state != PURCHASING_DELIVERED || chain->now < chain->deadline)) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, chain->deadline);
        base_fail(info, GALEN_ERR_STATE, "request %llu is %s: nothing can be claimed yet",
                  (unsigned long long)chain->id, purchasing_state_name(chain->state, -1));
        if (chain->state == PURCHASING_DELIVERED)
            (void)base_hint(info, "once the buyer has finalized it, or from %s on", when);
        return GALEN_ERR_STATE;
    }
    if (index >= chain->count)
        return base_fail(info, GALEN_ERR_USAGE, "request %llu has entries 0 to %u",
                         (unsigned long long)chain->id, chain->count - 1);
    GALEN_TRY(datahub_encode_get_entry_status(&call, purchasing_u256(chain->id),
                                              purchasing_u256(index), info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_get_entry_status(&entry, answer.data, answer.len, info));
    /* What was disputed may have become claimable: that is the contract's to say. */
    if (entry.status == 1 || (entry.status >= 4 && entry.status < sizeof names / sizeof *names))
        return base_fail(info, GALEN_ERR_STATE, "entry %llu of request %llu is settled: %s",
                         (unsigned long long)index, (unsigned long long)chain->id,
                         names[entry.status]);
    return GALEN_OK;
}

static enum galen_err encode_claim(struct workflow *wf, struct base_buf *data,
                                   const struct purchasing_onchain *chain, size_t index,
                                   struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    uint8_t body_hash[32];
    if (chain->parts > 1)
        GALEN_TRY(purchasing_assign_parts(wf, chain->id, info));
    GALEN_TRY(purchasing_load_entries(wf, &entries, chain, info));
    const struct purchasing_entry *entry = &entries.items[index];
    size_t first = index;
    size_t end = index + 1;
    while (first > 0 && entries.items[first - 1].part == entry->part)
        first--;
    while (end < entries.n && entries.items[end].part == entry->part)
        end++;
    GALEN_TRY(purchasing_part_proof(&proof, chain->id, entries.items + first, end - first, first,
                                    index - first, info));
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
    GALEN_TRY(purchasing_need_own(wf, payer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    GALEN_TRY(need_unsettled(wf, &chain, index, info));
    GALEN_TRY(encode_claim(wf, &data, &chain, (size_t)index, info));
    return settle(wf, payer, &chain, "claim", &data, NULL, result, info);
}
