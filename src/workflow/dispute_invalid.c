/* What the contract finds invalid by itself, the group signature and the consent, and the proof of
 * it: no judge is needed. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

/* Valid, and its points have the y coordinates that were delivered with it. */
static enum galen_err is_signed(struct workflow *wf, bool *valid, const char **fault,
                                const struct purchasing_entry *entry, struct galen_errinfo *info)
{
    struct groupsig_signature parsed;
    uint8_t msg32[32];
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES];
    GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                                   entry->release_root, entry->release_addr.bytes, info));
    GALEN_TRY(
        workflow_verify_signature(wf, valid, NULL, entry->key_version, entry->sig, msg32, info));
    if (!*valid ||
        groupsig_signature_parse(&parsed, entry->sig, sizeof entry->sig) != GROUPSIG_OK) {
        *valid = false;
        *fault = "the group signature is not valid";
        return GALEN_OK;
    }
    groupsig_signature_ys(&parsed, ys);
    *valid = memcmp(ys, entry->ys, sizeof ys) == 0;
    if (!*valid)
        *fault = "the y coordinates delivered are not those of the group signature";
    return GALEN_OK;
}

enum galen_err dispute_find_fault(struct workflow *wf, const char **fault, uint64_t request_id,
                                  const struct purchasing_entry *entry, struct galen_errinfo *info)
{
    bool valid = false;
    const char *found = NULL;
    purchasing_consent_valid(wf, &valid, request_id, entry);
    if (!valid)
        found = "the consent is not releaseAddr's for exactly this entry";
    else
        GALEN_TRY(is_signed(wf, &valid, &found, entry, info));
    *fault = found;
    return GALEN_OK;
}

/* ---- the proof ------------------------------------------------------------------------------------- */

/* An entry that is to be proven invalid, and why. */
struct target {
    struct dispute_entry entry;
    const char *fault;
};
struct targets {
    struct target *items; /* owned */
    size_t n;
};
static void targets_clear(struct targets *targets)
{
    free(targets->items);
}
#define TARGETS_AUTO GALEN_CLEANUP(targets_clear) struct targets

static enum galen_err add_target(struct workflow *wf, struct targets *targets,
                                 const struct chain_address *prover, uint64_t request_id,
                                 const struct dispute_entry *entry,
                                 const struct purchasing_entry *delivered, bool is_named,
                                 struct galen_errinfo *info)
{
    const char *fault = NULL;
    unsigned long long index = (unsigned long long)entry->index;
    if (dispute_is_settled(entry->status)) {
        bool did = false;
        if (is_named)
            GALEN_TRY(workflow_wallet_did(wf, &did, prover, "proveInvalidEntry",
                                          (int64_t)request_id, !wf->dry_run, info));
        if (!is_named || did)
            return GALEN_OK;
        return base_fail(info, GALEN_ERR_STATE, "entry %llu of request %llu is settled: %s", index,
                         (unsigned long long)request_id, dispute_status_name(entry->status));
    }
    GALEN_TRY(dispute_find_fault(wf, &fault, request_id, delivered, info));
    if (fault != NULL) {
        targets->items[targets->n++] = (struct target){*entry, fault};
        return GALEN_OK;
    }
    if (!is_named)
        return GALEN_OK;
    return STEPS_FAIL(info, GALEN_ERR_CHECK,
                      "the contract would refuse the proof; what is wrong with its content is for "
                      "'galen request dispute'",
                      "entry %llu of request %llu has a valid group signature and a valid consent",
                      index, (unsigned long long)request_id);
}

