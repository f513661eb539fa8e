/* What the API's handlers share. A handler reads its parameters, calls one workflow function and
 * gives its result; what an actor can do is decided there, not here. */
#ifndef GALEN_NODE_API_H
#define GALEN_NODE_API_H

#include "node/internal.h"

/* The body has these members and no others; lists end with NULL, either may be NULL. */
GALEN_MUST_CHECK enum galen_err api_members(const struct api_call *call,
                                            const char *const *required,
                                            const char *const *optional,
                                            struct galen_errinfo *info);
/* A text member; NULL when it is not there. Borrowed. */
GALEN_MUST_CHECK enum galen_err api_text(const struct api_call *call, const char *name,
                                         const char **out, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err api_bool(const struct api_call *call, const char *name, bool *out,
                                         struct galen_errinfo *info);
/* Left as it is when it is not there. */
GALEN_MUST_CHECK enum galen_err api_int(const struct api_call *call, const char *name, int64_t min,
                                        int64_t max, int64_t *out, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err api_object(const struct api_call *call, const char *name,
                                           struct json_object **out, struct galen_errinfo *info);
/* RFC 3339; left as it is when it is not there. */
GALEN_MUST_CHECK enum galen_err api_time(const struct api_call *call, const char *name,
                                         int64_t *out, struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err api_hex(const struct api_call *call, const char *name, uint8_t *out,
                                        size_t len, struct galen_errinfo *info);
/* A required member that names a contact, by name or address. */
GALEN_MUST_CHECK enum galen_err api_contact(const struct api_call *call, const char *name,
                                            struct chain_address *out, struct galen_errinfo *info);
/* A number in the query; left as it is when it is not there. */
GALEN_MUST_CHECK enum galen_err api_query_int(const struct api_call *call, const char *name,
                                              int64_t min, int64_t max, int64_t *out,
                                              struct galen_errinfo *info);
/* ?limit= (1 to 1000, default 100) and ?offset=. */
GALEN_MUST_CHECK enum galen_err api_page(const struct api_call *call, struct workflow_page *page,
                                         struct galen_errinfo *info);
/* The request id that the path's first parameter is. */
GALEN_MUST_CHECK enum galen_err api_request_id(const struct api_call *call, uint64_t *out,
                                               struct galen_errinfo *info);
/* The entry's index that the second is. */
GALEN_MUST_CHECK enum galen_err api_entry_index(const struct api_call *call, uint64_t *out,
                                                struct galen_errinfo *info);
/* The array `entries` of indices; n 0 when it is not there. free(*out). */
GALEN_MUST_CHECK enum galen_err api_entries(const struct api_call *call, uint64_t **out, size_t *n,
                                            struct galen_errinfo *info);
/* A new, empty result; the caller of the handler releases it, also when the rest fails. */
GALEN_MUST_CHECK enum galen_err api_object_new(struct json_object **result,
                                               struct galen_errinfo *info);
/* What the verdict was stands in the result, as `passed`. */
GALEN_MUST_CHECK enum galen_err api_give_verdict(struct json_object *result, bool passed,
                                                 struct galen_errinfo *info);

/* {identity, role} of who is signed in, or was just made. */
GALEN_MUST_CHECK enum galen_err api_give_identity(const struct chain_address *who, const char *role,
                                                  struct json_object **result,
                                                  struct galen_errinfo *info);

/* Handlers, by file. */
api_handler api_inbox, api_block; /* post */
api_handler api_health, api_metrics, api_session_show, api_session_begin,
    api_session_end; /* home */
api_handler api_session_nonce, api_session_wallet, api_events, api_sync, api_notifications;
api_handler api_notifications_seen, api_account_list, api_account_new, api_account_pay;
api_handler api_credit, api_withdraw, api_payouts, api_collect;
api_handler api_card, api_profile_set, api_contact_add, api_contact_show, api_contract;
api_handler api_contract_request, api_store_show;
api_handler api_store_sync, api_status;
api_handler api_transactions, api_gas_report, api_gas_prices, api_gas_history; /* gas */
api_handler api_gas_measured, api_gas_cost, api_gas_project;
api_handler api_account_register, api_intent_list, api_intent_show, api_intent_answer; /* wallet */
api_handler api_intent_cancel;
api_handler api_record_list, api_record_store, api_record_import, api_record_show; /* records */
api_handler api_record_tree, api_record_verify, api_record_fhir, api_relay, api_import_list;
api_handler api_access_log, api_topup, api_topup_list, api_topup_match;
api_handler api_record_deidentified, api_record_deidentify, api_deidentification_rules;
api_handler api_share_list, api_share_grant, api_share_open, api_share_revoke;
api_handler api_request_list, api_request_create, api_request_show, api_request_step,
    api_request_reply, api_policy, api_policy_set; /* requests */
api_handler api_request_data, api_request_consent, api_request_finalize, api_request_claim;
api_handler api_request_dispute, api_request_rule, api_request_prove, api_request_open;
api_handler api_request_tree, api_request_verify, api_request_verification, api_request_report;
api_handler api_consent_list, api_dispute_list, api_dispute_show;
api_handler api_dispute_forget;
api_handler api_group_setup, api_group_step, api_group_hospital, api_group_invite; /* group */
api_handler api_group_join, api_group_approve, api_group_members, api_group_commit;
api_handler api_group_membership, api_group_applicants, api_group_keys, api_group_hospitals;
api_handler api_complaint_list, api_complaint_make, api_complaint_show, api_complaint_decide;
api_handler api_group_audit, api_group_registry, api_opening_list, api_opening_show,
    api_opening_request;
api_handler api_opening_approve, api_opening_reveal, api_trace, api_revocation_show;
api_handler api_revocation_propose, api_revocation_publish, api_claim_make, api_claim_verify;

#endif
