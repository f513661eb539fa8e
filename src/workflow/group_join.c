/* Joining the group, the applicant's side: the nonce that comes, the answer to it, and the
 * membership that becomes the doctor's signing key. */
#include "workflow/group_internal.h"

#include <string.h>

void group_evidence_clear(struct group_evidence *evidence)
{
    base_buf_clear(&evidence->statement);
}

static struct chain_join join_message(const struct group_evidence *evidence)
{
    struct chain_join typed;
    memcpy(typed.fingerprint, evidence->fingerprint, 32);
    memcpy(typed.nonce, evidence->nonce, 32);
    memcpy(typed.statement_hash, evidence->statement_hash, 32);
    store_digest(typed.request_hash, evidence->request, sizeof evidence->request);
    return typed;
}

void group_join_digest(const struct workflow *wf, uint8_t digest32[32],
                       const struct group_evidence *evidence)
{
    const struct chain_join typed = join_message(evidence);
    chain_digest_join(digest32, &wf->domain, &typed);
}

enum galen_err group_key_by_fingerprint(struct workflow *wf, const struct groupsig_group_key **key,
                                        const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    int64_t version = 0;
    GALEN_TRY(db_get_int(wf->db, &version, 0, info,
                         "SELECT version FROM group_key WHERE fingerprint = ? AND confirmed"
                         " ORDER BY version DESC LIMIT 1",
                         DB_BLOB(fingerprint, 32)));
    if (version == 0)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "run 'galen sync'",
                          "this home knows no confirmed group key with that fingerprint");
    return workflow_group_key(wf, (uint32_t)version, key, info);
}

/* Every message of joining comes from the contract's Group Manager, to a doctor of this home. */
static enum galen_err check_from_gm(struct workflow *wf, const struct message *message,
                                    struct galen_errinfo *info)
{
    struct chain_address gm = {0};
    GALEN_TRY(steps_need_role(wf, &message->recipient, "doctor", info));
    GALEN_TRY(workflow_managers(wf, &gm, NULL, info));
    if (!chain_address_equal(&gm, &message->sender))
        return base_fail(info, GALEN_ERR_CHECK, "not from the contract's Group Manager");
    return GALEN_OK;
}

enum galen_err group_on_join_nonce(struct workflow *wf, const struct message *message,
                                   struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "fingerprint", "nonce", "expires", NULL};
    uint8_t fingerprint[32], nonce[32];
    const char *expires = NULL;
    int64_t expires_at = 0;
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "join nonce", info));
    GALEN_TRY(record_json_check_type(message->body, JOIN_NONCE_TYPE, info));
    GALEN_TRY(record_json_get_hex(fingerprint, 32, message->body, "fingerprint",
                                  RECORD_JSON_REQUIRED, "join nonce", info));
    GALEN_TRY(record_json_get_hex(nonce, 32, message->body, "nonce", RECORD_JSON_REQUIRED,
                                  "join nonce", info));
    GALEN_TRY(record_json_get_text(&expires, message->body, "expires", RECORD_JSON_REQUIRED,
                                   BASE_TIME_TEXT, "join nonce", info));
    GALEN_TRY(base_time_parse(&expires_at, expires, info));
    GALEN_TRY(check_from_gm(wf, message, info));
    if (expires_at <= base_time_s())
        return base_fail(info, GALEN_ERR_CHECK, "the join nonce has expired");
    /* A nonce that was answered keeps its answer. */
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO join_invitation VALUES (?, ?, ?, ?, ?, NULL)"
                     " ON CONFLICT (doctor, gm) DO UPDATE SET nonce = excluded.nonce,"
                     " fingerprint = excluded.fingerprint, expires_at = excluded.expires_at,"
                     " body = NULL WHERE nonce <> excluded.nonce",
                     DB_BLOB(message->recipient.bytes, 20), DB_BLOB(message->sender.bytes, 20),
                     DB_BLOB(nonce, 32), DB_BLOB(fingerprint, 32), DB_INT(expires_at)));
    char subject[65];
    base_hex_encode(subject, nonce, 32);
    return workflow_notify(wf, &message->recipient, "join-nonce", subject, info);
}

/* ---- the answer --------------------------------------------------------------------------------- */

/* The invitation; body NULL until it was answered. */
struct invitation {
    uint8_t nonce[32], fingerprint[32];
    struct json_object *body;
};
static void invitation_clear(struct invitation *invitation)
{
    record_json_put(&invitation->body);
}

