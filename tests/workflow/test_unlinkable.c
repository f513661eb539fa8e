/*
 * What a buyer and a reader of the chain see of one record's sales and of the record itself has
 * nothing in common that would link them: no run of eight bytes but those that stand in everybody's
 * sales as well, and the disclosed values; nor do size, time, place or sender tell.
 *
 * Every record is sold twice, in two requests of one buyer, by two of its releases; the bytes of
 * each sale: the raw event, the wrapped key, the bundle as stored, and the bundle as the buyer
 * reads it. The bytes of a record: the raw event and the envelope's block with its CERT.
 */
#include "forge.h"

#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

#define RECORDS 10 /* two of each patient */
#define SALES   2
#define PRICE   "1000000000000000000"
#define WINDOW  8 /* bytes in common that would link */
#define SHORT   4 /* bytes that everybody's sales have are no part of those */

/* Strings of bytes that were seen, one after the other. */
struct seen {
    struct base_buf bytes; /* owned */
    size_t *ends;          /* owned */
    size_t n;
};

struct sale {
    struct seen seen;
    size_t ek_len, block_len, log_len;
    uint32_t leaves;
    uint64_t block_number, log_index;
    uint8_t tx_hash[32], release_root[32];
};

struct record {
    struct chain_address owner;
    uint8_t root[32];
    struct seen seen;   /* by the chain and the store */
    struct seen values; /* what was disclosed of it */
    struct sale sales[SALES];
};

static struct record records[RECORDS];
static uint64_t requests[SALES];

static int set_up(void **state)
{
    return market_set_up(state, RECORDS);
}

static void free_seen(struct seen *seen)
{
    base_buf_clear(&seen->bytes);
    free(seen->ends);
}

static int tear_down(void **state)
{
    for (int i = 0; i < RECORDS; i++) {
        free_seen(&records[i].seen);
        free_seen(&records[i].values);
        for (int k = 0; k < SALES; k++)
            free_seen(&records[i].sales[k].seen);
    }
    return market_tear_down(state);
}

/* ---- runs of bytes -------------------------------------------------------------------------------- */

static void see(struct seen *seen, const void *data, size_t len)
{
    OK(base_buf_append(&seen->bytes, data, len));
    seen->ends = realloc(seen->ends, (seen->n + 1) * sizeof *seen->ends);
    assert_non_null(seen->ends);
    seen->ends[seen->n++] = seen->bytes.len;
}

/* All runs of a length, sorted. */
struct runs {
    size_t width, n;
    uint8_t *list; /* owned */
};
static void runs_clear(struct runs *runs)
{
    free(runs->list);
}
#define RUNS_AUTO GALEN_CLEANUP(runs_clear) struct runs

static size_t sorting;
static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sorting);
}

static void runs_add(struct runs *runs, const struct seen *seen)
{
    runs->list = realloc(runs->list, (runs->n + seen->bytes.len) * runs->width + 1);
    assert_non_null(runs->list);
    size_t at = 0;
    for (size_t i = 0; i < seen->n; at = seen->ends[i++])
        for (size_t k = at; k + runs->width <= seen->ends[i]; k++)
            memcpy(runs->list + runs->width * runs->n++, seen->bytes.data + k, runs->width);
}

static void runs_sort(struct runs *runs)
{
    sorting = runs->width;
    qsort(runs->list, runs->n, runs->width, compare);
}

static bool runs_have(const struct runs *runs, const uint8_t *bytes)
{
    sorting = runs->width;
    return bsearch(bytes, runs->list, runs->n, runs->width, compare) != NULL;
}

/* JSON's texts, numbers aside; bytes in hexadecimal count as bytes. */
static void see_json(struct seen *seen, struct json_object *value)
{
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            see(seen, key, strlen(key));
            see_json(seen, member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            see_json(seen, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_string)) {
        const char *text = json_object_get_string(value);
        BASE_BUF_AUTO bytes = {0};
        if (strncmp(text, "0x", 2) == 0 &&
            base_hex_decode_buf(&bytes, strlen(text), text, "", NULL) == GALEN_OK)
            see(seen, bytes.data, bytes.len);
        else
            see(seen, text, strlen(text));
    }
}

/* ---- looking --------------------------------------------------------------------------------------- */

/* The one log that names a root, as the chain has it. */
static const struct chain_log *find_log(const struct chain_logs *logs, const uint8_t root32[32])
{
    const struct chain_log *found = NULL;
    for (size_t i = 0; i < logs->len; i++) {
        const struct chain_log *log = &logs->items[i];
        bool here = log->data.len > 0 && memmem(log->data.data, log->data.len, root32, 32) != NULL;
        for (size_t t = 1; t < log->n_topics; t++)
            here = here || memcmp(log->topics[t], root32, 32) == 0;
        if (!here)
            continue;
        assert_null(found);
        found = log;
    }
    assert_non_null(found);
    return found;
}

