/* IPFS gateways, and Galen's nodes, which serve their blocks in the same way. */
#include <string.h>

#include "store/internal.h"

#define CONNECT_TIMEOUT_MS 3000
#define TIMEOUT_MS         20000

enum galen_err gateway_new(struct http_client **out, const char *url,
                           const struct http_guard *guard, struct galen_errinfo *info)
{
    BASE_BUF_AUTO base = {0};
    const struct http_options options = {.peer = guard != NULL ? "the node" : "the gateway",
                                         .guard = guard,
                                         .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                         .timeout_ms = TIMEOUT_MS,
                                         .max_response_bytes = STORE_BLOCK_MAX};
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    GALEN_TRY(base_buf_printf(&base, "%.*s", (int)len, url));
    return http_client_new(out, (const char *)base.data, &options, info);
}

enum galen_err gateway_get(struct http_client *gateway, struct base_buf *out,
                           const uint8_t digest32[32], struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    char target[STORE_CID_TEXT + 32];
    char cid[STORE_CID_TEXT];
    long status = 0;
    const struct http_request request = {.target = target, .accept = "application/vnd.ipld.raw"};
    store_cid_encode(cid, digest32);
    snprintf(target, sizeof target, "/ipfs/%s?format=raw", cid);
    GALEN_TRY(http_perform(gateway, &status, &block, &request, info));
    if (status == 404 || status == 410)
        return base_fail(info, GALEN_ERR_NOT_FOUND, "%s has no such block",
                         http_client_origin(gateway));
    if (status != 200)
        return http_status_fail(gateway, status, info);
    base_buf_move(out, &block);
    return GALEN_OK;
}
