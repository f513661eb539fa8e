/*
 * Safe Harbor (45 CFR 164.514(b)(2)): the rules of safeharbor.json, whose tables are made at build
 * time, and the shape of a release.
 *
 * A release is what record_release_shape lets through; nothing passes that no row names. The rules
 * say the same field by field, with the reason, and each release is held against them too
 * (deidentify.c); a test holds shape and rules against each other. By the rule's eighteen kinds of
 * identifiers:
 *   names, numbers of all kinds, contacts, devices, photographs: no row
 *   places: the country, and in the United States the state; ZIP3 would need current census figures
 *   dates: the year; ages above 89 in one band
 *   any other unique text: codes only of public code systems in their own form, units only UCUM
 *     without annotations, values only decimal numbers; no display texts, no notes
 */
#include "record/safeharbor.h"
#include "record/shape.h"

#include <string.h>
#include <strings.h>

#include "safeharbor_tables.h"

/* ---- the rules ------------------------------------------------------------------------------- */

/* pattern: as a rule has it, "*" for any one part. */
bool record_path_fits(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/");
        size_t have = strcspn(++path, "/");
        const bool is_any = want == 1 && *pattern == '*';
        if (!is_any && (want != have || strncmp(pattern, path, want) != 0))
            return false;
        pattern += want;
        path += have;
    }
    return *pattern == '\0' && *path == '\0';
}

const struct record_field_rule *record_field_rule_of(const char *path)
{
    for (size_t i = 0; i < RECORD_COUNT_OF(field_rules); i++) {
        if (record_path_fits(field_rules[i].path, path))
            return &field_rules[i];
    }
    return NULL;
}

const struct record_field_rule *record_field_rules(size_t *n)
{
    *n = RECORD_COUNT_OF(field_rules);
    return field_rules;
}

enum galen_err record_release_rules(json_object **out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    for (size_t i = 0; i < RECORD_COUNT_OF(safeharbor_json); i++)
        GALEN_TRY(record_buf_put(&text, safeharbor_json[i], strlen(safeharbor_json[i]), info));
    RECORD_JSON_AUTO rules = NULL;
    GALEN_TRY(
        record_json_parse(&rules, (const char *)text.data, text.len, RECORD_MAX_JSON_BYTES, info));
    json_object *categories = json_object_new_array();
    GALEN_TRY(record_json_set(rules, "categories", categories, info));
    for (const char *const *name = record_categories(); *name != NULL; name++)
        GALEN_TRY(record_json_push(categories, json_object_new_string(*name), info));
    *out = rules;
    rules = NULL;
    return GALEN_OK;
}

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
    for (size_t i = 0; i < RECORD_COUNT_OF(us_names); i++) {
        if (strcasecmp(country, us_names[i]) == 0)
            return "US";
    }
    for (size_t i = 0; i < RECORD_COUNT_OF(countries); i++) {
        if (strcmp(country, countries[i]) == 0)
            return countries[i];
    }
    return NULL;
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
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "%'*\".()/[]_+-^";
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
    int from = age < 0 ? 0
               : age > RECORD_AGE_OPEN_FROM
                   ? RECORD_AGE_OPEN_FROM
                   : (int)age / RECORD_AGE_BAND_YEARS * RECORD_AGE_BAND_YEARS;
    if (from == RECORD_AGE_OPEN_FROM)
        snprintf(out, RECORD_AGE_BAND_TEXT, "%d+", from);
    else
        snprintf(out, RECORD_AGE_BAND_TEXT, "%d-%d", from, from + RECORD_AGE_BAND_YEARS - 1);
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
    for (int age = 0; age <= RECORD_AGE_OPEN_FROM; age += RECORD_AGE_BAND_YEARS) {
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
