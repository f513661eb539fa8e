/* The group signature and the revocation list, as rows of checks. */
#include "workflow/verify.h"

#include <stdlib.h>
#include <string.h>

/* ---- group signature ------------------------------------------------------------------------- */

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
    if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM || err == GALEN_ERR_IO) {
        if (info != NULL)
            *info = why;
        return err;
    }
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

/* ---- the revocation list --------------------------------------------------------------------- */

void revocation_list_clear(struct revocation_list *list)
{
    free(list->tokens);
    free(list->key_versions);
    *list = (struct revocation_list){0};
}

/* What the contract says about the list in force. */
struct revocation_anchor {
    uint8_t cid[32];
    uint64_t version;
    struct chain_address gm, rm;
};

static enum galen_err anchor_read(struct workflow *wf, struct revocation_anchor *anchor,
                                  struct galen_errinfo *info)
{
    static const uint8_t none[32] = {0};
    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO out = {0};
    GALEN_TRY(datahub_encode_revocation_list_cid(&call, info));
    GALEN_TRY(workflow_read_contract(wf, &out, &call, info));
    GALEN_TRY(datahub_decode_revocation_list_cid(anchor->cid, out.data, out.len, info));
    if (memcmp(anchor->cid, none, 32) == 0)
        return GALEN_OK;
    base_buf_clear(&call);
    GALEN_TRY(datahub_encode_revocation_list_version(&call, info));
    GALEN_TRY(workflow_read_contract(wf, &out, &call, info));
    GALEN_TRY(datahub_decode_revocation_list_version(&anchor->version, out.data, out.len, info));
    return workflow_managers(wf, &anchor->gm, &anchor->rm, info);
}

/* Both managers' signatures over everything but the signatures. */
static enum galen_err signatures_check(struct workflow *wf, struct json_object *json,
                                       const struct revocation_anchor *anchor,
                                       struct galen_errinfo *info)
{
    static const char *const keys[] = {"gm", "rm", NULL};
    struct json_object *signatures = NULL;
    uint8_t gm65[CHAIN_SIGNATURE_BYTES];
    uint8_t rm65[CHAIN_SIGNATURE_BYTES];
    GALEN_TRY(record_json_get_object(&signatures, json, "signatures", RECORD_JSON_REQUIRED, "list",
                                     info));
    GALEN_TRY(record_json_check_keys(signatures, keys, NULL, "list/signatures", info));
    GALEN_TRY(record_json_get_hex(gm65, sizeof gm65, signatures, "gm", RECORD_JSON_REQUIRED,
                                  "list/signatures", info));
    GALEN_TRY(record_json_get_hex(rm65, sizeof rm65, signatures, "rm", RECORD_JSON_REQUIRED,
                                  "list/signatures", info));
    RECORD_JSON_AUTO signed_part = NULL;
    GALEN_TRY(record_json_copy(&signed_part, json, info));
    json_object_object_del(signed_part, "signatures");
    struct chain_revocation_list message = {.version = anchor->version};
    uint8_t digest32[32];
    bool by_gm = false;
    bool by_rm = false;
    GALEN_TRY(record_json_hash(message.digest, signed_part, info));
    chain_digest_revocation_list(digest32, &wf->domain, &message);
    chain_verify(&by_gm, &anchor->gm, digest32, gm65);
    chain_verify(&by_rm, &anchor->rm, digest32, rm65);
    if (!by_gm || !by_rm)
        return base_fail(info, GALEN_ERR_CHECK, "the list is not signed by both managers");
    return GALEN_OK;
}

static enum galen_err tokens_read(struct revocation_list *list, struct json_object *entries,
                                  struct galen_errinfo *info)
{
    static const char *const keys[] = {"keyVersion", "token", NULL};
    size_t n = json_object_array_length(entries);
    if (n == 0)
        return GALEN_OK;
    list->tokens = calloc(n, sizeof *list->tokens);
    list->key_versions = calloc(n, sizeof *list->key_versions);
    if (list->tokens == NULL || list->key_versions == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(entries, i);
        uint8_t token[GROUPSIG_TOKEN_BYTES];
        int64_t version = 0;
        GALEN_TRY(record_json_check_keys(entry, keys, NULL, "list/entries", info));
        GALEN_TRY(record_json_get_int(&version, entry, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                      UINT32_MAX, "list/entries", info));
        GALEN_TRY(record_json_get_hex(token, sizeof token, entry, "token", RECORD_JSON_REQUIRED,
                                      "list/entries", info));
        if (groupsig_token_parse(&list->tokens[i], token, sizeof token) != GROUPSIG_OK)
            return base_fail(info, GALEN_ERR_PARSE, "list/entries: a token is malformed");
        list->key_versions[i] = (uint32_t)version;
        list->n_tokens = i + 1;
    }
    return GALEN_OK;
}

