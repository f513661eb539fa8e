/*
 * The Safe Harbor rules (45 CFR 164.514(b)(2)) of a release, in one place.
 *
 * A release is what record_release_shape lets through; nothing passes that no row names. By the
 * rule's eighteen kinds of identifiers:
 *   names, numbers of all kinds, contacts, devices, photographs: no row
 *   places: the country, and in the United States the state; ZIP3 would need current census figures
 *   dates: the year; ages above 89 in one band
 *   any other unique text: codes only of public code systems in their own form, units only UCUM
 *     without annotations, values only decimal numbers; no display texts, no notes
 */
#include "record/safeharbor.h"
#include "record/shape.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- tables ---------------------------------------------------------------------------------- */

static const struct {
    const char *system;
    const char *alphabet;
    size_t min, max;
} code_systems[] = {
    {"http://snomed.info/sct", DIGITS, 6, 18},
    {"http://loinc.org", DIGITS "-LAP", 3, 10},
    {"http://www.nlm.nih.gov/research/umls/rxnorm", DIGITS, 1, 8},
    {"http://hl7.org/fhir/sid/icd-10", DIGITS UPPER ".", 3, 8},
    {"http://hl7.org/fhir/sid/icd-10-cm", DIGITS UPPER ".", 3, 8},
    {"http://www.cms.gov/Medicare/Coding/ICD10", DIGITS UPPER, 7, 7},
    {"http://hl7.org/fhir/sid/icd-9-cm", DIGITS "EV.", 3, 6},
    {"http://hl7.org/fhir/sid/cvx", DIGITS, 1, 3},
    {"http://hl7.org/fhir/sid/ndc", DIGITS "-", 10, 13},
    {"http://www.ama-assn.org/go/cpt", DIGITS "FTU", 5, 5},
    {"http://www.whocc.no/atc", DIGITS UPPER, 1, 7},
    {"urn:oid:2.16.840.1.113883.6.238", DIGITS "-", 6, 6}, /* CDC race and ethnicity */
};

/* LOINC codes whose value is a birth date, an age, a ZIP code or a number of the person's. */
static const char *const identifying_loinc[] = {
    "21112-8", "30525-0", "21612-7", "21611-9", "29553-5", "63900-5",
    "39016-1", "45401-7", "45396-9", "42077-8", "45397-7",
};

static const char countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN "
    "BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ "
    "DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL "
    "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM "
    "JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME "
    "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD "
    "SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

static const struct {
    const char *code;
    const char *name;
} states[] = {
    {"AL", "Alabama"},
    {"AK", "Alaska"},
    {"AZ", "Arizona"},
    {"AR", "Arkansas"},
    {"CA", "California"},
    {"CO", "Colorado"},
    {"CT", "Connecticut"},
    {"DE", "Delaware"},
    {"DC", "District of Columbia"},
    {"FL", "Florida"},
    {"GA", "Georgia"},
    {"HI", "Hawaii"},
    {"ID", "Idaho"},
    {"IL", "Illinois"},
    {"IN", "Indiana"},
    {"IA", "Iowa"},
    {"KS", "Kansas"},
    {"KY", "Kentucky"},
    {"LA", "Louisiana"},
    {"ME", "Maine"},
    {"MD", "Maryland"},
    {"MA", "Massachusetts"},
    {"MI", "Michigan"},
    {"MN", "Minnesota"},
    {"MS", "Mississippi"},
    {"MO", "Missouri"},
    {"MT", "Montana"},
    {"NE", "Nebraska"},
    {"NV", "Nevada"},
    {"NH", "New Hampshire"},
    {"NJ", "New Jersey"},
    {"NM", "New Mexico"},
    {"NY", "New York"},
    {"NC", "North Carolina"},
    {"ND", "North Dakota"},
    {"OH", "Ohio"},
    {"OK", "Oklahoma"},
    {"OR", "Oregon"},
    {"PA", "Pennsylvania"},
    {"RI", "Rhode Island"},
    {"SC", "South Carolina"},
    {"SD", "South Dakota"},
    {"TN", "Tennessee"},
    {"TX", "Texas"},
    {"UT", "Utah"},
    {"VT", "Vermont"},
    {"VA", "Virginia"},
    {"WA", "Washington"},
    {"WV", "West Virginia"},
    {"WI", "Wisconsin"},
    {"WY", "Wyoming"},
    {"PR", "Puerto Rico"},
    {"VI", "Virgin Islands"},
    {"GU", "Guam"},
    {"AS", "American Samoa"},
    {"MP", "Northern Mariana Islands"},
};

