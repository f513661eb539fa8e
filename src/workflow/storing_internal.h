/* What sharing and purchasing need of storing, and what its files share: a patient's own record,
 * opened; where a record is anchored; index cards. */
#ifndef GALEN_WORKFLOW_STORING_INTERNAL_H
#define GALEN_WORKFLOW_STORING_INTERNAL_H

#include "workflow/internal.h"

/* {0} is empty. Holds the record's seed and content: clear it. */
struct storing_opened {
    int64_t id; /* of the row in `record` */
    char state[16];
    struct chain_address owner;
    uint8_t idrec[32];
    uint8_t cid[32];
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES];
    uint32_t key_version;
    uint8_t seed[RECORD_SEED_BYTES]; /* secret */
    struct json_object *record;      /* owned */
    struct json_object *releases;    /* owned; array of galen.release/1, may be empty */
    struct base_buf cert;            /* {sig, eId}, JCS */
    size_t envelope_len;
};

void storing_opened_clear(struct storing_opened *opened); /* NULL and {0} are fine */
#define STORING_OPENED_AUTO GALEN_CLEANUP(storing_opened_clear) struct storing_opened

/* What a group signature covers that is good at one contract alone: SHA-256(domain ‖ chain id u256
 * ‖ contract 20 ‖ parts). */
GALEN_MUST_CHECK enum galen_err storing_bound_digest(const struct workflow *wf,
                                                     uint8_t digest32[32], const char *domain,
                                                     const struct base_view *parts, size_t n,
                                                     struct galen_errinfo *info);
/* The wallet of the hospital that a record names. */
GALEN_MUST_CHECK enum galen_err storing_hospital_of(struct chain_address *out,
                                                    struct json_object *record,
                                                    struct galen_errinfo *info);
/* How many releases of a record of this home's nobody has been sold. */
GALEN_MUST_CHECK enum galen_err storing_releases_left(struct workflow *wf, int64_t record_id,
                                                      int64_t *left, struct galen_errinfo *info);

/* Opens a record that a patient of this home owns. reference: its Merkle root (hex) or its CID. The
 * content is held against the row: IDrec is computed again. NOT_FOUND: no such record, or its block
 * is not at hand; USAGE: reference is neither; STATE: several records have this root, name the CID;
 * CHECK: what stands in the block is not this record. *out must be empty. */
GALEN_MUST_CHECK enum galen_err storing_open_record(struct workflow *wf, const char *reference,
                                                    struct storing_opened *out,
                                                    struct galen_errinfo *info);
/* The same by the row's id in `record`. */
GALEN_MUST_CHECK enum galen_err storing_open_row(struct workflow *wf, int64_t id,
                                                 struct storing_opened *out,
                                                 struct galen_errinfo *info);

/* When the contract anchored exactly this, in Unix seconds; 0: it did not. */
GALEN_MUST_CHECK enum galen_err
storing_find_anchor(struct workflow *wf, int64_t *anchored_at, const uint8_t root32[32],
                    const struct chain_address *owner, const uint8_t cid32[32],
                    const uint8_t sig362[GROUPSIG_SIGNATURE_BYTES], uint32_t key_version,
                    struct galen_errinfo *info);

/* ---- among storing's files ---------------------------------------------------------------- */

#define STORING_MAX_RELEASES 16
#define STORING_RELEASES     3 /* made with a record unless told otherwise, and at a top-up */
#define ENVELOPE_TYPE        "galen.envelope/1"
#define HAND_OVER_TYPE       "galen.hand-over/1"
#define INDEX_MESSAGE_TYPE   "galen.index-card/1"

/* A row of `record`. */
struct storing_row {
    int64_t id;
    struct chain_address holder, owner;
    const char *side, *state; /* static */
    char reason[384];
    uint8_t root[32], cid[32], sig[GROUPSIG_SIGNATURE_BYTES];
    uint32_t key_version;
    int64_t anchored_at; /* 0: not yet */
};
GALEN_MUST_CHECK enum galen_err storing_get_row(struct workflow *wf, struct storing_row *row,
                                                int64_t id, struct galen_errinfo *info);
/* By Merkle root (hex, at least 8 digits of it) or CID. side NULL: any, the patient's first.
 * Anchored rows come before others. NOT_FOUND, USAGE, STATE (several). */
GALEN_MUST_CHECK enum galen_err storing_find_row(struct workflow *wf, struct storing_row *row,
                                                 const char *reference, const char *side,
                                                 struct galen_errinfo *info);
/* A row's envelope: the local one, Kubo's, then the owner's node or the relay's.
 * (storing_envelope.c)
 */
