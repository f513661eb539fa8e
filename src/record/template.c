/* A buyer's template: reading and writing it. */
#include "record/internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PREFIX_BYTES 32

void record_template_clear(struct record_template *request)
{
    if (request == NULL)
        return;
    json_object_put(request->buyer_key);
    for (size_t i = 0; i < request->filter_count; i++)
        free(request->filters[i]);
    *request = (struct record_template){0};
}

static enum galen_err parse_flags(bool *flags[4], json_object *value, const char *group,
                                  const char *const keys[5], struct galen_errinfo *info)
{
    json_object *object = NULL;
    char where[32];
    snprintf(where, sizeof where, "/%s", group);
    GALEN_TRY(record_json_get_object(&object, value, group, RECORD_JSON_REQUIRED, "", info));
    GALEN_TRY(record_json_check_keys(object, keys, NULL, where, info));
    for (int i = 0; i < 4; i++)
        GALEN_TRY(
            record_json_get_bool(flags[i], object, keys[i], RECORD_JSON_REQUIRED, where, info));
    return GALEN_OK;
}

/* "1 year", "2 years". */
static bool parse_period(uint32_t *years, const char *text)
{
    char *end;
    if (text[0] < '1' || text[0] > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    if (number > 150 || (strcmp(end, " year") != 0 && strcmp(end, " years") != 0))
        return false;
    *years = (uint32_t)number;
    return true;
}

/* A decimal number below 2^256, one spelling. */
static bool is_wei(const char *text)
{
    static const char limit[] = /* 2^256 */
        "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    size_t len = strlen(text);
    if (len == 0 || strspn(text, "0123456789") != len || (text[0] == '0' && len > 1))
        return false;
    return len < sizeof limit - 1 || (len == sizeof limit - 1 && strcmp(text, limit) < 0);
}

/* A coordinate of P-256: 32 bytes in base64url without padding, whose last digit has two zero bits.
 * That x and y are a point of the curve is for the module that encrypts to it. */
static bool is_coordinate(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strlen(text) == 43 && strspn(text, alphabet) == 43 &&
           (strchr(alphabet, text[42]) - alphabet) % 4 == 0;
}

static enum galen_err parse_key(json_object **out, json_object *value, struct galen_errinfo *info)
{
    static const char *const required[] = {"kty", "crv", "x", "y", NULL};
    static const char *const optional[] = {"alg", "use", "key_ops", "kid", NULL};
    static const char where[] = "/buyer_key";
    json_object *key = NULL;
    GALEN_TRY(record_json_get_object(&key, value, "buyer_key", RECORD_JSON_REQUIRED, "", info));
    if (json_object_object_get_ex(key, "d", NULL)) {
        (void)base_fail(info, GALEN_ERR_PARSE, "%s: holds a private key", where);
        (void)base_hint(info, "publish only the public half; make a new key, this one is burnt");
        return GALEN_ERR_PARSE;
    }
    GALEN_TRY(record_json_check_keys(key, required, optional, where, info));
    const char *texts[4] = {0};
    for (int i = 0; i < 4; i++)
        GALEN_TRY(record_json_get_text(&texts[i], key, required[i], RECORD_JSON_REQUIRED, 64, where,
                                       info));
    if (strcmp(texts[0], "EC") != 0 || strcmp(texts[1], "P-256") != 0 || !is_coordinate(texts[2]) ||
        !is_coordinate(texts[3]))
        return base_fail(info, GALEN_ERR_PARSE, "%s: not a P-256 key in JWK form", where);
    return record_json_copy(out, key, info);
}

static enum galen_err parse_filters(struct record_template *made, json_object *value,
                                    struct galen_errinfo *info)
{
    json_object *list = NULL;
    GALEN_TRY(record_json_get_array(&list, value, "filters", RECORD_JSON_OPTIONAL, 0,
                                    RECORD_TEMPLATE_MAX_FILTERS, "", info));
    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);
        const char *text = json_object_is_type(item, json_type_string)
                               ? json_object_get_string(item)
                               : "";
        size_t len = strlen(text);
        if (len == 0 || len > MAX_PREFIX_BYTES || (int)len != json_object_get_string_len(item) ||
            strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-") != len)
            return base_fail(info, GALEN_ERR_PARSE, "/filters/%zu: not the beginning of a code", i);
        made->filters[i] = strdup(text);
        if (made->filters[i] == NULL)
            return record_nomem(info);
        made->filter_count++;
    }
    return GALEN_OK;
}

static enum galen_err check_sense(const struct record_template *made, struct galen_errinfo *info)
{
    bool list = made->diagnosis || made->treatment || made->medications || made->lab_results;
    if (!list && !made->age && !made->gender && !made->location && !made->ethnicity)
        return base_fail(info, GALEN_ERR_PARSE, "the template asks for no field");
    if (!list && made->filter_count > 0)
        return base_fail(info, GALEN_ERR_PARSE,
                         "/filters: codes can only be held against a list that is asked for");
    return GALEN_OK;
}

