/*
 * cli: the `galen` commands. A command is a row in a table (its words, options and what it needs)
 * and a function that calls the workflow and gives back a JSON result; main.c prints that as JSON
 * or for people. Data goes to stdout, prose and progress to stderr. No secret is taken from the
 * command line or the environment: passwords come from a file or the terminal.
 */
#ifndef GALEN_CLI_H
#define GALEN_CLI_H

#include "workflow/workflow.h"

#define CLI_MAX_ARGS    4096 /* positional arguments: files of one import */
#define CLI_MAX_REPEATS 320  /* options, with their repetitions */
#define CLI_MAX_OPTIONS 16   /* declared by one command */

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,   /* a check failed, or the thing could not be done */
    CLI_USAGE = 2,    /* the command line, or the configuration */
    CLI_NETWORK = 3,  /* chain or store unreachable */
    CLI_REVERTED = 4, /* the chain refused */
};
enum cli_exit cli_exit_of(enum galen_err err);

/* The parsed command line. Everything is borrowed from argv. */
struct cli {
    bool json, dry_run, yes, verbose;
    const char *home, *password_file, *rpc, *ipfs;
    const struct cli_command *command;
    const char *args[CLI_MAX_ARGS]; /* positional */
    size_t n_args;
    struct cli_given {
        const char *name, *value; /* value "" for a flag */
    } given[CLI_MAX_REPEATS];
    size_t n_given;
    struct workflow *wf; /* open when the command asked for a home */
};

/* The value of an option, NULL when it was not given ("" for a flag). */
const char *cli_option(const struct cli *cli, const char *name);
/* The values of one that may be repeated. */
size_t cli_options(const struct cli *cli, const char *name, const char *values[CLI_MAX_REPEATS]);
/* A required option: USAGE names it. */
GALEN_MUST_CHECK enum galen_err cli_need(const struct cli *cli, const char *name,
                                         const char **value, struct galen_errinfo *info);
/* A decimal number from min to max; otherwise, when the option is not given. */
GALEN_MUST_CHECK enum galen_err cli_number(const char *text, const char *what, uint64_t min,
                                           uint64_t max, uint64_t *out, struct galen_errinfo *info);
/* The identity named by --as, or the only one with the role (NULL: any role). */
GALEN_MUST_CHECK enum galen_err cli_identity(const struct cli *cli, const char *role,
                                             struct chain_address *out, struct galen_errinfo *info);
/* A JSON file ("-": standard input), strictly parsed; the error names the file. */
GALEN_MUST_CHECK enum galen_err cli_read_json(const char *path, struct json_object **out,
                                              struct galen_errinfo *info);
