/*
 * Speed of the watcher: many events, one in a hundred of them about this home, from an empty
 * database. They come over HTTP from a process that makes them up, so what is counted is this
 * process's own processor time: receiving, parsing, sorting out, writing. Also what the memory's
 * peak does when there are four times as many. With --check it exits with 1 when a target is
 * missed.
 */
#include "workflow/watch_internal.h"

#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "blst.h"

#define EVENTS        100000
#define PER_BLOCK     10
#define RUNS          5
#define TARGET_PER_S  20000.0
#define GROWTH_TARGET 1.1

/* ---- the endpoint ------------------------------------------------------------------------------- */

#define OWN 4
static struct chain_address own[OWN];
static struct chain_address contract = {{0xda, 0x7a}};

static void put_hex(struct base_buf *out, const void *bytes, size_t len)
{
    if (base_hex_append(out, bytes, len) != GALEN_OK)
        _exit(3);
}

static void put(struct base_buf *out, const char *text)
{
    if (base_buf_append_text(out, text) != GALEN_OK)
        _exit(3);
}

static void make_word(uint8_t word[32], uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        base_put_u64be(word + 8 * i, seed ^ (seed >> 29));
    }
}

static void block_hash(uint8_t hash[32], uint64_t number)
{
    make_word(hash, number * 2 + 1);
}

enum { ROOT, OWNER };

/* Of a hundred events 92 are records, one of them a patient's of this home; 4 are shares, 2
 * profiles, one a request and one its end. */
static const struct chain_abi_event *make_event(uint64_t i, uint8_t topic[2][32], size_t *n_topics,
                                                uint8_t data[512], size_t *len)
{
    uint64_t kind = i % 100;
    *n_topics = 2;
    if (kind < 92) { /* DataStored(root, cid, owner, sig, keyVersion) */
        if (kind == 17)
            memcpy(topic[OWNER] + 12, own[i / 100 % OWN].bytes, 20);
        data[63] = 0x60;
        data[95] = 1;
        data[126] = 362 >> 8;
        data[127] = 362 & 0xff;
        for (size_t at = 128; at < 128 + 352; at += 32)
            make_word(data + at, i * 64 + at);
        *len = 512;
        return &datahub_abi.events[DATAHUB_EVENT_DATA_STORED];
    }
    if (kind < 96) { /* SharePosted(patient, doctor, cid, key) */
        memset(topic[ROOT], 0, 12);
        data[63] = 0x40;
        data[95] = 200;
        memset(data + 96, 'k', 200);
        *len = 96 + 224;
        return &datahub_abi.events[DATAHUB_EVENT_SHARE_POSTED];
    }
    if (kind < 98) { /* ProfileSet(owner, cid, nonce) */
        memcpy(topic[ROOT], topic[OWNER], 32);
        *n_topics = 1;
        base_put_u64be(data + 56, i);
        *len = 64;
        return &datahub_abi.events[DATAHUB_EVENT_PROFILE_SET];
    }
    memset(topic[ROOT], 0, 32);
    base_put_u64be(topic[ROOT] + 24, i / 100 + 1);
    if (kind < 99) { /* RequestOpen(id, templateHash, buyer, amount) */
        data[63] = 99;
        *len = 64;
        return &datahub_abi.events[DATAHUB_EVENT_REQUEST_OPEN];
    }
    *n_topics = 1; /* RequestFinalized(id) */
    *len = 0;
    return &datahub_abi.events[DATAHUB_EVENT_REQUEST_FINALIZED];
}