/* The named entries, or all that are provable. */
static enum galen_err find_targets(struct workflow *wf, struct targets *out,
                                   const struct chain_address *prover,
                                   const struct purchasing_onchain *chain, const uint64_t *indices,
                                   size_t n, struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO delivered = {0};
    DISPUTE_ENTRIES_AUTO named = {0};
    TARGETS_AUTO found = {0};
    GALEN_TRY(purchasing_load_entries(wf, &delivered, chain, info));
    found.items = calloc(delivered.n + 1, sizeof *found.items);
    if (found.items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (n > 0)
        GALEN_TRY(dispute_read_entries(wf, &named, chain, indices, n, info));
    for (size_t i = 0; i < named.n; i++)
        GALEN_TRY(add_target(wf, &found, prover, chain->id, &named.items[i],
                             &delivered.items[named.items[i].index], true, info));
    for (size_t i = 0; n == 0 && i < delivered.n; i++) {
        struct dispute_entry entry = {0};
        const char *fault = NULL;
        GALEN_TRY(dispute_find_fault(wf, &fault, chain->id, &delivered.items[i], info));
        if (fault == NULL)
            continue;
        GALEN_TRY(dispute_read_entry(wf, &entry, chain->id, i, info));
        if (!dispute_is_settled(entry.status))
            found.items[found.n++] = (struct target){entry, fault};
    }
    if (found.n == 0)
        return STEPS_FAIL(info, GALEN_ERR_CHECK,
                          "'galen request verify' shows what else may be wrong",
                          "every unsettled entry of request %llu has a valid group signature and a "
                          "valid consent",
                          (unsigned long long)chain->id);
    *out = found;
    found = (struct targets){0};
    return GALEN_OK;
}

static enum galen_err encode_proof(struct workflow *wf, struct base_buf *data,
                                   const struct purchasing_onchain *chain, size_t index,
                                   struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    GALEN_TRY(purchasing_load_proof(wf, &entries, &proof, chain, index, info));
    const struct purchasing_entry *entry = &entries.items[index];
    const struct datahub_entry given = purchasing_entry_argument(entry);
    return datahub_encode_prove_invalid_entry(
        data, purchasing_u256(chain->id), purchasing_u256(entry->part), purchasing_u256(index),
        &given, (const uint8_t(*)[32])proof.data, proof.len / 32, info);
}

static enum galen_err prove_one(struct workflow *wf, const struct chain_address *prover,
                                uint64_t request_id, const struct target *target,
                                struct json_object *list, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    RECORD_JSON_AUTO row = NULL;
    struct purchasing_onchain before;
    bool has_bond = target->entry.status != DISPUTE_UNSETTLED;
    GALEN_TRY(purchasing_read_chain(wf, &before, request_id, info));
    GALEN_TRY(encode_proof(wf, &data, &before, (size_t)target->entry.index, info));
    const struct purchasing_call call = {
        .payer = prover,
        .before = &before,
        .kind = has_bond ? PURCHASING_TAKE_BACK_BOND : PURCHASING_TAKE_BACK,
        .operation = "proveInvalidEntry",
        .data = &data,
    };
    GALEN_TRY(purchasing_settle(wf, &call, &row, info));
    GALEN_TRY(workflow_set_int(row, "index", (int64_t)target->entry.index, info));
    GALEN_TRY(workflow_set_text(row, "fault", target->fault, info));
    return workflow_push(list, &row, info);
}

enum galen_err dispute_prove_invalid(struct workflow *wf, const struct chain_address *prover,
                                     uint64_t request_id, const uint64_t *indices, size_t n,
                                     struct json_object **result, struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    TARGETS_AUTO targets = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(purchasing_need_own(wf, prover, info));
    GALEN_TRY(purchasing_read_to_act(wf, &chain, request_id, info));
    if (chain.state != PURCHASING_DELIVERED && chain.state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s: there are no entries",
                         (unsigned long long)request_id, purchasing_state_name(chain.state, -1));
    GALEN_TRY(find_targets(wf, &targets, prover, &chain, indices, n, info));
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < targets.n; i++)
        GALEN_TRY(prove_one(wf, prover, request_id, &targets.items[i], list, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_object(made, "entries", &list, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
