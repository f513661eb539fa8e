/* What the managers ruled and what was proven, as the contract has it, and the openings that follow
 * from rulings of Fraud. */
#include <string.h>

#include "workflow/audit.h"
#include "workflow/dispute_internal.h"

/* ---- rulings and proofs ------------------------------------------------------------------------------ */

static enum galen_err check_ruled(struct workflow *wf, uint64_t request_id, uint64_t index,
                                  enum dispute_status told, struct galen_errinfo *info)
{
    static const enum dispute_verdict verdicts[] = {
        [DISPUTE_RULED_PAY] = DISPUTE_PAY,
        [DISPUTE_REFUNDED] = DISPUTE_REFUND,
        [DISPUTE_FRAUDULENT] = DISPUTE_FRAUD,
    };
    struct dispute_entry entry;
    GALEN_TRY(dispute_read_entry(wf, &entry, request_id, index, info));
    bool is_same = entry.status == told ||
                   (told == DISPUTE_RULED_PAY && entry.status == DISPUTE_PAID);
    if (!is_same || entry.gm_vote != verdicts[told] || entry.rm_vote != verdicts[told])
        return base_fail(
            info, GALEN_ERR_CHECK, "entry %llu was told to be %s, and is %s by the votes %s and %s",
            (unsigned long long)index, dispute_status_name(told), dispute_status_name(entry.status),
            dispute_verdict_name(entry.gm_vote), dispute_verdict_name(entry.rm_vote));
    return GALEN_OK;
}

/* The proof again: signature and consent are in the entry's event. */
static enum galen_err check_proven(struct workflow *wf, uint64_t request_id, uint64_t index,
                                   const struct purchasing_entries *entries,
                                   struct galen_errinfo *info)
{
    struct dispute_entry entry;
    const char *fault = NULL;
    GALEN_TRY(dispute_read_entry(wf, &entry, request_id, index, info));
    if (index >= entries->n || entry.status != DISPUTE_INVALID)
        return base_fail(info, GALEN_ERR_CHECK, "entry %llu is not invalid by the contract",
                         (unsigned long long)index);
    GALEN_TRY(dispute_find_fault(wf, &fault, request_id, &entries->items[index], info));
    if (fault == NULL)
        return base_fail(info, GALEN_ERR_CHECK,
                         "entry %llu: its signature and its consent hold after all",
                         (unsigned long long)index);
    return GALEN_OK;
}

struct told {
    int64_t index;
    enum dispute_status status;
};

static enum galen_err next_told(struct workflow *wf, struct told *told, uint64_t request_id,
                                bool proofs, bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT position, status FROM entry WHERE request_id = ? AND position > ?"
                       " AND status >= 3 AND (status = 6) = ? ORDER BY position LIMIT 1",
                       DB_INT(request_id), DB_INT(told->index), DB_INT(proofs)));
    GALEN_TRY(db_next(&rows, found, info));
    if (*found)
        *told = (struct told){db_int(&rows, 0), (enum dispute_status)db_int(&rows, 1)};
    return GALEN_OK;
}

static enum galen_err check_each(struct workflow *wf, uint64_t request_id, bool proofs, int64_t *n,
                                 struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    struct purchasing_onchain chain;
    struct told told = {.index = -1};
    bool found = false;
    *n = 0;
    for (;;) {
        GALEN_TRY(next_told(wf, &told, request_id, proofs, &found, info));
        if (!found)
            return GALEN_OK;
        if (proofs && entries.n == 0) {
            GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
            GALEN_TRY(purchasing_load_entries(wf, &entries, &chain, info));
        }
        GALEN_TRY(proofs ? check_proven(wf, request_id, (uint64_t)told.index, &entries, info)
                         : check_ruled(wf, request_id, (uint64_t)told.index, told.status, info));
        ++*n;
    }
}

enum galen_err audit_rulings(struct audit *audit, struct galen_errinfo *info)
{
    static const char *const what[] = {"rulings", "proofs"};
    for (int64_t id = 0;;) {
        GALEN_TRY(db_get_int(audit->wf->db, &id, 0, info,
                             "SELECT min(request_id) FROM entry WHERE status >= 3"
                             " AND request_id > ?",
                             DB_INT(id)));
        if (id == 0)
            return GALEN_OK;
        for (int proofs = 0; proofs < 2; proofs++) {
            struct galen_errinfo why = {0};
            char name[64];
            char text[96];
            int64_t n = 0;
            enum galen_err err = check_each(audit->wf, (uint64_t)id, proofs == 1, &n, &why);
            if (err == GALEN_OK && n == 0)
                continue;
            snprintf(name, sizeof name, "%s of request %lld", what[proofs], (long long)id);
            snprintf(text, sizeof text,
                     proofs ? "%lld entries: what was proven against each holds"
                            : "%lld entries: both managers voted what each became",
                     (long long)n);
            GALEN_TRY(audit_step(audit, name, err, &why, text, info));
        }
    }
}

/* ---- openings ------------------------------------------------------------------------------------------ */

