/*
 * Which records may be sold together. Of the set in question is left out, until nothing changes:
 *
 *   k  every class (patients alike in the quasi-identifiers asked for) of fewer than k patients
 *   l  when diagnoses are asked for, every class in which all patients share one set of diagnoses
 *   d  what would let the difference to an earlier delivery show fewer than k patients of a class.
 *      The classes are those by the quasi-identifiers that both asked for: nobody can compare finer
 *      ones. Records that only the set has go, if they are of fewer than k patients; if records
 *      that only the earlier delivery has are of fewer than k patients, records of so many more
 *      patients go that they are of k.
 *
 * It only ever shrinks, so it ends; and as it depends on nothing but the set and what was
 * delivered, asking again tells nothing new.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* Cards by class, patient and diagnoses. */
struct ordered {
    struct purchasing_card **items; /* owned array */
    size_t n;
};
static void ordered_clear(struct ordered *ordered)
{
    free(ordered->items);
}
#define ORDERED_AUTO GALEN_CLEANUP(ordered_clear) struct ordered

struct key {
    const char *class_text;
    struct purchasing_card *card;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = strcmp(x->class_text, y->class_text);
    if (order == 0)
        order = memcmp(x->card->patient.bytes, y->card->patient.bytes, 20);
    if (order == 0)
        order = strcmp(x->card->diagnosis, y->card->diagnosis);
    return order != 0 ? order : memcmp(x->card->record_root, y->card->record_root, 32);
}

/* Those of the set, and those that is_sold (may be NULL) marks. */
static enum galen_err order_cards(struct ordered *out, const struct purchasing_cards *cards,
                                  const bool *is_sold, unsigned asked, struct galen_errinfo *info)
{
    struct key *keys = calloc(cards->n + 1, sizeof *keys);
    out->items = calloc(cards->n + 1, sizeof(struct purchasing_card *));
    out->n = 0;
    if (keys == NULL || out->items == NULL) {
        free(keys);
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < cards->n; i++)
        if (cards->items[i].is_in || (is_sold != NULL && is_sold[i]))
            keys[out->n++] = (struct key){cards->items[i].class_text[asked], &cards->items[i]};
    qsort(keys, out->n, sizeof *keys, compare_keys);
    for (size_t i = 0; i < out->n; i++)
        out->items[i] = keys[i].card;
    free(keys);
    return GALEN_OK;
}

static size_t class_end(const struct ordered *ordered, size_t first, unsigned asked)
{
    size_t end = first + 1;
    while (end < ordered->n && strcmp(ordered->items[end]->class_text[asked],
                                      ordered->items[first]->class_text[asked]) == 0)
        end++;
    return end;
}

static bool same_patient(const struct purchasing_card *a, const struct purchasing_card *b)
{
    return chain_address_equal(&a->patient, &b->patient);
}

/* ---- k and l --------------------------------------------------------------------------------------- */

/* Of the class items[0 … n-1]: how many patients; when diagnosis is given, how many of them have a
 * record with just these. */
static uint32_t count_patients(struct purchasing_card *const *items, size_t n,
                               const char *diagnosis)
{
    uint32_t patients = 0;
    const struct purchasing_card *last = NULL;
    for (size_t i = 0; i < n; i++) {
        if ((last != NULL && same_patient(last, items[i])) ||
            (diagnosis != NULL && strcmp(items[i]->diagnosis, diagnosis) != 0))
            continue;
        last = items[i];
        patients++;
    }
    return patients;
}

/* What all patients have, the first has. */
static bool share_a_diagnosis(struct purchasing_card *const *items, size_t n, uint32_t patients)
{
    for (size_t i = 0; i < n && same_patient(items[i], items[0]); i++)
        if (count_patients(items, n, items[i]->diagnosis) == patients)
            return true;
    return false;
}

