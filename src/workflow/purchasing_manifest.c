/* The manifest: which bundle and which key belong to which entry. Its blocks are published only
 * once the sealing deliver is mined, so that the buyer can read from the moment the escrow is
 * bound. */
#include <stdlib.h>
#include <string.h>

#include "workflow/purchasing_internal.h"

/* ---- written ------------------------------------------------------------------------------------- */

void purchasing_manifest_clear(struct purchasing_manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_blocks; i++)
        base_buf_clear(&manifest->blocks[i]);
    free(manifest->blocks);
    *manifest = (struct purchasing_manifest){0};
}

static enum galen_err part_block(struct base_buf *block,
                                 const struct purchasing_offer *const *offers, size_t n,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO part = NULL;
    RECORD_JSON_AUTO entries = NULL;
    GALEN_TRY(workflow_array(&entries, info));
    for (size_t i = 0; i < n; i++) {
        RECORD_JSON_AUTO row = NULL;
        GALEN_TRY(workflow_object(&row, info));
        GALEN_TRY(workflow_set_cid(row, "bundleCid", offers[i]->bundle_cid, info));
        if (offers[i]->ek != NULL)
            GALEN_TRY(workflow_set_text(row, "ek", offers[i]->ek, info));
        else if (json_object_object_add(row, "ek", NULL) != 0)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
        GALEN_TRY(workflow_push(entries, &row, info));
    }
    GALEN_TRY(workflow_object(&part, info));
    GALEN_TRY(workflow_set_text(part, "type", PURCHASING_MANIFEST_PART_TYPE, info));
    GALEN_TRY(workflow_set_object(part, "entries", &entries, info));
    return record_json_jcs(block, part, info);
}

static enum galen_err head_block(struct base_buf *block, uint64_t request_id,
                                 const uint8_t template_hash32[32], uint32_t k, uint32_t suppressed,
                                 const struct base_buf *parts, size_t n_parts,
                                 struct galen_errinfo *info)
{
    RECORD_JSON_AUTO head = NULL;
    RECORD_JSON_AUTO cids = NULL;
    GALEN_TRY(workflow_array(&cids, info));
    for (size_t i = 0; i < n_parts; i++) {
        uint8_t digest[32];
        char cid[STORE_CID_TEXT];
        store_digest(digest, parts[i].data, parts[i].len);
        store_cid_encode(cid, digest);
        GALEN_TRY(record_json_push(cids, json_object_new_string(cid), info));
    }
    GALEN_TRY(workflow_object(&head, info));
    GALEN_TRY(workflow_set_text(head, "type", PURCHASING_MANIFEST_TYPE, info));
    GALEN_TRY(workflow_set_int(head, "requestId", (int64_t)request_id, info));
    GALEN_TRY(record_json_set_hex(head, "templateHash", template_hash32, 32, info));
    GALEN_TRY(workflow_set_int(head, "k", k, info));
    GALEN_TRY(workflow_set_int(head, "suppressed", suppressed, info));
    GALEN_TRY(workflow_set_object(head, "parts", &cids, info));
    return record_json_jcs(block, head, info);
}