static void see_log(struct seen *seen, const struct chain_log *log)
{
    for (size_t t = 0; t < log->n_topics; t++)
        see(seen, log->topics[t], 32);
    see(seen, log->data.data, log->data.len);
}

static void see_block(struct seen *seen, struct workflow *wf, const uint8_t cid32[32], size_t *len)
{
    BASE_BUF_AUTO block = {0};
    OK(store_get(&block, wf->store, cid32, INFO));
    see(seen, block.data, block.len);
    *len = block.len;
}

static void look_at_record(struct market *market, struct record *record,
                           const struct chain_logs *logs)
{
    char hex[65];
    size_t len = 0;
    struct storing_row row;
    base_hex_encode(hex, record->root, 32);
    OK(storing_find_row(market->fx->home[PATIENT], &row, hex, "patient", INFO));
    record->owner = row.owner;
    see_log(&record->seen, find_log(logs, record->root));
    see_block(&record->seen, market->fx->home[BUYER], row.cid, &len);
}

/* The bundle as the buyer reads it, its values apart. */
static void look_at_bundle(struct market *market, uint64_t id, struct json_object *answer,
                           struct record *record, struct sale *sale)
{
    RECORD_JSON_AUTO bundle = forge_open_bundle(market, id, answer);
    struct json_object *disclosure = fixture_member(bundle, "disclosure");
    struct json_object *fields = fixture_member(disclosure, "fields");
    sale->leaves = (uint32_t)fixture_number(disclosure, "count");
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        see_json(&record->values, fixture_member(field, "value"));
        json_object_object_del(field, "value");
    }
    see_json(&sale->seen, bundle);
}

static void look_at_sale(struct market *market, struct record *record, int k,
                         struct json_object *answer, const struct chain_logs *logs)
{
    struct sale *sale = &record->sales[k];
    const char *ek = fixture_text(answer, "ek");
    uint8_t cid[32];
    OK(record_json_get_hex(sale->release_root, 32, answer, "releaseRoot", RECORD_JSON_REQUIRED, "",
                           INFO));
    const struct chain_log *log = find_log(logs, sale->release_root);
    see_log(&sale->seen, log);
    sale->log_len = log->data.len;
    sale->block_number = log->block_number;
    sale->log_index = log->log_index;
    memcpy(sale->tx_hash, log->tx_hash, 32);
    OK(store_cid_parse(cid, fixture_text(answer, "bundleCid"), INFO));
    see(&sale->seen, cid, 32);
    see_block(&sale->seen, market->fx->home[BUYER], cid, &sale->block_len);
    see(&sale->seen, ek, strlen(ek));
    sale->ek_len = strlen(ek);
    look_at_bundle(market, requests[k], answer, record, sale);
}

static void sell_everything_twice(void **state)
{
    struct market *market = *state;
    struct fixture *fx = market->fx;
    CHAIN_LOGS_AUTO logs = {0};
    uint64_t head = 0;
    for (int k = 0; k < SALES; k++)
        requests[k] = market_delivered(market, RECORDS, PRICE, NULL);
    OK(chain_rpc_block_number(fx->rpc, &head, INFO));
    const struct chain_log_filter filter = {.contract = fx->home[BUYER]->domain.contract,
                                            .to_block = head};
    OK(chain_rpc_logs(fx->rpc, &logs, &filter, INFO));
    for (int k = 0; k < SALES; k++)
        for (int i = 0; i < RECORDS; i++) {
            RECORD_JSON_AUTO answer = market_answer(market, requests[k], i % MARKET_PATIENTS,
                                                    i / MARKET_PATIENTS);
            uint8_t root[32];
            OK(record_json_get_hex(root, 32, answer, "recordId", RECORD_JSON_REQUIRED, "", INFO));
            if (k == 0)
                memcpy(records[i].root, root, 32);
            assert_memory_equal(records[i].root, root, 32);
            look_at_sale(market, &records[i], k, answer, &logs);
        }
    for (int i = 0; i < RECORDS; i++)
        look_at_record(market, &records[i], &logs);
}

/* ---- nothing links ---------------------------------------------------------------------------------- */

/* What others' sales and records show too, and the record's disclosed values: short runs, so that
 * the end of a constant and a byte or two by chance are not taken for a link. */
static void common_runs(struct runs *out, int self)
{
    *out = (struct runs){.width = SHORT};
    for (int i = 0; i < RECORDS; i++) {
        if (i % MARKET_PATIENTS == self % MARKET_PATIENTS) {
            runs_add(out, &records[i].values);
            continue;
        }
        runs_add(out, &records[i].seen);
        for (int k = 0; k < SALES; k++)
            runs_add(out, &records[i].sales[k].seen);
    }
    runs_sort(out);
}

