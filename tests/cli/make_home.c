/* Makes what opens quickly, with the least Argon2id cost, so that tests that run a hundred commands
 * do not spend their time there. What `galen` itself makes is tested on its own.
 *   make-home HOME PASSWORD STORE RPC    a home ("" for no store, no endpoint)
 *   make-home KEYS PASSWORD              an empty key folder of galen groupsig */
#include <stdio.h>
#include <string.h>

#include "seal/seal.h"
#include "workflow/workflow.h"

static enum galen_err make_home(char **argv, struct galen_errinfo *info)
{
    const struct workflow_options options = {
        .home = argv[1],
        .password = argv[2],
        .rpc = argv[4][0] != '\0' ? argv[4] : NULL,
        .quick_kdf = true,
    };
    return workflow_home_create(&options, argv[3][0] != '\0' ? argv[3] : NULL, info);
}

static enum galen_err make_keys(char **argv, struct galen_errinfo *info)
{
    SEAL_KEYSTORE_AUTO keys = NULL;
    const struct base_view password = {(const uint8_t *)argv[2], strlen(argv[2])};
    return seal_keystore_create(&keys, argv[1], password, SEAL_KDF_MINIMAL, info);
}

int main(int argc, char **argv)
{
    struct galen_errinfo info = {0};
    if (argc != 3 && argc != 5)
        return 2;
    enum galen_err err = base_init(&info);
    if (err == GALEN_OK)
        err = argc == 5 ? make_home(argv, &info) : make_keys(argv, &info);
    if (err != GALEN_OK)
        fprintf(stderr, "make-home: %s\n", info.what);
    return err == GALEN_OK ? 0 : 1;
}
