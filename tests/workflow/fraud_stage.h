/* Entries that both managers ruled Fraud, and openings asked for on-chain, each in one call. */
#ifndef GALEN_TESTS_WORKFLOW_FRAUD_STAGE_H
#define GALEN_TESTS_WORKFLOW_FRAUD_STAGE_H

#include "market.h"
#include "opening_stage.h"
#include "workflow/dispute_internal.h"

/* The buyer disputes an entry of a delivered request, with its bond. */
void fraud_dispute(struct market *market, uint64_t request_id, uint64_t index);
/* A manager's verdict on it. */
void fraud_vote(struct market *market, enum fixture_home manager, uint64_t request_id,
                uint64_t index, uint8_t verdict);
/* Disputed, and ruled Fraud by both. */
void fraud_rule(struct market *market, uint64_t request_id, uint64_t index);
/* The buyer asks who signed it; everybody syncs. id_hex: of the opening. */
void fraud_ask(struct market *market, uint64_t request_id, uint64_t index, char id_hex[65]);
/* A manager agrees by its own home; nobody syncs. */
void fraud_agree(struct market *market, enum fixture_home manager, const char *id_hex);
/* Names a block on-chain as a manager's share, by the manager's wallet and past its home. */
void fraud_name_share(struct market *market, enum fixture_home manager, uint64_t request_id,
                      uint64_t index, const uint8_t cid[32]);
/* The text of opening_show's state in a home; static until the next call. */
const char *fraud_state(struct market *market, enum fixture_home home, const char *id_hex);
/* The log's entry of a home's first identity. */
void fraud_read(struct market *market, enum fixture_home home, const char *id_hex,
                struct opening *out);

#endif
