/*
 * galen demo: the three workflows from end to end, on real parts: an own EVM chain, the real
 * contract, one encrypted home an actor, real FHIR input. Everything it says was done or checked at
 * that moment; a check that fails makes it exit with 1.
 */
#include "cli/demo.h"

#include <stdlib.h>
#include <string.h>

#include "cohort/cohort.h"
#include "config.h"
#include "record/record.h"
#include "store/store.h"

#define COHORT_SEED     2026
#define COHORT_PATIENTS 60
#define PRICE_WEI       "1000000000000000000"
#define MIN_RECORDS     20

/* ---- preparations ------------------------------------------------------------------------------- */

static enum galen_err make_identities(struct demo *demo, struct demo_cast *cast,
                                      struct galen_errinfo *info)
{
    struct {
        enum demo_home home;
        struct chain_address *address;
        const char *name, *role, *ether;
    } actors[] = {
        {DEMO_GM, &cast->gm, "group-manager", "gm", "10"},
        {DEMO_RM, &cast->rm, "revocation-manager", "rm", "10"},
        {DEMO_HOSPITAL, &cast->hospital, "hospital", "hospital", "10"},
        {DEMO_DOCTORS, &cast->doctors[0], "doctor-1", "doctor", NULL},
        {DEMO_DOCTORS, &cast->doctors[1], "doctor-2", "doctor", NULL},
        {DEMO_BUYER, &cast->buyer, "buyer", "buyer", "10"},
    };
    GALEN_TRY(demo_step(demo, "Preparation: identities", "everyone", info,
                        "Six homes, each with its own keys under Argon2id; wallet, encryption and "
                        "sale keys made in each."));
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        GALEN_TRY(workflow_identity_new(demo->home[actors[i].home], actors[i].address,
                                        actors[i].name, actors[i].role, info));
        if (actors[i].ether != NULL)
            GALEN_TRY(demo_fund(demo, actors[i].address, actors[i].ether, info));
    }
    chain_address_format(cast->hospital_text, &cast->hospital);
    for (size_t i = 0; i < cast->n_patients; i++) {
        char name[32];
        snprintf(name, sizeof name, "patient-%02zu", i + 1);
        GALEN_TRY(workflow_identity_new(demo->home[DEMO_PATIENTS], &cast->patients[i], name,
                                        "patient", info));
    }
    demo_note(demo,
              "2 managers, 1 hospital, %d doctors, %zu patients, 1 buyer; doctors and "
              "patients hold no ether and need none",
              DEMO_N_DOCTORS, cast->n_patients);
    return GALEN_OK;
}

static enum galen_err deploy(struct demo *demo, const struct demo_cast *cast,
                             struct galen_errinfo *info)
{
    RECORD_JSON_AUTO result = NULL;
    struct chain_address contract;
    GALEN_TRY(demo_step(demo, "Preparation: contract", "group manager", info,
                        "Deploys DataHub.sol, naming both managers."));
    GALEN_TRY(workflow_deploy(demo->home[DEMO_GM], &cast->gm, &cast->gm, &cast->rm, &result, info));
    GALEN_TRY(demo_say_tx(demo, result, "tx", info));
    demo_note(demo, "DataHub at %s", demo_text(result, "contract"));
    GALEN_TRY(chain_address_parse(&contract, demo_text(result, "contract"), info));
    for (int i = 0; i < DEMO_HOMES; i++)
        if (i != DEMO_GM)
            GALEN_TRY(workflow_connect(demo->home[i], NULL, &contract, info));
    return GALEN_OK;
}

static enum galen_err exchange_cards(struct demo *demo, const struct demo_cast *cast,
                                     struct galen_errinfo *info)
{
    const struct {
        enum demo_home home;
        const struct chain_address *who;
    } public_actors[] = {
        {DEMO_GM, &cast->gm},
        {DEMO_RM, &cast->rm},
        {DEMO_HOSPITAL, &cast->hospital},
        {DEMO_DOCTORS, &cast->doctors[0]},
        {DEMO_DOCTORS, &cast->doctors[1]},
        {DEMO_BUYER, &cast->buyer},
    };
    GALEN_TRY(demo_step(demo, "Preparation: contact cards", "everyone", info,
                        "Signed contact cards are exchanged, so that the first contact needs no "
                        "transaction; patients show theirs to their doctors and their hospital."));
    for (size_t i = 0; i < sizeof public_actors / sizeof *public_actors; i++)
        for (int to = 0; to < DEMO_HOMES; to++)
            GALEN_TRY(demo_give_card(demo, public_actors[i].home, public_actors[i].who,
                                     (enum demo_home)to, info));
    for (size_t i = 0; i < cast->n_patients; i++) {
        GALEN_TRY(demo_give_card(demo, DEMO_PATIENTS, &cast->patients[i], DEMO_DOCTORS, info));
        GALEN_TRY(demo_give_card(demo, DEMO_PATIENTS, &cast->patients[i], DEMO_HOSPITAL, info));
    }
    return GALEN_OK;
}

