/* A second sale, from a hospital, a patient and a doctor of whom each cheats in its own way. */
#include <string.h>

#include "cli/demo.h"
#include "workflow/dispute_internal.h"

#define PRICE_WEI "400000000000000000"

/* Who answers, and the last patient for each record of theirs. */
enum { HONEST, ROBBED, ACCOMPLICE, PATIENTS };
enum { BAD_ENTRIES = 3 };

struct sale {
    uint64_t id;
    struct chain_u256 buyer, hospital; /* what they had before it, gas added */
    struct demo_cheat cheat;
    demo_roots roots;
};

/* What the buyer says of an entry, what a manager then sees, and rules. */
struct complaint {
    uint64_t entry;
    const char *reason;
    const char *check; /* that fails; "": none */
    const char *value; /* among the values */
    enum dispute_verdict verdict;
};

/* ---- money --------------------------------------------------------------------------------------- */

/* What the home's one account would have without gas. */
static enum galen_err money_of(struct demo *demo, enum demo_home home,
                               const struct chain_address *account, struct chain_u256 *wei,
                               struct galen_errinfo *info)
{
    struct chain_u256 fees;
    GALEN_TRY(chain_rpc_balance(demo->rpc, wei, account, info));
    GALEN_TRY(demo_fees(demo->home[home], &fees, info));
    return chain_u256_add(wei, wei, &fees);
}

/* What the buyer gets for each bad entry: its part and its share of the hospital's bond. Bonds are
 * still out for the entries in dispute. */
static enum galen_err check_refunds(struct demo *demo, const struct demo_cast *cast,
                                    const struct sale *sale, uint64_t bad, uint64_t in_dispute,
                                    struct galen_errinfo *info)
{
    struct purchasing_onchain chain;
    struct chain_u256 now, left, share, refund, out;
    char text[CHAIN_AMOUNT_TEXT];
    GALEN_TRY(purchasing_read_chain(demo->home[DEMO_BUYER], &chain, sale->id, info));
    GALEN_TRY(money_of(demo, DEMO_BUYER, &cast->buyer, &now, info));
    GALEN_TRY(chain_u256_sub(&left, &sale->buyer, &chain.escrow));
    GALEN_TRY(purchasing_dispute_bond(&out, &chain));
    GALEN_TRY(chain_u256_mul_u64(&out, &out, in_dispute));
    GALEN_TRY(chain_u256_sub(&left, &left, &out));
    (void)chain_u256_div_u64(&share, &chain.bond, chain.count);
    refund = purchasing_part(&chain.escrow, chain.count);
    GALEN_TRY(chain_u256_add(&refund, &refund, &share));
    chain_amount_format(text, &refund, CHAIN_DECIMALS_ETHER);
    GALEN_TRY(chain_u256_mul_u64(&refund, &refund, bad));
    GALEN_TRY(chain_u256_add(&left, &left, &refund));
    return demo_check(
        demo, chain_u256_compare(&now, &left) == 0, info,
        "back with the buyer for %llu bad: %s ETH each, part and share of the hospital's bond, to "
        "the wei",
        (unsigned long long)bad, text);
}

/* ---- the sale up to its delivery ------------------------------------------------------------------- */

static enum galen_err make_template(struct json_object **out, struct galen_errinfo *info)
{
    static const char text[] =
        "{\"category\":\"Cardiology\",\"demographics\":{\"age\":false,\"gender\":false,"
        "\"location\":false,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
        "\"treatment\":true,\"medications\":false,\"lab_results\":true},"
        "\"time_period\":\"1 year\",\"min_records\":2,\"price_wei\":\"" PRICE_WEI "\"}";
    return record_json_parse(out, text, sizeof text - 1, sizeof text, info);
}

