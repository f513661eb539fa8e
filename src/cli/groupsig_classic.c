/* galen groupsig --profile cpy06-classic: pygroupsig's texts. What pygroupsig has as base64 is
 * shown as base64. Of the set-up and joins there is nothing here: new groups are CPY06-G1.
 */
#include "cli/groupsig.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A point or a share: base64 of bytes in mcl's form. */
static enum galen_err give_base64(const struct cli *cli, struct json_object **result,
                                  const char *name, const uint8_t *data, size_t len,
                                  struct galen_errinfo *info)
{
    char text[sodium_base64_ENCODED_LEN(GROUPSIG_CLASSIC_OPENING_SHARE_BYTES,
                                        sodium_base64_VARIANT_ORIGINAL)];
    GALEN_ASSERT(len <= GROUPSIG_CLASSIC_OPENING_SHARE_BYTES);
    sodium_bin2base64(text, sizeof text, data, len, sodium_base64_VARIANT_ORIGINAL);
    return cli_gs_give_text(cli, result, name, text, info);
}

static enum galen_err read_text(const struct cli *cli, const char *option, struct base_buf *out,
                                struct galen_errinfo *info)
{
    const char *value = NULL;
    GALEN_TRY(cli_need(cli, option, &value, info));
    return cli_gs_text(out, value, option, info);
}

static enum galen_err read_group_key(const struct cli *cli, struct groupsig_classic_group_key *key,
                                     struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(read_text(cli, "group-key", &text, info));
    return cli_gs_fail(groupsig_classic_group_key_parse(key, (const char *)text.data, text.len),
                       "group key", info);
}

/* The message as pygroupsig signs it: its bytes, not a hash of them. */
static enum galen_err read_message(const struct cli *cli, struct base_buf *out,
                                   struct galen_errinfo *info)
{
    bool hashed = false;
    GALEN_TRY(cli_gs_refuse(cli, (const char *const[]){"message-hash", NULL}, info));
    return cli_gs_message(cli, out, &hashed, info);
}

static enum groupsig_status verify(const struct groupsig_classic_group_key *key,
                                   struct groupsig_classic_verified *verified,
                                   const struct base_buf *text, const struct base_buf *message)
{
    struct groupsig_classic_signature signature;
    enum groupsig_status status =
        groupsig_classic_signature_parse(&signature, (const char *)text->data, text->len);
    if (status != GROUPSIG_OK)
        return status;
    return groupsig_classic_verify(key, verified, &signature, message->data, message->len)
               ? GROUPSIG_OK
               : GROUPSIG_ERR_INVALID;
}

/* Group key, message and signature of the command line, verified. */
static enum galen_err read_verified(const struct cli *cli, struct groupsig_classic_group_key *key,
                                    struct groupsig_classic_verified *verified,
                                    struct galen_errinfo *info)
{
    BASE_BUF_AUTO message = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(read_group_key(cli, key, info));
    GALEN_TRY(read_message(cli, &message, info));
    GALEN_TRY(read_text(cli, "signature", &text, info));
    return cli_gs_fail(verify(key, verified, &text, &message), "signature", info);
}

/* ---- keys -------------------------------------------------------------------------------------------- */

#define MANAGER_AUTO                                                                               \
    GALEN_CLEANUP(groupsig_classic_manager_key_clear) struct groupsig_classic_manager_key
#define MEMBER_AUTO                                                                                \
    GALEN_CLEANUP(groupsig_classic_member_key_clear) struct groupsig_classic_member_key

enum galen_err cli_gs_classic_import(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    MANAGER_AUTO manager = {0};
    MEMBER_AUTO member = {0};
    BASE_BUF_AUTO text = {0};
    const char *name = "member";
    GALEN_TRY(read_text(cli, "secret", &text, info));
    const char *chars = (const char *)text.data;
    if (groupsig_classic_manager_key_parse(&manager, chars, text.len) == GROUPSIG_OK) {
        name = manager.has_gamma ? "gm" : "rm";
    } else {
        struct groupsig_classic_group_key key;
        if (cli_option(cli, "group-key") == NULL)
            return base_fail(info, GALEN_ERR_USAGE,
                             "--secret is no manager's key; a member's needs --group-key");
        GALEN_TRY(read_group_key(cli, &key, info));
        GALEN_TRY(cli_gs_fail(groupsig_classic_member_key_parse(&key, &member, chars, text.len),
                              "--secret, as a member's key", info));
    }
    GALEN_TRY(cli_gs_keys_add(cli, name, text.data, text.len, info));
    return cli_gs_give_text(cli, result, "imported", name, info);
}

static enum galen_err read_member(const struct cli *cli,
                                  const struct groupsig_classic_group_key *key,
                                  struct groupsig_classic_member_key *member,
                                  struct galen_errinfo *info)
{
    BASE_SECRET_AUTO text = {0};
    GALEN_TRY(cli_gs_secret(cli, "member", &text, info));
    return cli_gs_fail(
        groupsig_classic_member_key_parse(key, member, (const char *)text.data, text.len),
        "the key, as a member's of this group", info);
}

