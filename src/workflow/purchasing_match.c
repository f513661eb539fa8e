/* A hospital's index cards against a template, and how many patients are alike in what is asked. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- classes ----------------------------------------------------------------------------------- */

enum galen_err purchasing_class_text(struct base_buf *out, const struct record_template *wanted,
                                     struct json_object *content, struct galen_errinfo *info)
{
    const struct {
        bool is_asked;
        const char *name;
    } members[] = {
        {wanted->age, "age"},
        {wanted->gender, "gender"},
        {wanted->location, "location"},
        {wanted->ethnicity, "ethnicity"},
    };
    RECORD_JSON_AUTO asked = NULL;
    struct json_object *demographics = NULL;
    GALEN_TRY(workflow_object(&asked, info));
    (void)json_object_object_get_ex(content, "demographics", &demographics);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct json_object *value = NULL;
        RECORD_JSON_AUTO copy = NULL;
        if (!members[i].is_asked ||
            !json_object_object_get_ex(demographics, members[i].name, &value))
            continue;
        GALEN_TRY(record_json_copy(&copy, value, info));
        GALEN_TRY(workflow_set_object(asked, members[i].name, &copy, info));
    }
    return record_json_jcs(out, asked, info);
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

/* ---- index cards --------------------------------------------------------------------------------- */

void purchasing_matches_clear(struct purchasing_matches *matches)
{
    free(matches->items);
    *matches = (struct purchasing_matches){0};
}

/* Matches, and the class that each belongs to. */
struct finding {
    struct purchasing_matches matches;
    struct purchasing_member *members; /* as many; their texts are owned */
};
static void finding_clear(struct finding *finding)
{
    for (size_t i = 0; i < finding->matches.n; i++)
        free((char *)finding->members[i].class_text);
    free(finding->members);
    purchasing_matches_clear(&finding->matches);
}
#define FINDING_AUTO GALEN_CLEANUP(finding_clear) struct finding

static enum galen_err add_match(struct finding *finding, const struct db_rows *rows,
                                const struct record_template *wanted, struct json_object *card,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    size_t n = finding->matches.n;
    GALEN_TRY(purchasing_class_text(&text, wanted, card, info));
    struct purchasing_match *items = realloc(finding->matches.items,
                                             (n + 1) * sizeof *finding->matches.items);
    if (items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    finding->matches.items = items;
    struct purchasing_member *members = realloc(finding->members,
                                                (n + 1) * sizeof *finding->members);
    if (members == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    finding->members = members;
    GALEN_TRY(db_bytes(rows, 0, items[n].record_root, 32, info));
    GALEN_TRY(db_bytes(rows, 1, items[n].patient.bytes, 20, info));
    members[n].person = items[n].patient;
    members[n].class_text = strdup((const char *)text.data);
    if (members[n].class_text == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    finding->matches.n = n + 1;
    return GALEN_OK;
}

/* The row's card, when it can be opened and fits. */
static enum galen_err try_card(struct workflow *wf, struct finding *finding,
                               const struct db_rows *rows, const struct record_template *wanted,
                               int request_year, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO card = NULL;
    bool matches = false;
    enum galen_err err = workflow_home_open(wf, &card, db_blob(rows, 2), info);
    if (err == GALEN_ERR_CHECK || err == GALEN_ERR_PARSE) {
        base_log(BASE_LOG_WARN, "an index card cannot be opened and is left out");
        return GALEN_OK;
    }
    GALEN_TRY(err);
    GALEN_TRY(record_template_matches(&matches, wanted, card, request_year, info));
    return matches ? add_match(finding, rows, wanted, card, info) : GALEN_OK;
}

enum galen_err purchasing_find_matches(struct workflow *wf, struct purchasing_matches *out,
                                       const struct chain_address *hospital,
                                       const struct record_template *wanted, int request_year,
                                       struct galen_errinfo *info)
{
    FINDING_AUTO finding = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT record_root, patient, sealed FROM index_card WHERE hospital = ?"
                       " ORDER BY patient, record_root",
                       DB_BLOB(hospital->bytes, 20)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(try_card(wf, &finding, &rows, wanted, request_year, info));
    }
    /* Sorting may reorder members: their texts are freed by their number, not by their place. */
    finding.matches.k = purchasing_smallest_class(finding.members, finding.matches.n);
    out->items = finding.matches.items;
    out->n = finding.matches.n;
    out->k = finding.matches.k;
    finding.matches.items = NULL;
    return GALEN_OK;
}
