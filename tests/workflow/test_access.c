/* The access log: every share and sale of a patient's, once, in order, never changed; and the same
 * as HL7 FHIR R4, held against what R4 requires of AuditEvent and Consent. */
#include "market.h"
#include "workflow/access.h"
#include "workflow/post.h"

#include <string.h>

#define RECORDS 5
#define PRICE   "1000000000000000000"

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static struct json_object *log_of(struct market *market, int patient, int64_t limit, int64_t offset)
{
    const struct workflow_page page = {.limit = limit, .offset = offset};
    struct json_object *rows = NULL;
    OK(access_log(market->fx->home[PATIENT], &market->patients[patient], &page, &rows, INFO));
    return rows;
}

/* The events, oldest first, each with a comma. Static. */
static const char *events(struct market *market, int patient)
{
    static char text[1024];
    RECORD_JSON_AUTO rows = log_of(market, patient, 0, 0);
    text[0] = '\0';
    for (size_t i = json_object_array_length(rows); i-- > 0;) {
        strcat(text, fixture_text(json_object_array_get_idx(rows, i), "event"));
        strcat(text, ",");
    }
    return text;
}

static void root_of(struct market *market, int patient, char hex[65])
{
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, market->fx->home[PATIENT]->db, INFO,
                "SELECT merkle_root FROM record WHERE side = 'patient' AND holder = ? ORDER BY id",
                DB_BLOB(market->patients[patient].bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    base_hex_encode(hex, db_blob(&rows, 0).data, 32);
}

/* ---- what is logged -------------------------------------------------------------------------------- */

static void shares_are_logged(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    struct workflow *wf = fx->home[PATIENT];
    RECORD_JSON_AUTO first = NULL;
    RECORD_JSON_AUTO second = NULL;
    BASE_BUF_AUTO block = {0};
    char root[65];
    char doctor[CHAIN_ADDRESS_TEXT];
    root_of(market, 0, root);
    const struct sharing_options expiring = {.expires_at = base_time_s() + 3600};
    OK(sharing_grant(wf, root, &fx->who[DOCTOR], NULL, &first, INFO));
    assert_string_equal(events(market, 0), "share-granted,");
    /* read from this node: noted once, not at every try */
    for (int i = 0; i < 3; i++)
        OK(block_serve(wf, fixture_text(first, "cidShare"), &block, INFO));
    assert_string_equal(events(market, 0), "share-granted,share-fetched,");
    OK(sharing_revoke(wf, fixture_text(first, "cidShare"), NULL, INFO));
    OK(sharing_revoke(wf, fixture_text(first, "cidShare"), NULL, INFO));
    OK(sharing_grant(wf, root, &fx->who[DOCTOR], &expiring, &second, INFO));
    assert_string_equal(events(market, 0),
                        "share-granted,share-fetched,share-revoked,share-granted,");
    FAILS(GALEN_ERR_NOT_FOUND, block_serve(wf, fixture_text(first, "cidShare"), &block, INFO));

    RECORD_JSON_AUTO rows = log_of(market, 0, 0, 0);
    struct json_object *row = json_object_array_get_idx(rows, 0);
    chain_address_format(doctor, &fx->who[DOCTOR]);
    assert_string_equal(fixture_text(row, "doctor"), doctor);
    assert_string_equal(fixture_text(row, "record") + 2, root);
    assert_string_equal(fixture_text(row, "share"), fixture_text(second, "cidShare"));
    assert_true(json_object_object_get_ex(row, "expires", NULL));
    /* another patient's log, and the doctor's home, know nothing of it */
    assert_string_equal(events(market, 1), "");
    assert_int_equal(fixture_count(fx->home[DOCTOR], "SELECT count(*) FROM access_event"), 0);
    assert_int_equal(fixture_settle(fx), 0);
}

static void sales_are_logged(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    bool passed = false;
    uint64_t id = market_request(market, RECORDS, PRICE, NULL);
    market_reply_and_ask(market, id);
    assert_string_equal(events(market, 1), "consent-wanted,");
    market_consent_all(market, id);
    market_consent_all(market, id); /* again: nothing new */
    assert_string_equal(events(market, 1), "consent-wanted,consent-given,");
    json_object_put(market_deliver(market, id));
    json_object_put(market_verify(market, id, &passed));
    assert_true(passed);
    OK(purchasing_finalize(fx->home[BUYER], &fx->who[BUYER], id, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    static const char whole[] = "consent-wanted,consent-given,sale-delivered,sale-finalized,";
    assert_string_equal(events(market, 1), whole);
    char buyer[CHAIN_ADDRESS_TEXT], hospital[CHAIN_ADDRESS_TEXT];
    RECORD_JSON_AUTO rows = log_of(market, 1, 0, 0);
    struct json_object *row = json_object_array_get_idx(rows, 0);
    chain_address_format(buyer, &fx->who[BUYER]);
    chain_address_format(hospital, &fx->who[HOSPITAL]);
    assert_string_equal(fixture_text(row, "buyer"), buyer);
    assert_string_equal(fixture_text(row, "hospital"), hospital);
    assert_int_equal(fixture_number(row, "requestId"), id);
    assert_string_equal(fixture_text(row, "releaseRoot"),
                        fixture_text(json_object_array_get_idx(rows, 2), "releaseRoot"));

    /* one that is declined; and a delivery that was never */
    id = market_request(market, RECORDS, PRICE, NULL);
    market_reply_and_ask(market, id);
    OK(purchasing_consent(fx->home[PATIENT], &market->patients[1], id, false, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    assert_int_equal(strlen(events(market, 1)),
                     strlen(whole) + strlen("consent-wanted,consent-declined,"));
}

static void pages_are_parts_of_the_whole(void **state)
{
    struct market *market = *state;
    RECORD_JSON_AUTO all = log_of(market, 1, 0, 0);
    RECORD_JSON_AUTO none = log_of(market, 1, 10, 1000);
    const size_t n = json_object_array_length(all);
    assert_true(n > 4);
    for (size_t i = 0; i < n; i++) {
        RECORD_JSON_AUTO one = log_of(market, 1, 1, (int64_t)i);
        assert_int_equal(json_object_array_length(one), 1);
        assert_true(json_object_equal(json_object_array_get_idx(one, 0),
                                      json_object_array_get_idx(all, i)));
    }
    assert_int_equal(json_object_array_length(none), 0);
}

static void nothing_is_taken_back(void **state)
{
    struct market *market = *state;
    struct workflow *wf = market->fx->home[PATIENT];
    const int64_t before = fixture_count(wf, "SELECT count(*) FROM access_event");
    assert_true(before > 5);
    FAILS(GALEN_ERR_DB, db_run(wf->db, INFO, "UPDATE access_event SET at = 0"));
    FAILS(GALEN_ERR_DB, db_run(wf->db, INFO, "DELETE FROM access_event"));
    assert_int_equal(fixture_count(wf, "SELECT count(*) FROM access_event"), before);
}

/* A handle that acts for one identity sees no other's log. */
static void a_narrowed_handle_sees_its_own(void **state)
{
    struct market *market = *state;
    struct workflow *narrow = NULL;
    RECORD_JSON_AUTO own = NULL;
    RECORD_JSON_AUTO others = NULL;
    OK(workflow_open_again(&narrow, market->fx->home[PATIENT], INFO));
    OK(workflow_narrow(narrow, INFO));
    OK(workflow_act_as(narrow, &market->patients[0], INFO));
    OK(access_log(narrow, &market->patients[0], NULL, &own, INFO));
    OK(access_log(narrow, &market->patients[1], NULL, &others, INFO));
    RECORD_JSON_AUTO wide = log_of(market, 0, 0, 0);
    assert_true(json_object_equal(own, wide));
    assert_int_equal(json_object_array_length(others), 0);
    OK(workflow_sync(narrow, NULL,
                     INFO)); /* a round writes to tables that this handle only reads */
    workflow_close(&narrow);
}

/* ---- FHIR ------------------------------------------------------------------------------------------ */

/* R4: Coding with a system and a code. */
static void check_coding(struct json_object *coding)
{
    assert_true(strstr(fixture_text(coding, "system"), ":") != NULL);
    assert_true(fixture_text(coding, "code")[0] != '\0');
}

static void check_concept(struct json_object *concept)
{
    struct json_object *codings = fixture_member(concept, "coding");
    assert_true(json_object_array_length(codings) >= 1);
    for (size_t i = 0; i < json_object_array_length(codings); i++)
        check_coding(json_object_array_get_idx(codings, i));
}

static void check_reference(struct json_object *reference)
{
    struct json_object *identifier = fixture_member(reference, "identifier");
    assert_true(fixture_text(identifier, "system")[0] != '\0');
    assert_true(fixture_text(identifier, "value")[0] != '\0');
}

static bool is_one_of(const char *text, const char *words)
{
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", text);
    return strstr(words, padded) != NULL;
}

static void check_instant(const char *text)
{
    int64_t time_s;
    OK(base_time_parse(&time_s, text, INFO));
}

/* The bundle's resources, each once. */
static struct json_object *entries_of(struct json_object *bundle)
{
    assert_string_equal(fixture_text(bundle, "resourceType"), "Bundle");
    assert_string_equal(fixture_text(bundle, "type"), "collection");
    struct json_object *entries = fixture_member(bundle, "entry");
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        struct json_object *entry = json_object_array_get_idx(entries, i);
        const char *url = fixture_text(entry, "fullUrl");
        assert_int_equal(strlen(url), 45);
        assert_int_equal(strncmp(url, "urn:uuid:", 9), 0);
        assert_string_equal(fixture_text(fixture_member(entry, "resource"), "id"), url + 9);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(fixture_text(json_object_array_get_idx(entries, k), "fullUrl"),
                                    url);
    }
    return entries;
}

/* AuditEvent: type 1..1, action in its value set, recorded 1..1, agent 1..* with requestor 1..1,
 * source 1..1 with observer 1..1. */
static void events_are_audit_events(void **state)
{
    struct market *market = *state;
    for (int patient = 0; patient < 2; patient++) {
        RECORD_JSON_AUTO bundle = NULL;
        RECORD_JSON_AUTO rows = log_of(market, patient, 0, 0);
        const size_t n = json_object_array_length(rows);
        OK(access_log_fhir(market->fx->home[PATIENT], &market->patients[patient], &bundle, INFO));
        struct json_object *entries = entries_of(bundle);
        assert_int_equal(json_object_array_length(entries), n);
        for (size_t i = 0; i < n; i++) {
            struct json_object *event = fixture_member(json_object_array_get_idx(entries, i),
                                                       "resource");
            struct json_object *row = json_object_array_get_idx(rows, n - 1 - i);
            assert_string_equal(fixture_text(event, "resourceType"), "AuditEvent");
            check_coding(fixture_member(event, "type"));
            struct json_object *subtype =
                json_object_array_get_idx(fixture_member(event, "subtype"), 0);
            assert_string_equal(fixture_text(subtype, "code"), fixture_text(row, "event"));
            assert_true(is_one_of(fixture_text(event, "action"), " C R U D E "));
            assert_true(is_one_of(fixture_text(event, "outcome"), " 0 4 8 12 "));
            check_instant(fixture_text(event, "recorded"));
            assert_string_equal(fixture_text(event, "recorded"), fixture_text(row, "time"));
            struct json_object *agents = fixture_member(event, "agent");
            int requestors = 0;
            for (size_t k = 0; k < json_object_array_length(agents); k++) {
                struct json_object *agent = json_object_array_get_idx(agents, k);
                struct json_object *requestor = fixture_member(agent, "requestor");
                assert_true(json_object_is_type(requestor, json_type_boolean));
                requestors += json_object_get_boolean(requestor);
                check_reference(fixture_member(agent, "who"));
            }
            assert_int_equal(requestors, 1);
            check_reference(fixture_member(fixture_member(event, "source"), "observer"));
            struct json_object *entities = fixture_member(event, "entity");
            for (size_t k = 0; k < json_object_array_length(entities); k++)
                check_reference(fixture_member(json_object_array_get_idx(entities, k), "what"));
        }
    }
}

/* Consent: status 1..1 and scope 1..1 of their value sets, category 1..*, a policy or policyRule
 * (ppc-1), a patient where the scope is privacy or research (ppc-2, ppc-3). */
static void shares_and_sales_are_consents(void **state)
{
    struct market *market = *state;
    for (int patient = 0; patient < 2; patient++) {
        RECORD_JSON_AUTO bundle = NULL;
        char statuses[128] = "";
        OK(access_consents_fhir(market->fx->home[PATIENT], &market->patients[patient], &bundle,
                                INFO));
        struct json_object *entries = entries_of(bundle);
        for (size_t i = 0; i < json_object_array_length(entries); i++) {
            struct json_object *consent = fixture_member(json_object_array_get_idx(entries, i),
                                                         "resource");
            struct json_object *provision = fixture_member(consent, "provision");
            assert_string_equal(fixture_text(consent, "resourceType"), "Consent");
            strcat(statuses, fixture_text(consent, "status"));
            strcat(statuses, " ");
            check_concept(fixture_member(consent, "scope"));
            struct json_object *categories = fixture_member(consent, "category");
            assert_true(json_object_array_length(categories) >= 1);
            check_concept(json_object_array_get_idx(categories, 0));
            check_concept(fixture_member(consent, "policyRule"));
            check_reference(fixture_member(consent, "patient"));
            check_instant(fixture_text(consent, "dateTime"));
            assert_true(is_one_of(fixture_text(provision, "type"), " deny permit "));
            check_instant(fixture_text(fixture_member(provision, "period"), "start"));
            struct json_object *actor =
                json_object_array_get_idx(fixture_member(provision, "actor"), 0);
            check_concept(fixture_member(actor, "role"));
            check_reference(fixture_member(actor, "reference"));
            struct json_object *data = json_object_array_get_idx(fixture_member(provision, "data"),
                                                                 0);
            assert_true(is_one_of(fixture_text(data, "meaning"),
                                  " instance related dependents authoredby "));
            check_reference(fixture_member(data, "reference"));
        }
        assert_string_equal(statuses,
                            patient == 0 ? "inactive active active " : "active rejected ");
    }
    /* a patient of whom nothing is known has a bundle without entries */
    RECORD_JSON_AUTO empty = NULL;
    OK(access_log_fhir(market->fx->home[PATIENT], &market->fx->who[BUYER], &empty, INFO));
    assert_false(json_object_object_get_ex(empty, "entry", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_logged),
        cmocka_unit_test(sales_are_logged),
        cmocka_unit_test(pages_are_parts_of_the_whole),
        cmocka_unit_test(nothing_is_taken_back),
        cmocka_unit_test(a_narrowed_handle_sees_its_own),
        cmocka_unit_test(events_are_audit_events),
        cmocka_unit_test(shares_and_sales_are_consents),
    };
    return cmocka_run_group_tests_name("access", tests, set_up, market_tear_down);
}
