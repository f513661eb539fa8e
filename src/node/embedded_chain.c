/* Anvil as a child process: started, watched, started again, stopped. */
#include "node/embedded_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chain/chain.h"
#include "config.h"
#include "node/chain_state.h"

#define READY_TIMEOUT_MS  20000
#define STOP_TIMEOUT_MS   10000
#define SILENT_MAX_MS     15000
#define ANSWER_TIMEOUT_MS 5000
#define DELAY_FIRST_MS    250
#define DELAY_MAX_MS      30000
#define STEADY_MS         60000 /* up so long: the next death is a first one again */
#define KEEP_EVERY_MS     5000
#define LOG_MAX_BYTES     ((size_t)64 << 20)
#define LOG_CUT_BYTES     (16 << 20)
#define STATE_INTERVAL    "2"

struct node_chain {
    enum { CHAIN_DOWN, CHAIN_STARTING, CHAIN_UP } phase;
    pid_t pid; /* 0: no child */
    unsigned port;
    char url[48];
    char log_path[PATH_MAX];
    struct node_state *state; /* NULL: nothing is kept */
    struct chain_rpc *rpc;
    size_t log_from; /* where this start's output begins */
    int64_t since_ms, answered_ms, retry_ms, kept_ms;
    int64_t delay_ms;
    uint64_t kept_block;
    _Atomic unsigned restarts;
};

