/* What `galen contract info` says: who may act next in every state, held against the contract,
 * whose balance must be what the requests are said to hold. */
#include "fraud_stage.h"

#include <string.h>

#include "workflow/purchasing_moves.h"

#define PRICE "1000000000000000007" /* divides into nothing */

/* ---- the rules as a table ------------------------------------------------------------------------------ */

enum { NOW = 1000, BEFORE = 2000, RULE_BY = 5000 }; /* deadlines; NOW or later is the clock */
enum { UNTIL = RULE_BY + PURCHASING_OPENING_PERIOD_S };
struct rule_case {
    const char *name;
    enum purchasing_state state;
    int64_t now;
    uint32_t unsettled, paid, disputed, ruled_pay, refunded, fraud, invalid;
    uint32_t openable, gm_to_open, rm_to_open;
    const char *moves;   /* "who:call@by;…", @ only with a deadline */
    const char *silence; /* "at:first words;…" */
};
#define PROVE "anyone:proveInvalidEntry;"
#define RULES "the Group Manager:rule@5000;the Revocation Manager:rule@5000;"
static const struct rule_case cases[] = {
    {"open", PURCHASING_OPEN, NOW, .moves = "an accredited hospital:reply@2000;",
     .silence = "2000:anyone may expire it: the escrow;"},
    {"open, late", PURCHASING_OPEN, BEFORE, .moves = "anyone:expire;",
     .silence = "0:the escrow stays;"},
    {"replied", PURCHASING_REPLIED, NOW, .moves = "the hospital:deliver@2000;",
     .silence = "2000:anyone may expire it: escrow and;"},
    {"replied, late", PURCHASING_REPLIED, BEFORE, .moves = "anyone:expire;",
     .silence = "0:the money stays;"},
    {"refunded", PURCHASING_REFUNDED, NOW, .moves = "", .silence = "0:the money went back;"},
    {"delivered", PURCHASING_DELIVERED, NOW, .unsettled = 3,
     .moves = "the buyer:finalize@2000;the buyer:dispute@2000;" PROVE,
     .silence = "2000:anyone may finalize;"},
    {"delivered, last second", PURCHASING_DELIVERED, BEFORE - 1, .unsettled = 3,
     .moves = "the buyer:finalize@2000;the buyer:dispute@2000;" PROVE,
     .silence = "2000:anyone may finalize;"},
    {"delivered, silent", PURCHASING_DELIVERED, BEFORE, .unsettled = 3,
     .moves = "anyone:finalize;anyone:claim;" PROVE, .silence = "0:what can be claimed;"},
    {"some disputed", PURCHASING_DELIVERED, NOW, .unsettled = 2, .disputed = 1,
     .moves = "the buyer:finalize@2000;the buyer:dispute@2000;" RULES PROVE,
     .silence = "2000:anyone may finalize;5000:disputed entries;"},
    {"all disputed", PURCHASING_DELIVERED, NOW, .disputed = 3, .moves = RULES PROVE,
     .silence = "5000:disputed entries;"},
    {"all disputed, silent", PURCHASING_DELIVERED, BEFORE, .disputed = 3, .moves = RULES PROVE,
     .silence = "5000:disputed entries;"},
    {"all disputed, never ruled", PURCHASING_DELIVERED, RULE_BY, .disputed = 3,
     .moves = "anyone:claim;" PROVE, .silence = "0:what can be claimed;"},
    {"ruled pay, early", PURCHASING_DELIVERED, NOW, .ruled_pay = 2, .refunded = 1,
     .moves = "the buyer:finalize@2000;" PROVE, .silence = "2000:what is ruled to be paid;"},
    {"ruled pay, later", PURCHASING_DELIVERED, BEFORE, .ruled_pay = 2, .refunded = 1,
     .moves = "anyone:claim;" PROVE, .silence = "0:what can be claimed;"},
    {"all refunded before verifyBy", PURCHASING_DELIVERED, NOW, .refunded = 3, .moves = "",
     .silence = "0:every entry is settled;"},
    {"all invalid", PURCHASING_DELIVERED, BEFORE, .invalid = 3, .moves = "",
     .silence = "0:every entry is settled;"},
    {"finalized, to be claimed", PURCHASING_FINALIZED, NOW, .unsettled = 2, .paid = 1,
     .moves = "anyone:claim;" PROVE, .silence = "0:what can be claimed;"},
    {"finalized, one disputed", PURCHASING_FINALIZED, NOW, .paid = 2, .disputed = 1,
     .moves = RULES PROVE, .silence = "5000:disputed entries;"},
    {"finalized, one not ruled", PURCHASING_FINALIZED, RULE_BY, .paid = 2, .disputed = 1,
     .moves = "anyone:claim;" PROVE, .silence = "0:what can be claimed;"},
    {"finalized, all paid", PURCHASING_FINALIZED, NOW, .paid = 3, .moves = "",
     .silence = "0:every entry is settled;"},
    {"fraud, to be asked", PURCHASING_FINALIZED, UNTIL - 1, .paid = 2, .fraud = 1, .openable = 1,
     .moves = "the buyer:requestOpening@2597000;",
     .silence = "2597000:who signed;0:every entry is settled;"},
    {"fraud, too late", PURCHASING_FINALIZED, UNTIL, .paid = 2, .fraud = 1, .openable = 1,
     .moves = "", .silence = "0:every entry is settled;"},
    {"fraud, asked", PURCHASING_FINALIZED, UNTIL, .paid = 1, .fraud = 2, .gm_to_open = 2,
     .rm_to_open = 1,
     .moves = "the Group Manager:approveOpeningGroupManager;"
              "the Revocation Manager:approveOpeningRevocationManager;",
     .silence = "0:every entry is settled;"},
    {"everything at once", PURCHASING_DELIVERED, NOW, .unsettled = 1, .disputed = 1, .ruled_pay = 1,
     .refunded = 1, .fraud = 2, .invalid = 1, .openable = 1, .gm_to_open = 1, .rm_to_open = 1,
     .moves = "the buyer:finalize@2000;the buyer:dispute@2000;" RULES PROVE
              "the buyer:requestOpening@2597000;the Group Manager:approveOpeningGroupManager;"
              "the Revocation Manager:approveOpeningRevocationManager;",
     .silence = "2000:anyone may finalize;2000:what is ruled;5000:disputed entries;"
                "2597000:who signed;"},
};