static void put_log(struct base_buf *out, uint64_t i)
{
    uint8_t topic[2][32], cid[32], hash[32], data[512] = {0};
    char text[160];
    size_t len = 0, n_topics = 0;
    uint64_t block = i / PER_BLOCK + 1;
    make_word(topic[ROOT], 3 * i);
    make_word(topic[OWNER], 3 * i + 1);
    make_word(cid, 3 * i + 2);
    memset(topic[OWNER], 0, 12);
    memcpy(data, cid, 32);
    const struct chain_abi_event *event = make_event(i, topic, &n_topics, data, &len);
    put(out, "{\"address\":\"");
    put_hex(out, contract.bytes, 20);
    put(out, "\",\"topics\":[\"");
    put_hex(out, event->topic, 32);
    for (size_t t = 0; t < n_topics; t++) {
        put(out, "\",\"");
        put_hex(out, topic[t], 32);
    }
    put(out, "\"],\"data\":\"");
    put_hex(out, data, len);
    block_hash(hash, block);
    put(out, "\",\"blockHash\":\"");
    put_hex(out, hash, 32);
    snprintf(text, sizeof text,
             "\",\"blockNumber\":\"0x%llx\",\"blockTimestamp\":\"0x%llx\",\"transactionHash\":\"",
             (unsigned long long)block, (unsigned long long)(1700000000 + block));
    put(out, text);
    put_hex(out, cid, 32);
    snprintf(text, sizeof text,
             "\",\"transactionIndex\":\"0x0\",\"logIndex\":\"0x%llx\",\"removed\":false}",
             (unsigned long long)(i % PER_BLOCK));
    put(out, text);
}

static void put_block(struct base_buf *out, uint64_t number)
{
    uint8_t hash[32];
    char text[160];
    block_hash(hash, number);
    snprintf(text, sizeof text, "{\"number\":\"0x%llx\",\"timestamp\":\"0x%llx\",\"hash\":\"",
             (unsigned long long)number, (unsigned long long)(1700000000 + number));
    put(out, text);
    put_hex(out, hash, 32);
    block_hash(hash, number - 1);
    put(out, "\",\"parentHash\":\"");
    put_hex(out, hash, 32);
    put(out, "\",\"gasLimit\":\"0x1\",\"gasUsed\":\"0x1\",\"baseFeePerGas\":\"0x1\"}");
}

/* The number after a word of the request; as much of JSON as this client's requests need. */
static uint64_t number_after(const char *request, const char *word)
{
    const char *at = strstr(request, word);
    at = at != NULL ? strstr(at, "0x") : NULL;
    return at != NULL ? strtoull(at, NULL, 16) : 0;
}

static void answer(struct base_buf *out, const char *request, uint64_t head)
{
    const char *id = strstr(request, "\"id\":");
    char text[96];
    out->len = 0;
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\":",
             id != NULL ? strtoull(id + 5, NULL, 10) : 0);
    put(out, text);
    snprintf(text, sizeof text, "\"0x%llx\"", (unsigned long long)head);
    if (strstr(request, "eth_getLogs") != NULL) {
        uint64_t first = number_after(request, "fromBlock"),
                 last = number_after(request, "toBlock");
        first = first > 0 ? first : 1;
        put(out, "[");
        for (uint64_t i = (first - 1) * PER_BLOCK; i < last * PER_BLOCK; i++) {
            put(out, i > (first - 1) * PER_BLOCK ? "," : "");
            put_log(out, i);
        }
        put(out, "]");
    } else if (strstr(request, "eth_getBlockByNumber") != NULL) {
        put_block(out, number_after(request, "params"));
    } else {
        put(out, strstr(request, "eth_chainId") != NULL   ? "\"0x1\""
                 : strstr(request, "eth_getCode") != NULL ? "\"0x60\""
                                                          : text);
    }
    put(out, "}");
}

static bool send_all(int fd, const void *bytes, size_t len, int flags)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL | flags);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

/* One connection's requests, one after the other. */
static void serve_connection(int fd, uint64_t head)
{
    static char request[8192];
    struct base_buf out = {0};
    size_t have = 0;
    for (;;) {
        ssize_t n = recv(fd, request + have, sizeof request - 1 - have, 0);
        if (n <= 0)
            break;
        have += (size_t)n;
        request[have] = '\0';
        const char *body = strstr(request, "\r\n\r\n");
        const char *length = strcasestr(request, "content-length:");
        if (body == NULL || length == NULL || strlen(body + 4) < strtoull(length + 15, NULL, 10))
            continue;
        char start[128];
        answer(&out, body, head);
        int len = snprintf(start, sizeof start,
                           "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           out.len);
        if (!send_all(fd, start, (size_t)len, MSG_MORE) || !send_all(fd, out.data, out.len, 0))
            break;
        have = 0;
    }
    base_buf_clear(&out);
    close(fd);
}

static pid_t start_endpoint(char url[48], uint64_t head)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        abort();
    snprintf(url, 48, "http://127.0.0.1:%d", ntohs(address.sin_port));
    pid_t child = fork();
    while (child == 0) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(0);
        serve_connection(fd, head);
    }
    close(listener);
    return child;
}

