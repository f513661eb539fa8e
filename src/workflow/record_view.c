/* Rows of the table record, and what their envelopes hold: found, opened, checked part by part. */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

#include <stdlib.h>
#include <string.h>

#define MIN_PREFIX_DIGITS 8

/* ---- rows --------------------------------------------------------------------------------------- */

static const char row_columns[] =
    "SELECT id, holder, owner, side, state, coalesce(reason, ''), merkle_root, cid, signature,"
    " key_version, coalesce(anchored_at, 0) FROM record ";

/* The spelling that lives as long as the program. */
static const char *static_word(const char *text)
{
    static const char *const words[] = {"doctor",      "patient",  "relay",   "made",
                                        "handed-over", "anchored", "waiting", "refused"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], text) == 0)
            return words[i];
    return "";
}

static enum galen_err read_row(struct storing_row *out, const struct db_rows *rows,
                               struct galen_errinfo *info)
{
    struct storing_row row = {.id = db_int(rows, 0)};
    GALEN_TRY(db_bytes(rows, 1, row.holder.bytes, 20, info));
    GALEN_TRY(db_bytes(rows, 2, row.owner.bytes, 20, info));
    row.side = static_word(db_text(rows, 3));
    row.state = static_word(db_text(rows, 4));
    snprintf(row.reason, sizeof row.reason, "%s", db_text(rows, 5));
    GALEN_TRY(db_bytes(rows, 6, row.root, 32, info));
    GALEN_TRY(db_bytes(rows, 7, row.cid, 32, info));
    GALEN_TRY(db_bytes(rows, 8, row.sig, sizeof row.sig, info));
    row.key_version = (uint32_t)db_int(rows, 9);
    row.anchored_at = db_int(rows, 10);
    *out = row;
    return GALEN_OK;
}

enum galen_err storing_get_row(struct workflow *wf, struct storing_row *row, int64_t id,
                               struct galen_errinfo *info)
{
    char sql[sizeof row_columns + 32];
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    snprintf(sql, sizeof sql, "%sWHERE id = ?", row_columns);
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_INT(id)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "no such record in this home");
    return read_row(row, &rows, info);
}

/* A pattern for hex(merkle_root), or the digest of a CID. */
static enum galen_err parse_reference(char pattern[66], uint8_t cid32[32], bool *is_cid,
                                      const char *reference, struct galen_errinfo *info)
{
    /* One root in 4096 begins with "baf" too; a CID has letters that hexadecimal has not. */
    *is_cid = strncmp(reference, "baf", 3) == 0 &&
              strspn(reference, "0123456789abcdefABCDEF") != strlen(reference);
    if (*is_cid) {
        enum galen_err err = store_cid_parse(cid32, reference, info);
        return err == GALEN_ERR_PARSE ? base_wrap(info, GALEN_ERR_USAGE, "the record's CID") : err;
    }
    const char *digits = strncmp(reference, "0x", 2) == 0 ? reference + 2 : reference;
    size_t len = strlen(digits);
    if (len < MIN_PREFIX_DIGITS || len > 64 || strspn(digits, "0123456789abcdefABCDEF") != len)
        return base_fail(
            info, GALEN_ERR_USAGE,
            "a record is named by its CID or its Merkle root, %d digits of it at least",
            MIN_PREFIX_DIGITS);
    for (size_t i = 0; i < len; i++)
        pattern[i] = (char)(digits[i] >= 'a' ? digits[i] - 'a' + 'A' : digits[i]);
    strcpy(pattern + len, "%");
    return GALEN_OK;
}

static int rank(const struct storing_row *row)
{
    return (strcmp(row->side, "patient") == 0 ? 2 : 0) + (strcmp(row->state, "anchored") == 0);
}

enum galen_err storing_find_row(struct workflow *wf, struct storing_row *row, const char *reference,
                                const char *side, struct galen_errinfo *info)
{
    char sql[sizeof row_columns + 192];
    char pattern[66] = "";
    uint8_t cid32[32] = {0};
    bool is_cid = false;
    GALEN_TRY(parse_reference(pattern, cid32, &is_cid, reference, info));
    snprintf(sql, sizeof sql,
             "%sWHERE ((?1 AND cid = ?2) OR (NOT ?1 AND hex(merkle_root) LIKE ?3))"
             " AND (?4 IS NULL OR side = ?4)"
             " ORDER BY side = 'patient' DESC, state = 'anchored' DESC, id",
             row_columns);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    struct storing_row first;
    GALEN_TRY(db_query(&rows, wf->db, info, sql, DB_INT(is_cid), DB_BLOB(cid32, 32),
                       DB_TEXT(pattern), DB_TEXT(side)));
    GALEN_TRY(db_next(&rows, &found, info));
    if (!found)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND,
                          "'galen record list' shows them; 'galen sync' looks for new ones",
                          "this home has no such record");
    GALEN_TRY(read_row(&first, &rows, info));
    GALEN_TRY(db_next(&rows, &found, info));
    if (found) {
        struct storing_row second;
        GALEN_TRY(read_row(&second, &rows, info));
        if (rank(&second) == rank(&first) && memcmp(second.cid, first.cid, 32) != 0)
            return STEPS_FAIL(info, GALEN_ERR_STATE, "name it by its CID",
                              "several records have a Merkle root like this");
    }
    *row = first;
    return GALEN_OK;
}

