/* A market on the fixture's stage: patients with records, and the steps of a purchase in one call
 * each. */
#ifndef GALEN_TESTS_WORKFLOW_MARKET_H
#define GALEN_TESTS_WORKFLOW_MARKET_H

#include "fixture.h"

#define MARKET_PATIENTS 5 /* all in the home PATIENT */
#define MARKET_DAY_S    86400

struct market {
    struct fixture *fx;
    struct chain_address patients[MARKET_PATIENTS];
    int records; /* anchored; record i belongs to patient i % MARKET_PATIENTS */
};

/* Group set-up and tear-down of cmocka: fixture_grouped, the patients, and this many records.
 * *state is the struct market. */
int market_set_up(void **state, int records);
int market_tear_down(void **state);

/* The template that fits every record; json_object_put. */
struct json_object *market_template(int min_records, const char *price_wei);
/* Step 1, and everybody syncs. */
uint64_t market_request(struct market *market, int min_records, const char *price_wei,
                        const struct purchasing_terms *terms);
/* Step 2 and the questions to the patients. */
void market_reply_and_ask(struct market *market, uint64_t id);
/* Patient i accepts, and the mail is carried. */
void market_consent(struct market *market, uint64_t id, int patient);
void market_consent_all(struct market *market, uint64_t id);
/* json_object_put. */
struct json_object *market_deliver(struct market *market, uint64_t id);
struct json_object *market_verify(struct market *market, uint64_t id, bool *passed);
/* All of it up to a verified delivery by all patients. */
uint64_t market_delivered(struct market *market, int min_records, const char *price_wei,
                          const struct purchasing_terms *terms);

struct chain_u256 market_balance(struct market *market, const struct chain_address *account);
/* Fees that an identity has paid for its transactions, by its home's log. */
struct chain_u256 market_fees(struct workflow *wf, const struct chain_address *account);
/* What a home's first identity has, and what it has spent on gas. */
struct chain_u256 market_money(struct market *market, enum fixture_home who);
/* Amounts: equal, or the test fails and shows both; a sum; a product. */
void market_same_wei(struct chain_u256 actual, struct chain_u256 expected);
struct chain_u256 market_plus(struct chain_u256 a, struct chain_u256 b);
struct chain_u256 market_times(struct chain_u256 a, uint64_t n);
/* The state of purchasing_show; static until the next call. */
const char *market_state(struct workflow *wf, uint64_t id);
/* Does this check of an entry hold, or (index < 0) of the delivery as a whole? */
bool market_row(struct json_object *verification, int index, const char *check);
/* How many of an entry's checks failed. */
int market_failed(struct json_object *verification, int index);
/* Patient i's answer about its n-th record, as kept; json_object_put. */
struct json_object *market_answer(struct market *market, uint64_t id, int patient, int n);
/* Every release is as good as new: what former tests sold is forgotten everywhere. */
void market_forget_sales(struct market *market);
/* Changes one byte of a block in the common store. */
void market_alter_block(struct market *market, const uint8_t cid32[32]);
/* Sends any DataHub call from an identity of wf. */
void market_call(struct workflow *wf, const struct chain_address *from, const char *operation,
                 const struct base_buf *data, const struct chain_u256 *value);

#endif
