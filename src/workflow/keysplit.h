/*
 * keysplit: an identity's secrets, shared out among custodians, of whom any K can restore it.
 *
 * The secrets are sealed under a random key; the key is split by Shamir's scheme over GF(2^8)
 * (libgfshare); each share is sealed to one custodian's encryption key. One file a custodian:
 *   galen.key-share/1  {type, header, payload, share}
 *     header   {type galen.key-split/1, id, address, name, role, threshold, custodians [address],
 *               shares [SHA-256(id ‖ number ‖ share)], payload SHA-256}
 *     payload  dir/A256GCM JWE of {context: header, secrets: {name: hex}, type
 * galen.key-split-secrets/1} share    JWE to the custodian of {context: {header SHA-256, number,
 * type}, share} A custodian who is asked seals its share anew, to whoever restores: the same form.
 * Numbers are from
 * 1. Fewer than K shares say nothing of the key, but for their hashes. A share that is not the one
 * of the header is named before anything is combined; a header that was altered does not open.
 */
#ifndef GALEN_WORKFLOW_KEYSPLIT_H
#define GALEN_WORKFLOW_KEYSPLIT_H

#include "workflow/workflow.h"

#define KEYSPLIT_CUSTODIANS_MAX 64

/* files: an array in the custodians' order. custodians: contacts, no two alike. 2 <= threshold <=
 * n. */
GALEN_MUST_CHECK enum galen_err
workflow_keysplit(struct workflow *wf, const struct chain_address *identity, size_t threshold,
                  const struct chain_address *custodians, size_t n, struct json_object **files,
                  struct galen_errinfo *info);
/* The custodian: its share, sealed to reader instead. NOT_FOUND when the share is for no identity
 * of this home; CHECK when it was altered. */
GALEN_MUST_CHECK enum galen_err workflow_keysplit_open(struct workflow *wf,
                                                       struct json_object *file,
                                                       const struct chain_address *reader,
                                                       struct json_object **handed_over,
                                                       struct galen_errinfo *info);
/* What custodians handed over to `reader` of this home. names: what to call each file in errors.
 * The identity appears with all its secrets, or not at all. result: {address, name, role, secrets}.
 * STATE: too few; CHECK: which file is altered, or of another split; EXISTS. */
GALEN_MUST_CHECK enum galen_err
workflow_keysplit_combine(struct workflow *wf, const struct chain_address *reader,
                          struct json_object *const *files, const char *const *names, size_t n,
                          struct json_object **result, struct galen_errinfo *info);

#endif
