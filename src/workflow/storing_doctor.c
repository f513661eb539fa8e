/*
 * Storing, steps 1 to 4, on the doctor's side and in memory until the block is put: the record and
 * its IDrec, the group signatures, the envelope under K_patient with its CERT, the block. Nothing
 * that leaves names the doctor.
 */
#include "workflow/import_internal.h"
#include "workflow/storing_internal.h"

#include <stdlib.h>
#include <string.h>

enum stage { STAGE_NONE, STAGE_CREATED, STAGE_SIGNED, STAGE_ENCRYPTED, STAGE_UPLOADED };

struct storing_draft {
    enum stage stage;
    bool from_wallet;
    size_t n_releases;
    struct chain_address doctor;
    struct workflow_contact patient, hospital, gm, rm;
    struct json_object *record;
    uint8_t seed[RECORD_SEED_BYTES]; /* secret */
    uint8_t idrec[32];
    uint32_t leaves;
    uint32_t key_version;
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    struct json_object *content;  /* of every release */
    struct json_object *releases; /* array of galen.release/1: secret */
    struct json_object *card;     /* the hospital's index card */
    uint8_t card_sig[GROUPSIG_SIGNATURE_BYTES];
    struct base_buf envelope;
    uint8_t cid[32];
    int64_t row_id;
    int64_t import_id; /* 0: of none */
    uint8_t import_mark[32];
};

void storing_draft_free(struct storing_draft **draft)
{
    if (*draft == NULL)
        return;
    record_json_put(&(*draft)->record);
    record_json_put(&(*draft)->content);
    record_json_put(&(*draft)->releases);
    record_json_put(&(*draft)->card);
    base_buf_clear(&(*draft)->envelope);
    base_wipe(*draft, sizeof **draft);
    free(*draft);
    *draft = NULL;
}

void storing_draft_of_import(struct storing_draft *draft, int64_t import_id,
                             const uint8_t mark32[32])
{
    draft->import_id = import_id;
    memcpy(draft->import_mark, mark32, sizeof draft->import_mark);
}

static enum galen_err need_stage(const struct storing_draft *draft, enum stage stage,
                                 struct galen_errinfo *info)
{
    return draft->stage == stage
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_STATE, "the steps of storing were called out of order");
}

/* ---- step 1 ------------------------------------------------------------------------------------- */

/* A contact that making a record cannot do without. */
static enum galen_err need_contact(struct workflow *wf, struct workflow_contact *contact,
                                   const struct chain_address *address, const char *whose,
                                   struct galen_errinfo *info)
{
    char text[CHAIN_ADDRESS_TEXT];
    enum galen_err err = workflow_contact_get(wf, contact, address, info);
    if (err != GALEN_ERR_NOT_FOUND)
        return err;
    chain_address_format(text, address);
    base_fail(info, GALEN_ERR_NOT_FOUND, "the keys of the %s %s are not known here", whose, text);
    (void)base_hint(info,
                    "add the contact card ('galen profile import FILE'), or let the %s publish a "
                    "profile and run 'galen sync'",
                    whose);
    return GALEN_ERR_NOT_FOUND;
}

static enum galen_err find_parties(struct workflow *wf, struct storing_draft *draft,
                                   struct galen_errinfo *info)
{
    struct chain_address patient, hospital_address, gm, rm;
    GALEN_TRY(workflow_get_address(&patient, draft->record, "patient", "record", info));
    GALEN_TRY(storing_hospital_of(&hospital_address, draft->record, info));
    GALEN_TRY(workflow_managers(wf, &gm, &rm, info));
    GALEN_TRY(need_contact(wf, &draft->patient, &patient, "patient", info));
    GALEN_TRY(need_contact(wf, &draft->hospital, &hospital_address, "hospital", info));
    GALEN_TRY(need_contact(wf, &draft->gm, &gm, "Group Manager", info));
    return need_contact(wf, &draft->rm, &rm, "Revocation Manager", info);
}

