/* galen groupsig inspect: what an object is, and its parts. Says nothing about its validity beyond
 * what its parser checks. */
#include "cli/groupsig.h"

#include <sodium.h>
#include <string.h>

struct field {
    const char *name;
    size_t size;
};

/* Objects by their type byte, after the header 06 TYPE. */
static const struct object {
    uint8_t type;
    const char *name;
    struct field field[13];
} objects[] = {
    {0x01,
     "signature",
     {{"A'", 48},
      {"Abar", 48},
      {"E1", 48},
      {"E2", 48},
      {"T", 48},
      {"c", 24},
      {"zt", 32},
      {"zr", 32},
      {"zu", 32}}},
    {0x02,
     "group key",
     {{"R", 96},
      {"X_G", 48},
      {"Y_G", 96},
      {"c_G", 24},
      {"zgamma", 32},
      {"zxi_G", 32},
      {"zeta_G", 32},
      {"X_R", 48},
      {"Y_R", 96},
      {"c_R", 24},
      {"zxi_R", 32},
      {"zeta_R", 32}}},
    {0x03, "join request", {{"C", 48}, {"F1", 96}, {"F2", 96}, {"c", 24}, {"zx", 32}, {"zk", 32}}},
    {0x04, "membership", {{"A", 48}, {"t", 32}}},
    {0x06, "opening share", {{"role", 1}, {"signatureHash", 32}, {"P", 48}, {"c", 24}, {"z", 32}}},
    {0x07, "reveal share", {{"role", 1}, {"C", 48}, {"V", 96}, {"c", 24}, {"z", 32}}},
    {0x08, "claim", {{"c", 24}, {"z", 32}}},
    {0x09, "link", {{"c", 24}, {"z", 32}}},
    {0x81, "Group Manager's secret", {{NULL, GROUPSIG_GM_SECRET_BYTES - 2}}},
    {0x82, "Revocation Manager's secret", {{NULL, GROUPSIG_RM_SECRET_BYTES - 2}}},
    {0x83, "applicant's secret", {{NULL, GROUPSIG_JOIN_SECRET_BYTES - 2}}},
    {0x84, "member's secret", {{NULL, GROUPSIG_MEMBER_SECRET_BYTES - 2}}},
};

static size_t size_of(const struct object *object)
{
    size_t size = 2;
    for (size_t i = 0; i < 13; i++)
        size += object->field[i].size;
    return size;
}

/* Those whose parser needs nothing but the bytes. */
static enum galen_err check(const struct object *object, const struct base_buf *bytes,
                            struct galen_errinfo *info)
{
    union {
        struct groupsig_signature signature;
        struct groupsig_group_key key;
        struct groupsig_join_request request;
    } parsed;
    enum groupsig_status status = GROUPSIG_OK;
    if (object->type == 0x01)
        status = groupsig_signature_parse(&parsed.signature, bytes->data, bytes->len);
    else if (object->type == 0x02)
        status = groupsig_group_key_parse(&parsed.key, bytes->data, bytes->len);
    else if (object->type == 0x03)
        status = groupsig_join_request_parse(&parsed.request, bytes->data, bytes->len);
    return cli_gs_fail(status, object->name, info);
}

static enum galen_err inspect_object(struct json_object **result, const struct base_buf *bytes,
                                     struct galen_errinfo *info)
{
    const struct object *object = NULL;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (bytes->len >= 2 && bytes->data[0] == 0x06 && bytes->data[1] == objects[i].type)
            object = &objects[i];
    if (object == NULL)
        return base_fail(info, GALEN_ERR_PARSE, "not an object of CPY06-G1");
    if (bytes->len != size_of(object))
        return base_fail(info, GALEN_ERR_PARSE, "%s: %zu bytes, not %zu", object->name, bytes->len,
                         size_of(object));
    GALEN_TRY(check(object, bytes, info));
    RECORD_JSON_AUTO made = json_object_new_object();
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(made, "type", json_object_new_string(object->name), info));
    if (object->field[0].name != NULL) {
        uint8_t digest[32];
        crypto_hash_sha256(digest, bytes->data, bytes->len);
        GALEN_TRY(record_json_set_hex(made, object->type == 0x02 ? "fingerprint" : "sha256", digest,
                                      sizeof digest, info));
    }
    const uint8_t *at = bytes->data + 2;
    for (const struct field *field = object->field; field->name != NULL; field++) {
        if (strcmp(field->name, "role") == 0)
            GALEN_TRY(record_json_set(made, "role",
                                      json_object_new_string(*at == GROUPSIG_ROLE_GM   ? "gm"
                                                             : *at == GROUPSIG_ROLE_RM ? "rm"
                                                                                       : "none"),
                                      info));
        else
            GALEN_TRY(record_json_set_hex(made, field->name, at, field->size, info));
        at += field->size;
    }
    *result = made;
    made = NULL;
    return GALEN_OK;
}

