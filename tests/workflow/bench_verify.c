/*
 * A buyer verifies a large delivery: real entries (records of made-up patients, their releases
 * signed by two doctors, bundles sealed to the buyer, consents, a manifest) delivered on a real
 * chain, then purchasing_verify, as `galen request verify` calls it. What reading the bundles'
 * blocks takes is measured apart, since it is the storage's. With --check it exits with 1 when the
 * target is missed.
 *
 *   bench-verify [--check] [ENTRIES]      10000 without
 */
#include "market.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cohort/cohort.h"
#include "record/fhir.h"
#include "workflow/purchasing_internal.h"
#include "workflow/storing_internal.h"
#include "workflow/verify.h"

#define ENTRIES      10000
#define OF_RECORD    8   /* releases of each record that are sold */
#define MORE_TOKENS  4   /* on the longer list */
#define TARGET_MS    1.0 /* an entry, on two cores, with one revoked token */
#define TARGET_CORES 2
#define TEMPLATE                                                                                   \
    "{\"category\":\"Cardiology\",\"demographics\":{\"age\":true,\"gender\":true,"                 \
    "\"location\":true,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"                 \
    "\"treatment\":false,\"medications\":true,\"lab_results\":true},"                              \
    "\"time_period\":\"2 years\",\"min_records\":20,\"price_wei\":\"1000000000000000000\"}"

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the time for storage ------------------------------------------------------------------------ */

static double storage_s;
/* The linker puts this one before the program's own (--wrap). */
enum galen_err __real_workflow_block_of_request(struct workflow *wf, struct base_buf *out,
                                                const uint8_t cid32[32], uint64_t request_id,
                                                struct galen_errinfo *info);
enum galen_err __wrap_workflow_block_of_request(struct workflow *wf, struct base_buf *out,
                                                const uint8_t cid32[32], uint64_t request_id,
                                                struct galen_errinfo *info);
enum galen_err __wrap_workflow_block_of_request(struct workflow *wf, struct base_buf *out,
                                                const uint8_t cid32[32], uint64_t request_id,
                                                struct galen_errinfo *info)
{
    double began = seconds_of(CLOCK_MONOTONIC);
    enum galen_err err = __real_workflow_block_of_request(wf, out, cid32, request_id, info);
    storage_s += seconds_of(CLOCK_MONOTONIC) - began;
    return err;
}

/* ---- the entries ------------------------------------------------------------------------------------ */

struct sale {
    struct fixture *fx;
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct record_template wanted;
    struct seal_public_key buyer_key;
    struct storing_signer signers[2];
    struct cohort cohort;
    struct purchasing_offer *offers; /* owned; n */
    size_t n;
};

/* The cardiology visit of a made-up patient, as it may be sold. */
static void read_content(struct sale *sale, uint32_t patient, struct json_object **content)
{
    const struct record_fhir_options options = {
        .patient_address = "0x00000000000000000000000000000000000000F1",
        .hospital_name = "hospital",
        .hospital_address = "0x00000000000000000000000000000000000000f2"};
    BASE_BUF_AUTO text = {0};
    RECORD_FHIR_RESULT_AUTO imported = {0};
    OK(cohort_write_bundle(&text, &sale->cohort, patient, INFO));
    OK(record_fhir_import(&imported, text.data, text.len, &options, INFO));
    for (size_t i = 0; i < imported.item_count; i++) {
        RECORD_JSON_AUTO found = NULL;
        bool fits = false;
        OK(record_release_content(&found, imported.items[i].record, INFO));
        OK(record_template_matches(&fits, &sale->wanted, found, purchasing_request_year(&sale->row),
                                   NULL));
        if (!fits)
            continue;
        *content = found;
        found = NULL;
        return;
    }
    fail_msg("patient %u has no cardiology visit", patient);
}

