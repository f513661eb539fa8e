/*
 * Every way to cheat in a sale: who catches it, by which check, and who has the money in the end.
 *
 * One sale holds an entry of each kind that is caught entry by entry, beside honest ones; what the
 * hospital would have refused, what the buyer and both managers see, and what the contract pays are
 * held against the table below. What is caught before there is a delivery follows in tests of its
 * own.
 */
#include "forge.h"
#include "opening_stage.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS   15 /* by the first doctor: three of each patient */
#define DELIVERED 16 /* and one by the second */
#define NEEDED    4
#define PRICE     "1000000000000000003"

enum cheat {
    ALTERED_VALUE,
    WRONG_SALT,
    FOREIGN_PROOF,
    OTHER_ROOT_SIGNED,
    OUTSIDE_GROUP,
    REVOKED,
    SOLD_BEFORE,
    WRONG_CATEGORY,
    WRONG_PERIOD,
    MISSING_BLOCK,
    WRONG_KEY,
    CHEATS,
    HONEST = CHEATS,
};

/* hospital: words of an honest hospital's refusal, NULL where it cannot see it; check: the buyer's
 * row that fails; proof: the contract refunds at once, else both managers rule. */
static const struct {
    const char *name, *hospital, *check;
    bool proof;
} table[CHEATS] = {
    [ALTERED_VALUE] = {"altered value", NULL, "disclosure", false},
    [WRONG_SALT] = {"wrong salt", NULL, "disclosure", false},
    [FOREIGN_PROOF] = {"proof of another release", NULL, "disclosure", false},
    [OTHER_ROOT_SIGNED] = {"signature over another root", "group signature", "group signature",
                           true},
    [OUTSIDE_GROUP] = {"doctor outside the group", "group signature", "group signature", true},
    [REVOKED] = {"revoked doctor", "revocation list", "revocation list", false},
    [SOLD_BEFORE] = {"release sold before", "another request", "freshness", false},
    [WRONG_CATEGORY] = {"record of another category", NULL, "template", false},
    [WRONG_PERIOD] = {"record from before the period", NULL, "template", false},
    [MISSING_BLOCK] = {"block nobody has", "at hand", "decryption", false},
    [WRONG_KEY] = {"key of another bundle", NULL, "decryption", false},
};

static uint8_t revoked_root[32]; /* the second doctor's record */
static char other_category[65], other_year[65];
static uint8_t releases[CHEATS][32]; /* releaseRoot of each cheat's entry */

/* ---- the stage --------------------------------------------------------------------------------------- */

static void store_as(struct market *market, const struct chain_address *doctor, int patient,
                     const char *category, const char *issued, int variant, char root_hex[65])
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO record = fixture_record(fx, &market->patients[patient], variant);
    RECORD_JSON_AUTO result = NULL;
    OK(workflow_set_text(record, "category", category, INFO));
    OK(workflow_set_text(record, "issued", issued, INFO));
    OK(storing_store(fx->home[DOCTOR], doctor, record, NULL, &result, INFO));
    snprintf(root_hex, 65, "%s", fixture_text(result, "merkleRoot") + 2);
}

static int set_up(void **state)
{
    char root_hex[65];
    if (market_set_up(state, RECORDS) != 0)
        return -1;
    struct market *market = *state;
    struct fixture *fx = market->fx;
    stage_commit_registry(fx);
    store_as(market, &fx->doctor2, 4, "Cardiology", "2026-03-07T09:30:00Z", 31, root_hex);
    assert_int_equal(base_hex_decode(revoked_root, 32, root_hex, "", NULL), GALEN_OK);
    store_as(market, &fx->who[DOCTOR], 2, "Neurology", "2026-03-07T09:30:00Z", 32, other_category);
    store_as(market, &fx->who[DOCTOR], 2, "Cardiology", "2019-03-07T09:30:00Z", 33, other_year);
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    return 0;
}

/* ---- forging ------------------------------------------------------------------------------------------- */

