/* Makes a home with the least Argon2id cost, so that tests that run a hundred commands do not spend
 * their time there: make-home HOME PASSWORD STORE RPC ("" for none of the last two). What `galen
 * init` itself does is tested on its own. */
#include <stdio.h>

#include "workflow/workflow.h"

int main(int argc, char **argv)
{
    struct galen_errinfo info = {0};
    if (argc != 5)
        return 2;
    const struct workflow_options options = {
        .home = argv[1],
        .password = argv[2],
        .rpc = argv[4][0] != '\0' ? argv[4] : NULL,
        .quick_kdf = true,
    };
    if (base_init(&info) == GALEN_OK &&
        workflow_home_create(&options, argv[3][0] != '\0' ? argv[3] : NULL, &info) == GALEN_OK)
        return 0;
    fprintf(stderr, "make-home: %s\n", info.what);
    return 1;
}