static enum galen_err read_invitation(struct workflow *wf, struct invitation *out,
                                      const struct chain_address *doctor,
                                      const struct chain_address *gm, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT nonce, fingerprint, expires_at, body FROM join_invitation"
                       " WHERE doctor = ? AND gm = ?",
                       DB_BLOB(doctor->bytes, 20), DB_BLOB(gm->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "ask the Group Manager for an invitation, then run 'galen sync'",
                          "no join nonce has come from the Group Manager");
    GALEN_TRY(db_bytes(&rows, 0, out->nonce, 32, info));
    GALEN_TRY(db_bytes(&rows, 1, out->fingerprint, 32, info));
    if (db_int(&rows, 2) <= base_time_s())
        return STEPS_FAIL(info, GALEN_ERR_STATE, "ask the Group Manager for another",
                          "the join nonce has expired");
    if (db_is_null(&rows, 3))
        return GALEN_OK;
    const char *text = db_text(&rows, 3);
    return record_json_parse(&out->body, text, strlen(text), SEAL_OBJECT_MAX, info);
}

static enum galen_err identity_name(struct workflow *wf, char out[JOIN_NAME_MAX_BYTES + 1],
                                    const struct chain_address *identity,
                                    struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT name FROM identity WHERE address = ?",
                       DB_BLOB(identity->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    snprintf(out, JOIN_NAME_MAX_BYTES + 1, "%s", found ? db_text(&rows, 0) : "");
    return GALEN_OK;
}

static enum galen_err make_statement(struct workflow *wf, struct json_object **out,
                                     struct group_evidence *evidence, const char *licence,
                                     struct galen_errinfo *info)
{
    char name[JOIN_NAME_MAX_BYTES + 1];
    RECORD_JSON_AUTO statement = NULL;
    GALEN_TRY(identity_name(wf, name, &evidence->wallet, info));
    GALEN_TRY(workflow_object(&statement, info));
    GALEN_TRY(workflow_set_text(statement, "type", JOIN_STATEMENT_TYPE, info));
    GALEN_TRY(workflow_set_address(statement, "wallet", &evidence->wallet, info));
    GALEN_TRY(workflow_set_text(statement, "name", name, info));
    GALEN_TRY(workflow_set_text(statement, "licence", licence, info));
    GALEN_TRY(record_json_hash(evidence->statement_hash, statement, info));
    *out = statement;
    statement = NULL;
    return GALEN_OK;
}

/* The request and its secret, and the message of it: the wallet's signature is still to come. */
static enum galen_err make_answer(struct workflow *wf, struct json_object **out,
                                  struct group_evidence *evidence, const char *licence,
                                  struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    RECORD_JSON_AUTO statement = NULL;
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(group_key_by_fingerprint(wf, &key, evidence->fingerprint, info));
    GALEN_TRY(make_statement(wf, &statement, evidence, licence, info));

    struct groupsig_join_secret secret;
    enum groupsig_status status = groupsig_join_request_make(
        key, &secret, evidence->request, evidence->nonce, evidence->statement_hash, &workflow_rng);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "join request", info);
    uint8_t encoded[GROUPSIG_JOIN_SECRET_BYTES];
    groupsig_join_secret_encode(&secret, encoded);
    groupsig_join_secret_clear(&secret);
    enum galen_err err = workflow_secret_put(wf, WORKFLOW_KEY_JOIN, &evidence->wallet, encoded,
                                             sizeof encoded, info);
    base_wipe(encoded, sizeof encoded);
    GALEN_TRY(err);

    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", JOIN_REQUEST_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "fingerprint", evidence->fingerprint, 32, info));
    GALEN_TRY(record_json_set_hex(body, "nonce", evidence->nonce, 32, info));
    GALEN_TRY(workflow_set_object(body, "statement", &statement, info));
    GALEN_TRY(
        record_json_set_hex(body, "request", evidence->request, sizeof evidence->request, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

/* What is to be signed, of a message without signature. */
static enum galen_err read_answer(struct group_evidence *evidence, struct json_object *body,
                                  struct galen_errinfo *info)
{
    struct json_object *statement = NULL;
    GALEN_TRY(record_json_get_object(&statement, body, "statement", RECORD_JSON_REQUIRED,
                                     "join request", info));
    GALEN_TRY(record_json_hash(evidence->statement_hash, statement, info));
    return record_json_get_hex(evidence->request, sizeof evidence->request, body, "request",
                               RECORD_JSON_REQUIRED, "join request", info);
}

static enum galen_err keep_answer(struct workflow *wf, const struct chain_address *doctor,
                                  const struct chain_address *gm, struct json_object *body,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(record_json_jcs(&text, body, info));
    return db_run(wf->db, info, "UPDATE join_invitation SET body = ? WHERE doctor = ? AND gm = ?",
                  DB_TEXT((const char *)text.data), DB_BLOB(doctor->bytes, 20),
                  DB_BLOB(gm->bytes, 20));
}

/* Until it is signed, an answer with another licence takes its place. */
static bool is_unsigned_for_other(struct json_object *body, const char *licence)
{
    struct json_object *statement = NULL;
    struct json_object *before = NULL;
    return body != NULL && !json_object_object_get_ex(body, "signature", NULL) &&
           json_object_object_get_ex(body, "statement", &statement) &&
           json_object_object_get_ex(statement, "licence", &before) &&
           strcmp(json_object_get_string(before), licence) != 0;
}

/* The one answer that this nonce has, made and signed as far as it is not yet. */
static enum galen_err complete_answer(struct workflow *wf, struct invitation *invitation,
                                      const struct chain_address *doctor,
                                      const struct chain_address *gm, const char *licence,
                                      struct galen_errinfo *info)
{
    GROUP_EVIDENCE_AUTO evidence = {.wallet = *doctor};
    memcpy(evidence.nonce, invitation->nonce, 32);
    memcpy(evidence.fingerprint, invitation->fingerprint, 32);
    if (is_unsigned_for_other(invitation->body, licence))
        record_json_put(&invitation->body);
    if (invitation->body == NULL) {
        GALEN_TRY(make_answer(wf, &invitation->body, &evidence, licence, info));
        GALEN_TRY(keep_answer(wf, doctor, gm, invitation->body, info));
    }
    if (json_object_object_get_ex(invitation->body, "signature", NULL))
        return GALEN_OK;
    GALEN_TRY(read_answer(&evidence, invitation->body, info));
    const struct chain_join message = join_message(&evidence);
    GALEN_TRY(workflow_wallet_sign(wf, evidence.signature, doctor, CHAIN_TYPED_JOIN, &message, NULL,
                                   info));
    GALEN_TRY(record_json_set_hex(invitation->body, "signature", evidence.signature,
                                  sizeof evidence.signature, info));
    return keep_answer(wf, doctor, gm, invitation->body, info);
}

enum galen_err group_join(struct workflow *wf, const struct chain_address *doctor,
                          const char *licence, struct json_object **result,
                          struct galen_errinfo *info)
{
    struct chain_address gm = {0};
    bool dry = false;
    GALEN_CLEANUP(invitation_clear) struct invitation invitation = {0};
    GALEN_TRY(steps_need_role(wf, doctor, "doctor", info));
    if (licence == NULL || licence[0] == '\0' || strlen(licence) > JOIN_LICENCE_MAX_BYTES)
        return base_fail(info, GALEN_ERR_USAGE, "a licence has 1 to %d bytes",
                         JOIN_LICENCE_MAX_BYTES);
    GALEN_TRY(workflow_managers(wf, &gm, NULL, info));
    GALEN_TRY(read_invitation(wf, &invitation, doctor, &gm, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(complete_answer(wf, &invitation, doctor, &gm, licence, info));
    GALEN_TRY(message_send(wf, doctor, &gm, MESSAGE_JOIN_REQUEST, invitation.nonce, invitation.body,
                           info));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_address(made, "sentTo", &gm, info));
    GALEN_TRY(record_json_set_hex(made, "fingerprint", invitation.fingerprint, 32, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- the membership ----------------------------------------------------------------------------- */

/* Whether the doctor's signing key is already the one over this commitment. */
static enum galen_err has_membership(struct workflow *wf, bool *has,
                                     const struct chain_address *doctor,
                                     const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES],
                                     struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    struct groupsig_member_secret member;
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_MEMBER, doctor, info);
    *has = false;
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_OK;
    GALEN_TRY(err);
    if (groupsig_member_secret_parse(&member, stored.data, stored.len) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "the member secret in the key store is damaged");
    uint8_t own[GROUPSIG_COMMITMENT_BYTES];
    groupsig_member_commitment(&member, own);
    groupsig_member_secret_clear(&member);
    *has = memcmp(own, commitment, sizeof own) == 0;
    return GALEN_OK;
}

/* The join secret and the membership become the signing key. */
static enum galen_err finish_join(struct workflow *wf, const struct chain_address *doctor,
                                  const uint8_t fingerprint[32],
                                  const uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES],
                                  struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(group_key_by_fingerprint(wf, &key, fingerprint, info));
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_JOIN, doctor, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_CHECK, "a membership that this doctor has not asked for");
    GALEN_TRY(err);
    struct groupsig_join_secret secret;
    enum groupsig_status status = groupsig_join_secret_parse(&secret, stored.data, stored.len);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "join secret", info);
    struct groupsig_member_secret member;
    status = groupsig_join_finish(key, &member, &secret, membership, GROUPSIG_MEMBERSHIP_BYTES);
    groupsig_join_secret_clear(&secret);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "membership", info);
    uint8_t encoded[GROUPSIG_MEMBER_SECRET_BYTES];
    groupsig_member_secret_encode(&member, encoded);
    groupsig_member_secret_clear(&member);
    err = workflow_secret_put(wf, WORKFLOW_KEY_MEMBER, doctor, encoded, sizeof encoded, info);
    base_wipe(encoded, sizeof encoded);
    return err;
}

enum galen_err group_on_membership(struct workflow *wf, const struct message *message,
                                   struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "fingerprint", "commitment", "membership", NULL};
    uint8_t fingerprint[32], commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
    bool has = false;
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, "membership", info));
    GALEN_TRY(record_json_check_type(message->body, JOIN_MEMBERSHIP_TYPE, info));
    GALEN_TRY(record_json_get_hex(fingerprint, 32, message->body, "fingerprint",
                                  RECORD_JSON_REQUIRED, "membership", info));
    GALEN_TRY(record_json_get_hex(commitment, sizeof commitment, message->body, "commitment",
                                  RECORD_JSON_REQUIRED, "membership", info));
    GALEN_TRY(record_json_get_hex(membership, sizeof membership, message->body, "membership",
                                  RECORD_JSON_REQUIRED, "membership", info));
    GALEN_TRY(check_from_gm(wf, message, info));
    const struct chain_address *doctor = &message->recipient;
    GALEN_TRY(has_membership(wf, &has, doctor, commitment, info));
    enum galen_err err = finish_join(wf, doctor, fingerprint, membership, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "its group key is not here yet");
    if (err == GALEN_ERR_CHECK && has)
        return GALEN_OK; /* it came again; an open join of another request stays open */
    GALEN_TRY(err);
    GALEN_TRY(workflow_secret_remove(wf, WORKFLOW_KEY_JOIN, doctor, info));
    char subject[65];
    base_hex_encode(subject, fingerprint, 32);
    return workflow_notify(wf, doctor, "membership", subject, info);
}