/* Asked for by the request's buyer, of an entry ruled Fraud, for its signature. */
static enum galen_err check_asked(struct workflow *wf, const struct opening_onchain *asked,
                                  struct galen_errinfo *info)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    struct purchasing_onchain chain;
    struct datahub_opening_info status;
    struct opening opening = {0};
    GALEN_TRY(purchasing_read_chain(wf, &chain, asked->request_id, info));
    GALEN_TRY(purchasing_load_entries(wf, &entries, &chain, info));
    if (asked->position >= entries.n || !chain_address_equal(&asked->requester, &chain.buyer))
        return base_fail(info, GALEN_ERR_CHECK, "it was not asked for by the request's buyer");
    memcpy(opening.sig362, entries.items[asked->position].sig, sizeof opening.sig362);
    GALEN_TRY(opening_onchain_check(wf, asked, &opening, info));
    GALEN_TRY(opening_onchain_status(wf, &status, asked->request_id, asked->position, info));
    if (status.group_manager_approved != asked->has_gm_cid ||
        status.revocation_manager_approved != asked->has_rm_cid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "who has agreed by the contract is not whom its events name");
    return GALEN_OK;
}

static enum galen_err next_asked(struct workflow *wf, struct opening_onchain *asked, bool *found,
                                 struct galen_errinfo *info)
{
    int64_t id = 0, position = 0;
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT request_id, position FROM opening_onchain"
                       " WHERE (request_id, position) > (?, ?) ORDER BY request_id, position"
                       " LIMIT 1",
                       DB_INT(asked->request_id), DB_INT(asked->position)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    id = db_int(&rows, 0);
    position = db_int(&rows, 1);
    db_rows_end(&rows);
    return opening_onchain_read(wf, found, asked, (uint64_t)id, (uint64_t)position, info);
}

static enum galen_err audit_asked(struct audit *audit, struct galen_errinfo *info)
{
    struct opening_onchain asked = {0};
    for (;;) {
        struct galen_errinfo why = {0};
        bool found = false;
        char name[64];
        GALEN_TRY(next_asked(audit->wf, &asked, &found, info));
        if (!found)
            return GALEN_OK;
        enum galen_err err = check_asked(audit->wf, &asked, &why);
        snprintf(name, sizeof name, "opening %llu/%llu", (unsigned long long)asked.request_id,
                 (unsigned long long)asked.position);
        GALEN_TRY(audit_step(audit, name, err, &why,
                             asked.has_gm_cid && asked.has_rm_cid
                                 ? "by the buyer, of an entry ruled fraud; both managers agreed"
                                 : "by the buyer, of an entry ruled fraud; not both managers "
                                   "have agreed yet",
                             info));
    }
}

/* Both shares are for this very signature and give the commitment that the log says. The evidence
 * is sealed to the home: checked where its keys are open. */
static enum galen_err check_logged(struct workflow *wf, struct opening *opening,
                                   struct galen_errinfo *info)
{
    GROUP_MEMBER_AUTO member = {0};
    uint8_t said[GROUPSIG_COMMITMENT_BYTES];
    bool found = false;
    memcpy(said, opening->commitment, sizeof said);
    GALEN_TRY(opening_combine(wf, opening, info));
    if (memcmp(said, opening->commitment, sizeof said) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "its shares give another signer than the log has");
    if (strcmp(opening->state, "opened") != 0 ||
        (!opening->is_gm && !opening->is_rm && wf->keys == NULL))
        return GALEN_OK;
    GALEN_TRY(opening_member(wf, &found, &member, NULL, opening, info));
    if (!found)
        return base_fail(info, GALEN_ERR_CHECK, "the doctor's evidence is not here any more");
    return group_member_check(wf, &member, NULL, info);
}

static enum galen_err next_logged(struct workflow *wf, int64_t at, struct chain_address *holder,
                                  uint8_t id32[32], bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT holder, id FROM opening WHERE commitment IS NOT NULL"
                       " ORDER BY asked_at, id, holder LIMIT 1 OFFSET ?",
                       DB_INT(at)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(db_bytes(&rows, 0, holder->bytes, 20, info));
    return db_bytes(&rows, 1, id32, 32, info);
}

enum galen_err audit_openings(struct audit *audit, struct galen_errinfo *info)
{
    GALEN_TRY(audit_asked(audit, info));
    for (int64_t at = 0;; at++) {
        struct chain_address holder;
        struct opening opening;
        struct galen_errinfo why = {0};
        uint8_t id32[32];
        bool found = false;
        char hex[17];
        char name[48];
        GALEN_TRY(next_logged(audit->wf, at, &holder, id32, &found, info));
        if (found)
            GALEN_TRY(opening_read(audit->wf, &found, &opening, &holder, id32, info));
        if (!found)
            return GALEN_OK;
        enum galen_err err = check_logged(audit->wf, &opening, &why);
        base_hex_encode(hex, id32, 8);
        snprintf(name, sizeof name, "opening %s", hex);
        GALEN_TRY(audit_step(audit, name, err, &why,
                             strcmp(opening.state, "fault") == 0
                                 ? "both shares hold; recorded as the Group Manager's fault"
                                 : "both shares hold, and so does what the doctor signed",
                             info));
    }
}