static void make_case(const struct rule_case *from, struct purchasing_onchain *chain,
                      struct purchasing_tally *tally)
{
    *chain = (struct purchasing_onchain){
        .id = 1, .state = from->state, .deadline = BEFORE, .rule_by = RULE_BY, .now = from->now};
    *tally = (struct purchasing_tally){
        .by_status = {from->unsettled, from->paid, from->disputed, from->ruled_pay, from->refunded,
                      from->fraud, from->invalid},
        .open = from->unsettled + from->disputed + from->ruled_pay,
        .openable = from->openable,
        .gm_to_open = from->gm_to_open,
        .rm_to_open = from->rm_to_open,
        .gm_to_vote = from->disputed,
        .rm_to_vote = from->disputed,
    };
    for (int i = 0; i <= DISPUTE_INVALID; i++)
        chain->count += tally->by_status[i];
    chain->invalid = from->refunded + from->fraud + from->invalid;
    chain->settled = from->paid + chain->invalid;
}

static void every_state_has_its_moves(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct purchasing_onchain chain;
        struct purchasing_tally tally;
        struct purchasing_moves found;
        char text[1024] = "";
        size_t len = 0;
        make_case(&cases[i], &chain, &tally);
        purchasing_find_moves(&found, &chain, &tally);
        for (size_t m = 0; m < found.n; m++) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s:%s", found.items[m].who,
                                    found.items[m].call);
            if (found.items[m].by != 0)
                len += (size_t)snprintf(text + len, sizeof text - len, "@%lld",
                                        (long long)found.items[m].by);
            len += (size_t)snprintf(text + len, sizeof text - len, ";");
            /* whoever is told to act can: before its deadline */
            assert_true(found.items[m].by == 0 || chain.now < found.items[m].by);
            assert_true(strlen(found.items[m].what) < sizeof found.items[m].what - 1);
        }
        if (strcmp(text, cases[i].moves) != 0)
            fail_msg("%s: %s instead of %s", cases[i].name, text, cases[i].moves);
        const char *want = cases[i].silence;
        for (size_t s = 0; s < found.n_silence; s++) {
            char at[24];
            size_t words = strcspn(want, ";");
            size_t head = (size_t)snprintf(at, sizeof at, "%lld:", (long long)found.silence[s].at);
            if (strncmp(want, at, head) != 0 || words <= head ||
                strncmp(found.silence[s].what, want + head, words - head) != 0)
                fail_msg("%s: %s%s instead of %s", cases[i].name, at, found.silence[s].what, want);
            want += words + 1;
        }
        assert_string_equal(want, "");
    }
}