static void seal_bundle(struct sale *sale, const struct record_release *release,
                        struct purchasing_offer *offer)
{
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    RECORD_JSON_AUTO context = NULL;
    RECORD_JSON_AUTO bundle = NULL;
    BASE_BUF_AUTO context_text = {0};
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO ek = {0};
    BASE_BUF_AUTO block = {0};
    uint8_t key[SEAL_KEY_BYTES];
    OK(purchasing_disclose(&disclosure, release, &sale->wanted, INFO));
    OK(record_disclosure_encode(&proof, &disclosure, INFO));
    OK(purchasing_bundle_context(&context_text, sale->row.id, sale->row.template_hash, INFO));
    OK(record_json_parse(&context, (char *)context_text.data, context_text.len, SEAL_CONTEXT_MAX,
                         INFO));
    OK(workflow_object(&bundle, INFO));
    OK(workflow_set_text(bundle, "type", PURCHASING_BUNDLE_TYPE, INFO));
    OK(workflow_set_object(bundle, "context", &context, INFO));
    OK(workflow_set_int(bundle, "requestId", (int64_t)sale->row.id, INFO));
    OK(workflow_set_object(bundle, "disclosure", &proof, INFO));
    OK(record_json_set_hex(bundle, "sig", release->sig, sizeof release->sig, INFO));
    OK(record_json_jcs(&text, bundle, INFO));
    base_random(key, sizeof key);
    OK(seal_object_evenly(&block, key, (struct base_view){text.data, text.len}, INFO));
    OK(store_put(offer->bundle_cid, sale->fx->home[PATIENT]->store, block.data, block.len, INFO));
    context_text.len = 0;
    OK(purchasing_key_context(&context_text, sale->row.id, offer->bundle_cid, INFO));
    OK(seal_wrap_key(&ek, &sale->buyer_key, key, (const char *)context_text.data, INFO));
    OK(purchasing_bundle_digest(offer->entry.bundle_digest, offer->bundle_cid,
                                (const char *)ek.data, INFO));
    offer->ek = strdup((const char *)ek.data);
    assert_non_null(offer->ek);
}

static void make_offer(struct sale *sale, struct json_object *encoded,
                       const struct chain_key *sale_key, struct purchasing_offer *offer)
{
    const struct workflow *wf = sale->fx->home[DOCTOR];
    struct purchasing_entry *entry = &offer->entry;
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    CHAIN_KEY_AUTO key = {0};
    BASE_BUF_AUTO class_text = {0};
    struct groupsig_signature parsed;
    struct chain_share_consent message = {.request_id = purchasing_u256(sale->row.id)};
    uint8_t digest[32];
    OK(record_release_parse(&release, encoded, INFO));
    OK(record_release_tree(&tree, &release, INFO));
    record_tree_root(entry->release_root, tree);
    OK(chain_release_key(&key, sale_key, release.seed, INFO));
    entry->release_addr = key.address;
    entry->key_version = release.key_version;
    memcpy(entry->sig, release.sig, sizeof entry->sig);
    assert_int_equal(groupsig_signature_parse(&parsed, entry->sig, sizeof entry->sig), GROUPSIG_OK);
    groupsig_signature_ys(&parsed, entry->ys);
    base_random(entry->payout.bytes, 20);
    entry->min_payout = chain_u256_from_u64(1);
    seal_bundle(sale, &release, offer);
    message.payout = entry->payout;
    message.min_payout = entry->min_payout;
    memcpy(message.release_root, entry->release_root, 32);
    memcpy(message.bundle_digest, entry->bundle_digest, 32);
    chain_digest_share_consent(digest, &wf->domain, &message);
    OK(chain_key_sign(&key, digest, entry->consent, INFO));
    offer->patient = sale_key->address;
    OK(purchasing_class_text(&class_text, &sale->wanted, release.content, INFO));
    offer->class_text = strdup((const char *)class_text.data);
    assert_non_null(offer->class_text);
}

