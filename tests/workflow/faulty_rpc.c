/* Endpoints that fail as they are told. */
#include "faulty_rpc.h"
#include "workflow/config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void faulty_be(const struct faulty_rpc *rpc, const char *how)
{
    OK(base_file_write(rpc->file, how, strlen(how), 0600, INFO)); /* as a whole, or not */
}

void faulty_start(struct faulty_rpc *rpc, struct fixture *fx, const char *name)
{
    int in[2], out[2];
    char script[512], line[16] = "";
    const char *root = getenv("GALEN_SOURCE_ROOT");
    snprintf(script, sizeof script, "%s/tests/workflow/faulty_rpc.mjs", root != NULL ? root : ".");
    snprintf(rpc->file, sizeof rpc->file, "%s/%s", fx->dir, name);
    faulty_be(rpc, "good");
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    rpc->pid = fork();
    assert_true(rpc->pid >= 0);
    if (rpc->pid == 0) {
        close(in[1]);
        close(out[0]);
        if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0)
            execlp("node", "node", script, node_chain_url(fx->chain), rpc->file, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    rpc->stdin_fd = in[1];
    FILE *said = fdopen(out[0], "r");
    assert_non_null(said);
    assert_non_null(fgets(line, sizeof line, said));
    fclose(said);
    snprintf(rpc->url, sizeof rpc->url, "http://127.0.0.1:%d", atoi(line));
}

void faulty_stop(struct faulty_rpc *rpc)
{
    close(rpc->stdin_fd);
    kill(rpc->pid, SIGTERM);
    waitpid(rpc->pid, NULL, 0);
}

void faulty_reopen(struct fixture *fx, enum fixture_home which, const struct faulty_rpc *const *rpc,
                   size_t n, int64_t confirmations, int64_t start_block)
{
    CONFIG_AUTO config = {0};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", fx->home[which]->home);
    OK(config_read(&config, path, INFO));
    for (size_t i = 0; i < config.n_rpc_more; i++)
        OK(config_copy_text(&config.rpc_more[i], NULL, INFO));
    if (n > 0) {
        config.n_rpc_more = n - 1;
        for (size_t i = 0; i < n; i++)
            OK(config_copy_text(i == 0 ? &config.rpc : &config.rpc_more[i - 1], rpc[i]->url, INFO));
    }
    config.confirmations = confirmations;
    config.start_block = start_block;
    OK(config_write(&config, path, INFO));
    workflow_close(&fx->home[which]);
    const struct workflow_options options = {
        .home = path, .password = FIXTURE_PASSWORD, .quick_kdf = true};
    OK(workflow_open(&fx->home[which], &options, INFO));
}
