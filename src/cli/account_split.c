/* galen account split, split-open, combine. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "record/record.h"
#include "workflow/keysplit.h"

enum galen_err cli_account_split(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address identity;
    struct chain_address custodians[KEYSPLIT_CUSTODIANS_MAX];
    const char *names[CLI_MAX_REPEATS];
    const char *threshold_text = NULL;
    const char *dir = NULL;
    uint64_t threshold = 0;
    RECORD_JSON_AUTO files = NULL;
    RECORD_JSON_AUTO list = json_object_new_array();
    GALEN_TRY(cli_identity(cli, NULL, &identity, info));
    GALEN_TRY(cli_need(cli, "threshold", &threshold_text, info));
    GALEN_TRY(cli_need(cli, "output", &dir, info));
    GALEN_TRY(
        cli_number(threshold_text, "--threshold", 2, KEYSPLIT_CUSTODIANS_MAX, &threshold, info));
    size_t n = cli_options(cli, "custodian", names);
    if (n > KEYSPLIT_CUSTODIANS_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "at most %d custodians", KEYSPLIT_CUSTODIANS_MAX);
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(workflow_contact_find(cli->wf, &custodians[i], names[i], info));
    if (access(dir, F_OK) == 0)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is there already", dir);
    GALEN_TRY(workflow_keysplit(cli->wf, &identity, threshold, custodians, n, &files, info));
    GALEN_TRY(base_dir_make(dir, 0700, info));
    for (size_t i = 0; i < n; i++) {
        char path[4096];
        char address[CHAIN_ADDRESS_TEXT];
        chain_address_format(address, &custodians[i]);
        if ((size_t)snprintf(path, sizeof path, "%s/%s.json", dir, address) >= sizeof path)
            return base_fail(info, GALEN_ERR_USAGE, "path is too long");
        const char *text = json_object_to_json_string_ext(json_object_array_get_idx(files, i),
                                                          JSON_C_TO_STRING_NOSLASHESCAPE);
        if (text == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        GALEN_TRY(base_file_write(path, text, strlen(text), 0600, info));
        RECORD_JSON_AUTO row = json_object_new_object();
        GALEN_TRY(record_json_set(row, "custodian", json_object_new_string(names[i]), info));
        GALEN_TRY(record_json_set(row, "file", json_object_new_string(path), info));
        GALEN_TRY(record_json_push(list, row, info));
        row = NULL;
    }
    *result = list;
    list = NULL;
    return GALEN_OK;
}

enum galen_err cli_account_split_open(struct cli *cli, struct json_object **result, bool *passed,
                                      struct galen_errinfo *info)
{
    const char *to = NULL;
    struct chain_address reader;
    RECORD_JSON_AUTO file = NULL;
    RECORD_JSON_AUTO handed_over = NULL;
    GALEN_TRY(cli_need(cli, "to", &to, info));
    GALEN_TRY(workflow_contact_find(cli->wf, &reader, to, info));
    GALEN_TRY(cli_read_json(cli->args[0], &file, info));
    enum galen_err err = workflow_keysplit_open(cli->wf, file, &reader, &handed_over, info);
    if (err != GALEN_OK)
        return base_wrap(info, err, "%s", cli->args[0]);
    return cli_write_json(cli, handed_over, info);
}

static void put_all(struct json_object *(*files)[KEYSPLIT_CUSTODIANS_MAX])
{
    for (size_t i = 0; i < KEYSPLIT_CUSTODIANS_MAX; i++)
        json_object_put((*files)[i]);
}

enum galen_err cli_account_combine(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct chain_address reader;
    GALEN_CLEANUP(put_all) struct json_object *files[KEYSPLIT_CUSTODIANS_MAX] = {NULL};
    GALEN_TRY(cli_identity(cli, NULL, &reader, info));
    for (size_t i = 0; i < cli->n_args; i++)
        GALEN_TRY(cli_read_json(cli->args[i], &files[i], info));
    return workflow_keysplit_combine(cli->wf, &reader, files, cli->args, cli->n_args, result, info);
}
