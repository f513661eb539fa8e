/*
 * Purchasing, step 3's end: the hospital delivers. Each answer is checked, as many as the terms
 * allow are put on the chain in the order of their release roots, and once the seal is mined the
 * manifest is published.
 *
 * Run again after a crash, what is on the chain is kept and the rest goes on from there; the
 * manifest is made anew from the entries and the answers, and must be the one that was sealed.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

struct delivery {
    struct chain_address hospital;
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    struct purchasing_offers offers;   /* all answers */
    struct purchasing_cards cards;     /* what is known of the records; the set is what may go */
    struct purchasing_sales sales;     /* what other requests have of them */
    uint32_t rule_k;                   /* fewest patients alike */
    uint32_t suppressed;               /* for the manifest */
    struct purchasing_entries entries; /* on the chain already */
    struct purchasing_offer **chosen;  /* owned array; those of entries first, then what is to go */
    size_t n_chosen;
    struct json_object *refused; /* owned: [{record, reason}] */
    struct json_object *txs;     /* owned */
};
static void delivery_clear(struct delivery *delivery)
{
    record_template_clear(&delivery->wanted);
    purchasing_offers_clear(&delivery->offers);
    purchasing_cards_clear(&delivery->cards);
    purchasing_sales_clear(&delivery->sales);
    purchasing_entries_clear(&delivery->entries);
    free(delivery->chosen);
    record_json_put(&delivery->refused);
    record_json_put(&delivery->txs);
}
#define DELIVERY_AUTO GALEN_CLEANUP(delivery_clear) struct delivery

/* ---- choosing -------------------------------------------------------------------------------------- */

static enum galen_err refuse(struct workflow *wf, struct delivery *delivery,
                             const struct purchasing_offer *offer, const char *reason,
                             bool for_good, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "record", offer->record_root, 32, info));
    GALEN_TRY(workflow_set_address(row, "patient", &offer->patient, info));
    GALEN_TRY(workflow_set_text(row, "reason", reason, info));
    GALEN_TRY(workflow_push(delivery->refused, &row, info));
    if (!for_good || wf->dry_run)
        return GALEN_OK;
    return db_run(wf->db, info,
                  "UPDATE consent SET state = 'refused' WHERE side = 'hospital'"
                  " AND request_id = ? AND record_root = ? AND patient = ?",
                  DB_INT(delivery->row.id), DB_BLOB(offer->record_root, 32),
                  DB_BLOB(offer->patient.bytes, 20));
}

/* The answer behind an entry that is on the chain. */
static struct purchasing_offer *find_offer(const struct delivery *delivery,
                                           const struct purchasing_entry *entry)
{
    for (size_t i = 0; i < delivery->offers.n; i++) {
        struct purchasing_offer *offer = &delivery->offers.items[i];
        if (memcmp(offer->entry.release_root, entry->release_root, 32) == 0 &&
            memcmp(offer->entry.bundle_digest, entry->bundle_digest, 32) == 0)
            return offer;
    }
    return NULL;
}

static enum galen_err choose_delivered(struct delivery *delivery, struct galen_errinfo *info)
{
    for (size_t i = 0; i < delivery->entries.n; i++) {
        struct purchasing_offer *offer = find_offer(delivery, &delivery->entries.items[i]);
        if (offer == NULL)
            return base_fail(info, GALEN_ERR_CHECK,
                             "entry %zu on the chain is none of the answers that are kept here", i);
        delivery->chosen[delivery->n_chosen++] = offer;
    }
    return GALEN_OK;
}

static bool is_delivered(const struct delivery *delivery, const struct purchasing_offer *offer)
{
    for (size_t i = 0; i < delivery->entries.n; i++)
        if (delivery->chosen[i] == offer)
            return true;
    return false;
}