static struct json_object *disclosed_field(struct json_object *bundle, const char *path)
{
    struct json_object *fields = fixture_member(fixture_member(bundle, "disclosure"), "fields");
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        if (strcmp(fixture_text(field, "path"), path) == 0)
            return field;
    }
    fail_msg("%s is not disclosed", path);
    return NULL;
}

/* The siblings of another patient's proof beside one's own values. */
static void take_siblings(struct json_object *bundle, struct json_object *others)
{
    RECORD_JSON_AUTO siblings = NULL;
    OK(record_json_copy(&siblings, fixture_member(fixture_member(others, "disclosure"), "siblings"),
                        INFO));
    OK(workflow_set_object(fixture_member(bundle, "disclosure"), "siblings", &siblings, INFO));
}

/* A release signed by a member of a group that this contract has never heard of. */
static void sign_as_outsider(struct market *market, struct json_object *answer)
{
    const struct workflow *wf = market->fx->home[DOCTOR];
    static struct groupsig_group_key key;
    static struct groupsig_member_secret member;
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
    struct groupsig_join_secret joining;
    struct groupsig_join_request request;
    struct chain_address owner;
    uint8_t gm_share[GROUPSIG_GM_SHARE_BYTES], rm_share[GROUPSIG_RM_SHARE_BYTES];
    uint8_t request_bytes[GROUPSIG_JOIN_REQUEST_BYTES], membership[GROUPSIG_MEMBERSHIP_BYTES];
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES], root[32], msg32[32];
    const uint8_t nonce32[32] = {1}, ctx32[32] = {2};
    const struct groupsig_rng *rng = &workflow_rng;
    assert_int_equal(groupsig_gm_setup(&gm, gm_share, rng), GROUPSIG_OK);
    assert_int_equal(groupsig_rm_setup(&rm, rm_share, gm_share, rng), GROUPSIG_OK);
    assert_int_equal(groupsig_group_key_combine(&key, gm_share, rm_share), GROUPSIG_OK);
    assert_int_equal(groupsig_join_request_make(&key, &joining, request_bytes, nonce32, ctx32, rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_join_request_parse(&request, request_bytes, sizeof request_bytes),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_join_issue(&key, membership, &gm, &request, nonce32, ctx32, rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_join_finish(&key, &member, &joining, membership, sizeof membership),
                     GROUPSIG_OK);
    OK(record_json_get_hex(root, 32, answer, "releaseRoot", RECORD_JSON_REQUIRED, "", INFO));
    OK(workflow_get_address(&owner, answer, "releaseAddr", "", INFO));
    OK(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, root,
                            owner.bytes, INFO));
    assert_int_equal(groupsig_sign(&key, sig, &member, msg32, rng), GROUPSIG_OK);
    OK(record_json_set_hex(answer, "sig", sig, sizeof sig, INFO));
}

/* The answer becomes one about the first release of another record of the same patient, complete
 * and rightly signed. */
static void use_record(struct market *market, uint64_t id, int patient, const char *root_hex,
                       struct json_object *answer)
{
    static const char *const paths[] = {"/category",
                                        "/year",
                                        "/count",
                                        "/leaves",
                                        "/demographics",
                                        "/medical_data/diagnosis",
                                        "/medical_data/lab_results"};
    STORING_OPENED_AUTO record = {0};
    RECORD_RELEASE_AUTO release = {0};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    RECORD_JSON_AUTO proof = NULL;
    RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
    char asked[80];
    char own[80];
    snprintf(asked, sizeof asked, "%s", fixture_text(answer, "recordId"));
    snprintf(own, sizeof own, "0x%s", root_hex);
    OK(storing_open_record(market->fx->home[PATIENT], own, &record, INFO));
    OK(record_release_parse(&release, json_object_array_get_idx(record.releases, 0), INFO));
    OK(record_release_tree(&tree, &release, INFO));
    OK(record_disclosure_make(&disclosure, tree, paths, sizeof paths / sizeof *paths, INFO));
    OK(record_disclosure_encode(&proof, &disclosure, INFO));
    OK(workflow_set_object(bundle, "disclosure", &proof, INFO));
    OK(record_json_set_hex(bundle, "sig", release.sig, sizeof release.sig, INFO));
    forge_bundle(market, id, bundle, answer);
    OK(record_json_set_hex(answer, "releaseRoot", disclosure.root, 32, INFO));
    OK(workflow_set_text(answer, "releaseAddr", release.release_address, INFO));
    OK(record_json_set_hex(answer, "sig", release.sig, sizeof release.sig, INFO));
    OK(workflow_set_text(answer, "recordId", own, INFO)); /* whose key signs */
    forge_sign(market, patient, id, answer);
    OK(workflow_set_text(answer, "recordId", asked, INFO));
}

