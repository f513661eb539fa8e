/*
 * One sale at the size of a hospital: thousands of made-up cardiology patients (cohort), and the
 * Synthea bundles where they lie beside the checkout, from the doctor's records to everybody's
 * money, on a real chain and through real homes. Prints elapsed time, this process's processor time
 * and the peak of its memory for each stage. All homes are in this one process: a stage's figure is
 * what its actor did, memory is that of all six homes together, and mail between them is one file
 * at a time (a node sends message by message).
 *
 *   bench-sale [PATIENTS]      2000 without
 */
#include "fixture.h"

#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zlib.h>

#include "cohort/cohort.h"
#include "record/fhir.h"
#include "workflow/purchasing_internal.h"

#define PATIENTS    2000
#define CONSENT_OF  10 /* all but every tenth patient has a policy that agrees */
#define PRICE       "1000000000000000000"
#define MIN_PRICE   "1000"
#define MAX_SYNTHEA 400

struct sale {
    struct fixture *fx;
    struct chain_address *patients; /* owned; the cohort's, then the bundles' */
    uint32_t n_cohort, n_patients;
    int64_t records;
    uint64_t id;
    size_t entries;
};

/* ---- measuring ------------------------------------------------------------------------------------- */

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Linux forgets the peak so far (proc(5), clear_refs); where it does not, the peak is of the whole
 * run until then. */
static void forget_peak(void)
{
    (void)malloc_trim(0);
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL)
        return;
    (void)fputs("5", file);
    (void)fclose(file);
}

static double peak_mib(void)
{
    char line[128];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtod(line + 6, NULL);
    if (file != NULL)
        (void)fclose(file);
    return kib / 1024;
}

typedef int64_t stage_run(struct sale *sale); /* returns how many it was done for */

static void stage(struct sale *sale, const char *name, const char *unit, stage_run *run)
{
    forget_peak();
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    int64_t n = run(sale);
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("  %-34s %7lld %-8s %8.2f s  %8.2f s cpu  %8.3f ms each  %7.1f MiB\n", name,
           (long long)n, unit, wall, cpu, n > 0 ? wall * 1000 / (double)n : 0, peak_mib());
    fflush(stdout);
}

/* ---- records ----------------------------------------------------------------------------------------- */

static void add_patient(struct sale *sale, const char *kind, uint32_t number)
{
    struct fixture *fx = sale->fx;
    struct workflow *patients = fx->home[PATIENT];
    struct chain_address *who = &sale->patients[sale->n_patients++];
    char name[32];
    snprintf(name, sizeof name, "%s-%u", kind, number);
    OK(workflow_identity_new(patients, who, name, "patient", INFO));
    fixture_give_card(patients, who, fx->home[DOCTOR]);
    fixture_give_card(patients, who, fx->home[HOSPITAL]);
    fixture_give_card(patients, who, patients);
}

static int64_t make_patients(struct sale *sale)
{
    for (uint32_t i = 0; i < sale->n_cohort; i++)
        add_patient(sale, "cohort", i);
    return sale->n_cohort;
}

static int64_t store_bundle(struct sale *sale, uint32_t patient, struct base_view bytes)
{
    struct fixture *fx = sale->fx;
    char owner[CHAIN_ADDRESS_TEXT], hospital[CHAIN_ADDRESS_TEXT];
    RECORD_FHIR_RESULT_AUTO imported = {0};
    const struct record_fhir_options options = {
        .patient_address = owner, .hospital_name = "hospital", .hospital_address = hospital};
    chain_address_format(owner, &sale->patients[patient]);
    chain_address_format(hospital, &fx->who[HOSPITAL]);
    OK(record_fhir_import(&imported, bytes.data, bytes.len, &options, INFO));
    for (size_t i = 0; i < imported.item_count; i++)
        OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], imported.items[i].record, NULL, NULL,
                         INFO));
    return (int64_t)imported.item_count;
}

static int64_t store_cohort(struct sale *sale)
{
    const struct cohort cohort = {.seed = 7, .count = sale->n_cohort, .now_s = base_time_s()};
    int64_t n = 0;
    for (uint32_t i = 0; i < sale->n_cohort; i++) {
        BASE_BUF_AUTO text = {0};
        OK(cohort_write_bundle(&text, &cohort, i, INFO));
        n += store_bundle(sale, i, (struct base_view){text.data, text.len});
    }
    sale->records += n;
    return n;
}

static void read_packed(struct base_buf *out, const char *path)
{
    char part[65536];
    gzFile file = gzopen(path, "rb");
    assert_non_null(file);
    for (int n; (n = gzread(file, part, sizeof part)) > 0;)
        assert_int_equal(base_buf_append(out, part, (size_t)n), GALEN_OK);
    assert_int_equal(gzclose(file), Z_OK);
}

