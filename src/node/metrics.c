/* /metrics, in Prometheus' text format. Counts of what happened, never of whom. */
#include "node/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void metrics_count(struct node *node, const struct node_request *request)
{
    /* No route's own come last. */
    const size_t route = request->route != NULL ? (size_t)(request->route - api_routes)
                                                : api_n_routes;
    size_t hundreds = request->response.status / 100;
    if (route < NODE_METRIC_ROUTES && hundreds < 6)
        atomic_fetch_add(&node->requests[route][hundreds], 1);
    atomic_fetch_add(&node->seconds_us,
                     (uint64_t)(base_monotonic_ms() - request->started_ms) * 1000);
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static enum galen_err put(struct base_buf *out, const char *name, const char *type,
                          const char *help, int64_t value)
{
    return base_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type,
                           name, (long long)value);
}

static enum galen_err put_requests(struct node *node, struct base_buf *out)
{
    static const char name[] = "galen_http_requests_total";
    GALEN_TRY(
        base_buf_printf(out, "# HELP %s Requests answered.\n# TYPE %s counter\n", name, name));
    for (size_t i = 0; i <= api_n_routes && i < NODE_METRIC_ROUTES; i++)
        for (unsigned hundreds = 1; hundreds < 6; hundreds++) {
            uint64_t count = atomic_load(&node->requests[i][hundreds]);
            if (count == 0)
                continue;
            const bool is_route = i < api_n_routes;
            GALEN_TRY(base_buf_printf(out, "%s{method=\"%s\",route=\"%s\",status=\"%uxx\"} %llu\n",
                                      name, is_route ? api_routes[i].method : "",
                                      is_route ? api_routes[i].pattern : "other", hundreds,
                                      (unsigned long long)count));
        }
    return GALEN_OK;
}

static enum galen_err put_home(struct workflow *wf, struct base_buf *out,
                               struct galen_errinfo *info)
{
    static const struct {
        const char *member, *name, *help;
    } gauges[] = {
        {"identities", "galen_identities", "Identities of the home."},
        {"records", "galen_records", "Records that the home knows."},
        {"requests", "galen_purchase_requests", "Purchase requests seen on the chain."},
        {"transactions", "galen_transactions", "Transactions of the home."},
        {"messagesOut", "galen_messages_waiting_out", "Messages not yet delivered."},
        {"messagesIn", "galen_messages_waiting_in", "Messages not yet acted on."},
    };
    RECORD_JSON_AUTO counts = NULL;
    GALEN_TRY(workflow_counts(wf, &counts, info));
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        int64_t value = 0;
        GALEN_TRY(record_json_get_int(&value, counts, gauges[i].member, RECORD_JSON_REQUIRED, 0,
                                      INT64_MAX, "counts", info));
        GALEN_TRY(put(out, gauges[i].name, "gauge", gauges[i].help, value));
    }
    return GALEN_OK;
}

enum galen_err metrics_text(struct node *node, struct workflow *wf, struct base_buf *out,
                            struct galen_errinfo *info)
{
    struct node_health *health = &node->health;
    pthread_mutex_lock(&health->lock);
    const int64_t block = health->block, events = health->events, messages = health->messages;
    const int64_t synced = health->synced_at_s, unpushed = health->unpushed;
    const bool good = health->chain_is_good;
    pthread_mutex_unlock(&health->lock);
    pthread_mutex_lock(&node->feed.lock);
    const unsigned streams = node->feed.n_streams;
    pthread_mutex_unlock(&node->feed.lock);
    GALEN_TRY(put_requests(node, out));
    GALEN_TRY(put(out, "galen_http_refused_total", "counter",
                  "Requests refused before they were read.", (int64_t)atomic_load(&node->refused)));
    GALEN_TRY(put(out, "galen_http_microseconds_total", "counter",
                  "Time that answered requests took, in all.",
                  (int64_t)atomic_load(&node->seconds_us)));
    GALEN_TRY(
        put(out, "galen_event_streams", "gauge", "Event streams that are open.", (int64_t)streams));
    GALEN_TRY(put(out, "galen_chain_reachable", "gauge",
                  "1 when the last look at the chain worked.", good));
    GALEN_TRY(put(out, "galen_chain_block", "gauge", "The chain's newest block seen.", block));
    GALEN_TRY(put(out, "galen_synced_timestamp_seconds", "gauge",
                  "When the home was last up to date.", synced));
    GALEN_TRY(put(out, "galen_events_total", "counter", "Contract events read.", events));
    GALEN_TRY(put(out, "galen_messages_total", "counter", "Messages acted on.", messages));
    GALEN_TRY(
        put(out, "galen_blocks_unpushed", "gauge", "Blocks that Kubo is still to get.", unpushed));
    GALEN_TRY(
        put(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes()));
    return put_home(wf, out, info);
}
