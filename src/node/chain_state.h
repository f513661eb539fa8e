/* The embedded chain's folder: lock, port, Anvil's state and a whole copy of it. */
#ifndef GALEN_NODE_CHAIN_STATE_H
#define GALEN_NODE_CHAIN_STATE_H

#include "base/base.h"

struct node_state;

/* Makes the folder when it is not there and takes its lock; an Anvil that is still ending is waited
 * for. STATE when the lock stays taken. */
GALEN_MUST_CHECK enum galen_err node_state_open(struct node_state **out, const char *dir,
                                                int64_t patience_ms, struct galen_errinfo *info);
void node_state_close(struct node_state **state); /* NULL inside is fine */
int node_state_lock(const struct node_state *state);
const char *node_state_path(const struct node_state *state); /* of state.json; borrowed */

/* The port that was written last, 0 when there is none. */
unsigned node_state_port(const struct node_state *state);
GALEN_MUST_CHECK enum galen_err node_state_set_port(const struct node_state *state, unsigned port,
                                                    struct galen_errinfo *info);
bool node_state_port_is_free(unsigned port);
/* Is url that of the chain in this folder? False when there is none. */
bool node_state_is_of(const char *dir, const char *url);

/* Before a start: a state.json that was cut off gives way to the last whole copy. CHECK when there
 * is a state and no copy of it is whole. */
GALEN_MUST_CHECK enum galen_err node_state_repair(const struct node_state *state,
                                                  struct galen_errinfo *info);
/* Copies state.json when it is whole; false: not now. */
bool node_state_keep(const struct node_state *state);

#endif
