/* Registry rows: what stands in one, whether its evidence holds, and the chain of their hashes. */
#include "workflow/group_internal.h"

#include <string.h>

#define REGISTRY_TAG "galen/registry/1"

void group_member_clear(struct group_member *member)
{
    group_evidence_clear(&member->evidence);
}

enum galen_err group_member_encode(struct json_object **out, const struct group_member *member,
                                   struct galen_errinfo *info)
{
    const struct group_evidence *evidence = &member->evidence;
    RECORD_JSON_AUTO row = NULL;
    RECORD_JSON_AUTO statement = NULL;
    GALEN_TRY(record_json_parse(&statement, (const char *)evidence->statement.data,
                                evidence->statement.len, SEAL_OBJECT_MAX, info));
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_text(row, "type", GROUP_MEMBER_TYPE, info));
    GALEN_TRY(record_json_set_hex(row, "fingerprint", evidence->fingerprint, 32, info));
    GALEN_TRY(workflow_set_address(row, "wallet", &evidence->wallet, info));
    GALEN_TRY(record_json_set_hex(row, "commitment", member->commitment, sizeof member->commitment,
                                  info));
    GALEN_TRY(record_json_set_hex(row, "nonce", evidence->nonce, 32, info));
    GALEN_TRY(workflow_set_object(row, "statement", &statement, info));
    GALEN_TRY(
        record_json_set_hex(row, "request", evidence->request, sizeof evidence->request, info));
    GALEN_TRY(record_json_set_hex(row, "signature", evidence->signature, sizeof evidence->signature,
                                  info));
    GALEN_TRY(record_json_set_hex(row, "membership", member->membership, sizeof member->membership,
                                  info));
    GALEN_TRY(workflow_set_time(row, "joinedAt", member->joined_at, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

static enum galen_err parse_statement(struct group_member *out, struct json_object *statement,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "wallet", "name", "licence", NULL};
    struct chain_address wallet = {0};
    const char *name = NULL;
    const char *licence = NULL;
    GALEN_TRY(record_json_check_keys(statement, keys, NULL, "statement", info));
    GALEN_TRY(record_json_check_type(statement, JOIN_STATEMENT_TYPE, info));
    GALEN_TRY(workflow_get_address(&wallet, statement, "wallet", "statement", info));
    GALEN_TRY(record_json_get_text(&name, statement, "name", RECORD_JSON_REQUIRED,
                                   JOIN_NAME_MAX_BYTES, "statement", info));
    GALEN_TRY(record_json_get_text(&licence, statement, "licence", RECORD_JSON_REQUIRED,
                                   JOIN_LICENCE_MAX_BYTES, "statement", info));
    if (!chain_address_equal(&wallet, &out->evidence.wallet))
        return base_fail(info, GALEN_ERR_CHECK, "registry row: its statement is another wallet's");
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->licence, sizeof out->licence, "%s", licence);
    GALEN_TRY(record_json_hash(out->evidence.statement_hash, statement, info));
    return record_json_jcs(&out->evidence.statement, statement, info);
}

