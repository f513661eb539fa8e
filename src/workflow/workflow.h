/*
 * workflow: what the actors do. An open home holds one or more identities with their keys, the
 * local block store, the database and the connection to the chain; each function below is one
 * numbered step of a workflow (storing.c, sharing.c, purchasing*.c) or of the preparations for it
 * (home.c, profile.c, group.c). Built on every module beneath it.
 *
 * Results are JSON objects (json-c), owned by the caller (json_object_put): what the command line
 * prints with --json and the API will answer. Their members are stable. `result` may be NULL.
 * Whatever is wanted of a person's judgement stands in them as checks:
 *     "checks": [{"check": "Merkle root", "passed": true, "detail": "…"}, …]
 *
 * Every step is idempotent where a crash can interrupt it: state is written before a message or a
 * transaction leaves, and running a step again completes it or says that it is done.
 */
#ifndef GALEN_WORKFLOW_H
#define GALEN_WORKFLOW_H

#include <json-c/json.h>
#include <stdatomic.h>

#include "base/base.h"
#include "chain/chain.h"

struct workflow; /* an open home; one thread at a time */

/* Part of a long list; where one is asked for, NULL is the whole. */
struct workflow_page {
    int64_t limit, offset; /* limit 0 or less: all */
};

#define WORKFLOW_RESULT_AUTO GALEN_CLEANUP(workflow_result_put) struct json_object *
void workflow_result_put(struct json_object **result);

/* ---- homes (home.c) ------------------------------------------------------------------------- */

/* A home is a folder (0700): config.json, keys/, blocks/, galen.db. */
struct workflow_options {
    const char *home;     /* path */
    const char *password; /* NULL: opened without keys; what needs one fails with PASSWORD */
    const char *rpc;      /* overrides config.json; NULL leaves it */
    const char *ipfs;     /* likewise: a Kubo node's RPC API */
    bool quick_kdf;       /* at creation only: least Argon2id cost, for tests and the demo */
};
/* EXISTS when there is a home. store: folder of blocks, NULL for its own; several homes on one
 * machine may share one, as they would an IPFS node. */
GALEN_MUST_CHECK enum galen_err workflow_home_create(const struct workflow_options *options,
                                                     const char *store, struct galen_errinfo *info);
/* CONFIG: no home there, or its config.json is wrong. */
GALEN_MUST_CHECK enum galen_err workflow_home_check(const char *home, struct galen_errinfo *info);
/* CONFIG: no home there. PASSWORD. The chain is not contacted before it is needed. */
GALEN_MUST_CHECK enum galen_err workflow_open(struct workflow **wf,
                                              const struct workflow_options *options,
                                              struct galen_errinfo *info);
void workflow_close(struct workflow **wf); /* NULL-safe */
/* A second handle on the same home, for another thread: its own database connection and endpoint,
 * the same keys. */
GALEN_MUST_CHECK enum galen_err
workflow_open_again(struct workflow **out, const struct workflow *wf, struct galen_errinfo *info);
/* Is it the password of an identity that has one of its own (workflow_identity_password), else the
 * home's? identity NULL: the home's. PASSWORD unless it is; NOT_FOUND: no such identity. */
GALEN_MUST_CHECK enum galen_err workflow_check_password(struct workflow *wf,
                                                        const struct chain_address *identity,
                                                        const char *password,
                                                        struct galen_errinfo *info);

/*
 * One at a time: steps that change the home look at it first, and what they found must hold until
 * they have written. Who does a step, or a sync, holds the home's lock meanwhile, whichever thread
 * or process it is; while a transaction is waited for, others may go on. Reading needs no lock.
 * lock waits; IO when the home's folder cannot be written.
 */
GALEN_MUST_CHECK enum galen_err workflow_lock(struct workflow *wf, struct galen_errinfo *info);
void workflow_unlock(struct workflow *wf); /* nothing when it is not held */

/* Once *stop is true, what waits for a transaction to be mined gives up (NETWORK); it is followed
 * up at the next sync. stop is borrowed. */
void workflow_stop_when(struct workflow *wf, const atomic_bool *stop);
/* Long work on many things calls tell now and then, on the caller's thread: done of total. NULL: no
 * longer. */
typedef void workflow_progress(void *user, size_t done, size_t total);
void workflow_tell_progress(struct workflow *wf, workflow_progress *tell, void *user);

/* ---- one identity alone (narrow.c) ------------------------------------------------------------ */

/* From now on the handle uses no other identity's secrets; NULL: anyone's again. */
GALEN_MUST_CHECK enum galen_err workflow_act_as(struct workflow *wf,
                                                const struct chain_address *identity,
                                                struct galen_errinfo *info);
/* From now on the handle sees, of the database, only what belongs to the identity that it acts for
 * (nobody's, at first) or what the chain tells anyone, and can only read. For good. */
GALEN_MUST_CHECK enum galen_err workflow_narrow(struct workflow *wf, struct galen_errinfo *info);

/* Points the home at a chain and a contract and pins chain id and code hash. STATE when the home
 * has a history with another contract. CHECK: no DataHub at that address. */
GALEN_MUST_CHECK enum galen_err workflow_connect(struct workflow *wf, const char *rpc,
                                                 const struct chain_address *contract,
                                                 struct galen_errinfo *info);
