/* What is provably invalid: the client and the contract agree in every case, and the money that a
 * proof moves. */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000003"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

/* ---- agreement with the contract ------------------------------------------------------------------- */

enum consent_case {
    HONEST,
    OTHER_V,
    V_ZERO,
    V_29,
    HIGH_S,
    R_ZERO,
    S_ZERO,
    R_ORDER,
    S_ORDER,
    REQUEST,
    PAYOUT,
    MIN_PAYOUT,
    BUNDLE,
    ROOT,
    OTHER_CONTRACT,
    OTHER_CHAIN,
    OTHER_KEY,
    S_HALF,         /* the greatest low s: valid */
    S_HALF_AND_ONE, /* its twin */
    NOBODY,         /* what recovers nobody, and releaseAddr zero */
    SMART_ACCOUNT,  /* a contract that says yes to everything (ERC-1271) */
    CONSENT_CASES,
};
enum signature_case {
    BIT = CONSENT_CASES,
    OTHER_ROOT,
    OTHER_OWNER,
    PLAIN_ROOT, /* signed, but not bound to chain, contract and owner */
    YS,
    YS_NEGATED,
    SCALAR, /* not reduced */
    INFINITY_POINT,
    VERSION_BYTE,
    CASES,
};
static bool is_valid_case(int c)
{
    return c == HONEST || c == S_HALF;
}

