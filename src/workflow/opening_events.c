/* Openings asked for on-chain as the contract's events tell them, and its own word on one. */
#include "workflow/dispute_internal.h"
#include "workflow/opening_internal.h"

#include <string.h>

/* ---- rows ------------------------------------------------------------------------------------------ */

#define ONCHAIN_COLUMNS                                                                            \
    "SELECT request_id, position, signature_hash, requester, gm_cid, rm_cid, opening_id,"          \
    " gm_reported, rm_reported FROM opening_onchain "

static enum galen_err read_row(struct opening_onchain *out, const struct db_rows *rows,
                               struct galen_errinfo *info)
{
    struct opening_onchain read = {
        .request_id = (uint64_t)db_int(rows, 0),
        .position = (uint64_t)db_int(rows, 1),
        .has_gm_cid = !db_is_null(rows, 4),
        .has_rm_cid = !db_is_null(rows, 5),
        .has_id = !db_is_null(rows, 6),
        .gm_reported = db_int(rows, 7) != 0,
        .rm_reported = db_int(rows, 8) != 0,
    };
    GALEN_TRY(db_bytes(rows, 2, read.signature_hash, 32, info));
    GALEN_TRY(db_bytes(rows, 3, read.requester.bytes, 20, info));
    if (read.has_gm_cid)
        GALEN_TRY(db_bytes(rows, 4, read.gm_cid, 32, info));
    if (read.has_rm_cid)
        GALEN_TRY(db_bytes(rows, 5, read.rm_cid, 32, info));
    if (read.has_id)
        GALEN_TRY(db_bytes(rows, 6, read.id, 32, info));
    *out = read;
    return GALEN_OK;
}

enum galen_err opening_onchain_read(struct workflow *wf, bool *found, struct opening_onchain *out,
                                    uint64_t request_id, uint64_t position,
                                    struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, ONCHAIN_COLUMNS "WHERE request_id = ? AND position = ?",
                       DB_INT(request_id), DB_INT(position)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(out, &rows, info) : GALEN_OK;
}

enum galen_err opening_onchain_of(struct workflow *wf, bool *found, struct opening_onchain *out,
                                  const uint8_t id32[32], int64_t at, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       ONCHAIN_COLUMNS "WHERE opening_id = ? ORDER BY request_id, position"
                                       " LIMIT 1 OFFSET ?",
                       DB_BLOB(id32, 32), DB_INT(at)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(out, &rows, info) : GALEN_OK;
}

static enum galen_err set_cid(struct workflow *wf, bool is_gm, uint64_t request_id,
                              uint64_t position, const uint8_t cid[32], struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  is_gm ? "UPDATE opening_onchain SET gm_cid = ? WHERE request_id = ?"
                          " AND position = ?"
                        : "UPDATE opening_onchain SET rm_cid = ? WHERE request_id = ?"
                          " AND position = ?",
                  DB_BLOB(cid, 32), DB_INT(request_id), DB_INT(position));
}

enum galen_err opening_onchain_next(struct workflow *wf, bool *found, struct opening_onchain *asked,
                                    struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       ONCHAIN_COLUMNS
                       "AS a WHERE (request_id, position) > (?, ?) AND ("
                       " (gm_reported = 0 AND EXISTS (SELECT 1 FROM identity WHERE role = 'gm'))"
                       " OR (rm_reported = 0 AND EXISTS (SELECT 1 FROM identity WHERE role = 'rm'))"
                       " OR (EXISTS (SELECT 1 FROM identity WHERE address = a.requester)"
                       "  AND NOT EXISTS (SELECT 1 FROM opening WHERE holder = a.requester"
                       "   AND id = a.opening_id))) ORDER BY request_id, position LIMIT 1",
                       DB_INT(asked->request_id), DB_INT(asked->position)));
    GALEN_TRY(db_next(&rows, found, info));
    return *found ? read_row(asked, &rows, info) : GALEN_OK;
}

/* ---- events ----------------------------------------------------------------------------------------- */

