/*
 * The registry as the Revocation Manager keeps it: its own copy, every row checked against its
 * evidence when it came. What is once in the copy never changes: another row at a known place, or a
 * registry that is shorter than the copy, is refused and told. Messages: group_members.c.
 */
#include "workflow/group_internal.h"

#include <string.h>

#define MAX_ROWS 4096 /* of one message; its size is bounded anyway */

/* The copy's head after `size` rows; zeros for none. */
static enum galen_err copied_head(struct workflow *wf, uint8_t out[32],
                                  const struct chain_address *rm, const uint8_t fingerprint[32],
                                  uint64_t size, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT head FROM registry_row WHERE holder = ? AND fingerprint = ?"
                       " AND position = ? - 1",
                       DB_BLOB(rm->bytes, 20), DB_BLOB(fingerprint, 32), DB_INT(size)));
    return group_read_hash(&rows, out, info);
}

static enum galen_err copied_rows(struct workflow *wf, uint64_t *out,
                                  const struct chain_address *rm, const uint8_t fingerprint[32],
                                  struct galen_errinfo *info)
{
    int64_t n = 0;
    GALEN_TRY(db_get_int(wf->db, &n, 0, info,
                         "SELECT count(*) FROM registry_row WHERE holder = ? AND fingerprint = ?",
                         DB_BLOB(rm->bytes, 20), DB_BLOB(fingerprint, 32)));
    *out = (uint64_t)n;
    return GALEN_OK;
}

/* ---- rows in ------------------------------------------------------------------------------------ */

struct offer {
    struct group_head head;
    uint64_t from;
    struct json_object *rows; /* borrowed */
};

static enum galen_err parse_offer(struct offer *out, struct json_object *body,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "keyVersion", "fingerprint", "from", "rows",
                                       "size", "head",       "signature",   NULL};
    static const char where[] = "registry";
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    int64_t version = 0, from = 0, size = 0;
    GALEN_TRY(record_json_check_keys(body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(body, REGISTRY_TYPE, info));
    GALEN_TRY(record_json_get_int(&version, body, "keyVersion", need, 1, UINT32_MAX, where, info));
    GALEN_TRY(
        record_json_get_hex(out->head.fingerprint, 32, body, "fingerprint", need, where, info));
    GALEN_TRY(record_json_get_int(&from, body, "from", need, 0, INT32_MAX, where, info));
    GALEN_TRY(record_json_get_int(&size, body, "size", need, 1, INT32_MAX, where, info));
    GALEN_TRY(record_json_get_array(&out->rows, body, "rows", need, 1, MAX_ROWS, where, info));
    GALEN_TRY(record_json_get_hex(out->head.hash, 32, body, "head", need, where, info));
    GALEN_TRY(record_json_get_hex(out->head.gm65, sizeof out->head.gm65, body, "signature", need,
                                  where, info));
    out->head.key_version = (uint32_t)version;
    out->head.size = (uint64_t)size;
    out->from = (uint64_t)from;
    if (from + (int64_t)json_object_array_length(out->rows) != size)
        return base_fail(info, GALEN_ERR_PARSE, "registry: its size is not that of its rows");
    return GALEN_OK;
}

static enum galen_err keep_row(struct workflow *wf, const struct chain_address *rm,
                               const struct group_member *member, const uint8_t salt[32],
                               struct json_object *row, uint64_t position, const uint8_t head[32],
                               struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    const uint8_t *t = member->membership + GROUPSIG_MEMBERSHIP_BYTES - 32;
    GALEN_TRY(record_json_jcs(&text, row, info));
    enum galen_err err =
        db_run(wf->db, info, "INSERT INTO registry_row VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               DB_BLOB(rm->bytes, 20), DB_BLOB(member->evidence.fingerprint, 32), DB_INT(position),
               DB_BLOB(member->commitment, sizeof member->commitment), DB_BLOB(t, 32),
               DB_BLOB(salt, 32), DB_TEXT((const char *)text.data), DB_BLOB(head, 32));
    if (err == GALEN_ERR_EXISTS)
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry row: its commitment or its t stands in another row already");
    return err;
}

/* One row: one that is known must be the very same, a new one must have its evidence. head is taken
 * one step further. */
