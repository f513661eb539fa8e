/* The demo's purchase, its money, and the gas table. */
#include <stdlib.h>
#include <string.h>

#include "cli/demo.h"
#include "record/record.h"

/* ---- money -------------------------------------------------------------------------------------- */

static enum galen_err balance_of(struct demo *demo, const struct chain_address *account,
                                 struct chain_u256 *wei, struct galen_errinfo *info)
{
    return chain_rpc_balance(demo->rpc, wei, account, info);
}

enum galen_err demo_fees(struct workflow *wf, struct chain_u256 *wei, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    *wei = (struct chain_u256){0};
    GALEN_TRY(workflow_transactions(wf, NULL, &list, info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct chain_u256 one;
        GALEN_TRY(chain_u256_parse(&one, demo_text(json_object_array_get_idx(list, i), "totalWei"),
                                   info));
        GALEN_TRY(chain_u256_add(wei, wei, &one));
    }
    return GALEN_OK;
}

/* One side's books over the purchase. */
struct books {
    struct chain_u256 before, fees_before, after, fees;
};

static enum galen_err books_open(struct demo *demo, enum demo_home home,
                                 const struct chain_address *account, struct books *books,
                                 struct galen_errinfo *info)
{
    GALEN_TRY(balance_of(demo, account, &books->before, info));
    return demo_fees(demo->home[home], &books->fees_before, info);
}

static enum galen_err books_close(struct demo *demo, enum demo_home home,
                                  const struct chain_address *account, struct books *books,
                                  struct galen_errinfo *info)
{
    struct chain_u256 fees;
    GALEN_TRY(balance_of(demo, account, &books->after, info));
    GALEN_TRY(demo_fees(demo->home[home], &fees, info));
    return chain_u256_sub(&books->fees, &fees, &books->fees_before);
}

static void ether(char out[CHAIN_AMOUNT_TEXT], const struct chain_u256 *wei)
{
    chain_amount_format(out, wei, CHAIN_DECIMALS_ETHER);
}

/* Every wei of the escrow is found again: with the patients, the hospital, and nowhere else. */
static enum galen_err check_money(struct demo *demo, const struct chain_u256 *price,
                                  const struct books *buyer, const struct books *hospital,
                                  const struct chain_address *hospital_account,
                                  struct json_object *finalized, struct galen_errinfo *info)
{
    char text[3][CHAIN_AMOUNT_TEXT];
    struct chain_u256 spent;
    struct chain_u256 expected;
    struct chain_u256 paid = {0};
    struct chain_u256 hospital_part = {0};
    struct chain_u256 bond;
    struct json_object *list = NULL;
    size_t accounts = 0;

    /* ceil(price / 10), as the contract has it. */
    if (chain_u256_div_u64(&bond, price, 10) != 0) {
        const struct chain_u256 one = chain_u256_from_u64(1);
        GALEN_TRY(chain_u256_add(&bond, &bond, &one));
    }
    GALEN_TRY(chain_u256_sub(&spent, &buyer->before, &buyer->after));
    GALEN_TRY(chain_u256_add(&expected, price, &buyer->fees));
    ether(text[0], &spent);
    ether(text[1], price);
    ether(text[2], &buyer->fees);
    GALEN_TRY(demo_check(demo, chain_u256_compare(&spent, &expected) == 0, info,
                         "buyer paid %s ETH = escrow %s + gas %s, to the wei", text[0], text[1],
                         text[2]));

    GALEN_TRY(
        record_json_get_array(&list, finalized, "paid", RECORD_JSON_REQUIRED, 1, 1000, "", info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        struct chain_address account;
        struct chain_u256 wei;
        struct chain_u256 now;
        GALEN_TRY(chain_address_parse(&account, demo_text(row, "address"), info));
        GALEN_TRY(chain_u256_parse(&wei, demo_text(row, "wei"), info));
        if (chain_address_equal(&account, hospital_account)) {
            GALEN_TRY(chain_u256_sub(&hospital_part, &wei, &bond));
            continue;
        }
        GALEN_TRY(balance_of(demo, &account, &now, info));
        GALEN_TRY(chain_u256_add(&paid, &paid, &now));
        accounts += chain_u256_compare(&now, &wei) == 0;
    }
    GALEN_TRY(demo_check(demo, accounts + 1 == json_object_array_length(list), info,
                         "%zu fresh payout accounts hold exactly one part each", accounts));

    /* The bond went and came back whole, so the hospital gained its part and spent its gas. */
    GALEN_TRY(chain_u256_add(&expected, &hospital->before, &hospital_part));
    GALEN_TRY(chain_u256_sub(&expected, &expected, &hospital->fees));
    ether(text[0], &hospital_part);
    ether(text[1], &hospital->fees);
    GALEN_TRY(demo_check(demo, chain_u256_compare(&hospital->after, &expected) == 0, info,
                         "hospital got its part of %s ETH and its bond back, and spent %s on gas",
                         text[0], text[1]));
    GALEN_TRY(chain_u256_add(&paid, &paid, &hospital_part));
    ether(text[0], &paid);
    return demo_check(demo, chain_u256_compare(&paid, price) == 0, info,
                      "patients' parts and hospital's part add up to the escrow: %s ETH", text[0]);
}

/* ---- the purchase ------------------------------------------------------------------------------- */

static enum galen_err make_template(const char *price_wei, int min_records,
                                    struct json_object **out, struct galen_errinfo *info)
{
    /* The seed document's template, with its price. */
    char text[512];
    snprintf(text, sizeof text,
             "{\"category\":\"Cardiology\",\"demographics\":{\"age\":true,\"gender\":true,"
             "\"location\":false,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
             "\"treatment\":true,\"medications\":false,\"lab_results\":false},"
             "\"time_period\":\"1 year\",\"min_records\":%d,\"price_wei\":\"%s\"}",
             min_records, price_wei);
    return record_json_parse(out, text, strlen(text), sizeof text, info);
}

/* One row a check: how many entries it was made of, and whether all of them passed. */
static enum galen_err sum_up_checks(struct demo *demo, struct json_object *verified,
                                    struct galen_errinfo *info)
{
    enum { MAX_KINDS = 32 };
    struct {
        const char *name;
        size_t passed, all;
    } kinds[MAX_KINDS];
    size_t n_kinds = 0;
    struct json_object *entries = NULL;
    struct json_object *checks = NULL;
    GALEN_TRY(record_json_get_array(&entries, verified, "entries", RECORD_JSON_REQUIRED, 1, 65535,
                                    "", info));
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        if (!json_object_object_get_ex(json_object_array_get_idx(entries, i), "checks", &checks))
            return demo_check(demo, false, info, "entry %zu has its checks", i);
        for (size_t j = 0; j < json_object_array_length(checks); j++) {
            struct json_object *row = json_object_array_get_idx(checks, j);
            struct json_object *passed = NULL;
            size_t k = 0;
            json_object_object_get_ex(row, "passed", &passed);
            while (k < n_kinds && strcmp(kinds[k].name, demo_text(row, "check")) != 0)
                k++;
            if (k == n_kinds && n_kinds < MAX_KINDS) {
                kinds[n_kinds].name = demo_text(row, "check");
                kinds[n_kinds].passed = kinds[n_kinds].all = 0;
                n_kinds++;
            }
            if (k < n_kinds) {
                kinds[k].all++;
                kinds[k].passed += json_object_get_boolean(passed) ? 1 : 0;
            }
        }
    }
    for (size_t k = 0; k < n_kinds; k++)
        GALEN_TRY(demo_check(demo, kinds[k].passed == kinds[k].all, info, "%s: %zu of %zu entries",
                             kinds[k].name, kinds[k].passed, kinds[k].all));
    return GALEN_OK;
}

static enum galen_err gather(struct demo *demo, const struct chain_address *hospital,
                             const struct chain_address *patients, size_t n_patients, uint64_t id,
                             struct galen_errinfo *info)
{
    struct workflow *home = demo->home[DEMO_PATIENTS];
    RECORD_JSON_AUTO asked = NULL;
    RECORD_JSON_AUTO wanted = NULL;
    size_t given = 0;
    GALEN_TRY(demo_step(demo, "Purchasing 3: template filling", "hospital, patients", info,
                        "The hospital asks the matching patients; each client shows the very "
                        "values that would leave, takes an unused release, proves, encrypts and "
                        "consents with a key nobody can link."));
    GALEN_TRY(purchasing_ask_consent(demo->home[DEMO_HOSPITAL], hospital, id, &asked, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(purchasing_consents(home, NULL, NULL, &wanted, info));
    for (size_t i = 0; i < n_patients; i++) {
        char address[CHAIN_ADDRESS_TEXT];
        bool was_asked = false;
        chain_address_format(address, &patients[i]);
        for (size_t j = 0; j < json_object_array_length(wanted) && !was_asked; j++)
            was_asked = strcmp(demo_text(json_object_array_get_idx(wanted, j), "patient"),
                               address) == 0;
        if (!was_asked)
            continue;
        RECORD_JSON_AUTO filled = NULL;
        struct json_object *list = NULL;
        GALEN_TRY(purchasing_consent(home, &patients[i], id, true, &filled, info));
        if (json_object_object_get_ex(filled, "given", &list))
            given += json_object_array_length(list);
    }
    demo_note(demo, "%zu requests for consent, %zu given", json_object_array_length(wanted), given);
    GALEN_TRY(demo_check(demo, given == json_object_array_length(wanted) && given > 0, info,
                         "every patient who was asked has answered"));
    return demo_deliver_mail(demo, info);
}

enum galen_err demo_purchase(struct demo *demo, const struct chain_address *buyer,
                             const struct chain_address *hospital,
                             const struct chain_address *patients, size_t n_patients,
                             const char *price_wei, int min_records, struct galen_errinfo *info)
{
    struct workflow *buyer_home = demo->home[DEMO_BUYER];
    struct workflow *hospital_home = demo->home[DEMO_HOSPITAL];
    struct books buyer_books;
    struct books hospital_books;
    struct chain_u256 price;
    RECORD_JSON_AUTO template_ = NULL;
    RECORD_JSON_AUTO requested = NULL;
    RECORD_JSON_AUTO replied = NULL;
    RECORD_JSON_AUTO delivered = NULL;
    RECORD_JSON_AUTO verified = NULL;
    RECORD_JSON_AUTO finalized = NULL;
    bool passed = false;
    const struct purchasing_terms terms = {.max_records = 60};
    GALEN_TRY(chain_u256_parse(&price, price_wei, info));
    GALEN_TRY(books_open(demo, DEMO_BUYER, buyer, &buyer_books, info));
    GALEN_TRY(books_open(demo, DEMO_HOSPITAL, hospital, &hospital_books, info));

    GALEN_TRY(demo_step(demo, "Purchasing 1: request", "buyer", info,
                        "Wants at least %d cardiology records of the past year (age, gender, "
                        "diagnosis, treatment) and puts 1 ETH in escrow.",
                        min_records));
    GALEN_TRY(make_template(price_wei, min_records, &template_, info));
    GALEN_TRY(purchasing_request(buyer_home, buyer, template_, &terms, &requested, info));
    GALEN_TRY(demo_say_tx(demo, requested, "tx", info));
    demo_note(demo, "template %s", demo_text(requested, "cid"));
    uint64_t id = (uint64_t)demo_number(requested, "requestId");

    GALEN_TRY(
        demo_step(demo, "Purchasing 2: reply", "hospital", info,
                  "Sees RequestOpen, counts matching index cards, offers with a bond those that "
                  "are of at least %d patients alike: the demo has too few for the usual 11.",
                  DEMO_K));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(purchasing_reply_with_k(hospital_home, hospital, id, DEMO_K, &replied, info));
    GALEN_TRY(demo_say_tx(demo, replied, "tx", info));
    demo_note(demo, "%lld records available, smallest class of quasi-identifiers has %lld",
              (long long)demo_number(replied, "available"), (long long)demo_number(replied, "k"));
    GALEN_TRY(demo_check(demo, demo_number(replied, "available") >= min_records, info,
                         "at least %d records are available", min_records));

    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(gather(demo, hospital, patients, n_patients, id, info));

    GALEN_TRY(demo_step(demo, "Purchasing 3: delivery", "hospital", info,
                        "Verifies every entry, delivers them on-chain, sealed, and then publishes "
                        "the manifest."));
    GALEN_TRY(purchasing_deliver(hospital_home, hospital, id, &delivered, info));
    GALEN_TRY(demo_say_tx(demo, delivered, "txs", info));
    demo_note(demo, "manifest %s", demo_text(delivered, "manifestCid"));
    GALEN_TRY(demo_deliver_mail(demo, info));

    GALEN_TRY(demo_step(demo, "Purchasing 4: verification", "buyer", info,
                        "Checks every entry; had one failed, the money would not move."));
    GALEN_TRY(purchasing_verify(buyer_home, id, &passed, &verified, info));
    GALEN_TRY(sum_up_checks(demo, verified, info));
    GALEN_TRY(demo_check(demo, passed, info, "the delivery as a whole"));

    GALEN_TRY(demo_step(demo, "Purchasing 5: payment", "buyer", info,
                        "Finalizes: the contract pays patients and hospital."));
    GALEN_TRY(purchasing_finalize(buyer_home, buyer, id, true, &finalized, info));
    GALEN_TRY(demo_say_tx(demo, finalized, "tx", info));
    GALEN_TRY(books_close(demo, DEMO_BUYER, buyer, &buyer_books, info));
    GALEN_TRY(books_close(demo, DEMO_HOSPITAL, hospital, &hospital_books, info));
    return check_money(demo, &price, &buyer_books, &hospital_books, hospital, finalized, info);
}

/* ---- transactions -------------------------------------------------------------------------------- */

/* Every recorded transaction again, asked of the chain itself. */
static enum galen_err check_receipts(struct demo *demo, struct json_object *transactions,
                                     int64_t *confirmed, struct galen_errinfo *info)
{
    for (size_t i = 0; i < json_object_array_length(transactions); i++) {
        struct json_object *row = json_object_array_get_idx(transactions, i);
        uint8_t hash32[32];
        CHAIN_RECEIPT_AUTO receipt = {0};
        GALEN_TRY(record_json_get_hex(hash32, 32, row, "hash", RECORD_JSON_REQUIRED, "", info));
        GALEN_TRY(chain_rpc_receipt(demo->rpc, &receipt, hash32, info));
        *confirmed += receipt.succeeded &&
                      receipt.gas_used == (uint64_t)demo_number(row, "gasUsed");
    }
    return GALEN_OK;
}

enum galen_err demo_gas_table(struct demo *demo, struct json_object **table,
                              struct galen_errinfo *info)
{
    RECORD_JSON_AUTO rows = json_object_new_array();
    int64_t all = 0;
    int64_t confirmed = 0;
    GALEN_TRY(
        demo_step(demo, "Purchasing 6: transaction recording", "everyone", info,
                  "Each home has recorded its transactions; gas used by operation and role:"));
    for (int i = 0; i < DEMO_HOMES; i++) {
        RECORD_JSON_AUTO report = NULL;
        RECORD_JSON_AUTO transactions = NULL;
        GALEN_TRY(workflow_gas_report(demo->home[i], &report, info));
        GALEN_TRY(workflow_transactions(demo->home[i], NULL, &transactions, info));
        GALEN_TRY(check_receipts(demo, transactions, &confirmed, info));
        all += (int64_t)json_object_array_length(transactions);
        for (size_t j = 0; j < json_object_array_length(report); j++) {
            struct json_object *copy = NULL;
            GALEN_TRY(record_json_copy(&copy, json_object_array_get_idx(report, j), info));
            GALEN_TRY(record_json_push(rows, copy, info));
        }
    }
    if (demo->out != NULL)
        cli_print(demo->out, rows);
    GALEN_TRY(demo_check(demo, confirmed == all && all > 0, info,
                         "the chain confirms all %lld transactions and their gas", (long long)all));
    *table = rows;
    rows = NULL;
    return GALEN_OK;
}
