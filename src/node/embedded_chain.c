/* Anvil as a child process. */
#include "node/embedded_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chain/chain.h"
#include "config.h"

#define READY_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS  5000
#define LOG_MAX_BYTES    ((size_t)64 << 20)

struct node_chain {
    pid_t pid;
    char url[48];
};

static const char *anvil_program(void)
{
    const char *chosen = getenv("GALEN_ANVIL");
    if (chosen != NULL && chosen[0] != '\0')
        return chosen;
    return access(GALEN_BUILT_ANVIL, X_OK) == 0 ? GALEN_BUILT_ANVIL : "anvil";
}

/* The child: only async-signal-safe calls between fork and exec. */
static _Noreturn void run_child(const char *program, int log_fd, pid_t parent)
{
    int null_fd = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
        dup2(log_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0)
        execlp(program, program, "--host", "127.0.0.1", "--port", "0", "--hardfork", "prague",
               "--prune-history", "--accounts", "1", (char *)NULL);
    _exit(127);
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* Anvil takes a free port itself and says which: two that start at once cannot meet on one. */
static bool read_url(char url[48], const char *log_path, size_t from)
{
    static const char said[] = "Listening on 127.0.0.1:";
    BASE_BUF_AUTO log = {0};
    unsigned port = 0;
    if (base_file_read(&log, log_path, LOG_MAX_BYTES, NULL) != GALEN_OK || log.len < from)
        return false;
    const char *line = strstr((const char *)log.data + from, said);
    if (line == NULL || strchr(line, '\n') == NULL ||
        sscanf(line + sizeof said - 1, "%5u", &port) != 1)
        return false;
    snprintf(url, 48, "http://127.0.0.1:%u", port);
    return true;
}

static enum galen_err wait_ready(struct node_chain *chain, const char *program,
                                 const char *log_path, size_t log_from, struct galen_errinfo *info)
{
    CHAIN_RPC_AUTO rpc = NULL;
    int64_t give_up = base_monotonic_ms() + READY_TIMEOUT_MS;
    while (base_monotonic_ms() < give_up) {
        uint64_t chain_id = 0;
        int status = 0;
        if (rpc == NULL && read_url(chain->url, log_path, log_from))
            GALEN_TRY(chain_rpc_new(&rpc, chain->url, NULL, info));
        if (rpc != NULL && chain_rpc_chain_id(rpc, &chain_id, NULL) == GALEN_OK)
            return GALEN_OK;
        if (waitpid(chain->pid, &status, WNOHANG) == chain->pid) {
            chain->pid = 0;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
                break;
            base_fail(info, GALEN_ERR_NOT_FOUND, "cannot run %s", program);
            (void)base_hint(info, "install it with 'make setup', or name it in GALEN_ANVIL");
            return GALEN_ERR_NOT_FOUND;
        }
        sleep_ms(20);
    }
    base_fail(info, GALEN_ERR_NETWORK, "the embedded chain did not come up");
    (void)base_hint(info, "its output is in %s", log_path);
    return GALEN_ERR_NETWORK;
}

enum galen_err node_chain_start(struct node_chain **out, const char *log_path,
                                struct galen_errinfo *info)
{
    GALEN_CLEANUP(node_chain_stop) struct node_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", log_path, strerror(errno));
    const char *program = anvil_program();
    off_t log_from = lseek(log_fd, 0, SEEK_END);
    pid_t parent = getpid();
    chain->pid = fork();
    if (chain->pid == 0)
        run_child(program, log_fd, parent);
    close(log_fd);
    if (chain->pid < 0) {
        chain->pid = 0;
        return base_fail(info, GALEN_ERR_IO, "cannot start a process: %s", strerror(errno));
    }
    GALEN_TRY(wait_ready(chain, program, log_path, log_from > 0 ? (size_t)log_from : 0, info));
    *out = chain;
    chain = NULL;
    return GALEN_OK;
}

const char *node_chain_url(const struct node_chain *chain)
{
    return chain->url;
}

void node_chain_stop(struct node_chain **chain)
{
    if (*chain == NULL)
        return;
    if ((*chain)->pid > 0) {
        kill((*chain)->pid, SIGTERM);
        int64_t give_up = base_monotonic_ms() + STOP_TIMEOUT_MS;
        while (waitpid((*chain)->pid, NULL, WNOHANG) == 0) {
            if (base_monotonic_ms() > give_up)
                kill((*chain)->pid, SIGKILL);
            sleep_ms(10);
        }
    }
    free(*chain);
    *chain = NULL;
}
