/* galen groupsig: set-up of a group by both managers, and how a member joins. */
#include "cli/groupsig.h"

#include <string.h>

/* ---- set-up ----------------------------------------------------------------------------------------- */

static void wipe_gm(uint8_t (*bytes)[GROUPSIG_GM_SECRET_BYTES])
{
    base_wipe(*bytes, sizeof *bytes);
}

static void wipe_member(uint8_t (*bytes)[GROUPSIG_MEMBER_SECRET_BYTES])
{
    base_wipe(*bytes, sizeof *bytes);
}

enum galen_err cli_groupsig_setup_gm(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    GALEN_CLEANUP(groupsig_gm_secret_clear) struct groupsig_gm_secret secret = {0};
    GALEN_CLEANUP(wipe_gm) uint8_t bytes[GROUPSIG_GM_SECRET_BYTES];
    uint8_t share[GROUPSIG_GM_SHARE_BYTES];
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_fail(groupsig_gm_setup(&secret, share, &cli_gs_rng), "set-up", info));
    groupsig_gm_secret_encode(&secret, bytes);
    GALEN_TRY(cli_gs_keys_add(cli, "gm", bytes, sizeof bytes, info));
    return cli_gs_give(cli, result, "gmShare", share, sizeof share, info);
}

/* The group key of both shares, as the result. */
static enum galen_err give_key(const struct cli *cli, struct json_object **result,
                               const struct groupsig_group_key *key, struct galen_errinfo *info)
{
    uint8_t bytes[GROUPSIG_GROUP_KEY_BYTES];
    uint8_t fingerprint[GROUPSIG_FINGERPRINT_BYTES];
    groupsig_group_key_encode(key, bytes);
    groupsig_group_key_fingerprint(key, fingerprint);
    if (*result == NULL && (*result = json_object_new_object()) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set_hex(*result, "fingerprint", fingerprint, sizeof fingerprint, info));
    return cli_gs_give(cli, result, "groupKey", bytes, sizeof bytes, info);
}

enum galen_err cli_groupsig_setup_rm(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    GALEN_CLEANUP(groupsig_rm_secret_clear) struct groupsig_rm_secret secret = {0};
    GALEN_CLEANUP(wipe_gm) uint8_t bytes[GROUPSIG_GM_SECRET_BYTES];
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    struct groupsig_group_key key;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_exact(cli, "gm-share", sizeof gm_share, gm_share, GALEN_ERR_PARSE, info));
    GALEN_TRY(cli_gs_fail(groupsig_rm_setup(&secret, rm_share, gm_share, &cli_gs_rng), "--gm-share",
                          info));
    GALEN_TRY(cli_gs_fail(groupsig_group_key_combine(&key, gm_share, rm_share), "group key", info));
    groupsig_rm_secret_encode(&secret, bytes);
    GALEN_TRY(cli_gs_keys_add(cli, "rm", bytes, GROUPSIG_RM_SECRET_BYTES, info));
    *result = json_object_new_object();
    if (*result == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set_hex(*result, "rmShare", rm_share, sizeof rm_share, info));
    return give_key(cli, result, &key, info);
}

enum galen_err cli_groupsig_key(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    struct groupsig_group_key key;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_exact(cli, "gm-share", sizeof gm_share, gm_share, GALEN_ERR_PARSE, info));
    GALEN_TRY(cli_gs_exact(cli, "rm-share", sizeof rm_share, rm_share, GALEN_ERR_PARSE, info));
    GALEN_TRY(cli_gs_fail(groupsig_group_key_combine(&key, gm_share, rm_share), "group key", info));
    return give_key(cli, result, &key, info);
}

/* ---- import ------------------------------------------------------------------------------------------ */

