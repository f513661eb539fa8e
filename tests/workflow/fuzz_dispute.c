/* Fuzz target: a dispute-evidence body, as a buyer's message brings it. Whatever is taken keeps to
 * the documented maxima. */
#include "workflow/dispute_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RECORD_JSON_AUTO body = NULL;
    DISPUTE_MESSAGE_AUTO read = {0};
    if (base_init(NULL) != GALEN_OK ||
        record_json_parse(&body, (const char *)data, size, SEAL_OBJECT_MAX, NULL) != GALEN_OK)
        return 0;
    if (dispute_parse_evidence(&read, body, NULL) != GALEN_OK) {
        GALEN_ASSERT(read.buyer_key.data == NULL && read.entries == NULL);
        return 0;
    }
    size_t n = json_object_array_length(read.entries);
    GALEN_ASSERT(n > 0 && n <= DISPUTE_EVIDENCE_PART);
    GALEN_ASSERT(strlen(read.reason) > 0 && strlen(read.reason) <= DISPUTE_REASON_MAX);
    GALEN_ASSERT(read.request_id > 0 && read.buyer_key.len > 0);
    return 0;
}
