/*
 * Who may act on a request next, by which call, until when, and what time alone brings: the
 * contract's rules in one place, as a function of its state and clock. Acting is before a deadline,
 * the exit is from it on.
 */
#include <stdarg.h>
#include <string.h>

#include "workflow/purchasing_moves.h"

__attribute__((format(printf, 5, 6))) static void add(struct purchasing_moves *moves,
                                                      const char *who, const char *call, int64_t by,
                                                      const char *what, ...)
{
    GALEN_ASSERT(moves->n < PURCHASING_MOVES_MAX);
    struct purchasing_move *move = &moves->items[moves->n++];
    *move = (struct purchasing_move){.who = who, .call = call, .by = by};
    va_list args;
    va_start(args, what);
    vsnprintf(move->what, sizeof move->what, what, args);
    va_end(args);
}

/* at 0: no time changes it. */
static void add_silence(struct purchasing_moves *moves, int64_t at, const char *what)
{
    GALEN_ASSERT(moves->n_silence < PURCHASING_SILENCE_MAX);
    moves->silence[moves->n_silence++] = (struct purchasing_silence){at, what};
}

static void entries(char out[32], uint32_t n)
{
    snprintf(out, 32, n == 1 ? "1 entry" : "%u entries", n);
}

/* ---- before the delivery ------------------------------------------------------------------------------ */

static void open_moves(struct purchasing_moves *moves, const struct purchasing_onchain *chain)
{
    if (chain->now >= chain->deadline) {
        add(moves, "anyone", "expire", 0, "no hospital replied: the escrow goes back to the buyer");
        add_silence(moves, 0, "the escrow stays where it is until somebody calls expire");
        return;
    }
    add(moves, "an accredited hospital", "reply", chain->deadline,
        "offers records and lays down a bond of a tenth of the escrow");
    add_silence(moves, chain->deadline, "anyone may expire it: the escrow goes back to the buyer");
}

static void replied_moves(struct purchasing_moves *moves, const struct purchasing_onchain *chain)
{
    if (chain->now >= chain->deadline) {
        add(moves, "anyone", "expire", 0,
            "the hospital did not deliver: escrow and its bond go to the buyer");
        add_silence(moves, 0, "the money stays where it is until somebody calls expire");
        return;
    }
    if (chain->count > 0)
        add(moves, "the hospital", "deliver", chain->deadline,
            "%u delivered so far, %u to %u wanted; the last part seals it", chain->count,
            chain->terms.min_records, chain->terms.max_records);
    else
        add(moves, "the hospital", "deliver", chain->deadline, "%u to %u records wanted",
            chain->terms.min_records, chain->terms.max_records);
    add_silence(moves, chain->deadline,
                "anyone may expire it: escrow and the hospital's bond go to the buyer");
}

/* ---- from the delivery on ------------------------------------------------------------------------------- */

static void add_verifying(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                          const struct purchasing_tally *tally)
{
    char many[32];
    uint32_t unsettled = tally->by_status[DISPUTE_UNSETTLED];
    if (unsettled > 0) {
        entries(many, unsettled);
        add(moves, "the buyer", "finalize", chain->deadline, "%s and then the hospital are paid",
            many);
        add(moves, "the buyer", "dispute", chain->deadline,
            "any of %s, for what it contains, with a bond each", many);
        add_silence(moves, chain->deadline,
                    "anyone may finalize: undisputed entries and then the hospital are paid");
    } else if (tally->by_status[DISPUTE_RULED_PAY] > 0) {
        add(moves, "the buyer", "finalize", chain->deadline,
            "what is ruled to be paid may then be claimed at once");
    }
}

static void add_claims(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                       const struct purchasing_tally *tally)
{
    char many[32];
    bool may_claim = chain->state == PURCHASING_FINALIZED || chain->now >= chain->deadline;
    uint32_t payable = tally->by_status[DISPUTE_UNSETTLED] + tally->by_status[DISPUTE_RULED_PAY];
    uint32_t unruled = chain->now >= chain->rule_by ? tally->by_status[DISPUTE_DISPUTED] : 0;
    entries(many, payable);
    if (may_claim && payable > 0)
        add(moves, "anyone", "claim", 0, "%s: the money goes to the patients' own accounts", many);
    entries(many, unruled);
    if (unruled > 0)
        add(moves, "anyone", "claim", 0,
            "%s not ruled in time: patients are paid, the dispute bonds go to the buyer", many);
    if ((may_claim && payable > 0) || unruled > 0)
        add_silence(moves, 0, "what can be claimed stays claimable");
    else if (tally->by_status[DISPUTE_RULED_PAY] > 0)
        add_silence(moves, chain->deadline, "what is ruled to be paid may be claimed by anyone");
}

static void add_rulings(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                        const struct purchasing_tally *tally)
{
    uint32_t disputed = tally->by_status[DISPUTE_DISPUTED];
    char many[32];
    if (disputed == 0 || chain->now >= chain->rule_by)
        return;
    entries(many, disputed);
    add(moves, "the Group Manager", "rule", chain->rule_by, "%s in dispute, %u without its verdict",
        many, tally->gm_to_vote);
    add(moves, "the Revocation Manager", "rule", chain->rule_by,
        "%s in dispute, %u without its verdict", many, tally->rm_to_vote);
    add_silence(moves, chain->rule_by,
                "disputed entries that both managers have not ruled alike are paid, the dispute "
                "bonds go back to the buyer");
}

