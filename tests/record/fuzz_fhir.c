/*
 * Fuzz target: the FHIR importer. Whatever comes in, what comes out are valid records that survive
 * export and import. The first byte chooses one record for each encounter, or one in all.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_fhir_options options = fuzz_options;
    RECORD_FHIR_RESULT_AUTO result = {0};
    RECORD_JSON_AUTO report = NULL;
    struct galen_errinfo info = {0};
    if (size == 0)
        return 0;
    options.per_patient = data[0] & 1;
    enum galen_err err = record_fhir_import(&result, data + 1, size - 1, &options, &info);
    GALEN_ASSERT(record_fhir_report(&report, "fuzz", &result, err == GALEN_OK ? NULL : &info,
                                    &info) == GALEN_OK);
    for (size_t i = 0; i < result.item_count; i++) {
        GALEN_ASSERT(record_validate(result.items[i].record, &info) == GALEN_OK);
        fuzz_round_trip(result.items[i].record);
    }
    return 0;
}
