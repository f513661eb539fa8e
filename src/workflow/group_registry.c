/*
 * Joining the group, the Group Manager's side: nonces, the applicants' evidence, memberships, and
 * the registry, which is written before a membership leaves and only grows (its rows:
 * group_evidence.c).
 */
#include "workflow/group_internal.h"

#include <string.h>

#define NONCE_LIFE_S ((int64_t)7 * 24 * 3600)

/* ---- nonces ------------------------------------------------------------------------------------- */

/* The wallet's nonce that still waits for an answer, or a fresh one. */
static enum galen_err wallet_nonce(struct workflow *wf, uint8_t nonce[32], int64_t *expires_at,
                                   const struct chain_address *wallet, struct galen_errinfo *info)
{
    int64_t now = base_time_s();
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT nonce, expires_at FROM join_nonce WHERE wallet = ?"
                           " AND NOT used AND expires_at > ? ORDER BY expires_at DESC LIMIT 1",
                           DB_BLOB(wallet->bytes, 20), DB_INT(now)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (found) {
            *expires_at = db_int(&rows, 1);
            return db_bytes(&rows, 0, nonce, 32, info);
        }
    }
    base_random(nonce, 32);
    *expires_at = now + NONCE_LIFE_S;
    return db_run(wf->db, info, "INSERT INTO join_nonce VALUES (?, ?, ?, 0)", DB_BLOB(nonce, 32),
                  DB_BLOB(wallet->bytes, 20), DB_INT(*expires_at));
}

enum galen_err group_invite(struct workflow *wf, const struct chain_address *gm,
                            const struct chain_address *doctor, struct json_object **result,
                            struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct workflow_contact contact;
    uint32_t version = 0;
    bool dry = false;
    uint8_t nonce[32], fingerprint[32];
    int64_t expires_at = 0;
    GALEN_TRY(steps_need_role(wf, gm, "gm", info));
    GALEN_TRY(workflow_current_key(wf, &version, &key, info));
    GALEN_TRY(workflow_contact_get(wf, &contact, doctor, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    groupsig_group_key_fingerprint(key, fingerprint);
    GALEN_TRY(wallet_nonce(wf, nonce, &expires_at, doctor, info));
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", JOIN_NONCE_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "fingerprint", fingerprint, 32, info));
    GALEN_TRY(record_json_set_hex(body, "nonce", nonce, 32, info));
    GALEN_TRY(workflow_set_time(body, "expires", expires_at, info));
    GALEN_TRY(message_send(wf, gm, doctor, MESSAGE_JOIN_NONCE, nonce, body, info));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "doctor", doctor, info));
    GALEN_TRY(workflow_set_time(made, "expires", expires_at, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- evidence ----------------------------------------------------------------------------------- */

/* Strict; says nothing about signature and proof. name and licence are borrowed from the message.
 */
static enum galen_err parse_evidence(struct group_evidence *out, struct json_object *body,
                                     struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",      "fingerprint", "nonce", "statement",
                                       "signature", "request",     NULL};
    static const char *const statement_keys[] = {"type", "wallet", "name", "licence", NULL};
    struct json_object *statement = NULL;
    const char *text = NULL;
    GALEN_TRY(record_json_check_keys(body, keys, NULL, "join request", info));
    GALEN_TRY(record_json_check_type(body, JOIN_REQUEST_TYPE, info));
    GALEN_TRY(record_json_get_hex(out->fingerprint, 32, body, "fingerprint", RECORD_JSON_REQUIRED,
                                  "join request", info));
    GALEN_TRY(record_json_get_hex(out->nonce, 32, body, "nonce", RECORD_JSON_REQUIRED,
                                  "join request", info));
    GALEN_TRY(record_json_get_hex(out->request, sizeof out->request, body, "request",
                                  RECORD_JSON_REQUIRED, "join request", info));
    GALEN_TRY(record_json_get_hex(out->signature, sizeof out->signature, body, "signature",
                                  RECORD_JSON_REQUIRED, "join request", info));
    GALEN_TRY(record_json_get_object(&statement, body, "statement", RECORD_JSON_REQUIRED,
                                     "join request", info));
    GALEN_TRY(record_json_check_keys(statement, statement_keys, NULL, "statement", info));
    GALEN_TRY(record_json_check_type(statement, JOIN_STATEMENT_TYPE, info));
    GALEN_TRY(workflow_get_address(&out->wallet, statement, "wallet", "statement", info));
    GALEN_TRY(record_json_get_text(&text, statement, "name", RECORD_JSON_REQUIRED,
                                   JOIN_NAME_MAX_BYTES, "statement", info));
    GALEN_TRY(record_json_get_text(&text, statement, "licence", RECORD_JSON_REQUIRED,
                                   JOIN_LICENCE_MAX_BYTES, "statement", info));
    GALEN_TRY(record_json_hash(out->statement_hash, statement, info));
    return record_json_jcs(&out->statement, statement, info);
}

/* The nonce is the one given to that wallet, was not used, and had not expired when the request
 * came; the wallet signed; the request's proof holds. */
static enum galen_err check_evidence(struct workflow *wf, const struct groupsig_group_key **key,
                                     struct groupsig_join_request *request,
                                     const struct group_evidence *evidence, int64_t received_at,
                                     struct galen_errinfo *info)
{
    int64_t used = 0;
    uint8_t digest32[32];
    bool valid = false;
    GALEN_TRY(db_get_int(wf->db, &used, -1, info,
                         "SELECT used FROM join_nonce WHERE nonce = ? AND wallet = ?"
                         " AND expires_at > ?",
                         DB_BLOB(evidence->nonce, 32), DB_BLOB(evidence->wallet.bytes, 20),
                         DB_INT(received_at)));
    if (used != 0)
        return STEPS_FAIL(info, GALEN_ERR_CHECK, "invite the applicant again",
                          used > 0 ? "join request: its nonce was used before"
                                   : "join request: no such nonce was given to that wallet, or it "
                                     "has expired");
    group_join_digest(wf, digest32, evidence);
    chain_verify(&valid, &evidence->wallet, digest32, evidence->signature);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "join request: the wallet's signature is not valid");
    GALEN_TRY(group_key_by_fingerprint(wf, key, evidence->fingerprint, info));
    enum groupsig_status status = groupsig_join_request_parse(request, evidence->request,
                                                              sizeof evidence->request);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "join request", info);
    if (!groupsig_join_request_verify(*key, request, evidence->nonce, evidence->statement_hash))
        return base_fail(info, GALEN_ERR_CHECK, "join request: its proof does not hold");
    return GALEN_OK;
}

