/* What a request's parties see: its state by the seed's words, and who may act next, by when. */
#include <string.h>

#include "workflow/dispute_internal.h"

struct next_step {
    const char *who, *what, *otherwise;
};

/* Before the state's deadline, and from then on. */
static struct next_step next_step(const struct purchasing_onchain *chain, bool passed, int verified)
{
    switch (chain->state) {
    case PURCHASING_OPEN:
        return passed
                   ? (struct next_step){"anyone", "expire: the escrow goes back to the buyer", NULL}
                   : (struct next_step){"an accredited hospital", "reply with an offer and a bond",
                                        "the escrow goes back to the buyer"};
    case PURCHASING_REPLIED:
        return passed
                   ? (struct next_step){"anyone", "expire: escrow and bond go to the buyer", NULL}
                   : (struct next_step){"the hospital", "ask for consent, then deliver",
                                        "escrow and bond go to the buyer"};
    case PURCHASING_DELIVERED:
        if (passed)
            return (struct next_step){"anyone", "finalize: patients and hospital are paid", NULL};
        return (struct next_step){"the buyer",
                                  verified == 1 ? "finalize"
                                  : verified == 0
                                      ? "prove invalid or dispute what failed, then finalize"
                                      : "verify, then finalize, or dispute",
                                  "silence pays: anyone may finalize"};
    case PURCHASING_FINALIZED:
        if (chain->settled < chain->count)
            return (struct next_step){"anyone", "claim entries: the money goes to their accounts",
                                      NULL};
        return (struct next_step){NULL, "everything is paid", NULL};
    case PURCHASING_REFUNDED:
        return (struct next_step){NULL, "the money went back to the buyer", NULL};
    case PURCHASING_NONE:
        break;
    }
    return (struct next_step){0};
}

static enum galen_err add_next(struct json_object *out, const struct purchasing_onchain *chain,
                               int verified, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO next = NULL;
    bool passed = chain->now >= chain->deadline;
    bool timed = !passed &&
                 (chain->state == PURCHASING_OPEN || chain->state == PURCHASING_REPLIED ||
                  chain->state == PURCHASING_DELIVERED);
    const struct next_step step = next_step(chain, passed, verified);
    GALEN_TRY(workflow_object(&next, info));
    if (step.who != NULL)
        GALEN_TRY(workflow_set_text(next, "who", step.who, info));
    if (step.what != NULL)
        GALEN_TRY(workflow_set_text(next, "what", step.what, info));
    if (timed)
        GALEN_TRY(workflow_set_time(next, "by", chain->deadline, info));
    if (step.otherwise != NULL)
        GALEN_TRY(workflow_set_text(next, "otherwise", step.otherwise, info));
    return workflow_set_object(out, "next", &next, info);
}

