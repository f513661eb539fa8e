/*
 * Purchasing, step 3, the patient's answer: a release fills the template, is proved, sealed for the
 * buyer, and its sale for this entry alone is signed.
 *
 * What a crash can interrupt: the release is reserved before anything leaves; the answer is kept,
 * sealed to the home, before it is sent; run again, the step goes on from there.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

#define PAYOUT_WARNING                                                                             \
    "the payout account stands on the chain: whoever knows whose it is, or sees it again in "      \
    "another "                                                                                     \
    "sale, knows that these sales are of one person"

/* The request as every answer to it needs it. */
struct asked {
    const struct chain_address *payout; /* that the patient named; NULL: a fresh account */
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    struct seal_public_key buyer_key;
};
static void asked_clear(struct asked *asked)
{
    record_template_clear(&asked->wanted);
}
#define ASKED_AUTO GALEN_CLEANUP(asked_clear) struct asked

static enum galen_err asked_read(struct workflow *wf, struct asked *asked, uint64_t request_id,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(purchasing_read_row(wf, &asked->row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &asked->chain, request_id, info));
    GALEN_TRY(purchasing_read_template(wf, &asked->wanted, NULL, &asked->row, &asked->chain, info));
    return purchasing_buyer_key(&asked->buyer_key, &asked->wanted, info);
}

/* ---- the bundle ---------------------------------------------------------------------------------- */

struct bundle {
    uint8_t cid[32];
    struct base_buf block;
    struct base_buf ek;
    uint8_t digest[32];
};
static void bundle_clear(struct bundle *bundle)
{
    base_buf_clear(&bundle->block);
    base_buf_clear(&bundle->ek);
}
#define BUNDLE_AUTO GALEN_CLEANUP(bundle_clear) struct bundle

static enum galen_err bundle_plaintext(struct base_buf *out, const struct asked *asked,
                                       const struct record_release *release,
                                       struct galen_errinfo *info)
{
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO bundle = NULL;
    BASE_BUF_AUTO context_text = {0};
    GALEN_TRY(purchasing_disclose(&disclosure, release, &asked->wanted, info));
    GALEN_TRY(record_disclosure_encode(&proof, &disclosure, info));
    GALEN_TRY(
        purchasing_bundle_context(&context_text, asked->row.id, asked->row.template_hash, info));
    GALEN_TRY(record_json_parse(&context, (char *)context_text.data, context_text.len,
                                SEAL_CONTEXT_MAX, info));
    GALEN_TRY(workflow_object(&bundle, info));
    GALEN_TRY(workflow_set_text(bundle, "type", PURCHASING_BUNDLE_TYPE, info));
    GALEN_TRY(workflow_set_object(bundle, "context", &context, info));
    GALEN_TRY(workflow_set_int(bundle, "requestId", (int64_t)asked->row.id, info));
    GALEN_TRY(workflow_set_object(bundle, "disclosure", &proof, info));
    GALEN_TRY(record_json_set_hex(bundle, "sig", release->sig, sizeof release->sig, info));
    return record_json_jcs(out, bundle, info);
}

static enum galen_err bundle_make(struct bundle *bundle, const struct asked *asked,
                                  const struct record_release *release, struct galen_errinfo *info)
{
    BASE_BUF_AUTO plaintext = {0};
    BASE_BUF_AUTO context = {0};
    BASE_SECRET_AUTO key = {0};
    GALEN_TRY(bundle_plaintext(&plaintext, asked, release, info));
    GALEN_TRY(base_secret_alloc(&key, SEAL_KEY_BYTES));
    base_random(key.data, key.len);
    GALEN_TRY(seal_object_evenly(&bundle->block, key.data,
                                 (struct base_view){plaintext.data, plaintext.len}, info));
    store_digest(bundle->cid, bundle->block.data, bundle->block.len);
    GALEN_TRY(purchasing_key_context(&context, asked->row.id, bundle->cid, info));
    GALEN_TRY(
        seal_wrap_key(&bundle->ek, &asked->buyer_key, key.data, (const char *)context.data, info));
    return purchasing_bundle_digest(bundle->digest, bundle->cid, (const char *)bundle->ek.data,
                                    info);
}