static void sell_record(struct sale *sale, uint32_t record, struct purchasing_offer *offers,
                        size_t n)
{
    struct workflow *wf = sale->fx->home[DOCTOR];
    RECORD_JSON_AUTO content = NULL;
    RECORD_JSON_AUTO releases = NULL;
    CHAIN_KEY_AUTO sale_key = {0};
    uint8_t sale33[CHAIN_PUBLIC_KEY_BYTES];
    OK(chain_key_generate(&sale_key, INFO));
    OK(chain_key_public(&sale_key, sale33, INFO));
    read_content(sale, record, &content);
    OK(storing_make_releases(wf, &sale->signers[record % 2], sale33, content, n, &releases, INFO));
    for (size_t i = 0; i < n; i++)
        make_offer(sale, json_object_array_get_idx(releases, i), &sale_key, &offers[i]);
}

static int by_root(const void *a, const void *b)
{
    const struct purchasing_offer *x = a, *y = b;
    return memcmp(x->entry.release_root, y->entry.release_root, 32);
}

static void make_entries(struct sale *sale)
{
    for (size_t i = 0; i < sale->n; i += OF_RECORD)
        sell_record(sale, (uint32_t)(i / OF_RECORD), &sale->offers[i],
                    sale->n - i < OF_RECORD ? sale->n - i : OF_RECORD);
    qsort(sale->offers, sale->n, sizeof *sale->offers, by_root);
}

/* ---- the revocation list -------------------------------------------------------------------------- */

static void sign_list(struct workflow *wf, const struct chain_address *who,
                      const uint8_t digest32[32], struct json_object *signatures, const char *name)
{
    CHAIN_KEY_AUTO key = {0};
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    OK(workflow_wallet(wf, &key, who, INFO));
    OK(chain_key_sign(&key, digest32, sig65, INFO));
    OK(record_json_set_hex(signatures, name, sig65, sizeof sig65, INFO));
}

/* Tokens of nobody: any point of G2 is one. */
static void add_tokens(struct json_object *entries, uint64_t n)
{
    for (uint64_t i = 1; i <= n; i++) {
        RECORD_JSON_AUTO entry = NULL;
        uint8_t token[GROUPSIG_TOKEN_BYTES];
        uint8_t scalar[8];
        blst_p2 point;
        memcpy(scalar, &(uint64_t){i + 1000}, sizeof scalar);
        blst_p2_mult(&point, blst_p2_generator(), scalar, 64);
        blst_p2_compress(token, &point);
        OK(workflow_object(&entry, INFO));
        OK(record_json_set_hex(entry, "token", token, sizeof token, INFO));
        OK(workflow_set_text(entry, "effectiveFrom", "2020-01-01T00:00:00Z", INFO));
        OK(workflow_set_text(entry, "reason", "fraud", INFO));
        OK(workflow_push(entries, &entry, INFO));
    }
}

/* Version number `version`, which builds on the block with the digest prev32. */
static void publish_list(struct fixture *fx, uint64_t version, const uint8_t prev32[32], uint64_t n,
                         uint8_t cid32[32])
{
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO entries = NULL;
    RECORD_JSON_AUTO signatures = NULL;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO data = {0};
    struct chain_revocation_list message = {.version = version};
    uint8_t digest[32];
    OK(workflow_array(&entries, INFO));
    add_tokens(entries, n);
    OK(workflow_object(&list, INFO));
    OK(workflow_set_text(list, "type", REVOCATION_LIST_TYPE, INFO));
    OK(workflow_set_int(list, "version", (int64_t)version, INFO));
    OK(record_json_set_hex(list, "prev", prev32, 32, INFO));
    OK(workflow_set_time(list, "nextUpdate", base_time_s() + 86400, INFO));
    OK(workflow_set_object(list, "entries", &entries, INFO));
    OK(record_json_hash(message.digest, list, INFO));
    chain_digest_revocation_list(digest, &fx->home[GM]->domain, &message);
    OK(workflow_object(&signatures, INFO));
    sign_list(fx->home[GM], &fx->who[GM], digest, signatures, "gm");
    sign_list(fx->home[RM], &fx->who[RM], digest, signatures, "rm");
    OK(workflow_set_object(list, "signatures", &signatures, INFO));
    OK(record_json_jcs(&text, list, INFO));
    OK(store_put(cid32, fx->home[RM]->store, text.data, text.len, INFO));
    OK(datahub_encode_set_revocation_list(&data, cid32, INFO));
    market_call(fx->home[RM], &fx->who[RM], "setRevocationList", &data, NULL);
}

