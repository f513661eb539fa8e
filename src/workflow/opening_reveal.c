/*
 * Revealing: the tracing token of a doctor whom an opening has named, by both managers together. A
 * share decrypts a part of what stands in a join request, so neither manager makes one but for the
 * commitment that it computed itself in an opening of its own log, and from the join request in its
 * own registry, whose proof and wallet signature it has checked again.
 *
 *   reveal         GM → RM  {type galen.reveal/1, id, commitment, share}
 *   reveal-answer  RM → GM  {type galen.reveal-answer/1, id, commitment, share}
 *
 * id is the opening's. Tokens are kept sealed to the home: {token}; at RM {share} until it agrees.
 */
#include "workflow/opening_internal.h"

#include <string.h>

#define REVEAL_TYPE "galen.reveal/1"
#define ANSWER_TYPE "galen.reveal-answer/1"

/* ---- the table ------------------------------------------------------------------------------------ */

/* A reveal row's sealed member, exactly len bytes. */
static enum galen_err unseal(struct workflow *wf, uint8_t *out, size_t len, const char *name,
                             struct base_view sealed, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO object = NULL;
    GALEN_TRY(workflow_home_open(wf, &object, sealed, info));
    return record_json_get_hex(out, len, object, name, RECORD_JSON_REQUIRED, "reveal", info);
}

static enum galen_err keep(struct workflow *wf, const struct opening *opening, const char *name,
                           const uint8_t *data, size_t len, bool revealed,
                           struct galen_errinfo *info)
{
    RECORD_JSON_AUTO object = NULL;
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(workflow_object(&object, info));
    if (data != NULL)
        GALEN_TRY(record_json_set_hex(object, name, data, len, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, object, info));
    return db_run(wf->db, info,
                  "INSERT INTO reveal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                  " ON CONFLICT (holder, commitment) DO UPDATE SET state = excluded.state,"
                  " sealed = excluded.sealed, revealed_at = excluded.revealed_at,"
                  " opening_id = excluded.opening_id WHERE state = 'asked'",
                  DB_BLOB(opening->holder.bytes, 20),
                  DB_BLOB(opening->commitment, sizeof opening->commitment),
                  DB_BLOB(opening->id, 32), DB_TEXT(revealed ? "revealed" : "asked"),
                  DB_BLOB(sealed.data, sealed.len), DB_INT(base_time_s()),
                  revealed ? DB_INT(base_time_s()) : DB_NULL);
}

/* The row of an opening's commitment; sealed receives what it keeps. */
static enum galen_err find_reveal(struct workflow *wf, bool *found, bool *revealed,
                                  struct base_buf *sealed, const struct opening *opening,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    *found = false;
    *revealed = false;
    if (!opening->has_commitment)
        return GALEN_OK;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT state, sealed FROM reveal WHERE holder = ? AND commitment = ?",
                       DB_BLOB(opening->holder.bytes, 20),
                       DB_BLOB(opening->commitment, sizeof opening->commitment)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    *revealed = strcmp(db_text(&rows, 0), "revealed") == 0;
    struct base_view kept = db_blob(&rows, 1);
    return base_buf_append(sealed, kept.data, kept.len);
}

enum galen_err opening_token(struct workflow *wf, bool *found, uint8_t token[96],
                             const struct opening *opening, struct galen_errinfo *info)
{
    BASE_BUF_AUTO sealed = {0};
    bool any = false;
    GALEN_TRY(find_reveal(wf, &any, found, &sealed, opening, info));
    if (!*found)
        return GALEN_OK;
    return unseal(wf, token, GROUPSIG_TOKEN_BYTES, "token", steps_view(&sealed), info);
}

