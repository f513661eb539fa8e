/* Complaints as rows: a manager's log, and what was sent from here. */
#include <string.h>

#include "workflow/complaint_internal.h"

#define COLUMNS                                                                                    \
    "SELECT holder, id, role, complainant, owner, record_root, cid, key_version, signature,"       \
    " sealed, state, logged_at, coalesce(decided_at, 0) FROM complaint "

static const char *const roles[] = {"gm", "rm", "complainant"};
static const char *const states[] = {"logged", "asked", "opened", "declined"};

static const char *known_word(const char *const *words, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0)
            return words[i];
    return words[0];
}

static enum galen_err read_row(struct workflow *wf, struct complaint *out,
                               const struct db_rows *rows, struct galen_errinfo *info)
{
    struct complaint read = {
        .role = known_word(roles, 3, db_text(rows, 2)),
        .state = known_word(states, 4, db_text(rows, 10)),
        .record.key_version = (uint32_t)db_int(rows, 7),
        .logged_at = db_int(rows, 11),
        .decided_at = db_int(rows, 12),
    };
    RECORD_JSON_AUTO kept = NULL;
    const char *reason = NULL;
    GALEN_TRY(db_bytes(rows, 0, read.holder.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 1, read.id, 32, info));
    GALEN_TRY(db_bytes(rows, 3, read.complainant.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 4, read.record.owner.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 5, read.record.root, 32, info));
    GALEN_TRY(db_bytes(rows, 6, read.record.cid, 32, info));
    GALEN_TRY(db_bytes(rows, 8, read.record.sig, sizeof read.record.sig, info));
    GALEN_TRY(workflow_home_open(wf, &kept, db_blob(rows, 9), info));
    GALEN_TRY(record_json_get_text(&reason, kept, "reason", RECORD_JSON_REQUIRED,
                                   COMPLAINT_REASON_MAX, "complaint", info));
    snprintf(read.reason, sizeof read.reason, "%s", reason);
    *out = read;
    return GALEN_OK;
}

enum galen_err complaint_insert(struct workflow *wf, const struct complaint *complaint,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    const struct storing_row *record = &complaint->record;
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(workflow_set_text(kept, "reason", complaint->reason, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    return db_run(wf->db, info,
                  "INSERT INTO complaint (holder, id, role, complainant, owner, record_root, cid,"
                  " key_version, signature, sealed, state, logged_at)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'logged', ?) ON CONFLICT DO NOTHING",
                  DB_BLOB(complaint->holder.bytes, 20), DB_BLOB(complaint->id, 32),
                  DB_TEXT(complaint->role), DB_BLOB(complaint->complainant.bytes, 20),
                  DB_BLOB(record->owner.bytes, 20), DB_BLOB(record->root, 32),
                  DB_BLOB(record->cid, 32), DB_INT(record->key_version),
                  DB_BLOB(record->sig, sizeof record->sig), DB_BLOB(sealed.data, sealed.len),
                  DB_INT(base_time_s()));
}

enum galen_err complaint_read(struct workflow *wf, bool *found, struct complaint *out,
                              const struct chain_address *holder, const uint8_t id32[32],
                              struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, COLUMNS "WHERE holder = ? AND id = ?",
                       DB_BLOB(holder->bytes, 20), DB_BLOB(id32, 32)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(wf, out, &rows, info) : GALEN_OK;
}

enum galen_err complaint_find(struct workflow *wf, struct complaint *out, const char *id,
                              const struct chain_address *holder, struct galen_errinfo *info)
{
    const char *digits = strncmp(id, "0x", 2) == 0 ? id + 2 : id;
    size_t len = strlen(digits);
    struct complaint read;
    bool found = false;
    DB_ROWS_AUTO rows = {0};
    if (len < 8 || len > 64 || strspn(digits, "0123456789abcdefABCDEF") != len)
        return base_fail(info, GALEN_ERR_USAGE,
                         "a complaint is named by 8 to 64 hex digits of its id");
    GALEN_TRY(db_query(&rows, wf->db, info,
                       COLUMNS "WHERE lower(hex(id)) LIKE lower(?1) || '%'"
                               " AND (?2 OR holder = ?3) ORDER BY role, id",
                       DB_TEXT(digits), DB_INT(holder == NULL),
                       holder != NULL ? DB_BLOB(holder->bytes, 20) : DB_NULL));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "'galen record complaints' lists them, 'galen sync' looks for new ones",
                          "no such complaint is logged here");
    GALEN_TRY(read_row(wf, &read, &rows, info));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found && memcmp(db_blob(&rows, 1).data, read.id, 32) != 0)
        return base_fail(info, GALEN_ERR_STATE, "several complaints begin with these digits");
    *out = read;
    return GALEN_OK;
}

