/*
 * backup: a home in one encrypted file, and back. The file is a galen.stream/1 (seal.h) of a tar
 * archive (pax) with
 *   galen.db     a copy of one moment
 *   config.json, keys/…                 as they are after that moment
 *   blocks/…     when they are the home's own, and not in a folder that others share
 *   chain/…      state and port of the embedded chain, when there is one
 * Everything the database speaks of is in it: keys and blocks are written before rows that need
 * them.
 */
#ifndef GALEN_WORKFLOW_BACKUP_H
#define GALEN_WORKFLOW_BACKUP_H

#include "workflow/workflow.h"

/* The home may be in use. file must not be there (EXISTS); it is there once it is whole. result:
 * {file, bytes, files, blocks?}; blocks: the folder
 * that others share, which is not in it. */
GALEN_MUST_CHECK enum galen_err workflow_backup(struct workflow *wf, const char *file,
                                                const char *password, bool quick_kdf,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* Into a home that is not there (EXISTS; an empty folder is fine). Everything is read, checked and
 * on the disk before the home appears. password: the backup's. result: {home, files, blocks?}. */
GALEN_MUST_CHECK enum galen_err workflow_restore(const char *home, const char *file,
                                                 const char *password, struct json_object **result,
                                                 struct galen_errinfo *info);

#endif
