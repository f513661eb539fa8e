/* A request as the chain has it, as this home has seen it, and its template. */
#include <string.h>
#include <time.h>

#include "workflow/purchasing_internal.h"

/* ---- the chain --------------------------------------------------------------------------------- */

static enum galen_err small(uint32_t *out, const struct chain_u256 *value,
                            struct galen_errinfo *info)
{
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, value) != GALEN_OK || number > UINT32_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer about a request is off");
    *out = (uint32_t)number;
    return GALEN_OK;
}

static enum galen_err moment(int64_t *out, const struct chain_u256 *value,
                             struct galen_errinfo *info)
{
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, value) != GALEN_OK || number > (uint64_t)BASE_TIME_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer about a request is off");
    *out = (int64_t)number;
    return GALEN_OK;
}

enum galen_err purchasing_read_chain(struct workflow *wf, struct purchasing_onchain *out,
                                     uint64_t request_id, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    struct datahub_request_info request;
    struct chain_block block;
    struct chain_rpc *rpc = NULL;
    GALEN_TRY(datahub_encode_get_request(&call, purchasing_u256(request_id), info));
    enum galen_err err = workflow_read_agreed(wf, &answer, &call, info);
    if (err == GALEN_ERR_REVERTED)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the contract has no request %llu",
                         (unsigned long long)request_id);
    GALEN_TRY(err);
    GALEN_TRY(datahub_decode_get_request(&request, answer.data, answer.len, info));
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block(rpc, &block, CHAIN_BLOCK_LATEST, info));

    struct purchasing_onchain read = {
        .id = request_id,
        .state = request.state,
        .buyer = request.buyer,
        .hospital = request.hospital,
        .escrow = request.escrow,
        .bond = request.bond,
        .now = block.time_s,
        .highest_min_payout = request.highest_min_payout,
        .terms = request.terms,
    };
    if (request.state > PURCHASING_REFUNDED)
        return base_fail(info, GALEN_ERR_UNSUPPORTED,
                         "request %llu is in a state that this version does not know",
                         (unsigned long long)request_id);
    memcpy(read.last_root, request.last_release_root, 32);
    GALEN_TRY(moment(&read.deadline, &request.deadline, info));
    GALEN_TRY(moment(&read.rule_by, &request.rule_by, info));
    GALEN_TRY(small(&read.count, &request.count, info));
    GALEN_TRY(small(&read.parts, &request.parts, info));
    GALEN_TRY(small(&read.settled, &request.settled, info));
    GALEN_TRY(small(&read.invalid, &request.invalid, info));
    *out = read;
    return GALEN_OK;
}

enum galen_err purchasing_read_to_act(struct workflow *wf, struct purchasing_onchain *out,
                                      uint64_t request_id, struct galen_errinfo *info)
{
    int64_t open = 0;
    if (!wf->dry_run)
        GALEN_TRY(workflow_transact_resume(wf, info));
    GALEN_TRY(db_get_int(wf->db, &open, 0, info,
                         "SELECT count(*) FROM tx WHERE workflow = 'purchasing'"
                         " AND request_id = ? AND status IN ('signed', 'sent')",
                         DB_INT(request_id)));
    if (open > 0)
        GALEN_TRY(workflow_none_on_way(wf, request_id, info));
    if (open > 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen sync' follows it up",
                          "a transaction of request %llu is not mined yet",
                          (unsigned long long)request_id);
    return purchasing_read_chain(wf, out, request_id, info);
}

/* ---- this home ----------------------------------------------------------------------------------- */

enum galen_err purchasing_read_row(struct workflow *wf, struct purchasing_row *out,
                                   uint64_t request_id, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    if (request_id > INT64_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "that is no request's number");
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT template_hash, buyer, opened_at, manifest_cid, state, verified"
                       " FROM request WHERE id = ?",
                       DB_INT(request_id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "no request %llu is known here",
                  (unsigned long long)request_id);
        (void)base_hint(info,
                        "'galen sync' reads the chain's news, 'galen request list' shows them");
        return GALEN_ERR_NOT_FOUND;
    }
    struct purchasing_row read = {.id = request_id, .opened_at = db_int(&rows, 2)};
    GALEN_TRY(db_bytes(&rows, 0, read.template_hash, 32, info));
    GALEN_TRY(db_bytes(&rows, 1, read.buyer.bytes, 20, info));
    read.is_sealed = !db_is_null(&rows, 3);
    if (read.is_sealed)
        GALEN_TRY(db_bytes(&rows, 3, read.manifest_cid, 32, info));
    snprintf(read.state, sizeof read.state, "%s", db_text(&rows, 4));
    read.verified = db_is_null(&rows, 5) ? -1 : db_int(&rows, 5) != 0;
    *out = read;
    return GALEN_OK;
}

/* ---- the template ---------------------------------------------------------------------------------- */

enum galen_err purchasing_buyer_key(struct seal_public_key *key,
                                    const struct record_template *wanted,
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO jwk = {0};
    GALEN_TRY(record_json_jcs(&jwk, wanted->buyer_key, info));
    enum galen_err err = seal_public_parse(key, (struct base_view){jwk.data, jwk.len}, info);
    return err == GALEN_OK ? GALEN_OK : base_wrap(info, err, "the template's buyer_key");
}

