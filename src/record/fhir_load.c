/*
 * From a file's bytes to a list of FHIR resources: gzip or plain, a Bundle, one resource, or
 * NDJSON.
 */
#include "record/fhir.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define REPEATED "the same resource stands in the file before"

void fhir_input_clear(struct fhir_input *input)
{
    free(input->resources);
    json_object_put(input->documents);
    json_object_put(input->index);
    *input = (struct fhir_input){0};
}

/* ---- gzip ------------------------------------------------------------------------------------ */

static void end_inflate(z_stream *stream)
{
    (void)inflateEnd(stream);
}

static bool is_gzip(const uint8_t *data, size_t len)
{
    return len >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* Every member of a gzip file, one after the other; the size is bounded while it is unpacked. */
static enum galen_err unpack(struct base_buf *out, const uint8_t *data, size_t len,
                             struct galen_errinfo *info)
{
    GALEN_CLEANUP(end_inflate) z_stream stream = {0};
    if (len > RECORD_FHIR_MAX_BYTES)
        return base_fail(info, GALEN_ERR_LIMIT, "file of more than %zu bytes",
                         RECORD_FHIR_MAX_BYTES);
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return record_nomem(info);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)len;
    for (;;) {
        uint8_t chunk[16384];
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        int status = inflate(&stream, Z_NO_FLUSH);
        size_t got = sizeof chunk - stream.avail_out;
        if (status != Z_OK && status != Z_STREAM_END)
            return base_fail(info, GALEN_ERR_PARSE, "damaged or cut-off gzip file");
        if (out->len + got > RECORD_FHIR_MAX_BYTES)
            return base_fail(info, GALEN_ERR_LIMIT, "unpacks to more than %zu bytes",
                             RECORD_FHIR_MAX_BYTES);
        GALEN_TRY(record_buf_put(out, chunk, got, info));
        if (status != Z_STREAM_END)
            continue;
        if (stream.avail_in == 0)
            return GALEN_OK;
        if (!is_gzip(stream.next_in, stream.avail_in) || inflateReset(&stream) != Z_OK)
            return base_fail(info, GALEN_ERR_PARSE, "bytes after the end of the gzip data");
    }
}

/* ---- resources ------------------------------------------------------------------------------- */

static enum galen_err index_as(struct fhir_input *input, const char *name,
                               struct galen_errinfo *info)
{
    if (json_object_object_get_ex(input->index, name, NULL))
        return GALEN_OK;
    return record_json_set(input->index, name, json_object_new_int64((int64_t)input->count), info);
}

static enum galen_err add_resource(struct fhir_input *input, struct record_fhir_result *result,
                                   json_object *value, const char *full_url,
                                   struct galen_errinfo *info)
{
    struct fhir_resource resource = {
        .value = value,
        .type = fhir_text(value, "resourceType", sizeof result->skips->resource_type - 1),
        .id = fhir_text(value, "id", 64),
    };
    if (resource.type == NULL)
        return fhir_skip(result, "?", "not a FHIR resource", info);
    if (input->count == FHIR_MAX_RESOURCES)
        return base_fail(info, GALEN_ERR_LIMIT, "more than %u resources", FHIR_MAX_RESOURCES);
    char local[64 + 1 + 64 + 1] = "";
    char urn[9 + 64 + 1] = "";
    if (resource.id != NULL) {
        snprintf(local, sizeof local, "%s/%s", resource.type, resource.id);
        snprintf(urn, sizeof urn, "urn:uuid:%s", resource.id);
    }
    const char *names[] = {full_url, local, urn};
    for (int i = 0; i < 2; i++) {
        if (names[i] != NULL && names[i][0] != '\0' &&
            json_object_object_get_ex(input->index, names[i], NULL))
            return fhir_skip(result, resource.type, REPEATED, info);
    }
    if (input->count == input->room) {
        size_t room = input->room * 2 + 256;
        void *grown = reallocarray(input->resources, room, sizeof *input->resources);
        if (grown == NULL)
            return record_nomem(info);
        input->resources = grown;
        input->room = room;
    }
    for (int i = 0; i < 3; i++) {
        if (names[i] != NULL && names[i][0] != '\0')
            GALEN_TRY(index_as(input, names[i], info));
    }
    input->resources[input->count++] = resource;
    return GALEN_OK;
}

static bool bundle_type_ok(json_object *bundle)
{
    static const char *const types[] = {"transaction", "batch", "collection", "searchset"};
    const char *type = record_json_text(bundle, "type");
    for (size_t i = 0; type != NULL && i < RECORD_COUNT_OF(types); i++) {
        if (strcmp(type, types[i]) == 0)
            return true;
    }
    return false;
}