/* ---- the answer ------------------------------------------------------------------------------------ */

enum galen_err purchasing_release_key(struct workflow *wf, struct chain_key *key,
                                      const struct chain_address *patient,
                                      const struct record_release *release,
                                      struct galen_errinfo *info)
{
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    struct chain_address address;
    GALEN_TRY(workflow_secret_get(wf, &secret, WORKFLOW_KEY_SALE, patient, info));
    if (secret.len != 32)
        return base_fail(info, GALEN_ERR_CHECK, "a sale key in the key store is damaged");
    GALEN_TRY(chain_key_from_bytes(&sale, secret.data, info));
    GALEN_TRY(chain_release_key(key, &sale, release->seed, info));
    GALEN_TRY(chain_address_parse(&address, release->release_address, info));
    if (!chain_address_equal(&address, &key->address))
        return base_fail(info, GALEN_ERR_CHECK, "the release was made for another sale key");
    return GALEN_OK;
}

static enum galen_err sign_entry(struct workflow *wf, struct purchasing_entry *entry,
                                 const struct chain_key *key, uint64_t request_id,
                                 struct galen_errinfo *info)
{
    struct chain_share_consent message = {
        .request_id = purchasing_u256(request_id),
        .payout = entry->payout,
        .min_payout = entry->min_payout,
    };
    uint8_t digest[32];
    memcpy(message.release_root, entry->release_root, 32);
    memcpy(message.bundle_digest, entry->bundle_digest, 32);
    chain_digest_share_consent(digest, &wf->domain, &message);
    return chain_key_sign(key, digest, entry->consent, info);
}

/* keeps: the key stays here until the delivery has been seen. */
static enum galen_err given_body(struct json_object **out, const struct asked *asked,
                                 const struct purchasing_question *question,
                                 const struct bundle *bundle, bool keeps,
                                 const struct purchasing_entry *entry,
                                 const struct record_release *release, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    RECORD_JSON_AUTO alike = NULL;
    BASE_BUF_AUTO class_text = {0};
    GALEN_TRY(purchasing_class_text(&class_text, &asked->wanted, release->content, info));
    GALEN_TRY(
        record_json_parse(&alike, (char *)class_text.data, class_text.len, SEAL_CONTEXT_MAX, info));
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PURCHASING_GIVEN_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)asked->row.id, info));
    GALEN_TRY(record_json_set_hex(body, "recordId", question->record_root, 32, info));
    GALEN_TRY(workflow_set_cid(body, "bundleCid", bundle->cid, info));
    if (!keeps)
        GALEN_TRY(workflow_set_text(body, "ek", (const char *)bundle->ek.data, info));
    else if (json_object_object_add(body, "ek", NULL) != 0)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set_hex(body, "releaseRoot", entry->release_root, 32, info));
    GALEN_TRY(workflow_set_address(body, "releaseAddr", &entry->release_addr, info));
    GALEN_TRY(workflow_set_address(body, "payout", &entry->payout, info));
    GALEN_TRY(record_json_set_hex(body, "bundleDigest", entry->bundle_digest, 32, info));
    GALEN_TRY(workflow_set_wei(body, "minPayoutWei", &entry->min_payout, info));
    GALEN_TRY(workflow_set_int(body, "keyVersion", entry->key_version, info));
    GALEN_TRY(record_json_set_hex(body, "sig", entry->sig, sizeof entry->sig, info));
    GALEN_TRY(record_json_set_hex(body, "consent", entry->consent, sizeof entry->consent, info));
    GALEN_TRY(workflow_set_object(body, "quasiIdentifiers", &alike, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

/* In one transaction, before anything leaves: the release belongs to this sale. */
static enum galen_err reserve_release(struct workflow *wf,
                                      const struct purchasing_question *question,
                                      const uint8_t release_root32[32], struct galen_errinfo *info)
{
    DB_TRANSACTION_AUTO tx = {0};
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE release SET request_id = ?1 WHERE root = ?2"
                     " AND (request_id IS NULL OR request_id = ?1)",
                     DB_INT(question->request_id), DB_BLOB(release_root32, 32)));
    if (db_changes(wf->db) != 1)
        return base_fail(info, GALEN_ERR_STATE, "the release was used for another sale meanwhile");
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE consent SET release_root = ? WHERE side = 'patient' AND request_id = ?"
                     " AND record_root = ? AND patient = ? AND state = 'wanted'",
                     DB_BLOB(release_root32, 32), DB_INT(question->request_id),
                     DB_BLOB(question->record_root, 32), DB_BLOB(question->patient.bytes, 20)));
    if (db_changes(wf->db) != 1)
        return base_fail(info, GALEN_ERR_STATE, "the question was answered meanwhile");
    return db_commit(&tx, info);
}

