/* A hospital's index cards of one category, opened once for a request, and what it has delivered of
 * them before. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- classes ----------------------------------------------------------------------------------- */

static const char *const quasi_identifiers[] = {"age", "gender", "location", "ethnicity"};
#define QUASI_IDENTIFIERS (sizeof quasi_identifiers / sizeof *quasi_identifiers)

unsigned purchasing_asked(const struct record_template *wanted)
{
    return (wanted->age ? 1U : 0U) | (wanted->gender ? 2U : 0U) | (wanted->location ? 4U : 0U) |
           (wanted->ethnicity ? 8U : 0U);
}

static enum galen_err class_text(struct base_buf *out, unsigned asked, struct json_object *content,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO members = NULL;
    struct json_object *demographics = NULL;
    GALEN_TRY(workflow_object(&members, info));
    (void)json_object_object_get_ex(content, "demographics", &demographics);
    for (size_t i = 0; i < QUASI_IDENTIFIERS; i++) {
        struct json_object *value = NULL;
        RECORD_JSON_AUTO copy = NULL;
        if ((asked & 1U << i) == 0 ||
            !json_object_object_get_ex(demographics, quasi_identifiers[i], &value))
            continue;
        GALEN_TRY(record_json_copy(&copy, value, info));
        GALEN_TRY(workflow_set_object(members, quasi_identifiers[i], &copy, info));
    }
    return record_json_jcs(out, members, info);
}

enum galen_err purchasing_class_text(struct base_buf *out, const struct record_template *wanted,
                                     struct json_object *content, struct galen_errinfo *info)
{
    return class_text(out, purchasing_asked(wanted), content, info);
}

static int compare_members(const void *a, const void *b)
{
    const struct purchasing_member *x = a;
    const struct purchasing_member *y = b;
    int by_class = strcmp(x->class_text, y->class_text);
    return by_class != 0 ? by_class : memcmp(x->person.bytes, y->person.bytes, 20);
}

uint32_t purchasing_smallest_class(struct purchasing_member *members, size_t n)
{
    if (n == 0)
        return 0;
    qsort(members, n, sizeof *members, compare_members);
    uint32_t smallest = UINT32_MAX;
    uint32_t persons = 1;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(members[i].class_text, members[i - 1].class_text) != 0) {
            smallest = persons < smallest ? persons : smallest;
            persons = 1;
        } else if (!chain_address_equal(&members[i].person, &members[i - 1].person)) {
            persons++;
        }
    }
    return persons < smallest ? persons : smallest;
}

/* ---- cards --------------------------------------------------------------------------------------- */

