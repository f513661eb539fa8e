/* The embedded chain with a real Anvil: state kept through stops, deaths and a killed node. */
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "chain/chain.h"
#include "node/embedded_chain.h"
#include "workflow/config.h"
#include "workflow/workflow.h"

#define WAIT_MS 60000
#define ACCOUNT "0x1111111111111111111111111111111111111111"
#define CODE    "0x60aa60bb60cc60dd"

struct fixture {
    char dir[256];
    char state[300];
    char log[340];
    struct node_chain *chain;
};

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* Waits for a condition; the test fails when it never comes. */
#define WAIT_FOR(condition)                                                                        \
    do {                                                                                           \
        int64_t give_up_ = base_monotonic_ms() + WAIT_MS;                                          \
        while (!(condition)) {                                                                     \
            if (base_monotonic_ms() > give_up_)                                                    \
                fail_msg("waited in vain: %s", #condition);                                        \
            sleep_ms(20);                                                                          \
        }                                                                                          \
    } while (0)

static int set_up(void **state)
{
    static struct fixture fx;
    fx.chain = NULL;
    test_dir_make(fx.dir);
    snprintf(fx.state, sizeof fx.state, "%s/chain", fx.dir);
    snprintf(fx.log, sizeof fx.log, "%s/anvil.log", fx.dir);
    *state = &fx;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fx = *state;
    unsetenv("GALEN_ANVIL");
    node_chain_stop(&fx->chain);
    test_dir_remove(fx->dir);
    return 0;
}

static void start(struct fixture *fx)
{
    struct galen_errinfo info = {0};
    assert_done(node_chain_start(&fx->chain, fx->log, fx->state, &info));
}

/* The process whose parent is this one and that is Anvil; 0 when there is none. */
static pid_t anvil_of(pid_t parent)
{
    DIR *proc = opendir("/proc");
    pid_t found = 0;
    assert_non_null(proc);
    for (const struct dirent *entry; found == 0 && (entry = readdir(proc)) != NULL;) {
        char path[300];
        int pid = 0;
        int its_parent = 0;
        char name[64] = "";
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *stat_file = fopen(path, "r");
        if (stat_file == NULL)
            continue;
        if (fscanf(stat_file, "%d (%63[^)]) %*c %d", &pid, name, &its_parent) == 3 &&
            its_parent == parent && strcmp(name, "anvil") == 0)
            found = pid;
        fclose(stat_file);
    }
    closedir(proc);
    return found;
}

/* Gone, or only waited for by nobody. */
static bool has_ended(pid_t pid)
{
    char path[64];
    char phase = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat_file = fopen(path, "r");
    if (stat_file == NULL)
        return true;
    bool known = fscanf(stat_file, "%*d (%*[^)]) %c", &phase) == 1;
    fclose(stat_file);
    return known && phase == 'Z';
}

static void ask(const struct node_chain *chain, const char *method, const char *params)
{
    struct galen_errinfo info = {0};
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO answer = {0};
    assert_done(chain_rpc_new(&rpc, node_chain_url(chain), NULL, &info));
    assert_done(chain_rpc_request(rpc, &answer, method, params, &info));
}

static void change_state(const struct node_chain *chain)
{
    ask(chain, "anvil_setBalance", "[\"" ACCOUNT "\",\"0x1234\"]");
    ask(chain, "anvil_setCode", "[\"" ACCOUNT "\",\"" CODE "\"]");
    ask(chain, "evm_mine", "[]");
}

static bool state_is_there(const struct node_chain *chain)
{
    CHAIN_RPC_AUTO rpc = NULL;
    BASE_BUF_AUTO code = {0};
    struct chain_address account;
    struct chain_u256 balance;
    struct galen_errinfo info = {0};
    assert_done(chain_rpc_new(&rpc, node_chain_url(chain), NULL, &info));
    assert_done(chain_address_parse(&account, ACCOUNT, &info));
    assert_done(chain_rpc_balance(rpc, &balance, &account, &info));
    assert_done(chain_rpc_code(rpc, &code, &account, CHAIN_BLOCK_LATEST, &info));
    return balance.be[30] == 0x12 && balance.be[31] == 0x34 && code.len == 8;
}

static bool file_holds(const struct fixture *fx, const char *name, const char *text)
{
    char path[400];
    BASE_BUF_AUTO bytes = {0};
    snprintf(path, sizeof path, "%s/%s", fx->state, name);
    return base_file_read(&bytes, path, 1 << 24, NULL) == GALEN_OK && bytes.len > 0 &&
           strstr((const char *)bytes.data, text) != NULL;
}

static void state_outlives_a_stop(void **state)
{
    struct fixture *fx = *state;
    char url[64];
    start(fx);
    snprintf(url, sizeof url, "%s", node_chain_url(fx->chain));
    change_state(fx->chain);
    node_chain_stop(&fx->chain);
    assert_int_equal(anvil_of(getpid()), 0);
    start(fx);
    assert_string_equal(node_chain_url(fx->chain), url);
    assert_true(state_is_there(fx->chain));
}

static void signals_blocked_here_reach_it(void **state)
{
    struct fixture *fx = *state;
    sigset_t mask;
    sigset_t was;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &was), 0);
    start(fx);
    change_state(fx->chain);
    node_chain_stop(&fx->chain); /* by SIGTERM: a killed one would not have written its state */
    assert_int_equal(sigprocmask(SIG_SETMASK, &was, NULL), 0);
    assert_true(file_holds(fx, "state.json", ACCOUNT));
    start(fx);
    assert_true(state_is_there(fx->chain));
}