/* ---- classic ----------------------------------------------------------------------------------------- */

static enum galen_err open_base64(json_object **out, const char *text, size_t len,
                                  struct galen_errinfo *info)
{
    BASE_BUF_AUTO json = {0};
    GALEN_TRY(base_buf_reserve(&json, len + 1));
    if (sodium_base642bin(json.data, len, text, len, NULL, &json.len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return base_fail(info, GALEN_ERR_PARSE, "not base64");
    return record_json_parse(out, (const char *)json.data, json.len, CLI_GS_OBJECT_MAX, info);
}

enum galen_err cli_gs_classic_inspect(struct cli *cli, struct json_object **result, bool *passed,
                                      struct galen_errinfo *info)
{
    struct groupsig_classic_group_key key;
    struct groupsig_classic_signature signature;
    BASE_BUF_AUTO text = {0};
    RECORD_JSON_AUTO outer = NULL;
    RECORD_JSON_AUTO inner = NULL;
    RECORD_JSON_AUTO made = json_object_new_object();
    const char *type = "signature";
    const char *parts = NULL;
    if (made == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(cli_gs_text(&text, cli->args[0], "object", info));
    const char *chars = (const char *)text.data;
    GALEN_TRY(open_base64(&outer, chars, text.len, info));
    if (json_object_object_get_ex(outer, "c", NULL) &&
        json_object_object_get_ex(outer, "s", NULL)) {
        GALEN_TRY(record_json_set(outer, "type", json_object_new_string("claim"), info));
        *result = outer;
        outer = NULL;
        return GALEN_OK;
    }
    GALEN_TRY(record_json_get_text(&type, outer, "type", RECORD_JSON_OPTIONAL, 32, "", info));
    GALEN_TRY(record_json_set(made, "type", json_object_new_string(type), info));
    bool is_key = strcmp(type, "group") == 0;
    if (!is_key && strcmp(type, "signature") != 0 && strcmp(type, "manager") != 0 &&
        strcmp(type, "member") != 0)
        return base_fail(info, GALEN_ERR_PARSE, "not an object of CPY06-classic");
    if (is_key) {
        GALEN_TRY(cli_gs_fail(groupsig_classic_group_key_parse(&key, chars, text.len), "group key",
                              info));
        GALEN_TRY(record_json_set_hex(made, "fingerprint", key.fingerprint, 32, info));
    } else if (strcmp(type, "signature") == 0) {
        GALEN_TRY(cli_gs_fail(groupsig_classic_signature_parse(&signature, chars, text.len),
                              "signature", info));
    }
    /* A secret key's parts are not shown. */
    if (is_key || strcmp(type, "signature") == 0) {
        GALEN_TRY(record_json_get_text(&parts, outer, is_key ? "key" : "signature",
                                       RECORD_JSON_REQUIRED, GROUPSIG_CLASSIC_MAX_TEXT, "", info));
        GALEN_TRY(open_base64(&inner, parts, strlen(parts), info));
        json_object_object_foreach(inner, name, value)
        {
            struct json_object *copy = NULL;
            GALEN_TRY(record_json_copy(&copy, value, info));
            GALEN_TRY(record_json_set(made, name, copy, info));
        }
    }
    *result = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err cli_groupsig_inspect(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    bool classic = false;
    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(cli_gs_profile(cli, &classic, info));
    if (classic)
        return cli_gs_classic_inspect(cli, result, passed, info);
    GALEN_TRY(cli_gs_object(&bytes, cli->args[0], 0, "object", info));
    return inspect_object(result, &bytes, info);
}