/* Those with a patient; a bundle without one is refused, as it should. */
static int64_t store_synthea(struct sale *sale)
{
    const char *root = getenv("GALEN_SOURCE_ROOT");
    char path[4096];
    int64_t n = 0;
    snprintf(path, sizeof path, "%s/../shared/data/fhir-r4", root != NULL ? root : ".");
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char file[4400];
        BASE_BUF_AUTO text = {0};
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".gz") != 0 ||
            strncmp(entry->d_name, "no-patient", 10) == 0 ||
            sale->n_patients == sale->n_cohort + MAX_SYNTHEA)
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        read_packed(&text, file);
        add_patient(sale, "synthea", sale->n_patients - sale->n_cohort);
        n += store_bundle(sale, sale->n_patients - 1, (struct base_view){text.data, text.len});
    }
    closedir(dir);
    sale->records += n;
    return n;
}

static int64_t relay(struct sale *sale)
{
    struct fixture *fx = sale->fx;
    fixture_carry(fx, fx->home[DOCTOR]);
    json_object_put(fixture_sync(fx->home[HOSPITAL]));
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    return sale->records;
}

static int64_t take_in(struct sale *sale)
{
    struct workflow *patients = sale->fx->home[PATIENT];
    fixture_carry(sale->fx, sale->fx->home[HOSPITAL]);
    json_object_put(fixture_sync(patients));
    int64_t anchored = fixture_count(patients, "SELECT count(*) FROM record WHERE side = 'patient'"
                                               " AND anchored_at IS NOT NULL");
    assert_int_equal(anchored, sale->records);
    return anchored;
}

static int64_t set_policies(struct sale *sale)
{
    static const char *const categories[] = {"Cardiology"};
    int64_t n = 0;
    for (uint32_t i = 0; i < sale->n_patients; i++) {
        if (i % CONSENT_OF == CONSENT_OF - 1)
            continue;
        OK(purchasing_set_policy(sale->fx->home[PATIENT], &sale->patients[i], categories, 1,
                                 MIN_PRICE, false, false, NULL, INFO));
        n++;
    }
    fixture_settle(sale->fx);
    return n;
}

/* ---- the sale ---------------------------------------------------------------------------------------- */

static int64_t request(struct sale *sale)
{
    static const char text[] =
        "{\"category\":\"Cardiology\",\"demographics\":{\"age\":false,\"gender\":true,"
        "\"location\":true,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
        "\"treatment\":false,\"medications\":true,\"lab_results\":true},"
        "\"time_period\":\"1 year\",\"min_records\":30,\"price_wei\":\"" PRICE "\"}";
    struct fixture *fx = sale->fx;
    const struct purchasing_terms terms = {.max_records = (uint16_t)(sale->n_patients * 3)};
    RECORD_JSON_AUTO wanted = NULL;
    RECORD_JSON_AUTO made = NULL;
    OK(record_json_parse(&wanted, text, sizeof text - 1, sizeof text, INFO));
    OK(purchasing_request(fx->home[BUYER], &fx->who[BUYER], wanted, &terms, &made, INFO));
    sale->id = (uint64_t)fixture_number(made, "requestId");
    fixture_settle(fx);
    return 1;
}

static int64_t reply(struct sale *sale)
{
    struct workflow *hospital = sale->fx->home[HOSPITAL];
    RECORD_JSON_AUTO made = NULL;
    hospital->k_anonymity = 11;
    OK(purchasing_reply(hospital, &sale->fx->who[HOSPITAL], sale->id, &made, INFO));
    return fixture_number(made, "available") + fixture_number(made, "suppressed");
}

static int64_t ask(struct sale *sale)
{
    RECORD_JSON_AUTO made = NULL;
    OK(purchasing_ask_consent(sale->fx->home[HOSPITAL], &sale->fx->who[HOSPITAL], sale->id, &made,
                              INFO));
    return fixture_number(made, "asked");
}

static int64_t consent(struct sale *sale)
{
    fixture_carry(sale->fx, sale->fx->home[HOSPITAL]);
    json_object_put(fixture_sync(sale->fx->home[PATIENT]));
    return fixture_count(sale->fx->home[PATIENT],
                         "SELECT count(*) FROM consent WHERE side = 'patient' AND state = 'given'");
}

static int64_t collect(struct sale *sale)
{
    fixture_carry(sale->fx, sale->fx->home[PATIENT]);
    json_object_put(fixture_sync(sale->fx->home[HOSPITAL]));
    return fixture_count(
        sale->fx->home[HOSPITAL],
        "SELECT count(*) FROM consent WHERE side = 'hospital' AND state = 'given'");
}

