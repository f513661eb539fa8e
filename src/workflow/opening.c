/*
 * Opening: which member made a signature, found by both managers together and by neither alone.
 *
 *   opening         GM → RM  {type galen.opening/1, keyVersion, message, signature, reason, share}
 *   opening-answer  RM → GM  {type galen.opening-answer/1, id, declined, share?}
 *   opening-result  GM → RM  {type galen.opening-result/1, id, commitment, evidence?: {salt, row}}
 *
 * id is SHA-256 of the signature, so a signature has one place in each manager's log and is opened
 * once. Both shares are checked against that very signature, both managers compute C = E2 - P_G -
 * P_R, and each looks it up: GM in its registry, RM in its own copy, as far as both signed it and
 * the chain holds it. What is not there is the Group Manager's fault, and stays in the log as that.
 */
#include "workflow/opening_internal.h"

#include <string.h>

#define OPENING_TYPE "galen.opening/1"
#define ANSWER_TYPE  "galen.opening-answer/1"
#define RESULT_TYPE  "galen.opening-result/1"

enum galen_err opening_notify(struct workflow *wf, const struct opening *opening, const char *kind,
                              struct galen_errinfo *info)
{
    char subject[65];
    base_hex_encode(subject, opening->id, 32);
    return workflow_notify(wf, &opening->holder, kind, subject, info);
}

enum galen_err opening_check_share(const struct groupsig_group_key *key,
                                   struct groupsig_opening_share *out, enum groupsig_role role,
                                   const uint8_t bytes[GROUPSIG_OPENING_SHARE_BYTES],
                                   const struct groupsig_verified *verified,
                                   struct galen_errinfo *info)
{
    struct groupsig_opening_share share;
    bool valid = false;
    enum groupsig_status status = groupsig_opening_share_check(
        key, &valid, &share, bytes, GROUPSIG_OPENING_SHARE_BYTES, verified);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "opening share", info);
    if (!valid || share.role != role)
        return base_fail(info, GALEN_ERR_CHECK,
                         "opening share: not the %s Manager's for this signature",
                         role == GROUPSIG_ROLE_GM ? "Group" : "Revocation");
    *out = share;
    return GALEN_OK;
}

enum galen_err opening_make_share(struct workflow *wf, struct opening *opening,
                                  struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    enum groupsig_status status;
    GALEN_TRY(opening_verify(wf, opening, &key, &verified, info));
    if (opening->is_gm) {
        struct groupsig_gm_secret secret;
        GALEN_TRY(opening_gm_secret(wf, &secret, &opening->holder, info));
        status = groupsig_opening_share_by_gm(key, opening->gm_share, &secret, &verified,
                                              &workflow_rng);
        groupsig_gm_secret_clear(&secret);
    } else {
        struct groupsig_rm_secret secret;
        GALEN_TRY(opening_rm_secret(wf, &secret, &opening->holder, info));
        status = groupsig_opening_share_by_rm(key, opening->rm_share, &secret, &verified,
                                              &workflow_rng);
        groupsig_rm_secret_clear(&secret);
    }
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "opening share", info);
    *(opening->is_gm ? &opening->has_gm_share : &opening->has_rm_share) = true;
    return GALEN_OK;
}

enum galen_err opening_combine(struct workflow *wf, struct opening *opening,
                               struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    struct groupsig_opening_share gm, rm;
    GALEN_TRY(opening_verify(wf, opening, &key, &verified, info));
    GALEN_TRY(opening_check_share(key, &gm, GROUPSIG_ROLE_GM, opening->gm_share, &verified, info));
    GALEN_TRY(opening_check_share(key, &rm, GROUPSIG_ROLE_RM, opening->rm_share, &verified, info));
    enum groupsig_status status = groupsig_open_combine(key, opening->commitment, &gm, &rm,
                                                        &verified);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "opening", info);
    opening->has_commitment = true;
    return GALEN_OK;
}

