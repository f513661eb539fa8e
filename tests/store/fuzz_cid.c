/* Fuzz target: CIDs. What is taken encodes to the same text. */
#include "store/store.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[128];
    char again[STORE_CID_TEXT];
    uint8_t digest32[32];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (store_cid_parse(digest32, text, NULL) == GALEN_OK) {
        store_cid_encode(again, digest32);
        GALEN_ASSERT(strcmp(text, again) == 0);
    }
    return 0;
}