/* ---- memberships -------------------------------------------------------------------------------- */

struct membership {
    uint8_t fingerprint[32];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t bytes[GROUPSIG_MEMBERSHIP_BYTES];
    int64_t joined_at;
};

/* The stored answer: to this very request, or (request NULL) the wallet's newest under a key. */
static enum galen_err find_membership(struct workflow *wf, bool *found, struct membership *out,
                                      const struct chain_address *wallet, const uint8_t *request,
                                      const uint8_t *fingerprint, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT fingerprint, commitment, membership, joined_at FROM member"
                       " WHERE wallet = ?1 AND (?2 IS NULL OR request = ?2)"
                       " AND (?3 IS NULL OR fingerprint = ?3) ORDER BY id DESC LIMIT 1",
                       DB_BLOB(wallet->bytes, 20), DB_BLOB(request, GROUPSIG_JOIN_REQUEST_BYTES),
                       DB_BLOB(fingerprint, 32)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(db_bytes(&rows, 0, out->fingerprint, 32, info));
    GALEN_TRY(db_bytes(&rows, 1, out->commitment, sizeof out->commitment, info));
    GALEN_TRY(db_bytes(&rows, 2, out->bytes, sizeof out->bytes, info));
    out->joined_at = db_int(&rows, 3);
    return GALEN_OK;
}

static enum galen_err send_membership(struct workflow *wf, const struct chain_address *gm,
                                      const struct chain_address *doctor,
                                      const struct membership *membership,
                                      struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    uint8_t id32[32];
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", JOIN_MEMBERSHIP_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "fingerprint", membership->fingerprint, 32, info));
    GALEN_TRY(record_json_set_hex(body, "commitment", membership->commitment,
                                  sizeof membership->commitment, info));
    GALEN_TRY(
        record_json_set_hex(body, "membership", membership->bytes, sizeof membership->bytes, info));
    store_digest(id32, membership->bytes, sizeof membership->bytes);
    return message_send(wf, gm, doctor, MESSAGE_MEMBERSHIP, id32, body, info);
}

enum galen_err group_on_join_request(struct workflow *wf, const struct message *message,
                                     struct galen_errinfo *info)
{
    GROUP_EVIDENCE_AUTO evidence = {0};
    const struct groupsig_group_key *key = NULL;
    struct groupsig_join_request request;
    struct membership stored;
    bool answered = false;
    int64_t now = base_time_s();
    GALEN_TRY(steps_need_role(wf, &message->recipient, "gm", info));
    GALEN_TRY(parse_evidence(&evidence, message->body, info));
    if (!chain_address_equal(&evidence.wallet, &message->sender))
        return base_fail(info, GALEN_ERR_CHECK, "join request: sent by another wallet");
    GALEN_TRY(
        find_membership(wf, &answered, &stored, &evidence.wallet, evidence.request, NULL, info));
    if (answered) /* the identical request again: the stored answer again */
        return send_membership(wf, &message->recipient, &evidence.wallet, &stored, info);
    enum galen_err err = check_evidence(wf, &key, &request, &evidence, now, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "join request: its group key is not here yet");
    GALEN_TRY(err);
    GALEN_TRY(db_run(wf->db, info, "INSERT OR REPLACE INTO join_request VALUES (?, ?, ?, ?, ?, ?)",
                     DB_BLOB(evidence.wallet.bytes, 20), DB_BLOB(evidence.nonce, 32),
                     DB_TEXT((const char *)evidence.statement.data),
                     DB_BLOB(evidence.request, sizeof evidence.request),
                     DB_BLOB(evidence.signature, sizeof evidence.signature), DB_INT(now)));
    char subject[CHAIN_ADDRESS_TEXT];
    chain_address_format(subject, &evidence.wallet);
    return workflow_notify(wf, &message->recipient, "join-request", subject, info);
}