enum galen_err opening_conclude(struct workflow *wf, struct opening *opening,
                                struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    struct galen_errinfo why = {0};
    bool found = false;
    bool committed = true;
    if (!opening->is_gm)
        GALEN_TRY(group_is_committed(wf, &committed, &opening->holder, opening->key_version,
                                     opening->commitment, info));
    GALEN_TRY(opening_member(wf, &found, &member, NULL, opening, info));
    if (!found)
        return opening_update(wf, opening, "fault",
                              "the Group Manager is at fault: the registry holds no such member",
                              info);
    enum galen_err err = group_member_check(wf, &member, NULL, &why);
    if (err == GALEN_ERR_CHECK || err == GALEN_ERR_PARSE) {
        char text[sizeof opening->outcome];
        snprintf(text, sizeof text, "the Group Manager is at fault: %.200s", why.what);
        return opening_update(wf, opening, "fault", text, info);
    }
    if (err != GALEN_OK)
        return base_raise(info, err, &why);
    if (!committed)
        return opening_update(wf, opening, "fault",
                              "the Group Manager is at fault: the registry on the chain does not "
                              "cover this member",
                              info);
    return opening_update(wf, opening, "opened", "the doctor's wallet signed for this membership",
                          info);
}

/* ---- GM: the request ------------------------------------------------------------------------------ */

static enum galen_err send_request(struct workflow *wf, const struct opening *opening,
                                   const struct chain_address *rm, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", OPENING_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", opening->key_version, info));
    GALEN_TRY(record_json_set_hex(body, "message", opening->msg32, 32, info));
    GALEN_TRY(
        record_json_set_hex(body, "signature", opening->sig362, sizeof opening->sig362, info));
    GALEN_TRY(workflow_set_text(body, "reason", opening->reason, info));
    GALEN_TRY(
        record_json_set_hex(body, "share", opening->gm_share, sizeof opening->gm_share, info));
    return message_send(wf, &opening->holder, rm, MESSAGE_OPENING, opening->id, body, info);
}

static enum galen_err send_result(struct workflow *wf, const struct opening *opening,
                                  const struct chain_address *rm, struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    RECORD_JSON_AUTO body = NULL;
    uint8_t salt[32];
    bool found = false;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", RESULT_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", opening->id, 32, info));
    GALEN_TRY(record_json_set_hex(body, "commitment", opening->commitment,
                                  sizeof opening->commitment, info));
    GALEN_TRY(opening_member(wf, &found, &member, salt, opening, info));
    if (found) {
        RECORD_JSON_AUTO evidence = NULL;
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(group_member_encode(&row, &member, info));
        GALEN_TRY(workflow_object(&evidence, info));
        GALEN_TRY(record_json_set_hex(evidence, "salt", salt, 32, info));
        GALEN_TRY(workflow_set_object(evidence, "row", &row, info));
        GALEN_TRY(workflow_set_object(body, "evidence", &evidence, info));
    }
    return message_send(wf, &opening->holder, rm, MESSAGE_OPENING_RESULT, opening->id, body, info);
}

static enum galen_err make_request(struct workflow *wf, struct opening *opening,
                                   struct galen_errinfo *info)
{
    GALEN_TRY(opening_make_share(wf, opening, info));
    opening->asked_at = base_time_s();
    snprintf(opening->state, sizeof opening->state, "asked");
    return opening_insert(wf, opening, info);
}

