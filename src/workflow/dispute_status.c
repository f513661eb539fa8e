/* Where delivered entries stand: as the contract has it, and as its events tell. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

const char *dispute_status_name(enum dispute_status status)
{
    static const char *const names[] = {"unsettled", "paid",  "disputed", "ruled to be paid",
                                        "refunded",  "fraud", "invalid"};
    return names[status];
}

bool dispute_is_settled(enum dispute_status status)
{
    return status == DISPUTE_PAID || status >= DISPUTE_REFUNDED;
}

static const char *const verdicts[] = {"none", "pay", "refund", "fraud"};

const char *dispute_verdict_name(enum dispute_verdict verdict)
{
    return verdicts[verdict];
}

enum galen_err dispute_verdict_parse(enum dispute_verdict *out, const char *text,
                                     struct galen_errinfo *info)
{
    for (int i = DISPUTE_PAY; i <= DISPUTE_FRAUD; i++)
        if (strcmp(text, verdicts[i]) == 0) {
            *out = (enum dispute_verdict)i;
            return GALEN_OK;
        }
    return STEPS_FAIL(
        info, GALEN_ERR_USAGE,
        "refund: the seller's fault; fraud: values that the doctor must have invented",
        "a verdict is pay, refund or fraud");
}

/* ---- as the contract has it ------------------------------------------------------------------- */

enum galen_err dispute_read_entry(struct workflow *wf, struct dispute_entry *out,
                                  uint64_t request_id, uint64_t index, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    struct datahub_get_entry_status_result read;
    GALEN_TRY(datahub_encode_get_entry_status(&call, purchasing_u256(request_id),
                                              purchasing_u256(index), info));
    GALEN_TRY(workflow_read_agreed(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_get_entry_status(&read, answer.data, answer.len, info));
    if (read.status > DISPUTE_INVALID || read.group_manager_vote > DISPUTE_FRAUD ||
        read.revocation_manager_vote > DISPUTE_FRAUD)
        return base_fail(info, GALEN_ERR_UNSUPPORTED,
                         "entry %llu of request %llu is in a state that this version does not know",
                         (unsigned long long)index, (unsigned long long)request_id);
    *out = (struct dispute_entry){
        .index = index,
        .status = read.status,
        .gm_vote = read.group_manager_vote,
        .rm_vote = read.revocation_manager_vote,
    };
    return GALEN_OK;
}

void dispute_entries_clear(struct dispute_entries *entries)
{
    free(entries->items);
    *entries = (struct dispute_entries){0};
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The entries that events have named; *list is the caller's to free. */
static enum galen_err known_indices(struct workflow *wf, uint64_t **list, size_t *n,
                                    const struct purchasing_onchain *chain,
                                    struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    uint64_t *made = calloc((size_t)chain->count + 1, sizeof *made);
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *list = made;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT position FROM entry WHERE request_id = ? AND status <> 0"
                       " AND position < ? ORDER BY position",
                       DB_INT(chain->id), DB_INT(chain->count)));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        made[(*n)++] = (uint64_t)db_int(&rows, 0);
    }
}

static enum galen_err named_indices(uint64_t **list, const struct purchasing_onchain *chain,
                                    const uint64_t *indices, size_t n, struct galen_errinfo *info)
{
    uint64_t *made = calloc(n, sizeof *made);
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *list = made;
    memcpy(made, indices, n * sizeof *made);
    qsort(made, n, sizeof *made, by_number);
    for (size_t i = 0; i < n; i++) {
        if (made[i] >= chain->count)
            return base_fail(info, GALEN_ERR_USAGE, "request %llu has entries 0 to %u, not %llu",
                             (unsigned long long)chain->id, chain->count - 1,
                             (unsigned long long)made[i]);
        if (i > 0 && made[i] == made[i - 1])
            return base_fail(info, GALEN_ERR_USAGE, "entry %llu is named twice",
                             (unsigned long long)made[i]);
    }
    return GALEN_OK;
}

static void free_indices(uint64_t **list)
{
    free(*list);
}

enum galen_err dispute_read_entries(struct workflow *wf, struct dispute_entries *out,
                                    const struct purchasing_onchain *chain, const uint64_t *indices,
                                    size_t n, struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_indices) uint64_t *list = NULL;
    DISPUTE_ENTRIES_AUTO read = {0};
    if (chain->count == 0)
        return n == 0 ? GALEN_OK
                      : base_fail(info, GALEN_ERR_STATE, "nothing has been delivered yet");
    if (n > 0)
        GALEN_TRY(named_indices(&list, chain, indices, n, info));
    else
        GALEN_TRY(known_indices(wf, &list, &n, chain, info));
    read.items = calloc(n + 1, sizeof *read.items);
    if (read.items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (; read.n < n; read.n++)
        GALEN_TRY(dispute_read_entry(wf, &read.items[read.n], chain->id, list[read.n], info));
    *out = read;
    read = (struct dispute_entries){0};
    return GALEN_OK;
}

void dispute_index_text(char *out, size_t size, const uint64_t *indices, size_t n)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n;) {
        char piece[64];
        size_t last = i;
        while (last + 1 < n && indices[last + 1] == indices[last] + 1)
            last++;
        if (last < i + 2) /* two are not a range */
            last = i;
        snprintf(piece, sizeof piece, last > i ? "%s%llu to %llu" : "%s%llu", i > 0 ? ", " : "",
                 (unsigned long long)indices[i], (unsigned long long)indices[last]);
        if (len + strlen(piece) + sizeof ", …" > size) {
            snprintf(out + len, size - len, ", …");
            return;
        }
        len += (size_t)snprintf(out + len, size - len, "%s", piece);
        i = last + 1;
    }
}

enum galen_err dispute_entry_json(struct json_object **out, const struct dispute_entry *entry,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_int(row, "index", (int64_t)entry->index, info));
    GALEN_TRY(workflow_set_text(row, "status", dispute_status_name(entry->status), info));
    GALEN_TRY(
        workflow_set_text(row, "groupManagerVote", dispute_verdict_name(entry->gm_vote), info));
    GALEN_TRY(workflow_set_text(row, "revocationManagerVote", dispute_verdict_name(entry->rm_vote),
                                info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}
