/* Who may sign in as an identity of this home: whoever knows its own password or, where it has
 * none, the home's. */
#include "workflow/internal.h"

#include <string.h>

static enum galen_err check_own(struct workflow *wf, const struct chain_address *identity,
                                struct galen_errinfo *info)
{
    bool own = false;
    GALEN_TRY(workflow_is_own(wf, &own, NULL, identity, info));
    return own ? GALEN_OK : base_fail(info, GALEN_ERR_NOT_FOUND, "this home has no such identity");
}

enum galen_err workflow_identity_password(struct workflow *wf, const struct chain_address *identity,
                                          const char *password, struct galen_errinfo *info)
{
    char hash[SEAL_PASSWORD_HASH];
    GALEN_TRY(check_own(wf, identity, info));
    if (password == NULL)
        return db_run(wf->db, info, "DELETE FROM identity_password WHERE address = ?",
                      DB_BLOB(identity->bytes, 20));
    GALEN_TRY(seal_password_hash(
        hash, (struct base_view){(const uint8_t *)password, strlen(password)}, info));
    return db_run(wf->db, info,
                  "INSERT INTO identity_password VALUES (?, ?)"
                  " ON CONFLICT (address) DO UPDATE SET hash = excluded.hash",
                  DB_BLOB(identity->bytes, 20), DB_TEXT(hash));
}

enum galen_err workflow_check_password(struct workflow *wf, const struct chain_address *identity,
                                       const char *password, struct galen_errinfo *info)
{
    const struct base_view given = {(const uint8_t *)password, strlen(password)};
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    bool matches = false;
    if (identity != NULL) {
        GALEN_TRY(check_own(wf, identity, info));
        GALEN_TRY(db_query(&rows, wf->db, info,
                           "SELECT hash FROM identity_password WHERE address = ?",
                           DB_BLOB(identity->bytes, 20)));
        GALEN_TRY(db_next(&rows, &found, info));
    }
    if (!found && wf->keys == NULL)
        return base_fail(info, GALEN_ERR_STATE, "this home was opened without its keys");
    if (!found)
        return seal_keystore_check_password(wf->keys, given, info);
    seal_password_verify(&matches, db_text(&rows, 0), given);
    return matches ? GALEN_OK : base_fail(info, GALEN_ERR_PASSWORD, "wrong password");
}
