/* FHIR's data types, read without trust: what is not of the expected type counts as absent. */
#include "record/fhir.h"

#include <stdlib.h>
#include <string.h>

json_object *fhir_item(json_object *object, const char *key, size_t index)
{
    json_object *list = record_json_member(object, key);
    if (!json_object_is_type(list, json_type_array) || index >= json_object_array_length(list))
        return NULL;
    return json_object_array_get_idx(list, index);
}

const char *fhir_text(json_object *object, const char *key, size_t max)
{
    const char *text = record_json_text(object, key);
    size_t len = text == NULL ? 0 : strlen(text);
    return len == 0 || len > max ? NULL : text;
}

enum galen_err fhir_put_text(json_object *entry, const char *key, const char *text, size_t max,
                             struct galen_errinfo *info)
{
    if (text == NULL || text[0] == '\0' || strlen(text) > max)
        return GALEN_OK;
    return record_json_set(entry, key, json_object_new_string(text), info);
}

/* ---- codes ----------------------------------------------------------------------------------- */

const char *fhir_concept_code(json_object *concept)
{
    return fhir_text(fhir_item(concept, "coding", 0), "code", 128);
}

bool fhir_concept_has(json_object *concept, const char *system, const char *code)
{
    json_object *coding;
    for (size_t i = 0; (coding = fhir_item(concept, "coding", i)) != NULL; i++) {
        const char *has_system = record_json_text(coding, "system");
        const char *has_code = record_json_text(coding, "code");
        if (has_code != NULL && strcmp(has_code, code) == 0 &&
            (system == NULL || (has_system != NULL && strcmp(has_system, system) == 0)))
            return true;
    }
    return false;
}

/* {system, code, display} of one coding; *any: it has a code or a display. */
static enum galen_err read_coding(bool *any, json_object *out, json_object *coding,
                                  const char *text, struct galen_errinfo *info)
{
    const char *system = fhir_text(coding, "system", 256);
    const char *code = fhir_text(coding, "code", 128);
    const char *display = fhir_text(coding, "display", RECORD_MAX_TEXT_BYTES);
    if (display == NULL)
        display = text;
    if (code != NULL)
        GALEN_TRY(fhir_put_text(out, "system", system, 256, info));
    GALEN_TRY(fhir_put_text(out, "code", code, 128, info));
    GALEN_TRY(fhir_put_text(out, "display", display, RECORD_MAX_TEXT_BYTES, info));
    *any = code != NULL || display != NULL;
    return GALEN_OK;
}

enum galen_err fhir_read_concept(bool *any, json_object *entry, json_object *concept,
                                 struct galen_errinfo *info)
{
    const char *text = fhir_text(concept, "text", RECORD_MAX_TEXT_BYTES);
    RECORD_JSON_AUTO also = json_object_new_array();
    if (also == NULL)
        return record_nomem(info);
    bool primary = false;
    json_object *list = record_json_member(concept, "coding");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < count && json_object_array_length(also) < 16; i++) {
        json_object *coding = json_object_array_get_idx(list, i);
        if (fhir_text(coding, "code", 128) == NULL)
            continue;
        if (!primary) {
            GALEN_TRY(read_coding(&primary, entry, coding, text, info));
            continue;
        }
        bool more = false;
        json_object *other = json_object_new_object();
        GALEN_TRY(record_json_push(also, other, info));
        GALEN_TRY(read_coding(&more, other, coding, NULL, info));
    }
    if (!primary) { /* no code: a coding's display, or the text alone */
        json_object *first = fhir_item(concept, "coding", 0);
        GALEN_TRY(read_coding(&primary, entry, first, text, info));
    }
    *any = primary;
    if (json_object_array_length(also) == 0)
        return GALEN_OK;
    json_object *taken = also;
    also = NULL;
    return record_json_set(entry, "also", taken, info);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The number as the source wrote it. */
static const char *number_literal(json_object *value)
{
    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
        return NULL;
    const char *literal = json_object_get_string(value);
    return literal != NULL && record_is_decimal(literal) ? literal : NULL;
}

static enum galen_err read_quantity(bool *any, json_object *entry, json_object *quantity,
                                    struct galen_errinfo *info)
{
    const char *literal = number_literal(record_json_member(quantity, "value"));
    const char *system = record_json_text(quantity, "system");
    const char *code = fhir_text(quantity, "code", 64);
    const char *comparator = record_json_text(quantity, "comparator");
    *any = literal != NULL;
    if (literal == NULL)
        return GALEN_OK;
    GALEN_TRY(fhir_put_text(entry, "value", literal, 64, info));
    if (comparator != NULL && record_is_comparator(comparator))
        GALEN_TRY(fhir_put_text(entry, "comparator", comparator, 2, info));
    if (code != NULL && system != NULL && strcmp(system, FHIR_UCUM) == 0)
        return fhir_put_text(entry, "unit", code, 64, info);
    const char *unit = fhir_text(quantity, "unit", 128);
    return fhir_put_text(entry, "unit_text", unit == NULL ? code : unit, 128, info);
}