enum galen_err opening_of_token(struct workflow *wf, bool *found, uint8_t id32[32],
                                const struct chain_address *holder, const uint8_t token[96],
                                struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    *found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT sealed, opening_id FROM reveal WHERE holder = ?"
                       " AND state = 'revealed'",
                       DB_BLOB(holder->bytes, 20)));
    while (!*found) {
        uint8_t own[GROUPSIG_TOKEN_BYTES];
        bool more = false;
        GALEN_TRY(db_next(&rows, &more, info));
        if (!more)
            return GALEN_OK;
        GALEN_TRY(unseal(wf, own, sizeof own, "token", db_blob(&rows, 0), info));
        *found = base_equal_ct(own, token, sizeof own);
        base_wipe(own, sizeof own);
    }
    return db_bytes(&rows, 1, id32, 32, info);
}

/* ---- shares ------------------------------------------------------------------------------------------ */

/* What a share is made from: the opened member's checked request. */
struct subject {
    const struct groupsig_group_key *key;
    struct groupsig_join_request request;
    struct group_member member;
};
static void subject_clear(struct subject *subject)
{
    group_member_clear(&subject->member);
}
#define SUBJECT_AUTO GALEN_CLEANUP(subject_clear) struct subject

/* Only of an opening that both agreed to and that has named a member of this holder's registry. */
static enum galen_err find_subject(struct workflow *wf, struct subject *out,
                                   const struct opening *opening, struct galen_errinfo *info)
{
    bool found = false;
    if (strcmp(opening->state, "opened") != 0 || !opening->has_commitment)
        return STEPS_FAIL(info, GALEN_ERR_CHECK, "'galen group opening' shows how it stands",
                          "a token is revealed only after an opening that named a doctor");
    GALEN_TRY(workflow_group_key(wf, opening->key_version, &out->key, info));
    GALEN_TRY(opening_member(wf, &found, &out->member, NULL, opening, info));
    if (!found)
        return base_fail(info, GALEN_ERR_CHECK, "the registry holds no such member");
    return group_member_check(wf, &out->member, &out->request, info);
}

static enum galen_err make_share(struct workflow *wf, uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                                 const struct subject *subject, const struct opening *opening,
                                 struct galen_errinfo *info)
{
    const struct group_evidence *evidence = &subject->member.evidence;
    enum groupsig_status status;
    if (opening->is_gm) {
        struct groupsig_gm_secret secret;
        GALEN_TRY(opening_gm_secret(wf, &secret, &opening->holder, info));
        status = groupsig_reveal_share_by_gm(subject->key, share, &secret, &subject->request,
                                             evidence->nonce, evidence->statement_hash,
                                             opening->commitment, &workflow_rng);
        groupsig_gm_secret_clear(&secret);
    } else {
        struct groupsig_rm_secret secret;
        GALEN_TRY(opening_rm_secret(wf, &secret, &opening->holder, info));
        status = groupsig_reveal_share_by_rm(subject->key, share, &secret, &subject->request,
                                             evidence->nonce, evidence->statement_hash,
                                             opening->commitment, &workflow_rng);
        groupsig_rm_secret_clear(&secret);
    }
    return status == GROUPSIG_OK ? GALEN_OK : workflow_groupsig_fail(status, "reveal share", info);
}

static enum galen_err check_share(struct groupsig_reveal_share *out, const struct subject *subject,
                                  enum groupsig_role role,
                                  const uint8_t bytes[GROUPSIG_REVEAL_SHARE_BYTES],
                                  struct galen_errinfo *info)
{
    struct groupsig_reveal_share share;
    bool valid = false;
    enum groupsig_status status = groupsig_reveal_share_check(
        subject->key, &valid, &share, bytes, GROUPSIG_REVEAL_SHARE_BYTES, &subject->request);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "reveal share", info);
    if (!valid || share.role != role)
        return base_fail(info, GALEN_ERR_CHECK,
                         "reveal share: not the %s Manager's for this member's join request",
                         role == GROUPSIG_ROLE_GM ? "Group" : "Revocation");
    *out = share;
    return GALEN_OK;
}

