/*
 * What opening, revealing, revoking and tracing share: signatures that can be had, the managers'
 * log of openings, and their secrets.
 */
#ifndef GALEN_WORKFLOW_OPENING_INTERNAL_H
#define GALEN_WORKFLOW_OPENING_INTERNAL_H

#include "workflow/group_internal.h"

#define OPENING_REASON_MAX 500

/* ---- known signatures (signatures.c) -------------------------------------------------------- */

struct known_signature {
    bool is_release;  /* of a sale's entry; else of a record */
    uint8_t root[32]; /* Merkle root */
    uint8_t cid[32];  /* of a record */
    struct chain_address owner;
    int64_t request_id; /* of a release */
    uint32_t key_version;
    uint8_t sig362[GROUPSIG_SIGNATURE_BYTES], msg32[32];
};
typedef enum galen_err signature_seen(struct workflow *wf, void *user,
                                      const struct known_signature *signature,
                                      struct galen_errinfo *info);
/* Every different signature of this home's records and of the entries it knows. */
GALEN_MUST_CHECK enum galen_err signature_each_here(struct workflow *wf, signature_seen *seen,
                                                    void *user, struct galen_errinfo *info);
/* The contract's logs from the first block to the last that a filter (whose blocks are ignored)
 * lets through, in ranges that the endpoint takes. */