static enum galen_err take_row(struct workflow *wf, const struct chain_address *rm,
                               const struct offer *offer, uint64_t position, uint64_t known,
                               uint8_t head[32], struct galen_errinfo *info)
{
    static const char *const keys[] = {"salt", "row", NULL};
    GROUP_MEMBER_AUTO member = {0};
    struct json_object *item = json_object_array_get_idx(offer->rows, position - offer->from);
    struct json_object *row = NULL;
    uint8_t salt[32], row32[32], copied[32];
    GALEN_TRY(record_json_check_keys(item, keys, NULL, "registry/rows", info));
    GALEN_TRY(
        record_json_get_hex(salt, 32, item, "salt", RECORD_JSON_REQUIRED, "registry/rows", info));
    GALEN_TRY(
        record_json_get_object(&row, item, "row", RECORD_JSON_REQUIRED, "registry/rows", info));
    GALEN_TRY(group_row_hash(row32, salt, row, info));
    GALEN_TRY(group_head_next(head, row32, info));
    if (position < known) {
        GALEN_TRY(copied_head(wf, copied, rm, offer->head.fingerprint, position + 1, info));
        if (memcmp(copied, head, 32) != 0)
            return base_fail(info, GALEN_ERR_CHECK,
                             "registry: row %llu is not the one that came before: it forks",
                             (unsigned long long)position);
        return GALEN_OK;
    }
    GALEN_TRY(group_member_parse(&member, row, info));
    if (memcmp(member.evidence.fingerprint, offer->head.fingerprint, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "registry row: it is another group key's");
    GALEN_TRY(group_member_check(wf, &member, NULL, info));
    return keep_row(wf, rm, &member, salt, row, position, head, info);
}

/* All rows, or none. */
static enum galen_err take_rows(struct workflow *wf, const struct chain_address *rm,
                                const struct offer *offer, struct galen_errinfo *info)
{
    uint64_t known = 0;
    uint8_t head[32];
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(copied_rows(wf, &known, rm, offer->head.fingerprint, info));
    if (offer->from > known)
        return base_fail(info, GALEN_ERR_CHECK, "registry: rows before these have not come");
    if (offer->head.size < known)
        return base_fail(info, GALEN_ERR_CHECK, "registry: it has shrunk from %llu rows to %llu",
                         (unsigned long long)known, (unsigned long long)offer->head.size);
    GALEN_TRY(copied_head(wf, head, rm, offer->head.fingerprint, offer->from, info));
    for (uint64_t position = offer->from; position < offer->head.size; position++)
        GALEN_TRY(take_row(wf, rm, offer, position, known, head, info));
    if (memcmp(head, offer->head.hash, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "registry: its head is not that of its rows");
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO registry_head VALUES (?, ?, ?, ?, ?, NULL)"
                     " ON CONFLICT DO NOTHING",
                     DB_BLOB(rm->bytes, 20), DB_BLOB(offer->head.fingerprint, 32),
                     DB_INT(offer->head.size), DB_BLOB(head, 32),
                     DB_BLOB(offer->head.gm65, sizeof offer->head.gm65)));
    return db_commit(&tx, info);
}

static enum galen_err check_offer(struct workflow *wf, const struct message *message,
                                  const struct offer *offer, struct galen_errinfo *info)
{
    uint8_t fingerprint[32], digest32[32];
    bool valid = false;
    enum galen_err err = group_fingerprint_of(wf, fingerprint, offer->head.key_version, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "registry: its group key is not here yet");
    GALEN_TRY(err);
    if (memcmp(fingerprint, offer->head.fingerprint, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "registry: its version has another group key");
    group_head_digest(wf, digest32, &offer->head);
    chain_verify(&valid, &message->sender, digest32, offer->head.gm65);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry: the Group Manager has not signed its head");
    return take_rows(wf, &message->recipient, offer, info);
}

enum galen_err group_on_registry(struct workflow *wf, const struct message *message,
                                 struct galen_errinfo *info)
{
    struct offer offer = {0};
    char subject[65];
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(parse_offer(&offer, message->body, info));
    base_hex_encode(subject, offer.head.hash, 32);
    enum galen_err err = check_offer(wf, message, &offer, info);
    if (err == GALEN_ERR_CHECK || err == GALEN_ERR_PARSE) {
        /* The manager must learn of it: the message itself is only refused. */
        GALEN_TRY(workflow_notify(wf, &message->recipient, "registry-refused", subject, NULL));
        return err;
    }
    GALEN_TRY(err);
    return workflow_notify(wf, &message->recipient, "registry", subject, info);
}

/* ---- the countersignature ------------------------------------------------------------------------ */

/* The rows that the signature newly covers. */
static enum galen_err show_rows(struct workflow *wf, struct json_object **out,
                                const struct chain_address *rm, const uint8_t fingerprint[32],
                                uint64_t from, uint64_t size, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT content FROM registry_row WHERE holder = ? AND fingerprint = ?"
                       " AND position >= ? AND position < ? ORDER BY position",
                       DB_BLOB(rm->bytes, 20), DB_BLOB(fingerprint, 32), DB_INT(from),
                       DB_INT(size)));
    for (;;) {
        RECORD_JSON_AUTO row = NULL;
        RECORD_JSON_AUTO shown = NULL;
        GROUP_MEMBER_AUTO member = {0};
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        const char *text = db_text(&rows, 0);
        GALEN_TRY(record_json_parse(&row, text, strlen(text), SEAL_OBJECT_MAX, info));
        GALEN_TRY(group_member_parse(&member, row, info));
        GALEN_TRY(group_member_show(&shown, &member, info));
        GALEN_TRY(workflow_push(list, &shown, info));
    }
    *out = list;
    list = NULL;
    return GALEN_OK;
}

