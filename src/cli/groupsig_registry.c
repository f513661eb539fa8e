/*
 * galen groupsig: the Group Manager's registry, a text file with one row a line, which only grows.
 * A row is JCS of {type, fingerprint, commitment, nonce, context, request, membership, salt, head};
 * head' = SHA-256("galen/registry/1" ‖ head ‖ SHA-256(salt ‖ JCS(row without salt and head))), the
 * first head being 32 zero bytes. Whoever keeps a head notices when a row before it changes; the
 * salt keeps a published head from telling who is in it.
 */
#include "cli/groupsig.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define REGISTRY_TAG "galen/registry/1"
#define ROW_TYPE     "galen.groupsig.member/1"
#define T_BYTES      32 /* the end of a membership */

static enum galen_err set_row(json_object *row, const uint8_t fingerprint[32],
                              const struct cli_gs_join *join, struct galen_errinfo *info)
{
    GALEN_TRY(record_json_set(row, "type", json_object_new_string(ROW_TYPE), info));
    GALEN_TRY(record_json_set_hex(row, "fingerprint", fingerprint, 32, info));
    GALEN_TRY(
        record_json_set_hex(row, "commitment", join->commitment, sizeof join->commitment, info));
    GALEN_TRY(record_json_set_hex(row, "nonce", join->nonce, sizeof join->nonce, info));
    GALEN_TRY(record_json_set_hex(row, "context", join->context, sizeof join->context, info));
    GALEN_TRY(record_json_set_hex(row, "request", join->request, sizeof join->request, info));
    return record_json_set_hex(row, "membership", join->membership, sizeof join->membership, info);
}

/* head = the one after the row. */
static enum galen_err chain_head(uint8_t head[32], json_object *row, const uint8_t salt[32],
                                 struct galen_errinfo *info)
{
    BASE_BUF_AUTO text = {0};
    uint8_t row32[32];
    crypto_hash_sha256_state hash;
    GALEN_TRY(record_json_jcs(&text, row, info));
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, salt, 32);
    crypto_hash_sha256_update(&hash, text.data, text.len);
    crypto_hash_sha256_final(&hash, row32);
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, (const uint8_t *)REGISTRY_TAG, strlen(REGISTRY_TAG));
    crypto_hash_sha256_update(&hash, head, 32);
    crypto_hash_sha256_update(&hash, row32, 32);
    crypto_hash_sha256_final(&hash, head);
    return GALEN_OK;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static enum galen_err get_hex(uint8_t *out, size_t len, json_object *row, const char *key,
                              struct galen_errinfo *info)
{
    const char *text = NULL;
    GALEN_TRY(record_json_get_text(&text, row, key, RECORD_JSON_REQUIRED, 2 * len + 2, "", info));
    return base_hex_decode(out, len, text, key, info);
}

