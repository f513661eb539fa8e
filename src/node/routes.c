/* Every resource of the API, its method, who may, and the function. docs/openapi.yaml describes
 * them; a test holds the two against each other. */
#include "node/api.h"
#include "workflow/post.h"

#define DOES     (API_WAKES | API_DRY)
#define PAGE     "limit offset"
#define MANAGERS "gm rm"

const struct api_route api_routes[] = {
    {"GET", "/health", API_ANYONE | API_READ | API_RAW, NULL, api_health},
    {"GET", "/metrics", API_OPERATOR | API_RAW, NULL, api_metrics},

    {"POST", "/inbox/{}", API_ANYONE | API_RAW | API_BYTES, NULL, api_inbox,
     .body_max = POST_MESSAGE_MAX},
    {"GET", "/ipfs/{}", API_ANYONE | API_RAW, NULL, api_block, "format"},

    {"GET", "/session", API_ANYONE, NULL, api_session_show},
    {"POST", "/session", API_ANYONE, NULL, api_session_begin},
    {"DELETE", "/session", API_ANYONE, NULL, api_session_end},
    {"POST", "/session/nonce", API_ANYONE, NULL, api_session_nonce},
    {"POST", "/session/wallet", API_ANYONE, NULL, api_session_wallet},

    {"GET", "/status", API_OPERATOR | API_SLOW, NULL, api_status},
    {"POST", "/sync", API_WAKES, NULL, api_sync},
    {"GET", "/events", API_READ | API_RAW, NULL, api_events},
    {"GET", "/notifications", API_READ, NULL, api_notifications, PAGE " after"},
    {"POST", "/notifications/seen", 0, NULL, api_notifications_seen},
    {"GET", "/accounts", API_READ | API_SLOW, NULL, api_account_list},
    {"POST", "/accounts", API_OPERATOR, NULL, api_account_new},
    {"POST", "/accounts/pay", DOES, NULL, api_account_pay},
    {"POST", "/profile", DOES, NULL, api_profile_set},
    {"POST", "/profile/card", 0, NULL, api_card},
    {"POST", "/contacts", 0, NULL, api_contact_add},
    {"GET", "/contacts/{}", API_READ, NULL, api_contact_show},

    {"GET", "/records", API_READ, NULL, api_record_list},
    {"POST", "/records", DOES, "doctor", api_record_store},
    {"POST", "/records/import", DOES | API_BYTES, "doctor", api_record_import,
     "patient hospital patientId report"},
    {"POST", "/records/relay", DOES, "hospital", api_relay},
    {"GET", "/records/{}", API_READ | API_SLOW, NULL, api_record_show},
    {"GET", "/records/{}/fhir", API_READ | API_SLOW | API_RAW, NULL, api_record_fhir},
    {"GET", "/records/{}/deidentified", API_READ | API_SLOW, "patient", api_record_deidentified},
    {"POST", "/records/deidentify", API_READ, NULL, api_record_deidentify},
    {"GET", "/deidentification", API_READ, NULL, api_deidentification_rules},
    {"POST", "/records/{}/verify", API_READ, NULL, api_record_verify},

    {"GET", "/shares", API_READ, NULL, api_share_list},
    {"POST", "/shares", DOES, "patient", api_share_grant},
    {"POST", "/shares/{}/open", 0, "doctor", api_share_open},
    {"DELETE", "/shares/{}", DOES, "patient", api_share_revoke},

    {"GET", "/requests", API_READ | API_SLOW, NULL, api_request_list},
    {"POST", "/requests", DOES, "buyer", api_request_create},
    {"GET", "/requests/{}", API_READ | API_SLOW, NULL, api_request_show},
    {"POST", "/requests/{}/reply", DOES, "hospital", api_request_step},
    {"POST", "/requests/{}/ask", DOES, "hospital", api_request_step},
    {"POST", "/requests/{}/deliver", DOES, "hospital", api_request_step},
    {"POST", "/requests/{}/expire", DOES, NULL, api_request_step},
    {"POST", "/requests/{}/consent", DOES, "patient", api_request_consent},
    {"POST", "/requests/{}/verify", 0, "buyer", api_request_verify},
    {"GET", "/requests/{}/data", API_READ | API_SLOW, "buyer", api_request_data},
    {"POST", "/requests/{}/finalize", DOES, NULL, api_request_finalize},
    {"POST", "/requests/{}/claim", DOES, NULL, api_request_claim},
    {"POST", "/requests/{}/prove-invalid", DOES, NULL, api_request_prove},
    {"POST", "/requests/{}/dispute", DOES, "buyer", api_request_dispute},
    {"POST", "/requests/{}/rule", DOES, MANAGERS, api_request_rule},
    {"POST", "/requests/{}/open", DOES, "buyer", api_request_open},
    {"GET", "/consents", API_READ | API_SLOW, "patient", api_consent_list},
    {"GET", "/disputes", API_READ | API_SLOW, NULL, api_dispute_list},
    {"GET", "/disputes/{}", API_READ | API_SLOW, NULL, api_dispute_show},
    {"DELETE", "/disputes/{}/evidence", 0, MANAGERS, api_dispute_forget},

    {"POST", "/group/setup", DOES, MANAGERS, api_group_setup},
    {"POST", "/group/propose", DOES, "gm", api_group_step},
    {"POST", "/group/confirm", DOES, "rm", api_group_step},
    {"POST", "/group/hospitals", DOES, "gm", api_group_hospital},
    {"POST", "/group/invitations", DOES, "gm", api_group_invite},
    {"POST", "/group/join", DOES, "doctor", api_group_join},
    {"POST", "/group/approvals", DOES, "gm", api_group_approve},
    {"GET", "/group/members", API_READ, "gm", api_group_members},
    {"POST", "/group/commit", DOES, "gm", api_group_commit},
    {"POST", "/group/countersign", DOES, "rm", api_group_step},
    {"GET", "/group/registry", API_READ | API_SLOW, MANAGERS, api_group_registry},
    {"GET", "/openings", API_READ, NULL, api_opening_list},
    {"POST", "/openings", DOES, "gm", api_opening_request},
    {"GET", "/openings/{}", API_READ, NULL, api_opening_show},
    {"POST", "/openings/{}/approve", DOES, MANAGERS, api_opening_approve},
    {"POST", "/openings/{}/reveal", DOES, MANAGERS, api_opening_reveal},
    {"POST", "/trace", API_READ, NULL, api_trace},
    {"GET", "/revocations", API_READ | API_SLOW, NULL, api_revocation_show},
    {"POST", "/revocations", DOES, "gm", api_revocation_propose},
    {"POST", "/revocations/publish", DOES, "rm", api_revocation_publish},
    {"POST", "/claims", 0, "doctor", api_claim_make},
    {"POST", "/claims/verify", API_READ, NULL, api_claim_verify},

    {"GET", "/contract", API_READ | API_SLOW, NULL, api_contract},
    {"GET", "/contract/requests/{}", API_READ | API_SLOW, NULL, api_contract_request},
    {"GET", "/transactions", API_READ | API_RAW, NULL, api_transactions,
     PAGE " role workflow operation status format"},
    {"GET", "/gas/report", API_READ, NULL, api_gas_report},
    {"GET", "/gas/prices", API_READ | API_SLOW, NULL, api_gas_prices},
    {"GET", "/store", API_OPERATOR | API_SLOW, NULL, api_store_show},
    {"POST", "/store/sync", API_OPERATOR, NULL, api_store_sync},
};
const size_t api_n_routes = sizeof api_routes / sizeof *api_routes;
_Static_assert(sizeof api_routes / sizeof *api_routes < NODE_METRIC_ROUTES, "each is counted");