GALEN_MUST_CHECK enum galen_err storing_get_envelope(struct workflow *wf, struct base_buf *out,
                                                     const struct storing_row *row,
                                                     struct galen_errinfo *info);
/* reason NULL: none. */
GALEN_MUST_CHECK enum galen_err storing_set_state(struct workflow *wf, int64_t id,
                                                  const char *state, const char *reason,
                                                  struct galen_errinfo *info);

/* The envelope's context, JCS: {eid, idrec, patient, type galen.envelope/1}. eid is the SHA-256 of
 * the CERT's eId, which the envelope's tag does not cover: without it anyone could anchor a copy
 * whose eId the managers cannot open. */
#define STORING_CONTEXT_TEXT 288
void storing_context(char out[STORING_CONTEXT_TEXT], const uint8_t root32[32],
                     const struct chain_address *patient, struct base_view eid);
/* The parts of opening a record, each one check. The envelope's CERT holds the row's signature;
 * cert (may be NULL) is replaced. */
GALEN_MUST_CHECK enum galen_err storing_check_cert(const struct storing_row *row,
                                                   struct base_view envelope, struct base_buf *cert,
                                                   struct galen_errinfo *info);
/* Opens with the holder's key; context, key version and form of the content. *out must be empty. */
GALEN_MUST_CHECK enum galen_err storing_decrypt(struct workflow *wf, const struct storing_row *row,
                                                struct base_view envelope,
                                                struct storing_opened *out,
                                                struct galen_errinfo *info);
/* The managers, of a complaint: with K_patient. row: its owner, root, cid, sig and key version. */
GALEN_MUST_CHECK enum galen_err storing_decrypt_with_key(const struct storing_row *row,
                                                         struct base_view envelope,
                                                         const uint8_t key32[32],
                                                         struct storing_opened *out,
                                                         struct galen_errinfo *info);
/* A valid record of the row's owner whose IDrec is the row's Merkle root. */
GALEN_MUST_CHECK enum galen_err storing_check_root(const struct storing_opened *opened,
                                                   struct galen_errinfo *info);
/* CHECK unless the row's group signature over IDrec and owner holds; NOT_FOUND: unknown version. */
/* verified may be NULL. */
GALEN_MUST_CHECK enum galen_err
storing_check_signature(struct workflow *wf, struct groupsig_verified *verified,
                        uint32_t key_version, const uint8_t sig362[362], const uint8_t root32[32],
                        const struct chain_address *owner, struct galen_errinfo *info);
/* Every release: form, address by the patient's sale key, group signature. roots receives one 32
 * byte root each. */
GALEN_MUST_CHECK enum galen_err storing_check_releases(struct workflow *wf,
                                                       const struct storing_opened *opened,
                                                       const struct chain_address *patient,
                                                       uint8_t roots[STORING_MAX_RELEASES][32],
                                                       size_t *n_roots, struct galen_errinfo *info);

/* The record comes from an import: its mark is kept with its row. (storing_doctor.c) */
void storing_draft_of_import(struct storing_draft *draft, int64_t import_id,
                             const uint8_t mark32[32]);
/* storeDataFor from the doctor's own wallet (the row's holder): it names the doctor. */
GALEN_MUST_CHECK enum galen_err storing_send_from_wallet(struct workflow *wf,
                                                         const struct storing_row *row,
                                                         struct json_object **tx,
                                                         struct galen_errinfo *info);
/* Of a message under a version that the chain has not told of: the next one may just not have been
 * seen yet, which is STATE; no other can be real, which is CHECK. */
GALEN_MUST_CHECK enum galen_err storing_unknown_version(struct workflow *wf, uint32_t key_version,
                                                        struct galen_errinfo *info);

/* Step 5 of what the doctor's row still has to hand over; nothing when all is done. tx as in
 * workflow_transact, for records sent from the wallet. */
GALEN_MUST_CHECK enum galen_err storing_send_row(struct workflow *wf, int64_t id,
                                                 struct json_object **tx,
                                                 struct galen_errinfo *info);
/* The same for all rows that an interruption left. */
GALEN_MUST_CHECK enum galen_err storing_retry_unsent(struct workflow *wf,
                                                     struct galen_errinfo *info);
