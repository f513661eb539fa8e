/* The group keys as the chain tells them: proposed, confirmed, retired; their blocks, parsed once;
 * signatures against them. */
#include "workflow/steps.h"

#include <stdlib.h>
#include <string.h>

static int fill_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    base_random(out, len);
    return 0;
}
const struct groupsig_rng workflow_rng = {fill_random, NULL};

enum galen_err workflow_groupsig_fail(enum groupsig_status status, const char *what,
                                      struct galen_errinfo *info)
{
    switch (status) {
    case GROUPSIG_ERR_PARSE:
        return base_fail(info, GALEN_ERR_PARSE, "%s: malformed", what);
    case GROUPSIG_ERR_INVALID:
        return base_fail(info, GALEN_ERR_CHECK, "%s: its proof does not hold", what);
    case GROUPSIG_ERR_MISMATCH:
        return base_fail(info, GALEN_ERR_CHECK, "%s: it belongs to another group key", what);
    case GROUPSIG_ERR_NOT_OWN:
        return base_fail(info, GALEN_ERR_CHECK, "%s: made with another member's key", what);
    case GROUPSIG_ERR_LIMIT:
        return base_fail(info, GALEN_ERR_LIMIT, "%s: too many, too few, or one twice", what);
    default:
        return base_fail(info, GALEN_ERR_INTERNAL, "%s: %s", what, groupsig_status_name(status));
    }
}

enum galen_err workflow_managers(struct workflow *wf, struct chain_address *group_manager,
                                 struct chain_address *revocation_manager,
                                 struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0};
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_group_manager(&call, info));
    GALEN_TRY(workflow_read_agreed(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_group_manager(&gm, answer.data, answer.len, info));
    base_buf_clear(&call);
    GALEN_TRY(datahub_encode_revocation_manager(&call, info));
    GALEN_TRY(workflow_read_agreed(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_revocation_manager(&rm, answer.data, answer.len, info));
    if (group_manager != NULL)
        *group_manager = gm;
    if (revocation_manager != NULL)
        *revocation_manager = rm;
    return GALEN_OK;
}

/* ---- parsed keys -------------------------------------------------------------------------------- */

/* A confirmed version's fingerprint, and its bytes. */
static enum galen_err read_key_bytes(struct workflow *wf, uint32_t version, uint8_t fingerprint[32],
                                     uint8_t bytes[594], struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(
        &rows, wf->db, info,
        "SELECT bytes, coalesce(reason, 'its block is not at hand'), fingerprint FROM group_key"
        " WHERE version = ? AND confirmed",
        DB_INT(version)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "run 'galen sync'; it may be that no such version was confirmed",
                          "this home knows no group key version %u", version);
    if (db_is_null(&rows, 0))
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "run 'galen sync' when it can be had",
                          "group key version %u: %s", version, db_text(&rows, 1));
    GALEN_TRY(db_bytes(&rows, 2, fingerprint, 32, info));
    return db_bytes(&rows, 0, bytes, 594, info);
}

/* Events come from one endpoint. When there are several, a key is used only when two say that the
 * contract holds it confirmed. */
static enum galen_err check_confirmed(struct workflow *wf, uint32_t version,
                                      const uint8_t fingerprint[32], struct galen_errinfo *info)
{
    struct datahub_group_key_info held = {0};
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    if (wf->n_rpc_more == 0)
        return GALEN_OK;
    GALEN_TRY(datahub_encode_get_group_key(&call, version, info));
    enum galen_err err = workflow_read_agreed(wf, &answer, &call, info);
    if (err == GALEN_OK)
        err = datahub_decode_get_group_key(&held, answer.data, answer.len, info);
    if (err != GALEN_ERR_REVERTED) /* no such version */
        GALEN_TRY(err);
    if (!chain_u256_is_zero(&held.confirmed_at) && memcmp(held.fingerprint, fingerprint, 32) == 0)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_CHECK,
                     "an endpoint tells of a group key version %u that the contract does not hold "
                     "confirmed",
                     version);
}