/* Both shares to the token, which is checked against C and kept. */
static enum galen_err combine(struct workflow *wf, const struct opening *opening,
                              const struct subject *subject, const uint8_t *gm_share,
                              const uint8_t *rm_share, struct galen_errinfo *info)
{
    struct groupsig_reveal_share gm, rm;
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    GALEN_TRY(check_share(&gm, subject, GROUPSIG_ROLE_GM, gm_share, info));
    GALEN_TRY(check_share(&rm, subject, GROUPSIG_ROLE_RM, rm_share, info));
    enum groupsig_status status = groupsig_reveal_combine(subject->key, token, &gm, &rm,
                                                          &subject->request);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "tracing token", info);
    enum galen_err err = keep(wf, opening, "token", token, sizeof token, true, info);
    base_wipe(token, sizeof token);
    return err;
}

static enum galen_err send_share(struct workflow *wf, const struct opening *opening,
                                 const struct chain_address *to, const uint8_t *share,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", opening->is_gm ? REVEAL_TYPE : ANSWER_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", opening->id, 32, info));
    GALEN_TRY(record_json_set_hex(body, "commitment", opening->commitment,
                                  sizeof opening->commitment, info));
    GALEN_TRY(record_json_set_hex(body, "share", share, GROUPSIG_REVEAL_SHARE_BYTES, info));
    return message_send(wf, &opening->holder, to,
                        opening->is_gm ? MESSAGE_REVEAL : MESSAGE_REVEAL_ANSWER, opening->id, body,
                        info);
}

static enum galen_err reveal_result(struct json_object **result, const struct opening *opening,
                                    bool revealed, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "id", opening->id, 32, info));
    GALEN_TRY(record_json_set_hex(made, "commitment", opening->commitment,
                                  sizeof opening->commitment, info));
    GALEN_TRY(workflow_set_text(made, "state", revealed ? "revealed" : "asked", info));
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- steps -------------------------------------------------------------------------------------------- */

enum galen_err opening_reveal(struct workflow *wf, const struct chain_address *gm, const char *id,
                              struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address rm = {0};
    struct opening opening;
    SUBJECT_AUTO subject = {0};
    BASE_BUF_AUTO sealed = {0};
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES];
    bool known = false, revealed = false, dry = false;
    GALEN_TRY(group_need_office(wf, gm, "gm", &rm, info));
    GALEN_TRY(opening_find(wf, &opening, id, gm, info));
    GALEN_TRY(find_subject(wf, &subject, &opening, info));
    GALEN_TRY(find_reveal(wf, &known, &revealed, &sealed, &opening, info));
    if (!revealed) {
        GALEN_TRY(steps_dry_run(wf, &dry, result, info));
        if (dry)
            return GALEN_OK;
        GALEN_TRY(make_share(wf, share, &subject, &opening, info));
        GALEN_TRY(keep(wf, &opening, "share", NULL, 0, false, info));
        GALEN_TRY(send_share(wf, &opening, &rm, share, info));
    }
    return reveal_result(result, &opening, revealed, info);
}

