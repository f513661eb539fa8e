/* Answers, bundles and deliveries that no honest client makes. */
#ifndef GALEN_TESTS_WORKFLOW_FORGE_H
#define GALEN_TESTS_WORKFLOW_FORGE_H

#include "market.h"

#include "workflow/dispute_internal.h"
#include "workflow/storing_internal.h"

/* Everybody's client answers, and the mail of patient `forger` is held back. */
void forge_consent_but(struct market *market, uint64_t id, int forger);
void forge_send(struct market *market, int patient, struct json_object *answer);
/* The release which the answer names; record_release_clear. */
void forge_release(struct market *market, struct json_object *answer, struct record_release *out);
/* The key that signs for it. */
void forge_key(struct market *market, int patient, struct json_object *answer,
               struct chain_key *key);
/* Signs the answer anew, for this request and as it now stands. */
void forge_sign(struct market *market, int patient, uint64_t id, struct json_object *answer);
/* EK for the request's buyer, into the answer. */
void forge_seal(struct market *market, uint64_t id, const uint8_t bundle_cid32[32],
                const uint8_t key32[32], struct json_object *answer);
/* A bundle with this text as its plaintext, sealed rightly. */
void forge_bundle(struct market *market, uint64_t id, struct json_object *plaintext,
                  struct json_object *answer);
/* The plaintext of an honest answer's bundle, as the buyer opens it; json_object_put. */
struct json_object *forge_open_bundle(struct market *market, uint64_t id,
                                      struct json_object *answer);
/* A true proof that leaves the unit of a laboratory value out. */
void forge_leave_unit_out(struct market *market, struct json_object *answer,
                          struct json_object *bundle);

/* A hospital that checks nothing: what alter made of the honest offers is delivered, sealed, in
 * the order of their roots, and a manifest of the same is published. alter may be NULL. */
typedef void forge_alter(struct market *market, uint64_t id, struct purchasing_offers *offers);
void forge_deliver(struct market *market, uint64_t id, forge_alter *alter);

#endif
