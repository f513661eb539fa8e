/*
 * What the files of purchasing share. One file an actor's job:
 *   purchasing_state.c     a request as the chain, this home and its template have it
 *   purchasing_show.c      what its parties see of it
 *   purchasing_events.c    the contract's events
 *   purchasing_entries.c   delivered entries: body hashes, the parts' Merkle trees, proofs
 *   purchasing_buyer.c     step 1
 *   purchasing_cards.c     a hospital's index cards, and what was delivered of them before
 *   purchasing_anonymity.c which of them may be sold together
 *   purchasing_match.c     index cards against a template, and k
 *   purchasing_hospital.c  step 2, and asking for consent
 *   purchasing_patient.c   step 3: what is asked; purchasing_consent.c: the answer
 *   purchasing_policy.c    what is answered without the person
 *   purchasing_kept_key.c  a key that the patient kept: it leaves once the delivery is the one
 *                          agreed to; purchasing_late_key.c: passed on, and taken in
 *   purchasing_offers.c    what patients answered; purchasing_deliver.c: step 3, delivery
 *   purchasing_manifest.c  the manifest, written and read
 *   purchasing_check.c     step 4: what is needed to check a delivery; purchasing_check_entries.c:
 *                          every check of its entries; purchasing_verify.c: the buyer's verdict
 *   purchasing_report.c    how far a verification is, and its last report
 *   purchasing_settle.c    step 5 and the exits; purchasing_payments.c: who was paid
 *   dispute_*.c            disputes and rulings: see dispute_internal.h
 *
 * Objects, all JCS and beside those of the design's messages:
 *   galen.bundle/1         {type, context {type, requestId, templateHash}, requestId, disclosure,
 * sig} galen.manifest/1       {type, requestId, templateHash, k, suppressed, parts: [cid]}
 *   galen.manifest-part/1  {type, entries: [{bundleCid, ek}]}
 *   galen.late-ek/1        {type, requestId, bundleCid, ek [, bundle]}, signed by releaseAddr's key
 *   galen.late-ek-relay/1  {type, message: that, as a whole message to the buyer}
 * EK_i is wrapped with the context {type galen.bundle/1, requestId, bundleCid}. It goes with the
 * consent, or (ek null there and in the manifest) to the buyer after Delivered.
 */
#ifndef GALEN_WORKFLOW_PURCHASING_INTERNAL_H
#define GALEN_WORKFLOW_PURCHASING_INTERNAL_H

#include "workflow/config.h"
#include "workflow/steps.h"
#include "workflow/verify.h"

#define PURCHASING_BUNDLE_TYPE        "galen.bundle/1"
#define PURCHASING_OFFER_TYPE         "galen.offer/1"
#define PURCHASING_WANTED_TYPE        "galen.consent-wanted/1"
#define PURCHASING_GIVEN_TYPE         "galen.consent-given/1"
#define PURCHASING_DECLINED_TYPE      "galen.consent-declined/1"
#define PURCHASING_LATE_EK_TYPE       "galen.late-ek/1"
#define PURCHASING_LATE_EK_RELAY_TYPE "galen.late-ek-relay/1"
#define PURCHASING_MANIFEST_TYPE      "galen.manifest/1"
#define PURCHASING_MANIFEST_PART_TYPE "galen.manifest-part/1"
#define PURCHASING_VERIFICATION_TYPE  "galen.verification/1"
#define PURCHASING_MAX_ENTRIES        65535
#define PURCHASING_MANIFEST_PART      500 /* entries in one block of a manifest */
#define PURCHASING_EK_MAX             2000 /* bytes of one EK: PURCHASING_MANIFEST_PART fit a block */
#define PURCHASING_PUSH_MAX           64   /* the contract pays as many in one call */
/* Entries of one deliver when there are more than can be pushed: nodes take 128 KiB of calldata a
 * transaction, an entry has 1,152 bytes. */
#define PURCHASING_DELIVER_PART 110

/* ---- purchasing_state.c ---------------------------------------------------------------------- */

#define PURCHASING_OPENING_PERIOD_S (30 * 86400) /* from ruleBy on openings may be asked for */