/* ---- measuring ------------------------------------------------------------------------------------ */

static struct galen_errinfo info;
static void need(enum galen_err err)
{
    if (err == GALEN_OK)
        return;
    fprintf(stderr, "%s: %s\n", galen_err_name(err), info.what);
    exit(2);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall_s(void)
{
    return (double)base_monotonic_ms() / 1e3;
}

static double peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static double pairing_s(void)
{
    static blst_fp12 gt;
    double start = cpu_s();
    for (int i = 0; i < 50; i++) {
        blst_miller_loop(&gt, &BLS12_381_G2, &BLS12_381_G1);
        blst_final_exp(&gt, &gt);
    }
    return (cpu_s() - start) / 50;
}

struct measured {
    double cpu_s, wall_s, pairing_s;
};

/* A home of four patients that reads so many events. */
static struct measured run(uint64_t events)
{
    char dir[64] = "/tmp/galen-bench-watch-XXXXXX";
    char url[48];
    struct workflow *wf = NULL;
    struct json_object *summary = json_object_new_object();
    if (mkdtemp(dir) == NULL || summary == NULL)
        abort();
    const struct workflow_options options = {
        .home = dir, .password = "bench", .rpc = url, .quick_kdf = true};
    snprintf(url, sizeof url, "http://127.0.0.1:1");
    need(workflow_home_create(&options, NULL, &info));
    need(workflow_open(&wf, &options, &info));
    for (size_t i = 0; i < OWN; i++) {
        char name[16];
        snprintf(name, sizeof name, "patient-%zu", i);
        need(workflow_identity_new(wf, &own[i], name, "patient", &info));
    }
    pid_t endpoint = start_endpoint(url, events / PER_BLOCK);
    need(workflow_connect(wf, url, &contract, &info));
    struct measured m = {.pairing_s = pairing_s()};
    double cpu = cpu_s(), wall = wall_s();
    need(workflow_watch(wf, summary, &info));
    m.cpu_s = cpu_s() - cpu;
    m.wall_s = wall_s() - wall;
    int64_t records = 0;
    need(db_get_int(wf->db, &records, 0, &info, "SELECT count(*) FROM record"));
    if (records != (int64_t)events / 100) {
        fprintf(stderr, "%lld records came of %llu events\n", (long long)records,
                (unsigned long long)events);
        exit(2);
    }
    json_object_put(summary);
    workflow_close(&wf);
    kill(endpoint, SIGTERM);
    waitpid(endpoint, NULL, 0);
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return m;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
    double rate[RUNS], wall[RUNS], ratio[RUNS];
    need(base_init(&info));
    for (int i = 0; i < RUNS; i++) {
        struct measured m = run(EVENTS);
        rate[i] = EVENTS / m.cpu_s;
        wall[i] = EVENTS / m.wall_s;
        ratio[i] = m.cpu_s / EVENTS / m.pairing_s;
    }
    double once = peak_mib();
    (void)run(4 * EVENTS);
    double four_times = peak_mib();
    qsort(rate, RUNS, sizeof *rate, compare);
    qsort(wall, RUNS, sizeof *wall, compare);
    qsort(ratio, RUNS, sizeof *ratio, compare);
    printf("watcher, %d events, 1 %% of this home, median (quartiles) of %d runs\n", EVENTS, RUNS);
    printf("  own work      %8.0f events/s (%.0f, %.0f), an event %.4f pairings\n", rate[RUNS / 2],
           rate[RUNS / 4], rate[3 * RUNS / 4], ratio[RUNS / 2]);
    printf("  on the wall   %8.0f events/s (%.0f, %.0f), the endpoint's work included\n",
           wall[RUNS / 2], wall[RUNS / 4], wall[3 * RUNS / 4]);
    printf("  memory peak   %8.1f MiB; %.1f MiB with %d events\n", once, four_times, 4 * EVENTS);
    bool good = rate[RUNS / 2] >= TARGET_PER_S && four_times <= GROWTH_TARGET * once;
    if (!good)
        printf("  MISSED: %.0f events/s, and a peak that does not grow\n", TARGET_PER_S);
    return check && !good ? 1 : 0;
}