static void take_signature(struct json_object *to, struct json_object *from)
{
    char sig[2 * GROUPSIG_SIGNATURE_BYTES + 3];
    snprintf(sig, sizeof sig, "%s", fixture_text(from, "sig"));
    OK(workflow_set_text(to, "sig", sig, INFO));
}

/* Makes of a patient's honest answer the cheat. other: an honest answer of somebody else's. */
static void forge_answer(struct market *market, enum cheat cheat, uint64_t id, uint64_t sold_in,
                         int patient, int n, struct json_object *answer, struct json_object *other)
{
    RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
    RECORD_JSON_AUTO others = forge_open_bundle(market, id, other);
    switch (cheat) {
    case ALTERED_VALUE:
        OK(workflow_set_text(disclosed_field(bundle, "/demographics/gender"), "value", "male",
                             INFO));
        forge_bundle(market, id, bundle, answer);
        break;
    case WRONG_SALT: {
        const uint8_t salt[RECORD_SALT_BYTES] = {7};
        OK(record_json_set_hex(disclosed_field(bundle, "/demographics/gender"), "salt", salt,
                               sizeof salt, INFO));
        forge_bundle(market, id, bundle, answer);
        break;
    }
    case FOREIGN_PROOF:
        take_siblings(bundle, others);
        forge_bundle(market, id, bundle, answer);
        break;
    case OTHER_ROOT_SIGNED:
    case OUTSIDE_GROUP:
        if (cheat == OUTSIDE_GROUP)
            sign_as_outsider(market, answer);
        else
            take_signature(answer, other);
        take_signature(bundle, answer);
        forge_bundle(market, id, bundle, answer);
        break;
    case SOLD_BEFORE: {
        RECORD_JSON_AUTO sold = market_answer(market, sold_in, patient, n);
        static const char *const taken[] = {"releaseRoot", "releaseAddr", "sig"};
        for (size_t i = 0; i < 3; i++)
            OK(workflow_set_text(answer, taken[i], fixture_text(sold, taken[i]), INFO));
        RECORD_JSON_AUTO sold_bundle = forge_open_bundle(market, sold_in, sold);
        RECORD_JSON_AUTO proof = NULL;
        OK(record_json_copy(&proof, fixture_member(sold_bundle, "disclosure"), INFO));
        OK(workflow_set_object(bundle, "disclosure", &proof, INFO));
        take_signature(bundle, sold);
        forge_bundle(market, id, bundle, answer);
        break;
    }
    case WRONG_CATEGORY:
        use_record(market, id, patient, other_category, answer);
        return;
    case WRONG_PERIOD:
        use_record(market, id, patient, other_year, answer);
        return;
    case MISSING_BLOCK: {
        uint8_t nowhere[32];
        uint8_t key[32] = {5};
        base_random(nowhere, sizeof nowhere);
        forge_seal(market, id, nowhere, key, answer);
        break;
    }
    case WRONG_KEY: {
        uint8_t cid[32];
        uint8_t key[32] = {5};
        OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
        forge_seal(market, id, cid, key, answer);
        break;
    }
    case REVOKED:
    case HONEST:
        return;
    }
    forge_sign(market, patient, id, answer);
}

/* Which cheat is a patient's n-th answer? The revoked doctor's record may be any of the last
 * patient's. */
