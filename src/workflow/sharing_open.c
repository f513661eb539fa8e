/* Sharing, step 5: the doctor opens a share and checks it, one row a check. */
#include <string.h>

#include "workflow/sharing_internal.h"
#include "workflow/steps.h"
#include "workflow/storing_internal.h"
#include "workflow/verify.h"

/* A share as the doctor's list has it, then as its content says. */
struct received {
    int64_t id;
    struct chain_address patient, doctor;
    uint8_t cid_share[32];
    struct base_buf wrapped_key;

    struct json_object *plaintext; /* owned */
    uint8_t root[32];
    uint8_t cid[32]; /* of the record's envelope */
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    uint32_t key_version;
};
static void received_clear(struct received *share)
{
    base_buf_clear(&share->wrapped_key);
    record_json_put(&share->plaintext);
}
#define RECEIVED_AUTO GALEN_CLEANUP(received_clear) struct received

/* One of the rows with this CID: all hold the same block, and the key that opens it decides.
 * Another doctor's are not for the one that the handle acts for. */
static enum galen_err find_share(struct workflow *wf, struct received *share, int64_t after_id,
                                 bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT id, patient, doctor, wrapped_key FROM share"
                       " WHERE direction = 'in' AND cid = ? AND id > ?"
                       " AND (? = 0 OR doctor = ?) ORDER BY id LIMIT 1",
                       DB_BLOB(share->cid_share, 32), DB_INT(after_id), DB_INT(wf->has_actor),
                       DB_BLOB(wf->actor.bytes, 20)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    share->id = db_int(&rows, 0);
    GALEN_TRY(db_bytes(&rows, 1, share->patient.bytes, 20, info));
    GALEN_TRY(db_bytes(&rows, 2, share->doctor.bytes, 20, info));
    base_buf_clear(&share->wrapped_key);
    return base_buf_append_text(&share->wrapped_key, db_text(&rows, 3));
}

static bool is_local_trouble(enum galen_err err)
{
    return err == GALEN_ERR_DB || err == GALEN_ERR_IO || err == GALEN_ERR_NOMEM ||
           err == GALEN_ERR_PASSWORD;
}

/* A row that failed because a step failed; trouble of this machine's own is returned instead. */
static enum galen_err failed_row(struct json_object *checks, bool *all, const char *check,
                                 const struct galen_errinfo *why, struct galen_errinfo *info)
{
    if (is_local_trouble(why->code))
        return base_raise(info, why->code, why);
    return workflow_check(checks, all, false, check, info, "%s", why->what);
}

static enum galen_err unwrap_key(struct workflow *wf, struct base_secret *key,
                                 const struct received *share, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO jwk = {0};
    BASE_BUF_AUTO context = {0};
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &share->doctor, info));
    GALEN_TRY(
        sharing_key_context(&context, &share->patient, &share->doctor, share->cid_share, info));
    return seal_unwrap_key(key, (struct base_view){share->wrapped_key.data, share->wrapped_key.len},
                           &jwk, (const char *)context.data, info);
}

/* The context: this kind of object, this owner, this reader. *expires_at 0 = never. */
static enum galen_err read_context(struct received *share, int64_t *expires_at,
                                   struct galen_errinfo *info)
{
    static const char *const required[] = {"type", "owner", "reader", "root", NULL};
    static const char *const optional[] = {"expires", NULL};
    static const char where[] = "share/context";
    struct json_object *context = NULL;
    struct chain_address owner;
    struct chain_address reader;
    const char *expires = NULL;
    int64_t at = 0;
    GALEN_TRY(record_json_get_object(&context, share->plaintext, "context", RECORD_JSON_REQUIRED,
                                     "share", info));
    GALEN_TRY(record_json_check_keys(context, required, optional, where, info));
    GALEN_TRY(record_json_check_type(context, SHARING_TYPE, info));
    GALEN_TRY(workflow_get_address(&owner, context, "owner", where, info));
    GALEN_TRY(workflow_get_address(&reader, context, "reader", where, info));
    GALEN_TRY(
        record_json_get_hex(share->root, 32, context, "root", RECORD_JSON_REQUIRED, where, info));
    GALEN_TRY(
        record_json_get_text(&expires, context, "expires", RECORD_JSON_OPTIONAL, 64, where, info));
    if (expires != NULL)
        GALEN_TRY(base_time_parse(&at, expires, info));
    if (!chain_address_equal(&owner, &share->patient) ||
        !chain_address_equal(&reader, &share->doctor))
        return base_fail(info, GALEN_ERR_CHECK, "the share is another owner's or reader's");
    *expires_at = expires != NULL && at == 0 ? 1 : at;
    return GALEN_OK;
}

