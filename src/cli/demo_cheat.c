/* The demo's dishonest clients. No other part of Galen can do this: they go round the checks of
 * the patient's and the hospital's steps, with those steps' own parts. */
#include <stdlib.h>
#include <string.h>

#include "cli/demo.h"
#include "cohort/cohort.h"
#include "store/store.h"
#include "workflow/purchasing_internal.h"

/* ---- a doctor who invents ---------------------------------------------------------------------- */

/* A heart rate that no human has. */
static enum galen_err invent(struct json_object *record, struct galen_errinfo *info)
{
    struct json_object *medical = NULL;
    struct json_object *results = NULL;
    GALEN_TRY(
        record_json_get_object(&medical, record, "medical_data", RECORD_JSON_REQUIRED, "", info));
    GALEN_TRY(record_json_get_array(&results, medical, "lab_results", RECORD_JSON_REQUIRED, 1, 1000,
                                    "", info));
    struct json_object *first = json_object_array_get_idx(results, 0);
    GALEN_TRY(workflow_set_text(first, "system", "http://loinc.org", info));
    GALEN_TRY(workflow_set_text(first, "code", "8867-4", info));
    GALEN_TRY(workflow_set_text(first, "display", "Heart rate", info));
    GALEN_TRY(workflow_set_text(first, "value", "2600", info));
    return workflow_set_text(first, "unit", "/min", info);
}

static enum galen_err store_visit(struct demo *demo, const struct demo_cast *cast, uint32_t which,
                                  char root[DEMO_ROOT_TEXT], struct galen_errinfo *info)
{
    const struct cohort cohort = {
        .seed = 66, .count = DEMO_DOCTOR_2_RECORDS, .now_s = base_time_s()};
    char patient[CHAIN_ADDRESS_TEXT];
    BASE_BUF_AUTO text = {0};
    RECORD_FHIR_RESULT_AUTO imported = {0};
    const struct record_fhir_options options = {
        .patient_address = patient,
        .hospital_name = "hospital",
        .hospital_address = cast->hospital_text,
    };
    const struct storing_options storing = {.releases = -1};
    /* Of two patients: records of one alone could not be sold beside the first sale's. */
    chain_address_format(patient,
                         &cast->patients[cast->n_patients - (which == DEMO_INVENTED ? 4 : 1)]);
    GALEN_TRY(cohort_write_bundle(&text, &cohort, which, info));
    GALEN_TRY(record_fhir_import(&imported, text.data, text.len, &options, info));
    for (size_t i = 0; i < imported.item_count; i++) {
        RECORD_JSON_AUTO stored = NULL;
        const char *category = demo_text(imported.items[i].record, "category");
        if (strcmp(category, "Cardiology") != 0)
            continue;
        if (which == DEMO_INVENTED)
            GALEN_TRY(invent(imported.items[i].record, info));
        GALEN_TRY(storing_store(demo->home[DEMO_DOCTORS], &cast->doctors[1],
                                imported.items[i].record, &storing, &stored, info));
        snprintf(root, DEMO_ROOT_TEXT, "%s", demo_text(stored, "merkleRoot"));
        return GALEN_OK;
    }
    return base_fail(info, GALEN_ERR_INTERNAL, "the cohort has no cardiology visit");
}

enum galen_err demo_cheat_records(struct demo *demo, const struct demo_cast *cast, demo_roots roots,
                                  struct galen_errinfo *info)
{
    GALEN_TRY(store_visit(demo, cast, DEMO_TRUE, roots[DEMO_TRUE], info));
    return store_visit(demo, cast, DEMO_INVENTED, roots[DEMO_INVENTED], info);
}

/* ---- a patient who discloses less --------------------------------------------------------------- */

