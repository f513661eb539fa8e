/*
 * node: what runs beside a home. For now the embedded chain: Anvil, started on a free loopback port
 * and ended with the process that started it. A chain for trying things and for tests; its state
 * is gone with it.
 */
#ifndef GALEN_NODE_EMBEDDED_CHAIN_H
#define GALEN_NODE_EMBEDDED_CHAIN_H

#include "base/base.h"

struct node_chain;

/* Starts Anvil (hard fork prague) and waits until it answers, 20 s at most. Its output goes to
 * log_path (mode 0600). The program is the environment's GALEN_ANVIL, else the one that was
 * installed at build time, else `anvil` in PATH. NOT_FOUND: none of them; NETWORK: it does not come
 * up, with the log's place in the hint. */
GALEN_MUST_CHECK enum galen_err node_chain_start(struct node_chain **out, const char *log_path,
                                                 struct galen_errinfo *info);
/* http://127.0.0.1:PORT; borrowed. */
const char *node_chain_url(const struct node_chain *chain);
void node_chain_stop(struct node_chain **chain); /* NULL inside is fine; waits for its end */

#endif