static int64_t deliver(struct sale *sale)
{
    RECORD_JSON_AUTO made = NULL;
    OK(purchasing_deliver(sale->fx->home[HOSPITAL], &sale->fx->who[HOSPITAL], sale->id, &made,
                          INFO));
    printf("    in %zu transactions; %lld suppressed, %zu refused\n",
           json_object_array_length(fixture_member(made, "txs")),
           (long long)fixture_number(made, "suppressed"),
           json_object_array_length(fixture_member(made, "refused")));
    sale->entries = (size_t)fixture_number(made, "entries");
    return (int64_t)sale->entries;
}

static int64_t learn(struct sale *sale)
{
    fixture_settle(sale->fx);
    return (int64_t)sale->entries;
}

static int64_t verify(struct sale *sale)
{
    RECORD_JSON_AUTO made = NULL;
    bool passed = false;
    OK(purchasing_verify(sale->fx->home[BUYER], sale->id, &passed, &made, INFO));
    if (!passed)
        fail_msg("%s: %s", fixture_text(made, "summary"),
                 json_object_to_json_string(fixture_member(made, "checks")));
    return (int64_t)json_object_array_length(fixture_member(made, "entries"));
}

static int64_t export(struct sale *sale)
{
    const struct purchasing_format *format = NULL;
    BASE_BUF_AUTO out = {0};
    OK(purchasing_find_format(&format, "csv", INFO));
    OK(purchasing_export(sale->fx->home[BUYER], sale->id, format, &out, INFO));
    return (int64_t)sale->entries;
}

static int64_t finalize(struct sale *sale)
{
    RECORD_JSON_AUTO made = NULL;
    OK(purchasing_finalize(sale->fx->home[BUYER], &sale->fx->who[BUYER], sale->id, true, &made,
                           INFO));
    return (int64_t)json_object_array_length(fixture_member(made, "paid"));
}

/* What finalizing did not push, one transaction each; anyone may send it. */
static int64_t claim(struct sale *sale)
{
    struct fixture *fx = sale->fx;
    struct purchasing_onchain chain;
    PURCHASING_ENTRIES_AUTO entries = {0};
    int64_t n = 0;
    OK(purchasing_read_chain(fx->home[BUYER], &chain, sale->id, INFO));
    OK(purchasing_load_entries(fx->home[BUYER], &entries, &chain, INFO));
    struct chain_u256 part = purchasing_part(&chain.escrow, chain.count);
    for (size_t i = 0; i < entries.n; i++) {
        struct chain_u256 has;
        OK(chain_rpc_balance(fx->rpc, &has, &entries.items[i].payout, INFO));
        if (chain_u256_is_zero(&has)) {
            OK(purchasing_claim(fx->home[HOSPITAL], &fx->who[HOSPITAL], sale->id, i, NULL, INFO));
            OK(chain_rpc_balance(fx->rpc, &has, &entries.items[i].payout, INFO));
            n++;
        }
        assert_int_equal(chain_u256_compare(&has, &part), 0);
    }
    return n;
}

int main(int argc, char **argv)
{
    struct sale sale = {.n_cohort = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : PATIENTS};
    void *fx = NULL;
    if (sale.n_cohort < 100 || sale.n_cohort > COHORT_MAX_PATIENTS) {
        fprintf(stderr, "usage: bench-sale [PATIENTS], 100 to %u\n", COHORT_MAX_PATIENTS);
        return 2;
    }
    sale.patients = calloc(sale.n_cohort + MAX_SYNTHEA, sizeof *sale.patients);
    if (sale.patients == NULL || fixture_grouped(&fx) != 0)
        return 1;
    sale.fx = fx;
    printf("a sale over %u made-up patients and the Synthea bundles; a stage's elapsed time\n",
           sale.n_cohort);
    stage(&sale, "patients' identities, cards", "patients", make_patients);
    stage(&sale, "doctor: cohort's records", "records", store_cohort);
    stage(&sale, "doctor: Synthea's records", "records", store_synthea);
    stage(&sale, "hospital: check, relay, anchor", "records", relay);
    stage(&sale, "patients: take in, verify", "records", take_in);
    stage(&sale, "patients: standing policies", "patients", set_policies);
    stage(&sale, "buyer: request", "request", request);
    stage(&sale, "hospital: match, k = 11, reply", "cards", reply);
    stage(&sale, "hospital: ask", "records", ask);
    stage(&sale, "patients: consent by policy", "consents", consent);
    stage(&sale, "hospital: collect", "consents", collect);
    stage(&sale, "hospital: check, deliver", "entries", deliver);
    stage(&sale, "everyone: events, mail", "entries", learn);
    stage(&sale, "buyer: verify", "entries", verify);
    stage(&sale, "buyer: data as CSV", "entries", export);
    stage(&sale, "buyer: finalize, push", "payments", finalize);
    stage(&sale, "claims", "claims", claim);
    free(sale.patients);
    return fixture_tear_down(&fx);
}
