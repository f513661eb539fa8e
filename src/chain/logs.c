/* Event logs: from an endpoint's JSON, and on to the typed events of a contract. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"

void chain_logs_clear(struct chain_logs *logs)
{
    if (logs == NULL)
        return;
    chain_mem_clear(&logs->mem);
    *logs = (struct chain_logs){0};
}

/* ---- from JSON
 * ------------------------------------------------------------------------------------ */

static enum galen_err read_topics(struct chain_log *out, json_object *topics,
                                  struct galen_errinfo *info)
{
    if (!json_object_is_type(topics, json_type_array) || json_object_array_length(topics) > 4)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's log has no proper 'topics'");
    out->n_topics = json_object_array_length(topics);
    for (size_t i = 0; i < out->n_topics; i++)
        GALEN_TRY(chain_json_bytes(out->topics[i], 32, json_object_array_get_idx(topics, i),
                                   "topics", info));
    return GALEN_OK;
}

/* Many endpoints tell it, though no standard asks for it. */
static enum galen_err read_time(struct chain_log *out, json_object *time,
                                struct galen_errinfo *info)
{
    uint64_t time_s = 0;
    if (time == NULL)
        return GALEN_OK;
    GALEN_TRY(chain_json_u64(&time_s, time, "blockTimestamp", info));
    if (time_s > (uint64_t)BASE_TIME_MAX)
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's log has an impossible time");
    out->time_s = (int64_t)time_s;
    return GALEN_OK;
}

static enum galen_err read_data(struct chain_log *out, struct chain_mem *mem, json_object *json,
                                struct galen_errinfo *info)
{
    BASE_BUF_AUTO data = {0};
    GALEN_TRY(chain_json_data(&data, chain_json_member(json, "data"), "data", info));
    if (data.len == 0)
        return GALEN_OK;
    uint8_t *kept = chain_mem_alloc(mem, data.len, 1);
    if (kept == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "no memory for a log");
    memcpy(kept, data.data, data.len);
    out->data = (struct base_view){kept, data.len};
    return GALEN_OK;
}

enum galen_err chain_log_from_json(struct chain_log *out, struct chain_mem *mem, json_object *json,
                                   struct galen_errinfo *info)
{
    struct chain_log log = {0};
    GALEN_TRY(chain_json_bytes(log.address.bytes, sizeof log.address.bytes,
                               chain_json_member(json, "address"), "address", info));
    GALEN_TRY(chain_json_u64(&log.block_number, chain_json_member(json, "blockNumber"),
                             "blockNumber", info));
    GALEN_TRY(chain_json_bytes(log.block_hash, 32, chain_json_member(json, "blockHash"),
                               "blockHash", info));
    GALEN_TRY(chain_json_bytes(log.tx_hash, 32, chain_json_member(json, "transactionHash"),
                               "transactionHash", info));
    GALEN_TRY(chain_json_u64(&log.tx_index, chain_json_member(json, "transactionIndex"),
                             "transactionIndex", info));
    GALEN_TRY(
        chain_json_u64(&log.log_index, chain_json_member(json, "logIndex"), "logIndex", info));
    GALEN_TRY(read_time(&log, chain_json_member(json, "blockTimestamp"), info));
    GALEN_TRY(read_topics(&log, chain_json_member(json, "topics"), info));
    GALEN_TRY(read_data(&log, mem, json, info));
    *out = log;
    return GALEN_OK;
}

static enum galen_err read_logs(struct chain_logs *out, json_object *json,
                                struct galen_errinfo *info)
{
    if (!json_object_is_type(json, json_type_array))
        return base_fail(info, GALEN_ERR_NETWORK, "the endpoint's logs are no array");
    size_t n = json_object_array_length(json);
    if (n == 0)
        return GALEN_OK;
    out->items = chain_mem_alloc(&out->mem, n, sizeof *out->items);
    if (out->items == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "no memory for %zu logs", n);
    for (; out->len < n; out->len++)
        GALEN_TRY(chain_log_from_json(&out->items[out->len], &out->mem,
                                      json_object_array_get_idx(json, out->len), info));
    return GALEN_OK;
}

enum galen_err chain_logs_from_json(struct chain_logs *out, json_object *json,
                                    struct galen_errinfo *info)
{
    CHAIN_LOGS_AUTO made = {0};
    GALEN_TRY(read_logs(&made, json, info));
    chain_logs_clear(out);
    *out = made;
    made = (struct chain_logs){0};
    return GALEN_OK;
}

/* ---- eth_getLogs
 * ------------------------------------------------------------------------------------ */

static enum galen_err append_topics(struct base_buf *out, const struct chain_log_filter *filter)
{
    size_t places = 4;
    while (places > 0 && filter->topics[places - 1].n == 0)
        places--;
    GALEN_TRY(base_buf_append_text(out, ",\"topics\":["));
    for (size_t i = 0; i < places; i++) {
        GALEN_TRY(base_buf_append_text(out, i == 0 ? "" : ","));
        if (filter->topics[i].n == 0) {
            GALEN_TRY(base_buf_append_text(out, "null"));
            continue;
        }
        for (size_t j = 0; j < filter->topics[i].n; j++) {
            GALEN_TRY(base_buf_append_text(out, j == 0 ? "[\"" : "\",\""));
            GALEN_TRY(base_hex_append(out, filter->topics[i].any[j], 32));
        }
        GALEN_TRY(base_buf_append_text(out, "\"]"));
    }
    return base_buf_append_text(out, "]");
}