static const char *anvil_program(void)
{
    const char *chosen = getenv("GALEN_ANVIL");
    if (chosen != NULL && chosen[0] != '\0')
        return chosen;
    return access(GALEN_BUILT_ANVIL, X_OK) == 0 ? GALEN_BUILT_ANVIL : "anvil";
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- the child ---------------------------------------------------------------------------------- */

/* Only async-signal-safe calls between fork and exec. In a process group of its own: at a terminal
 * Ctrl-C is for the node, which then ends the chain. */
static _Noreturn void run_child(const char *const argv[], int log_fd, int lock_fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    umask(077);
    int null_fd = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* It holds the lock as long as it lives, so longer than a parent that was killed. */
    if (lock_fd >= 0)
        fcntl(lock_fd, F_SETFD, 0);
    if (getppid() == parent && null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
        dup2(log_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0)
        execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static enum galen_err launch(struct node_chain *chain, unsigned port, struct galen_errinfo *info)
{
    int log_fd = open(chain->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", chain->log_path,
                         strerror(errno));
    char port_text[16];
    snprintf(port_text, sizeof port_text, "%u", port);
    const char *argv[24] = {anvil_program(), "--host", "127.0.0.1",  "--port", port_text,
                            "--hardfork",    "prague", "--accounts", "1",      "--prune-history"};
    if (chain->state != NULL) {
        argv[10] = "--state";
        argv[11] = node_state_path(chain->state);
        argv[12] = "--state-interval";
        argv[13] = STATE_INTERVAL;
    }
    off_t end = lseek(log_fd, 0, SEEK_END);
    chain->log_from = end > 0 ? (size_t)end : 0;
    int lock_fd = chain->state != NULL ? node_state_lock(chain->state) : -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        run_child(argv, log_fd, lock_fd, parent);
    int why = errno;
    close(log_fd);
    if (pid < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot start a process: %s", strerror(why));
    chain->pid = pid;
    chain->phase = CHAIN_STARTING;
    chain->since_ms = base_monotonic_ms();
    return GALEN_OK;
}

/* SIGTERM, so that the state is written; SIGKILL when that takes too long. */
static void end_child(struct node_chain *chain, int64_t patience_ms)
{
    if (chain->pid > 0) {
        kill(chain->pid, SIGTERM);
        int64_t give_up = base_monotonic_ms() + patience_ms;
        while (waitpid(chain->pid, NULL, WNOHANG) == 0) {
            if (base_monotonic_ms() > give_up)
                kill(chain->pid, SIGKILL);
            sleep_ms(10);
        }
    }
    chain->pid = 0;
    chain->phase = CHAIN_DOWN;
}

/* What Anvil says of its port: who answers there is then our child, and no stranger. */
static unsigned read_port(const struct node_chain *chain)
{
    static const char said[] = "Listening on 127.0.0.1:";
    BASE_BUF_AUTO log = {0};
    unsigned port = 0;
    if (base_file_read(&log, chain->log_path, LOG_MAX_BYTES, NULL) != GALEN_OK ||
        log.len < chain->log_from)
        return 0;
    const char *line = strstr((const char *)log.data + chain->log_from, said);
    if (line == NULL || strchr(line, '\n') == NULL ||
        sscanf(line + sizeof said - 1, "%5u", &port) != 1)
        return 0;
    return port;
}

/* *ended: it did, with that wait status. */
static bool look(struct node_chain *chain, bool *ended, int *status)
{
    *ended = chain->pid > 0 && waitpid(chain->pid, status, WNOHANG) == chain->pid;
    if (*ended) {
        chain->pid = 0;
        chain->phase = CHAIN_DOWN;
        return false;
    }
    if (chain->rpc == NULL) {
        unsigned port = read_port(chain);
        const struct chain_rpc_options options = {.timeout_ms = ANSWER_TIMEOUT_MS};
        char url[sizeof chain->url];
        snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
        if (port == 0 || chain_rpc_new(&chain->rpc, url, &options, NULL) != GALEN_OK)
            return false;
        chain->port = port;
        snprintf(chain->url, sizeof chain->url, "%s", url);
    }
    uint64_t chain_id = 0;
    bool listens = chain->phase == CHAIN_UP || read_port(chain) == chain->port;
    if (!listens || chain_rpc_chain_id(chain->rpc, &chain_id, NULL) != GALEN_OK)
        return false;
    chain->answered_ms = base_monotonic_ms();
    if (chain->phase != CHAIN_UP)
        chain->since_ms = chain->answered_ms;
    chain->phase = CHAIN_UP;
    return true;
}

/* ---- start -------------------------------------------------------------------------------------- */

static enum galen_err not_up(struct node_chain *chain, bool ended, int status,
                             struct galen_errinfo *info)
{
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        base_fail(info, GALEN_ERR_NOT_FOUND, "cannot run %s", anvil_program());
        (void)base_hint(info, "install it with 'make setup', or name it in GALEN_ANVIL");
        return GALEN_ERR_NOT_FOUND;
    }
    base_fail(info, GALEN_ERR_NETWORK, "the embedded chain did not come up");
    (void)base_hint(info, "its output is in %s", chain->log_path);
    return GALEN_ERR_NETWORK;
}

static enum galen_err first_start(struct node_chain *chain, unsigned port,
                                  struct galen_errinfo *info)
{
    GALEN_TRY(launch(chain, port, info));
    int64_t give_up = base_monotonic_ms() + READY_TIMEOUT_MS;
    bool ended = false;
    int status = 0;
    while (!look(chain, &ended, &status)) {
        if (ended || base_monotonic_ms() > give_up) {
            end_child(chain, 0);
            return not_up(chain, ended, status, info);
        }
        sleep_ms(20);
    }
    return GALEN_OK;
}

static enum galen_err start_with_state(struct node_chain *chain, struct galen_errinfo *info)
{
    GALEN_TRY(node_state_repair(chain->state, info));
    unsigned port = node_state_port(chain->state);
    enum galen_err err = GALEN_ERR_NETWORK;
    if (port != 0 && node_state_port_is_free(port))
        err = first_start(chain, port, info);
    if (err == GALEN_ERR_NETWORK) /* none yet, or somebody was faster */
        err = first_start(chain, 0, info);
    GALEN_TRY(err);
    return node_state_set_port(chain->state, chain->port, info);
}

enum galen_err node_chain_start(struct node_chain **out, const char *log_path,
                                const char *state_dir, struct galen_errinfo *info)
{
    GALEN_CLEANUP(node_chain_stop) struct node_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if ((size_t)snprintf(chain->log_path, PATH_MAX, "%s", log_path) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    chain->delay_ms = DELAY_FIRST_MS;
    if (state_dir == NULL) {
        GALEN_TRY(first_start(chain, 0, info));
    } else {
        GALEN_TRY(node_state_open(&chain->state, state_dir, STOP_TIMEOUT_MS, info));
        GALEN_TRY(start_with_state(chain, info));
    }
    *out = chain;
    chain = NULL;
    return GALEN_OK;
}

const char *node_chain_url(const struct node_chain *chain)
{
    return chain->url;
}

/* ---- supervision -------------------------------------------------------------------------------- */

static void plan_restart(struct node_chain *chain, const char *why)
{
    int64_t now = base_monotonic_ms();
    if (chain->phase == CHAIN_UP && now - chain->since_ms > STEADY_MS)
        chain->delay_ms = DELAY_FIRST_MS;
    end_child(chain, STOP_TIMEOUT_MS);
    chain->retry_ms = base_monotonic_ms() + chain->delay_ms;
    char delay[24];
    snprintf(delay, sizeof delay, "%lld", (long long)chain->delay_ms);
    base_log_fields(BASE_LOG_WARN, "the embedded chain is to be started again", "why", why, "in_ms",
                    delay, NULL);
    chain->delay_ms *= 2;
    if (chain->delay_ms > DELAY_MAX_MS)
        chain->delay_ms = DELAY_MAX_MS;
}

static void restart(struct node_chain *chain)
{
    struct galen_errinfo info = {0};
    enum galen_err err = GALEN_OK;
    if (chain->state != NULL)
        err = node_state_repair(chain->state, &info);
    if (err == GALEN_OK)
        err = launch(chain, chain->port, &info);
    if (err == GALEN_OK)
        atomic_fetch_add(&chain->restarts, 1);
    else
        plan_restart(chain, info.what);
}

/* Once there are new blocks, and not all the time: the copy costs as much as the state is large. */
static void keep_state(struct node_chain *chain)
{
    uint64_t block = 0;
    int64_t now = base_monotonic_ms();
    if (chain->state == NULL || now - chain->kept_ms < KEEP_EVERY_MS ||
        chain_rpc_block_number(chain->rpc, &block, NULL) != GALEN_OK ||
        (chain->kept_ms != 0 && block == chain->kept_block))
        return;
    /* Not whole: Anvil is writing it just now; the next step looks again. */
    if (node_state_keep(chain->state)) {
        chain->kept_block = block;
        chain->kept_ms = now;
    }
}

/* Anvil says every call. Its descriptor appends, so it goes on at the new end. */
static void cut_log(struct node_chain *chain)
{
    struct stat st;
    if (stat(chain->log_path, &st) == 0 && st.st_size > LOG_CUT_BYTES &&
        truncate(chain->log_path, 0) == 0)
        chain->log_from = 0;
}

bool node_chain_step(struct node_chain *chain)
{
    int64_t now = base_monotonic_ms();
    if (chain->phase == CHAIN_DOWN) {
        if (now >= chain->retry_ms)
            restart(chain);
        return false;
    }
    bool was_up = chain->phase == CHAIN_UP;
    bool ended = false;
    int status = 0;
    if (look(chain, &ended, &status)) {
        if (!was_up)
            base_log(BASE_LOG_INFO, "the embedded chain is up again");
        keep_state(chain);
        cut_log(chain);
        return true;
    }
    if (ended) {
        char why[64];
        snprintf(why, sizeof why, WIFSIGNALED(status) ? "ended by signal %d" : "ended (exit %d)",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        chain->phase = was_up ? CHAIN_UP : CHAIN_DOWN;
        plan_restart(chain, why);
    } else if (now - (was_up ? chain->answered_ms : chain->since_ms) >
               (was_up ? SILENT_MAX_MS : READY_TIMEOUT_MS)) {
        plan_restart(chain, "does not answer");
    }
    return false;
}

unsigned node_chain_restarts(const struct node_chain *chain)
{
    return atomic_load(&chain->restarts);
}

void node_chain_stop(struct node_chain **chain)
{
    if (*chain == NULL)
        return;
    end_child(*chain, STOP_TIMEOUT_MS);
    chain_rpc_free((*chain)->rpc);
    node_state_close(&(*chain)->state);
    free(*chain);
    *chain = NULL;
}