static void a_killed_chain_comes_back(void **state)
{
    struct fixture *fx = *state;
    char url[64];
    start(fx);
    snprintf(url, sizeof url, "%s", node_chain_url(fx->chain));
    assert_true(node_chain_step(fx->chain));
    for (unsigned times = 1; times <= 2; times++) {
        change_state(fx->chain);
        WAIT_FOR(file_holds(fx, "state.json", ACCOUNT));
        pid_t before = anvil_of(getpid());
        assert_int_equal(kill(before, SIGKILL), 0);
        WAIT_FOR(!node_chain_step(fx->chain));
        WAIT_FOR(node_chain_step(fx->chain));
        assert_int_equal(node_chain_restarts(fx->chain), times);
        assert_int_not_equal(anvil_of(getpid()), before);
        assert_string_equal(node_chain_url(fx->chain), url);
        assert_true(state_is_there(fx->chain));
    }
}

static void a_silent_chain_is_seen(void **state)
{
    struct fixture *fx = *state;
    start(fx);
    assert_int_equal(kill(anvil_of(getpid()), SIGSTOP), 0);
    WAIT_FOR(!node_chain_step(fx->chain));
    assert_int_equal(kill(anvil_of(getpid()), SIGCONT), 0);
    WAIT_FOR(node_chain_step(fx->chain));
    assert_int_equal(node_chain_restarts(fx->chain), 0); /* 15 s have not passed */
}

