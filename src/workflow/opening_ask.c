/* A buyer asks on-chain who signed an entry that both managers ruled Fraud. */
#include "workflow/dispute_internal.h"
#include "workflow/opening_internal.h"

#include <string.h>

/* Refused here in words, before the contract does. */
static enum galen_err may_ask(struct workflow *wf, const struct chain_address *buyer,
                              const struct purchasing_onchain *chain, uint64_t index,
                              struct galen_errinfo *info)
{
    struct dispute_entry entry;
    struct datahub_opening_info status;
    char when[BASE_TIME_TEXT];
    bool did = false;
    unsigned long long id = (unsigned long long)chain->id;
    if (!chain_address_equal(buyer, &chain->buyer))
        return base_fail(info, GALEN_ERR_USAGE,
                         "only the buyer of request %llu may ask who signed its entries", id);
    if (chain->state != PURCHASING_DELIVERED && chain->state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s: it has no entries", id,
                         purchasing_state_name(chain->state, -1));
    if (index >= chain->count)
        return base_fail(info, GALEN_ERR_USAGE, "request %llu has entries 0 to %u", id,
                         chain->count - 1);
    GALEN_TRY(dispute_read_entry(wf, &entry, chain->id, index, info));
    if (entry.status != DISPUTE_FRAUDULENT)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "a doctor is named only where both managers have ruled fraud",
                          "entry %llu of request %llu is %s", (unsigned long long)index, id,
                          dispute_status_name(entry.status));
    GALEN_TRY(opening_onchain_status(wf, &status, chain->id, index, info));
    GALEN_TRY(workflow_wallet_did(wf, &did, buyer, "requestOpening", (int64_t)id, false, info));
    if (status.requested && !did)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "'galen group openings' shows how it stands; the managers agree one by "
                          "one",
                          "the opening of entry %llu of request %llu has been asked for already",
                          (unsigned long long)index, id);
    base_time_format(when, chain->rule_by + PURCHASING_OPENING_PERIOD_S);
    if (chain->now >= chain->rule_by + PURCHASING_OPENING_PERIOD_S)
        return base_fail(info, GALEN_ERR_STATE,
                         "openings of request %llu could be asked for until %s", id, when);
    return GALEN_OK;
}

static enum galen_err encode_ask(struct workflow *wf, struct base_buf *data, uint8_t id32[32],
                                 const struct purchasing_onchain *chain, uint64_t index,
                                 struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    uint8_t hash[32];
    GALEN_TRY(purchasing_load_proof(wf, &entries, &proof, chain, (size_t)index, info));
    const struct purchasing_entry *entry = &entries.items[index];
    const struct datahub_entry args = purchasing_entry_argument(entry);
    chain_keccak256(hash, entry->sig, sizeof entry->sig);
    store_digest(id32, entry->sig, sizeof entry->sig);
    return datahub_encode_request_opening(
        data, hash, purchasing_u256(chain->id), purchasing_u256(entry->part),
        purchasing_u256(index), &args, (const uint8_t(*)[32])proof.data, proof.len / 32, info);
}

enum galen_err opening_ask(struct workflow *wf, const struct chain_address *buyer,
                           uint64_t request_id, uint64_t index, struct json_object **result,
                           struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    BASE_BUF_AUTO data = {0};
    RECORD_JSON_AUTO made = NULL;
    CHAIN_RECEIPT_AUTO receipt = {0};
    uint8_t id32[32];
    const char *role = NULL;
    bool own = false;
    bool sent = false;
    GALEN_TRY(purchasing_need_own(wf, buyer, info));
    GALEN_TRY(workflow_is_own(wf, &own, &role, buyer, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    GALEN_TRY(may_ask(wf, buyer, &chain, index, info));
    GALEN_TRY(encode_ask(wf, &data, id32, &chain, index, info));
    const struct workflow_call call = {
        .from = buyer,
        .data = &data,
        .role = role,
        .flow = "purchasing",
        .operation = "requestOpening",
        .request_id = (int64_t)request_id,
    };
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_int(made, "entry", (int64_t)index, info));
    GALEN_TRY(record_json_set_hex(made, "id", id32, 32, info));
    GALEN_TRY(steps_transact(wf, &call, &sent, &receipt, made, info));
    if (sent) {
        GALEN_TRY(workflow_take_receipt(wf, &receipt, info));
        GALEN_TRY(opening_retry_waiting(wf, info));
        GALEN_TRY(workflow_set_text(made, "state", "asked", info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}
