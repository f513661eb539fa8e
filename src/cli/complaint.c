/* galen record complain, complaints, complaint-approve. */
#include "workflow/complaint.h"
#include "cli/cli.h"

enum galen_err cli_record_complain(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    struct chain_address who;
    const char *reason = NULL;
    GALEN_TRY(cli_need(cli, "reason", &reason, info));
    /* Without --as this home's patient; where there is none, its doctor. */
    enum galen_err err = cli_identity(cli, cli_option(cli, "as") != NULL ? NULL : "patient", &who,
                                      info);
    if (err == GALEN_ERR_NOT_FOUND && cli_option(cli, "as") == NULL)
        err = cli_identity(cli, "doctor", &who, info);
    GALEN_TRY(err);
    return complaint_make(cli->wf, &who, cli->args[0], reason, result, info);
}

enum galen_err cli_record_complaints(struct cli *cli, struct json_object **result, bool *passed,
                                     struct galen_errinfo *info)
{
    return cli->n_args > 0 ? complaint_show(cli->wf, cli->args[0], result, info)
                           : complaint_list(cli->wf, result, info);
}

enum galen_err cli_record_complaint_approve(struct cli *cli, struct json_object **result,
                                            bool *passed, struct galen_errinfo *info)
{
    struct chain_address manager;
    /* Without --as this home's RM; where there is none, its GM. */
    enum galen_err err = cli_identity(cli, cli_option(cli, "as") != NULL ? NULL : "rm", &manager,
                                      info);
    if (err == GALEN_ERR_NOT_FOUND && cli_option(cli, "as") == NULL)
        err = cli_identity(cli, "gm", &manager, info);
    GALEN_TRY(err);
    return complaint_decide(cli->wf, &manager, cli->args[0], cli_option(cli, "decline") == NULL,
                            result, info);
}
