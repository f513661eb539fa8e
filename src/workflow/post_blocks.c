/*
 * Blocks between nodes: what this home gives out to anyone, and whose nodes it asks for what it has
 * not.
 */
#include "workflow/post_internal.h"

#include <string.h>

#define INBOX_PATH "/api/v1/inbox"

/* ---- giving out -------------------------------------------------------------------------------- */

enum galen_err workflow_publish(struct workflow *wf, uint8_t cid32[32], const char *kind,
                                int64_t request_id, const void *data, size_t len,
                                struct galen_errinfo *info)
{
    uint8_t cid[32];
    GALEN_TRY(store_put(cid, wf->store, data, len, info));
    if (cid32 != NULL)
        memcpy(cid32, cid, 32);
    return workflow_publish_kept(wf, cid, kind, request_id, info);
}

enum galen_err workflow_publish_kept(struct workflow *wf, const uint8_t cid32[32], const char *kind,
                                     int64_t request_id, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "INSERT INTO published VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                  DB_BLOB(cid32, 32), DB_TEXT(kind), request_id > 0 ? DB_INT(request_id) : DB_NULL);
}

/* Of records, the patient's and the relay's: that a doctor's node has one would tell who signed it.
 */
enum galen_err block_serve(struct workflow *wf, const char *cid, struct base_buf *out,
                           struct galen_errinfo *info)
{
    uint8_t cid32[32];
    int64_t is_public = 0;
    GALEN_TRY(store_cid_parse(cid32, cid, info));
    GALEN_TRY(db_get_int(
        wf->db, &is_public, 0, info,
        "SELECT EXISTS (SELECT 1 FROM record WHERE cid = ?1 AND side IN ('patient', 'relay')"
        " AND state IN ('handed-over', 'anchored'))"
        " OR EXISTS (SELECT 1 FROM share WHERE cid = ?1 AND direction = 'out' AND state = 'open'"
        " AND (expires_at IS NULL OR expires_at = 0 OR expires_at > ?2))"
        " OR EXISTS (SELECT 1 FROM published p WHERE cid = ?1 AND (kind <> 'manifest'"
        " OR EXISTS (SELECT 1 FROM request r WHERE r.id = p.request_id"
        " AND r.delivered_at IS NOT NULL)))",
        DB_BLOB(cid32, 32), DB_INT(base_time_s())));
    enum galen_err err = GALEN_ERR_NOT_FOUND;
    if (is_public != 0)
        err = store_get_local(out, wf->store, cid32, info);
    /* One answer for what is not here, not public, or altered: nobody learns which. */
    if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_CHECK)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "this node does not serve block %s", cid);
    GALEN_TRY(err);
    return workflow_share_fetched(wf, cid32, info);
}

/* ---- asking ------------------------------------------------------------------------------------ */

enum galen_err workflow_node_of(struct workflow *wf, struct base_buf *url,
                                const struct chain_address *who, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT json_extract(profile, '$.inbox') FROM contact WHERE address = ?1"
                       " AND NOT EXISTS (SELECT 1 FROM identity WHERE address = ?1)",
                       DB_BLOB(who->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    const char *inbox = found ? db_text(&rows, 0) : "";
    size_t len = strlen(inbox);
    while (len > 0 && inbox[len - 1] == '/')
        len--;
    size_t path = strlen(INBOX_PATH);
    if (len <= path || memcmp(inbox + len - path, INBOX_PATH, path) != 0)
        return GALEN_OK;
    return base_buf_append(url, inbox, len - path);
}

enum galen_err workflow_block_from(struct workflow *wf, struct base_buf *out,
                                   const uint8_t cid32[32], const struct chain_address *first,
                                   const struct chain_address *second, struct galen_errinfo *info)
{
    const struct chain_address *const who[] = {first, second};
    struct base_buf urls[2] = {{0}, {0}};
    const char *nodes[2];
    size_t n = 0;
    bool there = false;
    enum galen_err err = store_has(&there, wf->store, cid32, info);
    for (size_t i = 0; i < 2 && !there && err == GALEN_OK; i++) {
        if (who[i] == NULL || chain_address_is_zero(who[i]))
            continue;
        err = workflow_node_of(wf, &urls[n], who[i], info);
        if (err == GALEN_OK && urls[n].len > 0 &&
            (n == 0 || strcmp((const char *)urls[0].data, (const char *)urls[1].data) != 0)) {
            nodes[n] = (const char *)urls[n].data;
            n++;
        }
    }
    if (err == GALEN_OK)
        err = store_get_from(out, wf->store, cid32, nodes, n, info);
    base_buf_clear(&urls[0]);
    base_buf_clear(&urls[1]);
    return err;
}

/* Two addresses, the first row's; those that are not there stay zero. */
static enum galen_err read_two(struct db_rows *rows, struct chain_address two[2],
                               struct galen_errinfo *info)
{
    bool found = false;
    GALEN_TRY(db_next(rows, &found, info));
    for (int i = 0; i < 2; i++)
        if (found && !db_is_null(rows, i))
            GALEN_TRY(db_bytes(rows, i, two[i].bytes, 20, info));
    return GALEN_OK;
}

enum galen_err workflow_block_of_request(struct workflow *wf, struct base_buf *out,
                                         const uint8_t cid32[32], uint64_t request_id,
                                         struct galen_errinfo *info)
{
    struct chain_address two[2] = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT hospital, buyer FROM request WHERE id = ?",
                       DB_INT(request_id)));
    GALEN_TRY(read_two(&rows, two, info));
    db_rows_end(&rows);
    return workflow_block_from(wf, out, cid32, &two[0], &two[1], info);
}

enum galen_err workflow_block_of_managers(struct workflow *wf, struct base_buf *out,
                                          const uint8_t cid32[32], struct galen_errinfo *info)
{
    struct chain_address two[2] = {0};
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT (SELECT manager FROM manager_term WHERE office = 'rm'"
                       " ORDER BY block DESC, log_index DESC LIMIT 1),"
                       " (SELECT manager FROM manager_term WHERE office = 'gm'"
                       " ORDER BY block DESC, log_index DESC LIMIT 1)"));
    GALEN_TRY(read_two(&rows, two, info));
    db_rows_end(&rows);
    return workflow_block_from(wf, out, cid32, &two[0], &two[1], info);
}