enum galen_err storing_set_state(struct workflow *wf, int64_t id, const char *state,
                                 const char *reason, struct galen_errinfo *info)
{
    return db_run(wf->db, info, "UPDATE record SET state = ?, reason = ? WHERE id = ?",
                  DB_TEXT(state), DB_TEXT(reason), DB_INT(id));
}

enum galen_err storing_find_anchor(struct workflow *wf, int64_t *anchored_at,
                                   const uint8_t root32[32], const struct chain_address *owner,
                                   const uint8_t cid32[32],
                                   const uint8_t sig362[GROUPSIG_SIGNATURE_BYTES],
                                   uint32_t key_version, struct galen_errinfo *info)
{
    /* recordId = keccak256(abi.encode(merkleRoot, owner, cid, keccak256(sig), keyVersion)) */
    uint8_t words[5][32] = {{0}};
    uint8_t record_id[32];
    memcpy(words[0], root32, 32);
    memcpy(words[1] + 12, owner->bytes, 20);
    memcpy(words[2], cid32, 32);
    chain_keccak256(words[3], sig362, GROUPSIG_SIGNATURE_BYTES);
    base_put_u32be(words[4] + 28, key_version);
    chain_keccak256(record_id, words, sizeof words);

    BASE_BUF_AUTO call = {0};
    BASE_BUF_AUTO answer = {0};
    struct datahub_get_record_status_result status;
    uint64_t timestamp = 0;
    GALEN_TRY(datahub_encode_get_record_status(&call, record_id, info));
    GALEN_TRY(workflow_read_contract(wf, &answer, &call, info));
    GALEN_TRY(datahub_decode_get_record_status(&status, answer.data, answer.len, info));
    if (chain_u256_to_u64(&timestamp, &status.timestamp) != GALEN_OK ||
        timestamp > (uint64_t)BASE_TIME_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's answer about a record is off");
    *anchored_at = (int64_t)timestamp;
    return GALEN_OK;
}

/* ---- envelopes ---------------------------------------------------------------------------------- */

void storing_opened_clear(struct storing_opened *opened)
{
    if (opened == NULL)
        return;
    base_wipe(opened->seed, sizeof opened->seed);
    record_json_put(&opened->record);
    record_json_put(&opened->releases);
    base_buf_clear(&opened->cert);
    *opened = (struct storing_opened){0};
}

void storing_context(char out[STORING_CONTEXT_TEXT], const uint8_t root32[32],
                     const struct chain_address *patient, struct base_view eid)
{
    uint8_t eid32[32];
    char eid_hex[65];
    char root[65];
    char address[CHAIN_ADDRESS_TEXT];
    store_digest(eid32, eid.data, eid.len);
    base_hex_encode(eid_hex, eid32, 32);
    base_hex_encode(root, root32, 32);
    chain_address_format(address, patient);
    snprintf(out, STORING_CONTEXT_TEXT,
             "{\"eid\":\"0x%s\",\"idrec\":\"0x%s\",\"patient\":\"%s\",\"type\":\"" ENVELOPE_TYPE
             "\"}",
             eid_hex, root, address);
}

enum galen_err storing_check_cert(const struct storing_row *row, struct base_view envelope,
                                  struct base_buf *cert, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO eid = {0};
    uint8_t sig[SEAL_SIGNATURE_BYTES];
    GALEN_TRY(seal_envelope_cert(&text, envelope, info));
    GALEN_TRY(seal_cert_parse(sig, &eid, steps_view(&text), info));
    if (memcmp(sig, row->sig, sizeof sig) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the envelope's CERT holds another signature than the one given for it");
    if (cert != NULL)
        base_buf_move(cert, &text);
    return GALEN_OK;
}

static enum galen_err parse_content(struct storing_opened *out, const struct storing_row *row,
                                    struct json_object *content, struct galen_errinfo *info)
{
    static const char *const keys[] = {"context", "record", "seed", "releases", "keyVersion", NULL};
    struct json_object *record = NULL;
    struct json_object *releases = NULL;
    int64_t key_version = 0;
    GALEN_TRY(record_json_check_keys(content, keys, NULL, "envelope", info));
    GALEN_TRY(
        record_json_get_object(&record, content, "record", RECORD_JSON_REQUIRED, "envelope", info));
    GALEN_TRY(record_json_get_array(&releases, content, "releases", RECORD_JSON_REQUIRED, 0,
                                    STORING_MAX_RELEASES, "envelope", info));
    GALEN_TRY(record_json_get_int(&key_version, content, "keyVersion", RECORD_JSON_REQUIRED, 1,
                                  UINT32_MAX, "envelope", info));
    if (key_version != row->key_version)
        return base_fail(info, GALEN_ERR_CHECK, "the envelope names another group key version");
    GALEN_TRY(record_json_get_hex(out->seed, sizeof out->seed, content, "seed",
                                  RECORD_JSON_REQUIRED, "envelope", info));
    GALEN_TRY(record_json_copy(&out->record, record, info));
    return record_json_copy(&out->releases, releases, info);
}

/* With the patient's JWK, or with the envelope's own key; the other is NULL. */
static enum galen_err decrypt(const struct storing_row *row, struct base_view envelope,
                              const struct base_secret *jwk, const uint8_t *key32,
                              struct storing_opened *out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    RECORD_JSON_AUTO content = NULL;
    STORING_OPENED_AUTO opened = {.id = row->id,
                                  .owner = row->owner,
                                  .key_version = row->key_version,
                                  .envelope_len = envelope.len};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO eid = {0};
    uint8_t sig[SEAL_SIGNATURE_BYTES];
    char context[STORING_CONTEXT_TEXT];
    snprintf(opened.state, sizeof opened.state, "%s", row->state != NULL ? row->state : "");
    memcpy(opened.idrec, row->root, 32);
    memcpy(opened.cid, row->cid, 32);
    memcpy(opened.sig, row->sig, sizeof opened.sig);
    GALEN_TRY(seal_envelope_cert(&cert, envelope, info));
    GALEN_TRY(seal_cert_parse(sig, &eid, steps_view(&cert), info));
    storing_context(context, row->root, &row->owner, steps_view(&eid));
    if (jwk != NULL)
        GALEN_TRY(seal_open_envelope(&text, NULL, envelope, jwk, context, info));
    else
        GALEN_TRY(seal_open_envelope_with_key(&text, envelope, key32, context, info));
    GALEN_TRY(
        record_json_parse(&content, (const char *)text.data, text.len, STORE_BLOCK_MAX, info));
    GALEN_TRY(parse_content(&opened, row, content, info));
    *out = opened;
    opened = (struct storing_opened){0};
    return GALEN_OK;
}

enum galen_err storing_decrypt(struct workflow *wf, const struct storing_row *row,
                               struct base_view envelope, struct storing_opened *out,
                               struct galen_errinfo *info)
{
    BASE_SECRET_AUTO jwk = {0};
    GALEN_TRY(workflow_secret_get(wf, &jwk, WORKFLOW_KEY_JWK, &row->holder, info));
    return decrypt(row, envelope, &jwk, NULL, out, info);
}

enum galen_err storing_decrypt_with_key(const struct storing_row *row, struct base_view envelope,
                                        const uint8_t key32[32], struct storing_opened *out,
                                        struct galen_errinfo *info)
{
    return decrypt(row, envelope, NULL, key32, out, info);
}

enum galen_err storing_check_root(const struct storing_opened *opened, struct galen_errinfo *info)
{
    uint8_t root[32];
    struct chain_address patient;
    GALEN_TRY(record_id(root, opened->record, opened->seed, info));
    if (memcmp(root, opened->idrec, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the content's Merkle root is another one");
    GALEN_TRY(workflow_get_address(&patient, opened->record, "patient", "record", info));
    if (!chain_address_equal(&patient, &opened->owner))
        return base_fail(info, GALEN_ERR_CHECK, "the record is another patient's");
    return GALEN_OK;
}

enum galen_err storing_check_signature(struct workflow *wf, struct groupsig_verified *verified,
                                       uint32_t key_version, const uint8_t sig362[362],
                                       const uint8_t root32[32], const struct chain_address *owner,
                                       struct galen_errinfo *info)
{
    uint8_t msg32[32];
    bool valid = false;
    GALEN_TRY(record_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, root32,
                           owner->bytes, info));
    GALEN_TRY(workflow_verify_signature(wf, &valid, verified, key_version, sig362, msg32, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the group signature is not valid for this record and patient");
    return GALEN_OK;
}

/* One release of the patient's: its address and its signature; root receives its Merkle root. */
static enum galen_err check_release(struct workflow *wf, const struct storing_opened *opened,
                                    struct json_object *value, const uint8_t sale33[33],
                                    uint8_t root[32], struct galen_errinfo *info)
{
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    struct chain_address expected, named;
    uint8_t msg32[32];
    bool valid = false;
    GALEN_TRY(record_release_parse(&release, value, info));
    if (release.key_version != opened->key_version)
        return base_fail(info, GALEN_ERR_CHECK, "a release names another group key version");
    GALEN_TRY(chain_release_address(&expected, sale33, release.seed, info));
    GALEN_TRY(workflow_get_address(&named, value, "releaseAddr", "release", info));
    if (!chain_address_equal(&expected, &named))
        return base_fail(info, GALEN_ERR_CHECK,
                         "a release's address does not belong to the patient's sale key");
    GALEN_TRY(record_release_tree(&tree, &release, info));
    record_tree_root(root, tree);
    GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, root,
                                   named.bytes, info));
    GALEN_TRY(
        workflow_verify_signature(wf, &valid, NULL, release.key_version, release.sig, msg32, info));
    if (!valid)
        return base_fail(info, GALEN_ERR_CHECK, "a release's group signature is not valid");
    return GALEN_OK;
}

enum galen_err storing_check_releases(struct workflow *wf, const struct storing_opened *opened,
                                      const struct chain_address *patient,
                                      uint8_t roots[STORING_MAX_RELEASES][32], size_t *n_roots,
                                      struct galen_errinfo *info)
{
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    uint8_t sale33[CHAIN_PUBLIC_KEY_BYTES];
    GALEN_TRY(workflow_secret_get(wf, &secret, WORKFLOW_KEY_SALE, patient, info));
    GALEN_TRY(chain_key_from_bytes(&sale, secret.data, info));
    GALEN_TRY(chain_key_public(&sale, sale33, info));
    size_t n = json_object_array_length(opened->releases);
    for (size_t i = 0; i < n; i++) {
        GALEN_TRY(check_release(wf, opened, json_object_array_get_idx(opened->releases, i), sale33,
                                roots[i], info));
        for (size_t before = 0; before < i; before++)
            if (memcmp(roots[before], roots[i], 32) == 0)
                return base_fail(info, GALEN_ERR_CHECK, "two releases of the record are the same");
    }
    *n_roots = n;
    return GALEN_OK;
}

/* ---- for other workflows ------------------------------------------------------------------------ */

enum galen_err storing_open_row(struct workflow *wf, int64_t id, struct storing_opened *out,
                                struct galen_errinfo *info)
{
    struct storing_row row;
    BASE_BUF_AUTO envelope = {0};
    STORING_OPENED_AUTO opened = {0};
    GALEN_TRY(storing_get_row(wf, &row, id, info));
    if (strcmp(row.side, "patient") != 0)
        return STEPS_FAIL(info, GALEN_ERR_NOT_FOUND, "only its patient's home can open a record",
                          "this home has no such record of a patient of its own");
    struct galen_errinfo why = {0};
    enum galen_err err = storing_get_envelope(wf, &envelope, &row, &why);
    if (err == GALEN_ERR_NOT_FOUND) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "the record's block is not at hand%s%s",
                  why.hint[0] != '\0' ? ", " : "", why.hint);
        (void)base_hint(info, "run 'galen sync' when it can be had");
        return GALEN_ERR_NOT_FOUND;
    }
    if (err != GALEN_OK && info != NULL)
        *info = why;
    GALEN_TRY(err);
    BASE_BUF_AUTO cert = {0};
    GALEN_TRY(storing_check_cert(&row, steps_view(&envelope), &cert, info));
    GALEN_TRY(storing_decrypt(wf, &row, steps_view(&envelope), &opened, info));
    GALEN_TRY(storing_check_root(&opened, info));
    GALEN_TRY(topup_add_kept(wf, &opened, info));
    base_buf_move(&opened.cert, &cert);
    *out = opened;
    opened = (struct storing_opened){0};
    return GALEN_OK;
}

enum galen_err storing_open_record(struct workflow *wf, const char *reference,
                                   struct storing_opened *out, struct galen_errinfo *info)
{
    struct storing_row row;
    GALEN_TRY(storing_find_row(wf, &row, reference, "patient", info));
    return storing_open_row(wf, row.id, out, info);
}