static void a_state_that_was_cut_off_is_replaced(void **state)
{
    struct fixture *fx = *state;
    char path[400];
    struct stat st;
    struct galen_errinfo info = {0};
    start(fx);
    change_state(fx->chain);
    WAIT_FOR(file_holds(fx, "state.json", ACCOUNT));
    WAIT_FOR(node_chain_step(fx->chain) && file_holds(fx, "kept.json", ACCOUNT));
    node_chain_stop(&fx->chain);
    snprintf(path, sizeof path, "%s/state.json", fx->state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
    start(fx);
    assert_true(state_is_there(fx->chain));
    node_chain_stop(&fx->chain);

    assert_int_equal(truncate(path, 10), 0);
    snprintf(path, sizeof path, "%s/kept.json", fx->state);
    assert_int_equal(truncate(path, 10), 0);
    assert_fails(GALEN_ERR_CHECK, node_chain_start(&fx->chain, fx->log, fx->state, &info));
    assert_non_null(strstr(info.hint, "backup"));
}

static void two_at_once_are_refused(void **state)
{
    struct fixture *fx = *state;
    struct node_chain *second = NULL;
    struct galen_errinfo info = {0};
    start(fx);
    assert_fails(GALEN_ERR_STATE, node_chain_start(&second, fx->log, fx->state, &info));
    assert_null(second);
    assert_non_null(strstr(info.what, fx->state));
    assert_true(node_chain_step(fx->chain)); /* unharmed */
}

/* A node that is killed -9: Anvil goes too, with its state, and the next node gets the folder. */
static void a_killed_node_leaves_no_orphan(void **state)
{
    struct fixture *fx = *state;
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t node = fork();
    if (node == 0) {
        struct node_chain *chain = NULL;
        if (node_chain_start(&chain, fx->log, fx->state, NULL) == GALEN_OK) {
            change_state(chain);
            (void)!write(ready[1], "x", 1);
        }
        pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    pid_t anvil = anvil_of(node);
    assert_int_not_equal(anvil, 0);
    assert_int_equal(kill(node, SIGKILL), 0);
    assert_int_equal(waitpid(node, NULL, 0), node);
    start(fx); /* at once: waits for the other to end */
    assert_true(state_is_there(fx->chain));
    WAIT_FOR(has_ended(anvil));
}

static void a_taken_port_gives_way(void **state)
{
    struct fixture *fx = *state;
    char url[64];
    unsigned port = 0;
    const int on = 1;
    start(fx);
    snprintf(url, sizeof url, "%s", node_chain_url(fx->chain));
    change_state(fx->chain);
    node_chain_stop(&fx->chain);
    assert_int_equal(sscanf(url, "http://127.0.0.1:%u", &port), 1);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(taken, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(taken, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(taken, 1), 0);
    start(fx);
    assert_string_not_equal(node_chain_url(fx->chain), url);
    assert_true(state_is_there(fx->chain));
    close(taken);
}

static void a_missing_program_is_named(void **state)
{
    struct fixture *fx = *state;
    struct galen_errinfo info = {0};
    assert_int_equal(setenv("GALEN_ANVIL", "/nonexistent/anvil", 1), 0);
    assert_fails(GALEN_ERR_NOT_FOUND, node_chain_start(&fx->chain, fx->log, fx->state, &info));
    assert_non_null(strstr(info.what, "/nonexistent/anvil"));
    assert_non_null(strstr(info.hint, "GALEN_ANVIL"));
    assert_null(fx->chain);
    assert_int_equal(setenv("GALEN_ANVIL", "/bin/false", 1), 0);
    assert_fails(GALEN_ERR_NETWORK, node_chain_start(&fx->chain, fx->log, fx->state, &info));
    assert_non_null(strstr(info.hint, fx->log));
}

/* What keeps dying is started again ever more rarely, and at last comes up. */
static void deaths_in_a_row_are_spaced(void **state)
{
    struct fixture *fx = *state;
    start(fx);
    change_state(fx->chain);
    WAIT_FOR(file_holds(fx, "state.json", ACCOUNT));
    assert_int_equal(setenv("GALEN_ANVIL", "/bin/false", 1), 0);
    assert_int_equal(kill(anvil_of(getpid()), SIGKILL), 0);
    int64_t from = base_monotonic_ms();
    while (base_monotonic_ms() - from < 3000) {
        node_chain_step(fx->chain);
        sleep_ms(5);
    }
    /* After 0.25, 0.5, 1 and 2 s: the fourth comes after 3.75 s. */
    assert_in_range(node_chain_restarts(fx->chain), 1, 3);
    unsetenv("GALEN_ANVIL");
    WAIT_FOR(node_chain_step(fx->chain));
    assert_true(state_is_there(fx->chain));
}

static void a_home_has_one_chain(void **state)
{
    struct fixture *fx = *state;
    struct galen_errinfo info = {0};
    char home[300];
    char path[340];
    struct workflow_options options = {
        .home = home, .password = "a password for tests", .quick_kdf = true};
    snprintf(home, sizeof home, "%s/home", fx->dir);
    assert_done(workflow_home_create(&options, NULL, &info));
    assert_done(node_chain_start_home(&fx->chain, home, &info));
    CONFIG_AUTO config = {0};
    assert_done(config_read(&config, home, &info));
    assert_string_equal(config.rpc, node_chain_url(fx->chain));
    node_chain_stop(&fx->chain);
    snprintf(path, sizeof path, "%s/chain/state.json", home);
    assert_int_equal(test_mode(path) & 0077, 0); /* of a folder that is private */

    /* Its own address is no other chain. */
    assert_done(node_chain_start_home(&fx->chain, home, &info));
    node_chain_stop(&fx->chain);

    CONFIG_AUTO other = {0};
    assert_done(config_copy_text(&other.rpc, "http://127.0.0.1:1", &info));
    assert_done(config_write(&other, home, &info));
    assert_fails(GALEN_ERR_CONFIG, node_chain_start_home(&fx->chain, home, &info));
    assert_non_null(strstr(info.hint, "--embedded-chain"));
    assert_null(fx->chain);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(state_outlives_a_stop),
        TEST(signals_blocked_here_reach_it),
        TEST(a_killed_chain_comes_back),
        TEST(a_silent_chain_is_seen),
        TEST(a_state_that_was_cut_off_is_replaced),
        TEST(two_at_once_are_refused),
        TEST(a_killed_node_leaves_no_orphan),
        TEST(a_taken_port_gives_way),
        TEST(a_missing_program_is_named),
        TEST(deaths_in_a_row_are_spaced),
        TEST(a_home_has_one_chain),
    };
    if (base_init(NULL) != GALEN_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
