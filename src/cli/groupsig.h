/*
 * Inside src/cli: what the verbs of `galen groupsig` share. They stand on the group-signature
 * library alone: no home, no chain, no database. Public objects come as hex, base64 or @FILE and
 * are shown as 0x-hex (pygroupsig's texts as they are). Secret keys live in a key folder (--keys),
 * which is a seal_keystore: sealed under a password, one file a key, never printed.
 */
#ifndef GALEN_CLI_GROUPSIG_H
#define GALEN_CLI_GROUPSIG_H

#include "cli/cli.h"
#include "groupsig/classic.h"
#include "groupsig/groupsig.h"
#include "record/record.h"
#include "seal/seal.h"

extern const struct groupsig_rng cli_gs_rng;

/* PARSE for malformed bytes, CHECK for what does not hold, LIMIT; what names the object. */
enum galen_err cli_gs_fail(enum groupsig_status status, const char *what,
                           struct galen_errinfo *info);
/* --profile. USAGE for an unknown one. */
GALEN_MUST_CHECK enum galen_err cli_gs_profile(const struct cli *cli, bool *classic,
                                               struct galen_errinfo *info);
/* For a verb of CPY06-G1 alone: USAGE under the classic profile. */
GALEN_MUST_CHECK enum galen_err cli_gs_need_g1(const struct cli *cli, struct galen_errinfo *info);
/* USAGE when one of the options (NULL ends the list) is given: it has no meaning here. */
GALEN_MUST_CHECK enum galen_err cli_gs_refuse(const struct cli *cli, const char *const options[],
                                              struct galen_errinfo *info);

/* ---- input (groupsig_input.c) --------------------------------------------------------------------- */

#define CLI_GS_OBJECT_MAX ((size_t)1 << 20)
#define CLI_GS_LINES_MAX  ((size_t)256 << 20)

/* The text of `value` ("@FILE": of the file, "@-": of standard input) without white space.
 * what names it. USAGE for an empty one, and for a secret key on the command line. */
GALEN_MUST_CHECK enum galen_err cli_gs_text(struct base_buf *out, const char *value,
                                            const char *what, struct galen_errinfo *info);
/* The bytes of `value`: hex, base64, a file with one of them, or a file with an object as it is.
 * USAGE when it is none; another length than size is for the object's parser to refuse. */
GALEN_MUST_CHECK enum galen_err cli_gs_object(struct base_buf *out, const char *value, size_t size,
                                              const char *what, struct galen_errinfo *info);
/* The same of a required option. */
GALEN_MUST_CHECK enum galen_err cli_gs_option(const struct cli *cli, const char *option,
                                              size_t size, struct base_buf *out,
                                              struct galen_errinfo *info);
/* A required option of exactly size bytes: `otherwise` (GALEN_ERR_USAGE or _PARSE) for others. */
GALEN_MUST_CHECK enum galen_err cli_gs_exact(const struct cli *cli, const char *option, size_t size,
                                             uint8_t *out, enum galen_err otherwise,
                                             struct galen_errinfo *info);
/* --group-key, its proofs checked. */
GALEN_MUST_CHECK enum galen_err
cli_gs_group_key(const struct cli *cli, struct groupsig_group_key *key, struct galen_errinfo *info);
/* The message's bytes: --text, --text-file; with --message-hash the hash (*hashed). One of them. */
GALEN_MUST_CHECK enum galen_err cli_gs_message(const struct cli *cli, struct base_buf *out,
                                               bool *hashed, struct galen_errinfo *info);
/* The 32 bytes that CPY06-G1 signs: --message-hash, or the SHA-256 of the message. */
GALEN_MUST_CHECK enum galen_err cli_gs_message_hash(const struct cli *cli, uint8_t msg32[32],
                                                    struct galen_errinfo *info);
