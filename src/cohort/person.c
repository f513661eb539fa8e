/*
 * Who the patient is and what is the matter. Frequencies and levels are rough figures for
 * cardiology outpatients, tied together as a clinician would expect: a leading heart disease, its
 * usual companions, drugs that follow from the diagnoses, readings that follow from both.
 */
#include "cohort/person.h"

#include <time.h>

#define DAY_S  ((int64_t)86400)
#define HOUR_S 3600

static const struct person_place places[] = {
    {"CA", "94110"}, {"FL", "33125"}, {"IL", "60612"}, {"MA", "02118"},
    {"NY", "10027"}, {"PA", "19104"}, {"TX", "77004"}, {"WA", "98118"},
};

/* CDC race and ethnicity codes; the shares are those of `race_percent` below. */
static const struct person_race races[] = {
    {{"2106-3", "White"}, {"2186-5", "Not Hispanic or Latino"}},
    {{"2106-3", "White"}, {"2135-2", "Hispanic or Latino"}},
    {{"2054-5", "Black or African American"}, {"2186-5", "Not Hispanic or Latino"}},
    {{"2028-9", "Asian"}, {"2186-5", "Not Hispanic or Latino"}},
};
static const int race_percent[] = {60, 18, 15, 7};

static const struct person_diagnosis hypertension = {
    {"59621000", "Essential hypertension (disorder)"},
    {"I10", "Essential (primary) hypertension"},
};
static const struct person_diagnosis coronary = {
    {"53741008", "Coronary arteriosclerosis (disorder)"},
    {"I25.10", "Atherosclerotic heart disease of native coronary artery without angina pectoris"},
};
static const struct person_diagnosis fibrillation = {
    {"49436004", "Atrial fibrillation (disorder)"},
    {"I48.91", "Unspecified atrial fibrillation"},
};
static const struct person_diagnosis failure = {
    {"84114007", "Heart failure (disorder)"},
    {"I50.9", "Heart failure, unspecified"},
};
static const struct person_diagnosis diabetes = {
    {"44054006", "Diabetes mellitus type 2 (disorder)"},
    {"E11.9", "Type 2 diabetes mellitus without complications"},
};
static const struct person_diagnosis hyperlipidemia = {
    {"55822004", "Hyperlipidemia (disorder)"},
    {"E78.5", "Hyperlipidemia, unspecified"},
};

static const struct person_code ecg = {"29303009", "Electrocardiographic procedure (procedure)"};
static const struct person_code echo = {"40701008", "Echocardiography (procedure)"};
static const struct person_code angiography = {"33367005",
                                               "Angiography of coronary artery (procedure)"};
static const struct person_code cardioversion = {"180325003",
                                                 "Electrical cardioversion (procedure)"};

static const struct person_medication lisinopril = {
    {"314076", "lisinopril 10 MG Oral Tablet"},
    "1 tablet a day",
};
static const struct person_medication amlodipine = {
    {"197361", "amlodipine 5 MG Oral Tablet"},
    "1 tablet a day",
};
static const struct person_medication atorvastatin = {
    {"259255", "atorvastatin 80 MG Oral Tablet"},
    "1 tablet in the evening",
};
static const struct person_medication simvastatin = {
    {"312961", "simvastatin 20 MG Oral Tablet"},
    "1 tablet in the evening",
};
static const struct person_medication aspirin = {
    {"243670", "aspirin 81 MG Oral Tablet"},
    "1 tablet a day",
};
static const struct person_medication warfarin = {
    {"855332", "warfarin sodium 5 MG Oral Tablet"},
    "1 tablet a day, by INR",
};
static const struct person_medication metoprolol = {
    {"866412", "24 HR metoprolol succinate 100 MG Extended Release Oral Tablet"},
    "1 tablet a day",
};
static const struct person_medication furosemide = {
    {"313988", "furosemide 40 MG Oral Tablet"},
    "1 tablet in the morning",
};
static const struct person_medication metformin = {
    {"860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"},
    "1 tablet with the evening meal",
};

