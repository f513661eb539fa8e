/* Answers and bundles that no honest client makes. */
#include "forge.h"

#include <string.h>

/* ---- answers that no honest client gives -------------------------------------------------------- */

/* Everybody's client answers, and the mail of patient `forger` is held back. */
void forge_consent_but(struct market *market, uint64_t id, int forger)
{
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[PATIENT];
    for (int i = 0; i < MARKET_PATIENTS; i++)
        if (i != forger)
            OK(purchasing_consent(wf, &market->patients[i], id, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_consent(wf, &market->patients[forger], id, true, NULL, INFO));
    OK(db_run(wf->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));
}

void forge_send(struct market *market, int patient, struct json_object *answer)
{
    struct fixture *fx = market->fx;
    uint8_t id[32];
    OK(record_json_hash(id, answer, INFO));
    OK(message_send(fx->home[PATIENT], &market->patients[patient], &fx->who[HOSPITAL],
                    MESSAGE_CONSENT_GIVEN, id, answer, INFO));
}

/* The release which the answer names. */
void forge_release(struct market *market, struct json_object *answer, struct record_release *out)
{
    STORING_OPENED_AUTO record = {0};
    OK(storing_open_record(market->fx->home[PATIENT], fixture_text(answer, "recordId"), &record,
                           INFO));
    for (size_t i = 0; i < json_object_array_length(record.releases); i++) {
        RECORD_RELEASE_AUTO release = {0};
        OK(record_release_parse(&release, json_object_array_get_idx(record.releases, i), INFO));
        if (strcmp(release.release_address, fixture_text(answer, "releaseAddr")) == 0) {
            *out = release;
            release = (struct record_release){0};
            return;
        }
    }
    fail_msg("no such release");
}

/* The key that signs for it. */
void forge_key(struct market *market, int patient, struct json_object *answer,
               struct chain_key *key)
{
    struct workflow *wf = market->fx->home[PATIENT];
    RECORD_RELEASE_AUTO release = {0};
    BASE_SECRET_AUTO secret = {0};
    CHAIN_KEY_AUTO sale = {0};
    forge_release(market, answer, &release);
    OK(workflow_secret_get(wf, &secret, WORKFLOW_KEY_SALE, &market->patients[patient], INFO));
    OK(chain_key_from_bytes(&sale, secret.data, INFO));
    OK(chain_release_key(key, &sale, release.seed, INFO));
}

/* Signs the answer anew, for this request and as it now stands. */
void forge_sign(struct market *market, int patient, uint64_t id, struct json_object *answer)
{
    struct workflow *wf = market->fx->home[PATIENT];
    struct purchasing_offer offer = {0};
    struct chain_share_consent message = {.request_id = purchasing_u256(id)};
    CHAIN_KEY_AUTO key = {0};
    uint64_t named = 0;
    uint8_t digest[32];
    uint8_t sig65[CHAIN_SIGNATURE_BYTES];
    OK(purchasing_parse_given(&offer, answer, &named, NULL, INFO));
    OK(purchasing_bundle_digest(offer.entry.bundle_digest, offer.bundle_cid, offer.ek, INFO));
    OK(record_json_set_hex(answer, "bundleDigest", offer.entry.bundle_digest, 32, INFO));
    memcpy(message.release_root, offer.entry.release_root, 32);
    memcpy(message.bundle_digest, offer.entry.bundle_digest, 32);
    message.payout = offer.entry.payout;
    message.min_payout = offer.entry.min_payout;
    forge_key(market, patient, answer, &key);
    chain_digest_share_consent(digest, &wf->domain, &message);
    OK(chain_key_sign(&key, digest, sig65, INFO));
    OK(record_json_set_hex(answer, "consent", sig65, sizeof sig65, INFO));
    purchasing_offer_clear(&offer);
}

void forge_seal(struct market *market, uint64_t id, const uint8_t bundle_cid32[32],
                const uint8_t key32[32], struct json_object *answer)
{
    struct workflow *wf = market->fx->home[HOSPITAL];
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    BASE_BUF_AUTO jwk = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO ek = {0};
    struct seal_public_key buyer;
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_read_template(wf, &wanted, NULL, &row, &chain, INFO));
    OK(record_json_jcs(&jwk, wanted.buyer_key, INFO));
    OK(seal_public_parse(&buyer, (struct base_view){jwk.data, jwk.len}, INFO));
    OK(purchasing_key_context(&context, id, bundle_cid32, INFO));
    OK(seal_wrap_key(&ek, &buyer, key32, (const char *)context.data, INFO));
    OK(workflow_set_cid(answer, "bundleCid", bundle_cid32, INFO));
    OK(workflow_set_text(answer, "ek", (const char *)ek.data, INFO));
}

