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

#endif