static enum galen_err read_members(struct received *share, struct galen_errinfo *info)
{
    static const char *const required[] = {"context", "cid", "owner", "sig", "keyVersion", NULL};
    static const char *const optional[] = {"record", "seed", "disclosure", NULL};
    struct json_object *json = share->plaintext;
    struct chain_address owner;
    const char *cid = NULL;
    int64_t version = 0;
    GALEN_TRY(record_json_check_keys(json, required, optional, "share", info));
    GALEN_TRY(workflow_get_address(&owner, json, "owner", "share", info));
    GALEN_TRY(record_json_get_text(&cid, json, "cid", RECORD_JSON_REQUIRED, STORE_CID_TEXT, "share",
                                   info));
    GALEN_TRY(store_cid_parse(share->cid, cid, info));
    GALEN_TRY(record_json_get_hex(share->sig, sizeof share->sig, json, "sig", RECORD_JSON_REQUIRED,
                                  "share", info));
    GALEN_TRY(record_json_get_int(&version, json, "keyVersion", RECORD_JSON_REQUIRED, 1, UINT32_MAX,
                                  "share", info));
    share->key_version = (uint32_t)version;
    if (!chain_address_equal(&owner, &share->patient))
        return base_fail(info, GALEN_ERR_CHECK, "the share names another owner");
    bool whole = json_object_object_get_ex(json, "record", NULL);
    if (whole == json_object_object_get_ex(json, "disclosure", NULL) ||
        whole != json_object_object_get_ex(json, "seed", NULL))
        return base_fail(info, GALEN_ERR_PARSE, "a share holds a record and its seed, or fields");
    return GALEN_OK;
}

static enum galen_err open_content(struct received *share, struct base_view block,
                                   const struct base_secret *key, int64_t *expires_at,
                                   struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(seal_open_object(&text, block, key->data, NULL, info));
    record_json_put(&share->plaintext);
    GALEN_TRY(
        record_json_parse(&share->plaintext, (char *)text.data, text.len, SEAL_OBJECT_MAX, info));
    GALEN_TRY(read_context(share, expires_at, info));
    return read_members(share, info);
}

/* ---- what it holds ---------------------------------------------------------------------------- */

static enum galen_err check_record(const struct received *share, struct json_object *result,
                                   struct json_object *checks, bool *all,
                                   struct galen_errinfo *info)
{
    struct json_object *record = NULL;
    uint8_t seed[RECORD_SEED_BYTES];
    uint8_t root[32];
    struct galen_errinfo why = {0};
    enum galen_err err = record_json_get_object(&record, share->plaintext, "record",
                                                RECORD_JSON_REQUIRED, "share", &why);
    if (err == GALEN_OK)
        err = record_json_get_hex(seed, sizeof seed, share->plaintext, "seed", RECORD_JSON_REQUIRED,
                                  "share", &why);
    if (err == GALEN_OK)
        err = record_id(root, record, seed, &why);
    base_wipe(seed, sizeof seed);
    if (record != NULL) {
        RECORD_JSON_AUTO copy = NULL;
        GALEN_TRY(record_json_copy(&copy, record, info));
        GALEN_TRY(workflow_set_object(result, "record", &copy, info));
    }
    if (err != GALEN_OK)
        return failed_row(checks, all, "IDrec", &why, info);
    bool equal = memcmp(root, share->root, 32) == 0;
    return workflow_check(checks, all, equal, "IDrec", info,
                          equal ? "the record's Merkle root, computed again"
                                : "the record is not the one the share names");
}

static enum galen_err show_fields(struct json_object *result,
                                  const struct record_disclosure *disclosure,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO fields = NULL;
    GALEN_TRY(workflow_array(&fields, info));
    for (size_t i = 0; i < disclosure->field_count; i++) {
        RECORD_JSON_AUTO field = NULL;
        RECORD_JSON_AUTO value = NULL;
        GALEN_TRY(workflow_object(&field, info));
        GALEN_TRY(workflow_set_text(field, "path", disclosure->fields[i].path, info));
        GALEN_TRY(record_json_copy(&value, disclosure->fields[i].value, info));
        GALEN_TRY(workflow_set_object(field, "value", &value, info));
        GALEN_TRY(workflow_push(fields, &field, info));
    }
    return workflow_set_object(result, "fields", &fields, info);
}