/* ---- the sale --------------------------------------------------------------------------------------- */

static void open_request(struct sale *sale)
{
    struct fixture *fx = sale->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct purchasing_terms terms = {.max_records = (uint16_t)sale->n};
    static const uint8_t offer_cid[32] = {1};
    RECORD_JSON_AUTO wanted = NULL;
    RECORD_JSON_AUTO made = NULL;
    BASE_BUF_AUTO reply = {0};
    struct chain_u256 bond;
    OK(record_json_parse(&wanted, TEMPLATE, sizeof TEMPLATE - 1, sizeof TEMPLATE, INFO));
    OK(purchasing_request(buyer, &fx->who[BUYER], wanted, &terms, &made, INFO));
    uint64_t id = (uint64_t)fixture_number(made, "requestId");
    OK(datahub_encode_reply(&reply, purchasing_u256(id), offer_cid, INFO));
    OK(chain_u256_parse(&bond, "100000000000000000", INFO));
    market_call(fx->home[HOSPITAL], &fx->who[HOSPITAL], "reply", &reply, &bond);
    json_object_put(fixture_sync(buyer));
    OK(purchasing_read_row(buyer, &sale->row, id, INFO));
    OK(purchasing_read_chain(buyer, &sale->chain, id, INFO));
    OK(purchasing_read_template(buyer, &sale->wanted, NULL, &sale->row, &sale->chain, INFO));
    OK(purchasing_buyer_key(&sale->buyer_key, &sale->wanted, INFO));
}

static void deliver(struct sale *sale)
{
    struct fixture *fx = sale->fx;
    PURCHASING_MANIFEST_AUTO manifest = {0};
    static const uint8_t none[32] = {0};
    const struct purchasing_offer **sorted = calloc(sale->n, sizeof *sorted);
    assert_non_null(sorted);
    for (size_t i = 0; i < sale->n; i++)
        sorted[i] = &sale->offers[i];
    OK(purchasing_make_manifest(&manifest, sale->row.id, sale->row.template_hash, sorted, sale->n,
                                0, INFO));
    for (size_t from = 0, n; from < sale->n; from += n) {
        struct datahub_entry entries[PURCHASING_DELIVER_PART];
        BASE_BUF_AUTO data = {0};
        n = sale->n - from < PURCHASING_DELIVER_PART ? sale->n - from : PURCHASING_DELIVER_PART;
        bool is_last = from + n == sale->n;
        for (size_t i = 0; i < n; i++)
            entries[i] = purchasing_entry_argument(&sorted[from + i]->entry);
        OK(datahub_encode_deliver(&data, purchasing_u256(sale->row.id),
                                  is_last ? manifest.cid : none, entries, n, is_last, INFO));
        market_call(fx->home[HOSPITAL], &fx->who[HOSPITAL], "deliver", &data, NULL);
    }
    for (size_t i = 0; i < manifest.n_blocks; i++)
        OK(store_put(NULL, fx->home[HOSPITAL]->store, manifest.blocks[i].data,
                     manifest.blocks[i].len, INFO));
    free(sorted);
    json_object_put(fixture_sync(fx->home[BUYER]));
}

/* ---- what is measured ------------------------------------------------------------------------------ */

/* Milliseconds an entry: elapsed without the storage, and of processors. */
struct taken {
    double elapsed, cpu;
};