static enum galen_err set_up_group(struct demo *demo, const struct demo_cast *cast,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO proposed = NULL;
    RECORD_JSON_AUTO confirmed = NULL;
    RECORD_JSON_AUTO accredited = NULL;
    GALEN_TRY(demo_step(demo, "Preparation: group key", "both managers", info,
                        "Each makes half of the opening key and of the tracing key, with a proof "
                        "of knowledge; nobody ever holds either whole."));
    GALEN_TRY(group_setup_gm(demo->home[DEMO_GM], &cast->gm, &cast->rm, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_setup_rm(demo->home[DEMO_RM], &cast->rm, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_propose(demo->home[DEMO_GM], &cast->gm, &proposed, info));
    GALEN_TRY(demo_say_tx(demo, proposed, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_confirm(demo->home[DEMO_RM], &cast->rm, &confirmed, info));
    GALEN_TRY(demo_say_tx(demo, confirmed, "tx", info));
    GALEN_TRY(group_set_hospital(demo->home[DEMO_GM], &cast->gm, &cast->hospital, true, &accredited,
                                 info));
    GALEN_TRY(demo_say_tx(demo, accredited, "tx", info));
    GALEN_TRY(demo_check(demo, strlen(demo_text(proposed, "fingerprint")) == 66, info,
                         "group key %s confirmed by the revocation manager's own wallet",
                         demo_text(proposed, "fingerprint")));
    GALEN_TRY(demo_deliver_mail(demo, info));

    GALEN_TRY(demo_step(demo, "Preparation: doctors join", "doctors, group manager", info,
                        "Each answers a nonce with a join request, a statement and the wallet's "
                        "signature over both, and gets a membership."));
    for (size_t i = 0; i < DEMO_N_DOCTORS; i++)
        GALEN_TRY(group_invite(demo->home[DEMO_GM], &cast->gm, &cast->doctors[i], NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    for (size_t i = 0; i < DEMO_N_DOCTORS; i++) {
        char licence[32];
        snprintf(licence, sizeof licence, "demo licence %zu", i + 1);
        GALEN_TRY(group_join(demo->home[DEMO_DOCTORS], &cast->doctors[i], licence, NULL, info));
    }
    GALEN_TRY(demo_deliver_mail(demo, info));
    for (size_t i = 0; i < DEMO_N_DOCTORS; i++)
        GALEN_TRY(group_approve(demo->home[DEMO_GM], &cast->gm, &cast->doctors[i], NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    RECORD_JSON_AUTO members = NULL;
    GALEN_TRY(group_members(demo->home[DEMO_GM], NULL, &members, info));
    return demo_check(demo, json_object_array_length(members) == DEMO_N_DOCTORS, info,
                      "the registry holds %zu members with their join evidence",
                      json_object_array_length(members));
}

/* ---- storing ------------------------------------------------------------------------------------ */

/* Records of one patient from FHIR bytes; steps 1 to 5 of storing for each. */
static enum galen_err store_bundle(struct demo *demo, struct demo_cast *cast, size_t patient,
                                   struct base_view bytes, const char *name,
                                   struct galen_errinfo *info)
{
    char patient_text[CHAIN_ADDRESS_TEXT];
    RECORD_FHIR_RESULT_AUTO imported = {0};
    const struct record_fhir_options options = {
        .patient_address = patient_text,
        .hospital_name = "hospital",
        .hospital_address = cast->hospital_text,
    };
    chain_address_format(patient_text, &cast->patients[patient]);
    enum galen_err err = record_fhir_import(&imported, bytes.data, bytes.len, &options, info);
    if (err != GALEN_OK)
        return base_wrap(info, err, "%s", name);
    const struct storing_options storing = {.releases = -1};
    for (size_t i = 0; i < imported.item_count; i++) {
        RECORD_JSON_AUTO stored = NULL;
        GALEN_TRY(storing_store(demo->home[DEMO_DOCTORS], &cast->doctors[0],
                                imported.items[i].record, &storing, &stored, info));
        cast->records++;
        if (cast->first_record[0] != '\0')
            continue;
        snprintf(cast->first_record, sizeof cast->first_record, "%s",
                 demo_text(stored, "merkleRoot"));
        demo_note(demo, "first record: IDrec %s over %lld fields", cast->first_record,
                  (long long)demo_number(stored, "leaves"));
        demo_note(demo, "envelope %s, group signature %.26s...", demo_text(stored, "cid"),
                  demo_text(stored, "sig"));
        GALEN_TRY(demo_check(demo, strlen(demo_text(stored, "sig")) == 2 + 2 * 362, info,
                             "the group signature has 362 bytes"));
    }
    return GALEN_OK;
}

static enum galen_err store_records(struct demo *demo, struct demo_cast *cast,
                                    const char *const *files, size_t n_files,
                                    struct galen_errinfo *info)
{
    const struct cohort cohort = {
        .seed = COHORT_SEED, .count = COHORT_PATIENTS, .now_s = base_time_s()};
    GALEN_TRY(demo_step(demo, "Storing 1-4: record, group signature, encryption, IPFS",
                        "doctor's client", info,
                        "Imports %zu Synthea FHIR bundles and %d synthetic cardiology patients; "
                        "each encounter becomes a record with a Merkle root, a group signature and "
                        "3 sellable releases, sealed for its patient alone.",
                        n_files, COHORT_PATIENTS));
    int64_t before = base_monotonic_ms();
    for (size_t i = 0; i < n_files; i++) {
        BASE_BUF_AUTO bytes = {0};
        int64_t had = cast->records;
        GALEN_TRY(base_file_read(&bytes, files[i], RECORD_FHIR_MAX_BYTES, info));
        GALEN_TRY(
            store_bundle(demo, cast, i, (struct base_view){bytes.data, bytes.len}, files[i], info));
        const char *base = strrchr(files[i], '/');
        demo_note(demo, "%s: %lld records", base != NULL ? base + 1 : files[i],
                  (long long)(cast->records - had));
    }
    for (uint32_t i = 0; i < COHORT_PATIENTS; i++) {
        BASE_BUF_AUTO text = {0};
        GALEN_TRY(cohort_write_bundle(&text, &cohort, i, info));
        GALEN_TRY(store_bundle(demo, cast, n_files + i, (struct base_view){text.data, text.len},
                               "synthetic bundle", info));
    }
    int64_t took = base_monotonic_ms() - before;
    demo_note(demo, "%lld records in %.1f s", (long long)cast->records, (double)took / 1000);

    RECORD_JSON_AUTO relayed = NULL;
    struct json_object *anchored = NULL;
    GALEN_TRY(demo_step(demo, "Storing 5-6: transaction and event", "hospital's relay", info,
                        "Checks signature, key and block of everything handed over, and anchors it "
                        "in batches: the chain sees the hospital, never the doctor."));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(storing_relay(demo->home[DEMO_HOSPITAL], &cast->hospital, &relayed, info));
    json_object_object_get_ex(relayed, "anchored", &anchored);
    GALEN_TRY(demo_say_tx(demo, relayed, "txs", info));
    size_t n = anchored != NULL ? json_object_array_length(anchored) : 0;
    return demo_check(demo, (int64_t)n == cast->records, info, "%zu of %lld records are anchored",
                      n, (long long)cast->records);
}

/* The state a list shows of each record. */
static size_t count_state(struct json_object *list, const char *state)
{
    size_t n = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (strcmp(demo_text(json_object_array_get_idx(list, i), "state"), state) == 0)
            n++;
    return n;
}

static enum galen_err notify_patients(struct demo *demo, const struct demo_cast *cast,
                                      struct galen_errinfo *info)
{
    struct workflow *patients = demo->home[DEMO_PATIENTS];
    RECORD_JSON_AUTO list = NULL;
    RECORD_JSON_AUTO verified = NULL;
    bool passed = false;
    GALEN_TRY(demo_step(demo, "Storing 7: the patient is notified", "patients' clients", info,
                        "See the DataStored events, fetch and open the envelopes, check everything "
                        "in them, and list the records."));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(storing_list(patients, NULL, NULL, &list, info));
    GALEN_TRY(demo_check(demo, (int64_t)count_state(list, "anchored") == cast->records, info,
                         "%zu records appeared in the patients' lists",
                         count_state(list, "anchored")));
    demo_note(demo, "patient-01 verifies the first one in full:");
    GALEN_TRY(storing_verify(patients, cast->first_record, &passed, &verified, info));
    return demo_checks(demo, verified, info);
}

/* ---- sharing ------------------------------------------------------------------------------------ */

/* One bit of a block, as a storage node that lies would change it; again puts it right. */
static enum galen_err flip_bit(struct demo *demo, const char *cid, struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    char path[700];
    snprintf(path, sizeof path, "%s/ipfs/%.2s/%s", demo->dir, cid + strlen(cid) - 3, cid);
    GALEN_TRY(base_file_read(&block, path, STORE_BLOCK_MAX, info));
    block.data[block.len / 2] ^= 1;
    return base_file_write(path, block.data, block.len, 0600, info);
}

/* The very proof that doctor-2 has just accepted, with one value changed; and a lying storage. */
static enum galen_err show_tampering(struct demo *demo, const struct demo_cast *cast,
                                     struct json_object *opened, const char *cid,
                                     struct galen_errinfo *info)
{
    struct json_object *json = NULL;
    RECORD_DISCLOSURE_AUTO disclosure = {0};
    char root[2 * RECORD_HASH_BYTES + 3] = "0x";
    bool valid = false;
    bool passed = true;
    size_t at = 0;
    GALEN_TRY(demo_step(demo, "A forger at work", "attacker", info,
                        "Changes one value in the Merkle proof that doctor-2 has just accepted, "
                        "then one bit of the shared block."));
    GALEN_TRY(record_json_get_object(&json, opened, "disclosure", RECORD_JSON_REQUIRED, "", info));
    GALEN_TRY(record_disclosure_parse(&disclosure, json, info));
    base_hex_encode(root + 2, disclosure.root, sizeof disclosure.root);
    GALEN_TRY(record_disclosure_verify(&valid, &disclosure, RECORD_ORDER_PATH, info));
    GALEN_TRY(demo_check(demo, valid && strcmp(root, cast->first_record) == 0, info,
                         "the honest proof holds against the anchored IDrec"));
    while (at + 1 < disclosure.field_count && strcmp(disclosure.fields[at].path, "/category") != 0)
        at++;
    json_object_put(disclosure.fields[at].value);
    disclosure.fields[at].value = json_object_new_string("Dermatology");
    GALEN_TRY(record_disclosure_verify(&valid, &disclosure, RECORD_ORDER_PATH, NULL));
    GALEN_TRY(demo_check(demo, !valid, info, "with %s changed the proof is refused",
                         disclosure.fields[at].path));

    RECORD_JSON_AUTO again = NULL;
    GALEN_TRY(flip_bit(demo, cid, info));
    enum galen_err err = sharing_open(demo->home[DEMO_DOCTORS], cid, &passed, &again, NULL);
    GALEN_TRY(demo_check(demo, err != GALEN_OK || !passed, info,
                         "a share whose block has one bit changed is refused"));
    GALEN_TRY(flip_bit(demo, cid, info));
    record_json_put(&again);
    GALEN_TRY(sharing_open(demo->home[DEMO_DOCTORS], cid, &passed, &again, info));
    return demo_check(demo, passed, info, "the honest block opens again");
}

static enum galen_err share_record(struct demo *demo, const struct demo_cast *cast,
                                   struct galen_errinfo *info)
{
    static const char *const fields[] = {"/medical_data", "/category", "/issued"};
    RECORD_JSON_AUTO whole = NULL;
    RECORD_JSON_AUTO part = NULL;
    const struct sharing_options part_options = {.paths = fields, .n_paths = 3};
    GALEN_TRY(demo_step(demo, "Sharing 1-4: select, temporary key, wrap, send", "patient-01", info,
                        "Shares the first record with doctor-2: once whole, once only diagnosis, "
                        "treatment and results."));
    GALEN_TRY(sharing_grant(demo->home[DEMO_PATIENTS], cast->first_record, &cast->doctors[1],
                            &(struct sharing_options){0}, &whole, info));
    GALEN_TRY(sharing_grant(demo->home[DEMO_PATIENTS], cast->first_record, &cast->doctors[1],
                            &part_options, &part, info));
    demo_note(demo, "cid_share %s (whole)", demo_text(whole, "cidShare"));
    demo_note(demo, "cid_share %s (fields)", demo_text(part, "cidShare"));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(demo_step(demo, "Sharing 5: doctor access", "doctor-2", info,
                        "Unwraps the temporary key, decrypts, and checks what was shared."));
    struct json_object *grants[] = {whole, part};
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO opened = NULL;
        bool passed = false;
        demo_note(demo, "%s:", i == 0 ? "the whole record" : "chosen fields");
        GALEN_TRY(sharing_open(demo->home[DEMO_DOCTORS], demo_text(grants[i], "cidShare"), &passed,
                               &opened, info));
        GALEN_TRY(demo_checks(demo, opened, info));
        if (i == 1)
            GALEN_TRY(show_tampering(demo, cast, opened, demo_text(part, "cidShare"), info));
    }
    return GALEN_OK;
}

/* ---- the command -------------------------------------------------------------------------------- */

static enum galen_err play(struct demo *demo, struct demo_cast *cast, const char *const *files,
                           size_t n_files, struct galen_errinfo *info)
{
    GALEN_TRY(make_identities(demo, cast, info));
    GALEN_TRY(deploy(demo, cast, info));
    GALEN_TRY(exchange_cards(demo, cast, info));
    GALEN_TRY(set_up_group(demo, cast, info));
    GALEN_TRY(store_records(demo, cast, files, n_files, info));
    GALEN_TRY(notify_patients(demo, cast, info));
    GALEN_TRY(share_record(demo, cast, info));
    GALEN_TRY(demo_purchase(demo, &cast->buyer, &cast->hospital, cast->patients, cast->n_patients,
                            PRICE_WEI, MIN_RECORDS, info));
    return demo_fraud(demo, cast, info);
}

static enum galen_err summary(struct demo *demo, struct json_object **gas,
                              struct json_object **result, struct galen_errinfo *info)
{
    double seconds = (double)(base_monotonic_ms() - demo->started_ms) / 1000;
    if (demo->out != NULL) {
        fprintf(demo->out, "\n%s%lld checks passed, %lld failed%s, %.1f s\n",
                cli_color(demo->out, demo->failed == 0 ? "green" : "red"), (long long)demo->passed,
                (long long)demo->failed, cli_color(demo->out, "plain"), seconds);
        if (demo->keep)
            fprintf(demo->out, "homes, blocks and log are kept in %s\n", demo->dir);
        return GALEN_OK;
    }
    RECORD_JSON_AUTO all = json_object_new_object();
    GALEN_TRY(record_json_set(all, "steps", demo->steps, info));
    demo->steps = NULL;
    GALEN_TRY(record_json_set(all, "gas", *gas, info));
    *gas = NULL;
    GALEN_TRY(record_json_set(all, "passed", json_object_new_int64(demo->passed), info));
    GALEN_TRY(record_json_set(all, "failed", json_object_new_int64(demo->failed), info));
    GALEN_TRY(record_json_set(all, "seconds", json_object_new_double(seconds), info));
    *result = all;
    all = NULL;
    return GALEN_OK;
}

enum galen_err cli_demo(struct cli *cli, struct json_object **result, bool *passed,
                        struct galen_errinfo *info)
{
    static const char *const shipped[] = {
        GALEN_FHIR_FIXTURES "/Luna60_McCullough561_6662f0ca-b617-4e02-8f55-7275e9f49aa0.json",
        GALEN_FHIR_FIXTURES "/Johnnie679_Hermiston71_2cd30bd6-3a87-4191-af90-6daa70f58f55.json",
    };
    static struct demo_cast cast;
    const char *given[CLI_MAX_REPEATS];
    size_t n_given = cli_options(cli, "fhir", given);
    const char *const *files = n_given > 0 ? given : shipped;
    size_t n_files = n_given > 0 ? n_given : 2;
    cast.n_patients = n_files + COHORT_PATIENTS;
    GALEN_CLEANUP(demo_close) struct demo demo = {0};
    RECORD_JSON_AUTO gas = NULL;
    GALEN_TRY(demo_open(&demo, cli_option(cli, "keep"), cli->json ? NULL : stdout, info));
    GALEN_TRY(play(&demo, &cast, files, n_files, info));
    GALEN_TRY(demo_gas_table(&demo, &gas, info));
    GALEN_TRY(summary(&demo, &gas, result, info));
    *passed = demo.failed == 0;
    return GALEN_OK;
}
