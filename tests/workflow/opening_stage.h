/* What the tests of opening and revocation do again and again, each in one call. */
#ifndef GALEN_TESTS_WORKFLOW_OPENING_STAGE_H
#define GALEN_TESTS_WORKFLOW_OPENING_STAGE_H

#include "fixture.h"
#include "workflow/opening_internal.h"

/* The registry as it is, countersigned and committed on-chain. */
void stage_commit_registry(struct fixture *fx);
/* GM asks for a record's signature to be opened; everybody syncs. id_hex: of the opening. */
void stage_ask_opening(struct fixture *fx, const char *root_hex, char id_hex[65]);
/* The same, agreed to and carried to its end. */
void stage_open(struct fixture *fx, const char *root_hex, char id_hex[65]);
/* Token revealed to both. */
void stage_reveal(struct fixture *fx, const char *id_hex);
/* opening_show in a home. json_object_put. */
struct json_object *stage_show(struct workflow *wf, const char *id_hex);
/* Another identity in that manager's home, with money and known to the other manager. */
void stage_successor(struct fixture *fx, enum fixture_home home, struct chain_address *next);
/* The manager of that home hands its office to `next` there, who becomes fx->who. */
void stage_hand_over(struct fixture *fx, enum fixture_home home, const struct chain_address *next);
/* A message of one manager to the other, made up; the number that are refused in consequence. */
int64_t stage_send(struct fixture *fx, enum fixture_home from, enum fixture_home to,
                   const char *kind, struct json_object *body);
/* The member of a wallet in the GM's registry. */
void stage_member(struct fixture *fx, const struct chain_address *wallet,
                  struct group_member *member, uint8_t salt[32]);

#endif
