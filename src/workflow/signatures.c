/* Group signatures that can be had: of this home's records, of sales' entries, of the chain. */
#include "workflow/opening_internal.h"
#include "workflow/storing_internal.h"

#include <string.h>

#define RANGE_BLOCKS 10000

static enum galen_err record_message(const struct workflow *wf, struct known_signature *signature,
                                     struct galen_errinfo *info)
{
    return record_msg32(signature->msg32, wf->domain.chain_id, wf->domain.contract.bytes,
                        signature->root, signature->owner.bytes, info);
}

/* ---- here --------------------------------------------------------------------------------------- */

static enum galen_err each_record(struct workflow *wf, signature_seen *seen, void *user,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT DISTINCT merkle_root, cid, owner, key_version, signature"
                       " FROM record ORDER BY merkle_root"));
    for (;;) {
        struct known_signature signature = {0};
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(db_bytes(&rows, 0, signature.root, 32, info));
        GALEN_TRY(db_bytes(&rows, 1, signature.cid, 32, info));
        GALEN_TRY(db_bytes(&rows, 2, signature.owner.bytes, 20, info));
        signature.key_version = (uint32_t)db_int(&rows, 3);
        GALEN_TRY(db_bytes(&rows, 4, signature.sig362, sizeof signature.sig362, info));
        GALEN_TRY(record_message(wf, &signature, info));
        GALEN_TRY(seen(wf, user, &signature, info));
    }
}

static enum galen_err each_entry(struct workflow *wf, signature_seen *seen, void *user,
                                 struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT release_root, release_addr, key_version, signature, request_id"
                       " FROM entry WHERE length(signature) = 362 ORDER BY request_id, position"));
    for (;;) {
        struct known_signature signature = {.is_release = true};
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        GALEN_TRY(db_bytes(&rows, 0, signature.root, 32, info));
        GALEN_TRY(db_bytes(&rows, 1, signature.owner.bytes, 20, info));
        signature.key_version = (uint32_t)db_int(&rows, 2);
        GALEN_TRY(db_bytes(&rows, 3, signature.sig362, sizeof signature.sig362, info));
        signature.request_id = db_int(&rows, 4);
        GALEN_TRY(record_release_msg32(signature.msg32, wf->domain.chain_id,
                                       wf->domain.contract.bytes, signature.root,
                                       signature.owner.bytes, info));
        GALEN_TRY(seen(wf, user, &signature, info));
    }
}

enum galen_err signature_each_here(struct workflow *wf, signature_seen *seen, void *user,
                                   struct galen_errinfo *info)
{
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(each_record(wf, seen, user, info));
    return each_entry(wf, seen, user, info);
}

/* ---- on the chain --------------------------------------------------------------------------------- */

enum galen_err signature_each_log(struct workflow *wf, const struct chain_log_filter *filter,
                                  signature_log_seen *seen, void *user, struct galen_errinfo *info)
{
    struct chain_rpc *rpc = NULL;
    struct chain_log_filter part = *filter;
    uint64_t head = 0;
    uint64_t range = RANGE_BLOCKS;
    GALEN_TRY(workflow_rpc(wf, &rpc, info));
    GALEN_TRY(chain_rpc_block_number(rpc, &head, info));
    for (uint64_t next = 0; next <= head;) {
        CHAIN_LOGS_AUTO logs = {0};
        part.from_block = next;
        part.to_block = head - next < range ? head : next + range - 1;
        enum galen_err err = chain_rpc_logs(rpc, &logs, &part, info);
        if (err == GALEN_ERR_LIMIT && range > 1) {
            range /= 2;
            continue;
        }
        GALEN_TRY(err);
        for (size_t i = 0; i < logs.len; i++)
            GALEN_TRY(seen(wf, user, &logs.items[i], info));
        next = part.to_block + 1;
    }
    return GALEN_OK;
}

struct see_stored {
    signature_seen *seen;
    void *user;
};