/* kept_ek: receives the key when it is to stay here; NULL: it goes with the answer. */
static enum galen_err make_answer(struct workflow *wf, struct json_object **body,
                                  struct base_buf *kept_ek, const struct asked *asked,
                                  const struct purchasing_question *question,
                                  struct galen_errinfo *info)
{
    RECORD_RELEASE_AUTO release = {0};
    CHAIN_KEY_AUTO key = {0};
    BUNDLE_AUTO bundle = {0};
    struct purchasing_entry entry = {
        .min_payout = purchasing_part(&asked->chain.escrow, asked->chain.terms.max_records)};
    int64_t record_id = 0;
    GALEN_TRY(purchasing_pick_release(wf, &release, entry.release_root, &record_id, question,
                                      &asked->wanted, purchasing_request_year(&asked->row), info));
    GALEN_TRY(purchasing_release_key(wf, &key, &question->patient, &release, info));
    GALEN_TRY(reserve_release(wf, question, entry.release_root, info));

    GALEN_TRY(bundle_make(&bundle, asked, &release, info));
    GALEN_TRY(workflow_publish(wf, NULL, "bundle", 0, bundle.block.data, bundle.block.len, info));
    if (asked->payout != NULL)
        entry.payout = *asked->payout;
    else
        GALEN_TRY(workflow_payout_new(wf, &entry.payout, &question->patient, asked->row.id, info));
    entry.release_addr = key.address;
    entry.key_version = release.key_version;
    memcpy(entry.bundle_digest, bundle.digest, 32);
    memcpy(entry.sig, release.sig, sizeof entry.sig);
    GALEN_TRY(sign_entry(wf, &entry, &key, asked->row.id, info));
    if (kept_ek != NULL && base_buf_append(kept_ek, bundle.ek.data, bundle.ek.len) != GALEN_OK)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return given_body(body, asked, question, &bundle, kept_ek != NULL, &entry, &release, info);
}

/* Keeps the answer (and the bundle's key, if it stays here) beside the question, then the row says
 * 'given' or 'declined'. */
static enum galen_err keep_answer(struct workflow *wf, const struct purchasing_question *question,
                                  struct json_object *wanted_body, struct json_object *answer,
                                  const struct base_buf *kept_ek, const char *state,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO both = NULL;
    RECORD_JSON_AUTO wanted = NULL;
    RECORD_JSON_AUTO given = NULL;
    BASE_BUF_AUTO sealed = {0};
    GALEN_TRY(workflow_object(&both, info));
    GALEN_TRY(record_json_copy(&wanted, wanted_body, info));
    GALEN_TRY(record_json_copy(&given, answer, info));
    GALEN_TRY(workflow_set_object(both, "wanted", &wanted, info));
    GALEN_TRY(workflow_set_object(both, "given", &given, info));
    if (kept_ek != NULL)
        GALEN_TRY(workflow_set_text(both, "ek", (const char *)kept_ek->data, info));
    GALEN_TRY(workflow_home_seal(wf, &sealed, both, info));
    return db_run(wf->db, info,
                  "UPDATE consent SET state = ?, sealed = ?, key_state = ? WHERE side = 'patient'"
                  " AND request_id = ? AND record_root = ? AND patient = ?",
                  DB_TEXT(state), DB_BLOB(sealed.data, sealed.len),
                  kept_ek != NULL ? DB_TEXT("kept") : DB_NULL, DB_INT(question->request_id),
                  DB_BLOB(question->record_root, 32), DB_BLOB(question->patient.bytes, 20));
}