enum galen_err opening_request(struct workflow *wf, const struct chain_address *gm,
                               const struct opening_target *target, const char *reason,
                               struct json_object **result, struct galen_errinfo *info)
{
    struct chain_address rm = {0};
    struct known_signature signature;
    struct opening opening;
    uint8_t id32[32];
    bool known = false;
    bool dry = false;
    GALEN_TRY(group_need_office(wf, gm, "gm", &rm, info));
    if (reason == NULL || reason[0] == '\0' || strlen(reason) > OPENING_REASON_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "an opening has a reason of 1 to %d bytes",
                         OPENING_REASON_MAX);
    GALEN_TRY(signature_find(wf, &signature, target, info));
    store_digest(id32, signature.sig362, sizeof signature.sig362);
    GALEN_TRY(opening_read(wf, &known, &opening, gm, id32, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    if (!known) {
        opening =
            (struct opening){.holder = *gm, .is_gm = true, .key_version = signature.key_version};
        memcpy(opening.id, id32, 32);
        memcpy(opening.msg32, signature.msg32, 32);
        memcpy(opening.sig362, signature.sig362, sizeof opening.sig362);
        snprintf(opening.reason, sizeof opening.reason, "%s", reason);
        GALEN_TRY(make_request(wf, &opening, info));
    } else if (!opening.has_gm_share) { /* asked for on-chain before */
        GALEN_TRY(opening_make_share(wf, &opening, info));
        GALEN_TRY(opening_update(wf, &opening, "asked", NULL, info));
    }
    if (opening.has_commitment) {
        GALEN_TRY(opening_conclude(wf, &opening, info));
        GALEN_TRY(send_result(wf, &opening, &rm, info));
    } else if (strcmp(opening.state, "asked") == 0) {
        GALEN_TRY(send_request(wf, &opening, &rm, info));
    }
    return opening_result(wf, result, &opening, info);
}

/* ---- RM: the decision ----------------------------------------------------------------------------- */

static enum galen_err send_answer(struct workflow *wf, const struct opening *opening,
                                  const struct chain_address *gm, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", ANSWER_TYPE, info));
    GALEN_TRY(record_json_set_hex(body, "id", opening->id, 32, info));
    GALEN_TRY(workflow_set_bool(body, "declined", !opening->has_rm_share, info));
    /* Agreeing is another message than declining: the one that waits must not stand for both. */
    uint8_t id32[32];
    memcpy(id32, opening->id, 32);
    if (opening->has_rm_share) {
        store_digest(id32, opening->rm_share, sizeof opening->rm_share);
        GALEN_TRY(
            record_json_set_hex(body, "share", opening->rm_share, sizeof opening->rm_share, info));
    }
    return message_send(wf, &opening->holder, gm, MESSAGE_OPENING_ANSWER, id32, body, info);
}

static enum galen_err parse_request(struct opening *out, struct json_object *body,
                                    struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",   "keyVersion", "message", "signature",
                                       "reason", "share",      NULL};
    static const char where[] = "opening";
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    const char *reason = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(body, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(body, OPENING_TYPE, info));
    GALEN_TRY(record_json_get_int(&version, body, "keyVersion", need, 1, UINT32_MAX, where, info));
    GALEN_TRY(record_json_get_hex(out->msg32, 32, body, "message", need, where, info));
    GALEN_TRY(
        record_json_get_hex(out->sig362, sizeof out->sig362, body, "signature", need, where, info));
    GALEN_TRY(record_json_get_text(&reason, body, "reason", need, OPENING_REASON_MAX, where, info));
    GALEN_TRY(
        record_json_get_hex(out->gm_share, sizeof out->gm_share, body, "share", need, where, info));
    out->key_version = (uint32_t)version;
    snprintf(out->reason, sizeof out->reason, "%s", reason);
    store_digest(out->id, out->sig362, sizeof out->sig362);
    return GALEN_OK;
}

/* GM's share for what was asked on-chain, by mail: the contract's way did not bring it. */
static enum galen_err take_share(struct workflow *wf, struct opening *opening,
                                 const uint8_t gm_share[GROUPSIG_OPENING_SHARE_BYTES],
                                 const struct chain_address *gm, struct galen_errinfo *info)
{
    memcpy(opening->gm_share, gm_share, sizeof opening->gm_share);
    opening->has_gm_share = true;
    if (!opening->has_rm_share)
        return opening_update(wf, opening, NULL, NULL, info);
    GALEN_TRY(opening_combine(wf, opening, info));
    GALEN_TRY(opening_conclude(wf, opening, info));
    GALEN_TRY(send_answer(wf, opening, gm, info));
    return opening_notify(wf, opening, "opening-result", info);
}

enum galen_err opening_on_request(struct workflow *wf, const struct message *message,
                                  struct galen_errinfo *info)
{
    struct opening opening = {
        .holder = message->recipient, .state = "asked", .asked_at = base_time_s()};
    struct opening logged;
    const struct groupsig_group_key *key = NULL;
    struct groupsig_verified verified;
    struct groupsig_opening_share share;
    bool known = false;
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(parse_request(&opening, message->body, info));
    GALEN_TRY(opening_read(wf, &known, &logged, &message->recipient, opening.id, info));
    if (known && logged.has_gm_share) /* decided, or waiting: no second decision on one signature */
        return logged.has_rm_share ? send_answer(wf, &logged, &message->sender, info)
                                   : opening_notify(wf, &logged, "opening", info);
    enum galen_err err = opening_verify(wf, &opening, &key, &verified, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, GALEN_ERR_STATE, "opening: its group key is not here yet");
    GALEN_TRY(err);
    GALEN_TRY(
        opening_check_share(key, &share, GROUPSIG_ROLE_GM, opening.gm_share, &verified, info));
    if (known)
        return take_share(wf, &logged, opening.gm_share, &message->sender, info);
    opening.has_gm_share = true;
    GALEN_TRY(opening_insert(wf, &opening, info));
    return opening_notify(wf, &opening, "opening", info);
}

enum galen_err opening_approve(struct workflow *wf, const struct chain_address *manager,
                               const char *id, bool agree, struct json_object **result,
                               struct galen_errinfo *info)
{
    struct chain_address other = {0};
    struct opening opening;
    struct opening_onchain asked;
    bool is_own = false, on_chain = false;
    const char *role = NULL;
    GALEN_TRY(workflow_is_own(wf, &is_own, &role, manager, info));
    bool is_gm = is_own && strcmp(role, "gm") == 0;
    GALEN_TRY(group_need_office(wf, manager, is_gm ? "gm" : "rm", &other, info));
    GALEN_TRY(opening_find(wf, &opening, id, manager, info));
    GALEN_TRY(opening_onchain_of(wf, &on_chain, &asked, opening.id, 0, info));
    if (on_chain)
        return opening_approve_onchain(wf, &opening, &other, agree, result, info);
    if (is_gm)
        return STEPS_FAIL(info, GALEN_ERR_USAGE, "the Revocation Manager agrees, or declines",
                          "this opening was asked for by the Group Manager itself");
    if (!agree && opening.has_rm_share)
        return base_fail(info, GALEN_ERR_STATE, "this opening was agreed to already");
    if (wf->dry_run)
        return opening_result(wf, result, &opening, info);
    if (!agree) {
        GALEN_TRY(
            opening_update(wf, &opening, "declined", "the Revocation Manager declined", info));
    } else {
        if (!opening.has_rm_share) {
            GALEN_TRY(opening_make_share(wf, &opening, info));
            GALEN_TRY(opening_combine(wf, &opening, info));
        }
        GALEN_TRY(opening_conclude(wf, &opening, info));
    }
    GALEN_TRY(send_answer(wf, &opening, &other, info));
    return opening_result(wf, result, &opening, info);
}

enum galen_err opening_mail_share(struct workflow *wf, const struct opening *opening,
                                  const struct chain_address *other, struct galen_errinfo *info)
{
    return opening->is_gm ? send_request(wf, opening, other, info)
                          : send_answer(wf, opening, other, info);
}

/* ---- GM: the answer; RM: the result ------------------------------------------------------------------ */

static enum galen_err find_asked(struct workflow *wf, struct opening *out,
                                 const struct message *message, const char *where,
                                 struct galen_errinfo *info)
{
    uint8_t id32[32];
    bool known = false;
    GALEN_TRY(
        record_json_get_hex(id32, 32, message->body, "id", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(opening_read(wf, &known, out, &message->recipient, id32, info));
    if (!known)
        return base_fail(info, GALEN_ERR_CHECK, "%s: nothing like that is in this log", where);
    return GALEN_OK;
}

enum galen_err opening_on_answer(struct workflow *wf, const struct message *message,
                                 struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "declined", NULL};
    static const char *const optional[] = {"share", NULL};
    static const char where[] = "opening answer";
    struct opening opening;
    bool declined = false;
    GALEN_TRY(record_json_check_keys(message->body, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(message->body, ANSWER_TYPE, info));
    GALEN_TRY(record_json_get_bool(&declined, message->body, "declined", RECORD_JSON_REQUIRED,
                                   where, info));
    GALEN_TRY(group_check_rm_to_gm(wf, message, info));
    GALEN_TRY(find_asked(wf, &opening, message, where, info));
    if (declined) {
        if (opening.has_rm_share) /* it was agreed to since */
            return GALEN_OK;
        GALEN_TRY(
            opening_update(wf, &opening, "declined", "the Revocation Manager declined", info));
        return opening_notify(wf, &opening, "opening-declined", info);
    }
    if (!opening.has_gm_share)
        return base_fail(info, GALEN_ERR_CHECK, "%s: this was not agreed to here", where);
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    GALEN_TRY(record_json_get_hex(share, sizeof share, message->body, "share", RECORD_JSON_REQUIRED,
                                  where, info));
    if (!opening.has_rm_share)
        memcpy(opening.rm_share, share, sizeof share);
    opening.has_rm_share = true;
    if (!opening.has_commitment) {
        GALEN_TRY(opening_combine(wf, &opening, info));
        GALEN_TRY(opening_conclude(wf, &opening, info));
    } /* else it came again, or this home stopped before what follows */
    GALEN_TRY(send_result(wf, &opening, &message->sender, info));
    return opening_notify(wf, &opening, "opening-result", info);
}

enum galen_err opening_check_row(struct workflow *wf, const struct opening *opening,
                                 struct json_object *row, struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    uint8_t fingerprint[32];
    GALEN_TRY(group_member_parse(&member, row, info));
    GALEN_TRY(group_fingerprint_of(wf, fingerprint, opening->key_version, info));
    if (memcmp(member.commitment, opening->commitment, sizeof member.commitment) != 0 ||
        memcmp(member.evidence.fingerprint, fingerprint, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the evidence is another member's");
    return group_member_check(wf, &member, NULL, info);
}

/* The evidence that came is of this commitment, and holds. */
static enum galen_err check_evidence(struct workflow *wf, const struct opening *opening,
                                     struct json_object *body, struct galen_errinfo *info)
{
    static const char *const keys[] = {"salt", "row", NULL};
    struct json_object *evidence = NULL;
    struct json_object *row = NULL;
    GALEN_TRY(record_json_get_object(&evidence, body, "evidence", RECORD_JSON_REQUIRED,
                                     "opening result", info));
    GALEN_TRY(record_json_check_keys(evidence, keys, NULL, "evidence", info));
    GALEN_TRY(
        record_json_get_object(&row, evidence, "row", RECORD_JSON_REQUIRED, "evidence", info));
    return opening_check_row(wf, opening, row, info);
}

enum galen_err opening_on_result(struct workflow *wf, const struct message *message,
                                 struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "id", "commitment", NULL};
    static const char *const optional[] = {"evidence", NULL};
    static const char where[] = "opening result";
    struct opening opening;
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    GALEN_TRY(record_json_check_keys(message->body, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(message->body, RESULT_TYPE, info));
    GALEN_TRY(record_json_get_hex(commitment, sizeof commitment, message->body, "commitment",
                                  RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(group_check_gm_to_rm(wf, message, info));
    GALEN_TRY(find_asked(wf, &opening, message, where, info));
    if (!opening.has_commitment)
        return base_fail(info, GALEN_ERR_CHECK, "opening result: it was not agreed to");
    struct galen_errinfo why = {0};
    enum galen_err err = GALEN_OK;
    if (memcmp(commitment, opening.commitment, sizeof commitment) != 0)
        err = base_fail(&why, GALEN_ERR_CHECK, "it reports another signer than both shares give");
    else if (json_object_object_get_ex(message->body, "evidence", NULL))
        err = check_evidence(wf, &opening, message->body, &why);
    if (err == GALEN_ERR_CHECK || err == GALEN_ERR_PARSE) {
        char text[sizeof opening.outcome];
        snprintf(text, sizeof text, "the Group Manager is at fault: %.200s", why.what);
        GALEN_TRY(opening_update(wf, &opening, "fault", text, info));
    } else if (err != GALEN_OK) {
        return base_raise(info, err, &why);
    } else {
        GALEN_TRY(opening_conclude(wf, &opening, info));
    }
    return opening_notify(wf, &opening, "opening-result", info);
}
