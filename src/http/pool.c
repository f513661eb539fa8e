/* Several requests at once, on libcurl's multi interface. */
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

#define POLL_MS 1000

struct http_pool {
    CURLM *multi;
};

enum galen_err http_pool_new(struct http_pool **out, struct galen_errinfo *info)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return base_fail(info, GALEN_ERR_INTERNAL, "libcurl does not start");
    HTTP_POOL_AUTO pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        curl_global_cleanup();
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    pool->multi = curl_multi_init();
    if (pool->multi == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *out = pool;
    pool = NULL;
    return GALEN_OK;
}

void http_pool_free(struct http_pool **pool)
{
    if (pool == NULL || *pool == NULL)
        return;
    curl_multi_cleanup((*pool)->multi);
    free(*pool);
    *pool = NULL;
    curl_global_cleanup();
}

/* Those that have ended. */
static void take_results(struct http_pool *pool, struct http_exchange *exchanges, bool *running,
                         size_t n)
{
    int left = 0;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *curl = message->easy_handle;
        CURLcode code = message->data.result;
        for (size_t i = 0; i < n; i++) {
            struct http_exchange *at = &exchanges[i];
            if (!running[i] || at->client->curl != curl)
                continue;
            curl_multi_remove_handle(pool->multi, curl);
            running[i] = false;
            at->err = http_end(at->client, code, &at->status, &at->body, &at->why);
        }
    }
}

static void free_flags(bool **flags)
{
    free(*flags);
}

enum galen_err http_pool_perform(struct http_pool *pool, struct http_exchange *exchanges, size_t n,
                                 struct galen_errinfo *info)
{
    GALEN_CLEANUP(free_flags) bool *running = calloc(n + 1, sizeof *running);
    if (running == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct http_exchange *at = &exchanges[i];
        at->err = http_begin(at->client, &at->request, &at->why);
        if (at->err == GALEN_OK && curl_multi_add_handle(pool->multi, at->client->curl) != CURLM_OK)
            at->err = base_fail(&at->why, GALEN_ERR_INTERNAL, "libcurl refuses the request");
        running[i] = at->err == GALEN_OK;
        if (!running[i])
            http_release(at->client);
    }
    /* Every client's own time-outs end this. */
    for (int active = 1; active > 0;) {
        if (curl_multi_perform(pool->multi, &active) != CURLM_OK)
            break;
        take_results(pool, exchanges, running, n);
        if (active > 0 && curl_multi_poll(pool->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            break;
    }
    for (size_t i = 0; i < n; i++) {
        if (!running[i])
            continue;
        curl_multi_remove_handle(pool->multi, exchanges[i].client->curl);
        http_release(exchanges[i].client);
        exchanges[i].err = base_fail(&exchanges[i].why, GALEN_ERR_INTERNAL, "libcurl gave up");
    }
    return GALEN_OK;
}
