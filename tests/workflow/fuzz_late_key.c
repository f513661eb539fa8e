/* Fuzz target: a late-ek body, as it comes from whoever made a key for it. Whatever is taken keeps
 * to the documented maxima. */
#include "workflow/purchasing_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RECORD_JSON_AUTO body = NULL;
    struct purchasing_late_message read = {0};
    if (base_init(NULL) != GALEN_OK ||
        record_json_parse(&body, (const char *)data, size, SEAL_OBJECT_MAX, NULL) != GALEN_OK)
        return 0;
    if (purchasing_parse_late(&read, body, NULL) != GALEN_OK) {
        GALEN_ASSERT(read.request_id == 0 && read.ek == NULL && read.bundle == NULL);
        return 0;
    }
    GALEN_ASSERT(read.request_id > 0 && read.request_id <= INT64_MAX);
    GALEN_ASSERT(strlen(read.ek) > 0 && strlen(read.ek) <= PURCHASING_EK_MAX);
    GALEN_ASSERT(read.bundle == NULL || strlen(read.bundle) <= STORE_BLOCK_MAX);
    return 0;
}