/* ---- where it is -------------------------------------------------------------------------------- */

/* The encoded member secret names its group key behind two bytes of header (groupsig.h). */
static enum galen_err add_version(struct workflow *wf, struct json_object *made,
                                  const struct base_secret *member, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(workflow_set_bool(made, "isMember", member->len > 0, info));
    if (member->len != GROUPSIG_MEMBER_SECRET_BYTES)
        return GALEN_OK;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT version, retired_at IS NULL FROM group_key"
                       " WHERE fingerprint = ? AND confirmed ORDER BY version DESC LIMIT 1",
                       DB_BLOB(member->data + 2, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(workflow_set_int(made, "keyVersion", db_int(&rows, 0), info));
    return workflow_set_bool(made, "isCurrent", db_int(&rows, 1) != 0, info);
}

/* Unless it led to the membership that is had, or to nothing in its time. */
static enum galen_err add_invitation(struct workflow *wf, struct json_object *made,
                                     const struct chain_address *doctor,
                                     const struct base_secret *member, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO one = NULL;
    uint8_t fingerprint[32];
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT fingerprint, expires_at, body IS NOT NULL FROM join_invitation"
                       " WHERE doctor = ? ORDER BY expires_at DESC LIMIT 1",
                       DB_BLOB(doctor->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    const bool is_answered = db_int(&rows, 2) != 0;
    GALEN_TRY(db_bytes(&rows, 0, fingerprint, 32, info));
    if ((is_answered && member->len == GROUPSIG_MEMBER_SECRET_BYTES &&
         memcmp(member->data + 2, fingerprint, 32) == 0) ||
        (!is_answered && db_int(&rows, 1) <= base_time_s()))
        return GALEN_OK;
    GALEN_TRY(workflow_object(&one, info));
    GALEN_TRY(record_json_set_hex(one, "fingerprint", fingerprint, 32, info));
    GALEN_TRY(workflow_set_time(one, "expires", db_int(&rows, 1), info));
    GALEN_TRY(workflow_set_bool(one, "answered", is_answered, info));
    return workflow_set_object(made, "invitation", &one, info);
}

enum galen_err group_membership(struct workflow *wf, const struct chain_address *doctor,
                                struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    BASE_SECRET_AUTO member = {0};
    GALEN_TRY(steps_need_role(wf, doctor, "doctor", info));
    enum galen_err err = workflow_secret_get(wf, &member, WORKFLOW_KEY_MEMBER, doctor, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(add_version(wf, made, &member, info));
    GALEN_TRY(add_invitation(wf, made, doctor, &member, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
