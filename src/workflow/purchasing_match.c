/* A hospital's index cards against a template: what it can sell, and by which rule. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- the rule ------------------------------------------------------------------------------------ */

enum galen_err purchasing_rule_k(struct workflow *wf, uint32_t *k,
                                 const struct chain_address *hospital, uint64_t request_id,
                                 uint32_t wanted_k, struct galen_errinfo *info)
{
    int64_t kept = 0;
    if (wanted_k != 0 && (wanted_k < CONFIG_K_MIN || wanted_k > CONFIG_K_MAX))
        return base_fail(info, GALEN_ERR_USAGE, "k is from %d to %d", CONFIG_K_MIN, CONFIG_K_MAX);
    GALEN_TRY(db_get_int(wf->db, &kept, 0, info,
                         "SELECT k FROM sale_rule WHERE request_id = ? AND hospital = ?",
                         DB_INT(request_id), DB_BLOB(hospital->bytes, 20)));
    *k = kept > 0 ? (uint32_t)kept : wanted_k > 0 ? wanted_k : wf->k_anonymity;
    return GALEN_OK;
}

enum galen_err purchasing_keep_rule(struct workflow *wf, const struct chain_address *hospital,
                                    uint64_t request_id, const struct record_template *wanted,
                                    uint32_t k, struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO sale_rule (request_id, hospital, k, category, asked)"
                  " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                  DB_INT(request_id), DB_BLOB(hospital->bytes, 20), DB_INT(k),
                  DB_TEXT(wanted->category), DB_INT(purchasing_asked(wanted)));
}

/* ---- matches ------------------------------------------------------------------------------------- */

void purchasing_matches_clear(struct purchasing_matches *matches)
{
    free(matches->items);
    *matches = (struct purchasing_matches){0};
}

static int compare_matches(const void *a, const void *b)
{
    const struct purchasing_match *x = a;
    const struct purchasing_match *y = b;
    int by_patient = memcmp(x->patient.bytes, y->patient.bytes, 20);
    return by_patient != 0 ? by_patient : memcmp(x->record_root, y->record_root, 32);
}

static enum galen_err take_matches(struct purchasing_matches *out,
                                   const struct purchasing_cards *cards, unsigned asked,
                                   struct galen_errinfo *info)
{
    struct purchasing_member *members = calloc(cards->n + 1, sizeof *members);
    out->items = calloc(cards->n + 1, sizeof *out->items);
    if (members == NULL || out->items == NULL) {
        free(members);
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < cards->n; i++) {
        const struct purchasing_card *card = &cards->items[i];
        out->suppressed += card->fits && !card->is_in ? 1 : 0;
        if (!card->is_in)
            continue;
        memcpy(out->items[out->n].record_root, card->record_root, 32);
        out->items[out->n].patient = card->patient;
        members[out->n] = (struct purchasing_member){card->class_text[asked], card->patient};
        out->n++;
    }
    out->k = purchasing_smallest_class(members, out->n);
    free(members);
    qsort(out->items, out->n, sizeof *out->items, compare_matches);
    return GALEN_OK;
}

enum galen_err purchasing_find_matches(struct workflow *wf, struct purchasing_matches *out,
                                       const struct chain_address *hospital, uint64_t request_id,
                                       const struct record_template *wanted, int request_year,
                                       uint32_t k, struct galen_errinfo *info)
{
    PURCHASING_CARDS_AUTO cards = {0};
    PURCHASING_SALES_AUTO sales = {0};
    PURCHASING_MATCHES_AUTO made = {0};
    GALEN_TRY(purchasing_load_cards(wf, &cards, hospital, wanted, request_year, info));
    GALEN_TRY(purchasing_load_sales(wf, &sales, &cards, hospital, request_id, wanted, info));
    for (size_t i = 0; i < cards.n; i++)
        cards.items[i].is_in = cards.items[i].fits;
    GALEN_TRY(purchasing_suppress(&cards, &sales, wanted, k, info));
    GALEN_TRY(take_matches(&made, &cards, purchasing_asked(wanted), info));
    *out = made;
    made = (struct purchasing_matches){0};
    return GALEN_OK;
}