/* What the plain bytes of a secret are: where it goes by default; NULL when they are none. */
static const char *secret_kind(const struct base_buf *bytes, const char **name)
{
    union {
        struct groupsig_gm_secret gm;
        struct groupsig_rm_secret rm;
        struct groupsig_join_secret join;
        struct groupsig_member_secret member;
    } secret;
    const char *kind = NULL;
    if (groupsig_gm_secret_parse(&secret.gm, bytes->data, bytes->len) == GROUPSIG_OK)
        *name = "gm", kind = "gm";
    else if (groupsig_rm_secret_parse(&secret.rm, bytes->data, bytes->len) == GROUPSIG_OK)
        *name = "rm", kind = "rm";
    else if (groupsig_join_secret_parse(&secret.join, bytes->data, bytes->len) == GROUPSIG_OK)
        *name = "member.join", kind = "applicant";
    else if (groupsig_member_secret_parse(&secret.member, bytes->data, bytes->len) == GROUPSIG_OK)
        *name = "member", kind = "member";
    base_wipe(&secret, sizeof secret);
    return kind;
}

enum galen_err cli_groupsig_import(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    bool classic = false;
    const char *value = NULL;
    const char *name = NULL;
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    GALEN_TRY(cli_need(cli, "secret", &value, info));
    if (value[0] != '@') {
        base_fail(info, GALEN_ERR_USAGE,
                  "--secret: a secret key does not belong on the command line");
        return base_hint(info, "give it as @FILE, or @- for standard input");
    }
    if (classic)
        return cli_gs_classic_import(cli, result, passed, info);
    GALEN_TRY(cli_gs_object(&bytes, value, 0, "secret", info));
    const char *kind = secret_kind(&bytes, &name);
    if (kind == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "%s holds no secret key", value + 1);
    GALEN_TRY(cli_gs_keys_add(cli, name, bytes.data, bytes.len, info));
    return cli_gs_give_text(cli, result, "imported", kind, info);
}

/* ---- join -------------------------------------------------------------------------------------------- */

/* What the applicant keeps until the membership comes: NAME.join. */
static enum galen_err join_name(char out[128], const struct cli *cli, struct galen_errinfo *info)
{
    const char *given = cli_option(cli, "name");
    if (snprintf(out, 128, "%s.join", given != NULL ? given : "member") >= 128)
        return base_fail(info, GALEN_ERR_USAGE, "--name is too long");
    return GALEN_OK;
}

