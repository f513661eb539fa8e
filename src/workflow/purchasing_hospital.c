/* Purchasing, step 2, the hospital confirms availability; and step 3's beginning: it asks its
 * patients. */
#include <string.h>

#include "workflow/purchasing_internal.h"

/* A request as both of the hospital's steps need it. */
struct view {
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    uint32_t rule_k; /* fewest patients alike */
    struct purchasing_matches matches;
};
static void view_clear(struct view *view)
{
    record_template_clear(&view->wanted);
    purchasing_matches_clear(&view->matches);
}
#define VIEW_AUTO GALEN_CLEANUP(view_clear) struct view

static enum galen_err view_read(struct workflow *wf, struct view *view,
                                const struct chain_address *hospital, uint64_t request_id,
                                struct galen_errinfo *info)
{
    GALEN_TRY(steps_need_role(wf, hospital, "hospital", info));
    GALEN_TRY(purchasing_read_row(wf, &view->row, request_id, info));
    return purchasing_read_to_act(wf, &view->chain, request_id, info);
}

static enum galen_err view_match(struct workflow *wf, struct view *view,
                                 const struct chain_address *hospital, uint32_t wanted_k,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(purchasing_rule_k(wf, &view->rule_k, hospital, view->row.id, wanted_k, info));
    GALEN_TRY(purchasing_read_template(wf, &view->wanted, NULL, &view->row, &view->chain, info));
    return purchasing_find_matches(wf, &view->matches, hospital, view->row.id, &view->wanted,
                                   purchasing_request_year(&view->row), view->rule_k, info);
}

static bool is_ours(const struct view *view, const struct chain_address *hospital)
{
    return chain_address_equal(&view->chain.hospital, hospital);
}

/* ---- step 2: reply ------------------------------------------------------------------------------- */

static enum galen_err make_offer(struct base_buf *bytes, const struct view *view,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO offer = NULL;
    GALEN_TRY(workflow_object(&offer, info));
    GALEN_TRY(workflow_set_text(offer, "type", PURCHASING_OFFER_TYPE, info));
    GALEN_TRY(workflow_set_int(offer, "requestId", (int64_t)view->row.id, info));
    GALEN_TRY(record_json_set_hex(offer, "templateHash", view->row.template_hash, 32, info));
    GALEN_TRY(workflow_set_int(offer, "available", (int64_t)view->matches.n, info));
    GALEN_TRY(workflow_set_int(offer, "k", view->matches.k, info));
    return record_json_jcs(bytes, offer, info);
}

static enum galen_err reply_result(struct json_object **result, const struct view *view,
                                   const uint8_t offer_cid32[32], struct json_object **tx,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)view->row.id, info));
    GALEN_TRY(workflow_set_int(made, "available", (int64_t)view->matches.n, info));
    GALEN_TRY(workflow_set_int(made, "suppressed", (int64_t)view->matches.suppressed, info));
    GALEN_TRY(workflow_set_int(made, "k", view->matches.k, info));
    GALEN_TRY(workflow_set_int(made, "leastK", view->rule_k, info));
    if (offer_cid32 != NULL)
        GALEN_TRY(workflow_set_cid(made, "offerCid", offer_cid32, info));
    GALEN_TRY(workflow_set_wei(made, "bondWei", &view->chain.bond, info));
    if (*tx != NULL)
        GALEN_TRY(workflow_set_object(made, "tx", tx, info));
    else
        GALEN_TRY(workflow_set_text(made, "note", "this hospital has replied before", info));
    workflow_give(result, &made);
    return GALEN_OK;
}

static enum galen_err need_open(const struct view *view, struct galen_errinfo *info)
{
    unsigned long long id = (unsigned long long)view->row.id;
    if (view->chain.state == PURCHASING_REPLIED)
        return base_fail(info, GALEN_ERR_STATE, "another hospital has taken request %llu", id);
    if (view->chain.state != PURCHASING_OPEN)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s", id,
                         purchasing_state_name(view->chain.state, -1));
    if (view->chain.now >= view->chain.deadline)
        return base_fail(info, GALEN_ERR_STATE, "the time to reply to request %llu is over", id);
    return GALEN_OK;
}

