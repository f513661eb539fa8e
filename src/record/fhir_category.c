/*
 * The category of a record made from an Encounter. The first of these that tells one decides:
 *   1. Encounter.serviceType, by its text and its codings' displays
 *   2. Encounter.type, likewise
 *   3. Encounter.reasonCode, then the record's own diagnoses: what it is about
 *   4. Encounter.class: EMER is Emergency, inpatient classes Inpatient care, the rest General
 * practice
 *   5. Other
 * A text tells a category when it spells one of the known names, or else holds one of the words
 * below, whichever stands first in the table.
 */
#include "record/fhir.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    const char *category;
} words[] = {
    {"cardio", "Cardiology"},
    {"heart", "Cardiology"},
    {"cardiac", "Cardiology"},
    {"coronary", "Cardiology"},
    {"hypertension", "Cardiology"},
    {"hypertensive", "Cardiology"},
    {"myocardial", "Cardiology"},
    {"atrial fibrillation", "Cardiology"},
    {"intensive care", "Intensive care"},
    {"emergency", "Emergency"},
    {"thoracic", "Thoracic surgery"},
    {"orthop", "Orthopedics"},
    {"fracture", "Orthopedics"},
    {"osteo", "Orthopedics"},
    {"prenatal", "Obstetrics and gynecology"},
    {"antenatal", "Obstetrics and gynecology"},
    {"obstetric", "Obstetrics and gynecology"},
    {"gynecolog", "Obstetrics and gynecology"},
    {"gynaecolog", "Obstetrics and gynecology"},
    {"pregnan", "Obstetrics and gynecology"},
    {"miscarriage", "Obstetrics and gynecology"},
    {"psychiat", "Psychiatry"},
    {"depress", "Psychiatry"},
    {"drug rehabilitation", "Substance use"},
    {"overdose", "Substance use"},
    {"addiction", "Substance use"},
    {"asthma", "Pulmonology"},
    {"pulmon", "Pulmonology"},
    {"respiratory", "Pulmonology"},
    {"bronchitis", "Pulmonology"},
    {"allerg", "Allergy"},
    {"diabetes", "Endocrinology"},
    {"endocrin", "Endocrinology"},
    {"neoplasm", "Oncology"},
    {"oncolog", "Oncology"},
    {"cancer", "Oncology"},
    {"seizure", "Neurology"},
    {"epilep", "Neurology"},
    {"migraine", "Neurology"},
    {"alzheimer", "Neurology"},
    {"neurolog", "Neurology"},
    {"rheumat", "Rheumatology"},
    {"gout", "Rheumatology"},
    {"nephro", "Nephrology"},
    {"kidney", "Nephrology"},
    {"dermat", "Dermatology"},
    {"dental", "Dentistry"},
    {"dentist", "Dentistry"},
    {"ophthalm", "Ophthalmology"},
    {"pediatric", "Pediatrics"},
    {"paediatric", "Pediatrics"},
    {"radiolog", "Radiology"},
    {"urolog", "Urology"},
    {"gastro", "Gastroenterology"},
    {"hospice", "Hospice"},
    {"palliative", "Palliative care"},
    {"surgical", "Surgery"},
    {"surgery", "Surgery"},
    {"wellness", "Preventive care"},
    {"preventive", "Preventive care"},
};

static const struct {
    const char *code;
    const char *category;
} classes[] = {
    {"EMER", "Emergency"},
    {"emergency", "Emergency"},
    {"IMP", "Inpatient care"},
    {"ACUTE", "Inpatient care"},
    {"NONAC", "Inpatient care"},
    {"inpatient", "Inpatient care"},
    {"AMB", "General practice"},
    {"ambulatory", "General practice"},
    {"HH", "General practice"},
    {"VR", "General practice"},
    {"outpatient", "General practice"},
    {"OBSENC", "Inpatient care"},
    {"SS", "Inpatient care"},
    {"wellness", "Preventive care"},
};

static const char *from_text(const char *text)
{
    const char *known = text == NULL ? NULL : record_find_category(text);
    if (known != NULL || text == NULL)
        return known;
    for (size_t i = 0; i < RECORD_COUNT_OF(words); i++) {
        if (strcasestr(text, words[i].word) != NULL)
            return words[i].category;
    }
    return NULL;
}

static const char *from_concept(json_object *concept)
{
    const char *category = from_text(fhir_text(concept, "text", 256));
    json_object *coding;
    for (size_t i = 0; category == NULL && (coding = fhir_item(concept, "coding", i)) != NULL; i++)
        category = from_text(fhir_text(coding, "display", 256));
    return category;
}

static const char *from_concepts(json_object *encounter, const char *key)
{
    const char *category = NULL;
    json_object *concept;
    for (size_t i = 0; category == NULL && (concept = fhir_item(encounter, key, i)) != NULL; i++)
        category = from_concept(concept);
    return category;
}

const char *fhir_category(json_object *encounter, json_object *medical)
{
    json_object *service = record_json_member(encounter, "serviceType");
    const char *category = from_concept(service);
    if (category == NULL) /* a department whose name is its own */
        category = fhir_text(service, "text", 64);
    if (category == NULL)
        category = from_concepts(encounter, "type");
    if (category == NULL)
        category = from_concepts(encounter, "reasonCode");
    json_object *entry;
    for (size_t i = 0; category == NULL && (entry = fhir_item(medical, "diagnosis", i)) != NULL;
         i++)
        category = from_text(fhir_text(entry, "display", 256));
    const char *class_code = record_json_text(record_json_member(encounter, "class"), "code");
    for (size_t i = 0; category == NULL && class_code != NULL && i < RECORD_COUNT_OF(classes);
         i++) {
        if (strcmp(class_code, classes[i].code) == 0)
            category = classes[i].category;
    }
    return category == NULL ? "Other" : category;
}
