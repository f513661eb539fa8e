/* A home out of its backup: into a folder beside its place, checked there, then put in its place.
 */
#include "workflow/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workflow/config.h"
#include "workflow/internal.h"

#define DEPTH_MAX 4 /* of names in a home, e.g. blocks/kubo-1234/pushed/bafk… */

static void free_reader(struct archive **tar)
{
    if (*tar != NULL)
        archive_read_free(*tar);
}

/* ---- reading ------------------------------------------------------------------------------------ */

struct source {
    struct seal_stream *stream;
    struct galen_errinfo *info;
    enum galen_err failed;
};

static la_ssize_t read_sealed(struct archive *tar, void *user, const void **data)
{
    struct source *source = user;
    struct base_view chunk = {0};
    source->failed = seal_stream_read(source->stream, &chunk, source->info);
    *data = chunk.data;
    if (source->failed == GALEN_OK)
        return (la_ssize_t)chunk.len;
    archive_set_error(tar, EIO, "cannot read");
    return -1;
}

static enum galen_err tar_failed(const struct source *source, struct archive *tar,
                                 struct galen_errinfo *info)
{
    if (source->failed != GALEN_OK)
        return source->failed;
    return base_fail(info, GALEN_ERR_PARSE, "not a home's archive: %s", archive_error_string(tar));
}

/* Only what workflow_backup writes: a backup from a stranger must not write elsewhere. */
static bool name_is_good(const char *name)
{
    static const char *const files[] = {"galen.db", "config.json", "chain/state.json",
                                        "chain/kept.json", "chain/port"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i]) == 0)
            return true;
    if (strncmp(name, "keys/", 5) != 0 && strncmp(name, "blocks/", 7) != 0)
        return false;
    int parts = 0;
    for (const char *part = name; *part != '\0'; parts++) {
        size_t len = strcspn(part, "/");
        if (len == 0 || part[0] == '.' || parts == DEPTH_MAX ||
            strspn(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") < len)
            return false;
        part += len;
        if (part[0] == '/' && part[1] == '\0')
            return false;
        part += *part == '/';
    }
    return true;
}

static enum galen_err copy_out(struct source *source, struct archive *tar, const char *path,
                               struct galen_errinfo *info)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    GALEN_TRY(base_dir_make(dirname(folder), 0700, info));
    BASE_FD_AUTO fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_fail(info, errno == EEXIST ? GALEN_ERR_PARSE : GALEN_ERR_IO,
                         "cannot write %s: %s", path, strerror(errno));
    int got = archive_read_data_into_fd(tar, fd);
    if (got != ARCHIVE_OK && got != ARCHIVE_EOF)
        return tar_failed(source, tar, info);
    if (fsync(fd) != 0)
        return base_fail(info, GALEN_ERR_IO, "cannot write %s: %s", path, strerror(errno));
    return base_dir_sync(path, info);
}

static enum galen_err read_entries(struct source *source, struct archive *tar, const char *dir,
                                   int64_t *files, struct galen_errinfo *info)
{
    for (;;) {
        struct archive_entry *entry = NULL;
        int got = archive_read_next_header(tar, &entry);
        if (got == ARCHIVE_EOF)
            break;
        if (got != ARCHIVE_OK)
            return tar_failed(source, tar, info);
        const char *name = archive_entry_pathname(entry);
        if (name == NULL || archive_entry_filetype(entry) != AE_IFREG ||
            archive_entry_hardlink(entry) != NULL || !name_is_good(name))
            return base_fail(info, GALEN_ERR_PARSE, "not a home's archive: it has another file");
        char path[PATH_MAX];
        GALEN_TRY(config_path(path, dir, name, info));
        GALEN_TRY(copy_out(source, tar, path, info));
        ++*files;
    }
    /* The archive's end is not the stream's: only that tells that nothing is missing. */
    while (!seal_stream_has_ended(source->stream)) {
        struct base_view rest;
        GALEN_TRY(seal_stream_read(source->stream, &rest, info));
    }
    return GALEN_OK;
}