/* How many patients the smallest class among the offers has. */
static enum galen_err offers_k(uint32_t *k, const struct purchasing_offer *const *offers, size_t n,
                               struct galen_errinfo *info)
{
    struct purchasing_member *members = calloc(n, sizeof *members);
    if (members == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        members[i] = (struct purchasing_member){offers[i]->class_text, offers[i]->patient};
    *k = purchasing_smallest_class(members, n);
    free(members);
    return GALEN_OK;
}

enum galen_err purchasing_make_manifest(struct purchasing_manifest *out, uint64_t request_id,
                                        const uint8_t template_hash32[32],
                                        const struct purchasing_offer *const *offers, size_t n,
                                        uint32_t suppressed, struct galen_errinfo *info)
{
    PURCHASING_MANIFEST_AUTO made = {0};
    size_t n_parts = (n + PURCHASING_MANIFEST_PART - 1) / PURCHASING_MANIFEST_PART;
    GALEN_ASSERT(n > 0);
    made.blocks = calloc(n_parts + 1, sizeof *made.blocks);
    if (made.blocks == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    made.n_blocks = n_parts + 1;
    for (size_t i = 0; i < n_parts; i++) {
        size_t first = i * PURCHASING_MANIFEST_PART;
        size_t left = n - first;
        GALEN_TRY(part_block(&made.blocks[i], offers + first,
                             left < PURCHASING_MANIFEST_PART ? left : PURCHASING_MANIFEST_PART,
                             info));
    }
    GALEN_TRY(offers_k(&made.k, offers, n, info));
    struct base_buf *head = &made.blocks[n_parts];
    GALEN_TRY(head_block(head, request_id, template_hash32, made.k, suppressed, made.blocks,
                         n_parts, info));
    /* Before it is sealed: what cannot be published later would leave the buyer nothing to read. */
    for (size_t i = 0; i < made.n_blocks; i++)
        if (made.blocks[i].len > STORE_BLOCK_MAX)
            return base_fail(info, GALEN_ERR_LIMIT, "a block of the manifest is too large");
    store_digest(made.cid, head->data, head->len);
    *out = made;
    made = (struct purchasing_manifest){0};
    return GALEN_OK;
}

/* ---- read ------------------------------------------------------------------------------------------ */

void purchasing_manifest_read_clear(struct purchasing_manifest_read *manifest)
{
    for (size_t i = 0; i < manifest->n; i++)
        free(manifest->rows[i].ek);
    free(manifest->rows);
    *manifest = (struct purchasing_manifest_read){0};
}

static enum galen_err block_json(struct workflow *wf, struct json_object **out, uint64_t request_id,
                                 const uint8_t cid32[32], struct galen_errinfo *info)
{
    BASE_BUF_AUTO block = {0};
    GALEN_TRY(workflow_block_of_request(wf, &block, cid32, request_id, info));
    return record_json_parse(out, (char *)block.data, block.len, STORE_BLOCK_MAX, info);
}

static enum galen_err read_row(struct purchasing_manifest_row *row, struct json_object *json,
                               struct galen_errinfo *info)
{
    static const char *const keys[] = {"bundleCid", "ek", NULL};
    static const char where[] = "manifest/entries";
    struct json_object *ek_json = NULL;
    const char *cid = NULL;
    const char *ek = NULL;
    uint8_t digest[32];
    GALEN_TRY(record_json_check_keys(json, keys, NULL, where, info));
    GALEN_TRY(record_json_get_text(&cid, json, "bundleCid", RECORD_JSON_REQUIRED, STORE_CID_TEXT,
                                   where, info));
    GALEN_TRY(store_cid_parse(digest, cid, info));
    /* null: the patient sends the key later. */
    if (json_object_object_get_ex(json, "ek", &ek_json) && ek_json != NULL) {
        GALEN_TRY(record_json_get_text(&ek, json, "ek", RECORD_JSON_REQUIRED, SEAL_WRAPPED_MAX,
                                       where, info));
        row->ek = strdup(ek);
        if (row->ek == NULL)
            return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    }
    memcpy(row->bundle_cid, digest, 32);
    return GALEN_OK;
}

static enum galen_err read_part(struct workflow *wf, struct purchasing_manifest_read *manifest,
                                uint64_t request_id, const char *cid_text,
                                struct galen_errinfo *info)
{
    static const char *const keys[] = {"type", "entries", NULL};
    RECORD_JSON_AUTO json = NULL;
    struct json_object *entries = NULL;
    uint8_t cid[32];
    GALEN_TRY(store_cid_parse(cid, cid_text, info));
    GALEN_TRY(block_json(wf, &json, request_id, cid, info));
    GALEN_TRY(record_json_check_keys(json, keys, NULL, "manifest part", info));
    GALEN_TRY(record_json_check_type(json, PURCHASING_MANIFEST_PART_TYPE, info));
    GALEN_TRY(record_json_get_array(&entries, json, "entries", RECORD_JSON_REQUIRED, 1,
                                    PURCHASING_MANIFEST_PART, "manifest part", info));
    size_t n = json_object_array_length(entries);
    if (manifest->n + n > PURCHASING_MAX_ENTRIES)
        return base_fail(info, GALEN_ERR_LIMIT, "the manifest has too many entries");
    struct purchasing_manifest_row *rows = realloc(manifest->rows,
                                                   (manifest->n + n) * sizeof *rows);
    if (rows == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    manifest->rows = rows;
    for (size_t i = 0; i < n; i++) {
        rows[manifest->n] = (struct purchasing_manifest_row){0};
        GALEN_TRY(read_row(&rows[manifest->n], json_object_array_get_idx(entries, i), info));
        manifest->n++;
    }
    return GALEN_OK;
}

enum galen_err purchasing_read_manifest(struct workflow *wf, struct purchasing_manifest_read *out,
                                        uint64_t request_id, const uint8_t cid32[32],
                                        struct galen_errinfo *info)
{
    static const char *const keys[] = {"type",  "requestId", "templateHash", "k", "suppressed",
                                       "parts", NULL};
    PURCHASING_MANIFEST_READ_AUTO read = {0};
    RECORD_JSON_AUTO json = NULL;
    struct json_object *parts = NULL;
    int64_t id = 0;
    int64_t k = 0;
    int64_t suppressed = 0;
    GALEN_TRY(block_json(wf, &json, request_id, cid32, info));
    GALEN_TRY(record_json_check_keys(json, keys, NULL, "manifest", info));
    GALEN_TRY(record_json_check_type(json, PURCHASING_MANIFEST_TYPE, info));
    GALEN_TRY(record_json_get_int(&id, json, "requestId", RECORD_JSON_REQUIRED, 1, INT64_MAX,
                                  "manifest", info));
    GALEN_TRY(record_json_get_hex(read.template_hash, 32, json, "templateHash",
                                  RECORD_JSON_REQUIRED, "manifest", info));
    GALEN_TRY(
        record_json_get_int(&k, json, "k", RECORD_JSON_REQUIRED, 0, UINT32_MAX, "manifest", info));
    GALEN_TRY(record_json_get_int(&suppressed, json, "suppressed", RECORD_JSON_REQUIRED, 0,
                                  UINT32_MAX, "manifest", info));
    GALEN_TRY(record_json_get_array(&parts, json, "parts", RECORD_JSON_REQUIRED, 1,
                                    PURCHASING_MAX_ENTRIES / PURCHASING_MANIFEST_PART + 1,
                                    "manifest", info));
    read.request_id = (uint64_t)id;
    read.k = (uint32_t)k;
    for (size_t i = 0; i < json_object_array_length(parts); i++) {
        struct json_object *cid = json_object_array_get_idx(parts, i);
        if (!json_object_is_type(cid, json_type_string))
            return base_fail(info, GALEN_ERR_PARSE, "manifest/parts: not a CID");
        GALEN_TRY(read_part(wf, &read, request_id, json_object_get_string(cid), info));
    }
    *out = read;
    read = (struct purchasing_manifest_read){0};
    return GALEN_OK;
}
