/* What a settling call paid, by the contract's own formulas: its events name the recipients, not
 * the amounts. */
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

/* What an entry that is bad takes back to the buyer, dispute bond apart. */
static enum galen_err refund_of(struct chain_u256 *out, const struct purchasing_onchain *chain)
{
    struct chain_u256 part = purchasing_part(&chain->escrow, chain->count);
    struct chain_u256 bond_part = {0};
    (void)chain_u256_div_u64(&bond_part, &chain->bond, chain->count);
    return chain_u256_add(out, &part, &bond_part);
}

enum galen_err purchasing_dispute_bond(struct chain_u256 *out,
                                       const struct purchasing_onchain *chain)
{
    struct chain_u256 nine = chain_u256_from_u64(9);
    struct chain_u256 part = purchasing_part(&chain->escrow, chain->count);
    struct chain_u256 sum;
    GALEN_TRY(chain_u256_add(&sum, &part, &nine));
    (void)chain_u256_div_u64(out, &sum, 10);
    return GALEN_OK;
}

/* How many recipients come before hospital and buyer of the last settlement, and what number `at`
 * of them is paid; `settled`: entries that this call settled. */
struct lead {
    size_t n;
    const char *as;
    struct chain_u256 wei;
    struct chain_u256 second_wei; /* of the buyer, when n comes from an unruled entry's claim */
};

static enum galen_err find_lead(struct lead *out, enum purchasing_settling kind,
                                const struct purchasing_onchain *after, size_t settled)
{
    struct chain_u256 part = purchasing_part(&after->escrow, after->count);
    struct chain_u256 bond = {0};
    struct lead lead = {.n = settled, .as = "patient", .wei = part};
    GALEN_TRY(purchasing_dispute_bond(&bond, after));
    if (kind == PURCHASING_CLAIM_RULED)
        GALEN_TRY(chain_u256_add(&lead.wei, &part, &bond));
    if (kind == PURCHASING_CLAIM_UNRULED && settled > 0) {
        lead.n = 2;
        lead.second_wei = bond;
    }
    if (kind == PURCHASING_TAKE_BACK || kind == PURCHASING_TAKE_BACK_BOND) {
        struct chain_u256 each;
        lead.n = settled > 0;
        lead.as = "buyer";
        GALEN_TRY(refund_of(&each, after));
        if (kind == PURCHASING_TAKE_BACK_BOND)
            GALEN_TRY(chain_u256_add(&each, &each, &bond));
        GALEN_TRY(chain_u256_mul_u64(&lead.wei, &each, settled));
    }
    *out = lead;
    return GALEN_OK;
}

/* The recipients of one PaymentReleased: entries in index order, or the buyer; then, with the last
 * entry, hospital and buyer. */
static enum galen_err paid_rows(struct json_object *list, enum purchasing_settling kind,
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
    struct lead lead;
    size_t at = 0;
    if (find_lead(&lead, kind, after, after->settled - before->settled) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    for (; at < n && at < lead.n; at++) {
        bool is_second = kind == PURCHASING_CLAIM_UNRULED && at == 1;
        GALEN_TRY(paid_row(list, &to[at], is_second ? &lead.second_wei : &lead.wei,
                           is_second ? "buyer" : lead.as, info));
    }
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
                                    enum purchasing_settling kind,
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
            GALEN_TRY(paid_rows(paid, kind, &released, before, after, info));
        else if (datahub_decode_credited_event(&credit, log, NULL) == GALEN_OK)
            GALEN_TRY(paid_row(credited, &credit.account, &credit.amount, "credit", info));
    }
    return GALEN_OK;
}

/* ---- one transaction ---------------------------------------------------------------------------- */

enum galen_err purchasing_settle(struct workflow *wf, const struct purchasing_call *given,
                                 struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO tx = NULL;
    RECORD_JSON_AUTO paid = NULL;
    RECORD_JSON_AUTO credited = NULL;
    CHAIN_RECEIPT_AUTO receipt = {0};
    const struct purchasing_onchain *before = given->before;
    const char *role = NULL;
    bool own = false;
    bool sent = false;
    GALEN_TRY(workflow_is_own(wf, &own, &role, given->payer, info));
    const struct workflow_call call = {
        .from = given->payer,
        .value = given->value,
        .data = given->data,
        .role = role,
        .flow = "purchasing",
        .operation = given->operation,
        .request_id = (int64_t)before->id,
    };
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)before->id, info));
    GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    if (sent) {
        struct purchasing_onchain after;
        const char *state = NULL;
        GALEN_TRY(workflow_array(&paid, info));
        GALEN_TRY(workflow_array(&credited, info));
        GALEN_TRY(workflow_take_receipt(wf, &receipt, info));
        GALEN_TRY(purchasing_read_chain(wf, &after, before->id, info));
        GALEN_TRY(read_payments(wf, &receipt, given->kind, before, &after, paid, credited, info));
        GALEN_TRY(purchasing_derive_state(wf, &state, &after, -1, info));
        GALEN_TRY(workflow_set_text(made, "state", state, info));
        GALEN_TRY(workflow_set_object(made, "paid", &paid, info));
        GALEN_TRY(workflow_set_object(made, "credited", &credited, info));
        GALEN_TRY(workflow_set_int(made, "unclaimed", after.count - after.settled, info));
    }
    if (given->note != NULL)
        GALEN_TRY(workflow_set_text(made, "note", given->note, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
