/* What the fuzz targets share. */
#ifndef GALEN_RECORD_FUZZ_H
#define GALEN_RECORD_FUZZ_H

#include "record/record.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Root of the record in corpus/disclosure. */
#define FUZZ_SAMPLE_ROOT                                                                           \
    {                                                                                              \
        0x29, 0xcf, 0xe7, 0x85, 0x41, 0x50, 0x90, 0xde, 0x11, 0x28, 0xa6, 0xba, 0x82, 0xbd, 0xa3,  \
            0x93, 0xa7, 0xcc, 0xbd, 0xf6, 0xc4, 0xd3, 0xd8, 0xaa, 0x87, 0x2b, 0xd8, 0x86, 0x7e,    \
            0x52, 0x51, 0x66                                                                       \
    }

static const struct record_fhir_options fuzz_options = {
    .patient_address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    .hospital_name = "Fuzz",
    .hospital_address = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
};

static inline json_object *fuzz_member(json_object *object, const char *key)
{
    json_object *member = NULL;
    return object != NULL && json_object_object_get_ex(object, key, &member) ? member : NULL;
}

/* Any valid record exports to a bundle that imports to one record; exporting that one again gives
 * the same coded data from then on. */
static inline void fuzz_round_trip(json_object *record)
{
    json_object *current = record;
    struct record_fhir_result results[2] = {{0}, {0}};
    struct galen_errinfo info = {0};
    for (int round = 0; round < 2; round++) {
        RECORD_JSON_AUTO bundle = NULL;
        GALEN_ASSERT(record_fhir_export(&bundle, current, &info) == GALEN_OK);
        const char *text = json_object_to_json_string(bundle);
        enum galen_err err = record_fhir_import(&results[round], text, strlen(text), &fuzz_options,
                                                &info);
        if (err != GALEN_OK || results[round].item_count != 1)
            break; /* a year before 1000 is no encounter's; nothing else stops here */
        current = results[round].items[0].record;
    }
    if (results[1].item_count == 1)
        GALEN_ASSERT(json_object_equal(fuzz_member(results[0].items[0].record, "medical_data"),
                                       fuzz_member(results[1].items[0].record, "medical_data")));
    record_fhir_result_clear(&results[0]);
    record_fhir_result_clear(&results[1]);
}

#endif
