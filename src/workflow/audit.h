/*
 * What the files of an audit share:
 *   group_audit.c     managers, group keys, registry, revocation lists
 *   dispute_audit.c   rulings, proofs, and the openings that follow from rulings
 *
 * An audit needs no key of the home: it believes the contract (chain id and code are pinned) and
 * nobody else. What the home keeps beside that, because its identity was told, is checked too.
 */
#ifndef GALEN_WORKFLOW_AUDIT_H
#define GALEN_WORKFLOW_AUDIT_H

#include "workflow/opening_internal.h"

struct audit {
    struct workflow *wf;
    struct json_object *checks; /* borrowed */
    bool passed;
};
/* A row of a step: passed with detail, or failed with the step's own words; trouble of this machine
 * is an error. */
GALEN_MUST_CHECK enum galen_err audit_step(struct audit *audit, const char *check,
                                           enum galen_err err, const struct galen_errinfo *why,
                                           const char *detail, struct galen_errinfo *info);
/* Rows "rulings of request N" and "proofs of request N". */
GALEN_MUST_CHECK enum galen_err audit_rulings(struct audit *audit, struct galen_errinfo *info);
/* Rows "opening N/INDEX" of what was asked for on-chain, "opening ID" of this home's log. */
GALEN_MUST_CHECK enum galen_err audit_openings(struct audit *audit, struct galen_errinfo *info);

#endif
