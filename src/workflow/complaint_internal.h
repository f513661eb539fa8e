/*
 * What the files of complaints share:
 *   complaint.c         the complainant; messages; who is told
 *   complaint_decide.c  the managers: agreeing, the two layers, reading the record
 *   complaint_log.c     rows
 *
 *   record-complaint         complainant → GM and RM  {type galen.record-complaint/1, merkleRoot,
 * cid, patient, keyVersion, signature, reason, proof?, envelope?} record-complaint-layer   GM → RM
 * {type galen.record-complaint-layer/1, id, layer} record-complaint-key     RM → GM  {type
 * galen.record-complaint-key/1, id, declined, key?} record-complaint-notice  manager → patient,
 * complainant {type galen.record-complaint-notice/1, id, merkleRoot, complainant, state}
 *
 * proof: who is not the patient proves at least one field of the record against IDrec; salts are
 * secret, so it was shown it. envelope: the block's text. id is SHA-256 over chain, contract, root,
 * patient, cid and complainant, so that one complaint is one place in each manager's log.
 */
#ifndef GALEN_WORKFLOW_COMPLAINT_INTERNAL_H
#define GALEN_WORKFLOW_COMPLAINT_INTERNAL_H

#include "workflow/complaint.h"
#include "workflow/group_internal.h"
#include "workflow/sharing_internal.h"
#include "workflow/storing_internal.h"

struct complaint {
    struct chain_address holder, complainant;
    const char *role, *state; /* static */
    uint8_t id[32];
    struct storing_row record; /* owner, root, cid, sig, key_version alone */
    char reason[COMPLAINT_REASON_MAX + 1];
    int64_t logged_at, decided_at;
};

/* Keeps what is not there yet; one that is stays as it is. */
GALEN_MUST_CHECK enum galen_err complaint_insert(struct workflow *wf,
                                                 const struct complaint *complaint,
                                                 struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err complaint_read(struct workflow *wf, bool *found,
                                               struct complaint *out,
                                               const struct chain_address *holder,
                                               const uint8_t id32[32], struct galen_errinfo *info);
/* By a prefix of the id; holder NULL: any of this home. NOT_FOUND, USAGE, STATE (several). */
GALEN_MUST_CHECK enum galen_err complaint_find(struct workflow *wf, struct complaint *out,
                                               const char *id, const struct chain_address *holder,
                                               struct galen_errinfo *info);
/* An opened one stays opened. */
GALEN_MUST_CHECK enum galen_err complaint_set_state(struct workflow *wf,
                                                    struct complaint *complaint, const char *state,
                                                    struct galen_errinfo *info);
/* What GM's layer held, at GM while it agrees (layer {0}: no longer), at RM once it came; *found is
 * false while it has not come. out must be empty. */
GALEN_MUST_CHECK enum galen_err complaint_set_layer(struct workflow *wf,
                                                    const struct complaint *complaint,
                                                    struct base_view layer,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err complaint_get_layer(struct workflow *wf, bool *found,
                                                    struct base_buf *out,
                                                    const struct complaint *complaint,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err complaint_set_key(struct workflow *wf,
                                                  const struct complaint *complaint,
                                                  const uint8_t key32[32],
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err complaint_get_key(struct workflow *wf, bool *found,
                                                  uint8_t key32[32],
                                                  const struct complaint *complaint,
                                                  struct galen_errinfo *info);
/* As in a list. */
GALEN_MUST_CHECK enum galen_err complaint_row(struct json_object **out,
                                              const struct complaint *complaint,
                                              struct galen_errinfo *info);

/* To patient and complainant (once, when that is one). NOT_FOUND: the patient's card is not here;
 * a complainant that cannot be told is passed over. */
GALEN_MUST_CHECK enum galen_err complaint_tell(struct workflow *wf,
                                               const struct complaint *complaint, const char *state,
                                               struct galen_errinfo *info);
/* An own notification about it. */
GALEN_MUST_CHECK enum galen_err complaint_notify(struct workflow *wf,
                                                 const struct complaint *complaint,
                                                 const char *kind, struct galen_errinfo *info);

#endif
