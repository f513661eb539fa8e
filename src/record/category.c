/* The category names that releases and templates share. */
#include "record/internal.h"

#include <strings.h>

static const char *const categories[] = {
    "Allergy",
    "Anesthesiology",
    "Cardiology",
    "Dentistry",
    "Dermatology",
    "Emergency",
    "Endocrinology",
    "Gastroenterology",
    "General practice",
    "Genetics",
    "Geriatrics",
    "Hematology",
    "Hospice",
    "Immunology",
    "Infectious disease",
    "Inpatient care",
    "Intensive care",
    "Internal medicine",
    "Nephrology",
    "Neurology",
    "Neurosurgery",
    "Nutrition",
    "Obstetrics and gynecology",
    "Occupational medicine",
    "Oncology",
    "Ophthalmology",
    "Orthopedics",
    "Other",
    "Otolaryngology",
    "Palliative care",
    "Pathology",
    "Pediatrics",
    "Physical therapy",
    "Plastic surgery",
    "Preventive care",
    "Psychiatry",
    "Pulmonology",
    "Radiology",
    "Rehabilitation",
    "Rheumatology",
    "Sports medicine",
    "Substance use",
    "Surgery",
    "Thoracic surgery",
    "Transplantation",
    "Urology",
    "Vascular surgery",
    NULL,
};

const char *const *record_categories(void)
{
    return categories;
}

const char *record_find_category(const char *text)
{
    for (const char *const *name = categories; *name != NULL; name++) {
        if (strcasecmp(text, *name) == 0)
            return *name;
    }
    return NULL;
}
