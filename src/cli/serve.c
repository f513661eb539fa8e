/* galen serve. */
#include "cli/cli.h"
#include "cli/serve_demo.h"
#include "node/node.h"

#include <string.h>

static void announce(void *user, const char *url)
{
    const struct cli *cli = user;
    if (cli->json)
        printf("{\"url\":\"%s\"}\n", url);
    else
        printf("galen: serving %s at %s\n", cli->home, url);
    if (!cli->json && cli_option(cli, "demo") != NULL)
        serve_demo_people(stdout);
    fflush(stdout);
}

enum galen_err cli_serve(struct cli *cli, struct json_object **result, bool *passed,
                         struct galen_errinfo *info)
{
    BASE_BUF_AUTO password = {0};
    const char *names[CLI_MAX_REPEATS];
    const char *listen_on = cli_option(cli, "listen");
    const bool is_demo = cli_option(cli, "demo") != NULL;
    if (is_demo) {
        GALEN_TRY(serve_demo_home(cli->home, info));
        GALEN_TRY(base_buf_append_text(&password, SERVE_DEMO_PASSWORD));
    } else {
        GALEN_TRY(cli_home_password(cli, &password, info));
    }
    const struct workflow_options home = {.home = cli->home,
                                          .password = (const char *)password.data,
                                          .rpc = cli->rpc,
                                          .ipfs = cli->ipfs};
    struct node_options options = {
        .home = &home,
        .listen = listen_on != NULL ? listen_on : NODE_DEFAULT_LISTEN,
        .tls_certificate = cli_option(cli, "tls-certificate"),
        .tls_key = cli_option(cli, "tls-key"),
        .names = names,
        .n_names = cli_options(cli, "name", names),
        .embedded_chain = is_demo || cli_option(cli, "embedded-chain") != NULL,
        .ready = announce,
        .user = cli,
    };
    if (!cli->verbose)
        base_log_set_level(BASE_LOG_INFO);
    return node_run(&options, info);
}
