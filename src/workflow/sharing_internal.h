/* What the two sides of a share agree on. */
#ifndef GALEN_WORKFLOW_SHARING_INTERNAL_H
#define GALEN_WORKFLOW_SHARING_INTERNAL_H

#include "workflow/internal.h"

#define SHARING_TYPE "galen.share/1"

/* Appends the context that K_temp is wrapped with: JCS {type, owner, reader, cid}. */
GALEN_MUST_CHECK enum galen_err sharing_key_context(struct base_buf *out,
                                                    const struct chain_address *owner,
                                                    const struct chain_address *reader,
                                                    const uint8_t cid32[32],
                                                    struct galen_errinfo *info);

#endif