/* The whole clinical picture, from which each visit takes its part. */
struct picture {
    const struct person_diagnosis *leading;
    bool hypertension, hyperlipidemia, diabetes;
    bool statin, rate_control;
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void add_diagnosis(struct person_visit *visit, const struct person_diagnosis *diagnosis)
{
    GALEN_ASSERT(visit->diagnosis_count < PERSON_MAX_DIAGNOSES);
    visit->diagnoses[visit->diagnosis_count++] = diagnosis;
}

static void add_procedure(struct person_visit *visit, const struct person_code *procedure)
{
    GALEN_ASSERT(visit->procedure_count < PERSON_MAX_PROCEDURES);
    visit->procedures[visit->procedure_count++] = procedure;
}

static void add_medication(struct person_visit *visit, const struct person_medication *medication)
{
    GALEN_ASSERT(visit->medication_count < PERSON_MAX_MEDICATIONS);
    visit->medications[visit->medication_count++] = medication;
}

static struct tm utc(int64_t unix_s)
{
    time_t t = (time_t)unix_s;
    struct tm parts;
    GALEN_ASSERT(gmtime_r(&t, &parts) != NULL);
    return parts;
}

static int64_t start_of_year(int64_t unix_s)
{
    struct tm parts = utc(unix_s);
    struct tm first = {.tm_year = parts.tm_year, .tm_mday = 1};
    return timegm(&first);
}

/* The days, ending yesterday or on the last of December, from which all cardiology visits come:
 * within the last year and within one calendar year, since the year is a quasi-identifier. */
static void find_visit_window(int64_t *first_s, int *days, int64_t now_s)
{
    int64_t today_s = now_s - now_s % DAY_S;
    int64_t year_s = start_of_year(now_s);
    if ((today_s - year_s) / DAY_S >= 60) {
        *first_s = year_s;
        *days = (int)((today_s - year_s) / DAY_S);
    } else {
        *first_s = today_s - 300 * DAY_S; /* 240 days at least, all in the year before */
        *days = (int)((year_s - *first_s) / DAY_S);
    }
}

/* Someone who is age_years old on that day, and has been for some days. */
static int64_t draw_birth(struct draw *draw, int64_t day_s, int age_years)
{
    struct tm parts = utc(day_s);
    struct tm birth = {
        .tm_year = parts.tm_year - age_years,
        .tm_mon = parts.tm_mon,
        .tm_mday = parts.tm_mday - 1 - draw_below(draw, 360),
    };
    return timegm(&birth);
}

static const struct person_race *draw_race(struct draw *draw)
{
    int lot = draw_below(draw, 100);
    size_t i = 0;
    while (lot >= race_percent[i])
        lot -= race_percent[i++];
    return &races[i];
}

static struct picture draw_picture(struct draw *draw, int age_years)
{
    struct picture picture = {0};
    int lot = draw_below(draw, 100);
    int older = age_years >= 65 ? 10 : 0;
    if (lot < 38)
        picture.leading = &coronary;
    else if (lot < 58 + older)
        picture.leading = &fibrillation;
    else if (lot < 70 + older)
        picture.leading = &failure;
    else
        picture.leading = &hypertension;
    bool coronary_leads = picture.leading == &coronary;
    picture.hypertension = picture.leading != &hypertension && draw_chance(draw, 55 + older);
    picture.hyperlipidemia = draw_chance(draw, coronary_leads ? 75 : 35);
    picture.diabetes = draw_chance(draw, coronary_leads ? 35 : 22);
    picture.statin = picture.hyperlipidemia || coronary_leads;
    picture.rate_control = picture.leading == &fibrillation || picture.leading == &failure;
    return picture;
}

static struct person_readings draw_readings(struct draw *draw, const struct picture *picture,
                                            bool treated)
{
    bool high = picture->hypertension || picture->leading == &hypertension;
    int systolic = draw_normal(draw, high ? (treated ? 138 : 152) : 124, 11, 92, 205);
    int rate = picture->leading == &fibrillation ? 88 : 73;
    if (treated && picture->rate_control)
        rate -= 9;
    bool on_statin = treated && picture->statin;
    return (struct person_readings){
        .systolic_mmhg = systolic,
        .diastolic_mmhg = draw_normal(draw, 80 + (systolic - 130) / 3, 6, 52, 118),
        .heart_rate_bpm = draw_normal(draw, rate, 9, 46, 140),
        .ldl_mg_dl = draw_normal(draw, on_statin ? 84 : (picture->hyperlipidemia ? 152 : 112), 22,
                                 38, 240),
        .hba1c_tenths = picture->diabetes ? draw_normal(draw, 73, 8, 60, 120)
                                          : draw_normal(draw, 54, 3, 44, 62),
    };
}

/* The companions are found at the first visit, whichever clinic that is. */
static void add_companions(struct person_visit *visit, const struct picture *picture)
{
    if (picture->hypertension) {
        add_diagnosis(visit, &hypertension);
        add_medication(visit, &lisinopril);
    }
    if (picture->hyperlipidemia)
        add_diagnosis(visit, &hyperlipidemia);
    if (picture->statin)
        add_medication(visit, picture->leading == &coronary ? &atorvastatin : &simvastatin);
    if (picture->diabetes) {
        add_diagnosis(visit, &diabetes);
        add_medication(visit, &metformin);
    }
}

static void add_leading(struct person_visit *visit, struct draw *draw,
                        const struct picture *picture)
{
    add_diagnosis(visit, picture->leading);
    add_procedure(visit, &ecg);
    if (picture->leading == &coronary) {
        if (draw_chance(draw, 40))
            add_procedure(visit, &angiography);
        add_medication(visit, &aspirin);
    } else if (picture->leading == &fibrillation) {
        add_procedure(visit, &echo);
        if (draw_chance(draw, 25))
            add_procedure(visit, &cardioversion);
        add_medication(visit, &warfarin);
        add_medication(visit, &metoprolol);
    } else if (picture->leading == &failure) {
        add_procedure(visit, &echo);
        add_medication(visit, &furosemide);
        add_medication(visit, &metoprolol);
    } else {
        if (draw_chance(draw, 30))
            add_procedure(visit, &echo);
        add_medication(visit, &amlodipine);
    }
}

/* Office hours, on the day that begins at day_s. */
static void draw_appointment(struct person_visit *visit, struct draw *draw, int64_t day_s)
{
    visit->start_s = day_s + 8 * HOUR_S + draw_below(draw, 36) * 900;
    visit->minutes = 15 + 15 * draw_below(draw, 3);
}

void person_make(struct person *person, struct draw *draw, const struct cohort *cohort,
                 uint32_t number)
{
    /* What a class shares comes from the class's own stream, numbered beyond all patients. */
    uint32_t classes = cohort->count / COHORT_CLASS_PATIENTS;
    if (classes == 0)
        classes = 1;
    struct draw shared;
    draw_init(&shared, cohort->seed, (uint64_t)COHORT_MAX_PATIENTS + number % classes);
    *person = (struct person){.number = number, .female = draw_chance(&shared, 46)};
    int band_start = 45 + 5 * draw_below(&shared, 7);
    person->place = &places[draw_below(&shared, (int)COUNT_OF(places))];
    person->race = draw_race(&shared);

    draw_init(draw, cohort->seed, number);
    int64_t first_s;
    int days;
    find_visit_window(&first_s, &days, cohort->now_s);
    int64_t day_s = first_s + draw_below(draw, days) * DAY_S;
    int age_years = band_start + draw_below(draw, 5);
    person->birth_s = draw_birth(draw, day_s, age_years);

    struct picture picture = draw_picture(draw, age_years);
    size_t earlier = (size_t)draw_below(draw, PERSON_MAX_VISITS);
    person->visit_count = earlier + 1;
    struct person_visit *cardiology = &person->visits[earlier];
    cardiology->cardiology = true;
    draw_appointment(cardiology, draw, day_s);
    for (size_t i = earlier; i-- > 0;) {
        day_s -= (60 + draw_below(draw, 500)) * DAY_S;
        draw_appointment(&person->visits[i], draw, day_s);
    }
    add_leading(cardiology, draw, &picture);
    add_companions(&person->visits[0], &picture);
    for (size_t i = 0; i < person->visit_count; i++)
        person->visits[i].readings = draw_readings(draw, &picture, i > 0);
    /* General practice leaves lipids and sugar to one visit: the first. */
    for (size_t i = 1; i < earlier; i++)
        person->visits[i].readings.ldl_mg_dl = person->visits[i].readings.hba1c_tenths = 0;
}