enum galen_err cli_groupsig_join_request(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    GALEN_CLEANUP(groupsig_join_secret_clear) struct groupsig_join_secret secret = {0};
    GALEN_CLEANUP(wipe_member) uint8_t bytes[GROUPSIG_MEMBER_SECRET_BYTES];
    uint8_t nonce[32], context[32], request[GROUPSIG_JOIN_REQUEST_BYTES];
    char name[128];
    CLI_GS_KEYS_AUTO keys = {0};
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(join_name(name, cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_exact(cli, "nonce", 32, nonce, GALEN_ERR_USAGE, info));
    GALEN_TRY(cli_gs_exact(cli, "context", 32, context, GALEN_ERR_USAGE, info));
    GALEN_TRY(
        cli_gs_fail(groupsig_join_request_make(&key, &secret, request, nonce, context, &cli_gs_rng),
                    "join request", info));
    groupsig_join_secret_encode(&secret, bytes);
    GALEN_TRY(cli_gs_keys_open(cli, &keys, true, info));
    GALEN_TRY(cli_gs_keys_put(&keys, name, bytes, GROUPSIG_JOIN_SECRET_BYTES, info));
    return cli_gs_give(cli, result, "request", request, sizeof request, info);
}

enum galen_err cli_gs_join_read(const struct cli *cli, struct cli_gs_join *join,
                                struct groupsig_join_request *request, struct galen_errinfo *info)
{
    GALEN_TRY(
        cli_gs_exact(cli, "request", sizeof join->request, join->request, GALEN_ERR_PARSE, info));
    GALEN_TRY(cli_gs_exact(cli, "nonce", 32, join->nonce, GALEN_ERR_USAGE, info));
    GALEN_TRY(cli_gs_exact(cli, "context", 32, join->context, GALEN_ERR_USAGE, info));
    GALEN_TRY(cli_gs_fail(groupsig_join_request_parse(request, join->request, sizeof join->request),
                          "join request", info));
    groupsig_join_request_commitment(request, join->commitment);
    return GALEN_OK;
}

enum galen_err cli_groupsig_join_issue(struct cli *cli, struct json_object **result, bool *passed,
                                       struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    struct groupsig_join_request request;
    struct cli_gs_join join = {0};
    const char *path = NULL;
    CLI_GS_MANAGER_AUTO manager = {0};
    CLI_GS_REGISTRY_AUTO registry = {0};
    uint8_t fingerprint[32];
    size_t index = 0;
    bool again = false;
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_need(cli, "registry", &path, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_join_read(cli, &join, &request, info));
    groupsig_group_key_fingerprint(&key, fingerprint);
    GALEN_TRY(cli_gs_manager_read(cli, &manager, info));
    if (manager.role != GROUPSIG_ROLE_GM || !groupsig_gm_secret_matches(&key, &manager.gm))
        return base_fail(info, GALEN_ERR_CHECK, "this key is not the group's Group Manager's");
    GALEN_TRY(cli_gs_registry_open(&registry, path, fingerprint, true, info));
    GALEN_TRY(cli_gs_registry_retry(&registry, &join, &index, &again, info));
    if (!again) {
        GALEN_TRY(cli_gs_fail(groupsig_join_issue(&key, join.membership, &manager.gm, &request,
                                                  join.nonce, join.context, &cli_gs_rng),
                              "join request", info));
        /* On disk before anyone sees it. */
        GALEN_TRY(cli_gs_registry_append(&registry, &join, info));
        index = registry.n - 1;
    }
    *result = json_object_new_object();
    if (*result == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(*result, "row", json_object_new_int64((int64_t)index + 1), info));
    GALEN_TRY(record_json_set(*result, "again", json_object_new_boolean(again), info));
    GALEN_TRY(
        record_json_set_hex(*result, "commitment", join.commitment, sizeof join.commitment, info));
    GALEN_TRY(record_json_set_hex(*result, "head", registry.head, 32, info));
    return cli_gs_give(cli, result, "membership", registry.row[index].membership,
                       sizeof join.membership, info);
}

enum galen_err cli_groupsig_join_finish(struct cli *cli, struct json_object **result, bool *passed,
                                        struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    GALEN_CLEANUP(groupsig_join_secret_clear) struct groupsig_join_secret secret = {0};
    CLI_GS_MEMBER_AUTO member = {0};
    GALEN_CLEANUP(wipe_member) uint8_t bytes[GROUPSIG_MEMBER_SECRET_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    BASE_BUF_AUTO membership = {0};
    BASE_SECRET_AUTO stored = {0};
    CLI_GS_KEYS_AUTO keys = {0};
    char name[128];
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(join_name(name, cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_option(cli, "membership", GROUPSIG_MEMBERSHIP_BYTES, &membership, info));
    GALEN_TRY(cli_gs_keys_open(cli, &keys, false, info));
    GALEN_TRY(seal_keystore_get(&stored, keys.store, name, info));
    if (groupsig_join_secret_parse(&secret, stored.data, stored.len) != GROUPSIG_OK)
        return base_fail(info, GALEN_ERR_CHECK, "the key %s is not an applicant's", name);
    GALEN_TRY(
        cli_gs_fail(groupsig_join_finish(&key, &member, &secret, membership.data, membership.len),
                    "membership", info));
    groupsig_member_secret_encode(&member, bytes);
    groupsig_member_commitment(&member, commitment);
    const char *given = cli_option(cli, "name");
    GALEN_TRY(cli_gs_keys_put(&keys, given != NULL ? given : "member", bytes, sizeof bytes, info));
    GALEN_TRY(seal_keystore_remove(keys.store, name, info));
    return cli_gs_give(cli, result, "commitment", commitment, sizeof commitment, info);
}