/* ---- sign and verify ----------------------------------------------------------------------------------- */

enum galen_err cli_gs_classic_sign(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_signature signature;
    MEMBER_AUTO member = {0};
    BASE_BUF_AUTO message = {0};
    char text[GROUPSIG_CLASSIC_SIGNATURE_TEXT + 1];
    GALEN_TRY(read_group_key(cli, &key, info));
    GALEN_TRY(read_message(cli, &message, info));
    GALEN_TRY(read_member(cli, &key, &member, info));
    GALEN_TRY(cli_gs_fail(
        groupsig_classic_sign(&key, &signature, &member, message.data, message.len, &cli_gs_rng),
        "signature", info));
    groupsig_classic_signature_encode(&signature, text);
    return cli_gs_give_text(cli, result, "signature", text, info);
}

enum galen_err cli_gs_classic_verify(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    BASE_BUF_AUTO message = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(read_group_key(cli, &key, info));
    GALEN_TRY(read_message(cli, &message, info));
    GALEN_TRY(read_text(cli, "signature", &text, info));
    enum groupsig_status status = verify(&key, NULL, &text, &message);
    return cli_gs_verdict(result, passed, status == GROUPSIG_OK,
                          status == GROUPSIG_ERR_INVALID ? GROUPSIG_OK : status, info);
}

/* ---- open -------------------------------------------------------------------------------------- */

enum galen_err cli_gs_classic_open_share(struct cli *cli, struct json_object **result, bool *passed,
                                         struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    MANAGER_AUTO manager = {0};
    BASE_SECRET_AUTO secret = {0};
    const char *name = NULL;
    uint8_t bytes[GROUPSIG_CLASSIC_OPENING_SHARE_BYTES];
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    GALEN_TRY(cli_gs_manager_secret(cli, &secret, &name, info));
    GALEN_TRY(cli_gs_fail(
        groupsig_classic_manager_key_parse(&manager, (const char *)secret.data, secret.len),
        "the key, as a manager's", info));
    GALEN_TRY(cli_gs_fail(
        groupsig_classic_opening_share_make(&key, bytes, &manager, &signature, &cli_gs_rng),
        "opening share", info));
    return give_base64(cli, result, "share", bytes, sizeof bytes, info);
}

/* Both managers' shares of the command line, checked against the signature. */
static enum galen_err read_shares(const struct cli *cli,
                                  const struct groupsig_classic_group_key *key,
                                  const struct groupsig_classic_verified *signature,
                                  struct groupsig_classic_opening_share share[2],
                                  struct galen_errinfo *info)
{
    static const char *const options[2] = {"gm-share", "rm-share"};
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO bytes = {0};
        bool valid = false;
        GALEN_TRY(
            cli_gs_option(cli, options[i], GROUPSIG_CLASSIC_OPENING_SHARE_BYTES, &bytes, info));
        GALEN_TRY(cli_gs_fail(groupsig_classic_opening_share_check(
                                  key, &valid, &share[i], bytes.data, bytes.len, signature),
                              options[i], info));
        if (!valid)
            return cli_gs_fail(GROUPSIG_ERR_INVALID, options[i], info);
    }
    return GALEN_OK;
}

enum galen_err cli_gs_classic_open(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    struct groupsig_classic_opening_share share[2];
    uint8_t A[GROUPSIG_CLASSIC_G1_BYTES];
    GALEN_TRY(cli_gs_refuse(cli, (const char *const[]){"registry", NULL}, info));
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    GALEN_TRY(read_shares(cli, &key, &signature, share, info));
    GALEN_TRY(cli_gs_fail(groupsig_classic_open_combine(&key, A, &share[0], &share[1], &signature),
                          "opening shares", info));
    return give_base64(cli, result, "A", A, sizeof A, info);
}

/* ---- reveal ---------------------------------------------------------------------------------------------- */