/* ---- the contract ---------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    return market_set_up(state, MARKET_PATIENTS);
}

static struct json_object *ask(struct market *market, uint64_t id)
{
    struct json_object *shown = NULL;
    OK(contract_request_info(market->fx->home[HOSPITAL], id, &shown, INFO));
    return shown;
}

static void add_wei(struct chain_u256 *sum, struct json_object *object, const char *key)
{
    struct chain_u256 wei;
    OK(chain_u256_parse(&wei, fixture_text(object, key), INFO));
    assert_int_equal(chain_u256_add(sum, sum, &wei), GALEN_OK);
}

/* What all requests are said to hold, and what is credited, is what the contract has. */
static void assert_no_wei_is_missing(struct market *market)
{
    struct fixture *fx = market->fx;
    struct chain_u256 balance = market_balance(market, &fx->home[GM]->domain.contract);
    struct chain_u256 sum = {0};
    char have[CHAIN_U256_DECIMAL], said[CHAIN_U256_DECIMAL];
    RECORD_JSON_AUTO whole = NULL;
    OK(contract_info(fx->home[HOSPITAL], &whole, INFO));
    int64_t n = fixture_number(whole, "requests");
    for (int64_t id = 1; id <= n; id++) {
        RECORD_JSON_AUTO shown = ask(market, (uint64_t)id);
        add_wei(&sum, fixture_member(shown, "money"), "heldWei");
        if (id == 1) /* one buyer, one hospital */
            add_wei(&sum, fixture_member(shown, "money"), "creditOfBuyerWei");
    }
    chain_u256_format(have, &balance);
    chain_u256_format(said, &sum);
    assert_string_equal(said, have);
}

/* The state, and the calls in the order shown: "reply" or "finalize dispute …". */
static void assert_info(struct market *market, uint64_t id, const char *state, const char *calls)
{
    RECORD_JSON_AUTO shown = ask(market, id);
    struct json_object *next = fixture_member(shown, "next");
    char text[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < json_object_array_length(next); i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? " " : "",
                                fixture_text(json_object_array_get_idx(next, i), "call"));
    assert_string_equal(fixture_text(shown, "state"), state);
    assert_string_equal(text, calls);
    assert_no_wei_is_missing(market);
}

static int64_t entries_of(struct market *market, uint64_t id, const char *kind)
{
    RECORD_JSON_AUTO shown = ask(market, id);
    return fixture_number(fixture_member(shown, "entries"), kind);
}

static void expire(struct market *market, uint64_t id)
{
    OK(purchasing_expire(market->fx->home[BUYER], &market->fx->who[BUYER], id, NULL, INFO));
}

static void undelivered(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const struct purchasing_terms terms = {.reply_window_s = 3600, .deliver_window_s = 7200};
    FAILS(GALEN_ERR_NOT_FOUND, contract_request_info(fx->home[GM], 1, NULL, INFO));
    uint64_t id = market_request(market, 2, PRICE, &terms);
    assert_info(market, id, "open", "reply");
    fixture_pass_time(fx, 3600);
    assert_info(market, id, "open", "expire");
    expire(market, id);
    assert_info(market, id, "refunded", "");
    id = market_request(market, 2, PRICE, &terms);
    OK(purchasing_reply(fx->home[HOSPITAL], &fx->who[HOSPITAL], id, NULL, INFO));
    assert_info(market, id, "replied", "deliver");
    fixture_pass_time(fx, 7200);
    assert_info(market, id, "replied", "expire");
    expire(market, id);
    assert_info(market, id, "refunded", "");
}

static void claim(struct market *market, uint64_t id, uint64_t index)
{
    OK(purchasing_claim(market->fx->home[BUYER], &market->fx->who[BUYER], id, index, NULL, INFO));
}