enum galen_err group_member_parse(struct group_member *out, struct json_object *row,
                                  struct galen_errinfo *info)
{
    static const char where[] = "registry row";
    static const char *const keys[] = {"type",       "fingerprint", "wallet",  "commitment",
                                       "nonce",      "statement",   "request", "signature",
                                       "membership", "joinedAt",    NULL};
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    GROUP_MEMBER_AUTO read = {0};
    struct group_evidence *evidence = &read.evidence;
    struct json_object *statement = NULL;
    const char *joined = NULL;
    GALEN_TRY(record_json_check_keys(row, keys, NULL, where, info));
    GALEN_TRY(record_json_check_type(row, GROUP_MEMBER_TYPE, info));
    GALEN_TRY(
        record_json_get_hex(evidence->fingerprint, 32, row, "fingerprint", need, where, info));
    GALEN_TRY(workflow_get_address(&evidence->wallet, row, "wallet", where, info));
    GALEN_TRY(record_json_get_hex(read.commitment, sizeof read.commitment, row, "commitment", need,
                                  where, info));
    GALEN_TRY(record_json_get_hex(evidence->nonce, 32, row, "nonce", need, where, info));
    GALEN_TRY(record_json_get_hex(evidence->request, sizeof evidence->request, row, "request", need,
                                  where, info));
    GALEN_TRY(record_json_get_hex(evidence->signature, sizeof evidence->signature, row, "signature",
                                  need, where, info));
    GALEN_TRY(record_json_get_hex(read.membership, sizeof read.membership, row, "membership", need,
                                  where, info));
    GALEN_TRY(record_json_get_object(&statement, row, "statement", need, where, info));
    GALEN_TRY(record_json_get_text(&joined, row, "joinedAt", need, BASE_TIME_TEXT, where, info));
    GALEN_TRY(base_time_parse(&read.joined_at, joined, info));
    GALEN_TRY(parse_statement(&read, statement, info));
    *out = read;
    read = (struct group_member){0};
    return GALEN_OK;
}

enum galen_err group_member_check(struct workflow *wf, const struct group_member *member,
                                  struct groupsig_join_request *request, struct galen_errinfo *info)
{
    const struct group_evidence *evidence = &member->evidence;
    const struct groupsig_group_key *key = NULL;
    struct groupsig_join_request parsed;
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t digest32[32];
    bool valid = false;
    group_join_digest(wf, digest32, evidence);
    chain_verify(&valid, &evidence->wallet, digest32, evidence->signature);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry row: the doctor's wallet has not signed this join request");
    GALEN_TRY(group_key_by_fingerprint(wf, &key, evidence->fingerprint, info));
    enum groupsig_status status = groupsig_join_request_parse(&parsed, evidence->request,
                                                              sizeof evidence->request);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "registry row: join request", info);
    groupsig_join_request_commitment(&parsed, commitment);
    if (memcmp(commitment, member->commitment, sizeof commitment) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry row: its commitment is not the join request's");
    if (!groupsig_join_request_verify(key, &parsed, evidence->nonce, evidence->statement_hash))
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry row: the join request's proof does not hold");
    status = groupsig_membership_verify(key, &valid, member->membership, sizeof member->membership,
                                        commitment);
    if (status != GROUPSIG_OK)
        return workflow_groupsig_fail(status, "registry row: membership", info);
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "registry row: the membership is not one over its commitment");
    if (request != NULL)
        *request = parsed;
    return GALEN_OK;
}

enum galen_err group_row_hash(uint8_t hash32[32], const uint8_t salt[32], struct json_object *row,
                              struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(base_buf_append(&bytes, salt, 32));
    GALEN_TRY(record_json_jcs(&bytes, row, info));
    store_digest(hash32, bytes.data, bytes.len);
    return GALEN_OK;
}

enum galen_err group_head_next(uint8_t head[32], const uint8_t row32[32],
                               struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    if (base_buf_append_text(&bytes, REGISTRY_TAG) != GALEN_OK ||
        base_buf_append(&bytes, head, 32) != GALEN_OK ||
        base_buf_append(&bytes, row32, 32) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    store_digest(head, bytes.data, bytes.len);
    return GALEN_OK;
}

enum galen_err group_member_show(struct json_object **out, const struct group_member *member,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO shown = NULL;
    GALEN_TRY(workflow_object(&shown, info));
    GALEN_TRY(workflow_set_address(shown, "wallet", &member->evidence.wallet, info));
    GALEN_TRY(workflow_set_text(shown, "name", member->name, info));
    GALEN_TRY(workflow_set_text(shown, "licence", member->licence, info));
    GALEN_TRY(record_json_set_hex(shown, "commitment", member->commitment,
                                  sizeof member->commitment, info));
    GALEN_TRY(workflow_set_time(shown, "joinedAt", member->joined_at, info));
    *out = shown;
    shown = NULL;
    return GALEN_OK;
}
