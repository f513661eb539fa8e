/* A manager's log of openings: what was asked, decided and found. Rows are only added to. */
#include "workflow/opening_internal.h"

#include <string.h>

#define MIN_PREFIX_DIGITS 8
#define OPENING_COLUMNS                                                                            \
    "SELECT o.id, o.holder, i.role, key_version, msg, signature, reason, gm_share,"                \
    " rm_share, commitment, state, coalesce(outcome, ''), asked_at, coalesce(decided_at, 0),"      \
    " coalesce(fault_at, 0) FROM opening o JOIN identity i ON i.address = o.holder "

static enum galen_err read_row(struct opening *out, const struct db_rows *rows,
                               struct galen_errinfo *info)
{
    struct opening read = {
        .is_gm = strcmp(db_text(rows, 2), "gm") == 0,
        .is_rm = strcmp(db_text(rows, 2), "rm") == 0,
        .key_version = (uint32_t)db_int(rows, 3),
        .has_gm_share = !db_is_null(rows, 7),
        .has_rm_share = !db_is_null(rows, 8),
        .has_commitment = !db_is_null(rows, 9),
        .asked_at = db_int(rows, 12),
        .decided_at = db_int(rows, 13),
        .fault_at = db_int(rows, 14),
    };
    GALEN_TRY(db_bytes(rows, 0, read.id, 32, info));
    GALEN_TRY(db_bytes(rows, 1, read.holder.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 4, read.msg32, 32, info));
    GALEN_TRY(db_bytes(rows, 5, read.sig362, sizeof read.sig362, info));
    snprintf(read.reason, sizeof read.reason, "%s", db_text(rows, 6));
    if (read.has_gm_share)
        GALEN_TRY(db_bytes(rows, 7, read.gm_share, sizeof read.gm_share, info));
    if (read.has_rm_share)
        GALEN_TRY(db_bytes(rows, 8, read.rm_share, sizeof read.rm_share, info));
    if (read.has_commitment)
        GALEN_TRY(db_bytes(rows, 9, read.commitment, sizeof read.commitment, info));
    snprintf(read.state, sizeof read.state, "%s", db_text(rows, 10));
    snprintf(read.outcome, sizeof read.outcome, "%s", db_text(rows, 11));
    *out = read;
    return GALEN_OK;
}

enum galen_err opening_read(struct workflow *wf, bool *found, struct opening *out,
                            const struct chain_address *holder, const uint8_t id32[32],
                            struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, OPENING_COLUMNS "WHERE o.holder = ? AND o.id = ?",
                       DB_BLOB(holder->bytes, 20), DB_BLOB(id32, 32)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(out, &rows, info) : GALEN_OK;
}