/* How many entries stand where; and those that are or were in dispute, with the votes. */
static enum galen_err add_entries(struct workflow *wf, struct json_object *out,
                                  const struct purchasing_onchain *chain,
                                  struct galen_errinfo *info)
{
    DISPUTE_ENTRIES_AUTO known = {0};
    RECORD_JSON_AUTO counts = NULL;
    RECORD_JSON_AUTO list = NULL;
    int64_t count[DISPUTE_INVALID + 1] = {0};
    if (chain->state != PURCHASING_DELIVERED && chain->state != PURCHASING_FINALIZED)
        return GALEN_OK;
    GALEN_TRY(dispute_read_entries(wf, &known, chain, NULL, 0, info));
    GALEN_TRY(workflow_object(&counts, info));
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < known.n; i++) {
        RECORD_JSON_AUTO row = NULL;
        count[known.items[i].status]++;
        GALEN_TRY(dispute_entry_json(&row, &known.items[i], info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    /* Of the others none is known to be in dispute: the chain's own counters tell. */
    int64_t held = count[DISPUTE_DISPUTED] + count[DISPUTE_RULED_PAY];
    count[DISPUTE_PAID] = (int64_t)chain->settled - (int64_t)chain->invalid;
    count[DISPUTE_UNSETTLED] = (int64_t)chain->count - (int64_t)chain->settled - held;
    for (int i = 0; i <= DISPUTE_INVALID; i++)
        if (count[i] > 0)
            GALEN_TRY(workflow_set_int(counts, dispute_status_name((enum dispute_status)i),
                                       count[i], info));
    GALEN_TRY(workflow_set_object(out, "entries", &counts, info));
    if (known.n > 0)
        GALEN_TRY(workflow_set_object(out, "disputes", &list, info));
    if (count[DISPUTE_DISPUTED] == 0)
        return GALEN_OK;
    GALEN_TRY(workflow_set_time(out, "ruleBy", chain->rule_by, info));
    return workflow_set_text(out, "ruling",
                             chain->now < chain->rule_by
                                 ? "both managers rule; what they do not agree on by ruleBy is paid"
                                 : "not ruled in time: anyone may claim what was in dispute",
                             info);
}

/* The members that come from the chain. */
static enum galen_err add_onchain(struct workflow *wf, struct json_object *out,
                                  const struct purchasing_onchain *chain, int verified,
                                  struct galen_errinfo *info)
{
    const char *state = NULL;
    static const char *const names[] = {"None",      "Open",      "Replied",
                                        "Delivered", "Finalized", "Refunded"};
    bool is_replied = !chain_address_is_zero(&chain->hospital);
    GALEN_TRY(purchasing_derive_state(wf, &state, chain, verified, info));
    GALEN_TRY(workflow_set_text(out, "state", state, info));
    GALEN_TRY(workflow_set_text(out, "onChain", names[chain->state], info));
    GALEN_TRY(workflow_set_wei(out, "escrowWei", &chain->escrow, info));
    if (is_replied) {
        GALEN_TRY(workflow_set_address(out, "hospital", &chain->hospital, info));
        GALEN_TRY(workflow_set_wei(out, "bondWei", &chain->bond, info));
    }
    GALEN_TRY(workflow_set_int(out, "minRecords", chain->terms.min_records, info));
    GALEN_TRY(workflow_set_int(out, "maxRecords", chain->terms.max_records, info));
    /* A hospital looks at these before it lays down a bond. */
    GALEN_TRY(workflow_set_int(out, "deliverWindowS", chain->terms.deliver_window, info));
    GALEN_TRY(workflow_set_int(out, "verifyWindowS", chain->terms.verify_window, info));
    GALEN_TRY(workflow_set_int(out, "count", chain->count, info));
    GALEN_TRY(workflow_set_int(out, "settled", chain->settled, info));
    if (chain->count > 0) {
        struct chain_u256 part = purchasing_part(&chain->escrow, chain->count);
        GALEN_TRY(workflow_set_wei(out, "partWei", &part, info));
    }
    return workflow_set_time(out, "deadline", chain->deadline, info);
}

static enum galen_err request_json(struct workflow *wf, const struct purchasing_row *row,
                                   struct purchasing_onchain *chain, bool *reachable,
                                   struct json_object **out, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    struct galen_errinfo why = {0};
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)row->id, info));
    GALEN_TRY(workflow_set_address(made, "buyer", &row->buyer, info));
    GALEN_TRY(record_json_set_hex(made, "templateHash", row->template_hash, 32, info));
    GALEN_TRY(workflow_set_cid(made, "cid", row->template_hash, info));
    GALEN_TRY(workflow_set_time(made, "opened", row->opened_at, info));
    if (row->is_sealed)
        GALEN_TRY(workflow_set_cid(made, "manifestCid", row->manifest_cid, info));
    if (row->verified >= 0)
        GALEN_TRY(workflow_set_bool(made, "verified", row->verified == 1, info));
    *reachable = purchasing_read_chain(wf, chain, row->id, &why) == GALEN_OK;
    if (*reachable) {
        GALEN_TRY(add_onchain(wf, made, chain, row->verified, info));
    } else {
        /* What was last seen, and why it is no more than that. */
        bool is_verified = strcmp(row->state, "filled") == 0 && row->verified == 1;
        int64_t disputed = 0;
        GALEN_TRY(purchasing_count_disputed(wf, &disputed, row->id, info));
        GALEN_TRY(workflow_set_text(made, "state",
                                    disputed > 0  ? "disputed"
                                    : is_verified ? "verified"
                                                  : row->state,
                                    info));
        GALEN_TRY(workflow_set_text(made, "problem", why.what, info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}

static enum galen_err next_id(struct workflow *wf, int64_t before, int64_t skip, int64_t *id,
                              struct galen_errinfo *info)
{
    return db_get_int(wf->db, id, 0, info,
                      "SELECT id FROM request WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?",
                      DB_INT(before), DB_INT(skip));
}

enum galen_err purchasing_list(struct workflow *wf, const struct workflow_page *page,
                               struct json_object **result, struct galen_errinfo *info)
{
    const bool is_paged = page != NULL && page->limit > 0;
    const int64_t most = is_paged ? page->limit : INT64_MAX;
    RECORD_JSON_AUTO list = NULL;
    int64_t id = 0;
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(next_id(wf, INT64_MAX, is_paged ? page->offset : 0, &id, info));
    for (int64_t n = 0; id > 0 && n < most; n++) {
        RECORD_JSON_AUTO made = NULL;
        struct purchasing_row row;
        struct purchasing_onchain chain;
        bool reachable = false;
        GALEN_TRY(purchasing_read_row(wf, &row, (uint64_t)id, info));
        GALEN_TRY(request_json(wf, &row, &chain, &reachable, &made, info));
        GALEN_TRY(workflow_push(list, &made, info));
        GALEN_TRY(next_id(wf, id, 0, &id, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

static enum galen_err add_template(struct workflow *wf, struct json_object *out,
                                   const struct purchasing_row *row,
                                   const struct purchasing_onchain *chain,
                                   struct galen_errinfo *info)
{
    RECORD_TEMPLATE_AUTO wanted = {0};
    RECORD_JSON_AUTO json = NULL;
    struct galen_errinfo why = {0};
    enum galen_err err = purchasing_read_template(wf, &wanted, &json, row, chain, &why);
    if (err != GALEN_OK)
        return workflow_set_text(out, "templateProblem", why.what, info);
    return workflow_set_object(out, "template", &json, info);
}

/* For the buyer: keys that patients kept until they have seen the delivery. */
static enum galen_err add_keys(struct workflow *wf, struct json_object *out,
                               const struct purchasing_row *row,
                               const struct purchasing_onchain *chain, struct galen_errinfo *info)
{
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    RECORD_JSON_AUTO keys = NULL;
    struct galen_errinfo why = {0};
    int64_t kept = 0;
    int64_t received = 0;
    bool own = false;
    bool there = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, &row->buyer, info));
    if (!own || !row->is_sealed || chain->state != PURCHASING_DELIVERED)
        return GALEN_OK;
    GALEN_TRY(store_has(&there, wf->store, row->manifest_cid, info));
    if (!there ||
        purchasing_read_manifest(wf, &manifest, row->id, row->manifest_cid, &why) != GALEN_OK)
        return GALEN_OK; /* 'request verify' fetches it, and says what is wrong */
    for (size_t i = 0; i < manifest.n; i++)
        kept += manifest.rows[i].ek == NULL;
    if (kept == 0)
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &received, 0, info,
                         "SELECT count(*) FROM late_key WHERE request_id = ? AND holder = ?",
                         DB_INT(row->id), DB_BLOB(row->buyer.bytes, 20)));
    GALEN_TRY(workflow_object(&keys, info));
    GALEN_TRY(workflow_set_int(keys, "kept", kept, info));
    GALEN_TRY(workflow_set_int(keys, "awaited", received < kept ? kept - received : 0, info));
    GALEN_TRY(workflow_set_time(keys, "by", purchasing_keys_due(chain), info));
    return workflow_set_object(out, "keys", &keys, info);
}

/* How many were asked and what they said, where this home is the hospital. */
static enum galen_err add_consents(struct workflow *wf, struct json_object *out, uint64_t id,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO counts = NULL;
    DB_ROWS_AUTO rows = {0};
    bool any = false;
    GALEN_TRY(workflow_object(&counts, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT state, count(*) FROM consent WHERE side = 'hospital'"
                       " AND request_id = ? GROUP BY state",
                       DB_INT(id)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        any = true;
        GALEN_TRY(workflow_set_int(counts, db_text(&rows, 0), db_int(&rows, 1), info));
    }
    return any ? workflow_set_object(out, "consents", &counts, info) : GALEN_OK;
}

enum galen_err purchasing_show(struct workflow *wf, uint64_t request_id,
                               struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    struct purchasing_row row;
    struct purchasing_onchain chain;
    bool reachable = false;
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(request_json(wf, &row, &chain, &reachable, &made, info));
    if (reachable) {
        GALEN_TRY(add_template(wf, made, &row, &chain, info));
        GALEN_TRY(add_entries(wf, made, &chain, info));
        GALEN_TRY(add_next(made, &chain, row.verified, info));
        GALEN_TRY(add_keys(wf, made, &row, &chain, info));
    }
    GALEN_TRY(add_consents(wf, made, request_id, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