/* A doctor's key in force. {0} is empty. (storing_sign.c) */
struct storing_signer {
    uint32_t key_version;
    const struct groupsig_group_key *key; /* borrowed from wf */
    struct groupsig_member_secret member;
};
void storing_signer_clear(struct storing_signer *signer);
#define STORING_SIGNER_AUTO GALEN_CLEANUP(storing_signer_clear) struct storing_signer
/* STATE when the doctor is no member under that key. */
GALEN_MUST_CHECK enum galen_err storing_signer_load(struct workflow *wf,
                                                    struct storing_signer *signer,
                                                    const struct chain_address *doctor,
                                                    struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err storing_sign(const struct storing_signer *signer,
                                             uint8_t sig362[362], const uint8_t msg32[32],
                                             struct galen_errinfo *info);
/* n releases of that content for the patient with that sale key: an array of galen.release/1. */
GALEN_MUST_CHECK enum galen_err
storing_make_releases(struct workflow *wf, const struct storing_signer *signer,
                      const uint8_t sale_key33[33], struct json_object *content, size_t n,
                      struct json_object **releases, struct galen_errinfo *info);

/* Does the list name the signature's doctor, from now (Unix seconds) or before on? CHECK; STATE
 * when the list cannot be used. (storing_relay.c) */
struct revocation_list;
GALEN_MUST_CHECK enum galen_err storing_check_unrevoked(const struct revocation_list *list,
                                                        int64_t now,
                                                        const struct groupsig_verified *verified,
                                                        struct galen_errinfo *info);

/* ---- top-up (topup*.c) ---- */

/* With the doctor's new row: what further releases are made of, unless config.json says that none
 * are to be. */
GALEN_MUST_CHECK enum galen_err topup_keep_source(struct workflow *wf, int64_t record_id,
                                                  const struct chain_address *hospital,
                                                  const uint8_t seed32[RECORD_SEED_BYTES],
                                                  struct json_object *content,
                                                  struct galen_errinfo *info);
/* What the doctor's group signature over an answer is of: SHA-256("galen/topup/1" ‖ chain id u256 ‖
 * DataHub 20 ‖ patient 20 ‖ IDrec 32 ‖ tag 32 ‖ SHA-256(JCS(releases))). */
GALEN_MUST_CHECK enum galen_err topup_msg32(const struct workflow *wf, uint8_t msg32[32],
                                            const struct chain_address *patient,
                                            const uint8_t root32[32], const uint8_t tag32[32],
                                            struct json_object *releases,
                                            struct galen_errinfo *info);
/* A record's releases that came later, behind those of its envelope in opened->releases. */
GALEN_MUST_CHECK enum galen_err topup_add_kept(struct workflow *wf, struct storing_opened *opened,
                                               struct galen_errinfo *info);
/* A request is good for so long, at the patient's, the hospital's and the doctor's. */
#define TOPUP_DAYS           30
#define TOPUP_TYPE           "galen.topup/1"
#define TOPUP_WANTED_TYPE    "galen.topup-wanted/1"
#define TOPUP_LIST_TYPE      "galen.topups/1"
#define TOPUP_LIST_MAX       10000
#define TOPUP_LIST_MAX_BYTES (1 << 20)

/* {type galen.unsent/1, hospital, card, cardSig, fromWallet}: what the doctor's row keeps, sealed
 * to the home, until it is handed over. */
#define UNSENT_TYPE "galen.unsent/1"

/* What an index card's group signature is over: SHA-256("galen/index/1" ‖ chain id u256 ‖ DataHub
 * 20 ‖ hospital 20 ‖ SHA-256(JCS(card))). */
GALEN_MUST_CHECK enum galen_err storing_card_msg32(const struct workflow *wf, uint8_t msg32[32],
                                                   const struct chain_address *hospital,
                                                   struct json_object *card,
                                                   struct galen_errinfo *info);

/*
 * Index cards (galen.index/1), in the table index_card sealed by workflow_home_seal:
 * {type, recordId (Merkle root, 0x hex), patient, category, year, demographics {age (band), gender,
 * location {country, state}, ethnicity}, medical_data {diagnosis, treatment, medications,
 * lab_results: [{system, code}], each once}}. From category on it has a release's names, so
 * record_template_matches takes a card as content.
 */
#define INDEX_CARD_TYPE "galen.index/1"
/* From the content of a release of the record. */
GALEN_MUST_CHECK enum galen_err storing_make_index_card(struct json_object **card,
                                                        const uint8_t root32[32],
                                                        const struct chain_address *patient,
                                                        struct json_object *release_content,
                                                        struct galen_errinfo *info);

/* Adds category, issued and hospital of an anchored record of a patient here; `unreadable` with the
 * reason where it cannot be opened. (storing_summary.c) */
GALEN_MUST_CHECK enum galen_err storing_summarise(struct workflow *wf, struct json_object *object,
                                                  const struct storing_row *row,
                                                  struct galen_errinfo *info);
void storing_summaries_free(struct workflow *wf);

#endif