typedef enum galen_err signature_log_seen(struct workflow *wf, void *user,
                                          const struct chain_log *log, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err signature_each_log(struct workflow *wf,
                                                   const struct chain_log_filter *filter,
                                                   signature_log_seen *seen, void *user,
                                                   struct galen_errinfo *info);
/* Of every record on the chain, or those with one Merkle root (not NULL). */
GALEN_MUST_CHECK enum galen_err signature_each_on_chain(struct workflow *wf, const uint8_t *root32,
                                                        signature_seen *seen, void *user,
                                                        struct galen_errinfo *info);
/* What the target names: a record of this home, one of the chain whose signature is valid, or the
 * given bytes. NOT_FOUND; STATE: several. */
GALEN_MUST_CHECK enum galen_err signature_find(struct workflow *wf, struct known_signature *out,
                                               const struct opening_target *target,
                                               struct galen_errinfo *info);

/* ---- the log (opening_log.c) ------------------------------------------------------------------ */

struct opening {
    struct chain_address holder; /* of this home: GM, RM, or a buyer who asked on-chain */
    bool is_gm, is_rm;
    uint8_t id[32];
    uint32_t key_version;
    uint8_t msg32[32], sig362[GROUPSIG_SIGNATURE_BYTES];
    char reason[OPENING_REASON_MAX + 1];
    uint8_t gm_share[GROUPSIG_OPENING_SHARE_BYTES], rm_share[GROUPSIG_OPENING_SHARE_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    bool has_gm_share, has_rm_share, has_commitment;
    char state[12], outcome[256];
    int64_t asked_at, decided_at, fault_at; /* 0: not yet, never */
};
GALEN_MUST_CHECK enum galen_err opening_read(struct workflow *wf, bool *found, struct opening *out,
                                             const struct chain_address *holder,
                                             const uint8_t id32[32], struct galen_errinfo *info);
/* By a prefix of the id, in the holder's log; holder NULL: in any of this home. NOT_FOUND, USAGE,
 * STATE (several). */
GALEN_MUST_CHECK enum galen_err opening_find(struct workflow *wf, struct opening *out,
                                             const char *id, const struct chain_address *holder,
                                             struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_insert(struct workflow *wf, const struct opening *opening,
                                               struct galen_errinfo *info);
/* Writes state, outcome, shares, commitment and times; NULL keeps what stands, and a state that is
 * kept is no decision. */
GALEN_MUST_CHECK enum galen_err opening_update(struct workflow *wf, struct opening *opening,
                                               const char *state, const char *outcome,
                                               struct galen_errinfo *info);
/* CHECK unless the signature holds under its key. */
GALEN_MUST_CHECK enum galen_err opening_verify(struct workflow *wf, const struct opening *opening,
                                               const struct groupsig_group_key **key,
                                               struct groupsig_verified *verified,
                                               struct galen_errinfo *info);
/* The member of an opened commitment in the holder's registry; for a buyer in what it was told. */
GALEN_MUST_CHECK enum galen_err opening_member(struct workflow *wf, bool *found,
                                               struct group_member *out, uint8_t salt[32],
                                               const struct opening *opening,
                                               struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_result(struct workflow *wf, struct json_object **result,
                                               const struct opening *opening,
                                               struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_gm_secret(struct workflow *wf,
                                                  struct groupsig_gm_secret *out,
                                                  const struct chain_address *gm,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_rm_secret(struct workflow *wf,
                                                  struct groupsig_rm_secret *out,
                                                  const struct chain_address *rm,
                                                  struct galen_errinfo *info);

/* ---- steps of both ways (opening.c) ------------------------------------------------------------- */

/* CHECK unless these are the role's share for exactly this signature. */
GALEN_MUST_CHECK enum galen_err
opening_check_share(const struct groupsig_group_key *key, struct groupsig_opening_share *out,
                    enum groupsig_role role, const uint8_t bytes[GROUPSIG_OPENING_SHARE_BYTES],
                    const struct groupsig_verified *verified, struct galen_errinfo *info);
/* The holder's own share, in memory only. */
GALEN_MUST_CHECK enum galen_err opening_make_share(struct workflow *wf, struct opening *opening,
                                                   struct galen_errinfo *info);
/* Both shares to the commitment, in memory only. */
GALEN_MUST_CHECK enum galen_err opening_combine(struct workflow *wf, struct opening *opening,
                                                struct galen_errinfo *info);
/* A manager: what the holder's registry says of the commitment, written to the log as opened or
 * fault. */
GALEN_MUST_CHECK enum galen_err opening_conclude(struct workflow *wf, struct opening *opening,
                                                 struct galen_errinfo *info);
/* The manager's own share to the other one by mail. */
GALEN_MUST_CHECK enum galen_err opening_mail_share(struct workflow *wf,
                                                   const struct opening *opening,
                                                   const struct chain_address *other,
                                                   struct galen_errinfo *info);
/* CHECK unless {row} is of this commitment and its evidence holds. */
GALEN_MUST_CHECK enum galen_err opening_check_row(struct workflow *wf,
                                                  const struct opening *opening,
                                                  struct json_object *row,
                                                  struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_notify(struct workflow *wf, const struct opening *opening,
                                               const char *kind, struct galen_errinfo *info);

/* ---- openings asked for on-chain (opening_events.c, opening_onchain.c, opening_report.c) --------------------------- */

struct opening_onchain {
    uint64_t request_id, position;
    struct chain_address requester;
    uint8_t signature_hash[32]; /* keccak256 */
    uint8_t gm_cid[32], rm_cid[32];
    bool has_gm_cid, has_rm_cid; /* the managers' approvals */
    bool gm_reported, rm_reported;
    uint8_t id[32]; /* the log's, when has_id: the entry was found */
    bool has_id;
};
/* The request by entry, or the at-th of those with the log's id. */
GALEN_MUST_CHECK enum galen_err opening_onchain_read(struct workflow *wf, bool *found,
                                                     struct opening_onchain *out,
                                                     uint64_t request_id, uint64_t position,
                                                     struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err opening_onchain_of(struct workflow *wf, bool *found,
                                                   struct opening_onchain *out,
                                                   const uint8_t id32[32], int64_t at,
                                                   struct galen_errinfo *info);
/* The next one after *asked in which this home may have something to do. */
GALEN_MUST_CHECK enum galen_err opening_onchain_next(struct workflow *wf, bool *found,
                                                     struct opening_onchain *asked,
                                                     struct galen_errinfo *info);
/* The contract's openingId. position < 65536. */
struct chain_u256 opening_onchain_id(uint64_t request_id, uint64_t position);
/* What the contract says of it now. */
GALEN_MUST_CHECK enum galen_err opening_onchain_status(struct workflow *wf,
                                                       struct datahub_opening_info *out,
                                                       uint64_t request_id, uint64_t position,
                                                       struct galen_errinfo *info);
/* CHECK unless it is asked for on-chain, of an entry ruled Fraud, for exactly this signature. */
GALEN_MUST_CHECK enum galen_err opening_onchain_check(struct workflow *wf,
                                                      const struct opening_onchain *asked,
                                                      const struct opening *opening,
                                                      struct galen_errinfo *info);
/* A manager agrees, with its share, or declines: what opening_approve does when the contract has
 * such a request. */
GALEN_MUST_CHECK enum galen_err opening_approve_onchain(struct workflow *wf,
                                                        struct opening *opening,
                                                        const struct chain_address *other,
                                                        bool agree, struct json_object **result,
                                                        struct galen_errinfo *info);
/* Both managers' shares and the evidence to the requester. */
GALEN_MUST_CHECK enum galen_err opening_report_send(struct workflow *wf,
                                                    const struct opening *opening,
                                                    const struct opening_onchain *asked,
                                                    struct galen_errinfo *info);
/* The evidence that a requester was told, as {salt, row}; NULL when there is none. */
GALEN_MUST_CHECK enum galen_err opening_evidence(struct workflow *wf, struct json_object **out,
                                                 const struct opening *opening,
                                                 struct galen_errinfo *info);

/* ---- tokens (opening_reveal.c) ------------------------------------------------------------------ */

/* The revealed token of an opening's doctor, in the holder's home. */
GALEN_MUST_CHECK enum galen_err opening_token(struct workflow *wf, bool *found, uint8_t token[96],
                                              const struct opening *opening,
                                              struct galen_errinfo *info);
/* The opening whose doctor's token this holder itself has revealed as that one. */
GALEN_MUST_CHECK enum galen_err opening_of_token(struct workflow *wf, bool *found, uint8_t id32[32],
                                                 const struct chain_address *holder,
                                                 const uint8_t token[96],
                                                 struct galen_errinfo *info);

#endif
