/* The stage of the demo: chain, homes, mail, narration. */
#include "cli/demo.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/record.h"

static const char *const home_names[DEMO_HOMES] = {
    "group-manager", "revocation-manager", "hospital", "doctors", "patients", "buyer",
};

/* The homes live for a minute on an own chain: a random password nobody needs to know. */
static enum galen_err open_home(struct demo *demo, enum demo_home which, const char *password,
                                struct galen_errinfo *info)
{
    char home[600];
    char blocks[600];
    snprintf(home, sizeof home, "%s/%s", demo->dir, home_names[which]);
    snprintf(blocks, sizeof blocks, "%s/ipfs", demo->dir);
    const struct workflow_options options = {
        .home = home,
        .password = password,
        .rpc = node_chain_url(demo->chain),
        .quick_kdf = true,
    };
    GALEN_TRY(workflow_home_create(&options, blocks, info));
    return workflow_open(&demo->home[which], &options, info);
}

enum galen_err demo_open(struct demo *demo, const char *keep_dir, FILE *out,
                         struct galen_errinfo *info)
{
    *demo = (struct demo){.out = out, .keep = keep_dir != NULL};
    demo->started_ms = base_monotonic_ms();
    demo->steps = json_object_new_array();
    if (demo->steps == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (keep_dir != NULL) {
        if (access(keep_dir, F_OK) == 0)
            return base_fail(info, GALEN_ERR_EXISTS, "%s is there already", keep_dir);
        snprintf(demo->dir, sizeof demo->dir, "%s", keep_dir);
        GALEN_TRY(base_dir_make(demo->dir, 0700, info));
    } else {
        const char *tmp = getenv("TMPDIR");
        char path[512];
        snprintf(path, sizeof path, "%s/galen-demo-XXXXXX", tmp != NULL ? tmp : "/tmp");
        if (mkdtemp(path) == NULL)
            return base_fail(info, GALEN_ERR_IO, "cannot make a folder: %s", strerror(errno));
        snprintf(demo->dir, sizeof demo->dir, "%s", path);
    }
    char log_path[600];
    snprintf(log_path, sizeof log_path, "%s/anvil.log", demo->dir);
    GALEN_TRY(node_chain_start(&demo->chain, log_path, NULL, info));
    GALEN_TRY(chain_rpc_new(&demo->rpc, node_chain_url(demo->chain), NULL, info));
    uint8_t random[16];
    char password[33];
    base_random(random, sizeof random);
    base_hex_encode(password, random, sizeof random);
    enum galen_err err = GALEN_OK;
    for (int i = 0; i < DEMO_HOMES && err == GALEN_OK; i++)
        err = open_home(demo, (enum demo_home)i, password, info);
    base_wipe(password, sizeof password);
    base_wipe(random, sizeof random);
    return err;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void demo_close(struct demo *demo)
{
    for (int i = 0; i < DEMO_HOMES; i++)
        workflow_close(&demo->home[i]);
    chain_rpc_free(demo->rpc);
    node_chain_stop(&demo->chain);
    record_json_put(&demo->steps);
    if (!demo->keep && demo->dir[0] != '\0')
        nftw(demo->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- narration ---------------------------------------------------------------------------------- */

enum galen_err demo_step(struct demo *demo, const char *title, const char *actor,
                         struct galen_errinfo *info, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (demo->out != NULL) {
        fprintf(demo->out, "\n%s%s%s  [%s]\n  %s\n", cli_color(demo->out, "bold"), title,
                cli_color(demo->out, "plain"), actor, text);
        fflush(demo->out);
    }
    RECORD_JSON_AUTO step = json_object_new_object();
    if (step == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(step, "step", json_object_new_string(title), info));
    GALEN_TRY(record_json_set(step, "actor", json_object_new_string(actor), info));
    GALEN_TRY(record_json_set(step, "does", json_object_new_string(text), info));
    GALEN_TRY(record_json_set(step, "checks", json_object_new_array(), info));
    struct json_object *given = step;
    step = NULL;
    return record_json_push(demo->steps, given, info);
}

void demo_note(struct demo *demo, const char *format, ...)
{
    if (demo->out == NULL)
        return;
    va_list args;
    va_start(args, format);
    fputs("    ", demo->out);
    vfprintf(demo->out, format, args);
    fputc('\n', demo->out);
    va_end(args);
}

enum galen_err demo_check(struct demo *demo, bool passed, struct galen_errinfo *info,
                          const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *(passed ? &demo->passed : &demo->failed) += 1;
    if (demo->out != NULL)
        fprintf(demo->out, "    %s%s%s %s\n", cli_color(demo->out, passed ? "green" : "red"),
                passed ? "ok  " : "FAIL", cli_color(demo->out, "plain"), text);
    size_t n = json_object_array_length(demo->steps);
    struct json_object *checks = NULL;
    GALEN_ASSERT(n > 0 && json_object_object_get_ex(json_object_array_get_idx(demo->steps, n - 1),
                                                    "checks", &checks));
    RECORD_JSON_AUTO row = json_object_new_object();
    if (row == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    GALEN_TRY(record_json_set(row, "check", json_object_new_string(text), info));
    GALEN_TRY(record_json_set(row, "passed", json_object_new_boolean(passed), info));
    struct json_object *given = row;
    row = NULL;
    return record_json_push(checks, given, info);
}

enum galen_err demo_checks(struct demo *demo, struct json_object *result,
                           struct galen_errinfo *info)
{
    struct json_object *checks = NULL;
    if (!json_object_object_get_ex(result, "checks", &checks))
        return demo_check(demo, false, info, "the result has its checks");
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        struct json_object *passed = NULL;
        const char *detail = demo_text(row, "detail");
        json_object_object_get_ex(row, "passed", &passed);
        GALEN_TRY(demo_check(demo, json_object_get_boolean(passed), info, "%s%s%s",
                             demo_text(row, "check"), detail[0] != '\0' ? ": " : "", detail));
    }
    return GALEN_OK;
}

static void note_tx(struct demo *demo, struct json_object *tx)
{
    demo_note(demo, "%s: tx %s, %lld gas", demo_text(tx, "operation"), demo_text(tx, "hash"),
              (long long)demo_number(tx, "gasUsed"));
}

enum galen_err demo_say_tx(struct demo *demo, struct json_object *result, const char *key,
                           struct galen_errinfo *info)
{
    struct json_object *tx = NULL;
    size_t n = 1;
    if (!json_object_object_get_ex(result, key, &tx))
        n = 0;
    else if (!json_object_is_type(tx, json_type_array))
        note_tx(demo, tx);
    else
        for (n = 0; n < json_object_array_length(tx); n++)
            note_tx(demo, json_object_array_get_idx(tx, n));
    return n > 0 ? GALEN_OK : demo_check(demo, false, info, "there is a transaction");
}

const char *demo_text(struct json_object *result, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(result, key, &value) ? json_object_get_string(value) : "";
}

int64_t demo_number(struct json_object *result, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(result, key, &value) ? json_object_get_int64(value) : 0;
}

/* ---- between the homes --------------------------------------------------------------------------- */

enum galen_err demo_fund(struct demo *demo, const struct chain_address *account, const char *ether,
                         struct galen_errinfo *info)
{
    char address[CHAIN_ADDRESS_TEXT];
    char amount[65];
    char params[192];
    struct chain_u256 wei;
    BASE_BUF_AUTO answer = {0};
    GALEN_TRY(chain_amount_parse(&wei, ether, CHAIN_DECIMALS_ETHER, info));
    chain_address_format(address, account);
    base_hex_encode(amount, wei.be, sizeof wei.be);
    const char *digits = amount + strspn(amount, "0");
    snprintf(params, sizeof params, "[\"%s\",\"0x%s\"]", address, digits);
    return chain_rpc_request(demo->rpc, &answer, "anvil_setBalance", params, info);
}

enum galen_err demo_deliver_mail(struct demo *demo, struct galen_errinfo *info)
{
    int64_t moved = 1;
    while (moved > 0) {
        moved = 0;
        for (int from = 0; from < DEMO_HOMES; from++) {
            RECORD_JSON_AUTO mail = NULL;
            GALEN_TRY(workflow_mail_export(demo->home[from], NULL, &mail, info));
            for (int to = 0; to < DEMO_HOMES; to++) {
                int64_t taken = 0;
                GALEN_TRY(workflow_mail_import(demo->home[to], mail, &taken, info));
                moved += taken;
            }
            GALEN_TRY(workflow_mail_delivered(demo->home[from], mail, info));
        }
        for (int i = 0; i < DEMO_HOMES; i++) {
            RECORD_JSON_AUTO summary = NULL;
            enum galen_err err = workflow_sync(demo->home[i], &summary, info);
            if (err != GALEN_OK)
                return base_wrap(info, err, "%s", home_names[i]);
            if (demo_number(summary, "refused") > 0)
                GALEN_TRY(demo_check(demo, false, info, "%s accepts every message", home_names[i]));
        }
    }
    return GALEN_OK;
}

enum galen_err demo_give_card(struct demo *demo, enum demo_home from,
                              const struct chain_address *who, enum demo_home to,
                              struct galen_errinfo *info)
{
    struct chain_address owner;
    RECORD_JSON_AUTO card = NULL;
    GALEN_TRY(workflow_card_make(demo->home[from], who, NULL, &card, info));
    return from == to ? GALEN_OK : workflow_card_add(demo->home[to], card, &owner, info);
}
