/* The stage for the workflows' tests. */
#include "fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct galen_errinfo last_info;

struct galen_errinfo *fixture_info(void)
{
    last_info = (struct galen_errinfo){0};
    return &last_info;
}

struct galen_errinfo *fixture_last_info(void)
{
    return &last_info;
}

static const struct {
    const char *name, *role;
} actors[FIXTURE_HOMES] = {
    [GM] = {"group-manager", "gm"},        [RM] = {"revocation-manager", "rm"},
    [HOSPITAL] = {"hospital", "hospital"}, [DOCTOR] = {"doctor", "doctor"},
    [PATIENT] = {"patient", "patient"},    [BUYER] = {"buyer", "buyer"},
};

/* ---- homes -------------------------------------------------------------------------------------- */

static struct workflow *open_home(struct fixture *fx, const char *name)
{
    char path[128];
    struct workflow *wf = NULL;
    snprintf(path, sizeof path, "%s/%s", fx->dir, name);
    const struct workflow_options options = {.home = path,
                                             .password = FIXTURE_PASSWORD,
                                             .rpc = node_chain_url(fx->chain),
                                             .quick_kdf = true};
    OK(workflow_open(&wf, &options, INFO));
    wf->k_anonymity = 2; /* few patients: what config.json's k_anonymity sets */
    return wf;
}

static struct workflow *make_home(struct fixture *fx, const char *name)
{
    char path[128];
    char blocks[128];
    snprintf(path, sizeof path, "%s/%s", fx->dir, name);
    snprintf(blocks, sizeof blocks, "%s/blocks", fx->dir);
    const struct workflow_options options = {.home = path,
                                             .password = FIXTURE_PASSWORD,
                                             .rpc = node_chain_url(fx->chain),
                                             .quick_kdf = true};
    OK(workflow_home_create(&options, blocks, INFO));
    return open_home(fx, name);
}

void fixture_restart(struct fixture *fx, enum fixture_home which)
{
    workflow_close(&fx->home[which]);
    fx->home[which] = open_home(fx, actors[which].name);
}

void fixture_fund(struct fixture *fx, const struct chain_address *account, const char *ether)
{
    char address[CHAIN_ADDRESS_TEXT];
    char amount[65];
    char params[192];
    struct chain_u256 wei;
    BASE_BUF_AUTO answer = {0};
    OK(chain_amount_parse(&wei, ether, CHAIN_DECIMALS_ETHER, INFO));
    chain_address_format(address, account);
    base_hex_encode(amount, wei.be, sizeof wei.be);
    const char *digits = amount + strspn(amount, "0");
    snprintf(params, sizeof params, "[\"%s\",\"0x%s\"]", address, *digits != '\0' ? digits : "0");
    OK(chain_rpc_request(fx->rpc, &answer, "anvil_setBalance", params, INFO));
}

void fixture_give_card(struct workflow *from, const struct chain_address *identity,
                       struct workflow *to)
{
    RECORD_JSON_AUTO card = NULL;
    struct chain_address owner;
    OK(workflow_card_make(from, identity, NULL, &card, INFO));
    if (from != to)
        OK(workflow_card_add(to, card, &owner, INFO));
}

struct workflow *fixture_extra_home(struct fixture *fx, const char *name, const char *role,
                                    struct chain_address *address)
{
    struct workflow *wf = make_home(fx, name);
    OK(workflow_connect(wf, NULL, &fx->home[GM]->domain.contract, INFO));
    OK(workflow_identity_new(wf, address, name, role, INFO));
    fixture_fund(fx, address, "100");
    return wf;
}

