/*
 * That a member's row stands in the registry which the chain holds, shown to somebody who has no
 * copy of it: the head before the row, and the hashes of the rows after it up to a committed head.
 * Rows are salted, so their hashes tell nothing of other members.
 */
#include "workflow/group_internal.h"

#include <string.h>

#define MAX_AFTER 4096 /* rows between one commit and the next; this home sends 128 at most */

enum galen_err group_on_members_committed(struct workflow *wf, const struct workflow_event *event,
                                          const struct datahub_members_committed_event *args,
                                          struct galen_errinfo *info)
{
    if (args->size > INT64_MAX)
        return base_fail(info, GALEN_ERR_PARSE, "a registry of an impossible size");
    return db_run(wf->db, info, "INSERT OR REPLACE INTO registry_commit VALUES (?, ?, ?)",
                  DB_INT(args->key_version), DB_INT(args->size), DB_BLOB(args->head, 32));
}

/* The next row and its salt; *row stays NULL at the end. */
static enum galen_err next_row(struct db_rows *rows, struct json_object **row, bool is_gm,
                               uint8_t salt[32], struct galen_errinfo *info)
{
    bool found = false;
    GALEN_TRY(db_next(rows, &found, info));
    if (!found)
        return GALEN_OK;
    if (is_gm) {
        GROUP_MEMBER_AUTO member = {0};
        GALEN_TRY(group_read_member(&member, salt, rows, info));
        return group_member_encode(row, &member, info);
    }
    const char *text = db_text(rows, 0);
    GALEN_TRY(db_bytes(rows, 1, salt, 32, info));
    return record_json_parse(row, text, strlen(text), SEAL_OBJECT_MAX, info);
}

/* The hash of the next row; *found is false at the end. */
static enum galen_err next_row_hash(struct db_rows *rows, bool *found, bool is_gm,
                                    uint8_t row32[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    uint8_t salt[32];
    GALEN_TRY(next_row(rows, &row, is_gm, salt, info));
    *found = row != NULL;
    return *found ? group_row_hash(row32, salt, row, info) : GALEN_OK;
}

static enum galen_err query_rows(struct workflow *wf, struct db_rows *rows,
                                 const struct chain_address *holder, bool is_gm,
                                 const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    if (is_gm)
        return db_query(rows, wf->db, info,
                        GROUP_MEMBER_COLUMNS "WHERE fingerprint = ? ORDER BY id",
                        DB_BLOB(fingerprint, 32));
    return db_query(rows, wf->db, info,
                    "SELECT content, salt FROM registry_row WHERE holder = ? AND fingerprint = ?"
                    " ORDER BY position",
                    DB_BLOB(holder->bytes, 20), DB_BLOB(fingerprint, 32));
}

/* The smallest committed registry that has the row at this place. */
static enum galen_err find_commit(struct workflow *wf, uint32_t key_version, int64_t position,
                                  int64_t *size, uint8_t head[32], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT size, head FROM registry_commit WHERE key_version = ? AND size > ?"
                       " ORDER BY size LIMIT 1",
                       DB_INT(key_version), DB_INT(position)));
    GALEN_TRY(db_next(&rows, &found, info));
    *size = found ? db_int(&rows, 0) : 0;
    return found ? db_bytes(&rows, 1, head, 32, info) : GALEN_OK;
}

static enum galen_err push_hash(struct json_object *list, const uint8_t hash32[32],
                                struct galen_errinfo *info)
{
    char hex[67] = "0x";
    base_hex_encode(hex + 2, hash32, 32);
    return record_json_push(list, json_object_new_string(hex), info);
}

