/* A stage for the workflows' tests: an Anvil of its own, one home for each actor, one folder of
 * blocks shared by all as an IPFS node would be, and mail carried by hand. */
#ifndef GALEN_TESTS_WORKFLOW_FIXTURE_H
#define GALEN_TESTS_WORKFLOW_FIXTURE_H

#include "node/embedded_chain.h"
#include "workflow/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FIXTURE_PASSWORD "a password for tests"

enum fixture_home { GM, RM, HOSPITAL, DOCTOR, PATIENT, BUYER, FIXTURE_HOMES };

struct fixture {
    char dir[64];
    struct node_chain *chain;
    struct chain_rpc *rpc;                   /* the test's own look at the chain */
    struct workflow *home[FIXTURE_HOMES];    /* PATIENT and DOCTOR hold two identities each */
    struct chain_address who[FIXTURE_HOMES]; /* the first identity of each home */
    struct chain_address patient2, doctor2;
};

/* Fails the test with the text of info unless the call gives GALEN_OK. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        struct galen_errinfo *ok_info_ = fixture_info();                                           \
        enum galen_err ok_err_ = (call);                                                           \
        if (ok_err_ != GALEN_OK)                                                                   \
            fail_msg("%s: %s: %s (%s)", #call, galen_err_name(ok_err_), ok_info_->what,            \
                     ok_info_->hint);                                                              \
    } while (0)
/* Fails the test unless the call gives this error; its text is in fixture_info(). */
#define FAILS(error, call)                                                                         \
    do {                                                                                           \
        struct galen_errinfo *fails_info_ = fixture_info();                                        \
        enum galen_err fails_err_ = (call);                                                        \
        if (fails_err_ != (error))                                                                 \
            fail_msg("%s: %s instead of %s: %s", #call, galen_err_name(fails_err_),                \
                     galen_err_name(error), fails_info_->what);                                    \
    } while (0)
/* The info to give to the call inside OK and FAILS: INFO. */
struct galen_errinfo *fixture_info(void);
struct galen_errinfo *fixture_last_info(void);
#define INFO fixture_last_info()

/* Group set-up and tear-down functions of cmocka, in three sizes: homes with identities that have
 * money and know each other's cards; with the contract deployed and connected; with the group key
 * confirmed, the hospital accredited and both doctors members. *state is the struct fixture. */
int fixture_homes(void **state);
int fixture_connected(void **state);
int fixture_grouped(void **state);
int fixture_tear_down(void **state);

/* Closes the home and opens it again, as a restart would. */
void fixture_restart(struct fixture *fx, enum fixture_home which);
/* A further home beside the others, connected; *address is its one identity. Close it. */
struct workflow *fixture_extra_home(struct fixture *fx, const char *name, const char *role,
                                    struct chain_address *address);
/* identity of `from` becomes known to `to`. */
void fixture_give_card(struct workflow *from, const struct chain_address *identity,
                       struct workflow *to);
void fixture_fund(struct fixture *fx, const struct chain_address *account, const char *ether);

/* A message made by hand, sealed to the recipient, as a file of mail. json_object_put. */
struct json_object *fixture_mail(struct workflow *from, const struct chain_address *recipient,
                                 struct json_object *message);
/* Mail from one home to all others, without anyone acting on it. */
void fixture_carry(struct fixture *fx, struct workflow *from);
/* Syncs one home; returns the summary (json_object_put). */
struct json_object *fixture_sync(struct workflow *wf);
/* Synchronises until no transaction waits: the chain mines what it was sent in its own time. */
void fixture_sync_until_mined(struct workflow *wf);
/* Carries all mail and syncs all homes until nothing moves. Returns how many were refused. */
int64_t fixture_settle(struct fixture *fx);
/* Lets the chain's clock jump, and mines a block. */
void fixture_pass_time(struct fixture *fx, int64_t seconds);

/* A record of patient's by the fixture's hospital; variant makes it another one. json_object_put.
 */
struct json_object *fixture_record(struct fixture *fx, const struct chain_address *patient,
                                   int variant);
/* Stores a record by the doctor, relays it and settles: patient has it anchored. root_hex gets 64
 * digits. */
void fixture_store(struct fixture *fx, const struct chain_address *patient, int variant,
                   char root_hex[65]);

/* One integer out of a home's database. */
int64_t fixture_count(struct workflow *wf, const char *sql);
/* A member of a result, that must be there. */
const char *fixture_text(struct json_object *object, const char *key);
int64_t fixture_number(struct json_object *object, const char *key);
struct json_object *fixture_member(struct json_object *object, const char *key);
/* Does any file in there hold these bytes? */
bool fixture_folder_holds(const char *dir, const void *needle, size_t len);

#endif
