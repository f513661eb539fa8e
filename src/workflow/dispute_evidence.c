/* Evidence: what the buyer gives both managers, so that they see exactly what it saw. A manager
 * keeps it sealed to its home and can delete it. */
#include <stdlib.h>
#include <string.h>

#include "workflow/dispute_internal.h"

#define NAME_TEXT 80

/* The template's private key lies in the key store: the buyer's own, or a manager's copy. */
static void key_name(char out[NAME_TEXT], const char *whose, const uint8_t template_hash32[32])
{
    char hex[65];
    base_hex_encode(hex, template_hash32, 32);
    snprintf(out, NAME_TEXT, "%s-%s", whose, hex);
}

static enum galen_err need_keys(const struct workflow *wf, struct galen_errinfo *info)
{
    if (wf->keys != NULL)
        return GALEN_OK;
    return STEPS_FAIL(info, GALEN_ERR_PASSWORD,
                      "give the password with --password-file FILE, or at the prompt",
                      "evidence needs the home's keys");
}

enum galen_err dispute_load_key(struct workflow *wf, struct base_secret *out,
                                const uint8_t template_hash32[32], struct galen_errinfo *info)
{
    static const char *const whose[] = {WORKFLOW_KEY_BUYER, WORKFLOW_KEY_JUDGE};
    GALEN_TRY(need_keys(wf, info));
    for (size_t i = 0; i < 2; i++) {
        char name[NAME_TEXT];
        bool own = true;
        key_name(name, whose[i], template_hash32);
        if (wf->has_actor)
            GALEN_TRY(workflow_secret_belongs(wf, &own, name, &wf->actor, info));
        if (!own)
            continue;
        enum galen_err err = seal_keystore_get(out, wf->keys, name, info);
        if (err != GALEN_ERR_NOT_FOUND)
            return err;
    }
    return base_fail(info, GALEN_ERR_NOT_FOUND,
                     "this home has no key of the request: it is another buyer's, and no evidence "
                     "has come");
}

/* ---- the message ------------------------------------------------------------------------------- */

void dispute_message_clear(struct dispute_message *message)
{
    base_secret_clear(&message->buyer_key);
    *message = (struct dispute_message){0};
}

static enum galen_err parse_key(struct base_secret *out, struct json_object *jwk,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    BASE_SECRET_AUTO key = {0};
    struct seal_public_key public_key;
    GALEN_TRY(record_json_jcs(&text, jwk, info));
    GALEN_TRY(base_secret_copy(&key, text.data, text.len));
    GALEN_TRY(seal_key_public(&public_key, &key, info));
    *out = key;
    key = (struct base_secret){0};
    return GALEN_OK;
}

/* One entry: *bundle_cid (text) and *ek are NULL where there is none. */
static enum galen_err parse_row(struct json_object *row, int64_t least, int64_t *index,
                                const char **bundle_cid, const char **ek,
                                struct galen_errinfo *info)
{
    static const char *const required[] = {"index", NULL};
    static const char *const optional[] = {"bundleCid", "ek", "failed", NULL};
    const char *where = "evidence/entries";
    uint8_t cid[32];
    bool failed = false;
    *bundle_cid = NULL;
    *ek = NULL;
    GALEN_TRY(record_json_check_keys(row, required, optional, where, info));
    GALEN_TRY(record_json_get_int(index, row, "index", RECORD_JSON_REQUIRED, least,
                                  PURCHASING_MAX_ENTRIES - 1, where, info));
    GALEN_TRY(record_json_get_text(bundle_cid, row, "bundleCid", RECORD_JSON_OPTIONAL,
                                   STORE_CID_TEXT, where, info));
    GALEN_TRY(
        record_json_get_text(ek, row, "ek", RECORD_JSON_OPTIONAL, PURCHASING_EK_MAX, where, info));
    GALEN_TRY(record_json_get_bool(&failed, row, "failed", RECORD_JSON_OPTIONAL, where, info));
    if (*bundle_cid != NULL)
        return store_cid_parse(cid, *bundle_cid, info);
    if (*ek != NULL)
        return base_fail(info, GALEN_ERR_PARSE, "%s: a key without its bundle", where);
    return GALEN_OK;
}