/* The version whose registry waits for a signature, else the newest that has one. */
static enum galen_err find_version(struct workflow *wf, uint32_t *version,
                                   const struct chain_address *rm, struct galen_errinfo *info)
{
    int64_t found = 0;
    GALEN_TRY(db_get_int(wf->db, &found, 0, info,
                         "SELECT k.version FROM registry_head h JOIN group_key k"
                         " ON k.fingerprint = h.fingerprint AND k.confirmed WHERE h.holder = ?"
                         " ORDER BY h.rm_signature IS NULL AND h.size = (SELECT max(size) FROM"
                         " registry_head WHERE holder = h.holder AND fingerprint = h.fingerprint)"
                         " DESC, k.version DESC LIMIT 1",
                         DB_BLOB(rm->bytes, 20)));
    if (found == 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "the Group Manager sends it by 'galen group commit', then run 'galen "
                          "sync'; 'galen notifications' tells of one that was refused",
                          "no registry that passed its checks is here");
    *version = (uint32_t)found;
    return GALEN_OK;
}

static enum galen_err send_countersignature(struct workflow *wf, const struct chain_address *rm,
                                            const struct chain_address *gm,
                                            const struct group_head *head,
                                            struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(group_head_result(&body, head, info));
    GALEN_TRY(workflow_set_text(body, "type", COUNTERSIGNED_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "signature", head->rm65, sizeof head->rm65, info));
    return message_send(wf, rm, gm, MESSAGE_COUNTERSIGNED, head->hash, body, info);
}