static enum galen_err append_filter(struct base_buf *out, const struct chain_log_filter *filter)
{
    GALEN_TRY(base_buf_append_text(out, "[{\"address\":\""));
    GALEN_TRY(base_hex_append(out, filter->contract.bytes, sizeof filter->contract.bytes));
    GALEN_TRY(base_buf_append_text(out, "\",\"fromBlock\":"));
    GALEN_TRY(chain_rpc_append_block(out, filter->from_block));
    GALEN_TRY(base_buf_append_text(out, ",\"toBlock\":"));
    GALEN_TRY(chain_rpc_append_block(out, filter->to_block));
    GALEN_TRY(append_topics(out, filter));
    return base_buf_append_text(out, "}]");
}

/* Public endpoints bound range or results, each in its own words. */
static bool wants_smaller_range(const struct chain_rpc_error *error)
{
    static const char *const phrases[] = {"range",     "too many", "more than",
                                          "too large", "too big",  "limit",
                                          "exceed",    "too wide", "response size"};
    static const char *const of_rate[] = {"rate limit",   "rate-limit",    "too many requests",
                                          "requests per", "request limit", "quota",
                                          "credits"};
    for (size_t i = 0; i < sizeof of_rate / sizeof of_rate[0]; i++)
        if (chain_rpc_error_says(error, of_rate[i]))
            return false;
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (chain_rpc_error_says(error, phrases[i]))
            return true;
    return error->code == -32005; /* "limit exceeded", EIP-1474 */
}

static bool matches(const struct chain_log *log, const struct chain_log_filter *filter)
{
    if (!chain_address_equal(&log->address, &filter->contract) ||
        log->block_number < filter->from_block || log->block_number > filter->to_block)
        return false;
    for (size_t i = 0; i < 4; i++) {
        bool found = filter->topics[i].n == 0;
        for (size_t j = 0; !found && j < filter->topics[i].n; j++)
            found = i < log->n_topics && memcmp(log->topics[i], filter->topics[i].any[j], 32) == 0;
        if (!found)
            return false;
    }
    return true;
}

static int compare_place(const struct chain_log *a, const struct chain_log *b)
{
    if (a->block_number != b->block_number)
        return a->block_number < b->block_number ? -1 : 1;
    return a->log_index < b->log_index ? -1 : a->log_index > b->log_index;
}

enum galen_err chain_rpc_logs(struct chain_rpc *rpc, struct chain_logs *out,
                              const struct chain_log_filter *filter, struct galen_errinfo *info)
{
    BASE_BUF_AUTO params = {0};
    CHAIN_JSON_AUTO whole = NULL;
    json_object *result = NULL;
    CHAIN_LOGS_AUTO made = {0};
    GALEN_TRY(append_filter(&params, filter));
    enum galen_err err = chain_rpc_query_whole(rpc, &whole, &result, "eth_getLogs",
                                               (const char *)params.data, info);
    if (err == GALEN_ERR_NETWORK && wants_smaller_range(chain_rpc_last_error(rpc)))
        return base_fail(info, GALEN_ERR_LIMIT, "the endpoint wants a smaller range of blocks: %s",
                         chain_rpc_last_error(rpc)->message);
    GALEN_TRY(err);
    GALEN_TRY(chain_logs_from_json(&made, result, info));
    for (size_t i = 0; i < made.len; i++)
        if (!matches(&made.items[i], filter) ||
            (i > 0 && compare_place(&made.items[i - 1], &made.items[i]) >= 0))
            return base_fail(info, GALEN_ERR_NETWORK,
                             "the endpoint answers with logs that were not asked for, or out of "
                             "order");
    chain_logs_clear(out);
    *out = made;
    made = (struct chain_logs){0};
    return GALEN_OK;
}

/* ---- to events
 * ---------------------------------------------------------------------------------------- */

const struct chain_abi_event *chain_log_find_event(const struct chain_abi *abi,
                                                   const struct chain_log *log)
{
    for (size_t i = 0; log->n_topics > 0 && i < abi->n_events; i++)
        if (memcmp(abi->events[i].topic, log->topics[0], 32) == 0)
            return &abi->events[i];
    return NULL;
}

/* Copies the members that a half of the event covers. */
static void take_fields(uint8_t *out, const uint8_t *from, const struct chain_abi_type *half)
{
    for (size_t i = 0; i < half->size; i++) {
        const struct chain_abi_field *field = &half->fields[i];
        memcpy(out + field->offset, from + field->offset, field->type->c_size);
    }
}

enum galen_err chain_log_decode(void *value, struct chain_mem *mem,
                                const struct chain_abi_event *event, const struct chain_log *log,
                                struct galen_errinfo *info)
{
    if (log->n_topics == 0 || memcmp(event->topic, log->topics[0], 32) != 0)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "the log is not of event %s", event->name);
    /* Each half decodes into a struct of its own, then both meet in value. */
    uint8_t *halves = calloc(2, event->c_size + 1);
    if (halves == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "no memory for a log");
    uint8_t *data_half = halves + event->c_size + 1;
    enum galen_err err = chain_abi_decode(halves, mem, event->indexed, log->topics[1],
                                          32 * (log->n_topics - 1), info);
    if (err == GALEN_OK)
        err = chain_abi_decode(data_half, mem, event->data, log->data.data, log->data.len, info);
    if (err == GALEN_OK) {
        take_fields(value, halves, event->indexed);
        take_fields(value, data_half, event->data);
    } else if (err == GALEN_ERR_PARSE) {
        (void)base_wrap(info, err, "event %s", event->name);
    }
    free(halves);
    return err;
}