static enum galen_err read_coded_value(bool *any, json_object *entry, json_object *concept,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO coded = json_object_new_object();
    if (coded == NULL)
        return record_nomem(info);
    GALEN_TRY(fhir_read_concept(any, coded, concept, info));
    json_object_object_del(coded, "also");
    if (!*any)
        return GALEN_OK;
    json_object *taken = coded;
    coded = NULL;
    return record_json_set(entry, "value_coded", taken, info);
}

enum galen_err fhir_read_value(bool *any, const char **reason, json_object *entry,
                               json_object *observation, struct galen_errinfo *info)
{
    static const char *const texts[] = {"valueString", "valueDateTime", "valueTime"};
    static const char *const others[] = {"valueRange", "valueRatio", "valuePeriod",
                                         "valueSampledData"};
    json_object *value;
    *any = false;
    *reason = NULL;
    if ((value = record_json_member(observation, "valueQuantity")) != NULL)
        return read_quantity(any, entry, value, info);
    if ((value = record_json_member(observation, "valueCodeableConcept")) != NULL)
        return read_coded_value(any, entry, value, info);
    if ((value = record_json_member(observation, "valueInteger")) != NULL) {
        const char *literal = number_literal(value);
        *any = literal != NULL;
        return fhir_put_text(entry, "value", literal, 64, info);
    }
    if ((value = record_json_member(observation, "valueBoolean")) != NULL) {
        *any = json_object_is_type(value, json_type_boolean);
        return fhir_put_text(entry, "value_text",
                             !*any                            ? NULL
                             : json_object_get_boolean(value) ? "true"
                                                              : "false",
                             5, info);
    }
    for (size_t i = 0; i < RECORD_COUNT_OF(texts); i++) {
        const char *text = fhir_text(observation, texts[i], RECORD_MAX_TEXT_BYTES);
        if (text == NULL)
            continue;
        *any = true;
        return fhir_put_text(entry, "value_text", text, RECORD_MAX_TEXT_BYTES, info);
    }
    for (size_t i = 0; i < RECORD_COUNT_OF(others); i++) {
        if (record_json_member(observation, others[i]) != NULL)
            *reason = "its value is of a kind that records do not carry";
    }
    return GALEN_OK;
}

/* ---- dates ----------------------------------------------------------------------------------- */

static const char *date_member(json_object *object, const char *key)
{
    const char *text = fhir_text(object, key, 39);
    return text != NULL && record_is_date(text) ? text : NULL;
}

enum galen_err fhir_read_when(bool *any, json_object *entry, json_object *resource,
                              const char *name, struct galen_errinfo *info)
{
    char key[48];
    snprintf(key, sizeof key, "%sPeriod", name);
    json_object *period = record_json_member(resource, name[0] == '\0' ? "period" : key);
    const char *start = date_member(period, "start");
    const char *end = date_member(period, "end");
    static const char *const endings[] = {"DateTime", "Instant", ""};
    for (size_t i = 0; start == NULL && i < RECORD_COUNT_OF(endings); i++) {
        snprintf(key, sizeof key, "%s%s", name, endings[i]);
        start = date_member(resource, key);
    }
    GALEN_TRY(fhir_put_text(entry, "date", start, 39, info));
    GALEN_TRY(fhir_put_text(entry, "end", end, 39, info));
    *any = start != NULL;
    return GALEN_OK;
}

bool fhir_time(int64_t *unix_s, const char *date)
{
    static const char rest[] = "-01-01T00:00:00Z";
    char full[40];
    int64_t time;
    size_t len = date == NULL ? 0 : strlen(date);
    if (len < 4 || len >= sizeof full || !record_is_date(date))
        return false;
    memcpy(full, date, len + 1);
    if (len <= 10)
        memcpy(full + len, rest + (len - 4), sizeof rest - (len - 4));
    if (base_time_parse(&time, full, NULL) != GALEN_OK)
        return false;
    if (time < INT64_C(-30610224000) || time > INT64_C(253402300799)) /* years 1000 to 9999 */
        return false;
    *unix_s = time;
    return true;
}

int64_t fhir_age(const char *birth, const char *date)
{
    if (birth == NULL || date == NULL || !record_is_date(birth) || !record_is_date(date))
        return -1;
    int64_t years = strtol(date, NULL, 10) - strtol(birth, NULL, 10);
    /* Months and days are compared as far as both tell them. */
    size_t len = strlen(birth) < strlen(date) ? strlen(birth) : strlen(date);
    if (len > 10)
        len = 10;
    if (len > 4 && strncmp(date + 4, birth + 4, len - 4) < 0)
        years--;
    return years < 0 || years > 150 ? -1 : years;
}
