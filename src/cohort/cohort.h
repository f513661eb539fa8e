/*
 * cohort: made-up patients for the demo and for tests. From a seed come HL7 FHIR R4 transaction
 * Bundles, one for each adult heart patient: Patient, Encounters, Conditions, Procedures,
 * MedicationRequests and Observations whose codes are real (SNOMED CT, ICD-10-CM, RxNorm, LOINC,
 * UCUM) and whose people are not. Every resource carries HL7's tag for test health data (HTEST),
 * every name is "Synthetic". Stands on record's JSON helpers and json-c.
 *
 * Nothing here is secret or random: the generator (xoshiro256**, seeded through splitmix64) is
 * for reproducible variety and must never make keys, salts or identifiers of real things.
 */
#ifndef GALEN_COHORT_H
#define GALEN_COHORT_H

#include "base/base.h"

#include <json-c/json_object.h>

#define COHORT_MAX_PATIENTS 100000u
/* At least as many patients share each combination of quasi-identifiers (age band of five years,
 * gender, state, race and ethnicity, year of the cardiology visit), in a cohort of that size. */
#define COHORT_CLASS_PATIENTS 6u

struct cohort {
    uint64_t seed;  /* any; another seed gives other people */
    uint32_t count; /* patients, 1 to COHORT_MAX_PATIENTS */
    int64_t now_s;  /* Unix time; from 2000-01-01 to 2199-12-31 */
};

/*
 * The Bundle of patient `index` (0 to count - 1). The same cohort and index give the same Bundle,
 * on every machine. One cardiology visit lies in the year before now_s, none or up to two visits to
 * general practice lie before it; all refer to the one Patient by urn:uuid. The cardiology visit
 * has a diagnosis, a procedure, a medication and laboratory results at least.
 * *bundle is the caller's (json_object_put). Errors: USAGE (a number out of range), NOMEM; *bundle
 * is then untouched. Safe on any thread.
 */
GALEN_MUST_CHECK enum galen_err cohort_make_bundle(json_object **bundle,
                                                   const struct cohort *cohort, uint32_t index,
                                                   struct galen_errinfo *info);

/* The same as JSON text, appended to text. On failure text holds what it held. */
GALEN_MUST_CHECK enum galen_err cohort_write_bundle(struct base_buf *text,
                                                    const struct cohort *cohort, uint32_t index,
                                                    struct galen_errinfo *info);

#endif