/* What a claim or link is bound to: --context, or --purpose, --claimant and --nonce. */
GALEN_MUST_CHECK enum galen_err cli_gs_context(const struct cli *cli, uint8_t ctx32[32],
                                               struct galen_errinfo *info);
/* Message and --signature, verified: every operation on a signature begins so. CHECK. */
GALEN_MUST_CHECK enum galen_err cli_gs_verified(const struct cli *cli,
                                                const struct groupsig_group_key *key,
                                                struct groupsig_verified *out,
                                                struct galen_errinfo *info);

/* Signatures with their messages: pairs of --message-hash and --signature in their order, then the
 * lines "HASH SIGNATURE" of --signatures FILE. */
struct cli_gs_pairs {
    struct cli_gs_pair {
        uint8_t msg32[32];
        struct base_buf signature;
    } * item;
    size_t n, cap;
};
GALEN_MUST_CHECK enum galen_err cli_gs_pairs_read(const struct cli *cli, struct cli_gs_pairs *out,
                                                  struct galen_errinfo *info);
void cli_gs_pairs_clear(struct cli_gs_pairs *pairs);
/* Calls each with every line that is not blank; a failure names the line. */
GALEN_MUST_CHECK enum galen_err cli_gs_each_line(const char *file,
                                                 enum galen_err (*each)(void *user, char *line,
                                                                        struct galen_errinfo *info),
                                                 void *user, struct galen_errinfo *info);

/* ---- output (groupsig_output.c) -------------------------------------------------------------------- */

/* {name: "0x…"} as the result, before it goes to the file of --output, so that an object whose
 * secret is stored already is not lost when the file cannot be written. */
GALEN_MUST_CHECK enum galen_err cli_gs_give(const struct cli *cli, struct json_object **result,
                                            const char *name, const uint8_t *data, size_t len,
                                            struct galen_errinfo *info);
/* The same for a text. */
GALEN_MUST_CHECK enum galen_err cli_gs_give_text(const struct cli *cli, struct json_object **result,
                                                 const char *name, const char *text,
                                                 struct galen_errinfo *info);
/* The object of --output alone. */
GALEN_MUST_CHECK enum galen_err cli_gs_output(const struct cli *cli, struct json_object *result,
                                              const char *name, struct galen_errinfo *info);
/* {"valid": …} with the reason of a false one, and *passed. */
GALEN_MUST_CHECK enum galen_err cli_gs_verdict(struct json_object **result, bool *passed,
                                               bool valid, enum groupsig_status status,
                                               struct galen_errinfo *info);

/* ---- key folder (groupsig_keys.c) ---------------------------------------------------------------------- */

/* An open key folder, locked against other processes. */
struct cli_gs_keys {
    struct seal_keystore *store;
    int lock;
};
/* Opens the folder of --keys; create: makes it when it is not there. */
GALEN_MUST_CHECK enum galen_err cli_gs_keys_open(const struct cli *cli, struct cli_gs_keys *out,
                                                 bool create, struct galen_errinfo *info);
void cli_gs_keys_close(struct cli_gs_keys *keys);
#define CLI_GS_KEYS_AUTO GALEN_CLEANUP(cli_gs_keys_close) struct cli_gs_keys

/* EXISTS when there is a key of that name: none is ever replaced. */
GALEN_MUST_CHECK enum galen_err cli_gs_keys_put(struct cli_gs_keys *keys, const char *name,
                                                const uint8_t *data, size_t len,
                                                struct galen_errinfo *info);
/* A folder, opened or made, and the secret put there. */
GALEN_MUST_CHECK enum galen_err cli_gs_keys_add(const struct cli *cli, const char *name,
                                                const uint8_t *data, size_t len,
                                                struct galen_errinfo *info);