/* ---- rules over single texts -------------------------------------------------------------------
 */

bool record_code_public(const char *system, const char *code)
{
    size_t len = strlen(code);
    for (size_t i = 0; i < RECORD_COUNT_OF(code_systems); i++) {
        if (strcmp(system, code_systems[i].system) == 0)
            return len >= code_systems[i].min && len <= code_systems[i].max &&
                   strspn(code, code_systems[i].alphabet) == len;
    }
    return false;
}

bool record_is_loinc_identifying(const char *code)
{
    for (size_t i = 0; i < RECORD_COUNT_OF(identifying_loinc); i++) {
        if (strcmp(code, identifying_loinc[i]) == 0)
            return true;
    }
    return false;
}

const char *record_country_code(const char *country)
{
    static const char *const us_names[] = {"USA", "U.S.", "U.S.A.", "United States",
                                           "United States of America"};
    for (size_t i = 0; i < RECORD_COUNT_OF(us_names); i++) {
        if (strcasecmp(country, us_names[i]) == 0)
            return "US";
    }
    char word[4] = {0};
    if (strlen(country) != 2 || !isupper((unsigned char)country[0]) ||
        !isupper((unsigned char)country[1]))
        return NULL;
    memcpy(word, country, 2);
    word[2] = ' ';
    return strstr(countries, word) == NULL ? NULL : country;
}

const char *record_state_code(const char *state)
{
    for (size_t i = 0; i < RECORD_COUNT_OF(states); i++) {
        if (strcmp(state, states[i].code) == 0 || strcasecmp(state, states[i].name) == 0)
            return states[i].code;
    }
    return NULL;
}

bool record_unit_strip(char *out, size_t out_size, const char *unit)
{
    static const char alphabet[] = DIGITS UPPER "abcdefghijklmnopqrstuvwxyz%'*\".()/[]_+-^";
    size_t len = 0;
    for (const char *c = unit; *c != '\0'; c++) {
        if (*c == '{') {
            c = strchr(c, '}');
            if (c == NULL)
                return false;
            continue;
        }
        if (strchr(alphabet, *c) == NULL || len + 1 >= out_size)
            return false;
        out[len++] = *c;
    }
    out[len] = '\0';
    if (len == 0)
        snprintf(out, out_size, "1"); /* UCUM's unity, which an annotation alone stands for */
    return true;
}

void record_age_band(char out[RECORD_AGE_BAND_TEXT], int64_t age)
{
    int from = age < 0 ? 0 : age > 90 ? 90 : (int)age / 5 * 5;
    if (from == 90)
        snprintf(out, RECORD_AGE_BAND_TEXT, "90+");
    else
        snprintf(out, RECORD_AGE_BAND_TEXT, "%d-%d", from, from + 4);
}

/* ---- the shape of a release
 * ---------------------------------------------------------------------- */

static bool is_category(const char *text)
{
    const char *name = record_find_category(text);
    return name != NULL && strcmp(name, text) == 0;
}

static bool is_age_band(const char *text)
{
    char band[RECORD_AGE_BAND_TEXT];
    for (int age = 0; age <= 90; age += 5) {
        record_age_band(band, age);
        if (strcmp(text, band) == 0)
            return true;
    }
    return false;
}

static bool is_country(const char *text)
{
    return strlen(text) == 2 && record_country_code(text) != NULL;
}

static bool is_state(const char *text)
{
    return strlen(text) == 2 && record_state_code(text) != NULL;
}

static bool is_unit(const char *text)
{
    char stripped[65];
    return record_unit_strip(stripped, sizeof stripped, text) && strcmp(stripped, text) == 0;
}

static const char *public_rule(json_object *entry)
{
    const char *system = record_json_text(entry, "system");
    const char *code = record_json_text(entry, "code");
    return system != NULL && code != NULL && record_code_public(system, code)
               ? NULL
               : "not a code of a known public code system";
}

