/* Rulings and openings on-chain for the tests. */
#include "fraud_stage.h"

#include <string.h>

void fraud_dispute(struct market *market, uint64_t request_id, uint64_t index)
{
    struct fixture *fx = market->fx;
    BASE_BUF_AUTO data = {0};
    struct purchasing_onchain chain;
    const struct chain_u256 which = purchasing_u256(index);
    OK(purchasing_read_chain(fx->home[BUYER], &chain, request_id, INFO));
    struct chain_u256 bond = purchasing_part(&chain.escrow, chain.count);
    const struct chain_u256 nine = purchasing_u256(9);
    OK(chain_u256_add(&bond, &bond, &nine));
    (void)chain_u256_div_u64(&bond, &bond, 10);
    OK(datahub_encode_dispute(&data, purchasing_u256(request_id), &which, 1, INFO));
    market_call(fx->home[BUYER], &fx->who[BUYER], "dispute", &data, &bond);
}

void fraud_vote(struct market *market, enum fixture_home manager, uint64_t request_id,
                uint64_t index, uint8_t verdict)
{
    BASE_BUF_AUTO data = {0};
    const struct chain_u256 which = purchasing_u256(index);
    OK(datahub_encode_rule(&data, purchasing_u256(request_id), &which, 1, verdict, INFO));
    market_call(market->fx->home[manager], &market->fx->who[manager], "rule", &data, NULL);
}

void fraud_rule(struct market *market, uint64_t request_id, uint64_t index)
{
    fraud_dispute(market, request_id, index);
    fraud_vote(market, GM, request_id, index, DISPUTE_FRAUD);
    fraud_vote(market, RM, request_id, index, DISPUTE_FRAUD);
}

void fraud_ask(struct market *market, uint64_t request_id, uint64_t index, char id_hex[65])
{
    struct fixture *fx = market->fx;
    RECORD_JSON_AUTO asked = NULL;
    OK(opening_ask(fx->home[BUYER], &fx->who[BUYER], request_id, index, &asked, INFO));
    assert_string_equal(fixture_text(asked, "state"), "asked");
    snprintf(id_hex, 65, "%s", fixture_text(asked, "id") + 2);
    assert_int_equal(fixture_settle(fx), 0);
}

void fraud_agree(struct market *market, enum fixture_home manager, const char *id_hex)
{
    OK(opening_approve(market->fx->home[manager], &market->fx->who[manager], id_hex, true, NULL,
                       INFO));
}

void fraud_name_share(struct market *market, enum fixture_home manager, uint64_t request_id,
                      uint64_t index, const uint8_t cid[32])
{
    BASE_BUF_AUTO data = {0};
    const struct chain_u256 id = opening_onchain_id(request_id, index);
    if (manager == GM)
        OK(datahub_encode_approve_opening_group_manager(&data, id, cid, INFO));
    else
        OK(datahub_encode_approve_opening_revocation_manager(&data, id, cid, INFO));
    market_call(market->fx->home[manager], &market->fx->who[manager], "approveOpening", &data,
                NULL);
}

const char *fraud_state(struct market *market, enum fixture_home home, const char *id_hex)
{
    static char state[16];
    RECORD_JSON_AUTO shown = stage_show(market->fx->home[home], id_hex);
    snprintf(state, sizeof state, "%s", fixture_text(shown, "state"));
    return state;
}

void fraud_read(struct market *market, enum fixture_home home, const char *id_hex,
                struct opening *out)
{
    OK(opening_find(market->fx->home[home], out, id_hex, &market->fx->who[home], INFO));
}