/* Deploys DataHub from `payer` and connects to it. result: {contract, tx}. */
GALEN_MUST_CHECK enum galen_err workflow_deploy(struct workflow *wf,
                                                const struct chain_address *payer,
                                                const struct chain_address *group_manager,
                                                const struct chain_address *revocation_manager,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* {home, chain: {rpc, chainId, block, contract, reachable}, identities, blocks, …}. Works without a
 * chain and says so. */
GALEN_MUST_CHECK enum galen_err workflow_status(struct workflow *wf, struct json_object **result,
                                                struct galen_errinfo *info);

/* How many of each this home has: {identities, contacts, records, requests, transactions,
 * messagesOut, messagesIn, unseenNotifications}. */
GALEN_MUST_CHECK enum galen_err workflow_counts(struct workflow *wf, struct json_object **result,
                                                struct galen_errinfo *info);
/* Of the chain that the home is connected to; 0: none. */
uint64_t workflow_chain_id(const struct workflow *wf);

/* ---- blocks (blocks.c) ---------------------------------------------------------------------- */

/* The contract as it is now (contract_info.c): {contract, chainId, block, now, codeHash,
 * codeOfThisBuild, signatureVerifier, verifierOfThisBuild, requests, managers, groupKey: {current,
 * versions, …, ageDays}, revocationList, warnings: [text]}. NETWORK, CONFIG. */
GALEN_MUST_CHECK enum galen_err contract_info(struct workflow *wf, struct json_object **result,
                                              struct galen_errinfo *info);
/* A request as the contract has it (request_info.c), whoever's it is: {requestId, state, buyer, …,
 * money, entries: {count, unsettled, paid, disputed, …}, next: [{who, call, by, in, what}],
 * silence:
 * [{from, in, what}]}. by, from: UTC; in: how long until then by the chain's clock. NOT_FOUND. */
GALEN_MUST_CHECK enum galen_err contract_request_info(struct workflow *wf, uint64_t request_id,
                                                      struct json_object **result,
                                                      struct galen_errinfo *info);

/* Blocks by hand: result {cid, bytes}; and a block's checked bytes (replaces out). */
GALEN_MUST_CHECK enum galen_err workflow_block_put(struct workflow *wf, const void *data,
                                                   size_t len, struct json_object **result,
                                                   struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_block_get(struct workflow *wf, const char *cid,
                                                   struct base_buf *out,
                                                   struct galen_errinfo *info);

/* Forgets a block: here, and at Kubo now or by workflow_store_sync. NOT_FOUND. */
GALEN_MUST_CHECK enum galen_err workflow_block_remove(struct workflow *wf, const char *cid,
                                                      struct galen_errinfo *info);
/* The Kubo node (ipfs; NULL: none) and the gateways that this home's store works with, from now on.
 * USAGE when an address is none. result: as workflow_store_status. */
GALEN_MUST_CHECK enum galen_err workflow_store_use(struct workflow *wf, const char *ipfs,
                                                   const char *const *gateways, size_t n_gateways,
                                                   struct json_object **result,
                                                   struct galen_errinfo *info);
/* {blocks, ipfs?, reachable?, peer?, agent?, reason?, unpushed?, unremoved?}: local blocks, and how
 * many of them Kubo is still to get. */
GALEN_MUST_CHECK enum galen_err
workflow_store_status(struct workflow *wf, struct json_object **result, struct galen_errinfo *info);
/* store_sync. result: {pushed, removed, left, reason?} */
GALEN_MUST_CHECK enum galen_err workflow_store_sync(struct workflow *wf, bool all,
                                                    struct json_object **result,
                                                    struct galen_errinfo *info);

/* store_probe. */
GALEN_MUST_CHECK enum galen_err workflow_store_probe(struct workflow *wf,
                                                     struct galen_errinfo *info);
bool workflow_has_kubo(const struct workflow *wf);
/* From now on nothing that this handle does waits for Kubo to take a block or let one go: another
 * handle calls workflow_store_sync. */
void workflow_store_later(struct workflow *wf);

/* ---- identities and contacts (identity.c, profile.c) ------------------------------------------ */

/* role: doctor, patient, hospital, buyer, gm, rm. Makes wallet key, encryption JWK, sale key. */
GALEN_MUST_CHECK enum galen_err workflow_identity_new(struct workflow *wf,
                                                      struct chain_address *address,
                                                      const char *name, const char *role,
                                                      struct galen_errinfo *info);
/* From a Web3 Secret Storage V3 keystore; JWK and sale key are made. */
GALEN_MUST_CHECK enum galen_err
workflow_identity_import(struct workflow *wf, struct chain_address *address, const char *name,
                         const char *role, const char *keystore, size_t keystore_len,
                         const char *keystore_password, struct galen_errinfo *info);
/* An identity whose wallet is in a browser: its other keys are made here, the wallet is asked by
 * intents. is_self_made: by whoever holds the wallet, not by the operator; then LIMIT when
 * config.json's wallet_accounts allow no more, USAGE for the managers' roles. UNSUPPORTED: a
 * contract's account (ERC-1271). */
GALEN_MUST_CHECK enum galen_err workflow_identity_browser(struct workflow *wf,
                                                          const struct chain_address *address,
                                                          const char *name, const char *role,
                                                          bool is_self_made,
                                                          struct galen_errinfo *info);
/* Is the identity's wallet in a browser? */
GALEN_MUST_CHECK enum galen_err workflow_is_browser(struct workflow *wf, bool *is_browser,
                                                    const struct chain_address *identity,
                                                    struct galen_errinfo *info);
/* Does config.json let wallets register themselves? */
/* Of config.json: of a block explorer, http or https, no slash at its end; NULL: none. Borrowed. */
const char *workflow_explorer_url(const struct workflow *wf);
bool workflow_may_register(const struct workflow *wf);
/* The wallet key as a keystore V3 under its own password. UNSUPPORTED: it is in a browser. */
GALEN_MUST_CHECK enum galen_err workflow_identity_export(struct workflow *wf,
                                                         const struct chain_address *address,
                                                         const char *keystore_password,
                                                         struct base_buf *keystore,
                                                         struct galen_errinfo *info);
/* A password with which this identity alone is signed in at a node; NULL: the home's again. USAGE
 * when it is too short. The keys stay under the home's. */
GALEN_MUST_CHECK enum galen_err workflow_identity_password(struct workflow *wf,
                                                           const struct chain_address *identity,
                                                           const char *password,
                                                           struct galen_errinfo *info);
/* An identity of this home by name or address; with role not NULL it must have that role.
 * text NULL: the only identity with the role. NOT_FOUND, USAGE (several). */
GALEN_MUST_CHECK enum galen_err workflow_identity_find(struct workflow *wf,
                                                       struct chain_address *address,
                                                       const char *text, const char *role,
                                                       struct galen_errinfo *info);
/* Is it an identity of this home? role (may be NULL) receives a static name. */
GALEN_MUST_CHECK enum galen_err workflow_is_own(struct workflow *wf, bool *own, const char **role,
                                                const struct chain_address *address,
                                                struct galen_errinfo *info);
/* [{address, name, role, wallet home|browser, created}] of the role, or (NULL) of all. */
GALEN_MUST_CHECK enum galen_err workflow_identities(struct workflow *wf, const char *role,
                                                    struct json_object **result,
                                                    struct galen_errinfo *info);
/* The same with balanceWei; balances only when the chain answers. */
GALEN_MUST_CHECK enum galen_err workflow_identity_list(struct workflow *wf,
                                                       struct json_object **result,
                                                       struct galen_errinfo *info);

/* The identity's contact card: {type galen.card/1, profile, nonce, expiry, signature}. inbox: the
 * address of the node's inbox (https://HOST/api/v1/inbox); NULL: as in the last card; "": none.
 * USAGE when nobody could ask it. The profile's block is stored. In a dry run nothing is made, and
 * *card is the profile that it would hold. */
GALEN_MUST_CHECK enum galen_err workflow_card_make(struct workflow *wf,
                                                   const struct chain_address *identity,
                                                   const char *inbox, struct json_object **card,
                                                   struct galen_errinfo *info);
/* Checks a card from outside and remembers its owner; an older one than known changes nothing. */
GALEN_MUST_CHECK enum galen_err workflow_card_add(struct workflow *wf, struct json_object *card,
                                                  struct chain_address *owner,
                                                  struct galen_errinfo *info);
/* A contact by name or address, an identity of this home included. Only who gave a contact card has
 * a name here: what a profile on-chain says, or who registered himself, is anyone's word. NOT_FOUND
 * with what to do. */
GALEN_MUST_CHECK enum galen_err workflow_contact_find(struct workflow *wf,
                                                      struct chain_address *address,
                                                      const char *text, struct galen_errinfo *info);
/* {address, name, nameFromCard, inbox?, onChain} of a contact, by name or address. */
GALEN_MUST_CHECK enum galen_err workflow_contact_show(struct workflow *wf, const char *text,
                                                      struct json_object **result,
                                                      struct galen_errinfo *info);
/* setProfile on-chain. */
GALEN_MUST_CHECK enum galen_err workflow_profile_publish(struct workflow *wf,
                                                         const struct chain_address *identity,
                                                         struct json_object **result,
                                                         struct galen_errinfo *info);

/* ---- messages between homes (message.c) -------------------------------------------------------- */

/* Sealed messages not yet delivered, to `recipient` or (NULL) to all:
 * {type galen.mail/1, messages: [{recipient, kind, sealed}]}. Marked delivered by
 * workflow_mail_delivered with the same object, once the other side has them. */
GALEN_MUST_CHECK enum galen_err workflow_mail_export(struct workflow *wf,
                                                     const struct chain_address *recipient,
                                                     struct json_object **mail,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err
workflow_mail_delivered(struct workflow *wf, struct json_object *mail, struct galen_errinfo *info);
/* Takes in those for identities of this home, each once; workflow_sync acts on them. */
GALEN_MUST_CHECK enum galen_err workflow_mail_import(struct workflow *wf, struct json_object *mail,
                                                     int64_t *taken, struct galen_errinfo *info);

/* Reads the contract's new events, then the inbox, and does what needs no decision: records appear,
 * requests and replies are noted, memberships are finished, profiles learnt. Messages that fail
 * their checks are kept as refused with the reason. result: {block, events, messages, refused,
 * notifications: [{identity, kind, subject}]}. Within itself, and on a narrowed handle, it does
 * nothing, without a result. */
GALEN_MUST_CHECK enum galen_err workflow_sync(struct workflow *wf, struct json_object **result,
                                              struct galen_errinfo *info);
/* Notifications of one identity, or (NULL) all, newest first: [{id, identity, kind, subject, time,
 * seen}]. after_id 0: from the first; page NULL: all. (notifications.c) */
GALEN_MUST_CHECK enum galen_err
workflow_notifications(struct workflow *wf, const struct chain_address *identity, int64_t after_id,
                       const struct workflow_page *page, struct json_object **result,
                       struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_notifications_seen(struct workflow *wf,
                                                            const struct chain_address *identity,
                                                            int64_t up_to_id,
                                                            struct galen_errinfo *info);

/* ---- transactions (transact.c) ------------------------------------------------------------------ */

/* Plain payment, for giving a newcomer gas. */
GALEN_MUST_CHECK enum galen_err
workflow_pay(struct workflow *wf, const struct chain_address *from, const struct chain_address *to,
             const struct chain_u256 *wei, struct json_object **result, struct galen_errinfo *info);
/* Pays an account what the contract owes it, at anyone's expense (credit.c). result: {account,
 * creditWei, tx}. STATE when that is nothing, REVERTED when the account does not take it. */
GALEN_MUST_CHECK enum galen_err workflow_withdraw(struct workflow *wf,
                                                  const struct chain_address *payer,
                                                  const struct chain_address *account,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);

/* What the contract owes it: {account, creditWei}. */
GALEN_MUST_CHECK enum galen_err workflow_credit(struct workflow *wf,
                                                const struct chain_address *account,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* A patient's payout accounts, the newest first (payout.c): [{address, requestId, created,
 * balanceWei}]; without balanceWei where the chain does not answer. page NULL: all. */
GALEN_MUST_CHECK enum galen_err workflow_payouts(struct workflow *wf,
                                                 const struct chain_address *patient,
                                                 const struct workflow_page *page,
                                                 struct json_object **result,
                                                 struct galen_errinfo *info);
/* Sends on what a sale paid to one of them; wei NULL: all but the gas. result: {payout, to,
 * amountWei, warning, tx}. NOT_FOUND, FUNDS. */
GALEN_MUST_CHECK enum galen_err
workflow_payout_collect(struct workflow *wf, const struct chain_address *patient,
                        const struct chain_address *payout, const struct chain_address *to,
                        const struct chain_u256 *wei, struct json_object **result,
                        struct galen_errinfo *info);

/* ---- what browser wallets are asked for (intent.c, intent_answer.c) ------------------------------- */

/*
 * What needs a wallet that is in a browser fails with WALLET, and has written an intent. Once it is
 * answered the step is called again and goes on.
 */
#define WORKFLOW_INTENT_ID 16
GALEN_MUST_CHECK enum galen_err workflow_intent_id(uint8_t id16[WORKFLOW_INTENT_ID],
                                                   const char *text, struct galen_errinfo *info);
/* The intent that the last WALLET on this handle is about. */
GALEN_MUST_CHECK enum galen_err workflow_wanted_intent(struct workflow *wf,
                                                       struct json_object **result,
                                                       struct galen_errinfo *info);
/* Newest first: [{id, kind transaction|signature, state open|sent|done|failed|cancelled|expired,
 * operation, identity, chainId, created, expires, used, problem?; of a transaction: transaction
 * {from, to?, value, data, gas}, valueWei, gasEstimate, maxFeePerGasWei, maxPriorityFeePerGasWei,
 * workflow, requestId?, hash?; of a signature: typedData}]. identity, state NULL: any. */
GALEN_MUST_CHECK enum galen_err
workflow_intents(struct workflow *wf, const struct chain_address *identity, const char *state,
                 const struct workflow_page *page, struct json_object **result,
                 struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_intent_show(struct workflow *wf,
                                                     const uint8_t id16[WORKFLOW_INTENT_ID],
                                                     struct json_object **result,
                                                     struct galen_errinfo *info);
/* The transaction that the wallet sent, or another hash of it, sent for more. It must be exactly
 * what was asked for (CHECK); while the chain does not show it, it is looked for. */
GALEN_MUST_CHECK enum galen_err workflow_intent_sent(struct workflow *wf,
                                                     const uint8_t id16[WORKFLOW_INTENT_ID],
                                                     const uint8_t hash32[32],
                                                     struct json_object **result,
                                                     struct galen_errinfo *info);
/* The wallet's signature; CHECK when it is not the identity's over what was asked for. */
GALEN_MUST_CHECK enum galen_err workflow_intent_signed(struct workflow *wf,
                                                       const uint8_t id16[WORKFLOW_INTENT_ID],
                                                       const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                                                       struct json_object **result,
                                                       struct galen_errinfo *info);
/* STATE when a transaction is on its way, or it is done. */
GALEN_MUST_CHECK enum galen_err workflow_intent_cancel(struct workflow *wf,
                                                       const uint8_t id16[WORKFLOW_INTENT_ID],
                                                       struct json_object **result,
                                                       struct galen_errinfo *info);

struct workflow_tx_filter {
    const char *role, *workflow, *operation, *status; /* each may be NULL: any */
    struct workflow_page page;
};
/* One row a transaction, newest first when paged, else oldest first. filter NULL: all. */
GALEN_MUST_CHECK enum galen_err workflow_transactions(struct workflow *wf,
                                                      const struct workflow_tx_filter *filter,
                                                      struct json_object **result,
                                                      struct galen_errinfo *info);
/* The same as CSV (RFC 4180) with a header line; wei as integers. Appends to out. */
GALEN_MUST_CHECK enum galen_err workflow_transactions_csv(struct workflow *wf,
                                                          const struct workflow_tx_filter *filter,
                                                          struct base_buf *out,
                                                          struct galen_errinfo *info);
/* Per operation and role: count, gas min/median/max, estimated before, wei in all; of all that were
 * mined, reverted ones too. */
GALEN_MUST_CHECK enum galen_err
workflow_gas_report(struct workflow *wf, struct json_object **result, struct galen_errinfo *info);
/* The same per period and workflow; by: "hour", "day" or "month" (UTC). */
GALEN_MUST_CHECK enum galen_err workflow_gas_history(struct workflow *wf, const char *by,
                                                     struct json_object **result,
                                                     struct galen_errinfo *info);
/* {baseFeeWei, slow, average, fast: {maxFeeWei, priorityFeeWei}}. */
GALEN_MUST_CHECK enum galen_err
workflow_gas_prices(struct workflow *wf, struct json_object **result, struct galen_errinfo *info);
/* [{call, gas}]: the figures of docs/gas.md. */
GALEN_MUST_CHECK enum galen_err workflow_gas_measured(struct json_object **result,
                                                      struct galen_errinfo *info);
#define WORKFLOW_GAS_COUNT_MAX 10000000
/* count (at most WORKFLOW_GAS_COUNT_MAX) such calls now; NOT_FOUND when call was not measured. */
GALEN_MUST_CHECK enum galen_err workflow_gas_cost(struct workflow *wf, const char *call,
                                                  uint64_t count, struct json_object **result,
                                                  struct galen_errinfo *info);
/* A hospital's month. Gas in all stays below 2^53. */
#define WORKFLOW_GAS_SALES_MAX   100000
#define WORKFLOW_GAS_ENTRIES_MAX 12800 /* of a delivery, and records of a batch */
struct workflow_gas_month {
    uint64_t records, batch; /* anchored, and how many (at least 1) in a transaction */
    uint64_t sales, entries; /* sales, and entries delivered in each */
};
/* What a month costs now; NULL: three sizes that are assumed. */
GALEN_MUST_CHECK enum galen_err workflow_gas_project(struct workflow *wf,
                                                     const struct workflow_gas_month *month,
                                                     struct json_object **result,
                                                     struct galen_errinfo *info);
/* Between the two calls transactions are estimated and not sent; results hold {dryRun, gasEstimate,
 * maxCostWei} instead of a hash, and nothing is changed. */
void workflow_dry_run(struct workflow *wf, bool on);

/* ---- the group (group.c) ------------------------------------------------------------------------- */

/* GM: its half of the group key, sent to RM. Needs RM's contact. Again: sends the same half. */
GALEN_MUST_CHECK enum galen_err group_setup_gm(struct workflow *wf, const struct chain_address *gm,
                                               const struct chain_address *rm,
                                               struct json_object **result,
                                               struct galen_errinfo *info);
/* RM: its half, made after GM's, sent back. */
GALEN_MUST_CHECK enum galen_err group_setup_rm(struct workflow *wf, const struct chain_address *rm,
                                               struct json_object **result,
                                               struct galen_errinfo *info);
/* GM: combines, checks, stores the key's block and proposes it on-chain. result: {version,
 * fingerprint, tx}. */
GALEN_MUST_CHECK enum galen_err group_propose(struct workflow *wf, const struct chain_address *gm,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* RM: confirms the proposed version, after comparing it with the half it made. */
GALEN_MUST_CHECK enum galen_err group_confirm(struct workflow *wf, const struct chain_address *rm,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* GM: accredits a hospital, or strikes it off. */
GALEN_MUST_CHECK enum galen_err group_set_hospital(struct workflow *wf,
                                                   const struct chain_address *gm,
                                                   const struct chain_address *hospital,
                                                   bool accredited, struct json_object **result,
                                                   struct galen_errinfo *info);
/* GM: a join nonce to an applicant. */
GALEN_MUST_CHECK enum galen_err group_invite(struct workflow *wf, const struct chain_address *gm,
                                             const struct chain_address *doctor,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* Doctor: where joining is. {isMember, keyVersion? and isCurrent? of the key signed with,
 * invitation?: {fingerprint, expires, answered}}; the invitation is there until the membership it
 * led to is. */
GALEN_MUST_CHECK enum galen_err group_membership(struct workflow *wf,
                                                 const struct chain_address *doctor,
                                                 struct json_object **result,
                                                 struct galen_errinfo *info);
/* Doctor: answers the nonce with the join request, a statement {wallet, name, licence} and the
 * wallet's EIP-712 Join signature. */
GALEN_MUST_CHECK enum galen_err group_join(struct workflow *wf, const struct chain_address *doctor,
                                           const char *licence, struct json_object **result,
                                           struct galen_errinfo *info);
/* GM: checks the doctor's evidence and issues the membership; the registry row is written first,
 * and asked again it answers with the stored membership. */
GALEN_MUST_CHECK enum galen_err group_approve(struct workflow *wf, const struct chain_address *gm,
                                              const struct chain_address *doctor,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* GM: whose join request waits, the oldest first, then who was invited and has not answered:
 * [{wallet, state, name, licence, receivedAt | expires}]. */
GALEN_MUST_CHECK enum galen_err group_applicants(struct workflow *wf, struct json_object **result,
                                                 struct galen_errinfo *info);
/* The group keys that the chain has told of, the newest first:
 * [{version, fingerprint, state, retiredAt, problem}]. */
GALEN_MUST_CHECK enum galen_err group_keys(struct workflow *wf, struct json_object **result,
                                           struct galen_errinfo *info);
/* The hospitals that the chain has told of, accredited ones first, each with its name where its
 * card or profile is known: [{address, name, accredited, since}]. page NULL: all. */
GALEN_MUST_CHECK enum galen_err group_hospitals(struct workflow *wf,
                                                const struct workflow_page *page,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* The registry: [{wallet, name, licence, commitment, joinedAt}], GM's home only. */
GALEN_MUST_CHECK enum galen_err group_members(struct workflow *wf, const struct workflow_page *page,
                                              struct json_object **result,
                                              struct galen_errinfo *info);

/* ---- the registry, countersigned (group_members.c) ------------------------------------------------ */

/* GM: puts the registry on-chain. Rows that the chain's head does not cover go to RM, whole, for
 * its countersignature; when that is there, commitMembers is sent. Run it, let RM countersign, run
 * it again. key_version 0: the one in force. result: {keyVersion, size, head, sentTo | tx | done}.
 */
GALEN_MUST_CHECK enum galen_err group_commit(struct workflow *wf, const struct chain_address *gm,
                                             uint32_t key_version, struct json_object **result,
                                             struct galen_errinfo *info);
/* RM: signs the newest head that it has checked, row by row, and sends it to GM. In a dry run only
 * shows the rows. result: {keyVersion, size, head, members: [{wallet, name, licence, commitment,
 * joinedAt}]}. STATE when no head waits. */
GALEN_MUST_CHECK enum galen_err group_countersign(struct workflow *wf,
                                                  const struct chain_address *rm,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);
/* Anyone, without a key: everything that the managers have published and done, checked again: their
 * terms, group keys, registry heads, revocation lists, rulings, proofs, openings; what this home
 * was told beside that too. result: {passed, checks}. */
GALEN_MUST_CHECK enum galen_err group_audit(struct workflow *wf, bool *passed,
                                            struct json_object **result,
                                            struct galen_errinfo *info);
/* Either manager: [{role, keyVersion, rows, head, countersigned, committed}], sizes each. */
GALEN_MUST_CHECK enum galen_err group_registry(struct workflow *wf, struct json_object **result,
                                               struct galen_errinfo *info);

/* ---- opening: who signed (opening*.c) ---------------------------------------------- */

/* What is to be opened: a record, by what this home or the chain knows of it, or the bytes. */
struct opening_target {
    const char *record; /* Merkle root (whole, when only the chain knows it) or CID; or NULL */
    uint32_t key_version;
    uint8_t msg32[32];
    uint8_t sig362[362];
};
/* GM: verifies the signature, makes its share and asks RM, with the reason (1 to 500 bytes). Again
 * for the same signature: the same request; once it is opened, the result goes to RM again. result
 * as opening_show. */
GALEN_MUST_CHECK enum galen_err opening_request(struct workflow *wf, const struct chain_address *gm,
                                                const struct opening_target *target,
                                                const char *reason, struct json_object **result,
                                                struct galen_errinfo *info);
/* RM: agrees to an opening (its share goes to GM, and it learns the signer itself), or declines.
 * Either manager: agrees on-chain to one that a buyer asked for there, its share sealed to the
 * other in a block; the result follows once both have, and goes to the buyer. Again: the share goes
 * to the other by mail, the result to the buyer once more. id: SHA-256 of the signature in hex, at
 * least 8 digits of it. result as opening_show, with tx. */
GALEN_MUST_CHECK enum galen_err opening_approve(struct workflow *wf,
                                                const struct chain_address *manager, const char *id,
                                                bool agree, struct json_object **result,
                                                struct galen_errinfo *info);
/* Buyer: asks on-chain who signed an entry of its request that both managers ruled Fraud, until 30
 * days after ruleBy. STATE: not ruled so, too late, asked already. result: {requestId, entry, id,
 * state, tx}. */
GALEN_MUST_CHECK enum galen_err opening_ask(struct workflow *wf, const struct chain_address *buyer,
                                            uint64_t request_id, uint64_t index,
                                            struct json_object **result,
                                            struct galen_errinfo *info);
/* The log of a manager, or of a buyer who asked: [{id, role, state, reason, keyVersion, askedAt, …;
 * requestId, entry, requester, gmApproved, rmApproved of one asked for on-chain}]. */
GALEN_MUST_CHECK enum galen_err opening_list(struct workflow *wf, struct json_object **result,
                                             struct galen_errinfo *info);
/* One of them: also {signature, message, gmShare, rmShare, commitment, outcome, faultAt, doctor:
 * {wallet, name, licence, …}, evidence: {row, salt}, otherMemberships: [{keyVersion, commitment}]
 * of the same wallet, token}, as far as they are there. state: asked, declined, refused (the
 * signature does not hold), opened, or fault: the Group Manager cannot show who this is. */
GALEN_MUST_CHECK enum galen_err opening_show(struct workflow *wf, const char *id,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* GM: asks RM to reveal the tracing token of an opened signature's doctor. RM: agrees; both then
 * hold the token. result: {id, commitment, state}. */
GALEN_MUST_CHECK enum galen_err opening_reveal(struct workflow *wf, const struct chain_address *gm,
                                               const char *id, struct json_object **result,
                                               struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_reveal_approve(struct workflow *wf,
                                                       const struct chain_address *rm,
                                                       const char *id, struct json_object **result,
                                                       struct galen_errinfo *info);

/* ---- revocation (group_revocation.c) ------------------------------------------------------------------ */

struct revocation_options {
    const char *opening_id; /* whose doctor is listed; NULL: nobody new, only a later nextUpdate */
    const char *reason; /* fraud, key-compromise, licence-withdrawn, other; the list is public */
    int64_t effective_from; /* Unix seconds; 0: now */
    int64_t next_update;    /* 0: in 30 days */
    bool withdraw;          /* of opening_id: take the proposal back that RM has not published */
};
/* GM: the next list, signed and sent to RM: what is published, what was proposed since, and this.
 * result: {version, entries, added: [{opening, reason, effectiveFrom}], nextUpdate, sentTo}. */
GALEN_MUST_CHECK enum galen_err revocation_propose(struct workflow *wf,
                                                   const struct chain_address *gm,
                                                   const struct revocation_options *options,
                                                   struct json_object **result,
                                                   struct galen_errinfo *info);
/* RM: checks the proposed list against the one in force and its own reveals, signs it, stores its
 * block and names it on-chain. result: {version, cid, entries, added as above, nextUpdate, tx |
 * done}. */
GALEN_MUST_CHECK enum galen_err revocation_publish(struct workflow *wf,
                                                   const struct chain_address *rm,
                                                   struct json_object **result,
                                                   struct galen_errinfo *info);
/* {published, version, cid, nextUpdate, overdue, entries: [{token, effectiveFrom, reason}],
 * problem}. */
GALEN_MUST_CHECK enum galen_err revocation_show(struct workflow *wf, struct json_object **result,
                                                struct galen_errinfo *info);

/* ---- trace and claim (group_claim.c) --------------------------------------------------------------------- */

/* Which signatures a token links: of this home's records, of the entries of sales it knows, and
 * (on_chain) of every record on the chain. opening_id: the revealed token of that opening; NULL:
 * every token on the revocation list. result: {examined, linked: [{token, kind record|release,
 * merkleRoot|releaseRoot, keyVersion, …}]}. */
GALEN_MUST_CHECK enum galen_err group_trace(struct workflow *wf, const char *opening_id,
                                            bool on_chain, struct json_object **result,
                                            struct galen_errinfo *info);
/* Doctor: proof that a signature is the doctor's own, for a purpose, the doctor's address and a
 * verifier's nonce. result: {type galen.claim/1, keyVersion, message, signature, purpose, claimant,
 * nonce, claim}. CHECK: somebody else's signature. */
GALEN_MUST_CHECK enum galen_err claim_make(struct workflow *wf, const struct chain_address *doctor,
                                           const struct opening_target *target, const char *purpose,
                                           const uint8_t nonce32[32], struct json_object **result,
                                           struct galen_errinfo *info);
/* Anyone: does the claim hold, with the nonce that this verifier gave, and (record not NULL) for
 * that record? result: {claimant, purpose, passed, checks}. */
GALEN_MUST_CHECK enum galen_err claim_verify(struct workflow *wf, struct json_object *claim,
                                             const uint8_t nonce32[32], const char *record,
                                             bool *passed, struct json_object **result,
                                             struct galen_errinfo *info);

/* ---- storing (storing.c) -------------------------------------------------------------------------- */

struct storing_options {
    int releases;     /* how many sellable releases; default 3 when negative */
    bool from_wallet; /* the doctor's own wallet sends storeDataFor: it names the doctor */
};
/* A record on its way through steps 1 to 5, in memory only. */
struct storing_draft;
void storing_draft_free(struct storing_draft **draft);
#define STORING_DRAFT_AUTO GALEN_CLEANUP(storing_draft_free) struct storing_draft *

/* Step 1, the doctor creates a medical record: validates it (galen.record/1, borrowed), draws its
 * seed and computes IDrec. The patient's, GM's and RM's keys must be known. */
GALEN_MUST_CHECK enum galen_err
storing_create_record(struct workflow *wf, struct storing_draft **draft,
                      const struct chain_address *doctor, struct json_object *record,
                      const struct storing_options *options, struct galen_errinfo *info);
/* Step 2: the group signature over IDrec, and the releases with theirs. */
GALEN_MUST_CHECK enum galen_err
storing_sign_record(struct workflow *wf, struct storing_draft *draft, struct galen_errinfo *info);
/* Step 3: envelope under K_patient, CERT with eId. */
GALEN_MUST_CHECK enum galen_err storing_encrypt_record(struct workflow *wf,
                                                       struct storing_draft *draft,
                                                       struct galen_errinfo *info);
/* Step 4: the envelope's block; from here the record is in the database as 'made'. */
GALEN_MUST_CHECK enum galen_err
storing_upload_record(struct workflow *wf, struct storing_draft *draft, struct galen_errinfo *info);
/* Step 5: hands the envelope to the patient, envelope and index card to the hospital, which relays
 * the transaction; or, from_wallet, sends the transaction itself. result: {merkleRoot, cid, sig,
 * keyVersion, patient, hospital, leaves, releases, envelopeBytes, tx?, warning?}. */
GALEN_MUST_CHECK enum galen_err storing_hand_over(struct workflow *wf, struct storing_draft *draft,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);
/* Steps 1 to 5 in one. */
GALEN_MUST_CHECK enum galen_err
storing_store(struct workflow *wf, const struct chain_address *doctor, struct json_object *record,
              const struct storing_options *options, struct json_object **result,
              struct galen_errinfo *info);
/* Step 5, the hospital's side: checks every record handed over (signature, key version, block) and
 * anchors those not yet on-chain, in batches. result: {anchored, refused, waiting: [{merkleRoot,
 * cid, reason?}], txs}. */
GALEN_MUST_CHECK enum galen_err storing_relay(struct workflow *wf,
                                              const struct chain_address *hospital,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* Steps 6 and 7 happen in workflow_sync: the DataStored event, and the patient's list. */

/* A record this home can open, by Merkle root or CID (text). Rows: {merkleRoot, cid, state, side,
 * category, issued, hospital, …}. identity NULL: all of this home. page NULL: all, oldest first;
 * else newest first. */
GALEN_MUST_CHECK enum galen_err storing_list(struct workflow *wf,
                                             const struct chain_address *identity,
                                             const struct workflow_page *page,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* {merkleRoot, cid, state, …}; of an anchored record of a patient here also {record, cert,
 * releases:
 * [{root, state, requestId?}], envelopeBytes}. */
GALEN_MUST_CHECK enum galen_err storing_show(struct workflow *wf, const char *reference,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* What is drawn of a record's tree. At most one of fields and request_id. */
struct storing_tree_view {
    const uint8_t *release_root; /* the tree of this release of it, NULL: its own */
    const char *const *fields;   /* JSON Pointers that would be disclosed */
    size_t n_fields;
    uint64_t request_id; /* 0, or: what this request asks for is disclosed */
};
/* A patient's record as a tree (record_tree_picture). NOT_FOUND where the record is nobody's here.
 */
GALEN_MUST_CHECK enum galen_err storing_tree(struct workflow *wf, const char *reference,
                                             const struct storing_tree_view *view,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* Every check of a record again, one row each; *passed is the verdict. */
GALEN_MUST_CHECK enum galen_err storing_verify(struct workflow *wf, const char *reference,
                                               bool *passed, struct json_object **result,
                                               struct galen_errinfo *info);
/* What of a patient's record its releases hold, and what became of each field: {content, report} as
 * record_release_report. */
GALEN_MUST_CHECK enum galen_err storing_deidentify(struct workflow *wf, const char *reference,
                                                   struct json_object **result,
                                                   struct galen_errinfo *info);
/* As an HL7 FHIR R4 Bundle. */
GALEN_MUST_CHECK enum galen_err storing_export_fhir(struct workflow *wf, const char *reference,
                                                    struct json_object **bundle,
                                                    struct galen_errinfo *info);

/* ---- imports of FHIR files (import.c, import_log.c) ------------------------------------------------ */

struct record_fhir_result;
struct import_file {
    const struct record_fhir_result *records; /* as record_fhir_import made them */
    struct chain_address patient, hospital;   /* whom they name */
    int releases;                             /* as in storing_options */
};
/* Stores those of the records that no earlier import by this doctor stored, as storing_store. Each
 * is stored whole, or not at all, whenever the process ends. Tells workflow_tell_progress; lends
 * the home's lock now and then. report, of record_fhir_report, gets {already} in each of its
 * records, and {stored: [as storing_hand_over's], import: as import_list's}. What is wrong with one
 * record alone is told there, and the others are stored. A dry run only looks, and sets `already`.
 */
GALEN_MUST_CHECK enum galen_err import_store(struct workflow *wf,
                                             const struct chain_address *doctor,
                                             const struct import_file *file,
                                             struct json_object *report,
                                             struct galen_errinfo *info);
/* Newest first: [{id, doctor, patient, hospital, startedAt, state: running | done | failed |
 * interrupted, endedAt?, problem?, hint?, records, stored, already, failed, summary, failures?:
 * [{encounter, problem, hint?}]}]. doctor NULL: all of this home. failures need the home's keys. */
GALEN_MUST_CHECK enum galen_err import_list(struct workflow *wf, const struct chain_address *doctor,
                                            const struct workflow_page *page,
                                            struct json_object **result,
                                            struct galen_errinfo *info);

/* ---- more releases (topup.c, topup_answer.c) ------------------------------------------------------ */

/* Patient: asks the record's hospital for more releases of it; a round does so by itself when all
 * were sold. STATE when today's request was answered. result: {merkleRoot, hospital}. */
GALEN_MUST_CHECK enum galen_err topup_ask(struct workflow *wf, const char *record,
                                          struct json_object **result, struct galen_errinfo *info);
/* Hospital: what it lists, for anyone: {type galen.topups/1, hospital, tags}. NOT_FOUND: it is not
 * of this home. */
GALEN_MUST_CHECK enum galen_err topup_list(struct workflow *wf,
                                           const struct chain_address *hospital,
                                           struct json_object **result, struct galen_errinfo *info);
/* Doctor: which tags of such a list are records' of this home; rounds answer them. *found: how many
 * are new. Needs no keys. */
GALEN_MUST_CHECK enum galen_err topup_match(struct workflow *wf, struct json_object *list,
                                            int64_t *found, struct galen_errinfo *info);
/* Doctor: the same of the lists of all hospitals that this home made records for, from their nodes;
 * once an hour unless now. Needs no keys. result: [{hospital, recognised, problem?}]. */
GALEN_MUST_CHECK enum galen_err topup_poll(struct workflow *wf, bool now,
                                           struct json_object **result, struct galen_errinfo *info);

/* ---- sharing (sharing.c) --------------------------------------------------------------------------- */

struct sharing_options {
    const char *const *paths; /* JSON Pointers or prefixes to disclose; NULL shares the whole */
    size_t n_paths;
    int64_t expires_at; /* Unix seconds; 0 = never */
    bool on_chain;      /* by postShare instead of the doctor's inbox */
};
/* Steps 1 to 4: opens the record, seals it again under a fresh K_temp, uploads it, wraps K_temp to
 * the doctor and sends {cid_share, EK_temp}. result: {cidShare, wrappedKey, tx?}. */
GALEN_MUST_CHECK enum galen_err sharing_grant(struct workflow *wf, const char *record,
                                              const struct chain_address *doctor,
                                              const struct sharing_options *options,
                                              struct json_object **result,
                                              struct galen_errinfo *info);
/* Step 5: the doctor opens a share (by cid_share text) and checks block hash, keys, IDrec or
 * disclosure, group signature, anchor, revocation list. result: {record; or fields, content and the
 * disclosure that proves them; checks}. The record is in the result even when a check fails;
 * *passed tells. An expired share is STATE. */
GALEN_MUST_CHECK enum galen_err sharing_open(struct workflow *wf, const char *cid_share,
                                             bool *passed, struct json_object **result,
                                             struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err sharing_list(struct workflow *wf, const struct workflow_page *page,
                                             struct json_object **result,
                                             struct galen_errinfo *info);
/* Deletes the shared object; what was read cannot be recalled, and result says so. */
GALEN_MUST_CHECK enum galen_err sharing_revoke(struct workflow *wf, const char *cid_share,
                                               struct json_object **result,
                                               struct galen_errinfo *info);

/* ---- purchasing (purchasing_buyer.c, _hospital.c, _patient.c) --------------------------------------- */

/* Zero fields take the contract's defaults. */
struct purchasing_terms {
    uint16_t max_records;
    uint32_t reply_window_s, deliver_window_s, verify_window_s, rule_window_s;
};
/* Step 1, buyer: template (the seed's members, without type and buyer_key) gets a fresh buyer key,
 * is stored, and its hash is requested with price_wei in escrow. result: {requestId, templateHash,
 * cid, tx}. */
GALEN_MUST_CHECK enum galen_err
purchasing_request(struct workflow *wf, const struct chain_address *buyer,
                   struct json_object *template_, const struct purchasing_terms *terms,
                   struct json_object **result, struct galen_errinfo *info);
/* [{requestId, state, onChain, buyer, escrowWei, minRecords, deadline, …}] and one of them, with
 * what happens next, who may act, by when. */
/* Is it one that purchasing_request takes? result: the template as it would be written. Needs no
 * home; PARSE names the place. */
GALEN_MUST_CHECK enum galen_err purchasing_check_template(struct json_object *template_,
                                                          struct json_object **result,
                                                          struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err purchasing_list(struct workflow *wf,
                                                const struct workflow_page *page,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err purchasing_show(struct workflow *wf, uint64_t request_id,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* Step 2, hospital: checks the template against the chain, counts matching index cards, and
 * replies with its offer and bond. STATE when there are fewer than min_records. result: {requestId,
 * available, k, offerCid, tx}. */
GALEN_MUST_CHECK enum galen_err purchasing_reply(struct workflow *wf,
                                                 const struct chain_address *hospital,
                                                 uint64_t request_id, struct json_object **result,
                                                 struct galen_errinfo *info);
/* The same by a k of its own for this request, from 2 on (USAGE); 0: as config.json says. No class
 * of fewer patients alike is offered, asked or delivered. */
GALEN_MUST_CHECK enum galen_err purchasing_reply_with_k(struct workflow *wf,
                                                        const struct chain_address *hospital,
                                                        uint64_t request_id, uint32_t k,
                                                        struct json_object **result,
                                                        struct galen_errinfo *info);
/* Step 3, hospital: asks every matching patient for consent. result: {requestId, asked}. */
GALEN_MUST_CHECK enum galen_err purchasing_ask_consent(struct workflow *wf,
                                                       const struct chain_address *hospital,
                                                       uint64_t request_id,
                                                       struct json_object **result,
                                                       struct galen_errinfo *info);
/* Step 3, patient: what was asked, with the very values that would leave. [{requestId, record,
 * fields [{path, value, original?}], payoutWei, k, respondBy, state, key?}]; original: what the
 * record says where a value comes from, for the patient alone; key {state kept, sent, refused, late
 * or unused, at, reason} of answers that kept it. patient NULL = all of this home. */
GALEN_MUST_CHECK enum galen_err purchasing_consents(struct workflow *wf,
                                                    const struct chain_address *patient,
                                                    const struct workflow_page *page,
                                                    struct json_object **result,
                                                    struct galen_errinfo *info);
/* false and true stand for the first two. */
enum purchasing_answer {
    PURCHASING_DECLINE,
    PURCHASING_ACCEPT,
    /* The bundle's key stays here until the delivery on the chain is the one agreed to; then the
     * node sends it to the buyer by itself, by half the verify window. */
    PURCHASING_ACCEPT_KEEP_KEY,
};
/* Step 3, patient: fills the template from an unused release, proves, encrypts, uploads, consents
 * and answers the hospital. min_payout NULL: what the template's price gives each of max records.
 * result: {requestId, given: [{record, releaseRoot, bundleCid, payout, keyKept?}]}. */
GALEN_MUST_CHECK enum galen_err
purchasing_consent(struct workflow *wf, const struct chain_address *patient, uint64_t request_id,
                   enum purchasing_answer answer, struct json_object **result,
                   struct galen_errinfo *info);
/* The same, paid to an account that the patient names instead of a fresh one; the result warns that
 * it links sales. NULL: a fresh one. USAGE: the zero address, the contract, or with
 * PURCHASING_DECLINE; STATE: consent was given with another one. */
GALEN_MUST_CHECK enum galen_err
purchasing_consent_paid_to(struct workflow *wf, const struct chain_address *patient,
                           uint64_t request_id, enum purchasing_answer answer,
                           const struct chain_address *payout, struct json_object **result,
                           struct galen_errinfo *info);
/* A patient's standing policy: {categories, minPriceWei, never, keepKeys}; without one nothing in
 * it.
 */
GALEN_MUST_CHECK enum galen_err purchasing_policy(struct workflow *wf,
                                                  const struct chain_address *patient,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);
/* Another one in its place. In each sync questions about a category in the list are accepted when a
 * record is paid at least that (keep_keys: as PURCHASING_ACCEPT_KEEP_KEY); never declines all; what
 * is neither waits for the person. USAGE: no such category; PARSE: no number. result: as
 * purchasing_policy. */
GALEN_MUST_CHECK enum galen_err
purchasing_set_policy(struct workflow *wf, const struct chain_address *patient,
                      const char *const *categories, size_t n_categories, const char *min_price_wei,
                      bool never, bool keep_keys, struct json_object **result,
                      struct galen_errinfo *info);
/* Step 3, hospital: verifies what came back and delivers it on-chain, sealed; then publishes the
 * manifest. result: {requestId, entries, refused, manifestCid, txs}. */
GALEN_MUST_CHECK enum galen_err purchasing_deliver(struct workflow *wf,
                                                   const struct chain_address *hospital,
                                                   uint64_t request_id, struct json_object **result,
                                                   struct galen_errinfo *info);
/* Step 4, buyer: every check of every entry, on all cores and without the home's lock. result,
 * which is the report too: galen.verification/1 {requestId, entries: [{index, checks}], failed,
 * summary, …}; *passed is the verdict. STATE when the delivery changed on the chain meanwhile. */
GALEN_MUST_CHECK enum galen_err purchasing_verify(struct workflow *wf, uint64_t request_id,
                                                  bool *passed, struct json_object **result,
                                                  struct galen_errinfo *info);
/* How far the latest is, and what the last came to: {requestId, state running, done, failed (it
 * came to no verdict: problem) or interrupted, done, total (entries), startedAt, updatedAt,
 * problem?, result? {finishedAt, passed, failed, summary}}. NOT_FOUND: never begun here. */
GALEN_MUST_CHECK enum galen_err purchasing_verification(struct workflow *wf, uint64_t request_id,
                                                        struct json_object **result,
                                                        struct galen_errinfo *info);
/* The last result of purchasing_verify, as JCS, appended. NOT_FOUND: there is none. */
GALEN_MUST_CHECK enum galen_err purchasing_verification_report(struct workflow *wf,
                                                               uint64_t request_id,
                                                               struct base_buf *out,
                                                               struct galen_errinfo *info);
/* The bought values of entries that passed: [{index, fields}]. */
GALEN_MUST_CHECK enum galen_err purchasing_data(struct workflow *wf, uint64_t request_id,
                                                struct json_object **result,
                                                struct galen_errinfo *info);
/* What the buyer knows of the tree of an entry (record_disclosure_picture), once its proof holds.
 */
GALEN_MUST_CHECK enum galen_err purchasing_tree(struct workflow *wf, uint64_t request_id,
                                                uint64_t index, struct json_object **result,
                                                struct galen_errinfo *info);
/* The same for other programs. csv: one row an entry, lists as FHIR search tokens SYSTEM|CODE with
 * commas between, measured ones TOKEN$[COMPARATOR]VALUE|SYSTEM|UNIT; ndjson: purchasing_data's
 * rows; fhir: one R4 Bundle. */
struct purchasing_format {
    const char *name, *media_type, *file;
    enum galen_err (*write)(struct base_buf *out, struct json_object *rows,
                            struct galen_errinfo *info);
};
GALEN_MUST_CHECK enum galen_err purchasing_find_format(const struct purchasing_format **out,
                                                       const char *name,
                                                       struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err purchasing_export(struct workflow *wf, uint64_t request_id,
                                                  const struct purchasing_format *format,
                                                  struct base_buf *out, struct galen_errinfo *info);
/* Step 5, buyer: finalize(true) pays hospital and patients; STATE unless purchasing_verify passed,
 * or what failed is disputed or proven invalid (or anyone after the verify window). ok false: the
 * refund of an undelivered request past its deadline. result: {requestId, tx, paid: [{address,
 * wei}], credited}. */
GALEN_MUST_CHECK enum galen_err
purchasing_finalize(struct workflow *wf, const struct chain_address *payer, uint64_t request_id,
                    bool ok, struct json_object **result, struct galen_errinfo *info);
/* The same although the buyer's own checks failed: it is the buyer's money. */
GALEN_MUST_CHECK enum galen_err purchasing_finalize_anyway(struct workflow *wf,
                                                           const struct chain_address *payer,
                                                           uint64_t request_id,
                                                           struct json_object **result,
                                                           struct galen_errinfo *info);
/* Anyone for any entry of a finalized request; money goes to its payout account. */
GALEN_MUST_CHECK enum galen_err
purchasing_claim(struct workflow *wf, const struct chain_address *payer, uint64_t request_id,
                 uint64_t index, struct json_object **result, struct galen_errinfo *info);
/* Past a deadline: the exit that the state defines. */
GALEN_MUST_CHECK enum galen_err purchasing_expire(struct workflow *wf,
                                                  const struct chain_address *payer,
                                                  uint64_t request_id, struct json_object **result,
                                                  struct galen_errinfo *info);

#include "workflow/dispute.h" /* what the buyer does about entries that are bad */

#endif
