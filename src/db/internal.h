/* What the database layer's files share: the connection. */
#ifndef GALEN_DB_INTERNAL_H
#define GALEN_DB_INTERNAL_H

/* Debian's SQLite has both; its header shows them only when asked. */
#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>

#include "db/db.h"

#define DB_KEPT_STATEMENTS 64

struct db_kept {
    sqlite3_stmt *stmt;
    uint64_t hash; /* of its text */
    uint64_t last_used;
    bool is_running;
};

struct db {
    sqlite3 *handle;
    struct db_kept kept[DB_KEPT_STATEMENTS]; /* compiled, for their next use */
    uint64_t uses;
};

/* What SQLite's last error means. */
enum galen_err db_fail(struct db *db, struct galen_errinfo *info, const char *doing);

#endif