enum galen_err storing_create_record(struct workflow *wf, struct storing_draft **out,
                                     const struct chain_address *doctor, struct json_object *record,
                                     const struct storing_options *options,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(steps_need_role(wf, doctor, "doctor", info));
    int releases = options != NULL && options->releases >= 0 ? options->releases : STORING_RELEASES;
    if (releases > STORING_MAX_RELEASES)
        return base_fail(info, GALEN_ERR_USAGE, "a record has at most %d releases",
                         STORING_MAX_RELEASES);
    if (options != NULL && options->from_wallet) {
        bool is_browser = false;
        GALEN_TRY(workflow_is_browser(wf, &is_browser, doctor, info));
        if (is_browser)
            return STEPS_FAIL(info, GALEN_ERR_UNSUPPORTED, "let the hospital relay it",
                              "a browser wallet cannot send a record's transaction");
    }
    GALEN_TRY(record_validate(record, info));
    STORING_DRAFT_AUTO draft = calloc(1, sizeof *draft);
    if (draft == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    draft->doctor = *doctor;
    draft->n_releases = (size_t)releases;
    draft->from_wallet = options != NULL && options->from_wallet;
    GALEN_TRY(record_json_copy(&draft->record, record, info));
    GALEN_TRY(find_parties(wf, draft, info));
    base_random(draft->seed, sizeof draft->seed);
    RECORD_TREE_AUTO tree = NULL;
    GALEN_TRY(record_tree_new(&tree, draft->record, draft->seed, info));
    record_tree_root(draft->idrec, tree);
    draft->leaves = record_tree_leaf_count(tree);
    draft->stage = STAGE_CREATED;
    *out = draft;
    draft = NULL;
    return GALEN_OK;
}

/* ---- step 2 ------------------------------------------------------------------------------------- */

enum galen_err storing_sign_record(struct workflow *wf, struct storing_draft *draft,
                                   struct galen_errinfo *info)
{
    STORING_SIGNER_AUTO signer = {0};
    uint8_t msg32[32];
    GALEN_TRY(need_stage(draft, STAGE_CREATED, info));
    GALEN_TRY(storing_signer_load(wf, &signer, &draft->doctor, info));
    draft->key_version = signer.key_version;
    GALEN_TRY(record_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, draft->idrec,
                           draft->patient.address.bytes, info));
    GALEN_TRY(storing_sign(&signer, draft->sig, msg32, info));
    record_json_put(&draft->content);
    GALEN_TRY(record_release_content(&draft->content, draft->record, info));
    record_json_put(&draft->releases);
    GALEN_TRY(storing_make_releases(wf, &signer, draft->patient.sale_key, draft->content,
                                    draft->n_releases, &draft->releases, info));
    record_json_put(&draft->card);
    GALEN_TRY(storing_make_index_card(&draft->card, draft->idrec, &draft->patient.address,
                                      draft->content, info));
    GALEN_TRY(storing_card_msg32(wf, msg32, &draft->hospital.address, draft->card, info));
    GALEN_TRY(storing_sign(&signer, draft->card_sig, msg32, info));
    draft->stage = STAGE_SIGNED;
    return GALEN_OK;
}

/* ---- step 3 ------------------------------------------------------------------------------------- */

static enum galen_err make_cert(struct storing_draft *draft, const uint8_t k_patient32[32],
                                struct base_buf *cert, struct base_buf *eid,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO hospital_text = {0};
    RECORD_JSON_AUTO hospital = NULL;
    struct json_object *in_record = NULL;
    const char *name = NULL;
    char patient[CHAIN_ADDRESS_TEXT];
    GALEN_TRY(record_json_get_object(&in_record, draft->record, "hospital", RECORD_JSON_REQUIRED,
                                     "record", info));
    GALEN_TRY(record_json_get_text(&name, in_record, "name", RECORD_JSON_REQUIRED,
                                   RECORD_MAX_TEXT_BYTES, "record/hospital", info));
    GALEN_TRY(workflow_object(&hospital, info));
    GALEN_TRY(workflow_set_text(hospital, "name", name, info));
    GALEN_TRY(workflow_set_address(hospital, "address", &draft->hospital.address, info));
    GALEN_TRY(record_json_jcs(&hospital_text, hospital, info));
    chain_address_format(patient, &draft->patient.address);
    GALEN_TRY(seal_make_eid(eid, draft->idrec, patient, (const char *)hospital_text.data,
                            k_patient32, &draft->gm.encryption, &draft->rm.encryption, info));
    return seal_cert_encode(cert, draft->sig, steps_view(eid), info);
}