static struct taken verify(struct sale *sale, unsigned tokens)
{
    RECORD_JSON_AUTO made = NULL;
    bool passed = false;
    storage_s = 0;
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    OK(purchasing_verify(sale->fx->home[BUYER], sale->row.id, &passed, &made, INFO));
    wall = seconds_of(CLOCK_MONOTONIC) - wall - storage_s;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (!passed || json_object_array_length(fixture_member(made, "entries")) != sale->n)
        fail_msg("%s", fixture_text(made, "summary"));
    const struct taken each = {wall * 1000 / (double)sale->n, cpu * 1000 / (double)sale->n};
    printf(
        "  verify, revoked tokens: %u %8.2f s   %.3f ms an entry   %.3f ms cpu   storage %.2f s\n",
        tokens, wall, each.elapsed, each.cpu, storage_s);
    fflush(stdout);
    return each;
}

static void timed(struct sale *sale, const char *name, void (*run)(struct sale *sale))
{
    double wall = seconds_of(CLOCK_MONOTONIC);
    run(sale);
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    printf("  %-25s %8.2f s\n", name, wall);
    fflush(stdout);
}

/* The list at the delivery counts: for this buyer that is now. */
static void take_list(struct sale *sale)
{
    struct workflow *buyer = sale->fx->home[BUYER];
    fixture_pass_time(sale->fx, 5);
    json_object_put(fixture_sync(buyer));
    OK(db_run(buyer->db, INFO,
              "UPDATE request SET delivered_at = (SELECT max(set_at) FROM revocation_list)"
              " WHERE id = ?",
              DB_INT(sale->row.id)));
}

int main(int argc, char **argv)
{
    bool is_check = argc > 1 && strcmp(argv[1], "--check") == 0;
    const char *count = argv[is_check ? 2 : 1];
    struct sale sale = {.n = count != NULL ? strtoul(count, NULL, 10) : ENTRIES};
    static const uint8_t none[32] = {0};
    uint8_t cid[32];
    void *fx = NULL;
    if (sale.n < 20 || sale.n > 65535) {
        fprintf(stderr, "usage: bench-verify [--check] [ENTRIES], 20 to 65535\n");
        return 2;
    }
    sale.offers = calloc(sale.n, sizeof *sale.offers);
    sale.cohort = (struct cohort){
        .seed = 7, .count = (uint32_t)(sale.n / OF_RECORD + 1), .now_s = base_time_s()};
    if (sale.offers == NULL || fixture_grouped(&fx) != 0)
        return 1;
    sale.fx = fx;
    printf("a delivery of %zu entries, %u records of two doctors, on %u cores\n", sale.n,
           sale.cohort.count, base_cores());
    OK(storing_signer_load(sale.fx->home[DOCTOR], &sale.signers[0], &sale.fx->who[DOCTOR], INFO));
    OK(storing_signer_load(sale.fx->home[DOCTOR], &sale.signers[1], &sale.fx->doctor2, INFO));
    timed(&sale, "request, reply", open_request);
    timed(&sale, "make the entries", make_entries);
    timed(&sale, "deliver, events", deliver);
    (void)verify(&sale, 0);
    publish_list(sale.fx, 1, none, 1, cid);
    take_list(&sale);
    struct taken one = verify(&sale, 1);
    publish_list(sale.fx, 2, cid, 1 + MORE_TOKENS, cid);
    take_list(&sale);
    struct taken more = verify(&sale, 1 + MORE_TOKENS);
    printf("  each further token                     %.3f ms an entry   %.3f ms cpu\n",
           (more.elapsed - one.elapsed) / MORE_TOKENS, (more.cpu - one.cpu) / MORE_TOKENS);
    bool is_met = one.elapsed * base_cores() / TARGET_CORES <= TARGET_MS;
    printf("  target: %.1f ms an entry on %d cores, one token, without storage: %s\n"
           "  (half the processor time: %.3f ms)\n",
           TARGET_MS, TARGET_CORES, is_met ? "met" : "MISSED", one.cpu / TARGET_CORES);
    for (size_t i = 0; i < sale.n; i++)
        purchasing_offer_clear(&sale.offers[i]);
    free(sale.offers);
    record_template_clear(&sale.wanted);
    storing_signer_clear(&sale.signers[0]);
    storing_signer_clear(&sale.signers[1]);
    if (fixture_tear_down(&fx) != 0)
        return 1;
    return is_check && !is_met ? 1 : 0;
}