static enum galen_err send_answer(struct workflow *wf, const struct purchasing_question *question,
                                  struct json_object *answer, struct galen_errinfo *info)
{
    uint8_t id[32];
    GALEN_TRY(record_json_hash(id, answer, info));
    return message_send(wf, &question->patient, &question->hospital, MESSAGE_CONSENT_GIVEN, id,
                        answer, info);
}

static enum galen_err decline_body(struct json_object **out,
                                   const struct purchasing_question *question,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO body = NULL;
    GALEN_TRY(workflow_object(&body, info));
    GALEN_TRY(workflow_set_text(body, "type", PURCHASING_DECLINED_TYPE, info));
    GALEN_TRY(workflow_set_int(body, "requestId", (int64_t)question->request_id, info));
    GALEN_TRY(record_json_set_hex(body, "recordId", question->record_root, 32, info));
    *out = body;
    body = NULL;
    return GALEN_OK;
}

/* ---- one question -------------------------------------------------------------------------------------- */

struct pending {
    struct purchasing_question question;
    char state[16];
    bool is_kept;               /* the answer's key was not in it */
    struct json_object *wanted; /* owned: the question's body */
    struct json_object *answer; /* owned; NULL before */
};
static void pending_clear(struct pending *pending)
{
    record_json_put(&pending->wanted);
    record_json_put(&pending->answer);
}
#define PENDING_AUTO GALEN_CLEANUP(pending_clear) struct pending