/* All that can become of entries, in one request. */
static void from_delivery_to_the_last_wei(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const struct purchasing_terms terms = {.verify_window_s = 2 * MARKET_DAY_S,
                                           .rule_window_s = 3 * MARKET_DAY_S};
    uint64_t id = market_delivered(market, 2, PRICE, &terms);
    char opening[65];
    assert_info(market, id, "delivered", "finalize dispute proveInvalidEntry");
    fraud_dispute(market, id, 0);
    fraud_dispute(market, id, 1);
    fraud_dispute(market, id, 2);
    assert_info(market, id, "delivered", "finalize dispute rule rule proveInvalidEntry");
    fraud_vote(market, GM, id, 0, DISPUTE_FRAUD);
    {
        RECORD_JSON_AUTO shown = ask(market, id);
        struct json_object *next = fixture_member(shown, "next");
        const char *gm = fixture_text(json_object_array_get_idx(next, 2), "what");
        const char *rm = fixture_text(json_object_array_get_idx(next, 3), "what");
        assert_non_null(strstr(gm, "2 without its verdict"));
        assert_non_null(strstr(rm, "3 without its verdict"));
    }
    fraud_vote(market, RM, id, 0, DISPUTE_FRAUD);
    fraud_vote(market, GM, id, 1, DISPUTE_PAY);
    fraud_vote(market, RM, id, 1, DISPUTE_PAY);
    assert_int_equal(entries_of(market, id, "fraud"), 1);
    assert_int_equal(entries_of(market, id, "ruledPay"), 1);
    assert_info(market, id, "delivered",
                "finalize dispute rule rule proveInvalidEntry requestOpening");
    fraud_ask(market, id, 0, opening);
    assert_info(market, id, "delivered",
                "finalize dispute rule rule proveInvalidEntry approveOpeningGroupManager "
                "approveOpeningRevocationManager");
    fraud_agree(market, RM, opening);
    fixture_pass_time(fx, 2 * MARKET_DAY_S);
    assert_info(market, id, "delivered",
                "finalize claim rule rule proveInvalidEntry approveOpeningGroupManager");
    claim(market, id, 1); /* finalizes too */
    assert_info(market, id, "finalized",
                "claim rule rule proveInvalidEntry approveOpeningGroupManager");
    claim(market, id, 3);
    claim(market, id, 4);
    fraud_agree(market, GM, opening);
    assert_info(market, id, "finalized", "rule rule proveInvalidEntry");
    assert_int_equal(entries_of(market, id, "openingsComplete"), 1);
    fixture_pass_time(fx, 3 * MARKET_DAY_S);
    assert_info(market, id, "finalized", "claim proveInvalidEntry");
    claim(market, id, 2);
    assert_info(market, id, "finalized", "");
    assert_int_equal(entries_of(market, id, "paid"), 4);
    fixture_settle(fx);
}

static void paid_at_once(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    market_forget_sales(market);
    uint64_t id = market_delivered(market, 2, PRICE, NULL);
    OK(purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, NULL, INFO));
    assert_info(market, id, "finalized", "");
    assert_int_equal(entries_of(market, id, "paid"), MARKET_PATIENTS);
}

/* ---- what the contract owes ------------------------------------------------------------------------------- */

static enum galen_err withdraw(struct market *market, const struct chain_address *account)
{
    RECORD_JSON_AUTO done = NULL;
    struct fixture *fx = market->fx;
    GALEN_TRY(workflow_withdraw(fx->home[HOSPITAL], &fx->who[HOSPITAL], account, &done, INFO));
    assert_string_equal(fixture_text(fixture_member(done, "tx"), "operation"), "withdraw");
    return GALEN_OK;
}

/* The bond of an entry that was settled before the dispute was mined is owed to the buyer. Whoever
 * pays the gas, it goes to the buyer, once. */
static void a_credit_is_withdrawn(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    const struct chain_address *buyer = &fx->who[BUYER];
    const struct chain_u256 both[2] = {purchasing_u256(0), purchasing_u256(1)};
    struct purchasing_onchain chain;
    struct chain_u256 bond, bonds, owed;
    BASE_BUF_AUTO data = {0};
    market_forget_sales(market);
    FAILS(GALEN_ERR_STATE, withdraw(market, buyer));
    uint64_t id = market_delivered(market, 2, PRICE, NULL);
    fraud_dispute(market, id, 0);
    fraud_vote(market, GM, id, 0, DISPUTE_REFUND);
    fraud_vote(market, RM, id, 0, DISPUTE_REFUND);
    OK(purchasing_read_chain(fx->home[BUYER], &chain, id, INFO));
    OK(purchasing_dispute_bond(&bond, &chain));
    OK(chain_u256_add(&bonds, &bond, &bond));
    OK(datahub_encode_dispute(&data, purchasing_u256(id), both, 2, INFO));
    market_call(fx->home[BUYER], buyer, "dispute", &data, &bonds);
    {
        RECORD_JSON_AUTO shown = ask(market, id);
        struct chain_u256 shown_wei = {0};
        add_wei(&shown_wei, fixture_member(shown, "money"), "creditOfBuyerWei");
        assert_int_equal(chain_u256_compare(&shown_wei, &bond), 0);
    }
    assert_no_wei_is_missing(market);

    struct chain_u256 before = market_balance(market, buyer);
    workflow_dry_run(fx->home[HOSPITAL], true);
    OK(workflow_withdraw(fx->home[HOSPITAL], &fx->who[HOSPITAL], buyer, NULL, INFO));
    workflow_dry_run(fx->home[HOSPITAL], false);
    OK(workflow_credit_of(fx->home[BUYER], &owed, buyer, INFO));
    assert_int_equal(chain_u256_compare(&owed, &bond), 0);
    OK(withdraw(market, buyer));
    struct chain_u256 after = market_balance(market, buyer);
    OK(chain_u256_sub(&after, &after, &before));
    assert_int_equal(chain_u256_compare(&after, &bond), 0);
    FAILS(GALEN_ERR_STATE, withdraw(market, buyer));
    assert_no_wei_is_missing(market);
}

