/* What making and restoring a backup share: restore.c. */
#ifndef GALEN_WORKFLOW_BACKUP_INTERNAL_H
#define GALEN_WORKFLOW_BACKUP_INTERNAL_H

#include "workflow/workflow.h"

/* After a rename: the folder that holds the name is put on the disk. */
GALEN_MUST_CHECK enum galen_err backup_sync_parent(const char *path, struct galen_errinfo *info);
#endif
