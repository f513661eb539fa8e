/*
 * A patient's standing policy: which questions of hospitals are answered without the person.
 *
 *   galen.sale-policy/1  {type, categories, minPriceWei, never [, keepKeys]}
 *
 * never declines all. Else a question of a category in the list is accepted when the least that a
 * record is paid is minPriceWei or more; with keepKeys the bundle's key stays here until the
 * delivery has been seen. Everything else waits for the person, and so does what
 * could not be answered.
 */
#include <string.h>

#include "workflow/purchasing_internal.h"

#define POLICY_TYPE           "galen.sale-policy/1"
#define POLICY_MAX_CATEGORIES 64

/* ---- read and written ----------------------------------------------------------------------------- */

static enum galen_err policy_check(struct json_object *policy, struct chain_u256 *least,
                                   bool *never, bool *keep_keys, struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "categories", "minPriceWei", "never", NULL};
    static const char *const optional[] = {"keepKeys", NULL};
    static const char where[] = "policy";
    struct json_object *list = NULL;
    const char *wei = NULL;
    GALEN_TRY(record_json_check_keys(policy, keys, optional, where, info));
    GALEN_TRY(record_json_check_type(policy, POLICY_TYPE, info));
    GALEN_TRY(record_json_get_bool(never, policy, "never", RECORD_JSON_REQUIRED, where, info));
    *keep_keys = false;
    GALEN_TRY(
        record_json_get_bool(keep_keys, policy, "keepKeys", RECORD_JSON_OPTIONAL, where, info));
    GALEN_TRY(record_json_get_text(&wei, policy, "minPriceWei", RECORD_JSON_REQUIRED,
                                   CHAIN_U256_DECIMAL, where, info));
    GALEN_TRY(chain_u256_parse(least, wei, info));
    GALEN_TRY(record_json_get_array(&list, policy, "categories", RECORD_JSON_REQUIRED, 0,
                                    POLICY_MAX_CATEGORIES, where, info));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        const char *text = json_object_is_type(item, json_type_string)
                               ? json_object_get_string(item)
                               : "";
        const char *known = record_find_category(text);
        if (known == NULL || strcmp(known, text) != 0)
            return STEPS_FAIL(info, GALEN_ERR_USAGE, "take names such as Cardiology or Other",
                              "policy: no release has category \"%s\"", text);
    }
    return GALEN_OK;
}

/* NULL: the patient has none. */
static enum galen_err policy_read(struct workflow *wf, struct json_object **out,
                                  const struct chain_address *patient, struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    GALEN_TRY(db_query(&rows, wf->db, info, "SELECT sealed FROM sale_policy WHERE patient = ?",
                       DB_BLOB(patient->bytes, 20)));
    GALEN_TRY(db_next(&rows, &found, info));
    return found ? workflow_home_open(wf, out, db_blob(&rows, 0), info) : GALEN_OK;
}

enum galen_err purchasing_policy(struct workflow *wf, const struct chain_address *patient,
                                 struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO policy = NULL;
    RECORD_JSON_AUTO none = NULL;
    GALEN_TRY(steps_need_role(wf, patient, "patient", info));
    GALEN_TRY(policy_read(wf, &policy, patient, info));
    if (policy == NULL) {
        GALEN_TRY(workflow_object(&policy, info));
        GALEN_TRY(workflow_array(&none, info));
        GALEN_TRY(workflow_set_object(policy, "categories", &none, info));
        GALEN_TRY(workflow_set_text(policy, "minPriceWei", "0", info));
        GALEN_TRY(workflow_set_bool(policy, "never", false, info));
    }
    if (!json_object_object_get_ex(policy, "keepKeys", NULL))
        GALEN_TRY(workflow_set_bool(policy, "keepKeys", false, info));
    json_object_object_del(policy, "type");
    workflow_give(result, &policy);
    return GALEN_OK;
}

enum galen_err purchasing_set_policy(struct workflow *wf, const struct chain_address *patient,
                                     const char *const *categories, size_t n_categories,
                                     const char *min_price_wei, bool never, bool keep_keys,
                                     struct json_object **result, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO policy = NULL;
    RECORD_JSON_AUTO list = NULL;
    BASE_BUF_AUTO sealed = {0};
    DB_TRANSACTION_AUTO tx = {0};
    struct chain_u256 least;
    bool dry = false;
    GALEN_TRY(steps_need_role(wf, patient, "patient", info));
    GALEN_TRY(workflow_array(&list, info));
    for (size_t i = 0; i < n_categories; i++)
        GALEN_TRY(record_json_push(list, json_object_new_string(categories[i]), info));
    GALEN_TRY(workflow_object(&policy, info));
    GALEN_TRY(workflow_set_text(policy, "type", POLICY_TYPE, info));
    GALEN_TRY(workflow_set_object(policy, "categories", &list, info));
    GALEN_TRY(workflow_set_text(policy, "minPriceWei", min_price_wei, info));
    GALEN_TRY(workflow_set_bool(policy, "never", never, info));
    GALEN_TRY(workflow_set_bool(policy, "keepKeys", keep_keys, info));
    GALEN_TRY(policy_check(policy, &least, &never, &keep_keys, info));
    GALEN_TRY(steps_dry_run(wf, &dry, result, info));
    if (dry)
        return GALEN_OK;
    GALEN_TRY(workflow_home_seal(wf, &sealed, policy, info));
    GALEN_TRY(db_begin(&tx, wf->db, info));
    GALEN_TRY(db_run(wf->db, info,
                     "INSERT INTO sale_policy VALUES (?, ?)"
                     " ON CONFLICT (patient) DO UPDATE SET sealed = excluded.sealed",
                     DB_BLOB(patient->bytes, 20), DB_BLOB(sealed.data, sealed.len)));
    GALEN_TRY(db_run(wf->db, info,
                     "UPDATE consent SET policy_seen = 0 WHERE side = 'patient' AND patient = ?",
                     DB_BLOB(patient->bytes, 20)));
    GALEN_TRY(db_commit(&tx, info));
    return purchasing_policy(wf, patient, result, info);
}

