/* The group signature as a row of checks. */
#include "workflow/verify.h"

enum galen_err workflow_check_signature(struct workflow *wf, struct json_object *checks, bool *all,
                                        bool *valid, struct groupsig_verified *verified,
                                        uint32_t key_version, const uint8_t sig362[362],
                                        const uint8_t msg32[32], struct galen_errinfo *info)
{
    int64_t compromised = 0;
    GALEN_TRY(db_get_int(wf->db, &compromised, 0, info,
                         "SELECT compromised FROM group_key WHERE version = ?",
                         DB_INT(key_version)));
    bool holds = false;
    struct galen_errinfo why = {0};
    enum galen_err err = workflow_verify_signature(wf, &holds, verified, key_version, sig362, msg32,
                                                   &why);
    if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM || err == GALEN_ERR_IO)
        return base_raise(info, err, &why);
    *valid = err == GALEN_OK && holds && compromised == 0;
    if (err != GALEN_OK)
        return workflow_check(checks, all, false, "group signature", info, "%s", why.what);
    if (compromised != 0)
        return workflow_check(checks, all, false, "group signature", info,
                              "group key version %u was compromised: anyone may have signed",
                              key_version);
    return workflow_check(checks, all, holds, "group signature", info,
                          holds ? "by an accredited doctor, group key version %u"
                                : "not valid under group key version %u",
                          key_version);
}
