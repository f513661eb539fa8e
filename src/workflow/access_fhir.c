/* The access log as HL7 FHIR R4: an AuditEvent for each row, a Consent for each share and each
 * answer to a hospital. People and things are named by identifiers: wallets, Merkle roots, CIDs. */
#include "workflow/access.h"
#include "workflow/internal.h"

#include <string.h>

#define AUDIT_TYPE     "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
#define EVENT_SYSTEM   "urn:galen:access-event"
#define WALLET_SYSTEM  "urn:galen:wallet"
#define RECORD_SYSTEM  "urn:galen:merkle-root"
#define SHARE_SYSTEM   "urn:galen:share"
#define REQUEST_SYSTEM "urn:galen:request"

/* ---- small parts ---------------------------------------------------------------------------------- */

/* {system, code} */
static enum galen_err set_coding(struct json_object *object, const char *key, const char *system,
                                 const char *code, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO coding = NULL;
    GALEN_TRY(workflow_object(&coding, info));
    GALEN_TRY(workflow_set_text(coding, "system", system, info));
    GALEN_TRY(workflow_set_text(coding, "code", code, info));
    if (object == NULL || json_object_is_type(object, json_type_object))
        return workflow_set_object(object, key, &coding, info);
    return workflow_push(object, &coding, info);
}

/* {coding: [{system, code}]} */
static enum galen_err make_concept(struct json_object **out, const char *system, const char *code,
                                   struct galen_errinfo *info)
{
    RECORD_JSON_AUTO concept = NULL;
    RECORD_JSON_AUTO codings = NULL;
    GALEN_TRY(workflow_object(&concept, info));
    GALEN_TRY(workflow_array(&codings, info));
    GALEN_TRY(set_coding(codings, NULL, system, code, info));
    GALEN_TRY(workflow_set_object(concept, "coding", &codings, info));
    *out = concept;
    concept = NULL;
    return GALEN_OK;
}

static enum galen_err set_concept(struct json_object *object, const char *key, const char *system,
                                  const char *code, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO concept = NULL;
    GALEN_TRY(make_concept(&concept, system, code, info));
    return workflow_set_object(object, key, &concept, info);
}

/* object[key] = [value], which is taken over. */
static enum galen_err set_only(struct json_object *object, const char *key,
                               struct json_object **value, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO list = NULL;
    GALEN_TRY(workflow_array(&list, info));
    GALEN_TRY(workflow_push(list, value, info));
    return workflow_set_object(object, key, &list, info);
}

/* A Reference by identifier. */
static enum galen_err make_reference(struct json_object **out, const char *type, const char *system,
                                     const char *value, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO reference = NULL;
    RECORD_JSON_AUTO identifier = NULL;
    GALEN_TRY(workflow_object(&identifier, info));
    GALEN_TRY(workflow_set_text(identifier, "system", system, info));
    GALEN_TRY(workflow_set_text(identifier, "value", value, info));
    GALEN_TRY(workflow_object(&reference, info));
    if (type != NULL)
        GALEN_TRY(workflow_set_text(reference, "type", type, info));
    GALEN_TRY(workflow_set_object(reference, "identifier", &identifier, info));
    *out = reference;
    reference = NULL;
    return GALEN_OK;
}

static enum galen_err set_reference(struct json_object *object, const char *key, const char *type,
                                    const char *system, const char *value,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO reference = NULL;
    GALEN_TRY(make_reference(&reference, type, system, value, info));
    return workflow_set_object(object, key, &reference, info);
}

/* Adds {fullUrl, resource} with a resource begun: resourceType and an id (RFC 9562 version 8) of
 * the row that it tells of, so that it has the same in every export. *out is borrowed. */
static enum galen_err begin_resource(struct json_object *entries, const char *type,
                                     const char *patient, struct json_object *row, size_t at,
                                     struct json_object **out, struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    RECORD_JSON_AUTO entry = NULL;
    RECORD_JSON_AUTO resource = NULL;
    uint8_t digest[32];
    char url[64] = "urn:uuid:";
    GALEN_TRY(base_buf_printf(&text, "%s %s %zu ", type, patient, at));
    GALEN_TRY(record_json_jcs(&text, row, info));
    store_digest(digest, text.data, text.len);
    record_uuid(url + strlen("urn:uuid:"), digest);
    GALEN_TRY(workflow_object(&resource, info));
    GALEN_TRY(workflow_set_text(resource, "resourceType", type, info));
    GALEN_TRY(workflow_set_text(resource, "id", url + strlen("urn:uuid:"), info));
    GALEN_TRY(workflow_object(&entry, info));
    GALEN_TRY(workflow_set_text(entry, "fullUrl", url, info));
    *out = resource;
    GALEN_TRY(workflow_set_object(entry, "resource", &resource, info));
    return workflow_push(entries, &entry, info);
}

