/* cohort's own: who a made-up patient is and what is the matter, before it becomes FHIR. */
#ifndef GALEN_COHORT_PERSON_H
#define GALEN_COHORT_PERSON_H

#include "cohort/cohort.h"
#include "cohort/draw.h"

/* A code in its system, with the system's own words for it. */
struct person_code {
    const char *code;
    const char *display;
};

struct person_diagnosis {
    struct person_code snomed;
    struct person_code icd10;
};

struct person_medication {
    struct person_code rxnorm;
    const char *dosage;
};

struct person_race {
    struct person_code race;
    struct person_code ethnicity;
};

struct person_place {
    const char *state;
    const char *postal_code;
};

enum {
    PERSON_MAX_VISITS = 3,
    PERSON_MAX_DIAGNOSES = 4,
    PERSON_MAX_PROCEDURES = 3,
    PERSON_MAX_MEDICATIONS = 6,
};

/* What was measured at a visit; 0 where it was not. */
struct person_readings {
    int systolic_mmhg;
    int diastolic_mmhg;
    int heart_rate_bpm;
    int ldl_mg_dl;
    int hba1c_tenths; /* of a percent */
};

struct person_visit {
    bool cardiology; /* else general practice */
    int64_t start_s;
    int minutes;
    const struct person_diagnosis *diagnoses[PERSON_MAX_DIAGNOSES];
    size_t diagnosis_count;
    const struct person_code *procedures[PERSON_MAX_PROCEDURES];
    size_t procedure_count;
    const struct person_medication *medications[PERSON_MAX_MEDICATIONS];
    size_t medication_count;
    struct person_readings readings;
};

struct person {
    uint32_t number; /* within the cohort, from 0 */
    bool female;
    int64_t birth_s; /* midnight */
    const struct person_place *place;
    const struct person_race *race;
    struct person_visit visits[PERSON_MAX_VISITS]; /* oldest first; the last is cardiology */
    size_t visit_count;
};

/* Patient `number` of the cohort, whose members are in range. Leaves the stream for the ids. */
void person_make(struct person *person, struct draw *draw, const struct cohort *cohort,
                 uint32_t number);

#endif
