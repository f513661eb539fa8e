/* What the two sides of a share agree on. */
#ifndef GALEN_WORKFLOW_SHARING_INTERNAL_H
#define GALEN_WORKFLOW_SHARING_INTERNAL_H

#include "workflow/storing_internal.h"

#define SHARING_TYPE "galen.share/1"

/* Appends the context that K_temp is wrapped with: JCS {type, owner, reader, cid}. */
GALEN_MUST_CHECK enum galen_err sharing_key_context(struct base_buf *out,
                                                    const struct chain_address *owner,
                                                    const struct chain_address *reader,
                                                    const uint8_t cid32[32],
                                                    struct galen_errinfo *info);

/* A reader: what a share that it received says of the record (owner, root, cid, sig, key version),
 * and a proof against IDrec of a field that it was shown: the record's type, or what the share
 * proves itself. NOT_FOUND: no such share came here, or its block is gone; CHECK: it does not open.
 */
GALEN_MUST_CHECK enum galen_err sharing_prove(struct workflow *wf,
                                              const struct chain_address *reader,
                                              const uint8_t cid_share32[32],
                                              struct storing_row *out, struct json_object **proof,
                                              struct galen_errinfo *info);

#endif