static enum galen_err make_bundle(struct json_object **out, struct json_object **entries,
                                  struct galen_errinfo *info)
{
    RECORD_JSON_AUTO bundle = NULL;
    GALEN_TRY(workflow_object(&bundle, info));
    GALEN_TRY(workflow_set_text(bundle, "resourceType", "Bundle", info));
    GALEN_TRY(workflow_set_text(bundle, "type", "collection", info));
    /* FHIR has no empty arrays. */
    if (json_object_array_length(*entries) > 0)
        GALEN_TRY(workflow_set_object(bundle, "entry", entries, info));
    workflow_give(out, &bundle);
    return GALEN_OK;
}

/* ---- AuditEvent ------------------------------------------------------------------------------------ */

/* What an event is to FHIR, and who began it. */
static const struct kind {
    const char *event, *lifecycle, *action, *by;
} kinds[] = {
    {"share-granted", "disclose", "C", "patient"},
    {"share-fetched", "access", "R", "doctor"},
    {"share-revoked", "destroy", "D", "patient"},
    {"share-undone", "destroy", "D", "patient"},
    {"consent-wanted", "access", "E", "hospital"},
    {"consent-given", "disclose", "C", "patient"},
    {"consent-declined", "access", "E", "patient"},
    {"sale-delivered", "disclose", "R", "hospital"},
    {"sale-finalized", "disclose", "E", "buyer"},
    {"sale-refunded", "disclose", "E", "buyer"},
    {"sale-disputed", "access", "E", "buyer"},
    {"sale-ruled", "access", "E", "buyer"},
    {"sale-invalid", "access", "E", "buyer"},
    {"opening-asked", "access", "R", "requester"},
    {"opening-approved", "access", "R", "requester"},
    {"complaint-logged", "access", "E", "requester"},
    {"complaint-opened", "disclose", "R", "requester"},
    {"complaint-declined", "access", "E", "requester"},
};

static const struct kind *kind_of(const char *event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].event, event) == 0)
            return &kinds[i];
    return &kinds[0];
}

static enum galen_err add_agent(struct json_object *agents, const char *who, const char *role,
                                bool is_requestor, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO agent = NULL;
    const char *type = strcmp(role, "patient") == 0  ? "Patient"
                       : strcmp(role, "doctor") == 0 ? "Practitioner"
                                                     : "Organization";
    GALEN_TRY(workflow_object(&agent, info));
    GALEN_TRY(set_reference(agent, "who", type, WALLET_SYSTEM, who, info));
    GALEN_TRY(workflow_set_bool(agent, "requestor", is_requestor, info));
    return workflow_push(agents, &agent, info);
}

static enum galen_err add_entity(struct json_object *entities, const char *type, const char *system,
                                 const char *value, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO entity = NULL;
    if (value == NULL)
        return GALEN_OK;
    GALEN_TRY(workflow_object(&entity, info));
    GALEN_TRY(set_reference(entity, "what", type, system, value, info));
    return workflow_push(entities, &entity, info);
}

static enum galen_err set_agents(struct json_object *event, const char *patient,
                                 struct json_object *row, const char *by,
                                 struct galen_errinfo *info)
{
    static const char *const others[] = {"doctor", "hospital", "requester", "buyer"};
    RECORD_JSON_AUTO agents = NULL;
    GALEN_TRY(workflow_array(&agents, info));
    GALEN_TRY(add_agent(agents, patient, "patient", strcmp(by, "patient") == 0, info));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *who = workflow_text_of(row, others[i]);
        if (who != NULL)
            GALEN_TRY(add_agent(agents, who, others[i], strcmp(by, others[i]) == 0, info));
    }
    return workflow_set_object(event, "agent", &agents, info);
}

