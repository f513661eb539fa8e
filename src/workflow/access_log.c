/* The access log's rows. */
#include "workflow/access.h"
#include "workflow/internal.h"

#include <string.h>

/* time, event, other, record, share, request, release, buyer, expires; ?1: the patient. An event of
 * a request as a whole stands for each of the patient's entries in it. */
#define SALES                                                                                      \
    "SELECT n.created_at, n.id, CASE n.kind WHEN 'release-delivered' THEN 'sale-delivered'"        \
    " WHEN 'request-finalized' THEN 'sale-finalized' WHEN 'request-refunded' THEN 'sale-refunded'" \
    " WHEN 'entry-disputed' THEN 'sale-disputed' WHEN 'entry-ruled' THEN 'sale-ruled'"             \
    " ELSE 'sale-invalid' END, q.hospital, r.merkle_root, NULL, l.request_id, l.root, q.buyer,"    \
    " NULL FROM notification n JOIN release l ON l.request_id = CAST(n.subject AS INTEGER)"        \
    " JOIN record r ON r.id = l.record_id AND r.holder = n.identity"                               \
    " JOIN request q ON q.id = l.request_id"                                                       \
    " JOIN entry e ON e.request_id = l.request_id AND e.release_root = l.root"                     \
    " WHERE n.identity = ?1 AND n.kind IN ('release-delivered', 'request-finalized',"              \
    " 'request-refunded', 'entry-disputed', 'entry-ruled', 'entry-invalid')"                       \
    " AND (instr(n.subject, '/') = 0 OR n.subject = e.request_id || '/' || e.position)"
#define ACTS                                                                                       \
    "SELECT a.at, a.id, a.event, a.other, a.record_root, a.cid, a.request_id, a.release_root,"     \
    " (SELECT q.buyer FROM request q WHERE q.id = a.request_id), (SELECT s.expires_at FROM share " \
    "s"                                                                                            \
    " WHERE s.direction = 'out' AND s.patient = a.patient AND s.cid = a.cid)"                      \
    " FROM access_event a WHERE a.patient = ?1"

#define COMPLAINTS                                                                                 \
    "SELECT c.at, c.rowid, 'complaint-' || c.state, c.complainant, c.record_root, NULL, NULL,"     \
    " NULL, NULL, NULL FROM complaint_notice c WHERE c.holder = ?1"

static enum galen_err set_hash(struct json_object *row, const char *key, const struct db_rows *rows,
                               int column, struct galen_errinfo *info)
{
    uint8_t hash[32];
    if (db_is_null(rows, column))
        return GALEN_OK;
    GALEN_TRY(db_bytes(rows, column, hash, 32, info));
    return record_json_set_hex(row, key, hash, 32, info);
}

static enum galen_err set_who(struct json_object *row, const char *key, const struct db_rows *rows,
                              int column, struct galen_errinfo *info)
{
    struct chain_address who;
    if (db_is_null(rows, column))
        return GALEN_OK;
    GALEN_TRY(db_bytes(rows, column, who.bytes, 20, info));
    return workflow_set_address(row, key, &who, info);
}

static enum galen_err log_row(struct json_object **out, const struct db_rows *rows,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    uint8_t cid[32];
    const char *event = db_text(rows, 2);
    const char *other = strncmp(event, "share", 5) == 0 ? "doctor"
                        : strncmp(event, "opening", 7) == 0 || strncmp(event, "complaint", 9) == 0
                            ? "requester"
                            : "hospital";
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(workflow_set_time(row, "time", db_int(rows, 0), info));
    GALEN_TRY(workflow_set_text(row, "event", event, info));
    GALEN_TRY(set_hash(row, "record", rows, 4, info));
    GALEN_TRY(set_who(row, other, rows, 3, info));
    if (!db_is_null(rows, 5)) {
        GALEN_TRY(db_bytes(rows, 5, cid, 32, info));
        GALEN_TRY(workflow_set_cid(row, "share", cid, info));
    }
    if (db_int(rows, 9) > 0)
        GALEN_TRY(workflow_set_time(row, "expires", db_int(rows, 9), info));
    if (!db_is_null(rows, 6))
        GALEN_TRY(workflow_set_int(row, "requestId", db_int(rows, 6), info));
    GALEN_TRY(set_hash(row, "releaseRoot", rows, 7, info));
    GALEN_TRY(set_who(row, "buyer", rows, 8, info));
    *out = row;
    row = NULL;
    return GALEN_OK;
}

enum galen_err access_log(struct workflow *wf, const struct chain_address *patient,
                          const struct workflow_page *page, struct json_object **result,
                          struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       ACTS " UNION ALL " SALES " UNION ALL " COMPLAINTS
                            " ORDER BY 1 DESC, 2 DESC, 7 DESC, 8 LIMIT ?2"
                            " OFFSET ?3",
                       DB_BLOB(patient->bytes, 20), DB_INT(workflow_page_limit(page)),
                       DB_INT(workflow_page_offset(page))));
    return workflow_list_rows(result, &rows, log_row, info);
}

enum galen_err workflow_share_fetched(struct workflow *wf, const uint8_t cid32[32],
                                      struct galen_errinfo *info)
{
    enum { ONCE_IN_S = 3600 }; /* whoever has the CID could fill the log */
    const int64_t now = base_time_s();
    int64_t fresh = 0;
    GALEN_TRY(db_get_int(wf->db, &fresh, 0, info,
                         "SELECT count(*) FROM share WHERE direction = 'out' AND cid = ?1"
                         " AND NOT EXISTS (SELECT 1 FROM access_event WHERE cid = ?1"
                         " AND event = 'share-fetched' AND at > ?2)",
                         DB_BLOB(cid32, 32), DB_INT(now - ONCE_IN_S)));
    if (fresh == 0)
        return GALEN_OK;
    return db_run(wf->db, info,
                  "INSERT INTO access_event (patient, at, event, other, record_root, cid)"
                  " SELECT patient, ?1, 'share-fetched', doctor, record_root, cid FROM share"
                  " WHERE direction = 'out' AND cid = ?2",
                  DB_INT(now), DB_BLOB(cid32, 32));
}