static enum galen_err send_reply(struct workflow *wf, const struct view *view,
                                 const struct chain_address *hospital, const struct base_buf *offer,
                                 const uint8_t offer_cid32[32], struct json_object **tx,
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    bool sent = false;
    const struct workflow_call call = {
        .from = hospital,
        .value = &view->chain.bond,
        .data = &data,
        .role = "hospital",
        .flow = "purchasing",
        .operation = "reply",
        .request_id = (int64_t)view->row.id,
    };
    GALEN_TRY(datahub_encode_reply(&data, purchasing_u256(view->row.id), offer_cid32, info));
    if (!wf->dry_run)
        GALEN_TRY(workflow_publish(wf, NULL, "offer", 0, offer->data, offer->len, info));
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, tx, info));
    return sent ? workflow_take_receipt(wf, &receipt, info) : GALEN_OK;
}

/* Too few may be sold: says how many there are, and what keeps the others back. */
static enum galen_err need_records(const struct view *view, struct galen_errinfo *info)
{
    if (view->matches.n >= view->chain.terms.min_records)
        return GALEN_OK;
    base_fail(
        info, GALEN_ERR_STATE,
        "%zu matching records are here, %zu of them may be sold at k = %u, request %llu wants "
        "%u",
        view->matches.n + view->matches.suppressed, view->matches.n, view->rule_k,
        (unsigned long long)view->row.id, view->chain.terms.min_records);
    (void)base_hint(info,
                    view->matches.suppressed > 0
                        ? "the others are of too few patients alike, of one diagnosis, or would "
                          "single patients out beside an earlier delivery"
                        : "reply once there are enough; the bond is lost if they never come");
    return GALEN_ERR_STATE;
}

enum galen_err purchasing_reply(struct workflow *wf, const struct chain_address *hospital,
                                uint64_t request_id, struct json_object **result,
                                struct galen_errinfo *info)
{
    return purchasing_reply_with_k(wf, hospital, request_id, 0, result, info);
}

enum galen_err purchasing_reply_with_k(struct workflow *wf, const struct chain_address *hospital,
                                       uint64_t request_id, uint32_t k, struct json_object **result,
                                       struct galen_errinfo *info)
{
    VIEW_AUTO view = {0};
    BASE_BUF_AUTO offer = {0};
    RECORD_JSON_AUTO tx = NULL;
    uint8_t offer_cid[32];
    GALEN_TRY(view_read(wf, &view, hospital, request_id, info));
    bool done = view.chain.state > PURCHASING_OPEN && is_ours(&view, hospital);
    if (!done)
        GALEN_TRY(need_open(&view, info));
    GALEN_TRY(view_match(wf, &view, hospital, k, info));
    if (done)
        return reply_result(result, &view, NULL, &tx, info);
    GALEN_TRY(need_records(&view, info));
    if (!wf->dry_run)
        GALEN_TRY(purchasing_keep_rule(wf, hospital, request_id, &view.wanted, view.rule_k, info));
    GALEN_TRY(make_offer(&offer, &view, info));
    store_digest(offer_cid, offer.data, offer.len);
    GALEN_TRY(send_reply(wf, &view, hospital, &offer, offer_cid, &tx, info));
    return reply_result(result, &view, offer_cid, &tx, info);
}

/* ---- step 3: asking ------------------------------------------------------------------------------- */