/* What the envelope holds, JCS: it has seeds in it, base_buf wipes them. */
static enum galen_err make_plaintext(struct storing_draft *draft, const struct base_buf *eid,
                                     struct base_buf *text, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO record = NULL;
    RECORD_JSON_AUTO releases = NULL;
    char context_text[STORING_CONTEXT_TEXT];
    storing_context(context_text, draft->idrec, &draft->patient.address, steps_view(eid));
    GALEN_TRY(
        record_json_parse(&context, context_text, strlen(context_text), sizeof context_text, info));
    GALEN_TRY(record_json_copy(&record, draft->record, info));
    GALEN_TRY(record_json_copy(&releases, draft->releases, info));
    GALEN_TRY(workflow_object(&content, info));
    GALEN_TRY(workflow_set_object(content, "context", &context, info));
    GALEN_TRY(workflow_set_object(content, "record", &record, info));
    GALEN_TRY(workflow_set_object(content, "releases", &releases, info));
    GALEN_TRY(record_json_set_hex(content, "seed", draft->seed, sizeof draft->seed, info));
    GALEN_TRY(workflow_set_int(content, "keyVersion", draft->key_version, info));
    return record_json_jcs(text, content, info);
}

enum galen_err storing_encrypt_record(struct workflow *wf, struct storing_draft *draft,
                                      struct galen_errinfo *info)
{
    (void)wf;
    BASE_SECRET_AUTO k_patient = {0};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO text = {0};
    GALEN_TRY(need_stage(draft, STAGE_SIGNED, info));
    GALEN_TRY(base_secret_alloc(&k_patient, SEAL_KEY_BYTES));
    base_random(k_patient.data, k_patient.len);
    GALEN_TRY(make_cert(draft, k_patient.data, &cert, &eid, info));
    GALEN_TRY(make_plaintext(draft, &eid, &text, info));
    enum galen_err err = seal_envelope(&draft->envelope, &draft->patient.encryption, k_patient.data,
                                       steps_view(&cert), steps_view(&text), info);
    if (err == GALEN_ERR_LIMIT)
        return STEPS_FAIL(
            info, GALEN_ERR_LIMIT, "make one record for each encounter, or fewer releases",
            "the record with its releases is larger than one block of %d bytes", STORE_BLOCK_MAX);
    GALEN_TRY(err);
    store_digest(draft->cid, draft->envelope.data, draft->envelope.len);
    draft->stage = STAGE_ENCRYPTED;
    return GALEN_OK;
}

/* ---- step 4 ------------------------------------------------------------------------------------- */

/* What step 5 needs and only the doctor knows, sealed to this home until it is handed over. */
static enum galen_err seal_unsent(struct workflow *wf, const struct storing_draft *draft,
                                  struct base_buf *sealed, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO unsent = NULL;
    RECORD_JSON_AUTO card = NULL;
    GALEN_TRY(record_json_copy(&card, draft->card, info));
    GALEN_TRY(workflow_object(&unsent, info));
    GALEN_TRY(workflow_set_text(unsent, "type", UNSENT_TYPE, info));
    GALEN_TRY(workflow_set_address(unsent, "hospital", &draft->hospital.address, info));
    GALEN_TRY(workflow_set_object(unsent, "card", &card, info));
    GALEN_TRY(
        record_json_set_hex(unsent, "cardSig", draft->card_sig, sizeof draft->card_sig, info));
    GALEN_TRY(workflow_set_bool(unsent, "fromWallet", draft->from_wallet, info));
    return workflow_home_seal(wf, sealed, unsent, info);
}