void purchasing_cards_clear(struct purchasing_cards *cards)
{
    for (size_t i = 0; i < cards->n; i++) {
        for (size_t j = 0; j < PURCHASING_ASKED_SETS; j++)
            free(cards->items[i].class_text[j]);
        free(cards->items[i].diagnosis);
        record_json_put(&cards->items[i].demographics);
    }
    free(cards->items);
    *cards = (struct purchasing_cards){0};
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A card's diagnoses as a set: sorted, a line each. */
static enum galen_err diagnosis_text(char **out, struct json_object *card,
                                     struct galen_errinfo *info)
{
    struct json_object *medical = NULL;
    struct json_object *list = NULL;
    BASE_BUF_AUTO text = {0};
    (void)json_object_object_get_ex(card, "medical_data", &medical);
    (void)json_object_object_get_ex(medical, "diagnosis", &list);
    size_t n = list != NULL ? json_object_array_length(list) : 0;
    const char **lines = calloc(n + 1, sizeof *lines);
    if (lines == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        lines[i] = json_object_to_json_string(json_object_array_get_idx(list, i));
    qsort(lines, n, sizeof *lines, compare_texts);
    enum galen_err err = GALEN_OK;
    for (size_t i = 0; i < n && err == GALEN_OK; i++)
        err = base_buf_printf(&text, "%s\n", lines[i]);
    free(lines);
    *out = err == GALEN_OK ? strdup(text.len > 0 ? (const char *)text.data : "") : NULL;
    return *out != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

/* The row's card into *out, unless it cannot be opened or is of another category. */
static enum galen_err read_card(struct workflow *wf, struct purchasing_card *out, bool *taken,
                                const struct db_rows *rows, const struct record_template *wanted,
                                int request_year, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO card = NULL;
    struct json_object *value = NULL;
    RECORD_JSON_AUTO copy = NULL;
    *taken = false;
    enum galen_err err = workflow_home_open(wf, &card, db_blob(rows, 2), info);
    if (err == GALEN_ERR_CHECK || err == GALEN_ERR_PARSE) {
        base_log(BASE_LOG_WARN, "an index card cannot be opened and is left out");
        return GALEN_OK;
    }
    GALEN_TRY(err);
    if (!json_object_object_get_ex(card, "category", &value) ||
        strcmp(json_object_get_string(value), wanted->category) != 0)
        return GALEN_OK;
    GALEN_TRY(db_bytes(rows, 0, out->record_root, 32, info));
    GALEN_TRY(db_bytes(rows, 1, out->patient.bytes, 20, info));
    GALEN_TRY(record_template_matches(&out->fits, wanted, card, request_year, NULL));
    *taken = true;
    GALEN_TRY(diagnosis_text(&out->diagnosis, card, info));
    GALEN_TRY(workflow_object(&out->demographics, info));
    if (!json_object_object_get_ex(card, "demographics", &value))
        return GALEN_OK;
    GALEN_TRY(record_json_copy(&copy, value, info));
    return workflow_set_object(out->demographics, "demographics", &copy, info);
}

enum galen_err purchasing_load_cards(struct workflow *wf, struct purchasing_cards *out,
                                     const struct chain_address *hospital,
                                     const struct record_template *wanted, int request_year,
                                     struct galen_errinfo *info)
{
    PURCHASING_CARDS_AUTO read = {0};
    DB_ROWS_AUTO rows = {0};
    int64_t most = 0;
    GALEN_TRY(db_get_int(wf->db, &most, 0, info,
                         "SELECT count(*) FROM index_card WHERE hospital = ?",
                         DB_BLOB(hospital->bytes, 20)));
    read.items = calloc((size_t)most + 1, sizeof *read.items);
    if (read.items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT record_root, patient, sealed FROM index_card WHERE hospital = ?"
                       " ORDER BY record_root, patient LIMIT ?",
                       DB_BLOB(hospital->bytes, 20), DB_INT(most)));
    for (;;) {
        bool found = false;
        bool taken = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        enum galen_err err = read_card(wf, &read.items[read.n], &taken, &rows, wanted, request_year,
                                       info);
        read.n += taken ? 1 : 0;
        GALEN_TRY(err);
    }
    *out = read;
    read = (struct purchasing_cards){0};
    return GALEN_OK;
}

struct card_key {
    const uint8_t *record_root32;
    const struct chain_address *patient;
};

static int compare_key(const void *a, const void *b)
{
    const struct card_key *key = a;
    const struct purchasing_card *card = b;
    int by_root = memcmp(key->record_root32, card->record_root, 32);
    return by_root != 0 ? by_root : memcmp(key->patient->bytes, card->patient.bytes, 20);
}

struct purchasing_card *purchasing_find_card(const struct purchasing_cards *cards,
                                             const uint8_t record_root32[32],
                                             const struct chain_address *patient)
{
    const struct card_key key = {record_root32, patient};
    if (cards->n == 0)
        return NULL;
    return bsearch(&key, cards->items, cards->n, sizeof *cards->items, compare_key);
}

enum galen_err purchasing_class_cards(struct purchasing_cards *cards, unsigned asked,
                                      struct galen_errinfo *info)
{
    GALEN_ASSERT(asked < PURCHASING_ASKED_SETS);
    for (size_t i = 0; i < cards->n; i++) {
        struct purchasing_card *card = &cards->items[i];
        BASE_BUF_AUTO text = {0};
        if (card->class_text[asked] != NULL)
            continue;
        GALEN_TRY(class_text(&text, asked, card->demographics, info));
        card->class_text[asked] = strdup((const char *)text.data);
        if (card->class_text[asked] == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    return GALEN_OK;
}

/* ---- earlier deliveries ---------------------------------------------------------------------------- */

void purchasing_sales_clear(struct purchasing_sales *sales)
{
    for (size_t i = 0; i < sales->n; i++)
        free(sales->items[i].is_sold);
    free(sales->items);
    *sales = (struct purchasing_sales){0};
}

static enum galen_err add_sale(struct purchasing_sales *sales, int64_t id, unsigned asked,
                               size_t n_cards, struct galen_errinfo *info)
{
    struct purchasing_sale *items = realloc(sales->items, (sales->n + 1) * sizeof *items);
    if (items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    sales->items = items;
    items[sales->n] = (struct purchasing_sale){
        .request_id = id, .asked = asked, .is_sold = calloc(n_cards + 1, sizeof(bool))};
    if (items[sales->n].is_sold == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    sales->n++;
    return GALEN_OK;
}

enum galen_err purchasing_load_sales(struct workflow *wf, struct purchasing_sales *out,
                                     const struct purchasing_cards *cards,
                                     const struct chain_address *hospital, uint64_t request_id,
                                     const struct record_template *wanted,
                                     struct galen_errinfo *info)
{
    PURCHASING_SALES_AUTO read = {0};
    DB_ROWS_AUTO rows = {0};
    /* A request refunded before its seal showed nobody anything. */
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT c.request_id, coalesce(s.asked, 15), c.record_root, c.patient"
                       " FROM consent c JOIN request r ON r.id = c.request_id"
                       " LEFT JOIN sale_rule s ON s.request_id = c.request_id"
                       " AND s.hospital = c.hospital WHERE c.side = 'hospital' AND c.hospital = ?1"
                       " AND c.request_id <> ?2 AND r.state <> 'refunded'"
                       " AND (s.category IS NULL OR s.category = ?3)"
                       " AND EXISTS (SELECT 1 FROM entry e WHERE e.release_root = c.release_root"
                       " AND e.request_id = c.request_id) ORDER BY c.request_id",
                       DB_BLOB(hospital->bytes, 20), DB_INT(request_id),
                       DB_TEXT(wanted->category)));
    for (;;) {
        bool found = false;
        uint8_t root[32];
        struct chain_address patient;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        int64_t id = db_int(&rows, 0);
        if (read.n == 0 || read.items[read.n - 1].request_id != id)
            GALEN_TRY(add_sale(&read, id, (unsigned)db_int(&rows, 1) & 15U, cards->n, info));
        GALEN_TRY(db_bytes(&rows, 2, root, 32, info));
        GALEN_TRY(db_bytes(&rows, 3, patient.bytes, 20, info));
        const struct purchasing_card *card = purchasing_find_card(cards, root, &patient);
        if (card != NULL)
            read.items[read.n - 1].is_sold[card - cards->items] = true;
    }
    *out = read;
    read = (struct purchasing_sales){0};
    return GALEN_OK;
}
