/*
 * Importing: the records of a FHIR file are stored one after another. Whatever an earlier import of
 * this doctor stored is passed over, so a file can be imported again after an interruption, and
 * twice does no harm. The home knows what was stored by a mark: HMAC-SHA-256 of doctor, encounter
 * and the record's content, under a key of this home; a changed encounter is another record. The
 * hospital's name, which whoever imports may spell as they like, is not in it.
 */
#include "workflow/import_internal.h"
#include "workflow/storing_internal.h"

#include <string.h>
#include <time.h>

#define LEND_EVERY_MS 1000
#define LEND_FOR_MS   2

struct import {
    struct workflow *wf;
    const struct chain_address *doctor;
    struct storing_options options;
    struct base_secret key;
    struct import_run run;
    struct json_object *rows, *stored; /* borrowed from the report */
    int64_t lent_ms;
};
static void import_clear(struct import *import)
{
    base_secret_clear(&import->key);
    import_run_clear(&import->run);
}
#define IMPORT_AUTO GALEN_CLEANUP(import_clear) struct import

/* ---- marks --------------------------------------------------------------------------------------- */

static enum galen_err make_mark(const struct import *import, uint8_t mark32[32],
                                const struct record_fhir_item *item, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO record = NULL;
    BASE_BUF_AUTO bytes = {0};
    struct json_object *hospital = NULL;
    uint8_t len[4];
    GALEN_TRY(record_json_copy(&record, item->record, info));
    GALEN_TRY(record_json_get_object(&hospital, record, "hospital", RECORD_JSON_REQUIRED, "record",
                                     info));
    json_object_object_del(hospital, "name");
    base_put_u32be(len, (uint32_t)strlen(item->encounter));
    if (base_buf_append(&bytes, import->doctor->bytes, 20) != GALEN_OK ||
        base_buf_append(&bytes, len, sizeof len) != GALEN_OK ||
        base_buf_append_text(&bytes, item->encounter) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_jcs(&bytes, record, info));
    return record_mac(mark32, import->key.data, bytes.data, bytes.len, info);
}

/* ---- one record ------------------------------------------------------------------------------------ */

/* Steps 1 to 5 of storing. *is_kept: it is in the database, and is handed over later if not now. */
static enum galen_err store_record(struct import *import, const struct record_fhir_item *item,
                                   const uint8_t mark32[32], bool *is_kept,
                                   struct json_object **stored, struct galen_errinfo *info)
{
    struct workflow *wf = import->wf;
    STORING_DRAFT_AUTO draft = NULL;
    GALEN_TRY(
        storing_create_record(wf, &draft, import->doctor, item->record, &import->options, info));
    storing_draft_of_import(draft, import->run.id, mark32);
    GALEN_TRY(storing_sign_record(wf, draft, info));
    GALEN_TRY(storing_encrypt_record(wf, draft, info));
    GALEN_TRY(storing_upload_record(wf, draft, info));
    *is_kept = true;
    return storing_hand_over(wf, draft, stored, info);
}

/* Is it this record that is at fault? Anything else every other one would meet, too. */
static bool is_of_record(enum galen_err err)
{
    return err == GALEN_ERR_LIMIT || err == GALEN_ERR_PARSE;
}

static enum galen_err store_item(struct import *import, size_t index,
                                 const struct record_fhir_item *item, struct galen_errinfo *info)
{
    struct workflow *wf = import->wf;
    struct galen_errinfo why = {0};
    RECORD_JSON_AUTO stored = NULL;
    uint8_t mark32[32];
    bool has = false, is_kept = false;
    GALEN_TRY(make_mark(import, mark32, item, info));
    GALEN_TRY(import_has(wf, &has, import->doctor, mark32, info));
    GALEN_TRY(
        workflow_set_bool(json_object_array_get_idx(import->rows, index), "already", has, info));
    if (has) {
        import->run.already++;
        return GALEN_OK;
    }
    if (wf->dry_run)
        return GALEN_OK;
    enum galen_err err = store_record(import, item, mark32, &is_kept, &stored, &why);
    if (is_kept)
        import->run.stored++;
    if (err == GALEN_OK)
        return workflow_push(import->stored, &stored, info);
    if (is_kept && !steps_is_fatal(err)) /* the next round hands it over, or says why not */
        return GALEN_OK;
    if (err == GALEN_ERR_EXISTS) { /* the same file, imported twice at once */
        import->run.already++;
        return GALEN_OK;
    }
    return is_of_record(err) ? import_run_miss(&import->run, item->encounter, &why, info)
                             : base_raise(info, err, &why);
}

/* ---- all of them ------------------------------------------------------------------------------------ */

/* It takes long: between two records others get the home's lock. It is for whoever is there first,
 * so they are given the time to be. */
static enum galen_err lend_lock(struct import *import, struct galen_errinfo *info)
{
    struct workflow *wf = import->wf;
    const struct timespec time = {.tv_nsec = LEND_FOR_MS * 1000000L};
    if (wf->lock_fd < 0 || base_monotonic_ms() - import->lent_ms < LEND_EVERY_MS)
        return GALEN_OK;
    workflow_unlock(wf);
    (void)nanosleep(&time, NULL);
    import->lent_ms = base_monotonic_ms();
    return workflow_lock(wf, info);
}

static enum galen_err store_all(struct import *import, const struct record_fhir_result *records,
                                struct galen_errinfo *info)
{
    for (size_t i = 0; i < records->item_count; i++) {
        GALEN_TRY(store_item(import, i, &records->items[i], info));
        if (import->wf->dry_run)
            continue;
        GALEN_TRY(import_run_tell(&import->run, info));
        GALEN_TRY(lend_lock(import, info));
    }
    return GALEN_OK;
}

static enum galen_err run_import(struct import *import, const struct import_file *file,
                                 struct json_object *report, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO stored = NULL;
    RECORD_JSON_AUTO shown = NULL;
    GALEN_TRY(workflow_array(&stored, info));
    import->stored = stored;
    GALEN_TRY(import_run_begin(&import->run, import->wf, import->doctor, file, info));
    enum galen_err err = store_all(import, file->records, info);
    if (err == GALEN_OK)
        err = import_run_end(&import->run, info);
    if (err != GALEN_OK) {
        import_run_fail(&import->run, info);
        return err;
    }
    GALEN_TRY(import_run_show(&import->run, &shown, info));
    GALEN_TRY(workflow_set_object(report, "stored", &stored, info));
    return workflow_set_object(report, "import", &shown, info);
}

enum galen_err import_store(struct workflow *wf, const struct chain_address *doctor,
                            const struct import_file *file, struct json_object *report,
                            struct galen_errinfo *info)
{
    IMPORT_AUTO import = {.wf = wf,
                          .doctor = doctor,
                          .options = {.releases = file->releases},
                          .run = {.alive_fd = -1},
                          .lent_ms = base_monotonic_ms()};
    GALEN_TRY(steps_need_role(wf, doctor, "doctor", info));
    GALEN_TRY(workflow_home_derive(wf, &import.key, "galen/import/1", info));
    GALEN_TRY(record_json_get_array(&import.rows, report, "records", RECORD_JSON_REQUIRED, 0,
                                    SIZE_MAX, "report", info));
    if (wf->dry_run)
        return store_all(&import, file->records, info);
    GALEN_TRY(workflow_need_contract(wf, info));
    return run_import(&import, file, report, info);
}