enum galen_err workflow_group_key(struct workflow *wf, uint32_t version,
                                  const struct groupsig_group_key **key, struct galen_errinfo *info)
{
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES];
    uint8_t fingerprint[32];
    size_t slot = WORKFLOW_KEY_VERSIONS;
    /* Asked each time: which key a version is may change with the chain. */
    GALEN_TRY(read_key_bytes(wf, version, fingerprint, bytes, info));
    for (size_t i = 0; i < WORKFLOW_KEY_VERSIONS; i++) {
        if (wf->group_keys[i].key == NULL) {
            slot = slot == WORKFLOW_KEY_VERSIONS ? i : slot;
        } else if (memcmp(wf->group_keys[i].fingerprint, fingerprint, 32) == 0) {
            *key = wf->group_keys[i].key;
            return GALEN_OK;
        }
    }
    if (slot == WORKFLOW_KEY_VERSIONS)
        return base_fail(info, GALEN_ERR_LIMIT, "more than %d versions of the group key at once",
                         WORKFLOW_KEY_VERSIONS);
    GALEN_TRY(check_confirmed(wf, version, fingerprint, info));
    struct groupsig_group_key *parsed = malloc(sizeof *parsed);
    if (parsed == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    enum groupsig_status status = groupsig_group_key_parse(parsed, bytes, sizeof bytes);
    if (status != GROUPSIG_OK) {
        free(parsed);
        return workflow_groupsig_fail(status, "group key", info);
    }
    memcpy(wf->group_keys[slot].fingerprint, fingerprint, 32);
    wf->group_keys[slot].key = parsed;
    *key = parsed;
    return GALEN_OK;
}

enum galen_err workflow_current_key(struct workflow *wf, uint32_t *version,
                                    const struct groupsig_group_key **key,
                                    struct galen_errinfo *info)
{
    int64_t newest = 0;
    const struct groupsig_group_key *parsed = NULL;
    GALEN_TRY(db_get_int(wf->db, &newest, 0, info,
                         "SELECT coalesce(max(version), 0) FROM group_key"
                         " WHERE confirmed AND retired_at IS NULL"));
    if (newest == 0)
        return STEPS_FAIL(info, GALEN_ERR_STATE,
                          "run 'galen sync'; the managers may not have confirmed one yet",
                          "this home knows no group key in force");
    GALEN_TRY(workflow_group_key(wf, (uint32_t)newest, &parsed, info));
    *version = (uint32_t)newest;
    if (key != NULL)
        *key = parsed;
    return GALEN_OK;
}

enum galen_err workflow_verify_signature(struct workflow *wf, bool *valid,
                                         struct groupsig_verified *verified, uint32_t version,
                                         const uint8_t sig362[362], const uint8_t msg32[32],
                                         struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    GALEN_TRY(workflow_group_key(wf, version, &key, info));
    struct groupsig_signature parsed;
    *valid = groupsig_signature_parse(&parsed, sig362, GROUPSIG_SIGNATURE_BYTES) == GROUPSIG_OK &&
             groupsig_verify(key, verified, &parsed, msg32);
    return GALEN_OK;
}

/* ---- events ------------------------------------------------------------------------------------- */

/* setGroupKey carries the whole key, so the proposing transaction is a source when the block cannot
 * be had. Whatever stands there, the fingerprint decides. */
static enum galen_err key_from_transaction(struct workflow *wf, struct base_buf *out,
                                           const uint8_t tx_hash32[32], struct galen_errinfo *info)
{
    struct set_group_key {
        uint8_t cid[32];
        struct base_view key, points;
    } args;
    static const struct chain_abi_type bytes32 = {CHAIN_ABI_FIXED_BYTES, 32, 32, NULL, NULL};
    static const struct chain_abi_type bytes = {CHAIN_ABI_BYTES, 0, sizeof(struct base_view), NULL,
                                                NULL};
    static const struct chain_abi_field fields[] = {
        {"groupKeyCid", &bytes32, offsetof(struct set_group_key, cid)},
        {"groupKey594", &bytes, offsetof(struct set_group_key, key)},
        {"points", &bytes, offsetof(struct set_group_key, points)},
    };
    static const struct chain_abi_type tuple = {CHAIN_ABI_TUPLE, 3, sizeof args, NULL, fields};
    const struct chain_abi_function *function = &datahub_functions[DATAHUB_FUNCTION_SET_GROUP_KEY];
    struct chain_rpc *rpc = NULL;
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_transaction(rpc, &tx, tx_hash32, info));
    if (tx.input.len < 4 || memcmp(tx.input.data, function->selector, 4) != 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the transaction does not carry the key");
    CHAIN_MEM_AUTO mem = {0};
    GALEN_TRY(chain_abi_decode(&args, &mem, &tuple, tx.input.data + 4, tx.input.len - 4, info));
    base_buf_clear(out);
    return base_buf_append(out, args.key.data, args.key.len);
}

