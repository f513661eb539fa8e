/* Blocks in local files. */
#include "store/internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct block_path {
    char shard[PATH_MAX];
    char file[PATH_MAX];
};

static enum galen_err locate(struct block_path *path, const char *dir, const uint8_t digest32[32],
                             struct galen_errinfo *info)
{
    char cid[STORE_CID_TEXT];
    store_cid_encode(cid, digest32);
    /* The last character carries three bits only, so the two before it share the blocks out. */
    const char *shard = cid + STORE_CID_TEXT - 4;
    if (snprintf(path->file, PATH_MAX, "%s/%.2s/%s", dir, shard, cid) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    snprintf(path->shard, PATH_MAX, "%s/%.2s", dir, shard);
    return GALEN_OK;
}

enum galen_err local_get(struct base_buf *out, const char *dir, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    struct block_path path;
    GALEN_TRY(locate(&path, dir, digest32, info));
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
        base_fail(info, GALEN_ERR_CHECK, "block %s was altered in %s", cid, dir);
        base_hint(info, "remove it and fetch it again, or restore it from a backup");
        return GALEN_ERR_CHECK;
    }
    GALEN_TRY(err);
    base_buf_move(out, &bytes);
    return GALEN_OK;
}

enum galen_err local_put(const char *dir, const uint8_t digest32[32], const void *data, size_t len,
                         struct galen_errinfo *info)
{
    struct block_path path;
    BASE_BUF_AUTO there = {0};
    GALEN_TRY(locate(&path, dir, digest32, info));
    if (local_get(&there, dir, digest32, NULL) == GALEN_OK)
        return GALEN_OK;
    GALEN_TRY(base_dir_make(path.shard, 0700, info));
    return base_file_write(path.file, data, len, 0600, info);
}

enum galen_err local_has(bool *there, const char *dir, const uint8_t digest32[32],
                         struct galen_errinfo *info)
{
    struct block_path path;
    struct stat st;
    GALEN_TRY(locate(&path, dir, digest32, info));
    bool found = stat(path.file, &st) == 0;
    if (!found && errno != ENOENT)
        return base_fail(info, GALEN_ERR_IO, "cannot look at %s: %s", path.file, strerror(errno));
    *there = found && S_ISREG(st.st_mode);
    return GALEN_OK;
}

enum galen_err local_remove(const char *dir, const uint8_t digest32[32], struct galen_errinfo *info)
{
    struct block_path path;
    GALEN_TRY(locate(&path, dir, digest32, info));
    enum galen_err err = base_file_remove(path.file, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return base_fail(info, err, "block %s is not in the store", strrchr(path.file, '/') + 1);
    return err;
}

enum galen_err local_mark(const char *dir, const uint8_t digest32[32], bool on,
                          struct galen_errinfo *info)
{
    struct block_path path;
    bool is_marked = false;
    GALEN_TRY(locate(&path, dir, digest32, info));
    GALEN_TRY(local_has(&is_marked, dir, digest32, info));
    if (is_marked == on)
        return GALEN_OK;
    if (on) {
        GALEN_TRY(base_dir_make(path.shard, 0700, info));
        return base_file_write(path.file, "", 0, 0600, info);
    }
    enum galen_err err = base_file_remove(path.file, info);
    return err == GALEN_ERR_NOT_FOUND ? GALEN_OK : err;
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
    if (*folder == NULL && errno != ENOENT)
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
    while (folder != NULL && err == GALEN_OK && (entry = next_entry(folder, &err, info)) != NULL) {
        uint8_t digest32[32];
        /* Temporary files of writes that were cut off are no CIDs. */
        if (store_cid_parse(digest32, entry->d_name, NULL) == GALEN_OK &&
            memcmp(entry->d_name + STORE_CID_TEXT - 4, shard, 2) == 0)
            err = each(user, digest32);
    }
    return err;
}

enum galen_err local_each(const char *dir,
                          enum galen_err (*each)(void *user, const uint8_t digest32[32]),
                          void *user, struct galen_errinfo *info)
{
    GALEN_CLEANUP(close_folder) DIR *folder = NULL;
    GALEN_TRY(open_folder(&folder, dir, info));
    enum galen_err err = GALEN_OK;
    const struct dirent *entry;
    while (folder != NULL && err == GALEN_OK && (entry = next_entry(folder, &err, info)) != NULL) {
        char path[PATH_MAX];
        if (strlen(entry->d_name) != 2 || entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= PATH_MAX)
            continue;
        err = each_in_shard(path, entry->d_name, each, user, info);
    }
    return err;
}