/* What a reveal message names must be what this holder's own log has. */
static enum galen_err read_message(struct workflow *wf, const struct message *message,
                                   const char *type, struct opening *opening,
                                   uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES],
                                   struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "commitment", "share", NULL};
    static const char where[] = "reveal";
    uint8_t id32[32], commitment[GROUPSIG_COMMITMENT_BYTES];
    bool known = false;
    GALEN_TRY(record_json_check_keys(message->body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(message->body, type, info));
    GALEN_TRY(
        record_json_get_hex(id32, 32, message->body, "id", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_hex(commitment, sizeof commitment, message->body, "commitment",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(record_json_get_hex(share, GROUPSIG_REVEAL_SHARE_BYTES, message->body, "share",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(opening_read(wf, &known, opening, &message->recipient, id32, info));
    if (!known || !opening->has_commitment)
        return base_fail(info, GALEN_ERR_CHECK,
                         "reveal: no opening of this log that was agreed to");
    if (memcmp(opening->commitment, commitment, sizeof commitment) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "reveal: asked for another commitment than the opening gave");
    return GALEN_OK;
}

enum galen_err opening_on_reveal(struct workflow *wf, const struct message *message,
                                 struct galen_errinfo *info)
{
    struct opening opening;
    SUBJECT_AUTO subject = {0};
    BASE_BUF_AUTO sealed = {0};
    struct groupsig_reveal_share checked;
    uint8_t share[GROUPSIG_REVEAL_SHARE_BYTES];
    bool known = false, revealed = false;
    char subject_hex[65];
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(read_message(wf, message, REVEAL_TYPE, &opening, share, info));
    GALEN_TRY(find_subject(wf, &subject, &opening, info));
    GALEN_TRY(check_share(&checked, &subject, GROUPSIG_ROLE_GM, share, info));
    GALEN_TRY(find_reveal(wf, &known, &revealed, &sealed, &opening, info));
    if (revealed) { /* agreed to before: the answer again */
        GALEN_TRY(make_share(wf, share, &subject, &opening, info));
        return send_share(wf, &opening, &message->sender, share, info);
    }
    GALEN_TRY(keep(wf, &opening, "share", share, sizeof share, false, info));
    base_hex_encode(subject_hex, opening.id, 32);
    return workflow_notify(wf, &opening.holder, "reveal", subject_hex, info);
}

enum galen_err opening_reveal_approve(struct workflow *wf, const struct chain_address *rm,
                                      const char *id, struct json_object **result,
                                      struct galen_errinfo *info)
{
    struct chain_address gm = {0};
    struct opening opening;
    SUBJECT_AUTO subject = {0};
    BASE_BUF_AUTO sealed = {0};
    uint8_t gm_share[GROUPSIG_REVEAL_SHARE_BYTES], share[GROUPSIG_REVEAL_SHARE_BYTES];
    bool known = false, revealed = false, dry = false;
    GALEN_TRY(group_need_office(wf, rm, "rm", &gm, info));
    GALEN_TRY(opening_find(wf, &opening, id, rm, info));
    GALEN_TRY(find_reveal(wf, &known, &revealed, &sealed, &opening, info));
    if (!known)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "the Group Manager asks by 'galen group reveal', then run 'galen sync'",
                          "the Group Manager has not asked to reveal this doctor's token");
    GALEN_TRY(find_subject(wf, &subject, &opening, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(make_share(wf, share, &subject, &opening, info));
    if (!revealed) {
        GALEN_TRY(unseal(wf, gm_share, sizeof gm_share, "share", steps_view(&sealed), info));
        enum galen_err err = combine(wf, &opening, &subject, gm_share, share, info);
        base_wipe(gm_share, sizeof gm_share);
        GALEN_TRY(err);
    }
    GALEN_TRY(send_share(wf, &opening, &gm, share, info));
    return reveal_result(result, &opening, true, info);
}

enum galen_err opening_on_reveal_answer(struct workflow *wf, const struct message *message,
                                        struct galen_errinfo *info)
{
    struct opening opening;
    SUBJECT_AUTO subject = {0};
    BASE_BUF_AUTO sealed = {0};
    uint8_t own[GROUPSIG_REVEAL_SHARE_BYTES], share[GROUPSIG_REVEAL_SHARE_BYTES];
    bool known = false, revealed = false;
    char subject_hex[65];
    GALEN_TRY(group_check_rm_to_gm(wf, message, info));
    GALEN_TRY(read_message(wf, message, ANSWER_TYPE, &opening, share, info));
    GALEN_TRY(find_reveal(wf, &known, &revealed, &sealed, &opening, info));
    if (!known)
        return base_fail(info, GALEN_ERR_CHECK, "reveal: this was not asked for");
    if (!revealed) {
        GALEN_TRY(find_subject(wf, &subject, &opening, info));
        GALEN_TRY(make_share(wf, own, &subject, &opening, info));
        GALEN_TRY(combine(wf, &opening, &subject, own, share, info));
    }
    base_hex_encode(subject_hex, opening.id, 32);
    return workflow_notify(wf, &opening.holder, "revealed", subject_hex, info);
}
