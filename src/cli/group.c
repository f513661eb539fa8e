/* galen group. */
#include "cli/cli.h"

#include <string.h>

enum galen_err cli_group_setup(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info)
{
    struct chain_address self;
    struct chain_address rm;
    const char *rm_name = cli_option(cli, "rm");
    if (rm_name == NULL) {
        GALEN_TRY(cli_identity(cli, "rm", &self, info));
        return group_setup_rm(cli->wf, &self, result, info);
    }
    GALEN_TRY(cli_identity(cli, "gm", &self, info));
    GALEN_TRY(workflow_contact_find(cli->wf, &rm, rm_name, info));
    return group_setup_gm(cli->wf, &self, &rm, result, info);
}

enum galen_err cli_group_propose(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address gm;
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    return group_propose(cli->wf, &gm, result, info);
}

enum galen_err cli_group_confirm(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address rm;
    GALEN_TRY(cli_identity(cli, "rm", &rm, info));
    return group_confirm(cli->wf, &rm, result, info);
}

enum galen_err cli_group_hospital(struct cli *cli, struct json_object **result, bool *passed,
                                  struct galen_errinfo *info)
{
    struct chain_address gm;
    struct chain_address hospital;
    GALEN_TRY(cli_identity(cli, "gm", &gm, info));
    GALEN_TRY(workflow_contact_find(cli->wf, &hospital, cli->args[0], info));
    return group_set_hospital(cli->wf, &gm, &hospital, cli_option(cli, "remove") == NULL, result,
                              info);
}

/* The Group Manager's identity, and the doctor that the argument names. */
static enum galen_err gm_and_doctor(const struct cli *cli, struct chain_address *gm,
                                    struct chain_address *doctor, struct galen_errinfo *info)
{
    GALEN_TRY(cli_identity(cli, "gm", gm, info));
    return workflow_contact_find(cli->wf, doctor, cli->args[0], info);
}

enum galen_err cli_group_invite(struct cli *cli, struct json_object **result, bool *passed,
                                struct galen_errinfo *info)
{
    struct chain_address gm;
    struct chain_address doctor;
    GALEN_TRY(gm_and_doctor(cli, &gm, &doctor, info));
    return group_invite(cli->wf, &gm, &doctor, result, info);
}

enum galen_err cli_group_join(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    struct chain_address doctor;
    const char *licence = NULL;
    GALEN_TRY(cli_need(cli, "licence", &licence, info));
    GALEN_TRY(cli_identity(cli, "doctor", &doctor, info));
    return group_join(cli->wf, &doctor, licence, result, info);
}

enum galen_err cli_group_membership(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    struct chain_address doctor;
    GALEN_TRY(cli_identity(cli, "doctor", &doctor, info));
    return group_membership(cli->wf, &doctor, result, info);
}

enum galen_err cli_group_approve(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    struct chain_address gm;
    struct chain_address doctor;
    GALEN_TRY(gm_and_doctor(cli, &gm, &doctor, info));
    return group_approve(cli->wf, &gm, &doctor, result, info);
}

enum galen_err cli_group_applicants(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    return group_applicants(cli->wf, result, info);
}

enum galen_err cli_group_hospitals(struct cli *cli, struct json_object **result, bool *passed,
                                   struct galen_errinfo *info)
{
    return group_hospitals(cli->wf, NULL, result, info);
}

enum galen_err cli_group_keys(struct cli *cli, struct json_object **result, bool *passed,
                              struct galen_errinfo *info)
{
    return group_keys(cli->wf, result, info);
}

enum galen_err cli_group_members(struct cli *cli, struct json_object **result, bool *passed,
                                 struct galen_errinfo *info)
{
    return group_members(cli->wf, NULL, result, info);
}
