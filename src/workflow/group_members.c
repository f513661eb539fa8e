/*
 * The registry of members under both managers' signatures, the Group Manager's side: it sends the
 * rows that the chain does not cover yet, the Revocation Manager checks and signs (group_copy.c),
 * and the Group Manager commits the head on-chain.
 *
 *   registry                GM → RM  {type galen.registry/1, keyVersion, fingerprint, from, rows:
 *                                     [{salt, row}], size, head, signature}
 *   registry-countersigned  RM → GM  {type galen.registry-countersigned/1, keyVersion, size, head,
 *                                     signature}
 *
 * Both signatures are EIP-712 RegistryHead{keyVersion, size, head}.
 */
#include "workflow/group_internal.h"

#include <string.h>

#define ROWS_PER_MESSAGE 128 /* fills a message of 1 MiB at the longest names */

static struct chain_registry_head head_message(const struct group_head *head)
{
    struct chain_registry_head typed = {.key_version = head->key_version, .size = head->size};
    memcpy(typed.head, head->hash, 32);
    return typed;
}

void group_head_digest(const struct workflow *wf, uint8_t digest32[32],
                       const struct group_head *head)
{
    const struct chain_registry_head typed = head_message(head);
    chain_digest_registry_head(digest32, &wf->domain, &typed);
}

enum galen_err group_head_sign(struct workflow *wf, uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                               const struct chain_address *signer, const struct group_head *head,
                               struct galen_errinfo *info)
{
    const struct chain_registry_head typed = head_message(head);
    return workflow_wallet_sign(wf, sig65, signer, CHAIN_TYPED_REGISTRY_HEAD, &typed, NULL, info);
}

enum galen_err group_head_committed(struct workflow *wf, struct datahub_get_members_result *out,
                                    uint32_t key_version, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_get_members(&call, key_version, info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    return datahub_decode_get_members(out, answer.data, answer.len, info);
}

enum galen_err group_read_hash(struct db_rows *rows, uint8_t out[32], struct galen_errinfo *info)
{
    bool found = false;
    memset(out, 0, 32);
    GALEN_TRY(db_next(rows, &found, info));
    return found ? db_bytes(rows, 0, out, 32, info) : GALEN_OK;
}

/* GM's head after `size` rows; zeros for none. */
static enum galen_err own_head(struct workflow *wf, uint8_t out[32], const uint8_t fingerprint[32],
                               uint64_t size, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT head FROM member WHERE fingerprint = ? AND ?2 > 0"
                       " ORDER BY id LIMIT 1 OFFSET ?2 - 1",
                       DB_BLOB(fingerprint, 32), DB_INT(size)));
    return group_read_hash(&rows, out, info);
}

enum galen_err group_fingerprint_of(struct workflow *wf, uint8_t fingerprint[32],
                                    uint32_t key_version, struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    GALEN_TRY(workflow_group_key(wf, key_version, &key, info));
    groupsig_group_key_fingerprint(key, fingerprint);
    return GALEN_OK;
}

/* ---- who may ----------------------------------------------------------------------------------- */

enum galen_err group_need_office(struct workflow *wf, const struct chain_address *identity,
                                 const char *role, struct chain_address *other,
                                 struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0};
    bool is_gm = strcmp(role, "gm") == 0;
    GALEN_TRY(steps_need_role(wf, identity, role, info));
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(identity, is_gm ? &gm : &rm))
        return base_fail(info, GALEN_ERR_USAGE, "the contract names another %s",
                         is_gm ? "Group Manager" : "Revocation Manager");
    if (other != NULL)
        *other = is_gm ? rm : gm;
    return GALEN_OK;
}

static enum galen_err check_managers(struct workflow *wf, const struct message *message,
                                     bool from_gm, struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0};
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(&message->sender, from_gm ? &gm : &rm) ||
        !chain_address_equal(&message->recipient, from_gm ? &rm : &gm))
        return base_fail(info, GALEN_ERR_CHECK,
                         "not from one of the contract's managers to the other");
    return steps_need_role(wf, &message->recipient, from_gm ? "rm" : "gm", info);
}

enum galen_err group_check_gm_to_rm(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    return check_managers(wf, message, true, info);
}

enum galen_err group_check_rm_to_gm(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    return check_managers(wf, message, false, info);
}

/* ---- GM: rows out ------------------------------------------------------------------------------- */

enum galen_err group_read_member(struct group_member *out, uint8_t salt[32],
                                 const struct db_rows *rows, struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO read = {.joined_at = db_int(rows, 9)};
    struct group_evidence *evidence = &read.evidence;
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(db_bytes(rows, 0, evidence->fingerprint, 32, info));
    GALEN_TRY(db_bytes(rows, 1, evidence->wallet.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 2, read.commitment, sizeof read.commitment, info));
    GALEN_TRY(db_bytes(rows, 3, evidence->nonce, 32, info));
    GALEN_TRY(base_buf_append_text(&evidence->statement, db_text(rows, 4)));
    GALEN_TRY(db_bytes(rows, 5, evidence->request, sizeof evidence->request, info));
    GALEN_TRY(db_bytes(rows, 6, evidence->signature, sizeof evidence->signature, info));
    GALEN_TRY(db_bytes(rows, 7, read.membership, sizeof read.membership, info));
    GALEN_TRY(db_bytes(rows, 8, salt, 32, info));
    GALEN_TRY(group_member_encode(&row, &read, info));
    return group_member_parse(out, row, info);
}