static enum galen_err see_log(struct workflow *wf, void *user, const struct chain_log *log,
                              struct galen_errinfo *info)
{
    const struct see_stored *see = user;
    struct datahub_data_stored_event event = {0};
    struct known_signature signature = {0};
    enum galen_err err = datahub_decode_data_stored_event(&event, log, info);
    if (err == GALEN_ERR_NOT_FOUND || (err == GALEN_OK && event.sig.len != 362))
        return GALEN_OK;
    GALEN_TRY(err);
    memcpy(signature.root, event.merkle_root, 32);
    memcpy(signature.cid, event.cid, 32);
    signature.owner = event.owner;
    signature.key_version = event.key_version;
    memcpy(signature.sig362, event.sig.data, 362);
    GALEN_TRY(record_message(wf, &signature, info));
    return see->seen(wf, see->user, &signature, info);
}

enum galen_err signature_each_on_chain(struct workflow *wf, const uint8_t *root32,
                                       signature_seen *seen, void *user, struct galen_errinfo *info)
{
    uint8_t topic[1][32];
    struct see_stored see = {seen, user};
    struct chain_log_filter filter = {.contract = wf->domain.contract};
    if (root32 != NULL) {
        memcpy(topic[0], root32, 32);
        filter.topics[1].any = (const uint8_t(*)[32])topic;
        filter.topics[1].n = 1;
    }
    return signature_each_log(wf, &filter, see_log, &see, info);
}

/* ---- one of them ----------------------------------------------------------------------------------- */

struct search {
    struct known_signature found;
    size_t n;
};

/* Anyone may store anything: only what a member signed counts. */
static enum galen_err keep_valid(struct workflow *wf, void *user,
                                 const struct known_signature *signature,
                                 struct galen_errinfo *info)
{
    struct search *search = user;
    bool valid = false;
    enum galen_err err = workflow_verify_signature(wf, &valid, NULL, signature->key_version,
                                                   signature->sig362, signature->msg32, info);
    if (err == GALEN_ERR_NOT_FOUND || (err == GALEN_OK && !valid))
        return GALEN_OK;
    GALEN_TRY(err);
    if (search->n > 0 && memcmp(search->found.sig362, signature->sig362, 362) == 0)
        return GALEN_OK;
    search->found = *signature;
    search->n++;
    return GALEN_OK;
}

static enum galen_err find_on_chain(struct workflow *wf, struct known_signature *out,
                                    const char *reference, struct galen_errinfo *info)
{
    struct search search = {0};
    uint8_t root[32];
    const char *digits = strncmp(reference, "0x", 2) == 0 ? reference + 2 : reference;
    if (strlen(digits) != 64 || base_hex_decode(root, 32, digits, "Merkle root", NULL) != GALEN_OK)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "one of another home is named by its whole Merkle root",
                          "this home has no such record");
    GALEN_TRY(signature_each_on_chain(wf, root, keep_valid, &search, info));
    if (search.n == 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND,
                         "neither this home nor the chain has a validly signed record like that");
    if (search.n > 1)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "give message, signature and key version instead",
                          "the chain has several signatures over that Merkle root");
    *out = search.found;
    return GALEN_OK;
}

enum galen_err signature_find(struct workflow *wf, struct known_signature *out,
                              const struct opening_target *target, struct galen_errinfo *info)
{
    struct known_signature found = {.key_version = target->key_version};
    struct storing_row row;
    GALEN_TRY(workflow_need_contract(wf, info));
    if (target->record == NULL) {
        memcpy(found.msg32, target->msg32, 32);
        memcpy(found.sig362, target->sig362, sizeof found.sig362);
        *out = found;
        return GALEN_OK;
    }
    enum galen_err err = storing_find_row(wf, &row, target->record, NULL, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return find_on_chain(wf, out, target->record, info);
    GALEN_TRY(err);
    memcpy(found.root, row.root, 32);
    memcpy(found.cid, row.cid, 32);
    found.owner = row.owner;
    found.key_version = row.key_version;
    memcpy(found.sig362, row.sig, sizeof found.sig362);
    GALEN_TRY(record_message(wf, &found, info));
    *out = found;
    return GALEN_OK;
}