enum galen_err complaint_set_state(struct workflow *wf, struct complaint *complaint,
                                   const char *state, struct galen_errinfo *info)
{
    bool is_decided = strcmp(state, "opened") == 0 || strcmp(state, "declined") == 0;
    if (strcmp(complaint->state, "opened") == 0)
        return GALEN_OK;
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE complaint SET state = ?1, decided_at = iif(?2, ?3, decided_at)"
                     " WHERE holder = ?4 AND id = ?5 AND state <> 'opened'",
                     DB_TEXT(state), DB_INT(is_decided), DB_INT(base_time_s()),
                     DB_BLOB(complaint->holder.bytes, 20), DB_BLOB(complaint->id, 32)));
    complaint->state = known_word(states, 4, state);
    return GALEN_OK;
}

/* ---- layer and key -------------------------------------------------------------------------------- */

enum galen_err complaint_set_layer(struct workflow *wf, const struct complaint *complaint,
                                   struct base_view layer, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE complaint SET inner_layer = ? WHERE holder = ? AND id = ?",
                  layer.data != NULL ? DB_BLOB(layer.data, layer.len) : DB_NULL,
                  DB_BLOB(complaint->holder.bytes, 20), DB_BLOB(complaint->id, 32));
}

enum galen_err complaint_get_layer(struct workflow *wf, bool *found, struct base_buf *out,
                                   const struct complaint *complaint, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT inner_layer FROM complaint WHERE holder = ? AND id = ?"
                       " AND inner_layer IS NOT NULL",
                       DB_BLOB(complaint->holder.bytes, 20), DB_BLOB(complaint->id, 32)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    struct base_view layer = db_blob(&rows, 0);
    return base_buf_append(out, layer.data, layer.len);
}

enum galen_err complaint_set_key(struct workflow *wf, const struct complaint *complaint,
                                 const uint8_t key32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(workflow_object(&kept, info));
    GALEN_TRY(record_json_set_hex(kept, "key", key32, 32, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    return db_run(wf->db, info, "UPDATE complaint SET content_key = ? WHERE holder = ? AND id = ?",
                  DB_BLOB(sealed.data, sealed.len), DB_BLOB(complaint->holder.bytes, 20),
                  DB_BLOB(complaint->id, 32));
}

enum galen_err complaint_get_key(struct workflow *wf, bool *found, uint8_t key32[32],
                                 const struct complaint *complaint, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO kept = NULL;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT content_key FROM complaint WHERE holder = ? AND id = ?"
                       " AND content_key IS NOT NULL",
                       DB_BLOB(complaint->holder.bytes, 20), DB_BLOB(complaint->id, 32)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(workflow_home_open(wf, &kept, db_blob(&rows, 0), info));
    return record_json_get_hex(key32, 32, kept, "key", RECORD_JSON_REQUIRED, "complaint", info);
}

enum galen_err complaint_forget_keys(struct workflow *wf, struct galen_errinfo *info)
{
    const int64_t before = base_time_s() - (int64_t)COMPLAINT_KEY_DAYS * 86400;
    return db_run(wf->db, info,
                  "UPDATE complaint SET content_key = NULL, inner_layer = NULL"
                  " WHERE decided_at < ? AND state IN ('opened', 'declined')"
                  " AND (content_key IS NOT NULL OR inner_layer IS NOT NULL)",
                  DB_INT(before));
}

/* ---- shown --------------------------------------------------------------------------------------------- */

enum galen_err complaint_row(struct json_object **out, const struct complaint *complaint,
                             struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "id", complaint->id, 32, info));
    GALEN_TRY(workflow_set_text(row, "role", complaint->role, info));
    GALEN_TRY(workflow_set_text(row, "state", complaint->state, info));
    GALEN_TRY(workflow_set_address(row, "complainant", &complaint->complainant, info));
    GALEN_TRY(workflow_set_address(row, "patient", &complaint->record.owner, info));
    GALEN_TRY(record_json_set_hex(row, "merkleRoot", complaint->record.root, 32, info));
    GALEN_TRY(workflow_set_cid(row, "cid", complaint->record.cid, info));
    GALEN_TRY(workflow_set_text(row, "reason", complaint->reason, info));
    GALEN_TRY(workflow_set_time(row, "loggedAt", complaint->logged_at, info));
    if (complaint->decided_at != 0)
        GALEN_TRY(workflow_set_time(row, "decidedAt", complaint->decided_at, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err complaint_list(struct workflow *wf, struct json_object **result,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info, COLUMNS "ORDER BY logged_at, id, role"));
    for (;;) {
        RECORD_JSON_AUTO row = NULL;
        struct complaint complaint;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(read_row(wf, &complaint, &rows, info));
        GALEN_TRY(complaint_row(&row, &complaint, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