/* ---- sizes -------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int fixture_tear_down(void **state)
{
    struct fixture *fx = *state;
    if (fx == NULL)
        return 0;
    for (int i = 0; i < FIXTURE_HOMES; i++)
        workflow_close(&fx->home[i]);
    chain_rpc_free(fx->rpc);
    node_chain_stop(&fx->chain);
    nftw(fx->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(fx);
    *state = NULL;
    return 0;
}

static void exchange_cards(struct fixture *fx)
{
    for (int from = 0; from < FIXTURE_HOMES; from++)
        for (int to = 0; to < FIXTURE_HOMES; to++)
            fixture_give_card(fx->home[from], &fx->who[from], fx->home[to]);
    for (int to = 0; to < FIXTURE_HOMES; to++) {
        fixture_give_card(fx->home[PATIENT], &fx->patient2, fx->home[to]);
        fixture_give_card(fx->home[DOCTOR], &fx->doctor2, fx->home[to]);
    }
}

int fixture_homes(void **state)
{
    if (base_init(NULL) != GALEN_OK)
        return -1;
    struct fixture *fx = calloc(1, sizeof *fx);
    if (fx == NULL)
        return -1;
    *state = fx;
    strcpy(fx->dir, "/tmp/galen-test-workflow-XXXXXX");
    if (mkdtemp(fx->dir) == NULL)
        return -1;
    char log_path[96];
    snprintf(log_path, sizeof log_path, "%s/anvil.log", fx->dir);
    OK(node_chain_start(&fx->chain, log_path, NULL, INFO));
    OK(chain_rpc_new(&fx->rpc, node_chain_url(fx->chain), NULL, INFO));
    for (int i = 0; i < FIXTURE_HOMES; i++) {
        fx->home[i] = make_home(fx, actors[i].name);
        OK(workflow_identity_new(fx->home[i], &fx->who[i], actors[i].name, actors[i].role, INFO));
        fixture_fund(fx, &fx->who[i], "100");
    }
    OK(workflow_identity_new(fx->home[PATIENT], &fx->patient2, "patient-2", "patient", INFO));
    OK(workflow_identity_new(fx->home[DOCTOR], &fx->doctor2, "doctor-2", "doctor", INFO));
    return 0;
}

int fixture_connected(void **state)
{
    if (fixture_homes(state) != 0)
        return -1;
    struct fixture *fx = *state;
    OK(workflow_deploy(fx->home[GM], &fx->who[GM], &fx->who[GM], &fx->who[RM], NULL, INFO));
    for (int i = 0; i < FIXTURE_HOMES; i++)
        OK(workflow_connect(fx->home[i], NULL, &fx->home[GM]->domain.contract, INFO));
    exchange_cards(fx);
    return 0;
}

int fixture_grouped(void **state)
{
    if (fixture_connected(state) != 0)
        return -1;
    struct fixture *fx = *state;
    struct workflow *gm = fx->home[GM];
    OK(group_setup_gm(gm, &fx->who[GM], &fx->who[RM], NULL, INFO));
    fixture_settle(fx);
    OK(group_setup_rm(fx->home[RM], &fx->who[RM], NULL, INFO));
    fixture_settle(fx);
    OK(group_propose(gm, &fx->who[GM], NULL, INFO));
    OK(group_confirm(fx->home[RM], &fx->who[RM], NULL, INFO));
    OK(group_set_hospital(gm, &fx->who[GM], &fx->who[HOSPITAL], true, NULL, INFO));
    fixture_settle(fx);
    const struct chain_address *doctors[] = {&fx->who[DOCTOR], &fx->doctor2};
    for (int i = 0; i < 2; i++)
        OK(group_invite(gm, &fx->who[GM], doctors[i], NULL, INFO));
    fixture_settle(fx);
    for (int i = 0; i < 2; i++)
        OK(group_join(fx->home[DOCTOR], doctors[i], "DE-12345", NULL, INFO));
    fixture_settle(fx);
    for (int i = 0; i < 2; i++)
        OK(group_approve(gm, &fx->who[GM], doctors[i], NULL, INFO));
    return fixture_settle(fx) == 0 ? 0 : -1;
}

/* ---- mail and time ------------------------------------------------------------------------------ */

static int64_t carry(struct fixture *fx, struct workflow *from)
{
    RECORD_JSON_AUTO mail = NULL;
    int64_t moved = 0;
    OK(workflow_mail_export(from, NULL, &mail, INFO));
    for (int to = 0; to < FIXTURE_HOMES; to++) {
        int64_t taken = 0;
        OK(workflow_mail_import(fx->home[to], mail, &taken, INFO));
        moved += taken;
    }
    OK(workflow_mail_delivered(from, mail, INFO));
    return moved;
}

struct json_object *fixture_mail(struct workflow *from, const struct chain_address *recipient,
                                 struct json_object *message)
{
    struct workflow_contact contact;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO sealed = {0};
    struct json_object *row = NULL, *rows = NULL, *mail = NULL;
    OK(workflow_contact_get(from, &contact, recipient, INFO));
    OK(record_json_jcs(&text, message, INFO));
    OK(seal_message(&sealed, "galen.message/1", &contact.encryption,
                    (struct base_view){text.data, text.len}, INFO));
    OK(workflow_object(&row, INFO));
    OK(workflow_set_address(row, "recipient", recipient, INFO));
    OK(workflow_set_text(row, "sealed", (const char *)sealed.data, INFO));
    OK(workflow_array(&rows, INFO));
    OK(workflow_push(rows, &row, INFO));
    OK(workflow_object(&mail, INFO));
    OK(workflow_set_text(mail, "type", "galen.mail/1", INFO));
    OK(workflow_set_object(mail, "messages", &rows, INFO));
    return mail;
}

void fixture_carry(struct fixture *fx, struct workflow *from)
{
    (void)carry(fx, from);
}

struct json_object *fixture_sync(struct workflow *wf)
{
    struct json_object *summary = NULL;
    OK(workflow_sync(wf, &summary, INFO));
    return summary;
}

void fixture_sync_until_mined(struct workflow *wf)
{
    int64_t give_up = base_monotonic_ms() + 20000;
    do {
        assert_true(base_monotonic_ms() < give_up);
        json_object_put(fixture_sync(wf));
    } while (fixture_count(wf, "SELECT count(*) FROM tx WHERE status IN ('signed', 'sent')") > 0);
}