static const char *measured_rule(json_object *entry)
{
    const char *code = record_json_text(entry, "code");
    bool value = record_json_member(entry, "value") != NULL;
    if (code != NULL && record_is_loinc_identifying(code))
        return "a code that identifies the person";
    if (value && record_json_member(entry, "value_coded") != NULL)
        return "more than one value";
    if (!value && (record_json_member(entry, "unit") != NULL ||
                   record_json_member(entry, "comparator") != NULL))
        return "unit or comparator without a value";
    return public_rule(entry);
}

static const char *place_rule(json_object *location)
{
    const char *country = record_json_text(location, "country");
    return record_json_member(location, "state") == NULL ||
                   (country != NULL && strcmp(country, "US") == 0)
               ? NULL
               : "a state outside the United States";
}

#define CODE FORM("system", true, 64, NULL, NULL), FORM("code", true, 18, NULL, NULL)
#define VALUE                                                                                      \
    FORM("value", false, 64, record_is_decimal, "a decimal number"),                               \
        FORM("comparator", false, 2, record_is_comparator, "one of <, <=, >=, >"),                 \
        FORM("unit", false, 64, is_unit, "a UCUM unit without annotation"),                        \
        OBJECT("value_coded", false, &code_shape)

static const struct record_shape code_shape = {
    (const struct record_member[]){CODE, END},
    public_rule,
};
static const struct record_shape entry_shape = {
    (const struct record_member[]){CODE, LIST("also", 16, &code_shape), END},
    public_rule,
};
static const struct record_shape component_shape = {
    (const struct record_member[]){CODE, LIST("also", 16, &code_shape), VALUE, END},
    measured_rule,
};
static const struct record_shape lab_shape = {
    (const struct record_member[]){CODE, LIST("also", 16, &code_shape), VALUE,
                                   LIST("components", 256, &component_shape), END},
    measured_rule,
};
static const struct record_shape medical_shape = {
    (const struct record_member[]){
        LIST("diagnosis", RECORD_MAX_LIST, &entry_shape),
        LIST("treatment", RECORD_MAX_LIST, &entry_shape),
        LIST("medications", RECORD_MAX_LIST, &entry_shape),
        LIST("lab_results", RECORD_MAX_LIST, &lab_shape),
        END,
    },
    NULL,
};
static const struct record_shape location_shape = {
    (const struct record_member[]){
        FORM("country", true, 2, is_country, "an ISO 3166-1 country code"),
        FORM("state", false, 2, is_state, "a USPS state code"),
        END,
    },
    place_rule,
};
static const struct record_shape demographics_shape = {
    (const struct record_member[]){
        FORM("age", false, 7, is_age_band, "an age band of five years, or 90+"),
        FORM("gender", false, 8, record_is_gender, "male, female, other or unknown"),
        OBJECT("location", false, &location_shape),
        LIST("ethnicity", 16, &code_shape),
        END,
    },
    NULL,
};
static const struct record_shape counts_shape = {
    (const struct record_member[]){
        INTEGER("diagnosis", true, 0, RECORD_MAX_LIST),
        INTEGER("treatment", true, 0, RECORD_MAX_LIST),
        INTEGER("medications", true, 0, RECORD_MAX_LIST),
        INTEGER("lab_results", true, 0, RECORD_MAX_LIST),
        END,
    },
    NULL,
};
static const struct record_shape leaves_shape = {
    (const struct record_member[]){
        INTEGER("diagnosis", true, 0, RECORD_MAX_LEAVES),
        INTEGER("treatment", true, 0, RECORD_MAX_LEAVES),
        INTEGER("medications", true, 0, RECORD_MAX_LEAVES),
        INTEGER("lab_results", true, 0, RECORD_MAX_LEAVES),
        END,
    },
    NULL,
};
const struct record_shape record_release_shape = {
    (const struct record_member[]){
        FORM("category", true, 64, is_category, "a known category name"),
        INTEGER("year", true, 1, 9999),
        OBJECT("demographics", false, &demographics_shape),
        OBJECT("medical_data", false, &medical_shape),
        OBJECT("count", true, &counts_shape),
        OBJECT("leaves", true, &leaves_shape),
        END,
    },
    NULL,
};