/* The request that waits for the decision, as it was accepted. */
static enum galen_err read_pending(struct workflow *wf, bool *found, struct group_evidence *out,
                                   int64_t *received_at, const struct chain_address *wallet,
                                   const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT nonce, statement, request, signature, received_at FROM join_request"
                       " WHERE wallet = ?",
                       DB_BLOB(wallet->bytes, 20)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    const char *statement = db_text(&rows, 1);
    out->wallet = *wallet;
    memcpy(out->fingerprint, fingerprint, 32);
    GALEN_TRY(db_bytes(&rows, 0, out->nonce, 32, info));
    GALEN_TRY(base_buf_append_text(&out->statement, statement));
    store_digest(out->statement_hash, statement, strlen(statement));
    GALEN_TRY(db_bytes(&rows, 2, out->request, sizeof out->request, info));
    GALEN_TRY(db_bytes(&rows, 3, out->signature, sizeof out->signature, info));
    *received_at = db_int(&rows, 4);
    return GALEN_OK;
}

static enum galen_err issue(struct workflow *wf, struct membership *out,
                            const struct chain_address *gm, const struct groupsig_group_key *key,
                            const struct groupsig_join_request *request,
                            const struct group_evidence *evidence, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    struct groupsig_gm_secret secret;
    GALEN_TRY(workflow_secret_get(wf, &stored, WORKFLOW_KEY_GM, gm, info));
    if (stored.len < GROUPSIG_GM_SECRET_BYTES)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the Group Manager's secret in the key store is damaged");
    enum groupsig_status status = groupsig_gm_secret_parse(&secret, stored.data,
                                                           GROUPSIG_GM_SECRET_BYTES);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "the Group Manager's secret", info);
    status = groupsig_join_issue(key, out->bytes, &secret, request, evidence->nonce,
                                 evidence->statement_hash, &workflow_rng);
    groupsig_gm_secret_clear(&secret);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "membership", info);
    memcpy(out->fingerprint, evidence->fingerprint, 32);
    groupsig_join_request_commitment(request, out->commitment);
    out->joined_at = base_time_s();
    return GALEN_OK;
}

/* SHA-256(salt ‖ JCS(row)). */
static enum galen_err row_hash(uint8_t hash32[32], const uint8_t salt[32],
                               const struct group_evidence *evidence,
                               const struct membership *membership, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    /* The statement is borrowed: this copy is not cleared. */
    struct group_member member = {.evidence = *evidence, .joined_at = membership->joined_at};
    memcpy(member.commitment, membership->commitment, sizeof member.commitment);
    memcpy(member.membership, membership->bytes, sizeof member.membership);
    GALEN_TRY(group_member_encode(&row, &member, info));
    return group_row_hash(hash32, salt, row, info);
}

static enum galen_err next_head(struct workflow *wf, uint8_t head[32], const uint8_t row32[32],
                                const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    memset(head, 0, 32);
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT head FROM member WHERE fingerprint = ? ORDER BY id DESC LIMIT 1",
                       DB_BLOB(fingerprint, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found)
        GALEN_TRY(db_bytes(&rows, 0, head, 32, info));
    return group_head_next(head, row32, info);
}

