/* galen record. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "record/record.h"

static enum galen_err storing_options(const struct cli *cli, struct storing_options *options,
                                      struct galen_errinfo *info)
{
    const char *releases = cli_option(cli, "releases");
    *options = (struct storing_options){.releases = -1,
                                        .from_wallet = cli_option(cli, "from-wallet") != NULL};
    if (releases == NULL)
        return GALEN_OK;
    uint64_t n = 0;
    GALEN_TRY(cli_number(releases, "--releases", 0, 16, &n, info));
    options->releases = (int)n;
    return GALEN_OK;
}

enum galen_err cli_record_create(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address doctor;
    struct storing_options options;
    RECORD_JSON_AUTO record = NULL;
    GALEN_TRY(storing_options(cli, &options, info));
    GALEN_TRY(cli_identity(cli, "doctor", &doctor, info));
    GALEN_TRY(cli_read_json(cli->args[0], &record, info));
    if (options.from_wallet)
        fprintf(stderr, "warning: the transaction comes from the doctor's own wallet, so the chain "
                        "names the doctor; without --from-wallet the hospital relays it\n");
    return storing_store(cli->wf, &doctor, record, &options, result, info);
}

/* ---- import ------------------------------------------------------------------------------------- */

/* --patient is an address, a contact's name, or a file with a contact card. */
static enum galen_err import_patient(const struct cli *cli, struct chain_address *patient,
                                     struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(cli_need(cli, "patient", &text, info));
    if (access(text, R_OK) != 0)
        return workflow_contact_find(cli->wf, patient, text, info);
    RECORD_JSON_AUTO card = NULL;
    GALEN_TRY(cli_read_json(text, &card, info));
    return workflow_card_add(cli->wf, card, patient, info);
}

struct import {
    bool dry_run, with_report;
    struct chain_address doctor;
    struct storing_options storing;
    struct chain_address patient, hospital;
    struct record_fhir_options fhir;
    char patient_text[CHAIN_ADDRESS_TEXT], hospital_text[CHAIN_ADDRESS_TEXT];
};

static enum galen_err import_prepare(const struct cli *cli, struct import *import,
                                     struct galen_errinfo *info)
{
    GALEN_TRY(storing_options(cli, &import->storing, info));
    import->dry_run = cli->dry_run;
    import->with_report = cli_option(cli, "report") != NULL;
    import->fhir.hospital_name = "not given";
    if (!cli->dry_run) {
        const char *name = NULL;
        GALEN_TRY(cli_need(cli, "hospital", &name, info));
        GALEN_TRY(cli_identity(cli, "doctor", &import->doctor, info));
        GALEN_TRY(import_patient(cli, &import->patient, info));
        GALEN_TRY(workflow_contact_find(cli->wf, &import->hospital, name, info));
        import->fhir.hospital_name = name;
    }
    chain_address_format(import->patient_text, &import->patient);
    chain_address_format(import->hospital_text, &import->hospital);
    import->fhir.patient_address = import->patient_text;
    import->fhir.hospital_address = import->hospital_text;
    import->fhir.patient_id = cli_option(cli, "patient-id");
    import->fhir.per_patient = cli_option(cli, "per-patient") != NULL;
    return GALEN_OK;
}

/* One file: its report, and for a real import what became of each record. *file_error tells that
 * the file (not the home or the chain) is at fault: the next file is still tried. */
static enum galen_err import_file(const struct cli *cli, const struct import *import,
                                  const char *path, struct json_object **row,
                                  struct galen_errinfo *info, bool *file_error)
{
    BASE_BUF_AUTO data = {0};
    RECORD_FHIR_RESULT_AUTO records = {0};
    RECORD_JSON_AUTO report = NULL;
    struct galen_errinfo why = {0};
    enum galen_err err = base_file_read(&data, path, RECORD_FHIR_MAX_BYTES, &why);
    if (err == GALEN_OK)
        err = record_fhir_import(&records, data.data, data.len, &import->fhir, &why);
    *file_error = err != GALEN_OK;
    GALEN_TRY(record_fhir_report(&report, path, err == GALEN_OK ? &records : NULL,
                                 err == GALEN_OK ? NULL : &why, info));
    if (err == GALEN_OK && import->with_report)
        GALEN_TRY(record_fhir_report_releases(report, &records, info));
    if (err == GALEN_OK && !import->dry_run) {
        const struct import_file file = {.records = &records,
                                         .patient = import->patient,
                                         .hospital = import->hospital,
                                         .releases = import->storing.releases};
        GALEN_TRY(import_store(cli->wf, &import->doctor, &file, report, info));
    }
    *row = report;
    report = NULL;
    return GALEN_OK;
}

/* Some of its records could not be stored. */
static bool has_failures(struct json_object *row)
{
    struct json_object *import = NULL;
    return json_object_object_get_ex(row, "import", &import) &&
           json_object_object_get_ex(import, "failures", NULL);
}