static void add_openings(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                         const struct purchasing_tally *tally)
{
    int64_t until = chain->rule_by + PURCHASING_OPENING_PERIOD_S;
    char many[32];
    entries(many, tally->openable);
    if (tally->openable > 0 && chain->now < until) {
        add(moves, "the buyer", "requestOpening", until, "asks who signed: %s ruled fraud", many);
        add_silence(moves, until, "who signed a fraudulent entry can no longer be asked");
    }
    entries(many, tally->gm_to_open);
    if (tally->gm_to_open > 0)
        add(moves, "the Group Manager", "approveOpeningGroupManager", 0,
            "its half of finding who signed %s", many);
    entries(many, tally->rm_to_open);
    if (tally->rm_to_open > 0)
        add(moves, "the Revocation Manager", "approveOpeningRevocationManager", 0,
            "its half of finding who signed %s", many);
}

static void delivered_moves(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                            const struct purchasing_tally *tally)
{
    char many[32];
    bool passed = chain->now >= chain->deadline;
    bool finalized = chain->state == PURCHASING_FINALIZED;
    if (!finalized && !passed)
        add_verifying(moves, chain, tally);
    if (!finalized && passed && tally->by_status[DISPUTE_UNSETTLED] > 0)
        add(moves, "anyone", "finalize", 0,
            "the buyer was silent: undisputed entries and then the hospital are paid");
    add_claims(moves, chain, tally);
    add_rulings(moves, chain, tally);
    entries(many, tally->open);
    if (tally->open > 0)
        add(moves, "anyone", "proveInvalidEntry", 0,
            "takes an entry with an invalid signature or consent back: %s open", many);
    add_openings(moves, chain, tally);
    if (tally->open == 0)
        add_silence(moves, 0, "every entry is settled: nothing is left to pay");
}

void purchasing_find_moves(struct purchasing_moves *moves, const struct purchasing_onchain *chain,
                           const struct purchasing_tally *tally)
{
    *moves = (struct purchasing_moves){0};
    switch (chain->state) {
    case PURCHASING_OPEN:
        open_moves(moves, chain);
        break;
    case PURCHASING_REPLIED:
        replied_moves(moves, chain);
        break;
    case PURCHASING_DELIVERED:
    case PURCHASING_FINALIZED:
        delivered_moves(moves, chain, tally);
        break;
    case PURCHASING_REFUNDED:
        add_silence(moves, 0, "the money went back to the buyer: nothing is left to do");
        break;
    case PURCHASING_NONE:
        break;
    }
}

/* ---- money --------------------------------------------------------------------------------------------- */

enum galen_err purchasing_find_money(struct purchasing_money *out,
                                     const struct purchasing_onchain *chain,
                                     const struct purchasing_tally *tally,
                                     struct galen_errinfo *info)
{
    struct purchasing_money money = {0};
    struct chain_u256 held = {0};
    struct chain_u256 amount;
    struct chain_u256 nine = chain_u256_from_u64(9);
    bool fits = true;
    switch (chain->state) {
    case PURCHASING_OPEN:
        held = chain->escrow;
        break;
    case PURCHASING_REPLIED:
        fits = chain_u256_add(&held, &chain->escrow, &chain->bond) == GALEN_OK;
        break;
    default:
        break;
    }
    if (chain->state == PURCHASING_DELIVERED || chain->state == PURCHASING_FINALIZED) {
        uint32_t bonds = tally->by_status[DISPUTE_DISPUTED] + tally->by_status[DISPUTE_RULED_PAY];
        money.part = purchasing_part(&chain->escrow, chain->count);
        (void)chain_u256_div_u64(&money.bond_part, &chain->bond, chain->count);
        fits = chain_u256_add(&money.dispute_bond, &money.part, &nine) == GALEN_OK &&
               chain_u256_mul_u64(&amount, &money.part, chain->count) == GALEN_OK &&
               chain_u256_sub(&money.hospital_part, &chain->escrow, &amount) == GALEN_OK;
        (void)chain_u256_div_u64(&money.dispute_bond, &money.dispute_bond, 10);
        /* parts of open entries and the bonds of disputes over them */
        fits = fits && chain_u256_mul_u64(&held, &money.part, tally->open) == GALEN_OK &&
               chain_u256_mul_u64(&amount, &money.dispute_bond, bonds) == GALEN_OK &&
               chain_u256_add(&held, &held, &amount) == GALEN_OK;
        /* the hospital's, until the last entry is settled */
        if (tally->open > 0)
            fits = fits && chain_u256_add(&held, &held, &money.hospital_part) == GALEN_OK &&
                   chain_u256_add(&held, &held, &chain->bond) == GALEN_OK &&
                   chain_u256_mul_u64(&amount, &money.bond_part, chain->invalid) == GALEN_OK &&
                   chain_u256_sub(&held, &held, &amount) == GALEN_OK;
    }
    if (!fits)
        return base_fail(info, GALEN_ERR_NETWORK, "the request's amounts do not add up");
    money.held = held;
    *out = money;
    return GALEN_OK;
}