/* Looks for the block and keeps its bytes, or the reason why it cannot. */
static enum galen_err fetch_key(struct workflow *wf, uint32_t version,
                                const uint8_t fingerprint[32], const uint8_t *tx_hash32,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO bytes = {0};
    struct galen_errinfo why = {0};
    enum galen_err err = workflow_block_of_managers(wf, &bytes, fingerprint, &why);
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK) {
        if (tx_hash32 != NULL)
            err = key_from_transaction(wf, &bytes, tx_hash32, &why);
        uint8_t digest32[32] = {0};
        store_digest(digest32, bytes.data, bytes.len);
        if (err == GALEN_OK && memcmp(digest32, fingerprint, 32) != 0)
            err = base_fail(&why, GALEN_ERR_CHECK, "the transaction's key is another");
        if (err == GALEN_OK)
            err = store_put(NULL, wf->store, bytes.data, bytes.len, &why);
    }
    if (err == GALEN_OK) {
        struct groupsig_group_key *parsed = malloc(sizeof *parsed);
        if (parsed == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        enum groupsig_status status = groupsig_group_key_parse(parsed, bytes.data, bytes.len);
        free(parsed);
        if (status != GROUPSIG_OK)
            err = workflow_groupsig_fail(status, "its block", &why);
    }
    if (err == GALEN_OK)
        return db_run(wf->db, info,
                      "UPDATE group_key SET bytes = ?, reason = NULL WHERE version = ?"
                      " AND fingerprint = ?",
                      DB_BLOB(bytes.data, bytes.len), DB_INT(version), DB_BLOB(fingerprint, 32));
    if (steps_is_fatal(err))
        return base_raise(info, err, &why);
    return db_run(wf->db, info, "UPDATE group_key SET reason = ? WHERE version = ?",
                  DB_TEXT(why.what), DB_INT(version));
}

enum galen_err group_on_key_proposed(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_group_key_proposed_event *args,
                                     struct galen_errinfo *info)
{
    /* Its block is fetched by group_retry_waiting. Another fingerprint for a version that is known:
     * the chain was reorganised. */
    return db_run(wf->db, info,
                  "INSERT INTO group_key (version, fingerprint, tx_hash) VALUES (?, ?, ?)"
                  " ON CONFLICT (version) DO UPDATE SET fingerprint = excluded.fingerprint,"
                  " tx_hash = excluded.tx_hash, bytes = NULL, confirmed = 0, retired_at = NULL,"
                  " compromised = 0 WHERE fingerprint <> excluded.fingerprint",
                  DB_INT(args->version), DB_BLOB(args->group_key_cid, 32),
                  DB_BLOB(event->log->tx_hash, 32));
}

enum galen_err group_on_key_confirmed(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_group_key_confirmed_event *args,
                                      struct galen_errinfo *info)
{
    (void)event;
    return db_run(wf->db, info,
                  "UPDATE group_key SET confirmed = 1 WHERE version = ? AND fingerprint = ?",
                  DB_INT(args->version), DB_BLOB(args->fingerprint, 32));
}

enum galen_err group_on_key_retired(struct workflow *wf, const struct workflow_event *event,
                                    const struct datahub_group_key_retired_event *args,
                                    struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "UPDATE group_key SET retired_at = coalesce(retired_at, ?),"
                  " compromised = max(compromised, ?) WHERE version = ?",
                  DB_INT(event->time_s), DB_INT(args->compromised), DB_INT(args->version));
}

enum galen_err group_retry_waiting(struct workflow *wf, struct galen_errinfo *info)
{
    for (int64_t after = 0;;) {
        uint8_t fingerprint[32];
        uint8_t tx_hash32[32];
        bool found = false;
        bool has_tx = false;
        {
            DB_ROWS_AUTO rows = {0};
            GALEN_TRY(db_query(&rows, wf->db, info,
                               "SELECT version, fingerprint, tx_hash FROM group_key"
                               " WHERE bytes IS NULL AND version > ? ORDER BY version LIMIT 1",
                               DB_INT(after)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            after = db_int(&rows, 0);
            GALEN_TRY(db_bytes(&rows, 1, fingerprint, 32, info));
            has_tx = !db_is_null(&rows, 2);
            if (has_tx)
                GALEN_TRY(db_bytes(&rows, 2, tx_hash32, 32, info));
        }
        GALEN_TRY(fetch_key(wf, (uint32_t)after, fingerprint, has_tx ? tx_hash32 : NULL, info));
    }
}