static enum galen_err check_disclosure(const struct received *share, struct json_object *result,
                                       struct json_object *checks, bool *all,
                                       struct galen_errinfo *info)
{
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    struct json_object *json = NULL;
    struct galen_errinfo why = {0};
    bool valid = false;
    enum galen_err err = record_json_get_object(&json, share->plaintext, "disclosure",
                                                RECORD_JSON_REQUIRED, "share", &why);
    if (err == GALEN_OK)
        err = record_disclosure_parse(&disclosure, json, &why);
    if (err == GALEN_OK) {
        RECORD_JSON_AUTO proof = NULL;
        GALEN_TRY(show_fields(result, &disclosure, info));
        GALEN_TRY(record_json_copy(&proof, json, info));
        GALEN_TRY(workflow_set_object(result, "disclosure", &proof, info));
        err = record_disclosure_verify(&valid, &disclosure, RECORD_ORDER_PATH, &why);
    }
    if (err != GALEN_OK)
        return failed_row(checks, all, "disclosure", &why, info);
    if (valid && memcmp(disclosure.root, share->root, 32) != 0)
        return workflow_check(checks, all, false, "disclosure", info,
                              "the proof is of another record than the share names");
    if (!valid)
        return workflow_check(checks, all, false, "disclosure", info, "%s", why.what);
    return workflow_check(checks, all, true, "disclosure", info,
                          "%zu of %u fields, proved against IDrec", disclosure.field_count,
                          disclosure.leaf_count);
}

static enum galen_err check_anchor(struct workflow *wf, const struct received *share,
                                   int64_t *anchored_at, struct json_object *checks, bool *all,
                                   struct galen_errinfo *info)
{
    struct galen_errinfo why = {0};
    int64_t since = 0;
    *anchored_at = 0;
    enum galen_err err = storing_find_anchor(wf, &since, share->root, &share->patient, share->cid,
                                             share->sig, share->key_version, &why);
    if (err != GALEN_OK)
        return failed_row(checks, all, "on-chain anchor", &why, info);
    if (since == 0)
        return workflow_check(checks, all, false, "on-chain anchor", info,
                              "the contract knows no such record");
    char when[BASE_TIME_TEXT];
    *anchored_at = since;
    base_time_format(when, since);
    return workflow_check(checks, all, true, "on-chain anchor", info, "since %s", when);
}

static enum galen_err check_content(struct workflow *wf, const struct received *share,
                                    struct json_object *result, struct json_object *checks,
                                    bool *all, struct galen_errinfo *info)
{
    if (json_object_object_get_ex(share->plaintext, "record", NULL))
        GALEN_TRY(check_record(share, result, checks, all, info));
    else
        GALEN_TRY(check_disclosure(share, result, checks, all, info));

    uint8_t msg32[32];
    int64_t anchored_at = 0;
    bool valid = false;
    struct groupsig_verified verified;
    REVOCATION_LIST_AUTO list = {0};
    GALEN_TRY(record_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, share->root,
                           share->patient.bytes, info));
    GALEN_TRY(workflow_check_signature(wf, checks, all, &valid, &verified, share->key_version,
                                       share->sig, msg32, info));
    GALEN_TRY(check_anchor(wf, share, &anchored_at, checks, all, info));
    GALEN_TRY(revocation_list_load(wf, &list, 0, info));
    return revocation_list_check(&list, checks, all, valid ? &verified : NULL, anchored_at, info);
}

/* ---- step 5 ------------------------------------------------------------------------------------ */

/* The block, the key, the plaintext. *opened false: a row says why there is nothing to show. */
static enum galen_err open_share(struct workflow *wf, struct received *share, bool *opened,
                                 struct json_object *checks, bool *all, struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    BASE_SECRET_AUTO key = {0};
    struct galen_errinfo why = {0};
    *opened = false;
    enum galen_err err = workflow_block_from(wf, &block, share->cid_share, &share->patient, NULL,
                                             &why);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "the shared object is not at hand");
        (void)base_hint(info, "the patient has revoked the share, or its block has not come yet");
        return GALEN_ERR_NOT_FOUND;
    }
    if (err != GALEN_OK)
        return failed_row(checks, all, "block hash", &why, info);
    GALEN_TRY(workflow_check(checks, all, true, "block hash", info, "SHA-256 is the CID's"));

    err = unwrap_key(wf, &key, share, &why);
    if (err != GALEN_OK)
        return failed_row(checks, all, "key", &why, info);
    GALEN_TRY(workflow_check(checks, all, true, "key", info,
                             "K_temp was wrapped to this doctor for this share"));

    int64_t expires_at = 0;
    err = open_content(share, (struct base_view){block.data, block.len}, &key, &expires_at, &why);
    if (err != GALEN_OK)
        return failed_row(checks, all, "decryption", &why, info);
    if (expires_at != 0)
        GALEN_TRY(db_run(wf->db, info, "UPDATE share SET expires_at = ? WHERE id = ?",
                         DB_INT(expires_at), DB_INT(share->id)));
    if (expires_at != 0 && expires_at <= base_time_s()) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, expires_at);
        base_fail(info, GALEN_ERR_STATE, "the share expired at %s", when);
        (void)base_hint(info, "ask the patient to share the record again");
        return GALEN_ERR_STATE;
    }
    *opened = true;
    return workflow_check(checks, all, true, "decryption", info,
                          "authentic, and made for this owner and reader");
}