static enum galen_err unpack(const char *dir, const char *file, const char *password,
                             int64_t *files, struct galen_errinfo *info)
{
    BASE_FD_AUTO fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_fail(info, errno == ENOENT ? GALEN_ERR_NOT_FOUND : GALEN_ERR_IO,
                         "cannot read %s: %s", file, strerror(errno));
    SEAL_STREAM_AUTO stream = NULL;
    const struct base_view key = {(const uint8_t *)password, strlen(password)};
    enum galen_err err = seal_stream_open(&stream, fd, key, info);
    struct source source = {.stream = stream, .info = info};
    GALEN_CLEANUP(free_reader) struct archive *tar = archive_read_new();
    if (err == GALEN_OK && tar == NULL)
        err = base_fail(info, GALEN_ERR_NOMEM, "out of memory");
    if (err == GALEN_OK && (archive_read_support_format_tar(tar) != ARCHIVE_OK ||
                            archive_read_open(tar, &source, NULL, read_sealed, NULL) != ARCHIVE_OK))
        err = tar_failed(&source, tar, info);
    if (err == GALEN_OK)
        err = read_entries(&source, tar, dir, files, info);
    return err == GALEN_OK ? GALEN_OK : base_wrap(info, err, "%s", file);
}

/* ---- checking and putting in place --------------------------------------------------------------- */

static enum galen_err check_home(const char *dir, struct config *config, struct galen_errinfo *info)
{
    char path[PATH_MAX];
    struct stat st;
    GALEN_TRY(config_read(config, dir, info));
    GALEN_TRY(config_path(path, dir, "keys/master.json", info));
    if (stat(path, &st) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the backup has no key store");
    GALEN_TRY(config_path(path, dir, "galen.db", info));
    if (stat(path, &st) != 0)
        return base_fail(info, GALEN_ERR_CHECK, "the backup has no database");
    return db_check(path, info);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

/* Nothing, or an empty folder, which rename replaces. */
static enum galen_err check_place(const char *home, struct galen_errinfo *info)
{
    struct stat st;
    if (lstat(home, &st) != 0)
        return GALEN_OK;
    DIR *folder = S_ISDIR(st.st_mode) ? opendir(home) : NULL;
    int entries = 3;
    if (folder != NULL) {
        for (entries = 0; readdir(folder) != NULL;)
            entries++;
        closedir(folder);
    }
    if (entries <= 2)
        return GALEN_OK;
    base_fail(info, GALEN_ERR_EXISTS, "%s is there already", home);
    return base_hint(info, "restore into a new home (--home DIR), and move it when it is right");
}

enum galen_err workflow_restore(const char *home, const char *file, const char *password,
                                struct json_object **result, struct galen_errinfo *info)
{
    char place[PATH_MAX];
    char dir[PATH_MAX];
    int64_t files = 0;
    CONFIG_AUTO config = {0};
    size_t len = strlen(home);
    while (len > 1 && home[len - 1] == '/')
        len--;
    if (len == 0 || (size_t)snprintf(place, PATH_MAX, "%.*s", (int)len, home) >= PATH_MAX - 16)
        return base_fail(info, GALEN_ERR_USAGE, "the home's path is empty or too long");
    GALEN_TRY(check_place(place, info));
    snprintf(dir, sizeof dir, "%s", place);
    GALEN_TRY(base_dir_make(dirname(dir), 0700, info));
    snprintf(dir, sizeof dir, "%.4000s.restore-XXXXXX", place);
    if (mkdtemp(dir) == NULL)
        return base_fail(info, GALEN_ERR_IO, "cannot make %s: %s", dir, strerror(errno));
    enum galen_err err = unpack(dir, file, password, &files, info);
    if (err == GALEN_OK)
        err = check_home(dir, &config, info);
    if (err == GALEN_OK && rename(dir, place) != 0)
        err = base_fail(info, GALEN_ERR_IO, "cannot put the home in its place: %s",
                        strerror(errno));
    if (err != GALEN_OK) {
        nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        return err;
    }
    GALEN_TRY(base_dir_sync(place, info));
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_object(&made, info));
    GALEN_TRY(workflow_set_text(made, "home", place, info));
    GALEN_TRY(workflow_set_int(made, "files", files, info));
    if (config.store != NULL)
        GALEN_TRY(workflow_set_text(made, "blocks", config.store, info));
    workflow_give(result, &made);
    return GALEN_OK;
}