/* A bundle with this text as its plaintext, sealed rightly. */
void forge_bundle(struct market *market, uint64_t id, struct json_object *plaintext,
                  struct json_object *answer)
{
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO block = {0};
    uint8_t key[32];
    uint8_t cid[32];
    base_random(key, sizeof key);
    OK(record_json_jcs(&text, plaintext, INFO));
    OK(seal_object(&block, key, (struct base_view){text.data, text.len}, INFO));
    OK(store_put(cid, market->fx->home[PATIENT]->store, block.data, block.len, INFO));
    forge_seal(market, id, cid, key, answer);
}

/* The plaintext of an honest answer's bundle, as the buyer opens it; json_object_put. */
struct json_object *forge_open_bundle(struct market *market, uint64_t id,
                                      struct json_object *answer)
{
    struct workflow *wf = market->fx->home[BUYER];
    struct purchasing_row row;
    BASE_SECRET_AUTO jwk = {0};
    BASE_SECRET_AUTO key = {0};
    BASE_BUF_AUTO context = {0};
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO text = {0};
    struct json_object *bundle = NULL;
    uint8_t cid[32];
    char name[80];
    char hex[65];
    const char *ek = fixture_text(answer, "ek");
    OK(purchasing_read_row(wf, &row, id, INFO));
    base_hex_encode(hex, row.template_hash, 32);
    snprintf(name, sizeof name, "buyer-%s", hex);
    OK(seal_keystore_get(&jwk, wf->keys, name, INFO));
    OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
    OK(store_get(&block, wf->store, cid, INFO));
    OK(purchasing_key_context(&context, id, cid, INFO));
    OK(seal_unwrap_key(&key, (struct base_view){(const uint8_t *)ek, strlen(ek)}, &jwk,
                       (const char *)context.data, INFO));
    OK(seal_open_object(&text, (struct base_view){block.data, block.len}, key.data, NULL, INFO));
    OK(record_json_parse(&bundle, (char *)text.data, text.len, text.len, INFO));
    return bundle;
}

/* A true proof that leaves the unit of a laboratory value out. */
void forge_leave_unit_out(struct market *market, struct json_object *answer,
                          struct json_object *bundle)
{
    static const char *const paths[] = {"/category",
                                        "/year",
                                        "/count",
                                        "/leaves",
                                        "/demographics",
                                        "/medical_data/diagnosis",
                                        "/medical_data/lab_results/0/system",
                                        "/medical_data/lab_results/0/code",
                                        "/medical_data/lab_results/0/value"};
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    forge_release(market, answer, &release);
    OK(record_release_tree(&tree, &release, INFO));
    OK(record_disclosure_make(&disclosure, tree, paths, sizeof paths / sizeof *paths, INFO));
    OK(record_disclosure_encode(&proof, &disclosure, INFO));
    OK(workflow_set_object(bundle, "disclosure", &proof, INFO));
}

/* ---- a hospital that checks nothing --------------------------------------------------------------- */

static void fill_ys(struct purchasing_entry *entry)
{
    struct groupsig_signature parsed;
    if (groupsig_signature_parse(&parsed, entry->sig, sizeof entry->sig) == GROUPSIG_OK)
        groupsig_signature_ys(&parsed, entry->ys);
}

void forge_deliver(struct market *market, uint64_t id, forge_alter *alter)
{
    enum { MOST = 100 };
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[HOSPITAL];
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct datahub_entry entries[MOST];
    const struct purchasing_offer *sorted[MOST];
    RECORD_TEMPLATE_AUTO wanted = {0};
    PURCHASING_OFFERS_AUTO offers = {0};
    PURCHASING_MANIFEST_AUTO manifest = {0};
    BASE_BUF_AUTO data = {0};
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_read_template(wf, &wanted, NULL, &row, &chain, INFO));
    OK(purchasing_load_offers(wf, &offers, &fx->who[HOSPITAL], id, &wanted, INFO));
    assert_in_range(offers.n, 1, MOST);
    for (size_t i = 0; i < offers.n; i++)
        fill_ys(&offers.items[i].entry);
    if (alter != NULL)
        alter(market, id, &offers);
    for (size_t i = 0; i < offers.n; i++) {
        sorted[i] = &offers.items[i];
        entries[i] = purchasing_entry_argument(&offers.items[i].entry);
    }
    OK(purchasing_make_manifest(&manifest, id, row.template_hash, sorted, offers.n, 0, INFO));
    OK(datahub_encode_deliver(&data, purchasing_u256(id), manifest.cid, entries, offers.n, true,
                              INFO));
    market_call(wf, &fx->who[HOSPITAL], "deliver", &data, NULL);
    for (size_t i = 0; i < manifest.n_blocks; i++)
        OK(store_put(NULL, wf->store, manifest.blocks[i].data, manifest.blocks[i].len, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}
