/*
 * Tracing and claiming: which signatures a revealed token links, and a doctor's own proof that a
 * signature is the doctor's. ctx32 of a claim = SHA-256(SHA-256(purpose) ‖ claimant's address 20 ‖
 * verifier's nonce 32), so a claim made for one verifier is worth nothing to the next.
 */
#include "workflow/opening_internal.h"
#include "workflow/verify.h"

#include <string.h>

#define CLAIM_TYPE        "galen.claim/1"
#define PURPOSE_MAX_BYTES 256

/* ---- trace ---------------------------------------------------------------------------------------- */

struct trace {
    const struct groupsig_token *tokens; /* borrowed */
    size_t n_tokens;
    struct json_object *linked; /* borrowed */
    int64_t examined, invalid;
};

static enum galen_err link_row(struct json_object *list, const struct known_signature *signature,
                               size_t token, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "token", (int64_t)token, info));
    GALEN_TRY(workflow_set_text(row, "kind", signature->is_release ? "release" : "record", info));
    GALEN_TRY(record_json_set_hex(row, signature->is_release ? "releaseRoot" : "merkleRoot",
                                  signature->root, 32, info));
    if (signature->is_release) {
        GALEN_TRY(workflow_set_int(row, "requestId", signature->request_id, info));
    } else {
        GALEN_TRY(workflow_set_cid(row, "cid", signature->cid, info));
        GALEN_TRY(workflow_set_address(row, "patient", &signature->owner, info));
    }
    GALEN_TRY(workflow_set_int(row, "keyVersion", signature->key_version, info));
    return workflow_push(list, &row, info);
}

static enum galen_err trace_one(struct workflow *wf, void *user,
                                const struct known_signature *signature, struct galen_errinfo *info)
{
    struct trace *trace = user;
    struct groupsig_verified verified;
    bool valid = false;
    size_t token = 0;
    enum galen_err err = workflow_verify_signature(wf, &valid, &verified, signature->key_version,
                                                   signature->sig362, signature->msg32, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    trace->examined++;
    if (!valid) {
        trace->invalid++;
        return GALEN_OK;
    }
    if (!groupsig_trace_list(&token, &verified, trace->tokens, trace->n_tokens))
        return GALEN_OK;
    return link_row(trace->linked, signature, token, info);
}

static enum galen_err own_token(struct workflow *wf, struct groupsig_token *out,
                                const char *opening_id, struct galen_errinfo *info)
{
    struct opening opening;
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    bool revealed = false;
    GALEN_TRY(opening_find(wf, &opening, opening_id, NULL, info));
    GALEN_TRY(opening_token(wf, &revealed, token, &opening, info));
    if (!revealed)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen group reveal' asks for it",
                          "the doctor's tracing token has not been revealed");
    if (groupsig_token_parse(out, token, sizeof token) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "the kept token is damaged");
    return GALEN_OK;
}

