/* The demo's stage: an embedded chain, one home for each actor, one folder of blocks that stands
 * for IPFS, and the list of what was done and checked. */
#ifndef GALEN_CLI_DEMO_H
#define GALEN_CLI_DEMO_H

#include "cli/cli.h"
#include "node/embedded_chain.h"
#include "record/record.h"

enum demo_home {
    DEMO_GM,
    DEMO_RM,
    DEMO_HOSPITAL,
    DEMO_DOCTORS,
    DEMO_PATIENTS,
    DEMO_BUYER,
    DEMO_HOMES,
};

struct demo {
    char dir[512]; /* all of the demo's files */
    bool keep;
    FILE *out; /* NULL with --json */
    struct node_chain *chain;
    struct chain_rpc *rpc; /* the demo's own look at the chain */
    struct workflow *home[DEMO_HOMES];
    struct json_object *steps; /* owned; the last one takes checks */
    int64_t passed, failed;
    int64_t started_ms;
};

#define DEMO_N_DOCTORS    2
#define DEMO_MAX_PATIENTS 256
#define DEMO_K            2 /* fewest patients alike: a hospital's is 11 unless it says otherwise */
#define DEMO_ROOT_TEXT    (2 * RECORD_HASH_BYTES + 3) /* 0x and digits */

/* Who plays. */
struct demo_cast {
    struct chain_address gm, rm, hospital, buyer, doctors[DEMO_N_DOCTORS],
        patients[DEMO_MAX_PATIENTS];
    size_t n_patients;
    char hospital_text[CHAIN_ADDRESS_TEXT];
    char first_record[DEMO_ROOT_TEXT]; /* 0x… IDrec of the first patient's first */
    int64_t records;
};

/* Makes the folder, the chain and the homes. fhir files are checked to be readable later. */
GALEN_MUST_CHECK enum galen_err demo_open(struct demo *demo, const char *keep_dir, FILE *out,
                                          struct galen_errinfo *info);
void demo_close(struct demo *demo); /* ends the chain; removes the folder unless it is kept */

/* A step of the narration: who does what. */
GALEN_MUST_CHECK enum galen_err demo_step(struct demo *demo, const char *title, const char *actor,
                                          struct galen_errinfo *info, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A fact under the present step. */
void demo_note(struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something that must hold; counted, and shown with its mark. */
GALEN_MUST_CHECK enum galen_err demo_check(struct demo *demo, bool passed,
                                           struct galen_errinfo *info, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Names the transaction, or the transactions, in a result's member; there must be one. */
GALEN_MUST_CHECK enum galen_err demo_say_tx(struct demo *demo, struct json_object *result,
                                            const char *key, struct galen_errinfo *info);
/* All rows of a result's member "checks". */
GALEN_MUST_CHECK enum galen_err demo_checks(struct demo *demo, struct json_object *result,
                                            struct galen_errinfo *info);

/* Ether from nowhere, as test chains have it. */
GALEN_MUST_CHECK enum galen_err demo_fund(struct demo *demo, const struct chain_address *account,
                                          const char *ether, struct galen_errinfo *info);
/* Carries all sealed messages between the homes and lets every home sync, until nothing is left. */
GALEN_MUST_CHECK enum galen_err demo_deliver_mail(struct demo *demo, struct galen_errinfo *info);
/* The contact card of an identity of one home, given to another. */
GALEN_MUST_CHECK enum galen_err demo_give_card(struct demo *demo, enum demo_home from,
                                               const struct chain_address *who, enum demo_home to,
                                               struct galen_errinfo *info);

/* The purchasing workflow among these actors (demo_purchase.c). price_wei is 1 ETH in its words. */
GALEN_MUST_CHECK enum galen_err demo_purchase(struct demo *demo, const struct chain_address *buyer,
                                              const struct chain_address *hospital,
                                              const struct chain_address *patients,
                                              size_t n_patients, const char *price_wei,
                                              int min_records, struct galen_errinfo *info);
/* A sale with a forged, an incomplete and an invented entry: what the chain refuses by itself, what
 * both managers rule, and how the doctor is found (demo_fraud.c, demo_opening.c). */
GALEN_MUST_CHECK enum galen_err demo_fraud(struct demo *demo, const struct demo_cast *cast,
                                           struct galen_errinfo *info);
/* doctor-2's two records, by IDrec. */
enum { DEMO_TRUE, DEMO_INVENTED, DEMO_DOCTOR_2_RECORDS };
typedef char demo_roots[DEMO_DOCTOR_2_RECORDS][DEMO_ROOT_TEXT];
GALEN_MUST_CHECK enum galen_err demo_opening(struct demo *demo, const struct demo_cast *cast,
                                             uint64_t request_id, uint64_t entry, demo_roots roots,
                                             struct galen_errinfo *info);

/* Dishonest clients (demo_cheat.c). A doctor who invents: stores two records of the last patient, a
 * true one and one with a value that nobody measured. */
GALEN_MUST_CHECK enum galen_err demo_cheat_records(struct demo *demo, const struct demo_cast *cast,
                                                   demo_roots roots, struct galen_errinfo *info);
/* What a dishonest hospital does to its patients' answers. */
struct demo_cheat {
    const struct chain_address *robbed; /* whose payout it takes: consent no longer fits */
    const struct chain_address
        *accomplice;           /* who discloses less than was asked, and consents to it */
    const char *invented_root; /* the invented record */
    uint64_t at_robbed, at_accomplice, at_invented; /* out: their entries */
};
/* Delivers all answers so altered, sealed, without looking. *tx: as in other results. */
GALEN_MUST_CHECK enum galen_err demo_cheat_deliver(struct demo *demo, const struct demo_cast *cast,
                                                   uint64_t request_id, struct demo_cheat *cheat,
                                                   struct json_object **result,
                                                   struct galen_errinfo *info);

/* All homes' gas reports, printed and given; every transaction is checked against its receipt. */
GALEN_MUST_CHECK enum galen_err demo_gas_table(struct demo *demo, struct json_object **table,
                                               struct galen_errinfo *info);

/* What the transactions of one home cost its accounts in gas, in all. */
GALEN_MUST_CHECK enum galen_err demo_fees(struct workflow *wf, struct chain_u256 *wei,
                                          struct galen_errinfo *info);

/* A text or number member of a result; "" and 0 when there is none. */
const char *demo_text(struct json_object *result, const char *key);
int64_t demo_number(struct json_object *result, const char *key);

#endif
