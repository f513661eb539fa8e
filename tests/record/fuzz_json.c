/*
 * Fuzz target: the strict parser and everything that reads parsed JSON. What parses and has a
 * canonical form must parse again to the same canonical form.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RECORD_JSON_AUTO value = NULL;
    RECORD_JSON_AUTO again = NULL;
    RECORD_JSON_AUTO content = NULL;
    RECORD_TEMPLATE_AUTO request = {0};
    RECORD_RELEASE_AUTO release = {0};
    BASE_BUF_AUTO first = {0};
    BASE_BUF_AUTO second = {0};
    struct galen_errinfo info = {0};
    if (record_json_parse(&value, (const char *)data, size, 1 << 20, &info) != GALEN_OK)
        return 0;
    if (record_json_jcs(&first, value, &info) == GALEN_OK) {
        GALEN_ASSERT(record_json_parse(&again, (const char *)first.data, first.len, SIZE_MAX,
                                       &info) == GALEN_OK);
        GALEN_ASSERT(record_json_jcs(&second, again, &info) == GALEN_OK);
        GALEN_ASSERT(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    }
    if (record_validate(value, &info) == GALEN_OK) {
        uint8_t id[RECORD_HASH_BYTES];
        uint8_t seed[RECORD_SEED_BYTES] = {0};
        GALEN_ASSERT(record_id(id, value, seed, &info) == GALEN_OK || info.code == GALEN_ERR_LIMIT);
        GALEN_ASSERT(record_release_content(&content, value, &info) == GALEN_OK);
        fuzz_round_trip(value);
    }
    if (record_release_parse(&release, value, &info) == GALEN_OK) {
        RECORD_JSON_AUTO encoded = NULL;
        GALEN_ASSERT(record_release_encode(&encoded, &release, &info) == GALEN_OK);
        GALEN_ASSERT(json_object_equal(encoded, value));
    }
    if (record_release_validate(value, &info) == GALEN_OK) {
        RECORD_TREE_AUTO tree = NULL;
        GALEN_ASSERT(record_tree_new_padded(&tree, value, release.seed, &info) == GALEN_OK);
    }
    if (record_template_parse(&request, value, &info) == GALEN_OK) {
        RECORD_JSON_AUTO encoded = NULL;
        RECORD_TEMPLATE_AUTO parsed = {0};
        GALEN_ASSERT(record_template_encode(&encoded, &request, &info) == GALEN_OK);
        GALEN_ASSERT(record_template_parse(&parsed, encoded, &info) == GALEN_OK);
    }
    return 0;
}