static enum galen_err wanted_body(struct json_object **out, const struct view *view,
                                  const struct purchasing_match *match, uint32_t planned,
                                  int64_t respond_by, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PURCHASING_WANTED_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)view->row.id, info));
    GALEN_TRY(record_json_set_hex(body, "templateHash", view->row.template_hash, 32, info));
    GALEN_TRY(record_json_set_hex(body, "recordId", match->record_root, 32, info));
    GALEN_TRY(workflow_set_int(body, "k", view->matches.k, info));
    GALEN_TRY(workflow_set_int(body, "plannedCount", planned, info));
    GALEN_TRY(workflow_set_time(body, "respondBy", respond_by, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

static enum galen_err wanted_id(uint8_t id32[32], uint64_t request_id,
                                const struct purchasing_match *match, struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    uint8_t number[8];
    base_put_u64be(number, request_id);
    if (base_buf_append_text(&bytes, PURCHASING_WANTED_TYPE) != GALEN_OK ||
        base_buf_append(&bytes, number, 8) != GALEN_OK ||
        base_buf_append(&bytes, match->record_root, 32) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(id32, bytes.data, bytes.len);
    return GALEN_OK;
}

/* Row first, then the message. *reached false: no contact card of this patient is known. */
static enum galen_err ask_one(struct workflow *wf, const struct view *view,
                              const struct chain_address *hospital,
                              const struct purchasing_match *match, uint32_t planned,
                              int64_t respond_by, bool *reached, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id[32];
    int64_t waiting = 0;
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO consent (request_id, hospital, patient, record_root, side, state,"
                     " respond_by) VALUES (?, ?, ?, ?, 'hospital', 'wanted', ?)"
                     " ON CONFLICT DO NOTHING",
                     DB_INT(view->row.id), DB_BLOB(hospital->bytes, 20),
                     DB_BLOB(match->patient.bytes, 20), DB_BLOB(match->record_root, 32),
                     DB_INT(respond_by)));
    GALEN_TRY(db_get_int(wf->db, &waiting, 0, info,
                         "SELECT count(*) FROM consent WHERE side = 'hospital' AND request_id = ?"
                         " AND record_root = ? AND patient = ? AND state = 'wanted'",
                         DB_INT(view->row.id), DB_BLOB(match->record_root, 32),
                         DB_BLOB(match->patient.bytes, 20)));
    *reached = true;
    if (waiting == 0)
        return GALEN_OK;
    GALEN_TRY(wanted_body(&body, view, match, planned, respond_by, info));
    GALEN_TRY(wanted_id(id, view->row.id, match, info));
    enum galen_err err = message_send(wf, hospital, &match->patient, MESSAGE_CONSENT_WANTED, id,
                                      body, info);
    *reached = err != GALEN_ERR_NOT_FOUND;
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : err;
}

enum galen_err purchasing_ask_consent(struct workflow *wf, const struct chain_address *hospital,
                                      uint64_t request_id, struct json_object **result,
                                      struct galen_errinfo *info)
{
    VIEW_AUTO view = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(view_read(wf, &view, hospital, request_id, info));
    if (view.chain.state != PURCHASING_REPLIED || !is_ours(&view, hospital)) {
        base_fail(info, GALEN_ERR_STATE, "request %llu is %s%s", (unsigned long long)request_id,
                  purchasing_state_name(view.chain.state, -1),
                  view.chain.state == PURCHASING_REPLIED ? " to by another hospital" : "");
        (void)base_hint(info, "patients are asked between reply and deliver");
        return GALEN_ERR_STATE;
    }
    int64_t left = view.chain.deadline - view.chain.now;
    if (left <= 0)
        return base_fail(info, GALEN_ERR_STATE, "the time to deliver request %llu is over",
                         (unsigned long long)request_id);
    GALEN_TRY(view_match(wf, &view, hospital, 0, info));
    bool dry = false;
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    /* A quarter of the time is the hospital's own, for checking and delivering. */
    int64_t respond_by = view.chain.now + left / 4 * 3;
    size_t most = view.chain.terms.max_records;
    uint32_t planned = (uint32_t)(view.matches.n < most ? view.matches.n : most);
    int64_t asked = 0;
    int64_t unreachable = 0;
    for (size_t i = 0; i < view.matches.n; i++) {
        bool reached = false;
        GALEN_TRY(ask_one(wf, &view, hospital, &view.matches.items[i], planned, respond_by,
                          &reached, info));
        *(reached ? &asked : &unreachable) += 1;
    }
    GALEN_TRY(purchasing_keep_rule(wf, hospital, request_id, &view.wanted, view.rule_k, info));
    GALEN_TRY(db_run(
        wf->db, info, "UPDATE sale_rule SET not_asked = ? WHERE request_id = ? AND hospital = ?",
        DB_INT(view.matches.suppressed), DB_INT(request_id), DB_BLOB(hospital->bytes, 20)));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_int(made, "suppressed", (int64_t)view.matches.suppressed, info));
    GALEN_TRY(workflow_set_int(made, "asked", asked, info));
    GALEN_TRY(workflow_set_int(made, "unreachable", unreachable, info));
    GALEN_TRY(workflow_set_int(made, "k", view.matches.k, info));
    GALEN_TRY(workflow_set_time(made, "respondBy", respond_by, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