static enum cheat cheat_of(int patient, int n, struct json_object *answer)
{
    static const enum cheat of[MARKET_PATIENTS][3] = {
        {ALTERED_VALUE, WRONG_SALT, FOREIGN_PROOF},
        {OTHER_ROOT_SIGNED, OUTSIDE_GROUP, SOLD_BEFORE},
        {WRONG_CATEGORY, WRONG_PERIOD, MISSING_BLOCK},
        {WRONG_KEY, HONEST, HONEST},
        {HONEST, HONEST, HONEST},
    };
    uint8_t record[32];
    OK(record_json_get_hex(record, 32, answer, "recordId", RECORD_JSON_REQUIRED, "", INFO));
    if (memcmp(record, revoked_root, 32) == 0)
        return REVOKED;
    return patient < MARKET_PATIENTS - 1 ? of[patient][n] : HONEST;
}

/* Everybody's clients answer, and what leaves is forged. */
static void answer_all(struct market *market, uint64_t id, uint64_t sold_in)
{
    struct workflow *patients = market->fx->home[PATIENT];
    for (int i = 0; i < MARKET_PATIENTS; i++)
        OK(purchasing_consent(patients, &market->patients[i], id, true, NULL, INFO));
    OK(db_run(patients->db, INFO, "DELETE FROM outbox WHERE delivered_at IS NULL"));
    for (int p = 0; p < MARKET_PATIENTS; p++)
        for (int n = 0; n < (p == MARKET_PATIENTS - 1 ? 4 : 3); n++) {
            RECORD_JSON_AUTO answer = market_answer(market, id, p, n);
            RECORD_JSON_AUTO other = market_answer(market, id, (p + 1) % MARKET_PATIENTS, 0);
            enum cheat cheat = cheat_of(p, n, answer);
            forge_answer(market, cheat, id, sold_in, p, n, answer, other);
            if (cheat != HONEST)
                OK(record_json_get_hex(releases[cheat], 32, answer, "releaseRoot",
                                       RECORD_JSON_REQUIRED, "", INFO));
            forge_send(market, p, answer);
        }
    assert_int_equal(fixture_settle(market->fx), 0);
}

