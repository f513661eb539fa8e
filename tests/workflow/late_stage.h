/* A sale in which one patient keeps its key until it has seen the delivery. */
#ifndef GALEN_TESTS_WORKFLOW_LATE_STAGE_H
#define GALEN_TESTS_WORKFLOW_LATE_STAGE_H

#include "forge.h"

#define LATE_RECORDS 5
#define LATE_KEEPER  1 /* the patient that keeps its key; the others' go with the consent */
/* Keys that have come to a home, for late_count. */
#define LATE_KEYS "SELECT count(*) FROM late_key WHERE request_id = ?"

/* Up to the consents; up to the delivery, which hospital and buyer have seen and the patients not.
 */
uint64_t late_consented(struct market *market);
uint64_t late_delivered(struct market *market);
/* Where the keeper's entry is, by the hospital's events. */
uint64_t late_place(struct market *market, uint64_t id);
/* What the keeper's list says of the key, which must be in this state; json_object_put. */
struct json_object *late_key(struct market *market, uint64_t id, const char *state);
void late_expect(struct market *market, uint64_t id, const char *state);
/* How many of the one key kept the buyer awaits. */
int64_t late_awaited(struct market *market, uint64_t id);
/* One integer out of a home's database, about a request. */
int64_t late_count(struct workflow *wf, const char *sql, uint64_t id);
/* What the keeper's home keeps of its answer: {wanted, given, ek}; json_object_put. */
struct json_object *late_answer(struct market *market, uint64_t id);
/* The buyer's verification fails in this entry alone, for want of its key, which may still come in
 * time. */
void late_expect_missing(struct market *market, uint64_t id, uint64_t place, bool in_time);

#endif