enum galen_err dispute_parse_evidence(struct dispute_message *out, struct json_object *body,
                                      struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "requestId", "buyerKey", "reason", "entries", NULL};
    const enum record_json_need need = RECORD_JSON_REQUIRED;
    DISPUTE_MESSAGE_AUTO read = {0};
    struct json_object *jwk = NULL;
    int64_t id = 0;
    int64_t least = 0;
    GALEN_TRY(record_json_check_keys(body, keys, NULL, "evidence", info));
    GALEN_TRY(record_json_check_type(body, DISPUTE_EVIDENCE_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, body, "requestId", need, 1, INT64_MAX, "evidence", info));
    GALEN_TRY(record_json_get_text(&read.reason, body, "reason", need, DISPUTE_REASON_MAX,
                                   "evidence", info));
    if (read.reason[0] == '\0')
        return base_fail(info, GALEN_ERR_PARSE, "evidence/reason: empty");
    GALEN_TRY(record_json_get_array(&read.entries, body, "entries", need, 1, DISPUTE_EVIDENCE_PART,
                                    "evidence", info));
    for (size_t i = 0; i < json_object_array_length(read.entries); i++) {
        int64_t index = 0;
        const char *cid = NULL;
        const char *ek = NULL;
        GALEN_TRY(
            parse_row(json_object_array_get_idx(read.entries, i), least, &index, &cid, &ek, info));
        least = index + 1;
    }
    GALEN_TRY(record_json_get_object(&jwk, body, "buyerKey", need, "evidence", info));
    GALEN_TRY(parse_key(&read.buyer_key, jwk, info));
    read.request_id = (uint64_t)id;
    *out = read;
    read = (struct dispute_message){0};
    return GALEN_OK;
}

/* ---- sent ---------------------------------------------------------------------------------------- */

enum galen_err dispute_check_managers(struct workflow *wf, struct chain_address managers[2],
                                      struct galen_errinfo *info)
{
    static const char *const names[] = {"the group manager", "the revocation manager"};
    GALEN_TRY(workflow_managers(wf, &managers[0], &managers[1], info));
    for (size_t i = 0; i < 2; i++) {
        struct workflow_contact contact;
        enum galen_err err = workflow_contact_get(wf, &contact, &managers[i], info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s", names[i]);
    }
    return GALEN_OK;
}

/* What the patient itself sent, else what the manifest says; nothing when neither is there. */
static enum galen_err add_key(struct workflow *wf, struct json_object *row, uint64_t request_id,
                              const struct purchasing_manifest_read *manifest, uint64_t index,
                              struct galen_errinfo *info)
{
    PURCHASING_LATE_KEY_AUTO late = {.index = index};
    bool is_late = false;
    GALEN_TRY(purchasing_next_late_key(wf, &late, &is_late, request_id, info));
    if (is_late && late.index == index) {
        GALEN_TRY(workflow_set_cid(row, "bundleCid", late.bundle_cid, info));
        return workflow_set_text(row, "ek", late.ek, info);
    }
    if (index >= manifest->n)
        return GALEN_OK;
    GALEN_TRY(workflow_set_cid(row, "bundleCid", manifest->rows[index].bundle_cid, info));
    if (manifest->rows[index].ek == NULL)
        return GALEN_OK;
    return workflow_set_text(row, "ek", manifest->rows[index].ek, info);
}

/* What the buyer's own verification said of the entry. */
static enum galen_err add_failed(struct workflow *wf, struct json_object *row, uint64_t request_id,
                                 uint64_t index, struct galen_errinfo *info)
{
    int64_t failed = 0;
    GALEN_TRY(db_get_int(wf->db, &failed, 0, info,
                         "SELECT count(*) FROM entry_fault WHERE request_id = ? AND position = ?",
                         DB_INT(request_id), DB_INT(index)));
    return failed > 0 ? workflow_set_bool(row, "failed", true, info) : GALEN_OK;
}

static enum galen_err add_rows(struct workflow *wf, struct json_object *body, uint64_t request_id,
                               const struct purchasing_manifest_read *manifest,
                               const uint64_t *indices, size_t n, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < n; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_int(row, "index", (int64_t)indices[i], info));
        GALEN_TRY(add_key(wf, row, request_id, manifest, indices[i], info));
        GALEN_TRY(add_failed(wf, row, request_id, indices[i], info));
        GALEN_TRY(workflow_push(list, &row, info));
    }
    return workflow_set_object(body, "entries", &list, info);
}

