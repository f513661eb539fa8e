/*
 * Fuzz target: disclosures. What parses must survive encoding; verdict, content and the buyer's
 * check must not crash; nothing but the sample's own values may verify under the sample's root.
 */
#include "fuzz.h"

static void check_root(const struct record_disclosure *d)
{
    static const uint8_t root[RECORD_HASH_BYTES] = FUZZ_SAMPLE_ROOT;
    if (memcmp(d->root, root, sizeof root) != 0)
        return;
    for (size_t i = 0; i < d->field_count; i++) {
        json_object *value = d->fields[i].value;
        GALEN_ASSERT(strcmp(d->fields[i].path, "/category") != 0 ||
                     strcmp(json_object_get_string(value), "Cardiology") == 0);
        GALEN_ASSERT(strcmp(d->fields[i].path, "/demographics/age") != 0 ||
                     json_object_get_int(value) == 44);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RECORD_JSON_AUTO value = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO content = NULL;
    RECORD_DISCLOSURE_AUTO d = {0};
    struct record_template request = {
        .category = "Cardiology", .age = true, .diagnosis = true, .lab_results = true, .years = 1};
    struct galen_errinfo info = {0};
    bool verdict = false;
    if (record_json_parse(&value, (const char *)data, size, 1 << 20, &info) != GALEN_OK ||
        record_disclosure_parse(&d, value, &info) != GALEN_OK)
        return 0;
    GALEN_ASSERT(record_disclosure_encode(&again, &d, &info) == GALEN_OK);
    GALEN_ASSERT(json_object_equal(value, again));
    GALEN_ASSERT(record_disclosure_verify(&verdict, &d, RECORD_ORDER_HASH, &info) == GALEN_OK);
    GALEN_ASSERT(record_disclosure_verify(&verdict, &d, RECORD_ORDER_PATH, &info) == GALEN_OK);
    if (verdict)
        check_root(&d);
    enum galen_err err = record_disclosure_content(&content, &d, &info);
    GALEN_ASSERT(err == GALEN_OK || err == GALEN_ERR_CHECK);
    GALEN_ASSERT(record_template_check(&verdict, &request, &d, 2024, &info) == GALEN_OK);
    return 0;
}
