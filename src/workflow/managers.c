/* Who held which office when, as the contract's events tell it. A manager replaces itself at any
 * time: what its predecessor signed in office stays signed. */
#include "workflow/steps.h"
#include "workflow/verify.h"

static enum galen_err begin_term(struct workflow *wf, const struct workflow_event *event,
                                 const char *office, const struct chain_address *manager,
                                 struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO manager_term VALUES (?, ?, ?, ?) ON CONFLICT (block, log_index)"
                  " DO UPDATE SET office = excluded.office, manager = excluded.manager",
                  DB_INT(event->log->block_number), DB_INT(event->log->log_index), DB_TEXT(office),
                  DB_BLOB(manager->bytes, 20));
}

enum galen_err group_on_gm_changed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_group_manager_changed_event *args,
                                   struct galen_errinfo *info)
{
    return begin_term(wf, event, "gm", &args->current, info);
}

enum galen_err group_on_rm_changed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_revocation_manager_changed_event *args,
                                   struct galen_errinfo *info)
{
    return begin_term(wf, event, "rm", &args->current, info);
}

/* The last to take the office before list l was set. */
#define IN_OFFICE(office)                                                                          \
    "(SELECT t.manager FROM manager_term t WHERE t.office = '" office "' AND (t.block,"            \
    " t.log_index) < (l.block, l.log_index) ORDER BY t.block DESC, t.log_index DESC LIMIT 1)"

enum galen_err revocation_managers_of(struct workflow *wf, struct chain_address *gm,
                                      struct chain_address *rm, const uint8_t cid[32],
                                      uint64_t version, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT " IN_OFFICE("gm") ", " IN_OFFICE(
                           "rm") " FROM revocation_list l WHERE l.version = ? AND l.cid = ?",
                       DB_INT(version), DB_BLOB(cid, 32)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found || db_is_null(&rows, 0) || db_is_null(&rows, 1)) /* its event has not come yet */
        return workflow_managers(wf, gm, rm, info);
    GALEN_TRY(db_bytes(&rows, 0, gm->bytes, 20, info));
    return db_bytes(&rows, 1, rm->bytes, 20, info);
}

/* Zero where nobody is known to have taken the office. */
static enum galen_err in_office(struct workflow *wf, struct chain_address *out, const char *office,
                                const struct chain_log *log, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT manager FROM manager_term WHERE office = ?"
                       " AND (block, log_index) < (?, ?) ORDER BY block DESC, log_index DESC"
                       " LIMIT 1",
                       DB_TEXT(office), DB_INT(log->block_number), DB_INT(log->log_index)));
    GALEN_TRY(db_next(&rows, &found, info));
    *out = (struct chain_address){0};
    return found ? db_bytes(&rows, 0, out->bytes, 20, info) : GALEN_OK;
}

enum galen_err managers_before(struct workflow *wf, struct chain_address *gm,
                               struct chain_address *rm, const struct chain_log *log,
                               struct galen_errinfo *info)
{
    GALEN_TRY(in_office(wf, gm, "gm", log, info));
    return in_office(wf, rm, "rm", log, info);
}
