/* The embedded chain of a home. */
#include <string.h>

#include "node/chain_state.h"
#include "node/embedded_chain.h"
#include "workflow/config.h"

enum galen_err node_chain_start_home(struct node_chain **out, const char *home,
                                     struct galen_errinfo *info)
{
    char dir[PATH_MAX];
    char log_path[PATH_MAX];
    CONFIG_AUTO config = {0};
    GALEN_TRY(config_read(&config, home, info));
    GALEN_TRY(config_path(dir, home, "chain", info));
    GALEN_TRY(config_path(log_path, home, "chain/anvil.log", info));
    if (config.rpc != NULL && !node_state_is_of(dir, config.rpc)) {
        base_fail(info, GALEN_ERR_CONFIG, "this home has a chain: \"rpc\" in %s/config.json", home);
        (void)base_hint(info, "leave --embedded-chain out, or use another home");
        return GALEN_ERR_CONFIG;
    }
    GALEN_TRY(base_dir_make(dir, 0700, info));
    GALEN_CLEANUP(node_chain_stop) struct node_chain *chain = NULL;
    GALEN_TRY(node_chain_start(&chain, log_path, dir, info));
    if (config.rpc == NULL || strcmp(config.rpc, node_chain_url(chain)) != 0) {
        GALEN_TRY(config_copy_text(&config.rpc, node_chain_url(chain), info));
        GALEN_TRY(config_write(&config, home, info));
    }
    *out = chain;
    chain = NULL;
    return GALEN_OK;
}
