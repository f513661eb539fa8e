/* Numbers that a home remembers by name. */
#include "workflow/internal.h"

enum galen_err workflow_setting_get(struct workflow *wf, const char *name, int64_t *value,
                                    int64_t otherwise, struct galen_errinfo *info)
{
    return db_get_int(wf->db, value, otherwise, info,
                      "SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?", DB_TEXT(name));
}

enum galen_err workflow_setting_set(struct workflow *wf, const char *name, int64_t value,
                                    struct galen_errinfo *info)
{
    return db_run(wf->db, info,
                  "INSERT INTO setting VALUES (?, CAST(? AS TEXT))"
                  " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                  DB_TEXT(name), DB_INT(value));
}
