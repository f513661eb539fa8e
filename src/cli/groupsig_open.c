/* galen groupsig: both managers together name a signer (open), and get its tracing token (reveal).
 */
#include "cli/groupsig.h"

/* C from the shares of both managers for the signature of the command line. */
static enum galen_err combine_opening(const struct cli *cli, const struct groupsig_group_key *key,
                                      uint8_t commitment[GROUPSIG_COMMITMENT_BYTES],
                                      struct galen_errinfo *info)
{
    static const char *const options[2] = {"gm-share", "rm-share"};
    struct groupsig_verified signature;
    struct groupsig_opening_share share[2];
    GALEN_TRY(cli_gs_verified(cli, key, &signature, info));
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO bytes = {0};
        bool valid = false;
        GALEN_TRY(cli_gs_option(cli, options[i], GROUPSIG_OPENING_SHARE_BYTES, &bytes, info));
        GALEN_TRY(cli_gs_fail(
            groupsig_opening_share_check(key, &valid, &share[i], bytes.data, bytes.len, &signature),
            options[i], info));
        if (!valid)
            return cli_gs_fail(GROUPSIG_ERR_INVALID, options[i], info);
    }
    return cli_gs_fail(groupsig_open_combine(key, commitment, &share[0], &share[1], &signature),
                       "opening shares", info);
}

enum galen_err cli_groupsig_open_share(struct cli *cli, struct json_object **result, bool *passed,
                                       struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    struct groupsig_verified signature;
    CLI_GS_MANAGER_AUTO manager = {0};
    uint8_t share[GROUPSIG_OPENING_SHARE_BYTES];
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_open_share(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_verified(cli, &key, &signature, info));
    GALEN_TRY(cli_gs_manager_read(cli, &manager, info));
    GALEN_TRY(cli_gs_fail(
        manager.role == GROUPSIG_ROLE_GM
            ? groupsig_opening_share_by_gm(&key, share, &manager.gm, &signature, &cli_gs_rng)
            : groupsig_opening_share_by_rm(&key, share, &manager.rm, &signature, &cli_gs_rng),
        "opening share", info));
    return cli_gs_give(cli, result, "share", share, sizeof share, info);
}

enum galen_err cli_groupsig_open(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    bool classic = false;
    struct groupsig_group_key key;
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], fingerprint[32];
    CLI_GS_REGISTRY_AUTO registry = {0};
    size_t index = 0;
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_open(cli, result, passed, info);
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(combine_opening(cli, &key, commitment, info));
    const char *path = cli_option(cli, "registry");
    if (path != NULL) {
        groupsig_group_key_fingerprint(&key, fingerprint);
        GALEN_TRY(cli_gs_registry_open(&registry, path, fingerprint, false, info));
    }
    GALEN_TRY(cli_gs_give(cli, result, "commitment", commitment, sizeof commitment, info));
    if (path == NULL)
        return GALEN_OK;
    *passed = cli_gs_registry_find(&registry, commitment, &index);
    if (*passed)
        return record_json_set(*result, "row", json_object_new_int64((int64_t)index + 1), info);
    return record_json_set(*result, "fault",
                           json_object_new_string("not in the registry: the Group Manager issued a "
                                                  "membership that it did not register"),
                           info);
}

enum galen_err cli_groupsig_reveal_share(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    struct groupsig_group_key key;
    struct groupsig_join_request request;
    struct cli_gs_join join;
    CLI_GS_MANAGER_AUTO manager = {0};
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], share[GROUPSIG_REVEAL_SHARE_BYTES];
    GALEN_TRY(cli_gs_need_g1(cli, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_join_read(cli, &join, &request, info));
    /* Computed here from the opening, and not taken from an option: a share for any other request
     * would decrypt a token that no opening led to. */
    GALEN_TRY(combine_opening(cli, &key, commitment, info));
    GALEN_TRY(cli_gs_manager_read(cli, &manager, info));
    GALEN_TRY(cli_gs_fail(
        manager.role == GROUPSIG_ROLE_GM
            ? groupsig_reveal_share_by_gm(&key, share, &manager.gm, &request, join.nonce,
                                          join.context, commitment, &cli_gs_rng)
            : groupsig_reveal_share_by_rm(&key, share, &manager.rm, &request, join.nonce,
                                          join.context, commitment, &cli_gs_rng),
        "reveal share", info));
    return cli_gs_give(cli, result, "share", share, sizeof share, info);
}

/* What only a reveal in the classic profile takes: it opens by itself, and looks into a list. */
static const char *const CLASSIC_REVEAL[] = {"signature",    "text",     "text-file",
                                             "message-hash", "registry", NULL};

enum galen_err cli_groupsig_reveal(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    static const char *const options[2] = {"gm-share", "rm-share"};
    struct groupsig_group_key key;
    struct groupsig_join_request request;
    struct groupsig_reveal_share share[2];
    BASE_BUF_AUTO bytes = {0};
    uint8_t token[GROUPSIG_TOKEN_BYTES];
    bool classic = false;
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_reveal(cli, result, passed, info);
    GALEN_TRY(cli_gs_refuse(cli, CLASSIC_REVEAL, info));
    GALEN_TRY(cli_gs_group_key(cli, &key, info));
    GALEN_TRY(cli_gs_option(cli, "request", GROUPSIG_JOIN_REQUEST_BYTES, &bytes, info));
    GALEN_TRY(cli_gs_fail(groupsig_join_request_parse(&request, bytes.data, bytes.len),
                          "join request", info));
    for (int i = 0; i < 2; i++) {
        bool valid = false;
        base_buf_clear(&bytes);
        GALEN_TRY(cli_gs_option(cli, options[i], GROUPSIG_REVEAL_SHARE_BYTES, &bytes, info));
        GALEN_TRY(cli_gs_fail(
            groupsig_reveal_share_check(&key, &valid, &share[i], bytes.data, bytes.len, &request),
            options[i], info));
        if (!valid)
            return cli_gs_fail(GROUPSIG_ERR_INVALID, options[i], info);
    }
    GALEN_TRY(cli_gs_fail(groupsig_reveal_combine(&key, token, &share[0], &share[1], &request),
                          "reveal shares", info));
    return cli_gs_give(cli, result, "token", token, sizeof token, info);
}