/* The row whose key opens the block: somebody else may have announced the same one first. *reader
 * (NULL: anyone of this home) is whose it must be. */
static enum galen_err find_opened(struct workflow *wf, struct received *share,
                                  const struct chain_address *reader, bool *opened,
                                  struct json_object **checks, bool *all,
                                  struct galen_errinfo *info)
{
    bool found = false;
    bool any = false;
    *opened = false;
    for (;;) {
        GALEN_TRY(find_share(wf, share, share->id, &found, info));
        if (!found || *opened)
            break;
        if (reader != NULL && !chain_address_equal(&share->doctor, reader))
            continue;
        any = true;
        record_json_put(checks);
        GALEN_TRY(workflow_array(checks, info));
        *all = true;
        GALEN_TRY(open_share(wf, share, opened, *checks, all, info));
        if (*opened)
            return GALEN_OK;
    }
    if (any)
        return GALEN_OK;
    char text[STORE_CID_TEXT];
    store_cid_encode(text, share->cid_share);
    return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                      "'galen sync' brings new ones in, 'galen share list' shows them",
                      "no share %s was received here", text);
}

enum galen_err sharing_open(struct workflow *wf, const char *cid_share, bool *passed,
                            struct json_object **result, struct galen_errinfo *info)
{
    RECEIVED_AUTO share = {0};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO checks = NULL;
    bool all = true;
    bool opened = false;
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(store_cid_parse(share.cid_share, cid_share, info));
    GALEN_TRY(find_opened(wf, &share, NULL, &opened, &checks, &all, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_cid(made, "cidShare", share.cid_share, info));
    GALEN_TRY(workflow_set_address(made, "patient", &share.patient, info));
    GALEN_TRY(workflow_set_address(made, "doctor", &share.doctor, info));
    if (opened) {
        GALEN_TRY(record_json_set_hex(made, "merkleRoot", share.root, 32, info));
        GALEN_TRY(check_content(wf, &share, made, checks, &all, info));
    }
    GALEN_TRY(workflow_set_bool(made, "passed", all, info));
    GALEN_TRY(workflow_set_object(made, "checks", &checks, info));
    *passed = all;
    workflow_give(result, &made);
    return GALEN_OK;
}

/* ---- what a reader can prove ------------------------------------------------------------------------- */

/* The record's type is in every record: its salt, which the seed gives, is what proves. */
static enum galen_err prove_type(struct json_object **proof, struct json_object *plaintext,
                                 struct galen_errinfo *info)
{
    static const char *const paths[] = {"/type"};
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_TREE_AUTO tree = NULL;
    struct json_object *record = NULL;
    uint8_t seed[RECORD_SEED_BYTES];
    GALEN_TRY(
        record_json_get_object(&record, plaintext, "record", RECORD_JSON_REQUIRED, "share", info));
    GALEN_TRY(record_json_get_hex(seed, sizeof seed, plaintext, "seed", RECORD_JSON_REQUIRED,
                                  "share", info));
    enum galen_err err = record_tree_new(&tree, record, seed, info);
    base_wipe(seed, sizeof seed);
    GALEN_TRY(err);
    GALEN_TRY(record_disclosure_make(&disclosure, tree, paths, 1, info));
    return record_disclosure_encode(proof, &disclosure, info);
}

enum galen_err sharing_prove(struct workflow *wf, const struct chain_address *reader,
                             const uint8_t cid_share32[32], struct storing_row *out,
                             struct json_object **proof, struct galen_errinfo *info)
{
    RECEIVED_AUTO share = {0};
    RECORD_JSON_AUTO checks = NULL;
    struct json_object *given = NULL;
    bool all = true;
    bool opened = false;
    memcpy(share.cid_share, cid_share32, 32);
    GALEN_TRY(find_opened(wf, &share, reader, &opened, &checks, &all, info));
    if (!opened)
        return STEPS_FAIL(info, GALEN_ERR_CHECK, "'galen share open' says why",
                          "the share cannot be opened");
    if (json_object_object_get_ex(share.plaintext, "disclosure", &given))
        GALEN_TRY(record_json_copy(proof, given, info));
    else
        GALEN_TRY(prove_type(proof, share.plaintext, info));
    *out = (struct storing_row){.owner = share.patient, .key_version = share.key_version};
    memcpy(out->root, share.root, 32);
    memcpy(out->cid, share.cid, 32);
    memcpy(out->sig, share.sig, sizeof out->sig);
    return GALEN_OK;
}