enum galen_err purchasing_read_template(struct workflow *wf, struct record_template *out,
                                        struct json_object **json, const struct purchasing_row *row,
                                        const struct purchasing_onchain *chain,
                                        struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    RECORD_JSON_AUTO read = NULL;
    RECORD_TEMPLATE_AUTO wanted = {0};
    struct seal_public_key buyer_key;
    struct chain_u256 price;
    enum galen_err err = workflow_block_from(wf, &block, row->template_hash, &row->buyer, NULL,
                                             info);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "request %llu's template is not at hand",
                  (unsigned long long)row->id);
        (void)base_hint(info, "its block comes from the buyer's node or the common store");
        return GALEN_ERR_NOT_FOUND;
    }
    GALEN_TRY(err);
    GALEN_TRY(record_json_parse(&read, (char *)block.data, block.len, STORE_BLOCK_MAX, info));
    GALEN_TRY(record_template_parse(&wanted, read, info));
    GALEN_TRY(chain_u256_parse(&price, wanted.price_wei, info));
    if (chain_u256_compare(&price, &chain->escrow) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the template's price_wei is not what lies in escrow");
    if (wanted.min_records != chain->terms.min_records)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the template's min_records is not what the chain says");
    GALEN_TRY(purchasing_buyer_key(&buyer_key, &wanted, info));
    if (json != NULL) {
        *json = read;
        read = NULL;
    }
    *out = wanted;
    wanted = (struct record_template){0};
    return GALEN_OK;
}

int purchasing_request_year(const struct purchasing_row *row)
{
    time_t time_s = (time_t)row->opened_at;
    struct tm utc;
    return gmtime_r(&time_s, &utc) != NULL ? utc.tm_year + 1900 : 0;
}

/* ---- small things ------------------------------------------------------------------------------------ */

struct chain_u256 purchasing_u256(uint64_t id)
{
    return chain_u256_from_u64(id);
}

struct chain_u256 purchasing_part(const struct chain_u256 *escrow, uint32_t count)
{
    struct chain_u256 part;
    (void)chain_u256_div_u64(&part, escrow, (uint64_t)count + 1);
    return part;
}

const char *purchasing_state_name(enum purchasing_state state, int verified)
{
    switch (state) {
    case PURCHASING_OPEN:
        return "pending";
    case PURCHASING_REPLIED:
        return "replied";
    case PURCHASING_DELIVERED:
        return verified == 1 ? "verified" : "filled";
    case PURCHASING_FINALIZED:
        return "finalized";
    case PURCHASING_REFUNDED:
        return "refunded";
    case PURCHASING_NONE:
        break;
    }
    return "none";
}

enum galen_err purchasing_count_disputed(struct workflow *wf, int64_t *count, uint64_t request_id,
                                         struct galen_errinfo *info)
{
    return db_get_int(wf->db, count, 0, info,
                      "SELECT count(*) FROM entry WHERE request_id = ? AND status = 2",
                      DB_INT(request_id));
}

enum galen_err purchasing_derive_state(struct workflow *wf, const char **out,
                                       const struct purchasing_onchain *chain, int verified,
                                       struct galen_errinfo *info)
{
    int64_t disputed = 0;
    if ((chain->state == PURCHASING_DELIVERED || chain->state == PURCHASING_FINALIZED) &&
        chain->now < chain->rule_by)
        GALEN_TRY(purchasing_count_disputed(wf, &disputed, chain->id, info));
    *out = disputed > 0 ? "disputed" : purchasing_state_name(chain->state, verified);
    return GALEN_OK;
}

enum galen_err purchasing_bundle_context(struct base_buf *out, uint64_t request_id,
                                         const uint8_t template_hash32[32],
                                         struct galen_errinfo *info)
{
    RECORD_JSON_AUTO context = NULL;
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_text(context, "type", PURCHASING_BUNDLE_TYPE, info));
    GALEN_TRY(workflow_set_int(context, "requestId", (int64_t)request_id, info));
    GALEN_TRY(record_json_set_hex(context, "templateHash", template_hash32, 32, info));
    return record_json_jcs(out, context, info);
}

enum galen_err purchasing_key_context(struct base_buf *out, uint64_t request_id,
                                      const uint8_t bundle_cid32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO context = NULL;
    GALEN_TRY(workflow_object(&context, info));
    GALEN_TRY(workflow_set_text(context, "type", PURCHASING_BUNDLE_TYPE, info));
    GALEN_TRY(workflow_set_int(context, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_cid(context, "bundleCid", bundle_cid32, info));
    return record_json_jcs(out, context, info);
}

enum galen_err purchasing_bundle_digest(uint8_t digest32[32], const uint8_t bundle_cid32[32],
                                        const char *ek, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    uint8_t ek_digest[32];
    store_digest(ek_digest, ek, strlen(ek));
    if (base_buf_append_text(&bytes, "galen/bundle/1") != GALEN_OK ||
        base_buf_append(&bytes, bundle_cid32, 32) != GALEN_OK ||
        base_buf_append(&bytes, ek_digest, 32) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(digest32, bytes.data, bytes.len);
    return GALEN_OK;
}

enum galen_err purchasing_need_own(struct workflow *wf, const struct chain_address *account,
                                   struct galen_errinfo *info)
{
    bool own = false;
    char text[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(workflow_is_own(wf, &own, NULL, account, info));
    if (own)
        return GALEN_OK;
    chain_address_format(text, account);
    return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "'galen account list' shows the identities",
                      "%s is not an identity of this home", text);
}
