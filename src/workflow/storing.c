/* Records as their holders see them: listed, shown, verified again, exported. Content comes from
 * the sealed envelope each time; the database has none of it. */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"
#include "workflow/verify.h"

#include <string.h>

/* ---- list --------------------------------------------------------------------------------------- */

enum galen_err storing_hospital_of(struct chain_address *out, struct json_object *record,
                                   struct galen_errinfo *info)
{
    struct json_object *hospital = NULL;
    GALEN_TRY(record_json_get_object(&hospital, record, "hospital", RECORD_JSON_REQUIRED, "record",
                                     info));
    return workflow_get_address(out, hospital, "address", "record/hospital", info);
}

enum galen_err storing_releases_left(struct workflow *wf, int64_t record_id, int64_t *left,
                                     struct galen_errinfo *info)
{
    return db_get_int(wf->db, left, 0, info,
                      "SELECT count(*) FROM release WHERE record_id = ? AND request_id IS NULL",
                      DB_INT(record_id));
}

static enum galen_err describe_row(struct workflow *wf, struct json_object **out,
                                   const struct storing_row *row, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO object = NULL;
    GALEN_TRY(workflow_object(&object, info));
    GALEN_TRY(record_json_set_hex(object, "merkleRoot", row->root, 32, info));
    GALEN_TRY(workflow_set_cid(object, "cid", row->cid, info));
    GALEN_TRY(workflow_set_text(object, "state", row->state, info));
    if (row->reason[0] != '\0')
        GALEN_TRY(workflow_set_text(object, "reason", row->reason, info));
    GALEN_TRY(workflow_set_text(object, "side", row->side, info));
    GALEN_TRY(workflow_set_address(object, "holder", &row->holder, info));
    GALEN_TRY(workflow_set_address(object, "owner", &row->owner, info));
    GALEN_TRY(workflow_set_int(object, "keyVersion", row->key_version, info));
    if (row->anchored_at != 0)
        GALEN_TRY(workflow_set_time(object, "anchoredAt", row->anchored_at, info));
    if (strcmp(row->side, "patient") == 0) {
        int64_t left = 0;
        GALEN_TRY(storing_releases_left(wf, row->id, &left, info));
        GALEN_TRY(workflow_set_int(object, "releasesLeft", left, info));
    }
    *out = object;
    object = NULL;
    return GALEN_OK;
}