static enum galen_err read_row(struct cli_gs_registry *registry, const char *line, size_t len,
                               struct galen_errinfo *info)
{
    RECORD_JSON_AUTO row = NULL;
    struct cli_gs_join *join = &registry->row[registry->n];
    struct groupsig_join_request request;
    uint8_t salt[32], head[32], fingerprint[32], commitment[GROUPSIG_COMMITMENT_BYTES];
    GALEN_TRY(record_json_parse(&row, line, len, CLI_GS_OBJECT_MAX, info));
    GALEN_TRY(get_hex(salt, 32, row, "salt", info));
    GALEN_TRY(get_hex(head, 32, row, "head", info));
    GALEN_TRY(get_hex(fingerprint, 32, row, "fingerprint", info));
    GALEN_TRY(get_hex(join->commitment, sizeof join->commitment, row, "commitment", info));
    GALEN_TRY(get_hex(join->nonce, 32, row, "nonce", info));
    GALEN_TRY(get_hex(join->context, 32, row, "context", info));
    GALEN_TRY(get_hex(join->request, sizeof join->request, row, "request", info));
    GALEN_TRY(get_hex(join->membership, sizeof join->membership, row, "membership", info));
    GALEN_TRY(
        cli_gs_fail(groupsig_join_request_parse(&request, join->request, sizeof join->request),
                    "request", info));
    groupsig_join_request_commitment(&request, commitment);
    json_object_object_del(row, "salt");
    json_object_object_del(row, "head");
    GALEN_TRY(chain_head(registry->head, row, salt, info));
    if (memcmp(head, registry->head, 32) != 0 ||
        memcmp(commitment, join->commitment, sizeof commitment) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the row, or one before it, was altered");
    if (memcmp(fingerprint, registry->fingerprint, 32) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the row is of another group key");
    registry->n++;
    return GALEN_OK;
}

static enum galen_err read_rows(struct cli_gs_registry *registry, struct galen_errinfo *info)
{
    const char *at = (const char *)registry->text.data;
    size_t left = registry->text.len;
    size_t lines = 0;
    for (size_t i = 0; i < left; i++)
        lines += at[i] == '\n';
    if (left > 0 && at[left - 1] != '\n')
        return base_fail(info, GALEN_ERR_CHECK, "%s: its last row is cut off", registry->path);
    registry->row = calloc(lines + 1, sizeof *registry->row);
    if (registry->row == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    while (left > 0) {
        size_t len = (size_t)((const char *)memchr(at, '\n', left) - at);
        enum galen_err err = read_row(registry, at, len, info);
        if (err != GALEN_OK)
            return base_wrap(info, err, "%s, line %zu", registry->path, registry->n + 1);
        at += len + 1;
        left -= len + 1;
    }
    return GALEN_OK;
}

void cli_gs_registry_close(struct cli_gs_registry *registry)
{
    if (registry->path == NULL)
        return;
    if (registry->lock >= 0)
        close(registry->lock);
    free(registry->path);
    free(registry->row);
    base_buf_clear(&registry->text);
    *registry = (struct cli_gs_registry){0};
}

/* A file that is replaced by renaming cannot be the lock itself: its folder is. */
static int lock_folder(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

enum galen_err cli_gs_registry_open(struct cli_gs_registry *out, const char *path,
                                    const uint8_t fingerprint[32], bool create,
                                    struct galen_errinfo *info)
{
    CLI_GS_REGISTRY_AUTO made = {.path = strdup(path), .lock = -1};
    if (made.path == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    memcpy(made.fingerprint, fingerprint, 32);
    made.lock = lock_folder(path);
    if (made.lock < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot lock the folder of %s: %s", path,
                         strerror(errno));
    enum galen_err err = base_file_read(&made.text, path, CLI_GS_LINES_MAX, info);
    if (err != GALEN_OK && (err != GALEN_ERR_NOT_FOUND || !create))
        return err;
    GALEN_TRY(read_rows(&made, info));
    *out = made;
    made = (struct cli_gs_registry){0};
    return GALEN_OK;
}

/* ---- asking and adding ----------------------------------------------------------------------------- */

bool cli_gs_registry_find(const struct cli_gs_registry *registry,
                          const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES], size_t *index)
{
    for (size_t i = 0; i < registry->n; i++) {
        if (memcmp(registry->row[i].commitment, commitment, GROUPSIG_COMMITMENT_BYTES) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum galen_err cli_gs_registry_retry(const struct cli_gs_registry *registry,
                                     const struct cli_gs_join *join, size_t *index, bool *again,
                                     struct galen_errinfo *info)
{
    for (size_t i = 0; i < registry->n; i++) {
        const struct cli_gs_join *row = &registry->row[i];
        bool same_request = memcmp(row->request, join->request, sizeof row->request) == 0;
        bool same_nonce = memcmp(row->nonce, join->nonce, 32) == 0;
        if (same_request && same_nonce && memcmp(row->context, join->context, 32) == 0) {
            *index = i;
            *again = true;
            return GALEN_OK;
        }
        if (same_nonce)
            return base_fail(info, GALEN_ERR_CHECK, "the nonce was used before, in row %zu", i + 1);
        if (memcmp(row->commitment, join->commitment, sizeof row->commitment) == 0)
            return base_fail(info, GALEN_ERR_CHECK, "the commitment is in the registry, in row %zu",
                             i + 1);
    }
    *again = false;
    return GALEN_OK;
}

static const uint8_t *t_of(const struct cli_gs_join *join)
{
    return join->membership + sizeof join->membership - T_BYTES;
}

enum galen_err cli_gs_registry_append(struct cli_gs_registry *registry,
                                      const struct cli_gs_join *join, struct galen_errinfo *info)
{
    /* Two certificates with one t are a forgery kit: were t ever drawn twice, none is issued. */
    for (size_t i = 0; i < registry->n; i++)
        if (memcmp(t_of(&registry->row[i]), t_of(join), T_BYTES) == 0 ||
            memcmp(registry->row[i].commitment, join->commitment, sizeof join->commitment) == 0)
            return base_fail(info, GALEN_ERR_CHECK, "C or t is in the registry, in row %zu", i + 1);
    RECORD_JSON_AUTO row = json_object_new_object();
    BASE_BUF_AUTO file = {0};
    uint8_t salt[32], head[32];
    if (row == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    base_random(salt, sizeof salt);
    memcpy(head, registry->head, 32);
    GALEN_TRY(set_row(row, registry->fingerprint, join, info));
    GALEN_TRY(chain_head(head, row, salt, info));
    GALEN_TRY(record_json_set_hex(row, "salt", salt, 32, info));
    GALEN_TRY(record_json_set_hex(row, "head", head, 32, info));
    if (registry->text.len > 0)
        GALEN_TRY(base_buf_append(&file, registry->text.data, registry->text.len));
    GALEN_TRY(record_json_jcs(&file, row, info));
    GALEN_TRY(base_buf_append_text(&file, "\n"));
    GALEN_TRY(base_file_write(registry->path, file.data, file.len, 0600, info));
    struct cli_gs_join *rows = reallocarray(registry->row, registry->n + 1, sizeof *rows);
    if (rows == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    rows[registry->n] = *join;
    registry->row = rows;
    registry->n++;
    memcpy(registry->head, head, 32);
    base_buf_move(&registry->text, &file);
    return GALEN_OK;
}