/* What the doctor's client told of the record stands against what the patient's now tells. */
static enum galen_err check_class(struct delivery *delivery, const struct purchasing_offer *offer,
                                  struct galen_errinfo *info)
{
    unsigned asked = purchasing_asked(&delivery->wanted);
    const struct purchasing_card *card = purchasing_find_card(&delivery->cards, offer->record_root,
                                                              &offer->patient);
    if (card == NULL || !card->fits)
        return base_fail(info, GALEN_ERR_CHECK, "no index card of the record fits the request");
    if (strcmp(card->class_text[asked], offer->class_text) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the quasi-identifiers are not those of the record's index card");
    return GALEN_OK;
}

/* The good answers that may still be delivered, behind those that are. */
static enum galen_err choose_candidates(struct workflow *wf, struct delivery *delivery,
                                        struct galen_errinfo *info)
{
    GALEN_TRY(purchasing_load_cards(wf, &delivery->cards, &delivery->hospital, &delivery->wanted,
                                    purchasing_request_year(&delivery->row), info));
    GALEN_TRY(purchasing_class_cards(&delivery->cards, purchasing_asked(&delivery->wanted), info));
    GALEN_TRY(purchasing_load_sales(wf, &delivery->sales, &delivery->cards, &delivery->hospital,
                                    delivery->row.id, &delivery->wanted, info));
    REVOCATION_LIST_AUTO list = {0};
    const uint8_t *last = delivery->chain.last_root;
    const struct purchasing_offer *before = NULL;
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    if (list.problem[0] != '\0')
        return base_fail(info, GALEN_ERR_STATE, "the revocation list cannot be used: %s",
                         list.problem);
    for (size_t i = 0; i < delivery->offers.n; i++) {
        struct purchasing_offer *offer = &delivery->offers.items[i];
        struct galen_errinfo why = {0};
        if (is_delivered(delivery, offer))
            continue;
        enum galen_err err = check_class(delivery, offer, &why);
        if (err == GALEN_OK)
            err = purchasing_check_offer(wf, offer, delivery->row.id, &list, &why);
        if (err == GALEN_OK && before != NULL &&
            memcmp(before->entry.release_root, offer->entry.release_root, 32) == 0)
            err = base_fail(&why, GALEN_ERR_CHECK, "the release was given twice");
        if (err == GALEN_OK && delivery->entries.n > 0 &&
            memcmp(offer->entry.release_root, last, 32) <= 0)
            err = base_fail(&why, GALEN_ERR_CHECK, "parts that come after it are delivered");
        if (err != GALEN_OK && err != GALEN_ERR_CHECK && err != GALEN_ERR_NOT_FOUND)
            return base_raise(info, err, &why);
        if (err != GALEN_OK) {
            GALEN_TRY(refuse(wf, delivery, offer, why.what, err == GALEN_ERR_CHECK, info));
            continue;
        }
        before = offer;
        delivery->chosen[delivery->n_chosen++] = offer;
    }
    return GALEN_OK;
}

/* Leaves out, of those chosen, whose delivery would single patients out; what is on the chain
 * cannot be left out. */
static enum galen_err choose_anonymous(struct workflow *wf, struct delivery *delivery,
                                       struct galen_errinfo *info)
{
    size_t kept = 0;
    for (size_t i = 0; i < delivery->cards.n; i++)
        delivery->cards.items[i].is_in = false;
    for (size_t i = 0; i < delivery->n_chosen; i++) {
        struct purchasing_card *card = purchasing_find_card(
            &delivery->cards, delivery->chosen[i]->record_root, &delivery->chosen[i]->patient);
        if (card != NULL)
            card->is_in = true;
    }
    GALEN_TRY(purchasing_suppress(&delivery->cards, &delivery->sales, &delivery->wanted,
                                  delivery->rule_k, info));
    for (size_t i = 0; i < delivery->n_chosen; i++) {
        struct purchasing_offer *offer = delivery->chosen[i];
        const struct purchasing_card *card =
            purchasing_find_card(&delivery->cards, offer->record_root, &offer->patient);
        if (card != NULL && card->is_in) {
            delivery->chosen[kept++] = offer;
        } else if (i < delivery->entries.n) {
            base_fail(info, GALEN_ERR_STATE,
                      "entry %zu is on the chain, and beside what can be delivered now it would "
                      "single its patient out at k = %u",
                      i, delivery->rule_k);
            (void)base_hint(info,
                            "wait for more consents; unsealed, the manifest stays unpublished");
            return GALEN_ERR_STATE;
        } else {
            delivery->suppressed++;
            GALEN_TRY(refuse(wf, delivery, offer,
                             "too few patients are alike, they share one diagnosis, or an earlier "
                             "delivery would single them out",
                             false, info));
        }
    }
    delivery->n_chosen = kept;
    return GALEN_OK;
}

/* The manifest's number, the same however often it is made: fixed before the seal. */
static enum galen_err fix_suppressed(struct workflow *wf, struct delivery *delivery,
                                     struct galen_errinfo *info)
{
    int64_t not_asked = 0;
    GALEN_TRY(db_get_int(wf->db, &not_asked, 0, info,
                         "SELECT not_asked FROM sale_rule WHERE request_id = ? AND hospital = ?",
                         DB_INT(delivery->row.id), DB_BLOB(delivery->hospital.bytes, 20)));
    delivery->suppressed += (uint32_t)not_asked;
    if (wf->dry_run)
        return GALEN_OK;
    GALEN_TRY(purchasing_keep_rule(wf, &delivery->hospital, delivery->row.id, &delivery->wanted,
                                   delivery->rule_k, info));
    return db_run(wf->db, info,
                  "UPDATE sale_rule SET suppressed = ? WHERE request_id = ? AND hospital = ?",
                  DB_INT(delivery->suppressed), DB_INT(delivery->row.id),
                  DB_BLOB(delivery->hospital.bytes, 20));
}

static int by_min_payout(const void *a, const void *b)
{
    const struct purchasing_offer *x = *(struct purchasing_offer *const *)a;
    const struct purchasing_offer *y = *(struct purchasing_offer *const *)b;
    int order = chain_u256_compare(&x->entry.min_payout, &y->entry.min_payout);
    if (order == 0) /* whole classes, so that none is cut below k without need */
        order = strcmp(x->class_text, y->class_text);
    return order != 0 ? order : memcmp(x->entry.release_root, y->entry.release_root, 32);
}

static int by_release_root(const void *a, const void *b)
{
    const struct purchasing_offer *x = *(struct purchasing_offer *const *)a;
    const struct purchasing_offer *y = *(struct purchasing_offer *const *)b;
    return memcmp(x->entry.release_root, y->entry.release_root, 32);
}

/* As many as the terms and everybody's least payout allow: the more there are, the smaller the part
 * of each, so the most modest come first and the first that asks for too much ends it. */
static enum galen_err choose_affordable(struct workflow *wf, struct delivery *delivery,
                                        struct galen_errinfo *info)
{
    struct purchasing_offer **fresh = delivery->chosen + delivery->entries.n;
    size_t n = delivery->n_chosen - delivery->entries.n;
    size_t fits = 0;
    qsort(fresh, n, sizeof *fresh, by_min_payout);
    while (fits < n) {
        uint32_t count = (uint32_t)(delivery->entries.n + fits + 1);
        struct chain_u256 part = purchasing_part(&delivery->chain.escrow, count);
        if (count > delivery->chain.terms.max_records ||
            chain_u256_compare(&fresh[fits]->entry.min_payout, &part) > 0 ||
            chain_u256_compare(&delivery->chain.highest_min_payout, &part) > 0)
            break;
        fits++;
    }
    for (size_t i = fits; i < n; i++)
        GALEN_TRY(refuse(wf, delivery, fresh[i],
                         delivery->entries.n + fits == delivery->chain.terms.max_records
                             ? "there are enough without it"
                             : "it asks for more than its part of the escrow",
                         false, info));
    qsort(fresh, fits, sizeof *fresh, by_release_root);
    delivery->n_chosen = delivery->entries.n + fits;
    return GALEN_OK;
}

static enum galen_err need_enough(const struct delivery *delivery, struct galen_errinfo *info)
{
    if (delivery->n_chosen >= delivery->chain.terms.min_records)
        return GALEN_OK;
    size_t n_refused = json_object_array_length(delivery->refused);
    const char *reason = "";
    struct json_object *value = NULL;
    if (n_refused > 0 && json_object_object_get_ex(json_object_array_get_idx(delivery->refused, 0),
                                                   "reason", &value))
        reason = json_object_get_string(value);
    base_fail(info, GALEN_ERR_STATE,
              "%zu of %zu consents can be delivered at k = %u, the request wants %u%s%s",
              delivery->n_chosen, delivery->offers.n, delivery->rule_k,
              delivery->chain.terms.min_records, n_refused > 0 ? "; refused, among others: " : "",
              reason);
    char when[BASE_TIME_TEXT];
    base_time_format(when, delivery->chain.deadline);
    (void)base_hint(info, "wait for more answers until %s; after that the buyer is refunded", when);
    return GALEN_ERR_STATE;
}

/* ---- sending --------------------------------------------------------------------------------------- */

/* One deliver of chosen[first … first + n - 1]. manifest_cid32 NULL: not the last. */
static enum galen_err send_part(struct workflow *wf, struct delivery *delivery, size_t first,
                                size_t n, const uint8_t *manifest_cid32, struct galen_errinfo *info)
{
    static const uint8_t none[32] = {0};
    BASE_BUF_AUTO data = {0};
    CHAIN_RECEIPT_AUTO receipt = {0};
    RECORD_JSON_AUTO tx = NULL;
    bool sent = false;
    struct datahub_entry *entries = calloc(n + 1, sizeof *entries);
    if (entries == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        entries[i] = purchasing_entry_argument(&delivery->chosen[first + i]->entry);
    enum galen_err err = datahub_encode_deliver(&data, purchasing_u256(delivery->row.id),
                                                manifest_cid32 != NULL ? manifest_cid32 : none,
                                                entries, n, manifest_cid32 != NULL, info);
    free(entries);
    GALEN_TRY(err);
    const struct workflow_call call = {
        .from = &delivery->hospital,
        .data = &data,
        .role = "hospital",
        .flow = "purchasing",
        .operation = "deliver",
        .request_id = (int64_t)delivery->row.id,
    };
    GALEN_TRY(workflow_transact(wf, &call, &sent, &receipt, &tx, info));
    GALEN_TRY(workflow_push(delivery->txs, &tx, info));
    return sent ? workflow_take_receipt(wf, &receipt, info) : GALEN_OK;
}

static enum galen_err send_parts(struct workflow *wf, struct delivery *delivery,
                                 const uint8_t manifest_cid32[32], struct galen_errinfo *info)
{
    size_t most = delivery->n_chosen <= PURCHASING_PUSH_MAX ? PURCHASING_PUSH_MAX
                                                            : PURCHASING_DELIVER_PART;
    size_t first = delivery->entries.n;
    for (;;) {
        size_t left = delivery->n_chosen - first;
        size_t n = left < most ? left : most;
        bool is_last = n == left;
        GALEN_TRY(send_part(wf, delivery, first, n, is_last ? manifest_cid32 : NULL, info));
        first += n;
        /* What follows builds on what a dry run does not send. */
        if (is_last || wf->dry_run)
            return GALEN_OK;
    }
}

/* ---- publishing ------------------------------------------------------------------------------------ */

static enum galen_err send_notice(struct workflow *wf, const struct delivery *delivery,
                                  const uint8_t manifest_cid32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", "galen.manifest-notice/1", info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)delivery->row.id, info));
    GALEN_TRY(workflow_set_cid(body, "manifestCid", manifest_cid32, info));
    enum galen_err err = message_send(wf, &delivery->hospital, &delivery->chain.buyer,
                                      MESSAGE_MANIFEST, manifest_cid32, body, info);
    /* Without a contact card the buyer learns it from the chain alone. */
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : err;
}

/* The seal is mined: chosen are the entries in their order. */
static enum galen_err publish(struct workflow *wf, const struct delivery *delivery,
                              const uint8_t sealed_cid32[32], struct galen_errinfo *info)
{
    PURCHASING_MANIFEST_AUTO manifest = {0};
    GALEN_TRY(purchasing_make_manifest(&manifest, delivery->row.id, delivery->row.template_hash,
                                       (const struct purchasing_offer *const *)delivery->chosen,
                                       delivery->n_chosen, delivery->suppressed, info));
    if (memcmp(manifest.cid, sealed_cid32, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the manifest made again is not the one that was sealed");
    for (size_t i = 0; i < manifest.n_blocks; i++)
        GALEN_TRY(workflow_publish(wf, NULL, "manifest", (int64_t)delivery->row.id,
                                   manifest.blocks[i].data, manifest.blocks[i].len, info));
    for (size_t i = 0; i < delivery->n_chosen; i++) {
        GALEN_TRY(workflow_publish_kept(wf, delivery->chosen[i]->bundle_cid, "bundle", 0, info));
        GALEN_TRY(db_run(wf->db, info,
                         "UPDATE consent SET state = 'delivered' WHERE side = 'hospital'"
                         " AND request_id = ? AND record_root = ? AND patient = ?",
                         DB_INT(delivery->row.id), DB_BLOB(delivery->chosen[i]->record_root, 32),
                         DB_BLOB(delivery->chosen[i]->patient.bytes, 20)));
    }
    return send_notice(wf, delivery, sealed_cid32, info);
}

/* ---- the step ---------------------------------------------------------------------------------------- */

static enum galen_err delivery_read(struct workflow *wf, struct delivery *delivery,
                                    uint64_t request_id, struct galen_errinfo *info)
{
    GALEN_TRY(steps_need_role(wf, &delivery->hospital, "hospital", info));
    GALEN_TRY(purchasing_read_row(wf, &delivery->row, request_id, info));
    GALEN_TRY(purchasing_read_to_act(wf, &delivery->chain, request_id, info));
    if (!chain_address_equal(&delivery->chain.hospital, &delivery->hospital))
        return base_fail(info, GALEN_ERR_STATE, "request %llu is not this hospital's",
                         (unsigned long long)request_id);
    GALEN_TRY(purchasing_read_template(wf, &delivery->wanted, NULL, &delivery->row,
                                       &delivery->chain, info));
    GALEN_TRY(purchasing_load_offers(wf, &delivery->offers, &delivery->hospital, request_id,
                                     &delivery->wanted, info));
    GALEN_TRY(purchasing_load_entries(wf, &delivery->entries, &delivery->chain, info));
    GALEN_TRY(workflow_array(&delivery->refused, info));
    GALEN_TRY(workflow_array(&delivery->txs, info));
    delivery->chosen = calloc(delivery->entries.n + delivery->offers.n + 1,
                              sizeof *delivery->chosen);
    if (delivery->chosen == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(choose_delivered(delivery, info));
    return purchasing_rule_k(wf, &delivery->rule_k, &delivery->hospital, request_id, 0, info);
}

static enum galen_err delivery_result(struct json_object **result, struct delivery *delivery,
                                      const uint8_t manifest_cid32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    struct chain_u256 part = purchasing_part(&delivery->chain.escrow, (uint32_t)delivery->n_chosen);
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)delivery->row.id, info));
    GALEN_TRY(workflow_set_int(made, "entries", (int64_t)delivery->n_chosen, info));
    GALEN_TRY(workflow_set_int(made, "suppressed", delivery->suppressed, info));
    GALEN_TRY(workflow_set_wei(made, "partWei", &part, info));
    GALEN_TRY(workflow_set_object(made, "refused", &delivery->refused, info));
    GALEN_TRY(workflow_set_cid(made, "manifestCid", manifest_cid32, info));
    GALEN_TRY(workflow_set_object(made, "txs", &delivery->txs, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* Sealed before: makes sure that the manifest is published. */
static enum galen_err finish_sealed(struct workflow *wf, struct delivery *delivery,
                                    struct json_object **result, struct galen_errinfo *info)
{
    if (!delivery->row.is_sealed) {
        GALEN_TRY(workflow_sync(wf, NULL, info));
        GALEN_TRY(purchasing_read_row(wf, &delivery->row, delivery->row.id, info));
    }
    if (!delivery->row.is_sealed)
        return base_fail(info, GALEN_ERR_STATE, "the sealed delivery's event has not come yet");
    int64_t suppressed = 0;
    GALEN_TRY(db_get_int(wf->db, &suppressed, 0, info,
                         "SELECT coalesce(suppressed, 0) FROM sale_rule WHERE request_id = ?"
                         " AND hospital = ?",
                         DB_INT(delivery->row.id), DB_BLOB(delivery->hospital.bytes, 20)));
    delivery->suppressed = (uint32_t)suppressed;
    if (!wf->dry_run)
        GALEN_TRY(publish(wf, delivery, delivery->row.manifest_cid, info));
    return delivery_result(result, delivery, delivery->row.manifest_cid, info);
}

enum galen_err purchasing_deliver(struct workflow *wf, const struct chain_address *hospital,
                                  uint64_t request_id, struct json_object **result,
                                  struct galen_errinfo *info)
{
    DELIVERY_AUTO delivery = {.hospital = *hospital};
    uint8_t manifest_cid[32];
    GALEN_TRY(delivery_read(wf, &delivery, request_id, info));
    if (delivery.chain.state == PURCHASING_DELIVERED ||
        delivery.chain.state == PURCHASING_FINALIZED)
        return finish_sealed(wf, &delivery, result, info);
    if (delivery.chain.state != PURCHASING_REPLIED)
        return base_fail(info, GALEN_ERR_STATE, "request %llu is %s",
                         (unsigned long long)request_id,
                         purchasing_state_name(delivery.chain.state, -1));
    if (delivery.chain.now >= delivery.chain.deadline)
        return base_fail(info, GALEN_ERR_STATE,
                         "the time to deliver request %llu is over: it can only be expired",
                         (unsigned long long)request_id);
    GALEN_TRY(choose_candidates(wf, &delivery, info));
    /* First, so that those who cannot be sold take nobody's place; and again, of what is left. */
    GALEN_TRY(choose_anonymous(wf, &delivery, info));
    GALEN_TRY(choose_affordable(wf, &delivery, info));
    GALEN_TRY(choose_anonymous(wf, &delivery, info));
    GALEN_TRY(need_enough(&delivery, info));
    GALEN_TRY(fix_suppressed(wf, &delivery, info));
    {
        PURCHASING_MANIFEST_AUTO manifest = {0};
        GALEN_TRY(purchasing_make_manifest(&manifest, request_id, delivery.row.template_hash,
                                           (const struct purchasing_offer *const *)delivery.chosen,
                                           delivery.n_chosen, delivery.suppressed, info));
        memcpy(manifest_cid, manifest.cid, 32);
    }
    GALEN_TRY(send_parts(wf, &delivery, manifest_cid, info));
    if (!wf->dry_run)
        GALEN_TRY(publish(wf, &delivery, manifest_cid, info));
    return delivery_result(result, &delivery, manifest_cid, info);
}

/* The next sealed request after *id whose buyer this home's hospital has not told of the manifest.
 */
static enum galen_err next_untold(struct workflow *wf, int64_t *id, struct chain_address *hospital,
                                  bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT r.id, r.hospital FROM request r JOIN identity i ON"
                       " i.address = r.hospital WHERE r.id > ?1 AND r.delivered_at IS NOT NULL"
                       " AND r.state = 'filled' AND NOT EXISTS (SELECT 1 FROM outbox o WHERE"
                       " o.recipient = r.buyer AND o.kind = ?2 AND o.message_id = r.manifest_cid)"
                       " ORDER BY r.id LIMIT 1",
                       DB_INT(*id), DB_TEXT(MESSAGE_MANIFEST)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    *id = db_int(&rows, 0);
    return db_bytes(&rows, 1, hospital->bytes, 20, info);
}

enum galen_err purchasing_retry_manifests(struct workflow *wf, struct galen_errinfo *info)
{
    struct chain_address hospital = {0};
    bool found = !wf->dry_run && wf->keys != NULL;
    for (int64_t id = 0; found;) {
        struct galen_errinfo why = {0};
        GALEN_TRY(next_untold(wf, &id, &hospital, &found, info));
        if (!found)
            break;
        if (purchasing_deliver(wf, &hospital, (uint64_t)id, NULL, &why) != GALEN_OK)
            base_log(BASE_LOG_INFO, "the manifest of request %lld waits: %s", (long long)id,
                     why.what);
    }
    return GALEN_OK;
}