static enum galen_err store_invented(struct demo *demo, const struct demo_cast *cast,
                                     struct sale *sale, struct galen_errinfo *info)
{
    GALEN_TRY(demo_step(demo, "Fraud: a doctor invents a value", "doctor-2", info,
                        "Signs a true record, and one with a heart rate of 2600 a minute: stored "
                        "and anchored alike, since no client can see that it is untrue."));
    GALEN_TRY(demo_cheat_records(demo, cast, sale->roots, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    RECORD_JSON_AUTO relayed = NULL;
    GALEN_TRY(storing_relay(demo->home[DEMO_HOSPITAL], &cast->hospital, &relayed, info));
    GALEN_TRY(demo_say_tx(demo, relayed, "txs", info));
    demo_note(demo, "IDrec of the true one     %s", sale->roots[DEMO_TRUE]);
    demo_note(demo, "IDrec of the invented one %s", sale->roots[DEMO_INVENTED]);
    return demo_deliver_mail(demo, info);
}

static enum galen_err ask_and_answer(struct demo *demo, const struct demo_cast *cast,
                                     struct sale *sale, struct galen_errinfo *info)
{
    struct workflow *patients = demo->home[DEMO_PATIENTS];
    RECORD_JSON_AUTO template_ = NULL;
    RECORD_JSON_AUTO requested = NULL;
    const struct purchasing_terms terms = {.max_records = 10};
    GALEN_TRY(demo_step(demo, "Fraud: a second sale", "buyer, hospital, patients", info,
                        "Another request, 0.4 ETH in escrow; a few patients answer."));
    GALEN_TRY(money_of(demo, DEMO_BUYER, &cast->buyer, &sale->buyer, info));
    GALEN_TRY(money_of(demo, DEMO_HOSPITAL, &cast->hospital, &sale->hospital, info));
    GALEN_TRY(make_template(&template_, info));
    GALEN_TRY(purchasing_request(demo->home[DEMO_BUYER], &cast->buyer, template_, &terms,
                                 &requested, info));
    sale->id = (uint64_t)demo_number(requested, "requestId");
    GALEN_TRY(demo_say_tx(demo, requested, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(purchasing_reply_with_k(demo->home[DEMO_HOSPITAL], &cast->hospital, sale->id, DEMO_K,
                                      NULL, info));
    GALEN_TRY(
        purchasing_ask_consent(demo->home[DEMO_HOSPITAL], &cast->hospital, sale->id, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    for (size_t i = 0; i < PATIENTS; i++)
        GALEN_TRY(purchasing_consent(patients, &cast->patients[cast->n_patients - PATIENTS - 1 + i],
                                     sale->id, true, NULL, info));
    GALEN_TRY(purchasing_consent(patients, &cast->patients[cast->n_patients - 1], sale->id, true,
                                 NULL, info));
    return demo_deliver_mail(demo, info);
}

/* ---- what the buyer sees ----------------------------------------------------------------------------- */

static struct json_object *entry_at(struct json_object *result, uint64_t index)
{
    struct json_object *entries = NULL;
    json_object_object_get_ex(result, "entries", &entries);
    for (size_t i = 0; entries != NULL && i < json_object_array_length(entries); i++)
        if (demo_number(json_object_array_get_idx(entries, i), "index") == (int64_t)index)
            return json_object_array_get_idx(entries, i);
    return NULL;
}

/* Which row it was that an entry failed. */
static const char *first_failure(struct json_object *entry)
{
    struct json_object *checks = NULL;
    json_object_object_get_ex(entry, "checks", &checks);
    for (size_t i = 0; checks != NULL && i < json_object_array_length(checks); i++) {
        struct json_object *passed = NULL;
        struct json_object *row = json_object_array_get_idx(checks, i);
        json_object_object_get_ex(row, "passed", &passed);
        if (!json_object_get_boolean(passed))
            return demo_text(row, "check");
    }
    return "";
}

static enum galen_err verify(struct demo *demo, const struct demo_cast *cast,
                             const struct sale *sale, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO verified = NULL;
    struct galen_errinfo why = {0};
    bool passed = true;
    size_t failed = 0;
    struct json_object *entries = NULL;
    GALEN_TRY(demo_step(demo, "Fraud: the buyer's client looks", "buyer", info,
                        "Checks every entry, and says what can be done about each that fails."));
    GALEN_TRY(purchasing_verify(demo->home[DEMO_BUYER], sale->id, &passed, &verified, info));
    struct json_object *robbed = entry_at(verified, sale->cheat.at_robbed);
    struct json_object *lesser = entry_at(verified, sale->cheat.at_accomplice);
    json_object_object_get_ex(verified, "entries", &entries);
    for (size_t i = 0; i < json_object_array_length(entries); i++)
        failed += first_failure(json_object_array_get_idx(entries, i))[0] != '\0';
    GALEN_TRY(demo_check(demo, !passed && failed == BAD_ENTRIES - 1, info,
                         "%zu of %zu entries fail", failed, json_object_array_length(entries)));
    GALEN_TRY(demo_check(demo, strcmp(demo_text(robbed, "remedy"), "prove-invalid") == 0, info,
                         "entry %llu fails \"%s\": to be proven on-chain",
                         (unsigned long long)sale->cheat.at_robbed, first_failure(robbed)));
    GALEN_TRY(demo_check(demo, strcmp(demo_text(lesser, "remedy"), "dispute") == 0, info,
                         "entry %llu fails \"%s\": to be disputed",
                         (unsigned long long)sale->cheat.at_accomplice, first_failure(lesser)));
    enum galen_err err = purchasing_finalize(demo->home[DEMO_BUYER], &cast->buyer, sale->id, true,
                                             NULL, &why);
    return demo_check(demo, err == GALEN_ERR_STATE, info, "paying is refused: %s", why.what);
}

/* ---- proof, disputes, rulings -------------------------------------------------------------------------- */

static enum galen_err prove(struct demo *demo, const struct demo_cast *cast,
                            const struct sale *sale, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO proven = NULL;
    GALEN_TRY(demo_step(demo, "Fraud: proof of an invalid entry", "buyer", info,
                        "The hospital wrote its own account into entry %llu; the contract sees by "
                        "itself that the patient did not consent to that.",
                        (unsigned long long)sale->cheat.at_robbed));
    GALEN_TRY(dispute_prove_invalid(demo->home[DEMO_BUYER], &cast->buyer, sale->id, NULL, 0,
                                    &proven, info));
    struct json_object *entry = entry_at(proven, sale->cheat.at_robbed);
    GALEN_TRY(demo_say_tx(demo, entry, "tx", info));
    GALEN_TRY(
        demo_check(demo, entry != NULL, info, "proven on-chain: %s", demo_text(entry, "fault")));
    return check_refunds(demo, cast, sale, 1, 0, info);
}

/* What the buyer complained of, as a manager sees it. */
static enum galen_err show(struct demo *demo, enum demo_home manager, const struct sale *sale,
                           const struct complaint *complaint, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO shown = NULL;
    struct json_object *values = NULL;
    GALEN_TRY(dispute_show(demo->home[manager], sale->id, &shown, info));
    struct json_object *entry = entry_at(shown, complaint->entry);
    bool sees = entry != NULL && json_object_object_get_ex(entry, "values", &values) &&
                strcmp(demo_text(entry, "reason"), complaint->reason) == 0 &&
                strcmp(first_failure(entry), complaint->check) == 0 &&
                strstr(json_object_to_json_string(values), complaint->value) != NULL;
    return demo_check(demo, sees, info, "the %s sees the values, the checks and the reason: %s",
                      manager == DEMO_GM ? "Group Manager" : "Revocation Manager",
                      complaint->reason);
}

/* Both managers look at what the buyer sent, and rule. */
static enum galen_err rule(struct demo *demo, const struct demo_cast *cast, const struct sale *sale,
                           const struct complaint *complaint, struct galen_errinfo *info)
{
    struct workflow *gm = demo->home[DEMO_GM];
    struct workflow *rm = demo->home[DEMO_RM];
    const uint64_t *index = &complaint->entry;
    RECORD_JSON_AUTO one = NULL;
    RECORD_JSON_AUTO both = NULL;
    struct dispute_entry entry;
    struct chain_u256 before;
    struct chain_u256 after;
    GALEN_TRY(show(demo, DEMO_GM, sale, complaint, info));
    GALEN_TRY(money_of(demo, DEMO_BUYER, &cast->buyer, &before, info));
    GALEN_TRY(dispute_rule(gm, &cast->gm, sale->id, index, 1, complaint->verdict, &one, info));
    GALEN_TRY(demo_say_tx(demo, one, "txs", info));
    GALEN_TRY(dispute_read_entry(demo->home[DEMO_BUYER], &entry, sale->id, *index, info));
    GALEN_TRY(money_of(demo, DEMO_BUYER, &cast->buyer, &after, info));
    GALEN_TRY(demo_check(
        demo, entry.status == DISPUTE_DISPUTED && chain_u256_compare(&before, &after) == 0, info,
        "one manager alone changes nothing: still in dispute, and no wei has moved"));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(show(demo, DEMO_RM, sale, complaint, info));
    GALEN_TRY(dispute_rule(rm, &cast->rm, sale->id, index, 1, complaint->verdict, &both, info));
    GALEN_TRY(demo_say_tx(demo, both, "txs", info));
    GALEN_TRY(dispute_read_entry(demo->home[DEMO_BUYER], &entry, sale->id, *index, info));
    GALEN_TRY(demo_check(demo, demo_number(both, "ruled") == 1 && dispute_is_settled(entry.status),
                         info, "both agree: %s", dispute_status_name(entry.status)));
    return demo_deliver_mail(demo, info);
}

static enum galen_err dispute(struct demo *demo, const struct demo_cast *cast,
                              const struct sale *sale, struct galen_errinfo *info)
{
    const struct complaint complaints[] = {
        {sale->cheat.at_accomplice, "the template asks for treatments, and there is none",
         "template", "diagnosis", DISPUTE_REFUND},
        {sale->cheat.at_invented, "no heart beats 2600 times a minute", "", "2600", DISPUTE_FRAUD},
    };
    GALEN_TRY(demo_step(demo, "Fraud: disputes", "buyer", info,
                        "Disputes what only people can judge, with a bond and the evidence sealed "
                        "to both managers: entry %llu withholds the treatment, entry %llu holds a "
                        "heart rate of 2600.",
                        (unsigned long long)complaints[0].entry,
                        (unsigned long long)complaints[1].entry));
    for (size_t i = 0; i < 2; i++) {
        RECORD_JSON_AUTO disputed = NULL;
        GALEN_TRY(dispute_open(demo->home[DEMO_BUYER], &cast->buyer, sale->id, &complaints[i].entry,
                               1, complaints[i].reason, &disputed, info));
        GALEN_TRY(demo_say_tx(demo, disputed, "txs", info));
    }
    GALEN_TRY(demo_deliver_mail(demo, info));

    GALEN_TRY(demo_step(demo, "Fraud: the seller's fault", "both managers", info,
                        "Entry %llu: its signature is good, its values violate the template.",
                        (unsigned long long)complaints[0].entry));
    GALEN_TRY(rule(demo, cast, sale, &complaints[0], info));
    GALEN_TRY(check_refunds(demo, cast, sale, 2, 1, info));
    GALEN_TRY(demo_step(demo, "Fraud: the doctor's fault", "both managers", info,
                        "Entry %llu: the doctor's own signature stands under a value that must "
                        "have been invented.",
                        (unsigned long long)complaints[1].entry));
    GALEN_TRY(rule(demo, cast, sale, &complaints[1], info));
    return check_refunds(demo, cast, sale, BAD_ENTRIES, 0, info);
}

/* What the contract itself says to a buyer who asks for an innocent doctor. */
static enum galen_err refuse_opening(struct demo *demo, const struct demo_cast *cast,
                                     const struct sale *sale, struct galen_errinfo *info)
{
    const uint64_t index = sale->cheat.at_accomplice;
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    BASE_BUF_AUTO proof = {0};
    BASE_BUF_AUTO data = {0};
    BASE_BUF_AUTO answer = {0};
    struct galen_errinfo why = {0};
    struct workflow *buyer = demo->home[DEMO_BUYER];
    uint8_t hash[32];
    GALEN_TRY(demo_step(demo, "Fraud: no opening of an innocent doctor", "buyer", info,
                        "Asks who signed entry %llu, which was the seller's fault.",
                        (unsigned long long)index));
    enum galen_err err = opening_ask(buyer, &cast->buyer, sale->id, index, NULL, &why);
    GALEN_TRY(demo_check(demo, err == GALEN_ERR_STATE, info, "the client refuses: %s", why.what));
    why = (struct galen_errinfo){0};
    GALEN_TRY(purchasing_read_chain(buyer, &chain, sale->id, info));
    GALEN_TRY(purchasing_load_proof(buyer, &entries, &proof, &chain, (size_t)index, info));
    const struct datahub_entry entry = purchasing_entry_argument(&entries.items[index]);
    chain_keccak256(hash, entries.items[index].sig, sizeof entries.items[index].sig);
    GALEN_TRY(datahub_encode_request_opening(
        &data, hash, purchasing_u256(sale->id), purchasing_u256(entries.items[index].part),
        purchasing_u256(index), &entry, (const uint8_t(*)[32])proof.data, proof.len / 32, info));
    const struct chain_call call = {
        .from = &cast->buyer, .to = &buyer->domain.contract, .data = steps_view(&data)};
    err = chain_rpc_call(buyer->rpc, &answer, &call, CHAIN_BLOCK_LATEST, &why);
    return demo_check(demo, err == GALEN_ERR_REVERTED && strstr(why.what, "NotRuledFraud") != NULL,
                      info, "so does the contract: %s", why.what);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

/* How many fresh accounts got exactly one part each, and all of it; the hospital's row apart. */
static enum galen_err count_paid(struct demo *demo, struct json_object *finalized,
                                 const struct chain_u256 *part, size_t *paid,
                                 struct chain_u256 *sum, struct galen_errinfo *info)
{
    struct json_object *list = NULL;
    *paid = 0;
    *sum = (struct chain_u256){0};
    GALEN_TRY(
        record_json_get_array(&list, finalized, "paid", RECORD_JSON_REQUIRED, 1, 1000, "", info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        struct chain_address account;
        struct chain_u256 now;
        if (strcmp(demo_text(row, "as"), "patient") != 0)
            continue;
        GALEN_TRY(chain_address_parse(&account, demo_text(row, "address"), info));
        GALEN_TRY(chain_rpc_balance(demo->rpc, &now, &account, info));
        GALEN_TRY(chain_u256_add(sum, sum, &now));
        *paid += chain_u256_compare(&now, part) == 0;
    }
    return GALEN_OK;
}

static enum galen_err settle(struct demo *demo, const struct demo_cast *cast,
                             const struct sale *sale, struct galen_errinfo *info)
{
    struct workflow *buyer = demo->home[DEMO_BUYER];
    RECORD_JSON_AUTO finalized = NULL;
    struct purchasing_onchain chain;
    struct chain_u256 part, paid, had, have, left, held;
    char text[3][CHAIN_AMOUNT_TEXT];
    size_t n = 0;
    GALEN_TRY(demo_step(demo, "Fraud: the honest are paid", "buyer", info,
                        "Finalizes: every entry that is good is paid, whatever the others were."));
    GALEN_TRY(purchasing_finalize(buyer, &cast->buyer, sale->id, true, &finalized, info));
    GALEN_TRY(demo_say_tx(demo, finalized, "tx", info));
    GALEN_TRY(purchasing_read_chain(buyer, &chain, sale->id, info));
    part = purchasing_part(&chain.escrow, chain.count);
    GALEN_TRY(count_paid(demo, finalized, &part, &n, &paid, info));
    chain_amount_format(text[0], &part, CHAIN_DECIMALS_ETHER);
    GALEN_TRY(demo_check(demo, n == chain.count - BAD_ENTRIES, info,
                         "the %zu good entries are paid %s ETH each, to fresh accounts", n,
                         text[0]));

    /* Patients, hospital and buyer together have what hospital and buyer had before. */
    GALEN_TRY(money_of(demo, DEMO_BUYER, &cast->buyer, &left, info));
    GALEN_TRY(chain_u256_sub(&held, &sale->buyer, &left));
    chain_amount_format(text[0], &held, CHAIN_DECIMALS_ETHER);
    GALEN_TRY(chain_u256_add(&had, &sale->buyer, &sale->hospital));
    GALEN_TRY(chain_u256_add(&left, &left, &paid));
    GALEN_TRY(money_of(demo, DEMO_HOSPITAL, &cast->hospital, &have, info));
    GALEN_TRY(chain_u256_add(&left, &left, &have));
    GALEN_TRY(chain_u256_sub(&have, &have, &sale->hospital));
    chain_amount_format(text[1], &paid, CHAIN_DECIMALS_ETHER);
    chain_amount_format(text[2], &have, CHAIN_DECIMALS_ETHER);
    GALEN_TRY(demo_check(demo, chain_u256_compare(&had, &left) == 0, info,
                         "buyer's cost %s ETH = patients' %s + hospital's %s (its bond cut for "
                         "each bad entry), to the wei",
                         text[0], text[1], text[2]));
    GALEN_TRY(chain_rpc_balance(demo->rpc, &held, &buyer->domain.contract, info));
    return demo_check(demo, chain_u256_is_zero(&held), info,
                      "no wei of either sale is left in the contract");
}

enum galen_err demo_fraud(struct demo *demo, const struct demo_cast *cast,
                          struct galen_errinfo *info)
{
    const size_t first = cast->n_patients - PATIENTS - 1;
    struct sale sale = {.cheat = {.robbed = &cast->patients[first + ROBBED],
                                  .accomplice = &cast->patients[first + ACCOMPLICE],
                                  .invented_root = sale.roots[DEMO_INVENTED]}};
    RECORD_JSON_AUTO delivered = NULL;
    GALEN_TRY(store_invented(demo, cast, &sale, info));
    GALEN_TRY(ask_and_answer(demo, cast, &sale, info));
    GALEN_TRY(demo_step(demo, "Fraud: a delivery that nobody checked", "hospital", info,
                        "Puts its own account into one entry, lets another withhold what was "
                        "asked for, passes on the invented one, and delivers."));
    GALEN_TRY(demo_cheat_deliver(demo, cast, sale.id, &sale.cheat, &delivered, info));
    GALEN_TRY(demo_say_tx(demo, delivered, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(verify(demo, cast, &sale, info));
    GALEN_TRY(prove(demo, cast, &sale, info));
    GALEN_TRY(dispute(demo, cast, &sale, info));
    GALEN_TRY(refuse_opening(demo, cast, &sale, info));
    GALEN_TRY(demo_opening(demo, cast, sale.id, sale.cheat.at_invented, sale.roots, info));
    return settle(demo, cast, &sale, info);
}