enum galen_err group_trace(struct workflow *wf, const char *opening_id, bool on_chain,
                           struct json_object **result, struct galen_errinfo *info)
{
    REVOCATION_LIST_AUTO list = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO linked = NULL;
    struct groupsig_token own;
    struct trace trace = {0};
    GALEN_TRY(workflow_need_contract(wf, info));
    if (opening_id != NULL) {
        GALEN_TRY(own_token(wf, &own, opening_id, info));
        trace.tokens = &own;
        trace.n_tokens = 1;
    } else {
        GALEN_TRY(revocation_list_load(wf, &list, 0, info));
        if (list.problem[0] != '\0')
            return base_fail(info, GALEN_ERR_CHECK, "the list cannot be used: %s", list.problem);
        trace.tokens = list.tokens;
        trace.n_tokens = list.n_tokens;
    }
    GALEN_TRY(workflow_array(&linked, info));
    trace.linked = linked;
    if (on_chain)
        GALEN_TRY(signature_each_on_chain(wf, NULL, trace_one, &trace, info));
    else
        GALEN_TRY(signature_each_here(wf, trace_one, &trace, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "tokens", (int64_t)trace.n_tokens, info));
    GALEN_TRY(workflow_set_int(made, "examined", trace.examined, info));
    GALEN_TRY(workflow_set_int(made, "invalid", trace.invalid, info));
    GALEN_TRY(workflow_set_object(made, "linked", &linked, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- claim ------------------------------------------------------------------------------------------ */

static void claim_context(uint8_t ctx32[32], const char *purpose,
                          const struct chain_address *claimant, const uint8_t nonce32[32])
{
    uint8_t bytes[32 + 20 + 32];
    store_digest(bytes, purpose, strlen(purpose));
    memcpy(bytes + 32, claimant->bytes, 20);
    memcpy(bytes + 52, nonce32, 32);
    store_digest(ctx32, bytes, sizeof bytes);
}

static enum galen_err make_proof(struct workflow *wf, uint8_t claim[GROUPSIG_CLAIM_BYTES],
                                 const struct chain_address *doctor,
                                 const struct known_signature *signature, const uint8_t ctx32[32],
                                 struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    struct groupsig_member_secret member;
    BASE_SECRET_AUTO stored = {0};
    bool valid = false;
    GALEN_TRY(workflow_group_key(wf, signature->key_version, &key, info));
    GALEN_TRY(workflow_verify_signature(wf, &valid, &verified, signature->key_version,
                                        signature->sig362, signature->msg32, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK, "the group signature is not valid");
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_MEMBER, doctor, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "this doctor is not a member of the group");
    GALEN_TRY(err);
    enum groupsig_status status = groupsig_member_secret_parse(&member, stored.data, stored.len);
    if (status != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "the member secret in the key store is damaged");
    status = groupsig_claim_make(key, claim, &member, &verified, ctx32, &workflow_rng);
    groupsig_member_secret_clear(&member);
    return status == GROUPSIG_OK ? GALEN_OK : workflow_groupsig_fail(status, "signature", info);
}

enum galen_err claim_make(struct workflow *wf, const struct chain_address *doctor,
                          const struct opening_target *target, const char *purpose,
                          const uint8_t nonce32[32], struct json_object **result,
                          struct galen_errinfo *info)
{
    struct known_signature signature;
    uint8_t ctx32[32], claim[GROUPSIG_CLAIM_BYTES];
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(steps_need_role(wf, doctor, "doctor", info));
    if (purpose == NULL || purpose[0] == '\0' || strlen(purpose) > PURPOSE_MAX_BYTES)
        return base_fail(info, GALEN_ERR_USAGE, "a claim has a purpose of 1 to %d bytes",
                         PURPOSE_MAX_BYTES);
    GALEN_TRY(signature_find(wf, &signature, target, info));
    claim_context(ctx32, purpose, doctor, nonce32);
    GALEN_TRY(make_proof(wf, claim, doctor, &signature, ctx32, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "type", CLAIM_TYPE, info));
    GALEN_TRY(workflow_set_int(made, "keyVersion", signature.key_version, info));
    GALEN_TRY(record_json_set_hex(made, "message", signature.msg32, 32, info));
    GALEN_TRY(
        record_json_set_hex(made, "signature", signature.sig362, sizeof signature.sig362, info));
    GALEN_TRY(workflow_set_text(made, "purpose", purpose, info));
    GALEN_TRY(workflow_set_address(made, "claimant", doctor, info));
    GALEN_TRY(record_json_set_hex(made, "nonce", nonce32, 32, info));
    GALEN_TRY(record_json_set_hex(made, "claim", claim, sizeof claim, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

struct claim {
    struct known_signature signature;
    struct chain_address claimant;
    const char *purpose; /* borrowed */
    uint8_t nonce[32], proof[GROUPSIG_CLAIM_BYTES];
};

static enum galen_err parse_claim(struct claim *out, struct json_object *json,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",     "keyVersion", "message", "signature", "purpose",
                                       "claimant", "nonce",      "claim",   NULL};
    static const char where[] = "claim";
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(json, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(json, CLAIM_TYPE, info));
    GALEN_TRY(record_json_get_int(&version, json, "keyVersion", need, 1, UINT32_MAX, where, info));
    GALEN_TRY(record_json_get_hex(out->signature.msg32, 32, json, "message", need, where, info));
    GALEN_TRY(record_json_get_hex(out->signature.sig362, sizeof out->signature.sig362, json,
                                  "signature", need, where, info));
    GALEN_TRY(
        record_json_get_text(&out->purpose, json, "purpose", need, PURPOSE_MAX_BYTES, where, info));
    GALEN_TRY(workflow_get_address(&out->claimant, json, "claimant", where, info));
    GALEN_TRY(record_json_get_hex(out->nonce, 32, json, "nonce", need, where, info));
    GALEN_TRY(record_json_get_hex(out->proof, sizeof out->proof, json, "claim", need, where, info));
    out->signature.key_version = (uint32_t)version;
    return GALEN_OK;
}

static enum galen_err check_record(struct workflow *wf, const struct claim *claim,
                                   const char *record, struct json_object *checks, bool *all,
                                   struct galen_errinfo *info)
{
    const struct opening_target target = {.record = record};
    struct known_signature wanted;
    GALEN_TRY(signature_find(wf, &wanted, &target, info));
    bool same = memcmp(wanted.sig362, claim->signature.sig362, sizeof wanted.sig362) == 0 &&
                memcmp(wanted.msg32, claim->signature.msg32, 32) == 0;
    return workflow_check(checks, all, same, "record", info,
                          same ? "the claim is about that record's signature"
                               : "the claim is about another signature");
}

static enum galen_err check_proof(struct workflow *wf, const struct claim *claim,
                                  const struct groupsig_verified *verified,
                                  struct json_object *checks, bool *all, struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    uint8_t ctx32[32];
    bool holds = false;
    GALEN_TRY(workflow_group_key(wf, claim->signature.key_version, &key, info));
    claim_context(ctx32, claim->purpose, &claim->claimant, claim->nonce);
    enum groupsig_status status = groupsig_claim_verify(key, &holds, claim->proof,
                                                        sizeof claim->proof, verified, ctx32);
    holds = holds && status == GROUPSIG_OK;
    return workflow_check(checks, all, holds, "claim", info,
                          holds ? "made by the signer, for this purpose, claimant and nonce"
                                : "not made by the signer for this purpose, claimant and nonce");
}

enum galen_err claim_verify(struct workflow *wf, struct json_object *json,
                            const uint8_t nonce32[32], const char *record, bool *passed,
                            struct json_object **result, struct galen_errinfo *info)
{
    struct claim claim = {0};
    struct groupsig_verified verified;
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    bool all = true;
    bool valid = false;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(parse_claim(&claim, json, info));
    GALEN_TRY(workflow_array(&checks, info));
    bool fresh = memcmp(claim.nonce, nonce32, 32) == 0;
    GALEN_TRY(workflow_check(checks, &all, fresh, "nonce", info,
                             fresh ? "the one that this verifier gave"
                                   : "another than this verifier gave: it may be a copy"));
    if (record != NULL)
        GALEN_TRY(check_record(wf, &claim, record, checks, &all, info));
    GALEN_TRY(workflow_check_signature(wf, checks, &all, &valid, &verified,
                                       claim.signature.key_version, claim.signature.sig362,
                                       claim.signature.msg32, info));
    if (valid)
        GALEN_TRY(check_proof(wf, &claim, &verified, checks, &all, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "claimant", &claim.claimant, info));
    GALEN_TRY(workflow_set_text(made, "purpose", claim.purpose, info));
    GALEN_TRY(workflow_set_bool(made, "passed", all, info));
    GALEN_TRY(workflow_set_object(made, "checks", &checks, info));
    *passed = all;
    workflow_give(result, &made);
    return GALEN_OK;
}
