/*
 * Setting the group up: each manager makes its half of the key, GM puts the halves together and
 * proposes the key on-chain, RM confirms what it has compared with its own half. Hospitals.
 *
 * Message setup-share: {type galen.setup-share/1, role gm|rm, share}, from one manager to the
 * other.
 */
#include "workflow/steps.h"

#include <string.h>

#define SETUP_SHARE_TYPE "galen.setup-share/1"
/* What the key store holds: GM's secret and share; RM's secret, its share, and GM's before it. */
#define GM_STORED_BYTES (GROUPSIG_GM_SECRET_BYTES + GROUPSIG_GM_SHARE_BYTES)
#define RM_STORED_BYTES                                                                            \
    (GROUPSIG_RM_SECRET_BYTES + GROUPSIG_RM_SHARE_BYTES + GROUPSIG_GM_SHARE_BYTES)

static enum galen_err damaged(struct galen_errinfo *info)
{
    return base_fail(info, GALEN_ERR_CHECK, "a manager's secret in the key store is damaged");
}

/* GM's stored half, made when there is none. */
static enum galen_err gm_half(struct workflow *wf, struct base_secret *stored,
                              const struct chain_address *gm, struct galen_errinfo *info)
{
    enum galen_err err = workflow_secret_get(wf, stored, WORKFLOW_KEY_GM, gm, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        struct groupsig_gm_secret secret;
        GALEN_TRY(base_secret_alloc(stored, GM_STORED_BYTES));
        enum groupsig_status status =
            groupsig_gm_setup(&secret, stored->data + GROUPSIG_GM_SECRET_BYTES, &workflow_rng);
        if (status == GROUPSIG_OK)
            groupsig_gm_secret_encode(&secret, stored->data);
        groupsig_gm_secret_clear(&secret);
        if (status != GROUPSIG_OK)
            return workflow_groupsig_fail(status, "the Group Manager's half", info);
        err = workflow_secret_put(wf, WORKFLOW_KEY_GM, gm, stored->data, stored->len, info);
    }
    GALEN_TRY(err);
    return stored->len == GM_STORED_BYTES ? GALEN_OK : damaged(info);
}

/* The other manager's half as it came; STATE when it has not. */
static enum galen_err read_share(struct workflow *wf, uint8_t *share, size_t len,
                                 const struct chain_address *holder,
                                 const struct chain_address *sender, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT share FROM setup_share WHERE holder = ? AND sender = ?",
                       DB_BLOB(holder->bytes, 20), DB_BLOB(sender->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "it comes as a message: let the other manager run its step, then sync",
                          "the other manager's half of the group key is not here yet");
    return db_bytes(&rows, 0, share, len, info);
}

static enum galen_err send_share(struct workflow *wf, const struct chain_address *from,
                                 const struct chain_address *to, const char *role,
                                 const uint8_t *share, size_t len, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id32[32];
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", SETUP_SHARE_TYPE, info));
    GALEN_TRY(workflow_set_text(body, "role", role, info));
    GALEN_TRY(record_json_set_hex(body, "share", share, len, info));
    store_digest(id32, share, len);
    return message_send(wf, from, to, MESSAGE_SETUP_SHARE, id32, body, info);
}

