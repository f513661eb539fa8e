/* The log of who was given what of a patient's records, and the same in HL7 FHIR R4. */
#ifndef GALEN_WORKFLOW_ACCESS_H
#define GALEN_WORKFLOW_ACCESS_H

#include "workflow/workflow.h"

/*
 * Newest first: [{time, event, record, doctor | hospital | requester, share?, expires?, requestId?,
 * releaseRoot?, buyer?}]. page NULL: all.
 *
 *   share-granted, share-fetched (its block, from this home's node), share-revoked, share-undone
 * (the chain refused it) consent-wanted, consent-given, consent-declined (by a hospital, of one
 * record) sale-delivered, sale-finalized, sale-refunded, sale-disputed, sale-ruled, sale-invalid
 *   opening-asked, opening-approved (who signed a release that was sold)
 *   complaint-logged, complaint-opened (both managers can read the record), complaint-declined
 *
 * What happened in this home is written once and never changed (table access_event); what the chain
 * tells of sales comes and goes with its blocks. time: when this home did it or learnt of it.
 */
GALEN_MUST_CHECK enum galen_err access_log(struct workflow *wf, const struct chain_address *patient,
                                           const struct workflow_page *page,
                                           struct json_object **result, struct galen_errinfo *info);
/* All of it as a Bundle (type collection) of AuditEvents, oldest first. */
GALEN_MUST_CHECK enum galen_err access_log_fhir(struct workflow *wf,
                                                const struct chain_address *patient,
                                                struct json_object **bundle,
                                                struct galen_errinfo *info);
/* Every share, and every answer to a request for consent, as a Bundle of Consents. */
GALEN_MUST_CHECK enum galen_err access_consents_fhir(struct workflow *wf,
                                                     const struct chain_address *patient,
                                                     struct json_object **bundle,
                                                     struct galen_errinfo *info);

#endif