/* The n-th question of this patient about this request. */
static enum galen_err pending_read(struct workflow *wf, struct pending *pending,
                                   const struct chain_address *patient, uint64_t request_id,
                                   int64_t at, bool *found, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    RECORD_JSON_AUTO sealed = NULL;
    struct json_object *part = NULL;
    uint8_t template_hash[32];
    GALEN_TRY(
        db_query(&rows, wf->db, info,
                 "SELECT hospital, sealed, state, key_state FROM consent WHERE side = 'patient'"
                 " AND patient = ? AND request_id = ? ORDER BY record_root LIMIT 1 OFFSET ?",
                 DB_BLOB(patient->bytes, 20), DB_INT(request_id), DB_INT(at)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    pending->question.patient = *patient;
    GALEN_TRY(db_bytes(&rows, 0, pending->question.hospital.bytes, 20, info));
    snprintf(pending->state, sizeof pending->state, "%s", db_text(&rows, 2));
    pending->is_kept = !db_is_null(&rows, 3);
    GALEN_TRY(workflow_home_open(wf, &sealed, db_blob(&rows, 1), info));
    if (json_object_object_get_ex(sealed, "given", &part))
        GALEN_TRY(record_json_copy(&pending->answer, part, info));
    if (!json_object_object_get_ex(sealed, "wanted", &part))
        part = sealed;
    GALEN_TRY(record_json_copy(&pending->wanted, part, info));
    return purchasing_parse_wanted(&pending->question, template_hash, pending->wanted, info);
}

static enum galen_err need_time(const struct asked *asked, const struct pending *pending,
                                struct galen_errinfo *info)
{
    const struct purchasing_onchain *chain = &asked->chain;
    if (chain->state != PURCHASING_REPLIED ||
        !chain_address_equal(&chain->hospital, &pending->question.hospital))
        return base_fail(info, GALEN_ERR_STATE, "the request is %s: consent is of no use now",
                         purchasing_state_name(chain->state, -1));
    if (chain->now >= pending->question.respond_by) {
        char when[BASE_TIME_TEXT];
        base_time_format(when, pending->question.respond_by);
        return base_fail(info, GALEN_ERR_STATE, "the time to answer was over at %s", when);
    }
    return GALEN_OK;
}

/* An answer that was given stands. */
static enum galen_err need_same_payout(const struct pending *pending,
                                       const struct chain_address *payout,
                                       struct galen_errinfo *info)
{
    struct chain_address given;
    if (payout == NULL)
        return GALEN_OK;
    GALEN_TRY(workflow_get_address(&given, pending->answer, "payout", "answer", info));
    return chain_address_equal(&given, payout)
               ? GALEN_OK
               : base_fail(info, GALEN_ERR_STATE,
                           "consent was given with another payout account: the signed entry cannot "
                           "be taken back");
}

static enum galen_err answer_one(struct workflow *wf, const struct asked *asked,
                                 struct pending *pending, enum purchasing_answer answer,
                                 struct galen_errinfo *info)
{
    const bool accept = answer != PURCHASING_DECLINE;
    const bool keeps = answer == PURCHASING_ACCEPT_KEEP_KEY;
    BASE_BUF_AUTO ek = {0};
    bool is_given = strcmp(pending->state, "given") == 0;
    bool is_declined = strcmp(pending->state, "declined") == 0;
    if (is_given && !accept)
        return base_fail(info, GALEN_ERR_STATE,
                         "consent was given: the signed entry cannot be taken back");
    if (is_declined && accept)
        return base_fail(info, GALEN_ERR_STATE, "the request was declined before");
    if (is_given && keeps && !pending->is_kept)
        return base_fail(info, GALEN_ERR_STATE,
                         "consent was given with its key, which cannot be taken back");
    if (is_given)
        GALEN_TRY(need_same_payout(pending, asked->payout, info));
    if (!is_given && !is_declined) {
        if (accept) {
            GALEN_TRY(need_time(asked, pending, info));
            GALEN_TRY(make_answer(wf, &pending->answer, keeps ? &ek : NULL, asked,
                                  &pending->question, info));
            pending->is_kept = keeps;
        } else {
            GALEN_TRY(decline_body(&pending->answer, &pending->question, info));
        }
        GALEN_TRY(keep_answer(wf, &pending->question, pending->wanted, pending->answer,
                              keeps ? &ek : NULL, accept ? "given" : "declined", info));
    }
    /* Also what an earlier run kept and may not have sent. */
    return send_answer(wf, &pending->question, pending->answer, info);
}

/* ---- step 3 --------------------------------------------------------------------------------------------- */

/* Moves these members of the answer into the result's row. */
static enum galen_err answer_row(struct json_object *list, const struct pending *pending,
                                 struct galen_errinfo *info)
{
    static const char *const shown[] = {"releaseRoot", "bundleCid", "payout", "minPayoutWei"};
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "record", pending->question.record_root, 32, info));
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct json_object *value = NULL;
        RECORD_JSON_AUTO copy = NULL;
        if (!json_object_object_get_ex(pending->answer, shown[i], &value))
            continue;
        GALEN_TRY(record_json_copy(&copy, value, info));
        GALEN_TRY(workflow_set_object(row, shown[i], &copy, info));
    }
    if (pending->is_kept)
        GALEN_TRY(workflow_set_bool(row, "keyKept", true, info));
    return workflow_push(list, &row, info);
}

static enum galen_err problem_row(struct json_object *list, const struct pending *pending,
                                  const struct galen_errinfo *why, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    GALEN_TRY(workflow_object(&row, info));
    GALEN_TRY(record_json_set_hex(row, "record", pending->question.record_root, 32, info));
    GALEN_TRY(workflow_set_text(row, "problem", why->what, info));
    return workflow_push(list, &row, info);
}

