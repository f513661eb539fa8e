/*
 * galen serve --demo: a home in which everybody lives, with an own chain and something of each
 * workflow in it, to look around in. Made the first time, by the same functions that everybody's
 * own home uses; its password is known to all the world.
 */
#include "cli/serve_demo.h"

#include <sys/stat.h>

#include <string.h>

#include "cohort/cohort.h"
#include "node/embedded_chain.h"
#include "record/fhir.h"
#include "record/record.h"
#include "workflow/complaint.h"
#include "workflow/dispute.h"

#define DEMO_MARK   "demo" /* the file in the home, once it is whole */
#define N_PATIENTS  12
#define N_DOCTORS   2
#define COHORT_SEED 2026
#define K           2 /* few patients: a hospital's is 11 unless it says otherwise */

struct town {
    struct workflow *wf; /* owned */
    struct node_chain *chain;
    struct chain_rpc *rpc;
    struct chain_address gm, rm, hospital, buyer, doctors[N_DOCTORS], patients[N_PATIENTS];
    char record[N_PATIENTS][2 * RECORD_HASH_BYTES + 3]; /* each one's first; 0x… */
};

static void town_clear(struct town *town)
{
    workflow_close(&town->wf);
    chain_rpc_free(town->rpc);
    node_chain_stop(&town->chain);
}
#define TOWN_AUTO GALEN_CLEANUP(town_clear) struct town

/* ---- between steps ------------------------------------------------------------------------------------ */

static enum galen_err fund(struct town *town, const struct chain_address *account,
                           struct galen_errinfo *info)
{
    static const char hundred_ether[] = "0x56bc75e2d63100000";
    char address[CHAIN_ADDRESS_TEXT];
    char params[192];
    BASE_BUF_AUTO answer = {0};
    chain_address_format(address, account);
    snprintf(params, sizeof params, "[\"%s\",\"%s\"]", address, hundred_ether);
    return chain_rpc_request(town->rpc, &answer, "anvil_setBalance", params, info);
}

/* Everybody reads what came, until nothing comes any more. */
static enum galen_err settle(struct town *town, struct galen_errinfo *info)
{
    for (int64_t moved = 1; moved > 0;) {
        RECORD_JSON_AUTO mail = NULL;
        RECORD_JSON_AUTO summary = NULL;
        struct json_object *count = NULL;
        int64_t taken = 0;
        GALEN_TRY(workflow_mail_export(town->wf, NULL, &mail, info));
        GALEN_TRY(workflow_mail_import(town->wf, mail, &taken, info));
        GALEN_TRY(workflow_mail_delivered(town->wf, mail, info));
        GALEN_TRY(workflow_sync(town->wf, &summary, info));
        moved = taken;
        for (const char *const *key = (const char *const[]){"messages", "events", NULL};
             *key != NULL; key++)
            if (json_object_object_get_ex(summary, *key, &count))
                moved += json_object_get_int64(count);
    }
    return GALEN_OK;
}

/* ---- who lives there -------------------------------------------------------------------------------- */

static enum galen_err make_one(struct town *town, struct chain_address *out, const char *name,
                               const char *role, bool has_money, struct galen_errinfo *info)
{
    GALEN_TRY(workflow_identity_new(town->wf, out, name, role, info));
    return has_money ? fund(town, out, info) : GALEN_OK;
}

static enum galen_err make_people(struct town *town, struct galen_errinfo *info)
{
    char name[32];
    GALEN_TRY(make_one(town, &town->gm, "group-manager", "gm", true, info));
    GALEN_TRY(make_one(town, &town->rm, "revocation-manager", "rm", true, info));
    GALEN_TRY(make_one(town, &town->hospital, "hospital", "hospital", true, info));
    GALEN_TRY(make_one(town, &town->buyer, "buyer", "buyer", true, info));
    for (int i = 0; i < N_DOCTORS; i++) {
        snprintf(name, sizeof name, "doctor-%d", i + 1);
        GALEN_TRY(make_one(town, &town->doctors[i], name, "doctor", false, info));
    }
    for (int i = 0; i < N_PATIENTS; i++) {
        snprintf(name, sizeof name, "patient-%02d", i + 1);
        GALEN_TRY(make_one(town, &town->patients[i], name, "patient", false, info));
    }
    return GALEN_OK;
}