/* One transaction: the row with its unique C and t, the nonce used, the request decided. */
static enum galen_err register_member(struct workflow *wf, const struct group_evidence *evidence,
                                      const struct membership *membership,
                                      struct galen_errinfo *info)
{
    uint8_t salt[32], row32[32], head[32];
    base_random(salt, sizeof salt);
    GALEN_TRY(row_hash(row32, salt, evidence, membership, info));
    const uint8_t *t = membership->bytes + GROUPSIG_MEMBERSHIP_BYTES - 32;
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(next_head(wf, head, row32, evidence->fingerprint, info));
    GALEN_TRY(db_run(wf->db, info, "UPDATE join_nonce SET used = 1 WHERE nonce = ? AND NOT used",
                     DB_BLOB(evidence->nonce, 32)));
    if (db_changes(wf->db) != 1)
        return base_fail(info, GALEN_ERR_STATE, "the nonce was used meanwhile");
    enum galen_err err =
        db_run(wf->db, info,
               "INSERT INTO member (fingerprint, wallet, commitment, t, membership, nonce,"
               " statement, request, signature, salt, head, joined_at)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               DB_BLOB(evidence->fingerprint, 32), DB_BLOB(evidence->wallet.bytes, 20),
               DB_BLOB(membership->commitment, sizeof membership->commitment), DB_BLOB(t, 32),
               DB_BLOB(membership->bytes, sizeof membership->bytes), DB_BLOB(evidence->nonce, 32),
               DB_TEXT((const char *)evidence->statement.data),
               DB_BLOB(evidence->request, sizeof evidence->request),
               DB_BLOB(evidence->signature, sizeof evidence->signature), DB_BLOB(salt, 32),
               DB_BLOB(head, 32), DB_INT(membership->joined_at));
    if (err == GALEN_ERR_EXISTS)
        return base_fail(info, GALEN_ERR_CHECK,
                         "join request: its commitment is in the registry already");
    GALEN_TRY(err);
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM join_request WHERE wallet = ?",
                     DB_BLOB(evidence->wallet.bytes, 20)));
    return db_commit(&tx, info);
}

enum galen_err group_approve(struct workflow *wf, const struct chain_address *gm,
                             const struct chain_address *doctor, struct json_object **result,
                             struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_join_request request;
    struct membership membership = {0};
    GROUP_EVIDENCE_AUTO evidence = {0};
    uint8_t fingerprint[32];
    uint32_t version = 0;
    int64_t received_at = 0;
    bool pending = false;
    bool known = false;
    bool dry = false;
    GALEN_TRY(steps_need_role(wf, gm, "gm", info));
    GALEN_TRY(workflow_current_key(wf, &version, &key, info));
    groupsig_group_key_fingerprint(key, fingerprint);
    GALEN_TRY(read_pending(wf, &pending, &evidence, &received_at, doctor, fingerprint, info));
    if (pending)
        GALEN_TRY(check_evidence(wf, &key, &request, &evidence, received_at, info));
    else
        GALEN_TRY(find_membership(wf, &known, &membership, doctor, NULL, fingerprint, info));
    if (!pending && !known)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "invite the doctor, let the doctor join, then run 'galen sync'",
                          "no join request of that doctor is waiting");
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    if (pending) {
        GALEN_TRY(issue(wf, &membership, gm, key, &request, &evidence, info));
        GALEN_TRY(register_member(wf, &evidence, &membership, info));
    }
    GALEN_TRY(send_membership(wf, gm, doctor, &membership, info));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "wallet", doctor, info));
    GALEN_TRY(record_json_set_hex(made, "commitment", membership.commitment,
                                  sizeof membership.commitment, info));
    GALEN_TRY(workflow_set_int(made, "keyVersion", version, info));
    GALEN_TRY(workflow_set_time(made, "joinedAt", membership.joined_at, info));
    if (!pending)
        GALEN_TRY(workflow_set_bool(made, "done", true, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- the registry ------------------------------------------------------------------------------- */

static enum galen_err member_row(struct json_object **out, const struct db_rows *rows,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO statement = NULL;
    struct chain_address wallet = {0};
    const char *name = NULL;
    const char *licence = NULL;
    const char *text = db_text(rows, 1);
    GALEN_TRY(db_bytes(rows, 0, wallet.bytes, 20, info));
    GALEN_TRY(record_json_parse(&statement, text, strlen(text), SEAL_OBJECT_MAX, info));
    GALEN_TRY(record_json_get_text(&name, statement, "name", RECORD_JSON_REQUIRED,
                                   JOIN_NAME_MAX_BYTES, "statement", info));
    GALEN_TRY(record_json_get_text(&licence, statement, "licence", RECORD_JSON_REQUIRED,
                                   JOIN_LICENCE_MAX_BYTES, "statement", info));
    struct base_view commitment = db_blob(rows, 2);
    struct base_view head = db_blob(rows, 3);
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_address(row, "wallet", &wallet, info));
    GALEN_TRY(workflow_set_text(row, "name", name, info));
    GALEN_TRY(workflow_set_text(row, "licence", licence, info));
    GALEN_TRY(record_json_set_hex(row, "commitment", commitment.data, commitment.len, info));
    GALEN_TRY(record_json_set_hex(row, "head", head.data, head.len, info));
    GALEN_TRY(workflow_set_time(row, "joinedAt", db_int(rows, 4), info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err group_members(struct workflow *wf, const struct workflow_page *page,
                             struct json_object **result, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT wallet, statement, commitment, head, joined_at FROM member"
                       " ORDER BY id LIMIT ? OFFSET ?",
                       DB_INT(workflow_page_limit(page)), DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, member_row, info);
}