int64_t fixture_settle(struct fixture *fx)
{
    int64_t refused = 0;
    int64_t moved = 1;
    while (moved > 0) {
        moved = 0;
        for (int i = 0; i < FIXTURE_HOMES; i++)
            moved += carry(fx, fx->home[i]);
        for (int i = 0; i < FIXTURE_HOMES; i++) {
            RECORD_JSON_AUTO summary = fixture_sync(fx->home[i]);
            refused += fixture_number(summary, "refused");
            moved += fixture_number(summary, "messages");
            /* what an event led to */
            moved += fixture_count(fx->home[i],
                                   "SELECT count(*) FROM outbox WHERE delivered_at IS NULL");
        }
    }
    return refused;
}

void fixture_pass_time(struct fixture *fx, int64_t seconds)
{
    char params[32];
    BASE_BUF_AUTO answer = {0};
    snprintf(params, sizeof params, "[%lld]", (long long)seconds);
    OK(chain_rpc_request(fx->rpc, &answer, "evm_increaseTime", params, INFO));
    OK(chain_rpc_request(fx->rpc, &answer, "evm_mine", "[]", INFO));
}

/* ---- records ------------------------------------------------------------------------------------ */

struct json_object *fixture_record(struct fixture *fx, const struct chain_address *patient,
                                   int variant)
{
    /* No diagnosis that all have. */
    static const char *const besides[] = {"38341003", "44054006", "195967001", "271737000",
                                          "55822004"};
    char text[2048];
    char owner[CHAIN_ADDRESS_TEXT];
    char hospital[CHAIN_ADDRESS_TEXT];
    struct json_object *record = NULL;
    chain_address_format(owner, patient);
    chain_address_format(hospital, &fx->who[HOSPITAL]);
    int len = snprintf(
        text, sizeof text,
        "{\"type\":\"galen.record/1\",\"patient\":\"%s\",\"issued\":\"2026-03-0%dT09:30:00Z\","
        "\"hospital\":{\"name\":\"General Hospital\",\"address\":\"%s\"},"
        "\"category\":\"Cardiology\","
        "\"demographics\":{\"age\":%d,\"gender\":\"female\","
        "\"location\":{\"city\":\"Boston\",\"state\":\"MA\",\"country\":\"US\"},"
        "\"ethnicity\":[{\"system\":\"urn:oid:2.16.840.1.113883.6.238\",\"code\":\"2186-5\","
        "\"display\":\"Not Hispanic or Latino\"}]},"
        "\"medical_data\":{\"diagnosis\":[{\"system\":\"http://snomed.info/sct\","
        "\"code\":\"53741008\",\"display\":\"Coronary arteriosclerosis\"},"
        "{\"system\":\"http://snomed.info/sct\",\"code\":\"%s\",\"display\":\"Beside it\"}],"
        "\"lab_results\":[{\"system\":\"http://loinc.org\",\"code\":\"2093-3\","
        "\"display\":\"Cholesterol\",\"value\":\"20%d.50\",\"unit\":\"mg/dL\"}]},"
        "\"notes\":\"canary-of-the-notes %d\"}",
        owner, 1 + variant % 9, hospital, 62 + variant % 3, besides[variant % 5], variant % 10,
        variant);
    assert_true(len > 0 && (size_t)len < sizeof text);
    OK(record_parse(&record, text, (size_t)len, INFO));
    return record;
}

void fixture_store(struct fixture *fx, const struct chain_address *patient, int variant,
                   char root_hex[65])
{
    RECORD_JSON_AUTO record = fixture_record(fx, patient, variant);
    RECORD_JSON_AUTO result = NULL;
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, &result, INFO));
    snprintf(root_hex, 65, "%s", fixture_text(result, "merkleRoot") + 2);
    assert_int_equal(fixture_settle(fx), 0);
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- looking ------------------------------------------------------------------------------------ */

int64_t fixture_count(struct workflow *wf, const char *sql)
{
    int64_t count = -1;
    OK(db_get_int(wf->db, &count, -1, INFO, sql));
    return count;
}

struct json_object *fixture_member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value))
        fail_msg("no member \"%s\" in %s", key, json_object_to_json_string(object));
    return value;
}

const char *fixture_text(struct json_object *object, const char *key)
{
    return json_object_get_string(fixture_member(object, key));
}

int64_t fixture_number(struct json_object *object, const char *key)
{
    return json_object_get_int64(fixture_member(object, key));
}

static bool file_holds(const char *path, const void *needle, size_t len)
{
    BASE_BUF_AUTO bytes = {0};
    if (base_file_read(&bytes, path, (size_t)64 << 20, NULL) != GALEN_OK)
        return false;
    return memmem(bytes.data, bytes.len, needle, len) != NULL;
}

bool fixture_folder_holds(const char *dir, const void *needle, size_t len)
{
    DIR *folder = opendir(dir);
    bool holds = false;
    for (struct dirent *entry; folder != NULL && !holds && (entry = readdir(folder)) != NULL;) {
        char path[768];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        holds = entry->d_type == DT_DIR ? fixture_folder_holds(path, needle, len)
                                        : file_holds(path, needle, len);
    }
    if (folder != NULL)
        closedir(folder);
    return holds;
}
