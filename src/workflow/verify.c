/* The group signature as a row of checks. */
#include "workflow/verify.h"

#include <string.h>

enum galen_err workflow_signature_key_load(struct workflow *wf, struct workflow_signature_key *out,
                                           uint32_t version, struct galen_errinfo *info)
{
    struct workflow_signature_key key = {.version = version};
    struct galen_errinfo why = {0};
    int64_t compromised = 0;
    GALEN_TRY(db_get_int(wf->db, &compromised, 0, info,
                         "SELECT compromised FROM group_key WHERE version = ?", DB_INT(version)));
    enum galen_err err = workflow_group_key(wf, version, &key.key, &why);
    if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM || err == GALEN_ERR_IO)
        return base_raise(info, err, &why);
    if (err != GALEN_OK)
        memcpy(key.problem, why.what, sizeof key.problem);
    key.is_compromised = compromised != 0;
    *out = key;
    return GALEN_OK;
}

bool workflow_signature_counts(const struct workflow_signature_key *key, bool holds)
{
    return key->key != NULL && holds && !key->is_compromised;
}

enum galen_err workflow_signature_row(const struct workflow_signature_key *key, bool holds,
                                      struct json_object *checks, bool *all,
                                      struct galen_errinfo *info)
{
    static const char name[] = "group signature";
    if (key->key == NULL)
        return workflow_check(checks, all, false, name, info, "%s", key->problem);
    if (key->is_compromised)
        return workflow_check(checks, all, false, name, info,
                              "group key version %u was compromised: anyone may have signed",
                              key->version);
    return workflow_check(checks, all, holds, name, info,
                          holds ? "by an accredited doctor, group key version %u"
                                : "not valid under group key version %u",
                          key->version);
}

enum galen_err workflow_check_signature(struct workflow *wf, struct json_object *checks, bool *all,
                                        bool *valid, struct groupsig_verified *verified,
                                        uint32_t key_version, const uint8_t sig362[362],
                                        const uint8_t msg32[32], struct galen_errinfo *info)
{
    struct workflow_signature_key key;
    struct groupsig_signature parsed;
    GALEN_TRY(workflow_signature_key_load(wf, &key, key_version, info));
    bool holds = key.key != NULL &&
                 groupsig_signature_parse(&parsed, sig362, GROUPSIG_SIGNATURE_BYTES) ==
                     GROUPSIG_OK &&
                 groupsig_verify(key.key, verified, &parsed, msg32);
    *valid = workflow_signature_counts(&key, holds);
    return workflow_signature_row(&key, holds, checks, all, info);
}