static enum galen_err insert_row(struct workflow *wf, struct storing_draft *draft,
                                 const struct base_buf *unsent, struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO both = {0};
    GALEN_TRY(db_begin(&both, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO record (holder, side, merkle_root, cid, owner, key_version,"
                     " signature, state, unsent, created_at)"
                     " VALUES (?, 'doctor', ?, ?, ?, ?, ?, 'made', ?, ?)",
                     DB_BLOB(draft->doctor.bytes, 20), DB_BLOB(draft->idrec, 32),
                     DB_BLOB(draft->cid, 32), DB_BLOB(draft->patient.address.bytes, 20),
                     DB_INT(draft->key_version), DB_BLOB(draft->sig, sizeof draft->sig),
                     DB_BLOB(unsent->data, unsent->len), DB_INT(base_time_s())));
    const int64_t id = db_last_id(wf->db);
    GALEN_TRY(
        topup_keep_source(wf, id, &draft->hospital.address, draft->seed, draft->content, info));
    if (draft->import_id != 0)
        GALEN_TRY(import_keep(wf, draft->import_id, &draft->doctor, draft->import_mark, info));
    GALEN_TRY(db_commit(&both, info));
    draft->row_id = id;
    return GALEN_OK;
}

enum galen_err storing_upload_record(struct workflow *wf, struct storing_draft *draft,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(need_stage(draft, STAGE_ENCRYPTED, info));
    if (!wf->dry_run) {
        BASE_BUF_AUTO unsent = {0};
        GALEN_TRY(seal_unsent(wf, draft, &unsent, info));
        GALEN_TRY(store_put(NULL, wf->store, draft->envelope.data, draft->envelope.len, info));
        GALEN_TRY(insert_row(wf, draft, &unsent, info));
    }
    draft->stage = STAGE_UPLOADED;
    return GALEN_OK;
}

/* ---- step 5 ------------------------------------------------------------------------------------- */

/* A dry run has no row; what would be sent from the wallet is estimated. */
static enum galen_err dry_hand_over(struct workflow *wf, const struct storing_draft *draft,
                                    struct json_object **tx, struct galen_errinfo *info)
{
    bool dry = false;
    if (!draft->from_wallet)
        return steps_dry_run(wf, &dry, tx, info);
    struct storing_row row = {.holder = draft->doctor,
                              .owner = draft->patient.address,
                              .key_version = draft->key_version};
    memcpy(row.root, draft->idrec, 32);
    memcpy(row.cid, draft->cid, 32);
    memcpy(row.sig, draft->sig, sizeof row.sig);
    return storing_send_from_wallet(wf, &row, tx, info);
}

enum galen_err storing_hand_over(struct workflow *wf, struct storing_draft *draft,
                                 struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO tx = NULL;
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(need_stage(draft, STAGE_UPLOADED, info));
    if (draft->row_id == 0)
        GALEN_TRY(dry_hand_over(wf, draft, &tx, info));
    else
        GALEN_TRY(storing_send_row(wf, draft->row_id, &tx, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(record_json_set_hex(made, "merkleRoot", draft->idrec, 32, info));
    GALEN_TRY(workflow_set_cid(made, "cid", draft->cid, info));
    GALEN_TRY(record_json_set_hex(made, "sig", draft->sig, sizeof draft->sig, info));
    GALEN_TRY(workflow_set_int(made, "keyVersion", draft->key_version, info));
    GALEN_TRY(workflow_set_address(made, "patient", &draft->patient.address, info));
    GALEN_TRY(workflow_set_address(made, "hospital", &draft->hospital.address, info));
    GALEN_TRY(workflow_set_int(made, "leaves", draft->leaves, info));
    GALEN_TRY(workflow_set_int(made, "releases", (int64_t)draft->n_releases, info));
    GALEN_TRY(workflow_set_int(made, "envelopeBytes", (int64_t)draft->envelope.len, info));
    if (tx != NULL)
        GALEN_TRY(workflow_set_object(made, "tx", &tx, info));
    if (draft->from_wallet)
        GALEN_TRY(workflow_set_text(made, "warning",
                                    "the transaction shows everyone the doctor's wallet beside the "
                                    "record; the hospital's relay does not",
                                    info));
    workflow_give(result, &made);
    return GALEN_OK;
}

enum galen_err storing_store(struct workflow *wf, const struct chain_address *doctor,
                             struct json_object *record, const struct storing_options *options,
                             struct json_object **result, struct galen_errinfo *info)
{
    STORING_DRAFT_AUTO draft = NULL;
    GALEN_TRY(storing_create_record(wf, &draft, doctor, record, options, info));
    GALEN_TRY(storing_sign_record(wf, draft, info));
    GALEN_TRY(storing_encrypt_record(wf, draft, info));
    GALEN_TRY(storing_upload_record(wf, draft, info));
    return storing_hand_over(wf, draft, result, info);
}
