/* A home's config.json: where its chain, contract and store are. */
#ifndef GALEN_WORKFLOW_CONFIG_H
#define GALEN_WORKFLOW_CONFIG_H

#include <limits.h>

#include "chain/chain.h"
#include "workflow/post_config.h"

#define CONFIG_GATEWAYS_MAX 16
/* Fewest patients alike of which a hospital sells records. */
#define CONFIG_K_DEFAULT    11
#define CONFIG_K_MIN        2
#define CONFIG_K_MAX        10000
#define CONFIG_RPC_MORE_MAX (CHAIN_RPC_ENDPOINTS - 1)

/* As read: texts are owned. */
struct config {
    char *rpc; /* the first endpoint */
    char *rpc_more[CONFIG_RPC_MORE_MAX];
    size_t n_rpc_more;
    int64_t confirmations; /* 0 unless given */
    int64_t start_block;   /* -1: none given */
    int64_t k_anonymity;   /* as read: CONFIG_K_DEFAULT unless given */
    bool votes_by_itself;  /* managers: dispute_votes is automatic */
    char *store;
    char *ipfs;
    char *gateways[CONFIG_GATEWAYS_MAX];
    size_t n_gateways;
    bool has_contract;
    struct chain_domain domain;
    uint8_t code_hash[32];
    int64_t wallet_accounts, wallet_accounts_hourly;
    char *explorer_url; /* no slash at its end */
    struct post_config post;
};
void config_clear(struct config *config);
#define CONFIG_AUTO GALEN_CLEANUP(config_clear) struct config

/* A copy in place of the former text; text NULL: none. */
GALEN_MUST_CHECK enum galen_err config_copy_text(char **out, const char *text,
                                                 struct galen_errinfo *info);
/* Another endpoint in place of all; the same as the first one leaves them as they are. */
GALEN_MUST_CHECK enum galen_err config_set_rpc(struct config *config, const char *url,
                                               struct galen_errinfo *info);
/* A file of a home. USAGE when the path is too long. */
GALEN_MUST_CHECK enum galen_err config_path(char out[PATH_MAX], const char *home, const char *name,
                                            struct galen_errinfo *info);
/* CONFIG when there is no home, or config.json is not as it must be. */
GALEN_MUST_CHECK enum galen_err config_read(struct config *config, const char *home,
                                            struct galen_errinfo *info);
GALEN_MUST_CHECK enum galen_err config_write(const struct config *config, const char *home,
                                             struct galen_errinfo *info);

#endif