static enum galen_err push_row(struct json_object *list, struct json_object **row,
                               const uint8_t salt[32], struct galen_errinfo *info)
{
    RECORD_JSON_AUTO item = NULL;
    GALEN_TRY(workflow_object(&item, info));
    GALEN_TRY(record_json_set_hex(item, "salt", salt, 32, info));
    GALEN_TRY(workflow_set_object(item, "row", row, info));
    return workflow_push(list, &item, info);
}

static enum galen_err rows_from(struct workflow *wf, struct json_object **out,
                                const uint8_t fingerprint[32], uint64_t from, uint64_t size,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info,
                       GROUP_MEMBER_COLUMNS "WHERE fingerprint = ? ORDER BY id LIMIT ? OFFSET ?",
                       DB_BLOB(fingerprint, 32), DB_INT(size - from), DB_INT(from)));
    for (;;) {
        GROUP_MEMBER_AUTO member = {0};
        RECORD_JSON_AUTO row = NULL;
        uint8_t salt[32];
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(group_read_member(&member, salt, &rows, info));
        GALEN_TRY(group_member_encode(&row, &member, info));
        GALEN_TRY(push_row(list, &row, salt, info));
    }
    *out = list;
    list = NULL;
    return GALEN_OK;
}

static enum galen_err send_rows(struct workflow *wf, const struct chain_address *gm,
                                const struct chain_address *rm, struct group_head *head,
                                uint64_t from, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO rows = NULL;
    GALEN_TRY(own_head(wf, head->hash, head->fingerprint, head->size, info));
    GALEN_TRY(group_head_sign(wf, head->gm65, gm, head, info));
    GALEN_TRY(rows_from(wf, &rows, head->fingerprint, from, head->size, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", REGISTRY_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", head->key_version, info));
    GALEN_TRY(record_json_set_hex(body, "fingerprint", head->fingerprint, 32, info));
    GALEN_TRY(workflow_set_int(body, "from", (int64_t)from, info));
    GALEN_TRY(workflow_set_object(body, "rows", &rows, info));
    GALEN_TRY(workflow_set_int(body, "size", (int64_t)head->size, info));
    GALEN_TRY(record_json_set_hex(body, "head", head->hash, 32, info));
    GALEN_TRY(record_json_set_hex(body, "signature", head->gm65, sizeof head->gm65, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO registry_head VALUES (?, ?, ?, ?, ?, NULL)"
                     " ON CONFLICT DO NOTHING",
                     DB_BLOB(gm->bytes, 20), DB_BLOB(head->fingerprint, 32), DB_INT(head->size),
                     DB_BLOB(head->hash, 32), DB_BLOB(head->gm65, sizeof head->gm65)));
    return message_send(wf, gm, rm, MESSAGE_REGISTRY, head->hash, body, info);
}

enum galen_err group_head_newest(struct workflow *wf, bool *found, struct group_head *head,
                                 const struct chain_address *holder, uint64_t above,
                                 bool only_signed, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT size, head, gm_signature, rm_signature FROM registry_head"
                       " WHERE holder = ? AND fingerprint = ? AND size > ?"
                       " AND (NOT ? OR rm_signature IS NOT NULL) ORDER BY size DESC LIMIT 1",
                       DB_BLOB(holder->bytes, 20), DB_BLOB(head->fingerprint, 32), DB_INT(above),
                       DB_INT(only_signed)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    head->size = (uint64_t)db_int(&rows, 0);
    head->countersigned = !db_is_null(&rows, 3);
    GALEN_TRY(db_bytes(&rows, 1, head->hash, 32, info));
    GALEN_TRY(db_bytes(&rows, 2, head->gm65, sizeof head->gm65, info));
    return head->countersigned ? db_bytes(&rows, 3, head->rm65, sizeof head->rm65, info) : GALEN_OK;
}

enum galen_err group_head_result(struct json_object **out, const struct group_head *head,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(workflow_object(out, info));
    GALEN_TRY(workflow_set_int(*out, "keyVersion", head->key_version, info));
    GALEN_TRY(workflow_set_int(*out, "size", (int64_t)head->size, info));
    return record_json_set_hex(*out, "head", head->hash, 32, info);
}