static enum galen_err add_audit_event(struct json_object *entries, const char *patient,
                                      struct json_object *rows, size_t at,
                                      struct galen_errinfo *info)
{
    struct json_object *row = json_object_array_get_idx(rows, at);
    const size_t number = json_object_array_length(rows) - 1 -
                          at; /* which stays as the log grows */
    struct json_object *event = NULL;
    const struct kind *kind = kind_of(workflow_text_of(row, "event"));
    RECORD_JSON_AUTO subtypes = NULL;
    RECORD_JSON_AUTO source = NULL;
    RECORD_JSON_AUTO entities = NULL;
    GALEN_TRY(begin_resource(entries, "AuditEvent", patient, row, number, &event, info));
    GALEN_TRY(set_coding(event, "type", AUDIT_TYPE, kind->lifecycle, info));
    GALEN_TRY(workflow_array(&subtypes, info));
    GALEN_TRY(set_coding(subtypes, NULL, EVENT_SYSTEM, workflow_text_of(row, "event"), info));
    GALEN_TRY(workflow_set_object(event, "subtype", &subtypes, info));
    GALEN_TRY(workflow_set_text(event, "action", kind->action, info));
    GALEN_TRY(workflow_set_text(event, "recorded", workflow_text_of(row, "time"), info));
    GALEN_TRY(workflow_set_text(event, "outcome", "0", info));
    GALEN_TRY(set_agents(event, patient, row, kind->by, info));
    GALEN_TRY(workflow_object(&source, info));
    GALEN_TRY(set_reference(source, "observer", "Patient", WALLET_SYSTEM, patient, info));
    GALEN_TRY(workflow_set_object(event, "source", &source, info));
    GALEN_TRY(workflow_array(&entities, info));
    GALEN_TRY(add_entity(entities, "Bundle", RECORD_SYSTEM, workflow_text_of(row, "record"), info));
    GALEN_TRY(add_entity(entities, NULL, SHARE_SYSTEM, workflow_text_of(row, "share"), info));
    GALEN_TRY(add_entity(entities, NULL, REQUEST_SYSTEM, workflow_text_of(row, "requestId"), info));
    GALEN_TRY(
        add_entity(entities, NULL, RECORD_SYSTEM, workflow_text_of(row, "releaseRoot"), info));
    if (json_object_array_length(entities) == 0)
        return GALEN_OK;
    return workflow_set_object(event, "entity", &entities, info);
}

/* ---- Consent --------------------------------------------------------------------------------------- */

/* Was the share taken back after this row? rows: newest first. */
static const char *ended_at(struct json_object *rows, size_t at, const char *share)
{
    while (at-- > 0) {
        struct json_object *row = json_object_array_get_idx(rows, at);
        const char *event = workflow_text_of(row, "event");
        const char *its = workflow_text_of(row, "share");
        if (its != NULL && strcmp(its, share) == 0 &&
            (strcmp(event, "share-revoked") == 0 || strcmp(event, "share-undone") == 0))
            return workflow_text_of(row, "time");
    }
    return NULL;
}

