/* A second sale, from a hospital, a patient and a doctor of whom each cheats in its own way. */
#include <string.h>

#include "cli/demo.h"
#include "workflow/purchasing_internal.h"

#define PRICE_WEI "400000000000000000"

/* The answers of four patients are delivered. */
enum { HONEST, ROBBED, ACCOMPLICE, PATIENTS };

struct sale {
    uint64_t id;
    struct chain_u256 before; /* the buyer's balance and fees before the request */
    struct demo_cheat cheat;
    uint64_t at_invented;
    char invented_root[2 * RECORD_HASH_BYTES + 3];
};

/* ---- money --------------------------------------------------------------------------------------- */

/* The buyer's balance and all its gas: what it would have without gas. */
static enum galen_err buyer_money(struct demo *demo, const struct chain_address *buyer,
                                  struct chain_u256 *wei, struct galen_errinfo *info)
{
    struct chain_u256 fees;
    GALEN_TRY(chain_rpc_balance(demo->rpc, wei, buyer, info));
    GALEN_TRY(demo_fees(demo->home[DEMO_BUYER], &fees, info));
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
    GALEN_TRY(buyer_money(demo, &cast->buyer, &now, info));
    GALEN_TRY(chain_u256_sub(&left, &sale->before, &chain.escrow));
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
        "of %llu bad entries the buyer has %s ETH each back, bonds included, to the wei",
        (unsigned long long)bad, text);
}

/* ---- the sale up to its delivery ------------------------------------------------------------------- */

static enum galen_err make_template(struct json_object **out, struct galen_errinfo *info)
{
    static const char text[] =
        "{\"category\":\"Cardiology\",\"demographics\":{\"age\":true,\"gender\":false,"
        "\"location\":false,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
        "\"treatment\":true,\"medications\":false,\"lab_results\":true},"
        "\"time_period\":\"1 year\",\"min_records\":2,\"price_wei\":\"" PRICE_WEI "\"}";
    return record_json_parse(out, text, sizeof text - 1, sizeof text, info);
}