static enum galen_err add_bundle(struct fhir_input *input, struct record_fhir_result *result,
                                 json_object *bundle, struct galen_errinfo *info)
{
    json_object *entries = record_json_member(bundle, "entry");
    if (!json_object_is_type(entries, json_type_array))
        return GALEN_OK;
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *entry = json_object_array_get_idx(entries, i);
        GALEN_TRY(add_resource(input, result, record_json_member(entry, "resource"),
                               fhir_text(entry, "fullUrl", 1024), info));
    }
    return GALEN_OK;
}

/* Takes document over. alone: the file is this one document, so that a wrong Bundle is fatal. */
static enum galen_err add_document(struct fhir_input *input, struct record_fhir_result *result,
                                   json_object *document, bool alone, struct galen_errinfo *info)
{
    const char *type = fhir_text(document, "resourceType", 64);
    GALEN_TRY(record_json_push(input->documents, document, info));
    if (type == NULL || strcmp(type, "Bundle") != 0)
        return add_resource(input, result, document, NULL, info);
    if (bundle_type_ok(document))
        return add_bundle(input, result, document, info);
    if (!alone)
        return fhir_skip(result, "Bundle", "not a transaction, batch, collection or searchset",
                         info);
    (void)base_fail(info, GALEN_ERR_PARSE, "a Bundle of a type that is not read");
    (void)base_hint(info, "its type must be transaction, batch, collection or searchset");
    return GALEN_ERR_PARSE;
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    }
    return true;
}

static enum galen_err add_lines(struct fhir_input *input, struct record_fhir_result *result,
                                const char *text, size_t len, bool *any, struct galen_errinfo *info)
{
    for (const char *end = text + len; text < end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line_len = stop == NULL ? (size_t)(end - text) : (size_t)(stop - text);
        const char *line = text;
        text = stop == NULL ? end : stop + 1;
        if (is_blank(line, line_len))
            continue;
        json_object *document = NULL;
        enum galen_err err = record_json_parse(&document, line, line_len, RECORD_FHIR_MAX_BYTES,
                                               info);
        if (err == GALEN_ERR_NOMEM)
            return err;
        if (err != GALEN_OK) {
            GALEN_TRY(fhir_skip(result, "?", "a line that is not valid JSON", info));
            continue;
        }
        *any |= fhir_text(document, "resourceType", 64) != NULL;
        GALEN_TRY(add_document(input, result, document, false, info));
    }
    return GALEN_OK;
}

static enum galen_err load_text(struct fhir_input *input, struct record_fhir_result *result,
                                const char *text, size_t len, struct galen_errinfo *info)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (len >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        len -= 3;
    }
    json_object *document = NULL;
    enum galen_err err = record_json_parse(&document, text, len, RECORD_FHIR_MAX_BYTES, info);
    if (err == GALEN_OK)
        return add_document(input, result, document, true, info);
    if (err != GALEN_ERR_PARSE)
        return err;

    struct galen_errinfo whole = {0};
    if (info != NULL)
        whole = *info;
    bool any = false;
    GALEN_TRY(add_lines(input, result, text, len, &any, info));
    if (any)
        return GALEN_OK;
    (void)base_fail(info, err, "%s", whole.what);
    (void)base_hint(info,
                    len > 0 && text[0] == '<'
                        ? "FHIR XML is not read; convert it to FHIR JSON"
                        : "give a FHIR R4 Bundle in JSON, or NDJSON with one resource a line");
    return err;
}

enum galen_err fhir_input_load(struct fhir_input *input, struct record_fhir_result *result,
                               const void *data, size_t len, struct galen_errinfo *info)
{
    BASE_BUF_AUTO unpacked = {0};
    input->documents = json_object_new_array();
    input->index = json_object_new_object();
    if (input->documents == NULL || input->index == NULL)
        return record_nomem(info);
    if (!is_gzip(data, len))
        return load_text(input, result, data, len, info);
    GALEN_TRY(unpack(&unpacked, data, len, info));
    return load_text(input, result, (const char *)unpacked.data, unpacked.len, info);
}

/* ---- references ------------------------------------------------------------------------------ */

size_t fhir_input_resolve(const struct fhir_input *input, json_object *owner, const char *key)
{
    const char *reference = fhir_text(record_json_member(owner, key), "reference", 1024);
    if (reference == NULL)
        return FHIR_NONE;
    char text[1025];
    snprintf(text, sizeof text, "%s", reference);
    char *version = strstr(text, "/_history/");
    if (version != NULL)
        *version = '\0';
    json_object *number = NULL;
    if (!json_object_object_get_ex(input->index, text, &number)) {
        /* An absolute address of a resource that has only its type and id here. */
        char *last = strrchr(text, '/');
        char *tail = last == NULL ? NULL : memrchr(text, '/', (size_t)(last - text));
        if (tail == NULL || !json_object_object_get_ex(input->index, tail + 1, &number))
            return FHIR_NONE;
    }
    return (size_t)json_object_get_int64(number);
}