static enum galen_err read_point(uint8_t out[GROUPSIG_CLASSIC_G1_BYTES], struct json_object *row,
                                 const char *name, const char *where, struct galen_errinfo *info)
{
    const char *text = NULL;
    size_t len = 0;
    GALEN_TRY(record_json_get_text(&text, row, name, RECORD_JSON_REQUIRED, 128, where, info));
    if (sodium_base642bin(out, GROUPSIG_CLASSIC_G1_BYTES, text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len != GROUPSIG_CLASSIC_G1_BYTES)
        return base_fail(info, GALEN_ERR_PARSE, "%s/%s: not base64 of %d bytes", where, name,
                         GROUPSIG_CLASSIC_G1_BYTES);
    return GALEN_OK;
}

static void free_rows(struct groupsig_classic_list_row **rows)
{
    free(*rows);
}

/* The group manager's list: [{"A": …, "pi": …}, …] in pygroupsig's base64. *rows is owned. */
static enum galen_err read_list(const struct cli *cli, struct groupsig_classic_list_row **rows,
                                size_t *count, struct galen_errinfo *info)
{
    static const char *const keys[] = {"A", "pi", NULL};
    const char *path = NULL;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(cli_need(cli, "registry", &path, info));
    GALEN_TRY(cli_read_json(path, &list, info));
    if (!json_object_is_type(list, json_type_array))
        return base_fail(info, GALEN_ERR_PARSE, "%s: not a list of {\"A\", \"pi\"}", path);
    size_t n = json_object_array_length(list);
    GALEN_CLEANUP(free_rows)
    struct groupsig_classic_list_row *read = calloc(n + 1, sizeof *read);
    if (read == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        char where[64];
        snprintf(where, sizeof where, "registry/%zu", i);
        GALEN_TRY(record_json_check_keys(row, keys, NULL, where, info));
        GALEN_TRY(read_point(read[i].A, row, "A", where, info));
        GALEN_TRY(read_point(read[i].pi, row, "pi", where, info));
    }
    *count = n;
    *rows = read;
    read = NULL;
    return GALEN_OK;
}

enum galen_err cli_gs_classic_reveal(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    struct groupsig_classic_opening_share share[2];
    uint8_t token[GROUPSIG_CLASSIC_G1_BYTES];
    size_t count = 0;
    GALEN_CLEANUP(free_rows) struct groupsig_classic_list_row *rows = NULL;
    GALEN_TRY(cli_gs_refuse(cli, (const char *const[]){"request", NULL}, info));
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    GALEN_TRY(read_shares(cli, &key, &signature, share, info));
    GALEN_TRY(read_list(cli, &rows, &count, info));
    enum groupsig_status status = groupsig_classic_reveal(&key, token, &share[0], &share[1],
                                                          &signature, rows, count);
    if (status == GROUPSIG_ERR_MISMATCH)
        return base_fail(info, GALEN_ERR_NOT_FOUND,
                         "the shares are not both managers', or the signer is not in the list");
    GALEN_TRY(cli_gs_fail(status, "the signer's pi in the list", info));
    return give_base64(cli, result, "token", token, sizeof token, info);
}

/* ---- trace ----------------------------------------------------------------------------------------------- */

enum galen_err cli_gs_classic_trace(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    static const char *tokens[CLI_MAX_REPEATS];
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    size_t n = cli_options(cli, "token", tokens);
    size_t found = 0;
    GALEN_TRY(cli_gs_refuse(cli, (const char *const[]){"tokens", NULL}, info));
    if (n == 0)
        return base_fail(info, GALEN_ERR_USAGE, "--token is needed");
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    for (size_t i = 0; i < n; i++) {
        BASE_BUF_AUTO token = {0};
        bool traced = false;
        GALEN_TRY(cli_gs_object(&token, tokens[i], GROUPSIG_CLASSIC_G1_BYTES, "token", info));
        /* Exit 1 would be read as 'not traced'. */
        if (token.len != GROUPSIG_CLASSIC_G1_BYTES ||
            groupsig_classic_trace(&traced, &signature, token.data) != GROUPSIG_OK)
            return base_fail(info, GALEN_ERR_USAGE, "token: malformed");
        if (traced && found == 0)
            found = i + 1;
    }
    *result = json_object_new_object();
    if (*result == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(*result, "traced", json_object_new_boolean(found != 0), info));
    if (found != 0)
        GALEN_TRY(record_json_set(*result, "token", json_object_new_int64((int64_t)found), info));
    *passed = found != 0;
    return GALEN_OK;
}

/* ---- claim ------------------------------------------------------------------------------------------------ */

/* pygroupsig binds a claim to nothing: whoever has seen it can show it again. */
static const char *const claim_context[] = {"context", "purpose", "claimant", "nonce", NULL};

enum galen_err cli_gs_classic_claim(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    MEMBER_AUTO member = {0};
    char text[GROUPSIG_CLASSIC_CLAIM_TEXT + 1];
    GALEN_TRY(cli_gs_refuse(cli, claim_context, info));
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    GALEN_TRY(read_member(cli, &key, &member, info));
    GALEN_TRY(cli_gs_fail(groupsig_classic_claim_make(text, &member, &signature, &cli_gs_rng),
                          "claim", info));
    return cli_gs_give_text(cli, result, "claim", text, info);
}

enum galen_err cli_gs_classic_claim_verify(struct cli *cli, struct json_object **result,
                                           bool *passed, struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_verified signature;
    BASE_BUF_AUTO text = {0};
    bool valid = false;
    GALEN_TRY(cli_gs_refuse(cli, claim_context, info));
    GALEN_TRY(read_text(cli, "claim", &text, info));
    GALEN_TRY(read_verified(cli, &key, &signature, info));
    enum groupsig_status status = groupsig_classic_claim_verify(&valid, (const char *)text.data,
                                                                text.len, &signature);
    return cli_gs_verdict(result, passed, valid, status, info);
}
