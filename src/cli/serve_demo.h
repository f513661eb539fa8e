/* What galen serve --demo serves. */
#ifndef GALEN_CLI_SERVE_DEMO_H
#define GALEN_CLI_SERVE_DEMO_H

#include <stdio.h>

#include "cli/cli.h"

/* Every identity's, and the home's. */
#define SERVE_DEMO_PASSWORD "galen-demo"

/* Makes the demo's home unless it is there; takes some seconds. EXISTS: the folder is something
 * else's. */
GALEN_MUST_CHECK enum galen_err serve_demo_home(const char *home, struct galen_errinfo *info);
/* Who can sign in, for people. */
void serve_demo_people(FILE *out);

#endif