static enum galen_err commit_head(struct workflow *wf, const struct chain_address *gm,
                                  const struct group_head *head, struct json_object *made,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    bool sent = false;
    GALEN_TRY(datahub_encode_commit_members(&data, head->key_version, head->size, head->hash,
                                            (struct base_view){head->rm65, sizeof head->rm65},
                                            info));
    const struct workflow_call call = {.from = gm,
                                       .data = &data,
                                       .role = "gm",
                                       .flow = "group",
                                       .operation = "commitMembers",
                                       .request_id = -1};
    return steps_transact(wf, &call, &sent, NULL, made, info);
}

enum galen_err group_commit(struct workflow *wf, const struct chain_address *gm,
                            uint32_t key_version, struct json_object **result,
                            struct galen_errinfo *info)
{
    struct chain_address rm = {0};
    struct datahub_get_members_result chain = {0};
    struct group_head head = {.key_version = key_version};
    uint8_t known[32];
    int64_t rows = 0;
    bool ready = false;
    bool dry = false;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(group_need_office(wf, gm, "gm", &rm, info));
    if (key_version == 0)
        GALEN_TRY(workflow_current_key(wf, &head.key_version, NULL, info));
    GALEN_TRY(group_fingerprint_of(wf, head.fingerprint, head.key_version, info));
    GALEN_TRY(group_head_committed(wf, &chain, head.key_version, info));
    GALEN_TRY(db_get_int(wf->db, &rows, 0, info,
                         "SELECT count(*) FROM member WHERE fingerprint = ?",
                         DB_BLOB(head.fingerprint, 32)));
    GALEN_TRY(own_head(wf, known, head.fingerprint, chain.size, info));
    if (chain.size > (uint64_t)rows || memcmp(known, chain.head, 32) != 0)
        return STEPS_FAIL(info, GALEN_ERR_CHECK, "is this home an old copy? restore the newest",
                          "the registry on the chain is not the beginning of this home's");
    GALEN_TRY(group_head_newest(wf, &ready, &head, gm, chain.size, true, info));
    if (ready) { /* a signature of a manager who was replaced is worth nothing to the contract */
        uint8_t digest32[32];
        group_head_digest(wf, digest32, &head);
        chain_verify(&ready, &rm, digest32, head.rm65);
    }
    if (!ready && chain.size < (uint64_t)rows) {
        uint64_t left = (uint64_t)rows - chain.size;
        head.size = chain.size + (left < ROWS_PER_MESSAGE ? left : ROWS_PER_MESSAGE);
        GALEN_TRY(steps_dry_run(wf, &dry, result, info));
        if (dry)
            return GALEN_OK;
        GALEN_TRY(send_rows(wf, gm, &rm, &head, chain.size, info));
        GALEN_TRY(group_head_result(&made, &head, info));
        GALEN_TRY(workflow_set_address(made, "sentTo", &rm, info));
    } else if (!ready) {
        head.size = chain.size;
        memcpy(head.hash, chain.head, 32);
        GALEN_TRY(group_head_result(&made, &head, info));
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
    } else {
        GALEN_TRY(group_head_result(&made, &head, info));
        GALEN_TRY(commit_head(wf, gm, &head, made, info));
    }
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err group_on_countersigned(struct workflow *wf, const struct message *message,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "keyVersion", "size", "head", "signature", NULL};
    static const char where[] = "countersignature";
    struct group_head head = {0};
    uint8_t digest32[32], own[32];
    int64_t version = 0, size = 0;
    bool valid = false;
    char subject[65];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, COUNTERSIGNED_TYPE, info));
    GALEN_TRY(record_json_get_int(&version, message->body, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                  UINT32_MAX, where, info));
    GALEN_TRY(record_json_get_int(&size, message->body, "size", RECORD_JSON_REQUIRED, 1, INT64_MAX,
                                  where, info));
    GALEN_TRY(record_json_get_hex(head.hash, 32, message->body, "head", RECORD_JSON_REQUIRED, where,
                                  info));
    GALEN_TRY(record_json_get_hex(head.rm65, sizeof head.rm65, message->body, "signature",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(group_check_rm_to_gm(wf, message, info));
    head.key_version = (uint32_t)version;
    head.size = (uint64_t)size;
    GALEN_TRY(group_fingerprint_of(wf, head.fingerprint, head.key_version, info));
    GALEN_TRY(own_head(wf, own, head.fingerprint, head.size, info));
    if (memcmp(own, head.hash, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "countersignature: not over this home's registry");
    group_head_digest(wf, digest32, &head);
    chain_verify(&valid, &message->sender, digest32, head.rm65);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK, "countersignature: it is not valid");
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE registry_head SET rm_signature = ? WHERE holder = ?"
                     " AND fingerprint = ? AND size = ? AND head = ?",
                     DB_BLOB(head.rm65, sizeof head.rm65), DB_BLOB(message->recipient.bytes, 20),
                     DB_BLOB(head.fingerprint, 32), DB_INT(size), DB_BLOB(head.hash, 32)));
    base_hex_encode(subject, head.hash, 32);
    return workflow_notify(wf, &message->recipient, "registry-countersigned", subject, info);
}