enum galen_err opening_find(struct workflow *wf, struct opening *out, const char *id,
                            const struct chain_address *holder, struct galen_errinfo *info)
{
    char pattern[66];
    const char *digits = strncmp(id, "0x", 2) == 0 ? id + 2 : id;
    size_t len = strlen(digits);
    if (len < MIN_PREFIX_DIGITS || len > 64 || strspn(digits, "0123456789abcdefABCDEF") != len)
        return STEPS_FAIL(info, GALEN_ERR_USAGE, "'galen group openings' shows them",
                          "an opening is named by %d or more digits of its id", MIN_PREFIX_DIGITS);
    snprintf(pattern, sizeof pattern, "%s%%", digits);
    DB_ROWS_AUTO rows = {0};
    struct opening first, second;
    bool found = false;
    /* LIKE ignores case of ASCII letters. */
    GALEN_TRY(db_query(&rows, wf->db, info,
                       OPENING_COLUMNS "WHERE hex(o.id) LIKE ?1 AND (?2 IS NULL OR o.holder = ?2)"
                                       " ORDER BY i.role NOT IN ('gm', 'rm'), i.role, o.id LIMIT 4",
                       DB_TEXT(pattern), DB_BLOB(holder != NULL ? holder->bytes : NULL, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "'galen group openings' shows the log; 'galen sync' brings in requests",
                          "no such opening is in this manager's log");
    GALEN_TRY(read_row(&first, &rows, info));
    for (;;) {
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(read_row(&second, &rows, info));
        if (memcmp(first.id, second.id, 32) != 0)
            return STEPS_FAIL(info, GALEN_ERR_STATE, "give more digits",
                              "several openings begin like this");
    }
    *out = first;
    return GALEN_OK;
}

enum galen_err opening_insert(struct workflow *wf, const struct opening *opening,
                              struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO opening (holder, id, key_version, msg, signature, reason, gm_share,"
                  " state, outcome, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?)",
                  DB_BLOB(opening->holder.bytes, 20), DB_BLOB(opening->id, 32),
                  DB_INT(opening->key_version), DB_BLOB(opening->msg32, 32),
                  DB_BLOB(opening->sig362, sizeof opening->sig362), DB_TEXT(opening->reason),
                  opening->has_gm_share ? DB_BLOB(opening->gm_share, sizeof opening->gm_share)
                                        : DB_NULL,
                  DB_TEXT(opening->state), DB_TEXT(opening->outcome), DB_INT(opening->asked_at));
}

enum galen_err opening_update(struct workflow *wf, struct opening *opening, const char *state,
                              const char *outcome, struct galen_errinfo *info)
{
    int64_t now = base_time_s();
    if (state != NULL)
        snprintf(opening->state, sizeof opening->state, "%s", state);
    if (outcome != NULL)
        snprintf(opening->outcome, sizeof opening->outcome, "%s", outcome);
    if (opening->decided_at == 0 && state != NULL)
        opening->decided_at = now;
    if (opening->fault_at == 0 && strcmp(opening->state, "fault") == 0)
        opening->fault_at = now;
    /* Another process may have written since this one read: a share, a commitment and a fault stay,
     * and an opening that was agreed to is not declined any more. */
    return db_run(
        wf->db, info,
        "UPDATE opening SET state = ?1, outcome = ?2, gm_share = coalesce(gm_share, ?3),"
        " rm_share = coalesce(rm_share, ?4), commitment = coalesce(commitment, ?5),"
        " decided_at = coalesce(decided_at, ?6),"
        " fault_at = coalesce(fault_at, nullif(?7, 0)) WHERE holder = ?8 AND id = ?9"
        " AND (?1 <> 'declined' OR rm_share IS NULL)",
        DB_TEXT(opening->state), DB_TEXT(opening->outcome),
        opening->has_gm_share ? DB_BLOB(opening->gm_share, sizeof opening->gm_share) : DB_NULL,
        opening->has_rm_share ? DB_BLOB(opening->rm_share, sizeof opening->rm_share) : DB_NULL,
        opening->has_commitment ? DB_BLOB(opening->commitment, sizeof opening->commitment)
                                : DB_NULL,
        opening->decided_at != 0 ? DB_INT(opening->decided_at) : DB_NULL, DB_INT(opening->fault_at),
        DB_BLOB(opening->holder.bytes, 20), DB_BLOB(opening->id, 32));
}

enum galen_err opening_verify(struct workflow *wf, const struct opening *opening,
                              const struct groupsig_group_key **key,
                              struct groupsig_verified *verified, struct galen_errinfo *info)
{
    bool valid = false;
    GALEN_TRY(workflow_group_key(wf, opening->key_version, key, info));
    GALEN_TRY(workflow_verify_signature(wf, &valid, verified, opening->key_version, opening->sig362,
                                        opening->msg32, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the group signature is not valid for that message and key version %u: "
                         "there is no signer to find",
                         opening->key_version);
    return GALEN_OK;
}

/* Where a requester's home keeps it. */
static enum galen_err told_member(struct workflow *wf, bool *found, struct group_member *out,
                                  uint8_t salt[32], const struct opening *opening,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO evidence = NULL;
    struct json_object *row = NULL;
    GALEN_TRY(opening_evidence(wf, &evidence, opening, info));
    if (evidence == NULL)
        return GALEN_OK;
    GALEN_TRY(
        record_json_get_object(&row, evidence, "row", RECORD_JSON_REQUIRED, "evidence", info));
    if (salt != NULL)
        GALEN_TRY(record_json_get_hex(salt, 32, evidence, "salt", RECORD_JSON_REQUIRED, "evidence",
                                      info));
    GALEN_TRY(group_member_parse(out, row, info));
    *found = true;
    return GALEN_OK;
}

enum galen_err opening_member(struct workflow *wf, bool *found, struct group_member *out,
                              uint8_t salt[32], const struct opening *opening,
                              struct galen_errinfo *info)
{
    uint8_t fingerprint[32];
    *found = false;
    if (!opening->has_commitment)
        return GALEN_OK;
    if (!opening->is_gm && !opening->is_rm)
        return told_member(wf, found, out, salt, opening, info);
    GALEN_TRY(group_fingerprint_of(wf, fingerprint, opening->key_version, info));
    return group_find_member(wf, found, out, salt, &opening->holder, opening->is_gm, fingerprint,
                             opening->commitment, info);
}

/* ---- secrets --------------------------------------------------------------------------------------- */

enum galen_err opening_gm_secret(struct workflow *wf, struct groupsig_gm_secret *out,
                                 const struct chain_address *gm, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(workflow_secret_get(wf, &stored, WORKFLOW_KEY_GM, gm, info));
    if (stored.len < GROUPSIG_GM_SECRET_BYTES ||
        groupsig_gm_secret_parse(out, stored.data, GROUPSIG_GM_SECRET_BYTES) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the Group Manager's secret in the key store is damaged");
    return GALEN_OK;
}

enum galen_err opening_rm_secret(struct workflow *wf, struct groupsig_rm_secret *out,
                                 const struct chain_address *rm, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    GALEN_TRY(workflow_secret_get(wf, &stored, WORKFLOW_KEY_RM, rm, info));
    if (stored.len < GROUPSIG_RM_SECRET_BYTES ||
        groupsig_rm_secret_parse(out, stored.data, GROUPSIG_RM_SECRET_BYTES) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the Revocation Manager's secret in the key store is damaged");
    return GALEN_OK;
}

/* ---- showing --------------------------------------------------------------------------------------- */

/* What the chain has of it: asked for by whom, and who has agreed. */
static enum galen_err show_onchain(struct workflow *wf, struct json_object *row,
                                   const struct opening *opening, struct galen_errinfo *info)
{
    struct opening_onchain asked;
    bool found = false;
    GALEN_TRY(opening_onchain_of(wf, &found, &asked, opening->id, 0, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(workflow_set_int(row, "requestId", (int64_t)asked.request_id, info));
    GALEN_TRY(workflow_set_int(row, "entry", (int64_t)asked.position, info));
    GALEN_TRY(workflow_set_address(row, "requester", &asked.requester, info));
    GALEN_TRY(workflow_set_bool(row, "gmApproved", asked.has_gm_cid, info));
    GALEN_TRY(workflow_set_bool(row, "rmApproved", asked.has_rm_cid, info));
    if (asked.has_gm_cid)
        GALEN_TRY(workflow_set_cid(row, "gmShareCid", asked.gm_cid, info));
    return asked.has_rm_cid ? workflow_set_cid(row, "rmShareCid", asked.rm_cid, info) : GALEN_OK;
}

static enum galen_err show_short(struct workflow *wf, struct json_object **out,
                                 const struct opening *opening, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "id", opening->id, 32, info));
    GALEN_TRY(workflow_set_text(row, "role",
                                opening->is_gm   ? "gm"
                                : opening->is_rm ? "rm"
                                                 : "requester",
                                info));
    GALEN_TRY(workflow_set_text(row, "state", opening->state, info));
    GALEN_TRY(workflow_set_text(row, "reason", opening->reason, info));
    GALEN_TRY(workflow_set_int(row, "keyVersion", opening->key_version, info));
    GALEN_TRY(workflow_set_time(row, "askedAt", opening->asked_at, info));
    if (opening->decided_at != 0)
        GALEN_TRY(workflow_set_time(row, "decidedAt", opening->decided_at, info));
    if (opening->fault_at != 0)
        GALEN_TRY(workflow_set_time(row, "faultAt", opening->fault_at, info));
    if (opening->outcome[0] != '\0')
        GALEN_TRY(workflow_set_text(row, "outcome", opening->outcome, info));
    GALEN_TRY(show_onchain(wf, row, opening, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

/* The same wallet's other memberships: each has a token of its own, which this opening does not
 * reach. A doctor who joined twice is not revoked by one entry. */
static enum galen_err show_others(struct workflow *wf, struct json_object *made,
                                  const struct opening *opening, const struct group_member *member,
                                  struct galen_errinfo *info)
{
    char wallet[CHAIN_ADDRESS_TEXT];
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    chain_address_format(wallet, &member->evidence.wallet);
    GALEN_TRY(workflow_array(&list, info));
    if (opening->is_gm)
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT coalesce(k.version, 0), m.commitment FROM member m"
                           " LEFT JOIN group_key k ON k.fingerprint = m.fingerprint AND k.confirmed"
                           " WHERE m.wallet = ? AND m.commitment <> ? ORDER BY m.id",
                           DB_BLOB(member->evidence.wallet.bytes, 20),
                           DB_BLOB(member->commitment, sizeof member->commitment)));
    else
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT coalesce(k.version, 0), r.commitment FROM registry_row r"
                           " LEFT JOIN group_key k ON k.fingerprint = r.fingerprint AND k.confirmed"
                           " WHERE r.holder = ? AND json_extract(r.content, '$.wallet') = ?"
                           " AND r.commitment <> ? ORDER BY k.version, r.position",
                           DB_BLOB(opening->holder.bytes, 20), DB_TEXT(wallet),
                           DB_BLOB(member->commitment, sizeof member->commitment)));
    for (;;) {
        RECORD_JSON_AUTO row = NULL;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_int(row, "keyVersion", db_int(&rows, 0), info));
        GALEN_TRY(record_json_set_hex(row, "commitment", db_blob(&rows, 1).data,
                                      db_blob(&rows, 1).len, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    return workflow_set_object(made, "otherMemberships", &list, info);
}

static enum galen_err show_member(struct workflow *wf, struct json_object *made,
                                  const struct opening *opening, struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    RECORD_JSON_AUTO doctor = NULL;
    RECORD_JSON_AUTO evidence = NULL;
    RECORD_JSON_AUTO row = NULL;
    uint8_t salt[32];
    bool found = false;
    GALEN_TRY(opening_member(wf, &found, &member, salt, opening, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(group_member_show(&doctor, &member, info));
    GALEN_TRY(workflow_set_object(made, "doctor", &doctor, info));
    GALEN_TRY(group_member_encode(&row, &member, info));
    GALEN_TRY(workflow_object(&evidence, info));
    GALEN_TRY(record_json_set_hex(evidence, "salt", salt, 32, info));
    GALEN_TRY(workflow_set_object(evidence, "row", &row, info));
    if (opening->is_gm || opening->is_rm)
        GALEN_TRY(show_others(wf, made, opening, &member, info));
    return workflow_set_object(made, "evidence", &evidence, info);
}

enum galen_err opening_result(struct workflow *wf, struct json_object **result,
                              const struct opening *opening, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    bool revealed = false;
    GALEN_TRY(show_short(wf, &made, opening, info));
    GALEN_TRY(record_json_set_hex(made, "message", opening->msg32, 32, info));
    GALEN_TRY(
        record_json_set_hex(made, "signature", opening->sig362, sizeof opening->sig362, info));
    if (opening->has_gm_share)
        GALEN_TRY(record_json_set_hex(made, "gmShare", opening->gm_share, sizeof opening->gm_share,
                                      info));
    if (opening->has_rm_share)
        GALEN_TRY(record_json_set_hex(made, "rmShare", opening->rm_share, sizeof opening->rm_share,
                                      info));
    if (opening->has_commitment)
        GALEN_TRY(record_json_set_hex(made, "commitment", opening->commitment,
                                      sizeof opening->commitment, info));
    /* Somebody is named only by an opening that came to its end. */
    if (strcmp(opening->state, "opened") == 0)
        GALEN_TRY(show_member(wf, made, opening, info));
    if (wf->keys != NULL)
        GALEN_TRY(opening_token(wf, &revealed, token, opening, info));
    if (revealed)
        GALEN_TRY(record_json_set_hex(made, "token", token, sizeof token, info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err opening_show(struct workflow *wf, const char *id, struct json_object **result,
                            struct galen_errinfo *info)
{
    struct opening opening;
    GALEN_TRY(opening_find(wf, &opening, id, NULL, info));
    return opening_result(wf, result, &opening, info);
}

enum galen_err opening_list(struct workflow *wf, struct json_object **result,
                            struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(db_query(&rows, wf->db, info, OPENING_COLUMNS "ORDER BY asked_at, o.id, i.role"));
    for (;;) {
        struct opening opening;
        RECORD_JSON_AUTO row = NULL;
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            break;
        GALEN_TRY(read_row(&opening, &rows, info));
        GALEN_TRY(show_short(wf, &row, &opening, info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    workflow_give(result, &list);
    return GALEN_OK;
}