/* As the contract counts them. */
enum purchasing_state {
    PURCHASING_NONE,
    PURCHASING_OPEN,
    PURCHASING_REPLIED,
    PURCHASING_DELIVERED,
    PURCHASING_FINALIZED,
    PURCHASING_REFUNDED,
};

/* A request as the chain has it now. */
struct purchasing_onchain {
    uint64_t id;
    enum purchasing_state state;
    struct chain_address buyer, hospital;
    struct chain_u256 escrow, bond;
    int64_t deadline; /* replyBy, deliverBy, or verifyBy */
    int64_t rule_by;
    int64_t now; /* the newest block's time: what deadlines are held against */
    uint32_t count, parts, settled, invalid;
    struct chain_u256 highest_min_payout;
    uint8_t last_root[32];
    struct datahub_terms terms;
};
/* NOT_FOUND: the contract has no such request. */
GALEN_MUST_CHECK enum galen_err purchasing_read_chain(struct workflow *wf,
                                                      struct purchasing_onchain *out,
                                                      uint64_t request_id,
                                                      struct galen_errinfo *info);

/* The same, before a step that sends a transaction: what an interrupted run has signed goes out
 * first. STATE while a transaction of this request is not mined. */
GALEN_MUST_CHECK enum galen_err purchasing_read_to_act(struct workflow *wf,
                                                       struct purchasing_onchain *out,
                                                       uint64_t request_id,
                                                       struct galen_errinfo *info);

/* A request as this home has seen it. */
struct purchasing_row {
    uint64_t id;
    uint8_t template_hash[32];
    struct chain_address buyer;
    int64_t opened_at; /* the block's time */
    bool is_sealed;
    uint8_t manifest_cid[32]; /* when is_sealed */
    char state[16];           /* as stored: never 'verified', which is derived */
    int verified;             /* 1, 0, or -1: not run */
};
/* NOT_FOUND, with the hint to sync. */
GALEN_MUST_CHECK enum galen_err purchasing_read_row(struct workflow *wf, struct purchasing_row *out,
                                                    uint64_t request_id,
                                                    struct galen_errinfo *info);

/* The buyer's key, to which bundles are sealed; PARSE when nothing can be sealed to it. */
GALEN_MUST_CHECK enum galen_err purchasing_buyer_key(struct seal_public_key *key,
                                                     const struct record_template *wanted,
                                                     struct galen_errinfo *info);
/* The template's block, held against the chain: CHECK when its min_records or price_wei differ.
 * PARSE also when its buyer_key is unusable: a hospital that took it could never deliver, and its
 * bond would be the buyer's. *out must be empty; json (may be NULL) receives the template itself.
 */
GALEN_MUST_CHECK enum galen_err
purchasing_read_template(struct workflow *wf, struct record_template *out,
                         struct json_object **json, const struct purchasing_row *row,
                         const struct purchasing_onchain *chain, struct galen_errinfo *info);
/* UTC year of the request's block: "N years" counts from it. */
int purchasing_request_year(const struct purchasing_row *row);

/* floor(escrow / (count + 1)): what each of count entries is paid. */
struct chain_u256 purchasing_part(const struct chain_u256 *escrow, uint32_t count);
/* The seed's word: pending, replied, filled, verified, finalized; refunded. */
const char *purchasing_state_name(enum purchasing_state state, int verified);
/* The same, or disputed: while entries in dispute may still be ruled. *out is static. */
GALEN_MUST_CHECK enum galen_err purchasing_derive_state(struct workflow *wf, const char **out,
                                                        const struct purchasing_onchain *chain,
                                                        int verified, struct galen_errinfo *info);
/* How many of its entries are in dispute, by the events. */
GALEN_MUST_CHECK enum galen_err purchasing_count_disputed(struct workflow *wf, int64_t *count,
                                                          uint64_t request_id,
                                                          struct galen_errinfo *info);
struct chain_u256 purchasing_u256(uint64_t id);
/* JCS of {type galen.bundle/1, requestId, templateHash}: a bundle's context. Appends. */
GALEN_MUST_CHECK enum galen_err purchasing_bundle_context(struct base_buf *out, uint64_t request_id,
                                                          const uint8_t template_hash32[32],
                                                          struct galen_errinfo *info);
