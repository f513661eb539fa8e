/* Everything that the group's managers have published, checked again by anyone. */
#include <inttypes.h>
#include <string.h>

#include "workflow/audit.h"
#include "workflow/verify.h"

/* That the home may be behind the chain: ten minutes of the slowest. */
#define LAG_BLOCKS   50
#define COMMIT_EVENT "MembersCommitted(uint32,uint64,bytes32)"

enum galen_err audit_step(struct audit *audit, const char *check, enum galen_err err,
                          const struct galen_errinfo *why, const char *detail,
                          struct galen_errinfo *info)
{
    return workflow_check_step(audit->checks, &audit->passed, check, err, why, detail, info);
}

/* ---- what is audited: the chain as this home has read it ---------------------------------------------- */

static enum galen_err check_events(struct audit *audit, struct galen_errinfo *info)
{
    struct workflow *wf = audit->wf;
    struct chain_rpc *rpc = NULL;
    uint64_t head = 0;
    int64_t next = 0;
    struct galen_errinfo why = {0};
    enum galen_err err = workflow_rpc(wf, &rpc, &why);
    if (err == GALEN_OK)
        err = chain_rpc_block_number(rpc, &head, &why);
    char text[96];
    snprintf(text, sizeof text, "chain id %" PRIu64 " and the contract's code are the pinned ones",
             wf->domain.chain_id);
    GALEN_TRY(audit_step(audit, "contract", err, &why, text, info));
    if (err != GALEN_OK)
        return GALEN_OK;
    GALEN_TRY(workflow_setting_get(wf, "sync.next_block", &next, 0, info));
    bool is_read = (uint64_t)next + wf->confirmations + LAG_BLOCKS > head;
    return workflow_check(audit->checks, &audit->passed, is_read, "events", info,
                          is_read ? "read up to block %lld of %llu"
                                  : "read up to block %lld of %llu: run 'galen sync' first",
                          (long long)next - 1, (unsigned long long)head);
}

/* ---- managers --------------------------------------------------------------------------------------- */

static enum galen_err last_term(struct workflow *wf, struct chain_address *out, int64_t *terms,
                                const char *office, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    *out = (struct chain_address){0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT manager, count(*) OVER () FROM manager_term WHERE office = ?"
                       " ORDER BY block DESC, log_index DESC LIMIT 1",
                       DB_TEXT(office)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    *terms += db_int(&rows, 1);
    return db_bytes(&rows, 0, out->bytes, 20, info);
}

static enum galen_err check_managers(struct audit *audit, struct galen_errinfo *info)
{
    struct chain_address gm = {0}, rm = {0}, told_gm, told_rm;
    struct galen_errinfo why = {0};
    int64_t terms = 0;
    char text[64];
    enum galen_err err = workflow_managers(audit->wf, &gm, &rm, &why);
    GALEN_TRY(last_term(audit->wf, &told_gm, &terms, "gm", info));
    GALEN_TRY(last_term(audit->wf, &told_rm, &terms, "rm", info));
    if (err == GALEN_OK && chain_address_equal(&gm, &rm))
        err = base_fail(&why, GALEN_ERR_CHECK, "one account holds both offices");
    if (err == GALEN_OK &&
        (!chain_address_equal(&gm, &told_gm) || !chain_address_equal(&rm, &told_rm)))
        err = base_fail(&why, GALEN_ERR_CHECK,
                        "the contract's managers are not those whom its events name last");
    snprintf(text, sizeof text, "two accounts; %lld terms of office known", (long long)terms);
    return audit_step(audit, "managers", err, &why, text, info);
}

/* ---- group keys --------------------------------------------------------------------------------------- */

static enum galen_err read_held(struct workflow *wf, struct datahub_group_key_info *out,
                                uint32_t version, struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_get_group_key(&call, version, info));
    GALEN_TRY(workflow_read_agreed(wf, &answer, &call, info));
    return datahub_decode_get_group_key(out, answer.data, answer.len, info);
}

/* Its bytes are what the contract holds the hash of, and both managers have shown that they know
 * what is behind their halves. */