enum galen_err group_prove_row(struct workflow *wf, struct json_object **proof,
                               const struct chain_address *holder, bool is_gm, uint32_t key_version,
                               const uint8_t row32[32], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO after = NULL;
    uint8_t fingerprint[32], before[32], head[32] = {0}, committed[32], hash[32];
    int64_t size = 0, at = 0;
    bool found = true;
    *proof = NULL;
    GALEN_TRY(group_fingerprint_of(wf, fingerprint, key_version, info));
    GALEN_TRY(query_rows(wf, &rows, holder, is_gm, fingerprint, info));
    for (;; at++) {
        memcpy(before, head, 32);
        GALEN_TRY(next_row_hash(&rows, &found, is_gm, hash, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(group_head_next(head, hash, info));
        if (memcmp(hash, row32, 32) == 0)
            break;
    }
    GALEN_TRY(find_commit(wf, key_version, at, &size, committed, info));
    GALEN_TRY(workflow_array(&after, info));
    for (at++; at < size; at++) {
        GALEN_TRY(next_row_hash(&rows, &found, is_gm, hash, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(group_head_next(head, hash, info));
        GALEN_TRY(push_hash(after, hash, info));
    }
    if (size == 0 || memcmp(head, committed, 32) != 0)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "before", before, 32, info));
    GALEN_TRY(workflow_set_object(made, "after", &after, info));
    *proof = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err group_check_row(struct workflow *wf, struct json_object *proof, uint32_t key_version,
                               const uint8_t row32[32], struct galen_errinfo *info)
{
    static const char *const keys[] = {"before", "after", NULL};
    static const char where[] = "registry proof";
    struct json_object *after = NULL;
    uint8_t head[32], hash[32];
    int64_t known = 0;
    GALEN_TRY(record_json_check_keys(proof, keys, NULL, where, info));
    GALEN_TRY(record_json_get_hex(head, 32, proof, "before", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_array(&after, proof, "after", RECORD_JSON_REQUIRED, 0, MAX_AFTER,
                                    where, info));
    GALEN_TRY(group_head_next(head, row32, info));
    for (size_t i = 0; i < json_object_array_length(after); i++) {
        struct json_object *item = json_object_array_get_idx(after, i);
        if (!json_object_is_type(item, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "%s: a hash is not text", where);
        GALEN_TRY(base_hex_decode(hash, 32, json_object_get_string(item), where, info));
        GALEN_TRY(group_head_next(head, hash, info));
    }
    GALEN_TRY(db_get_int(wf->db, &known, 0, info,
                         "SELECT count(*) FROM registry_commit WHERE key_version = ? AND head = ?",
                         DB_INT(key_version), DB_BLOB(head, 32)));
    if (known == 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the registry on the chain does not hold this member");
    return GALEN_OK;
}

/* ---- a copy as a whole ----------------------------------------------------------------------------- */

static enum galen_err check_member(struct workflow *wf, struct json_object *row, uint64_t at,
                                   struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    enum galen_err err = group_member_parse(&member, row, info);
    if (err == GALEN_OK)
        err = group_member_check(wf, &member, NULL, info);
    return err == GALEN_OK ? err : base_wrap(info, err, "row %llu", (unsigned long long)at);
}

enum galen_err group_check_copy(struct workflow *wf, uint64_t *out,
                                const struct chain_address *holder, bool is_gm,
                                uint32_t key_version, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    uint8_t fingerprint[32], salt[32], hash[32], head[32] = {0};
    uint64_t n = 0;
    int64_t last = 0, wrong = 0;
    GALEN_TRY(group_fingerprint_of(wf, fingerprint, key_version, info));
    GALEN_TRY(query_rows(wf, &rows, holder, is_gm, fingerprint, info));
    for (;; *out = ++n) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(next_row(&rows, &row, is_gm, salt, info));
        if (row == NULL)
            break;
        GALEN_TRY(check_member(wf, row, n, info));
        GALEN_TRY(group_row_hash(hash, salt, row, info));
        GALEN_TRY(group_head_next(head, hash, info));
        GALEN_TRY(db_get_int(wf->db, &wrong, 0, info,
                             "SELECT count(*) FROM registry_commit WHERE key_version = ?"
                             " AND size = ? AND head <> ?",
                             DB_INT(key_version), DB_INT(n + 1), DB_BLOB(head, 32)));
        if (wrong > 0)
            return base_fail(info, GALEN_ERR_CHECK,
                             "the head committed at %llu rows is not that of these rows",
                             (unsigned long long)n + 1);
    }
    GALEN_TRY(db_get_int(wf->db, &last, 0, info,
                         "SELECT coalesce(max(size), 0) FROM registry_commit"
                         " WHERE key_version = ?",
                         DB_INT(key_version)));
    if ((uint64_t)last > n)
        return base_fail(info, GALEN_ERR_CHECK, "%lld rows are committed, %llu are here",
                         (long long)last, (unsigned long long)n);
    return GALEN_OK;
}