/* JCS of {type galen.bundle/1, requestId, bundleCid}: what EK_i is wrapped with. Appends. */
GALEN_MUST_CHECK enum galen_err purchasing_key_context(struct base_buf *out, uint64_t request_id,
                                                       const uint8_t bundle_cid32[32],
                                                       struct galen_errinfo *info);
/* SHA-256("galen/bundle/1" | bundle's digest | SHA-256(EK)). */
GALEN_MUST_CHECK enum galen_err purchasing_bundle_digest(uint8_t digest32[32],
                                                         const uint8_t bundle_cid32[32],
                                                         const char *ek,
                                                         struct galen_errinfo *info);
/* NOT_FOUND unless the account is an identity of this home, of whatever role. */
GALEN_MUST_CHECK enum galen_err purchasing_need_own(struct workflow *wf,
                                                    const struct chain_address *account,
                                                    struct galen_errinfo *info);

/* ---- purchasing_events.c --------------------------------------------------------------------- */

/* An event's request number; PARSE when there can be no such request. */
GALEN_MUST_CHECK enum galen_err purchasing_event_request(int64_t *out, const struct chain_u256 *id,
                                                         struct galen_errinfo *info);
/* Notifies whom of them this home has: one account; everybody whom the query names, its first
 * column being addresses, its arguments the request and an offset; buyer, hospital and patients. */