enum galen_err group_setup_gm(struct workflow *wf, const struct chain_address *gm,
                              const struct chain_address *rm, struct json_object **result,
                              struct galen_errinfo *info)
{
    bool dry = false;
    struct workflow_contact contact;
    GALEN_TRY(steps_need_role(wf, gm, "gm", info));
    GALEN_TRY(workflow_contact_get(wf, &contact, rm, info));
    if (chain_address_equal(gm, rm))
        return base_fail(info, GALEN_ERR_USAGE, "the two managers are never one account");
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(gm_half(wf, &stored, gm, info));
    const uint8_t *share = stored.data + GROUPSIG_GM_SECRET_BYTES;
    uint8_t digest32[32];
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(send_share(wf, gm, rm, "gm", share, GROUPSIG_GM_SHARE_BYTES, info));
    store_digest(digest32, share, GROUPSIG_GM_SHARE_BYTES);
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "sentTo", rm, info));
    GALEN_TRY(record_json_set_hex(made, "shareDigest", digest32, 32, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* RM's stored half, made after (and bound to) this GM's share when there is none. */
static enum galen_err rm_half(struct workflow *wf, struct base_secret *stored,
                              const struct chain_address *rm,
                              const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                              struct galen_errinfo *info)
{
    enum galen_err err = workflow_secret_get(wf, stored, WORKFLOW_KEY_RM, rm, info);
    if (err == GALEN_ERR_NOT_FOUND) {
        struct groupsig_rm_secret secret;
        GALEN_TRY(base_secret_alloc(stored, RM_STORED_BYTES));
        uint8_t *rm_share = stored->data + GROUPSIG_RM_SECRET_BYTES;
        enum groupsig_status status = groupsig_rm_setup(&secret, rm_share, gm_share, &workflow_rng);
        if (status != GROUPSIG_OK)
            return workflow_groupsig_fail(status, "the Group Manager's half", info);
        groupsig_rm_secret_encode(&secret, stored->data);
        groupsig_rm_secret_clear(&secret);
        memcpy(rm_share + GROUPSIG_RM_SHARE_BYTES, gm_share, GROUPSIG_GM_SHARE_BYTES);
        err = workflow_secret_put(wf, WORKFLOW_KEY_RM, rm, stored->data, stored->len, info);
    }
    GALEN_TRY(err);
    if (stored->len != RM_STORED_BYTES)
        return damaged(info);
    const uint8_t *bound = stored->data + GROUPSIG_RM_SECRET_BYTES + GROUPSIG_RM_SHARE_BYTES;
    if (memcmp(bound, gm_share, GROUPSIG_GM_SHARE_BYTES) != 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "ask the Group Manager which half is right",
                          "this half was made after another half of the Group Manager's");
    return GALEN_OK;
}

/* The combined key; both proofs are checked on the way. */
static enum galen_err combine(struct groupsig_group_key *key,
                              const uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES],
                              const uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES],
                              struct galen_errinfo *info)
{
    enum groupsig_status status = groupsig_group_key_combine(key, gm_share, rm_share);
    return status == GROUPSIG_OK ? GALEN_OK
                                 : workflow_groupsig_fail(status, "the two halves", info);
}

enum galen_err group_setup_rm(struct workflow *wf, const struct chain_address *rm,
                              struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address gm = {0};
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES];
    bool dry = false;
    GALEN_TRY(steps_need_role(wf, rm, "rm", info));
    GALEN_TRY(workflow_managers(wf, &gm, NULL, info));
    GALEN_TRY(read_share(wf, gm_share, sizeof gm_share, rm, &gm, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(rm_half(wf, &stored, rm, gm_share, info));
    const uint8_t *rm_share = stored.data + GROUPSIG_RM_SECRET_BYTES;
    struct groupsig_group_key key;
    GALEN_TRY(combine(&key, gm_share, rm_share, info));
    GALEN_TRY(send_share(wf, rm, &gm, "rm", rm_share, GROUPSIG_RM_SHARE_BYTES, info));
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    RECORD_JSON_AUTO made = NULL;
    groupsig_group_key_fingerprint(&key, fingerprint);
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "sentTo", &gm, info));
    GALEN_TRY(record_json_set_hex(made, "fingerprint", fingerprint, sizeof fingerprint, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err group_on_setup_share(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "role", "share", NULL};
    struct chain_address gm = {0}, rm = {0};
    const char *role = NULL;
    uint8_t share[GROUPSIG_GM_SHARE_BYTES];
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "set-up share", info));
    GALEN_TRY(record_json_check_type(message->body, SETUP_SHARE_TYPE, info));
    GALEN_TRY(record_json_get_text(&role, message->body, "role", RECORD_JSON_REQUIRED, 2,
                                   "set-up share", info));
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    bool from_gm = strcmp(role, "gm") == 0;
    if (!from_gm && strcmp(role, "rm") != 0)
        return base_fail(info, GALEN_ERR_PARSE, "set-up share: neither gm nor rm");
    if (!chain_address_equal(&message->sender, from_gm ? &gm : &rm) ||
        !chain_address_equal(&message->recipient, from_gm ? &rm : &gm))
        return base_fail(info, GALEN_ERR_CHECK,
                         "set-up share: not from one of the contract's managers to the other");
    size_t len = from_gm ? GROUPSIG_GM_SHARE_BYTES : GROUPSIG_RM_SHARE_BYTES;
    GALEN_TRY(record_json_get_hex(share, len, message->body, "share", RECORD_JSON_REQUIRED,
                                  "set-up share", info));
    GALEN_TRY(db_run(wf->db, info, "INSERT OR REPLACE INTO setup_share VALUES (?, ?, ?, ?)",
                     DB_BLOB(message->recipient.bytes, 20), DB_BLOB(message->sender.bytes, 20),
                     DB_BLOB(share, len), DB_INT(base_time_s())));
    return workflow_notify(wf, &message->recipient, "setup-share", role, info);
}