static enum galen_err answer_all(struct workflow *wf, const struct asked *asked,
                                 const struct chain_address *patient, enum purchasing_answer answer,
                                 struct json_object *answered, struct json_object *problems,
                                 struct galen_errinfo *info)
{
    struct galen_errinfo last = {0};
    for (int64_t at = 0;; at++) {
        PENDING_AUTO pending = {0};
        struct galen_errinfo why = {0};
        bool found = false;
        GALEN_TRY(pending_read(wf, &pending, patient, asked->row.id, at, &found, info));
        if (!found)
            break;
        enum galen_err err = answer_one(wf, asked, &pending, answer, &why);
        if (err == GALEN_OK) {
            GALEN_TRY(answer_row(answered, &pending, info));
            continue;
        }
        last = why;
        if (err == GALEN_ERR_DB || err == GALEN_ERR_NOMEM || err == GALEN_ERR_PASSWORD)
            break;
        GALEN_TRY(problem_row(problems, &pending, &why, info));
    }
    /* One record that cannot be sold does not keep the others back. */
    if (last.code == GALEN_OK || (json_object_array_length(answered) > 0 &&
                                  last.code != GALEN_ERR_DB && last.code != GALEN_ERR_NOMEM))
        return GALEN_OK;
    return base_raise(info, last.code, &last);
}

static enum galen_err check_payout(const struct workflow *wf, const struct chain_address *payout,
                                   bool accept, struct galen_errinfo *info)
{
    if (payout == NULL)
        return GALEN_OK;
    if (!accept)
        return base_fail(info, GALEN_ERR_USAGE, "a payout account is for a consent, not a refusal");
    if (chain_address_is_zero(payout) || chain_address_equal(payout, &wf->domain.contract))
        return STEPS_FAIL(
            info, GALEN_ERR_USAGE, "name one whose key you have, or none for a fresh account",
            "the payout account cannot be %s",
            chain_address_is_zero(payout) ? "the zero address" : "the contract itself");
    return GALEN_OK;
}

enum galen_err purchasing_consent(struct workflow *wf, const struct chain_address *patient,
                                  uint64_t request_id, enum purchasing_answer answer,
                                  struct json_object **result, struct galen_errinfo *info)
{
    return purchasing_consent_paid_to(wf, patient, request_id, answer, NULL, result, info);
}

enum galen_err purchasing_consent_paid_to(struct workflow *wf, const struct chain_address *patient,
                                          uint64_t request_id, enum purchasing_answer answer,
                                          const struct chain_address *payout,
                                          struct json_object **result, struct galen_errinfo *info)
{
    const bool accept = answer != PURCHASING_DECLINE;
    ASKED_AUTO asked = {.payout = payout};
    RECORD_JSON_AUTO made = NULL;
    RECORD_JSON_AUTO answered = NULL;
    RECORD_JSON_AUTO problems = NULL;
    int64_t questions = 0;
    GALEN_TRY(steps_need_role(wf, patient, "patient", info));
    GALEN_TRY(workflow_need_contract(wf, info));
    GALEN_TRY(check_payout(wf, payout, accept, info));
    GALEN_TRY(db_get_int(wf->db, &questions, 0, info,
                         "SELECT count(*) FROM consent WHERE side = 'patient' AND patient = ?"
                         " AND request_id = ?",
                         DB_BLOB(patient->bytes, 20), DB_INT(request_id)));
    if (questions == 0) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "no hospital has asked about request %llu",
                  (unsigned long long)request_id);
        (void)base_hint(info, "'galen sync' brings new questions in");
        return GALEN_ERR_NOT_FOUND;
    }
    /* Declining asks nothing of the template. */
    asked.row.id = request_id;
    if (accept)
        GALEN_TRY(asked_read(wf, &asked, request_id, info));
    bool dry = false;
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(workflow_array(&answered, info));
    GALEN_TRY(workflow_array(&problems, info));
    GALEN_TRY(answer_all(wf, &asked, patient, answer, answered, problems, info));
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_int(made, "requestId", (int64_t)request_id, info));
    GALEN_TRY(workflow_set_object(made, accept ? "given" : "declined", &answered, info));
    if (json_object_array_length(problems) > 0)
        GALEN_TRY(workflow_set_object(made, "problems", &problems, info));
    if (payout != NULL)
        GALEN_TRY(workflow_set_text(made, "warning", PAYOUT_WARNING, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