static enum galen_err check_key(struct workflow *wf, uint32_t version,
                                const struct datahub_group_key_info *held,
                                struct galen_errinfo *info)
{
    const struct groupsig_group_key *key = NULL;
    uint8_t fingerprint[32];
    GALEN_TRY(workflow_group_key(wf, version, &key, info));
    groupsig_group_key_fingerprint(key, fingerprint);
    if (memcmp(fingerprint, held->fingerprint, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "its bytes are not those of the fingerprint");
    return GALEN_OK;
}

/* ---- the registry ----------------------------------------------------------------------------------------- */

struct commits {
    struct audit *audit;
    uint32_t version;
    int64_t n, size;
    uint8_t head[32];
    enum galen_err err;
    struct galen_errinfo why;
};

/* The Revocation Manager's signature over the head stands in the transaction's input. */
static enum galen_err check_signature(struct workflow *wf, const struct chain_log *log,
                                      const struct group_head *head, struct galen_errinfo *info)
{
    enum { HEADER = 4 + 5 * 32 };
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
    BASE_BUF_AUTO expected = {0};
    struct chain_rpc *rpc = NULL;
    struct chain_address gm = {0}, rm = {0};
    uint8_t digest32[32];
    bool valid = false;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_transaction(rpc, &tx, log->tx_hash, info));
    if (!chain_address_equal(&tx.to, &wf->domain.contract)) /* by a manager that is a contract */
        return base_fail(info, GALEN_ERR_CHECK,
                         "size %llu was committed through another contract: its signature is not "
                         "in the transaction's input",
                         (unsigned long long)head->size);
    if (tx.input.len >= HEADER + CHAIN_SIGNATURE_BYTES) {
        const struct base_view sig = {tx.input.data + HEADER, CHAIN_SIGNATURE_BYTES};
        GALEN_TRY(datahub_encode_commit_members(&expected, head->key_version, head->size,
                                                head->hash, sig, info));
        if (expected.len == tx.input.len &&
            memcmp(expected.data, tx.input.data, expected.len) == 0) {
            GALEN_TRY(managers_before(wf, &gm, &rm, log, info));
            group_head_digest(wf, digest32, head);
            chain_verify(&valid, &rm, digest32, sig.data);
        }
    }
    if (!valid || !chain_address_equal(&tx.from, &gm))
        return base_fail(info, GALEN_ERR_CHECK,
                         "size %llu was not committed by the Group Manager with the Revocation "
                         "Manager's signature",
                         (unsigned long long)head->size);
    return GALEN_OK;
}

static enum galen_err see_commit(struct workflow *wf, void *user, const struct chain_log *log,
                                 struct galen_errinfo *info)
{
    struct commits *commits = user;
    struct datahub_members_committed_event event = {0};
    struct group_head head = {0};
    GALEN_TRY(datahub_decode_members_committed_event(&event, log, info));
    if (event.key_version != commits->version || commits->err != GALEN_OK)
        return GALEN_OK;
    head.key_version = event.key_version;
    head.size = event.size;
    memcpy(head.hash, event.head, 32);
    commits->err = check_signature(wf, log, &head, &commits->why);
    if (commits->err == GALEN_OK && (int64_t)event.size <= commits->size)
        commits->err = base_fail(&commits->why, GALEN_ERR_CHECK, "it has not grown");
    commits->size = (int64_t)event.size;
    memcpy(commits->head, event.head, 32);
    commits->n++;
    return GALEN_OK;
}