/* ---- the contract as a whole ------------------------------------------------------------------------------ */

static bool warns(struct market *market, const char *words)
{
    RECORD_JSON_AUTO shown = NULL;
    OK(contract_info(market->fx->home[PATIENT], &shown, INFO));
    return strstr(json_object_to_json_string(fixture_member(shown, "warnings")), words) != NULL;
}

static void what_is_off(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct chain_address next;
    BASE_BUF_AUTO propose = {0};
    BASE_BUF_AUTO retire = {0};
    RECORD_JSON_AUTO shown = NULL;
    RECORD_JSON_AUTO after = NULL;
    OK(contract_info(fx->home[PATIENT], &shown, INFO));
    assert_int_equal(json_object_array_length(fixture_member(shown, "warnings")), 0);
    assert_true(json_object_get_boolean(fixture_member(shown, "codeOfThisBuild")));
    assert_true(json_object_get_boolean(fixture_member(shown, "verifierOfThisBuild")));
    struct json_object *key = fixture_member(shown, "groupKey");
    assert_int_equal(fixture_number(key, "current"), 1);
    assert_int_equal(fixture_number(fixture_member(shown, "revocationList"), "version"), 0);

    OK(workflow_identity_new(fx->home[GM], &next, "gm-2", "gm", INFO));
    OK(datahub_encode_propose_manager(&propose, &next, INFO));
    market_call(fx->home[GM], &fx->who[GM], "proposeManager", &propose, NULL);
    assert_true(warns(market, "Group Manager is proposed"));
    fixture_pass_time(fx, 366 * (int64_t)MARKET_DAY_S);
    assert_true(warns(market, "older than a year"));
    OK(datahub_encode_retire_group_key(&retire, 1, true, INFO));
    market_call(fx->home[RM], &fx->who[RM], "retireGroupKey", &retire, NULL);
    assert_true(warns(market, "version 1 is retired as compromised"));
    OK(contract_info(fx->home[PATIENT], &after, INFO));
    key = fixture_member(after, "groupKey");
    assert_int_equal(fixture_number(key, "current"), 0);
    assert_true(json_object_get_boolean(fixture_member(key, "compromised")));

    /* an endpoint that serves other code for either contract: the verifier is not pinned */
    char params[160], address[CHAIN_ADDRESS_TEXT];
    BASE_BUF_AUTO answer = {0};
    snprintf(address, sizeof address, "%s", fixture_text(shown, "signatureVerifier"));
    snprintf(params, sizeof params, "[\"%s\",\"0x600160005260206000f3\"]", address);
    OK(chain_rpc_request(fx->rpc, &answer, "anvil_setCode", params, INFO));
    assert_true(warns(market, "verifies group signatures on-chain is not the one"));
    fixture_restart(fx, PATIENT);
    chain_address_format(address, &fx->home[GM]->domain.contract);
    snprintf(params, sizeof params, "[\"%s\",\"0x600160005260206000f3\"]", address);
    OK(chain_rpc_request(fx->rpc, &answer, "anvil_setCode", params, INFO));
    FAILS(GALEN_ERR_CHECK, contract_info(fx->home[PATIENT], NULL, INFO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_its_moves),     cmocka_unit_test(undelivered),
        cmocka_unit_test(from_delivery_to_the_last_wei), cmocka_unit_test(paid_at_once),
        cmocka_unit_test(a_credit_is_withdrawn),         cmocka_unit_test(what_is_off),
    };
    return cmocka_run_group_tests_name("contract-info", tests, set_up, market_tear_down);
}
