/* Making a backup of a home. */
#include "workflow/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workflow/config.h"
#include "workflow/internal.h"

#define COPY_BYTES 65536

struct backup {
    struct archive *tar;
    struct seal_stream *stream;
    struct galen_errinfo *info; /* of what libarchive's callback met */
    enum galen_err failed;
    char home[PATH_MAX];
    int64_t files;
};

static void free_writer(struct archive **tar)
{
    if (*tar != NULL)
        archive_write_free(*tar);
}

static enum galen_err tar_failed(struct backup *backup, struct galen_errinfo *info)
{
    if (backup->failed != GALEN_OK)
        return backup->failed;
    return base_fail(info, GALEN_ERR_IO, "cannot write the archive: %s",
                     archive_error_string(backup->tar));
}

static la_ssize_t write_sealed(struct archive *tar, void *user, const void *data, size_t len)
{
    struct backup *backup = user;
    backup->failed = seal_stream_write(backup->stream, data, len, backup->info);
    if (backup->failed == GALEN_OK)
        return (la_ssize_t)len;
    archive_set_error(tar, EIO, "cannot write");
    return -1;
}

/* One file under that name. One that has gone meanwhile is left out: nothing speaks of it any more.
 * Files of a home are replaced, not written to, so an open one stays as it is. */
static enum galen_err add_file(struct backup *backup, const char *path, const char *name,
                               struct galen_errinfo *info)
{
    struct stat st;
    BASE_FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return GALEN_OK;
    if (fd < 0 || fstat(fd, &st) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, st.st_size);
    archive_entry_set_mtime(entry, st.st_mtim.tv_sec, 0);
    bool written = archive_write_header(backup->tar, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    if (!written)
        return tar_failed(backup, info);
    uint8_t bytes[COPY_BYTES];
    off_t left = st.st_size;
    while (left > 0) {
        ssize_t got = read(fd, bytes, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", path,
                             got < 0 ? strerror(errno) : "it became shorter");
        if (archive_write_data(backup->tar, bytes, (size_t)got) != got)
            return tar_failed(backup, info);
        left -= got;
    }
    backup->files++;
    return GALEN_OK;
}

/* A file that is being written beside its place: NAME.XXXXXX. */
static bool is_unfinished(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strlen(dot) == 7 && strcmp(dot, ".sealed") != 0;
}

static enum galen_err add_folder(struct backup *backup, const char *name,
                                 struct galen_errinfo *info)
{
    char path[PATH_MAX];
    GALEN_TRY(config_path(path, backup->home, name, info));
    char *const roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    enum galen_err err = GALEN_OK;
    if (tree == NULL)
        return base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    size_t home_len = strlen(backup->home);
    for (FTSENT *at; err == GALEN_OK && (at = fts_read(tree)) != NULL;) {
        if (at->fts_info == FTS_F && !is_unfinished(at->fts_name))
            err = add_file(backup, at->fts_path, at->fts_path + home_len + 1, info);
        else if ((at->fts_info == FTS_ERR || at->fts_info == FTS_DNR) && at->fts_errno != ENOENT)
            err = base_fail(info, GALEN_ERR_IO, "cannot read %s: %s", at->fts_path,
                            strerror(at->fts_errno));
    }
    fts_close(tree);
    return err;
}

/* The database first: the rest is then at least as new. */
static enum galen_err add_all(struct backup *backup, struct workflow *wf, bool own_blocks,
                              const char *database, struct galen_errinfo *info)
{
    static const char *const more[] = {"config.json", "chain/state.json", "chain/kept.json",
                                       "chain/port"};
    GALEN_TRY(db_copy(wf->db, database, info));
    GALEN_TRY(add_file(backup, database, "galen.db", info));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        char path[PATH_MAX];
        GALEN_TRY(config_path(path, wf->home, more[i], info));
        GALEN_TRY(add_file(backup, path, more[i], info));
    }
    GALEN_TRY(add_folder(backup, "keys", info));
    return own_blocks ? add_folder(backup, "blocks", info) : GALEN_OK;
}

static enum galen_err write_archive(struct workflow *wf, int fd, const char *password,
                                    bool quick_kdf, bool own_blocks, int64_t *files,
                                    struct galen_errinfo *info)
{
    SEAL_STREAM_AUTO stream = NULL;
    struct backup backup = {.info = info};
    const struct base_view key = {(const uint8_t *)password, strlen(password)};
    char folder[PATH_MAX];
    char database[PATH_MAX];
    GALEN_TRY(
        seal_stream_begin(&stream, fd, key, quick_kdf ? SEAL_KDF_MINIMAL : SEAL_KDF_DEFAULT, info));
    GALEN_CLEANUP(free_writer) struct archive *tar = archive_write_new();
    if (tar == NULL)
        return base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    backup.stream = stream;
    backup.tar = tar;
    snprintf(backup.home, sizeof backup.home, "%s", wf->home);
    if (archive_write_set_format_pax_restricted(tar) != ARCHIVE_OK ||
        archive_write_open(tar, &backup, NULL, write_sealed, NULL) != ARCHIVE_OK)
        return tar_failed(&backup, info);
    GALEN_TRY(config_path(folder, wf->home, ".backup-XXXXXX", info));
    if (mkdtemp(folder) == NULL)
        return base_fail(info, GALEN_ERR_IO, "cannot make %s: %s", folder, strerror(errno));
    enum galen_err err = config_path(database, folder, "galen.db", info);
    if (err == GALEN_OK)
        err = add_all(&backup, wf, own_blocks, database, info);
    unlink(database);
    rmdir(folder);
    GALEN_TRY(err);
    if (archive_write_close(tar) != ARCHIVE_OK)
        return tar_failed(&backup, info);
    *files = backup.files;
    return seal_stream_end(stream, info);
}

/* Whole, on the disk, and not over another file. */
static enum galen_err put_in_place(int fd, const char *temporary, const char *file,
                                   struct galen_errinfo *info)
{
    if (fsync(fd) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", temporary, strerror(errno));
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, file, RENAME_NOREPLACE) != 0)
        return errno == EEXIST
                   ? base_fail(info, GALEN_ERR_EXISTS, "%s is there already", file)
                   : base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", file, strerror(errno));
    return base_dir_sync(file, info);
}

enum galen_err workflow_backup(struct workflow *wf, const char *file, const char *password,
                               bool quick_kdf, struct json_object **result,
                               struct galen_errinfo *info)
{
    struct stat st;
    int64_t files = 0;
    char temporary[PATH_MAX];
    CONFIG_AUTO config = {0};
    GALEN_TRY(config_read(&config, wf->home, info));
    if (lstat(file, &st) == 0)
        return base_fail(info, GALEN_ERR_EXISTS, "%s is there already", file);
    if ((size_t)snprintf(temporary, PATH_MAX, "%s.XXXXXX", file) >= PATH_MAX)
        return base_fail(info, GALEN_ERR_USAGE, "path is too long");
    BASE_FD_AUTO fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write beside %s: %s", file, strerror(errno));
    enum galen_err err = write_archive(wf, fd, password, quick_kdf, config.store == NULL, &files,
                                       info);
    if (err == GALEN_OK)
        err = put_in_place(fd, temporary, file, info);
    if (err != GALEN_OK) {
        unlink(temporary);
        return err;
    }
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "file", file, info));
    GALEN_TRY(workflow_set_int(made, "bytes", (int64_t)lseek(fd, 0, SEEK_END), info));
    GALEN_TRY(workflow_set_int(made, "files", files, info));
    if (config.store != NULL)
        GALEN_TRY(workflow_set_text(made, "blocks", config.store, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
