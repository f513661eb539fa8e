/* Who signed the invented value: opened, revealed and revoked by both managers, traced by all. */
#include <string.h>

#include "cli/demo.h"

/* The registry of members goes on-chain: an opening names nobody who is not in it. */
static enum galen_err commit_registry(struct demo *demo, const struct demo_cast *cast,
                                      struct galen_errinfo *info)
{
    RECORD_JSON_AUTO committed = NULL;
    GALEN_TRY(demo_step(demo, "Opening: the registry", "both managers", info,
                        "The Revocation Manager checks every member's evidence and countersigns; "
                        "the chain gets a hash."));
    GALEN_TRY(group_commit(demo->home[DEMO_GM], &cast->gm, 0, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_countersign(demo->home[DEMO_RM], &cast->rm, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_commit(demo->home[DEMO_GM], &cast->gm, 0, &committed, info));
    GALEN_TRY(demo_say_tx(demo, committed, "tx", info));
    GALEN_TRY(demo_check(demo, demo_number(committed, "size") == DEMO_N_DOCTORS, info,
                         "%d members are committed to", DEMO_N_DOCTORS));
    return demo_deliver_mail(demo, info);
}

/* Whom a home's log of openings names; "": nobody. statement: the wallet of the join evidence. */
static enum galen_err doctor_of(struct workflow *wf, const char *id,
                                char wallet[CHAIN_ADDRESS_TEXT], char statement[CHAIN_ADDRESS_TEXT],
                                struct galen_errinfo *info)
{
    RECORD_JSON_AUTO shown = NULL;
    struct json_object *at = NULL;
    enum galen_err err = opening_show(wf, id, &shown, info);
    wallet[0] = statement[0] = '\0';
    if (err == GALEN_ERR_NOT_FOUND)
        return GALEN_OK;
    GALEN_TRY(err);
    if (json_object_object_get_ex(shown, "doctor", &at))
        snprintf(wallet, CHAIN_ADDRESS_TEXT, "%s", demo_text(at, "wallet"));
    if (json_object_object_get_ex(shown, "evidence", &at) &&
        json_object_object_get_ex(at, "row", &at) &&
        json_object_object_get_ex(at, "statement", &at))
        snprintf(statement, CHAIN_ADDRESS_TEXT, "%s", demo_text(at, "wallet"));
    return GALEN_OK;
}

/* How many homes know the opened doctor, and whether each has the doctor's own evidence. */
static enum galen_err count_informed(struct demo *demo, const char *id, const char *expected,
                                     bool informed[DEMO_HOMES], size_t *n,
                                     struct galen_errinfo *info)
{
    *n = 0;
    for (int i = 0; i < DEMO_HOMES; i++) {
        char wallet[CHAIN_ADDRESS_TEXT];
        char statement[CHAIN_ADDRESS_TEXT];
        GALEN_TRY(doctor_of(demo->home[i], id, wallet, statement, info));
        *n += wallet[0] != '\0';
        informed[i] = strcmp(wallet, expected) == 0 && strcmp(statement, expected) == 0;
    }
    return GALEN_OK;
}

static enum galen_err open_signature(struct demo *demo, const struct demo_cast *cast,
                                     uint64_t request_id, uint64_t entry, char id[65],
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO asked = NULL;
    RECORD_JSON_AUTO gm = NULL;
    RECORD_JSON_AUTO rm = NULL;
    char expected[CHAIN_ADDRESS_TEXT];
    bool informed[DEMO_HOMES];
    size_t n = 0;
    chain_address_format(expected, &cast->doctors[1]);
    GALEN_TRY(demo_step(demo, "Opening: asked for, approved by both", "buyer, both managers", info,
                        "The buyer asks on-chain; each manager gives its share, sealed to the "
                        "other."));
    GALEN_TRY(opening_ask(demo->home[DEMO_BUYER], &cast->buyer, request_id, entry, &asked, info));
    GALEN_TRY(demo_say_tx(demo, asked, "tx", info));
    const char *name = demo_text(asked, "id");
    snprintf(id, 65, "%s", strncmp(name, "0x", 2) == 0 ? name + 2 : name);
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(opening_approve(demo->home[DEMO_GM], &cast->gm, id, true, &gm, info));
    GALEN_TRY(demo_say_tx(demo, gm, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(count_informed(demo, id, expected, informed, &n, info));
    GALEN_TRY(demo_check(demo, n == 0, info, "one manager's approval names nobody, to nobody"));
    GALEN_TRY(opening_approve(demo->home[DEMO_RM], &cast->rm, id, true, &rm, info));
    GALEN_TRY(demo_say_tx(demo, rm, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(count_informed(demo, id, expected, informed, &n, info));
    GALEN_TRY(demo_check(demo, informed[DEMO_BUYER] && informed[DEMO_GM] && informed[DEMO_RM], info,
                         "both together name doctor-2, with the join request that doctor-2's own "
                         "wallet signed; the buyer's client has checked it against the chain"));
    return demo_check(demo, n == 3, info, "nobody but both managers and the buyer is told");
}

/* The linked signatures: how many, and how many are of these records. */
static enum galen_err count_linked(struct workflow *wf, bool on_chain, demo_roots roots,
                                   int64_t *examined, size_t *records, size_t *releases,
                                   size_t *expected, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO traced = NULL;
    struct json_object *linked = NULL;
    *records = *releases = *expected = 0;
    GALEN_TRY(group_trace(wf, NULL, on_chain, &traced, info));
    *examined = demo_number(traced, "examined");
    GALEN_TRY(
        record_json_get_array(&linked, traced, "linked", RECORD_JSON_REQUIRED, 0, 65535, "", info));
    for (size_t i = 0; i < json_object_array_length(linked); i++) {
        struct json_object *row = json_object_array_get_idx(linked, i);
        bool is_record = strcmp(demo_text(row, "kind"), "record") == 0;
        *(is_record ? records : releases) += 1;
        for (int k = 0; is_record && k < DEMO_DOCTOR_2_RECORDS; k++)
            *expected += strcmp(demo_text(row, "merkleRoot"), roots[k]) == 0;
    }
    return GALEN_OK;
}

/* What a client says of a record's doctor now. */
static enum galen_err revocation_row(struct workflow *wf, const char *root, char *detail,
                                     size_t size, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO verified = NULL;
    struct json_object *checks = NULL;
    bool passed = false;
    detail[0] = '\0';
    GALEN_TRY(storing_verify(wf, root, &passed, &verified, info));
    GALEN_TRY(
        record_json_get_array(&checks, verified, "checks", RECORD_JSON_REQUIRED, 1, 100, "", info));
    for (size_t i = 0; i < json_object_array_length(checks); i++) {
        struct json_object *row = json_object_array_get_idx(checks, i);
        if (strcmp(demo_text(row, "check"), "revocation list") == 0)
            snprintf(detail, size, "%s", demo_text(row, "detail"));
    }
    return GALEN_OK;
}

static enum galen_err revoke_doctor(struct demo *demo, const struct demo_cast *cast, const char *id,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO published = NULL;
    const struct revocation_options options = {.opening_id = id, .reason = "fraud"};
    GALEN_TRY(demo_step(demo, "Opening: tracing token and revocation", "both managers", info,
                        "Together they decrypt the tracing token of the opened doctor, and publish "
                        "the revocation list that both have signed."));
    GALEN_TRY(opening_reveal(demo->home[DEMO_GM], &cast->gm, id, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(opening_reveal_approve(demo->home[DEMO_RM], &cast->rm, id, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(revocation_propose(demo->home[DEMO_GM], &cast->gm, &options, NULL, info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(revocation_publish(demo->home[DEMO_RM], &cast->rm, &published, info));
    GALEN_TRY(demo_say_tx(demo, published, "tx", info));
    GALEN_TRY(demo_check(demo, demo_number(published, "entries") == 1, info,
                         "the list has one token, and no name"));
    return demo_deliver_mail(demo, info);
}

static enum galen_err trace(struct demo *demo, const struct demo_cast *cast, demo_roots roots,
                            struct galen_errinfo *info)
{
    struct workflow *buyer = demo->home[DEMO_BUYER];
    struct workflow *patients = demo->home[DEMO_PATIENTS];
    int64_t examined = 0;
    size_t records = 0;
    size_t releases = 0;
    size_t expected = 0;
    char guilty[256];
    char innocent[256];
    GALEN_TRY(demo_step(demo, "Opening: everyone can trace", "buyer, patients", info,
                        "Each client holds the signatures it sees against the list; what others "
                        "signed stays unlinkable."));
    GALEN_TRY(count_linked(buyer, true, roots, &examined, &records, &releases, &expected, info));
    GALEN_TRY(demo_check(
        demo, records == DEMO_DOCTOR_2_RECORDS && expected == records && releases == 0, info,
        "of %lld records on the chain the list links doctor-2's %zu, the true one "
        "too, and none of doctor-1's",
        (long long)examined, records));
    GALEN_TRY(count_linked(buyer, false, roots, &examined, &records, &releases, &expected, info));
    GALEN_TRY(demo_check(demo, records == 0 && releases == DEMO_DOCTOR_2_RECORDS, info,
                         "of %lld sold entries it links the %zu that come from these records",
                         (long long)examined, releases));
    GALEN_TRY(revocation_row(patients, roots[DEMO_TRUE], guilty, sizeof guilty, info));
    GALEN_TRY(revocation_row(patients, cast->first_record, innocent, sizeof innocent, info));
    GALEN_TRY(demo_check(demo, strstr(guilty, "membership is revoked") != NULL, info,
                         "the patient's client says of doctor-2's true record: %s", guilty));
    return demo_check(demo, strncmp(innocent, "not on list version 1", 21) == 0, info,
                      "and of one by doctor-1: %s", innocent);
}

enum galen_err demo_opening(struct demo *demo, const struct demo_cast *cast, uint64_t request_id,
                            uint64_t entry, demo_roots roots, struct galen_errinfo *info)
{
    char id[65];
    GALEN_TRY(commit_registry(demo, cast, info));
    GALEN_TRY(open_signature(demo, cast, request_id, entry, id, info));
    GALEN_TRY(revoke_doctor(demo, cast, id, info));
    return trace(demo, cast, roots, info);
}