enum galen_err record_template_parse(struct record_template *out, json_object *value,
                                     struct galen_errinfo *info)
{
    static const char *const required[] = {"type",         "category",    "demographics",
                                           "medical_data", "time_period", "min_records",
                                           "price_wei",    "buyer_key",   NULL};
    static const char *const optional[] = {"filters", NULL};
    static const char *const demographics[] = {"age", "gender", "location", "ethnicity", NULL};
    GALEN_ASSERT(out->buyer_key == NULL && out->filter_count == 0);
    RECORD_TEMPLATE_AUTO made = {0};
    GALEN_TRY(record_json_check_type(value, RECORD_TEMPLATE_TYPE, info));
    GALEN_TRY(record_json_check_keys(value, required, optional, "", info));

    const char *category = NULL;
    GALEN_TRY(
        record_json_get_text(&category, value, "category", RECORD_JSON_REQUIRED, 64, "", info));
    made.category = record_find_category(category);
    if (made.category == NULL) {
        (void)base_fail(info, GALEN_ERR_PARSE, "/category: no release can have this category");
        (void)base_hint(info, "take one of the known names, such as Cardiology or Other");
        return GALEN_ERR_PARSE;
    }
    GALEN_TRY(parse_flags((bool *[]){&made.age, &made.gender, &made.location, &made.ethnicity},
                          value, "demographics", demographics, info));
    GALEN_TRY(parse_flags(
        (bool *[]){&made.diagnosis, &made.treatment, &made.medications, &made.lab_results}, value,
        "medical_data", record_list_names, info));

    const char *period = NULL;
    const char *price = NULL;
    int64_t min_records = 0;
    GALEN_TRY(
        record_json_get_text(&period, value, "time_period", RECORD_JSON_REQUIRED, 16, "", info));
    if (!parse_period(&made.years, period))
        return base_fail(info, GALEN_ERR_PARSE,
                         "/time_period: not \"N years\" with N from 1 to 150");
    GALEN_TRY(record_json_get_int(&min_records, value, "min_records", RECORD_JSON_REQUIRED, 1,
                                  UINT16_MAX, "", info));
    made.min_records = (uint32_t)min_records;
    GALEN_TRY(record_json_get_text(&price, value, "price_wei", RECORD_JSON_REQUIRED,
                                   sizeof made.price_wei - 1, "", info));
    if (!is_wei(price))
        return base_fail(info, GALEN_ERR_PARSE, "/price_wei: not a decimal number below 2^256");
    memcpy(made.price_wei, price, strlen(price) + 1);
    GALEN_TRY(parse_key(&made.buyer_key, value, info));
    GALEN_TRY(parse_filters(&made, value, info));
    GALEN_TRY(check_sense(&made, info));
    *out = made;
    made = (struct record_template){0};
    return GALEN_OK;
}

static enum galen_err set_flags(json_object *object, const char *group, const char *const keys[5],
                                const bool flags[4], struct galen_errinfo *info)
{
    json_object *inner = json_object_new_object();
    GALEN_TRY(record_json_set(object, group, inner, info));
    for (int i = 0; i < 4; i++)
        GALEN_TRY(record_json_set(inner, keys[i], json_object_new_boolean(flags[i]), info));
    return GALEN_OK;
}

enum galen_err record_template_encode(json_object **out, const struct record_template *request,
                                      struct galen_errinfo *info)
{
    static const char *const demographics[] = {"age", "gender", "location", "ethnicity", NULL};
    char period[24];
    snprintf(period, sizeof period, "%u year%s", request->years, request->years == 1 ? "" : "s");
    RECORD_JSON_AUTO made = json_object_new_object();
    GALEN_TRY(record_json_set(made, "type", json_object_new_string(RECORD_TEMPLATE_TYPE), info));
    GALEN_TRY(record_json_set(made, "category", json_object_new_string(request->category), info));
    GALEN_TRY(set_flags(
        made, "demographics", demographics,
        (bool[]){request->age, request->gender, request->location, request->ethnicity}, info));
    GALEN_TRY(set_flags(made, "medical_data", record_list_names,
                        (bool[]){request->diagnosis, request->treatment, request->medications,
                                 request->lab_results},
                        info));
    GALEN_TRY(record_json_set(made, "time_period", json_object_new_string(period), info));
    GALEN_TRY(
        record_json_set(made, "min_records", json_object_new_int64(request->min_records), info));
    GALEN_TRY(record_json_set(made, "price_wei", json_object_new_string(request->price_wei), info));
    json_object *key = NULL;
    GALEN_TRY(record_json_copy(&key, request->buyer_key, info));
    GALEN_TRY(record_json_set(made, "buyer_key", key, info));
    if (request->filter_count > 0) {
        json_object *filters = json_object_new_array();
        GALEN_TRY(record_json_set(made, "filters", filters, info));
        for (size_t i = 0; i < request->filter_count; i++)
            GALEN_TRY(record_json_push(filters, json_object_new_string(request->filters[i]), info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}
