/*
 * Complaints about a record, by its patient or by who has read it in a share. Both managers log
 * one, from the complainant itself; then GM peels its layer off the record's eId and RM the other,
 * and both can read that one record. Conventions as in workflow.h.
 */
#ifndef GALEN_WORKFLOW_COMPLAINT_H
#define GALEN_WORKFLOW_COMPLAINT_H

#include "workflow/workflow.h"

#define COMPLAINT_REASON_MAX 500
#define COMPLAINT_KEY_DAYS   90 /* from the decision: the managers' time to act on what they read */

/* reference: a record of the complainant's (Merkle root or CID), or the CID of a share that it
 * received. Sent again when called again. USAGE: reason; NOT_FOUND: neither is here, or a manager's
 * card is not. result: as complaint_show's, without checks. */
GALEN_MUST_CHECK enum galen_err
complaint_make(struct workflow *wf, const struct chain_address *complainant, const char *reference,
               const char *reason, struct json_object **result, struct galen_errinfo *info);
/* A manager agrees or declines. GM: fetches the envelope and gives RM what is under its layer. RM:
 * STATE before that; NOT_FOUND unless the patient can be told; opens it, gives GM K_patient. Called
 * again it sends again. result: as complaint_show's. */
GALEN_MUST_CHECK enum galen_err
complaint_decide(struct workflow *wf, const struct chain_address *manager, const char *id,
                 bool agree, struct json_object **result, struct galen_errinfo *info);
/* [{id, role, state, complainant, patient, merkleRoot, cid, reason, loggedAt, decidedAt?}], newest
 * last: a manager's log, or what was sent from here. */
GALEN_MUST_CHECK enum galen_err complaint_list(struct workflow *wf, struct json_object **result,
                                               struct galen_errinfo *info);
/* One of them, by a prefix of its id (8 digits or more); for managers of an opened one also
 * {passed, checks, record}, until its key is removed. */
GALEN_MUST_CHECK enum galen_err complaint_show(struct workflow *wf, const char *id,
                                               struct json_object **result,
                                               struct galen_errinfo *info);
/* Removes the keys and layers of what was decided COMPLAINT_KEY_DAYS ago; each round does. The log
 * itself stays. */
GALEN_MUST_CHECK enum galen_err complaint_forget_keys(struct workflow *wf,
                                                      struct galen_errinfo *info);

#endif