/* How many runs of eight bytes, none of them a part of what is common, stand in both. */
static size_t count_links(const struct runs *common, const struct seen *a, const struct seen *b)
{
    RUNS_AUTO of_b = {.width = WINDOW};
    size_t links = 0;
    size_t at = 0;
    runs_add(&of_b, b);
    runs_sort(&of_b);
    for (size_t i = 0; i < a->n; at = a->ends[i++])
        for (size_t k = at, fresh = at; k + SHORT <= a->ends[i]; k++) {
            if (runs_have(common, a->bytes.data + k))
                fresh = k + SHORT; /* up to here nothing counts */
            else if (k + SHORT >= fresh + WINDOW)
                links += runs_have(&of_b, a->bytes.data + k + SHORT - WINDOW);
        }
    return links;
}

static void no_bytes_link(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDS; i++) {
        struct record *record = &records[i];
        struct record *other = &records[(i + MARKET_PATIENTS) % RECORDS]; /* of the same patient */
        RUNS_AUTO common = {0};
        common_runs(&common, i);
        assert_true(chain_address_equal(&record->owner, &other->owner));
        for (int k = 0; k < SALES; k++) {
            const struct seen *sold = &record->sales[k].seen;
            assert_true(count_links(&common, sold, sold) > 5000); /* a control: the same is seen */
            assert_int_equal(count_links(&common, sold, &record->seen), 0);
            assert_int_equal(count_links(&common, sold, &other->seen), 0);
            for (int l = 0; l < SALES; l++)
                assert_int_equal(count_links(&common, sold, &other->sales[l].seen), 0);
        }
        assert_int_equal(count_links(&common, &record->sales[0].seen, &record->sales[1].seen), 0);
    }
    /* and one planted run of eight bytes is found */
    RUNS_AUTO common = {0};
    struct seen *sold = &records[0].sales[0].seen;
    common_runs(&common, 0);
    see(sold, records[0].root + 12, WINDOW);
    assert_int_equal(count_links(&common, sold, &records[0].seen), 1);
}

/* The owner's wallet stands beside the record; in no sale. */
static void no_wallet_in_a_sale(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDS; i++) {
        const struct record *record = &records[i];
        const uint8_t *owner = record->owner.bytes;
        assert_non_null(memmem(record->seen.bytes.data, record->seen.bytes.len, owner, 20));
        for (int k = 0; k < SALES; k++) {
            const struct base_buf *sold = &record->sales[k].seen.bytes;
            assert_null(memmem(sold->data, sold->len, owner + 6, WINDOW));
        }
    }
}

static void sizes_are_equal(void **state)
{
    (void)state;
    const struct sale *first = &records[0].sales[0];
    assert_int_equal(first->leaves, 64);
    for (int i = 0; i < RECORDS; i++)
        for (int k = 0; k < SALES; k++) {
            const struct sale *sale = &records[i].sales[k];
            assert_int_equal(sale->block_len, first->block_len);
            assert_int_equal(sale->ek_len, first->ek_len);
            assert_int_equal(sale->log_len, first->log_len);
            assert_int_equal(sale->leaves, first->leaves);
        }
}

/* All entries of a request come in the hospital's one transaction, ordered by their random roots:
 * not as the records were made, and not twice the same. */
static void time_and_place_are_equal(void **state)
{
    struct market *market = *state;
    bool as_made = true, as_before = true;
    for (int k = 0; k < SALES; k++) {
        const struct sale *first = &records[0].sales[k];
        GALEN_CLEANUP(chain_tx_info_clear) struct chain_tx_info tx = {0};
        OK(chain_rpc_transaction(market->fx->rpc, &tx, first->tx_hash, INFO));
        assert_true(chain_address_equal(&tx.from, &market->fx->who[HOSPITAL]));
        for (int i = 0; i < RECORDS; i++) {
            const struct sale *sale = &records[i].sales[k];
            assert_memory_equal(sale->tx_hash, first->tx_hash, 32);
            assert_int_equal(sale->block_number, first->block_number);
            for (int j = 0; j < RECORDS; j++) {
                const struct sale *other = &records[j].sales[k];
                const bool is_after = sale->log_index > other->log_index;
                const int order = memcmp(sale->release_root, other->release_root, 32);
                if (i != j)
                    assert_int_equal(is_after, order > 0);
                as_made = as_made && (i == j || is_after == (i > j));
                as_before = as_before && (k == 0 || i == j ||
                                          is_after == (records[i].sales[0].log_index >
                                                       records[j].sales[0].log_index));
            }
        }
    }
    /* by chance once in 10! */
    assert_false(as_made);
    assert_false(as_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sell_everything_twice),    cmocka_unit_test(no_bytes_link),
        cmocka_unit_test(no_wallet_in_a_sale),      cmocka_unit_test(sizes_are_equal),
        cmocka_unit_test(time_and_place_are_equal),
    };
    return cmocka_run_group_tests_name("unlinkable", tests, set_up, tear_down);
}
