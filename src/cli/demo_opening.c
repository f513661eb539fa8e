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

/* doctor.wallet of an opening as a home has it. */
static enum galen_err doctor_of(struct workflow *wf, const char *id, struct json_object **shown,
                                const char **wallet, struct galen_errinfo *info)
{
    struct json_object *doctor = NULL;
    GALEN_TRY(opening_show(wf, id, shown, info));
    json_object_object_get_ex(*shown, "doctor", &doctor);
    *wallet = doctor != NULL ? demo_text(doctor, "wallet") : "";
    return GALEN_OK;
}

static enum galen_err open_signature(struct demo *demo, const struct demo_cast *cast,
                                     uint64_t request_id, uint64_t entry, char id[65],
                                     struct galen_errinfo *info)
{
    struct workflow *buyer = demo->home[DEMO_BUYER];
    RECORD_JSON_AUTO asked = NULL;
    RECORD_JSON_AUTO gm = NULL;
    RECORD_JSON_AUTO rm = NULL;
    RECORD_JSON_AUTO alone = NULL;
    RECORD_JSON_AUTO report = NULL;
    const char *wallet = "";
    char expected[CHAIN_ADDRESS_TEXT];
    chain_address_format(expected, &cast->doctors[1]);
    GALEN_TRY(demo_step(demo, "Opening: asked for, approved by both", "buyer, both managers", info,
                        "The buyer asks on-chain; each manager gives its share, sealed to the "
                        "other."));
    GALEN_TRY(opening_ask(buyer, &cast->buyer, request_id, entry, &asked, info));
    GALEN_TRY(demo_say_tx(demo, asked, "tx", info));
    const char *name = demo_text(asked, "id");
    snprintf(id, 65, "%s", strncmp(name, "0x", 2) == 0 ? name + 2 : name);
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(opening_approve(demo->home[DEMO_GM], &cast->gm, id, true, &gm, info));
    GALEN_TRY(demo_say_tx(demo, gm, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(doctor_of(demo->home[DEMO_RM], id, &alone, &wallet, info));
    GALEN_TRY(demo_check(demo, wallet[0] == '\0', info, "one share names nobody"));
    GALEN_TRY(opening_approve(demo->home[DEMO_RM], &cast->rm, id, true, &rm, info));
    GALEN_TRY(demo_say_tx(demo, rm, "tx", info));
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(doctor_of(buyer, id, &report, &wallet, info));
    return demo_check(demo, strcmp(wallet, expected) == 0, info,
                      "both name doctor-2, with the join request that doctor-2's own wallet "
                      "signed; the buyer's client has checked it");
}

/* How many of the records that a trace links have this root, and how many it links. */
static int64_t count_linked(struct json_object *traced, const char *root, int64_t *all)
{
    struct json_object *linked = NULL;
    int64_t n = 0;
    json_object_object_get_ex(traced, "linked", &linked);
    *all = 0;
    for (size_t i = 0; linked != NULL && i < json_object_array_length(linked); i++) {
        struct json_object *row = json_object_array_get_idx(linked, i);
        *all += strcmp(demo_text(row, "kind"), "record") == 0;
        n += strcmp(demo_text(row, "kind"), "record") == 0 &&
             strcmp(demo_text(row, "merkleRoot"), root) == 0;
    }
    return n;
}

static enum galen_err revoke_doctor(struct demo *demo, const struct demo_cast *cast, const char *id,
                                    const char *invented_root, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO published = NULL;
    RECORD_JSON_AUTO traced = NULL;
    const struct revocation_options options = {.opening_id = id, .reason = "fraud"};
    int64_t all = 0;
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
    GALEN_TRY(demo_deliver_mail(demo, info));
    GALEN_TRY(group_trace(demo->home[DEMO_BUYER], NULL, true, &traced, info));
    int64_t found = count_linked(traced, invented_root, &all);
    return demo_check(demo, found == 1 && all == 1, info,
                      "anyone can trace now: of %lld signatures the list links %lld record, "
                      "doctor-2's invented one, and none of doctor-1's",
                      (long long)demo_number(traced, "examined"), (long long)all);
}

enum galen_err demo_opening(struct demo *demo, const struct demo_cast *cast, uint64_t request_id,
                            uint64_t entry, const char *invented_root, struct galen_errinfo *info)
{
    char id[65];
    GALEN_TRY(commit_registry(demo, cast, info));
    GALEN_TRY(open_signature(demo, cast, request_id, entry, id, info));
    return revoke_doctor(demo, cast, id, invented_root, info);
}