/* A manager's key. */
struct cli_gs_manager {
    enum groupsig_role role;
    struct groupsig_gm_secret gm;
    struct groupsig_rm_secret rm;
};
/* The key of --name; without it gm or rm, whichever the folder has. */
GALEN_MUST_CHECK enum galen_err
cli_gs_manager_read(const struct cli *cli, struct cli_gs_manager *out, struct galen_errinfo *info);
void cli_gs_manager_clear(struct cli_gs_manager *manager);
#define CLI_GS_MANAGER_AUTO GALEN_CLEANUP(cli_gs_manager_clear) struct cli_gs_manager
/* Its bytes, for the classic profile too. *name is the one found. */
GALEN_MUST_CHECK enum galen_err cli_gs_manager_secret(const struct cli *cli,
                                                      struct base_secret *out, const char **name,
                                                      struct galen_errinfo *info);
/* The key of --name, or otherwise of `name`. */
GALEN_MUST_CHECK enum galen_err cli_gs_secret(const struct cli *cli, const char *name,
                                              struct base_secret *out, struct galen_errinfo *info);
/* A member's key: --name, otherwise "member". */
GALEN_MUST_CHECK enum galen_err cli_gs_member_read(const struct cli *cli,
                                                   struct groupsig_member_secret *out,
                                                   struct galen_errinfo *info);
#define CLI_GS_MEMBER_AUTO GALEN_CLEANUP(groupsig_member_secret_clear) struct groupsig_member_secret

/* ---- registry (groupsig_registry.c) ------------------------------------------------------------------- */

/* One join: what was asked, and what was issued. */
struct cli_gs_join {
    uint8_t request[GROUPSIG_JOIN_REQUEST_BYTES];
    uint8_t nonce[32], context[32];
    uint8_t commitment[GROUPSIG_COMMITMENT_BYTES];
    uint8_t membership[GROUPSIG_MEMBERSHIP_BYTES];
};
/* --request, --nonce and --context, parsed; the commitment is filled in, the membership not. */
GALEN_MUST_CHECK enum galen_err cli_gs_join_read(const struct cli *cli, struct cli_gs_join *join,
                                                 struct groupsig_join_request *request,
                                                 struct galen_errinfo *info);
/* The registry file, read and its chain of heads checked; locked until it is closed. */
struct cli_gs_registry {
    char *path;
    int lock;
    uint8_t fingerprint[32], head[32];
    struct cli_gs_join *row;
    size_t n;
    struct base_buf text; /* the file as it is */
};
/* CHECK: altered, another group's. create: a file that is not there is an empty registry. */
GALEN_MUST_CHECK enum galen_err cli_gs_registry_open(struct cli_gs_registry *out, const char *path,
                                                     const uint8_t fingerprint[32], bool create,
                                                     struct galen_errinfo *info);
void cli_gs_registry_close(struct cli_gs_registry *registry);
#define CLI_GS_REGISTRY_AUTO GALEN_CLEANUP(cli_gs_registry_close) struct cli_gs_registry
/* The row of an identical request (true), or CHECK when its commitment or nonce was used before. */
GALEN_MUST_CHECK enum galen_err cli_gs_registry_retry(const struct cli_gs_registry *registry,
                                                      const struct cli_gs_join *join, size_t *index,
                                                      bool *again, struct galen_errinfo *info);
/* Appends the row: the new file is on disk when this returns. CHECK when C or t is there. */
GALEN_MUST_CHECK enum galen_err cli_gs_registry_append(struct cli_gs_registry *registry,
                                                       const struct cli_gs_join *join,
                                                       struct galen_errinfo *info);
/* False when no row has the commitment. */
bool cli_gs_registry_find(const struct cli_gs_registry *registry,
                          const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], size_t *index);

/* ---- the classic profile (groupsig_classic.c) ----------------------------------------------------------- */

cli_run cli_gs_classic_import, cli_gs_classic_sign, cli_gs_classic_verify;
cli_run cli_gs_classic_open_share, cli_gs_classic_open, cli_gs_classic_reveal, cli_gs_classic_trace;
cli_run cli_gs_classic_claim, cli_gs_classic_claim_verify, cli_gs_classic_inspect;

#endif