/* A bundle for the buyer with what a lesser template would get. */
static enum galen_err lesser_bundle(struct workflow *patients, struct purchasing_offer *offer,
                                    const struct purchasing_row *row,
                                    const struct record_template *wanted,
                                    const struct record_release *release,
                                    struct galen_errinfo *info)
{
    struct record_template lesser = *wanted; /* borrows */
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO bundle = NULL;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO context_text = {0};
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO key_context = {0};
    BASE_BUF_AUTO ek = {0};
    struct seal_public_key buyer;
    uint8_t key[SEAL_KEY_BYTES];
    lesser.treatment = false;
    GALEN_TRY(purchasing_disclose(&disclosure, release, &lesser, info));
    GALEN_TRY(record_disclosure_encode(&proof, &disclosure, info));
    GALEN_TRY(purchasing_bundle_context(&context_text, row->id, row->template_hash, info));
    GALEN_TRY(record_json_parse(&context, (char *)context_text.data, context_text.len,
                                SEAL_CONTEXT_MAX, info));
    GALEN_TRY(workflow_object(&bundle, info));
    GALEN_TRY(workflow_set_text(bundle, "type", PURCHASING_BUNDLE_TYPE, info));
    GALEN_TRY(workflow_set_object(bundle, "context", &context, info));
    GALEN_TRY(workflow_set_int(bundle, "requestId", (int64_t)row->id, info));
    GALEN_TRY(workflow_set_object(bundle, "disclosure", &proof, info));
    GALEN_TRY(record_json_set_hex(bundle, "sig", release->sig, sizeof release->sig, info));
    GALEN_TRY(record_json_jcs(&text, bundle, info));
    base_random(key, sizeof key);
    GALEN_TRY(seal_object(&block, key, steps_view(&text), info));
    GALEN_TRY(store_put(offer->bundle_cid, patients->store, block.data, block.len, info));
    GALEN_TRY(purchasing_key_context(&key_context, row->id, offer->bundle_cid, info));
    GALEN_TRY(purchasing_buyer_key(&buyer, wanted, info));
    GALEN_TRY(seal_wrap_key(&ek, &buyer, key, (const char *)key_context.data, info));
    free(offer->ek);
    offer->ek = strdup((const char *)ek.data);
    if (offer->ek == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    return purchasing_bundle_digest(offer->entry.bundle_digest, offer->bundle_cid, offer->ek, info);
}

/* And the patient's consent to exactly that. */
static enum galen_err consent_to(struct workflow *patients, struct purchasing_offer *offer,
                                 uint64_t request_id, const struct record_release *release,
                                 struct galen_errinfo *info)
{
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    CHAIN_KEY_AUTO key = {0};
    struct chain_share_consent message = {.request_id = purchasing_u256(request_id),
                                          .payout = offer->entry.payout,
                                          .min_payout = offer->entry.min_payout};
    uint8_t digest[32];
    GALEN_TRY(workflow_secret_get(patients, &secret, WORKFLOW_KEY_SALE, &offer->patient, info));
    GALEN_TRY(chain_key_from_bytes(&sale, secret.data, info));
    GALEN_TRY(chain_release_key(&key, &sale, release->seed, info));
    memcpy(message.release_root, offer->entry.release_root, 32);
    memcpy(message.bundle_digest, offer->entry.bundle_digest, 32);
    chain_digest_share_consent(digest, &patients->domain, &message);
    return chain_key_sign(&key, digest, offer->entry.consent, info);
}

static enum galen_err disclose_less(struct workflow *patients, struct purchasing_offer *offer,
                                    const struct chain_address *hospital,
                                    const struct purchasing_row *row,
                                    const struct record_template *wanted,
                                    struct galen_errinfo *info)
{
    struct purchasing_question question = {
        .request_id = row->id, .patient = offer->patient, .hospital = *hospital};
    RECORD_RELEASE_AUTO release = {0};
    uint8_t root[32];
    int64_t record_id = 0;
    memcpy(question.record_root, offer->record_root, 32);
    GALEN_TRY(purchasing_pick_release(patients, &release, root, &record_id, &question, wanted,
                                      purchasing_request_year(row), info));
    GALEN_TRY(lesser_bundle(patients, offer, row, wanted, &release, info));
    return consent_to(patients, offer, row->id, &release, info);
}

/* ---- a hospital that does not look --------------------------------------------------------------- */

enum { MOST = 8 };

static enum galen_err send_delivery(struct workflow *wf, const struct chain_address *hospital,
                                    const struct purchasing_row *row,
                                    const struct purchasing_offers *offers,
                                    struct json_object *made, struct galen_errinfo *info)
{
    const struct purchasing_offer *sorted[MOST];
    struct datahub_entry entries[MOST];
    PURCHASING_MANIFEST_AUTO manifest = {0};
    BASE_BUF_AUTO data = {0};
    bool sent = false;
    for (size_t i = 0; i < offers->n; i++) {
        sorted[i] = &offers->items[i];
        entries[i] = purchasing_entry_argument(&offers->items[i].entry);
    }
    GALEN_TRY(purchasing_make_manifest(&manifest, row->id, row->template_hash, sorted, offers->n, 0,
                                       info));
    GALEN_TRY(datahub_encode_deliver(&data, purchasing_u256(row->id), manifest.cid, entries,
                                     offers->n, true, info));
    const struct workflow_call call = {.from = hospital,
                                       .data = &data,
                                       .role = "hospital",
                                       .flow = "purchasing",
                                       .operation = "deliver",
                                       .request_id = (int64_t)row->id};
    GALEN_TRY(steps_transact(wf, &call, &sent, NULL, made, info));
    for (size_t i = 0; i < manifest.n_blocks; i++)
        GALEN_TRY(
            store_put(NULL, wf->store, manifest.blocks[i].data, manifest.blocks[i].len, info));
    return GALEN_OK;
}

enum galen_err demo_cheat_deliver(struct demo *demo, const struct demo_cast *cast,
                                  uint64_t request_id, struct demo_cheat *cheat,
                                  struct json_object **result, struct galen_errinfo *info)
{
    struct workflow *wf = demo->home[DEMO_HOSPITAL];
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    PURCHASING_OFFERS_AUTO offers = {0};
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    GALEN_TRY(purchasing_read_template(wf, &wanted, NULL, &row, &chain, info));
    GALEN_TRY(purchasing_load_offers(wf, &offers, &cast->hospital, request_id, &wanted, info));
    if (offers.n > MOST)
        return base_fail(info, GALEN_ERR_INTERNAL, "more answers than the demo expects");
    for (size_t i = 0; i < offers.n; i++) {
        struct purchasing_offer *offer = &offers.items[i];
        struct groupsig_signature parsed;
        if (groupsig_signature_parse(&parsed, offer->entry.sig, sizeof offer->entry.sig) !=
            GROUPSIG_OK)
            return base_fail(info, GALEN_ERR_INTERNAL, "an answer without a signature");
        groupsig_signature_ys(&parsed, offer->entry.ys);
        char record[DEMO_ROOT_TEXT] = "0x";
        base_hex_encode(record + 2, offer->record_root, RECORD_HASH_BYTES);
        if (strcmp(record, cheat->invented_root) == 0)
            cheat->at_invented = i;
        if (chain_address_equal(&offer->patient, cheat->robbed)) {
            cheat->at_robbed = i;
            offer->entry.payout = cast->hospital;
        }
        if (chain_address_equal(&offer->patient, cheat->accomplice)) {
            cheat->at_accomplice = i;
            GALEN_TRY(disclose_less(demo->home[DEMO_PATIENTS], offer, &cast->hospital, &row,
                                    &wanted, info));
        }
    }
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(send_delivery(wf, &cast->hospital, &row, &offers, made, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