static enum galen_err set_provision(struct json_object *consent, struct json_object *row,
                                    const char *reader, const char *purpose, const char *end,
                                    bool is_permitted, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO provision = NULL;
    RECORD_JSON_AUTO period = NULL;
    RECORD_JSON_AUTO actor = NULL;
    RECORD_JSON_AUTO data = NULL;
    RECORD_JSON_AUTO purposes = NULL;
    const char *release = workflow_text_of(row, "releaseRoot");
    const char *record = workflow_text_of(row, "record");
    GALEN_TRY(workflow_object(&provision, info));
    GALEN_TRY(workflow_set_text(provision, "type", is_permitted ? "permit" : "deny", info));
    GALEN_TRY(workflow_object(&period, info));
    GALEN_TRY(workflow_set_text(period, "start", workflow_text_of(row, "time"), info));
    if (end != NULL)
        GALEN_TRY(workflow_set_text(period, "end", end, info));
    GALEN_TRY(workflow_set_object(provision, "period", &period, info));
    if (reader != NULL) {
        GALEN_TRY(workflow_object(&actor, info));
        GALEN_TRY(set_concept(actor, "role",
                              "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP",
                              info));
        GALEN_TRY(set_reference(actor, "reference",
                                strcmp(purpose, "TREAT") == 0 ? "Practitioner" : "Organization",
                                WALLET_SYSTEM, reader, info));
        GALEN_TRY(set_only(provision, "actor", &actor, info));
    }
    GALEN_TRY(workflow_array(&purposes, info));
    GALEN_TRY(set_coding(purposes, NULL, "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                         purpose, info));
    GALEN_TRY(workflow_set_object(provision, "purpose", &purposes, info));
    /* Of a record that is sold, one release is given, and never the record. */
    GALEN_TRY(workflow_object(&data, info));
    GALEN_TRY(workflow_set_text(data, "meaning", "instance", info));
    GALEN_TRY(set_reference(data, "reference", "Bundle", RECORD_SYSTEM,
                            release != NULL ? release : record, info));
    GALEN_TRY(set_only(provision, "data", &data, info));
    return workflow_set_object(consent, "provision", &provision, info);
}

static enum galen_err add_consent(struct json_object *entries, const char *patient,
                                  struct json_object *rows, size_t at, struct galen_errinfo *info)
{
    struct json_object *row = json_object_array_get_idx(rows, at);
    struct json_object *consent = NULL;
    const char *event = workflow_text_of(row, "event");
    const bool is_share = strcmp(event, "share-granted") == 0;
    const bool is_given = strcmp(event, "consent-given") == 0;
    if (!is_share && !is_given && strcmp(event, "consent-declined") != 0)
        return GALEN_OK;
    const char *ended = is_share ? ended_at(rows, at, workflow_text_of(row, "share")) : NULL;
    const char *expires = workflow_text_of(row, "expires");
    int64_t expires_s = 0;
    if (expires != NULL)
        GALEN_TRY(base_time_parse(&expires_s, expires, info));
    const bool is_over = ended != NULL || (expires_s > 0 && expires_s <= base_time_s());
    RECORD_JSON_AUTO category = NULL;
    RECORD_JSON_AUTO performer = NULL;
    const size_t n = json_object_array_length(rows);
    GALEN_TRY(begin_resource(entries, "Consent", patient, row, n - 1 - at, &consent, info));
    GALEN_TRY(workflow_set_text(consent, "status",
                                !is_share && !is_given ? "rejected"
                                : is_over              ? "inactive"
                                                       : "active",
                                info));
    GALEN_TRY(set_concept(consent, "scope", "http://terminology.hl7.org/CodeSystem/consentscope",
                          is_share ? "patient-privacy" : "research", info));
    GALEN_TRY(make_concept(&category, "http://loinc.org", "59284-0", info));
    GALEN_TRY(set_only(consent, "category", &category, info));
    GALEN_TRY(set_reference(consent, "patient", "Patient", WALLET_SYSTEM, patient, info));
    GALEN_TRY(workflow_set_text(consent, "dateTime", workflow_text_of(row, "time"), info));
    GALEN_TRY(make_reference(&performer, "Patient", WALLET_SYSTEM, patient, info));
    GALEN_TRY(set_only(consent, "performer", &performer, info));
    GALEN_TRY(set_concept(consent, "policyRule", "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                          is_share || is_given ? "OPTIN" : "OPTOUT", info));
    return set_provision(consent, row, workflow_text_of(row, is_share ? "doctor" : "buyer"),
                         is_share ? "TREAT" : "HRESCH", ended != NULL ? ended : expires,
                         is_share || is_given, info);
}

/* ---- all of it --------------------------------------------------------------------------------------- */

/* What add makes of each row of the log, the oldest first. */
static enum galen_err
log_bundle(struct workflow *wf, const struct chain_address *patient,
           enum galen_err (*add)(struct json_object *entries, const char *patient,
                                 struct json_object *rows, size_t at, struct galen_errinfo *info),
           struct json_object **bundle, struct galen_errinfo *info)
{
    RECORD_JSON_AUTO rows = NULL;
    RECORD_JSON_AUTO entries = NULL;
    char wallet[CHAIN_ADDRESS_TEXT];
    chain_address_format(wallet, patient);
    GALEN_TRY(access_log(wf, patient, NULL, &rows, info));
    GALEN_TRY(workflow_array(&entries, info));
    for (size_t i = json_object_array_length(rows); i-- > 0;)
        GALEN_TRY(add(entries, wallet, rows, i, info));
    return make_bundle(bundle, &entries, info);
}

enum galen_err access_log_fhir(struct workflow *wf, const struct chain_address *patient,
                               struct json_object **bundle, struct galen_errinfo *info)
{
    return log_bundle(wf, patient, add_audit_event, bundle, info);
}

enum galen_err access_consents_fhir(struct workflow *wf, const struct chain_address *patient,
                                    struct json_object **bundle, struct galen_errinfo *info)
{
    return log_bundle(wf, patient, add_consent, bundle, info);
}