/* ---- on-chain ----------------------------------------------------------------------------------- */

/* The newest version that was proposed; *version 0 when there is none. */
static enum galen_err newest_key(struct workflow *wf, uint32_t *version,
                                 struct datahub_group_key_info *found, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    uint32_t count = 0;
    GALEN_TRY(datahub_encode_group_key_count(&call, info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_group_key_count(&count, answer.data, answer.len, info));
    if (count > 0) {
        base_buf_clear(&call);
        GALEN_TRY(datahub_encode_get_group_key(&call, count, info));
        GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
        GALEN_TRY(datahub_decode_get_group_key(found, answer.data, answer.len, info));
    }
    *version = count;
    return GALEN_OK;
}

static enum galen_err key_result(struct json_object **made, uint32_t version,
                                 const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    GALEN_TRY(workflow_object(made, info));
    if (version > 0)
        GALEN_TRY(workflow_set_int(*made, "version", version, info));
    return record_json_set_hex(*made, "fingerprint", fingerprint, 32, info);
}

/* The version that a mined setGroupKey got. */
static enum galen_err proposed_version(uint32_t *version, const struct chain_receipt *receipt,
                                       struct galen_errinfo *info)
{
    for (size_t i = 0; i < receipt->logs.len; i++) {
        struct datahub_group_key_proposed_event event;
        enum galen_err err = datahub_decode_group_key_proposed_event(&event,
                                                                     &receipt->logs.items[i], info);
        if (err == GALEN_OK)
            *version = event.version;
        if (err != GALEN_ERR_NOT_FOUND)
            return err;
    }
    return base_fail(info, GALEN_ERR_NETWORK, "the receipt lacks the event of the new group key");
}

enum galen_err group_propose(struct workflow *wf, const struct chain_address *gm,
                             struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address rm = {0};
    uint8_t rm_share[GROUPSIG_RM_SHARE_BYTES];
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(steps_need_role(wf, gm, "gm", info));
    GALEN_TRY(workflow_managers(wf, NULL, &rm, info));
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_GM, gm, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "'galen group setup' makes it",
                          "the Group Manager's half of the key has not been made");
    GALEN_TRY(err);
    if (stored.len != GM_STORED_BYTES)
        return damaged(info);
    GALEN_TRY(read_share(wf, rm_share, sizeof rm_share, gm, &rm, info));

    struct groupsig_group_key key;
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES], points[GROUPSIG_GROUP_KEY_POINTS_BYTES];
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    GALEN_TRY(combine(&key, stored.data + GROUPSIG_GM_SECRET_BYTES, rm_share, info));
    groupsig_group_key_encode(&key, bytes);
    groupsig_group_key_points(&key, points);
    groupsig_group_key_fingerprint(&key, fingerprint);

    uint32_t version = 0;
    struct datahub_group_key_info newest = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(newest_key(wf, &version, &newest, info));
    bool proposed = version > 0 && memcmp(newest.fingerprint, fingerprint, 32) == 0;
    if (!wf->dry_run)
        GALEN_TRY(workflow_publish(wf, NULL, "group-key", 0, bytes, sizeof bytes, info));
    if (proposed) {
        GALEN_TRY(key_result(&made, version, fingerprint, info));
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
        workflow_give(result, &made);
        return GALEN_OK;
    }
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_set_group_key(&data, fingerprint,
                                           (struct base_view){bytes, sizeof bytes},
                                           (struct base_view){points, sizeof points}, info));
    const struct workflow_call call = {.from = gm,
                                       .data = &data,
                                       .role = "gm",
                                       .flow = "group",
                                       .operation = "setGroupKey",
                                       .request_id = -1};
    bool sent = false;
    CHAIN_RECEIPT_AUTO receipt = {0};
    RECORD_JSON_AUTO outcome = NULL;
    GALEN_TRY(workflow_object(&outcome, info));
    GALEN_TRY(steps_transact(wf, &call, &sent, &receipt, outcome, info));
    if (sent) {
        GALEN_TRY(proposed_version(&version, &receipt, info));
        GALEN_TRY(workflow_set_int(outcome, "version", version, info));
    }
    GALEN_TRY(record_json_set_hex(outcome, "fingerprint", fingerprint, 32, info));
    workflow_give(result, &outcome);
    return GALEN_OK;
}