/* openingId = requestId * 2^16 + index. */
static enum galen_err split_id(uint64_t *request_id, uint64_t *position,
                               const struct chain_u256 *opening_id, struct galen_errinfo *info)
{
    struct chain_u256 request;
    uint64_t index = chain_u256_div_u64(&request, opening_id, 65536);
    uint64_t number = 0;
    if (chain_u256_to_u64(&number, &request) != GALEN_OK || number == 0 || number > INT64_MAX)
        return base_fail(info, GALEN_ERR_PARSE, "an event names an impossible opening");
    *request_id = number;
    *position = index;
    return GALEN_OK;
}

enum galen_err opening_on_requested(struct workflow *wf, const struct workflow_event *event,
                                    const struct datahub_opening_requested_event *args,
                                    struct galen_errinfo *info)
{
    uint64_t request_id = 0, position = 0;
    GALEN_TRY(split_id(&request_id, &position, &args->opening_id, info));
    return db_run(wf->db, info,
                  "INSERT INTO opening_onchain (request_id, position, signature_hash, requester)"
                  " VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET requester = excluded.requester,"
                  " signature_hash = excluded.signature_hash, opening_id ="
                  " iif(signature_hash = excluded.signature_hash, opening_id, NULL)",
                  DB_INT(request_id), DB_INT(position), DB_BLOB(args->signature_hash, 32),
                  DB_BLOB(args->requester.bytes, 20));
}

enum galen_err opening_on_gm_approved(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_group_manager_approved_event *args,
                                      struct galen_errinfo *info)
{
    uint64_t request_id = 0, position = 0;
    GALEN_TRY(split_id(&request_id, &position, &args->opening_id, info));
    return set_cid(wf, true, request_id, position, args->share_cid, info);
}

enum galen_err opening_on_rm_approved(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_revocation_manager_approved_event *args,
                                      struct galen_errinfo *info)
{
    uint64_t request_id = 0, position = 0;
    GALEN_TRY(split_id(&request_id, &position, &args->opening_id, info));
    return set_cid(wf, false, request_id, position, args->share_cid, info);
}

/* ---- the contract's word ---------------------------------------------------------------------------- */

struct chain_u256 opening_onchain_id(uint64_t request_id, uint64_t position)
{
    struct chain_u256 id = {0};
    base_put_u64be(id.be + 22, request_id);
    id.be[30] = (uint8_t)(position >> 8);
    id.be[31] = (uint8_t)position;
    return id;
}

enum galen_err opening_onchain_status(struct workflow *wf, struct datahub_opening_info *out,
                                      uint64_t request_id, uint64_t position,
                                      struct galen_errinfo *info)
{
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(datahub_encode_get_opening(&call, opening_onchain_id(request_id, position), info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    return datahub_decode_get_opening(out, answer.data, answer.len, info);
}

enum galen_err opening_onchain_check(struct workflow *wf, const struct opening_onchain *asked,
                                     const struct opening *opening, struct galen_errinfo *info)
{
    struct datahub_opening_info status;
    struct dispute_entry entry;
    uint8_t hash[32];
    unsigned long long request = (unsigned long long)asked->request_id;
    unsigned long long index = (unsigned long long)asked->position;
    GALEN_TRY(opening_onchain_status(wf, &status, asked->request_id, asked->position, info));
    if (!status.requested)
        return base_fail(info, GALEN_ERR_CHECK,
                         "nobody has asked on-chain to open entry %llu of request %llu", index,
                         request);
    GALEN_TRY(dispute_read_entry(wf, &entry, asked->request_id, asked->position, info));
    if (entry.status != DISPUTE_FRAUDULENT)
        return base_fail(info, GALEN_ERR_CHECK,
                         "entry %llu of request %llu is not ruled fraud by both managers: its "
                         "doctor is not named",
                         index, request);
    chain_keccak256(hash, opening->sig362, sizeof opening->sig362);
    if (memcmp(hash, asked->signature_hash, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the signature is not the one that the request on-chain names");
    return GALEN_OK;
}