static enum galen_err list_read(struct workflow *wf, struct revocation_list *list,
                                const struct revocation_anchor *anchor, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",    "version",    "prev", "nextUpdate",
                                       "entries", "signatures", NULL};
    BASE_BUF_AUTO block = {0};
    RECORD_JSON_AUTO json = NULL;
    struct json_object *entries = NULL;
    const char *next_update = NULL;
    uint8_t prev[32];
    int64_t version = 0;
    GALEN_TRY(store_get(&block, wf->store, anchor->cid, info));
    GALEN_TRY(record_json_parse(&json, (char *)block.data, block.len, STORE_BLOCK_MAX, info));
    GALEN_TRY(record_json_check_keys(json, keys, NULL, "list", info));
    GALEN_TRY(record_json_check_type(json, REVOCATION_LIST_TYPE, info));
    GALEN_TRY(record_json_get_int(&version, json, "version", RECORD_JSON_REQUIRED, 1, INT64_MAX,
                                  "list", info));
    GALEN_TRY(record_json_get_hex(prev, 32, json, "prev", RECORD_JSON_REQUIRED, "list", info));
    GALEN_TRY(record_json_get_text(&next_update, json, "nextUpdate", RECORD_JSON_REQUIRED,
                                   BASE_TIME_TEXT, "list", info));
    GALEN_TRY(base_time_parse(&list->next_update, next_update, info));
    GALEN_TRY(record_json_get_array(&entries, json, "entries", RECORD_JSON_REQUIRED, 0,
                                    REVOCATION_MAX_ENTRIES, "list", info));
    if ((uint64_t)version != anchor->version)
        return base_fail(info, GALEN_ERR_CHECK, "the list has another version than the chain says");
    GALEN_TRY(signatures_check(wf, json, anchor, info));
    list->version = anchor->version;
    return tokens_read(list, entries, info);
}

enum galen_err revocation_list_load(struct workflow *wf, struct revocation_list *list,
                                    struct galen_errinfo *info)
{
    static const uint8_t none[32] = {0};
    REVOCATION_LIST_AUTO read = {0};
    struct revocation_anchor anchor = {0};
    struct galen_errinfo why = {0};
    enum galen_err err = anchor_read(wf, &anchor, &why);
    if (err == GALEN_OK && memcmp(anchor.cid, none, 32) != 0) {
        read.is_published = true;
        err = list_read(wf, &read, &anchor, &why);
    }
    if (err == GALEN_ERR_NOMEM || err == GALEN_ERR_DB || err == GALEN_ERR_IO) {
        if (info != NULL)
            *info = why;
        return err;
    }
    if (err != GALEN_OK) {
        read.is_published = true;
        snprintf(read.problem, sizeof read.problem, "%s", why.what);
    }
    revocation_list_clear(list);
    *list = read;
    read = (struct revocation_list){0};
    return GALEN_OK;
}

enum galen_err revocation_list_check(const struct revocation_list *list, struct json_object *checks,
                                     bool *all, const struct groupsig_verified *signature,
                                     uint32_t key_version, struct galen_errinfo *info)
{
    static const char name[] = "revocation list";
    if (list->problem[0] != '\0')
        return workflow_check(checks, all, false, name, info, "the list cannot be used: %s",
                              list->problem);
    if (signature == NULL)
        return workflow_check(checks, all, false, name, info,
                              "there is no valid group signature to hold against it");
    if (!list->is_published)
        return workflow_check(checks, all, true, name, info, "none published");
    for (size_t i = 0; i < list->n_tokens; i++)
        if (list->key_versions[i] == key_version && groupsig_trace(signature, &list->tokens[i]))
            return workflow_check(checks, all, false, name, info,
                                  "the signing doctor's membership is revoked (list version %llu)",
                                  (unsigned long long)list->version);
    bool is_late = list->next_update < base_time_s();
    return workflow_check(checks, all, true, name, info, "not on list version %llu%s",
                          (unsigned long long)list->version,
                          is_late ? "; a newer list is overdue" : "");
}