/* A card is for one contract; made here, it makes its owner known here. */
static enum galen_err make_cards(struct town *town, struct galen_errinfo *info)
{
    const struct chain_address *const single[] = {&town->gm, &town->rm, &town->hospital,
                                                  &town->buyer};
    enum { SINGLE = 4, ALL = SINGLE + N_DOCTORS + N_PATIENTS };
    for (int i = 0; i < ALL; i++) {
        RECORD_JSON_AUTO card = NULL;
        const struct chain_address *who = i < SINGLE ? single[i]
                                          : i < SINGLE + N_DOCTORS
                                              ? &town->doctors[i - SINGLE]
                                              : &town->patients[i - SINGLE - N_DOCTORS];
        GALEN_TRY(workflow_card_make(town->wf, who, NULL, &card, info));
    }
    return GALEN_OK;
}

static enum galen_err set_up_group(struct town *town, struct galen_errinfo *info)
{
    struct workflow *wf = town->wf;
    GALEN_TRY(group_setup_gm(wf, &town->gm, &town->rm, NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(group_setup_rm(wf, &town->rm, NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(group_propose(wf, &town->gm, NULL, info));
    GALEN_TRY(group_confirm(wf, &town->rm, NULL, info));
    GALEN_TRY(group_set_hospital(wf, &town->gm, &town->hospital, true, NULL, info));
    GALEN_TRY(settle(town, info));
    for (int i = 0; i < N_DOCTORS; i++)
        GALEN_TRY(group_invite(wf, &town->gm, &town->doctors[i], NULL, info));
    GALEN_TRY(settle(town, info));
    for (int i = 0; i < N_DOCTORS; i++)
        GALEN_TRY(group_join(wf, &town->doctors[i], "demo licence", NULL, info));
    GALEN_TRY(settle(town, info));
    for (int i = 0; i < N_DOCTORS; i++)
        GALEN_TRY(group_approve(wf, &town->gm, &town->doctors[i], NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(group_commit(wf, &town->gm, 0, NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(group_countersign(wf, &town->rm, NULL, info));
    GALEN_TRY(settle(town, info));
    return group_commit(wf, &town->gm, 0, NULL, info);
}

/* ---- what has happened there ---------------------------------------------------------------------------- */

static enum galen_err store_patient(struct town *town, const struct cohort *cohort, uint32_t i,
                                    struct galen_errinfo *info)
{
    char owner[CHAIN_ADDRESS_TEXT];
    char hospital[CHAIN_ADDRESS_TEXT];
    BASE_BUF_AUTO text = {0};
    RECORD_FHIR_RESULT_AUTO imported = {0};
    const struct record_fhir_options options = {
        .patient_address = owner, .hospital_name = "hospital", .hospital_address = hospital};
    chain_address_format(owner, &town->patients[i]);
    chain_address_format(hospital, &town->hospital);
    GALEN_TRY(cohort_write_bundle(&text, cohort, i, info));
    GALEN_TRY(record_fhir_import(&imported, text.data, text.len, &options, info));
    for (size_t n = 0; n < imported.item_count; n++) {
        RECORD_JSON_AUTO stored = NULL;
        struct json_object *root = NULL;
        GALEN_TRY(storing_store(town->wf, &town->doctors[i % N_DOCTORS], imported.items[n].record,
                                NULL, &stored, info));
        if (n == 0 && json_object_object_get_ex(stored, "merkleRoot", &root))
            snprintf(town->record[i], sizeof town->record[i], "%s", json_object_get_string(root));
    }
    return GALEN_OK;
}

static enum galen_err store_records(struct town *town, struct galen_errinfo *info)
{
    const struct cohort cohort = {.seed = COHORT_SEED, .count = N_PATIENTS, .now_s = base_time_s()};
    for (uint32_t i = 0; i < N_PATIENTS; i++)
        GALEN_TRY(store_patient(town, &cohort, i, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(storing_relay(town->wf, &town->hospital, NULL, info));
    return settle(town, info);
}

static enum galen_err share_record(struct town *town, struct galen_errinfo *info)
{
    static const char *const fields[] = {"/medical_data", "/category", "/issued"};
    const struct sharing_options whole = {0};
    const struct sharing_options part = {.paths = fields, .n_paths = 3};
    GALEN_TRY(sharing_grant(town->wf, town->record[0], &town->doctors[1], &whole, NULL, info));
    GALEN_TRY(sharing_grant(town->wf, town->record[0], &town->doctors[0], &part, NULL, info));
    return settle(town, info);
}

/* Cardiology is what every patient of the cohort has a record of. */
static enum galen_err ask_for(struct town *town, const char *category, int min_records,
                              uint64_t *request_id, struct galen_errinfo *info)
{
    char text[512];
    RECORD_JSON_AUTO wanted = NULL;
    RECORD_JSON_AUTO made = NULL;
    struct json_object *id = NULL;
    const struct purchasing_terms terms = {.max_records = 3 * N_PATIENTS};
    snprintf(text, sizeof text,
             "{\"category\":\"%s\",\"demographics\":{\"age\":false,\"gender\":true,"
             "\"location\":false,\"ethnicity\":false},\"medical_data\":{\"diagnosis\":true,"
             "\"treatment\":false,\"medications\":false,\"lab_results\":true},"
             "\"time_period\":\"1 year\",\"min_records\":%d,\"price_wei\":\"1000000000000000000\"}",
             category, min_records);
    GALEN_TRY(record_json_parse(&wanted, text, strlen(text), sizeof text, info));
    GALEN_TRY(purchasing_request(town->wf, &town->buyer, wanted, &terms, &made, info));
    if (json_object_object_get_ex(made, "requestId", &id))
        *request_id = (uint64_t)json_object_get_int64(id);
    return settle(town, info);
}

static enum galen_err reply_and_ask(struct town *town, uint64_t id, struct galen_errinfo *info)
{
    GALEN_TRY(purchasing_reply_with_k(town->wf, &town->hospital, id, K, NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(purchasing_ask_consent(town->wf, &town->hospital, id, NULL, info));
    return settle(town, info);
}

/* Of the first n patients; who was not asked has nothing to answer. */
static enum galen_err consent(struct town *town, uint64_t id, int n, struct galen_errinfo *info)
{
    for (int i = 0; i < n; i++) {
        enum galen_err err = purchasing_consent(town->wf, &town->patients[i], id, true, NULL, info);
        if (err != GALEN_OK && err != GALEN_ERR_NOT_FOUND)
            return err;
    }
    return settle(town, info);
}

static enum galen_err deliver_and_verify(struct town *town, uint64_t id, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO verified = NULL;
    bool passed = false;
    GALEN_TRY(purchasing_deliver(town->wf, &town->hospital, id, NULL, info));
    GALEN_TRY(settle(town, info));
    GALEN_TRY(purchasing_verify(town->wf, id, &passed, &verified, info));
    return passed ? GALEN_OK
                  : base_fail(info, GALEN_ERR_INTERNAL, "the demo's own delivery fails its checks");
}

/* The buyer does not believe an entry that passes every check: the managers are to decide. */
static enum galen_err dispute(struct town *town, uint64_t id, struct galen_errinfo *info)
{
    const uint64_t first = 0;
    GALEN_TRY(dispute_open(town->wf, &town->buyer, id, &first, 1,
                           "The laboratory result cannot be of a patient with that diagnosis.",
                           NULL, info));
    return settle(town, info);
}

/* A sale that is paid, one that waits for the buyer, one in dispute, one that waits for half of the
 * patients, and a request that waits for the hospital. */
static enum galen_err trade(struct town *town, struct galen_errinfo *info)
{
    uint64_t id = 0;
    GALEN_TRY(ask_for(town, "Cardiology", 4, &id, info));
    GALEN_TRY(reply_and_ask(town, id, info));
    GALEN_TRY(consent(town, id, N_PATIENTS, info));
    GALEN_TRY(deliver_and_verify(town, id, info));
    GALEN_TRY(purchasing_finalize(town->wf, &town->buyer, id, true, NULL, info));
    GALEN_TRY(settle(town, info));

    GALEN_TRY(ask_for(town, "Cardiology", 4, &id, info));
    GALEN_TRY(reply_and_ask(town, id, info));
    GALEN_TRY(consent(town, id, N_PATIENTS, info));
    GALEN_TRY(deliver_and_verify(town, id, info));

    GALEN_TRY(ask_for(town, "General practice", 2, &id, info));
    GALEN_TRY(reply_and_ask(town, id, info));
    GALEN_TRY(consent(town, id, N_PATIENTS, info));
    GALEN_TRY(deliver_and_verify(town, id, info));
    GALEN_TRY(dispute(town, id, info));

    GALEN_TRY(ask_for(town, "Cardiology", 4, &id, info));
    GALEN_TRY(reply_and_ask(town, id, info));
    GALEN_TRY(consent(town, id, N_PATIENTS / 2, info));

    return ask_for(town, "General practice", 2, &id, info);
}

/* GM asks RM to open signatures, neither can alone: one is open, one waits for RM. */
static enum galen_err open_signatures(struct town *town, struct galen_errinfo *info)
{
    for (int i = 1; i >= 0; i--) {
        const struct opening_target target = {.record = town->record[i]};
        RECORD_JSON_AUTO made = NULL;
        struct json_object *id = NULL;
        GALEN_TRY(opening_request(town->wf, &town->gm, &target,
                                  "A value that the laboratory cannot have measured.", &made,
                                  info));
        GALEN_TRY(settle(town, info));
        if (i == 1 && json_object_object_get_ex(made, "id", &id))
            GALEN_TRY(
                opening_approve(town->wf, &town->rm, json_object_get_string(id), true, NULL, info));
        GALEN_TRY(settle(town, info));
    }
    return GALEN_OK;
}

/* Two patients complain: of one GM agrees that it be read, and it waits for RM. */
static enum galen_err complain(struct town *town, struct galen_errinfo *info)
{
    for (int i = 2; i < 4; i++) {
        RECORD_JSON_AUTO made = NULL;
        struct json_object *id = NULL;
        GALEN_TRY(complaint_make(town->wf, &town->patients[i], town->record[i],
                                 "I was never given this medicine.", &made, info));
        GALEN_TRY(settle(town, info));
        if (i == 2 && json_object_object_get_ex(made, "id", &id))
            GALEN_TRY(complaint_decide(town->wf, &town->gm, json_object_get_string(id), true, NULL,
                                       info));
        GALEN_TRY(settle(town, info));
    }
    return GALEN_OK;
}

static enum galen_err live(struct town *town, struct galen_errinfo *info)
{
    GALEN_TRY(make_people(town, info));
    GALEN_TRY(workflow_deploy(town->wf, &town->gm, &town->gm, &town->rm, NULL, info));
    GALEN_TRY(make_cards(town, info));
    GALEN_TRY(set_up_group(town, info));
    GALEN_TRY(store_records(town, info));
    GALEN_TRY(share_record(town, info));
    GALEN_TRY(trade(town, info));
    GALEN_TRY(open_signatures(town, info));
    return complain(town, info);
}

/* ---- the home -------------------------------------------------------------------------------------------- */

static enum galen_err make_home(const char *home, struct galen_errinfo *info)
{
    TOWN_AUTO town = {0};
    struct workflow_options options = {
        .home = home, .password = SERVE_DEMO_PASSWORD, .quick_kdf = true};
    GALEN_TRY(workflow_home_create(&options, NULL, info));
    GALEN_TRY(node_chain_start_home(&town.chain, home, info));
    GALEN_TRY(chain_rpc_new(&town.rpc, node_chain_url(town.chain), NULL, info));
    GALEN_TRY(workflow_open(&town.wf, &options, info));
    return live(&town, info);
}

enum galen_err serve_demo_home(const char *home, struct galen_errinfo *info)
{
    char mark[4096];
    struct stat st;
    if (snprintf(mark, sizeof mark, "%s/" DEMO_MARK, home) >= (int)sizeof mark)
        return base_fail(info, GALEN_ERR_USAGE, "the home's path is too long");
    if (stat(mark, &st) == 0)
        return GALEN_OK;
    if (stat(home, &st) == 0) {
        base_fail(info, GALEN_ERR_EXISTS, "%s is there, and is no demo's home", home);
        return base_hint(info, "name another with --home; or remove it, if it is a demo's that was "
                               "cut off while it was made");
    }
    GALEN_TRY(make_home(home, info));
    static const char text[] = "Everybody's keys in here are under the password that "
                               "'galen serve --demo' prints.\n";
    return base_file_write(mark, text, sizeof text - 1, 0600, info);
}

void serve_demo_people(FILE *out)
{
    fprintf(
        out,
        "  sign in as  group-manager, revocation-manager, hospital, buyer, doctor-1, doctor-%d,\n"
        "              patient-01 to patient-%d\n"
        "  password    %s\n"
        "  All of it is made up, and the keys are known to everybody: nothing real belongs here.\n",
        N_DOCTORS, N_PATIENTS, SERVE_DEMO_PASSWORD);
}
