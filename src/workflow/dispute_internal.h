/*
 * What the files of disputes share:
 *   dispute_status.c    where entries stand, on the chain and by its events
 *   dispute_invalid.c   what the contract itself finds invalid, and the proof
 *   dispute_open.c      the buyer disputes
 *   dispute_evidence.c  what the buyer gives the managers, and they keep
 *   dispute_rule.c      a manager's verdict
 *   dispute_vote.c      the verdict that a manager's node gives by itself
 *   dispute_show.c      what there is to decide, and everything about it
 *
 * dispute-evidence, buyer → GM and RM, in as many messages as it takes:
 *   {type galen.dispute-evidence/1, requestId, buyerKey (the template's private JWK), reason,
 *    entries: [{index, bundleCid?, ek?, failed?}]}
 * entries in ascending order; what the buyer itself could not get is left out. failed: true where
 * one of the buyer's own checks of the entry failed; without it the buyer doubts what is in it, and
 * only a person can say that the patient is paid.
 */
#ifndef GALEN_WORKFLOW_DISPUTE_INTERNAL_H
#define GALEN_WORKFLOW_DISPUTE_INTERNAL_H

#include "workflow/dispute.h"
#include "workflow/purchasing_internal.h"

#define DISPUTE_EVIDENCE_TYPE "galen.dispute-evidence/1"
#define DISPUTE_EVIDENCE_PART 200 /* entries in one message: it must fit SEAL_OBJECT_MAX */

/* ---- dispute_status.c ------------------------------------------------------------------------ */

/* As the contract counts them. */
enum dispute_status {
    DISPUTE_UNSETTLED,
    DISPUTE_PAID,
    DISPUTE_DISPUTED,
    DISPUTE_RULED_PAY,
    DISPUTE_REFUNDED,
    DISPUTE_FRAUDULENT,
    DISPUTE_INVALID,
};
const char *dispute_status_name(enum dispute_status status);
bool dispute_is_settled(enum dispute_status status);

struct dispute_entry {
    uint64_t index;
    enum dispute_status status;
    enum dispute_verdict gm_vote, rm_vote;
};
struct dispute_entries {
    struct dispute_entry *items; /* owned, by index */
    size_t n;
};
void dispute_entries_clear(struct dispute_entries *entries);
#define DISPUTE_ENTRIES_AUTO GALEN_CLEANUP(dispute_entries_clear) struct dispute_entries

/* One entry as the contract has it now. */
GALEN_MUST_CHECK enum galen_err dispute_read_entry(struct workflow *wf, struct dispute_entry *out,
                                                   uint64_t request_id, uint64_t index,
                                                   struct galen_errinfo *info);
/* The named entries, sorted; USAGE for one that the request has not, or that is named twice. n 0:
 * those which the events say are or were disputed or invalid. *out must be empty. */
GALEN_MUST_CHECK enum galen_err dispute_read_entries(struct workflow *wf,
                                                     struct dispute_entries *out,
                                                     const struct purchasing_onchain *chain,
                                                     const uint64_t *indices, size_t n,
                                                     struct galen_errinfo *info);
/* "0, 3 to 7, 9", cut with "…" at the end of the buffer. */
void dispute_index_text(char *out, size_t size, const uint64_t *indices, size_t n);
/* As dispute_entry's members in a result. */
GALEN_MUST_CHECK enum galen_err dispute_entry_json(struct json_object **out,
                                                   const struct dispute_entry *entry,
                                                   struct galen_errinfo *info);

/* By half the ruling window the managers must have what they judge by, or the seller loses. */
int64_t dispute_evidence_by(const struct purchasing_onchain *chain);

/* ---- dispute_vote.c ---------------------------------------------------------------------------- */

/* Adds {automatic: {verdict, why, checks, at}} where this home's node has looked at the entry. */
GALEN_MUST_CHECK enum galen_err dispute_show_vote(struct workflow *wf, struct json_object *row,
                                                  uint64_t request_id, uint64_t index,
                                                  struct galen_errinfo *info);

/* ---- dispute_invalid.c ----------------------------------------------------------------------- */

/* *fault: why the contract finds the entry invalid, a static text, or NULL: it finds it valid. As
 * strict as the contract in both directions. NOT_FOUND when the group key is not at hand. */
GALEN_MUST_CHECK enum galen_err dispute_find_fault(struct workflow *wf, const char **fault,
                                                   uint64_t request_id,
                                                   const struct purchasing_entry *entry,
                                                   struct galen_errinfo *info);

/* ---- dispute_evidence.c ---------------------------------------------------------------------- */

/* Sends both managers what they need of entries that are in dispute: those of `indices`, in
 * ascending order, all with one reason. USAGE, NOT_FOUND as dispute_check_managers. */
GALEN_MUST_CHECK enum galen_err dispute_send_evidence(struct workflow *wf,
                                                      const struct chain_address *buyer,
                                                      uint64_t request_id, const uint64_t *indices,
                                                      size_t n, const char *reason,
                                                      struct galen_errinfo *info);
/* Both managers, whose encryption keys must be known here: NOT_FOUND with what to do. */
GALEN_MUST_CHECK enum galen_err dispute_check_managers(struct workflow *wf,
                                                       struct chain_address managers[2],
                                                       struct galen_errinfo *info);

/* What a home knows of one disputed entry; {0} is nothing. */
struct dispute_evidence {
    char reason[DISPUTE_REASON_MAX + 1];
    bool has_bundle;
    uint8_t bundle_cid[32];
    char *ek;        /* owned; NULL: none */
    bool has_failed; /* one of the buyer's own checks */
};
void dispute_evidence_clear(struct dispute_evidence *evidence);
#define DISPUTE_EVIDENCE_AUTO GALEN_CLEANUP(dispute_evidence_clear) struct dispute_evidence
/* What a manager of this home was given; *found is false when nothing was. *out must be empty. */
GALEN_MUST_CHECK enum galen_err dispute_load_evidence(struct workflow *wf,
                                                      struct dispute_evidence *out, bool *found,
                                                      uint64_t request_id, uint64_t index,
                                                      struct galen_errinfo *info);
/* The template's private key: the buyer's own, or as a manager was given it. NOT_FOUND. */
GALEN_MUST_CHECK enum galen_err dispute_load_key(struct workflow *wf, struct base_secret *out,
                                                 const uint8_t template_hash32[32],
                                                 struct galen_errinfo *info);
/* A dispute-evidence body, strictly; only its form is checked. */
struct dispute_message {
    uint64_t request_id;
    const char *reason;           /* borrowed from the body */
    struct base_secret buyer_key; /* owned */
    struct json_object *entries;  /* borrowed: each has passed dispute_parse_row */
};
void dispute_message_clear(struct dispute_message *message);
#define DISPUTE_MESSAGE_AUTO GALEN_CLEANUP(dispute_message_clear) struct dispute_message
GALEN_MUST_CHECK enum galen_err dispute_parse_evidence(struct dispute_message *out,
                                                       struct json_object *body,
                                                       struct galen_errinfo *info);

#endif