enum galen_err group_countersign(struct workflow *wf, const struct chain_address *rm,
                                 struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address gm = {0};
    struct group_head head = {0};
    struct group_head before = {0};
    bool found = false, any_before = false;
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO members = NULL;
    GALEN_TRY(group_need_office(wf, rm, "rm", &gm, info));
    GALEN_TRY(find_version(wf, &head.key_version, rm, info));
    GALEN_TRY(group_fingerprint_of(wf, head.fingerprint, head.key_version, info));
    GALEN_TRY(group_head_newest(wf, &found, &head, rm, 0, false, info));
    if (!found)
        return base_fail(info, GALEN_ERR_STATE, "no head of that registry is here");
    bool was_signed = head.countersigned;
    memcpy(before.fingerprint, head.fingerprint, 32);
    GALEN_TRY(group_head_newest(wf, &any_before, &before, rm, 0, true, info));
    GALEN_TRY(show_rows(wf, &members, rm, head.fingerprint, any_before ? before.size : 0, head.size,
                        info));
    if (!wf->dry_run && !was_signed) {
        GALEN_TRY(group_head_sign(wf, head.rm65, rm, &head, info));
        GALEN_TRY(db_run(wf->db, info,
                         "UPDATE registry_head SET rm_signature = ? WHERE holder = ?"
                         " AND fingerprint = ? AND size = ?",
                         DB_BLOB(head.rm65, sizeof head.rm65), DB_BLOB(rm->bytes, 20),
                         DB_BLOB(head.fingerprint, 32), DB_INT(head.size)));
    }
    if (!wf->dry_run)
        GALEN_TRY(send_countersignature(wf, rm, &gm, &head, info));
    GALEN_TRY(group_head_result(&made, &head, info));
    GALEN_TRY(workflow_set_object(made, "members", &members, info));
    if (wf->dry_run)
        GALEN_TRY(workflow_set_bool(made, "dryRun", true, info));
    else if (was_signed)
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- looking -------------------------------------------------------------------------------------- */

enum galen_err group_find_member(struct workflow *wf, bool *found, struct group_member *out,
                                 uint8_t salt[32], const struct chain_address *holder, bool is_gm,
                                 const uint8_t fingerprint[32], const uint8_t commitment[48],
                                 struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO row = NULL;
    uint8_t read_salt[32];
    if (is_gm)
        GALEN_TRY(db_query(&rows, wf->db, info,
                           GROUP_MEMBER_COLUMNS "WHERE fingerprint = ? AND commitment = ?",
                           DB_BLOB(fingerprint, 32), DB_BLOB(commitment, 48)));
    else
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT content, salt FROM registry_row WHERE holder = ?"
                           " AND fingerprint = ? AND commitment = ?",
                           DB_BLOB(holder->bytes, 20), DB_BLOB(fingerprint, 32),
                           DB_BLOB(commitment, 48)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    if (is_gm) {
        GALEN_TRY(group_read_member(out, read_salt, &rows, info));
    } else {
        const char *text = db_text(&rows, 0);
        GALEN_TRY(db_bytes(&rows, 1, read_salt, 32, info));
        GALEN_TRY(record_json_parse(&row, text, strlen(text), SEAL_OBJECT_MAX, info));
        GALEN_TRY(group_member_parse(out, row, info));
    }
    if (salt != NULL)
        memcpy(salt, read_salt, 32);
    return GALEN_OK;
}

enum galen_err group_is_committed(struct workflow *wf, bool *committed,
                                  const struct chain_address *rm, uint32_t key_version,
                                  const uint8_t commitment[48], struct galen_errinfo *info)
{
    struct datahub_get_members_result chain = {0};
    uint8_t fingerprint[32], copied[32];
    int64_t position = -1;
    *committed = false;
    GALEN_TRY(group_fingerprint_of(wf, fingerprint, key_version, info));
    GALEN_TRY(group_head_committed(wf, &chain, key_version, info));
    GALEN_TRY(copied_head(wf, copied, rm, fingerprint, chain.size, info));
    if (memcmp(copied, chain.head, 32) != 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "is this home an old copy? restore the newest",
                          "this home's copy of the registry is not the one on the chain: it cannot "
                          "tell who is in it");
    GALEN_TRY(db_get_int(wf->db, &position, -1, info,
                         "SELECT position FROM registry_row WHERE holder = ? AND fingerprint = ?"
                         " AND commitment = ?",
                         DB_BLOB(rm->bytes, 20), DB_BLOB(fingerprint, 32),
                         DB_BLOB(commitment, 48)));
    *committed = position >= 0 && (uint64_t)position < chain.size;
    return GALEN_OK;
}

static enum galen_err registry_row(struct workflow *wf, struct json_object **out, const char *role,
                                   uint32_t version, int64_t n, int64_t countersigned,
                                   const uint8_t head[32], struct galen_errinfo *info)
{
    struct datahub_get_members_result chain = {0};
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(group_head_committed(wf, &chain, version, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "role", role, info));
    GALEN_TRY(workflow_set_int(row, "keyVersion", version, info));
    GALEN_TRY(workflow_set_int(row, "rows", n, info));
    GALEN_TRY(workflow_set_int(row, "countersigned", countersigned, info));
    GALEN_TRY(workflow_set_int(row, "committed", (int64_t)chain.size, info));
    GALEN_TRY(record_json_set_hex(row, "head", head, 32, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err group_registry(struct workflow *wf, struct json_object **result,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(
        db_query(&rows, wf->db, info,
                 "WITH own (role, holder, fingerprint, place, head) AS ("
                 " SELECT 'gm', i.address, m.fingerprint, m.id, m.head FROM member m"
                 "  JOIN identity i ON i.role = 'gm'"
                 " UNION ALL SELECT 'rm', holder, fingerprint, position, head FROM registry_row)"
                 " SELECT o.role, k.version, count(*), o.head, max(o.place),"
                 "  (SELECT coalesce(max(h.size), 0) FROM registry_head h WHERE h.holder = o.holder"
                 "   AND h.fingerprint = o.fingerprint AND h.rm_signature IS NOT NULL)"
                 " FROM own o JOIN group_key k ON k.fingerprint = o.fingerprint AND k.confirmed"
                 " GROUP BY o.role, o.holder, k.version ORDER BY o.role, k.version"));
    for (;;) {
        RECORD_JSON_AUTO row = NULL;
        uint8_t head[32];
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(db_bytes(&rows, 3, head, 32, info));
        GALEN_TRY(registry_row(wf, &row, db_text(&rows, 0), (uint32_t)db_int(&rows, 1),
                               db_int(&rows, 2), db_int(&rows, 5), head, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
