/*
 * The record's closed schema, galen.record/1. Every member is named here and nowhere else; what
 * each means stands at record_validate in record.h. The signing doctor has no place in it on
 * purpose.
 */
#include "record/shape.h"

#include <string.h>

#define CODED                                                                                      \
    TEXT("system", false, 256), TEXT("code", false, 128),                                          \
        TEXT("display", false, RECORD_MAX_TEXT_BYTES)
#define ENTRY                                                                                      \
    CODED, LIST("also", 16, &also_shape), TEXT("status", false, 64),                               \
        FORM("date", false, 39, record_is_date, "a FHIR date"),                                    \
        FORM("end", false, 39, record_is_date, "a FHIR date")
#define VALUE                                                                                      \
    FORM("value", false, 64, record_is_decimal, "a decimal number"),                               \
        FORM("comparator", false, 2, record_is_comparator, "one of <, <=, >=, >"),                 \
        TEXT("unit", false, 64), TEXT("unit_text", false, 128),                                    \
        OBJECT("value_coded", false, &coded_shape),                                                \
        TEXT("value_text", false, RECORD_MAX_TEXT_BYTES)

static bool has(json_object *object, const char *key)
{
    return record_json_member(object, key) != NULL;
}

static const char *coded_rule(json_object *entry)
{
    if (!has(entry, "code") && !has(entry, "display"))
        return "neither code nor display";
    if (has(entry, "system") && !has(entry, "code"))
        return "a system without a code";
    if (has(entry, "also") && !has(entry, "code"))
        return "further codes without a first one";
    return NULL;
}

static const char *measured_rule(json_object *entry)
{
    if (!has(entry, "value") && !has(entry, "value_coded") && !has(entry, "value_text") &&
        !has(entry, "components"))
        return "a result without a value";
    if (has(entry, "value") + has(entry, "value_coded") + has(entry, "value_text") > 1)
        return "more than one value";
    if (has(entry, "unit") && has(entry, "unit_text"))
        return "both unit and unit_text";
    if (!has(entry, "value") &&
        (has(entry, "unit") || has(entry, "unit_text") || has(entry, "comparator")))
        return "unit or comparator without a value";
    return coded_rule(entry);
}

static bool is_type(const char *text)
{
    return strcmp(text, RECORD_TYPE) == 0;
}

static bool is_utc(const char *text)
{
    int64_t unix_s;
    return strlen(text) == BASE_TIME_TEXT - 1 && text[10] == 'T' && text[19] == 'Z' &&
           strncmp(text, "0000", 4) != 0 && base_time_parse(&unix_s, text, NULL) == GALEN_OK;
}

static const struct record_shape coded_shape = {
    (const struct record_member[]){CODED, END},
    coded_rule,
};
static const struct record_shape also_shape = {
    (const struct record_member[]){TEXT("system", false, 256), TEXT("code", true, 128),
                                   TEXT("display", false, RECORD_MAX_TEXT_BYTES), END},
    NULL,
};
static const struct record_shape entry_shape = {
    (const struct record_member[]){ENTRY, END},
    coded_rule,
};
static const struct record_shape medication_shape = {
    (const struct record_member[]){ENTRY, TEXT("dosage", false, RECORD_MAX_TEXT_BYTES), END},
    coded_rule,
};
static const struct record_shape component_shape = {
    (const struct record_member[]){CODED, LIST("also", 16, &also_shape), VALUE, END},
    measured_rule,
};
static const struct record_shape lab_shape = {
    (const struct record_member[]){ENTRY, VALUE, LIST("components", 256, &component_shape), END},
    measured_rule,
};
static const struct record_shape medical_shape = {
    (const struct record_member[]){
        LIST("diagnosis", RECORD_MAX_LIST, &entry_shape),
        LIST("treatment", RECORD_MAX_LIST, &entry_shape),
        LIST("medications", RECORD_MAX_LIST, &medication_shape),
        LIST("lab_results", RECORD_MAX_LIST, &lab_shape),
        END,
    },
    NULL,
};
static const struct record_shape location_shape = {
    (const struct record_member[]){
        TEXT("city", false, 128),
        TEXT("state", false, 128),
        TEXT("postal_code", false, 16),
        TEXT("country", false, 64),
        END,
    },
    NULL,
};
static const struct record_shape demographics_shape = {
    (const struct record_member[]){
        INTEGER("age", false, 0, 150),
        FORM("gender", false, 8, record_is_gender, "male, female, other or unknown"),
        OBJECT("location", false, &location_shape),
        LIST("ethnicity", 16, &coded_shape),
        END,
    },
    NULL,
};
static const struct record_shape hospital_shape = {
    (const struct record_member[]){
        TEXT("name", true, 256),
        FORM("address", true, 42, record_is_address, "an address (0x and 40 hex digits)"),
        END,
    },
    NULL,
};
const struct record_shape record_shape_whole = {
    (const struct record_member[]){
        FORM("type", true, 32, is_type, RECORD_TYPE),
        FORM("patient", true, 42, record_is_address, "an address (0x and 40 hex digits)"),
        FORM("issued", true, 20, is_utc, "an RFC 3339 time in UTC (like 2026-01-31T23:59:59Z)"),
        OBJECT("hospital", true, &hospital_shape),
        TEXT("category", true, 64),
        OBJECT("demographics", false, &demographics_shape),
        OBJECT("medical_data", false, &medical_shape),
        TEXT("notes", false, RECORD_MAX_NOTES_BYTES),
        END,
    },
    NULL,
};

enum galen_err record_validate(json_object *record, struct galen_errinfo *info)
{
    struct record_path path = {0};
    GALEN_TRY(record_shape_check(&record_shape_whole, record, &path, info));
    size_t count = record_count_leaves(record);
    if (count > RECORD_MAX_LEAVES)
        return base_fail(info, GALEN_ERR_LIMIT, "%zu fields; at most %u fit into one record", count,
                         RECORD_MAX_LEAVES);
    return GALEN_OK;
}

enum galen_err record_parse(json_object **out, const char *text, size_t len,
                            struct galen_errinfo *info)
{
    RECORD_JSON_AUTO record = NULL;
    GALEN_TRY(record_json_parse(&record, text, len, RECORD_MAX_JSON_BYTES, info));
    GALEN_TRY(record_validate(record, info));
    *out = record;
    record = NULL;
    return GALEN_OK;
}