enum galen_err storing_list(struct workflow *wf, const struct chain_address *identity,
                            const struct workflow_page *page, struct json_object **result,
                            struct galen_errinfo *info)
{
    const bool is_paged = page != NULL && page->limit > 0;
    const int64_t most = is_paged ? page->limit : INT64_MAX;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    int64_t id = is_paged ? INT64_MAX : 0;
    for (int64_t i = 0; i < most; i++) {
        struct storing_row row;
        RECORD_JSON_AUTO object = NULL;
        /* From the last one on: an offset would be counted anew for every record. */
        GALEN_TRY(db_get_int(wf->db, &id, 0, info,
                             is_paged ? "SELECT id FROM record WHERE (?1 IS NULL OR holder = ?1)"
                                        " AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3"
                                      : "SELECT id FROM record WHERE (?1 IS NULL OR holder = ?1)"
                                        " AND id > ?2 ORDER BY id LIMIT 1 OFFSET ?3",
                             DB_BLOB(identity != NULL ? identity->bytes : NULL, 20), DB_INT(id),
                             DB_INT(i == 0 && is_paged ? page->offset : 0)));
        if (id == 0)
            break;
        GALEN_TRY(storing_get_row(wf, &row, id, info));
        GALEN_TRY(describe_row(wf, &object, &row, info));
        if (strcmp(row.side, "patient") == 0 && strcmp(row.state, "anchored") == 0)
            GALEN_TRY(storing_summarise(wf, object, &row, info));
        GALEN_TRY(workflow_push(list, &object, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}

/* ---- show --------------------------------------------------------------------------------------- */

static enum galen_err describe_releases(struct workflow *wf, struct json_object *object, int64_t id,
                                        struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT root, request_id FROM release WHERE record_id = ?"
                       " ORDER BY position",
                       DB_INT(id)));
    for (;;) {
        RECORD_JSON_AUTO release = NULL;
        uint8_t root[32];
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(db_bytes(&rows, 0, root, 32, info));
        GALEN_TRY(workflow_object(&release, info));
        GALEN_TRY(record_json_set_hex(release, "root", root, 32, info));
        GALEN_TRY(
            workflow_set_text(release, "state", db_is_null(&rows, 1) ? "unused" : "used", info));
        if (!db_is_null(&rows, 1))
            GALEN_TRY(workflow_set_int(release, "requestId", db_int(&rows, 1), info));
        GALEN_TRY(workflow_push(list, &release, info));
    }
    return workflow_set_object(object, "releases", &list, info);
}

enum galen_err storing_show(struct workflow *wf, const char *reference, struct json_object **result,
                            struct galen_errinfo *info)
{
    struct storing_row row;
    RECORD_JSON_AUTO object = NULL;
    GALEN_TRY(storing_find_row(wf, &row, reference, NULL, info));
    GALEN_TRY(describe_row(wf, &object, &row, info));
    GALEN_TRY(record_json_set_hex(object, "sig", row.sig, sizeof row.sig, info));
    /* What waits or was refused is shown as that, with the reason, and never its content. */
    if (strcmp(row.side, "patient") == 0 && strcmp(row.state, "anchored") == 0) {
        STORING_OPENED_AUTO opened = {0};
        RECORD_JSON_AUTO cert = NULL;
        GALEN_TRY(storing_open_row(wf, row.id, &opened, info));
        GALEN_TRY(record_json_parse(&cert, (const char *)opened.cert.data, opened.cert.len,
                                    STORE_BLOCK_MAX, info));
        GALEN_TRY(workflow_set_object(object, "cert", &cert, info));
        GALEN_TRY(workflow_set_int(object, "envelopeBytes", (int64_t)opened.envelope_len, info));
        GALEN_TRY(workflow_set_object(object, "record", &opened.record, info));
        GALEN_TRY(describe_releases(wf, object, row.id, info));
    }
    workflow_give(result, &object);
    return GALEN_OK;
}

enum galen_err storing_export_fhir(struct workflow *wf, const char *reference,
                                   struct json_object **bundle, struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(storing_open_record(wf, reference, &opened, info));
    if (strcmp(opened.state, "anchored") != 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen record show' says why",
                          "the record is %s, not anchored", opened.state);
    GALEN_TRY(record_fhir_export(&made, opened.record, info));
    workflow_give(bundle, &made);
    return GALEN_OK;
}

enum galen_err storing_deidentify(struct workflow *wf, const char *reference,
                                  struct json_object **result, struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(storing_open_record(wf, reference, &opened, info));
    GALEN_TRY(record_release_describe(&made, opened.record, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- verify ------------------------------------------------------------------------------------- */

struct verdict {
    struct json_object *checks; /* owned */
    bool all;
};
static void verdict_clear(struct verdict *verdict)
{
    record_json_put(&verdict->checks);
}

/* One row: err and why tell how the check went. Only what stops the home itself is returned. */
static enum galen_err add_check(struct verdict *verdict, const char *check, enum galen_err err,
                                const struct galen_errinfo *why, const char *detail,
                                struct galen_errinfo *info)
{
    if (steps_is_fatal(err))
        return base_raise(info, err, why);
    return workflow_check(verdict->checks, &verdict->all, err == GALEN_OK, check, info, "%s",
                          err == GALEN_OK ? detail : why->what);
}

static enum galen_err check_key_version(struct workflow *wf, uint32_t key_version,
                                        struct galen_errinfo *info)
{
    int64_t compromised = -1;
    GALEN_TRY(db_get_int(wf->db, &compromised, -1, info,
                         "SELECT compromised FROM group_key WHERE version = ? AND confirmed",
                         DB_INT(key_version)));
    if (compromised < 0)
        return base_fail(info, GALEN_ERR_CHECK, "version %u was not confirmed", key_version);
    if (compromised > 0)
        return base_fail(info, GALEN_ERR_CHECK, "version %u was declared compromised", key_version);
    return GALEN_OK;
}

static enum galen_err check_anchor(struct workflow *wf, const struct storing_row *row,
                                   int64_t *anchored_at, char when[BASE_TIME_TEXT],
                                   struct galen_errinfo *info)
{
    GALEN_TRY(storing_find_anchor(wf, anchored_at, row->root, &row->owner, row->cid, row->sig,
                                  row->key_version, info));
    if (*anchored_at == 0)
        return base_fail(info, GALEN_ERR_CHECK, "the contract has no such record");
    base_time_format(when, *anchored_at);
    return GALEN_OK;
}

/* Row "revocation list" of an anchored record whose signature holds. */
static enum galen_err verify_unrevoked(struct workflow *wf, struct verdict *verdict,
                                       const struct storing_row *row, int64_t anchored_at,
                                       struct galen_errinfo *info)
{
    REVOCATION_LIST_AUTO list = {0};
    struct groupsig_verified verified;
    uint8_t msg32[32];
    bool valid = false;
    GALEN_TRY(record_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, row->root,
                           row->owner.bytes, info));
    enum galen_err err = workflow_verify_signature(wf, &valid, &verified, row->key_version,
                                                   row->sig, msg32, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    return revocation_list_check(&list, verdict->checks, &verdict->all, valid ? &verified : NULL,
                                 anchored_at, info);
}

/* The rows that need the patient's key. */
static enum galen_err verify_content(struct workflow *wf, struct verdict *verdict,
                                     const struct storing_row *row, struct base_view envelope,
                                     struct galen_errinfo *info)
{
    STORING_OPENED_AUTO opened = {0};
    struct galen_errinfo why = {0};
    uint8_t roots[STORING_MAX_RELEASES][32];
    size_t n_roots = 0;
    char detail[64];
    enum galen_err err = storing_decrypt(wf, row, envelope, &opened, &why);
    GALEN_TRY(add_check(verdict, "decryption", err, &why, "opens with the patient's key", info));
    if (err != GALEN_OK)
        return GALEN_OK;
    err = storing_check_root(&opened, &why);
    GALEN_TRY(add_check(verdict, "Merkle root", err, &why, "IDrec of the content", info));
    err = storing_check_releases(wf, &opened, &row->owner, roots, &n_roots, &why);
    snprintf(detail, sizeof detail, "%zu, each with root, address and signature", n_roots);
    return add_check(verdict, "releases", err, &why, detail, info);
}

enum galen_err storing_verify(struct workflow *wf, const char *reference, bool *passed,
                              struct json_object **result, struct galen_errinfo *info)
{
    GALEN_CLEANUP(verdict_clear) struct verdict verdict = {.all = true};
    struct storing_row row;
    struct galen_errinfo why = {0};
    BASE_BUF_AUTO envelope = {0};
    RECORD_JSON_AUTO object = NULL;
    char when[BASE_TIME_TEXT] = "";
    int64_t anchored_at = 0;
    GALEN_TRY(storing_find_row(wf, &row, reference, NULL, info));
    GALEN_TRY(describe_row(wf, &object, &row, info));
    GALEN_TRY(workflow_array(&verdict.checks, info));

    enum galen_err err = storing_get_envelope(wf, &envelope, &row, &why);
    GALEN_TRY(add_check(&verdict, "block", err, &why, "its bytes are the CID's", info));
    if (err == GALEN_OK) {
        err = storing_check_cert(&row, steps_view(&envelope), NULL, &why);
        GALEN_TRY(add_check(&verdict, "CERT", err, &why, "holds the anchored signature", info));
        if (strcmp(row.side, "patient") == 0)
            GALEN_TRY(verify_content(wf, &verdict, &row, steps_view(&envelope), info));
    }
    err = storing_check_signature(wf, NULL, row.key_version, row.sig, row.root, &row.owner, &why);
    GALEN_TRY(add_check(&verdict, "group signature", err, &why, "by an accredited doctor", info));
    err = check_key_version(wf, row.key_version, &why);
    GALEN_TRY(add_check(&verdict, "group key", err, &why, "confirmed and not compromised", info));
    err = check_anchor(wf, &row, &anchored_at, when, &why);
    GALEN_TRY(add_check(&verdict, "anchor", err, &why, when, info));
    GALEN_TRY(verify_unrevoked(wf, &verdict, &row, anchored_at, info));

    bool all = verdict.all;
    GALEN_TRY(workflow_set_bool(object, "passed", all, info));
    GALEN_TRY(workflow_set_object(object, "checks", &verdict.checks, info));
    workflow_give(result, &object);
    *passed = all;
    return GALEN_OK;
}