static enum galen_err send_part(struct workflow *wf, const struct chain_address *buyer,
                                uint64_t request_id, const struct base_secret *key,
                                const struct purchasing_manifest_read *manifest,
                                const uint64_t *indices, size_t n, const char *reason,
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO jwk = NULL;
    struct chain_address managers[2];
    uint8_t id[32];
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", DISPUTE_EVIDENCE_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_text(body, "reason", reason, info));
    GALEN_TRY(record_json_parse(&jwk, (const char *)key->data, key->len, key->len, info));
    GALEN_TRY(workflow_set_object(body, "buyerKey", &jwk, info));
    GALEN_TRY(add_rows(wf, body, request_id, manifest, indices, n, info));
    GALEN_TRY(record_json_hash(id, body, info));
    GALEN_TRY(dispute_check_managers(wf, managers, info));
    for (size_t i = 0; i < 2; i++)
        GALEN_TRY(message_send(wf, buyer, &managers[i], MESSAGE_DISPUTE_EVIDENCE, id, body, info));
    return GALEN_OK;
}

enum galen_err dispute_send_evidence(struct workflow *wf, const struct chain_address *buyer,
                                     uint64_t request_id, const uint64_t *indices, size_t n,
                                     const char *reason, struct galen_errinfo *info)
{
    PURCHASING_MANIFEST_READ_AUTO manifest = {0};
    BASE_SECRET_AUTO key = {0};
    struct purchasing_row row;
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(dispute_load_key(wf, &key, row.template_hash, info));
    /* What the buyer cannot read itself, the managers look for. */
    enum galen_err err = row.is_sealed ? purchasing_read_manifest(wf, &manifest, row.id,
                                                                  row.manifest_cid, info)
                                       : GALEN_ERR_NOT_FOUND;
    if (steps_is_fatal(err))
        return err;
    for (size_t first = 0; first < n; first += DISPUTE_EVIDENCE_PART) {
        size_t left = n - first;
        GALEN_TRY(send_part(wf, buyer, request_id, &key, &manifest, indices + first,
                            left < DISPUTE_EVIDENCE_PART ? left : DISPUTE_EVIDENCE_PART, reason,
                            info));
    }
    return GALEN_OK;
}

/* ---- received ------------------------------------------------------------------------------------ */