GALEN_MUST_CHECK enum galen_err purchasing_tell(struct workflow *wf,
                                                const struct chain_address *who, const char *kind,
                                                const char *subject, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err purchasing_tell_each(struct workflow *wf, const char *sql,
                                                     const char *kind, int64_t id,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err purchasing_tell_all(struct workflow *wf, const char *kind,
                                                    int64_t id, struct galen_errinfo *info);

/* ---- purchasing_entries.c -------------------------------------------------------------------- */

struct purchasing_entry {
    uint8_t release_root[32];
    struct chain_address release_addr, payout;
    uint8_t bundle_digest[32];
    struct chain_u256 min_payout;
    uint32_t key_version;
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES];
    uint8_t consent[CHAIN_SIGNATURE_BYTES];
    uint32_t part;
    int64_t block_number;
};

struct purchasing_entries {
    struct purchasing_entry *items; /* owned, by index */
    size_t n;
};
void purchasing_entries_clear(struct purchasing_entries *entries);
#define PURCHASING_ENTRIES_AUTO GALEN_CLEANUP(purchasing_entries_clear) struct purchasing_entries

/* All entries of a request that this home has seen. When their number is not the chain's, syncs
 * once; then STATE. *out must be empty. */
GALEN_MUST_CHECK enum galen_err purchasing_load_entries(struct workflow *wf,
                                                        struct purchasing_entries *out,
                                                        const struct purchasing_onchain *chain,
                                                        struct galen_errinfo *info);
/* One of them; *found is false when this home has not seen it. */
GALEN_MUST_CHECK enum galen_err purchasing_load_entry(struct workflow *wf, bool *found,
                                                      struct purchasing_entry *out,
                                                      uint64_t request_id, uint64_t index,
                                                      struct galen_errinfo *info);
/* An entry as the contract's functions take it; borrows its bytes. */
struct datahub_entry purchasing_entry_argument(const struct purchasing_entry *entry);
/* keccak256 of an entry's fields but the payout, as the contract hashes them. */
void purchasing_body_hash(uint8_t hash32[32], const struct purchasing_entry *entry);
/* Root of one part: entries[0 … n-1] having the indices first, first + 1, …; n > 0. */
GALEN_MUST_CHECK enum galen_err purchasing_part_root(uint8_t root32[32], uint64_t request_id,
                                                     const struct purchasing_entry *entries,
                                                     size_t n, uint64_t first,
                                                     struct galen_errinfo *info);
/* The proof of entries[at]: 32-byte nodes appended to proof. */
GALEN_MUST_CHECK enum galen_err purchasing_part_proof(struct base_buf *proof, uint64_t request_id,
                                                      const struct purchasing_entry *entries,
                                                      size_t n, uint64_t first, size_t at,
                                                      struct galen_errinfo *info);
/* Finds out, by the roots that the contract keeps, which part each entry was delivered in, and
 * remembers it. */
GALEN_MUST_CHECK enum galen_err purchasing_assign_parts(struct workflow *wf, uint64_t request_id,
                                                        struct galen_errinfo *info);
/* All entries of a delivered request, and the proof of one: 32-byte nodes appended to proof.
 * *entries must be empty. */
GALEN_MUST_CHECK enum galen_err purchasing_load_proof(struct workflow *wf,
                                                      struct purchasing_entries *entries,
                                                      struct base_buf *proof,
                                                      const struct purchasing_onchain *chain,
                                                      size_t index, struct galen_errinfo *info);
/* *same: the entry as the events told it is in the tree of its part that the contract keeps, by as
 * many endpoints as must agree. STATE while not all entries are here. */
GALEN_MUST_CHECK enum galen_err purchasing_entry_anchored(struct workflow *wf, bool *same,
                                                          const struct purchasing_onchain *chain,
                                                          uint64_t index,
                                                          struct galen_errinfo *info);
/* *valid: consent is releaseAddr's ShareConsent for exactly this entry of this request. */
void purchasing_consent_valid(const struct workflow *wf, bool *valid, uint64_t request_id,
                              const struct purchasing_entry *entry);

/* ---- purchasing_payments.c ------------------------------------------------------------------- */

/* What a call settles; whom it pays first follows from it. */
enum purchasing_settling {
    PURCHASING_PUSH_OR_CLAIM,  /* parts to patients */
    PURCHASING_CLAIM_RULED,    /* a part and its dispute bond to the patient */
    PURCHASING_CLAIM_UNRULED,  /* a part to the patient, its dispute bond to the buyer */
    PURCHASING_TAKE_BACK,      /* bad entries' parts to the buyer */
    PURCHASING_TAKE_BACK_BOND, /* likewise, with their dispute bonds */
};
struct purchasing_call {
    const struct chain_address *payer; /* an identity of this home */
    const struct purchasing_onchain *before;
    enum purchasing_settling kind;
    const char *operation;
    const struct base_buf *data;
    const struct chain_u256 *value; /* NULL: 0 */
    const char *note;               /* for the result; may be NULL */
};
/* Sends it, applies its events, and says who got what: {requestId, tx, state, paid, credited,
 * unclaimed, note}. In a dry run nothing but tx. */
GALEN_MUST_CHECK enum galen_err purchasing_settle(struct workflow *wf,
                                                  const struct purchasing_call *given,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);
/* ceil(part / 10): what disputing one entry costs. */
GALEN_MUST_CHECK enum galen_err purchasing_dispute_bond(struct chain_u256 *out,
                                                        const struct purchasing_onchain *chain);

/* ---- purchasing_cards.c ---------------------------------------------------------------------- */

#define PURCHASING_ASKED_SETS                                                                      \
    16 /* of quasi-identifiers: age 1, gender 2, location 4, ethnicity 8 */

/* The quasi-identifiers that a template asks for. */
unsigned purchasing_asked(const struct record_template *wanted);
/* Appends the quasi-identifiers that the template asks for (age band, gender, region, ethnicity),
 * as JCS: people with equal text are alike. content: a release's, a card's, or {demographics}. */
GALEN_MUST_CHECK enum galen_err purchasing_class_text(struct base_buf *out,
                                                      const struct record_template *wanted,
                                                      struct json_object *content,
                                                      struct galen_errinfo *info);
/* One person's membership of a class. */
struct purchasing_member {
    const char *class_text;
    struct chain_address person;
};
/* How many persons the smallest class has (members are sorted here); 0 when n is 0. */
uint32_t purchasing_smallest_class(struct purchasing_member *members, size_t n);

struct purchasing_card {
    uint8_t record_root[32];
    struct chain_address patient;
    bool fits;                               /* the template */
    bool is_in;                              /* the set that is to be sold */
    struct json_object *demographics;        /* owned: {demographics}, or {} */
    char *class_text[PURCHASING_ASKED_SETS]; /* owned; NULL until purchasing_class_cards */
    char *diagnosis;                         /* owned: the set of diagnoses */
};
struct purchasing_cards {
    struct purchasing_card *items; /* owned, by root and patient */
    size_t n;
};
void purchasing_cards_clear(struct purchasing_cards *cards);
#define PURCHASING_CARDS_AUTO GALEN_CLEANUP(purchasing_cards_clear) struct purchasing_cards
/* The hospital's cards of the template's category, each opened once; none is in the set. *out must
 * be empty. */
GALEN_MUST_CHECK enum galen_err purchasing_load_cards(struct workflow *wf,
                                                      struct purchasing_cards *out,
                                                      const struct chain_address *hospital,
                                                      const struct record_template *wanted,
                                                      int request_year, struct galen_errinfo *info);
/* NULL: there is none. */
struct purchasing_card *purchasing_find_card(const struct purchasing_cards *cards,
                                             const uint8_t record_root32[32],
                                             const struct chain_address *patient);
/* Fills in class_text[asked] of all. */
GALEN_MUST_CHECK enum galen_err purchasing_class_cards(struct purchasing_cards *cards,
                                                       unsigned asked, struct galen_errinfo *info);

/* What another request has on the chain of these cards. */
struct purchasing_sale {
    int64_t request_id;
    unsigned asked;
    bool *is_sold; /* owned; by the cards' places */
};
struct purchasing_sales {
    struct purchasing_sale *items; /* owned */
    size_t n;
};
void purchasing_sales_clear(struct purchasing_sales *sales);
#define PURCHASING_SALES_AUTO GALEN_CLEANUP(purchasing_sales_clear) struct purchasing_sales
/* The hospital's deliveries of that category in all other requests. *out must be empty. */
GALEN_MUST_CHECK enum galen_err
purchasing_load_sales(struct workflow *wf, struct purchasing_sales *out,
                      const struct purchasing_cards *cards, const struct chain_address *hospital,
                      uint64_t request_id, const struct record_template *wanted,
                      struct galen_errinfo *info);

/* ---- purchasing_anonymity.c ------------------------------------------------------------------ */

/* Takes out of the set (is_in) what must not be sold: see the file's head. */
GALEN_MUST_CHECK enum galen_err purchasing_suppress(struct purchasing_cards *cards,
                                                    const struct purchasing_sales *sales,
                                                    const struct record_template *wanted,
                                                    uint32_t k, struct galen_errinfo *info);

/* ---- purchasing_match.c ---------------------------------------------------------------------- */

/* A record that may be sold. */
struct purchasing_match {
    uint8_t record_root[32];
    struct chain_address patient;
};
struct purchasing_matches {
    struct purchasing_match *items; /* owned, by patient and root */
    size_t n;
    size_t suppressed; /* matching records that are not among them */
    uint32_t k;        /* the smallest class of patients alike in what is asked; 0 without any */
};
void purchasing_matches_clear(struct purchasing_matches *matches);
#define PURCHASING_MATCHES_AUTO GALEN_CLEANUP(purchasing_matches_clear) struct purchasing_matches
/* *out must be empty. */
GALEN_MUST_CHECK enum galen_err
purchasing_find_matches(struct workflow *wf, struct purchasing_matches *out,
                        const struct chain_address *hospital, uint64_t request_id,
                        const struct record_template *wanted, int request_year, uint32_t k,
                        struct galen_errinfo *info);
/* The rule that this hospital sells by in a request: k as kept at its reply, else wanted_k, else
 * the home's. LIMIT: wanted_k is out of range. */
GALEN_MUST_CHECK enum galen_err purchasing_rule_k(struct workflow *wf, uint32_t *k,
                                                  const struct chain_address *hospital,
                                                  uint64_t request_id, uint32_t wanted_k,
                                                  struct galen_errinfo *info);
/* Keeps it; what is kept already stands. */
GALEN_MUST_CHECK enum galen_err
purchasing_keep_rule(struct workflow *wf, const struct chain_address *hospital, uint64_t request_id,
                     const struct record_template *wanted, uint32_t k, struct galen_errinfo *info);

/* ---- purchasing_offers.c --------------------------------------------------------------------- */

/* What one patient gave for one record: an entry, its manifest row, its quasi-identifiers. */
struct purchasing_offer {
    struct purchasing_entry entry;
    struct chain_address patient;
    uint8_t record_root[32];
    uint8_t bundle_cid[32];
    char *ek;         /* owned; NULL: the patient keeps it */
    char *class_text; /* owned; see purchasing_class_text */
};
struct purchasing_offers {
    struct purchasing_offer *items; /* owned */
    size_t n;
};
void purchasing_offer_clear(struct purchasing_offer *offer);
void purchasing_offers_clear(struct purchasing_offers *offers);
#define PURCHASING_OFFERS_AUTO GALEN_CLEANUP(purchasing_offers_clear) struct purchasing_offers
/* A consent-given body, strictly; only its form is checked. *out must be empty. */
GALEN_MUST_CHECK enum galen_err
purchasing_parse_given(struct purchasing_offer *out, struct json_object *body, uint64_t *request_id,
                       const struct record_template *wanted, struct galen_errinfo *info);
/* Member ek of a body from outside: a compact JWE of at most PURCHASING_EK_MAX bytes. Borrowed. */
GALEN_MUST_CHECK enum galen_err purchasing_get_ek(const char **ek, struct json_object *body,
                                                  const char *where, struct galen_errinfo *info);
/* All consents kept for a request, given or already delivered. wanted: its template. */
GALEN_MUST_CHECK enum galen_err
purchasing_load_offers(struct workflow *wf, struct purchasing_offers *out,
                       const struct chain_address *hospital, uint64_t request_id,
                       const struct record_template *wanted, struct galen_errinfo *info);
/* Holds one against signature, key version, revocation list, consent, bundle and earlier sales;
 * computes entry.ys. CHECK with the reason when it must not be delivered; NOT_FOUND while its
 * bundle's block is not at hand. */
GALEN_MUST_CHECK enum galen_err
purchasing_check_offer(struct workflow *wf, struct purchasing_offer *offer, uint64_t request_id,
                       const struct revocation_list *list, struct galen_errinfo *info);

/* ---- purchasing_manifest.c ------------------------------------------------------------------- */

struct purchasing_manifest {
    uint8_t cid[32];
    uint32_t k;
    size_t n_blocks;         /* the parts, then the manifest itself */
    struct base_buf *blocks; /* owned */
};
void purchasing_manifest_clear(struct purchasing_manifest *manifest);
#define PURCHASING_MANIFEST_AUTO GALEN_CLEANUP(purchasing_manifest_clear) struct purchasing_manifest
/* Of the offers in the order of their entries. Equal offers give equal bytes, so that after a crash
 * it can be made again. *out must be empty. */
GALEN_MUST_CHECK enum galen_err
purchasing_make_manifest(struct purchasing_manifest *out, uint64_t request_id,
                         const uint8_t template_hash32[32],
                         const struct purchasing_offer *const *offers, size_t n,
                         uint32_t suppressed, struct galen_errinfo *info);
/* What a buyer reads of it: one row an entry. */
struct purchasing_manifest_row {
    uint8_t bundle_cid[32];
    char *ek; /* owned; NULL when the manifest has none */
};
struct purchasing_manifest_read {
    uint64_t request_id;
    uint8_t template_hash[32];
    uint32_t k;
    struct purchasing_manifest_row *rows; /* owned */
    size_t n;
};
void purchasing_manifest_read_clear(struct purchasing_manifest_read *manifest);
#define PURCHASING_MANIFEST_READ_AUTO                                                              \
    GALEN_CLEANUP(purchasing_manifest_read_clear) struct purchasing_manifest_read
/* *out must be empty. NOT_FOUND: a block is not at hand; PARSE, CHECK, LIMIT. */
GALEN_MUST_CHECK enum galen_err
purchasing_read_manifest(struct workflow *wf, struct purchasing_manifest_read *out,
                         uint64_t request_id, const uint8_t cid32[32], struct galen_errinfo *info);

/* ---- purchasing_consent.c -------------------------------------------------------------------- */

/* What a patient was asked. */
struct purchasing_question {
    uint64_t request_id;
    struct chain_address patient, hospital;
    uint8_t record_root[32];
    uint32_t k, planned_count;
    int64_t respond_by;
};
/* A consent-wanted body, strictly. patient and hospital are left alone. */
GALEN_MUST_CHECK enum galen_err purchasing_parse_wanted(struct purchasing_question *out,
                                                        uint8_t template_hash32[32],
                                                        struct json_object *body,
                                                        struct galen_errinfo *info);
/* A release of a record that fits the template: the one reserved for this request, else the first
 * unused. NOT_FOUND: none is left; CHECK: it does not fit, with why. *out must be empty. */
GALEN_MUST_CHECK enum galen_err
purchasing_pick_release(struct workflow *wf, struct record_release *out, uint8_t release_root32[32],
                        int64_t *record_id, const struct purchasing_question *question,
                        const struct record_template *wanted, int request_year,
                        struct galen_errinfo *info);
/* What of it would leave. *out must be empty. */
GALEN_MUST_CHECK enum galen_err purchasing_disclose(struct record_disclosure *out,
                                                    const struct record_release *release,
                                                    const struct record_template *wanted,
                                                    struct galen_errinfo *info);

/* releaseAddr's key: only the patient, whose sale key is in it, has it. */
GALEN_MUST_CHECK enum galen_err purchasing_release_key(struct workflow *wf, struct chain_key *key,
                                                       const struct chain_address *patient,
                                                       const struct record_release *release,
                                                       struct galen_errinfo *info);

/* ---- purchasing_late_key.c ------------------------------------------------------------------- */

/* Until when the buyer must have the keys that patients kept: half the verify window. The request
 * is Delivered, or was. */
int64_t purchasing_keys_due(const struct purchasing_onchain *chain);
struct purchasing_late_key {
    uint64_t index;
    uint8_t bundle_cid[32];
    char *ek; /* owned */
};
void purchasing_late_key_clear(struct purchasing_late_key *key);
#define PURCHASING_LATE_KEY_AUTO GALEN_CLEANUP(purchasing_late_key_clear) struct purchasing_late_key
/* The one of the first entry from key->index on that has come to this home. */
GALEN_MUST_CHECK enum galen_err purchasing_next_late_key(struct workflow *wf,
                                                         struct purchasing_late_key *key,
                                                         bool *found, uint64_t request_id,
                                                         struct galen_errinfo *info);
/* A late-ek body, strictly; only its form is checked. The texts are borrowed from it. */
struct purchasing_late_message {
    uint64_t request_id;
    uint8_t bundle_cid[32];
    const char *ek;
    const char *bundle; /* NULL: none */
};
GALEN_MUST_CHECK enum galen_err purchasing_parse_late(struct purchasing_late_message *out,
                                                      struct json_object *body,
                                                      struct galen_errinfo *info);
/* A late-ek body; its id as a message. bundle: its block's text, for the managers; or NULL. */
GALEN_MUST_CHECK enum galen_err purchasing_late_body(struct json_object **out, uint8_t id32[32],
                                                     uint64_t request_id,
                                                     const uint8_t bundle_cid32[32], const char *ek,
                                                     const struct base_buf *bundle,
                                                     struct galen_errinfo *info);

/* ---- purchasing_check.c ---------------------------------------------------------------------- */

struct purchasing_buyer_view; /* what the buyer's checks of all entries share */
void purchasing_buyer_view_free(struct purchasing_buyer_view **view);
#define PURCHASING_BUYER_VIEW_AUTO                                                                 \
    GALEN_CLEANUP(purchasing_buyer_view_free) struct purchasing_buyer_view *
/* Loads request, template, buyer's key, entries, manifest, revocation list. The manifest's own rows
 * go to checks; when it cannot be read *all is cleared and purchasing_view_readable is false. */
GALEN_MUST_CHECK enum galen_err purchasing_buyer_view_new(struct workflow *wf,
                                                          struct purchasing_buyer_view **out,
                                                          uint64_t request_id,
                                                          struct json_object *checks, bool *all,
                                                          struct galen_errinfo *info);
/* The same for who judges: this home's key, if it has one, whoever gave it, and a manifest that is
 * not at hand is a row as well. */
GALEN_MUST_CHECK enum galen_err purchasing_judge_view_new(struct workflow *wf,
                                                          struct purchasing_buyer_view **out,
                                                          uint64_t request_id,
                                                          struct json_object *checks, bool *all,
                                                          struct galen_errinfo *info);
/* Where somebody says that an entry's bundle and key (NULL: none) are: taken when bundleDigest says
 * so too, or when nothing is known. */
GALEN_MUST_CHECK enum galen_err purchasing_view_offer(struct purchasing_buyer_view *view,
                                                      size_t index, const uint8_t bundle_cid32[32],
                                                      const char *ek, struct galen_errinfo *info);
struct purchasing_missing {
    bool manifest, bundle, ek;
};
GALEN_MUST_CHECK enum galen_err
purchasing_view_missing(struct workflow *wf, const struct purchasing_buyer_view *view, size_t index,
                        struct purchasing_missing *out, struct galen_errinfo *info);
/* The patient kept the key, and has time to send it. */
bool purchasing_view_awaits(const struct purchasing_buyer_view *view, size_t index);
const struct purchasing_onchain *purchasing_view_chain(const struct purchasing_buyer_view *view);
const struct purchasing_entry *purchasing_view_entry(const struct purchasing_buyer_view *view,
                                                     size_t index);
bool purchasing_view_has_key(const struct purchasing_buyer_view *view);
bool purchasing_view_readable(const struct purchasing_buyer_view *view);
size_t purchasing_view_count(const struct purchasing_buyer_view *view);
uint32_t purchasing_view_k(const struct purchasing_buyer_view *view);
const struct record_template *purchasing_view_template(const struct purchasing_buyer_view *view);

/* ---- purchasing_check_entries.c ---------------------------------------------------------------- */

/* What came of one entry. */
struct purchasing_checked {
    bool passed;
    struct json_object *checks;  /* owned: the rows */
    struct json_object *content; /* owned: the values; NULL when they could not be read at all */
    struct base_buf class_text;  /* owned: of its quasi-identifiers; empty unless they are true */
    struct json_object *tree;    /* owned: where the view wants it and the proof holds */
};
void purchasing_checked_clear(struct purchasing_checked *checked);
#define PURCHASING_CHECKED_AUTO GALEN_CLEANUP(purchasing_checked_clear) struct purchasing_checked
/* Takes out of *checked what it wants to keep. */
typedef enum galen_err purchasing_seen(void *user, size_t index, struct purchasing_checked *checked,
                                       struct galen_errinfo *info);
/* Every check of n entries from `first` on, by all cores; seen is told of each, in order, on this
 * thread. What came from outside only fails checks; what seen says, and trouble of this machine,
 * ends it. */
GALEN_MUST_CHECK enum galen_err purchasing_check_entries(struct workflow *wf,
                                                         const struct purchasing_buyer_view *view,
                                                         size_t first, size_t n,
                                                         purchasing_seen *seen, void *user,
                                                         struct galen_errinfo *info);
/* Of one. *out must be empty. */
GALEN_MUST_CHECK enum galen_err purchasing_check_entry(struct workflow *wf,
                                                       const struct purchasing_buyer_view *view,
                                                       size_t index, struct purchasing_checked *out,
                                                       struct galen_errinfo *info);

/* ---- purchasing_report.c --------------------------------------------------------------------- */

/* A verification that goes on. */
struct purchasing_run {
    struct workflow *wf;
    uint64_t request_id;
    uint8_t id[16]; /* a later run takes the row over: what this one writes then goes nowhere */
    size_t total;
    int64_t started_at, told_ms;
};
GALEN_MUST_CHECK enum galen_err purchasing_run_begin(struct purchasing_run *run,
                                                     struct workflow *wf, uint64_t request_id,
                                                     size_t total, struct galen_errinfo *info);
/* After each entry. NETWORK when the node stops. */
GALEN_MUST_CHECK enum galen_err purchasing_run_tell(struct purchasing_run *run, size_t done,
                                                    struct galen_errinfo *info);
/* It came to no verdict. why may be NULL. */
void purchasing_run_fail(struct purchasing_run *run, const struct galen_errinfo *why);
/* Adds to the result what makes it a report by itself: type, software, chain, request, times. k 0:
 * the manifest cannot be read. */
GALEN_MUST_CHECK enum galen_err purchasing_run_describe(const struct purchasing_run *run,
                                                        const struct purchasing_row *row,
                                                        uint32_t k, struct json_object *made,
                                                        struct galen_errinfo *info);
/* Keeps it; text is its JCS. */
GALEN_MUST_CHECK enum galen_err purchasing_run_end(struct purchasing_run *run,
                                                   struct json_object *report,
                                                   const struct base_buf *text,
                                                   struct galen_errinfo *info);

#endif