static const char order_hex[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char half_hex[] = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
static const char groth_hex[] = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
static const char field_hex[] = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
                                "1eabfffeb153ffffb9feffffffffaaab";

/* a - b, big-endian. */
static void subtract(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t len)
{
    int borrow = 0;
    for (size_t i = len; i-- > 0;) {
        int d = a[i] - b[i] - borrow;
        borrow = d < 0;
        out[i] = (uint8_t)(d + (borrow ? 256 : 0));
    }
}

static void add(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t len)
{
    int carry = 0;
    for (size_t i = len; i-- > 0;) {
        int sum = a[i] + b[i] + carry;
        out[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
}

static void sign_release(struct market *market, struct purchasing_entry *entry,
                         const uint8_t root32[32], const struct chain_address *owner, bool plain)
{
    struct workflow *wf = market->fx->home[DOCTOR];
    const struct groupsig_group_key *key = NULL;
    struct groupsig_member_secret member;
    BASE_SECRET_AUTO stored = {0};
    struct groupsig_signature parsed;
    uint8_t msg32[32];
    OK(workflow_group_key(wf, 1, &key, INFO));
    OK(workflow_secret_get(wf, &stored, WORKFLOW_KEY_MEMBER, &market->fx->who[DOCTOR], INFO));
    assert_int_equal(groupsig_member_secret_parse(&member, stored.data, stored.len), GROUPSIG_OK);
    OK(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, root32,
                            owner->bytes, INFO));
    assert_int_equal(groupsig_sign(key, entry->sig, &member, plain ? root32 : msg32, &workflow_rng),
                     GROUPSIG_OK);
    assert_int_equal(groupsig_signature_parse(&parsed, entry->sig, sizeof entry->sig), GROUPSIG_OK);
    groupsig_signature_ys(&parsed, entry->ys);
}

/* The consent of one case, and who releaseAddr is. */
static void make_consent(struct market *market, uint64_t id, int c, struct purchasing_entry *entry)
{
    struct workflow *wf = market->fx->home[PATIENT];
    struct chain_domain domain = wf->domain;
    struct chain_share_consent message = {
        .request_id = purchasing_u256(c == REQUEST ? id + 1 : id),
        .payout = entry->payout,
        .min_payout = entry->min_payout,
    };
    CHAIN_KEY_AUTO key = {0};
    CHAIN_KEY_AUTO stranger = {0};
    uint8_t digest[32];
    uint8_t order[32];
    uint8_t half[32];
    uint8_t *sig = entry->consent;
    assert_int_equal(base_hex_decode(order, 32, order_hex, "", NULL), GALEN_OK);
    assert_int_equal(base_hex_decode(half, 32, half_hex, "", NULL), GALEN_OK);
    memcpy(message.release_root, entry->release_root, 32);
    memcpy(message.bundle_digest, entry->bundle_digest, 32);
    OK(chain_key_generate(&key, INFO));
    OK(chain_key_generate(&stranger, INFO));
    entry->release_addr = key.address;
    if (c == PAYOUT)
        message.payout.bytes[19] ^= 1;
    if (c == MIN_PAYOUT)
        message.min_payout = purchasing_u256(2);
    if (c == BUNDLE)
        message.bundle_digest[31] ^= 1;
    if (c == ROOT)
        message.release_root[31] ^= 1;
    if (c == OTHER_CONTRACT)
        domain.contract.bytes[0] ^= 1;
    if (c == OTHER_CHAIN)
        domain.chain_id++;
    chain_digest_share_consent(digest, &domain, &message);
    OK(chain_key_sign(c == OTHER_KEY ? &stranger : &key, digest, sig, INFO));
    switch (c) {
    case OTHER_V:
        sig[64] = (uint8_t)(55 - sig[64]);
        break;
    case V_ZERO:
        sig[64] = (uint8_t)(sig[64] - 27);
        break;
    case V_29:
        sig[64] = (uint8_t)(sig[64] + 2);
        break;
    case HIGH_S:
        subtract(sig + 32, order, sig + 32, 32);
        sig[64] = (uint8_t)(55 - sig[64]);
        break;
    case R_ZERO:
        memset(sig, 0, 32);
        break;
    case S_ZERO:
        memset(sig + 32, 0, 32);
        break;
    case R_ORDER:
        memcpy(sig, order, 32);
        break;
    case S_ORDER:
        memcpy(sig + 32, order, 32);
        break;
    case S_HALF:
    case S_HALF_AND_ONE:
        memcpy(sig + 32, half, 32);
        OK(chain_recover(&entry->release_addr, digest, sig, INFO));
        if (c == S_HALF_AND_ONE) {
            subtract(sig + 32, order, half, 32);
            sig[64] = (uint8_t)(55 - sig[64]);
        }
        break;
    case NOBODY:
        memset(sig, 0, 64);
        entry->release_addr = (struct chain_address){0};
        break;
    case SMART_ACCOUNT: {
        char text[CHAIN_ADDRESS_TEXT];
        char params[160];
        BASE_BUF_AUTO answer = {0};
        memset(entry->release_addr.bytes, 0x77, 20);
        chain_address_format(text, &entry->release_addr);
        /* returns 0x1626ba7e, the magic value, whatever it is asked */
        snprintf(params, sizeof params, "[\"%s\",\"0x631626ba7e60e01b60005260206000f3\"]", text);
        OK(chain_rpc_request(market->fx->rpc, &answer, "anvil_setCode", params, INFO));
        break;
    }
    default:
        break;
    }
}

static void make_signature(struct market *market, int c, struct purchasing_entry *entry)
{
    uint8_t root[32];
    struct chain_address owner = entry->release_addr;
    uint8_t order[32];
    uint8_t field[48];
    assert_int_equal(base_hex_decode(order, 32, groth_hex, "", NULL), GALEN_OK);
    assert_int_equal(base_hex_decode(field, 48, field_hex, "", NULL), GALEN_OK);
    memcpy(root, entry->release_root, 32);
    root[31] ^= (uint8_t)(c == OTHER_ROOT);
    owner.bytes[19] ^= (uint8_t)(c == OTHER_OWNER);
    sign_release(market, entry, root, &owner, c == PLAIN_ROOT);
    if (c == BIT)
        entry->sig[250] ^= 1; /* of the challenge */
    if (c == YS)
        entry->ys[100] ^= 1;
    if (c == YS_NEGATED)
        subtract(entry->ys, field, entry->ys, 48);
    if (c == SCALAR)
        add(entry->sig + 266, entry->sig + 266, order, 32);
    if (c == INFINITY_POINT) {
        memset(entry->sig + 2, 0, 48);
        entry->sig[2] = 0xc0;
        memset(entry->ys, 0, 48);
    }
    if (c == VERSION_BYTE)
        entry->sig[1] ^= 3;
}

/* Does the contract take a proof that this entry is invalid? Nothing is sent. */
static bool contract_finds_invalid(struct workflow *wf, const struct purchasing_onchain *chain,
                                   size_t index)
{
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO answer = {0};
    OK(purchasing_load_proof(wf, &entries, &proof, chain, index, INFO));
    const struct datahub_entry given = purchasing_entry_argument(&entries.items[index]);
    OK(datahub_encode_prove_invalid_entry(
        &data, purchasing_u256(chain->id), purchasing_u256(entries.items[index].part),
        purchasing_u256(index), &given, (const uint8_t(*)[32])proof.data, proof.len / 32, INFO));
    enum galen_err err = workflow_read_contract(wf, &answer, &data, fixture_info());
    if (err == GALEN_OK)
        return true;
    assert_int_equal(err, GALEN_ERR_REVERTED);
    assert_non_null(strstr(fixture_last_info()->what, "EntryIsValid("));
    return false;
}

static void client_and_contract_agree(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[BUYER];
    struct purchasing_entry made[CASES] = {0};
    struct datahub_entry args[CASES];
    const struct purchasing_terms terms = {.max_records = CASES};
    const uint8_t manifest[32] = {1};
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO data = {0};
    uint64_t id = market_request(market, 1, PRICE, &terms);
    OK(purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    for (int c = 0; c < CASES; c++) {
        struct purchasing_entry *entry = &made[c];
        base_random(entry->release_root, 32);
        entry->release_root[0] = (uint8_t)(c + 1); /* ascending */
        base_random(entry->bundle_digest, 32);
        base_random(entry->payout.bytes, 20);
        entry->min_payout = purchasing_u256(1);
        entry->key_version = 1;
        make_consent(market, id, c < CONSENT_CASES ? c : HONEST, entry);
        make_signature(market, c, entry);
        args[c] = purchasing_entry_argument(entry);
    }
    OK(datahub_encode_deliver(&data, purchasing_u256(id), manifest, args, CASES, true, INFO));
    market_call(fx->home[HOSPITAL], &fx->who[HOSPITAL], "deliver", &data, NULL);
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    OK(purchasing_load_entries(wf, &entries, &chain, INFO));
    for (int c = 0; c < CASES; c++) {
        const char *fault = NULL;
        OK(dispute_find_fault(wf, &fault, id, &entries.items[c], INFO));
        bool refused = contract_finds_invalid(wf, &chain, (size_t)c);
        if ((fault != NULL) != refused || refused == is_valid_case(c))
            fail_msg("case %d: the client says %s, the contract says %s", c,
                     fault != NULL ? fault : "valid", refused ? "invalid" : "valid");
    }
    /* all that is provable, and nothing else */
    RECORD_JSON_AUTO proven = NULL;
    OK(dispute_prove_invalid(fx->home[GM], &fx->who[GM], id, NULL, 0, &proven, INFO));
    assert_int_equal(json_object_array_length(fixture_member(proven, "entries")), CASES - 2);
    assert_int_equal(fixture_settle(fx), 0);
    OK(purchasing_read_chain(wf, &chain, id, INFO));
    assert_int_equal(chain.invalid, CASES - 2);
    FAILS(GALEN_ERR_CHECK,
          dispute_prove_invalid(fx->home[GM], &fx->who[GM], id, NULL, 0, NULL, INFO));
}

/* The record's signature is bound to chain, contract and patient too. */
static void the_contract_verifies_what_doctors_sign(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[PATIENT];
    struct storing_row row;
    struct groupsig_signature parsed;
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES];
    const struct base_view ys_view = {ys, sizeof ys};
    int64_t record = fixture_count(wf, "SELECT min(id) FROM record WHERE side = 'patient'");
    OK(storing_get_row(wf, &row, record, INFO));
    assert_int_equal(groupsig_signature_parse(&parsed, row.sig, sizeof row.sig), GROUPSIG_OK);
    groupsig_signature_ys(&parsed, ys);
    const struct base_view sig = {row.sig, sizeof row.sig};
    for (int i = 0; i < 2; i++) {
        BASE_BUF_AUTO data = {0};
        BASE_BUF_AUTO answer = {0};
        struct chain_address owner = row.owner;
        owner.bytes[0] ^= (uint8_t)i;
        OK(datahub_encode_store_data_verified(&data, row.cid, row.root, sig, &owner,
                                              row.key_version, ys_view, INFO));
        if (i == 0) {
            OK(workflow_read_contract(wf, &answer, &data, INFO));
            continue;
        }
        FAILS(GALEN_ERR_REVERTED, workflow_read_contract(wf, &answer, &data, INFO));
        assert_non_null(strstr(fixture_last_info()->what, "InvalidSignature"));
    }
}

/* ---- what a proof does ------------------------------------------------------------------------------- */

enum { BAD_SIGNATURE, BAD_CONSENT, BAD_PAYOUT, GOOD };

static void break_three(struct market *market, uint64_t id, struct purchasing_offers *offers)
{
    offers->items[BAD_SIGNATURE].entry.sig[250] ^= 1;
    offers->items[BAD_CONSENT].entry.consent[40] ^= 1;
    offers->items[BAD_PAYOUT].entry.payout = market->fx->who[HOSPITAL];
}

/* Of one bad entry: part and its share of the hospital's bond. */
static struct chain_u256 refund_of(const struct purchasing_onchain *chain)
{
    struct chain_u256 bond;
    (void)chain_u256_div_u64(&bond, &chain->bond, chain->count);
    return market_plus(purchasing_part(&chain->escrow, chain->count), bond);
}

static const char *remedy(struct json_object *verified, int index)
{
    struct json_object *entry = json_object_array_get_idx(fixture_member(verified, "entries"),
                                                          (size_t)index);
    return fixture_text(entry, "remedy");
}

static void a_proof_moves_the_money(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *buyer = fx->home[BUYER];
    const struct chain_address *lab = &fx->who[BUYER];
    struct purchasing_onchain chain;
    uint64_t one = BAD_CONSENT;
    uint64_t good = GOOD;
    bool passed = true;
    market_forget_sales(market);
    struct chain_u256 held = market_balance(market, &buyer->domain.contract);
    uint64_t id = market_request(market, 4, PRICE, NULL);
    market_reply_and_ask(market, id);
    market_consent_all(market, id);
    FAILS(GALEN_ERR_STATE, dispute_prove_invalid(buyer, lab, id, NULL, 0, NULL, INFO));
    forge_deliver(market, id, break_three);

    RECORD_JSON_AUTO verified = market_verify(market, id, &passed);
    assert_false(passed);
    assert_int_equal(fixture_number(verified, "failed"), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(remedy(verified, i), "prove-invalid");
    assert_int_equal(json_object_array_length(fixture_member(verified, "next")), 1);
    FAILS(GALEN_ERR_STATE, purchasing_finalize(buyer, lab, id, true, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "provably invalid: 0 to 2"));
    assert_non_null(strstr(fixture_last_info()->hint, "prove-invalid"));

    /* a valid one is refused before anything is sent, in a dry run too */
    for (int dry = 0; dry < 2; dry++) {
        workflow_dry_run(buyer, dry == 1);
        FAILS(GALEN_ERR_CHECK, dispute_prove_invalid(buyer, lab, id, &good, 1, NULL, INFO));
        assert_non_null(strstr(fixture_last_info()->what, "valid group signature"));
    }
    RECORD_JSON_AUTO dry = NULL;
    OK(dispute_prove_invalid(buyer, lab, id, &one, 1, &dry, INFO));
    struct json_object *row = json_object_array_get_idx(fixture_member(dry, "entries"), 0);
    assert_true(json_object_get_boolean(fixture_member(fixture_member(row, "tx"), "dryRun")));
    workflow_dry_run(buyer, false);

    /* anyone may: here a manager, and the money is the buyer's */
    OK(purchasing_read_chain(buyer, &chain, id, INFO));
    struct chain_u256 before = market_money(market, BUYER);
    RECORD_JSON_AUTO proven = NULL;
    OK(dispute_prove_invalid(fx->home[GM], &fx->who[GM], id, &one, 1, &proven, INFO));
    market_same_wei(market_money(market, BUYER), market_plus(before, refund_of(&chain)));
    assert_int_equal(fixture_settle(fx), 0);
    FAILS(GALEN_ERR_STATE, dispute_prove_invalid(buyer, lab, id, &one, 1, NULL, INFO));
    assert_non_null(strstr(fixture_last_info()->what, "settled: invalid"));

    /* one in dispute comes back with its bond, by the same proof */
    uint64_t disputed = BAD_PAYOUT;
    OK(dispute_open(buyer, lab, id, &disputed, 1, "paid to somebody else", NULL, INFO));
    before = market_money(market, BUYER);
    struct chain_u256 bond;
    OK(purchasing_dispute_bond(&bond, &chain));
    RECORD_JSON_AUTO rest = NULL;
    OK(dispute_prove_invalid(buyer, lab, id, NULL, 0, &rest, INFO));
    assert_int_equal(json_object_array_length(fixture_member(rest, "entries")), 2);
    market_same_wei(
        market_money(market, BUYER),
        market_plus(market_plus(market_plus(before, bond), refund_of(&chain)), refund_of(&chain)));

    /* what is left is paid; too few are, so the hospital's part goes back */
    RECORD_JSON_AUTO paid = NULL;
    OK(purchasing_finalize(buyer, lab, id, true, &paid, INFO));
    market_same_wei(market_balance(market, &buyer->domain.contract), held);
    struct json_object *list = fixture_member(paid, "paid");
    assert_int_equal(json_object_array_length(list), 4);
    assert_string_equal(fixture_text(json_object_array_get_idx(list, 3), "as"), "buyer");
    assert_int_equal(fixture_settle(fx), 0);
    assert_string_equal(market_state(fx->home[HOSPITAL], id), "finalized");
    assert_int_equal(fixture_count(fx->home[HOSPITAL],
                                   "SELECT count(*) FROM entry WHERE status = 6"
                                   " AND request_id = (SELECT max(id) FROM request)"),
                     3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_and_contract_agree),
        cmocka_unit_test(the_contract_verifies_what_doctors_sign),
        cmocka_unit_test(a_proof_moves_the_money),
    };
    return cmocka_run_group_tests_name("dispute proof", tests, set_up, market_tear_down);
}