static enum galen_err suppress_classes(struct purchasing_cards *cards, unsigned asked, bool diverse,
                                       uint32_t k, bool *changed, struct galen_errinfo *info)
{
    ORDERED_AUTO ordered = {0};
    GALEN_TRY(order_cards(&ordered, cards, NULL, asked, info));
    for (size_t first = 0; first < ordered.n;) {
        size_t end = class_end(&ordered, first, asked);
        struct purchasing_card **items = ordered.items + first;
        uint32_t patients = count_patients(items, end - first, NULL);
        if (patients < k || (diverse && share_a_diagnosis(items, end - first, patients))) {
            *changed = true;
            for (size_t i = first; i < end; i++)
                ordered.items[i]->is_in = false;
        }
        first = end;
    }
    return GALEN_OK;
}

/* ---- differences ------------------------------------------------------------------------------------- */

struct difference {
    uint32_t added, missing,
        common; /* patients with a record only in the set, only sold, in both */
};

/* One patient's records, items[0 … n-1]. */
static void count_patient(struct difference *out, const struct purchasing_cards *cards,
                          const bool *is_sold, struct purchasing_card *const *items, size_t n)
{
    bool added = false, missing = false, common = false;
    for (size_t i = 0; i < n; i++) {
        bool sold = is_sold[items[i] - cards->items];
        added = added || (items[i]->is_in && !sold);
        missing = missing || (!items[i]->is_in && sold);
        common = common || (items[i]->is_in && sold);
    }
    out->added += added ? 1 : 0;
    out->missing += missing ? 1 : 0;
    out->common += common ? 1 : 0;
}

static size_t patient_end(struct purchasing_card *const *items, size_t n, size_t first)
{
    size_t end = first + 1;
    while (end < n && same_patient(items[end], items[first]))
        end++;
    return end;
}

/* One class, items[0 … n-1], against one sale. */
static void suppress_in_class(struct purchasing_cards *cards, const bool *is_sold,
                              struct purchasing_card **items, size_t n, uint32_t k, bool *changed)
{
    struct difference whole = {0};
    for (size_t at = 0; at < n;) {
        size_t end = patient_end(items, n, at);
        count_patient(&whole, cards, is_sold, items + at, end - at);
        at = end;
    }
    if (whole.common == 0)
        return; /* nothing to hold against each other */
    if (whole.added > 0 && whole.added < k) {
        *changed = true;
        for (size_t i = 0; i < n; i++)
            if (!is_sold[items[i] - cards->items])
                items[i]->is_in = false;
    }
    for (size_t at = 0; at < n && whole.missing > 0 && whole.missing < k;) {
        struct difference one = {0};
        size_t end = patient_end(items, n, at);
        count_patient(&one, cards, is_sold, items + at, end - at);
        for (size_t i = at; i < end && one.missing == 0 && one.common > 0; i++) {
            items[i]->is_in = false;
            *changed = true;
        }
        if (one.missing == 0 && one.common > 0)
            whole.missing++;
        at = end;
    }
}

static enum galen_err suppress_differences(struct purchasing_cards *cards,
                                           const struct purchasing_sale *sale, unsigned asked,
                                           uint32_t k, bool *changed, struct galen_errinfo *info)
{
    ORDERED_AUTO ordered = {0};
    GALEN_TRY(purchasing_class_cards(cards, asked & sale->asked, info));
    GALEN_TRY(order_cards(&ordered, cards, sale->is_sold, asked & sale->asked, info));
    for (size_t first = 0; first < ordered.n;) {
        size_t end = class_end(&ordered, first, asked & sale->asked);
        suppress_in_class(cards, sale->is_sold, ordered.items + first, end - first, k, changed);
        first = end;
    }
    return GALEN_OK;
}

/* ---- both --------------------------------------------------------------------------------------------- */

enum galen_err purchasing_suppress(struct purchasing_cards *cards,
                                   const struct purchasing_sales *sales,
                                   const struct record_template *wanted, uint32_t k,
                                   struct galen_errinfo *info)
{
    unsigned asked = purchasing_asked(wanted);
    GALEN_ASSERT(k >= CONFIG_K_MIN);
    GALEN_TRY(purchasing_class_cards(cards, asked, info));
    for (bool changed = true; changed;) {
        changed = false;
        GALEN_TRY(suppress_classes(cards, asked, wanted->diagnosis, k, &changed, info));
        for (size_t i = 0; i < sales->n; i++)
            GALEN_TRY(suppress_differences(cards, &sales->items[i], asked, k, &changed, info));
    }
    return GALEN_OK;
}