/* ---- applied --------------------------------------------------------------------------------------- */

/* What it says of a request; *waits: it leaves that to the person. */
static enum galen_err decide(struct workflow *wf, bool *waits, enum purchasing_answer *out,
                             struct json_object *policy, uint64_t request_id,
                             struct galen_errinfo *info)
{
    struct purchasing_row row;
    struct purchasing_onchain chain;
    RECORD_TEMPLATE_AUTO wanted = {0};
    struct json_object *list = NULL;
    struct chain_u256 least;
    bool never = false;
    bool keep_keys = false;
    GALEN_TRY(policy_check(policy, &least, &never, &keep_keys, info));
    *waits = !never;
    *out = never ? PURCHASING_DECLINE : keep_keys ? PURCHASING_ACCEPT_KEEP_KEY : PURCHASING_ACCEPT;
    if (never)
        return GALEN_OK;
    GALEN_TRY(purchasing_read_row(wf, &row, request_id, info));
    GALEN_TRY(purchasing_read_chain(wf, &chain, request_id, info));
    GALEN_TRY(purchasing_read_template(wf, &wanted, NULL, &row, &chain, info));
    struct chain_u256 part = purchasing_part(&chain.escrow, chain.terms.max_records);
    if (chain_u256_compare(&part, &least) < 0)
        return GALEN_OK;
    (void)json_object_object_get_ex(policy, "categories", &list);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), wanted.category) ==
            0)
            *waits = false;
    return GALEN_OK;
}

static enum galen_err answer(struct workflow *wf, const struct chain_address *patient,
                             uint64_t request_id, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO policy = NULL;
    enum purchasing_answer given = PURCHASING_DECLINE;
    bool waits = true;
    char subject[24];
    GALEN_TRY(policy_read(wf, &policy, patient, info));
    GALEN_TRY(decide(wf, &waits, &given, policy, request_id, info));
    if (waits)
        return GALEN_OK;
    GALEN_TRY(purchasing_consent(wf, patient, request_id, given, NULL, info));
    snprintf(subject, sizeof subject, "%llu", (unsigned long long)request_id);
    return workflow_notify(wf, patient,
                           given == PURCHASING_DECLINE ? "policy-declined" : "policy-accepted",
                           subject, info);
}

/* The next question after these that a policy has not seen. */
static enum galen_err next_unseen(struct workflow *wf, int64_t *request_id,
                                  struct chain_address *patient, bool *found,
                                  struct galen_errinfo *info)
{
    DB_ROWS_AUTO rows = {0};
    GALEN_TRY(db_query(&rows, wf->db, info,
                       "SELECT c.request_id, c.patient FROM consent c JOIN sale_policy p"
                       " ON p.patient = c.patient WHERE c.side = 'patient' AND c.state = 'wanted'"
                       " AND c.policy_seen = 0 AND (c.request_id, c.patient) > (?, ?)"
                       " ORDER BY c.request_id, c.patient LIMIT 1",
                       DB_INT(*request_id), DB_BLOB(patient->bytes, 20)));
    GALEN_TRY(db_next(&rows, found, info));
    if (!*found)
        return GALEN_OK;
    *request_id = db_int(&rows, 0);
    return db_bytes(&rows, 1, patient->bytes, 20, info);
}

enum galen_err purchasing_apply_policies(struct workflow *wf, struct galen_errinfo *info)
{
    struct chain_address patient = {0};
    int64_t id = 0;
    bool found = !wf->dry_run && wf->keys != NULL;
    while (found) {
        struct galen_errinfo why = {0};
        GALEN_TRY(next_unseen(wf, &id, &patient, &found, info));
        if (!found)
            break;
        enum galen_err err = answer(wf, &patient, (uint64_t)id, &why);
        /* Not at hand yet: once more in the next round. */
        if (err == GALEN_ERR_NOT_FOUND || err == GALEN_ERR_NETWORK)
            continue;
        if (err != GALEN_OK && steps_is_fatal(err))
            return base_raise(info, err, &why);
        if (err != GALEN_OK)
            base_log(BASE_LOG_INFO, "a policy could not answer request %lld: %s", (long long)id,
                     why.what);
        GALEN_TRY(db_run(wf->db, info,
                         "UPDATE consent SET policy_seen = 1 WHERE side = 'patient'"
                         " AND request_id = ? AND patient = ?",
                         DB_INT(id), DB_BLOB(patient.bytes, 20)));
    }
    return GALEN_OK;
}
