/*
 * libFuzzer target over the decoders of outside bytes: the first byte picks the decoder. What is
 * accepted must encode again to the very bytes, since only one encoding is canonical.
 * With REPLAY defined: a program that runs the files it is given, so that every test run does.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/datahub_abi.h"
#include "chain/internal.h"
#include "probe_abi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void try_function(const struct chain_abi_function *function, const uint8_t *data, size_t len)
{
    const struct chain_abi_type *sides[] = {function->inputs, function->outputs};
    for (size_t i = 0; i < 2; i++) {
        CHAIN_MEM_AUTO mem = {0};
        BASE_BUF_AUTO again = {0};
        char text[64];
        void *value = calloc(1, sides[i]->c_size + 1);
        if (chain_abi_decode(value, &mem, sides[i], data, len, NULL) == GALEN_OK) {
            must(chain_abi_encode(&again, sides[i], value, NULL) == GALEN_OK);
            must(again.len == len && (len == 0 || memcmp(again.data, data, len) == 0));
            chain_abi_format(text, sizeof text, sides[i], value);
        }
        free(value);
    }
}

static void try_rlp(const uint8_t *data, size_t len, unsigned depth)
{
    struct base_view rest = {data, len};
    struct chain_rlp_item item;
    BASE_BUF_AUTO again = {0};
    while (rest.len > 0) {
        if (chain_rlp_next(&item, &rest, NULL) != GALEN_OK)
            return;
        if (item.is_list && depth > 0)
            try_rlp(item.payload.data, item.payload.len, depth - 1);
        must((item.is_list ? chain_rlp_append_list(&again, item.payload.data, item.payload.len)
                           : chain_rlp_append_bytes(&again, item.payload.data, item.payload.len)) ==
             GALEN_OK);
    }
    must(again.len == len && (len == 0 || memcmp(again.data, data, len) == 0));
}

static void try_log(const struct chain_abi *abi, const uint8_t *data, size_t len)
{
    if (len < 2)
        return;
    const struct chain_abi_event *event = &abi->events[data[0] % abi->n_events];
    struct chain_log log = {.n_topics = data[1] % 5};
    data += 2;
    len -= 2;
    memcpy(log.topics[0], event->topic, 32);
    for (size_t i = 1; i < log.n_topics && len >= 32; i++, data += 32, len -= 32)
        memcpy(log.topics[i], data, 32);
    log.data = (struct base_view){data, len};
    CHAIN_MEM_AUTO mem = {0};
    void *value = calloc(1, event->c_size);
    (void)!chain_log_decode(value, &mem, event, &log, NULL);
    free(value);
}

static void try_json(const uint8_t *data, size_t len)
{
    CHAIN_JSON_AUTO json = NULL;
    CHAIN_LOGS_AUTO logs = {0};
    CHAIN_KEY_AUTO key = {0};
    struct galen_errinfo info = {0};
    if (chain_json_parse(&json, (const char *)data, len) == GALEN_OK)
        (void)!chain_logs_from_json(&logs, json, &info);
    /* A keystore that asks for real work would only slow the search. */
    if (len <= CHAIN_KEYSTORE_MAX && memmem(data, len, "\"mac\"", 5) == NULL)
        (void)!chain_keystore_import(&key, (const char *)data, len, "p", 1, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct chain_revert revert;
    struct chain_tx tx;
    struct chain_address sender;
    uint8_t hash[32];
    const uint8_t *body = data + 2;
    size_t len = size - 2;
    switch (data[0] % 7) {
    case 0:
        try_rlp(body, len, 8);
        break;
    case 1:
        (void)!chain_tx_parse(&tx, &sender, hash, body, len, NULL);
        break;
    case 2:
        try_function(&probe_functions[data[1] % PROBE_FUNCTIONS], body, len);
        break;
    case 3:
        try_function(&datahub_functions[data[1] % DATAHUB_FUNCTIONS], body, len);
        break;
    case 4:
        try_log(data[1] % 2 == 0 ? &probe_abi : &datahub_abi, body, len);
        break;
    case 5:
        chain_revert_decode(&revert, data[1] % 2 == 0 ? &probe_abi : &datahub_abi, body, len);
        must(strlen(revert.reason) > 0);
        break;
    default:
        try_json(body, len);
        break;
    }
    return 0;
}

#ifdef REPLAY
int main(int argc, char **argv)
{
    if (base_init(NULL) != GALEN_OK)
        return 3;
    printf("TAP version 13\n1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        BASE_BUF_AUTO file = {0};
        bool read = base_file_read(&file, argv[i], 1 << 20, NULL) == GALEN_OK;
        if (read)
            LLVMFuzzerTestOneInput(file.data, file.len);
        printf("%s %d - %s\n", read ? "ok" : "not ok", i, argv[i]);
    }
    return 0;
}
#endif
