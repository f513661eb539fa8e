/* What the workflow's files share: the open home, its keys and contacts, blocks, messages,
 * transactions, the group keys, and the list of checks that results carry. */
#ifndef GALEN_WORKFLOW_INTERNAL_H
#define GALEN_WORKFLOW_INTERNAL_H

#include "chain/datahub_abi.h"
#include "db/db.h"
#include "groupsig/groupsig.h"
#include "record/record.h"
#include "seal/seal.h"
#include "store/store.h"
#include "workflow/post_config.h"
#include "workflow/workflow.h"

#define WORKFLOW_MESSAGE_DAYS 30 /* until a message expires */
#define WORKFLOW_KEY_VERSIONS 16 /* parsed group keys kept in memory */

struct workflow {
    char *home;
    char *rpc_url;
    char *rpc_more[CHAIN_RPC_ENDPOINTS - 1]; /* further endpoints of config.json */
    size_t n_rpc_more;
    char *ipfs_url;             /* given at opening; NULL: what config.json says */
    struct seal_keystore *keys; /* NULL when opened without a password */
    struct db *db;
    struct store *store;
    bool is_store_later;   /* workflow_store_later */
    struct chain_rpc *rpc; /* NULL until workflow_rpc; use that */
    bool has_contract;
    struct chain_domain domain;        /* chain id and DataHub's address, pinned by config.json */
    uint8_t code_hash[32];             /* keccak-256 of the contract's code, pinned likewise */
    struct storing_summary *summaries; /* storing_summary.c; NULL until a list is made */
    int lock_fd;                       /* workflow_lock; -1: not held */
    bool is_syncing; /* a step that a round takes up again must not begin another round */
    bool dry_run;
    size_t
        unproven; /* messages of this round that nobody can check yet (storing_unknown_version) */
    bool has_wanted; /* wanted16: the intent that the last WALLET is about (intent.c) */
    uint8_t wanted16[WORKFLOW_INTENT_ID];
    const atomic_bool *stop;     /* workflow_stop_when; or NULL */
    workflow_progress *progress; /* workflow_tell_progress; or NULL */
    void *progress_user;
    bool is_narrow; /* workflow_narrow */
    bool has_actor; /* workflow_act_as */
    struct chain_address actor;
    struct post_config post;
    struct http_guard guard; /* from post, for what is asked at addresses from outside */
    int64_t wallet_accounts, wallet_accounts_hourly; /* what may register by itself */
    uint64_t confirmations;    /* events of blocks that are this deep are applied */
    uint32_t k_anonymity;      /* hospitals: fewest patients alike */
    char *explorer_url;        /* NULL: none is configured */
    bool votes_by_itself;      /* managers: dispute_vote.c */
    int64_t start_block;       /* the first that is read; -1: to be found */
    struct watch_facts *facts; /* while what a block tells is applied (watch_internal.h) */
    struct {
        uint8_t fingerprint[32];
        struct groupsig_group_key *key; /* NULL = free */
    } group_keys[WORKFLOW_KEY_VERSIONS];
};

/* ---- csv.c ----------------------------------------------------------------------------------- */

/* Appends n cells (NULL: empty) as one row. What a spreadsheet would take for a formula gets an
 * apostrophe before it. */
GALEN_MUST_CHECK enum galen_err workflow_csv_row(struct base_buf *out, const char *const *cells,
                                                 size_t n, struct galen_errinfo *info);

/* ---- home.c ----------------------------------------------------------------------------------- */

/* The connection. Each endpoint is held against the pinned chain id and code hash when it is first
 * asked (CHECK). CONFIG without an endpoint. */
GALEN_MUST_CHECK enum galen_err workflow_rpc(struct workflow *wf, struct chain_rpc **rpc,
                                             struct galen_errinfo *info);
/* CONFIG unless the home knows its contract: the domain is needed for what is signed. */
GALEN_MUST_CHECK enum galen_err workflow_need_contract(struct workflow *wf,
                                                       struct galen_errinfo *info);
/* eth_call of DataHub: data is an encoded call; out is replaced by the return bytes. */
GALEN_MUST_CHECK enum galen_err workflow_read_contract(struct workflow *wf, struct base_buf *out,
                                                       const struct base_buf *data,
                                                       struct galen_errinfo *info);

/* The same, where money or keys depend on the answer: when config.json names several endpoints, two
 * of them must agree (chain_rpc_call_agreed). */
GALEN_MUST_CHECK enum galen_err workflow_read_agreed(struct workflow *wf, struct base_buf *out,
                                                     const struct base_buf *data,
                                                     struct galen_errinfo *info);
/* What the contract owes an account. (credit.c) */
GALEN_MUST_CHECK enum galen_err workflow_credit_of(struct workflow *wf, struct chain_u256 *wei,
                                                   const struct chain_address *account,
                                                   struct galen_errinfo *info);

