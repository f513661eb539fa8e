/*
 * A home with several identities, and a handle that acts for one of them alone.
 *
 * workflow_act_as bounds the keys: no other identity's secret is given out. workflow_narrow bounds
 * what is read: temporary views stand before the database's tables, under the same names, and show
 * the rows of the identity acted for. So every query there is, and every one to come, is narrowed,
 * and what writes to such a table fails: a narrowed handle is for reading. Tables that `shared`
 * names hold what the chain tells anyone, or settings of the home.
 */
#include "workflow/internal.h"

#include <string.h>

/* The rows of each table that belong to identity A: a condition on them, where A is
 * (SELECT address FROM actor). */
#define A      "(SELECT address FROM temp.actor)"
#define HOLDER "holder = " A
#define IS_GM  "EXISTS (SELECT 1 FROM main.identity WHERE address = " A " AND role = 'gm')"
#define BOUGHT "request_id IN (SELECT id FROM main.request WHERE buyer = " A ")"
#define SENT_BY                                                                                    \
    "sender = " A " OR sender IN (SELECT address FROM main.payout_account WHERE owner = " A ")"
static const struct {
    const char *table, *condition;
} owned[] = {
    {"identity", "address = " A},
    {"identity_password", "0"},
    {"payout_account", "owner = " A},
    {"node_key", "identity = " A},
    {"intent", "identity = " A},
    {"setup_share", HOLDER},
    {"member", IS_GM},
    {"join_request", IS_GM},
    {"join_nonce", IS_GM},
    {"join_invitation", "doctor = " A},
    {"record", HOLDER},
    {"record_import", HOLDER},
    {"record_imported", HOLDER},
    {"release", "record_id IN (SELECT id FROM main.record WHERE " HOLDER ")"},
    {"topup_source", "record_id IN (SELECT id FROM main.record WHERE " HOLDER ")"},
    {"topup", HOLDER},
    {"index_card", "hospital = " A},
    {"share", "(direction = 'out' AND patient = " A ") OR (direction = 'in' AND doctor = " A ")"},
    {"consent",
     "(side = 'hospital' AND hospital = " A ") OR (side = 'patient' AND patient = " A ")"},
    {"access_event", "patient = " A},
    {"sale_rule", "hospital = " A},
    {"sale_policy", "patient = " A},
    {"outbox", "0"}, /* sealed, and nobody's to read */
    {"inbox", "recipient = " A},
    {"tx", SENT_BY},
    {"tx_replaced", SENT_BY},
    {"notification", "identity = " A},
    {"notification_withdrawn", "identity = " A},
    {"watch_undo", "0"}, /* rows of all */
    {"registry_row", HOLDER},
    {"registry_head", HOLDER},
    {"opening", HOLDER},
    {"reveal", HOLDER},
    {"revocation_proposal", HOLDER},
    {"entry_fault", BOUGHT},
    {"verification", BOUGHT},
    {"dispute", BOUGHT},
    {"dispute_evidence", HOLDER},
    {"dispute_vote", HOLDER},
    {"complaint", HOLDER},
    {"complaint_notice", HOLDER},
    {"late_key", HOLDER},
};

static const char *const shared[] = {
    "setting",      "contact",         "group_key",       "entry",
    "manager_term", "revocation_list", "opening_onchain", "registry_commit",
    "watch_block",  "profile_onchain", "published",       "hospital",
};

/* The buyer's own verdict stands beside what the chain says of a request. */
static const char request_view[] = "CREATE TEMP VIEW request AS SELECT rowid AS rowid, %s"
                                   " CASE WHEN buyer = " A
                                   " THEN verified END AS verified FROM main.request";

static enum galen_err run(struct workflow *wf, struct base_buf *sql, struct galen_errinfo *info)
{
    return db_run(wf->db, info, (const char *)sql->data);
}

/* Its columns but `verified`, each with a comma. */
static enum galen_err request_columns(struct workflow *wf, struct base_buf *out,
                                      struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT name FROM pragma_table_info('request', 'main')"
                       " WHERE name <> 'verified'"));
    for (;;) {
        bool found = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        if (base_buf_printf(out, "\"%s\", ", db_text(&rows, 0)) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
}

/* A table that nobody put in a list would be seen by everyone. */
static enum galen_err check_all_listed(struct workflow *wf, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
                       " AND name NOT LIKE 'sqlite_%' AND name <> 'request'"));
    for (;;) {
        bool found = false, listed = false;
        GALEN_TRY(db_next(&rows, &found, info));
        if (!found)
            return GALEN_OK;
        for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
            listed = listed || strcmp(owned[i].table, db_text(&rows, 0)) == 0;
        for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
            listed = listed || strcmp(shared[i], db_text(&rows, 0)) == 0;
        if (!listed)
            return base_fail(info, GALEN_ERR_INTERNAL, "whose table %s is nobody says",
                             db_text(&rows, 0));
    }
}

enum galen_err workflow_narrow(struct workflow *wf, struct galen_errinfo *info)
{
    GALEN_TRY(check_all_listed(wf, info));
    GALEN_TRY(db_run(wf->db, info, "PRAGMA temp_store = MEMORY"));
    GALEN_TRY(db_run(wf->db, info, "CREATE TEMP TABLE actor (address BLOB)"));
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        BASE_BUF_AUTO sql = {0};
        if (base_buf_printf(&sql,
                            "CREATE TEMP VIEW %s AS SELECT rowid AS rowid, * FROM main.%s WHERE %s",
                            owned[i].table, owned[i].table, owned[i].condition) != GALEN_OK)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        GALEN_TRY(run(wf, &sql, info));
    }
    BASE_BUF_AUTO columns = {0};
    BASE_BUF_AUTO sql = {0};
    GALEN_TRY(request_columns(wf, &columns, info));
    if (base_buf_printf(&sql, request_view, (const char *)columns.data) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(run(wf, &sql, info));
    wf->is_narrow = true;
    /* Nobody, until workflow_act_as. */
    return workflow_act_as(wf, NULL, info);
}

enum galen_err workflow_act_as(struct workflow *wf, const struct chain_address *identity,
                               struct galen_errinfo *info)
{
    if (wf->is_narrow) {
        GALEN_TRY(db_run(wf->db, info, "DELETE FROM temp.actor"));
        if (identity != NULL)
            GALEN_TRY(db_run(wf->db, info, "INSERT INTO temp.actor VALUES (?)",
                             DB_BLOB(identity->bytes, 20)));
    }
    wf->has_actor = identity != NULL;
    wf->actor = identity != NULL ? *identity : (struct chain_address){0};
    return GALEN_OK;
}

enum galen_err workflow_check_actor(struct workflow *wf, const struct chain_address *owner,
                                    struct galen_errinfo *info)
{
    int64_t payout = 0;
    if (!wf->has_actor || chain_address_equal(&wf->actor, owner))
        return GALEN_OK;
    GALEN_TRY(db_get_int(wf->db, &payout, 0, info,
                         "SELECT count(*) FROM payout_account WHERE address = ? AND owner = ?",
                         DB_BLOB(owner->bytes, 20), DB_BLOB(wf->actor.bytes, 20)));
    if (payout > 0)
        return GALEN_OK;
    return base_fail(info, GALEN_ERR_NOT_FOUND, "that is not this identity's");
}
