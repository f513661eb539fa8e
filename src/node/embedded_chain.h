/*
 * The embedded chain: Anvil on a loopback port, for a home without a chain of its own. It ends with
 * the process that started it, also with a killed one. Two ways to have it:
 *   without a state folder   for trying things and for tests: its state is gone with it
 *   with one                 the state outlives it, and node_chain_step brings it back when it dies
 *
 * A state folder holds state.json (Anvil's own, every two seconds and at its end), kept.json (the
 * last whole copy of it, since Anvil does not write at once), port, lock, and anvil.log. Killed,
 * Anvil loses the blocks of its last seconds: to the node that is a reorganisation.
 */
#ifndef GALEN_NODE_EMBEDDED_CHAIN_H
#define GALEN_NODE_EMBEDDED_CHAIN_H

#include "base/base.h"

struct node_chain;

/* Starts Anvil (hard fork prague) and waits until it answers, 20 s at most. Its output goes to
 * log_path (mode 0600). state_dir (NULL: none) is made when it is not there. The port is the one
 * of the folder's last chain, or another when that is taken. The program is the environment's
 * GALEN_ANVIL, else the one that was installed at build time, else `anvil` in PATH.
 * NOT_FOUND: none of them; STATE: another process uses the folder; NETWORK: it does not come up,
 * with the log's place in the hint; CHECK: no copy of the state is whole.
 * The chain ends with the thread that started it: let that be one that lives as long. */
GALEN_MUST_CHECK enum galen_err node_chain_start(struct node_chain **out, const char *log_path,
                                                 const char *state_dir, struct galen_errinfo *info);
/* The same for a home, in its folder chain/. CONFIG when config.json names another chain. When the
 * port is not the one that config.json has, config.json is written anew, so that the command line
 * finds the chain too. */
GALEN_MUST_CHECK enum galen_err node_chain_start_home(struct node_chain **out, const char *home,
                                                      struct galen_errinfo *info);
/* http://127.0.0.1:PORT; borrowed; the same until node_chain_stop, in any thread. */
const char *node_chain_url(const struct node_chain *chain);

/* Supervision: to be called about every second, always by the thread that started the chain. Sees
 * whether Anvil lives and answers, keeps a copy of its state, starts it again when it died (after
 * 0.25 s, then twice as long each time, 30 s at most) or kills it when it has been silent for 15 s.
 * Waits for nothing but one answer (5 s). What happens is logged. Returns whether it is up. */
bool node_chain_step(struct node_chain *chain);
/* How often it was started again; in any thread. */
unsigned node_chain_restarts(const struct node_chain *chain);
/* NULL inside is fine. Waits for Anvil to write its state and end, 10 s at most; then kills it. */
void node_chain_stop(struct node_chain **chain);

#endif