/* Writes to the file of --output (mode 0600), or to stdout. */
GALEN_MUST_CHECK enum galen_err cli_write_output(const struct cli *cli, const void *data,
                                                 size_t len, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err cli_write_json(const struct cli *cli, struct json_object *value,
                                               struct galen_errinfo *info);
/* First line of a file, without its newline, or a prompt without echo; wiped by base_buf_clear.
 * twice: asks again to be sure. PASSWORD when there is neither. */
GALEN_MUST_CHECK enum galen_err cli_password(const char *file, const char *prompt, bool twice,
                                             struct base_buf *out, struct galen_errinfo *info);

/* The same for the home's, once it is known that there is one. */
GALEN_MUST_CHECK enum galen_err cli_home_password(const struct cli *cli, struct base_buf *out,
                                                  struct galen_errinfo *info);

enum {
    CLI_HOME = 1,   /* opens the home, without keys */
    CLI_KEYS = 2,   /* opens it with its keys: asks for the password */
    CLI_SPENDS = 4, /* sends transactions: --dry-run works, and a terminal is asked to confirm */
};

/* An option of a command: "name" is a flag, "name=WHAT" takes a value. */
struct cli_command {
    const char *noun, *verb; /* verb NULL: the noun stands alone */
    const char *arguments;   /* synopsis of the positional ones */
    size_t min_args, max_args;
    const char *options[CLI_MAX_OPTIONS]; /* NULL after the last */
    unsigned needs;
    /* result may stay NULL. *passed false: a check failed, exit 1, the result is printed. */
    enum galen_err (*run)(struct cli *cli, struct json_object **result, bool *passed,
                          struct galen_errinfo *info);
    const char *summary;
};
extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;

/* An option of every command, declared likewise; at: its member of struct cli, bool or text. */
struct cli_global {
    const char *option;
    size_t at;
    const char *summary;
};
extern const struct cli_global cli_globals[];
extern const size_t cli_n_globals;

/* ---- environment.c ------------------------------------------------------------------------------- */

struct cli_variable {
    const char *name, *summary;
};
extern const struct cli_variable cli_variables[];
extern const size_t cli_n_variables;
/* Before anything else: a GALEN_ variable that there is not is an error, as a bad value is. Sets
 * the log's form. */
GALEN_MUST_CHECK enum galen_err cli_environment(struct galen_errinfo *info);

/* ---- help.c -------------------------------------------------------------------------------------- */

/* Everything, or the commands of one noun. False when there is no such noun. */
bool cli_print_help(const char *noun);

/* ---- print.c ------------------------------------------------------------------------------------- */

/* For people: tables of rows, one line a member, checks as rows with a mark. */
/* Others' words, made harmless: a terminal must not take orders from them. */
void cli_print_text(FILE *out, const char *text);
void cli_print(FILE *out, struct json_object *value);
void cli_print_json(FILE *out, struct json_object *value);
/* Green, red, plain; empty strings without a terminal or with NO_COLOR. */
const char *cli_color(FILE *out, const char *name);
/* How far long work is, "before 3 of 7 what", on a terminal. */
struct cli_progress {
    const char *what;
    char before[48];
    int64_t shown_ms;
};
void cli_progress_begin(struct cli *cli, struct cli_progress *progress);
void cli_progress_end(struct cli *cli);

/* ---- commands, by noun ------------------------------------------------------------------------------ */

typedef enum galen_err cli_run(struct cli *cli, struct json_object **result, bool *passed,
                               struct galen_errinfo *info);
cli_run cli_init, cli_status, cli_sync, cli_notifications, cli_access_log;         /* home.c */
cli_run cli_intent_list, cli_intent_show, cli_intent_answer, cli_intent_cancel;    /* intent.c */
cli_run cli_account_new, cli_account_list, cli_account_import, cli_account_export; /* account.c */
cli_run cli_serve;                                                                 /* serve.c */
cli_run cli_account_password, cli_account_pay, cli_account_withdraw, cli_account_payouts,
    cli_account_collect;
cli_run cli_profile_set, cli_profile_export, cli_profile_import;
cli_run cli_inbox_export, cli_inbox_import, cli_inbox_deliver;
cli_run cli_contract_deploy, cli_contract_use, cli_contract_info;        /* chain.c */
cli_run cli_gas_report, cli_gas_prices, cli_gas_export, cli_gas_history; /* gas.c */
cli_run cli_gas_measured, cli_gas_cost, cli_gas_project;
cli_run cli_store_put, cli_store_get;
cli_run cli_store_remove, cli_store_use, cli_store_status, cli_store_sync;
cli_run cli_group_setup, cli_group_propose, cli_group_confirm, cli_group_hospital; /* group.c */
cli_run cli_group_invite, cli_group_join, cli_group_approve, cli_group_members;
cli_run cli_group_membership, cli_group_applicants, cli_group_keys, cli_group_hospitals;
cli_run cli_group_commit, cli_group_countersign, cli_group_registry; /* group_opening.c */
cli_run cli_group_audit;
cli_run cli_record_complain, cli_record_complaints, cli_record_complaint_approve; /* complaint.c */
cli_run cli_group_open, cli_group_open_approve, cli_group_openings;
cli_run cli_group_reveal, cli_group_reveal_approve;
cli_run cli_group_revoke, cli_group_revoke_approve, cli_group_revocations;
cli_run cli_group_trace, cli_group_claim, cli_group_claim_verify;
cli_run cli_record_tree, cli_request_tree;
cli_run cli_record_create, cli_record_import, cli_record_list, cli_record_show; /* record.c */
cli_run cli_record_verify, cli_record_export, cli_record_relay, cli_record_deidentify;
cli_run cli_record_imports;
cli_run cli_record_topup, cli_record_topups, cli_record_topup_answer;
bool cli_record_is_file(const struct cli *cli); /* deidentify: a file, or the rules; no home */
cli_run cli_share_grant, cli_share_list, cli_share_open, cli_share_revoke; /* share.c */
cli_run cli_request_template;                                              /* request_template.c */
cli_run cli_request_create, cli_request_list, cli_request_show, cli_request_reply; /* request.c */
cli_run cli_request_ask, cli_request_consents, cli_request_consent, cli_request_policy,
    cli_request_deliver;
cli_run cli_request_verify, cli_request_verification, cli_request_data, cli_request_finalize,
    cli_request_claim;
cli_run cli_request_expire, cli_request_open;
cli_run cli_request_prove_invalid, cli_request_dispute,
    cli_request_disputes; /* request_dispute.c */
cli_run cli_request_rule, cli_request_forget_evidence;
cli_run cli_groupsig_setup_gm, cli_groupsig_setup_rm, cli_groupsig_key; /* groupsig_*.c */
cli_run cli_groupsig_import, cli_groupsig_join_request, cli_groupsig_join_issue;
cli_run cli_groupsig_join_finish, cli_groupsig_sign, cli_groupsig_verify;
cli_run cli_groupsig_batch_verify, cli_groupsig_open_share, cli_groupsig_open;
cli_run cli_groupsig_reveal_share, cli_groupsig_reveal, cli_groupsig_trace, cli_groupsig_claim;
cli_run cli_groupsig_claim_verify, cli_groupsig_link, cli_groupsig_link_verify;
cli_run cli_groupsig_inspect;
cli_run cli_backup, cli_restore;                                        /* backup.c */
cli_run cli_account_split, cli_account_split_open, cli_account_combine; /* account_split.c */
cli_run cli_demo;                                                       /* demo.c */
cli_run cli_man;                                                        /* help.c */
cli_run cli_completion;                                                 /* completion.c */

#endif
