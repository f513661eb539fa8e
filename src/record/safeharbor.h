/* The single rules of Safe Harbor that texts are held against; safeharbor.c has the tables. */
#ifndef GALEN_RECORD_SAFEHARBOR_H
#define GALEN_RECORD_SAFEHARBOR_H

#include "record/internal.h"

#define RECORD_AGE_BAND_TEXT 8

/* "40-44" … "85-89", "90+". */
void record_age_band(char out[RECORD_AGE_BAND_TEXT], int64_t age);

/* A code of a public code system, formed as that system's codes are, that identifies nobody. */
bool record_code_public(const char *system, const char *code);
bool record_is_loinc_identifying(const char *code);

/* ISO 3166-1 alpha-2 of a code or one of the United States' usual names; NULL when unknown. The
 * result is static or code itself. */
const char *record_country_code(const char *country);
/* USPS code of a state or territory, by code or name; NULL when unknown. Static. */
const char *record_state_code(const char *state);

/* UCUM unit without annotations ({…}, which carry free text and no meaning); false when it does not
 * fit or holds anything a UCUM unit does not. */
bool record_unit_strip(char *out, size_t out_size, const char *unit);

#endif