enum galen_err cli_record_import(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    static struct import import;
    RECORD_JSON_AUTO list = json_object_new_array();
    GALEN_TRY(import_prepare(cli, &import, info));
    for (size_t i = 0; i < cli->n_args; i++) {
        struct cli_progress progress = {.what = "records"};
        struct json_object *row = NULL;
        bool file_error = false;
        if (cli->n_args > 1)
            snprintf(progress.before, sizeof progress.before, "file %zu of %zu: ", i + 1,
                     cli->n_args);
        cli_progress_begin(cli, &progress);
        enum galen_err err = import_file(cli, &import, cli->args[i], &row, info, &file_error);
        cli_progress_end(cli);
        GALEN_TRY(err);
        GALEN_TRY(record_json_push(list, row, info));
        if (file_error || has_failures(row))
            *passed = false;
    }
    *result = list;
    list = NULL;
    return GALEN_OK;
}

enum galen_err cli_record_imports(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    struct chain_address doctor;
    const bool one = cli_option(cli, "as") != NULL;
    if (one)
        GALEN_TRY(cli_identity(cli, NULL, &doctor, info));
    return import_list(cli->wf, one ? &doctor : NULL, NULL, result, info);
}

/* ---- reading ------------------------------------------------------------------------------------ */

enum galen_err cli_record_list(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address identity;
    bool one = cli_option(cli, "as") != NULL;
    if (one)
        GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    return storing_list(cli->wf, one ? &identity : NULL, NULL, result, info);
}

enum galen_err cli_record_show(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    return storing_show(cli->wf, cli->args[0], result, info);
}

enum galen_err cli_record_tree(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    const char *fields[CLI_MAX_REPEATS];
    const char *release = cli_option(cli, "release");
    const char *request = cli_option(cli, "request");
    uint8_t root[RECORD_HASH_BYTES];
    struct storing_tree_view view = {.fields = fields,
                                     .n_fields = cli_options(cli, "field", fields)};
    if (view.n_fields > 0 && request != NULL)
        return base_fail(info, GALEN_ERR_USAGE, "--field or --request, not both");
    if (request != NULL)
        GALEN_TRY(cli_number(request, "--request", 1, INT64_MAX, &view.request_id, info));
    if (release != NULL) {
        GALEN_TRY(base_hex_decode(root, sizeof root, release, "--release", info));
        view.release_root = root;
    }
    return storing_tree(cli->wf, cli->args[0], &view, result, info);
}

enum galen_err cli_record_verify(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    return storing_verify(cli->wf, cli->args[0], passed, result, info);
}

enum galen_err cli_record_export(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO bundle = NULL;
    GALEN_TRY(storing_export_fhir(cli->wf, cli->args[0], &bundle, info));
    return cli_write_json(cli, bundle, info);
}

/* ---- de-identification ---------------------------------------------------------------------------- */

bool cli_record_is_file(const struct cli *cli)
{
    return cli_option(cli, "rules") != NULL ||
           (cli->n_args == 1 && access(cli->args[0], R_OK) == 0);
}

enum galen_err cli_record_deidentify(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO both = NULL;
    struct json_object *report = NULL;
    if (cli_option(cli, "rules") != NULL)
        return record_release_rules(result, info);
    if (cli->n_args == 0)
        return base_fail(info, GALEN_ERR_USAGE, "say which record, or --rules");
    if (cli->wf == NULL) {
        RECORD_JSON_AUTO record = NULL;
        GALEN_TRY(cli_read_json(cli->args[0], &record, info));
        GALEN_TRY(record_release_describe(&both, record, info));
    } else {
        GALEN_TRY(storing_deidentify(cli->wf, cli->args[0], &both, info));
    }
    if (cli_option(cli, "report") != NULL && json_object_object_get_ex(both, "report", &report))
        return record_json_copy(result, report, info);
    *result = both;
    both = NULL;
    return GALEN_OK;
}

/* ---- more releases -------------------------------------------------------------------------------- */

enum galen_err cli_record_topup(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    return topup_ask(cli->wf, cli->args[0], result, info);
}

enum galen_err cli_record_topups(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address hospital;
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(cli_identity(cli, "hospital", &hospital, info));
    GALEN_TRY(topup_list(cli->wf, &hospital, &list, info));
    return cli_write_json(cli, list, info);
}

/* Lists in files, or (without) those of the hospitals' nodes; then what was recognised is answered.
 */
enum galen_err cli_record_topup_answer(struct cli *cli, struct json_object **result, bool *passed,
                                       struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = json_object_new_object();
    if (cli->n_args == 0) {
        struct json_object *hospitals = NULL;
        GALEN_TRY(topup_poll(cli->wf, true, &hospitals, info));
        GALEN_TRY(record_json_set(made, "hospitals", hospitals, info));
    }
    int64_t recognised = 0;
    for (size_t i = 0; i < cli->n_args; i++) {
        RECORD_JSON_AUTO list = NULL;
        int64_t found = 0;
        GALEN_TRY(cli_read_json(cli->args[i], &list, info));
        GALEN_TRY(topup_match(cli->wf, list, &found, info));
        recognised += found;
    }
    if (cli->n_args > 0)
        GALEN_TRY(record_json_set(made, "recognised", json_object_new_int64(recognised), info));
    GALEN_TRY(workflow_sync(cli->wf, NULL, info));
    *result = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err cli_record_relay(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address hospital;
    GALEN_TRY(cli_identity(cli, "hospital", &hospital, info));
    return storing_relay(cli->wf, &hospital, result, info);
}
