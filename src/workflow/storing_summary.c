/*
 * What a list of records shows of their content: category, date, hospital. It stands in the sealed
 * envelope alone; opening one takes milliseconds, so a handle remembers what it read, in memory.
 */
#include "workflow/storing_internal.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 1024 /* by the record's number; a newer one takes the place */

enum { CATEGORY, ISSUED, HOSPITAL, TEXTS };
static const char *const keys[TEXTS] = {"category", "issued", "hospital"};

struct storing_summary {
    uint8_t root[32], cid[32];
    char *texts[TEXTS]; /* NULL: free */
};

static void clear(struct storing_summary *summary)
{
    for (size_t i = 0; i < TEXTS; i++) {
        if (summary->texts[i] != NULL)
            base_wipe(summary->texts[i], strlen(summary->texts[i]));
        free(summary->texts[i]);
    }
    *summary = (struct storing_summary){0};
}

void storing_summaries_free(struct workflow *wf)
{
    for (size_t i = 0; wf->summaries != NULL && i < SLOTS; i++)
        clear(&wf->summaries[i]);
    free(wf->summaries);
    wf->summaries = NULL;
}

static enum galen_err keep_text(char **to, struct json_object *from, const char *key,
                                struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(record_json_get_text(&text, from, key, RECORD_JSON_REQUIRED, RECORD_MAX_TEXT_BYTES,
                                   "record", info));
    *to = strdup(text);
    return *to != NULL ? GALEN_OK : base_fail(info, GALEN_ERR_NOMEM, "out of memory");
}

static enum galen_err read_summary(struct workflow *wf, struct storing_summary *out,
                                   const struct storing_row *row, struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    struct json_object *hospital = NULL;
    GALEN_TRY(storing_open_row(wf, row->id, &opened, info));
    GALEN_TRY(keep_text(&out->texts[CATEGORY], opened.record, "category", info));
    GALEN_TRY(keep_text(&out->texts[ISSUED], opened.record, "issued", info));
    GALEN_TRY(record_json_get_object(&hospital, opened.record, "hospital", RECORD_JSON_REQUIRED,
                                     "record", info));
    GALEN_TRY(keep_text(&out->texts[HOSPITAL], hospital, "name", info));
    memcpy(out->root, row->root, 32);
    memcpy(out->cid, row->cid, 32);
    return GALEN_OK;
}

enum galen_err storing_summarise(struct workflow *wf, struct json_object *object,
                                 const struct storing_row *row, struct galen_errinfo *info)
{
    if (wf->summaries == NULL)
        wf->summaries = calloc(SLOTS, sizeof *wf->summaries);
    if (wf->summaries == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    struct storing_summary *slot = &wf->summaries[(uint64_t)row->id % SLOTS];
    if (slot->texts[HOSPITAL] == NULL || memcmp(slot->root, row->root, 32) != 0 ||
        memcmp(slot->cid, row->cid, 32) != 0) {
        struct galen_errinfo why = {0};
        clear(slot);
        enum galen_err err = read_summary(wf, slot, row, &why);
        if (err != GALEN_OK)
            clear(slot);
        if (err == GALEN_ERR_NOMEM || err == GALEN_ERR_DB)
            return base_fail(info, err, "%s", why.what);
        if (err != GALEN_OK)
            return workflow_set_text(object, "unreadable", why.what, info);
    }
    for (size_t i = 0; i < TEXTS; i++)
        GALEN_TRY(workflow_set_text(object, keys[i], slot->texts[i], info));
    return GALEN_OK;
}
