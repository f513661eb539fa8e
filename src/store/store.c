/* Blocks in local files. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct store {
    char *dir;
};

struct block_path {
    char shard[PATH_MAX];
    char file[PATH_MAX];
};

static enum galen_err locate(struct block_path *path, const struct store *store,
                             const uint8_t digest32[32], struct galen_errinfo *info)
{
    char cid[STORE_CID_TEXT];
    store_cid_encode(cid, digest32);
    /* The last character carries three bits only, so the two before it share the blocks out. */
    const char *shard = cid + STORE_CID_TEXT - 4;
    if (snprintf(path->file, PATH_MAX, "%s/%.2s/%s", store->dir, shard, cid) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    snprintf(path->shard, PATH_MAX, "%s/%.2s", store->dir, shard);
    return GALEN_OK;
}

enum galen_err store_open(struct store **out, const struct store_config *config,
                          struct galen_errinfo *info)
{
    GALEN_TRY(base_dir_make(config->dir, 0700, info));
    STORE_AUTO made = calloc(1, sizeof *made);
    if (made == NULL || (made->dir = strdup(config->dir)) == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    *out = made;
    made = NULL;
    return GALEN_OK;
}

void store_free(struct store **store)
{
    if (store == NULL || *store == NULL)
        return;
    free((*store)->dir);
    free(*store);
    *store = NULL;
}

enum galen_err store_get(struct base_buf *out, struct store *store, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    struct block_path path;
    GALEN_TRY(locate(&path, store, digest32, info));
    const char *cid = strrchr(path.file, '/') + 1;
    BASE_BUF_AUTO bytes = {0};
    enum galen_err err = base_file_read(&bytes, path.file, STORE_BLOCK_MAX, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err, "block %s is not in the store", cid);
    uint8_t found[32] = {0};
    if (err == GALEN_OK)
        store_digest(found, bytes.data, bytes.len);
    /* A good block never exceeds the limit, so one that does was altered. */
    if (err == GALEN_ERR_LIMIT || (err == GALEN_OK && memcmp(found, digest32, 32) != 0)) {
        base_fail(info, GALEN_ERR_CHECK, "block %s was altered in %s", cid, store->dir);
        base_hint(info, "remove it and fetch it again, or restore it from a backup");
        return GALEN_ERR_CHECK;
    }
    GALEN_TRY(err);
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err store_put(uint8_t digest32[32], struct store *store, const void *data, size_t len,
                         struct galen_errinfo *info)
{
    if (len > STORE_BLOCK_MAX)
        return base_fail(info, GALEN_ERR_LIMIT, "block has %zu bytes, the maximum is %d", len,
                         STORE_BLOCK_MAX);
    uint8_t digest[32];
    struct block_path path;
    store_digest(digest, data, len);
    GALEN_TRY(locate(&path, store, digest, info));
    BASE_BUF_AUTO there = {0};
    if (store_get(&there, store, digest, NULL) != GALEN_OK) {
        GALEN_TRY(base_dir_make(path.shard, 0700, info));
        GALEN_TRY(base_file_write(path.file, data, len, 0600, info));
    }
    if (digest32 != NULL)
        memcpy(digest32, digest, sizeof digest);
    return GALEN_OK;
}

enum galen_err store_has(bool *there, struct store *store, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    struct block_path path;
    struct stat st;
    GALEN_TRY(locate(&path, store, digest32, info));
    bool found = stat(path.file, &st) == 0;
    if (!found && errno != ENOENT)
        return base_fail(info, GALEN_ERR_IO, "cannot look at %s: %s", path.file, strerror(errno));
    *there = found && S_ISREG(st.st_mode);
    return GALEN_OK;
}

enum galen_err store_remove(struct store *store, const uint8_t digest32[32],
                            struct galen_errinfo *info)
{
    struct block_path path;
    GALEN_TRY(locate(&path, store, digest32, info));
    enum galen_err err = base_file_remove(path.file, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err, "block %s is not in the store", strrchr(path.file, '/') + 1);
    return err;
}

/* ---- walking ------------------------------------------------------------------------------- */

static void close_folder(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static enum galen_err open_folder(DIR **folder, const char *path, struct galen_errinfo *info)
{
    *folder = opendir(path);
    if (*folder == NULL)
        return base_fail(info, GALEN_ERR_IO, "cannot list %s: %s", path, strerror(errno));
    return GALEN_OK;
}

/* NULL at the end; *err then tells whether it was one. */
static const struct dirent *next_entry(DIR *folder, enum galen_err *err, struct galen_errinfo *info)
{
    errno = 0;
    const struct dirent *entry = readdir(folder);
    if (entry == NULL && errno != 0)
        *err = base_fail(info, GALEN_ERR_IO, "cannot list blocks: %s", strerror(errno));
    return entry;
}

static enum galen_err each_in_shard(const char *path, const char *shard,
                                    enum galen_err (*each)(void *user, const uint8_t digest32[32]),
                                    void *user, struct galen_errinfo *info)
{
    GALEN_CLEANUP(close_folder) DIR *folder = NULL;
    GALEN_TRY(open_folder(&folder, path, info));
    enum galen_err err = GALEN_OK;
    const struct dirent *entry;
    while (err == GALEN_OK && (entry = next_entry(folder, &err, info)) != NULL) {
        uint8_t digest32[32];
        /* Temporary files of writes that were cut off are no CIDs. */
        if (store_cid_parse(digest32, entry->d_name, NULL) == GALEN_OK &&
            memcmp(entry->d_name + STORE_CID_TEXT - 4, shard, 2) == 0)
            err = each(user, digest32);
    }
    return err;
}

enum galen_err store_each(struct store *store,
                          enum galen_err (*each)(void *user, const uint8_t digest32[32]),
                          void *user, struct galen_errinfo *info)
{
    GALEN_CLEANUP(close_folder) DIR *folder = NULL;
    GALEN_TRY(open_folder(&folder, store->dir, info));
    enum galen_err err = GALEN_OK;
    const struct dirent *entry;
    while (err == GALEN_OK && (entry = next_entry(folder, &err, info)) != NULL) {
        char path[PATH_MAX];
        if (strlen(entry->d_name) != 2 || entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", store->dir, entry->d_name) >= PATH_MAX)
            continue;
        err = each_in_shard(path, entry->d_name, each, user, info);
    }
    return err;
}
