/*
 * The web UI: one page, and what it loads. No data is in it, so it goes to anyone whom the guard
 * admits. The policy lets it run its own files alone: no inline script, no eval, no text made into
 * markup, no other site, no frame around it.
 */
#include "node/web.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "node/internal.h"

#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';" \
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"                                \
    " require-trusted-types-for 'script'; trusted-types 'none'"

const struct node_file *web_find(const struct node_request *request)
{
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return NULL;
    for (size_t i = 0; i < node_n_files; i++)
        if (strcmp(node_files[i].path, request->path) == 0)
            return &node_files[i];
    return NULL;
}

/* Is gzip among the codings of Accept-Encoding, and not refused by a weight of nought? */
static bool takes_gzip(const char *accept)
{
    static const char name[] = "gzip";
    for (const char *at = accept; at != NULL && *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (strncasecmp(at, name, sizeof name - 1) != 0)
            continue;
        at += sizeof name - 1;
        at += strspn(at, " \t");
        if (*at == '\0' || *at == ',')
            return true;
        at += strspn(at, "; \t");
        return strncasecmp(at, "q=", 2) != 0 || strtod(at + 2, NULL) > 0;
    }
    return false;
}

static struct MHD_Response *unpacked(const struct node_file *file)
{
    uint8_t *bytes = malloc(file->len);
    z_stream stream = {
        .next_in = (z_const Bytef *)file->gzip,
        .avail_in = (uInt)file->gzip_len,
        .next_out = bytes,
        .avail_out = (uInt)file->len,
    };
    if (bytes == NULL || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        free(bytes);
        return NULL;
    }
    const int end = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (end != Z_STREAM_END || stream.total_out != file->len) {
        free(bytes);
        return NULL;
    }
    return MHD_create_response_from_buffer(file->len, bytes, MHD_RESPMEM_MUST_FREE);
}

struct MHD_Response *web_response(const struct node_file *file, const struct node_request *request,
                                  unsigned *status)
{
    const char *known = node_header(request, "If-None-Match");
    const bool is_known = known != NULL && strstr(known, file->tag) != NULL;
    const bool is_packed = !is_known && takes_gzip(node_header(request, "Accept-Encoding"));
    struct MHD_Response *response =
        is_known    ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
        : is_packed ? MHD_create_response_from_buffer(file->gzip_len, (void *)(uintptr_t)file->gzip,
                                                      MHD_RESPMEM_PERSISTENT)
                    : unpacked(file);
    if (response == NULL)
        return NULL;
    const struct {
        const char *name, *value;
    } headers[] = {
        {"Content-Type", file->type},
        {"ETag", file->tag},
        {"Vary", "Accept-Encoding"},
        {"Cache-Control",
         strcmp(file->path, "/") == 0 ? "no-cache" : "public, max-age=31536000, immutable"},
        {"Content-Security-Policy", POLICY},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    };
    bool good = !is_packed || MHD_add_response_header(response, "Content-Encoding", "gzip");
    for (size_t i = 0; good && i < sizeof headers / sizeof *headers; i++)
        good = MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES;
    if (!good) {
        MHD_destroy_response(response);
        return NULL;
    }
    *status = is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    return response;
}