static enum galen_err check_commits(struct workflow *wf, struct commits *commits,
                                    struct galen_errinfo *info)
{
    struct datahub_get_members_result held = {0};
    uint8_t topic[1][32];
    const struct chain_log_filter filter = {
        .contract = wf->domain.contract,
        .topics[0] = {.any = (const uint8_t(*)[32])topic, .n = 1},
    };
    chain_keccak256(topic[0], COMMIT_EVENT, strlen(COMMIT_EVENT));
    GALEN_TRY(signature_each_log(wf, &filter, see_commit, commits, info));
    if (commits->err != GALEN_OK)
        return base_raise(info, commits->err, &commits->why);
    GALEN_TRY(group_head_committed(wf, &held, commits->version, info));
    if (held.size != (uint64_t)commits->size || memcmp(held.head, commits->head, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the contract holds another head than was committed last");
    return GALEN_OK;
}

static enum galen_err check_registry(struct audit *audit, uint32_t version,
                                     struct galen_errinfo *info)
{
    struct commits commits = {.audit = audit, .version = version};
    struct galen_errinfo why = {0};
    char name[48];
    char text[128];
    snprintf(name, sizeof name, "registry of key %u", version);
    enum galen_err err = check_commits(audit->wf, &commits, &why);
    snprintf(text, sizeof text, "%lld members, %lld heads, each signed by both managers",
             (long long)commits.size, (long long)commits.n);
    return audit_step(audit, name, err, &why, text, info);
}

/* Where this home is a manager's: its rows, each with the doctor's evidence. */
static enum galen_err check_copy(struct audit *audit, uint32_t version, const char *role,
                                 struct galen_errinfo *info)
{
    struct chain_address holder;
    struct galen_errinfo why = {0};
    uint64_t n = 0;
    char name[64];
    char text[96];
    {
        DB_ROWS_AUTO rows = {0};
        bool found = false;
        GALEN_TRY(db_query(&rows, audit->wf->db, info,
                           "SELECT address FROM identity WHERE role = ? ORDER BY address LIMIT 1",
                           DB_TEXT(role)));
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(db_bytes(&rows, 0, holder.bytes, 20, info));
    }
    bool is_gm = strcmp(role, "gm") == 0;
    enum galen_err err = group_check_copy(audit->wf, &n, &holder, is_gm, version, &why);
    snprintf(name, sizeof name, "members of key %u, the %s's copy", version, is_gm ? "GM" : "RM");
    snprintf(text, sizeof text, "%llu rows: wallet, join proof and certificate of each",
             (unsigned long long)n);
    return audit_step(audit, name, err, &why, text, info);
}

static enum galen_err check_keys(struct audit *audit, struct galen_errinfo *info)
{
    for (uint32_t version = 1;; version++) {
        struct datahub_group_key_info held = {0};
        struct galen_errinfo why = {0};
        char name[32];
        enum galen_err err = read_held(audit->wf, &held, version, &why);
        if (err == GALEN_ERR_REVERTED) /* there is no such version */
            return GALEN_OK;
        snprintf(name, sizeof name, "group key %u", version);
        if (err == GALEN_OK && chain_u256_is_zero(&held.confirmed_at)) {
            GALEN_TRY(workflow_check(audit->checks, &audit->passed, true, name, info,
                                     "proposed, not confirmed: nothing is signed with it"));
            continue;
        }
        if (err == GALEN_OK)
            err = check_key(audit->wf, version, &held, &why);
        GALEN_TRY(audit_step(
            audit, name, err, &why,
            held.compromised ? "both managers' proofs hold; compromised: no longer "
                               "trusted"
            : chain_u256_is_zero(&held.retired_at) ? "both managers' proofs hold; in use"
                                                   : "both managers' proofs hold; retired",
            info));
        if (err != GALEN_OK && memcmp(held.fingerprint, (const uint8_t[32]){0}, 32) == 0)
            return GALEN_OK; /* the chain cannot be read */
        GALEN_TRY(check_registry(audit, version, info));
        GALEN_TRY(check_copy(audit, version, "gm", info));
        GALEN_TRY(check_copy(audit, version, "rm", info));
    }
}

/* ---- revocation lists --------------------------------------------------------------------------------------- */

static enum galen_err check_list(struct workflow *wf, const uint8_t cid[32], uint64_t version,
                                 size_t *n, struct galen_errinfo *info)
{
    REVOCATION_BLOCK_AUTO block = {0};
    bool valid = false;
    GALEN_TRY(revocation_block_get(wf, &block, cid, info));
    if (block.version != version)
        return base_fail(info, GALEN_ERR_CHECK, "its block is of version %llu",
                         (unsigned long long)block.version);
    GALEN_TRY(revocation_block_signed(wf, &valid, &block, cid, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "it is not signed by both managers in office when it was set");
    *n = json_object_array_length(block.entries);
    return GALEN_OK;
}

/* Every list that was ever set; that none drops what another lists is in the last row. */
static enum galen_err check_each_list(struct audit *audit, struct galen_errinfo *info)
{
    for (int64_t version = 0;;) {
        struct galen_errinfo why = {0};
        uint8_t cid[32];
        char name[48];
        char text[96];
        size_t n = 0;
        {
            DB_ROWS_AUTO rows = {0};
            bool found = false;
            GALEN_TRY(db_query(&rows, audit->wf->db, info,
                               "SELECT version, cid FROM revocation_list WHERE version > ?"
                               " ORDER BY version LIMIT 1",
                               DB_INT(version)));
            GALEN_TRY(db_next(&rows, &found, info));
            if (!found)
                return GALEN_OK;
            version = db_int(&rows, 0);
            GALEN_TRY(db_bytes(&rows, 1, cid, 32, info));
        }
        enum galen_err err = check_list(audit->wf, cid, (uint64_t)version, &n, &why);
        snprintf(name, sizeof name, "revocation list %lld", (long long)version);
        snprintf(text, sizeof text, "%zu tokens, signed by both managers of its time", n);
        GALEN_TRY(audit_step(audit, name, err, &why, text, info));
    }
}

static enum galen_err check_lists(struct audit *audit, struct galen_errinfo *info)
{
    REVOCATION_LIST_AUTO list = {0};
    char when[BASE_TIME_TEXT];
    GALEN_TRY(check_each_list(audit, info));
    GALEN_TRY(revocation_list_load(audit->wf, &list, 0, info));
    if (list.problem[0] != '\0')
        return workflow_check(audit->checks, &audit->passed, false, "list in force", info, "%s",
                              list.problem);
    if (!list.is_published)
        return workflow_check(audit->checks, &audit->passed, true, "list in force", info,
                              "none was published: nobody is revoked");
    base_time_format(when, list.next_update);
    bool in_time = base_time_s() < list.next_update;
    return workflow_check(audit->checks, &audit->passed, in_time, "list in force", info,
                          in_time ? "version %llu keeps what every list before it lists; the next "
                                    "is due %s"
                                  : "version %llu was to be followed by another until %s",
                          (unsigned long long)list.version, when);
}

enum galen_err group_audit(struct workflow *wf, bool *passed, struct json_object **result,
                           struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(workflow_array(&checks, info));
    struct audit audit = {.wf = wf, .checks = checks, .passed = true};
    GALEN_TRY(check_events(&audit, info));
    GALEN_TRY(check_managers(&audit, info));
    GALEN_TRY(check_keys(&audit, info));
    GALEN_TRY(check_lists(&audit, info));
    GALEN_TRY(audit_rulings(&audit, info));
    GALEN_TRY(audit_openings(&audit, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_bool(made, "passed", audit.passed, info));
    GALEN_TRY(workflow_set_object(made, "checks", &checks, info));
    *passed = audit.passed;
    workflow_give(result, &made);
    return GALEN_OK;
}