static void revoke_second_doctor(struct market *market)
{
    struct fixture *fx = market->fx;
    char root_hex[65];
    char opening[65];
    base_hex_encode(root_hex, revoked_root, 32);
    stage_open(fx, root_hex, opening);
    stage_reveal(fx, opening);
    const struct revocation_options revoke = {.opening_id = opening, .reason = "fraud"};
    OK(revocation_propose(fx->home[GM], &fx->who[GM], &revoke, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(revocation_publish(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    fixture_pass_time(fx, 5);
}

/* ---- who catches it ---------------------------------------------------------------------------------- */

/* An honest hospital would have refused these, and only these. */
static void hospital_sees(struct market *market, uint64_t id)
{
    struct workflow *hospital = market->fx->home[HOSPITAL];
    RECORD_JSON_AUTO tried = NULL;
    workflow_dry_run(hospital, true);
    OK(purchasing_deliver(hospital, &market->fx->who[HOSPITAL], id, &tried, INFO));
    workflow_dry_run(hospital, false);
    struct json_object *refused = fixture_member(tried, "refused");
    size_t expected = 0;
    for (int c = 0; c < CHEATS; c++) {
        size_t alike = 0, found = 0;
        if (table[c].hospital == NULL)
            continue;
        expected++;
        for (int o = 0; o < CHEATS; o++)
            alike += table[o].hospital != NULL && strcmp(table[o].hospital, table[c].hospital) == 0;
        for (size_t i = 0; i < json_object_array_length(refused); i++)
            found += strstr(fixture_text(json_object_array_get_idx(refused, i), "reason"),
                            table[c].hospital) != NULL;
        if (found != alike)
            fail_msg("%s: %zu refused for it in %s", table[c].name, found,
                     json_object_to_json_string(refused));
    }
    assert_int_equal(json_object_array_length(refused), expected);
}

/* Where each entry stands: HONEST or what it is. */
static void find_places(struct market *market, uint64_t id, enum cheat at[DELIVERED],
                        struct purchasing_onchain *chain, struct purchasing_entries *entries)
{
    struct workflow *buyer = market->fx->home[BUYER];
    OK(purchasing_read_chain(buyer, chain, id, INFO));
    OK(purchasing_load_entries(buyer, entries, chain, INFO));
    assert_int_equal(entries->n, DELIVERED);
    for (size_t i = 0; i < entries->n; i++) {
        at[i] = HONEST;
        for (int c = 0; c < CHEATS; c++)
            if (memcmp(entries->items[i].release_root, releases[c], 32) == 0)
                at[i] = (enum cheat)c;
    }
}

static void buyer_sees(struct market *market, uint64_t id, const enum cheat at[DELIVERED])
{
    bool passed = true;
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_int_equal(fixture_number(verified, "failed"), CHEATS);
    struct json_object *rows = fixture_member(verified, "entries");
    for (int i = 0; i < DELIVERED; i++) {
        struct json_object *row = json_object_array_get_idx(rows, (size_t)i);
        if (at[i] == HONEST) {
            assert_int_equal(market_failed(verified, i), 0);
            continue;
        }
        if (market_row(verified, i, table[at[i]].check))
            fail_msg("%s: not seen in %s", table[at[i]].name, json_object_to_json_string(row));
        assert_string_equal(fixture_text(row, "remedy"),
                            table[at[i]].proof ? "prove-invalid" : "dispute");
    }
}

/* Both managers' own checks of the disputed entries fail where the buyer's did. */
static void managers_see(struct market *market, uint64_t id, const enum cheat at[DELIVERED])
{
    struct fixture *fx = market->fx;
    static const enum fixture_home homes[] = {GM, RM};
    for (int m = 0; m < 2; m++) {
        RECORD_JSON_AUTO shown = NULL;
        OK(dispute_show(fx->home[homes[m]], id, &shown, INFO));
        struct json_object *entries = fixture_member(shown, "entries");
        for (size_t i = 0; i < json_object_array_length(entries); i++) {
            struct json_object *entry = json_object_array_get_idx(entries, i);
            struct json_object *checks = fixture_member(entry, "checks");
            enum cheat cheat = at[fixture_number(entry, "index")];
            bool failed = false;
            if (table[cheat].proof)
                continue;
            for (size_t k = 0; k < json_object_array_length(checks); k++) {
                struct json_object *check = json_object_array_get_idx(checks, k);
                if (strcmp(fixture_text(check, "check"), table[cheat].check) == 0)
                    failed = !json_object_get_boolean(fixture_member(check, "passed"));
            }
            if (!failed)
                fail_msg("%s: a manager does not see it", table[cheat].name);
        }
    }
}

/* Of the entries that are to be disputed or proven. */
static size_t list_places(const enum cheat at[DELIVERED], bool proof, uint64_t out[DELIVERED])
{
    size_t n = 0;
    for (uint64_t i = 0; i < DELIVERED; i++)
        if (at[i] != HONEST && table[at[i]].proof == proof)
            out[n++] = i;
    return n;
}

/* ---- all that is caught entry by entry ---------------------------------------------------------------- */

static void the_cheats_of_one_delivery(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    static const enum fixture_home managers[] = {GM, RM};
    enum cheat at[DELIVERED];
    uint64_t which[DELIVERED];
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    uint64_t sold_in = market_delivered(market, NEEDED, PRICE, NULL);
    struct chain_u256 held = market_balance(market, &buyer->domain.contract);
    struct chain_u256 before = market_money(market, BUYER);

    uint64_t id = market_request(market, NEEDED, PRICE, NULL);
    market_reply_and_ask(market, id);
    answer_all(market, id, sold_in);
    revoke_second_doctor(market);
    hospital_sees(market, id);
    forge_deliver(market, id, NULL);
    find_places(market, id, at, &chain, &entries);
    buyer_sees(market, id, at);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, lab, id, true, NULL, INFO));

    /* the contract judges what it can, the managers the rest */
    RECORD_JSON_AUTO proven = NULL;
    OK(dispute_prove_invalid(buyer, lab, id, NULL, 0, &proven, INFO));
    assert_int_equal(json_object_array_length(fixture_member(proven, "entries")),
                     list_places(at, true, which));
    size_t n = list_places(at, false, which);
    OK(dispute_open(buyer, lab, id, which, n, "not what was asked for", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    managers_see(market, id, at);
    for (int m = 0; m < 2; m++) {
        OK(dispute_rule(fx->home[managers[m]], &fx->who[managers[m]], id, which, n, DISPUTE_REFUND,
                        NULL, INFO));
        assert_int_equal(fixture_settle(fx), 0);
    }

    /* who was honest is paid, the buyer has the rest back and the hospital's bond for it */
    OK(purchasing_finalize(buyer, lab, id, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    struct chain_u256 part = purchasing_part(&chain.escrow, chain.count);
    struct chain_u256 bond, price, refunded;
    (void)chain_u256_div_u64(&bond, &chain.bond, chain.count);
    struct chain_u256 one = market_plus(part, bond);
    OK(chain_u256_mul_u64(&refunded, &one, CHEATS));
    OK(chain_u256_parse(&price, PRICE, INFO));
    market_same_wei(market_plus(market_money(market, BUYER), price), market_plus(before, refunded));
    market_same_wei(market_balance(market, &buyer->domain.contract), held);
    for (size_t i = 0; i < entries.n; i++)
        market_same_wei(market_balance(market, &entries.items[i].payout),
                        at[i] == HONEST ? part : (struct chain_u256){0});
}

/* ---- the delivery as a whole ---------------------------------------------------------------------------- */

static const struct purchasing_terms whole_terms = {.max_records = DELIVERED};

/* Everybody answers honestly; what the hospital makes of it is forged. */
static uint64_t honest_answers(struct market *market, int needed)
{
    market_forget_sales(market);
    uint64_t id = market_request(market, needed, PRICE, &whole_terms);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    return id;
}

/* The manifest gives each entry the bundle and key of another. */
static void shift_manifest(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    struct purchasing_offer *items = offers->items;
    uint8_t cid[32];
    char *ek = items[0].ek;
    (void)market, (void)id;
    memcpy(cid, items[0].bundle_cid, 32);
    for (size_t i = 0; i + 1 < offers->n; i++) {
        items[i].ek = items[i + 1].ek;
        memcpy(items[i].bundle_cid, items[i + 1].bundle_cid, 32);
    }
    items[offers->n - 1].ek = ek;
    memcpy(items[offers->n - 1].bundle_cid, cid, 32);
}

static void a_manifest_of_other_recipients(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    bool passed = true;
    struct chain_u256 before = market_money(market, HOSPITAL);
    uint64_t id = honest_answers(market, NEEDED);
    struct purchasing_onchain chain;
    forge_deliver(market, id, shift_manifest);
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    struct json_object *rows = fixture_member(verified, "entries");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        assert_false(market_row(verified, (int)i, "bundle digest"));
        assert_string_equal(fixture_text(json_object_array_get_idx(rows, i), "remedy"), "dispute");
    }
    OK(purchasing_read_chain(buyer, &chain, id, INFO));
    OK(dispute_open(buyer, lab, id, NULL, 0, "bundles of others", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_rule(fx->home[GM], &fx->who[GM], id, NULL, 0, DISPUTE_REFUND, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(dispute_rule(fx->home[RM], &fx->who[RM], id, NULL, 0, DISPUTE_REFUND, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_finalize(buyer, lab, id, true, NULL, INFO));
    struct chain_u256 lost; /* its bond, but for what an equal share leaves over */
    (void)chain_u256_div_u64(&lost, &chain.bond, chain.count);
    OK(chain_u256_mul_u64(&lost, &lost, chain.count));
    market_same_wei(market_plus(market_money(market, HOSPITAL), lost), before);
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_load_entries(buyer, &entries, &chain, INFO));
    for (size_t i = 0; i < entries.n; i++)
        market_same_wei(market_balance(market, &entries.items[i].payout), (struct chain_u256){0});
}

static void keep_three(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    (void)market, (void)id;
    for (; offers->n > NEEDED - 1; offers->n--)
        purchasing_offer_clear(&offers->items[offers->n - 1]);
}

/* What deliver would say to this delivery, as the hospital's wallet sends it. */
static void contract_refuses(struct market *market, uint64_t id, forge_alter *alter,
                             const char *error)
{
    struct workflow *wf = market->fx->home[HOSPITAL];
    struct purchasing_row row;
    struct purchasing_onchain chain;
    struct datahub_entry entries[DELIVERED];
    const uint8_t manifest[32] = {1};
    RECORD_TEMPLATE_AUTO wanted = {0};
    PURCHASING_OFFERS_AUTO offers = {0};
    BASE_BUF_AUTO data = {0};
    OK(purchasing_read_row(wf, &row, id, INFO));
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_read_template(wf, &wanted, NULL, &row, &chain, INFO));
    OK(purchasing_load_offers(wf, &offers, &market->fx->who[HOSPITAL], id, &wanted, INFO));
    alter(market, id, &offers);
    assert_true(offers.n <= DELIVERED);
    for (size_t i = 0; i < offers.n; i++)
        entries[i] = purchasing_entry_argument(&offers.items[i].entry);
    OK(datahub_encode_deliver(&data, purchasing_u256(id), manifest, entries, offers.n, true, INFO));
    const struct workflow_call call = {.from = &market->fx->who[HOSPITAL],
                                       .data = &data,
                                       .role = "hospital",
                                       .flow = "purchasing",
                                       .operation = "deliver",
                                       .request_id = (int64_t)id};
    FAILS(GALEN_ERR_REVERTED, workflow_transact(wf, &call, NULL, NULL, NULL, INFO));
    if (strstr(fixture_last_info()->what, error) == NULL)
        fail_msg("\"%s\" does not say %s", fixture_last_info()->what, error);
}

static void fill_twice(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    (void)market, (void)id;
    memcpy(&offers->items[1].entry, &offers->items[0].entry, sizeof offers->items[0].entry);
}

/* One release under two records: the hospital takes one, and the contract no two alike. */
static void a_patient_who_fills_twice(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = market_request(market, NEEDED, PRICE, &whole_terms);
    market_reply_and_ask(market, id);
    forge_consent_but(market, id, 0);
    RECORD_JSON_AUTO first = market_answer(market, id, 0, 0);
    RECORD_JSON_AUTO second = market_answer(market, id, 0, 1);
    RECORD_JSON_AUTO again = NULL;
    char record[80];
    snprintf(record, sizeof record, "%s", fixture_text(second, "recordId"));
    OK(record_json_copy(&again, first, INFO));
    OK(workflow_set_text(again, "recordId", record, INFO));
    forge_send(market, 0, first);
    forge_send(market, 0, again);
    forge_send(market, 0, second); /* the first answer about a record counts */
    assert_int_equal(fixture_settle(fx), 0);
    contract_refuses(market, id, fill_twice, "BadEntry(index: 1, fault: 0)");
    RECORD_JSON_AUTO delivered = market_deliver(market, id);
    struct json_object *refused = fixture_member(delivered, "refused");
    bool twice = false;
    for (size_t i = 0; i < json_object_array_length(refused); i++)
        twice = twice || strstr(fixture_text(json_object_array_get_idx(refused, i), "reason"),
                                "given twice") != NULL;
    assert_true(twice);
    assert_int_equal(fixture_count(fx->home[BUYER],
                                   "SELECT count(*) - count(DISTINCT release_root) FROM entry"
                                   " WHERE request_id = (SELECT max(id) FROM request)"),
                     0);
}

static void too_few_records(void **state)
{
    struct market *market = *state;
    uint64_t id = honest_answers(market, NEEDED);
    contract_refuses(market, id, keep_three, "BadCount(count: 3");
}

static uint8_t dropped_root[32];
static void drop_one(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    (void)market, (void)id;
    memcpy(dropped_root, offers->items[offers->n - 1].entry.release_root, 32);
    purchasing_offer_clear(&offers->items[--offers->n]);
}

/* A hospital that leaves a patient out gains nothing by it, and the patient is told. */
static void a_hospital_that_drops_a_patient(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    bool passed = false;
    uint64_t id = honest_answers(market, NEEDED);
    forge_deliver(market, id, drop_one);
    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    struct purchasing_onchain chain;
    OK(purchasing_read_chain(buyer, &chain, id, INFO));
    PURCHASING_ENTRIES_AUTO entries = {0};
    OK(purchasing_load_entries(buyer, &entries, &chain, INFO));
    struct chain_u256 before = market_balance(market, &entries.items[0].payout);
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, chain.count);
    market_same_wei(market_balance(market, &entries.items[0].payout), market_plus(before, part));
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, fx->home[PATIENT]->db, INFO,
                "SELECT count(*) FROM notification n JOIN record r ON r.holder = n.identity"
                " JOIN release l ON l.record_id = r.id WHERE l.root = ?"
                " AND n.kind = 'release-left-out' AND n.subject = ?",
                DB_BLOB(dropped_root, 32), DB_INT(id)));
    OK(db_next(&rows, &found, INFO));
    assert_int_equal(db_int(&rows, 0), 1);
}

/* ---- the buyer ---------------------------------------------------------------------------------------------- */

/* All checks of the managers pass: it is paid, and the bond of the dispute goes with it. */
static void a_buyer_who_claims_fraud(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    static const enum fixture_home homes[] = {GM, RM};
    const uint64_t one = 2;
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    uint64_t id = honest_answers(market, NEEDED);
    json_object_put(market_deliver(market, id));
    OK(purchasing_read_chain(buyer, &chain, id, INFO));
    OK(purchasing_load_entries(buyer, &entries, &chain, INFO));
    OK(dispute_open(buyer, &fx->who[BUYER], id, &one, 1, "invented values", NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    for (int m = 0; m < 2; m++) {
        RECORD_JSON_AUTO shown = NULL;
        OK(dispute_show(fx->home[homes[m]], id, &shown, INFO));
        struct json_object *entry = json_object_array_get_idx(fixture_member(shown, "entries"), 0);
        struct json_object *checks = fixture_member(entry, "checks");
        assert_true(json_object_array_length(checks) >= 8);
        for (size_t k = 0; k < json_object_array_length(checks); k++)
            assert_true(json_object_get_boolean(
                fixture_member(json_object_array_get_idx(checks, k), "passed")));
        OK(dispute_rule(fx->home[homes[m]], &fx->who[homes[m]], id, &one, 1, DISPUTE_PAY, NULL,
                        INFO));
        assert_int_equal(fixture_settle(fx), 0);
    }
    struct chain_u256 bond;
    bool passed = false;
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    OK(purchasing_finalize(buyer, &fx->who[BUYER], id, true, NULL, INFO));
    OK(purchasing_dispute_bond(&bond, &chain));
    struct chain_u256 before = market_money(market, BUYER);
    OK(purchasing_claim(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, one, NULL, INFO));
    market_same_wei(market_balance(market, &entries.items[one].payout),
                    market_plus(purchasing_part(&chain.escrow, chain.count), bond));
    market_same_wei(market_money(market, BUYER), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_of_other_recipients),
        cmocka_unit_test(a_patient_who_fills_twice),
        cmocka_unit_test(too_few_records),
        cmocka_unit_test(a_hospital_that_drops_a_patient),
        cmocka_unit_test(a_buyer_who_claims_fraud),
        cmocka_unit_test(the_cheats_of_one_delivery), /* the last: a doctor stays revoked */
    };
    return cmocka_run_group_tests_name("cheating", tests, set_up, market_tear_down);
}