/* ---- identity.c -------------------------------------------------------------------------------- */

/* Secrets live in the key store as PREFIX-ADDRESS (lower-case hex). */
#define WORKFLOW_KEY_WALLET "wallet" /* 32 bytes; also of payout accounts */
#define WORKFLOW_KEY_NODE                                                                          \
    "node" /* 32 bytes; of who has a browser wallet: signs messages for it                         \
            */
#define WORKFLOW_KEY_JWK    "jwk"
#define WORKFLOW_KEY_SALE   "sale"   /* 32 bytes */
#define WORKFLOW_KEY_JOIN   "join"   /* groupsig join secret, until the membership comes */
#define WORKFLOW_KEY_MEMBER "member" /* groupsig member secret */
#define WORKFLOW_KEY_GM     "gm"     /* groupsig GM secret ‖ GM share */
#define WORKFLOW_KEY_RM     "rm" /* groupsig RM secret ‖ RM share ‖ the GM share before it */
/* Template keys, under the template's hash: of requests made here, and of those judged here. */
#define WORKFLOW_KEY_BUYER "buyer"
#define WORKFLOW_KEY_JUDGE "judge"
GALEN_MUST_CHECK enum galen_err workflow_secret_get(struct workflow *wf, struct base_secret *out,
                                                    const char *prefix,
                                                    const struct chain_address *address,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_secret_put(struct workflow *wf, const char *prefix,
                                                    const struct chain_address *address,
                                                    const void *data, size_t len,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_secret_remove(struct workflow *wf, const char *prefix,
                                                       const struct chain_address *address,
                                                       struct galen_errinfo *info);
/* Is a secret of that name the identity's: its own, a payout account's of it, or the template key
 * of a request that it made or judges? */
GALEN_MUST_CHECK enum galen_err workflow_secret_belongs(struct workflow *wf, bool *own,
                                                        const char *name,
                                                        const struct chain_address *identity,
                                                        struct galen_errinfo *info);
/* USAGE unless they are good for a new identity; EXISTS when this home has one of them. Then, its
 * keys being there, its row. */
GALEN_MUST_CHECK enum galen_err workflow_identity_check_new(struct workflow *wf,
                                                            const struct chain_address *address,
                                                            const char *name, const char *role,
                                                            struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_identity_add_row(struct workflow *wf,
                                                          const struct chain_address *address,
                                                          const char *name, const char *role,
                                                          bool is_browser, bool is_self_made,
                                                          struct galen_errinfo *info);
/* The wallet's key; NOT_FOUND when it is not of this home, UNSUPPORTED when it is in a browser. */
GALEN_MUST_CHECK enum galen_err workflow_wallet(struct workflow *wf, struct chain_key *key,
                                                const struct chain_address *address,
                                                struct galen_errinfo *info);
/* NOT_FOUND when the handle acts for somebody else; a payout account is its owner's. (narrow.c) */
GALEN_MUST_CHECK enum galen_err workflow_check_actor(struct workflow *wf,
                                                     const struct chain_address *owner,
                                                     struct galen_errinfo *info);
/* A fresh account for one payout, its key in the key store. */
GALEN_MUST_CHECK enum galen_err workflow_payout_new(struct workflow *wf,
                                                    struct chain_address *address,
                                                    const struct chain_address *owner,
                                                    uint64_t request_id,
                                                    struct galen_errinfo *info);

/* ---- wallet.c ---------------------------------------------------------------------------------- */

/* The identity's wallet signs a typed message (message: the struct that goes with kind): one of
 * this home at once, a browser's when it was asked, and WALLET until then. The message must be the
 * same again when the step is called again. draft: kept with the question, sealed; or NULL. */
GALEN_MUST_CHECK enum galen_err
workflow_wallet_sign(struct workflow *wf, uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                     const struct chain_address *identity, enum chain_typed kind,
                     const void *message, struct json_object *draft, struct galen_errinfo *info);
/* The newest message of that kind that a browser wallet is asked for or has signed, and its draft;
 * *message is NULL when there is none. about: a text that it holds; NULL: any. Both are the
 * caller's; draft may be NULL. */
GALEN_MUST_CHECK enum galen_err
workflow_wallet_asked(struct workflow *wf, struct json_object **message, struct json_object **draft,
                      const struct chain_address *identity, enum chain_typed kind,
                      const char *about, struct galen_errinfo *info);
/* A number of a typed message: decimal text. */
GALEN_MUST_CHECK enum galen_err workflow_asked_number(int64_t *out, struct json_object *message,
                                                      const char *key, struct galen_errinfo *info);
/* Has a browser wallet's transaction done what the step is called again for? One that no step has
 * used; uses: this one does, now. */
GALEN_MUST_CHECK enum galen_err workflow_wallet_did(struct workflow *wf, bool *did,
                                                    const struct chain_address *identity,
                                                    const char *operation, int64_t request_id,
                                                    bool uses, struct galen_errinfo *info);
/* The data of the newest call that a browser wallet is asked for or has sent and no step has used;
 * *data is left empty when there is none. For calls that are not made alike twice. */
GALEN_MUST_CHECK enum galen_err workflow_asked_call(struct workflow *wf, struct base_buf *data,
                                                    const struct chain_address *identity,
                                                    const char *operation, int64_t request_id,
                                                    struct galen_errinfo *info);
/* WALLET while a transaction of that workflow is asked for or on its way. */
GALEN_MUST_CHECK enum galen_err workflow_none_asked(struct workflow *wf,
                                                    const struct chain_address *identity,
                                                    const char *flow, struct galen_errinfo *info);
/* The same of those on their way for a purchase, of the identity acted for. */
GALEN_MUST_CHECK enum galen_err workflow_none_on_way(struct workflow *wf, uint64_t request_id,
                                                     struct galen_errinfo *info);
/* Notification 'wallet' of the intent that the last WALLET is about, which stays what info says. */
GALEN_MUST_CHECK enum galen_err workflow_notify_wanted(struct workflow *wf,
                                                       const struct chain_address *identity,
                                                       struct galen_errinfo *info);
/* A browser wallet's word for the key that signs messages for it. */
struct workflow_delegation {
    struct chain_address key;
    int64_t expiry;
    uint8_t signature[CHAIN_SIGNATURE_BYTES];
};
void workflow_delegation_digest(const struct workflow *wf, uint8_t digest32[32],
                                const struct workflow_delegation *delegation);
/* Who signs the identity's messages: its wallet, or (*delegated) its home's key for it. WALLET
 * until the wallet has allowed that. */
GALEN_MUST_CHECK enum galen_err workflow_message_key(struct workflow *wf, struct chain_key *key,
                                                     bool *delegated,
                                                     struct workflow_delegation *delegation,
                                                     const struct chain_address *identity,
                                                     struct galen_errinfo *info);
/* OK when the identity can send messages now; WALLET as above. */
GALEN_MUST_CHECK enum galen_err workflow_can_send(struct workflow *wf,
                                                  const struct chain_address *identity,
                                                  struct galen_errinfo *info);
/* Keeps a delegation that the wallet has signed. */
GALEN_MUST_CHECK enum galen_err
workflow_node_key_allowed(struct workflow *wf, const struct chain_address *identity,
                          struct json_object *message, const uint8_t sig65[CHAIN_SIGNATURE_BYTES],
                          struct galen_errinfo *info);

/* ---- profile.c --------------------------------------------------------------------------------- */

struct workflow_contact {
    struct chain_address address;
    char name[256];
    struct seal_public_key encryption;
    uint8_t sale_key[CHAIN_PUBLIC_KEY_BYTES];
    char inbox[2049]; /* its node's; empty: none. From outside: asked behind wf->guard alone */
};
/* An identity of this home gets its card made when it has none. Else NOT_FOUND, with the hint to
 * add a contact card or to sync. */
GALEN_MUST_CHECK enum galen_err workflow_contact_get(struct workflow *wf,
                                                     struct workflow_contact *contact,
                                                     const struct chain_address *address,
                                                     struct galen_errinfo *info);
/* A ProfileSet event: the contact is made of it once it is asked for. */
struct workflow_event;
GALEN_MUST_CHECK enum galen_err workflow_profile_seen(struct workflow *wf,
                                                      const struct workflow_event *event,
                                                      const struct chain_address *owner,
                                                      const uint8_t cid32[32], uint64_t nonce,
                                                      struct galen_errinfo *info);

/* ---- post_blocks.c ------------------------------------------------------------------------------ */

/* Keeps a block and serves it to anyone from now on (block_serve). cid32 may be NULL; kind: as in
 * table published; request_id: of a manifest, else 0. The second: one that is kept already. */
GALEN_MUST_CHECK enum galen_err workflow_publish(struct workflow *wf, uint8_t cid32[32],
                                                 const char *kind, int64_t request_id,
                                                 const void *data, size_t len,
                                                 struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_publish_kept(struct workflow *wf, const uint8_t cid32[32],
                                                      const char *kind, int64_t request_id,
                                                      struct galen_errinfo *info);
/* Appends what stands before /ipfs/CID and /api/v1 at another's node; nothing: none is known. */
GALEN_MUST_CHECK enum galen_err workflow_node_of(struct workflow *wf, struct base_buf *url,
                                                 const struct chain_address *who,
                                                 struct galen_errinfo *info);
/* A share's block was given out: noted in the access log, once an hour. (access_log.c) */
GALEN_MUST_CHECK enum galen_err workflow_share_fetched(struct workflow *wf, const uint8_t cid32[32],
                                                       struct galen_errinfo *info);
/* store_get, which also asks the nodes of those who should have the block: two accounts (either may
 * be NULL or zero), a request's hospital and buyer, the managers. */
GALEN_MUST_CHECK enum galen_err workflow_block_from(struct workflow *wf, struct base_buf *out,
                                                    const uint8_t cid32[32],
                                                    const struct chain_address *first,
                                                    const struct chain_address *second,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_block_of_request(struct workflow *wf, struct base_buf *out,
                                                          const uint8_t cid32[32],
                                                          uint64_t request_id,
                                                          struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_block_of_managers(struct workflow *wf,
                                                           struct base_buf *out,
                                                           const uint8_t cid32[32],
                                                           struct galen_errinfo *info);

/* ---- message.c --------------------------------------------------------------------------------- */

#define MESSAGE_TYP "galen.message/1"

/* Kinds, as in the design's messages. */
#define MESSAGE_SETUP_SHARE      "setup-share"
#define MESSAGE_JOIN_NONCE       "join-nonce"
#define MESSAGE_JOIN_REQUEST     "join-request"
#define MESSAGE_MEMBERSHIP       "membership"
#define MESSAGE_REGISTRY         "registry"
#define MESSAGE_COUNTERSIGNED    "registry-countersigned"
#define MESSAGE_OPENING          "opening"
#define MESSAGE_OPENING_ANSWER   "opening-answer"
#define MESSAGE_OPENING_RESULT   "opening-result"
#define MESSAGE_OPENING_REPORT   "opening-report"
#define MESSAGE_REVEAL           "reveal"
#define MESSAGE_REVEAL_ANSWER    "reveal-answer"
#define MESSAGE_REVOCATION       "revocation-list"
#define MESSAGE_HAND_OVER        "record-hand-over" /* authenticated by the group signature alone */
#define MESSAGE_INDEX_CARD       "index-card"       /* likewise */
#define MESSAGE_TOPUP_WANTED     "topup-wanted"
#define MESSAGE_TOPUP            "topup" /* by the group signature, as the two above */
#define MESSAGE_SHARE            "share"
#define MESSAGE_CONSENT_WANTED   "consent-wanted"
#define MESSAGE_CONSENT_GIVEN    "consent-given"
#define MESSAGE_MANIFEST         "manifest"
#define MESSAGE_LATE_EK          "late-ek"       /* by releaseAddr's key */
#define MESSAGE_LATE_EK_RELAY    "late-ek-relay" /* carries one, which is its proof */
#define MESSAGE_DISPUTE_EVIDENCE "dispute-evidence"
#define MESSAGE_COMPLAINT        "record-complaint"
#define MESSAGE_COMPLAINT_LAYER  "record-complaint-layer"
#define MESSAGE_COMPLAINT_KEY    "record-complaint-key"
#define MESSAGE_COMPLAINT_NOTICE "record-complaint-notice"

struct message {
    struct chain_address recipient; /* an identity of this home */
    struct chain_address sender;    /* zero: carries no wallet signature */
    const char *kind;
    uint8_t id[32];
    struct json_object *body;  /* borrowed from whole, as kind is */
    struct json_object *whole; /* owned: message_clear */
    struct base_view sealed;   /* as it came, for keeping beyond the inbox; borrowed */
};

/* Seals body to recipient's encryption key and puts it in the outbox; to an identity of this home
 * straight into its inbox. sender signs recipient, kind, id, expiry
 * and body hash (EIP-712 InboxMessage). While a message of the same recipient, kind and id waits in
 * the outbox nothing is added; once that was delivered it is sent again. body is borrowed. */
GALEN_MUST_CHECK enum galen_err message_send(struct workflow *wf,
                                             const struct chain_address *sender,
                                             const struct chain_address *recipient,
                                             const char *kind, const uint8_t id32[32],
                                             struct json_object *body, struct galen_errinfo *info);
/* The same without a signature, for hand-overs: `from` is known to this home alone. */
GALEN_MUST_CHECK enum galen_err
message_send_unsigned(struct workflow *wf, const struct chain_address *from,
                      const struct chain_address *recipient, const char *kind,
                      const uint8_t id32[32], struct json_object *body, struct galen_errinfo *info);
/* A message in the name of a key that is no identity's, as JSON; and its check by who is to pass it
 * on to its recipient: as message_open's, *message borrows from json. Passing it on seals it as it
 * is, into the outbox of `from`; while its like waits there nothing is added. NOT_FOUND: no card of
 * the recipient is known. */
GALEN_MUST_CHECK enum galen_err message_sign(struct workflow *wf, struct json_object **out,
                                             const struct chain_key *key,
                                             const struct chain_address *recipient,
                                             const char *kind, const uint8_t id32[32],
                                             struct json_object *body, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err message_check(struct workflow *wf, struct message *message,
                                              const struct chain_address *recipient,
                                              struct json_object *json, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err message_pass_on(struct workflow *wf,
                                                const struct chain_address *from,
                                                const struct message *message,
                                                struct json_object *json,
                                                struct galen_errinfo *info);
/* What a message is kept under in the inbox; keeps it (posted: it came by HTTP) unless it is or was
 * there, db_changes then tells. */
GALEN_MUST_CHECK enum galen_err message_inbox_digest(uint8_t digest32[32],
                                                     const struct chain_address *recipient,
                                                     struct base_view sealed,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err message_inbox_add(struct workflow *wf,
                                                  const struct chain_address *recipient,
                                                  struct base_view sealed, bool posted,
                                                  struct galen_errinfo *info);
/* Opens and authenticates one sealed message, which must outlive it. */
GALEN_MUST_CHECK enum galen_err message_open(struct workflow *wf, struct message *message,
                                             const struct chain_address *recipient,
                                             struct base_view sealed, struct galen_errinfo *info);
void message_clear(struct message *message);
#define MESSAGE_AUTO GALEN_CLEANUP(message_clear) struct message

/*
 * Handlers, one a kind, each in the file of its workflow. Called in arrival order by workflow_sync,
 * outside any database transaction. OK: done. STATE: not yet, try at the next sync. DB, IO, NOMEM,
 * NETWORK end the sync. Any other error: the message is refused for good, with the error's text.
 */
typedef enum galen_err message_handler(struct workflow *wf, const struct message *message,
                                       struct galen_errinfo *info);
message_handler group_on_setup_share; /* group.c */
message_handler group_on_join_nonce;
message_handler group_on_join_request;
message_handler group_on_membership;
message_handler group_on_registry; /* group_members.c */
message_handler group_on_countersigned;
message_handler opening_on_request; /* opening.c */
message_handler opening_on_answer;
message_handler opening_on_result;
message_handler opening_on_report; /* opening_report.c */
message_handler opening_on_reveal; /* opening_reveal.c */
message_handler opening_on_reveal_answer;
message_handler revocation_on_proposal; /* group_revocation.c */
message_handler storing_on_hand_over;   /* storing.c: patient and hospital */
message_handler storing_on_index_card;
message_handler topup_on_wanted; /* topup.c: hospital; patient */
message_handler topup_on_answer;
message_handler sharing_on_share;             /* sharing.c */
message_handler purchasing_on_consent_wanted; /* purchasing_patient.c */
message_handler purchasing_on_consent_given;  /* purchasing_hospital.c */
message_handler purchasing_on_manifest;       /* purchasing_buyer.c */
message_handler purchasing_on_late_ek_relay;  /* purchasing_late_key.c: hospital */
message_handler purchasing_on_late_ek;        /* likewise: buyer, managers */
message_handler dispute_on_evidence;          /* dispute_evidence.c */
message_handler complaint_on_complaint;       /* complaint.c: managers */
message_handler complaint_on_notice;          /* likewise: patient, complainant */
message_handler complaint_on_layer;           /* complaint_decide.c: RM */
message_handler complaint_on_key;             /* likewise: GM */

/* ---- watch.c, sync.c ---------------------------------------------------------------------------- */

/* Reads the contract's events up to the last block that is deep enough, and takes back what dropped
 * blocks told. Adds {block, readTo, events} to summary. */
GALEN_MUST_CHECK enum galen_err workflow_watch(struct workflow *wf, struct json_object *summary,
                                               struct galen_errinfo *info);
/* Handles what is in the inbox. Adds {messages, refused, waiting}. */
GALEN_MUST_CHECK enum galen_err sync_read_messages(struct workflow *wf, struct json_object *summary,
                                                   struct galen_errinfo *info);

/* Handlers of the contract's events, in order of the chain, each idempotent, inside a database
 * transaction that records what they change, to be taken back should the block be dropped
 * (watch_undo.c names the tables). They note what the event says, and ask neither chain nor store.
 * time_s: of the event's block. */
struct workflow_event {
    const struct chain_log *log;
    int64_t time_s;
};
enum galen_err group_on_key_proposed(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_group_key_proposed_event *args,
                                     struct galen_errinfo *info);
enum galen_err group_on_key_confirmed(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_group_key_confirmed_event *args,
                                      struct galen_errinfo *info);
enum galen_err group_on_key_retired(struct workflow *wf, const struct workflow_event *event,
                                    const struct datahub_group_key_retired_event *args,
                                    struct galen_errinfo *info);
enum galen_err group_on_gm_changed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_group_manager_changed_event *args,
                                   struct galen_errinfo *info); /* managers.c */
enum galen_err group_on_rm_changed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_revocation_manager_changed_event *args,
                                   struct galen_errinfo *info);
enum galen_err group_on_hospital_set(struct workflow *wf, const struct workflow_event *event,
                                     const struct datahub_hospital_set_event *args,
                                     struct galen_errinfo *info); /* group_lists.c */
enum galen_err group_on_members_committed(struct workflow *wf, const struct workflow_event *event,
                                          const struct datahub_members_committed_event *args,
                                          struct galen_errinfo *info);
enum galen_err revocation_on_list_set(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_revocation_list_set_event *args,
                                      struct galen_errinfo *info);
enum galen_err storing_on_data_stored(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_data_stored_event *args,
                                      struct galen_errinfo *info);
enum galen_err sharing_on_share_posted(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_share_posted_event *args,
                                       struct galen_errinfo *info);
enum galen_err purchasing_on_request_open(struct workflow *wf, const struct workflow_event *event,
                                          const struct datahub_request_open_event *args,
                                          struct galen_errinfo *info);
enum galen_err purchasing_on_reply(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_reply_submitted_event *args,
                                   struct galen_errinfo *info);
enum galen_err purchasing_on_entry(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_entry_delivered_event *args,
                                   struct galen_errinfo *info);
enum galen_err purchasing_on_delivered(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_delivered_event *args,
                                       struct galen_errinfo *info);
enum galen_err purchasing_on_finalized(struct workflow *wf, const struct workflow_event *event,
                                       const struct datahub_request_finalized_event *args,
                                       struct galen_errinfo *info);
enum galen_err purchasing_on_refunded(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_request_refunded_event *args,
                                      struct galen_errinfo *info);
enum galen_err dispute_on_disputed(struct workflow *wf, const struct workflow_event *event,
                                   const struct datahub_disputed_event *args,
                                   struct galen_errinfo *info);
enum galen_err dispute_on_verdict(struct workflow *wf, const struct workflow_event *event,
                                  const struct datahub_verdict_given_event *args,
                                  struct galen_errinfo *info);
enum galen_err dispute_on_ruled(struct workflow *wf, const struct workflow_event *event,
                                const struct datahub_ruled_event *args, struct galen_errinfo *info);
enum galen_err dispute_on_invalid(struct workflow *wf, const struct workflow_event *event,
                                  const struct datahub_entry_invalid_event *args,
                                  struct galen_errinfo *info);
/* What a receipt of this home's own transaction tells, at once; the watcher comes to the same. */
GALEN_MUST_CHECK enum galen_err workflow_take_receipt(struct workflow *wf,
                                                      const struct chain_receipt *receipt,
                                                      struct galen_errinfo *info);
/* What a handler does while paused is not taken back with its block. */
void workflow_facts_pause(struct workflow *wf, bool paused);
enum galen_err opening_on_requested(struct workflow *wf, const struct workflow_event *event,
                                    const struct datahub_opening_requested_event *args,
                                    struct galen_errinfo *info);
enum galen_err opening_on_gm_approved(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_group_manager_approved_event *args,
                                      struct galen_errinfo *info);
enum galen_err opening_on_rm_approved(struct workflow *wf, const struct workflow_event *event,
                                      const struct datahub_revocation_manager_approved_event *args,
                                      struct galen_errinfo *info);
/* Called between events and messages: what openings asked for on-chain need and this home can do.
 */
GALEN_MUST_CHECK enum galen_err opening_retry_waiting(struct workflow *wf,
                                                      struct galen_errinfo *info);
/* Called after events and after messages: what waited for a block or a key is tried again. */
enum galen_err storing_retry_waiting(struct workflow *wf, struct galen_errinfo *info);
/* Likewise: requests for more releases of what is sold out, and answers to those recognised.
 * (topup.c, topup_answer.c) */
enum galen_err topup_retry(struct workflow *wf, struct galen_errinfo *info);
enum galen_err topup_answer_open(struct workflow *wf, struct galen_errinfo *info);
/* Likewise: the evidence of a dispute that was interrupted goes out. */
enum galen_err dispute_retry_evidence(struct workflow *wf, struct galen_errinfo *info);
/* Likewise: a manager's node that may votes on what can be decided without a person.
 * (dispute_vote.c) */
enum galen_err dispute_vote(struct workflow *wf, struct galen_errinfo *info);
/* Tells every identity of this home once the revocation list is past its nextUpdate; adds
 * {revocationList: {version, nextUpdate, overdue}} to a status. (revocation_watch.c) */
GALEN_MUST_CHECK enum galen_err revocation_watch(struct workflow *wf, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err revocation_watch_status(struct workflow *wf,
                                                        struct json_object *status,
                                                        struct galen_errinfo *info);
/* Likewise: a delivery that was sealed gets its manifest published and the buyer told. */
enum galen_err purchasing_apply_policies(struct workflow *wf, struct galen_errinfo *info);
enum galen_err purchasing_retry_manifests(struct workflow *wf, struct galen_errinfo *info);
/* Likewise: keys that patients kept leave once their entries are on the chain.
 * (purchasing_kept_key.c) */
enum galen_err purchasing_send_keys(struct workflow *wf, struct galen_errinfo *info);

/* ---- setting.c ----------------------------------------------------------------------------------- */

/* Numbers that the home keeps under a name of its own choice. */
GALEN_MUST_CHECK enum galen_err workflow_setting_get(struct workflow *wf, const char *name,
                                                     int64_t *value, int64_t otherwise,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_setting_set(struct workflow *wf, const char *name,
                                                     int64_t value, struct galen_errinfo *info);

/* ---- notifications.c ----------------------------------------------------------------------------------- */

/* Tells an identity of this home something, once per (identity, kind, subject). */
GALEN_MUST_CHECK enum galen_err workflow_notify(struct workflow *wf,
                                                const struct chain_address *identity,
                                                const char *kind, const char *subject,
                                                struct galen_errinfo *info);
/* The same of what a block (-1: none) told that was read before: it is withdrawn with that. */
GALEN_MUST_CHECK enum galen_err workflow_notify_of(struct workflow *wf, int64_t block,
                                                   const struct chain_address *identity,
                                                   const char *kind, const char *subject,
                                                   struct galen_errinfo *info);
/* The number of the newest one, 0: none. Numbers grow and are not used twice. */
GALEN_MUST_CHECK enum galen_err workflow_newest_notification(struct workflow *wf, int64_t *id,
                                                             struct galen_errinfo *info);

/* ---- transact.c ---------------------------------------------------------------------------------- */

struct workflow_call {
    const struct chain_address *from; /* an identity of this home */
    const struct chain_address *to;   /* NULL: DataHub; or is_create */
    bool is_create;
    const struct chain_u256 *value; /* NULL: 0 */
    const struct base_buf *data;    /* NULL: none */
    const char *role;               /* doctor, patient, hospital, buyer, gm, rm */
    const char *flow;               /* storing, sharing, purchasing, group, other */
    const char *operation;          /* the contract's function */
    int64_t request_id;             /* -1: none */
};
/*
 * Estimates, signs, stores, sends, waits, records. receipt (may be NULL) and *tx (may be NULL; JSON
 * {hash, operation, role, gasEstimate, gasUsed, effectiveGasPriceWei, totalWei, block, status})
 * describe the mined, successful transaction; a reverted one is REVERTED with the decoded reason,
 * recorded too. In a dry run *tx = {dryRun: true, operation, gasEstimate, maxCostWei} and *sent is
 * false: the caller then changes nothing. sent may be NULL only where a dry run cannot come.
 */
GALEN_MUST_CHECK enum galen_err workflow_transact(struct workflow *wf,
                                                  const struct workflow_call *call, bool *sent,
                                                  struct chain_receipt *receipt,
                                                  struct json_object **tx,
                                                  struct galen_errinfo *info);

/* What the contract's error means, in words that tell a person what to do; text is a decoded
 * revert, "…: Name(arguments)". NULL: none of the contract's. (refusals.c) */
const char *workflow_refusal(const char *text);
/* Sends again, or records, whatever was signed and is not known to be mined; nothing in a dry run.
 */
GALEN_MUST_CHECK enum galen_err workflow_transact_resume(struct workflow *wf,
                                                         struct galen_errinfo *info);

/* ---- groupkeys.c ----------------------------------------------------------------------------------- */

/* The parsed key of a confirmed version; borrowed, lives as long as wf. NOT_FOUND when this home
 * has not seen it (sync). */
GALEN_MUST_CHECK enum galen_err workflow_group_key(struct workflow *wf, uint32_t version,
                                                   const struct groupsig_group_key **key,
                                                   struct galen_errinfo *info);
/* The newest confirmed, unretired version. STATE when there is none. */
GALEN_MUST_CHECK enum galen_err workflow_current_key(struct workflow *wf, uint32_t *version,
                                                     const struct groupsig_group_key **key,
                                                     struct galen_errinfo *info);
/* A groupsig status as an error, what being "group signature" and the like. */
GALEN_MUST_CHECK enum galen_err
workflow_groupsig_fail(enum groupsig_status status, const char *what, struct galen_errinfo *info);
/* Randomness for groupsig: base_random. */
extern const struct groupsig_rng workflow_rng;
/* The verdict on sig362 over msg32 under the version; *verified (may be NULL) when valid. A
 * malformed signature is simply not valid. */
GALEN_MUST_CHECK enum galen_err
workflow_verify_signature(struct workflow *wf, bool *valid, struct groupsig_verified *verified,
                          uint32_t version, const uint8_t sig362[362], const uint8_t msg32[32],
                          struct galen_errinfo *info);

/* What waited for a group key's block is tried again. */
GALEN_MUST_CHECK enum galen_err group_retry_waiting(struct workflow *wf,
                                                    struct galen_errinfo *info);
/* Who held the offices when an event came (managers.c); zero where no event tells. */
GALEN_MUST_CHECK enum galen_err managers_before(struct workflow *wf, struct chain_address *gm,
                                                struct chain_address *rm,
                                                const struct chain_log *log,
                                                struct galen_errinfo *info);
/* GM's and RM's accounts, from the contract; either may be NULL. */
GALEN_MUST_CHECK enum galen_err workflow_managers(struct workflow *wf,
                                                  struct chain_address *group_manager,
                                                  struct chain_address *revocation_manager,
                                                  struct galen_errinfo *info);

/* ---- home_seal.c ------------------------------------------------------------------------------------ */

/* The key below, made with the home and never again: two processes that both found none would each
 * seal under their own. Does nothing when it is there. */
GALEN_MUST_CHECK enum galen_err workflow_home_key_make(struct seal_keystore *keys,
                                                       struct galen_errinfo *info);
/* A JSON object sealed under a key of this home alone: for what the home keeps
 * and no one else is to read, such as index cards. Appends to out. PASSWORD without keys. */
GALEN_MUST_CHECK enum galen_err workflow_home_seal(struct workflow *wf, struct base_buf *out,
                                                   struct json_object *object,
                                                   struct galen_errinfo *info);
/* A key of 32 bytes for another purpose, that tells nothing of the home's own: HMAC-SHA-256 of the
 * purpose's name under it. *key is replaced, and owned. */
GALEN_MUST_CHECK enum galen_err workflow_home_derive(struct workflow *wf, struct base_secret *key,
                                                     const char *purpose,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_home_open(struct workflow *wf, struct json_object **object,
                                                   struct base_view sealed,
                                                   struct galen_errinfo *info);

/* ---- checks.c -------------------------------------------------------------------------------------- */

/* Appends {check, passed, detail} to the array checks and clears *all when it did not pass. detail
 * is a printf text or NULL. */
GALEN_MUST_CHECK enum galen_err workflow_check(struct json_object *checks, bool *all, bool passed,
                                               const char *check, struct galen_errinfo *info,
                                               const char *detail, ...)
    __attribute__((format(printf, 6, 7)));
/* A row for a step that gave err: passed with `detail`, or failed with the step's own words.
 * Trouble of this machine (DB, IO, NOMEM, PASSWORD) is no failed check but an error. */
GALEN_MUST_CHECK enum galen_err workflow_check_step(struct json_object *checks, bool *all,
                                                    const char *check, enum galen_err err,
                                                    const struct galen_errinfo *why,
                                                    const char *detail, struct galen_errinfo *info);
/* Members as the API shows them: address EIP-55, CID base32, bytes 0x hex, u256 decimal text. */
GALEN_MUST_CHECK enum galen_err workflow_set_address(struct json_object *object, const char *key,
                                                     const struct chain_address *address,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_set_cid(struct json_object *object, const char *key,
                                                 const uint8_t digest32[32],
                                                 struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_set_wei(struct json_object *object, const char *key,
                                                 const struct chain_u256 *wei,
                                                 struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_set_time(struct json_object *object, const char *key,
                                                  int64_t unix_s, struct galen_errinfo *info);
/* object[key] = text / number / boolean. */
GALEN_MUST_CHECK enum galen_err workflow_set_text(struct json_object *object, const char *key,
                                                  const char *text, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_set_int(struct json_object *object, const char *key,
                                                 int64_t number, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_set_bool(struct json_object *object, const char *key,
                                                  bool value, struct galen_errinfo *info);
/* object[key] = *value, or the array's next element; *value is taken over and set to NULL. */
GALEN_MUST_CHECK enum galen_err workflow_set_object(struct json_object *object, const char *key,
                                                    struct json_object **value,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_push(struct json_object *array, struct json_object **value,
                                              struct galen_errinfo *info);
/* The list of what show makes of each row that is left. */
typedef enum galen_err workflow_show_row(struct json_object **out, const struct db_rows *rows,
                                         struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_list_rows(struct json_object **result,
                                                   struct db_rows *rows, workflow_show_row *show,
                                                   struct galen_errinfo *info);
/* SQL's LIMIT and OFFSET of a page (NULL: all). */
int64_t workflow_page_limit(const struct workflow_page *page);
int64_t workflow_page_offset(const struct workflow_page *page);
/* A member as text, a number's digits too; NULL when it is not there. Borrowed. */
const char *workflow_text_of(struct json_object *object, const char *key);
/* Gives object to *result, or releases it when result is NULL. */
void workflow_give(struct json_object **result, struct json_object **object);
/* A member of an object from outside that must be an address with a good checksum. */
GALEN_MUST_CHECK enum galen_err workflow_get_address(struct chain_address *out,
                                                     struct json_object *object, const char *key,
                                                     const char *where, struct galen_errinfo *info);
/* A new, empty JSON object or array; NOMEM. */
GALEN_MUST_CHECK enum galen_err workflow_object(struct json_object **object,
                                                struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err workflow_array(struct json_object **array,
                                               struct galen_errinfo *info);

#endif