/* The key must be the private half of the template's: then nothing else can be shown with it. */
static enum galen_err check_key(struct workflow *wf, const struct purchasing_row *row,
                                const struct purchasing_onchain *chain,
                                const struct base_secret *key, struct galen_errinfo *info)
{
    RECORD_TEMPLATE_AUTO wanted = {0};
    struct seal_public_key given;
    struct seal_public_key asked;
    enum galen_err err = purchasing_read_template(wf, &wanted, NULL, row, chain, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_ERR_STATE; /* its block may still come */
    GALEN_TRY(err);
    GALEN_TRY(purchasing_buyer_key(&asked, &wanted, info));
    GALEN_TRY(seal_key_public(&given, key, info));
    if (memcmp(given.x32, asked.x32, 32) != 0 || memcmp(given.y32, asked.y32, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK,
                         "the key is not the private half of the template's");
    return GALEN_OK;
}

/* From the request's buyer to a manager, about entries that are or were in dispute. */
static enum galen_err check_message(struct workflow *wf, const struct message *message,
                                    const struct dispute_message *evidence,
                                    struct purchasing_row *row, struct galen_errinfo *info)
{
    struct chain_address gm, rm;
    struct purchasing_onchain chain;
    GALEN_TRY(purchasing_read_chain(wf, &chain, evidence->request_id, info));
    if (!chain_address_equal(&message->sender, &chain.buyer))
        return base_fail(info, GALEN_ERR_CHECK, "the evidence is not from the request's buyer");
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    if (!chain_address_equal(&message->recipient, &gm) &&
        !chain_address_equal(&message->recipient, &rm))
        return base_fail(info, GALEN_ERR_CHECK, "evidence is for the managers, not for others");
    if (chain.state != PURCHASING_DELIVERED && chain.state != PURCHASING_FINALIZED)
        return base_fail(info, GALEN_ERR_CHECK, "nothing of this request can be in dispute");
    enum galen_err err = purchasing_read_row(wf, row, evidence->request_id, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_ERR_STATE;
    GALEN_TRY(err);
    for (size_t i = 0; i < json_object_array_length(evidence->entries); i++) {
        struct json_object *index = NULL;
        int64_t status = -1;
        json_object_object_get_ex(json_object_array_get_idx(evidence->entries, i), "index", &index);
        if (json_object_get_int64(index) >= chain.count)
            return base_fail(info, GALEN_ERR_CHECK, "the evidence is about an entry that is none");
        GALEN_TRY(db_get_int(wf->db, &status, -1, info,
                             "SELECT status FROM entry WHERE request_id = ? AND position = ?",
                             DB_INT(evidence->request_id), DB_INT(json_object_get_int64(index))));
        if (status <= DISPUTE_UNSETTLED)
            return base_fail(info, GALEN_ERR_STATE, "the dispute is not on the chain yet");
    }
    return check_key(wf, row, &chain, &evidence->buyer_key, info);
}

static enum galen_err keep_entry(struct workflow *wf, const struct chain_address *holder,
                                 const struct dispute_message *evidence, struct json_object *given,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO kept = NULL;
    BASE_BUF_AUTO sealed = {0};
    struct json_object *index = NULL;
    GALEN_TRY(record_json_copy(&kept, given, info));
    json_object_object_get_ex(given, "index", &index);
    json_object_object_del(kept, "index");
    GALEN_TRY(workflow_set_text(kept, "reason", evidence->reason, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, kept, info));
    return db_run(wf->db, info, "INSERT OR REPLACE INTO dispute_evidence VALUES (?, ?, ?, ?, ?)",
                  DB_BLOB(holder->bytes, 20), DB_INT(evidence->request_id),
                  DB_INT(json_object_get_int64(index)), DB_BLOB(sealed.data, sealed.len),
                  DB_INT(base_time_s()));
}

enum galen_err dispute_on_evidence(struct workflow *wf, const struct message *message,
                                   struct galen_errinfo *info)
{
    DISPUTE_MESSAGE_AUTO evidence = {0};
    struct purchasing_row row;
    char name[NAME_TEXT];
    char subject[24];
    GALEN_TRY(dispute_parse_evidence(&evidence, message->body, info));
    GALEN_TRY(check_message(wf, message, &evidence, &row, info));
    key_name(name, WORKFLOW_KEY_JUDGE, row.template_hash);
    GALEN_TRY(
        seal_keystore_put(wf->keys, name, evidence.buyer_key.data, evidence.buyer_key.len, info));
    {
        DB_TRANSACTION_AUTO tx = {0};
        GALEN_TRY(db_begin(&tx, wf->db, info));
        for (size_t i = 0; i < json_object_array_length(evidence.entries); i++)
            GALEN_TRY(keep_entry(wf, &message->recipient, &evidence,
                                 json_object_array_get_idx(evidence.entries, i), info));
        GALEN_TRY(db_commit(&tx, info));
    }
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)row.id);
    return workflow_notify(wf, &message->recipient, "dispute-evidence", subject, info);
}

/* ---- kept ------------------------------------------------------------------------------------------ */

void dispute_evidence_clear(struct dispute_evidence *evidence)
{
    free(evidence->ek);
    *evidence = (struct dispute_evidence){0};
}

static enum galen_err read_kept(struct dispute_evidence *out, struct json_object *kept,
                                struct galen_errinfo *info)
{
    DISPUTE_EVIDENCE_AUTO read = {0};
    const char *reason = NULL;
    const char *cid = NULL;
    const char *ek = NULL;
    GALEN_TRY(record_json_get_text(&reason, kept, "reason", RECORD_JSON_REQUIRED,
                                   DISPUTE_REASON_MAX, "evidence", info));
    GALEN_TRY(record_json_get_text(&cid, kept, "bundleCid", RECORD_JSON_OPTIONAL, STORE_CID_TEXT,
                                   "evidence", info));
    GALEN_TRY(record_json_get_text(&ek, kept, "ek", RECORD_JSON_OPTIONAL, PURCHASING_EK_MAX,
                                   "evidence", info));
    GALEN_TRY(record_json_get_bool(&read.has_failed, kept, "failed", RECORD_JSON_OPTIONAL,
                                   "evidence", info));
    snprintf(read.reason, sizeof read.reason, "%s", reason);
    read.has_bundle = cid != NULL;
    if (cid != NULL)
        GALEN_TRY(store_cid_parse(read.bundle_cid, cid, info));
    if (ek != NULL && (read.ek = strdup(ek)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *out = read;
    read = (struct dispute_evidence){0};
    return GALEN_OK;
}

enum galen_err dispute_load_evidence(struct workflow *wf, struct dispute_evidence *out, bool *found,
                                     uint64_t request_id, uint64_t index,
                                     struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO kept = NULL;
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT sealed, 0 FROM dispute_evidence"
                       " WHERE request_id = ?1 AND position = ?2"
                       " UNION ALL SELECT sealed, 1 FROM dispute"
                       " WHERE request_id = ?1 AND position = ?2 ORDER BY 2 LIMIT 1",
                       DB_INT(request_id), DB_INT(index)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    GALEN_TRY(workflow_home_open(wf, &kept, db_blob(&rows, 0), info));
    return read_kept(out, kept, info);
}

enum galen_err dispute_forget(struct workflow *wf, uint64_t request_id, struct json_object **result,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    DISPUTE_ENTRIES_AUTO known = {0};
    struct purchasing_onchain chain;
    struct purchasing_row row;
    char name[NAME_TEXT];
    char when[BASE_TIME_TEXT];
    GALEN_TRY(need_keys(wf, info));
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    GALEN_TRY(dispute_read_entries(wf, &known, &chain, NULL, 0, info));
    base_time_format(when, chain.rule_by);
    for (size_t i = 0; i < known.n && chain.now < chain.rule_by; i++)
        if (known.items[i].status == DISPUTE_DISPUTED)
            return base_fail(info, GALEN_ERR_STATE,
                             "entry %llu of request %llu can be ruled until %s: its evidence stays",
                             (unsigned long long)known.items[i].index,
                             (unsigned long long)request_id, when);
    key_name(name, WORKFLOW_KEY_JUDGE, row.template_hash);
    GALEN_TRY(db_run(wf->db, info, "DELETE FROM dispute_evidence WHERE request_id = ?",
                     DB_INT(request_id)));
    int64_t deleted = db_changes(wf->db);
    GALEN_TRY(db_run(wf->db, info,
                     "DELETE FROM late_key WHERE request_id = ? AND holder IN"
                     " (SELECT address FROM identity WHERE role IN ('gm', 'rm'))",
                     DB_INT(request_id)));
    enum galen_err err = seal_keystore_remove(wf->keys, name, info);
    if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
        return err;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_int(made, "deleted", deleted, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
