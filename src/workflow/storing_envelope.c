/* A record's envelope, from wherever it can be had. */
#include "workflow/storing_internal.h"

#include <string.h>

/* Who anchored the record: its hospital's relay, or its doctor. Zero when the chain does not say.
 */
static enum galen_err find_sender(struct workflow *wf, struct chain_address *sender, int64_t id,
                                  struct galen_errinfo *info)
{
    uint8_t tx_hash[32];
    GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
    struct chain_rpc *rpc = NULL;
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT tx_hash FROM record WHERE id = ? AND tx_hash IS NOT NULL",
                       DB_INT(id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return GALEN_OK;
    GALEN_TRY(db_bytes(&rows, 0, tx_hash, 32, info));
    db_rows_end(&rows);
    if (workflow_rpc(wf, &rpc, NULL) == GALEN_OK &&
        chain_rpc_transaction(rpc, &tx, tx_hash, NULL) == GALEN_OK)
        *sender = tx.from;
    return GALEN_OK;
}

enum galen_err storing_get_envelope(struct workflow *wf, struct base_buf *out,
                                    const struct storing_row *row, struct galen_errinfo *info)
{
    struct chain_address sender = {0};
    bool there = false;
    /* A doctor's node that asked others for it would name itself to them. */
    if (strcmp(row->side, "doctor") == 0)
        return store_get(out, wf->store, row->cid, info);
    GALEN_TRY(store_has(&there, wf->store, row->cid, info));
    if (!there && strcmp(row->side, "patient") == 0)
        GALEN_TRY(find_sender(wf, &sender, row->id, info));
    return workflow_block_from(wf, out, row->cid, &row->owner, &sender, info);
}