static enum galen_err store_invented(struct demo *demo, const struct demo_cast *cast,
                                     struct sale *sale, struct galen_errinfo *info)
{
    GALEN_TRY(demo_step(demo, "Fraud: a doctor invents a value", "doctor-2", info,
                        "Signs a record with a heart rate of 2600 a minute; it is stored and "
                        "anchored like any other, since no client can see that it is untrue."));
    GALEN_TRY(demo_cheat_record(demo, cast, sale->invented_root, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    RECORD_JSON_AUTO relayed = NULL;
    GALEN_TRY(storing_relay(demo->home[DEMO_HOSPITAL], &cast->hospital, &relayed, info));
    GALEN_TRY(demo_say_tx(demo, relayed, "txs", info));
    demo_note(demo, "IDrec %s", sale->invented_root);
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
    GALEN_TRY(buyer_money(demo, &cast->buyer, &sale->before, info));
    GALEN_TRY(make_template(&template_, info));
    GALEN_TRY(purchasing_request(demo->home[DEMO_BUYER], &cast->buyer, template_, &terms,
                                 &requested, info));
    sale->id = (uint64_t)demo_number(requested, "requestId");
    GALEN_TRY(demo_say_tx(demo, requested, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(purchasing_reply(demo->home[DEMO_HOSPITAL], &cast->hospital, sale->id, NULL, info));
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
    GALEN_TRY(demo_check(demo, !passed && failed == 2, info, "%zu of %zu entries fail", failed,
                         json_object_array_length(entries)));
    GALEN_TRY(demo_check(demo, strcmp(demo_text(robbed, "remedy"), "prove-invalid") == 0, info,
                         "entry %llu fails \"%s\": to be proven on-chain",
                         (unsigned long long)sale->cheat.at_robbed, first_failure(robbed)));
    GALEN_TRY(demo_check(demo, strcmp(demo_text(lesser, "remedy"), "dispute") == 0, info,
                         "entry %llu fails \"%s\": to be disputed",
                         (unsigned long long)sale->cheat.at_accomplice, first_failure(lesser)));
    enum galen_err err = purchasing_finalize(demo->home[DEMO_BUYER], &cast->buyer, sale->id, true,
                                             NULL, &why);
    return demo_check(demo, err != GALEN_OK, info, "paying is refused: %s", why.what);
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

/* Both managers look at what the buyer sent, and rule. */
static enum galen_err rule(struct demo *demo, const struct demo_cast *cast, const struct sale *sale,
                           uint64_t index, enum dispute_verdict verdict, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO shown = NULL;
    RECORD_JSON_AUTO one = NULL;
    RECORD_JSON_AUTO both = NULL;
    GALEN_TRY(dispute_show(demo->home[DEMO_GM], sale->id, &shown, info));
    GALEN_TRY(demo_check(demo, entry_at(shown, index) != NULL, info,
                         "the managers see what the buyer saw of entry %llu",
                         (unsigned long long)index));
    GALEN_TRY(
        dispute_rule(demo->home[DEMO_GM], &cast->gm, sale->id, &index, 1, verdict, &one, info));
    GALEN_TRY(demo_say_tx(demo, one, "txs", info));
    GALEN_TRY(demo_check(demo, demo_number(one, "ruled") == 0, info,
                         "one manager alone has changed nothing"));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(
        dispute_rule(demo->home[DEMO_RM], &cast->rm, sale->id, &index, 1, verdict, &both, info));
    GALEN_TRY(demo_say_tx(demo, both, "txs", info));
    GALEN_TRY(demo_check(demo, demo_number(both, "ruled") == 1, info, "both agree: %s",
                         dispute_verdict_name(verdict)));
    return demo_deliver_mail(demo, info);
}

static enum galen_err dispute(struct demo *demo, const struct demo_cast *cast,
                              const struct sale *sale, struct galen_errinfo *info)
{
    struct workflow *buyer = demo->home[DEMO_BUYER];
    const uint64_t lesser = sale->cheat.at_accomplice;
    RECORD_JSON_AUTO first = NULL;
    RECORD_JSON_AUTO second = NULL;
    GALEN_TRY(demo_step(demo, "Fraud: disputes", "buyer", info,
                        "Disputes what only people can judge, with a bond and the evidence sealed "
                        "to both managers: entry %llu withholds the treatment, entry %llu holds a "
                        "heart rate of 2600.",
                        (unsigned long long)lesser, (unsigned long long)sale->at_invented));
    GALEN_TRY(dispute_open(buyer, &cast->buyer, sale->id, &lesser, 1,
                           "the template asks for treatments, and there is none", &first, info));
    GALEN_TRY(demo_say_tx(demo, first, "txs", info));
    GALEN_TRY(dispute_open(buyer, &cast->buyer, sale->id, &sale->at_invented, 1,
                           "no heart beats 2600 times a minute", &second, info));
    GALEN_TRY(demo_say_tx(demo, second, "txs", info));
    GALEN_TRY(demo_deliver_mail(demo, info));

    GALEN_TRY(demo_step(demo, "Fraud: the seller's fault", "both managers", info,
                        "Entry %llu: its signature is good, its values violate the template.",
                        (unsigned long long)lesser));
    GALEN_TRY(rule(demo, cast, sale, lesser, DISPUTE_REFUND, info));
    GALEN_TRY(check_refunds(demo, cast, sale, 2, 1, info));
    GALEN_TRY(demo_step(demo, "Fraud: the doctor's fault", "both managers", info,
                        "Entry %llu: the doctor's own signature stands under a value that must "
                        "have been invented.",
                        (unsigned long long)sale->at_invented));
    GALEN_TRY(rule(demo, cast, sale, sale->at_invented, DISPUTE_FRAUD, info));
    return check_refunds(demo, cast, sale, 3, 0, info);
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
    GALEN_TRY(demo_check(demo, err != GALEN_OK, info, "the client refuses: %s", why.what));
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
    return demo_check(demo, err == GALEN_ERR_REVERTED, info, "so does the contract: %s", why.what);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

static enum galen_err settle(struct demo *demo, const struct demo_cast *cast,
                             const struct sale *sale, struct galen_errinfo *info)
{
    struct workflow *buyer = demo->home[DEMO_BUYER];
    RECORD_JSON_AUTO finalized = NULL;
    struct chain_u256 held;
    GALEN_TRY(demo_step(demo, "Fraud: the honest are paid", "buyer", info,
                        "Finalizes: the patients whose entries are good get their parts."));
    GALEN_TRY(purchasing_finalize(buyer, &cast->buyer, sale->id, true, &finalized, info));
    GALEN_TRY(demo_say_tx(demo, finalized, "tx", info));
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
                                  .invented_root = sale.invented_root}};
    RECORD_JSON_AUTO delivered = NULL;
    GALEN_TRY(store_invented(demo, cast, &sale, info));
    GALEN_TRY(ask_and_answer(demo, cast, &sale, info));
    GALEN_TRY(demo_step(demo, "Fraud: a delivery that nobody checked", "hospital", info,
                        "Puts its own account into one entry, lets another withhold what was "
                        "asked for, passes on the invented one, and delivers."));
    GALEN_TRY(demo_cheat_deliver(demo, cast, sale.id, &sale.cheat, &delivered, info));
    sale.at_invented = sale.cheat.at_invented;
    GALEN_TRY(demo_say_tx(demo, delivered, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(verify(demo, cast, &sale, info));
    GALEN_TRY(prove(demo, cast, &sale, info));
    GALEN_TRY(dispute(demo, cast, &sale, info));
    GALEN_TRY(refuse_opening(demo, cast, &sale, info));
    GALEN_TRY(demo_opening(demo, cast, sale.id, sale.at_invented, sale.invented_root, info));
    return settle(demo, cast, &sale, info);
}
