/* Endpoints that stand before the fixture's chain and fail as they are told (faulty_rpc.mjs). */
#ifndef GALEN_TESTS_WORKFLOW_FAULTY_RPC_H
#define GALEN_TESTS_WORKFLOW_FAULTY_RPC_H

#include "fixture.h"

#include <sys/types.h>

struct faulty_rpc {
    char file[96], url[48];
    pid_t pid;
    int stdin_fd;
};
void faulty_start(struct faulty_rpc *rpc, struct fixture *fx, const char *name);
void faulty_stop(struct faulty_rpc *rpc);
/* "good", "down", "slow 200", "cap 500", …: from the next request on. */
void faulty_be(const struct faulty_rpc *rpc, const char *how);
/* Closes the home and opens it with these keys in its config.json in place of rpc (NULL: as it is),
 * confirmations and start_block. */
void faulty_reopen(struct fixture *fx, enum fixture_home which, const struct faulty_rpc *const *rpc,
                   size_t n, int64_t confirmations, int64_t start_block);

#endif