/* CHECK unless the proposed key holds, and holds exactly the halves that this manager knows. */
static enum galen_err compare_halves(struct workflow *wf, const struct chain_address *rm,
                                     const struct base_buf *bytes, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_RM, rm, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE,
                         "the Revocation Manager's half of the key has not been made");
    GALEN_TRY(err);
    if (stored.len != RM_STORED_BYTES)
        return damaged(info);
    struct groupsig_group_key key;
    enum groupsig_status status = groupsig_group_key_parse(&key, bytes->data, bytes->len);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "the proposed group key", info);
    const uint8_t *rm_share = stored.data + GROUPSIG_RM_SECRET_BYTES;
    const uint8_t *gm_share = rm_share + GROUPSIG_RM_SHARE_BYTES;
    if (memcmp(bytes->data + 2, gm_share, GROUPSIG_GM_SHARE_BYTES) != 0 ||
        memcmp(bytes->data + 2 + GROUPSIG_GM_SHARE_BYTES, rm_share, GROUPSIG_RM_SHARE_BYTES) != 0)
        return STEPS_FAIL(info, GALEN_ERR_CHECK, "do not confirm it; ask the Group Manager",
                          "the proposed group key is not made of the halves that were exchanged");
    return GALEN_OK;
}

enum galen_err group_confirm(struct workflow *wf, const struct chain_address *rm,
                             struct json_object **result, struct galen_errinfo *info)
{
    uint32_t version = 0;
    struct datahub_group_key_info newest = {0};
    GALEN_TRY(steps_need_role(wf, rm, "rm", info));
    GALEN_TRY(newest_key(wf, &version, &newest, info));
    if (version == 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "the Group Manager proposes it first",
                          "no group key has been proposed");
    BASE_BUF_AUTO bytes = {0};
    enum galen_err err = workflow_block_of_managers(wf, &bytes, newest.fingerprint, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "run 'galen sync', which fetches it",
                          "the proposed group key's block is not at hand");
    GALEN_TRY(err);
    GALEN_TRY(compare_halves(wf, rm, &bytes, info));

    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(key_result(&made, version, newest.fingerprint, info));
    if (!chain_u256_is_zero(&newest.confirmed_at)) {
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
        workflow_give(result, &made);
        return GALEN_OK;
    }
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(datahub_encode_confirm_group_key(&data, version, newest.fingerprint, info));
    const struct workflow_call call = {.from = rm,
                                       .data = &data,
                                       .role = "rm",
                                       .flow = "group",
                                       .operation = "confirmGroupKey",
                                       .request_id = -1};
    bool sent = false;
    GALEN_TRY(steps_transact(wf, &call, &sent, NULL, made, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err group_set_hospital(struct workflow *wf, const struct chain_address *gm,
                                  const struct chain_address *hospital, bool accredited,
                                  struct json_object **result, struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO answer = {0};
    bool now = false;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(steps_need_role(wf, gm, "gm", info));
    GALEN_TRY(datahub_encode_is_hospital(&data, hospital, info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &data, info));
    GALEN_TRY(datahub_decode_is_hospital(&now, answer.data, answer.len, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "hospital", hospital, info));
    GALEN_TRY(workflow_set_bool(made, "accredited", accredited, info));
    if (now == accredited) {
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
        workflow_give(result, &made);
        return GALEN_OK;
    }
    base_buf_clear(&data);
    GALEN_TRY(datahub_encode_set_hospital(&data, hospital, accredited, info));
    const struct workflow_call call = {.from = gm,
                                       .data = &data,
                                       .role = "gm",
                                       .flow = "group",
                                       .operation = "setHospital",
                                       .request_id = -1};
    bool sent = false;
    CHAIN_RECEIPT_AUTO receipt = {0};
    GALEN_TRY(steps_transact(wf, &call, &sent, &receipt, made, info));
    if (sent)
        GALEN_TRY(workflow_take_receipt(wf, &receipt, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
