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
    struct chain_address holder; /* GM or RM, of this home */
    bool is_gm;
    uint8_t id[32];
    uint32_t key_version;
    uint8_t msg32[32], sig362[GROUPSIG_SIGNATURE_BYTES];
    char reason[OPENING_REASON_MAX + 1];
    uint8_t gm_share[GROUPSIG_OPENING_SHARE_BYTES], rm_share[GROUPSIG_OPENING_SHARE_BYTES];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    bool has_rm_share, has_commitment;
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
/* Writes state, outcome, RM's share, commitment and times; outcome NULL keeps what stands. */
GALEN_MUST_CHECK enum galen_err opening_update(struct workflow *wf, struct opening *opening,
                                               const char *state, const char *outcome,
                                               struct galen_errinfo *info);
/* CHECK unless the signature holds under its key. */
GALEN_MUST_CHECK enum galen_err opening_verify(struct workflow *wf, const struct opening *opening,
                                               const struct groupsig_group_key **key,
                                               struct groupsig_verified *verified,
                                               struct galen_errinfo *info);
/* The member of an opened commitment in the holder's registry. */
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
