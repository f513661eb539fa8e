/* What the files of an import share: the row of `record_import` that tells of it. */
#ifndef GALEN_WORKFLOW_IMPORT_INTERNAL_H
#define GALEN_WORKFLOW_IMPORT_INTERNAL_H

#include "workflow/steps.h"

/* An import that goes on. {.alive_fd = -1} is none. */
struct import_run {
    struct workflow *wf;
    int64_t id;
    int alive_fd; /* the lock that tells that it runs */
    size_t records, stored, already, failed;
    struct json_object *failures; /* owned: the first of them */
    int64_t told_ms;
};
void import_run_clear(struct import_run *run);
#define IMPORT_RUN_AUTO GALEN_CLEANUP(import_run_clear) struct import_run

/* run must be empty. */
GALEN_MUST_CHECK enum galen_err import_run_begin(struct import_run *run, struct workflow *wf,
                                                 const struct chain_address *doctor,
                                                 const struct import_file *file,
                                                 struct galen_errinfo *info);
/* After each record. NETWORK when the node stops. */
GALEN_MUST_CHECK enum galen_err import_run_tell(struct import_run *run, struct galen_errinfo *info);
/* One record could not be stored; the others may. */
GALEN_MUST_CHECK enum galen_err import_run_miss(struct import_run *run, const char *encounter,
                                                const struct galen_errinfo *why,
                                                struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err import_run_end(struct import_run *run, struct galen_errinfo *info);
/* It could not go on. */
void import_run_fail(struct import_run *run, const struct galen_errinfo *why);
/* As import_list shows it. */
GALEN_MUST_CHECK enum galen_err import_run_show(struct import_run *run, struct json_object **out,
                                                struct galen_errinfo *info);

/* Did an import of the doctor's store what has this mark? */
GALEN_MUST_CHECK enum galen_err import_has(struct workflow *wf, bool *has,
                                           const struct chain_address *doctor,
                                           const uint8_t mark32[32], struct galen_errinfo *info);
/* It did: in the transaction of the record's row, so that neither is without the other. EXISTS: as
 * another import just did. */
GALEN_MUST_CHECK enum galen_err import_keep(struct workflow *wf, int64_t import_id,
                                            const struct chain_address *doctor,
                                            const uint8_t mark32[32], struct galen_errinfo *info);

#endif
